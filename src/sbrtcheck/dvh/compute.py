"""Structures and dose of a plan in, dose-volume histograms with bounds out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from sbrtcheck.dvh.histogram import BINS, Histogram, add, bands, bound_curves, dvh_curve, merged
from sbrtcheck.dvh.targets import roi_name_of, roi_names_of
from sbrtcheck.dvh.types import (
    DERIVED_NUMBER,
    DVH,
    Between,
    DVHSet,
    EndCaps,
    Interpolation,
    Model,
    NoDVH,
    Origin,
    Reason,
)
from sbrtcheck.errors import DicomError, GeometryError, SbrtcheckError
from sbrtcheck.geometry import (
    MAX_REFINEMENT,
    Conventions,
    GridFrame,
    PrismStack,
    Slices,
    Surroundings,
    cell_cc,
    grid_frame,
    heights_of,
    in_grid,
    minus,
    prism_cc,
    prism_stack,
    refinement_for,
    slab_axis_of,
    slices_of,
    union,
    volume_elements,
    with_area,
)
from sbrtcheck.plan import Finding, FindingCode, FloatArray, Plan, Structure
from sbrtcheck.progress import Progress, log_step, no_progress
from sbrtcheck.structure_names import Recipe, RoiName, derivable

ELEMENTS_WANTED = 20_000
"""A smaller structure is divided until it has about so many elements; more buy nothing but tighter bounds."""

MAX_ELEMENTS = 4_000_000
"""Bounds are not tightened beyond this many elements: a few seconds, and a hundredth of a voxel."""

MAX_EDGES = 1 << 20
"""Structures wait for others that share their dose until they have so many contour points: some 40 MB."""

MIN_RIM_SHARE = 1e-6
"""Less of a structure than this beyond the outermost dose points is rounding of its coordinates."""

NO_DOSE_GY = 1e-3
"""Extent of the histogram where the whole grid has no dose at all."""

CONVENTION_OF = {
    EndCaps.HALF_SLICE: Conventions.HALF_SLICE,
    EndCaps.CAPPED: Conventions.CAPPED,
    EndCaps.NONE: Conventions.NONE,
}


@dataclass(frozen=True, slots=True)
class _Same:
    """Something that is only ever the same as itself: large frozen values are not compared."""

    of: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.of is other.of

    def __hash__(self) -> int:
        return id(self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solid:
    """A structure, or one made of several, as prisms in a frame of the dose grid.

    ``readings``: the same under other readings of contours that contradict each other; ``reading`` as of a `DVH`.
    """

    name: str
    number: int
    kind: str
    stack: PrismStack
    frame: GridFrame
    findings: tuple[Finding, ...]
    readings: tuple[_Solid, ...] = ()
    reading: int = 0

    def or_else(self, stacks: Iterable[PrismStack]) -> _Solid:
        """The solid with its other readings; one that leaves nothing of it is none."""
        numbered = enumerate((stack for stack in stacks if len(stack.layer)), start=1)
        return replace(self, readings=tuple(replace(self, stack=stack, reading=number) for number, stack in numbered))


def compute_dvhs(
    plan: Plan,
    structures: Collection[str] | None = None,
    *,
    end_caps: str = EndCaps.HALF_SLICE,
    between: str = Between.SLAB,
    dose: str = Interpolation.TRILINEAR,
    names: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> DVHSet:
    """DVHs of a plan's structures, and of those that can be derived from them.

    Parameters
    ----------
    plan
        The plan.
    structures
        Names of the structures wanted, of the plan or derived; all when None. Derived are, where the plan has their
        parts but not themselves, ``Lungs``, ``Kidneys``, and lungs or liver without a target such as ``Liver-GTV``.
    end_caps
        ``half-slice``, ``capped`` (half a slice, at most 1.5 mm) or ``none``: what lies beyond the end planes. The
        other conventions come along as each DVH's ``alternatives``.
    between
        ``slab``: each contour stands for a prism to half way to its neighbours, as in planning systems;
        ``interpolated``: outlines between planes follow the structure's shape (see the findings for where they cannot).
    dose
        ``trilinear`` between grid points, as in planning systems; or ``cubic`` splines through them, for targets of a
        few millimetres whose peak trilinear dose cuts off.
    names
        Organ (TG-263 name) to structure name, for plans with names of their own; used to find the parts.
    progress
        Called with the number of structures done and of all, at the start and after each.

    Returns
    -------
    DVHSet
        In the plan's order, derived ones last. A structure without DVH is in ``without``, with its reason: one whose
        contours are damaged costs no other.

    Raises
    ------
    ValueError
        For an unknown option, or a name in ``structures`` that the plan does not have and cannot derive.
    GeometryError
        When the dose grid has a value that is not a number.
    """
    model = Model(end_caps=EndCaps(end_caps), between=Between(between), dose=Interpolation(dose))
    top_gy = _largest_dose(plan)
    recipes = _recipes(plan, structures, names)
    wanted = [s for s in plan.structures if structures is None or s.name in structures]
    asked = [r for organ, r in recipes.items() if structures is None or organ in structures]
    _check_known(structures, plan, recipes)
    made_of = [(_alone(s),) for s in wanted] + [(recipe,) for recipe in asked]
    with log_step("DVHs") as say:
        results = _all_of(made_of, plan, model, top_gy, progress)
        say(_said(results, plan, model))
    return DVHSet(
        dvhs=tuple(r for r in results if isinstance(r, DVH)),
        without=tuple(r for r in results if isinstance(r, NoDVH)),
        prescription=plan.prescription,
        origin=Origin.COMPUTED,
        provenance={
            "plan": plan.uids.plan,
            "structure_set": plan.uids.structure_set,
            "doses": plan.uids.doses,
            "frame_of_reference": plan.uids.frame_of_reference,
            "plan_label": plan.label,
        },
        findings=plan.findings,
        plan=plan,
        model=model,
    )


def _recipes(plan: Plan, structures: Collection[str] | None, names: Mapping[str, str] | None) -> dict[str, Recipe]:
    """What can be derived from the plan's structures, by name; not looked for where the plan has all that is wanted."""
    if structures is not None and set(structures) <= {s.name for s in plan.structures}:
        return {}
    return {recipe.organ: recipe for recipe in derivable(roi_names_of(plan), names)}


def _said(results: Sequence[DVH | NoDVH], plan: Plan, model: Model) -> str:
    there = sum(isinstance(one, DVH) for one in results)
    wanted = f"{there} of {len(results)} wanted computed, {len(plan.structures)} in the plan"
    return f"{wanted}; {model.between}, end caps {model.end_caps}, dose {model.dose}"


def compute_union(plan: Plan, parts: Sequence[DVH], model: Model) -> DVH | NoDVH:
    """The DVH of several structures, drawn or derived, as one organ; what lies in two of them counts once."""
    made_of = tuple(recipe for part in parts for recipe in part.made_of)
    return _of(made_of, plan, model, _largest_dose(plan))


def finer(plan: Plan, dvh: DVH) -> DVH | None:
    """The DVH from elements half as wide; None where they would be too many."""
    if dvh.model is None or not dvh.made_of or dvh.refinement == 0:
        return None
    solid = _solid_of(dvh, plan, dvh.model)
    if isinstance(solid, NoDVH):
        return None
    refinement = 2 * dvh.refinement
    if refinement > MAX_REFINEMENT or dvh.volume / cell_cc(solid.frame) * refinement**3 > MAX_ELEMENTS:
        return None
    sliced = _sliced(solid, dvh.made_of, dvh.model, _largest_dose(plan), refinement)
    made = sliced if isinstance(sliced, NoDVH) else _read_in_every_way(sliced, plan, dvh.model)
    return made if isinstance(made, DVH) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """Slices of a computed DVH's structure, laid over the dose as they were for it.

    ``dvh`` has the bounds of their elements, whatever has been found out since.
    """

    slices: tuple[Slices, ...]
    frame: GridFrame
    dvh: DVH


def laid(plan: Plan, dvh: DVH) -> Laid | None:
    """What a DVH was computed from; None when it was not computed here."""
    if dvh.model is None or not dvh.made_of or dvh.refinement == 0:
        return None
    solid, top_gy = _solid_of(dvh, plan, dvh.model), dvh.bin_gy * (BINS - 1)
    sliced = _sliced(solid, dvh.made_of, dvh.model, top_gy, dvh.refinement)
    if isinstance(sliced, NoDVH):
        return None
    if dvh.narrowed_at_gy:
        made = _dvhs([sliced], plan, dvh.model)[0]
        if isinstance(made, NoDVH):
            return None
        dvh = made if dvh.alternatives else replace(made, alternatives=())
    return Laid(slices=tuple(sliced.pieces), frame=sliced.solid.frame, dvh=dvh)


def prisms_of(plan: Plan, dvh: DVH) -> tuple[PrismStack, GridFrame] | None:
    """The prisms that a computed DVH is of, under its own end-cap convention, in a frame of the plan's dose grid."""
    if dvh.model is None or not dvh.made_of:
        return None
    solid = _solid_of(dvh, plan, replace(dvh.model, dose=Interpolation.TRILINEAR))
    if isinstance(solid, NoDVH):
        return None
    exist = (solid.stack.conventions & int(CONVENTION_OF[dvh.model.end_caps])) != 0
    return solid.stack.select(exist), solid.frame


def largest_dose_on_faces(plan: Plan) -> float:
    """Largest dose on the six faces of the dose grid, Gy: what lies outside may have as much."""
    return _largest_on_faces(_Same(plan.dose))


@lru_cache(maxsize=1)
def _largest_on_faces(dose: _Same) -> float:
    d = dose.of.stored
    faces: Iterable[np.generic] = (f.max() for f in (d[0], d[-1], d[:, 0], d[:, -1], d[:, :, 0], d[:, :, -1]))
    return max(float(face) for face in faces) * float(dose.of.gy_per_unit)


def _all_of(
    made_of: Sequence[tuple[Recipe, ...]], plan: Plan, model: Model, top_gy: float, progress: Progress
) -> list[DVH | NoDVH]:
    """What each recipe gives, in their order; large structures wait for others that share their dose."""
    results: dict[int, DVH | NoDVH] = {}
    waiting: dict[int, _Sliced] = {}
    progress(0, len(made_of))

    def done(made: Iterable[tuple[int, DVH | NoDVH]]) -> None:
        for place, one in made:
            results[place] = one
            progress(len(results), len(made_of))

    for place, recipes in enumerate(made_of):
        sliced = _sliced(_solid(recipes, plan, model), recipes, model, top_gy)
        if isinstance(sliced, NoDVH):
            done([(place, sliced)])
        elif sliced.refinement > 1 or model.dose is Interpolation.CUBIC or sliced.solid.readings:
            done([(place, _read_in_every_way(sliced, plan, model))])
        else:
            waiting[place] = sliced
        if sum(len(one.solid.stack.edges) for one in waiting.values()) > MAX_EDGES or place + 1 == len(made_of):
            done(zip(waiting, _dvhs(list(waiting.values()), plan, model), strict=True))
            waiting = {}
    return [results[place] for place in range(len(made_of))]


def _of(made_of: tuple[Recipe, ...], plan: Plan, model: Model, top_gy: float) -> DVH | NoDVH:
    return _all_of([made_of], plan, model, top_gy, no_progress)[0]


def _alone(structure: Structure) -> Recipe:
    """A structure of the plan, as the recipe that leaves it as it is."""
    return Recipe(organ=structure.name, plus=(roi_name_of(structure),))


def _solid(made_of: tuple[Recipe, ...], plan: Plan, model: Model) -> _Solid | NoDVH:
    """What the recipes make together, as prisms in the dose grid that the model asks for; or why there are none."""
    parts = []
    for recipe in made_of:
        part = _mixed(recipe, plan, model)
        if isinstance(part, NoDVH):
            return part
        parts.append(part)
    return _with_dose(_joined(parts) if len(parts) > 1 else parts[0], model)


def _solid_of(dvh: DVH, plan: Plan, model: Model) -> _Solid | NoDVH:
    """What a DVH is of, under its own reading of the contours."""
    solid = _solid(dvh.made_of, plan, model)
    if isinstance(solid, NoDVH) or not dvh.reading:
        return solid
    return solid.readings[dvh.reading - 1]


def _joined(parts: Sequence[_Solid]) -> _Solid | NoDVH:
    """Several structures as one organ."""
    name = " + ".join(part.name for part in parts)
    if any(part.frame.axes != parts[0].frame.axes for part in parts):
        return _no_recipe(name, Reason.STRUCTURE_NOT_COMPUTED, "its parts lie on differently oriented planes")
    said = Finding(code=FindingCode.DERIVED_STRUCTURE, text=f"built from {name}", subject=name)
    findings = (said, *(finding for part in parts for finding in part.findings))
    solid = _Solid(
        name=name,
        number=DERIVED_NUMBER,
        kind="",
        stack=reduce(union, (part.stack for part in parts)),
        frame=parts[0].frame,
        findings=tuple(dict.fromkeys(findings)),
    )
    return solid.or_else(reduce(union, stacks) for stacks in _each_reading(parts))


def _each_reading(parts: Sequence[_Solid]) -> Iterator[list[PrismStack]]:
    """The parts under their first other reading, under their second, and so on; one that has none as it is."""
    for number in range(max((len(part.readings) for part in parts), default=0)):
        yield [part.readings[number].stack if number < len(part.readings) else part.stack for part in parts]


def _mixed(recipe: Recipe, plan: Plan, model: Model) -> _Solid | NoDVH:
    """What one recipe makes."""
    plus, minus_ = ([_drawn(_structure_of(r, plan), plan, model) for r in rois] for rois in (recipe.plus, recipe.minus))
    if len(plus) == 1 and not minus_ and recipe.organ == recipe.plus[0].name:
        return plus[0]
    parts = []
    for part in (*plus, *minus_):
        if isinstance(part, NoDVH):
            return _no_recipe(recipe.organ, part.reason, f"its part {part.name!r}: {part.detail or part.reason}")
        parts.append(part)
    frame = parts[0].frame
    if any(part.frame.axes != frame.axes for part in parts):
        return _no_recipe(recipe.organ, Reason.STRUCTURE_NOT_COMPUTED, "its parts lie on differently oriented planes")
    whole, spared = parts[: len(plus)], parts[len(plus) :]
    stacks = [part.stack for part in whole], [part.stack for part in spared]
    stack = _left(*stacks)
    # the least and the most that the readings can leave, if one reading of each part lies inside the other
    readings = [_left(other, stacks[1]) for other in _each_reading(whole)]
    readings += [_left(stacks[0], other) for other in _each_reading(spared)]
    said = Finding(code=FindingCode.DERIVED_STRUCTURE, text=_composition(recipe), subject=recipe.organ)
    if len(stack.layer) == 0:
        return _no_recipe(recipe.organ, Reason.STRUCTURE_EMPTY, said.text)
    findings = (said, *(finding for part in parts for finding in part.findings))
    solid = _Solid(name=recipe.organ, number=DERIVED_NUMBER, kind="", stack=stack, frame=frame, findings=findings)
    return solid.or_else(readings)


def _left(whole: Sequence[PrismStack], spared: Sequence[PrismStack]) -> PrismStack:
    """The union of some stacks without the union of others."""
    stack = reduce(union, whole)
    return minus(stack, reduce(union, spared)) if spared else stack


def _with_dose(solid: _Solid | NoDVH, model: Model) -> _Solid | NoDVH:
    """The solid in the dose grid that the model asks for."""
    if isinstance(solid, NoDVH) or model.dose is Interpolation.TRILINEAR:
        return solid
    from sbrtcheck.geometry.cubic_dose import with_cubic_dose

    stack, frame = with_cubic_dose(replace(solid.stack, findings=()), solid.frame, solid.name)
    others = (_with_dose(reading, model) for reading in solid.readings)
    return replace(
        solid,
        stack=stack,
        frame=frame,
        findings=(*solid.findings, *stack.findings),
        readings=tuple(other for other in others if isinstance(other, _Solid)),
    )


def _no_recipe(name: str, reason: Reason, detail: str) -> NoDVH:
    return NoDVH(name=name, number=DERIVED_NUMBER, reason=reason, detail=detail)


def _composition(recipe: Recipe) -> str:
    plus = " + ".join(roi.name for roi in recipe.plus)
    spared = "".join(f" - {roi.name}" for roi in recipe.minus)
    return f"built from {plus}{spared}"


def _drawn(structure: Structure, plan: Plan, model: Model) -> _Solid | NoDVH:
    """A structure of the plan as prisms; or why there are none."""
    try:
        contours = with_area(structure.contours.read())
    except DicomError as error:
        return _without(structure, Reason.STRUCTURE_DAMAGED, f"{error.what}; {error.hint}")
    if len(contours) == 0:
        return _nothing_contoured(structure)
    try:
        local_mm = in_grid(contours, plan.dose)
        axis = slab_axis_of(local_mm, contours.starts)
        frame = grid_frame(plan.dose, axis)
        around = Surroundings(slab_mm=structure.slab_mm, others=lambda: _other_planes(structure, plan, axis))
        stack, planes = prism_stack(
            structure.name,
            local_mm,
            contours.starts,
            frame,
            exclusive_or=structure.exclusive_or,
            around=around,
        )
    except GeometryError as error:
        return _without(structure, Reason.STRUCTURE_NOT_COMPUTED, str(error))
    readings = stack.read_otherwise()
    stack = replace(stack, readings=())
    if model.between is Between.INTERPOLATED:
        from sbrtcheck.geometry.prism_interpolation import interpolated

        stack = interpolated(stack, planes, structure.name)
        readings = tuple(interpolated(other, planes, structure.name) for other in readings)
    solid = _Solid(
        name=structure.name,
        number=structure.number,
        kind=structure.kind,
        stack=stack,
        frame=frame,
        findings=structure.findings + stack.findings,
    )
    return solid.or_else(readings)


def _other_planes(structure: Structure, plan: Plan, axis: int) -> list[FloatArray]:
    """The heights of the contour planes of all other structures, along an axis of the dose grid."""
    heights = _planes_of(_Same(plan.structures), _Same(plan.dose), axis)
    return [planes for one, planes in zip(plan.structures, heights, strict=True) if one is not structure]


@lru_cache(maxsize=1)  # the contours of a plan are read once for it, however often it is asked
def _planes_of(structures: _Same, dose: _Same, axis: int) -> tuple[FloatArray, ...]:
    """The heights of the contour planes of each structure; none where its contours cannot be read."""
    found = []
    for structure in structures.of:
        try:
            contours = with_area(structure.contours.read())
        except SbrtcheckError:  # its own DVH says so
            found.append(np.zeros(0))
            continue
        first_mm = contours.points_mm[contours.starts[:-1]] - dose.of.origin_mm
        found.append(heights_of(first_mm @ dose.of.axes[axis]))
    return tuple(found)


def _nothing_contoured(structure: Structure) -> NoDVH:
    """Why a structure has no contours to compute with: what reading it turned up, if anything."""
    unused = any(finding.code is FindingCode.NOT_COMPUTED for finding in structure.findings)
    reason = Reason.STRUCTURE_NOT_COMPUTED if unused else Reason.STRUCTURE_EMPTY
    said = "; ".join(finding.text for finding in structure.findings)
    return _without(structure, reason, said or "no closed contour with an area")


def _without(of: Structure | _Solid, reason: Reason, detail: str) -> NoDVH:
    return NoDVH(name=of.name, number=of.number, kind=of.kind, reason=reason, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sliced:
    """A solid cut into slices that exist under the same conventions, and the dose of a bin of its histograms."""

    solid: _Solid
    made_of: tuple[Recipe, ...]
    refinement: int
    pieces: list[Slices]
    unit_gy: float


def _sliced(
    solid: _Solid | NoDVH, made_of: tuple[Recipe, ...], model: Model, top_gy: float, refinement: int = 0
) -> _Sliced | NoDVH:
    """The solid cut for the given refinement, or for one that suits its size."""
    if isinstance(solid, NoDVH):
        return solid
    if model.dose is Interpolation.CUBIC:  # splines may rise above every grid point
        top_gy = max(top_gy, float(solid.frame.stored.max()) * solid.frame.gy_per_unit)
    volume_cc = prism_cc(solid.stack, solid.frame)
    refinement = refinement or refinement_for(float(np.sum(volume_cc)), solid.frame, ELEMENTS_WANTED)
    try:
        pieces = slices_of(solid.stack, volume_cc, solid.frame, refinement)
    except GeometryError as error:
        return _without(solid, Reason.STRUCTURE_NOT_COMPUTED, str(error))
    unit_gy = (top_gy or NO_DOSE_GY) / (BINS - 1)
    return _Sliced(solid=solid, made_of=made_of, refinement=refinement, pieces=pieces, unit_gy=unit_gy)


def _dvhs(many: Sequence[_Sliced], plan: Plan, model: Model) -> list[DVH | NoDVH]:
    """The DVHs of solids that are all refined alike, from one pass over the elements of those in the same frame."""
    histograms = [[Histogram(one.unit_gy) for _ in one.pieces] for one in many]
    for axes in {one.solid.frame.axes for one in many}:
        mine = [i for i, one in enumerate(many) if one.solid.frame.axes == axes]
        first = many[mine[0]]
        into = [histogram for i in mine for histogram in histograms[i]]
        pieces = [piece for i in mine for piece in many[i].pieces]
        for block in volume_elements(pieces, first.solid.frame, first.unit_gy):
            add(into, block)
    return [_dvh(one, made, plan, model) for one, made in zip(many, histograms, strict=True)]


def _read_in_every_way(sliced: _Sliced, plan: Plan, model: Model) -> DVH | NoDVH:
    """The DVH of one solid, with those under other readings of its contours."""
    made = _dvhs([sliced], plan, model)[0]
    if isinstance(made, NoDVH) or not sliced.solid.readings:
        return made
    top_gy = sliced.unit_gy * (BINS - 1)
    readings = []
    for solid in sliced.solid.readings:
        other = _sliced(solid, sliced.made_of, model, top_gy, sliced.refinement)
        dvh = other if isinstance(other, NoDVH) else _dvhs([other], plan, model)[0]
        if isinstance(dvh, DVH):
            readings.append(dvh)
    return replace(made, readings=tuple(readings))


def _dvh(sliced: _Sliced, histograms: Sequence[Histogram], plan: Plan, model: Model) -> DVH | NoDVH:
    """The DVH under the model's convention, with those under the others, from the histograms of the pieces."""
    solid = sliced.solid
    apart: dict[int, list[tuple[Slices, Histogram]]] = {}
    for piece, histogram in zip(sliced.pieces, histograms, strict=True):
        apart.setdefault(piece.conventions, []).append((piece, histogram))
    try:
        parts = {conventions: _part(pieces, plan) for conventions, pieces in apart.items()}
    except GeometryError as error:
        return _without(solid, Reason.STRUCTURE_NOT_COMPUTED, str(error))
    made = _Made(sliced=sliced, parts=parts)
    by_pieces: dict[tuple[int, ...], DVH | None] = {}
    by_convention: dict[EndCaps, DVH | None] = {}
    for caps in EndCaps:
        mine = tuple(mask for mask in parts if mask & CONVENTION_OF[caps])
        if mine not in by_pieces:  # caps of half a slice and of at most 1.5 mm are mostly the same
            by_pieces[mine] = _under(made, mine, replace(model, end_caps=caps), plan)
        same = by_pieces[mine]
        by_convention[caps] = replace(same, model=replace(model, end_caps=caps)) if same else None
    main = by_convention[model.end_caps]
    if main is None:
        detail = "its contours enclose no area"
        if model.end_caps is EndCaps.NONE and any(by_convention.values()):
            detail = "one contour plane and no end caps leave no volume"
        return _without(solid, Reason.STRUCTURE_EMPTY, detail)
    others = tuple(d for caps, d in by_convention.items() if caps is not model.end_caps and d is not None)
    return replace(main, alternatives=others)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What exists under some conventions: its histogram; of it, cc outside the dose grid, and cc in the grid's rim."""

    histogram: Histogram
    uncovered_cc: float
    rim_cc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A solid in slices, and what was found in them, by the conventions that have them."""

    sliced: _Sliced
    parts: Mapping[int, _Part]


def _part(pieces: Sequence[tuple[Slices, Histogram]], plan: Plan) -> _Part:
    """The slices of one set of conventions: in the grid, in its rim, and the volume of their prisms outside."""
    for _, histogram in pieces:
        if histogram.bounds[0] < 0.0:
            what = f"the dose falls to {histogram.bounds[0] * histogram.bin_gy:g} Gy in the structure, which is no dose"
            raise GeometryError(what, hint="export the physical dose, not a difference")
    rim_cc = 0.0
    for slices, histogram in pieces:
        if slices.rim:
            rim_cc += float(histogram.volume.sum())
            histogram.may_rise_to(largest_dose_on_faces(plan) / histogram.bin_gy)
    first, histogram = pieces[0]
    if len(pieces) > 1:
        histogram = merged((one for _, one in pieces), histogram.bin_gy)
    uncovered_cc = max(first.whole_cc - float(histogram.volume.sum()), 0.0) if first.clipped else 0.0
    if uncovered_cc <= 1e-9 * first.whole_cc:
        return _Part(histogram=histogram, uncovered_cc=0.0, rim_cc=rim_cc)
    histogram.add_uncovered(uncovered_cc, largest_dose_on_faces(plan) / histogram.bin_gy)
    return _Part(histogram=histogram, uncovered_cc=uncovered_cc, rim_cc=rim_cc)


def _under(made: _Made, pieces: tuple[int, ...], model: Model, plan: Plan) -> DVH | None:
    """The DVH under one convention, from the histograms of the pieces that exist under it."""
    mine = [made.parts[mask] for mask in pieces]
    histogram = merged((part.histogram for part in mine), made.sliced.unit_gy)
    volume_cc = float(histogram.volume.sum())
    if volume_cc <= 0.0:
        return None
    uncovered_cc, rim_cc = sum(part.uncovered_cc for part in mine), sum(part.rim_cc for part in mine)
    curve = dvh_curve(histogram)
    lower, upper = bound_curves(histogram)
    mean, least, most = bands(histogram, curve)
    solid = made.sliced.solid
    return DVH(
        name=solid.name,
        number=solid.number,
        kind=solid.kind,
        origin=Origin.COMPUTED,
        volume=volume_cc,
        curve=curve,
        lower=lower,
        upper=upper,
        mean_gy=mean,
        min_gy=least,
        max_gy=most,
        prescription=plan.prescription,
        model=model,
        refinement=made.sliced.refinement,
        bin_gy=made.sliced.unit_gy,
        made_of=made.sliced.made_of,
        uncovered_cc=uncovered_cc,
        findings=(*solid.findings, *_outside(solid.name, uncovered_cc, rim_cc, volume_cc)),
        reading=solid.reading,
    )


def _outside(name: str, uncovered_cc: float, rim_cc: float, volume_cc: float) -> Iterator[Finding]:
    """What is to be said of the volume where the dose is not known: outside the grid, and in its rim."""
    if uncovered_cc > 0.0:
        text = f"{_share_text(uncovered_cc, volume_cc)} lie outside the dose grid, counted at 0 Gy"
        yield Finding(code=FindingCode.OUTSIDE_DOSE_GRID, text=text, subject=name)
    if rim_cc > MIN_RIM_SHARE * volume_cc:
        text = f"{_share_text(rim_cc, volume_cc)} lie beyond the outermost dose points, within half a voxel: "
        text += "the nearest point's dose was taken"
        yield Finding(code=FindingCode.OUTERMOST_DOSE_PLANES, text=text, subject=name)


def _share_text(part_cc: float, volume_cc: float) -> str:
    return f"{part_cc:.3g} cc of {volume_cc:.4g} cc ({100 * part_cc / volume_cc:.2g} %)"


def _largest_dose(plan: Plan) -> float:
    top_gy = plan.dose.max_gy
    if not np.isfinite(top_gy):
        raise GeometryError("the dose grid has a value that is not a number", hint="export the dose again")
    if top_gy < 0.0:
        what = f"no dose of the grid is above {top_gy:.4g} Gy, which is no dose"
        raise GeometryError(what, hint="export the physical dose, not a difference")
    return top_gy


def _check_known(structures: Collection[str] | None, plan: Plan, recipes: Mapping[str, Recipe]) -> None:
    known = {s.name for s in plan.structures} | set(recipes)
    strange = sorted(set(structures or ()) - known)
    if strange:
        raise ValueError(
            f"the plan has no structure {', '.join(map(repr, strange))}; it has {', '.join(sorted(known))}"
        )


def _structure_of(roi: RoiName, plan: Plan) -> Structure:
    return next(s for s in plan.structures if s.number == roi.number and s.name == roi.name)

"""Solids and the dose grid of a plan in, their DVHs with bounds out.

    recipe -> solid of prisms -> slices -> elements (cc, Gy) -> histogram -> DVH
              `solids`           `geometry`                     `histogram`

**Divided as finely as its size asks for.** Volumes are exact at any division; smaller elements give tighter bounds
on the dose of each element. A small structure is therefore divided until it has `ELEMENTS_WANTED` elements, and a large
one not at all: it has more than that anyway.

**One pass over the dose.** Large structures share slabs of the dose grid with one another, and the dose of a slab is
worked out once for all that have a slice in it. So they wait, until their contours would take too much memory.

**End caps cost nothing.** What a convention adds (half a slice beyond the end planes, say) is kept apart from what all
of them have, each in a histogram of its own. The DVH under any convention is that of the sum of its histograms.

**Where the dose is not known.** Outside the dose grid a volume is counted at 0 Gy; in the rim, half a voxel outside the
outermost points, at the nearest point's dose. The truth may be higher, so the upper bound assumes the largest dose on
the faces of the grid for both::

    +-----------------------+  end of the outermost voxels
    |  rim: nearest point   |     outside: counted at 0 Gy, at most at the largest dose on the faces
    |   .---.---.---.---.   |
    |   |   dose known  |   |
    |   .---.---.---.---.   |  outermost points
    |                       |
    +-----------------------+
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh.dvh import DERIVED_NUMBER, DVH, NoDVH, Origin, Sampling
from sbrtcheck.dvh.histogram import BINS, Histogram, add, bound_curves, bounds_of_statistics, dvh_curve, merged
from sbrtcheck.dvh.model import EndCaps, Interpolation, Model
from sbrtcheck.dvh.reason import Reason
from sbrtcheck.dvh.solids import Solid, SolidBuilder, no_dvh
from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry import (
    Conventions,
    GridFrame,
    PrismStack,
    Slices,
    prism_cc,
    refinement_for,
    slices_of,
    volume_elements,
)
from sbrtcheck.plan import Finding, FindingCode, Plan
from sbrtcheck.progress import Progress, no_progress
from sbrtcheck.structure_names import Recipe

ELEMENTS_WANTED = 20_000
"""A smaller structure is divided until it has about so many elements; more of them give nothing but tighter bounds."""

ELEMENTS_FOR_AN_ESTIMATE = 5_000
"""The same where a structure is computed again only to see what another model makes of it."""

MAX_EDGES = 1 << 20
"""Structures wait for others that share their dose until they have so many contour points: some 40 MB."""

MIN_RIM_SHARE = 1e-6
"""Less of a structure than this outside the outermost dose points is rounding of its coordinates."""

NO_DOSE_GY = 1e-3
"""Extent of the histogram where the whole grid has no dose at all."""

CONVENTION_OF = {
    EndCaps.HALF_SLICE: Conventions.HALF_SLICE,
    EndCaps.CAPPED: Conventions.CAPPED,
    EndCaps.NONE: Conventions.NONE,
}

_TWO_DIGITS_BELOW = 99.5  # percent: what is more would be 1e+02 in two digits

SAME_AS_WHOLE = 1e-9
"""Less than this share of a structure outside the dose grid is rounding of its volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicedSolid:
    """A solid cut into slices that exist under the same conventions, and the dose of a bin of its histograms."""

    solid: Solid
    recipes: tuple[Recipe, ...]
    refinement: int
    pieces: Sequence[Slices]
    bin_gy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledStructure:
    """Slices of a computed DVH's structure, sampled on the dose grid as they were for it.

    ``dvh`` has the bounds of their elements, without later refinement.
    """

    slices: tuple[Slices, ...]
    frame: GridFrame
    bin_gy: float
    dvh: DVH


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What exists under some conventions: its histogram; of it, cc outside the dose grid, and cc in the grid's rim."""

    histogram: Histogram
    uncovered_cc: float
    rim_cc: float


def dvhs_of(
    structures: Sequence[tuple[Recipe, ...]], plan: Plan, model: Model, top_gy: float, progress: Progress = no_progress
) -> list[DVH | NoDVH]:
    """What the recipes of each structure give, in their order; large structures wait for others that share their dose.

    Parameters
    ----------
    structures
        The recipes of each: one, or several for a union.
    plan, model
        The plan that the recipes are of, and how its contours and dose grid are interpreted.
    top_gy
        Largest dose of the plan, up to which the bins of the histograms reach.
    progress
        Called with the number of structures done and of all.
    """
    results: dict[int, DVH | NoDVH] = {}
    waiting: dict[int, SlicedSolid] = {}
    builder = SolidBuilder(plan, model, (recipe for recipes in structures for recipe in recipes))
    progress(0, len(structures))

    def done(computed: Iterable[tuple[int, DVH | NoDVH]]) -> None:
        for place, result in computed:
            results[place] = result
            progress(len(results), len(structures))

    for place, recipes in enumerate(structures):
        sliced = slice_solid(builder.solid(recipes), recipes, model, top_gy)
        if isinstance(sliced, NoDVH):
            done([(place, sliced)])
        elif sliced.refinement > 1 or _has_own_frame(sliced.solid, model) or sliced.solid.readings:
            done([(place, dvh_with_readings(sliced, plan, model))])
        else:
            waiting[place] = sliced
        edges = sum(len(other.solid.stack.edges) for other in waiting.values())
        if edges > MAX_EDGES or place + 1 == len(structures):
            done(zip(waiting, _dvhs(list(waiting.values()), plan, model), strict=True))
            waiting = {}
    return [results[place] for place in range(len(structures))]


def union_of(plan: Plan | None, parts: Sequence[DVH], model: Model) -> DVH | NoDVH:
    """The DVH of several structures, contoured or derived, as one organ; what lies in two of them counts once."""
    if len(parts) == 1:
        return parts[0]
    if plan is None or not all(part.made_of for part in parts):
        name = " + ".join(part.name for part in parts)
        detail = f"{name} cannot be added: where they overlap is not in their DVHs"
        return NoDVH(name=name, number=DERIVED_NUMBER, reason=Reason.UNDEFINED_FOR_STORED_DVH, detail=detail)
    recipes = tuple(recipe for part in parts for recipe in part.made_of)
    return dvhs_of([recipes], plan, model, largest_dose(plan))[0]


def sampled_again(plan: Plan, dvh: DVH) -> SampledStructure | None:
    """What a DVH was computed from; None when it was not computed here, or on tilted planes.

    Cells on tilted planes hold a dose that is not quite the dose: isodoses through them are not known.
    """
    if dvh.model is None or dvh.sampling is None:
        return None
    sampling = dvh.sampling
    solid = SolidBuilder(plan, dvh.model).solid(sampling.recipes, sampling.reading)
    sliced = slice_solid(solid, sampling.recipes, dvh.model, sampling.bin_gy * (BINS - 1), sampling.refinement)
    if isinstance(sliced, NoDVH) or sliced.solid.frame.resampled is not None:
        return None
    bin_gy = sampling.bin_gy
    if dvh.narrowed_at_gy or dvh.has_close_curves:  # to have the bounds of the elements, these are summed up again
        first = _dvhs([sliced], plan, dvh.model)[0]
        if isinstance(first, NoDVH):
            return None
        dvh, bin_gy = first if dvh.alternatives else replace(first, alternatives=()), sliced.bin_gy
    return SampledStructure(slices=tuple(sliced.pieces), frame=sliced.solid.frame, bin_gy=bin_gy, dvh=dvh)


def computed_again(plan: Plan, dvh: DVH, model: Model) -> DVH | NoDVH:
    """A DVH's structure under another model, or in another dose grid: as closely as an estimate needs it.

    It is computed under the model's end-cap convention alone.
    """
    if dvh.sampling is None:
        return NoDVH(name=dvh.name, number=dvh.number, kind=dvh.kind, reason=Reason.UNDEFINED_FOR_STORED_DVH)
    sampling = dvh.sampling
    solid = SolidBuilder(plan, model, in_thirds=True).solid(sampling.recipes, sampling.reading)
    if isinstance(solid, NoDVH):
        return solid
    stack = solid.stack.select((solid.stack.conventions & int(CONVENTION_OF[model.end_caps])) != 0)
    # all in one piece: none of it is kept apart for another convention
    stack = replace(stack, conventions=np.full_like(stack.conventions, int(Conventions.ALL)))
    refinement = refinement_for(dvh.volume, solid.frame, ELEMENTS_FOR_AN_ESTIMATE)
    sliced = slice_solid(
        replace(solid, stack=stack, readings=()), sampling.recipes, model, largest_dose(plan), refinement
    )
    return sliced if isinstance(sliced, NoDVH) else _dvhs([sliced], plan, model)[0]


def prisms_of(plan: Plan, dvh: DVH) -> tuple[PrismStack, GridFrame] | None:
    """The prisms that a computed DVH is of, under its own end-cap convention, in a frame of the plan's dose grid."""
    if dvh.model is None or dvh.sampling is None:
        return None
    builder = SolidBuilder(plan, replace(dvh.model, dose=Interpolation.TRILINEAR))
    solid = builder.solid(dvh.sampling.recipes, dvh.sampling.reading)
    if isinstance(solid, NoDVH):
        return None
    exist = (solid.stack.conventions & int(CONVENTION_OF[dvh.model.end_caps])) != 0
    return solid.stack.select(exist), solid.frame


def largest_dose(plan: Plan) -> float:
    """Largest dose of the plan's grid, Gy; GeometryError where that is no dose."""
    top_gy = plan.dose.max_gy
    if not np.isfinite(top_gy):
        raise GeometryError("the dose grid has a value that is not a number", hint="export the dose again")
    if top_gy < 0.0:
        problem = f"no dose of the grid is above {top_gy:.4g} Gy, which is no dose"
        raise GeometryError(problem, hint="export the physical dose, not a difference")
    return top_gy


def largest_dose_on_faces(plan: Plan) -> float:
    """Largest dose on the faces of the plan's dose grid, Gy."""
    return plan.dose.max_on_faces_gy


# -------------------------------------------------------------------------------- solid -> slices -> histograms


def _has_own_frame(solid: Solid, model: Model) -> bool:
    """Whether no other structure shares the dose of its cells: it was splined, or read along its planes."""
    return model.dose is Interpolation.CUBIC or solid.frame.resampled is not None


def slice_solid(
    solid: Solid | NoDVH, recipes: tuple[Recipe, ...], model: Model, top_gy: float, refinement: int = 0
) -> SlicedSolid | NoDVH:
    """The solid cut for the given refinement, or for one that suits its size where that is 0."""
    if isinstance(solid, NoDVH):
        return solid
    if model.dose is Interpolation.CUBIC:  # splines may rise above every grid point
        top_gy = max(top_gy, float(solid.frame.stored.max()) * solid.frame.gy_per_unit)
    volume_cc = prism_cc(solid.stack, solid.frame)
    refinement = refinement or refinement_for(float(np.sum(volume_cc)), solid.frame, ELEMENTS_WANTED)
    try:
        pieces = slices_of(solid.stack, volume_cc, solid.frame, refinement)
    except GeometryError as error:
        return no_dvh(solid, Reason.STRUCTURE_NOT_COMPUTED, str(error))
    bin_gy = (top_gy or NO_DOSE_GY) / (BINS - 1)
    return SlicedSolid(solid=solid, recipes=recipes, refinement=refinement, pieces=pieces, bin_gy=bin_gy)


def dvh_with_readings(sliced: SlicedSolid, plan: Plan, model: Model) -> DVH | NoDVH:
    """The DVH of one solid, with those under other readings of its contours."""
    main = _dvhs([sliced], plan, model)[0]
    if isinstance(main, NoDVH) or not sliced.solid.readings:
        return main
    top_gy = sliced.bin_gy * (BINS - 1)
    readings = []
    for solid in sliced.solid.readings:
        other = slice_solid(solid, sliced.recipes, model, top_gy, sliced.refinement)
        dvh = other if isinstance(other, NoDVH) else _dvhs([other], plan, model)[0]
        if isinstance(dvh, DVH):
            readings.append(dvh)
    return replace(main, readings=tuple(readings))


def _dvhs(solids: Sequence[SlicedSolid], plan: Plan, model: Model) -> list[DVH | NoDVH]:
    """The DVHs of solids that are all refined alike, from one pass over the elements of those in the same frame."""
    histograms = [[Histogram(sliced.bin_gy) for _ in sliced.pieces] for sliced in solids]
    for axes in {sliced.solid.frame.axes for sliced in solids}:
        indices = [i for i, sliced in enumerate(solids) if sliced.solid.frame.axes == axes]
        first = solids[indices[0]]
        into = [histogram for i in indices for histogram in histograms[i]]
        pieces = [piece for i in indices for piece in solids[i].pieces]
        for block in volume_elements(pieces, first.solid.frame, first.bin_gy):
            add(into, block)
    return [_dvh(sliced, sums, plan, model) for sliced, sums in zip(solids, histograms, strict=True)]


# -------------------------------------------------------------------------------- histograms -> DVH


def _dvh(sliced: SlicedSolid, histograms: Sequence[Histogram], plan: Plan, model: Model) -> DVH | NoDVH:
    """The DVH under the model's convention, with those under the others, from the histograms of the pieces."""
    pieces_by_mask: dict[int, list[tuple[Slices, Histogram]]] = {}
    for piece, histogram in zip(sliced.pieces, histograms, strict=True):
        pieces_by_mask.setdefault(piece.conventions, []).append((piece, histogram))
    try:
        parts = {conventions: _part(pieces, plan) for conventions, pieces in pieces_by_mask.items()}
    except GeometryError as error:
        return no_dvh(sliced.solid, Reason.STRUCTURE_NOT_COMPUTED, str(error))
    by_convention = dict(_by_convention(sliced, parts, plan, model))
    main = by_convention[model.end_caps]
    if main is None:
        detail = "its contours enclose no area"
        if model.end_caps is EndCaps.NONE and any(by_convention.values()):
            detail = "one contour plane and no end caps leave no volume"
        return no_dvh(sliced.solid, Reason.STRUCTURE_EMPTY, detail)
    others = tuple(dvh for caps, dvh in by_convention.items() if caps is not model.end_caps and dvh is not None)
    return replace(main, alternatives=others)


def _by_convention(
    sliced: SlicedSolid, parts: dict[int, _Part], plan: Plan, model: Model
) -> Iterator[tuple[EndCaps, DVH | None]]:
    """The DVH under each convention; None where it leaves no volume."""
    by_masks: dict[tuple[int, ...], DVH | None] = {}
    for caps in EndCaps:
        masks = tuple(mask for mask in parts if mask & CONVENTION_OF[caps])
        if masks not in by_masks:  # caps of half a slice and of at most 1.5 mm are mostly the same
            by_masks[masks] = _dvh_of_parts(sliced, [parts[mask] for mask in masks], plan)
        dvh = by_masks[masks]
        yield caps, replace(dvh, model=replace(model, end_caps=caps)) if dvh else None


def _part(pieces: Sequence[tuple[Slices, Histogram]], plan: Plan) -> _Part:
    """The slices of one set of conventions: in the grid, in its rim, and the volume of their prisms outside."""
    for _, histogram in pieces:
        if histogram.bounds[0] < 0.0:
            problem = (
                f"the dose falls to {histogram.bounds[0] * histogram.bin_gy:g} Gy in the structure, which is no dose"
            )
            raise GeometryError(problem, hint="export the physical dose, not a difference")
    rim_cc = 0.0
    for slices, histogram in pieces:
        if slices.rim:
            rim_cc += float(histogram.volume.sum())
            histogram.may_rise_to(plan.dose.max_on_faces_gy / histogram.bin_gy)
    first, histogram = pieces[0]
    if len(pieces) > 1:
        histogram = merged((each for _, each in pieces), histogram.bin_gy)
    uncovered_cc = max(first.whole_cc - float(histogram.volume.sum()), 0.0) if first.clipped else 0.0
    if uncovered_cc <= SAME_AS_WHOLE * first.whole_cc:
        return _Part(histogram=histogram, uncovered_cc=0.0, rim_cc=rim_cc)
    histogram.add_uncovered(uncovered_cc, plan.dose.max_on_faces_gy / histogram.bin_gy)
    return _Part(histogram=histogram, uncovered_cc=uncovered_cc, rim_cc=rim_cc)


def _dvh_of_parts(sliced: SlicedSolid, parts: Sequence[_Part], plan: Plan) -> DVH | None:
    """The DVH of what exists under one convention."""
    histogram = merged((part.histogram for part in parts), sliced.bin_gy)
    volume_cc = float(histogram.volume.sum())
    if volume_cc <= 0.0:
        return None
    uncovered_cc, rim_cc = sum(part.uncovered_cc for part in parts), sum(part.rim_cc for part in parts)
    curve = dvh_curve(histogram)
    lower, upper = bound_curves(histogram)
    mean, minimum, maximum = bounds_of_statistics(histogram, curve)
    solid = sliced.solid
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
        min_gy=minimum,
        max_gy=maximum,
        prescription=plan.prescription,
        sampling=Sampling(
            recipes=sliced.recipes, reading=solid.reading, refinement=sliced.refinement, bin_gy=sliced.bin_gy
        ),
        uncovered_cc=uncovered_cc,
        findings=(*solid.findings, *_dose_unknown_findings(solid.name, uncovered_cc, rim_cc, volume_cc)),
    )


def _dose_unknown_findings(name: str, uncovered_cc: float, rim_cc: float, volume_cc: float) -> Iterator[Finding]:
    """Findings about the volume where the dose is not known: outside the grid, and in its rim."""
    if uncovered_cc > 0.0:
        text = f"{_share_text(uncovered_cc, volume_cc)} lie outside the dose grid, counted at 0 Gy"
        yield Finding(code=FindingCode.OUTSIDE_DOSE_GRID, text=text, subject=name)
    if rim_cc > MIN_RIM_SHARE * volume_cc:
        text = f"{_share_text(rim_cc, volume_cc)} lie beyond the outermost dose points, within half a voxel: "
        text += "the nearest point's dose was used"
        yield Finding(code=FindingCode.OUTERMOST_DOSE_PLANES, text=text, subject=name)


def _share_text(part_cc: float, volume_cc: float) -> str:
    percent = 100.0 * part_cc / volume_cc
    digits = 2 if percent < _TWO_DIGITS_BELOW else 3
    return f"{part_cc:.3g} cc of {volume_cc:.4g} cc ({percent:.{digits}g} %)"

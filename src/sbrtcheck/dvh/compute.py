"""Structures and dose of a plan in, dose-volume histograms with bounds out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from sbrtcheck.dvh.histogram import BINS, Histogram, bands, bound_curves, dvh_curve, merged
from sbrtcheck.dvh.types import DVH, DVHSet, EndCaps, NoDVH, Origin, Reason
from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry import (
    Conventions,
    GridFrame,
    PrismStack,
    elements,
    grid_frame,
    minus,
    prism_stack,
    refinement_for,
    slab_axis_of,
    slices_of,
    union,
    with_area,
)
from sbrtcheck.plan import Finding, FindingCode, Plan, Structure
from sbrtcheck.tg263 import Recipe, RoiName, derivable

ELEMENTS_WANTED = 20_000
"""A smaller structure is divided until it has about so many elements; more buy nothing but tighter bounds."""

NO_DOSE_GY = 1e-3
"""Extent of the histogram where the whole grid has no dose at all."""

DERIVED_NUMBER = -1
"""ROI number of a structure that no file holds."""

CONVENTION_OF = {
    EndCaps.HALF_SLICE: Conventions.HALF_SLICE,
    EndCaps.CAPPED: Conventions.CAPPED,
    EndCaps.NONE: Conventions.NONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solid:
    """A structure, or one made of several, as prisms in a frame of the dose grid."""

    name: str
    number: int
    kind: str
    stack: PrismStack
    frame: GridFrame
    findings: tuple[Finding, ...]


def compute_dvhs(
    plan: Plan,
    structures: Collection[str] | None = None,
    *,
    end_caps: str = EndCaps.HALF_SLICE,
    names: Mapping[str, str] | None = None,
) -> DVHSet:
    """DVHs of a plan's structures, and of those that can be derived from them.

    Parameters
    ----------
    plan
        The plan; its dose is trilinear between grid points, its structures are slabs around their contour planes.
    structures
        Names of the structures wanted, of the plan or derived; all when None. Derived are, where the plan has their
        parts but not themselves, ``Lungs``, ``Kidneys``, and lungs or liver without a target such as ``Liver-GTV``.
    end_caps
        ``half-slice``, ``capped`` (half a slice, at most 1.5 mm) or ``none``: what lies beyond the end planes. The
        other conventions come along as each DVH's ``alternatives``.
    names
        Organ (TG-263 name) to structure name, for plans with names of their own; used to find the parts.

    Returns
    -------
    DVHSet
        In the plan's order, derived ones last. A structure without DVH is in ``without``, with its reason.

    Raises
    ------
    ValueError
        For an unknown convention, or a name in ``structures`` that the plan does not have and cannot derive.
    DicomError
        When the contours of a wanted structure are malformed.
    GeometryError
        When the dose grid has a value that is not a number.
    """
    chosen = EndCaps(end_caps)
    _check_dose(plan)
    recipes = {recipe.organ: recipe for recipe in derivable(_roi_names(plan), names)}
    wanted = [s for s in plan.structures if structures is None or s.name in structures]
    asked = [r for organ, r in recipes.items() if structures is None or organ in structures]
    _check_known(structures, plan, recipes)
    results = [_of_structure(s, plan, chosen) for s in wanted] + [_of_recipe(r, plan, chosen) for r in asked]
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
        end_caps=chosen,
    )


def compute_union(plan: Plan, structures: Collection[str], *, end_caps: str = EndCaps.HALF_SLICE) -> DVH | NoDVH:
    """The DVH of several structures as one organ; what lies in two of them counts once."""
    rois = tuple(_roi_name(s) for s in plan.structures if s.name in structures)
    name = " + ".join(roi.name for roi in rois)
    return _of_recipe(Recipe(organ=name, plus=rois, minus=()), plan, EndCaps(end_caps))


def _of_structure(structure: Structure, plan: Plan, chosen: EndCaps) -> DVH | NoDVH:
    solid = _solid(structure, plan)
    return solid if isinstance(solid, NoDVH) else _dvh(solid, plan, chosen)


def _of_recipe(recipe: Recipe, plan: Plan, chosen: EndCaps) -> DVH | NoDVH:
    """The DVH of a structure made of others."""
    parts: dict[bool, list[_Solid]] = {True: [], False: []}
    for adds, rois in ((True, recipe.plus), (False, recipe.minus)):
        for roi in rois:
            solid = _solid(_structure_of(roi, plan), plan)
            if isinstance(solid, NoDVH):
                detail = f"its part {roi.name!r}: {solid.detail or solid.reason}"
                return NoDVH(name=recipe.organ, number=DERIVED_NUMBER, reason=solid.reason, detail=detail)
            parts[adds].append(solid)
    everything = parts[True] + parts[False]
    frame = everything[0].frame
    if any(solid.frame.axes != frame.axes for solid in everything):
        detail = "its parts are contoured on differently oriented planes"
        return NoDVH(name=recipe.organ, number=DERIVED_NUMBER, reason=Reason.STRUCTURE_NOT_COMPUTED, detail=detail)
    stack = reduce(union, (solid.stack for solid in parts[True]))
    if parts[False]:
        stack = minus(stack, reduce(union, (solid.stack for solid in parts[False])))
    said = Finding(code=FindingCode.DERIVED_STRUCTURE, text=_composition(recipe), subject=recipe.organ)
    findings = (said, *(f for solid in everything for f in solid.findings))
    solid = _Solid(name=recipe.organ, number=DERIVED_NUMBER, kind="", stack=stack, frame=frame, findings=findings)
    if len(stack.layer) == 0:
        return NoDVH(name=recipe.organ, number=DERIVED_NUMBER, reason=Reason.STRUCTURE_EMPTY, detail=said.text)
    return _dvh(solid, plan, chosen)


def _composition(recipe: Recipe) -> str:
    plus = " + ".join(roi.name for roi in recipe.plus)
    spared = "".join(f" - {roi.name}" for roi in recipe.minus)
    return f"built from {plus}{spared}"


def _solid(structure: Structure, plan: Plan) -> _Solid | NoDVH:
    """The structure as prisms; or why there are none."""
    contours = with_area(structure.contours.read())
    if len(contours) == 0:
        return _without(structure, Reason.STRUCTURE_EMPTY, "no closed contour with an area")
    try:
        frame = grid_frame(plan.dose, slab_axis_of(contours, plan.dose))
        stack = prism_stack(structure, contours, plan.dose, frame)
    except GeometryError as error:
        return _without(structure, Reason.STRUCTURE_NOT_COMPUTED, str(error))
    return _Solid(
        name=structure.name,
        number=structure.number,
        kind=structure.kind,
        stack=stack,
        frame=frame,
        findings=structure.findings + stack.findings,
    )


def _without(of: Structure | _Solid, reason: Reason, detail: str) -> NoDVH:
    return NoDVH(name=of.name, number=of.number, kind=of.kind, reason=reason, detail=detail)


def _dvh(solid: _Solid, plan: Plan, chosen: EndCaps) -> DVH | NoDVH:
    """The DVH under the chosen convention, with those under the others, from one pass over the elements."""
    top_gy = plan.dose.max_gy
    unit_gy = (top_gy or NO_DOSE_GY) / (BINS - 1)
    whole_cc = slices_of(solid.stack, solid.frame, 1).whole_cc
    refinement = refinement_for(whole_cc, solid.frame, ELEMENTS_WANTED)
    parts: dict[int, tuple[Histogram, float]] = {}
    try:
        for mask in np.unique(solid.stack.conventions):
            stack = solid.stack.select(solid.stack.conventions == mask)
            parts[int(mask)] = _histogram(stack, solid.frame, refinement, unit_gy, plan)
    except GeometryError as error:
        return _without(solid, Reason.STRUCTURE_NOT_COMPUTED, str(error))
    by_convention = {caps: _from_parts(solid, parts, caps, unit_gy, plan) for caps in EndCaps}
    main = by_convention[chosen]
    if main is None:
        detail = f"one contour plane and no end caps ({chosen}) leave no volume"
        return NoDVH(
            name=solid.name, number=solid.number, kind=solid.kind, reason=Reason.STRUCTURE_EMPTY, detail=detail
        )
    others = tuple(dvh for caps, dvh in by_convention.items() if caps is not chosen and dvh is not None)
    return replace(main, alternatives=others)


def _histogram(
    stack: PrismStack, frame: GridFrame, refinement: int, unit_gy: float, plan: Plan
) -> tuple[Histogram, float]:
    """The histogram of some prisms, and their volume outside the dose grid in cc."""
    slices = slices_of(stack, frame, refinement)
    histogram = Histogram(unit_gy)
    for block in elements(slices, frame, unit_gy):
        histogram.add(block)
    uncovered_cc = max(slices.whole_cc - float(histogram.volume.sum()), 0.0) if slices.clipped else 0.0
    if uncovered_cc > 1e-9 * slices.whole_cc:
        histogram.add_uncovered(uncovered_cc, _largest_on_faces(plan) / unit_gy)
        return histogram, uncovered_cc
    return histogram, 0.0


def _from_parts(
    solid: _Solid, parts: Mapping[int, tuple[Histogram, float]], caps: EndCaps, unit_gy: float, plan: Plan
) -> DVH | None:
    """The DVH under one convention, from the histograms of the pieces that exist under it."""
    mine = [part for mask, part in parts.items() if mask & CONVENTION_OF[caps]]
    histogram = merged((part[0] for part in mine), unit_gy)
    volume_cc = float(histogram.volume.sum())
    if volume_cc <= 0.0:
        return None
    uncovered_cc = sum(part[1] for part in mine)
    curve = dvh_curve(histogram)
    lower, upper = bound_curves(histogram)
    mean, least, most = bands(histogram)
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
        end_caps=caps,
        uncovered_cc=uncovered_cc,
        findings=(*solid.findings, *_outside(solid.name, uncovered_cc, volume_cc)),
    )


def _outside(name: str, uncovered_cc: float, volume_cc: float) -> tuple[Finding, ...]:
    if uncovered_cc <= 0.0:
        return ()
    share = 100 * uncovered_cc / volume_cc
    text = f"{uncovered_cc:.3g} cc of {volume_cc:.4g} cc ({share:.2g} %) lie outside the dose grid, counted at 0 Gy"
    return (Finding(code=FindingCode.OUTSIDE_DOSE_GRID, text=text, subject=name),)


def _largest_on_faces(plan: Plan) -> float:
    """Largest dose on the six faces of the grid, Gy."""
    d = plan.dose.stored
    faces: Iterable[np.generic] = (f.max() for f in (d[0], d[-1], d[:, 0], d[:, -1], d[:, :, 0], d[:, :, -1]))
    return max(float(face) for face in faces) * plan.dose.gy_per_unit


def _check_dose(plan: Plan) -> None:
    if not np.isfinite(plan.dose.max_gy):
        raise GeometryError("the dose grid has a value that is not a number", mend="export the dose again")


def _check_known(structures: Collection[str] | None, plan: Plan, recipes: Mapping[str, Recipe]) -> None:
    known = {s.name for s in plan.structures} | set(recipes)
    strange = sorted(set(structures or ()) - known)
    if strange:
        raise ValueError(
            f"the plan has no structure {', '.join(map(repr, strange))}; it has {', '.join(sorted(known))}"
        )


def _structure_of(roi: RoiName, plan: Plan) -> Structure:
    return next(s for s in plan.structures if s.number == roi.number and s.name == roi.name)


def _roi_name(structure: Structure) -> RoiName:
    return RoiName(name=structure.name, number=structure.number, kind=structure.kind, codes=structure.codes)


def _roi_names(plan: Plan) -> tuple[RoiName, ...]:
    return tuple(_roi_name(s) for s in plan.structures)

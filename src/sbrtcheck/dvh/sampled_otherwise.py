"""A DVH computed here in; what it would be if the plan's samples were filled in otherwise out: for an estimate.

Contours are on planes and dose is on a grid. How much a value depends on that shows when what lies between is filled in
another way (`DVH.alternatives` has a third way, other end caps)::

    between planes    slabs                   <->   outlines that follow the structure's shape
    between points    trilinear as it comes   <->   trilinear through points that are corrected for curvature

**Corrected for curvature.** Where the dose bends, a straight line between two points a distance h apart misses on
average ``h^2 / 12`` of its second derivative (the error of the trapezoid rule). The second difference of the grid's
values is ``h^2`` times that derivative, so each point is lowered by a twelfth of its second differences along the three
axes. Dose that is trilinear between the new points has the right mean in each cell, up to the fourth order of h, which
is the order of cubic splines; and it needs no finer grid.

**Large structures**, and those with several outlines on most planes, which nothing follows from plane to plane, are
computed on every second of their planes instead. Of a smooth shape that makes four times the error, and it takes half
the time of the DVH itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh.compute import computed_again
from sbrtcheck.dvh.dvh import DVH
from sbrtcheck.dvh.model import Between, Interpolation, Model
from sbrtcheck.geometry import heights_of, in_grid, slab_axis_of
from sbrtcheck.plan import Contours, DoseGrid, FindingCode, FloatArray, Plan
from sbrtcheck.structure_names import Recipe, RoiName

CURVATURE = 1.0 / 12.0
"""Of the second difference of the dose along an axis: what the mean over a cell is off by where dose runs straight."""

FEWEST_PLANES = 3
"""On fewer contour planes nothing tells what the structure is between and beyond them."""

MAX_CELLS = 100_000
"""Structures of more grid cells are computed on every second of their planes."""

MAX_POINTS = 60_000
"""And those of more contour points."""

LOOPS_A_PLANE = 1.5
"""And those of more contours a plane, on average."""

MAX_BOX_POINTS = 2_000_000
"""The dose in a larger box is not corrected: it would take as long as the DVH."""

AROUND_MM = 15.0
"""The box reaches so far beyond the contours: end caps find room in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """The contours of a structure: points along the axes of the dose grid, mm, and on how many planes they lie."""

    points_mm: FloatArray
    planes: int
    contours: int

    @property
    def is_simple(self) -> bool:
        """Whether outlines can be followed from plane to plane in little time."""
        return self.points_mm.shape[1] <= MAX_POINTS and self.contours <= LOOPS_A_PLANE * self.planes


def planes_of(plan: Plan, dvh: DVH) -> int:
    """On how many contour planes the structure of a computed DVH lies, all its parts together."""
    return _drawn(_parts(dvh), plan).planes


def sampled_otherwise(plan: Plan | None, dvh: DVH) -> DVH | None:
    """The same structure, its shape between planes and its dose between grid points filled in the other way.

    Its ``alternatives`` are so under the other end caps. None where the DVH was not computed here, or the structure has
    no volume that way.
    """
    if plan is None or dvh.model is None or dvh.sampling is None:
        return None
    drawn = _drawn(_parts(dvh), plan)
    other = Model(end_caps=dvh.model.end_caps)
    if dvh.model.between is Between.SLAB:
        if drawn.is_simple and dvh.volume <= MAX_CELLS * _cell_cc(plan.dose):
            other = replace(other, between=Between.INTERPOLATED)
        else:
            plan = _on_every_second_plane(plan, dvh.sampling.recipes)
    box = _box(plan.dose, drawn.points_mm)
    is_corrected = not _has_cubic_dose(dvh) and box.stored.size <= MAX_BOX_POINTS
    again = computed_again(replace(plan, dose=corrected(box) if is_corrected else box), dvh, other)
    return again if isinstance(again, DVH) else None


def _has_cubic_dose(dvh: DVH) -> bool:
    """Whether the dose is of splines, to be compared with what they were to improve."""
    asked = dvh.model is not None and dvh.model.dose is Interpolation.CUBIC
    return asked and all(finding.code is not FindingCode.DOSE_NOT_CUBIC for finding in dvh.findings)


def corrected(grid: DoseGrid) -> DoseGrid:
    """The grid with its points corrected for the curvature of the dose; those on a face only along the face."""
    dose = np.asarray(grid.stored, dtype=np.float32) * np.float32(grid.gy_per_unit)
    bend = np.zeros_like(dose)
    for axis in range(3):
        if dose.shape[axis] > 2:
            inner = (*[slice(None)] * axis, slice(1, -1))
            bend[inner] += np.diff(dose, 2, axis=axis)
    return replace(grid, stored=np.maximum(dose - np.float32(CURVATURE) * bend, 0.0), gy_per_unit=1.0)


# -------------------------------------------------------------------------------- contours


def _parts(dvh: DVH) -> set[RoiName]:
    return {roi for recipe in dvh.made_of for roi in recipe.plus}


def _drawn(parts: set[RoiName], plan: Plan) -> _Drawn:
    contours = [each.contours.read() for each in plan.structures if _is_one_of(parts, each.number, each.name)]
    local_mm = [in_grid(each, plan.dose) for each in contours]
    planes = [_planes(points, each) for points, each in zip(local_mm, contours, strict=True)]
    return _Drawn(
        points_mm=np.concatenate(local_mm, axis=1), planes=max(planes), contours=sum(len(each) for each in contours)
    )


def _is_one_of(parts: set[RoiName], number: int, name: str) -> bool:
    return any(roi.number == number and roi.name == name for roi in parts)


def _heights_mm(local_mm: FloatArray, contours: Contours) -> FloatArray:
    """Height of each contour; of tilted ones along the axis that their first points spread most along."""
    axis = slab_axis_of(local_mm, contours.starts)
    first = local_mm[:, contours.starts[:-1]]
    along = int(np.argmax(np.ptp(first, axis=1))) if axis is None else axis
    height_mm: FloatArray = first[along]
    return height_mm


def _planes(local_mm: FloatArray, contours: Contours) -> int:
    return len(heights_of(_heights_mm(local_mm, contours)))


def _on_every_second_plane(plan: Plan, recipes: Sequence[Recipe]) -> Plan:
    """The plan with every second contour plane of some structures, their first one kept."""
    parts = {roi for recipe in recipes for roi in (*recipe.plus, *recipe.minus)}
    structures = tuple(
        replace(each, contours=_every_second(each.contours.read(), plan))
        if _is_one_of(parts, each.number, each.name)
        else each
        for each in plan.structures
    )
    return replace(plan, structures=structures)


def _every_second(contours: Contours, plan: Plan) -> Contours:
    height_mm = _heights_mm(in_grid(contours, plan.dose), contours)
    planes_mm = heights_of(height_mm)
    plane = np.searchsorted(planes_mm, height_mm + 1e-9, side="right") - 1
    points_mm, starts = contours.points_mm, contours.starts
    return Contours.of(*(points_mm[starts[n] : starts[n + 1]] for n in np.flatnonzero(plane % 2 == 0)))


# -------------------------------------------------------------------------------- the dose grid


def _cell_cc(grid: DoseGrid) -> float:
    steps_mm = np.diff(grid.offsets_mm)
    return float(np.prod(grid.spacing_mm)) * (float(np.median(steps_mm)) if len(steps_mm) else 1.0) / 1000.0


def _box(grid: DoseGrid, points_mm: FloatArray) -> DoseGrid:
    """The part of the grid around contour points."""
    i, j = (np.arange(grid.stored.shape[2 - axis]) * grid.spacing_mm[axis] for axis in (0, 1))
    first, last = np.zeros(3, dtype=int), np.zeros(3, dtype=int)
    places = (i, j, grid.offsets_mm)
    for axis, place in enumerate(places):
        low, high = points_mm[axis].min() - AROUND_MM, points_mm[axis].max() + AROUND_MM
        first[axis] = np.clip(np.searchsorted(place, low) - 2, 0, max(len(place) - 2, 0))
        last[axis] = np.clip(np.searchsorted(place, high) + 2, first[axis] + 2, len(place))
    at_mm = np.array([place[n] for place, n in zip(places, first, strict=True)])
    return replace(
        grid,
        stored=grid.stored[tuple(slice(first[axis], last[axis]) for axis in (2, 1, 0))],
        origin_mm=grid.origin_mm + at_mm @ grid.axes,
        offsets_mm=grid.offsets_mm[first[2] : last[2]] - grid.offsets_mm[first[2]],
    )

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

**Large structures** are computed on every second of their planes and every second point of the dose grid instead. Of a
smooth shape and dose that makes four times the error, in a fraction of the time of the DVH itself. Structures with
several outlines on most planes, which nothing follows from plane to plane, are computed on every second plane too.

**One end alone.** Other end caps take both ends away at once. In a dose that rises along the structure that may change
nothing, for one end is hot and the other cold. What both DVHs differ by is the DVH of the two ends, E; without its
hotter half, or its colder half, the structure has one of its ends::

    volume
           |-._  both ends                        V(d) - min(E(d), E(0) / 2)        without the hot end
           | ` `-._                               V(d) - max(E(d) - E(0) / 2, 0)    without the cold one
           |-._`.  `.    E(d): what lies between
           |   `-`.__`.
           +------------ dose
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sbrtcheck.dvh.compute import computed_again
from sbrtcheck.dvh.curve import SAME_VOLUME, Bounds, read_only_curve
from sbrtcheck.dvh.dvh import DVH
from sbrtcheck.dvh.model import Between, Interpolation, Model
from sbrtcheck.geometry import heights_of, in_grid, slab_axis_of
from sbrtcheck.plan import Contours, DoseGrid, FindingCode, FloatArray, Plan, Structure
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import Recipe, RoiName

CURVATURE = 1.0 / 12.0
"""Of the second difference of the dose along an axis: what the mean over a cell is off by where dose runs straight."""

FEWEST_PLANES = 3
"""On fewer contour planes nothing tells what the structure is between and beyond them."""

SPREAD = 1e-5
"""Where two DVHs of one structure differ by less than this share of it, it is by how they were spread over bins."""

MAX_CELLS = 100_000
"""A structure of more grid cells is a large one."""

MAX_BOX_POINTS = 2_000_000
"""And so is one in a box of more grid points."""

MAX_POINTS = 60_000
"""Outlines of more points are not followed from plane to plane: that would take as long as the DVH."""

LOOPS_A_PLANE = 1.5
"""Nor are those of structures with more of them on a plane, on average."""

AROUND_MM = 15.0
"""The box reaches so far beyond the contours: end caps find room in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The contours of a structure: points along the axes of the dose grid, mm, and on how many planes they lie.

    ``planes`` is that of the part that lies on most; ``loops_a_plane`` is of all parts. ``plan`` is the plan with these
    contours decoded.
    """

    plan: Plan
    points_mm: FloatArray
    planes: int
    loops_a_plane: float

    @property
    def is_simple(self) -> bool:
        """Whether outlines can be followed from plane to plane in little time."""
        return self.points_mm.shape[1] <= MAX_POINTS and self.loops_a_plane <= LOOPS_A_PLANE


def drawn(plan: Plan | None, dvh: DVH) -> Drawn | None:
    """The contours of a computed DVH's structure; None where the DVH was not computed here."""
    if plan is None or dvh.model is None or dvh.sampling is None or dvh.quantity is not Quantity.PHYSICAL:
        return None
    plan = _with_contours(plan, dvh.sampling.recipes, lambda contours: contours)
    parts = {roi for recipe in dvh.sampling.recipes for roi in recipe.plus}
    contours = [each.contours.read() for each in plan.structures if _is_one_of(parts, each)]
    local_mm = [in_grid(each, plan.dose) for each in contours]
    planes = [len(heights_of(_heights_mm(points, each))) for points, each in zip(local_mm, contours, strict=True)]
    return Drawn(
        plan=plan,
        points_mm=np.concatenate(local_mm, axis=1),
        planes=max(planes),
        loops_a_plane=sum(map(len, contours)) / sum(planes),
    )


def sampled_otherwise(dvh: DVH, contours: Drawn) -> DVH | None:
    """The same structure, its shape between planes and its dose between grid points filled in the other way.

    None where it has no volume that way.
    """
    if dvh.model is None or dvh.sampling is None:
        return None
    plan = contours.plan
    box = _box(plan.dose, contours.points_mm)
    is_large = dvh.volume > MAX_CELLS * _cell_cc(plan.dose) or box.stored.size > MAX_BOX_POINTS
    other = Model(end_caps=dvh.model.end_caps)
    if dvh.model.between is Between.SLAB:
        if is_large or not contours.is_simple:
            plan = _with_contours(plan, dvh.sampling.recipes, partial(_every_second, plan.dose))
        else:
            other = replace(other, between=Between.INTERPOLATED)
    again = computed_again(replace(plan, dose=_dose_otherwise(box, dvh, is_large=is_large)), dvh, other)
    return again if isinstance(again, DVH) else None


def _dose_otherwise(box: DoseGrid, dvh: DVH, *, is_large: bool) -> DoseGrid:
    if is_large:
        return coarser(box)
    return box if _has_cubic_dose(dvh) else corrected(box)


def _has_cubic_dose(dvh: DVH) -> bool:
    """Whether the dose is of splines, to be compared with what they were to improve."""
    asked = dvh.model is not None and dvh.model.dose is Interpolation.CUBIC
    return asked and all(finding.code is not FindingCode.DOSE_NOT_CUBIC for finding in dvh.findings)


def with_one_end(dvh: DVH) -> tuple[DVH, ...]:
    """The structure with the one end alone, and with the other; none where end caps make no difference."""
    other = max(dvh.alternatives, key=lambda each: abs(each.volume - dvh.volume), default=dvh)
    large, small = (dvh, other) if dvh.volume >= other.volume else (other, dvh)
    if large.volume - small.volume <= SAME_VOLUME * large.volume:
        return ()
    dose_gy = np.union1d(large.curve.dose_gy, small.curve.dose_gy)
    whole, without = large.curve.volume_at(dose_gy), small.curve.volume_at(dose_gy)
    # curves are spread over bins each in its own way: their difference may rise by that
    ends = np.maximum.accumulate(np.maximum(whole - without, 0.0)[::-1])[::-1]
    ends[ends < SPREAD * large.volume] = 0.0
    half = ends[0] / 2.0
    hot, cold = np.minimum(ends, half), np.maximum(ends - half, 0.0)
    return tuple(_of_curve(dvh, dose_gy, whole - part) for part in (hot, cold))


def _of_curve(dvh: DVH, dose_gy: FloatArray, volume: FloatArray) -> DVH:
    """A DVH with another curve, which has no bounds."""
    volume = np.minimum.accumulate(np.maximum(volume, 0.0))
    last = int(np.argmax(volume <= 0.0)) + 1 if volume[-1] <= 0.0 else len(volume)
    curve = read_only_curve(dose_gy[:last].copy(), volume[:last].copy())
    whole = float(volume[0])
    low_gy, high_gy = float(curve.dose_at(np.array([whole]))[0]), float(curve.dose_gy[-1])
    mean, low, high = (Bounds(value=value, low=value, high=value) for value in (curve.mean(), low_gy, high_gy))
    return replace(
        dvh,
        volume=whole,
        curve=curve,
        lower=curve,
        upper=curve,
        mean_gy=mean,
        min_gy=low,
        max_gy=high,
        alternatives=(),
        readings=(),
    )


def corrected(grid: DoseGrid) -> DoseGrid:
    """The grid with its points corrected for the curvature of the dose; those on a face only along the face."""
    dose = np.asarray(grid.stored, dtype=np.float32) * np.float32(grid.gy_per_unit)
    bend = np.zeros_like(dose)
    for axis in range(3):
        if dose.shape[axis] > 2:
            inner = (*[slice(None)] * axis, slice(1, -1))
            bend[inner] += np.diff(dose, 2, axis=axis)
    return replace(grid, stored=np.maximum(dose - np.float32(CURVATURE) * bend, 0.0), gy_per_unit=1.0)


def coarser(grid: DoseGrid) -> DoseGrid:
    """The grid with every second of its points along each axis."""
    dx_mm, dy_mm = grid.spacing_mm
    return replace(
        grid, stored=grid.stored[::2, ::2, ::2], spacing_mm=(2.0 * dx_mm, 2.0 * dy_mm), offsets_mm=grid.offsets_mm[::2]
    )


# -------------------------------------------------------------------------------- contours


def _is_one_of(parts: set[RoiName], structure: Structure) -> bool:
    return any(roi.number == structure.number and roi.name == structure.name for roi in parts)


def _heights_mm(local_mm: Sequence[FloatArray], contours: Contours) -> FloatArray:
    """Height of each contour; of tilted ones along the axis that their first points spread most along."""
    axis = slab_axis_of(local_mm, contours.starts)
    first = np.stack([along_axis[contours.starts[:-1]] for along_axis in local_mm])
    along = int(np.argmax(np.ptp(first, axis=1))) if axis is None else axis
    height_mm: FloatArray = first[along]
    return height_mm


def _with_contours(plan: Plan, recipes: Sequence[Recipe], change: Callable[[Contours], Contours]) -> Plan:
    """The plan with the contours of some structures decoded and changed."""
    parts = {roi for recipe in recipes for roi in (*recipe.plus, *recipe.minus)}
    structures = tuple(
        replace(each, contours=change(each.contours.read())) if _is_one_of(parts, each) else each
        for each in plan.structures
    )
    return replace(plan, structures=structures)


def _every_second(dose: DoseGrid, contours: Contours) -> Contours:
    """Those on every second plane, the first one kept."""
    height_mm = _heights_mm(in_grid(contours, dose), contours)
    plane = np.searchsorted(heights_of(height_mm), height_mm + 1e-9, side="right") - 1
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

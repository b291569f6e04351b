"""Contours of one structure -> a stack of prisms in the frame of a dose grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import GeometryError
from sbrtcheck.plan import Contours, DoseGrid, Finding, FindingCode, FloatArray, IntArray, Structure

PLANE_TOLERANCE_MM = 0.01
"""Contours closer than this along the slab axis lie in one plane: DICOM text often has three decimals."""

TILT_TOLERANCE_MM = 0.1
"""A contour that leaves its plane by more than this is tilted against the dose grid, and refused."""

BREAK_FACTOR = 1.5
"""A gap larger than this times the usual plane spacing separates two parts of a structure."""

CAP_LIMIT_MM = 1.5
"""Thickest end cap under the ``capped`` convention."""


class Conventions(IntFlag):
    """The end-cap conventions under which a piece of a structure exists."""

    HALF_SLICE = 1
    CAPPED = 2
    NONE = 4
    ALL = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class GridFrame:
    """A dose grid seen along one of its axes: slabs are stacked along ``w``, rows along ``v``, columns along ``u``.

    Parameters
    ----------
    stored, gy_per_unit
        Dose, shape ``(w, v, u)``, a view of the grid's array, and Gy of one stored unit.
    nodes_mm
        Shape ``(w,)``, rising: position of each dose plane along ``w``, from the grid's first point.
    spacing_mm
        Distance between columns (u) and between rows (v).
    axes
        Indices into the grid's axes (0 = i, 1 = j, 2 = k) of u, v and w.
    """

    stored: npt.NDArray[np.generic]
    gy_per_unit: float
    nodes_mm: FloatArray
    spacing_mm: tuple[float, float]
    axes: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Directed polygon edges, in units of grid columns (u) and rows (v) from the grid's first point.

    ``layer`` says which plane an edge lies in and never falls. In a layer, the region is where the edges wind around
    an odd number of times; outer boundaries are directed so that they count positive.
    """

    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray
    layer: IntArray

    def of_layers(self, layers: IntArray) -> Edges:
        """The edges of some layers, renumbered 0, 1, 2 ... in the order asked for."""
        first = np.searchsorted(self.layer, layers, side="left")
        count = np.searchsorted(self.layer, layers, side="right") - first
        pick = _ranges(first, count)
        return Edges(
            u0=self.u0[pick],
            v0=self.v0[pick],
            u1=self.u1[pick],
            v1=self.v1[pick],
            layer=np.repeat(np.arange(len(layers)), count),
        )

    def area(self, layers: int) -> FloatArray:
        """Signed area of each layer in grid cells; the region's area where no edges cross."""
        sums = np.bincount(self.layer, weights=(self.v1 - self.v0) * (-0.5) * (self.u0 + self.u1), minlength=layers)
        return sums.astype(np.float64, copy=False)

    def __len__(self) -> int:
        return len(self.layer)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrismStack:
    """A structure as right prisms: ``p`` is the region of layer ``layer[p]`` from ``low_mm[p]`` to ``high_mm[p]``.

    ``conventions[p]`` are the `Conventions` under which the prism exists. Prisms of one convention do not overlap.
    """

    edges: Edges
    layers: int
    layer: IntArray
    low_mm: FloatArray
    high_mm: FloatArray
    conventions: IntArray
    findings: tuple[Finding, ...] = ()

    def select(self, keep: npt.NDArray[np.bool_]) -> PrismStack:
        """The prisms where ``keep`` is true."""
        return replace(
            self,
            layer=self.layer[keep],
            low_mm=self.low_mm[keep],
            high_mm=self.high_mm[keep],
            conventions=self.conventions[keep],
        )


def grid_frame(grid: DoseGrid, slab_axis: int) -> GridFrame:
    """The grid seen with its axis ``slab_axis`` (0 = i, 1 = j, 2 = k) as the stacking direction.

    Raises
    ------
    GeometryError
        When frames are not evenly spaced but would have to be rows or columns.
    """
    u, v = [axis for axis in (0, 1, 2) if axis != slab_axis]
    steps = np.diff(grid.offsets_mm)
    even = bool(np.ptp(steps) <= PLANE_TOLERANCE_MM) if len(steps) else True
    if slab_axis != 2 and not even:
        what = "contour planes lie across the dose frames, and the frames are not evenly spaced"
        raise GeometryError(what, mend="export the dose on evenly spaced frames")
    frame_mm = float(np.mean(steps)) if len(steps) else 1.0
    spacing_mm = (*grid.spacing_mm, frame_mm)
    count = grid.stored.shape[2 - slab_axis]
    nodes = grid.offsets_mm if slab_axis == 2 else np.arange(count) * spacing_mm[slab_axis]
    return GridFrame(
        stored=grid.stored.transpose(2 - slab_axis, 2 - v, 2 - u),
        gy_per_unit=grid.gy_per_unit,
        nodes_mm=np.asarray(nodes, dtype=np.float64),
        spacing_mm=(spacing_mm[u], spacing_mm[v]),
        axes=(u, v, slab_axis),
    )


def slab_axis_of(contours: Contours, grid: DoseGrid) -> int:
    """The grid axis (0 = i, 1 = j, 2 = k) that all contours are perpendicular to.

    Raises
    ------
    GeometryError
        When there is none: contour planes are tilted against the dose grid.
    """
    local = (contours.points_mm - grid.origin_mm) @ grid.axes.T
    first = contours.starts[:-1]
    thickness = np.maximum.reduceat(local, first) - np.minimum.reduceat(local, first)
    worst = thickness.max(axis=0)
    for axis in (2, 1, 0):
        if worst[axis] <= TILT_TOLERANCE_MM:
            return axis
    what = f"contour planes are tilted against the dose grid (by {min(worst):.2f} mm or more)"
    raise GeometryError(what, mend="export dose and contours on parallel planes")


def with_area(contours: Contours) -> Contours:
    """The contours of at least three points; fewer enclose no area."""
    counts = np.diff(contours.starts)
    if len(counts) == 0 or counts.min() >= 3:
        return contours
    keep = counts >= 3
    pick = _ranges(contours.starts[:-1][keep], counts[keep])
    starts = np.concatenate([[0], np.cumsum(counts[keep])])
    return Contours(points_mm=contours.points_mm[pick], starts=starts)


def prism_stack(structure: Structure, contours: Contours, grid: DoseGrid, frame: GridFrame) -> PrismStack:
    """The structure as slabs reaching half way to the neighbouring planes, with their end caps.

    A gap larger than `BREAK_FACTOR` times the usual spacing is an end on either side, not bridged, and a finding.
    ``contours`` are those of the structure, at least one, each of at least three points.
    """
    u, v, w = frame.axes
    local = (contours.points_mm - grid.origin_mm) @ grid.axes.T
    first = contours.starts[:-1]
    height = np.add.reduceat(local[:, w], first) / np.diff(contours.starts)
    order, layer_of_contour, planes_mm = _cluster(height)
    edges = _edges(
        local[:, u] / frame.spacing_mm[0], local[:, v] / frame.spacing_mm[1], contours, order, layer_of_contour
    )
    low, high, low_end, high_end, findings = _slabs(structure.name, planes_mm, frame)
    layer, bottom, top, conventions = _with_caps(planes_mm, low, high, low_end, high_end)
    return PrismStack(
        edges=edges,
        layers=len(planes_mm),
        layer=layer,
        low_mm=bottom,
        high_mm=top,
        conventions=conventions,
        findings=findings,
    )


def _cluster(height_mm: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Contours in rising order, the plane of each, and the planes' positions."""
    order = np.argsort(height_mm, kind="stable")
    rising = height_mm[order]
    new_plane = np.concatenate([[True], np.diff(rising) > PLANE_TOLERANCE_MM])
    layer = np.cumsum(new_plane) - 1
    planes = np.bincount(layer, weights=rising) / np.bincount(layer)
    return order, layer, planes


def _slabs(
    name: str, planes_mm: FloatArray, frame: GridFrame
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_], npt.NDArray[np.bool_], tuple[Finding, ...]]:
    """Bottom and top of each plane's slab, whether each is an end, and what was noticed."""
    gaps = np.diff(planes_mm)
    findings: list[Finding] = []
    if len(gaps):
        usual = float(np.median(gaps))
    else:
        usual = float(np.median(np.diff(frame.nodes_mm))) if len(frame.nodes_mm) > 1 else 1.0
        text = f"one contour plane only: taken as {usual:g} mm thick, the spacing of the dose planes"
        findings.append(Finding(code=FindingCode.TOO_FEW_PLANES, text=text, subject=name))
    broken = gaps > BREAK_FACTOR * usual + PLANE_TOLERANCE_MM
    if broken.any():
        widest = f"up to {gaps.max():.1f} mm where {usual:.1f} mm is usual"
        text = f"{int(broken.sum())} gap(s) between contour planes, {widest}: not bridged"
        findings.append(Finding(code=FindingCode.PLANE_GAP, text=text, subject=name))
    end = np.array([True])
    low_end, high_end = np.concatenate([end, broken]), np.concatenate([broken, end])
    half_below = np.concatenate([[np.nan], gaps / 2])
    half_above = np.concatenate([gaps / 2, [np.nan]])
    half_below[low_end] = np.where(high_end, usual / 2, half_above)[low_end]
    half_above[high_end] = np.where(low_end, usual / 2, half_below)[high_end]
    return planes_mm - half_below, planes_mm + half_above, low_end, high_end, tuple(findings)


def _with_caps(
    planes_mm: FloatArray,
    low: FloatArray,
    high: FloatArray,
    low_end: npt.NDArray[np.bool_],
    high_end: npt.NDArray[np.bool_],
) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
    """Slabs cut at end planes, so that each piece belongs to whole conventions: layer, bottom, top, conventions."""
    layer = np.arange(len(planes_mm))
    cap_low = np.maximum(low, planes_mm - CAP_LIMIT_MM)
    cap_high = np.minimum(high, planes_mm + CAP_LIMIT_MM)
    both = Conventions.HALF_SLICE | Conventions.CAPPED
    pieces = [
        (layer, np.where(low_end, planes_mm, low), np.where(high_end, planes_mm, high), Conventions.ALL),
        (layer[low_end], cap_low[low_end], planes_mm[low_end], both),
        (layer[high_end], planes_mm[high_end], cap_high[high_end], both),
        (layer[low_end], low[low_end], cap_low[low_end], Conventions.HALF_SLICE),
        (layer[high_end], cap_high[high_end], high[high_end], Conventions.HALF_SLICE),
    ]
    layers, bottoms, tops = (np.concatenate([piece[i] for piece in pieces]) for i in range(3))
    flags = np.concatenate([np.full(len(piece[0]), int(piece[3])) for piece in pieces])
    real = tops > bottoms
    return layers[real], bottoms[real], tops[real], flags[real]


def _edges(u: FloatArray, v: FloatArray, contours: Contours, order: IntArray, layer_of_contour: IntArray) -> Edges:
    """Edges of the contours in plane order, each loop directed by how many others of its plane enclose it."""
    starts = contours.starts[:-1][order]
    counts = np.diff(contours.starts)[order]
    pick = _ranges(starts, counts)
    u, v = u[pick], v[pick]
    begin = np.concatenate([[0], np.cumsum(counts)])
    after = np.arange(1, len(pick) + 1)
    after[begin[1:] - 1] = begin[:-1]
    u1, v1 = u[after], v[after]
    area = np.add.reduceat((v1 - v) * (-0.5) * (u + u1), begin[:-1])
    inside = _enclosed_odd(u, v, u1, v1, begin, layer_of_contour)
    flip = np.repeat((area < 0) != inside, counts)
    return Edges(
        u0=np.where(flip, u1, u),
        v0=np.where(flip, v1, v),
        u1=np.where(flip, u, u1),
        v1=np.where(flip, v, v1),
        layer=np.repeat(layer_of_contour, counts),
    )


def _enclosed_odd(
    u0: FloatArray, v0: FloatArray, u1: FloatArray, v1: FloatArray, begin: IntArray, layer: IntArray
) -> npt.NDArray[np.bool_]:
    """For each loop, whether an odd number of the other loops of its plane enclose it."""
    inside = np.zeros(len(layer), dtype=bool)
    shared = np.flatnonzero(np.bincount(layer)[layer] > 1)
    if len(shared) == 0:
        return inside
    box = [f.reduceat(x, begin[:-1]) for x in (u0, v0) for f in (np.minimum, np.maximum)]
    for loop in shared:
        # a loop can only be enclosed by loops of its plane whose box contains its box
        near = shared[layer[shared] == layer[loop]]
        holds = (box[0][near] <= box[0][loop]) & (box[1][near] >= box[1][loop])
        holds &= (box[2][near] <= box[2][loop]) & (box[3][near] >= box[3][loop]) & (near != loop)
        for other in near[holds]:
            edge = slice(begin[other], begin[other + 1])
            inside[loop] ^= _mostly_inside(
                u0, v0, begin[loop], begin[loop + 1], (u0[edge], v0[edge], u1[edge], v1[edge])
            )
    return inside


def _mostly_inside(
    u: FloatArray, v: FloatArray, begin: int, end: int, edges: tuple[FloatArray, FloatArray, FloatArray, FloatArray]
) -> bool:
    """Whether most of a few points of a loop lie inside a polygon: loops may touch, so one point can mislead."""
    probe = np.unique(np.linspace(begin, end - 1, 9).astype(int))
    pu, pv = u[probe, None], v[probe, None]
    u0, v0, u1, v1 = edges
    crosses = (v0 > pv) != (v1 > pv)
    rise = np.where(v1 == v0, 1.0, v1 - v0)
    left = crosses & (u0 + (pv - v0) / rise * (u1 - u0) < pu)
    odd = np.count_nonzero(left, axis=1) % 2 == 1
    return bool(2 * np.count_nonzero(odd) > len(probe))


def _ranges(first: IntArray, count: IntArray) -> IntArray:
    """``first[i], first[i] + 1, ...`` (``count[i]`` of them) for every i, concatenated."""
    total = int(count.sum())
    before = np.cumsum(count) - count
    places: IntArray = np.arange(total) + np.repeat(first - before, count)
    return places

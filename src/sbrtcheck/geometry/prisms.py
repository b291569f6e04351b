"""Contours of one structure -> a stack of prisms in the frame of a dose grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntFlag
from itertools import combinations

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.outline import BoolArray, Loops, Outline, crossed_layers, even_odd, joined, ranges
from sbrtcheck.plan import Contours, DoseGrid, Finding, FindingCode, FloatArray, IntArray

PLANE_TOLERANCE_MM = 0.01
"""Contours closer than this along the slab axis lie in one plane: DICOM text often has three decimals."""

TILT_TOLERANCE_MM = 0.1
"""A contour that leaves its plane by more than this is tilted against the dose grid, and refused."""

BREAK_FACTOR = 1.5
"""A gap larger than this times the usual plane spacing separates two parts of a structure."""

CAP_LIMIT_MM = 1.5
"""Thickest end cap under the ``capped`` convention."""


PROBES = 9
"""Corners of a loop that are asked whether they lie inside another."""


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
        pick = ranges(first, count)
        return Edges(
            u0=self.u0[pick],
            v0=self.v0[pick],
            u1=self.u1[pick],
            v1=self.v1[pick],
            layer=np.repeat(np.arange(len(layers)), count),
        )

    @classmethod
    def of(cls, outlines: Sequence[Outline]) -> Edges:
        """The outlines as layers 0, 1, 2 ..."""
        made = joined(outlines)
        layer = np.repeat(np.arange(len(outlines)), [len(o.u0) for o in outlines])
        return cls(u0=made.u0, v0=made.v0, u1=made.u1, v1=made.v1, layer=layer)

    def outline(self, layer: int) -> Outline:
        """The edges of one layer."""
        first, last = np.searchsorted(self.layer, [layer, layer + 1])
        pick = slice(first, last)
        return Outline(u0=self.u0[pick], v0=self.v0[pick], u1=self.u1[pick], v1=self.v1[pick])

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

    def select(self, keep: BoolArray) -> PrismStack:
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


def in_grid(contours: Contours, grid: DoseGrid) -> FloatArray:
    """The contours' points along the grid's axes i, j and k, shape ``(3, points)``, mm from its first point."""
    offset = contours.points_mm - grid.origin_mm
    if np.count_nonzero(grid.axes) > 3:
        return np.ascontiguousarray((offset @ grid.axes.T).T)
    along = np.argmax(np.abs(grid.axes), axis=1)  # each grid axis is a patient axis, forwards or backwards
    signs = grid.axes[np.arange(3), along]
    return np.stack([sign * offset[:, axis] for axis, sign in zip(along, signs, strict=True)])


def slab_axis_of(local_mm: FloatArray, starts: IntArray) -> int:
    """The grid axis (0 = i, 1 = j, 2 = k) that all contours are perpendicular to.

    ``local_mm`` are their points as by `in_grid`; contour ``c`` begins at ``starts[c]``.

    Raises
    ------
    GeometryError
        When there is none: contour planes are tilted against the dose grid.
    """
    tilt = np.inf
    for axis in (2, 1, 0):
        thickness = np.maximum.reduceat(local_mm[axis], starts[:-1]) - np.minimum.reduceat(local_mm[axis], starts[:-1])
        if thickness.max() <= TILT_TOLERANCE_MM:
            return axis
        tilt = min(tilt, float(thickness.max()))
    what = f"contour planes are tilted against the dose grid (by {tilt:.2f} mm or more)"
    raise GeometryError(what, mend="export dose and contours on parallel planes")


def with_area(contours: Contours) -> Contours:
    """The contours of at least three points; fewer enclose no area."""
    counts = np.diff(contours.starts)
    if len(counts) == 0 or counts.min() >= 3:
        return contours
    keep = counts >= 3
    pick = ranges(contours.starts[:-1][keep], counts[keep])
    starts = np.concatenate([[0], np.cumsum(counts[keep])])
    return Contours(points_mm=contours.points_mm[pick], starts=starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planes:
    """The contour planes of a structure, rising: height from the grid's first point, and number of loops in each."""

    height_mm: FloatArray
    loops: IntArray


def prism_stack(name: str, local_mm: FloatArray, starts: IntArray, frame: GridFrame) -> tuple[PrismStack, Planes]:
    """The structure as slabs reaching half way to the neighbouring planes, with their end caps.

    A gap larger than `BREAK_FACTOR` times the usual spacing is an end on either side, not bridged, and a finding.
    The points of the contours, at least one contour and each of at least three points, are ``local_mm`` as by
    `in_grid`; contour ``c`` begins at ``starts[c]``.
    """
    u, v, w = frame.axes
    height = np.add.reduceat(local_mm[w], starts[:-1]) / np.diff(starts)
    order, layer_of_contour, planes_mm = _cluster(height)
    edges = _edges(
        local_mm[u] / frame.spacing_mm[0], local_mm[v] / frame.spacing_mm[1], starts, order, layer_of_contour
    )
    low, high, low_end, high_end, findings = _slabs(name, planes_mm, frame)
    layer, bottom, top, conventions = _with_caps(planes_mm, low, high, low_end, high_end)
    stack = PrismStack(
        edges=edges,
        layers=len(planes_mm),
        layer=layer,
        low_mm=bottom,
        high_mm=top,
        conventions=conventions,
        findings=findings,
    )
    return stack, Planes(height_mm=planes_mm, loops=np.bincount(layer_of_contour))


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
) -> tuple[FloatArray, FloatArray, BoolArray, BoolArray, tuple[Finding, ...]]:
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
    low_end: BoolArray,
    high_end: BoolArray,
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


def _edges(u: FloatArray, v: FloatArray, starts: IntArray, order: IntArray, layer_of_contour: IntArray) -> Edges:
    """Edges of the contours in plane order; those of a plane wind once around its even-odd region."""
    counts = np.diff(starts)[order]
    if np.any(order[1:] < order[:-1]):
        pick = ranges(starts[:-1][order], counts)
        u, v = u[pick], v[pick]
    begin = np.concatenate([[0], np.cumsum(counts)])
    u1, v1 = np.roll(u, -1), np.roll(v, -1)
    u1[begin[1:] - 1], v1[begin[1:] - 1] = u[begin[:-1]], v[begin[:-1]]
    loops = Loops(u0=u, v0=v, u1=u1, v1=v1, begin=begin, layer=layer_of_contour)
    enclosed, near = _nesting(loops)
    area = np.add.reduceat((v1 - v) * (-0.5) * (u + u1), begin[:-1])
    turn = (area < 0) != enclosed
    layer = np.repeat(layer_of_contour, counts)
    if turn.all():
        u, v, u1, v1 = u1, v1, u, v
    elif turn.any():
        flip = np.repeat(turn, counts)
        u, u1 = np.where(flip, u1, u), np.where(flip, u, u1)
        v, v1 = np.where(flip, v1, v), np.where(flip, v, v1)
    edges = Edges(u0=u, v0=v, u1=u1, v1=v1, layer=layer)
    crossed = crossed_layers(loops, near)
    return _disentangled(edges, crossed) if len(crossed) else edges


def _disentangled(edges: Edges, crossed: IntArray) -> Edges:
    """The edges with those of the crossed layers replaced by the outline of their even-odd region."""
    keep = ~np.isin(edges.layer, crossed)
    made = Edges.of([even_odd(edges.outline(int(layer))) for layer in crossed])
    layer = np.concatenate([edges.layer[keep], crossed[made.layer]])
    order = np.argsort(layer, kind="stable")
    u0, v0, u1, v1 = (
        np.concatenate([old[keep], new])[order]
        for old, new in ((edges.u0, made.u0), (edges.v0, made.v0), (edges.u1, made.u1), (edges.v1, made.v1))
    )
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer[order])


def _nesting(loops: Loops) -> tuple[BoolArray, BoolArray]:
    """For each loop, whether an odd number of others of its plane enclose it, and whether any is near it at all."""
    enclosed, near = np.zeros((2, len(loops.layer)), dtype=bool)
    box = [f.reduceat(x, loops.begin[:-1]).tolist() for x in (loops.u0, loops.v0) for f in (np.minimum, np.maximum)]
    u_low, u_high, v_low, v_high = box
    for i, j in _neighbours(loops.layer):
        if u_low[i] > u_high[j] or u_low[j] > u_high[i] or v_low[i] > v_high[j] or v_low[j] > v_high[i]:
            continue
        near[i] = near[j] = True
        for inner, outer in ((i, j), (j, i)):
            if u_low[outer] <= u_low[inner] and u_high[inner] <= u_high[outer]:
                enclosed[inner] ^= _share_inside(loops, inner, outer) > 0.5
    return enclosed, near


def _neighbours(layer: IntArray) -> Iterator[tuple[int, int]]:
    """Pairs of loops of one plane; ``layer`` never falls."""
    first = np.flatnonzero(np.concatenate([[True], np.diff(layer) > 0])).tolist()
    for start, stop in zip(first, [*first[1:], len(layer)], strict=True):
        yield from combinations(range(start, stop), 2)


def _share_inside(loops: Loops, inner: int, outer: int) -> float:
    """The share of some of one loop's corners that lie inside another loop: loops may touch, so one can mislead."""
    probe = np.unique(np.linspace(loops.begin[inner], loops.begin[inner + 1] - 1, PROBES).astype(np.int64))
    other = slice(loops.begin[outer], loops.begin[outer + 1])
    pu, pv = loops.u0[probe, None], loops.v0[probe, None]
    u0, v0, u1, v1 = loops.u0[other], loops.v0[other], loops.u1[other], loops.v1[other]
    crosses = (v0 > pv) != (v1 > pv)
    rise = np.where(v1 == v0, 1.0, v1 - v0)
    left = crosses & (u0 + (pv - v0) / rise * (u1 - u0) < pu)
    return float(np.mean(np.count_nonzero(left, axis=1) % 2 == 1))

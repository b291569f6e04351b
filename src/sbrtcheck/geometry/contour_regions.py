"""Contours of all planes -> the region of each plane, as directed edges that wind around it once.

Most planes have one contour, or a few that nest without meeting. For these the region needs no cutting: a loop that
lies inside an odd number of others is a hole, and it is enough to direct its edges the other way::

      +-------------->------------+
      |    +-----<-----+          |        nesting: outer 0, hole 1, island 2
      ^    v   +->-+   ^          v        direction: clockwise, counter-clockwise, clockwise
      |    |   ^ # v   |          |        area (shoelace): outer - hole + island
      |    |   +-<-+   |          |
      |    +----->-----+          |
      +--------------<------------+

Which loops lie inside which is found for all planes at once (`contour_nesting`). Planes whose loops meet are resolved
one by one (`contour_overlaps`), and their other readings kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.arrays import BoolArray, distinct, is_among, meeting_boxes, ranges
from sbrtcheck.geometry.contour_nesting import Nesting, nesting_of
from sbrtcheck.geometry.contour_overlaps import CombinationRule, Millimetres, PlaneLoops, PlaneRegion, plane_region
from sbrtcheck.geometry.polygon_booleans import combined
from sbrtcheck.geometry.polygons import Edges, Loops, Outline
from sbrtcheck.plan import Finding, FindingCode, FloatArray, IntArray

SAME_CELLS = 1e-3
"""Loops whose corners are nowhere further apart than this, in grid cells, are one loop contoured twice."""

MAX_MEETING_PAIRS = 10_000
"""What two loops that meet are to each other takes 1 to 2 ms. Structures of the published plans that were looked at
have no such pair; this many are no contours of an organ, and more would keep a computer busy for minutes."""

LOST_SHARE = 1e-3
"""Area lost or won where loops overlap is worth a finding from this share of the plane's area on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """The region of each plane as edges that wind around it once, and what else the contours may mean.

    ``readings``: the edges under other readings, with how far each is from ``edges`` in every plane, mm2. ``loops``:
    number of loops in each plane, one that is there twice counted once. ``area_cells``: area of each plane's region, in
    grid cells.
    """

    edges: Edges
    readings: tuple[tuple[Edges, FloatArray], ...]
    loops: IntArray
    area_cells: FloatArray
    findings: tuple[Finding, ...]


def region_edges(
    name: str,
    u: FloatArray,
    v: FloatArray,
    starts: IntArray,
    order: IntArray,
    layer_of_contour: IntArray,
    rule: CombinationRule,
) -> Regions:
    """The regions of the contours, plane by plane.

    ``u`` and ``v`` are the contours' points in grid cells, contour ``c`` begins at ``starts[c]``; ``order`` are the
    contours by rising plane, ``layer_of_contour`` the plane of each in that order. A loop that is there twice, or
    nearly so, counts once. A loop inside another is a hole in it. Loops that overlap in part are united, unless they
    are to be combined by exclusive or; then a finding says so.
    """
    loops, duplicates = _without_duplicates(loops_by_plane(u, v, starts, order, layer_of_contour))
    area = loops.area()
    nesting = nesting_of(loops, np.abs(area), rule.mm)
    _refuse_too_many(nesting)
    enclosed = nesting.enclosed()
    edges = _directed(loops, (area < 0) != enclosed)  # outer loops clockwise, holes the other way
    # area of each plane as nested: loops less their holes; right unless edges cross
    count = np.bincount(loops.layer)
    area_cells: FloatArray = np.zeros(len(count))
    np.add.at(area_cells, loops.layer, np.where(enclosed, -np.abs(area), np.abs(area)))
    if len(nesting.meeting) == 0:
        findings = _duplicates_finding(name, duplicates)
        return Regions(edges=edges, readings=(), loops=count, area_cells=area_cells, findings=findings)
    crossed = distinct(loops.layer[nesting.meeting[:, 0]])
    as_nested = area_cells[crossed]
    resolved = [plane_region(plane, rule) for plane in _planes(loops, area, crossed, nesting)]
    edges = _replaced(edges, crossed, [plane.region for plane in resolved])
    areas = np.array([plane.region.area() for plane in resolved])
    area_cells[crossed] = areas
    count[crossed] -= np.array([plane.copies for plane in resolved])
    findings = _duplicates_finding(name, duplicates + sum(plane.copies for plane in resolved))
    to_others = nesting.meeting[nesting.meeting[:, 0] != nesting.meeting[:, 1], 0]
    by_itself = rule.exclusive_or | ~is_among(crossed, loops.layer[to_others])
    # the shoelace sum counts what a loop goes around twice double: another area tells that edges crossed to some effect
    changed = by_itself & (np.abs(areas - np.abs(as_nested)) > LOST_SHARE * np.maximum(areas, np.abs(as_nested)))
    if changed.any():
        text = f"contours cross themselves or each other on {int(changed.sum())} plane(s)"
        text += ": what an even number of them enclose counts as outside"
        findings = (*findings, Finding(code=FindingCode.OVERLAPPING_CONTOURS, text=text, subject=name))
    return Regions(
        edges=edges,
        readings=_readings(edges, crossed, resolved, len(count), rule.mm),
        loops=count,
        area_cells=area_cells,
        findings=findings,
    )


def _refuse_too_many(nesting: Nesting) -> None:
    pairs = int(np.count_nonzero(nesting.meeting[:, 0] != nesting.meeting[:, 1]))
    if pairs > MAX_MEETING_PAIRS:
        what = f"contours overlap or touch in {pairs:,} pairs; at most {MAX_MEETING_PAIRS:,} are resolved"
        raise GeometryError(what, hint="contour the structure again")


def _duplicates_finding(name: str, duplicates: int) -> tuple[Finding, ...]:
    """What is said of contours that repeat another one; nothing where there are none."""
    if not duplicates:
        return ()
    text = f"{duplicates} contour(s) are in the file twice on their plane, as they are or nearly so; each counts once"
    return (Finding(code=FindingCode.OVERLAPPING_CONTOURS, text=text, subject=name),)


def _planes(loops: Loops, area_cells: FloatArray, layers: IntArray, nesting: Nesting) -> Iterator[PlaneLoops]:
    """The planes of some layers with what of their loops meets, and lies inside what."""
    ends = np.concatenate([layers, layers + 1])
    first, last = np.searchsorted(loops.layer, ends).reshape(2, -1)
    # pairs rise by their first loop, so that those of a plane stand together
    begins, upto = np.searchsorted(nesting.meeting[:, 0], [first, last])
    inside = iter(nesting.others_around(ranges(first, last - first)))
    for start, stop, i, j in zip(first.tolist(), last.tolist(), begins.tolist(), upto.tolist(), strict=True):
        yield PlaneLoops(
            loops=loops,
            start=start,
            stop=stop,
            area_cells=area_cells,
            meeting=nesting.meeting[i:j],
            close=nesting.close[i:j],
            inside=list(islice(inside, stop - start)),
        )


def _readings(
    edges: Edges, crossed: IntArray, resolved: Sequence[PlaneRegion], layers: int, mm: Millimetres
) -> tuple[tuple[Edges, FloatArray], ...]:
    """The other readings that there are: by even-odd, and by nonzero winding."""
    readings = []
    for others in ([plane.even_odd for plane in resolved], [plane.nonzero_winding for plane in resolved]):
        if any(other is not None for other in others):
            differ = np.zeros(layers)
            for layer, other, plane in zip(crossed.tolist(), others, resolved, strict=True):
                if other is not None:
                    differ[layer] = mm.area(combined(other, plane.region, np.logical_xor))
            outlines = [plane.region if other is None else other for other, plane in zip(others, resolved, strict=True)]
            readings.append((_replaced(edges, crossed, outlines), differ))
    return tuple(readings)


def shared_area(edges: Edges, layer: int) -> float:
    """The area that the region of a layer shares with that of the next, as a share of the smaller one's."""
    lower, upper = edges.outline(layer), edges.outline(layer + 1)
    if lower.is_apart_from(upper):
        return 0.0
    smaller = min(lower.area(), upper.area())
    return combined(lower, upper, np.logical_and).area() / smaller if smaller > 0.0 else 0.0


def loops_by_plane(u: FloatArray, v: FloatArray, starts: IntArray, order: IntArray, layer: IntArray) -> Loops:
    """The contours as loops, by rising plane.

    As of `region_edges`: contour ``c`` begins at ``starts[c]``, ``layer`` is the plane of each contour in ``order``.
    """
    counts = np.diff(starts)[order]
    if np.any(order[1:] < order[:-1]):
        pick = ranges(starts[:-1][order], counts)
        u, v = u[pick], v[pick]
    begin = np.concatenate([[0], np.cumsum(counts)])
    # each edge ends where the next begins, the last of a loop where its first does
    u1, v1 = np.roll(u, -1), np.roll(v, -1)
    u1[begin[1:] - 1], v1[begin[1:] - 1] = u[begin[:-1]], v[begin[:-1]]
    return Loops(u0=u, v0=v, u1=u1, v1=v1, begin=begin, layer=layer)


def _without_duplicates(loops: Loops) -> tuple[Loops, int]:
    """The loops without those that repeat another of their plane, and how many these were."""
    first = _first_copies(loops)
    distinct_loops = loops if len(first) == len(loops.layer) else loops.select(first)
    keep = np.ones(len(first), dtype=bool)
    for one, other in _alike(distinct_loops):
        left = keep[one] & keep[other]
        for i, j in sorted(zip(one[left].tolist(), other[left].tolist(), strict=True)):
            if keep[i] and keep[j] and _same(distinct_loops, i, j):
                keep[j] = False
    kept = distinct_loops if keep.all() else distinct_loops.select(np.flatnonzero(keep))
    return kept, len(loops.layer) - len(kept.layer)


def _first_copies(loops: Loops) -> IntArray:
    """Numbers of the loops but exact copies of an earlier one of their plane; thousands cost no more than others."""
    if _one_a_plane(loops):
        return np.arange(len(loops.layer))
    seen: dict[tuple[int, bytes, bytes], int] = {}
    for loop, (layer, start, stop) in enumerate(
        zip(loops.layer.tolist(), loops.begin[:-1].tolist(), loops.begin[1:].tolist(), strict=True)
    ):
        seen.setdefault((layer, loops.u0[start:stop].tobytes(), loops.v0[start:stop].tobytes()), loop)
    return np.fromiter(seen.values(), dtype=np.int64, count=len(seen))


def _one_a_plane(loops: Loops) -> bool:
    return len(loops.layer) == 0 or bool(loops.layer[-1] + 1 == len(loops.layer))


def _alike(loops: Loops) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs of loops of one plane that have as many corners and lie within the same box, some at a time."""
    if _one_a_plane(loops):
        return
    counts = np.diff(loops.begin)
    group = loops.layer * (int(counts.max()) + 1) + counts
    u_low, u_high, v_low, v_high = loops.boxes()
    # the lower left corners of the boxes, as squares that meet where these are next to each other
    for i, j in meeting_boxes(group, u_low, u_low + SAME_CELLS, v_low, v_low + SAME_CELLS):
        same = (np.abs(u_high[i] - u_high[j]) <= SAME_CELLS) & (np.abs(v_high[i] - v_high[j]) <= SAME_CELLS)
        yield np.minimum(i, j)[same], np.maximum(i, j)[same]


def _same(loops: Loops, i: int, j: int) -> bool:
    """Whether two loops of equally many corners have the same ones, wherever they begin and whichever way they go."""
    u_i, u_j, v_i, v_j = (x[loops.begin[loop] : loops.begin[loop + 1]] for x in (loops.u0, loops.v0) for loop in (i, j))
    # the same corners in any order: sorted by place, rounded so that a slip does not change the order
    order_i, order_j = (
        np.lexsort((np.round(v / SAME_CELLS), np.round(u / SAME_CELLS))) for u, v in ((u_i, v_i), (u_j, v_j))
    )
    apart = max(np.abs(u_i[order_i] - u_j[order_j]).max(), np.abs(v_i[order_i] - v_j[order_j]).max())
    return bool(apart <= SAME_CELLS)


def _directed(loops: Loops, turn: BoolArray) -> Edges:
    """The loops' edges, those of loops to be turned in the other direction."""
    counts = np.diff(loops.begin)
    layer = np.repeat(loops.layer, counts)
    u0, v0, u1, v1 = loops.u0, loops.v0, loops.u1, loops.v1
    if turn.all():
        return Edges(u0=u1, v0=v1, u1=u0, v1=v0, layer=layer)
    if turn.any():
        flip = np.repeat(turn, counts)
        u0, u1 = np.where(flip, u1, u0), np.where(flip, u0, u1)
        v0, v1 = np.where(flip, v1, v0), np.where(flip, v0, v1)
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer)


def _replaced(edges: Edges, layers: IntArray, outlines: Sequence[Outline]) -> Edges:
    """The edges with those of some layers replaced by others."""
    keep = ~is_among(edges.layer, layers)
    others = Edges.of(outlines)
    layer = np.concatenate([edges.layer[keep], layers[others.layer]])
    order = np.argsort(layer, kind="stable")
    u0, v0, u1, v1 = (
        np.concatenate([old[keep], new])[order]
        for old, new in (
            (edges.u0, others.u0),
            (edges.v0, others.v0),
            (edges.u1, others.u1),
            (edges.v1, others.v1),
        )
    )
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer[order])

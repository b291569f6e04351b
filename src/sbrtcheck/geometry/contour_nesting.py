"""Loops of all planes -> which of them lie inside which, and which meet.

Whether a loop lies inside another is asked of its corners: a corner lies inside where a ray from it passes an odd
number of edges [1]_. Loops that do not meet need one corner only, and one walk answers for all loops of all planes::

          A           B        from a corner of C to the left: one edge of B, one of A, so C lies inside both;
      +-------+-------------+  two edges of D, so not inside D
      |  +-+  |   +---+     |
      |<-|D|--|<--* C |     |  edges are found by their heights, sorted once: as many steps as there are edges left of
      |  +-+  |   +---+     |  the corners, and not one for every pair of loops
      +-------+-------------+

A loop that meets the other is asked for several corners, for one can mislead; so is one whose corner lies next to an
edge. Two loops that are near no others, one in the other with room between them, are told without any of this
(`contour_rings`).

References
----------
.. [1] M. Shimrat, Algorithm 112: Position of point relative to polygon, Communications of the ACM 5 (1962) 434.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, distinct, is_among, meeting_boxes, runs_of_pairs
from sbrtcheck.geometry.contour_crossings import meeting_loops
from sbrtcheck.geometry.contour_overlaps import Millimetres, may_be_copies
from sbrtcheck.geometry.contour_rings import clearly_inside
from sbrtcheck.geometry.polygons import Loops
from sbrtcheck.plan import FloatArray, IntArray

PROBES = 9
"""Corners of a loop that are asked whether they lie inside another, where one is not enough."""

NEXT_TO_CELLS = 1e-6
"""A corner this near to an edge, in grid cells, may be on either side of it."""

FEW_STEPS = 1 << 16
"""So few edges are passed quickly in any direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nesting:
    """How the loops of each plane lie in one another, and which meet.

    Parameters
    ----------
    inside
        Pairs of a loop and another that it lies inside of, shape ``(n, 2)``, rising.
    meeting
        Pairs of loops that cross, touch, or leave next to nothing between them where one lies in the other; a loop with
        itself where its own edges do. Shape ``(n, 2)``, the lower number first, rising.
    """

    inside: IntArray
    meeting: IntArray

    def enclosed(self, loops: int) -> BoolArray:
        """Whether each of so many loops lies inside an odd number of others."""
        return np.asarray(np.bincount(self.inside[:, 0], minlength=loops) % 2 == 1)


def nesting_of(loops: Loops, area_cells: FloatArray, mm: Millimetres) -> Nesting:
    """Which loops lie inside which, and which meet; ``area_cells`` is the area of each loop, in grid cells."""
    count = len(loops.layer)
    near, may_be_inside, rings = _by_boxes(loops)
    meeting = meeting_loops(loops, near)
    if len(may_be_inside) + len(rings) == 0:
        return Nesting(inside=rings, meeting=meeting)
    inside = rings
    if len(may_be_inside):
        among = _numbers(_inside(loops, may_be_inside, meeting), count)
        inside = _pairs(np.sort(np.concatenate([among, _numbers(rings, count)])), count)
    close = _close(loops, inside, area_cells, mm)
    if len(close):
        meeting = _pairs(
            distinct(np.concatenate([_numbers(meeting, count), _numbers(np.sort(close, axis=1), count)])), count
        )
    return Nesting(inside=inside, meeting=meeting)


def _by_boxes(loops: Loops) -> tuple[BoolArray, IntArray, IntArray]:
    """What the boxes of loops leave open, and what they settle.

    Returns
    -------
    tuple
        Whether each loop may meet another; the numbers of pairs whose first may lie inside the second; and the pairs of
        which this is seen at once (`contour_rings`), rising.
    """
    count = len(loops.layer)
    u_low, u_high, *_ = sides = loops.boxes()
    none = np.zeros(0, dtype=np.int64)
    found = list(meeting_boxes(loops.layer, *sides))
    one, other = (np.concatenate([none, *(pair[k] for pair in found)]) for k in (0, 1))
    # a loop inside another has its box inside the other's box
    first_fits = (u_low[other] <= u_low[one]) & (u_high[one] <= u_high[other])
    second_fits = (u_low[one] <= u_low[other]) & (u_high[other] <= u_high[one])
    partners = np.bincount(np.concatenate([one, other]), minlength=count)
    two_alone = (partners[one] == 1) & (partners[other] == 1) & (first_fits | second_fits)
    inner, outer = np.where(first_fits, one, other), np.where(first_fits, other, one)
    is_ring = np.zeros(len(one), dtype=bool)
    is_ring[two_alone] = clearly_inside(loops, inner[two_alone], outer[two_alone])
    near = np.zeros(count, dtype=bool)
    near[one[~is_ring]] = near[other[~is_ring]] = True
    within = [
        a[fits] * count + b[fits]
        for a, b, fits in ((one, other, first_fits & ~is_ring), (other, one, second_fits & ~is_ring))
    ]
    rings = np.sort(inner[is_ring] * count + outer[is_ring])
    return near, distinct(np.concatenate(within)), _pairs(rings, count)


def _numbers(pairs: IntArray, count: int) -> IntArray:
    """Pairs of ``count`` loops as one number each, to find them again quickly."""
    return pairs[:, 0] * count + pairs[:, 1]


def _pairs(numbers: IntArray, count: int) -> IntArray:
    """The pairs again."""
    return np.stack([numbers // count, numbers % count], axis=1)


def _inside(loops: Loops, may_be: IntArray, meeting: IntArray) -> IntArray:
    """Pairs of a loop and another that it lies inside of, among the numbers of those that may be such."""
    count = len(loops.layer)
    pairs = _pairs(may_be, count)
    asked, others = np.zeros((2, count), dtype=bool)
    asked[pairs[:, 0]] = others[pairs[:, 1]] = True
    corner, edge = loops.begin[:-1][asked], np.flatnonzero(np.repeat(others, np.diff(loops.begin)))
    of_corner = np.flatnonzero(asked)
    of_edge = np.repeat(np.arange(count), np.diff(loops.begin))[edge]
    odd, doubtful = [], [_numbers(meeting, count), _numbers(meeting[:, ::-1], count)]
    for gap, step_corner, step_edge in _rays(loops, corner, edge, of_corner, of_edge):
        number = of_corner[step_corner] * count + of_edge[step_edge]
        odd.append(_odd(number[gap > 0]))
        doubtful.append(distinct(number[np.abs(gap) <= NEXT_TO_CELLS]))
    seen = _odd(np.concatenate(odd)) if odd else np.zeros(0, dtype=np.int64)
    in_doubt = is_among(may_be, np.concatenate(doubtful))
    inside = is_among(may_be, seen)
    inside[in_doubt] = [_share_inside(loops, inner, outer) > 0.5 for inner, outer in pairs[in_doubt].tolist()]
    return pairs[inside]


def _rays(
    loops: Loops, corner: IntArray, edge: IntArray, of_corner: IntArray, of_edge: IntArray
) -> Iterator[tuple[FloatArray, IntArray, IntArray]]:
    """Edges that the line through each corner passes: how far left of it, and which corner and edge; some at a time.

    The line runs along u, or along v where it passes fewer edges.
    """
    layers = loops.layer[of_corner], loops.layer[of_edge]
    lines = _Lines.across(loops.v0[corner], loops.v0[edge], loops.v1[edge], layers)
    along, across = (loops.u0, loops.u1), (loops.v0, loops.v1)
    if lines.steps > FEW_STEPS:
        others = _Lines.across(loops.u0[corner], loops.u0[edge], loops.u1[edge], layers)
        if others.steps < lines.steps:
            lines, along, across = others, across, along
    for passed, place in runs_of_pairs(lines.first, lines.count):
        step_corner, i, j = lines.order[place], corner[lines.order[place]], edge[passed]
        share = (across[0][i] - across[0][j]) / (across[1][j] - across[0][j])
        yield along[0][i] - (along[0][j] + share * (along[1][j] - along[0][j])), step_corner, passed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """Which lines each edge crosses: ``count`` of those in ``order``, from place ``first`` on."""

    order: IntArray
    first: IntArray
    count: IntArray

    @property
    def steps(self) -> int:
        """Crossings of lines and edges in all."""
        return int(self.count.sum())

    @classmethod
    def across(
        cls, height: FloatArray, begin: FloatArray, end: FloatArray, layers: tuple[IntArray, IntArray]
    ) -> _Lines:
        """The level lines at some heights, and edges from one height to another; in the layers of both."""
        rising = np.sort(height)
        ranks = len(rising) + 1
        # heights as whole numbers, which with the layer make one number to sort by
        key = layers[0] * ranks + np.searchsorted(rising, height)
        order = np.argsort(key, kind="stable")
        # an edge crosses the lines from its lower end to below its upper end
        ends = (np.searchsorted(rising, x) for x in (np.minimum(begin, end), np.maximum(begin, end)))
        first, last = (np.searchsorted(key[order], layers[1] * ranks + rank) for rank in ends)
        return cls(order=order, first=first, count=last - first)


def _odd(numbers: IntArray) -> IntArray:
    """Those numbers that are there an odd number of times, rising."""
    rising = np.sort(numbers)
    first = np.flatnonzero(np.concatenate([[True], rising[1:] != rising[:-1]])) if len(rising) else rising
    odd: IntArray = rising[first[np.diff(np.append(first, len(rising))) % 2 == 1]]
    return odd


def _share_inside(loops: Loops, inner: int, outer: int) -> float:
    """The share of some of one loop's corners that lie inside another loop: loops may touch, so one can mislead."""
    corners = int(loops.begin[inner + 1] - loops.begin[inner])
    probes = min(corners, PROBES)
    probe = loops.begin[inner] + np.arange(probes) * (corners - 1) // (probes - 1)
    other = slice(loops.begin[outer], loops.begin[outer + 1])
    u0, v0, u1, v1 = loops.u0[other], loops.v0[other], loops.u1[other], loops.v1[other]
    height = loops.v0[probe, None]
    # edges that pass the height of a corner, and of these the ones left of it: an odd number of them means inside
    of, edge = np.nonzero((v0 > height) != (v1 > height))
    u, v = loops.u0[probe[of]], loops.v0[probe[of]]
    left = u0[edge] + (v - v0[edge]) / (v1[edge] - v0[edge]) * (u1[edge] - u0[edge]) < u
    return float(np.mean(np.bincount(of[left], minlength=probes) % 2 == 1))


def _close(loops: Loops, inside: IntArray, area_cells: FloatArray, mm: Millimetres) -> IntArray:
    """The pairs of a loop inside another that leave so little between them that they may be one loop."""
    inner, outer = inside[:, 0], inside[:, 1]
    around_mm = loops.length_mm(mm.u, mm.v)[outer]
    return inside[may_be_copies(area_cells[inner], area_cells[outer], around_mm, mm)]

"""Pairs of loops -> which of them lies inside the other, by rays.

Whether a loop lies inside another is asked of its corners: a corner lies inside where a ray from it passes an odd
number of edges [1]_. Loops that do not meet need one corner only, and one walk answers for all loops of all planes::

          A           B        from a corner of C to the left: one edge of B, one of A, so C lies inside both;
      +-------+-------------+  two edges of D, so not inside D
      |  +-+  |   +---+     |
      |<-|D|--|<--* C |     |  edges are found by their heights, sorted once: as many steps as there are edges left of
      |  +-+  |   +---+     |  the corners, and not one for every pair of loops
      +-------+-------------+

A loop that meets the other is asked for several corners, for one can mislead; so is one whose corner lies next to an
edge.

References
----------
.. [1] M. Shimrat, Algorithm 112: Position of point relative to polygon, Communications of the ACM 5 (1962) 434.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import distinct, is_among, runs_of_pairs
from sbrtcheck.geometry.polygons import Loops
from sbrtcheck.plan import FloatArray, IntArray

PROBES = 9
"""Corners of a loop that are asked whether they lie inside another, where one is not enough."""

NEXT_TO_CELLS = 1e-6
"""A corner this near to an edge, in grid cells, may be on either side of it."""

FEW_STEPS = 1 << 16
"""So few edges are passed quickly in any direction."""


def numbers_of(pairs: IntArray, count: int) -> IntArray:
    """Pairs of ``count`` loops as one number each, to find them again quickly."""
    return pairs[:, 0] * count + pairs[:, 1]


def pairs_of(numbers: IntArray, count: int) -> IntArray:
    """The pairs again."""
    return np.stack([numbers // count, numbers % count], axis=1)


def pairs_inside(loops: Loops, may_be: IntArray, meeting: IntArray) -> IntArray:
    """Pairs of a loop and another that it lies inside of, among the numbers of those that may be such."""
    count = len(loops.layer)
    pairs = pairs_of(may_be, count)
    asked, others = np.zeros((2, count), dtype=bool)
    asked[pairs[:, 0]] = others[pairs[:, 1]] = True
    corner, edge = loops.begin[:-1][asked], np.flatnonzero(np.repeat(others, np.diff(loops.begin)))
    of_corner = np.flatnonzero(asked)
    of_edge = np.repeat(np.arange(count), np.diff(loops.begin))[edge]
    odd, doubtful = [], [numbers_of(meeting, count), numbers_of(meeting[:, ::-1], count)]
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

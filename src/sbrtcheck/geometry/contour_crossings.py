r"""Contours of all planes -> the pairs of contours that cross or touch each other or themselves.

Nearly all contours are simple, and this has to be seen quickly. Two means, the cheap one first:

1. Turn about the mean of the corners, m. If every edge turns the same way about m, and the edges cross the height of m
   upwards once only, the loop goes around m once and is a graph in polar coordinates: it cannot cross itself::

            2 ----- 1         turn of an edge from a to b = (a - m) x (b - m), twice the signed area of the
           /    m    \        triangle m a b; its sign says which way the edge turns
          3 --------- 0

2. Of the other contours, and of those whose boxes meet, every pair of edges whose boxes meet is tested: two edges have
   a point in common if the ends of each lie on different sides of the other (the sign of the same cross product), or on
   it [1]_. The pairs are found for all planes at once (`meeting_boxes`).

References
----------
.. [1] M. de Berg, O. Cheong, M. van Kreveld, M. Overmars, Computational Geometry: Algorithms and Applications, 3rd
   edition, 2008, chapter 2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, distinct, meeting_boxes
from sbrtcheck.geometry.polygons import Edges, Loops
from sbrtcheck.plan import FloatArray, IntArray

EDGES_AT_ONCE = 1 << 15
"""Planes are searched together until they have about so many edges: some 10 MB."""


def meeting_loops(loops: Loops, near_others: BoolArray) -> IntArray:
    """Pairs of loops with edges that cross, touch or cover each other, other than neighbours in a loop.

    Shape ``(n, 2)``, rising: a loop with itself, or with another of its plane. Most contours are seen to be simple by
    turning about their middle once and never back; only the others, and those near another loop, are searched edge by
    edge.
    """
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    for first, last in _runs_of_planes(loops):
        searched = near_others[first:last] | ~_turns_about_its_middle(loops.part(first, last))
        which = first + np.flatnonzero(searched)
        if len(which):
            pairs.append(which[_meeting(loops.select(which))])
    return np.concatenate(pairs)


def _runs_of_planes(loops: Loops) -> Iterator[tuple[int, int]]:
    """First and last loop, exclusive, of planes that have about `EDGES_AT_ONCE` edges together."""
    begins = np.flatnonzero(np.diff(loops.layer, prepend=-1))  # the first loop of each plane
    first, count = 0, len(loops.layer)
    while first < count:
        after = np.searchsorted(loops.begin[begins], loops.begin[first] + EDGES_AT_ONCE, side="right")
        last = int(begins[after]) if after < len(begins) else count
        yield first, last
        first = last


def _meeting(loops: Loops) -> IntArray:
    """The same of loops that are all searched."""
    count = np.diff(loops.begin)
    moves = np.flatnonzero((loops.u0 != loops.u1) | (loops.v0 != loops.v1))
    loop = np.repeat(np.arange(len(count)), count)[moves]
    if len(loop) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    # the edge after each in its loop, points drawn twice left out: the next one, or after the last the first
    begins = np.flatnonzero(np.concatenate([[True], loop[1:] != loop[:-1]]))
    following = np.arange(1, len(loop) + 1)
    following[np.append(begins[1:], len(loop)) - 1] = begins
    u0, v0, u1, v1 = (x[moves] for x in (loops.u0, loops.v0, loops.u1, loops.v1))
    sides = np.minimum(u0, u1), np.maximum(u0, u1), np.minimum(v0, v1), np.maximum(v0, v1)
    edges = Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=loops.layer[loop] - loops.layer[0])
    pairs: list[IntArray] = []
    for one, other in meeting_boxes(edges.layer, *sides):
        # an edge and the next one of its loop share a corner, which is no crossing
        apart = (following[one] != other) & (following[other] != one)
        meet = _cross(edges, one[apart], other[apart])
        i, j = loop[one[apart][meet]], loop[other[apart][meet]]
        # a pair of loops as one number, to tell pairs apart quickly
        pairs.append(distinct(np.minimum(i, j) * len(count) + np.maximum(i, j)))
    pair = distinct(np.concatenate(pairs))
    return np.stack([pair // len(count), pair % len(count)], axis=1)


def _turns_about_its_middle(loops: Loops) -> BoolArray:
    """Whether each loop goes around the mean of its corners once, never turning back: then it cannot cross itself."""
    first = loops.begin[:-1]
    count = np.diff(loops.begin)
    u = np.repeat(np.add.reduceat(loops.u0, first) / count, count)
    v = np.repeat(np.add.reduceat(loops.v0, first) / count, count)
    # cross product of the lines from the middle to both ends of each edge
    turn = (loops.u0 - u) * (loops.v1 - v) - (loops.v0 - v) * (loops.u1 - u)
    one_way = (np.minimum.reduceat(turn, first) > 0) | (np.maximum.reduceat(turn, first) < 0)
    rounds = np.add.reduceat(((loops.v0 <= v) & (loops.v1 > v)).astype(np.int64), first)
    return np.asarray(one_way & (rounds == 1))


def _cross(edges: Edges, i: IntArray, j: IntArray) -> BoolArray:
    """Whether edges ``i`` and ``j``, whose boxes meet, have a point in common."""
    u0, v0, u1, v1 = edges.u0, edges.v0, edges.u1, edges.v1

    # on which side of edge ``a`` a point lies: the sign of a cross product, 0 on its line
    def side(a: IntArray, u: FloatArray, v: FloatArray) -> FloatArray:
        return (u1[a] - u0[a]) * (v - v0[a]) - (v1[a] - v0[a]) * (u - u0[a])

    return np.asarray(
        (side(i, u0[j], v0[j]) * side(i, u1[j], v1[j]) <= 0) & (side(j, u0[i], v0[i]) * side(j, u1[i], v1[i]) <= 0)
    )

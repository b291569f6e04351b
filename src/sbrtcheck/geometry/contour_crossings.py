r"""Contours of all planes -> the planes in which contours cross or touch themselves or each other.

Nearly all contours are simple, and this has to be seen quickly. Two means, the cheap one first:

1. Turn about the mean of the corners, m. If every edge turns the same way about m, and the edges cross the height of m
   upwards once only, the loop goes around m once and is a graph in polar coordinates: it cannot cross itself::

            2 ----- 1         turn of an edge from a to b = (a - m) x (b - m), twice the signed area of the
           /    m    \        triangle m a b; its sign says which way the edge turns
          3 --------- 0

2. Of the other contours, and of those whose boxes meet, every pair of edges whose boxes meet is tested: two edges have
   a point in common if the ends of each lie on different sides of the other (the sign of the same cross product), or on
   it [1]_. To find the pairs, the edges of all planes are sorted by height at once; each plane gets a range of heights
   of its own.

References
----------
.. [1] M. de Berg, O. Cheong, M. van Kreveld, M. Overmars, Computational Geometry: Algorithms and Applications, 3rd
   edition, 2008, chapter 2.
"""

from __future__ import annotations

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, distinct, overlapping_intervals
from sbrtcheck.geometry.polygons import Loops
from sbrtcheck.plan import FloatArray, IntArray


def layers_with_crossings(loops: Loops, near_others: BoolArray) -> tuple[IntArray, IntArray]:
    """The planes in which an edge crosses, touches or covers another, other than its neighbours in the loop.

    With them the pairs of loops whose edges do, shape ``(n, 2)``, rising: a loop with itself, or with another.

    Most contours are seen to be simple by turning about their middle once and never back; only the others, and those
    near another loop, are searched edge by edge.
    """
    searched = distinct(loops.layer[near_others | ~_turns_about_its_middle(loops)])
    no_pairs = np.zeros((0, 2), dtype=np.int64)
    if len(searched) == 0:
        return searched, no_pairs
    count = np.diff(loops.begin)
    moves = (loops.u0 != loops.u1) | (loops.v0 != loops.v1)
    edge = np.flatnonzero(np.repeat(np.isin(loops.layer, searched), count) & moves)
    if len(edge) == 0:
        return edge, no_pairs
    of_loop = np.repeat(np.arange(len(count)), count)
    layer = loops.layer[of_loop[edge]]
    number = np.cumsum(moves)  # along the loops, points drawn twice left out
    last = np.repeat(number[loops.begin[1:] - 1], count)
    first_of = np.repeat(np.concatenate([[0], number[loops.begin[1:-1] - 1]]) + 1, count)
    following = np.where(number == last, first_of, number + 1)
    # sweeping upwards through all planes at once: a plane's edges lie in a height range of their own
    low, high = np.minimum(loops.v0, loops.v1)[edge], np.maximum(loops.v0, loops.v1)[edge]
    tall = float(high.max() - low.min()) + 1.0
    low, high = low + layer * tall, high + layer * tall
    order = np.argsort(low, kind="stable")
    edge, low, high, layer = edge[order], low[order], high[order], layer[order]
    left, right = np.minimum(loops.u0, loops.u1)[edge], np.maximum(loops.u0, loops.u1)[edge]
    meeting_layers: list[IntArray] = []
    pairs: list[IntArray] = []
    for lower, upper in overlapping_intervals(low, high):
        meet = (left[lower] <= right[upper]) & (left[upper] <= right[lower])
        first, second = lower[meet], upper[meet]
        i, j = edge[first], edge[second]
        # an edge and the next one of its loop share a corner, which is no crossing
        neighbours = (following[i] == number[j]) | (following[j] == number[i])
        candidate, i, j = first[~neighbours], i[~neighbours], j[~neighbours]
        meet = _cross(loops, i, j)
        meeting_layers.append(layer[candidate[meet]])
        i, j = of_loop[i[meet]], of_loop[j[meet]]
        # a pair of loops as one number, to tell pairs apart quickly
        pairs.append(np.minimum(i, j) * len(count) + np.maximum(i, j))
    pair = distinct(np.concatenate(pairs))
    return distinct(np.concatenate(meeting_layers)), np.stack([pair // len(count), pair % len(count)], axis=1)


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


def _cross(loops: Loops, i: IntArray, j: IntArray) -> BoolArray:
    """Whether edges ``i`` and ``j``, whose boxes meet, have a point in common."""
    u0, v0, u1, v1 = loops.u0, loops.v0, loops.u1, loops.v1

    # on which side of edge ``a`` a point lies: the sign of a cross product, 0 on its line
    def side(a: IntArray, u: FloatArray, v: FloatArray) -> FloatArray:
        return (u1[a] - u0[a]) * (v - v0[a]) - (v1[a] - v0[a]) * (u - u0[a])

    return np.asarray(
        (side(i, u0[j], v0[j]) * side(i, u1[j], v1[j]) <= 0) & (side(j, u0[i], v0[i]) * side(j, u1[i], v1[i]) <= 0)
    )

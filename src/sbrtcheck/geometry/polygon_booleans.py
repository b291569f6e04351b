"""Regions of one plane, by edges that may cross -> their union, difference or nesting, by edges that do not cross.

All edges are cut into horizontal strips, at every corner and at every crossing. In a strip no edge begins, ends or
crosses another, so the pieces have an order from left to right, and one walk along it tells what each gap lies inside
of. A piece belongs to the result where the answer differs on its two sides::

        +-------+          one strip, from left to right:     A      B      A      B
        |   A   |                                             |      |      |      |
        |   +---+---+      rule "A or B":                 out |  in  |  in  |  in  | out
        +---+---+   |                                         ^                    ^
            |   B   |      the answer changes at these two only, which stay
            +-------+

This is the idea of sweeping a line across a plane [1]_, done for all strips at once with sorted arrays. Two rules say
what a loop encloses, and both are sums along the walk [2]_: even-odd (the number of edges passed is odd) and nonzero
winding (edges that run up, less those that run down, are not zero). They differ where a loop goes around twice.

Pairs of edges that may cross are those whose boxes meet; two straight edges ``u = a_i + r_i v`` cross at
``v = (a_j - a_i) / (r_i - r_j)``.

References
----------
.. [1] M. I. Shamos, D. Hoey, Geometric intersection problems, 17th Annual Symposium on Foundations of Computer Science,
   1976, 208-215.
.. [2] J. D. Foley, A. van Dam, S. K. Feiner, J. F. Hughes, Computer Graphics: Principles and Practice, 2nd edition,
   1990.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.arrays import BoolArray, distinct, meeting_boxes, ranges
from sbrtcheck.geometry.polygons import NOTHING, Outline
from sbrtcheck.plan import FloatArray, IntArray

BooleanRule = Callable[[BoolArray, BoolArray], BoolArray]
"""Inside a, inside b -> inside the result: a logical function of numpy."""

THINNEST_STRIP = 1e-9
"""Strips between polygon corners thinner than this, in grid rows, enclose nothing."""

MAX_PIECES = 1 << 22
"""A region cut into more pieces than this is no contour that anybody drew."""


def even_odd(outline: Outline) -> Outline:
    """The even-odd region of edges that may cross: its edges do not, and wind around it once."""
    cut = _in_strips(outline.u0, outline.v0, outline.u1, outline.v1)
    if cut is None:
        return NOTHING
    return cut.where_changes(*_parity(np.ones(len(cut.edge), dtype=bool), cut.strip))


def combined(a: Outline, b: Outline, rule: BooleanRule) -> Outline:
    """The even-odd regions of two outlines combined."""
    cut = _in_strips(*(np.concatenate([getattr(a, end), getattr(b, end)]) for end in ("u0", "v0", "u1", "v1")))
    if cut is None:
        return NOTHING
    of_a = cut.edge < len(a.u0)
    # inside a, left and right of each piece: has the walk from the left passed an odd number of edges of a?
    before_a, after_a = _parity(of_a, cut.strip)
    before_b, after_b = _parity(~of_a, cut.strip)
    return cut.where_changes(rule(before_a, before_b), rule(after_a, after_b))


def levelled(
    outline: Outline, loop: IntArray, level: IntArray, *, ground: int = -1, nonzero_winding: bool = False
) -> Outline:
    """The region of loops on levels, as if each were painted in turn: an even level fills, an odd one clears.

    A place belongs to the region when the highest level of the loops around it is even. Edge ``i`` belongs to
    ``loop[i]``, which lies on ``level[loop[i]]``. A loop is around what it winds around an odd number of times; or,
    with ``nonzero_winding``, any number of times but none. ``ground`` is the level of what lies around all of them, -1
    for nothing; a loop on a level no higher changes nothing.
    """
    cut = _in_strips(outline.u0, outline.v0, outline.u1, outline.v1)
    if cut is None:
        return NOTHING
    change = cut.entered(loop, nonzero_winding=nonzero_winding)
    before, after = np.full((2, len(change)), ground % 2 == 0)
    for painted in distinct(level[level > ground]).tolist():  # rising: a higher level paints over what is below
        own = np.where(level[loop[cut.edge]] == painted, change, 0)
        upto = _within_strip(own, cut.strip)  # loops of this level around what lies right of each piece
        fills = painted % 2 == 0
        before, after = np.where(upto > own, fills, before), np.where(upto > 0, fills, after)
    return cut.where_changes(before, after)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Strips:
    """Edges cut at the borders of horizontal strips in which none cross, strip by strip and each from left to right.

    ``edge``: which edge of the outline a piece is of, and ``down`` whether that runs down. ``marks`` are level edges.
    """

    edge: IntArray
    strip: IntArray
    down: BoolArray
    at_bottom: FloatArray
    at_top: FloatArray
    bottom: FloatArray
    top: FloatArray
    marks: Outline

    def where_changes(self, before: BoolArray, after: BoolArray) -> Outline:
        """The pieces with a region on one side only: ``before``, left of each, or ``after``, right of it."""
        change = np.flatnonzero(before != after)
        if len(change) == 0:
            return NOTHING
        enters = after[change]
        bottom, top, at_bottom, at_top = (x[change] for x in (self.bottom, self.top, self.at_bottom, self.at_top))
        return Outline(
            u0=np.concatenate([np.where(enters, at_bottom, at_top), self.marks.u0]),
            v0=np.concatenate([np.where(enters, bottom, top), self.marks.v0]),
            u1=np.concatenate([np.where(enters, at_top, at_bottom), self.marks.u1]),
            v1=np.concatenate([np.where(enters, top, bottom), self.marks.v1]),
        )

    def entered(self, loop: IntArray, *, nonzero_winding: bool) -> IntArray:
        """For each piece 1 where its loop is around what lies right of it only, -1 where left of it only, else 0."""
        of = loop[self.edge]
        # a walk of its own for each loop in each strip; lexsort is stable: still from left to right
        order = np.lexsort((of, self.strip))
        group = self.strip[order] * (int(of.max()) + 1) + of[order]
        turn = np.where(self.down[order], -1, 1) if nonzero_winding else np.ones(len(order), dtype=np.int64)
        after = _within_strip(turn, group)
        before = after - turn
        around = (after != 0, before != 0) if nonzero_winding else (after % 2 == 1, before % 2 == 1)
        change = np.empty(len(order), dtype=np.int64)
        change[order] = around[0].astype(np.int64) - around[1]
        return change


def _in_strips(u0: FloatArray, v0: FloatArray, u1: FloatArray, v1: FloatArray) -> _Strips | None:
    """Edges cut into horizontal strips at every corner and every crossing.

    Inside a strip edges do not cross, and each is entered in order from left to right; a region's edges are those where
    the answer changes. Level edges enclose nothing between themselves and the right, but stay: they mark where a region
    ends. None where nothing is enclosed.
    """
    sloped = np.abs(v1 - v0) > THINNEST_STRIP
    flat = ~sloped
    marks = Outline(u0=u0[flat], v0=v0[flat], u1=u1[flat], v1=v0[flat])
    number = np.flatnonzero(sloped)
    down = (v0 > v1)[sloped]
    u0, v0, u1, v1 = u0[sloped], v0[sloped], u1[sloped], v1[sloped]
    u0, u1 = np.where(down, u1, u0), np.where(down, u0, u1)
    v0, v1 = np.where(down, v1, v0), np.where(down, v0, v1)
    if len(u0) == 0:
        return None
    crossings = _crossings(u0, v0, u1, v1)
    levels = distinct(np.concatenate([v0, v1, crossings]))
    levels = levels[np.concatenate([[True], np.diff(levels) > THINNEST_STRIP])]
    first, last = np.searchsorted(levels, v0 - THINNEST_STRIP), np.searchsorted(levels, v1 - THINNEST_STRIP)
    count = np.maximum(last - first, 0)
    if (pieces := int(count.sum())) > MAX_PIECES:
        what = f"contours of one plane that cross themselves or each other fall into {pieces:,} pieces"
        what += f" with {len(crossings):,} crossings; at most {MAX_PIECES:,} pieces are computed"
        raise GeometryError(what, hint="contour the structure again")
    # pieces: each edge once in every strip that it passes
    strip, edge = ranges(first, count), np.repeat(np.arange(len(u0)), count)
    if len(edge) == 0:
        return None
    slope = ((u1 - u0) / (v1 - v0))[edge]
    bottom, top = levels[strip], levels[strip + 1]
    ub, ut = u0[edge] + (bottom - v0[edge]) * slope, u0[edge] + (top - v0[edge]) * slope
    order = np.lexsort((ub + ut, strip))  # pieces of a strip do not cross: the order of their middles is that of all
    edge = edge[order]
    return _Strips(
        edge=number[edge],
        strip=strip[order],
        down=down[edge],
        at_bottom=ub[order],
        at_top=ut[order],
        bottom=bottom[order],
        top=top[order],
        marks=marks,
    )


def _parity(own: BoolArray, strip: IntArray) -> tuple[BoolArray, BoolArray]:
    """Whether an odd number of one's own edges lie left of each edge of a strip: without it, and with it."""
    within = _within_strip(own.astype(np.int64), strip)
    odd_before, odd_after = (within - own) % 2 == 1, within % 2 == 1
    return np.asarray(odd_before), np.asarray(odd_after)


def _within_strip(values: IntArray, strip: IntArray) -> IntArray:
    """Running sums that begin anew in each strip; the values of a strip stand together."""
    upto: IntArray = np.cumsum(values)
    begins = np.concatenate([[True], np.diff(strip) != 0])
    at_begin: IntArray = (upto - values)[begins]
    within: IntArray = upto - np.repeat(at_begin, np.diff(np.concatenate([np.flatnonzero(begins), [len(strip)]])))
    return within


def _crossings(u0: FloatArray, v0: FloatArray, u1: FloatArray, v1: FloatArray) -> FloatArray:
    """Heights at which two of the edges (each directed upwards) cross."""
    run = (u1 - u0) / (v1 - v0)  # along an edge, u = u0 + run (v - v0)
    heights = [np.zeros(0)]
    one_plane = np.zeros(len(u0), dtype=np.int64)
    for first, second in meeting_boxes(one_plane, np.minimum(u0, u1), np.maximum(u0, u1), v0, v1):
        slanted = run[first] != run[second]
        i, j = first[slanted], second[slanted]
        height = ((u0[j] - run[j] * v0[j]) - (u0[i] - run[i] * v0[i])) / (run[i] - run[j])
        heights.append(height[(height > np.maximum(v0[i], v0[j])) & (height < np.minimum(v1[i], v1[j]))])
    return np.concatenate(heights)

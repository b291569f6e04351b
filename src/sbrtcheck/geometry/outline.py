"""Polygon edges of one plane -> the edges of a region that nothing crosses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import GeometryError
from sbrtcheck.plan import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]
Rule = Callable[[BoolArray, BoolArray], BoolArray]
_Number = TypeVar("_Number", bound=np.generic)

THINNEST_STRIP = 1e-9
"""Strips between polygon corners thinner than this, in grid rows, enclose nothing."""

MAX_PIECES = 1 << 22
"""A region cut into more pieces than this is no contour that anybody drew."""

PAIRS_AT_ONCE = 1 << 16
"""Pairs of edges compared at once: memory for so many is at hand, for more it is asked from the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The edges of one region."""

    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray

    def is_apart_from(self, other: Outline) -> bool:
        """Whether the boxes around two outlines do not touch, or one has no edges."""
        if len(self.u0) == 0 or len(other.u0) == 0:
            return True
        return bool(
            self.u0.max() < other.u0.min()
            or other.u0.max() < self.u0.min()
            or self.v0.max() < other.v0.min()
            or other.v0.max() < self.v0.min()
        )

    def area(self) -> float:
        """Area, in grid cells, of the region around which the edges wind once."""
        return abs(float(np.sum((self.v1 - self.v0) * (-0.5) * (self.u0 + self.u1))))


def joined(outlines: Sequence[Outline]) -> Outline:
    """The edges of several outlines that have no point in common."""
    u0, v0, u1, v1 = (
        np.concatenate([np.zeros(0), *(getattr(o, name) for o in outlines)]) for name in ("u0", "v0", "u1", "v1")
    )
    return Outline(u0=u0, v0=v0, u1=u1, v1=v1)


NOTHING = Outline(u0=np.zeros(0), v0=np.zeros(0), u1=np.zeros(0), v1=np.zeros(0))


def even_odd(outline: Outline) -> Outline:
    """The even-odd region of edges that may cross: its edges do not, and wind around it once."""
    return combined(outline, NOTHING, np.logical_or)


def combined(a: Outline, b: Outline, rule: Rule) -> Outline:
    """The even-odd regions of two outlines combined."""
    cut = _in_strips(*(np.concatenate([getattr(a, end), getattr(b, end)]) for end in ("u0", "v0", "u1", "v1")))
    if cut is None:
        return NOTHING
    of_a = cut.edge < len(a.u0)
    before_a, after_a = _parity(of_a, cut.strip)
    before_b, after_b = _parity(~of_a, cut.strip)
    return cut.where_changes(rule(before_a, before_b), rule(after_a, after_b))


def levelled(outline: Outline, loop: IntArray, level: IntArray, *, wound: bool = False) -> Outline:
    """The region of loops on levels, as if each were painted in turn: an even level fills, an odd one clears.

    A place belongs to the region when the highest level of the loops around it is even. Edge ``i`` belongs to
    ``loop[i]``, which lies on ``level[loop[i]]``. A loop is around what it winds around an odd number of times; or,
    with ``wound``, any number of times but none.
    """
    cut = _in_strips(outline.u0, outline.v0, outline.u1, outline.v1)
    if cut is None:
        return NOTHING
    change = cut.entered(loop, wound=wound)
    before, after = np.zeros((2, len(change)), dtype=bool)
    for one in distinct(level).tolist():
        mine = np.where(level[loop[cut.edge]] == one, change, 0)
        upto = _within_strip(mine, cut.strip)
        before, after = np.where(upto > mine, one % 2 == 0, before), np.where(upto > 0, one % 2 == 0, after)
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

    def entered(self, loop: IntArray, *, wound: bool) -> IntArray:
        """For each piece 1 where its loop is around what lies right of it only, -1 where left of it only, else 0."""
        of = loop[self.edge]
        order = np.lexsort((of, self.strip))  # stable: still from left to right in each loop
        group = self.strip[order] * (int(of.max()) + 1) + of[order]
        turn = np.where(self.down[order], -1, 1) if wound else np.ones(len(order), dtype=np.int64)
        after = _within_strip(turn, group)
        before = after - turn
        around = (after != 0, before != 0) if wound else (after % 2 == 1, before % 2 == 1)
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
    levels = distinct(np.concatenate([v0, v1, _crossings(u0, v0, u1, v1)]))
    levels = levels[np.concatenate([[True], np.diff(levels) > THINNEST_STRIP])]
    first, last = np.searchsorted(levels, v0 - THINNEST_STRIP), np.searchsorted(levels, v1 - THINNEST_STRIP)
    count = np.maximum(last - first, 0)
    if int(count.sum()) > MAX_PIECES:
        what = f"contours cross themselves or each other {len(levels) - len(u0)} times or more on one plane"
        raise GeometryError(what, hint="draw the contour again")
    strip, edge = ranges(first, count), np.repeat(np.arange(len(u0)), count)
    if len(edge) == 0:
        return None
    slope = ((u1 - u0) / (v1 - v0))[edge]
    bottom, top = levels[strip], levels[strip + 1]
    ub, ut = u0[edge] + (bottom - v0[edge]) * slope, u0[edge] + (top - v0[edge]) * slope
    order = np.lexsort((ub + ut, strip))
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


def _parity(mine: BoolArray, strip: IntArray) -> tuple[BoolArray, BoolArray]:
    """Whether an odd number of one's own edges lie left of each edge of a strip: without it, and with it."""
    within = _within_strip(mine.astype(np.int64), strip)
    odd_before, odd_after = (within - mine) % 2 == 1, within % 2 == 1
    return np.asarray(odd_before), np.asarray(odd_after)


def _within_strip(values: IntArray, strip: IntArray) -> IntArray:
    """Running sums that begin anew in each strip; those of a strip come together."""
    upto: IntArray = np.cumsum(values)
    begins = np.concatenate([[True], np.diff(strip) != 0])
    at_begin: IntArray = (upto - values)[begins]
    within: IntArray = upto - np.repeat(at_begin, np.diff(np.concatenate([np.flatnonzero(begins), [len(strip)]])))
    return within


def _crossings(u0: FloatArray, v0: FloatArray, u1: FloatArray, v1: FloatArray) -> FloatArray:
    """Heights at which two of the edges (each directed upwards) cross."""
    order = np.argsort(v0, kind="stable")
    u0, v0, u1, v1 = u0[order], v0[order], u1[order], v1[order]
    run = (u1 - u0) / (v1 - v0)
    left, right = np.minimum(u0, u1), np.maximum(u0, u1)
    found = []
    for first, second in _overlapping(v0, v1):
        near = (left[first] <= right[second]) & (left[second] <= right[first]) & (run[first] != run[second])
        i, j = first[near], second[near]
        height = ((u0[j] - run[j] * v0[j]) - (u0[i] - run[i] * v0[i])) / (run[i] - run[j])
        found.append(height[(height > np.maximum(v0[i], v0[j])) & (height < np.minimum(v1[i], v1[j]))])
    return np.concatenate(found)


def _overlapping(low: FloatArray, high: FloatArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs of intervals that have a point in common, some at a time; ``low`` never falls."""
    place = np.arange(len(low))
    meets = np.searchsorted(low, high, side="right") - place - 1
    step = max(int(PAIRS_AT_ONCE // max(float(meets.mean()), 1.0)), 1)
    for start in range(0, len(low), step):
        some = slice(start, start + step)
        yield np.repeat(place[some], meets[some]), ranges(place[some] + 1, meets[some])


@dataclass(frozen=True, slots=True, kw_only=True)
class Loops:
    """Closed loops: loop ``i`` has the edges ``begin[i] .. begin[i + 1]`` and lies in plane ``layer[i]``."""

    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray
    begin: IntArray
    layer: IntArray

    def outline(self, first: int, last: int) -> Outline:
        """The edges of the loops from ``first`` to before ``last``."""
        pick = slice(self.begin[first], self.begin[last])
        return Outline(u0=self.u0[pick], v0=self.v0[pick], u1=self.u1[pick], v1=self.v1[pick])


def crossed_layers(loops: Loops, near_others: BoolArray) -> tuple[IntArray, IntArray]:
    """The planes in which an edge crosses, touches or covers another, other than its neighbours in the loop.

    With them the pairs of loops whose edges do, shape ``(n, 2)``, rising: a loop with itself, or with another.

    Most contours are seen to be simple by turning about their middle once and never back; only the others, and those
    near another loop, are searched edge by edge.
    """
    doubtful = distinct(loops.layer[near_others | ~_turns_about_its_middle(loops)])
    no_pairs = np.zeros((0, 2), dtype=np.int64)
    if len(doubtful) == 0:
        return doubtful, no_pairs
    count = np.diff(loops.begin)
    moves = (loops.u0 != loops.u1) | (loops.v0 != loops.v1)
    edge = np.flatnonzero(np.repeat(np.isin(loops.layer, doubtful), count) & moves)
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
    found: list[IntArray] = []
    pairs: list[IntArray] = []
    for one, other in _overlapping(low, high):
        meet = (left[one] <= right[other]) & (left[other] <= right[one])
        first, second = one[meet], other[meet]
        i, j = edge[first], edge[second]
        neighbours = (following[i] == number[j]) | (following[j] == number[i])
        mine, i, j = first[~neighbours], i[~neighbours], j[~neighbours]
        meet = _cross(loops, i, j)
        found.append(layer[mine[meet]])
        i, j = of_loop[i[meet]], of_loop[j[meet]]
        pairs.append(np.minimum(i, j) * len(count) + np.maximum(i, j))
    pair = distinct(np.concatenate(pairs))
    return distinct(np.concatenate(found)), np.stack([pair // len(count), pair % len(count)], axis=1)


def _turns_about_its_middle(loops: Loops) -> BoolArray:
    """Whether each loop goes around the mean of its corners once, never turning back: then it cannot cross itself."""
    first = loops.begin[:-1]
    count = np.diff(loops.begin)
    u = np.repeat(np.add.reduceat(loops.u0, first) / count, count)
    v = np.repeat(np.add.reduceat(loops.v0, first) / count, count)
    turn = (loops.u0 - u) * (loops.v1 - v) - (loops.v0 - v) * (loops.u1 - u)
    one_way = (np.minimum.reduceat(turn, first) > 0) | (np.maximum.reduceat(turn, first) < 0)
    rounds = np.add.reduceat(((loops.v0 <= v) & (loops.v1 > v)).astype(np.int64), first)
    return np.asarray(one_way & (rounds == 1))


def _cross(loops: Loops, i: IntArray, j: IntArray) -> BoolArray:
    """Whether edges ``i`` and ``j``, whose boxes meet, have a point in common."""
    u0, v0, u1, v1 = loops.u0, loops.v0, loops.u1, loops.v1

    def side(a: IntArray, u: FloatArray, v: FloatArray) -> FloatArray:
        return (u1[a] - u0[a]) * (v - v0[a]) - (v1[a] - v0[a]) * (u - u0[a])

    return np.asarray(
        (side(i, u0[j], v0[j]) * side(i, u1[j], v1[j]) <= 0) & (side(j, u0[i], v0[i]) * side(j, u1[i], v1[i]) <= 0)
    )


def ranges(first: IntArray, count: IntArray) -> IntArray:
    """``first[i], first[i] + 1, ...`` (``count[i]`` of them) for every i, concatenated."""
    total = int(count.sum())
    before = np.cumsum(count) - count
    places: IntArray = np.arange(total) + np.repeat(first - before, count)
    return places


def distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Each of some numbers once, rising: what `np.unique` gives, which imports numpy.ma, 15 ms at each start."""
    rising = np.sort(values, axis=None)
    first = np.ones(len(rising), dtype=bool)
    np.not_equal(rising[1:], rising[:-1], out=first[1:])
    return rising[first]


def median(values: FloatArray) -> float:
    """The median of some numbers, as `np.median` gives it, without numpy.ma as well."""
    rising = np.sort(values)
    half = len(rising) // 2
    return float((rising[half] + rising[~half]) / 2)

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

MOST_PIECES = 1 << 22
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
    """The even-odd regions of two outlines combined.

    The plane is cut into horizontal strips at every corner and every crossing, so that inside a strip edges do not
    cross and each is entered in order from left to right; an edge is kept where the answer changes. Level edges
    enclose nothing between themselves and the right, but stay: they mark where a region ends.
    """
    u0, v0, u1, v1 = (np.concatenate(pair) for pair in ((a.u0, b.u0), (a.v0, b.v0), (a.u1, b.u1), (a.v1, b.v1)))
    of_a = np.arange(len(u0)) < len(a.u0)
    sloped = np.abs(v1 - v0) > THINNEST_STRIP
    flat = ~sloped
    marks = Outline(u0=u0[flat], v0=v0[flat], u1=u1[flat], v1=v0[flat])
    down = (v0 > v1)[sloped]
    u0, v0, u1, v1, of_a = u0[sloped], v0[sloped], u1[sloped], v1[sloped], of_a[sloped]
    u0, u1 = np.where(down, u1, u0), np.where(down, u0, u1)
    v0, v1 = np.where(down, v1, v0), np.where(down, v0, v1)
    if len(u0) == 0:
        return NOTHING
    levels = distinct(np.concatenate([v0, v1, _crossings(u0, v0, u1, v1)]))
    levels = levels[np.concatenate([[True], np.diff(levels) > THINNEST_STRIP])]
    first, last = np.searchsorted(levels, v0 - THINNEST_STRIP), np.searchsorted(levels, v1 - THINNEST_STRIP)
    count = np.maximum(last - first, 0)
    if int(count.sum()) > MOST_PIECES:
        what = f"contours cross themselves or each other {len(levels) - len(u0)} times or more on one plane"
        raise GeometryError(what, mend="draw the contour again")
    strip, edge = ranges(first, count), np.repeat(np.arange(len(u0)), count)
    if len(edge) == 0:
        return NOTHING
    slope = ((u1 - u0) / (v1 - v0))[edge]
    bottom, top = levels[strip], levels[strip + 1]
    ub, ut = u0[edge] + (bottom - v0[edge]) * slope, u0[edge] + (top - v0[edge]) * slope
    order = np.lexsort((ub + ut, strip))
    before_a, after_a = _parity(of_a[edge][order], strip[order])
    before_b, after_b = _parity(~of_a[edge][order], strip[order])
    before, after = rule(before_a, before_b), rule(after_a, after_b)
    change = order[before != after]
    enters = after[before != after]
    if len(change) == 0:
        return NOTHING
    return Outline(
        u0=np.concatenate([np.where(enters, ub[change], ut[change]), marks.u0]),
        v0=np.concatenate([np.where(enters, bottom[change], top[change]), marks.v0]),
        u1=np.concatenate([np.where(enters, ut[change], ub[change]), marks.u1]),
        v1=np.concatenate([np.where(enters, top[change], bottom[change]), marks.v1]),
    )


def _parity(mine: BoolArray, strip: IntArray) -> tuple[BoolArray, BoolArray]:
    """Whether an odd number of one's own edges lie left of each edge of a strip: without it, and with it."""
    upto: IntArray = np.cumsum(mine)
    begins = np.concatenate([[True], np.diff(strip) > 0])
    at_begin: IntArray = (upto - mine)[begins]
    within: IntArray = upto - np.repeat(at_begin, np.diff(np.concatenate([np.flatnonzero(begins), [len(strip)]])))
    odd_before, odd_after = (within - mine) % 2 == 1, within % 2 == 1
    return np.asarray(odd_before), np.asarray(odd_after)


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


def crossed_layers(loops: Loops, near_others: BoolArray) -> IntArray:
    """The planes in which an edge crosses, touches or covers another, other than its neighbours in the loop.

    Most contours are seen to be simple by turning about their middle once and never back; only the others, and those
    near another loop, are searched edge by edge.
    """
    doubtful = distinct(loops.layer[near_others | ~_turns_about_its_middle(loops)])
    if len(doubtful) == 0:
        return doubtful
    count = np.diff(loops.begin)
    moves = (loops.u0 != loops.u1) | (loops.v0 != loops.v1)
    edge = np.flatnonzero(np.repeat(np.isin(loops.layer, doubtful), count) & moves)
    if len(edge) == 0:
        return edge
    layer = np.repeat(loops.layer, count)[edge]
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
    for one, other in _overlapping(low, high):
        meet = (left[one] <= right[other]) & (left[other] <= right[one])
        first, second = one[meet], other[meet]
        i, j = edge[first], edge[second]
        neighbours = (following[i] == number[j]) | (following[j] == number[i])
        mine, i, j = first[~neighbours], i[~neighbours], j[~neighbours]
        found.append(layer[mine[_cross(loops, i, j)]])
    return distinct(np.concatenate(found))


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

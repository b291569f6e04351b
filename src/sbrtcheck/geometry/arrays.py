"""Small array operations that the other modules share: runs of indices, distinct values, boxes that meet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

Float32 = npt.NDArray[np.float32]

_Number = TypeVar("_Number", bound=np.generic)

STRIPE_BOXES = 4
"""Boxes are searched for others in stripes so many times as wide as they are: narrower ones have a box in many."""

PAIRS_AT_ONCE = 1 << 16
"""Pairs compared at once: memory for so many is at hand, for more it is asked from the system."""


BORROWED_BYTES = 31 << 20
"""Blocks of up to 32 MB may be kept."""


@cache
def keep_freed_blocks() -> None:
    """Have the C library keep blocks that arrays gave back, for the next ones; once a process, for no memory.

    A block above a limit comes from the system and goes back to it when its array ends, so that every page of the next
    array has to be cleared anew: 30,000 times in the check of a small plan, 3 % of its time. Of glibc, that limit
    rises to the largest such block given back so far. Other libraries make nothing of it.
    """
    np.empty(BORROWED_BYTES, dtype=np.uint8)  # of which no page is ever touched


def ranges(first: IntArray, count: IntArray) -> IntArray:
    """``first[i], first[i] + 1, ...`` (``count[i]`` of them) for every i, concatenated."""
    # rising by 1 all along, shifted in each run so that it begins at its first: one pass, and no Python loop
    total = int(count.sum())
    before = np.cumsum(count) - count
    places: IntArray = np.arange(total) + np.repeat(first - before, count)
    return places


def meeting_boxes(
    group: IntArray, low_u: FloatArray, high_u: FloatArray, low_v: FloatArray, high_v: FloatArray
) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs of boxes of one group that have a point in common, each pair once, some at a time.

    The plane is cut into upright stripes a few boxes wide, and each box stands in every stripe that it reaches. In a
    stripe, of boxes sorted by where they begin along v, those that meet box i and begin after it are the next ones, as
    far as they begin before it ends: a binary search finds how many. So time grows with the boxes, and with the pairs
    that there are, whether the boxes lie in a row, in a column, or all over the plane::

        |  +--+  |   +--+|      Two boxes that share several stripes are a pair in one of them: where the box further
        |  |a |  | +-|--||--+   right begins.
        |  +--+  | |b+--+|  |
        |        | +-----|--+

    Parameters
    ----------
    group
        Shape ``(boxes,)``: boxes of different groups never meet.
    low_u, high_u, low_v, high_v
        Shape ``(boxes,)``: the sides of each box, which belong to it.
    """
    count = len(group)
    if count == 0:
        return
    left, right = float(low_u.min()), float(high_u.max())
    width = max(STRIPE_BOXES * float(np.mean(high_u - low_u)), (right - left) / count) or 1.0
    first, last = ((x - left) // width for x in (low_u, high_u))
    begins, stripes = first.astype(np.int64), int(last.max()) + 1
    times = last.astype(np.int64) - begins + 1
    box, stripe = np.repeat(np.arange(count), times), ranges(begins, times)
    # a number of its own for each stripe, and the place along v behind its decimal point: rounding keeps the order
    bottom, top = float(low_v.min()), float(high_v.max())
    share = 0.99 / (top - bottom) if top > bottom else 0.0
    of = group[box] * stripes + stripe
    # no box begins above the topmost beginning, so a box need reach no further to meet all that it meets
    reach = np.minimum(high_v, top)
    begin, end = of + ((low_v - bottom) * share)[box], of + ((reach - bottom) * share)[box]
    order = np.argsort(begin, kind="stable")
    begin, end, box, stripe = begin[order], end[order], box[order], stripe[order]
    following = np.arange(1, len(begin) + 1)
    for one, other in runs_of_pairs(following, np.searchsorted(begin, end, side="right") - following):
        i, j = box[one], box[other]
        meet = (low_u[i] <= high_u[j]) & (low_u[j] <= high_u[i]) & (low_v[i] <= high_v[j]) & (low_v[j] <= high_v[i])
        meet &= stripe[one] == np.maximum(begins[i], begins[j])
        yield i[meet], j[meet]


def runs_of_pairs(first: IntArray, count: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs ``(i, first[i]), (i, first[i] + 1) ...``, ``count[i]`` of them, for every i; some at a time."""
    upto = np.cumsum(count)
    start = done = 0
    while start < len(count):
        stop = max(int(np.searchsorted(upto, done + PAIRS_AT_ONCE, side="right")), start + 1)
        some = slice(start, stop)
        yield np.repeat(np.arange(start, stop), count[some]), ranges(first[some], count[some])
        start, done = stop, int(upto[stop - 1])


def distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Each of some numbers once, rising: what `np.unique` gives, which imports numpy.ma, 15 ms at each start."""
    rising = np.sort(values, axis=None)
    first = np.ones(len(rising), dtype=bool)
    np.not_equal(rising[1:], rising[:-1], out=first[1:])
    return rising[first]


def numbered(values: npt.NDArray[_Number]) -> tuple[npt.NDArray[_Number], IntArray, IntArray]:
    """Each of some numbers once, rising; the first place where each is; and of every entry which of them it is."""
    # np.unique gives the same, and imports numpy.ma for it
    order = np.argsort(values, kind="stable")
    rising = values[order]
    begins = np.ones(len(rising), dtype=bool)
    np.not_equal(rising[1:], rising[:-1], out=begins[1:])
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    return rising[first], order[first], which


def is_among(numbers: IntArray, others: IntArray) -> BoolArray:
    """Whether each number is one of others: what `np.isin` gives, without numpy.ma as well."""
    if len(others) == 0:
        return np.zeros(len(numbers), dtype=bool)
    rising = np.sort(others)
    place = np.minimum(np.searchsorted(rising, numbers), len(rising) - 1)
    return np.asarray(rising[place] == numbers)


def median(values: FloatArray) -> float:
    """The median of some numbers, as `np.median` gives it, without numpy.ma as well."""
    rising = np.sort(values)
    half = len(rising) // 2
    return float((rising[half] + rising[~half]) / 2)

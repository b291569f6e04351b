"""Small array operations that the other modules share: runs of indices, distinct values, intervals that overlap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

Float32 = npt.NDArray[np.float32]

_Number = TypeVar("_Number", bound=np.generic)

PAIRS_AT_ONCE = 1 << 16
"""Pairs compared at once: memory for so many is at hand, for more it is asked from the system."""


def ranges(first: IntArray, count: IntArray) -> IntArray:
    """``first[i], first[i] + 1, ...`` (``count[i]`` of them) for every i, concatenated."""
    # rising by 1 all along, shifted in each run so that it begins at its first: one pass, and no Python loop
    total = int(count.sum())
    before = np.cumsum(count) - count
    places: IntArray = np.arange(total) + np.repeat(first - before, count)
    return places


def overlapping_intervals(low: FloatArray, high: FloatArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs of intervals that have a point in common, some at a time; ``low`` never falls.

    Of intervals sorted by where they begin, those that meet interval i and begin after it are the next ones, as far as
    they begin before it ends: a binary search finds how many.
    """
    place = np.arange(len(low))
    meets = np.searchsorted(low, high, side="right") - place - 1
    step = max(int(PAIRS_AT_ONCE // max(float(meets.mean()), 1.0)), 1)
    for start in range(0, len(low), step):
        some = slice(start, start + step)
        yield np.repeat(place[some], meets[some]), ranges(place[some] + 1, meets[some])


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

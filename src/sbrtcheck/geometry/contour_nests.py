r"""Boxes of many loops -> which lie in which, and which are apart, without a look at every pair.

Of n loops in one another there are n (n - 1) / 2 pairs, of which n - 1 tell all: each loop and the next one around it.
They are found from the boxes around the loops, in turns of two steps until nothing changes::

    +-----------------------+       1. cut: a gap along u or v that no box reaches over divides boxes into groups that
    | +------+     +------+ |          are apart, here the two and the three (one after the outer box is peeled off)
    | | +--+ |     | +--+ | |       2. peel: of the boxes of a group, from the largest on, those that have all smaller
    | | +--+ |     | |++| | |          ones in them are a chain, each in the one before; what is left lies in its last
    | +------+     | |++| | |
    |              | +--+ | |       A group in which nothing can be cut or peeled any more is a tangle: some of them
    |              +------+ |       meet, or lie around a middle like the vanes of a wheel. All its pairs are compared.
    +-----------------------+

This says nothing of the loops yet: one may cross the other although its box lies in the other's. But where each loop
lies in the next one without meeting it, and that in the one after it, none of them meets another. So each is compared
with one other loop. Where they meet after all, all that lies in the outer one is left to be compared pair by pair, and
the inner one is compared with the next one further out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, distinct
from sbrtcheck.geometry.contour_crossings import meeting_loops
from sbrtcheck.geometry.contour_rays import numbers_of, pairs_inside
from sbrtcheck.geometry.contour_rings import clearly_inside
from sbrtcheck.geometry.polygons import Loops
from sbrtcheck.plan import FloatArray, IntArray

MOST_TURNS = 64
"""Groups within groups are followed so far; loops further in are a tangle."""

FEW_LOOPS = 12
"""Of so few loops on a plane all pairs are compared quickly."""


def settled_nests(loops: Loops) -> tuple[IntArray, BoolArray]:
    """The loops that meet no other and themselves nowhere, as far as the next one around each tells.

    Returns
    -------
    tuple
        Shape ``(loops,)`` each. The next settled loop around each loop, -1 for none: what has it around lies inside it
        and does not meet it. And whether a loop is settled: of two such, one is among those around the other, or both
        are apart. Loops that are not settled have to be compared with each other, but with no settled one.
    """
    count = len(loops.layer)
    # one place more, for none: -1 finds the last
    around, settled = np.full(count + 1, -1), np.zeros(count + 1, dtype=bool)
    some = np.flatnonzero(np.bincount(loops.layer)[loops.layer] > FEW_LOOPS)
    if len(some):
        crowd = loops.select(some)
        nests = nests_of(crowd.layer, crowd.boxes())
        around[some] = np.where(nests.around < 0, -1, some[nests.around])
        each_alone = replace(crowd, layer=np.arange(len(some)))
        settled[some] = ~nests.tangled
        settled[some[meeting_loops(each_alone, np.zeros(len(some), dtype=bool))[:, 0]]] = False
        settled[-1] = True
        _compare_with_next(loops, around, settled)
    return around[:-1], settled[:-1]


def _compare_with_next(loops: Loops, around: IntArray, settled: BoolArray) -> None:
    """Find for each loop the one around it that it lies in and does not meet; of those that meet neither is settled."""
    asked = np.flatnonzero(around >= 0)
    while len(asked):
        met = asked[~_lie_inside(loops, asked, around[asked])]
        settled[met] = settled[around[met]] = False
        around[met] = around[around[met]]
        asked = met[around[met] >= 0]
    # nor is settled what lies in one that is not
    settled &= up_to_outermost(around, np.logical_and, settled)
    while not np.all(settled[around]):
        around[:] = np.where(settled[around], around, around[around])


def _lie_inside(loops: Loops, inner: IntArray, outer: IntArray) -> BoolArray:
    """Of pairs of loops, whether the first lies inside the second, and does not meet it."""
    lies = clearly_inside(loops, inner, outer)
    rest = np.flatnonzero(~lies)
    if len(rest):
        # each pair as if it were alone on its plane
        pairs = loops.select(np.stack([inner[rest], outer[rest]], axis=1).ravel())
        pairs = replace(pairs, layer=np.repeat(np.arange(len(rest)), 2))
        meeting = meeting_loops(pairs, np.ones(2 * len(rest), dtype=bool))
        first = 2 * np.arange(len(rest))
        may_be = numbers_of(np.stack([first, first + 1], axis=1), 2 * len(rest))
        lies[rest[pairs_inside(pairs, may_be, meeting)[:, 0] // 2]] = True
        lies[rest[meeting[meeting[:, 0] != meeting[:, 1], 0] // 2]] = False
    return lies


def up_to_outermost(around: IntArray, ufunc: np.ufunc, values: np.ndarray) -> np.ndarray:
    """Values of each loop and all around it, put together by a ufunc; ``around`` is the next one, -1 for none."""
    found, further = values.copy(), around.copy()
    while len(some := np.flatnonzero(further >= 0)):  # each turn reaches twice as far
        found[some] = ufunc(found[some], found[further[some]])
        further[some] = further[further[some]]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Nests:
    """Boxes in boxes.

    Parameters
    ----------
    around
        Shape ``(boxes,)``: the next box around each; -1 where there is none.
    tangled
        Shape ``(boxes,)``: whether a box belongs to a group of which all pairs are to be compared. Any two other boxes
        are apart, or one is among those around the other.
    """

    around: IntArray
    tangled: BoolArray


def nests_of(layer: IntArray, sides: tuple[FloatArray, FloatArray, FloatArray, FloatArray]) -> Nests:
    """How boxes lie in each other; those of different layers are apart. ``sides``: least and largest u, then v."""
    # sides as whole numbers of the same order: with the group they make one number to sort by
    ranked = _ranks(sides[0], sides[1]), _ranks(sides[2], sides[3])
    (u_low, u_high), (v_low, v_high) = ranked
    size = u_high - u_low + v_high - v_low
    around, tangled = np.full(len(layer), -1), np.zeros(len(layer), dtype=bool)
    box, group = np.arange(len(layer)), layer
    for _ in range(MOST_TURNS):
        if len(box) == 0:
            break
        box, group = _cut_apart(box, group, ranked)
        order = np.lexsort((-size[box], group))
        box, group = box[order], group[order]
        chained = _chained(group, u_low[box], u_high[box], v_low[box], v_high[box])
        begins = np.concatenate([[True], group[1:] != group[:-1]])
        link = np.flatnonzero(chained & ~begins)
        around[box[link]] = box[link - 1]
        # what is left of a group lies in the last box of its chain; without a chain, it stays as it is
        length = np.add.reduceat(chained.astype(np.int64), np.flatnonzero(begins))[np.cumsum(begins) - 1]
        first = np.maximum.accumulate(np.where(begins, np.arange(len(box)), 0))
        left = np.flatnonzero(~chained & (length > 0))
        around[box[left]] = box[(first + length - 1)[left]]
        tangled[box[length == 0]] = True
        box, group = box[left], group[left]
    tangled[box] = True
    return Nests(around=around, tangled=tangled)


def _ranks(low: FloatArray, high: FloatArray) -> tuple[IntArray, IntArray]:
    """Both ends of ranges as places among all the ends there are."""
    ends = distinct(np.concatenate([low, high]))
    return np.searchsorted(ends, low), np.searchsorted(ends, high)


def _cut_apart(
    box: IntArray, group: IntArray, ranked: tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray]]
) -> tuple[IntArray, IntArray]:
    """Boxes in groups of their own wherever a gap along u or v divides them, with the group of each."""
    groups = -1
    while True:  # a cut along v may open gaps along u
        for low, high in ranked:
            box, group = _cut(box, group, low[box], high[box])
        before, groups = groups, int(group[-1])
        if groups == before:
            return box, group


def _cut(box: IntArray, group: IntArray, low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
    """The same along one direction: a box begins a group where all of its group before it have ended."""
    ranks = int(high.max()) + 1
    begin, end = group * ranks + low, group * ranks + high
    order = np.argsort(begin, kind="stable")
    reached = np.maximum.accumulate(end[order])
    begins = np.concatenate([[True], begin[order][1:] > reached[:-1]])
    return box[order], np.cumsum(begins) - 1


def _chained(group: IntArray, u_low: IntArray, u_high: IntArray, v_low: IntArray, v_high: IntArray) -> BoolArray:
    """Whether each box has all that follow it in its group in it, and so has each one before it.

    Boxes of a group stand together, groups rise.
    """
    ranks = int(max(u_high.max(), v_high.max())) + 1
    has_all = np.ones(len(group), dtype=bool)
    same = group[1:] == group[:-1]
    for low, high in ((u_low, u_high), (v_low, v_high)):
        # the least and largest side from each box on: groups come last first, so that each begins anew
        least = np.minimum.accumulate((group * ranks + low)[::-1])[::-1] - group * ranks
        most = np.maximum.accumulate((high - group * ranks)[::-1])[::-1] + group * ranks
        has_all[:-1] &= ~same | ((low[:-1] <= least[1:]) & (most[1:] <= high[:-1]))
    begins = np.flatnonzero(np.concatenate([[True], ~same]))
    lacking = np.cumsum(~has_all)
    before = (lacking - ~has_all)[begins]
    return np.asarray(lacking == np.repeat(before, np.diff(np.append(begins, len(group)))))

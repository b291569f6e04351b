"""Loops of all planes -> which of them lie inside which, and which meet.

Most planes have a few loops, and every pair whose boxes meet is looked at. Two loops that are near no others, one in
the other with room between them, are told at once (`contour_rings`); of the rest edges are compared
(`contour_crossings`), and a ray from a corner tells which lies inside (`contour_rays`).

Of many loops on a plane most lie in one another as in a nest, or apart. Each of these is compared with the next one
around it only (`contour_nests`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, distinct, is_among, meeting_boxes
from sbrtcheck.geometry.contour_crossings import meeting_loops
from sbrtcheck.geometry.contour_nests import settled_nests, up_to_outermost
from sbrtcheck.geometry.contour_overlaps import SLIVER_MM, Millimetres, may_be_copies
from sbrtcheck.geometry.contour_rays import numbers_of, pairs_inside, pairs_of
from sbrtcheck.geometry.contour_rings import clearly_inside
from sbrtcheck.geometry.polygons import Loops
from sbrtcheck.plan import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Nesting:
    """How the loops of each plane lie in one another, and which meet.

    Parameters
    ----------
    around
        Shape ``(loops,)``: the next one around each of those that meet none of the loops around them; -1 for none.
    inside
        Further pairs of a loop and another that it lies inside of, shape ``(n, 2)``, rising.
    meeting
        Pairs of loops that cross, touch, or leave next to nothing between them where one lies in the other; a loop with
        itself where its own edges do. Shape ``(n, 2)``, the lower number first, rising.
    close
        Shape ``(n,)``: whether each pair of ``meeting`` is one in the other with next to nothing between.
    """

    around: IntArray
    inside: IntArray
    meeting: IntArray
    close: BoolArray

    def enclosed(self) -> BoolArray:
        """Whether each loop lies inside an odd number of others."""
        return np.asarray(self.depth() % 2 == 1)

    def depth(self) -> IntArray:
        """How many loops each lies inside of."""
        others: IntArray = np.bincount(self.inside[:, 0], minlength=len(self.around))
        nested: IntArray = up_to_outermost(self.around, np.add, (self.around >= 0).astype(np.int64))
        return others + nested

    def others_around(self, which: IntArray) -> list[IntArray]:
        """Of each of some loops, given rising, all that it lies inside of."""
        depth = self.depth()[which]
        upto = np.cumsum(depth)
        found = np.empty(int(depth.sum()), dtype=np.int64)
        place = np.zeros(len(self.around), dtype=np.int64)  # where the next loop around each is to stand
        place[which] = upto - depth
        pairs = self.inside[is_among(self.inside[:, 0], which)]
        first = np.searchsorted(pairs[:, 0], pairs[:, 0])
        found[place[pairs[:, 0]] + np.arange(len(pairs)) - first] = pairs[:, 1]
        place += np.bincount(pairs[:, 0], minlength=len(place))
        of, outer = which, self.around[which]
        while len(of := of[outer >= 0]):
            outer = outer[outer >= 0]
            found[place[of]] = outer
            place[of] += 1
            outer = self.around[outer]
        return np.split(found, upto[:-1])


def nesting_of(loops: Loops, area_cells: FloatArray, mm: Millimetres) -> Nesting:
    """Which loops lie inside which, and which meet; ``area_cells`` is the area of each loop, in grid cells."""
    count = len(loops.layer)
    around, settled = settled_nests(loops)
    some = np.flatnonzero(~settled)
    inside, meeting = _of_all_pairs(loops.select(some)) if len(some) else np.zeros((2, 0, 2), dtype=np.int64)
    inside, meeting = some[inside], some[meeting]
    if len(inside) == 0 and np.all(around < 0):
        return Nesting(around=around, inside=inside, meeting=meeting, close=np.zeros(len(meeting), dtype=bool))
    close = numbers_of(np.sort(_close(loops, inside, around, area_cells, mm), axis=1), count)
    crossing = numbers_of(meeting, count)
    meets = distinct(np.concatenate([crossing, close]))
    return Nesting(around=around, inside=inside, meeting=pairs_of(meets, count), close=~is_among(meets, crossing))


def _of_all_pairs(loops: Loops) -> tuple[IntArray, IntArray]:
    """Pairs of a loop and another that it lies inside of, and pairs that meet: by all pairs whose boxes meet."""
    count = len(loops.layer)
    near, may_be_inside, inside = _by_boxes(loops)
    meeting = meeting_loops(loops, near)
    if len(may_be_inside):
        among = numbers_of(pairs_inside(loops, may_be_inside, meeting), count)
        inside = pairs_of(np.sort(np.concatenate([among, numbers_of(inside, count)])), count)
    return inside, meeting


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
    return near, distinct(np.concatenate(within)), pairs_of(rings, count)


def _close(loops: Loops, inside: IntArray, around: IntArray, area_cells: FloatArray, mm: Millimetres) -> IntArray:
    """The pairs of a loop inside another that leave so little between them that they may be one loop."""
    length_mm = loops.length_mm(mm.u, mm.v)

    def are_close(inner: IntArray, outer: IntArray) -> BoolArray:
        return may_be_copies(area_cells[inner], area_cells[outer], length_mm[outer], mm)

    pairs = [inside[are_close(inside[:, 0], inside[:, 1])]]
    # outwards from each loop, as long as a loop further out may be close: what is between only grows
    longest_mm = up_to_outermost(around, np.maximum, length_mm)
    inner = np.flatnonzero(around >= 0)
    outer = around[inner]
    while len(inner):
        pairs.append(np.stack([inner, outer], axis=1)[are_close(inner, outer)])
        between_mm2 = (area_cells[outer] - area_cells[inner]) * mm.u * mm.v
        further = (around[outer] >= 0) & (between_mm2 <= SLIVER_MM * longest_mm[outer])
        inner, outer = inner[further], around[outer[further]]
    return np.concatenate(pairs)

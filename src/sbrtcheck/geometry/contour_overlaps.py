"""Loops of one plane that cross or nearly coincide -> how each relates to the others, and the regions they can mean.

DICOM does not say what contours of one structure and plane mean together that overlap. People and programs draw four
kinds, which are told apart here by areas: the area that two loops share, and how wide what they do not share is::

     apart            inside             copy              partly inside
    +---+ +---+      +-------+          +------+           +-----+
    | A | | B |      | A +-+ |          |A,B   |           | A +-+---+
    +---+ +---+      |   +-+B|          |      |           |   | |   |
                     +-------+          +------+           +---+-+ B |
                                                               +-----+
    both             A without B        one of them        both, or without what they share: contradictory

A strip no wider than a slip of the pen (`SLIVER_MM`) does not count as overlap or difference; its width is its area
over the diagonal of its box, or over the length of the loops.

Then each loop gets a level, one more than the highest level of the loops that it lies inside, and loops are painted in
the order of their levels: level 0 fills, level 1 clears (a hole), level 2 fills (an island), and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from sbrtcheck.geometry.polygon_booleans import combined, even_odd, levelled
from sbrtcheck.geometry.polygons import Loops, Outline, joined

SLIVER_MM = 0.3
"""A strip by which two loops differ or overlap is a slip of the pen up to this width: a fraction of the pixels that
contours are drawn on."""

COPY_SHARE = 0.2
"""Copies of a loop differ by no more than this share of its area, however small it is."""

ROUNDING_CELLS = 1e-6
"""A strip narrower than this, in grid cells, is left by rounding where two borders are one."""

ROUNDING = 1e-9
"""Areas closer than this share of them are one area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneRegion:
    """What the loops of one plane enclose: ``region``, and where they contradict each other what else they may mean.

    ``even_odd``: what an odd number of loops enclose, copies counted once; None where no loops overlap in part.
    ``nonzero_winding``: with all that a loop goes around more than once counted as inside; None where no loop does.
    ``copies``: how many loops are another one again.
    """

    region: Outline
    even_odd: Outline | None
    nonzero_winding: Outline | None
    copies: int


class _Relation(Enum):
    """How one of two loops that meet relates to the other, the larger one."""

    APART = auto()
    INSIDE = auto()
    COPY = auto()
    PARTLY_INSIDE = auto()


@dataclass(frozen=True, slots=True)
class Millimetres:
    """Sizes of outlines that are in grid cells."""

    u: float
    v: float

    def area(self, outline: Outline) -> float:
        """Area, mm2."""
        return outline.area() * self.u * self.v

    def around(self, outline: Outline) -> float:
        """Length of the edges, mm."""
        return float(np.sum(np.hypot((outline.u1 - outline.u0) * self.u, (outline.v1 - outline.v0) * self.v)))

    def is_sliver(self, region: Outline) -> bool:
        """Whether a region is no wider than `SLIVER_MM`, on average over its extent, as where borders nearly agree.

        ``region`` comes from `polygon_booleans`: its sloped edges follow each other as left and right sides of
        trapezoids. Where two borders are one, rounding leaves trapezoids of no width; they have no say in the extent,
        for a tip that sticks out at the end of a shared border is no longer than it is.
        """
        sloped = region.v0 != region.v1  # level edges only mark where something may end
        u = ((region.u0 + region.u1) / 2.0)[sloped]
        wide = np.repeat(u[1::2] - u[::2] > ROUNDING_CELLS, 2)
        if not wide.any():
            return True
        across = np.ptp([region.u0[sloped][wide], region.u1[sloped][wide]]) * self.u
        up = np.ptp([region.v0[sloped][wide], region.v1[sloped][wide]]) * self.v
        return self.area(region) <= SLIVER_MM * float(np.hypot(across, up))


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinationRule:
    """How the loops of a plane combine, and what a grid cell measures.

    ``exclusive_or``: where two overlap in part, neither counts; else both do.
    """

    mm: Millimetres
    exclusive_or: bool = False


def may_be_copies(inner_cells: float, outer_cells: float, outer: Outline, mm: Millimetres) -> bool:
    """Whether a loop inside another, whose edges do not meet, leaves so little that they are one loop.

    Given are the areas of both, in grid cells.
    """
    between = outer_cells - inner_cells
    return between <= COPY_SHARE * outer_cells and between * mm.u * mm.v <= SLIVER_MM * mm.around(outer)


def plane_region(
    loops: Loops,
    members: range,
    meeting: Iterable[tuple[int, int]],
    inside: Mapping[int, Sequence[int]],
    as_nested_cells: float,
    rule: CombinationRule,
) -> PlaneRegion:
    """The region of the loops ``members``, which are all of one plane.

    A loop inside another is a hole in it, one inside a hole is an island; loops that overlap in part are united. Each
    loop gets a level: 0, or one more than the highest loop that it lies inside; then all are painted level by level.

    Parameters
    ----------
    meeting
        Pairs of loops that cross, touch, or lie close in one another; a loop with itself where its own edges do.
    inside
        The loops that each loop lies inside of, as far as they do not meet it.
    as_nested_cells
        Signed area of the loops directed by their nesting, in grid cells.
    rule
        How they combine.
    """
    mm, pairs = rule.mm, list(meeting)
    if all(i == j for i, j in pairs):
        return _of_loops_apart(loops, members, as_nested_cells, rule)
    alone = {i: loops.outline(i, i + 1) for i in members}
    simple = {i: even_odd(alone[i]) for i in {i for pair in pairs for i in pair}}
    area = {i: mm.area(simple.get(i, alone[i])) for i in members}
    around = {i: set(inside.get(i, ())) for i in members}
    copies: set[int] = set()
    contradict = False
    for pair in pairs:
        inner, outer = sorted(pair, key=lambda i: (area[i], -i))
        if inner == outer:
            continue
        around[inner].discard(outer)
        around[outer].discard(inner)
        relation = _relation(simple[inner], simple[outer], mm)
        if relation is _Relation.INSIDE:
            around[inner].add(outer)
        elif relation is _Relation.COPY:
            copies.add(inner)
        contradict |= relation is _Relation.PARTLY_INSIDE
    # from the largest loop on, so that the level of what lies around a loop is known before its own
    level = dict.fromkeys(members, 0)
    for i in sorted(members, key=lambda i: (-area[i], i)):
        level[i] = max((level[j] + 1 for j in around[i]), default=0)
    everything, levels = loops.outline(members.start, members.stop), np.array([level[i] for i in members])
    of_loop = np.repeat(np.arange(len(members)), np.diff(loops.begin[members.start : members.stop + 1]))
    once = joined([alone[i] for i in members if i not in copies])
    if rule.exclusive_or:
        return PlaneRegion(region=even_odd(once), even_odd=None, nonzero_winding=None, copies=len(copies))
    twice = any(i == j and _winds_twice(alone[i], simple[i], mm) for i, j in pairs)
    return PlaneRegion(
        region=levelled(everything, of_loop, levels),
        even_odd=even_odd(once) if contradict else None,
        nonzero_winding=levelled(everything, of_loop, levels, nonzero_winding=True) if twice else None,
        copies=len(copies),
    )


def _of_loops_apart(loops: Loops, members: range, as_nested_cells: float, rule: CombinationRule) -> PlaneRegion:
    """The region of loops that meet no others, only themselves."""
    everything = loops.outline(members.start, members.stop)
    region = even_odd(everything)
    nonzero_winding = None
    if not rule.exclusive_or and abs(abs(as_nested_cells) - region.area()) > ROUNDING * region.area():
        alone = [loops.outline(i, i + 1) for i in members]
        if any(_winds_twice(loop, even_odd(loop), rule.mm) for loop in alone):
            # each loop around what it winds around; those in one another as even-odd has them
            nonzero_winding = even_odd(joined([_wound_around(loop) for loop in alone]))
    return PlaneRegion(region=region, even_odd=None, nonzero_winding=nonzero_winding, copies=0)


def _wound_around(loop: Outline) -> Outline:
    """The region that a loop winds around at all."""
    return levelled(loop, np.zeros(len(loop.u0), dtype=np.int64), np.zeros(1, dtype=np.int64), nonzero_winding=True)


def _relation(inner: Outline, outer: Outline, mm: Millimetres) -> _Relation:
    """How a loop relates to a larger one that it meets; each of the outlines winds around its region once."""
    shared = combined(inner, outer, np.logical_and)
    if len(shared.u0) == 0:
        return _Relation.APART
    area, least, most = (mm.area(outline) for outline in (shared, inner, outer))
    # area of the symmetric difference; over the length of the loops it is the width of the strip between them
    differ = least + most - 2.0 * area
    if differ <= min(SLIVER_MM * (mm.around(inner) + mm.around(outer)) / 2.0, COPY_SHARE * most):
        return _Relation.COPY
    if area >= least / 2.0 and mm.is_sliver(combined(inner, outer, lambda a, b: a & ~b)):
        return _Relation.INSIDE
    return _Relation.APART if mm.is_sliver(shared) else _Relation.PARTLY_INSIDE


def _winds_twice(loop: Outline, odd: Outline, mm: Millimetres) -> bool:
    """Whether a loop goes around some place a second time, which then counts as outside; a sliver is none."""
    if loop.area() <= (1.0 + ROUNDING) * odd.area():  # what it winds around twice counts twice in its own area
        return False
    return not mm.is_sliver(combined(_wound_around(loop), odd, np.logical_xor))

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

References
----------
.. [1] B. A. Galler, M. J. Fischer, An improved equivalence algorithm, Communications of the ACM 7 (1964) 301-303.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, distinct, is_among
from sbrtcheck.geometry.polygon_booleans import combined, even_odd, levelled
from sbrtcheck.geometry.polygons import NOTHING, Loops, Outline, joined
from sbrtcheck.plan import FloatArray, IntArray

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


def may_be_copies(
    inner_cells: FloatArray, outer_cells: FloatArray, around_outer_mm: FloatArray, mm: Millimetres
) -> BoolArray:
    """Whether loops inside others, whose edges do not meet, leave so little that they are one loop.

    Given are the areas of both, in grid cells, and the length of the outer one.
    """
    between = outer_cells - inner_cells
    return (between <= COPY_SHARE * outer_cells) & (between * mm.u * mm.v <= SLIVER_MM * around_outer_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneLoops:
    """The loops of one plane: those from ``start`` to before ``stop`` of ``loops``.

    Parameters
    ----------
    area_cells
        Signed area of each loop of all planes, positive where it runs clockwise.
    meeting
        Pairs of loops that cross, touch, or lie close in one another; a loop with itself where its own edges do.
    close
        Of each pair of ``meeting``, whether it only lies close.
    inside
        Of each loop of the plane, the others that it lies inside of, as far as they do not cross.
    """

    loops: Loops
    start: int
    stop: int
    area_cells: FloatArray
    meeting: IntArray
    close: BoolArray
    inside: Sequence[IntArray]

    def outline(self, loop: int) -> Outline:
        """The edges of one loop."""
        return self.loops.outline(loop, loop + 1)


def plane_region(plane: PlaneLoops, rule: CombinationRule) -> PlaneRegion:
    """The region of the loops of one plane.

    A loop inside another is a hole in it, one inside a hole is an island; loops that overlap in part are united. Each
    loop gets a level: 0, or one more than the highest loop that it lies inside; then all are painted level by level.

    Loops that meet, directly or through others, are a cluster. All loops of a cluster lie inside the same others, the
    cluster's surroundings: if the highest of these fills, what the cluster fills is cleared. Within a cluster, loops
    that cross or touch, directly or through others, are a knot, and edges are cut within knots only, for those of
    different knots do not cross.
    """
    clusters = _clusters(plane)
    level = np.zeros(plane.stop, dtype=np.int64)
    resolved = []
    for cluster in clusters:  # from the outermost on: the levels around each are known
        own = _resolved(plane, cluster, rule.mm)
        level[list(cluster.loops)] = own.level + 1 + level[cluster.around].max(initial=-1)
        resolved.append(own)
    copies = {i for own in resolved for i in own.copies}
    even_odd_region = None
    if rule.exclusive_or or any(own.contradict for own in resolved):
        even_odd_region = joined([_counted_odd(plane, cluster, copies) for cluster in clusters])
    if rule.exclusive_or and even_odd_region is not None:
        return PlaneRegion(region=even_odd_region, even_odd=None, nonzero_winding=None, copies=len(copies))
    regions = []
    for cluster, own in zip(clusters, resolved, strict=True):
        in_filled = level[cluster.around].max(initial=-1) % 2 == 0
        regions.append(own.region.turned() if in_filled else own.region)
    return PlaneRegion(
        region=joined(regions),
        even_odd=even_odd_region,
        nonzero_winding=_by_nonzero_winding(plane, level) if any(own.twice for own in resolved) else None,
        copies=len(copies),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """Loops that meet, directly or through others; or one that meets none.

    ``around``: the loops of other clusters that all of them lie inside of. ``inside``: of each loop, those of the same
    cluster that it lies inside of. ``meeting``: the pairs that meet, each with whether it only
    lies close.
    """

    loops: tuple[int, ...]
    around: IntArray
    inside: Mapping[int, IntArray]
    meeting: Mapping[tuple[int, int], bool]

    def knots(self) -> list[_Knot]:
        """Its loops by those that cross or touch."""
        crossing = [pair for pair, close in self.meeting.items() if not close]
        crossed = {i for pair in crossing for i in pair}
        return [_Knot(loops=loops, is_cut=loops[0] in crossed) for loops in _connected(self.loops, crossing).values()]

    def around_knot(self, knot: _Knot) -> IntArray:
        """The loops of other knots of the cluster that a knot lies inside of."""
        return _without(self.inside[knot.loops[0]], knot.loops)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Knot:
    """Loops of a cluster that cross or touch, directly or through others; or one that crosses none.

    ``is_cut``: whether edges cross or touch, if only those of one loop.
    """

    loops: tuple[int, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Simple:
    """What a loop encloses by even-odd, as edges that wind around it once."""

    outline: Outline
    area_mm2: float
    around_mm: float

    @classmethod
    def of(cls, outline: Outline, mm: Millimetres) -> _Simple:
        """The same with its sizes."""
        return cls(outline=outline, area_mm2=mm.area(outline), around_mm=mm.around(outline))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolved:
    """What a cluster alone encloses: its region, and the level of each loop, from 0 on.

    ``copies``: loops that are another one again. ``contradict``: whether loops overlap in part. ``twice``: whether a
    loop goes around a place twice.
    """

    region: Outline
    level: IntArray
    copies: Collection[int] = ()
    contradict: bool = False
    twice: bool = False


def _clusters(plane: PlaneLoops) -> list[_Cluster]:
    """The clusters of a plane, each after those around it."""
    pairs = [(i, j) for i, j in plane.meeting.tolist()]
    loops = _connected(range(plane.start, plane.stop), pairs)
    of = np.zeros(plane.stop - plane.start, dtype=np.int64)
    for name, own in loops.items():
        of[np.array(own) - plane.start] = name
    meeting: dict[int, dict[tuple[int, int], bool]] = {}
    for pair, close in zip(pairs, plane.close.tolist(), strict=True):
        meeting.setdefault(int(of[pair[0] - plane.start]), {})[pair] = close
    made = []
    for name, own in loops.items():
        others = {i: plane.inside[i - plane.start] for i in own}
        inside = {i: around[of[around - plane.start] == name] for i, around in others.items()}
        outside = [around[of[around - plane.start] != name] for around in others.values()]
        around = outside[0] if len(own) == 1 else distinct(np.concatenate(outside))
        made.append(_Cluster(loops=own, around=around, inside=inside, meeting=meeting.get(name, {})))
    return sorted(made, key=lambda cluster: len(cluster.around))


def _without(loops: IntArray, others: Collection[int]) -> IntArray:
    """Loops that are not among some others."""
    return loops[~is_among(loops, np.array(list(others), dtype=np.int64))]


def _connected(loops: Iterable[int], pairs: Iterable[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    """Loops that hang together by pairs, directly or through others; each group by one that stands for it."""
    leader = {loop: loop for loop in loops}  # union and find [1]_

    def found(loop: int) -> int:
        while leader[loop] != loop:
            leader[loop] = leader[leader[loop]]
            loop = leader[loop]
        return loop

    for i, j in pairs:
        leader[found(j)] = found(i)
    groups: dict[int, list[int]] = {}
    for loop in leader:
        groups.setdefault(found(loop), []).append(loop)
    return {name: tuple(group) for name, group in groups.items()}


def _resolved(plane: PlaneLoops, cluster: _Cluster, mm: Millimetres) -> _Resolved:
    """What a cluster encloses if nothing lies around it."""
    if not cluster.meeting:
        return _Resolved(region=_directed(plane, cluster.loops[0]), level=np.zeros(1, dtype=np.int64))
    alone = {i: plane.outline(i) for i in cluster.loops}
    simple = {
        i: _Simple.of(even_odd(outline) if (i, i) in cluster.meeting else outline, mm) for i, outline in alone.items()
    }
    beside: dict[int, set[int]] = {i: set() for i in cluster.loops}  # loops that meet each, but have it not inside
    within: dict[int, list[int]] = {i: [] for i in cluster.loops}
    copies: set[int] = set()
    contradict = False
    for pair, close in cluster.meeting.items():
        inner, outer = sorted(pair, key=lambda i: (simple[i].area_mm2, -i))
        if inner == outer:
            continue
        beside[inner].add(outer)
        beside[outer].add(inner)
        relation = _relation(simple[inner], simple[outer], mm, close=close)
        if relation is _Relation.INSIDE:
            within[inner].append(outer)
        elif relation is _Relation.COPY:
            copies.add(inner)
        contradict |= relation is _Relation.PARTLY_INSIDE
    # from the largest loop on, so that the level of what lies around a loop is known before its own
    level = np.zeros(plane.stop - plane.start, dtype=np.int64)
    for i in sorted(cluster.loops, key=lambda i: (-simple[i].area_mm2, i)):
        around = np.append(_without(cluster.inside[i], beside[i]), np.array(within[i], dtype=np.int64))
        level[i - plane.start] = level[around - plane.start].max(initial=-1) + 1
    painted = [_painted(plane, knot, level, cluster.around_knot(knot)) for knot in cluster.knots()]
    return _Resolved(
        region=joined(painted),
        level=level[np.array(cluster.loops) - plane.start],
        copies=copies,
        contradict=contradict,
        twice=any(i == j and _winds_twice(alone[i], simple[i].outline, mm) for i, j in cluster.meeting),
    )


def _painted(plane: PlaneLoops, knot: _Knot, level: IntArray, around: IntArray) -> Outline:
    """The edges that a knot adds to the region of its cluster: ``level`` of each loop, ``around`` the loops around."""
    ground = int(level[around - plane.start].max(initial=-1))
    own = level[np.array(knot.loops) - plane.start]
    if knot.is_cut:
        alone = [plane.outline(i) for i in knot.loops]
        of_loop = np.repeat(np.arange(len(alone)), [len(outline.u0) for outline in alone])
        return levelled(joined(alone), of_loop, own, ground=ground)
    fills = own[0] % 2 == 0
    if own[0] <= ground or fills == (ground % 2 == 0):
        return NOTHING
    outline = _directed(plane, knot.loops[0])
    return outline if fills else outline.turned()


def _directed(plane: PlaneLoops, loop: int) -> Outline:
    """A loop that does not meet itself, running clockwise."""
    outline = plane.outline(loop)
    return outline.turned() if plane.area_cells[loop] < 0 else outline


def _counted_odd(plane: PlaneLoops, cluster: _Cluster, copies: Collection[int]) -> Outline:
    """What an odd number of loops enclose, copies counted once; as much of its edges as a cluster has."""
    outside = len(_without(cluster.around, copies))
    outlines = []
    for knot in cluster.knots():
        counted = [plane.outline(i) for i in knot.loops if i not in copies]
        if counted:
            own = even_odd(joined(counted)) if knot.is_cut else _directed(plane, knot.loops[0])
            within = outside + len(_without(cluster.around_knot(knot), copies))
            outlines.append(own.turned() if within % 2 == 1 else own)
    return joined(outlines)


def _by_nonzero_winding(plane: PlaneLoops, level: IntArray) -> Outline:
    """The region of all loops of a plane, each around what it winds around at all."""
    if np.all(plane.meeting[:, 0] == plane.meeting[:, 1]):
        # each loop around what it winds around; those in one another as even-odd has them
        return even_odd(joined([_wound_around(plane.outline(i)) for i in range(plane.start, plane.stop)]))
    of_loop = np.repeat(np.arange(plane.stop - plane.start), np.diff(plane.loops.begin[plane.start : plane.stop + 1]))
    everything = plane.loops.outline(plane.start, plane.stop)
    return levelled(everything, of_loop, level[plane.start :], nonzero_winding=True)


def _wound_around(loop: Outline) -> Outline:
    """The region that a loop winds around at all."""
    return levelled(loop, np.zeros(len(loop.u0), dtype=np.int64), np.zeros(1, dtype=np.int64), nonzero_winding=True)


def _relation(inner: _Simple, outer: _Simple, mm: Millimetres, *, close: bool) -> _Relation:
    """How a loop relates to a larger one that it meets.

    ``close``: whether it is known to lie inside, edges apart.
    """
    shared = inner.outline if close else combined(inner.outline, outer.outline, np.logical_and)
    if len(shared.u0) == 0:
        return _Relation.APART
    least, most = inner.area_mm2, outer.area_mm2
    area = least if close else mm.area(shared)
    # area of the symmetric difference; over the length of the loops it is the width of the strip between them
    differ = least + most - 2.0 * area
    if differ <= min(SLIVER_MM * (inner.around_mm + outer.around_mm) / 2.0, COPY_SHARE * most):
        return _Relation.COPY
    if close:
        return _Relation.INSIDE
    if area >= least / 2.0 and mm.is_sliver(combined(inner.outline, outer.outline, lambda a, b: a & ~b)):
        return _Relation.INSIDE
    return _Relation.APART if mm.is_sliver(shared) else _Relation.PARTLY_INSIDE


def _winds_twice(loop: Outline, odd: Outline, mm: Millimetres) -> bool:
    """Whether a loop goes around some place a second time, which then counts as outside; a sliver is none."""
    if loop.area() <= (1.0 + ROUNDING) * odd.area():  # what it winds around twice counts twice in its own area
        return False
    return not mm.is_sliver(combined(_wound_around(loop), odd, np.logical_xor))

r"""Pairs of loops, one in the other with room between them all around: seen by the angle, without comparing edges.

The outline of a skin or of a chest wall is two loops a plane, each with hundreds of corners, and their boxes meet. The
plane is divided into sectors about the mean of the inner loop's corners, m. If in every sector the inner loop stays
nearer to m than the outer one, and the outer one winds around m, the inner loop lies inside and the two do not meet::

        .------------.          in each sector  farthest of the inner loop   i
        | \   o    / |                          nearest of the outer loop    o
        |  \.-i--./  |
        |   | m  |   |          apart where i < o in all sectors
        |  /'----'\  |
        '------------'

On an edge, no point is farther from m than the farther end. The nearest is the foot of the perpendicular from m, or an
end where that foot lies beyond. An edge lies in the sectors of its ends: pairs with an edge that passes more than two
are not told here, nor are those that come so close that farthest and nearest share a sector. They are compared edge by
edge (`contour_crossings`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, ranges
from sbrtcheck.geometry.polygons import Loops
from sbrtcheck.plan import FloatArray, IntArray

FEWEST_SECTORS, MOST_SECTORS = 8, 512

EDGES_A_SECTOR = 2
"""A sector is so wide that it has about so many edges of the loop with fewer."""

EDGES_AT_ONCE = 1 << 15
"""Pairs are looked at together until they have about so many edges: some 5 MB."""

ROOM_CELLS = 1e-6
"""Loops that come closer than this, in grid cells, may touch."""


def clearly_inside(loops: Loops, inner: IntArray, outer: IntArray) -> BoolArray:
    """Of pairs of loops, whether the first is seen to lie inside the second without meeting it; else it may or not."""
    found = np.zeros(len(inner), dtype=bool)
    for some in _runs(np.diff(loops.begin)[inner] + np.diff(loops.begin)[outer]):
        found[some] = _clearly_inside(loops, inner[some], outer[some])
    return found


def _runs(edges: IntArray) -> Iterator[slice]:
    """Runs of pairs that have about `EDGES_AT_ONCE` edges together."""
    upto = np.cumsum(edges)
    start = 0
    while start < len(edges):
        limit = upto[start] - edges[start] + EDGES_AT_ONCE
        stop = max(int(np.searchsorted(upto, limit, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    """The edges of loops, loop by loop, as seen from a point of each loop's own.

    Parameters
    ----------
    begins, counts
        Shape ``(loops,)``: the first edge of each loop, and how many it has.
    u, v, u1, v1
        Shape ``(edges,)``: both ends of each, in grid cells from the point.
    following
        Shape ``(edges,)``: the edge that begins where each one ends.
    """

    begins: IntArray
    counts: IntArray
    u: FloatArray
    v: FloatArray
    u1: FloatArray
    v1: FloatArray
    following: IntArray

    @classmethod
    def of(cls, loops: Loops, loop: IntArray, middle: tuple[FloatArray, FloatArray]) -> _Edges:
        """Those of some loops, from the given point for each."""
        counts = np.diff(loops.begin)[loop]
        begins = np.cumsum(counts) - counts
        edge = ranges(loops.begin[:-1][loop], counts)
        u, v = (np.repeat(x, counts) for x in middle)
        following = np.arange(1, len(edge) + 1)
        following[begins + counts - 1] = begins
        return cls(
            begins=begins,
            counts=counts,
            u=loops.u0[edge] - u,
            v=loops.v0[edge] - v,
            u1=loops.u1[edge] - u,
            v1=loops.v1[edge] - v,
            following=following,
        )

    def sectors(self, count: IntArray) -> tuple[IntArray, IntArray]:
        """The sector in which each edge begins, of as many as are given for its loop, and how many it goes on."""
        of_loop = np.repeat(count, self.counts)
        sector = np.floor((np.arctan2(self.v, self.u) / (2 * np.pi) + 0.5) * of_loop).astype(np.int64) % of_loop
        half = of_loop // 2
        return sector, (sector[self.following] - sector + half) % of_loop - half

    def farthest(self) -> FloatArray:
        """The largest distance of each edge."""
        far = np.hypot(self.u, self.v)
        return np.maximum(far, far[self.following])

    def nearest(self) -> FloatArray:
        """The least distance of each edge."""
        far = np.hypot(self.u, self.v)
        nearest: FloatArray = np.minimum(far, far[self.following])
        du, dv = self.u1 - self.u, self.v1 - self.v
        foot = np.flatnonzero((self.u * du + self.v * dv < 0) & (self.u1 * du + self.v1 * dv > 0))  # on the edge
        turn = self.u[foot] * dv[foot] - self.v[foot] * du[foot]
        nearest[foot] = np.abs(turn) / np.hypot(du[foot], dv[foot])
        return nearest


def _clearly_inside(loops: Loops, inner: IntArray, outer: IntArray) -> BoolArray:
    """The same of pairs that are looked at together."""
    middle = _middle(loops, inner)
    counts = np.diff(loops.begin)
    fewer = np.minimum(counts[inner], counts[outer])
    sectors = np.clip(fewer // EDGES_A_SECTOR, FEWEST_SECTORS, MOST_SECTORS)
    first = np.cumsum(sectors) - sectors
    told = np.ones(len(inner), dtype=bool)

    def by_sector(edges: _Edges, extreme: np.ufunc, distance: FloatArray) -> FloatArray:
        sector, goes_on = edges.sectors(sectors)
        narrow = np.maximum.reduceat(np.abs(goes_on), edges.begins) <= 1
        # sectors passed, with the sign of the way: those of a loop around the middle add up to all of them
        around = np.abs(np.add.reduceat(goes_on, edges.begins)) == sectors
        np.logical_and(told, narrow & (around | (extreme is np.maximum)), out=told)
        found = np.full(int(sectors.sum()), -np.inf if extreme is np.maximum else np.inf)
        sector += np.repeat(first, edges.counts)
        for place in (sector, sector[edges.following]):
            extreme.at(found, place, distance)
        return found

    within = _Edges.of(loops, inner, middle)
    farthest = by_sector(within, np.maximum, within.farthest())
    beyond = _Edges.of(loops, outer, middle)
    nearest = by_sector(beyond, np.minimum, beyond.nearest())
    told &= np.minimum.reduceat(nearest - farthest, first) > ROOM_CELLS
    return told


def _middle(loops: Loops, which: IntArray) -> tuple[FloatArray, FloatArray]:
    """The mean of the corners of some loops."""
    begin, counts = loops.begin[:-1], np.diff(loops.begin)
    u, v = ((np.add.reduceat(x, begin) / counts)[which] for x in (loops.u0, loops.v0))
    return u, v

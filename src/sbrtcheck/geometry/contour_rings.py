"""Pairs of loops, one in the other with room between them all around: seen by the angle, without comparing edges.

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

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, ranges
from sbrtcheck.geometry.polygons import Loops
from sbrtcheck.plan import FloatArray, IntArray

_Point = tuple[FloatArray, FloatArray]

FEWEST_SECTORS, MOST_SECTORS = 8, 512

EDGES_A_SECTOR = 2
"""A sector is so wide that it has about so many edges of the loop with fewer."""

EDGES_AT_ONCE = 1 << 17
"""Pairs are looked at together until they have about so many edges: some 20 MB."""

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


def _clearly_inside(loops: Loops, inner: IntArray, outer: IntArray) -> BoolArray:
    """The same of pairs that are looked at together."""
    pairs = len(inner)
    loop = np.concatenate([inner, outer])
    counts = np.diff(loops.begin)[loop]
    begins = np.cumsum(counts) - counts
    edge = ranges(loops.begin[:-1][loop], counts)
    u, v, u1, v1 = (x[edge] for x in (loops.u0, loops.v0, loops.u1, loops.v1))
    # about the middle of the inner loop of each pair
    middle_u, middle_v = (np.add.reduceat(x, begins)[:pairs] / counts[:pairs] for x in (u, v))
    for x, middle in ((u, middle_u), (u1, middle_u), (v, middle_v), (v1, middle_v)):
        x -= np.repeat(np.tile(middle, 2), counts)
    inner_edges = int(counts[:pairs].sum())
    sectors = np.clip(np.minimum(counts[:pairs], counts[pairs:]) // EDGES_A_SECTOR, FEWEST_SECTORS, MOST_SECTORS)
    own_sectors = np.repeat(np.tile(sectors, 2), counts)
    sector = np.floor((np.arctan2(v, u) / (2 * np.pi) + 0.5) * own_sectors).astype(np.int64) % own_sectors
    # the end of each edge is the beginning of the next, that of a loop's last the beginning of its first
    following = np.arange(1, len(edge) + 1)
    following[begins + counts - 1] = begins
    far = np.hypot(u, v)
    end_sector, end_far = sector[following], far[following]
    nearest = _nearest(far, end_far, (u, v), (u1, v1), slice(inner_edges, None))
    np.maximum(far, end_far, out=far)
    # sectors passed by each edge, with the sign of the way: those of a loop around the middle add up to all of them
    passed = end_sector - sector
    half = own_sectors // 2
    passed = (passed + half) % own_sectors - half
    goes_wide = np.maximum.reduceat(np.abs(passed), begins) > 1
    around = np.abs(np.add.reduceat(passed, begins)[pairs:]) == sectors
    first = np.cumsum(sectors) - sectors
    place = np.repeat(np.tile(first, 2), counts)
    sector += place
    end_sector += place
    farthest = np.full(int(sectors.sum()), -np.inf)
    closest = np.full(len(farthest), np.inf)
    for at in (sector, end_sector):
        np.maximum.at(farthest, at[:inner_edges], far[:inner_edges])
        np.minimum.at(closest, at[inner_edges:], nearest)
    room = np.minimum.reduceat(closest - farthest, first)
    return np.asarray(around & ~goes_wide[:pairs] & ~goes_wide[pairs:] & (room > ROOM_CELLS))


def _nearest(far: FloatArray, end_far: FloatArray, begin: _Point, end: _Point, which: slice) -> FloatArray:
    """How near to the middle some edges come, whose ends are ``far`` and ``end_far`` from it."""
    u, v, u1, v1 = (x[which] for x in (*begin, *end))
    du, dv = u1 - u, v1 - v
    nearest: FloatArray = np.minimum(far[which], end_far[which])
    foot = np.flatnonzero((u * du + v * dv < 0) & (u1 * du + v1 * dv > 0))  # it lies on the edge
    nearest[foot] = np.abs(u[foot] * dv[foot] - v[foot] * du[foot]) / np.hypot(du[foot], dv[foot])
    return nearest

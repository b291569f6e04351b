"""Polygon edges -> the exact covered fraction, and the centroid of the covered part, of every grid cell.

Nothing is sampled: area and first moments of a polygon in a cell are sums over the pieces of its edges, by Green's
theorem. Every edge is cut where it passes a cell border. A piece from ``(ua, va)`` to ``(ub, vb)``, 0 to 1 across its
cell, counts the area between itself and the right border of that cell, and all of each cell further right in the row::

            cell          next cells
        +---------+---------+---------+
        |    b....|.........|.........|      in its cell:  (vb - va) (1 - (ua + ub) / 2)
        |   /.....|.........|.........|      in the cells to the right:  vb - va
        |  a......|.........|.........|
        +---------+---------+---------+      edges that run down count negative

A running sum along the row over all pieces then gives the covered area of every cell that an edge touches; between two
touched cells a row is covered wholly or not at all. The same sums with u or v under the integral give first moments,
and these divided by the area the centroid. With ``du = ub - ua``, ``dv = vb - va`` and ``u``, ``v`` the middle of a
piece:

    area                 sum dv (1 - u)
    moment of u - 1/2    sum dv (u (1 - u) - du^2 / 12) / 2
    moment of v - 1/2    sum dv (v - 1/2) (1 - u) - du dv^2 / 12

(the terms in 1/12 are the variance of a uniform distribution along the piece). Accumulating signed areas along rows is
how font rasterizers shade the pixels at an outline; here the arithmetic is in float64 and the centroid comes along.

Why the centroid: where dose is linear, its mean over the covered part is the dose at the centroid, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, distinct
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.plan import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A block of cells: rows ``row .. row + rows - 1`` and columns ``column .. column + columns - 1``."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a region covers of the cells of a box, layer by layer.

    Parameters
    ----------
    cell
        Shape ``(n,)``, rising flat indices into ``(layers, rows, columns)``: the cells that the boundary touches.
    fraction
        Shape ``(n,)``, covered fraction of each, 0 to 1.
    u, v
        Shape ``(n,)``, centroid of the covered part, 0 to 1 across the cell.
    before_full
        Shape ``(n,)``: whether the cells from each to the next one, which the boundary does not touch, are covered.
    shape
        Layers, rows and columns.
    """

    cell: IntArray
    fraction: FloatArray
    u: FloatArray
    v: FloatArray
    before_full: BoolArray
    shape: tuple[int, int, int]

    @property
    def full(self) -> BoolArray:
        """Cells wholly covered that the boundary does not touch, as an array of the box's shape."""
        return _full_spans(self.cell, self.before_full, self.shape)


def coverage(edges: Edges, layers: int, box: Box) -> Coverage:
    """Exact cover of the cells of ``box`` by the even-odd region of each layer's edges.

    Exact up to rounding for edges that do not cross one another. Where they cross, winding numbers are folded to odd or
    even, which is exact but for the cells in which they cross.

    All edges must lie inside the box (a right end on its right border is outside: leave a column).
    """
    return covered_by(pieces_of(edges, box), layers, box)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Edges cut at the borders of the cells of a box.

    ``cell`` is the flat index into ``(layers, rows, columns)`` of the cell that a piece lies in; its ends ``(ua, va)``
    and ``(ub, vb)`` are 0 to 1 across that cell.
    """

    cell: IntArray
    ua: FloatArray
    va: FloatArray
    ub: FloatArray
    vb: FloatArray


def pieces_of(edges: Edges, box: Box) -> Pieces:
    """Cut the edges at the borders of the cells they cross."""
    u0, u1, v0, v1 = edges.u0 - box.column, edges.u1 - box.column, edges.v0 - box.row, edges.v1 - box.row
    row, va, vb, ua, ub, layer = _cut(v0, v1, u0, u1, edges.layer)
    va, vb = va - row, vb - row
    column, ua, ub, va, vb, line = _cut(ua, ub, va, vb, layer * box.rows + row.astype(np.int64))
    return Pieces(cell=line * box.columns + column.astype(np.int64), ua=ua - column, va=va, ub=ub - column, vb=vb)


def covered_by(pieces: Pieces, layers: int, box: Box) -> Coverage:
    """Cover of the cells of a box by the region around which the pieces run; see `coverage`."""
    shape = (layers, box.rows, box.columns)
    ua, va, ub, vb = pieces.ua, pieces.va, pieces.ub, pieces.vb
    touched, piece_cell = _compact(pieces.cell, layers * box.rows * box.columns)

    def per_cell(weights: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(piece_cell, weights=weights, minlength=len(touched)), dtype=np.float64)

    # the sums of the module's head; what a piece adds to the cells on its right is in the running sums
    du, dv = ub - ua, vb - va
    u_mean, v_mean = (ua + ub) * 0.5, (va + vb) * 0.5
    to_the_right = np.cumsum(per_cell(dv))
    area = to_the_right - per_cell(dv * u_mean)
    moment_u = per_cell(dv * (u_mean * (1 - u_mean) - du * du / 12)) * 0.5
    moment_v = per_cell(dv * (u_mean * (0.5 - v_mean) - du * dv / 12)) + np.cumsum(per_cell(dv * (v_mean - 0.5)))

    # the area sum of a cell is the mean winding number in it; folding: an even number of windings is outside, so that
    # 2 - area and -area are the area of the odd part
    turns = np.rint(area * 0.5)
    odd = area - 2 * turns
    sign = np.where(odd < 0, -1.0, 1.0)
    fraction = np.clip(np.abs(odd), 0.0, 1.0)
    share = np.where(fraction > 0, sign / np.maximum(fraction, 1e-12), 0.0)
    return Coverage(
        cell=touched,
        fraction=fraction,
        u=np.clip(0.5 + moment_u * share, 0.0, 1.0),
        v=np.clip(0.5 + moment_v * share, 0.0, 1.0),
        before_full=np.rint(to_the_right).astype(np.int64) & 1 == 1,
        shape=shape,
    )


def _compact(cell: IntArray, cells: int) -> tuple[IntArray, IntArray]:
    """The distinct cells, rising, and for each entry its place among them; by flags, since sorting costs more."""
    flags = np.zeros(cells, dtype=bool)
    flags[cell] = True
    touched = np.flatnonzero(flags)
    place = np.empty(cells, dtype=np.int32)
    place[touched] = np.arange(len(touched), dtype=np.int32)
    return touched, place[cell].astype(np.intp)


def _full_spans(touched: IntArray, covered: BoolArray, shape: tuple[int, int, int]) -> BoolArray:
    """Cells between a touched cell after which the row is covered and the next touched cell."""
    borders = np.concatenate([touched, [shape[0] * shape[1] * shape[2]]])
    # nothing up to the first touched cell, then in turn what follows each touched cell, and the next touched cell
    value = np.zeros(2 * len(touched) + 1, dtype=bool)
    value[1::2] = covered
    count = np.ones(len(value), dtype=np.int64)
    count[0] = borders[0] + 1
    count[1::2] = np.diff(borders) - 1
    count[-1] = 0
    return np.repeat(value, count).reshape(shape)


def _cut(
    a0: FloatArray, a1: FloatArray, b0: FloatArray, b1: FloatArray, tag: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, IntArray]:
    """Cut segments where coordinate ``a`` crosses a whole number.

    Returns
    -------
    tuple
        Of the pieces: the cell in ``a``, both ends in ``a``, both ends in ``b``, and the tag of their segment; first
        those with which each segment begins. Ends at a border are the same number for both pieces that meet there, so
        that closed loops stay closed.
    """
    cell, last = np.floor(a0), np.floor(a1)
    crossing = np.flatnonzero(cell != last)
    if len(crossing) == 0:
        return cell, a0, a1, b0, b1, tag
    steps = last[crossing] - cell[crossing]
    count = np.abs(steps).astype(np.int64)
    before = np.cumsum(count) - count  # cuts of the segments before each
    cut = np.repeat(crossing, count)  # the segment that crosses, once a border
    way = np.sign(steps)
    slope = (b1[crossing] - b0[crossing]) / (a1[crossing] - a0[crossing])
    # borders rising from cell c are c + 1, c + 2 ...; falling, c, c - 1 ... with the cells c - 1, c - 2 ... beyond them
    beyond = np.repeat(cell[crossing] + way - way * before, count) + np.repeat(way, count) * np.arange(len(cut))
    border = np.maximum(beyond, beyond - np.repeat(way, count))
    at_border = b0[cut] + (border - a0[cut]) * np.repeat(slope, count)
    # each piece ends where the next one begins; the last of a segment at its end, the first at its first border
    ends = before + count - 1
    leave_a, leave_b = np.empty_like(border), np.empty_like(border)
    leave_a[:-1], leave_b[:-1] = border[1:], at_border[1:]
    leave_a[ends], leave_b[ends] = a1[crossing], b1[crossing]
    first_a, first_b = a1.copy(), b1.copy()
    first_a[crossing], first_b[crossing] = border[before], at_border[before]
    return (
        np.concatenate([cell, beyond]),
        np.concatenate([a0, border]),
        np.concatenate([first_a, leave_a]),
        np.concatenate([b0, at_border]),
        np.concatenate([first_b, leave_b]),
        np.concatenate([tag, tag[cut]]),
    )


def clip_to(edges: Edges, low: tuple[float, float], high: tuple[float, float]) -> Edges:
    """Edges whose even-odd region is that of the given edges inside a rectangle with (u, v) corners ``low``, ``high``.

    Parts above and below the rectangle are dropped: they cover nothing in it. Parts beside it are moved onto its left
    or right border, where they close the region. Its lower and upper border are added as edges: they enclose nothing,
    but mark the cells along them, which are covered in part, as touched.
    """
    v0, u0, v1, u1, layer = _between(edges.v0, edges.u0, edges.v1, edges.u1, edges.layer, low[1], high[1])
    parts = []
    # left of the rectangle, in it, and right of it; what lies beside it is moved onto its border below
    for left, right in ((-np.inf, low[0]), (low[0], high[0]), (high[0], np.inf)):
        a0, b0, a1, b1, of = _between(u0, v0, u1, v1, layer, left, right)
        parts.append((np.clip(a0, low[0], high[0]), b0, np.clip(a1, low[0], high[0]), b1, of))
    present = distinct(edges.layer)
    ends = np.full(len(present), low[0]), np.full(len(present), high[0])
    parts += [
        (ends[0], np.full(len(present), v), ends[1], np.full(len(present), v), present) for v in (low[1], high[1])
    ]
    joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    order = np.argsort(joined[4], kind="stable")
    u0, v0, u1, v1, layer = (column[order] for column in joined)
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer)


def _between(
    a0: FloatArray, b0: FloatArray, a1: FloatArray, b1: FloatArray, layer: IntArray, low: float, high: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, IntArray]:
    """The parts of segments with ``low <= a <= high``, as (a0, b0, a1, b1, layer)."""
    # a segment along ``a = low`` belongs here, one along ``a = high`` to the next part: each is in one part only
    keep = (np.maximum(a0, a1) > low) & (np.minimum(a0, a1) < high) | ((a0 == a1) & (a0 >= low) & (a0 < high))
    a0, b0, a1, b1, layer = a0[keep], b0[keep], a1[keep], b1[keep], layer[keep]
    slope = (b1 - b0) / np.where(a1 == a0, 1.0, a1 - a0)
    c0, c1 = np.clip(a0, low, high), np.clip(a1, low, high)
    # ends that are kept stay the same number, so that loops stay closed
    d0 = np.where(c0 == a0, b0, b0 + (c0 - a0) * slope)
    d1 = np.where(c1 == a1, b1, b0 + (c1 - a0) * slope)
    return c0, d0, c1, d1, layer

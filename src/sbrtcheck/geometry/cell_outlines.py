"""Pieces of outlines in cells -> the outline of each single cell, closed along its borders.

A cell that is to be halved has to carry its own piece of the structure's outline along, from 0 to 1 across the cell.
Inside the cell that is what `coverage` cut out of the outline; on its borders, it has to be closed again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, numbered, ranges
from sbrtcheck.geometry.coverage import Box, Coverage, Pieces
from sbrtcheck.geometry.elements import MIN_FRACTION
from sbrtcheck.geometry.isodose_cells import WHOLE
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.plan import FloatArray, IntArray

MAX_PIECES = 1 << 21
"""Boundary cells of so many elements are halved as have no more pieces of outlines beside them, all together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What outlines cover of cells.

    Parameters
    ----------
    share, is_cut
        By cell, and for one layer more that is full: covered share, and whether it is a boundary cell.
    touched, before_full
        The cells that a boundary touches, rising, and whether those from each to the next are covered.
    """

    share: FloatArray
    is_cut: BoolArray
    touched: IntArray
    before_full: BoolArray


def cover_of(covered: Coverage) -> Cover:
    """What is covered of cells, as it is needed to find the outline of one."""
    layers, rows, columns = covered.full.shape
    share = np.ones((layers + 1) * rows * columns)
    share[: covered.full.size] = covered.full.reshape(-1)
    is_cut = np.zeros(len(share), dtype=bool)
    fraction = covered.fraction
    # cells that the outline only touches count as wholly inside or outside: nothing is left of it in them
    is_cut[covered.cell] = (fraction > MIN_FRACTION) & (fraction < 1.0 - MIN_FRACTION)
    share[covered.cell] = np.where(is_cut[covered.cell], fraction, np.rint(fraction))
    return Cover(share=share, is_cut=is_cut, touched=covered.cell, before_full=covered.before_full)


def in_order(pieces: Pieces) -> Pieces:
    """The pieces, cell after cell."""
    order = np.argsort(pieces.cell, kind="stable")
    return Pieces(
        cell=pieces.cell[order], ua=pieces.ua[order], va=pieces.va[order], ub=pieces.ub[order], vb=pieces.vb[order]
    )


def cell_outlines(pieces: Pieces, cover: Cover, cell: IntArray, box: Box) -> tuple[IntArray, Edges]:
    """The outline of each of ``cell`` that is a boundary cell; cells of one place in one layer share theirs.

    The pieces come in order. What lies beside a cell is moved onto its border, where it closes the region: the part of
    the region left of the border shrinks to nothing, and inside the cell nothing changes. Only the pieces of its *run*
    are, touched cells side by side; what lies before the run covers all of its height, or nothing, and so closes as
    one edge::

        covered |  .  |  /. |  .  |  .  | not       run: the touched cells, here four
                |  .  | / ..|..|  |  ...|           of the third, two are left and one is right
    """
    is_cut = cover.is_cut[cell]
    boundary, _, place = numbered(cell[is_cut])
    outline = np.full(len(cell), WHOLE, dtype=np.int64)
    outline[is_cut] = place
    first, count, before = _runs(pieces, cover, boundary, box)
    pick, layer = ranges(first, count), np.repeat(np.arange(len(boundary)), count)
    columns_off = pieces.cell[pick] - boundary[layer]
    u0, u1 = (np.clip(u[pick] + columns_off, 0.0, 1.0) for u in (pieces.ua, pieces.ub))
    v0, v1 = pieces.va[pick], pieces.vb[pick]
    # covered before the run and after it: an edge up on the left border, and one down on the right border that closes
    after = before + np.rint(np.bincount(layer, weights=v1 - v0, minlength=len(boundary)))
    times = np.abs(after).astype(np.int64)
    left, right = np.flatnonzero(before), np.repeat(np.arange(len(boundary)), times)
    down = np.repeat(after > 0, times)
    # pieces moved onto a border are netted; hundreds of teeth of a comb beside a cell leave one edge or none
    beside = (u0 == u1) & ((u0 == 0.0) | (u0 == 1.0))
    border, low, high = _netted(
        np.concatenate([2 * layer[beside] + (u0[beside] == 1.0), 2 * left, 2 * right + 1]),
        np.concatenate([v0[beside], np.zeros(len(left)), down.astype(np.float64)]),
        np.concatenate([v1[beside], np.ones(len(left)), (~down).astype(np.float64)]),
    )
    inside = ~beside & ((u0 != u1) | (v0 != v1))
    at = np.concatenate([layer[inside], border // 2])
    order = np.argsort(at, kind="stable")
    u0, u1 = (np.concatenate([u[inside], border % 2])[order] for u in (u0, u1))
    v0, v1 = (np.concatenate([v[inside], more])[order] for v, more in ((v0, low), (v1, high)))
    return outline, Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=at[order])


def _runs(pieces: Pieces, cover: Cover, boundary: IntArray, box: Box) -> tuple[IntArray, IntArray, FloatArray]:
    """Of the run of each boundary cell its first piece and how many there are; and 1 where it is covered before."""
    touched = cover.touched
    starts = np.ones(len(touched) + 1, dtype=bool)
    np.not_equal(touched[1:], touched[:-1] + 1, out=starts[1:-1])
    starts[:-1] |= touched % box.columns == 0
    run_starts = np.flatnonzero(starts)
    run = np.searchsorted(run_starts, np.searchsorted(touched, boundary), side="right") - 1
    bounds = np.append(np.searchsorted(pieces.cell, touched[run_starts[:-1]]), len(pieces.cell))
    before = np.append(False, cover.before_full)[run_starts[run]].astype(np.float64)
    return bounds[run], bounds[run + 1] - bounds[run], before


def have_many_pieces(pieces: Pieces, cover: Cover, cell: IntArray, box: Box) -> BoolArray:
    """Which cells to leave as they are, so that the runs of the others have `MAX_PIECES` together."""
    is_cut = cover.is_cut[cell]
    boundary, _, place = numbered(cell[is_cut])
    _, count, _ = _runs(pieces, cover, boundary, box)
    order = np.argsort(count, kind="stable")
    too_many = np.zeros(len(boundary), dtype=bool)
    too_many[order] = np.cumsum(count[order]) > MAX_PIECES
    have_many = np.zeros(len(cell), dtype=bool)
    have_many[is_cut] = too_many[place]
    return have_many


def _netted(border: IntArray, v0: FloatArray, v1: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Edges along borders, what runs up and down again left out: else halving would carry it along in every cell.

    Returned are the border and both ends of each edge that is left.
    """
    count = int(border.max(initial=-1)) + 1
    # a border is a line: an edge is +1 at its beginning and -1 at its end, and running sums say how often each stretch
    # of the line is run along, upwards less downwards
    across = np.abs(v1 - v0) == 1.0  # most of them, and quickly counted
    up = np.bincount(border[across], weights=v1[across] - v0[across], minlength=count)
    whole = np.flatnonzero(up)
    part = ~across
    at = np.concatenate([border[part], border[part], whole, whole])
    v = np.concatenate([v0[part], v1[part], np.zeros(len(whole)), np.ones(len(whole))])
    ones = np.ones(int(np.count_nonzero(part)))
    turn = np.concatenate([ones, -ones, up[whole], -up[whole]])
    order = np.lexsort((v, at))
    at, v, turn = at[order], v[order], turn[order]
    # ends at one place are one change
    first = np.flatnonzero(np.concatenate([np.ones(min(len(at), 1), bool), (np.diff(at) != 0) | (np.diff(v) != 0.0)]))
    turns = np.add.reduceat(turn, first) if len(first) else turn
    at, v, turns = at[first][turns != 0.0], v[first][turns != 0.0], turns[turns != 0.0]
    winds = np.rint(np.cumsum(turns)).astype(np.int64)[:-1]  # to nothing at the end of each border
    times = np.abs(winds)
    at, v0, v1 = at[:-1], np.where(winds > 0, v[:-1], v[1:]), np.where(winds > 0, v[1:], v[:-1])
    return np.repeat(at, times), np.repeat(v0, times), np.repeat(v1, times)

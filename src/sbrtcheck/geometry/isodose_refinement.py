"""Slices x dose grid -> cells cut by isodoses, halved until known how much volume receives at least each dose.

How much of a structure receives at least a dose is undecided only in the elements whose bounds lie on both sides of it:
those along that isodose. Halving these alone costs as the isodose's surface does, four times more each time; halving
the structure, as its volume, eight times more::

      . . . . . . . .         +---+---+         +-+-+-+-+
      . . / . . . . .         |   | / |         | | |/| |     only the cells that the line still passes
      . / . . . . . .   -->   +---+---+   -->   +-+-+-+-+     are halved again; the others have been counted
      / . . . . . . .         | / |   |         | |/| | |     as above or below
                              +---+---+         +-+-+-+-+

A cell at the structure's boundary carries its piece of the outline along, as edges from 0 to 1 across the cell, and so
do its eighths. What is known of the cells that remain comes from `isodose_cells`.

All isodoses of a structure go through each step together: what a step costs beside its cells is paid once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, Float32, ranges
from sbrtcheck.geometry.cell_dose import Levels, dose_planes, levels_of, of_four, over_slices
from sbrtcheck.geometry.coverage import Box, Coverage, Pieces, covered_by, pieces_of
from sbrtcheck.geometry.elements import MIN_FRACTION
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.isodose_cells import WHOLE, Cells, Isodoses
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.slabs import BlockOutlines, Slabs
from sbrtcheck.geometry.slices import Slices
from sbrtcheck.plan import FloatArray, IntArray

MAX_HELD = 1 << 19
"""Of more undecided cells an isodose, as a noisy dose has, nothing is known but what their corners tell: they fill the
memory."""

_QUARTERS = Box(row=0, column=0, rows=3, columns=3)
"""The four quarters of a cell, and a row and a column beyond, in which nothing lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsodoseCut:
    """Of the undecided elements, the volume that receives at least each dose, and the cells that still are undecided.

    Parameters
    ----------
    isodoses
        The doses.
    above_cc, below_cc
        Shape ``(isodoses,)``: volume found to receive at least the dose, and found not to, apart from the cells.
    undecided_cc
        Shape ``(isodoses,)``: volume, apart from the cells, that stays undecided: no more will be found out of it.
    cells
        What can still be decided.
    edges
        Outlines of the structure in cells, 0 to 1 across a cell.
    """

    isodoses: Isodoses
    above_cc: FloatArray
    below_cc: FloatArray
    undecided_cc: FloatArray
    cells: Cells
    edges: Edges

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def count(self) -> IntArray:
        """How many cells of each isodose can still be decided."""
        return np.bincount(self.cells.isodose, minlength=len(self.isodoses))

    @property
    def guaranteed_above_cc(self) -> FloatArray:
        """Volume guaranteed to receive at least each dose."""
        return self.above_cc + self.sums(self.cells.above_cc)

    @property
    def guaranteed_below_cc(self) -> FloatArray:
        """Volume guaranteed not to."""
        return self.below_cc + self.sums(self.cells.below_cc)

    @property
    def guaranteed_nowhere(self) -> BoolArray:
        """Whether none of the undecided elements receives at least the dose anywhere."""
        nowhere: BoolArray = (self.count == 0) & (self.above_cc == 0.0) & (self.undecided_cc == 0.0)
        return nowhere

    @property
    def guaranteed_everywhere(self) -> BoolArray:
        """Whether all of the undecided elements receive at least the dose, in every part."""
        everywhere: BoolArray = (self.count == 0) & (self.below_cc == 0.0) & (self.undecided_cc == 0.0)
        return everywhere

    def without(self, settled: BoolArray) -> IsodoseCut:
        """The same, with what is known of some cells counted, and no more to be found out of them."""
        done = self.cells.where(settled)
        return replace(
            self,
            above_cc=self.above_cc + _by_isodose(done.isodose, done.above_cc, self.isodoses),
            below_cc=self.below_cc + _by_isodose(done.isodose, done.below_cc, self.isodoses),
            undecided_cc=self.undecided_cc + _by_isodose(done.isodose, done.undecided_cc, self.isodoses),
            cells=self.cells.where(~settled),
        )

    def halved(self) -> IsodoseCut:
        """The same from cells half as long, wide and high; those that lie on one side of the dose now are counted."""
        cells = self.cells
        outlines = max(int(cells.outline.max(initial=WHOLE)), int(self.edges.layer.max(initial=WHOLE))) + 1
        pieces = pieces_of(_doubled(self.edges), _QUARTERS)
        # along w the outline is the same in both halves, so the share of an eighth is that of its quarter
        cover = _cover(covered_by(pieces, outlines, _QUARTERS))
        share = cover.share.reshape(-1, 3, 3)[cells.outline, :2, :2].transpose(1, 2, 0)
        # corners of the eighths: doses half way between corners, which trilinear dose has exactly
        lattice = _lattice(cells.corners)
        low, high = (_of_eighths(of, lattice) for of in (np.minimum, np.maximum))
        above, below = self.isodoses.sides(low, high, cells.isodose)
        # eighths wholly above or below are counted and dropped; so are those outside the structure
        cc = share * (cells.cc / 8)
        w, v, u, at = np.nonzero(~(above | below) & (share > 0.0))
        eighths = np.lib.stride_tricks.sliding_window_view(lattice, (2, 2, 2), axis=(0, 1, 2))
        corners = np.ascontiguousarray(np.moveaxis(eighths[w, v, u, at], 0, -1))
        place = (cells.outline[at] * 3 + v) * 3 + u  # of interior cells, in the last layer, which is full
        outline, edges = _outlines(_in_order(pieces), cover, place, _QUARTERS)
        return replace(
            self,
            above_cc=self.above_cc + self.sums((cc * above).sum(axis=(0, 1, 2))),
            below_cc=self.below_cc + self.sums((cc * below).sum(axis=(0, 1, 2))),
            cells=Cells.of(corners, cells.cc[at] / 8, share[v, u, at], outline, cells.isodose[at], self.isodoses),
            edges=edges,
        )

    def sums(self, of_cells: FloatArray) -> FloatArray:
        """Sums over the cells of each isodose."""
        return _by_isodose(self.cells.isodose, of_cells, self.isodoses)

    def smallest(self, together_cc: FloatArray) -> BoolArray:
        """Of each isodose the cells that hold least, as many as hold no more than ``together_cc`` undecided."""
        undecided_cc, isodose = self.cells.undecided_cc, self.cells.isodose
        held_cc = self.sums(undecided_cc)
        smallest: BoolArray = (together_cc >= held_cc)[isodose]
        for i in np.flatnonzero((together_cc >= 0.0) & (together_cc < held_cc)).tolist():
            mine = np.flatnonzero(isodose == i)
            mine = mine[np.argsort(undecided_cc[mine])]
            smallest[mine] = np.cumsum(undecided_cc[mine]) <= together_cc[i]
        return smallest

    def largest(self, count: int) -> BoolArray:
        """Of each isodose the ``count`` cells that hold most."""
        largest = np.ones(len(self), dtype=bool)
        for i in np.flatnonzero(self.count > count).tolist():
            mine = np.flatnonzero(self.cells.isodose == i)
            order = np.argpartition(self.cells.undecided_cc[mine], len(mine) - count)
            largest[mine[order[:-count]]] = False
        return largest


def cut_by_isodoses(slices: Slices, frame: GridFrame, isodoses: Isodoses, unit_gy: float) -> IsodoseCut:
    """What the undecided elements, cut where the dose along w bends, tell of each isodose."""
    parts: list[IsodoseCut] = []
    held = np.zeros(len(isodoses), dtype=np.int64)
    slabs = Slabs.of([slices])
    for block in slabs.blocks():
        outlines = slabs.outlines(block)
        faces_mm = (slabs.low_mm[block][outlines.slab], slabs.high_mm[block][outlines.slab])
        field = _field(faces_mm, outlines.box, slices.refinement, frame, unit_gy)
        passing = _may_be_undecided(field.planes, isodoses)
        if not len(passing):
            continue
        # the same bounds as those of the elements, to the bit: what is undecided there, and nothing else, is looked at
        low, high = _bounds(field)
        picks = [np.flatnonzero((low < isodoses.most[i]) & (high >= isodoses.least[i])) for i in passing.tolist()]
        if not any(map(len, picks)):
            continue
        isodose = np.repeat(passing, list(map(len, picks)))
        cut = _first(np.concatenate(picks), isodose, field, _region(outlines), isodoses)
        held += cut.count
        parts.append(cut.without((held > MAX_HELD)[cut.cells.isodose]))
    return _together(parts, isodoses)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """Dose on planes over the cells of a box, and the levels of slices in it.

    ``planes`` has shape ``(planes, rows * columns)``. ``plane`` and ``share`` have shape ``(slices, levels)``: each
    level lies in ``share`` of the way from ``plane`` to the next. ``cell_cc``, shape ``(slices, levels - 1)``, is the
    volume of a cell between a level and the next.
    """

    box: Box
    levels: Levels
    planes: Float32
    plane: IntArray
    share: Float32
    cell_cc: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Region:
    """What the layers of a block cover: ``place`` is the layer of each slice; the pieces are in the order of cells."""

    place: IntArray
    pieces: Pieces
    cover: _Cover


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cover:
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


def _field(
    faces_mm: tuple[FloatArray, FloatArray], box: Box, refinement: int, frame: GridFrame, unit_gy: float
) -> _Field:
    low_mm, high_mm = faces_mm
    levels = levels_of(low_mm, high_mm, frame)
    planes = dose_planes(levels, frame, box, refinement, unit_gy).reshape(-1, box.rows * box.columns)
    # a row of levels for each slice: its bottom, the dose planes inside, and its top as often as there is room
    step = np.arange(int(levels.inner.max()) + 2)
    # dose planes inside a slice are levels; the last plane of all is the end of the way from the one before
    node = levels.first[:, None] + step - 1
    plane = np.minimum(node, len(planes) - 2)
    share = (node - plane).astype(np.float32)
    place_mm = frame.nodes_mm[np.minimum(node + levels.planes.start, len(frame.nodes_mm) - 1)]
    for is_face, face, face_mm in (
        (step[None] == 0, levels.bottom, low_mm),
        (step > levels.inner[:, None], levels.top, high_mm),
    ):
        plane = np.where(is_face, levels.below[face][:, None], plane)
        share = np.where(is_face, levels.share[face], share)
        place_mm = np.where(is_face, face_mm[:, None], place_mm)
    return _Field(
        box=box,
        levels=levels,
        planes=planes,
        plane=plane,
        share=share,
        cell_cc=np.diff(place_mm, axis=1) * frame.spacing_mm[0] * frame.spacing_mm[1] / refinement**2 / 1000.0,
    )


def _may_be_undecided(dose: Float32, isodoses: Isodoses) -> IntArray:
    """Which isodoses may pass at all where the dose is between these extremes."""
    return np.flatnonzero((dose.min() < isodoses.most) & (dose.max() >= isodoses.least))


def _bounds(field: _Field) -> tuple[Float32, Float32]:
    """Bounds of the dose in each cell of each slice, as the elements have them."""
    _, _, least, most = over_slices(field.levels, field.planes)
    columns = field.box.columns
    return of_four(np.minimum, least.reshape(-1), columns), of_four(np.maximum, most.reshape(-1), columns)


def _region(outlines: BlockOutlines) -> _Region:
    """What the outlines of a block cover of its cells, and their pieces in the order of cells."""
    pieces = pieces_of(outlines.edges, outlines.box)
    cover = _cover(covered_by(pieces, outlines.layers, outlines.box))
    return _Region(place=outlines.place, pieces=_in_order(pieces), cover=cover)


def _cover(covered: Coverage) -> _Cover:
    layers, rows, columns = covered.full.shape
    share = np.ones((layers + 1) * rows * columns)
    share[: covered.full.size] = covered.full.reshape(-1)
    is_cut = np.zeros(len(share), dtype=bool)
    fraction = covered.fraction
    # cells that the outline only touches count as wholly inside or outside: nothing is left of it in them
    is_cut[covered.cell] = (fraction > MIN_FRACTION) & (fraction < 1.0 - MIN_FRACTION)
    share[covered.cell] = np.where(is_cut[covered.cell], fraction, np.rint(fraction))
    return _Cover(share=share, is_cut=is_cut, touched=covered.cell, before_full=covered.before_full)


def _first(pick: IntArray, isodose: IntArray, field: _Field, region: _Region, isodoses: Isodoses) -> IsodoseCut:
    """The elements ``pick``, flat indices into slices and cells, between the levels of their slice.

    Each is looked at for its ``isodose``.
    """
    cells = field.box.rows * field.box.columns
    of, cell = np.divmod(pick, cells)
    at = region.place[of] * cells + cell
    covered = region.cover.share[at] > 0.0
    of, cell, at, isodose = of[covered], cell[covered], at[covered], isodose[covered]
    parts = field.levels.inner[of] + 1
    level = ranges(np.zeros(len(of), dtype=np.int64), parts)
    of, cell, at, isodose = (np.repeat(x, parts) for x in (of, cell, at, isodose))
    # bilinear across, straight up and down between two levels: eight corners say it all
    corner = cell + np.array([[0, 1], [field.box.columns, field.box.columns + 1]])[..., None]
    corners = np.stack([_dose_at(field, of, level + up, corner) for up in (0, 1)])
    low, high = corners.min(axis=(0, 1, 2)), corners.max(axis=(0, 1, 2))
    above, below = isodoses.sides(low, high, isodose)
    cc = field.cell_cc[of, level]
    covered_cc = cc * region.cover.share[at]
    open_ = ~(above | below)
    outline, edges = _outlines(region.pieces, region.cover, at[open_], field.box)
    return IsodoseCut(
        isodoses=isodoses,
        above_cc=_by_isodose(isodose, covered_cc * above, isodoses),
        below_cc=_by_isodose(isodose, covered_cc * below, isodoses),
        undecided_cc=np.zeros(len(isodoses)),
        cells=Cells.of(
            corners[..., open_], cc[open_], region.cover.share[at[open_]], outline, isodose[open_], isodoses
        ),
        edges=edges,
    )


def _by_isodose(isodose: IntArray, of_cells: FloatArray, isodoses: Isodoses) -> FloatArray:
    """Sums over the cells of each isodose."""
    return np.asarray(np.bincount(isodose, weights=of_cells, minlength=len(isodoses)), dtype=np.float64)


def _dose_at(field: _Field, of: IntArray, level: IntArray, corner: IntArray) -> Float32:
    plane, share = field.plane[of, level], field.share[of, level]
    under = field.planes[plane, corner]
    dose: Float32 = under + (field.planes[plane + 1, corner] - under) * share
    return dose


def _together(parts: Sequence[IsodoseCut], isodoses: Isodoses) -> IsodoseCut:
    """What several blocks tell, as one; the outlines of each are numbered after those before it."""
    nothing = np.zeros(len(isodoses))
    none = IsodoseCut(
        isodoses=isodoses,
        above_cc=nothing,
        below_cc=nothing,
        undecided_cc=nothing,
        cells=Cells.none(),
        edges=Edges.of([]),
    )
    parts = [none, *parts]  # so that there is something to join
    ends = np.cumsum([int(part.edges.layer.max(initial=WHOLE)) + 1 for part in parts]).tolist()
    firsts = [0, *ends[:-1]]
    u0, v0, u1, v1 = (
        np.concatenate([getattr(part.edges, name) for part in parts]) for name in ("u0", "v0", "u1", "v1")
    )
    layer = np.concatenate([part.edges.layer + first for part, first in zip(parts, firsts, strict=True)])
    return IsodoseCut(
        isodoses=isodoses,
        above_cc=np.sum([part.above_cc for part in parts], axis=0),
        below_cc=np.sum([part.below_cc for part in parts], axis=0),
        undecided_cc=np.sum([part.undecided_cc for part in parts], axis=0),
        cells=Cells.joined([part.cells for part in parts], firsts),
        edges=Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer),
    )


def _in_order(pieces: Pieces) -> Pieces:
    """The pieces, cell after cell."""
    order = np.argsort(pieces.cell, kind="stable")
    return Pieces(
        cell=pieces.cell[order], ua=pieces.ua[order], va=pieces.va[order], ub=pieces.ub[order], vb=pieces.vb[order]
    )


def _outlines(pieces: Pieces, cover: _Cover, cell: IntArray, box: Box) -> tuple[IntArray, Edges]:
    """The outline of each of ``cell`` that is a boundary cell; cells of one place in one layer share theirs.

    The pieces come in order. What lies beside a cell is moved onto its border, where it closes the region: the part of
    the region left of the border shrinks to nothing, and inside the cell nothing changes. Only the pieces of its *run*
    are, touched cells side by side; what lies before the run covers all of its height, or nothing, and so closes as
    one edge::

        covered |  .  |  /. |  .  |  .  | not       run: the touched cells, here four
                |  .  | / ..|..|  |  ...|           of the third, two are left and one is right
    """
    is_cut = cover.is_cut[cell]
    boundary, place = np.unique(cell[is_cut], return_inverse=True)
    outline = np.full(len(cell), WHOLE, dtype=np.int64)
    outline[is_cut] = place
    touched = cover.touched
    starts = np.ones(len(touched) + 1, dtype=bool)
    np.not_equal(touched[1:], touched[:-1] + 1, out=starts[1:-1])
    starts[:-1] |= touched % box.columns == 0
    run_starts = np.flatnonzero(starts)
    run = np.searchsorted(run_starts, np.searchsorted(touched, boundary), side="right") - 1
    first, end = (np.searchsorted(pieces.cell, touched[run_starts[:-1]]), len(pieces.cell))
    bounds = np.append(first, end)
    count = bounds[run + 1] - bounds[run]
    pick, layer = ranges(bounds[run], count), np.repeat(np.arange(len(boundary)), count)
    columns_off = pieces.cell[pick] - boundary[layer]
    u0, u1 = (np.clip(u[pick] + columns_off, 0.0, 1.0) for u in (pieces.ua, pieces.ub))
    v0, v1 = pieces.va[pick], pieces.vb[pick]
    # covered before the run and after it: an edge up on the left border, and one down on the right border that closes
    before = np.append(False, cover.before_full)[run_starts[run]].astype(np.float64)
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


def _doubled(edges: Edges) -> Edges:
    """The edges in cells half as large."""
    return replace(edges, u0=edges.u0 * 2, v0=edges.v0 * 2, u1=edges.u1 * 2, v1=edges.v1 * 2)


def _lattice(corners: Float32) -> Float32:
    """Dose at the corners, and half way between them: shape ``(3, 3, 3, n)``."""
    for axis in range(3):
        first, last = (np.take(corners, [end], axis=axis) for end in (0, 1))
        corners = np.concatenate([first, (first + last) * np.float32(0.5), last], axis=axis)
    return corners


def _of_eighths(of: np.ufunc, lattice: Float32) -> Float32:
    """The least or the largest dose in each eighth of a cell: shape ``(2, 2, 2, n)``."""
    pairs = of(lattice[:-1], lattice[1:])
    fours = of(pairs[:, :-1], pairs[:, 1:])
    eighths: Float32 = of(fours[:, :, :-1], fours[:, :, 1:])
    return eighths

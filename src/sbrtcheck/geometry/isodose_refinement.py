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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, Float32, ranges
from sbrtcheck.geometry.cell_dose import Levels, dose_planes, levels_of, of_four, over_slices
from sbrtcheck.geometry.cell_outlines import Cover, cell_outlines, cover_of, have_many_pieces, in_order
from sbrtcheck.geometry.coverage import Box, Pieces, covered_by, pieces_of
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.isodose_cells import WHOLE, Cells, Isodoses
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.slabs import BlockOutlines, Slabs
from sbrtcheck.geometry.slices import Slices
from sbrtcheck.plan import FloatArray, IntArray

ELEMENTS_AT_ONCE = 1 << 17
"""Elements are looked at together up to about so many, some 50 MB."""

_QUARTERS = Box(row=0, column=0, rows=3, columns=3)
"""The four quarters of a cell, and a row and a column beyond, in which nothing lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much may be done along each isodose, at most.

    ``elements``: where more are undecided, as in a noisy dose, those beyond stay so. ``cells``: of more that are
    undecided, those are halved at once that hold most.
    """

    elements: int
    cells: int


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
    def outlines(self) -> int:
        """How many outlines are numbered."""
        return max(int(self.cells.outline.max(initial=WHOLE)), int(self.edges.layer.max(initial=WHOLE))) + 1

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
        if not settled.any():
            return self
        done = self.cells.where(settled)
        return replace(
            self,
            above_cc=self.above_cc + _by_isodose(done.isodose, done.above_cc, self.isodoses),
            below_cc=self.below_cc + _by_isodose(done.isodose, done.below_cc, self.isodoses),
            undecided_cc=self.undecided_cc + _by_isodose(done.isodose, done.undecided_cc, self.isodoses),
            cells=self.cells.where(~settled),
        )

    def without_decided(self) -> IsodoseCut:
        """The same, cells of which all is known counted and dropped."""
        decided = self.cells.undecided_cc == 0.0
        return self.without(decided).without_idle_edges() if decided.any() else self

    def given_up(self, isodoses: BoolArray) -> IsodoseCut:
        """The same, with what is known of the cells of some isodoses counted, and more undecided than anybody knows."""
        settled = self.without(isodoses[self.cells.isodose])
        return replace(settled, undecided_cc=np.where(isodoses, np.inf, settled.undecided_cc))

    def without_idle_edges(self) -> IsodoseCut:
        """The same without the outlines of cells that are left out."""
        cells, edges = self.cells, self.edges
        used = np.zeros(self.outlines + 1, dtype=bool)
        used[cells.outline] = True  # that of interior cells is the last
        number = np.cumsum(used) - 1
        number[WHOLE] = WHOLE
        keep = used[edges.layer]
        u0, v0, u1, v1 = (x[keep] for x in (edges.u0, edges.v0, edges.u1, edges.v1))
        kept = Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=number[edges.layer[keep]])
        return replace(self, cells=replace(cells, outline=number[cells.outline]), edges=kept)

    def halved_where(self, halve: BoolArray) -> IsodoseCut:
        """The same, some cells in parts half as long, wide and high."""
        if halve.all():
            return self.halved()
        nothing = np.zeros(len(self.isodoses))
        whole = replace(self, cells=self.cells.where(~halve)).without_idle_edges()
        rest = replace(
            self, above_cc=nothing, below_cc=nothing, undecided_cc=nothing, cells=self.cells.where(halve)
        ).without_idle_edges()
        return _together([whole, rest.halved()], self.isodoses)

    def halved(self) -> IsodoseCut:
        """The same from cells half as long, wide and high; those that lie on one side of the dose now are counted."""
        cells, outlines = self.cells, self.outlines
        pieces = pieces_of(_doubled(self.edges), _QUARTERS)
        # along w the outline is the same in both halves, so the share of an eighth is that of its quarter
        cover = cover_of(covered_by(pieces, outlines, _QUARTERS))
        share = cover.share.reshape(-1, 3, 3)[cells.outline, :2, :2].transpose(1, 2, 0)
        # corners of the eighths: doses half way between corners, which trilinear dose has exactly
        lattice = _lattice(cells.corners)
        low, high = (_of_eighths(of, lattice) for of in (np.minimum, np.maximum))
        above, below = self.isodoses.sides(low, high, cells.isodose)
        # eighths wholly above or below are counted and dropped; so are those outside the structure
        cc = share * (cells.cc / 8)
        w, v, u, at = np.nonzero(~(above | below) & (share > 0.0))
        places = np.lib.stride_tricks.sliding_window_view(lattice, (2, 2, 2), axis=(0, 1, 2))
        corners = np.ascontiguousarray(np.moveaxis(places[w, v, u, at], 0, -1))
        place = (cells.outline[at] * 3 + v) * 3 + u  # of interior cells, in the last layer, which is full
        outline, edges = cell_outlines(in_order(pieces), cover, place, _QUARTERS)
        eighths_cc, isodose = cells.cc[at] / 8, cells.isodose[at]
        known = Cells.of(corners, eighths_cc, share[v, u, at], outline, isodose, self.isodoses)
        eighths = replace(
            self,
            above_cc=self.above_cc + self.sums((cc * above).sum(axis=(0, 1, 2))),
            below_cc=self.below_cc + self.sums((cc * below).sum(axis=(0, 1, 2))),
            cells=known.within(edges, self.isodoses),
            edges=edges,
        )
        return eighths.without_decided()

    def sums(self, of_cells: FloatArray) -> FloatArray:
        """Sums over the cells of each isodose."""
        return _by_isodose(self.cells.isodose, of_cells, self.isodoses)

    def smallest(self, together_cc: FloatArray) -> BoolArray:
        """Of each isodose the cells that hold least, as many as hold no more than ``together_cc`` undecided."""
        undecided_cc, isodose = self.cells.undecided_cc, self.cells.isodose
        # of most isodoses it is none of the cells, or all of them
        of_all = together_cc >= self.sums(undecided_cc)
        smallest = of_all[isodose]
        for i in np.flatnonzero(~of_all & (together_cc >= 0.0)).tolist():
            mine = np.flatnonzero(isodose == i)
            order = np.argsort(undecided_cc[mine], kind="stable")
            smallest[mine[order]] = np.cumsum(undecided_cc[mine][order]) <= together_cc[i]
        return smallest

    def that_hold(self, together_cc: FloatArray) -> BoolArray:
        """Of each isodose as few cells as hold so much of what is undecided together."""
        return ~self.smallest(self.sums(self.cells.undecided_cc) - together_cc)

    def largest(self, count: int) -> BoolArray:
        """Of each isodose the ``count`` cells that hold most."""
        largest = np.ones(len(self), dtype=bool)
        for i in np.flatnonzero(self.count > count).tolist():
            mine = np.flatnonzero(self.cells.isodose == i)
            order = np.argpartition(self.cells.undecided_cc[mine], len(mine) - count)
            largest[mine[order[:-count]]] = False
        return largest


def cut_by_isodoses(slices: Slices, frame: GridFrame, isodoses: Isodoses, unit_gy: float, effort: Effort) -> IsodoseCut:
    """What the undecided elements, cut where the dose along w bends, tell of each isodose."""
    known = _together([], isodoses)
    left = np.full(len(isodoses), effort.elements)  # elements that may still be looked at
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
        region = _region(outlines)
        inside = region.inside(len(low))
        low, high = low[inside], high[inside]
        picks = {i: inside[(low < isodoses.most[i]) & (high >= isodoses.least[i])] for i in passing.tolist()}
        left -= [len(picks.get(i, ())) for i in range(len(isodoses))]
        if (left < 0).any():
            known = known.given_up(left < 0)
        for some in _grouped({i: pick for i, pick in picks.items() if len(pick) and left[i] >= 0}):
            isodose = np.repeat(list(some), list(map(len, some.values())))
            cut = _first(np.concatenate(list(some.values())), isodose, field, region, isodoses, effort.cells)
            known = _together([known, cut], isodoses)
            known = known.without(~known.largest(effort.cells)).without_idle_edges()
    return known


def _grouped(picks: dict[int, IntArray]) -> Iterator[dict[int, IntArray]]:
    """The elements of some isodoses, those of a few isodoses at a time."""
    group: dict[int, IntArray] = {}
    count = 0
    for i, pick in picks.items():
        if count + len(pick) > ELEMENTS_AT_ONCE and group:
            yield group
            group, count = {}, 0
        group[i] = pick
        count += len(pick)
    if group:
        yield group


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
    cover: Cover

    def inside(self, count: int) -> IntArray:
        """Which of the first ``count`` cells of all slices are covered, if only in part."""
        layers = int(self.place.max()) + 2  # those of the slices, and one that is full
        share = self.cover.share.reshape(layers, -1)
        return np.flatnonzero((share > 0.0)[self.place].reshape(-1)[:count])


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
    cover = cover_of(covered_by(pieces, outlines.layers, outlines.box))
    return _Region(place=outlines.place, pieces=in_order(pieces), cover=cover)


def _first(
    pick: IntArray, isodose: IntArray, field: _Field, region: _Region, isodoses: Isodoses, max_cells: int
) -> IsodoseCut:
    """The elements ``pick``, flat indices into slices and cells, between the levels of their slice.

    Each is looked at for its ``isodose``.
    """
    cells = field.box.rows * field.box.columns
    of, cell = np.divmod(pick, cells)
    at = region.place[of] * cells + cell
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
    cut = IsodoseCut(
        isodoses=isodoses,
        above_cc=_by_isodose(isodose, covered_cc * above, isodoses),
        below_cc=_by_isodose(isodose, covered_cc * below, isodoses),
        undecided_cc=np.zeros(len(isodoses)),
        cells=Cells.of(
            corners.compress(open_, axis=-1),
            cc[open_],
            region.cover.share[at[open_]],
            at[open_],
            isodose[open_],
            isodoses,
        ),
        edges=Edges.of([]),
    )
    # outlines cost most, and are needed for what is halved only; so far, cells have their place for one
    cut = cut.without(~cut.largest(max_cells))
    cut = cut.without(have_many_pieces(region.pieces, region.cover, cut.cells.outline, field.box))
    outline, edges = cell_outlines(region.pieces, region.cover, cut.cells.outline, field.box)
    cut = replace(cut, cells=replace(cut.cells, outline=outline).within(edges, isodoses), edges=edges)
    return cut.without_decided()


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
    ends = np.cumsum([part.outlines for part in parts]).tolist()
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

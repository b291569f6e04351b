"""Slices of several structures -> slabs in which they share one dose, and what the slices cover of the cells there.

Organs of a plan are contoured on the same images, so their slices lie at the same heights. The dose of a slab is worked
out once, and every slice in it is sampled on the same cells::

      w
      |  [ lung ][ heart ]     slab 2   dose of slab 2 over a box around both
      |  [ lung ][ heart ]     slab 1
      |  [ lung ]  [ cord ]    slab 0

Slabs are worked through in blocks of about `BLOCK_CELLS` cells, so that memory stays small however large a structure
is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, numbered
from sbrtcheck.geometry.coverage import Box, Coverage, coverage
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.prisms import SAME_HEIGHT_MM
from sbrtcheck.geometry.slices import Slices
from sbrtcheck.plan import FloatArray, IntArray

BLOCK_CELLS = 1 << 17
"""Cells of a block, about: more do not stay in the cache of a processor."""

MOST_CELLS = 1 << 18
"""A block of one slab gets a second one up to so many cells: the dose at the face between them is worked out once."""

BLOCK_EDGES = 1 << 18
"""Edges of a block, about; a block has at least one slab."""

CELLS_OF_A_BLOCK = 1 << 16
"""What a block costs beside its cells is about the cost of so many cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slabs:
    """The different heights of the slices of several parts, from below, and which slices lie there.

    Parameters
    ----------
    low_mm, high_mm
        Shape ``(slabs,)``.
    boxes
        Shape ``(4, slabs)``: least and largest u, then v, of what lies in each slab.
    edges, more_edges
        Shape ``(slabs,)``: how many edges lie in each; and those of layers that do not lie in the slab before too.
    slab, part, layer
        Shape ``(slices,)``, in rising order of slab: of each slice its slab, its part, and its layer in that part.
    layers
        Every layer is less than this.
    """

    parts: Sequence[Slices]
    low_mm: FloatArray
    high_mm: FloatArray
    boxes: FloatArray
    edges: IntArray
    more_edges: IntArray
    slab: IntArray
    part: IntArray
    layer: IntArray
    layers: int

    @classmethod
    def of(cls, parts: Sequence[Slices]) -> Slabs:
        """The slabs of parts that are all refined alike."""
        low, high, layer, boxes, edges = (
            np.concatenate(of_parts, axis=-1)
            for of_parts in zip(
                *((p.low_mm, p.high_mm, p.layer, _boxes(p), _edge_counts(p)) for p in parts), strict=True
            )
        )
        # bottom and top as one (complex) number each, rounded, so that equal slabs are equal numbers
        heights = np.round(low / SAME_HEIGHT_MM) + 1j * np.round(high / SAME_HEIGHT_MM)
        _, first, slab = numbered(heights)
        order = np.argsort(slab, kind="stable")
        begins = np.searchsorted(slab[order], np.arange(len(first)))
        part = np.repeat(np.arange(len(parts)), [len(p.layer) for p in parts])
        layers = int(layer.max(initial=0)) + 1
        goes_on = _goes_on(part * layers + layer, slab)
        extremes = zip((np.minimum, np.maximum) * 2, boxes[:, order], strict=True)
        return cls(
            parts=parts,
            low_mm=low[first],
            high_mm=high[first],
            boxes=np.array([extreme.reduceat(edge, begins) for extreme, edge in extremes]),
            edges=np.add.reduceat(edges[order], begins),
            more_edges=np.add.reduceat(np.where(goes_on, 0, edges)[order], begins),
            slab=slab[order],
            part=part[order],
            layer=layer[order],
            layers=layers,
        )

    def blocks(self) -> Iterator[slice]:
        """Runs of slabs whose common box has about `BLOCK_CELLS` cells at most, and wastes few of them.

        All slabs of a block are sampled on one box, so a slab joins while the box it makes is small enough, and while
        the cells that it adds are not many more than its own and those that a block of its own would cost.
        """
        start, cells, count = 0, 0.0, 0
        box = [np.inf, -np.inf, np.inf, -np.inf]
        edges = self.edges.tolist()
        for stop, (own, fresh) in enumerate(zip(self.boxes.T.tolist(), self.more_edges.tolist(), strict=True)):
            grown = [min(box[0], own[0]), max(box[1], own[1]), min(box[2], own[2]), max(box[3], own[3])]
            more = _cells(grown) * (stop + 1 - start)
            wasteful = more - cells > _cells(own) + CELLS_OF_A_BLOCK
            many = fresh > 0 and count + fresh > BLOCK_EDGES
            limit = BLOCK_CELLS if stop - start > 1 else MOST_CELLS
            if stop > start and (more > limit or wasteful or many):
                yield slice(start, stop)
                start, grown, more = stop, own, _cells(own)
            box, cells, count = grown, more, edges[stop] if start == stop else count + fresh
        if len(self.low_mm):
            yield slice(start, len(self.low_mm))

    def outlines(self, block: slice) -> BlockOutlines:
        """The slices in some slabs, and their outlines."""
        mine = slice(*np.searchsorted(self.slab, [block.start, block.stop]))
        order = np.argsort(self.part[mine], kind="stable")
        part, slab, layer = (of_slices[mine][order] for of_slices in (self.part, self.slab, self.layer))
        # a layer that lies in several slabs of the block is sampled once
        regions, _, place = numbered(part * self.layers + layer)
        present, _, owner = numbered(part)
        layers = np.split(regions % self.layers, np.searchsorted(regions, present[1:] * self.layers))
        edges = _joined([self.parts[i].edges.of_layers(own) for i, own in zip(present.tolist(), layers, strict=True)])
        return BlockOutlines(
            edges=edges,
            layers=len(regions),
            box=_box_of(edges),
            parts=present,
            owner=owner,
            place=place,
            slab=slab - block.start,
        )

    def sampled(self, block: slice) -> SampledSlices:
        """The slices in some slabs, sampled on the cells of a box around them."""
        own = self.outlines(block)
        covered = coverage(own.edges, own.layers, own.box)
        return SampledSlices(
            covered=covered, box=own.box, parts=own.parts, owner=own.owner, place=own.place, slab=own.slab
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOutlines:
    """The slices of a block.

    Slice ``i`` is layer ``place[i]`` of ``edges``, in the block's slab ``slab[i]``, and owned by ``parts[owner[i]]``;
    ``owner`` never falls. ``box`` is around all ``layers`` of the edges.
    """

    edges: Edges
    layers: int
    box: Box
    parts: IntArray
    owner: IntArray
    place: IntArray
    slab: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledSlices:
    """What slices cover of the cells of a block's box: as `BlockOutlines`, with ``covered`` in place of the edges."""

    covered: Coverage
    box: Box
    parts: IntArray
    owner: IntArray
    place: IntArray
    slab: IntArray


def _boxes(slices: Slices) -> FloatArray:
    """Least and largest u, then v, of the region of each slice; shape ``(4, slices)``."""
    if len(slices.layer) == 0:
        return np.zeros((4, 0))
    # layers are runs of edges: extremes of each run, and back to the slices, several of which may be of one layer
    first, _, back = numbered(np.searchsorted(slices.edges.layer, slices.layer))
    u, v = slices.edges.u0, slices.edges.v0
    return np.array([f.reduceat(x, first)[back] for x in (u, v) for f in (np.minimum, np.maximum)])


def _goes_on(region: IntArray, slab: IntArray) -> BoolArray:
    """Of slices, whether their region lies in the slab before as well."""
    order = np.lexsort((slab, region))
    again = (np.diff(region[order], prepend=-1) == 0) & (np.diff(slab[order], prepend=-1) == 1)
    goes_on = np.empty(len(order), dtype=bool)
    goes_on[order] = again
    return goes_on


def _edge_counts(slices: Slices) -> IntArray:
    """How many edges the region of each slice has."""
    first, last = (np.searchsorted(slices.edges.layer, slices.layer, side=side) for side in ("left", "right"))
    return np.asarray(last - first)


def _cells(box: Sequence[float]) -> float:
    """About how many cells a box has, with the row and the column beyond."""
    return (box[1] - box[0] + 2) * (box[3] - box[2] + 2)


def _box_of(edges: Edges) -> Box:
    """The cells that edges reach, and a row and a column beyond."""
    u = np.minimum(edges.u0.min(), edges.u1.min()), np.maximum(edges.u0.max(), edges.u1.max())
    v = np.minimum(edges.v0.min(), edges.v1.min()), np.maximum(edges.v0.max(), edges.v1.max())
    # one column more, for what lies right of an edge in the last one; one row more, for the corners above the last
    column, row = int(np.floor(u[0])), int(np.floor(v[0]))
    return Box(row=row, column=column, rows=int(np.floor(v[1])) + 2 - row, columns=int(np.floor(u[1])) + 2 - column)


def _joined(many: Sequence[Edges]) -> Edges:
    """Edges as one, the layers of each after those before it; each has an edge in its last layer."""
    ends = np.cumsum([0, *(int(edges.layer[-1]) + 1 for edges in many)])
    u0, v0, u1, v1 = (np.concatenate([getattr(edges, name) for edges in many]) for name in ("u0", "v0", "u1", "v1"))
    layer = np.concatenate([edges.layer + end for edges, end in zip(many, ends[:-1], strict=True)])
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer)

"""A stack of prisms -> thin slices inside the dose grid, no thicker than a (refined) grid cell.

A structure of few cells is divided more finely: ``refinement`` cells to a grid cell along each axis. A grid point
stands for its voxel, so the grid ends half a spacing beyond its outermost points. In this rim the dose is not known as
well, and what lies there is kept apart::

        +-----------------------+   grid's end: beyond it no dose is known, the volume is counted as uncovered
        | rim                   |
        |   o----o----o----o    |   o  dose points
        |   | core         |    |
        |   o----o----o----o    |
        +-----------------------+
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.arrays import distinct, median, ranges
from sbrtcheck.geometry.coverage import clip_to
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.prisms import SAME_HEIGHT_MM, PrismStack
from sbrtcheck.plan import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """Thin prisms, each the region of one layer over a range of ``w``, ready to be sampled on the dose grid.

    Parameters
    ----------
    edges
        In refined cells: ``refinement`` of them to a grid cell along u and v.
    layer, low_mm, high_mm
        Shape ``(slices,)``: the layer of the edges that each slice is of, its bottom and its top.
    conventions
        The end-cap conventions under which all of them exist.
    whole_cc
        Volume of the prisms that they were cut from, in the grid, in its rim and outside.
    clipped
        Whether parts of those prisms may lie outside the dose grid.
    rim
        Whether they lie in the rim, beyond the grid's outermost points; else they lie between them.
    """

    edges: Edges
    layer: IntArray
    low_mm: FloatArray
    high_mm: FloatArray
    refinement: int
    conventions: int
    whole_cc: float
    clipped: bool
    rim: bool


MAX_REFINEMENT = 16
"""Finest division of a grid cell along each axis."""

SAME_PLACE_CELLS = 1e-9
"""Places closer than this, in grid cells, are one place: rounding of coordinates."""


def cell_cc(frame: GridFrame) -> float:
    """Volume of a typical grid cell."""
    return frame.spacing_mm[0] * frame.spacing_mm[1] * _plane_spacing_mm(frame) / 1000.0


def refinement_for(volume_cc: float, frame: GridFrame, elements: int) -> int:
    """Division of a grid cell along each axis that gives a structure about so many elements."""
    cells = max(volume_cc / cell_cc(frame), 1e-6)
    # dividing each edge by n makes n^3 elements of one
    return int(np.clip(np.ceil((elements / cells) ** (1 / 3) - 1e-9), 1, MAX_REFINEMENT))


def prism_cc(stack: PrismStack, frame: GridFrame) -> FloatArray:
    """Volume of each prism, inside the dose grid or not."""
    areas_mm2 = np.abs(stack.edges.area(stack.layers)) * frame.spacing_mm[0] * frame.spacing_mm[1]
    volume: FloatArray = areas_mm2[stack.layer] * (stack.high_mm - stack.low_mm) / 1000.0
    return volume


def slices_of(stack: PrismStack, volume_cc: FloatArray, frame: GridFrame, refinement: int) -> list[Slices]:
    """The part of a stack that the dose grid covers, cut into slices no thicker than a refined cell.

    ``volume_cc`` is that of each prism, by `prism_cc`. Slices that exist under the same end-cap
    conventions come together; what lies in the grid's rim comes apart, behind the other slices of the same conventions.
    """
    if len(frame.nodes_mm) < 2:
        raise GeometryError("the dose grid has one plane only: no dose between planes", hint="export the whole grid")
    inside, cut = _inside_grid(stack.edges, frame)
    bottom, top = _grid_range_mm(frame)
    cut |= bool(np.any(stack.low_mm < bottom) or np.any(stack.high_mm > top))
    first, last = float(frame.nodes_mm[0]), float(frame.nodes_mm[-1])
    core, beside = _beside_points(inside, frame)
    rim: list[tuple[Edges, float, float]] = [] if beside is None else [(beside, first, last)]
    if np.any(stack.low_mm < first - SAME_HEIGHT_MM):
        rim.append((inside, bottom, first))
    if np.any(stack.high_mm > last + SAME_HEIGHT_MM):
        rim.append((inside, last, top))
    limit_mm = _plane_spacing_mm(frame) / refinement
    pieces = []
    for conventions in distinct(stack.conventions).tolist():
        chosen = stack.conventions == conventions
        cutter = _Cutter(
            stack=stack.select(chosen),
            whole_cc=float(np.sum(volume_cc[chosen])),
            clipped=cut,
            limit_mm=limit_mm,
            refinement=refinement,
        )
        pieces.append(cutter.cut([(core, first, last)], rim=False))
        if rim and len((in_rim := cutter.cut(rim, rim=True)).layer):
            pieces.append(in_rim)
    return pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cutter:
    """Cuts the prisms of ``stack``, all of the same conventions, into slices no thicker than ``limit_mm``."""

    stack: PrismStack
    whole_cc: float
    clipped: bool
    limit_mm: float
    refinement: int

    def cut(self, ranges_mm: Sequence[tuple[Edges, float, float]], *, rim: bool) -> Slices:
        """The prisms between some heights; each range of heights with edges of its own."""
        stack = self.stack
        columns, edges, layers = [], [], 0  # layers of each range are numbered after those of the ranges before it
        for outlines, low_mm, high_mm in ranges_mm:
            low, high = np.clip(stack.low_mm, low_mm, high_mm), np.clip(stack.high_mm, low_mm, high_mm)
            has_edges = np.diff(np.searchsorted(outlines.layer, np.arange(stack.layers + 1))) > 0
            prism = np.flatnonzero((high > low) & has_edges[stack.layer])
            # rising layers, so that their edges are one run without a copy
            prism = prism[np.argsort(stack.layer[prism], kind="stable")]
            layer, bottom, top = _thin(stack.layer[prism], low[prism], high[prism], self.limit_mm)
            columns.append((layer + layers, bottom, top))
            edges.append(_of_layers(outlines, layer, layers))
            layers += stack.layers
        layer, bottom, top = columns[0] if len(columns) == 1 else map(np.concatenate, zip(*columns, strict=True))
        return Slices(
            edges=_scaled(edges[0] if len(edges) == 1 else _one_after_another(edges), self.refinement),
            layer=layer,
            low_mm=bottom,
            high_mm=top,
            refinement=self.refinement,
            conventions=int(stack.conventions[0]),
            whole_cc=self.whole_cc,
            clipped=self.clipped,
            rim=rim,
        )


def _of_layers(edges: Edges, layers: IntArray, shift: int) -> Edges:
    """The edges from the first to the last of rising ``layers``, each layer with a number that is larger by a shift."""
    ends = [layers[0], layers[-1] + 1] if len(layers) else [0, 0]
    pick = slice(*np.searchsorted(edges.layer, ends))
    u0, v0, u1, v1 = (x[pick] for x in (edges.u0, edges.v0, edges.u1, edges.v1))
    layer = edges.layer[pick]
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer + shift if shift else layer)


def _one_after_another(many: Sequence[Edges]) -> Edges:
    """Several edges as one, whose layers rise already from each to the next."""
    u0, v0, u1, v1, layer = (
        np.concatenate([getattr(edges, name) for edges in many]) for name in ("u0", "v0", "u1", "v1", "layer")
    )
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer)


def _beside_points(edges: Edges, frame: GridFrame) -> tuple[Edges, Edges | None]:
    """The edges clipped to the rectangle of the grid's points, and those of what lies beside it; None: nothing does."""
    high = frame.stored.shape[2] - 1.0, frame.stored.shape[1] - 1.0
    if len(edges) == 0 or (
        min(edges.u0.min(), edges.v0.min()) >= -SAME_PLACE_CELLS
        and edges.u0.max() <= high[0] + SAME_PLACE_CELLS
        and edges.v0.max() <= high[1] + SAME_PLACE_CELLS
    ):
        return edges, None
    core = clip_to(edges, (0.0, 0.0), high)
    # all of it, and around the core the other way: winding numbers add up, and what is left winds once around the rim
    u0, v0, u1, v1, layer = (
        np.concatenate([whole, cut])
        for whole, cut in (
            (edges.u0, core.u1),
            (edges.v0, core.v1),
            (edges.u1, core.u0),
            (edges.v1, core.v0),
            (edges.layer, core.layer),
        )
    )
    order = np.argsort(layer, kind="stable")
    return core, Edges(u0=u0[order], v0=v0[order], u1=u1[order], v1=v1[order], layer=layer[order])


def _inside_grid(edges: Edges, frame: GridFrame) -> tuple[Edges, bool]:
    """The edges clipped to the grid's rows and columns, and whether any of them left it."""
    high = frame.stored.shape[2] - 0.5, frame.stored.shape[1] - 0.5
    if len(edges) == 0:
        return edges, False
    # nearly all structures lie inside, which their extremes tell without clipping
    box = edges.u0.min(), edges.v0.min(), edges.u0.max(), edges.v0.max()
    if box[0] >= -0.5 and box[1] >= -0.5 and box[2] <= high[0] and box[3] <= high[1]:
        return edges, False
    return clip_to(edges, (-0.5, -0.5), high), True


def _thin(
    layer: IntArray, low: FloatArray, high: FloatArray, limit_mm: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Prisms cut evenly into slices no thicker than ``limit_mm``: layer, bottom and top of each."""
    count = np.maximum(np.ceil((high - low) / limit_mm - 1e-6), 1).astype(np.int64)
    part = ranges(np.zeros(len(count), dtype=np.int64), count)
    source = np.repeat(np.arange(len(count)), count)
    thickness = ((high - low) / count)[source]
    bottom = low[source] + part * thickness
    # the last slice ends where its prism does, to the bit, so that no gap of a rounding error is left between prisms
    top = np.where(part + 1 == count[source], high[source], low[source] + (part + 1) * thickness)
    return layer[source], bottom, top


def _scaled(edges: Edges, factor: int) -> Edges:
    """The edges in cells that are ``factor`` times smaller."""
    if factor == 1:
        return edges
    u0, v0, u1, v1 = (x * factor for x in (edges.u0, edges.v0, edges.u1, edges.v1))
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=edges.layer)


def _grid_range_mm(frame: GridFrame) -> tuple[float, float]:
    """Where the voxels of the first and the last dose plane end."""
    nodes = frame.nodes_mm
    return float(nodes[0] - (nodes[1] - nodes[0]) / 2), float(nodes[-1] + (nodes[-1] - nodes[-2]) / 2)


def _plane_spacing_mm(frame: GridFrame) -> float:
    """The usual distance between dose planes; of a single plane, nothing is computed and anything will do."""
    return median(np.diff(frame.nodes_mm)) if len(frame.nodes_mm) > 1 else 1.0

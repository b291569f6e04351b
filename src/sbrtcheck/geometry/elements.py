"""Prisms x dose grid -> volume elements: the volume of each, its mean dose and the extremes it cannot leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.coverage import Box, Coverage, clip_to, coverage
from sbrtcheck.geometry.loops import Edges
from sbrtcheck.geometry.outline import ranges
from sbrtcheck.geometry.prisms import GridFrame, PrismStack
from sbrtcheck.plan import FloatArray, IntArray

Float32 = npt.NDArray[np.float32]

BLOCK_CELLS = 1 << 16
"""Cells worked on at once: the float32 arrays of a block then stay in the processor's cache."""

SMALLEST_FRACTION = 1e-9
"""Cells covered by less are rounding noise of the area sums."""

MAX_REFINEMENT = 16
"""Finest division of a grid cell along each axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """Some elements of a structure; doses in the unit the caller asked for.

    ``mean``, ``low``, ``high``, ``variance12``: shape ``(n,)``, mean dose, bounds that the trilinear dose cannot leave
    in the element, and twelve times its variance there. ``volume_cc``: shape ``(n,)``, or one number for all.
    ``exact``: the means are exact, not the dose at a centroid, and the bounds are reached.
    """

    mean: Float32
    low: Float32
    high: Float32
    variance12: Float32
    volume_cc: FloatArray | float
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """Thin prisms, each the region of one layer over a range of ``w``, ready to be laid over the dose.

    ``edges`` are in refined cells: ``refinement`` of them to a grid cell along u and v. ``whole_cc`` is the volume of
    the structure these slices were cut from; ``clipped`` where parts of it lie outside the dose grid.
    """

    edges: Edges
    layer: IntArray
    low_mm: FloatArray
    high_mm: FloatArray
    refinement: int
    whole_cc: float
    clipped: bool


def cell_cc(frame: GridFrame) -> float:
    """Volume of a typical grid cell."""
    return frame.spacing_mm[0] * frame.spacing_mm[1] * _plane_spacing_mm(frame) / 1000.0


def refinement_for(volume_cc: float, frame: GridFrame, elements: int) -> int:
    """Division of a grid cell along each axis that gives a structure about so many elements."""
    cells = max(volume_cc / cell_cc(frame), 1e-6)
    return int(np.clip(np.ceil((elements / cells) ** (1 / 3) - 1e-9), 1, MAX_REFINEMENT))


def slices_of(stack: PrismStack, frame: GridFrame, refinement: int) -> Slices:
    """The part of a stack that the dose grid covers, cut into slices no thicker than a refined cell.

    A grid point stands for its voxel: the grid ends half a spacing beyond its outermost points.
    """
    if len(frame.nodes_mm) < 2:
        raise GeometryError("the dose grid has one plane only: no dose between planes", mend="export the whole grid")
    bottom, top = _grid_range_mm(frame)
    low, high = np.clip(stack.low_mm, bottom, top), np.clip(stack.high_mm, bottom, top)
    inside, cut = _inside_grid(stack.edges, frame)
    keep = (high > low) & np.isin(stack.layer, inside.layer)
    order = np.argsort(stack.layer[keep], kind="stable")
    layer, thin_low, thin_high = _thin(
        stack.layer[keep][order], low[keep][order], high[keep][order], _plane_spacing_mm(frame) / refinement
    )
    areas = np.abs(stack.edges.area(stack.layers))[stack.layer] * frame.spacing_mm[0] * frame.spacing_mm[1]
    return Slices(
        edges=_scaled(inside, refinement),
        layer=layer,
        low_mm=thin_low,
        high_mm=thin_high,
        refinement=refinement,
        whole_cc=float(np.sum(areas * (stack.high_mm - stack.low_mm))) / 1000.0,
        clipped=cut or bool(np.any(low != stack.low_mm) or np.any(high != stack.high_mm)),
    )


def elements(slices: Slices, frame: GridFrame, unit_gy: float) -> Iterator[Elements]:
    """The volume elements of the slices, doses in units of ``unit_gy``, block by block."""
    for block in _blocks(slices):
        layers, place = np.unique(slices.layer[block], return_inverse=True)
        edges = slices.edges.of_layers(layers)
        box = _box_of(edges)
        covered = coverage(edges, len(layers), box)
        volume = (
            np.diff([slices.low_mm[block], slices.high_mm[block]], axis=0)[0]
            * _refined_cell_mm2(slices, frame)
            / 1000.0
        )
        field = _dose_field(slices, block, frame, box, unit_gy)
        yield from _full_elements(covered, place, field, volume)
        yield _cut_elements(covered, place, field, volume, len(layers))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """Dose of a block: ``nodes``, the mean over each slice at the cell corners, and per cell mean, bounds, variance."""

    nodes: Float32
    mean: Float32
    low: Float32
    high: Float32
    variance12: Float32


def _full_elements(covered: Coverage, place: IntArray, field: _Field, volume_cc: FloatArray) -> Iterator[Elements]:
    """Cells wholly inside, taken together where all slices are equally thick."""
    full = covered.full if len(place) == len(covered.full) else covered.full[place]
    thickness, group = np.unique(np.round(volume_cc / volume_cc.max(), 9), return_inverse=True)
    for g in range(len(thickness)):
        mine = np.flatnonzero(group == g) if len(thickness) > 1 else slice(None)
        pick = np.flatnonzero(full[mine])
        if len(pick):
            yield Elements(
                mean=field.mean[mine].ravel()[pick],
                low=field.low[mine].ravel()[pick],
                high=field.high[mine].ravel()[pick],
                variance12=field.variance12[mine].ravel()[pick],
                volume_cc=float(volume_cc[mine][0]),
                exact=True,
            )


def _cut_elements(covered: Coverage, place: IntArray, field: _Field, volume_cc: FloatArray, layers: int) -> Elements:
    """Cells that the boundary touches: dose at the centroid of the covered part."""
    shape = field.mean.shape
    cells = shape[1] * shape[2]
    first = np.searchsorted(covered.cell, np.arange(layers + 1) * cells)
    count = np.diff(first)[place]
    pick = ranges(first[place], count)
    slice_of = np.repeat(np.arange(len(place)), count)
    keep = covered.fraction[pick] > SMALLEST_FRACTION
    pick, slice_of = pick[keep], slice_of[keep]
    in_layer = covered.cell[pick] % cells
    row, column = np.divmod(in_layer, shape[2])
    fraction, u, v = covered.fraction[pick], covered.u[pick].astype(np.float32), covered.v[pick].astype(np.float32)
    corner = (slice_of * (shape[1] + 1) + row) * (shape[2] + 1) + column
    nodes = field.nodes.ravel()
    near = nodes[corner] * (1 - u) + nodes[corner + 1] * u
    corner += shape[2] + 1
    far = nodes[corner] * (1 - u) + nodes[corner + 1] * u
    at = slice_of * cells + in_layer
    return Elements(
        mean=near * (1 - v) + far * v,
        low=field.low.ravel()[at],
        high=field.high.ravel()[at],
        # a part of a cell is narrower than the cell: its variance shrinks about as its share does
        variance12=field.variance12.ravel()[at] * fraction.astype(np.float32),
        volume_cc=volume_cc[slice_of] * fraction,
        exact=False,
    )


def _dose_field(slices: Slices, block: slice, frame: GridFrame, box: Box, unit_gy: float) -> _Field:
    """Trilinear dose over the slices and cells of a block."""
    low, high = slices.low_mm[block], slices.high_mm[block]
    first = np.searchsorted(frame.nodes_mm, low, side="right")
    inner = np.searchsorted(frame.nodes_mm, high, side="left") - first
    # levels of a slice: its bottom, the dose planes inside it, its top; padded by repeating the top
    step = np.arange(int(inner.max()) + 2)
    node = np.minimum(first[:, None] + step - 1, len(frame.nodes_mm) - 1)
    heights = np.where(step <= inner[:, None], frame.nodes_mm[node], high[:, None])
    heights[:, 0] = low
    levels, at = np.unique(heights, return_inverse=True)
    at = at.reshape(heights.shape)
    planes = _dose_on_levels(levels, frame, box, slices.refinement, unit_gy)
    thick = np.diff(heights, axis=1) / (high - low)[:, None]
    weight = np.zeros(heights.shape)
    weight[:, :-1] += thick / 2
    weight[:, 1:] += thick / 2
    weights: Float32 = weight.astype(np.float32)[:, :, None, None]
    bottom = planes[at[:, 0]]
    nodes: Float32 = bottom * weights[:, 0]
    least, most = bottom, bottom
    layer = bottom
    for i in range(1, heights.shape[1]):
        layer = planes[at[:, i]]
        nodes += layer * weights[:, i]
        least = np.minimum(least, layer)
        most = np.maximum(most, layer)
    along_w = layer - bottom
    rows, steps = nodes[:, :-1] + nodes[:, 1:], nodes[:, 1:] - nodes[:, :-1]
    slope_u = rows[:, :, 1:] - rows[:, :, :-1]
    slope_v = steps[:, :, 1:] + steps[:, :, :-1]
    slope_w = along_w[:, :-1] + along_w[:, 1:]
    slope_w = (slope_w[:, :, 1:] + slope_w[:, :, :-1]) * np.float32(0.5)
    variance = slope_u * slope_u
    variance += slope_v * slope_v
    variance += slope_w * slope_w
    variance *= np.float32(0.25)
    least = np.minimum(least[:, :-1], least[:, 1:])
    most = np.maximum(most[:, :-1], most[:, 1:])
    return _Field(
        nodes=nodes,
        mean=(rows[:, :, 1:] + rows[:, :, :-1]) * np.float32(0.25),
        low=np.minimum(least[:, :, :-1], least[:, :, 1:]),
        high=np.maximum(most[:, :, :-1], most[:, :, 1:]),
        variance12=variance,
    )


def _dose_on_levels(levels_mm: FloatArray, frame: GridFrame, box: Box, refinement: int, unit_gy: float) -> Float32:
    """Dose at the corners of the box's refined cells, at each height; that of the nearest point outside the points."""
    count_w, count_v, count_u = frame.stored.shape
    below = np.clip(np.searchsorted(frame.nodes_mm, levels_mm, side="right") - 1, 0, count_w - 2)
    share = (levels_mm - frame.nodes_mm[below]) / (frame.nodes_mm[below + 1] - frame.nodes_mm[below])
    shares: Float32 = np.clip(share, 0.0, 1.0).astype(np.float32)[:, None, None]
    row0, row1 = box.row // refinement, -(-(box.row + box.rows) // refinement)
    column0, column1 = box.column // refinement, -(-(box.column + box.columns) // refinement)
    k0, k1 = int(below.min()), int(below.max()) + 2
    j0, j1 = np.clip([row0, row1 + 1], 0, count_v)
    i0, i1 = np.clip([column0, column1 + 1], 0, count_u)
    dose = frame.stored[k0:k1, j0:j1, i0:i1].astype(np.float32)
    dose *= np.float32(frame.gy_per_unit / unit_gy)
    pad = ((0, 0), (j0 - row0, row1 + 1 - j1), (i0 - column0, column1 + 1 - i1))
    if any(sum(pair) for pair in pad):
        dose = np.pad(dose, pad, mode="edge")
    planes: Float32 = dose[below - k0]
    if shares.any():
        planes += (dose[below + 1 - k0] - planes) * shares
    if refinement > 1:
        planes = _refined(planes, 1, refinement, box.row - row0 * refinement, box.rows)
        planes = _refined(planes, 2, refinement, box.column - column0 * refinement, box.columns)
    return planes


def _refined(planes: Float32, axis: int, refinement: int, first: int, cells: int) -> Float32:
    """Linear interpolation along an axis to the corners of ``cells`` refined cells from the ``first`` on."""
    place = np.arange(first, first + cells + 1)
    below = np.minimum(place // refinement, planes.shape[axis] - 2)
    shape = [1, 1, 1]
    shape[axis] = -1
    share = ((place - below * refinement) / refinement).astype(np.float32).reshape(shape)
    low: Float32 = np.take(planes, below, axis=axis)
    refined: Float32 = low + (np.take(planes, below + 1, axis=axis) - low) * share
    return refined


def _blocks(slices: Slices) -> Iterator[slice]:
    """Runs of slices whose common box has about `BLOCK_CELLS` cells in all."""
    if len(slices.layer) == 0:
        return
    first, back = np.unique(np.searchsorted(slices.edges.layer, slices.layer), return_inverse=True)
    u, v = slices.edges.u0, slices.edges.v0
    boxes = [f.reduceat(x, first)[back].tolist() for x in (u, v) for f in (np.minimum, np.maximum)]
    start = 0
    box = [edge[0] for edge in boxes]
    for stop in range(1, len(slices.layer)):
        grown = [
            min(box[0], boxes[0][stop]),
            max(box[1], boxes[1][stop]),
            min(box[2], boxes[2][stop]),
            max(box[3], boxes[3][stop]),
        ]
        if (grown[1] - grown[0] + 2) * (grown[3] - grown[2] + 2) * (stop + 1 - start) > BLOCK_CELLS:
            yield slice(start, stop)
            start, grown = stop, [edge[stop] for edge in boxes]
        box = grown
    yield slice(start, len(slices.layer))


def _box_of(edges: Edges) -> Box:
    """The cells that edges reach, and a column to their right."""
    u = np.minimum(edges.u0.min(), edges.u1.min()), np.maximum(edges.u0.max(), edges.u1.max())
    v = np.minimum(edges.v0.min(), edges.v1.min()), np.maximum(edges.v0.max(), edges.v1.max())
    column, row = int(np.floor(u[0])), int(np.floor(v[0]))
    return Box(row=row, column=column, rows=int(np.floor(v[1])) + 1 - row, columns=int(np.floor(u[1])) + 2 - column)


def _inside_grid(edges: Edges, frame: GridFrame) -> tuple[Edges, bool]:
    """The edges clipped to the grid's rows and columns, and whether any of them left it."""
    high = frame.stored.shape[2] - 0.5, frame.stored.shape[1] - 0.5
    if len(edges) == 0:
        return edges, False
    box = edges.u0.min(), edges.v0.min(), edges.u0.max(), edges.v0.max()
    if box[0] >= -0.5 and box[1] >= -0.5 and box[2] <= high[0] and box[3] <= high[1]:
        return edges, False
    return clip_to(edges, (-0.5, -0.5), high), True


def _thin(
    layer: IntArray, low: FloatArray, high: FloatArray, limit_mm: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Prisms cut evenly into slices no thicker than ``limit_mm``."""
    count = np.maximum(np.ceil((high - low) / limit_mm - 1e-6), 1).astype(np.int64)
    part = ranges(np.zeros(len(count), dtype=np.int64), count)
    source = np.repeat(np.arange(len(count)), count)
    thickness = ((high - low) / count)[source]
    bottom = low[source] + part * thickness
    top = np.where(part + 1 == count[source], high[source], low[source] + (part + 1) * thickness)
    return layer[source], bottom, top


def _scaled(edges: Edges, factor: int) -> Edges:
    if factor == 1:
        return edges
    u0, v0, u1, v1 = (x * factor for x in (edges.u0, edges.v0, edges.u1, edges.v1))
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=edges.layer)


def _grid_range_mm(frame: GridFrame) -> tuple[float, float]:
    nodes = frame.nodes_mm
    return float(nodes[0] - (nodes[1] - nodes[0]) / 2), float(nodes[-1] + (nodes[-1] - nodes[-2]) / 2)


def _plane_spacing_mm(frame: GridFrame) -> float:
    return float(np.median(np.diff(frame.nodes_mm))) if len(frame.nodes_mm) > 1 else 1.0


def _refined_cell_mm2(slices: Slices, frame: GridFrame) -> float:
    return frame.spacing_mm[0] * frame.spacing_mm[1] / slices.refinement**2

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

BLOCK_CELLS = 1 << 17
"""Cells laid under the contours at once."""

SAME_THICKNESS = 1e-9
"""Slices whose thickness differs by no more than this share are equally thick."""

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

    ``edges`` are in refined cells: ``refinement`` of them to a grid cell along u and v. ``conventions`` are the end-cap
    conventions under which all of them exist. ``whole_cc`` is the volume of the prisms that these slices were cut from;
    ``clipped`` where parts of it may lie outside the dose grid.
    """

    edges: Edges
    layer: IntArray
    low_mm: FloatArray
    high_mm: FloatArray
    refinement: int
    conventions: int
    whole_cc: float
    clipped: bool


def cell_cc(frame: GridFrame) -> float:
    """Volume of a typical grid cell."""
    return frame.spacing_mm[0] * frame.spacing_mm[1] * _plane_spacing_mm(frame) / 1000.0


def refinement_for(volume_cc: float, frame: GridFrame, elements: int) -> int:
    """Division of a grid cell along each axis that gives a structure about so many elements."""
    cells = max(volume_cc / cell_cc(frame), 1e-6)
    return int(np.clip(np.ceil((elements / cells) ** (1 / 3) - 1e-9), 1, MAX_REFINEMENT))


def prism_cc(stack: PrismStack, frame: GridFrame) -> FloatArray:
    """Volume of each prism, inside the dose grid or not."""
    areas_mm2 = np.abs(stack.edges.area(stack.layers)) * frame.spacing_mm[0] * frame.spacing_mm[1]
    volume: FloatArray = areas_mm2[stack.layer] * (stack.high_mm - stack.low_mm) / 1000.0
    return volume


def slices_of(stack: PrismStack, frame: GridFrame, refinement: int) -> list[Slices]:
    """The part of a stack that the dose grid covers, cut into slices no thicker than a refined cell.

    Slices that exist under the same end-cap conventions come together. A grid point stands for its voxel: the grid ends
    half a spacing beyond its outermost points.
    """
    if len(frame.nodes_mm) < 2:
        raise GeometryError("the dose grid has one plane only: no dose between planes", mend="export the whole grid")
    bottom, top = _grid_range_mm(frame)
    low, high = np.clip(stack.low_mm, bottom, top), np.clip(stack.high_mm, bottom, top)
    inside, cut = _inside_grid(stack.edges, frame)
    cut |= bool(np.any(low != stack.low_mm) or np.any(high != stack.high_mm))
    there = np.diff(np.searchsorted(inside.layer, np.arange(stack.layers + 1))) > 0
    keep = (high > low) & there[stack.layer]
    scaled, whole_cc = _scaled(inside, refinement), prism_cc(stack, frame)
    made = []
    for conventions in np.unique(stack.conventions).tolist():
        mine = stack.conventions == conventions
        prism = np.flatnonzero(keep & mine)
        prism = prism[np.argsort(stack.layer[prism], kind="stable")]
        layer, thin_low, thin_high = _thin(
            stack.layer[prism], low[prism], high[prism], _plane_spacing_mm(frame) / refinement
        )
        made.append(
            Slices(
                edges=scaled,
                layer=layer,
                low_mm=thin_low,
                high_mm=thin_high,
                refinement=refinement,
                conventions=conventions,
                whole_cc=float(np.sum(whole_cc[mine])),
                clipped=cut,
            )
        )
    return made


def elements(slices: Slices, frame: GridFrame, unit_gy: float) -> Iterator[Elements]:
    """The volume elements of the slices, doses in units of ``unit_gy``, block by block."""
    slice_cc = (slices.high_mm - slices.low_mm) * _refined_cell_mm2(slices, frame) / 1000.0
    for block in _blocks(slices):
        layers, place = np.unique(slices.layer[block], return_inverse=True)
        edges = slices.edges.of_layers(layers)
        box = _box_of(edges)
        covered = coverage(edges, len(layers), box)
        field = _dose_field(slices, block, frame, box, unit_gy)
        yield from _full_elements(covered, place, field, slice_cc[block])
        yield _cut_elements(covered, place, field, slice_cc[block], len(layers))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """Dose of a block: ``nodes``, the mean over each slice at the cell corners, and per cell mean, bounds, variance."""

    nodes: Float32
    mean: Float32
    low: Float32
    high: Float32
    variance12: Float32


def _full_elements(covered: Coverage, place: IntArray, field: _Field, slice_cc: FloatArray) -> Iterator[Elements]:
    """Cells wholly inside, taken together where all slices are equally thick."""
    full = covered.full if len(place) == len(covered.full) else covered.full[place]
    thickness, group = np.unique(np.round(slice_cc / slice_cc[0] / SAME_THICKNESS), return_inverse=True)
    for g in range(len(thickness)):
        mine = np.flatnonzero(group == g) if len(thickness) > 1 else slice(None)
        pick = full[mine]
        if pick.any():
            yield Elements(
                mean=field.mean[mine][pick],
                low=field.low[mine][pick],
                high=field.high[mine][pick],
                variance12=field.variance12[mine][pick],
                volume_cc=float(slice_cc[mine][0]),
                exact=True,
            )


def _cut_elements(covered: Coverage, place: IntArray, field: _Field, volume_cc: FloatArray, layers: int) -> Elements:
    """Cells that the boundary touches: dose at the centroid of the covered part."""
    slices, _, columns = field.mean.shape
    cells = field.mean[0].size
    some = np.flatnonzero(covered.fraction > SMALLEST_FRACTION)
    first = np.searchsorted(covered.cell[some], np.arange(layers + 1) * cells)
    count = np.diff(first)[place]
    pick = some[ranges(first[place], count)]
    slice_of = np.repeat(np.arange(slices), count)
    at = covered.cell[pick] + np.repeat((np.arange(slices) - place) * cells, count)
    fraction, u, v = covered.fraction[pick], covered.u[pick].astype(np.float32), covered.v[pick].astype(np.float32)
    nodes = field.nodes.ravel()
    left, right = nodes[at], nodes[at + 1]
    near = left + (right - left) * u
    left, right = nodes[at + columns], nodes[at + (columns + 1)]
    far = left + (right - left) * u
    return Elements(
        mean=near + (far - near) * v,
        low=field.low.ravel()[at],
        high=field.high.ravel()[at],
        # a part of a cell is narrower than the cell: its variance shrinks about as its share does
        variance12=field.variance12.ravel()[at] * fraction.astype(np.float32),
        volume_cc=volume_cc[slice_of] * fraction,
        exact=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Levels:
    """Heights between which the dose of some slices is linear: their faces, and the dose planes inside them.

    ``planes`` are the dose planes needed, and all other places count from the first of them. Faces lie in ``share`` of
    the way from plane ``below`` to the next; slice ``i`` begins at face ``bottom[i]``, ends at face ``top[i]``, and has
    ``inner[i]`` planes inside, from ``first[i]`` on. ``weights`` has shape ``(levels, slices, 1, 1)``: shares of each
    level's dose in the mean over the slice, in rising order; where a slice has fewer levels, the top comes earlier.
    """

    planes: slice
    below: IntArray
    share: Float32
    bottom: IntArray
    top: IntArray
    first: IntArray
    inner: IntArray
    weights: Float32


def _levels_of(low_mm: FloatArray, high_mm: FloatArray, frame: GridFrame) -> _Levels:
    """The levels of slices; a face outside the points of the grid has the dose of the nearest plane."""
    nodes = frame.nodes_mm
    faces, at = np.unique(np.concatenate([low_mm, high_mm]), return_inverse=True)
    below = np.clip(np.searchsorted(nodes, faces, side="right") - 1, 0, len(nodes) - 2)
    share = np.clip((faces - nodes[below]) / (nodes[below + 1] - nodes[below]), 0.0, 1.0)
    first = np.searchsorted(nodes, low_mm, side="right")
    inner = np.searchsorted(nodes, high_mm, side="left") - first
    step = np.arange(int(inner.max()) + 2)
    node = nodes[np.minimum(first[:, None] + step - 1, len(nodes) - 1)]
    heights = np.where(step <= inner[:, None], node, high_mm[:, None])
    heights[:, 0] = low_mm
    thick = np.diff(heights, axis=1) / (high_mm - low_mm)[:, None]
    weights = np.zeros(heights.shape)
    weights[:, :-1] += thick / 2
    weights[:, 1:] += thick / 2
    lowest = int(below[0])
    return _Levels(
        planes=slice(lowest, int(below[-1]) + 2),
        below=below - lowest,
        share=share.astype(np.float32)[:, None, None],
        bottom=at[: len(low_mm)],
        top=at[len(low_mm) :],
        first=first - lowest,
        inner=inner,
        weights=weights.T.astype(np.float32)[:, :, None, None],
    )


def _dose_field(slices: Slices, block: slice, frame: GridFrame, box: Box, unit_gy: float) -> _Field:
    """Trilinear dose over the slices and cells of a block."""
    levels = _levels_of(slices.low_mm[block], slices.high_mm[block], frame)
    mean, rise, least, most = _over_slices(levels, _dose_planes(levels, frame, box, slices.refinement, unit_gy))
    mean_of_cells, variance12 = _mean_and_variance12(mean, rise)
    return _Field(
        nodes=mean,
        mean=mean_of_cells,
        low=_of_corners(np.minimum, least),
        high=_of_corners(np.maximum, most),
        variance12=variance12,
    )


def _over_slices(levels: _Levels, planes: Float32) -> tuple[Float32, Float32, Float32, Float32]:
    """Mean, rise, least and largest dose over each slice along w, at each corner."""
    faces = _planes_at(planes, levels.below + 1) - (under := _planes_at(planes, levels.below))
    faces *= levels.share
    faces += under
    bottom, top = _planes_at(faces, levels.bottom), _planes_at(faces, levels.top)
    mean = bottom * levels.weights[0]
    mean += top * levels.weights[-1]
    least, most = np.minimum(bottom, top), np.maximum(bottom, top)
    for i in range(len(levels.weights) - 2):
        has = levels.inner > i
        level = _planes_at(planes, np.where(has, levels.first + i, 0))
        if not has.all():
            level = np.where(has[:, None, None], level, top)
        mean += level * levels.weights[i + 1]
        np.minimum(least, level, out=least)
        np.maximum(most, level, out=most)
    return mean, top - bottom, least, most


# From corners to cells, both of shape (slices, rows, columns). Arrays are gone through as one line, in which the next
# row is `columns` further on: several times as fast as row by row. The last row and column of a box, in which nothing
# lies, get values from corners of other rows and slices, and the very last ones none.


def _of_corners(extreme: np.ufunc, corners: Float32) -> Float32:
    """The least or largest of the four corners of each cell."""
    line, columns = corners.ravel(), corners.shape[2]
    cells = np.zeros_like(line)
    extreme(line[:-1], line[1:], out=cells[:-1])
    # in place: what is read lies further on than what is written
    extreme(cells[:-columns], cells[columns:], out=cells[:-columns])
    return cells.reshape(corners.shape)


def _mean_and_variance12(mean_w: Float32, rise_w: Float32) -> tuple[Float32, Float32]:
    """Mean dose of each cell, and twelve times its variance by the slopes in its middle."""
    columns = mean_w.shape[2]
    mean, variance12, slope = np.zeros((3, mean_w.size), dtype=np.float32)
    line = mean_w.ravel()
    steps = line[1:] - line[:-1]
    np.add(steps[:-columns], steps[columns:], out=variance12[: -columns - 1])
    variance12 *= variance12
    sums = np.add(line[:-1], line[1:], out=steps)
    np.add(sums[:-columns], sums[columns:], out=mean[: -columns - 1])
    mean *= np.float32(0.25)
    np.subtract(sums[columns:], sums[:-columns], out=slope[: -columns - 1])
    slope *= slope
    variance12 += slope
    line = rise_w.ravel()
    np.add(line[:-1], line[1:], out=sums)
    sums *= np.float32(0.5)
    np.add(sums[:-columns], sums[columns:], out=slope[: -columns - 1])
    slope *= slope
    variance12 += slope
    variance12 *= np.float32(0.25)
    return mean.reshape(mean_w.shape), variance12.reshape(mean_w.shape)


def _planes_at(planes: Float32, index: IntArray) -> Float32:
    """Planes by their index: a view where they follow one another."""
    start = int(index[0])
    if np.array_equal(index, np.arange(start, start + len(index))):
        return planes[start : start + len(index)]
    return planes[index]


def _dose_planes(levels: _Levels, frame: GridFrame, box: Box, refinement: int, unit_gy: float) -> Float32:
    """Dose at the first corner of each of the box's refined cells, on each plane; beyond the points, of the nearest."""
    _, count_v, count_u = frame.stored.shape
    row0, row1 = box.row // refinement, -(-(box.row + box.rows - 1) // refinement) + 1
    column0, column1 = box.column // refinement, -(-(box.column + box.columns - 1) // refinement) + 1
    j0, j1 = np.clip([row0, row1], 0, count_v)
    i0, i1 = np.clip([column0, column1], 0, count_u)
    planes = frame.stored[levels.planes, j0:j1, i0:i1].astype(np.float32)
    planes *= np.float32(frame.gy_per_unit / unit_gy)
    pad = ((0, 0), (j0 - row0, row1 - j1), (i0 - column0, column1 - i1))
    if any(sum(pair) for pair in pad):
        planes = np.pad(planes, pad, mode="edge")
    if refinement > 1:
        planes = _refined(planes, 1, refinement, box.row - row0 * refinement, box.rows)
        planes = _refined(planes, 2, refinement, box.column - column0 * refinement, box.columns)
    return planes


def _refined(planes: Float32, axis: int, refinement: int, first: int, corners: int) -> Float32:
    """Linear interpolation along an axis to ``corners`` refined corners from the ``first`` on."""
    place = np.arange(first, first + corners)
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
    """The cells that edges reach, and a row and a column beyond."""
    u = np.minimum(edges.u0.min(), edges.u1.min()), np.maximum(edges.u0.max(), edges.u1.max())
    v = np.minimum(edges.v0.min(), edges.v1.min()), np.maximum(edges.v0.max(), edges.v1.max())
    column, row = int(np.floor(u[0])), int(np.floor(v[0]))
    return Box(row=row, column=column, rows=int(np.floor(v[1])) + 2 - row, columns=int(np.floor(u[1])) + 2 - column)


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

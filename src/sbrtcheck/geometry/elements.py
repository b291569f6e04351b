"""Prisms x dose grid -> volume elements: the volume of each, its mean dose and the extremes it cannot leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.boolean import SAME_HEIGHT_MM
from sbrtcheck.geometry.coverage import Box, clip_to
from sbrtcheck.geometry.loops import Edges
from sbrtcheck.geometry.outline import distinct, median, ranges
from sbrtcheck.geometry.prisms import GridFrame, PrismStack
from sbrtcheck.geometry.slabs import Laid, Slabs, Slices
from sbrtcheck.plan import FloatArray, IntArray

Float32 = npt.NDArray[np.float32]

PARTS_AT_ONCE = 16
"""Parts among which a cell's holders are told by one number."""

SAME_THICKNESS = 1e-9
"""Slices whose thickness differs by no more than this share are equally thick."""

MIN_FRACTION = 1e-9
"""Cells covered by less are rounding noise of the area sums."""

MIN_CENTROID = 1e-6
"""Of cells covered by less, the centroid is not known well enough."""

SAME_PLACE_CELLS = 1e-9
"""Places closer than this, in grid cells, are one place: rounding of coordinates."""

MAX_REFINEMENT = 16
"""Finest division of a grid cell along each axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """Some elements of several parts; doses in the unit the caller asked for.

    ``mean``, ``low``, ``high``, ``variance12``: shape ``(n,)``, mean dose, bounds that the trilinear dose cannot leave
    in the element, and twelve times its variance there; ``unsure``, how far the mean may be off. Elements come in runs:
    from ``begin[i]`` on, those of kind ``kind[i]``, which all parts of ``held_by[kind[i]]`` hold. ``volume_cc``: shape
    ``(n,)``; or, of ``whole`` cells, one for each kind: their means are exact, and their bounds are reached.
    """

    mean: Float32
    low: Float32
    high: Float32
    variance12: Float32
    unsure: Float32 | float
    begin: IntArray
    kind: IntArray
    held_by: Sequence[tuple[int, ...]]
    volume_cc: FloatArray
    whole: bool


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


def slices_of(stack: PrismStack, volume_cc: FloatArray, frame: GridFrame, refinement: int) -> list[Slices]:
    """The part of a stack that the dose grid covers, cut into slices no thicker than a refined cell.

    ``volume_cc`` is that of each prism, by `prism_cc`.
    Slices that exist under the same end-cap conventions come together. A grid point stands for its voxel: the grid ends
    half a spacing beyond its outermost points. What lies in that rim comes apart, behind the other slices of the same
    conventions.
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
    cutter = _Cutter(limit_mm=_plane_spacing_mm(frame) / refinement, refinement=refinement)
    made = []
    for conventions in distinct(stack.conventions).tolist():
        mine = stack.conventions == conventions
        part = stack.select(mine)
        slices = cutter.cut(part, [(core, first, last)])
        made.append(replace(slices, whole_cc=float(np.sum(volume_cc[mine])), clipped=cut))
        beyond = cutter.cut(part, rim) if rim else slices
        if rim and len(beyond.layer):
            made.append(replace(beyond, rim=True))
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cutter:
    """Cuts prisms into slices no thicker than ``limit_mm``, in refined cells."""

    limit_mm: float
    refinement: int

    def cut(self, stack: PrismStack, ranges_mm: Sequence[tuple[Edges, float, float]]) -> Slices:
        """The prisms, all of the same conventions, between some heights, each with edges of its own."""
        columns, edges, layers = [], [], 0
        for outlines, low_mm, high_mm in ranges_mm:
            low, high = np.clip(stack.low_mm, low_mm, high_mm), np.clip(stack.high_mm, low_mm, high_mm)
            there = np.diff(np.searchsorted(outlines.layer, np.arange(stack.layers + 1))) > 0
            prism = np.flatnonzero((high > low) & there[stack.layer])
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
            whole_cc=0.0,
            clipped=False,
        )


def _of_layers(edges: Edges, layers: IntArray, shift: int) -> Edges:
    """The edges from the first to the last of rising ``layers``, each layer with a number that is larger by a shift."""
    ends = [layers[0], layers[-1] + 1] if len(layers) else [0, 0]
    pick = slice(*np.searchsorted(edges.layer, ends))
    u0, v0, u1, v1 = (x[pick] for x in (edges.u0, edges.v0, edges.u1, edges.v1))
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=edges.layer[pick] + shift)


def _one_after_another(many: Sequence[Edges]) -> Edges:
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
    # around the core the other way: what is left winds once around the rim
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


def elements(parts: Sequence[Slices], frame: GridFrame, unit_gy: float) -> Iterator[Elements]:
    """The volume elements of parts that are all refined alike, block by block, doses in units of ``unit_gy``.

    The dose of a slab is worked out once for all parts that have a slice there.
    """
    slabs = Slabs.of(parts)
    cell_cc_per_mm = frame.spacing_mm[0] * frame.spacing_mm[1] / parts[0].refinement ** 2 / 1000.0
    for block in slabs.blocks():
        laid = slabs.laid(block)
        low_mm, high_mm = slabs.low_mm[block], slabs.high_mm[block]
        field = _dose_field(low_mm, high_mm, frame, laid.box, parts[0].refinement, unit_gy)
        slab_cc = (high_mm - low_mm) * cell_cc_per_mm
        yield _cut_elements(laid, field, slab_cc)
        yield from _whole_cells(laid, field, slab_cc)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """Dose of the cells of a block: mean over the slice at the four corners; and in the cell mean, bounds, variance.

    All as one line, slice after slice and row after row, as `_four` makes it.
    """

    corners: tuple[Float32, ...]
    mean: Float32
    low: Float32
    high: Float32
    variance12: Float32


def _whole_cells(laid: Laid, field: _Field, slab_cc: FloatArray) -> Iterator[Elements]:
    """Cells wholly inside, each once for all parts that hold it, by these parts and by the thickness of slabs."""
    begin, end, slice_of = _full_runs(laid)
    same = np.round(slab_cc / slab_cc[0] / SAME_THICKNESS)
    _, some_slab, thickness = np.unique(same, return_index=True, return_inverse=True)
    cells = laid.covered.shape[1] * laid.covered.shape[2]
    for first in range(0, len(laid.parts), PARTS_AT_ONCE):
        parts = laid.parts[first : first + PARTS_AT_ONCE]
        runs = slice(*np.searchsorted(laid.kind[slice_of], [first, first + PARTS_AT_ONCE]))
        bit = np.left_shift(1, laid.kind[slice_of[runs]] - first, dtype=np.int32)  # a bit for each part
        change = np.zeros(len(slab_cc) * cells, dtype=np.int32)
        np.add.at(change, begin[runs], bit)
        np.subtract.at(change, end[runs], bit)
        border = np.flatnonzero(change != 0)
        holders = np.cumsum(change[border])  # from one border to the next
        held = holders != 0
        count = np.diff(border, prepend=0, append=len(change))
        pick = np.repeat(np.concatenate([[False], held]), count)[: len(field.mean)]
        length = count[1:][held]
        label = holders[held] + (thickness[border[held] // cells] << len(parts))
        kinds, kind = _numbered(label, len(some_slab) << len(parts))
        if len(kinds):
            yield Elements(
                mean=field.mean[pick],
                low=field.low[pick],
                high=field.high[pick],
                variance12=field.variance12[pick],
                unsure=0.0,
                begin=np.cumsum(length) - length,
                kind=kind,
                held_by=[tuple(parts[bits >> np.arange(len(parts)) & 1 == 1].tolist()) for bits in kinds],
                volume_cc=slab_cc[some_slab[kinds >> len(parts)]],
                whole=True,
            )


def _full_runs(laid: Laid) -> tuple[IntArray, IntArray, IntArray]:
    """Where in a block each run of cells wholly inside begins, where it ends, and the slice that it belongs to."""
    covered = laid.covered
    layers, cells = covered.shape[0], covered.shape[1] * covered.shape[2]
    before = np.flatnonzero(covered.before_full[:-1])
    begin, end = covered.cell[before] + 1, covered.cell[before + 1]
    some = np.flatnonzero(end > begin)
    first = np.searchsorted(begin[some], np.arange(layers + 1) * cells)
    count = np.diff(first)[laid.place]
    pick = some[ranges(first[laid.place], count)]
    slice_of = np.repeat(np.arange(len(laid.place)), count)
    moved = ((laid.slab - laid.place) * cells)[slice_of]
    return begin[pick] + moved, end[pick] + moved, slice_of


def _numbered(label: IntArray, labels: int) -> tuple[IntArray, IntArray]:
    """The different labels, all below ``labels``, and the place of each entry among them."""
    there = np.zeros(labels, dtype=bool)
    there[label] = True
    place = np.cumsum(there) - 1
    return np.flatnonzero(there), place[label]


def _cut_elements(laid: Laid, field: _Field, slab_cc: FloatArray) -> Elements:
    """Cells that the boundary touches: dose at the centroid of the covered part."""
    covered, place = laid.covered, laid.place
    layers, cells = covered.shape[0], covered.shape[1] * covered.shape[2]
    some = np.flatnonzero(covered.fraction > MIN_FRACTION)
    begin = np.searchsorted(covered.cell[some], np.arange(layers + 1) * cells)
    count = np.diff(begin)[place]
    pick = some[ranges(begin[place], count)]
    slice_of = np.repeat(np.arange(len(place)), count)
    at = covered.cell[pick] + ((laid.slab - place) * cells)[slice_of]
    fraction, u, v = covered.fraction[pick], covered.u[pick].astype(np.float32), covered.v[pick].astype(np.float32)
    kinds, begin = np.unique(laid.kind[slice_of], return_index=True)
    first, second, third, fourth = (corner[at] for corner in field.corners)
    rise, rise_beyond = second - first, fourth - third
    near, far = first + rise * u, third + rise_beyond * u
    low, high = field.low[at], field.high[at]
    off = _off_the_centroid(rise_beyond - rise, u, v)
    return Elements(
        mean=near + (far - near) * v,
        low=low,
        high=high,
        # a part of a cell is narrower than the cell: its variance shrinks about as its share does
        variance12=field.variance12[at] * fraction.astype(np.float32),
        unsure=np.where(fraction > MIN_CENTROID, off, high - low),
        begin=begin,
        kind=kinds,
        held_by=[(part,) for part in laid.parts.tolist()],
        volume_cc=slab_cc[laid.slab][slice_of] * fraction,
        whole=False,
    )


def _off_the_centroid(twist: Float32, u: Float32, v: Float32) -> Float32:
    """How far the mean dose of a part of a cell may be from the dose at its centroid ``(u, v)``.

    Mean over the slice, dose in a cell is ``a + b u + c v + twist u v``; only the last term has another mean than its
    value at the centroid, by the twist times the covariance of u and v: at most the product of their standard
    deviations, and for numbers from 0 to 1 of a given mean these are at most those of a number that is either 0 or 1.
    """
    off: Float32 = np.abs(twist) * np.sqrt(u * (1 - u) * v * (1 - v))
    return off


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Heights between which the dose of some slices is linear: their faces, and the dose planes inside them.

    ``planes`` are the dose planes needed, and all other places count from the first of them. Faces lie in ``share`` of
    the way from plane ``below`` to the next; slice ``i`` begins at face ``bottom[i]``, ends at face ``top[i]``, and has
    ``inner[i]`` planes inside, from ``first[i]`` on. ``weights`` has shape ``(levels, slices, 1)``: shares of each
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


def levels_of(low_mm: FloatArray, high_mm: FloatArray, frame: GridFrame) -> Levels:
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
    return Levels(
        planes=slice(lowest, int(below[-1]) + 2),
        below=below - lowest,
        share=share.astype(np.float32)[:, None],
        bottom=at[: len(low_mm)],
        top=at[len(low_mm) :],
        first=first - lowest,
        inner=inner,
        weights=weights.T.astype(np.float32)[:, :, None],
    )


def _dose_field(
    low_mm: FloatArray, high_mm: FloatArray, frame: GridFrame, box: Box, refinement: int, unit_gy: float
) -> _Field:
    """Trilinear dose over the slabs and cells of a block."""
    levels = levels_of(low_mm, high_mm, frame)
    planes = dose_planes(levels, frame, box, refinement, unit_gy)
    at_corner, rise, least, most = over_slices(levels, planes.reshape(len(planes), -1))
    mean, variance12 = _mean_and_variance12(at_corner.reshape(-1), rise.reshape(-1), box.columns)
    return _Field(
        corners=_four(at_corner.reshape(-1), box.columns),
        mean=mean,
        low=of_four(np.minimum, least.reshape(-1), box.columns),
        high=of_four(np.maximum, most.reshape(-1), box.columns),
        variance12=variance12,
    )


def _four(line: Float32, columns: int) -> tuple[Float32, ...]:
    """Values at the four corners of each cell, first along u: four views of one line over all slices and rows.

    The next row is ``columns`` further on, so that a block is a few long passes over arrays. The last row and column of
    a box, in which nothing lies, get corners of other rows and slices; the line ends where there are no more.
    """
    return line[: -columns - 1], line[1:-columns], line[columns:-1], line[columns + 1 :]


def of_four(of: np.ufunc, line: Float32, columns: int) -> Float32:
    """The least, the largest or the sum of the four corners of each cell: of two along u, then of two of these."""
    pair: Float32 = of(line[:-1], line[1:])
    found: Float32 = of(pair[:-columns], pair[columns:])
    return found


def over_slices(levels: Levels, planes: Float32) -> tuple[Float32, Float32, Float32, Float32]:
    """Mean, rise, least and largest dose over each slice along w, at each corner."""
    faces = _planes_at(planes, levels.below)
    if levels.share.any():
        above = _planes_at(planes, levels.below + 1) - faces
        above *= levels.share
        above += faces
        faces = above
    bottom, top = _planes_at(faces, levels.bottom), _planes_at(faces, levels.top)
    mean = bottom * levels.weights[0]
    mean += top * levels.weights[-1]
    least, most = np.minimum(bottom, top), np.maximum(bottom, top)
    for i in range(len(levels.weights) - 2):
        has = levels.inner > i
        level = _planes_at(planes, np.where(has, levels.first + i, 0))
        if not has.all():
            level = np.where(has[:, None], level, top)
        mean += level * levels.weights[i + 1]
        np.minimum(least, level, out=least)
        np.maximum(most, level, out=most)
    return mean, top - bottom, least, most


def _mean_and_variance12(mean_w: Float32, rise_w: Float32, columns: int) -> tuple[Float32, Float32]:
    """Mean dose of each cell, and twelve times its variance by the slopes in its middle."""
    pair = mean_w[:-1] + mean_w[1:]
    mean = pair[:-columns] + pair[columns:]
    mean *= np.float32(0.25)
    variance = _squared(pair[columns:] - pair[:-columns])
    step = np.subtract(mean_w[1:], mean_w[:-1], out=pair)
    variance += _squared(step[:-columns] + step[columns:])
    slope = of_four(np.add, rise_w, columns)
    slope *= np.float32(0.5)
    variance += _squared(slope)
    variance *= np.float32(0.25)
    return mean, variance


def _squared(slope: Float32) -> Float32:
    return np.multiply(slope, slope, out=slope)


def _planes_at(planes: Float32, index: IntArray) -> Float32:
    """Planes by their index: a view where they follow one another."""
    start = int(index[0])
    if np.array_equal(index, np.arange(start, start + len(index))):
        return planes[start : start + len(index)]
    return planes[index]


def dose_planes(levels: Levels, frame: GridFrame, box: Box, refinement: int, unit_gy: float) -> Float32:
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
    return median(np.diff(frame.nodes_mm)) if len(frame.nodes_mm) > 1 else 1.0

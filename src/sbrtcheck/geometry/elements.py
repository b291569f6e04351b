"""Prisms x dose grid -> volume elements: the volume of each, its mean dose and the extremes it cannot leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.coverage import Box, Coverage, clip_to, coverage
from sbrtcheck.geometry.loops import Edges
from sbrtcheck.geometry.outline import BoolArray, ranges
from sbrtcheck.geometry.prisms import GridFrame, PrismStack
from sbrtcheck.plan import FloatArray, IntArray

Float32 = npt.NDArray[np.float32]

BLOCK_CELLS = 1 << 18
"""Cells laid under the contours at once."""

CELLS_OF_A_BLOCK = 1 << 16
"""What a block costs beside its cells is about the cost of so many cells."""

SAME_HEIGHT_MM = 1e-6
"""Slices whose faces are no further apart have one dose."""

PARTS_AT_ONCE = 16
"""Parts among which a cell's holders are told by one number."""

SAME_THICKNESS = 1e-9
"""Slices whose thickness differs by no more than this share are equally thick."""

SMALLEST_FRACTION = 1e-9
"""Cells covered by less are rounding noise of the area sums."""

MAX_REFINEMENT = 16
"""Finest division of a grid cell along each axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """Some elements of several parts; doses in the unit the caller asked for.

    ``mean``, ``low``, ``high``, ``variance12``: shape ``(n,)``, mean dose, bounds that the trilinear dose cannot leave
    in the element, and twelve times its variance there. ``kind``: shape ``(n,)``; all parts of ``held_by[kind]`` hold
    the element. ``volume_cc``: shape ``(n,)``, and kinds rise. Or, of ``whole`` cells, one for each kind: their means
    are exact, not the dose at a centroid, and their bounds are reached.
    """

    mean: Float32
    low: Float32
    high: Float32
    variance12: Float32
    kind: npt.NDArray[np.int32]
    held_by: Sequence[tuple[int, ...]]
    volume_cc: FloatArray
    whole: bool


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


def slices_of(stack: PrismStack, volume_cc: FloatArray, frame: GridFrame, refinement: int) -> list[Slices]:
    """The part of a stack that the dose grid covers, cut into slices no thicker than a refined cell.

    ``volume_cc`` is that of each prism, by `prism_cc`.
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
    scaled = _scaled(inside, refinement)
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
                whole_cc=float(np.sum(volume_cc[mine])),
                clipped=cut,
            )
        )
    return made


def elements(parts: Sequence[Slices], frame: GridFrame, unit_gy: float) -> Iterator[Elements]:
    """The volume elements of parts that are all refined alike, block by block, doses in units of ``unit_gy``.

    What the dose of a slab is, is worked out once for all parts that have a slice there.
    """
    if not parts:
        return
    slabs = _Slabs.of(parts)
    cell_cc_per_mm = frame.spacing_mm[0] * frame.spacing_mm[1] / parts[0].refinement ** 2 / 1000.0
    for block in slabs.blocks():
        laid = slabs.laid(block)
        low_mm, high_mm = slabs.low_mm[block], slabs.high_mm[block]
        field = _dose_field(low_mm, high_mm, frame, laid.box, parts[0].refinement, unit_gy)
        slab_cc = (high_mm - low_mm) * cell_cc_per_mm
        yield _cut_elements(laid, field, slab_cc)
        yield from _whole_cells(laid, field, slab_cc)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slabs:
    """Different heights from below, and the slices of several parts that lie there.

    ``boxes``: shape ``(4, slabs)``, least and largest u and v of what lies in each. ``slab``, ``part``, ``layer``: of
    each slice, in rising order of slab.
    """

    parts: Sequence[Slices]
    low_mm: FloatArray
    high_mm: FloatArray
    boxes: FloatArray
    slab: IntArray
    part: IntArray
    layer: IntArray

    @classmethod
    def of(cls, parts: Sequence[Slices]) -> _Slabs:
        low, high, layer, boxes = (
            np.concatenate(made, axis=-1)
            for made in zip(*((one.low_mm, one.high_mm, one.layer, _boxes(one)) for one in parts), strict=True)
        )
        heights = np.round(low / SAME_HEIGHT_MM) + 1j * np.round(high / SAME_HEIGHT_MM)
        _, first, slab = np.unique(heights, return_index=True, return_inverse=True)
        order = np.argsort(slab, kind="stable")
        slab, boxes = slab[order], boxes[:, order]
        begins = np.searchsorted(slab, np.arange(len(first)))
        extremes = zip((np.minimum, np.maximum) * 2, boxes, strict=True)
        return cls(
            parts=parts,
            low_mm=low[first],
            high_mm=high[first],
            boxes=np.array([extreme.reduceat(edge, begins) for extreme, edge in extremes]),
            slab=slab,
            part=np.repeat(np.arange(len(parts)), [len(one.layer) for one in parts])[order],
            layer=layer[order],
        )

    def blocks(self) -> Iterator[slice]:
        """Runs of slabs that are laid over the dose together."""
        return _runs(self.boxes)

    def laid(self, block: slice) -> _Laid:
        """The slices in some slabs, laid over the cells of a box around them."""
        mine = slice(*np.searchsorted(self.slab, [block.start, block.stop]))
        order = np.argsort(self.part[mine], kind="stable")
        part, slab = self.part[mine][order], self.slab[mine][order] - block.start
        region, place = np.unique(part * (int(self.layer.max()) + 1) + self.layer[mine][order], return_inverse=True)
        there, kind = np.unique(part, return_inverse=True)
        count = np.bincount(part[np.searchsorted(place, np.arange(len(region)))])
        layers = np.split(region % (int(self.layer.max()) + 1), np.cumsum(count[there])[:-1])
        edges = _joined([self.parts[i].edges.of_layers(some) for i, some in zip(there, layers, strict=True)])
        box = _box_of(edges)
        return _Laid(
            covered=coverage(edges, len(region), box), box=box, parts=there, kind=kind, place=place, slab=slab
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    """What slices cover of the cells of a block's box.

    Slice ``i`` is layer ``place[i]`` of ``covered``, in the block's slab ``slab[i]``, and of part ``parts[kind[i]]``;
    ``kind`` and ``place`` never fall.
    """

    covered: Coverage
    box: Box
    parts: IntArray
    kind: IntArray
    place: IntArray
    slab: IntArray


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


def _whole_cells(laid: _Laid, field: _Field, slab_cc: FloatArray) -> Iterator[Elements]:
    """Cells wholly inside, each once for all parts that hold it, by these parts and by the thickness of slabs."""
    begin, end, slice_of = _full_runs(laid)
    thickness, thick = np.unique(np.round(slab_cc / slab_cc[0] / SAME_THICKNESS), return_inverse=True)
    cells = laid.covered.shape[1] * laid.covered.shape[2]
    for first in range(0, len(laid.parts), PARTS_AT_ONCE):
        some = laid.parts[first : first + PARTS_AT_ONCE]
        runs = slice(*np.searchsorted(laid.kind[slice_of], [first, first + PARTS_AT_ONCE]))
        bit = np.left_shift(1, laid.kind[slice_of[runs]] - first, dtype=np.int32)  # a bit for each part
        change = np.zeros(len(slab_cc) * cells, dtype=np.int32)
        np.add.at(change, begin[runs], bit)
        np.subtract.at(change, end[runs], bit)
        border = np.flatnonzero(change != 0)
        holds = np.cumsum(change[border])  # from one border to the next
        inside = holds != 0
        count = np.diff(border, append=len(change))
        pick = np.repeat(np.concatenate([[False], inside]), np.concatenate([border[:1], count]))[: len(field.mean)]
        kinds, kind = _numbered(holds + (thick[border // cells] << len(some)), inside, len(thickness) << len(some))
        if len(kinds):
            yield Elements(
                mean=field.mean[pick],
                low=field.low[pick],
                high=field.high[pick],
                variance12=field.variance12[pick],
                kind=np.repeat(kind, count[inside]),
                held_by=[tuple(some[(bits >> np.arange(len(some))) & 1 == 1].tolist()) for bits in kinds],
                volume_cc=np.array([slab_cc[np.argmax(thick == bits >> len(some))] for bits in kinds]),
                whole=True,
            )


def _full_runs(laid: _Laid) -> tuple[IntArray, IntArray, IntArray]:
    """Where in a block each run of cells wholly inside begins, where it ends, and the slice that it belongs to."""
    covered = laid.covered
    layers, cells = covered.shape[0], covered.shape[1] * covered.shape[2]
    before = np.flatnonzero(covered.before_full)
    begin, end = covered.cell[before] + 1, covered.cell[before + 1]
    some = np.flatnonzero(end > begin)
    first = np.searchsorted(begin[some], np.arange(layers + 1) * cells)
    count = np.diff(first)[laid.place]
    pick = some[ranges(first[laid.place], count)]
    slice_of = np.repeat(np.arange(len(laid.place)), count)
    moved = ((laid.slab - laid.place) * cells)[slice_of]
    return begin[pick] + moved, end[pick] + moved, slice_of


def _numbered(label: IntArray, where: BoolArray, labels: int) -> tuple[list[int], npt.NDArray[np.int32]]:
    """The different labels there are somewhere, all below ``labels``, and their place among them."""
    there = np.zeros(labels, dtype=bool)
    there[label[where]] = True
    place = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(there).tolist(), place[label[where]]


def _cut_elements(laid: _Laid, field: _Field, slab_cc: FloatArray) -> Elements:
    """Cells that the boundary touches: dose at the centroid of the covered part."""
    covered, place = laid.covered, laid.place
    layers, cells = covered.shape[0], covered.shape[1] * covered.shape[2]
    some = np.flatnonzero(covered.fraction > SMALLEST_FRACTION)
    begin = np.searchsorted(covered.cell[some], np.arange(layers + 1) * cells)
    count = np.diff(begin)[place]
    pick = some[ranges(begin[place], count)]
    slice_of = np.repeat(np.arange(len(place)), count)
    at = covered.cell[pick] + ((laid.slab - place) * cells)[slice_of]
    fraction, u, v = covered.fraction[pick], covered.u[pick].astype(np.float32), covered.v[pick].astype(np.float32)
    near, far = (left[at] + (right[at] - left[at]) * u for left, right in (field.corners[:2], field.corners[2:]))
    return Elements(
        mean=near + (far - near) * v,
        low=field.low[at],
        high=field.high[at],
        # a part of a cell is narrower than the cell: its variance shrinks about as its share does
        variance12=field.variance12[at] * fraction.astype(np.float32),
        kind=np.repeat(laid.kind.astype(np.int32), count),
        held_by=[(part,) for part in laid.parts.tolist()],
        volume_cc=slab_cc[laid.slab][slice_of] * fraction,
        whole=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Levels:
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
    levels = _levels_of(low_mm, high_mm, frame)
    planes = _dose_planes(levels, frame, box, refinement, unit_gy)
    at_corner, rise, least, most = _over_slices(levels, planes.reshape(len(planes), -1))
    mean, variance12 = _mean_and_variance12(at_corner.reshape(-1), rise.reshape(-1), box.columns)
    return _Field(
        corners=_four(at_corner.reshape(-1), box.columns),
        mean=mean,
        low=_of_four(np.minimum, least.reshape(-1), box.columns),
        high=_of_four(np.maximum, most.reshape(-1), box.columns),
        variance12=variance12,
    )


def _four(line: Float32, columns: int) -> tuple[Float32, ...]:
    """Values at the four corners of each cell, first along u: four views of one line over all slices and rows.

    The next row is ``columns`` further on, so that a block is a few long passes over arrays. The last row and column of
    a box, in which nothing lies, get corners of other rows and slices; the line ends where there are no more.
    """
    return line[: -columns - 1], line[1:-columns], line[columns:-1], line[columns + 1 :]


def _of_four(of: np.ufunc, line: Float32, columns: int) -> Float32:
    """The least, the largest or the sum of the four corners of each cell: of two along u, then of two of these."""
    pair: Float32 = of(line[:-1], line[1:])
    found: Float32 = of(pair[:-columns], pair[columns:])
    return found


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
    slope = _of_four(np.add, rise_w, columns)
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


def _boxes(slices: Slices) -> FloatArray:
    """Least and largest u, then v, of the region of each slice; shape ``(4, slices)``."""
    if len(slices.layer) == 0:
        return np.zeros((4, 0))
    first, back = np.unique(np.searchsorted(slices.edges.layer, slices.layer), return_inverse=True)
    u, v = slices.edges.u0, slices.edges.v0
    return np.array([f.reduceat(x, first)[back] for x in (u, v) for f in (np.minimum, np.maximum)])


def _runs(boxes: FloatArray) -> Iterator[slice]:
    """Runs of slabs whose common box has no more than about `BLOCK_CELLS` cells in all, and wastes few."""
    boxes_ = boxes.T.tolist()
    start, cells = 0, 0.0
    box = [np.inf, -np.inf, np.inf, -np.inf]
    for stop, own in enumerate(boxes_):
        grown = [min(box[0], own[0]), max(box[1], own[1]), min(box[2], own[2]), max(box[3], own[3])]
        more = _cells(grown) * (stop + 1 - start)
        if stop > start and (more > BLOCK_CELLS or more - cells > _cells(own) + CELLS_OF_A_BLOCK):
            yield slice(start, stop)
            start, grown, more = stop, own, _cells(own)
        box, cells = grown, more
    if boxes_:
        yield slice(start, len(boxes_))


def _cells(box: Sequence[float]) -> float:
    return (box[1] - box[0] + 2) * (box[3] - box[2] + 2)


def _box_of(edges: Edges) -> Box:
    """The cells that edges reach, and a row and a column beyond."""
    u = np.minimum(edges.u0.min(), edges.u1.min()), np.maximum(edges.u0.max(), edges.u1.max())
    v = np.minimum(edges.v0.min(), edges.v1.min()), np.maximum(edges.v0.max(), edges.v1.max())
    column, row = int(np.floor(u[0])), int(np.floor(v[0]))
    return Box(row=row, column=column, rows=int(np.floor(v[1])) + 2 - row, columns=int(np.floor(u[1])) + 2 - column)


def _joined(many: Sequence[Edges]) -> Edges:
    """Edges as one, the layers of each after those before it; each has an edge in its last layer."""
    ends = np.cumsum([0, *(int(edges.layer[-1]) + 1 for edges in many)])
    u0, v0, u1, v1 = (np.concatenate([getattr(edges, name) for edges in many]) for name in ("u0", "v0", "u1", "v1"))
    layer = np.concatenate([edges.layer + end for edges, end in zip(many, ends[:-1], strict=True)])
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer)


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

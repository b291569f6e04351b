"""Dose grid, slabs and a box of cells -> mean, bounds and variance of the trilinear dose in each cell of each slab.

Along w the dose is straight from dose plane to dose plane, so the mean over a slab is the trapezoid rule over its
*levels*, its two faces and the dose planes inside it, and exact::

      top face      ----------  level 2     mean = sum over levels of weight x dose
      dose plane    ==========  level 1     weight = half the distance to the level before and after,
      bottom face   ----------  level 0              over the thickness of the slab

In a cell, the mean over the slab is bilinear in u and v, so its mean over the cell is the mean of the four corners. A
multilinear function on a box has its extremes at corners (along each axis it is straight, so it can be moved to an end
without getting smaller), so the least and largest dose over all levels and corners are bounds that are reached. Twelve
times the variance of a linear dose in a box is the sum of its squared rises along the three edges, because a uniform
distribution over an interval of length L has variance L^2 / 12; for a trilinear dose the rises are those in the middle.

All of it is done in single precision on long lines of cells, slab after slab and row after row: seven digits are far
more than a dose has, and only half as much memory passes by as in double precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, Float32, numbered
from sbrtcheck.geometry.coverage import Box
from sbrtcheck.geometry.grid import GridFrame, Resampled
from sbrtcheck.plan import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseField:
    """Dose of the cells of a block, each array one line of cells: slab after slab, row after row (see `_four`).

    Parameters
    ----------
    corners
        Mean over the slab at the four corners of each cell: (v, u) = (0, 0), (0, 1), (1, 0), (1, 1).
    mean, low, high
        Mean dose of each cell, and the least and largest in it.
    variance12
        Twelve times its variance.
    off
        How far the dose of each cell may be from all of these but the bounds; None where it is not.
    """

    corners: tuple[Float32, ...]
    mean: Float32
    low: Float32
    high: Float32
    variance12: Float32
    off: Float32 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearPart:
    """The dose of each cell as a linear one and a rest, lines as those of a `DoseField`.

    ``lowest``: the linear dose at its coldest corner, from which it rises by ``spans``, shape ``(3, n)``, along the
    three edges of the cell. The dose is at least ``least_rest`` more than the linear one, and ``most_rest`` at most.
    """

    lowest: Float32
    spans: Float32
    least_rest: Float32
    most_rest: Float32

    def __getitem__(self, pick: IntArray | BoolArray) -> LinearPart:
        return LinearPart(
            lowest=self.lowest[pick],
            spans=self.spans[:, pick],
            least_rest=self.least_rest[pick],
            most_rest=self.most_rest[pick],
        )


def linear_part(
    low_mm: FloatArray, high_mm: FloatArray, frame: GridFrame, box: Box, refinement: int, unit_gy: float
) -> LinearPart:
    """The linear part of the dose over the slabs and cells of a block, with the extremes of what is left of it.

    What is left is trilinear between two levels, so it has its extremes at their corners.
    """
    levels = levels_of(low_mm, high_mm, frame)
    planes = dose_planes(levels, frame, box, refinement, unit_gy).reshape(-1, box.rows * box.columns)
    bottom, top, *inner = level_doses(levels, planes)
    both, columns = (bottom + top).reshape(-1), box.columns
    quarter, half = np.float32(0.25), np.float32(0.5)
    middle = of_four(np.add, both, columns) * (half * quarter)
    along, across = both[1:] - both[:-1], both[:-1] + both[1:]
    slope_u = (along[:-columns] + along[columns:]) * quarter
    slope_v = (across[columns:] - across[:-columns]) * quarter
    slope_w = of_four(np.add, (top - bottom).reshape(-1), columns) * quarter
    least = np.full(len(middle), np.inf, dtype=np.float32)
    most = -least
    of_cells = planes.shape[1]
    for level, height in zip((bottom, top, *inner), _heights(levels, low_mm, high_mm, frame), strict=True):
        linear = middle + slope_w * np.repeat(height, of_cells)[: len(middle)]
        for corner, (v, u) in zip(_four(level.reshape(-1), columns), np.ndindex(2, 2), strict=True):
            rest = corner - linear
            rest -= slope_u * np.float32(u - 0.5)
            rest -= slope_v * np.float32(v - 0.5)
            np.minimum(least, rest, out=least)
            np.maximum(most, rest, out=most)
    spans = np.abs(np.stack([slope_u, slope_v, slope_w]))
    rise: Float32 = spans.sum(axis=0)
    return LinearPart(lowest=middle - half * rise, spans=spans, least_rest=least, most_rest=most)


def _heights(levels: Levels, low_mm: FloatArray, high_mm: FloatArray, frame: GridFrame) -> Iterator[Float32]:
    """How high the levels of each slice lie in it, -1/2 at its bottom to 1/2 at its top, as in `level_doses`."""
    bottoms = np.full(len(low_mm), -0.5, dtype=np.float32)
    yield bottoms
    yield -bottoms
    for i in range(len(levels.weights) - 2):
        node = np.minimum(levels.planes.start + levels.first + i, len(frame.nodes_mm) - 1)
        height = (frame.nodes_mm[node] - low_mm) / (high_mm - low_mm) - 0.5
        yield np.where(levels.inner > i, height, 0.5).astype(np.float32)


def dose_field(
    low_mm: FloatArray, high_mm: FloatArray, frame: GridFrame, box: Box, refinement: int, unit_gy: float
) -> DoseField:
    """Trilinear dose over the slabs and cells of a block."""
    levels = levels_of(low_mm, high_mm, frame)
    planes = dose_planes(levels, frame, box, refinement, unit_gy)
    at_corner, rise, least, most = over_slices(levels, planes.reshape(len(planes), -1))
    mean, variance12 = _mean_and_variance12(at_corner.reshape(-1), rise.reshape(-1), box.columns)
    field = DoseField(
        corners=_four(at_corner.reshape(-1), box.columns),
        mean=mean,
        low=of_four(np.minimum, least.reshape(-1), box.columns),
        high=of_four(np.maximum, most.reshape(-1), box.columns),
        variance12=variance12,
    )
    if frame.resampled is None:
        return field
    return _with_bounds_of(frame.resampled, field, (low_mm, high_mm), frame, box, refinement, unit_gy)


def _with_bounds_of(
    resampled: Resampled,
    field: DoseField,
    faces_mm: tuple[FloatArray, FloatArray],
    frame: GridFrame,
    box: Box,
    refinement: int,
    unit_gy: float,
) -> DoseField:
    """The field with bounds on the dose that its grid was read from."""
    _, rows, columns = resampled.off_gy.shape
    row = np.clip((box.row + np.arange(box.rows)) // refinement, 0, rows - 1)
    column = np.clip((box.column + np.arange(box.columns)) // refinement, 0, columns - 1)
    # the cells along w that each slab reaches: one, or a few where it passes a node
    first = np.clip(np.searchsorted(frame.nodes_mm, faces_mm[0], side="right") - 1, 0, len(resampled.off_gy) - 1)
    last = np.clip(np.searchsorted(frame.nodes_mm, faces_mm[1], side="left") - 1, first, len(resampled.off_gy) - 1)

    def over_slabs(extreme: np.ufunc, values: Float32) -> Float32:
        of_slabs: Float32 = values[np.ix_(first, row, column)]
        for step in range(1, int((last - first).max(initial=0)) + 1):
            of_slabs = extreme(of_slabs, values[np.ix_(np.minimum(first + step, last), row, column)])
        return (of_slabs.reshape(-1) / np.float32(unit_gy))[: len(field.mean)]

    off = over_slabs(np.maximum, resampled.off_gy)
    return replace(
        field,
        low=np.maximum(field.low - off, over_slabs(np.minimum, resampled.least_gy)),
        high=np.minimum(field.high + off, over_slabs(np.maximum, resampled.most_gy)),
        off=off,
    )


def _four(line: Float32, columns: int) -> tuple[Float32, ...]:
    """Values at the four corners of each cell, first along u: four views of one line over all slices and rows.

    The next row is ``columns`` further on, so that a block is a few long passes over arrays. The last row and column of
    a box, in which nothing lies, get corners of other rows and slices; the line ends where there are no more.
    """
    return line[: -columns - 1], line[1:-columns], line[columns:-1], line[columns + 1 :]


def of_four(of: np.ufunc, line: Float32, columns: int) -> Float32:
    """The least, the largest or the sum of the four corners of each cell: of two along u, then of two of these.

    Neighbouring cells share a pair of corners: two passes do what three would, one corner after the other.
    """
    pair: Float32 = of(line[:-1], line[1:])
    result: Float32 = of(pair[:-columns], pair[columns:])
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Heights between which the dose of some slices is linear: their faces, and the dose planes inside them.

    Parameters
    ----------
    planes
        The dose planes needed; all other places count from the first of them.
    below, share
        Shape ``(faces,)`` and ``(faces, 1)``: faces lie in ``share`` of the way from plane ``below`` to the next.
    bottom, top
        Shape ``(slices,)``: the faces at which each slice begins and ends.
    first, inner
        Shape ``(slices,)``: the first dose plane inside each slice, and how many there are.
    weights
        Shape ``(levels, slices, 1)``: shares of each level's dose in the mean over the slice, by the trapezoid rule, in
        rising order; where a slice has fewer levels, the top comes earlier.
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
    faces, _, at = numbered(np.concatenate([low_mm, high_mm]))
    below = np.clip(np.searchsorted(nodes, faces, side="right") - 1, 0, len(nodes) - 2)
    share = np.clip((faces - nodes[below]) / (nodes[below + 1] - nodes[below]), 0.0, 1.0)
    # dose planes on a face are no planes inside: the face has their dose already
    first = np.searchsorted(nodes, low_mm, side="right")
    inner = np.searchsorted(nodes, high_mm, side="left") - first
    # a row of heights for each slice: its bottom, the dose planes inside, and its top as often as there is room
    step = np.arange(int(inner.max()) + 2)
    node = nodes[np.minimum(first[:, None] + step - 1, len(nodes) - 1)]
    heights = np.where(step <= inner[:, None], node, high_mm[:, None])
    heights[:, 0] = low_mm
    # trapezoid rule: half of each interval to the level at either end; repeated tops have intervals of nothing
    thick = np.diff(heights, axis=1) / (high_mm - low_mm)[:, None]
    weights = np.zeros(heights.shape)
    weights[:, :-1] += thick / 2
    weights[:, 1:] += thick / 2
    lowest = int(below[0])  # faces rise: no plane below that of the first is needed
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


def over_slices(levels: Levels, planes: Float32) -> tuple[Float32, Float32, Float32, Float32]:
    """Mean, rise, least and largest dose over each slice along w, at each corner."""
    doses = level_doses(levels, planes)
    bottom, top = next(doses), next(doses)
    mean = bottom * levels.weights[0]
    mean += top * levels.weights[-1]
    least, most = np.minimum(bottom, top), np.maximum(bottom, top)
    for i, level in enumerate(doses):
        mean += level * levels.weights[i + 1]
        np.minimum(least, level, out=least)
        np.maximum(most, level, out=most)
    return mean, top - bottom, least, most


def level_doses(levels: Levels, planes: Float32) -> Iterator[Float32]:
    """Dose on the levels of all slices, at each corner: on their bottoms, their tops, and the planes inside them.

    Where a slice has fewer planes inside than others, its top stands in for the missing ones: it changes no extreme.
    """
    faces = _planes_at(planes, levels.below)
    if levels.share.any():  # else all faces lie on dose planes
        above = _planes_at(planes, levels.below + 1) - faces
        above *= levels.share
        above += faces
        faces = above
    top = _planes_at(faces, levels.top)
    yield _planes_at(faces, levels.bottom)
    yield top
    for i in range(len(levels.weights) - 2):
        has = levels.inner > i
        level = _planes_at(planes, np.where(has, levels.first + i, 0))
        yield level if has.all() else np.where(has[:, None], level, top)


def _mean_and_variance12(mean_w: Float32, rise_w: Float32, columns: int) -> tuple[Float32, Float32]:
    """Mean dose of each cell, and twelve times its variance by the slopes in its middle.

    Sums of two along u and of two along v share their parts with the differences that make the slopes; everything is
    done in place, since memory, not arithmetic, is what takes time.
    """
    pair = mean_w[:-1] + mean_w[1:]
    mean = pair[:-columns] + pair[columns:]
    mean *= np.float32(0.25)
    # slope along v: difference of the rows' sums, twice too large; squared, 4 times; so is that along u
    variance = _squared(pair[columns:] - pair[:-columns])
    step = np.subtract(mean_w[1:], mean_w[:-1], out=pair)
    variance += _squared(step[:-columns] + step[columns:])
    # slope along w: four corners' rises, halved, is twice the mean as well
    slope = of_four(np.add, rise_w, columns)
    slope *= np.float32(0.5)
    variance += _squared(slope)
    variance *= np.float32(0.25)
    return mean, variance


def _squared(slope: Float32) -> Float32:
    """Squares, in place."""
    return np.multiply(slope, slope, out=slope)


def _planes_at(planes: Float32, index: IntArray) -> Float32:
    """Planes by their index: a view where they follow one another."""
    # a copy of the planes would be the largest array of a block
    start = int(index[0])
    if np.array_equal(index, np.arange(start, start + len(index))):
        return planes[start : start + len(index)]
    return planes[index]


def dose_planes(levels: Levels, frame: GridFrame, box: Box, refinement: int, unit_gy: float) -> Float32:
    """Dose at the first corner of each of the box's refined cells, on each plane; beyond the points, of the nearest."""
    _, count_v, count_u = frame.stored.shape
    # grid points around the box; those that the grid does not have repeat its outermost ones
    row0, row1 = box.row // refinement, -(-(box.row + box.rows - 1) // refinement) + 1
    column0, column1 = box.column // refinement, -(-(box.column + box.columns - 1) // refinement) + 1
    j0, j1 = np.clip([row0, row1], 0, count_v)
    i0, i1 = np.clip([column0, column1], 0, count_u)
    planes = frame.stored[levels.planes, j0:j1, i0:i1].astype(np.float32)
    planes *= np.float32(frame.gy_per_unit / unit_gy)
    pad = ((0, 0), (j0 - row0, row1 - j1), (i0 - column0, column1 - i1))
    if any(sum(pair) for pair in pad):
        planes = np.pad(planes, pad, mode="edge")
    # linear along v, then along u: bilinear between grid points
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

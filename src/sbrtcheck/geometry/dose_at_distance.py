"""A structure and a dose grid -> the largest dose at least some distance from the structure (D2cm), with bounds.

Branch and bound [1]_ on boxes of the grid: a box that lies too near is dropped; one that lies wholly far enough gives
its largest corner dose; one across the distance is divided into eight, as long as its bound is above the best dose
found::

        p    surface point nearest to the box's middle m         +---------+
        o . . . . . . . . . . . . . . . . . . . . . . . . . ) . .|. . m    |
             nothing inside the ball of radius `distance`   )    |         |
             around p is far enough                         )    +---------+

A box's corner doses bound it badly where dose is steep, for its hottest corner is its nearest, which does not count. So
the bound uses the ball: only places outside it count, and the linear part of the dose can have risen there only so far
(`_bound`). The two ends of the answer are a dose that is reached, and a dose that no box can pass.

References
----------
.. [1] A. H. Land, A. G. Doig, An automatic method of solving discrete programming problems, Econometrica 28 (1960)
   497-520.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.prism_lattice import OFF_SAMPLE_MM, Surface
from sbrtcheck.geometry.prisms import PrismStack
from sbrtcheck.geometry.trilinear import CORNERS, dose_at, halved, linear_part
from sbrtcheck.plan import FloatArray, IntArray

NARROW_GY = 0.01
"""Bounds this close together are not refined further."""

MIN_MM = 0.02
"""Smaller boxes are not divided: surface points are no denser than that allows."""

MAX_BOXES = 1 << 15
"""Boxes are not divided into more than so many: half a second."""

PROMISING = 256
"""Boxes in which a dose far enough away is looked for, so that the best dose found rises early."""

BLOCK = 4
"""Grid cells along each edge of the boxes that are looked at first."""

NOWHERE_GY = -np.inf
"""The largest of no doses at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxDoseAtDistance:
    """Largest dose at some distance and more, Gy: at least ``low_gy``, which is reached, and at most ``high_gy``."""

    low_gy: float
    high_gy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Boxes:
    """Boxes inside grid cells: middles and edges in mm, shape ``(n, 3)`` along (w, v, u); corner doses ``(8, n)``.

    ``point`` is a point of the structure near each box, shape ``(n, 3)``.
    """

    middle: FloatArray
    size: FloatArray
    dose: FloatArray
    point: FloatArray

    def select(self, keep: BoolArray | IntArray) -> _Boxes:
        return _Boxes(middle=self.middle[keep], size=self.size[keep], dose=self.dose[:, keep], point=self.point[keep])


def max_dose_at_distance(
    stack: PrismStack, frame: GridFrame, distance_mm: float, reached_gy: float = NOWHERE_GY
) -> MaxDoseAtDistance | None:
    """The largest trilinear dose at least ``distance_mm`` from the prisms of a stack, anywhere in the grid.

    The prisms must not overlap. None when no place of the grid is that far away. ``reached_gy`` is a dose that is known
    to be reached that far away, as from a larger structure: the search begins there.
    """
    surface = Surface.of(stack, frame)
    nodes = _nodes_mm(frame)
    near = [
        slice(*np.clip(np.searchsorted(x, [low - distance_mm, high + distance_mm]) + np.array([-1, 1]), 0, len(x)))
        for x, low, high in zip(nodes, surface.low, surface.high, strict=True)
    ]
    # a high dose known early keeps many boxes from being looked at
    best = max(reached_gy, _largest_outside(frame, nodes, surface, distance_mm))
    if any(part.stop - part.start < 2 for part in near):
        return _answer(best, best)
    boxes, best = _across(surface, frame, nodes, near, distance_mm, best)
    top = best
    while len(boxes.middle):
        boxes, best, top = _sifted(boxes, surface, distance_mm, best)
        small = len(boxes.middle) == 0 or bool(boxes.size.max() < MIN_MM)
        if small or top <= best + NARROW_GY or len(boxes.middle) > MAX_BOXES // 8:
            break
        boxes = _divided(boxes)
    return _answer(best, top)


def _answer(best: float, top: float) -> MaxDoseAtDistance | None:
    """Bounds from the best dose found and what no box can pass; None where no dose was found."""
    return MaxDoseAtDistance(low_gy=best, high_gy=max(top, best)) if best > NOWHERE_GY else None


def _nodes_mm(frame: GridFrame) -> list[FloatArray]:
    """Grid points along w, v and u, and the grid's ends half a voxel beyond."""
    count = frame.stored.shape
    inner = [frame.nodes_mm, np.arange(count[1]) * frame.spacing_mm[1], np.arange(count[2]) * frame.spacing_mm[0]]
    return [np.concatenate([x[:1] - (x[1] - x[0]) / 2, x, x[-1:] + (x[-1] - x[-2]) / 2]) for x in inner]


def _largest_outside(frame: GridFrame, nodes: list[FloatArray], surface: Surface, distance_mm: float) -> float:
    """Largest dose of the grid points outside the structure's bounding box and a margin: they are far enough away."""
    rest = frame.stored
    best = NOWHERE_GY
    for axis in range(3):
        x = nodes[axis][1:-1]
        low = int(np.searchsorted(x, surface.low[axis] - distance_mm, side="right"))
        high = int(np.searchsorted(x, surface.high[axis] + distance_mm, side="left"))
        # what lies before and after the box along this axis is far enough; along the next axis, of what is left
        before, rest, after = np.split(rest, [low, max(low, high)], axis=axis)
        best = max([best, *(float(part.max()) * frame.gy_per_unit for part in (before, after) if part.size)])
    return best


def _across(
    surface: Surface, frame: GridFrame, nodes: list[FloatArray], near: list[slice], distance_mm: float, best: float
) -> tuple[_Boxes, float]:
    """Cells that may hold more than the best dose, in blocks that lie neither too near nor wholly far enough."""
    place = [np.clip(np.arange(x.start, x.stop) - 1, 0, n - 1) for x, n in zip(near, frame.stored.shape, strict=True)]
    dose = frame.stored[np.ix_(*place)].astype(np.float64) * frame.gy_per_unit
    x = [nodes[axis][near[axis]] for axis in range(3)]
    most = dose  # becomes the largest corner dose of each cell, pair by pair along each axis
    for axis in range(3):
        most = np.maximum(_without_last(most, axis), _without_first(most, axis))
    blocks = most
    for axis in range(3):
        blocks = np.maximum.reduceat(blocks, np.arange(0, blocks.shape[axis], BLOCK), axis=axis)
    block = np.argwhere(blocks > best)
    first = block * BLOCK
    last = np.minimum(first + BLOCK, most.shape)
    low, high = (np.stack([x[axis][at[:, axis]] for axis in range(3)], axis=1) for at in (first, last))
    too_near, far, point = _where(surface, (low + high) / 2, high - low, distance_mm)
    best = max([best, *blocks[tuple(block[far].T)]])
    cells, of = _cells_of(first[~(too_near | far)], most.shape)
    point = point[~(too_near | far)][of]
    keep = most[tuple(cells.T)] > best
    return _boxes_of(cells[keep], point[keep], dose, x), best


def _without_last(a: FloatArray, axis: int) -> FloatArray:
    return a[tuple(slice(None, -1) if i == axis else slice(None) for i in range(3))]


def _without_first(a: FloatArray, axis: int) -> FloatArray:
    return a[tuple(slice(1, None) if i == axis else slice(None) for i in range(3))]


def _cells_of(first: IntArray, shape: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """The cells of blocks, and which block each is of."""
    steps = np.array(list(product(range(BLOCK), repeat=3)))
    cells: IntArray = (first[:, None] + steps).reshape(-1, 3)
    there = np.all(cells < shape, axis=1)
    return cells[there], np.repeat(np.arange(len(first)), len(steps))[there]


def _boxes_of(cells: IntArray, point: FloatArray, dose: FloatArray, x: list[FloatArray]) -> _Boxes:
    low, high = (np.stack([x[axis][cells[:, axis] + end] for axis in range(3)], axis=1) for end in (0, 1))
    corners = [dose[tuple((cells + (corner > 0)).T)] for corner in CORNERS]
    return _Boxes(middle=(low + high) / 2, size=high - low, dose=np.array(corners).reshape(8, -1), point=point)


def _where(
    surface: Surface, middle: FloatArray, size: FloatArray, distance_mm: float
) -> tuple[BoolArray, BoolArray, FloatArray]:
    """Which boxes lie wholly nearer, which wholly far enough; and the structure's point near each middle."""
    # no place of a box is further from its middle than half its diagonal
    least, most, point = surface.distance(middle)
    reach = np.linalg.norm(size, axis=1) / 2
    return most + reach < distance_mm, least - reach >= distance_mm, point


def _sifted(boxes: _Boxes, surface: Surface, distance_mm: float, best: float) -> tuple[_Boxes, float, float]:
    """The boxes that may still hold a dose above the best one; the best, and what none of them can pass."""
    # first by a point of the structure that is not quite the nearest, but already known: no search is needed
    boxes = boxes.select(_bound(boxes, distance_mm) > best)
    too_near, far, point = _where(surface, boxes.middle, boxes.size, distance_mm)
    best = float(boxes.dose[:, far].max(initial=best))
    boxes = replace(boxes, point=point).select(~(too_near | far))
    bound = _bound(boxes, distance_mm)
    # a dose that is reached in the most promising boxes drops many of the others
    promising = boxes.select(np.argsort(-bound, kind="stable")[:PROMISING])
    best = max(best, _largest_reached(promising, surface, distance_mm))
    keep = bound > best
    return boxes.select(keep), best, float(bound[keep].max(initial=best))


def _bound(boxes: _Boxes, distance_mm: float) -> FloatArray:
    """A dose that no place of each box passes that is far enough from the box's point of the structure.

    With n the direction from the point to the middle, m their distance and r the box's half diagonal, a place at
    ``s n + t`` from the middle, t across n, is far enough if ``(m + s)^2 + t^2 >= distance^2``. In the box
    ``s^2 + t^2 <= r^2``, so ``s >= (distance^2 - m^2 - r^2) / (2 m)``. There the linear dose has risen by at most s
    times its slope along n, where it falls that way, or r times this slope, where it rises; and by r times its slope
    across n.
    """
    away = boxes.middle - boxes.point
    apart = np.maximum(np.linalg.norm(away, axis=1), 1e-9)
    away /= apart[:, None]
    reach = np.linalg.norm(boxes.size, axis=1) / 2
    middle, slopes, rest = linear_part(boxes.dose)
    slope = slopes.T / boxes.size
    along = np.sum(slope * away, axis=1)
    across = np.linalg.norm(slope - along[:, None] * away, axis=1)
    least = np.clip((distance_mm**2 - apart**2 - reach**2) / (2 * apart), -reach, reach)
    rise = np.where(along < 0, along * least, along * reach)
    most: FloatArray = np.minimum(boxes.dose.max(axis=0), middle + rise + across * reach + rest)
    return most


def _largest_reached(boxes: _Boxes, surface: Surface, distance_mm: float) -> float:
    """Largest dose found in the boxes at places guaranteed to be far enough, straight away from their points."""
    if len(boxes.middle) == 0:
        return NOWHERE_GY
    away = boxes.middle - boxes.point
    away /= np.maximum(np.linalg.norm(away, axis=1), 1e-9)[:, None]
    # the distance, and what the surface may be nearer than its points
    aim = boxes.point + away * np.hypot(distance_mm, OFF_SAMPLE_MM)
    place = np.clip((aim - boxes.middle) / boxes.size, -0.5, 0.5)
    least, _, _ = surface.distance(boxes.middle + place * boxes.size)
    return float(dose_at(boxes.dose, place)[least >= distance_mm].max(initial=NOWHERE_GY))


def _divided(boxes: _Boxes) -> _Boxes:
    """Each box in eight; the point of the structure stays that of the whole box until a nearer one is looked for."""
    middle = (boxes.middle + CORNERS[:, None] / 2 * boxes.size).reshape(-1, 3)
    size, point = np.tile(boxes.size / 2, (8, 1)), np.tile(boxes.point, (8, 1))
    return _Boxes(middle=middle, size=size, dose=halved(boxes.dose), point=point)

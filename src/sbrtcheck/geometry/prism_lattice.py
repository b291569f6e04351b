"""A stack of prisms -> points on its surface, the distance of places from it, and the number of its separate parts.

Questions of distance and connection are asked of points half a millimetre apart. A distance to points is too large, by
an amount that is known, so distances come with bounds::

                    x  place
                   /|
            found / | true distance, straight across to the face
                 /  |
      ----o-----o---+-o-----o----  face, and the points that stand for it
                 off                   off <= OFF_SAMPLE_MM, so  found^2 - OFF_SAMPLE_MM^2 <= true^2 <= found^2

The nearest point is found with a k-d tree [1]_.

References
----------
.. [1] J. L. Bentley, Multidimensional binary search trees used for associative searching, Communications of the ACM 18
   (1975) 509-517.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, ranges
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.prisms import SAME_HEIGHT_MM, PrismStack
from sbrtcheck.plan import FloatArray

if TYPE_CHECKING:
    from scipy.spatial import cKDTree


SAMPLE_MM = 0.5
"""Spacing of the points that stand for a surface."""

OFF_SAMPLE_MM = 1.25 * SAMPLE_MM
"""No place of a face is further than this from a point on the same face.

Half a diagonal between lattice points; where one of those lies off the face, half a step along the border it is behind
comes on top.
"""

INNER_STEPS = 10
"""Every so many lattice points along either axis, one inside the structure is kept as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """The surface of some prisms that do not overlap, by points; all places are (w, v, u) in mm.

    ``low`` and ``high`` are the corners of the box around them.
    """

    points: FloatArray
    low: FloatArray
    high: FloatArray
    tree: cKDTree[Any]

    @classmethod
    def of(cls, stack: PrismStack, frame: GridFrame) -> Surface:
        """The surface of a stack."""
        # scipy.spatial takes longer to import than most plans take to check
        from scipy.spatial import cKDTree

        points = np.concatenate([_walls(stack, frame), _levels(stack, frame)])
        # built and asked once: a tree made quickly, its leaves large, takes half of the time of a balanced one
        tree = cKDTree(points, leafsize=32, compact_nodes=False, balanced_tree=False)
        return cls(points=points, low=points.min(axis=0), high=points.max(axis=0), tree=tree)

    def distance(self, places: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """How far each place is from the structure: at least, at most, and the structure's point found near it.

        The nearest point of a face lies straight across from the place, so the next sample on that face is its
        hypotenuse: ``found**2 <= true**2 + OFF_SAMPLE_MM**2``.
        """
        nearest, which = self.tree.query(places)
        most = np.asarray(nearest, dtype=np.float64)
        least = np.sqrt(np.maximum(most * most - OFF_SAMPLE_MM**2, 0.0))
        return least, most, self.points[which]


def _walls(stack: PrismStack, frame: GridFrame) -> FloatArray:
    """Points on the vertical faces, corners and edges included."""
    edges = stack.edges.of_layers(stack.layer)
    u0, u1 = edges.u0 * frame.spacing_mm[0], edges.u1 * frame.spacing_mm[0]
    v0, v1 = edges.v0 * frame.spacing_mm[1], edges.v1 * frame.spacing_mm[1]
    steps = np.maximum(np.ceil(np.hypot(u1 - u0, v1 - v0) / SAMPLE_MM), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(steps)), steps)
    share = ranges(np.zeros(len(steps), dtype=np.int64), steps) / steps[edge]
    u, v = u0[edge] + share * (u1 - u0)[edge], v0[edge] + share * (v1 - v0)[edge]
    prism = edges.layer[edge]
    thickness = stack.high_mm - stack.low_mm
    levels = np.ceil(thickness / SAMPLE_MM).astype(np.int64)
    count = levels[prism] + 1
    point = np.repeat(np.arange(len(prism)), count)
    up = ranges(np.zeros(len(count), dtype=np.int64), count) / levels[prism][point]
    w = stack.low_mm[prism][point] + up * thickness[prism][point]
    return np.stack([w, v[point], u[point]], axis=1)


def _levels(stack: PrismStack, frame: GridFrame) -> FloatArray:
    """Lattice points on the level faces that are bare, and a few inside, so that no inner place is far from all."""
    inside, v, u = lattice(stack, frame)
    order = np.argsort(stack.low_mm, kind="stable")
    inside, low, high = inside[stack.layer[order]], stack.low_mm[order], stack.high_mm[order]
    joined = np.abs(low[1:] - high[:-1]) <= SAME_HEIGHT_MM
    nothing = np.zeros_like(inside[:1])
    below = np.concatenate([nothing, inside[:-1] & joined[:, None, None]])
    above = np.concatenate([inside[1:] & joined[:, None, None], nothing])
    inner = np.zeros_like(inside)
    inner[:, ::INNER_STEPS, ::INNER_STEPS] = inside[:, ::INNER_STEPS, ::INNER_STEPS]
    parts = []
    for bare, height in ((inside & ~below, low), (inside & ~above, high), (inner, (low + high) / 2)):
        prism, row, column = np.nonzero(bare)
        parts.append(np.stack([height[prism], v[row], u[column]], axis=1))
    return np.concatenate(parts)


def parts_of(stack: PrismStack, frame: GridFrame) -> int:
    """The number of parts, seen on a lattice of half a millimetre: gaps and necks finer than that are not told.

    The prisms must not overlap.
    """
    # scipy.ndimage takes longer to import than most plans take to check
    from scipy.ndimage import label

    inside, _, _ = lattice(stack, frame)
    # layers of the lattice in rising order, an empty one where prisms do not touch, so that nothing joins across it
    order = np.argsort(stack.low_mm, kind="stable")
    apart = np.abs(stack.low_mm[order][1:] - stack.high_mm[order][:-1]) > SAME_HEIGHT_MM
    planes = np.insert(inside[stack.layer[order]], np.flatnonzero(apart) + 1, values=False, axis=0)
    _, count = label(planes, structure=np.ones((3, 3, 3)))
    return int(count)


def lattice(stack: PrismStack, frame: GridFrame) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Which points of a lattice lie inside each layer, shape ``(layers, rows, columns)``, and where its lines are."""
    e = stack.edges
    u0, u1 = e.u0 * frame.spacing_mm[0], e.u1 * frame.spacing_mm[0]
    v0, v1 = e.v0 * frame.spacing_mm[1], e.v1 * frame.spacing_mm[1]
    left, front = float(u0.min()), float(v0.min())
    columns, rows = (int(np.ceil((x.max() - x.min()) / SAMPLE_MM)) + 1 for x in (u0, v0))
    # an edge passes a line that it begins on or before, and ends after
    begin, end = (np.ceil((f(v0, v1) - front) / SAMPLE_MM - 0.5).astype(np.int64) for f in (np.minimum, np.maximum))
    edge = np.repeat(np.arange(len(begin)), end - begin)
    row = ranges(begin, end - begin)
    v = front + (row + 0.5) * SAMPLE_MM
    u = u0[edge] + (v - v0[edge]) / (v1 - v0)[edge] * (u1 - u0)[edge]
    column = np.clip(np.ceil((u - left) / SAMPLE_MM - 0.5).astype(np.int64), 0, columns)
    shape = (stack.layers, rows, columns + 1)
    # the number of edges passed on the way from the left, along each line: odd is inside
    passed = np.bincount((e.layer[edge] * rows + row) * shape[2] + column, minlength=int(np.prod(shape)))
    inside: BoolArray = np.cumsum(passed.reshape(shape), axis=2)[:, :, :-1] % 2 == 1
    middles = (np.arange(max(rows, columns), dtype=np.float64) + 0.5) * SAMPLE_MM
    return inside, front + middles[:rows], left + middles[:columns]

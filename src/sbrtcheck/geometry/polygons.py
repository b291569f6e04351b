"""Directed polygon edges: of closed loops, of one region, of the regions of many layers; and their areas.

A region is never stored as a list of polygons, only as the *edges* around it. That is enough, because everything that
is asked of a region is a sum over its edges. The first such sum is its area, by Green's theorem, which for polygons is
the surveyor's or shoelace formula [1]_ [2]_::

    area  =  - closed integral of u dv  =  - sum over edges of (v1 - v0) (u0 + u1) / 2

    v                      Each edge counts the trapezoid between itself and the v axis, with the sign of its
    |    +---->----+       direction: the edge on the right, which runs down, adds its trapezoid; the one on the
    |    ^ region  v       left, which runs up, takes its own away. What is left is the region.
    |    +----<----+
    +----------------- u   Edges run clockwise around a region (u to the right, v upwards), so the region lies on
                           the right of an edge, and its area is positive; around a hole they run the other way.

A point is inside where the edges wind around it an odd number of times (even-odd rule, [3]_). Level edges add
nothing to an area; some only mark where a region ends.

Coordinates are columns (u) and rows (v) of the dose grid, from its first point, so that cell borders are whole numbers.

References
----------
.. [1] G. Green, An Essay on the Application of Mathematical Analysis to the Theories of Electricity and Magnetism,
   1828.
.. [2] B. Braden, The Surveyor's Area Formula, The College Mathematics Journal 17 (1986) 326-337.
.. [3] J. D. Foley, A. van Dam, S. K. Feiner, J. F. Hughes, Computer Graphics: Principles and Practice, 2nd edition,
   1990.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import ranges
from sbrtcheck.plan import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The edges of one region, in any order."""

    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray

    def is_apart_from(self, other: Outline) -> bool:
        """Whether the boxes around two outlines do not touch, or one has no edges."""
        if len(self.u0) == 0 or len(other.u0) == 0:
            return True
        return bool(
            self.u0.max() < other.u0.min()
            or other.u0.max() < self.u0.min()
            or self.v0.max() < other.v0.min()
            or other.v0.max() < self.v0.min()
        )

    def area(self) -> float:
        """Area, in grid cells, of the region around which the edges wind once."""
        return abs(float(np.sum((self.v1 - self.v0) * (-0.5) * (self.u0 + self.u1))))  # shoelace

    def turned(self) -> Outline:
        """The edges in the other direction."""
        return Outline(u0=self.u1, v0=self.v1, u1=self.u0, v1=self.v0)


NOTHING = Outline(u0=np.zeros(0), v0=np.zeros(0), u1=np.zeros(0), v1=np.zeros(0))


def joined(outlines: Sequence[Outline]) -> Outline:
    """The edges of several outlines that have no point in common."""
    u0, v0, u1, v1 = (
        np.concatenate([np.zeros(0), *(getattr(o, name) for o in outlines)]) for name in ("u0", "v0", "u1", "v1")
    )
    return Outline(u0=u0, v0=v0, u1=u1, v1=v1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Directed polygon edges, in units of grid columns (u) and rows (v) from the grid's first point.

    ``layer`` says which plane an edge lies in and never falls. In a layer, the region is where the edges wind around
    an odd number of times; outer boundaries are directed so that they count positive.
    """

    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray
    layer: IntArray

    def of_layers(self, layers: IntArray) -> Edges:
        """The edges of some layers, renumbered 0, 1, 2 ... in the order asked for."""
        # layers that follow one another are one run of edges, which needs no copy
        if len(layers) and layers[-1] - layers[0] == len(layers) - 1 and bool(np.all(np.diff(layers) == 1)):
            run = slice(*np.searchsorted(self.layer, [layers[0], layers[-1] + 1]))
            of = self.layer[run] - layers[0]
            return Edges(u0=self.u0[run], v0=self.v0[run], u1=self.u1[run], v1=self.v1[run], layer=of)
        first = np.searchsorted(self.layer, layers, side="left")
        count = np.searchsorted(self.layer, layers, side="right") - first
        pick = ranges(first, count)
        return Edges(
            u0=self.u0[pick],
            v0=self.v0[pick],
            u1=self.u1[pick],
            v1=self.v1[pick],
            layer=np.repeat(np.arange(len(layers)), count),
        )

    @classmethod
    def of(cls, outlines: Sequence[Outline]) -> Edges:
        """The outlines as layers 0, 1, 2 ..."""
        edges = joined(outlines)
        layer = np.repeat(np.arange(len(outlines)), [len(o.u0) for o in outlines])
        return cls(u0=edges.u0, v0=edges.v0, u1=edges.u1, v1=edges.v1, layer=layer)

    def outline(self, layer: int) -> Outline:
        """The edges of one layer."""
        first, last = np.searchsorted(self.layer, [layer, layer + 1])
        pick = slice(first, last)
        return Outline(u0=self.u0[pick], v0=self.v0[pick], u1=self.u1[pick], v1=self.v1[pick])

    def area(self, layers: int) -> FloatArray:
        """Signed area of each layer in grid cells; the region's area where no edges cross."""
        # shoelace, all layers in one pass
        sums = np.bincount(self.layer, weights=(self.v1 - self.v0) * (-0.5) * (self.u0 + self.u1), minlength=layers)
        return sums.astype(np.float64, copy=False)

    def __len__(self) -> int:
        return len(self.layer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loops:
    """Closed loops: loop ``i`` has the edges ``begin[i] .. begin[i + 1]`` and lies in plane ``layer[i]``."""

    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray
    begin: IntArray
    layer: IntArray

    def outline(self, first: int, last: int) -> Outline:
        """The edges of the loops from ``first`` to before ``last``."""
        pick = slice(self.begin[first], self.begin[last])
        return Outline(u0=self.u0[pick], v0=self.v0[pick], u1=self.u1[pick], v1=self.v1[pick])

    def part(self, first: int, last: int) -> Loops:
        """The loops from ``first`` to before ``last``, without a copy of their edges."""
        of, pick = slice(first, last), slice(self.begin[first], self.begin[last])
        u0, v0, u1, v1 = (x[pick] for x in (self.u0, self.v0, self.u1, self.v1))
        begin = self.begin[first : last + 1] - self.begin[first]
        return Loops(u0=u0, v0=v0, u1=u1, v1=v1, begin=begin, layer=self.layer[of])

    def select(self, which: IntArray) -> Loops:
        """Some of the loops, in the order given."""
        if len(which) and bool(np.all(np.diff(which) == 1)):  # one run of them
            return self.part(int(which[0]), int(which[-1]) + 1)
        counts = np.diff(self.begin)[which]
        pick = ranges(self.begin[:-1][which], counts)
        u0, v0, u1, v1 = (x[pick] for x in (self.u0, self.v0, self.u1, self.v1))
        begin = np.concatenate([[0], np.cumsum(counts)])
        return Loops(u0=u0, v0=v0, u1=u1, v1=v1, begin=begin, layer=self.layer[which])

    def boxes(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Least and largest u, then v, of each loop."""
        first = self.begin[:-1]
        return (
            np.minimum.reduceat(self.u0, first),
            np.maximum.reduceat(self.u0, first),
            np.minimum.reduceat(self.v0, first),
            np.maximum.reduceat(self.v0, first),
        )

    def area(self) -> FloatArray:
        """Signed area of each loop in grid cells: positive where it runs clockwise."""
        return np.add.reduceat((self.v1 - self.v0) * (-0.5) * (self.u0 + self.u1), self.begin[:-1])  # shoelace

    def length_mm(self, u_mm: float, v_mm: float) -> FloatArray:
        """Length of each loop where a grid cell is ``u_mm`` by ``v_mm``."""
        return np.add.reduceat(np.hypot((self.u1 - self.u0) * u_mm, (self.v1 - self.v0) * v_mm), self.begin[:-1])

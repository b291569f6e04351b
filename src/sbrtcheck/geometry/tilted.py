r"""Contours on planes tilted against the dose grid -> a grid of their own, with the dose on it, and how far it is off.

Everything else here rests on slabs along an axis of the dose grid. Tilted contours (of para-axial MR images) have slabs
along their own normal; so they get a grid of their own, finer than the dose's, that is turned with them::

      +---+---+---+---+       the dose grid, trilinear between its points
      |   | /\|   |   |
      +---/-\--\--+---+       the contours' grid: dose read at its points, and trilinear again between them
      |  /   \/ \ |   |
      +-+----/\--\+---+

Dose read from the finer grid is not quite the dose, but what it is off in a cell of the finer grid is bounded. Let the
slope of the dose along axis a of the dose grid lie between ``g`` and ``G`` in all cells of the dose grid that the cell
reaches. Take away the linear dose of slopes ``(g + G) / 2``, which interpolation has exactly: what is left changes by
no more than ``(G - g) / 2`` a millimetre. Interpolation at a place is a mean of the eight corners, whose mean distance
from the place, along an edge of length s, is ``2 t (1 - t) s``, at most s / 2. So

    |dose read - dose|  <=  sum over a of  (G - g) / 2  x  h,      h: half of what the cell extends along a.

Where the dose is linear this is nothing. It shrinks with the finer grid, and all bounds of elements are widened by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.arrays import Float32
from sbrtcheck.geometry.grid import TILT_TOLERANCE_MM, GridFrame, Resampled
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.prisms import PrismStack
from sbrtcheck.plan import Contours, DoseGrid, Finding, FindingCode, FloatArray, IntArray

MAX_POINTS = 1 << 22
"""The finer grid has about so many points, and is as much finer as they allow."""

MAX_FACTOR = 8
"""Most cells of the finer grid along an edge of a cell of the dose grid."""

SAME_PLACE_MM = 1e-6
"""A structure that passes the grid's outermost points by less does so by rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiltedPlanes:
    """Planes of one structure: ``axes``, shape ``(3, 3)``, are unit vectors u and v in them, and w across them.

    ``frame`` has cells as large as those of the dose grid, and no dose: for contours to become prisms in.
    ``degrees``: between w and the nearest axis of the dose grid.
    """

    axes: FloatArray
    frame: GridFrame
    degrees: float

    @classmethod
    def of(cls, contours: Contours, grid: DoseGrid) -> TiltedPlanes:
        """The planes of contours of at least three points each.

        Raises
        ------
        GeometryError
            The contours do not all lie in parallel planes.
        """
        normal = _normal(contours)
        height = contours.points_mm @ normal
        first = contours.starts[:-1]
        thickness = np.maximum.reduceat(height, first) - np.minimum.reduceat(height, first)
        if thickness.max() > TILT_TOLERANCE_MM:
            what = f"contours do not lie in parallel planes (by {thickness.max():.2f} mm or more)"
            raise GeometryError(what, hint="export contours on parallel planes")
        along = np.abs(grid.axes @ normal)
        # the axis of the grid that lies nearest to the planes, turned into them
        across = grid.axes[int(np.argmin(along))]
        u = across - (across @ normal) * normal
        u /= np.linalg.norm(u)
        cell_mm = min(*grid.spacing_mm, *np.diff(grid.offsets_mm).tolist())
        frame = GridFrame(
            stored=np.zeros((2, 2, 2), dtype=np.float32),
            gy_per_unit=1.0,
            nodes_mm=np.array([0.0, cell_mm]),
            spacing_mm=(cell_mm, cell_mm),
            axes=(0, 1, 2),
        )
        degrees = float(np.degrees(np.arccos(min(float(along.max()), 1.0))))
        return cls(axes=np.stack([u, np.cross(normal, u), normal]), frame=frame, degrees=degrees)

    def local_mm(self, contours: Contours, grid: DoseGrid) -> FloatArray:
        """The contours' points along u, v and w, shape ``(3, points)``, mm from the grid's first point."""
        return np.ascontiguousarray(((contours.points_mm - grid.origin_mm) @ self.axes.T).T)

    def finding(self, name: str, frame: GridFrame) -> Finding:
        """What is said of a structure that was computed so."""
        text = (
            f"its planes are tilted by {self.degrees:.1f} degrees against the dose grid: the dose was read on a grid "
        )
        text += f"of {frame.spacing_mm[0]:.2g} mm along them, which widens the bounds"
        return Finding(code=FindingCode.TILTED_PLANES, text=text, subject=name)

    def with_dose(self, stack: PrismStack, grid: DoseGrid) -> tuple[PrismStack, GridFrame]:
        """A stack in ``frame``, and its readings, in a finer grid that has the dose; and this grid.

        Raises
        ------
        GeometryError
            The stack reaches beyond the points of the dose grid, or is too large.
        """
        self._refuse_beyond(stack, grid)
        cell_mm, edges = self.frame.spacing_mm[0], stack.edges
        low = np.array([edges.u0.min() * cell_mm, edges.v0.min() * cell_mm, stack.low_mm.min()])
        high = np.array([edges.u0.max() * cell_mm, edges.v0.max() * cell_mm, stack.high_mm.max()])
        cells = float(np.prod((high - low) / cell_mm + 2.0))
        if cells > MAX_POINTS:
            what = "contour planes are tilted against the dose grid, and the structure is too large to be computed so"
            raise GeometryError(what, hint="export dose and contours on parallel planes")
        factor = int(np.clip((MAX_POINTS / cells) ** (1 / 3), 1, MAX_FACTOR))
        step_mm = cell_mm / factor
        first = low - step_mm / 2
        count = np.ceil((high - first) / step_mm).astype(np.int64) + 2
        stored, resampled = _read(grid, self.axes, first, step_mm, count)
        frame = GridFrame(
            stored=stored,
            gy_per_unit=1.0,
            nodes_mm=first[2] + np.arange(count[2]) * step_mm,
            spacing_mm=(step_mm, step_mm),
            axes=(0, 1, 2),
            resampled=resampled,
        )
        scale, shift = cell_mm / step_mm, first / step_mm
        readings = tuple(_moved(other, scale, shift) for other in stack.readings)
        return replace(stack, edges=_moved(edges, scale, shift), readings=readings), frame

    def _refuse_beyond(self, stack: PrismStack, grid: DoseGrid) -> None:
        """Refuse a stack that leaves the points of the dose grid: corners of its prisms are as far as it reaches."""
        low, high = np.full(stack.layers, np.inf), np.full(stack.layers, -np.inf)
        np.minimum.at(low, stack.layer, stack.low_mm)
        np.maximum.at(high, stack.layer, stack.high_mm)
        edges, cell_mm = stack.edges, self.frame.spacing_mm[0]
        used = np.isfinite(low)[edges.layer]
        of = edges.layer[used]
        for height in (low[of], high[of]):
            corners = np.stack([edges.u0[used] * cell_mm, edges.v0[used] * cell_mm, height], axis=1)
            place = corners @ self.axes @ grid.axes.T
            for axis, nodes in enumerate(_nodes_mm(grid)):
                if place[:, axis].min() < -SAME_PLACE_MM or place[:, axis].max() > nodes[-1] + SAME_PLACE_MM:
                    what = "contour planes are tilted against the dose grid, and reach beyond its outermost points"
                    raise GeometryError(what, hint="export a larger dose grid, or dose and contours on parallel planes")


def _normal(contours: Contours) -> FloatArray:
    """The normal of the planes: the sum of all area vectors, those of loops that run the other way turned round."""
    points = contours.points_mm - contours.points_mm[0]
    last = contours.starts[1:] - 1
    following = np.roll(points, -1, axis=0)
    following[last] = points[contours.starts[:-1]]
    areas = np.add.reduceat(np.cross(points, following), contours.starts[:-1])  # each twice the area
    largest = areas[int(np.argmax(np.linalg.norm(areas, axis=1)))]
    total = np.sum(areas * np.where(areas @ largest < 0.0, -1.0, 1.0)[:, None], axis=0)
    length = float(np.linalg.norm(total))
    if length == 0.0:
        raise GeometryError("its contours enclose no area", hint="export the contours again")
    normal: FloatArray = total / length
    return normal


def _nodes_mm(grid: DoseGrid) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Places of the dose points along i, j and k, from the first."""
    _, rows, columns = grid.stored.shape
    i, j = (
        np.arange(count, dtype=np.float64) * np.float64(step)
        for count, step in zip((columns, rows), grid.spacing_mm, strict=True)
    )
    return i, j, grid.offsets_mm


def _moved(edges: Edges, scale: float, shift: FloatArray) -> Edges:
    """Edges in cells of another size, from another first point."""
    return Edges(
        u0=edges.u0 * scale - shift[0],
        v0=edges.v0 * scale - shift[1],
        u1=edges.u1 * scale - shift[0],
        v1=edges.v1 * scale - shift[1],
        layer=edges.layer,
    )


# The dose on the finer grid


def _read(
    grid: DoseGrid, axes: FloatArray, first: FloatArray, step_mm: float, count: IntArray
) -> tuple[Float32, Resampled]:
    """Dose at the points of the finer grid, shape ``(w, v, u)``, and how far it may be off in each of its cells."""
    # scipy.ndimage takes longer to import than most plans take to check
    from scipy.ndimage import map_coordinates

    turn = axes @ grid.axes.T  # row: u, v, w; column: i, j, k
    reach = np.abs(turn).sum(axis=0) * step_mm / 2  # of a cell from its middle, along i, j and k
    corners = first + np.array(list(product((0, 1), repeat=3))) * (count - 1) * step_mm
    around = _Around.of(grid, corners @ turn, reach)
    stored = np.empty(count[::-1], dtype=np.float32)
    least, most, off = (np.empty(count[::-1] - 1, dtype=np.float32) for _ in range(3))
    for plane in range(int(count[2])):
        place = _places(turn, first, step_mm, plane, count[:2])
        index = [np.interp(x, nodes, np.arange(len(nodes))) for x, nodes in zip(place, around.nodes_mm, strict=True)]
        stored[plane] = map_coordinates(around.dose_gy, index[::-1], order=1, mode="nearest")
        if plane == 0:
            continue
        middle = _places(turn, first + step_mm / 2, step_mm, plane - 1, count[:2] - 1)
        cell = tuple(
            np.clip(np.searchsorted(nodes, x - h, side="right") - 1, 0, n - 1)
            for x, h, nodes, n in zip(middle, reach, around.nodes_mm, around.off_gy.shape[::-1], strict=True)
        )[::-1]
        least[plane - 1], most[plane - 1], off[plane - 1] = (
            of[cell] for of in (around.least_gy, around.most_gy, around.off_gy)
        )
    return stored, Resampled(least_gy=least, most_gy=most, off_gy=off)


def _places(turn: FloatArray, first: FloatArray, step_mm: float, plane: int, count: IntArray) -> list[FloatArray]:
    """Places of the points of one plane along i, j and k, each of shape ``(v, u)``."""
    u = first[0] + np.arange(count[0]) * step_mm
    v = (first[1] + np.arange(count[1]) * step_mm)[:, None]
    w = first[2] + plane * step_mm
    return [u * turn[0, axis] + v * turn[1, axis] + w * turn[2, axis] for axis in range(3)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The dose with a rim of equal dose, and for windows of its cells what a cell that begins in the first reaches.

    ``least_gy``, ``most_gy`` and ``off_gy`` have shape ``(k, j, i)``, by the first cell of each window.
    """

    nodes_mm: list[FloatArray]
    dose_gy: FloatArray
    least_gy: FloatArray
    most_gy: FloatArray
    off_gy: FloatArray

    @classmethod
    def of(cls, grid: DoseGrid, corners: FloatArray, reach: FloatArray) -> _Around:
        """For cells between some corners, which extend ``reach`` mm to both sides of their middle along i, j and k."""
        nodes, window, used = [], [], []
        for x, h, low, high in zip(_nodes_mm(grid), reach, corners.min(axis=0), corners.max(axis=0), strict=True):
            gaps = np.diff(x)
            # an interval of 2 h lies in so many cells at most
            cells = int(np.ceil(2 * h / gaps.min())) + 1
            ends = np.searchsorted(x, [low, high]) + np.array([-cells - 2, cells + 2])
            part = slice(*np.clip(ends, [0, 2], [len(x) - 2, len(x)]).tolist())
            rim = np.arange(1, cells + 3) * gaps.max()
            nodes.append(np.concatenate([x[part][0] - rim[::-1], x[part], x[part][-1] + rim]))
            window.append(cells)
            used.append(part)
        dose = np.asarray(grid.stored[tuple(used[::-1])], dtype=np.float64) * grid.gy_per_unit
        dose = np.pad(dose, [(cells + 2,) * 2 for cells in window[::-1]], mode="edge")
        least: FloatArray = dose
        most: FloatArray = dose
        off = np.zeros((1, 1, 1))
        for axis in range(3):
            along = 2 - axis  # axis of the array
            least, most = (
                _windows(extreme, of, along, window[axis] + 1)
                for extreme, of in ((np.minimum, least), (np.maximum, most))
            )
            gaps = np.diff(nodes[axis]).reshape([-1 if a == along else 1 for a in range(3)])
            low = high = np.diff(dose, axis=along) / gaps
            for other in range(3):
                # cells of the window along this axis; along the others, edges on both sides of them
                size = window[other] if other == axis else window[other] + 1
                low, high = _windows(np.minimum, low, 2 - other, size), _windows(np.maximum, high, 2 - other, size)
            off = off + (high - low) * float(reach[axis] / 2)
        return cls(nodes_mm=nodes, dose_gy=dose, least_gy=least, most_gy=most, off_gy=off)


def _windows(extreme: np.ufunc, values: FloatArray, axis: int, size: int) -> FloatArray:
    """The extreme of each value and the ``size - 1`` after it along an axis."""
    count = values.shape[axis] - size + 1
    result: FloatArray = np.take(values, range(count), axis=axis)
    for start in range(1, size):
        result = extreme(result, np.take(values, range(start, start + count), axis=axis))
    return result

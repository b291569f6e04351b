"""A dose grid and contours -> the grid seen along the axis that the contours are perpendicular to, if there is one.

Contours need not be axial. All computations use three directions of the *grid*, whatever they are in the patient::

        v (rows)
        |   w (planes: contours are perpendicular to it, slabs are stacked along it)
        |  /
        | /
        +--------- u (columns)

Columns and rows are evenly spaced; planes along w need not be, because frame offsets of an RTDOSE may be any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.arrays import Float32
from sbrtcheck.geometry.contour_planes import PLANE_TOLERANCE_MM
from sbrtcheck.plan import Contours, DoseGrid, FloatArray, IntArray

TILT_TOLERANCE_MM = 0.1
"""A contour that leaves its plane by more than this is tilted against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampled:
    """What is known of the true dose in each cell of a grid that was read from another: shape ``(w, v, u)``, of cells.

    It lies between ``least_gy`` and ``most_gy``, and no further than ``off_gy`` from that between the grid's points.
    """

    least_gy: Float32
    most_gy: Float32
    off_gy: Float32


@dataclass(frozen=True, slots=True, kw_only=True)
class GridFrame:
    """A dose grid seen along one of its axes: slabs are stacked along ``w``, rows along ``v``, columns along ``u``.

    Parameters
    ----------
    stored, gy_per_unit
        Dose, shape ``(w, v, u)``, a view of the grid's array, and Gy of one stored unit.
    nodes_mm
        Shape ``(w,)``, rising: position of each dose plane along ``w``, from the grid's first point.
    spacing_mm
        Distance between columns (u) and between rows (v).
    axes
        Indices into the grid's axes (0 = i, 1 = j, 2 = k) of u, v and w.
    resampled
        Of a grid that was read from the dose grid along tilted planes (`tilted`); None of the dose grid itself.
    """

    stored: npt.NDArray[np.number[Any]]
    gy_per_unit: float
    nodes_mm: FloatArray
    spacing_mm: tuple[float, float]
    axes: tuple[int, int, int]
    resampled: Resampled | None = None


def grid_frame(grid: DoseGrid, slab_axis: int) -> GridFrame:
    """The grid seen with its axis ``slab_axis`` (0 = i, 1 = j, 2 = k) as the stacking direction.

    Raises
    ------
    GeometryError
        When frames are not evenly spaced but would have to be rows or columns.
    """
    u, v = [axis for axis in (0, 1, 2) if axis != slab_axis]
    steps = np.diff(grid.offsets_mm)  # distances between dose frames, which need not be equal
    even = bool(np.ptp(steps) <= PLANE_TOLERANCE_MM) if len(steps) else True
    if slab_axis != 2 and not even:
        what = "contour planes lie across the dose frames, and the frames are not evenly spaced"
        raise GeometryError(what, hint="export the dose on evenly spaced frames")
    frame_mm = float(np.mean(steps)) if len(steps) else 1.0
    spacing_mm = (*grid.spacing_mm, frame_mm)
    count = grid.stored.shape[2 - slab_axis]
    nodes = grid.offsets_mm if slab_axis == 2 else np.arange(count) * spacing_mm[slab_axis]
    return GridFrame(
        stored=grid.stored.transpose(2 - slab_axis, 2 - v, 2 - u),
        gy_per_unit=grid.gy_per_unit,
        nodes_mm=np.asarray(nodes, dtype=np.float64),
        spacing_mm=(spacing_mm[u], spacing_mm[v]),
        axes=(u, v, slab_axis),
    )


def in_grid(contours: Contours, grid: DoseGrid) -> list[FloatArray]:
    """The contours' points along the grid's axes i, j and k, mm from its first point: an array an axis."""
    if np.count_nonzero(grid.axes) > 3:  # a rotated grid: a matrix product
        along_axes = (contours.points_mm - grid.origin_mm) @ grid.axes.T
        return [np.ascontiguousarray(along_axes[:, axis]) for axis in range(3)]
    local_mm = []
    for axis in grid.axes:
        along = int(np.argmax(np.abs(axis)))  # each grid axis is a patient axis, forwards or backwards
        place = contours.points_mm[:, along] - grid.origin_mm[along]
        place *= axis[along]
        local_mm.append(place)
    return local_mm


def slab_axis_of(local_mm: Sequence[FloatArray], starts: IntArray) -> int | None:
    """The grid axis (0 = i, 1 = j, 2 = k) that all contours are perpendicular to; None where they are tilted.

    ``local_mm`` are their points as by `in_grid`; contour ``c`` begins at ``starts[c]``.
    """
    for axis in (2, 1, 0):
        thickness = np.maximum.reduceat(local_mm[axis], starts[:-1]) - np.minimum.reduceat(local_mm[axis], starts[:-1])
        if thickness.max() <= TILT_TOLERANCE_MM:
            return axis
    return None

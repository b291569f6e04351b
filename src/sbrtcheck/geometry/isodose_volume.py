"""A dose grid -> the volume inside an isodose, anywhere in the grid, with bounds.

No structure is involved, so the cells of the grid are whole, and each is one of three kinds::

     all corners at or above the dose    counted whole, exact
     all corners below                   not counted, exact
     some above, some below              the least and the largest volume that can receive it, by `isodose_shares`

Cells of the third kind are divided until the bounds of the sum are as narrow as asked for: the volume is then in the
middle between them. With each halving bounds of second order shrink to a quarter, and most cells are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import cast

import numpy as np

from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.isodose_shares import shares_above
from sbrtcheck.geometry.trilinear import halved
from sbrtcheck.plan import FloatArray

NARROW_SHARE = 1e-3
"""Bounds this close together, as a share of the volume, are not refined further unless asked: what is left of it
outside a target is a difference of two volumes that may be nearly equal."""

MAX_CELLS = 1 << 19
"""Cells that the isodose cuts are not divided into more than so many: a second, and 100 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsodoseVolume:
    """Volume with at least a dose, cc, and the interval its numerical error is bounded by.

    ``closed`` is false where the isodose leaves the grid: the volume is then that of the part inside.
    """

    value_cc: float
    low_cc: float
    high_cc: float
    closed: bool


def isodose_volume(frame: GridFrame, dose_gy: float, narrow_share: float = NARROW_SHARE) -> IsodoseVolume:
    """The volume of the grid that receives at least ``dose_gy``, its bounds ``narrow_share`` of it apart or less.

    Dose is trilinear between grid points, and that of the nearest place between them in the half voxel beyond the
    outermost, as for structures.

    Raises
    ------
    GeometryError
        When the grid has a single plane, column or row.
    """
    if min(frame.stored.shape) < 2:
        raise GeometryError("the dose grid has one plane only: no dose between planes", hint="export the whole grid")
    box = _box_above(frame, dose_gy)
    if box is None:
        return IsodoseVolume(value_cc=0.0, low_cc=0.0, high_cc=0.0, closed=True)
    dose, edges_mm, closed = _padded(frame, box, dose_gy)
    corners = [
        dose[w : dose.shape[0] - 1 + w, v : dose.shape[1] - 1 + v, u : dose.shape[2] - 1 + u]
        for w in (0, 1)
        for v in (0, 1)
        for u in (0, 1)
    ]
    # one corner after the other: ufunc.reduce would put all eight side by side first, 8 GB of a grid of 512^3
    least, most = reduce(np.minimum, corners), reduce(np.maximum, corners)
    widths = [np.diff(e) for e in edges_mm]
    volume_cc = widths[0][:, None, None] * widths[1][:, None] * widths[2] / 1000.0
    whole_cc = float(volume_cc[least >= dose_gy].sum())
    cut = (least < dose_gy) & (most >= dose_gy)
    low, high = _cut_volume(np.stack([c[cut] for c in corners]), volume_cc[cut], dose_gy, whole_cc, narrow_share)
    low_cc, high_cc = whole_cc + low, whole_cc + high
    return IsodoseVolume(value_cc=(low_cc + high_cc) / 2, low_cc=low_cc, high_cc=high_cc, closed=closed)


def _box_above(frame: GridFrame, dose_gy: float) -> tuple[slice, slice, slice] | None:
    """Grid points around those that receive at least the dose, and one more to each side; None when none does."""
    level = dose_gy / frame.gy_per_unit
    kind = frame.stored.dtype
    if np.issubdtype(kind, np.integer):  # compared as stored: a grid has millions of points
        # whole numbers are compared with the level rounded down: at worst a few points too many, which cost nothing
        limits = np.iinfo(cast("type[np.integer]", kind.type))
        level = int(np.clip(np.floor(level), limits.min, limits.max))
    above = np.greater_equal(frame.stored, level)
    if not above.any():
        return None
    reached = [np.flatnonzero(above.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    w, v, u = (
        slice(max(int(at[0]) - 1, 0), min(int(at[-1]) + 2, count))
        for at, count in zip(reached, frame.stored.shape, strict=True)
    )
    return w, v, u


def _padded(
    frame: GridFrame, box: tuple[slice, slice, slice], dose_gy: float
) -> tuple[FloatArray, list[FloatArray], bool]:
    """Doses of the box with a rim of half a voxel where it ends at the grid's faces; where its points lie; closed."""
    nodes = [
        frame.nodes_mm,
        np.arange(frame.stored.shape[1]) * frame.spacing_mm[1],
        np.arange(frame.stored.shape[2]) * frame.spacing_mm[0],
    ]
    dose = frame.stored[box].astype(np.float64) * frame.gy_per_unit
    closed = True
    edges = []
    pad = []
    for axis, (points, part) in enumerate(zip(nodes, box, strict=True)):
        ends = part.start == 0, part.stop == len(points)
        faces = dose.take(0, axis=axis), dose.take(-1, axis=axis)
        closed &= not any(end and bool(face.max() >= dose_gy) for end, face in zip(ends, faces, strict=True))
        first, last = (points[1] - points[0]) / 2, (points[-1] - points[-2]) / 2
        rim = [points[:1] - first] if ends[0] else [], [points[-1:] + last] if ends[1] else []
        edges.append(np.concatenate([*rim[0], points[part], *rim[1]]))
        pad.append((int(ends[0]), int(ends[1])))
    return np.pad(dose, pad, mode="edge"), edges, closed


def _cut_volume(
    corners: FloatArray, volume_cc: FloatArray, dose_gy: float, whole_cc: float, narrow_share: float
) -> tuple[float, float]:
    """Bounds of the volume above the dose in cells that the isodose cuts; ``corners`` has shape ``(8, n)``."""
    above_cc = volume_cc * _shares(corners, dose_gy)  # (low, high) by cell
    settled = np.zeros(2)
    while 0 < len(volume_cc) <= MAX_CELLS // 8:
        bounds_cc = above_cc.sum(axis=1) + settled
        enough_cc = narrow_share * (whole_cc + bounds_cc[0])  # of the least that it can be, for coarse bounds are wide
        if _width(bounds_cc) <= enough_cc:
            break
        # cells of the narrowest bounds are left as they are, as many as leave half of what may stay undecided together
        order = np.argsort(_width(above_cc), kind="stable")
        narrow = int(np.searchsorted(np.cumsum(_width(above_cc)[order]), (enough_cc - _width(settled)) / 2))
        settled += above_cc[:, order[:narrow]].sum(axis=1)
        corners, volume_cc = halved(corners.take(order[narrow:], axis=1)), np.tile(volume_cc[order[narrow:]] / 8, 8)
        least, most = corners.min(axis=0), corners.max(axis=0)
        settled += volume_cc[least >= dose_gy].sum()
        cut = (least < dose_gy) & (most >= dose_gy)
        corners, volume_cc = corners.compress(cut, axis=1), volume_cc[cut]
        above_cc = volume_cc * _shares(corners, dose_gy)
    low, high = (above_cc.sum(axis=1) + settled).tolist()
    return low, high


def _width(above_cc: FloatArray) -> FloatArray:
    """How far the bounds (low, high) are apart."""
    width: FloatArray = above_cc[1] - above_cc[0]
    return width


def _shares(corners: FloatArray, dose_gy: float) -> FloatArray:
    """Bounds on the share of each cell above the dose: shape ``(2, n)``."""
    return np.stack(shares_above(corners.reshape(2, 2, 2, -1), np.full(corners.shape[1], dose_gy), slack=0.0))

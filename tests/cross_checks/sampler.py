"""A DVH in the way of programs that count points: from arrays alone, sharing no code with sbrtcheck.

Points of a lattice on the contour planes stand for boxes as high as the planes are apart. A point is inside by the
even-odd rule over all loops of its plane. It is slow and plain: what is asked is whether this way of computing, and not
a fault, makes another program's number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

HAIR_MM = 1e-5
"""Points on an outline are moved by so much to either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Dose ``values_gy[k, j, i]`` at x, y and z in mm, all rising."""

    values_gy: FloatArray
    x: FloatArray
    y: FloatArray
    z: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How points are laid and counted: ``parts`` of a step of the dose grid in the plane."""

    parts: int = 1
    outline_inside: bool = False
    fill_holes: bool = False
    all_alike: bool = False  # every plane as high as the closest two are apart
    height_mm: float = 0.0  # every plane as high as that


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Doses and volumes of points within the dose grid, and the volume of those outside of it."""

    doses_gy: FloatArray
    volumes_cc: FloatArray
    outside_cc: float


def sampled(loops: list[FloatArray], grid: Grid, way: Way) -> Samples:
    """All points of a structure: ``loops`` are closed, of one z each."""
    planes = sorted({round(float(loop[0, 2]), 3) for loop in loops})
    heights = _heights(np.array(planes), grid, way)
    steps = [float(np.diff(axis).min()) / way.parts for axis in (grid.x, grid.y)]
    doses, volumes, outside = [], [], 0.0
    for plane, height in zip(planes, heights.tolist(), strict=True):
        here = [loop[:, :2] for loop in loops if abs(loop[0, 2] - plane) < 5e-4]
        x, y = (
            _lattice(axis, step, here, i) for i, (axis, step) in enumerate(zip((grid.x, grid.y), steps, strict=True))
        )
        cc = steps[0] * steps[1] * height / 1000.0
        j, i = np.nonzero(_inside(here, x, y, way))
        at, covered = _dose(grid, x[i], y[j], plane)
        doses.append(at[covered])
        volumes.append(np.full(covered.sum(), cc))
        outside += float((~covered).sum()) * cc
    return Samples(doses_gy=np.concatenate(doses), volumes_cc=np.concatenate(volumes), outside_cc=outside)


def _heights(planes: FloatArray, grid: Grid, way: Way) -> FloatArray:
    """How high the boxes of each plane are: half-way to its neighbours, and as far beyond the last; or all alike."""
    if way.height_mm:
        return np.full(len(planes), way.height_mm)
    apart = np.diff(planes) if len(planes) > 1 else np.diff(grid.z)[:1]
    if way.all_alike or len(planes) == 1:
        return np.full(len(planes), float(apart.min()))
    return np.concatenate([[apart[0]], (apart[:-1] + apart[1:]) / 2.0, [apart[-1]]])


def _lattice(axis: FloatArray, step: float, loops: list[FloatArray], i: int) -> FloatArray:
    """Points of the lattice of the dose grid, or of its parts, over the loops, also beyond the grid."""
    least, most = (float(end(loop[:, i] for loop in loops)) for end in (_least, _most))
    whole = float(np.diff(axis).min())
    first = axis[0] - whole / 2.0 + step / 2.0
    numbers = np.arange(np.floor((least - first) / step), np.ceil((most - first) / step) + 1)
    return np.asarray(first + numbers * step)


def _least(arrays: object) -> float:
    return min(float(array.min()) for array in arrays)  # type: ignore[attr-defined]


def _most(arrays: object) -> float:
    return max(float(array.max()) for array in arrays)  # type: ignore[attr-defined]


def _inside(loops: list[FloatArray], x: FloatArray, y: FloatArray, way: Way) -> BoolArray:
    """Which points ``[j, i]`` are inside, those on an outline by the way they are counted."""
    if not way.outline_inside:
        return _inside_moved(loops, x, y, way, 0.0, 0.0)
    moved = [(dx, dy) for dx in (-HAIR_MM, HAIR_MM) for dy in (-HAIR_MM, HAIR_MM)]
    found = [_inside_moved(loops, x, y, way, dx, dy) for dx, dy in moved]
    return np.asarray(np.any(found, axis=0))


def _inside_moved(loops: list[FloatArray], x: FloatArray, y: FloatArray, way: Way, dx: float, dy: float) -> BoolArray:
    each = [_inside_loop(loop, x + dx, y + dy) for loop in loops]
    return np.asarray(np.any(each, axis=0) if way.fill_holes else np.sum(each, axis=0) % 2 == 1)


def _inside_loop(loop: FloatArray, x: FloatArray, y: FloatArray) -> BoolArray:
    """By crossings of a ray: those to the right of a point, of each row in turn."""
    crossings = np.zeros((len(y), len(x)), dtype=np.int64)
    x0, y0 = loop[:, 0], loop[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    for row, height in enumerate(y.tolist()):
        cut = (y0 > height) != (y1 > height)
        at = x0[cut] + (height - y0[cut]) / (y1[cut] - y0[cut]) * (x1[cut] - x0[cut])
        crossings[row] = len(at) - np.searchsorted(np.sort(at), x, side="right")
    return np.asarray(crossings % 2 == 1)


def _dose(grid: Grid, x: FloatArray, y: FloatArray, z: float) -> tuple[FloatArray, BoolArray]:
    """Trilinear dose of points of one plane, and which of them the grid covers."""
    within = [(axis[0] - 1e-6 <= at) & (at <= axis[-1] + 1e-6) for axis, at in ((grid.x, x), (grid.y, y))]
    covered = within[0] & within[1] & bool(grid.z[0] - 1e-6 <= z <= grid.z[-1] + 1e-6)
    k, w = _place(grid.z, np.array([z]))
    plane = grid.values_gy[k[0]] * (1.0 - w[0]) + grid.values_gy[k[0] + 1] * w[0]
    (i, u), (j, v) = _place(grid.x, x), _place(grid.y, y)
    low = plane[j, i] * (1.0 - u) + plane[j, i + 1] * u
    high = plane[j + 1, i] * (1.0 - u) + plane[j + 1, i + 1] * u
    return np.asarray(low * (1.0 - v) + high * v), np.asarray(covered)


def _place(axis: FloatArray, at: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """The step of an axis that each point falls on, and how far along it is."""
    step = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, len(axis) - 2)
    return step, np.clip((at - axis[step]) / (axis[step + 1] - axis[step]), 0.0, 1.0)

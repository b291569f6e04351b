"""A DVH in the way of programs that count points: from arrays alone, sharing no code with sbrtcheck.

Points of a lattice on planes stand for boxes. What programs differ in, which planes, how high, which points are inside,
whose dose a point has, what becomes of it beyond the dose grid, how the curve is read, is chosen piece by piece. It is
slow and plain: what is asked is whether this way of computing, and not a fault, makes another program's number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Plane = tuple[float, tuple[float, float], Sequence[Sequence[FloatArray]]]
"""Where a plane is, from where to where its boxes reach, and the loops of each plane of contours that ended up here."""

HAIR_MM = 1e-5
"""Points on an outline are moved by so much to either side."""

RASTER = 512
"""Points along a side of a raster over all structures, 5 % larger than they are."""

BLENDS = 8
"""Layers between two planes whose outlines are blended."""

END = 0.1
"""How far a structure with blended outlines reaches beyond its last plane, of the step between planes."""

SAME_PLANE_MM = 0.2
"""Contours of all structures nearer than that are one plane of a stack of all."""


class Outline(Enum):
    """Which points on an outline are inside."""

    LEFT_AND_LOWER = "left and lower"  # as in most rasters: what is cut in two is counted once
    DIRECTION = "direction"  # left and right ones together, by the direction the outline is drawn in; upper ones
    ALL = "all"


class Overlap(Enum):
    """What loops on one plane come to together."""

    NESTED = "nested"  # a loop within another is a hole, or an island in one; loops that cross are one area
    EVEN_ODD = "even-odd"
    UNITED = "united"


class Heights(Enum):
    """How high the boxes of a plane are."""

    SLABS = "slabs"  # half-way to both neighbours, and as far beyond the last; one alone as high as a step of the grid
    NO_ENDS = "no ends"  # not beyond the last
    CLOSEST = "closest"  # all as high as the closest two planes are apart; without height where there is one


class Outside(Enum):
    """What becomes of points that the dose grid does not cover."""

    ZERO = "zero"  # no dose: the coldest part
    LEFT_OUT = "left out"  # of doses and of volumes at a dose; not of the whole volume
    SCALED = "scaled"  # the same, and the rest stands for the whole


class Reading(Enum):
    """How doses and volumes are read off."""

    SORTED = "sorted"  # off the points, by their doses
    NEAREST_BIN = "nearest bin"  # at the edge of 0.01 Gy where the volume is nearest, also where that is 0 Gy
    LAST_BIN = "last bin"  # at the last edge of 0.01 Gy that has as much volume
    LINE = "line"  # on a line through bins around multiples of 0.05 Gy


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Dose ``values_gy[k, j, i]`` at x, y and z in mm, all rising."""

    values_gy: FloatArray
    x: FloatArray
    y: FloatArray
    z: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How points are laid, counted and read; as it stands, it is what sbrtcheck does, with points."""

    parts: int = 0  # points along a step of the dose grid in the plane; 0: as many as there is time for
    layers: int = 3  # of points from the lower to the upper end of a plane's boxes; 1: on the plane
    raster: bool = False  # points of a raster over all structures instead
    stack: bool = False  # planes of one stack for all structures, as far apart as the first two; its last is lost
    voxel_dose: bool = False  # a point has the dose in the middle of the step that it is in
    nearest_plane_mm: float = 0.0  # a dose plane as near as that is taken as it is
    beside_is_nothing: bool = False  # points beside the dose grid, but not above or below it, are not counted at all
    outline: Outline = Outline.LEFT_AND_LOWER
    overlap: Overlap = Overlap.NESTED
    heights: Heights = Heights.SLABS
    blend: bool = False  # between planes, outlines are where the distances from both, weighed, are none
    outside: Outside = Outside.ZERO
    reading: Reading = Reading.SORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Structures:
    """What a way may need of all structures together: the corners around them in x and y, and every plane."""

    low: tuple[float, float]
    high: tuple[float, float]
    planes: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Doses and volumes of points within the dose grid, and the volume of those outside of it."""

    doses_gy: FloatArray
    volumes_cc: FloatArray
    outside_cc: float

    @property
    def whole_cc(self) -> float:
        """Within and outside."""
        return float(self.volumes_cc.sum()) + self.outside_cc


def together(loops: Mapping[str, Sequence[FloatArray]]) -> Structures:
    """Of all structures of a plan."""
    each = [loop for found in loops.values() for loop in found]
    low = np.min([loop[:, :2].min(axis=0) for loop in each], axis=0)
    high = np.max([loop[:, :2].max(axis=0) for loop in each], axis=0)
    planes = sorted({round(float(loop[0, 2]), 3) for loop in each})
    return Structures(low=(low[0], low[1]), high=(high[0], high[1]), planes=tuple(planes))


def sampled(loops: Sequence[FloatArray], grid: Grid, way: Way, structures: Structures | None = None) -> Samples:
    """All points of a structure: ``loops`` are closed, of one z each."""
    structures = structures or together({"": loops})
    doses: list[FloatArray] = [np.empty(0)]
    volumes: list[FloatArray] = [np.empty(0)]
    outside = 0.0
    sheets = _blended(loops, grid, way, structures) if way.blend else _slabs(loops, grid, way, structures)
    for sheet in sheets:
        x, y = sheet.x, sheet.y
        beside = ~(_covered(grid.y, y)[:, None] & _covered(grid.x, x)[None, :]) & sheet.inside
        inside = sheet.inside & ~beside
        number, lost = int(inside.sum()), 0 if way.beside_is_nothing else int(beside.sum())
        at = _dose_plane(grid, sheet.z, way)
        if at is not None:
            doses.append(_doses(grid, at, x, y, way)[inside])
            volumes.append(np.full(number, sheet.point_cc))
        outside += sheet.point_cc * (lost + (number if at is None else 0))
    return Samples(doses_gy=np.concatenate(doses), volumes_cc=np.concatenate(volumes), outside_cc=outside)


# ---------------------------------------------------------------------------------------------------------- sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of points at one height, which of them are inside, and how much each stands for."""

    z: float
    x: FloatArray
    y: FloatArray
    inside: BoolArray
    point_cc: float


def _slabs(loops: Sequence[FloatArray], grid: Grid, way: Way, structures: Structures) -> Iterator[Sheet]:
    """Layers of each plane of contours."""
    alone_mm = float(np.diff(grid.z).min())
    for plane, ends, groups in _planes(loops, way, structures, alone_mm):
        here = [loop for group in groups for loop in group]
        (x, step_x), (y, step_y) = (_lattice(i, here, grid, way, structures) for i in (0, 1))
        cc = step_x * step_y * (ends[1] - ends[0]) / way.layers / 1000.0
        inside = _all_inside(groups, x, y, way)
        for z in _layers(plane, ends, way.layers):
            yield Sheet(z=z, x=x, y=y, inside=inside, point_cc=cc)


def _blended(loops: Sequence[FloatArray], grid: Grid, way: Way, structures: Structures) -> Iterator[Sheet]:
    """Layers between two planes each, and one beyond the first and the last, END of a step of planes high."""
    positions = _positions(loops)
    own = {z: [loop[:, :2] for loop in loops if abs(loop[0, 2] - z) < 5e-4] for z in positions}
    for low, high in pairwise(positions):
        here = [*own[low], *own[high]]
        (x, step_x), (y, step_y) = (_lattice(i, here, grid, way, structures) for i in (0, 1))
        depths = [_depth(_inside(own[z], x, y, way), step_x, step_y) for z in (low, high)]
        layers = [((n + 0.5) / BLENDS, 1.0 / BLENDS) for n in range(BLENDS)]
        layers += [(-END / 2.0, END)] * (low == positions[0]) + [(1.0 + END / 2.0, END)] * (high == positions[-1])
        for share, height in layers:
            weight = min(1.0, max(0.0, share))
            yield Sheet(
                z=low + share * (high - low),
                x=x,
                y=y,
                inside=(1.0 - weight) * depths[0] + weight * depths[1] > 0.0,
                point_cc=step_x * step_y * height * (high - low) / 1000.0,
            )


def _depth(inside: BoolArray, step_x: float, step_y: float) -> FloatArray:
    """How far each point is from the outline, below 0 outside."""
    padded = np.pad(inside, 1)
    within, without = (distance_transform_edt(side, sampling=(step_y, step_x)) for side in (padded, ~padded))
    return np.asarray((within - without)[1:-1, 1:-1])


# ---------------------------------------------------------------------------------------------------------- planes


def _planes(loops: Sequence[FloatArray], way: Way, structures: Structures, alone_mm: float) -> list[Plane]:
    own = {z: [loop[:, :2] for loop in loops if abs(loop[0, 2] - z) < 5e-4] for z in _positions(loops)}
    if not way.stack:
        return [(z, ends, [own[z]]) for z, ends in zip(own, _ends(np.array(list(own)), way, alone_mm), strict=True)]
    first, last = structures.planes[0], structures.planes[-1]
    apart = [z - first for z in structures.planes if z - first >= SAME_PLANE_MM]
    step, number = (apart[0], _rounded((last - first) / apart[0])) if apart else (1.0, 1)
    placed: dict[int, list[Sequence[FloatArray]]] = {}
    for z, here in own.items():
        placed.setdefault(_rounded((z - first) / step), []).append(here)
    middles = {at: first + at * step for at in sorted(placed) if 0 <= at < number}
    return [(z, (z - step / 2.0, z + step / 2.0), placed[at]) for at, z in middles.items()]


def _positions(loops: Sequence[FloatArray]) -> list[float]:
    return sorted({round(float(loop[0, 2]), 3) for loop in loops})


def _rounded(value: float) -> int:
    return int(np.floor(value + 0.5))


def _ends(planes: FloatArray, way: Way, alone_mm: float) -> list[tuple[float, float]]:
    """From where to where the boxes of each plane reach."""
    apart = np.diff(planes)
    if len(planes) == 1:
        lower = upper = np.array([alone_mm / 2.0 if way.heights is Heights.SLABS else 0.0])
    elif way.heights is Heights.CLOSEST:
        lower = upper = np.full(len(planes), apart.min() / 2.0)
    else:
        beyond = 0.0 if way.heights is Heights.NO_ENDS else 0.5
        lower = np.concatenate([[beyond * apart[0]], apart / 2.0])
        upper = np.concatenate([apart / 2.0, [beyond * apart[-1]]])
    return list(zip((planes - lower).tolist(), (planes + upper).tolist(), strict=True))


def _layers(plane: float, ends: tuple[float, float], layers: int) -> list[float]:
    return [plane] if layers == 1 else [ends[0] + (ends[1] - ends[0]) * (n + 0.5) / layers for n in range(layers)]


# ---------------------------------------------------------------------------------------------------------- points


def _lattice(
    i: int, loops: Sequence[FloatArray], grid: Grid, way: Way, structures: Structures
) -> tuple[FloatArray, float]:
    """Points along x or y over the loops, also beyond the grid, and how far they are apart."""
    least, most = min(float(loop[:, i].min()) for loop in loops), max(float(loop[:, i].max()) for loop in loops)
    if way.raster:
        sides = [high - low for low, high in zip(structures.low, structures.high, strict=True)]
        side = 1.05 * max(sides)
        step, first = side / RASTER, (structures.low[i] + structures.high[i] - side) / 2.0
    else:
        axis = grid.y if i else grid.x
        whole = float(np.diff(axis).min())
        step = whole / (way.parts or _parts(loops))
        first = axis[0] - whole / 2.0 + step / 2.0
    numbers = np.arange(np.floor((least - first) / step), np.ceil((most - first) / step) + 1)
    return first + numbers * step, step


def _parts(loops: Sequence[FloatArray]) -> int:
    """Fine for a narrow plane, coarse for a wide one."""
    low = np.min([loop.min(axis=0) for loop in loops], axis=0)
    high = np.max([loop.max(axis=0) for loop in loops], axis=0)
    return 2 * int(
        np.clip(round(100.0 / max(1.0, float((high - low).min()))), 1, 8)
    )  # even: no point of the grid is one


def _middles(axis: FloatArray, at: FloatArray) -> FloatArray:
    step = float(np.diff(axis).min())
    return axis[0] + np.floor((at - axis[0]) / step + 0.5) * step


def _all_inside(groups: Sequence[Sequence[FloatArray]], x: FloatArray, y: FloatArray, way: Way) -> BoolArray:
    """Which points ``[j, i]`` are inside; planes of contours that ended up on one plane cancel where both are."""
    found = np.zeros((len(y), len(x)), dtype=bool)
    for group in groups:
        found ^= _inside(group, x, y, way)
    return found


def _inside(loops: Sequence[FloatArray], x: FloatArray, y: FloatArray, way: Way) -> BoolArray:
    each = [_inside_loop(loop, x, y, way.outline) for loop in loops]
    if way.overlap is Overlap.EVEN_ODD:
        return np.asarray(np.sum(each, axis=0) % 2 == 1)
    if way.overlap is Overlap.UNITED:
        return np.asarray(np.any(each, axis=0))
    found = np.zeros((len(y), len(x)), dtype=bool)
    depths = [sum(_within(loop, other) for other in loops if other is not loop) for loop in loops]
    for depth, own in sorted(zip(depths, each, strict=True), key=lambda one: one[0]):
        found = found & ~own if depth % 2 else found | own
    return found


def _within(loop: FloatArray, other: FloatArray) -> bool:
    """Whether all corners of a loop are inside another."""
    (x, y), (x0, y0) = loop.T[:, :, None], other.T[:, None, :]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    cut = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return bool(np.all(np.sum(cut & (at > x), axis=1) % 2 == 1))


def _inside_loop(loop: FloatArray, x: FloatArray, y: FloatArray, outline: Outline) -> BoolArray:
    if outline is not Outline.ALL:
        return _by_crossings(loop, x, y, outline)
    moved = [(dx, dy) for dx in (-HAIR_MM, HAIR_MM) for dy in (-HAIR_MM, HAIR_MM)]
    return np.asarray(np.any([_by_crossings(loop, x + dx, y + dy, Outline.LEFT_AND_LOWER) for dx, dy in moved], axis=0))


def _by_crossings(loop: FloatArray, x: FloatArray, y: FloatArray, outline: Outline) -> BoolArray:
    """Where a row of points crosses an edge, all points beyond are on the other side."""
    by_direction = outline is Outline.DIRECTION
    x0, y0 = loop.T
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    above = [end[None, :] >= y[:, None] if by_direction else end[None, :] > y[:, None] for end in (y0, y1)]
    row, edge = np.nonzero(above[0] != above[1])
    at = x0[edge] + (y[row] - y0[edge]) / (y1[edge] - y0[edge]) * (x1[edge] - x0[edge])
    rising = y1[edge] > y0[edge]
    upto, beyond = np.searchsorted(x, at, side="left"), np.searchsorted(x, at, side="right")
    turned = np.zeros((len(y), len(x) + 1), dtype=np.int64)
    np.add.at(turned, (row, np.where(rising & by_direction, beyond, upto)), 1)
    return np.asarray(np.cumsum(turned, axis=1)[:, : len(x)] % 2 == 1)


# ------------------------------------------------------------------------------------------------------------ dose


def _covered(axis: FloatArray, at: FloatArray) -> BoolArray:
    return (axis[0] - 1e-6 <= at) & (at <= axis[-1] + 1e-6)


def _dose_plane(grid: Grid, z: float, way: Way) -> FloatArray | None:
    """Dose of the grid's points at some height; None above and below the grid."""
    nearest = float(grid.z[np.argmin(np.abs(grid.z - z))])
    z = nearest if abs(nearest - z) < way.nearest_plane_mm else z
    if not _covered(grid.z, np.array([z]))[0]:
        return None
    k, w = _place(grid.z, np.array([z]))
    return np.asarray(grid.values_gy[k[0]] * (1.0 - w[0]) + grid.values_gy[k[0] + 1] * w[0])


def _doses(grid: Grid, plane: FloatArray, x: FloatArray, y: FloatArray, way: Way) -> FloatArray:
    """Dose at points ``[j, i]`` of a plane, linear along x and along y; beyond the grid that of its edge."""
    if way.voxel_dose:
        x, y = _middles(grid.x, x), _middles(grid.y, y)
    (i, u), (j, v) = _place(grid.x, x), _place(grid.y, y)
    along_x = plane[:, i] * (1.0 - u) + plane[:, i + 1] * u
    return np.asarray(along_x[j] * (1.0 - v)[:, None] + along_x[j + 1] * v[:, None])


def _place(axis: FloatArray, at: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """The step of an axis that each point falls on, and how far along it is."""
    step = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, len(axis) - 2)
    return step, np.clip((at - axis[step]) / (axis[step + 1] - axis[step]), 0.0, 1.0)

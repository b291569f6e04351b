"""The DVH of any contours, taken as slabs, in any trilinear dose: slow, and with an idea of its own.

On a line along x that lies in a slab, the region is a few intervals, and the dose is linear from column to column: the
length that receives at least a dose is exact. Lines at Gauss points between all heights where anything bends do the
rest; twice as many lines tell how far the sum may be off. It shares no code with sbrtcheck's cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from exact import Slab
from sbrtcheck.plan import DoseGrid
from solids import Array

NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)


def volumes_by_lines(dose: DoseGrid, slabs: Sequence[Slab], doses_gy: Sequence[float], least: int) -> Array:
    """Volume in cc that receives at least each dose, of slabs that lie between the points of an axial grid.

    ``least`` is the number of Gauss intervals between two heights at which something bends.
    """
    levels = np.asarray(doses_gy, dtype=np.float64)
    total = np.zeros(len(levels))
    for at_mm, here, weight in _lines(dose, slabs, least):
        total += weight @ _lengths(at_mm, here, levels) / 1000
    return total


def power_by_lines(dose: DoseGrid, slabs: Sequence[Slab], of_dose: Callable[[Array], Array], least: int) -> float:
    """Integral over the volume, cc, of any smooth function of the dose; the same, with Gauss points along x, too."""
    total = 0.0
    for at_mm, here, weight in _lines(dose, slabs, least):
        first, rise = here[:, :-1, None], np.diff(here)[..., None]
        mean = of_dose(first + rise * (NODES + 1) / 2) @ WEIGHTS / 2
        total += float(weight @ mean @ np.diff(at_mm)) / 1000
    return total


def _lines(dose: DoseGrid, slabs: Sequence[Slab], least: int) -> Iterator[tuple[Array, Array, Array]]:
    """Lines along x, those of one y: where they bend, mm; their dose there, ``(lines, bends)``; their weights, mm2."""
    values = dose.values_gy.astype(np.float64)
    x0, y0, z0 = dose.origin_mm
    dx, dy = dose.spacing_mm
    z_nodes = z0 + dose.offsets_mm
    columns = np.arange(values.shape[2], dtype=np.float64)
    for slab in slabs:
        ends = np.concatenate([np.hstack([loop, np.roll(loop, -1, axis=0)]) for loop in slab.loops])
        u0, v0, u1, v1 = ends.T[0] / dx - x0 / dx, ends.T[1], ends.T[2] / dx - x0 / dx, ends.T[3]
        rows = y0 + dy * np.arange(values.shape[1])
        for y, y_weight in _gauss(np.concatenate([v0, rows[(rows > v0.min()) & (rows < v0.max())]]), least):
            crosses = (v0 > y) != (v1 > y)
            hit = np.sort((u0 + (y - v0) / np.where(v1 == v0, 1.0, v1 - v0) * (u1 - u0))[crosses])
            row = min(int((y - y0) / dy), values.shape[1] - 2)
            share = (y - rows[row]) / dy
            planes = [values[:, row + i] for i in (0, 1)]
            lines = planes[0] * (1 - share) + planes[1] * share
            between = z_nodes[(z_nodes > slab.low_mm) & (z_nodes < slab.high_mm)]
            z, z_weight = np.array(_gauss(np.concatenate([[slab.low_mm, slab.high_mm], between]), least)).T
            k = np.minimum(np.searchsorted(z_nodes, z, side="right") - 1, len(z_nodes) - 2)
            up = ((z - z_nodes[k]) / (z_nodes[k + 1] - z_nodes[k]))[:, None]
            line = lines[k] * (1 - up) + lines[k + 1] * up
            for begin, end in zip(hit[::2], hit[1::2], strict=True):
                at = np.concatenate([[begin], columns[(columns > begin) & (columns < end)], [end]])
                left = np.minimum(at.astype(int), len(columns) - 2)
                here = line[:, left] + (line[:, left + 1] - line[:, left]) * (at - left)
                yield at * dx, here, z_weight * y_weight


def _gauss(bends: Array, least: int) -> list[tuple[float, float]]:
    """Gauss points, and the weight of each, between all places where something bends."""
    points = []
    for low, high in pairwise(np.unique(bends)):
        if high - low > 1e-9:
            for a, b in pairwise(np.linspace(low, high, least + 1)):
                points += [
                    ((a + b) / 2 + n * (b - a) / 2, w * (b - a) / 2) for n, w in zip(NODES, WEIGHTS, strict=True)
                ]
    return points


def _lengths(at: Array, dose: Array, levels: Array) -> Array:
    """Length of each line with at least each dose, which is linear between the places ``at``: ``(lines, levels)``."""
    low, high = np.minimum(dose[:, :-1], dose[:, 1:]), np.maximum(dose[:, :-1], dose[:, 1:])
    low, high, level = low[:, None], high[:, None], levels[:, None]
    sloping = (high - level) / np.where(high > low, high - low, 1.0)
    share = np.where(low >= level, 1.0, np.where(high >= level, sloping, 0.0))
    lengths: Array = share @ np.diff(at)
    return lengths

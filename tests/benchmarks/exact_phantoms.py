"""Random phantoms whose DVH is known without sbrtcheck, of three generators that share neither shapes nor doses.

`shapes`
    Contours of every awkward kind in a dose that is linear in space: that of the tests, by strips (`helpers/exact.py`).
`layers`
    Stacks of ellipses in a dose that changes its slope, and often its direction, at every plane of the dose grid: the
    closed form of each layer, summed up.
`saddles`
    Convex polygons in a dose with all products of x, y and z, so that isodoses are saddles in every cell of the grid.
    Its truth is a slow kernel of its own: exact along x, Gauss-Legendre along y and z. A trilinear polynomial is its
    own trilinear interpolation, whatever the grid.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt
import shop

sys.path.insert(0, str(shop.ROOT / "tests" / "helpers"))

from exact import Exact, LinearDose, Slab, slabs
from random_phantoms import random_phantom
from sbrtcheck.dvh import DVHSet, EndCaps, compute_dvhs
from sbrtcheck.plan import DoseGrid
from shapes import KINDS
from solids import plan, structure

FloatArray = npt.NDArray[np.float64]

NAME = "S"
"""Of the one structure of a phantom."""

PANEL_MM = 0.25
"""The slow kernel takes `NODES` points in at most so much along y and z."""

NODES = 3

CLOSE_SHARE = 1e-4
"""Volumes by panels twice as wide shall differ by no more of the whole; the error is then about a quarter of it."""

MOST_HALVINGS = 3


class Truth(Protocol):
    """A DVH that is known: volume in cc, doses in Gy."""

    @property
    def volume_cc(self) -> float: ...
    @property
    def mean_gy(self) -> float: ...
    @property
    def extremes_gy(self) -> tuple[float, float]: ...
    def volume_at(self, dose_gy: float) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """What sbrtcheck makes of it, and what is true; ``error_share`` is the truth's own error, of the volume."""

    dvhs: DVHSet
    largest_gy: float  # of the grid
    truth: Truth
    error_share: float = 0.0


# Contours of every kind, linear dose


def of_shapes(rng: np.random.Generator) -> Phantom:
    """A phantom of the tests that does not leave its dose grid."""
    draw = list(KINDS.values())[int(rng.integers(len(KINDS)))]
    while (made := random_phantom(rng, draw)).leaves or made.dvh.end_caps is None:
        pass
    return Phantom(dvhs=made.dvhs, largest_gy=float(made.grid.max_gy), truth=made.exact(made.dvh.end_caps))


# Stacks of ellipses, dose by layers


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """The DVH of parts that lie apart."""

    parts: Sequence[Exact]

    @property
    def volume_cc(self) -> float:
        return sum(part.volume_cc for part in self.parts)

    @property
    def mean_gy(self) -> float:
        return sum(part.volume_cc * part.mean_gy for part in self.parts) / self.volume_cc

    @property
    def extremes_gy(self) -> tuple[float, float]:
        lows, highs = zip(*(part.extremes_gy for part in self.parts), strict=True)
        return min(lows), max(highs)

    def volume_at(self, dose_gy: float) -> float:
        return sum(part.volume_at(dose_gy) for part in self.parts)


def of_layers(rng: np.random.Generator) -> Phantom:
    """Three to seven ellipses above each other, turned and shrunk; dose linear between the planes of its grid."""
    heights = np.cumsum(np.full(int(rng.integers(3, 8)), rng.uniform(1.0, 3.5)))
    heights += rng.uniform(-2.0, 2.0) - heights.mean()
    outlines = [_ellipse(rng) for _ in heights]
    step = rng.uniform(1.5, 4.0, 3)
    axes = [_axis(rng, s) for s in step]
    slope = rng.uniform(-0.8, 0.8, 2) * rng.integers(0, 2, 2)
    levels = rng.uniform(30.0, 40.0) + np.cumsum(rng.uniform(-2.5, 2.5, len(axes[2])))
    values = levels[:, None, None] + slope[1] * axes[1][:, None] + slope[0] * axes[0]
    there = _slabs(heights, outlines)
    parts = []
    for (low, below), (high, above) in pairwise(zip(axes[2].tolist(), levels.tolist(), strict=True)):
        if any(slab.low_mm < high and low < slab.high_mm for slab in there):
            up = (above - below) / (high - low)
            dose = LinearDose(at_0=below - up * low, slope=(float(slope[0]), float(slope[1]), up))
            parts.append(Exact(slabs=there, dose=dose, z_range=(low, high)))
    return _phantom(heights, outlines, values, axes, Layers(parts=[part for part in parts if part.volume_cc > 0.0]))


def _ellipse(rng: np.random.Generator) -> FloatArray:
    corners = int(rng.integers(12, 60))
    angle = 2.0 * np.pi * (np.arange(corners) + rng.uniform(0.0, 0.5, corners)) / corners
    a, b = rng.uniform(2.0, 11.0, 2)
    turn = rng.uniform(0.0, np.pi)
    across = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.stack([a * np.cos(angle), b * np.sin(angle)], axis=1) @ across + rng.uniform(-2.0, 2.0, 2)


# Convex polygons, dose with saddles


@dataclass(frozen=True, slots=True, kw_only=True)
class TrilinearDose:
    """``sum of c[i, j, k] * x**i * y**j * z**k`` Gy, each power 0 or 1."""

    c: FloatArray

    def __call__(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        at_0, along_x = self.along_x(y, z)
        return at_0 + along_x * x

    def along_x(self, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Dose at x = 0, and how it rises along x."""
        at_0, rise = (c[0, 0] + c[1, 0] * y + c[0, 1] * z + c[1, 1] * y * z for c in self.c)
        return at_0, rise


@dataclass(frozen=True, kw_only=True)
class Saddles:
    """Convex polygons as slabs in a trilinear dose, cut into lines along x at Gauss-Legendre points of y and z."""

    slabs: Sequence[Slab]
    dose: TrilinearDose
    panel_mm: float = PANEL_MM

    @cached_property
    def _lines(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Smaller and larger dose at the ends of every line, and the volume in cc that it stands for."""
        found = []
        for slab in self.slabs:
            (loop,) = slab.loops
            y, wy = _gauss(np.unique(loop[:, 1]), self.panel_mm)
            z, wz = _gauss(np.array([slab.low_mm, slab.high_mm]), self.panel_mm)
            left, right = _ends(loop, y)
            cc = (wy * (right - left))[:, None] * wz / 1000.0
            ends = [self.dose(x[:, None], y[:, None], z[None, :]) for x in (left, right)]
            found.append((np.minimum(*ends), np.maximum(*ends), cc))
        low, high, cc = (np.concatenate([part.ravel() for part in parts]) for parts in zip(*found, strict=True))
        return low, high, cc

    @cached_property
    def volume_cc(self) -> float:
        return float(self._lines[2].sum())

    @cached_property
    def mean_gy(self) -> float:
        low, high, cc = self._lines
        return float((low + high) / 2.0 @ cc) / self.volume_cc

    @cached_property
    def extremes_gy(self) -> tuple[float, float]:
        """Dose is linear along z, has no peak or pit within a plane, and along an edge is a parabola."""
        found = []
        for slab in self.slabs:
            (loop,) = slab.loops
            for z in (slab.low_mm, slab.high_mm):
                after = np.roll(loop, -1, axis=0)
                ends, middles = (self.dose(p[:, 0], p[:, 1], np.full(len(p), z)) for p in (loop, (loop + after) / 2.0))
                bend = 2.0 * (ends + np.roll(ends, -1)) - 4.0 * middles
                first = np.roll(ends, -1) - ends - bend
                inside = (first * bend < 0.0) & (np.abs(first) < np.abs(2.0 * bend))
                top = -first[inside] / (2.0 * bend[inside])
                found += [*ends, *(ends[inside] + first[inside] * top + bend[inside] * top**2)]
        return float(min(found)), float(max(found))

    def volume_at(self, dose_gy: float) -> float:
        low, high, cc = self._lines
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(high > low, (high - dose_gy) / (high - low), low >= dose_gy)
        return float(np.clip(share, 0.0, 1.0) @ cc)


def of_saddles(rng: np.random.Generator) -> Phantom:
    """Two to five convex polygons above each other in a trilinear dose."""
    heights = np.cumsum(np.full(int(rng.integers(2, 6)), rng.uniform(1.0, 3.5)))
    heights += rng.uniform(-2.0, 2.0) - heights.mean()
    outlines = [_convex(rng) for _ in heights]
    axes = [_axis(rng, s) for s in rng.uniform(1.5, 4.0, 3)]
    scale = np.array([30.0, 0.5, 0.05, 0.005])[np.indices((2, 2, 2)).sum(axis=0)]
    coefficients = scale * rng.uniform(-1.0, 1.0, (2, 2, 2))
    coefficients[0, 0, 0] = rng.uniform(30.0, 40.0)
    dose = TrilinearDose(c=coefficients)
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    there = _slabs(heights, outlines)
    truth, error = _close_enough(Saddles(slabs=there, dose=dose, panel_mm=2.0 * PANEL_MM))
    return _phantom(heights, outlines, dose(x, y, z), axes, truth, error_share=error)


def _close_enough(coarse: Saddles) -> tuple[Saddles, float]:
    """The same by half the panels, or by less where it needs that; and how far, of the volume, it was from the last."""
    low, high = coarse.extremes_gy
    doses = np.linspace(low, high, 7)[1:-1].tolist()
    for _ in range(MOST_HALVINGS):
        finer = replace(coarse, panel_mm=coarse.panel_mm / 2.0)
        error = max(abs(finer.volume_at(d) - coarse.volume_at(d)) for d in doses) / coarse.volume_cc
        if error <= CLOSE_SHARE:
            break
        coarse = finer
    return finer, error


def _convex(rng: np.random.Generator) -> FloatArray:
    """The hull of points in a circle."""
    from scipy.spatial import ConvexHull

    count = int(rng.integers(4, 30))
    radius, angle = rng.uniform(3.0, 11.0) * np.sqrt(rng.uniform(0.1, 1.0, count)), rng.uniform(0.0, 2.0 * np.pi, count)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1) + rng.uniform(-2.0, 2.0, 2)
    return points[ConvexHull(points).vertices]


def _gauss(borders: FloatArray, panel_mm: float) -> tuple[FloatArray, FloatArray]:
    """Points and weights between borders, in panels of equal width between two of them."""
    points, weights = np.polynomial.legendre.leggauss(NODES)
    found = []
    for low, high in pairwise(borders.tolist()):
        panels = max(int(np.ceil((high - low) / panel_mm)), 1)
        width = (high - low) / panels
        middles = low + (np.arange(panels) + 0.5) * width
        found.append(((middles[:, None] + points * width / 2.0).ravel(), np.tile(weights * width / 2.0, panels)))
    x, w = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return x, w


def _ends(loop: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Left and right end of a convex polygon at each y."""
    crossings = []
    for (x0, y0), (x1, y1) in pairwise([*loop.tolist(), loop[0].tolist()]):
        if y0 != y1:
            on = (y > min(y0, y1)) & (y <= max(y0, y1))
            crossings.append(np.where(on, x0 + (y - y0) / (y1 - y0) * (x1 - x0), np.nan))
    return np.nanmin(crossings, axis=0), np.nanmax(crossings, axis=0)


# What the last two share


def _axis(rng: np.random.Generator, step_mm: float) -> FloatArray:
    """Points of a dose grid along an axis, beyond every structure."""
    first = -26.0 + rng.uniform(-step_mm, 0.0)
    return first + step_mm * np.arange(int(np.ceil(54.0 / step_mm)) + 1)


def _slabs(heights: FloatArray, outlines: Sequence[FloatArray]) -> list[Slab]:
    planes = [(z, [outline]) for z, outline in zip(heights.tolist(), outlines, strict=True)]
    return slabs(planes, EndCaps.HALF_SLICE)


def _phantom(
    heights: FloatArray,
    outlines: Sequence[FloatArray],
    values_gy: FloatArray,
    axes: Sequence[FloatArray],
    truth: Truth,
    *,
    error_share: float = 0.0,
) -> Phantom:
    first, step = ((float(a[0]), float(b[0]), float(c[0])) for a, b, c in (axes, [np.diff(axis) for axis in axes]))
    doses = DoseGrid.axial(values_gy, origin_mm=first, spacing_mm=step)
    loops = [np.column_stack([o, np.full(len(o), z)]) for z, o in zip(heights, outlines, strict=True)]
    dvhs = compute_dvhs(plan(doses, structure(NAME, *loops)))
    return Phantom(dvhs=dvhs, largest_gy=float(values_gy.max()), truth=truth, error_share=error_share)


GENERATORS: dict[str, Callable[[np.random.Generator], Phantom]] = {
    "shapes": of_shapes,
    "layers": of_layers,
    "saddles": of_saddles,
}

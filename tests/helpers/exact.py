"""The exact DVH of any contours, taken as slabs, in a dose that is linear in space: slow, and from first principles.

In a plane the even-odd region is cut into strips at every corner and every crossing of edges. Inside a strip the width
of the region is linear, so that areas, first moments, and what lies beyond a line are polynomials. It shares no code
and no idea with sbrtcheck's cells, and rounding is its only error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sbrtcheck.dvh import EndCaps
from solids import Array

CAPPED_MM = 1.5
EVERYWHERE = (-np.inf, np.inf)


@dataclass(frozen=True, kw_only=True)
class Strips:
    """Strips ``low .. high`` along y of a region, whose width is ``width`` at ``low`` and grows by ``slope`` a mm."""

    low: Array
    high: Array
    width: Array
    slope: Array

    def beyond(self, y: Array, power: int) -> Array:
        """Integral of ``width * (distance beyond y) ** power`` over what lies beyond each y: 0 gives the area."""
        t = np.asarray(y, dtype=np.float64)[..., None]
        a, b = np.maximum(self.low - t, 0.0), np.maximum(self.high - t, 0.0)
        at_t = self.width + self.slope * (t - self.low)
        n = power + 1
        total: Array = np.sum(at_t * (b**n - a**n) / n + self.slope * (b ** (n + 1) - a ** (n + 1)) / (n + 1), axis=-1)
        return total

    @cached_property
    def area(self) -> float:
        return float(np.sum((self.high - self.low) * (self.width + self.slope * (self.high - self.low) / 2)))

    @cached_property
    def middle(self) -> float:
        """Centroid along y."""
        base = float(self.low.min())
        return base + float(self.beyond(np.array(base), 1)) / self.area


def strips(loops: Sequence[Array], window: tuple[float, float] = EVERYWHERE) -> Strips:
    """The even-odd region of closed loops, shape ``(n, 2)`` each, between two values of x."""
    edges = np.concatenate([np.hstack([p, np.roll(p, -1, axis=0)]) for p in loops])
    x0, y0, x1, y1 = edges[edges[:, 1] != edges[:, 3]].T
    levels = [y0, y1, _crossings(x0, y0, x1, y1)]
    for x in window:
        cut = (np.minimum(x0, x1) < x) & (x < np.maximum(x0, x1))
        levels.append((y0 + (x - x0) / np.where(x1 == x0, 1.0, x1 - x0) * (y1 - y0))[cut])
    level = np.unique(np.concatenate(levels))
    low, high = level[:-1], level[1:]
    keep = high - low > 1e-11
    low, high = low[keep], high[keep]

    def width(y: Array) -> Array:
        crosses = (y0 > y[:, None]) != (y1 > y[:, None])
        x = np.where(crosses, x0 + (y[:, None] - y0) / (y1 - y0) * (x1 - x0), np.nan)
        x = np.clip(np.sort(x, axis=1), *window)
        x = x[:, : x.shape[1] // 2 * 2]
        found: Array = np.nansum(x[:, 1::2] - x[:, ::2], axis=1)
        return found

    quarter = (high - low) / 4
    first, last = width(low + quarter), width(high - quarter)
    slope = (last - first) / (2 * quarter)
    return Strips(low=low, high=high, width=first - slope * quarter, slope=slope)


def _crossings(x0: Array, y0: Array, x1: Array, y1: Array) -> Array:
    """Heights at which two edges cross, each edge against each other."""
    dx, dy = x1 - x0, y1 - y0
    turn = dx[:, None] * dy - dy[:, None] * dx
    gap_x, gap_y = x0 - x0[:, None], y0 - y0[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (gap_x * dy - gap_y * dx) / turn
        other = (gap_x * dy[:, None] - gap_y * dx[:, None]) / turn
        i, j = np.nonzero((turn != 0) & (along >= 0) & (along <= 1) & (other >= 0) & (other <= 1))
    return y0[i] + along[i, j] * dy[i]


@dataclass(frozen=True, kw_only=True)
class Slab:
    """The contours of one plane and how far their prism reaches."""

    loops: tuple[Array, ...]
    low_mm: float
    high_mm: float


def slabs(planes: Sequence[tuple[float, Sequence[Array]]], caps: EndCaps) -> list[Slab]:
    """Slabs half way to the neighbouring planes; beyond an end plane by a convention. No gap may be a break."""
    heights = np.array([z for z, _ in planes])
    half = np.diff(heights) / 2
    end = {EndCaps.HALF_SLICE: half, EndCaps.NONE: 0 * half, EndCaps.CAPPED: np.minimum(half, CAPPED_MM)}[caps]
    low, high = heights - np.append(end[0], half), heights + np.append(half, end[-1])
    return [
        Slab(loops=tuple(loops), low_mm=float(a), high_mm=float(b))
        for (_, loops), a, b in zip(planes, low, high, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class LinearDose:
    """``at_0 + slope @ (x, y, z)`` Gy."""

    at_0: float
    slope: tuple[float, float, float]

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        return self.at_0 + self.slope[0] * x + self.slope[1] * y + self.slope[2] * z


@dataclass(frozen=True, kw_only=True)
class Exact:
    """The DVH of slabs in a linear dose; of those parts that lie in a window of x and a range of z.

    With a window, dose must not change along x.
    """

    slabs: Sequence[Slab]
    dose: LinearDose
    window: tuple[float, float] = EVERYWHERE
    z_range: tuple[float, float] = EVERYWHERE

    @cached_property
    def _steep(self) -> float:
        return float(np.hypot(*self.dose.slope[:2]))

    @cached_property
    def _parts(self) -> list[tuple[Strips, float, float]]:
        """Of each slab the strips across the gradient, bottom and top."""
        gx, gy = np.array(self.dose.slope[:2]) / self._steep if self._steep else (0.0, 1.0)
        turn = np.array([[gy, gx], [-gx, gy]])  # to x across the gradient and y along it
        window = (-self.window[1], -self.window[0]) if gy < 0 else self.window
        found = []
        for slab in self.slabs:
            low, high = (float(z) for z in np.clip([slab.low_mm, slab.high_mm], *self.z_range))
            strip = strips([loop[:, :2] @ turn for loop in slab.loops], window)
            if high > low and strip.area > 0:
                found.append((strip, low, high))
        return found

    @cached_property
    def volume_cc(self) -> float:
        return sum(strip.area * (high - low) for strip, low, high in self._parts) / 1000

    @cached_property
    def mean_gy(self) -> float:
        total = 0.0
        for strip, low, high in self._parts:
            middle = self.dose.at_0 + self._steep * strip.middle + self.dose.slope[2] * (low + high) / 2
            total += strip.area * (high - low) * middle
        return total / 1000 / self.volume_cc

    @cached_property
    def extremes_gy(self) -> tuple[float, float]:
        """Smallest and largest dose."""
        found = []
        for strip, low, high in self._parts:
            real = (strip.width + strip.slope * (strip.high - strip.low) / 2) > 1e-9
            for y in (strip.low[real].min(), strip.high[real].max()):
                found += [self.dose.at_0 + self._steep * y + self.dose.slope[2] * z for z in (low, high)]
        return float(min(found)), float(max(found))

    def volume_at(self, dose_gy: float) -> float:
        """Volume in cc with at least that dose."""
        up = self.dose.slope[2]
        total = 0.0
        for strip, low, high in self._parts:
            left = np.array([dose_gy - self.dose.at_0 - up * z for z in (low, high)])  # what the plane has to give
            if self._steep and up:
                at = strip.beyond(left / self._steep, 1)
                total += abs(at[1] - at[0]) * self._steep / abs(up)
            elif self._steep:
                total += float(strip.beyond(left[:1] / self._steep, 0)[0]) * (high - low)
            else:
                share = np.clip(np.max(-left) / abs(up * (high - low)), 0, 1) if up else float(left[0] <= 0)
                total += strip.area * (high - low) * share
        return float(total) / 1000

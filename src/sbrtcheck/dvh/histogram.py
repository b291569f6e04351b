"""Volume elements in; the cumulative DVH, and curves it provably lies between, out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from sbrtcheck.dvh.types import Band, Curve, dose_band
from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry import Elements, Float32
from sbrtcheck.plan import FloatArray, IntArray

BINS = 1 << 13
"""Bins up to the largest dose of the grid: 8 mGy for 64 Gy, far below what the bounds state."""

ROUNDING = 4e-6
"""Doses closer than this times the largest dose are one dose: float32 carries seven digits."""

NARROWEST = 1e-4
"""Half width, in bins, of the volume of a bin whose elements all have one dose."""


@dataclass(slots=True)
class Histogram:
    """Sums over elements, a bin of dose each, in units of ``bin_gy``; grows by `add` and `merged`.

    ``volume``, ``offset``, ``spread12``: volume, and volume times the dose from the bin's middle, and times twelve
    second moments about it. ``low``, ``high``: volume by the bin of each element's lower and upper dose bound.
    """

    bin_gy: float
    volume: FloatArray = field(default_factory=lambda: np.zeros(BINS))
    offset: FloatArray = field(default_factory=lambda: np.zeros(BINS))
    spread12: FloatArray = field(default_factory=lambda: np.zeros(BINS))
    low: FloatArray = field(default_factory=lambda: np.zeros(BINS))
    high: FloatArray = field(default_factory=lambda: np.zeros(BINS))
    # volume times how far the mean dose may lie below and above the sum over elements
    mean_error: FloatArray = field(default_factory=lambda: np.zeros(2))
    # doses surely present (least, most), and doses surely not passed (least, most), in bins
    reached: tuple[float, float] = (np.inf, -np.inf)
    bounds: tuple[float, float] = (np.inf, -np.inf)

    def add(self, block: Elements) -> None:
        """Add a block of elements whose doses are in bins; raises `GeometryError` for negative ones."""
        if len(block.mean) == 0:
            return
        lowest, highest = float(block.low.min()), float(block.high.max())
        if lowest < 0.0:
            what = f"the dose falls to {lowest * self.bin_gy:g} Gy in the structure, which is no dose"
            raise GeometryError(what, mend="export the physical dose, not a difference")
        scale, weight = (block.volume_cc, None) if isinstance(block.volume_cc, float) else (1.0, block.volume_cc)
        floor = np.floor(block.mean)
        place = _bins(floor)
        past = np.subtract(block.mean, floor, out=floor)
        square12 = past * past
        square12 *= np.float32(12)
        square12 += block.variance12
        if weight is not None:
            past, square12 = weight * past, weight * square12
        volume, first, second12 = (np.bincount(place, weights=w) for w in (weight, past, square12))
        # moments about the middle of a bin, from those about its lower edge, which cost fewer passes
        _add(self.volume, scale, volume)
        _add(self.offset, scale, first - 0.5 * volume)
        _add(self.spread12, scale, second12 - 12.0 * first + 3.0 * volume)
        _add(self.low, scale, np.bincount(_bins(block.low), weights=weight))
        _add(self.high, scale, np.bincount(_bins(block.high), weights=weight))
        attained = lowest, highest
        if weight is not None:  # the mean of a whole cell is exact; that of a cut one lies between its bounds as well
            off = [np.minimum(block.mean - block.low, block.unsure), np.minimum(block.high - block.mean, block.unsure)]
            self.mean_error += [np.sum(weight * off[0]), np.sum(weight * off[1])]
            attained = float(block.mean.min()), float(block.mean.max())
        self.reached = min(self.reached[0], attained[0]), max(self.reached[1], attained[1])
        self.bounds = min(self.bounds[0], lowest), max(self.bounds[1], highest)

    def add_uncovered(self, volume_cc: float, most: float) -> None:
        """Add volume outside the dose grid: counted at no dose, at most at ``most`` bins."""
        self.volume[0] += volume_cc
        self.offset[0] -= 0.5 * volume_cc
        self.spread12[0] += 3.0 * volume_cc
        self.low[0] += volume_cc
        self.high[min(int(most), BINS - 1)] += volume_cc
        self.mean_error += [0.0, volume_cc * most]
        self.reached = min(self.reached[0], 0.0), max(self.reached[1], 0.0)
        self.bounds = min(self.bounds[0], 0.0), max(self.bounds[1], most)


def _bins(dose: Float32) -> IntArray:
    """The bin of each dose; the last one for what rounding put beyond."""
    bins = dose.astype(np.int32)  # in two steps: processors turn float32 into 64-bit integers slowly
    if bins.max() >= BINS:
        np.minimum(bins, BINS - 1, out=bins)
    return bins.astype(np.intp)


def _add(total: FloatArray, scale: float, some: FloatArray | IntArray) -> None:
    """Add the first bins, up to the highest dose that occurs: mostly a small part of them."""
    total[: len(some)] += scale * some


def merged(parts: Iterable[Histogram], bin_gy: float) -> Histogram:
    """The histogram of all parts together."""
    total = Histogram(bin_gy)
    for part in parts:
        for name in ("volume", "offset", "spread12", "low", "high", "mean_error"):
            setattr(total, name, getattr(total, name) + getattr(part, name))
        total.reached = min(total.reached[0], part.reached[0]), max(total.reached[1], part.reached[1])
        total.bounds = min(total.bounds[0], part.bounds[0]), max(total.bounds[1], part.bounds[1])
    return total


def dvh_curve(histogram: Histogram) -> Curve:
    """The cumulative DVH: each bin's volume spread evenly about its mean, as wide as its variance says.

    A uniform interval of half width ``sqrt(3 variance)`` has the mean and the variance of the elements in the bin,
    which does the work of many samples an element. It never leaves the doses that the elements can have.
    """
    used = np.flatnonzero(histogram.volume > 0)
    volume = histogram.volume[used]
    shift = histogram.offset[used] / volume
    variance = np.maximum(histogram.spread12[used] / volume / 12 - shift * shift, 0.0)
    middle = used + 0.5 + shift
    half = np.clip(np.sqrt(3 * variance), NARROWEST, np.maximum(middle, NARROWEST))
    ends = np.concatenate([middle - half, middle + half])
    density = np.concatenate([volume / (2 * half), -volume / (2 * half)])
    order = np.argsort(ends, kind="stable")
    dose = ends[order]
    below = np.concatenate([[0.0], np.cumsum(np.cumsum(density[order])[:-1] * np.diff(dose))])
    whole = float(volume.sum())
    left = np.minimum.accumulate(np.clip(whole - below, 0.0, whole))
    left[-1] = 0.0
    slack = ROUNDING * BINS
    dose, left = _between(dose, left, max(histogram.bounds[0] - slack, 0.0), histogram.bounds[1] + slack)
    return _frozen(dose * histogram.bin_gy, left)


def _between(dose: FloatArray, left: FloatArray, least: float, most: float) -> tuple[FloatArray, FloatArray]:
    """A curve cut off at doses that nothing goes below or above: what it had beyond them is a step there."""
    at_least, at_most = np.interp([least, most], dose, left)
    if dose[0] < least:
        after = dose > least
        dose = np.concatenate([[least, least], dose[after]])
        left = np.concatenate([[left[0], at_least], left[after]])
    if dose[-1] > most:
        before = dose < most
        dose = np.concatenate([dose[before], [most, most]])
        left = np.concatenate([left[before], [at_most, 0.0]])
    return dose, left


def bound_curves(histogram: Histogram) -> tuple[Curve, Curve]:
    """Piecewise linear curves below and above every DVH that the elements' bounds allow.

    An element whose lower bound falls in bin b surely gets the dose at that bin's lower edge. The curve through
    (edge b, volume from bin b + 1 up) is therefore nowhere above the true one; for the upper bounds, one bin on.
    """
    low = _at_least(histogram.low)
    high = _at_least(histogram.high)
    edges = np.arange(BINS + 2, dtype=np.float64) * np.float64(histogram.bin_gy)
    # every dose is at least 0: the lower curve starts with a step there
    low_curve = np.concatenate([low[:1], low[1:], [0.0, 0.0, 0.0]])
    high_curve = np.concatenate([[high[0]], high, [0.0]])
    return _trimmed(np.concatenate([[0.0], edges]), low_curve), _trimmed(edges, high_curve)


def bands(histogram: Histogram, curve: Curve) -> tuple[Band, Band, Band]:
    """Mean, minimum and maximum dose in Gy with their bounds; the extremes are where the curve begins and ends."""
    volume, unit = float(histogram.volume.sum()), histogram.bin_gy
    mean = float((np.arange(BINS) + 0.5) @ histogram.volume + histogram.offset.sum()) / volume * unit
    low_by, high_by = (histogram.mean_error / volume * unit).tolist()
    low, high = mean - low_by, mean + high_by
    slack = ROUNDING * BINS * unit
    least, most = histogram.bounds[0] * unit, histogram.bounds[1] * unit
    begin, end = float(curve.dose_gy[0]), float(curve.dose_gy[-1])
    reached = histogram.reached[0] * unit, histogram.reached[1] * unit
    return (
        dose_band(mean, max(low - slack, 0.0), high + slack),
        dose_band(min(max(begin, least), reached[0]), max(least - slack, 0.0), reached[0] + slack),
        dose_band(max(min(end, most), reached[1]), max(reached[1] - slack, 0.0), most + slack),
    )


def _at_least(volume: FloatArray) -> FloatArray:
    """Volume in each bin and all above."""
    above: FloatArray = np.cumsum(volume[::-1])[::-1]
    return above


def _trimmed(dose_gy: FloatArray, volume: FloatArray) -> Curve:
    """The curve without the flat runs before its first and after its last change."""
    change = np.flatnonzero(np.diff(volume))
    if len(change) == 0:
        return _frozen(dose_gy[:1], volume[:1])
    keep = slice(change[0], change[-1] + 2)
    return _frozen(dose_gy[keep].copy(), volume[keep].copy())


def _frozen(dose_gy: FloatArray, volume: FloatArray) -> Curve:
    dose_gy.setflags(write=False)
    volume.setflags(write=False)
    return Curve(dose_gy=dose_gy, volume=volume)

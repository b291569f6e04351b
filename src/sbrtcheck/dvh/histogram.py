"""Volume elements in; the cumulative DVH, and curves it provably lies between, out.

Elements (a volume, its mean dose, the variance of the dose in it, and two doses that none of it leaves) are not kept:
there may be millions. Their sums over 8192 bins of dose are, and three curves are made of these.

**The curve.** Taking each element at its mean dose would make a staircase, and lose what is known of the spread inside
elements. So each bin keeps the mean ``m`` and the variance ``s**2`` of the dose in its elements, and its volume is
spread evenly over ``m - h`` to ``m + h``. A uniform distribution of half width ``h`` has the variance ``h**2 / 3``, so
``h = sqrt(3) s`` gives back both moments::

    density                                     volume
      |      ______  bin k                        |----.        sum of all boxes,
      |   __|__    |                              |     `.      integrated from the right:
      |  |  |  |___|__  bin k+1                   |       `-.   linear between the ends of boxes
      |  |  |__|______|                           |          `-.
      +--------m-------- dose                     +-------------`- dose
         m-h       m+h

**The bounds.** An element is counted a second time in the bin of its lowest dose, and a third time in that of its
highest. All of an element whose lowest dose falls into bin ``b`` receives at least the dose at that bin's lower edge,
so the volume counted above an edge is guaranteed; in the same way, the volume whose highest dose lies above an edge is
all that can be there. Both are exact sums, moved outwards by at most one bin, and need no model of the spread.

**The mean** is the sum of volume times mean dose, to which the bins add no error; what it may be wrong by is summed up
beside it. **Minimum and maximum** lie between the extreme bounds and doses that an element is known to reach.

Variances are carried twelvefold: a linear dose with difference ``g`` across a cell has the variance ``g**2 / 12``, so
that twelve times it is a plain sum of squares.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sbrtcheck.dvh.curve import Bounds, Curve, dose_bounds, read_only_curve
from sbrtcheck.geometry import BoundaryCells, Elements, Float32, InteriorCells
from sbrtcheck.geometry.arrays import distinct
from sbrtcheck.plan import FloatArray, IntArray

Int32 = npt.NDArray[np.int32]

BINS = 1 << 13
"""Bins up to the largest dose of the grid: 8 mGy for 64 Gy, far below what the bounds state."""

ROUNDING = 4e-6
"""Doses closer than this times the largest dose are one dose: float32 carries seven digits."""

NARROWEST = 1e-4
"""Half width, in bins, of the volume of a bin whose elements all have one dose."""


VOLUME, OFFSET, SPREAD12, LOW, HIGH = range(5)
"""Rows of a histogram's sums."""


@dataclass(slots=True)
class Histogram:
    """Sums over elements by bins of dose, in units of ``bin_gy``; no value but a tally, to which elements are added.

    ``sums`` has shape ``(5, BINS)``: volume, volume times the dose from the bin's middle, and times twelve second
    moments about it; and volume by the bin of each element's lower and of its upper dose bound.
    """

    bin_gy: float
    sums: FloatArray = field(default_factory=lambda: np.zeros((5, BINS)))
    # volume times how far the mean dose may lie below, and above, the sum over elements
    mean_error: FloatArray = field(default_factory=lambda: np.zeros(2))
    # in bins: the lowest and highest dose that some element is known to reach; and two that no element passes
    reached: tuple[float, float] = (np.inf, -np.inf)
    bounds: tuple[float, float] = (np.inf, -np.inf)

    @property
    def volume(self) -> FloatArray:
        """Volume of each bin."""
        volume: FloatArray = self.sums[VOLUME]
        return volume

    def add_uncovered(self, volume_cc: float, max_bins: float) -> None:
        """Add volume outside the dose grid: counted at no dose, at most at ``max_bins`` bins."""
        # a dose of 0 lies half a bin below the middle of bin 0: offset -1/2, and twelve times its square, 3
        self.sums[[VOLUME, OFFSET, SPREAD12, LOW], 0] += np.array([1.0, -0.5, 3.0, 1.0]) * volume_cc
        self.sums[HIGH, min(int(max_bins), BINS - 1)] += volume_cc
        self.mean_error += [0.0, volume_cc * max_bins]
        self.widen(reached=(0.0, 0.0), bounds=(0.0, max_bins))

    def may_rise_to(self, max_bins: float) -> None:
        """Let all of the volume have up to ``max_bins`` bins of dose by the bounds; its value stays."""
        max_bins = max(max_bins, self.bounds[1])
        volume, dose = self.volume.sum(), (np.arange(BINS) + 0.5) @ self.volume + self.sums[OFFSET].sum()
        self.sums[HIGH] = 0.0
        self.sums[HIGH, min(int(max_bins), BINS - 1)] = volume
        self.mean_error[1] = max(float(volume * max_bins - dose), 0.0)
        self.widen(reached=self.reached, bounds=(self.bounds[0], max_bins))

    def widen(self, *, reached: tuple[float, float], bounds: tuple[float, float]) -> None:
        """Extend the range of doses that are reached, and that between which all doses lie."""
        self.reached = min(self.reached[0], reached[0]), max(self.reached[1], reached[1])
        self.bounds = min(self.bounds[0], bounds[0]), max(self.bounds[1], bounds[1])


def add(histograms: Sequence[Histogram], block: Elements) -> None:
    """Add a block of elements whose doses are in bins, each to the histograms of all parts that hold it."""
    if len(block.mean) == 0:
        return
    low, high = _by_label(np.minimum, block.low, block), _by_label(np.maximum, block.high, block)
    # bins of one label after those of another, up to its largest dose; a mean may be rounded to just above that
    width = np.clip(high, 0, BINS - 2).astype(np.int64) + 2
    end = np.cumsum(width)
    sums = _sums(block, end - width, int(end[-1]))
    reached = _reached(block, low, high)
    for label in distinct(block.label).tolist():
        label_sums = sums[:, end[label] - width[label] : end[label]]
        for part in block.owners[label]:
            histogram = histograms[part]
            histogram.sums[:, : width[label]] += label_sums
            histogram.widen(
                reached=(float(reached[0][label]), float(reached[1][label])),
                bounds=(float(low[label]), float(high[label])),
            )
    if isinstance(block, BoundaryCells):  # the mean of an interior cell is exact; this one lies between its bounds too
        error = block.mean_error
        distances = np.minimum(block.mean - block.low, error), np.minimum(block.high - block.mean, error)
        below, above = (np.add.reduceat(block.volume_cc * distance, block.begin) for distance in distances)
        for label, mean_error in zip(block.label.tolist(), np.stack([below, above], axis=1), strict=True):
            for part in block.owners[label]:
                histograms[part].mean_error += mean_error


def _reached(block: Elements, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """By label, a dose that some of it does not pass upwards, and one that some does not pass downwards."""
    if isinstance(block, InteriorCells):  # whose bounds are reached
        return low, high
    off = np.float32(0) if block.off is None else block.off
    return _by_label(np.minimum, block.mean + off, block), _by_label(np.maximum, block.mean - off, block)


def _by_label(extreme: np.ufunc, values: Float32, block: Elements) -> FloatArray:
    """The least or the largest value of each label, by way of that of each span."""
    values_by_label = np.full(len(block.owners), np.inf if extreme is np.minimum else -np.inf)
    extreme.at(values_by_label, block.label, extreme.reduceat(values, block.begin).astype(np.float64))
    return values_by_label


def _sums(block: Elements, first: IntArray, bins: int) -> FloatArray:
    """What `Histogram.sums` holds, for each label from its ``first`` bin on: shape ``(5, bins)``."""
    start = np.repeat(first[block.label].astype(np.int32), np.diff(block.begin, append=len(block.mean)))
    floor = np.floor(block.mean)
    place = _bins(floor) + start
    above_edge = np.subtract(block.mean, floor, out=floor)
    square12 = above_edge * above_edge
    square12 *= np.float32(12)
    square12 += block.variance12
    weight = block.volume_cc if isinstance(block, BoundaryCells) else None  # those of a label are all as large
    if weight is not None:
        above_edge, square12 = weight * above_edge, weight * square12
    sums = np.empty((5, bins))
    sums[VOLUME] = np.bincount(place, weights=weight, minlength=bins)
    sums[OFFSET] = np.bincount(place, weights=above_edge, minlength=bins)
    sums[SPREAD12] = np.bincount(place, weights=square12, minlength=bins)
    sums[LOW] = np.bincount(_bins(block.low) + start, weights=weight, minlength=bins)
    sums[HIGH] = np.bincount(_bins(block.high) + start, weights=weight, minlength=bins)
    # moments about the middle of a bin, from those about its lower edge, which cost fewer passes
    sums[SPREAD12] += 3.0 * sums[VOLUME] - 12.0 * sums[OFFSET]
    sums[OFFSET] -= 0.5 * sums[VOLUME]
    if isinstance(block, InteriorCells):
        sums *= np.repeat(block.cell_cc, np.diff(first, append=bins))
    return sums


def _bins(dose: Float32) -> Int32:
    """The bin of each dose; the last one for doses that rounding put above it, the first for what is no dose."""
    bins = dose.astype(np.int32)
    if bins.max() >= BINS or bins.min() < 0:
        np.clip(bins, 0, BINS - 1, out=bins)
    return bins


def merged(parts: Iterable[Histogram], bin_gy: float) -> Histogram:
    """The histogram of all parts together."""
    total = Histogram(bin_gy)
    for part in parts:
        total.sums += part.sums
        total.mean_error += part.mean_error
        total.widen(reached=part.reached, bounds=part.bounds)
    return total


def dvh_curve(histogram: Histogram) -> Curve:
    """The cumulative DVH: each bin's volume spread evenly about its mean, as wide as its variance says.

    A uniform interval of half width ``sqrt(3 variance)`` has the mean and the variance of the elements in the bin,
    which does the work of many samples an element. It is cut off where no element can have the dose.
    """
    used = np.flatnonzero(histogram.volume > 0)
    volume = histogram.volume[used]
    shift = histogram.sums[OFFSET, used] / volume
    variance = np.maximum(histogram.sums[SPREAD12, used] / volume / 12 - shift * shift, 0.0)
    middle = used + 0.5 + shift
    half_width = np.clip(np.sqrt(3 * variance), NARROWEST, np.maximum(middle, NARROWEST))
    # the density of volume over dose is a sum of boxes: it rises where one begins and falls where it ends; its integral
    # is piecewise linear between these ends
    ends = np.concatenate([middle - half_width, middle + half_width])
    density = np.concatenate([volume / (2 * half_width), -volume / (2 * half_width)])
    order = np.argsort(ends, kind="stable")
    dose = ends[order]
    volume_below = np.concatenate([[0.0], np.cumsum(np.cumsum(density[order])[:-1] * np.diff(dose))])
    total = float(volume.sum())
    remaining = np.minimum.accumulate(np.clip(total - volume_below, 0.0, total))
    remaining[-1] = 0.0
    slack = ROUNDING * BINS
    dose, remaining = _cut_off(dose, remaining, max(histogram.bounds[0] - slack, 0.0), histogram.bounds[1] + slack)
    return read_only_curve(dose * histogram.bin_gy, remaining)


def _cut_off(
    dose: FloatArray, remaining: FloatArray, min_dose: float, max_dose: float
) -> tuple[FloatArray, FloatArray]:
    """A curve cut off at doses that nothing goes below or above: the volume outside them becomes a step there."""
    at_least, at_most = np.interp([min_dose, max_dose], dose, remaining)
    if dose[0] < min_dose:
        after = dose > min_dose
        dose = np.concatenate([[min_dose, min_dose], dose[after]])
        remaining = np.concatenate([[remaining[0], at_least], remaining[after]])
    if dose[-1] > max_dose:
        before = dose < max_dose
        dose = np.concatenate([dose[before], [max_dose, max_dose]])
        remaining = np.concatenate([remaining[before], [at_most, 0.0]])
    return dose, remaining


def bound_curves(histogram: Histogram) -> tuple[Curve, Curve]:
    """Piecewise linear curves below and above every DVH that the elements' bounds allow.

    An element whose lower bound falls in bin b is guaranteed to receive the dose at that bin's lower edge. The curve
    through (edge b, volume from bin b + 1 up) is therefore nowhere above the true one; for the upper bounds, one bin
    on::

        lower bounds of elements in       bin b            bin b + 1
                                     |--o---o--------|--o----o----o--|
        curve at this edge counts  edge b               '----'----'------ these and all above: below the true volume
                                                                          up to edge b + 1, where all of them count
    """
    low = _at_least(histogram.sums[LOW])
    high = _at_least(histogram.sums[HIGH])
    edges = np.arange(BINS + 2, dtype=np.float64) * np.float64(histogram.bin_gy)
    # every dose is at least 0: the lower curve starts with a step there
    low_curve = np.concatenate([low[:1], low[1:], [0.0, 0.0, 0.0]])
    high_curve = np.concatenate([[high[0]], high, [0.0]])
    return trimmed_curve(np.concatenate([[0.0], edges]), low_curve), trimmed_curve(edges, high_curve)


def bounds_of_statistics(histogram: Histogram, curve: Curve) -> tuple[Bounds, Bounds, Bounds]:
    """Mean, minimum and maximum dose in Gy with their bounds; the extremes are where the curve begins and ends."""
    volume, unit = float(histogram.volume.sum()), histogram.bin_gy
    mean = float((np.arange(BINS) + 0.5) @ histogram.volume + histogram.sums[OFFSET].sum()) / volume * unit
    low_by, high_by = (histogram.mean_error / volume * unit).tolist()
    low, high = mean - low_by, mean + high_by
    slack = ROUNDING * BINS * unit
    min_gy, max_gy = histogram.bounds[0] * unit, histogram.bounds[1] * unit
    begin, end = float(curve.dose_gy[0]), float(curve.dose_gy[-1])
    reached = histogram.reached[0] * unit, histogram.reached[1] * unit
    # rounding could put a reached dose outside the bounds by a float32 step: hence the slack on every side
    return (
        dose_bounds(mean, max(low - slack, 0.0), high + slack),
        dose_bounds(min(max(begin, min_gy), reached[0]), max(min_gy - slack, 0.0), reached[0] + slack),
        dose_bounds(max(min(end, max_gy), reached[1]), max(reached[1] - slack, 0.0), max_gy + slack),
    )


def _at_least(volume: FloatArray) -> FloatArray:
    """Volume in each bin and all above."""
    above: FloatArray = np.cumsum(volume[::-1])[::-1]
    return above


def trimmed_curve(dose_gy: FloatArray, volume: FloatArray) -> Curve:
    """The curve without the flat runs before its first and after its last change."""
    change = np.flatnonzero(np.diff(volume))
    if len(change) == 0:
        return read_only_curve(dose_gy[:1], volume[:1])
    keep = slice(change[0], change[-1] + 2)
    return read_only_curve(dose_gy[keep].copy(), volume[keep].copy())

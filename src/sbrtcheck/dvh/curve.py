r"""Cumulative DVHs as curves, and the numbers on them with bounds: mathematics that knows no structure and no plan.

The cumulative dose-volume histogram of a structure is the volume ``V(d)`` that receives at least the dose ``d``
(Drzymala et al. 1991, Int J Radiat Oncol Biol Phys 21:71). It never rises, begins with the whole volume, and ends with
0 above the largest dose. Here it is linear between its points, and where two points have one dose it has a step::

      volume
    whole |--------._ _
          |        \ `. `.            the true curve lies between `lower` and `upper`
        v |. . . . . x . .x. .x       at any dose:   lower.volume_at(d) <= V(d) <= upper.volume_at(d)
          |         lower  \   upper  at any volume: lower.dose_at(v)  <= D(v) <= upper.dose_at(v)
          |           `.  curve  `.
        0 +-----------------d---------- dose

``D5cc`` and ``V20Gy`` are read off such curves: the one at a volume, to the right; the other at a dose, upwards. The
two are inverse to each other, up to steps and level parts. Because neither curve ever rises, a bound in volume is a
bound in dose as well, and a number read off all three is a value with its `Bounds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from sbrtcheck.by_value import ByValue
from sbrtcheck.formatting import number_text
from sbrtcheck.plan import FloatArray

SAME_VOLUME = 1e-9
"""Volumes closer than this share of the whole are one volume: rounding of sums."""

DOSE_DECIMALS = 4
"""Doses are answered to 0.1 mGy: further digits are rounding noise, and must not change a verdict."""

SAME_DOSE = 1e-5
"""Doses closer than this share of the largest dose are one dose, so that V20Gy of a uniform 20 Gy is everything."""


class VolumeUnit(StrEnum):
    """Unit of the volumes of a DVH; percent only where a planning system stored no absolute volume."""

    CC = "cc"
    PERCENT = "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A number and the interval its numerical error is bounded by: ``low <= value <= high``."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve(ByValue):
    """A cumulative DVH: the volume that receives at least each dose, linear between the points.

    ``dose_gy`` shape ``(n,)``, rising (equal neighbours make a step); ``volume`` shape ``(n,)``, never rising, in the
    DVH's volume unit.
    """

    dose_gy: FloatArray
    volume: FloatArray

    def volume_at(self, dose_gy: FloatArray) -> FloatArray:
        """Volume that receives at least each dose."""
        # "left": at a step, the point before it counts, for "at least" includes those that receive just this dose
        after = np.searchsorted(self.dose_gy, dose_gy, side="left")
        right = np.minimum(np.maximum(after, 1), max(len(self.dose_gy) - 1, 1)) % len(self.dose_gy)
        d0, d1 = self.dose_gy[right - 1], self.dose_gy[right]
        v0, v1 = self.volume[right - 1], self.volume[right]
        inside = np.minimum(np.maximum(dose_gy, d0), d1)  # for few numbers in half the time of np.clip
        between = v0 + (inside - d0) / np.where(d1 > d0, d1 - d0, 1.0) * (v1 - v0)
        return np.where(after == 0, self.volume[0], np.where(after == len(self.dose_gy), 0.0, between))

    def dose_at(self, volume: FloatArray) -> FloatArray:
        """Highest dose, Gy, that at least each volume receives; the largest dose for a volume of 0."""
        # volumes fall, np.searchsorted wants them to rise; "right": of a level part, its end has the highest dose
        last = np.searchsorted(-self.volume, -volume, side="right") - 1
        left = np.maximum(last, 0)
        right = np.minimum(left + 1, len(self.volume) - 1)  # of the last point it is that point: nothing lies between
        v0, v1 = self.volume[left], self.volume[right]
        d0, d1 = self.dose_gy[left], self.dose_gy[right]
        inside = np.minimum(np.maximum(volume, v1), v0)
        dose: FloatArray = d0 + (v0 - inside) / np.where(v0 > v1, v0 - v1, 1.0) * (d1 - d0)
        return dose

    def mean(self) -> float:
        """Mean dose, Gy: the first one, below which nothing is, and the area under the curve over the volume."""
        return float(np.trapezoid(self.volume, self.dose_gy)) / float(self.volume[0]) + float(self.dose_gy[0])

    def __repr__(self) -> str:
        if not self.dose_gy.size:
            return "<Curve without points>"
        top_gy, whole = float(self.dose_gy[-1]), float(self.volume[0])
        return f"<Curve of {len(self.dose_gy)} points, from {number_text(whole)} down, to {number_text(top_gy)} Gy>"

    def geud(self, a: float) -> float:
        """Generalised equivalent uniform dose, Gy: ``(mean of dose**a) ** (1 / a)`` over the volume.

        Exact on the curve. Between neighbouring points the volume is spread evenly over the doses from ``d0`` to
        ``d1``, where the mean of ``d**a`` is ``(d1**(a+1) - d0**(a+1)) / ((a+1) (d1 - d0))``; for ``a = -1`` it is
        ``log(d1 / d0) / (d1 - d0)``. Doses are divided by the largest, or for a negative ``a`` by the least, so that
        no power overflows.
        """
        share = -np.diff(self.volume) / (self.volume[0] - self.volume[-1])
        top = float(self.dose_gy[-1])
        if top == 0.0:
            return 0.0
        d0, d1 = self.dose_gy[:-1] / top, self.dose_gy[1:] / top
        if a < 0 and bool(np.any((d0 == 0) & (share > 0))):
            return 0.0  # a cold spot of no dose leaves nothing of a negative power mean
        narrow = d1 - d0 < 1e-9  # the difference of two powers would be all rounding
        unit = float(d0[share > 0].min()) if a < 0 else 1.0
        d0, d1 = d0 / unit, d1 / unit
        width = d1 - d0
        safe = np.where(narrow, 1.0, width)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # a dose of next to nothing: gEUD of 0
            power = np.log(d1 / d0) if a == -1 else (d1 ** (a + 1) - d0 ** (a + 1)) / (a + 1)
            moment = np.where(share > 0, np.where(narrow, d0**a, power / safe), 0.0)
        return float(np.sum(share * moment) ** (1 / a)) * unit * top


def read_only_curve(dose_gy: FloatArray, volume: FloatArray) -> Curve:
    """A curve of arrays that nobody else writes to, and from now on nobody at all."""
    dose_gy.setflags(write=False)
    volume.setflags(write=False)
    return Curve(dose_gy=dose_gy, volume=volume)


def joined_curve(dose_gy: Sequence[FloatArray | list[float]], volume: Sequence[FloatArray | list[float]]) -> Curve:
    """A curve of pieces, one after another."""
    return read_only_curve(np.concatenate(dose_gy), np.concatenate(volume))


def ordered_bounds(value: float, low: float, high: float) -> Bounds:
    """Bounds that hold their value: the curves the three are read off may cross by rounding only."""
    low, high = min(low, high), max(low, high)
    return Bounds(value=min(max(value, low), high), low=low, high=high)


def closer(bounds: Bounds, low: float, high: float) -> Bounds:
    """Bounds without what lies outside of others that hold, too; a value that does is no better than their middle."""
    low, high = max(bounds.low, low), min(bounds.high, high)
    if low > high:  # by rounding only
        return bounds
    value = bounds.value if low <= bounds.value <= high else (low + high) / 2
    return Bounds(value=value, low=low, high=high)


def dose_bounds(value_gy: float, low_gy: float, high_gy: float) -> Bounds:
    """A dose rounded to `DOSE_DECIMALS`, with bounds that hold it."""
    value = round(value_gy, DOSE_DECIMALS)
    return ordered_bounds(value, min(low_gy, value_gy, value), max(high_gy, value_gy, value))

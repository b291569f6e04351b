"""A DVH of some ten thousand points -> one of about a hundred that says the same to 0.05 % of the volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrtcheck.dvh import DVH
from sbrtcheck.plan import FloatArray

WITHIN_PERCENT = 0.05
"""How far the volume at any dose may be off, in percent of the structure's volume."""

WITHIN_DOSE = 1e-6
"""How far a dose may be off by its 32 bits, as a share of the largest: a steep part of the curve is moved by that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FewPoints:
    """A cumulative DVH in few points, as numbers that 32 bits hold exactly; all four have one length.

    Read linearly between its points, the volume at any dose is within `WITHIN_PERCENT` of that of the DVH at this dose,
    or at one within `WITHIN_DOSE` of the largest dose from it. Beyond the last point it is 0, before the first all.

    At each point the true volume lies between ``low_percent`` and ``high_percent``. Between two points it lies above
    the lower bound of the right one and below the upper bound of the left one, for a cumulative DVH never rises.
    """

    dose_gy: tuple[float, ...]
    volume_percent: tuple[float, ...]
    low_percent: tuple[float, ...]
    high_percent: tuple[float, ...]


def few_points(dvh: DVH) -> FewPoints:
    """The DVH in few points: those between which a straight line stays close to the curve."""
    dose_gy, percent = dvh.curve.dose_gy, dvh.curve.volume * (100.0 / dvh.volume)
    if percent[-1] > 0.0:  # to the floor, so that nothing has to be known of what comes after the last point
        dose_gy, percent = np.append(dose_gy, dose_gy[-1]), np.append(percent, 0.0)
    kept = _kept(dose_gy, percent)
    dose_32, percent_32 = dose_gy[kept].astype(np.float32), percent[kept].astype(np.float32)
    at = dose_32.astype(np.float64)
    low, high = (np.minimum(curve.volume_at(at) * (100.0 / dvh.volume), 100.0) for curve in (dvh.lower, dvh.upper))
    return FewPoints(
        dose_gy=_numbers(dose_32),
        volume_percent=_numbers(percent_32),
        low_percent=_numbers(_rounded_away(low, -np.inf)),
        high_percent=_numbers(_rounded_away(high, np.inf)),
    )


def _kept(dose_gy: FloatArray, percent: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which points to keep (Ramer 1972; Douglas and Peucker 1973, with distances in volume alone)."""
    kept = np.zeros(len(dose_gy), dtype=np.bool_)
    kept[[0, -1]] = True
    pieces = [(0, len(dose_gy) - 1)]
    while pieces:
        first, last = pieces.pop()
        if last - first < 2:
            continue
        inner = slice(first + 1, last)
        width = dose_gy[last] - dose_gy[first]
        share = (dose_gy[inner] - dose_gy[first]) / width if width > 0.0 else np.zeros(last - first - 1)
        off = np.abs(percent[inner] - (percent[first] + share * (percent[last] - percent[first])))
        if width <= 0.0:  # a step: its ends are all of it
            continue
        worst = int(np.argmax(off))
        if off[worst] > 0.9 * WITHIN_PERCENT:  # the rest is for the rounding to 32 bits
            middle = first + 1 + worst
            kept[middle] = True
            pieces += [(first, middle), (middle, last)]
    return kept


def _rounded_away(values: FloatArray, towards: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Rounded to 32 bits, and never to the wrong side: a bound stays one."""
    near = values.astype(np.float32)
    wrong = near > values if towards < 0 else near < values
    return np.where(wrong, np.nextafter(near, np.float32(towards)), near)


def _numbers(values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> tuple[float, ...]:
    return tuple(values.tolist())

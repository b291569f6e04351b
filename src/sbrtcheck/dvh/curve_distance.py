"""Two DVHs -> how far apart their curves lie, along the volume and along the dose.

Two cumulative curves differ in two directions, and neither says enough. On a steep part a small shift in dose is a
large difference in volume, and on a flat part the other way round::

    volume |---.---.
           |    `.  `.    dose: how far to the right, at one volume
           |      `<-->`.
           |       `.|   `.
           |        `v     `.   volume: how far down, at one dose
           +------------------- dose
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrtcheck.dvh.curve import Curve
from sbrtcheck.dvh.dvh import DVH
from sbrtcheck.plan import FloatArray

NEAR_PERCENT = 2.0
"""Doses are compared from D98% to D2%: the ends outside, down to single points, are the least stable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveDistance:
    """Largest distances of two cumulative curves, each in percent of its own volume, and where they are.

    ``volume_percent`` is the largest difference in volume, first minus second, in points of percent, at ``at_gy``;
    ``dose_gy`` the largest difference in dose, at ``at_percent`` of the volume, between D98% and D2%.
    """

    volume_percent: float
    at_gy: float
    dose_gy: float
    at_percent: float


def curve_distance(first: DVH, second: DVH) -> CurveDistance:
    """How far apart two DVHs lie at most, along each axis.

    Both are linear between their points, so the largest distances are at points of either, looked at from both sides
    of a step.
    """
    a, b = _in_percent(first), _in_percent(second)
    doses = _both_sides(a.dose_gy, b.dose_gy)
    volumes = np.clip(_both_sides(a.volume, b.volume), NEAR_PERCENT, 100.0 - NEAR_PERCENT)
    apart_percent = a.volume_at(doses) - b.volume_at(doses)
    apart_gy = a.dose_at(volumes) - b.dose_at(volumes)
    at_dose, at_volume = int(np.argmax(np.abs(apart_percent))), int(np.argmax(np.abs(apart_gy)))
    return CurveDistance(
        volume_percent=float(apart_percent[at_dose]),
        at_gy=float(doses[at_dose]),
        dose_gy=float(apart_gy[at_volume]),
        at_percent=float(volumes[at_volume]),
    )


def _in_percent(dvh: DVH) -> Curve:
    return Curve(dose_gy=dvh.curve.dose_gy, volume=dvh.curve.volume * (100.0 / dvh.curve.volume[0]))


def _both_sides(a: FloatArray, b: FloatArray) -> FloatArray:
    """All points of both, and the nearest numbers below and above each."""
    points = np.concatenate([a, b])
    return np.unique(np.concatenate([points, np.nextafter(points, -np.inf), np.nextafter(points, np.inf)]))

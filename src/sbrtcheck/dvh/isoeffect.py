"""A dose-volume curve in Gy in, the same curve in BED or EQD2 out: each element by its own dose a fraction.

In the linear-quadratic model the effect of a course of ``n`` equal fractions of total dose ``D`` is that of::

    BED  = D (1 + D / (n r))                        r: alpha/beta of the tissue, Gy (Fowler 1989, Br J Radiol 62:679)
    EQD2 = BED / (1 + 2 / r)                        (Withers, Thames and Peters 1983, Radiother Oncol 1:187)

Both are ``D (l + q D)`` with numbers ``l`` and ``q`` of the course and the tissue, and rise with ``D``. So a cumulative
DVH is converted by converting its doses: the volume that receives at least ``D`` has at least the effect of ``D``
(Wheldon et al. 1998, Radiother Oncol 46:285). The mean is another matter: the effect of the mean is less than the mean
of the effect, for the parabola bends upwards (Jensen's inequality).

Bending is also why points are added. A straight part of the curve in Gy becomes a part of a parabola, which is
approximated by straight parts again. Over a width ``w`` of dose the chord lies above the parabola, by ``q w**2 / 4`` at
most, and the tangent at its beginning below it, by ``q w**2`` at most at its end::

      effect |            / chord: an upper bound stays one
             |          .'/
             |       .-' / parabola
             |   ..-' .-' tangent: a lower bound stays one
             +-------------------- dose
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh.curve import Bounds, Curve, closer, dose_bounds, read_only_curve
from sbrtcheck.plan import FloatArray
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.radiobiology.course import alpha_beta, whole_fractions

CHORD_GY = 2e-5
"""A curve is straight between its points, and stays within this dose of the parabola; bounds include that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isoeffect:
    """``D (linear + quadratic D)``: EQD2 or BED of a dose D over the whole course."""

    linear: float
    quadratic: float

    def of_dose(self, dose_gy: FloatArray) -> FloatArray:
        """The effect of each dose, Gy."""
        return dose_gy * (self.linear + self.quadratic * dose_gy)


OF_DOSE = Isoeffect(linear=1.0, quadratic=0.0)
"""What counts is the dose itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerMean:
    """Bounds of ``(mean of effect(D) ** power) ** (1 / power)`` over a structure, closer than those of its curve, Gy.

    gEUD with ``a = power``; with a power of 1 the mean.
    """

    power: float
    effect: Isoeffect
    low_gy: float
    high_gy: float


def known_power_mean(of_curve: Bounds, power: float, known: Iterable[PowerMean]) -> Bounds:
    """What the curves tell of a power mean of the doses, with what else is known of it."""
    for mean in known:
        if mean.power == power and mean.effect == OF_DOSE:
            both = closer(of_curve, mean.low_gy, mean.high_gy)
            of_curve = dose_bounds(both.value, both.low, both.high)
    return of_curve


def converted_power_means(known: Iterable[PowerMean], effect: Isoeffect) -> tuple[PowerMean, ...]:
    """Those of an effect, which are of the doses of a DVH that is converted to it."""
    return tuple(replace(mean, effect=OF_DOSE) for mean in known if mean.effect == effect)


def isoeffect(quantity: Quantity, *, fractions: int, alpha_beta_gy: float) -> Isoeffect:
    """BED or EQD2 of a course; ValueError where the number of fractions or alpha/beta means nothing."""
    number, ratio = float(whole_fractions("fractions", fractions)), float(alpha_beta(alpha_beta_gy))
    if quantity is Quantity.BED:
        return Isoeffect(linear=1.0, quadratic=1.0 / (number * ratio))
    return Isoeffect(linear=ratio / (2.0 + ratio), quadratic=1.0 / (number * (2.0 + ratio)))


def converted_bounds(bounds_gy: Bounds, effect: Isoeffect) -> Bounds:
    """A dose of one place, such as the minimum, and its bounds as effect."""
    value, low, high = effect.of_dose(np.array([bounds_gy.value, bounds_gy.low, bounds_gy.high])).tolist()
    return dose_bounds(value, low, high)


def converted_mean(curve: Curve, lower: Curve, upper: Curve, mean_gy: Bounds, effect: Isoeffect) -> Bounds:
    """Mean of the effect over the volume, which is not the effect of the mean: it is at least that."""
    value, low, high = (_mean_effect(bounding, effect) for bounding in (curve, lower, upper))
    at_least = float(effect.of_dose(np.array(mean_gy.low)))
    return dose_bounds(value, max(low, at_least), high)


def _mean_effect(curve: Curve, effect: Isoeffect) -> float:
    """Exact on the curve: between two points dose is spread evenly, with mean square (d0^2 + d0 d1 + d1^2) / 3."""
    share = -np.diff(curve.volume) / (curve.volume[0] - curve.volume[-1])
    d0, d1 = curve.dose_gy[:-1], curve.dose_gy[1:]
    mean, mean_of_squares = (d0 + d1) / 2, (d0 * d0 + d0 * d1 + d1 * d1) / 3
    return float(share @ (effect.linear * mean + effect.quadratic * mean_of_squares))


def converted_curve(curve: Curve, effect: Isoeffect) -> Curve:
    """The curve with converted doses, with more points where it would bend between them.

    Between two points it runs along the chord, which lies above the parabola: an upper bound stays one.
    """
    divided = _subdivided(curve, np.sqrt(4.0 * CHORD_GY / effect.quadratic))
    return read_only_curve(effect.of_dose(divided.dose_gy), divided.volume)


def converted_lower_curve(curve: Curve, effect: Isoeffect) -> Curve:
    """The same along tangents, which lie below: each begins on the parabola, and a step leads to the next."""
    divided = _subdivided(curve, np.sqrt(CHORD_GY / effect.quadratic))
    on_parabola, width = effect.of_dose(divided.dose_gy), np.diff(divided.dose_gy)
    dose, volume = np.repeat(on_parabola, 2)[1:], np.repeat(divided.volume, 2)[1:]
    dose[1::2] -= effect.quadratic * width * width * (np.diff(divided.volume) != 0.0)
    return read_only_curve(dose, volume)


def _subdivided(curve: Curve, widest_gy: float) -> Curve:
    """The same curve with no sloping part wider than ``widest_gy``; level parts and steps need no more points."""
    width, fall = np.diff(curve.dose_gy), np.diff(curve.volume)
    parts = np.where(fall != 0.0, np.maximum(np.ceil(width / widest_gy), 1.0), 1.0).astype(np.int64)
    segment = np.repeat(np.arange(len(parts)), parts)
    share = (np.arange(len(segment)) - (np.cumsum(parts) - parts)[segment]) / parts[segment]
    dose = np.append(curve.dose_gy[segment] + share * width[segment], curve.dose_gy[-1:])
    volume = np.append(curve.volume[segment] + share * fall[segment], curve.volume[-1:])
    return Curve(dose_gy=dose, volume=volume)

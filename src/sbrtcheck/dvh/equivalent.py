"""A DVH of physical dose in, the same in EQD2 or BED out: element by element, each with its own dose a fraction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh.types import DVH, Bounds, Curve, dose_bounds
from sbrtcheck.plan import FloatArray, UnknownPrescription
from sbrtcheck.radiobiology import Quantity, findings_for
from sbrtcheck.radiobiology.course import alpha_beta, whole_fractions

CHORD_GY = 2e-5
"""A curve is straight between its points, and stays within this dose of what it stands for; bounds count it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effect:
    """``D (linear + quadratic D)``: EQD2 or BED of a dose D over the whole course."""

    linear: float
    quadratic: float

    def of(self, dose_gy: FloatArray) -> FloatArray:
        return dose_gy * (self.linear + self.quadratic * dose_gy)


def converted(dvh: DVH, quantity: Quantity, *, fractions: int | None, alpha_beta_gy: float) -> DVH:
    """The DVH in another quantity; ValueError for what `DVH.to_eqd2` names."""
    if dvh.quantity is not Quantity.PHYSICAL:
        raise ValueError(f"{dvh.name}: its doses are {dvh.quantity} already")
    number = fractions if fractions is not None else dvh.prescription.fractions
    if number is None:
        raise ValueError(f"{dvh.name}: the number of fractions is unknown; give fractions=")
    effect = _effect(quantity, number, alpha_beta_gy)
    said = findings_for(dvh.max_gy.value, fractions=number, subject=dvh.name)
    return replace(
        _in_doses_of(dvh, effect),
        quantity=quantity,
        alpha_beta_gy=float(alpha_beta_gy),
        prescription=UnknownPrescription(reason=f"a percentage of it means nothing in {quantity}", fractions=number),
        alternatives=tuple(
            converted(other, quantity, fractions=number, alpha_beta_gy=alpha_beta_gy) for other in dvh.alternatives
        ),
        readings=tuple(
            converted(other, quantity, fractions=number, alpha_beta_gy=alpha_beta_gy) for other in dvh.readings
        ),
        findings=(*dvh.findings, *said),
    )


def _effect(quantity: Quantity, fractions: int, alpha_beta_gy: float) -> _Effect:
    number, ratio = float(whole_fractions("fractions", fractions)), float(alpha_beta(alpha_beta_gy))
    if quantity is Quantity.BED:
        return _Effect(linear=1.0, quadratic=1.0 / (number * ratio))
    return _Effect(linear=ratio / (2.0 + ratio), quadratic=1.0 / (number * (2.0 + ratio)))


def _in_doses_of(dvh: DVH, effect: _Effect) -> DVH:
    return replace(
        dvh,
        curve=_curve(dvh.curve, effect),
        lower=_lower_curve(dvh.lower, effect),
        upper=_curve(dvh.upper, effect),
        mean_gy=_mean(dvh, effect),
        min_gy=_mapped(dvh.min_gy, effect),
        max_gy=_mapped(dvh.max_gy, effect),
    )


def _mapped(band: Bounds, effect: _Effect) -> Bounds:
    value, low, high = effect.of(np.array([band.value, band.low, band.high])).tolist()
    return dose_bounds(value, low, high)


def _mean(dvh: DVH, effect: _Effect) -> Bounds:
    """Mean of the effect over the volume, which is not the effect of the mean: it is at least that."""
    value, low, high = (_mean_of(curve, effect) for curve in (dvh.curve, dvh.lower, dvh.upper))
    at_least = float(effect.of(np.array(dvh.mean_gy.low)))
    return dose_bounds(value, max(low, at_least), high)


def _mean_of(curve: Curve, effect: _Effect) -> float:
    """Exact on the curve: between two points dose is spread evenly."""
    share = -np.diff(curve.volume) / (curve.volume[0] - curve.volume[-1])
    d0, d1 = curve.dose_gy[:-1], curve.dose_gy[1:]
    mean, mean_of_squares = (d0 + d1) / 2, (d0 * d0 + d0 * d1 + d1 * d1) / 3
    return float(share @ (effect.linear * mean + effect.quadratic * mean_of_squares))


def _curve(curve: Curve, effect: _Effect) -> Curve:
    """The curve with converted doses, with more points where it would bend between them.

    Between two points it runs along the chord, which lies above the parabola: an upper bound stays one.
    """
    finer = _subdivided(curve, np.sqrt(4.0 * CHORD_GY / effect.quadratic))
    return _frozen(effect.of(finer.dose_gy), finer.volume)


def _lower_curve(curve: Curve, effect: _Effect) -> Curve:
    """The same along tangents, which lie below: each begins on the parabola, and a step leads to the next."""
    finer = _subdivided(curve, np.sqrt(CHORD_GY / effect.quadratic))
    on, width = effect.of(finer.dose_gy), np.diff(finer.dose_gy)
    dose, volume = np.repeat(on, 2)[1:], np.repeat(finer.volume, 2)[1:]
    dose[1::2] -= effect.quadratic * width * width * (np.diff(finer.volume) != 0.0)
    return _frozen(dose, volume)


def _frozen(dose_gy: FloatArray, volume: FloatArray) -> Curve:
    dose_gy.setflags(write=False)
    volume.setflags(write=False)
    return Curve(dose_gy=dose_gy, volume=volume)


def _subdivided(curve: Curve, widest_gy: float) -> Curve:
    """The same curve with no sloping part wider than ``widest_gy``."""
    width, fall = np.diff(curve.dose_gy), np.diff(curve.volume)
    parts = np.where(fall != 0.0, np.maximum(np.ceil(width / widest_gy), 1.0), 1.0).astype(np.int64)
    segment = np.repeat(np.arange(len(parts)), parts)
    share = (np.arange(len(segment)) - (np.cumsum(parts) - parts)[segment]) / parts[segment]
    dose = np.append(curve.dose_gy[segment] + share * width[segment], curve.dose_gy[-1:])
    volume = np.append(curve.volume[segment] + share * fall[segment], curve.volume[-1:])
    return Curve(dose_gy=dose, volume=volume)

"""A metric and the DVH of one structure in, a measurement with bounds out, or why there is none.

Each metric is read off the DVH's curve for the value, and off its bounding curves for the bounds
(`sbrtcheck.dvh.curve`). No rule of a table is known here: what a value means is for `judge`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, SAME_VOLUME, Bounds, Reason, VolumeUnit
from sbrtcheck.metric.metrics import (
    DoseAtVolume,
    DoseStatistic,
    EffectiveVolume,
    EquivalentUniformDose,
    Metric,
    OfOneDvh,
    OfPlan,
    PrescriptionMetric,
    Stat,
    StructureVolume,
    TargetCount,
    Unit,
    VolumeAtDose,
    format_number,
)
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.radiobiology import bed

PERCENT_DECIMALS = 9
"""Further digits are rounding of floating point numbers, and must not change a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A measured value and the interval that bounds its numerical error: ``low <= value <= high``, all in ``unit``.

    Doses are in Gy, but in cGy where a text asked for that. ``open_above``: a part that could only add to the value was
    not seen, so that ``high`` does not bound it.
    """

    value: float
    low: float
    high: float
    unit: Unit
    open_above: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """A metric that could not be measured, and why."""

    reason: Reason
    detail: str = ""


Answer = Measurement | NotMeasured
"""What measuring comes to."""


def read_off(metric: Metric, dvh: DVH) -> Answer:
    """Measure a metric on a DVH; doses in Gy."""
    if isinstance(metric, PrescriptionMetric):
        return measure_prescription(metric, dvh.prescription)
    if isinstance(metric, OfPlan | TargetCount):
        return NotMeasured(reason=Reason.NEEDS_WHOLE_PLAN, detail=f"{metric} is not read off the DVH of one structure")
    return _measure_one_dvh(metric, dvh) if dvh.volume > 0 else NotMeasured(reason=Reason.STRUCTURE_EMPTY)


def measure_prescription(
    metric: PrescriptionMetric, rx: Prescription | UnknownPrescription
) -> Measurement | NotMeasured:
    """Measure a prescription: its dose, or the biologically effective one at the metric's alpha/beta."""
    if isinstance(rx, UnknownPrescription):
        return needs_prescription(rx)
    dose_gy = rx.dose_gy
    if metric.alpha_beta_gy is not None:
        dose_gy = float(bed(rx.dose_gy, fractions=rx.fractions, alpha_beta_gy=metric.alpha_beta_gy))
    return Measurement(value=dose_gy, low=dose_gy, high=dose_gy, unit=Unit.GY)


def has_volume(dvh: DVH, volume: float) -> bool:
    """Whether the structure has a volume, in the DVH's unit; a difference of rounding only is none."""
    return volume <= dvh.volume * (1 + SAME_VOLUME)


def _measure_one_dvh(metric: OfOneDvh, dvh: DVH) -> Measurement | NotMeasured:
    match metric:
        case DoseAtVolume():
            return _measure_dose_at_volume(metric, dvh)
        case VolumeAtDose():
            return _measure_volume_at_dose(metric, dvh)
        case DoseStatistic():
            return _as_dose(_statistic(metric.stat, dvh), metric.unit, dvh)
        case EquivalentUniformDose():
            return _as_dose(dvh.geud(metric.a), metric.unit, dvh)
        case StructureVolume():
            return _as_volume(Bounds(value=dvh.volume, low=dvh.volume, high=dvh.volume), Unit.CC, dvh)
        case EffectiveVolume():
            mean = _as_dose(dvh.mean_gy, Unit.PERCENT_RX, dvh)
            return mean if isinstance(mean, NotMeasured) else replace(mean, unit=Unit.PERCENT)


def _measure_dose_at_volume(metric: DoseAtVolume, dvh: DVH) -> Measurement | NotMeasured:
    if metric.volume_unit is Unit.CC and dvh.volume_unit is not VolumeUnit.CC:
        return _needs_absolute_volume()
    volume = metric.volume if metric.volume_unit is Unit.CC else metric.volume / 100 * dvh.volume
    if not has_volume(dvh, volume):
        return NotMeasured(
            reason=Reason.VOLUME_TOO_SMALL,
            detail=f"the structure has {dvh.volume:.4g} cc, less than {format_number(metric.volume)} cc",
        )
    share = dvh.volume_rounding_cc / dvh.volume if metric.volume_unit is Unit.CC else 0.0
    cases = [_dose_at(dvh, min(volume * factor, dvh.volume), cold=metric.cold) for factor in _factors(share)]
    bounds = Bounds(value=cases[0].value, low=min(b.low for b in cases), high=max(b.high for b in cases))
    return _as_dose(bounds, metric.unit, dvh)


def _dose_at(dvh: DVH, volume: float, *, cold: bool) -> Bounds:
    hot_volume = dvh.volume - volume if cold else volume
    return dvh.dose_at_volume(hot_volume) if hot_volume > 0 else dvh.max_gy


def _factors(share: float) -> tuple[float, ...]:
    """By what a volume in cc may be another part of a structure whose volume is known to within a share of it."""
    return (1.0, 1.0 / (1.0 + share), 1.0 / max(1.0 - share, SAME_VOLUME)) if share > 0.0 else (1.0,)


def _measure_volume_at_dose(metric: VolumeAtDose, dvh: DVH) -> Measurement | NotMeasured:
    dose_gy = dose_of_metric_gy(metric, dvh)
    if isinstance(dose_gy, NotMeasured):
        return dose_gy
    bounds = dvh.volume_at_dose(dose_gy)
    return _as_volume(_rest(bounds, dvh.volume) if metric.cold else bounds, metric.unit, dvh)


def dose_of_metric_gy(metric: VolumeAtDose, dvh: DVH) -> float | NotMeasured:
    """The dose that a metric asks the volume at, in Gy."""
    if metric.dose_unit is Unit.GY:
        return metric.dose
    if isinstance(dvh.prescription, UnknownPrescription):
        return needs_prescription(dvh.prescription)
    return metric.dose / 100 * dvh.prescription.dose_gy


def hot_volume_share(metric: DoseAtVolume | DoseStatistic, dvh: DVH) -> float | None:
    """The share of a structure that receives at least the dose a metric asks for; None of a mean, and of what is not.

    0 for the largest dose, 1 for the smallest.
    """
    if isinstance(metric, DoseStatistic):
        return {Stat.MAX: 0.0, Stat.MEDIAN: 0.5, Stat.MIN: 1.0}.get(metric.stat)
    if metric.volume_unit is Unit.CC and dvh.volume_unit is not VolumeUnit.CC:
        return None
    share = metric.volume / 100.0 if metric.volume_unit is Unit.PERCENT else metric.volume / dvh.volume
    return None if share > 1.0 else 1.0 - share if metric.cold else share


def _statistic(stat: Stat, dvh: DVH) -> Bounds:
    match stat:
        case Stat.MEAN:
            return dvh.mean_gy
        case Stat.MEDIAN:
            return dvh.dose_at_volume(dvh.volume / 2)
        case Stat.MAX:
            return dvh.max_gy
        case Stat.MIN:
            return dvh.min_gy


def _rest(bounds: Bounds, whole_volume: float) -> Bounds:
    """Subtract from the whole volume; the bounds change places."""
    return Bounds(
        value=max(whole_volume - bounds.value, 0.0),
        low=max(whole_volume - bounds.high, 0.0),
        high=max(whole_volume - bounds.low, 0.0),
    )


def _as_dose(bounds_gy: Bounds, unit: Unit, dvh: DVH) -> Measurement | NotMeasured:
    if unit is Unit.GY:
        return _measurement(bounds_gy, unit)
    if isinstance(dvh.prescription, UnknownPrescription):
        return needs_prescription(dvh.prescription)
    return _percent_of(dvh.prescription.dose_gy, bounds_gy, unit)


def _as_volume(bounds: Bounds, unit: Unit, dvh: DVH) -> Measurement | NotMeasured:
    """``bounds`` is in the DVH's own volume unit."""
    if unit is Unit.PERCENT:
        return _percent_of(dvh.volume, bounds, unit)
    if dvh.volume_unit is not VolumeUnit.CC:
        return _needs_absolute_volume()
    share = dvh.volume_rounding_cc / dvh.volume
    return _measurement(
        Bounds(value=bounds.value, low=bounds.low * (1.0 - share), high=bounds.high * (1.0 + share)), unit
    )


def _measurement(bounds: Bounds, unit: Unit) -> Measurement:
    return Measurement(value=bounds.value, low=bounds.low, high=bounds.high, unit=unit)


def _percent_of(hundred_percent: float, bounds: Bounds, unit: Unit) -> Measurement:
    """``bounds`` in percent; rounded, so that 23.1 of 22 is 105 % and not a rounding error more."""
    value, low, high = (
        round(number / hundred_percent * 100, PERCENT_DECIMALS) for number in (bounds.value, bounds.low, bounds.high)
    )
    return Measurement(value=value, low=low, high=high, unit=unit)


def needs_prescription(unknown: UnknownPrescription) -> NotMeasured:
    """Why nothing that is relative to the prescription could be measured."""
    return NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail=unknown.reason)


def _needs_absolute_volume() -> NotMeasured:
    return NotMeasured(
        reason=Reason.UNDEFINED_FOR_STORED_DVH, detail="the stored DVH has volumes in percent only, not in cc"
    )

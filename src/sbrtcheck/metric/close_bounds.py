"""A metric and a DVH in; what has to be asked along isodoses for its bounds to be close to its value, out.

The bounds of a whole curve are those of its elements, and they are wider than what is printed. A metric is one point of
the curve, a dose at a volume or a volume at a dose, or a mean over it, and that alone is asked for as closely as it is
printed.
"""

from __future__ import annotations

from collections.abc import Iterable

from sbrtcheck.dvh import DVH, OF_DOSE, Bounds, DoseSought, DVHSet, Isoeffect, MeanSought, VolumeSought
from sbrtcheck.metric.metrics import (
    DoseAtVolume,
    DoseStatistic,
    EquivalentUniformDose,
    Index,
    Metric,
    PlanIndex,
    Stat,
    VolumeAtDose,
    VolumeOutside,
)
from sbrtcheck.metric.on_curve import NotMeasured, dose_of_metric_gy, hot_volume_share
from sbrtcheck.plan import UnknownPrescription
from sbrtcheck.radiobiology import Quantity

Sought = tuple[DoseSought | VolumeSought | MeanSought, ...]
"""What is asked for a metric."""

CLOSE_SHARE = 1e-3
"""Bounds within this share of the value, to either side, are close: the digits that are printed."""

CLOSE_GY = 0.02
"""So are bounds within so much of a dose."""

CLOSE_TO_NONE = 1e-5
"""And within this share of the structure, of volumes of next to nothing."""

CLOSE_TO_ALL = 1e-4
"""And within this share of it, of volumes of next to all."""


def question_for_close_bounds(metric: Metric, dvh: DVH) -> Sought:
    """What to ask so that the bounds of a metric get close; nothing where they are, or where no question tells.

    Nor where a part of the structure lies outside the dose grid: no cell that is halved tells the dose there. Doses are
    in the quantity of the DVH.
    """
    return () if dvh.uncovered_cc > CLOSE_TO_ALL * dvh.volume else _question(metric, dvh)


def _question(metric: Metric, dvh: DVH) -> Sought:
    match metric:
        case VolumeAtDose():
            dose_gy = dose_of_metric_gy(metric, dvh)
            return () if isinstance(dose_gy, NotMeasured) else _of_volume(dose_gy, dvh)
        case EquivalentUniformDose(a=a):
            return question_for_power_mean(a, dvh.geud(a))
        case DoseAtVolume() | DoseStatistic():
            share = hot_volume_share(metric, dvh)
            return _of_mean(metric, dvh) if share is None else _of_dose(share, dvh)
        case VolumeOutside(dose=percent_rx):
            return _of_target(percent_rx, dvh)
        case PlanIndex(index=Index.CI_PADDICK):
            return _of_target(100.0, dvh)
        case _:
            return ()


def _of_mean(metric: Metric, dvh: DVH) -> Sought:
    """What to ask for the mean of EQD2 or BED; that of physical dose is close, for it is a sum of means of elements."""
    is_mean = isinstance(metric, DoseStatistic) and metric.stat is Stat.MEAN
    return question_for_power_mean(1.0, dvh.mean_gy) if is_mean and dvh.quantity is not Quantity.PHYSICAL else ()


def question_for_power_mean(power: float, bounds: Bounds, effect: Isoeffect = OF_DOSE) -> Sought:
    """What to ask so that the bounds of a power mean get close; nothing where they are, or where it cannot be told."""
    close_gy = _close_gy(bounds)
    sought = MeanSought(power=power, effect=effect, close_gy=close_gy)
    return () if _are_within(bounds, close_gy) or not sought.can_be_told else (sought,)


def closely(metrics: Iterable[Metric], dvh: DVH, dvhs: DVHSet) -> dict[Metric, DVH]:
    """For each metric whose bounds are not close on a DVH of a set, that DVH with bounds that are."""
    questions = {metric: question for metric in metrics if (question := question_for_close_bounds(metric, dvh))}
    if not questions or dvhs.plan is None:
        return {}
    # a volume and what is left of the structure ask the same
    different = list(dict.fromkeys(questions.values()))
    narrowed = dict(zip(different, dvhs.narrowed(dvh, *different), strict=False))
    return {metric: narrowed[question] for metric, question in questions.items() if question in narrowed}


def _of_target(percent_rx: float, dvh: DVH) -> tuple[VolumeSought, ...]:
    """How much of the target an isodose holds: what is left of it outside is a difference of two volumes."""
    if isinstance(dvh.prescription, UnknownPrescription):
        return ()
    dose_gy = percent_rx / 100.0 * dvh.prescription.dose_gy
    close = CLOSE_TO_ALL * dvh.volume
    bounds = dvh.volume_at_dose(dose_gy)
    sought = VolumeSought(dose_gy=dose_gy, width_percent=2 * close / dvh.volume * 100.0)
    return () if _are_within(bounds, close) else (sought,)


def _of_volume(dose_gy: float, dvh: DVH) -> tuple[DoseSought | VolumeSought, ...]:
    bounds = dvh.volume_at_dose(dose_gy)
    rest = max(CLOSE_SHARE * (dvh.volume - bounds.value), CLOSE_TO_ALL * dvh.volume)
    close = max(min(CLOSE_SHARE * bounds.value, rest), CLOSE_TO_NONE * dvh.volume)
    if _are_within(bounds, close):
        return ()
    return (VolumeSought(dose_gy=dose_gy, width_percent=2 * close / dvh.volume * 100.0),)


def _of_dose(share: float, dvh: DVH) -> tuple[DoseSought | VolumeSought, ...]:
    bounds = dvh.dose_of_hottest(share * dvh.volume)
    close_gy = _close_gy(bounds)
    if _are_within(bounds, close_gy):
        return ()
    return (DoseSought(volume_percent=100.0 * share, near_gy=bounds.value, close_gy=close_gy),)


def _close_gy(bounds: Bounds) -> float:
    return max(CLOSE_GY, CLOSE_SHARE * bounds.value)


def _are_within(bounds: Bounds, close: float) -> bool:
    return bounds.high - bounds.low <= 2 * close

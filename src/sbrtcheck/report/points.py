"""Report -> the points that its constraints are in a chart of DVHs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sbrtcheck.dvh import DVH, VolumeUnit
from sbrtcheck.evaluate import Outcome, Report
from sbrtcheck.metric import DoseAtVolume, DoseStatistic, Stat, Unit, VolumeAtDose
from sbrtcheck.plan import Prescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.table import Sense


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintPoint:
    """A row's limit as a point of its structure's cumulative DVH.

    Parameters
    ----------
    outcome
        The row.
    dvh
        The DVH it was judged on.
    dose_gy, volume_percent
        Where the limit lies; percent of the structure's volume, 0 to 100.
    curve_below
        Whether the curve has to pass below and left of the point; else above and right of it.
    """

    outcome: Outcome
    dvh: DVH
    dose_gy: float
    volume_percent: float
    curve_below: bool


def constraint_points(report: Report) -> tuple[ConstraintPoint, ...]:
    """Points of all rows that have one: limits in physical dose on one structure that was drawn."""
    return tuple(_points(report))


def _points(report: Report) -> Iterator[ConstraintPoint]:
    names = [dvh.name for dvh in report.dvhs]
    for outcome in report.outcomes:
        if names.count(outcome.contour) != 1 or outcome.constraint.quantity is not Quantity.PHYSICAL:
            continue
        dvh = report.dvhs[outcome.contour]
        place = _place(outcome, dvh, report)
        if place is not None and 0.0 <= place[1] <= 100.0:
            cold = getattr(outcome.constraint.metric, "cold", False)
            upper = outcome.constraint.sense in (Sense.BELOW, Sense.AT_MOST)
            # more volume below a dose is less volume above it: only there the sense turns round
            turned = cold and isinstance(outcome.constraint.metric, VolumeAtDose)
            yield ConstraintPoint(
                outcome=outcome, dvh=dvh, dose_gy=place[0], volume_percent=place[1], curve_below=upper is not turned
            )


def _place(outcome: Outcome, dvh: DVH, report: Report) -> tuple[float, float] | None:
    """Dose in Gy and volume in percent of a row's limit; None where it has no one place."""
    limit = outcome.limit_used
    if limit is None or dvh.volume <= 0:
        return None
    match outcome.constraint.metric:
        case DoseAtVolume(volume=volume, volume_unit=volume_unit, unit=unit, cold=cold):
            return _both(_gy(limit, unit, report), _percent(volume, volume_unit, dvh, cold=cold))
        case VolumeAtDose(dose=dose, dose_unit=dose_unit, unit=unit, cold=cold):
            return _both(_gy(dose, dose_unit, report), _percent(limit, unit, dvh, cold=cold))
        case DoseStatistic(stat=Stat.MAX, unit=unit):
            return _both(_gy(limit, unit, report), 0.0)
        case DoseStatistic(stat=Stat.MIN, unit=unit):
            return _both(_gy(limit, unit, report), 100.0)
        case _:
            return None


def _both(dose_gy: float | None, percent: float | None) -> tuple[float, float] | None:
    return None if dose_gy is None or percent is None else (dose_gy, percent)


def _gy(dose: float, unit: Unit, report: Report) -> float | None:
    if unit is Unit.GY:
        return dose
    rx = report.prescription
    return dose / 100 * rx.dose_gy if unit is Unit.PERCENT_RX and isinstance(rx, Prescription) else None


def _percent(volume: float, unit: Unit, dvh: DVH, *, cold: bool) -> float | None:
    """Share of the structure that gets the higher dose, percent."""
    if unit is Unit.PERCENT:
        share = volume
    elif unit is Unit.CC and dvh.volume_unit is VolumeUnit.CC:
        share = 100 * volume / dvh.volume
    else:
        return None
    return 100 - share if cold else share

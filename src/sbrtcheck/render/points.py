"""Report -> the points that its constraints are in a chart of DVHs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sbrtcheck.chart.points import CurvePoint, Side
from sbrtcheck.dvh import DVH
from sbrtcheck.results import Outcome, Report, Verdict
from sbrtcheck.tables.points import curve_point


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
    """Points of all rows that have one: limits in physical dose, on one structure, that were kept or not."""
    return tuple(_points(report))


def _points(report: Report) -> Iterator[ConstraintPoint]:
    names = [dvh.name for dvh in report.dvhs]
    for outcome in report.outcomes:
        if outcome.verdict is Verdict.NOT_EVALUATED or outcome.limit_used is None:
            continue
        if names.count(outcome.contour) != 1:
            continue
        dvh = report.dvhs[outcome.contour]
        point = curve_point(outcome.constraint, dvh, limit=outcome.limit_used, counts=outcome.counts)
        if isinstance(point, CurvePoint):
            yield ConstraintPoint(
                outcome=outcome,
                dvh=dvh,
                dose_gy=point.dose_gy,
                volume_percent=point.volume_percent,
                curve_below=point.side is Side.UNDER,
            )

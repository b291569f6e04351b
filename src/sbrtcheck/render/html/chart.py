"""The DVHs and rows of a report -> what its chart draws: values on a grid of doses, and the limits as points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sbrtcheck.chart.points import CurvePoint, Side
from sbrtcheck.dvh import DVH, VolumeUnit
from sbrtcheck.judge.points import curves_of
from sbrtcheck.metric import DoseAtVolume, DoseStatistic, EquivalentUniformDose, NotMeasured, Stat, VolumeAtDose
from sbrtcheck.plan import FloatArray, Prescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.render import words
from sbrtcheck.results import Outcome, Report, Verdict
from sbrtcheck.tables import Kind
from sbrtcheck.tables.points import curve_point, in_gy

STEPS_GY = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
MAX_DOSES = 1000
"""Doses a curve is given at: closer than the pixels of a screen need no more."""

MAX_NUMBERS = 90_000
"""Of all curves together: keeps the file small, however many structures a plan has."""

MAX_SHOWN = 7
"""Curves drawn at first: as many as there are colours; more at once cannot be told apart."""

MIN_ORGANS = 3
"""Organs among them, however many targets there are."""

FURTHEST = 1.5
"""Times the largest dose, or that prescribed: limits beyond would squeeze the curves, and are listed instead."""

COLOURS, DASHES, MARKERS = 7, 4, 5
"""Styles of lines; numbers without a common factor, so that a pair comes again only after all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One structure: volumes (and their bounds) that get at least each dose of the chart, in the DVH's unit.

    They end with the first that is 0. ``target``: it is a target.
    """

    dvh: DVH
    name: str
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    colour: int
    dash: int
    marker: int
    target: bool
    shown: bool

    @property
    def in_cc(self) -> bool:
        """Whether its volumes are absolute."""
        return self.dvh.volume_unit is VolumeUnit.CC

    def percent(self, volumes: Sequence[float]) -> list[float]:
        """Volumes as percent of the whole."""
        return [100.0 * volume / self.dvh.volume if self.dvh.volume > 0 else 0.0 for volume in volumes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A limit: a dose and, for one on the curve, a percent of the volume; None for a mark on the dose axis.

    ``upper``: the curve has to stay to the left of it and below, else to the right and above. ``firm``: the row counts.
    """

    series: int
    row: int
    dose_gy: float
    percent: float | None
    upper: bool
    verdict: Verdict
    firm: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything drawn; ``left_out`` says of which rows there is a limit that the chart cannot show, and why."""

    step_gy: float
    top_gy: float
    series: tuple[Series, ...]
    points: tuple[Point, ...]
    prescribed_gy: float | None
    left_out: tuple[str, ...]

    @property
    def start_gy(self) -> float:
        """The dose that volumes are shown at first: the prescribed one, or 0."""
        if self.prescribed_gy is None or self.prescribed_gy > self.top_gy:
            return 0.0
        return float(f"{round(self.prescribed_gy / self.step_gy) * self.step_gy:.12g}")

    def data(self) -> dict[str, Any]:
        """The same as values that JSON knows; volumes to 7 significant digits, without the zeros at their ends."""
        return {
            "step": self.step_gy,
            "top": self.top_gy,
            "rx": self.prescribed_gy,
            "series": [_series_data(one) for one in self.series],
            "points": [_point_data(one) for one in self.points],
        }


def chart_of(report: Report) -> Chart:
    """What the chart of a report shows."""
    curves = curves_of(report)
    dvhs = [dvh for dvh, _ in curves]
    largest = max((float(dvh.upper.dose_gy[-1]) for dvh in dvhs), default=0.0)
    step = _step(largest, len(dvhs))
    doses = step * np.arange(int(np.ceil(largest / step)) + 1, dtype=np.float64)
    shown = _shown_first(report, curves)
    styles = sorted(range(len(dvhs)), key=lambda n: (n not in shown, n))  # those shown at first differ in colour
    series = tuple(
        _series(dvh, doses, styles.index(n), target=target, shown=n in shown) for n, (dvh, target) in enumerate(curves)
    )
    prescribed = report.prescription.dose_gy if isinstance(report.prescription, Prescription) else None
    points, left_out = _points(report, dvhs, FURTHEST * max(largest, prescribed or 0.0))
    return Chart(
        step_gy=step,
        top_gy=max([step, float(doses[-1]), *(point.dose_gy for point in points)]),
        series=series,
        points=points,
        prescribed_gy=prescribed,
        left_out=left_out,
    )


def _step(largest_gy: float, curves: int) -> float:
    """Smallest step that keeps the number of doses in bounds."""
    most = min(MAX_DOSES, MAX_NUMBERS // max(3 * curves, 1))
    return next((step for step in STEPS_GY if largest_gy / step < most), STEPS_GY[-1])


def _series(dvh: DVH, doses_gy: FloatArray, style: int, *, target: bool, shown: bool) -> Series:
    bands = dvh.volume_at_doses(doses_gy)
    return Series(
        dvh=dvh,
        name=words.clean(dvh.name),
        values=_until_nothing([band.value for band in bands]),
        low=_until_nothing([band.low for band in bands]),
        high=_until_nothing([band.high for band in bands]),
        colour=style % COLOURS,
        dash=style % DASHES,
        marker=style % MARKERS,
        target=target,
        shown=shown,
    )


def _until_nothing(volumes: Sequence[float]) -> tuple[float, ...]:
    """Volumes up to the first that is 0, as are all after it."""
    return tuple(volumes[: volumes.index(0.0) + 1] if 0.0 in volumes else volumes)


def _shown_first(report: Report, curves: Sequence[tuple[DVH, bool]]) -> set[int]:
    """All, or the few that matter most: targets, structures with rows beyond their limit, those closest to one."""
    if len(curves) <= MAX_SHOWN:
        return set(range(len(curves)))
    weight = {dvh.name: 0.0 for dvh, _ in curves}
    for outcome in report.outcomes:
        if outcome.contour in weight:
            weight[outcome.contour] = max(weight[outcome.contour], _weight(outcome))
    targets = {n for n, (_, target) in enumerate(curves) if target}
    organs = [n for n in range(len(curves)) if n not in targets]
    ranked = sorted(organs, key=lambda n: (-weight[curves[n][0].name], n))
    return targets | set(ranked[: max(MAX_SHOWN - len(targets), MIN_ORGANS)])


def _weight(outcome: Outcome) -> float:
    """How much a row speaks for its structure: 1 at its limit, more where it is beyond, or nobody knows."""
    if outcome.verdict in (Verdict.FAIL, Verdict.VARIATION, Verdict.NOT_MET):
        return 3.0
    if outcome.verdict is Verdict.NOT_EVALUATED:
        return 2.0
    percent = outcome.percent_of_limit
    if isinstance(percent, NotMeasured):
        return 0.0
    share = percent / 100.0
    return min(share if outcome.constraint.is_upper_limit else 1.0 / max(share, 1.0), 1.0)


# -------------------------------------------------------------------------------- limits


def _points(report: Report, dvhs: Sequence[DVH], furthest_gy: float) -> tuple[tuple[Point, ...], tuple[str, ...]]:
    named = Counter(dvh.name for dvh in dvhs)
    places = {dvh.name: n for n, dvh in enumerate(dvhs) if named[dvh.name] == 1}
    points: list[Point] = []
    left_out: list[str] = []
    for number, outcome in enumerate(report.outcomes):
        if outcome.contour not in places or outcome.verdict is Verdict.NOT_EVALUATED:
            continue
        place = places[outcome.contour]
        found = list(_of_row(outcome, number, place, dvhs[place]))
        points += [point for point in found if point.dose_gy <= furthest_gy]
        if why := _why_not(outcome, found, furthest_gy):
            left_out.append(f"{words.row_name(outcome)}: {why}")
    return tuple(points), tuple(dict.fromkeys(left_out))


def _why_not(outcome: Outcome, found: Sequence[Point], furthest_gy: float) -> str:
    """Why a limit on the dose of a structure is not drawn; "" for one that is, and for metrics of other things."""
    if found:
        return "far beyond the doses of the plan" if found[0].dose_gy > furthest_gy else ""
    if outcome.constraint.quantity is not Quantity.PHYSICAL:
        return f"in {outcome.constraint.quantity}, the chart is in physical dose"
    return ""


def _of_row(outcome: Outcome, number: int, place: int, dvh: DVH) -> Iterator[Point]:
    """The limit of a row, and its acceptable variation, as points of a structure's curve."""
    row = outcome.constraint
    if row.quantity is not Quantity.PHYSICAL:
        return
    for limit in (outcome.limit_used, outcome.acceptable_used):
        spot = None if limit is None else _spot(outcome, limit, dvh)
        if spot is None:
            continue
        dose_gy, percent, upper = spot
        yield Point(
            series=place,
            row=number,
            dose_gy=dose_gy,
            percent=percent,
            upper=upper,
            verdict=outcome.verdict,
            firm=outcome.counts and row.kind is Kind.LIMIT and limit == outcome.limit_used,
            text=_point_text(outcome),
        )


def _point_text(outcome: Outcome) -> str:
    said = f"{outcome.contour}: {words.metric_text(outcome.constraint)} {words.limit_used_text(outcome)}"
    return words.clean(f"{said}; {words.result_text(outcome)}, {words.verdict_text(outcome)}")


def _spot(outcome: Outcome, limit: float, dvh: DVH) -> tuple[float, float | None, bool] | None:
    """Dose in Gy and percent of the volume of a limit, and whether the curve has to stay left of it and below."""
    row = outcome.constraint
    match row.metric:
        case DoseAtVolume() | VolumeAtDose() | DoseStatistic(stat=Stat.MEDIAN):
            point = curve_point(row, dvh, limit=limit, counts=outcome.counts)
            if isinstance(point, CurvePoint):
                return point.dose_gy, point.volume_percent, point.side is Side.UNDER
        case DoseStatistic(unit=unit) | EquivalentUniformDose(unit=unit):
            dose_gy = in_gy(limit, unit, dvh)
            if not isinstance(dose_gy, str):
                return dose_gy, None, row.is_upper_limit
        case _:
            pass
    return None


# -------------------------------------------------------------------------------- values for JSON


def _series_data(one: Series) -> dict[str, Any]:
    return {
        "name": one.name,
        "volume": _number(one.dvh.volume),
        "cc": one.in_cc,
        "v": _numbers(one.values),
        "lo": _numbers(one.low),
        "hi": _numbers(one.high),
        "style": [one.colour, one.dash, one.marker],
        "target": one.target,
        "on": one.shown,
    }


def _point_data(one: Point) -> dict[str, Any]:
    return {
        "s": one.series,
        "row": one.row,
        "x": _number(one.dose_gy),
        "y": None if one.percent is None else _number(one.percent),
        "upper": one.upper,
        "verdict": str(one.verdict),
        "firm": one.firm,
        "text": one.text,
    }


def _numbers(volumes: Sequence[float]) -> list[float]:
    """Rounded, and what follows the last that is not 0 left out."""
    rounded = [_number(volume) for volume in volumes]
    while rounded and rounded[-1] == 0:
        rounded.pop()
    return rounded


def _number(value: float) -> float:
    """7 significant digits: more than are shown of any."""
    short = float(f"{value:.7g}") + 0.0
    return int(short) if short.is_integer() else short

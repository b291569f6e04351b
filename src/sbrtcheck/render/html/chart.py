"""Report -> what the chart of its page shows: volumes at a grid of doses for the script, and the drawing for paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sbrtcheck.chart import svg
from sbrtcheck.chart.layout import frame_of
from sbrtcheck.chart.line_styles import COLOURS, LineStyle
from sbrtcheck.chart.points import Side
from sbrtcheck.chart.values import Chart, ChartCurve, ChartLimit, Line
from sbrtcheck.dvh import DVH, VolumeUnit, roi_names
from sbrtcheck.dvh.charts import Styled, styled_dvhs
from sbrtcheck.formatting import clean
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import FloatArray, Prescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Outcome, Report, Verdict, labels
from sbrtcheck.results.points import chart_limits, given_targets

STEPS_GY = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
MAX_DOSES = 1000
"""Doses a curve is given at: closer than the pixels of a screen need no more."""

MAX_NUMBERS = 90_000
"""Of all curves together: keeps the file small, however many structures a plan has."""

MAX_SHOWN = len(COLOURS)
"""Curves drawn at first: more at once are hard to tell apart."""

MIN_ORGANS = 3
"""Organs among them, however many targets there are."""

FURTHEST = 1.5
"""Times the largest dose, or that prescribed: limits beyond would squeeze the curves, and are listed instead."""

WIDTH, HEIGHT = 860, 440
LEFT, RIGHT, TOP, BOTTOM = 54, 16, 14, 42
"""Margins around the plot, for the numbers at its axes; ``report.js`` has the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One structure: volumes (and their bounds) that receive at least each dose of the grid, in the DVH's unit.

    They end with the first that is 0. ``is_visible``: it is drawn when the page opens.
    """

    dvh: DVH
    style: LineStyle
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    is_visible: bool

    @property
    def name(self) -> str:
        """The name of the structure, in one line."""
        return clean(self.dvh.name)

    @property
    def in_cc(self) -> bool:
        """Whether its volumes are absolute."""
        return self.dvh.volume_unit is VolumeUnit.CC

    @property
    def sample(self) -> str:
        """A piece of its curve for the legend: SVG."""
        return svg.sample(self.style, with_marker=True)

    def curve(self, step_gy: float) -> ChartCurve:
        """Its curve in percent of the volume."""
        value, low, high = (_percent_line(volumes, self.dvh, step_gy) for volumes in (self.values, self.low, self.high))
        return ChartCurve(name=self.dvh.name, style=self.style, value=value, lower=low, upper=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageChart:
    """Everything the page draws; ``left_out`` has the rows with a limit that it cannot show, and why."""

    step_gy: float
    top_gy: float
    series: tuple[Series, ...]
    limits: tuple[ChartLimit, ...]
    prescribed_gy: float | None
    left_out: tuple[str, ...]

    @property
    def start_gy(self) -> float:
        """The dose whose volumes the page shows when it opens: the prescribed one, or 0."""
        if self.prescribed_gy is None or self.prescribed_gy > self.top_gy:
            return 0.0
        return float(f"{round(self.prescribed_gy / self.step_gy) * self.step_gy:.12g}")

    def data(self) -> dict[str, Any]:
        """The same as values that JSON knows; volumes to 7 significant digits, without the zeros at their ends."""
        places = {series.dvh.name: n for n, series in enumerate(self.series)}
        return {
            "step": self.step_gy,
            "top": self.top_gy,
            "rx": self.prescribed_gy,
            "series": [_series_data(series) for series in self.series],
            "points": [_limit_data(limit, places[limit.point.structure]) for limit in self.limits],
        }

    def drawing(self) -> str:
        """SVG of the structures visible at first, in percent of volume and linear: for paper, without script."""
        names = {series.dvh.name for series in self.series if series.is_visible}
        chart = Chart(
            curves=tuple(series.curve(self.step_gy) for series in self.series if series.is_visible),
            limits=tuple(limit for limit in self.limits if limit.point.structure in names),
            relative=True,
            top_gy=self.top_gy,
            top_volume=100.0,
            dose_label="Dose, Gy",
            volume_label="Volume, %",
        )
        return "".join(
            _drawing(chart, [n for n, series in enumerate(self.series) if series.is_visible], len(self.series))
        )


def _drawing(chart: Chart, places: Sequence[int], count: int) -> Iterator[str]:
    """The parts of the drawing, what is in front last; ``places`` are those of its curves among all of the page."""
    frame = frame_of(chart, left=LEFT, right=WIDTH - RIGHT, top=TOP, bottom=HEIGHT - BOTTOM)
    yield svg.axes(chart, frame, height=HEIGHT)
    inside = f"M{frame.left} {frame.top}H{frame.right}V{frame.bottom}H{frame.left}Z"
    yield f'<clipPath id="plot"><path d="{inside}"/></clipPath><g clip-path="url(#plot)">'
    yield svg.wedges(chart.limits, frame)
    yield svg.curves(chart, frame)
    for place, curve in zip(places, chart.curves, strict=True):
        yield svg.markers(curve, frame, place=place, curve_count=count)
    yield "</g>"
    yield svg.limits(chart.limits, frame)


def chart_of(report: Report) -> PageChart:
    """What the chart of a report shows."""
    styled = styled_dvhs(report.dvhs.with_close_curves().dvhs, roi_names(report.dvhs), given_targets(report.names))
    largest = max((float(dvh.upper.dose_gy[-1]) for dvh, _ in styled), default=0.0)
    step = _step(largest, len(styled))
    doses = step * np.arange(int(np.ceil(largest / step)) + 1, dtype=np.float64)
    visible = _visible_at_first(report, styled)
    series = tuple(_series(dvh, style, doses, is_visible=n in visible) for n, (dvh, style) in enumerate(styled))
    prescribed = report.prescription.dose_gy if isinstance(report.prescription, Prescription) else None
    limits, left_out = _limits(report, styled, FURTHEST * max(largest, prescribed or 0.0))
    return PageChart(
        step_gy=step,
        top_gy=max([step, float(doses[-1]), *(limit.point.dose_gy for limit in limits)]),
        series=series,
        limits=limits,
        prescribed_gy=prescribed,
        left_out=left_out,
    )


def _step(largest_gy: float, curves: int) -> float:
    """Smallest step that keeps the number of doses in bounds."""
    max_doses = min(MAX_DOSES, MAX_NUMBERS // max(3 * curves, 1))
    return next((step for step in STEPS_GY if largest_gy / step < max_doses), STEPS_GY[-1])


def _series(dvh: DVH, style: LineStyle, doses_gy: FloatArray, *, is_visible: bool) -> Series:
    volumes = dvh.volume_at_doses(doses_gy)
    return Series(
        dvh=dvh,
        style=style,
        values=_up_to_zero([volume.value for volume in volumes]),
        low=_up_to_zero([volume.low for volume in volumes]),
        high=_up_to_zero([volume.high for volume in volumes]),
        is_visible=is_visible,
    )


def _up_to_zero(volumes: Sequence[float]) -> tuple[float, ...]:
    """Volumes up to the first that is 0, as are all after it."""
    return tuple(volumes[: volumes.index(0.0) + 1] if 0.0 in volumes else volumes)


def _percent_line(volumes: Sequence[float], dvh: DVH, step_gy: float) -> Line:
    percent = np.array([100.0 * volume / dvh.volume for volume in volumes])
    return Line(dose_gy=step_gy * np.arange(len(percent), dtype=np.float64), volume=percent)


def _visible_at_first(report: Report, styled: Sequence[Styled]) -> set[int]:
    """All, or the few that matter most: targets, structures with rows beyond their limit, those closest to one."""
    if len(styled) <= MAX_SHOWN:
        return set(range(len(styled)))
    weight = {dvh.name: 0.0 for dvh, _ in styled}
    for outcome in report.outcomes:
        if outcome.contour in weight:
            weight[outcome.contour] = max(weight[outcome.contour], _weight(outcome))
    targets = {n for n, (_, style) in enumerate(styled) if style.is_target}
    organs = [n for n in range(len(styled)) if n not in targets]
    ranked = sorted(organs, key=lambda n: (-weight[styled[n][0].name], n))
    return targets | set(ranked[: max(MAX_SHOWN - len(targets), MIN_ORGANS)])


def _weight(outcome: Outcome) -> float:
    """Weight of a row in the choice of structures: 1 at its limit, more where the limit is not met or not evaluated."""
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


def _limits(
    report: Report, styled: Sequence[Styled], furthest_gy: float
) -> tuple[tuple[ChartLimit, ...], tuple[str, ...]]:
    """The limits of the chart, in physical dose and not far outside it; and of the other rows why theirs are not."""
    scales = [outcome.constraint.quantity for outcome in report.outcomes]
    physical_limits = [
        limit
        for limit in chart_limits(report.outcomes, styled)
        if limit.row is not None and scales[limit.row] is Quantity.PHYSICAL
    ]
    within_range = tuple(limit for limit in physical_limits if limit.point.dose_gy <= furthest_gy)
    far = {limit.row for limit in physical_limits if not limit.is_variation and limit.point.dose_gy > furthest_gy}
    names = [dvh.name for dvh, _ in styled]
    left_out = [
        f"{labels.row_name(outcome)}: {why}"
        for number, outcome in enumerate(report.outcomes)
        if names.count(outcome.contour) == 1 and outcome.verdict is not Verdict.NOT_EVALUATED
        if (why := _why_left_out(outcome, is_far=number in far))
    ]
    return within_range, tuple(dict.fromkeys(left_out))


def _why_left_out(outcome: Outcome, *, is_far: bool) -> str:
    """Why a limit on the dose of a structure is not drawn; "" for one that is, and for metrics of other things."""
    if outcome.constraint.quantity is not Quantity.PHYSICAL:
        return f"in {outcome.constraint.quantity}, the chart is in physical dose"
    return "far beyond the doses of the plan" if is_far else ""


# -------------------------------------------------------------------------------- values for JSON


def _series_data(series: Series) -> dict[str, Any]:
    style = series.style
    return {
        "name": series.name,
        "volume": _number(series.dvh.volume),
        "cc": series.in_cc,
        "v": _numbers(series.values),
        "lo": _numbers(series.low),
        "hi": _numbers(series.high),
        "colour": style.colour,
        "dashes": svg.dash_array(style),
        "width": svg.line_width(style),
        "marker": style.marker,
        "target": style.is_target,
        "on": series.is_visible,
    }


def _limit_data(limit: ChartLimit, place: int) -> dict[str, Any]:
    point = limit.point
    return {
        "s": place,
        "row": limit.row,
        "x": _number(point.dose_gy),
        "y": None if limit.on_axis else _number(point.volume_percent),
        "upper": point.side is Side.UNDER,
        "verdict": limit.verdict,
        "firm": limit.is_firm,
        "text": limit.text,
    }


def _numbers(volumes: Sequence[float]) -> list[float]:
    """Rounded, and what follows the last that is not 0 left out."""
    rounded = [_number(volume) for volume in volumes]
    while rounded and rounded[-1] == 0:
        rounded.pop()
    return rounded


def _number(value: float) -> float:
    """7 significant digits: more than the page shows."""
    short = float(f"{value:.7g}") + 0.0
    return int(short) if short.is_integer() else short

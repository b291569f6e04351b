"""Chart -> where its lines and marks lie on paper, for readers without JavaScript and for print.

The script of the report draws the same chart, and others: ``report.js`` has these functions once more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.plan import FloatArray
from sbrtcheck.render.html.chart import Chart, Point, Series
from sbrtcheck.results import Verdict

WIDTH, HEIGHT = 860, 440
LEFT, RIGHT, TOP, BOTTOM = 54, 16, 14, 42
"""Margins around the plot, for the numbers at its axes."""

FRAME = {"left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "bottom": HEIGHT - BOTTOM}
"""Where the axes are."""

TICKS = 10
TOLERANCE = 0.1  # of a pixel: a line may leave out points that lie closer to it than that
LEVELS = (0.9, 0.7, 0.5, 0.3, 0.1)
"""Shares of a structure's volume at which its curve has a marker."""

SPREAD = 0.16  # of the volume: markers of neighbouring curves are moved apart by up to that
WEDGE = 26.0  # pixels of shading on the allowed side of a limit


SHAPES = {
    Verdict.PASS: 0,
    Verdict.FAIL: 1,
    Verdict.VARIATION: 2,
    Verdict.RISK: 3,
    Verdict.MET: 5,
    Verdict.NOT_MET: 6,
}
"""Verdict of a row whose limit is drawn -> number of its marker; a row that was not evaluated has no limit there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line across the plot, and its number."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One structure: the SVG paths of its curve and its band, and places of its markers."""

    series: Series
    path: str
    band: str
    markers: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One limit: its place, and the rectangle (x, y, width, height) on the allowed side."""

    point: Point
    x: float
    y: float
    wedge: tuple[float, float, float, float]

    @property
    def arms(self) -> str:
        """Path of the corner, or of the mark on the axis with its arrow; from its place."""
        if self.point.percent is None:
            return "M0 0V-20H-10l3-3m-3 3l3 3" if self.point.upper else "M0 0V-20H10l-3-3m3 3l-3 3"
        return "M0 0V-26M0 0H26" if self.point.upper else "M0 0V26M0 0H-26"

    @property
    def shape(self) -> int:
        """Number of the marker that stands for the verdict."""
        return SHAPES[self.point.verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The chart in percent of volume, linear, with the structures that are shown at first."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]


def drawing_of(chart: Chart) -> Drawing:
    """Lay the chart out."""
    shown = [n for n, one in enumerate(chart.series) if one.shown]
    return Drawing(
        x_ticks=tuple(Tick(at=_x(tick, chart), text=f"{tick:g}") for tick in ticks(chart.top_gy)),
        y_ticks=tuple(Tick(at=_y(tick), text=f"{tick:g}") for tick in ticks(100.0)),
        lines=tuple(_line(n, chart) for n in shown),
        marks=tuple(_mark(point, chart) for point in chart.points if point.series in shown),
    )


def ticks(top: float) -> list[float]:
    """Round numbers from 0 to ``top``, at most `TICKS` of them beside 0."""
    if not top > 0:
        return [0.0]
    power = 10.0 ** math.floor(math.log10(top / TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if top / (power * factor) <= TICKS)
    return [n * step for n in range(int(top / step + 1e-9) + 1)]


def _x(dose_gy: float, chart: Chart) -> float:
    return LEFT + dose_gy / chart.top_gy * (WIDTH - LEFT - RIGHT)


def _y(percent: float) -> float:
    return HEIGHT - BOTTOM - percent / 100.0 * (HEIGHT - TOP - BOTTOM)


def _line(place: int, chart: Chart) -> Line:
    one = chart.series[place]
    low, high = _points(one.low, chart, one), _points(one.high, chart, one)
    return Line(
        series=one,
        path=_path(_thinned(_points(one.values, chart, one))),
        band=_path(np.concatenate([_thinned(high), _thinned(low)[::-1]])) + "Z",
        markers=_markers(place, chart),
    )


def _points(volumes: Sequence[float], chart: Chart, one: Series) -> FloatArray:
    """Pixels of a curve, shape ``(n, 2)``."""
    percent = one.percent(volumes)
    return np.array([(_x(n * chart.step_gy, chart), _y(volume)) for n, volume in enumerate(percent)], dtype=np.float64)


def _thinned(points: FloatArray) -> FloatArray:
    """The points that a line through them needs, by the algorithm of Ramer, Douglas and Peucker."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    pieces = [(0, len(points) - 1)]
    while pieces:
        first, last = pieces.pop()
        if last - first < 2:
            continue
        along = points[last] - points[first]
        away = points[first + 1 : last] - points[first]
        off = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / max(float(np.hypot(*along)), 1e-9)
        furthest = int(np.argmax(off))
        if off[furthest] > TOLERANCE:
            middle = first + 1 + furthest
            keep[middle] = True
            pieces += [(first, middle), (middle, last)]
    return points[keep]


def _path(points: FloatArray) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())


def _markers(place: int, chart: Chart) -> tuple[tuple[float, float], ...]:
    one = chart.series[place]
    shift = SPREAD * (place / max(len(chart.series), 1) - 0.5)
    percent = np.asarray(one.percent(one.values))
    doses = chart.step_gy * np.arange(len(percent))
    levels = [100.0 * (level + shift) for level in LEVELS]
    at = (float(np.interp(-level, -percent, doses)) for level in levels)
    return tuple((_x(dose, chart), _y(level)) for dose, level in zip(at, levels, strict=True))


def _mark(point: Point, chart: Chart) -> Mark:
    x, y = _x(point.dose_gy, chart), _y(point.percent or 0.0)
    left = x - WEDGE if point.upper else x
    if point.percent is None:
        return Mark(point=point, x=x, y=y, wedge=(left, y - WEDGE / 2, WEDGE, WEDGE / 2))
    top = y if point.upper else y - WEDGE
    return Mark(point=point, x=x, y=y, wedge=(left, top, WEDGE, WEDGE))

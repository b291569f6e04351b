"""DVHs and the points of the constraints -> a drawing in vectors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from reportlab.graphics.shapes import Drawing, Group, Line, Polygon, PolyLine, String
from reportlab.lib.colors import Color, HexColor, white

from sbrtcheck.dvh import DVH
from sbrtcheck.evaluate import Report, Verdict
from sbrtcheck.report.pdf.style import FAINT, INK, PLAIN, RULE, printable
from sbrtcheck.report.points import ConstraintPoint, constraint_points

_HEIGHT = 230.0
_LEFT, _RIGHT, _BELOW, _ABOVE = 34.0, 8.0, 30.0, 8.0
_SAMPLES = 400
_MARK = 3.2
_SIZE = 6.5
_LEGEND_COLUMNS, _LEGEND_LINE = 3, 11.0
_NAME_SHOWN = 34
# Okabe and Ito's colours, told apart by most colour-blind readers, darkened where they are pale; with the dashes every
# curve of the first 35 is drawn in its own way, in grey too
_COLOURS = tuple(HexColor(one) for one in ("#0072b2", "#d55e00", "#007a5a", "#a0447f", "#b37d00", "#5b3a9e", "#333333"))
_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2), (9, 3))

NOTE = (
    "Points are limits: the curve of that colour has to pass below and left of a triangle that points down, above and"
    " right of one that points up. A limit that is not kept is filled and crossed."
)


def dvh_chart(report: Report, width: float) -> Drawing | None:
    """Cumulative DVHs in percent of the volume, their limits as points, a legend below; None when there are none."""
    dvhs = [dvh for dvh in report.dvhs if dvh.volume > 0]
    if not dvhs:
        return None
    legend = _LEGEND_LINE * math.ceil(len(dvhs) / _LEGEND_COLUMNS)
    drawing = Drawing(width, _HEIGHT + legend)
    points = constraint_points(report)
    chart = _Chart(_top_gy(dvhs, points), width, legend)
    drawing.add(chart.frame())
    looks = {id(dvh): (_COLOURS[n % len(_COLOURS)], _DASHES[n % len(_DASHES)]) for n, dvh in enumerate(dvhs)}
    for n, dvh in enumerate(dvhs):
        drawing.add(chart.curve(dvh, *looks[id(dvh)]))
        drawing.add(_legend_entry(n, dvh, width, legend, *looks[id(dvh)]))
    for point in points:
        if id(point.dvh) in looks:
            drawing.add(chart.mark(point, looks[id(point.dvh)][0]))
    return drawing


def _top_gy(dvhs: Sequence[DVH], points: Sequence[ConstraintPoint]) -> float:
    return max(1.0, *(dvh.max_gy.value for dvh in dvhs), *(point.dose_gy for point in points)) * 1.03


class _Chart:
    """Where doses and volumes lie in the drawing."""

    def __init__(self, top_gy: float, width: float, bottom: float) -> None:
        self.top_gy = top_gy
        self.left, self.right = _LEFT, width - _RIGHT
        self.low, self.high = bottom + _BELOW, bottom + _HEIGHT - _ABOVE

    def x(self, dose_gy: float) -> float:
        return self.left + dose_gy / self.top_gy * (self.right - self.left)

    def y(self, percent: float) -> float:
        return self.low + percent / 100 * (self.high - self.low)

    def frame(self) -> Group:
        """Axes with their numbers and names."""
        group = Group()
        for percent in range(0, 101, 20):
            y = self.y(percent)
            group.add(Line(self.left, y, self.right, y, strokeColor=RULE, strokeWidth=0.3))
            group.add(_text(self.left - 3, y - 2, f"{percent}", anchor="end"))
        for dose in _ticks(self.top_gy):
            x = self.x(dose)
            group.add(Line(x, self.low, x, self.high, strokeColor=RULE, strokeWidth=0.3))
            group.add(_text(x, self.low - 9, f"{dose:g}", anchor="middle"))
        group.add(_text((self.left + self.right) / 2, self.low - 20, "Dose [Gy]", anchor="middle"))
        side = Group(_text(0, 0, "Volume [% of the structure]", anchor="middle"))
        side.translate(8, (self.low + self.high) / 2)
        side.rotate(90)
        group.add(side)
        return group

    def curve(self, dvh: DVH, colour: Color, dash: tuple[float, ...]) -> PolyLine:
        """The cumulative DVH."""
        doses = np.linspace(0.0, float(dvh.curve.dose_gy[-1]), _SAMPLES)
        percent = np.clip(100 * dvh.curve.volume_at(doses) / dvh.volume, 0.0, 100.0)
        places = [(self.x(d), self.y(v)) for d, v in zip(doses.tolist(), percent.tolist(), strict=True)]
        flat = [number for place in [*places, (places[-1][0], self.low)] for number in place]
        return PolyLine(flat, strokeColor=colour, strokeWidth=1.0, strokeDashArray=dash, fillColor=None)

    def mark(self, point: ConstraintPoint, colour: Color) -> Group:
        """A triangle whose tip points to where the curve may be; filled and crossed where the limit is not kept."""
        x, y, m = self.x(point.dose_gy), self.y(point.volume_percent), _MARK
        tip = -m if point.curve_below else m
        broken = point.outcome.verdict in (Verdict.FAIL, Verdict.VARIATION)
        triangle = Polygon(
            [x - m, y - tip * 0.6, x + m, y - tip * 0.6, x, y + tip],
            strokeColor=colour,
            strokeWidth=0.9,
            fillColor=colour if broken else white,
        )
        group = Group(triangle)
        if broken:
            for way in (1, -1):
                group.add(Line(x - 1.7 * m, y - way * 1.7 * m, x + 1.7 * m, y + way * 1.7 * m, strokeColor=INK))
        return group


def _ticks(top_gy: float) -> Iterator[float]:
    """About eight round doses."""
    rough = top_gy / 8
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(one for one in (1, 2, 5, 10) if rough <= one * power)
    yield from (n * step for n in range(int(top_gy / step) + 1))


def _legend_entry(n: int, dvh: DVH, width: float, top: float, colour: Color, dash: tuple[float, ...]) -> Group:
    x = _LEFT + n % _LEGEND_COLUMNS * (width - _LEFT) / _LEGEND_COLUMNS
    y = top - (n // _LEGEND_COLUMNS + 0.5) * _LEGEND_LINE
    name = printable(dvh.name)
    shown = name if len(name) <= _NAME_SHOWN else f"{name[:_NAME_SHOWN]}..."
    sample = Line(x, y + 2, x + 22, y + 2, strokeColor=colour, strokeWidth=1.2, strokeDashArray=dash)
    return Group(sample, _text(x + 26, y, shown))


def _text(x: float, y: float, text: str, *, anchor: Literal["start", "middle", "end"] = "start") -> String:
    return String(x, y, text, fontName=PLAIN, fontSize=_SIZE, fillColor=FAINT, textAnchor=anchor)

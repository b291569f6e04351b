"""DVHs and the points of the constraints -> a chart in vectors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from reportlab.lib.colors import Color, HexColor, white
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from sbrtcheck.chart.line_styles import THICKER
from sbrtcheck.dvh import DVH
from sbrtcheck.judge.points import curves_of
from sbrtcheck.render.pdf.style import FAINT, INK, PLAIN, RULE, drawn, printable
from sbrtcheck.render.points import ConstraintPoint, constraint_points
from sbrtcheck.results import Report, Verdict

# points of the page
_HEIGHT = 250.0
_LEFT, _RIGHT, _BELOW, _ABOVE = 34.0, 8.0, 30.0, 8.0
_MARK = 3.2
_SIZE = 6.5
_LEGEND_LINE = 11.0
_LEGEND_COLUMNS = 3
_SAMPLES = 400
_NAME_SHOWN = 34  # characters
# Okabe and Ito's colours, told apart by most colour-blind readers, darkened where they are pale; with the dashes each
# of the first 35 curves is drawn in a way of its own, of which five are left in grey
_COLOURS = tuple(HexColor(one) for one in ("#0072b2", "#d55e00", "#007a5a", "#a0447f", "#b37d00", "#5b3a9e", "#333333"))
_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2), (9, 3))

NOTE = (
    "Thick lines are those of targets. Points are limits: the curve of that colour has to pass below and left of a"
    " triangle that points down, above and right of one that points up. A limit that is not kept is filled and crossed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    colour: Color
    dash: tuple[float, ...]
    thickness: float


def dvh_chart(report: Report, width: float) -> Flowable | None:
    """Cumulative DVHs in percent of the volume, their limits as points, a legend below; None when there are none.

    Targets come first, with thicker lines.
    """
    curves = curves_of(report)
    return _Chart(curves, constraint_points(report), width) if curves else None


class _Chart(Flowable):
    """Drawn where the page has room for it; ``x`` and ``y`` say where doses and volumes lie."""

    def __init__(self, curves: Sequence[tuple[DVH, bool]], points: Sequence[ConstraintPoint], width: float) -> None:
        super().__init__()
        dvhs = [dvh for dvh, _ in curves]
        self.curves, self.dvhs, self.points = curves, dvhs, points
        legend = _LEGEND_LINE * math.ceil(len(dvhs) / _LEGEND_COLUMNS)
        self.width, self.height = width, _HEIGHT + legend
        self.low, self.high = legend + _BELOW, self.height - _ABOVE
        self.top_gy = 1.03 * max(1.0, *(d.max_gy.value for d in dvhs), *(point.dose_gy for point in points))

    def x(self, dose_gy: float) -> float:
        return _LEFT + dose_gy / self.top_gy * (self.width - _RIGHT - _LEFT)

    def y(self, percent: float) -> float:
        return self.low + percent / 100 * (self.high - self.low)

    def draw(self) -> None:
        """Draw it on the page's canvas."""
        looks = {
            dvh.name: _Look(
                colour=_COLOURS[n % len(_COLOURS)],
                dash=_DASHES[n % len(_DASHES)],
                thickness=THICKER if is_target else 1.0,
            )
            for n, (dvh, is_target) in enumerate(self.curves)
        }
        self.canv.setFont(PLAIN, _SIZE)
        _draw_axes(self.canv, self)
        for n, dvh in enumerate(self.dvhs):
            _draw_curve(self.canv, self, dvh, looks[dvh.name])
            _draw_legend(self.canv, self, n, looks[dvh.name])
        _draw_points(self.canv, self, looks)


def _draw_axes(canvas: Canvas, chart: _Chart) -> None:
    left, right = _LEFT, chart.width - _RIGHT
    canvas.setStrokeColor(RULE)
    canvas.setFillColor(FAINT)
    canvas.setLineWidth(0.3)
    for percent in range(0, 101, 20):
        canvas.line(left, chart.y(percent), right, chart.y(percent))
        canvas.drawRightString(left - 3, chart.y(percent) - 2, f"{percent}")
    for dose in _ticks(chart.top_gy):
        canvas.line(chart.x(dose), chart.low, chart.x(dose), chart.high)
        canvas.drawCentredString(chart.x(dose), chart.low - 9, f"{dose:g}")
    canvas.drawCentredString((left + right) / 2, chart.low - 20, "Dose [Gy]")
    canvas.saveState()
    canvas.translate(8, (chart.low + chart.high) / 2)
    canvas.rotate(90)
    canvas.drawCentredString(0, 0, "Volume [% of the structure]")
    canvas.restoreState()


def _ticks(top_gy: float) -> Iterator[float]:
    """About eight round doses."""
    rough = top_gy / 8
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(one for one in (1, 2, 5, 10) if rough <= one * power)
    yield from (n * step for n in range(int(top_gy / step) + 1))


def _draw_curve(canvas: Canvas, chart: _Chart, dvh: DVH, look: _Look) -> None:
    doses = np.linspace(0.0, float(dvh.curve.dose_gy[-1]), _SAMPLES)
    percent = np.clip(100 * dvh.curve.volume_at(doses) / dvh.volume, 0.0, 100.0)
    path = canvas.beginPath()
    path.moveTo(chart.x(0.0), chart.y(float(percent[0])))
    for dose, volume in zip(doses[1:].tolist(), percent[1:].tolist(), strict=True):
        path.lineTo(chart.x(dose), chart.y(volume))
    path.lineTo(chart.x(float(doses[-1])), chart.low)
    _set_stroke(canvas, look)
    canvas.drawPath(path)
    canvas.setDash()


def _set_stroke(canvas: Canvas, look: _Look) -> None:
    canvas.setStrokeColor(look.colour)
    canvas.setLineWidth(look.thickness)
    canvas.setDash([look.thickness * length for length in look.dash])


def _draw_legend(canvas: Canvas, chart: _Chart, n: int, look: _Look) -> None:
    x = _LEFT + n % _LEGEND_COLUMNS * (chart.width - _LEFT) / _LEGEND_COLUMNS
    y = chart.low - _BELOW - (n // _LEGEND_COLUMNS + 0.5) * _LEGEND_LINE
    _set_stroke(canvas, look)
    canvas.line(x, y + 2, x + 22, y + 2)
    canvas.setDash()
    name = printable(chart.dvhs[n].name)
    canvas.drawString(x + 26, y, drawn(name if len(name) <= _NAME_SHOWN else f"{name[:_NAME_SHOWN]}..."))


def _draw_points(canvas: Canvas, chart: _Chart, looks: Mapping[str, _Look]) -> None:
    for point in chart.points:
        if point.dvh.name in looks:
            _draw_point(canvas, point, chart.x(point.dose_gy), chart.y(point.volume_percent), looks)


def _draw_point(canvas: Canvas, point: ConstraintPoint, x: float, y: float, looks: Mapping[str, _Look]) -> None:
    """A triangle whose tip points to where the curve may be; filled and crossed where the limit is not kept."""
    tip = -_MARK if point.curve_below else _MARK
    margin = point.outcome.margin
    broken = point.outcome.verdict in (Verdict.FAIL, Verdict.VARIATION) or (margin is not None and margin < 0)
    path = canvas.beginPath()
    path.moveTo(x - _MARK, y - 0.6 * tip)
    path.lineTo(x + _MARK, y - 0.6 * tip)
    path.lineTo(x, y + tip)
    path.close()
    canvas.setLineWidth(0.9)
    canvas.setStrokeColor(looks[point.dvh.name].colour)
    canvas.setFillColor(looks[point.dvh.name].colour if broken else white)
    canvas.drawPath(path, stroke=1, fill=1)
    if broken:
        canvas.setStrokeColor(INK)
        reach = 1.7 * _MARK
        canvas.line(x - reach, y - reach, x + reach, y + reach)
        canvas.line(x - reach, y + reach, x + reach, y - reach)

"""Chart -> lines on the page of a PDF, with a legend below; names are drawn as they are given."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportlab.lib.colors import Color, HexColor, black, white
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from sbrtcheck.chart.layout import Frame, frame_of, ticks
from sbrtcheck.chart.line_styles import LineStyle
from sbrtcheck.chart.points import Side
from sbrtcheck.chart.values import Chart, ChartCurve, ChartLimit

# points of the page
_HEIGHT = 250.0
_LEFT, _RIGHT, _BELOW, _ABOVE = 34.0, 8.0, 30.0, 8.0
_LINE_WIDTH = 1.0
_MARK = 3.2
_SIZE = 6.5
_LEGEND_LINE = 11.0
_LEGEND_COLUMNS = 3


class ChartOnPage(Flowable):
    """A chart with its legend, drawn where the page has room for it.

    Parameters
    ----------
    chart
        What it shows.
    names
        Of the curves, for the legend: in the order of their characters on paper.
    width
        Points of the page.
    font
        That of all text; one that the PDF has.
    text_colour, grid_colour
        Of the numbers at the axes and the legend, and of the lines across the plot.
    """

    def __init__(
        self, chart: Chart, *, names: Sequence[str], width: float, font: str, text_colour: Color, grid_colour: Color
    ) -> None:
        super().__init__()
        self.chart, self.names = chart, names
        self.font, self.text_colour, self.grid_colour = font, text_colour, grid_colour
        legend = _LEGEND_LINE * math.ceil(len(chart.curves) / _LEGEND_COLUMNS)
        self.width, self.height = width, _HEIGHT + legend
        self.frame = frame_of(chart, left=_LEFT, right=width - _RIGHT, top=self.height - _ABOVE, bottom=legend + _BELOW)

    def draw(self) -> None:
        """Draw it on the page's canvas."""
        self.canv.setFont(self.font, _SIZE)
        self._draw_axes()
        for number, (curve, name) in enumerate(zip(self.chart.curves, self.names, strict=True)):
            _draw_curve(self.canv, self.frame, curve)
            self._draw_legend(number, curve.style, name)
        for limit in self.chart.limits:
            _draw_limit(self.canv, self.frame, limit)

    def _draw_axes(self) -> None:
        canvas, frame, chart = self.canv, self.frame, self.chart
        canvas.setStrokeColor(self.grid_colour)
        canvas.setFillColor(self.text_colour)
        canvas.setLineWidth(0.3)
        for volume in ticks(chart.top_volume):
            canvas.line(frame.left, frame.y(volume), frame.right, frame.y(volume))
            canvas.drawRightString(frame.left - 3, frame.y(volume) - 2, f"{volume:g}")
        for dose in ticks(chart.top_gy):
            canvas.line(frame.x(dose), frame.bottom, frame.x(dose), frame.top)
            canvas.drawCentredString(frame.x(dose), frame.bottom - 9, f"{dose:g}")
        canvas.drawCentredString((frame.left + frame.right) / 2, frame.bottom - 20, chart.dose_label)
        canvas.saveState()
        canvas.translate(8, (frame.bottom + frame.top) / 2)
        canvas.rotate(90)
        canvas.drawCentredString(0, 0, chart.volume_label)
        canvas.restoreState()

    def _draw_legend(self, number: int, style: LineStyle, name: str) -> None:
        x = _LEFT + number % _LEGEND_COLUMNS * (self.width - _LEFT) / _LEGEND_COLUMNS
        y = self.frame.bottom - _BELOW - (number // _LEGEND_COLUMNS + 0.5) * _LEGEND_LINE
        _set_stroke(self.canv, style)
        self.canv.line(x, y + 2, x + 22, y + 2)
        self.canv.setDash()
        self.canv.drawString(x + 26, y, name)


def _draw_curve(canvas: Canvas, frame: Frame, curve: ChartCurve) -> None:
    first_place, *later_places = frame.places(curve.value).tolist()
    path = canvas.beginPath()
    path.moveTo(*first_place)
    for place in later_places:
        path.lineTo(*place)
    _set_stroke(canvas, curve.style)
    canvas.drawPath(path)
    canvas.setDash()


def _set_stroke(canvas: Canvas, style: LineStyle) -> None:
    canvas.setStrokeColor(HexColor(style.colour))
    canvas.setLineWidth(style.width(_LINE_WIDTH))
    canvas.setDash(style.dash_lengths(_LINE_WIDTH))


def _draw_limit(canvas: Canvas, frame: Frame, limit: ChartLimit) -> None:
    """A triangle whose tip points to where the curve may be; filled and crossed where the limit is not kept."""
    x, y = frame.x(limit.point.dose_gy), frame.y(limit.point.volume_percent)
    tip = -_MARK if limit.point.side is Side.UNDER else _MARK
    colour = HexColor(limit.style.colour) if limit.style else black
    path = canvas.beginPath()
    path.moveTo(x - _MARK, y - 0.6 * tip)
    path.lineTo(x + _MARK, y - 0.6 * tip)
    path.lineTo(x, y + tip)
    path.close()
    canvas.setLineWidth(0.9)
    canvas.setStrokeColor(colour)
    canvas.setFillColor(colour if limit.is_broken else white)
    canvas.drawPath(path, stroke=1, fill=1)
    if limit.is_broken:
        canvas.setStrokeColor(black)
        reach = 1.7 * _MARK
        canvas.line(x - reach, y - reach, x + reach, y + reach)
        canvas.line(x - reach, y + reach, x + reach, y - reach)

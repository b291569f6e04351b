"""Chart -> text of an SVG: for paper and readers without script, and for a notebook.

Colours, widths and dashes are attributes, so that it needs no style sheet, which a notebook would leave out; a page
that has one may say otherwise by the classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sbrtcheck.chart.layout import Frame, ticks
from sbrtcheck.chart.line_styles import LineStyle
from sbrtcheck.chart.points import Side
from sbrtcheck.chart.values import Chart, ChartCurve, ChartLimit
from sbrtcheck.formatting import escaped
from sbrtcheck.plan import FloatArray

LINE_WIDTH = 1.9
"""Pixels; that of a target's is `line_styles.THICKER` times as wide."""

LEVELS = (0.9, 0.7, 0.5, 0.3, 0.1)
"""Shares of a structure's volume at which its curve has a marker."""

SPREAD = 0.16  # of the volume: markers of neighbouring curves are moved apart by up to that
WEDGE = 26.0  # pixels of shading on the allowed side of a limit

SHAPES = {"PASS": 0, "FAIL": 1, "VARIATION": 2, "RISK": 3, "MET": 5, "NOT_MET": 6}
"""Verdict of a row whose limit is drawn -> number of its marker; a row that was not evaluated has no limit there."""


# -------------------------------------------------------------------------------- one curve's style


def dash_array(style: LineStyle) -> str:
    """Lengths drawn and left out in pixels, as SVG has them: ``11.4 3.8``, or ``none``."""
    return " ".join(f"{length:g}" for length in style.dash_lengths(LINE_WIDTH)) or "none"


def line_width(style: LineStyle) -> str:
    """Width in pixels."""
    return f"{style.width(LINE_WIDTH):g}"


def sample(style: LineStyle, *, with_marker: bool = False) -> str:
    """A piece of a curve for a legend; the marker is one of the page's own symbols ``m-0`` to ``m-4``."""
    marker = _marker(style, "20", "7") if with_marker else ""
    return (
        '<svg class="swatch" width="40" height="14" viewBox="0 0 40 14" aria-hidden="true">'
        f"{_line(style, 'M1 7H39')}{marker}</svg>"
    )


def _line(style: LineStyle, path: str) -> str:
    target = " target" if style.is_target else ""
    return (
        f'<path class="line{target}" color="{style.colour}" fill="none" stroke="currentColor"'
        f' stroke-width="{line_width(style)}" stroke-dasharray="{dash_array(style)}" d="{path}"/>'
    )


def _marker(style: LineStyle, x: str, y: str) -> str:
    return f'<use class="marker" color="{style.colour}" href="#m-{style.marker}" x="{x}" y="{y}"/>'


# -------------------------------------------------------------------------------- axes and curves


def axes(chart: Chart, frame: Frame, *, height: float) -> str:
    """Lines across the plot with their numbers, and what the axes are; ``height`` is that of the whole drawing."""
    return "".join(_axes(chart, frame, height))


def _axes(chart: Chart, frame: Frame, height: float) -> Iterator[str]:
    line = 'class="grid" fill="none" stroke="currentColor" stroke-opacity=".15"'
    for dose in ticks(chart.top_gy):
        x = f"{frame.x(dose):.1f}"
        yield f'<path {line} d="M{x} {frame.top:g}V{frame.bottom:g}"/>'
        yield f'<text class="tick" x="{x}" y="{frame.bottom + 16:g}" text-anchor="middle">{dose:g}</text>'
    for volume in ticks(chart.top_volume):
        y = frame.y(volume)
        yield f'<path {line} d="M{frame.left:g} {y:.1f}H{frame.right:g}"/>'
        yield f'<text class="tick" x="{frame.left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{volume:g}</text>'
    middle, half = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    yield f'<text class="axis" x="{middle:g}" y="{height - 6:g}" text-anchor="middle">{chart.dose_label}</text>'
    turned = f"translate(14 {half:g}) rotate(-90)"
    yield f'<text class="axis" transform="{turned}" text-anchor="middle">{chart.volume_label}</text>'


def curves(chart: Chart, frame: Frame) -> str:
    """Every curve with its bounds shaded."""
    return "".join(f"<g><title>{escaped(curve.name)}</title>{_curve(curve, frame)}</g>" for curve in chart.curves)


def _curve(curve: ChartCurve, frame: Frame) -> str:
    outline = np.concatenate([frame.places(curve.upper), frame.places(curve.lower)[::-1]])
    bounds = (
        f'<path class="band" color="{curve.style.colour}" fill="currentColor" fill-opacity=".2" d="{path(outline)}Z"/>'
    )
    return f"{bounds}{_line(curve.style, path(frame.places(curve.value)))}"


def path(points: FloatArray) -> str:
    """Points, shape ``(n, 2)``, as an SVG path."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())


def markers(curve: ChartCurve, frame: Frame, *, place: int, curve_count: int) -> str:
    """Symbols along a curve, for readers who cannot tell colours apart; those of neighbours are moved apart.

    Parameters
    ----------
    curve
        The curve, of relative volumes.
    frame
        Where the axes are.
    place, curve_count
        Its place among the curves, and how many there are.
    """
    levels = [100.0 * (level + SPREAD * (place / max(curve_count, 1) - 0.5)) for level in LEVELS]
    line = curve.value
    doses: list[float] = np.interp([-level for level in levels], -line.volume, line.dose_gy).tolist()
    spots = zip(doses, levels, strict=True)
    return "".join(_marker(curve.style, f"{frame.x(dose):.1f}", f"{frame.y(level):.1f}") for dose, level in spots)


# -------------------------------------------------------------------------------- limits


def wedges(limits: Sequence[ChartLimit], frame: Frame) -> str:
    """A shade on the allowed side of each limit."""
    return "".join(_wedge(limit, frame) for limit in limits)


def _wedge(limit: ChartLimit, frame: Frame) -> str:
    x, y = _place(limit, frame)
    below, height = limit.point.side is Side.UNDER, WEDGE / 2 if limit.on_axis else WEDGE
    top = y - height if limit.on_axis else y if below else y - WEDGE
    corner = f'x="{x - WEDGE if below else x:.1f}" y="{top:.1f}" width="{WEDGE}" height="{height}"'
    return f'<rect class="wedge" color="{_colour(limit)}" fill="currentColor" fill-opacity=".13" {corner}/>'


def limits(chart_limits: Sequence[ChartLimit], frame: Frame) -> str:
    """A corner for each limit on the curve, an arrow on the axis for each on one dose, and the shape of its verdict."""
    return "".join(_limit(limit, frame) for limit in chart_limits)


def _limit(limit: ChartLimit, frame: Frame) -> str:
    x, y = _place(limit, frame)
    verdict = limit.verdict or ""
    classes = f"limit {verdict.lower()}{'' if limit.is_firm else ' soft'}"
    return (
        f'<g class="{classes}" color="{_colour(limit)}" transform="translate({x:.1f} {y:.1f})">'
        f'<title>{escaped(limit.text)}</title><path d="{_arms(limit)}"/><use href="#m-{SHAPES.get(verdict, 0)}"/></g>'
    )


def _place(limit: ChartLimit, frame: Frame) -> tuple[float, float]:
    return frame.x(limit.point.dose_gy), frame.y(0.0 if limit.on_axis else limit.point.volume_percent)


def _arms(limit: ChartLimit) -> str:
    """Path of the corner, or of the mark on the axis with its arrow; from its place."""
    below = limit.point.side is Side.UNDER
    if limit.on_axis:
        return "M0 0V-20H-10l3-3m-3 3l3 3" if below else "M0 0V-20H10l-3-3m3 3l-3 3"
    return "M0 0V-26M0 0H26" if below else "M0 0V26M0 0H-26"


def _colour(limit: ChartLimit) -> str:
    return limit.style.colour if limit.style else "currentColor"

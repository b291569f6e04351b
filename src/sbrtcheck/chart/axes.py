"""Chart -> matplotlib axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sbrtcheck.chart.points import CurvePoint, NotDrawn, Side
from sbrtcheck.chart.values import Chart, ChartCurve, ChartLimit
from sbrtcheck.errors import ArgumentError
from sbrtcheck.formatting import clean
from sbrtcheck.installation import install_command

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = {Side.UNDER: "v", Side.OVER: "^"}
_SIDE_TEXTS = {
    Side.UNDER: "constraint: the curve passes below or left",
    Side.OVER: "constraint: the curve passes above or right",
}
_OF_NO_CURVE = "black"  # a point of several structures together, which have no curve of their own here
_BOUNDS_ALPHA = 0.2


def draw(chart: Chart, ax: Axes | None = None) -> Axes:
    """Draw a chart on these axes, or on new ones."""
    if ax is not None and not all(hasattr(ax, method) for method in ("plot", "fill", "legend")):
        raise ArgumentError(f"axes cannot be of the type {type(ax).__name__}", hint="give axes of matplotlib")
    axes = ax if ax is not None else _new_axes()
    for curve in chart.curves:
        _draw_curve(axes, curve)
    for limit in chart.limits:
        _draw_limit(axes, limit, chart.volume_of(limit.point))
    _label(axes, chart)
    _legend(axes, [limit.point for limit in chart.limits])
    _list_left_out(axes, chart.left_out)
    return axes


def _new_axes() -> Axes:
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(f"sbrtcheck's plots need matplotlib: {install_command('plot')}") from error
    return plt.subplots(figsize=(9.0, 5.0), layout="constrained")[1]


def _draw_curve(axes: Axes, curve: ChartCurve) -> None:
    upper, lower, value, style = curve.upper, curve.lower, curve.value, curve.style
    doses = np.concatenate((upper.dose_gy, lower.dose_gy[::-1]))
    volumes = np.concatenate((upper.volume, lower.volume[::-1]))
    axes.fill(doses, volumes, color=style.colour, alpha=_BOUNDS_ALPHA, linewidth=0)
    (line,) = axes.plot(value.dose_gy, value.volume, color=style.colour, label=_legend_text(curve.name))
    line.set_linewidth(style.width(line.get_linewidth()))
    if style.dashes:
        line.set_dashes(style.dashes)


def _draw_limit(axes: Axes, limit: ChartLimit, volume: float | None) -> None:
    if volume is None:
        return
    point, colour = limit.point, limit.style.colour if limit.style else _OF_NO_CURVE
    (marker,) = axes.plot(
        [point.dose_gy],
        [volume],
        linestyle="none",
        marker=_MARKERS[point.side],
        markersize=8,
        color=colour,
        markerfacecolor=colour if point.counts else "none",
        clip_on=False,
        zorder=3,
        label="_nolegend_",
    )
    marker.set_gid(clean(f"{point.structure}: {point.label}"))


def _label(axes: Axes, chart: Chart) -> None:
    axes.set_xlabel(chart.dose_label)
    axes.set_ylabel(chart.volume_label)
    axes.set_xlim(left=0.0)
    axes.set_ylim(bottom=0.0)
    axes.grid(visible=True, alpha=0.3)


def _legend(axes: Axes, points: Sequence[CurvePoint]) -> None:
    """Curves by name, then what the markers mean; a marker that counts for nothing is hollow."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    for side, text in _SIDE_TEXTS.items():
        if any(point.side is side for point in points):
            handles += axes.plot([], [], linestyle="none", marker=_MARKERS[side], color="gray", label="_nolegend_")
            labels.append(text)
    if not all(point.counts for point in points):
        hollow = axes.plot([], [], linestyle="none", marker="v", color="gray", markerfacecolor="none")
        handles += hollow
        labels.append("hollow: does not count for a verdict")
    axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize="small")


def _legend_text(name: str) -> str:
    """A name as matplotlib shows it: a dollar would start a formula, and a leading underscore hides a label."""
    text = clean(name).replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def _list_left_out(axes: Axes, left_out: Sequence[NotDrawn]) -> None:
    """A constraint that is not in the picture must not look as if it were kept."""
    count_by_reason = Counter(constraint.reason for constraint in left_out)
    if count_by_reason:
        reasons = "; ".join(f"{number} × {reason}" for reason, number in count_by_reason.most_common())
        axes.set_title(f"Not drawn: {reasons}".replace("$", r"\$"), fontsize="x-small", loc="left", wrap=True)

"""DVHs and limits of a report -> the chart of its PDF."""

from __future__ import annotations

from reportlab.platypus import Flowable

from sbrtcheck.chart.pdf import ChartOnPage
from sbrtcheck.chart.values import Chart, chart_of
from sbrtcheck.dvh import roi_names
from sbrtcheck.dvh.charts import dvh_curve, styled_dvhs
from sbrtcheck.render.pdf.style import FAINT, PLAIN, RULE, in_visual_order, printable
from sbrtcheck.results import Report
from sbrtcheck.results.points import chart_limits, given_targets

_MAX_NAME = 34  # characters

NOTE = (
    "Thick lines are those of targets. Points are limits: the curve of that colour has to pass below and left of a"
    " triangle that points down, above and right of one that points up. A limit that is not kept is filled and crossed."
)


def dvh_chart(report: Report, width: float) -> Flowable | None:
    """Cumulative DVHs in percent of the volume, their limits as points, a legend below; None when there are none."""
    chart = report_chart(report)
    if not chart.curves:
        return None
    names = [_short_name(curve.name) for curve in chart.curves]
    return ChartOnPage(chart, names=names, width=width, font=PLAIN, text_colour=FAINT, grid_colour=RULE)


def report_chart(report: Report) -> Chart:
    """What the chart shows: of each row the limit itself, where it is a point on a curve."""
    styled = styled_dvhs(report.dvhs.with_close_curves().dvhs, roi_names(report.dvhs), given_targets(report.names))
    limits = chart_limits(report.outcomes, styled)
    return chart_of(
        [dvh_curve(dvh, style) for dvh, style in styled],
        [limit for limit in limits if limit.on_curve and not limit.is_variation],
        volume_label="Volume [% of the structure]",
    )


def _short_name(name: str) -> str:
    """A name as printed, cut where it would run into the next column."""
    text = printable(name)
    return in_visual_order(text if len(text) <= _MAX_NAME else f"{text[:_MAX_NAME]}...")

"""DVHs of a plan -> HTML for a notebook: the curves as SVG, and a summary that is their legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sbrtcheck.chart import svg
from sbrtcheck.chart.layout import frame_of
from sbrtcheck.chart.line_styles import LineStyle
from sbrtcheck.chart.values import Chart
from sbrtcheck.dvh.charts import Styled, dvh_chart
from sbrtcheck.dvh.curve import Bounds
from sbrtcheck.dvh.dvh import DVH, NoDVH, Origin
from sbrtcheck.dvh.model import Interpolation, Model
from sbrtcheck.formatting import bounds_text, escaped, html_details, html_lines, html_table, number_text
from sbrtcheck.plan import Finding

WIDTH, HEIGHT = 640, 320
LEFT, TOP, RIGHT, BOTTOM = 55, 10, 630, 275
"""Where the axes are."""

_HEADINGS = (
    "",
    "Structure",
    "Volume",
    "Mean [Gy]",
    "Min [Gy]",
    "Max [Gy]",
    "D95% [Gy]",
    "D2% [Gy]",
    "Outside grid [cc]",
)


def dvhs_html(
    styled: Sequence[Styled], *, without: Sequence[NoDVH], findings: Sequence[Finding], origin: Origin, model: Model
) -> str:
    """The curves, a row a structure with the bounds of each number, and what was noticed; everything escaped.

    Parameters
    ----------
    styled
        The DVHs in the order in which they are listed, each with the style of its curve.
    without
        Structures that have no DVH.
    findings
        What was noticed of the plan.
    origin, model
        Where the DVHs come from, and for those computed here, how.
    """
    dvhs = [dvh for dvh, _ in styled]
    lacking = [
        f"{no_dvh.name}: no DVH, {no_dvh.reason}{f' ({no_dvh.detail})' if no_dvh.detail else ''}" for no_dvh in without
    ]
    noticed = dict.fromkeys((*findings, *(finding for dvh in dvhs for finding in dvh.findings)))
    lines = [f"{finding.subject}: {finding.text}" if finding.subject else finding.text for finding in noticed]
    drawing = _svg(dvh_chart(styled)) if styled else ""
    return (
        f"<div>{drawing}{html_table(_HEADINGS, [_row(dvh, style) for dvh, style in styled])}"
        f"{html_lines(lacking)}{html_details('Findings', html_lines(lines))}"
        f"{html_lines([_origin_text(dvhs, origin, model)])}</div>"
    )


def _svg(chart: Chart) -> str:
    frame = frame_of(chart, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" style="max-width:100%;height:auto" role="img" '
        f'aria-label="Cumulative dose-volume histograms" font-size="12" fill="currentColor">'
        f"{svg.axes(chart, frame, height=HEIGHT)}{svg.curves(chart, frame)}</svg>"
    )


def _origin_text(dvhs: Sequence[DVH], origin: Origin, model: Model) -> str:
    count = "1 structure" if len(dvhs) == 1 else f"{len(dvhs)} structures"
    if not any(dvh.model for dvh in dvhs):
        return f"{count}, DVHs {origin}"
    dose = "trilinear" if model.dose is Interpolation.TRILINEAR else "cubic"
    return f"{count}, DVHs computed: {model.between}, end caps {model.end_caps}, dose {dose} between grid points"


def _row(dvh: DVH, style: LineStyle) -> Sequence[str]:
    doses = (dvh.mean_gy, dvh.min_gy, dvh.max_gy, *dvh.dose_at_volumes(np.array([0.95, 0.02]) * dvh.volume))
    return (
        svg.sample(style),
        escaped(dvh.name),
        escaped(f"{number_text(dvh.volume)} {dvh.volume_unit}"),
        *(escaped(_bounds_text(dose)) for dose in doses),
        escaped(number_text(dvh.uncovered_cc)),
    )


def _bounds_text(bounds: Bounds) -> str:
    return bounds_text(bounds.value, bounds.low, bounds.high)

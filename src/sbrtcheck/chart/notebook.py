"""DVHSet -> HTML for a notebook: the curves as SVG, and a summary that is their legend."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from sbrtcheck.chart.line_styles import Look, look
from sbrtcheck.dvh import DVH, Bounds, Curve, DVHSet, Interpolation
from sbrtcheck.dvh.targets import targets_first
from sbrtcheck.formatting import bounds_text, escaped, html_details, html_lines, html_table, number_text
from sbrtcheck.plan import FloatArray

_WIDTH, _HEIGHT = 640, 320
_LEFT, _TOP, _RIGHT, _BOTTOM = 55, 10, 630, 275  # of the frame of the axes
_POINTS = 128  # a curve, evenly spaced in dose: less than a pixel of the drawing is lost
_DOSE_TICKS = 6
_WIDTH_OF_LINE = 2
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


def dvhs_html(dvhs: DVHSet) -> str:
    """The curves, a row a structure with the bounds of each number, and what was noticed; everything escaped.

    Targets come first, and their curves are thicker.
    """
    shown = targets_first(dvhs.dvhs, dvhs)
    drawn = [(dvh, look(number, is_target=is_target)) for number, (dvh, is_target) in enumerate(shown)]
    rows = [_row(dvh, its) for dvh, its in drawn]
    lacking = [f"{one.name}: no DVH, {one.reason}{f' ({one.detail})' if one.detail else ''}" for one in dvhs.without]
    noticed = dict.fromkeys((*dvhs.findings, *(finding for dvh in dvhs.dvhs for finding in dvh.findings)))
    lines = [f"{one.subject}: {one.text}" if one.subject else one.text for one in noticed]
    return (
        f"<div>{_svg(drawn)}{html_table(_HEADINGS, rows)}"
        f"{html_lines(lacking)}{html_details('Findings', html_lines(lines))}{html_lines([_said(dvhs)])}</div>"
    )


def _said(dvhs: DVHSet) -> str:
    count = "1 structure" if len(dvhs) == 1 else f"{len(dvhs)} structures"
    if not any(dvh.model for dvh in dvhs.dvhs):
        return f"{count}, DVHs {dvhs.origin}"
    model = dvhs.model
    dose = "trilinear" if model.dose is Interpolation.TRILINEAR else "cubic"
    return f"{count}, DVHs computed: {model.between}, end caps {model.end_caps}, dose {dose} between grid points"


def _row(dvh: DVH, its: Look) -> Sequence[str]:
    bands = (dvh.mean_gy, dvh.min_gy, dvh.max_gy, *dvh.dose_at_volumes(np.array([0.95, 0.02]) * dvh.volume))
    return (
        _sample(its),
        escaped(dvh.name),
        escaped(f"{number_text(dvh.volume)} {dvh.volume_unit}"),
        *(escaped(_band_text(band)) for band in bands),
        escaped(number_text(dvh.uncovered_cc)),
    )


def _band_text(band: Bounds) -> str:
    return bounds_text(band.value, band.low, band.high)


# -------------------------------------------------------------------------------- SVG


def _sample(its: Look) -> str:
    return f'<svg width="28" height="12" aria-hidden="true"><path d="M0 6H28" {_stroke(its)}/></svg>'


def _stroke(its: Look) -> str:
    width = _WIDTH_OF_LINE * its.thickness
    dashes = " ".join(f"{width * length:g}" for length in its.dashes)  # SVG counts pixels
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'fill="none" stroke="{its.colour}" stroke-width="{width:g}"{dashed}'


def _svg(drawn: Sequence[tuple[DVH, Look]]) -> str:
    """Cumulative curves in percent of each structure's volume, with their bounds shaded; nothing without curves."""
    if not drawn:
        return ""
    top_gy = max(float(dvh.upper.dose_gy[-1]) for dvh, _ in drawn) or 1.0
    curves = "".join(_drawn(dvh, its, top_gy) for dvh, its in drawn)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%;height:auto" role="img" '
        f'aria-label="Cumulative dose-volume histograms" font-size="12" fill="currentColor">'
        f"{''.join(_axes(top_gy))}{curves}</svg>"
    )


def _drawn(dvh: DVH, its: Look, top_gy: float) -> str:
    doses = np.linspace(0.0, top_gy, _POINTS)
    upper, lower = (_points(curve, doses, dvh.volume, top_gy) for curve in (dvh.upper, dvh.lower))
    band = f'<path d="M{upper} L{" ".join(reversed(lower.split()))}Z" fill="{its.colour}" opacity=".2"/>'
    line = f'<path d="M{_points(dvh.curve, doses, dvh.volume, top_gy)}" {_stroke(its)}/>'
    return f"<g><title>{escaped(dvh.name)}</title>{band}{line}</g>"


def _points(curve: Curve, doses: FloatArray, volume: float, top_gy: float) -> str:
    shares = np.clip(curve.volume_at(doses) / volume, 0.0, 1.0)
    pairs = zip(doses.tolist(), shares.tolist(), strict=True)
    return " ".join(f"{_x(dose, top_gy):.1f},{_y(share):.1f}" for dose, share in pairs)


def _x(dose_gy: float, top_gy: float) -> float:
    return _LEFT + dose_gy / top_gy * (_RIGHT - _LEFT)


def _y(share: float) -> float:
    return _BOTTOM - share * (_BOTTOM - _TOP)


def _axes(top_gy: float) -> Iterator[str]:
    frame = f"M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}"
    yield f'<path d="{frame}" fill="none" stroke="currentColor"/>'
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{percent}</text>'
        yield f'<path d="M{_LEFT} {y:.1f}H{_RIGHT}" stroke="currentColor" opacity=".15"/>'
    step = _step(top_gy)
    for number in range(int(top_gy / step) + 1):
        x = _x(number * step, top_gy)
        yield f'<text x="{x:.1f}" y="{_BOTTOM + 16}" text-anchor="middle">{number * step:g}</text>'
    middle = (_TOP + _BOTTOM) / 2
    yield f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">Dose [Gy]</text>'
    yield f'<text transform="translate(14,{middle}) rotate(-90)" text-anchor="middle">Volume [%]</text>'


def _step(top_gy: float) -> float:
    """A round distance of ticks: 1, 2 or 5 times a power of ten, about six of them."""
    least = top_gy / _DOSE_TICKS
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= least * (1 - 1e-9))

"""Curves, limits and axes of one DVH chart as frozen values, whatever draws it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.chart.line_styles import LineStyle
from sbrtcheck.chart.points import CurvePoint, NotDrawn
from sbrtcheck.plan import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Corners of a cumulative curve: doses in Gy, rising, and volumes in the unit of the chart; both shape ``(n,)``."""

    dose_gy: FloatArray
    volume: FloatArray


def cumulative_line(dose_gy: FloatArray, volume: FloatArray) -> Line:
    """A cumulative curve from 0 Gy to no volume.

    Below its least dose a structure has its whole volume, and above its largest none: the corners for that are added
    where they are lacking.
    """
    if dose_gy[0] > 0.0:
        dose_gy, volume = np.insert(dose_gy, 0, 0.0), np.insert(volume, 0, volume[0])
    if volume[-1] > 0.0:
        dose_gy, volume = np.append(dose_gy, dose_gy[-1]), np.append(volume, 0.0)
    return Line(dose_gy=dose_gy, volume=volume)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartCurve:
    """The curve of one structure, and the curves that bound its numerical error."""

    name: str
    style: LineStyle
    value: Line
    lower: Line
    upper: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLimit:
    """A limit in a chart, with the style of its structure's curve.

    Parameters
    ----------
    point
        Its place, and the side on which the curve has to pass.
    style
        None where several structures are meant together, which have no curve of their own.
    row
        Number of the row of the report, from 0; None where nothing was judged.
    verdict
        What that row came to; None where nothing was judged.
    text
        Limit, value and verdict in one line.
    is_broken
        Whether the value breaks the limit.
    is_variation
        Whether it is the acceptable variation beside the limit of the row.
    is_firm
        Whether it counts for the overall verdict.
    on_curve, on_axis
        Whether it is a point that the curve has to pass, and whether it is a limit on one dose of the structure
        (mean, largest ...), which can be marked on the axis of doses. That on the largest dose is both.
    """

    point: CurvePoint
    style: LineStyle | None
    row: int | None = None
    verdict: str | None = None
    text: str = ""
    is_broken: bool = False
    is_variation: bool = False
    is_firm: bool = True
    on_curve: bool = True
    on_axis: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything that one chart shows.

    Parameters
    ----------
    curves, limits
        Curves and limits in the order in which they are drawn.
    relative
        Whether volumes are percent of each structure's; else cc.
    top_gy, top_volume
        Where the axes end; they begin at 0.
    dose_label, volume_label
        The texts at the axes.
    left_out
        Constraints that are not in the chart, and why.
    """

    curves: tuple[ChartCurve, ...]
    limits: tuple[ChartLimit, ...]
    relative: bool
    top_gy: float
    top_volume: float
    dose_label: str
    volume_label: str
    left_out: tuple[NotDrawn, ...] = ()

    def volume_of(self, point: CurvePoint) -> float | None:
        """The volume of a point in the unit of the chart; None where it has none in cc."""
        return point.volume_percent if self.relative else point.volume_cc


def chart_of(
    curves: Iterable[ChartCurve],
    limits: Iterable[ChartLimit] = (),
    *,
    relative: bool = True,
    dose_label: str = "Dose [Gy]",
    volume_label: str = "",
    left_out: Sequence[NotDrawn] = (),
) -> Chart:
    """The chart of these curves and limits, its axes as long as they need.

    Relative volumes go to 100 %. The doses go as far as the furthest curve, bound or limit; to 1 Gy where none is
    above 0.
    """
    all_curves, all_limits = tuple(curves), tuple(limits)
    furthest = [float(curve.upper.dose_gy[-1]) for curve in all_curves] + [limit.point.dose_gy for limit in all_limits]
    largest = [float(curve.upper.volume[0]) for curve in all_curves]
    return Chart(
        curves=all_curves,
        limits=all_limits,
        relative=relative,
        top_gy=max(furthest, default=0.0) or 1.0,
        top_volume=100.0 if relative else max(largest, default=0.0) or 1.0,
        dose_label=dose_label,
        volume_label=volume_label or ("Volume [%]" if relative else "Volume [cc]"),
        left_out=tuple(left_out),
    )

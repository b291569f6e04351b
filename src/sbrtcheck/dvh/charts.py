"""DVHs in; the styles, curves and limits of their chart out, as the values that `sbrtcheck.chart` draws."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sbrtcheck.chart.line_styles import LineStyle, line_style
from sbrtcheck.chart.points import CurvePoint, NotDrawn
from sbrtcheck.chart.values import Chart, ChartCurve, ChartLimit, Line, chart_of, cumulative_line
from sbrtcheck.dvh.curve import Curve, VolumeUnit
from sbrtcheck.dvh.dvh import DVH
from sbrtcheck.errors import ArgumentError
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import RoiName, all_targets

Styled = tuple[DVH, LineStyle]


def styled_dvhs(
    dvhs: Sequence[DVH], rois: Sequence[RoiName], names: Mapping[str, str] | None = None
) -> tuple[Styled, ...]:
    """The DVHs of a plan in the order in which they are drawn, those of targets first, each with its style.

    The style depends on the place among all DVHs of the plan, which is the same in every chart.

    Parameters
    ----------
    dvhs
        All of the plan; those of no volume are not drawn.
    rois
        Its structures, with a DVH or without.
    names
        Organ to structure name, as the user gave it: a structure of any name may be a target.
    """
    targets = {(roi.name, roi.number) for roi in all_targets(tuple(rois), names)}
    styled = [
        (dvh, line_style(place, is_target=(dvh.name, dvh.number) in targets))
        for place, dvh in enumerate(dvhs)
        if dvh.volume > 0
    ]
    return tuple(sorted(styled, key=lambda entry: not entry[1].is_target))


def dvh_curve(dvh: DVH, style: LineStyle, *, relative: bool = True) -> ChartCurve:
    """The curve of a DVH with its bounds, in percent of its volume or in its own unit."""
    scale = 100.0 / dvh.volume if relative else 1.0
    value, lower, upper = (_line(curve, scale) for curve in (dvh.curve, dvh.lower, dvh.upper))
    return ChartCurve(name=dvh.name, style=style, value=value, lower=lower, upper=upper)


def _line(curve: Curve, scale: float) -> Line:
    return cumulative_line(curve.dose_gy, curve.volume * scale)


def dvh_chart(
    styled: Sequence[Styled],
    *,
    points: Sequence[CurvePoint] = (),
    left_out: Sequence[NotDrawn] = (),
    structures: Collection[str] | None = None,
    relative: bool = True,
) -> Chart:
    """The chart of DVHs and of points that their curves have to pass, as `DVHSet.plot` draws it.

    Raises
    ------
    ArgumentError
        There is no DVH of a name in ``structures``, or no absolute volume to draw.
    """
    chosen = [entry for entry in styled if structures is None or entry[0].name in structures]
    _check_structures(structures, {dvh.name for dvh, _ in styled})
    if not relative:
        _check_volumes([dvh for dvh, _ in chosen])
    styles = {dvh.name: style for dvh, style in chosen}
    chosen_points = [point for point in points if structures is None or point.structure in styles]
    no_volume = [] if relative else [point for point in chosen_points if point.volume_cc is None]
    return chart_of(
        [dvh_curve(dvh, style, relative=relative) for dvh, style in chosen],
        [
            ChartLimit(point=point, style=styles.get(point.structure))
            for point in chosen_points
            if point not in no_volume
        ],
        relative=relative,
        dose_label=_dose_label([dvh for dvh, _ in chosen]),
        left_out=[*left_out, *(NotDrawn(label=point.label, reason="no absolute volume") for point in no_volume)],
    )


def _check_structures(names: Collection[str] | None, known_names: Collection[str]) -> None:
    if unknown := sorted(set(names or ()) - set(known_names)):
        known_text = ", ".join(sorted(known_names)) or "none"
        raise ArgumentError(f"there is no DVH of {', '.join(map(repr, unknown))}", hint=f"there are: {known_text}")


def _check_volumes(dvhs: Sequence[DVH]) -> None:
    if lacking := [dvh.name for dvh in dvhs if dvh.volume_unit is not VolumeUnit.CC]:
        what = f"the planning system stored no absolute volume of {', '.join(lacking)}"
        raise ArgumentError(what, hint="use relative=True")


def _dose_label(dvhs: Sequence[DVH]) -> str:
    """What the doses are, where all are of one kind."""
    quantities = {dvh.quantity for dvh in dvhs}
    quantity = quantities.pop() if len(quantities) == 1 else Quantity.PHYSICAL
    return "Dose [Gy]" if quantity is Quantity.PHYSICAL else f"{quantity} [Gy]"

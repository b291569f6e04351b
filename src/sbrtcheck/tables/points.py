"""A row and a DVH, or rows and the DVHs of a plan -> points that the curves have to pass on one side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sbrtcheck.chart.points import CurvePoint, NotDrawn, Side
from sbrtcheck.dvh import DERIVED_NUMBER, DVH, DVHSet, NoDVH, Reason, VolumeUnit, roi_names, separate_targets
from sbrtcheck.metric import DoseAtVolume, DoseStatistic, EquivalentUniformDose, Stat, Unit, VolumeAtDose
from sbrtcheck.plan import Prescription, Sex
from sbrtcheck.structure_names import TARGETS, Ambiguous, Match, match
from sbrtcheck.tables.limits import LimitByVolume
from sbrtcheck.tables.values import Choice, Constraint, Select

_AT_PERCENT = {Stat.MAX: 0.0, Stat.MEDIAN: 50.0, Stat.MIN: 100.0}


def row_points(
    rows: Sequence[Constraint], dvhs: DVHSet, names: Mapping[str, str] | None
) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
    """The rows of a table that are points on these DVHs, and those that are none."""
    points = [point for row in rows for point in _points_of(row, dvhs, names)]
    return (
        tuple(point for point in points if isinstance(point, CurvePoint)),
        tuple(point for point in points if isinstance(point, NotDrawn)),
    )


def _points_of(row: Constraint, dvhs: DVHSet, names: Mapping[str, str] | None) -> Iterator[CurvePoint | NotDrawn]:
    if row.sex is not None and isinstance(dvhs.sex, Sex) and row.sex is not dvhs.sex:
        return  # the row is not for this plan: a report does not have it either
    if reason := _only_in_report(row, dvhs):
        yield NotDrawn(label=str(row.metric), reason=f"{reason} (plot the report)")
        return
    assert not isinstance(row.limit, LimitByVolume)  # noqa: S101 - for the type checker: that is a reason
    for dvh in _dvhs_for(row, dvhs, names):
        counts = row.counts(include_unconfirmed=False)
        yield dvh if isinstance(dvh, NotDrawn) else curve_point(row, dvh, limit=row.limit, counts=counts)


def _only_in_report(row: Constraint, dvhs: DVHSet) -> str:
    """Why the limit, or the structure that it is on, is known only once the row is judged; "" where it is known."""
    if isinstance(row.limit, LimitByVolume):
        return "limit depends on a volume"
    if row.side is not None:
        return f"limit is for the {row.side} organ"
    if row.sex is not None and not isinstance(dvhs.sex, Sex):
        return f"limit is for a {row.sex} patient"
    return ""


# -------------------------------------------------------------------------------- one point


def curve_point(row: Constraint, dvh: DVH, *, limit: float, counts: bool) -> CurvePoint | NotDrawn:
    """The point of a row on the curve of a structure, with the limit that holds for the plan, in the metric's unit."""
    return _point(row, dvh, limit, _place_on_curve(row, dvh, limit), counts=counts)


def axis_point(row: Constraint, dvh: DVH, *, limit: float, counts: bool) -> CurvePoint | NotDrawn:
    """The limit of a row on one dose of a structure (mean, largest, smallest, gEUD) as a point on the axis of doses."""
    return _point(row, dvh, limit, _place_on_axis(row, dvh, limit), counts=counts)


_Place = tuple[float, float, bool]
"""Dose in Gy, volume in percent of the structure's, and whether the curve has to pass under the point."""


def _point(row: Constraint, dvh: DVH, limit: float, place: _Place | str, *, counts: bool) -> CurvePoint | NotDrawn:
    """The point at a place, or the reason why there is none."""
    label = f"{row.metric} {row.sense.replace('_', ' ')} {limit:g}"
    if (row.quantity, row.alpha_beta_gy) != (dvh.quantity, dvh.alpha_beta_gy):
        return NotDrawn(label=label, reason="another kind of dose")
    if isinstance(place, str):
        return NotDrawn(label=label, reason=place)
    dose_gy, percent, passes_under = place
    return CurvePoint(
        structure=dvh.name,
        label=label,
        dose_gy=dose_gy,
        volume_percent=percent,
        volume_cc=percent / 100.0 * dvh.volume if dvh.volume_unit is VolumeUnit.CC else None,
        side=Side.UNDER if passes_under else Side.OVER,
        counts=counts,
    )


def _place_on_curve(row: Constraint, dvh: DVH, limit: float) -> _Place | str:
    match row.metric:
        case DoseAtVolume() as metric:
            dose_gy = _in_gy(limit, metric.unit, dvh)
            percent = _in_percent(metric.volume, metric.volume_unit, dvh)
            cold, passes_under = metric.cold, row.is_upper_limit
        case VolumeAtDose() as metric:
            dose_gy = _in_gy(metric.dose, metric.dose_unit, dvh)
            percent = _in_percent(limit, metric.unit, dvh)
            cold, passes_under = metric.cold, row.is_upper_limit != metric.cold  # much cold volume: little dose
        case DoseStatistic(stat=Stat.MAX | Stat.MEDIAN | Stat.MIN as stat) as metric:
            dose_gy = _in_gy(limit, metric.unit, dvh)
            percent = _AT_PERCENT[stat]
            cold, passes_under = False, row.is_upper_limit
        case _:
            return "no point on a curve"
    if isinstance(dose_gy, str):
        return dose_gy
    if isinstance(percent, str):
        return percent
    if percent > 100.0:
        return str(Reason.VOLUME_TOO_SMALL)
    return dose_gy, 100.0 - percent if cold else percent, passes_under


def _place_on_axis(row: Constraint, dvh: DVH, limit: float) -> _Place | str:
    match row.metric:
        case DoseStatistic(stat=Stat.MEAN | Stat.MAX | Stat.MIN, unit=unit) | EquivalentUniformDose(unit=unit):
            dose_gy = _in_gy(limit, unit, dvh)
            return dose_gy if isinstance(dose_gy, str) else (dose_gy, 0.0, row.is_upper_limit)
        case _:
            return "no limit on one dose"


def _in_gy(dose: float, unit: Unit, dvh: DVH) -> float | str:
    """A dose of a metric or limit in Gy; or why it is none."""
    if unit is Unit.GY:
        return dose
    rx = dvh.prescription
    return dose / 100.0 * rx.dose_gy if isinstance(rx, Prescription) else str(Reason.PRESCRIPTION_UNKNOWN)


def _in_percent(volume: float, unit: Unit, dvh: DVH) -> float | str:
    """A volume in percent of the structure's; or why it is none."""
    if unit is Unit.PERCENT:
        return volume
    return volume / dvh.volume * 100.0 if dvh.volume_unit is VolumeUnit.CC else "no absolute volume"


# -------------------------------------------------------------------------------- which DVHs


def _dvhs_for(row: Constraint, dvhs: DVHSet, names: Mapping[str, str] | None) -> list[DVH | NotDrawn]:
    """The DVHs that a row is on, by its ``select``: each organ, the first that is there, or all as one."""
    if row.select is Select.UNION:
        return [_union_dvh(row.structures, row, dvhs, names)]
    if row.select is Select.FIRST:
        by_choice = (_dvhs_of_choice(choice, row, dvhs, names) for choice in row.choices)
        return next((found for found in by_choice if found[0] != _not_in_plan(row)), [_not_in_plan(row)])
    return [dvh for organ in row.structures for dvh in _dvhs_of_organ(organ, row, dvhs, names)]


def _dvhs_of_choice(
    choice: Choice, row: Constraint, dvhs: DVHSet, names: Mapping[str, str] | None
) -> list[DVH | NotDrawn]:
    required = [dvh for organ in choice.required for dvh in _dvhs_of_organ(organ, row, dvhs, names)]
    if len(choice.structures) == 1 or all(dvh == _not_in_plan(row) for dvh in required):
        return required
    return [_union_dvh(choice.structures, row, dvhs, names)]


def _union_dvh(organs: Sequence[str], row: Constraint, dvhs: DVHSet, names: Mapping[str, str] | None) -> DVH | NotDrawn:
    by_organ = (_dvhs_of_organ(organ, row, dvhs, names) for organ in organs)
    parts = [part for several in by_organ for part in several if part != _not_in_plan(row)]
    together = {(part.name, part.number): part for part in parts if isinstance(part, DVH)}
    if not parts or any(isinstance(part, NotDrawn) for part in parts):
        return next((part for part in parts if isinstance(part, NotDrawn)), _not_in_plan(row))
    whole = dvhs.union(tuple(together.values()))
    return NotDrawn(label=str(row.metric), reason=str(whole.reason)) if isinstance(whole, NoDVH) else whole


def _dvhs_of_organ(organ: str, row: Constraint, dvhs: DVHSet, names: Mapping[str, str] | None) -> list[DVH | NotDrawn]:
    """The DVH of an organ, or of each separate target; or why there is none."""
    several = separate_targets(dvhs.plan, organ, names) if dvhs.plan and organ in TARGETS else ()
    if several:
        return [_dvh_of_structure(roi.name, roi.number, row, dvhs) for roi in several]
    organ_match = match(organ, roi_names(dvhs), names)
    if isinstance(organ_match, Ambiguous):
        return [NotDrawn(label=str(row.metric), reason=str(Reason.STRUCTURE_AMBIGUOUS))]
    name, number = (
        (organ_match.roi.name, organ_match.roi.number) if isinstance(organ_match, Match) else (organ, DERIVED_NUMBER)
    )
    return [_dvh_of_structure(name, number, row, dvhs)]


def _dvh_of_structure(name: str, number: int, row: Constraint, dvhs: DVHSet) -> DVH | NotDrawn:
    of_structure = (dvh for dvh in dvhs.dvhs if (dvh.name, dvh.number) == (name, number))
    return next(of_structure, _not_in_plan(row))


def _not_in_plan(row: Constraint) -> NotDrawn:
    return NotDrawn(label=str(row.metric), reason=str(Reason.STRUCTURE_MISSING))

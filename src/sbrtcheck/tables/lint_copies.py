"""Row of a table -> remarks on numbers that bundled tables have for the organ, but elsewhere: a slip in copying.

One digit too many in a volume or a dose, two digits in the wrong order, the dose of a smaller volume, Gy and percent
of the prescription changed about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sbrtcheck.metric import DoseAtVolume, DoseStatistic, Stat, Unit, VolumeAtDose
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables.lint_numbers import hot_cc
from sbrtcheck.tables.slips import Slip, error, first_limit, is_target, summary, warning
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint
from sbrtcheck.tables.yardsticks import POINT_CC, SHARE_CC, Yardsticks

_TENFOLD, _HUNDREDFOLD = 10.0, 100.0
_WELL_ABOVE = 1.3  # as in ``lint_numbers``
_POINT = "is the decimal point in its place?"

Check = Callable[[ConstraintTable, Constraint, Yardsticks], Iterator[Slip]]


def _volume_of_other_size(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The dose that bundled tables have for a tenth or a hundredth of the volume: a slip of the decimal point."""
    for volume, dose, limits in _hot_of_organ(table, row, usual):
        meant = [cc for cc, gy in limits if gy == dose and _is_slip(cc, volume)]
        if not meant or any(cc == volume and gy == dose for cc, gy in limits):
            continue
        # somebody may well allow as much dose to that much of the organ, and one source limits 0.35 cc as another does
        # the maximum; where nobody does, for a volume that nobody uses, and it is no maximum, it is a slip
        nobody = not any(volume / 2 <= cc < SHARE_CC and gy >= dose for cc, gy in limits)
        nobody &= all(volume not in volumes for volumes in usual.hot_cc.values())
        what = f"{summary(row)}: bundled tables have {dose:g} Gy to {max(meant):g} cc of {row.structures[0]}"
        yield (error if nobody and max(meant) > POINT_CC else warning)(what, _POINT)


def _volume_at_tenfold_dose(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The volume that bundled tables allow at a tenth of the dose: a slip of the decimal point."""
    metric, limit = row.metric, first_limit(row)
    if not isinstance(metric, VolumeAtDose) or is_target(row) or row.is_upper_limit == metric.cold:
        return
    meant = str(replace(metric, dose=metric.dose / _TENFOLD))
    tables = usual.tables_with(row, meant, limit)
    if tables and not usual.tables_with(row, str(metric), limit):
        yield warning(f"{summary(row)}, where {min(tables)} has '{meant}' with the same limit", _POINT)


def _is_slip(smaller: float, larger: float) -> bool:
    return any(abs(factor * smaller - larger) < 1e-9 * larger for factor in (_TENFOLD, _HUNDREDFOLD))


def _dose_of_smaller_volume(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The dose that bundled tables have for a smaller volume, where they have less for this one."""
    for volume, dose, limits in _hot_of_organ(table, row, usual):
        here = [gy for cc, gy in limits if cc == volume]
        smaller = [cc for cc, gy in limits if cc < volume and gy == dose]
        if volume > POINT_CC and here and smaller and dose > _WELL_ABOVE * max(here):
            what = (
                f"{summary(row)}: bundled tables have {dose:g} Gy to {max(smaller):g} cc of {row.structures[0]}, and "
            )
            yield warning(f"{what}{max(here):g} Gy to {volume:g} cc", "is it from the line of another volume?")


def _digits_changed_about(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """More dose than any bundled table has for the volume, by the digits of one that they do have."""
    for volume, dose, limits in _hot_of_organ(table, row, usual):
        here = [gy for cc, gy in limits if cc == volume or max(cc, volume) <= POINT_CC]
        if not here or dose <= max(here):
            continue
        meant = [gy for gy in here if f"{gy:g}" in _changed_about(f"{dose:g}")]
        if meant:
            what = f"{summary(row)} has the digits of {max(meant):g}, which bundled tables have; none has more than "
            yield warning(f"{what}{max(here):g} Gy", "compare with the source")


def _changed_about(number: str) -> set[str]:
    """The number with two neighbouring digits changed about, the decimal point in its place."""
    digits, point = number.replace(".", ""), number.find(".")
    changed = (digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :] for at in range(len(digits) - 1))
    return {one if point < 0 else f"{one[:point]}.{one[point:]}" for one in changed} - {number}


def _hot_of_organ(
    table: ConstraintTable, row: Constraint, usual: Yardsticks
) -> Iterator[tuple[float, float, list[tuple[float, float]]]]:
    """Volume and dose of a row that limits hot cc of an organ, and what bundled tables have for it; else nothing."""
    volume, dose = hot_cc(row)
    match row.metric:
        case DoseStatistic(stat=Stat.MAX, unit=Unit.GY):
            volume, dose = 0.0, first_limit(row)
        case DoseAtVolume(unit=Unit.GY) if dose is not None:
            dose = first_limit(row)  # without its acceptable variation, which has rules of its own
        case VolumeAtDose() if volume is not None:
            volume = first_limit(row)
        case _:
            return
    if volume is None or dose is None or is_target(row) or not row.is_upper_limit:
        return
    if row.quantity is Quantity.PHYSICAL and (limits := usual.hot_limits(row, max(table.fractions, default=0))):
        yield volume, dose, limits


def _limit_is_its_volume(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A dose limit that is the number of the volume."""
    match row.metric:
        case DoseAtVolume(cold=False, volume=volume, volume_unit=Unit.CC) if volume < 1 and first_limit(row) == volume:
            what = f"{summary(row)} has the number of its volume as its dose"
            yield warning(what, f"if {volume:g} cc are the limit, write 'V(dose)Gy[cc]' {row.sense} {volume:g}")
        case _:
            pass


def _percent_for_gray(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The numbers of a bundled row in Gy, in percent of the prescription."""
    if is_target(row) or not row.is_upper_limit or usual.tables_with(row, str(row.metric), first_limit(row)):
        return
    for metric, limit in _in_gray(row):
        if tables := usual.tables_with(row, metric, limit):
            what = f"{summary(row)}, where {min(tables)} has the same numbers in Gy"
            yield warning(what, f"if that is the row meant, write '{metric}' {row.sense} {limit:g}")
            return


def _in_gray(row: Constraint) -> Iterator[tuple[str, float]]:
    """Metrics in Gy, and the limit of each, that the row would be with its percent of the prescription as Gy."""
    metric, limit = row.metric, first_limit(row)
    match metric:
        case VolumeAtDose(dose_unit=Unit.PERCENT_RX, dose=dose):
            yield str(metric).replace(f"{dose:g}%Rx", f"{dose:g}Gy"), limit
            if metric.unit is Unit.CC:  # tables print "no more than v cc above d Gy" as the dose to v cc
                yield f"D{limit:g}cc[Gy]", dose
        case DoseAtVolume(unit=Unit.PERCENT_RX) | DoseStatistic(unit=Unit.PERCENT_RX):
            yield str(metric).replace("[%Rx]", "[Gy]"), limit
        case _:
            pass


COPY_CHECKS: tuple[Check, ...] = (
    _volume_of_other_size,
    _volume_at_tenfold_dose,
    _dose_of_smaller_volume,
    _digits_changed_about,
    _limit_is_its_volume,
    _percent_for_gray,
)

"""Row of a table -> remarks on what is measured of a serial organ that says nothing of it: its cold part, its mean.

An organ is serial here where the bundled tables limit the dose to hot volumes of it and set a critical volume for none:
harm to a small part of it is harm to the whole, so that what the rest of it is spared does not help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sbrtcheck.metric import DoseAtVolume, DoseStatistic, Metric, Stat, Unit, VolumeAtDose
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import target_taken_out
from sbrtcheck.tables.slips import Slip, error, first_limit, is_target, summary, warning
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint
from sbrtcheck.tables.yardsticks import POINT_CC, SHARE_CC, WHOLE_BODY, Yardsticks, bodies_of, body, called_without

_SMALL_CC = 1.0  # who limits no more of an organ than less than this may have an organ that is no larger: a cochlea
_HALF = 50.0  # percent: who spares less of an organ than that limits next to nothing

Check = Callable[[ConstraintTable, Constraint, Yardsticks], Iterator[Slip]]


def _cold_of_serial(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """A spared volume of an organ for which no bundled table has a critical volume: its hot part is not looked at."""
    spared = _spared(row)
    if spared is None or is_target(row) or not usual.is_serial(row):
        return
    volume, unit, hot = spared
    by_unit = usual.hot_cc if unit is Unit.CC else usual.hot_percent
    printed = [one for organ in bodies_of(row) for one in by_unit.get(organ, ())]
    if unit is Unit.PERCENT and volume >= _HALF:  # all but a small share: the same as a limit on that share
        return
    what = f"{summary(row)} is of the coldest {volume:g} {unit} of {row.structures[0]}"
    if any(volume <= one for one in printed):
        yield error(f"{what}, and bundled tables limit so much of it in its hottest part", f"write {hot}")
    else:
        yield warning(
            f"{what}, for which no bundled table has a critical volume", f"if the hottest is meant, write {hot}"
        )


def _spared(row: Constraint) -> tuple[float, Unit, str] | None:
    """The volume that a row of cold doses is about, its unit, and how the row of hot doses is written."""
    match row.metric:
        case DoseAtVolume(cold=True, volume=volume, volume_unit=unit, unit=dose_unit):
            return volume, unit, f"'D{volume:g}{unit}[{dose_unit}]' {row.sense} {first_limit(row):g}"
        case VolumeAtDose(cold=True, dose=dose, dose_unit=dose_unit, unit=unit):
            volume = first_limit(row)
            return volume, unit, f"'V{dose:g}{dose_unit}[{unit}]' at_most {volume:g}"
        case _:
            return None


def _mean_of_serial(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """A mean of an organ that bundled tables limit at its hottest alone, as high as they let its hottest point be."""
    if not _is_of_middle(row.metric):
        return
    is_gray = row.metric.unit is Unit.GY and row.quantity is Quantity.PHYSICAL
    if not is_gray or not row.is_upper_limit or is_target(row) or not usual.is_serial(row):
        return
    if any(one in usual.mean_gy for one in bodies_of(row)):
        return
    limits = usual.hot_limits_from(row, max(table.fractions)) if table.fractions else []
    limit, organ = first_limit(row), row.structures[0]
    maxima = [gy for cc, gy in limits if cc <= POINT_CC]
    what = f"{summary(row)} of {organ}, which bundled tables limit at its hottest"
    if len(maxima) == len(limits) and usual.largest_hot_cc(row) < _SMALL_CC:  # its mean may be as high as its maximum
        return
    if maxima and limit >= min(maxima):
        yield error(f"{what}, to {min(maxima):g} Gy and more", f"write 'Max[{row.metric.unit}]'")
    elif any(gy == limit for cc, gy in limits if cc < SHARE_CC):
        cc = max(cc for cc, gy in limits if gy == limit and cc < SHARE_CC)
        yield warning(f"{what}, with the same number to {cc:g} cc", f"if that is the row meant, write 'D{cc:g}cc[Gy]'")


def _is_of_middle(metric: Metric) -> bool:
    """Whether it is the mean, the median, or the dose to more than half of the organ."""
    match metric:
        case DoseStatistic(stat=Stat.MEAN | Stat.MEDIAN):
            return True
        case DoseAtVolume(cold=False, volume_unit=Unit.PERCENT, volume=volume):
            return volume >= _HALF
        case _:
            return False


def _without_its_target(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The target is taken out of an organ of which tables print the whole: the hottest part is not looked at."""
    left_out = [name for name in row.structures if target_taken_out(name) and body(name) not in WHOLE_BODY]
    if not left_out or is_target(row) or not row.is_upper_limit or called_without(row):
        return
    name = left_out[0]
    if body(name) in usual.without_target or body(name) not in usual.numbers:
        return
    fractions = set(table.fractions)
    tables = usual.tables_with(row, str(row.metric), first_limit(row))
    copied = sorted(id_ for id_, numbers in tables.items() if fractions & set(numbers))
    what = f"printed for '{row.organ}', and measured on {name}, without its part in the target"
    hint = "write the organ itself; or say in organ what is left out, as the source does"
    if copied and usual.is_serial(row):
        yield error(f"{what}, where {copied[0]} has this limit for the whole organ", hint)
    else:
        yield warning(what, hint)


SERIAL_CHECKS: tuple[Check, ...] = (_cold_of_serial, _mean_of_serial, _without_its_target)

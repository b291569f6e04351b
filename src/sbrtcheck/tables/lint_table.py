"""One table -> remarks on its rows, each alone and compared with the others, and on its numbers of fractions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from sbrtcheck.metric import DoseAtVolume, DoseStatistic, Stat, Unit, VolumeAtDose
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables.lint_rows import slips
from sbrtcheck.tables.slips import Slip, error, first_limit, same_doses, warning
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint
from sbrtcheck.tables.yardsticks import Yardsticks

OF_FRACTIONS = re.compile(r"(^|[-_.])(\d{1,2})-?fx\b")
"""A number of fractions in the id of a table."""


def fraction_slips(table: ConstraintTable) -> Iterator[Slip]:
    """Fraction numbers of the table as a whole."""
    in_id = OF_FRACTIONS.search(table.id)
    if in_id and table.fractions and int(in_id[2]) not in table.fractions:
        what = f"the id '{table.id}' says {in_id[2]} fractions, and the table is for {table.fractions_text()}"
        yield error(what, "correct fractions, or the id")
    in_gray = [row for row in table.rows if counts(row) and is_in_gray(row)]
    if len(table.fractions) > 1 and in_gray:
        what = f"limits in Gy for {table.fractions_text()} alike ({in_gray[0].id}, {len(in_gray)} in all)"
        yield warning(what, "one table for each number of fractions, unless printed so")


def counts(row: Constraint) -> bool:
    """Whether a number of the row matters: a slip in one that only lacks a second reading does too."""
    return row.counts(include_unconfirmed=True)


def is_in_gray(row: Constraint) -> bool:
    """Whether a dose of the row is in physical gray, so that it depends on the number of fractions."""
    if row.quantity is not Quantity.PHYSICAL:
        return False
    return row.metric.unit is Unit.GY or (isinstance(row.metric, VolumeAtDose) and row.metric.dose_unit is Unit.GY)


def row_slips(table: ConstraintTable, usual: Yardsticks) -> Iterator[tuple[Constraint, Slip]]:
    """Everything that seems wrong with the rows of a table, each alone and compared with the others."""
    for row in table.rows:
        yield from ((row, slip) for slip in slips(table, row, usual))
    yield from _order_slips(table)
    yield from _repetition_slips(table)


def _order_slips(table: ConstraintTable) -> Iterator[tuple[Constraint, Slip]]:
    """Limits of one organ in the wrong order: a larger volume may receive less dose than a smaller one."""
    rows = [row for row in table.rows if counts(row) and row.is_upper_limit]
    for pair in combinations(rows, 2):
        if not _are_comparable(*pair):
            continue
        numbers = ((_volume_and_limit(row), row) for row in pair)
        (small, row), (large, implied) = sorted(numbers, key=lambda number: number[0][0])
        if small[0] < large[0] and small[1] <= large[1]:
            what = f"'{implied.metric}' {implied.sense} {first_limit(implied):g} cannot be missed where '{row.metric}' "
            what += f"{row.sense} {first_limit(row):g} is met (line {row.line})"
            # the looser row is implied, and two sources may well have such limits
            sure = small[1] < large[1] and row.source.citation == implied.source.citation
            yield implied, (error if sure else warning)(what, "one of the two numbers is a slip")


def _are_comparable(first: Constraint, second: Constraint) -> bool:
    same_kind = _shape(first) == _shape(second) != () and same_doses(first, second)
    return same_kind and (first.structures, first.organ, for_whom(first)) == (
        second.structures,
        second.organ,
        for_whom(second),
    )


def for_whom(row: Constraint) -> tuple[object, ...]:
    """What tells rows apart that may have two limits for one metric of one organ."""
    return row.site, row.side, row.sex, row.priority


def _shape(row: Constraint) -> tuple[object, ...]:
    """What two rows must share for their numbers to be ordered."""
    match row.metric:
        case DoseAtVolume(cold=False, volume_unit=Unit.CC, unit=unit):
            return ("dose", unit)
        case DoseStatistic(stat=Stat.MAX, unit=unit):
            return ("dose", unit)
        case VolumeAtDose(cold=False, dose_unit=dose_unit, unit=unit):
            return ("volume", dose_unit, unit)
        case _:
            return ()


def _volume_and_limit(row: Constraint) -> tuple[float, float]:
    """What rows of one shape are ordered by, the volume or the dose of the metric, and the limit."""
    match row.metric:
        case DoseAtVolume(volume=volume):
            return volume, first_limit(row)
        case VolumeAtDose(dose=dose):
            return dose, first_limit(row)
        case _:  # a maximum: the dose of no volume
            return 0.0, first_limit(row)


def _repetition_slips(table: ConstraintTable) -> Iterator[tuple[Constraint, Slip]]:
    """The same question asked twice with two answers."""
    first_rows: dict[tuple[object, ...], Constraint] = {}
    for row in filter(counts, table.rows):
        key = (row.structures, row.organ, str(row.metric), row.sense, row.quantity, row.alpha_beta_gy, for_whom(row))
        if key in first_rows and first_limit(first_rows[key]) != first_limit(row):
            what = f"'{row.metric}' of {row.organ} has another limit on line {first_rows[key].line}"
            hint = "the looser of the two may be the acceptable variation of the other"
            yield row, warning(what, hint)
        first_rows.setdefault(key, row)


TABLE_CHECKS = (fraction_slips, _order_slips, _repetition_slips)
"""Rules on a table as a whole, and on rows compared with each other."""

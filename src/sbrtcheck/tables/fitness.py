"""Tables that a plan is to be judged by -> what lint finds in them, and the refusal of those with errors.

A shipped table is looked over when it is made, and by the tests; all others each time they are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sbrtcheck.errors import Fault, TableError
from sbrtcheck.tables.lint_ids import id_slips
from sbrtcheck.tables.lint_table import fraction_slips, row_slips
from sbrtcheck.tables.load import GIVEN_VALUES, is_as_shipped, is_copy_of_shipped
from sbrtcheck.tables.slips import Level, Slip
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint
from sbrtcheck.tables.yardsticks import load_yardsticks

_TABLES = 64  # of one run
_ALLOW = "correct it; --allow-lint-errors (allow_lint_errors=True) checks it, and no plan then passes"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRemark:
    """What lint finds in a table: its row (``""``: the table as a whole), how sure it is, what, where, and a hint."""

    table_id: str
    row_id: str
    level: Level
    fault: Fault

    @property
    def subject(self) -> str:
        """The row, with the id of its table; or the table."""
        return f"{self.table_id}/{self.row_id}" if self.row_id else self.table_id

    def __str__(self) -> str:
        return f"{self.subject}: {self.fault.what}"


def lint_errors(tables: Iterable[ConstraintTable]) -> tuple[LintRemark, ...]:
    """Everything in the tables that cannot be meant, table by table and line by line."""
    return _of_level(Level.ERROR, tables)


def lint_warnings(tables: Iterable[ConstraintTable]) -> tuple[LintRemark, ...]:
    """Everything in the tables that may be meant and looks like a slip, table by table and line by line."""
    return _of_level(Level.WARNING, tables)


def _of_level(level: Level, tables: Iterable[ConstraintTable]) -> tuple[LintRemark, ...]:
    remarks = (remark for table in tables if not is_as_shipped(table) for remark in remarks_of(table))
    return tuple(remark for remark in remarks if remark.level is level)


@lru_cache(maxsize=_TABLES)
def remarks_of(table: ConstraintTable) -> tuple[LintRemark, ...]:
    """Everything that lint finds in one table by itself; nothing of a copy of a shipped one, as other processes get."""
    if is_copy_of_shipped(table):
        return ()
    of_rows = sorted(row_slips(table, load_yardsticks()), key=lambda pair: pair[0].line)
    of_table = (*fraction_slips(table), *id_slips(table))
    found: list[tuple[Constraint | None, Slip]] = [*((None, slip) for slip in of_table), *of_rows]
    return tuple(
        LintRemark(
            table_id=table.id,
            row_id="" if row is None else row.id,
            level=slip.level,
            fault=Fault(place=_place(table, row), what=slip.what, hint=slip.hint),
        )
        for row, slip in dict.fromkeys(found)
    )


def _place(table: ConstraintTable, row: Constraint | None) -> str:
    if not table.path or table.path == "bundled":  # made by a program
        return table.id if row is None else f"{table.id}/{row.id}"
    if table.path == GIVEN_VALUES:
        return table.path if row is None else f"{table.path}, row {row.line}"
    return f"{table.path}:{1 if row is None else row.line}"


def refuse_unfit(tables: Iterable[ConstraintTable], *, allowed: bool) -> None:
    """Raise `TableError` with everything that cannot be meant in the tables; nothing where the user allows it."""
    errors = () if allowed else lint_errors(tables)
    if not errors:
        return
    files = dict.fromkeys(error.fault.place.rpartition(":")[0] or error.fault.place for error in errors)
    number = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    refusal = Fault(place=", ".join(files), what=f"{number} of lint: nothing is checked against it", hint=_ALLOW)
    raise TableError(refusal.what, refusal.place, _ALLOW, faults=(*(error.fault for error in errors), refusal))

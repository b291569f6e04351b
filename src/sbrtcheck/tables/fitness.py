"""Tables that a plan is to be judged by -> what lint is sure to be wrong with them, and the refusal of such tables.

A shipped table is looked over when it is made, and by the tests; all others each time they are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sbrtcheck.errors import Fault, TableError
from sbrtcheck.tables.lint_table import fraction_slips, row_slips
from sbrtcheck.tables.load import GIVEN_VALUES, is_as_shipped
from sbrtcheck.tables.slips import Level, Slip
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint
from sbrtcheck.tables.yardsticks import load_yardsticks

_TABLES = 64  # of one run
_ALLOW = "correct it; --allow-lint-errors (allow_lint_errors=True) checks it, and no plan then passes"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintError:
    """What cannot be meant in a table: its row (``""``: the table as a whole), what is wrong, where, and a hint."""

    table_id: str
    row_id: str
    fault: Fault

    def __str__(self) -> str:
        subject = f"{self.table_id}/{self.row_id}" if self.row_id else self.table_id
        return f"{subject}: {self.fault.what}"


def lint_errors(tables: Iterable[ConstraintTable]) -> tuple[LintError, ...]:
    """Everything in the tables that cannot be meant, table by table and line by line."""
    return tuple(error for table in tables if not is_as_shipped(table) for error in errors_of(table))


@lru_cache(maxsize=_TABLES)
def errors_of(table: ConstraintTable) -> tuple[LintError, ...]:
    """Everything in one table that cannot be meant; it may well be a shipped one."""
    of_rows = sorted(row_slips(table, load_yardsticks()), key=lambda pair: pair[0].line)
    found: list[tuple[Constraint | None, Slip]] = [*((None, slip) for slip in fraction_slips(table)), *of_rows]
    return tuple(
        LintError(
            table_id=table.id,
            row_id="" if row is None else row.id,
            fault=Fault(place=_place(table, row), what=slip.what, hint=slip.hint),
        )
        for row, slip in dict.fromkeys(found)
        if slip.level is Level.ERROR
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

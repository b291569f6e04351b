"""One table -> a remark on its id, where that is the id of a bundled table that asks for something else.

A report names a table by its id: with other rows it would look like a check against the publication.
"""

from __future__ import annotations

from collections.abc import Iterator

from sbrtcheck.bundled import shipped_files, shipped_root
from sbrtcheck.tables.load import bundled_table
from sbrtcheck.tables.slips import Slip, warning
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint


def id_slips(table: ConstraintTable) -> Iterator[Slip]:
    """The id of a bundled table, on other rows than it has; nothing of a table that a program made of a bundled one."""
    if table.path == "bundled" or table.id not in shipped_files(shipped_root()):
        return
    if list(map(_asked, table.rows)) != list(map(_asked, bundled_table(table.id).rows)):
        what = f"the id '{table.id}' is that of a bundled table, which has other rows"
        yield warning(what, "a report names a table by its id: give it one of its own")


def _asked(row: Constraint) -> tuple[object, ...]:
    """What a row asks for, and of what; not who read it where."""
    numbers = sorted(row.numbers.items(), key=str)
    whose = row.select, row.structures, row.side, row.sex, row.site
    return whose, str(row.metric), row.sense, numbers, row.quantity, row.alpha_beta_gy, row.kind

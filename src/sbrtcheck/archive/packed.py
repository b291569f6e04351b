"""A plan to be checked and what it came to, as they travel between processes: small values, nothing read yet.

`check_task` is what a worker runs, of whatever executor. The options, with their tables, go along as bytes and are read
once a process; rows come back as compressed bytes, which `sbrtcheck.archive.store` keeps as they are: whoever hands out
plans has little to do for each.
"""

from __future__ import annotations

import json
import pickle
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sbrtcheck.archive.columns import Row, Table, Value
from sbrtcheck.archive.entries import Entry
from sbrtcheck.archive.fingerprint import digest_of_program
from sbrtcheck.archive.rows import Checked, State, check_entry
from sbrtcheck.archive.run_options import Options
from sbrtcheck.tables.notes import PlanNotes

MAX_UNPACKED_BYTES = 256 << 20
"""Of the rows of one plan; thousands of outcomes with curves of a hundred structures are a tenth of it."""

_FAST = 3  # of zlib: a tenth of the bytes, in a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A plan to be checked: which one of the archive, where its files are, how to check it, and by which program."""

    position: int
    entry: Entry
    options: bytes
    program: bytes
    notes: tuple[PlanNotes, ...] = ()


class OtherProgramError(Exception):
    """The worker has another sbrtcheck, other tables, or other packages to compute with than who hands out plans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What a plan came to; its rows, of one table or several, as compressed JSON.

    Parameters
    ----------
    state, reason
        What it came to; and of one without a row evaluated the reason, else None.
    rows
        Number of its rows in the table of outcomes.
    tables
        By `pack_tables`.
    lasting
        False where another run may come to something else, so that it is checked again then.
    """

    state: State
    reason: str | None
    rows: int
    tables: bytes
    lasting: bool = True


def pack_options(options: Options) -> bytes:
    """The options without notes: these go with their plans."""
    return pickle.dumps(replace(options, notes=()))


@lru_cache(maxsize=4)
def _options_of(packed: bytes) -> Options:
    options: Options = pickle.loads(packed)  # noqa: S301 - of the process that hands out plans
    return options


def check_task(task: Task) -> Packed:
    """Check one plan, whatever happens to it: this is what a worker runs.

    Raises
    ------
    OtherProgramError
        No plan would be checked here as elsewhere.
    """
    if task.program != digest_of_program():
        raise OtherProgramError
    options = _options_of(task.options)
    return pack(check_entry(task.entry, replace(options, notes=task.notes) if task.notes else options))


def pack(checked: Checked) -> Packed:
    """The rows as bytes."""
    return Packed(
        state=checked.state,
        reason=checked.reason,
        rows=len(checked.rows),
        tables=pack_tables({Table.OUTCOMES: checked.rows, **checked.beside}),
        lasting=checked.lasting,
    )


def pack_tables(tables: Mapping[Table, Sequence[Row]]) -> bytes:
    """Rows by the name of their table, as compressed JSON: the columns of each table once, then values."""
    content = {name: _values(rows) for name, rows in tables.items()}
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), _FAST)


def _values(rows: Sequence[Row]) -> tuple[list[str], list[list[Value]]]:
    columns = list(rows[0]) if rows else []
    return columns, [[row[column] for column in columns] for row in rows]


def unpack_tables(packed: bytes) -> dict[Table, tuple[Row, ...]]:
    """The rows as they were, by the name of their table; an error of `zlib`, or ValueError, where they are none."""
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(packed, MAX_UNPACKED_BYTES)
    if not unpacking.eof:
        raise ValueError("cut off, or more than a plan has")
    content = json.loads(text)
    return {
        Table(name): tuple(dict(zip(columns, values, strict=True)) for values in rows)
        for name, (columns, rows) in content.items()
    }


def unpack(packed: Packed) -> Checked:
    """The rows as they were before they were packed."""
    tables = unpack_tables(packed.tables)
    rows = tables.pop(Table.OUTCOMES)
    return Checked(rows=rows, state=packed.state, beside=tables, lasting=packed.lasting)

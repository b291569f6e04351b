"""Finished plans, kept in the database beside the output from when they are ready: what a run that goes on takes over.

A plan is known by a key of what it was checked by: see `plan_key`. Every run begins by noting the keys of its plans in
their order; those that are there already are finished. The output is written from here, once all are.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from sbrtcheck.archive.entries import Entry
from sbrtcheck.archive.fingerprint import digest, digest_of_program
from sbrtcheck.archive.index import DamagedError, transaction
from sbrtcheck.archive.packed import Packed
from sbrtcheck.archive.rows import State
from sbrtcheck.dicom import ZipMember
from sbrtcheck.dicom.source import on_disk
from sbrtcheck.tables.notes import PlanNotes

_FINISHED = """
CREATE TABLE IF NOT EXISTS finished_plans
(key BLOB PRIMARY KEY, state TEXT, reason TEXT, rows INTEGER, lasting INTEGER, times INTEGER DEFAULT 1, tables BLOB)
"""
_OF_RUN = "CREATE TABLE IF NOT EXISTS plans_of_run (position INTEGER PRIMARY KEY, key BLOB, sort TEXT)"
_SORTED = "CREATE INDEX IF NOT EXISTS plans_of_run_sorted ON plans_of_run (sort, position, key)"
_PUT = (
    "INSERT INTO finished_plans (key, state, reason, rows, lasting, tables)"
    " SELECT key, ?, ?, ?, ?, ? FROM plans_of_run WHERE position = ?"
    # never needed, and counted to show it: a finished plan is not checked again
    " ON CONFLICT (key) DO UPDATE SET times = times + 1"
)


def plan_key(entry: Entry, options: bytes, notes: tuple[PlanNotes, ...], pseudonym: str) -> bytes:
    """The key of what a plan is checked by: any other file, option, table or line of the program gives another key.

    Of a file its path, size and time of change; so not of a file that was changed and given its old time again.

    Parameters
    ----------
    entry
        The plan.
    options
        `digest` of the options without notes: of thousands of plans they are the same.
    notes
        Those on this plan.
    pseudonym
        What the plan is called in its rows.
    """
    # the others, which have a URL, have theirs in the entry
    states = [_state(on_disk(file)) for file in entry.files if isinstance(file, Path | ZipMember)]
    return digest(digest_of_program(), options, entry, notes, pseudonym, states)


def _state(file: Path) -> tuple[str, int, int]:
    """Path, size in bytes, and time of change in nanoseconds; of a file that is gone, as if it were empty."""
    try:
        found = os.stat(file)  # noqa: PTH116 - a path of a million files need not be made a Path again
    except OSError:
        return os.path.abspath(file), -1, 0  # noqa: PTH100 - as above
    return os.path.abspath(file), found.st_size, found.st_mtime_ns  # noqa: PTH100 - as above


class Store:
    """The finished plans in a database; its methods raise `sqlite3.Error`.

    Parameters
    ----------
    connection
        By `open_database`.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_FINISHED)
        connection.execute(_OF_RUN)
        connection.execute(_SORTED)  # so that nothing large is sorted

    def begin(self, keys: Iterable[tuple[bytes, str]], *, fresh: bool = False) -> int:
        """Note the plans of this run, each with what it is sorted by; gives the number of those that are finished.

        What was kept of plans that another run may do better is forgotten; with ``fresh``, all of it.
        """
        with transaction(self._connection):
            self._connection.execute("DELETE FROM finished_plans WHERE ? OR NOT lasting", (fresh,))
            self._connection.execute("DELETE FROM plans_of_run")
            self._connection.executemany(
                "INSERT INTO plans_of_run VALUES (?, ?, ?)",
                ((position, key, sort) for position, (key, sort) in enumerate(keys)),
            )
        found = self._connection.execute("SELECT count(*) FROM plans_of_run JOIN finished_plans USING (key)")
        (number,) = found.fetchone()
        return int(number)

    def waiting(self) -> list[int]:
        """Positions of the plans of this run that are not finished."""
        found = self._connection.execute(
            "SELECT position FROM plans_of_run WHERE key NOT IN (SELECT key FROM finished_plans) ORDER BY position"
        )
        return [position for (position,) in found]

    def put(self, position: int, packed: Packed) -> None:
        """Keep what a plan of this run came to, before anything else is done."""
        values = (str(packed.state), packed.reason, packed.rows, packed.lasting, packed.tables)
        with transaction(self._connection):
            self._connection.execute(_PUT, (*values, position))

    def in_order(self) -> Iterator[Packed]:
        """What the plans of this run came to, as they are sorted, one after the other.

        Raises
        ------
        DamagedError
            Something of it is not what was kept.
        """
        columns = "state, reason, rows, tables, lasting"
        found = self._connection.execute(
            # not to be begun from the other table: all rows would be in memory to be sorted
            f"SELECT {columns} FROM plans_of_run CROSS JOIN finished_plans USING (key)"  # noqa: S608 - no input
            " ORDER BY sort, position"
        )
        for state, reason, rows, tables, lasting in found:
            if not isinstance(rows, int) or not isinstance(reason, str | None) or not isinstance(tables, bytes):
                raise DamagedError
            yield Packed(state=_state_of(state), reason=reason, rows=rows, tables=tables, lasting=bool(lasting))

    def states(self) -> tuple[Counter[State], int]:
        """How many plans of this run came to what, and the number of their rows."""
        found = self._connection.execute(
            "SELECT state, count(*), sum(rows) FROM plans_of_run JOIN finished_plans USING (key) GROUP BY state"
        ).fetchall()
        return Counter({_state_of(state): number for state, number, _ in found}), sum(rows for _, _, rows in found)

    def end(self) -> None:
        """Forget plans that are not of this run: it is complete, and what is kept stays as large as its archive."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM finished_plans WHERE key NOT IN (SELECT key FROM plans_of_run)")


def _state_of(word: str) -> State:
    try:
        return State(word)
    except ValueError as error:
        raise DamagedError from error

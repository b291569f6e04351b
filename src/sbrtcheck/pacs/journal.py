"""What was checked and sent, in a SQLite file that outlasts the listener; a second listener on it is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import time

from sbrtcheck.errors import InputError

NOT_CHECKED = "NOT CHECKED"
"""The outcome of what has no verdict."""

_TABLES = """
CREATE TABLE IF NOT EXISTS reports (
    what TEXT PRIMARY KEY, -- hash of the files that were checked together
    plan TEXT NOT NULL,
    tries INTEGER NOT NULL, -- that were begun and did not end
    file TEXT NOT NULL, -- the last report; '' until it is written
    number INTEGER NOT NULL, -- of that report, among those on the plan
    outcome TEXT NOT NULL,
    stands INTEGER NOT NULL, -- 0: the same files are checked again when they come again
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS plans ON reports (plan, number);
CREATE TABLE IF NOT EXISTS sends (file TEXT PRIMARY KEY, tries INTEGER NOT NULL, due REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A report that is written.

    Parameters
    ----------
    what, plan
        Of the files that were checked together; what the plan is called by.
    received
        When the last of them came, in seconds since 1970.
    file, number
        The report, and which of the plan it is.
    outcome, stands
        The verdict; whether it still holds when the same files come again.
    """

    what: str
    plan: str
    received: float
    file: str
    number: int
    outcome: str
    stands: bool


class Journal:
    """The file; used by one thread at a time.

    Raises
    ------
    InputError
        Another listener has it, or it is none.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("BEGIN EXCLUSIVE")
            self._database.execute("COMMIT")
            self._database.executescript(_TABLES)
        except sqlite3.Error as error:
            self._database.close()
            locked = isinstance(error, sqlite3.OperationalError)
            what = "another listener has this folder" if locked else "the journal in this folder cannot be read"
            raise InputError(what, str(path.parent), "give this one its own --out and --spool") from error

    def close(self) -> None:
        """Let another listener have it."""
        self._database.close()

    def is_done(self, what: str, received: float) -> bool:
        """Whether these files have their report.

        Where they came again since, it has to be one that stands, and the plan's newest: between the two, the plan may
        have come with another content.
        """
        query = "SELECT file, stands, at, plan FROM reports WHERE what = ? AND file != ''"
        row = self._database.execute(query, (what,)).fetchone()
        if row is None:
            return False
        file, stands, at, plan = row
        return at >= received or (bool(stands) and file == self._newest(plan))

    def _newest(self, plan: str) -> str:
        query = "SELECT file FROM reports WHERE plan = ? AND file != '' ORDER BY number DESC LIMIT 1"
        return str(self._database.execute(query, (plan,)).fetchone()[0])

    def begin(self, what: str, plan: str) -> int:
        """Note that a check is begun; how often that was so without an end, this time counted."""
        self._database.execute(
            "INSERT INTO reports VALUES (?, ?, 1, '', 0, '', 0, 0) ON CONFLICT (what) DO UPDATE SET tries = tries + 1",
            (what, plan),
        )
        return int(self._database.execute("SELECT tries FROM reports WHERE what = ?", (what,)).fetchone()[0])

    def take_back(self, what: str) -> None:
        """Note that a check has ended, without a report."""
        self._database.execute("UPDATE reports SET tries = max(tries - 1, 0) WHERE what = ?", (what,))

    def finish(self, entry: Entry) -> None:
        """Note that a report is written."""
        one = (entry.what, entry.plan, 0, entry.file, entry.number, entry.outcome, entry.stands)
        self._database.execute(
            "INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*one, max(time(), entry.received))
        )

    def number(self, plan: str) -> int:
        """The number of the last report on a plan; 0 where there is none."""
        row = self._database.execute("SELECT max(number) FROM reports WHERE plan = ?", (plan,)).fetchone()
        return int(row[0] or 0)

    def queue(self, file: str) -> None:
        """Note that a report is to be sent."""
        self._database.execute("INSERT OR IGNORE INTO sends VALUES (?, 0, 0)", (file,))

    def due(self) -> Iterator[tuple[str, int]]:
        """Reports to be sent now, and how often that was tried."""
        query = "SELECT file, tries FROM sends WHERE due <= ? ORDER BY file"
        yield from self._database.execute(query, (time(),)).fetchall()

    def put_off(self, file: str, seconds: float) -> None:
        """Note that a report was not taken, and when to try again."""
        self._database.execute("UPDATE sends SET tries = tries + 1, due = ? WHERE file = ?", (time() + seconds, file))

    def sent(self, file: str) -> None:
        """Note that a report is not to be sent any more."""
        self._database.execute("DELETE FROM sends WHERE file = ?", (file,))

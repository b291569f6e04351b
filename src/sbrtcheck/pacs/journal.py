"""What was checked and sent, in a SQLite file that outlasts the listener; a second listener on it is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import time

from sbrtcheck.errors import InputError

NOT_CHECKED = "NOT CHECKED"
"""The outcome of what has no verdict."""

_TABLES = """
CREATE TABLE IF NOT EXISTS reports (
    what TEXT PRIMARY KEY, -- hash of the files that were checked together
    plan TEXT NOT NULL,
    tries INTEGER NOT NULL,
    file TEXT NOT NULL, -- '' until it is written
    outcome TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sends (file TEXT PRIMARY KEY, tries INTEGER NOT NULL, due REAL NOT NULL);
"""


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
        """Whether these files have their report: one without a verdict does not count where they came again since."""
        row = self._database.execute("SELECT file, outcome, at FROM reports WHERE what = ?", (what,)).fetchone()
        return row is not None and bool(row[0]) and (row[1] != NOT_CHECKED or row[2] >= received)

    def begin(self, what: str, plan: str) -> int:
        """Note that a report is begun; which try it is, those that ended with the listener counted."""
        self._database.execute(
            "INSERT INTO reports VALUES (?, ?, 1, '', '', ?) ON CONFLICT (what) DO UPDATE SET tries = tries + 1",
            (what, plan, time()),
        )
        return int(self._database.execute("SELECT tries FROM reports WHERE what = ?", (what,)).fetchone()[0])

    def take_back(self, what: str) -> None:
        """Note that a report was not begun, for it was left before its check could end."""
        self._database.execute("UPDATE reports SET tries = tries - 1 WHERE what = ?", (what,))

    def finish(self, what: str, file: str, outcome: str) -> None:
        """Note that the report is written."""
        self._database.execute(
            "UPDATE reports SET file = ?, outcome = ?, at = ?, tries = 0 WHERE what = ?", (file, outcome, time(), what)
        )

    def number(self, plan: str) -> int:
        """How many reports there are on a plan."""
        row = self._database.execute("SELECT COUNT(*) FROM reports WHERE plan = ? AND file != ''", (plan,)).fetchone()
        return int(row[0])

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

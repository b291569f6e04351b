"""The file beside an output: the lock of the run that writes it, and what the next run takes from it; SQLite.

It is named like the output with ``.sqlite`` behind. While it is open, its connection holds SQLite's exclusive lock,
which is one of the operating system: two runs with one output refuse each other, and it ends with its process, however
that ends. On a network drive it is as good as the locks of that drive.

What is in the tables is the business of those who keep something here: `sbrtcheck.archive.store` the finished plans,
and the index of the files.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sbrtcheck.archive.index import DamagedError, transaction
from sbrtcheck.errors import OutputError

SUFFIX = ".sqlite"
_APPLICATION = 0x53425254  # "SBRT", where SQLite keeps whose file it is
_LAYOUT = 2  # of all tables in it; a file of another layout begins anew
_TAKE_AWAY = "remove it, or give another --out: all plans are then checked anew"


def database_of(out: Path) -> Path | None:
    """Where the database of an output is; None for a device or a pipe, beside which nothing can be kept.

    Links are followed: an output has one database, whatever name it is given by.
    """
    target = Path(os.path.realpath(out))
    if target.exists() and not target.is_file() and not target.is_dir():
        return None
    return target.with_name(target.name + SUFFIX)


@contextmanager
def open_database(file: Path | None) -> Iterator[sqlite3.Connection]:
    """Open the database, and hold its lock until the block ends.

    A file that is new, and empty still when the block ends with an error, is taken away again.

    Parameters
    ----------
    file
        By `database_of`; None: in memory, with nothing kept.

    Raises
    ------
    OutputError
        Another run holds the lock; or the file cannot be written, is damaged, or is not one of sbrtcheck.
    """
    place = str(file or ":memory:")
    with database_errors(place):
        connection = _locked(place)
    try:
        with database_errors(place):
            try:
                _prepare(connection, place)
            except UnicodeDecodeError as error:  # of a message that quotes what is in a damaged file
                raise DamagedError from error
        yield connection
    except BaseException:
        _close(connection, file, take_away=_is_empty(connection))
        raise
    _close(connection, file, take_away=False)


class _Connection(sqlite3.Connection):
    """A connection that closes for good.

    SQLite keeps the file locked until the last statement is read to its end or given up (sqlite3_close_v2). In
    Python 3.13 that is when the last reference to its cursor goes, which an exception that somebody keeps may hold.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        cursor = super().execute(sql, parameters)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        for cursor in [*self._cursors]:
            cursor.close()
        super().close()


def _locked(place: str) -> sqlite3.Connection:
    """A connection with the lock; the file may have been taken away by the run before, between opening and locking."""
    while True:
        # no time to wait for a lock; and whoever reads results may do so in another thread than it began in
        connection = sqlite3.connect(
            place, timeout=0.0, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            # before the journal: the lock is then there at once, and no memory is shared, which network drives lack
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        if place == ":memory:" or Path(place).exists():
            return connection
        connection.close()


def _prepare(connection: sqlite3.Connection, place: str) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    if not _is_empty(connection):
        if application != _APPLICATION:
            raise OutputError("is a database of another program", place, "give another --out")
        if layout != _LAYOUT:
            _drop_all(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a finished plan outlives a power failure
    connection.execute("PRAGMA secure_delete = ON")  # a Patient ID of an earlier run does not outlive it
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_LAYOUT}")


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [name for (name,) in found.fetchall()]


def _drop_all(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for name in _tables(connection):
            connection.execute(f'DROP TABLE "{name}"')


def _is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing is kept in any table; False where that cannot be told."""
    with suppress(sqlite3.Error, UnicodeDecodeError):
        return not any(
            connection.execute(f'SELECT EXISTS (SELECT 1 FROM "{name}")').fetchone()[0]  # noqa: S608 - our own tables
            for name in _tables(connection)
        )
    return False


def _close(connection: sqlite3.Connection, file: Path | None, *, take_away: bool) -> None:
    """Close; and take away the file, where one may while it is open, while the lock still holds."""
    if not take_away or file is None:
        connection.close()
        return
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA journal_mode = DELETE")  # no second file stays
    gone = False
    with suppress(OSError):  # Windows keeps open files
        file.unlink()
        gone = True
    connection.close()
    if not gone:
        with suppress(OSError):  # another run has it already
            file.unlink()


@contextmanager
def database_errors(place: str) -> Iterator[None]:
    """Turn errors of SQLite, and `DamagedError`, into an `OutputError`; ``place`` is the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _output_error(error, place) from error
    except DamagedError as error:
        raise _damaged(place) from error


def _output_error(error: sqlite3.Error, place: str) -> OutputError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        hint = "wait until it has ended, or give another --out"
        return OutputError("another run with the same output has not ended", place, hint)
    # SQLITE_ERROR: tables or columns that are not those of this layout; what is asked for is right
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):
        return _damaged(place)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        hint = "make room, and start again with the same command: plans that are finished are kept"
        return OutputError(f"cannot be written ({error})", place, hint)
    return OutputError(f"cannot be written ({error})", place, "give a file in a folder you may write to")


def _damaged(place: str) -> OutputError:
    return OutputError("is damaged, or no database of sbrtcheck", place, _TAKE_AWAY)

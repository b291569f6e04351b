"""An index of the headers of an archive, in SQLite: a later run opens only files that are new or were changed.

Kept by path, size and time of the last change. The connection is the caller's, and may lead to a database with other
tables: all of these begin with ``index_``. There are no names of patients in it beside those that people give to files
and folders; what is kept of a header is in `sbrtcheck.archive.headers`.
"""

from __future__ import annotations

import json
import marshal
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b, file_digest

from sbrtcheck.archive.fingerprint import digest_of_program
from sbrtcheck.archive.headers import Found, look_into, packed_header, source_of, unpacked_header
from sbrtcheck.dicom import RtFile
from sbrtcheck.dicom.source import Source, opened
from sbrtcheck.dicom.tags import quiet
from sbrtcheck.dicom.walk import FileState, Folder, walk, why
from sbrtcheck.errors import InputError

_TABLES = {
    "index_about": "key TEXT PRIMARY KEY, value TEXT",
    "index_folders": (
        "id INTEGER PRIMARY KEY, path BLOB, by_link INTEGER, digest BLOB, listing TEXT, UNIQUE (path, by_link)"
    ),
    "index_files": (
        "id INTEGER PRIMARY KEY, folder INTEGER, name BLOB, member BLOB, size INTEGER, kind TEXT, uid TEXT,"
        " header TEXT, problem TEXT, content TEXT"
    ),
    "index_entries": "n INTEGER PRIMARY KEY, entry TEXT",
}
_TICK_NS = 100_000_000
"""A file changed so shortly before it is read may be changed again without another time: it is read again next time."""
_NO_TIME = -1
_NO_REFERENCES = 2  # the last version of marshal whose bytes depend on the values alone
_FILES_BETWEEN_COMMITS = 5000
_PARAMETERS_AT_ONCE = 500


class DamagedError(Exception):
    """What is in the database is not what was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass over the archive came to: files there, files opened, and whether anything is not as it was."""

    files: int
    opened: int
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Files or folders that could not be looked into, all of one folder and for one reason."""

    folder: str
    problem: str
    number: int


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block is kept, or nothing, whatever way of transactions the connection was opened with."""
    if connection.in_transaction:
        connection.execute("COMMIT")
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has rolled back by itself where the disk is full
            connection.execute("ROLLBACK")
        raise


def is_damage(error: Exception) -> bool:
    """Whether an error says that what is in the database is not what was written, rather than that it cannot be had."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    # SQLITE_ERROR: a table or a column is not there; what is asked for is right
    damaged = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
    return damaged if isinstance(error, sqlite3.Error) else isinstance(error, NOT_AS_WRITTEN)


NOT_AS_WRITTEN = (ValueError, TypeError, KeyError, RecursionError)  # the last of JSON within JSON without end


class ArchiveIndex:
    """The headers of the RT files below one folder."""

    def __init__(self, connection: sqlite3.Connection, root: str) -> None:
        self.connection = connection
        self.root = root
        if not self._is_of(root):
            self.forget()

    def _is_of(self, root: str) -> bool:
        """Whether the index is one of this folder, and of this program: another may read or link files otherwise."""
        try:
            return self.about("version") == digest_of_program().hex() and self.about("root") == _identity(root)
        except sqlite3.OperationalError:  # there is none yet, or its tables have other columns
            return False

    def forget(self) -> None:
        """Make the index anew, with nothing in it."""
        self.drop()
        with transaction(self.connection):
            for table, columns in _TABLES.items():
                self.connection.execute(f"CREATE TABLE {table} ({columns})")
            for column in ("folder", "uid"):
                self.connection.execute(f"CREATE INDEX index_files_by_{column} ON index_files ({column})")
            self.note("version", digest_of_program().hex())
            self.note("root", _identity(self.root))

    def drop(self) -> None:
        """Take the index out of the database."""
        with transaction(self.connection):
            for table in _TABLES:
                self.connection.execute(f"DROP TABLE IF EXISTS {table}")

    def about(self, key: str) -> str | None:
        """What is noted under a key; None for nothing."""
        row = self.connection.execute("SELECT value FROM index_about WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def note(self, key: str, value: str) -> None:
        """Note something."""
        self.connection.execute("INSERT OR REPLACE INTO index_about VALUES (?, ?)", (key, value))

    # -------------------------------------------------------------------------------- one pass

    def update(self) -> Pass:
        """Look at every file's size and time, and read those that are new or changed; forget what is gone."""
        files = number_opened = since_commit = 0
        seen: set[int] = set()
        changed = False
        with transaction(self.connection), quiet():
            for folder in walk(self.root):
                files += len(folder.files)
                number, of_folder, different = self._update_folder(folder)
                seen.add(of_folder)
                changed |= different
                number_opened, since_commit = number_opened + number, since_commit + number
                if since_commit >= _FILES_BETWEEN_COMMITS:
                    self.connection.execute("COMMIT")
                    self.connection.execute("BEGIN")
                    since_commit = 0
            changed |= self._forget_folders_but(seen)
            if changed:
                self.connection.execute("DELETE FROM index_about WHERE key = 'entries'")
        return Pass(files=files, opened=number_opened, changed=changed)

    def _update_folder(self, folder: Folder) -> tuple[int, int, bool]:
        """Files opened, the folder's number, and whether anything in it is not as it was."""
        path = os.fsencode(folder.path[len(self.root) :].lstrip(os.sep) or ".")
        row = self.connection.execute(
            "SELECT id, digest, listing FROM index_folders WHERE path = ? AND by_link = ?", (path, folder.by_link)
        ).fetchone()
        if row is not None and row[1] == _digest(folder.files, folder.unread):
            return 0, row[0], False
        known, unread_before = _known(row[2] if row is not None else None)
        fresh = [state for state in folder.files if known.get(state[0]) != state]
        of_folder = self._folder_number(path, by_link=folder.by_link)
        kept = {state[0] for state in folder.files} - {state[0] for state in fresh}
        gone = [name for name in known if name not in kept]
        different = unread_before != folder.unread or self._forget_files(of_folder, gone)
        before = time.time_ns()
        again: set[str] = set()
        for name, size, _ in fresh:
            found = self._read(folder, of_folder, name, size)
            different |= bool(found)
            if any(one.again for one in found):
                again.add(name)
        self._note_unread(of_folder, folder.unread)
        settled = [
            (name, size, _NO_TIME if changed > before - _TICK_NS or name in again else changed)
            for name, size, changed in folder.files
        ]
        self.connection.execute(
            "UPDATE index_folders SET digest = ?, listing = ? WHERE id = ?",
            (_digest(settled, folder.unread), json.dumps([settled, folder.unread]), of_folder),
        )
        return len(fresh), of_folder, different

    def _folder_number(self, path: bytes, *, by_link: bool) -> int:
        self.connection.execute("INSERT OR IGNORE INTO index_folders (path, by_link) VALUES (?, ?)", (path, by_link))
        row = self.connection.execute(
            "SELECT id FROM index_folders WHERE path = ? AND by_link = ?", (path, by_link)
        ).fetchone()
        return int(row[0])

    def _read(self, folder: Folder, of_folder: int, name: str, size: int) -> list[Found]:
        """Everything in a file that there is something to say of."""
        all_found = list(look_into(os.path.join(folder.path, name)))
        for found in all_found:
            header = found.header
            self.connection.execute(
                "INSERT INTO index_files (folder, name, member, size, kind, uid, header, problem)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    of_folder,
                    os.fsencode(name),
                    found.member.encode("utf-8", "surrogatepass"),
                    size,
                    "" if header is None else str(header.kind),
                    "" if header is None else header.uid,
                    "" if header is None else packed_header(header),
                    found.problem,
                ),
            )
        return all_found

    def _note_unread(self, of_folder: int, unread: Sequence[tuple[str, str]]) -> None:
        self.connection.execute("DELETE FROM index_files WHERE folder = ? AND size IS NULL", (of_folder,))
        for name, reason in unread:
            what = f"cannot be looked at ({reason})"
            problem = f"a file or folder {what}" if name else f"a folder {what}: what is in it is not known"
            self.connection.execute(
                "INSERT INTO index_files (folder, name, member, size, kind, uid, header, problem)"
                " VALUES (?, ?, ?, NULL, '', '', '', ?)",
                (of_folder, os.fsencode(name), b"", problem),
            )

    def _forget_files(self, of_folder: int, names: Sequence[str]) -> bool:
        """Whether there was anything in the index of them."""
        pairs = [(of_folder, os.fsencode(name)) for name in names]
        gone = self.connection.executemany("DELETE FROM index_files WHERE folder = ? AND name = ?", pairs)
        return gone.rowcount > 0

    def _forget_folders_but(self, seen: set[int]) -> bool:
        gone = [row for row in self.connection.execute("SELECT id FROM index_folders") if row[0] not in seen]
        found = self.connection.executemany("DELETE FROM index_files WHERE folder = ?", gone)
        self.connection.executemany("DELETE FROM index_folders WHERE id = ?", gone)
        return found.rowcount > 0

    # -------------------------------------------------------------------------------- what it holds

    def rt_files(self) -> Iterator[tuple[int, str, str, str, str]]:
        """Number, path, name in a zip file, UID and packed header of each RT file, one after the other."""
        rows = self.connection.execute(
            "SELECT f.id, d.path, f.name, f.member, f.uid, f.header FROM index_files f"
            " JOIN index_folders d ON d.id = f.folder WHERE f.kind != '' ORDER BY d.path, f.name, f.member"
        )
        with closing(rows):  # where one is damaged too: tables with open rows are locked, and could not be built anew
            for number, folder, name, member, uid, header in rows:
                yield number, self._path(folder, name), _text(member), uid, header

    def headers(self, numbers: Sequence[int]) -> dict[int, RtFile]:
        """The headers of some files."""
        found: dict[int, RtFile] = {}
        for at in range(0, len(numbers), _PARAMETERS_AT_ONCE):
            some = numbers[at : at + _PARAMETERS_AT_ONCE]
            rows = self.connection.execute(
                "SELECT f.id, d.path, f.name, f.member, f.kind, f.uid, f.header FROM index_files f"
                f" JOIN index_folders d ON d.id = f.folder WHERE f.id IN ({','.join('?' * len(some))})",
                some,
            )
            with closing(rows):
                for number, folder, name, member, kind, uid, header in rows:
                    source = source_of(self._path(folder, name), _text(member))
                    found[number] = unpacked_header(header, kind, uid, source)
        return {number: found[number] for number in numbers}

    def bytes_of(self, numbers: Sequence[int]) -> dict[int, int]:
        """Sizes of the files that these lie in."""
        marks = ",".join("?" * len(numbers))
        rows = self.connection.execute(f"SELECT id, size FROM index_files WHERE id IN ({marks})", numbers)
        return dict(rows)

    def content_hash(self, number: int, source: Source) -> str:
        """A hash of a file's bytes; computed once, for as long as the file stays as it is."""
        row = self.connection.execute("SELECT content FROM index_files WHERE id = ?", (number,)).fetchone()
        if row[0] is not None:
            return str(row[0])
        try:
            with opened(source) as file:
                digest = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            hint = "check the rights and the network, and start again with the same command"
            raise InputError(f"cannot be read any more ({why(error)})", str(source), hint) from error
        self.connection.execute("UPDATE index_files SET content = ? WHERE id = ?", (digest, number))
        return digest

    def numbers_of_uid(self, uid: str) -> list[int]:
        """All RT files with a SOP Instance UID."""
        rows = self.connection.execute("SELECT id FROM index_files WHERE uid = ? AND kind != '' ORDER BY id", (uid,))
        return [number for (number,) in rows]

    def repeated_uids(self) -> set[str]:
        """SOP Instance UIDs that several files have."""
        rows = self.connection.execute(
            "SELECT uid FROM index_files WHERE kind != '' AND uid != '' GROUP BY uid HAVING count(*) > 1"
        )
        return {uid for (uid,) in rows}

    def count(self, kind: str) -> int:
        """Number of files of a kind."""
        return int(self.connection.execute("SELECT count(*) FROM index_files WHERE kind = ?", (kind,)).fetchone()[0])

    def unread(self) -> Iterator[Unread]:
        """What could not be looked into, by folder and reason."""
        rows = self.connection.execute(
            "SELECT d.path, f.problem, count(*) FROM index_files f JOIN index_folders d ON d.id = f.folder"
            " WHERE f.kind = '' GROUP BY d.path, f.problem ORDER BY d.path, f.problem"
        )
        for folder, problem, number in rows:
            yield Unread(folder=os.fsdecode(folder), problem=problem, number=number)

    def _path(self, folder: bytes, name: bytes) -> str:
        at = self.root if folder == b"." else os.path.join(self.root, os.fsdecode(folder))
        return os.path.join(at, os.fsdecode(name))


def _identity(root: str) -> str:
    return ascii(os.path.abspath(root))


def _known(listing: str | None) -> tuple[dict[str, FileState], tuple[tuple[str, str], ...]]:
    """The files of a folder by name, and what of it could not be looked at, when it was last seen."""
    files, unread = json.loads(listing) if listing is not None else ([], [])
    return {name: (name, *state) for name, *state in files}, tuple((name, reason) for name, reason in unread)


def _digest(files: Sequence[FileState], unread: Sequence[tuple[str, str]]) -> bytes:
    """Of a whole listing; `marshal` takes a third of the time of any other way to bytes, and none is read from it."""
    return blake2b(marshal.dumps([*files, *unread], _NO_REFERENCES), digest_size=16).digest()


def _text(member: bytes) -> str:
    return str(member, "utf-8", "surrogatepass")  # TypeError, as of what is not as written, where it is no bytes

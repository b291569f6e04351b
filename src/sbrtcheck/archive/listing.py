"""Folder -> the plans in it, and what makes none, from an index; in an order that no file system decides."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, overload

from sbrtcheck.archive.entries import Entry, entries_of, entry_of, shown, text_of
from sbrtcheck.archive.index import NOT_AS_WRITTEN, ArchiveIndex, DamagedError, Pass, is_damage, transaction
from sbrtcheck.archive.own_choices import OwnChoices, PlansFile
from sbrtcheck.archive.units import LinkBy, Unit, units
from sbrtcheck.dicom import Kind, Link, PlanFiles, RtFile, find_plans, is_url, remote_files
from sbrtcheck.dicom.link import link
from sbrtcheck.dicom.relink import relinked
from sbrtcheck.dicom.remote import shown_url
from sbrtcheck.dicom.scan import scan_of
from sbrtcheck.dicom.tags import quiet
from sbrtcheck.dvh import Origin
from sbrtcheck.errors import InputError
from sbrtcheck.plan import Finding
from sbrtcheck.progress import log

BY_REFERENCE = LinkBy()
_ENTRIES_AT_ONCE = 200


class Entries(Sequence[Entry]):
    """The plans of an archive, and what makes none, by UID; they are in the database and come one after the other.

    Parameters
    ----------
    index
        Of the archive; its entries are those last found.
    seen
        What the pass over the archive came to.
    """

    def __init__(self, index: ArchiveIndex, seen: Pass) -> None:
        self._index, self.seen = index, seen

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM index_entries").fetchone()[0])

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Entry]: ...
    def __getitem__(self, at: Any) -> Any:
        """The entry of a position, or those of several."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        position = at if at >= 0 else len(self) + at
        row = self._connection.execute("SELECT entry FROM index_entries WHERE n = ?", (position + 1,)).fetchone()
        if row is None:
            if 0 <= position < len(self):  # entries whose numbers have gaps, which this program did not write
                raise DamagedError
            raise IndexError(at)
        return _entry(row[0])

    def __iter__(self) -> Iterator[Entry]:
        """Each once; other tables of the database may be written to meanwhile."""
        last = 0
        while True:
            rows = self._connection.execute(
                "SELECT n, entry FROM index_entries WHERE n > ? ORDER BY n LIMIT ?", (last, _ENTRIES_AT_ONCE)
            ).fetchall()
            if not rows:
                return
            for _, text in rows:
                yield _entry(text)
            last = rows[-1][0]

    def forget(self) -> None:
        """Take them, and the index, out of the database."""
        self._index.drop()

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._index.connection


def _entry(text: object) -> Entry:
    """The entry that was kept; `DamagedError` where that is not what was written."""
    try:
        return entry_of(str(text))
    except NOT_AS_WRITTEN as error:
        raise DamagedError from error


class _WithChoices(Sequence[Entry]):
    def __init__(self, entries: Sequence[Entry], own: Mapping[int, OwnChoices]) -> None:
        self._entries, self._own = entries, own

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Entry]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        return replace(self._entries[at], own=self._own.get(at if at >= 0 else len(self) + at))

    def __iter__(self) -> Iterator[Entry]:
        for at, entry in enumerate(self._entries):
            yield replace(entry, own=self._own[at]) if at in self._own else entry


def with_choices(entries: Sequence[Entry], plans: PlansFile, key_of: Callable[[Entry], str]) -> Sequence[Entry]:
    """The same entries, each plan that the file names with its own choices; ``key_of`` gives a plan's pseudonym.

    Raises
    ------
    PlansFileError
        A row is of no plan here, or of several; or two are of one.
    """
    return _WithChoices(entries, _own_choices(plans, entries, key_of))


def _own_choices(plans: PlansFile, entries: Sequence[Entry], key_of: Callable[[Entry], str]) -> dict[int, OwnChoices]:
    """By position of the entry."""
    places: dict[str, list[int]] = {row.plan: [] for row in plans.rows}
    for n, entry in enumerate(entries):
        for name in _names_of(entry, key_of) if entry.is_plan else ():
            if name in places:
                places[name].append(n)
    faults: list[tuple[int, str]] = []
    found: dict[int, OwnChoices] = {}
    line_of: dict[int, int] = {}
    for row in plans.rows:
        numbers = places[row.plan]
        if len(numbers) != 1:
            faults.append((row.line, _why_not_one(row.plan, len(numbers))))
        elif numbers[0] in line_of:
            faults.append((row.line, f"the plan {row.plan} is that of line {line_of[numbers[0]]}"))
        else:
            line_of[numbers[0]] = row.line
            found[numbers[0]] = row.own
    if faults:
        raise plans.error(faults)
    return found


def _names_of(entry: Entry, key_of: Callable[[Entry], str]) -> set[str]:
    return {entry.plan_uid, entry.uid, entry.folder, *entry.dose_uids, key_of(entry)}


def _why_not_one(name: str, number: int) -> str:
    if number == 0:
        return f"there is no plan {name}: give the UID or plan_key of a plan, or its folder below the archive's"
    return f"{number} plans are called {name}: give the {'folder' if name[:1].isdigit() else 'UID'} of one"


def find(folder: Path | str, dvhs: Origin = Origin.COMPUTED, by: LinkBy = BY_REFERENCE) -> tuple[Entry, ...]:
    """Everything in a folder that is to be checked, or has a reason why not; sorted by UID.

    Parameters
    ----------
    folder
        Searched to any depth; zip files in it are read where they lie. Or the URL of a storage.
    dvhs
        Stored DVHs need no structure set; computed ones do.
    by
        What tells which files belong together.

    Raises
    ------
    InputError
        There is no such folder.
    """
    if is_url(folder):
        return _find_at_url(str(folder), dvhs, by)
    with closing(sqlite3.connect("")) as connection:  # a file of its own that nobody sees
        return tuple(find_entries(Path(folder), connection, dvhs=dvhs, by=by))


def _find_at_url(url: str, dvhs: Origin, by: LinkBy) -> tuple[Entry, ...]:
    if by != BY_REFERENCE:
        hint = "leave out --link, or copy the archive to a disk"
        raise InputError("the files of a storage can only be linked by their references", shown_url(url), hint)
    entries = entries_of(find_plans(list(remote_files(url))), Path(shown_url(url)), dvhs)
    return tuple(sorted(entries, key=_order_in_table))


def find_entries(
    folder: Path, connection: sqlite3.Connection, *, dvhs: Origin = Origin.COMPUTED, by: LinkBy = BY_REFERENCE
) -> Entries:
    """The same, with an index in a database: files that are in it as they are in the folder are not opened again.

    Parameters
    ----------
    folder, dvhs, by
        As for `find`.
    connection
        An open database; tables that begin with ``index_`` are made in it, what is pending in it is committed.

    Raises
    ------
    InputError
        There is no such folder.
    sqlite3.DatabaseError
        The database is damaged, or cannot be written.
    """
    if not os.path.isdir(folder):  # Path.is_dir raises on names that no file can have
        what = "not a folder" if os.path.exists(folder) else "no such folder"
        raise InputError(what, str(folder), "give the folder that the plans are in")
    index = ArchiveIndex(connection, str(folder))
    try:
        return _found(index, dvhs, by)
    except Exception as error:
        if not is_damage(error):
            raise
        log.warning("the index of the archive is damaged; all files are read anew")
        index.forget()
        return _found(index, dvhs, by)


def _found(index: ArchiveIndex, dvhs: Origin, by: LinkBy) -> Entries:
    seen = index.update()
    asked = f"{dvhs} {by} {index.root!a}"  # paths in entries begin with the root as it was given
    known = index.about("entries")
    if known is None or not known.startswith(f"{asked} "):
        with transaction(index.connection), quiet():
            _link_anew(index, dvhs, by)
            index.note("entries", f"{asked} {_digest_of_entries(index.connection)}")
    elif known != f"{asked} {_digest_of_entries(index.connection)}":
        raise ValueError(known)
    return Entries(index, seen)


def _digest_of_entries(connection: sqlite3.Connection) -> str:
    made = blake2b(digest_size=16)
    for n, text in connection.execute("SELECT n, entry FROM index_entries ORDER BY n"):
        made.update(f"{n} {text}".encode())
    return made.hexdigest()


def _link_anew(index: ArchiveIndex, dvhs: Origin, by: LinkBy) -> None:
    connection = index.connection
    connection.execute("DELETE FROM index_entries")
    connection.execute("DROP TABLE IF EXISTS temp.index_unsorted")
    connection.execute("CREATE TEMP TABLE index_unsorted (plan, doses, structures, files, entry)")
    for entry in _all_entries(index, dvhs, by):
        values = (*_order_in_table(entry), text_of(entry))
        connection.execute("INSERT INTO index_unsorted VALUES (?, ?, ?, ?, ?)", values)
    connection.execute(
        "INSERT INTO index_entries (entry)"
        " SELECT entry FROM index_unsorted ORDER BY plan, doses, structures, files, entry"
    )
    connection.execute("DROP TABLE temp.index_unsorted")


def _order_in_table(entry: Entry) -> tuple[str, str, str, bytes]:
    """By UIDs; by place only what has the same."""
    files = b"\0".join(os.fsencode(str(file)) for file in entry.files)
    return entry.plan_uid, "\1".join(entry.dose_uids), entry.structure_set_uid, files


def _all_entries(index: ArchiveIndex, dvhs: Origin, by: LinkBy) -> Iterator[Entry]:
    root = Path(index.root)
    number_of_sets = index.count(Kind.STRUCTURE_SET)
    repeated = index.repeated_uids() if by.link is not Link.REFERENCE else frozenset[str]()
    for unit in units(index, by):
        headers = index.headers(unit)
        sizes = {headers[number].source: size for number, size in index.bytes_of(unit).items()}
        plan_files = _linked(index, headers, by.link, number_of_sets)
        for entry in entries_of(plan_files, root, dvhs):
            told = _told_apart(index, entry, unit, repeated, by.link) if repeated else ()
            size_bytes = sum(sizes[file] for file in entry.files)
            problem = entry.problem or _why_not_together(entry, by.link)
            findings = (*entry.findings, *told)
            yield replace(entry, link=by.link, findings=findings, problem=problem, size_bytes=size_bytes)
    for unread in index.unread():
        number = "" if unread.number == 1 else f" ({unread.number} of them in one folder)"
        folder = Path(unread.folder).as_posix()
        yield Entry(files=(), folder=shown(folder), is_plan=False, problem=unread.problem + number, stand_ins={})


def _why_not_together(entry: Entry, by: Link) -> str | None:
    """Why files put together on request are not of one plan: their Patient IDs differ.

    Where tools have given all patients the same UIDs, a reference may lead to another patient's file as well.
    """
    if by is Link.REFERENCE or not entry.is_plan:
        return None
    from sbrtcheck.dicom.origin import patient_ids  # most archives never ask

    several = len(patient_ids(entry.files)) > 1
    return f"put together by their {by.noun}, its files have different Patient IDs" if several else None


def _linked(index: ArchiveIndex, headers: Mapping[int, RtFile], by: Link, number_of_sets: int) -> PlanFiles:
    numbers = {header.source: number for number, header in headers.items()}
    own_sets = sum(header.kind is Kind.STRUCTURE_SET for header in headers.values())
    scanned = scan_of(
        list(headers.values()),
        lambda source: index.content_hash(numbers[source], source),
        sets_elsewhere=number_of_sets > own_sets,
    )

    def elsewhere(uid: str) -> bool:
        return any(number not in headers for number in index.numbers_of_uid(uid))

    return link(replace(scanned, files=relinked(scanned.files, by, elsewhere)))


def _told_apart(
    index: ArchiveIndex, entry: Entry, unit: Unit, repeated: Collection[str], by: Link
) -> tuple[Finding, ...]:
    """A finding where other files have the UIDs of this plan's and other content: nothing but the choice tells them."""
    for uid in (entry.plan_uid, entry.structure_set_uid, *entry.dose_uids):
        headers = index.headers(index.numbers_of_uid(uid)) if uid in repeated else {}
        outside = any(number not in unit for number in headers)
        if outside and len({index.content_hash(number, file.source) for number, file in headers.items()}) > 1:
            text = (
                f"other files have the same UIDs and other content; this plan's were put together by their {by.noun},"
                " not by references, as asked"
            )
            return (Finding(code=by.code, text=text),)
    return ()

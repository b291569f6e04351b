"""Folder -> the plans in it, and the RT files that make none, in an order that does not depend on the file system."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sbrtcheck.archive.headers import source_of
from sbrtcheck.archive.index import ArchiveIndex, Pass
from sbrtcheck.archive.units import LinkBy, Unit, units
from sbrtcheck.dicom import DicomInputs, FoundPlan, Kind, Link, Orphan, PlanFiles, RtFile, Source, ZipMember
from sbrtcheck.dicom.link import link
from sbrtcheck.dicom.relink import Together, relinked
from sbrtcheck.dicom.scan import scan_of
from sbrtcheck.dicom.tags import quiet
from sbrtcheck.dvh import Origin
from sbrtcheck.errors import InputError
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.results.noted import uid_of_plan

# A file name this short names nobody, and may well be a number in a sentence.
_SHORT_NAME = 2
_ENTRIES_AT_ONCE = 200
BY_REFERENCE = LinkBy()
_AROUND_NAMES = frozenset(" ,;:'\"()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A plan of the archive, or an RT file that is part of none; small, for it travels to a worker.

    Parameters
    ----------
    plan_uid, structure_set_uid, dose_uids
        SOP Instance UIDs; ``""`` where there is none.
    plan_date
        RT Plan Date as ``2026-01-31``; ``""`` where the plan has none.
    files
        The files to read.
    folder
        The folder that holds them all, below the archive's.
    is_plan
        False for a dose or structure set that is part of no plan.
    problem
        Why it cannot be checked; None when nothing is known against it.
    findings
        How its files were linked.
    stand_ins
        How messages name a file -> what to write instead.
    link
        What put its files together.
    """

    plan_uid: str = ""
    structure_set_uid: str = ""
    dose_uids: tuple[str, ...] = ()
    plan_date: str = ""
    files: tuple[Source, ...]
    folder: str
    is_plan: bool = True
    problem: str | None = None
    findings: tuple[Finding, ...] = ()
    stand_ins: Mapping[str, str]
    link: Link = Link.REFERENCE

    @property
    def plan_input(self) -> DicomInputs:
        """Its files, as `sbrtcheck.dicom.load_plan` takes them."""
        return list(self.files) if self.link is Link.REFERENCE else Together(self.files, self.link)

    @property
    def uid(self) -> str:
        """What notes know the plan by, as `sbrtcheck.results.noted.plan_uid` of its report."""
        return uid_of_plan({"plan": self.plan_uid, "doses": self.dose_uids})


class Entries(Iterable[Entry]):
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

    def __iter__(self) -> Iterator[Entry]:
        """Each once; other tables of the database may be written to meanwhile."""
        for entry, _ in self.with_bytes():
            yield entry

    def with_bytes(self) -> Iterator[tuple[Entry, int]]:
        """Each with the number of bytes of its files."""
        last = 0
        while True:
            rows = self._connection.execute(
                "SELECT n, bytes, entry FROM index_entries WHERE n > ? ORDER BY n LIMIT ?", (last, _ENTRIES_AT_ONCE)
            ).fetchall()
            if not rows:
                return
            for _, size, text in rows:
                yield entry_of(text), size
            last = rows[-1][0]

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._index.connection


def find(folder: Path, dvhs: Origin = Origin.COMPUTED, by: LinkBy = BY_REFERENCE) -> tuple[Entry, ...]:
    """Everything in a folder that is to be checked, or has a reason why not; sorted by UID.

    Parameters
    ----------
    folder
        Searched to any depth; zip files in it are read where they lie.
    dvhs
        Stored DVHs need no structure set; computed ones do.
    by
        What tells which files belong together.

    Raises
    ------
    InputError
        There is no such folder.
    """
    with closing(sqlite3.connect("")) as connection:  # a file of its own that nobody sees
        return tuple(find_entries(folder, connection, dvhs=dvhs, by=by))


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
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises on names that no file can have
        what = "not a folder" if os.path.exists(folder) else "no such folder"  # noqa: PTH110 - as above
        raise InputError(what, str(folder), "give the folder that the plans are in")
    index = ArchiveIndex(connection, str(folder))
    seen = index.update()
    asked = f"{dvhs} {by}"
    if index.about("entries") != asked:
        _link_anew(index, dvhs, by)
        index.note("entries", asked)
    return Entries(index, seen)


def _link_anew(index: ArchiveIndex, dvhs: Origin, by: LinkBy) -> None:
    connection = index.connection
    with connection, quiet():
        connection.execute("DELETE FROM index_entries")
        connection.execute("DROP TABLE IF EXISTS temp.index_unsorted")
        connection.execute("CREATE TEMP TABLE index_unsorted (plan, doses, structures, files, bytes, entry)")
        for entry, size in _all_entries(index, dvhs, by):
            connection.execute(
                "INSERT INTO index_unsorted VALUES (?, ?, ?, ?, ?, ?)", (*_order_in_table(entry), size, text_of(entry))
            )
        connection.execute(
            "INSERT INTO index_entries (bytes, entry)"
            " SELECT bytes, entry FROM index_unsorted ORDER BY plan, doses, structures, files, entry"
        )
        connection.execute("DROP TABLE temp.index_unsorted")


def _order_in_table(entry: Entry) -> tuple[str, str, str, bytes]:
    """By UIDs; by place only what has the same."""
    files = b"\0".join(os.fsencode(str(file)) for file in entry.files)
    return entry.plan_uid, "\1".join(entry.dose_uids), entry.structure_set_uid, files


def _all_entries(index: ArchiveIndex, dvhs: Origin, by: LinkBy) -> Iterator[tuple[Entry, int]]:
    root = Path(index.root)
    number_of_sets = index.count(Kind.STRUCTURE_SET)
    repeated = index.repeated_uids() if by.link is not Link.REFERENCE else frozenset[str]()
    for unit in units(index, by):
        headers = index.headers(unit)
        sizes = {headers[number].source: size for number, size in index.bytes_of(unit).items()}
        plan_files = _linked(index, headers, by.link, number_of_sets)
        for entry in _entries(plan_files, root, dvhs):
            told = _told_apart(index, entry, unit, repeated, by.link) if repeated else ()
            linked = replace(entry, link=by.link, findings=(*entry.findings, *told))
            yield linked, sum(sizes[file] for file in entry.files)
    for unread in index.unread():
        number = "" if unread.number == 1 else f" ({unread.number} of them in one folder)"
        folder = Path(unread.folder).as_posix()
        yield Entry(files=(), folder=_shown(folder), is_plan=False, problem=unread.problem + number, stand_ins={}), 0


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


def _entries(plan_files: PlanFiles, root: Path, dvhs: Origin) -> Iterator[Entry]:
    # a fault of a file may be described by naming another one
    anonymous = partial(without_file_names, stand_ins=_all_names(plan_files))
    plans = [_plan_entry(plan, root, _problem(plan, dvhs)) for plan in (*plan_files.plans, *plan_files.incomplete)]
    parts = [_orphan_entry(orphan, root, orphan.reason) for orphan in _files_of_no_plan(plan_files)]
    for entry in (*plans, *parts):
        yield replace(entry, problem=anonymous(entry.problem)) if entry.problem is not None else entry


def _problem(plan: FoundPlan, dvhs: Origin) -> str | None:
    """Why it cannot be checked: stored DVHs need no structure set."""
    obstacle = plan.problem if dvhs is Origin.STORED else plan.obstacle
    return obstacle.what if obstacle is not None else None


def _files_of_no_plan(plan_files: PlanFiles) -> list[Orphan]:
    """RT files in no plan, not even an incomplete one; of segmentations, many may be of images alone."""
    incomplete = {plan.files for plan in plan_files.incomplete}
    return [
        orphan
        for orphan in plan_files.orphans
        if orphan.files not in incomplete and orphan.kind is not Kind.SEGMENTATION
    ]


def _plan_entry(plan: FoundPlan, root: Path, problem: str | None) -> Entry:
    return Entry(
        plan_uid=plan.plan.uid if plan.plan is not None else "",
        structure_set_uid=plan.structure_set.uid if plan.structure_set is not None else "",
        dose_uids=plan.dose_uids,
        plan_date=_date(plan.plan.date) if plan.plan is not None else "",
        files=plan.files,
        folder=_folder(plan.files, root),
        problem=problem,
        findings=plan.findings,
        stand_ins=dict(_names(_parts(plan))),
    )


def _date(text: str) -> str:
    """``20260131`` (a DA of PS3.5 6.2), or ``2026.01.31`` of older files, as ``2026-01-31``; "" for what is no date."""
    try:
        return dt.datetime.strptime(text.replace(".", ""), "%Y%m%d").date().isoformat()
    except ValueError:
        return ""


def _orphan_entry(orphan: Orphan, root: Path, problem: str | None) -> Entry:
    return Entry(
        plan_uid=orphan.uid if orphan.kind is Kind.PLAN else "",
        structure_set_uid=orphan.uid if orphan.kind is Kind.STRUCTURE_SET else "",
        dose_uids=(orphan.uid,) if orphan.kind is Kind.DOSE else (),
        files=orphan.files,
        folder=_folder(orphan.files, root),
        is_plan=orphan.kind is Kind.PLAN,
        problem=problem,
        stand_ins={},
    )


def _folder(files: Iterable[Source], root: Path) -> str:
    folders = [os.path.dirname(str(file)) for file in files]
    return _shown(Path(os.path.relpath(os.path.commonpath(folders), root)).as_posix())


def _shown(folder: str) -> str:
    """A name in no known encoding, with the numbers of its bytes."""
    return os.fsencode(folder).decode("utf-8", "backslashreplace")


# -------------------------------------------------------------------------------- file names may name patients


def _parts(plan: FoundPlan) -> tuple[RtFile, ...]:
    return tuple(part for part in (*plan.doses, plan.plan, plan.structure_set) if part is not None)


def _names(parts: Iterable[RtFile]) -> Iterator[tuple[str, str]]:
    for part in parts:
        path = str(part.source)
        names = (part.display_name, os.path.basename(path), path)
        yield from ((name, f"the {part.kind}") for name in names)


def _all_names(plan_files: PlanFiles) -> dict[str, str]:
    files = (part for plan in (*plan_files.plans, *plan_files.incomplete) for part in _parts(plan))
    orphans = {
        name: "another file"
        for orphan in plan_files.orphans
        for file in orphan.files
        for name in (os.path.basename(str(file)), str(file))
    }
    return orphans | dict(_names(files))


def without_file_names(text: str, stand_ins: Mapping[str, str]) -> str:
    """The text with stand-ins for the file names in it.

    Only names that stand by themselves are found: a file called ``50`` does not touch ``50.0 Gy``.
    """
    longest = max(map(len, stand_ins), default=0)
    names = {stretch for stretch in _stretches(text, longest) if stretch in stand_ins}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        text = text.replace(name, stand_ins[name])
    return text


def _stretches(text: str, longest: int) -> Iterator[str]:
    """Whole words of the text, and runs of them: a file name may have blanks."""
    starts = [at for at in range(len(text)) if at == 0 or text[at - 1] in _AROUND_NAMES]
    ends = [at for at in range(1, len(text) + 1) if at == len(text) or text[at] in _AROUND_NAMES]
    for start in starts:
        yield from (text[start:end] for end in ends if _SHORT_NAME < end - start <= longest)


# -------------------------------------------------------------------------------- entries as text, for the database


def text_of(entry: Entry) -> str:
    """An entry as text; `entry_of` reads it back."""
    return json.dumps(
        {
            "plan_uid": entry.plan_uid,
            "structure_set_uid": entry.structure_set_uid,
            "dose_uids": entry.dose_uids,
            "plan_date": entry.plan_date,
            "files": [_place(file) for file in entry.files],
            "folder": entry.folder,
            "is_plan": entry.is_plan,
            "problem": entry.problem,
            "findings": [(one.code, one.text, one.subject) for one in entry.findings],
            "stand_ins": dict(entry.stand_ins),
            "link": entry.link,
        }
    )


def _place(file: Source) -> tuple[str, str]:
    return (str(file.archive), file.name) if isinstance(file, ZipMember) else (str(file), "")


def entry_of(text: str) -> Entry:
    """The entry that `text_of` wrote."""
    values = json.loads(text)
    return Entry(
        **{
            **values,
            "dose_uids": tuple(values["dose_uids"]),
            "files": tuple(source_of(path, member) for path, member in values["files"]),
            "findings": tuple(
                Finding(code=FindingCode(code), text=text, subject=subject)
                for code, text, subject in values["findings"]
            ),
            "link": Link(values["link"]),
        }
    )

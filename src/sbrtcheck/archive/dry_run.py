"""An archive -> what a batch would check, what not and why, and about how long it would take; nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from sbrtcheck.archive.contents import Contents
from sbrtcheck.archive.database import database_of
from sbrtcheck.archive.entries import Entry
from sbrtcheck.archive.index import Pass
from sbrtcheck.archive.listing import find_entries, with_choices
from sbrtcheck.archive.own_choices import read_plans_file
from sbrtcheck.archive.plan_keys import FILE_NAME
from sbrtcheck.archive.rows import State
from sbrtcheck.archive.run_options import Options
from sbrtcheck.archive.units import LinkBy
from sbrtcheck.dicom import is_url
from sbrtcheck.dicom.remote import shown_url
from sbrtcheck.errors import InputError
from sbrtcheck.formatting import count

SECONDS_A_PLAN = 0.5
SECONDS_A_MB = 0.5
"""Processor time to check a plan of so many MB: the example plans, 3 MB, against all tables of the lung; a guess."""
_MB = 1e6
_OF_A_RUN = ("-wal", "-journal")
_MINUTE_S, _HOUR_S = 60.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How much there is.

    Parameters
    ----------
    plans, refused, loose, unread
        Plans that would be checked; those that cannot be; RT files of no plan; folders and files not looked into.
    megabytes
        Size of the files of the plans that would be checked.
    files, opened
        Files in the archive; those that were opened to find this out.
    """

    plans: int
    refused: int
    loose: int
    unread: int
    megabytes: float
    files: int
    opened: int

    def seconds(self, jobs: int) -> float:
        """About how long so many processes would take."""
        return (SECONDS_A_PLAN * self.plans + SECONDS_A_MB * self.megabytes) / min(jobs, max(self.plans, 1))


def dry_run(
    folder: str | PathLike[str],
    options: Options,
    *,
    out: str | PathLike[str] | None = None,
    link: str = "reference",
    plans_file: str | PathLike[str] | None = None,
    jobs: int = 2,
) -> Iterator[str]:
    """Lines to print: one for each row that a plan or file of the archive would have at least, then the sum.

    Parameters
    ----------
    folder, options, link, plans_file, jobs
        As for `sbrtcheck.archive.batch`.
    out
        Where the table would be: an index beside it, of an earlier run, is read and left as it is.
    """
    if is_url(folder):
        raise InputError(
            "a dry run looks through a folder, not a storage", shown_url(str(folder)), "leave out --dry-run"
        )
    by = LinkBy.read(link)
    plans = None if plans_file is None else read_plans_file(plans_file, options.choices, options.tables)
    with _copy_of_index(out) as connection:
        found = find_entries(Path(folder), connection, dvhs=options.choices.dvhs, by=by)
        entries = found if plans is None else with_choices(found, plans, _contents(options, found, out).plan_key)
        totals = yield from _listed(entries, found.seen, options)
    yield from _summary(totals, jobs)


def _contents(options: Options, entries: Sequence[Entry], out: str | PathLike[str] | None) -> Contents:
    """As a run would have them, with the secret that an earlier one left beside the output: none is made."""
    secret = None if out is None else Path(out).parent / FILE_NAME
    return options.of_archive(entries, beside=secret.parent if secret and secret.is_file() else None).contents


def _listed(entries: Sequence[Entry], seen: Pass, options: Options) -> Generator[str, None, Totals]:
    plans = refused = loose = unread = size = 0
    for entry in entries:
        yield _line(entry, with_path=options.with_paths)
        if entry.is_unread:
            unread += 1
        elif not entry.is_plan:
            loose += 1
        elif entry.problem is not None:
            refused += 1
        else:
            plans += 1
            size += entry.size_bytes
    return Totals(
        plans=plans,
        refused=refused,
        loose=loose,
        unread=unread,
        megabytes=size / _MB,
        files=seen.files,
        opened=seen.opened,
    )


def _line(entry: Entry, *, with_path: bool) -> str:
    what = "plan" if entry.is_plan else str(State.UNREAD if entry.is_unread else State.NO_PLAN)
    uid = entry.uid or entry.structure_set_uid or "without UID"
    date = f" of {entry.plan_date}" if entry.plan_date else ""
    own = ", with choices of its own" if entry.own is not None else ""
    place = f" in {entry.folder}" if with_path else ""
    head = f"{what}{place}" if not entry.files else f"{what} {uid}{date}{place}"
    if entry.problem is not None:
        return f"{head}: {'' if entry.is_unread else 'not checked: '}{entry.problem}"
    findings = "".join(f"; {finding.text}" for finding in entry.findings)
    return f"{head}: {count(len(entry.files), 'file')}, {entry.size_bytes / _MB:.1f} MB{own}{findings}"


def _summary(totals: Totals, jobs: int) -> Iterator[str]:
    yield (
        f"{count(totals.plans, 'plan')} to check, {totals.megabytes:.0f} MB; {totals.refused} that cannot be checked;"
        f" {totals.loose} more rows of no plan; {count(totals.unread, 'row')} of what was not looked into;"
        f" {count(totals.files, 'file')} seen, {totals.opened} of them opened"
    )
    yield (
        f"estimate: {_time(totals.seconds(jobs))} with {count(jobs, 'process', 'processes')}, from {SECONDS_A_PLAN:g} s"
        f" a plan and {SECONDS_A_MB:g} s a MB of its files; tables, structures and machine change it"
    )


def _time(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{max(seconds, 1.0):.0f} s"
    return f"{seconds / _MINUTE_S:.0f} min" if seconds < _HOUR_S else f"{seconds / _HOUR_S:.1f} h"


@contextmanager
def _copy_of_index(out: str | PathLike[str] | None) -> Iterator[sqlite3.Connection]:
    """A database that nobody sees, with what an earlier run kept beside the output, where it can be read."""
    file = None if out is None else database_of(Path(out))
    with closing(sqlite3.connect("")) as connection:
        # not while a run writes to it, which is what a second file beside it tells
        if file is not None and file.is_file() and not any(Path(f"{file}{end}").exists() for end in _OF_A_RUN):
            uri = f"{file.resolve().as_uri()}?immutable=1"  # else SQLite might write beside it
            with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as kept:
                kept.backup(connection)
        yield connection

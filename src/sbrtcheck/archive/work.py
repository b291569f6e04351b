"""An archive -> its tables: every plan checked, kept when it is finished, and all of them written, sorted."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from sbrtcheck.archive.database import database_errors, database_of, open_database
from sbrtcheck.archive.engine import AHEAD, Order, ThisProcess, results
from sbrtcheck.archive.entries import Entry
from sbrtcheck.archive.fingerprint import digest, digest_of_program
from sbrtcheck.archive.index import NOT_AS_WRITTEN, DamagedError
from sbrtcheck.archive.listing import Entries, find, find_entries, with_choices
from sbrtcheck.archive.own_choices import read_plans_file
from sbrtcheck.archive.packed import Packed, Task, pack_options, unpack
from sbrtcheck.archive.processes import Processes
from sbrtcheck.archive.rows import Checked, State
from sbrtcheck.archive.run_options import Options
from sbrtcheck.archive.store import Store, plan_key
from sbrtcheck.archive.units import LinkBy
from sbrtcheck.archive.write import open_results, path_of_table, refuse_output
from sbrtcheck.arguments import path_of, require_callable, require_number, require_type
from sbrtcheck.by_value import ByValue
from sbrtcheck.dicom import is_url, upload
from sbrtcheck.dicom.remote import shown_url
from sbrtcheck.errors import InputError, NoPlanError
from sbrtcheck.formatting import count
from sbrtcheck.progress import Progress, no_progress
from sbrtcheck.results.noted import refuse_notes_on_others
from sbrtcheck.tables.notes import PlanNotes

_AHEAD_OF_A_PROCESS = 4
MAX_JOBS = 61
"""Windows waits for no more processes at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary(ByValue):
    """How many plans came to what, how many rows were written, and how many plans were finished by an earlier run."""

    states: Mapping[State, int]
    rows: int
    taken_over: int = 0

    @property
    def plans(self) -> int:
        """All plans, checked or not."""
        return sum(number for state, number in self.states.items() if state.is_of_plan)

    @property
    def checked(self) -> int:
        """Plans with at least one row evaluated."""
        return self.plans - self.states[State.NOT_CHECKED]

    def __str__(self) -> str:
        others = sum(number for state, number in self.states.items() if not state.is_of_plan)
        unclear, loose, unread = (self.states.get(one, 0) for one in (State.TO_REVIEW, State.NO_PLAN, State.UNREAD))
        return (
            f"{count(self.plans, 'plan')}: {self.checked} checked, {self.states[State.FAILING]} of them failing"
            + (f" and {unclear} {State.TO_REVIEW}" if unclear else "")
            + f"; {self.states[State.NOT_CHECKED]} {State.NOT_CHECKED}"
            + (f"; {count(loose, 'more file')} {State.NO_PLAN}" if loose else "")
            + (f"; {count(unread, 'more row')} of what was {State.UNREAD}" if unread else "")
            + f"; {count(self.rows, 'row')} written"
            + (f"; {self.taken_over} of {self.plans + others} taken from an earlier run" if self.taken_over else "")
        )


def batch(  # noqa: PLR0913 - by keyword, one a choice
    folder: str | PathLike[str],
    out: str | PathLike[str],
    options: Options,
    *,
    jobs: int = 2,
    executor: Executor | None = None,
    plan_timeout_s: float | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    link: str = "reference",
    plans_file: str | PathLike[str] | None = None,
    more: Sequence[Entry] = (),
) -> Summary:
    """Check all plans below a folder and write the tables of results.

    Every plan is kept in a file beside the table, named like it with ``.sqlite`` behind, as soon as it is finished: the
    same call goes on where one before it was stopped, however that ended, and checks no finished plan again, as long as
    its files, the options, the tables and the program are the same.

    Parameters
    ----------
    folder
        Searched to any depth; or the URL of a storage that fsspec reaches, such as ``s3://archive/2026``.
    out
        The outcomes; ends in ``.csv`` or ``.parquet``, and is there whole or not at all. What is for a URL
        is written to the current folder, and then copied.
    options
        Tables and choices, for all plans.
    jobs
        Number of processes; with 1, plans are checked in this one, unless their time is limited.
    executor
        Where to check instead, a cluster for instance; its workers must see the files under the same paths.
    plan_timeout_s
        Seconds for one plan, None for any number: a plan that takes longer is stopped, and has a row that says so.
        Not with an executor of your own.
    fresh
        Whether to check all plans anew.
    progress
        Called with the number of plans done and of all.
    link
        What tells which files belong together: ``reference``; ``folder`` for files in one folder; ``folder:2`` for
        those below one folder of the second level; or ``frame``, of reference. A finding says so where it is needed.
    plans_file
        A CSV file with choices for single plans (`sbrtcheck.archive.own_choices`).
    more
        Entries beside those of the folder: what should have come into it and did not.

    Returns
    -------
    Summary
        A plan that could not be checked is in it, and in the table, with its reason.

    Raises
    ------
    SbrtcheckError
        There is no such folder, no plan in it, there are notes or choices for another plan, the table cannot be
        written, or another run writes it now.
    """
    archive = place_of(folder, "the folder of an archive")
    table, goal = _place_of_table(out)
    require_type(options, Options, "the options", "give sbrtcheck.archive.Options.read(tables=['rtog-0813'])")
    require_type(fresh, bool, "fresh", "give True or False")
    require_type(more, Sequence, "entries beside those of the folder", "give a list of sbrtcheck.archive.Entry")
    for entry in more:
        require_type(entry, Entry, "an entry beside those of the folder", "give a sbrtcheck.archive.Entry")
    workers = workers_of(jobs, executor, plan_timeout_s)
    if progress is not None:
        require_callable(progress, "progress")
    by = LinkBy.read(link)
    plans = None if plans_file is None else read_plans_file(plans_file, options.choices, options.tables)
    choices = options.choices
    inputs = (plans_file, choices.names_file, choices.dictionary.file, options.contents.plan_keys.file)
    refuse_output(table, options, inputs)
    database = database_of(table)
    with open_database(database) as connection, database_errors(str(database or table)):
        entries = _entries(_found(archive, connection, options, by), more, archive)
        if options.notes:
            refuse_notes_on_others(options.notes, {entry.uid for entry in entries if entry.is_plan})
        options = options.of_archive(entries, beside=table.parent)
        if plans is not None:
            entries = with_choices(entries, plans, options.contents.plan_key)
        store = Store(connection)
        taken_over = store.begin(_keys(entries, options), fresh=fresh)
        _check_waiting(entries, options, workers, store, progress or no_progress)
        _write_tables(table, goal, options, store)
        states, rows = store.states()
        store.end()
    return Summary(states=states, rows=rows, taken_over=taken_over)


def _entries(found: Sequence[Entry], more: Sequence[Entry], archive: Path | str) -> Sequence[Entry]:
    """What was found, and what is given beside it; `NoPlanError` where no plan is among it."""
    entries = [*found, *more] if more else found
    if not any(entry.is_plan for entry in entries):
        if isinstance(found, Entries):
            found.forget()
        place = shown_url(str(archive))
        raise NoPlanError("there is no plan, nor part of one", place, "give the folder that the plans are in")
    return entries


def _write_tables(table: Path, goal: str | None, options: Options, store: Store) -> None:
    """Write what is kept of all plans, and copy it to the URL that it is for, if it is for one."""
    with open_results(table, options) as write:
        for packed in store.in_order():
            write(_unpacked(packed))
    if goal is not None:
        for one in reversed(options.contents.tables):  # the outcomes last, as they are published here
            file = path_of_table(table, one)
            upload(file, goal.removesuffix(table.name) + file.name)


def _unpacked(packed: Packed) -> Checked:
    """What was kept of a plan; `DamagedError` where that is not what was written."""
    try:
        return unpack(packed)
    except (zlib.error, *NOT_AS_WRITTEN) as error:
        raise DamagedError from error


def _found(archive: Path | str, connection: sqlite3.Connection, options: Options, by: LinkBy) -> Sequence[Entry]:
    """The plans of the archive; of a folder by its index, of a storage with a URL by listing it."""
    dvhs = options.choices.dvhs
    return find(archive, dvhs, by) if isinstance(archive, str) else find_entries(archive, connection, dvhs=dvhs, by=by)


def place_of(given: object, subject: str) -> Path | str:
    """A path, or the URL of a storage as it is; `ArgumentError` where it is neither."""
    return given if isinstance(given, str) and is_url(given) else path_of(given, subject)


def _place_of_table(given: object) -> tuple[Path, str | None]:
    """Where the table is written; and the URL that it is copied to, if that is what was given.

    What has a URL is written to the current folder under its name, with its database beside it, and then copied.
    """
    place = place_of(given, "the file of a table")
    return (place, None) if isinstance(place, Path) else (Path(place.split("?")[0].rsplit("/", 1)[-1]), place)


def _keys(entries: Sequence[Entry], options: Options) -> Iterator[tuple[bytes, str]]:
    """The key of each plan, and what it is sorted by in the tables.

    That is its pseudonym: who knows the UIDs of an archive and finds its plans sorted by them can tell which is which.
    """
    notes = _notes_by_plan(options)
    of_options = digest(replace(options, notes=()))
    pseudonym = options.contents.plan_key  # stands in the rows
    for entry in entries:
        name = pseudonym(entry)
        key = plan_key(entry, of_options, notes.get(entry.uid, ()), name)
        yield key, "" if options.contents.with_identity else name


def _check_waiting(
    entries: Sequence[Entry], options: Options, workers: Workers, store: Store, progress: Progress
) -> None:
    """Check the plans that are not finished, and keep each as soon as it is ready."""
    waiting = store.waiting()
    of_all = len(entries)  # once: entries count themselves in the database, each time that they are asked
    done = of_all - len(waiting)
    if done:
        progress(done, of_all)
    tasks = tasks_of(entries, options, waiting)
    with workers.open() as executor:
        for position, packed in results(tasks, options, executor, ahead=workers.ahead):
            store.put(position, packed)
            done += 1
            progress(done, of_all)


def tasks_of(entries: Sequence[Entry], options: Options, positions: Sequence[int] | None = None) -> Iterator[Task]:
    """What is sent to workers, one plan after the other: those at these positions, or all."""
    notes, packed, program = _notes_by_plan(options), pack_options(options), digest_of_program()
    for position in range(len(entries)) if positions is None else positions:
        entry = entries[position]
        on_plan = notes.get(entry.uid, ())
        yield Task(position=position, entry=entry, options=packed, program=program, notes=on_plan)


def _notes_by_plan(options: Options) -> dict[str, tuple[PlanNotes, ...]]:
    by_plan: dict[str, tuple[PlanNotes, ...]] = {}
    for notes in options.notes:
        by_plan[notes.plan_uid] = (*by_plan.get(notes.plan_uid, ()), notes)
    return by_plan


# -------------------------------------------------------------------------------- where plans are checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """How to get an executor, to be closed unless it is the caller's, and how many plans it is given ahead."""

    make: Callable[[], Executor]
    ahead: int
    is_ours: bool = True

    @contextmanager
    def open(self) -> Iterator[Executor]:
        """The executor; ours is ended however the block ends."""
        executor = self.make()
        with nullcontext() if not self.is_ours else _ended(executor):
            yield executor


@contextmanager
def _ended(executor: Executor) -> Iterator[None]:
    try:
        yield
    finally:
        executor.shutdown(cancel_futures=True)


def workers_of(jobs: int, executor: Executor | None, plan_timeout_s: float | None) -> Workers:
    """Where plans are checked.

    Raises
    ------
    InputError
        Plans cannot be given to so many processes, to that executor, or with that limit of time.
    """
    require_type(executor, (Executor, type(None)), "an executor", "give one of concurrent.futures")
    require_number(jobs, "the number of processes")
    if not 1 <= jobs <= MAX_JOBS or int(jobs) != jobs:
        raise InputError(f"plans cannot be checked in {jobs:g} processes", hint=f"give 1 to {MAX_JOBS}")
    if plan_timeout_s is not None:
        _refuse_limit(plan_timeout_s, executor)
    if executor is not None:
        given = executor
        return Workers(make=lambda: given, ahead=AHEAD, is_ours=False)
    if jobs == 1 and plan_timeout_s is None:
        return Workers(make=ThisProcess, ahead=1)
    return Workers(make=lambda: Processes(int(jobs), limit_s=plan_timeout_s), ahead=_AHEAD_OF_A_PROCESS * int(jobs))


def _refuse_limit(plan_timeout_s: float, executor: Executor | None) -> None:
    require_number(plan_timeout_s, "the time for a plan, in seconds")
    if not 0.0 < plan_timeout_s < float("inf"):  # NaN too
        raise InputError(f"{plan_timeout_s:g} s is no time for a plan", hint="give seconds, such as 600")
    if executor is not None:
        hint = "leave the time out, or limit it where the executor comes from"
        raise InputError("the time for a plan cannot be limited in an executor of your own", hint=hint)


def run(entries: Sequence[Entry], options: Options, executor: Executor, *, window: int = AHEAD) -> Iterator[Checked]:
    """Check plans on an executor; one result a plan, in the order of the plans. Nothing is kept for another run.

    Parameters
    ----------
    entries
        What `find` found.
    options
        Tables and choices, for all plans.
    executor
        Any; it is left open. One that breaks leaves every plan that it had not finished with the reason
        `NotChecked.WORKER_DIED`.
    window
        Number of plans handed out ahead of the one whose result is next: the bound on memory.
    """
    options = options.of_archive(entries)
    found = results(tasks_of(entries, options), options, executor, ahead=window, order=Order.INPUT)
    return (unpack(packed) for _, packed in found)

"""Plans of an archive -> their results, one after the other, for a loop in Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path

from sbrtcheck.archive.columns import Row, Table
from sbrtcheck.archive.engine import Order, results
from sbrtcheck.archive.entries import Entry, shown
from sbrtcheck.archive.listing import find
from sbrtcheck.archive.packed import unpack
from sbrtcheck.archive.rows import State
from sbrtcheck.archive.run_options import Options
from sbrtcheck.archive.work import Workers, place_of, tasks_of, workers_of
from sbrtcheck.arguments import require_type
from sbrtcheck.by_value import ByValue
from sbrtcheck.dicom.remote import shown_url
from sbrtcheck.errors import NoPlanError
from sbrtcheck.results.noted import refuse_notes_on_others
from sbrtcheck.suggest import chosen
from sbrtcheck.tables.choice import TableName


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanResult(ByValue):
    """What one plan of an archive came to, or a file that is part of no plan.

    Parameters
    ----------
    key
        As in the column ``plan_key``: a pseudonym that another run gives too where the options have ``plan_keys``.
    state
        What it came to.
    rows
        As `batch` writes them, a mapping a row; `sbrtcheck.archive.COLUMNS` has the columns.
    reason
        Why no row was evaluated, a `sbrtcheck.archive.NotChecked`; None where one was.
    beside
        Rows of the other tables, by `sbrtcheck.archive.Table`: the plan's own, and those of structures and curves where
        the options ask for them.
    """

    key: str
    state: State
    rows: tuple[Row, ...] = field(repr=False)
    reason: str | None
    beside: Mapping[Table, tuple[Row, ...]] = field(repr=False)


def check_archive(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]],
    tables: TableName | Sequence[TableName] | Options,
    *,
    executor: Executor | None = None,
    jobs: int = 2,
    plan_timeout_s: float | None = None,
    order: str = Order.COMPLETION,
) -> Iterator[PlanResult]:
    """Check all plans below folders, and give each result as soon as it is there; nothing is written.

    Memory is bounded: a few plans for each process are handed out ahead. To stop early, leave the loop. Processes start
    anew: a script of your own needs ``if __name__ == "__main__":`` round the call, unless ``jobs`` is 1.

    Parameters
    ----------
    paths
        A folder, or several; each is searched to any depth. Or URLs of storages that fsspec reaches.
    tables
        As for `check`; or, for anything beyond tables, `sbrtcheck.archive.Options`.
    executor
        Any of `concurrent.futures`, or that looks like one, to check the plans instead of processes here.
    jobs
        Number of processes; with 1, plans are checked in this one, unless their time is limited.
    plan_timeout_s
        Seconds for one plan, None for any number; not with an executor of your own.
    order
        ``"completion"``, as they are ready; or ``"input"``, folder by folder, in each sorted by UID.

    Yields
    ------
    PlanResult
        One for each plan, whatever happens to it, for each RT file that is part of no plan, and for what could not be
        looked into.

    Raises
    ------
    SbrtcheckError
        Before the first result: a folder, a table or another argument cannot be used, or there is no plan.

    Examples
    --------
    >>> import sbrtcheck
    >>> for result in sbrtcheck.check_archive("examples/plans", "rtog-0813", jobs=1, order="input"):
    ...     print(result.state, len(result.rows))
    passing 21
    not checked 21
    """
    options = tables if isinstance(tables, Options) else Options.read(tables=tables)
    workers = workers_of(jobs, executor, plan_timeout_s)
    chosen_order = chosen(Order, order, "the order")
    require_type(paths, (str, PathLike, Sequence), "the folders of an archive", "give a path, or a list of paths")
    several = [paths] if isinstance(paths, str | PathLike) else list(paths)
    folders = [place_of(path, "the folder of an archive") for path in several]
    entries = [
        entry if len(folders) == 1 else _of_one_of_several(entry, folder)
        for folder in folders
        for entry in find(folder, options.choices.dvhs)
    ]
    if not any(entry.is_plan for entry in entries):
        places = ", ".join(str(folder) if isinstance(folder, Path) else shown_url(folder) for folder in folders)
        raise NoPlanError("there is no plan, nor part of one", places, "give the folders that the plans are in")
    refuse_notes_on_others(options.notes, {entry.uid for entry in entries if entry.is_plan})
    return _results(entries, options.of_archive(entries), workers, chosen_order)


def _of_one_of_several(entry: Entry, folder: Path | str) -> Entry:
    """The same, its folder told apart from one of the same name below another of the folders."""
    given = shown(folder.as_posix()) if isinstance(folder, Path) else shown_url(folder)
    return replace(entry, folder=f"{given}/{entry.folder}")


def _results(entries: Sequence[Entry], options: Options, workers: Workers, order: Order) -> Iterator[PlanResult]:
    with workers.open() as executor:
        tasks = tasks_of(entries, options)
        for position, packed in results(tasks, options, executor, ahead=workers.ahead, order=order):
            key = options.contents.plan_key(entries[position])
            found = unpack(packed)
            yield PlanResult(key=key, state=found.state, rows=found.rows, reason=packed.reason, beside=found.beside)

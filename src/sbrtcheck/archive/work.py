"""Plans x executor -> their rows, in the order of the plans, whatever the order they are ready in."""

from __future__ import annotations

import signal
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from os import PathLike
from typing import Any

from sbrtcheck.archive.entries import Entry, find
from sbrtcheck.archive.rows import Checked, NotChecked, Options, State, check_entry, not_checked, where_from
from sbrtcheck.archive.write import open_rows
from sbrtcheck.arguments import path_of, require_callable, require_number, require_type
from sbrtcheck.by_value import ByValue
from sbrtcheck.errors import InputError, NoPlanError
from sbrtcheck.progress import Progress
from sbrtcheck.results.noted import refuse_notes_on_others

# Plans handed out before the first of them is back: enough to keep workers busy, few enough to hold in memory.
WINDOW = 32
_AHEAD_OF_A_PROCESS = 4
MAX_JOBS = 61
"""Windows waits for no more processes at once."""
DIED = "out of memory, or killed: check this plan by itself"

MakeExecutor = Callable[[], Executor]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary(ByValue):
    """How many plans came to what, and how many rows were written."""

    states: Mapping[State, int]
    rows: int

    @property
    def plans(self) -> int:
        """All plans, checked or not."""
        return sum(number for state, number in self.states.items() if state is not State.NO_PLAN)

    @property
    def checked(self) -> int:
        """Plans with at least one row evaluated."""
        return self.plans - self.states[State.NOT_CHECKED]

    def __str__(self) -> str:
        unclear, loose = self.states[State.TO_REVIEW], self.states[State.NO_PLAN]
        return (
            f"{_count(self.plans, 'plan')}: {self.checked} checked, {self.states[State.FAILING]} of them failing"
            + (f" and {unclear} {State.TO_REVIEW}" if unclear else "")
            + f"; {self.states[State.NOT_CHECKED]} {State.NOT_CHECKED}"
            + (f"; {_count(loose, 'more file')} {State.NO_PLAN}" if loose else "")
            + f"; {_count(self.rows, 'row')} written"
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def batch(
    folder: str | PathLike[str],
    out: str | PathLike[str],
    options: Options,
    *,
    jobs: int = 2,
    executor: Executor | None = None,
    progress: Progress | None = None,
    more: Sequence[Entry] = (),
) -> Summary:
    """Check all plans below a folder and write one table.

    Parameters
    ----------
    folder
        Searched to any depth.
    out
        Ends in ``.csv`` or ``.parquet``; there whole or, when anything stops the work, not at all.
    options
        Tables and choices, for all plans.
    jobs
        Number of processes; with 1, plans are checked in this one.
    executor
        Where to check instead, a cluster for instance; its workers must see the files under the same paths.
    progress
        Called with the number of plans done and of all.
    more
        Entries beside those of the folder: what should have come into it and did not.

    Returns
    -------
    Summary
        A plan that could not be checked is in it, and in the table, with its reason.

    Raises
    ------
    SbrtcheckError
        There is no such folder, no plan in it, there are notes on another plan, or the table cannot be written.
    """
    folder, out = path_of(folder, "the folder of an archive"), path_of(out, "the file of a table")
    require_type(options, Options, "the options", "give sbrtcheck.archive.Options.read(tables=['rtog-0813'])")
    _refuse_workers(jobs, executor)
    if progress is not None:
        require_callable(progress, "progress")
    states: Counter[State] = Counter()
    rows = 0
    with open_rows(out, options.columns) as write:
        entries = sorted((*find(folder, options.choices.dvhs), *more), key=Entry.order)
        if not any(entry.is_plan for entry in entries):
            raise NoPlanError("there is no plan, nor part of one", str(folder), "give the folder that the plans are in")
        refuse_notes_on_others(options.notes, {entry.uid for entry in entries if entry.is_plan})
        with _results(entries, options, int(jobs), executor) as all_checked:
            for done, checked in enumerate(all_checked, start=1):
                write(checked.rows)
                states[checked.state] += 1
                rows += len(checked.rows)
                if progress is not None:
                    progress(done, len(entries))
    return Summary(states=states, rows=rows)


def _refuse_workers(jobs: int, executor: Executor | None) -> None:
    """Raise `InputError` where plans cannot be given to so many processes, or to that executor."""
    require_type(executor, (Executor, type(None)), "an executor", "give one of concurrent.futures")
    require_number(jobs, "the number of processes")
    if not 1 <= jobs <= MAX_JOBS or int(jobs) != jobs:
        raise InputError(f"plans cannot be checked in {jobs:g} processes", hint=f"give 1 to {MAX_JOBS}")


@contextmanager
def _results(
    entries: Sequence[Entry], options: Options, jobs: int, executor: Executor | None
) -> Iterator[Iterator[Checked]]:
    """The results, and an end to the processes however the work with them ends."""
    if executor is not None:
        yield run(entries, options, executor)
    elif jobs == 1:
        yield run(entries, options, _ThisProcess(), window=1)
    else:
        start = partial(processes, jobs)
        pool = start()
        try:
            yield run(entries, options, pool, window=_AHEAD_OF_A_PROCESS * jobs, restart=start)
        finally:
            pool.shutdown(cancel_futures=True)


def processes(jobs: int) -> ProcessPoolExecutor:
    """Worker processes that start anew, as they must on Windows, and leave Ctrl-C to the process that started them."""
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _ThisProcess(Executor):
    """This very process, one plan at a time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def run(
    entries: Sequence[Entry],
    options: Options,
    executor: Executor,
    *,
    window: int = WINDOW,
    restart: MakeExecutor | None = None,
) -> Iterator[Checked]:
    """Check plans on an executor; one result a plan, in the order of the plans.

    Parameters
    ----------
    entries
        What `find` found.
    options
        Tables and choices, for all plans.
    executor
        Any; it is left open.
    window
        Number of plans handed out ahead of the one whose result is next: the bound on memory.
    restart
        Makes another executor when one breaks, as pools of processes do when a process is killed. Each plan that was
        in the broken one is then checked in an executor of its own, to find the one to blame. Without it, a broken
        executor leaves every plan that it had not finished with the reason `NotChecked.WORKER_DIED`.
    """
    waiting = iter(entries)
    broke = yield from _results_until_broken(executor, waiting, options, window, restart)
    while broke and restart is not None:
        another = restart()
        try:
            broke = yield from _results_until_broken(another, waiting, options, window, restart)
        finally:
            another.shutdown(cancel_futures=True)


def _results_until_broken(
    executor: Executor, waiting: Iterator[Entry], options: Options, window: int, restart: MakeExecutor | None
) -> Generator[Checked, None, bool]:
    """Results of the plans waiting; when the executor breaks, of those handed out. Returns whether to go on anew."""
    ahead: deque[tuple[Entry, Future[Checked]]] = deque()
    broke = False
    while True:
        if not broke:
            fresh = islice(waiting, window - len(ahead))
            ahead.extend((entry, _submit(executor, entry, options)) for entry in fresh)
        if not ahead:
            return broke
        entry, future = ahead.popleft()
        checked = _result(future, entry, options)
        if checked is None and restart is not None:
            broke = True
            checked = _result_alone(restart, entry, options)
        yield checked or not_checked(entry, options, NotChecked.WORKER_DIED, DIED)


def _submit(executor: Executor, entry: Entry, options: Options) -> Future[Checked]:
    try:
        return executor.submit(check_entry, entry, options)
    except BrokenExecutor as error:  # it may break between two plans
        failed: Future[Checked] = Future()
        failed.set_exception(error)
        return failed


def _result(future: Future[Checked], entry: Entry, options: Options) -> Checked | None:
    """The rows of a plan; None when the executor broke, with this plan or another."""
    try:
        return future.result()
    except BrokenExecutor:
        return None
    except Exception as error:  # the executor could not bring plan or rows across
        return not_checked(entry, options, NotChecked.CRASHED, where_from(error))


def _result_alone(restart: MakeExecutor, entry: Entry, options: Options) -> Checked | None:
    """The same in an executor with nothing else in it: if that breaks too, this plan is to blame."""
    executor = restart()
    try:
        return _result(_submit(executor, entry, options), entry, options)
    finally:
        executor.shutdown(cancel_futures=True)

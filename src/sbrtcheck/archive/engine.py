"""Plans x any `concurrent.futures.Executor` -> what they came to, as they are ready or in their order.

A plan whose worker died has one more try; what cannot be told then is a result too, with its reason, and the others go
on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sbrtcheck.archive.packed import OtherProgramError, Packed, Task, check_task, pack
from sbrtcheck.archive.processes import CannotStartError, TimeLimitError
from sbrtcheck.archive.rows import NotChecked, not_checked, where_from
from sbrtcheck.archive.run_options import Options
from sbrtcheck.errors import InputError

AHEAD = 256
"""Plans handed out before the first is back: enough to keep a hundred workers busy, few enough to hold in memory."""
DIED = "out of memory, or killed: check this plan by itself"
STOPPED = "it was stopped: check this plan by itself, or give it more time"
_TRIES = 2
_A_MOMENT_S = 1.0  # Windows sees Ctrl-C between two waits, not in one


class Order(StrEnum):
    """Which result comes first."""

    COMPLETION = "completion"
    INPUT = "input"


class ThisProcess(Executor):
    """This very process, one plan at a time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it at once."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(slots=True)
class _Running:
    """What was handed out, how often each plan was tried, and what waits for a plan before it."""

    tasks: dict[Future[Packed], Task] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)
    ready: dict[int, Packed] = field(default_factory=dict)


def results(
    tasks: Iterable[Task],
    options: Options,
    executor: Executor,
    *,
    ahead: int = AHEAD,
    order: Order = Order.COMPLETION,
) -> Iterator[tuple[int, Packed]]:
    """Check plans on an executor; position and result of each.

    Parameters
    ----------
    tasks
        Positions go up.
    options
        For the row of a plan that cannot be checked.
    executor
        Any; it is left open.
    ahead
        Number of plans handed out and not given back: the bound on memory.
    order
        As results are ready, or in the order of the tasks.

    Raises
    ------
    InputError
        No worker process can be started, or a worker has another version of sbrtcheck.
    """
    waiting = iter(tasks)
    running = _Running()
    in_order: list[int] = []  # positions not given back yet
    try:
        while True:
            while len(in_order) < ahead and (task := next(waiting, None)) is not None:
                in_order.append(task.position)
                _hand_out(task, executor, running)
            if not in_order:
                return
            _collect(running, executor, options)
            now = in_order if order is Order.COMPLETION else _begin(in_order, running)
            for position in [position for position in now if position in running.ready]:
                in_order.remove(position)
                yield position, running.ready.pop(position)
    finally:
        for future in running.tasks:
            future.cancel()


def _begin(in_order: list[int], running: _Running) -> list[int]:
    """The positions up to the first that is not ready."""
    end = next((at for at, position in enumerate(in_order) if position not in running.ready), len(in_order))
    return in_order[:end]


def _hand_out(task: Task, executor: Executor, running: _Running) -> None:
    running.tries[task.position] = running.tries.get(task.position, 0) + 1
    try:
        future: Future[Packed] = executor.submit(check_task, task)
    except BrokenExecutor as error:  # it may break between two plans
        future = Future()
        future.set_exception(error)
    running.tasks[future] = task


def _collect(running: _Running, executor: Executor, options: Options) -> None:
    """Wait until some are ready; those whose worker died are handed out once more."""
    done: set[Future[Packed]] = set()
    while not done:
        done, _ = wait(running.tasks, timeout=_A_MOMENT_S, return_when=FIRST_COMPLETED)
    for future in done:
        task = running.tasks.pop(future)
        packed = _result(future, task, options)
        if packed is None and running.tries[task.position] < _TRIES:
            _hand_out(task, executor, running)
            continue
        del running.tries[task.position]
        running.ready[task.position] = packed or _failed(task, options, NotChecked.WORKER_DIED, DIED)


def _result(future: Future[Packed], task: Task, options: Options) -> Packed | None:
    """What a plan came to; None where its worker died."""
    try:
        return future.result()
    except CannotStartError as error:
        hint = "in a script of your own, guard its call by: if __name__ == '__main__'; or check in one process"
        raise InputError("worker processes cannot be started", hint=hint) from error
    except OtherProgramError as error:
        hint = "install the same version of it, and of numpy, scipy, pydicom and rapidfuzz, wherever plans are checked"
        raise InputError("a worker has another sbrtcheck than this process", hint=hint) from error
    except TimeLimitError:
        return _failed(task, options, NotChecked.TIMED_OUT, STOPPED)
    except (BrokenExecutor, CancelledError):
        return None
    except Exception as error:  # the executor could not bring plan or rows across
        if type(error).__name__ == "KilledWorker":  # so Dask says it, after tries of its own
            return None
        return _failed(task, options, NotChecked.CRASHED, where_from(error))


def _failed(task: Task, options: Options, reason: NotChecked, detail: str) -> Packed:
    return pack(not_checked(task.entry, options, reason, detail))

"""Plans on any executor: each comes to something, once, whichever worker dies, and in the order asked for."""

from __future__ import annotations

import json
import pickle
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls_of_processes import exit_at_once, raise_strange
from dvh_builders import row, table
from sbrtcheck.archive import COLUMNS, Entry, NotChecked, Options, State, Table
from sbrtcheck.archive.engine import Order, ThisProcess, results
from sbrtcheck.archive.fingerprint import digest_of_program
from sbrtcheck.archive.packed import Task, check_task, pack, pack_options, pack_tables, unpack, unpack_tables
from sbrtcheck.archive.processes import CannotStartError, Processes, TimeLimitError, WorkerDiedError
from sbrtcheck.archive.rows import check_entry
from sbrtcheck.errors import InputError

OPTIONS = Options(tables=(table(row("Mean[Gy]", "below", 30, "PTV")),))


def entry(uid: str) -> Entry:
    return Entry(files=(), folder="", problem="made up", stand_ins={}, plan_uid=uid)


def tasks(number: int) -> list[Task]:
    packed = pack_options(OPTIONS)
    return [Task(position=n, entry=entry(str(n)), options=packed, program=digest_of_program()) for n in range(number)]


class Deaths(Executor):
    """Every plan kills its worker as often as it says, then it is checked; some time later, in a thread."""

    def __init__(self, deaths: dict[str, int], pool: ThreadPoolExecutor, error: type[Exception]) -> None:
        self.left = dict(deaths)
        self.tried: Counter[str] = Counter()
        self.pool = pool
        self.error = error

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        uid = args[0].entry.plan_uid
        self.tried[uid] += 1
        if self.left.get(uid, 0) > 0:
            self.left[uid] -= 1
            return self.pool.submit(self._die)
        return self.pool.submit(fn, *args, **kwargs)

    def _die(self) -> None:
        raise self.error("gone")


class KilledWorker(Exception):  # noqa: N818 - so Dask calls it
    pass


@given(
    st.integers(0, 12),
    st.dictionaries(st.integers(0, 11).map(str), st.integers(0, 3)),
    st.integers(1, 5),
    st.sampled_from(Order),
    st.sampled_from([WorkerDiedError, CancelledError, KilledWorker]),
)
def test_a_dead_worker_costs_its_plan_one_more_try_and_the_others_nothing(
    number: int, deaths: dict[str, int], ahead: int, order: Order, error: type[Exception]
) -> None:
    with ThreadPoolExecutor(3) as pool:
        executor = Deaths(deaths, pool, error)
        found = list(results(tasks(number), OPTIONS, executor, ahead=ahead, order=order))
    died = {n for n in range(number) if deaths.get(str(n), 0) >= 2}
    assert sorted(position for position, _ in found) == list(range(number))
    assert {position for position, packed in found if packed.reason == NotChecked.WORKER_DIED} == died
    assert executor.tried == {str(n): 1 + min(1, deaths.get(str(n), 0)) for n in range(number)}
    if order is Order.INPUT:
        assert [position for position, _ in found] == list(range(number))
    for position, packed in found:
        assert packed.lasting is (position not in died)
        if position not in died:
            assert unpack(packed) == check_entry(entry(str(position)), OPTIONS)


@given(st.integers(0, 30), st.integers(1, 7), st.sampled_from(Order))
def test_no_more_plans_are_out_than_allowed(number: int, ahead: int, order: Order) -> None:
    out = 0

    def counted() -> Any:
        nonlocal out
        for task in tasks(number):
            out += 1
            assert out <= ahead
            yield task

    with ThreadPoolExecutor(2) as pool:
        for _ in results(counted(), OPTIONS, pool, ahead=ahead, order=order):
            out -= 1


def test_results_come_as_they_are_ready_or_in_their_order() -> None:
    """The first plan is ready only when the last one has been given back, or would have been."""
    for order in Order:
        released = threading.Event()

        class FirstLast(ThisProcess):
            def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
                if args[0].position:
                    return super().submit(fn, *args, **kwargs)
                return pool.submit(lambda: (released.wait(), fn(*args))[1])  # noqa: B023 - it is of this round

        with ThreadPoolExecutor(1) as pool:
            found = results(tasks(4), OPTIONS, FirstLast(), order=order)
            if order is Order.INPUT:
                released.set()
                assert [position for position, _ in found] == [0, 1, 2, 3]
            else:
                assert sorted(next(found)[0] for _ in range(3)) == [1, 2, 3]
                released.set()
                assert [position for position, _ in found] == [0]


class Noting(Executor):
    """Another executor, and what it was given."""

    def __init__(self, other: Executor) -> None:
        self.other = other
        self.futures: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.futures.append(self.other.submit(fn, *args, **kwargs))
        return self.futures[-1]


def test_who_stops_listening_leaves_no_plan_to_be_checked() -> None:
    with ThreadPoolExecutor(1) as pool:
        executor = Noting(pool)
        found = results(tasks(3), OPTIONS, executor)
        next(found)
        block = threading.Event()
        pool.submit(block.wait)
        found.close()  # type: ignore[attr-defined]
        block.set()
    assert all(future.done() for future in executor.futures)


# -------------------------------------------------------------------------------- what travels

VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text()
ROWS = st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES, "ü": VALUES}), max_size=4)


@given(st.dictionaries(st.sampled_from(Table), ROWS, max_size=3))
def test_rows_are_the_same_after_they_were_packed(given_tables: dict[Table, list[dict[str, Any]]]) -> None:
    back = unpack_tables(pack_tables(given_tables))
    assert {name: list(rows) for name, rows in back.items()} == given_tables
    kinds = {type(value) for rows in back.values() for one in rows for value in one.values()}
    assert kinds <= {type(value) for rows in given_tables.values() for one in rows for value in one.values()}


def test_a_plan_travels_small_and_its_options_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tasks(2)
    assert len(pickle.dumps(first.entry)) < 1000
    checked = check_task(first)
    monkeypatch.setattr(pickle, "loads", None)  # the second plan asks for no more reading
    assert check_task(second).state is checked.state is State.NOT_CHECKED
    assert list(unpack(checked).rows[0]) == list(COLUMNS)
    assert pack(unpack(checked)) == checked


# -------------------------------------------------------------------------------- processes


def test_each_process_answers_or_dies_by_itself() -> None:
    """One start of processes for all of it: they take half a second each."""
    with Processes(2) as pool:
        good = [pool.submit(divmod, n, 3) for n in range(6)]
        dead = pool.submit(exit_at_once, 3)
        failing = [pool.submit(divmod, 1, 0), pool.submit(raise_strange), pool.submit(json.loads, lambda: 0)]
        after = [pool.submit(divmod, n, 2) for n in range(6)]
        assert [future.result() for future in (*good, *after)] == [
            *(divmod(n, 3) for n in range(6)),
            *(divmod(n, 2) for n in range(6)),
        ]
        with pytest.raises(WorkerDiedError):
            dead.result()
        with pytest.raises(ZeroDivisionError):
            failing[0].result()
        with pytest.raises(RuntimeError, match="Strange"):
            failing[1].result()
        with pytest.raises((pickle.PicklingError, AttributeError)):
            failing[2].result()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(divmod, 1, 1)


def test_a_call_that_hangs_is_stopped_and_the_next_one_gets_a_new_process() -> None:
    with Processes(1, limit_s=1.0) as pool:
        with pytest.raises(TimeLimitError):
            pool.submit(time.sleep, 600.0).result()
        for _ in range(20):  # a busy machine may not answer in a second
            with suppress(TimeLimitError):
                assert pool.submit(divmod, 7, 2).result() == (3, 1)
                return
        pytest.fail("no call was answered after one that hung")


def test_an_end_in_the_middle_waits_for_nothing() -> None:
    pool = Processes(1)
    hanging = pool.submit(time.sleep, 600.0)
    waiting = pool.submit(divmod, 3, 2)
    while not hanging.running():
        time.sleep(0.01)
    began = time.monotonic()
    pool.shutdown(cancel_futures=True)
    assert time.monotonic() - began < 60.0
    assert waiting.cancelled()
    assert isinstance(hanging.exception(), WorkerDiedError | CannotStartError)


class NoneStarts(ThisProcess):
    """As `Processes` where none can be started."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        failed: Future[Any] = Future()
        failed.set_exception(CannotStartError("no") if future.done() else None)
        return failed


def test_processes_that_cannot_start_are_said_to_and_no_plan_is_blamed() -> None:
    with pytest.raises(InputError, match=r"cannot be started.*__main__"):
        list(results(tasks(3), OPTIONS, NoneStarts()))

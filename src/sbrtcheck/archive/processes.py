"""An executor of worker processes each of which may be killed alone: for a plan that hangs, and with one that dies.

`concurrent.futures.ProcessPoolExecutor` breaks as a whole when one of its processes dies, and has no limit of time.
Here every process has a thread that hands it one call after the other and waits for the answer, however long or until
the limit; a process that is gone costs the call that it had, and the next call gets a new one.

Processes start anew (*spawn*), as they must on Windows. They leave Ctrl-C to the process that started them, and end
with it even where it was killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any

_SPAWN = get_context("spawn")


class WorkerDiedError(BrokenExecutor):
    """The process that had this call is gone; others are not touched."""


class TimeLimitError(Exception):
    """The call took longer than the limit, and its process was killed."""


class CannotStartError(BrokenExecutor):
    """No process can be started, whatever is to be done in it."""


@dataclass(frozen=True, slots=True)
class _Call:
    future: Future[Any]
    what: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Processes(Executor):
    """Worker processes, started when there is something to do.

    Parameters
    ----------
    jobs
        How many at the most.
    limit_s
        Seconds that a call may take from when its process has it; None: any number.
    """

    def __init__(self, jobs: int, *, limit_s: float | None = None) -> None:
        self._jobs = jobs
        self._limit_s = limit_s
        self._waiting: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._workers: set[_Worker] = set()
        self._lock = threading.Lock()
        self._over = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As of any executor; the future may raise `WorkerDiedError`, `TimeLimitError` or `CannotStartError`."""
        future: Future[Any] = Future()
        with self._lock:
            if self._over:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.put(_Call(future, (fn, args, kwargs)))
            if len(self._threads) < self._jobs:
                thread = threading.Thread(target=self._serve, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - of Executor
        """As of any executor, but for a call that a process has while futures are cancelled: it is killed."""
        with self._lock:
            self._over = True
        if cancel_futures:
            with suppress(Empty):
                while True:
                    if (call := self._waiting.get_nowait()) is not None:
                        call.future.cancel()
            with self._lock:
                for worker in self._workers:
                    worker.kill()
        for _ in self._threads:
            self._waiting.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _serve(self) -> None:
        """Hand calls to one process after the other, until there is no more to do."""
        worker: _Worker | None = None
        while (call := self._waiting.get()) is not None:
            if not call.future.set_running_or_notify_cancel():
                continue
            try:
                worker = worker or self._started()
                succeeded, result = worker.answer(call, self._limit_s)
            except (EOFError, OSError):
                self._end(worker)
                worker = None
                call.future.set_exception(WorkerDiedError("the worker process died"))
            except TimeLimitError as error:
                self._end(worker)
                worker = None
                call.future.set_exception(error)
            except Exception as error:  # the call or its result cannot travel, or no process starts
                call.future.set_exception(error)
            else:
                (call.future.set_result if succeeded else call.future.set_exception)(result)
        self._end(worker)

    def _started(self) -> _Worker:
        worker = _Worker()
        with self._lock:
            self._workers.add(worker)
            if self._over:  # it was too late to be killed with the others
                worker.kill()
        worker.wait_until_ready()
        return worker

    def _end(self, worker: _Worker | None) -> None:
        if worker is not None:
            with self._lock:
                self._workers.discard(worker)
            worker.end()


class _Worker:
    """A process, and the way to it."""

    def __init__(self) -> None:
        self._way, its_end = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_work, args=(its_end,), daemon=True)
        self._process.start()
        its_end.close()  # so that its end is seen here

    def wait_until_ready(self) -> None:
        """Wait for the imports, which the limit of a call is not for."""
        try:
            self._way.recv_bytes()
        except (EOFError, OSError) as error:
            self.end()
            raise CannotStartError("no worker process can be started") from error

    def answer(self, call: _Call, limit_s: float | None) -> tuple[bool, Any]:
        """Whether the call succeeded, and its result or the exception."""
        self._way.send_bytes(pickle.dumps(call.what))
        if not self._way.poll(limit_s):
            raise TimeLimitError
        answer: tuple[bool, Any] = pickle.loads(self._way.recv_bytes())  # noqa: S301 - of our own process
        return answer

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """Let it end by itself where it waits for a call; kill it where it does not."""
        self._way.close()
        self._process.join(timeout=0.2)
        self._process.kill()
        self._process.join()
        self._process.close()


def _work(way: Connection) -> None:
    """What a worker process does: answer calls until nobody calls any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    way.send_bytes(b"ready")
    with suppress(EOFError, OSError):
        while True:
            way.send_bytes(_answer(way.recv_bytes()))


def _answer(raw: bytes) -> bytes:
    try:
        fn, args, kwargs = pickle.loads(raw)  # noqa: S301 - of the process that started this one
        return pickle.dumps((True, fn(*args, **kwargs)))
    except Exception as error:
        return _exception(error)


def _exception(error: Exception) -> bytes:
    with suppress(Exception):
        raw = pickle.dumps((False, error))
        pickle.loads(raw)  # noqa: S301 - some that can be written cannot be read
        return raw
    return pickle.dumps((False, RuntimeError(type(error).__name__)))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

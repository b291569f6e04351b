"""One process in which received files are read and checked: what it dies of, or hangs in, costs one job."""

from __future__ import annotations

import logging
import os
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from threading import Event, Thread
from time import monotonic
from typing import Any

from sbrtcheck.archive.rows import where_from
from sbrtcheck.errors import SbrtcheckError

_START_SECONDS = 60.0  # to start Python and import, on a slow disk
_END_SECONDS = 5.0
_SLICE_SECONDS = 0.1
_TRIES = 2


class JobFailedError(Exception):
    """A job gave no result; the text says why, and names nobody."""


class StoppedError(Exception):
    """A job was left because the listener is to stop: it is done at the next start."""


class Worker:
    """A process that does one job after the other; another takes its place when it dies or hangs.

    ``end``, once it is set, ends the job that is being done.
    """

    def __init__(self) -> None:
        self.end = Event()
        self._process: Any = None
        self._connection: Connection | None = None

    def run(self, job: Callable[..., Any], *arguments: Any, seconds: float) -> Any:
        """Do a job in the process; where that dies, once more in another.

        Raises
        ------
        StoppedError
            Nothing is to be done any more.
        JobFailedError
            It failed, took longer than ``seconds``, or processes died of it.
        """
        for _ in range(_TRIES):
            connection = self._connection or self._started()
            try:
                connection.send((job, arguments))
                self._wait(connection, seconds)
                result, fault = connection.recv()
            except (EOFError, OSError):
                self.stop()
                if self.end.is_set():
                    raise StoppedError from None
                continue
            if fault is not None:
                raise JobFailedError(fault)
            return result
        raise JobFailedError("its process ended: out of memory, or killed")

    def _wait(self, connection: Connection, seconds: float) -> None:
        until = monotonic() + seconds
        while not connection.poll(_SLICE_SECONDS):
            if self.end.is_set():
                self.stop()
                raise StoppedError
            if monotonic() >= until:
                self.stop()
                raise JobFailedError(f"it was given up after {seconds:g} seconds")

    def _started(self) -> Connection:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._connection = ours
        with suppress(EOFError, OSError):
            if ours.poll(_START_SECONDS):
                ours.recv()  # that it is ready: imports are not the plan's time
        return ours

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.join(_END_SECONDS)
        self._connection = self._process = None


def _serve(connection: Connection) -> None:
    """Do jobs until the other end goes away; Ctrl-C and SIGTERM are for the process that started this one."""
    from sbrtcheck.pacs import jobs

    Thread(target=_end_with_parent, daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # they quote values of files
    logging.disable()
    connection.send(jobs.__name__)
    with suppress(EOFError, OSError):
        while True:
            job, arguments = connection.recv()
            connection.send(_outcome(job, arguments))


def _end_with_parent() -> None:
    """Where the listener is killed, nobody waits for the job that is being done, and it might never end."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _outcome(job: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, str | None]:
    try:
        return job(*arguments), None
    except SbrtcheckError as error:
        return None, f"{error.what}; {error.hint}" if error.hint else error.what
    except Exception as error:  # a fault of ours in one plan must not end the others
        return None, where_from(error)

"""A listener whose steps a test takes one by one: no thread, and its jobs are done in this process."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from pydicom import Dataset

from plan_changes import _bytes
from sbrtcheck.archive import Options
from sbrtcheck.pacs.jobs import Written
from sbrtcheck.pacs.listener import Listener
from sbrtcheck.pacs.settings import ListenSettings
from sbrtcheck.pacs.store import Origin
from sbrtcheck.pacs.worker import JobFailedError, StoppedError, _outcome

OPTIONS = Options.read(tables="rtog-0813")
UNKNOWN = Origin()


def key_of(spool: Path, uid: str) -> str:
    """What a listener calls the object of a UID: 16 digits of an HMAC (RFC 2104) with the secret that it keeps."""
    secret = bytes.fromhex((spool / "sbrtcheck-plan-keys.txt").read_text(encoding="utf-8").split()[-1])
    return hmac.new(secret, json.dumps([uid]).encode(), hashlib.sha256).hexdigest()[:16]


class JobsHere:
    """In place of the worker process."""

    def __init__(self) -> None:
        self.end = Event()

    def run(self, job: Callable[..., Any], *arguments: Any, seconds: float) -> Any:
        del seconds
        if self.end.is_set():
            raise StoppedError
        result, fault = _outcome(job, arguments)
        if fault is not None:
            raise JobFailedError(fault)
        return result

    def stop(self) -> None:
        """There is no process."""


def names_alone(paths: Sequence[Path], _options: Options, _format: str, remarks: Sequence[str]) -> Written:
    """In place of a check: says what would be checked; what is remarked makes it a REVIEW."""
    text = "\n".join((*sorted(path.name for path in paths), *remarks))
    return Written(content=text.encode(), verdict="REVIEW" if remarks else "PASS")


class Steps:
    """The listener, what it told, and its reports."""

    def __init__(self, listener: Listener, out: Path, told: list[str]) -> None:
        self.listener, self.out, self.told = listener, out, told
        self.spool = listener._settings.spool

    def put(self, *objects: Dataset | bytes, origin: Origin = UNKNOWN) -> None:
        for one in objects:
            content = one if isinstance(one, bytes) else _bytes(one)
            uid = "2.25.1" if isinstance(one, bytes) else one.SOPInstanceUID
            self.listener._store.put(uid, (content,), origin)
        self.listener._stored.set()

    def step(self) -> list[str]:
        """The names of all reports after a step."""
        self.listener.step()
        return self.reports()

    def reports(self) -> list[str]:
        return sorted(path.name for path in self.out.glob("*.*"))

    def report(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")


@contextmanager
def stepping(folder: Path, *, check: Callable[..., Any] = names_alone, **settings: Any) -> Iterator[Steps]:
    """One that waits for nothing, unless told to."""
    given = {"wait_seconds": 0.0, "settle_seconds": 0.0, "format": "text", **settings}
    told: list[str] = []
    out = folder / "reports"
    listener = Listener(
        ListenSettings(out=out, spool=folder / "spool", port=0, **given), OPTIONS, tell=told.append, check=check
    )
    listener._worker = JobsHere()  # type: ignore[assignment]
    try:
        yield Steps(listener, out, told)
    finally:
        listener.close()

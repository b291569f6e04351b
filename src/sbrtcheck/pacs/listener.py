"""A listener: objects come in, and as soon as a plan is complete its report is in the folder.

One thread looks at what was stored, asks the worker process what it is and how it hangs together, and has plans
checked; associations have threads of their own and wait for none of it. All it knows is on disk: stopped at any moment
and started again, it goes on where it was.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event
from time import time

from sbrtcheck._version import __version__
from sbrtcheck.archive import Options
from sbrtcheck.errors import OutputError
from sbrtcheck.files import whole_file, writing
from sbrtcheck.pacs import jobs
from sbrtcheck.pacs.groups import Group, Received, counted, digest, groups_of
from sbrtcheck.pacs.jobs import Described, Linked, Written
from sbrtcheck.pacs.journal import NOT_CHECKED, Journal
from sbrtcheck.pacs.scp import Scp
from sbrtcheck.pacs.send import send
from sbrtcheck.pacs.settings import ListenSettings
from sbrtcheck.pacs.store import Store, pseudonym
from sbrtcheck.pacs.worker import JobFailedError, StoppedError, Worker

_TICK_SECONDS = 0.1
_MAX_LOOKS = 5
_CLEANING_SECONDS = 60.0
_DESCRIBE_SECONDS = 20.0
_MAX_TRIES = 2
_MAX_SENDS = 10
_FIRST_SEND_AGAIN_SECONDS = 10.0
_WRITE_AGAIN_SECONDS = 30.0
_DISK_AGAIN_SECONDS = 5.0

Tell = Callable[[str], None]
Ready = Callable[[int], None]


def _silent(_line: str) -> None:
    """For who does not want to be told."""


def _any_port(_port: int) -> None:
    """For who knows the port."""


class Listener:
    """Receives from the moment it is made; `run` makes the reports.

    Parameters
    ----------
    settings
        Where and how.
    options
        What plans are checked against.
    tell
        Called with a line for each thing that happens; none names a patient.
    check
        What the worker process does to check a plan: a function that can be imported.

    Raises
    ------
    SbrtcheckError
        The port, a folder, or the report's format cannot be used, or another listener has the folder.
    """

    def __init__(
        self,
        settings: ListenSettings,
        options: Options,
        *,
        tell: Tell = _silent,
        check: Callable[..., Written] = jobs.check,
    ) -> None:
        jobs.require_format(settings.format)
        _make(settings.out)
        self._settings, self._options, self._tell, self._check = settings, options, tell, check
        self._store = Store(settings.spool, settings.limits)
        self._journal = Journal(settings.spool / "journal.sqlite3")
        self._worker = Worker()
        self._stored = Event()
        self._stored.set()  # there may be objects from before
        self._times: dict[str, float] = {}
        self._described: dict[str, Described | str] = {}
        self._groups: tuple[Group, ...] = ()
        self._open: list[Group] = []
        self._linked: dict[str, tuple[Linked, ...]] = {}
        self._closed: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._cleaned = time()
        try:
            self._scp = Scp(settings, self._store, self._stored.set)
        except BaseException:
            self._journal.close()
            raise

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._scp.port

    def run(self, stop: Event) -> None:
        """Make reports until told to stop."""
        self._worker.end = stop
        while not stop.is_set():
            try:
                self.step()
            except StoppedError:
                return
            except (OSError, sqlite3.Error) as error:  # a full disk, a share that went away
                self._tell(f"the folders cannot be used ({type(error).__name__}); it is tried again")
                self._stored.set()
                stop.wait(_DISK_AGAIN_SECONDS)
            self._stored.wait(_TICK_SECONDS)

    def close(self) -> None:
        """Receive nothing more, and end the worker process."""
        self._scp.stop()
        self._worker.stop()
        self._journal.close()

    def step(self) -> None:
        """Do what is due now."""
        for _ in range(_MAX_LOOKS):  # what came meanwhile may belong to the same plan
            if self._stored.is_set():
                self._stored.clear()
                self._look()
        self._open = [group for group in self._open if not self._is_finished(group)]
        self._deliver()
        if time() - self._cleaned > _CLEANING_SECONDS:
            self._clean()

    # what came

    def _look(self) -> None:
        """Describe what is new; what is of no use is reported at once."""
        for path in self._store.paths():
            self._times[path.name] = path.stat().st_mtime
            if path.name not in self._described:
                self._described[path.name] = self._describe(path)
        self._group()

    def _describe(self, path: Path) -> Described | str:
        try:
            described: Described | str = self._worker.run(jobs.describe, path, seconds=_DESCRIBE_SECONDS)
        except JobFailedError as error:
            described = str(error)
        if isinstance(described, str):
            uid_hash = path.name.partition("-")[0]
            self._report_not_checked(digest([path.name]), uid_hash, described, ["an object"])
        return described

    def _group(self) -> None:
        self._groups = groups_of(
            [
                Received(name=name, at=self._times[name], described=described)
                for name, described in self._described.items()
                if isinstance(described, Described)
            ]
        )
        keys = {group.key for group in self._groups}
        self._linked = {key: linked for key, linked in self._linked.items() if key in keys}
        self._closed = {key: at for key, at in self._closed.items() if key in keys}
        self._open = [group for group in self._groups if self._closed.get(group.key, 0.0) < group.latest]

    # what is complete

    def _is_finished(self, group: Group) -> bool:
        """Report on what is complete in a group, and after the wait on what is not; whether that is all."""
        if time() - group.latest < self._settings.settle_seconds:
            return False
        if group.key not in self._linked:
            self._linked[group.key] = self._link(group)
        done = [self._is_done(linked, group) for linked in self._linked[group.key]]
        if not all(done):
            return False
        self._closed[group.key] = group.latest
        return True

    def _link(self, group: Group) -> tuple[Linked, ...]:
        names = tuple(member.name for member in group.members)
        whole = Linked(uid=group.members[0].described.uid, names=names)
        limit = self._settings.limits.group_objects
        if len(names) > limit:
            return (Linked(uid=whole.uid, names=names, problem=f"more than {limit} objects refer to each other"),)
        paths = [self._store.path(name) for name in names]
        try:
            linked: tuple[Linked, ...] = self._worker.run(jobs.link, paths, seconds=_DESCRIBE_SECONDS)
        except JobFailedError as error:
            return (Linked(uid=whole.uid, names=names, problem=str(error)),)
        return linked

    def _is_done(self, linked: Linked, group: Group) -> bool:
        """Whether there is a report on a plan, which is made if it is time for it."""
        lacks = group.lacks(linked)
        whole = linked.problem is None and not lacks
        what = digest([*linked.names, "" if whole else "not checked"])
        if self._journal.is_done(what, group.latest):
            return True
        now = time()
        if now < self._not_before.get(what, 0.0):
            return False
        if not whole and now - group.latest < self._settings.wait_seconds:
            return False
        try:
            if whole:
                self._report(what, linked, group.remarks(linked))
            else:
                missing = f"not received: {', '.join(lacks)}" if lacks else ""
                why = "; ".join(filter(None, (missing, linked.problem)))
                kinds = [str(m.described.kind) for m in group.members if m.name in linked.names]
                self._report_not_checked(what, pseudonym(linked.uid), why, kinds)
        except OutputError as error:
            self._tell(f"a report cannot be written: {error.what}; it is tried again")
            self._not_before[what] = now + _WRITE_AGAIN_SECONDS
            return False
        return True

    # reports

    def _report(self, what: str, linked: Linked, remarks: tuple[str, ...]) -> None:
        plan, why = pseudonym(linked.uid), "its check ended sbrtcheck itself, more than once"
        paths = [self._store.path(name) for name in linked.names]
        while self._journal.begin(what, plan) <= _MAX_TRIES:
            arguments = (paths, self._options, self._settings.format, remarks)
            try:
                written = self._worker.run(self._check, *arguments, seconds=self._settings.limits.check_seconds)
            except StoppedError:
                self._journal.take_back(what)
                raise
            except JobFailedError as error:
                why = str(error)
                if not error.again:
                    break
            else:
                self._write(what, plan, written, f".{jobs.suffix_of(self._settings.format)}")
                return
        self._report_not_checked(what, plan, why, [])

    def _report_not_checked(self, what: str, plan: str, why: str, kinds: list[str]) -> None:
        self._journal.begin(what, plan)
        received = f"Received: {counted(kinds)}\n" if kinds else ""
        text = (
            f"{NOT_CHECKED}: there is no verdict on this plan.\n\nWhy: {why}\n{received}"
            f"Key: {plan}, from the SOP Instance UID\n"
            f"Written: {datetime.now().astimezone().isoformat(timespec='seconds')} by sbrtcheck {__version__}\n"
        )
        self._write(what, plan, Written(content=text.encode(), verdict=NOT_CHECKED), "-NOT-CHECKED.txt")

    def _write(self, what: str, plan: str, written: Written, ending: str) -> None:
        number = self._journal.number(plan) + 1
        while (path := self._settings.out / f"{plan}-{number}{ending}").exists():
            number += 1  # of an earlier journal
        with whole_file(path) as draft, writing(path), draft.open("wb") as file:
            file.write(written.content)
            file.flush()
            os.fsync(file.fileno())
        if self._settings.send_to is not None and ending == f".{jobs.suffix_of(self._settings.format)}":
            self._journal.queue(path.name)
        self._journal.finish(what, path.name, written.verdict)
        self._tell(f"{path.name}: {written.verdict}")

    def _deliver(self) -> None:
        """Send the reports that are due."""
        peer = self._settings.send_to
        if peer is None:
            return
        for file, tries in self._journal.due():
            path = self._settings.out / file
            why = send(path, self._settings, peer) if path.exists() else "it is not there any more"
            if why is None:
                self._tell(f"{file}: sent to {peer.ae_title}")
                self._journal.sent(file)
            elif tries + 1 >= _MAX_SENDS or not path.exists():
                self._tell(f"{file}: NOT SENT to {peer.ae_title}, and not tried again: {why}")
                self._journal.sent(file)
            else:
                self._tell(f"{file}: not sent yet to {peer.ae_title}: {why}; it is tried again")
                self._journal.put_off(file, _FIRST_SEND_AGAIN_SECONDS * 2**tries)

    # age

    def _clean(self) -> None:
        """Delete what nobody waits for any more."""
        self._cleaned = now = time()
        keep = self._settings.limits.keep_seconds
        old = [
            name
            for group in self._groups
            if group.key in self._closed and now - group.latest > keep
            for name in (*(member.name for member in group.members), *group.older)
        ]
        old += [n for n, what in self._described.items() if isinstance(what, str) and now - self._times[n] > keep]
        for name in old:
            self._store.remove(name)
            del self._described[name], self._times[name]
        if old:
            self._group()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be used ({error.strerror})", str(folder), "give another folder") from error


def listen(
    settings: ListenSettings, options: Options, stop: Event, *, tell: Tell = _silent, ready: Ready = _any_port
) -> None:
    """Receive and report until told to stop; ``ready`` is called with the port. The rest is as of `Listener`."""
    listener = Listener(settings, options, tell=tell)
    try:
        ready(listener.port)
        listener.run(stop)
    finally:
        listener.close()

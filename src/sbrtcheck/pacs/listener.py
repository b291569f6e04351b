"""A listener: objects come in, and as soon as a plan is complete its report is in the folder.

One thread looks at what was stored, asks the worker process what it is and how it hangs together, and has plans
checked; associations have threads of their own and wait for none of it. All it knows is on disk: stopped at any moment
and started again, it goes on where it was.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from threading import Event
from time import monotonic, sleep, time

from sbrtcheck._version import __version__
from sbrtcheck.archive import Options
from sbrtcheck.archive.plan_keys import FILE_NAME, keys_of_file
from sbrtcheck.errors import OutputError
from sbrtcheck.files import whole_file, writing
from sbrtcheck.pacs import jobs
from sbrtcheck.pacs.groups import Group, Received, counted, digest, groups_of
from sbrtcheck.pacs.jobs import Described, Linked, Written
from sbrtcheck.pacs.journal import NOT_CHECKED, Entry, Journal
from sbrtcheck.pacs.scp import Scp
from sbrtcheck.pacs.send import Courier, Sent
from sbrtcheck.pacs.settings import ListenSettings, Peer
from sbrtcheck.pacs.store import PRIVATE, Origin, Store, keep_names
from sbrtcheck.pacs.worker import JobFailedError, StoppedError, Worker

_TICK_SECONDS = 0.1
_MAX_LOOKS = 5
_CLEANING_SECONDS = 60.0
_DESCRIBE_SECONDS = 20.0
_MAX_BEGINS = 5
_MAX_SENDS = 34  # in a day
_FIRST_SEND_AGAIN_SECONDS = 10.0
_LAST_SEND_AGAIN_SECONDS = 3600.0
_WRITE_AGAIN_SECONDS = 30.0
_DISK_AGAIN_SECONDS = 5.0

_LOST = (
    "another object of the same sender was refused for its size or for want of room, or did not come whole: it may be "
    "a dose of this plan"
)

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
        _make(settings.spool, mode=PRIVATE)
        self._settings, self._options, self._tell, self._check = settings, options, tell, check
        self._journal = Journal(settings.spool / "journal.sqlite3")  # first: the folder may be another listener's
        self._worker = Worker()
        self._stored = Event()
        self._stored.set()  # there may be objects from before
        self._fresh: dict[str, Origin] = {}
        self._came: dict[str, _Came] = {}
        self._described: dict[str, Described | str] = {}
        self._useless: set[str] = set()
        self._groups: tuple[Group, ...] = ()
        self._open: list[Group] = []
        self._linked: dict[str, tuple[Linked, ...]] = {}
        self._closed: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._cleaned = monotonic()
        self._troubles: set[str] = set()
        self._courier = None if settings.send_to is None else Courier(settings, settings.send_to)
        try:
            self._keys = keys_of_file(settings.spool / FILE_NAME)
            self._store = Store(settings.spool, settings.limits, self._keys)
            self._scp = Scp(settings, self._store, self._stored.set)
        except BaseException:
            self._journal.close()
            raise

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._scp.port

    def run(self, stop: Event) -> None:
        """Make reports until told to stop.

        Raises
        ------
        OutputError
            No connection is accepted any more.
        """
        self._worker.end = stop
        resting_until = 0.0
        while not stop.is_set():
            try:
                if monotonic() >= resting_until:
                    self.step()
            except StoppedError:
                return
            except (OSError, sqlite3.Error) as error:  # a full disk, a share that went away
                self._tell_trouble(f"the folders cannot be used ({type(error).__name__}); it is tried again")
                self._stored.set()
                resting_until = monotonic() + _DISK_AGAIN_SECONDS
            if not self._scp.is_open:
                raise OutputError("no connection is accepted any more", hint="start it again; nothing is lost")
            if monotonic() < resting_until:
                sleep(_TICK_SECONDS)
            else:
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
        self._useless = {name for name in self._useless if not self._is_reported(name)}
        self._open = [group for group in self._open if not self._is_finished(group)]
        self._deliver()
        if monotonic() - self._cleaned > _CLEANING_SECONDS:
            self._clean()

    # what came

    def _look(self) -> None:
        """Describe what is new."""
        self._fresh |= self._store.take_fresh()
        while self._fresh:
            name, origin = next(iter(self._fresh.items()))
            with suppress(FileNotFoundError):  # deleted by somebody
                self._came[name] = _Came.read(self._store.path(name), origin)
                if not isinstance(self._described.get(name), Described):
                    self._described[name] = self._describe(name)
            del self._fresh[name]
        self._group()

    def _describe(self, name: str) -> Described | str:
        try:
            described: Described | str = self._worker.run(
                jobs.describe, self._store.path(name), seconds=_DESCRIBE_SECONDS
            )
        except JobFailedError as error:
            described = str(error)
        if isinstance(described, str):
            self._useless.add(name)
        return described

    def _is_reported(self, name: str) -> bool:
        """Whether there is a report on an object of no use; a try to write it is made."""
        why = self._described.get(name)
        if not isinstance(why, str):
            return True
        case = _Case(what=digest([name]), plan=name.partition("-")[0], received=self._came[name].at)
        return self._is_written(case, lambda: self._report_not_checked(case, why, ["an object"]))

    def _group(self) -> None:
        self._groups = groups_of(
            [
                Received(name=name, at=self._came[name].at, described=described)
                for name, described in self._described.items()
                if isinstance(described, Described)
            ]
        )
        keys = {group.key for group in self._groups}
        self._linked = {key: linked for key, linked in self._linked.items() if key in keys}
        self._closed = {key: at for key, at in self._closed.items() if key in keys}
        self._open = [group for group in self._groups if self._closed.get(group.key, -inf) < self._since(group)]

    def _since(self, group: Group) -> float:
        """When the last of a group came, by the clock that nobody sets."""
        return max(self._came[member.name].since for member in group.members)

    def _waited(self, group: Group) -> float:
        return monotonic() - self._since(group)

    # what is complete

    def _is_finished(self, group: Group) -> bool:
        """Report on what is complete in a group, and after the wait on what is not; whether that is all."""
        waited = self._waited(group)
        if waited < self._settings.settle_seconds:
            return False
        if waited < self._settings.wait_seconds and (self._stored.is_set() or self._is_coming(group)):
            return False  # what came while another plan was checked may belong to this one
        if group.key not in self._linked:
            self._linked[group.key] = self._link(group)
        done = [self._is_done(linked, group) for linked in self._linked[group.key]]
        if not all(done):
            return False
        self._closed[group.key] = self._since(group)
        del self._linked[group.key]
        return True

    def _is_coming(self, group: Group) -> bool:
        """Whether who sent a part of a group is still connected, and more of it may be under way."""
        senders = {self._came[member.name].origin.sender for member in group.members}
        return bool(senders & self._scp.senders())

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
        may_grow = not whole or not group.has_plan(linked)
        what = digest([*linked.names, "" if whole else "not checked"])
        case = _Case(what=what, plan=self._keys.key(linked.uid), received=group.latest(linked))
        if may_grow and self._waited(group) < self._settings.wait_seconds:
            return self._journal.is_done(case.what, case.received)
        if whole:
            return self._is_written(case, lambda: self._report(case, linked, group))
        missing = f"not received: {' and '.join(f'the {kind} that its files name' for kind in lacks)}" if lacks else ""
        why = "; ".join(filter(None, (missing, linked.problem)))
        kinds = [str(m.described.kind) for m in group.members if m.name in linked.names]
        return self._is_written(case, lambda: self._report_not_checked(case, why, kinds))

    def _is_written(self, case: _Case, write: Callable[[], None]) -> bool:
        """Whether there is a report, which is made now if there is none; one that cannot be written waits."""
        if self._journal.is_done(case.what, case.received):
            return True
        if monotonic() < self._not_before.get(case.what, -inf):
            return False
        self._not_before.pop(case.what, None)
        try:
            write()
        except OutputError as error:
            self._tell_trouble(f"reports cannot be written: {error.what}; it is tried again")
            self._not_before[case.what] = monotonic() + _WRITE_AGAIN_SECONDS
            return False
        return True

    def _remarks(self, linked: Linked, group: Group) -> tuple[str, ...]:
        """What is against a report on a plan that its files do not show."""
        members = [member for member in group.members if member.name in linked.names]
        patients = {d.patient for d in self._described.values() if isinstance(d, Described) and d.uid == linked.uid}
        found = list(group.remarks(linked))
        if len(patients) > 1:
            found.append("plans of several patients were received under this plan's UID: see whose this report is")
        if sum(other.uid == linked.uid and other.problem is None for other in self._linked[group.key]) > 1:
            found.append("several whole doses of this plan were received: this report is on one of them")
        if any(self._scp.lost_something(self._came[member.name].origin) for member in members):
            found.append(_LOST)
        return tuple(found)

    # reports

    def _report(self, case: _Case, linked: Linked, group: Group) -> None:
        if self._journal.begin(case.what, case.plan) > _MAX_BEGINS:
            self._report_not_checked(case, f"sbrtcheck itself ended in its check, {_MAX_BEGINS} times", [])
            return
        try:
            self._check_and_write(case, linked, self._remarks(linked, group))
        except BaseException:  # it is none of the plan's doing
            with suppress(sqlite3.Error):
                self._journal.take_back(case.what)
            raise

    def _check_and_write(self, case: _Case, linked: Linked, remarks: tuple[str, ...]) -> None:
        paths = [self._store.path(name) for name in linked.names]
        arguments = (paths, self._options, self._settings.format, remarks)
        try:
            written = self._worker.run(self._check, *arguments, seconds=self._settings.limits.check_seconds)
        except JobFailedError as error:
            self._report_not_checked(case, str(error), [])
        else:
            self._write(case, written, f".{jobs.suffix_of(self._settings.format)}", stands=_LOST not in remarks)

    def _report_not_checked(self, case: _Case, why: str, kinds: list[str]) -> None:
        received = f"Received: {counted(kinds)}\n" if kinds else ""
        text = (
            f"{NOT_CHECKED}: there is no verdict on this plan.\n\nWhy: {why}\n{received}"
            f"Key: {case.plan}, from the SOP Instance UID and the secret of the listener\n"
            f"Written: {datetime.now().astimezone().isoformat(timespec='seconds')} by sbrtcheck {__version__}\n"
        )
        self._write(case, Written(content=text.encode(), verdict=NOT_CHECKED), "-NOT-CHECKED.txt", stands=False)

    def _write(self, case: _Case, written: Written, ending: str, *, stands: bool) -> None:
        number = self._journal.number(case.plan) + 1
        while any(self._settings.out.glob(f"{case.plan}-{number}[.-]*")):
            number += 1  # of an earlier journal
        path = self._settings.out / f"{case.plan}-{number}{ending}"
        with whole_file(path) as draft, writing(path), draft.open("wb") as file:
            file.write(written.content)
            file.flush()
            os.fsync(file.fileno())
        keep_names(path.parent)
        entry = Entry(
            what=case.what,
            plan=case.plan,
            received=case.received,
            file=path.name,
            number=number,
            outcome=written.verdict,
            stands=stands,
        )
        try:
            if self._courier is not None and written.verdict != NOT_CHECKED:
                self._journal.queue(path.name)
            self._journal.finish(entry)
        except sqlite3.Error:
            path.unlink()  # it is written again, and a disk that is full would be filled with reports
            raise
        self._troubles.clear()
        self._tell(f"{path.name}: {written.verdict}")

    def _tell_trouble(self, line: str) -> None:
        """Tell it once, until a report is written again."""
        if line not in self._troubles:
            self._troubles.add(line)
            self._tell(line)

    def _deliver(self) -> None:
        """Send the reports that are due, one after the other."""
        courier, peer = self._courier, self._settings.send_to
        if courier is None or peer is None:
            return
        sent = courier.outcome()
        if sent is not None:
            self._note(sent, peer)
        if courier.is_free:
            for file, tries in self._journal.due():
                courier.take(file, tries)
                break

    def _note(self, sent: Sent, peer: Peer) -> None:
        exists = (self._settings.out / sent.file).exists()
        if sent.why is None:
            self._tell(f"{sent.file}: sent to {peer.ae_title}")
            self._journal.sent(sent.file)
        elif sent.tries + 1 >= _MAX_SENDS or not exists:
            why = sent.why if exists else "it is not there any more"
            self._tell(f"{sent.file}: NOT SENT to {peer.ae_title}, and not tried again: {why}")
            self._journal.sent(sent.file)
        else:
            self._tell(f"{sent.file}: not sent yet to {peer.ae_title}: {sent.why}; it is tried again")
            seconds = min(_FIRST_SEND_AGAIN_SECONDS * 2**sent.tries, _LAST_SEND_AGAIN_SECONDS)
            self._journal.put_off(sent.file, seconds)

    # age

    def _clean(self) -> None:
        """Delete what nobody waits for any more."""
        self._cleaned = now = monotonic()
        keep = self._settings.limits.keep_seconds
        old = [
            name
            for group in self._groups
            if group.key in self._closed and now - self._since(group) > keep
            for name in (*(member.name for member in group.members), *group.older)
        ]
        useless = [name for name, what in self._described.items() if isinstance(what, str)]
        old += [name for name in useless if name not in self._useless and now - self._came[name].since > keep]
        for name in filter(self._store.remove, old):
            del self._described[name], self._came[name]
        if old:
            self._group()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Came:
    """How an object came: in seconds since 1970, as the file has it; by the clock that nobody sets; and from where."""

    at: float
    since: float
    origin: Origin

    @classmethod
    def read(cls, path: Path, origin: Origin) -> _Came:
        at = path.stat().st_mtime
        return cls(at=at, since=monotonic() - max(time() - at, 0.0), origin=origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What a report is on: a hash of the files, what the plan is called by, and when the last of the files came."""

    what: str
    plan: str
    received: float


def _make(folder: Path, mode: int = 0o777) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
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

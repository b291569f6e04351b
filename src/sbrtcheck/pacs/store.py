"""Received objects on disk: each whole and safe before its sender is told so, under a name that names nobody.

A name is made of a pseudonym of the SOP Instance UID, which only who has the secret can make, and of a hash of the
content: whatever a peer sends as a UID, it becomes no path. The same object received twice is one file. The time of a
file is when it was received last, and later than that of any other content of its UID, whatever the clock says.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from sbrtcheck.archive.plan_keys import PlanKeys
from sbrtcheck.errors import OutputError
from sbrtcheck.pacs.settings import Limits

PRIVATE = 0o700
"""Rights of a folder that names patients."""

_HASH = 20
_CONTENT_HASH = 40
_LEAST_BYTES = 4096  # what a file takes of a disk, however small it is
_LATER_NS = 10_000_000  # two times that file systems tell apart


def pseudonym(uid: str) -> str:
    """What a study of a PACS is called by: who has its UID can find it, and nobody learns the UID from it."""
    return hashlib.sha256(uid.encode()).hexdigest()[:_HASH]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The connection that an object came by: its number, and the address of who opened it; of an earlier run, none."""

    sender: str = ""
    number: int = 0


class Store:
    """The folder of received objects, shared by all associations."""

    def __init__(self, folder: Path, limits: Limits, keys: PlanKeys) -> None:
        self._folder, self._limits, self._keys = folder, limits, keys
        self._lock = Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            for draft in folder.glob("*.part"):  # of a listener that was killed; their senders were told nothing
                draft.unlink()
        except OSError as error:
            raise OutputError(f"cannot be used ({error.strerror})", str(folder), "give another folder") from error
        self._sizes = {path.name: _counted(path.stat().st_size) for path in self.paths()}
        self._fresh = dict.fromkeys(self._sizes, Origin())

    def take_fresh(self) -> dict[str, Origin]:
        """Names of objects that came since this was asked last; the first time, of all that are there."""
        with self._lock:
            fresh, self._fresh = self._fresh, {}
        return fresh

    def paths(self) -> Iterator[Path]:
        """All objects that are there."""
        return self._folder.glob("*.dcm")

    def path(self, name: str) -> Path:
        """Where an object is."""
        return self._folder / name

    def has_room(self, size: int) -> bool:
        """Whether an object of that many bytes may be stored."""
        with self._lock:
            total, count = sum(self._sizes.values()), len(self._sizes)
        return (
            total + _counted(size) <= self._limits.spool_bytes
            and count < self._limits.objects
            and shutil.disk_usage(self._folder).free - size >= self._limits.free_bytes
        )

    def put(self, uid: str, parts: Sequence[bytes | memoryview], origin: Origin = Origin()) -> Path:
        """Write an object, whole or not at all; when this returns, it outlasts a loss of power.

        Raises
        ------
        OSError
            It could not be written.
        """
        content = hashlib.sha256()
        for part in parts:
            content.update(part)
        target = self._folder / f"{self._keys.key(uid)}-{content.hexdigest()[:_CONTENT_HASH]}.dcm"
        draft = self._folder / f"{secrets.token_hex(8)}.part"
        try:
            with _private(draft) as file:
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            with self._lock:
                self._publish(draft, target)
                self._fresh[target.name] = origin
        finally:
            draft.unlink(missing_ok=True)
        keep_names(self._folder)
        return target

    def _publish(self, draft: Path, target: Path) -> None:
        try:
            draft.replace(target)
        except PermissionError:  # of Windows, where the worker reads the same content just now
            if not target.is_file():
                raise
            os.utime(target)
        stem = target.name.partition("-")[0]
        others = [self._folder / name for name in self._sizes if name.startswith(stem) and name != target.name]
        newest = max((other.stat().st_mtime_ns for other in others if other.is_file()), default=0)
        status = target.stat()
        if status.st_mtime_ns <= newest:  # in one tick of the clock, or the clock was set back
            os.utime(target, ns=(newest + _LATER_NS, newest + _LATER_NS))
        self._sizes[target.name] = _counted(status.st_size)

    def remove(self, name: str) -> bool:
        """Delete an object that nobody waits for; not one that came again just now, and whether it is gone."""
        with self._lock, suppress(OSError):
            if name in self._fresh:
                return False
            (self._folder / name).unlink(missing_ok=True)
            self._sizes.pop(name, None)
            return True
        return False


def _counted(size: int) -> int:
    return max(size, _LEAST_BYTES)


def _private(path: Path) -> BinaryIO:
    """A new file for nobody else's eyes, where the system knows such rights."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, PRIVATE & 0o666), "wb")


def keep_names(folder: Path) -> None:
    """Make the new name of a file outlast a loss of power; Windows does so by itself, and opens no folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

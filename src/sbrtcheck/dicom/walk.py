"""Folder -> the files below it with size and time, each once whatever links lead to them; no file is opened.

Names need not be of any encoding, and a folder that cannot be opened is named, not fatal. Links to folders are followed
once the folders themselves are through, and only where they lead out of what was walked: so loops end, and a file that
lies in the tree is found where it lies.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

FileState: TypeAlias = tuple[str, int, int]
"""Name, size in bytes, and time of the last change in nanoseconds."""

_LEADS_NOWHERE = "a link that leads nowhere, or back to itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One folder and the regular files in it.

    Parameters
    ----------
    path
        Where it is, as it was come to.
    files
        In order of name.
    unread
        What cannot be looked at, with the reason: names in the folder, ``""`` for the folder itself.
    by_link
        Its files are links that lead out of the tree; the same folder comes once more, without them.
    """

    path: str
    files: tuple[FileState, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    by_link: bool = False


@dataclass(slots=True)
class _Links:
    """Links that are left for later, and the true paths of the folders that everything below was walked of."""

    to_folders: list[str]
    to_files: list[tuple[str, str]]
    walked: list[str]

    def is_walked(self, true_path: str) -> bool:
        return any(true_path == root or true_path.startswith(os.path.join(root, "")) for root in self.walked)


def walk(root: str) -> Iterator[Folder]:
    """Every folder below ``root``, that one first, in an order that depends on names alone."""
    links = _Links([], [], [os.path.realpath(root)])
    yield from _below(root, links)
    while links.to_folders:
        path = links.to_folders.pop(0)
        true_path = os.path.realpath(path)
        if not links.is_walked(true_path):
            links.walked.append(true_path)
            yield from _below(path, links)
    yield from _by_links(links)


def _below(root: str, links: _Links) -> Iterator[Folder]:
    waiting = [root]
    apart = frozenset(links.walked[:-1])  # may lie below, where a link leads to a folder further up
    while waiting:
        path = waiting.pop()
        if apart and os.path.realpath(path) in apart:
            continue
        folder, below = _folder(path, links)
        yield folder
        waiting += reversed(below)


def _folder(path: str, links: _Links) -> tuple[Folder, list[str]]:
    """The folder, and the paths of the folders in it."""
    content = _Content(path=path)
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                content.add(entry, links)
    except OSError as error:
        content.unread.append(("", why(error)))
    files, unread = tuple(sorted(content.files)), tuple(sorted(content.unread))
    return Folder(path=path, files=files, unread=unread), sorted(content.below)


@dataclass(slots=True, kw_only=True)
class _Content:
    """What is in a folder, while it is looked at; ``below`` are the paths of the folders in it."""

    path: str
    files: list[FileState] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    below: list[str] = field(default_factory=list)

    def add(self, entry: os.DirEntry[str], links: _Links) -> None:
        """Look at one name in the folder; links are left for later."""
        try:
            if entry.is_file(follow_symlinks=False):
                state = entry.stat(follow_symlinks=False)
                self.files.append((entry.name, state.st_size, state.st_mtime_ns))
            elif _is_link(entry):
                self._add_link(entry.name, links)
            elif entry.is_dir(follow_symlinks=False):
                self.below.append(entry.path)
            else:  # a pipe that is opened may wait for ever
                self.unread.append((entry.name, "neither a file nor a folder"))
        except OSError as error:
            self.unread.append((entry.name, why(error)))

    def _add_link(self, name: str, links: _Links) -> None:
        path = os.path.join(self.path, name)
        try:
            is_folder = stat.S_ISDIR(os.stat(path).st_mode)
        except OSError:
            self.unread.append((name, _LEADS_NOWHERE))
            return
        if is_folder:
            links.to_folders.append(path)
        else:
            links.to_files.append((self.path, name))


def _is_link(entry: os.DirEntry[str]) -> bool:
    """Junctions of Windows too."""
    if os.name != "nt" or entry.is_symlink():
        return entry.is_symlink()
    tag = getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0)
    return bool(tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1))


def _by_links(links: _Links) -> Iterator[Folder]:
    """Files outside of all folders walked, each by the first link to it."""
    seen: set[str] = set()
    by_folder: dict[str, list[FileState]] = {}
    for folder, name in sorted(links.to_files):
        path = os.path.join(folder, name)
        true_path = os.path.realpath(path)
        if true_path in seen or links.is_walked(true_path):
            continue
        seen.add(true_path)
        state = os.stat(path)
        if stat.S_ISREG(state.st_mode):
            by_folder.setdefault(folder, []).append((name, state.st_size, state.st_mtime_ns))
    for folder, files in by_folder.items():
        yield Folder(path=folder, files=tuple(files), by_link=True)


def why(error: OSError) -> str:
    """What the operating system says, without the path."""
    return error.strerror or type(error).__name__

"""Index -> groups of files that nothing ties to any other file, so that each can be linked by itself.

By reference, files hang together that share a UID, a reference or a frame of reference. On request, each folder is by
itself, or each frame of reference; then a group that holds nothing but copies of another one's files is left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sbrtcheck.archive.headers import folder_of, ties_of
from sbrtcheck.archive.index import ArchiveIndex
from sbrtcheck.arguments import require_type
from sbrtcheck.dicom import Link
from sbrtcheck.errors import InputError

Unit: TypeAlias = tuple[int, ...]
"""Numbers of files in the index."""

_CHOICES = "reference, frame, folder, or folder:N for the folders N levels below the archive's"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkBy:
    """What tells which files belong together.

    Parameters
    ----------
    link
        References, folders or frames of reference.
    depth
        Of folders: how many levels below the archive's are those of single plans, with all that is in them; 0 for the
        folder that a file lies in.
    """

    link: Link = Link.REFERENCE
    depth: int = 0

    @classmethod
    def read(cls, text: str) -> LinkBy:
        """Read ``reference``, ``frame``, ``folder`` or ``folder:2``; `InputError` for anything else."""
        require_type(text, str, "what files are put together by", f"give {_CHOICES}")
        word, colon, depth = text.partition(":")
        if word not in set(Link) or (colon and not (word == Link.FOLDER and depth.isdecimal() and int(depth) > 0)):
            raise InputError(f"files cannot be put together by '{text}'", hint=f"give {_CHOICES}")
        return cls(link=Link(word), depth=int(depth) if colon else 0)

    def __str__(self) -> str:
        return f"{self.link}:{self.depth}" if self.depth else str(self.link)


def units(index: ArchiveIndex, by: LinkBy) -> list[Unit]:
    """All RT files of the index, each in one group."""
    if by.link is Link.FOLDER:
        return _without_copies(index, _by_folder(index, by.depth))
    if by.link is Link.FRAME:
        return _without_copies(index, _tied(_frame_ties(index)))
    return _tied(_reference_ties(index))


# Ties


def _reference_ties(index: ArchiveIndex) -> Iterator[tuple[int, set[str]]]:
    for number, _, _, uid, header in index.rt_files():
        frames, refs = ties_of(header)
        yield number, {f"uid {uid}", *(f"uid {ref}" for ref in refs), *(f"frame {frame}" for frame in frames)}


def _frame_ties(index: ArchiveIndex) -> Iterator[tuple[int, set[str]]]:
    """Frames of reference; of files that state none, the references from and to them."""
    frameless: set[str] = set()
    for _, _, _, uid, header in index.rt_files():
        frames, refs = ties_of(header)
        if not frames:
            frameless.update((uid, *refs))
    for number, _, _, uid, header in index.rt_files():
        frames, refs = ties_of(header)
        loose = {uid, *refs} & frameless
        yield number, {*(f"frame {frame}" for frame in frames), *(f"uid {one}" for one in loose)}


def _tied(ties: Iterable[tuple[int, set[str]]]) -> list[Unit]:
    """Files that hang together by any number of steps."""
    head: dict[int, int] = {}
    first_with: dict[str, int] = {}
    for number, tied in ties:
        head[number] = number
        for tie in tied - {"uid "}:
            other = first_with.setdefault(tie, number)
            head[_top(head, other)] = _top(head, number)
    groups: dict[int, list[int]] = {}
    for number in head:
        groups.setdefault(_top(head, number), []).append(number)
    return [tuple(group) for group in groups.values()]


def _top(head: dict[int, int], number: int) -> int:
    while head[number] != number:
        head[number] = head[head[number]]
        number = head[number]
    return number


def _by_folder(index: ArchiveIndex, depth: int) -> list[Unit]:
    groups: dict[str, list[int]] = {}
    for number, path, member, _, _ in index.rt_files():
        folder = os.path.relpath(folder_of(path, member), index.root)
        if depth:
            folder = "/".join(folder.replace(os.sep, "/").split("/")[:depth])
        groups.setdefault(folder, []).append(number)
    return [tuple(group) for group in groups.values()]


# Copies


def _without_copies(index: ArchiveIndex, groups: list[Unit]) -> list[Unit]:
    """The larger groups first; without those whose files are all in one of these too."""
    repeated = index.repeated_uids()
    of_copies = {number for uid in repeated for number in index.numbers_of_uid(uid)}
    doubtful = [group for group in groups if of_copies.issuperset(group)]
    kept = [group for group in groups if not of_copies.issuperset(group)]
    hashes = {number: digest for group in groups for number, digest in _hashes(index, group, of_copies).items()}
    holding: dict[str, list[frozenset[str]]] = {}
    for group in kept:
        _hold(holding, group, hashes)
    for group in sorted(doubtful, key=lambda group: (-len(group), [hashes[number] for number in group])):
        own = frozenset(hashes[number] for number in group)
        if not any(own <= other for other in holding.get(next(iter(own)), ())):
            kept.append(group)
            _hold(holding, group, hashes)
    return kept


def _hold(holding: dict[str, list[frozenset[str]]], group: Unit, hashes: Mapping[int, str]) -> None:
    own = frozenset(hashes[number] for number in group if number in hashes)
    for digest in own:
        holding.setdefault(digest, []).append(own)


def _hashes(index: ArchiveIndex, group: Unit, of_copies: set[int]) -> dict[int, str]:
    some = [number for number in group if number in of_copies]
    return {number: index.content_hash(number, header.source) for number, header in index.headers(some).items()}

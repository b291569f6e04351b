"""Received objects -> those that hang together, and what they still wait for.

Objects of different patients never hang together, whatever their UIDs say. Of objects of one patient and UID the one
received last stands for all: planning systems export a changed plan under its old UID.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sbrtcheck.dicom import Kind
from sbrtcheck.pacs.jobs import Described, Linked


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An object of the store: its file name, when it was received (seconds since 1970), and what it is."""

    name: str
    at: float
    described: Described


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Objects that hang together by references.

    Parameters
    ----------
    members
        The newest of each UID.
    older
        Names of those that newer ones stand for.
    """

    members: tuple[Received, ...]
    older: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Tells groups of other objects apart."""
        return digest(member.name for member in self.members)

    def latest(self, linked: Linked) -> float:
        """When the last of the files of a plan was received."""
        return max(member.at for member in self.members if member.name in linked.names)

    def lacks(self, linked: Linked) -> tuple[str, ...]:
        """Kinds of what files of a plan refer to and was not received."""
        here = {member.described.uid for member in self.members}
        parts = [member.described for member in self.members if member.name in linked.names]
        plans = [part for part in parts if part.kind is Kind.PLAN]
        missing = {"RTPLAN" for part in parts if set(part.plan_refs) - here}
        missing |= {"RTSTRUCT" for part in plans or parts if set(part.structure_set_refs) - here}
        return tuple(sorted(missing))

    def has_plan(self, linked: Linked) -> bool:
        """Whether there is an RTPLAN among the files of a plan."""
        return any(member.described.kind is Kind.PLAN for member in self.members if member.name in linked.names)

    def remarks(self, linked: Linked) -> tuple[str, ...]:
        """What the report on a plan should say of files that were received more than once."""
        stems = {name.partition("-")[0] for name in self.older}
        again = [m.described.kind for m in self.members if m.name in linked.names and m.name.partition("-")[0] in stems]
        return tuple(
            f"the {kind} was received with several contents under one UID; the last was used, and other files may have "
            "been made for an earlier one"
            for kind in again
        )


def digest(texts: Iterable[str]) -> str:
    """One name for several, whatever their order."""
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()


def groups_of(received: Sequence[Received]) -> tuple[Group, ...]:
    """The groups, in order of the time of their first object."""
    newest: dict[tuple[str, str], Received] = {}
    older: dict[tuple[str, str], list[str]] = {}
    for one in sorted(received, key=lambda one: (one.at, one.name)):
        key = (one.described.patient, one.described.uid)
        if key in newest:
            older.setdefault(key, []).append(newest[key].name)
        newest[key] = one
    parents = {tie: tie for one in newest.values() for tie in _ties(one, newest)}
    for one in newest.values():
        first, *others = _ties(one, newest)
        for other in others:
            parents[_root(other, parents)] = _root(first, parents)
    members: dict[tuple[str, str], list[Received]] = {}
    for one in newest.values():
        members.setdefault(_root(_ties(one, newest)[0], parents), []).append(one)
    return tuple(
        Group(
            members=tuple(group),
            older=tuple(name for one in group for name in older.get((one.described.patient, one.described.uid), ())),
        )
        for group in members.values()
    )


Tie = tuple[str, str]


def _ties(one: Received, here: Mapping[Tie, Received]) -> list[Tie]:
    """What an object is linked by: its UID, what it refers to, and its frame of reference where that may decide."""
    what = one.described
    refs = [*what.plan_refs, *what.structure_set_refs]
    by_frame = what.kind is Kind.STRUCTURE_SET or not any((what.patient, ref) in here for ref in refs)
    frames = [f"frame {frame}" for frame in what.frames] if by_frame else []
    return [(what.patient, tie) for tie in (what.uid, *refs, *frames)]


def _root(tie: Tie, parents: dict[Tie, Tie]) -> Tie:
    while parents[tie] != tie:
        parents[tie] = parents[parents[tie]]
        tie = parents[tie]
    return tie


def counted(names: Iterable[str]) -> str:
    """Kinds of files with their numbers, as ``RTDOSE (2), RTPLAN``."""
    counts = Counter(names)
    return ", ".join(kind if number == 1 else f"{kind} ({number})" for kind, number in sorted(counts.items()))

"""A plan of an archive, or an RT file that makes none, as a value that is small, travels and names nobody."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any

from sbrtcheck.archive.headers import source_of
from sbrtcheck.archive.own_choices import OwnChoices
from sbrtcheck.archive.plan_keys import unlike_uids
from sbrtcheck.dicom import DicomInputs, FoundPlan, Kind, Link, Orphan, PlanFiles, RtFile, Source, ZipMember
from sbrtcheck.dicom.relink import Together
from sbrtcheck.dicom.scan import short_name
from sbrtcheck.dvh import Origin
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.results.noted import uid_of_plan

# A file name this short names nobody, and may well be a number in a sentence.
_SHORT_NAME = 2
_AROUND_NAMES = frozenset(" ,;:'\"()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A plan of the archive, or an RT file that is part of none; small, for it travels to a worker.

    Parameters
    ----------
    plan_uid, structure_set_uid, dose_uids
        SOP Instance UIDs; ``""`` where there is none.
    unlike_uids
        What stands in its files in place of UIDs and looks like none; messages may quote it.
    plan_date
        RT Plan Date as ``2026-01-31``; ``""`` where the plan has none.
    files
        The files to read.
    folder
        The folder that holds them all, below the archive's.
    is_plan
        False for a dose or structure set that is part of no plan, and for what could not be looked into.
    problem
        Why it cannot be checked; None when nothing is known against it.
    findings
        How its files were linked.
    stand_ins
        How messages name a file -> what to write instead.
    link
        What put its files together.
    own
        Choices for this plan alone; None where it has none.
    size_bytes
        Of its files.
    """

    plan_uid: str = ""
    structure_set_uid: str = ""
    dose_uids: tuple[str, ...] = ()
    unlike_uids: tuple[str, ...] = ()
    plan_date: str = ""
    files: tuple[Source, ...]
    folder: str
    is_plan: bool = True
    problem: str | None = None
    findings: tuple[Finding, ...] = ()
    stand_ins: Mapping[str, str]
    link: Link = Link.REFERENCE
    own: OwnChoices | None = None
    size_bytes: int = 0

    @property
    def is_unread(self) -> bool:
        """Whether it stands for a folder or file that could not be looked into: plans may be in it."""
        return not self.is_plan and not self.files

    @property
    def plan_input(self) -> DicomInputs:
        """Its files, as `sbrtcheck.dicom.load_plan` takes them."""
        return list(self.files) if self.link is Link.REFERENCE else Together(self.files, self.link)

    @property
    def uid(self) -> str:
        """What notes know the plan by, as `sbrtcheck.results.noted.plan_uid` of its report."""
        return uid_of_plan({"plan": self.plan_uid, "doses": self.dose_uids})


def entries_of(plan_files: PlanFiles, root: Path, dvhs: Origin) -> Iterator[Entry]:
    """The plans that the files make, and what makes none; each with what is wrong with it, file names left out."""
    # a fault of a file may be described by naming another one
    anonymous = partial(without_file_names, stand_ins=_all_names(plan_files))
    plans = [_plan_entry(plan, root, _problem(plan, dvhs)) for plan in (*plan_files.plans, *plan_files.incomplete)]
    parts = [_orphan_entry(orphan, root, orphan.reason) for orphan in _files_of_no_plan(plan_files)]
    for entry in (*plans, *parts):
        yield replace(entry, problem=anonymous(entry.problem)) if entry.problem is not None else entry


def _problem(plan: FoundPlan, dvhs: Origin) -> str | None:
    """Why it cannot be checked: stored DVHs need no structure set."""
    obstacle = plan.problem if dvhs is Origin.STORED else plan.obstacle
    return obstacle.what if obstacle is not None else None


def _files_of_no_plan(plan_files: PlanFiles) -> list[Orphan]:
    """RT files in no plan, not even an incomplete one; of segmentations, many may be of images alone."""
    incomplete = {plan.files for plan in plan_files.incomplete}
    return [
        orphan
        for orphan in plan_files.orphans
        if orphan.files not in incomplete and orphan.kind is not Kind.SEGMENTATION
    ]


def _plan_entry(plan: FoundPlan, root: Path, problem: str | None) -> Entry:
    return Entry(
        plan_uid=plan.plan.uid if plan.plan is not None else "",
        structure_set_uid=plan.structure_set.uid if plan.structure_set is not None else "",
        dose_uids=plan.dose_uids,
        unlike_uids=unlike_uids(_uids((*_parts(plan), *plan.beside))),
        plan_date=_date(plan.plan.date) if plan.plan is not None else "",
        files=plan.files_to_check,
        folder=_folder(plan.files, root),
        problem=problem,
        findings=plan.findings,
        stand_ins=dict(_names(_parts(plan))),
    )


def _uids(parts: Iterable[RtFile]) -> Iterator[str]:
    for part in parts:
        yield from (part.uid, *part.plan_refs, *part.structure_set_refs, *part.frames)


def _date(text: str) -> str:
    """``20260131`` (a DA of PS3.5 6.2), or ``2026.01.31`` of older files, as ``2026-01-31``; "" for what is no date."""
    try:
        return dt.datetime.strptime(text.replace(".", ""), "%Y%m%d").date().isoformat()
    except ValueError:
        return ""


def _orphan_entry(orphan: Orphan, root: Path, problem: str | None) -> Entry:
    return Entry(
        plan_uid=orphan.uid if orphan.kind is Kind.PLAN else "",
        structure_set_uid=orphan.uid if orphan.kind is Kind.STRUCTURE_SET else "",
        dose_uids=(orphan.uid,) if orphan.kind is Kind.DOSE else (),
        unlike_uids=unlike_uids([orphan.uid]),
        files=orphan.files,
        folder=_folder(orphan.files, root),
        is_plan=orphan.kind is Kind.PLAN,
        problem=problem,
        stand_ins={},
    )


def _folder(files: Iterable[Source], root: Path) -> str:
    folders = [os.path.dirname(str(file)) for file in files]
    return shown(Path(os.path.relpath(os.path.commonpath(folders), root)).as_posix())


def shown(folder: str) -> str:
    """A name in no known encoding, with the numbers of its bytes."""
    return os.fsencode(folder).decode("utf-8", "backslashreplace")


# -------------------------------------------------------------------------------- file names may name patients


def _parts(plan: FoundPlan) -> tuple[RtFile, ...]:
    return tuple(part for part in (*plan.doses, plan.plan, plan.structure_set) if part is not None)


def _names(parts: Iterable[RtFile]) -> Iterator[tuple[str, str]]:
    for part in parts:
        path = str(part.source)
        # by the short name too: among fewer files, where the plan is checked, it may be that
        names = (part.display_name, short_name(part), os.path.basename(path), path)
        yield from ((name, f"the {part.kind}") for name in names if name == part.kind or name not in tuple(Kind))


def _all_names(plan_files: PlanFiles) -> dict[str, str]:
    files = (part for plan in (*plan_files.plans, *plan_files.incomplete) for part in _parts(plan))
    orphans = {
        name: "another file"
        for orphan in plan_files.orphans
        for file in orphan.files
        for name in (os.path.basename(str(file)), str(file))
    }
    return orphans | dict(_names(files))


def without_file_names(text: str, stand_ins: Mapping[str, str]) -> str:
    """The text with stand-ins for the file names in it.

    Only names that stand by themselves are found: a file called ``50`` does not touch ``50.0 Gy``.
    """
    longest = max(map(len, stand_ins), default=0)
    names = {stretch for stretch in _stretches(text, longest) if stretch in stand_ins}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        with_article = rf"(?:\bthe )?{re.escape(name)}"  # stand-ins have one already
        text = re.sub(with_article, lambda _, name=name: stand_ins[name], text)  # type: ignore[misc]
    return text


def _stretches(text: str, longest: int) -> Iterator[str]:
    """Whole words of the text, and runs of them: a file name may have blanks."""
    starts = [at for at in range(len(text)) if at == 0 or text[at - 1] in _AROUND_NAMES]
    ends = [at for at in range(1, len(text) + 1) if at == len(text) or text[at] in _AROUND_NAMES]
    for start in starts:
        yield from (text[start:end] for end in ends if _SHORT_NAME < end - start <= longest)


# -------------------------------------------------------------------------------- entries as text, for the database


def text_of(entry: Entry) -> str:
    """An entry as text; `entry_of` reads it back."""
    return json.dumps(
        {
            "plan_uid": entry.plan_uid,
            "structure_set_uid": entry.structure_set_uid,
            "dose_uids": entry.dose_uids,
            "unlike_uids": entry.unlike_uids,
            "plan_date": entry.plan_date,
            "files": [_place(file) for file in entry.files],
            "folder": entry.folder,
            "is_plan": entry.is_plan,
            "problem": entry.problem,
            "findings": [(one.code, one.text, one.subject) for one in entry.findings],
            "stand_ins": dict(entry.stand_ins),
            "link": entry.link,
            "size_bytes": entry.size_bytes,
        }
    )


def _place(file: Source) -> tuple[str, str]:
    return (str(file.archive), file.name) if isinstance(file, ZipMember) else (str(file), "")


_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("plan_uid", "structure_set_uid", "plan_date", "folder", "link"), (str,)),
    **dict.fromkeys(("dose_uids", "unlike_uids", "files", "findings"), (list,)),
    "is_plan": (bool,),
    "problem": (str, NoneType),
    "stand_ins": (dict,),
    "size_bytes": (int,),
}
"""Of each value of an entry as text; JSON has no others, and a bool is no int here."""


def entry_of(text: str) -> Entry:
    """The entry that `text_of` wrote; ValueError or TypeError where it is none."""
    values = json.loads(text)
    if not _is_entry(values):
        raise TypeError("a value of the entry is lacking, or of another type")
    return Entry(
        **{
            **values,
            "dose_uids": tuple(values["dose_uids"]),
            "unlike_uids": tuple(values["unlike_uids"]),
            "files": tuple(source_of(path, member) for path, member in values["files"]),
            "findings": tuple(
                Finding(code=FindingCode(code), text=text, subject=subject)
                for code, text, subject in values["findings"]
            ),
            "link": Link(values["link"]),
        }
    )


def _is_entry(values: Any) -> bool:
    """Whether these are all the values of an entry, each of its type, and no others."""
    if not isinstance(values, dict) or values.keys() != _TYPES.keys():
        return False
    if any(type(values[name]) not in types for name, types in _TYPES.items()):
        return False
    of_texts = [*((one, 2) for one in values["files"]), *((one, 3) for one in values["findings"])]
    if not all(isinstance(one, list) and len(one) == number for one, number in of_texts):
        return False
    texts = [*values["dose_uids"], *values["unlike_uids"], *values["stand_ins"].values()]
    texts += [text for one, _ in of_texts for text in one]
    return all(isinstance(text, str) for text in texts)

"""Folder -> the plans in it, and the RT files that make none, in an order that does not depend on the file system."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sbrtcheck.dicom import FoundPlan, Kind, Orphan, PlanFiles, RtFile, Source, find_plans, is_url, remote_files
from sbrtcheck.dicom.remote import shown_url
from sbrtcheck.dvh import Origin
from sbrtcheck.errors import InputError
from sbrtcheck.plan import Finding
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
    plan_date
        RT Plan Date as ``2026-01-31``; ``""`` where the plan has none.
    files
        The files to read.
    folder
        The folder that holds them all, below the archive's.
    is_plan
        False for a dose or structure set that is part of no plan.
    problem
        Why it cannot be checked; None when nothing is known against it.
    findings
        How its files were linked.
    stand_ins
        How messages name a file -> what to write instead.
    """

    plan_uid: str = ""
    structure_set_uid: str = ""
    dose_uids: tuple[str, ...] = ()
    plan_date: str = ""
    files: tuple[Source, ...]
    folder: str
    is_plan: bool = True
    problem: str | None = None
    findings: tuple[Finding, ...] = ()
    stand_ins: Mapping[str, str]

    @property
    def uid(self) -> str:
        """What notes know the plan by, as `sbrtcheck.results.noted.plan_uid` of its report."""
        return uid_of_plan({"plan": self.plan_uid, "doses": self.dose_uids})

    def order(self) -> tuple[object, ...]:
        """Sort by UIDs; by place only what has the same."""
        return self.plan_uid, self.dose_uids, self.structure_set_uid, tuple(map(str, self.files))


def find(folder: Path | str, dvhs: Origin = Origin.COMPUTED) -> tuple[Entry, ...]:
    """Everything in a folder that is to be checked, or has a reason why not; sorted by UID.

    Parameters
    ----------
    folder
        Searched to any depth; or the URL of a storage.
    dvhs
        Stored DVHs need no structure set; computed ones do.

    Raises
    ------
    InputError
        There is no such folder.
    """
    if is_url(folder):
        return _remote_entries(str(folder), dvhs)
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises on names that no file can have
        what = "not a folder" if os.path.exists(folder) else "no such folder"  # noqa: PTH110 - as above
        raise InputError(what, str(folder), "give the folder that the plans are in")
    folder = Path(folder)
    walked = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    other_names = {path.relative_to(folder).as_posix(): "another file" for path in walked}
    return _entries(find_plans(folder), folder, dvhs, other_names)


def _remote_entries(url: str, dvhs: Origin) -> tuple[Entry, ...]:
    files = list(remote_files(url))
    root = Path(shown_url(url))
    other_names = {Path(str(file)).relative_to(root).as_posix(): "another file" for file in files}
    return _entries(find_plans(files), root, dvhs, other_names)


def _entries(plan_files: PlanFiles, folder: Path, dvhs: Origin, other_names: Mapping[str, str]) -> tuple[Entry, ...]:
    """All of what was found, without names of files in what is wrong with it.

    ``other_names`` are those of files that are none of a plan.
    """
    # a fault of a file may be described by naming another one
    anonymous = partial(without_file_names, stand_ins={**other_names, **_all_names(plan_files)})
    plans = [_plan_entry(plan, folder, _problem(plan, dvhs)) for plan in (*plan_files.plans, *plan_files.incomplete)]
    parts = [_orphan_entry(orphan, folder, orphan.reason) for orphan in _files_of_no_plan(plan_files)]
    entries = [
        replace(entry, problem=anonymous(entry.problem)) if entry.problem is not None else entry
        for entry in (*plans, *parts)
    ]
    return tuple(sorted(entries, key=Entry.order))


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
        plan_date=_date(plan.plan.date) if plan.plan is not None else "",
        files=plan.files,
        folder=_folder(plan.files, root),
        problem=problem,
        findings=plan.findings,
        stand_ins=dict(_names(_parts(plan))),
    )


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
        files=orphan.files,
        folder=_folder(orphan.files, root),
        is_plan=orphan.kind is Kind.PLAN,
        problem=problem,
        stand_ins={},
    )


def _folder(files: Iterable[Source], root: Path) -> str:
    folders = [Path(str(file)).parent for file in files]
    return Path(os.path.commonpath(folders)).relative_to(root).as_posix()


# -------------------------------------------------------------------------------- file names may name patients


def _parts(plan: FoundPlan) -> tuple[RtFile, ...]:
    return tuple(part for part in (*plan.doses, plan.plan, plan.structure_set) if part is not None)


def _names(parts: Iterable[RtFile]) -> Iterator[tuple[str, str]]:
    for part in parts:
        path = str(part.source)
        names = (part.display_name, os.path.basename(path), path)  # noqa: PTH119 - may be a URL
        yield from ((name, f"the {part.kind}") for name in names)


def _all_names(plan_files: PlanFiles) -> dict[str, str]:
    files = (part for plan in (*plan_files.plans, *plan_files.incomplete) for part in _parts(plan))
    return dict(_names(files))


def without_file_names(text: str, stand_ins: Mapping[str, str]) -> str:
    """The text with stand-ins for the file names in it.

    Only names that stand by themselves are found: a file called ``50`` does not touch ``50.0 Gy``.
    """
    longest = max(map(len, stand_ins), default=0)
    names = {stretch for stretch in _stretches(text, longest) if stretch in stand_ins}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        text = text.replace(name, stand_ins[name])
    return text


def _stretches(text: str, longest: int) -> Iterator[str]:
    """Whole words of the text, and runs of them: a file name may have blanks."""
    starts = [at for at in range(len(text)) if at == 0 or text[at - 1] in _AROUND_NAMES]
    ends = [at for at in range(1, len(text) + 1) if at == len(text) or text[at] in _AROUND_NAMES]
    for start in starts:
        yield from (text[start:end] for end in ends if _SHORT_NAME < end - start <= longest)

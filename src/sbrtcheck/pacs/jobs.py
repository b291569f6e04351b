"""What the worker process does with received files: says what they are, links them, checks a plan.

Nothing of an object is looked at by any other process. What goes in and comes out is small, and pickled by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sbrtcheck import api
from sbrtcheck.archive import Options
from sbrtcheck.dicom import FoundPlan, Kind, find_plans
from sbrtcheck.dicom.files import RtFile, read_rt_header
from sbrtcheck.errors import DicomError
from sbrtcheck.judge import with_reasons
from sbrtcheck.render.formats import format_named
from sbrtcheck.results import Report, ReviewCode, ReviewReason

_SUFFIXES = {"text": "txt", "markdown": "md", "csv-excel": "csv", "dicom-pdf": "dcm", "dicom-sr": "dcm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is known of a received object.

    Parameters
    ----------
    kind, uid
        What it is: an RTPLAN, RTDOSE or RTSTRUCT; its SOP Instance UID.
    patient
        Tells patients apart, and does not say who they are.
    frames, plan_refs, structure_set_refs
        Frames of reference that it is in; SOP Instance UIDs that it refers to.
    """

    kind: Kind
    uid: str
    patient: str
    frames: tuple[str, ...]
    plan_refs: tuple[str, ...]
    structure_set_refs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A plan that files make, or files that make none.

    Parameters
    ----------
    uid
        Of the plan; of a dose or structure set where there is no plan.
    names
        The files.
    problem
        Why it cannot be checked; None when nothing is known against it.
    """

    uid: str
    names: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A report as it is to be written, and its verdict in a word."""

    content: bytes
    verdict: str


def describe(path: Path) -> Described | str:
    """Say what an object is; as text, why it is of no use."""
    from sbrtcheck.dicom.origin import patient_pseudonym

    header = read_rt_header(path)
    if not isinstance(header, RtFile):
        return "it cannot be read as an RTPLAN, RTDOSE or RTSTRUCT"
    if not header.uid:
        return "it has no SOP Instance UID"
    try:
        patient = patient_pseudonym(header)
    except DicomError as error:
        return error.what
    return Described(
        kind=header.kind,
        uid=header.uid,
        patient=patient,
        frames=header.frames,
        plan_refs=header.plan_refs,
        structure_set_refs=header.structure_set_refs,
    )


def link(paths: Sequence[Path]) -> tuple[Linked, ...]:
    """Say which plans the files make, and which make none, with the reason."""
    found = find_plans(list(paths))
    plans = [_linked(plan, plan.reason) for plan in (*found.plans, *found.incomplete)]
    in_plans = {plan.files for plan in found.incomplete}
    orphans = [
        Linked(uid=orphan.uid, names=_names(orphan.files), problem=f"{orphan.kind}: {orphan.reason}")
        for orphan in found.orphans
        if orphan.files not in in_plans
    ]
    return (*plans, *orphans)


def _linked(plan: FoundPlan, problem: str | None) -> Linked:
    return Linked(uid=plan.uid, names=_names(plan.files_to_check), problem=problem)


def _names(files: Sequence[object]) -> tuple[str, ...]:
    return tuple(file.name for file in files if isinstance(file, Path))


def check(paths: Sequence[Path], options: Options, format_: str, remarks: Sequence[str]) -> Written:
    """Check the plan that the files make; ``remarks`` are reasons not to call it a pass.

    Raises
    ------
    SbrtcheckError
        It cannot be checked.
    """
    report = api.check_with(list(paths), options.tables, options.choices)
    report = with_reasons(report, [ReviewReason(code=ReviewCode.FILES, text=text) for text in remarks])
    content = _content(report, format_, list(paths))
    return Written(content=content.encode() if isinstance(content, str) else content, verdict=str(report.verdict))


def _content(report: Report, format_: str, paths: list[Path]) -> str | bytes:
    if format_ == "dicom-pdf":
        return api.report_as_dicom(report, paths)
    if format_ == "dicom-sr":
        return api.report_as_sr(report, paths)
    return format_named(format_).write(report)


def require_format(format_: str) -> None:
    """Raise `OutputError` where a package that the format needs is not installed."""
    if format_ == "dicom-sr":
        from sbrtcheck.dicom.structured_report import require_sr

        require_sr()
    else:
        format_named("pdf" if format_ == "dicom-pdf" else format_).check_installed()


def suffix_of(format_: str) -> str:
    """How names of files of that format end."""
    return _SUFFIXES.get(format_, format_)

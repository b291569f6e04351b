"""One plan -> its rows of the table, whatever happens: this is what a worker process runs."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrtcheck import api
from sbrtcheck._version import __version__
from sbrtcheck.archive.entries import Entry, without_file_names
from sbrtcheck.arguments import require_type, texts_of
from sbrtcheck.dicom import load_dvhs, load_plan
from sbrtcheck.dvh import Origin
from sbrtcheck.errors import SbrtcheckError, UnknownTableError
from sbrtcheck.formatting import clean
from sbrtcheck.options import NEAR_PERCENT, CheckOptions
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.plan.prescription_text import GivenPrescription, read_prescription
from sbrtcheck.results import Outcome, Report, ReviewCode, Verdict, labels, rounded
from sbrtcheck.results.noted import lost_note_lines, notes_without_rows, signature_text
from sbrtcheck.results.notes import ReportNotes
from sbrtcheck.tables import ConstraintTable, load_dictionary
from sbrtcheck.tables.choice import TableName, distinct, load_tables
from sbrtcheck.tables.dictionary import DictionaryInput
from sbrtcheck.tables.notes import NotesInput, PlanNotes, load_notes_by_plan

Value = str | float | int | bool | None
Row = Mapping[str, Value]

COLUMNS: Mapping[str, type] = {
    "plan_uid": str,
    "structure_set_uid": str,
    "dose_uids": str,
    "prescription_gy": float,
    "fractions": int,
    "table_id": str,
    "table_version": str,
    "row_id": str,
    "organ": str,
    "contour": str,
    "metric": str,
    "sense": str,
    "limit": float,
    "acceptable": float,
    "unit": str,
    "value": float,
    "low": float,
    "high": float,
    "margin": float,
    "verdict": str,
    "reason": str,
    "detail": str,
    "borderline": bool,
    "convention_sensitive": bool,
    "counts": bool,
    "confirmed": bool,
    "source": str,
    "where": str,
    "end_caps": str,
    "dvh_origin": str,
    "software": str,
    "findings": str,
    "plan_verdict": str,
    "review_reasons": str,
    "plan_site": str,
    "applies": bool,
    "outside_percent": float,
    "lacking": str,
    "percent_of_limit": float,
    "quantity": str,
    "alpha_beta_gy": float,
    "tables_left_out": str,
    "plan_date": str,
    "near_limit": bool,
    "noted": str,
    "initials": str,
    "written_for": str,
    "lost_notes": str,
    "sign_offs": str,
}
_PATH = {"path": str}
_BETWEEN_FINDINGS = " | "


class NotChecked(StrEnum):
    """Why a whole plan was not checked; stable, for programs."""

    NO_PLAN = "files make no plan"
    UNREADABLE = "plan cannot be used"
    NO_TABLE = "no table applies"
    CRASHED = "check crashed"
    WORKER_DIED = "worker process died"
    TIMED_OUT = "time limit reached"


class State(StrEnum):
    """What a plan came to."""

    PASSING = "passing"  # variations included
    FAILING = "failing"
    TO_REVIEW = "to be reviewed"  # no fail, but something keeps it from a pass
    NOT_CHECKED = "not checked"  # not one row was evaluated
    NO_PLAN = "part of no plan"


_DEFAULT_CHOICES = CheckOptions()

_OLD_NAMES: Mapping[str, str] = {
    "sites": "site",
    "names": "names",
    "dvhs": "dvhs",
    "lists": "sites",
    "accept_dose": "accept_dose",
    "strict": "strict",
    "include_unconfirmed": "include_unconfirmed",
}
"""Choices that `Options` had as fields of its own, with their names in `CheckOptions`; they go with version 0.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to check every plan against, and how.

    Parameters
    ----------
    tables
        Named tables; all their rows are reported for every plan.
    choices
        As for one plan. Its ``site`` says which organs are expected; without tables, the bundled ones of these sites
        that hold for a plan's fraction number are used. It is sent to the processes that check, its ``progress`` too.
    with_paths
        Add the column ``path``; folder names may name patients.
    notes
        Notes and sign-offs on any of the plans; what they say is written, and may name somebody.
    prescription
        Of every plan of the archive, in place of what their files say; None to take it from these.
    **old
        Fields of version 0.1, with a warning: ``sites``, ``names``, ``dvhs``, ``lists``, ``accept_dose``, ``strict``,
        ``include_unconfirmed``. They win over those of ``choices``.
    """

    tables: tuple[ConstraintTable, ...] = ()
    choices: CheckOptions = _DEFAULT_CHOICES
    with_paths: bool = False
    notes: tuple[PlanNotes, ...] = ()
    prescription: Prescription | None = None

    def __init__(
        self,
        *,
        tables: tuple[ConstraintTable, ...] = (),
        choices: CheckOptions = _DEFAULT_CHOICES,
        with_paths: bool = False,
        notes: tuple[PlanNotes, ...] = (),
        prescription: Prescription | None = None,
        **old: Any,
    ) -> None:
        # of the dataclass itself until the old keywords go
        object.__setattr__(self, "tables", tables)
        object.__setattr__(self, "choices", _with_old_keywords(choices, old) if old else choices)
        require_type(with_paths, bool, "with_paths", "give True or False")
        object.__setattr__(self, "with_paths", with_paths)
        object.__setattr__(self, "notes", notes)
        object.__setattr__(self, "prescription", prescription)

    if not TYPE_CHECKING:  # types know the new names only

        def __getattr__(self, name: str) -> Any:
            """A choice by the name that it had as a field."""
            if name not in _OLD_NAMES:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            _warn_of_old_name(name, frames=3)
            return getattr(self.choices, _OLD_NAMES[name])

    @classmethod
    def read(  # noqa: PLR0913 - one argument an option
        cls,
        *,
        tables: TableName | Sequence[TableName] = (),
        sites: str | Sequence[str] = (),
        profile: str | None = None,
        names: str | PathLike[str] | None = None,
        dictionary: DictionaryInput | None = None,
        dvhs: str = "computed",
        sites_file: str | PathLike[str] | None = None,
        accept_dose: bool = False,
        strict: bool = False,
        include_unconfirmed: bool = False,
        sex: str | None = None,
        near_percent: float = NEAR_PERCENT,
        notes: NotesInput | Sequence[NotesInput] = (),
        with_paths: bool = False,
        prescription: GivenPrescription | None = None,
    ) -> Options:
        """Load tables, names and notes, so that a fault in them is found before the first plan is read.

        Raises
        ------
        SbrtcheckError
            A table, a site, a profile, a file of names or notes, the dictionary or the prescription cannot be used.
        """
        loaded = distinct(dict.fromkeys(load_tables(tables)))
        site = texts_of(sites, "a site")
        if not loaded and not site and profile is None:
            raise UnknownTableError("no table to check against", hint="name a site or a table")
        choices = CheckOptions.read(
            site=tuple(dict.fromkeys(site)),
            profile=profile,
            names=names,
            dictionary=load_dictionary(dictionary, loaded),
            dvhs=dvhs,
            sites=sites_file,
            accept_dose=accept_dose,
            strict=strict,
            include_unconfirmed=include_unconfirmed,
            sex=sex,
            near_percent=near_percent,
        )
        choices.refuse_unknown(loaded)
        return cls(
            tables=loaded,
            choices=choices,
            with_paths=with_paths,
            notes=load_notes_by_plan(notes),
            prescription=read_prescription(prescription),
        )

    def for_entry(self, entry: Entry) -> Options:
        """The same for one plan: with its own choices, where it has some."""
        if entry.own is None:
            return self
        return replace(self, choices=entry.own.choices, prescription=entry.own.prescription or self.prescription)

    def notes_on(self, entry: Entry) -> tuple[PlanNotes, ...]:
        """The notes on one plan; none where nobody wrote any."""
        return tuple(one for one in self.notes if one.plan_uid == entry.uid)

    @property
    def columns(self) -> Mapping[str, type]:
        """Columns of the table, and the type of their values."""
        return {**COLUMNS, **_PATH} if self.with_paths else COLUMNS


def _with_old_keywords(choices: CheckOptions, old: Mapping[str, Any]) -> CheckOptions:
    for name in old:
        if name not in _OLD_NAMES:
            raise TypeError(f"Options has no keyword {name!r}")
        _warn_of_old_name(name, frames=4)
    given = {_OLD_NAMES[name]: value for name, value in old.items()}
    read = CheckOptions.read(**given)
    return replace(choices, **{name: getattr(read, name) for name in given})


def _warn_of_old_name(name: str, *, frames: int) -> None:
    text = f"Options.{name} is now Options.choices.{_OLD_NAMES[name]}; the old name goes with version 0.3"
    warnings.warn(text, DeprecationWarning, stacklevel=frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The rows of one plan, at least one, and what it came to.

    ``lasting`` is False where the same plan may come to something else in another run: a process died, or a file could
    not be reached.
    """

    rows: tuple[Row, ...]
    state: State
    lasting: bool = True


def check_entry(entry: Entry, options: Options) -> Checked:
    """Check one plan; whatever goes wrong becomes a row with the reason, so that the others go on."""
    options = options.for_entry(entry)
    if entry.problem is not None:
        return not_checked(entry, options, NotChecked.NO_PLAN, entry.problem)
    try:
        return _check(entry, options)
    except SbrtcheckError as error:
        unreadable = not_checked(entry, options, NotChecked.UNREADABLE, _summary(error, entry))
        return replace(unreadable, lasting=not _is_of_system(error))
    except Exception as error:  # a fault of ours in one plan must not lose the others
        return not_checked(entry, options, NotChecked.CRASHED, where_from(error))


def _check(entry: Entry, options: Options) -> Checked:
    try:
        report = _report(entry, options)
    except UnknownTableError as error:
        return not_checked(entry, options, NotChecked.NO_TABLE, _summary(error, entry), _prescription(entry, options))
    return Checked(rows=_rows(report, entry, options), state=_state(report))


def _report(entry: Entry, options: Options) -> Report:
    return api.check_with(
        entry.plan_input,
        options.tables,
        options.choices,
        prescription=options.prescription,
        notes=options.notes_on(entry),
    )


def _prescription(entry: Entry, options: Options) -> Prescription | UnknownPrescription:
    load = load_dvhs if options.choices.dvhs is Origin.STORED else load_plan
    return load(entry.plan_input, prescription=options.prescription).prescription


def _state(report: Report) -> State:
    if all(outcome.verdict is Verdict.NOT_EVALUATED for outcome in report.outcomes):
        return State.NOT_CHECKED
    return {Verdict.FAIL: State.FAILING, Verdict.REVIEW: State.TO_REVIEW}.get(report.verdict, State.PASSING)


# -------------------------------------------------------------------------------- what went wrong, without names

_OF_A_RUN = frozenset((NotChecked.CRASHED, NotChecked.WORKER_DIED, NotChecked.TIMED_OUT))


def _is_of_system(error: BaseException) -> bool:
    """Whether it came from the operating system, which may let the same file be read another time."""
    while error.__cause__ is not None:
        error = error.__cause__
    return isinstance(error, OSError) and error.errno is not None


def _summary(error: SbrtcheckError, entry: Entry) -> str:
    """What is wrong; the place only where it is a file of the plan, and that by its kind."""
    place = f"{entry.stand_ins[error.place]}: " if error.place in entry.stand_ins else ""
    return place + without_file_names(error.what, entry.stand_ins)


def where_from(error: BaseException) -> str:
    """Kind and origin of an unexpected error; its message is left out, for it may quote the file."""
    frames = traceback.extract_tb(error.__traceback__)
    origin = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{origin}: please report it"


# -------------------------------------------------------------------------------- rows


def not_checked(
    entry: Entry,
    options: Options,
    reason: NotChecked,
    detail: str,
    rx: Prescription | UnknownPrescription | None = None,
) -> Checked:
    """The one row of a plan that was not checked, or of a file that is part of no plan."""
    values = {
        **_head(entry, options),
        **({} if rx is None else _course(rx)),
        "verdict": str(Verdict.NOT_EVALUATED),
        "reason": str(reason),
        "detail": detail,
        "counts": False,
        "findings": _findings(entry.findings, entry),
        "plan_verdict": str(Verdict.REVIEW) if entry.is_plan else None,
        "review_reasons": f"{ReviewCode.NOTHING_EVALUATED}: {detail}" if entry.is_plan else None,
        **_notes_beside_rows(notes_without_rows(options.notes_on(entry) if entry.is_plan else ())),
    }
    state = State.NOT_CHECKED if entry.is_plan else State.NO_PLAN
    return Checked(rows=(_row(values, options),), state=state, lasting=reason not in _OF_A_RUN)


def _rows(report: Report, entry: Entry, options: Options) -> tuple[Row, ...]:
    versions = {table.id: table.version for table in report.tables}
    of_plan = _findings_of_plan(report, entry)
    head = {
        **_head(entry, options),
        **_course(report.prescription),
        "end_caps": report.end_caps,
        "plan_verdict": str(report.verdict),
        "review_reasons": _reasons(report, entry),
        "plan_site": ", ".join(report.site.ids),
    }
    rows = [
        {**head, **_body(outcome, record, versions, of_plan, entry)}
        for outcome, record in zip(report.outcomes, report.to_records(), strict=True)
    ]
    if rows:  # once a plan: it is the same for all of its rows, and long
        rows[0]["tables_left_out"] = _BETWEEN_FINDINGS.join(labels.left_out_lines(report))
        rows[0].update(_notes_beside_rows(report.notes))
    return tuple(_row(row, options) for row in rows)


def _body(
    outcome: Outcome,
    record: Mapping[str, Value],
    versions: Mapping[str, str],
    of_plan: Sequence[Finding],
    entry: Entry,
) -> dict[str, Value]:
    return {
        **{column: record[column] for column in COLUMNS if column in record},
        "table_id": outcome.table_id,
        "table_version": versions[outcome.table_id],
        "row_id": outcome.constraint.id,
        "source": outcome.constraint.source.citation,
        "findings": _findings((*outcome.findings, *of_plan), entry),
    }


def _notes_beside_rows(notes: ReportNotes) -> dict[str, Value]:
    return {
        "lost_notes": _BETWEEN_FINDINGS.join(lost_note_lines(notes)),
        "sign_offs": _BETWEEN_FINDINGS.join(map(signature_text, notes.signatures)),
    }


def _findings_of_plan(report: Report, entry: Entry) -> tuple[Finding, ...]:
    """How the files were linked in the archive, which has more to choose from than the plan's own few files."""
    from_report = [
        finding for finding in report.findings if finding.code is not FindingCode.LINKED_BY_FRAME_OF_REFERENCE
    ]
    return (*entry.findings, *from_report)


def _reasons(report: Report, entry: Entry) -> str:
    """What keeps the plan from a pass, each reason once, without file names."""
    texts = (without_file_names(f"{reason.code}: {reason.text}", entry.stand_ins) for reason in report.reasons)
    return _BETWEEN_FINDINGS.join(dict.fromkeys(texts))


def _head(entry: Entry, options: Options) -> dict[str, Value]:
    return {
        "plan_uid": entry.plan_uid,
        "structure_set_uid": entry.structure_set_uid,
        "dose_uids": " ".join(entry.dose_uids),
        "plan_date": entry.plan_date,
        "dvh_origin": str(options.choices.dvhs),
        "software": f"sbrtcheck {__version__}",
        "path": entry.folder,
    }


def _course(rx: Prescription | UnknownPrescription) -> dict[str, Value]:
    dose_gy = rx.dose_gy if isinstance(rx, Prescription) else None
    return {"prescription_gy": rounded(dose_gy), "fractions": rx.fractions}


def _findings(findings: Sequence[Finding], entry: Entry) -> str:
    """Each once, its file names replaced."""
    texts = (without_file_names(_finding(finding), entry.stand_ins) for finding in findings)
    return _BETWEEN_FINDINGS.join(dict.fromkeys(texts))


def _finding(finding: Finding) -> str:
    about = f" ({finding.subject})" if finding.subject else ""
    return f"{finding.code}{about}: {finding.text}"


def _row(values: Mapping[str, Value], options: Options) -> Row:
    return {column: _clean(values.get(column)) for column in options.columns}


def _clean(value: Value) -> Value:
    """Text of one line, and no empty text: that is a missing value."""
    return (clean(value) or None) if isinstance(value, str) else value

"""One plan -> its rows of the table, whatever happens: this is what a worker process runs."""

from __future__ import annotations

import traceback
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrtcheck import api
from sbrtcheck._version import __version__
from sbrtcheck.archive.cells import BETWEEN, findings_text, row_of
from sbrtcheck.archive.columns import Columns, Row, Table, Value, columns_of
from sbrtcheck.archive.contents import Contents, metrics_of
from sbrtcheck.archive.entries import Entry, without_file_names
from sbrtcheck.archive.plan_keys import FILE_NAME, PlanKeys, keys_of_file
from sbrtcheck.archive.structure_rows import curve_rows, dvhs_of_all, structure_rows
from sbrtcheck.arguments import require_type, texts_of
from sbrtcheck.dicom import load_dvhs, load_plan
from sbrtcheck.dvh import Origin
from sbrtcheck.errors import SbrtcheckError, UnknownTableError
from sbrtcheck.options import NEAR_PERCENT, CheckOptions
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.plan.prescription_text import GivenPrescription, read_prescription
from sbrtcheck.results import Outcome, Report, ReviewCode, Verdict, labels, rounded
from sbrtcheck.results.noted import lost_note_lines, notes_without_rows, signature_text
from sbrtcheck.results.notes import ReportNotes
from sbrtcheck.tables import ConstraintTable, load_dictionary
from sbrtcheck.tables.choice import TableName, distinct, load_tables
from sbrtcheck.tables.dictionary import DictionaryInput
from sbrtcheck.tables.fitness import refuse_unfit
from sbrtcheck.tables.notes import NotesInput, PlanNotes, load_notes_by_plan

COLUMNS: Columns = columns_of(Table.OUTCOMES)
"""Columns of the outcomes, and the type of their values; `sbrtcheck.archive.columns` says what is in them."""


class NotChecked(StrEnum):
    """Why a whole plan was not checked; stable, for programs."""

    NO_PLAN = "files make no plan"
    UNREAD = "cannot be looked into"
    UNREADABLE = "plan cannot be used"
    NO_TABLE = "no table applies"
    NOTHING_EVALUATED = "no row of the tables was evaluated"
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
    UNREAD = "not looked into"  # a folder or file of which it is not known what is in it

    @property
    def is_of_plan(self) -> bool:
        """Whether what came to it is a plan."""
        return self not in (State.NO_PLAN, State.UNREAD)


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
    contents
        What is written of every plan beside its outcomes, and what its pseudonym is made with.
    **old
        Fields of version 0.1, with a warning: ``sites``, ``names``, ``dvhs``, ``lists``, ``accept_dose``, ``strict``,
        ``include_unconfirmed``. They win over those of ``choices``.
    """

    tables: tuple[ConstraintTable, ...] = ()
    choices: CheckOptions = _DEFAULT_CHOICES
    with_paths: bool = False
    notes: tuple[PlanNotes, ...] = ()
    prescription: Prescription | None = None
    contents: Contents

    def __init__(
        self,
        *,
        tables: tuple[ConstraintTable, ...] = (),
        choices: CheckOptions = _DEFAULT_CHOICES,
        with_paths: bool = False,
        notes: tuple[PlanNotes, ...] = (),
        prescription: Prescription | None = None,
        contents: Contents | None = None,
        **old: Any,
    ) -> None:
        # of the dataclass itself until the old keywords go
        object.__setattr__(self, "tables", tables)
        object.__setattr__(self, "choices", _with_old_keywords(choices, old) if old else choices)
        require_type(with_paths, bool, "with_paths", "give True or False")
        object.__setattr__(self, "with_paths", with_paths)
        object.__setattr__(self, "notes", notes)
        object.__setattr__(self, "prescription", prescription)
        object.__setattr__(self, "contents", Contents() if contents is None else contents)

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
        allow_lint_errors: bool = False,
        strict: bool = False,
        include_unconfirmed: bool = False,
        sex: str | None = None,
        near_percent: float = NEAR_PERCENT,
        notes: NotesInput | Sequence[NotesInput] = (),
        with_paths: bool = False,
        prescription: GivenPrescription | None = None,
        metrics: str | Sequence[str] = (),
        curves: bool = False,
        with_identity: bool = False,
        plan_keys: str | PathLike[str] | None = None,
    ) -> Options:
        """Load tables, names and notes, so that a fault in them is found before the first plan is read.

        Parameters
        ----------
        tables, sites, profile, names, dictionary, dvhs, sites_file, accept_dose, allow_lint_errors, strict,
        include_unconfirmed, sex
            As of `sbrtcheck.check`; ``sites`` is its ``site``, and ``sites_file`` its ``sites``.
        near_percent, notes
            As of `sbrtcheck.check`.
        with_paths
            Write each plan's folder.
        metrics
            Texts of metrics, such as ``"D95%[Gy], V20Gy[%]"``: measured on every structure, in a table of their own.
        curves
            Write the DVH of every structure, in a table of its own.
        with_identity
            Write UIDs and Patient IDs.
        plan_keys
            File with the secret that pseudonyms are made with; made where it is not there. None: one beside the
            results.

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
            allow_lint_errors=allow_lint_errors,
            strict=strict,
            include_unconfirmed=include_unconfirmed,
            sex=sex,
            near_percent=near_percent,
        )
        choices.refuse_unknown(loaded)
        refuse_unfit(loaded, allowed=choices.allow_lint_errors)
        for name, chosen in (("curves", curves), ("with_identity", with_identity)):
            require_type(chosen, bool, name, "give True or False")
        keys = PlanKeys() if plan_keys is None else keys_of_file(plan_keys)
        return cls(
            tables=loaded,
            choices=choices,
            with_paths=with_paths,
            notes=load_notes_by_plan(notes),
            prescription=read_prescription(prescription),
            contents=Contents(metrics=metrics_of(metrics), curves=curves, with_identity=with_identity, plan_keys=keys),
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
    def columns(self) -> Columns:
        """Columns of the outcomes, and the type of their values."""
        return self.columns_of(Table.OUTCOMES)

    def columns_of(self, table: Table) -> Columns:
        """Columns of a table of the run, and the type of their values."""
        return self.contents.columns(table, path=self.with_paths)

    def of_archive(self, entries: Sequence[Entry], beside: Path | None = None) -> Options:
        """The same for the plans of an archive, with the secret of their pseudonyms from the folder of the results."""
        contents = self.contents.of_archive(entries)
        if beside is not None and not contents.plan_keys.lasting:
            contents = replace(contents, plan_keys=keys_of_file(beside / FILE_NAME))
        return replace(self, contents=contents)


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
    """What one plan came to, and its rows: outcomes, at least one, and those of the other tables of the run.

    ``lasting`` is False where the same plan may come to something else in another run: a process died, or a file could
    not be reached.
    """

    rows: tuple[Row, ...]
    state: State
    beside: Mapping[Table, tuple[Row, ...]] = field(default_factory=dict)
    lasting: bool = True

    @property
    def reason(self) -> str | None:
        """Why no row was evaluated, a `NotChecked`; None where one was."""
        reason = self.beside[Table.PLANS][0]["reason"]
        return None if reason is None else str(reason)

    def of(self, table: Table) -> tuple[Row, ...]:
        """The rows of one table."""
        return self.rows if table is Table.OUTCOMES else self.beside.get(table, ())


def check_entry(entry: Entry, options: Options) -> Checked:
    """Check one plan; whatever goes wrong becomes a row with the reason, so that the others go on."""
    options = options.for_entry(entry)
    if entry.problem is not None:
        reason = NotChecked.UNREAD if entry.is_unread else NotChecked.NO_PLAN
        return not_checked(entry, options, reason, entry.problem)
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
    return _checked(report, entry, options)


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
    """The one row of a plan that was not checked, of a file of no plan, or of what cannot be looked into."""
    state = State.NOT_CHECKED if entry.is_plan else State.UNREAD if entry.is_unread else State.NO_PLAN
    notes = notes_without_rows(options.notes_on(entry) if entry.is_plan else ())
    values = {
        **_head(entry, options),
        **({} if rx is None else _course(rx)),
        "verdict": str(Verdict.NOT_EVALUATED),
        "reason": str(reason),
        "detail": detail,
        "counts": False,
        "findings": findings_text(entry.findings, entry),
        "plan_verdict": str(Verdict.REVIEW) if entry.is_plan else None,
        "review_reasons": f"{ReviewCode.NOTHING_EVALUATED}: {detail}" if entry.is_plan else None,
        **_notes_beside_rows(notes),
    }
    row = row_of(values, options.columns, entry)
    nothing: dict[Table, tuple[Row, ...]] = dict.fromkeys(options.contents.tables_of_structures, ())
    beside = _beside(values, (row,), nothing, state, entry, options)
    return Checked(rows=(row,), state=state, beside=beside, lasting=reason not in _OF_A_RUN)


def _checked(report: Report, entry: Entry, options: Options) -> Checked:
    of_plan = _findings_of_plan(report, entry)
    head = {
        **_head(entry, options),
        **_course(report.prescription),
        "end_caps": report.end_caps,
        "plan_verdict": str(report.verdict),
        "review_reasons": _reasons(report, entry),
        "plan_site": ", ".join(report.site.ids),
    }
    # once a plan: it is the same for all of its rows, and long
    once = {
        "tables_left_out": BETWEEN.join(labels.left_out_lines(report)),
        **_notes_beside_rows(report.notes),
    }
    rows = _outcome_rows(report, head, once, of_plan, entry, options)
    of_structures = _structure_tables(report, head, of_plan, entry, options)
    state = _state(report)
    values = {
        **head,
        **once,
        "reason": str(NotChecked.NOTHING_EVALUATED) if state is State.NOT_CHECKED else None,
        "tables": BETWEEN.join(f"{table.id} {table.version}" for table in report.tables),
        "findings": findings_text(of_plan, entry),
    }
    return Checked(rows=rows, state=state, beside=_beside(values, rows, of_structures, state, entry, options))


def _outcome_rows(
    report: Report,
    head: Mapping[str, Value],
    once: Mapping[str, Value],
    of_plan: Sequence[Finding],
    entry: Entry,
    options: Options,
) -> tuple[Row, ...]:
    versions = {table.id: table.version for table in report.tables}
    rows = [
        {**head, **_body(outcome, record, versions, of_plan, entry)}
        for outcome, record in zip(report.outcomes, report.to_records(), strict=True)
    ]
    if rows:
        rows[0].update(once)
    return tuple(row_of(row, options.columns, entry) for row in rows)


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
        "findings": findings_text((*outcome.findings, *of_plan), entry),
    }


def _structure_tables(
    report: Report, head: Mapping[str, Value], of_plan: Sequence[Finding], entry: Entry, options: Options
) -> dict[Table, tuple[Row, ...]]:
    """Rows of structures and of curves, where they are asked for."""
    wanted = options.contents.tables_of_structures
    if not wanted:
        return {}
    dvhs = dvhs_of_all(report, options.choices)

    def say(findings: Sequence[Finding]) -> str:
        return findings_text((*findings, *of_plan), entry)

    found = {
        Table.STRUCTURES: lambda: structure_rows(dvhs, report, options.contents.metrics, say),
        Table.CURVES: lambda: curve_rows(dvhs, report),
    }
    return {
        table: tuple(row_of({**head, **one}, options.columns_of(table), entry) for one in found[table]())
        for table in wanted
    }


def _beside(
    values: Mapping[str, Value],
    rows: Sequence[Row],
    of_structures: Mapping[Table, tuple[Row, ...]],
    state: State,
    entry: Entry,
    options: Options,
) -> dict[Table, tuple[Row, ...]]:
    """The rows of the other tables: the plan's own, with how many rows it has in each table, then those given."""
    verdicts = Counter(row["verdict"] for row in rows)
    counted = (Verdict.PASS, Verdict.VARIATION, Verdict.FAIL, Verdict.NOT_EVALUATED)
    numbers = dict(
        zip(("passes", "variations", "fails", "not_evaluated"), map(verdicts.__getitem__, counted), strict=True)
    )
    plan: dict[str, Value] = {
        **values,
        "state": str(state),
        "outcomes": len(rows),
        **numbers,
        "other": len(rows) - sum(numbers.values()),
        **{str(table): len(found) for table, found in of_structures.items()},
    }
    return {Table.PLANS: (row_of(plan, options.columns_of(Table.PLANS), entry),), **of_structures}


def _notes_beside_rows(notes: ReportNotes) -> dict[str, Value]:
    return {
        "lost_notes": BETWEEN.join(lost_note_lines(notes)),
        "sign_offs": BETWEEN.join(map(signature_text, notes.signatures)),
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
    return BETWEEN.join(dict.fromkeys(texts))


def _head(entry: Entry, options: Options) -> dict[str, Value]:
    return {
        "plan_key": options.contents.plan_key(entry),
        "plan_date": entry.plan_date,
        "dvh_origin": str(options.choices.dvhs),
        "software": f"sbrtcheck {__version__}",
        "path": entry.folder,
        **(_identity(entry) if options.contents.with_identity else {}),
    }


def _identity(entry: Entry) -> dict[str, Value]:
    from sbrtcheck.dicom.origin import patient_ids

    return {
        "plan_uid": entry.plan_uid,
        "structure_set_uid": entry.structure_set_uid,
        "dose_uids": " ".join(entry.dose_uids),
        "patient_id": BETWEEN.join(patient_ids(entry.files)),
    }


def _course(rx: Prescription | UnknownPrescription) -> dict[str, Value]:
    dose_gy = rx.dose_gy if isinstance(rx, Prescription) else None
    return {"prescription_gy": rounded(dose_gy), "fractions": rx.fractions}

"""One plan -> its rows of the table, whatever happens: this is what a worker process runs."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from sbrtcheck import api
from sbrtcheck._version import __version__
from sbrtcheck.archive.cells import BETWEEN, findings_text, row_of
from sbrtcheck.archive.columns import Columns, Row, Table, Value, columns_of
from sbrtcheck.archive.entries import Entry, without_file_names
from sbrtcheck.archive.run_options import Options
from sbrtcheck.archive.structure_rows import curve_rows, dvhs_of_all, structure_rows
from sbrtcheck.dicom import load_dvhs, load_plan
from sbrtcheck.dvh import Origin
from sbrtcheck.errors import SbrtcheckError, UnknownTableError
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.results import Outcome, Report, ReviewCode, Verdict, labels, rounded
from sbrtcheck.results.noted import lost_note_lines, notes_without_rows, signature_text
from sbrtcheck.results.notes import ReportNotes

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

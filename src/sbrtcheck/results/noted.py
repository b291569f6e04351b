"""A report and a file of notes in; the report with each note on its row, and the texts of notes, out.

A note is on a row by the row's hash. Where nothing has that hash any more, it is shown on the row of the same name,
with the value that it was written for; and where there is no such row, below all rows. No note is lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sbrtcheck.errors import NotesError
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import NotMeasured
from sbrtcheck.results import labels, value_texts
from sbrtcheck.results.notes import NoteOnRow, ReportNotes, Signature
from sbrtcheck.results.outcome import Outcome
from sbrtcheck.results.report import Report
from sbrtcheck.results.report_values import ReportValues
from sbrtcheck.tables.notes import Note, PlanNotes, SignOff

NOTES, SIGN_OFF = "Notes", "Sign-off"
_HASH_SHOWN = 16  # digits: 64 bits are enough to tell the rows of a plan apart


# -------------------------------------------------------------------------------- what a note is bound to


def value_and_verdict(outcome: Outcome) -> str:
    """``31.20 Gy, PASS``: what a note is written for."""
    return f"{_value_text(outcome)}, {labels.verdict_text(outcome)}"


def _value_text(outcome: Outcome) -> str:
    measured = outcome.measurement
    if isinstance(measured, NotMeasured):
        return value_texts.result_text(outcome)
    value = number_text(measured.value, outcome.limit_used, outcome.acceptable_used)
    return f"{value} {measured.unit}{' or more' if measured.open_above else ''}"


def row_hash(outcome: Outcome) -> str:
    """Hash of all that a note on the row is about: which row, on what, its metric, limit, value and verdict."""
    return _hash(
        outcome.row_id,
        outcome.organ,
        outcome.contour,
        labels.metric_text(outcome.constraint),
        labels.limit_used_text(outcome),
        value_and_verdict(outcome),
    )


def overall_and_summary(report: ReportValues) -> str:
    """``PASS on 16 of 16 rows for lung: 16 PASS``: what a sign-off is given for."""
    return f"{labels.overall_text(report)}: {labels.summary_text(report)}"


def report_hash(report: ReportValues) -> str:
    """Hash of all that a sign-off is about: every row, the verdict and the reasons against a pass."""
    rows = sorted(map(row_hash, report.outcomes))
    return _hash(overall_and_summary(report), *rows, *sorted(reason.text for reason in report.reasons))


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_HASH_SHOWN]


def plan_uid(report: ReportValues) -> str:
    """What the notes on a plan know it by: the UID of the plan, else of its dose; "" where the files have neither."""
    return uid_of_plan(report.provenance)


def uid_of_plan(uids: Mapping[str, str | tuple[str, ...]]) -> str:
    """The same from the UIDs of the plan and of the doses."""
    for key in ("plan", "doses"):
        found = uids.get(key, "")
        if found:
            return found if isinstance(found, str) else " ".join(found)
    return ""


def new_note(outcome: Outcome, note: str, initials: str) -> Note:
    """A note on a row as it is now."""
    return Note(
        row=outcome.row_id,
        organ=outcome.organ,
        contour=outcome.contour,
        was=value_and_verdict(outcome),
        hash=row_hash(outcome),
        note=note,
        initials=initials,
    )


def new_sign_off(report: ReportValues, initials: str, *, date: str = "", comment: str = "") -> SignOff:
    """A sign-off for the report as it is now; ``date`` like ``2026-01-31``."""
    was, hash_ = overall_and_summary(report), report_hash(report)
    return SignOff(initials=initials, date=date, comment=comment, was=was, hash=hash_)


# -------------------------------------------------------------------------------- notes on their rows


def with_notes(report: Report, notes: PlanNotes | None) -> Report:
    """The report with notes; everything else in it stays as it is.

    Raises
    ------
    NotesError
        The notes are of another plan, or nothing names the plan of the report.
    """
    if notes is None:
        return report
    _refuse_other_plan(report, notes)
    hashes = [row_hash(outcome) for outcome in report.outcomes]
    rows = tuple(_note_on_row(note, report.outcomes, hashes) for note in notes.notes)
    now = report_hash(report)
    signatures = tuple(Signature(sign_off=one, is_current=one.hash == now) for one in notes.sign_offs)
    return replace(report, notes=ReportNotes(rows=rows, signatures=signatures))


def notes_without_rows(notes: Iterable[PlanNotes]) -> ReportNotes:
    """The notes of a plan that could not be checked: all of them have lost their rows."""
    of_plan = list(notes)
    return ReportNotes(
        rows=tuple(NoteOnRow(note=note, place=None, is_current=False) for one in of_plan for note in one.notes),
        signatures=tuple(Signature(sign_off=sign, is_current=False) for one in of_plan for sign in one.sign_offs),
    )


def with_notes_on_each(reports: Sequence[Report], notes: Sequence[PlanNotes]) -> list[Report]:
    """The reports, each with the notes on its plan; `NotesError` for notes on none of the plans."""
    uids = [plan_uid(report) for report in reports]
    refuse_notes_on_others(notes, uids)
    by_plan = {one.plan_uid: one for one in notes}
    return [with_notes(report, by_plan.get(uid)) for report, uid in zip(reports, uids, strict=True)]


def refuse_notes_on_others(notes: Iterable[PlanNotes], uids: Collection[str]) -> None:
    """Raise `NotesError` where there are notes on a plan that is none of those of the UIDs."""
    for one in notes:
        if one.plan_uid not in uids:
            what = f"the notes are on a plan that is not here, {one.plan_uid}"
            raise NotesError(what, one.file, "give the notes on these plans, or leave them out")


def _refuse_other_plan(report: Report, notes: PlanNotes) -> None:
    uid = plan_uid(report)
    if not uid:
        raise NotesError("cannot be used: nothing names the plan, which has no UID", notes.file, "leave the notes out")
    if uid != notes.plan_uid:
        what = f"the notes are on another plan, {notes.plan_uid}; this one is {uid}"
        raise NotesError(what, notes.file, "give the notes on this plan, or leave them out")


def _note_on_row(note: Note, outcomes: Sequence[Outcome], hashes: Sequence[str]) -> NoteOnRow:
    if note.hash in hashes:
        return NoteOnRow(note=note, place=hashes.index(note.hash), is_current=True)
    same_row = [place for place, outcome in enumerate(outcomes) if outcome.row_id == note.row]
    same_organ = [place for place in same_row if outcomes[place].organ == note.organ]
    same_contour = [place for place in same_organ if outcomes[place].contour == note.contour]
    for places in (same_contour, same_organ):
        if len(places) == 1:
            return NoteOnRow(note=note, place=places[0], is_current=False)
    return NoteOnRow(note=note, place=None, is_current=False)


# -------------------------------------------------------------------------------- texts


def note_text(one: NoteOnRow) -> str:
    """``looked at it again (AB)``; of a row that has changed, what it was written for."""
    note = one.note
    initials = f"({note.initials})" if note.initials else ""
    before = f"[was written for another value: {note.was}]" if one.place is not None and not one.is_current else ""
    lost = f"[was written for {note.was}]" if one.place is None else ""
    return clean(" ".join(filter(None, (note.note, initials, before, lost))))


def note_lines(report: ReportValues) -> list[str]:
    """One line a note: those on rows in the order of the rows, then those on rows that the report does not have."""
    on_rows = sorted((one for one in report.notes.rows if one.place is not None), key=lambda one: one.place or 0)
    return [
        *(clean(f"{labels.row_name(report.outcomes[one.place or 0])}: {note_text(one)}") for one in on_rows),
        *lost_note_lines(report.notes),
    ]


def lost_note_lines(notes: ReportNotes) -> Iterator[str]:
    """Notes on rows that the report does not have."""
    for one in notes.rows:
        if one.place is None:
            yield clean(f"{one.note.row}, {one.note.organ}, which this report does not have: {note_text(one)}")


def signature_text(one: Signature) -> str:
    """``AB, 2026-01-31: fine``; of another report, what it was given for."""
    sign_off = one.sign_off
    who = ", ".join(filter(None, (sign_off.initials or "without initials", sign_off.date)))
    comment = f": {sign_off.comment}" if sign_off.comment else ""
    other = "" if one.is_current else f" [was given for another result: {sign_off.was}]"
    return clean(f"{who}{comment}{other}")


def signature_lines(report: ReportValues) -> list[str]:
    """One line a sign-off."""
    return [signature_text(one) for one in report.notes.signatures]

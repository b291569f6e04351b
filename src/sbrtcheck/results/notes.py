"""What people wrote on a report, beside its rows: frozen values. No verdict and no other text depends on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sbrtcheck.tables.notes import Note, SignOff


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOnRow:
    """A note, and where it belongs.

    ``place`` is that of the outcome among those of the report; None where the report has no such row any more.
    ``is_current``: the row has the limit, the value and the verdict that it was written for.
    """

    note: Note
    place: int | None
    is_current: bool

    @property
    def written_for(self) -> str:
        """The value and verdict that the note was written for, where they are others now; else ""."""
        return "" if self.is_current else self.note.was


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A sign-off; ``is_current``: all rows, reasons and the verdict are those that it was given for."""

    sign_off: SignOff
    is_current: bool

    @property
    def written_for(self) -> str:
        """The verdict that it was given for, where the report is another now; else ""."""
        return "" if self.is_current else self.sign_off.was


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportNotes:
    """All notes and sign-offs that a report shows."""

    rows: tuple[NoteOnRow, ...] = ()
    signatures: tuple[Signature, ...] = ()

    def on(self, place: int) -> tuple[NoteOnRow, ...]:
        """The notes on the outcome at that place of the report."""
        return tuple(one for one in self.rows if one.place == place)


NO_NOTES = ReportNotes()


def note_dict(one: NoteOnRow) -> dict[str, Any]:
    """A note for JSON; ``written_for`` is null where the row is as it was."""
    note = one.note
    return {
        "note": note.note,
        "initials": note.initials,
        "is_current": one.is_current,
        "written_for": one.written_for or None,
    }


def row_note_dict(one: NoteOnRow) -> dict[str, Any]:
    """A note with the row that it was written on, for JSON: where it does not stand on that row."""
    return {"row": one.note.row, "organ": one.note.organ, "contour": one.note.contour, **note_dict(one)}


def signature_dict(one: Signature) -> dict[str, Any]:
    """A sign-off for JSON."""
    sign_off = one.sign_off
    return {
        "initials": sign_off.initials,
        "date": sign_off.date,
        "comment": sign_off.comment,
        "is_current": one.is_current,
        "written_for": one.written_for or None,
    }

"""Report -> the notes that its page shows, and what the page needs to write a file of notes by itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sbrtcheck.results import Report, noted
from sbrtcheck.tables.notes import FILE_NAME, HEADING, NOTE_KEYS, SCHEMA, SIGN_OFF_KEYS


def notes_page(report: Report) -> dict[str, Any]:
    """What the template shows; ``can_note``: something names the plan, so that notes on it can be written."""
    return {
        "can_note": bool(noted.plan_uid(report)),
        "notes_on": {place: _texts(report, place) for place in range(len(report.outcomes))},
        "lost_notes": list(noted.lost_note_lines(report.notes)),
        "signatures": noted.signature_lines(report),
        "notes_file": FILE_NAME,
    }


def _texts(report: Report, place: int) -> list[str]:
    return [noted.note_text(one) for one in report.notes.on(place)]


def notes_data(report: Report) -> dict[str, Any]:
    """What the script writes the file from: all that it keeps, and what a new note on each row is bound to."""
    new = [asdict(noted.new_note(outcome, "", "")) for outcome in report.outcomes]
    return {
        "file": FILE_NAME,
        "heading": [*HEADING, f"schema: {SCHEMA}"],
        "plan": noted.plan_uid(report),
        "note_keys": NOTE_KEYS,
        "sign_off_keys": SIGN_OFF_KEYS,
        "rows": new,
        "sign_off": asdict(noted.new_sign_off(report, "")),
        "kept_rows": [asdict(one.note) for one in report.notes.rows],
        "kept_sign_offs": [asdict(one.sign_off) for one in report.notes.signatures],
    }

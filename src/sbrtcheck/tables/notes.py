"""What people wrote on the report of one plan, as a file or values -> notes on rows, and sign-offs; or all its faults.

A note belongs to a row as it was: the row's limit, value and verdict are part of its ``hash``, which
`sbrtcheck.results.noted` makes.
The file has the UID of the plan, and nothing else of it or of the patient.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sbrtcheck.arguments import require_type
from sbrtcheck.errors import Fault, NotesError
from sbrtcheck.files import whole_file
from sbrtcheck.tables.document import At, Document, LineFault, document_bytes, label, read_document

SCHEMA = "sbrtcheck-notes/1"
FILE_NAME = "sbrtcheck-notes.yaml"
_FILE_NAMES = "sbrtcheck-notes*.yaml"  # browsers number a file that is saved again
HEADING = (
    "# Notes and sign-off on the report of one plan, for sbrtcheck check --notes.",
    "# The plan is named by its UID alone: write nothing here that names the patient.",
)
NOTE_KEYS = ("row", "organ", "contour", "was", "hash", "note", "initials")
SIGN_OFF_KEYS = ("initials", "date", "comment", "was", "hash")
MAY_BE_EMPTY = frozenset({"organ", "contour", "comment", "note", "initials", "date"})
_LAST_OF_FOUR = 0xFFFF  # the last letter whose number has four digits; JSON has two numbers for those after it
_KEYS = ("schema", "plan", "sign_offs", "rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wrote on one row.

    Parameters
    ----------
    row
        Table and row, as ``rtog-0813/heart-max``.
    organ, contour
        Which of the outcomes of that row.
    was
        Value and verdict that it was written for, as ``31.20 Gy, PASS``.
    hash
        Of all that, and of metric and limit.
    note, initials
        The text, and whose.
    """

    row: str
    organ: str
    contour: str
    was: str
    hash: str
    note: str
    initials: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """Who signed the report as a whole, when (``2026-01-31``, or empty), with which comment; ``was`` is its verdict."""

    initials: str
    date: str
    comment: str
    was: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNotes:
    """All notes and sign-offs on one plan; ``file`` is where they are from, for messages."""

    plan_uid: str
    notes: tuple[Note, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    file: str = ""


NotesInput = str | os.PathLike[str] | PlanNotes
"""A file of notes, or its content; or a folder, for all files ``sbrtcheck-notes*.yaml`` below it."""


# -------------------------------------------------------------------------------- reading


def load_notes(notes: NotesInput | Sequence[NotesInput]) -> PlanNotes | None:
    """Load notes from one file, or from the files of several people, each note and sign-off once.

    Returns
    -------
    PlanNotes
        None where no file is given.

    Raises
    ------
    NotesError
        A file cannot be read, or has faults: all of them, with their lines. Or the files are of different plans.
    """
    first, *others = load_notes_by_plan(notes) or (None,)
    if first is not None and others:
        raise NotesError(
            f"is of another plan than {first.file or 'the first notes'}", others[0].file, "give one plan's"
        )
    return first


def load_notes_by_plan(notes: NotesInput | Sequence[NotesInput]) -> tuple[PlanNotes, ...]:
    """Load notes on any number of plans: one value a plan, as `load_notes` gives it; errors as there."""
    given: Any = notes  # whatever a script gives
    is_one = isinstance(given, str | os.PathLike | PlanNotes) or not isinstance(given, Sequence)
    by_plan: dict[str, list[PlanNotes]] = {}
    for one in [given] if is_one else given:
        require_type(one, (str, os.PathLike, PlanNotes), "a file of notes", "give a path, or several")
        for loaded in [one] if isinstance(one, PlanNotes) else map(_load_file, _files(os.fspath(one))):
            by_plan.setdefault(loaded.plan_uid, []).append(loaded)
    return tuple(map(_together, by_plan.values()))


def _together(of_plan: Sequence[PlanNotes]) -> PlanNotes:
    """All notes on one plan, each once."""
    return replace(
        of_plan[0],
        notes=tuple(dict.fromkeys(note for one in of_plan for note in one.notes)),
        sign_offs=tuple(dict.fromkeys(sign_off for one in of_plan for sign_off in one.sign_offs)),
    )


def _files(place: str) -> list[str]:
    """The files of notes in a folder; any other path as it is."""
    if not os.path.isdir(place):  # noqa: PTH112 - Path.is_dir raises on names that no file can have
        return [place]
    found = sorted(map(str, Path(place).rglob(_FILE_NAMES)))
    if not found:
        raise NotesError(f"has no file {_FILE_NAMES} in it", place, "name the file of the notes")
    return found


def _load_file(place: str) -> PlanNotes:
    try:
        raw = document_bytes(Path(place))
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        why = getattr(error, "strerror", None) or type(error).__name__
        raise NotesError(f"cannot be read: {why}", place, "check the path") from error
    return read_notes(raw, place)


def read_notes(raw: bytes, place: str) -> PlanNotes:
    """The notes that a file's bytes are; errors as for `load_notes`."""
    document = read_document(raw)
    found = {*document.faults} if document.data is None else {*document.faults, *_faults(document)}
    faults = tuple(fault.in_file(place) for fault in sorted(found))
    if faults or not isinstance(document.data, dict):
        first = faults[0] if faults else Fault(place=place, what="no notes")
        raise NotesError(first.what, first.place, first.hint, faults=faults)
    data = document.data
    return PlanNotes(
        plan_uid=data["plan"],
        notes=tuple(Note(**entry) for entry in data["rows"]),
        sign_offs=tuple(SignOff(**entry) for entry in data["sign_offs"]),
        file=place,
    )


def _faults(document: Document) -> Iterator[LineFault]:
    data = document.data
    if not isinstance(data, dict):
        yield document.fault((), "not a file of notes", f"it begins with 'schema: {SCHEMA}'")
        return
    yield from _key_faults(document, (), data, _KEYS)
    if "schema" in data and data["schema"] != SCHEMA and not document.is_reported(("schema",)):
        yield document.fault(("schema",), f"the schema is not {SCHEMA}", "another version of sbrtcheck may read it")
    if "plan" in data and not (isinstance(data["plan"], str) and data["plan"]):
        yield from _unless_reported(document, ("plan",), "'plan' is no UID", "put it in quotes")
    for key, keys in (("sign_offs", SIGN_OFF_KEYS), ("rows", NOTE_KEYS)):
        if key in data:
            yield from _list_faults(document, key, keys, data[key])


def _list_faults(document: Document, key: str, keys: Sequence[str], entries: object) -> Iterator[LineFault]:
    if not isinstance(entries, list):
        yield from _unless_reported(document, (key,), f"'{key}' is no list", "write [] for none")
        return
    for place, entry in enumerate(entries):
        at: At = (key, place)
        if not isinstance(entry, dict):
            yield from _unless_reported(document, at, f"{label(at)} has no keys", f"it needs {', '.join(keys)}")
            continue
        yield from _key_faults(document, at, entry, keys)
        for name, value in entry.items():
            if name in keys:
                yield from _text_faults(document, (*at, name), name, value)


def _key_faults(document: Document, at: At, entry: Mapping[str, object], keys: Sequence[str]) -> Iterator[LineFault]:
    for name in entry:
        if name not in keys:
            yield from _unless_reported(
                document, (*at, name), f"nobody knows the key '{name}'", f"known: {', '.join(keys)}"
            )
    for name in keys:
        if name not in entry:
            where = f"{label(at)} has no '{name}'" if at else f"there is no '{name}'"
            yield document.fault(at, where, 'write "" for an empty text' if name in MAY_BE_EMPTY else "")


def _text_faults(document: Document, at: At, name: str, value: object) -> Iterator[LineFault]:
    if not isinstance(value, str):
        yield from _unless_reported(document, at, f"'{name}' is no text", "put it in quotes")
    elif not value and name not in MAY_BE_EMPTY:
        yield document.fault(at, f"'{name}' is empty", "leave it as the report wrote it")
    elif name == "date" and value and not _is_date(value):
        yield document.fault(at, f"the date {value!r} is none", 'write it like "2026-01-31"')


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _unless_reported(document: Document, at: At, what: str, hint: str) -> Iterator[LineFault]:
    if not document.is_reported(at):
        yield document.fault(at, what, hint)


# -------------------------------------------------------------------------------- writing


def notes_text(notes: PlanNotes) -> str:
    """The file that `load_notes` reads these from; the page of a report writes the same."""
    lines = [*HEADING, f"schema: {SCHEMA}", f"plan: {quoted(notes.plan_uid)}"]
    lines += _list_lines("sign_offs", SIGN_OFF_KEYS, notes.sign_offs)
    lines += _list_lines("rows", NOTE_KEYS, notes.notes)
    return "\n".join(lines) + "\n"


def _list_lines(key: str, keys: Sequence[str], entries: Sequence[Note | SignOff]) -> Iterator[str]:
    yield f"{key}:" if entries else f"{key}: []"
    for entry in entries:
        for name in keys:
            yield f"{'  - ' if name == keys[0] else '    '}{name}: {quoted(getattr(entry, name))}"


def quoted(text: str) -> str:
    """Text in quotes, as YAML and JSON write it; what YAML forbids is written by its number."""
    return "".join(_letter(letter) for letter in json.dumps(text, ensure_ascii=False))


def _letter(letter: str) -> str:
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) <= _LAST_OF_FOUR else f"\\U{ord(letter):08x}"


def save_notes(notes: PlanNotes, path: str | os.PathLike[str]) -> None:
    """Write a file of notes; it is there whole or not at all, and what was there before stays until then.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    raw = notes_text(notes).encode("utf-8", "replace")
    with whole_file(Path(path)) as draft:
        draft.write_bytes(raw)

"""Notes on a plan: every field as it stands in the file, and each fault with its line and hint."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sbrtcheck.errors import (
    ArgumentError,
    NotesError,
    SbrtcheckError,
)
from sbrtcheck.tables.notes import (
    Note,
    PlanNotes,
    SignOff,
    load_notes,
    load_notes_by_plan,
    notes_text,
    quoted,
    read_notes,
    save_notes,
)


def refused(call: Callable[[], object], kind: type[SbrtcheckError]) -> tuple[str, str, str]:
    """What is wrong, where, and the hint: as a program gets them, each by itself."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    return caught.value.what, caught.value.place, caught.value.hint


# -------------------------------------------------------------------------------- notes

NOTES = """schema: sbrtcheck-notes/1
plan: "1.2.3"
sign_offs:
  - initials: "AB"
    date: "2026-01-31"
    comment: "fine"
    was: "PASS"
    hash: "s"
rows:
  - row: "t/r"
    organ: "Heart"
    contour: "Heart 2"
    was: "1 Gy, PASS"
    hash: "h"
    note: "n"
    initials: "CD"
"""
NOTE_KEYS = "row, organ, contour, was, hash, note, initials"


def test_every_field_of_notes_is_what_stands_in_the_file(tmp_path: Path) -> None:
    notes = PlanNotes(
        plan_uid="1.2.3",
        file="f",
        notes=(Note(row="t/r", organ="Heart", contour="Heart 2", was="1 Gy, PASS", hash="h", note="n", initials="CD"),),
        sign_offs=(SignOff(initials="AB", date="2026-01-31", comment="fine", was="PASS", hash="s"),),
    )
    assert read_notes(NOTES.encode(), "f") == notes
    heading, second, *text = notes_text(notes).splitlines()
    assert (heading[0], second[0], "\n".join(text) + "\n") == ("#", "#", NOTES)
    nothing = PlanNotes(plan_uid='1"2')
    assert notes_text(nothing).splitlines()[2:] == [
        "schema: sbrtcheck-notes/1",
        'plan: "1\\"2"',
        "sign_offs: []",
        "rows: []",
    ]
    odd = "\x85\u2028\U000e0001\ufeff é"
    save_notes(PlanNotes(plan_uid=odd), tmp_path / "odd.yaml")
    raw = (tmp_path / "odd.yaml").read_text(encoding="utf-8")
    assert 'plan: "\\u0085\\u2028\\U000e0001\\ufeff é"' in raw
    loaded = load_notes(tmp_path / "odd.yaml")
    assert loaded == PlanNotes(plan_uid=odd, file=str(tmp_path / "odd.yaml"))


EMPTY_HINT = 'write "" for an empty text'
IN_QUOTES = "put it in quotes"
BROKEN_NOTES = (
    ("notes/1", "notes/7", "f:1: the schema is not sbrtcheck-notes/1; another version of sbrtcheck may read it"),
    (
        'schema: sbrtcheck-notes/1\nplan: "1.2.3"',
        'plan: "1.2.3"\nschema: sbrtcheck-notes/7',
        "f:2: the schema is not sbrtcheck-notes/1; another version of sbrtcheck may read it",
    ),
    ('plan: "1.2.3"', "plan: 12", f"f:2: 'plan' is no UID; {IN_QUOTES}"),
    ('plan: "1.2.3"', 'plan: ""', f"f:2: 'plan' is no UID; {IN_QUOTES}"),
    ('plan: "1.2.3"', "", "f:1: there is no 'plan'"),
    ("schema: sbrtcheck-notes/1", "", "f:2: there is no 'schema'"),
    ('"2026-01-31"', '"2026-02-31"', "f:5: the date '2026-02-31' is none; write it like \"2026-01-31\""),
    ('"2026-01-31"', '"31.1.2026"', "f:5: the date '31.1.2026' is none; write it like \"2026-01-31\""),
    ('"2026-01-31"', '"20260131"', "f:5: the date '20260131' is none; write it like \"2026-01-31\""),
    ('"2026-01-31"', '""', ""),
    ('comment: "fine"', 'comment: ""', ""),
    ('organ: "Heart"', 'organ: ""', ""),
    ('contour: "Heart 2"', 'contour: ""', ""),
    ('note: "n"', 'note: ""', ""),
    ('initials: "AB"', 'initials: ""', ""),
    ('row: "t/r"', 'row: ""', "f:10: 'row' is empty; leave it as the report wrote it"),
    ('was: "PASS"', 'was: ""', "f:7: 'was' is empty; leave it as the report wrote it"),
    ('hash: "h"', 'hash: ""', "f:14: 'hash' is empty; leave it as the report wrote it"),
    ('note: "n"', "note: 3", f"f:15: 'note' is no text; {IN_QUOTES}"),
    ('was: "PASS"', "was: [a]", f"f:7: 'was' is no text; {IN_QUOTES}"),
    ('    note: "n"\n', "", f"f:10: entry 1 of 'rows' has no 'note'; {EMPTY_HINT}"),
    ('    hash: "s"\n', "", "f:4: entry 1 of 'sign_offs' has no 'hash'"),
    ('note: "n"', 'note: "n"\n    colour: 3', f"f:16: nobody knows the key 'colour'; known: {NOTE_KEYS}"),
    ("schema:", "more: 5\nschema:", "f:1: nobody knows the key 'more'; known: schema, plan, sign_offs, rows"),
    ("rows:\n", "rows:\n  - 5\n", f"f:10: entry 1 of 'rows' has no keys; it needs {NOTE_KEYS}"),
    (NOTES[NOTES.index("rows:") :], "rows: 3\n", "f:9: 'rows' is no list; write [] for none"),
    (NOTES[NOTES.index("rows:") :], "rows: []\n", ""),
    (NOTES, "- 1", "f:1: not a file of notes; it begins with 'schema: sbrtcheck-notes/1'"),
    (NOTES, "", "f:1: the file is empty"),
    # what could not be read is said once
    ('plan: "1.2.3"', "plan:", "f:2: 'plan' has no value; give one, or take the key out"),
    ("sbrtcheck-notes/1", "", "f:1: 'schema' has no value; give one, or take the key out"),
    ('note: "n"', "note:", "f:15: 'note' has no value; give one, or take the key out"),
    ("rows:\n", "rows:\n  -\n", "f:10: entry 1 of 'rows' has no value; give one, or take the key out"),
    (NOTES[NOTES.index("rows:") :], "rows:\n", "f:9: 'rows' has no value; give one, or take the key out"),
    ('"2026-01-31"', "2026-01-31", "f:5: 'date': YAML reads 2026-01-31 as a date; put it in quotes: \"2026-01-31\""),
)


@pytest.mark.parametrize(("old", "new", "fault"), BROKEN_NOTES, ids=range(len(BROKEN_NOTES)))
def test_a_fault_of_notes_is_the_only_one_and_has_its_line_and_a_hint(old: str, new: str, fault: str) -> None:
    text = NOTES.replace(old, new, 1)
    if not fault:
        assert read_notes(text.encode(), "f").plan_uid == "1.2.3"
        return
    with pytest.raises(NotesError) as caught:
        read_notes(text.encode(), "f")
    assert [str(one) for one in caught.value.faults] == [fault]
    (only,) = caught.value.faults
    assert (caught.value.what, caught.value.place, caught.value.hint) == (only.what, only.place, only.hint)


def test_every_entry_of_notes_is_looked_at_whatever_stands_before_it() -> None:
    text = NOTES.replace("rows:\n", "rows:\n  - 5\n").replace('hash: "h"', 'hash: ""').replace('"PASS"', '""')
    with pytest.raises(NotesError) as caught:
        read_notes(text.encode(), "f")
    assert [one.place for one in caught.value.faults] == ["f:7", "f:10", "f:15"]


def test_notes_are_of_one_plan_or_of_several_and_from_a_folder_too(tmp_path: Path) -> None:
    def note(text: str) -> Note:
        return Note(row="t/r", organ="", contour="", was="x", hash="h", note=text, initials="")

    one, other = PlanNotes(plan_uid="1", notes=(note("a"),)), PlanNotes(plan_uid="2", notes=(note("b"),))
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    save_notes(one, folder / "deep" / "sbrtcheck-notes (1).yaml")
    save_notes(other, folder / "sbrtcheck-notes.yaml")
    (folder / "others.yaml").write_text("- 1", encoding="utf-8")
    found = load_notes_by_plan(folder)
    assert {loaded.plan_uid: loaded.notes for loaded in found} == {"1": one.notes, "2": other.notes}
    assert load_notes([]) is None
    assert load_notes_by_plan([one, one, other]) == (one, other)
    assert load_notes(one) == one
    second = str(folder / "sbrtcheck-notes.yaml")
    of_another = ("is of another plan than the first notes", second, "give one plan's")
    assert refused(lambda: load_notes([one, second]), NotesError) == of_another
    first = str(folder / "deep" / "sbrtcheck-notes (1).yaml")
    assert refused(lambda: load_notes([first, second]), NotesError)[0] == f"is of another plan than {first}"
    (tmp_path / "empty").mkdir()
    assert refused(lambda: load_notes(tmp_path / "empty"), NotesError) == (
        "has no file sbrtcheck-notes*.yaml in it",
        str(tmp_path / "empty"),
        "name the file of the notes",
    )
    what, place, hint = refused(lambda: load_notes("none.yaml"), NotesError)
    why = os.strerror(errno.ENOENT)
    assert (what, place, hint) == (f"cannot be read: {why}", "none.yaml", "check the path")
    assert refused(lambda: load_notes("zero\0"), NotesError) == (
        "cannot be read: ValueError",
        "zero\0",
        "check the path",
    )
    given: Any = [5]
    assert refused(lambda: load_notes(given), ArgumentError) == (
        "a file of notes cannot be of the type int",
        "",
        "give a path, or several",
    )


def test_letters_that_do_not_print_are_written_by_their_numbers() -> None:
    assert quoted("\uffff\U0001fffe\U000e0001\x7f") == '"\\uffff\\U0001fffe\\U000e0001\\u007f"'
    assert quoted('é "x"\n') == '"é \\"x\\"\\n"'

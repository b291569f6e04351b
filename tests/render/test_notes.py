"""Notes and sign-off: on their row by its hash, never lost, and nothing else in a report depends on them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import sbrtcheck
from dvh_builders import dvh_set, report_on, row, table, uniform_dvh
from html_reports import HOSTILE, NASTY, Page, varied_report
from sbrtcheck.cli import main
from sbrtcheck.errors import InputError, NotesError
from sbrtcheck.judge.run import evaluate_with
from sbrtcheck.metric import NotMeasured
from sbrtcheck.options import CheckOptions
from sbrtcheck.render import FORMATS
from sbrtcheck.results import Outcome, Report, Verdict
from sbrtcheck.results.noted import new_note, new_sign_off, note_lines, row_hash, signature_lines, with_notes
from sbrtcheck.results.outcome import is_near_limit
from sbrtcheck.tables.notes import Note, PlanNotes, SignOff, load_notes, notes_text, read_notes, save_notes
from stored_plans import LUNG

UID = "1.2.3"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FULL = TEXT.filter(bool)
NOTES = st.builds(Note, row=FULL, organ=TEXT, contour=TEXT, was=FULL, hash=FULL, note=TEXT, initials=TEXT)
SIGNED = st.builds(SignOff, initials=TEXT, date=st.sampled_from(["", "2026-01-31"]), comment=TEXT, was=FULL, hash=FULL)
FILES = st.builds(PlanNotes, plan_uid=FULL, notes=st.lists(NOTES).map(tuple), sign_offs=st.lists(SIGNED).map(tuple))


def reported() -> Report:
    return replace(varied_report(), provenance={"plan": UID, "plan_label": "A"})


REPORT = reported()


def notes_on(report: Report, *notes: Note, sign_offs: tuple[SignOff, ...] = ()) -> PlanNotes:
    return PlanNotes(plan_uid=UID, notes=notes, sign_offs=sign_offs)


def without_notes(report: Report) -> dict[str, Any]:
    """Everything that JSON says of a report, but its notes."""
    found = report.to_dict()
    found.pop("lost_notes")
    found.pop("sign_offs")
    for outcome in found["outcomes"]:
        outcome.pop("notes")
    return found


# -------------------------------------------------------------------------------- laws


@given(FILES)
def test_a_file_of_notes_reads_back(notes: PlanNotes) -> None:
    found = read_notes(notes_text(notes).encode("utf-8"), "notes.yaml")
    assert replace(found, file="") == notes


@given(st.lists(st.tuples(st.sampled_from(range(len(REPORT.outcomes))), TEXT, TEXT)), TEXT, st.booleans())
def test_notes_change_nothing_else_in_a_report(written: list[tuple[int, str, str]], comment: str, stale: bool) -> None:
    notes = [new_note(REPORT.outcomes[place], text, initials) for place, text, initials in written]
    notes = [replace(note, hash="0", row="gone/row") if stale else note for note in notes]
    signed = new_sign_off(REPORT, "AB", comment=comment)
    noted = with_notes(REPORT, notes_on(REPORT, *notes, sign_offs=(signed,)))
    assert without_notes(noted) == without_notes(REPORT)
    assert replace(noted, notes=REPORT.notes) == REPORT
    assert len(noted.notes.rows) == len(notes)  # none is lost
    assert [one.place for one in noted.notes.rows] == [None if stale else place for place, _, _ in written]


@given(st.floats(1.0, 60.0), st.floats(1.0, 60.0))
def test_a_note_is_current_as_long_as_limit_value_and_verdict_are_what_is_shown(first: float, second: float) -> None:
    def on(dose_gy: float) -> Report:
        report = report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(uniform_dvh(dose_gy=dose_gy)))
        return replace(report, provenance={"plan": UID})

    before, now = on(first), on(second)
    (one,) = with_notes(now, notes_on(before, new_note(before.outcomes[0], "seen", "AB"))).notes.rows
    shown = [f"{dose_gy:.2f} {dose_gy < 30}" for dose_gy in (first, second)]
    assert one.place == 0
    if one.is_current:
        assert abs(first - second) <= 0.0100001
        assert (first < 30) == (second < 30)
    else:
        assert shown[0] != shown[1] or 29.9 < first < 30.1  # close to the limit more digits are shown


@given(st.floats(0.1, 60.0), st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_near_a_limit_is_a_distance_that_grows_with_the_percentage(dose_gy: float, less: float, more: float) -> None:
    report = report_on(table(row("Mean[Gy]", "below", 30, acceptable=40)), dvh_set(uniform_dvh(dose_gy=dose_gy)))
    (outcome,) = report.outcomes
    low, high = sorted((less, more))
    assert is_near_limit(outcome, high) or not is_near_limit(outcome, low)
    limit = 30.0 if outcome.verdict is Verdict.PASS else 40.0
    assert not isinstance(outcome.measurement, NotMeasured)
    expected = outcome.verdict is not Verdict.FAIL and abs(limit - outcome.measurement.value) <= low / 100.0 * limit
    assert is_near_limit(outcome, low) == expected


@given(st.floats(0.0, 100.0))
def test_the_distance_changes_no_verdict_and_nothing_else(near_percent: float) -> None:
    dvhs = dvh_set(uniform_dvh(dose_gy=28.0))
    asked = table(row("Mean[Gy]", "below", 30), row("Max[Gy]", "below", 27, id="max"))
    usual = evaluate_with([asked], dvhs, CheckOptions(accept_dose=True))
    found = evaluate_with([asked], dvhs, CheckOptions.read(near_percent=near_percent, accept_dose=True))
    flagless = tuple(replace(outcome, near_limit=False) for outcome in found.outcomes)
    assert flagless == tuple(replace(outcome, near_limit=False) for outcome in usual.outcomes)
    assert (found.verdict, found.reasons) == (usual.verdict, usual.reasons)
    assert found.outcomes[0].near_limit == (near_percent / 100.0 * 30.0 >= 2.0)
    assert not found.outcomes[1].near_limit


# -------------------------------------------------------------------------------- notes on rows that changed


def test_a_note_on_a_row_that_changed_says_what_it_was_written_for() -> None:
    place = next(n for n, one in enumerate(REPORT.outcomes) if one.constraint.id == "fails")
    old = replace(new_note(REPORT.outcomes[place], "fine", "AB"), was="31.20 Gy, PASS", hash="0")
    gone = replace(old, row="test-table/gone", note="and this")
    noted = with_notes(REPORT, notes_on(REPORT, old, gone))
    first, second = note_lines(noted)
    assert first == "Heart Mean[Gy]: fine (AB) [was written for another value: 31.20 Gy, PASS]"
    assert second == (
        "test-table/gone, Heart, which this report does not have: and this (AB) [was written for 31.20 Gy, PASS]"
    )
    assert noted.to_records()[place]["written_for"] == "31.20 Gy, PASS"


def test_a_sign_off_on_another_result_says_so() -> None:
    signed = new_sign_off(REPORT, "AB", date="2026-01-31", comment="as agreed")
    noted = with_notes(REPORT, notes_on(REPORT, sign_offs=(signed,)))
    assert signature_lines(noted) == ["AB, 2026-01-31: as agreed"]
    changed = replace(REPORT, verdict=Verdict.PASS)
    (line,) = signature_lines(with_notes(changed, notes_on(REPORT, sign_offs=(signed,))))
    assert line.startswith("AB, 2026-01-31: as agreed [was given for another result: FAIL: 1 FAIL, 2 NOT EVALUATED")


def test_rows_on_several_contours_of_one_organ_have_hashes_of_their_own() -> None:
    hashes = [row_hash(outcome) for outcome in REPORT.outcomes]
    assert len(set(hashes)) == len(hashes)


def test_notes_on_another_plan_or_on_one_without_a_uid_are_refused() -> None:
    with pytest.raises(NotesError, match=r"another plan, 1\.2\.4; this one is 1\.2\.3"):
        with_notes(REPORT, PlanNotes(plan_uid="1.2.4"))
    with pytest.raises(NotesError, match="has no UID"):
        with_notes(replace(REPORT, provenance={}), PlanNotes(plan_uid=UID))


def test_files_of_several_people_are_shown_together_each_note_once(tmp_path: Path) -> None:
    one, other = (new_note(REPORT.outcomes[0], "fine", initials) for initials in ("AB", "CD"))
    save_notes(notes_on(REPORT, one), tmp_path / "a.yaml")
    save_notes(notes_on(REPORT, one, other), tmp_path / "b.yaml")
    found = load_notes([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert found is not None
    assert found.notes == (one, other)
    save_notes(PlanNotes(plan_uid="1.2.4"), tmp_path / "c.yaml")
    with pytest.raises(NotesError, match="is of another plan than"):
        load_notes([tmp_path / "a.yaml", tmp_path / "c.yaml"])


# -------------------------------------------------------------------------------- broken files

GOOD = """\
schema: sbrtcheck-notes/1
plan: "1.2.3"
sign_offs:
  - {initials: "AB", date: "2026-01-31", comment: "", was: "PASS", hash: "0"}
rows:
  - {row: "t/r", organ: "Heart", contour: "", was: "1 Gy, PASS", hash: "1", note: "n", initials: ""}
"""


def test_the_file_that_is_broken_below_reads() -> None:
    assert len(read_notes(GOOD.encode(), "f").notes) == 1


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("notes/1", "notes/7", "f:1: the schema is not sbrtcheck-notes/1; another version of sbrtcheck may read it"),
        ('plan: "1.2.3"', "plan: 12", "f:2: 'plan' is no UID; put it in quotes"),
        ('"2026-01-31"', '"2026-02-31"', "f:4: the date '2026-02-31' is none; write it like \"2026-01-31\""),
        ('"2026-01-31"', "2026-01-31", "f:4: 'date': YAML reads 2026-01-31 as a date"),
        ('was: "PASS", ', "", "f:4: entry 1 of 'sign_offs' has no 'was'"),
        ('note: "n"', "note: 3", "f:6: 'note' is no text; put it in quotes"),
        ('row: "t/r"', 'row: ""', "f:6: 'row' is empty"),
        ("rows:", "rwos:", "f:5: nobody knows the key 'rwos'"),
        (GOOD, "- 1", "f:1: not a file of notes"),
        (GOOD, "", "f:1: the file is empty"),
        (GOOD, "plan: [", "f:1: not YAML"),
        (GOOD, "schema: sbrtcheck-notes/1\nplan: '1'\nrows: 3\nsign_offs: [3]\n", "f:3: 'rows' is no list"),
    ],
)
def test_a_fault_names_its_line_and_a_hint(old: str, new: str, fault: str) -> None:
    with pytest.raises(NotesError) as caught:
        read_notes(GOOD.replace(old, new, 1).encode(), "f")
    assert any(line.startswith(fault) for line in str(caught.value).splitlines()), str(caught.value)


def test_all_faults_come_at_once() -> None:
    broken = GOOD.replace("notes/1", "notes/7").replace('note: "n"', "note: 3")
    with pytest.raises(NotesError) as caught:
        read_notes(broken.encode(), "f")
    assert [fault.place for fault in caught.value.faults] == ["f:1", "f:6"]


@pytest.mark.parametrize("content", [b"", b"schema: 1\n"])
def test_an_open_file_is_no_list_of_files(content: bytes) -> None:
    given_file: Any = io.BytesIO(content)
    with pytest.raises(InputError, match="a file of notes cannot be of the type BytesIO"):
        load_notes(given_file)


def test_a_distance_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="no distance from a limit in percent; give 0 to 100"):
        sbrtcheck.check(LUNG, table="rtog-0813", near_percent=-1.0)


# -------------------------------------------------------------------------------- every format


def noted_report() -> Report:
    notes = [new_note(REPORT.outcomes[n], text, 'A"B<i>') for n, text in enumerate(NASTY)]
    return with_notes(REPORT, notes_on(REPORT, *notes, sign_offs=(new_sign_off(REPORT, "AB", comment=HOSTILE),)))


@pytest.mark.parametrize("name", ["text", "markdown", "html", "json", "csv", "pdf"])
def test_every_format_has_notes_and_sign_offs(name: str) -> None:
    report = with_notes(
        REPORT,
        notes_on(REPORT, new_note(REPORT.outcomes[1], "seen twice", "QX"), sign_offs=(new_sign_off(REPORT, "ZY"),)),
    )
    shown = FORMATS[name](report)
    if isinstance(shown, bytes):
        assert shown != FORMATS[name](REPORT)
        return
    for part in ("seen twice", "QX", "ZY"):
        assert part in shown


def test_records_and_csv_have_the_note_of_each_row() -> None:
    report = with_notes(REPORT, notes_on(REPORT, new_note(REPORT.outcomes[1], "seen", "AB")))
    assert [(one["noted"], one["initials"]) for one in report.to_records()][:3] == [("", ""), ("seen", "AB"), ("", "")]
    lines = list(csv.DictReader(io.StringIO(str(FORMATS["csv"](report)))))
    assert [line["noted"] for line in lines if line["noted"]] == ["seen"]


def test_hostile_notes_are_text_on_the_page_with_no_element_of_theirs() -> None:
    page = Page(str(FORMATS["html"](noted_report())))
    assert not list(page.all("img"))
    assert len(list(page.all("script"))) == 3
    assert any(HOSTILE in str(one) for one in page.all("li"))


def test_the_page_without_a_plan_uid_has_nothing_to_fill_in() -> None:
    page = Page(str(FORMATS["html"](replace(REPORT, provenance={}))))
    assert not list(page.all("textarea"))


# -------------------------------------------------------------------------------- rows of several tables


def many_tables() -> Report:
    first = table(row("Mean[Gy]", "below", 30, "Heart", id="a"), row("Max[Gy]", "below", 30, id="b"), id="one")
    second = table(row("D95%[Gy]", "above", 10, "PTV", id="c"), row("Max[Gy]", "below", 40, "Heart", id="d"), id="two")
    return report_on([first, second], dvh_set(uniform_dvh("Heart"), uniform_dvh(), uniform_dvh("PTV")))


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_rows_of_one_organ_stand_together_targets_first_or_by_table(name: str) -> None:
    def rows(group: str) -> list[str]:
        shown = str(FORMATS[name](many_tables(), group))  # type: ignore[call-arg]
        if name == "html":
            page = Page(shown)
            ids = [one.attributes["id"] for one in page.all("tbody", class_="row")]
            return [many_tables().outcomes[int(str(one)[2:])].constraint.id for one in ids]
        plain = shown.replace("\\", "")
        found = {"a": "< 30", "b": "< 30", "c": "> 10", "d": "< 40"}
        metrics = {"a": "Mean[Gy]", "b": "Max[Gy]", "c": "D95%[Gy]", "d": "Max[Gy]"}
        lines = [line for line in plain.splitlines() if "PASS" in line and "[Gy]" in line]
        return [key for line in lines for key in found if found[key] in line and metrics[key] in line]

    assert rows("organ") == ["c", "a", "d", "b"]
    assert rows("table") == ["a", "b", "c", "d"]


def test_what_each_source_calls_an_organ_stands_below_its_rows_with_the_metric_where_one_table_has_two_names() -> None:
    first = table(
        row("Mean[Gy]", "below", 30, "Heart", id="a", organ="Heart"),
        row("Max[Gy]", "below", 30, "Heart", id="b", organ="Heart, wall"),
        id="one",
    )
    others = [table(row("Max[Gy]", "below", 40, "Heart", organ="Pericardium"), id=name) for name in ("two", "three")]
    shown = FORMATS["text"](report_on([first, *others], dvh_set(uniform_dvh("Heart"))))
    assert "  as printed: T1 Max[Gy] Heart, wall; T2, T3 Pericardium\n" in str(shown)


def test_a_report_of_one_table_is_the_same_by_organ_and_by_table() -> None:
    for name in ("text", "markdown", "html"):
        assert FORMATS[name](REPORT, "organ") == FORMATS[name](REPORT, "table")  # type: ignore[call-arg]


# -------------------------------------------------------------------------------- the command


def test_check_shows_the_notes_of_a_file_and_ends_with_the_same_code(tmp_path: Path) -> None:
    arguments = ["check", str(LUNG), "--table", "rtog-0813", "--format", "json"]
    before = CliRunner().invoke(main, arguments)
    report = sbrtcheck.check(LUNG, table="rtog-0813")
    notes = PlanNotes(
        plan_uid=str(report.provenance["plan"]), notes=(new_note(report.outcomes[0], "seen", "AB"),), sign_offs=()
    )
    save_notes(notes, tmp_path / "notes.yaml")
    done = CliRunner().invoke(main, [*arguments, "--notes", str(tmp_path / "notes.yaml")])
    assert done.exit_code == before.exit_code
    found = json.loads(done.stdout)
    assert found["outcomes"][0]["notes"] == [
        {"note": "seen", "initials": "AB", "is_current": True, "written_for": None}
    ]
    assert json.loads(before.stdout)["outcomes"][0]["notes"] == []


def test_a_broken_file_is_unusable_input_and_said_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "notes.yaml").write_text("schema: 1\n", encoding="utf-8")
    done = CliRunner().invoke(
        main, ["check", str(LUNG), "--table", "rtog-0813", "--notes", str(tmp_path / "notes.yaml")]
    )
    assert done.exit_code == 2
    assert "notes.yaml:1: " in done.stderr
    done = CliRunner().invoke(
        main, ["check", str(LUNG), "--table", "rtog-0813", "--notes", str(tmp_path / "none.yaml")]
    )
    assert (done.exit_code, "check the path" in done.stderr) == (2, True)


def test_outcomes_have_no_notes_of_their_own() -> None:
    """Notes are beside the outcomes, so that nothing that judges can see them."""
    assert "notes" not in Outcome.__dataclass_fields__

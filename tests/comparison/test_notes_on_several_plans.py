"""Notes, sign-offs and the distance from a limit where several plans are checked at once: `compare` and `batch`."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import sbrtcheck
from sbrtcheck.archive import Options
from sbrtcheck.cli import main
from sbrtcheck.errors import InputError, NotesError
from sbrtcheck.metric import NotMeasured
from sbrtcheck.results import PlanComparison, PlansCompared, Report
from sbrtcheck.results.noted import new_note, new_sign_off, plan_uid
from sbrtcheck.results.notes import NO_NOTES
from sbrtcheck.tables.notes import PlanNotes, save_notes
from stored_plans import LUNG

pytestmark = pytest.mark.usefixtures("computed_once")

LIVER = LUNG.parent / "liver-45gy-3fx"
TABLE = "rtog-conformity"
GONE = "other-table/no-row"


@cache
def report_of(plan: Path) -> Report:
    return sbrtcheck.check(plan, TABLE)


@cache
def notes_on(plan: Path, name: str) -> PlanNotes:
    """A note on the first row, one on a row that there is not, and a sign-off."""
    report = report_of(plan)
    note = new_note(report.outcomes[0], f"seen in {name}", "AB")
    lost = replace(note, row=GONE, hash="0", note=f"lost in {name}")
    signed = new_sign_off(report, "AB", comment=f"signed {name}")
    return PlanNotes(plan_uid=plan_uid(report), notes=(note, lost), sign_offs=(signed,))


def run(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), catch_exceptions=False)


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    """The bundled plans, each with a file of notes beside it."""
    for plan, name in ((LUNG, "lung"), (LIVER, "liver")):
        shutil.copytree(plan, tmp_path / name)
        save_notes(notes_on(plan, name), tmp_path / name / "sbrtcheck-notes.yaml")
    return tmp_path


# -------------------------------------------------------------------------------- compare


def test_each_plan_of_a_comparison_has_its_own_notes_and_nothing_else_changes() -> None:
    plain = sbrtcheck.compare(LUNG, LIVER, TABLE)
    of_both = [notes_on(LUNG, "lung"), notes_on(LIVER, "liver")]
    for notes in (of_both, of_both[::-1]):
        found = sbrtcheck.compare(LUNG, LIVER, TABLE, notes=notes)
        assert isinstance(found, PlanComparison)
        assert [one.note.note for one in found.first.notes.rows] == ["seen in lung", "lost in lung"]
        assert [one.note.note for one in found.second.notes.rows] == ["seen in liver", "lost in liver"]
        assert all(one.is_current for report in (found.first, found.second) for one in report.notes.signatures)
        first, second = (replace(report, notes=NO_NOTES) for report in (found.first, found.second))
        assert replace(found, first=first, second=second) == plain


def test_of_three_plans_those_of_one_uid_have_the_same_notes() -> None:
    found = sbrtcheck.compare([LUNG, LIVER, LUNG], None, TABLE, notes=notes_on(LUNG, "lung"))
    assert isinstance(found, PlansCompared)
    assert [len(report.notes.rows) for report in found.reports] == [2, 0, 2]


def test_notes_on_a_plan_that_is_not_compared_are_refused() -> None:
    with pytest.raises(NotesError, match="not here"):
        sbrtcheck.compare(LUNG, LUNG, TABLE, notes=[notes_on(LUNG, "lung"), notes_on(LIVER, "liver")])


@pytest.mark.parametrize("format_", ["text", "markdown"])
@pytest.mark.parametrize("plans", [("lung", "liver"), ("lung", "liver", "lung")])
def test_people_see_the_notes_with_their_plan(noted: Path, plans: tuple[str, ...], format_: str) -> None:
    done = run("compare", *(noted / plan for plan in plans), "--table", TABLE, "--notes", noted, "--format", format_)
    assert done.exit_code == 0
    names = ("first", "second") if len(plans) == 2 else ("A", "B", "C")
    lines = [line.strip(" -") for line in done.stdout.splitlines()]
    for name, plan in zip(names, plans, strict=True):
        of_plan = [line for line in lines if line.startswith(f"{name}: ")]
        for text in (f"seen in {plan} (AB)", f"lost in {plan} (AB)", f"signed {plan}"):
            assert sum(text in line for line in of_plan) == 1


def test_programs_find_them_with_the_plan(noted: Path) -> None:
    done = run("compare", noted / "lung", noted / "liver", "--table", TABLE, "--notes", noted, "--format", "json")
    found = json.loads(done.stdout)
    for key, plan, path in (("first", "lung", LUNG), ("second", "liver", LIVER)):
        (note,), (lost,), (signed,) = (found[key][name] for name in ("notes", "lost_notes", "sign_offs"))
        outcome = report_of(path).outcomes[0]
        assert (note["row"], note["organ"], note["note"]) == (outcome.row_id, outcome.organ, f"seen in {plan}")
        assert (lost["row"], lost["note"]) == (GONE, f"lost in {plan}")
        assert (signed["comment"], signed["is_current"]) == (f"signed {plan}", True)


def near(report: Report, percent: float) -> list[bool]:
    """Values that keep their limit, and are within so many percent of it; no row is a variation."""
    flags = []
    for outcome in report.outcomes:
        measured, limit = outcome.measurement, outcome.limit_used
        assert not isinstance(measured, NotMeasured)
        assert limit is not None
        flags.append(outcome.verdict == "PASS" and abs(measured.value - limit) <= limit * percent / 100)
    return flags


@pytest.mark.parametrize("percent", [0.0, 2.0, 20.0, 100.0])
def test_values_near_a_limit_are_marked_and_no_verdict_depends_on_the_distance(percent: float) -> None:
    plain = sbrtcheck.compare(LUNG, LIVER, TABLE)
    found = sbrtcheck.compare(LUNG, LIVER, TABLE, near_percent=percent)
    assert isinstance(plain, PlanComparison)
    assert isinstance(found, PlanComparison)
    for report, other in ((found.first, plain.first), (found.second, plain.second)):
        assert [outcome.near_limit for outcome in report.outcomes] == near(report, percent)
        assert [outcome.verdict for outcome in report.outcomes] == [outcome.verdict for outcome in other.outcomes]
    assert [row.better for row in found.rows] == [row.better for row in plain.rows]
    text = run("compare", LUNG, LIVER, "--table", TABLE, "--near", percent).stdout
    marked = near(found.first, percent) + near(found.second, percent)
    assert len(re.findall(r" !(?= |$)", text, re.MULTILINE)) == sum(marked)
    assert (f"!: within {percent:g} % of the limit" in text) == any(marked)


# -------------------------------------------------------------------------------- batch


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def without(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    notes = {"noted", "initials", "written_for", "lost_notes", "sign_offs"}
    return [{column: value for column, value in row.items() if column not in notes} for row in rows]


def test_a_batch_has_the_notes_of_each_plan_and_nothing_else_changes(noted: Path) -> None:
    for out, words in (("plain.csv", ()), ("noted.csv", ("--notes", noted))):
        done = run("batch", noted, "--with-identity", "--table", TABLE, "--out", noted / out, "--jobs", 1, *words)
        assert done.exit_code == 0
    plain, found = (rows_of(noted / name) for name in ("plain.csv", "noted.csv"))
    assert without(found) == without(plain)
    for name, path in (("lung", LUNG), ("liver", LIVER)):
        report = report_of(path)
        of_plan = [row for row in found if row["plan_uid"] == plan_uid(report)]
        first = report.outcomes[0]
        on_row = [row for row in of_plan if row["noted"]]
        assert [(row["row_id"], row["noted"], row["initials"]) for row in on_row] == [
            (first.constraint.id, f"seen in {name}", "AB")
        ]
        assert [GONE in row["lost_notes"] and f"signed {name}" in row["sign_offs"] for row in of_plan] == [
            True,
            *[False] * (len(of_plan) - 1),
        ]


def test_a_batch_does_not_lose_the_notes_on_a_plan_that_it_cannot_check(noted: Path) -> None:
    (noted / "lung" / "rtdose.dcm").write_bytes((noted / "lung" / "rtdose.dcm").read_bytes()[:-40])
    options = Options.read(tables=[TABLE], notes=noted, with_identity=True)
    sbrtcheck.batch(noted, noted / "rows.csv", options, jobs=1)
    (row,) = (row for row in rows_of(noted / "rows.csv") if row["plan_uid"] == plan_uid(report_of(LUNG)))
    assert row["verdict"] == "NOT_EVALUATED"
    assert "seen in lung" in row["lost_notes"]
    assert "lost in lung" in row["lost_notes"]
    assert "was given for another result" in row["sign_offs"]


def test_a_batch_refuses_notes_on_a_plan_that_it_does_not_have(noted: Path) -> None:
    shutil.rmtree(noted / "liver")
    options = Options.read(tables=[TABLE], notes=[notes_on(LUNG, "lung"), notes_on(LIVER, "liver")])
    with pytest.raises(NotesError, match="not here"):
        sbrtcheck.batch(noted, noted / "rows.csv", options, jobs=1)
    assert not (noted / "rows.csv").exists()


def test_a_batch_flags_values_near_a_limit(noted: Path) -> None:
    options = Options.read(tables=[TABLE], near_percent=20, with_identity=True)
    sbrtcheck.batch(noted, noted / "rows.csv", options, jobs=1)
    for path in (LUNG, LIVER):
        report = report_of(path)
        found = [row["near_limit"] for row in rows_of(noted / "rows.csv") if row["plan_uid"] == plan_uid(report)]
        assert found == [str(flag).lower() for flag in near(report, 20)]


# -------------------------------------------------------------------------------- which files


@pytest.mark.parametrize("wrong", [-1, 101, float("nan"), "5", None, True])
def test_what_is_no_distance_is_refused(wrong: Any) -> None:
    for call in (
        lambda: sbrtcheck.compare(LUNG, LIVER, TABLE, near_percent=wrong),
        lambda: Options.read(tables=[TABLE], near_percent=wrong),
    ):
        with pytest.raises(InputError):
            call()


def test_a_folder_stands_for_the_files_of_notes_in_it(noted: Path) -> None:
    numbered = noted / "lung" / "deeper" / "sbrtcheck-notes(1).yaml"
    numbered.parent.mkdir()
    again = notes_on(LUNG, "lung")
    save_notes(replace(again, notes=(*again.notes, replace(again.notes[0], note="seen again"))), numbered)
    report = sbrtcheck.check(LUNG, TABLE, notes=noted / "lung")
    assert sorted(one.note.note for one in report.notes.rows) == ["lost in lung", "seen again", "seen in lung"]
    with pytest.raises(NotesError, match="another plan"):
        sbrtcheck.check(LUNG, TABLE, notes=noted)
    (noted / "empty").mkdir()
    with pytest.raises(NotesError, match="no file"):
        sbrtcheck.check(LUNG, TABLE, notes=noted / "empty")

"""Tables that lint is sure to be wrong are refused through every door, or make a REVIEW that says why."""

from __future__ import annotations

import html
import json
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import sbrtcheck
from dvh_builders import dvh_set, row, table, uniform_dvh
from folders import EXAMPLES
from sbrtcheck import archive, cli
from sbrtcheck.errors import TableError
from sbrtcheck.judge import run as run_module
from sbrtcheck.plan import FindingCode
from sbrtcheck.results import ReviewCode, Verdict
from sbrtcheck.tables import ConstraintTable, fitness, load, load_table
from sbrtcheck.tables.lint import Level, lint_files
from sbrtcheck.tables.lint_table import fraction_slips

PLAN = EXAMPLES / "plans" / "lung-50gy-5fx"
WRONG = """\
id: own
version: "1.0.0"
title: A critical volume written hot
site: lung
fractions: [5]
sources:
  - {key: paper, citation: A paper, where: Table 1}
rows:
  - id: lungs
    organ: Lungs
    structure: Lungs
    metric: V12.5Gy[cc]
    below: 1500
    source: {cite: paper, where: Table 1}
    confirmed_by: [a copy, the page]
"""
"""A plan that gives 1500 cc of lung less than 12.5 Gy is right; one with small lungs passes this, whatever it gives."""
SAYS = "'V12.5Gy[cc]' below 1500 passes a small organ: 1500 cc is a critical volume of Lungs"


@pytest.fixture
def own(tmp_path: Path) -> str:
    file = tmp_path / "own.yaml"
    file.write_text(WRONG, encoding="utf-8")
    return str(file)


DOORS: dict[str, Callable[..., Any]] = {
    "check": lambda given, **more: sbrtcheck.check(PLAN, given, **more),
    "compare": lambda given, **more: sbrtcheck.compare(PLAN, PLAN, given, **more),
    "evaluate": lambda given, **more: sbrtcheck.evaluate(given, dvh_set(uniform_dvh("Lungs")), **more),
    "accumulate": lambda given, **more: sbrtcheck.accumulate([PLAN], {"SpinalCord": 2.0}, given, **more),
    "batch": lambda given, **more: archive.Options.read(tables=given, **more),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_the_table_with_file_line_and_hint(door: str, own: str) -> None:
    with pytest.raises(TableError) as refused:
        DOORS[door](own)
    first, last = str(refused.value).splitlines()
    assert first.startswith(f"{own}:9: {SAYS}; write 'DC1500cc[Gy]' below 12.5")
    assert last.startswith(f"{own}: 1 error of lint: nothing is checked against it; ")
    assert "--allow-lint-errors" in last
    assert [fault.place for fault in refused.value.faults] == [f"{own}:9", own]


@pytest.mark.parametrize("door", DOORS)
def test_what_the_user_allows_is_a_bool(door: str, own: str) -> None:
    with pytest.raises(sbrtcheck.SbrtcheckError, match="allow_lint_errors"):
        DOORS[door](own, allow_lint_errors="no")


def test_a_loop_over_an_archive_refuses_it_before_the_first_plan(own: str) -> None:
    with pytest.raises(TableError, match="critical volume"):
        next(iter(sbrtcheck.check_archive(PLAN.parent, own)))


@pytest.mark.parametrize(
    "given",
    [
        WRONG,
        WRONG.encode(),
        {"id": "own", "version": "1.0.0", "title": "Mine", "site": "lung", "fractions": [5],
         "sources": [{"key": "a", "citation": "A paper", "where": "page 1"}],
         "rows": [{"id": "lungs", "organ": "Lungs", "structure": "Lungs", "metric": "V12.5Gy[cc]", "below": 1500,
                   "source": {"cite": "a", "where": "page 1"}}]},
        ConstraintTable.from_rows([("Lungs", "V12.5Gy[cc]", "<", 1500)], fractions=5),
    ],
    ids=["text", "bytes", "values", "rows"],
)  # fmt: skip
def test_a_table_that_is_no_file_is_looked_over_too(given: Any) -> None:
    with pytest.raises(TableError, match=re.escape(SAYS)):
        sbrtcheck.check(PLAN, given)


def test_a_bundled_table_is_taken_as_it_is_and_one_made_from_it_is_not() -> None:
    bundled = load_table("rtog-0813")
    assert load.is_as_shipped(bundled)
    assert fitness.lint_errors([bundled]) == ()
    wrong = replace(bundled, rows=(row("V12.5Gy[cc]", "below", 1500.0, "Lungs"),))
    assert not load.is_as_shipped(wrong)
    assert [error.fault.what for error in fitness.lint_errors([replace(wrong, path="")])] == [SAYS]


def test_what_the_user_allows_is_no_pass_and_every_format_says_why(own: str) -> None:
    report = sbrtcheck.check(PLAN, own, allow_lint_errors=True)
    assert report.verdict is Verdict.REVIEW
    reasons = [reason for reason in report.reasons if reason.code is ReviewCode.TABLE]
    assert [(reason.text, reason.rows) for reason in reasons] == [(f"own/lungs: {SAYS}", ("own/lungs",))]
    whole = report.to_dict()
    assert (whole["verdict"], whole["allow_lint_errors"]) == ("REVIEW", True)
    assert {"code": "errors in a table", "text": f"own/lungs: {SAYS}"}.items() <= whole["reasons"][0].items()


def test_the_same_table_without_the_error_passes_and_says_nothing(own: str) -> None:
    Path(own).write_text(WRONG.replace("V12.5Gy[cc]", "DC1500cc[Gy]").replace("below: 1500", "below: 12.5"), "utf-8")
    for allowed in (False, True):
        report = sbrtcheck.check(PLAN, own, allow_lint_errors=allowed)
        assert ReviewCode.TABLE not in {reason.code for reason in report.reasons}
    assert "allow_lint_errors" not in sbrtcheck.check(PLAN, own).to_dict()


def test_a_fail_stays_a_fail(own: str) -> None:
    more = WRONG[WRONG.index("  - id: lungs") :].replace("id: lungs", "id: cord")
    more = more.replace("structure: Lungs", "structure: SpinalCord").replace("organ: Lungs", "organ: Spinal cord")
    Path(own).write_text(WRONG + more.replace("V12.5Gy[cc]", "Max[Gy]").replace("1500", "0.001"), encoding="utf-8")
    assert sbrtcheck.check(PLAN, own, allow_lint_errors=True).verdict is Verdict.FAIL


WARNED = WRONG.replace("below: 1500", "below: 800")
WARNS = "'V12.5Gy[cc]' below 800 is the volume of Lungs that receives at least the dose; if the source says 'at least"


def test_warnings_refuse_nothing_and_change_no_verdict(own: str) -> None:
    Path(own).write_text(WARNED, encoding="utf-8")
    assert {remark.level for remark in lint_files([own])} == {Level.WARNING}
    report = sbrtcheck.check(PLAN, own)
    assert ReviewCode.TABLE not in {reason.code for reason in report.reasons}
    warned = [finding for finding in report.findings if finding.code is FindingCode.TABLE_WARNING]
    assert [finding.subject for finding in warned] == ["own/lungs"]
    assert warned[0].text.startswith(f"own.yaml:9: {WARNS}")
    with patched_warnings():
        quiet = sbrtcheck.check(PLAN, own)
    assert (quiet.verdict, quiet.reasons) == (report.verdict, report.reasons)
    assert [*quiet.findings, *warned] == [*report.findings]


@contextmanager
def patched_warnings() -> Iterator[None]:
    """No table has a warning meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "lint_warnings", lambda _tables: ())
        yield


def test_a_table_made_by_a_program_has_its_warnings_too() -> None:
    made = ConstraintTable.from_rows([("Lungs", "V12.5Gy[cc]", "<", 800)], fractions=5)
    report = sbrtcheck.evaluate(made, dvh_set(uniform_dvh("Lungs")))
    warned = [finding for finding in report.findings if finding.code is FindingCode.TABLE_WARNING]
    assert len(warned) == 1
    assert "'V12.5Gy[cc]' below 800" in warned[0].text


def test_a_bundled_table_is_not_warned_of_nor_is_what_another_process_gets_of_it() -> None:
    bundled = load_table("rtog-conformity")
    warned = [slip for slip in fraction_slips(bundled) if slip.level is Level.WARNING]
    assert warned, "one table for several numbers of fractions, as printed"
    copy = pickle.loads(pickle.dumps(bundled))  # noqa: S301 - made a moment ago
    assert not load.is_as_shipped(copy)
    assert load.is_copy_of_shipped(copy)
    assert fitness.lint_warnings([bundled, copy]) == ()
    changed = replace(copy, rows=copy.rows[:-1])
    assert not load.is_copy_of_shipped(changed)


def test_the_looking_over_is_done_once_for_a_table() -> None:
    made = table(row("V12.5Gy[cc]", "below", 1500.0, "Lungs"), path="own.yaml")
    assert fitness.lint_errors([made])[0] is fitness.lint_errors([replace(made)])[0]


# -------------------------------------------------------------------------------- the command


@pytest.fixture
def run(tmp_path: Path, own: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(Path(own).parent)
    return lambda *words: CliRunner().invoke(cli.main, [*map(str, words), "--table", "own.yaml"])


COMMANDS: dict[str, tuple[Any, ...]] = {
    "check": ("check", PLAN),
    "compare": ("compare", PLAN, PLAN),
    "batch": ("batch", PLAN, "--jobs", "1", "--quiet", "--out", "results.csv"),
    "sum": ("sum", PLAN, "--alpha-beta", "SpinalCord=2"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_with_exit_code_2(command: str, run: Callable[..., Result]) -> None:
    done = run(*COMMANDS[command])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"sbrtcheck: own.yaml:9: {SAYS}")
    assert not Path("results.csv").exists()


@pytest.mark.parametrize("format_", ["text", "json", "csv", "markdown", "html"])
def test_every_format_has_the_reason(format_: str, run: Callable[..., Result]) -> None:
    done = run("check", PLAN, "--allow-lint-errors", "--format", format_)
    assert done.exit_code == 3, done.stderr
    text = json.dumps(json.loads(done.stdout)) if format_ == "json" else done.stdout
    assert "REVIEW" in text
    assert "is a critical volume of Lungs" in text


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "html"])
def test_every_format_has_the_warnings(format_: str, run: Callable[..., Result], own: str) -> None:
    Path(own).write_text(WARNED, encoding="utf-8")
    done = run("check", PLAN, "--format", format_)
    assert done.exit_code in (0, 3), done.stderr
    shown = " ".join(html.unescape(done.stdout).split()).replace("\\[", "[").replace("\\]", "]")
    assert "own.yaml:9: 'V12.5Gy[cc]' below 800 is the volume of Lungs that receives at least the dose" in shown


def test_a_comparison_and_a_sum_have_the_warnings(run: Callable[..., Result], own: str) -> None:
    Path(own).write_text(WARNED, encoding="utf-8")
    compared = run("compare", PLAN, PLAN)
    assert "own.yaml:9: 'V12.5Gy[cc]' below 800" in " ".join(compared.stdout.split())
    summed = run("sum", PLAN, "--alpha-beta", "SpinalCord=2")
    assert "own.yaml:9: 'V12.5Gy[cc]' below 800" in " ".join(summed.stdout.split())


def test_a_batch_writes_the_warnings_with_each_plan_and_none_of_a_bundled_table(
    run: Callable[..., Result], own: str
) -> None:
    Path(own).write_text(WARNED, encoding="utf-8")
    done = run("batch", PLAN, "--jobs", "1", "--quiet", "--table", "rtog-conformity", "--out", "results.csv")
    assert done.exit_code == 0, done.stderr
    written = Path("results.csv").read_text(encoding="utf-8")
    assert "own.yaml:9: 'V12.5Gy[cc]' below 800" in written
    assert "fractions alike" not in written


def test_a_batch_writes_the_reason_with_each_plan(run: Callable[..., Result]) -> None:
    done = run("batch", PLAN, "--jobs", "1", "--quiet", "--allow-lint-errors", "--out", "results.csv")
    assert done.exit_code == 0, done.stderr
    written = Path("results.csv").read_text(encoding="utf-8")
    assert "REVIEW" in written
    assert "errors in a table: own/lungs: " in written

"""No way to a verdict lets a table with lint errors give a pass: every error, and every door, one after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import sbrtcheck
from dvh_builders import dvh_set, uniform_dvh
from folders import EXAMPLES, TESTS
from sbrtcheck import archive, cli
from sbrtcheck.errors import TableError
from sbrtcheck.pacs import jobs
from sbrtcheck.results import ReviewCode, Verdict
from sbrtcheck.tables import read_table

PLAN = EXAMPLES / "plans" / "lung-50gy-5fx"
RULES = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((TESTS / "tables" / "slips").iterdir())]
ERRORS = [case for cases in RULES for case in cases["wrong"] if case["level"] == "error"]
SAYS = "is a critical volume of Lungs"
ROW = {"organ": "Lungs", "structure": "Lungs", "metric": "V12.5Gy[cc]", "below": 1500}
NO_LIMITS = {"completion", "demo", "dvh", "bed", "import", "lint", "names", "regimens", "risk", "score", "summary",
             "tables", "trend"}  # fmt: skip
"""Commands that judge no plan by rows of a table that the user names."""


def table_text(row: Mapping[str, Any], fractions: int = 5) -> str:
    keys = {key: value for key, value in row.items() if key not in ("level", "fractions", "where")}
    structure = keys["structure"]
    table = {
        "id": "own",
        "version": "1.0.0",
        "title": "Mine",
        "site": "multi",
        "fractions": [fractions],
        "sources": [{"key": "paper", "citation": "A paper", "where": "Table 1"}],
        "rows": [
            {
                "id": "row",
                "organ": structure if isinstance(structure, str) else "Organ",
                "source": {"cite": "paper", "where": "Table 1"},
                "confirmed_by": ["a copy", "the page"],
                **keys,
            }
        ],
    }
    return yaml.safe_dump(table, allow_unicode=True)


@pytest.fixture
def own(tmp_path: Path) -> str:
    file = tmp_path / "own.yaml"
    file.write_text(table_text(ROW), encoding="utf-8")
    return str(file)


# ------------------------------------------------------------------------------------------------ laws


@settings(max_examples=15)
@given(case=st.sampled_from(ERRORS), dose_gy=st.floats(0.0, 60.0), volume_cc=st.floats(0.5, 4000.0))
def test_no_error_of_any_rule_passes_any_dose(case: dict[str, Any], dose_gy: float, volume_cc: float) -> None:
    """By the file, by the loaded table, and by a table that a program made of its rows."""
    text = table_text(case, case["fractions"])
    loaded = read_table(text.encode(), place="own.yaml")
    rx = sbrtcheck.Prescription(dose_gy=50.0, fractions=case["fractions"])
    names = {name for row in loaded.rows for name in row.structures}
    dvhs = dvh_set(*(uniform_dvh(name, dose_gy=dose_gy, volume_cc=volume_cc) for name in sorted(names)), rx=rx)
    made = replace(loaded, id="made", path="", sha256="")
    for table in (text, loaded, made):
        with pytest.raises(TableError, match="of lint: nothing is checked against it"):
            sbrtcheck.evaluate(table, dvhs, accept_dose=True)
        report = sbrtcheck.evaluate(table, dvhs, accept_dose=True, allow_lint_errors=True)
        assert report.verdict in (Verdict.REVIEW, Verdict.FAIL)
        assert any(reason.code is ReviewCode.TABLE for reason in report.reasons)


def test_every_command_that_judges_by_tables_can_refuse_them() -> None:
    judging = {name for name, one in cli.main.commands.items() if name not in NO_LIMITS}
    with_flag = {
        name
        for name, one in cli.main.commands.items()
        if any(parameter.name == "allow_lint_errors" for parameter in one.params)
    }
    assert judging == with_flag == {"batch", "check", "compare", "listen", "sum"}


# ------------------------------------------------------------------------------------------------ doors


def test_a_sum_of_courses_that_the_user_allows_is_a_review(own: str) -> None:
    Path(own).write_text(table_text({**ROW, "quantity": "EQD2", "alpha_beta": 3}), encoding="utf-8")
    words = ["sum", str(PLAN), "--alpha-beta", "SpinalCord=2", "--table", own]
    assert CliRunner().invoke(cli.main, words).exit_code == 2
    done = CliRunner().invoke(cli.main, [*words, "--allow-lint-errors", "--format", "json"])
    assert done.exit_code == 3, done.output
    summed = json.loads(done.stdout)
    assert (summed["verdict"], summed["report"]["verdict"]) == ("REVIEW", "REVIEW")
    assert "is a critical volume of Lungs" in str(summed["report"]["reasons"])


def test_a_comparison_that_the_user_allows_is_a_review_of_both(own: str) -> None:
    done = CliRunner().invoke(cli.main, ["compare", str(PLAN), str(PLAN), "--table", own, "--allow-lint-errors"])
    assert done.exit_code == 0, done.output  # of a comparison: it was made
    assert done.stdout.count("overall REVIEW") == 2


def test_a_listener_does_not_start_with_such_a_table(own: str, tmp_path: Path) -> None:
    pytest.importorskip("pynetdicom")
    done = CliRunner().invoke(cli.main, ["listen", "--port", "0", "--out", str(tmp_path / "out"), "--table", own])
    assert done.exit_code == 2
    assert f"{own}:" in done.stderr
    assert SAYS in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("allowed", [False, True])
def test_what_a_listener_hands_to_its_worker_is_no_pass(allowed: bool, own: str) -> None:
    """Also where its options were not read as a user gives them, so that nothing was refused before."""
    table = sbrtcheck.load_table(own)
    read = archive.Options.read(tables="rtog-0813", allow_lint_errors=allowed)
    options = replace(read, tables=(table,))
    paths = sorted(PLAN.iterdir())
    if not allowed:
        with pytest.raises(TableError, match=SAYS):
            jobs.check(paths, options, "json", [])
        return
    written = jobs.check(paths, options, "json", [])
    assert written.verdict == "REVIEW"
    assert SAYS in written.content.decode()


def test_plans_of_an_archive_are_no_passes(own: str) -> None:
    with pytest.raises(TableError, match=SAYS):
        next(iter(sbrtcheck.check_archive(PLAN, own)))
    allowed = archive.Options.read(tables=own, allow_lint_errors=True)
    assert _verdicts(allowed) == ({"REVIEW"}, {"PASS"})
    # not read as a user gives them, so that nothing was refused before
    not_allowed = replace(allowed.choices, allow_lint_errors=False)
    assert _verdicts(archive.Options(tables=allowed.tables, choices=not_allowed)) == ({"REVIEW"}, {"NOT_EVALUATED"})


def _verdicts(options: archive.Options) -> tuple[set[Any], set[Any]]:
    """Those of the plan, and those of its rows."""
    (result,) = sbrtcheck.check_archive(PLAN, options, jobs=1)
    return {row["plan_verdict"] for row in result.rows}, {row["verdict"] for row in result.rows}


IMPORTED = {
    "dvhmetrics": '"patID"  "structure"  "constraint"\n"*" "Lungs" "V12.5Gy < 1500CC"\n',
    "plancheck": "Structure IDs,Structure Codes,IDAliases,CodeAliases,DVH Objective,Evaluation Point,Variation,"
    "Priority,Met,Achieved\nLungs,C4,,,V12.5Gy[cc],<=1500,,1,,\n",
}


@pytest.mark.parametrize("dialect", IMPORTED)
def test_an_imported_table_is_refused_like_any_other(dialect: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("template.txt").write_text(IMPORTED[dialect], encoding="utf-8")
    words = ["import", "template.txt", "--from", dialect, "--fractions", "5", "--id", "clinic", "--out", "clinic.yaml"]
    imported = CliRunner().invoke(cli.main, words)
    assert imported.exit_code == 0, imported.output
    assert SAYS in imported.stderr
    done = CliRunner().invoke(cli.main, ["check", str(PLAN), "--table", "clinic.yaml"])
    assert done.exit_code == 2
    assert done.stderr.startswith("sbrtcheck: clinic.yaml:")
    assert SAYS in done.stderr
    allowed = CliRunner().invoke(cli.main, ["check", str(PLAN), "--table", "clinic.yaml", "--allow-lint-errors"])
    assert allowed.exit_code == 3
    assert "OVERALL: REVIEW" in allowed.stdout

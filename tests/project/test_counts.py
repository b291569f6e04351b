"""What a run of the tests counts, and the sections of the validation report that are made of it."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from folders import TESTS
from validation_modules import loaded

pytestmark = pytest.mark.usefixtures("_sources")


@pytest.fixture
def _sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources that need not be read time and again; what a digest is of is tested elsewhere."""
    evidence = loaded("evidence")
    monkeypatch.setattr(evidence, "digest", lambda section="": f"sources {section}")
    monkeypatch.setattr(evidence, "BEGAN_WITH", "sources ")


def test_a_hazard_is_shown_to_be_prevented_only_where_all_of_its_tests_passed() -> None:
    said = loaded("suite").tests_of
    assert said([], {}) == "none: open"
    assert said(["a", "b"], {"a": "passed", "b": "passed"}) == "passed"
    assert said(["a", "b", "c"], {"a": "passed", "b": "skipped"}) == "1 skipped, 1 not run, 1 passed"
    assert said(["a"], {"a": "failed"}) == "1 failed"


LAWS = """
from hypothesis import given, strategies as st

@given(st.integers())
def test_law(number): pass

def test_that_fails(): assert False

def test_plain(): pass
"""


def counts_of_here(**change: object) -> dict[str, object]:
    """As a whole run of these sources leaves them: everything passed."""
    suite, evidence = loaded("suite"), loaded("evidence")
    there = {one.name: one for one in suite.direct()}
    return {
        **asdict(evidence.here()),
        "words": list(suite.run_all.TESTS[1:]),
        "code": 0,
        "tests": {"passed": 3},
        "examples": {"tests/a/test_a.py::test_law": 100},
        "functions": {"tests/a/test_a.py::test_law": "passed", "src/b.py::b": "passed"},
        "versions": {name: next(iter(one.specifier)).version for name, one in there.items()},
    } | change


def found_of(section: str, folder: Path, **files: dict[str, object]) -> object:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return getattr(loaded("suite"), section)(Namespace(counts=folder))


def test_a_run_counts_its_tests_and_the_examples_of_its_laws(tmp_path: Path) -> None:
    """By a pytest of its own that has a process for tests, with the settings of the project."""
    (tmp_path / "conftest.py").write_bytes((TESTS / "conftest.py").read_bytes())
    (tmp_path / "test_laws.py").write_text(LAWS, encoding="utf-8")
    words = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        "-c",
        str(TESTS.parent / "pyproject.toml"),
        "-n",
        "1",
    ]
    command = [sys.executable, "-m", "pytest", *words, "--counts", str(tmp_path / "counts.json"), "."]
    subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)  # noqa: S603
    counted = json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))
    assert counted["tests"] == {"passed": 2, "failed": 1}
    assert counted["examples"] == {"test_laws.py::test_law": 100}
    assert counted["functions"]["test_laws.py::test_that_fails"] == "failed"
    assert len(counted["sources"]) == 16
    assert counted["words"] == [*words, "."]
    assert counted["code"] == 1
    assert counted["versions"]["pytest"] == pytest.__version__


def test_sections_are_made_of_counts_of_these_sources_alone(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"no counts of the newest versions; `python tests/run_all.py` counts"):
        found_of("laws", tmp_path)
    with pytest.raises(RuntimeError, match="no file of counts"):
        found_of("laws", tmp_path, newest={"sources": "x"})
    with pytest.raises(RuntimeError, match="of other sources, 0123456789abcdef"):
        found_of("hazards", tmp_path, newest=counts_of_here(sources="0123456789abcdef"))


@pytest.mark.parametrize(
    ("change", "met"),
    [
        ({}, True),
        ({"words": ["-m", "not slow"]}, None),
        ({"code": 1}, False),
        ({"tests": {"passed": 2, "failed": 1}}, False),
    ],
)
def test_laws_are_met_by_a_whole_run_without_a_failure(
    tmp_path: Path, change: dict[str, object], met: bool | None
) -> None:
    made = found_of("laws", tmp_path, newest=counts_of_here(date="2020-01-02", commit="abc", **change))
    assert made.met is met
    assert (made.date, made.commit) == ("2020-01-02", "abc")
    assert "| a | 1 | 0 | 1 | 100 |" in made.parts[0].table


def test_versions_are_tried_where_they_are_those_that_were_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = loaded("suite")
    monkeypatch.setattr(suite.supply_chain, "locked", lambda _: {"click": [(Version("8.5"), 1)]})
    monkeypatch.setattr(suite.supply_chain, "requirements", lambda: [Requirement("click>=8.2")])
    newest, lowest = ({"click": "8.5", "pip": "1", "sbrtcheck": "0"}, {"click": "8.2.1"})
    made = found_of("dependencies", tmp_path, newest=counts_of_here(versions=newest))
    assert made.met is None
    assert "locked: the newest are the locked ones: 3 passed" in made.summary
    assert "lowest: not run: no counts" in made.summary
    made = found_of("dependencies", tmp_path, lowest=counts_of_here(versions=lowest))
    assert made.met is True
    made = found_of("dependencies", tmp_path, lowest=counts_of_here(versions=newest))
    assert made.met is None
    assert "lowest: not run: other versions were installed: click 8.5" in made.summary
    made = found_of("dependencies", tmp_path, newest=counts_of_here(versions=newest | {"new": "1"}))
    assert "locked: not run: no counts" in made.summary
    failing = counts_of_here(versions=lowest, code=1, functions={"tests/x.py::t": "failed"})
    made = found_of("dependencies", tmp_path, lowest=failing)
    assert made.met is False
    assert "`tests/x.py::t`" in made.parts[0].table
    other = counts_of_here(versions=newest, surroundings="Windows AMD64, 8 CPUs, Python 9.9.9, numpy 2.5.5")
    made = found_of("dependencies", tmp_path, newest=counts_of_here(versions=newest), locked=other)
    assert [row.count("Python 9.9.9, ") for row in made.parts[0].table.splitlines()[-3:]] == [0, 1, 0]


READING = """readings:
  - {date: "2026-01-31", commit: abcdef0, hours: HOURS, reader: one who did not write it, tries: [
    {what: A wrong side., how: A lung on the left., outcome: held, said: Refused.}FOUND]}
"""
MENDED = ", {what: A dose of nothing., how: Zeros., outcome: found, said: It passed., tests: ['tests/x.py::t']}"
OPEN = ", {what: A dose of nothing., how: Zeros., outcome: found, said: It passed., open: Not yet.}"


@pytest.mark.parametrize(
    ("hours", "found", "came", "met"),
    [
        (2, "", "passed", True),
        (2, MENDED, "passed", True),
        (1, MENDED, "passed", None),
        (2, MENDED, "failed", False),
        (2, MENDED, "skipped", None),
        (2, OPEN, "passed", None),
    ],
)
def test_adversarial_reading_is_met_by_hours_of_it_after_which_nothing_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, found: str, came: str, met: bool | None
) -> None:
    listed = loaded("suite").adversarial_readings
    file = tmp_path / "readings.yaml"
    file.write_text(READING.replace("HOURS", str(hours)).replace("FOUND", found), encoding="utf-8")
    monkeypatch.setattr(listed, "load", partial(listed.load, file))
    newest = counts_of_here(functions={"tests/x.py::t": came})
    made = found_of("adversarial_reading", tmp_path, newest=newest)
    assert made.met is met
    assert made.summary.startswith(f"readings: 1, hours: {hours}, tries: {1 + bool(found)}; found: {int(bool(found))}")
    assert len(made.parts) == 1 + bool(found)


def test_without_a_reading_nothing_was_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded("suite").adversarial_readings, "load", tuple)
    assert found_of("adversarial_reading", tmp_path).nothing


def test_without_any_counts_no_version_was_tried(tmp_path: Path) -> None:
    made = found_of("dependencies", tmp_path)
    assert made.nothing
    assert made.met is None


def test_what_the_runs_count_is_where_the_sections_look_for_it() -> None:
    run, suite = loaded("run"), loaded("suite")
    assert run.main.__module__ == "validation_run"
    assert (TESTS.parent / ".gitignore").read_text(encoding="utf-8").count(suite.run_all.COUNTS.split("/")[0]) == 1

"""The validation report: it never looks better than what was found, whatever was found."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from dataclasses import asdict, replace
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from folders import TESTS


@pytest.fixture(scope="module")
def validation() -> tuple[ModuleType, ModuleType]:
    """The modules `evidence` and `report`, from their folder."""
    return loaded("evidence"), loaded("report")


@cache
def loaded(name: str) -> ModuleType:
    """A module of the folder under a name of its own: there are other files called ``run.py``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "validation"))
        if name == "evidence":
            return import_module(name)
        spec = spec_from_file_location(f"validation_{name}", TESTS / "validation" / f"{name}.py")
        assert spec
        assert spec.loader
        module = sys.modules[spec.name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


@pytest.fixture
def met(validation: tuple[ModuleType, ModuleType]) -> object:
    """What a section found that is met here and now."""
    evidence, _ = validation
    part = evidence.Part(heading="A part", text="Some text.", table="| a |\n| --- |\n| 1 |")
    return evidence.found("bounds", "the command", summary="all is well", met=True, parts=[part])


def word(validation: tuple[ModuleType, ModuleType], folder: Path, name: str = "bounds") -> str:
    _, report = validation
    section = next(one for one in report.SECTIONS if one.name == name)
    return report.standing(section, folder).word


def test_what_is_written_is_read_again(validation: tuple[ModuleType, ModuleType], met: object, tmp_path: Path) -> None:
    evidence, _ = validation
    assert evidence.read(evidence.write(met, tmp_path)) == met


def test_without_any_result_every_section_says_not_run_with_its_command(
    validation: tuple[ModuleType, ModuleType], tmp_path: Path
) -> None:
    _, report = validation
    page = report.page(tmp_path, "a command")
    assert f"**0 of {len(report.SECTIONS)} sections are met.**" in page
    assert page.count("**Not run**") == len(report.SECTIONS)
    assert all(section.command in page for section in report.SECTIONS)


def test_a_section_counts_as_met_only_where_all_was_looked_at_on_these_sources(
    validation: tuple[ModuleType, ModuleType], met: object, tmp_path: Path
) -> None:
    evidence, _ = validation
    worse = {
        "met": {},
        "in part": {"met": None},
        "not met": {"met": False},
        "of other sources": {"sources": "0123456789abcdef"},
        "not run": {"section": "accuracy"},
    }
    for expected, change in worse.items():
        path = evidence.write(replace(met, **change), tmp_path)
        path.replace(tmp_path / "bounds.json")
        assert word(validation, tmp_path) == expected
    evidence.write(replace(met, met=False, sources="0123456789abcdef"), tmp_path)
    assert word(validation, tmp_path) == "not met"


def test_a_section_that_could_look_at_nothing_was_not_run_and_says_why(
    validation: tuple[ModuleType, ModuleType], met: object, tmp_path: Path
) -> None:
    evidence, report = validation
    evidence.write(replace(met, met=None, nothing=True, summary="nobody answered"), tmp_path)
    assert word(validation, tmp_path) == "not run"
    assert "**Not run**.\n\nNobody answered." in report.page(tmp_path, "a command")
    evidence.write(replace(met, met=False, nothing=True), tmp_path)
    assert word(validation, tmp_path) == "not met"


@pytest.fixture
def checkout(validation: tuple[ModuleType, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small one, of which digests are taken: two sources, a table, what pages and packages are made of."""
    evidence, _ = validation
    root = tmp_path / "checkout"
    for name in ("src/a/b.py", "src/a/c.py", "constraints/lung/t.yaml", "docs/hazards.yaml", "docs/index.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"one\ntwo\n")
    for name in ("tests/test_a.py", "tests/locked_versions.txt", "pyproject.toml"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"one\ntwo\n")
    monkeypatch.setattr(evidence, "ROOT", root)
    return root


def digests(evidence: ModuleType) -> dict[str, str]:
    return {section: evidence.digest(section) for section in ("bounds", "laws", "hazards", "dependencies")}


@pytest.mark.parametrize(
    ("file", "of_others"),
    [
        ("src/a/b.py", {"bounds", "laws", "hazards", "dependencies"}),
        ("src/a/new.py", {"bounds", "laws", "hazards", "dependencies"}),
        ("constraints/lung/t.yaml", {"bounds", "laws", "hazards", "dependencies"}),
        ("docs/hazards.yaml", {"hazards"}),
        ("pyproject.toml", {"dependencies"}),
        ("tests/locked_versions.txt", {"dependencies"}),
        ("docs/index.md", set()),
        ("tests/test_a.py", set()),
        ("src/__pycache__/b.cpython-311.pyc", set()),
    ],
)
def test_what_was_found_holds_as_long_as_what_decides_about_it_is_the_same(
    validation: tuple[ModuleType, ModuleType], checkout: Path, file: str, of_others: set[str]
) -> None:
    """Pages and tests may change: a section names the commit of those that it was found with."""
    evidence, _ = validation
    before = digests(evidence)
    (checkout / file).parent.mkdir(exist_ok=True)
    (checkout / file).write_bytes(b"another\n")
    after = digests(evidence)
    assert {section for section in after if after[section] != before[section]} == of_others


def test_a_file_that_moves_is_another_source_and_the_ends_of_its_lines_are_none(
    validation: tuple[ModuleType, ModuleType], checkout: Path
) -> None:
    evidence, _ = validation
    before = evidence.digest()
    (checkout / "src/a/b.py").write_bytes(b"one\r\ntwo\r\n")
    assert evidence.digest() == before
    (checkout / "src/a/b.py").rename(checkout / "src/a/z.py")
    assert evidence.digest() != before


def test_sources_that_change_while_something_runs_leave_no_evidence(
    validation: tuple[ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence, _ = validation
    monkeypatch.setattr(evidence, "BEGAN_WITH", "0123456789abcdef")
    with pytest.raises(RuntimeError, match="changed while this ran"):
        evidence.found("bounds", "the command", summary="", met=True, parts=[])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(content=st.one_of(st.binary(), st.sampled_from([b"{}", b"[]", b"null", b'{"parts": [1]}', b'{"parts": []}'])))
def test_a_file_that_is_none_is_not_run(
    validation: tuple[ModuleType, ModuleType], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "bounds.json").write_bytes(content)
    assert word(validation, tmp_path) == "not run"


def test_the_page_has_what_was_found_and_where_it_is_from(
    validation: tuple[ModuleType, ModuleType], met: object, tmp_path: Path
) -> None:
    evidence, report = validation
    evidence.write(replace(met, commit="abc", changed=("src",), date="2020-01-02"), tmp_path)
    page = report.page(tmp_path, "a command")
    assert f"**1 of {len(report.SECTIONS)} sections are met.**" in page
    assert "All is well." in page
    assert "By `the command`, 2020-01-02, commit `abc`, with changes in src that are not in it" in page
    assert "### A part\n\nSome text.\n\n| a |\n| --- |\n| 1 |\n" in page


def test_every_section_has_its_heading_and_a_link_to_it(
    validation: tuple[ModuleType, ModuleType], tmp_path: Path
) -> None:
    _, report = validation
    page = report.page(tmp_path, "a command")
    for section in report.SECTIONS:
        assert f"\n## {section.title}\n" in page
        assert f"](#{section.title.lower().replace(' ', '-')})" in page


PRINTED = """\
dicom-plan              600000 in   70.0 s (  8571/s), 2 new: 500000 refused, 100000 read
notes                   400000 in   10.0 s ( 40000/s), 0 new: 400000 refused

1000000 executions of 2 readers in 80 s of the processor; found: 0
"""


@pytest.mark.parametrize(
    ("printed", "code", "met"),
    [
        (PRINTED, 0, True),
        (PRINTED.replace("1000000 ex", "999999 ex"), 0, None),
        (PRINTED.replace("found: 0", "found: 1"), 1, False),
        (PRINTED, 1, False),
    ],
)
def test_fuzzing_is_met_by_a_whole_run_that_found_nothing(printed: str, code: int, met: bool | None) -> None:
    made = loaded("run").fuzzed(printed, code, "the command")
    assert made.met is met
    assert "| dicom-plan | 600,000 | 70.0 | 500000 refused, 100000 read |" in made.parts[0].table


def test_a_fuzzer_that_did_not_sum_up_is_no_result() -> None:
    with pytest.raises(RuntimeError, match="before it summed up"):
        loaded("run").fuzzed("dicom-plan 5 in 1.0 s", 0, "the command")


def test_a_hazard_is_shown_to_be_prevented_only_where_all_of_its_tests_passed() -> None:
    said = loaded("suite").tests_of
    assert said([], {}) == "none: open"
    assert said(["a", "b"], {"a": "passed", "b": "passed"}) == "passed"
    assert said(["a", "b", "c"], {"a": "passed", "b": "skipped"}) == "1 skipped, 1 not run, 1 passed"
    assert said(["a"], {"a": "failed"}) == "1 failed"


# What a run of the tests counted

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
    evidence = loaded("evidence")
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
    assert counted["sources"] == evidence.digest()
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


def test_without_any_counts_no_version_was_tried(tmp_path: Path) -> None:
    made = found_of("dependencies", tmp_path)
    assert made.nothing
    assert made.met is None


def test_what_the_runs_count_is_where_the_sections_look_for_it() -> None:
    run, suite = loaded("run"), loaded("suite")
    assert run.main.__module__ == "validation_run"
    assert (TESTS.parent / ".gitignore").read_text(encoding="utf-8").count(suite.run_all.COUNTS.split("/")[0]) == 1


def test_one_command_starts_every_section_that_is_neither_counted_nor_takes_hours(tmp_path: Path) -> None:
    report, run = loaded("report"), loaded("run")
    args = Namespace(results=tmp_path, counts=None, full=True, plans=Path("plans"))
    started = [*report.commands(args)]
    by_run = {words[1] for words in started if words[0] == "validation/run.py"}
    assert by_run == set(run.SECTIONS)
    others = {"cross_checks/run.py": "cross-checks", "supply_chain.py": "supply-chain"}
    made = by_run | {others[words[0]] for words in started if words[0] in others}
    assert {section.name for section in report.SECTIONS} - made == {"mutation"}
    assert all((TESTS / words[0]).is_file() and str(tmp_path) in words for words in started)

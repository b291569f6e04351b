"""The validation report: it never looks better than what was found, whatever was found."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folders import TESTS
from validation_modules import loaded


@pytest.fixture(scope="module")
def validation() -> tuple[ModuleType, ModuleType]:
    """The modules `evidence` and `report`, from their folder."""
    return loaded("evidence"), loaded("report")


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
dicom-plan              600000 in   70.0 s (  8571/s), 2 new: 500000 refused: NoPlanError, 100000 read
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
    assert "| dicom-plan | 600,000 | 70.0 | 500000 refused: NoPlanError, 100000 read |" in made.parts[0].table


def test_a_fuzzer_that_did_not_sum_up_is_no_result() -> None:
    with pytest.raises(RuntimeError, match="before it summed up"):
        loaded("run").fuzzed("dicom-plan 5 in 1.0 s", 0, "the command")


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

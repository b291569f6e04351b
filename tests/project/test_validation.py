"""The validation report: it never looks better than what was found, whatever was found."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


def word(validation: tuple[ModuleType, ModuleType], folder: Path, sources: str = "") -> str:
    _, report = validation
    section = next(one for one in report.SECTIONS if one.name == "bounds")
    return report.standing(section, folder, sources).word


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
        assert word(validation, tmp_path, met.sources) == expected
    evidence.write(replace(met, met=False, sources="0123456789abcdef"), tmp_path)
    assert word(validation, tmp_path, met.sources) == "not met"


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
    said = loaded("run").tests_of
    assert said([], {}) == "none: open"
    assert said(["a", "b"], {"a": "passed", "b": "passed"}) == "passed"
    assert said(["a", "b", "c"], {"a": "passed", "b": "skipped"}) == "1 skipped, 1 not run, 1 passed"
    assert said(["a"], {"a": "failed"}) == "1 failed"

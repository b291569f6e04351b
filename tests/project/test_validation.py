"""The validation report: it never looks better than what was found, whatever was found."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folders import TESTS


@pytest.fixture(scope="module", autouse=True)
def validation() -> tuple[ModuleType, ModuleType]:
    """The modules `evidence` and `report`, from their folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "validation"))
        __import__("report")
    return sys.modules["evidence"], sys.modules["report"]


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

"""The list of hazards: what it cites is there, and a list that is wrong is refused."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from cited_tests import missing
from folders import ROOT


@pytest.fixture(scope="module")
def hazard_list() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs"))
        import hazard_list

        return hazard_list


def test_every_test_that_is_cited_is_there(hazard_list: ModuleType) -> None:
    cited = [test for hazard in hazard_list.load() for test in hazard.tests]
    assert cited
    assert missing(cited) == []


def test_every_page_that_is_cited_is_there(hazard_list: ModuleType) -> None:
    pages = {control.page for hazard in hazard_list.load() for control in hazard.controls} - {""}
    assert pages
    assert [page for page in pages if not (ROOT / "docs" / page).is_file()] == []


def test_every_hazard_is_on_the_page_and_what_nothing_prevents_stands_first(hazard_list: ModuleType) -> None:
    page = hazard_list.hazards()
    found = hazard_list.load()
    places = [page.index(f"### {hazard.id}\n") for hazard in found]
    assert places == sorted(places)
    assert all(hazard.misleads in page and hazard.remains in page for hazard in found)
    assert [bool(hazard.open) for hazard in found] == sorted((bool(hazard.open) for hazard in found), reverse=True)


GOOD = "{id: a, group: Input, misleads: m, cause: c, remains: r, controls: [%s]}"
CONTROL = "{does: d, kind: design, tests: [tests/x.py::test_y]}"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([GOOD % CONTROL, GOOD % CONTROL], "the id a is there 2 times"),
        ([GOOD % ""], "a: has either controls or a reason why it is open"),
        ([(GOOD % CONTROL).replace("remains", "left")], "a: keys that are missing or unknown: left, remains"),
        ([GOOD % "{does: d, kind: luck}"], "'luck' is no kind of control"),
        ([GOOD % "{does: d, kind: protection}"], "no test shows: d"),
        ([GOOD % "{does: d, kind: information, tests: [t]}"], "no page says: d"),
        ([GOOD % "{does: d, kind: design, test: [t]}"], "keys of a control that are missing or unknown: test"),
    ],
)
def test_a_list_that_is_wrong_is_refused(
    hazard_list: ModuleType, tmp_path: Path, entries: list[str], said: str
) -> None:
    path = tmp_path / "hazards.yaml"
    path.write_text("hazards:\n" + "".join(f"  - {entry}\n" for entry in entries), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(said)):
        hazard_list.load(path)

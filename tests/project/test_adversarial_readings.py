"""The list of adversarial readings: what it cites is there, and a list that is wrong is refused."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from cited_tests import missing
from folders import ROOT


@pytest.fixture(scope="module")
def listed() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs"))
        import adversarial_readings

        return adversarial_readings


def test_every_test_that_is_cited_is_there(listed: ModuleType) -> None:
    assert missing(test for reading in listed.load() for one in reading.tries for test in one.tests) == []


GOOD = """{date: "2026-01-31", commit: abcdef0, hours: 2.5, reader: one who did not write it, tries: [%s]}"""
HELD = "{what: w, how: h, outcome: held, said: s}"
OPEN = "{what: o, how: h, outcome: found, said: s, open: not yet}"
MENDED = "{what: m, how: h, outcome: found, said: s, tests: ['tests/x.py::test_y']}"


def loaded(listed: ModuleType, folder: Path, *entries: str) -> object:
    path = folder / "readings.yaml"
    path.write_text("readings:\n" + "".join(f"  - {entry}\n" for entry in entries), encoding="utf-8")
    return listed.load(path)


def test_what_is_open_stands_first_and_what_held_last(
    listed: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = loaded(listed, tmp_path, GOOD % ", ".join([HELD, MENDED, OPEN]))
    monkeypatch.setattr(listed, "load", lambda: readings)
    page = listed.adversarial_readings()
    assert "Commit `abcdef0`, 2.5 hours, tries: 3." in page
    assert page.index("- **o** h *Found*: s **Open:** not yet") < page.index("- **m** h *Found*: s Mended: `test_y`.")
    assert page.index("- **m**") < page.index("- **w** h *Held*: s")
    assert listed.adversarial_reading_counts() == (
        "Readings: 1, hours: 2.5, tries: 3; found: 2, of these mended: 1, open: 1."
    )


def test_the_latest_reading_stands_first(listed: ModuleType, tmp_path: Path) -> None:
    later = GOOD.replace("2026-01-31", "2026-02-01")
    assert [one.date for one in loaded(listed, tmp_path, GOOD % HELD, later % HELD)] == ["2026-02-01", "2026-01-31"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (GOOD.replace("2026-01-31", "yesterday") % HELD, "reading 1: yesterday is no date in quotes"),
        (GOOD.replace('"', "") % HELD, "reading 1: 2026-01-31 is no date in quotes"),
        (GOOD.replace("abcdef0", "main") % HELD, "reading 1: main is no commit"),
        (GOOD.replace("2.5", "0") % HELD, "reading 1: 0 is no number of hours"),
        (GOOD.replace("2.5", "two") % HELD, "reading 1: two is no number of hours"),
        (GOOD % "", "reading 1: nothing was tried"),
        (GOOD.replace("reader", "who") % HELD, "reading 1: keys that are missing or unknown: reader, who"),
        (GOOD % HELD.replace("said", "says"), "reading 1, try 1: keys that are missing or unknown: says"),
        (GOOD % HELD.replace(", said: s", ""), "try 1: keys that are missing or unknown: said"),
        (GOOD % HELD.replace("held", "luck"), "try 1: 'luck' is no outcome"),
        (GOOD % MENDED.replace("found", "held"), "try 1: what held is neither mended nor open"),
        (GOOD % HELD.replace("held", "found"), "try 1: what was found has either tests"),
        (GOOD % OPEN.replace("}", ", tests: [a]}"), "try 1: what was found has either tests"),
    ],
)
def test_a_list_that_is_wrong_is_refused(listed: ModuleType, tmp_path: Path, entry: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        loaded(listed, tmp_path, entry)

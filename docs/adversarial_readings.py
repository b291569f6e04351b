"""What people tried who wanted sbrtcheck to lie -> the page that lists it, and the tests that show what was mended.

The list is ``validation/adversarial-reading.yaml``; what its keys mean stands at its head. A fault in it breaks the
build and the tests.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FILE = Path(__file__).resolve().parent / "validation" / "adversarial-reading.yaml"
OUTCOMES = {"held": "nothing looked better than what was checked", "found": "something did"}
_OF_READING = {"date", "commit", "hours", "reader", "tries"}
_OF_TRY = {"what", "how", "outcome", "said"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What would look better than it is, how that was tried, and what came of it.

    What was found is mended, as ``tests`` show, or is ``open``, with the reason.
    """

    what: str
    how: str
    outcome: str
    said: str
    tests: tuple[str, ...] = ()
    open: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading: when, of which commit, for how many hours, by whom, and what was tried."""

    date: str
    commit: str
    hours: float
    reader: str
    tries: tuple[Try, ...]


def load(path: Path = FILE) -> tuple[Reading, ...]:
    """All readings, the latest first; ValueError with all that is wrong in the file."""
    read = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))["readings"]
    if faults := [*_faults(read)]:
        raise ValueError(f"{path.name}: " + "; ".join(faults))
    made = (Reading(**{**one, "tries": tuple(map(_try, one["tries"]))}) for one in read)
    return tuple(sorted(made, key=lambda reading: reading.date, reverse=True))


def _try(read: Mapping[str, Any]) -> Try:
    return Try(**{**read, "tests": tuple(read.get("tests", ()))})


def _faults(read: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is missing, unknown, no date or no number of hours; found, and neither mended nor open."""
    for number, one in enumerate(read, start=1):
        name = f"reading {number}"
        if unlike := _OF_READING ^ set(one):
            yield f"{name}: keys that are missing or unknown: {', '.join(sorted(unlike))}"
            continue
        try:
            dt.date.fromisoformat(one["date"])
        except (TypeError, ValueError):
            yield f"{name}: {one['date']} is no date in quotes"
        if not re.fullmatch("[0-9a-f]{7,40}", str(one["commit"])):
            yield f"{name}: {one['commit']} is no commit"
        if not isinstance(one["hours"], int | float) or not 0 < one["hours"] < 1000:
            yield f"{name}: {one['hours']} is no number of hours"
        if not one["tries"]:
            yield f"{name}: nothing was tried"
        yield from (f"{name}, try {at}: {fault}" for at, of in enumerate(one["tries"], 1) for fault in _faults_of(of))


def _faults_of(one: Mapping[str, Any]) -> Iterator[str]:
    if unlike := set(one) - {*_OF_TRY, "tests", "open"} or _OF_TRY - set(one):
        yield f"keys that are missing or unknown: {', '.join(sorted(unlike))}"
    elif one["outcome"] not in OUTCOMES:
        yield f"{one['outcome']!r} is no outcome; there are {', '.join(OUTCOMES)}"
    elif one["outcome"] == "held" and (one.get("tests") or one.get("open")):
        yield "what held is neither mended nor open"
    elif one["outcome"] == "found" and bool(one.get("tests")) == bool(one.get("open")):
        yield "what was found has either tests that show it mended, or a reason why it is open"


def adversarial_readings() -> str:
    """Every reading with its tries: what was found and is open first, then what was found, then what held."""
    return "\n\n".join(map(_shown, load())) or "Nobody has read it in this way yet."


def _shown(reading: Reading) -> str:
    head = f"## {reading.date}, {reading.reader}\n\nCommit `{reading.commit}`, {reading.hours:g} hours, tries: "
    tries = sorted(reading.tries, key=lambda one: (not one.open, one.outcome != "found"))
    return "\n\n".join([f"{head}{len(tries)}.", *map(_try_shown, tries)])


def _try_shown(one: Try) -> str:
    tests = ", ".join(f"`{test.rpartition('::')[2]}`" for test in one.tests)
    after = f"**Open:** {one.open}" if one.open else f"Mended: {tests}." if tests else ""
    return f"- **{one.what}** {one.how} *{one.outcome.capitalize()}*: {one.said} {after}".rstrip()


def counts_of_readings(readings: Sequence[Reading]) -> str:
    """How many readings and hours there are, and what the tries came to, in one sentence."""
    tries = [one for reading in readings for one in reading.tries]
    found = [one for one in tries if one.outcome == "found"]
    hours = sum(reading.hours for reading in readings)
    still_open = sum(bool(one.open) for one in found)
    return (
        f"readings: {len(readings)}, hours: {hours:g}, tries: {len(tries)}; found: {len(found)}, of these mended:"
        f" {len(found) - still_open}, open: {still_open}"
    )


def adversarial_reading_counts() -> str:
    """The same of the whole list, as a sentence of the page."""
    said = counts_of_readings(load())
    return f"{said[:1].upper()}{said[1:]}."

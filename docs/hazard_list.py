"""What could mislead a user -> the page that lists it, and the tests that show what prevents it.

The list is ``hazards.yaml``; what its keys mean stands at its head. A fault in it breaks the build and the tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "hazards.yaml"
KINDS = {
    "design": "the wrong thing cannot be said",
    "protection": "it is looked for: no pass, or no verdict",
    "information": "it is said, and a person has to act on it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What is done about a hazard, and what shows it: tests by their ids, or a page of the documentation."""

    does: str
    kind: str
    tests: tuple[str, ...] = ()
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """What a reader would wrongly believe, why, what prevents it, and what is left; ``open`` where nothing does."""

    id: str
    group: str
    misleads: str
    cause: str
    remains: str
    controls: tuple[Control, ...] = ()
    open: str = ""

    @property
    def tests(self) -> tuple[str, ...]:
        """Ids of all its tests."""
        return tuple(test for control in self.controls for test in control.tests)


def load(path: Path = FILE) -> tuple[Hazard, ...]:
    """All hazards, those without a control first; ValueError with all that is wrong in the file."""
    read = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))["hazards"]
    if faults := [*_faults(read)]:
        raise ValueError(f"{path.name}: " + "; ".join(faults))
    made = (Hazard(**{**one, "controls": tuple(_control(control) for control in one["controls"])}) for one in read)
    return tuple(sorted(made, key=lambda hazard: not hazard.open))


def _control(read: Mapping[str, Any]) -> Control:
    return Control(**{**read, "tests": tuple(read.get("tests", ()))})


def _faults(read: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is missing, unknown, there twice or not shown by anything."""
    for name, number in Counter(str(one.get("id")) for one in read).items():
        if number > 1:
            yield f"the id {name} is there {number} times"
    for one in read:
        name = one.get("id", "a hazard without id")
        needed = {"id", "group", "misleads", "cause", "remains", "controls"}
        if unlike := (needed ^ set(one)) - {"open"}:
            yield f"{name}: keys that are missing or unknown: {', '.join(sorted(unlike))}"
            continue
        if bool(one["controls"]) == bool(one.get("open")):
            yield f"{name}: has either controls or a reason why it is open"
        yield from (f"{name}: {fault}" for control in one["controls"] for fault in _faults_of_control(control))


def _faults_of_control(control: Mapping[str, Any]) -> Iterator[str]:
    if unlike := set(control) - {"does", "kind", "tests", "page"} or {"does", "kind"} - set(control):
        yield f"keys of a control that are missing or unknown: {', '.join(sorted(unlike))}"
    elif control["kind"] not in KINDS:
        yield f"{control['kind']!r} is no kind of control; there are {', '.join(KINDS)}"
    elif control["kind"] == "information" and not control.get("page"):
        yield f"no page says: {control['does']}"
    elif control["kind"] != "information" and not control.get("tests"):
        yield f"no test shows: {control['does']}"


def hazards() -> str:
    """All hazards, group by group, each with its controls, what shows them, and what is left."""
    parts: list[str] = []
    group = ""
    for hazard in load():
        heading = "Nothing prevents it yet" if hazard.open else hazard.group
        if heading != group:
            group = heading
            parts.append(f"## {group}")
        parts.append(_shown(hazard))
    return "\n\n".join(parts)


def _shown(hazard: Hazard) -> str:
    controls = [f"- {control.does} *{control.kind.capitalize()}*: {_by(control)}" for control in hazard.controls]
    lines = [f"### {hazard.id}", "", f"{hazard.misleads} **Cause:** {hazard.cause}", "", *controls]
    if hazard.open:
        lines += [f"**Open:** {hazard.open}"]
    return "\n".join([*lines, "", f"**What is left:** {hazard.remains}"])


def _by(control: Control) -> str:
    tests = [f"`{test.rpartition('::')[2]}`" for test in control.tests]
    return ", ".join([*tests, *([f"[{control.page}]({control.page})"] if control.page else [])]) + "."


def hazard_counts() -> str:
    """How many there are, as a sentence."""
    found = load()
    kinds = Counter(control.kind for hazard in found for control in hazard.controls)
    tests = {test for hazard in found for test in hazard.tests}
    said = ", ".join(f"{kinds[kind]} of {kind}" for kind in KINDS)
    nothing = sum(bool(hazard.open) for hazard in found)
    return f"{len(found)} hazards, {nothing} of them open; controls: {said}; {len(tests)} tests show them."

"""Sections of the validation report that are made of what the tests came to.

They are laws, hazards, adversarial reading, and versions of dependencies.

Nothing is run here. `tests/run_all.py` counts each of its runs in ``.cache/counts``, one file for each of its
``--versions``; all sections read the same counts. Those of other sources are refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import evidence
from evidence import ROOT, Evidence, Origin, Part
from packaging.requirements import Requirement
from packaging.version import Version

sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests"), str(ROOT / "tests" / "benchmarks")]
import adversarial_readings  # noqa: E402
import hazard_list  # noqa: E402
import shop  # noqa: E402

import run_all  # noqa: E402
import supply_chain  # noqa: E402

COMMAND = "python tests/validation/run.py"
TOOLS = ("pip", "sbrtcheck", "setuptools", "uv", "wheel")
"""What installs, and what is installed: no package that is depended on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One run of the tests: outcomes of tests and of their functions, examples of laws, versions of packages."""

    origin: Origin
    words: tuple[str, ...]
    code: int
    tests: Mapping[str, int]
    examples: Mapping[str, int]
    functions: Mapping[str, str]
    versions: Mapping[str, str]

    @property
    def is_whole(self) -> bool:
        """Whether it is what `tests/run_all.py` runs, and no less."""
        return self.words == run_all.TESTS[1:]

    @property
    def failed(self) -> bool:
        """Whether a test failed, or whatever else made pytest say so."""
        return bool(self.code or self.tests.get("failed"))

    @property
    def python(self) -> str:
        """The Python that ran them, "Python 3.13.0"; each set of versions may be of another."""
        return next((part for part in self.origin.surroundings.split(", ") if part.startswith("Python ")), "Python")

    @property
    def in_words(self) -> str:
        """Outcomes, and of which part of the tests they are where they are not of all."""
        some = "" if self.is_whole else f" (a part of the tests: {' '.join(self.words)})"
        numbers = [self.tests.get(outcome, 0) for outcome in ("passed", "failed", "skipped")]
        return "{:,} passed, {} failed, {} skipped".format(*numbers) + some


def counted(folder: Path, versions: str) -> Counts:
    """The counts of a run with these versions; RuntimeError where there are none of the sources that are here."""
    again = f"`{_command(versions)}` counts anew"
    try:
        content = json.loads((folder / f"{versions}.json").read_text(encoding="utf-8"))
        of = Origin(**{name: content.pop(name) for name in Origin.__slots__})
        made = Counts(**{**content, "origin": of, "words": tuple(content["words"])})
    except FileNotFoundError:
        raise RuntimeError(f"no counts of the {versions} versions; {again}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise RuntimeError(f"{versions}.json is no file of counts ({type(fault).__name__}); {again}") from None
    if of.sources != evidence.digest():
        raise RuntimeError(f"the counts of the {versions} versions are of other sources, {of.sources}; {again}")
    return made


def _command(versions: str) -> str:
    return "python tests/run_all.py" + ("" if versions == "newest" else f" --versions {versions}")


# ------------------------------------------------------------------------------------------------------------- laws


def laws(args: argparse.Namespace) -> Evidence:
    """Tests and the examples of hypothesis, by package."""
    done = counted(args.counts, "newest")
    examples, functions = done.examples, done.functions
    packages = sorted({Path(name).parts[1] if name.startswith("tests/") else "src" for name in functions})
    rows = [(package, *_of_package(package, functions, examples)) for package in packages]
    return evidence.found(
        "laws",
        f"{_command('newest')}, {COMMAND} laws",
        summary=f"tests: {done.in_words}; {len(examples):,} laws over {sum(examples.values()):,} generated examples",
        met=False if done.failed else True if done.is_whole else None,
        parts=[
            Part(
                text="A law is a test over generated input; an example is one input. Cases of one function count each.",
                table=shop.table(["tests of", "functions", "not passed", "laws", "examples"], rows),
            )
        ],
        origin=done.origin,
    )


def _of_package(package: str, functions: Mapping[str, str], examples: Mapping[str, int]) -> tuple[str, ...]:
    prefix = "src/" if package == "src" else f"tests/{package}"
    own = {name: said for name, said in functions.items() if name.startswith(prefix)}
    of_laws = [number for name, number in examples.items() if name.startswith(prefix)]
    bad = sum(said != "passed" for said in own.values())
    return tuple(f"{number:,}" for number in (len(own), bad, len(of_laws), sum(of_laws)))


# ---------------------------------------------------------------------------------------------------------- hazards


def hazards(args: argparse.Namespace) -> Evidence:
    """Each hazard of the list with what the tests that it cites came to."""
    done = counted(args.counts, "newest")
    listed = hazard_list.load()
    shown = [(hazard, tests_of(hazard.tests, done.functions)) for hazard in listed]
    good = sum(said == "passed" for _, said in shown)
    failed = [hazard.id for hazard, said in shown if "failed" in said]
    open_ = [hazard.id for hazard, _ in shown if hazard.open]
    rows = [(hazard.id, hazard.misleads, said, hazard.open or hazard.remains) for hazard, said in shown]
    return evidence.found(
        "hazards",
        f"{_command('newest')}, {COMMAND} hazards",
        summary=f"of {len(listed)} hazards {good} have controls whose tests all passed; {len(open_)} are open, "
        f"{len(failed)} have a test that failed",
        met=False if failed else True if good == len(listed) else None,
        parts=[
            Part(
                text="What each is prevented by is on the [page of hazards](hazards.md).",
                table=shop.table(["hazard", "what it would mislead to", "tests of its controls", "what is left"], rows),
            )
        ],
        origin=done.origin,
    )


def tests_of(tests: Sequence[str], outcomes: Mapping[str, str]) -> str:
    """One word where all are alike, else how many came to what."""
    if not tests:
        return "none: open"
    said = [outcomes.get(test, "not run") for test in tests]
    if set(said) == {"passed"}:
        return "passed"
    return ", ".join(f"{said.count(one)} {one}" for one in ("failed", "skipped", "not run", "passed") if one in said)


# ---------------------------------------------------------------------------------------------- adversarial reading

HOURS = 2.0
"""What is asked for of adversarial reading before a release."""


def adversarial_reading(args: argparse.Namespace) -> Evidence:
    """What readers who wanted it to lie found, and whether the tests of what was mended passed.

    The readings are of the commits that they name; their tests are those of now.
    """
    command = f"{_command('newest')}, {COMMAND} adversarial-reading"
    readings = adversarial_readings.load()
    if not readings:
        said = "nobody has read it in this way yet"
        return evidence.found("adversarial-reading", command, summary=said, met=None, parts=[], nothing=True)
    done = counted(args.counts, "newest")
    found = [one for reading in readings for one in reading.tries if one.outcome == "found"]
    came = {one: tests_of(one.tests, done.functions) for one in found}
    good = sum(said == "passed" for said in came.values())
    enough = sum(reading.hours for reading in readings) >= HOURS
    rows = [(one.what, one.said, f"open: {one.open}" if one.open else said) for one, said in came.items()]
    heads = ["date", "reader", "commit", "hours", "tries", "found"]
    read = [
        (one.date, one.reader, f"`{one.commit}`", f"{one.hours:g}", len(one.tries), sum(t in came for t in one.tries))
        for one in readings
    ]
    return evidence.found(
        "adversarial-reading",
        command,
        summary=f"{adversarial_readings.counts_of_readings(readings)}; of what was found, tests of {good} passed",
        met=False if any("failed" in said for said in came.values()) else (good == len(found) and enough) or None,
        parts=[
            Part(
                text="All that was tried is on the [page of adversarial reading](adversarial-reading.md).",
                table=shop.table(heads, read),
            ),
            *([Part(heading="Found", table=shop.table(["what", "what came of it", "tests"], rows))] if rows else []),
        ],
        origin=done.origin,
    )


# ----------------------------------------------------------------------------------------------------- dependencies


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The tests with one set of versions, in a row of the section; ``met`` as in `Evidence`."""

    name: str
    said: str
    met: bool | None
    failed: str = ""
    versions: str = ""
    origin: Origin | None = None


def dependencies(args: argparse.Namespace) -> Evidence:
    """The tests with the newest, the locked and the lowest versions.

    Those of the newest are those of the locked ones, where the newest are what is locked.
    """
    tried = [_tried(args.counts, name) for name in ("newest", "locked", "lowest")]
    met = [one.met for one in tried]
    origins = sorted((one.origin for one in tried if one.origin), key=lambda origin: origin.date)
    rows = [(one.name, one.said, one.failed, one.versions, one.origin.date if one.origin else "") for one in tried]
    return evidence.found(
        "dependencies",
        f"python tests/run_all.py --versions newest, locked and lowest, {COMMAND} dependencies",
        summary="; ".join(f"{one.name}: {one.said}" for one in tried),
        met=False if False in met else None if None in met else True,
        parts=[Part(table=shop.table(["versions", "tests", "failed", "of what is asked for directly", "date"], rows))],
        origin=origins[0] if origins else None,
        nothing=not origins,
    )


def _tried(folder: Path, name: str) -> Tried:
    said = ""
    try:
        done = counted(folder, name)
    except RuntimeError as none:
        if name != "locked" or (done := _newest_as_locked(folder)) is None:
            return Tried(name=name, said=f"not run: {none}", met=None)
        said = "the newest are the locked ones: "
    if wrong := [*unlike(name, done.versions)]:
        return Tried(name=name, said=f"not run: other versions were installed: {', '.join(wrong)}", met=None)
    return Tried(
        name=name,
        said=said + done.in_words,
        met=False if done.failed else True if done.is_whole else None,
        failed=", ".join(f"`{one}`" for one, came in done.functions.items() if came == "failed") or "none",
        versions=", ".join(
            [done.python, *(f"{one.name} {done.versions.get(evidence.normal(one.name))}" for one in direct())]
        ),
        origin=done.origin,
    )


def _newest_as_locked(folder: Path) -> Counts | None:
    try:
        newest = counted(folder, "newest")
    except RuntimeError:
        return None
    return newest if not [*unlike("locked", newest.versions)] else None


def direct() -> list[Requirement]:
    """What the package itself asks for."""
    return [*map(Requirement, supply_chain.project()["dependencies"])]


def unlike(name: str, versions: Mapping[str, str]) -> Iterator[str]:
    """Packages whose version is not the locked one, or not the lowest that is allowed."""
    if name == "locked":
        locked = supply_chain.locked(supply_chain.LOCK.read_text(encoding="utf-8"))
        for package, version in versions.items():
            if package not in TOOLS and Version(version) not in [one for one, _ in locked.get(package, ())]:
                yield f"{package} {version}"
    if name == "lowest":
        for one in supply_chain.requirements():
            version = versions.get(evidence.normal(one.name))
            if version is not None and not _is_lowest(one, version):
                yield f"{one.name} {version}"


def _is_lowest(asked: Requirement, version: str) -> bool:
    """Whether it is the version that a lower bound names, to as many places: 3.0.1 is of 3.0."""
    release = Version(version).release
    lower = [Version(one.version).release for one in asked.specifier if one.operator in (">=", "==")]
    return all(release[: len(bound)] == bound for bound in lower)

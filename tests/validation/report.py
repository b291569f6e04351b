"""The validation report that a clinic can file: ``python tests/validation/report.py [--results FOLDER] [--out FILE]``.

It is made of what other commands found and kept as JSON. A section of which there is none says *not run*; one that was
found of other sources than those here says so, and neither counts as met. Nothing is computed here; ``--run`` starts
those commands first, as many at once as there are processors.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import evidence
from evidence import ROOT, Evidence

PAGE = ROOT / "docs" / "validation-report.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What a section asks, and the command that answers."""

    name: str
    title: str
    asks: str
    command: str


SECTIONS = (
    Section(
        name="accuracy",
        title="Accuracy on phantoms with known answers",
        asks="How far are volumes and doses of solids from their formulas?",
        command="python tests/validation/run.py accuracy --full",
    ),
    Section(
        name="bounds",
        title="Bounds",
        asks="Does the exact result of the model lie within the bounds that a report prints?",
        command="python tests/validation/run.py bounds --full",
    ),
    Section(
        name="planning-systems",
        title="Agreement with planning systems",
        asks="Do DVHs agree with those of planning systems on real plans, and if not, why?",
        command="python tests/validation/run.py planning-systems --plans FOLDER",
    ),
    Section(
        name="cross-checks",
        title="Agreement with other programs",
        asks="Do other programs compute the same, and if not, why? Do they read what is written here?",
        command="python tests/cross_checks/run.py",
    ),
    Section(
        name="laws",
        title="Tests and laws",
        asks="How many tests passed, and over how many generated examples did the laws hold?",
        command="python tests/run_all.py, then python tests/validation/run.py laws",
    ),
    Section(
        name="fuzzing",
        title="Hostile input",
        asks="Is every damaged or hostile file read or refused, without any other error?",
        command="python tests/validation/run.py fuzzing --full",
    ),
    Section(
        name="mutation",
        title="Mutation testing",
        asks="How many faults put into the program do the tests notice?",
        command="python tests/validation/mutation.py",
    ),
    Section(
        name="hazards",
        title="Hazards",
        asks="What could mislead a user, and did the tests of what prevents it pass?",
        command="python tests/run_all.py, then python tests/validation/run.py hazards",
    ),
    Section(
        name="adversarial-reading",
        title="Adversarial reading",
        asks="What did readers find who wanted a report to look better than what was checked, and is it mended?",
        command="python tests/run_all.py, then python tests/validation/run.py adversarial-reading",
    ),
    Section(
        name="dependencies",
        title="Versions of dependencies",
        asks="Do the tests pass with the oldest and with the newest versions that are allowed?",
        command="python tests/run_all.py, the same with --versions locked and with --versions lowest, then "
        "python tests/validation/run.py dependencies",
    ),
    Section(
        name="supply-chain",
        title="Supply chain",
        asks="Is the development environment locked, what is in it, and are weaknesses of it known?",
        command="python tests/supply_chain.py audit",
    ),
)

LONGEST_FIRST = (
    *("bounds", "fuzzing", "accuracy", "planning-systems", "laws", "hazards", "adversarial-reading", "dependencies"),
)
"""The sections of `run.py`, in the order in which ``--run`` starts them."""

INTRODUCTION = """\
# Validation report

sbrtcheck {version}, {date}, commit `{commit}`{changed}, sources `{sources}`.
Made by `{command}` on {surroundings}.

Each section was found by a command of its own, at the time and on the commit that it names. *Met*: all that the
section asks for was looked at, and holds. A section that was not run, was run in part, or was found of other sources
than those named above (`src` and `constraints`) does not count as met. Pages and tests may have changed since. Of
sections about a list or about packages the digest is also that of the list, or of the files that name the packages.

It says nothing of a clinic's own planning system, machine and use. To file it there, run the commands on the PC where
sbrtcheck is used, with your own plans, and fill in the last table.
"""

SIGNATURE = """\
## For the clinic

| | |
| --- | --- |
| Planning system and version, and plans that were compared | |
| Tables in use, with their versions, compared with the originals by | |
| Hazards above that were weighed for this clinic by | |
| Date, name | |
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a section comes to in one word, what was found, and why it does not count where it does not."""

    section: Section
    word: str
    summary: str
    found: Evidence | None = None


def standing(section: Section, folder: Path) -> Standing:
    """The section as the report of the sources that are here has it."""
    path = folder / f"{section.name}.json"
    if not path.exists():
        return Standing(section=section, word="not run", summary="")
    try:
        found = evidence.read(path)
    except (ValueError, TypeError, KeyError) as fault:
        return Standing(section=section, word="not run", summary=f"{path.name} cannot be read ({type(fault).__name__})")
    if found.section != section.name:
        return Standing(section=section, word="not run", summary=f"{path.name} is of the section {found.section}")
    if found.met is False:
        word = "not met"
    elif found.nothing:
        word = "not run"
    elif found.sources != evidence.digest(section.name):
        word = "of other sources"
    else:
        word = "met" if found.met is True else "in part"
    return Standing(section=section, word=word, summary=found.summary, found=found)


def page(folder: Path, command: str) -> str:
    """The whole report."""
    commit, changed = evidence.state()
    sources = evidence.digest()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    head = INTRODUCTION.format(
        version=version,
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        commit=commit,
        changed=f" with changes in {', '.join(changed)} that are not in it" if changed else "",
        sources=sources,
        command=command,
        surroundings=evidence.surroundings(),
    )
    standings = [standing(section, folder) for section in SECTIONS]
    return "\n".join([head, _summed_up(standings), *map(_shown, standings), SIGNATURE])


def _summed_up(standings: Sequence[Standing]) -> str:
    met = sum(one.word == "met" for one in standings)
    rows = [
        f"| [{one.section.title}](#{_anchor(one.section)}) | {_strong(one.word)} | {one.summary} |" for one in standings
    ]
    lines = [
        f"**{met} of {len(standings)} sections are met.**",
        "",
        "| section | | what was found |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*lines, *rows, ""])


def _strong(word: str) -> str:
    return word if word == "met" else f"**{word}**"


def _anchor(section: Section) -> str:
    return section.title.lower().replace(" ", "-")


def _shown(one: Standing) -> str:
    lines = [f"## {one.section.title}", "", f"{one.section.asks} {_strong(one.word.capitalize())}."]
    if one.found is None:
        said = f" {one.summary}." if one.summary else ""
        return "\n".join([*lines, "", f"There is no result.{said} The command: `{one.section.command}`.", ""])
    found = one.found
    changed = f", with changes in {', '.join(found.changed)} that are not in it" if found.changed else ""
    other = "; not those of this report" if one.word == "of other sources" else ""
    made = f"By `{found.command}`, {found.date}, commit `{found.commit}`{changed}, sources `{found.sources}`{other}"
    parts = [
        text for part in found.parts for text in (f"### {part.heading}" * bool(part.heading), part.text, part.table)
    ]
    said = f"{found.summary[:1].upper()}{found.summary[1:]}."
    return "\n\n".join([*lines[::2], said, f"{made}; {found.surroundings}.", *filter(None, parts)]) + "\n"


def commands(args: argparse.Namespace) -> Iterator[list[str]]:
    """What ``--run`` starts: all but tests, which `tests/run_all.py` runs, and mutation testing, which takes hours."""
    out = ["--out", str(args.results)]
    of_all = [*out, "--counts", str(args.counts)] if args.counts else out
    full, plans = ["--full"] * args.full, ["--plans", str(args.plans)] if args.plans else []
    for name in LONGEST_FIRST:
        yield ["validation/run.py", name, *full, *plans, *of_all]
    yield ["cross_checks/run.py", "--results", str(args.results)]
    yield ["supply_chain.py", "audit", *out]


def run(command: Sequence[str]) -> None:
    """One of the commands; what comes of it, its file says, or that there is none."""
    program, *words = command
    subprocess.run([sys.executable, str(ROOT / "tests" / program), *words], cwd=ROOT, check=False)


def main(words: Sequence[str] | None = None) -> int:
    """Write the page; the exit code is 1 where a section is not met, in part, not run or of other sources."""
    parser = argparse.ArgumentParser(description="The validation report that a clinic can file.")
    parser.add_argument(
        "--results", type=Path, default=evidence.FOLDER, metavar="FOLDER", help="default: docs/validation"
    )
    parser.add_argument("--out", type=Path, default=PAGE, metavar="FILE", help="default: docs/validation-report.md")
    parser.add_argument("--run", action="store_true", help="first find what each section is made of")
    parser.add_argument("--full", action="store_true", help="with --run: as much as before a release")
    parser.add_argument("--plans", type=Path, metavar="FOLDER", help="with --run: real plans whose RTDOSE stores DVHs")
    parser.add_argument("--counts", type=Path, metavar="FOLDER", help="with --run: as of tests/validation/run.py")
    args = parser.parse_args(words)
    command = "python tests/validation/report.py"
    if args.run:
        with ThreadPoolExecutor(os.cpu_count()) as together:
            list(together.map(run, commands(args)))
        command += " --run" + (" --full" if args.full else "") + (" --plans FOLDER" if args.plans else "")
    text = page(args.results, command)
    args.out.write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote {args.out.name}")
    return int(f"**{len(SECTIONS)} of {len(SECTIONS)} sections are met.**" not in text)


if __name__ == "__main__":
    sys.exit(main())

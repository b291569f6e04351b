"""Find what the validation report is made of: ``python tests/validation/run.py SECTION... [--plans FOLDER] [--full]``.

Each section writes its file of JSON into ``docs/validation``; ``python tests/validation/report.py`` makes the page of
them. Sections that other commands write are named by the report. ``--full`` takes as much as is asked for before a
release; without it the sections are smaller and say so. What tests came to is read of what `tests/run_all.py` counted
(``--counts``); no test is run here.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import evidence
from evidence import ROOT, Evidence, Part

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
import shop
import suite
from suite import COMMAND, run_all

# ---------------------------------------------------------------------------------------------------- hostile input


MANY = 1_000_000
"""Executions over all readers that a whole run of the fuzzer has."""

_OF_READER = re.compile(r"^(\S+) +(\d+) in +([\d.]+) s .* new: (.*)$", re.MULTILINE)
_OF_ALL = re.compile(r"^(\d+) executions of (\d+) readers in (\d+) s of the processor; found: (\d+)$", re.MULTILINE)


def fuzzing(args: argparse.Namespace) -> Evidence:
    """Run the fuzzer and keep what it prints: executions of each reader, and what was found."""
    program = ROOT / "tests" / "fuzz" / "run.py"
    number = args.executions or (MANY if args.full else 20_000)
    words = [sys.executable, str(program), "--executions", str(number)]
    done = subprocess.run(words, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
    return fuzzed(done.stdout, done.returncode, f"{COMMAND} fuzzing --executions {number}")


def fuzzed(printed: str, code: int, command: str) -> Evidence:
    """What the fuzzer printed as evidence; RuntimeError where it did not come to its end."""
    total = _OF_ALL.search(printed)
    if total is None:
        raise RuntimeError(f"the fuzzer ended with {code} before it summed up")
    executions, readers, seconds, found = map(int, total.groups())
    rows = [(name, f"{int(count):,}", spent, said) for name, count, spent, said in _OF_READER.findall(printed)]
    rest = printed[total.end() :].strip()
    return evidence.found(
        "fuzzing",
        command,
        summary=f"{executions:,} executions of {readers} readers in {seconds:,} s of the processor; kinds of faults"
        f" found: {found}{'' if executions >= MANY else f' (a part: a whole run has {MANY:,} executions)'}",
        met=False if found or code else True if executions >= MANY else None,
        parts=[Part(text=rest, table=shop.table(["reader", "executions", "seconds", "outcomes"], rows))],
    )


# ----------------------------------------------------------------------------------------------------- measurements


def accuracy(args: argparse.Namespace) -> Evidence:
    """Errors on solids with exact answers, by the benchmarks, without other tools."""
    import accuracy as benchmark

    extent = _extent(args)
    lines, missing = benchmark.largest_errors(extent, repeats=1)
    sections = [benchmark.largest_errors_section(lines, {}, None), benchmark.endpoints_far_off(extent)]
    if args.full:
        sections += [benchmark.what_the_files_say(quick=False), benchmark.small_spheres(quick=False)]
    del missing  # other tools have a section of their own
    return _measured("accuracy", "errors against closed forms", sections, args)


def bounds(args: argparse.Namespace) -> Evidence:
    """Whether the exact result of the model lies in the bounds that are printed, on random phantoms.

    How wide they are is shown beside it, and decides nothing: wide bounds are honest.
    """
    import bounds_and_truth as benchmark

    section, *why = benchmark.phantoms(_extent(args))
    inside, *widths = section.goals
    good = sum(bool(goal.met) for goal in widths)
    return evidence.found(
        "bounds",
        f"{COMMAND} bounds{' --full' if args.full else ''}",
        summary=f"the exact result lay inside the bounds of {inside.measured}; goals on their width: {good} of"
        f" {len(widths)} met{'' if args.full else ' (a small run, without --full)'}",
        met=inside.met,  # None below 10,000 phantoms
        parts=[
            Part(heading="Goals", table=shop.goals_table(section.goals)),
            *(Part(heading=one.heading, text=one.text, table=one.table) for one in (section, *why)),
        ],
    )


def _extent(args: argparse.Namespace) -> shop.Extent:
    return shop.Extent(rounds=1, quick=not args.full, full=False, peers_dir=None)


def _measured(name: str, what: str, sections: Iterable[shop.Section], args: argparse.Namespace) -> Evidence:
    """Sections of the benchmarks with their goals; rows on tools that were left out are not shown."""
    made = list(sections)
    goals = [goal for section in made for goal in section.goals]
    answers = [goal.met if goal.met is None else bool(goal.met) for goal in goals]
    goals_part = Part(heading="Goals", table=shop.goals_table(goals))
    return evidence.found(
        name,
        f"{COMMAND} {name}{' --full' if args.full else ''}",
        summary=f"{what}: {answers.count(True)} goals met, {answers.count(False)} missed, "
        f"{answers.count(None)} not measured{'' if args.full else ' (a small run, without --full)'}",
        met=False if False in answers else True if args.full and None not in answers else None,
        parts=[goals_part, *(Part(heading=s.heading, text=s.text, table=_without_missing(s.table)) for s in made)],
    )


def _without_missing(table: str) -> str:
    return "\n".join(line for line in table.splitlines() if "not measured: left out" not in line)


def planning_systems(args: argparse.Namespace) -> Evidence:
    """DVHs that planning systems stored in real plans, against those computed here."""
    from planning_systems import compared

    if args.plans is None:
        raise RuntimeError("--plans FOLDER is needed: real plans whose RTDOSE stores DVHs; none is in the repository")
    return compared(args.plans, f"{COMMAND} planning-systems --plans FOLDER")


SECTIONS: Mapping[str, Callable[[argparse.Namespace], Evidence]] = {
    "accuracy": accuracy,
    "bounds": bounds,
    "planning-systems": planning_systems,
    "laws": suite.laws,
    "hazards": suite.hazards,
    "adversarial-reading": suite.adversarial_reading,
    "dependencies": suite.dependencies,
    "fuzzing": fuzzing,
}


def main(words: Sequence[str] | None = None) -> int:
    """Each section in turn; the exit code is 1 where one did not meet what it asks for, or has no result."""
    parser = argparse.ArgumentParser(description="Find what the validation report is made of.")
    parser.add_argument("sections", nargs="+", choices=SECTIONS)
    parser.add_argument("--plans", type=Path, metavar="FOLDER", help="real plans, for planning-systems")
    parser.add_argument("--full", action="store_true", help="as much as before a release")
    parser.add_argument("--executions", type=int, help="for fuzzing; with --full a million")
    parser.add_argument(
        "--counts",
        type=Path,
        default=ROOT / run_all.COUNTS,
        metavar="FOLDER",
        help=f"for laws, hazards and dependencies: what runs of tests/run_all.py counted; default: {run_all.COUNTS}",
    )
    parser.add_argument("--out", type=Path, default=evidence.FOLDER, metavar="FOLDER", help="default: docs/validation")
    args = parser.parse_args(words)
    return max([_run(name, args) for name in args.sections])


def _run(name: str, args: argparse.Namespace) -> int:
    try:
        made = SECTIONS[name](args)
    except RuntimeError as none:
        print(f"{name}: no result: {none}", flush=True)
        return 1
    evidence.write(made, args.out)
    print(f"{name}: {made.summary}", flush=True)
    return int(made.met is False)


if __name__ == "__main__":
    sys.exit(main())

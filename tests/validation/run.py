"""Find what the validation report is made of: ``python tests/validation/run.py SECTION... [--plans FOLDER] [--full]``.

Each section writes its file of JSON into ``docs/validation``; ``python tests/validation/report.py`` makes the page of
them. Sections that other commands write are named by the report. ``--full`` takes as much as is asked for before a
release; without it the sections are smaller and say so.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import evidence
from evidence import ROOT, Evidence, Part

sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests" / "benchmarks")]
import shop  # noqa: E402

COMMAND = "python tests/validation/run.py"


# ----------------------------------------------------------------------------------------------- tests and hazards


def counted(words: Sequence[str], python: str | Path = sys.executable) -> dict[str, Any]:
    """What pytest ran, by the plugin of this folder; RuntimeError where it did not come to its end."""
    with tempfile.TemporaryDirectory() as scratch:
        counts = Path(scratch, "counts.json")
        path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
        surroundings = {**os.environ, "SBRTCHECK_COUNTS": str(counts), "PYTHONPATH": path}
        command = [str(python), "-m", "pytest", "-q", "-p", "counting", *words]
        code = subprocess.run(command, cwd=ROOT, env=surroundings, check=False).returncode
        if code not in (0, 1) or not counts.exists():  # 1: some failed; what was broken off is no result
            raise RuntimeError(f"pytest ended with {code}: not all that was asked for was run")
        return {**json.loads(counts.read_text(encoding="utf-8")), "code": code}


def hazards(args: argparse.Namespace) -> Evidence:
    """Run the tests that the list of hazards cites: each hazard with what its tests came to."""
    import hazard_list

    listed = hazard_list.load()
    profile = ["--hypothesis-profile", "repeatable"] if args.full else ["-m", "not slow"]
    tests = sorted({test for hazard in listed for test in hazard.tests})
    outcomes = counted(["-n", str(args.processes), *profile, *tests])["functions"]
    shown = [(hazard, tests_of(hazard.tests, outcomes)) for hazard in listed]
    good = sum(said == "passed" for _, said in shown)
    failed = [hazard.id for hazard, said in shown if "failed" in said]
    open_ = [hazard.id for hazard, _ in shown if hazard.open]
    rows = [(hazard.id, hazard.misleads, said, hazard.open or hazard.remains) for hazard, said in shown]
    return evidence.found(
        "hazards",
        f"{COMMAND} hazards{' --full' if args.full else ''}",
        summary=f"of {len(listed)} hazards {good} have controls whose tests all passed; {len(open_)} are open, "
        f"{len(failed)} have a test that failed{'' if args.full else ' (without the slow tests: --full runs them)'}",
        met=False if failed else True if args.full and good == len(listed) else None,
        parts=[
            Part(
                text="What each is prevented by is on the [page of hazards](hazards.md).",
                table=shop.table(["hazard", "what it would mislead to", "tests of its controls", "what is left"], rows),
            )
        ],
    )


def tests_of(tests: Sequence[str], outcomes: Mapping[str, str]) -> str:
    """One word where all are alike, else how many came to what."""
    if not tests:
        return "none: open"
    said = [outcomes.get(test, "not run") for test in tests]
    if set(said) == {"passed"}:
        return "passed"
    return ", ".join(f"{said.count(one)} {one}" for one in ("failed", "skipped", "not run", "passed") if one in said)


def laws(args: argparse.Namespace) -> Evidence:
    """Count tests and the examples of hypothesis, of the whole suite or of what is asked for."""
    profile = ["--hypothesis-profile", "repeatable"] if args.full else ["-m", "not slow"]
    which = args.tests or ["tests", "src"]
    done = counted(["-n", str(args.processes), *profile, *which])
    tests, examples, functions = done["tests"], done["examples"], done["functions"]
    packages = sorted({Path(name).parts[1] if name.startswith("tests/") else "src" for name in functions})
    rows = [(package, *_of_package(package, functions, examples)) for package in packages]
    part = "" if args.full and not args.tests else f" (a part of the suite: {' '.join([*profile, *which])})"
    bad = tests.get("failed", 0)
    return evidence.found(
        "laws",
        " ".join(
            [f"{COMMAND} laws", *(["--full"] if args.full else []), *(["--tests", *args.tests] if args.tests else [])]
        ),
        summary=f"{tests.get('passed', 0):,} tests passed, {bad} failed, {tests.get('skipped', 0)} were skipped; "
        f"{len(examples):,} laws held over {sum(examples.values()):,} generated examples{part}",
        met=False if bad or done["code"] else None if part else True,
        parts=[
            Part(
                text="A law is a test over generated input; an example is one input. Cases of one function count each.",
                table=shop.table(["tests of", "functions", "not passed", "laws", "examples"], rows),
            )
        ],
    )


def _of_package(package: str, functions: Mapping[str, str], examples: Mapping[str, int]) -> tuple[str, ...]:
    prefix = "src/" if package == "src" else f"tests/{package}"
    own = {name: said for name, said in functions.items() if name.startswith(prefix)}
    of_laws = [number for name, number in examples.items() if name.startswith(prefix)]
    bad = sum(said != "passed" for said in own.values())
    return tuple(f"{number:,}" for number in (len(own), bad, len(of_laws), sum(of_laws)))


def dependencies(args: argparse.Namespace) -> Evidence:
    """Tests in the environments of `tests/run_all.py`, of the newest, the locked and the lowest versions."""
    folders = {"newest": ROOT / ".venv", "locked": ROOT / ".venv-locked", "lowest": ROOT / ".venv-lowest"}
    folders |= {name: Path(folder) for name, _, folder in (one.partition("=") for one in args.environment)}
    which = ["-n", str(args.processes), *([] if args.full else ["-m", "not slow"]), *(args.tests or ["tests", "src"])]
    rows, outcomes = [], []
    for name, folder in folders.items():
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if not python.exists():
            rows.append((name, f"not run: `python tests/run_all.py --versions {name}` makes the environment", "", ""))
            outcomes.append(None)
            continue
        done = counted(which, python)
        bad = done["tests"].get("failed", 0)
        outcomes.append(False if bad or done["code"] else True if args.full and not args.tests else None)
        rows.append(
            (name, f"{done['tests'].get('passed', 0):,} passed, {bad} failed", _failed(done), _versions(python))
        )
    asked = f"tests: {' '.join(which[2:])}"
    return evidence.found(
        "dependencies",
        f"{COMMAND} dependencies{' --full' if args.full else ''}",
        summary="; ".join(f"{name}: {said.partition(':')[0]}" for name, said, *_ in rows) + f" ({asked})",
        met=False if False in outcomes else None if None in outcomes else True,
        parts=[Part(table=shop.table(["versions", "tests", "failed", "of what is asked for directly"], rows))],
    )


def _failed(done: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name, said in done["functions"].items() if said == "failed") or "none"


def _versions(python: Path) -> str:
    """Direct dependencies of the package as that environment has them."""
    words = "import importlib.metadata as m, sys; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [text.partition(">")[0] for text in project["dependencies"]]
    done = subprocess.run([python, "-c", words, *names], check=False, capture_output=True, text=True)
    return done.stdout.strip() or "not known"


MANY = 1_000_000
"""Executions over all readers that a whole run of the fuzzer has."""

_OF_READER = re.compile(r"^(\S+) +(\d+) in +([\d.]+) s .*: (.*)$", re.MULTILINE)
_OF_ALL = re.compile(r"^(\d+) executions of (\d+) readers in (\d+) s of the processor; found: (\d+)$", re.MULTILINE)


def fuzzing(args: argparse.Namespace) -> Evidence:
    """Run the fuzzer and keep what it prints: executions of each reader, and what was found."""
    program = ROOT / "tests" / "fuzz" / "run.py"
    if not program.exists():
        sys.exit("fuzzing: there is no tests/fuzz/run.py here")
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
    lines, missing = benchmark.largest_errors(extent)
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

    section = benchmark.phantoms(_extent(args))
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
            Part(heading=section.heading, text=section.text, table=section.table),
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
        sys.exit(
            "planning-systems needs --plans FOLDER: real plans whose RTDOSE stores DVHs; none is in the repository"
        )
    return compared(args.plans, f"{COMMAND} planning-systems --plans FOLDER")


SECTIONS: Mapping[str, Callable[[argparse.Namespace], Evidence]] = {
    "accuracy": accuracy,
    "bounds": bounds,
    "planning-systems": planning_systems,
    "laws": laws,
    "dependencies": dependencies,
    "fuzzing": fuzzing,
    "hazards": hazards,
}


def main(words: Sequence[str] | None = None) -> int:
    """Each section in turn; the exit code is 1 where one did not meet what it asks for."""
    parser = argparse.ArgumentParser(description="Find what the validation report is made of.")
    parser.add_argument("sections", nargs="+", choices=[*SECTIONS, "all"])
    parser.add_argument("--plans", type=Path, metavar="FOLDER", help="real plans, for planning-systems")
    parser.add_argument("--full", action="store_true", help="as much as before a release: hours")
    parser.add_argument("--executions", type=int, help="for fuzzing; with --full a million")
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=FOLDER", help="for dependencies")
    parser.add_argument(
        "--tests", nargs="*", default=[], metavar="PATH", help="only these tests, for laws and dependencies"
    )
    parser.add_argument("--processes", default="2", help="for tests; default 2")
    parser.add_argument("--out", type=Path, default=evidence.FOLDER, metavar="FOLDER", help="default: docs/validation")
    args = parser.parse_args(words)
    codes = [_run(name, args) for name in _asked(args)]
    return max(codes)


def _asked(args: argparse.Namespace) -> Iterator[str]:
    for name in SECTIONS if "all" in args.sections else args.sections:
        if name == "planning-systems" and "all" in args.sections and args.plans is None:
            print("planning-systems: left out, for there is no --plans", flush=True)
        else:
            yield name


def _run(name: str, args: argparse.Namespace) -> int:
    made = SECTIONS[name](args)
    evidence.write(made, args.out)
    print(f"{name}: {made.summary}", flush=True)
    return int(made.met is False)


if __name__ == "__main__":
    sys.exit(main())

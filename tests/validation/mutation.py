"""Put faults into the program and see whether the tests notice: ``python tests/validation/mutation.py``.

The faults are mutmut's (``python -m pip install mutmut==3.8.1``; not on Windows): one operator, constant, argument or
condition of a function changed at a time. Of each package a random sample is tried, with a seed that is printed, or all
with ``--full``. Each mutant meets tests that reach its function, some of each kind, up to so many seconds of them;
doctests and other tests of the suite are left out, so that the share told is one of fewer tests than there are. What
changes nothing but the wording of a message, or what is said to checkers of types (the rules are in `mutants.py`), is
counted apart.

It works in a copy of the tree and writes the section "Mutation testing" of the validation report. Mutants are tried by
a plugin of ours (`mutant_session`) and not by ``mutmut run``, which starts and collects pytest anew for each of them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from typing import Any

import evidence
import mutants
from evidence import ROOT, Evidence, Part
from mutants import Mutant
from ruamel.yaml import YAML

sys.path[:0] = [str(ROOT / "tests" / "benchmarks")]
import shop  # noqa: E402

COMMAND = "python tests/validation/mutation.py"
GOAL = 0.92
REASONS = Path(__file__).with_name("mutation_reasons.yaml")

VALUES = "binned_dvh close_curves curve curve_distance dvh dvh_set exchange isoeffect questions roi_names"
"""Modules of `dvh` that are values: what is asked of a DVH once it is computed."""

PACKAGES: Mapping[str, tuple[str, ...]] = {
    **{name: (f"src/sbrtcheck/{name}/*.py",) for name in ("metric", "judge", "tables", "radiobiology")},
    "dvh": tuple(f"src/sbrtcheck/dvh/{module}.py" for module in VALUES.split()),
}
"""Package -> files whose functions are changed."""

TESTS = (
    *(f"tests/{name}" for name in ("metric", "judge", "tables", "radiobiology", "dvh")),
    *("tests/project/test_values.py", "tests/test_dose_accumulation.py"),
    *("tests/text_export/test_text_export.py", "tests/dicom/test_stored_dvhs.py", "tests/comparison/test_compared.py"),
    *("tests/structure_names/test_names.py", "tests/chart/test_plot.py", "tests/render/test_notes.py"),
    *("tests/reference_data/test_profiles.py", "tests/cli/test_dictionary.py", "tests/cli/test_cli.py"),
    *("tests/render/test_report.py", "tests/render/test_report_head.py", "tests/project/test_stored_outputs.py"),
)
"""What reaches these packages most directly."""

LEFT_OUT = (".*", "__pycache__", "*.egg-info", "build", "dist", "_build", "_tables", "_pictures", "mutants")

WRITE = """
import pathlib
import mutmut.__main__ as mutmut
pathlib.Path("mutants").mkdir(exist_ok=True)
mutmut.copy_src_dir()
mutmut.create_mutants(2)
"""


# ------------------------------------------------------------------------------------------------- mutants and tests


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree that is gone afterwards."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch, "tree")
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
        yield tree


def written(tree: Path, packages: Sequence[str]) -> dict[str, list[Mutant]]:
    """Have mutmut write the mutants into the sources of the tree; all of them by package."""
    told = {"source_paths": ["src"], "only_mutate": [file for package in packages for file in PACKAGES[package]]}
    with (tree / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[tool.mutmut]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in told.items()))
    subprocess.run([sys.executable, "-c", WRITE], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(tree / "mutants" / "src", tree / "src", dirs_exist_ok=True)
    return {package: list(mutants.of_tree(tree, package)) for package in packages}


def outcomes_of(tree: Path, names: Sequence[str], args: argparse.Namespace) -> dict[str, Any]:
    """What became of these mutants, by the plugin `mutant_session`, and what it says of the tests."""
    job, out = tree / "job.json", tree / "outcomes.json"
    job.write_text(
        json.dumps({"names": names, "seconds": args.seconds, "processes": args.processes, "out": str(out)}),
        encoding="utf-8",
    )
    python_path = os.pathsep.join(map(str, (tree / "src", tree / "tests" / "validation")))
    surroundings = {**os.environ, "PYTHONPATH": python_path, "SBRTCHECK_MUTANTS": str(job), "MUTANT_UNDER_TEST": ""}
    words = ["-q", "-n0", "-pmutant_session", "-pno:cacheprovider", "--hypothesis-profile=mutation"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *args.tests],
        cwd=tree,
        env=surroundings,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if not out.exists():
        raise RuntimeError(f"pytest ended with {done.returncode} before the mutants were tried:\n{done.stdout[-4000:]}")
    told: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return told


def sampled(all_of: Sequence[Mutant], number: int | None, seed: int) -> list[Mutant]:
    """So many, or all; the same ones for the same seed and the same mutants."""
    if number is None or number >= len(all_of):
        return list(all_of)
    return sorted(random.Random(f"{seed}").sample(all_of, number), key=all_of.index)


# ---------------------------------------------------------------------------------------------------------- outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Of one package: how many mutants there are, were tried, and what became of these."""

    package: str
    semantic: int
    wording: int
    for_checkers: int
    tried: int
    killed: int
    timed_out: int
    equivalent: int

    @property
    def told_apart(self) -> int:
        """How many of those tried a test could notice: all but those that are equivalent to the program, by review."""
        return self.tried - self.equivalent

    @property
    def share(self) -> float:
        """Of these, 0 to 1; those that came to no end in time count, for a suite that hangs is noticed."""
        return (self.killed + self.timed_out) / self.told_apart if self.told_apart else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share of all, by Wilson's formula; the share itself where all were tried."""
        if self.tried == self.semantic:
            return self.share, self.share
        return wilson(self.killed + self.timed_out, self.told_apart)


def wilson(good: int, number: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a share; 0 to 1 where nothing was tried (E. B. Wilson, J. Am. Stat. Assoc. 1927)."""
    if not number:
        return 0.0, 1.0
    share, spread = good / number, z * z / number
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / number + spread / (4 * number)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A mutant and what became of it, in one word."""

    mutant: Mutant
    outcome: str

    @property
    def survived(self) -> bool:
        """Whether no test noticed it, whatever the reason."""
        return self.outcome not in ("killed", "timed out")

    @property
    def key(self) -> tuple[str, str, str]:
        """By which the file of reasons knows it."""
        return (self.mutant.function, *self.mutant.changed)


def counted(package: str, all_of: Sequence[Mutant], tried: Sequence[Tried]) -> Count:
    """The outcomes of a package."""
    said, known = [one.outcome for one in tried], reasons()
    return Count(
        package=package,
        semantic=sum(one.semantic for one in all_of),
        wording=sum(one.wording for one in all_of),
        for_checkers=sum(one.for_checkers and not one.wording for one in all_of),
        tried=len(tried),
        killed=said.count("killed"),
        timed_out=said.count("timed out"),
        equivalent=sum(known.get(one.key, ("",))[0] == "equivalent" for one in tried if one.survived) if known else 0,
    )


def reasons() -> dict[tuple[str, str, str], tuple[str, str]]:
    """Function, line before and after -> kind and reason, of the survivors that were looked at."""
    listed = YAML(typ="safe", pure=True).load(REASONS.read_text(encoding="utf-8"))
    return {(one["function"], one["was"], one["becomes"]): (one["kind"], one["reason"]) for one in listed}


# ----------------------------------------------------------------------------------------------------------- command


def evidence_of(args: argparse.Namespace, found: Found) -> Evidence:
    """The section: met where the share of every package is known to reach the goal, by all mutants or the interval."""
    known, counts, survivors = reasons(), found.counts, [one for one in found.tried if one.survived]
    rows = [
        (
            one.package,
            f"{one.semantic:,}",
            f"{one.tried:,}",
            f"{one.killed + one.timed_out:,} ({one.timed_out} by their time)",
            str(one.equivalent),
            f"{one.share:.1%}",
            "all were tried" if one.tried == one.semantic else "{:.1%} to {:.1%}".format(*one.interval),
            f"{one.wording:,}",
            f"{one.for_checkers:,}",
        )
        for one in counts
    ]
    listed = [
        (
            f"`{name.removeprefix('sbrtcheck.')}`",
            as_code(was),
            as_code(becomes),
            one.outcome,
            ": ".join(known.get(key, ())),
        )
        for one in survivors
        for key in [one.key]
        for name, was, becomes in [key]
    ]
    missed = not args.tests_were_given and any(one.share < GOAL for one in counts)
    sure = not args.tests_were_given and len(counts) == len(PACKAGES) and all(one.interval[0] >= GOAL for one in counts)
    kinds = [known[one.key][0] for one in survivors if one.key in known]
    shares = ", ".join(f"{one.package} {one.share:.1%}" for one in counts)
    of = "all" if args.full else f"a random sample, seed {args.seed}"
    return evidence.found(
        "mutation",
        f"{COMMAND} {words_of(args)}",
        summary=f"of {sum(one.tried for one in counts):,} mutants ({of}) the tests noticed: {shares}; the goal is "
        f"{GOAL:.0%} in each; of {len(survivors)} that survived {kinds.count('equivalent')} are equivalent and "
        f"{kinds.count('harmless')} harmless, by review",
        met=False if missed else True if sure else None,
        parts=[
            Part(
                text="A mutant is the program with one operator, constant, argument or condition changed, by mutmut. "
                "Those that change nothing but the wording of a message, or what is said to checkers of types (what "
                "`cast` is told, the `strict` of `zip`), by the rules in `tests/validation/mutants.py`, "
                "are counted apart and not tried. The share is of those that are not equivalent, by review. "
                "Not met: a share below the goal. In part: the goal lies inside the "
                f"95 % interval. Each mutant met those of {found.tests:,} tests that reach its function, up to "
                f"{args.seconds:g} s of them ({found.cut} functions of those tried have more), in turn those for which "
                "least time had been spent; laws with 25 examples in place of 100. Tests that fail without a mutant, "
                "and were left out: "
                f"{', '.join(f'`{name}`' for name in found.failing) or 'none'}. Mutants and tests by "
                + ", ".join(f"{name} {version(name)}" for name in ("mutmut", "pytest", "hypothesis"))
                + ".",
                table=shop.table(
                    [
                        "package",
                        "mutants",
                        "tried",
                        "noticed",
                        "equivalent",
                        "share",
                        "95 % interval",
                        "of wording alone",
                        "for checkers alone",
                    ],
                    rows,
                ),
            ),
            Part(
                heading="Survivors",
                text="A reason stands where one was found by review.",
                table=shop.table(["function", "was", "becomes", "", "reason"], listed) if listed else "none",
            ),
        ],
    )


def as_code(line: str) -> str:
    """A line of Python in a cell of a table."""
    return f"`{fit_for_a_cell(line)}`" if line else "(nothing)"


def fit_for_a_cell(line: str) -> str:
    """Without what ends a cell or the code in it, and not longer than can be read."""
    line = line if len(line) <= 160 else f"{line[:157]}..."
    return line.replace("|", "\\|").replace("`", "'")


def words_of(args: argparse.Namespace) -> str:
    """What was asked for, as one would type it."""
    chosen = "" if set(args.packages) == set(PACKAGES) else f"--packages {' '.join(args.packages)} "
    size = "--full" if args.full else f"--sample {args.sample} --seed {args.seed}"
    tests = f" --tests {' '.join(args.tests)}" if args.tests_were_given else ""
    return f"{chosen}{size} --seconds {args.seconds:g}{tests}"


def listing(survivors: Iterable[Tried]) -> Iterator[str]:
    """Each survivor in a form that can go into the file of reasons."""
    known = reasons()
    for one in survivors:
        function, was, becomes = one.key
        yield f"- function: {function} # {one.outcome}, {one.mutant.name.rpartition('__')[2]}"
        yield f"  was: {json.dumps(was, ensure_ascii=False)}"
        yield f"  becomes: {json.dumps(becomes, ensure_ascii=False)}"
        yield from (f"  {word}: {said}" for word, said in zip(("kind", "reason"), known.get(one.key, ()), strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Counts of each package, all that was tried, tests that were run, and those of no use; functions with more."""

    counts: list[Count]
    tried: list[Tried]
    tests: int
    failing: list[str]
    cut: int


def run(args: argparse.Namespace) -> Found:
    """Write mutants, choose among them, and try them."""
    with copied() as tree:
        there = written(tree, args.packages)
        number = None if args.full else args.sample
        chosen = {
            package: sampled([one for one in of if one.semantic], number, args.seed) for package, of in there.items()
        }
        told = outcomes_of(tree, [one.name for of in chosen.values() for one in of], args)
    tried = {
        package: [Tried(mutant=one, outcome=told["outcomes"][one.name]) for one in of] for package, of in chosen.items()
    }
    return Found(
        counts=[counted(package, there[package], tried[package]) for package in args.packages],
        tried=[one for of in tried.values() for one in of],
        tests=told["tests"],
        failing=told["failing"],
        cut=len(told["cut"]),
    )


def main(words: Sequence[str] | None = None) -> int:
    """Try mutants and write the section; the exit code is 1 where the goal was missed."""
    parser = argparse.ArgumentParser(description="Put faults into the program and see whether the tests notice.")
    parser.add_argument("--packages", nargs="+", choices=PACKAGES, default=list(PACKAGES), help="default: all")
    parser.add_argument("--sample", type=int, default=250, metavar="N", help="mutants of each package; default 250")
    parser.add_argument("--seed", type=int, default=1, help="of the sample; default 1")
    parser.add_argument("--full", action="store_true", help="all mutants: hours")
    parser.add_argument("--seconds", type=float, default=10.0, help="of tests that each mutant meets; default 10")
    parser.add_argument("--list-survivors", action="store_true", help="print them, as the file of reasons has them")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    parser.add_argument("--tests", nargs="+", metavar="PATH", help="these tests alone, with a result that is in part")
    parser.add_argument("--out", type=Path, default=evidence.FOLDER, metavar="FOLDER", help="default: docs/validation")
    args = parser.parse_args(words)
    if os.name == "nt" or find_spec("mutmut") is None:
        sys.exit("needs mutmut, which does not run on Windows: python -m pip install mutmut==3.8.1")
    args.tests_were_given, args.tests = args.tests is not None, args.tests or list(TESTS)
    found = run(args)
    if args.list_survivors:
        print("\n".join(listing(one for one in found.tried if one.survived)))
    made = evidence_of(args, found)
    evidence.write(made, args.out)
    print(f"mutation: {made.summary}", flush=True)
    return int(made.met is False)


if __name__ == "__main__":
    sys.exit(main())

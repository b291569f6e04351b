"""What the benchmark scripts share: where things are, what is measured, and how a program is timed.

It imports no numpy, so that a program started from here does not inherit the memory of its parent.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DRIVERS = HERE / "drivers"
PEERS = ROOT / ".cache" / "peers"

sys.path.insert(0, str(ROOT / "examples"))  # for the phantom writer

METRICS = (
    "Volume[cc]",
    "Mean[Gy]",
    "D99%[Gy]",
    "D95%[Gy]",
    "D50%[Gy]",
    "D5%[Gy]",
    "D1%[Gy]",
    "D0.035cc[Gy]",
    "V20Gy[cc]",
)
"""Measured on every structure of the lung case."""

OARS = (
    "SpinalCord",
    "SpinalCord_PRV05",
    "Esophagus",
    "Trachea",
    "Bronchus",
    "BrachialPlex_L",
    "Heart",
    "GreatVes",
    "Lungs-GTV",
    "ChestWall",
    "Rib",
    "Stomach",
)
"""The twelve organs of the lung case that an SBRT sheet asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process and all that it started used, each None where the system does not tell.

    Processor seconds are those of all processors together. Memory is the resident set of the largest process, in MB.
    """

    processor_seconds: float | None = None
    peak_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process from start to end: seconds, what it used of the machine, and what it wrote as JSON."""

    seconds: float
    used: Usage
    result: Any

    @property
    def processor_seconds(self) -> float:
        """Of the processors; where the system does not tell, of the clock."""
        return self.seconds if self.used.processor_seconds is None else self.used.processor_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What was not measured, and why: said in the tables, never left out in silence."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Something aimed at, what was measured, and whether that is good enough; None where it was not measured."""

    what: str
    aim: str
    measured: str
    met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, a sentence or two, a Markdown table, and the goals that it answers."""

    heading: str
    text: str = ""
    table: str
    goals: tuple[Goal, ...] = ()

    def __str__(self) -> str:
        return "\n\n".join(part for part in (f"## {self.heading}", self.text, self.table) if part) + "\n"


def goals_table(goals: Iterable[Goal]) -> str:
    """Goals beside results."""
    answers = {True: "yes", False: "**no**", None: "not measured"}
    rows = [(goal.what, goal.aim, goal.measured, answers[goal.met]) for goal in goals]
    return table(["what", "goal", "measured", "met"], rows)


def run(python: str | Path, driver: str, *arguments: object) -> Run:
    """Run one of the drivers in a fresh process; its first argument is the JSON file it writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "result.json")
        started = time.perf_counter()
        used = start([python, DRIVERS / driver, out, *arguments])
        seconds = time.perf_counter() - started
        return Run(seconds=seconds, used=used, result=json.loads(out.read_text(encoding="utf-8")))


def start(command: Sequence[object], *, allowed: Sequence[int] = (0,)) -> Usage:
    """Run a command to its end; RuntimeError where its exit code is none of those allowed.

    Python may keep what it compiles: the other tools were compiled when they were installed, and sbrtcheck, run from
    its sources, would be compiled anew in each process where the environment forbids it.
    """
    words = [str(word) for word in command]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, env=environment, stdout=said, stderr=subprocess.STDOUT)
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak_mb = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
            used = Usage(processor_seconds=usage.ru_utime + usage.ru_stime, peak_mb=peak_mb)
        else:
            process.wait()
            used = Usage()
        if process.returncode not in allowed:
            said.seek(0)
            raise RuntimeError(f"{Path(words[1]).name} failed:\n{said.read().decode(errors='replace')[-2000:]}")
        return used


def write_json(path: Path, values: Any) -> None:
    """Write what a process found, for the one that started it."""
    path.write_text(json.dumps(values), encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read it."""
    return json.loads(path.read_text(encoding="utf-8"))


def peak(runs: Sequence[Run]) -> str:
    """Largest memory, MB, as text."""
    known = [r.used.peak_mb for r in runs if r.used.peak_mb is not None]
    return f"{max(known):.0f}" if known else "not known"


class Cases:
    """Folders with the files of cases, written by processes of their own: this one shall stay small."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lung(self, spacing_mm: float) -> Path:
        """The lung case with the dose grid of that spacing."""
        return self._made(f"lung-{spacing_mm:g}", "--spacing", spacing_mm)

    def growth(self, spacing_mm: float, points: int) -> Path:
        """The lung case with a dose grid and a number of points a contour to choose."""
        return self._made(f"growth-{spacing_mm:g}-{points}", "--growth-spacing", spacing_mm, "--points", points)

    def large_grid(self) -> Path:
        """The lung case with a dose grid of 512 x 512 x 400 points."""
        return self._made("large-grid", "--large")

    def _made(self, name: str, *options: object) -> Path:
        folder = self._folder / name
        if not folder.exists():
            start([sys.executable, HERE / "lung_case.py", folder, *options])
        return folder


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that the scripts share."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="one round, without what takes minutes: does it all work?")
    size.add_argument("--full", action="store_true", help="five rounds, also of what takes minutes: some hours")
    parser.add_argument("--rounds", type=int, help="of each measurement; default 3, with --quick 1, with --full 5")
    parser.add_argument("--peers-dir", type=Path, default=PEERS, help="for the environments of other tools, made there")
    parser.add_argument("--skip-peers", action="store_true", help="without other tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured: rounds, and whether less or more than usual."""

    rounds: int
    quick: bool
    full: bool
    peers_dir: Path | None


def extent_of(args: argparse.Namespace) -> Extent:
    """What was asked for."""
    rounds = args.rounds or (1 if args.quick else 5 if args.full else 3)
    peers_dir = None if args.skip_peers else args.peers_dir
    return Extent(rounds=rounds, quick=args.quick, full=args.full, peers_dir=peers_dir)


def print_sections(sections: Callable[[Extent], Iterable[Section]], description: str) -> None:
    """What a script of sections does when it is started: print each when it is ready, then the goals of all."""
    parser = argparse.ArgumentParser(description=description)
    add_options(parser)
    print_all(sections(extent_of(parser.parse_args())))


def print_all(sections: Iterable[Section]) -> None:
    """Print each when it is ready, then the goals of all."""
    goals: list[Goal] = []
    for section in sections:
        print(section, flush=True)
        goals += section.goals
    print(goals_table(goals))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)

"""What the benchmark scripts share: where things are, what is measured, and how a program is timed.

It imports no numpy, so that a program started from here does not inherit the memory of its parent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DRIVERS = HERE / "drivers"

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
class Run:
    """One process from start to end: seconds, peak memory in MB where the system tells it, what it wrote as JSON."""

    seconds: float
    peak_mb: float | None
    result: Any


def run(python: str | Path, driver: str, *arguments: object) -> Run:
    """Run one of the drivers in a fresh process; its first argument is the JSON file it writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "result.json")
        words = [str(python), str(DRIVERS / driver), str(out), *map(str, arguments)]
        started = time.perf_counter()
        peak_mb = _wait(words)
        seconds = time.perf_counter() - started
        return Run(seconds=seconds, peak_mb=peak_mb, result=json.loads(out.read_text(encoding="utf-8")))


def _wait(words: Sequence[str]) -> float | None:
    """Run a command line to its end; the peak memory in MB of it and its children, None where nothing tells it."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT)
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
        else:
            process.wait()
            peak = None
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{Path(words[1]).name} failed:\n{said.read().decode(errors='replace')[-2000:]}")
        return peak


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)

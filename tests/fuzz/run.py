"""Gives every reader files that were damaged on purpose, thousands a second: ``python tests/fuzz/run.py --seconds 60``.

A reader may read them, or refuse them with an `SbrtcheckError` that says where. Anything else is a finding: another
exception, more than `loop.SECONDS` of the processor, more than `loop.MEMORY_BYTES` of memory, a process that dies, a
refusal without a place, or one that names the patient. The case is kept under ``--corpus`` (by default a folder
``sbrtcheck-fuzz`` of the temporary files), the command that repeats it is printed, and the exit code is 1.

What the readers are, is in ``readers.py``; how files are damaged, in ``hostile_*.py``. Each batch of cases is read in a
process of its own. Cases that came to something new are kept in the corpus, and are where the next run goes on.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, gettempdir

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads cannot be forked

import loop
from loop import Found, Noted, Tally
from readers import NAMES, TESTS, reader, reader_of

_BATCH = 200_000
"""Cases a process reads: what it may have gathered in memory goes with it."""

_HANGS = 60.0
"""Seconds by the clock on one case after which its process is ended; ten times as many before the first."""

_LONGEST_BATCH = 600.0

START = "fork" if "fork" in get_all_start_methods() and sys.platform == "linux" else "spawn"
"""A forked process has imported everything already."""


@dataclass(slots=True)
class Total:
    """All batches of one reader."""

    tally: Tally = field(default_factory=Tally)

    def add(self, tally: Tally) -> None:
        """Add a batch."""
        self.tally.outcomes += tally.outcomes
        self.tally.times += tally.times
        self.tally.seconds += tally.seconds
        self.tally.kept += tally.kept
        for kind, found in tally.findings.items():
            self.tally.findings.setdefault(kind, found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the counts, say what was found."""
    given = _arguments(arguments)
    if given.repeat is not None:
        return _repeat(given)
    totals: dict[str, Total] = {}
    for name, executions, seconds in _plan(given):
        totals[name] = Total()
        _all_batches(totals[name], name, given, executions, seconds)
        _say_counts(name, totals[name].tally)
    _say_sum(totals)
    return int(any(total.tally.findings for total in totals.values()))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Give every reader damaged files.")
    parser.add_argument("--executions", type=int, help="how many in all; shared out among the readers")
    parser.add_argument("--seconds", type=float, help="how long in all, in place of that (60 where neither is given)")
    parser.add_argument("--reader", action="append", choices=NAMES, help="this one alone; several times for several")
    parser.add_argument("--corpus", type=Path, default=Path(gettempdir(), "sbrtcheck-fuzz"), metavar="DIR")
    parser.add_argument("--seed", type=int, help="for the same cases again; another one each time where none is given")
    parser.add_argument("--real", type=Path, metavar="DIR", help="DICOM plans, a folder each, to damage too")
    parser.add_argument("--repeat", type=Path, metavar="CASE", help="a kept case; --reader says who reads it")
    given = parser.parse_args(arguments)
    given.seed = time.time_ns() % 10**9 if given.seed is None else given.seed
    given.seconds = 60.0 if given.seconds is None and given.executions is None else given.seconds
    return given


def _plan(given: argparse.Namespace) -> Iterator[tuple[str, int | None, float | None]]:
    """Each reader, and how much of it."""
    names = list(dict.fromkeys(given.reader or NAMES))
    shares = [reader(name).share for name in names]
    for name, share in zip(names, shares, strict=True):
        part = share / sum(shares)
        executions = None if given.executions is None else ceil(given.executions * part)
        yield name, executions, None if executions is not None else given.seconds / len(names)


# Processes


def _all_batches(
    total: Total, name: str, given: argparse.Namespace, executions: int | None, seconds: float | None
) -> None:
    began, batch = time.monotonic(), 0
    while True:
        left = None if executions is None else executions - total.tally.executions
        rest = _LONGEST_BATCH if seconds is None else seconds - (time.monotonic() - began)
        if (left is not None and left <= 0) or rest <= 0:
            return
        count = _BATCH if left is None else min(left, _BATCH)
        tally = _batch(name, given, batch, count, min(rest, _LONGEST_BATCH))
        _keep(name, given, tally)
        total.add(tally)
        batch += 1


def _batch(name: str, given: argparse.Namespace, batch: int, count: int, seconds: float) -> Tally:
    with TemporaryDirectory() as folder:
        noted = Noted.made(Path(folder, "shared"))
        work = _Work(name, Path(folder), given.corpus, given.real, given.seed + batch, count, seconds)
        process = get_context(START).Process(target=work.done)
        process.start()
        code = _watched(process, noted)
        number, case = noted.read()
        noted.close()
        if code == 0:
            return loop.read_tally(Path(folder, "result"))
        if number == 0:
            sys.exit(f"{name}: the process ended with {code} before it read anything")
        why = "hangs" if code is None else f"the process ended with {code}"
        tally = Tally()
        tally.outcomes["FOUND"] += 1
        tally.outcomes["not told"] += max(0, number - 1)
        tally.times[why] += 1
        tally.findings[why] = Found(kind=why, detail="", case=case)
        return tally


def _watched(process: BaseProcess, noted: Noted) -> int | None:
    """The exit code; None where it was ended for reading one case too long."""
    last, since = -1, time.monotonic()
    while process.exitcode is None:
        process.join(0.2)
        number, _ = noted.read()
        if number != last:
            last, since = number, time.monotonic()
        elif time.monotonic() - since > _HANGS * (10 if number == 0 else 1):
            process.kill()
            process.join()
            return None
    return process.exitcode


@dataclass(frozen=True, slots=True)
class _Work:
    """One batch, done in a process of its own."""

    name: str
    folder: Path
    corpus: Path
    real: Path | None
    seed: int
    count: int
    seconds: float

    def done(self) -> None:
        """Read, and leave what came of it in the folder."""
        logging.disable(logging.WARNING)  # of thousands of damaged indices
        noted = Noted(self.folder / "shared")
        chosen = reader_of(self.name, self.real)
        pool = loop.read_cases(self.corpus / self.name)
        for case in chosen.seeds[:1]:  # what is imported when it is first needed is no memory of a case
            loop.executed(chosen, case, self.folder)
        loop.bound_memory()
        more = partial(_more, self.count, time.monotonic() + self.seconds)
        loop.write_tally(self.folder / "result", loop.run(chosen, Random(self.seed), more, pool=pool, noted=noted))
        noted.close()


def _more(executions: int, end: float, done: int) -> bool:
    return done < executions and time.monotonic() < end


def _repeat(given: argparse.Namespace) -> int:
    if len(given.reader or ()) != 1:
        sys.exit("--repeat needs one --reader")
    chosen = reader(given.reader[0])
    with TemporaryDirectory() as folder:
        outcome, found, said = loop.executed(chosen, loop.read_case(given.repeat), Path(folder))
    _say(f"{outcome}: {said}")
    if found is not None:
        _say(f"{found.kind}\n{found.detail}")
    return int(found is not None)


# What is kept and said


def _keep(name: str, given: argparse.Namespace, tally: Tally) -> None:
    for case in tally.kept:
        loop.write_case(given.corpus / name, case)
    for found in tally.findings.values():
        path = loop.write_case(given.corpus / "found" / name, found.case)
        _say(f"\n{name}: {found.kind}\n{found.detail}")
        _say(f"again: python tests/fuzz/run.py --reader {name} --repeat {path}\n")


def _say_counts(name: str, tally: Tally) -> None:
    counts = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.most_common())
    speed = tally.executions / tally.seconds if tally.seconds else 0.0
    _say(f"{name:20} {tally.executions:9} in {tally.seconds:6.1f} s ({speed:6.0f}/s), {len(tally.kept)} new: {counts}")


def _say_sum(totals: dict[str, Total]) -> None:
    tallies = [total.tally for total in totals.values()]
    executions, seconds = sum(tally.executions for tally in tallies), sum(tally.seconds for tally in tallies)
    kinds = {(name, kind) for name, total in totals.items() for kind in total.tally.findings}
    _say(f"\n{executions} executions of {len(totals)} readers in {seconds:.0f} s of the processor; found: {len(kinds)}")
    for name, kind in sorted(kinds):
        _say(f"  {name}: {kind}, {totals[name].tally.times[kind]} times")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program for people


CORPUS = TESTS / "fuzz" / "corpus"
"""Minimal files that once were findings, by reader; the tests read them each time."""

if __name__ == "__main__":
    sys.exit(main())

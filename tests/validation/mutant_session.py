"""A plugin of pytest that tries mutants: tests are collected once, and each mutant gets a fork of that process.

mutmut's functions look at the environment each time they are called, for which mutant they are to be. So one process
imports all modules and tests, and its forks are mutants: nothing is imported, collected or computed twice, and nothing
that a fork has computed is there in another. ``SBRTCHECK_MUTANTS`` names a file with what is to be done (`Job`).

First all tests run without a mutant, in two forks or more: how long each takes, which functions it reaches. Then each
mutant meets the tests that reach its function until one fails, or their time is up. The time is shared out fairly: a
test with a hundred variants gets no more of it than one with a single one. Systems with ``fork`` alone.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from pathlib import Path

import pytest

EXAMPLES = 25
"""Of a law that asks for no number of its own."""

MEMORY = 8 << 30
"""Bytes that a mutant may ask for."""

WORDS = {0: "survived", 1: "killed", -signal.SIGXCPU: "timed out", -signal.SIGKILL: "timed out"}
"""Exit code of the process of a mutant -> what became of it."""

OF_NO_USE = -1
"""The time of a test that fails without any mutant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Names of mutants, seconds of tests that each meets at most, how many at once, and where the outcomes go."""

    names: list[str]
    seconds: float
    processes: int
    out: str


@dataclass(slots=True)
class Known:
    """Tests by their place: seconds of the processor that each takes, its name, and those that reach a function."""

    names: Sequence[str]
    seconds: dict[int, float] = field(default_factory=dict)
    reaching: dict[str, list[int]] = field(default_factory=dict)

    def chosen(self, function: str, limit: float) -> list[int]:
        """Tests that reach a function, one at least: in turn those for which least time has been spent by then."""
        spent: Counter[str] = Counter()
        turns = []
        for place in sorted(self.reaching.get(function, ()), key=lambda place: (self.seconds[place], place)):
            test = self.names[place].partition("[")[0]
            spent[test] += self.seconds[place]
            turns.append((spent[test], place))
        in_turn = [place for _, place in sorted(turns)]
        so_far = accumulate(self.seconds[place] for place in in_turn)
        return [
            place for place, seconds in zip(in_turn, so_far, strict=True) if seconds <= limit or place == in_turn[0]
        ]


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """A profile of hypothesis: the same examples each time, none kept, and none made smaller once it has failed."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile(
        "mutation", deadline=None, derandomize=True, database=None, max_examples=EXAMPLES, phases=phases
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Try the mutants of the job in place of running the tests."""
    job = Job(**json.loads(Path(os.environ["SBRTCHECK_MUTANTS"]).read_text(encoding="utf-8")))
    known = looked_over(session.items, job.processes)
    chosen = {name: known.chosen(_function(name), job.seconds) for name in job.names}
    chosen = {name: tests for name, tests in chosen.items() if tests}
    # as a check of all this, some functions as they are on the tests that their mutants meet
    unchanged = {f"{_function(name)}__mutmut_0": tests for name, tests in islice(chosen.items(), 0, None, 25)}
    controls = tried(session.items, unchanged, known, job.processes)
    if wrong := [name for name, outcome in controls.items() if outcome != "survived"]:
        raise RuntimeError(f"their tests fail though nothing was changed: {', '.join(wrong)}")
    outcomes = tried(session.items, chosen, known, job.processes)
    told = {
        "outcomes": dict.fromkeys(job.names, "no test") | outcomes,
        "tests": len(session.items),
        "failing": [session.items[place].nodeid for place, took in known.seconds.items() if took == OF_NO_USE],
        "cut": sorted(
            {_function(name) for name, tests in chosen.items() if len(tests) < len(known.reaching[_function(name)])}
        ),
    }
    Path(job.out).write_text(json.dumps(told), encoding="utf-8")
    return True


def _function(mutant: str) -> str:
    return mutant.rpartition("__mutmut_")[0]


def looked_over(items: Sequence[pytest.Item], processes: int) -> Known:
    """Run each test once without a mutant; those of one module in the same fork, for they share what they compute."""
    by_module: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        by_module.setdefault(item.nodeid.partition("::")[0], []).append(place)
    known = Known(names=[item.nodeid for item in items])
    waiting, running = list(by_module.values()), dict[int, Path]()
    with tempfile.TemporaryDirectory() as scratch:
        while waiting or running:
            while waiting and len(running) < processes:
                path = Path(scratch, f"{len(waiting)}.json")
                places = waiting.pop()
                running[_forked(lambda places=places, path=path: _measured(items, places, path))] = path  # type: ignore[misc]
            pid, status = os.wait()
            if status:
                raise RuntimeError("a process that ran tests without a mutant came to no end")
            for place, (took, functions) in json.loads(running.pop(pid).read_text(encoding="utf-8")).items():
                known.seconds[int(place)] = took
                for function in functions if took != OF_NO_USE else ():
                    known.reaching.setdefault(function, []).append(int(place))
    return known


def _measured(items: Sequence[pytest.Item], places: Sequence[int], path: Path) -> int:
    from mutmut.mutation import trampoline

    reached: set[str] = set()
    trampoline.record_trampoline_hit = lambda name, **_: reached.add(name)
    trampoline.set_mutant_under_test("stats")
    found = {}
    for place in places:
        reached.clear()
        began = time.process_time()
        good = passes(items[place])
        found[place] = (time.process_time() - began if good else OF_NO_USE, sorted(reached))
    path.write_text(json.dumps(found), encoding="utf-8")
    return 0


def tried(items: Sequence[pytest.Item], chosen: dict[str, list[int]], known: Known, processes: int) -> dict[str, str]:
    """Each mutant on its tests: killed, survived, timed out, or how else its process ended."""
    outcomes: dict[str, str] = {}
    waiting, running = list(chosen), dict[int, str]()
    while waiting or running:
        while waiting and len(running) < processes:
            name = waiting.pop(0)
            seconds = sum(known.seconds[place] for place in chosen[name])
            running[_forked(lambda name=name, seconds=seconds: _as_mutant(items, name, chosen[name], seconds))] = name  # type: ignore[misc]
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        outcomes[running.pop(pid)] = WORDS.get(code, f"exit code {code}")
    return outcomes


def _as_mutant(items: Sequence[pytest.Item], name: str, places: Sequence[int], seconds: float) -> int:
    """1 where a test fails; the system ends it where it takes ten times as long as the tests do, and 10 s more."""
    from mutmut.mutation import trampoline

    limit = int(time.process_time() + 10.0 + 10.0 * seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    trampoline.set_mutant_under_test(name)
    return int(not all(passes(items[place]) for place in places))


def passes(item: pytest.Item) -> bool:
    """Whether a test, with all that is set up for it and taken down again, does not fail."""
    from _pytest.runner import runtestprotocol

    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _forked(work: Callable[[], int]) -> int:
    """The id of a process that does this, silently, and ends with its result; with 2 for whatever it raises."""
    if pid := os.fork():
        return pid
    code, nowhere = 2, os.open(os.devnull, os.O_WRONLY)
    try:
        for written_to in (1, 2):
            os.dup2(nowhere, written_to)
        code = work()
    finally:
        os._exit(code)

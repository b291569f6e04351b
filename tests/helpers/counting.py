"""What pytest ran, counted into a file: ``pytest --counts FILE``; `tests/conftest.py` has the option.

Tests by their outcome, functions of hypothesis and their examples, and the outcome of every function; with xdist, too.
With them what the sections of the validation report ask: when, on which commit and of which sources, and in which
versions of packages. `tests/run_all.py` counts each of its runs.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import asdict
from importlib.metadata import distributions
from pathlib import Path

import pytest

from folders import TESTS

sys.path.append(str(TESTS / "validation"))
import evidence

OPTION = "--counts"
WORST_LAST = ("passed", "skipped", "failed")
"""Outcomes of the cases of a function: the last of these that is there is that of the function."""

_PASSING = re.compile(r"- (\d+) passing")


class Counting:
    """A plugin of one run. An older file goes when it begins, so that a run that is broken off leaves none."""

    def __init__(self, file: Path, config: pytest.Config) -> None:
        self._file = file
        self._words = words_of(config.invocation_params.args)
        self._is_worker = hasattr(config, "workerinput")
        self._outcomes: Counter[str] = Counter()
        self._laws: Counter[str] = Counter()
        self._functions: dict[str, str] = {}
        if not self._is_worker:
            file.unlink(missing_ok=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> object:
        """What hypothesis says of a test goes with its report, also from one process to another."""
        report = yield
        if report.when == "teardown" and (said := getattr(item, "hypothesis_statistics", "")):
            report.user_properties.append(("hypothesis", sum(map(int, _PASSING.findall(said)))))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test by its call, or by what kept it from being called; its examples at its end."""
        function = report.nodeid.partition("[")[0]
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[report.outcome] += 1
            outcomes = (self._functions.get(function, "passed"), report.outcome)
            self._functions[function] = max(outcomes, key=WORST_LAST.index)
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name == "hypothesis":
                    self._laws[function] += value

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the file, in the process that the workers report to; none of a run that was broken off."""
        if self._is_worker or exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        if evidence.digest() != evidence.BEGAN_WITH:
            print("\nno counts are written: src or constraints changed while the tests ran")  # noqa: T201
            return
        counted = {
            **asdict(evidence.here()),
            "words": self._words,
            "code": int(exitstatus),
            "tests": self._outcomes,
            "examples": self._laws,
            "functions": self._functions,
            "versions": {evidence.normal(one.name): one.version for one in distributions()},
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(counted, indent=0), encoding="utf-8", newline="\n")


def words_of(words: tuple[str, ...]) -> list[str]:
    """What pytest was asked for, without the option of this module and its file."""
    kept = list(words)
    while OPTION in kept:
        at = kept.index(OPTION)
        del kept[at : at + 2]
    return [word for word in kept if not word.startswith(f"{OPTION}=")]

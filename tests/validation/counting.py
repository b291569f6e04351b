"""A plugin of pytest that counts what was run: ``pytest -p counting``, the file by SBRTCHECK_COUNTS.

Tests by their outcome, functions of hypothesis and their examples, and the outcome of every function; with xdist, too.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

WORST_LAST = ("passed", "skipped", "failed")
"""Outcomes of the cases of a function: the last of these that is there is that of the function."""

_PASSING = re.compile(r"- (\d+) passing")
_outcomes: Counter[str] = Counter()
_laws: Counter[str] = Counter()
_functions: dict[str, str] = {}
_seconds = [0.0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> object:
    """What hypothesis says of a test goes with its report, also from one process to another."""
    report = yield
    if report.when == "teardown" and (said := getattr(item, "hypothesis_statistics", "")):
        report.user_properties.append(("hypothesis", sum(map(int, _PASSING.findall(said)))))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count a test by its call, or by what kept it from being called; its examples at its end."""
    _seconds[0] += report.duration
    function = report.nodeid.partition("[")[0]
    if report.when == "call" or report.outcome != "passed":
        _outcomes[report.outcome] += 1
        outcomes = (_functions.get(function, "passed"), report.outcome)
        _functions[function] = max(outcomes, key=WORST_LAST.index)
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name == "hypothesis":
                _laws[function] += value


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the file: in the process that the workers report to."""
    if hasattr(session.config, "workerinput"):
        return
    counted = {"tests": _outcomes, "examples": _laws, "functions": _functions, "seconds": _seconds[0]}
    Path(os.environ["SBRTCHECK_COUNTS"]).write_text(json.dumps(counted), encoding="utf-8")

"""The lock of the development environment fits what is asked for; one that does not is told."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement

import supply_chain

TEXT = """\
# by hand
click==8.1.7 \\
    --hash=sha256:00 \\
    --hash=sha256:01
    # via sbrtcheck
numpy==2.0.0 ; python_full_version < '3.12' \\
    --hash=sha256:02
numpy==2.1.0 ; python_full_version >= '3.12' \\
    --hash=sha256:03
"""


def test_the_lock_fits_what_pyproject_asks_for() -> None:
    text = supply_chain.LOCK.read_text(encoding="utf-8")
    asked = supply_chain.requirements()
    assert {"numpy", "pytest", "pyarrow", "sphinx", "mypy"} <= {one.name for one in asked}
    assert [*supply_chain.faults(text, asked)] == []


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        (TEXT, ["click>=8.1", "numpy>=2.0"], []),
        (TEXT, ["click>=8.2"], ["click 8.1.7 is locked, asked for is click>=8.2"]),
        (TEXT, ["numpy>=2.1"], ["numpy 2.0.0 is locked, asked for is numpy>=2.1"]),
        (TEXT, ["scipy"], ["scipy is not in the lock"]),
        (re.sub(r" \\\n    --hash=sha256:03", "", TEXT), ["numpy"], ["numpy 2.1.0 has no hash"]),
        (TEXT + "# https://somewhere\n", [], ["an address is in the lock: # https://somewhere"]),
    ],
)
def test_what_does_not_fit_is_told(text: str, asked: list[str], said: list[str]) -> None:
    assert [*supply_chain.faults(text, map(Requirement, asked))] == said


SAFE = {"name": "click", "version": "8.2", "vulns": []}
WEAK = {"name": "numpy", "version": "2.0", "vulns": [{"id": "X-1"}]}
UNKNOWN = {"name": "scipy", "version": "1.0", "skip_reason": "nobody knows it"}


@pytest.mark.parametrize(
    ("answers", "extra", "met", "nothing", "said"),
    [
        ([SAFE], "all", True, False, "of 1 packages of sbrtcheck[all] 1 were answered for; known weaknesses: 0"),
        ([SAFE], "", None, False, "of 1 packages of sbrtcheck 1 were"),
        ([SAFE, UNKNOWN], "all", None, False, "of 2 packages of sbrtcheck[all] 1 were"),
        ([SAFE, WEAK, UNKNOWN], "", False, False, "known weaknesses: 1"),
        ([UNKNOWN], "all", None, True, "no answer could be had on this machine: of 1 packages"),
        ([], "all", None, True, "no answer could be had on this machine: of 0 packages"),
    ],
)
def test_an_audit_without_an_answer_is_none(
    answers: list[dict[str, object]], extra: str, met: bool | None, nothing: bool, said: str
) -> None:
    found = supply_chain.audited(answers, "", extra)
    assert found.met is met
    assert found.nothing is nothing
    assert said in found.summary
    texts = [part.text for part in found.parts]
    assert ("not known" in texts) is nothing
    assert ("numpy 2.0: X-1" in texts) is (WEAK in answers)


def test_an_audit_says_that_the_program_broke_off() -> None:
    assert supply_chain.audited([], "pip-audit ended with 1", "all").summary.endswith("; pip-audit ended with 1")


WITHDRAWN = {"id": "X-2", "withdrawn": "2026-01-01"}


@pytest.mark.parametrize(
    ("page", "answer"),
    [
        ({"info": {"version": "1.0"}, "vulnerabilities": []}, {"name": "scipy", "version": "1.0", "vulns": []}),
        (
            {"info": {"version": "1.0"}, "vulnerabilities": [{"id": "X-1"}, WITHDRAWN]},
            {"name": "scipy", "version": "1.0", "vulns": [{"id": "X-1"}]},
        ),
        ({"info": {"version": "1.1"}, "vulnerabilities": []}, UNKNOWN),  # of a newer release: says nothing of this one
        ({"info": {"version": "1.0"}}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_the_page_of_a_project_answers_for_its_newest_release_alone(
    page: dict[str, object], answer: dict[str, object]
) -> None:
    asked: list[str] = []

    def page_of(name: str) -> dict[str, object]:
        asked.append(name)
        return page

    assert supply_chain.with_newest([SAFE, UNKNOWN], page_of) == [SAFE, answer]
    assert asked == ["scipy"]


def test_an_audit_names_the_releases_that_nobody_answered_for_and_the_python() -> None:
    found = supply_chain.audited([SAFE, UNKNOWN], "", "all", "3.13")
    assert "of 2 packages of sbrtcheck[all] for Python 3.13 1 were answered for" in found.summary
    assert "scipy 1.0" in [part.text for part in found.parts]
    assert found.command == "python tests/supply_chain.py audit --python 3.13"

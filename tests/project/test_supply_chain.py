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

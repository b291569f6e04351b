"""Tests that a list in the documentation cites by their ids, ``file::function``: whether they are there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from folders import ROOT


def missing(cited: Iterable[str]) -> list[str]:
    """Those of the cited tests that are nowhere."""
    parts = [(test, *test.partition("::")[::2]) for test in cited]
    return [test for test, file, function in parts if function not in _functions(file)]


@cache
def _functions(file: str) -> frozenset[str]:
    """Names of the tests of a file: none where there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    return frozenset(re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))

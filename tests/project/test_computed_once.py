"""What some modules of tests compute once is the report that they would have computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plan_changes as changes
import sbrtcheck
from computed_once import computed_once
from plan_changes import NAMED, PlanFiles, Unchanged, small_plan
from sbrtcheck.errors import SbrtcheckError

OPTIONS: tuple[Mapping[str, Any], ...] = ({}, {"strict": True}, {"end_caps": "none"}, {"prescription": "48Gy/5"})


@pytest.mark.slow
@given(
    st.sampled_from([*changes.OF_STRUCTURE, *changes.OF_PLAN]),
    st.sampled_from(["Heart", "SpinalCord", "PTV"]),
    st.integers(0, 10_000),
)
@settings(max_examples=6)
def test_no_plan_and_no_option_is_given_the_report_of_another(name: str, structure: str, seed: int) -> None:
    """Of a plan, of the same changed, and of that under another option."""
    one, other = small_plan(), small_plan()
    try:
        if name in changes.OF_STRUCTURE:
            changes.OF_STRUCTURE[name](other, structure, Random(seed))
        else:
            changes.OF_PLAN[name](other, Random(seed))
    except Unchanged:
        pass
    with computed_once():
        kept = list(reports(one, other, OPTIONS[seed % len(OPTIONS)]))
    assert kept == list(reports(one, other, OPTIONS[seed % len(OPTIONS)]))


def reports(one: PlanFiles, other: PlanFiles, options: Mapping[str, Any]) -> Iterator[object]:
    for files, chosen in ((one, {}), (other, {}), (other, options)):
        with TemporaryDirectory() as folder:
            try:
                yield sbrtcheck.check(files.save(Path(folder)), "rtog-0813", names=NAMED, **chosen).to_dict()
            except SbrtcheckError as error:
                yield type(error), str(error).replace(folder, "")

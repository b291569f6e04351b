"""Whatever a public function is given: it answers, or says in an error of ours what is wrong; never a raw TypeError."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sbrtcheck
from dvh_builders import dvh_set, plan_of, ramp_dvh, row, table
from folders import ROOT
from sbrtcheck import ConstraintTable, SbrtcheckError
from sbrtcheck.api import parse_prescription
from sbrtcheck.plan.prescription_text import read_prescription

PLAN = ROOT / "examples" / "plans" / "lung-50gy-5fx"

wrong_things = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(width=32),  # not so large that a square overflows: that is a warning of numpy, not an error
    st.binary(max_size=6),
    st.text(max_size=6),
    st.sampled_from([object(), object, print, 1j, {}, [], (), {"a": 1}, [None], ["x", 5], float("nan"), {1, 2}]),
)


FEW_WRONG_THINGS = {
    "a number": 5,
    "not a number": float("nan"),
    "bytes": b"x",
    "an object": object(),
    "a list": [5],
    "a list of text": ["x"],
    "a dictionary": {"a": 1},
    "text": "x",
}


@cache
def right_things() -> dict[str, Any]:
    return {
        "measure": {"metric": "Max[Gy]", "dvh": ramp_dvh()},
        "evaluate": {"table": table(row("Max[Gy]", "below", 3)), "dvhs": dvh_set(ramp_dvh())},
        "compute_dvhs": {"plan": plan_of(Heart=0.0)},
        "load_table": {"table": "rtog-0813"},
        "load_sites": {},
        "bed": {"total_gy": 50.0, "fractions": 5, "alpha_beta_gy": 3.0},
        "eqd2": {"total_gy": 50.0, "fractions": 5, "alpha_beta_gy": 3.0},
        "check": {"path": PLAN, "table": "rtog-0813"},
        "compare": {"first": PLAN, "second": PLAN, "table": "rtog-0813"},
        "dvhs": {"path": PLAN},
        "names": {"path": PLAN, "table": "rtog-0813"},
        "risks": {"path": PLAN},
        "accumulate": {"paths": [PLAN], "alpha_betas_gy": {"Heart": 3.0}},
    }


PATHS = {"path", "paths", "first", "second", "plan", "plans", "against", "registrations"}
"""What a plan is read from: `tests/dicom` is about these."""

CALLBACKS = {"progress"}  # a function of the caller's own: what it raises is the caller's


def parameters(function: Callable[..., Any], name: str) -> list[str]:
    names = inspect.signature(function).parameters
    inputs = set() if name in ("measure", "evaluate", "compute_dvhs", "load_table") else PATHS
    return [one for one in names if one not in inputs | CALLBACKS]


CASES = [
    (name, parameter) for name in sorted(right_things()) for parameter in parameters(getattr(sbrtcheck, name), name)
]
CHEAP = {"measure", "evaluate", "compute_dvhs", "load_table", "load_sites", "bed", "eqd2"}


def assert_answers_or_says_why(call: Callable[[], object]) -> None:
    try:
        call()
    except SbrtcheckError as error:
        assert str(error)  # noqa: PT017 - any other error fails the test, as it should


@pytest.mark.parametrize(("name", "parameter"), [case for case in CASES if case[0] in CHEAP])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wrong=wrong_things)
def test_a_wrong_argument_is_refused_by_name(name: str, parameter: str, wrong: object) -> None:
    arguments = right_things()[name] | {parameter: wrong}
    assert_answers_or_says_why(lambda: getattr(sbrtcheck, name)(**arguments))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "parameter"), [case for case in CASES if case[0] not in CHEAP])
@pytest.mark.parametrize("wrong", FEW_WRONG_THINGS.values(), ids=FEW_WRONG_THINGS)
def test_a_wrong_option_of_a_plan_is_refused_by_name(name: str, parameter: str, wrong: object) -> None:
    arguments = right_things()[name] | {parameter: wrong}
    assert_answers_or_says_why(lambda: getattr(sbrtcheck, name)(**arguments))


@given(wrong_things)
def test_what_is_no_prescription_is_refused(wrong: Any) -> None:
    assert_answers_or_says_why(lambda: read_prescription(wrong))
    assert_answers_or_says_why(lambda: read_prescription((wrong, 5)))
    assert_answers_or_says_why(lambda: read_prescription((50, wrong)))
    assert_answers_or_says_why(lambda: read_prescription(sbrtcheck.Prescription(dose_gy=wrong, fractions=wrong)))
    assert_answers_or_says_why(lambda: parse_prescription(wrong))


@given(wrong_things, wrong_things)
def test_what_is_no_row_is_refused(rows: Any, fractions: Any) -> None:
    assert_answers_or_says_why(lambda: ConstraintTable.from_rows(rows, fractions=fractions))
    assert_answers_or_says_why(lambda: ConstraintTable.from_rows([rows], fractions=5, id=fractions, title=rows))


@given(wrong_things)
def test_metrics_of_a_set_are_refused_alike(wrong: Any) -> None:
    dvhs = dvh_set(ramp_dvh())
    for call in (dvhs.measure, dvhs.to_records, dvhs.to_dataframe):
        assert_answers_or_says_why(lambda call=call: call(wrong))  # type: ignore[misc]

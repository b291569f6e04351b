"""A DVH made by hand that can be that of no structure is judged by no row."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dvh_builders import FIFTY_IN_FIVE, NOT_KNOWN, curve, dvh_set, exact, ramp_dvh, row, table
from sbrtcheck import evaluate
from sbrtcheck.dvh import DVH, Bounds
from sbrtcheck.errors import ArgumentError
from sbrtcheck.plan import Prescription, UnknownPrescription

IMPOSSIBLE = [math.nan, math.inf, -math.inf, -1.0]
ROWS = table(row("D5cc[Gy]", "below", 45.0, volume_threshold=True), row("Max[Gy]", "below", 45.0, id="max"))


def judged(dvh: DVH) -> None:
    evaluate(ROWS, dvh_set(dvh), accept_dose=True)


@given(st.floats(0.0, 40.0), st.floats(0.0, 40.0), st.floats(0.01, 1e4), st.floats(0.0, 5.0))
def test_what_can_be_a_dvh_is_judged(low: float, more: float, volume_cc: float, half_width: float) -> None:
    judged(ramp_dvh(low_gy=low, high_gy=low + more, volume_cc=volume_cc, half_width_gy=half_width))


@pytest.mark.parametrize("bad", IMPOSSIBLE)
@pytest.mark.parametrize("field", ["volume", "uncovered_cc", "mean_gy", "max_gy", "min_gy"])
def test_a_number_that_cannot_be_is_refused_with_the_name_of_the_structure(field: str, bad: float) -> None:
    value = exact(bad) if field.endswith("_gy") else bad
    with pytest.raises(ArgumentError, match=f"SpinalCord: {field}"):
        judged(replace(ramp_dvh(), **{field: value}))


@pytest.mark.parametrize("bad", IMPOSSIBLE)
@pytest.mark.parametrize("which", ["curve", "lower", "upper"])
@given(place=st.integers(0, 2), of_dose=st.booleans())
def test_a_curve_with_such_a_number_is_refused(which: str, bad: float, place: int, of_dose: bool) -> None:
    doses, volumes = np.array([0.0, 5.0, 20.0]), np.array([10.0, 10.0, 0.0])
    (doses if of_dose else volumes)[place] = bad
    with pytest.raises(ArgumentError, match=f"SpinalCord: {which}"):
        judged(replace(ramp_dvh(), **{which: curve(doses, volumes)}))


@given(st.permutations([0.0, 5.0, 20.0]), st.permutations([10.0, 4.0, 0.0]))
def test_a_curve_that_is_none_is_refused(doses: list[float], volumes: list[float]) -> None:
    assume((doses, volumes) != ([0.0, 5.0, 20.0], [10.0, 4.0, 0.0]))
    with pytest.raises(ArgumentError):
        judged(replace(ramp_dvh(), curve=curve(doses, volumes)))


def test_so_are_bounds_without_their_value_and_another_volume_than_that_of_the_curve() -> None:
    for wrong in (
        replace(ramp_dvh(), max_gy=Bounds(value=20.0, low=21.0, high=22.0)),
        replace(ramp_dvh(), volume=1.0),
        replace(ramp_dvh(), readings=(replace(ramp_dvh(), volume=math.nan),)),
    ):
        with pytest.raises(ArgumentError):
            judged(wrong)


@pytest.mark.parametrize("other", [Prescription(dose_gy=60.0, fractions=3), NOT_KNOWN])
def test_dvhs_of_another_prescription_than_their_plan_are_refused(other: Prescription | UnknownPrescription) -> None:
    """The table would hold for one number of fractions, and EQD2 be that of another."""
    with pytest.raises(ArgumentError, match="SpinalCord is not that of the plan"):
        evaluate(ROWS, replace(dvh_set(ramp_dvh()), prescription=other), accept_dose=True)


def test_where_the_prescription_was_found_makes_no_difference() -> None:
    evaluate(ROWS, replace(dvh_set(ramp_dvh()), prescription=replace(FIFTY_IN_FIVE, source="elsewhere")))

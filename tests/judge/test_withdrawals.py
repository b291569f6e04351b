"""Verdicts that a value alone cannot give: other structures of the name, other readings, dose beyond the grid.

In each a verdict is kept only where it is the same whatever the answer is; which of two values decides is told by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import box, curve, dvh_set, exact, partly_outside, plan_of, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Reason, compute_dvhs
from sbrtcheck.metric import Measurement
from sbrtcheck.plan import Contours, DoseGrid, Finding, FindingCode, Plan, Prescription, Structure
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Outcome, Verdict
from sbrtcheck.tables import Constraint, Kind, Priority, Select


def judged(constraint: Constraint, dvhs: DVHSet, **options: Any) -> Outcome:
    (outcome,) = report_on(table(constraint), dvhs, **options).outcomes
    return outcome


def near_copies(outcome: Outcome) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.code is FindingCode.NEAR_COPY]


# -------------------------------------------------------------------------------- near copies, DVH against DVH


@given(
    st.sampled_from([5.0, 15.0, 25.0, 35.0]),
    st.sampled_from([5.0, 15.0, 25.0, 35.0]),
    st.sampled_from(["below", "at_least"]),
    st.sampled_from([{}, {"acceptable": True}, {"kind": Kind.RISK}, {"kind": Kind.ADVISORY}]),
)
def test_a_verdict_stands_beside_a_copy_that_comes_to_the_same(
    own_gy: float, other_gy: float, sense: str, fields: dict[str, Any]
) -> None:
    acceptable = {"acceptable": 30.0 if sense == "below" else 10.0} if fields.pop("acceptable", False) else {}
    asked = row("Mean[Gy]", sense, 20.0, "Heart", **(fields | acceptable))
    own = uniform_dvh("Heart", dose_gy=own_gy)
    outcome = judged(asked, dvh_set(own, uniform_dvh("Heart 2", dose_gy=other_gy)))
    (alone,), (of_copy,) = (
        report_on(table(asked), dvh_set(uniform_dvh("Heart", dose_gy=gy))).outcomes for gy in (own_gy, other_gy)
    )
    stands = alone.verdict is Verdict.FAIL or alone.verdict is of_copy.verdict
    assert outcome.verdict is (alone.verdict if stands else Verdict.NOT_EVALUATED)
    assert outcome.reason is (None if stands else Reason.STRUCTURE_AMBIGUOUS)
    if not stands:
        assert f"Heart 2 may be a part of it, or be what is meant: {alone.verdict} without, {of_copy.verdict}" in (
            outcome.detail
        )
    is_worse = other_gy > own_gy if sense == "below" else other_gy < own_gy
    expected = is_worse and alone.verdict is not Verdict.FAIL
    assert [(one.text, one.subject) for one in near_copies(outcome)] == (
        [(f"Mean[Gy]: Heart 2, by its name a copy or a part of it, has {other_gy:.2f} Gy", "Heart")] if expected else []
    )
    assert isinstance(outcome.measurement, Measurement)
    assert outcome.measurement.value == own_gy


def test_the_worst_of_several_copies_is_shown() -> None:
    copies = [uniform_dvh(f"Heart {n}", dose_gy=gy) for n, gy in ((2, 12.0), (3, 16.0), (4, 14.0))]
    (finding,) = near_copies(
        judged(row("Mean[Gy]", "below", 20.0, "Heart"), dvh_set(uniform_dvh("Heart", dose_gy=10.0), *copies))
    )
    assert "Heart 3" in finding.text
    assert "16.00 Gy" in finding.text
    (finding,) = near_copies(
        judged(row("Mean[Gy]", "above", 5.0, "Heart"), dvh_set(uniform_dvh("Heart", dose_gy=15.0), *copies))
    )
    assert "Heart 2" in finding.text
    assert "12.00 Gy" in finding.text


def test_all_verdicts_that_copies_would_have_are_told_in_one_order() -> None:
    copies = [uniform_dvh(f"Heart {n}", dose_gy=gy) for n, gy in ((2, 25.0), (3, 35.0), (4, 10.0))]
    outcome = judged(
        row("Mean[Gy]", "below", 20.0, "Heart", acceptable=30.0), dvh_set(uniform_dvh("Heart", dose_gy=10.0), *copies)
    )
    assert outcome.detail == (
        "Heart 2, Heart 3, Heart 4 may be a part of it, or be what is meant: PASS without, FAIL, VARIATION with it"
    )


def test_a_copy_without_a_dvh_leaves_no_pass_and_a_fail_stays() -> None:
    damaged = NoDVH(name="Heart 2", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="")
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=10.0), without=(damaged,))
    passing = judged(row("Mean[Gy]", "below", 20.0, "Heart"), dvhs)
    assert (passing.reason, near_copies(passing)) == (Reason.STRUCTURE_AMBIGUOUS, [])
    assert judged(row("Mean[Gy]", "below", 5.0, "Heart"), dvhs).verdict is Verdict.FAIL


def test_a_copy_that_is_too_small_for_the_metric_says_nothing() -> None:
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=10.0), uniform_dvh("Heart 2", dose_gy=40.0, volume_cc=2.0))
    assert judged(row("D5cc[Gy]", "below", 20.0, "Heart"), dvhs).verdict is Verdict.PASS
    assert judged(row("D1cc[Gy]", "below", 20.0, "Heart"), dvhs).reason is Reason.STRUCTURE_AMBIGUOUS


def test_who_names_a_structure_has_chosen_among_its_copies() -> None:
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=10.0), uniform_dvh("Heart 2", dose_gy=40.0))
    asked = row("Mean[Gy]", "below", 20.0, "Heart")
    assert judged(asked, dvhs, names={"Heart": "Heart"}).verdict is Verdict.PASS
    assert judged(asked, dvhs, names={"Heart": "Heart 2"}).verdict is Verdict.FAIL


def test_an_optimal_limit_that_a_copy_would_keep_has_no_verdict_either() -> None:
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=30.0), uniform_dvh("Heart 2", dose_gy=10.0))
    optimal = judged(row("Mean[Gy]", "below", 20.0, "Heart", priority=Priority.OPTIMAL), dvhs)
    assert optimal.reason is Reason.STRUCTURE_AMBIGUOUS


def test_rows_on_one_structure_share_its_copies_and_each_is_judged_by_its_own_limit() -> None:
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=10.0), uniform_dvh("Heart 2", dose_gy=25.0))
    rows = [row("Mean[Gy]", "below", limit, "Heart", id=f"{limit:g}") for limit in (20.0, 30.0, 5.0)]
    found = report_on(table(*rows), dvhs).outcomes
    assert [one.verdict for one in found] == [Verdict.NOT_EVALUATED, Verdict.PASS, Verdict.FAIL]
    assert [len(near_copies(one)) for one in found] == [1, 1, 1]


# -------------------------------------------------------------------------------- copies with contours are joined


def steps_plan(**boxes_mm: float) -> Plan:
    """Boxes of 1 cc by the x where they begin, in 30 Gy up to x = 12 mm and 10 Gy beyond; 30 Gy in 5."""
    x_mm = np.arange(-60.0, 121.0, 2.0)
    dose = DoseGrid.axial(
        np.broadcast_to(np.where(x_mm < 12.0, 30.0, 10.0), (20, 24, len(x_mm))),
        origin_mm=(-60.0, -15.0, -20.0),
        spacing_mm=(2.0, 2.0, 3.0),
    )
    boxes = {"PTV": -40.0, **boxes_mm}
    structures = [Structure(name=name, number=n, contours=box(x)) for n, (name, x) in enumerate(boxes.items(), start=1)]
    return Plan(dose=dose, structures=tuple(structures), prescription=Prescription(dose_gy=30.0, fractions=5))


@pytest.mark.parametrize(
    ("metric", "limit", "verdict"),
    [
        ("V20Gy[cc]", 0.5, Verdict.NOT_EVALUATED),  # 1 cc together, nothing alone
        ("V20Gy[cc]", 1.5, Verdict.PASS),
        ("V20Gy[%]", 45.0, Verdict.NOT_EVALUATED),  # a half together; all of the copy alone is not asked for
        ("V20Gy[%]", 55.0, Verdict.PASS),
        ("Mean[Gy]", 19.0, Verdict.NOT_EVALUATED),
        ("Mean[Gy]", 21.0, Verdict.PASS),
    ],
)
def test_a_structure_and_its_copy_are_judged_as_one(metric: str, limit: float, verdict: Verdict) -> None:
    dvhs = compute_dvhs(steps_plan(**{"Heart": 40.0, "Heart 2": -10.0}))
    outcome = judged(row(metric, "below", limit, "Heart"), dvhs)
    assert outcome.verdict is verdict
    assert outcome.reason is (None if verdict is Verdict.PASS else Reason.STRUCTURE_AMBIGUOUS)
    lower = judged(row(metric, "at_least", 0.1, "Heart"), compute_dvhs(steps_plan(**{"Heart": -10.0, "Heart 2": 40.0})))
    assert lower.verdict is Verdict.PASS


def test_a_copy_inside_the_structure_changes_nothing() -> None:
    plan = steps_plan(Heart=40.0, Heart_old=40.0)
    outcome = judged(row("Mean[Gy]", "below", 11.0, "Heart"), compute_dvhs(plan))
    assert (outcome.verdict, near_copies(outcome)) == (Verdict.PASS, [])


def test_copies_that_nobody_asked_for_are_computed() -> None:
    plan = steps_plan(**{"Heart": 40.0, "Heart 2": -10.0})
    for structures in (None, ["Heart", "PTV"]):
        outcome = judged(row("Mean[Gy]", "below", 11.0, "Heart"), compute_dvhs(plan, structures=structures))
        assert outcome.reason is Reason.STRUCTURE_AMBIGUOUS
        assert "30.00 Gy" in near_copies(outcome)[0].text


# -------------------------------------------------------------------------------- contours that can be read in two ways


@pytest.mark.parametrize(
    ("readings_gy", "differing"),
    [((10.0,), ""), ((25.0,), "VARIATION"), ((35.0, 25.0), "FAIL, VARIATION"), ((12.0, 35.0), "FAIL")],
)
def test_a_verdict_that_another_reading_turns_is_none(readings_gy: tuple[float, ...], differing: str) -> None:
    readings = tuple(uniform_dvh("Heart", dose_gy=gy) for gy in readings_gy)
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=15.0, readings=readings))
    outcome = judged(row("Mean[Gy]", "below", 20.0, "Heart", acceptable=30.0), dvhs)
    assert outcome.verdict is (Verdict.NOT_EVALUATED if differing else Verdict.PASS)
    assert outcome.reason is (Reason.CONTOURS_CONTRADICTORY if differing else None)
    assert f"PASS with what they enclose together, {differing} where" in outcome.detail or not differing
    assert outcome.margin == pytest.approx(5.0)


def test_another_reading_takes_a_fail_too() -> None:
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=35.0, readings=(uniform_dvh("Heart", dose_gy=15.0),)))
    assert judged(row("Mean[Gy]", "below", 20.0, "Heart"), dvhs).reason is Reason.CONTOURS_CONTRADICTORY


# -------------------------------------------------------------------------------- a part lies where there is no dose

FACES_GY = 10.0  # of the grid of `plan_of`, which has that dose everywhere


def in_a_grid(*dvhs: DVH) -> DVHSet:
    """DVHs of a plan whose grid holds its target and has 10 Gy on its faces."""
    made = dvh_set(uniform_dvh("PTV", dose_gy=10.0), *dvhs, rx=Prescription(dose_gy=10.0, fractions=5))
    return replace(made, plan=plan_of(**{dvh.name: 5.0 for dvh in made.dvhs}))


@pytest.mark.parametrize(
    ("metric", "at_zero", "at_faces"),
    [  # what is outside at 0 Gy, and all of it at the largest dose on the faces of the grid: 6 cc at 4 Gy, 4 cc outside
        ("Max[Gy]", 4.0, 10.0),
        ("Mean[Gy]", 2.4, 6.4),
        ("D1cc[Gy]", 4.0, 10.0),
        ("D5cc[Gy]", 4.0, 4.0),
        ("D8cc[Gy]", 0.0, 4.0),
        ("V3Gy[cc]", 6.0, 10.0),
        ("V5Gy[cc]", 0.0, 4.0),
        ("V9.9Gy[%]", 0.0, 40.0),
        ("V10.1Gy[cc]", 0.0, 0.0),
        ("DC2cc[Gy]", 0.0, 4.0),
        ("DC5cc[Gy]", 4.0, 4.0),
        ("DC8cc[Gy]", 4.0, 10.0),
        ("CV3Gy[cc]", 4.0, 0.0),
        ("CV5Gy[cc]", 10.0, 6.0),
        ("CV11Gy[cc]", 10.0, 10.0),
    ],
)
def test_a_verdict_stands_only_where_no_dose_outside_would_turn_it(
    metric: str, at_zero: float, at_faces: float
) -> None:
    dvhs = in_a_grid(partly_outside(4.0, 4.0))
    low, high = sorted((at_zero, at_faces))
    for limit in (low - 0.05, (low + high) / 2 + 0.01, high + 0.05):
        if limit <= 0.0:
            continue
        for sense in ("below", "above"):
            if metric.startswith("CV" if sense == "below" else "DC"):
                continue  # such rows are no critical volumes
            is_met = [at < limit if sense == "below" else at > limit for at in (at_zero, at_faces)]
            outcome = judged(row(metric, sense, limit, "Heart"), dvhs)
            expected = "NOT_EVALUATED" if is_met[0] != is_met[1] else "PASS" if is_met[0] else "FAIL"
            assert (outcome.verdict, limit, sense) == (expected, limit, sense)
            assert (outcome.reason is Reason.PARTLY_OUTSIDE_GRID) == (is_met[0] != is_met[1])
            if is_met[0] != is_met[1]:
                assert "40 % of it lies outside the dose grid" in outcome.detail
                assert "10 Gy" in outcome.detail
                assert outcome.conventions == ()


def test_where_a_part_has_just_the_dose_of_the_faces_nothing_above_it_is_more() -> None:
    """Of 10 cc 2 lie outside, 4 have just the 10 Gy of the faces and 4 are spread from there to 20 Gy."""
    step = curve([0.0, 0.0, 10.0, 10.0, 20.0], [10.0, 8.0, 8.0, 4.0, 0.0])
    heart = replace(partly_outside(10.0, 2.0), curve=step, lower=step, upper=step, max_gy=exact(20.0))
    for limit, verdict in ((4.0, Verdict.PASS), (3.0, Verdict.FAIL)):  # 3.6 cc have 11 Gy
        assert judged(row("V11Gy[cc]", "below", limit, "Heart"), in_a_grid(heart)).verdict is verdict
    assert judged(row("V11Gy[cc]", "at_least", 5.0, "Heart"), in_a_grid(heart)).verdict is Verdict.FAIL
    at_the_faces = judged(row("V10Gy[cc]", "below", 9.0, "Heart"), in_a_grid(heart))
    assert at_the_faces.reason is Reason.PARTLY_OUTSIDE_GRID  # 8 cc, and 10 cc with what is outside


def test_where_a_target_lies_outside_too_the_dose_there_may_be_any() -> None:
    asked = row("Max[Gy]", "below", 20.0, "Heart")
    assert judged(asked, in_a_grid(partly_outside(4.0, 4.0))).verdict is Verdict.PASS
    for others in (
        (partly_outside(10.0, 1.0, "GTV"),),  # a target
        (partly_outside(10.0, 1.0, "PTV_old"),),  # what may be one
    ):
        outcome = judged(asked, in_a_grid(partly_outside(4.0, 4.0), *others))
        assert outcome.reason is Reason.PARTLY_OUTSIDE_GRID
        assert "any dose" in outcome.detail
    assert judged(row("Max[Gy]", "below", 3.0, "Heart"), in_a_grid(partly_outside(4.0, 4.0))).verdict is Verdict.FAIL
    without_plan = judged(asked, dvh_set(uniform_dvh("PTV"), partly_outside(4.0, 4.0)))
    assert without_plan.reason is Reason.PARTLY_OUTSIDE_GRID


def test_an_organ_less_a_target_that_ends_beyond_the_grid_is_no_target_there() -> None:
    asked = row("Max[Gy]", "below", 20.0, "Heart")
    for name, verdict in (
        ("Lungs-PTV", Verdict.PASS),
        ("Liver-GTV", Verdict.PASS),
        ("Body-PTV", Verdict.PASS),
        ("RUL-PTV", Verdict.NOT_EVALUATED),  # which may be the target of that lobe
    ):
        others = partly_outside(4.0, 4.0), partly_outside(10.0, 1.0, name)
        assert judged(asked, in_a_grid(*others)).verdict is verdict, name


def test_a_reading_that_lies_outside_is_judged_with_dose_there_too() -> None:
    whole = uniform_dvh("Heart", dose_gy=4.0, readings=(partly_outside(4.0, 4.0),))
    assert judged(row("Mean[Gy]", "below", 6.3, "Heart"), in_a_grid(whole)).reason is Reason.CONTOURS_CONTRADICTORY
    assert judged(row("Mean[Gy]", "below", 6.5, "Heart"), in_a_grid(whole)).verdict is Verdict.PASS


def test_a_conversion_is_of_the_dose_outside_too() -> None:
    """EQD2 of 10 Gy in 5 for an alpha/beta of 2 Gy is 10 Gy, of 4 Gy it is 2.8 Gy."""
    asked = row("Max[Gy]", "below", 9.9, "Heart", quantity=Quantity.EQD2, alpha_beta_gy=2.0)
    assert judged(asked, in_a_grid(partly_outside(4.0, 4.0))).reason is Reason.PARTLY_OUTSIDE_GRID
    assert judged(replace(asked, limit=10.1), in_a_grid(partly_outside(4.0, 4.0))).verdict is Verdict.PASS


# -------------------------------------------------------------------------------- at a distance from the target


def ball_plan(half_mm: float) -> Plan:
    """20 Gy within 22 mm of the middle and 5 Gy beyond, in a cube of a grid; a target of 1 cc in the middle."""
    axis = np.arange(-half_mm, half_mm + 1.0, 2.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    dose = DoseGrid.axial(
        np.where(np.sqrt(x**2 + y**2 + z**2) < 22.0, 20.0, 5.0), origin_mm=(axis[0],) * 3, spacing_mm=(2.0,) * 3
    )
    loops = [[[-5, -5, h], [5, -5, h], [5, 5, h], [-5, 5, h]] for h in (-4, -2, 0, 2, 4)]
    target = Structure(name="PTV", number=1, kind="PTV", contours=Contours.of(*loops))
    return Plan(dose=dose, structures=(target,), prescription=Prescription(dose_gy=20.0, fractions=5))


@pytest.mark.parametrize(
    ("metric", "half_mm", "limit", "verdict"),
    [
        ("D2cm[Gy]", 34.0, 5.5, Verdict.PASS),
        ("D2cm[Gy]", 34.0, 4.5, Verdict.FAIL),
        ("D2cm[%Rx]", 34.0, 26.0, Verdict.PASS),  # 25 %
        ("D2cm[%Rx]", 34.0, 24.0, Verdict.FAIL),
        # a grid of which the corners alone are so far away; on its faces there are 20 Gy
        ("D2cm[Gy]", 20.0, 21.0, Verdict.PASS),
        ("D2cm[Gy]", 20.0, 19.0, Verdict.NOT_EVALUATED),
        ("D2cm[Gy]", 20.0, 4.5, Verdict.FAIL),
        ("D2cm[%Rx]", 20.0, 99.0, Verdict.NOT_EVALUATED),
        ("D2cm[%Rx]", 20.0, 101.0, Verdict.PASS),
    ],
)
def test_a_grid_that_ends_near_the_target_decides_no_dose_at_a_distance(
    metric: str, half_mm: float, limit: float, verdict: Verdict
) -> None:
    outcome = judged(row(metric, "below", limit, "PTV"), compute_dvhs(ball_plan(half_mm)))
    assert outcome.verdict is verdict
    assert outcome.reason is (Reason.PARTLY_OUTSIDE_GRID if verdict is Verdict.NOT_EVALUATED else None)
    if verdict is Verdict.NOT_EVALUATED:
        assert "PTV" in outcome.detail


# -------------------------------------------------------------------------------- a part is missing, and what else


@pytest.mark.parametrize(
    ("metric", "sense", "expected"),
    [  # of a part with 20 Gy and a limit of 10, and one of 30: what a missing part could turn is not decided
        ("Max[Gy]", "below", ("FAIL", None)),
        ("Max[Gy]", "at_least", ("PASS", None)),
        ("Min[Gy]", "below", (None, "PASS")),
        ("Min[Gy]", "at_least", (None, "FAIL")),
        ("Mean[Gy]", "below", ("FAIL", None)),
        ("Mean[Gy]", "at_least", (None, None)),
        ("Median[Gy]", "below", ("FAIL", None)),
        ("D5cc[Gy]", "at_least", ("PASS", None)),
        ("D50%[Gy]", "at_least", (None, None)),
        ("Volume[cc]", "below", ("FAIL", None)),
        ("Volume[cc]", "at_least", ("PASS", None)),
        ("V15Gy[cc]", "below", ("FAIL", None)),
        ("V15Gy[cc]", "at_least", ("PASS", None)),
        ("V15Gy[%]", "below", ("FAIL", "FAIL")),  # all of the part, and a part that exceeds a limit is told
        ("V15Gy[%]", "at_least", (None, None)),
    ],
)
def test_a_missing_part_can_only_add_volume(metric: str, sense: str, expected: tuple[str | None, str | None]) -> None:
    trachea = uniform_dvh("Trachea", dose_gy=20.0, volume_cc=20.0)
    for limit, verdict in zip((10.0, 30.0), expected, strict=True):
        asked = row(metric, sense, limit, "Trachea", "Bronchus_Main", select=Select.UNION)
        outcome = judged(asked, dvh_set(trachea))
        assert outcome.verdict == (verdict or "NOT_EVALUATED")
        assert outcome.lacking == ("Bronchus_Main",)
        if verdict is None:
            assert outcome.reason is Reason.PART_MISSING
            assert "Bronchus_Main is missing; the rest would come to" in outcome.detail


def test_statements_and_risk_points_on_a_part_of_an_organ() -> None:
    union = {"select": Select.UNION}
    trachea = dvh_set(uniform_dvh("Trachea", dose_gy=20.0))
    for kind, verdicts in ((Kind.ADVISORY, ("NOT_MET", "NOT_EVALUATED")), (Kind.RISK, ("RISK", "RISK"))):
        for limit, verdict in zip((10.0, 30.0), verdicts, strict=True):
            asked = row("Max[Gy]", "below", limit, "Trachea", "Bronchus_Main", kind=kind, **union)
            assert judged(asked, trachea).verdict == verdict


def test_a_missing_part_is_the_reason_before_all_others() -> None:
    copy = uniform_dvh("Trachea 2", dose_gy=40.0)
    asked = row("Max[Gy]", "below", 30.0, "Trachea", "Bronchus_Main", select=Select.UNION)
    outcome = judged(asked, dvh_set(uniform_dvh("Trachea", dose_gy=20.0), copy))
    assert outcome.reason is Reason.PART_MISSING

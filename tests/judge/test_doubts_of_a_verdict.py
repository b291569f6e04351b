"""A verdict and the other DVHs that it has to hold on, both made by hand: which doubt takes it, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import curve, dvh_set, exact, partly_outside, plan_of, row, table, uniform_dvh
from sbrtcheck.dvh import DVH, Bounds, DVHSet, NoDVH, Reason, compute_dvhs
from sbrtcheck.judge.dose_check import check_dose
from sbrtcheck.judge.judged_plan import JudgedPlan, judged_plan
from sbrtcheck.judge.limits import Limits
from sbrtcheck.judge.naming import match_plan, organs_of
from sbrtcheck.judge.row import Case, RowResult, judge_on
from sbrtcheck.judge.structures import plan_structures
from sbrtcheck.judge.withdraw import (
    ANY_DOSE_GY,
    NO_COPIES,
    CopyDvhs,
    OtherDvhs,
    _with_outside_dose,
    compute_other_dvhs,
    copy_findings,
    dvhs_of_structures,
    outside_percent,
    withdraw_where_doubtful,
)
from sbrtcheck.metric import MaxDoseAtDistance, Measurement, NotMeasured, Unit
from sbrtcheck.plan import SEX_NOT_STATED, FindingCode, Plan
from sbrtcheck.results import Verdict
from sbrtcheck.results.plan_site import UNKNOWN_SITE
from sbrtcheck.structure_names import RoiName
from sbrtcheck.tables import Constraint, FixedLimit, Kind, LimitByTargetVolume, Select, Step

RISING = LimitByTargetVolume(steps=(Step(volume_cc=1.0, limit=1.0), Step(volume_cc=100.0, limit=100.0)))
"""1 Gy a cc of the target."""

NOTHING_ELSE = OtherDvhs(copies={}, copies_of_target=NO_COPIES, outside_gy=ANY_DOSE_GY)


def plan_for(rows: Sequence[Constraint], dvhs: DVHSet) -> JudgedPlan:
    matches = match_plan(dvhs, organs_of([table(*rows)]))
    dose = check_dose(dvhs, matches.targets, accepted=True)
    return judged_plan(plan_structures(dvhs, matches), rows, site=UNKNOWN_SITE, dose=dose, sex=SEX_NOT_STATED)


def case_of(asked: Constraint, dvhs: DVHSet) -> Case:
    plan = plan_for([asked], dvhs)
    (matched,) = plan.select(asked)
    return Case(table=table(asked), row=asked, matched=matched, plan=plan, blocked=None, isodoses={})


def left_of(case: Case, others: OtherDvhs = NOTHING_ELSE) -> RowResult:
    """What is left of the verdict by the value."""
    return withdraw_where_doubtful(judge_on(case, case.dvh), case, others)


def told(result: RowResult) -> tuple[Verdict, Reason | None, str]:
    return result.verdict, result.reason, result.detail


def test_a_verdict_that_nothing_speaks_against_stays_as_it_is() -> None:
    for limit, verdict in ((20.0, Verdict.PASS), (5.0, Verdict.FAIL)):
        case = case_of(row("Mean[Gy]", "below", limit, "Heart"), dvh_set(uniform_dvh("Heart", dose_gy=10.0)))
        result = judge_on(case, case.dvh)
        assert result.verdict is verdict
        assert withdraw_where_doubtful(result, case, NOTHING_ELSE) is result


# -------------------------------------------------------------------------------- a part is missing


@pytest.mark.parametrize(
    ("metric", "stands"),
    [  # which verdict stands of an upper limit, and which of a lower one
        ("Max[Gy]", "FP"),
        ("D1cc[Gy]", "FP"),
        ("V5Gy[cc]", "FP"),
        ("CV15Gy[cc]", "FP"),
        ("Volume[cc]", "FP"),
        ("Min[Gy]", "PF"),
        ("DC1cc[Gy]", "PF"),
        ("Mean[Gy]", "F-"),
        ("Median[Gy]", "F-"),
        ("D50%[Gy]", "F-"),
        ("gEUD(a=2)[Gy]", "F-"),
    ],
)
def test_on_a_part_of_an_organ_only_what_more_of_it_cannot_turn_is_decided(metric: str, stands: str) -> None:
    """By its value on a part, 10 in each; with more of the organ the largest only grow, and the smallest only fall."""
    heart = dvh_set(uniform_dvh("Heart", dose_gy=10.0))
    for sense, limit, verdict, kept in (
        ("at_most", 12.0, "PASS", stands[0] == "P"),
        ("at_most", 8.0, "FAIL", stands[0] == "F"),
        ("at_least", 8.0, "PASS", stands[1] == "P"),
        ("at_least", 12.0, "FAIL", stands[1] == "F"),
    ):
        for kind in (Kind.LIMIT, Kind.ADVISORY):
            union = row(metric, sense, limit, "Heart", "Carina", select=Select.UNION, kind=kind)
            if metric.startswith("DC") and sense == "at_most":
                continue  # a critical volume may be missed by the volume alone
            if metric.startswith("CV") and sense == "at_least":
                continue
            expected = verdict if kind is Kind.LIMIT else {"PASS": "MET", "FAIL": "NOT_MET"}[verdict]
            result = left_of(case_of(union, heart))
            detail = f"Carina is missing; the rest would come to {expected}"
            assert told(result)[:2] == ((expected, None) if kept else (Verdict.NOT_EVALUATED, Reason.PART_MISSING))
            assert result.detail == ("" if kept else detail)
            assert left_of(case_of(replace(union, optional=("Carina",)), heart)).verdict == expected
        risk = row(metric, sense, limit, "Heart", "Carina", select=Select.UNION, kind=Kind.RISK)
        assert left_of(case_of(risk, heart)).verdict is Verdict.RISK


# -------------------------------------------------------------------------------- copies


def case_with_copy(limit: float = 20.0, sense: str = "below", metric: str = "Mean[Gy]") -> Case:
    heart = uniform_dvh("Heart", dose_gy=10.0)
    return case_of(row(metric, sense, limit, "Heart"), dvh_set(heart, uniform_dvh("Heart 2", dose_gy=10.0)))


def others_of(case: Case, *alone: DVH, measured: bool = True, together: DVH | NoDVH | None = None) -> OtherDvhs:
    copies = CopyDvhs(alone=alone, are_all_measured=measured, together=together)
    return OtherDvhs(
        copies={(case.matched.key, case.matched.copies): copies}, copies_of_target=NO_COPIES, outside_gy=30.0
    )


DAMAGED = NoDVH(name="Heart", number=-1, reason=Reason.STRUCTURE_DAMAGED, detail="")
MAY_BE = "Heart 2 may be a part of it, or be what is meant: PASS without, "


def test_a_structure_whose_dvh_is_not_known_is_computed_where_there_are_contours_and_else_has_none() -> None:
    whole = compute_dvhs(plan_of(Heart=0.0, Liver=20.0))
    known = replace(whole, dvhs=(whole["Heart"],))
    heart, liver = (RoiName(name=dvh.name, number=dvh.number) for dvh in whole.dvhs)
    for dvhs, has_liver in ((known, True), (replace(known, plan=None), False)):
        structures = plan_structures(dvhs, match_plan(known, ["Heart"]))
        found = dvhs_of_structures([liver, heart, liver], structures)
        assert found[heart.name, heart.number] is known["Heart"]
        assert set(found) == {(one.name, one.number) for one in ((heart, liver) if has_liver else (heart,))}
        assert found.get((liver.name, liver.number)) == (whole["Liver"] if has_liver else None)


@pytest.mark.parametrize(
    ("alone_gy", "measured", "together", "differing"),
    [
        ((10.0,), True, None, ""),
        ((25.0,), True, None, "FAIL"),
        ((10.0, 25.0), True, None, "FAIL"),
        ((10.0,), False, None, "NOT_EVALUATED"),
        ((25.0,), False, None, "FAIL, NOT_EVALUATED"),
        # where they can be joined, what they are together decides, and not each alone
        ((25.0,), True, uniform_dvh("Heart", dose_gy=15.0), ""),
        ((10.0,), True, uniform_dvh("Heart", dose_gy=25.0), "FAIL"),
        ((10.0,), False, uniform_dvh("Heart", dose_gy=15.0), "NOT_EVALUATED"),
        ((10.0,), True, DAMAGED, "NOT_EVALUATED"),
        # 4 of 10 cc outside the grid: 6 Gy on the mean with none there, 18 Gy with the 30 Gy that there may be
        ((10.0,), True, partly_outside(10.0, 4.0), ""),
        ((10.0,), True, partly_outside(14.0, 4.0), "FAIL"),  # 8.4 and 20.4 Gy
    ],
)
def test_a_pass_holds_with_the_copies_or_is_none(
    alone_gy: tuple[float, ...], measured: bool, together: DVH | NoDVH | None, differing: str
) -> None:
    case = case_with_copy()
    alone = [uniform_dvh("Heart 2", dose_gy=gy) for gy in alone_gy]
    result = left_of(case, others_of(case, *alone, measured=measured, together=together))
    if differing:
        assert told(result) == (Verdict.NOT_EVALUATED, Reason.STRUCTURE_AMBIGUOUS, f"{MAY_BE}{differing} with it")
        assert result.measurement == judge_on(case, case.dvh).measurement  # the value stays in sight
    else:
        assert told(result) == (Verdict.PASS, None, "")


def test_a_copy_too_small_for_the_metric_says_nothing_and_one_too_hot_does() -> None:
    case = case_with_copy(20.0, metric="D5cc[Gy]")
    small = uniform_dvh("Heart 2", volume_cc=2.0, dose_gy=40.0)
    assert left_of(case, others_of(case, small)).verdict is Verdict.PASS
    assert left_of(case, others_of(case, uniform_dvh("Heart 2", dose_gy=40.0))).verdict is Verdict.NOT_EVALUATED


def test_a_fail_stays_whatever_its_copies_are() -> None:
    case = case_with_copy(5.0)
    assert left_of(case).verdict is Verdict.FAIL  # nothing of copies is even looked for
    assert left_of(case, others_of(case, uniform_dvh("Heart 2", dose_gy=1.0), measured=False)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("sense", "limit", "copies_gy", "shown"),
    [
        ("below", 20.0, (12.0, 16.0, 14.0), "H1, by its name a copy or a part of it, has 16.00 Gy"),
        ("below", 20.0, (8.0, 10.0), None),  # none is worse
        ("at_least", 5.0, (12.0, 9.0, 7.0), "H2, by its name a copy or a part of it, has 7.00 Gy"),
        ("at_least", 5.0, (10.0, 12.0), None),
        ("below", 20.0, (), None),
    ],
)
def test_the_worst_of_the_copies_is_shown_where_it_is_worse(
    sense: str, limit: float, copies_gy: tuple[float, ...], shown: str | None
) -> None:
    case = case_with_copy(limit, sense)
    others = others_of(case, *(uniform_dvh(f"H{n}", dose_gy=gy) for n, gy in enumerate(copies_gy)))
    result = judge_on(case, case.dvh)
    found = [(one.code, one.text, one.subject) for one in copy_findings(case, result, others)]
    assert found == ([(FindingCode.NEAR_COPY, f"Mean[Gy]: {shown}", "Heart")] if shown else [])
    assert copy_findings(case, result, NOTHING_ELSE) == ()
    nothing = replace(result, measurement=NotMeasured(reason=Reason.STRUCTURE_EMPTY))
    assert copy_findings(case, nothing, others) == ()


# -------------------------------------------------------------------------------- which other DVHs are looked for


def test_copies_are_found_for_verdicts_that_they_may_change_alone() -> None:
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=10.0), uniform_dvh("Heart 2", dose_gy=25.0), uniform_dvh("Liver"))
    rows = [row("Mean[Gy]", "below", limit, "Heart") for limit in (20.0, 5.0)] + [row("Mean[Gy]", "below", 30, "Liver")]
    cases = [case_of(one, dvhs) for one in rows]
    results = [judge_on(case, case.dvh) for case in cases]
    assert [one.verdict for one in results] == [Verdict.PASS, Verdict.FAIL, Verdict.PASS]
    key = (cases[0].matched.key, cases[0].matched.copies)
    others = compute_other_dvhs(cases, results, cases[0].plan)
    assert {*others.copies} == {key}
    (alone,) = others.copies[key].alone
    assert (alone.name, others.copies[key].are_all_measured, others.copies[key].together) == ("Heart 2", True, None)
    assert (others.copies_of_target, others.outside_gy) == (NO_COPIES, ANY_DOSE_GY)
    assert compute_other_dvhs(cases[1:], results[1:], cases[0].plan).copies == {}
    # not for a verdict that a missing part takes anyway
    asked = row("Mean[Gy]", "below", 20.0, "Heart", "Carina", select=Select.UNION)
    union = case_of(asked, dvhs)
    assert compute_other_dvhs([union], [judge_on(union, union.dvh)], union.plan).copies == {}


def test_a_copy_without_a_dvh_leaves_the_copies_unmeasured() -> None:
    lost = NoDVH(name="Heart 2", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="")
    case = case_of(
        row("Mean[Gy]", "below", 20.0, "Heart"), dvh_set(uniform_dvh("Heart", dose_gy=10.0), without=(lost,))
    )
    (copies,) = compute_other_dvhs([case], [judge_on(case, case.dvh)], case.plan).copies.values()
    assert copies == CopyDvhs(alone=(), are_all_measured=False, together=None)


def test_copies_of_the_target_are_found_where_a_limit_goes_by_it() -> None:
    dvhs = dvh_set(uniform_dvh("Heart"), uniform_dvh("PTV"), uniform_dvh("PTV_1"))
    for limit, names in ((RISING, ["PTV_1"]), (30.0, [])):
        case = case_of(row("Mean[Gy]", "below", limit, "Heart"), dvhs)
        found = compute_other_dvhs([case], [judge_on(case, case.dvh)], case.plan).copies_of_target
        assert [dvh.name for dvh in found.alone] == names
    of_target = case_of(row("Mean[Gy]", "below", RISING, "PTV"), dvhs)
    found = compute_other_dvhs([of_target], [judge_on(of_target, of_target.dvh)], of_target.plan).copies_of_target
    assert found == NO_COPIES


def test_the_dose_outside_is_that_of_the_faces_where_all_targets_are_within() -> None:
    """The grid of `plan_of` has 10 Gy everywhere."""
    asked = row("Mean[Gy]", "below", 20.0, "Heart")
    for dvhs, has_plan, outside_gy in (
        ((uniform_dvh("PTV"), partly_outside(4.0, 1.0)), True, 10.0),
        ((uniform_dvh("PTV"), partly_outside(4.0, 1.0)), False, ANY_DOSE_GY),  # nothing bounds it
        ((uniform_dvh("PTV"), uniform_dvh("Heart")), True, ANY_DOSE_GY),  # nobody asks
        ((partly_outside(4.0, 1.0, "PTV"), partly_outside(4.0, 1.0)), True, ANY_DOSE_GY),
        ((uniform_dvh("PTV"), partly_outside(4.0, 1.0), partly_outside(4.0, 1.0, "PTV_old")), True, ANY_DOSE_GY),
        ((uniform_dvh("PTV"), uniform_dvh("Heart", readings=(partly_outside(4.0, 1.0),))), True, 10.0),
    ):
        made = dvh_set(*dvhs)
        plan = plan_of(**{dvh.name: 5.0 for dvh in dvhs}) if has_plan else None
        case = case_of(asked, replace(made, plan=plan))
        found = compute_other_dvhs([case], [judge_on(case, case.dvh)], case.plan)
        assert found.outside_gy == pytest.approx(outside_gy)


# -------------------------------------------------------------------------------- readings, and the grid's end


@pytest.mark.parametrize(
    ("readings", "differing"),
    [
        ((uniform_dvh(dose_gy=12.0),), ""),
        ((uniform_dvh(dose_gy=25.0),), "FAIL"),
        ((uniform_dvh(dose_gy=12.0), uniform_dvh(dose_gy=25.0)), "FAIL"),
        ((partly_outside(4.0, 4.0),), ""),  # 2.4 Gy, and 14.4 Gy with 30 Gy outside
        ((partly_outside(14.0, 4.0),), "FAIL"),  # 8.4 and 20.4 Gy
    ],
)
def test_a_verdict_holds_on_every_reading_or_is_none(readings: tuple[DVH, ...], differing: str) -> None:
    heart = uniform_dvh("Heart", dose_gy=10.0, readings=readings)
    case = case_of(row("Mean[Gy]", "below", 20.0, "Heart"), dvh_set(heart))
    result = left_of(case, replace(NOTHING_ELSE, outside_gy=30.0))
    words = f"contours overlap in part: PASS with what they enclose together, {differing} where what two of them"
    expected = (Verdict.NOT_EVALUATED, Reason.CONTOURS_CONTRADICTORY, f"{words} enclose is outside")
    assert told(result) == (expected if differing else (Verdict.PASS, None, ""))


@pytest.mark.parametrize(
    ("metric", "limit", "outside_gy", "detail"),
    [  # 4 of 10 cc at 0 Gy, and 6 cc at 10 Gy
        ("Mean[Gy]", 9.9, 10.0, "40 % of it lies outside the dose grid, where it may receive 10 Gy"),
        ("Mean[Gy]", 10.1, 10.0, ""),
        ("V9.9Gy[cc]", 9.9, 10.0, "40 % of it lies outside the dose grid, where it may receive 10 Gy"),
        ("V9.9Gy[cc]", 10.1, 10.0, ""),  # no more than all of it
        ("V10.1Gy[cc]", 1.0, 10.0, ""),
        ("Max[Gy]", 12.0, 12.34567, "40 % of it lies outside the dose grid, where it may receive 12.35 Gy"),
        ("Max[Gy]", 11.0, 10.0, ""),
        (
            "Max[Gy]",
            500.0,
            ANY_DOSE_GY,
            "40 % of it lies outside the dose grid, where it may receive any dose, for a target lies outside too",
        ),
    ],
)
def test_a_verdict_holds_with_dose_outside_the_grid_or_is_none(
    metric: str, limit: float, outside_gy: float, detail: str
) -> None:
    case = case_of(row(metric, "below", limit, "Heart"), dvh_set(partly_outside(10.0, 4.0)))
    result = left_of(case, replace(NOTHING_ELSE, outside_gy=outside_gy))
    expected = (Verdict.NOT_EVALUATED, Reason.PARTLY_OUTSIDE_GRID, detail) if detail else (Verdict.PASS, None, "")
    assert told(result) == expected


FAR = "the dose grid ends too near to PTV, and beyond it there may be more"


@pytest.mark.parametrize(
    ("unit", "sense", "limit", "uncovered_cc", "verdict"),
    [  # 4 Gy far away as far as the grid tells, 10 Gy on its faces; of 50 Gy that is 8 % and 20 %
        (Unit.GY, "below", 10.1, 0.0, "PASS"),
        (Unit.GY, "below", 9.9, 0.0, ""),
        (Unit.GY, "below", 3.9, 0.0, "FAIL"),
        (Unit.GY, "at_least", 3.9, 0.0, "PASS"),
        (Unit.GY, "at_least", 9.9, 0.0, ""),
        (Unit.GY, "at_least", 10.1, 0.0, "FAIL"),
        (Unit.PERCENT_RX, "below", 20.1, 0.0, "PASS"),
        (Unit.PERCENT_RX, "below", 19.9, 0.0, ""),
        (Unit.PERCENT_RX, "below", 3.9, 0.0, "FAIL"),
        (Unit.GY, "below", 900.0, 1.0, ""),  # where the target leaves the grid, any dose may be beyond it
        (Unit.GY, "below", 3.9, 1.0, "FAIL"),
    ],
)
def test_a_dose_far_from_the_target_is_no_more_than_the_grid_can_tell(
    unit: Unit, sense: str, limit: float, uncovered_cc: float, verdict: str
) -> None:
    value = 4.0
    target = uniform_dvh("PTV", dose_gy=50.0, uncovered_cc=uncovered_cc)
    asked = row(MaxDoseAtDistance(unit=unit), sense, limit, "PTV")
    for has_plan in (True, False):
        case = case_of(asked, replace(dvh_set(target), plan=plan_of(PTV=5.0) if has_plan else None))
        made = Limits(row=asked, limit=FixedLimit(limit=limit))
        by_value = Verdict.PASS if (value < limit) == (sense == "below") else Verdict.FAIL
        measured = Measurement(value=value, low=value, high=value, unit=unit)
        result = RowResult(measurement=measured, limits=made, verdict=by_value)
        found = withdraw_where_doubtful(result, case, NOTHING_ELSE)
        if verdict or not has_plan:
            assert found is result
            assert found.verdict == (verdict or by_value)
        else:
            detail = f"{asked.metric}: {FAR}"
            assert found == replace(
                result, verdict=Verdict.NOT_EVALUATED, reason=Reason.PARTLY_OUTSIDE_GRID, detail=detail
            )
        for nothing in (
            replace(result, measurement=NotMeasured(reason=Reason.STRUCTURE_EMPTY)),
            replace(result, limits=None),
            replace(result, verdict=Verdict.NOT_EVALUATED),
        ):
            assert withdraw_where_doubtful(nothing, case, NOTHING_ELSE) is nothing


def test_copies_that_nobody_asked_for_are_computed_and_no_others() -> None:
    plan = plan_of(**{"Heart": 5.0, "Heart 2": 20.0, "Liver": -15.0})
    case = case_of(row("Mean[Gy]", "below", 20.0, "Heart"), replace(dvh_set(uniform_dvh("Heart")), plan=plan))
    case = replace(case, matched=replace(case.matched, dvh=uniform_dvh("Heart", dose_gy=10.0)))
    computed: list[frozenset[str]] = []

    def noted(of: Plan, **options: Any) -> DVHSet:
        computed.append(options["structures"])
        return compute_dvhs(of, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sbrtcheck.judge.withdraw.compute_dvhs", noted)
        (copies,) = compute_other_dvhs([case], [judge_on(case, case.dvh)], case.plan).copies.values()
    assert computed == [frozenset({"Heart 2"})]
    assert [(dvh.name, dvh.number) for dvh in copies.alone] == [("Heart 2", 2)]
    assert copies.are_all_measured


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=7),
    st.integers(1, 10) | st.floats(0.5, 9.5),
    st.floats(0.5, 8.0),
)
def test_all_that_lies_outside_is_added_up_to_the_dose_there_and_nothing_above_it(
    points: list[tuple[int, int]], at_gy: float, outside_cc: float
) -> None:
    """Of curves with steps and level parts, of which whole Gy are often the ends."""
    doses, volumes = sorted(dose for dose, _ in points), sorted((volume for _, volume in points), reverse=True)
    drawn = curve([0.0, 0.0, *doses, doses[-1]], [8.0 + outside_cc, 8.0, *volumes, 0.0])
    spread = Bounds(value=5.0, low=4.0, high=6.0)
    before = uniform_dvh(volume_cc=8.0 + outside_cc, curve=drawn, uncovered_cc=outside_cc, max_gy=spread, min_gy=spread)
    found = _with_outside_dose(before, at_gy)
    assert np.all(np.diff(found.curve.dose_gy) >= 0.0)
    assert np.all(np.diff(found.curve.volume) <= 0.0)
    asked = np.array(
        sorted({0.1, at_gy, np.nextafter(at_gy, 99.0), *np.arange(0.25, 11.0, 0.25), *(0.0 + d for d in doses if d)})
    )
    expected = drawn.volume_at(asked) + np.where(asked <= at_gy, outside_cc, 0.0)
    assert found.curve.volume_at(asked) == pytest.approx(np.minimum(expected, before.volume), abs=1e-9)
    assert found.max_gy == Bounds(value=max(5.0, at_gy), low=4.0, high=max(6.0, at_gy))
    assert found.min_gy == exact(min(6.0, at_gy))
    assert found.mean_gy.value == pytest.approx(before.mean_gy.value + outside_cc / before.volume * at_gy)


def test_the_share_outside_is_in_percent_and_nothing_without_a_dvh() -> None:
    for outside_cc in (4.0, 1.0, 0.5, 1e-6):
        assert outside_percent(partly_outside(10.0, outside_cc)) == pytest.approx(10.0 * outside_cc)
    assert outside_percent(uniform_dvh()) == 0.0
    assert outside_percent(NotMeasured(reason=Reason.STRUCTURE_MISSING)) == 0.0


# -------------------------------------------------------------------------------- limits by the volume of a target


def case_by_target(*readings: DVH, organ: str = "Heart", dose_gy: float = 12.0, copy: bool = True) -> Case:
    """12 Gy where a target of 15 cc allows 15 Gy; beside it PTV_1, which may be meant."""
    target = uniform_dvh("PTV", volume_cc=15.0, dose_gy=dose_gy, readings=readings)
    heart = uniform_dvh("Heart", dose_gy=dose_gy)
    copies = [uniform_dvh("PTV_1", volume_cc=15.0)] if copy else []
    return case_of(row("Mean[Gy]", "below", RISING, organ), dvh_set(heart, target, *copies))


def of_target(*alone: DVH, measured: bool = True, together: DVH | NoDVH | None = None) -> OtherDvhs:
    return replace(NOTHING_ELSE, copies_of_target=CopyDvhs(alone=alone, are_all_measured=measured, together=together))


def ptv(volume_cc: float) -> DVH:
    return uniform_dvh("PTV_1", volume_cc=volume_cc)


@pytest.mark.parametrize(
    ("alone_cc", "measured", "together", "differing"),
    [
        ((14.0,), True, None, ""),
        ((11.0,), True, None, "FAIL"),
        ((14.0, 11.0), True, None, "FAIL"),
        ((14.0,), False, None, "NOT_EVALUATED"),
        ((11.0,), False, None, "FAIL, NOT_EVALUATED"),
        ((14.0,), True, ptv(20.0), ""),
        ((14.0,), True, ptv(11.0), "FAIL"),
        ((14.0,), True, ptv(200.0), "NOT_EVALUATED"),  # for which nothing is printed
        ((14.0,), True, DAMAGED, "NOT_EVALUATED"),
    ],
)
def test_a_pass_by_the_limit_for_a_target_holds_by_its_copies_or_is_none(
    alone_cc: tuple[float, ...], measured: bool, together: DVH | NoDVH | None, differing: str
) -> None:
    others = of_target(*map(ptv, alone_cc), measured=measured, together=together)
    result = left_of(case_by_target(), others)
    words = "the limit depends on the volume of PTV, of which PTV_1 may be a part, or be what is meant: "
    if differing:
        assert told(result) == (Verdict.NOT_EVALUATED, Reason.STRUCTURE_AMBIGUOUS, f"{words}{differing} by it")
    else:
        assert told(result) == (Verdict.PASS, None, "limit for a PTV of 15 cc (PTV)")
    # a FAIL stays, and a row on the target itself goes by no copy of it
    assert left_of(case_by_target(dose_gy=16.0), others).verdict is Verdict.FAIL
    own = case_by_target(organ="PTV", copy=False)
    assert left_of(own, others).verdict is Verdict.PASS


@pytest.mark.parametrize("dose_gy", [12.0, 16.0])
def test_a_verdict_by_the_limit_for_a_target_holds_by_its_readings_or_is_none(dose_gy: float) -> None:
    is_met = dose_gy < 15.0
    same, other = (14.5, 11.0) if is_met else (15.5, 20.0)
    assert left_of(case_by_target(ptv(same), dose_gy=dose_gy)).verdict is (Verdict.PASS if is_met else Verdict.FAIL)
    result = left_of(case_by_target(ptv(same), ptv(other), dose_gy=dose_gy))
    turned = "FAIL" if is_met else "PASS"
    detail = f"the limit depends on the volume of PTV, whose contours overlap in part: {turned} by another reading"
    assert told(result) == (Verdict.NOT_EVALUATED, Reason.CONTOURS_CONTRADICTORY, detail)


def test_a_row_without_a_verdict_keeps_its_reason() -> None:
    asked = row("Mean[Gy]", "below", RISING, "Heart")
    case = case_of(asked, dvh_set(uniform_dvh("Heart"), uniform_dvh("PTV", volume_cc=500.0, readings=(ptv(15.0),))))
    result = judge_on(case, case.dvh)
    assert result.reason is Reason.TARGET_VOLUME_OUTSIDE_RANGE
    assert left_of(case, of_target(ptv(15.0), measured=False)) == result
    fixed = case_of(row("Mean[Gy]", "below", 30.0, "Heart"), case.plan.dvhs)
    assert left_of(fixed, of_target(measured=False)).verdict is Verdict.PASS  # its limit goes by no target

"""A rule for courses that follow each other, on DVHs made by hand: values, edges, bounds, and why nothing is told.

The rule is made up: 25 Gy at most in the course, 70 Gy in all, half of all at most, and 5 months or more between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import NOT_KNOWN, dvh_set, uniform_dvh
from sbrtcheck.dvh import DVH, Bounds, NoDVH, Reason
from sbrtcheck.judge import EarlierCourse, judge_reirradiation
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Finding, FindingCode, Prescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data import load_reirradiation_rules
from sbrtcheck.reference_data.reirradiation import Part, PartLimit
from sbrtcheck.results import PartOutcome, ReviewCode, RuleReport, Verdict
from sbrtcheck.results.reirradiation import CumulativeReading
from sbrtcheck.tables import Sense

ACCUMULATED, ADDED = CumulativeReading.ACCUMULATED, CumulativeReading.SUM_OF_COURSES


def limits(**senses: Sense) -> tuple[PartLimit, ...]:
    numbers = {Part.COURSE: 25.0, Part.CUMULATIVE: 70.0, Part.RATIO: 0.5, Part.INTERVAL: 5.0}
    return tuple(
        PartLimit(
            id=part.name.lower(),
            of=part,
            sense=senses.get(part.name, Sense.AT_LEAST if part is Part.INTERVAL else Sense.AT_MOST),
            limit=number,
        )
        for part, number in numbers.items()
    )


RULE = replace(
    load_reirradiation_rules()[0],
    id="made-up",
    structures=("ThecalSac", "CaudaEquina"),
    metric_text="Max[Gy]",
    alpha_beta_gy=2.0,
    fractions=(3, 5),
    limits=limits(),
)


def sac(eqd2_gy: float, name: str = "ThecalSac", **fields: Any) -> DVH:
    return uniform_dvh(name, **({"dose_gy": eqd2_gy, "quantity": Quantity.EQD2, "alpha_beta_gy": 2.0} | fields))


def judged(now: DVH, total: DVH | NotMeasured, *before: DVH, rule: Any = RULE, **options: Any) -> RuleReport:
    rx = options.pop("rx", Prescription(dose_gy=30.0, fractions=5))
    cumulative = total if isinstance(total, NotMeasured) else dvh_set(total, rx=rx)
    courses = {"earlier": [EarlierCourse(dvhs=dvh_set(one)) for one in before]} | options
    return judge_reirradiation(
        rule, course=dvh_set(now, rx=rx), cumulative=cumulative, **{"interval_months": 6.0} | courses
    )


def part(report: RuleReport, name: str) -> PartOutcome:
    (found,) = (one for one in report.outcomes if one.limit.id == name)
    return found


def verdicts(report: RuleReport) -> list[str]:
    return [one.verdict for one in report.outcomes]


def readings(report: RuleReport, name: str) -> dict[CumulativeReading, Any]:
    return {
        one.reading: one.found.value if isinstance(one.found, Bounds) else one.found.reason
        for one in part(report, name).readings
    }


# -------------------------------------------------------------------------------- values and edges


def test_each_limit_is_on_its_own_part() -> None:
    report = judged(sac(20.0), sac(45.0), sac(30.0))
    assert verdicts(report) == ["PASS"] * 4
    assert report.verdict is Verdict.PASS
    assert [one.found.value for one in report.outcomes if isinstance(one.found, Bounds)] == pytest.approx(
        [20.0, 50.0, 20 / 45, 6.0]
    )
    assert readings(report, "cumulative") == {ACCUMULATED: 45.0, ADDED: 50.0}
    assert readings(report, "ratio") == pytest.approx({ACCUMULATED: 20 / 45, ADDED: 0.4})
    assert part(report, "course").readings == part(report, "interval").readings == ()
    assert not any(one.borderline for one in report.outcomes)
    assert (report.rule, report.contour) == (RULE, "ThecalSac")
    assert [(one.number, one.contour, one.of_first_plan) for one in report.courses] == [
        (1, "ThecalSac", False),
        (2, "ThecalSac", False),
    ]
    assert [one.found.value for one in report.courses if isinstance(one.found, Bounds)] == [20.0, 30.0]


@pytest.mark.parametrize(
    ("now_gy", "total_gy", "before_gy", "months", "failing"),
    [
        (25.0, 60.0, 30.0, 5.0, []),
        (25.1, 60.0, 30.0, 5.0, ["course"]),
        (25.0, 70.0, 45.0, 5.0, []),
        (25.0, 70.1, 45.0, 5.0, ["cumulative"]),
        (25.0, 60.0, 45.1, 5.0, ["cumulative"]),
        (25.0, 50.0, 25.0, 5.0, []),
        (25.0, 49.9, 30.0, 5.0, ["ratio"]),
        (25.0, 60.0, 24.9, 5.0, ["ratio"]),
        (25.0, 60.0, 30.0, 4.9, ["interval"]),
    ],
)
def test_a_part_on_its_limit_passes_and_beyond_fails(
    now_gy: float, total_gy: float, before_gy: float, months: float, failing: list[str]
) -> None:
    report = judged(sac(now_gy), sac(total_gy), sac(before_gy), interval_months=months)
    assert [one.limit.id for one in report.outcomes if one.verdict is Verdict.FAIL] == failing
    assert report.verdict is (Verdict.FAIL if failing else Verdict.PASS)


@given(st.floats(1.0, 60.0), st.floats(1.0, 90.0), st.floats(1.0, 60.0), st.sampled_from([*Sense]))
def test_of_two_readings_the_worse_is_the_outcome(now: float, total: float, before: float, sense: Sense) -> None:
    of = {"RATIO": sense, "CUMULATIVE": sense}
    report = judged(sac(now), sac(total), sac(before), rule=replace(RULE, limits=limits(**of)))
    for name in ("cumulative", "ratio"):
        outcome = part(report, name)
        values = [one.found.value for one in outcome.readings if isinstance(one.found, Bounds)]
        assert isinstance(outcome.found, Bounds)
        assert outcome.found.value == (max if sense.is_upper else min)(values)
        assert outcome.verdict is (
            Verdict.PASS if sense.is_met(outcome.found.value, outcome.limit.limit) else Verdict.FAIL
        )
        assert outcome.readings_differ == (len({one.verdict for one in outcome.readings}) == 2)


def test_no_ratio_is_above_1_and_of_no_dose_there_is_none() -> None:
    report = judged(sac(20.0), sac(10.0))
    assert readings(report, "ratio") == {ACCUMULATED: 1.0, ADDED: 1.0}
    nothing = judged(sac(0.0), sac(0.0), sac(0.0))
    assert readings(nothing, "ratio") == {ACCUMULATED: Reason.STRUCTURE_EMPTY, ADDED: Reason.STRUCTURE_EMPTY}
    assert nothing.verdict is Verdict.NOT_EVALUATED


def test_three_courses_are_added_in_their_order() -> None:
    report = judged(sac(10.0), sac(40.0), sac(20.0), sac(30.0))
    assert readings(report, "cumulative") == {ACCUMULATED: 40.0, ADDED: 60.0}
    assert [one.number for one in report.courses] == [1, 2, 3]


# -------------------------------------------------------------------------------- bounds


def test_bounds_are_added_and_divided_by_their_ends() -> None:
    report = judged(sac(20.0, half_width_gy=1.0), sac(50.0, half_width_gy=2.0), sac(30.0, half_width_gy=0.5))
    acc, added = part(report, "cumulative").readings
    assert isinstance(acc.found, Bounds)
    assert isinstance(added.found, Bounds)
    assert (acc.found.low, acc.found.high) == pytest.approx((48.0, 52.0))
    assert (added.found.low, added.found.high) == pytest.approx((48.5, 51.5))
    ratio = part(report, "ratio").readings[0].found
    assert isinstance(ratio, Bounds)
    assert (ratio.low, ratio.high) == pytest.approx((19 / 52, 21 / 48))


@pytest.mark.parametrize(("now_gy", "borderline"), [(24.4, False), (24.6, True), (25.4, True), (25.6, False)])
def test_a_limit_between_the_bounds_is_borderline(now_gy: float, borderline: bool) -> None:
    report = judged(sac(now_gy, half_width_gy=0.5), sac(60.0), sac(35.0))
    assert part(report, "course").borderline is borderline
    assert part(report, "course").verdict is (Verdict.PASS if now_gy <= 25.0 else Verdict.FAIL)


@pytest.mark.parametrize("which", ["now", "total", "before"])
def test_a_pass_that_may_be_due_to_dose_that_no_grid_covers_is_none(which: str) -> None:
    values = {"now": 24.8, "total": 69.8, "before": 45.0}
    made = {
        name: sac(gy, half_width_gy=0.5 if name == which else 0.0, uncovered_cc=1.0 if name == which else 0.0)
        for name, gy in values.items()
    }
    report = judged(made["now"], made["total"], made["before"])
    expected = {"now": {"course", "cumulative"}, "total": {"cumulative"}, "before": {"cumulative"}}[which]
    assert {one.limit.id for one in report.outcomes if one.verdict is Verdict.NOT_EVALUATED} == expected
    of_course = part(report, "course").found
    if which == "now":
        assert isinstance(of_course, NotMeasured)
        assert (of_course.reason, "24.30 to 25.30" in of_course.detail) == (Reason.DOSE_GRID_MISSING, True)
        assert not part(report, "course").borderline
    certain = judged(sac(20.0, half_width_gy=0.5, uncovered_cc=1.0), sac(60.0), sac(30.0))
    assert certain.verdict is Verdict.PASS
    failing = judged(sac(25.2, half_width_gy=0.5, uncovered_cc=1.0), sac(60.0), sac(30.0))
    assert part(failing, "course").verdict is Verdict.FAIL


# -------------------------------------------------------------------------------- why nothing is told


@pytest.mark.parametrize(("fractions", "applies"), [(3, True), (5, True), (4, False), (6, False)])
def test_a_rule_is_for_its_own_numbers_of_fractions(fractions: int, applies: bool) -> None:
    rx = Prescription(dose_gy=30.0, fractions=fractions)
    report = judged(sac(20.0), sac(60.0), sac(30.0), rx=rx)
    assert report.verdict is (Verdict.PASS if applies else Verdict.NOT_EVALUATED)
    reasons = {one.found.reason for one in report.outcomes if isinstance(one.found, NotMeasured)}
    assert reasons == (set() if applies else {Reason.FRACTIONS_DO_NOT_MATCH})
    if not applies:
        (detail,) = {one.found.detail for one in report.outcomes if isinstance(one.found, NotMeasured)}
        assert detail == f"the rule holds for 3, 5 fractions, the course has {fractions}"
        assert isinstance(report.courses[1].found, Bounds)  # which is known all the same
    unknown = judged(sac(20.0), sac(60.0), sac(30.0), rx=NOT_KNOWN)
    assert "an unknown number" in part(unknown, "course").found.detail  # type: ignore[union-attr]


def test_the_interval_and_the_earlier_courses_have_to_be_given() -> None:
    without = judged(sac(20.0), sac(60.0), sac(30.0), interval_months=None)
    assert verdicts(without) == ["PASS", "PASS", "PASS", "NOT_EVALUATED"]
    assert part(without, "interval").found.reason is Reason.NOT_GIVEN  # type: ignore[union-attr]
    not_one_by_one = judged(sac(20.0), sac(60.0), earlier=None)
    assert verdicts(not_one_by_one) == ["PASS", "NOT_EVALUATED", "NOT_EVALUATED", "PASS"]
    assert readings(not_one_by_one, "cumulative") == {ACCUMULATED: 60.0, ADDED: Reason.NOT_GIVEN}
    assert judged(sac(26.0), sac(60.0), earlier=None).verdict is Verdict.FAIL  # it stays one
    alone = judged(sac(20.0), sac(60.0))
    assert readings(alone, "cumulative") == {ACCUMULATED: 60.0, ADDED: 20.0}


def test_doses_that_could_not_be_accumulated_leave_one_reading() -> None:
    why = NotMeasured(reason=Reason.NOT_GIVEN, detail="no registration")
    report = judged(sac(20.0), why, sac(30.0))
    assert readings(report, "cumulative") == {ACCUMULATED: Reason.NOT_GIVEN, ADDED: 50.0}
    assert readings(report, "ratio") == {ACCUMULATED: Reason.NOT_GIVEN, ADDED: pytest.approx(0.4)}
    assert report.verdict is Verdict.NOT_EVALUATED
    assert report.contour == "ThecalSac"
    outcome = part(report, "cumulative")
    assert outcome.found is why
    assert judged(sac(20.0), why, sac(60.0)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"quantity": Quantity.PHYSICAL, "alpha_beta_gy": None}, Reason.NOT_GIVEN),
        ({"alpha_beta_gy": 3.0}, Reason.NOT_GIVEN),
        ({"quantity": Quantity.BED}, Reason.NOT_GIVEN),
        ({"uncovered_cc": 10.0}, Reason.DOSE_GRID_MISSING),
    ],
)
def test_a_course_that_cannot_be_measured_takes_the_sum_with_it(fields: dict[str, Any], reason: Reason) -> None:
    report = judged(sac(20.0), sac(60.0), sac(30.0, **fields))
    assert verdicts(report) == ["PASS", "NOT_EVALUATED", "NOT_EVALUATED", "PASS"]
    assert readings(report, "cumulative") == {ACCUMULATED: 60.0, ADDED: reason}
    (added,) = (one for one in part(report, "cumulative").readings if one.reading is ADDED)
    assert added.found.detail.startswith("in course 2: ")  # type: ignore[union-attr]
    assert "ThecalSac" in added.found.detail  # type: ignore[union-attr]
    first = judged(sac(20.0, **fields), sac(60.0), sac(30.0))
    assert part(first, "course").found.reason is reason  # type: ignore[union-attr]
    (added,) = (one for one in part(first, "cumulative").readings if one.reading is ADDED)
    assert added.found.detail.startswith("in this course: ")  # type: ignore[union-attr]
    total = judged(sac(20.0), sac(60.0, **fields), sac(30.0))
    assert readings(total, "cumulative") == {ACCUMULATED: reason, ADDED: 50.0}


def test_an_organ_that_an_earlier_course_lacks_is_said_without_words_of_its_own() -> None:
    report = judged(sac(20.0), sac(60.0), uniform_dvh("Heart"))
    (added,) = (one for one in part(report, "cumulative").readings if one.reading is ADDED)
    assert isinstance(added.found, NotMeasured)
    assert (added.found.reason, added.found.detail) == (Reason.STRUCTURE_MISSING, "in course 2")
    assert report.courses[1].contour == ""


def test_a_rule_measures_doses_in_gray() -> None:
    with pytest.raises(ValueError, match="measures doses"):
        judged(sac(20.0), sac(60.0), sac(30.0), rule=replace(RULE, metric_text="V20Gy[%]"))


# -------------------------------------------------------------------------------- structures, findings, reasons


def test_the_first_organ_of_the_rule_that_a_course_has_is_measured() -> None:
    report = judged(sac(20.0, "CaudaEquina"), sac(60.0, "CaudaEquina"), sac(30.0))
    assert report.contour == "CaudaEquina"
    assert [one.contour for one in report.courses] == ["CaudaEquina", "ThecalSac"]
    assert FindingCode.NAME_MATCH in {one.code for one in report.findings}


def test_names_are_of_the_first_plan_and_of_its_contours_on_other_doses() -> None:
    names = {"ThecalSac": "Sack"}
    now, total, before = sac(20.0, "Sack"), sac(60.0, "Sack"), sac(30.0, "Sack")
    of_first = [EarlierCourse(dvhs=dvh_set(before), of_first_plan=True)]
    report = judged(now, total, names=names, earlier=of_first)
    assert readings(report, "cumulative") == {ACCUMULATED: 60.0, ADDED: 50.0}
    assert [one.of_first_plan for one in report.courses] == [False, True]
    own = [EarlierCourse(dvhs=dvh_set(before))]
    assert readings(judged(now, total, names=names, earlier=own), "cumulative")[ADDED] is Reason.STRUCTURE_MISSING


@pytest.mark.parametrize(
    ("code", "is_reason"),
    [
        (FindingCode.PLANE_GAP, True),
        (FindingCode.CONTOURS_CONTRADICTORY, True),
        (FindingCode.CONTOURS_INCOMPLETE, True),
        (FindingCode.PLANES_TOO_CLOSE, True),
        (FindingCode.TOO_FEW_PLANES, False),
        (FindingCode.OUTSIDE_DOSE_GRID, False),
    ],
)
def test_contours_in_doubt_are_a_reason_with_their_course(code: FindingCode, is_reason: bool) -> None:
    finding = Finding(code=code, text="look here", subject="ThecalSac")
    for place, course in ((1, ""), (2, "course 2: "), (3, "course 3: ")):
        made = [sac(20.0), sac(60.0), sac(20.0), sac(10.0)]
        made[place] = replace(made[place], findings=(finding,))
        report = judged(*made)
        assert [(one.code, one.text, one.structure) for one in report.reasons] == (
            [(ReviewCode.CONTOURS, f"made-up: {course}ThecalSac: look here", "ThecalSac")] if is_reason else []
        )
        assert finding in report.findings
        assert report.verdict is Verdict.PASS  # which a report of several courses makes a review of


def test_a_copy_of_the_organ_is_a_reason() -> None:
    both = dvh_set(sac(20.0), sac(20.0, "ThecalSac 2"))
    earlier = [EarlierCourse(dvhs=both)]
    report = judge_reirradiation(RULE, course=both, cumulative=dvh_set(sac(60.0)), earlier=earlier, interval_months=6.0)
    (reason,) = report.reasons
    assert (reason.code, reason.structure) == (ReviewCode.NOT_EVALUATED, "ThecalSac")
    assert reason.text == "made-up: course 2: ThecalSac 2 may be a part of ThecalSac, or be what is meant"


def test_an_organ_without_a_dvh_has_no_findings_and_says_why() -> None:
    damaged = NoDVH(name="ThecalSac", number=1, reason=Reason.STRUCTURE_DAMAGED, detail="contour 3")
    course = dvh_set(uniform_dvh("Heart"), without=(damaged,))
    report = judge_reirradiation(RULE, course=course, cumulative=course, earlier=[], interval_months=6.0)
    assert verdicts(report) == ["NOT_EVALUATED", "NOT_EVALUATED", "NOT_EVALUATED", "PASS"]
    assert part(report, "course").found == NotMeasured(reason=Reason.STRUCTURE_DAMAGED, detail="contour 3")
    assert (report.findings, report.reasons) == ((), ())

"""The cumulative maximum of several courses by its two readings, and what was stated of pelvic re-irradiation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import dicom_files
import phantom
from dvh_builders import box
from sbrtcheck import api
from sbrtcheck.cli import main
from sbrtcheck.dose_accumulation import Course, accumulate
from sbrtcheck.dvh import Bounds, Reason
from sbrtcheck.errors import FramesError, UnknownTableError
from sbrtcheck.judge import judge_reirradiation
from sbrtcheck.judge.courses import Courses, JudgedBy, judge_courses, load_judged_by
from sbrtcheck.metric import NotMeasured
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import DoseGrid, Plan, PlanUids, Prescription, Registration, Structure
from sbrtcheck.reference_data import load_reirradiation_rules, load_reirradiation_statements
from sbrtcheck.render.sums import sum_json, sum_text
from sbrtcheck.results import PartOutcome, SumReport, Verdict
from sbrtcheck.results.reirradiation import CumulativeReading

(RULE,) = load_reirradiation_rules()
(PELVIS,) = load_reirradiation_statements()
ACCUMULATED, ADDED = CumulativeReading.ACCUMULATED, CumulativeReading.SUM_OF_COURSES
FRAME, OTHER_FRAME = "2.25.10", "2.25.20"
Field = Callable[[Any, Any, Any], Any]


def dose_of(eqd2_gy: float, n: int) -> float:
    """Dose in n fractions with that EQD2 for an α/β of 2 Gy."""
    return float(np.sqrt(n * n + 4 * n * eqd2_gy) - n)


def two_plateaus(low_x_gy: float, high_x_gy: float, n: int) -> Field:
    """An EQD2 up to x = 5 mm, the middle of the sac, and another beyond it."""
    return lambda x, y, z: np.where(x < 5.0, dose_of(low_x_gy, n), dose_of(high_x_gy, n)) + 0 * (y + z)


def plan(field: Field, n: int, *, names: tuple[str, ...] = ("ThecalSac",), frame: str = FRAME) -> Plan:
    """A plan with a 1 cc box for each name, side by side from x = 0 on."""
    z, y, x = (first + step * np.arange(count) for first, step, count in ((-10, 3, 12), (-15, 2, 24), (-20, 2, 32)))
    values = field(x[None, None, :], y[None, :, None], z[:, None, None])
    return Plan(
        dose=DoseGrid.axial(values, origin_mm=(-20.0, -15.0, -10.0), spacing_mm=(2.0, 2.0, 3.0)),
        structures=tuple(Structure(name=name, number=k, contours=box(12.0 * k)) for k, name in enumerate(names)),
        prescription=Prescription(dose_gy=20.0, fractions=n),
        uids=PlanUids(frame_of_reference=frame),
        label="A",
    )


def summed(*plans: Plan, months: float | None = 12.0, alpha_betas: dict[str, float] | None = None, **how: Any) -> Any:
    how = {"options": CheckOptions(accept_dose=True), **how}
    return judge_courses(
        Courses(plans=plans, **how), alpha_betas or {}, JudgedBy(rules=(RULE,)), interval_months=months
    )


def limit(found: SumReport, id_: str) -> PartOutcome:
    (outcome,) = (one for one in found.rules[0].outcomes if one.limit.id == id_)
    return outcome


def values(outcome: PartOutcome) -> dict[CumulativeReading, float]:
    return {one.reading: one.found.value for one in outcome.readings if isinstance(one.found, Bounds)}


def verdicts(outcome: PartOutcome) -> dict[CumulativeReading, Verdict]:
    return {one.reading: one.verdict for one in outcome.readings}


# -------------------------------------------------------------------------------- both readings, where both can be had

eqd2s_gy = st.floats(1.0, 40.0)


@given(eqd2s_gy, eqd2s_gy, eqd2s_gy, eqd2s_gy)
def test_one_reading_is_the_largest_sum_and_the_other_the_sum_of_the_largest(
    now_low: float, now_high: float, before_low: float, before_high: float
) -> None:
    found = summed(plan(two_plateaus(now_low, now_high, 5), 5), plan(two_plateaus(before_low, before_high, 20), 20))
    cumulative = limit(found, "cumulative")
    largest_sum = max(now_low + before_low, now_high + before_high)
    sum_of_largest = max(now_low, now_high) + max(before_low, before_high)
    assert values(cumulative) == pytest.approx({ACCUMULATED: largest_sum, ADDED: sum_of_largest}, rel=1e-3)
    assert values(cumulative)[ACCUMULATED] <= values(cumulative)[ADDED] + 1e-3  # doses are kept to 0.1 mGy
    for one in cumulative.readings:
        assert isinstance(one.found, Bounds)
        assert one.found.low <= one.found.value <= one.found.high
        assert (one.verdict is Verdict.PASS) == (one.found.value <= 70.0)
    ratio = limit(found, "ratio")
    course = max(now_low, now_high)
    assert values(ratio) == pytest.approx(
        {ACCUMULATED: min(course / largest_sum, 1.0), ADDED: course / sum_of_largest}, rel=1e-3
    )


@given(eqd2s_gy, eqd2s_gy, eqd2s_gy, eqd2s_gy)
def test_the_worse_reading_decides(a: float, b: float, c: float, d: float) -> None:
    found = summed(plan(two_plateaus(a, b, 5), 5), plan(two_plateaus(c, d, 20), 20))
    for id_ in ("cumulative", "ratio"):
        outcome = limit(found, id_)
        assert outcome.verdict is (Verdict.FAIL if Verdict.FAIL in verdicts(outcome).values() else Verdict.PASS)
        of_verdict = [one.found.value for one in outcome.readings if one.verdict is outcome.verdict]
        assert outcome.found.value == max(of_verdict)  # both limits are upper ones
        assert outcome.readings_differ == (len({*verdicts(outcome).values()}) == 2)
    assert limit(found, "sbrt").readings == limit(found, "interval").readings == ()


def test_verdicts_that_differ_are_said_and_the_worse_one_is_the_rules() -> None:
    # 20 + 40 on either side of the sac, 20 + 55 if the maxima are added: 60 passes, 75 does not
    found = summed(plan(two_plateaus(20.0, 5.0, 5), 5), plan(two_plateaus(40.0, 55.0, 20), 20))
    assert verdicts(limit(found, "cumulative")) == {ACCUMULATED: Verdict.PASS, ADDED: Verdict.FAIL}
    assert found.verdict is Verdict.FAIL
    flat = " ".join(sum_text(found).split())
    assert flat.startswith(
        "OVERALL: FAIL FAIL thecal sac, all courses: sum of the courses' Max[Gy] (hytec-reirradiation): 75.00"
    )
    assert (
        "all courses: PASS by the Max[Gy] of the accumulated dose and FAIL by the sum of the courses' Max[Gy];"
        " the worse decides" in flat
    )
    assert "Max[Gy] of each course alone: this course 20.00" in flat
    (written,) = (one for one in json.loads(sum_json(found))["rules"][0]["limits"] if one["id"] == "cumulative")
    assert written["verdict"] == "FAIL"
    assert [(one["reading"], one["verdict"]) for one in written["readings"]] == [
        ("accumulated", "PASS"),
        ("sum of courses", "FAIL"),
    ]
    assert written["found"] == written["readings"][1]["found"]


def test_the_ratio_is_judged_by_the_smaller_of_the_two_cumulative_doses() -> None:
    # 24 of 45 in one place, and 24 of 24 + 40 if the maxima are added
    found = summed(plan(two_plateaus(24.0, 1.0, 5), 5), plan(two_plateaus(21.0, 40.0, 20), 20))
    ratio = limit(found, "ratio")
    assert values(ratio) == pytest.approx({ACCUMULATED: 24 / 45, ADDED: 24 / 64}, rel=1e-3)
    assert verdicts(ratio) == {ACCUMULATED: Verdict.FAIL, ADDED: Verdict.PASS}
    assert ratio.verdict is Verdict.FAIL


def test_what_has_recovered_is_left_out_of_both_readings() -> None:
    plans = plan(two_plateaus(20.0, 20.0, 5), 5), plan(two_plateaus(40.0, 40.0, 20), 20)
    found = summed(*plans, recovery=0.25)
    assert values(limit(found, "cumulative")) == pytest.approx({ACCUMULATED: 50.0, ADDED: 50.0}, rel=1e-3)


def test_three_courses_are_added_too() -> None:
    plans = [plan(two_plateaus(*gy, 5), 5) for gy in ((20.0, 5.0), (5.0, 20.0), (10.0, 8.0))]
    found = values(limit(summed(*plans), "cumulative"))
    assert found == pytest.approx({ACCUMULATED: 35.0, ADDED: 50.0}, rel=1e-3)


# -------------------------------------------------------------------------------- contours of the courses


def test_an_earlier_course_without_the_contour_is_measured_in_that_of_this_plan_and_that_is_said() -> None:
    plans = plan(two_plateaus(20.0, 5.0, 5), 5), plan(two_plateaus(10.0, 40.0, 20), 20, names=("Heart",))
    found = summed(*plans)
    assert values(limit(found, "cumulative")) == pytest.approx({ACCUMULATED: 45.0, ADDED: 60.0}, rel=1e-3)
    this, earlier = found.rules[0].courses
    assert (this.of_first_plan, earlier.of_first_plan) == (False, True)
    assert "ThecalSac of this plan, for it has no contour of its own" in " ".join(sum_text(found).split())


def test_an_earlier_course_is_measured_in_its_own_contour() -> None:
    # in the earlier plan the sac is the second box, where the dose is another
    earlier = plan(two_plateaus(10.0, 40.0, 20), 20, names=("Heart", "ThecalSac"))
    found = summed(plan(two_plateaus(20.0, 20.0, 5), 5), earlier)
    assert found.rules[0].courses[1].found.value == pytest.approx(40.0, rel=1e-3)
    assert not found.rules[0].courses[1].of_first_plan


def test_names_that_the_user_gave_are_of_the_first_plan_only() -> None:
    plans = (
        plan(two_plateaus(20.0, 20.0, 5), 5, names=("Sack",)),
        plan(two_plateaus(30.0, 30.0, 20), 20, names=("Sack",)),
    )
    found = summed(*plans, options=CheckOptions(accept_dose=True, names={"ThecalSac": "Sack"}))
    assert values(limit(found, "cumulative")) == pytest.approx({ACCUMULATED: 50.0, ADDED: 50.0}, rel=1e-3)
    assert found.rules[0].courses[1].of_first_plan


def test_courses_that_were_not_given_one_by_one_are_never_passed() -> None:
    plans = [Course(plan=plan(two_plateaus(20.0, 20.0, n), n)) for n in (5, 20)]
    sac = {"ThecalSac": 2.0}
    given_dvhs = {"course": accumulate(plans[:1], sac), "cumulative": accumulate(plans, sac), "interval_months": 12.0}
    found = judge_reirradiation(RULE, **given_dvhs)
    assert found.verdict is Verdict.NOT_EVALUATED
    (cumulative,) = (one for one in found.outcomes if one.limit.id == "cumulative")
    assert verdicts(cumulative) == {ACCUMULATED: Verdict.PASS, ADDED: Verdict.NOT_EVALUATED}


# -------------------------------------------------------------------------------- frames that nothing relates


@pytest.mark.parametrize(("before_gy", "verdict"), [(40.0, Verdict.REVIEW), (60.0, Verdict.FAIL)])
def test_without_a_registration_the_maxima_are_added_and_no_pass_comes_of_it(
    before_gy: float, verdict: Verdict
) -> None:
    plans = plan(two_plateaus(20.0, 20.0, 5), 5), plan(two_plateaus(before_gy, 1.0, 20), 20, frame=OTHER_FRAME)
    found = summed(*plans)
    cumulative = limit(found, "cumulative")
    assert values(cumulative) == pytest.approx({ADDED: 20.0 + before_gy}, rel=1e-3)
    assert verdicts(cumulative)[ACCUMULATED] is Verdict.NOT_EVALUATED
    assert found.verdict is verdict
    assert found.cumulative.dvhs == ()
    flat = " ".join(sum_text(found).split())
    assert "something needed was not given: frames of reference differ; give the registration of the two" in flat
    assert "added one by one, which needs no registration" in flat
    with pytest.raises(FramesError):
        summed(*plans, alpha_betas={"ThecalSac": 2.0})


def test_with_a_registration_both_readings_are_there_again() -> None:
    plans = plan(two_plateaus(20.0, 20.0, 5), 5), plan(two_plateaus(40.0, 40.0, 20), 20, frame=OTHER_FRAME)
    registration = Registration(to_shared={FRAME: np.eye(4), OTHER_FRAME: np.eye(4)})
    for how in ({"frames_agree": True}, {"registrations": (registration,)}):
        found = summed(*plans, **how)
        assert set(values(limit(found, "cumulative"))) == {ACCUMULATED, ADDED}
        assert found.verdict is Verdict.PASS


def test_without_registration_and_contour_nothing_is_added() -> None:
    plans = (
        plan(two_plateaus(20.0, 20.0, 5), 5),
        plan(two_plateaus(40.0, 1.0, 20), 20, frame=OTHER_FRAME, names=("Heart",)),
    )
    found = summed(*plans)
    reasons = {
        one.reading: one.found.reason
        for one in limit(found, "cumulative").readings
        if isinstance(one.found, NotMeasured)
    }
    assert reasons == {ACCUMULATED: Reason.NOT_GIVEN, ADDED: Reason.STRUCTURE_MISSING}
    assert found.verdict is Verdict.REVIEW


# -------------------------------------------------------------------------------- without a rule


def test_the_sum_of_the_maxima_stands_below_the_accumulated_dose_of_every_structure() -> None:
    plans = (
        plan(two_plateaus(20.0, 5.0, 5), 5, names=("ThecalSac", "Cord")),
        plan(two_plateaus(10.0, 40.0, 20), 20),  # without a cord: that of the first plan is measured
    )
    found = summed(*plans, alpha_betas={"ThecalSac": 2.0, "Cord": 2.0})
    assert {name: maximum.value for name, maximum in found.sums_of_maxima.items()} == pytest.approx(
        {"ThecalSac": 60.0, "Cord": 45.0}, rel=1e-3
    )
    assert found.cumulative["ThecalSac"].max_gy.value == pytest.approx(45.0, rel=1e-3)
    lines = [line.split() for line in sum_text(found).splitlines() if "sum of maxima " in line]
    assert [line[0] for line in lines] == ["ThecalSac", "Cord"]
    assert "outside" not in sum_text(found)
    written = {one["name"]: one["sum_of_maxima"]["value"] for one in json.loads(sum_json(found))["structures"]}
    assert written == pytest.approx({"ThecalSac": 60.0, "Cord": 45.0}, rel=1e-3)


def test_a_structure_outside_the_grid_of_a_course_has_no_sum_of_maxima() -> None:
    earlier = plan(two_plateaus(40.0, 40.0, 20), 20, names=())
    far = replace(earlier, dose=replace(earlier.dose, origin_mm=np.array([200.0, -15.0, -10.0])))
    found = summed(plan(two_plateaus(20.0, 20.0, 5), 5), far, alpha_betas={"ThecalSac": 2.0})
    assert isinstance(found.sums_of_maxima["ThecalSac"], NotMeasured)
    assert "outside the dose grid of course 2" in sum_text(found)
    assert json.loads(sum_json(found))["structures"][0]["sum_of_maxima"] is None
    assert limit(found, "cumulative").verdict is Verdict.NOT_EVALUATED


def test_one_course_is_no_re_irradiation_and_is_told_of_none() -> None:
    alone = plan(two_plateaus(20.0, 20.0, 5), 5, names=("Rectum",))
    found = judge_courses(Courses(plans=(alone,), options=CheckOptions(accept_dose=True)), {}, JudgedBy())
    assert found.statements == ()
    named = judge_courses(
        Courses(plans=(alone,), options=CheckOptions(accept_dose=True)), {}, JudgedBy(statements=(PELVIS,))
    )
    assert [shown.contours for shown in named.statements] == [()]


# -------------------------------------------------------------------------------- statements


def test_the_review_states_100_gy_and_what_it_leaves_unsaid_is_said() -> None:
    review, observed = PELVIS.stated
    assert [(dose.of, dose.dose_gy) for dose in review.doses] == [("", 100)]
    assert (review.quantity, review.alpha_beta_gy, review.eqd2s_gy) == (None, None, ())
    assert "median cumulative dose of 100 Gy" in review.statement
    assert "reference 127" in review.where
    assert "28 patients with recurrent genitourinary malignancies" in review.patients
    assert review.not_said.startswith("whether the 100 Gy are physical dose, EQD2 or BED")
    assert [(dose.of, dose.dose_gy) for dose in observed.doses] == [("rectum", 104), ("bowel", 98), ("bladder", 113)]
    assert (str(observed.quantity), observed.alpha_beta_gy) == ("BED", 3)
    assert observed.eqd2s_gy == pytest.approx([bed_gy / (1 + 2 / 3) for bed_gy in (104, 98, 113)])
    assert not review.confirmed
    assert not observed.confirmed


@pytest.mark.parametrize(
    ("names", "contours"),
    [(("Rectum",), ("Rectum",)), (("Bladder", "Rectum"), ("Bladder", "Rectum")), (("Heart",), ())],
)
def test_statements_of_the_pelvis_are_shown_where_its_organs_are_contoured_and_give_no_verdict(
    names: tuple[str, ...], contours: tuple[str, ...]
) -> None:
    plans = [plan(two_plateaus(200.0, 200.0, n), n, names=names) for n in (5, 20)]
    options = CheckOptions(accept_dose=True)
    found = judge_courses(Courses(plans=tuple(plans), options=options), {}, JudgedBy())
    assert [shown.contours for shown in found.statements] == ([contours] if contours else [])
    assert found.verdict is Verdict.NOT_EVALUATED
    shown = sum_text(found)
    assert shown.startswith("No rule or table was asked for: no verdict.\n")
    assert ("100 Gy" in shown) == ("no limit, no verdict" in shown) == bool(contours)
    ruled = replace(found, rules=summed(*(plan(two_plateaus(20.0, 20.0, n), n) for n in (5, 20))).rules)
    assert ruled.verdict is Verdict.PASS  # statements change no verdict


def test_statements_are_named_beside_rules_and_tables() -> None:
    loaded = load_judged_by([RULE.id, PELVIS.id, "tg101-5fx"])
    assert (loaded.rules, loaded.statements) == ((RULE,), (PELVIS,))
    assert [table.id for table in loaded.tables] == ["tg101-5fx"]
    with pytest.raises(UnknownTableError, match="did you mean 'pelvis-reirradiation'"):
        load_judged_by(["pelvis-reiradiation"])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two courses of the same rectum and thecal sac, in different frames of reference."""
    root = tmp_path_factory.mktemp("courses")
    structures = [
        phantom.PhantomStructure(name=name, contours_mm=phantom.box((x, 0, 0), (10, 10, 20)))
        for name, x in (("Rectum", -6), ("ThecalSac", 6))
    ]
    for label, gy, n in (("NOW", dose_of(20.0, 1), 1), ("BEFORE", 40.0, 20)):
        dose = phantom.sample_dose(
            phantom.uniform_dose(gy), first_mm=(-20, -20, -20), last_mm=(20, 20, 20), spacing_mm=(2, 2, 2)
        )
        rx = phantom.PhantomPrescription(dose_gy=gy, fractions=n)
        phantom.write_plan(root / label, structures=structures, dose=dose, prescription=rx, label=label)
    dicom_files.say_one_patient(root / "NOW", root / "BEFORE")
    return [str(root / "NOW"), str(root / "BEFORE")]


def run(*words: str) -> Any:
    return CliRunner().invoke(main, ["sum", *words])


def test_statements_alone_are_no_clean_exit(two: list[str]) -> None:
    asked = run(*two, "--frames-agree", "--table", PELVIS.id)
    assert asked.exit_code == 3
    assert "what was asked for are statements, which give no verdict" in asked.output
    not_asked = run(*two, "--frames-agree")
    assert (not_asked.exit_code, "shown for Rectum in this plan" in " ".join(not_asked.output.split())) == (0, True)
    beside = run(*two, "--frames-agree", "--table", PELVIS.id, "--table", RULE.id, "--interval-months", "8")
    assert (beside.exit_code, beside.output.startswith("OVERALL: PASS")) == (0, True)


def test_the_command_adds_the_maxima_of_courses_in_frames_that_nothing_relates(two: list[str]) -> None:
    done = run(*two, "--table", RULE.id, "--interval-months", "8")
    assert done.exit_code == 3
    flat = " ".join(done.output.split())
    assert "all courses: sum of the courses' Max[Gy] <= 70 Gy 60.00" in flat
    written = json.loads(run(*two, "--table", RULE.id, "--format", "json").output)
    assert [one["contour"] for one in written["rules"][0]["courses"]] == ["ThecalSac"] * 2
    assert [one["id"] for one in written["statements"]] == [PELVIS.id]
    assert written["statements"][0]["stated"][0]["quantity"] is None


def test_python_gives_the_same(two: list[str], tmp_path: Path) -> None:
    found = api.accumulate(two, table=(RULE.id, PELVIS.id), interval_months=8.0)
    assert found.verdict is Verdict.REVIEW
    assert values(limit(found, "cumulative")) == pytest.approx({ADDED: 60.0}, rel=1e-3)
    assert [shown.contours for shown in found.statements] == [()]

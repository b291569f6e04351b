"""The verdict of one row by its value: on the edge, just inside and just outside, and why there is none."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import (
    NOT_KNOWN,
    dvh_set,
    percent_dvh,
    ramp_dvh,
    report_on,
    row,
    table,
    uniform_dvh,
)
from sbrtcheck.dvh import DVH, Bounds, EndCaps, Model, NoDVH, Reason
from sbrtcheck.judge.limits import Limits
from sbrtcheck.judge.row import RowResult
from sbrtcheck.judge.sampling import decides, is_sensitive
from sbrtcheck.metric import Measurement, NotMeasured, TargetCount, Unit
from sbrtcheck.metric.sampling import NoSamplingEstimate, SamplingEstimate, WhyNoEstimate
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Outcome, Report, Verdict
from sbrtcheck.tables import (
    Constraint,
    FixedLimit,
    Kind,
    LimitByTargetVolume,
    Priority,
    Select,
    Sense,
    Step,
)

EQD2 = {"quantity": Quantity.EQD2, "alpha_beta_gy": 2.0}


def only(report: Report) -> Outcome:
    (outcome,) = report.outcomes
    return outcome


def judged(constraint: Constraint, *dvhs: DVH, **options: Any) -> Outcome:
    of_set = {key: options.pop(key) for key in ("rx", "without") if key in options}
    return only(report_on(table(constraint), dvh_set(*dvhs, **of_set), **options))


# -------------------------------------------------------------------------------- the edge of a limit

UPPER = {"below": lambda value, limit: value < limit, "at_most": lambda value, limit: value <= limit}
LOWER = {"above": lambda value, limit: value > limit, "at_least": lambda value, limit: value >= limit}


@given(
    st.sampled_from([*UPPER, *LOWER]),
    st.sampled_from([Kind.LIMIT, Kind.ADVISORY, Kind.RISK]),
    st.sampled_from([None, Priority.MANDATORY, Priority.OPTIMAL]),
    st.sampled_from([None, 4.0]),
    st.sampled_from([14.0, 15.0, 16.0, 18.0, 19.0, 20.0, 21.0, 22.0, 24.0, 25.0]),
)
def test_a_verdict_is_told_by_value_limit_and_what_the_row_is(
    sense: str, kind: Kind, priority: Priority | None, further: float | None, dose_gy: float
) -> None:
    keeps = (UPPER | LOWER)[sense]
    acceptable = None if further is None else 20.0 + (further if sense in UPPER else -further)
    asked = row("Mean[Gy]", sense, 20.0, acceptable=acceptable, kind=kind, priority=priority)
    is_met = keeps(dose_gy, 20.0)
    varies = not is_met and (priority is Priority.OPTIMAL or (acceptable is not None and keeps(dose_gy, acceptable)))
    expected = {
        Kind.LIMIT: "PASS" if is_met else "VARIATION" if varies else "FAIL",
        Kind.ADVISORY: "MET" if is_met or varies else "NOT_MET",
        Kind.RISK: "RISK",
    }
    outcome = judged(asked, uniform_dvh(dose_gy=dose_gy))
    assert outcome.verdict == expected[kind]
    assert outcome.margin == pytest.approx(20.0 - dose_gy if sense in UPPER else dose_gy - 20.0)
    assert (outcome.limit_used, outcome.acceptable_used, outcome.reason) == (20.0, acceptable, None)


@pytest.mark.parametrize(
    ("sense", "limit", "whole", "nearly"),
    [("at_most", 100.0, "PASS", "PASS"), ("below", 100.0, "FAIL", "PASS"),
     ("at_least", 100.0, "PASS", "FAIL"), ("above", 100.0, "FAIL", "FAIL"), ("above", 99.0, "PASS", "PASS")],
)  # fmt: skip
def test_a_limit_of_100_percent_is_a_limit_like_any_other(sense: str, limit: float, whole: str, nearly: str) -> None:
    asked = row("V20Gy[%]", sense, limit)
    assert judged(asked, uniform_dvh(dose_gy=20.0)).verdict == whole
    assert judged(asked, ramp_dvh(low_gy=19.95, high_gy=29.95)).verdict == nearly  # 99.5 %
    prescribed = row("Mean[%Rx]", sense, limit)
    assert judged(prescribed, uniform_dvh(dose_gy=50.0)).verdict == whole
    assert judged(prescribed, uniform_dvh(dose_gy=49.75)).verdict == nearly


@pytest.mark.parametrize(("limit", "acceptable"), [(20.0, None), (10.0, 20.0)])
@pytest.mark.parametrize(
    ("low", "high", "senses"),
    [
        (19.9, 20.1, {"below", "at_most"}),
        (20.0, 20.1, {"at_most"}),
        (19.9, 20.0, {"below"}),
        (19.8, 19.99, set()),
        (20.1, 20.3, set()),
    ],
)
def test_bounds_on_either_side_of_what_decides_are_borderline(
    limit: float, acceptable: float | None, low: float, high: float, senses: set[str]
) -> None:
    value = (low + high) / 2
    dvh = replace(uniform_dvh(dose_gy=value), mean_gy=Bounds(value=value, low=low, high=high))
    for sense in ("below", "at_most"):
        asked = row("Mean[Gy]", sense, limit, acceptable=acceptable)
        assert judged(asked, dvh).borderline is (sense in senses)
        assert judged(replace(asked, kind=Kind.ADVISORY), dvh).borderline is (sense in senses)
        assert not judged(replace(asked, kind=Kind.RISK), dvh).borderline


def test_nothing_is_borderline_that_a_volume_decides_or_that_was_not_evaluated() -> None:
    small = ramp_dvh(volume_cc=3.0, half_width_gy=5.0)
    by_volume = judged(row("D5cc[Gy]", "below", 10.0, volume_threshold=True), small)
    assert (by_volume.verdict, by_volume.borderline) == (Verdict.PASS, False)
    too_small = judged(row("DC5cc[Gy]", "below", 10.0), small)
    assert (too_small.verdict, too_small.borderline) == (Verdict.FAIL, False)
    other_fractions = only(
        report_on(table(row("Max[Gy]", "below", 20.0), fractions=(3,)), dvh_set(ramp_dvh(half_width_gy=5.0)))
    )
    assert (other_fractions.verdict, other_fractions.borderline) == (Verdict.NOT_EVALUATED, False)


# -------------------------------------------------------------------------------- volumes that decide by themselves


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "volume_cc", "is_feasible"),
    [
        ("DC700cc[Gy]", "below", 15.0, 699.0, False),
        ("DC700cc[Gy]", "below", 15.0, 700.0, True),
        ("DC700cc[Gy]", "at_most", 15.0, 699.0, False),
        ("CV15Gy[cc]", "at_least", 700.0, 699.0, False),
        ("CV15Gy[cc]", "at_least", 700.0, 700.0, True),
        ("CV15Gy[cc]", "above", 700.0, 700.0, False),
        ("CV15Gy[cc]", "above", 700.0, 701.0, True),
        ("DC70%[Gy]", "below", 15.0, 699.0, True),
        ("CV15Gy[%]", "at_least", 70.0, 60.0, True),
    ],
)
@pytest.mark.parametrize(
    ("kind", "verdicts"),
    [(Kind.LIMIT, ("FAIL", "PASS")), (Kind.ADVISORY, ("NOT_MET", "MET")), (Kind.RISK, ("RISK", "RISK"))],
)
def test_a_critical_volume_is_missed_by_an_organ_that_is_smaller(
    metric: str, sense: str, limit: float, volume_cc: float, is_feasible: bool, kind: Kind, verdicts: tuple[str, str]
) -> None:
    cold = uniform_dvh("Liver", volume_cc=volume_cc, dose_gy=1.0)
    outcome = judged(row(metric, sense, limit, "Liver", kind=kind), cold)
    assert outcome.verdict == verdicts[is_feasible]
    assert (outcome.reason is Reason.VOLUME_TOO_SMALL) == (not is_feasible)
    assert f"{volume_cc:g} cc" in outcome.detail or is_feasible
    assert outcome.limit_used == limit


@pytest.mark.parametrize(
    ("metric", "sense", "threshold", "volume_cc", "verdict"),
    [
        ("D5cc[Gy]", "below", True, 4.9, "PASS"),
        ("D5cc[Gy]", "below", True, 5.0, "FAIL"),
        ("D5cc[Gy]", "at_most", True, 4.9, "PASS"),
        ("D5cc[Gy]", "below", False, 4.9, "NOT_EVALUATED"),
        ("D5cc[Gy]", "at_least", False, 4.9, "NOT_EVALUATED"),
        ("D5cc[Gy]", "at_least", True, 4.9, "NOT_EVALUATED"),
        ("D5%[Gy]", "below", True, 4.9, "FAIL"),
        ("Max[Gy]", "below", True, 4.9, "FAIL"),
    ],
)
def test_no_more_than_v_cc_is_met_by_less_than_v_cc_only_where_it_is_printed_so(
    metric: str, sense: str, threshold: bool, volume_cc: float, verdict: str
) -> None:
    outcome = judged(row(metric, sense, 10.0, volume_threshold=threshold), uniform_dvh(volume_cc=volume_cc))
    assert outcome.verdict == verdict
    found = [one for one in outcome.findings if one.code is FindingCode.SMALLER_THAN_LIMIT_VOLUME]
    assert [one.subject for one in found] == (["SpinalCord"] if verdict == "PASS" else [])
    assert (outcome.reason is None) == (verdict != "NOT_EVALUATED")


@pytest.mark.parametrize("code", FindingCode)
def test_a_small_volume_meets_no_limit_where_contours_may_be_missing(code: FindingCode) -> None:
    doubtful = {
        FindingCode.PLANE_GAP,
        FindingCode.TOO_FEW_PLANES,
        FindingCode.CONTOURS_CONTRADICTORY,
        FindingCode.CONTOURS_INCOMPLETE,
        FindingCode.PLANES_TOO_CLOSE,
        FindingCode.STORED_DVH_CONTRADICTORY,
    }
    small = uniform_dvh(volume_cc=3.0, findings=(Finding(code=code, text="look"),))
    outcome = judged(row("D5cc[Gy]", "below", 10.0, volume_threshold=True), small)
    assert outcome.verdict is (Verdict.NOT_EVALUATED if code in doubtful else Verdict.PASS)
    assert outcome.reason is (Reason.CONTOURS_INCOMPLETE if code in doubtful else None)
    assert "3 cc, smaller than 5 cc" in outcome.detail
    assert outcome.limit_used == 10.0


def test_volumes_in_percent_decide_nothing_by_themselves() -> None:
    """100 % is no 100 cc."""
    stored = percent_dvh("Liver", high_gy=10.0)
    for asked in (
        row("D700cc[Gy]", "below", 15.0, "Liver", volume_threshold=True),
        row("DC700cc[Gy]", "below", 15.0, "Liver"),
        row("CV15Gy[cc]", "at_least", 700.0, "Liver"),
    ):
        outcome = judged(asked, stored)
        assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.UNDEFINED_FOR_STORED_DVH)


# -------------------------------------------------------------------------------- EQD2 and BED


@given(st.floats(1.0, 40.0), st.sampled_from([(Quantity.EQD2, 2.0), (Quantity.EQD2, 10.0), (Quantity.BED, 3.0)]))
def test_a_row_in_eqd2_or_bed_is_judged_on_the_dose_in_that(dose_gy: float, asked: tuple[Quantity, float]) -> None:
    quantity, ratio = asked
    bed = dose_gy * (1 + dose_gy / 5 / ratio)
    expected = bed if quantity is Quantity.BED else bed / (1 + 2 / ratio)
    constraint = row("Mean[Gy]", "below", 30.0, quantity=quantity, alpha_beta_gy=ratio)
    outcome = judged(constraint, uniform_dvh(dose_gy=dose_gy))
    assert isinstance(outcome.measurement, Measurement)
    assert outcome.measurement.value == pytest.approx(expected, rel=1e-4, abs=1e-3)
    assert outcome.verdict is (Verdict.PASS if outcome.measurement.value < 30.0 else Verdict.FAIL)


@pytest.mark.parametrize(
    ("fields", "metric", "dvh", "reason", "told"),
    [
        (EQD2, "Mean[Gy]", uniform_dvh(dose_gy=20.0, **EQD2), None, ""),
        ({}, "Mean[Gy]", uniform_dvh(**EQD2), Reason.FRACTIONS_DO_NOT_MATCH, "alpha/beta of 2 Gy"),
        (EQD2 | {"alpha_beta_gy": 3.0}, "Mean[Gy]", uniform_dvh(**EQD2), Reason.NOT_GIVEN, "EQD2 for 3"),
        (EQD2 | {"quantity": Quantity.BED}, "Mean[Gy]", uniform_dvh(**EQD2), Reason.NOT_GIVEN, "BED for 2"),
        (EQD2 | {"alpha_beta_gy": None}, "Mean[Gy]", uniform_dvh(), Reason.UNIT_UNKNOWN, "without an alpha/beta"),
        (EQD2, "Rx[Gy]", uniform_dvh(), Reason.UNIT_UNKNOWN, "physical dose"),
        (EQD2, "R50%[ratio]", uniform_dvh("PTV"), Reason.UNIT_UNKNOWN, "physical dose"),
        ({}, "Rx[Gy]", uniform_dvh(**EQD2), Reason.FRACTIONS_DO_NOT_MATCH, "alpha/beta of 2 Gy"),
    ],
)
def test_doses_that_are_not_what_a_row_asks_for_give_no_verdict(
    fields: dict[str, Any], metric: str, dvh: DVH, reason: Reason | None, told: str
) -> None:
    outcome = judged(row(metric, "below", 30.0, dvh.name, **fields), dvh)
    assert outcome.reason is reason
    assert told in outcome.detail
    assert outcome.verdict is (Verdict.PASS if reason is None else Verdict.NOT_EVALUATED)
    assert outcome.limit_used == 30.0
    assert isinstance(outcome.measurement, NotMeasured) == (reason is not None)


def test_eqd2_needs_the_number_of_fractions() -> None:
    asked = table(row("Mean[Gy]", "below", 30.0, **EQD2), fractions=())
    outcome = only(report_on(asked, dvh_set(uniform_dvh(dose_gy=1.0), rx=NOT_KNOWN)))
    assert outcome.reason is Reason.PRESCRIPTION_UNKNOWN
    assert "EQD2" in outcome.detail
    known = UnknownPrescription(reason="no dose", fractions=5)
    assert only(report_on(asked, dvh_set(uniform_dvh(dose_gy=1.0), rx=known))).verdict is Verdict.PASS


def test_what_the_model_of_eqd2_is_not_known_for_is_said_beside_the_row_in_eqd2_alone() -> None:
    large = uniform_dvh(dose_gy=60.0, findings=(Finding(code=FindingCode.PLANE_BRIDGED, text="one"),))
    rx = Prescription(dose_gy=60.0, fractions=5)
    in_eqd2, physical = (judged(row("Mean[Gy]", "below", 30.0, **fields), large, rx=rx) for fields in (EQD2, {}))
    assert [one.code for one in physical.findings] == [FindingCode.PLANE_BRIDGED]
    assert [one.code for one in in_eqd2.findings] == [FindingCode.PLANE_BRIDGED, FindingCode.BEYOND_MODEL]


# -------------------------------------------------------------------------------- why there is no value


@pytest.mark.parametrize(
    ("uncovered_cc", "reason"),
    [
        (0.0, None),
        (9.98, Reason.PARTLY_OUTSIDE_GRID),
        (9.99, Reason.DOSE_GRID_MISSING),
        (10.0, Reason.DOSE_GRID_MISSING),
    ],
)
def test_an_organ_of_which_a_thousandth_lies_inside_was_not_measured(
    uncovered_cc: float, reason: Reason | None
) -> None:
    dvh = uniform_dvh(dose_gy=0.0, uncovered_cc=uncovered_cc)
    outcome = judged(row("Max[Gy]", "below", 30.0), dvh)
    assert outcome.reason is reason
    assert outcome.outside_percent == pytest.approx(10.0 * uncovered_cc)
    assert isinstance(outcome.measurement, NotMeasured) == (reason is Reason.DOSE_GRID_MISSING)
    size = judged(row("Volume[cc]", "at_least", 10.0), dvh)
    assert size.verdict is Verdict.PASS  # which needs no dose


@pytest.mark.parametrize(
    ("rx", "reason", "told"),
    [
        (Prescription(dose_gy=54.0, fractions=3), Reason.FRACTIONS_DO_NOT_MATCH, "5 fractions, the plan has 3"),
        (NOT_KNOWN, Reason.PRESCRIPTION_UNKNOWN, "no RT Plan"),
        (UnknownPrescription(reason="no dose", fractions=4), Reason.FRACTIONS_DO_NOT_MATCH, "the plan has 4"),
        (UnknownPrescription(reason="no dose", fractions=5), None, ""),
    ],
)
def test_a_table_is_for_its_own_fractions(rx: Any, reason: Reason | None, told: str) -> None:
    for metric in ("Mean[Gy]", "Volume[cc]"):
        outcome = judged(row(metric, "below", 30.0), uniform_dvh(dose_gy=1.0), rx=rx)
        assert outcome.reason is reason
        assert told in outcome.detail
        assert (outcome.conventions, outcome.limit_used) == ((), 30.0)


def test_a_row_on_the_prescription_is_judged_where_the_plan_has_no_target() -> None:
    for limit, verdict in ((50.0, Verdict.PASS), (49.0, Verdict.FAIL)):
        outcome = judged(row("Rx[Gy]", "at_most", limit, "PTV"), uniform_dvh("Heart"))
        assert (outcome.verdict, outcome.structure) == (verdict, None)


def test_why_an_organ_has_no_dvh_says_more_than_a_doubtful_dose() -> None:
    damaged = NoDVH(name="SpinalCord", number=7, reason=Reason.STRUCTURE_DAMAGED, detail="contour 3")
    cold = uniform_dvh("PTV", dose_gy=1.0)
    outcome = judged(row("Mean[Gy]", "below", 30.0), cold, without=(damaged,), accept_dose=False)
    assert (outcome.reason, outcome.detail) == (Reason.STRUCTURE_DAMAGED, "contour 3")
    of_rx = judged(row("Rx[Gy]", "below", 60.0, "PTV"), cold, accept_dose=False)
    assert of_rx.reason is Reason.DOSE_NOT_OF_PLAN
    fractions = {"rx": Prescription(dose_gy=54.0, fractions=3)}
    first = judged(row("Mean[Gy]", "below", 30.0), cold, without=(damaged,), **fractions)
    assert first.reason is Reason.FRACTIONS_DO_NOT_MATCH


# -------------------------------------------------------------------------------- other conventions


def test_every_other_convention_is_judged_as_the_row_is() -> None:
    others = tuple(
        uniform_dvh(dose_gy=gy, model=Model(end_caps=caps))
        for gy, caps in ((10.0, EndCaps.NONE), (30.0, EndCaps.CAPPED))
    )
    dvh = uniform_dvh(dose_gy=20.0, alternatives=others)
    outcome = judged(row("Mean[Gy]", "below", 25.0), dvh)
    assert [(one.end_caps, one.verdict) for one in outcome.conventions] == [("none", "PASS"), ("capped", "FAIL")]
    assert outcome.convention_sensitive
    in_eqd2 = judged(row("Mean[Gy]", "below", 100.0, **EQD2), dvh)
    expected = [gy * (gy / 5 + 2) / 4 for gy in (10.0, 30.0)]
    assert [one.measurement.value for one in in_eqd2.conventions] == pytest.approx(expected)  # type: ignore[union-attr]
    assert not in_eqd2.convention_sensitive
    counted = judged(row(TargetCount(), "at_most", 1, "PTV"), replace(dvh, name="PTV"))
    assert counted.conventions == ()


# -------------------------------------------------------------------------------- limits by the target's volume


def test_what_a_target_cannot_tell_is_said_of_the_limit_that_goes_by_it() -> None:
    by_volume = LimitByTargetVolume(
        steps=(Step(volume_cc=5, limit=10, acceptable=12), Step(volume_cc=15, limit=20, acceptable=24))
    )
    asked = row("Mean[Gy]", "below", by_volume, "Heart")
    heart = uniform_dvh("Heart", dose_gy=14.9)
    inside = judged(asked, heart, uniform_dvh("PTV", volume_cc=10.0))
    assert (inside.verdict, inside.limit_used, inside.acceptable_used) == (Verdict.PASS, 15.0, 18.0)
    assert inside.detail == "limit for a PTV of 10 cc (PTV)"
    for volume_cc in (4.99, 15.01):
        outside = judged(asked, heart, uniform_dvh("PTV", volume_cc=volume_cc))
        assert outside.reason is Reason.TARGET_VOLUME_OUTSIDE_RANGE
        assert isinstance(outside.measurement, Measurement)
        assert (outside.limit_used, outside.margin) == (None, None)
    for volume_cc in (5.0, 4.9999999, 15.0000001, 15.0):  # rounding noise of a volume turns nothing
        assert judged(asked, heart, uniform_dvh("PTV", volume_cc=volume_cc)).limit_used is not None
    stored = judged(asked, heart, percent_dvh("PTV"))
    assert stored.reason is Reason.UNDEFINED_FOR_STORED_DVH
    missing = judged(asked, uniform_dvh("Liver"), uniform_dvh("PTV", volume_cc=10.0))
    assert (missing.reason, missing.detail) == (Reason.STRUCTURE_MISSING, "")


# -------------------------------------------------------------------------------- within the sampling uncertainty


def result(value: float, limit: float, sense: Sense = Sense.BELOW, **fields: Any) -> RowResult:
    measured = Measurement(value=value, low=value, high=value, unit=Unit.GY)
    asked = row("Mean[Gy]", sense, limit)
    verdict = Verdict.PASS if sense.is_met(value, limit) else Verdict.FAIL
    defaults = {
        "measurement": measured,
        "limits": Limits(row=asked, limit=FixedLimit(limit=limit)),
        "verdict": verdict,
    }
    return RowResult(**(defaults | fields))


@pytest.mark.parametrize("sense", Sense)
@pytest.mark.parametrize(("value", "turns"), [(18.9, False), (19.1, True), (20.9, True), (21.1, False)])
def test_an_estimate_decides_where_the_limit_lies_within_it(sense: Sense, value: float, turns: bool) -> None:
    within = SamplingEstimate(half_width=1.0, unit=Unit.GY)
    assert decides(result(value, 20.0, sense), within) is turns
    assert is_sensitive(result(value, 20.0, sense), within)  # 1 of 20 Gy are more than 2 %
    small = SamplingEstimate(half_width=0.3, unit=Unit.GY)
    assert not decides(result(value, 20.0, sense), small)
    assert not is_sensitive(result(value, 20.0, sense), small)
    assert is_sensitive(result(19.9, 20.0, sense), small)  # less than 2 %, and it reaches the limit


@pytest.mark.parametrize(
    "fields",
    [
        {"limits": None},
        {"volume_decides": True},
        {"verdict": Verdict.NOT_EVALUATED},
        {"measurement": NotMeasured(reason=Reason.STRUCTURE_MISSING)},
    ],
)
def test_an_estimate_decides_nothing_where_no_value_does(fields: dict[str, Any]) -> None:
    assert not decides(result(19.9, 20.0, **fields), SamplingEstimate(half_width=0.3, unit=Unit.GY))
    of_value = not isinstance(fields.get("measurement"), NotMeasured)
    assert is_sensitive(result(19.9, 20.0, **fields), SamplingEstimate(half_width=1.0, unit=Unit.GY)) is of_value
    assert is_sensitive(result(19.9, 20.0, **fields), NoSamplingEstimate(why=WhyNoEstimate.TOO_FEW_PLANES)) is of_value


@pytest.mark.parametrize("why", WhyNoEstimate)
def test_only_too_few_planes_are_shown_in_place_of_an_estimate(why: WhyNoEstimate) -> None:
    assert is_sensitive(result(1.0, 20.0), NoSamplingEstimate(why=why)) is (why is WhyNoEstimate.TOO_FEW_PLANES)
    assert not decides(result(19.999, 20.0), NoSamplingEstimate(why=why))


def test_a_negative_value_has_its_two_percent_too() -> None:
    assert not is_sensitive(result(-20.0, 20.0), SamplingEstimate(half_width=0.3, unit=Unit.GY))


# -------------------------------------------------------------------------------- what an outcome has of its row


def test_an_outcome_has_its_table_row_organ_and_structure() -> None:
    asked = row("Mean[Gy]", "below", 30.0, "SpinalCord", organ="Cord", confirmed_by=("one",))
    outcome = judged(asked, uniform_dvh("spinal cord", dose_gy=29.0))
    assert (outcome.table_id, outcome.constraint, outcome.organ) == ("test-table", asked, "SpinalCord")
    assert (outcome.contour, outcome.counts, outcome.applies) == ("spinal cord", False, True)
    assert (outcome.near_limit, outcome.probable, outcome.lacking) == (True, (), ())
    assert math.isclose(outcome.outside_percent, 0.0)
    probably = judged(row("Mean[Gy]", "below", 30.0), uniform_dvh("SpinalCord_PRV"))
    assert (probably.probable, probably.structure) == (("SpinalCord_PRV",), None)


@pytest.mark.parametrize(
    ("organ", "fields", "others", "applies"),
    [
        ("Cochlea_L", {}, (), False),
        ("Cochlea_L", {"mandatory": True}, (), True),
        ("Cochlea_L", {}, ("Cochlea L 2",), True),  # nearly so named
        ("SpinalCord", {}, (), True),  # expected
        ("PTV", {}, (), True),
    ],
)
def test_a_row_applies_where_its_organ_is_expected_or_there(
    organ: str, fields: dict[str, Any], others: tuple[str, ...], applies: bool
) -> None:
    dvhs = [uniform_dvh(name) for name in ("Heart", *others)]
    assert judged(row("Max[Gy]", "below", 30.0, organ, **fields), *dvhs, site="lung").applies is applies
    there = judged(row("Max[Gy]", "below", 30.0, organ, **fields), *dvhs, uniform_dvh(organ), site="lung")
    assert there.applies


def test_of_two_organs_each_applies_by_itself_and_a_union_by_any_of_its_parts() -> None:
    names = ("SpinalCord", "Cochlea_L")
    each = report_on(table(row("Max[Gy]", "below", 30.0, *names)), dvh_set(uniform_dvh("Heart")), site="lung").outcomes
    assert [(one.organ, one.applies) for one in each] == [("SpinalCord", True), ("Cochlea_L", False)]
    union = judged(row("Max[Gy]", "below", 30.0, *names, select=Select.UNION), uniform_dvh("Heart"), site="lung")
    first = judged(row("Max[Gy]", "below", 30.0, *names, select=Select.FIRST), uniform_dvh("Heart"), site="lung")
    assert union.applies
    assert first.applies

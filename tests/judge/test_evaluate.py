"""Verdicts mean what the design says: the value decides, doubts are flagged, what was not checked is no pass."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import sbrtcheck
from dvh_builders import (
    FIFTY_IN_FIVE,
    NOT_KNOWN,
    curve,
    dvh_set,
    exact,
    percent_dvh,
    plan_of,
    ramp_dvh,
    report_on,
    row,
    table,
    uniform_dvh,
)
from sbrtcheck.dvh import DVH, DVHSet, EndCaps, Model, NoDVH, Origin, Reason, compute_dvhs
from sbrtcheck.errors import NamesError, TableError
from sbrtcheck.installation import install_command
from sbrtcheck.metric import Measurement, NotMeasured, parse
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.results import MatchedStructure, Outcome, Report, ReviewCode, Verdict
from sbrtcheck.results.labels import absent_organs
from sbrtcheck.structure_names import Rule
from sbrtcheck.tables import Constraint, Kind, Select, Site, Sites, Status
from sbrtcheck.tables.values import ExpectedOrgan


def only(report: Report) -> Outcome:
    (outcome,) = report.outcomes
    return outcome


def check_row(constraint: Constraint, *dvhs: DVH, **options: Any) -> Outcome:
    return only(report_on(table(constraint), dvh_set(*dvhs), **options))


# -------------------------------------------------------------------------------- the value decides


@pytest.mark.parametrize(
    ("sense", "limit", "verdict"),
    [
        ("below", 20.0, Verdict.FAIL),
        ("at_most", 20.0, Verdict.PASS),
        ("above", 20.0, Verdict.FAIL),
        ("at_least", 20.0, Verdict.PASS),
        ("below", 20.1, Verdict.PASS),
        ("at_most", 19.9, Verdict.FAIL),
        ("above", 19.9, Verdict.PASS),
        ("at_least", 20.1, Verdict.FAIL),
    ],
)
def test_a_strict_limit_and_one_that_may_be_reached_are_kept_apart(sense: str, limit: float, verdict: Verdict) -> None:
    assert check_row(row("D0.035cc[Gy]", sense, limit), uniform_dvh(dose_gy=20.0)).verdict is verdict


@pytest.mark.parametrize(("dose", "verdict"), [(9.0, "PASS"), (10.0, "VARIATION"), (14.9, "VARIATION"), (15.0, "FAIL")])
def test_beyond_the_goal_and_inside_the_acceptable_limit_is_a_variation(dose: float, verdict: str) -> None:
    assert check_row(row("Mean[Gy]", "below", 10, acceptable=15), uniform_dvh(dose_gy=dose)).verdict == verdict


@given(
    st.floats(min_value=0, max_value=60), st.floats(min_value=0.1, max_value=60), st.sampled_from(["below", "at_most"])
)
def test_margin_is_not_negative_when_an_upper_limit_is_met(dose: float, limit: float, sense: str) -> None:
    outcome = check_row(row("Mean[Gy]", sense, limit), uniform_dvh(dose_gy=dose))
    assert outcome.margin == pytest.approx(limit - dose)
    assert (outcome.verdict is Verdict.PASS) == (outcome.margin > 0 or (outcome.margin == 0 and sense == "at_most"))


def test_margin_of_a_lower_limit_is_what_lies_above_it() -> None:
    assert check_row(row("Mean[Gy]", "at_least", 15), uniform_dvh(dose_gy=20.0)).margin == pytest.approx(5.0)


# -------------------------------------------------------------------------------- doubts are flagged


@pytest.mark.parametrize(
    ("limit", "acceptable", "borderline"),
    [
        (10.05, None, True),
        (9.95, None, True),
        (10.2, None, False),
        (9.0, None, False),
        (9.0, 10.05, True),
        (9.0, 9.95, True),
        (9.0, 11.0, False),
        (9.95, 11.0, True),
    ],
)
def test_a_band_over_a_deciding_limit_is_borderline(limit: float, acceptable: float | None, borderline: bool) -> None:
    dvh = uniform_dvh(dose_gy=10.0, half_width_gy=0.1)
    assert check_row(row("Mean[Gy]", "below", limit, acceptable=acceptable), dvh).borderline is borderline


@given(
    st.floats(min_value=0.5, max_value=40), st.floats(min_value=0, max_value=2), st.floats(min_value=0.5, max_value=40)
)
def test_borderline_says_that_an_end_of_the_band_would_decide_otherwise(
    dose: float, error: float, limit: float
) -> None:
    outcome = check_row(row("Mean[Gy]", "below", limit), uniform_dvh(dose_gy=dose, half_width_gy=error))
    found = outcome.measurement
    assert isinstance(found, Measurement)
    assert outcome.borderline == ((found.low < limit) != (found.high < limit))


def with_alternative(dose_gy: float, other_gy: float) -> DVH:
    other = uniform_dvh(dose_gy=other_gy, model=Model(end_caps=EndCaps.NONE))
    return uniform_dvh(dose_gy=dose_gy, alternatives=(other,))


def test_a_verdict_that_another_convention_turns_is_convention_sensitive() -> None:
    outcome = check_row(row("D0.035cc[Gy]", "below", 17.5), with_alternative(16.7, 18.0))
    assert outcome.verdict is Verdict.PASS
    assert outcome.convention_sensitive
    (other,) = outcome.conventions
    assert (other.end_caps, other.verdict) == ("none", Verdict.FAIL)
    assert isinstance(other.measurement, Measurement)
    assert other.measurement.value == pytest.approx(18.0)


def test_another_convention_with_the_same_verdict_is_listed_and_not_flagged() -> None:
    outcome = check_row(row("D0.035cc[Gy]", "below", 20), with_alternative(16.7, 18.0))
    assert not outcome.convention_sensitive
    assert len(outcome.conventions) == 1


def test_a_structure_that_is_too_small_under_another_convention_is_convention_sensitive() -> None:
    other = uniform_dvh(volume_cc=4.0, model=Model(end_caps=EndCaps.NONE))
    outcome = check_row(row("D5cc[Gy]", "below", 30), uniform_dvh(volume_cc=6.0, alternatives=(other,)))
    assert outcome.verdict is Verdict.PASS
    assert outcome.convention_sensitive


@pytest.mark.parametrize(
    "dvh",
    [uniform_dvh(dose_gy=10.0, half_width_gy=0.1), with_alternative(10.0, 11.0)],
    ids=["borderline", "convention"],
)
def test_strict_asks_for_a_review_of_a_flagged_row_and_leaves_its_verdict(dvh: DVH) -> None:
    asked = table(row("Mean[Gy]", "below", 10.05))
    lenient, strict = report_on(asked, dvh_set(dvh)), report_on(asked, dvh_set(dvh), strict=True)
    assert (lenient.verdict, strict.verdict) == (Verdict.PASS, Verdict.REVIEW)
    assert [reason.code for reason in strict.reasons] == [ReviewCode.STRICT]
    assert only(strict).verdict is Verdict.PASS


def test_strict_leaves_a_clear_pass_alone() -> None:
    assert report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(uniform_dvh()), strict=True).verdict is Verdict.PASS


# -------------------------------------------------------------------------------- small structures, cold volumes


def test_no_more_than_v_cc_above_d_is_met_by_a_structure_smaller_than_v_cc() -> None:
    outcome = check_row(row("D5cc[Gy]", "below", 19.5, volume_threshold=True), uniform_dvh(volume_cc=3.0, dose_gy=50))
    assert outcome.verdict is Verdict.PASS
    assert outcome.detail == "3 cc, smaller than 5 cc: is the contour complete?"
    assert [finding.code for finding in outcome.findings] == [FindingCode.SMALLER_THAN_LIMIT_VOLUME]
    assert isinstance(outcome.measurement, NotMeasured)


def test_the_dose_to_v_cc_of_a_smaller_structure_is_not_evaluated() -> None:
    outcome = check_row(row("D5cc[Gy]", "below", 19.5), uniform_dvh(volume_cc=3.0, dose_gy=1.0))
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.VOLUME_TOO_SMALL)


def test_a_structure_large_enough_for_the_threshold_volume_is_measured() -> None:
    outcome = check_row(row("D5cc[Gy]", "below", 19.5, volume_threshold=True), uniform_dvh(volume_cc=6.0, dose_gy=50))
    assert outcome.verdict is Verdict.FAIL
    assert outcome.findings == ()


@pytest.mark.parametrize(("metric", "sense", "limit"), [("DC700cc[Gy]", "below", 15), ("CV15Gy[cc]", "at_least", 700)])
def test_an_organ_smaller_than_its_critical_volume_can_only_fail(metric: str, sense: str, limit: float) -> None:
    unirradiated = uniform_dvh("Liver", volume_cc=650.0, dose_gy=0.0)
    outcome = check_row(row(metric, sense, limit, "Liver"), unirradiated)
    assert (outcome.verdict, outcome.reason) == (Verdict.FAIL, Reason.VOLUME_TOO_SMALL)
    assert outcome.detail == "infeasible: the organ has only 650 cc"


@given(st.floats(min_value=300, max_value=3000), st.floats(min_value=16, max_value=60))
def test_the_two_ways_to_write_a_critical_volume_give_one_verdict(volume: float, high: float) -> None:
    liver = ramp_dvh("Liver", volume_cc=volume, high_gy=high)  # CV15Gy is volume * 15 / high
    spared = volume * 15 / high
    assume(abs(spared - 700) > 0.5)  # V counts doses that differ by rounding as one
    as_dose = check_row(row("DC700cc[Gy]", "below", 15, "Liver"), liver)
    as_volume = check_row(row("CV15Gy[cc]", "at_least", 700, "Liver"), liver)
    assert as_dose.verdict is as_volume.verdict is (Verdict.PASS if spared > 700 else Verdict.FAIL)


def test_a_critical_volume_cannot_be_judged_on_percent_volumes() -> None:
    outcome = check_row(row("DC700cc[Gy]", "below", 15, "Liver"), percent_dvh("Liver"))
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.UNDEFINED_FOR_STORED_DVH)


# -------------------------------------------------------------------------------- what holds for whom


def test_a_table_for_another_fraction_number_is_never_rescaled() -> None:
    dvhs = dvh_set(uniform_dvh(dose_gy=1.0), rx=Prescription(dose_gy=54.0, fractions=3))
    report = report_on(table(row("Mean[Gy]", "below", 30), row("Max[Gy]", "below", 30, id="two")), dvhs)
    assert {(o.verdict, o.reason) for o in report.outcomes} == {(Verdict.NOT_EVALUATED, Reason.FRACTIONS_DO_NOT_MATCH)}
    assert only(replace(report, outcomes=report.outcomes[:1])).detail == (
        "the table holds for 5 fractions, the plan has 3"
    )
    assert report.verdict is Verdict.REVIEW
    assert [reason.code for reason in report.reasons] == [ReviewCode.NOTHING_EVALUATED]


def test_an_unknown_fraction_number_leaves_every_row_not_evaluated() -> None:
    outcome = only(report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(uniform_dvh(dose_gy=1.0), rx=NOT_KNOWN)))
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.PRESCRIPTION_UNKNOWN)


def test_a_known_fraction_number_is_enough_for_rows_in_gy() -> None:
    rx = UnknownPrescription(reason="two dose references", fractions=5)
    report = report_on(
        table(row("Mean[Gy]", "below", 30), row("Max[%Rx]", "below", 105, id="two")), dvh_set(uniform_dvh(), rx=rx)
    )
    in_gy, in_percent = report.outcomes
    assert in_gy.verdict is Verdict.PASS
    assert (in_percent.verdict, in_percent.reason) == (Verdict.NOT_EVALUATED, Reason.PRESCRIPTION_UNKNOWN)


@pytest.mark.parametrize(
    ("fields", "counts", "counts_with_unconfirmed"),
    [
        ({}, True, True),
        ({"confirmed_by": ()}, False, True),
        ({"confirmed_by": ("one reading",)}, False, True),
        ({"status": Status.DISPUTED}, False, False),
        ({"kind": Kind.ADVISORY}, False, False),
        ({"kind": Kind.RISK}, False, False),
    ],
)
def test_only_confirmed_undisputed_limits_count(
    fields: dict[str, Any], counts: bool, counts_with_unconfirmed: bool
) -> None:
    failing = row("Mean[Gy]", "below", 1, **fields)
    assert check_row(failing, uniform_dvh()).counts is counts
    assert check_row(failing, uniform_dvh(), include_unconfirmed=True).counts is counts_with_unconfirmed
    passing = row("Max[Gy]", "below", 30, id="two")
    report = report_on(table(failing, passing), dvh_set(uniform_dvh()))
    speaks = failing.kind is Kind.LIMIT  # the failure of a limit that does not count is not passed over
    assert report.verdict is (Verdict.FAIL if counts else Verdict.REVIEW if speaks else Verdict.PASS)


@pytest.mark.parametrize("dose", [1.0, 30.0])
def test_a_risk_point_is_reported_and_never_passed_or_failed(dose: float) -> None:
    dvh = uniform_dvh("Lungs", dose_gy=dose, half_width_gy=0.5, alternatives=(uniform_dvh("Lungs", dose_gy=8.0),))
    outcome = check_row(row("Mean[Gy]", "at_most", 8, "Lungs", kind=Kind.RISK), dvh)
    assert outcome.verdict is Verdict.RISK
    assert not outcome.borderline
    assert not outcome.convention_sensitive


# -------------------------------------------------------------------------------- organ -> structure


def test_a_missing_structure_is_not_evaluated_and_close_names_are_only_suggested() -> None:
    outcome = check_row(row("Mean[Gy]", "below", 30, "SpinalCord"), uniform_dvh("SpinalCord_PRV"))
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.STRUCTURE_MISSING)
    assert outcome.contour == ""
    assert outcome.detail == "not matched, though by its name it may be this organ: SpinalCord_PRV"


def test_two_structures_that_fit_equally_well_are_ambiguous() -> None:
    outcome = check_row(row("Mean[Gy]", "below", 30), uniform_dvh("spinal cord"), uniform_dvh("SPINAL_CORD"))
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.STRUCTURE_AMBIGUOUS)
    assert "spinal cord" in outcome.detail
    assert "SPINAL_CORD" in outcome.detail


def test_the_name_the_user_gives_wins() -> None:
    outcome = check_row(
        row("Mean[Gy]", "below", 30),
        uniform_dvh("SpinalCord"),
        uniform_dvh("myelon", dose_gy=40),
        names={"SpinalCord": "myelon"},
    )
    assert (outcome.contour, outcome.rule, outcome.verdict) == ("myelon", Rule.GIVEN, Verdict.FAIL)


@pytest.mark.parametrize("reason", list(Reason))
def test_why_a_structure_has_no_dvh_is_the_reason_of_its_rows(reason: Reason) -> None:
    without = NoDVH(name="SpinalCord", number=7, reason=reason, detail="as it is")
    outcome = only(report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(uniform_dvh("Heart"), without=(without,))))
    assert (outcome.verdict, outcome.reason, outcome.detail) == (Verdict.NOT_EVALUATED, reason, "as it is")
    assert outcome.contour == "SpinalCord"


def test_each_structure_of_a_row_has_an_outcome_of_its_own() -> None:
    constraint = row("Mean[Gy]", "below", 15, "Kidney_L", "Kidney_R")
    report = report_on(table(constraint), dvh_set(uniform_dvh("Kidney_L", dose_gy=10.0)))
    assert [(o.organ, o.verdict) for o in report.outcomes] == [
        ("Kidney_L", Verdict.PASS),
        ("Kidney_R", Verdict.NOT_EVALUATED),
    ]


def test_the_first_structure_the_plan_has_is_taken_and_the_report_says_so() -> None:
    constraint = row("Mean[Gy]", "below", 15, "Liver-GTV", "Liver", select=Select.FIRST)
    outcome = check_row(constraint, uniform_dvh("Liver", volume_cc=1500.0, dose_gy=10.0))
    assert (outcome.organ, outcome.contour, outcome.verdict) == ("Liver", "Liver", Verdict.PASS)
    assert [f.text for f in outcome.findings] == ["the plan has no Liver-GTV: Liver was used"]


def test_an_ambiguous_first_structure_is_not_passed_over() -> None:
    constraint = row("Mean[Gy]", "below", 15, "SpinalCord", "Liver", select=Select.FIRST)
    outcome = check_row(constraint, uniform_dvh("spinal cord"), uniform_dvh("SPINAL_CORD"), uniform_dvh("Liver"))
    assert outcome.reason is Reason.STRUCTURE_AMBIGUOUS


def test_when_none_of_the_alternatives_is_there_all_are_named() -> None:
    constraint = row("Mean[Gy]", "below", 15, "Liver-GTV", "Liver", select=Select.FIRST)
    outcome = check_row(constraint, uniform_dvh("Heart"))
    assert (outcome.organ, outcome.reason) == ("Liver-GTV or Liver", Reason.STRUCTURE_MISSING)


def test_a_derived_structure_is_taken_where_none_is_drawn_and_what_it_was_built_from_stays_in_sight() -> None:
    built = Finding(code=FindingCode.DERIVED_STRUCTURE, text="Lung_L + Lung_R", subject="Lungs")
    lungs = uniform_dvh("Lungs", number=-1, volume_cc=4000.0, dose_gy=5.0, findings=(built,))
    outcome = check_row(row("Mean[Gy]", "below", 8, "Lungs"), lungs)
    assert (outcome.rule, outcome.verdict, outcome.findings) == (Rule.DERIVED, Verdict.PASS, (built,))


def test_a_derived_structure_that_could_not_be_made_says_why() -> None:
    without = NoDVH(name="Lungs", number=-1, reason=Reason.STRUCTURE_EMPTY, detail="its part 'Lung_L'")
    outcome = only(report_on(table(row("Mean[Gy]", "below", 8, "Lungs")), dvh_set(uniform_dvh(), without=(without,))))
    assert (outcome.reason, outcome.detail) == (Reason.STRUCTURE_EMPTY, "its part 'Lung_L'")


UNION = row("Mean[Gy]", "below", 15, "Trachea", "Bronchus_Main", select=Select.UNION)


def test_a_union_of_which_one_part_is_drawn_is_evaluated_and_names_what_is_missing() -> None:
    outcome = check_row(UNION, uniform_dvh("Trachea", dose_gy=10.0))
    assert (outcome.organ, outcome.contour) == ("Trachea + Bronchus_Main", "Trachea")
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.PART_MISSING)
    assert isinstance(outcome.measurement, Measurement)
    assert outcome.lacking == ("Bronchus_Main",)
    assert [f.text for f in outcome.findings] == ["Trachea + Bronchus_Main was evaluated without Bronchus_Main"]


def test_a_union_that_may_do_without_a_part_passes_without_it() -> None:
    outcome = check_row(replace(UNION, optional=("Bronchus_Main",)), uniform_dvh("Trachea", dose_gy=10.0))
    assert (outcome.verdict, outcome.lacking) == (Verdict.PASS, ())
    other = check_row(replace(UNION, optional=("Trachea",)), uniform_dvh("Trachea", dose_gy=10.0))
    assert (other.verdict, other.lacking) == (Verdict.NOT_EVALUATED, ("Bronchus_Main",))


@pytest.mark.parametrize(
    ("metric", "sense", "dose_gy", "verdict"),
    [
        ("D0.035cc[Gy]", "below", 40.0, Verdict.FAIL),  # a hot part is hot with more tissue too
        ("D0.035cc[Gy]", "below", 10.0, Verdict.NOT_EVALUATED),
        ("V20Gy[cc]", "at_most", 40.0, Verdict.FAIL),
        ("V20Gy[cc]", "at_least", 40.0, Verdict.PASS),  # and it has the volume already
        ("V20Gy[cc]", "at_least", 10.0, Verdict.NOT_EVALUATED),
        ("DC5cc[Gy]", "below", 10.0, Verdict.PASS),  # 5 cc are spared already
        ("DC5cc[Gy]", "below", 40.0, Verdict.NOT_EVALUATED),  # the other part may be the colder one
        ("CV20Gy[cc]", "at_least", 10.0, Verdict.PASS),
        ("CV20Gy[cc]", "at_least", 40.0, Verdict.NOT_EVALUATED),
        ("Mean[Gy]", "below", 10.0, Verdict.NOT_EVALUATED),
        ("Mean[Gy]", "below", 40.0, Verdict.FAIL),
        ("V20Gy[%]", "at_least", 40.0, Verdict.NOT_EVALUATED),
    ],
)
def test_a_part_of_an_organ_decides_only_what_the_missing_part_cannot_turn(
    metric: str, sense: str, dose_gy: float, verdict: Verdict
) -> None:
    limit = 5.0 if metric.endswith("[cc]") else 50.0 if metric.endswith("[%]") else 30.0
    asked = row(metric, sense, limit, "Trachea", "Bronchus_Main", select=Select.UNION)
    assert check_row(asked, uniform_dvh("Trachea", dose_gy=dose_gy)).verdict is verdict


def test_stored_dvhs_cannot_be_added_to_a_union() -> None:
    stored = {"origin": Origin.STORED, "model": None}
    outcome = check_row(UNION, uniform_dvh("Trachea", **stored), uniform_dvh("Bronchus_Main", **stored))
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.UNDEFINED_FOR_STORED_DVH)
    assert outcome.contour == "Trachea + Bronchus_Main"


def test_what_two_parts_of_a_union_share_counts_once() -> None:
    dvhs = compute_dvhs(plan_of(Trachea=0.0, Bronchus_Main=5.0))
    outcome = only(report_on(table(replace(UNION, metric=parse("Volume[cc]"))), dvhs))
    assert outcome.contour == "Trachea + Bronchus_Main"
    assert isinstance(outcome.measurement, Measurement)
    assert outcome.measurement.value == pytest.approx(1.5)
    assert [other.end_caps for other in outcome.conventions] == ["none", "capped"]


def test_a_name_is_ambiguous_whether_its_structures_were_computed_or_not() -> None:
    plan = plan_of(spinal_cord=0.0, Spinalcord=5.0, Heart=10.0)
    outcome = only(report_on(table(row("Mean[Gy]", "below", 30)), compute_dvhs(plan, structures=["Heart"])))
    assert outcome.reason is Reason.STRUCTURE_AMBIGUOUS


def test_a_structure_without_a_name_that_its_code_tells_is_matched_all_the_same() -> None:
    plan = plan_of(SpinalCord=0.0)
    nameless = replace(plan.structures[0], name="", codes=("SpinalCord",))
    asked = table(row("Mean[Gy]", "below", 30), row("Mean[Gy]", "below", 30, "Heart"))
    matched, missing = report_on(asked, compute_dvhs(replace(plan, structures=(nameless,)))).outcomes
    assert matched.structure == MatchedStructure(names=("",), rules=(Rule.CODE,))
    assert missing.structure is None
    assert (matched.contour, missing.contour) == ("", "")  # what is printed does not tell them apart
    assert [organ for _, organ in absent_organs([matched, missing])] == ["Heart"]


def test_a_structure_that_nobody_asked_to_compute_is_not_called_missing() -> None:
    dvhs = compute_dvhs(plan_of(SpinalCord=0.0, Heart=10.0), structures=["Heart"])
    outcome = only(report_on(table(row("Mean[Gy]", "below", 30)), dvhs))
    assert (outcome.contour, outcome.reason) == ("SpinalCord", Reason.STRUCTURE_NOT_COMPUTED)


def test_a_union_without_any_part_is_missing() -> None:
    outcome = check_row(UNION, uniform_dvh("Heart"))
    assert (outcome.organ, outcome.reason) == ("Trachea + Bronchus_Main", Reason.STRUCTURE_MISSING)


def test_a_union_with_a_part_that_has_no_dvh_is_not_evaluated() -> None:
    without = NoDVH(name="Bronchus_Main", number=9, reason=Reason.STRUCTURE_NOT_COMPUTED, detail="tilted")
    outcome = only(report_on(table(UNION), dvh_set(uniform_dvh("Trachea", dose_gy=10.0), without=(without,))))
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.PART_MISSING)
    assert outcome.lacking == ("Bronchus_Main (structure not computed)",)


def test_what_lies_outside_the_dose_grid_stays_in_sight() -> None:
    outside = Finding(code=FindingCode.OUTSIDE_DOSE_GRID, text="2 cc outside the dose grid", subject="SpinalCord")
    outcome = check_row(row("Mean[Gy]", "below", 30), uniform_dvh(uncovered_cc=2.0, findings=(outside,)))
    assert outside in outcome.findings


# -------------------------------------------------------------------------------- overall


PASSES = row("Mean[Gy]", "below", 30, id="passes")
VARIES = row("Mean[Gy]", "below", 15, acceptable=25, id="varies")
FAILS = row("Mean[Gy]", "below", 15, id="fails")
MISSING = row("Mean[Gy]", "below", 15, "Cochlea_L", id="missing")
EXPECTED = row("Mean[Gy]", "below", 15, "Heart", id="expected")
MANDATORY = replace(MISSING, id="mandatory", mandatory=True)
LUNG = Sites(
    id="sites",
    version="1.0.0",
    title="Of a test",
    sites=(Site(id="lung", title="Lung", expects=(ExpectedOrgan(organ="Heart", structures=("Heart",), choice="x"),)),),
)


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([PASSES], Verdict.PASS),
        ([PASSES, MISSING], Verdict.PASS),
        ([PASSES, VARIES], Verdict.VARIATION),
        ([VARIES, FAILS], Verdict.FAIL),
        ([PASSES, EXPECTED], Verdict.REVIEW),
        ([PASSES, MANDATORY], Verdict.REVIEW),
        ([VARIES, MANDATORY], Verdict.REVIEW),
        ([FAILS, MANDATORY], Verdict.FAIL),
        ([MISSING], Verdict.REVIEW),
        ([], Verdict.REVIEW),
        ([replace(PASSES, confirmed_by=())], Verdict.REVIEW),
        ([PASSES, replace(FAILS, confirmed_by=())], Verdict.REVIEW),
        ([PASSES, replace(FAILS, status=Status.DISPUTED)], Verdict.REVIEW),
        ([PASSES, replace(FAILS, kind=Kind.ADVISORY)], Verdict.PASS),
        ([PASSES, replace(EXPECTED, confirmed_by=())], Verdict.REVIEW),
        ([PASSES, replace(EXPECTED, kind=Kind.RISK)], Verdict.PASS),
    ],
    ids=lambda value: "+".join(r.id for r in value) if isinstance(value, list) else str(value),
)
def test_the_overall_verdict_is_the_worst_of_the_rows_that_count(rows: list[Constraint], verdict: Verdict) -> None:
    assert report_on(table(*rows), dvh_set(uniform_dvh(dose_gy=20.0)), sites=LUNG).verdict is verdict


@pytest.mark.parametrize(
    ("rows", "site", "is_said"), [([PASSES], "lung", True), ([PASSES, EXPECTED], "lung", False), ([PASSES], (), False)]
)
def test_expected_organs_that_no_row_asks_for_are_said_of_a_stated_site(
    rows: list[Constraint], site: str | tuple[()], is_said: bool
) -> None:
    """A table alone says of which site it is, and asks for the organs that its authors mean."""
    report = report_on(table(*rows, site="lung"), dvh_set(uniform_dvh(dose_gy=20.0)), sites=LUNG, site=site)
    said = [finding.text for finding in report.findings if "no row" in finding.text]
    assert said == ["no row of these tables is on what is expected at lung: Heart"] * is_said


def test_several_tables_are_reported_together_in_their_order() -> None:
    first, second = table(PASSES, id="first"), table(FAILS, id="second")
    report = report_on([first, second], dvh_set(uniform_dvh(dose_gy=20.0)))
    assert [outcome.table_id for outcome in report.outcomes] == ["first", "second"]
    assert report.verdict is Verdict.FAIL
    assert report.tally() == {Verdict.PASS: 1, Verdict.FAIL: 1}


def test_two_tables_of_one_id_are_refused() -> None:
    with pytest.raises(TableError, match="2 tables have the id 'test-table'"):
        report_on([table(PASSES), table(FAILS)], dvh_set(uniform_dvh()))


# -------------------------------------------------------------------------------- plain values


def full_report() -> Report:
    other = uniform_dvh(model=Model(end_caps=EndCaps.NONE))
    dvh = uniform_dvh(dose_gy=10 / 3, half_width_gy=0.1, alternatives=(other,))
    return report_on(table(PASSES, MISSING), dvh_set(dvh))


def test_the_dict_of_a_report_is_versioned_and_holds_plain_json_values() -> None:
    as_dict = full_report().to_dict()
    assert as_dict["schema"] == "sbrtcheck-report/2"
    assert json.loads(json.dumps(as_dict, allow_nan=False)) == as_dict


def test_numbers_of_the_dict_have_six_significant_digits() -> None:
    (first, _) = full_report().to_dict()["outcomes"]
    assert first["value"] == 3.33333
    assert first["margin"] == 26.6667


def test_no_folder_of_a_table_file_is_in_the_dict() -> None:
    of_file = table(row("Max[Gy]", "below", 30), path="somebody/somewhere/mine.yaml")
    report = report_on(of_file, dvh_set(uniform_dvh()))
    assert report.to_dict()["tables"][0]["file"] == "mine.yaml"
    assert "somebody" not in json.dumps(report.to_dict())


def test_the_data_frame_has_one_line_an_outcome() -> None:
    frame = full_report().to_dataframe()
    assert list(frame["verdict"]) == ["PASS", "NOT_EVALUATED"]
    assert frame.loc[0, "value"] == pytest.approx(3.33333)


def test_without_pandas_the_data_frame_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match=re.escape(install_command("pandas"))):
        full_report().to_dataframe()


def test_a_notebook_shows_names_as_text_and_not_as_markup() -> None:
    dvhs = dvh_set(uniform_dvh("<script>"))
    shown = report_on(table(PASSES), dvhs, names={"SpinalCord": "<script>"})._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_a_set_without_dvhs_is_not_evaluated_and_no_error() -> None:
    empty = DVHSet(dvhs=(), prescription=FIFTY_IN_FIVE, origin=Origin.STORED, provenance={})
    assert report_on(table(PASSES), empty).verdict is Verdict.REVIEW


@pytest.mark.parametrize(("rx_gy", "dose_gy"), [(22.0, 23.1), (44.0, 46.2), (50.0, 52.5), (54.0, 56.7)])
def test_at_most_105_percent_is_met_at_105_percent(rx_gy: float, dose_gy: float) -> None:
    rx = Prescription(dose_gy=rx_gy, fractions=5)
    dvhs = dvh_set(uniform_dvh(dose_gy=dose_gy), rx=rx)
    outcome = only(report_on(table(row("Max[%Rx]", "at_most", 105.0)), dvhs))
    assert (outcome.verdict, outcome.measurement.value) == (Verdict.PASS, 105.0)


def test_an_organ_outside_the_dose_grid_is_not_evaluated() -> None:
    outside = uniform_dvh(dose_gy=0.0, uncovered_cc=10.0)
    outcome = check_row(row("Max[Gy]", "below", 30.0), outside)
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.DOSE_GRID_MISSING)


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "verdict"),
    [
        ("Max[Gy]", "below", 30.0, Verdict.NOT_EVALUATED),  # the half outside may be as hot as anything
        ("Max[Gy]", "below", 5.0, Verdict.FAIL),  # and no dose there makes this one cooler
        ("D4cc[Gy]", "below", 30.0, Verdict.NOT_EVALUATED),
        ("D6cc[Gy]", "below", 30.0, Verdict.PASS),  # the sixth cc lies inside, whatever the five outside receive
        ("V5Gy[cc]", "at_least", 4.0, Verdict.PASS),
        ("V5Gy[cc]", "at_least", 6.0, Verdict.NOT_EVALUATED),
        ("DC4cc[Gy]", "below", 5.0, Verdict.NOT_EVALUATED),
        ("Volume[cc]", "at_least", 9.0, Verdict.PASS),
    ],
)
def test_what_a_part_outside_the_dose_grid_could_turn_is_not_evaluated(
    metric: str, sense: str, limit: float, verdict: Verdict
) -> None:
    half = uniform_dvh(dose_gy=10.0, uncovered_cc=5.0, curve=curve([0.0, 0.0, 10.0, 10.0], [10.0, 5.0, 5.0, 0.0]))
    half = replace(half, lower=half.curve, upper=half.curve, min_gy=exact(0.0), mean_gy=exact(5.0))
    outcome = check_row(row(metric, sense, limit), half)
    assert outcome.verdict is verdict
    assert outcome.outside_percent == pytest.approx(50.0)
    if verdict is Verdict.NOT_EVALUATED:
        assert outcome.reason is Reason.PARTLY_OUTSIDE_GRID


def test_a_mandatory_union_does_not_pass_on_the_parts_that_happen_to_be_drawn() -> None:
    union = replace(row("Max[Gy]", "below", 30.0), structures=("Trachea", "Bronchus_Main"), select=Select.UNION)
    for mandatory in (True, False):
        outcome = check_row(replace(union, mandatory=mandatory), uniform_dvh("Trachea", dose_gy=1.0))
        assert outcome.verdict is Verdict.NOT_EVALUATED
    hot = check_row(replace(union, mandatory=True), uniform_dvh("Trachea", dose_gy=40.0))
    assert hot.verdict is Verdict.FAIL


def test_a_table_of_which_no_row_could_be_evaluated_leaves_the_check_open() -> None:
    fits, other = table(PASSES), replace(table(PASSES), id="other", fractions=(3,))
    assert report_on(fits, dvh_set(uniform_dvh())).verdict is Verdict.PASS
    assert report_on((fits, other), dvh_set(uniform_dvh())).verdict is Verdict.REVIEW


def test_a_small_volume_with_missing_planes_is_not_taken_for_a_small_organ() -> None:
    threshold = replace(row("D5cc[Gy]", "below", 10.0), volume_threshold=True)
    small = uniform_dvh(volume_cc=3.0, dose_gy=20.0)
    gap = Finding(code=FindingCode.PLANE_GAP, text="2 gap(s)")
    assert check_row(threshold, small).verdict is Verdict.PASS
    outcome = check_row(threshold, replace(small, findings=(gap,)))
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.CONTOURS_INCOMPLETE)


@pytest.mark.parametrize("door", ["evaluate", "check", "risks", "accumulate", "compare"])
def test_a_name_for_an_organ_that_nobody_knows_is_refused_at_every_door(door: str) -> None:
    """A slip in the organ would be answered with another contour than the one that was named."""
    made, names = plan_of(SpinalCord=0.0, cord_2=12.0), {"SpinalCrod": "cord_2"}
    rows = table(row("Max[Gy]", "below", 30.0, "SpinalCord"), site="multi")
    doors: dict[str, Callable[[], object]] = {
        "evaluate": lambda: sbrtcheck.evaluate(rows, compute_dvhs(made), names=names),
        "check": lambda: sbrtcheck.check(made, rows, names=names),
        "risks": lambda: sbrtcheck.risks(made, site="lung", names=names),
        "accumulate": lambda: sbrtcheck.accumulate([made], {"SpinalCord": 2.0}, names=names),
        "compare": lambda: sbrtcheck.compare(made, made, rows, names=names),
    }
    with pytest.raises(NamesError, match="SpinalCrod"):
        doors[door]()


@pytest.mark.parametrize(
    ("readers", "confirmed"),
    [(("Doe", "Roe"), True), (("Doe", "Doe"), False), (("Doe", " doe "), False), (("Doe",), False), ((), False)],
)
def test_one_reader_twice_is_one_reading_of_a_row_made_by_hand(readers: tuple[str, ...], confirmed: bool) -> None:
    """A file with the same reading twice is refused; a value that a program made is not, and must count as little."""
    report = report_on(table(row("Max[Gy]", "below", 30.0, confirmed_by=readers)), dvh_set(uniform_dvh()))
    assert [one.counts for one in report.outcomes] == [confirmed]
    assert report.verdict is (Verdict.PASS if confirmed else Verdict.REVIEW)

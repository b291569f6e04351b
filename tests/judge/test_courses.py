"""Several courses of one patient: whose α/β, whose doubts, and what is refused; doses are uniform, and told by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import sbrtcheck
from archive_plans import datasets
from dvh_builders import box, row, table
from sbrtcheck.dvh import Bounds, Reason
from sbrtcheck.errors import FramesError, InputError, UnknownTableError
from sbrtcheck.judge.courses import Courses, JudgedBy, judge_courses, load_judged_by
from sbrtcheck.metric import NotMeasured
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import DoseGrid, Finding, FindingCode, Plan, PlanUids, Prescription, Registration, Structure
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data import load_reirradiation_rules, load_reirradiation_statements
from sbrtcheck.results import ReviewCode, SumReport, Verdict
from sbrtcheck.results.reirradiation import CumulativeReading
from sbrtcheck.structure_names import Dictionary, UserNames

RULE = load_reirradiation_rules()[0]
PELVIS = load_reirradiation_statements()[0]
EQD2 = {"quantity": Quantity.EQD2, "alpha_beta_gy": 3.0}


def plan(
    dose_gy: float,
    fractions: int = 5,
    *,
    rx_gy: float = 0.0,
    names: tuple[str, ...] = ("ThecalSac",),
    frame: str = "2.25.1",
    **fields: Any,
) -> Plan:
    """A uniform dose, that of the prescription where none is given, and a box of 1 cc for each name."""
    return Plan(
        dose=DoseGrid.axial(
            np.full((12, 24, 32), dose_gy), origin_mm=(-20.0, -15.0, -10.0), spacing_mm=(2.0, 2.0, 3.0)
        ),
        structures=tuple(
            Structure(name=name, number=k, contours=box(12.0 * k - 14.0)) for k, name in enumerate(names, 1)
        ),
        prescription=Prescription(dose_gy=rx_gy or dose_gy, fractions=fractions),
        uids=PlanUids(plan=f"2.25.{dose_gy:g}", doses=(f"2.25.9.{dose_gy:g}",), frame_of_reference=frame),
        label="A",
        **fields,
    )


def eqd2(dose_gy: float, fractions: int, ratio_gy: float) -> float:
    return dose_gy * (dose_gy / fractions + ratio_gy) / (2.0 + ratio_gy)


def summed(
    *plans: Plan, ratios: dict[str, float] | None = None, by: JudgedBy | None = None, **fields: Any
) -> SumReport:
    months = fields.pop("months", 12.0)
    fields = {"options": CheckOptions()} | fields
    return judge_courses(Courses(plans=plans, **fields), ratios or {}, by or JudgedBy(), interval_months=months)


NOW, BEFORE = plan(20.0, 5), plan(30.0, 10)


# -------------------------------------------------------------------------------- α/β by structure


def test_the_user_says_the_ratio_by_organ_or_by_the_name_of_a_structure() -> None:
    now = replace(NOW, structures=(replace(NOW.structures[0], name="Sack"),))
    options = CheckOptions(names={"ThecalSac": "Sack"})
    for key in ("ThecalSac", "Sack"):
        found = summed(now, BEFORE, ratios={key: 2.0}, options=options)
        assert found.course["Sack"].max_gy.value == pytest.approx(eqd2(20.0, 5, 2.0), rel=1e-3)
        total = eqd2(20.0, 5, 2.0) + eqd2(30.0, 10, 2.0)
        assert found.cumulative["Sack"].max_gy.value == pytest.approx(total, rel=1e-3)
        (sum_of_maxima,) = found.sums_of_maxima.values()
        assert isinstance(sum_of_maxima, Bounds)
        assert sum_of_maxima.value == pytest.approx(total, rel=1e-3)


def test_the_first_row_in_eqd2_says_it_and_the_user_wins() -> None:
    rows = (
        row("Max[Gy]", "below", 99.0, "ThecalSac", id="physical"),
        row("Max[Gy]", "below", 99.0, "ThecalSac", id="bed", quantity=Quantity.BED, alpha_beta_gy=7.0),
        row("Max[Gy]", "below", 99.0, "ThecalSac", id="first", **EQD2),
        row("Max[Gy]", "below", 99.0, "ThecalSac", id="second", **(EQD2 | {"alpha_beta_gy": 10.0})),
    )
    by = JudgedBy(tables=(table(*rows),))
    for ratios, ratio in (({}, 3.0), ({"ThecalSac": 10.0}, 10.0)):
        found = summed(NOW, BEFORE, ratios=ratios, by=by)
        assert found.course["ThecalSac"].alpha_beta_gy == ratio
        assert found.report is not None
        verdicts = {one.constraint.id: one.verdict for one in found.report.outcomes}
        judged = {3.0: "first", 10.0: "second"}[ratio]
        assert {id_ for id_, verdict in verdicts.items() if verdict is Verdict.PASS} == {judged}


def test_a_name_that_a_structure_has_is_that_structure_whatever_organ_it_may_be() -> None:
    """Two structures that are one organ by name, and so none; each is named as it is written in the file."""
    now = plan(20.0, 5, names=("heart", "HEART"))
    found = summed(now, BEFORE, ratios={"heart": 2.0, "HEART": 3.0})
    assert {dvh.name: dvh.alpha_beta_gy for dvh in found.course} == {"heart": 2.0, "HEART": 3.0}
    with pytest.raises(InputError, match="the plan has no structure for Heart"):
        summed(now, BEFORE, ratios={"Heart": 2.0})


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.inf, math.nan])
def test_a_ratio_that_is_none_is_refused(ratio: float) -> None:
    with pytest.raises(InputError) as refused:
        summed(NOW, BEFORE, ratios={"ThecalSac": ratio})
    assert refused.value.what == f"an alpha/beta of ThecalSac of {ratio:g} Gy is impossible"
    assert refused.value.hint == "give it in Gy, above 0"


def test_a_ratio_of_an_organ_that_the_plan_lacks_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(InputError) as refused:
        summed(NOW, BEFORE, ratios={"ThecalSack": 2.0})
    assert refused.value.what == "the plan has no structure for ThecalSack"
    assert refused.value.hint == "did you mean 'ThecalSac'? it has: ThecalSac"


@pytest.mark.parametrize(
    ("months", "is_one"), [(0.0, True), (5.5, True), (None, True), (-0.1, False), (math.inf, False), (math.nan, False)]
)
def test_an_interval_is_a_number_of_months(months: float | None, is_one: bool) -> None:
    if is_one:
        assert summed(NOW, BEFORE, ratios={"ThecalSac": 2.0}, months=months).cumulative.dvhs
        return
    with pytest.raises(InputError) as refused:
        summed(NOW, BEFORE, ratios={"ThecalSac": 2.0}, months=months)
    assert refused.value.what == f"an interval of {months:g} months is impossible"
    assert refused.value.hint == "give the months since the last course, or leave them out"


# -------------------------------------------------------------------------------- doubts about the courses


def test_a_dose_that_is_not_its_courses_is_a_reason_with_the_number_of_the_course() -> None:
    low = plan(20.0, 5, rx_gy=50.0)
    for plans, number in (((low, BEFORE), 1), ((NOW, low), 2)):
        found = summed(*plans, ratios={"ThecalSac": 2.0})
        ((code, text),) = [(one.code, one.text) for one in found.reasons]
        assert (code, text.startswith(f"course {number}: the largest dose is 20 Gy, 40 %")) == (ReviewCode.DOSE, True)
        assert not found.accept_dose
        accepted = summed(*plans, ratios={"ThecalSac": 2.0}, options=CheckOptions(accept_dose=True))
        assert (accepted.reasons, accepted.accept_dose) == ((), True)
        said = [one.text for one in accepted.cumulative.findings if one.code is FindingCode.DOSE_ACCEPTED]
        assert said == [f"accepted by the user: {text}"]
    assert summed(NOW, BEFORE, ratios={"ThecalSac": 2.0}).reasons == ()


def test_targets_of_an_earlier_course_are_told_by_the_clinics_dictionary_and_not_by_names_of_the_first() -> None:
    hot = plan(20.0, 5, names=("ThecalSac", "Volume 7"))
    cold = replace(hot, prescription=Prescription(dose_gy=15.0, fractions=1))  # a target may get 133 %
    far_too_hot = replace(hot, prescription=Prescription(dose_gy=9.0, fractions=1))  # and no target 222 %
    names = {"PTV": "Volume 7"}
    for plans, expected in (
        ((far_too_hot, cold), ["course 1: the median dose of Volume 7"]),
        ((cold, far_too_hot), ["course 2: the largest dose"]),
    ):
        found = summed(*plans, ratios={"ThecalSac": 2.0}, options=CheckOptions(names=names))
        assert [one.text[: len(want)] for one, want in zip(found.reasons, expected, strict=True)] == expected
    of_clinic = UserNames({}, Dictionary(spellings={"PTV": ("Volume 7",)}))
    found = summed(cold, far_too_hot, ratios={"ThecalSac": 2.0}, options=CheckOptions(names=of_clinic))
    assert [one.text[:40] for one in found.reasons] == ["course 2: the median dose of Volume 7 is 20 Gy"[:40]]


def test_files_in_doubt_are_a_reason_with_the_number_of_the_course() -> None:
    findings = (
        Finding(code=FindingCode.REJECTED, text="rejected"),
        Finding(code=FindingCode.LINKED_BY_FOLDER, text="by folder"),
    )
    for plans, number in (
        ((replace(NOW, findings=findings), BEFORE), 1),
        ((NOW, replace(BEFORE, findings=findings)), 2),
    ):
        for accept in (False, True):
            found = summed(*plans, ratios={"ThecalSac": 2.0}, options=CheckOptions(accept_dose=accept))
            assert [(one.code, one.text) for one in found.reasons] == [(ReviewCode.FILES, f"course {number}: rejected")]


@pytest.mark.parametrize(
    ("identity", "is_said"),
    [({}, False), ({"PatientID": "other-id"}, True), ({"PatientName": "Other^Somebody"}, False)],
)
def test_courses_of_different_patients_are_a_reason_and_nobody_is_named(
    identity: dict[str, str], is_said: bool
) -> None:
    courses = [[*datasets(number).values()] for number in (1, 2)]
    courses[1][0].DoseGridScaling = 0.001  # else one dose would be given twice
    for dataset in courses[1]:
        dataset.update(identity)
    found = sbrtcheck.accumulate(courses, {"PTV": 10.0}, frames_agree=True)
    reasons = [reason.text for reason in found.reasons if reason.code is ReviewCode.FILES]
    assert [text.partition(":")[0] for text in reasons] == ["course 2"] * is_said
    assert not any(value in str((reasons, found)) for value in ("Nobody", "secret-id", *identity.values()))
    loaded = sbrtcheck.accumulate([*map(sbrtcheck.load_plan, courses)], {"PTV": 10.0}, frames_agree=True)
    assert not [reason for reason in loaded.reasons if reason.code is ReviewCode.FILES]


def test_the_reasons_of_a_rule_are_those_of_the_sum() -> None:
    copies = plan(15.0, 5, names=("ThecalSac", "ThecalSac 2"))  # few Gy a fraction, which is not what this is about
    found = summed(copies, BEFORE, by=JudgedBy(rules=(RULE,)), options=CheckOptions(accept_dose=True))
    assert [one.code for one in found.reasons] == [ReviewCode.NOT_EVALUATED]
    assert found.reasons == found.rules[0].reasons
    assert found.verdict is Verdict.REVIEW


# -------------------------------------------------------------------------------- frames that nothing relates

ELSEWHERE = plan(30.0, 10, frame="2.25.2")


def test_only_rules_do_without_a_common_frame() -> None:
    found = summed(NOW, ELSEWHERE, by=JudgedBy(rules=(RULE,)))
    assert found.cumulative.dvhs == ()
    first, *_ = found.cumulative.findings
    assert (first.code, "added one by one" in first.text) == (FindingCode.SUMMED_DOSES, True)
    assert found.cumulative.provenance["doses"] == (*NOW.uids.doses, *ELSEWHERE.uids.doses)
    assert found.cumulative.provenance["summed_plans"] == (NOW.uids.plan, ELSEWHERE.uids.plan)
    (cumulative,) = (one for one in found.rules[0].outcomes if one.limit.id == "cumulative")
    by_reading = {one.reading: one.found for one in cumulative.readings}
    accumulated = by_reading[CumulativeReading.ACCUMULATED]
    assert isinstance(accumulated, NotMeasured)
    assert accumulated.detail.startswith("frames of reference differ; ")
    assert len(accumulated.detail) > len("frames of reference differ; None")  # it says what would relate them
    assert first.text.startswith("not accumulated point by point, and added one by one, which needs no registration: ")
    (added,) = (one for one in by_reading.values() if isinstance(one, Bounds))
    total = eqd2(20.0, 5, RULE.alpha_beta_gy) + eqd2(30.0, 10, RULE.alpha_beta_gy)
    assert added.value == pytest.approx(total, rel=1e-3)
    assert (accumulated.reason, "frames of reference differ" in accumulated.detail) == (Reason.NOT_GIVEN, True)
    for asked in (
        {"ratios": {"ThecalSac": 2.0}, "by": JudgedBy(rules=(RULE,))},
        {"by": JudgedBy(rules=(RULE,), tables=(table(row("Max[Gy]", "below", 99.0, "ThecalSac", **EQD2)),))},
        {},
    ):
        with pytest.raises(FramesError):
            summed(NOW, ELSEWHERE, **asked)
    agreed = summed(NOW, ELSEWHERE, by=JudgedBy(rules=(RULE,)), frames_agree=True, ratios={"ThecalSac": 2.0})
    assert agreed.cumulative.dvhs


def test_what_has_recovered_is_taken_from_the_earlier_courses_alone() -> None:
    for recovery in (0.0, 0.25):
        found = summed(NOW, BEFORE, ratios={"ThecalSac": 2.0}, recovery=recovery)
        now, before = eqd2(20.0, 5, 2.0), (1 - recovery) * eqd2(30.0, 10, 2.0)
        assert found.course["ThecalSac"].max_gy.value == pytest.approx(now, rel=1e-3)
        assert found.cumulative["ThecalSac"].max_gy.value == pytest.approx(now + before, rel=1e-3)
        (maxima,) = found.sums_of_maxima.values()
        assert isinstance(maxima, Bounds)
        assert maxima.value == pytest.approx(now + before, rel=1e-3)
        assert maxima.low <= maxima.value <= maxima.high


def test_a_registration_brings_the_contour_of_the_first_plan_to_an_earlier_course_without_one() -> None:
    earlier = replace(ELSEWHERE, structures=(replace(ELSEWHERE.structures[0], name="Heart"),))
    for how in (
        {"frames_agree": True},
        {"registrations": (Registration(to_shared={"2.25.1": np.eye(4), "2.25.2": np.eye(4)}),)},
    ):
        found = summed(NOW, earlier, by=JudgedBy(rules=(RULE,)), **how)
        _, of_earlier = found.rules[0].courses
        assert (of_earlier.of_first_plan, of_earlier.contour) == (True, "ThecalSac")
        assert isinstance(of_earlier.found, Bounds)
        assert of_earlier.found.value == pytest.approx(eqd2(30.0, 10, RULE.alpha_beta_gy), rel=1e-3)
        (maxima,) = summed(NOW, earlier, ratios={"ThecalSac": 2.0}, **how).sums_of_maxima.values()
        assert isinstance(maxima, Bounds)
        assert maxima.value == pytest.approx(eqd2(20.0, 5, 2.0) + eqd2(30.0, 10, 2.0), rel=1e-3)
        recovered = summed(NOW, earlier, by=JudgedBy(rules=(RULE,)), recovery=0.25, **how).rules[0].courses[1].found
        assert isinstance(recovered, Bounds)
        assert recovered.value == pytest.approx(0.75 * of_earlier.found.value)
    nothing = summed(NOW, earlier, by=JudgedBy(rules=(RULE,)))
    assert isinstance(nothing.rules[0].courses[1].found, NotMeasured)
    assert not nothing.rules[0].courses[1].of_first_plan


def test_an_organ_made_of_structures_that_the_user_named_is_that_organ_in_every_course() -> None:
    now = plan(20.0, 5, names=("Organ 1", "GTV"))
    options = CheckOptions(names={"Liver": "Organ 1"})
    found = summed(now, BEFORE, ratios={"Liver-GTV": 2.0}, options=options)
    total = eqd2(20.0, 5, 2.0) + eqd2(30.0, 10, 2.0)
    assert found.cumulative["Liver-GTV"].max_gy.value == pytest.approx(total, rel=1e-3)
    of_maxima = found.sums_of_maxima["Liver-GTV"]
    assert isinstance(of_maxima, Bounds)
    assert of_maxima.value == pytest.approx(total, rel=1e-3)


def test_what_is_known_of_courses_that_are_added_one_by_one_is_told_of_each() -> None:
    """Findings of both plans stay; that they were summed is said once, in other words."""
    odd = Finding(code=FindingCode.LINKED_BY_FOLDER, text="by folder")
    other = Finding(code=FindingCode.REJECTED, text="rejected")
    found = summed(
        replace(NOW, findings=(odd,)), replace(ELSEWHERE, findings=(other,)), by=JudgedBy(rules=(RULE,))
    ).cumulative
    codes = [one.code for one in found.findings]
    assert codes.count(FindingCode.SUMMED_DOSES) == 1
    assert [one for one in found.findings if one in (odd, other)] == [odd, other]


def test_a_structure_outside_the_grid_of_a_course_has_no_sum_of_maxima() -> None:
    far = replace(NOW.structures[0], contours=box(500.0))
    for plans, number in (
        ((replace(NOW, structures=(far,)), BEFORE), 1),
        ((NOW, replace(BEFORE, structures=(far,))), 2),
    ):
        (found,) = summed(
            *plans, ratios={"ThecalSac": 2.0}, options=CheckOptions(accept_dose=True)
        ).sums_of_maxima.values()
        assert found == NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail=f"outside the dose grid of course {number}")


def test_lint_errors_are_allowed_where_the_user_allows_them() -> None:
    wrong = row("Max[Gy]", "below", 99.0, "ThecalSac", id="a", **EQD2)
    rows = (wrong, replace(wrong, id="b", limit=199.0))
    for allowed in (False, True):
        options = CheckOptions(allow_lint_errors=allowed)
        found = summed(NOW, BEFORE, by=JudgedBy(tables=(table(*rows),)), options=options)
        assert found.report is not None
        assert found.report.allow_lint_errors is allowed


def test_progress_is_told_of_the_structures_of_a_sum() -> None:
    steps: list[tuple[int, int]] = []
    options = CheckOptions(progress=lambda done, of: steps.append((done, of)))
    summed(NOW, BEFORE, ratios={"ThecalSac": 2.0}, options=options)
    assert steps


# -------------------------------------------------------------------------------- tables, and statements


def test_a_table_is_judged_on_the_sum_with_the_users_names() -> None:
    now = replace(NOW, structures=(replace(NOW.structures[0], name="Sack"),))
    total = eqd2(20.0, 5, 3.0) + eqd2(30.0, 10, 3.0)
    for limit, verdict in ((total + 1.0, Verdict.PASS), (total - 1.0, Verdict.FAIL)):
        by = JudgedBy(tables=(table(row("Max[Gy]", "below", limit, "ThecalSac", **EQD2)),))
        found = summed(now, BEFORE, by=by, options=CheckOptions(names={"ThecalSac": "Sack"}))
        assert found.report is not None
        assert found.report.outcomes[0].verdict is verdict
    assert summed(NOW, BEFORE, ratios={"ThecalSac": 2.0}).report is None


@pytest.mark.parametrize(
    ("names", "contoured", "shown"),
    [(("Rectum",), True, [("Rectum",)]), (("Rectum",), False, []), (("Heart",), True, [])],
)
def test_statements_of_a_site_are_shown_where_one_of_its_organs_is_contoured(
    names: tuple[str, ...], contoured: bool, shown: list[tuple[str, ...]]
) -> None:
    now = plan(20.0, 5, names=names)
    if not contoured:
        empty = replace(now.structures[0], contours=type(now.structures[0].contours).of())
        now = replace(now, structures=(empty, Structure(name="Heart", number=9, contours=box(0.0))))
    earlier = plan(30.0, 10, names=names)
    ratios = {"Heart": 2.0} if not contoured else {names[0]: 2.0}
    assert [one.contours for one in summed(now, earlier, ratios=ratios).statements] == shown
    named = summed(now, earlier, ratios=ratios, by=JudgedBy(statements=(PELVIS,)))
    assert [(one.statements, one.contours) for one in named.statements] == [(PELVIS, ())]


def test_rules_statements_and_tables_are_loaded_by_name() -> None:
    loaded = load_judged_by(["tg101-5fx", RULE.id])
    assert (loaded.rules, loaded.statements, [one.id for one in loaded.tables]) == ((RULE,), (), ["tg101-5fx"])
    for typed, meant in (("hytec-reiradiation", "hytec-reirradiation"), ("tg101-5f", "tg101-5fx")):
        with pytest.raises(UnknownTableError, match=meant) as refused:
            load_judged_by([typed])
        assert refused.value.table == typed
        assert meant in refused.value.hint
        assert typed in refused.value.what
    both = load_judged_by([PELVIS.id, "tg101-3fx", RULE.id, "tg101-5fx"])
    assert (both.rules, both.statements) == ((RULE,), (PELVIS,))
    assert [one.id for one in both.tables] == ["tg101-3fx", "tg101-5fx"]
    assert load_judged_by([]) == JudgedBy()

"""Reasons why a report is no pass: each kind with the organ and the rows that it is about, and in a fixed order."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from dvh_builders import NOT_KNOWN, dvh_set, exact, plan_of, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import DVH, EndCaps, Model, NoDVH, Reason, compute_dvhs
from sbrtcheck.judge import with_comparison, with_reasons
from sbrtcheck.metric import Measurement, NotMeasured, Unit, parse
from sbrtcheck.plan import Finding, FindingCode, Plan, Prescription, UnknownPrescription
from sbrtcheck.results import Report, ReviewCode, ReviewReason, Verdict
from sbrtcheck.results.dvh_comparison import Comparison, MetricDifference, NoComparison, VerdictDifference
from sbrtcheck.tables import ExpectedOrgan, Kind, Select, Site, Sites, Status

SITES = Sites(
    id="sites",
    version="1.0.0",
    title="Of a test",
    sites=(
        Site(
            id="lung",
            title="Lung",
            expects=tuple(
                ExpectedOrgan(organ=name, structures=(name,), choice="x")
                for name in ("SpinalCord", "Heart", "Trachea", "Liver")
            ),
        ),
    ),
)
CORD = row("Mean[Gy]", "below", 30, id="cord")
OF_CORD = uniform_dvh(dose_gy=20.0)
OF_TARGET = uniform_dvh("PTV", dose_gy=50.0)
Said = tuple[ReviewCode, str, tuple[str, ...]]


def judged(*rows: Any, dvhs: Any, **options: Any) -> Report:
    """The rows of one table on these DVHs; the dose is looked at, as it is for users."""
    of_table = {key: options.pop(key) for key in ("site", "fractions") if key in options}
    return report_on(table(*rows, **of_table), dvhs, **{"accept_dose": False, "sites": SITES} | options)


def said(report: Report) -> list[Said]:
    """What each reason is of, the organ and the rows, in the order of the report."""
    return [(one.code, one.structure, one.rows) for one in report.reasons]


def ids(*rows: str) -> tuple[str, ...]:
    return tuple(f"test-table/{one}" for one in rows)


def test_a_report_of_what_is_met_has_no_reason() -> None:
    report = judged(CORD, dvhs=dvh_set(OF_CORD, OF_TARGET))
    assert (report.verdict, said(report)) == (Verdict.PASS, [])


# -------------------------------------------------------------------------------- the dose


def test_a_dose_that_is_not_the_plans_names_the_limits_that_were_not_judged_on_it() -> None:
    rows = (
        replace(CORD, id="b"),
        replace(CORD, id="a"),
        replace(CORD, id="told", kind=Kind.ADVISORY),
        row("Mean[Gy]", "below", 30, "Heart", id="heart"),
    )
    low = uniform_dvh("PTV", dose_gy=10.0)
    report = judged(*rows, dvhs=dvh_set(OF_CORD, low))
    assert said(report) == [
        (ReviewCode.DOSE, "", ids("a", "b")),
        (ReviewCode.NOT_EVALUATED, "Heart", ids("heart")),  # which says more of it than a doubtful dose
    ]
    assert report.verdict is Verdict.REVIEW
    assert all(one.reason is Reason.DOSE_NOT_OF_PLAN for one in report.outcomes[:2])
    accepted = judged(*rows[:2], dvhs=dvh_set(OF_CORD, low), accept_dose=True)
    assert (accepted.verdict, said(accepted)) == (Verdict.PASS, [])
    (finding,) = [one for one in accepted.findings if one.code is FindingCode.DOSE_ACCEPTED]
    assert "10 Gy, 20 % of the prescription of 50 Gy in 5" in finding.text


def test_a_prescription_that_is_not_known_is_a_reason_and_rows_are_judged() -> None:
    rx = UnknownPrescription(reason="two dose references", fractions=5)
    report = judged(CORD, dvhs=dvh_set(OF_CORD, OF_TARGET, rx=rx))
    assert said(report) == [(ReviewCode.DOSE, "", ())]
    assert "two dose references" in report.reasons[0].text
    assert report.outcomes[0].verdict is Verdict.PASS


def test_files_in_doubt_are_a_reason_each_and_other_findings_are_none() -> None:
    findings = (
        Finding(code=FindingCode.REJECTED, text="rejected"),
        Finding(code=FindingCode.LINKED_BY_FOLDER, text="by folder"),
        Finding(code=FindingCode.PATIENTS_DIFFER, text="two patients"),
    )
    report = judged(CORD, dvhs=replace(dvh_set(OF_CORD, OF_TARGET), findings=findings))
    assert [(one.code, one.text) for one in report.reasons] == [
        (ReviewCode.FILES, "rejected"),
        (ReviewCode.FILES, "two patients"),
    ]


# -------------------------------------------------------------------------------- names and organs


def test_a_name_that_the_plan_does_not_have_names_organ_and_rows() -> None:
    rows = (
        row("Max[Gy]", "below", 30, "Heart", id="z"),
        row("Mean[Gy]", "below", 30, "Heart", id="a"),
        row("Max[Gy]", "below", 30, "Trachea", "Heart", id="union", select=Select.UNION),
        CORD,
    )
    dvhs = dvh_set(OF_CORD, OF_TARGET, uniform_dvh("Trachea", dose_gy=5.0))
    report = judged(*rows, dvhs=dvhs, names={"Heart": "Herz"})
    first, second = report.reasons
    assert (first.code, first.structure, first.rows) == (ReviewCode.GIVEN_NAME, "Heart", ids("a", "union", "z"))
    assert "'Herz'" in first.text
    assert (second.code, second.rows) == (ReviewCode.PART_OF_ORGAN, ids("union"))


def test_a_name_that_no_row_asks_for_is_a_reason_without_rows() -> None:
    report = judged(CORD, dvhs=dvh_set(OF_CORD, OF_TARGET), names={"Liver": "Leber"})
    assert said(report) == [(ReviewCode.GIVEN_NAME, "Liver", ())]


def test_a_row_that_fails_without_counting_is_named_with_its_organ() -> None:
    failing = row("Mean[Gy]", "below", 10, id="fails", confirmed_by=())
    report = judged(CORD, failing, dvhs=dvh_set(OF_CORD, OF_TARGET))
    assert said(report) == [(ReviewCode.FAILS_WITHOUT_COUNTING, "SpinalCord", ids("fails"))]
    told = replace(failing, kind=Kind.ADVISORY)
    assert said(judged(CORD, told, dvhs=dvh_set(OF_CORD, OF_TARGET))) == []


def test_rows_of_one_organ_that_were_not_evaluated_for_one_reason_are_one_reason() -> None:
    rows = [row(metric, "below", 30, "Heart", id=metric[:3].lower()) for metric in ("Mean[Gy]", "Max[Gy]")]
    report = judged(CORD, *rows, dvhs=dvh_set(OF_CORD, OF_TARGET))
    assert said(report) == [(ReviewCode.NOT_EVALUATED, "Heart", ids("max", "mea"))]
    assert "Heart: 2 rows not evaluated: structure missing" in report.reasons[0].text
    (one,) = judged(CORD, rows[0], dvhs=dvh_set(OF_CORD, OF_TARGET)).reasons
    assert "Heart: 1 row not evaluated" in one.text


def test_an_organ_that_is_not_expected_and_not_there_is_no_reason_unless_its_row_is_mandatory() -> None:
    cochlea = row("Max[Gy]", "below", 30, "Cochlea_L", id="ear")
    dvhs = dvh_set(OF_CORD, OF_TARGET)
    assert said(judged(CORD, cochlea, dvhs=dvhs)) == []
    assert not judged(CORD, cochlea, dvhs=dvhs).outcomes[1].applies
    mandatory = replace(cochlea, mandatory=True)
    assert said(judged(CORD, mandatory, dvhs=dvhs)) == [(ReviewCode.NOT_EVALUATED, "Cochlea_L", ids("ear"))]


SMALL_AIRWAYS = row("Max[Gy]", "below", 30, "Bronchus", id="small")
TREE = row("Max[Gy]", "below", 40, "ProxBronchTree", id="tree")


@pytest.mark.parametrize("beside", [(), ("ProxBronchTree_PRV",), ("PBT+2cm", "ProxBronchTree-PTV")])
def test_what_another_row_of_the_table_is_judged_on_is_not_probably_an_organ_that_is_not_expected(
    beside: tuple[str, ...],
) -> None:
    dvhs = dvh_set(OF_CORD, OF_TARGET, *(uniform_dvh(name, dose_gy=20.0) for name in ("ProxBronchTree", *beside)))
    report = judged(CORD, TREE, SMALL_AIRWAYS, dvhs=dvhs)
    assert (report.verdict, said(report)) == (Verdict.PASS, [])
    small = report.outcomes[2]
    assert not small.applies
    assert "ProxBronchTree" in small.probable  # and is still said
    mandatory = replace(SMALL_AIRWAYS, mandatory=True)
    assert judged(CORD, TREE, mandatory, dvhs=dvhs).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ((SMALL_AIRWAYS,), ("ProxBronchTree",)),  # the table does not tell the two apart
        ((TREE, SMALL_AIRWAYS), ("ProxBronchTree", "Bronchi")),
        ((TREE, SMALL_AIRWAYS), ("ProxBronchTree_PRV",)),
        ((row("Max[Gy]", "below", 40, "A_Aorta"), row("Max[Gy]", "below", 30, "GreatVes", id="it")), ("A_Aorta",)),
    ],
)
def test_what_is_probably_an_organ_or_a_part_of_it_stays_a_reason(
    rows: tuple[Any, ...], names: tuple[str, ...]
) -> None:
    dvhs = dvh_set(OF_CORD, OF_TARGET, *(uniform_dvh(name, dose_gy=20.0) for name in names))
    assert ids(rows[-1].id) in [one.rows for one in judged(CORD, *rows, dvhs=dvhs).reasons]


def test_where_the_site_is_unknown_all_absent_organs_are_one_reason() -> None:
    absent = [row("Max[Gy]", "below", 30, name, id=name.lower()) for name in ("Heart", "Aorta", "Liver")]
    empty = NoDVH(name="Liver", number=9, reason=Reason.STRUCTURE_EMPTY, detail="")
    dvhs = dvh_set(OF_CORD, OF_TARGET, without=(empty,))
    report = judged(CORD, *absent, dvhs=dvhs, site="multi")
    assert said(report) == [
        (ReviewCode.NOT_EVALUATED, "", ids("aorta", "heart")),
        (ReviewCode.NOT_EVALUATED, "Liver", ids("liver")),
    ]
    assert "2 organs of the tables not in the plan (2 rows): Aorta, Heart" in report.reasons[0].text
    (alone,) = judged(CORD, absent[0], dvhs=dvhs, site="multi").reasons
    assert "1 organ of the tables not in the plan (1 row): Heart" in alone.text


@pytest.mark.parametrize(
    ("organ", "fields", "metric", "code", "reason"),
    [
        ("Trachea", {}, "union", ReviewCode.PART_OF_ORGAN, Reason.PART_MISSING),
        ("Heart", {"uncovered_cc": 10.0}, "Max[Gy]", ReviewCode.OUTSIDE_GRID, Reason.DOSE_GRID_MISSING),
        ("Heart", {"uncovered_cc": 5.0}, "Max[Gy]", ReviewCode.OUTSIDE_GRID, Reason.PARTLY_OUTSIDE_GRID),
        (
            "Heart",
            {"findings": (Finding(code=FindingCode.TOO_FEW_PLANES, text="one"),)},
            "D15cc[Gy]",
            ReviewCode.CONTOURS,
            Reason.CONTOURS_INCOMPLETE,
        ),
        (
            "Heart",
            {"readings": (uniform_dvh("Heart", dose_gy=40.0),)},
            "Max[Gy]",
            ReviewCode.CONTOURS,
            Reason.CONTOURS_CONTRADICTORY,
        ),
        ("Heart", {}, "D15cc[Gy] plain", ReviewCode.NOT_EVALUATED, Reason.VOLUME_TOO_SMALL),
    ],
)
def test_what_kind_of_reason_a_row_is_that_was_not_evaluated(
    organ: str, fields: dict[str, Any], metric: str, code: ReviewCode, reason: Reason
) -> None:
    if metric == "union":
        asked = row("Max[Gy]", "below", 30, "Trachea", "Bronchus_Main", id="it", select=Select.UNION)
    else:
        text = metric.split(maxsplit=1)[0]
        asked = row(text, "below", 30, organ, id="it", volume_threshold=metric == "D15cc[Gy]")
    dvhs = dvh_set(OF_CORD, OF_TARGET, uniform_dvh(organ, dose_gy=10.0, **fields))
    report = judged(CORD, asked, dvhs=dvhs)
    assert report.outcomes[1].reason is reason
    assert said(report) == [(code, asked.structures[0] if metric != "union" else "Trachea + Bronchus_Main", ids("it"))]
    told = judged(CORD, replace(asked, kind=Kind.ADVISORY), dvhs=dvhs)
    assert said(told) == []  # only limits stand against a pass


# -------------------------------------------------------------------------------- contours


@pytest.mark.parametrize(
    ("code", "organ", "is_doubtful"),
    [
        (FindingCode.PLANE_GAP, "SpinalCord", True),
        (FindingCode.PLANE_GAP, "PTV", False),  # several metastases may be one target
        (FindingCode.PLANE_GAP, "GTV", False),
        (FindingCode.CONTOURS_INCOMPLETE, "SpinalCord", True),
        (FindingCode.CONTOURS_INCOMPLETE, "PTV", True),
        (FindingCode.PLANES_TOO_CLOSE, "SpinalCord", True),
        (FindingCode.PLANE_SPACING, "SpinalCord", False),
        (FindingCode.TOO_FEW_PLANES, "SpinalCord", False),
        (FindingCode.OUTSIDE_DOSE_GRID, "SpinalCord", False),
    ],
)
def test_contours_that_may_be_missing_are_a_reason(code: FindingCode, organ: str, is_doubtful: bool) -> None:
    finding = Finding(code=code, text="look here")
    rows = [row(metric, "at_least", 1, organ, id=metric[:3].lower()) for metric in ("Mean[Gy]", "Max[Gy]")]
    parts = {one.name: one for one in (OF_CORD, OF_TARGET, uniform_dvh("GTV", dose_gy=50.0))}
    parts[organ] = replace(parts[organ], findings=(finding,))
    report = judged(*rows, dvhs=dvh_set(*parts.values()))
    assert said(report) == ([(ReviewCode.CONTOURS, organ, ids("max", "mea"))] if is_doubtful else [])
    assert [one.text for one in report.reasons] == ([f"{organ}: look here"] if is_doubtful else [])


def test_two_findings_on_contours_are_two_reasons_and_each_is_of_its_subject() -> None:
    findings = (
        Finding(code=FindingCode.CONTOURS_INCOMPLETE, text="one", subject="cord of somebody"),
        Finding(code=FindingCode.PLANE_GAP, text="two"),
    )
    report = judged(CORD, dvhs=dvh_set(replace(OF_CORD, findings=findings), OF_TARGET))
    assert said(report) == [
        (ReviewCode.CONTOURS, "SpinalCord", ids("cord")),
        (ReviewCode.CONTOURS, "cord of somebody", ids("cord")),
    ]


def test_a_finding_on_contours_is_of_the_structure_as_the_plan_names_it() -> None:
    cord = uniform_dvh("Cord", dose_gy=20.0, findings=(Finding(code=FindingCode.PLANE_GAP, text="from 3 to 9 mm"),))
    report = judged(CORD, dvhs=dvh_set(cord, OF_TARGET))
    assert said(report) == [(ReviewCode.CONTOURS, "Cord", ids("cord"))]
    assert report.reasons[0].text == "Cord: from 3 to 9 mm"


@pytest.mark.parametrize("several", [False, True])
def test_the_first_of_several_details_is_told_whatever_the_order_of_rows(several: bool) -> None:
    """10 cc of heart are less than is asked for."""
    texts = ("D15cc[Gy]", "D20cc[Gy]", "D25cc[Gy]") if several else ("D15cc[Gy]",)
    rows = [row(text, "below", 30, "Heart", id=text[1:3], volume_threshold=False) for text in texts]
    dvhs = dvh_set(OF_CORD, OF_TARGET, uniform_dvh("Heart"))
    found = {judged(CORD, *some, dvhs=dvhs).reasons for some in permutations(rows)}
    ((reason,),) = found
    assert ("; ...)" in reason.text) is several
    (alone,) = judged(CORD, rows[0], dvhs=dvhs).reasons
    assert alone.text.partition("(")[2].rstrip(")") in reason.text


def test_a_name_given_to_what_is_derived_is_no_reason() -> None:
    plan = replace(plan_of(Kidney_L=-15.0, Kidney_R=5.0), prescription=Prescription(dose_gy=10.0, fractions=5))
    cortex, both = (row("Mean[Gy]", "below", 30, organ, id=organ) for organ in ("Kidney_Cortex", "Kidneys"))
    for rows in ((cortex,), (cortex, both), (both,)):
        report = judged(*rows, dvhs=compute_dvhs(plan), names={"Kidney_Cortex": "Kidneys"})
        assert ReviewCode.GIVEN_NAME not in {one.code for one in report.reasons}
        assert {outcome.contour for outcome in report.outcomes} == {"Kidneys"}
    was_derived = dvh_set(OF_CORD, OF_TARGET, uniform_dvh("Kidneys", number=-1))  # by whoever made the DVHs
    not_computed = compute_dvhs(plan, structures=["Kidney_L"])
    for dvhs, row_on, organ in ((was_derived, cortex, "Kidney_Cortex"), (not_computed, both, "Liver")):
        report = judged(row_on, dvhs=dvhs, names={organ: "Kidneys"})
        assert ReviewCode.GIVEN_NAME not in {one.code for one in report.reasons}


def test_all_names_that_are_close_to_one_given_are_told() -> None:
    dvhs = dvh_set(OF_CORD, OF_TARGET, uniform_dvh("Hart"), uniform_dvh("Harts"))
    (reason,) = judged(CORD, dvhs=dvhs, names={"Liver": "Harta"}).reasons
    assert reason.text.endswith("; close names: Hart, Harts")


def swapped_plan(names: tuple[str, str], **others: float) -> Plan:
    plan = plan_of(**{names[0]: -10.0, names[1]: 20.0}, **others)  # x grows to the left of the patient
    return replace(plan, dose=replace(plan.dose, gy_per_unit=2.0), prescription=Prescription(dose_gy=20.0, fractions=5))


def test_organs_whose_names_are_exchanged_name_every_row_on_one_of_them() -> None:
    rows = (
        row("Mean[Gy]", "below", 30, "Lung_R", id="right"),
        row("Mean[Gy]", "below", 30, "Lung_L", "Lung_R", id="both", select=Select.UNION),
        row("Mean[Gy]", "below", 30, "Heart", id="heart"),
    )
    report = judged(*rows, dvhs=compute_dvhs(swapped_plan(("Lung_L", "Lung_R"), Heart=5.0)))
    assert said(report) == [(ReviewCode.CONTOURS, "Lung_L", ids("both", "right"))]
    assert report.reasons[0].text == "Lung_L lies to the right of Lung_R: names or coordinates are mixed up"
    right = judged(*rows, dvhs=compute_dvhs(swapped_plan(("Lung_R", "Lung_L"), Heart=5.0)))
    assert said(right) == []


# -------------------------------------------------------------------------------- tables


def test_a_table_for_other_fractions_is_one_reason_with_all_its_limits() -> None:
    rows = (CORD, replace(CORD, id="a"), replace(CORD, id="told", kind=Kind.RISK))
    other = table(*rows, id="other", fractions=(3,))
    report = report_on((table(CORD), other), dvh_set(OF_CORD, OF_TARGET), accept_dose=False, sites=SITES)
    assert said(report) == [(ReviewCode.NOTHING_EVALUATED, "", ("other/a", "other/cord"))]
    text = report.reasons[0].text
    assert text == "other: not evaluated, none of 2 rows: the table holds for 3 fractions, the plan has 5"


def test_a_table_of_which_nothing_that_counts_was_evaluated_is_a_reason_with_these_rows() -> None:
    of_heart = row("Mean[Gy]", "below", 30, "Heart", id="heart")
    uncounted = row("Max[Gy]", "below", 60, id="uncounted", confirmed_by=())
    other = table(of_heart, uncounted, id="other")
    report = report_on((table(CORD), other), dvh_set(OF_CORD, OF_TARGET), accept_dose=False, sites=SITES)
    assert said(report) == [
        (ReviewCode.NOT_EVALUATED, "Heart", ("other/heart",)),
        (ReviewCode.NOTHING_EVALUATED, "", ("other/heart",)),
    ]
    assert report.reasons[1].text == "other: not evaluated, none of 1 row that count"


def test_a_report_in_which_no_row_counts_says_so_once() -> None:
    report = judged(replace(CORD, confirmed_by=()), dvhs=dvh_set(OF_CORD, OF_TARGET))
    assert said(report) == [(ReviewCode.NOTHING_EVALUATED, "", ())]


def test_where_the_dose_is_why_nothing_was_evaluated_it_is_said_once() -> None:
    low = uniform_dvh("PTV", dose_gy=10.0)
    report = judged(CORD, dvhs=dvh_set(OF_CORD, low))
    assert said(report) == [(ReviewCode.DOSE, "", ids("cord"))]


def test_an_unknown_number_of_fractions_is_a_reason_of_each_organ() -> None:
    report = judged(CORD, dvhs=dvh_set(OF_CORD, OF_TARGET, rx=NOT_KNOWN))
    assert {code for code, _, _ in said(report)} == {
        ReviewCode.DOSE,
        ReviewCode.NOT_EVALUATED,
        ReviewCode.NOTHING_EVALUATED,
    }
    assert said(report)[1] == (ReviewCode.NOT_EVALUATED, "SpinalCord", ids("cord"))


# -------------------------------------------------------------------------------- what strict asks for


def with_other_caps(dose_gy: float) -> DVH:
    return uniform_dvh(dose_gy=20.0, alternatives=(uniform_dvh(dose_gy=dose_gy, model=Model(end_caps=EndCaps.NONE)),))


@pytest.mark.parametrize(
    ("dvh", "flags"),
    [
        (ramp_dvh(low_gy=20.0, high_gy=20.0, half_width_gy=1.0), ["borderline"]),
        (with_other_caps(25.0), ["convention sensitive"]),
        (
            replace(with_other_caps(25.0), mean_gy=replace(exact(20.0), high=21.0)),
            ["borderline", "convention sensitive"],
        ),
        (with_other_caps(20.1), []),
    ],
)
def test_strict_names_what_could_turn_a_row_that_counts(dvh: DVH, flags: list[str]) -> None:
    rows = (row("Mean[Gy]", "below", 20.5, id="it"), row("Mean[Gy]", "below", 20.5, id="single", confirmed_by=()))
    dvhs = dvh_set(dvh, OF_TARGET)
    report = judged(*rows, dvhs=dvhs, strict=True)
    assert said(report) == ([(ReviewCode.STRICT, "SpinalCord", ids("it"))] if flags else [])
    for flag in ("borderline", "convention sensitive"):
        assert any(flag in one.text for one in report.reasons) == (flag in flags)
    assert said(judged(*rows, dvhs=dvhs)) == []


# -------------------------------------------------------------------------------- their order, and what else is known


def test_reasons_stand_in_the_order_of_their_kinds_then_of_organs() -> None:
    rows = (
        row("Mean[Gy]", "below", 10, "Trachea", id="fails", confirmed_by=()),
        row("Max[Gy]", "below", 30, "Liver", id="liver"),
        row("Max[Gy]", "below", 30, "Heart", id="heart"),
        CORD,
    )
    findings = (Finding(code=FindingCode.REJECTED, text="rejected"),)
    dvhs = replace(dvh_set(OF_CORD, OF_TARGET, uniform_dvh("Trachea", dose_gy=11.0)), findings=findings)
    report = judged(*rows, dvhs=dvhs)
    assert [(code, organ) for code, organ, _ in said(report)] == [
        (ReviewCode.FILES, ""),
        (ReviewCode.FAILS_WITHOUT_COUNTING, "Trachea"),
        (ReviewCode.NOT_EVALUATED, "Heart"),
        (ReviewCode.NOT_EVALUATED, "Liver"),
    ]
    more = ReviewReason(code=ReviewCode.DOSE, text="known otherwise")
    longer = with_reasons(report, [more])
    assert longer.reasons == (more, *report.reasons)
    assert longer.verdict is Verdict.REVIEW


def test_reasons_of_one_kind_stand_in_the_order_of_what_they_are_about_however_they_came() -> None:
    one = ReviewReason(code=ReviewCode.NOT_EVALUATED, text="a", structure="Heart", rows=("x/1",))
    in_order = (
        one,
        replace(one, rows=("x/2",)),
        replace(one, text="b", rows=("x/0",)),
        replace(one, structure="Liver", text="0"),
    )
    report = judged(CORD, dvhs=dvh_set(OF_CORD, OF_TARGET))
    for reasons in permutations(in_order):
        assert with_reasons(report, reasons).reasons == in_order


def test_a_reason_turns_a_pass_and_leaves_a_fail() -> None:
    more = [ReviewReason(code=ReviewCode.FILES, text="known otherwise")]
    dvhs = dvh_set(OF_CORD, OF_TARGET)
    assert with_reasons(judged(CORD, dvhs=dvhs), more).verdict is Verdict.REVIEW
    assert with_reasons(judged(replace(CORD, limit=5.0), dvhs=dvhs), more).verdict is Verdict.FAIL
    assert with_reasons(judged(CORD, dvhs=dvhs), []).verdict is Verdict.PASS


def difference(ours: Verdict, theirs: Verdict, value: float | None = 31.25) -> VerdictDifference:
    measured = Measurement(value=20.0, low=20.0, high=20.0, unit=Unit.GY)
    other = NotMeasured(reason=Reason.UNDEFINED_FOR_STORED_DVH) if value is None else replace(measured, value=value)
    return VerdictDifference(
        table_id="test-table",
        row_id="cord",
        organ="SpinalCord",
        contour="SpinalCord",
        measured=MetricDifference(metric=parse("Mean[Gy]"), ours=measured, theirs=other),
        sense="below",
        limit=30.0,
        ours=ours,
        theirs=theirs,
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "is_reason"),
    [
        (Verdict.PASS, Verdict.FAIL, True),
        (Verdict.VARIATION, Verdict.FAIL, True),
        (Verdict.NOT_EVALUATED, Verdict.FAIL, True),
        (Verdict.FAIL, Verdict.PASS, False),
        (Verdict.FAIL, Verdict.FAIL, False),
        (Verdict.PASS, Verdict.VARIATION, False),
    ],
)
def test_another_dvh_that_fails_a_row_stands_against_a_pass(ours: Verdict, theirs: Verdict, is_reason: bool) -> None:
    report = judged(CORD, dvhs=dvh_set(OF_CORD, OF_TARGET))
    compared = Comparison(other="stored", structures=(), verdicts=(difference(ours, theirs),))
    found = with_comparison(report, compared)
    assert found.compared is compared
    assert said(found) == ([(ReviewCode.OTHER_DVH, "SpinalCord", ids("cord"))] if is_reason else [])
    assert found.verdict is (Verdict.REVIEW if is_reason else Verdict.PASS)
    if is_reason:
        assert "31.25" in found.reasons[0].text
        assert "SpinalCord Mean[Gy]" in found.reasons[0].text


def test_another_dvh_without_a_value_and_no_comparison_at_all() -> None:
    report = judged(CORD, dvhs=dvh_set(OF_CORD, OF_TARGET))
    compared = Comparison(other="x", structures=(), verdicts=(difference(Verdict.PASS, Verdict.FAIL, None),))
    assert "no value" in with_comparison(report, compared).reasons[0].text
    nothing = NoComparison(reason="none is stored")
    found = with_comparison(report, nothing)
    assert (found.compared, found.verdict, found.reasons) == (nothing, Verdict.PASS, ())


# -------------------------------------------------------------------------------- what decides the verdict of a report


@pytest.mark.parametrize(
    ("limit", "fields", "verdict"),
    [
        (30, {}, Verdict.PASS),
        (20, {}, Verdict.FAIL),
        (20, {"acceptable": 25.0}, Verdict.VARIATION),
        (20, {"acceptable": 25.0, "confirmed_by": ()}, Verdict.VARIATION),  # no pass hides it
        (20, {"status": Status.DISPUTED}, Verdict.REVIEW),
        (20, {"kind": Kind.RISK}, Verdict.PASS),
    ],
)
def test_a_report_is_what_its_worst_row_makes_it(limit: float, fields: dict[str, Any], verdict: Verdict) -> None:
    second = row("Max[Gy]", "below", limit, id="second", **fields)
    assert judged(CORD, second, dvhs=dvh_set(OF_CORD, OF_TARGET)).verdict is verdict


def test_the_log_counts_rows_and_says_the_verdict(caplog: pytest.LogCaptureFixture) -> None:
    uncounted = replace(CORD, id="uncounted", confirmed_by=())
    with caplog.at_level("INFO", logger="sbrtcheck"):
        judged(CORD, uncounted, dvhs=dvh_set(OF_CORD, OF_TARGET))
    (line,) = [one.getMessage() for one in caplog.records if one.getMessage().startswith("evaluation: ")]
    assert line.startswith("evaluation: 2 rows, 1 of them count: PASS (")

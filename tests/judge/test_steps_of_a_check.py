"""The steps of a check, each by itself on values made by hand: what it hands on, in every field and every word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import NOT_KNOWN, box, dvh_set, percent_dvh, plan_of, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import (
    DVH,
    Between,
    Bounds,
    DVHSet,
    EndCaps,
    Interpolation,
    Model,
    NoDVH,
    Reason,
    compute_dvhs,
)
from sbrtcheck.errors import ArgumentError, NamesError
from sbrtcheck.geometry.isodose_volume import NARROW_SHARE
from sbrtcheck.judge.contour_ends import end_findings
from sbrtcheck.judge.dose_check import DoseCheck, DoseDoubt, check_dose
from sbrtcheck.judge.judged_plan import JudgedPlan, judged_plan
from sbrtcheck.judge.limits import Limits, depends_on_target, limits_for, printed_limits
from sbrtcheck.judge.metric_findings import metric_findings
from sbrtcheck.judge.naming import match_plan, organs_of
from sbrtcheck.judge.outcomes import outcomes_of
from sbrtcheck.judge.overall import overall, reasons_of_tables, review_reasons
from sbrtcheck.judge.row import Case, RowResult, conversion_findings, is_borderline, judge_on, margin_of
from sbrtcheck.judge.run import evaluate, evaluate_with
from sbrtcheck.judge.sampling import sampling_of
from sbrtcheck.judge.selection import CombinedDvhs
from sbrtcheck.judge.site import rows_for, unasked_findings
from sbrtcheck.judge.small_organs import small_organ_findings
from sbrtcheck.judge.structures import first_in_plan, plan_structures
from sbrtcheck.metric import (
    EffectiveVolume,
    MaxDoseAtDistance,
    Measurement,
    Metric,
    NotMeasured,
    OfPlan,
    TargetCount,
    Unit,
    parse,
)
from sbrtcheck.metric.sampling import NoSamplingEstimate, WhyNoEstimate
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import (
    SEX_NOT_STATED,
    Contours,
    Finding,
    FindingCode,
    Plan,
    Prescription,
    Sex,
    Structure,
    UnknownPrescription,
)
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Outcome, ReviewCode, ReviewReason, Verdict
from sbrtcheck.results.plan_site import UNKNOWN_SITE, PlanSite, SiteOrigin
from sbrtcheck.structure_names import Dictionary, Rule, UserNames, parts
from sbrtcheck.tables import (
    Choice,
    Constraint,
    ConstraintTable,
    ExpectedOrgan,
    FixedLimit,
    Kind,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    Select,
    Side,
    Sites,
    Step,
    VeffStep,
)

EQD2 = {"quantity": Quantity.EQD2, "alpha_beta_gy": 2.0}
RISING = LimitByTargetVolume(steps=(Step(volume_cc=1.0, limit=1.0), Step(volume_cc=100.0, limit=100.0)))


def plan_for(rows: Sequence[Constraint], dvhs: DVHSet, **fields: Any) -> JudgedPlan:
    matches = match_plan(dvhs, organs_of([table(*rows)]), fields.pop("names", None))
    defaults = {
        "site": UNKNOWN_SITE,
        "dose": check_dose(dvhs, matches.targets, accepted=True),
        "sex": SEX_NOT_STATED,
    }
    return judged_plan(plan_structures(dvhs, matches), rows, **(defaults | fields))


def case_of(asked: Constraint, dvhs: DVHSet, **fields: Any) -> Case:
    plan = plan_for([asked], dvhs)
    (matched,) = plan.select(asked)
    return Case(**({"table": table(asked), "row": asked, "matched": matched, "plan": plan} | NO_MORE | fields))


NO_MORE: dict[str, Any] = {"blocked": None, "isodoses": {}}


def test_the_steps_come_to_what_the_whole_check_comes_to() -> None:
    asked = row("Mean[Gy]", "below", 30.0, "Heart")
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=20.0), uniform_dvh("PTV", dose_gy=50.0))
    whole = evaluate_with([table(asked)], dvhs, CheckOptions())
    plan = plan_for([asked], dvhs)
    outcomes = outcomes_of([table(asked)], plan, include_unconfirmed=False)
    reasons = review_reasons(outcomes, plan, strict=False)
    assert (outcomes, reasons, overall(outcomes, reasons)) == (whole.outcomes, whole.reasons, Verdict.PASS)


# -------------------------------------------------------------------------------- the report


def test_a_report_has_every_choice_and_the_model_of_its_dvhs() -> None:
    model = Model(end_caps=EndCaps.NONE, between=Between.INTERPOLATED, dose=Interpolation.CUBIC)
    findings = (Finding(code=FindingCode.LINKED_BY_FOLDER, text="by folder"),)
    dvhs = replace(dvh_set(uniform_dvh("Heart", model=model)), model=model, findings=findings)
    tables = (table(row("Mean[Gy]", "below", 30.0, "Heart")),)
    every = CheckOptions(
        accept_dose=True,
        allow_lint_errors=True,
        strict=True,
        include_unconfirmed=True,
        laterality=Side.RIGHT,
        sex=Sex.FEMALE,
        near_percent=1.5,
    )
    for options in (every, CheckOptions(accept_dose=False)):
        report = evaluate_with(tables, dvhs, options)
        for name in ("strict", "include_unconfirmed", "accept_dose", "allow_lint_errors", "laterality", "near_percent"):
            assert (name, getattr(report, name)) == (name, getattr(options, name))
        assert report.sex == (options.sex or SEX_NOT_STATED)
        assert (report.between, report.dose, report.end_caps) == ("interpolated", "cubic", "none")
        assert (report.tables, report.dvhs, report.provenance) == (tables, dvhs, dvhs.provenance)
        assert (report.prescription, report.dvh_origin) == (dvhs.prescription, "computed")
        assert report.findings[0] == findings[0]
        assert report.site == PlanSite(
            ids=("lung",),
            origin=SiteOrigin.TABLE,
            expects=report.site.expects,
            lists=report.site.lists,
            known=report.site.known,
        )
        matches = match_plan(dvhs, ["Heart"])
        assert report.matches == matches
        assert evaluate_with(tables, dvhs, options, matches).matches is matches
        # the largest dose is 20 of 50 Gy: accepted, or a reason that blocks
        assert report.outcomes[0].verdict is (Verdict.PASS if options.accept_dose else Verdict.NOT_EVALUATED)
        accepted = [one for one in report.findings if one.code is FindingCode.DOSE_ACCEPTED]
        assert len(accepted) == options.accept_dose
        assert [one.code for one in report.reasons] == ([] if options.accept_dose else [ReviewCode.DOSE])


def test_every_choice_of_the_user_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[tuple[Any, ...]] = []
    monkeypatch.setattr("sbrtcheck.judge.run.evaluate_with", lambda *given: handed.append(given))
    dvhs, of_mine = dvh_set(uniform_dvh()), table(row("Mean[Gy]", "below", 30.0, "My own organ"))
    sites = Sites(id="s", version="1", title="S", sites=())
    choices: dict[str, Any] = {
        "sites": sites,
        "accept_dose": True,
        "allow_lint_errors": True,
        "strict": True,
        "include_unconfirmed": True,
        "laterality": Side.LEFT,
        "sex": Sex.FEMALE,
    }
    for name, value in choices.items():
        evaluate(of_mine, dvhs, **{name: value})
        assert handed.pop() == ((of_mine,), dvhs, CheckOptions(**{name: value}))
    # what only the tables name may be named, and nothing else
    evaluate([of_mine], dvhs, site=["lung", "liver"], names={"My own organ": "X"}, dictionary={"My own organ": ["Y"]})
    tables, _, options = handed.pop()
    assert (tables, options.site, dict(options.names)) == ((of_mine,), ("lung", "liver"), {"My own organ": "X"})
    assert options.dictionary.spellings == {"My own organ": ("Y",)}
    evaluate(of_mine, dvhs, site="lung")
    assert handed.pop()[2].site == ("lung",)
    for refused in ({"names": {"Nobodys organ": "X"}}, {"dictionary": {"Nobodys organ": ["Y"]}}):
        with pytest.raises(NamesError):
            evaluate(of_mine, dvhs, **refused)
    with pytest.raises(ArgumentError) as no_set:
        evaluate(of_mine, [uniform_dvh()])  # type: ignore[arg-type]
    assert "give what compute_dvhs or load_dvhs gave" in str(no_set.value)
    assert handed == []


def test_a_report_has_the_rows_that_hold_for_its_plan_and_flags_those_near_their_limit() -> None:
    rows = (
        row("Mean[Gy]", "below", 20.9, "Heart", id="near"),
        row("Mean[Gy]", "below", 30.0, "Heart", id="men", sex=Sex.MALE),
        row("Mean[Gy]", "below", 30.0, "Skin", id="elsewhere", site="liver"),
    )
    dvhs = replace(dvh_set(uniform_dvh("Heart", dose_gy=20.0)), sex=Sex.FEMALE)
    for options, ids in (
        ({}, ["near"]),
        ({"sex": Sex.MALE}, ["near", "men"]),
        ({"site": ("lung", "liver")}, ["near", "elsewhere"]),
    ):
        report = evaluate_with([table(*rows)], dvhs, CheckOptions(accept_dose=True, **options))
        assert [one.constraint.id for one in report.outcomes] == ids
        assert report.tables == (table(*rows),)  # all of it is shown
        asked = {"Heart", "Skin"} if "elsewhere" in ids else {"Heart"}
        assert {one.organ for one in report.names.organs} == {*report.matches.by_organ} == asked
    for percent, near in ((4.2, False), (4.4, True)):  # 0.9 of 20.9 Gy
        report = evaluate_with([table(*rows)], dvhs, CheckOptions(accept_dose=True, near_percent=percent))
        assert report.outcomes[0].near_limit is near
    said = [one.text for one in evaluate_with([table(*rows)], dvhs, CheckOptions(sex=Sex.MALE)).findings]
    assert "the sex given is male, and the plan's files say female" in said


# -------------------------------------------------------------------------------- limits by volumes

BY_VEFF = LimitByEffectiveVolume(
    steps=(VeffStep(veff_percent=30.0, limit=50.0), VeffStep(veff_percent=60.0, limit=40.0))
)


def test_a_limit_by_the_effective_volume_is_that_of_its_step_and_of_those_within_its_bounds() -> None:
    asked = row("Rx[Gy]", "at_most", BY_VEFF, "Liver")
    dvh = uniform_dvh("Liver")
    for found, limits, ends in (
        ((25.0, 24.0, 26.0), 50.0, (50.0, 50.0)),
        ((30.5, 29.0, 31.0), 40.0, (50.0, 40.0)),
        ((59.0, 58.0, 61.0), 40.0, (40.0,)),  # for what lies beyond nothing is printed
    ):
        measured = Measurement(value=found[0], low=found[1], high=found[2], unit=Unit.PERCENT)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "sbrtcheck.judge.limits.measure",
                lambda metric, of, one=measured: {(EffectiveVolume(), dvh): one}[metric, of],
            )
            made = limits_for(asked, "Liver", dvh, None)
        assert made == Limits(
            row=asked,
            limit=FixedLimit(limit=limits),
            limits_at_bounds=tuple(FixedLimit(limit=end) for end in ends),
            detail=f"limit for an effective volume of {found[0]:g} %",
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sbrtcheck.judge.limits.measure", lambda *_, one=measured: replace(one, value=61.0))
            beyond = limits_for(asked, "Liver", dvh, None)
        assert isinstance(beyond, NotMeasured)
        assert beyond.reason is Reason.TARGET_VOLUME_OUTSIDE_RANGE
        assert "61 %" in beyond.detail
    for why, text in (
        (NotMeasured(reason=Reason.STRUCTURE_EMPTY, detail="no contours"), "no contours"),
        (NotMeasured(reason=Reason.STRUCTURE_EMPTY), str(Reason.STRUCTURE_EMPTY)),
    ):
        missing = limits_for(asked, "Liver", why, None)
        assert missing == replace(why, detail=f"the limit depends on the effective volume: {text}")


def test_a_limit_by_the_target_is_that_of_its_volume_under_the_same_ends() -> None:
    asked = row("Mean[Gy]", "below", RISING, "Heart")
    capped = uniform_dvh("PTV", volume_cc=8.0, model=Model(end_caps=EndCaps.CAPPED))
    target = uniform_dvh("PTV", volume_cc=10.0, alternatives=(capped,))
    heart = uniform_dvh("Heart")

    def limit(organ: str, dvh: DVH | NotMeasured, of: DVH | NotMeasured | None) -> tuple[float, str] | str:
        found = limits_for(asked, organ, dvh, of)
        return found.detail if isinstance(found, NotMeasured) else (found.limit.limit, found.detail)

    assert limit("Heart", heart, target) == (10.0, "limit for a PTV of 10 cc (PTV)")
    assert limit("Heart", replace(heart, model=capped.model), target) == (8.0, "limit for a PTV of 8 cc (PTV)")
    none = Model(end_caps=EndCaps.NONE)
    assert limit("Heart", replace(heart, model=none), target) == (10.0, "limit for a PTV of 10 cc (PTV)")
    assert limit("PTV", uniform_dvh("PTV", volume_cc=3.0), target) == (3.0, "limit for a PTV of 3 cc (PTV)")  # itself
    why = NotMeasured(reason=Reason.STRUCTURE_MISSING)
    depends = "the limit depends on the volume of the PTV: "
    assert limit("Heart", heart, why) == f"{depends}{Reason.STRUCTURE_MISSING}"
    assert limit("Heart", heart, replace(why, detail="gone")) == f"{depends}gone"
    assert limit("Heart", why, target) == f"{depends}{Reason.STRUCTURE_MISSING}"
    assert limit("Heart", heart, percent_dvh("PTV")) == f"{depends}only volumes in percent are stored"
    assert "200" in limit("Heart", heart, uniform_dvh("PTV", volume_cc=200.0))
    # rounded as it is printed
    assert limit("Heart", heart, uniform_dvh("PTV", volume_cc=100.00001))[0] == 100.0
    assert limit("Heart", heart, uniform_dvh("PTV", volume_cc=33.3333333))[0] == 33.3333
    wider = LimitByTargetVolume(
        steps=(Step(volume_cc=1.0, limit=1.0, acceptable=2.0), Step(volume_cc=3.0, limit=3.0, acceptable=6.0))
    )
    found = limits_for(replace(asked, limit=wider), "Heart", heart, uniform_dvh("PTV", volume_cc=2.0))
    assert isinstance(found, Limits)
    assert (found.limit, found.limits_at_bounds) == (FixedLimit(limit=2.0, acceptable=4.0), ())


def test_a_printed_limit_holds_for_every_plan() -> None:
    fixed = row("Mean[Gy]", "below", 30.0, "Heart", acceptable=35.0)
    expected = Limits(row=fixed, limit=FixedLimit(limit=30.0, acceptable=35.0))
    assert printed_limits(fixed) == limits_for(fixed, "Heart", uniform_dvh(), None) == expected
    for limit in (RISING, BY_VEFF):
        asked = row("Mean[Gy]", "below", limit, "Heart")
        assert printed_limits(asked) is None
        assert depends_on_target(asked, "Heart") is (limit is RISING)
        assert not depends_on_target(asked, "PTV")
    assert not depends_on_target(fixed, "Heart")


def test_why_a_row_has_neither_value_nor_limit_is_that_of_its_value() -> None:
    asked = row("D15cc[Gy]", "below", RISING, "Heart")
    case = case_of(asked, dvh_set(uniform_dvh("Heart")))  # 10 cc, and no target
    result = judge_on(case, case.dvh)
    assert (result.reason, result.limits) == (Reason.VOLUME_TOO_SMALL, None)
    case = case_of(replace(asked, metric=parse("D1cc[Gy]")), dvh_set(uniform_dvh("Heart")))
    result = judge_on(case, case.dvh)
    assert (result.reason, result.limits) == (Reason.STRUCTURE_MISSING, None)
    assert isinstance(result.measurement, Measurement)  # the value stays in sight
    assert margin_of(result) is None


# -------------------------------------------------------------------------------- what the rows of a plan share


def test_a_judged_plan_holds_what_it_was_made_of() -> None:
    dvhs = replace(dvh_set(uniform_dvh("Heart"), uniform_dvh("PTV", volume_cc=7.0)), plan=plan_of(Heart=5.0, PTV=-15.0))
    site, dose = PlanSite(ids=("lung",)), DoseCheck(targets=check_dose(dvhs, ()).targets, doubts=())
    asked = row("Mean[Gy]", "below", RISING, "Heart")
    plan = plan_for([asked], dvhs, site=site, dose=dose, sex=Sex.MALE)
    assert (plan.site, plan.dose, plan.sex, plan.dvhs) == (site, dose, Sex.MALE, dvhs)
    assert plan.limit_target is not None
    assert (plan.limit_target.organ, plan.limit_target.contour) == ("PTV", "PTV")
    assert plan.limit_target_dvh == dvhs["PTV"]
    fixed = plan_for([row("Mean[Gy]", "below", 30.0, "Heart")], dvhs)
    assert (fixed.limit_target, fixed.limit_target_dvh) == (None, None)
    (heart,) = plan.select(asked)
    assert (heart.organ, heart.dvh) == ("Heart", dvhs["Heart"])
    result = judge_on(case_of(asked, dvhs), dvhs["Heart"])
    assert result.limits is not None
    assert (result.limits.limit.limit, result.limits.detail) == (7.0, "limit for a PTV of 7 cc (PTV)")


def test_a_target_that_limits_go_by_is_looked_for_beside_rows_that_do_not() -> None:
    dvhs = dvh_set(uniform_dvh("Heart"), uniform_dvh("PTV"))
    rows = [row("Mean[Gy]", "below", limit, "Heart") for limit in (30.0, RISING, 20.0)]
    plan = plan_for(rows, dvhs)
    assert plan.limit_target_dvh == dvhs["PTV"]
    lacking = plan_for(rows, dvh_set(uniform_dvh("Heart")))
    assert lacking.limit_target is not None
    assert lacking.limit_target.is_missing


@pytest.mark.parametrize(
    ("boxes_mm", "organs", "names", "separate"),
    [
        ({"PTV_1": -15.0, "PTV_2": 15.0}, ("PTV", "Heart"), None, {"PTV": ["PTV_1", "PTV_2"]}),
        ({"PTV_1": -15.0, "PTV_2": 15.0}, ("Heart",), None, {}),  # nobody asks for targets
        ({"PTV_1": -15.0, "PTV_2": 15.0}, ("PTV",), {"PTV": "PTV_1"}, {}),  # the user chose one
        ({"PTV_1": -15.0, "PTV_2": -10.0}, ("PTV",), None, {}),  # they overlap
        (
            {"PTV_1": -15.0, "PTV_2": 15.0, "GTV_1": -15.0, "GTV_2": 15.0},
            ("PTV", "GTV"),
            None,
            {"PTV": ["PTV_1", "PTV_2"], "GTV": ["GTV_1", "GTV_2"]},
        ),
        ({"Heart": 0.0}, ("PTV", "Heart"), None, {}),
    ],
)
def test_separate_targets_are_told_by_the_contours_of_a_plan(
    boxes_mm: dict[str, float], organs: tuple[str, ...], names: dict[str, str] | None, separate: dict[str, list[str]]
) -> None:
    plan = plan_of(**boxes_mm)
    of_plan = replace(dvh_set(*map(uniform_dvh, boxes_mm)), plan=plan)
    for source, expected in ((plan, separate), (of_plan, separate), (replace(of_plan, plan=None), {})):
        matches = match_plan(source, organs, names)
        assert {kind: [roi.name for roi in rois] for kind, rois in matches.separate.items()} == expected
        assert tuple(matches.by_organ) == organs


def targets(*names_and_kinds: tuple[str, str]) -> DVHSet:
    """Boxes 20 mm apart, by their names and types, with DVHs of 2 cc each."""
    plan = plan_of()
    structures = tuple(
        Structure(name=name, number=n, kind=kind, contours=box(20.0 * n))
        for n, (name, kind) in enumerate(names_and_kinds, start=1)
    )
    dvhs = dvh_set(*(uniform_dvh(name, volume_cc=2.0) for name, _ in names_and_kinds))
    return replace(dvhs, plan=replace(plan, structures=structures))


def test_each_separate_target_has_its_own_name_rule_and_dvh() -> None:
    dvhs = targets(("PTV_1", ""), ("PTV left", "PTV"), ("Heart", "ORGAN"))
    structures = plan_structures(dvhs, match_plan(dvhs, ["PTV", "Heart"]))
    second, first = structures.of_separate_targets("PTV")  # by their names
    assert (first.organ, first.contour, first.dvh) == ("PTV", "PTV_1", dvhs["PTV_1"])
    assert (second.organ, second.contour, second.dvh) == ("PTV", "PTV left", dvhs["PTV left"])
    assert first.structure is not None
    assert second.structure is not None
    assert (first.structure.rules, second.structure.rules) == ((Rule.PREFIX,), (Rule.KIND,))
    assert (first.copies, second.copies) == ((), ())  # they are no copies of one another
    assert structures.of_separate_targets("Heart") == structures.of_separate_targets("GTV") == ()


def test_a_target_by_the_clinics_dictionary_is_one_by_that_rule() -> None:
    dvhs = targets(("PTV_1", ""), ("PTV left", ""))
    names = UserNames({}, Dictionary(spellings={"PTV": ("PTV_1",)}))
    left, first = plan_structures(dvhs, match_plan(dvhs, ["PTV"], names)).of_separate_targets("PTV")
    assert left.structure is not None
    assert first.structure is not None
    assert (left.structure.rules, first.structure.rules) == ((Rule.PREFIX,), (Rule.DICTIONARY,))


def test_findings_of_a_conversion_are_those_that_it_added() -> None:
    had, added = (Finding(code=FindingCode.OTHER, text=text) for text in ("had", "added"))
    before, after = uniform_dvh(findings=(had,)), uniform_dvh(findings=(had, added))
    why = NotMeasured(reason=Reason.STRUCTURE_EMPTY)
    assert conversion_findings(before, after) == (added,)
    assert conversion_findings(before, why) == conversion_findings(why, after) == conversion_findings(why, why) == ()


# -------------------------------------------------------------------------------- outcomes


def test_an_outcome_has_every_field_of_its_case() -> None:
    caps = Model(end_caps=EndCaps.CAPPED)
    other = uniform_dvh("heart", dose_gy=31.0, model=caps)
    of_dvh = Finding(code=FindingCode.PLANE_BRIDGED, text="one")
    heart = replace(
        uniform_dvh("heart", dose_gy=29.0, alternatives=(other,), findings=(of_dvh,)),
        mean_gy=Bounds(value=29.0, low=28.0, high=30.5),
    )
    asked = row("Mean[Gy]", "below", 30.0, "Heart", acceptable=32.0)
    plan = plan_for([asked], dvh_set(heart))
    (outcome,) = outcomes_of([table(asked)], plan, include_unconfirmed=False)
    assert (outcome.table_id, outcome.constraint, outcome.organ) == ("test-table", asked, "Heart")
    assert outcome.structure is not None
    assert outcome.structure.names == ("heart",)
    assert outcome.measurement == Measurement(value=29.0, low=28.0, high=30.5, unit=Unit.GY)
    assert (outcome.verdict, outcome.reason, outcome.detail) == (Verdict.PASS, None, "")
    assert (outcome.margin, outcome.limit_used, outcome.acceptable_used) == (1.0, 30.0, 32.0)
    assert (outcome.borderline, outcome.convention_sensitive) == (True, True)
    (convention,) = outcome.conventions
    assert (convention.end_caps, convention.verdict) == ("capped", Verdict.VARIATION)
    assert isinstance(convention.measurement, Measurement)
    assert convention.measurement.value == 31.0
    assert outcome.sampling_uncertainty == NoSamplingEstimate(
        why=WhyNoEstimate.NOT_COMPUTED_HERE, detail="its DVH is computed"
    )
    assert (outcome.sampling_sensitive, outcome.sampling_decides) == (False, False)
    assert (outcome.counts, outcome.applies, outcome.near_limit) == (True, True, False)
    assert (outcome.probable, outcome.lacking, outcome.outside_percent) == ((), (), 0.0)
    assert outcome.findings == (of_dvh,)


def test_rows_count_as_they_are_confirmed_or_asked_for() -> None:
    rows = (row("Mean[Gy]", "below", 30.0, id="a"), row("Mean[Gy]", "below", 30.0, id="b", confirmed_by=()))
    plan = plan_for(rows, dvh_set(uniform_dvh()))
    for include, counts in ((False, [True, False]), (True, [True, True])):
        assert [one.counts for one in outcomes_of([table(*rows)], plan, include_unconfirmed=include)] == counts


def only(asked: Constraint, dvhs: DVHSet, of: ConstraintTable | None = None, **fields: Any) -> Outcome:
    plan = plan_for([asked], dvhs, **fields)
    (outcome,) = outcomes_of([of or table(asked)], plan, include_unconfirmed=False)
    return outcome


NOT_OF_PLAN = DoseDoubt(text="of one beam", blocks=True)


@pytest.mark.parametrize(
    ("fields", "row_fields", "of_table", "there", "reason", "detail"),
    [
        ({}, {}, {}, True, None, ""),
        (
            {},
            {},
            {"fractions": (3, 4)},
            True,
            Reason.FRACTIONS_DO_NOT_MATCH,
            "the table holds for 3, 4 fractions, the plan has 5",
        ),
        (
            {},
            {"sex": Sex.MALE},
            {},
            True,
            Reason.SEX_UNKNOWN,
            f"for a male patient; {SEX_NOT_STATED.reason}; --sex says it",
        ),
        ({"sex": Sex.MALE}, {"sex": Sex.MALE}, {}, True, None, ""),
        ({"sex": Sex.MALE}, {}, {}, True, None, ""),
        ({"dose": NOT_OF_PLAN}, {}, {}, True, Reason.DOSE_NOT_OF_PLAN, "of one beam"),
        ({"dose": replace(NOT_OF_PLAN, blocks=False)}, {}, {}, True, None, ""),
        # of two reasons the first that helps: fractions, the organ, the sex, the dose
        ({"dose": NOT_OF_PLAN}, {"sex": Sex.MALE}, {}, True, Reason.SEX_UNKNOWN, None),
        ({"dose": NOT_OF_PLAN}, {"sex": Sex.MALE}, {}, False, Reason.STRUCTURE_MISSING, ""),
        ({"dose": NOT_OF_PLAN}, {}, {"fractions": (3,)}, False, Reason.FRACTIONS_DO_NOT_MATCH, None),
    ],
)
def test_a_row_that_may_not_be_used_says_why(
    fields: dict[str, Any],
    row_fields: dict[str, Any],
    of_table: dict[str, Any],
    there: bool,
    reason: Reason | None,
    detail: str | None,
) -> None:
    asked = row("Mean[Gy]", "below", 30.0, "Heart", **row_fields)
    dvhs = dvh_set(uniform_dvh("Heart" if there else "Liver", findings=(Finding(code=FindingCode.OTHER, text="x"),)))
    if isinstance(doubt := fields.get("dose"), DoseDoubt):
        fields = fields | {"dose": DoseCheck(targets=check_dose(dvhs, ()).targets, doubts=(doubt,))}
    outcome = only(asked, dvhs, table(asked, **of_table), **fields)
    assert (outcome.reason, outcome.verdict) == (reason, Verdict.NOT_EVALUATED if reason else Verdict.PASS)
    assert outcome.detail == detail or detail is None
    assert bool(outcome.findings) == (reason is None)  # findings on contours that nothing was judged on say nothing
    assert outcome.limit_used == 30.0


def test_a_table_for_any_fractions_is_used_and_one_for_some_needs_their_number() -> None:
    asked = row("Mean[Gy]", "below", 30.0)
    for fractions, reason in (((), None), ((5,), Reason.PRESCRIPTION_UNKNOWN)):
        outcome = only(asked, dvh_set(uniform_dvh(), rx=NOT_KNOWN), table(asked, fractions=fractions))
        assert (outcome.reason, outcome.detail) == (reason, "no RT Plan" if reason else "")
    other = UnknownPrescription(reason="no dose", fractions=4)
    outcome = only(asked, dvh_set(uniform_dvh(), rx=other))
    assert outcome.detail == "the table holds for 5 fractions, the plan has 4"


def test_what_leaves_the_target_of_a_limit_open_is_said_of_the_row() -> None:
    incomplete = Finding(code=FindingCode.CONTOURS_INCOMPLETE, text="a plane is missing")
    named = replace(incomplete, subject="PTV of somebody")
    other = Finding(code=FindingCode.PLANE_BRIDGED, text="no doubt")
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=5.0), uniform_dvh("PTV", findings=(incomplete, other, named)))
    asked = row("Mean[Gy]", "below", RISING, "Heart")
    assert only(asked, dvhs).findings == (replace(incomplete, subject="PTV"), named)
    assert only(replace(asked, limit=30.0), dvhs).findings == ()  # its limit goes by no target
    assert only(asked, dvhs, table(asked, fractions=(3,))).findings == ()
    assert only(asked, dvh_set(uniform_dvh("Heart", dose_gy=5.0))).findings == ()
    (of_itself,) = (only(row("Mean[Gy]", "below", RISING, "PTV"), dvhs).findings,)
    assert of_itself == (incomplete, other, named)  # once, as every row on it has them


@pytest.mark.parametrize(
    ("asked", "there", "expects", "applies"),
    [
        (row("Mean[Gy]", "below", 30.0, "Heart"), (), ("Heart",), True),
        (row("Mean[Gy]", "below", 30.0, "Heart"), (), ("Liver",), False),
        (row("Mean[Gy]", "below", 30.0, "Heart"), ("Heart",), ("Liver",), True),
        (row("Mean[Gy]", "below", 30.0, "Heart", mandatory=True), (), ("Liver",), True),
        (row("Mean[Gy]", "below", 30.0, "Heart"), ("Heart_PRV",), ("Liver",), True),  # nearly so named
        (row("Mean[Gy]", "below", 30.0, "PTV"), (), ("Liver",), True),  # every plan has one
        (row("Mean[Gy]", "below", 30.0, "Heart", "Aorta", select=Select.UNION), (), ("Aorta",), True),
        (row("Mean[Gy]", "below", 30.0, "Heart", "Aorta", select=Select.UNION), (), ("Liver",), False),
        (row("Mean[Gy]", "below", 30.0, "Heart", "Aorta", select=Select.FIRST), (), ("Aorta",), True),
    ],
)
def test_a_row_applies_where_a_plan_should_have_its_organ(
    asked: Constraint, there: tuple[str, ...], expects: tuple[str, ...], applies: bool
) -> None:
    organs = tuple(ExpectedOrgan(organ=name, structures=(name,), choice="x") for name in expects)
    site = PlanSite(ids=("lung",), origin=SiteOrigin.GIVEN, expects=organs)
    assert only(asked, dvh_set(uniform_dvh("Skin"), *map(uniform_dvh, there)), site=site).applies is applies
    assert only(asked, dvh_set(uniform_dvh("Skin"), *map(uniform_dvh, there))).applies  # an unknown site expects all


def test_a_verdict_that_is_withdrawn_is_given_under_no_other_convention() -> None:
    other = uniform_dvh("Heart", dose_gy=31.0, model=None)
    heart = uniform_dvh("Heart", dose_gy=29.0, alternatives=(other,))
    asked = row("Mean[Gy]", "below", 30.0, "Heart")
    (convention,) = only(asked, dvh_set(heart)).conventions
    assert (convention.end_caps, convention.verdict) == ("", Verdict.FAIL)  # a DVH that was read says nothing of ends
    withdrawn = only(asked, dvh_set(replace(heart, readings=(uniform_dvh(dose_gy=35.0),))))
    assert (withdrawn.reason, withdrawn.margin) == (Reason.CONTOURS_CONTRADICTORY, 1.0)
    assert (withdrawn.conventions, withdrawn.convention_sensitive, withdrawn.borderline) == ((), False, False)
    blocked = only(asked, dvh_set(heart), table(asked, fractions=(3,)))
    assert blocked.conventions == ()


def test_findings_on_the_metric_the_organ_and_its_copies_are_among_those_of_the_outcome() -> None:
    levels = targets(("PTV_5000", ""), ("PTV_4000", ""))
    rows = [row(metric, "at_least", 1.0, "PTV") for metric in ("D95%[%Rx]", "D95%[Gy]")]
    for asked, is_said in zip(rows, (True, False), strict=True):
        for one in outcomes_of([table(asked)], plan_for([asked], levels), include_unconfirmed=False):
            codes = [finding.code for finding in one.findings]
            assert (FindingCode.SEVERAL_PRESCRIPTIONS in codes) is is_said
            assert FindingCode.SEVERAL_TARGETS in codes
    liver = dvh_set(uniform_dvh("Liver", dose_gy=10.0), uniform_dvh("Liver 2", dose_gy=12.0))
    codes = [one.code for one in only(row("Mean[Gy]", "below", 30.0, "Liver"), liver).findings]
    assert codes == [FindingCode.NAME_MATCH, FindingCode.SMALL_FOR_THE_ORGAN, FindingCode.NEAR_COPY]
    at_ends = replace(dvh_set(ramp_dvh("Heart")), plan=plan_of(Heart=5.0))
    codes = [one.code for one in only(row("V9Gy[cc]", "below", 8.0, "Heart"), at_ends).findings]
    assert codes == [FindingCode.CONTOUR_ENDS_IN_DOSE] * 2


def test_isodoses_of_a_plan_are_looked_for_once_and_narrowly(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[tuple[list[str], Plan | None, float]] = []

    def noted(metrics: Iterable[OfPlan], plan: Plan | None, share: float) -> dict[float, Any]:
        looked.append((list(map(str, metrics)), plan, share))
        return {}

    monkeypatch.setattr("sbrtcheck.judge.row.isodose_volumes", noted)
    rows = [
        row(metric, "below", 5.0, "PTV", id=str(n)) for n, metric in enumerate(("R50%[ratio]", "Mean[Gy]", "GI[ratio]"))
    ]
    outcomes_of([table(*rows)], plan_for(rows, dvh_set(uniform_dvh("PTV"))), include_unconfirmed=False)
    assert looked == [(["R50%[ratio]", "GI[ratio]"], None, NARROW_SHARE)]
    looked.clear()
    outcomes_of([table(*rows)], plan_for(rows, dvh_set(uniform_dvh("Heart"))), include_unconfirmed=False)
    outcomes_of([table(rows[1])], plan_for(rows, dvh_set(uniform_dvh("PTV"))), include_unconfirmed=False)
    other = table(*rows, fractions=(3,))
    outcomes_of([other], plan_for(rows, dvh_set(uniform_dvh("PTV"))), include_unconfirmed=False)
    assert looked == []  # there is no target, no such row, or none that may be judged


# -------------------------------------------------------------------------------- rows


def told(asked: Constraint, dvhs: DVHSet) -> tuple[Reason | None, str]:
    case = case_of(asked, dvhs)
    result = judge_on(case, case.dvh)
    assert (result.reason is None) == (result.verdict is not Verdict.NOT_EVALUATED)
    return result.reason, result.detail


@pytest.mark.parametrize(
    ("asked", "dvh", "reason", "detail"),
    [
        (
            row("Mean[Gy]", "below", 30.0),
            uniform_dvh(**EQD2),
            Reason.FRACTIONS_DO_NOT_MATCH,
            "the doses are EQD2 for an alpha/beta of 2 Gy, the row is for physical dose in its own number of fractions",
        ),
        (
            row("Rx[Gy]", "at_most", 60.0, "PTV"),
            uniform_dvh(**EQD2),
            Reason.FRACTIONS_DO_NOT_MATCH,
            "the doses are EQD2 for an alpha/beta of 2 Gy, the row is for physical dose in its own number of fractions",
        ),
        (
            row("Mean[Gy]", "below", 30.0, **(EQD2 | {"alpha_beta_gy": 3.0})),
            uniform_dvh(**EQD2),
            Reason.NOT_GIVEN,
            "the doses are EQD2 for an alpha/beta of 2 Gy, the row asks for EQD2 for 3",
        ),
        (
            row("Mean[Gy]", "below", 30.0, **(EQD2 | {"alpha_beta_gy": None})),
            uniform_dvh(),
            Reason.UNIT_UNKNOWN,
            "the row asks for EQD2 without an alpha/beta",
        ),
        (
            row("R50%[ratio]", "below", 30.0, "PTV", **EQD2),
            uniform_dvh("PTV"),
            Reason.UNIT_UNKNOWN,
            "the row asks for EQD2 of R50%[ratio], which is in physical dose",
        ),
        (
            row("Mean[Gy]", "below", 30.0),
            uniform_dvh(uncovered_cc=9.99),
            Reason.DOSE_GRID_MISSING,
            "it lies outside the dose grid",
        ),
        (
            row("DC15cc[Gy]", "below", 30.0),
            uniform_dvh(),
            Reason.VOLUME_TOO_SMALL,
            "infeasible: the organ has only 10 cc",
        ),
        (
            row("D15cc[Gy]", "below", 10.0, volume_threshold=True),
            uniform_dvh(findings=(Finding(code=FindingCode.PLANE_GAP, text="gap"),)),
            Reason.CONTOURS_INCOMPLETE,
            "10 cc, smaller than 15 cc: is the contour complete? It cannot be met by that here",
        ),
    ],
)
def test_a_row_that_no_value_decides_says_why(asked: Constraint, dvh: DVH, reason: Reason, detail: str) -> None:
    case = case_of(asked, dvh_set(dvh))
    result = judge_on(case, case.dvh)
    assert (result.reason, result.detail) == (reason, detail)
    infeasible = reason is Reason.VOLUME_TOO_SMALL
    assert result.verdict is (Verdict.FAIL if infeasible else Verdict.NOT_EVALUATED)
    assert result.volume_decides is infeasible
    assert result.limits is not None
    assert result.limits.limit.limit == asked.limit
    assert not is_borderline(result)


def test_eqd2_of_a_plan_needs_its_number_of_fractions() -> None:
    case = case_of(row("Mean[Gy]", "below", 30.0, **EQD2), dvh_set(uniform_dvh(), rx=NOT_KNOWN))
    result = judge_on(case, case.dvh)
    assert (result.reason, result.detail) == (Reason.PRESCRIPTION_UNKNOWN, "EQD2 needs the plan's number of fractions")


def test_a_small_volume_that_meets_a_row_is_said_with_both_volumes() -> None:
    case = case_of(row("D15cc[Gy]", "below", 10.0, volume_threshold=True), dvh_set(uniform_dvh()))
    result = judge_on(case, case.dvh)
    text = "10 cc, smaller than 15 cc: is the contour complete?"
    assert (result.verdict, result.reason, result.detail, result.volume_decides) == (Verdict.PASS, None, text, True)
    assert result.findings == (Finding(code=FindingCode.SMALLER_THAN_LIMIT_VOLUME, text=text, subject="SpinalCord"),)
    assert isinstance(result.measurement, NotMeasured)
    assert margin_of(result) is None


def test_what_blocks_a_row_is_its_value_and_its_reason() -> None:
    why = NotMeasured(reason=Reason.SEX_UNKNOWN, detail="for a male patient")
    case = case_of(row("Mean[Gy]", "below", 30.0), dvh_set(uniform_dvh()), blocked=why)
    result = judge_on(case, case.dvh)
    assert (result.measurement, result.verdict) == (why, Verdict.NOT_EVALUATED)
    assert (result.reason, result.detail) == (why.reason, why.detail)
    assert result.limits is not None
    assert result.limits.limit.limit == 30.0


@pytest.mark.parametrize(
    ("sense", "kind", "verdict"),
    [
        ("below", Kind.LIMIT, Verdict.NOT_EVALUATED),  # more would turn a pass
        ("at_least", Kind.LIMIT, Verdict.PASS),
        ("below", Kind.ADVISORY, Verdict.NOT_EVALUATED),
        ("below", Kind.RISK, Verdict.RISK),
    ],
)
def test_a_value_that_is_open_above_decides_what_more_cannot_turn(sense: str, kind: Kind, verdict: Verdict) -> None:
    value = 4.0 if sense == "below" else 6.0
    found = Measurement(value=value, low=value, high=value, unit=Unit.RATIO, open_above=True)
    asked = row("Mean[Gy]", sense, 5.0, kind=kind)
    case = case_of(asked, dvh_set(uniform_dvh(dose_gy=value)))
    closed = judge_on(case, case.dvh)
    assert closed.verdict is {Kind.LIMIT: Verdict.PASS, Kind.ADVISORY: Verdict.MET, Kind.RISK: Verdict.RISK}[kind]
    result = measured_as(case, found)
    assert result.verdict is verdict
    if verdict is Verdict.NOT_EVALUATED:
        assert (result.reason, result.measurement) == (Reason.ISODOSE_LEAVES_GRID, found)
        assert result.detail == (
            "the isodose leaves the dose grid: the value is a lower bound, and a larger value would change the verdict"
        )
    failing = measured_as(case, replace(found, value=6.0 if sense == "below" else 4.0))
    assert failing.verdict is not Verdict.PASS


def measured_as(case: Case, found: Measurement) -> RowResult:
    """The result of a row as if this had been measured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sbrtcheck.judge.row.measure", lambda *_: found)
        return judge_on(case, case.dvh)


# -------------------------------------------------------------------------------- findings of metrics


def findings_of(
    metric: Metric | str, dvhs: DVHSet, measured: Measurement | NotMeasured, organ: str = "PTV"
) -> list[tuple[FindingCode, str, str]]:
    parsed = parse(metric) if isinstance(metric, str) else metric
    plan = plan_for([row(parsed, "below", 1.0, organ)], dvhs)
    matched = plan.select(row(parsed, "below", 1.0, organ))[0]
    return [(one.code, one.text, one.subject) for one in metric_findings(parsed, matched, measured, plan)]


ONE = Measurement(value=1.0, low=1.0, high=1.0, unit=Unit.RATIO)
NOTHING = NotMeasured(reason=Reason.STRUCTURE_EMPTY)
BUILT = FindingCode.DERIVED_STRUCTURE
LEAVES = FindingCode.ISODOSE_LEAVES_GRID


@pytest.mark.parametrize(
    ("metric", "measured", "expected"),
    [
        ("R50%[ratio]", ONE, []),
        (
            "R50%[ratio]",
            replace(ONE, open_above=True),
            [(LEAVES, "R50%[ratio]: the isodose leaves the dose grid, so the value is a lower bound")],
        ),
        ("D2cm[%Rx]", ONE, [(BUILT, "D2cm[%Rx]: the whole dose grid without PTV and all within 2 cm of it")]),
        (
            "V105%Rx_outside_PTV[%PTV]",
            ONE,
            [(BUILT, "V105%Rx_outside_PTV[%PTV]: the whole dose grid without PTV")],
        ),
        ("D2cm[%Rx]", NOTHING, []),
        ("Mean[Gy]", replace(ONE, open_above=True), []),  # of the structure alone
    ],
)
def test_what_a_metric_of_the_whole_grid_was_taken_from_is_said(
    metric: str, measured: Measurement | NotMeasured, expected: list[tuple[FindingCode, str]]
) -> None:
    dvhs = dvh_set(uniform_dvh("PTV"))
    assert findings_of(metric, dvhs, measured) == [(code, text, "PTV") for code, text in expected]
    cubic = replace(dvhs, model=Model(dose=Interpolation.CUBIC))
    text = f"{metric}: in the whole dose grid the dose is trilinear between grid points"
    more = [] if measured is NOTHING or metric == "Mean[Gy]" else [(FindingCode.DOSE_NOT_CUBIC, text, "PTV")]
    assert findings_of(metric, cubic, measured) == [(code, said, "PTV") for code, said in expected] + more


@pytest.mark.parametrize(("high", "is_said"), [(1.0, False), (2.0, True)])
def test_parts_of_a_target_that_do_not_touch_are_a_question(high: float, is_said: bool) -> None:
    count = Measurement(value=1.0, low=1.0, high=high, unit=Unit.COUNT)
    text = "PTV has 2 parts that do not touch: each could be a target of its own"
    dvhs = dvh_set(uniform_dvh("PTV"))
    assert findings_of(TargetCount(), dvhs, count) == ([(FindingCode.SEVERAL_TARGETS, text, "PTV")] if is_said else [])
    assert findings_of("Mean[Gy]", dvhs, count) == []
    assert findings_of(TargetCount(), dvhs, NOTHING) == []


OWN = (
    FindingCode.SEVERAL_PRESCRIPTIONS,
    "targets may have prescriptions of their own: percent is of the plan's one prescription for all of them",
    "PTV",
)


@pytest.mark.parametrize(
    ("metric", "of_prescription"),
    [
        ("D95%[%Rx]", True),
        ("V100%Rx[%]", True),
        ("Rx[Gy]", True),
        ("R50%[ratio]", True),
        (MaxDoseAtDistance(unit=Unit.PERCENT_RX), True),
        (MaxDoseAtDistance(unit=Unit.GY), False),
        ("D95%[Gy]", False),
        ("Mean[Gy]", False),
    ],
)
def test_targets_of_several_levels_may_have_prescriptions_of_their_own(
    metric: Metric | str, of_prescription: bool
) -> None:
    stated = (Finding(code=FindingCode.SEVERAL_PRESCRIPTIONS, text="two"),)
    for names, findings, is_said in (
        (("PTV_5000", "PTV_4000"), (), True),
        (("PTV_5000", "PTV2_5000"), (), False),
        (("PTV_1", "PTV_2"), (), False),  # no numbers of a dose
        (("PTV_1", "PTV_2"), stated, True),
        (("PTV_5000",), stated, False),  # there is one target
    ):
        dvhs = replace(targets(*((name, "PTV") for name in names), ("Heart", "ORGAN")), findings=findings)
        said = [one for one in findings_of(metric, dvhs, NOTHING) if one[0] is FindingCode.SEVERAL_PRESCRIPTIONS]
        assert said == ([OWN] if is_said and of_prescription else [])
        assert findings_of(metric, dvhs, NOTHING, "Heart") == []


# -------------------------------------------------------------------------------- contours that end in dose


@pytest.mark.parametrize(
    ("asked", "organ", "is_said"),
    [  # from 0 to 20 Gy in 10 cc, which both end at 10 Gy: 5.5 cc have more than 9 Gy
        (row("V9Gy[cc]", "below", 8.0, "Heart"), "Heart", True),
        (row("V9Gy[cc]", "below", 5.0, "Heart", acceptable=8.0), "Heart", True),  # a variation is met too
        (row("V9Gy[cc]", "below", 8.0, "Heart", kind=Kind.ADVISORY), "Heart", True),
        (row("V9Gy[cc]", "below", 8.0, "Heart", kind=Kind.RISK), "Heart", False),
        (row("V9Gy[cc]", "below", 5.0, "Heart"), "Heart", False),  # fails anyhow
        (row("V9Gy[cc]", "at_least", 5.0, "Heart"), "Heart", False),  # more could only help
        (row("V9Gy[%]", "below", 60.0, "Heart"), "Heart", False),
        (row("CV9Gy[cc]", "below", 8.0, "Heart"), "Heart", False),
        (row("DC5cc[Gy]", "below", 11.0, "Heart"), "Heart", False),
        (row("Max[Gy]", "below", 21.0, "Heart"), "Heart", False),
        (row("D8cc[Gy]", "below", 9.0, "Heart"), "Heart", True),
        (row("D1cc[Gy]", "below", 19.0, "Heart"), "Heart", False),  # its ends have less
        (row("D1cc[Gy]", "below", 25.0, "Heart"), "Heart", False),  # nothing receives that
        (row("V9Gy[cc]", "below", 8.0, "PTV"), "PTV", False),  # by intent
    ],
)
def test_both_ends_are_said_where_they_lie_in_the_dose_of_a_limit_that_is_met(
    asked: Constraint, organ: str, is_said: bool
) -> None:
    dvhs = replace(dvh_set(ramp_dvh(organ)), plan=plan_of(**{organ: 5.0}))
    case = case_of(asked, dvhs)
    (found,) = end_findings([case], [judge_on(case, case.dvh)])
    text = (
        f"{asked.metric_text}: the contour ends towards the {{}} (z = {{}} mm) in a plane with up to 10 Gy, above the"
        " 9 Gy of the limit: if the organ goes on there, the value is too low"
    )
    ends = [text.format("feet", "0.0"), text.format("head", "8.0")] if is_said else []
    assert [(one.code, one.text, one.subject) for one in found] == [
        (FindingCode.CONTOUR_ENDS_IN_DOSE, end, organ) for end in ends
    ]
    cold = case_of(asked, replace(dvh_set(uniform_dvh(organ, dose_gy=0.0)), plan=dvhs.plan))
    assert end_findings([cold], [judge_on(cold, cold.dvh)]) == [()]  # nothing of it is above the dose of a limit
    read = replace(dvhs, plan=None)
    of_read = case_of(asked, read)
    assert end_findings([of_read], [judge_on(of_read, of_read.dvh)]) == [()]


def test_ends_are_those_of_each_row_in_their_order() -> None:
    dvhs = replace(dvh_set(ramp_dvh("Heart"), ramp_dvh("Liver")), plan=plan_of(Heart=5.0, Liver=20.0))
    rows = [
        row(metric, "below", limit, organ)
        for metric, limit, organ in (
            ("Mean[Gy]", 20.0, "Heart"),
            ("V9Gy[cc]", 8.0, "Liver"),
            ("V8Gy[cc]", 8.0, "Heart"),
            ("V9Gy[cc]", 8.0, "Skin"),
        )
    ]
    cases = [case_of(one, dvhs) for one in rows]
    found = end_findings(cases, [judge_on(case, case.dvh) for case in cases])
    assert [[one.subject for one in of_row] for of_row in found] == [[], ["Liver"] * 2, ["Heart"] * 2, []]
    tilted = plan_of(Heart=5.0)
    loop = [[0, 0, 0], [10, 0, 0], [10, 10, 4], [0, 10, 4]]
    structure = replace(tilted.structures[0], contours=Contours.of(loop, [[x, y, z + 2] for x, y, z in loop]))
    oblique = replace(dvh_set(ramp_dvh("Heart")), plan=replace(tilted, structures=(structure,)))
    case = case_of(rows[2], oblique)
    assert end_findings([case], [judge_on(case, case.dvh)]) == [()]  # which end is an end is not known


def ends_said(*loops: Any) -> list[str]:
    """Towards where an organ with these outlines, in 10 Gy, is said to end in the dose of a limit of 9 Gy."""
    plan = plan_of(Heart=5.0)
    structure = replace(plan.structures[0], contours=Contours.of(*loops))
    dvhs = replace(dvh_set(ramp_dvh("Heart")), plan=replace(plan, structures=(structure,)))
    case = case_of(row("V9Gy[cc]", "below", 8.0, "Heart"), dvhs)
    (found,) = end_findings([case], [judge_on(case, case.dvh)])
    return [one.text.partition(" towards the ")[2].partition(" in a plane")[0] for one in found]


def square(z_mm: float, rise_mm: float = 0.0) -> list[list[float]]:
    """10 mm wide; its last two corners lie higher."""
    return [[0, 0, z_mm], [10, 0, z_mm], [10, 10, z_mm + rise_mm], [0, 10, z_mm + rise_mm]]


@pytest.mark.parametrize(("rise_mm", "is_said"), [(0.0, True), (0.05, True), (0.06, False)])
def test_an_outline_lies_in_one_plane_up_to_the_rounding_of_its_file(rise_mm: float, is_said: bool) -> None:
    ends = ["feet (z = 0.0 mm)", "head (z = 4.0 mm)"] if is_said else []
    assert ends_said(square(0.0, rise_mm), square(2.0), square(4.0)) == ends
    assert ends_said(square(0.0), square(2.0, rise_mm), square(4.0)) == ends


@pytest.mark.parametrize(("apart_mm", "parts_there"), [(0.0, 2), (0.05, 2), (0.06, 1)])
def test_parts_of_an_organ_that_end_in_one_plane_are_each_looked_at_there(apart_mm: float, parts_there: int) -> None:
    plan = plan_of(Heart=5.0, Liver=5.0)
    ends = ((0.0, 2.0, 4.0), (apart_mm, 2.0, 3.0))  # the second part is the shorter one, at the feet by so much
    structures = tuple(
        replace(structure, contours=Contours.of(*map(square, heights_mm)))
        for structure, heights_mm in zip(plan.structures, ends, strict=True)
    )
    both = compute_dvhs(replace(plan, structures=structures))
    case = case_of(row("V9Gy[cc]", "below", 8.0, "Heart", "Liver", select=Select.UNION), both)
    case = replace(case, matched=replace(case.matched, dvh=ramp_dvh("Heart")))
    (found,) = end_findings([case], [judge_on(case, case.dvh)])
    assert ["towards the feet (z = 0.0 mm)" in one.text for one in found] == [True] * parts_there + [False]


def test_an_end_may_be_a_triangle_and_a_point_or_a_line_is_none() -> None:
    triangle, line, point = square(6.0)[:3], square(8.0)[:2], square(-2.0)[:1]
    assert ends_said(square(0.0), square(2.0), square(4.0), triangle) == ["feet (z = 0.0 mm)", "head (z = 6.0 mm)"]
    assert ends_said(point, square(0.0), square(2.0), square(4.0), line) == ["feet (z = 0.0 mm)", "head (z = 4.0 mm)"]


# -------------------------------------------------------------------------------- what is said besides


@pytest.mark.parametrize(
    ("metric", "dvh", "is_said"),
    [
        ("Mean[Gy]", uniform_dvh("Liver", volume_cc=699.9), True),
        ("Mean[Gy]", uniform_dvh("Liver", volume_cc=700.0), False),
        ("D1cc[Gy]", uniform_dvh("Liver", volume_cc=600.0), True),
        ("V5Gy[cc]", uniform_dvh("Liver", volume_cc=600.0), True),
        ("DC10cc[Gy]", uniform_dvh("Liver", volume_cc=600.0), False),
        ("CV5Gy[cc]", uniform_dvh("Liver", volume_cc=600.0), False),
        ("Mean[Gy]", percent_dvh("Liver"), False),
        ("Mean[Gy]", uniform_dvh("Heart", volume_cc=1.0), False),
    ],
)
def test_an_organ_smaller_than_what_is_spared_of_it_is_a_question(metric: str, dvh: DVH, is_said: bool) -> None:
    case = case_of(row(metric, "at_least" if metric.startswith("CV") else "below", 30.0, dvh.name), dvh_set(dvh))
    found = list(small_organ_findings(case))
    assert [(one.code, one.subject) for one in found] == (
        [(FindingCode.SMALL_FOR_THE_ORGAN, "Liver")] if is_said else []
    )
    assert all(one.text.startswith(f"{dvh.volume:.4g} cc, smaller than the 700 cc that are to be") for one in found)


@pytest.mark.parametrize(
    ("asked", "dvh", "why", "detail"),
    [
        (
            row("Mean[Gy]", "below", 30.0, "PTV"),
            uniform_dvh("PTV"),
            WhyNoEstimate.NOT_COMPUTED_HERE,
            "its DVH is computed",
        ),
        (row("Mean[Gy]", "below", 30.0, "Heart"), uniform_dvh("PTV"), WhyNoEstimate.NO_VALUE, ""),
        (row("D15cc[Gy]", "below", 30.0, "PTV"), uniform_dvh("PTV"), WhyNoEstimate.NO_VALUE, ""),
        (
            row("Rx[Gy]", "below", 30.0, "PTV"),
            uniform_dvh("PTV"),
            WhyNoEstimate.WHOLE_PLAN,
            "Rx[Gy] is not of one structure",
        ),
        (
            row(TargetCount(), "at_most", 1.0, "PTV"),
            uniform_dvh("PTV"),
            WhyNoEstimate.WHOLE_PLAN,
            f"{TargetCount()} is not of one structure",
        ),
    ],
)
def test_why_a_value_has_no_estimate(asked: Constraint, dvh: DVH, why: WhyNoEstimate, detail: str) -> None:
    case = case_of(asked, dvh_set(dvh))
    (found,) = sampling_of([case], [judge_on(case, case.dvh)])
    assert isinstance(found, NoSamplingEstimate)
    assert (found.why, found.detail) == (why, detail)


# -------------------------------------------------------------------------------- reasons


def reasons_on(
    *rows: Constraint, dvhs: DVHSet, strict: bool = False, **fields: Any
) -> list[tuple[ReviewCode, str, str, tuple[str, ...]]]:
    plan = plan_for(rows, dvhs, **fields)
    outcomes = outcomes_of([table(*rows)], plan, include_unconfirmed=False)
    return [(one.code, one.text, one.structure, one.rows) for one in review_reasons(outcomes, plan, strict=strict)]


OK = row("Mean[Gy]", "below", 30.0, id="ok")


def test_each_reason_has_its_words() -> None:
    cord = uniform_dvh()
    heart = row("Mean[Gy]", "below", 30.0, "Heart", id="heart")
    assert reasons_on(OK, dvhs=dvh_set(cord)) == []
    assert reasons_on(OK, heart, dvhs=dvh_set(cord), names={"Heart": "qqq"}) == [
        (
            ReviewCode.GIVEN_NAME,
            "Heart: the names given say 'qqq', and the plan has no such structure",
            "Heart",
            ("test-table/heart",),
        )
    ]
    ((_, close, *_),) = reasons_on(OK, dvhs=dvh_set(cord), names={"Heart": "SpinalCrd"})
    assert close == (
        "Heart: the names given say 'SpinalCrd', and the plan has no such structure; close names: SpinalCord"
    )
    unknown = PlanSite()
    assert reasons_on(OK, heart, dvhs=dvh_set(cord), site=unknown) == [
        (
            ReviewCode.NOT_EVALUATED,
            (
                "1 organ of the tables not in the plan (1 row): Heart. The site of the plan, which says which are"
                " expected, is unknown: give it with --site"
            ),
            "",
            ("test-table/heart",),
        )
    ]
    fails = row("Mean[Gy]", "below", 10.0, id="fails", confirmed_by=())
    ((code, text, organ, ids),) = reasons_on(OK, fails, dvhs=dvh_set(cord))
    assert (code, organ, ids) == (ReviewCode.FAILS_WITHOUT_COUNTING, "SpinalCord", ("test-table/fails",))
    assert "SpinalCord Mean[Gy]" in text


LUNG = PlanSite(
    ids=("lung",),
    origin=SiteOrigin.GIVEN,
    expects=(
        ExpectedOrgan(organ="Heart", structures=("Heart",), choice="x"),
        ExpectedOrgan(organ="SpinalCord", structures=("SpinalCord",), choice="x"),
    ),
)


def test_rows_of_an_organ_that_were_not_evaluated_are_told_with_the_first_detail() -> None:
    rows = [row(f"D{cc}cc[Gy]", "below", 30.0, "Heart", id=f"d{cc}") for cc in (15, 20)]
    dvhs = dvh_set(uniform_dvh(), uniform_dvh("Heart"))
    case = case_of(rows[0], dvhs)
    detail = judge_on(case, case.dvh).detail
    assert detail
    ids = ("test-table/d15", "test-table/d20")
    ((code, text, organ, found),) = reasons_on(OK, *rows, dvhs=dvhs, site=LUNG)
    assert (code, organ, found) == (ReviewCode.NOT_EVALUATED, "Heart", ids)
    other = judge_on(case_of(rows[1], dvhs), case.dvh).detail
    more = "; ..." if other != detail else ""
    assert text == f"Heart: 2 rows not evaluated: {Reason.VOLUME_TOO_SMALL} ({min(detail, other)}{more})"
    ((_, missing, *_),) = reasons_on(OK, *rows, dvhs=dvh_set(uniform_dvh()), site=LUNG)
    assert missing == "Heart: 2 rows not evaluated: structure missing"
    ((_, one, *_),) = reasons_on(OK, rows[0], dvhs=dvhs, site=LUNG)
    assert one == f"Heart: 1 row not evaluated: {Reason.VOLUME_TOO_SMALL} ({detail})"


def test_files_in_doubt_are_a_reason_in_their_words() -> None:
    doubtful = Finding(code=FindingCode.REJECTED, text="rejected")
    dvhs = replace(dvh_set(uniform_dvh()), findings=(Finding(code=FindingCode.OTHER, text="x"), doubtful))
    assert reasons_on(OK, dvhs=dvhs) == [(ReviewCode.FILES, "rejected", "", ())]


def test_an_organ_in_two_parts_is_a_reason_and_a_target_is_none() -> None:
    gap = Finding(code=FindingCode.PLANE_GAP, text="from 3 to 9 mm")
    two = (gap, replace(gap, code=FindingCode.CONTOURS_INCOMPLETE, subject="somebody's"))
    rows = (row("Mean[Gy]", "below", 60.0, "Heart", id="heart"), row("Mean[Gy]", "below", 60.0, "PTV", id="ptv"))
    of_both = dvh_set(uniform_dvh("Heart", findings=two), uniform_dvh("PTV", findings=(gap,)))
    assert reasons_on(*rows, dvhs=of_both) == [
        (ReviewCode.CONTOURS, "Heart: from 3 to 9 mm", "Heart", ("test-table/heart",)),
        (ReviewCode.CONTOURS, "somebody's: from 3 to 9 mm", "somebody's", ("test-table/heart",)),
    ]


def test_a_table_of_which_nothing_was_evaluated_is_a_reason_beside_one_that_was() -> None:
    other = row("Mean[Gy]", "below", 30.0, "Heart", id="heart")
    uncounted = row("Max[Gy]", "below", 30.0, id="told", confirmed_by=())
    dvhs = dvh_set(uniform_dvh())
    plan = plan_for([OK, other], dvhs, site=LUNG)
    tables = [
        table(OK),
        table(other, uncounted, id="other"),
        table(OK, replace(OK, id="b"), id="third", fractions=(3,)),
    ]
    found = review_reasons(outcomes_of(tables, plan, include_unconfirmed=False), plan, strict=False)
    assert [(one.code, one.text, one.rows) for one in found] == [
        (ReviewCode.NOT_EVALUATED, "Heart: 1 row not evaluated: structure missing", ("other/heart",)),
        (ReviewCode.NOTHING_EVALUATED, "other: not evaluated, none of 1 row that count", ("other/heart",)),
        (
            ReviewCode.NOTHING_EVALUATED,
            "third: not evaluated, none of 2 rows: the table holds for 3 fractions, the plan has 5",
            ("third/b", "third/ok"),
        ),
    ]
    nothing = plan_for([uncounted], dvhs)
    (none,) = review_reasons(outcomes_of([table(uncounted)], nothing, include_unconfirmed=False), nothing, strict=False)
    assert (none.code, none.text) == (ReviewCode.NOTHING_EVALUATED, "no row of the tables counts")
    blocked = DoseCheck(targets=check_dose(dvhs, ()).targets, doubts=(DoseDoubt(text="of one beam", blocks=True),))
    on_it = plan_for([OK], dvhs, dose=blocked)
    (dose,) = review_reasons(outcomes_of([table(OK)], on_it, include_unconfirmed=False), on_it, strict=False)
    assert dose.code is ReviewCode.DOSE  # which says already why nothing was evaluated


def test_a_table_for_other_fractions_names_its_rows_that_do_not_count_too() -> None:
    plan = plan_for([OK], dvh_set(uniform_dvh()))
    other = table(OK, replace(OK, id="told", confirmed_by=()), id="other", fractions=(3,))
    found = review_reasons(outcomes_of([table(OK), other], plan, include_unconfirmed=False), plan, strict=False)
    assert [(one.code, one.rows) for one in found] == [
        (ReviewCode.NOTHING_EVALUATED, ("other/ok", "other/told")),
    ]


def test_a_doubt_about_the_dose_names_the_rows_that_it_blocks_and_none_where_it_blocks_none() -> None:
    dvhs = dvh_set(uniform_dvh())
    doubts = (DoseDoubt(text="of one beam", blocks=True), DoseDoubt(text="in doubt"))
    dose = DoseCheck(targets=check_dose(dvhs, ()).targets, doubts=doubts)
    assert reasons_on(OK, dvhs=dvhs, dose=dose) == [
        (ReviewCode.DOSE, "in doubt", "", ()),
        (ReviewCode.DOSE, "of one beam", "", ("test-table/ok",)),
    ]
    assert reasons_on(OK, dvhs=dvhs, dose=replace(dose, accepted=True)) == []
    assert dose.blocking == doubts[0]
    assert replace(dose, accepted=True).blocking is None
    assert replace(dose, doubts=doubts[1:]).blocking is None
    assert dose.accepted_doubts == ()
    assert replace(dose, accepted=True).accepted_doubts == tuple(
        Finding(code=FindingCode.DOSE_ACCEPTED, text=one.text) for one in doubts
    )


def test_strict_names_each_flag_of_a_row_that_counts() -> None:
    near = row("Mean[Gy]", "below", 20.5, id="near")
    single = replace(near, id="single", confirmed_by=())
    other = uniform_dvh(dose_gy=25.0, model=Model(end_caps=EndCaps.NONE))
    dvh = ramp_dvh(low_gy=20.0, high_gy=20.0, half_width_gy=1.0, alternatives=(other,))
    assert reasons_on(near, single, dvhs=dvh_set(dvh)) == []
    ((code, text, organ, ids),) = reasons_on(near, single, dvhs=dvh_set(dvh), strict=True)
    assert (code, organ, ids) == (ReviewCode.STRICT, "SpinalCord", ("test-table/near",))
    assert text.endswith(": borderline and convention sensitive, and --strict was asked for")
    alone = replace(dvh, alternatives=())
    ((_, text, *_),) = reasons_on(near, dvhs=dvh_set(alone), strict=True)
    assert text.endswith(": borderline, and --strict was asked for")
    assert reasons_on(near, dvhs=dvh_set(uniform_dvh()), strict=True) == []


def test_reasons_are_in_the_order_of_their_codes_structures_and_texts() -> None:
    of_tables = [
        ReviewReason(code=ReviewCode.TABLE, text=text, structure=organ, rows=rows)
        for organ, text, rows in (("b", "a", ()), ("a", "z", ("2",)), ("a", "z", ("1",)), ("a", "b", ()))
    ]
    dose = DoseCheck(targets=check_dose(dvh_set(), ()).targets, doubts=(DoseDoubt(text="z"),))
    plan = plan_for([OK], dvh_set(uniform_dvh()), dose=dose)
    outcomes = outcomes_of([table(OK)], plan, include_unconfirmed=False)
    found = review_reasons(outcomes, plan, of_tables, strict=False)
    assert [(one.code, one.structure, one.text, one.rows) for one in found] == [
        (ReviewCode.DOSE, "", "z", ()),
        (ReviewCode.TABLE, "a", "b", ()),
        (ReviewCode.TABLE, "a", "z", ("1",)),
        (ReviewCode.TABLE, "a", "z", ("2",)),
        (ReviewCode.TABLE, "b", "a", ()),
    ]


def test_a_table_of_which_nothing_is_left_is_a_reason_and_one_without_limits_is_none() -> None:
    told_only = replace(OK, id="told", kind=Kind.ADVISORY)
    full, half, none = table(OK, replace(OK, id="b")), table(OK, id="half"), table(told_only, id="none")
    left = [replace(full, rows=()), half, replace(none, rows=())]
    assert reasons_of_tables([full, half, none], left) == (
        ReviewReason(
            code=ReviewCode.NOTHING_EVALUATED,
            text="test-table: nothing evaluated: none of 2 rows holds for this site and this patient",
        ),
    )
    (one,) = reasons_of_tables([half], [replace(half, rows=(told_only,))])
    assert one.text == "half: nothing evaluated: none of 1 row holds for this site and this patient"


@pytest.mark.parametrize(
    ("verdicts", "has_reason", "expected"),
    [
        ([(Verdict.PASS, True)], False, Verdict.PASS),
        ([], False, Verdict.PASS),
        ([(Verdict.PASS, True)], True, Verdict.REVIEW),
        ([(Verdict.FAIL, True), (Verdict.PASS, True)], True, Verdict.FAIL),
        ([(Verdict.FAIL, False)], True, Verdict.REVIEW),
        ([(Verdict.FAIL, False)], False, Verdict.PASS),
        ([(Verdict.VARIATION, False), (Verdict.PASS, True)], False, Verdict.VARIATION),
        ([(Verdict.VARIATION, True)], True, Verdict.REVIEW),
        ([(Verdict.NOT_MET, True), (Verdict.RISK, True)], False, Verdict.PASS),
    ],
)
def test_the_verdict_of_a_report_is_that_of_what_counts_then_of_its_reasons(
    verdicts: list[tuple[Verdict, bool]], has_reason: bool, expected: Verdict
) -> None:
    made = only(OK, dvh_set(uniform_dvh()))
    outcomes = [replace(made, verdict=verdict, counts=counts) for verdict, counts in verdicts]
    reasons = [ReviewReason(code=ReviewCode.FILES, text="x")] if has_reason else []
    assert overall(outcomes, reasons) is expected


# -------------------------------------------------------------------------------- the site


@pytest.mark.parametrize(
    ("sex", "ids"),
    [(Sex.MALE, ["all", "men"]), (Sex.FEMALE, ["all", "women"]), (SEX_NOT_STATED, ["all", "men", "women"])],
)
def test_rows_hold_for_their_sex_and_site(sex: Any, ids: list[str]) -> None:
    rows = [
        replace(OK, id="all"),
        replace(OK, id="men", sex=Sex.MALE),
        replace(OK, id="women", sex=Sex.FEMALE),
        replace(OK, id="elsewhere", site="liver"),
    ]
    site = PlanSite(ids=("lung",), known=("lung", "liver"))
    assert [one.id for one in rows_for(table(*rows), site, sex)] == ids
    assert [one.id for one in rows_for(table(*rows), UNKNOWN_SITE, sex)] == [*ids, "elsewhere"]


def test_organs_of_the_site_that_no_row_is_on_are_said_where_the_user_names_the_site() -> None:
    liver = row("Mean[Gy]", "below", 30.0, "Liver")
    (found,) = unasked_findings([liver], LUNG)
    text = "no row of these tables is on what is expected at lung: Heart, SpinalCord"
    assert found == Finding(code=FindingCode.OTHER, text=text)
    (found,) = unasked_findings([liver, OK], LUNG)
    assert found.text == "no row of these tables is on what is expected at lung: Heart"
    assert unasked_findings([row("Mean[Gy]", "below", 30.0, "Heart", "SpinalCord")], LUNG) == ()
    for origin in (SiteOrigin.TABLE, SiteOrigin.UNKNOWN):
        assert unasked_findings([liver], replace(LUNG, origin=origin)) == ()


# -------------------------------------------------------------------------------- structures


def test_why_an_organ_has_no_dvh_is_said_in_full() -> None:
    lost = NoDVH(name="Liver", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="contour 3")
    dvhs = dvh_set(uniform_dvh("Heart"), uniform_dvh("heart"), uniform_dvh("Skinn"), without=(lost,))
    names = {"Aorta": "Haert"}
    matches = match_plan(dvhs, ["Heart", "Liver", "Skin", "Trachea", "Aorta"], names)
    by_organ = plan_structures(dvhs, matches).by_organ
    reasons = {organ: one.dvh.reason for organ, one in by_organ.items() if isinstance(one.dvh, NotMeasured)}
    details = {organ: one.dvh.detail for organ, one in by_organ.items() if isinstance(one.dvh, NotMeasured)}
    assert reasons["Liver"] is Reason.STRUCTURE_DAMAGED
    assert details["Liver"] == "contour 3"
    assert (reasons["Trachea"], details["Trachea"]) == (Reason.STRUCTURE_MISSING, "")
    assert reasons["Skin"] is Reason.STRUCTURE_MISSING
    assert "Skinn" in details["Skin"]
    assert reasons["Aorta"] is Reason.GIVEN_NAME_MISSING
    assert details["Aorta"].startswith("the names given say 'Haert', and the plan has no such structure; close names: ")
    assert "Heart" in details["Aorta"]


def test_a_structure_that_was_matched_without_a_dvh_says_that_nobody_asked_for_it() -> None:
    plan: Plan = plan_of(Heart=5.0, Liver=20.0)
    dvhs = replace(dvh_set(uniform_dvh("Heart")), plan=plan)
    liver = plan_structures(dvhs, match_plan(dvhs, ["Liver"])).by_organ["Liver"]
    assert liver.contour == "Liver"
    assert liver.dvh == NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail="no DVH of it was asked for")
    assert (liver.parts, liver.key, liver.is_missing) == ((), (), False)


def test_of_choices_the_first_that_the_plan_has_is_used_and_that_is_said() -> None:
    choices = tuple(Choice(structures=(name,)) for name in ("Aorta", "Heart", "Liver"))
    asked = row("Mean[Gy]", "below", 30.0, "Aorta", "Heart", "Liver", select=Select.FIRST, choices=choices)
    dvhs = dvh_set(uniform_dvh("Liver"), uniform_dvh("Heart"))
    (heart,) = plan_for([asked], dvhs).select(asked)
    assert (heart.organ, heart.contour) == ("Heart", "Heart")
    (finding,) = heart.findings
    assert (finding.code, finding.text, finding.subject) == (
        FindingCode.NAME_MATCH,
        "the plan has no Aorta: Heart was used",
        "Heart",
    )
    (liver,) = plan_for([asked], dvh_set(uniform_dvh("Liver"))).select(asked)
    assert liver.findings[0].text == "the plan has no Aorta or Heart: Liver was used"
    (first,) = plan_for([asked], dvh_set(uniform_dvh("Aorta"), uniform_dvh("Heart"))).select(asked)
    assert (first.organ, first.findings) == ("Aorta", ())
    (missing,) = plan_for([asked], dvh_set(uniform_dvh("Skin"))).select(asked)
    assert (missing.organ, missing.is_missing) == ("Aorta or Heart or Liver", True)


AIRWAYS = Choice(structures=("Trachea", "Bronchus_Main", "Carina"), optional=("Carina",))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bronchi", ("Trachea + Bronchus_Main", ("Bronchi",))),
        ("Bronchus_L", ("Trachea + Bronchus_Main", ("Bronchus_L",))),  # a part of it
        ("Trachea_NAdj", ("Trachea + Bronchus_Main", ("Trachea_NAdj",))),
        ("PBT", ("Heart", ())),  # another organ, which the row does not ask for
        ("Skin", ("Heart", ())),
    ],
)
def test_an_organ_of_several_parts_that_a_plan_has_perhaps_is_not_passed_over(
    name: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    choices = (AIRWAYS, Choice(structures=("Heart",)))
    asked = row("Max[Gy]", "below", 30.0, *AIRWAYS.structures, "Heart", select=Select.FIRST, choices=choices)
    (found,) = plan_for([asked], dvh_set(uniform_dvh(name), uniform_dvh("Heart"))).select(asked)
    assert (found.organ, found.probable) == expected
    assert found.is_missing == (found.organ != "Heart")


@given(st.sampled_from(parts()))
def test_an_organ_is_passed_over_beside_another_one_where_it_is_by_itself(listed: tuple[str, str]) -> None:
    """And not where a part of it is contoured, of which nothing would be measured."""
    part, whole = listed
    dvhs = dvh_set(uniform_dvh(part), uniform_dvh("Heart"))
    found = []
    for organs in ((whole,), (whole, "Lobe_Frontal"), ("Lobe_Frontal", whole)):
        choices = (Choice(structures=organs), Choice(structures=("Heart",)))
        asked = row("Max[Gy]", "below", 30.0, *organs, "Heart", select=Select.FIRST, choices=choices)
        (matched,) = plan_for([asked], dvhs).select(asked)
        found.append((matched.contour, matched.probable))
    assert len(set(found)) == 1


@pytest.mark.parametrize("names", [(), ("PBT",), ("Bowel 3", "PBT"), ("Skin",)])
def test_what_may_be_one_of_several_organs_may_be_all_of_them_in_whichever_order_they_are_asked_for(
    names: tuple[str, ...],
) -> None:
    """The proximal bronchial tree is known as an organ of its own, and may be the main bronchi all the same."""
    dvhs = dvh_set(uniform_dvh("Liver"), *map(uniform_dvh, names))
    organs = ("Esophagus", "Bronchus_Main", "Duodenum")
    alone = {
        organ: plan_for([one], dvhs).select(one)[0] for organ in organs for one in [row("Max[Gy]", "below", 9, organ)]
    }
    probable = {name for matched in alone.values() for name in matched.probable}
    for asked_for in permutations(organs):
        each = tuple(Choice(structures=(organ,)) for organ in asked_for)
        for fields, name in (
            ({"select": Select.FIRST, "choices": each}, " or ".join(asked_for)),
            ({"select": Select.UNION}, " + ".join(asked_for)),
        ):
            asked = row("Max[Gy]", "below", 9, *asked_for, **fields)
            (matched,) = plan_for([asked], dvhs).select(asked)
            assert (matched.organ, matched.is_missing, set(matched.probable)) == (name, True, probable)
            why = next((alone[organ] for organ in asked_for if alone[organ].probable), alone[asked_for[0]])
            assert matched.dvh == why.dvh  # the reason tells what it may be


def test_organs_as_one_may_be_whatever_each_of_them_may_be() -> None:
    dvhs = dvh_set(uniform_dvh("Heart"), uniform_dvh("Bronchus_L"), uniform_dvh("Esophagus_S"))
    organs = ("Liver", "Esophagus", "Bronchus_Main")
    first = {"select": Select.FIRST, "choices": (Choice(structures=organs), Choice(structures=("Heart",)))}
    for fields in ({"select": Select.UNION}, first):
        matched = case_of(row("Max[Gy]", "below", 9, *organs, **fields), dvhs).matched
        assert (matched.organ, matched.probable) == (" + ".join(organs), ("Esophagus_S", "Bronchus_L"))
        assert isinstance(matched.dvh, NotMeasured)
        assert matched.dvh.detail == "not matched, though by its name it may be this organ: Esophagus_S"


def test_a_plan_does_not_pass_on_airways_that_are_contoured_in_parts_and_that_nobody_expects() -> None:
    choices = (Choice(structures=("ProxBronchTree",)), AIRWAYS)
    names = ("ProxBronchTree", *AIRWAYS.structures)
    airways = row("Max[Gy]", "below", 30.0, *names, select=Select.FIRST, choices=choices, id="airways")
    asked = table(airways, row("Max[Gy]", "below", 30.0, "Heart", id="heart"), site="multi")
    hot = (uniform_dvh("Bronchus_L", dose_gy=60.0), uniform_dvh("Bronchus_R", dose_gy=60.0))
    parts_of_it = "not matched, though by its name it may be this organ: Bronchus_L, Bronchus_R"
    for contoured, reasons in (
        ((), []),
        (hot, [f"Trachea + Bronchus_Main: 1 row not evaluated: structure missing ({parts_of_it})"]),
    ):
        report = report_on(
            asked, dvh_set(uniform_dvh("PTV", dose_gy=50.0), uniform_dvh("Heart"), *contoured), site="liver"
        )
        assert [reason.text for reason in report.reasons] == reasons
        assert report.verdict is (Verdict.REVIEW if reasons else Verdict.PASS)


def test_the_first_organ_of_several_that_a_plan_has_is_found_by_their_names() -> None:
    dvhs = dvh_set(uniform_dvh("Liver"), uniform_dvh("Heart"))
    organs = ("Aorta", "Heart", "Liver")
    structures = plan_structures(dvhs, match_plan(dvhs, organs))
    heart = first_in_plan(organs, structures)
    assert (heart.organ, heart.dvh) == ("Heart", dvhs["Heart"])
    assert [one.text for one in heart.findings] == ["the plan has no Aorta: Heart was used"]
    assert first_in_plan(organs[2:], structures).findings == ()
    none = first_in_plan(organs[:1], structures)
    assert (none.organ, none.is_missing) == ("Aorta", True)


def test_several_as_one_have_all_their_names_rules_and_copies() -> None:
    empty = NoDVH(name="Carina", number=9, reason=Reason.STRUCTURE_EMPTY, detail="")
    dvhs = dvh_set(uniform_dvh("trachea"), uniform_dvh("Tube"), uniform_dvh("trachea 2"), without=(empty,))
    asked = row(
        "Max[Gy]", "below", 30.0, "Trachea", "Bronchus_Main", "Carina", select=Select.UNION, optional=("Carina",)
    )
    plan = plan_for([asked], dvhs, names={"Bronchus_Main": "Tube"})
    (union,) = plan.select(asked)
    assert union.organ == "Trachea + Bronchus_Main + Carina"
    assert union.structure is not None
    assert union.structure.names == ("trachea", "Tube")
    assert union.structure.rules[-1] is Rule.GIVEN
    assert len(union.structure.rules) == 2
    assert [one.name for one in union.copies] == ["trachea 2"]
    assert union.key == (("trachea", 1), ("Tube", 2))
    assert (union.lacking, union.probable, union.target_count) == ((), (), 1)  # what is optional may lack
    assert [one.code for one in union.findings] == [FindingCode.NAME_MATCH, FindingCode.DERIVED_STRUCTURE]
    assert union.findings[-1].text == f"{union.organ} was evaluated without Carina ({Reason.STRUCTURE_EMPTY})"
    assert union.findings[-1].subject == "trachea + Tube"


def test_several_targets_as_one_are_counted_and_have_all_their_rules() -> None:
    dvhs = targets(("PTV_1", ""), ("PTV left", "PTV"))
    for metric, text in (
        (TargetCount(), f"combined for {TargetCount()}"),
        (parse("R50%[ratio]"), "combined for R50%[ratio]"),
    ):
        asked = row(metric, "below", 5.0, "PTV")
        (together,) = plan_for([asked], dvhs).select(asked)
        assert together.target_count == 2
        assert together.structure is not None
        assert together.structure.names == ("PTV left", "PTV_1")
        assert together.structure.rules == (Rule.KIND, Rule.PREFIX)
        assert [(one.code, one.text, one.subject) for one in together.findings] == [
            (FindingCode.SEVERAL_TARGETS, f"2 separate targets (PTV left, PTV_1), {text}", "PTV")
        ]
    each = plan_for([OK], dvhs, names=None).structures.of_separate_targets("PTV")
    assert each == ()  # no row asks for it
    asked = row("Mean[Gy]", "below", 5.0, "PTV")
    each_text = "2 separate targets (PTV left, PTV_1), each evaluated on its own"
    for one in plan_for([asked], dvhs).select(asked):
        assert one.findings == (Finding(code=FindingCode.SEVERAL_TARGETS, text=each_text, subject="PTV"),)
        assert (one.target_count, len(one.parts)) == (1, 1)


def test_what_is_one_structure_is_combined_with_nothing() -> None:
    dvhs = compute_dvhs(plan_of(Heart=0.0, Liver=20.0))
    one = row("Mean[Gy]", "below", 5.0, "Heart")
    together = row("Mean[Gy]", "below", 5.0, "Heart", "Liver", select=Select.UNION)
    selected = [matched for asked in (one, together) for matched in plan_for([one, together], dvhs).select(asked)]
    combined = CombinedDvhs.of(selected, dvhs)
    assert list(combined.by_parts) == [(("Heart", 1), ("Liver", 2))]
    assert combined.with_combined_dvh(selected[0]) is selected[0]
    assert combined.with_combined_dvh(selected[1]).dvh == combined.by_parts[selected[1].key]


def test_the_prescription_is_measured_without_any_structure() -> None:
    asked = row("Rx[Gy]", "at_most", 50.0, "PTV")
    dvhs = dvh_set(uniform_dvh("Heart"), rx=Prescription(dose_gy=51.0, fractions=5))
    case = case_of(asked, dvhs)
    result = judge_on(case, case.dvh)
    assert result.measurement == Measurement(value=51.0, low=51.0, high=51.0, unit=Unit.GY)
    assert (result.verdict, margin_of(result)) == (Verdict.FAIL, -1.0)

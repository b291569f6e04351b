"""What an evaluation puts into its report, under which model all of it is computed, and the words beside a value."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dvh_builders import (
    FIFTY_IN_FIVE,
    box,
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
from sbrtcheck.dvh import Between, DVHSet, EndCaps, Interpolation, Model, Reason, compute_dvhs
from sbrtcheck.errors import InputError
from sbrtcheck.judge import ntcp, risks, tcp
from sbrtcheck.judge.risk import refuse_diameter
from sbrtcheck.judge.run import evaluate, evaluate_with
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Finding, FindingCode, Plan, Prescription, Sex, Structure
from sbrtcheck.radiobiology import bed
from sbrtcheck.reference_data.risk_models import FractionScale, NtcpModel, load_risk_models
from sbrtcheck.results import Verdict
from sbrtcheck.results.dvh_comparison import NO_OTHER_DVHS
from sbrtcheck.results.plan_site import SiteOrigin
from sbrtcheck.results.risk import NoRisk, Risk
from sbrtcheck.tables import (
    ExpectedOrgan,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    RowSide,
    Side,
    Site,
    Sites,
    Step,
    VeffStep,
)

CORD = row("Mean[Gy]", "below", 30.0, id="cord")

# -------------------------------------------------------------------------------- the values of a report


def test_a_report_holds_what_was_asked_and_what_it_was_judged_on() -> None:
    findings = (Finding(code=FindingCode.LINKED_BY_FOLDER, text="by folder"),)
    dvhs = replace(
        dvh_set(uniform_dvh(dose_gy=20.0), uniform_dvh("PTV", dose_gy=50.0)),
        findings=findings,
        sex=Sex.MALE,
        model=Model(end_caps=EndCaps.NONE, between=Between.INTERPOLATED, dose=Interpolation.CUBIC),
    )
    of_lung, other = table(CORD), table(replace(CORD, id="b"), id="other", site="lung")
    report = evaluate([of_lung, other], dvhs)
    assert report.tables == (of_lung, other)
    assert [one.row_id for one in report.outcomes] == ["test-table/cord", "other/b"]
    assert (report.verdict, report.prescription, report.dvh_origin) == (Verdict.PASS, FIFTY_IN_FIVE, "computed")
    assert (report.provenance, report.findings, report.dvhs) == (dvhs.provenance, findings, dvhs)
    assert (report.between, report.dose) == ("interpolated", "cubic")
    assert report.end_caps == "half_slice" or report.end_caps == str(dvhs.dvhs[0].end_caps)
    assert report.software.startswith("sbrtcheck ")
    assert report.compared is NO_OTHER_DVHS
    assert [one.organ for one in report.names.organs] == ["SpinalCord"]
    assert {*report.matches.by_organ} == {"SpinalCord"}
    assert report.course.bed10_gy == pytest.approx(100.0)  # type: ignore[union-attr]
    assert (report.site.ids, report.site.origin) == (("lung",), SiteOrigin.TABLE)
    assert (report.sex, report.laterality, report.reasons) == (Sex.MALE, None, ())
    assert (report.strict, report.include_unconfirmed) == (False, False)
    assert (report.accept_dose, report.allow_lint_errors) == (False, False)


def test_a_report_says_every_choice_of_the_user() -> None:
    expects = (ExpectedOrgan(organ="Heart", structures=("Heart",), choice="x"),)
    sites = Sites(id="s", version="1.0.0", title="S", sites=(Site(id="tongue", title="T", expects=expects),))
    dvhs = dvh_set(uniform_dvh("Sack", dose_gy=29.0), uniform_dvh("Myelon", dose_gy=31.0))
    asked = (table(CORD, row("Mean[Gy]", "below", 30.0, "ThecalSac", id="sac", confirmed_by=())),)
    report = evaluate(
        asked,
        dvhs,
        names={"ThecalSac": "Sack"},
        dictionary={"SpinalCord": ["Myelon"]},
        site="tongue",
        sites=sites,
        accept_dose=True,
        allow_lint_errors=True,
        strict=True,
        include_unconfirmed=True,
        laterality=Side.LEFT,
        sex=Sex.FEMALE,
    )
    assert report.strict
    assert report.include_unconfirmed
    assert report.accept_dose
    assert report.allow_lint_errors
    assert (report.laterality, report.sex) == (Side.LEFT, Sex.FEMALE)
    assert (report.site.ids, report.site.expects, report.site.known) == (("tongue",), expects, ("tongue",))
    assert [(one.contour, one.verdict, one.counts) for one in report.outcomes] == [
        ("Myelon", Verdict.FAIL, True),
        ("Sack", Verdict.PASS, True),
    ]
    near = evaluate_with(asked, dvhs, CheckOptions(accept_dose=True, near_percent=3.0, names={"ThecalSac": "Sack"}))
    assert near.near_percent == 3.0
    assert [one.near_limit for one in near.outcomes if one.contour == "Sack"] == [False]
    nearer = evaluate_with(asked, dvhs, CheckOptions(accept_dose=True, near_percent=3.4, names={"ThecalSac": "Sack"}))
    assert [one.near_limit for one in nearer.outcomes if one.contour == "Sack"] == [True]


def test_end_caps_of_a_report_are_those_of_its_dvhs_each_once() -> None:
    dvhs = [uniform_dvh(name, model=Model(end_caps=caps)) for name, caps in (("A", EndCaps.NONE), ("B", EndCaps.NONE))]
    assert report_on(table(CORD), dvh_set(*dvhs)).end_caps == "none"
    assert report_on(table(CORD), dvh_set(*dvhs, uniform_dvh(model=Model(end_caps=EndCaps.CAPPED)))).end_caps == (
        "capped, none"
    )
    assert report_on(table(CORD), dvh_set(percent_dvh())).end_caps == ""


def test_another_sex_than_the_files_say_is_a_finding_where_a_row_depends_on_it() -> None:
    for_men = replace(CORD, sex=Sex.MALE)
    dvhs = replace(dvh_set(uniform_dvh()), sex=Sex.FEMALE)
    for rows, sex, is_said in (
        ((for_men,), Sex.MALE, True),
        ((for_men,), Sex.FEMALE, False),
        ((for_men,), None, False),
        ((CORD,), Sex.MALE, False),
        ((CORD, for_men), Sex.MALE, True),
    ):
        found = report_on(table(*rows), dvhs, sex=sex).findings
        said = [one for one in found if "sex given" in one.text]
        assert [(one.code, one.text) for one in said] == (
            [(FindingCode.OTHER, "the sex given is male, and the plan's files say female")] if is_said else []
        )


# -------------------------------------------------------------------------------- under one model

MODEL = {"end_caps": EndCaps.NONE, "between": Between.INTERPOLATED, "dose": Interpolation.CUBIC}


@pytest.mark.parametrize(
    ("module", "asked"),
    [("contour_ends", ("between", "dose")), ("dose_check", tuple(MODEL)), ("withdraw", tuple(MODEL))],
)
def test_what_is_computed_beside_is_computed_under_the_same_model(
    module: str, asked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ends of a contour, targets and copies that nobody asked for; in a dose that rises from 5 to 15 Gy along x."""
    plan = plan_of(**{"PTV": -15.0, "SpinalCord": 5.0, "SpinalCord 2": 25.0})
    plan = replace(plan, dose=replace(plan.dose, stored=plan.dose.stored * np.linspace(0.5, 1.5, 32)))
    given: list[dict[str, Any]] = []

    def noted(of: Plan, **options: Any) -> DVHSet:
        given.append(options)
        return compute_dvhs(of, **options)

    dvhs = compute_dvhs(plan, structures=["SpinalCord"], **MODEL)
    monkeypatch.setattr(sys.modules[f"sbrtcheck.judge.{module}"], "compute_dvhs", noted)
    report_on(table(row("V10Gy[cc]", "below", 0.7)), dvhs)
    assert given
    for options in given:
        assert {name: options.get(name) for name in asked} == {name: MODEL[name] for name in asked}


# -------------------------------------------------------------------------------- words that carry a meaning


def test_why_a_limit_by_volume_has_none_names_the_volume() -> None:
    by_veff = LimitByEffectiveVolume(steps=(VeffStep(veff_percent=30.0, limit=50.0),))
    beyond = report_on(table(row("Rx[Gy]", "at_most", by_veff, "Liver")), dvh_set(ramp_dvh("Liver", high_gy=80.0)))
    (outcome,) = beyond.outcomes
    assert outcome.reason is Reason.TARGET_VOLUME_OUTSIDE_RANGE
    assert "ends at 30 %" in outcome.detail
    assert "80 %" in outcome.detail
    (missing,) = report_on(table(row("Rx[Gy]", "at_most", by_veff, "Liver")), dvh_set(uniform_dvh())).outcomes
    assert (missing.reason, "effective volume" in missing.detail) == (Reason.STRUCTURE_MISSING, True)
    by_target = LimitByTargetVolume(steps=(Step(volume_cc=5.0, limit=10.0), Step(volume_cc=9.0, limit=20.0)))
    (stored,) = report_on(table(row("Mean[Gy]", "below", by_target, "PTV")), dvh_set(percent_dvh("PTV"))).outcomes
    assert (stored.reason, "percent" in stored.detail) == (Reason.UNDEFINED_FOR_STORED_DVH, True)


def test_sides_are_said_of_the_structure_or_of_the_organ_that_is_missing() -> None:
    plan = replace(plan_of(**{"Niere links": 20.0, "SpinalCord": 5.0, "PTV": -15.0}), prescription=FIFTY_IN_FIVE)
    asked = row("Mean[Gy]", "below", 30.0, "Kidney_L", "Kidney_R", side=RowSide.IPSILATERAL)
    names = {"Kidney_L": "Niere links"}
    for laterality, subject in ((None, "Kidney_R"), (Side.LEFT, "Niere links")):
        outcomes = report_on(table(asked), compute_dvhs(plan), names=names, laterality=laterality).outcomes
        said = [one for outcome in outcomes for one in outcome.findings if one.code is FindingCode.SIDE_OF_TARGET]
        assert subject in {one.subject for one in said}


# -------------------------------------------------------------------------------- risks

MODELS = load_risk_models()


def test_a_risk_names_its_model_scale_contour_and_dose() -> None:
    dvh = uniform_dvh("Volume 3", dose_gy=8.0, prescription=Prescription(dose_gy=8.0, fractions=4))
    for model in MODELS.ntcp:
        found = ntcp(model, dvh)
        if isinstance(found, NoRisk):
            continue
        assert (found.model, found.contour, found.scale) == (model, "Volume 3", str(model.scale))
        assert found.dose.low <= found.dose.value <= found.dose.high
        if isinstance(model.scale, FractionScale):
            ratio, size = model.scale.alpha_beta_gy, model.scale.fraction_gy
            expected = 8.0 * (2.0 + ratio) / (2.0 + ratio) * (2.0 + ratio) / (size + ratio)
            assert found.dose.value == pytest.approx(expected, rel=1e-3)
        assert ntcp(model.id, dvh) == found
    control = tcp("liver-metastases-control", dose_gy=50.0, fractions=5)
    assert isinstance(control, Risk)
    bed_gy = bed(50.0, fractions=5, alpha_beta_gy=control.model.alpha_beta_gy)  # type: ignore[union-attr]
    assert (control.dose.low, control.dose.value, control.dose.high) == pytest.approx((bed_gy,) * 3)
    assert control.probability.low == control.probability.value == control.probability.high
    assert control.scale == f"BED, a/b {control.model.alpha_beta_gy:g} Gy"  # type: ignore[union-attr]
    far = tcp("liver-metastases-control", dose_gy=60.0, fractions=2)
    assert isinstance(far, Risk)
    assert [one.code for one in far.findings] == [FindingCode.BEYOND_MODEL]


@pytest.mark.parametrize(
    ("fields", "reason", "told"),
    [
        ({"volume_cc": 0.0}, Reason.STRUCTURE_EMPTY, ""),
        ({"uncovered_cc": 10.0}, Reason.DOSE_GRID_MISSING, "outside the dose grid"),
        ({"prescription": replace(FIFTY_IN_FIVE, fractions=100)}, None, ""),
    ],
)
def test_a_dvh_that_says_nothing_has_no_risk(fields: dict[str, Any], reason: Reason | None, told: str) -> None:
    found = ntcp("lung-pneumonitis", uniform_dvh("Lungs", **fields))
    assert isinstance(found, Risk) == (reason is None)
    if isinstance(found, NoRisk):
        assert (found.reason, told in found.detail, found.model.id) == (reason, True, "lung-pneumonitis")


def test_the_range_of_a_control_model_begins_where_it_says() -> None:
    for model in MODELS.tcp:
        least, size = max(model.least_fractions, 1), model.least_dose_per_fraction_gy
        of = {"diameter_cm": 2.0}
        assert isinstance(tcp(model, dose_gy=max(size, 1.0) * least, fractions=least, **of), Risk)
        if size:
            low = tcp(model, dose_gy=size * least * 0.99, fractions=least, **of)
            assert isinstance(low, NoRisk)
            assert f"{size:g} Gy a fraction" in low.detail
        if least > 1:
            few = tcp(model, dose_gy=50.0, fractions=least - 1, **of)
            assert isinstance(few, NoRisk)
            assert f"{least} fractions or more, the course has {least - 1}" in few.detail


@pytest.mark.parametrize(
    ("diameter_cm", "is_one"),
    [(None, True), (0.1, True), (0.0, False), (-1.0, False), ("3", False), (float("nan"), False)],
)
def test_a_diameter_is_a_number_above_0(diameter_cm: Any, is_one: bool) -> None:
    if is_one:
        refuse_diameter(diameter_cm)
        return
    with pytest.raises(InputError):
        refuse_diameter(diameter_cm)


def test_risks_of_a_plan_are_of_the_structures_that_the_user_named() -> None:
    dvhs = dvh_set(uniform_dvh("Volume 3", dose_gy=8.0))
    lacking, named = (risks(dvhs, site="lung", names=names) for names in (None, {"Lungs": "Volume 3"}))
    assert [isinstance(one, NoRisk) for one in lacking] == [True]
    assert lacking[0].reason is Reason.STRUCTURE_MISSING  # type: ignore[union-attr]
    (one,) = named
    assert isinstance(one, Risk)
    assert one.contour == "Volume 3"
    (unlike,) = risks(dvhs, site="lung", names={"Lungs": "Volume 4"})
    assert isinstance(unlike, NoRisk)
    assert "'Volume 4'" in unlike.detail
    with_size = risks(dvhs, tumour="nsclc", names={"Lungs": "Volume 3"}, diameter_cm=2.0)
    assert all(isinstance(each, Risk) for each in with_size)


def test_the_dose_of_a_risk_is_as_close_as_its_model_asks() -> None:
    x_plan = replace(plan_of(Lungs=0.0), prescription=Prescription(dose_gy=10.0, fractions=5))
    dose = replace(x_plan.dose, stored=x_plan.dose.stored * np.linspace(0.2, 1.8, 32) ** 2)
    dvhs = compute_dvhs(replace(x_plan, dose=dose, structures=(Structure(name="Lungs", number=1, contours=box(0.0)),)))
    (found,) = risks(dvhs, site="lung")
    alone = ntcp("lung-pneumonitis", dvhs["Lungs"])
    assert isinstance(found, Risk)
    assert isinstance(alone, Risk)
    assert found.dose.high - found.dose.low < 0.5 * (alone.dose.high - alone.dose.low)
    assert alone.dose.low <= found.dose.value <= alone.dose.high


@pytest.mark.parametrize("model", MODELS.ntcp, ids=lambda one: one.id)
def test_the_dose_of_a_set_is_the_geud_by_its_own_volume_parameter(model: NtcpModel) -> None:
    """Half at 4 Gy and half at 12 Gy, on the scale of the set: the larger 1/n, the nearer to the hotter half."""
    fractions = 5 if isinstance(model.scale, FractionScale) else model.scale.fractions[0]
    at = curve([0.0, 4.0, 4.0, 12.0, 12.0], [10.0, 10.0, 5.0, 5.0, 0.0])
    dvh = uniform_dvh(
        "Organ",
        curve=at,
        lower=at,
        upper=at,
        mean_gy=exact(8.0),
        min_gy=exact(4.0),
        max_gy=exact(12.0),
        prescription=replace(FIFTY_IN_FIVE, fractions=fractions),
    )
    found = ntcp(model, dvh)
    assert isinstance(found, Risk)
    doses_gy = np.array([4.0, 12.0])
    if isinstance(model.scale, FractionScale):
        ratio, size = model.scale.alpha_beta_gy, model.scale.fraction_gy
        doses_gy = doses_gy * (doses_gy / fractions + ratio) / (size + ratio)
    expected = float(np.mean(doses_gy ** (1.0 / model.n)) ** model.n)
    assert found.dose.value == pytest.approx(expected, rel=2e-3)
    assert found.dose.low <= found.dose.value <= found.dose.high
    assert found.probability.low <= found.probability.value <= found.probability.high

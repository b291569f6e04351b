"""Complication and control models: published values, laws, dose scales that are enforced, and mistakes not copied."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import sbrtcheck
from dvh_builders import FIFTY_IN_FIVE, NOT_KNOWN, dvh_set, percent_dvh, ramp_dvh, uniform_dvh
from folders import ROOT
from sbrtcheck.cli import main
from sbrtcheck.dicom import load_plan
from sbrtcheck.dvh import Reason
from sbrtcheck.errors import InputError, UnknownTableError
from sbrtcheck.judge import NoRisk, Risk, ntcp, risks, tcp
from sbrtcheck.plan import Finding, FindingCode, Prescription
from sbrtcheck.radiobiology import bed, logistic_tcp, lyman_ntcp, m_of_gamma50
from sbrtcheck.reference_data import FractionScale, PhysicalScale, load_risk_models
from sbrtcheck.tables import load_sites

SHIPPED = load_risk_models()
HALF_A_PERMILLE = 5e-4 + 1e-9

td50s_gy = st.floats(5.0, 80.0)
widths = st.floats(0.05, 0.6)
doses_gy = st.floats(0.0, 100.0)


def phi(t: float) -> float:
    return 0.5 * math.erfc(-t / math.sqrt(2))


def risk_of(found: Risk | NoRisk) -> float:
    assert isinstance(found, Risk)
    assert found.probability.low <= found.probability.value <= found.probability.high
    return found.probability.value


def whole(prescription: Prescription, dose_gy: float):
    return uniform_dvh(dose_gy=dose_gy, prescription=prescription)


# -------------------------------------------------------------------------------- Lyman's curve


@given(td50s_gy, widths)
def test_half_have_the_complication_at_td50(td50_gy: float, m: float) -> None:
    assert lyman_ntcp(td50_gy, td50_gy=td50_gy, m=m) == 0.5


@given(doses_gy, td50s_gy, widths)
def test_the_probability_is_the_normal_integral(dose_gy: float, td50_gy: float, m: float) -> None:
    found = lyman_ntcp(dose_gy, td50_gy=td50_gy, m=m)
    assert found == pytest.approx(phi((dose_gy - td50_gy) / (m * td50_gy)), abs=1e-12)


@given(doses_gy, st.floats(0.1, 50.0), td50s_gy, widths)
def test_more_dose_never_lowers_the_risk(dose_gy: float, more_gy: float, td50_gy: float, m: float) -> None:
    curve = {"td50_gy": td50_gy, "m": m}
    assert lyman_ntcp(dose_gy + more_gy, **curve) >= lyman_ntcp(dose_gy, **curve)


@given(td50s_gy, st.floats(0.3, 5.0))
def test_the_slope_at_td50_is_gamma50(td50_gy: float, gamma50: float) -> None:
    step = 1e-4
    curve = {"td50_gy": td50_gy, "m": m_of_gamma50(gamma50)}
    rise = lyman_ntcp(td50_gy * (1 + step), **curve) - lyman_ntcp(td50_gy * (1 - step), **curve)
    assert rise / (2 * step) == pytest.approx(gamma50, rel=1e-3)


# dose on the model's own scale, printed probability in percent
@pytest.mark.parametrize(
    ("td50_gy", "m", "dose_gy", "percent"),
    [
        (39.8, 0.12, 30.0, 2.0),
        (39.8, 0.12, 36.0, 21.3),
        (45.8, 0.12, 30.0, 0.20),
        (30.8, 0.37, 8.0, 2.27),
        (30.8, 0.37, 20.0, 17.16),
    ],
)
def test_values_of_the_evidence(td50_gy: float, m: float, dose_gy: float, percent: float) -> None:
    digits = 0.005 if percent in (0.20, 2.27, 17.16) else 0.05
    assert 100 * lyman_ntcp(dose_gy, td50_gy=td50_gy, m=m) == pytest.approx(percent, abs=digits + 1e-9)


# -------------------------------------------------------------------------------- shipped sets on their scales


def test_these_sets_are_shipped_and_those_not_usable_are_not() -> None:
    assert [one.id for one in SHIPPED.ntcp] == [
        "lung-pneumonitis",
        "liver-rild-primary",
        "liver-rild-metastases",
        "liver-enzymes",
    ]
    assert [one.id for one in SHIPPED.tcp] == ["lung-cancer-control", "liver-metastases-control"]
    assert not {14.9, 7.9} & {one.td50_gy for one in SHIPPED.ntcp}  # two lung SBRT sets that contradict each other


SITES = ("lung", "node", "liver", "spine", "abdomen")
TUMOURS = {"nsclc": "lung", "liver-metastasis": "liver", "liver-primary": "liver"}
LUNGS = dvh_set(uniform_dvh("Lungs", dose_gy=8.0))


def ids_of(found: tuple[Risk | NoRisk, ...]) -> list[str]:
    return [one.model.id for one in found]


def test_every_set_is_about_a_tumour_or_an_organ_of_some_sites() -> None:
    models = (*SHIPPED.ntcp, *SHIPPED.tcp)
    assert {one.id: (one.tumour, one.sites) for one in models} == {
        "lung-pneumonitis": ("", ("lung", "node")),
        "liver-rild-primary": ("liver-primary", ()),
        "liver-rild-metastases": ("liver-metastasis", ()),
        "liver-enzymes": ("", ("liver",)),
        "lung-cancer-control": ("nsclc", ()),
        "liver-metastases-control": ("liver-metastasis", ()),
    }
    assert {one.id: one.site for one in SHIPPED.tumours} == TUMOURS
    assert {*TUMOURS.values()} | {site for one in models for site in one.sites} <= {*load_sites().ids}


@pytest.mark.parametrize(
    ("asked", "applied"),
    [
        ({}, []),
        ({"site": ""}, []),
        ({"site": "lung"}, ["lung-pneumonitis"]),
        ({"site": "node"}, ["lung-pneumonitis"]),
        ({"site": "spine"}, []),
        ({"site": "liver"}, ["liver-enzymes"]),
        ({"tumour": "nsclc"}, ["lung-pneumonitis", "lung-cancer-control"]),
        ({"site": "lung", "tumour": "nsclc"}, ["lung-pneumonitis", "lung-cancer-control"]),
        ({"tumour": "liver-primary"}, ["liver-rild-primary", "liver-enzymes"]),
        ({"tumour": "liver-metastasis"}, ["liver-rild-metastases", "liver-enzymes", "liver-metastases-control"]),
        ({"site": ["lung", "liver"]}, ["lung-pneumonitis", "liver-enzymes"]),
    ],
)
def test_a_set_is_applied_where_its_tumour_or_a_site_of_its_organ_is_named(
    asked: dict[str, Any], applied: list[str]
) -> None:
    assert ids_of(risks(LUNGS, **asked)) == applied


@given(st.sets(st.sampled_from(SITES)), st.sampled_from(["", *TUMOURS]))
def test_no_two_tumours_are_told_of_at_once_and_no_set_is_lost(sites: set[str], tumour: str) -> None:
    if tumour and sites and TUMOURS[tumour] not in sites:
        with pytest.raises(InputError, match="is of site"):
            SHIPPED.chosen(sorted(sites), tumour)
        return
    chosen = SHIPPED.chosen(sorted(sites), tumour)
    applied = (*chosen.ntcp, *chosen.tcp)
    assert {one.tumour for one in applied} <= {"", tumour}
    assert sorted(one.id for one in (*applied, *chosen.left_out)) == sorted(
        one.id for one in (*SHIPPED.ntcp, *SHIPPED.tcp)
    )
    assert all({*one.sites} & ({*sites} | {TUMOURS.get(tumour, "")}) for one in applied if not one.tumour)
    for endpoint in {one.endpoint for one in chosen.ntcp}:
        assert len([one for one in chosen.ntcp if one.endpoint == endpoint]) == 1


def test_an_unknown_tumour_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownTableError) as caught:
        risks(LUNGS, tumour="hcc")
    assert str(caught.value) == (
        "no risk model is for a tumour 'hcc'; the tumours are nsclc: non-small cell lung cancer;"
        " liver-metastasis: metastases in the liver; liver-primary: primary liver cancer"
    )


def test_the_enzyme_set_is_miftens_and_the_control_curve_ohris() -> None:
    enzymes = SHIPPED.ntcp_model("liver-enzymes")
    assert enzymes.citation == "HyTEC liver (Miften 2021)"
    assert (enzymes.td50_gy, enzymes.width.gamma50, "P = 0.10" in enzymes.note) == (40.8, 0.95, True)
    assert "Ohri 2021" in SHIPPED.tcp_model("liver-metastases-control").citation
    assert not any("Ohri" in one.citation for one in SHIPPED.ntcp)


@pytest.mark.parametrize("model", [*SHIPPED.ntcp, *SHIPPED.tcp], ids=lambda one: one.id)
def test_every_set_names_source_endpoint_and_readings(model) -> None:
    assert model.source.citation
    assert model.source.where
    assert model.endpoint
    assert model.confirmed_by
    assert model.confirmed or "ingle reading" in model.note


IN_2_GY = Prescription(dose_gy=40.0, fractions=20)


@pytest.mark.parametrize(("dose_gy", "percent"), [(8.0, 2.27), (20.0, 17.16)])
def test_the_lung_set_is_at_home_in_2_gy_fractions(dose_gy: float, percent: float) -> None:
    rx = Prescription(dose_gy=dose_gy, fractions=round(dose_gy / 2))
    found = ntcp("lung-pneumonitis", whole(rx, dose_gy))
    assert 100 * risk_of(found) == pytest.approx(percent, abs=0.01)


@pytest.mark.parametrize(
    ("model", "dose_gy", "percent"),
    [("liver-rild-primary", 30.0, 2.0), ("liver-rild-primary", 36.0, 21.3), ("liver-rild-metastases", 30.0, 0.20)],
)
def test_the_liver_sets_are_at_home_in_1p5_gy_fractions(model: str, dose_gy: float, percent: float) -> None:
    rx = Prescription(dose_gy=dose_gy, fractions=round(dose_gy / 1.5))
    found = ntcp(model, whole(rx, dose_gy))
    assert isinstance(found, Risk)
    assert found.dose.value == pytest.approx(dose_gy, abs=2e-4)
    assert 100 * found.probability.value == pytest.approx(percent, abs=0.05)


def test_td50_in_1p5_gy_fractions_is_the_35p4_gy_of_the_other_reading_in_2_gy_fractions() -> None:
    model = SHIPPED.ntcp_model("liver-rild-primary")
    assert isinstance(model.scale, FractionScale)
    ratio = model.scale.alpha_beta_gy
    assert 39.8 * (1.5 + ratio) / (2 + ratio) == pytest.approx(35.4, abs=0.05)


def test_the_liver_sets_are_not_applied_to_2_gy_doses_as_a_published_script_does() -> None:
    rx = Prescription(dose_gy=36.0, fractions=18)
    script = phi((36.0 - 39.8) / (0.12 * 39.8))  # takes 36 Gy in 2 Gy fractions for the model's own dose
    assert script == pytest.approx(0.213, abs=5e-4)
    ours = risk_of(ntcp("liver-rild-primary", whole(rx, 36.0)))
    assert ours == pytest.approx(phi((36.0 * 4.5 / 4.0 - 39.8) / (0.12 * 39.8)), abs=1e-4)
    assert ours > 0.5


@given(st.floats(5.0, 40.0), st.integers(1, 8))
def test_a_set_takes_the_mean_of_converted_elements_not_the_converted_mean(width_gy: float, n: int) -> None:
    dvh = ramp_dvh(high_gy=width_gy, prescription=Prescription(dose_gy=width_gy, fractions=n))
    found = ntcp("lung-pneumonitis", dvh)
    assert isinstance(found, Risk)
    of_squares = width_gy**2 / 3  # dose is spread evenly from 0
    assert found.dose.value == pytest.approx((of_squares / n + 2.5 * width_gy / 2) / 4.5, abs=1e-3)


@pytest.mark.parametrize(("dose_gy", "n", "percent"), [(13, 3, 5.2), (15, 3, 6.6), (18, 6, 9.2), (20, 6, 11.2)])
def test_the_hytec_liver_set_gives_its_printed_points_in_physical_dose(dose_gy: float, n: int, percent: float) -> None:
    found = ntcp("liver-enzymes", whole(Prescription(dose_gy=dose_gy, fractions=n), dose_gy))
    assert 100 * risk_of(found) == pytest.approx(percent, abs=0.1)


def test_a_physical_set_is_refused_for_other_numbers_of_fractions() -> None:
    assert isinstance(SHIPPED.ntcp_model("liver-enzymes").scale, PhysicalScale)
    found = ntcp("liver-enzymes", whole(IN_2_GY, 13.0))
    assert isinstance(found, NoRisk)
    assert found.reason is Reason.FRACTIONS_DO_NOT_MATCH
    assert "no conversion is known" in found.detail


def test_without_a_number_of_fractions_no_set_is_applied() -> None:
    for model in SHIPPED.ntcp:
        found = ntcp(model, uniform_dvh(prescription=NOT_KNOWN))
        assert isinstance(found, NoRisk)
        assert found.reason is Reason.PRESCRIPTION_UNKNOWN
        assert found.detail == f"the model is for {model.scale}, which needs the number of fractions"


def test_a_dvh_that_was_converted_already_is_refused() -> None:
    found = ntcp("lung-pneumonitis", uniform_dvh().to_eqd2(alpha_beta_gy=10.0))
    assert isinstance(found, NoRisk)
    assert found.reason is Reason.UNIT_UNKNOWN
    assert found.detail.startswith("its doses are EQD2; the model converts physical dose by its own scale: ")


def test_bounds_of_the_dose_are_bounds_of_the_risk() -> None:
    found = ntcp("lung-pneumonitis", ramp_dvh(high_gy=40.0, half_width_gy=0.5))
    assert isinstance(found, Risk)
    assert found.probability.low < found.probability.value < found.probability.high


def test_percent_volumes_are_enough() -> None:
    by_volume = risk_of(ntcp("liver-rild-primary", ramp_dvh(high_gy=30.0)))
    assert risk_of(ntcp("liver-rild-primary", percent_dvh(high_gy=30.0))) == pytest.approx(by_volume)


def test_doses_beyond_the_models_range_are_said() -> None:
    found = ntcp("lung-pneumonitis", whole(Prescription(dose_gy=54.0, fractions=3), 54.0))
    assert isinstance(found, Risk)
    assert [one.code for one in found.findings] == [FindingCode.BEYOND_MODEL]


def test_an_unknown_set_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(UnknownTableError, match="lung-pneumonitis"):
        ntcp("heart", uniform_dvh())
    with pytest.raises(UnknownTableError, match="lung-cancer-control"):
        tcp("heart", dose_gy=50.0, fractions=5)


# -------------------------------------------------------------------------------- control


# diameter in cm, percent for 50 Gy in 5 and for 54 Gy in 3
@pytest.mark.parametrize(("cm", "fifty", "fifty_four"), [(1, 94.8, 99.0), (3, 90.5, 98.0), (5, 83.4, 96.3)])
def test_control_of_lung_cancer_by_diameter(cm: float, fifty: float, fifty_four: float) -> None:
    model = "lung-cancer-control"
    assert risk_of(tcp(model, dose_gy=50, fractions=5, diameter_cm=cm)) == pytest.approx(
        fifty / 100, abs=HALF_A_PERMILLE
    )
    assert risk_of(tcp(model, dose_gy=54, fractions=3, diameter_cm=cm)) == pytest.approx(
        fifty_four / 100, abs=HALF_A_PERMILLE
    )


@pytest.mark.parametrize(("effect", "percent", "rounded"), [(80, 70.4, 0.70), (100, 75.7, 0.76), (180, 90.2, 0.90)])
def test_control_of_liver_metastases_by_bed(effect: float, percent: float, rounded: float) -> None:
    model = SHIPPED.tcp_model("liver-metastases-control")
    found = logistic_tcp(effect, bed50_gy=model.middle.bed50_gy, scale_gy=model.scale_gy)
    assert found == pytest.approx(percent / 100, abs=HALF_A_PERMILLE)
    assert round(found, 2) == rounded


def test_control_of_a_course_is_that_of_its_bed() -> None:
    found = tcp("liver-metastases-control", dose_gy=50.0, fractions=5)
    assert isinstance(found, Risk)
    assert found.dose.value == pytest.approx(bed(50.0, fractions=5, alpha_beta_gy=10.0))
    assert found.probability.value == pytest.approx(1 / (1 + math.exp((16 - 100) / 74)))


@pytest.mark.parametrize(("dose_gy", "n"), [(34.0, 1), (35.0, 5)])
def test_a_course_outside_the_models_range_is_refused(dose_gy: float, n: int) -> None:
    found = tcp("lung-cancer-control", dose_gy=dose_gy, fractions=n, diameter_cm=2.0)
    assert isinstance(found, NoRisk)
    assert found.reason is Reason.FRACTIONS_DO_NOT_MATCH


def test_a_model_that_asks_for_the_diameter_is_not_applied_without() -> None:
    found = tcp("lung-cancer-control", dose_gy=50.0, fractions=5)
    assert isinstance(found, NoRisk)
    assert (found.reason, "diameter" in found.detail) == (Reason.NOT_GIVEN, True)
    with pytest.raises(ValueError, match="diameter_cm"):
        tcp("lung-cancer-control", dose_gy=50.0, fractions=5, diameter_cm=0.0)


@given(st.floats(0.0, 300.0), st.floats(0.1, 50.0))
def test_more_bed_never_controls_less(effect: float, more: float) -> None:
    curve = {"bed50_gy": 16.0, "scale_gy": 74.0}
    assert logistic_tcp(effect + more, **curve) > logistic_tcp(effect, **curve)


# -------------------------------------------------------------------------------- a plan


def test_every_model_is_applied_to_a_plan_or_says_why_not() -> None:
    plan = dvh_set(uniform_dvh("Lungs", dose_gy=8.0), rx=FIFTY_IN_FIVE)
    found = risks(plan, site=["lung", "liver"], tumour="nsclc", diameter_cm=2.0)
    by_model = {one.model.id: one for one in found}
    assert list(by_model) == ["lung-pneumonitis", "liver-enzymes", "lung-cancer-control"]
    assert isinstance(by_model["lung-pneumonitis"], Risk)
    assert isinstance(by_model["lung-cancer-control"], Risk)
    lacking = by_model["liver-enzymes"]
    assert isinstance(lacking, NoRisk)
    assert lacking.reason is Reason.STRUCTURE_MISSING


def test_the_whole_liver_instead_of_the_liver_without_target_is_said() -> None:
    found = risks(dvh_set(uniform_dvh("Liver", dose_gy=8.0)), tumour="liver-primary")
    (one,) = (one for one in found if one.model.id == "liver-rild-primary")
    assert isinstance(one, Risk)
    assert one.findings[0].code is FindingCode.NAME_MATCH


def test_a_risk_says_what_leaves_the_dose_of_its_organ_in_doubt() -> None:
    """Of the contours that it is on, and of the plan as a whole."""
    of_organ = Finding(code=FindingCode.CONTOURS_CONTRADICTORY, text="two readings", subject="Lungs")
    of_plan = Finding(code=FindingCode.REJECTED, text="rejected")
    plan = replace(dvh_set(uniform_dvh("Lungs", dose_gy=8.0, findings=(of_organ,))), findings=(of_plan,))
    lungs, control = risks(plan, site="lung", tumour="nsclc", diameter_cm=2.0)
    assert isinstance(lungs, Risk)
    assert isinstance(control, Risk)
    assert {of_organ, of_plan} <= {*lungs.findings}
    assert of_plan in control.findings


def test_risks_of_a_dose_that_is_not_the_plans_say_so() -> None:
    """A fifth of the dose, and the probability of a fifth."""
    plan = load_plan(EXAMPLES / "lung-50gy-5fx")
    fraction = replace(plan, dose=replace(plan.dose, gy_per_unit=plan.dose.gy_per_unit / 5))
    (whole_course,) = sbrtcheck.risks(plan, site="lung")
    (one,) = sbrtcheck.risks(fraction, site="lung")
    assert isinstance(one, Risk)
    assert risk_of(one) < risk_of(whole_course)
    assert "of one fraction" in one.findings[0].text


def test_nothing_is_said_of_the_control_by_an_unknown_prescription() -> None:
    found = risks(replace(dvh_set(), prescription=NOT_KNOWN), tumour="nsclc")
    assert len(found) == 2
    assert all(isinstance(one, NoRisk) for one in found)


EXAMPLES = ROOT / "examples" / "plans"


def test_the_command_shows_risks_with_endpoint_and_no_verdict() -> None:
    done = CliRunner().invoke(
        main, ["risk", str(EXAMPLES / "lung-50gy-5fx"), "--tumour", "nsclc", "--diameter-cm", "3"]
    )
    assert done.exit_code == 0
    assert "radiation pneumonitis" in done.output
    assert "local control" in done.output
    assert "not verdicts" in done.output
    assert not {"PASS", "FAIL"} & set(done.output.split())


def test_the_command_gives_the_same_to_programs() -> None:
    done = CliRunner().invoke(main, ["risk", str(EXAMPLES / "lung-50gy-5fx"), "--tumour", "nsclc", "--format", "json"])
    listed = json.loads(done.output)
    found = {one["model"]: one for one in listed["risks"]}
    assert 0 < found["lung-pneumonitis"]["probability"]["value"] < 1
    assert found["lung-cancer-control"]["probability"] is None
    assert found["lung-cancer-control"]["tumour"] == "nsclc"
    assert {one["model"]: one["tumour"] for one in listed["left_out"]} == {
        "liver-rild-primary": "liver-primary",
        "liver-rild-metastases": "liver-metastasis",
        "liver-enzymes": None,
        "liver-metastases-control": "liver-metastasis",
    }


def test_the_command_without_site_and_tumour_says_what_was_left_out_and_how_to_ask() -> None:
    done = CliRunner().invoke(main, ["risk", str(EXAMPLES / "lung-50gy-5fx")])
    assert done.exit_code == 0
    assert " %" not in done.output
    assert "No model was asked for, and none is true of every plan." in done.output
    flat = " ".join(done.output.split())
    assert all(one.id in flat for one in (*SHIPPED.ntcp, *SHIPPED.tcp))
    assert "--site lung or --site node: lung-pneumonitis (radiation pneumonitis)" in flat
    assert all(f"--tumour {one.id} ({one.title}): " in flat for one in SHIPPED.tumours)


def test_the_command_asks_about_the_tumour_of_a_liver_plan() -> None:
    plan = str(EXAMPLES / "liver-45gy-3fx")
    general = CliRunner().invoke(main, ["risk", plan, "--site", "liver"]).output.partition("Left out")
    assert "liver-enzymes" in general[0]
    assert "liver-rild" not in general[0]
    assert "--tumour liver-primary (primary liver cancer): liver-rild-primary" in " ".join(general[2].split())
    of_tumour = CliRunner().invoke(main, ["risk", plan, "--site", "liver", "--tumour", "liver-metastasis"]).output
    shown = of_tumour.partition("Left out")[0]
    assert "liver-rild-metastases" in shown
    assert "liver-rild-primary" not in shown


def test_the_help_text_names_every_tumour() -> None:
    done = CliRunner().invoke(main, ["risk", "--help"])
    assert ",".join(one.id for one in SHIPPED.tumours) in "".join(done.output.split())  # lines break at hyphens


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tumour", "hcc"), "the tumours are nsclc: "),
        (("--tumour", "nsclc", "--site", "liver"), "tumour 'nsclc' is of site 'lung', and the plan of 'liver'"),
    ],
)
def test_a_tumour_that_cannot_be_is_an_input_error(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(main, ["risk", str(EXAMPLES / "lung-50gy-5fx"), *words])
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_diameter_that_is_none_is_an_input_error() -> None:
    done = CliRunner().invoke(main, ["risk", str(EXAMPLES / "lung-50gy-5fx"), "--diameter-cm", "-1"])
    assert done.exit_code == 2

"""Known regimens: every number of the evidence, what the review says, and what its sources say instead."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dvh_builders import NOT_KNOWN, dvh_set, row, table, uniform_dvh
from folders import TESTS
from sbrtcheck import evaluate
from sbrtcheck.cli import main
from sbrtcheck.errors import TableError
from sbrtcheck.plan import Prescription
from sbrtcheck.radiobiology import bed
from sbrtcheck.reference_data import load_regimens
from sbrtcheck.reference_data.regimens import RegimenFile, side_of
from sbrtcheck.render import FORMATS
from sbrtcheck.results import Report
from sbrtcheck.tables import Sense, load_table
from sbrtcheck.tables.shipped import read_shipped

SHIPPED = load_regimens()


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


REGIMENS = TESTS / "reference_data" / "regimens.csv"
EVIDENCE = {one["regimen_id"].replace("_", "-").lower(): one for one in lines(REGIMENS)}
HALF_A_DIGIT = 0.005 + 1e-9  # two decimals are printed


# -------------------------------------------------------------------------------- every number


def test_every_regimen_of_the_evidence_is_shipped_and_no_other() -> None:
    assert [one.id for one in SHIPPED.regimens] == list(EVIDENCE)


@pytest.mark.parametrize("one", SHIPPED.regimens, ids=lambda one: one.id)
def test_the_numbers_of_a_regimen_are_those_of_the_evidence(one) -> None:
    printed = EVIDENCE[one.id]
    assert (one.dose_gy, one.fractions) == (float(printed["total_gy"]), int(printed["fractions"]))
    assert one.dose_gy / one.fractions == pytest.approx(float(printed["dose_per_fraction_gy"]), abs=5e-4)
    assert one.bed10_gy == pytest.approx(float(printed["bed10"]), abs=HALF_A_DIGIT)
    assert one.eqd2_ab10_gy == pytest.approx(float(printed["eqd2_ab10"]), abs=HALF_A_DIGIT)
    assert one.bed3_gy == pytest.approx(float(printed["bed3"]), abs=HALF_A_DIGIT)
    assert one.eqd2_ab3_gy == pytest.approx(float(printed["eqd2_ab3"]), abs=HALF_A_DIGIT)


def test_a_bed_that_a_source_prints_is_the_one_computed() -> None:
    printed = {one.id: one.printed_bed10_gy for one in SHIPPED.regimens if one.printed_bed10_gy is not None}
    assert printed == {
        "mediast-35-5": 59.5,
        "mediast-30-5": 48,
        "mediast-50-5": 100,
        "node-48-6": 86,
        "cervix-39-3": 90,
        "lung-54-3": 151.2,
    }
    for one in SHIPPED.regimens:
        if one.printed_bed10_gy is not None:
            assert one.bed10_gy == pytest.approx(one.printed_bed10_gy, abs=0.5)


def test_a_number_of_fractions_that_no_source_states_is_marked() -> None:
    assumed = {one.id for one in SHIPPED.regimens if one.fractions_assumed}
    assert assumed == {"scln-59p4-33", "pelvis-50p4-28", "pelvis-45-25", "node-60-30"}


# -------------------------------------------------------------------------------- where review and sources differ


def test_five_statements_of_the_review_are_not_what_its_sources_say() -> None:
    assert {one.id for one in SHIPPED.statements} == {"survival-by-primary", "loi", "krog", "ernst-stecken", "owen"}
    assert all(one.review and one.source and one.citation for one in SHIPPED.statements)


@pytest.mark.parametrize(
    ("regimen", "sources_number", "reviews_number"),
    [
        ("bone-24-1", "91.8 %", "91.4 %"),
        ("node-48-6", "Locoregional relapse-free survival 79 %", "progression-free survival 79 %"),
        ("node-48-6", "one grade 3 dysphagia", "no late toxicity"),
        ("cervix-39-3", "Local progression-free survival 82.5 %", "100 patients"),
        ("lung-40-5", "21 tumours given 35 Gy and 18 given 40 Gy", "8 Gy in each"),
    ],
)
def test_the_sources_number_is_shipped_and_the_reviews_is_said(
    regimen: str, sources_number: str, reviews_number: str
) -> None:
    (one,) = (one for one in SHIPPED.regimens if one.id == regimen)
    assert sources_number in one.reported
    assert reviews_number not in one.reported
    assert one.differs is not None
    assert reviews_number in one.differs.review


def test_survival_by_primary_tumour_is_that_of_liver_metastases() -> None:
    (one,) = (one for one in SHIPPED.statements if one.id == "survival-by-primary")
    months = dict(one.liver_months)
    assert months == {
        "colorectal": 27,
        "breast": 21,
        "gynaecological": 25,
        "lung": 10,
        "other gastrointestinal": 18,
        "pancreas": 6,
    }
    assert not {37, 32, 30, 26} & set(months.values())  # those are of lung metastases


def test_bed_over_100_and_100_or_more_part_at_50_gy_in_5() -> None:
    (one,) = (one for one in SHIPPED.thresholds if one.id == "bed-100")
    exactly = bed(50.0, fractions=5, alpha_beta_gy=one.alpha_beta_gy)
    assert (one.sense, one.source_sense) == (Sense.ABOVE, Sense.AT_LEAST)
    assert not side_of(exactly, one.bed_gy, one.sense)
    assert side_of(exactly, one.bed_gy, one.source_sense)
    for more in (50.1, 54.0):
        assert side_of(bed(more, fractions=5, alpha_beta_gy=10.0), one.bed_gy, one.sense)
    assert not side_of(bed(49.9, fractions=5, alpha_beta_gy=10.0), one.bed_gy, one.source_sense)


def test_the_beds_for_90_percent_control_are_the_reviews_and_their_source_was_not_read() -> None:
    high = {one.id: (one.bed_gy, one.spread_gy, one.read) for one in SHIPPED.thresholds if one.spread_gy}
    assert high == {
        "control-90-without-chemotherapy": (209, 67, False),
        "control-90-after-chemotherapy": (286, 78, False),
    }


def test_of_the_liver_regimens_75_gy_in_3_alone_reaches_a_bed_of_209() -> None:
    passing = {one.id for one in SHIPPED.regimens if "liver" in one.sites and one.bed10_gy >= 209}
    assert passing == {"liver-75-3"}


def test_700_ml_of_uninvolved_liver_comes_with_the_dose_that_the_review_leaves_out() -> None:
    (rule,) = load_table("liver-critical-volume-3fx").rows
    assert (str(rule.metric), rule.sense, rule.limit) == ("DC700cc[Gy]", Sense.BELOW, 15)


# -------------------------------------------------------------------------------- in reports


def report_of(dose_gy: float, fractions: int, site: str = "multi") -> Report:
    rx = Prescription(dose_gy=dose_gy, fractions=fractions)
    asked = table(row("Max[Gy]", "below", 90.0), fractions=(fractions,), site=site)
    return evaluate(asked, dvh_set(uniform_dvh(), rx=rx))


def test_a_report_says_which_regimens_the_prescription_is_and_where_its_bed_lies() -> None:
    for shown in (FORMATS["text"](report_of(24.0, 1)), FORMATS["markdown"](report_of(24.0, 1)).replace("\\", "")):
        flat = " ".join(shown.split())
        assert "BED 81.60 Gy, EQD2 68.00 Gy (a/b 10)" in flat
        assert "bone non-spine: bone section, reference 97 (Owen 2014)" in flat
        assert "gynae oligometastases: " in flat
        assert "Source: 1-year local control 91.8 %" in flat
        assert "BED > 100 Gy by the review: not reached; >= 100 Gy by its source: not reached" in flat
        assert "BED >= 209 +/- 67 Gy by the review: not reached" in flat


def test_a_report_has_the_same_for_programs() -> None:
    found = report_of(50.0, 5).to_dict()["regimen"]
    assert (found["bed10_gy"], found["eqd2_gy"]) == (100.0, 83.3333)
    assert [one["id"] for one in found["known"]] == ["mediast-50-5", "lung-50-5", "liver-50-5"]
    sides = {one["id"]: (one["met"], one["met_by_source"]) for one in found["thresholds"]}
    assert sides["bed-100"] == (False, True)
    assert sides["control-90-after-chemotherapy"] == (False, False)


def test_a_report_for_one_site_is_told_nothing_of_another() -> None:
    at = {site: report_of(50.0, 5, site).to_dict()["regimen"] for site in ("lung", "node", "liver", "multi")}
    known = {site: [one["id"] for one in found["known"]] for site, found in at.items()}
    assert known == {
        "lung": ["lung-50-5"],
        "node": ["mediast-50-5"],
        "liver": ["liver-50-5"],
        "multi": ["mediast-50-5", "lung-50-5", "liver-50-5"],
    }
    assert [len(at[site]["thresholds"]) for site in ("lung", "node", "liver", "multi")] == [0, 0, 3, 3]
    # places of regimens that are no site of plans, such as the bone, may be at every site
    assert report_of(30.0, 5, "lung").to_dict()["regimen"]["known"][0]["id"] == "bone-30-5"
    for name in ("text", "markdown", "html"):
        assert "liver metastases" in FORMATS[name](report_of(50.0, 5, "liver"))
        assert "liver" not in FORMATS[name](report_of(50.0, 5, "lung"))
    assert "No known regimen for lung has this dose" in FORMATS["text"](report_of(75.0, 3, "lung"))


def test_a_prescription_that_nobody_named_is_no_known_regimen() -> None:
    assert "No known regimen" in FORMATS["text"](report_of(51.0, 5))
    assert report_of(51.0, 5).to_dict()["regimen"]["known"] == []


def test_a_prescription_whose_fractions_were_assumed_is_not_told() -> None:
    assert report_of(60.0, 30).to_dict()["regimen"]["known"] == []


def test_nothing_is_said_of_an_unknown_prescription() -> None:
    report = evaluate(table(row("Max[Gy]", "below", 90.0)), dvh_set(uniform_dvh(), rx=NOT_KNOWN))
    assert report.to_dict()["regimen"] == {"bed10_gy": None, "eqd2_gy": None, "known": [], "thresholds": []}
    assert "\nRegimen" not in FORMATS["text"](report)


def test_the_thresholds_are_of_the_liver_and_are_not_told_to_a_lung_plan() -> None:
    assert {one.site for one in SHIPPED.thresholds} == {"liver"}
    assert not any(one.holds_at("lung") for one in SHIPPED.thresholds)
    assert all(one.holds_at("liver") and one.holds_at(None) and one.holds_at("") for one in SHIPPED.thresholds)


# -------------------------------------------------------------------------------- the command


def test_the_command_lists_the_regimens_of_a_site() -> None:
    shown = CliRunner().invoke(main, ["regimens", "--site", "lung"]).output
    assert "lung-54-3" in shown
    assert "liver-75-3" not in shown
    assert "Review: 8 Gy in each of 5 fractions" in " ".join(shown.split())


def test_the_command_lists_everything_for_programs() -> None:
    found = json.loads(CliRunner().invoke(main, ["regimens", "--format", "json"]).output)
    assert found["schema"] == "sbrtcheck-regimens/1"
    assert (len(found["regimens"]), len(found["thresholds"]), len(found["statements"])) == (52, 3, 5)


def test_the_review_gives_no_dose_for_the_brain_and_none_is_made_up() -> None:
    assert not any("brain" in one.sites for one in SHIPPED.regimens)
    assert {one.site for one in SHIPPED.without_dose} == {"brain"}
    assert not any("Gy" in f"{one.treatment} {one.reported}" for one in SHIPPED.without_dose)
    shown = CliRunner().invoke(main, ["regimens", "--site", "brain"]).output
    lines = [line for line in shown.splitlines() if line.startswith("brain-")]
    assert len(lines) == 5
    assert all(line.split("not stated")[1].split()[:3] == ["-", "-", "-"] for line in lines)
    found = json.loads(CliRunner().invoke(main, ["regimens", "--site", "brain", "--format", "json"]).output)
    assert (found["regimens"], len(found["without_dose"])) == ([], 5)
    assert {one["reported_by"] for one in found["without_dose"]} == {"review"}
    assert not json.loads(CliRunner().invoke(main, ["regimens", "--site", "lung", "--format", "json"]).output)[
        "without_dose"
    ]


# number as the review's brain section prints it
@pytest.mark.parametrize(
    ("treatment", "printed"),
    [
        ("brain-wbrt", "from 3 to 7 months"),
        ("brain-surgery-wbrt", "10 to 11.5 months against 6 months"),
        ("brain-srs", "fewer than 5 metastases"),
        ("brain-srs-wbrt", "10.6 against 5.3 months (P = 0.001), local control 88.9 % against 55.6 %"),
        ("brain-srs-wbrt", "time to progression 8.1 against 4 months"),
    ],
)
def test_what_the_review_reports_of_the_brain_is_as_printed(treatment: str, printed: str) -> None:
    (one,) = (one for one in SHIPPED.without_dose if one.id == treatment)
    assert printed in one.reported


def test_a_faulty_file_is_refused_with_its_lines(tmp_path: Path) -> None:
    head = 'id: x\nversion: "1.0.0"\ntitle: t\ncitation: c\nnote: n\n'
    text = f"{head}thresholds: []\nstatements: []\nregimens:\n  - id: a\n"
    tmp_path.joinpath("regimens.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_shipped("regimens.yaml", RegimenFile, tmp_path)
    assert "constraints/regimens.yaml:9: 'dose_gy' is missing; add it" in map(str, caught.value.faults)

"""A clinic's dictionary from the command line and from Python: the same everywhere, and told as a rule of its own."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pydicom
import pytest
from click.testing import CliRunner, Result

import sbrtcheck
from folders import ROOT
from sbrtcheck import api, cli
from sbrtcheck.options import CheckOptions
from sbrtcheck.structure_names import Rule

pytestmark = pytest.mark.usefixtures("computed_once")

EXAMPLE = ROOT / "examples" / "plans" / "lung-50gy-5fx"
OTHER_NAMES = {"Heart": "Cor A", "Bronchus_Main": "Bronchus", "Esophagus": "Speise 1", "PTV": "Zielgebiet"}
DICTIONARY = {organ: [name] for organ, name in OTHER_NAMES.items()}
TABLE = "rtog-0813"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with the names of a clinic of its own."""
    folder = tmp_path_factory.mktemp("renamed") / "plan"
    shutil.copytree(EXAMPLE, folder)
    for file in folder.iterdir():
        dataset = pydicom.dcmread(file)
        if dataset.Modality == "RTSTRUCT":
            for roi in dataset.StructureSetROISequence:
                roi.ROIName = OTHER_NAMES.get(roi.ROIName, roi.ROIName)
            dataset.save_as(file)
    return folder


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    file = tmp_path / "dictionary.yaml"
    lines = (f"{organ}: ['{name}', 'Of another plan {organ}']\n" for organ, name in OTHER_NAMES.items())
    file.write_text("# ours\n" + "".join(lines), encoding="utf-8")
    return file


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.main, [*map(str, words)], catch_exceptions=False)


def as_dict(report: sbrtcheck.Report) -> dict[str, object]:
    """A report without the rules, which are what should differ."""
    found = report.to_dict()
    for outcome in found["outcomes"]:
        outcome.pop("rule")
        outcome.pop("rules", None)
    return found


def test_a_check_by_a_dictionary_is_the_check_by_names_but_for_the_rule(plan: Path, dictionary: Path) -> None:
    by_dictionary = sbrtcheck.check(plan, TABLE, dictionary=dictionary)
    by_names = sbrtcheck.check(plan, TABLE, names=OTHER_NAMES)
    assert as_dict(by_dictionary)["outcomes"] == as_dict(by_names)["outcomes"]
    assert by_dictionary.verdict == by_names.verdict
    rules = {rule for o in by_dictionary.outcomes if o.structure and o.organ == "Heart" for rule in o.structure.rules}
    assert rules <= {Rule.DICTIONARY}
    matched = {organ.organ: organ.match for organ in by_dictionary.names.organs}
    assert [getattr(matched[organ], "rule", None) for organ in ("Heart", "PTV")] == [Rule.DICTIONARY] * 2


def test_without_it_the_rows_ask(plan: Path) -> None:
    report = sbrtcheck.check(plan, TABLE)
    assert report.verdict is sbrtcheck.Verdict.REVIEW or report.verdict is sbrtcheck.Verdict.FAIL
    assert {o.contour for o in report.outcomes} & set(OTHER_NAMES.values()) == set()


def test_a_mapping_a_file_and_the_steps_one_at_a_time_come_to_the_same(plan: Path, dictionary: Path) -> None:
    by_file = sbrtcheck.check(plan, TABLE, dictionary=dictionary)
    assert as_dict(sbrtcheck.check(plan, TABLE, dictionary=DICTIONARY)) == as_dict(by_file)
    table = sbrtcheck.load_table(TABLE)
    dvhs = sbrtcheck.compute_dvhs(sbrtcheck.load_plan(plan), names=CheckOptions.read(dictionary=DICTIONARY).names)
    stepwise = sbrtcheck.evaluate(table, dvhs, dictionary=dictionary)
    assert [str(o.verdict) for o in stepwise.outcomes] == [str(o.verdict) for o in by_file.outcomes]


def test_every_report_says_that_the_dictionary_did_it(plan: Path, dictionary: Path) -> None:
    text = run("check", plan, "--table", TABLE, "--dictionary", dictionary, "--quiet")
    assert "Cor A (the clinic's dictionary)" in " ".join(text.stdout.split())
    rows = json.loads(run("check", plan, "--table", TABLE, "--dictionary", dictionary, "--format", "json").stdout)
    assert "the clinic's dictionary" in json.dumps(rows)
    names = json.loads(run("names", plan, "--table", TABLE, "--dictionary", dictionary, "--format", "json").stdout)
    assert {o["organ"]: o["rule"] for o in names["organs"]}["Heart"] == "the clinic's dictionary"
    assert names["remarks"] == []  # spellings of other plans are no names that this one lacks


def test_names_are_learned_and_then_match_by_themselves(plan: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.yaml"
    names.write_text("".join(f"{organ}: '{name}'\n" for organ, name in OTHER_NAMES.items()), encoding="utf-8")
    learned = tmp_path / "learned.yaml"
    first = run("names", plan, "--table", TABLE, "--names", names, "--learn", learned)
    assert first.exit_code == 0
    assert (
        "added to learned.yaml: Bronchus_Main: 'Bronchus', Esophagus: 'Speise 1', Heart: 'Cor A', PTV" in first.stderr
    )
    content = learned.read_bytes()
    again = run("names", plan, "--table", TABLE, "--names", names, "--learn", learned)
    assert "added to learned.yaml: nothing" in again.stderr
    assert learned.read_bytes() == content
    by_dictionary = sbrtcheck.check(plan, TABLE, dictionary=learned)
    assert as_dict(by_dictionary)["outcomes"] == as_dict(sbrtcheck.check(plan, TABLE, names=OTHER_NAMES))["outcomes"]


def test_a_number_is_learned_as_the_name_that_it_is(plan: Path, tmp_path: Path) -> None:
    number = next(roi.number for roi in sbrtcheck.load_plan(plan).structures if roi.name == "Cor A")
    learned = api.learn_names(plan, {"Heart": f"ROI {number}"}, tmp_path / "learned.yaml")
    assert learned.added == (("Heart", "Cor A"),)
    assert "ROI" not in (tmp_path / "learned.yaml").read_text(encoding="utf-8")


def test_learning_needs_names(plan: Path, tmp_path: Path) -> None:
    done = run("names", plan, "--table", TABLE, "--learn", tmp_path / "learned.yaml")
    assert done.exit_code == 2
    assert "--learn needs --names" in done.stderr


def test_an_organ_of_a_clinics_own_table_may_stand_in_its_dictionary(plan: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    text = (ROOT / "examples" / "my-clinic.yaml").read_text(encoding="utf-8")
    assert "union: [SpinalCord, Medulla]" in text
    own.write_text(text.replace("Medulla", "Cor_Special"), encoding="utf-8")
    report = sbrtcheck.check(plan, own, dictionary={"Cor_Special": ["Cor A"]})
    assert "SpinalCord + Cor A" in {outcome.contour for outcome in report.outcomes}
    with pytest.raises(sbrtcheck.SbrtcheckError, match="no table has an organ 'Cor_Special'"):
        sbrtcheck.check(plan, TABLE, dictionary={"Cor_Special": ["Cor A"]})


def test_faults_of_a_dictionary_are_input_that_cannot_be_used(plan: Path, tmp_path: Path) -> None:
    file = tmp_path / "dictionary.yaml"
    file.write_text("Hart: [a]\nLiver: [Heart]\n", encoding="utf-8")
    for words in (
        ("check", plan, "--table", TABLE),
        ("names", plan, "--table", TABLE),
        ("compare", plan, EXAMPLE, "--table", TABLE),
        ("risk", plan),
        ("sum", plan),
        ("batch", plan, "--table", TABLE, "--out", tmp_path / "out.csv"),
    ):
        done = run(*words, "--dictionary", file)
        assert done.exit_code == 2, words
        assert f"{file}:1: " in done.stderr
        assert f"{file}:2: " in done.stderr
    assert not (tmp_path / "out.csv").exists()


def test_plans_with_other_names_are_compared_by_one_dictionary(plan: Path, dictionary: Path) -> None:
    comparison = sbrtcheck.compare(plan, EXAMPLE, TABLE, dictionary=dictionary)
    first, second = (as_dict(report)["summary"] for report in (comparison.first, comparison.second))
    assert first == second


def test_risks_and_sums_know_the_names_too(plan: Path, dictionary: Path) -> None:
    structures = {getattr(risk, "contour", "") for risk in sbrtcheck.risks(plan, dictionary=dictionary, site="lung")}
    assert structures == {
        getattr(risk, "contour", "") for risk in sbrtcheck.risks(plan, names=OTHER_NAMES, site="lung")
    }
    summed = sbrtcheck.accumulate(plan, {"Heart": 3.0}, dictionary=dictionary)
    assert [dvh.name for dvh in summed.cumulative.dvhs] == ["Cor A"]


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_batch_sends_the_dictionary_to_its_processes(plan: Path, dictionary: Path, tmp_path: Path, jobs: int) -> None:
    out = tmp_path / "out.csv"
    done = run("batch", plan.parent, "--table", TABLE, "--dictionary", dictionary, "--out", out, "--jobs", jobs)
    assert done.exit_code == 0, done.stderr
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["contour"] for row in rows} >= {"Cor A", "Speise 1", "Zielgebiet"}

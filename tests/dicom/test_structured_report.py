"""A report as a DICOM Structured Report, read again by highdicom: the same values, and no value of what has none."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from highdicom import sr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread

import dicom_files as files
import sbrtcheck
from folders import ROOT
from sbrtcheck import api
from sbrtcheck.cli import main
from sbrtcheck.dicom.structured_report import ReportContent, ReportedOrgan, ReportedRow, Said, structured_report
from sbrtcheck.dvh import Reason
from sbrtcheck.errors import InputError
from sbrtcheck.metric import Measurement, NotMeasured, Unit
from sbrtcheck.results import Report
from sbrtcheck.results.noted import new_note, new_sign_off, plan_uid, with_notes
from sbrtcheck.tables.notes import PlanNotes
from validator import faults, needs_validator

pytestmark = pytest.mark.usefixtures("computed_once")

LUNG = ROOT / "examples" / "plans" / "lung-50gy-5fx"
UIDS = {"plan": files.PLAN_UID, "structure_set": files.SET_UID, "doses": (files.DOSE_UID,)}
HEART = ReportedOrgan(organ="Heart", contour="", rows=())
NOON = datetime(2026, 2, 3, 12, 0, 0)
# of ucum.org
UCUM = {
    "Gy": "Gy",
    "cGy": "cGy",
    "cc": "cm3",
    "%": "%",
    "%Rx": "%",
    "%PTV": "%",
    "ratio": "1",
    "count": "1",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = [files.dose(), files.structure_set(), files.plan()]
    for number, dataset in enumerate(made):
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.77", f"2.25.78{number}"
    return files.write_plan(tmp_path_factory.mktemp("plan"), *made)


@pytest.fixture(scope="module")
def report() -> Report:
    return sbrtcheck.check(LUNG, ["rtog-0813", "tg101-5fx"])


@pytest.fixture(scope="module")
def written(report: Report) -> sr.ComprehensiveSR:
    return read(api.report_as_sr(report, LUNG, made_at=NOON))


def read(content: bytes) -> sr.ComprehensiveSR:
    document = sr.srread(BytesIO(content))
    assert isinstance(document, sr.ComprehensiveSR)
    assert isinstance(document.content, sr.MeasurementReport)
    return document


def groups(document: sr.ComprehensiveSR) -> list[Any]:
    return document.content.get_image_measurement_groups()


def row_of(measurement: Any) -> str:
    """What its Tracking Identifier (112039, DCM) says."""
    (row,) = (item.value for item in measurement[0].ContentSequence if item.name.value == "112039")
    return str(row)


def organ_of(group: Any) -> str:
    (site,) = group.finding_sites
    return str(site.value.value)


def measurements(document: sr.ComprehensiveSR) -> dict[tuple[str, str], Any]:
    """By organ and row, each once: a row may be asked of the left and of the right organ."""
    found = [((organ_of(group), row_of(one)), one) for group in groups(document) for one in group.get_measurements()]
    assert len(dict(found)) == len(found)
    return dict(found)


def numbers_below(measurement: Any) -> dict[str, float]:
    return {item.name.value: item.value for item in measurement[0].ContentSequence if item.ValueType == "NUM"}


def verdicts(document: sr.ComprehensiveSR) -> dict[tuple[str, str], Dataset]:
    """By organ and row, the item of its verdict."""
    return {
        (organ_of(group), str(item.name.value)): item
        for group in groups(document)
        for item in group[0].ContentSequence
        if item.ValueType == "CODE" and item.RelationshipType == "CONTAINS"
    }


def said(item: Dataset) -> dict[str, str]:
    return {str(one.name.value): str(one.value) for one in item.get("ContentSequence", ()) if one.ValueType == "TEXT"}


def of_whole(document: sr.ComprehensiveSR) -> Dataset:
    (container,) = (
        item for item in document.content[0].ContentSequence if item.name.meaning == "Qualitative Evaluations"
    )
    return container


def one_line(text: str) -> str:
    """What of a text can be the value of a code."""
    return "".join(char if char.isprintable() else " " for char in text).strip().replace("\\", "/")


# -------------------------------------------------------------------------------- laws


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=90).filter(
    lambda text: any(char.isprintable() and not char.isspace() for char in text)
)
values = st.floats(-1e6, 1e6)


@st.composite
def any_row(draw: st.DrawFn, name: str) -> ReportedRow:
    low, value, high = sorted(draw(st.lists(values, min_size=3, max_size=3)))
    unit = draw(st.sampled_from(Unit))
    measured = Measurement(value=value, low=low, high=high, unit=unit, open_above=draw(st.booleans()))
    return ReportedRow(
        row=name,
        metric=draw(texts),
        measured=draw(st.sampled_from((measured, NotMeasured(reason=Reason.STRUCTURE_MISSING)))),
        verdict="PASS",
        numbers=draw(st.dictionaries(st.sampled_from(("limit", "limit of the acceptable variation")), values)),
        said=(Said(heading="why there is no value", text=draw(texts)),),
    )


@st.composite
def any_content(draw: st.DrawFn) -> ReportContent:
    names = draw(st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True))
    organs = tuple(
        ReportedOrgan(organ=draw(texts), contour=draw(texts | st.just("")), rows=(draw(any_row(f"table/row-{name}")),))
        for name in names
    )
    return ReportContent(verdict="REVIEW", said=(Said(heading="REVIEW", text=draw(texts)),), organs=organs)


@settings(max_examples=30)
@given(any_content())
def test_what_is_written_is_read_again_to_the_last_digit_and_nothing_is_made_up(
    folder: Path, content: ReportContent
) -> None:
    document = read(structured_report(content, folder, UIDS, made_at=NOON))
    rows = {(one_line(organ.organ), row.row): row for organ in content.organs for row in organ.rows}
    read_again, read_verdicts = measurements(document), verdicts(document)
    assert set(read_verdicts) == set(rows)
    assert set(read_again) == {name for name, row in rows.items() if isinstance(row.measured, Measurement)}
    for name, item in read_again.items():
        measured = rows[name].measured
        assert isinstance(measured, Measurement)
        assert (item.value, item.unit.value) == (measured.value, UCUM[measured.unit])
        upper = {} if measured.open_above else {"upper bound": measured.high}
        assert numbers_below(item) == {"lower bound": measured.low, **upper, **rows[name].numbers}


@settings(max_examples=10)
@given(any_content())
def test_the_same_report_at_the_same_time_is_the_same_instance_and_another_is_not(
    folder: Path, content: ReportContent
) -> None:
    first, again = (structured_report(content, folder, UIDS, made_at=NOON) for _ in range(2))
    assert first == again
    later = structured_report(content, folder, UIDS, made_at=NOON.replace(hour=13))
    assert read(first).SOPInstanceUID != read(later).SOPInstanceUID
    assert [group.tracking_uid for group in groups(read(first))] == [g.tracking_uid for g in groups(read(later))]


@pytest.mark.slow
@needs_validator
@settings(max_examples=15)
@given(any_content())
def test_the_validator_finds_nothing_whatever_the_names_are(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, content: ReportContent
) -> None:
    written = structured_report(content, folder, UIDS, made_at=NOON)
    found = faults(written, tmp_path_factory.mktemp("one"))
    assert [line for line in found if "DICOMDIR" not in line] == []  # which the plan's files lack: date, time, study ID


@pytest.mark.slow
@needs_validator
@pytest.mark.parametrize("plan", sorted((ROOT / "examples" / "plans").iterdir()), ids=lambda plan: plan.name)
def test_the_validator_finds_nothing_in_the_reports_of_the_bundled_plans(plan: Path, tmp_path: Path) -> None:
    report = sbrtcheck.check(plan, site=plan.name.partition("-")[0])
    assert faults(api.report_as_sr(report, plan, made_at=NOON), tmp_path) == []


# -------------------------------------------------------------------------------- a report


def test_every_row_of_a_report_is_there_with_its_value_bounds_limit_and_verdict(
    report: Report, written: sr.ComprehensiveSR
) -> None:
    found, judged = measurements(written), verdicts(written)
    assert set(judged) == {(outcome.organ, outcome.row_id) for outcome in report.outcomes}
    for outcome in report.outcomes:
        item = judged[outcome.organ, outcome.row_id]
        assert item.value.value == outcome.verdict.replace("_", " ")
        assert outcome.constraint.source.citation in said(item)["source"]
        if isinstance(outcome.measurement, NotMeasured):
            assert (outcome.organ, outcome.row_id) not in found
            continue
        measured = found[outcome.organ, outcome.row_id]
        assert measured.value == outcome.measurement.value
        assert measured.unit.value == UCUM[outcome.measurement.unit]
        assert str(outcome.constraint.metric) in measured.name.meaning
        assert numbers_below(measured)["lower bound"] == outcome.measurement.low
        assert numbers_below(measured).get("limit") == outcome.limit_used
        if outcome.limit_used:
            percent = 100 * outcome.measurement.value / outcome.limit_used
            assert float(said(item)["% of limit"].removesuffix(" %")) == pytest.approx(percent, abs=0.51)


def test_a_row_without_a_value_says_why_and_has_no_number(report: Report, written: sr.ComprehensiveSR) -> None:
    without = [outcome for outcome in report.outcomes if isinstance(outcome.measurement, NotMeasured)]
    assert without
    judged = verdicts(written)
    for outcome in without:
        item = judged[outcome.organ, outcome.row_id]
        assert item.value.value == "NOT EVALUATED"
        assert said(item)["why there is no value"] == str(outcome.reason)


def test_a_group_is_an_organ_with_its_contour_and_its_finding_site(report: Report, written: sr.ComprehensiveSR) -> None:
    expected = {(o.organ, o.contour or f"{o.organ}: no contour") for o in report.outcomes}
    found = [(group.finding_sites[0].value.value, group.tracking_identifier) for group in groups(written)]
    assert set(found) == expected
    assert len(found) == len(expected)
    assert len({group.tracking_uid for group in groups(written)}) == len(found)


def test_what_keeps_a_report_from_a_pass_is_said_of_the_whole(report: Report, written: sr.ComprehensiveSR) -> None:
    whole = of_whole(written)
    assert [item.value.value for item in whole.ContentSequence if item.ValueType == "CODE"] == [str(report.verdict)]
    lines = [str(item.value) for item in whole.ContentSequence if item.ValueType == "TEXT"]
    assert all(reason.text in lines for reason in report.reasons)
    assert any("not a replacement for review" in line for line in lines)
    assert (written.CompletionFlag, written.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert (written.ContentDate, written.ContentTime) == ("20260203", "120000")


def test_notes_stand_on_their_rows_and_sign_offs_on_the_whole(report: Report) -> None:
    note = new_note(report.outcomes[1], "seen twice", "AB")
    lost = replace(note, note="x", row="gone", hash="0")
    notes = PlanNotes(plan_uid=plan_uid(report), notes=(note, lost), sign_offs=(new_sign_off(report, "CD"),))
    document = read(api.report_as_sr(with_notes(report, notes), LUNG, made_at=NOON))
    noted = {row: said(item)["note"] for row, item in verdicts(document).items() if "note" in said(item)}
    outcome = report.outcomes[1]
    assert noted == {(outcome.organ, outcome.row_id): "seen twice (AB)"}
    of_all = said(of_whole(document))
    assert of_all["sign-off"] == "CD"
    assert "which this report does not have: x" in of_all["note"]


def test_the_verdict_is_in_lists_of_series_and_what_is_in_containers_stands_below_each_other(
    report: Report, written: sr.ComprehensiveSR
) -> None:
    """Viewers show items of a continuous container as running text: values without their names."""
    assert str(report.verdict) in written.SeriesDescription
    open_items, containers = [written.content[0]], []
    while open_items:
        item = open_items.pop()
        containers += [item] if item.ValueType == "CONTAINER" else []
        open_items += item.get("ContentSequence", ())
    assert len(containers) == len(groups(written)) + 3  # the root, the measurements, the evaluations of the whole
    assert {item.ContinuityOfContent for item in containers} == {"SEPARATE"}


def test_the_plans_files_are_its_evidence_by_study_and_series(folder: Path) -> None:
    content = ReportContent(verdict="PASS", said=(), organs=(HEART,))
    document = read(structured_report(content, folder, UIDS, made_at=NOON))
    assert {(str(study), str(series), str(instance)) for study, series, instance, _ in document.get_evidence()} == {
        ("2.25.77", "2.25.780", files.DOSE_UID),
        ("2.25.77", "2.25.781", files.SET_UID),
        ("2.25.77", "2.25.782", files.PLAN_UID),
    }


def test_a_report_without_rows_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="has no row"):
        structured_report(ReportContent(verdict="PASS", said=(), organs=()), folder, UIDS, made_at=NOON)


def test_files_of_no_series_are_refused(tmp_path: Path) -> None:
    made = [files.dose(), files.structure_set(), files.plan()]
    for dataset in made:
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.77", "2.25.78"
    del made[1].SeriesInstanceUID
    content = ReportContent(verdict="PASS", said=(), organs=(HEART,))
    with pytest.raises(InputError, match="no Study or Series Instance UID"):
        structured_report(content, files.write_plan(tmp_path, *made), UIDS, made_at=NOON)


# -------------------------------------------------------------------------------- the command


def test_the_command_writes_it_and_the_exit_code_is_that_of_the_verdict(report: Report, tmp_path: Path) -> None:
    out = tmp_path / "report.dcm"
    words = ["check", str(LUNG), "--table", "rtog-0813", "--format", "dicom-sr", "--out", str(out)]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, done.output) == (0, "")
    alone = {(o.organ, o.row_id): o.measurement for o in sbrtcheck.check(LUNG, "rtog-0813").outcomes}
    assert {row: one.value for row, one in measurements(read(out.read_bytes())).items()} == {
        row: measured.value for row, measured in alone.items() if isinstance(measured, Measurement)
    }
    assert dcmread(out).PatientID == dcmread(LUNG / "rtplan.dcm").PatientID


def test_without_highdicom_the_command_that_installs_it_is_named_and_nothing_computed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "sbrtcheck.dicom.structured_report.find_spec", lambda name: None if name == "highdicom" else find(name)
    )
    words = ["check", "nowhere", "--table", "rtog-0813", "--format", "dicom-sr", "--out", str(tmp_path / "r.dcm")]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "a DICOM Structured Report needs highdicom; " in done.stderr
    assert "[sr]" in done.stderr

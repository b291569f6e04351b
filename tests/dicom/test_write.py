"""What is written as DICOM is valid, of the right patient, and says the same when it is read again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

import dicom_files as files
import sbrtcheck
from dvh_builders import curve, dvh_set, exact, percent_dvh, ramp_dvh, uniform_dvh
from folders import ROOT
from sbrtcheck import api
from sbrtcheck.cli import main, streams
from sbrtcheck.dicom.dvh_dose import BIN_GY, dvh_rtdose, omission_lines
from sbrtcheck.dicom.encapsulated import encapsulated_pdf
from sbrtcheck.dicom.general import PydicomElements
from sbrtcheck.dicom.origin import origin_of
from sbrtcheck.dicom.stored import stored_dvhs
from sbrtcheck.dicom.structured_report import ReportContent, ReportedOrgan, structured_report
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Reason
from sbrtcheck.errors import InputError
from validator import faults, needs_validator

PLANS = ROOT / "examples" / "plans"
LUNG = PLANS / "lung-50gy-5fx"
UIDS = {"plan": files.PLAN_UID, "structure_set": files.SET_UID, "doses": (files.DOSE_UID,)}
PDF = b"%PDF-1.4 of an odd length"
MADE_AT = datetime(2026, 2, 3, 4, 5, 6)
CONTENT = ReportContent(verdict="PASS", said=(), organs=(ReportedOrgan(organ="Heart", contour="", rows=()),))


def headers(**fields: Any) -> list[Dataset]:
    """The test's RTDOSE, RTSTRUCT and RTPLAN, in one study."""
    made = [files.dose(), files.structure_set(), files.plan()]
    for number, dataset in enumerate(made):
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.77", f"2.25.78{number}"
        for keyword, value in fields.items():
            setattr(dataset, keyword, value)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write_plan(tmp_path_factory.mktemp("plan"), *headers())


def read(content: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(content))


def set_of(*dvhs: DVH, **fields: Any) -> DVHSet:
    return replace(dvh_set(*dvhs), provenance=UIDS, **fields)


def read_back(content: bytes, names: Sequence[str]) -> DVHSet:
    by_number = {number: (name, "") for number, name in enumerate(names, start=1)}
    rx = sbrtcheck.Prescription(dose_gy=50.0, fractions=5)
    return stored_dvhs(
        PydicomElements(read(content)),
        "RD",
        names=by_number,
        maximum_gy=None,
        prescription=rx,
        provenance={},
        findings=(),
    )


# -------------------------------------------------------------------------------- laws


@st.composite
def any_dvh(draw: st.DrawFn) -> DVH:
    """A falling curve with steps and plateaus anywhere, up to 90 Gy, from a thousandth of a cc to ten litres."""
    volume = draw(st.floats(1e-3, 1e4))
    doses = sorted(draw(st.lists(st.floats(0.0, 90.0), min_size=2, max_size=12)))
    shares = sorted(draw(st.lists(st.floats(0.0, 1.0), min_size=len(doses), max_size=len(doses))), reverse=True)
    one = curve([0.0, *doses, doses[-1]], [volume, *(share * volume for share in shares), 0.0])
    numbers = {"min_gy": exact(doses[0]), "mean_gy": exact(doses[0]), "max_gy": exact(doses[-1])}
    return ramp_dvh(volume_cc=volume, curve=one, lower=one, upper=one, **numbers)


@settings(max_examples=40)
@given(any_dvh(), st.lists(st.floats(0.0, 95.0), min_size=5, max_size=20))
def test_volumes_read_back_are_those_of_doses_within_a_bin(folder: Path, dvh: DVH, doses_gy: list[float]) -> None:
    back = read_back(dvh_rtdose(set_of(dvh), folder), [dvh.name])[dvh.name]
    assert back.volume == pytest.approx(dvh.volume, rel=1e-8)
    asked = np.array(doses_gy)
    noise, step = 1e-8 * dvh.volume, BIN_GY * (1 + 1e-9) + 1e-3  # equal doses are those within a share of the largest
    found = np.array([band.value for band in back.volume_at_doses(asked)])
    above, below = (dvh.curve.volume_at(asked + way * step) for way in (1, -1))
    assert np.all(found >= above - noise)
    assert np.all(found <= below + noise)


@settings(max_examples=40)
@given(any_dvh(), st.lists(st.floats(0.001, 0.999), min_size=5, max_size=20))
def test_doses_read_back_are_those_of_the_same_volumes_within_a_bin(
    folder: Path, dvh: DVH, shares: list[float]
) -> None:
    back = read_back(dvh_rtdose(set_of(dvh), folder), [dvh.name])[dvh.name]
    for share in shares:
        found = back.dose_at_volume(share * back.volume).value
        # volumes have nine digits, and on a plateau the last of them may move the dose to its other end
        ends = dvh.curve.dose_at(np.array([share + 1e-8, share - 1e-8]) * dvh.volume)
        assert ends[0] - BIN_GY - 2e-3 <= found <= ends[1] + BIN_GY + 2e-3


@settings(max_examples=10)
@given(st.lists(any_dvh(), min_size=1, max_size=3))
def test_the_same_dvhs_give_the_same_bytes_and_others_another_uid(folder: Path, dvhs: list[DVH]) -> None:
    named = [replace(dvh, name=f"structure {n}") for n, dvh in enumerate(dvhs)]
    first, again = (dvh_rtdose(set_of(*named), folder) for _ in range(2))
    assert first == again
    other = read(dvh_rtdose(set_of(*named, uniform_dvh("one more")), folder))
    assert other.SOPInstanceUID != read(first).SOPInstanceUID
    assert other.SeriesInstanceUID != read(first).SeriesInstanceUID


# -------------------------------------------------------------------------------- the DVH Sequence


def test_a_ramp_is_written_in_bins_of_a_hundredth_of_a_gray_as_the_standard_says(folder: Path) -> None:
    written = read(dvh_rtdose(set_of(ramp_dvh(volume_cc=10.0, low_gy=0.0, high_gy=0.05)), folder))
    (item,) = written.DVHSequence
    numbers = [float(value) for value in item.DVHData]
    assert numbers[0::2] == [0.01] * 6
    assert numbers[1::2] == pytest.approx([10.0, 8.0, 6.0, 4.0, 2.0, 0.0], abs=1e-3)
    assert (item.DVHType, item.DoseUnits, item.DoseType, item.DVHVolumeUnits) == ("CUMULATIVE", "GY", "PHYSICAL", "CM3")
    assert (item.DVHDoseScaling, item.DVHNumberOfBins) == (1, 6)
    assert (item.DVHMinimumDose, item.DVHMeanDose, item.DVHMaximumDose) == (0.0, 0.025, 0.05)
    (roi,) = item.DVHReferencedROISequence
    assert (roi.ReferencedROINumber, roi.DVHROIContributionType) == (1, "INCLUDED")


def test_a_dvh_of_a_high_dose_is_longer_than_explicit_vr_could_hold_and_whole(folder: Path) -> None:
    content = dvh_rtdose(set_of(ramp_dvh(volume_cc=1234.56789012, high_gy=90.0)), folder)
    written = read(content)
    assert written.file_meta.TransferSyntaxUID == pydicom.uid.ImplicitVRLittleEndian
    raw = written.DVHSequence[0].get_item(0x30040058).value
    assert len(raw) > 65534
    assert len(raw) % 2 == 0
    assert max(map(len, raw.strip().split(b"\\"))) <= 16
    assert written.DVHSequence[0].DVHNumberOfBins == 9001
    assert "PixelData" not in written
    assert "Rows" not in written


def test_what_has_no_roi_or_no_dvh_is_left_out_and_said(folder: Path) -> None:
    derived, empty = uniform_dvh("Lungs", number=-1), uniform_dvh("Nothing", volume_cc=0.0)
    missing = NoDVH(name="Bolus", number=9, reason=Reason.STRUCTURE_EMPTY, detail="no contours")
    dvhs = set_of(uniform_dvh("Heart"), derived, empty, without=(missing,))
    assert [i.DVHReferencedROISequence[0].ReferencedROINumber for i in read(dvh_rtdose(dvhs, folder)).DVHSequence] == [
        1
    ]
    assert omission_lines(dvhs) == (
        "Bolus: structure empty (no contours)",
        "Lungs: made here from other structures, so the structure set has no ROI to refer to",
        "Nothing: it has no volume",
    )


@pytest.mark.parametrize(
    ("dvhs", "match"),
    [
        (set_of(), "no DVH to write"),
        (set_of(uniform_dvh(number=-1)), "no DVH to write"),
        (set_of(percent_dvh()), "not computed here"),
        (replace(set_of(uniform_dvh()), provenance={"doses": ("2.25.999",)}), "is not here"),
        (replace(set_of(uniform_dvh()), provenance={**UIDS, "structure_set": ""}), "structure set of the DVHs"),
        (set_of(uniform_dvh().to_eqd2(alpha_beta_gy=3.0)), "EQD2"),
    ],
)
def test_what_cannot_be_written_is_refused(folder: Path, dvhs: DVHSet, match: str) -> None:
    with pytest.raises(InputError, match=match):
        dvh_rtdose(dvhs, folder)


def test_dicompyler_core_reads_the_same_numbers() -> None:
    from dicompylercore import dvh as core_dvh

    dvhs = api.dvhs(LUNG, structures=["PTV", "Heart", "SpinalCord", "Esophagus"])
    written = read(api.dvhs_as_dicom(dvhs, LUNG))
    assert len(written.DVHSequence) == 4
    for dvh in dvhs:
        core = core_dvh.DVH.from_dicom_dvh(written, dvh.number)
        assert (core.dose_units, core.volume_units) == ("Gy", "cm3")
        assert core.volume == pytest.approx(dvh.volume, rel=1e-6)
        assert core.mean == pytest.approx(dvh.mean_gy.value, abs=BIN_GY)
        assert core.D50.value == pytest.approx(dvh.dose_at_volume(dvh.volume / 2).value, abs=BIN_GY)
        assert core.V20Gy.value == pytest.approx(dvh.volume_at_dose(20.0).value, abs=0.01 * dvh.volume)


def test_our_own_reader_takes_it_for_stored_dvhs_of_the_plan(tmp_path: Path) -> None:
    dvhs = api.dvhs(LUNG, structures=["PTV", "Heart"])
    (tmp_path / "dvhs.dcm").write_bytes(api.dvhs_as_dicom(dvhs, LUNG))
    for name in ("rtplan.dcm", "rtstruct.dcm"):
        shutil.copy(LUNG / name, tmp_path)
    back = sbrtcheck.load_dvhs(tmp_path)
    assert {dvh.name for dvh in back} == {"PTV", "Heart"}
    for dvh in dvhs:
        again = back[dvh.name]
        assert again.findings == ()
        assert again.mean_gy.value == pytest.approx(dvh.mean_gy.value, abs=1e-6)
        for volume in (0.035, 1.0, dvh.volume / 2):
            assert again.dose_at_volume(volume).value == pytest.approx(dvh.dose_at_volume(volume).value, abs=BIN_GY)


# -------------------------------------------------------------------------------- whose it is, and from what


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
def test_patient_and_study_are_the_plans_own_and_nothing_else_is_taken(tmp_path: Path, write: str) -> None:
    study = {"StudyDate": "20260102", "StudyID": "S1", "AccessionNumber": "A1", "ReferringPhysicianName": "Doc^Who"}
    more = {"IssuerOfPatientID": "clinic", "PatientSex": "F", "PatientWeight": "70.5", "OtherPatientIDs": "not this"}
    plan = files.write_plan(tmp_path, *headers(**study, **more))
    written = read(object_of(write, plan))
    assert written.StudyInstanceUID == "2.25.77"
    assert (str(written.PatientName), written.PatientID, written.PatientBirthDate) == (
        "Nobody^Really",
        "secret-id",
        "19500101",
    )
    assert {key: str(written[key].value) for key in study} == study
    assert (written.IssuerOfPatientID, written.PatientSex, float(written.PatientWeight)) == ("clinic", "F", 70.5)
    assert "OtherPatientIDs" not in written


def object_of(write: str, plan: Path) -> bytes:
    if write == "dvhs":
        return dvh_rtdose(set_of(uniform_dvh()), plan)
    if write == "sr":
        return structured_report(CONTENT, plan, UIDS, made_at=MADE_AT)
    return encapsulated_pdf(PDF, origin_of(plan, UIDS), title="a report")


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
@pytest.mark.parametrize(
    ("charset", "given_name"), [("ISO_IR 100", "Müller^Zoë"), ("ISO_IR 192", "Wang^XiaoDong=王^小东")]
)
def test_a_name_in_another_character_set_arrives_in_unicode(
    tmp_path: Path, write: str, charset: str, given_name: str
) -> None:
    plan = files.write_plan(tmp_path, *headers(SpecificCharacterSet=charset, PatientName=given_name))
    written = read(object_of(write, plan))
    assert written.SpecificCharacterSet == "ISO_IR 192"
    assert str(written.PatientName) == given_name


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
def test_what_the_files_do_not_say_is_there_and_empty(tmp_path: Path, write: str) -> None:
    made = headers()
    for dataset in made:
        del dataset.PatientBirthDate
    written = read(object_of(write, files.write_plan(tmp_path, *made)))
    for keyword in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"):
        assert written[keyword].value in (None, "")


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
def test_files_of_different_patients_are_refused_without_naming_them(tmp_path: Path, write: str) -> None:
    made = headers()
    made[0].PatientID = "another-secret"
    with pytest.raises(InputError, match="different Patient IDs") as refused:
        object_of(write, files.write_plan(tmp_path, *made))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
def test_without_ids_files_of_patients_with_different_names_are_refused(tmp_path: Path, write: str) -> None:
    made = headers()
    for dataset in made:
        dataset.PatientID = ""
    object_of(write, files.write_plan(tmp_path / "one", *made))
    made[0].PatientName = "Another^Secret"
    with pytest.raises(InputError, match="no Patient ID and different names") as refused:
        object_of(write, files.write_plan(tmp_path / "several", *made))
    assert "Secret" not in str(refused.value)


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
def test_files_of_no_study_are_refused(tmp_path: Path, write: str) -> None:
    made = headers()
    for dataset in made:
        del dataset.StudyInstanceUID
    with pytest.raises(InputError, match="Study Instance UID"):
        object_of(write, files.write_plan(tmp_path, *made))


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
def test_a_file_that_cannot_be_referred_to_is_refused(tmp_path: Path, write: str) -> None:
    made = headers()
    del made[1].SOPClassUID
    with pytest.raises(InputError, match="no SOP Class UID"):
        object_of(write, files.write_plan(tmp_path, *made, meta=False))


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
def test_what_breaks_the_rules_of_its_kind_is_copied_as_it_is(tmp_path: Path, write: str) -> None:
    made = headers()
    odd = {"PatientBirthDate": "1950-01-01", "PatientSex": "not told", "PatientID": "i" * 80}
    for dataset in made:
        for keyword, value in odd.items():
            files.set_raw(dataset, keyword, value)
    written = read(object_of(write, files.write_plan(tmp_path, *made)))
    assert {keyword: written.get_item(keyword).value.decode().strip() for keyword in odd} == odd


def test_a_dose_without_frame_or_plan_is_refused(tmp_path: Path) -> None:
    no_frame, no_plan = headers(), headers()
    del no_frame[0].FrameOfReferenceUID
    del no_plan[0].ReferencedRTPlanSequence
    with pytest.raises(InputError, match="frame of reference"):
        dvh_rtdose(set_of(uniform_dvh()), files.write_plan(tmp_path / "a", *no_frame))
    with pytest.raises(InputError, match="refers to no plan"):
        dvh_rtdose(set_of(uniform_dvh()), files.write_plan(tmp_path / "b", *no_plan[:2]))


@pytest.mark.parametrize("write", ["dvhs", "pdf", "sr"])
def test_the_file_says_what_wrote_it_and_when_only_where_the_source_does(folder: Path, write: str) -> None:
    written = read(object_of(write, folder))
    assert written.file_meta.MediaStorageSOPInstanceUID == written.SOPInstanceUID
    assert written.file_meta.MediaStorageSOPClassUID == written.SOPClassUID
    assert written.file_meta.ImplementationVersionName == f"SBRTCHECK_{sbrtcheck.__version__}"
    assert (written.Manufacturer, written.SoftwareVersions) == ("sbrtcheck", sbrtcheck.__version__)
    times = [e for e in written.iterall() if e.VR in ("DA", "TM", "DT") and e.value]
    of_content = {"ContentDate", "ContentTime"} if write == "sr" else set()  # which every Structured Report has to have
    assert {element.keyword for element in times} == {"PatientBirthDate", *of_content}
    assert not any(element.tag.is_private for element in written.iterall())
    assert max(len(str(e.value)) for e in written.iterall() if e.VR == "UI") <= 64


def test_the_dose_names_plan_and_structure_set_and_how_the_dvhs_were_made(folder: Path) -> None:
    written = read(object_of("dvhs", folder))
    assert written.SOPClassUID == files.CLASSES["RTDOSE"]
    (plan,), (structures,) = written.ReferencedRTPlanSequence, written.ReferencedStructureSetSequence
    assert (plan.ReferencedSOPClassUID, plan.ReferencedSOPInstanceUID) == (files.CLASSES["RTPLAN"], files.PLAN_UID)
    assert structures.ReferencedSOPInstanceUID == files.SET_UID
    assert written.FrameOfReferenceUID == files.FRAME_UID
    assert written.DoseSummationType == "PLAN"
    (made_by,) = written.ContributingEquipmentSequence
    assert "end caps half-slice" in made_by.ContributionDescription
    assert files.DOSE_UID in made_by.ContributionDescription


def test_the_document_is_the_pdf_with_its_sources(folder: Path) -> None:
    written = read(object_of("pdf", folder))
    assert written.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.1"
    assert written.EncapsulatedDocument == PDF + b"\0"
    assert written.EncapsulatedDocumentLength == len(PDF)
    assert (written.MIMETypeOfEncapsulatedDocument, written.DocumentTitle) == ("application/pdf", "a report")
    assert (written.BurnedInAnnotation, written.VerificationFlag) == ("NO", "UNVERIFIED")
    found = {(one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID) for one in written.SourceInstanceSequence}
    assert found == {
        (files.CLASSES["RTDOSE"], files.DOSE_UID),
        (files.CLASSES["RTPLAN"], files.PLAN_UID),
        (files.CLASSES["RTSTRUCT"], files.SET_UID),
    }


# -------------------------------------------------------------------------------- a validator's word


@pytest.mark.slow
@needs_validator
@pytest.mark.parametrize("plan", sorted(PLANS.iterdir()), ids=lambda path: path.name)
def test_the_validator_finds_nothing_in_what_is_made_of_the_bundled_plans(plan: Path, tmp_path: Path) -> None:
    assert faults(api.dvhs_as_dicom(api.dvhs(plan), plan), tmp_path) == []
    report = sbrtcheck.check(plan, "review-text")
    assert faults(api.report_as_dicom(report, plan), tmp_path) == []
    assert faults(api.report_as_sr(report, plan), tmp_path) == []


@needs_validator
def test_the_validator_does_find_faults(folder: Path, tmp_path: Path) -> None:
    broken = read(object_of("dvhs", folder))
    del broken.DVHSequence[0].DVHType
    out = BytesIO()
    broken.save_as(out)
    assert any("DVHType" in line for line in faults(out.getvalue(), tmp_path))


# -------------------------------------------------------------------------------- the commands


def run(*words: object) -> Any:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_commands_write_what_the_functions_give(tmp_path: Path) -> None:
    done = run("check", LUNG, "--table", "rtog-0813", "--format", "dicom-pdf", "--out", tmp_path / "report.dcm")
    assert (done.exit_code, done.output) == (0, "")
    report = sbrtcheck.check(LUNG, "rtog-0813")
    assert (tmp_path / "report.dcm").read_bytes() == api.report_as_dicom(report, LUNG)
    done = run(
        "dvh", LUNG, "--structure", "PTV", "--structure", "Lungs", "--format", "rtdose", "--out", tmp_path / "d.dcm"
    )
    assert done.exit_code == 0
    assert "sbrtcheck: left out: Lungs: made here from other structures" in done.stderr
    written = (tmp_path / "d.dcm").read_bytes()
    assert len(read(written).DVHSequence) == 1
    assert (
        hashlib.sha256(written).digest()
        == hashlib.sha256(api.dvhs_as_dicom(api.dvhs(LUNG, structures=["PTV", "Lungs"]), LUNG)).digest()
    )


@pytest.mark.parametrize(
    "words",
    [
        ("check", LUNG, "--table", "rtog-0813", "--format", "dicom-pdf"),
        ("check", LUNG, "--table", "rtog-0813", "--format", "dicom-sr"),
        ("dvh", LUNG, "--format", "rtdose"),
    ],
)
def test_an_object_is_not_put_on_a_screen(monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...]) -> None:
    monkeypatch.setattr(streams, "is_screen", lambda: True)
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "write to a file with --out" in done.stderr


@pytest.mark.parametrize("format_", ["dicom-pdf", "dicom-sr"])
def test_a_text_export_is_nobodys_record_and_nothing_is_computed(tmp_path: Path, format_: str) -> None:
    export = tmp_path / "export.txt"  # not even read
    export.write_text("")
    out = ("--out", tmp_path / "report.dcm")
    done = run("check", "--dvh", export, "--table", "rtog-0813", "--format", format_, *out)
    assert (done.exit_code, (tmp_path / "report.dcm").exists()) == (2, False)
    assert f"--format {format_} needs DIR: a text export does not say whose record" in " ".join(done.stderr.split())


def test_a_second_dose_is_not_put_into_the_plans_own_folder(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(LUNG, plan)
    done = run("dvh", plan, "--format", "rtdose", "--out", plan / "dvhs.dcm")
    assert done.exit_code == 2
    assert "another dose of the plan; write to another folder" in done.stderr
    assert not (plan / "dvhs.dcm").exists()


def test_with_the_dvhs_beside_it_the_plans_own_dose_can_be_named(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(LUNG, plan)
    (plan / "dvhs.dcm").write_bytes(api.dvhs_as_dicom(api.dvhs(LUNG, structures=["PTV"]), LUNG))
    own = str(pydicom.dcmread(LUNG / "rtdose.dcm", stop_before_pixels=True).SOPInstanceUID)
    assert run("check", plan, "--table", "rtog-0813").exit_code == 2
    assert run("check", plan, "--table", "rtog-0813", "--plan", own).exit_code == 0

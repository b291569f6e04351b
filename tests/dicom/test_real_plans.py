"""Published real plans, where they are at hand: read right, or refused with the reason.

The folder is that of the environment variable SBRTCHECK_RTDATA, else ``../shared/rtdata`` beside the repository.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

import sbrtcheck
from folders import ROOT
from sbrtcheck import api
from sbrtcheck.dicom import Kind, find_plans, load_dvhs, load_plan
from sbrtcheck.dicom.dose import dose_grid, stored_values
from sbrtcheck.dicom.fast import read_fast
from sbrtcheck.dicom.reader import read_dose
from sbrtcheck.errors import DicomError, InputError, NoPlanError
from sbrtcheck.plan import DOUBTFUL_FILES, Contours, FindingCode, Plan, Prescription, UnknownPrescription
from two_ways import both_ways
from validator import faults, needs_validator

RTDATA = Path(os.environ.get("SBRTCHECK_RTDATA", ROOT.parent / "shared" / "rtdata"))
if not RTDATA.is_dir():
    __test__: dict[str, str] = {}  # an empty one: without the data there is nothing here to collect

PLANS = ["eclipse2009_breast", "eclipse81_prostate", "monaco511_small", "monaco511_tg119", "raystation14_water"]
PYDICOM = RTDATA / "odd" / "pydicom"
ORIENTATIONS = ["FFDL", "FFDR", "FFP", "FFS", "HFDL", "HFDR", "HFP", "HFS"]


def by_pydicom(folder: str, modality: str) -> pydicom.Dataset:
    """The file of that modality, read by pydicom alone."""
    found = [pydicom.dcmread(path, force=True) for path in sorted((RTDATA / folder).glob("*.dcm"))]
    return next(dataset for dataset in found if dataset.Modality == modality)


def codes(plan: Plan) -> set[FindingCode]:
    return {finding.code for finding in plan.findings}


@pytest.mark.parametrize("folder", PLANS)
def test_dose_is_that_of_pydicom_to_the_bit(folder: str) -> None:
    grid = load_plan(RTDATA / folder).dose
    reference = by_pydicom(folder, "RTDOSE")
    stored = np.frombuffer(reference.PixelData, dtype=f"<u{reference.BitsAllocated // 8}")
    assert np.array_equal(grid.stored.ravel(), stored[: grid.stored.size])
    assert grid.gy_per_unit == float(reference.DoseGridScaling)
    assert grid.stored.shape == (reference.NumberOfFrames, reference.Rows, reference.Columns)
    assert grid.origin_mm.tolist() == [float(x) for x in reference.ImagePositionPatient]
    assert grid.offsets_mm.tolist() == [float(x) for x in reference.GridFrameOffsetVector]


@pytest.mark.parametrize("folder", PLANS)
def test_only_the_plan_of_another_patient_id_is_in_doubt(folder: str) -> None:
    """By the README of the data: the RTPLAN of one of them has another Patient ID; of the others nothing is wrong."""
    is_other = folder == "raystation14_water"
    found = codes(load_plan(RTDATA / folder))
    assert found & DOUBTFUL_FILES == ({FindingCode.PATIENTS_DIFFER} if is_other else set())
    notes = {FindingCode.PATIENT_DETAILS_DIFFER, FindingCode.STRUCTURES_AFTER_DOSE, FindingCode.PARTS_DO_NOT_SUM}
    assert not found & {*notes, FindingCode.NO_HETEROGENEITY_CORRECTION}


@pytest.mark.parametrize("folder", PLANS)
def test_every_coordinate_is_that_of_pydicom_to_the_bit(folder: str) -> None:
    reference = by_pydicom(folder, "RTSTRUCT")
    names = {int(roi.ROINumber): roi.ROIName for roi in reference.StructureSetROISequence}
    contours = {
        int(roi.ReferencedROINumber): [
            [float(x) for x in contour.ContourData]
            for contour in roi.get("ContourSequence", [])
            if contour.ContourGeometricType == "CLOSED_PLANAR"
        ]
        for roi in reference.ROIContourSequence
    }
    for structure in load_plan(RTDATA / folder).structures:
        read = structure.contours.read()
        assert structure.name == names[structure.number]
        assert points(read) == contours[structure.number]


@pytest.mark.parametrize("folder", PLANS)
def test_the_whole_plan_is_that_of_pydicoms_reader(folder: str) -> None:
    fast_read, by_pydicom_alone = both_ways(RTDATA / folder)
    assert fast_read == by_pydicom_alone


@pytest.mark.parametrize("folder", PLANS)
def test_files_of_every_planning_system_are_read_by_the_fast_reader(folder: str) -> None:
    for path in sorted((RTDATA / folder).glob("*.dcm")):
        with path.open("rb") as file:
            assert read_fast(file) is not None, path.name


def points(contours: Contours) -> list[list[float]]:
    bounds = zip(contours.starts[:-1], contours.starts[1:], strict=True)
    return [contours.points_mm[a:b].ravel().tolist() for a, b in bounds]


@pytest.mark.parametrize(
    ("folder", "dose_gy", "fractions"),
    [("eclipse2009_breast", 14.0, 7), ("eclipse81_prostate", 46.0, 23), ("monaco511_small", 78.0, 30)],
)
def test_the_prescription_is_that_of_the_plan(folder: str, dose_gy: float, fractions: int) -> None:
    prescription = load_plan(RTDATA / folder).prescription
    assert isinstance(prescription, Prescription)
    assert (prescription.dose_gy, prescription.fractions) == (dose_gy, fractions)


def test_a_site_goes_before_coordinates_and_both_are_listed() -> None:
    plan = load_plan(RTDATA / "eclipse2009_breast")
    assert [f.text for f in plan.findings] == ["the RTPLAN prescribes 14 Gy (SITE), 11.3114 Gy (COORDINATES)"]


def test_a_dose_of_four_prescriptions_has_none() -> None:
    plan = load_plan(RTDATA / "monaco511_tg119")
    assert plan.prescription == UnknownPrescription(
        reason="the RTPLAN has 4 fraction groups (35, 35, 10, 3 fractions)", fractions=None
    )
    assert FindingCode.SEVERAL_PRESCRIPTIONS in codes(plan)


def test_a_proton_plan_without_prescription_keeps_its_fractions() -> None:
    plan = load_plan(RTDATA / "raystation14_water")
    assert isinstance(plan.prescription, UnknownPrescription)
    assert plan.prescription.fractions == 1
    assert codes(plan) == {FindingCode.DOSE_TYPE, FindingCode.PATIENTS_DIFFER}
    point = plan.structure("LoPo")
    assert len(point.contours.read()) == 0
    assert [finding.code for finding in point.findings] == [FindingCode.OPEN_CONTOURS_IGNORED]


def test_an_empty_structure_of_a_real_plan_is_empty() -> None:
    assert len(load_plan(RTDATA / "eclipse2009_breast").structure("Areola").contours.read()) == 0


def test_stored_dvhs_of_eclipse_have_percent_labelled_as_gy() -> None:
    found = load_dvhs(RTDATA / "eclipse2009_breast")
    assert len(found) == 9
    assert [one.name for one in found.without] == ["Areola"]
    for dvh in found:
        assert [finding.code for finding in dvh.findings] == [FindingCode.STORED_DVH_UNITS], dvh.name
    breast = found["Breast"]
    assert breast.volume == pytest.approx(396.229293428901)
    # the stated numbers are percent of 14 Gy; the curve agrees with them within its bins of 0.01 Gy
    assert breast.mean_gy.low <= 0.14 * 40.0966036902755 <= breast.mean_gy.high
    assert breast.min_gy.low <= 0.14 * 0.29508649 <= breast.min_gy.high
    assert breast.max_gy.low <= 0.14 * 104.862666666667 <= breast.max_gy.high


@pytest.mark.parametrize("folder", [name for name in PLANS if name != "eclipse2009_breast"])
def test_plans_without_stored_dvhs_say_so(folder: str) -> None:
    with pytest.raises(InputError, match="stores no DVHs"):
        load_dvhs(RTDATA / folder)


def test_below_the_whole_folder_every_plan_is_found_and_loads() -> None:
    found = find_plans(RTDATA)
    loaded = [load_plan(list(one.files), plan=one.uid) for one in found.plans]
    assert sorted(plan.label for plan in loaded) == ["APlan1", "B1", "PROS", "Slope101010E_o_1", "TESTEIMRT"]
    assert all(orphan.reason for orphan in found.orphans)


def test_encodings_of_one_dose_hold_the_same_numbers() -> None:
    names = ["rtdose.dcm", "rtdose_expb.dcm", "rtdose_rle.dcm"]
    first, *others = [stored_values(read_dose(PYDICOM / name, name)) for name in names]
    assert first.shape == (15, 10, 10)
    assert all(np.array_equal(first, other) for other in others)


@pytest.mark.parametrize("name", ["rtdose_1frame.dcm", "rtdose_expb_1frame.dcm", "rtdose_rle_1frame.dcm", "badVR.dcm"])
def test_a_single_plane_or_a_malformed_count_of_frames_is_refused(name: str) -> None:
    given = Prescription(dose_gy=50.0, fractions=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DicomError):
            dose_grid(read_dose(PYDICOM / name, name), given)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_dose_header_without_pixels_is_refused(orientation: str) -> None:
    path = RTDATA / "odd" / "varian_orient" / f"RD_{orientation}_empty.dcm"
    with pytest.raises(DicomError, match="no pixel data"):
        dose_grid(read_dose(path, path.name), UnknownPrescription(reason="none"))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_with_pixels_the_planes_of_every_patient_position_rise_along_the_normal(
    tmp_path: Path, orientation: str
) -> None:
    dataset = pydicom.dcmread(RTDATA / "odd" / "varian_orient" / f"RD_{orientation}_empty.dcm")
    dataset.PixelData = bytes(4 * dataset.NumberOfFrames * dataset.Rows * dataset.Columns)
    dataset["PixelData"].VR = "OW"
    dataset.save_as(tmp_path / "dose")
    grid, _ = dose_grid(read_dose(tmp_path / "dose", "dose"), UnknownPrescription(reason="none"))
    row, column = np.reshape(np.array(dataset.ImageOrientationPatient, dtype=float), (2, 3))
    last = grid.origin_mm + grid.offsets_mm[-1] * grid.axes[2]
    expected = np.array(dataset.ImagePositionPatient, dtype=float) + 200.0 * np.cross(row, column)
    assert last == pytest.approx(expected)
    assert np.linalg.det(grid.axes) == pytest.approx(1.0)
    # head first, frames run towards the head (patient z rises); feet first, towards the feet
    assert np.sign(grid.axes[2][2]) == (1.0 if orientation.startswith("HF") else -1.0)


def test_the_class_of_a_file_counts_and_not_its_modality() -> None:
    (orphan,) = find_plans(RTDATA / "odd" / "opentps").orphans
    assert orphan.kind is Kind.STRUCTURE_SET


def test_a_truncated_plan_of_a_real_system_is_known_as_such() -> None:
    (orphan,) = find_plans(PYDICOM / "rtplan_truncated.dcm").orphans
    assert "truncated" in orphan.reason


def test_a_relative_beam_dose_without_structures_is_no_plan() -> None:
    with pytest.raises(NoPlanError, match="no RTSTRUCT"):
        load_plan(PYDICOM / "rtdose.dcm")


# What the validator says of patient and study as the plans' own files have them; they are copied as they are.
OF_THE_SOURCE = ("needed to build DICOMDIR - Study", "Retired Person Name form")
OF_ONE_PATIENT = [folder for folder in PLANS if folder != "raystation14_water"]


@needs_validator
@pytest.mark.parametrize("folder", OF_ONE_PATIENT)
def test_the_validator_finds_no_more_in_objects_made_of_it_than_its_own_headers(folder: str, tmp_path: Path) -> None:
    plan = RTDATA / folder
    report = sbrtcheck.check(plan, "tg101-5fx", prescription="50Gy/5")
    contents = (
        api.dvhs_as_dicom(api.dvhs(plan), plan),
        api.report_as_dicom(report, plan),
        api.report_as_sr(report, plan),
    )
    found = [line for content in contents for line in faults(content, tmp_path)]
    assert [line for line in found if not any(known in line for known in OF_THE_SOURCE)] == []


@pytest.mark.parametrize("folder", OF_ONE_PATIENT)
def test_dvhs_written_as_dicom_answer_as_the_computed_ones_within_a_bin(folder: str, tmp_path: Path) -> None:
    plan = RTDATA / folder
    dvhs = api.dvhs(plan)
    content = api.dvhs_as_dicom(dvhs, plan)
    (tmp_path / "dvhs.dcm").write_bytes(content)
    for number, file in enumerate(path for path in plan.glob("*.dcm") if b"RTDOSE" not in path.read_bytes()[:2000]):
        (tmp_path / f"{number}.dcm").write_bytes(file.read_bytes())
    back = {dvh.number: dvh for dvh in load_dvhs(tmp_path)}
    assert len(back) > 1
    for dvh in (one for one in dvhs if one.number in back):
        again = back[dvh.number]
        assert again.volume == pytest.approx(dvh.volume, rel=1e-8)
        assert again.mean_gy.value == pytest.approx(dvh.mean_gy.value, abs=1e-6)
        for share in (0.02, 0.1, 0.5, 0.9):
            computed = dvh.dose_at_volume(share * dvh.volume).value
            assert again.dose_at_volume(share * again.volume).value == pytest.approx(computed, abs=0.0101)


def test_a_plan_whose_files_name_two_patients_is_for_nobodys_record() -> None:
    plan = RTDATA / "raystation14_water"
    with pytest.raises(InputError, match="different Patient IDs"):
        api.dvhs_as_dicom(api.dvhs(plan), plan)

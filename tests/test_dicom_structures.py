"""RTSTRUCT -> structures: which contours count, what is said of the others, and that decoding is exact."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

import dicom_files as files
from dicom_files import contour, square, write_plan
from sbrtcheck.dicom import load_plan
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import FindingCode, Structure

LINE = [(0, 0, -24), (5, 0, -24)]


def structures(folder: Path, *contours: Dataset, name: str = "PTV") -> tuple[Structure, ...]:
    return load_structures(folder, files.structure_set(rois=[(1, name, "PTV", contours)]))


def load_structures(folder: Path, dataset: Dataset) -> tuple[Structure, ...]:
    return load_plan(write_plan(folder, files.dose(), files.plan(), dataset)).structures


def with_text(text: str) -> Dataset:
    """A contour whose data is written as it stands."""
    one = square(-24.0)
    files.set_raw(one, "ContourData", text)
    files.set_raw(one, "NumberOfContourPoints", str((text.count("\\") + 1) // 3))
    return one


def test_contours_are_the_numbers_of_the_file(tmp_path: Path) -> None:
    (structure,) = structures(
        tmp_path, with_text("1.25\\-2\\3e0\\ 4.5\\.5\\3\\-0.1\\0.30000000000000004\\3"), square(-21.0)
    )
    read = structure.contours.read()
    assert read.points_mm[:3].tolist() == [[1.25, -2.0, 3.0], [4.5, 0.5, 3.0], [-0.1, 0.30000000000000004, 3.0]]
    assert read.starts.tolist() == [0, 3, 7]
    assert not read.points_mm.flags.writeable


def test_contours_survive_pickling_for_worker_processes(tmp_path: Path) -> None:
    (structure,) = structures(tmp_path, square(-24.0))
    again = pickle.loads(pickle.dumps(structure))  # noqa: S301 - our own bytes
    assert np.array_equal(again.contours.read().points_mm, structure.contours.read().points_mm)


def test_contours_of_one_or_two_points_are_left_out_and_counted(tmp_path: Path) -> None:
    (structure,) = structures(tmp_path, square(-24.0), contour(LINE), contour(LINE[:1]))
    assert len(structure.contours.read()) == 1
    (finding,) = structure.findings
    assert finding.code is FindingCode.CONTOURS_WITHOUT_AREA
    assert (finding.subject, finding.text.split(" have")[0]) == ("PTV", "2 of 3 contours")


def test_open_contours_and_points_are_ignored_and_counted(tmp_path: Path) -> None:
    corners = [(0, 0, -24), (5, 0, -24), (5, 5, -24)]
    ignored = [contour(corners, "OPEN_PLANAR"), contour(corners, "OPEN_NONPLANAR"), contour(LINE[:1], "POINT")]
    (structure,) = structures(tmp_path, square(-24.0), *ignored)
    assert len(structure.contours.read()) == 1
    (finding,) = structure.findings
    assert finding.code is FindingCode.OPEN_CONTOURS_IGNORED
    assert finding.text.endswith("1 OPEN_NONPLANAR, 1 OPEN_PLANAR, 1 POINT")


@pytest.mark.parametrize("kind", [None, "CLOSEDPLANAR_XOR"])
def test_contours_without_type_and_xor_contours_are_closed(tmp_path: Path, kind: str | None) -> None:
    (structure,) = structures(tmp_path, contour([(0, 0, -24), (5, 0, -24), (5, 5, -24)], kind))
    assert len(structure.contours.read()) == 1
    assert structure.findings == ()


def test_an_empty_structure_has_no_contours(tmp_path: Path) -> None:
    (structure,) = structures(tmp_path)
    assert len(structure.contours.read()) == 0
    assert structure.contours.read().points_mm.shape == (0, 3)


def test_two_structures_may_have_one_name(tmp_path: Path) -> None:
    rois = [(1, "Lung", "ORGAN", [square(-24.0)]), (2, "Lung", "AVOIDANCE", [])]
    found = load_structures(tmp_path, files.structure_set(rois=rois))
    assert [(s.name, s.number, s.kind) for s in found] == [("Lung", 1, "ORGAN"), ("Lung", 2, "AVOIDANCE")]


def test_one_number_for_two_structures_is_refused(tmp_path: Path) -> None:
    rois = [(1, "Lung", "ORGAN", []), (1, "Heart", "ORGAN", [])]
    with pytest.raises(DicomError, match="ROI number 1 belongs to several ROIs"):
        load_structures(tmp_path, files.structure_set(rois=rois))


def test_meanings_and_values_of_identification_codes_are_kept(tmp_path: Path) -> None:
    dataset = files.structure_set()
    code = files.item(CodeValue="39607008", CodingSchemeDesignator="SCT", CodeMeaning="Lung")
    dataset.RTROIObservationsSequence[0].RTROIIdentificationCodeSequence = files.items(code)
    assert load_structures(tmp_path, dataset)[0].codes == ("Lung", "39607008")


def test_names_are_read_in_the_files_character_set(tmp_path: Path) -> None:
    dataset = files.structure_set(rois=[(1, "Lunge_rechts_größer", "ORGAN", [])])
    dataset.SpecificCharacterSet = "ISO_IR 192"
    assert load_structures(tmp_path, dataset)[0].name == "Lunge_rechts_größer"


def test_contours_of_another_frame_of_reference_are_not_used(tmp_path: Path) -> None:
    dataset = files.structure_set()
    dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = "2.25.99"
    (structure,) = load_structures(tmp_path, dataset)
    assert len(structure.contours.read()) == 0
    assert structure.findings[0].code is FindingCode.NOT_COMPUTED
    assert "2.25.99" in structure.findings[0].text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0\\0\\1\\5\\0\\1\\5\\5\\1\\0", "contour 2 has 10 numbers, no multiple of 3"),
        ("0\\0\\1\\5\\zero\\1\\5\\5\\1", "contour 2: 'zero' is not a number"),
        ("0\\0\\1\\5\\nan\\1\\5\\5\\1", "contour 2: 'nan' is not a number"),
        ("0\\0\\1\\5\\\\1\\5\\5\\1", "contour 2: '' is not a number"),
        ("0\\0\\1\\5\\1e300\\1\\5\\5\\1", "contour 2 has a coordinate of 1e+300 mm, which is no place in a patient"),
    ],
)
def test_malformed_contours_are_named_when_they_are_read(tmp_path: Path, text: str, fault: str) -> None:
    (structure,) = structures(tmp_path, square(-27.0), with_text(text), square(-21.0), name="Liver")
    with pytest.raises(DicomError) as caught:
        structure.contours.read()
    assert str(caught.value) == f"RTSTRUCT 2.25.2: ROI 1 'Liver': {fault}; export it again"


@pytest.mark.parametrize(
    ("keyword", "reason"),
    [("StructureSetROISequence", "has no structures"), ("ROIContourSequence", "has no ROI Contour Sequence")],
)
def test_a_structure_set_without_its_sequences_is_refused(tmp_path: Path, keyword: str, reason: str) -> None:
    dataset = files.structure_set(top_frame=True)
    delattr(dataset, keyword)
    with pytest.raises(DicomError, match=reason):
        load_structures(tmp_path, dataset)


@pytest.mark.parametrize("stated", ["5", "3", "-1", "four", "9" * 5000])
def test_a_stated_number_of_points_that_is_not_that_of_the_data_is_refused(tmp_path: Path, stated: str) -> None:
    wrong = square(-24.0)
    files.set_raw(wrong, "NumberOfContourPoints", stated)
    (structure,) = structures(tmp_path, square(-27.0), wrong, name="Liver")
    with pytest.raises(
        DicomError, match=r"ROI 1 'Liver': contour 2 has 4 points where Number Of Contour Points .*says"
    ):
        structure.contours.read()


@pytest.mark.parametrize("first", ["5", "four"])
@pytest.mark.parametrize("second", ["3", "-1"])
def test_of_several_wrong_numbers_of_points_the_first_is_named(tmp_path: Path, first: str, second: str) -> None:
    wrong = [square(-24.0), square(-21.0)]
    for one, stated in zip(wrong, (first, second), strict=True):
        files.set_raw(one, "NumberOfContourPoints", stated)
    (structure,) = structures(tmp_path, square(-27.0), *wrong)
    with pytest.raises(DicomError, match=f"contour 2 has 4 points where .*says '{first} *'"):
        structure.contours.read()


def test_a_point_that_is_not_whole_is_named_before_what_is_no_number(tmp_path: Path) -> None:
    texts = [with_text("0\\0\\1\\5\\zero\\1\\5\\5\\1"), with_text("0\\0\\1\\5\\0\\1\\5\\5\\1\\0")]
    (structure,) = structures(tmp_path, square(-27.0), *texts)
    with pytest.raises(DicomError, match="contour 3 has 10 numbers, no multiple of 3"):
        structure.contours.read()


def test_a_contour_cut_down_to_a_point_is_not_left_out_as_one_without_area(tmp_path: Path) -> None:
    cut = contour(LINE[:1])
    cut.NumberOfContourPoints = 40
    (structure,) = structures(tmp_path, square(-27.0), cut)
    with pytest.raises(DicomError, match="contour 2 has 1 points"):
        structure.contours.read()


def test_a_contour_without_stated_number_of_points_is_taken(tmp_path: Path) -> None:
    unstated = square(-24.0)
    del unstated.NumberOfContourPoints
    (structure,) = structures(tmp_path, unstated)
    assert len(structure.contours.read()) == 1


def test_contours_with_an_offset_are_refused(tmp_path: Path) -> None:
    shifted, unshifted = square(-24.0), square(-21.0)
    shifted.add_new(0x30060045, "DS", ["0", "0", "2.5"])
    unshifted.add_new(0x30060045, "DS", ["0", "0", "0"])
    (structure,) = structures(tmp_path, unshifted)
    assert len(structure.contours.read()) == 1
    (structure,) = structures(tmp_path, unshifted, shifted)
    with pytest.raises(DicomError, match="contour 2 has a Contour Offset Vector"):
        structure.contours.read()


def test_a_faulty_contour_of_one_structure_leaves_the_others(tmp_path: Path) -> None:
    wrong = square(-24.0)
    wrong.NumberOfContourPoints = 5
    rois = [(1, "Liver", "ORGAN", [wrong]), (2, "PTV", "PTV", [square(-24.0)])]
    _, ptv = load_structures(tmp_path, files.structure_set(rois=rois))
    assert len(ptv.contours.read()) == 1


@pytest.mark.parametrize("number", ["1e300", "9" * 400, "99999999999"])
def test_absurd_roi_numbers_are_refused_in_a_short_line(tmp_path: Path, number: str) -> None:
    dataset = files.structure_set()
    files.set_raw(dataset.StructureSetROISequence[0], "ROINumber", number)
    with pytest.raises(DicomError, match="no usable number"):
        load_structures(tmp_path, dataset)

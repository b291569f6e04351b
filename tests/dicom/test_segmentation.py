"""Segmentations: the voxels of each segment, wherever its frames lie; written by hand, and by highdicom."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from sbrtcheck import compute_dvhs
from sbrtcheck.dicom.segmentation import structures_of_seg
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import DoseGrid, Plan, Structure, UnknownPrescription
from segmentations import (
    AXIAL,
    COLUMNS_MM,
    CORONAL,
    FIRST_MM,
    LAYERS_MM,
    PRONE,
    ROWS_MM,
    SHAPE,
    group,
    item,
    of_highdicom,
    seg,
)

masks = arrays(bool, SHAPE)


def dvhs_of(structures: tuple[Structure, ...]) -> Any:
    axis = np.linspace(-60, 60, 31)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    dose = DoseGrid.axial(20 + 0.1 * x + 0.2 * y + 0.05 * z, origin_mm=(-60,) * 3, spacing_mm=(4, 4, 4))
    return compute_dvhs(Plan(dose=dose, structures=structures, prescription=UnknownPrescription(reason="")))


def assert_is(dvh: Any, mask: np.ndarray, orientation: tuple[float, ...]) -> None:
    """The volume of the mask, and the dose at the middle of its voxels, by the definition of Image Position."""
    along_row, down_column = np.reshape(orientation, (2, 3))
    k, j, i = (at.mean() for at in np.nonzero(mask))
    middle = FIRST_MM + i * COLUMNS_MM * along_row + j * ROWS_MM * down_column
    middle = middle + k * LAYERS_MM * np.cross(along_row, down_column)
    assert dvh.volume == pytest.approx(mask.sum() * ROWS_MM * COLUMNS_MM * LAYERS_MM / 1000, rel=1e-9)
    assert dvh.mean_gy.value == pytest.approx(20 + middle @ [0.1, 0.2, 0.05], abs=2e-3)


@settings(deadline=None, max_examples=25)
@given(masks.filter(np.any), masks.filter(np.any), st.sampled_from([AXIAL, CORONAL, PRONE]))
def test_each_segment_has_its_voxels(one: np.ndarray, other: np.ndarray, orientation: tuple[float, ...]) -> None:
    structures = structures_of_seg(seg([one, other], orientation=orientation))
    assert [(s.name, s.number, s.codes) for s in structures] == [("Organ 1", 1, ("Heart",)), ("Organ 2", 2, ("Heart",))]
    dvhs = dvhs_of(structures)
    assert_is(dvhs["Organ 1"], one, orientation)
    assert_is(dvhs["Organ 2"], other, orientation)


def test_of_shares_those_of_one_half_are_inside() -> None:
    shares = np.zeros(SHAPE, dtype=np.uint8)
    shares[1, 0, :4] = [49, 50, 51, 100]
    made = seg([shares], kind="FRACTIONAL")
    made.MaximumFractionalValue, made.SegmentationFractionalType = 100, "OCCUPANCY"
    (structure,) = structures_of_seg(made)
    assert_is(dvhs_of((structure,))["Organ 1"], shares >= 50, AXIAL)
    assert "occupancy" in structure.findings[-1].text


def test_a_segment_without_frames_has_no_contours() -> None:
    one = np.ones(SHAPE, dtype=bool)
    structures = structures_of_seg(seg([one, ~one]))
    assert [s.is_contoured for s in structures] == [True, False]


def test_frames_that_are_no_even_stack_are_refused() -> None:
    one = np.ones(SHAPE, dtype=bool)
    for change, text in (((0.0, 0.0, 1.0), "not spaced evenly"), ((0.5, 0.0, 0.0), "above each other")):
        made = seg([one])
        position = made.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
        position.ImagePositionPatient = (np.array(position.ImagePositionPatient, dtype=float) + change).tolist()
        with pytest.raises(DicomError, match=text):
            structures_of_seg(made)


def test_what_is_missing_is_said() -> None:
    one = np.ones(SHAPE, dtype=bool)
    made = seg([one])
    del made.SharedFunctionalGroupsSequence
    with pytest.raises(DicomError, match="not described as they should be: where each lies"):
        structures_of_seg(made)
    made = seg([one])
    made.PixelData = made.PixelData[:4]
    with pytest.raises(DicomError, match="pixels cannot be read"):
        structures_of_seg(made)
    made = seg([one])
    made.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    with pytest.raises(DicomError, match="big endian"):
        structures_of_seg(made)
    made = seg([one, one])
    made.SegmentSequence[1].SegmentNumber = 1
    with pytest.raises(DicomError, match="several segments have number 1"):
        structures_of_seg(made)
    made = seg([one, one])
    del made.SegmentSequence[1]
    with pytest.raises(DicomError, match="frames of segment 2"):
        structures_of_seg(made)
    made = seg([one])
    del made.Rows
    with pytest.raises(DicomError, match=r"not described as they should be.*Rows"):
        structures_of_seg(made)
    with pytest.raises(DicomError, match="no segmentation"):
        structures_of_seg(item(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"))


def measures_of(made: Dataset) -> Dataset:
    measures: Dataset = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    return measures


def refuse(made: Dataset, text: str) -> None:
    with pytest.raises(DicomError, match=text):
        structures_of_seg(made)


@given(st.lists(st.booleans(), min_size=5, max_size=5).filter(lambda layers: sum(layers) > 1))
def test_without_a_stated_spacing_layers_are_never_thicker_than_the_slices(layers: list[bool]) -> None:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[layers] = True
    made = seg([mask])
    del measures_of(made).SpacingBetweenSlices
    gaps = np.diff(np.flatnonzero(layers))
    if gaps.min() == 1:
        (structure,) = structures_of_seg(made)
        assert dvhs_of((structure,))["Organ 1"].volume == pytest.approx(mask.sum() * 0.009)
    else:
        refuse(made, f"frames {3 * gaps.min()} mm apart have slices of 3 mm: were others left out")
    del measures_of(made).SliceThickness
    refuse(made, "have no thickness of slices")


def test_an_even_stack_that_states_closer_layers_is_refused() -> None:
    made = seg([np.ones(SHAPE, dtype=bool)])
    measures_of(made).SpacingBetweenSlices = 1.5
    refuse(made, "1.5 mm are stated between layers, and all frames lie 3 mm apart")


@pytest.mark.parametrize("frame", range(5))
def test_every_frame_has_a_say_in_how_it_lies(frame: int) -> None:
    made = seg([np.ones(SHAPE, dtype=bool)])
    own = made.PerFrameFunctionalGroupsSequence[frame]
    own.PlaneOrientationSequence = group(ImageOrientationPatient=[-1, 0, 0, 0, 1, 0])
    refuse(made, "turned against each other")
    del own.PlaneOrientationSequence
    own.PixelMeasuresSequence = group(PixelSpacing=[4, 4], SliceThickness=3)
    refuse(made, "pixels of different sizes")


def test_nothing_of_what_a_voxel_means_is_guessed() -> None:
    one = np.ones(SHAPE, dtype=bool)
    made = seg([one])
    made.SegmentationType = "OTHER"
    refuse(made, "the Segmentation Type is a word of 5 characters, where DICOM defines BINARY, FRACTIONAL, LABELMAP")
    made.SegmentationType = "BI NARY"
    refuse(made, "the Segmentation Type is BI NARY: BINARY, FRACTIONAL, LABELMAP are known")
    del made.SegmentationType
    refuse(made, "the Segmentation Type is missing")
    refuse(seg([one.astype(np.uint8)], kind="FRACTIONAL"), "no attribute 'MaximumFractionalValue'")


def test_what_stands_in_place_of_a_position_is_not_quoted() -> None:
    made = seg([np.ones(SHAPE, dtype=bool)])
    for frame in made.PerFrameFunctionalGroupsSequence:
        frame.PlanePositionSequence[0].add_new("ImagePositionPatient", "UT", "Mustermann")
    with pytest.raises(DicomError) as caught:
        structures_of_seg(made)
    assert "frames are not described as they should be" in str(caught.value)
    assert "Mustermann" not in str(caught.value)


def test_frames_and_voxels_of_no_segment_are_refused() -> None:
    one = np.ones(SHAPE, dtype=bool)
    made = seg([one, one])
    made.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 0
    refuse(made, "frames of segment 0, which the file does not describe")
    made.SegmentSequence[0].SegmentNumber = 0
    refuse(made, "a segment has number 0, and they are counted from 1")
    labels = one.astype(np.uint8)
    labels[2, 1, 3] = 9
    made = seg([labels], kind="LABELMAP")
    refuse(made, "voxels of segment 9, which the file does not describe")
    made.PixelPaddingValue = 9
    (structure,) = structures_of_seg(made)
    assert_is(dvhs_of((structure,))["Organ 1"], labels == 1, AXIAL)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_two_frames_of_one_segment_at_one_place_are_refused(kind: str) -> None:
    made = seg([np.ones(SHAPE, dtype=np.uint8)], kind=kind)
    first, second = made.PerFrameFunctionalGroupsSequence[:2]
    first.PlanePositionSequence = second.PlanePositionSequence
    refuse(made, "lie at one place: are they of different times")


KINDS = ["BINARY", "FRACTIONAL", "LABELMAP"] if find_spec("highdicom") else []


def test_segmentations_of_highdicom_where_it_is_installed() -> None:
    label = np.random.default_rng(3).integers(0, 3, SHAPE)
    both = np.stack([label == 1, label == 2], axis=-1).astype(np.uint8)
    for kind in KINDS:
        given_array = {"LABELMAP": label.astype(np.uint8), "FRACTIONAL": 0.9 * both}.get(kind, both)
        structures = structures_of_seg(of_highdicom(given_array, kind))
        assert [s.name for s in structures] == ["Organ 1", "Organ 2"]  # the background of a label map is none
        dvhs = dvhs_of(structures)
        for n in (1, 2):
            assert_is(dvhs[f"Organ {n}"], label == n, AXIAL)

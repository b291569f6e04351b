"""RTDOSE -> dose grid: encodings, orientations, frame offsets, units, and what is refused."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

import dicom_files as files
from dicom_files import write, write_plan
from sbrtcheck.dicom import load_plan
from sbrtcheck.dvh import Reason, compute_dvhs
from sbrtcheck.errors import DicomError, NoPlanError
from sbrtcheck.plan import DoseGrid, FindingCode, Plan, Prescription

ENCODINGS = [
    (ImplicitVRLittleEndian, True),
    (ImplicitVRLittleEndian, False),
    (ExplicitVRLittleEndian, True),
    (ExplicitVRLittleEndian, False),
    (DeflatedExplicitVRLittleEndian, True),
    (ExplicitVRBigEndian, True),
    (ExplicitVRBigEndian, False),
]


def load(folder: Path, dose: Dataset, **options: Prescription) -> Plan:
    return load_plan(write_plan(folder, dose, files.structure_set(), files.plan()), **options)


def points_mm(grid: DoseGrid) -> np.ndarray:
    """Patient coordinates of all points, by the definition of `DoseGrid`; shape ``(k, j, i, 3)``."""
    k, j, i = np.indices(grid.stored.shape)
    return (
        grid.origin_mm
        + i[..., None] * grid.spacing_mm[0] * grid.axes[0]
        + j[..., None] * grid.spacing_mm[1] * grid.axes[1]
        + grid.offsets_mm[k][..., None] * grid.axes[2]
    )


def dose_at(grid: DoseGrid) -> dict[tuple[float, ...], float]:
    """Dose of each point by its place: equal for the same dose however its frames are written."""
    places = np.round(points_mm(grid).reshape(-1, 3), 3) + 0.0
    return dict(zip(map(tuple, places.tolist()), grid.values_gy.ravel().tolist(), strict=True))


@pytest.mark.parametrize(("syntax", "meta"), ENCODINGS)
@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_every_encoding_gives_the_same_plan(tmp_path: Path, syntax: str, meta: bool, dtype: str) -> None:
    three = [files.dose(stored=files.values(dtype=dtype)), files.structure_set(), files.plan()]
    plan = load_plan(write_plan(tmp_path, *three, syntax=syntax, meta=meta))
    assert plan.dose.values_gy == pytest.approx(files.values() * 0.002)
    assert plan.dose.stored.dtype == np.dtype(dtype)
    assert plan.prescription.fractions == 5
    assert plan.structures[0].contours.read().points_mm[0].tolist() == [-4.0, -4.0, -27.0]
    assert plan.findings == ()


def test_run_length_encoding_gives_the_same_dose(tmp_path: Path) -> None:
    write_plan(tmp_path)
    write(tmp_path / "0", files.dose(stored=files.values(dtype="uint16")), RLELossless)
    assert load_plan(tmp_path).dose.values_gy == pytest.approx(files.values() * 0.002)


def test_the_grid_is_read_only_and_leaves_no_file_open(tmp_path: Path) -> None:
    plan = load(tmp_path, files.dose())
    assert not plan.dose.stored.flags.writeable
    assert not isinstance(plan.dose.stored.base, np.memmap)
    (tmp_path / "0").rename(tmp_path / "moved")


def test_spacing_of_rows_comes_first_in_the_file_and_last_in_the_grid(tmp_path: Path) -> None:
    grid = load(tmp_path, files.dose()).dose
    assert grid.spacing_mm == (2.0, 2.5)
    assert points_mm(grid)[0, 0, 1].tolist() == [-8.0, -20.0, -30.0]
    assert points_mm(grid)[0, 1, 0].tolist() == [-10.0, -17.5, -30.0]
    assert points_mm(grid)[1, 0, 0].tolist() == [-10.0, -20.0, -27.0]


AXIAL = [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, -1, 0), (-1, 0, 0, 0, 1, 0), (1, 0, 0, 0, -1, 0)]
DECUBITUS = [(0, 1, 0, -1, 0, 0), (0, -1, 0, 1, 0, 0), (0, 1, 0, 1, 0, 0), (0, -1, 0, -1, 0, 0)]


@pytest.mark.parametrize("orientation", [*AXIAL, *DECUBITUS, (1, 0, 0, 0, 0, -1), (0.8, 0.6, 0, -0.6, 0.8, 0)])
def test_points_lie_where_position_and_orientation_put_them(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    grid = load(tmp_path, files.dose(orientation=orientation, offsets=[0, 3, 7, 8])).dose
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(row, column)
    found = points_mm(grid)
    for (k, offset), j, i in itertools.product(enumerate([0, 3, 7, 8]), range(5), range(6)):
        expected = np.array([-10.0, -20.0, -30.0]) + 2.0 * i * row + 2.5 * j * column + offset * normal
        assert found[k, j, i] == pytest.approx(expected)


@pytest.mark.slow
@given(
    orientation=st.sampled_from(AXIAL),
    steps=st.lists(st.floats(0.5, 5.0).map(lambda step: round(step, 2)), min_size=3, max_size=3),
    falling=st.booleans(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_absolute_and_relative_rising_and_falling_offsets_are_the_same_dose(
    tmp_path: Path, orientation: tuple[float, ...], steps: list[float], falling: bool
) -> None:
    along_normal = np.round(np.concatenate([[0.0], np.cumsum(steps)]) * (-1.0 if falling else 1.0), 2)
    towards_z = float(np.cross(orientation[:3], orientation[3:])[2])
    absolute_z = np.round(-30.0 + towards_z * along_normal, 2)
    relative = load(tmp_path, files.dose(orientation=orientation, offsets=along_normal)).dose
    absolute = load(tmp_path, files.dose(orientation=orientation, offsets=absolute_z)).dose
    assert relative.offsets_mm[0] == absolute.offsets_mm[0] == 0.0
    assert np.all(np.diff(relative.offsets_mm) > 0)
    assert dose_at(relative) == dose_at(absolute)
    first_frame = points_mm(relative)[-1 if falling else 0, 0, 0]
    assert first_frame == pytest.approx([-10.0, -20.0, -30.0])
    assert relative.values_gy[-1 if falling else 0] == pytest.approx(files.values()[0] * 0.002)


@pytest.mark.slow
@given(
    orientation=st.sampled_from(AXIAL),
    z_mm=st.floats(-100.0, 100.0).map(lambda z: round(z, 3)),
    absolute=st.booleans(),
    falling=st.booleans(),
    moved=st.lists(st.floats(-0.025, 0.025), min_size=5, max_size=5),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_offsets_written_with_another_rounding_put_each_frame_where_it_was(
    tmp_path: Path, orientation: tuple[float, ...], z_mm: float, absolute: bool, falling: bool, moved: list[float]
) -> None:
    """Each offset, and the z of Image Position, is off by up to 0.025 mm: so is no frame by more than three of them."""
    towards_z = float(np.cross(orientation[:3], orientation[3:])[2])
    # near 0 and against the normal, offsets may be of either kind
    assume(towards_z > 0.0 or abs(z_mm) > 0.2)
    along_normal = np.array([0.0, 3.0, 7.0, 8.0]) * (-1.0 if falling else 1.0)
    exact = z_mm + towards_z * along_normal if absolute else along_normal
    position = (-10.0, -20.0, z_mm + moved[4])
    dose = files.dose(orientation=orientation, position=position, offsets=[f"{x:.5f}" for x in exact + moved[:4]])
    found = points_mm(load(tmp_path, dose).dose)[:, 0, 0, 2]
    expected = z_mm + towards_z * along_normal
    assert np.abs(found - (expected[::-1] if falling else expected)).max() <= 0.076


@given(step_mm=st.floats(1.0, 5.0), digits=st.integers(0, 3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_frames_whose_places_were_rounded_to_whole_millimetres_are_said(
    tmp_path: Path, step_mm: float, digits: int
) -> None:
    """They lie where the file puts them: nothing tells it from a grid that is so."""
    offsets = [round(i * step_mm, digits) for i in range(4)]
    loaded = load(tmp_path, files.dose(offsets=offsets))
    steps = {round(b - a, digits) for a, b in itertools.pairwise(offsets)}
    said = [finding.text for finding in loaded.findings if finding.code is FindingCode.DOSE_PLANES_UNEVEN]
    assert np.diff(loaded.dose.offsets_mm) == pytest.approx(np.diff(offsets))
    if digits or len(steps) == 1:
        assert not said
    else:
        text = f"dose planes are {min(steps):.4g} to {max(steps):.4g} mm apart, and were taken so"
        assert [one.partition(":")[0] for one in said] == [text]


@pytest.mark.parametrize("off_mm", [0.06, -0.06, 1.0])
@pytest.mark.parametrize("z_mm", [-30.0, 30.0])
def test_a_first_offset_that_is_neither_0_nor_the_first_plane_is_refused(
    tmp_path: Path, off_mm: float, z_mm: float
) -> None:
    for first in (0.0, z_mm):
        offsets = np.array([0.0, 3.0, 6.0, 9.5]) + first + off_mm
        with pytest.raises(DicomError, match="neither 0 nor the z of the first plane"):
            load(tmp_path, files.dose(position=(0, 0, z_mm), offsets=offsets))


def test_an_offset_of_0_is_relative_wherever_the_first_plane_lies(tmp_path: Path) -> None:
    for orientation in AXIAL:
        grid = load(tmp_path, files.dose(orientation=orientation, position=(0, 0, 0))).dose
        towards_z = float(np.cross(orientation[:3], orientation[3:])[2])
        assert points_mm(grid)[:, 0, 0, 2] == pytest.approx(towards_z * np.array([0.0, 3.0, 6.0, 9.0]))


def test_an_offset_near_0_that_may_be_of_either_kind_is_refused_where_they_differ(tmp_path: Path) -> None:
    feet_first = (-1, 0, 0, 0, 1, 0)
    offsets = [0.01, 3.01, 6.01, 9.01]
    with pytest.raises(DicomError, match=r"may be 0 or the z of the first plane, 0\.01"):
        load(tmp_path, files.dose(orientation=feet_first, position=(0, 0, 0.01), offsets=offsets))
    grid = load(tmp_path, files.dose(position=(0, 0, 0.01), offsets=offsets)).dose
    assert points_mm(grid)[:, 0, 0, 2] == pytest.approx([0.01, 3.01, 6.01, 9.01])


def change(**elements: object) -> Callable[[Dataset], None]:
    def apply(dose: Dataset) -> None:
        for keyword, value in elements.items():
            if value is None:
                delattr(dose, keyword)
            else:
                setattr(dose, keyword, value)

    return apply


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (change(DoseGridScaling=None), "no usable Dose Grid Scaling"),
        (change(DoseGridScaling=0.0), "no usable Dose Grid Scaling"),
        (change(DoseUnits="RADS"), "Dose Units are RADS; GY or"),
        (change(DoseUnits=None), "Dose Units are missing; GY or"),
        (change(DoseType="ERROR"), "Dose Type is ERROR"),
        (change(PixelData=None), "no pixel data"),
        (change(PixelData=bytes(100)), "pixel data has 100 bytes; 4 frames of 5 x 6 values of 32 bits need 480"),
        (
            change(PixelData=files.values().tobytes() + bytes(80)),
            "pixel data has 560 bytes",
        ),  # a row more in each frame
        (change(PixelData=files.values().tobytes() + bytes(120)), "pixel data has 600 bytes"),  # a frame more
        (change(Rows=4), "pixel data has 480 bytes; 4 frames of 4 x 6 values of 32 bits need 384"),
        (change(Columns=5), "pixel data has 480 bytes"),
        (change(BitsAllocated=16), "pixel data has 480 bytes; 4 frames of 5 x 6 values of 16 bits need 240"),
        (change(PixelSpacing=[0.0, 2.0]), "not above 0"),
        (change(PixelSpacing=None), "0 values instead of 2"),
        (change(ImageOrientationPatient=[1, 0, 0, 0.1, 1, 0]), "not a pair of perpendicular unit vectors"),
        (change(ImagePositionPatient=None), "0 values instead of 3"),
        (change(GridFrameOffsetVector=[0, 3, 6]), "4 frames, but Grid Frame Offset Vector has 3 values"),
        (change(GridFrameOffsetVector=[0, 3, 3, 6]), "neither rises nor falls"),
        (change(GridFrameOffsetVector=[5, 8, 11, 14]), "neither 0 nor the z of the first plane, -30"),
        (change(GridFrameOffsetVector=[-30, 4, 8, 12]), "half relative, half absolute"),
        (
            change(ImagePositionPatient=[0, 0, 20], GridFrameOffsetVector=[0, 24, 28, 32]),
            "half relative, half absolute",
        ),
        (change(NumberOfFrames=None), "pixel data has 480 bytes; 1 frame of"),
        (change(BitsAllocated=8), "Bits Allocated is 8"),
        (change(Rows=None), "Rows .* is missing"),
    ],
)
def test_a_dose_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, spoil: Callable[[Dataset], None], reason: str
) -> None:
    dose = files.dose()
    spoil(dose)
    with pytest.raises(DicomError, match=reason) as caught:
        load(tmp_path, dose)
    assert caught.value.place == "RTDOSE 2.25.3"


@pytest.mark.parametrize(
    ("stated", "is_said"),
    [
        ({"RescaleSlope": 2, "RescaleIntercept": 0}, True),
        ({"RescaleSlope": 1, "RescaleIntercept": -1024}, True),
        ({"RescaleSlope": 1, "RescaleIntercept": 0}, False),
        ({"RescaleSlope": "1.0"}, False),
        ({"RescaleSlope": None}, False),
        ({}, False),
    ],
)
def test_the_scaling_of_an_image_beside_that_of_the_dose_is_said_and_not_applied(
    tmp_path: Path, stated: dict[str, object], is_said: bool
) -> None:
    dose = files.dose()
    for keyword, value in stated.items():
        setattr(dose, keyword, value)
    plan = load_plan(write_plan(tmp_path, dose, files.structure_set(), files.plan()))
    np.testing.assert_array_equal(plan.dose.values_gy, files.values() * 0.002)
    said = [finding for finding in plan.findings if finding.code is FindingCode.DOSE_CHANGED]
    assert ["Rescale Slope" in finding.text for finding in said] == [True] * is_said


def test_absolute_offsets_of_planes_that_are_not_transverse_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="absolute, but the planes are not transverse"):
        load(tmp_path, files.dose(orientation=(1, 0, 0, 0, 0, -1), offsets=[-30, -27, -24, -21]))


def test_a_truncated_dose_is_refused(tmp_path: Path) -> None:
    write_plan(tmp_path)
    content = (tmp_path / "0").read_bytes()
    (tmp_path / "0").write_bytes(content[: len(content) // 2])
    with pytest.raises(NoPlanError, match=r"RTDOSE 2\.25\.3: the file is truncated"):
        load_plan(tmp_path)


def relative_dose(scaling: float) -> Dataset:
    dose = files.dose(scaling=scaling)
    dose.DoseUnits = "RELATIVE"
    return dose


def test_relative_dose_is_percent_of_the_prescription_and_the_report_says_so(tmp_path: Path) -> None:
    plan = load(tmp_path, relative_dose(0.005))  # 50 to 110 %
    assert plan.dose.values_gy == pytest.approx(files.values() * 0.005 * 0.5)
    assert [f.text for f in plan.findings] == ["relative dose (maximum 109.5) was read as percent of 50 Gy"]
    assert plan.findings[0].code is FindingCode.RELATIVE_DOSE_SCALED


def test_relative_dose_without_prescription_is_refused(tmp_path: Path) -> None:
    write_plan(tmp_path, relative_dose(0.005), files.structure_set(), files.plan(doses=[]))
    with pytest.raises(DicomError, match="RELATIVE and the prescription is unknown"):
        load_plan(tmp_path)
    given_one = Prescription(dose_gy=30.0, fractions=5)
    assert load_plan(tmp_path, prescription=given_one).dose.max_gy == pytest.approx(1.095 * 30.0)


def test_relative_dose_that_is_no_percentage_is_refused(tmp_path: Path) -> None:
    for scaling in (0.00005, 0.0025, 0.05):  # maxima of about 1, 55 (a plan of 50 Gy with its doses in Gy) and 1095
        with pytest.raises(DicomError, match="no percentage"):
            load(tmp_path, relative_dose(scaling))


def test_effective_dose_is_taken_with_a_finding(tmp_path: Path) -> None:
    dose = files.dose()
    dose.DoseType = "EFFECTIVE"
    (finding,) = load(tmp_path, dose).findings
    assert finding.code is FindingCode.DOSE_TYPE


def test_signed_values_keep_their_sign(tmp_path: Path) -> None:
    stored = files.values(dtype="int32")
    stored[0, 0, 0] = -5
    assert load(tmp_path, files.dose(stored=stored)).dose.values_gy[0, 0, 0] == pytest.approx(-0.01)


def test_doses_below_0_keep_their_own_structures_from_a_dvh_and_no_others(tmp_path: Path) -> None:
    stored = files.values(dtype="int32")
    stored[0] = -stored[0]
    rois = [
        (1, "Cord", "ORGAN", [files.square(z, half_mm=1.5) for z in (-30.0, -27.0)]),
        (2, "PTV", "PTV", [files.square(z, half_mm=1.5) for z in (-24.0, -22.0)]),
    ]
    dose = files.dose(stored=stored, position=(-6, -6, -30))
    dvhs = compute_dvhs(load_plan(write_plan(tmp_path, dose, files.structure_set(rois=rois), files.plan())))
    assert [dvh.name for dvh in dvhs] == ["PTV"]
    (cord,) = dvhs.without
    assert (cord.name, cord.reason) == ("Cord", Reason.STRUCTURE_NOT_COMPUTED)
    assert "the dose falls to -24.35 Gy in the structure, which is no dose" in cord.detail


# The size of the pixel data


@pytest.mark.parametrize(("syntax", "meta"), ENCODINGS)
def test_pixel_data_of_another_size_than_the_grid_are_refused_in_every_encoding(
    tmp_path: Path, syntax: str, meta: bool
) -> None:
    dose = files.dose()
    dose.Rows -= 1
    with pytest.raises(DicomError, match="pixel data has 480 bytes"):
        load_plan(write_plan(tmp_path, dose, files.structure_set(), files.plan(), syntax=syntax, meta=meta))


@pytest.mark.parametrize(("keyword", "value"), [("Rows", 4), ("Columns", 5), ("NumberOfFrames", 3), ("Columns", 7)])
def test_run_length_encoded_data_of_another_size_than_the_grid_are_refused(
    tmp_path: Path, keyword: str, value: int
) -> None:
    write_plan(tmp_path)
    path = write(tmp_path / "0", files.dose(stored=files.values(dtype="uint16")), RLELossless)
    dose = pydicom.dcmread(path)
    setattr(dose, keyword, value)
    dose.GridFrameOffsetVector = [3.0 * k for k in range(dose.NumberOfFrames)]
    dose.save_as(path)
    with pytest.raises(DicomError, match="pixel data"):
        load_plan(tmp_path)


def test_pixel_data_may_have_one_byte_of_padding(tmp_path: Path) -> None:
    write_plan(tmp_path)
    content = (tmp_path / "0").read_bytes()
    stated, odd = (struct.pack("<HHI", 0x7FE0, 0x0010, length) for length in (480, 481))
    assert content.count(stated) == 1
    (tmp_path / "0").write_bytes(content.replace(stated, odd) + b"\0")
    assert load_plan(tmp_path).dose.values_gy == pytest.approx(files.values() * 0.002)


@pytest.mark.parametrize(("syntax", "meta"), ENCODINGS)
@pytest.mark.parametrize("byte", [b"\0", b" ", b"\xff"])
@pytest.mark.parametrize("count", [4, 32, 76])
def test_padding_after_the_last_frame_is_dropped_and_said_in_every_encoding(
    tmp_path: Path, syntax: str, meta: bool, byte: bytes, count: int
) -> None:
    dose = files.dose()
    dose.PixelData += count * byte
    plan = load_plan(write_plan(tmp_path, dose, files.structure_set(), files.plan(), syntax=syntax, meta=meta))
    assert plan.dose.values_gy == pytest.approx(files.values() * 0.002)
    (finding,) = plan.findings
    assert finding.code is FindingCode.PIXEL_PADDING
    assert f" {count} bytes of padding" in finding.text


@pytest.mark.parametrize(("syntax", "meta"), ENCODINGS)
def test_numbers_after_the_last_frame_are_no_padding(tmp_path: Path, syntax: str, meta: bool) -> None:
    dose = files.dose()
    dose.PixelData += bytes(12) + b"\1\0\0\0"
    with pytest.raises(DicomError, match="goes on for 16 bytes after the last frame, and they are no padding"):
        load_plan(write_plan(tmp_path, dose, files.structure_set(), files.plan(), syntax=syntax, meta=meta))


@pytest.mark.slow
@given(
    frames=st.integers(2, 4),
    rows=st.integers(2, 6),
    columns=st.integers(2, 6),
    wrong=st.sampled_from(["NumberOfFrames", "Rows", "Columns"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_grid_that_is_stated_too_small_is_never_taken_for_padding(
    tmp_path: Path, frames: int, rows: int, columns: int, wrong: str
) -> None:
    """Also where all that is left over is 0, as the dose at the edge of a grid is."""
    dose = files.dose(stored=np.zeros((frames + 1, rows, columns), dtype="uint32"))
    setattr(dose, wrong, dose[wrong].value - 1)
    dose.GridFrameOffsetVector = [3.0 * k for k in range(dose.NumberOfFrames)]
    with pytest.raises(DicomError, match="pixel data has"):
        load(tmp_path, dose)


def test_values_are_not_read_past_the_end_of_the_element(tmp_path: Path) -> None:
    """The element ends early, and other bytes follow it in the file."""
    write_plan(tmp_path)
    content = (tmp_path / "0").read_bytes()
    at = content.rfind(struct.pack("<HHI", 0x7FE0, 0x0010, 480))
    tail = struct.pack("<HHI", 0xFFFC, 0xFFFC, 480 - 240 - 8) + content[at + 8 + 240 + 8 :]
    early = struct.pack("<HHI", 0x7FE0, 0x0010, 240) + content[at + 8 : at + 8 + 240] + tail
    (tmp_path / "0").write_bytes(content[:at] + early)
    with pytest.raises(DicomError, match="pixel data has 240 bytes"):
        load_plan(tmp_path)


def test_plain_pixel_data_of_undefined_length_are_refused(tmp_path: Path) -> None:
    write_plan(tmp_path, syntax=ExplicitVRLittleEndian)
    content = (tmp_path / "0").read_bytes()
    stated = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, 480)
    unstated = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, 0xFFFFFFFF)
    assert content.count(stated) == 1
    (tmp_path / "0").write_bytes(content.replace(stated, unstated) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    with pytest.raises(DicomError, match="pixel data"):
        load_plan(tmp_path)


# Absurd numbers


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("NumberOfFrames", "9" * 12),
        ("DoseGridScaling", "1e300"),
        ("DoseGridScaling", "1e-320"),
        ("PixelSpacing", "1e308\\1e308"),
        ("ImagePositionPatient", "1e308\\0\\-1e308"),
        ("GridFrameOffsetVector", "0\\1e300\\1e306\\1e308"),
        ("ImageOrientationPatient", "1e308\\0\\0\\0\\1e308\\0"),
        ("DoseGridScaling", "7" * 5000),
    ],
)
def test_absurd_numbers_are_refused_in_a_short_line(tmp_path: Path, keyword: str, text: str) -> None:
    dose = files.dose()
    files.set_raw(dose, keyword, text)
    with pytest.raises(DicomError) as caught:
        load(tmp_path, dose)
    assert len(str(caught.value)) < 250

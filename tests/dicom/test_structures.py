"""RTSTRUCT -> structures: which contours count, what is said of the others, and that decoding is exact."""

from __future__ import annotations

import pickle
from contextlib import nullcontext
from copy import deepcopy
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset

import dicom_files as files
from dicom_files import contour, square, write_plan
from sbrtcheck.dicom import load_plan
from sbrtcheck.dvh import Reason, compute_dvhs
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import Contours, FindingCode, Structure
from two_ways import without_fast_reading

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


def test_the_first_points_of_contours_are_those_of_all_points(tmp_path: Path) -> None:
    written = "1.25\\-2\\3e0\\ 4.5\\.5\\3\\-0.1\\0.30000000000000004\\3"
    (structure,) = structures(tmp_path, with_text(written), contour(LINE), square(-21.0))
    read = structure.contours.read()
    firsts = structure.contours.first_points()
    assert firsts.tolist() == [[1.25, -2.0, 3.0], read.points_mm[3].tolist()]
    assert np.array_equal(read.first_points(), firsts)
    loops = Contours.of([(1, 2, 3)], [(0, 0, 1), (1, 0, 1), (1, 1, 1)], [(4, 5, 6)], [])
    assert loops.first_points().tolist() == [[0, 0, 1]]  # a point is no contour


@pytest.mark.parametrize(
    "text",
    ["1\\2\\x\\4\\5\\3\\4\\6\\3", "1\\2\\\\4\\5\\3\\4\\6\\3", "1\\2\\1.7e308\\4\\5\\3\\4\\6\\3"],
)
def test_a_damaged_first_point_is_refused_as_all_points_are(tmp_path: Path, text: str) -> None:
    (structure,) = structures(tmp_path, with_text(text))
    with pytest.raises(DicomError) as of_all:
        structure.contours.read()
    with pytest.raises(DicomError) as of_first:
        structure.contours.first_points()
    assert str(of_first.value) == str(of_all.value)


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


CORNERS = [(0, 0, -24), (5, 0, -24), (5, 5, -24)]


def typed(kind: str, points: npt.ArrayLike = CORNERS) -> Dataset:
    """A contour of a type that may be none of the standard's."""
    one = contour(points, None)
    files.set_raw(one, "ContourGeometricType", kind)
    return one


def test_open_contours_and_points_are_ignored_and_counted(tmp_path: Path) -> None:
    (structure,) = structures(tmp_path, square(-24.0), contour(CORNERS, "OPEN_NONPLANAR"), contour(LINE[:1], "POINT"))
    assert len(structure.contours.read()) == 1
    ignored, doubted = structure.findings
    assert ignored.code is FindingCode.OPEN_CONTOURS_IGNORED
    assert ignored.text.endswith("1 OPEN_NONPLANAR, 1 POINT")
    # a point marks a place; three corners may be a part of the outline, whatever they are called
    assert doubted.code is FindingCode.CONTOURS_INCOMPLETE
    assert doubted.text.startswith("1 OPEN_NONPLANAR of three or more points")


UNKNOWN = "of a type that DICOM does not define (5 characters)"


@pytest.mark.parametrize("kind", ["OPEN_PLANAR", "open planar", "CLOSED_NONPLANAR", "BRUSH"])
def test_what_may_be_somebodys_outline_and_is_left_out_makes_a_structure_incomplete(tmp_path: Path, kind: str) -> None:
    (structure,) = structures(tmp_path, square(-27.0), typed(kind), typed(kind))
    assert len(structure.contours.read()) == 1
    ignored, incomplete = structure.findings
    assert ignored.code is FindingCode.OPEN_CONTOURS_IGNORED
    assert incomplete.code is FindingCode.CONTOURS_INCOMPLETE
    assert f"2 {UNKNOWN if kind == 'BRUSH' else kind.upper()} of three or more points" in incomplete.text


@pytest.mark.parametrize("kind", ["OPEN_PLANAR", "BRUSH", "POINT"])
def test_marks_of_one_or_two_points_leave_a_structure_complete(tmp_path: Path, kind: str) -> None:
    (structure,) = structures(tmp_path, square(-27.0), contour(LINE, kind), contour(LINE[:1], kind))
    assert [finding.code for finding in structure.findings] == [FindingCode.OPEN_CONTOURS_IGNORED]


@pytest.mark.parametrize("kind", [None, "CLOSED_PLANAR"])
def test_contours_without_type_are_closed(tmp_path: Path, kind: str | None) -> None:
    (structure,) = structures(tmp_path, contour(CORNERS, kind))
    assert len(structure.contours.read()) == 1
    assert (structure.findings, structure.exclusive_or) == ((), False)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("INTERPOLATED_PLANAR", "CLOSED_PLANAR"),
        ("Closed Planar", "CLOSED_PLANAR"),
        ("closed_planar", "CLOSED_PLANAR"),
        ("CLOSEDPLANAR", "CLOSED_PLANAR"),
        ("CLOSED-PLANAR", "CLOSED_PLANAR"),
        ("CLOSED_PLANAR_XOR", "CLOSEDPLANAR_XOR"),
        ("closedplanar xor", "CLOSEDPLANAR_XOR"),
    ],
)
def test_a_misspelt_closed_type_is_read_by_its_letters_and_said(tmp_path: Path, written: str, kind: str) -> None:
    (structure,) = structures(tmp_path, typed(written), typed(written))
    assert len(structure.contours.read()) == 2
    assert structure.exclusive_or == (kind == "CLOSEDPLANAR_XOR")
    assert [finding.text for finding in structure.findings] == [
        f"2 contours of the type {written!r} were read as {kind}"
    ]


@pytest.mark.parametrize(
    ("kinds", "exclusive_or"),
    [
        (["CLOSEDPLANAR_XOR"], True),
        (["CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR"], True),
        (["CLOSEDPLANAR_XOR", "POINT"], True),
        (["CLOSEDPLANAR_XOR", "CLOSED_PLANAR"], False),
        (["CLOSED_PLANAR"], False),
        (["POINT"], False),
    ],
)
def test_contours_exclude_each_other_when_all_that_count_say_so(
    tmp_path: Path, kinds: list[str], exclusive_or: bool
) -> None:
    (structure,) = structures(tmp_path, *map(typed, kinds))
    assert structure.exclusive_or is exclusive_or


@pytest.mark.parametrize(
    ("contours", "said"),
    [
        ([contour(LINE[:1], "POINT")] * 12, "12 POINT"),
        ([contour(CORNERS, "OPEN_PLANAR"), contour(LINE, "POINT")], "1 OPEN_PLANAR, 1 POINT"),
        ([contour(LINE), contour(LINE[:1], "POINT")], "1 closed of fewer than three points, 1 POINT"),
        ([contour(LINE)], "1 closed of fewer than three points"),
    ],
)
def test_a_structure_of_nothing_that_counts_says_what_it_has(
    tmp_path: Path, contours: list[Dataset], said: str
) -> None:
    plan = load_plan(
        write_plan(tmp_path, files.dose(), files.plan(), files.structure_set(rois=[(1, "A", "", contours)]))
    )
    assert [finding.text for finding in plan.structures[0].findings] == [f"no closed contour with an area: {said}"]
    (without,) = compute_dvhs(plan).without
    assert (without.reason, without.detail) == (
        Reason.STRUCTURE_EMPTY,
        f"no closed contour with an area: {said}",
    )


def test_an_empty_structure_has_no_contours(tmp_path: Path) -> None:
    (structure,) = structures(tmp_path)
    assert len(structure.contours.read()) == 0
    assert structure.contours.read().points_mm.shape == (0, 3)


def test_two_structures_may_have_one_name(tmp_path: Path) -> None:
    rois = [(1, "Lung", "ORGAN", [square(-24.0)]), (2, "Lung", "AVOIDANCE", [])]
    found = load_structures(tmp_path, files.structure_set(rois=rois))
    assert [(s.name, s.number, s.kind) for s in found] == [("Lung", 1, "ORGAN"), ("Lung", 2, "AVOIDANCE")]


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
    plan = load_plan(write_plan(tmp_path, files.dose(), files.plan(), dataset))
    (structure,) = plan.structures
    assert len(structure.contours.read()) == 0
    assert structure.is_contoured
    (finding,) = structure.findings
    assert finding.code is FindingCode.NOT_COMPUTED
    assert "2.25.99" in finding.text
    assert "2.25.4" in finding.text
    (without,) = compute_dvhs(plan).without
    assert (without.reason, without.detail) == (Reason.STRUCTURE_NOT_COMPUTED, finding.text)


def test_an_empty_structure_of_another_frame_of_reference_is_empty(tmp_path: Path) -> None:
    dataset = files.structure_set(rois=[(1, "PTV", "PTV", [])])
    dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = "2.25.99"
    plan = load_plan(write_plan(tmp_path, files.dose(), files.plan(), dataset))
    assert not plan.structures[0].is_contoured
    assert compute_dvhs(plan).without[0].reason is Reason.STRUCTURE_EMPTY


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0\\0\\1\\5\\0\\1\\5\\5\\1\\0", "contour 2 has 10 numbers, no multiple of 3"),
        ("0\\0\\1\\5\\zero\\1\\5\\5\\1", "contour 2: a text of 4 characters is not a number"),
        ("0\\0\\1\\5\\nan\\1\\5\\5\\1", "contour 2: 'nan' is not a number"),
        ("0\\0\\1\\5\\\\1\\5\\5\\1", "contour 2: '' is not a number"),
        ("0\\0\\1\\5\\1e300\\1\\5\\5\\1", "contour 2 has a coordinate of 1e+300 mm, which is no place in a patient"),
    ],
)
def test_malformed_contours_are_named_when_they_are_read(tmp_path: Path, text: str, fault: str) -> None:
    (structure,) = structures(tmp_path, square(-27.0), with_text(text), square(-21.0), name="Liver")
    with pytest.raises(DicomError) as caught:
        structure.contours.read()
    assert str(caught.value) == f"RTSTRUCT 2.25.2: ROI 1 'Liver': {fault}; export the structure set again"


def outline(points: npt.ArrayLike, z: float) -> Dataset:
    """A contour of these points in the plane z."""
    flat = np.asarray(points, dtype=float)
    return contour(np.column_stack([flat, np.full(len(flat), z)]))


def ring(points: int, radius: float) -> npt.NDArray[np.float64]:
    angle = np.arange(points) * 2 * np.pi / points
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@pytest.mark.parametrize("stray_mm", [9999.9, -9999.0, -32768.0, 2000.0, 120.0])
@pytest.mark.parametrize(("points", "at"), [(40, 0), (40, 17), (40, 39), (7, 3)])
def test_one_corner_far_from_all_others_is_damage(tmp_path: Path, stray_mm: float, points: int, at: int) -> None:
    """What stands there is no number of a patient, but one by its letters; of few corners it has to be farther out."""
    damaged = ring(points, 20.0)
    damaged[at, 0] = stray_mm
    (structure,) = structures(tmp_path, outline(ring(40, 20.0), -27.0), outline(damaged, -24.0), square(-21.0))
    if points < 10 and abs(stray_mm) < 1000.0:
        structure.contours.read()
        return
    with pytest.raises(DicomError, match=f"contour 2: its point {at + 1} lies .* mm from the points around it"):
        structure.contours.read()


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (400, 0), (400, 2), (0, 2)],  # a thin board, as of a couch
        [(0, 0), (300, 0), (150, 250)],
        [(0, 0), (120, 3), (0, 6)],
        [*ring(40, 60.0), (60, 0), (20, 0), *ring(40, 20.0)[::-1], (20, 0)],  # a hole, and the way to it and back
        [*ring(40, 15.0), (15, 0), *np.roll(ring(40, 15.0) + np.array([110, 0]), 20, axis=0), (95, 0)],  # two parts
        [*ring(60, 30.0)[:31], (-30, 25), (30, 25)],  # a straight side
    ],
)
def test_long_edges_are_no_damage(tmp_path: Path, points: list[tuple[float, float]]) -> None:
    (structure,) = structures(tmp_path, outline(points, -27.0), outline(points, -24.0))
    assert len(structure.contours.read()) == 2


@pytest.mark.parametrize("token", ["1,5", "-12,50", "1.000,5"])
def test_a_decimal_comma_is_named_and_never_guessed(tmp_path: Path, token: str) -> None:
    (structure,) = structures(tmp_path, square(-27.0), with_text(f"0\\0\\1\\{token}\\0\\1\\5\\5\\1"))
    with pytest.raises(DicomError, match=f"contour 2: '{token}' is not a number; it is written with a decimal comma"):
        structure.contours.read()


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
    said = "'5'" if first == "5" else "a text of 4 characters"
    with pytest.raises(DicomError, match=f"contour 2 has 4 points where .*says {said}"):
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


# Contours of fewer than three points


HEIGHTS = (-27.0, -24.0, -21.0)
INCOMPLETE = FindingCode.CONTOURS_INCOMPLETE


def codes_with(folder: Path, *short: Dataset, heights: tuple[float, ...] = HEIGHTS) -> list[FindingCode]:
    (structure,) = structures(folder, *(square(z) for z in heights), *short)
    assert len(structure.contours.read()) == len(heights)
    return [finding.code for finding in structure.findings]


def line_at(z_mm: float, points: int = 2) -> Dataset:
    return contour([(x, 0.0, z_mm) for x in range(points)])


@pytest.mark.parametrize("points", [1, 2])
@pytest.mark.parametrize(
    ("z_mm", "lost"),
    [(-24.0, False), (-24.2, False), (-22.5, True), (-18.0, True), (-30.0, True), (-15.0, False), (-33.0, False)],
)
def test_a_short_contour_alone_on_a_plane_of_the_structure_makes_it_incomplete(
    tmp_path: Path, z_mm: float, lost: bool, points: int
) -> None:
    codes = codes_with(tmp_path, line_at(z_mm, points))
    assert codes == [FindingCode.CONTOURS_WITHOUT_AREA] + [INCOMPLETE] * lost


@pytest.mark.parametrize("first", [True, False])
def test_a_short_contour_where_a_plane_is_missing_makes_the_structure_incomplete(tmp_path: Path, first: bool) -> None:
    heights = (-30.0, -27.0, -21.0, -18.0)
    assert INCOMPLETE in codes_with(tmp_path, line_at(-24.0), heights=heights)
    everything = [line_at(-24.0), *(square(z) for z in heights)]
    (structure,) = structures(tmp_path / "ordered", *(everything if first else everything[::-1]))
    assert INCOMPLETE in [finding.code for finding in structure.findings]


def test_a_short_contour_beside_a_single_plane_makes_it_incomplete(tmp_path: Path) -> None:
    assert INCOMPLETE in codes_with(tmp_path, line_at(-10.0), heights=(-24.0,))
    assert INCOMPLETE not in codes_with(tmp_path / "same", line_at(-24.0), heights=(-24.0,))


def test_a_contour_of_no_points_makes_the_structure_incomplete(tmp_path: Path) -> None:
    nothing = square(-24.0)
    nothing.ContourData, nothing.NumberOfContourPoints = None, 0
    assert INCOMPLETE in codes_with(tmp_path, nothing)


@pytest.mark.parametrize("turned", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_planes_of_short_contours_are_seen_whatever_way_they_lie(tmp_path: Path, turned: tuple[int, ...]) -> None:
    tilt = np.array([[1.0, 0.0, 0.0], [0.0, 0.96, -0.28], [0.0, 0.28, 0.96]])

    def lying(one: Dataset) -> Dataset:
        points = np.array([float(x) for x in one.ContourData]).reshape(-1, 3)
        return contour((points @ tilt.T)[:, turned])

    for z_mm, lost in ((-24.0, False), (-18.0, True)):
        drawn = [lying(square(z)) for z in HEIGHTS]
        (structure,) = structures(tmp_path / str(z_mm), *drawn, lying(line_at(z_mm)))
        assert (INCOMPLETE in [finding.code for finding in structure.findings]) == lost


@pytest.mark.parametrize("text", ["0\\0\\nan", "0\\0\\1,5", "0\\0\\1e9", "0\\0\\1\\5\\x\\1"])
def test_a_short_contour_that_is_nowhere_damages_the_structure(tmp_path: Path, text: str) -> None:
    (structure,) = structures(tmp_path, square(-24.0), with_text(text))
    with pytest.raises(DicomError, match="contour 2"):
        structure.contours.read()


# How thick a contour is


def thick(stated: str, z_mm: float = -24.0) -> Dataset:
    one = square(z_mm)
    if stated:
        files.set_raw(one, "ContourSlabThickness", stated)
    return one


@pytest.mark.parametrize(
    ("stated", "slab_mm"),
    [
        (["3"], 3.0),
        (["3", "3.00", " 3 "], 3.0),
        (["3", "3.005"], 3.0),
        (["3", "", "3"], 3.0),
        ([""], None),
        (["3", "6"], None),
        (["3", "3.02"], None),
        (["0"], None),
        (["-3"], None),
        (["300"], None),
        (["0.0001"], None),
        (["thick"], None),
        (["nan"], None),
        (["3\\3"], None),
        (["3", "0"], None),
    ],
)
def test_a_stated_thickness_is_taken_where_all_that_state_one_agree(
    tmp_path: Path, stated: list[str], slab_mm: float | None
) -> None:
    (structure,) = structures(tmp_path, *(thick(text) for text in stated))
    assert structure.slab_mm == slab_mm
    unused = [FindingCode.SLAB_THICKNESS] if slab_mm is None and any(stated) else []
    assert [finding.code for finding in structure.findings] == unused


def test_contours_without_area_state_no_thickness(tmp_path: Path) -> None:
    short = contour(LINE)
    files.set_raw(short, "ContourSlabThickness", "5")
    (structure,) = structures(tmp_path, thick("3"), short)
    assert structure.slab_mm == 3.0


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("of_planes", "of_contours", "slab_mm"),
    [("2.5", "", 2.5), ("2.5", "3", 3.0), ("2.5", "0", 2.5), ("0", "", None), ("", "", None), ("0", "3", 3.0)],
)
def test_the_spacing_of_the_source_images_is_the_thickness_where_contours_state_none(
    tmp_path: Path, of_planes: str, of_contours: str, slab_mm: float | None, fast: bool
) -> None:
    dataset = files.structure_set(rois=[(1, "PTV", "PTV", [thick(of_contours)])])
    characteristics = files.item(Rows=512, Columns=512, NumberOfFrames=90)
    if of_planes:
        characteristics.SpacingBetweenSlices = of_planes
    dataset.ROIContourSequence[0].SourcePixelPlanesCharacteristicsSequence = files.items(characteristics)
    with nullcontext() if fast else without_fast_reading():
        (structure,) = load_structures(tmp_path, dataset)
    assert structure.slab_mm == slab_mm


def test_several_roi_contour_items_state_one_thickness_together(tmp_path: Path) -> None:
    dataset = files.structure_set()
    again = deepcopy(dataset.ROIContourSequence[0])
    dataset.ROIContourSequence.append(again)
    for item, spacing in zip(dataset.ROIContourSequence, ("2.5", "3"), strict=True):
        item.SourcePixelPlanesCharacteristicsSequence = files.items(files.item(SpacingBetweenSlices=spacing))
    (structure,) = load_structures(tmp_path, dataset)
    assert structure.slab_mm is None
    assert structure.findings[0].text == "SpacingBetweenSlices (0018,0088) differs, 2.5 to 3 mm: not used"


# Whether there is anything


@pytest.mark.parametrize(
    ("contours", "contoured"),
    [
        ([], False),
        ([contour(LINE[:1], "POINT")], False),
        ([contour(CORNERS, "OPEN_NONPLANAR")], True),
        ([contour(LINE, "OPEN_PLANAR")], False),
        ([contour(LINE)], False),
        ([contour(CORNERS, "OPEN_PLANAR")], True),
        ([contour(CORNERS, "BRUSH")], True),
        ([contour(CORNERS)], True),
        ([contour(LINE[:1], "POINT"), contour(CORNERS)], True),
        ([with_text("0\\0\\1\\5")], True),
        ([with_text("0\\0\\nan")], True),
    ],
)
def test_a_structure_is_contoured_where_anything_may_enclose_an_area(
    tmp_path: Path, contours: list[Dataset], contoured: bool
) -> None:
    (structure,) = structures(tmp_path, *contours)
    assert structure.is_contoured is contoured


def test_contours_in_memory_are_contoured_with_an_area() -> None:
    assert not Structure(name="A", number=1).is_contoured
    assert not Structure(name="A", number=1, contours=Contours.of(LINE, LINE[:1])).is_contoured
    assert Structure(name="A", number=1, contours=Contours.of(LINE, CORNERS)).is_contoured


@pytest.mark.parametrize("fast", [True, False])
def test_a_name_with_a_backslash_is_what_the_file_says(tmp_path: Path, *, fast: bool) -> None:
    """By DICOM it is two values; to whoever typed it, one name, by which it must be possible to give it."""
    with nullcontext() if fast else without_fast_reading():
        (structure,) = structures(tmp_path, square(-27.0), name=r"Heart\old")
    assert structure.name == r"Heart\old"

"""Structure sets of which one structure is damaged: it is named, and nothing changes for the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset

import dicom_files as files
from dicom_files import contour, set_raw, square, write_plan
from effort import examples
from sbrtcheck.dicom import load_dvhs, load_plan
from sbrtcheck.dvh import DERIVED_NUMBER, DVH, DVHSet, NoDVH, Reason, compute_dvhs, separate_targets
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import Plan
from two_ways import without_fast_reading

SLOW = settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow])
NAMES = ("Liver", "Heart", "PTV", "Lung_L", "Lung_R")
LUNGS = ("Lung_L", "Lung_R")
MADE_OF = {"Lungs": LUNGS, "Lungs-PTV": (*LUNGS, "PTV"), "Liver-PTV": ("Liver", "PTV")}


def dose() -> Dataset:
    rng = np.random.default_rng(5)
    stored = rng.integers(1_000, 30_000, (12, 20, 22)).astype("uint32")
    return files.dose(stored=stored, position=(-20.0, -20.0, -30.0))


def plan_of(structure_set: Dataset, *, fast: bool = True) -> Plan:
    with TemporaryDirectory() as folder, nullcontext() if fast else without_fast_reading():
        return load_plan(write_plan(Path(folder), dose(), files.plan(), structure_set))


def bits(dvh: DVH) -> object:
    """A DVH as bytes and numbers, to the last bit."""
    curves = (dvh.curve, dvh.lower, dvh.upper)
    arrays = [(curve.dose_gy.tobytes(), curve.volume.tobytes()) for curve in curves]
    numbers = (dvh.volume, dvh.uncovered_cc, dvh.mean_gy, dvh.min_gy, dvh.max_gy)
    return dvh.name, dvh.kind, arrays, numbers, dvh.findings, [bits(one) for one in dvh.alternatives]


def all_bits(dvhs: DVHSet) -> dict[str, object]:
    return {dvh.name: bits(dvh) for dvh in dvhs.dvhs}


@st.composite
def structure_sets(draw: st.DrawFn, least: int = 2) -> Dataset:
    """Two structures or more of three to six polygons, one a plane."""
    rois = []
    for number, name in enumerate(NAMES[: draw(st.integers(least, len(NAMES)))], start=3):
        corners, planes = draw(st.integers(3, 9)), draw(st.integers(3, 6))
        x, y = draw(st.tuples(st.floats(-8, 8), st.floats(-8, 8)))
        angles = np.arange(corners) * 2 * np.pi / corners
        radius = draw(st.floats(2.0, 9.0))
        outline = (x + radius * np.cos(angles), y + radius * np.sin(angles))
        contours = [contour(np.column_stack([*outline, np.full(corners, 3.0 * n - 27.0)])) for n in range(planes)]
        rois.append((number, name, "PTV" if name == "PTV" else "ORGAN", contours))
    return files.structure_set(rois=rois)


Damage = Callable[[Dataset, int, int], None]


def of_contour(change: Callable[[Dataset], None]) -> Damage:
    """A change of contour ``which`` of the ROI ``at``."""

    def damage(structure_set: Dataset, at: int, which: int) -> None:
        contours = structure_set.ROIContourSequence[at].ContourSequence
        change(contours[which % len(contours)])

    return damage


def with_number(text: str) -> Damage:
    """The fifth coordinate of a contour replaced by a text."""

    def change(one: Dataset) -> None:
        written = [str(x) for x in one.ContourData]
        set_raw(one, "ContourData", "\\".join([*written[:4], text, *written[5:]]))

    return of_contour(change)


def cut(one: Dataset, keep: int) -> None:
    set_raw(one, "ContourData", "\\".join(str(x) for x in one.ContourData[:keep]))


def count(text: str) -> Damage:
    return of_contour(lambda one: set_raw(one, "NumberOfContourPoints", text))


def offset(*by_mm: float) -> Damage:
    return of_contour(lambda one: one.add_new(0x30060045, "DS", [str(x) for x in by_mm]))


def roi_number(text: str) -> Damage:
    return lambda found, at, _: set_raw(found.StructureSetROISequence[at], "ROINumber", text)


def reference(text: str) -> Damage:
    return lambda found, at, _: set_raw(found.ROIContourSequence[at], "ReferencedROINumber", text)


DAMAGES: dict[str, Damage] = {
    "nan": with_number("nan"),
    "infinite": with_number("inf"),
    "too large for a number": with_number("1e999"),
    "a word": with_number("five"),
    "nothing": with_number(""),
    "decimal comma": with_number("1,5"),
    "no place in a patient": with_number("1e7"),
    "last number lost": of_contour(lambda one: cut(one, -1)),
    "two numbers lost": of_contour(lambda one: cut(one, -2)),
    "a point lost": of_contour(lambda one: cut(one, -3)),
    "cut to a point": of_contour(lambda one: cut(one, 3)),
    "cut to two numbers": of_contour(lambda one: cut(one, 2)),
    "cut to nothing": of_contour(lambda one: cut(one, 0)),
    "other count": count("77"),
    "a count that is none": count("many"),
    "offset": offset(0.0, 0.0, 2.5),
    "offset that is none": of_contour(lambda one: set_raw(one, "ContourOffsetVector", "x")),
    "no ROI number": lambda found, at, _: delattr(found.StructureSetROISequence[at], "ROINumber"),
    "ROI number that is none": roi_number("three"),
    "absurd ROI number": roi_number("9" * 400),
    "other ROI number": roi_number("99"),
    "contours without ROI number": lambda found, at, _: delattr(found.ROIContourSequence[at], "ReferencedROINumber"),
    "contours of no ROI": reference("99"),
    "contours of no number": reference("1e300"),
}


def split(found: Dataset, at: int, which: int) -> None:
    """The contours of a ROI in two ROI Contour items."""
    contours = list(found.ROIContourSequence[at].ContourSequence)
    parts = contours[: which % len(contours)], contours[which % len(contours) :]
    for part in parts:
        item = deepcopy(found.ROIContourSequence[at])
        item.ContourSequence = files.items(*part)
        found.ROIContourSequence.append(item)
    del found.ROIContourSequence[at]


def unnumbered_item(found: Dataset, _: int, __: int) -> None:
    found.ROIContourSequence.append(files.item(ContourSequence=files.items()))


HARMLESS: dict[str, Damage] = {
    "no count": of_contour(lambda one: delattr(one, "NumberOfContourPoints")),
    "offset of nothing": offset(0.0, 0.0, 0.0),
    "no type": of_contour(lambda one: delattr(one, "ContourGeometricType")),
    "contours in two items": split,
    "an empty item without number": unnumbered_item,
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
@given(structure_sets(), st.integers(0, 4), st.integers(0, 5), st.booleans())
@settings(SLOW, max_examples=6)
def test_a_damaged_structure_costs_no_other(
    damage: str, structure_set: Dataset, at: int, which: int, fast: bool
) -> None:
    whole = all_bits(compute_dvhs(plan_of(structure_set)))
    at %= len(structure_set.StructureSetROISequence)
    name = NAMES[at]
    DAMAGES[damage](structure_set, at, which)
    plan = plan_of(structure_set, fast=fast)
    dvhs = compute_dvhs(plan)
    lost = {name} | {one for one in whole if name in MADE_OF.get(one, ())}
    assert all_bits(dvhs) == {one: found for one, found in whole.items() if one not in lost}
    assert {one.name for one in dvhs.without} == lost
    for one in dvhs.without:
        assert one.reason is Reason.STRUCTURE_DAMAGED
        assert one.detail
        assert one.name == name or repr(name) in one.detail
    (structure,) = [one for one in plan.structures if one.name == name]
    assert structure.is_contoured
    with pytest.raises(DicomError):
        structure.contours.read()


@pytest.mark.slow
@pytest.mark.parametrize("change", HARMLESS)
@given(structure_sets(), st.integers(0, 4), st.integers(0, 5), st.booleans())
@settings(SLOW, max_examples=6)
def test_what_is_no_damage_changes_nothing(
    change: str, structure_set: Dataset, at: int, which: int, fast: bool
) -> None:
    whole = all_bits(compute_dvhs(plan_of(structure_set)))
    HARMLESS[change](structure_set, at % len(structure_set.StructureSetROISequence), which)
    dvhs = compute_dvhs(plan_of(structure_set, fast=fast))
    assert (all_bits(dvhs), dvhs.without) == (whole, ())


@pytest.mark.slow
@given(structure_sets(), st.data())
@SLOW
def test_the_order_of_rois_items_and_contours_changes_nothing(structure_set: Dataset, data: st.DataObject) -> None:
    whole = all_bits(compute_dvhs(plan_of(structure_set)))

    def shuffled(sequence: Sequence[Dataset]) -> Sequence[Dataset]:
        return files.items(*data.draw(st.permutations(list(sequence))))

    for item in structure_set.ROIContourSequence:
        item.ContourSequence = shuffled(item.ContourSequence)
    structure_set.StructureSetROISequence = shuffled(structure_set.StructureSetROISequence)
    structure_set.ROIContourSequence = shuffled(structure_set.ROIContourSequence)
    structure_set.RTROIObservationsSequence = shuffled(structure_set.RTROIObservationsSequence)
    assert all_bits(compute_dvhs(plan_of(structure_set))) == whole


@pytest.mark.slow
@given(structure_sets(3), st.data())
@SLOW
def test_a_number_of_several_rois_damages_these_alone(structure_set: Dataset, data: st.DataObject) -> None:
    whole = all_bits(compute_dvhs(plan_of(structure_set)))
    rois = list(structure_set.StructureSetROISequence)
    one, other = data.draw(st.permutations(range(len(rois))))[:2]
    shared = str(rois[other].ROINumber)
    rois[one].ROINumber = shared
    names = {rois[one].ROIName, rois[other].ROIName}
    structure_set.StructureSetROISequence = files.items(*data.draw(st.permutations(rois)))
    plan = plan_of(structure_set)
    dvhs = compute_dvhs(plan)
    damaged = [found for found in dvhs.without if found.name in NAMES]
    assert {found.name for found in damaged} == names
    assert {found.reason for found in dvhs.without} == {Reason.STRUCTURE_DAMAGED}
    assert all(f"ROI number {shared} belongs to 2 ROIs" in found.detail for found in damaged)
    kept = all_bits(dvhs)
    assert all(whole[name] == found for name, found in kept.items())
    assert set(NAMES[: len(rois)]) - names == set(kept) & set(NAMES)
    numbers = {found.name: found.number for found in plan.structures}
    assert len(set(numbers.values())) == len(rois)
    assert [numbers[name] for name in sorted(names)] == [DERIVED_NUMBER - 1, DERIVED_NUMBER - 2]


# -------------------------------------------------------------------------------- whose contours


def rois_of(*numbers_and_names: tuple[int, str]) -> Dataset:
    return files.structure_set(
        rois=[(n, name, "ORGAN", [square(-27.0), square(-24.0)]) for n, name in numbers_and_names]
    )


def without_dvh(structure_set: Dataset) -> dict[str, NoDVH]:
    return {one.name: one for one in compute_dvhs(plan_of(structure_set)).without}


def test_numbers_given_instead_are_none_of_the_files() -> None:
    found = rois_of((-2, "A"), (-4, "B"), (7, "D"), (8, "C"))
    for roi in found.StructureSetROISequence[2:]:
        del roi.ROINumber
    assert {s.name: s.number for s in plan_of(found).structures} == {"A": -2, "B": -4, "C": -3, "D": -5}


def test_a_roi_with_the_number_of_derived_structures_gets_another_and_its_contours() -> None:
    (structure,) = plan_of(rois_of((DERIVED_NUMBER, "A"))).structures
    assert structure.number == DERIVED_NUMBER - 1
    assert len(structure.contours.read()) == 2


@pytest.mark.parametrize("number", ["1e300", "9" * 400, "99999999999", "7.5"])
def test_an_absurd_roi_number_damages_its_roi_in_a_short_line(number: str) -> None:
    found = rois_of((1, "A"), (2, "B"))
    set_raw(found.StructureSetROISequence[0], "ROINumber", number)
    without = without_dvh(found)
    assert without["A"].reason is Reason.STRUCTURE_DAMAGED
    assert "no usable number" in without["A"].detail
    assert len(without["A"].detail) < 200


@pytest.mark.parametrize("number", ["99", None])
def test_contours_that_are_nobodys_may_be_those_of_any_structure_without(number: str | None) -> None:
    found = files.structure_set(rois=[(1, "A", "", [square(-27.0)]), (2, "B", "", [square(-27.0)]), (3, "C", "", [])])
    del found.ROIContourSequence[1].ReferencedROINumber
    if number is not None:
        found.ROIContourSequence[1].ReferencedROINumber = number
    plan = plan_of(found)
    without = {one.name: one for one in compute_dvhs(plan).without}
    said = "of ROI number 99, which no ROI has" if number else "without a usable Referenced ROI Number"
    assert set(without) == {"B", "C"}
    assert {one.reason for one in without.values()} == {Reason.STRUCTURE_DAMAGED}
    assert all(f"contours {said}: are they its own?" in one.detail for one in without.values())
    assert [finding.text for finding in plan.findings] == [f"the structure set has contours {said}: whose are they?"]


def test_contours_that_are_nobodys_are_said_where_every_structure_has_its_own() -> None:
    found = rois_of((1, "A"), (2, "B"))
    del found.StructureSetROISequence[1]
    plan = plan_of(found)
    assert [dvh.name for dvh in compute_dvhs(plan)] == ["A"]
    (finding,) = plan.findings
    assert "contours of ROI number 2, which no ROI has" in finding.text


def test_points_that_are_nobodys_are_no_contours() -> None:
    found = files.structure_set(rois=[(1, "A", "", []), (2, "B", "", [contour([(0, 0, -27)], "POINT")])])
    found.ROIContourSequence[1].ReferencedROINumber = 99
    plan = plan_of(found)
    assert plan.findings == ()
    assert {one.reason for one in compute_dvhs(plan).without} == {Reason.STRUCTURE_EMPTY}


def test_a_contour_sequence_that_cannot_be_read_costs_its_structure(tmp_path: Path) -> None:
    found = rois_of((1, "A"), (2, "B"))
    found.ROIContourSequence[0].ContourSequence[1].ContourNumber = 31415926
    folder = write_plan(tmp_path, dose(), files.plan(), found)
    path = next(path for path in folder.iterdir() if b"31415926" in path.read_bytes())
    content = path.read_bytes()
    at = content.index(b"31415926")
    path.write_bytes(content[: at - 4] + b"\xff\xff\xff\x7f" + content[at:])  # an element that runs past its item
    dvhs = compute_dvhs(load_plan(folder))
    assert [dvh.name for dvh in dvhs] == ["B"]
    assert [(one.name, one.reason) for one in dvhs.without] == [("A", Reason.STRUCTURE_DAMAGED)]


@pytest.mark.parametrize("same", [True, False])
def test_of_rois_with_one_number_is_known_what_was_observed_of_all(same: bool) -> None:
    found = rois_of((1, "A"), (2, "B"))
    for item, kind in zip(found.RTROIObservationsSequence, ("PTV", "PTV" if same else "GTV"), strict=True):
        item.RTROIInterpretedType, item.ReferencedROINumber = kind, 1
    found.StructureSetROISequence[1].ROINumber = 1
    assert [s.kind for s in plan_of(found).structures] == (["PTV", "PTV"] if same else ["", ""])


def test_stored_dvhs_are_not_given_to_either_of_two_rois_of_one_number(tmp_path: Path) -> None:
    found = rois_of((1, "A"), (2, "B"), (3, "C"))
    found.StructureSetROISequence[1].ROINumber = 1
    with_dvhs = dose()
    pairs = [(1.0, 20.0), (1.0, 10.0), (1.0, 0.0)]
    with_dvhs.DVHSequence = files.items(
        files.stored_dvh(pairs, rois=[(1, "INCLUDED")]), files.stored_dvh(pairs, rois=[(3, "INCLUDED")])
    )
    dvhs = load_dvhs(write_plan(tmp_path, with_dvhs, files.plan(), found))
    assert {dvh.name for dvh in dvhs} == {"ROI 1", "C"}
    assert {one.name: one.number for one in dvhs.without} == {"A": -2, "B": -3}


# -------------------------------------------------------------------------------- what is made of it


def test_a_damaged_target_is_nowhere() -> None:
    def target(x_mm: float) -> list[Dataset]:
        return [contour([(x_mm - 2, -2, z), (x_mm + 2, -2, z), (x_mm, 2, z)]) for z in (-27.0, -24.0)]

    found = files.structure_set(rois=[(1, "PTV1", "PTV", target(-12)), (2, "PTV2", "PTV", target(12))])
    assert len(separate_targets(plan_of(found), "PTV")) == 2
    DAMAGES["nan"](found, 1, 0)
    assert separate_targets(plan_of(found), "PTV") == ()


def test_what_is_derived_from_a_damaged_structure_names_it() -> None:
    found = files.structure_set(
        rois=[(1, "Lung_L", "", [square(-27.0), square(-24.0)]), (2, "Lung_R", "", [square(-27.0), square(-24.0)])]
    )
    assert "Lungs" in all_bits(compute_dvhs(plan_of(found)))
    DAMAGES["last number lost"](found, 1, 0)
    lungs = without_dvh(found)["Lungs"]
    assert lungs.reason is Reason.STRUCTURE_DAMAGED
    assert "its part 'Lung_R': contour 1 has 11 numbers, no multiple of 3" in lungs.detail


def test_the_place_of_the_damage_is_named() -> None:
    found = rois_of((1, "A"), (2, "B"))
    DAMAGES["decimal comma"](found, 0, 1)
    assert without_dvh(found)["A"].detail == (
        "contour 2: '1,5' is not a number; it is written with a decimal comma: export the structure set again,"
        " with decimal points"
    )

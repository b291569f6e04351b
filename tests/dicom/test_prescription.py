"""Prescriptions: which of the doses of an RTPLAN is taken, wherever and in whatever order they stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword

import dicom_files as files
from dicom_files import write
from sbrtcheck.dicom import fast, load_plan
from sbrtcheck.dicom.prescription import LAST_TAG_OF_PRESCRIPTION, prescription_of
from sbrtcheck.dicom.reader import read_elements
from sbrtcheck.dicom.tags import quiet
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from two_ways import without_fast_reading


class Ref(NamedTuple):
    """A dose reference: its own dose, and the one that the fraction group gives for it; 0 where there is none."""

    own: float = 0.0
    group: float = 0.0
    structure: str = "VOLUME"
    interpretation: str = ""
    purpose: str = ""
    kind: str = "TARGET"

    @property
    def dose_gy(self) -> float:
        return self.own or self.group


def rtplan(refs: Sequence[Ref], order: Sequence[int] | None = None, groups: int = 1) -> Dataset:
    """References numbered from 1 as they are given; written in another order."""
    dataset = files.plan(doses=[], fractions=[5] * groups, beams=[1])
    numbered = list(enumerate(refs, start=1))
    written = [numbered[at] for at in order] if order is not None else numbered
    dataset.DoseReferenceSequence = files.items(*(_item(number, ref) for number, ref in written))
    in_group = [
        files.item(ReferencedDoseReferenceNumber=number, TargetPrescriptionDose=ref.group)
        for number, ref in written
        if ref.group
    ]
    for group in dataset.FractionGroupSequence:
        group.ReferencedDoseReferenceSequence = files.items(*in_group)
    return dataset


def _item(number: int, ref: Ref) -> Dataset:
    one = files.item(DoseReferenceNumber=number, DoseReferenceStructureType=ref.structure, DoseReferenceType=ref.kind)
    for keyword, value in (
        ("TargetPrescriptionDose", ref.own),
        ("DoseValueInterpretation", ref.interpretation),
        ("DoseValuePurpose", ref.purpose.split("\\") if ref.purpose else ""),
    ):
        if value:
            setattr(one, keyword, value)
    return one


Read = tuple[Prescription | UnknownPrescription, tuple[Finding, ...]]


def read(dataset: Dataset, folder: Path) -> Read:
    """By either reader, which agree."""
    path = write(folder / "plan", dataset)
    with quiet():
        fast_read = prescription_of(read_elements(path, "RTPLAN", LAST_TAG_OF_PRESCRIPTION), None)
        with without_fast_reading():
            assert prescription_of(read_elements(path, "RTPLAN", LAST_TAG_OF_PRESCRIPTION), None) == fast_read
    return fast_read


REFS = st.builds(
    Ref,
    own=st.sampled_from([0.0, 40.0, 45.0, 50.0, 58.1, 60.0]),
    group=st.sampled_from([0.0, 0.0, 42.0, 50.0]),
    structure=st.sampled_from(["SITE", "VOLUME", "POINT", "COORDINATES"]),
    interpretation=st.sampled_from(["", "NOMINAL", "ACTUAL"]),
    purpose=st.sampled_from(["", "TRACKING", "QA", "TRACKING\\QA"]),
    kind=st.sampled_from(["TARGET", "TARGET", "TARGET", "ORGAN_AT_RISK"]),
)


@pytest.mark.slow
@given(refs=st.lists(REFS, max_size=5), data=st.data())
@settings(max_examples=150, deadline=None)
def test_the_prescription_is_a_stated_target_dose_whatever_the_order_and_never_actual_before_another(
    refs: list[Ref], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(refs))))
    with TemporaryDirectory() as name:
        rx, findings = read(rtplan(refs), Path(name))
        assert read(rtplan(refs, order), Path(name)) == (rx, findings)
    targets = [ref for ref in refs if ref.kind == "TARGET" and ref.dose_gy]
    if not targets:
        assert isinstance(rx, UnknownPrescription)
        in_group = "; its fraction group has one, for a dose reference that is not there, or not of one target"
        has_one = any(ref.group for ref in refs)
        assert rx.reason == f"the RTPLAN states no target prescription dose{in_group if has_one else ''}"
        assert rx.fractions == 5
        return
    assert isinstance(rx, Prescription)
    assert rx.fractions == 5
    planned = [ref for ref in targets if ref.interpretation != "ACTUAL"]
    assert rx.dose_gy in {ref.dose_gy for ref in planned or targets}
    region = [ref for ref in planned or targets if ref.structure in {"SITE", "VOLUME"}] or planned or targets
    nominal = [ref for ref in region if ref.interpretation == "NOMINAL"] or region
    tracked = [ref for ref in nominal if ref.purpose != "QA"] or nominal
    own = [ref for ref in tracked if ref.own] or tracked
    assert rx.dose_gy == max(ref.dose_gy for ref in own)
    assert ("in the Fraction Group" in rx.source) is (not any(ref.own for ref in own))
    stated = [dose for ref in targets for dose in (ref.own, ref.group) if dose]
    listed = [one.text for one in findings if one.code is FindingCode.SEVERAL_PRESCRIPTIONS]
    assert len(listed) == (max(stated) > min(stated))
    for text in listed:
        assert all(f"{dose:g} Gy" in text for dose in stated)
    assert any("ACTUAL, calculated in planning" in one.text for one in findings) is (not planned)


def test_the_dose_of_the_fraction_group_is_read_and_its_place_named(tmp_path: Path) -> None:
    rx, findings = read(rtplan([Ref(group=50.0)]), tmp_path)
    assert rx == Prescription(
        dose_gy=50.0,
        fractions=5,
        source="RTPLAN: Target Prescription Dose in the Fraction Group (VOLUME), Number Of Fractions Planned",
    )
    assert findings == ()


def test_a_dose_of_the_fraction_group_that_differs_is_listed_and_the_dose_references_own_one_holds(
    tmp_path: Path,
) -> None:
    rx, (finding,) = read(rtplan([Ref(own=50.0, group=58.1)]), tmp_path)
    assert isinstance(rx, Prescription)
    assert (rx.dose_gy, "Fraction Group" in rx.source) == (50.0, False)
    assert finding.code is FindingCode.SEVERAL_PRESCRIPTIONS
    assert finding.text == "the RTPLAN prescribes 50 Gy (VOLUME), 58.1 Gy (VOLUME, in the Fraction Group)"


@pytest.mark.parametrize("group", [False, True])
def test_several_numbers_in_one_element_are_several_doses(tmp_path: Path, *, group: bool) -> None:
    """The standard has one number there, and nothing tells which of two is meant: the largest, and both are told."""
    dataset = rtplan([Ref(group=45.0) if group else Ref(own=45.0)])
    in_group = dataset.FractionGroupSequence[0].ReferencedDoseReferenceSequence
    (in_group if group else dataset.DoseReferenceSequence)[0].TargetPrescriptionDose = [45.0, 50.0]
    rx, (finding,) = read(dataset, tmp_path)
    assert isinstance(rx, Prescription)
    assert (rx.dose_gy, finding.code) == (50.0, FindingCode.SEVERAL_PRESCRIPTIONS)
    assert all(dose in finding.text for dose in ("45 Gy", "50 Gy"))


@pytest.mark.parametrize("dose_gy", [1000.1, 5000.0, 1e308])
@pytest.mark.parametrize("beside", [[], [Ref(own=45.0, structure="SITE")]])
@pytest.mark.parametrize("fractions", [5, 0])
def test_a_dose_that_no_course_has_leaves_the_prescription_unknown(
    tmp_path: Path, dose_gy: float, beside: list[Ref], fractions: int
) -> None:
    dataset = rtplan([*beside, Ref(own=dose_gy, structure="POINT")])
    dataset.FractionGroupSequence[0].NumberOfFractionsPlanned = fractions
    rx, _ = read(dataset, tmp_path)
    assert isinstance(rx, UnknownPrescription)
    assert rx.reason == "the prescription of the RTPLAN cannot be right: its dose is not in 0 to 1000 Gy"


def test_a_number_of_fractions_that_no_course_has_leaves_the_prescription_unknown(tmp_path: Path) -> None:
    dataset = rtplan([Ref(own=50.0)])
    dataset.FractionGroupSequence[0].NumberOfFractionsPlanned = 1001
    rx, _ = read(dataset, tmp_path)
    assert isinstance(rx, UnknownPrescription)
    assert rx.reason.endswith("cannot be right: its number of fractions is not in 1 to 1000")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("group", [False, True])
def test_nominal_goes_before_actual(tmp_path: Path, *, reverse: bool, group: bool) -> None:
    nominal = Ref(interpretation="NOMINAL", purpose="TRACKING", **{"group" if group else "own": 50.0})  # type: ignore[arg-type]
    actual = Ref(own=58.1, interpretation="ACTUAL", purpose="QA")
    rx, (finding,) = read(rtplan([actual, nominal] if reverse else [nominal, actual]), tmp_path)
    assert isinstance(rx, Prescription)
    assert rx.dose_gy == 50.0
    assert "NOMINAL, TRACKING" in rx.source
    assert "58.1 Gy (VOLUME, ACTUAL, QA)" in finding.text


def test_a_dose_for_an_organ_or_for_a_number_that_is_not_there_is_no_prescription(tmp_path: Path) -> None:
    of_organ = rtplan([Ref(group=30.0, kind="ORGAN_AT_RISK")])
    nowhere = rtplan([Ref(group=50.0)])
    nowhere.FractionGroupSequence[0].ReferencedDoseReferenceSequence[0].ReferencedDoseReferenceNumber = 7
    no_number = rtplan([Ref(group=50.0)])
    del no_number.FractionGroupSequence[0].ReferencedDoseReferenceSequence[0].ReferencedDoseReferenceNumber
    twice = rtplan([Ref(group=50.0), Ref(kind="ORGAN_AT_RISK")])
    twice.DoseReferenceSequence[1].DoseReferenceNumber = 1
    alone = rtplan([Ref(group=50.0)])
    del alone.DoseReferenceSequence
    for dataset in (of_organ, nowhere, no_number, twice, alone):
        rx, _ = read(dataset, tmp_path)
        assert isinstance(rx, UnknownPrescription)
        assert ("its fraction group has one" in rx.reason) == (dataset is not no_number)


def test_several_fraction_groups_leave_their_doses_unread(tmp_path: Path) -> None:
    rx, findings = read(rtplan([Ref(own=50.0, group=25.0)], groups=2), tmp_path)
    assert rx == UnknownPrescription(reason="the RTPLAN has 2 fraction groups (5, 5 fractions)")
    assert findings == ()


def test_the_fraction_groups_dose_makes_a_plan_and_beams_are_not_read_for_it(tmp_path: Path) -> None:
    dataset = rtplan([Ref(group=50.0)])
    dataset.BeamSequence = files.items(files.item(BeamNumber=1))
    write(tmp_path / "0", files.dose())
    write(tmp_path / "1", files.structure_set())
    path = write(tmp_path / "2", dataset)
    rx = load_plan(tmp_path).prescription
    assert isinstance(rx, Prescription)
    assert rx.dose_gy == 50.0
    with path.open("rb") as file:
        found = fast.read_fast(file, LAST_TAG_OF_PRESCRIPTION)
    assert found is not None
    assert max(found.elements.values) == LAST_TAG_OF_PRESCRIPTION
    assert prescription_of(found.elements, None)[0] == rx


def test_the_tags_are_those_of_the_dictionary() -> None:
    assert {
        keyword: (tag_for_keyword(keyword), dictionary_VR(keyword))
        for keyword in ("DoseValuePurpose", "DoseValueInterpretation", "ReferencedDoseReferenceSequence")
    } == {
        "DoseValuePurpose": (0x300A061D, "CS"),
        "DoseValueInterpretation": (0x300A068B, "CS"),
        "ReferencedDoseReferenceSequence": (0x300C0050, "SQ"),
    }

"""Which files make which plan: references, frames of reference, several plans, what is missing."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicom_files as files
from dicom_files import DOSE_UID, PLAN_UID, SET_UID, write, write_plan
from sbrtcheck.dicom import Kind, find_plans, load_plan
from sbrtcheck.errors import AmbiguousPlanError, DicomError, InputError, NoPlanError
from sbrtcheck.plan import Finding, FindingCode, Plan, Prescription, UnknownPrescription


def texts(plan: Plan, code: FindingCode) -> list[str]:
    return [finding.text for finding in plan.findings if finding.code is code]


def test_any_nesting_and_any_names_make_the_plan(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "no extension", files.plan())
    write(tmp_path / "c.txt", files.dose())
    write(tmp_path / "a" / "IM1", files.structure_set())
    write(tmp_path / "a" / "b" / "CT.1.dcm", files.image())
    plan = load_plan(tmp_path)
    assert (plan.uids.plan, plan.uids.structure_set, plan.uids.doses) == (PLAN_UID, SET_UID, (DOSE_UID,))
    assert plan.uids.frame_of_reference == files.FRAME_UID
    assert plan.label == "Lung1"
    assert plan.findings == ()


def test_a_list_of_files_in_any_order_is_the_same_plan_as_their_folder(tmp_path: Path) -> None:
    write_plan(tmp_path)
    paths = sorted(tmp_path.iterdir())
    assert find_plans(paths).plans == find_plans(paths[::-1]).plans
    assert load_plan([str(path) for path in paths]).uids == load_plan(tmp_path).uids


def test_no_patient_identity_is_kept(tmp_path: Path) -> None:
    plan = load_plan(write_plan(tmp_path))
    for identity in ("Nobody", "secret-id", "19500101"):
        assert identity not in repr(plan)
        assert identity not in repr(find_plans(tmp_path))


def test_files_that_are_not_dicom_are_skipped_and_counted(tmp_path: Path) -> None:
    write_plan(tmp_path)
    (tmp_path / "notes.txt").write_text("hello, this is a long enough note to be read as anything" * 10)
    (tmp_path / "empty").write_bytes(b"")
    (text,) = texts(load_plan(tmp_path), FindingCode.FILE_SKIPPED)
    assert text == "2 files not readable as DICOM and skipped; -vv names them"


def test_a_copy_of_a_file_is_skipped_and_counted(tmp_path: Path) -> None:
    write_plan(tmp_path)
    shutil.copy(tmp_path / "0", tmp_path / "copy")
    (text,) = texts(load_plan(tmp_path), FindingCode.FILE_SKIPPED)
    assert text == "1 file skipped as copies of other files; -vv names them"


def test_two_different_files_of_one_uid_are_refused(tmp_path: Path) -> None:
    write_plan(tmp_path)
    write(tmp_path / "other", files.dose(scaling=0.004))
    with pytest.raises(NoPlanError, match=r"RTDOSE 2\.25\.3: another file has the same SOP Instance UID and differs"):
        load_plan(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        load_plan(tmp_path / "nowhere")


def test_a_folder_without_dose_says_what_it_has(tmp_path: Path) -> None:
    write_plan(tmp_path, files.plan(), files.structure_set(), files.image())
    with pytest.raises(NoPlanError, match=r"no RTDOSE .*0 RTDOSE, 1 RTPLAN, 1 RTSTRUCT, 1 other DICOM"):
        load_plan(tmp_path)


def test_a_dose_without_structure_set_is_no_plan(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(), files.plan())
    with pytest.raises(NoPlanError, match="no RTSTRUCT"):
        load_plan(tmp_path)
    (orphan,) = find_plans(tmp_path).orphans
    assert (orphan.kind, orphan.uid, orphan.label) == (Kind.DOSE, PLAN_UID, "Lung1")


def test_a_structure_set_of_another_frame_of_reference_is_refused_with_both_uids(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(), files.plan(), files.structure_set(frame="2.25.77"))
    with pytest.raises(NoPlanError, match=r"2\.25\.77.*2\.25\.4"):
        load_plan(tmp_path)


def test_without_references_the_frame_of_reference_links_and_the_report_says_so(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(plans=()), files.plan(structure_set=""), files.structure_set())
    plan = load_plan(tmp_path)
    assert plan.uids.plan == PLAN_UID
    assert len(texts(plan, FindingCode.LINKED_BY_FRAME_OF_REFERENCE)) == 2


def test_without_a_plan_the_prescription_is_unknown(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(), files.structure_set())
    plan = load_plan(tmp_path)
    assert plan.prescription == UnknownPrescription(reason="the dose's RTPLAN 2.25.1 is not among the files")
    assert plan.uids.plan == ""


def test_another_plan_of_the_same_frame_does_not_stand_in_for_the_one_that_is_named(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(), files.structure_set(), files.plan("2.25.88"))
    plan = load_plan(tmp_path)
    assert isinstance(plan.prescription, UnknownPrescription)
    assert "2.25.88" in texts(plan, FindingCode.OTHER)[0]


def test_a_renamed_structure_set_is_found_by_its_frame_of_reference(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(), files.structure_set("2.25.66"), files.plan())
    plan = load_plan(tmp_path)
    assert plan.uids.structure_set == "2.25.66"
    (text,) = texts(plan, FindingCode.LINKED_BY_FRAME_OF_REFERENCE)
    assert text == (
        "the structure set that is named is not among the files; RTSTRUCT 2.25.66 was used, the only one in the dose's"
        " frame of reference"
    )
    (text,) = texts(plan, FindingCode.OTHER_STRUCTURE_SET)
    assert text == "the RTPLAN refers to another structure set (2.25.2) than the one used (2.25.66)"


def two_plans(folder: Path) -> Path:
    return write_plan(
        folder,
        files.dose("2.25.31", plans=["2.25.11"]),
        files.dose("2.25.32", plans=["2.25.12"], scaling=0.001),
        files.plan("2.25.11", label="First"),
        files.plan("2.25.12", label="Second"),
        files.structure_set(),
    )


def test_several_plans_are_listed_and_none_is_picked(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousPlanError, match=r"2 plans .*2\.25\.11 'First'.*2\.25\.12 'Second'"):
        load_plan(two_plans(tmp_path))


@pytest.mark.parametrize("uid", ["2.25.12", "2.25.32"])
def test_a_plan_is_chosen_by_its_uid_or_its_doses(tmp_path: Path, uid: str) -> None:
    plan = load_plan(two_plans(tmp_path), plan=uid)
    assert (plan.label, plan.dose.gy_per_unit) == ("Second", 0.001)
    assert any("2.25.11 'First'" in text for text in texts(plan, FindingCode.OTHER))


def test_an_unknown_uid_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(NoPlanError, match=r"2\.25\.5 makes a plan; there are: 2\.25\.11"):
        load_plan(two_plans(tmp_path), plan="2.25.5")


def test_every_found_plan_can_be_loaded_from_its_own_files(tmp_path: Path) -> None:
    found = find_plans(two_plans(tmp_path))
    loaded = [load_plan(list(one.files), plan=one.uid) for one in found.plans]
    assert [plan.label for plan in loaded] == [one.label for one in found.plans] == ["First", "Second"]
    assert found.orphans == ()


def test_two_whole_doses_of_one_plan_are_told_apart_by_dose_uid(tmp_path: Path) -> None:
    write_plan(
        tmp_path, files.dose("2.25.31"), files.dose("2.25.32", scaling=0.001), files.plan(), files.structure_set()
    )
    with pytest.raises(AmbiguousPlanError, match=r"dose 2\.25\.31.*dose 2\.25\.32"):
        load_plan(tmp_path, plan=PLAN_UID)
    assert load_plan(tmp_path, plan="2.25.31").uids.doses == ("2.25.31",)


def test_two_structure_sets_of_the_frame_are_ambiguous_when_none_is_named(tmp_path: Path) -> None:
    sets = [files.structure_set("2.25.21"), files.structure_set("2.25.22")]
    write_plan(tmp_path, files.dose(), files.plan(structure_set=""), *sets)
    with pytest.raises(AmbiguousPlanError, match=r"structure set 2\.25\.21.*structure set 2\.25\.22"):
        load_plan(tmp_path)
    assert load_plan(tmp_path, plan="2.25.22").uids.structure_set == "2.25.22"


def test_a_plan_without_dose_is_an_orphan_and_mentioned(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(), files.plan(), files.structure_set(), files.plan("2.25.55"))
    (orphan,) = find_plans(tmp_path).orphans
    assert (orphan.kind, orphan.uid, orphan.reason) == (Kind.PLAN, "2.25.55", "no RTDOSE belongs to it")
    assert "2.25.55" in texts(load_plan(tmp_path), FindingCode.OTHER)[0]


# Sums


def parts(summation: str, numbers: Sequence[int], folder: Path, beams: Sequence[int] = (1, 2)) -> Path:
    """One dose for each fraction group or beam of a plan with two of them."""
    doses = [
        files.dose(
            f"2.25.3{at}",
            summation=summation,
            scaling=0.001 * n,
            parts=[(1, [n])] if summation == "BEAM" else [(n, [])],
        )
        for at, n in enumerate(numbers)
    ]
    plan = files.plan(beams=beams) if summation == "BEAM" else files.plan(fractions=(5, 3))
    return write_plan(folder, *doses, plan, files.structure_set())


@pytest.mark.parametrize("summation", ["BEAM", "FRACTION"])
def test_parts_of_a_plan_are_summed_and_the_report_says_so(tmp_path: Path, summation: str) -> None:
    plan = load_plan(parts(summation, [1, 2], tmp_path))
    assert plan.dose.values_gy == pytest.approx(files.values() * 0.003)
    assert plan.uids.doses == ("2.25.30", "2.25.31")
    (text,) = texts(plan, FindingCode.SUMMED_DOSES)
    assert "these are all" in text


@pytest.mark.parametrize("summation", ["BEAM", "FRACTION"])
def test_a_missing_part_is_refused(tmp_path: Path, summation: str) -> None:
    with pytest.raises(NoPlanError, match="2 are missing: the sum would be too low"):
        load_plan(parts(summation, [1], tmp_path))


def test_a_part_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPlanError, match="count them twice"):
        load_plan(parts("BEAM", [1, 2, 2], tmp_path))


def test_parts_on_different_grids_are_refused(tmp_path: Path) -> None:
    doses = [
        files.dose("2.25.31", summation="BEAM", parts=[(1, [1])]),
        files.dose("2.25.32", summation="BEAM", parts=[(1, [2])], position=(-11.0, -20.0, -30.0)),
    ]
    write_plan(tmp_path, *doses, files.plan(beams=[1, 2]), files.structure_set())
    with pytest.raises(DicomError, match="different grids"):
        load_plan(tmp_path)


def test_a_whole_dose_goes_before_its_parts(tmp_path: Path) -> None:
    parts("BEAM", [1, 2], tmp_path)
    write(tmp_path / "whole", files.dose())
    plan = load_plan(tmp_path)
    assert plan.uids.doses == (DOSE_UID,)
    assert "not used: 2 BEAM" in texts(plan, FindingCode.OTHER)[0]


@pytest.mark.parametrize("summation", ["PLAN", ""])
@pytest.mark.parametrize(
    ("of_dose", "of_plan", "wanted"),
    [
        ([(1, [1])], {"beams": [1, 2]}, "refers to beams 1 of its RTPLAN, and not to 2"),
        ([(1, [1, 3])], {"beams": [1, 2]}, "refers to beams 1, 3 of its RTPLAN, and not to 2"),
        ([(2, [])], {"fractions": (5, 3)}, "refers to fraction groups 2 of its RTPLAN, and not to 1"),
        ([(1, [2, 1])], {"beams": [1, 2]}, None),
        ([(1, [1, 2, 9])], {"beams": [1, 2]}, None),
        ([(1, [])], {"beams": [1, 2]}, None),
        ([], {"beams": [1, 2]}, None),
    ],
)
def test_a_dose_that_refers_to_a_part_of_its_plan_is_not_its_whole_dose_without_a_word(
    tmp_path: Path,
    summation: str,
    of_dose: list[tuple[int, list[int]]],
    of_plan: dict[str, tuple[int, ...]],
    wanted: str | None,
) -> None:
    """One that lists all beams, more than these, or none, may be of all of them."""
    dose = files.dose(summation=summation, parts=of_dose)
    write_plan(tmp_path, dose, files.plan(**of_plan), files.structure_set())
    found = texts(load_plan(tmp_path), FindingCode.DOSE_OF_PARTS)
    assert len(found) == (wanted is not None)
    assert all(wanted in text for text in found if wanted is not None)


def test_the_sum_of_two_plans_has_no_prescription(tmp_path: Path) -> None:
    both = files.dose(plans=["2.25.11", "2.25.12"], summation="MULTI_PLAN")
    write_plan(tmp_path, both, files.plan("2.25.11"), files.plan("2.25.12"), files.structure_set())
    plan = load_plan(tmp_path)
    assert plan.prescription == UnknownPrescription(reason="the dose belongs to 2 plans")
    assert texts(plan, FindingCode.DOSE_OF_SEVERAL_PLANS) == [
        f"RTDOSE {DOSE_UID} is the sum of several plans (MULTI_PLAN), of 2 RTPLANs"
    ]
    aside = [text for text in texts(plan, FindingCode.OTHER) if "RTPLAN 2.25.1" in text]
    why = "the RTDOSE that names it names other RTPLANs too, and has the prescription of none"
    assert aside == [f"also here and not used: RTPLAN {uid}: {why}" for uid in ("2.25.11", "2.25.12")]


@pytest.mark.parametrize("summation", ["PLAN", "BEAM", ""])
def test_a_dose_that_names_two_plans_is_of_several_whatever_its_type_says(tmp_path: Path, summation: str) -> None:
    """With a prescription given it would pass as the dose of one plan."""
    both = files.dose(plans=["2.25.11", "2.25.12"], summation=summation)
    write_plan(tmp_path, both, files.plan("2.25.11"), files.plan("2.25.12"), files.structure_set())
    plan = load_plan(tmp_path, prescription=Prescription(dose_gy=50.0, fractions=5))
    (text,) = texts(plan, FindingCode.DOSE_OF_SEVERAL_PLANS)
    assert text.endswith("names 2 RTPLANs: is it the sum of several plans?")


def test_a_dose_that_names_one_plan_twice_is_of_one(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(plans=[PLAN_UID] * 2), files.plan(), files.structure_set())
    assert texts(load_plan(tmp_path), FindingCode.DOSE_OF_SEVERAL_PLANS) == []


@pytest.mark.parametrize("plans", [(PLAN_UID,), ()])
def test_a_multi_plan_dose_of_one_plan_has_its_prescription(tmp_path: Path, plans: Sequence[str]) -> None:
    write_plan(tmp_path, files.dose(summation="MULTI_PLAN", plans=plans), files.plan(), files.structure_set())
    plan = load_plan(tmp_path)
    assert isinstance(plan.prescription, Prescription)
    (text,) = texts(plan, FindingCode.DOSE_OF_SEVERAL_PLANS)
    assert text.endswith("(MULTI_PLAN); the RTPLAN used, and its prescription, is of one of them")


def test_a_multi_plan_dose_whose_plan_is_not_there_is_said_to_be_no_more(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(summation="MULTI_PLAN"), files.structure_set())
    (text,) = texts(load_plan(tmp_path), FindingCode.DOSE_OF_SEVERAL_PLANS)
    assert text.endswith("is the sum of several plans (MULTI_PLAN)")


def test_a_dose_of_another_summation_is_no_plan(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(summation="CONTROL_POINT"), files.plan(), files.structure_set())
    with pytest.raises(NoPlanError, match="CONTROL_POINT is not the dose of a plan"):
        load_plan(tmp_path)


# Prescription


def prescription_of(folder: Path, plan: files.Dataset, given: Prescription | None = None) -> Plan:
    return load_plan(write_plan(folder, files.dose(), files.structure_set(), plan), prescription=given)


def test_one_target_dose_and_one_fraction_group_are_the_prescription(tmp_path: Path) -> None:
    read = prescription_of(tmp_path, files.plan(doses=[(54.0, "SITE")], fractions=[3])).prescription
    assert isinstance(read, Prescription)
    assert (read.dose_gy, read.fractions) == (54.0, 3)
    assert "Target Prescription Dose (SITE)" in read.source


def test_a_dose_to_a_site_goes_before_a_larger_one_to_a_point_and_all_are_listed(tmp_path: Path) -> None:
    doses = [(48.0, "VOLUME"), (50.0, "SITE"), (60.0, "COORDINATES")]
    plan = prescription_of(tmp_path, files.plan(doses=doses))
    assert isinstance(plan.prescription, Prescription)
    assert plan.prescription.dose_gy == 50.0
    (text,) = texts(plan, FindingCode.SEVERAL_PRESCRIPTIONS)
    assert text == "the RTPLAN prescribes 50 Gy (SITE), 48 Gy (VOLUME), 60 Gy (COORDINATES)"


def test_several_fraction_groups_leave_the_prescription_unknown(tmp_path: Path) -> None:
    read = prescription_of(tmp_path, files.plan(fractions=[5, 3])).prescription
    assert read == UnknownPrescription(reason="the RTPLAN has 2 fraction groups (5, 3 fractions)")


def test_without_target_dose_the_fractions_are_still_known(tmp_path: Path) -> None:
    read = prescription_of(tmp_path, files.plan(doses=[])).prescription
    assert read == UnknownPrescription(reason="the RTPLAN states no target prescription dose", fractions=5)


def test_missing_sequences_leave_the_prescription_unknown(tmp_path: Path) -> None:
    bare = files.plan()
    del bare.FractionGroupSequence
    del bare.DoseReferenceSequence
    assert isinstance(prescription_of(tmp_path, bare).prescription, UnknownPrescription)


def test_no_number_of_fractions_leaves_the_prescription_unknown(tmp_path: Path) -> None:
    read = prescription_of(tmp_path, files.plan(fractions=[0])).prescription
    assert read == UnknownPrescription(reason="the RTPLAN states 50 Gy and no number of fractions")


def test_the_given_prescription_wins_and_the_other_is_reported(tmp_path: Path) -> None:
    given = Prescription(dose_gy=48.0, fractions=4)
    plan = prescription_of(tmp_path, files.plan(), given)
    assert plan.prescription == given
    (text,) = texts(plan, FindingCode.OTHER_FRACTIONS)
    assert "the RTPLAN states 50 Gy in 5" in text


def test_the_same_prescription_given_is_no_finding(tmp_path: Path) -> None:
    assert prescription_of(tmp_path, files.plan(), Prescription(dose_gy=50.0, fractions=5)).findings == ()


# References that point elsewhere


def dose_of_set(structure_set: str) -> files.Dataset:
    dose = files.dose()
    dose.ReferencedStructureSetSequence = files.items(
        files.item(ReferencedSOPClassUID=files.CLASSES["RTSTRUCT"], ReferencedSOPInstanceUID=structure_set)
    )
    return dose


@pytest.mark.parametrize("both_here", [False, True])
def test_a_dose_that_refers_to_another_structure_set_than_the_plan_is_reported(tmp_path: Path, both_here: bool) -> None:
    sets = [files.structure_set(), *([files.structure_set("2.25.66")] if both_here else [])]
    plan = load_plan(write_plan(tmp_path, dose_of_set("2.25.66"), files.plan(), *sets))
    assert plan.uids.structure_set == SET_UID
    (text,) = texts(plan, FindingCode.OTHER_STRUCTURE_SET)[:1]
    assert text == "the RTDOSE refers to another structure set (2.25.66) than the one used (2.25.2)"


def test_frames_of_reference_of_other_patients_are_not_quoted(tmp_path: Path) -> None:
    strangers = [files.structure_set(f"2.25.7{n}", frame=f"2.25.80{n}") for n in range(5)]
    write_plan(tmp_path, files.dose(), files.plan(), *strangers)
    with pytest.raises(NoPlanError, match=r"the RTSTRUCT that the RTPLAN names \(2\.25\.2\) is not among") as caught:
        load_plan(tmp_path)
    assert "2.25.80" not in str(caught.value)


# File names may hold the patient's name


def everything_said(folder: Path) -> list[str]:
    """All findings, or the error, of a folder."""
    try:
        return [finding.text for finding in load_plan(folder).findings]
    except InputError as error:
        return [str(error)]


def many_faults(folder: Path) -> list[Path]:
    """Folders with something to say of files in them."""
    made = [folder / str(n) for n in range(8)]
    write_plan(made[0], files.dose(plans=()), files.plan(structure_set=""), files.structure_set(frame=""))
    write_plan(made[1], files.dose(), files.dose(scaling=0.004), files.plan(), files.structure_set())
    write_plan(made[2], files.dose(summation="MULTI_PLAN"), files.plan(), files.structure_set("2.25.66"))
    write_plan(made[3], files.dose(summation=""), files.dose(), files.plan(), files.plan(), files.structure_set())
    (made[3] / "note").write_text("hello")
    write_plan(made[4])
    (made[4] / "2").write_bytes((made[4] / "2").read_bytes()[:-30])
    two = [files.dose(uid, plans=()) for uid in ("", "1.2.3.4.5.6.7")]
    write_plan(made[5], *two, files.plan(), files.structure_set(), meta=False)
    write_plan(made[6], *parts_without_uid(), files.plan(beams=[1, 2]), files.structure_set(""), meta=False)
    wrong = files.dose()
    wrong.Rows = 4
    write_plan(made[7], wrong, files.plan(), files.structure_set())
    return made


def parts_without_uid() -> list[files.Dataset]:
    return [files.dose("", summation="BEAM", parts=[(1, [n])], scaling=0.001 * n) for n in (1, 2)]


def test_nothing_that_is_said_depends_on_file_names_or_holds_one(tmp_path: Path) -> None:
    for folder in many_faults(tmp_path / "a"):
        before = everything_said(folder)
        assert before
        names = sorted(path.name for path in folder.iterdir())
        (folder / "Nobody^Really").mkdir()
        for at, name in enumerate(reversed(names)):
            (folder / name).rename(folder / "Nobody^Really" / f"really nobody {at}")
        assert everything_said(folder) == before
        assert not any("obody" in text for text in before + everything_said(folder))


def test_files_are_named_in_the_log_for_those_who_ask(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_plan(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    shutil.copy(tmp_path / "0", tmp_path / "copy of 0")
    with caplog.at_level(logging.DEBUG, logger="sbrtcheck"):
        load_plan(tmp_path)
    said = [record.getMessage() for record in caplog.records]
    assert f"RTDOSE 2.25.3 is {tmp_path / '0'}" in said
    assert f"not readable as DICOM and skipped: {tmp_path / 'notes.txt'}" in said
    assert f"skipped as copy of another file: {tmp_path / 'copy of 0'}" in said


def test_no_file_is_named_in_the_log_for_those_who_do_not_ask_for_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Planning systems put the patient's ID into the names of the files that they export."""
    write_plan(tmp_path)
    for file in [*tmp_path.iterdir()]:
        file.rename(tmp_path / f"RS.Mustermann.{file.name}.dcm")
    (tmp_path / "Mustermann.txt").write_text("hello")
    shutil.copy(tmp_path / "RS.Mustermann.0.dcm", tmp_path / "copy of Mustermann")
    with caplog.at_level(logging.INFO, logger="sbrtcheck"):
        load_plan(tmp_path)
    said = [record.getMessage() for record in caplog.records]
    assert said
    assert not any("Mustermann" in text or str(tmp_path) in text for text in said)


# What a folder may hold besides files


def test_a_named_pipe_is_skipped_and_counted(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    write_plan(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert texts(load_plan(tmp_path), FindingCode.FILE_SKIPPED) == [
        "1 file not readable as DICOM and skipped; -vv names them"
    ]
    with pytest.raises(NoPlanError, match="1 not DICOM"):
        load_plan(tmp_path / "pipe")


def linked_to(target: Path, link: Path) -> None:
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError:
        pytest.skip("no right to make symbolic links here")


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    write_plan(tmp_path / "elsewhere" / "plan")
    (tmp_path / "given" / "deep").mkdir(parents=True)
    linked_to(tmp_path / "elsewhere" / "plan", tmp_path / "given" / "link")
    linked_to(tmp_path / "elsewhere" / "plan", tmp_path / "given" / "again")
    linked_to(tmp_path / "given", tmp_path / "given" / "deep" / "loop")
    plan = load_plan(tmp_path / "given")
    assert plan.uids.doses == (DOSE_UID,)
    assert plan.findings == ()


def test_a_link_to_nowhere_is_skipped_and_counted(tmp_path: Path) -> None:
    write_plan(tmp_path)
    linked_to(tmp_path / "nowhere", tmp_path / "link")
    assert len(texts(load_plan(tmp_path), FindingCode.FILE_SKIPPED)) == 1


# Damage


def plan_with_open_beams(structure_set_class: str = files.CLASSES["RTSTRUCT"]) -> files.Dataset:
    """An RTPLAN whose beams, and the sequences in them, have undefined length."""
    plan = files.plan()
    segments = files.items(*(files.item(ControlPointIndex=at, CumulativeMetersetWeight=at / 9) for at in range(10)))
    plan.BeamSequence = files.items(files.item(BeamNumber=1, ControlPointSequence=segments))
    plan["BeamSequence"].is_undefined_length = True
    plan.BeamSequence[0]["ControlPointSequence"].is_undefined_length = True
    plan.BeamSequence[0].is_undefined_length_sequence_item = True
    plan.ReferencedStructureSetSequence[0].ReferencedSOPClassUID = structure_set_class
    return plan


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("set_class", [files.CLASSES["RTSTRUCT"], "1.2.3"])
def test_beams_of_undefined_length_do_not_hide_the_structure_set(tmp_path: Path, syntax: str, set_class: str) -> None:
    sets = [files.structure_set(), files.structure_set("2.25.66")]
    write_plan(tmp_path, files.dose(), *sets, plan_with_open_beams(set_class), syntax=syntax)
    plan = load_plan(tmp_path)
    assert plan.uids.structure_set == SET_UID
    assert not texts(plan, FindingCode.LINKED_BY_FRAME_OF_REFERENCE)


def test_a_plan_cut_within_beams_of_undefined_length_is_damaged(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(), files.structure_set(), plan_with_open_beams())
    content = (tmp_path / "2").read_bytes()
    (tmp_path / "2").write_bytes(content[: content.rfind(b"\x0c\x30\x60\x00") - 60])
    with pytest.raises(NoPlanError, match=r"RTPLAN 2\.25\.1: the file is damaged or truncated"):
        load_plan(tmp_path)


def loaded(folder: Path) -> Plan | InputError:
    try:
        return load_plan(folder)
    except InputError as error:
        return error


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_file_cut_anywhere_is_refused_in_one_line_or_loses_nothing_of_dose_contours_and_prescription(
    tmp_path: Path, which: int
) -> None:
    cut = write_plan(tmp_path) / str(which)
    content = cut.read_bytes()
    for at in range(0, len(content), 7):
        cut.write_bytes(content[:at])
        match loaded(tmp_path):
            case InputError() as error:
                assert len(str(error).splitlines()) == 1
            case Plan() as plan:
                assert plan.dose.stored.tobytes() == files.values().tobytes()
                assert len(plan.structures[0].contours.read()) == 3
                assert isinstance(plan.prescription, UnknownPrescription) or plan.prescription.dose_gy == 50.0


def test_a_truncated_plan_is_named(tmp_path: Path) -> None:
    write_plan(tmp_path)
    content = (tmp_path / "2").read_bytes()
    (tmp_path / "2").write_bytes(content[:-30])
    with pytest.raises(NoPlanError, match=r"RTPLAN 2\.25\.1: the file is truncated"):
        load_plan(tmp_path)


def test_findings_are_values(tmp_path: Path) -> None:
    plan = load_plan(write_plan(tmp_path, files.dose(plans=()), files.plan(), files.structure_set()))
    assert all(isinstance(finding, Finding) for finding in plan.findings)


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, 2])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_wrong_bytes_is_refused_in_one_line_or_read(
    tmp_path: Path, which: int, data: st.DataObject
) -> None:
    syntax = data.draw(st.sampled_from([ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]))
    spoilt = write_plan(tmp_path, syntax=syntax) / str(which)
    content = bytearray(spoilt.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(128, len(content) - 1))] = data.draw(st.integers(0, 255))
    spoilt.write_bytes(content)
    read = loaded(tmp_path)
    assert isinstance(read, Plan) or len(str(read).splitlines()) == 1

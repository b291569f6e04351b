"""Files of one UID and several contents: told apart by folder, or refused; never mixed, never lost."""

from __future__ import annotations

import csv
import itertools
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import dicom_files as files
from dicom_files import write
from sbrtcheck import api, cli
from sbrtcheck.archive import find
from sbrtcheck.dicom import FoundPlan, PlanFiles, find_plans, load_dvhs, load_plan
from sbrtcheck.errors import AmbiguousPlanError, InputError, NoPlanError

KINDS = ("dose", "set", "plan")
OF_OTHERS = "files in other folders have the same UIDs and other content"


def patient(number: int, repeated: str = "dose set plan") -> dict[str, files.Dataset]:
    """A plan whose dose, structures and label are this patient's alone; UIDs of ``repeated`` are constants."""
    uids = {kind: f"2.25.{at}" + ("" if kind in repeated else f".{number}") for at, kind in enumerate(KINDS, start=1)}
    target = (1, f"PTV {number}", "PTV", [files.square(z) for z in (-27, -24)])
    made = {
        "dose": files.dose(uids["dose"], plans=[uids["plan"]], scaling=0.002 + 0.00001 * number),
        "set": files.structure_set(uids["set"], rois=[target]),
        "plan": files.plan(uids["plan"], structure_set=uids["set"], label=f"P{number}"),
    }
    for dataset in made.values():
        dataset.PatientID, dataset.StudyInstanceUID = f"secret-{number}", f"2.25.5.{number}"
    return made


def write_patient(folder: Path, number: int, *, repeated: str = "dose set plan", deep: bool = False) -> None:
    for kind, dataset in patient(number, repeated).items():
        write(folder / (kind if deep else "") / f"{kind}.dcm", dataset)


def numbers(found: FoundPlan) -> set[int]:
    """The patients whose files a plan was made of, by what is read from them."""
    plan = load_plan(list(found.files))
    of_dose = round((plan.dose.gy_per_unit - 0.002) / 0.00001)
    return {of_dose, int(plan.structures[0].name.removeprefix("PTV ")), int(plan.label.removeprefix("P"))}


def without_paths(found: PlanFiles) -> object:
    plans = [(str(one), one.findings, sorted(numbers(one))) for one in found.plans]
    return sorted(map(repr, plans)), sorted((str(o.kind), o.uid, o.reason) for o in found.orphans), len(found.copies)


SUBSETS = [" ".join(kinds) for count in (1, 2, 3) for kinds in itertools.combinations(KINDS, count)]


@pytest.mark.slow
@given(
    who=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    repeated=st.sampled_from(SUBSETS),
    deep=st.lists(st.booleans(), min_size=5, max_size=5),
    inside=st.lists(st.sampled_from(["", "a", "a/b"]), min_size=5, max_size=5),
    order=st.permutations(range(5)),
)
@settings(max_examples=40, deadline=None)
def test_folders_with_the_same_uids_are_as_many_plans_as_patients_and_none_is_mixed(
    who: list[int], repeated: str, deep: list[bool], inside: list[str], order: list[int]
) -> None:
    """Some folders are wholly the same, and stay copies; names and order of folders change nothing."""
    seen = []
    for names in (range(5), order):
        with TemporaryDirectory() as name:
            root = Path(name)
            for at, number in enumerate(who):
                write_patient(root / str(names[at]) / inside[at], number, repeated=repeated, deep=deep[at])
            found = find_plans(root)
            assert sorted(map(sorted, map(numbers, found.plans))) == [[number] for number in sorted(set(who))]
            assert found.orphans == ()
            assert len(found.copies) == 3 * (len(who) - len(set(who)))
            told = [any(OF_OTHERS in one.text for one in plan.findings) for plan in found.plans]
            assert told == [len(set(who)) > 1] * len(told)
            seen.append(without_paths(found))
    assert seen[0] == seen[1]


@pytest.fixture
def three(tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        write_patient(tmp_path / f"Really^Nobody {number}", number)
    return tmp_path


def test_none_of_several_folders_is_picked_and_the_hint_names_the_way(three: Path) -> None:
    for choice in (None, "2.25.1", "2.25.3"):
        with pytest.raises(AmbiguousPlanError, match="3 plans are here") as caught:
            load_plan(three, plan=choice)
        assert "give the folder of the one wanted" in caught.value.hint
        assert "Nobody" not in str(caught.value)


def test_a_folder_by_itself_is_a_plan_like_any_other(three: Path) -> None:
    plan = load_plan(three / "Really^Nobody 2")
    assert (plan.label, plan.structures[0].name, plan.findings) == ("P2", "PTV 2", ())


def test_an_archive_has_a_row_for_each_folder_and_names_nobody(three: Path, tmp_path: Path) -> None:
    entries = find(three)
    assert [(entry.is_plan, entry.problem) for entry in entries] == [(True, None)] * 3
    out = tmp_path / "rows.csv"
    done = CliRunner().invoke(cli.main, ["batch", str(three), "--table", "rtog-0813", "--out", str(out), "--jobs", "1"])
    assert "3 plans: " in done.output
    assert "Nobody" not in out.read_text(encoding="utf-8")
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(OF_OTHERS in row["findings"] for row in rows)
    assert len(rows) % 3 == 0


def test_in_one_folder_files_of_one_uid_that_differ_are_refused_as_ever(tmp_path: Path) -> None:
    for number in (1, 2):
        for kind, dataset in patient(number).items():
            write(tmp_path / f"{kind}{number}", dataset)
    with pytest.raises(NoPlanError, match="another file has the same SOP Instance UID and differs"):
        load_plan(tmp_path)


def test_without_folders_to_tell_them_apart_nothing_is_said_of_folders(tmp_path: Path) -> None:
    """Two doses of one UID in a folder spoil one another, and not the other dose of that plan."""
    write_patient(tmp_path, 1)
    for scaling in (0.003, 0.004):
        write(tmp_path / str(scaling), files.dose("2.25.8", plans=["2.25.3"], scaling=scaling))
    plan = load_plan(tmp_path)
    assert plan.uids.doses == ("2.25.1",)
    assert not any(OF_OTHERS in one.text for one in plan.findings)


def test_a_folder_inside_of_another_does_not_tell_them_apart(tmp_path: Path) -> None:
    """It may be a second export of the same plan: which of the doses is meant cannot be told."""
    write_patient(tmp_path, 1)
    write(tmp_path / "again" / "dose", patient(2)["dose"])
    with pytest.raises(NoPlanError, match="another file has the same SOP Instance UID and differs"):
        load_plan(tmp_path)


def test_folders_of_one_kind_of_file_each_do_not_tell_them_apart(tmp_path: Path) -> None:
    for number in (1, 2):
        for kind, dataset in patient(number).items():
            write(tmp_path / kind / str(number), dataset)
    assert find_plans(tmp_path).plans == ()
    with pytest.raises(NoPlanError, match="another file has the same SOP Instance UID and differs"):
        load_plan(tmp_path)


@pytest.mark.parametrize("missing", KINDS)
def test_a_patient_without_a_file_never_gets_that_of_another(tmp_path: Path, missing: str) -> None:
    for number in (1, 2):
        write_patient(tmp_path / str(number), number)
    (tmp_path / "2" / f"{missing}.dcm").unlink()
    found = find_plans(tmp_path)
    assert [numbers(one) for one in found.plans if one.plan is not None] == [{1}]
    assert len(found.plans) + len(found.orphans) >= 2
    if missing == "set":
        (orphan,) = found.orphans
        assert "no RTSTRUCT" in orphan.reason or "is not among the files" in orphan.reason
        assert "each folder is read by itself" in orphan.reason


def test_a_file_that_several_folders_could_share_is_given_to_none(tmp_path: Path) -> None:
    write(tmp_path / "set", patient(1)["set"])
    for number in (1, 2):
        for kind in ("dose", "plan"):
            write(tmp_path / str(number) / kind, patient(number)[kind])
    found = find_plans(tmp_path)
    assert found.plans == ()
    with pytest.raises(NoPlanError, match="each folder is read by itself"):
        load_plan(tmp_path)


def test_other_plans_of_the_archive_are_linked_across_folders_as_ever(three: Path) -> None:
    other = patient(9, repeated="")
    other["dose"].FrameOfReferenceUID = other["plan"].FrameOfReferenceUID = "2.25.44"
    other["set"] = files.structure_set("2.25.2.9", frame="2.25.44", rois=[(1, "PTV 9", "PTV", [files.square(-27)])])
    for kind, dataset in other.items():
        write(three / f"all of {kind}" / "file", dataset)
    found = find_plans(three)
    assert sorted(map(sorted, map(numbers, found.plans))) == [[1], [2], [3], [9]]
    (across,) = (one for one in found.plans if numbers(one) == {9})
    assert across.findings == ()


def test_what_repeats_a_part_of_a_folder_is_a_copy(three: Path) -> None:
    shutil.copytree(three / "Really^Nobody 1", three / "again")
    (three / "again" / "set.dcm").unlink()
    found = find_plans(three)
    assert (len(found.plans), len(found.orphans), len(found.copies)) == (3, 0, 2)


def test_stored_dvhs_of_several_folders_are_not_mixed(tmp_path: Path) -> None:
    for number in (1, 2):
        made = patient(number)
        made["dose"].DVHSequence = files.items(files.stored_dvh([(0.5, 8.0 + number), (0.5, 4.0), (0.5, 1.0)]))
        for kind, dataset in made.items():
            write(tmp_path / str(number) / kind, dataset)
    with pytest.raises(AmbiguousPlanError, match="2 plans are here"):
        load_dvhs(tmp_path)
    assert load_dvhs(tmp_path / "2")["PTV 2"].volume == 10.0


def test_nothing_is_written_for_a_patient_whose_uids_several_folders_have(tmp_path: Path) -> None:
    for number in (1, 2):
        write_patient(tmp_path / str(number), number)
    dvhs = api.dvhs(tmp_path / "1")
    assert api.dvhs_as_dicom(dvhs, tmp_path / "1")
    with pytest.raises(InputError, match="files of several plans have the UIDs of this one"):
        api.dvhs_as_dicom(dvhs, tmp_path)


def write_patient_of_one_uid(folder: Path, number: int) -> None:
    """As a tool writes it that puts one constant in place of every UID of an instance, and of a reference to one."""
    made, constant = patient(number), "1.2.3.4"
    for dataset in made.values():
        dataset.SOPInstanceUID = constant
    made["dose"].ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = constant
    made["plan"].ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = constant
    for kind, dataset in made.items():
        write(folder / f"{kind}.dcm", dataset)


def test_files_of_one_uid_and_several_kinds_are_each_what_they_are(tmp_path: Path) -> None:
    write_patient_of_one_uid(tmp_path, 1)
    found = find_plans(tmp_path)
    assert (len(found.plans), found.orphans, found.copies) == (1, (), ())
    assert numbers(found.plans[0]) == {1}


def test_patients_whose_files_all_have_one_uid_are_told_apart_by_folder(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write_patient_of_one_uid(tmp_path / str(number), number)
    found = find_plans(tmp_path)
    assert sorted(map(numbers, found.plans), key=sorted) == [{1}, {2}, {3}]
    assert found.orphans == ()

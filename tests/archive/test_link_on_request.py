"""Archives whose references are lost: put together by folder or frame on request, said so, and never by a guess."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import dicom_files as files
from sbrtcheck import cli
from sbrtcheck.archive import Entry, find
from sbrtcheck.archive.units import LinkBy
from sbrtcheck.dicom import load_plan
from sbrtcheck.errors import InputError
from sbrtcheck.plan import FindingCode, Prescription

BY_FOLDER, BY_FRAME = LinkBy.read("folder"), LinkBy.read("frame")
SAID = {
    "folder": "were put together by their folder, not by references, as asked",
    "frame": "were put together by their frame of reference, not by references, as asked",
}


def patient(number: int, *, lost: str = "", constant: str = "", frames: bool = True) -> dict[str, files.Dataset]:
    """A plan that is this patient's by its dose, structure name and prescription.

    ``lost``: kinds whose references lead nowhere; ``constant``: kinds with the same UID for all patients.
    """
    uids = {
        kind: f"2.25.7{at}" + ("" if kind in constant else f".{number}")
        for at, kind in enumerate(("dose", "set", "plan"))
    }
    frame = f"2.25.8.{number}"
    plan_ref = f"2.25.99.{number}" if "dose" in lost else uids["plan"]
    set_ref = f"2.25.98.{number}" if "plan" in lost else uids["set"]
    target = (1, f"PTV {number}", "PTV", [files.square(z) for z in (-27, -24)])
    made = {
        "dose": files.dose(uids["dose"], plans=[plan_ref], scaling=0.002 + 0.00001 * number),
        "set": files.structure_set(uids["set"], rois=[target], frame=frame if frames else ""),
        "plan": files.plan(uids["plan"], structure_set=set_ref, doses=((20.0 + number, "SITE"),)),
    }
    for kind in ("dose", "plan"):
        if frames:
            made[kind].FrameOfReferenceUID = frame
        else:
            del made[kind].FrameOfReferenceUID
    return made


def write_patient(folder: Path, number: int, *without: str, **how: Any) -> None:
    for kind, dataset in patient(number, **how).items():
        if kind not in without:
            files.write(folder / f"{kind}.dcm", dataset)


def numbers(entry: Entry) -> set[float]:
    """The patients whose files an entry has, by what is read from them as a worker would."""
    plan = load_plan(entry.plan_input)
    rx = plan.prescription.dose_gy - 20.0 if isinstance(plan.prescription, Prescription) else -1.0
    return {round((plan.dose.gy_per_unit - 0.002) / 0.00001), int(plan.structures[0].name.removeprefix("PTV ")), rx}


def texts(entry: Entry) -> str:
    return " | ".join(finding.text for finding in entry.findings)


@settings(max_examples=25, deadline=None)
@given(
    missing=st.lists(st.sets(st.sampled_from(["dose", "set", "plan"]), max_size=2), min_size=2, max_size=4),
    constant=st.sampled_from(["plan", "dose plan", "set plan", "dose set plan"]),
    link=st.sampled_from(["reference", "folder", "frame"]),
    frames=st.booleans(),
)
def test_files_of_different_patients_are_never_joined_silently(
    missing: list[set[str]], constant: str, link: str, frames: bool
) -> None:
    """De-identified with constant UIDs, and files lost: whatever is joined, what is read of it says so."""
    with TemporaryDirectory() as name:
        for number, kinds in enumerate(missing, start=1):
            for kind, dataset in patient(number, constant=constant, frames=frames).items():
                if kind not in kinds:
                    dataset.PatientID = f"pseudonym {number}"
                    files.write(Path(name) / f"p{number}" / f"{kind}.dcm", dataset)
        for entry in find(Path(name), by=LinkBy.read(link)):
            if entry.is_plan and entry.problem is None and len(numbers(entry) - {-1.0}) > 1:
                codes = {finding.code for finding in load_plan(entry.plan_input).findings}
                assert FindingCode.PATIENTS_DIFFER in codes


@pytest.mark.parametrize("link", ["reference", "folder", "frame"])
@pytest.mark.parametrize(("factor", "is_said"), [(1.0, False), (1.5, True)])
def test_doses_of_beams_are_compared_in_an_archive_too(tmp_path: Path, link: str, factor: float, is_said: bool) -> None:
    made = patient(1)
    beam = files.dose("2.25.70.9", plans=["2.25.72.1"], summation="BEAM", parts=[(1, [1])], scaling=0.00201 * factor)
    beam.FrameOfReferenceUID = made["dose"].FrameOfReferenceUID
    files.write_plan(tmp_path / "p", *made.values(), beam)
    (entry,) = [entry for entry in find(tmp_path, by=LinkBy.read(link)) if entry.plan_uid]
    found = {finding.code for finding in load_plan(entry.plan_input).findings}
    assert (FindingCode.PARTS_DO_NOT_SUM in found) == is_said


LOST = ["", "dose", "plan", "dose plan"]


@pytest.mark.parametrize("link", ["folder", "frame"])
@given(
    lost=st.lists(st.sampled_from(LOST), min_size=1, max_size=4),
    constant=st.sampled_from(["", "dose", "plan", "set plan", "dose set plan"]),
)
@settings(max_examples=12, deadline=None)
def test_each_folder_is_a_plan_of_its_own_files_and_says_what_put_it_together(
    link: str, lost: list[str], constant: str
) -> None:
    """Whatever references are lost and UIDs repeat: each patient has a frame of reference and a folder."""
    with TemporaryDirectory() as name:
        for number, which in enumerate(lost, start=1):
            write_patient(Path(name) / f"p{number}", number, lost=which, constant=constant)
        entries = find(Path(name), by=LinkBy.read(link))
        assert [entry.problem for entry in entries] == [None] * len(lost)
        assert sorted(sorted(numbers(entry)) for entry in entries) == [[number] for number in range(1, len(lost) + 1)]
        for entry in entries:
            (number,) = numbers(entry)
            told = "dose" in lost[int(number) - 1] or (bool(constant) and len(lost) > 1)
            assert (SAID[link] in texts(entry)) == told or "plan" in lost[int(number) - 1]


def test_by_folder_files_without_frame_of_reference_find_each_other(tmp_path: Path) -> None:
    for number in (1, 2):
        write_patient(tmp_path / str(number), number, lost="dose plan", frames=False)
    assert [entry.problem for entry in find(tmp_path)].count(None) == 0
    entries = find(tmp_path, by=BY_FOLDER)
    assert [numbers(entry) for entry in entries] == [{1}, {2}]
    for entry in entries:
        assert f"the RTDOSE and the RTPLAN {SAID['folder']}" in texts(entry)
        assert f"the RTPLAN and the RTSTRUCT {SAID['folder']}" in texts(entry)


def test_two_doses_of_one_folder_are_a_reason_and_no_guess(tmp_path: Path) -> None:
    write_patient(tmp_path / "a", 1, lost="dose")
    files.write(tmp_path / "a" / "x.dcm", patient(2, lost="dose")["dose"])
    entries = [entry for entry in find(tmp_path, by=BY_FOLDER) if entry.dose_uids]
    what = "2 RTDOSE and 1 RTPLAN of one folder do not name each other: which belong together cannot be told"
    assert [entry.problem for entry in entries] == [what, what]


@pytest.mark.parametrize("kind", ["plan", "set"])
def test_two_candidates_are_never_picked_from(tmp_path: Path, kind: str) -> None:
    write_patient(tmp_path / "a", 1, lost="dose plan", frames=False)
    files.write(tmp_path / "a" / "x.dcm", patient(2, frames=False)[kind])
    assert all(entry.problem for entry in find(tmp_path, by=BY_FOLDER))


def test_what_refers_to_a_file_of_another_folder_gets_no_other(tmp_path: Path) -> None:
    """The reference is not lost: the RTPLAN that the dose names is in the archive."""
    write_patient(tmp_path / "1", 1, "plan")
    files.write(tmp_path / "1" / "plan", patient(2)["plan"])
    files.write(tmp_path / "2" / "plan", patient(1)["plan"])
    assert [numbers(entry) for entry in find(tmp_path) if entry.problem is None] == [{1}]
    reasons = {entry.problem for entry in find(tmp_path, by=BY_FOLDER)}
    assert "the RTPLAN that it names is in the archive, and not of this folder" in reasons
    assert None not in reasons


def test_other_frames_of_reference_stay_an_obstacle(tmp_path: Path) -> None:
    write_patient(tmp_path / "a", 1, "set", lost="dose plan")
    files.write(tmp_path / "a" / "set", patient(2)["set"])
    (entry,) = (entry for entry in find(tmp_path, by=BY_FOLDER) if entry.dose_uids)
    assert "is in frame of reference" in str(entry.problem)


def test_folders_of_a_level_take_in_what_is_below(tmp_path: Path) -> None:
    for number in (1, 2):
        for kind, dataset in patient(number, lost="dose plan", constant="dose set plan").items():
            files.write(tmp_path / f"patient {number}" / f"series of {kind}" / "1-1.dcm", dataset)
    assert all(entry.problem for entry in find(tmp_path, by=BY_FOLDER) if entry.dose_uids)
    assert [numbers(entry) for entry in find(tmp_path, by=LinkBy.read("folder:1"))] == [{1}, {2}]


def test_copies_of_a_folder_are_one_plan(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_patient(tmp_path / folder, 1, lost="dose")
    write_patient(tmp_path / "part", 1, "plan", lost="dose")
    assert len(find(tmp_path, by=BY_FOLDER)) == 1


def test_parts_of_a_dose_that_name_one_lost_plan_are_summed(tmp_path: Path) -> None:
    made = patient(1)
    made["plan"] = files.plan("2.25.72.1", structure_set="2.25.71.1", beams=(1, 2))
    for beam in (1, 2):
        dose = files.dose(f"2.25.70.{beam}", plans=["2.25.999"], summation="BEAM", parts=[(1, [beam])])
        dose.FrameOfReferenceUID = "2.25.8.1"
        files.write(tmp_path / f"dose{beam}", dose)
    for kind in ("plan", "set"):
        files.write(tmp_path / kind, made[kind])
    (entry,) = find(tmp_path, by=BY_FOLDER)
    assert (entry.problem, len(entry.dose_uids)) == (None, 2)


def test_stored_dvhs_have_no_names_from_a_structure_set_that_a_folder_gave(tmp_path: Path) -> None:
    made = patient(1, lost="dose plan", frames=False)
    made["dose"].DVHSequence = files.items(files.stored_dvh([(0.5, 8.0), (0.5, 4.0), (0.5, 1.0)]))
    for kind, dataset in made.items():
        files.write(tmp_path / kind, dataset)
    (entry,) = find(tmp_path, by=BY_FOLDER)
    from sbrtcheck.dicom import load_dvhs

    assert [dvh.name for dvh in load_dvhs(entry.plan_input).values()] == ["ROI 1"]


@pytest.mark.parametrize("text", ["", "folders", "folder:0", "folder:x", "frame:1", "reference:2", "FOLDER"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="files cannot be put together by"):
        LinkBy.read(text)


# -------------------------------------------------------------------------------- through the command


def batch(*words: str | Path) -> Any:
    return CliRunner().invoke(cli.main, ["batch", *map(str, words), "--jobs", "1"])


def rows(out: Path) -> list[dict[str, str]]:
    with out.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def by_plan(found: Sequence[dict[str, str]]) -> list[list[dict[str, str]]]:
    ordered = sorted(found, key=lambda row: row["plan_uid"] + row["dose_uids"])
    return [list(group) for _, group in itertools.groupby(ordered, lambda row: row["plan_uid"] + row["dose_uids"])]


def test_every_row_of_such_a_plan_says_so(tmp_path: Path) -> None:
    for number in (1, 2):
        write_patient(tmp_path / "archive" / f"Really^Nobody {number}", number, lost="dose")
    out = tmp_path / "out.csv"
    done = batch(tmp_path / "archive", "--table", "rtog-0813", "--out", out, "--link", "folder")
    assert done.exit_code == 0
    found = rows(out)
    assert {row["prescription_gy"] for row in found} == {"21.0", "22.0"}
    assert all(SAID["folder"] in row["findings"] for row in found)
    assert all(row["findings"].count("put together") == 1 for row in found)
    assert "Nobody" not in out.read_text(encoding="utf-8") + done.output


def test_by_reference_a_lost_rtplan_is_replaced_by_none(tmp_path: Path) -> None:
    write_patient(tmp_path / "archive", 1, lost="dose")
    done = batch(tmp_path / "archive", "--table", "rtog-0813", "--out", tmp_path / "out.csv")
    assert done.exit_code == 0
    assert {row["prescription_gy"] for row in rows(tmp_path / "out.csv")} == {""}


def test_three_patients_with_the_same_uids_are_three_plans(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write_patient(tmp_path / "archive" / str(number), number, constant="dose set plan")
    for link in ("reference", "folder", "frame"):
        done = batch(tmp_path / "archive", "--table", "rtog-0813", "--out", tmp_path / "o.csv", "--link", link)
        assert "3 plans: " in done.output
        assert {row["prescription_gy"] for row in rows(tmp_path / "o.csv")} == {"21.0", "22.0", "23.0"}


# -------------------------------------------------------------------------------- choices plan by plan


def test_one_prescription_for_the_archive(tmp_path: Path) -> None:
    write_patient(tmp_path / "archive", 1)
    batch(tmp_path / "archive", "--table", "rtog-0813", "--out", tmp_path / "out.csv", "--rx", "48Gy/5")
    assert {(row["prescription_gy"], row["fractions"]) for row in rows(tmp_path / "out.csv")} == {("48.0", "5")}


def test_choices_plan_by_plan(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write_patient(tmp_path / "archive" / f"p{number}", number)
    (tmp_path / "names.yaml").write_text("SpinalCord: PTV 2\n", encoding="utf-8")
    plans = tmp_path / "plans.csv"
    plans.write_text("plan,RX,names,sex\n2.25.72.1,30Gy/5,,\np2,,names.yaml,female\n", encoding="utf-8")
    how = (tmp_path / "archive", "--table", "rtog-0813", "--per-plan", plans, "--rx", "45Gy/5", "--with-identity")
    done = batch(*how, "--out", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    first, second, third = by_plan(rows(tmp_path / "out.csv"))
    assert [group[0]["prescription_gy"] for group in (first, second, third)] == ["30.0", "45.0", "45.0"]
    assert [{row["contour"] for row in group if row["organ"] == "SpinalCord"} for group in (first, second, third)] == [
        {""},
        {"PTV 2"},
        {""},
    ]
    assert batch(*how, "--dry-run").output.count("with choices of its own") == 2


def test_a_plan_is_named_by_its_key_in_an_earlier_run(tmp_path: Path) -> None:
    """Its key is all that the results of the earlier run tell of it."""
    for number in (1, 2):
        write_patient(tmp_path / "archive" / f"p{number}", number)
    how = (tmp_path / "archive", "--table", "rtog-0813", "--out", tmp_path / "out.csv")
    batch(*how)
    before = {row["plan_key"]: row["prescription_gy"] for row in rows(tmp_path / "out.csv")}
    key = next(iter(before))
    plans = tmp_path / "plans.csv"
    plans.write_text(f"plan,rx\n{key},30Gy/5\n", encoding="utf-8")
    assert batch(*how, "--per-plan", plans, "--dry-run").output.count("with choices of its own") == 1
    assert batch(*how, "--per-plan", plans).exit_code == 0
    changed = {row["plan_key"]: row["prescription_gy"] for row in rows(tmp_path / "out.csv")}
    assert changed == before | {key: "30.0"}
    assert changed != before
    secret = (tmp_path / "sbrtcheck-plan-keys.txt").rename(tmp_path / "elsewhere.txt")
    seen = batch(*how, "--per-plan", plans, "--dry-run", "--plan-keys", secret)
    assert seen.output.count("with choices of its own") == 1
    told = batch(*how, "--per-plan", plans)
    assert told.exit_code == 2
    assert f"there is no plan {key}" in told.output


FAULTS = {
    "plan,rx\n2.25.1,50\n": ["plans.csv:2: rx: "],
    "plan,rx,rx,dose\np1,,,\n": [
        "plans.csv:1: the column 'rx' is there 2 times",
        "plans.csv:1: there is no such column as 'dose'",
    ],
    "rx\n50Gy/5\n": ["plans.csv:1: there is no column 'plan'"],
    "": ["plans.csv:1: there is no column 'plan'"],
    "plan,names\n,\np1,none.yaml\n\np2,,more\n": ["plans.csv:3: names: ", "plans.csv:5: 3 cells, and 2 columns"],
    "plan,sex,site\np1,woman,\np2,,nowhere\n,female,\n": [
        "plans.csv:2: ",
        "plans.csv:3: ",
        "plans.csv:4: the plan is not named",
    ],
    "plan\np1\np9\n2.25.70.1\n2.25.77\n": [
        "plans.csv:3: there is no plan p9",
        "plans.csv:4: the plan 2.25.70.1 is that of line 2",
        "plans.csv:5: there is no plan 2.25.77",
    ],
}


@pytest.mark.parametrize("content", FAULTS)
def test_all_faults_of_the_file_are_said_with_their_lines_before_a_plan_is_read(tmp_path: Path, content: str) -> None:
    write_patient(tmp_path / "archive" / "p1", 1)
    plans = tmp_path / "plans.csv"
    plans.write_text(content, encoding="utf-8")
    done = batch(tmp_path / "archive", "--table", "rtog-0813", "--out", tmp_path / "o.csv", "--per-plan", plans)
    assert done.exit_code == 2
    lines = [line for line in done.output.splitlines() if "plans.csv" in line]
    assert len(lines) == len(FAULTS[content]), done.output
    for line, said in zip(lines, FAULTS[content], strict=True):
        assert said in line
    assert not (tmp_path / "o.csv").exists()


def test_a_name_of_several_plans_is_refused(tmp_path: Path) -> None:
    for number in (1, 2):
        write_patient(tmp_path / "archive" / f"p{number}", number, constant="dose set plan")
    plans = tmp_path / "plans.csv"
    plans.write_text("plan,rx\n2.25.72,30Gy/5\n", encoding="utf-8")
    how = (tmp_path / "archive", "--table", "rtog-0813", "--out", tmp_path / "o.csv", "--per-plan", plans)
    assert "plans.csv:2: 2 plans are called 2.25.72: give the folder of one" in batch(*how).output
    plans.write_text("plan,rx\np1,30Gy/5\np2,36Gy/5\n", encoding="utf-8")
    assert batch(*how).exit_code == 0
    assert {row["prescription_gy"] for row in rows(tmp_path / "o.csv")} == {"30.0", "36.0"}


@pytest.mark.parametrize("content", [None, b"plan\n\xff\n"])
def test_a_file_of_choices_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    write_patient(tmp_path / "archive", 1)
    plans = tmp_path / "plans.csv"
    if content is not None:
        plans.write_bytes(content)
    done = batch(tmp_path / "archive", "--table", "rtog-0813", "--out", tmp_path / "o.csv", "--per-plan", plans)
    assert done.exit_code == 2
    assert "plans.csv: " in done.output


@pytest.mark.parametrize("link", ["folder", "frame"])
@pytest.mark.parametrize(("ids", "differ"), [(("A", "B"), True), (("A", ""), False), (("A", "A"), False)])
def test_files_of_different_patient_ids_are_not_put_together(
    tmp_path: Path, link: str, ids: tuple[str, str], *, differ: bool
) -> None:
    made = patient(1, lost="dose")
    for kind, patient_id in zip(("plan", "dose", "set"), (*ids, ids[1]), strict=True):
        made[kind].PatientID = patient_id
        files.write(tmp_path / f"{kind}.dcm", made[kind])
    (entry,) = [entry for entry in find(tmp_path, by=LinkBy.read(link)) if entry.dose_uids]
    assert SAID[link] in texts(entry)
    what = f"put together by their {LinkBy.read(link).link.noun}, its files have different Patient IDs"
    assert entry.problem == (what if differ else None)


@pytest.mark.parametrize("link", ["folder", "frame"])
def test_a_reference_to_another_patients_file_of_the_same_uid_is_not_followed(tmp_path: Path, link: str) -> None:
    """All RTPLANs had one UID, and that of the second patient is lost."""
    for number in (1, 2):
        made = patient(number, constant="plan", lost="plan")
        for kind, dataset in made.items():
            dataset.PatientID = f"patient {number}"
            if (kind, number) != ("plan", 2):
                files.write(tmp_path / f"{kind}-{number}.dcm", dataset)
    entries = [entry for entry in find(tmp_path, by=LinkBy.read(link)) if entry.problem is None]
    assert all(len(numbers(entry)) == 1 for entry in entries)

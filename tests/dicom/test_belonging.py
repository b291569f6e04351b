"""Files of a plan that do not belong together, or are not of a patient's treatment, are said to be so.

The law: **what the files state of the patient makes a finding where, and only where, two of them contradict each
other; no value stands in it; and a value that is removed contradicts nothing.**
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

import dicom_files as files
import plan_changes as changes
from sbrtcheck.cli import main
from sbrtcheck.dicom import load_dvhs, load_plan
from sbrtcheck.plan import DOUBTFUL_FILES, FindingCode, Plan

OF_PATIENT = (FindingCode.PATIENTS_DIFFER, FindingCode.PATIENT_DETAILS_DIFFER)
NOT_STATED = FindingCode.PATIENT_NOT_STATED
KEYWORDS = ("PatientID", "PatientName", "PatientBirthDate")

# three people, one of them nobody; the values of one are nowhere in a text of ours
VALUES = {
    "PatientID": ["", "QX-1771", "ZK-0042"],
    "PatientName": ["", "Qvist^Xenia", "Zorn^Karl"],
    "PatientBirthDate": ["", "19310203", "19480506"],
}
NOBODY = {
    "PatientID": ["", "ANON", "anonymous", "0000", "XXX", "De-identified", "Unknown", "-", "PatientID", "removed"],
    "PatientName": ["", "Anonymous^Anonymous", "ANONYMIZED", "Anonymous^Patient", "No-Name", "^", "xxxx^xx", "Unknown"],
    "PatientBirthDate": ["", "19000101", "00010101", "19010101"],
}


def three_files() -> list[Dataset]:
    return [files.dose(), files.plan(), files.structure_set()]


def codes(plan: Plan) -> list[FindingCode]:
    return [finding.code for finding in plan.findings]


# ------------------------------------------------------------------------------------------------------ the patient

identities = st.lists(st.tuples(*(st.integers(0, 2) for _ in KEYWORDS)), min_size=3, max_size=3)


def expected(chosen: list[tuple[int, ...]]) -> FindingCode | None:
    """By the rules, written out anew: ID, name and birth date of three files; 0 is none."""
    differing = [at for at in range(3) if len({one[at] for one in chosen} - {0}) == 2]
    if not differing:
        return None
    if differing in ([1], [2]):
        stating = [one for one in chosen if one[differing[0]]]
        others = [at for at in range(3) if at != differing[0]]
        if all(one[at] for one in stating for at in others):
            return FindingCode.PATIENT_DETAILS_DIFFER
        pairs = [(a, b) for a in stating for b in stating if a[differing[0]] != b[differing[0]]]
        if all(a[at] and b[at] for a, b in pairs for at in others):
            return FindingCode.PATIENT_DETAILS_DIFFER
    return FindingCode.PATIENTS_DIFFER


@settings(max_examples=60)
@given(st.data(), identities, st.sampled_from([lambda made: made[::-1], lambda made: [made[1], made[2], made[0]]]))
def test_the_files_are_of_one_patient_unless_two_of_them_contradict_each_other(
    data: st.DataObject, chosen: list[tuple[int, ...]], order: Callable[[list[Dataset]], list[Dataset]]
) -> None:
    """A word that stands for nobody says what an empty value says: it contradicts nothing, and confirms nothing."""
    made = three_files()
    for dataset, of_file in zip(made, chosen, strict=True):
        for keyword, at in zip(KEYWORDS, of_file, strict=True):
            setattr(dataset, keyword, VALUES[keyword][at] if at else data.draw(st.sampled_from(NOBODY[keyword])))
    plan = load_plan(made)
    code = expected(chosen)
    assert [one for one in codes(plan) if one in OF_PATIENT] == ([code] if code else [])
    assert (NOT_STATED in codes(plan)) == (0 < sum(map(any, chosen)) < 3)
    texts = " ".join(finding.text for finding in plan.findings).lower()
    assert not any(part in texts for part in ("1771", "0042", "qvist", "zorn", "xenia", "karl", "1931", "1948"))
    assert load_plan(order(made)).findings == plan.findings


def test_the_finding_names_the_attributes_and_the_files() -> None:
    made = three_files()
    made[1].PatientID, made[1].PatientName = "other-id", "Someone^Else"
    (finding,) = load_plan(made).findings
    assert finding.text == (
        "the files differ in Patient ID (RTDOSE, RTSTRUCT against RTPLAN)"
        " and Patient's Name (RTDOSE, RTSTRUCT against RTPLAN): are they of one patient?"
    )
    made = three_files()
    made[2].PatientName = "Nobody^Really-Married"
    (finding,) = load_plan(made).findings
    assert finding.text == (
        "the files differ in Patient's Name (RTDOSE, RTPLAN against RTSTRUCT),"
        " and have one Patient ID and one Patient's Birth Date"
    )


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Müller^Jürgen", "MULLER^JURGEN"),
        ("Doe^John", "doe^john^^^"),
        ("Doe^John", "Doe John "),
        ("O'Neill^Pat", "ONeill^Pat"),
        ("Yamada^Tarou=山田^太郎", "Yamada^Tarou"),
    ],
)
def test_how_a_name_is_written_is_no_contradiction(name: str, other: str) -> None:
    made = three_files()
    for dataset, written in zip(made, (name, other, other), strict=True):
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientName = written
    assert load_plan(made).findings == ()


def test_names_that_are_the_same_need_no_pydicom(tmp_path: Path) -> None:
    """Its import takes longer than all that is read of a plan: a name beyond ASCII is decoded where it has to be."""
    made = three_files()
    for dataset in made:
        dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 100", "Müller^Jürgen"
    files.write_plan(tmp_path, *made)
    code = f"import sys, sbrtcheck; sbrtcheck.load_plan({str(tmp_path)!r}); sys.exit('pydicom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own program


def test_removed_identities_are_no_contradiction_and_are_said_beside_stated_ones() -> None:
    made = three_files()
    for keyword in KEYWORDS:
        setattr(made[0], keyword, "")
        delattr(made[2], keyword)
    (finding,) = load_plan(made).findings
    assert finding.text == (
        "nothing in the RTDOSE and the RTSTRUCT says whose it is (Patient ID, name and birth date were removed):"
        " references alone tell that it is of the patient of the other files"
    )
    for keyword in KEYWORDS:
        setattr(made[1], keyword, "")
    assert load_plan(made).findings == ()  # as in archives without identities


@pytest.mark.parametrize(
    ("ids", "others_agree", "code"),
    [
        (("0012345", "12345"), True, FindingCode.PATIENT_DETAILS_DIFFER),  # a system that drops or fills in zeros
        (("0012345", "12345"), False, FindingCode.PATIENTS_DIFFER),
        (("0012345", "123450"), True, FindingCode.PATIENTS_DIFFER),
        (("ANON1", "ANON2"), True, FindingCode.PATIENTS_DIFFER),  # with a number, a pseudonym
        (("ANON", "12345"), True, None),
        (("Anon-001", "12345"), True, FindingCode.PATIENTS_DIFFER),
    ],
)
def test_which_patient_ids_contradict_each_other(
    ids: tuple[str, str], others_agree: bool, code: FindingCode | None
) -> None:
    made = three_files()
    for dataset, patient_id in zip(made, (*ids, ids[1]), strict=True):
        dataset.PatientID = patient_id
        if not others_agree:
            dataset.PatientBirthDate = ""
    assert codes(load_plan(made)) == ([code] if code else [])


@pytest.mark.parametrize("name", ["Na^No", "Dena^Nona", "Onyx^Nulla", "Noname^Anna", "X^A", "Patienta^A"])
def test_names_of_people_are_not_those_of_nobody(name: str) -> None:
    made = three_files()
    made[1].PatientName = name
    for dataset in made:
        dataset.PatientBirthDate = ""
    assert codes(load_plan(made)) == [FindingCode.PATIENTS_DIFFER]


# --------------------------------------------------------------------------------------------- what the files are for


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("status", ["REJECTED", "rejected", "APPROVED", "UNAPPROVED", ""])
def test_what_a_reviewer_rejected_is_named(which: int, status: str) -> None:
    made = three_files()
    files.set_raw(made[which], "ApprovalStatus", status)
    found = [finding.text for finding in load_plan(made).findings]
    kind = ("RTDOSE", "RTPLAN", "RTSTRUCT")[which]
    rejected = [f"a reviewer rejected the {kind} (Approval Status REJECTED)"]
    assert found == (rejected if status.upper() == "REJECTED" else [])


def test_the_approval_of_a_plan_is_found_behind_its_beams_whatever_reads_them(tmp_path: Path) -> None:
    for undefined in (False, True):
        made = three_files()
        made[1].BeamSequence = files.items(files.item(BeamNumber=1, ControlPointSequence=files.items(Dataset())))
        made[1]["BeamSequence"].is_undefined_length = undefined
        made[1].ApprovalStatus = "REJECTED"
        for meta in (False, True):
            folder = tmp_path / f"{undefined} {meta}"
            assert FindingCode.REJECTED in codes(load_plan(files.write_plan(folder, *made, meta=meta)))


@pytest.mark.parametrize(
    ("intent", "geometry", "is_said"),
    [
        ("CURATIVE", "PATIENT", False),
        ("PALLIATIVE", "PATIENT", False),
        ("RESEARCH", "PATIENT", False),
        ("", "", False),
        ("VERIFICATION", "PATIENT", True),
        ("MACHINE_QA", "PATIENT", True),
        ("SERVICE", "PATIENT", True),
        ("CURATIVE", "TREATMENT_DEVICE", True),
        ("MACHINE_QA", "TREATMENT_DEVICE", True),
    ],
)
def test_a_plan_for_no_patient_is_said_to_be_one(intent: str, geometry: str, is_said: bool) -> None:
    made = three_files()
    made[1].PlanIntent, made[1].RTPlanGeometry = intent, geometry
    assert codes(load_plan(made)) == ([FindingCode.NOT_FOR_A_PATIENT] if is_said else [])


@pytest.mark.parametrize(
    ("stated", "is_said"),
    [
        ("WATER", True),
        (["WATER", "ROI_OVERRIDE"], True),
        ("IMAGE", False),
        (["IMAGE", "ROI_OVERRIDE"], False),
        (["IMAGE", "WATER"], False),
        ("ROI_OVERRIDE", False),
        ("", False),
    ],
)
def test_a_dose_in_water_is_said_to_be_one(stated: object, is_said: bool) -> None:
    made = three_files()
    made[0].TissueHeterogeneityCorrection = stated
    assert codes(load_plan(made)) == ([FindingCode.NO_HETEROGENEITY_CORRECTION] if is_said else [])


# ------------------------------------------------------------------------------------------------------------- times

moments = st.datetimes(dt.datetime(2024, 2, 27), dt.datetime(2024, 3, 2)).map(lambda at: at.replace(microsecond=0))


@settings(max_examples=30)
@given(moments, moments, st.booleans(), st.sampled_from(["%H%M%S", "%H%M%S.000000", "%H:%M:%S"]))
def test_structures_are_later_than_the_dose_by_more_than_an_export_takes(
    edited: dt.datetime, made: dt.datetime, with_times: bool, style: str
) -> None:
    datasets = three_files()
    dose, _, structures = datasets
    dose.InstanceCreationDate, structures.StructureSetDate = (f"{at:%Y%m%d}" for at in (made, edited))
    files.set_raw(structures, "StructureSetTime", edited.strftime(style))
    if with_times:
        files.set_raw(dose, "InstanceCreationTime", made.strftime(style))
    later = edited - made > dt.timedelta(hours=1) if with_times else edited.date() > made.date()
    assert codes(load_plan(datasets)) == ([FindingCode.STRUCTURES_AFTER_DOSE] if later else [])


@pytest.mark.parametrize("damaged", ["", "2024", "20241399", "yesterday", "2024-01-02"])
def test_a_date_that_cannot_be_read_says_nothing(damaged: str) -> None:
    made = three_files()
    files.set_raw(made[0], "InstanceCreationDate", damaged)
    made[2].StructureSetDate = "20240301"
    assert load_plan(made).findings == ()


@pytest.mark.parametrize(
    ("day", "time", "is_later"),
    [
        ("20240301", "14", True),  # minutes and seconds may be left out (PS3.5 6.2)
        ("20240301", "1401", True),
        ("20240301", "1300", False),
        ("20240301", "12", False),
        ("20240302", "999999", True),  # no time: the day tells
        ("20240302", "noon", True),
        ("20240301", "999999", False),
    ],
)
def test_a_short_time_is_read_and_a_damaged_one_leaves_the_day(day: str, time: str, is_later: bool) -> None:
    made = three_files()
    made[0].InstanceCreationDate, made[0].InstanceCreationTime = "20240301", "1230"
    made[2].StructureSetDate = day
    files.set_raw(made[2], "StructureSetTime", time)
    assert codes(load_plan(made)) == ([FindingCode.STRUCTURES_AFTER_DOSE] if is_later else [])


# ----------------------------------------------------------------------------------- doses of parts beside the whole


def split(whole: np.ndarray, shares: list[float]) -> list[np.ndarray]:
    """Stored numbers of parts that sum to the whole exactly; each has a share of it."""
    parts = [(whole * share / sum(shares)).astype(whole.dtype) for share in shares[:-1]]
    return [*parts, (whole - sum(parts)).astype(whole.dtype)]


def plan_with_parts(parts: list[np.ndarray], summation: str, *, planned: int | None = None) -> list[Dataset]:
    count = len(parts) if planned is None else planned
    by_beam = summation == "BEAM"
    plan = files.plan(beams=range(1, count + 1)) if by_beam else files.plan(fractions=[5] * count)
    numbers = [[(1, [n])] if by_beam else [(n, [])] for n in range(1, len(parts) + 1)]
    doses = [
        files.dose(f"2.25.77{at}", stored=part, summation=summation, parts=number)
        for at, (part, number) in enumerate(zip(parts, numbers, strict=True))
    ]
    return [files.dose(), plan, files.structure_set(), *doses]


shares = st.lists(st.floats(0.1, 1.0), min_size=2, max_size=4)


@settings(max_examples=30)
@given(shares, st.sampled_from(["BEAM", "FRACTION"]), st.integers(0, 119), st.booleans())
def test_parts_sum_to_the_dose_of_the_plan_or_a_finding_says_that_they_do_not(
    of_parts: list[float], summation: str, at: int, is_lower: bool
) -> None:
    parts = split(files.values(), of_parts)
    made = plan_with_parts(parts, summation)
    assert FindingCode.PARTS_DO_NOT_SUM not in codes(load_plan(made))
    changed = parts[0].copy()
    step = 0.02 * float(files.values().max())  # twice what is taken for the same
    changed.flat[at] = max(0.0, changed.flat[at] + (-step if is_lower else step))
    apart = abs(float(changed.flat[at]) - float(parts[0].flat[at])) > 0.011 * float(files.values().max())
    found = codes(load_plan(plan_with_parts([changed, *parts[1:]], summation)))
    assert (FindingCode.PARTS_DO_NOT_SUM in found) == apart


def test_without_all_parts_the_sum_may_be_less_and_never_more() -> None:
    parts = split(files.values(), [1.0, 2.0, 3.0])
    assert FindingCode.PARTS_DO_NOT_SUM not in codes(load_plan(plan_with_parts(parts[:2], "BEAM", planned=3)))
    twice = [parts[1] * 3, parts[2]]
    (finding,) = [
        one
        for one in load_plan(plan_with_parts(twice, "BEAM", planned=3)).findings
        if one.code is FindingCode.PARTS_DO_NOT_SUM
    ]
    assert finding.text.startswith("the sum of the 2 beam doses beside the plan's dose is more than all of it")


def test_parts_of_one_fraction_are_named_as_such() -> None:
    fifth = (files.values() // 5).astype("uint32")
    plan = load_plan(plan_with_parts(split(fifth, [1.0, 1.0]), "BEAM"))
    assert "the sum of the 2 beam doses beside the plan's dose is that of one of its 5 fractions" in [
        finding.text for finding in plan.findings
    ]
    assert FindingCode.PARTS_DO_NOT_SUM not in codes(plan)


def test_parts_that_cannot_be_compared_say_nothing() -> None:
    parts = split(files.values() * 2, [1.0, 2.0])
    other_grid = plan_with_parts(parts, "BEAM")
    for dose in other_grid[3:]:
        dose.ImagePositionPatient = [0.0, 0.0, 0.0]
    damaged = plan_with_parts(parts, "BEAM")
    damaged[3].PixelData = damaged[3].PixelData[:-100]
    of_several = plan_with_parts(parts, "BEAM")
    of_several[0].DoseSummationType = "MULTI_PLAN"
    of_several[3:] = plan_with_parts(split(files.values() // 2, [1.0, 2.0]), "BEAM")[3:]
    for made in (other_grid, damaged, of_several):
        assert FindingCode.PARTS_DO_NOT_SUM not in codes(load_plan(made))


# ---------------------------------------------------------------------------------------------- through the command


def other_patient(plan: changes.PlanFiles) -> None:
    plan.plan.PatientID = "ZK-0042"


def another_name(plan: changes.PlanFiles) -> None:
    plan.structures.PatientName = "Zorn^Karl"  # and no birth date that would tell that it is the same person


def rejected(plan: changes.PlanFiles) -> None:
    plan.plan.ApprovalStatus = "REJECTED"


def machine(plan: changes.PlanFiles) -> None:
    plan.plan.PlanIntent = "MACHINE_QA"


def device(plan: changes.PlanFiles) -> None:
    plan.plan.RTPlanGeometry = "TREATMENT_DEVICE"


def in_water(plan: changes.PlanFiles) -> None:
    plan.dose.TissueHeterogeneityCorrection = "WATER"


def negative(plan: changes.PlanFiles) -> None:
    dose = plan.dose_gy
    dose[0, 0, :3] = -0.01 * dose.max()
    scaling = float(plan.dose.DoseGridScaling) * 4  # the sign takes a bit
    plan.dose.PixelData = np.rint(dose / scaling).astype(f"<i{plan.dose.BitsAllocated // 8}").tobytes()
    plan.dose.DoseGridScaling, plan.dose.PixelRepresentation = f"{scaling:.6g}", 1


def not_typed(plan: changes.PlanFiles) -> None:
    del plan.dose.DoseType


def of_several_plans(plan: changes.PlanFiles) -> None:
    plan.dose.DoseSummationType = "MULTI_PLAN"


def brachytherapy(plan: changes.PlanFiles) -> None:
    plan.plan.FractionGroupSequence[0].NumberOfBrachyApplicationSetups = 2


def plan_elsewhere(plan: changes.PlanFiles) -> None:
    plan.plan.FrameOfReferenceUID = changes.OTHER_UID


def cut_off(plan: changes.PlanFiles) -> None:
    """As some systems export what lies inside an isodose alone."""
    stored = plan.dose.pixel_array.copy()
    stored[stored < 0.1 * stored.max()] = 0
    plan.dose.PixelData = stored.tobytes()


def damaged_number(plan: changes.PlanFiles) -> None:
    """One dose below 0, which the file says to be read without a sign."""
    stored = (plan.dose.pixel_array // 8).astype(f"<u{plan.dose.BitsAllocated // 8}")
    stored[0, 0, 0] = np.iinfo(stored.dtype).max
    plan.dose.PixelData = stored.tobytes()
    plan.dose.DoseGridScaling = f"{float(plan.dose.DoseGridScaling) * 8:.9g}"


def deformed(plan: changes.PlanFiles) -> None:
    plan.dose.SpatialTransformOfDose = "NON_RIGID"


def rescaled(plan: changes.PlanFiles) -> None:
    plan.dose.RescaleSlope, plan.dose.RescaleIntercept = "2", "0"


def saturated(plan: changes.PlanFiles) -> None:
    """Doses above 48 Gy do not fit into the bits."""
    dose, largest = plan.dose_gy, np.iinfo(f"u{plan.dose.BitsAllocated // 8}").max
    scaling = 48.0 / largest
    plan.dose.PixelData = np.minimum(dose / scaling, largest).astype(f"<u{plan.dose.BitsAllocated // 8}").tobytes()
    plan.dose.DoseGridScaling = f"{scaling:.9g}"


def other_sex(plan: changes.PlanFiles) -> None:
    plan.structures.PatientSex, plan.plan.PatientSex = "F", "M"


def of_one_patient(plan: changes.PlanFiles) -> None:
    """Somebody corrected what one of the systems knows."""
    other_sex(plan)
    for dataset in (plan.structures, plan.dose, plan.plan):
        dataset.PatientBirthDate = "19480506"


def two_structure_sets(plan: changes.PlanFiles) -> None:
    reference = files.item(ReferencedSOPClassUID=files.CLASSES["RTSTRUCT"], ReferencedSOPInstanceUID=changes.OTHER_UID)
    plan.dose.ReferencedStructureSetSequence = files.items(reference)


def later_structures(plan: changes.PlanFiles) -> None:
    plan.structures.StructureSetDate = "20240109"


def married(plan: changes.PlanFiles) -> None:
    for dataset in (plan.structures, plan.dose, plan.plan):
        dataset.PatientBirthDate = "19480506"
    plan.structures.PatientName = "Zorn^Karl"


def emptied(plan: changes.PlanFiles) -> None:
    plan.dose.PatientID = plan.dose.PatientName = ""


def renamed_set(plan: changes.PlanFiles) -> None:
    """Edited and stored anew after the dose was made: the plan names what is no longer here."""
    plan.structures.SOPInstanceUID = changes.OTHER_UID


def renamed_set_of_a_dose_alone(plan: changes.PlanFiles) -> None:
    two_structure_sets(plan)
    del plan.plan.ReferencedStructureSetSequence


def unnamed_set(plan: changes.PlanFiles) -> None:
    """References that a tool has dropped: the frame of reference links, and nothing contradicts it."""
    renamed_set(plan)
    del plan.plan.ReferencedStructureSetSequence


REVIEWS = {
    other_patient: ("files in doubt", "Patient ID"),
    another_name: ("files in doubt", "Patient's Name"),
    rejected: ("files in doubt", "rejected the RTPLAN"),
    machine: ("files in doubt", "Plan Intent is MACHINE_QA"),
    device: ("files in doubt", "TREATMENT_DEVICE"),
    two_structure_sets: ("files in doubt", "refers to another structure set"),
    renamed_set: ("files in doubt", "the RTPLAN refers to another structure set"),
    renamed_set_of_a_dose_alone: ("files in doubt", "the RTDOSE refers to another structure set"),
    in_water: ("dose in doubt", "as water"),
    negative: ("dose in doubt", "negative at 3 points"),
    not_typed: ("dose in doubt", "no Dose Type is stated"),
    of_several_plans: ("dose in doubt", "MULTI_PLAN"),
    brachytherapy: ("dose in doubt", "Number Of Brachy Application Setups 2"),
    plan_elsewhere: ("dose in doubt", "the RTPLAN is in another frame of reference"),
    deformed: ("dose in doubt", "Spatial Transform Of Dose NON_RIGID"),
    rescaled: ("dose in doubt", "Rescale Slope"),
    saturated: ("dose in doubt", "the largest number that its bits hold, 48 Gy: was it cut off there?"),
    cut_off: ("dose in doubt", "were low doses cut off?"),
    damaged_number: ("dose in doubt", "the largest dose of the grid is"),
    other_sex: ("files in doubt", "Patient's Sex"),
}
NOTES = {
    later_structures: "edited after",
    married: "Patient's Name",
    of_one_patient: "Patient's Sex (RTPLAN against RTSTRUCT)",
    emptied: "nothing in the RTDOSE says whose it is",
    unnamed_set: "no structure set is named",
}


TABLE = """\
id: mine
version: "1.0.0"
title: Two rows that the small plan meets
site: lung
fractions: [5]
sources: [{key: me, citation: Me, where: here}]
rows:
  - {id: heart, organ: Heart, structure: Heart, metric: "Max[Gy]", below: 60, source: {cite: me, where: here},
     confirmed_by: [me, you]}
  - {id: target, organ: PTV, structure: PTV, metric: "D50%[Gy]", at_least: 45, source: {cite: me, where: here},
     confirmed_by: [me, you]}
"""


def checked(change: Callable[[changes.PlanFiles], None], folder: Path, *words: str) -> tuple[int, dict[str, object]]:
    """Exit code and JSON of a check of the small plan, changed; as it is, it passes this table."""
    plan = changes.small_plan()
    change(plan)
    folder.mkdir(exist_ok=True)
    table = folder / "mine.yaml"
    table.write_text(TABLE, encoding="utf-8")
    arguments = ["check", str(plan.save(folder / "plan")), "--table", str(table), "--format", "json", *words]
    done = CliRunner().invoke(main, arguments)
    assert not any(of_patient in done.output for of_patient in ("0042", "Zorn", "1948"))
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.parametrize("change", REVIEWS, ids=lambda change: change.__name__)
def test_what_may_falsify_a_verdict_makes_a_review(change: Callable[[changes.PlanFiles], None], tmp_path: Path) -> None:
    code, text = REVIEWS[change]
    exit_code, report = checked(change, tmp_path)
    assert (exit_code, report["verdict"]) == (3, "REVIEW")
    said = [(one["code"], text in one["text"]) for one in report["reasons"]]  # type: ignore[attr-defined]
    beside = [(code, False)] if change is cut_off else []  # planes at its ends have no dose: another doubt
    assert sorted(said) == [*beside, (code, True)]


@pytest.mark.parametrize("change", NOTES, ids=lambda change: change.__name__)
def test_what_a_reader_should_know_is_a_note(change: Callable[[changes.PlanFiles], None], tmp_path: Path) -> None:
    exit_code, report = checked(change, tmp_path)
    assert (exit_code, report["verdict"]) == (0, "PASS")
    assert [NOTES[change] in one["text"] for one in report["findings"]].count(True) == 1  # type: ignore[attr-defined]


def test_a_dose_in_doubt_may_be_accepted_and_files_in_doubt_may_not(tmp_path: Path) -> None:
    assert checked(in_water, tmp_path / "a", "--accept-dose")[0] == 0
    assert checked(other_patient, tmp_path / "b", "--accept-dose")[0] == 3


def test_a_course_whose_files_are_in_doubt_is_a_reason_of_the_sum(tmp_path: Path) -> None:
    first, second = changes.small_plan(0), changes.small_plan(1)
    rejected(second)
    folders = [str(plan.save(tmp_path / name)) for plan, name in ((first, "first"), (second, "second"))]
    arguments = [
        "sum",
        *folders,
        "--alpha-beta",
        "Heart=2.5",
        "--frames-agree",
        "--accept-dose",
        "--table",
        "tg101-5fx",
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 3
    assert "REVIEW course 2: a reviewer rejected the RTPLAN (Approval Status REJECTED)" in done.stdout


def test_stored_dvhs_of_files_of_two_patients_are_said_to_be_so() -> None:
    made = three_files()
    made[0].DVHSequence = files.items(files.stored_dvh([[1.0, 2.0], [1.0, 1.0]]))
    made[1].PatientID = "other-id"
    found = {finding.code for finding in load_dvhs(made).findings}
    assert found & DOUBTFUL_FILES == {FindingCode.PATIENTS_DIFFER}

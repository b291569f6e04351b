"""Two plans of one patient: which is better on each row, mirrored when they change places, and never a winner."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pydicom
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import sbrtcheck
from archive_plans import datasets
from dvh_builders import NOT_KNOWN, dvh_set, plan_of, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck import api
from sbrtcheck.cli import main
from sbrtcheck.comparison import Better, NoOutcome, PlanComparison, RowComparison, compare_plans
from sbrtcheck.dvh import DVH, DVHSet, EndCaps, Model, compute_dvhs
from sbrtcheck.errors import InputError, UnknownTableError
from sbrtcheck.given_plans import OTHER_PATIENT
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Contours, Finding, FindingCode, Plan, PlanUids, Prescription
from sbrtcheck.render.plan_comparison import PLAN_FORMATS
from sbrtcheck.results.plan_comparison import PlansCompared
from sbrtcheck.tables import Constraint, ConstraintTable, Kind, RowSide, Side, Status
from stored_plans import LUNG

pytestmark = pytest.mark.usefixtures("computed_once")

LIVER = LUNG.parent / "liver-45gy-3fx"
MIRRORED = {Better.FIRST: Better.SECOND, Better.SECOND: Better.FIRST}

UPPER = (
    row("D0.035cc[Gy]", "below", 30, id="max"),
    row("Mean[Gy]", "at_most", 20, id="mean"),
    row("D2%[%Rx]", "below", 60, id="percent"),
    row("D0.5cc[Gy]", "below", 25, acceptable=40, id="varies"),
)
ROWS = table(
    *UPPER,
    row("D95%[Gy]", "at_least", 10, id="covered"),
    row("V10Gy[%]", "below", 50, id="share"),
    row("Mean[Gy]", "below", 5, "Heart", id="missing"),
    row("V20Gy[%]", "below", 10, id="risk", kind=Kind.RISK),
)


@st.composite
def cords(draw: st.DrawFn) -> DVHSet:
    low, high = sorted((draw(st.floats(0.1, 60.0)), draw(st.floats(0.1, 60.0))))
    half_width = draw(st.sampled_from([0.0, 0.01, 3.0]))
    return dvh_set(ramp_dvh(low_gy=low, high_gy=high, volume_cc=draw(st.floats(1.0, 99.0)), half_width_gy=half_width))


def compared(first: DVHSet, second: DVHSet, asked: ConstraintTable = ROWS) -> PlanComparison:
    return compare_plans(report_on(asked, first), report_on(asked, second))


def one_row(first: DVH, second: DVH, asked: Constraint) -> RowComparison:
    (found,) = compared(dvh_set(first), dvh_set(second), table(asked)).rows
    return found


# -------------------------------------------------------------------------------- laws


@given(cords())
def test_a_plan_is_not_better_than_itself(cord: DVHSet) -> None:
    found = compared(cord, cord)
    assert {one.better for one in found.rows if one.constraint.id != "missing"} == {Better.SAME}
    assert all(metric.difference == 0.0 for one in found.structures for metric in one.metrics)
    assert all(one.curves.volume_percent == one.curves.dose_gy == 0.0 for one in found.structures)


@pytest.mark.slow
@given(cords(), cords())
def test_plans_that_change_places_are_mirrored(a: DVHSet, b: DVHSet) -> None:
    there, back = compared(a, b), compared(b, a)
    for one, other in zip(there.rows, back.rows, strict=True):
        assert (MIRRORED.get(one.better, one.better), one.within_bands) == (other.better, other.within_bands)
        if not isinstance(one.margin_difference, NotMeasured):
            assert one.margin_difference == -other.margin_difference  # type: ignore[operator]
    assert there.tally()[Better.FIRST] == back.tally()[Better.SECOND]
    for metric, mirror in zip(there.structures[0].metrics, back.structures[0].metrics, strict=True):
        if not isinstance(metric.difference, NotMeasured):
            assert metric.difference == -mirror.difference  # type: ignore[operator]


@given(st.floats(0.0, 30.0), st.floats(0.5, 30.0), st.floats(1.001, 3.0))
def test_more_dose_everywhere_is_worse_on_every_upper_limit(low: float, spread: float, factor: float) -> None:
    one = dvh_set(ramp_dvh(low_gy=low, high_gy=low + spread))
    hotter = dvh_set(ramp_dvh(low_gy=low * factor, high_gy=(low + spread) * factor))
    assert {found.better for found in compared(one, hotter, table(*UPPER)).rows} == {Better.FIRST}


@given(cords(), cords())
def test_the_tally_counts_every_row_that_counts_once(a: DVHSet, b: DVHSet) -> None:
    found = compared(a, b)
    assert sum(found.tally().values()) == sum(one.counts for one in found.rows) == 7


@given(cords(), cords())
def test_a_worse_verdict_is_never_better(a: DVHSet, b: DVHSet) -> None:
    rank = {"PASS": 0, "VARIATION": 1, "FAIL": 2}
    for one in compared(a, b).rows:
        assert not isinstance(one.first, NoOutcome)
        assert not isinstance(one.second, NoOutcome)
        verdicts = one.first.verdict, one.second.verdict
        if all(verdict in rank for verdict in verdicts) and verdicts[0] != verdicts[1]:
            assert one.better is (Better.FIRST if rank[verdicts[0]] < rank[verdicts[1]] else Better.SECOND)


# -------------------------------------------------------------------------------- rows


def test_the_same_verdict_with_bands_that_overlap_is_the_same() -> None:
    asked = row("Mean[Gy]", "below", 20)
    found = one_row(ramp_dvh(high_gy=20, half_width_gy=0.3), ramp_dvh(high_gy=21, half_width_gy=0.3), asked)
    assert (found.better, found.within_bands) == (Better.SAME, True)
    found = one_row(ramp_dvh(high_gy=20, half_width_gy=0.2), ramp_dvh(high_gy=21, half_width_gy=0.2), asked)
    assert (found.better, found.within_bands, found.margin_difference) == (Better.FIRST, False, pytest.approx(0.5))


def test_the_verdict_decides_before_bands_do_and_the_overlap_is_told() -> None:
    asked = row("Mean[Gy]", "below", 10.2)
    found = one_row(ramp_dvh(high_gy=20, half_width_gy=0.3), ramp_dvh(high_gy=21, half_width_gy=0.3), asked)
    assert (found.better, found.within_bands) == (Better.FIRST, True)


def test_a_row_that_neither_plan_has_a_value_for_is_not_the_same() -> None:
    found = one_row(uniform_dvh(), uniform_dvh(), row("Mean[Gy]", "below", 5, "Heart"))
    assert (found.better, found.why) == (Better.NOT_COMPARED, "in neither: structure missing")


def test_a_row_evaluated_in_one_plan_alone_makes_it_no_better() -> None:
    found = one_row(uniform_dvh("Heart"), uniform_dvh("Trachea"), row("Mean[Gy]", "below", 5, "Heart"))
    assert (found.better, found.why) == (Better.NOT_COMPARED, "not in the second: structure missing")


def test_a_table_that_does_not_hold_for_a_plan_says_so_in_its_rows() -> None:
    in_three = dvh_set(uniform_dvh(), rx=Prescription(dose_gy=45.0, fractions=3))
    found = compared(dvh_set(uniform_dvh()), in_three, table(row("Mean[Gy]", "below", 25)))
    (one,) = found.rows
    assert one.better is Better.NOT_COMPARED
    assert one.why.startswith("not in the second: fractions do not match (the table holds for 5 fractions")


def test_rows_met_by_logic_in_both_have_no_margins_to_compare() -> None:
    found = one_row(
        uniform_dvh(volume_cc=2.0), uniform_dvh(volume_cc=3.0), row("D5cc[Gy]", "below", 15, volume_threshold=True)
    )
    assert found.better is Better.NOT_COMPARED
    assert "PASS in both, decided without a value" in found.why


def test_a_risk_point_goes_by_its_margin_and_does_not_count() -> None:
    found = one_row(uniform_dvh(dose_gy=9), uniform_dvh(dose_gy=30), row("Mean[Gy]", "below", 15, kind=Kind.RISK))
    assert (found.better, found.counts) == (Better.FIRST, False)


def test_separate_targets_are_held_against_those_of_their_name() -> None:
    asked = table(row("Mean[Gy]", "above", 5, "PTV"))
    first, second = (compute_dvhs(plan_of(**boxes)) for boxes in ({"PTV_1": 0.0, "PTV_2": 20.0}, {"PTV_2": 20.0}))
    both = compare_plans(report_on(asked, first), report_on(asked, first))
    assert [one.better for one in both.rows] == [Better.SAME] * 2
    less = compare_plans(report_on(asked, first), report_on(asked, second))
    assert [(one.better, one.why) for one in less.rows] == [
        (Better.NOT_COMPARED, "not in the second: it has no PTV_1 of its own"),
        (Better.SAME, ""),
    ]


# -------------------------------------------------------------------------------- structures


def test_a_row_for_one_side_is_compared_on_the_same_organ_alone() -> None:
    asked = table(row("Mean[Gy]", "below", 30, "Kidney_L", "Kidney_R", side=RowSide.IPSILATERAL))
    dvhs = dvh_set(uniform_dvh("Kidney_L", dose_gy=5.0), uniform_dvh("Kidney_R", dose_gy=40.0))
    left, right = (report_on(asked, dvhs, laterality=side) for side in (Side.LEFT, Side.RIGHT))
    assert {one.better for one in compare_plans(left, right).rows} == {Better.NOT_COMPARED}
    of_both = report_on(asked, dvhs)  # nothing tells the side of DVHs that were read
    same, alone = compare_plans(right, of_both).rows
    assert (same.organ, same.better) == ("Kidney_R", Better.SAME)
    assert (alone.organ, alone.better) == ("Kidney_L", Better.NOT_COMPARED)
    assert "the row is for Kidney_R alone" in alone.why


def test_a_structure_of_another_name_that_the_same_row_took_is_its_partner() -> None:
    first, second = dvh_set(uniform_dvh("Cord", dose_gy=10)), dvh_set(uniform_dvh("Myelon", dose_gy=12))
    asked = table(row("Mean[Gy]", "below", 15))
    found = compare_plans(
        report_on(asked, first, names={"SpinalCord": "Cord"}), report_on(asked, second, names={"SpinalCord": "Myelon"})
    )
    assert [one.name for one in found.structures] == ["Cord / Myelon"]
    assert found.structures[0].metrics[1].difference == pytest.approx(-2.0)
    assert found.without == ()


def test_a_structure_that_one_plan_has_alone_is_told() -> None:
    found = compared(dvh_set(uniform_dvh("Heart")), dvh_set(uniform_dvh("Trachea")))
    assert [(one.name, one.detail) for one in found.without] == [
        ("Heart", "no DVH in the second plan that stands for it"),
        ("Trachea", "no DVH in the first plan that stands for it"),
    ]


def test_what_makes_a_comparison_doubtful_is_remarked() -> None:
    first = dvh_set(uniform_dvh())
    second = replace(first, provenance={"structure_set": "1.9", "frame_of_reference": "1.8", "doses": ("1.7",)})
    first = replace(first, provenance={"structure_set": "1.5", "frame_of_reference": "1.4", "doses": ("1.2.4",)})
    assert [text[:46] for text in compared(first, second).remarks] == [
        "the plans lie in different frames of reference",
        "the plans have different structure sets: their",
    ]
    assert compared(first, first).remarks == ("both plans have the same dose",)


# -------------------------------------------------------------------------------- files and command


def scaled(folder: Path, factor: float) -> Path:
    """The bundled plan with its dose multiplied."""
    shutil.copytree(LUNG, folder)
    dose = pydicom.dcmread(folder / "rtdose.dcm")
    dose.DoseGridScaling = f"{float(dose.DoseGridScaling) * factor:.10g}"
    dose.SOPInstanceUID = dose.file_meta.MediaStorageSOPInstanceUID = "2.25.77"
    dose.save_as(folder / "rtdose.dcm")
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, words)])


@pytest.mark.slow
def test_a_hotter_plan_is_never_better_on_an_organ_and_the_cord_is_told_apart_on_finer_elements(tmp_path: Path) -> None:
    found = api.compare(LUNG, scaled(tmp_path / "hot", 1.05), "rtog-0813")
    organs = [one for one in found.rows if one.constraint.structures != ("PTV",)]
    assert {one.better for one in organs} == {Better.FIRST, Better.SAME}
    cord = next(one for one in organs if one.constraint.id == "cord-max" or ("SpinalCord" in one.organ and one.counts))
    assert (cord.better, cord.within_bands) == (Better.FIRST, False)
    assert not isinstance(cord.first, NoOutcome)
    alone = next(one for one in sbrtcheck.check(LUNG, "rtog-0813").outcomes if one.constraint.id == cord.constraint.id)
    assert isinstance(alone.measurement, sbrtcheck.Measurement)
    assert isinstance(cord.first.measurement, sbrtcheck.Measurement)
    assert alone.measurement.low <= cord.first.measurement.low <= cord.first.measurement.high <= alone.measurement.high


def test_a_plan_against_itself_says_that_nothing_is_better() -> None:
    done = run(LUNG, LUNG, "--table", "rtog-0813")
    assert done.exit_code == 0
    assert "0 better in the first, 0 better in the second" in done.stdout
    assert "both plans have the same dose" in done.stdout


def test_json_has_both_values_of_every_row() -> None:
    done = run(LUNG, LIVER, "--table", "rtog-conformity", "--format", "json")
    found = json.loads(done.stdout)
    assert found["schema"] == "sbrtcheck-compare/2"
    assert sum(found["tally"].values()) == sum(one["counts"] for one in found["rows"])
    r50 = next(one for one in found["rows"] if one["metric"] == "R50%[ratio]")
    margin = r50["first"]["limit"] - r50["first"]["measured"]["value"]
    assert r50["first"]["margin"] == pytest.approx(margin, rel=1e-4)
    assert r50["margin_difference"] == pytest.approx(r50["first"]["margin"] - r50["second"]["margin"], rel=1e-4)
    assert found["structures"][0]["metrics"][0].keys() >= {"first", "second", "difference"}


def test_both_verdicts_are_shown_with_all_that_is_behind_them() -> None:
    rows = (row("Mean[Gy]", "below", 15), row("Max[Gy]", "below", 15, "Heart", id="mandatory", mandatory=True))
    rows += (row("D0.5cc[Gy]", "below", 5, id="doubted", status=Status.DISPUTED),)
    found = compared(dvh_set(ramp_dvh(high_gy=40)), dvh_set(ramp_dvh(high_gy=20)), table(*rows))
    assert [one.verdict for one in (found.first, found.second)] == ["FAIL", "REVIEW"]
    fails = "SpinalCord Mean[Gy] 20.00, limit < 15 (133 % of the limit)"
    missing = "Heart: 1 row not evaluated: structure missing"
    doubted = "(disputed)"
    text, markdown = (PLAN_FORMATS[name](found).replace("\\", "") for name in ("text", "markdown"))
    for shown in (text, markdown):
        first, second = shown.partition("Rows that count")[0].split("Second: ")
        assert fails in first
        assert fails not in second
        assert all(part in half for half in (first, second) for part in (missing, doubted))
    for one in (json.loads(PLAN_FORMATS["json"](found))[key] for key in ("first", "second")):
        assert missing in [reason["text"] for reason in one["reasons"]]
        assert "doubted" in [row["row"] for row in one["failing"]]
        assert one["accept_dose"]


@pytest.mark.slow
def test_a_site_gives_the_tables_of_both_fraction_numbers_and_rows_say_which_do_not_hold() -> None:
    found = api.compare(LUNG, LIVER, site="lung")
    ids = {one.id for one in found.first.tables}
    assert {"rtog-0813", "tg101-3fx", "tg101-5fx"} <= ids
    of_five = [one for one in found.rows if one.table_id == "rtog-0813"]
    assert {one.better for one in of_five} == {Better.NOT_COMPARED}
    assert all("fractions do not match" in one.why for one in of_five)


@pytest.mark.slow
def test_two_plans_of_one_folder_are_told_apart_by_their_uids() -> None:
    uids = [sbrtcheck.load_plan(folder).uids.plan for folder in (LUNG, LIVER)]
    done = run(LUNG.parent, LUNG.parent, "--table", "rtog-conformity", "--plan", uids[0], "--plan", uids[1])
    assert done.exit_code == 0
    assert "First: plan LUNG" in done.stdout
    assert "Second: plan LIVER" in done.stdout


def test_each_plan_keeps_its_own_prescription_unless_one_is_given() -> None:
    done = run(LUNG, LIVER, "--table", "rtog-conformity", "--rx", "-", "--rx", "48Gy/4")
    assert "First: plan LUNG, 50 Gy in 5 fractions" in done.stdout
    assert "Second: plan LIVER, 48 Gy in 4 fractions (given)" in done.stdout


def test_what_cannot_be_compared_is_exit_2(tmp_path: Path) -> None:
    for words in ((LUNG, tmp_path, "--table", "rtog-0813"), (LUNG, LUNG), (LUNG, LUNG, "--table", "nope")):
        done = run(*words)
        assert (done.exit_code, done.stdout) == (2, "")
    three = ["--rx", "50Gy/5"] * 3
    assert "3 prescriptions for two plans" in run(LUNG, LUNG, "--table", "rtog-0813", *three).stderr


def test_a_site_without_a_table_for_either_plan_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = replace(plan_of(SpinalCord=0.0), prescription=NOT_KNOWN)
    monkeypatch.setattr(api, "load_plan", lambda *_, **__: unknown)
    with pytest.raises(UnknownTableError, match="number of fractions is unknown"):
        api.compare("a", "b", site="lung")
    with pytest.raises(InputError, match="3 plans for two plans"):
        api.compare("a", "b", "rtog-0813", plans=("1", "2", "3"))


# -------------------------------------------------------------------------------- formats


def hostile() -> PlanComparison:
    bare = ramp_dvh("|<b>\x1b[31m", high_gy=30, model=Model(end_caps=EndCaps.NONE))
    first, second = dvh_set(ramp_dvh(high_gy=31), bare), dvh_set(ramp_dvh(high_gy=33), replace(bare, number=2))
    return compared(first, second)


@pytest.mark.parametrize("name", list(PLAN_FORMATS))
def test_the_same_comparison_gives_the_same_bytes(name: str) -> None:
    text = PLAN_FORMATS[name](hostile())
    assert text == PLAN_FORMATS[name](hostile())
    assert text.endswith("\n")
    assert "\x1b" not in text


def test_names_from_files_do_not_become_markup() -> None:
    assert "\\|\\<b\\>" in PLAN_FORMATS["markdown"](hostile())


def test_what_was_found_in_a_plan_as_a_whole_is_told_with_the_plan() -> None:
    said = Finding(code=FindingCode.OTHER, text="two prescriptions")
    first = dvh_set(uniform_dvh())
    text = PLAN_FORMATS["text"](compared(first, replace(first, findings=(said,))))
    assert "  second: two prescriptions\n" in text
    assert "first: two prescriptions" not in text


def test_structure_sets_of_one_uid_that_are_not_the_same_are_told() -> None:
    """Half a heart has less dose than the whole one, and would be better without a word."""
    one = plan_of(Heart=0.0, SpinalCord=10.0)

    def remarks(other: Plan, uid: str = "2.25.2") -> tuple[str, ...]:
        plans = (replace(one, uids=PlanUids(structure_set="2.25.2")), replace(other, uids=PlanUids(structure_set=uid)))
        found = sbrtcheck.compare(*plans, table=table(row("Mean[Gy]", "below", 20, "Heart"))).remarks
        assert found[0] == "both plans have the same dose"
        return found[1:]

    heart, cord = one.structures
    assert isinstance(heart.contours, Contours)
    ends = heart.contours.starts
    half = Contours.of(*(heart.contours.points_mm[a:b] for a, b in pairwise(ends[: len(ends) // 2 + 1])))
    said = "the structure sets of both plans have the same UID, and are not the same: "
    assert remarks(one) == ()
    (found,) = remarks(replace(one, structures=(replace(heart, contours=half), cord)))
    assert re.fullmatch(rf"{said}Heart \([0-9.]+ and [0-9.]+ cc\)", found)
    assert remarks(replace(one, structures=(heart,))) == (f"{said}SpinalCord",)
    assert remarks(replace(one, structures=(heart, replace(cord, name="Cord")))) == (f"{said}Cord, SpinalCord",)
    other = replace(one, structures=(heart,))
    assert remarks(other, "2.25.3") == ("the plans have different structure sets: their contours may differ too",)


@pytest.mark.parametrize(
    ("identity", "is_said"),
    [
        ({}, False),
        ({"PatientID": "other-id"}, True),
        ({"PatientName": "Other^Somebody"}, False),
        ({"PatientName": "Other^Somebody", "PatientBirthDate": "19511111"}, True),
        ({"PatientID": "", "PatientName": "ANON", "PatientBirthDate": ""}, False),
    ],
)
def test_plans_of_different_patients_are_told_and_nobody_is_named(identity: dict[str, str], is_said: bool) -> None:
    plans = [[*datasets(number).values()] for number in (1, 1, 2)]
    for dataset in plans[-1]:
        dataset.update(identity)
    asked = table(row("Mean[Gy]", "below", 30, "PTV"))
    first, _, other = plans
    found = sbrtcheck.compare(first, other, asked)
    assert isinstance(found, PlanComparison)
    assert (OTHER_PATIENT in found.remarks) == is_said
    shown = json.dumps([PLAN_FORMATS[name](found) for name in PLAN_FORMATS])
    assert not any(value and value in shown for value in ("Nobody", "secret-id", "1950", *identity.values()))
    several = sbrtcheck.compare(plans, None, asked)
    assert isinstance(several, PlansCompared)
    assert [OTHER_PATIENT in pair.remarks for pair in several.to_first] == [False, is_said]
    loaded = sbrtcheck.compare(sbrtcheck.load_plan(first), sbrtcheck.load_plan(other), asked)
    assert isinstance(loaded, PlanComparison)
    assert OTHER_PATIENT not in loaded.remarks


def test_marks_are_explained_only_where_there_may_be_any() -> None:
    nothing = compared(dvh_set(uniform_dvh("Heart")), dvh_set(uniform_dvh("Trachea")), table(row("Rx[Gy]", "below", 9)))
    assert "Marks" in PLAN_FORMATS["text"](nothing)
    missing = compared(dvh_set(uniform_dvh("Heart")), dvh_set(uniform_dvh("Trachea")), table(UPPER[0]))
    assert "Marks" not in PLAN_FORMATS["text"](missing)


def test_text_names_no_winner_but_counts() -> None:
    text = PLAN_FORMATS["text"](hostile())
    assert "no plan is called the better one" in text
    assert "Rows that count: 5 better in the first, 1 better in the second" in text  # D95% is

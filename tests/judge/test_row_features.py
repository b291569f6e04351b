"""Rows that hold for one side, for one sex, with a priority, or on the first of several organs."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import plan_changes as changes
from dvh_builders import FIFTY_IN_FIVE, box, dvh_set, report_on, row, table, uniform_dvh
from effort import examples
from sbrtcheck import cli
from sbrtcheck.dvh import DVH, Reason, compute_dvhs
from sbrtcheck.plan import DoseGrid, FindingCode, Plan, Sex, Structure
from sbrtcheck.results import Outcome, Report, ReviewCode, Verdict
from sbrtcheck.results.labels import headline_lines
from sbrtcheck.tables import Choice, Constraint, Kind, Priority, RowSide, Select, Side, bundled_tables
from sbrtcheck.tables.values import sides_of

KIDNEYS = ("Kidney_L", "Kidney_R")
OTHER = {"Kidney_L": "Kidney_R", "Kidney_R": "Kidney_L"}


def falling_plan(**boxes_mm: float) -> Plan:
    """Boxes of 10 mm by the x where they begin, and a dose that falls from 64 Gy at -80 mm to nothing at 80 mm."""
    x_mm = np.arange(-80.0, 81.0, 4.0)
    dose = DoseGrid.axial(
        np.broadcast_to(32.0 - 0.4 * x_mm, (12, 24, len(x_mm))),
        origin_mm=(-80.0, -15.0, -10.0),
        spacing_mm=(4.0, 2.0, 3.0),
    )
    structures = tuple(
        Structure(name=name, number=n, contours=box(x)) for n, (name, x) in enumerate(boxes_mm.items(), start=1)
    )
    return Plan(dose=dose, structures=structures, prescription=FIFTY_IN_FIVE)


def mean_row(side: RowSide | None, limit: float = 30.0) -> Constraint:
    return row("Mean[Gy]", "below", limit, *KIDNEYS, side=side)


def outcomes_on(plan: Plan, asked: Constraint, **options: Any) -> tuple[Outcome, ...]:
    return report_on(table(asked), compute_dvhs(plan), **options).outcomes


# -------------------------------------------------------------------------------- sides


@given(left=st.floats(8, 60), right=st.floats(-70, -20), target=st.floats(-75, 65))
@settings(max_examples=examples(40))
def test_a_side_is_told_only_where_all_of_the_target_is_on_it(left: float, right: float, target: float) -> None:
    plan = falling_plan(Kidney_L=left, Kidney_R=right, PTV=target)
    middle = (left + right) / 2.0 + 5.0
    assume(min(abs(target - middle), abs(target + 10.0 - middle)) > 1e-6)
    (contralateral,) = outcomes_on(plan, mean_row(RowSide.CONTRALATERAL))
    ipsilateral = outcomes_on(plan, mean_row(RowSide.IPSILATERAL))
    if target > middle:
        assert (contralateral.organ, [one.organ for one in ipsilateral]) == ("Kidney_R", ["Kidney_L"])
    elif target + 10.0 < middle:
        assert (contralateral.organ, [one.organ for one in ipsilateral]) == ("Kidney_L", ["Kidney_R"])
    else:
        assert contralateral.reason is Reason.SIDE_UNKNOWN
        assert [one.organ for one in ipsilateral] == [*KIDNEYS]


@given(left=st.floats(8, 60), right=st.floats(-70, -20), target=st.floats(-75, 65), side=st.sampled_from(RowSide))
@settings(max_examples=examples(40))
def test_a_mirrored_plan_comes_to_the_mirrored_outcome(left: float, right: float, target: float, side: RowSide) -> None:
    middle = (left + right) / 2.0 + 5.0
    assume(min(abs(target - middle), abs(target + 10.0 - middle)) > 1e-6)
    plan = falling_plan(Kidney_L=left, Kidney_R=right, PTV=target)
    mirrored = falling_plan(Kidney_R=-10.0 - left, Kidney_L=-10.0 - right, PTV=-10.0 - target)
    dose = replace(mirrored.dose, stored=mirrored.dose.stored[:, :, ::-1])
    ours = outcomes_on(plan, mean_row(side))
    theirs = outcomes_on(replace(mirrored, dose=dose), mean_row(side))
    if ours[0].reason is Reason.SIDE_UNKNOWN:
        assert theirs[0].reason is Reason.SIDE_UNKNOWN
        return
    assert {(OTHER[one.organ], one.verdict) for one in ours} == {(one.organ, one.verdict) for one in theirs}


def test_a_kidney_beside_the_target_may_have_more_than_the_other_is_allowed() -> None:
    plan = falling_plan(Kidney_L=40, Kidney_R=-50, PTV=-45)
    (other,) = outcomes_on(plan, mean_row(RowSide.CONTRALATERAL))
    assert (other.organ, other.verdict) == ("Kidney_L", Verdict.PASS)
    assert any("PTV lies right of the middle between Kidney_L and Kidney_R" in one.text for one in other.findings)
    both = {one.organ: one.verdict for one in outcomes_on(plan, mean_row(None))}
    assert both == {"Kidney_L": Verdict.PASS, "Kidney_R": Verdict.FAIL}


def test_targets_on_both_sides_leave_no_contralateral_organ() -> None:
    plan = falling_plan(Kidney_L=40, Kidney_R=-50, PTV1=40, PTV2=-45)
    (other,) = outcomes_on(plan, mean_row(RowSide.CONTRALATERAL))
    assert (other.verdict, other.reason) == (Verdict.NOT_EVALUATED, Reason.SIDE_UNKNOWN)
    assert "neither of the two is contralateral" in other.detail
    assert [one.organ for one in outcomes_on(plan, mean_row(RowSide.IPSILATERAL))] == [*KIDNEYS]


def test_the_cord_tells_the_midline_where_one_of_the_pair_is_missing() -> None:
    (other,) = outcomes_on(falling_plan(Kidney_L=40, SpinalCord=-5, PTV=-45), mean_row(RowSide.CONTRALATERAL))
    assert (other.organ, other.verdict) == ("Kidney_L", Verdict.PASS)
    (unknown,) = outcomes_on(falling_plan(Kidney_L=40, PTV=-45), mean_row(RowSide.CONTRALATERAL))
    assert unknown.reason is Reason.SIDE_UNKNOWN
    assert "--laterality" in unknown.detail


def test_organs_whose_names_are_swapped_are_no_midline() -> None:
    (other,) = outcomes_on(falling_plan(Kidney_L=-50, Kidney_R=40, PTV=-45), mean_row(RowSide.CONTRALATERAL))
    assert other.reason is Reason.SIDE_UNKNOWN
    assert "mixed up" in other.detail


@pytest.mark.parametrize("laterality", [None, *Side])
@pytest.mark.parametrize("boxes_mm", [{"Kidney_L": -50, "Kidney_R": 40}, {"Kidney_L": -50}, {"Kidney_R": 40}])
def test_no_side_is_told_by_names_that_the_contours_belie(boxes_mm: dict[str, float], laterality: Side | None) -> None:
    """The hot kidney, beside the target, is called the left one: a row on "the right one" would not see it."""
    plan = falling_plan(**boxes_mm, SpinalCord=-5, PTV=-45)
    ipsilateral = outcomes_on(plan, mean_row(RowSide.IPSILATERAL), laterality=laterality)
    assert [one.organ for one in ipsilateral] == [*KIDNEYS]
    (other,) = outcomes_on(plan, mean_row(RowSide.CONTRALATERAL), laterality=laterality)
    assert other.reason is Reason.SIDE_UNKNOWN
    assert "mixed up" in other.detail
    assert "--laterality" not in other.detail  # it would not help


@given(first=st.floats(-70, 60), second=st.floats(-70, 60), names=st.sampled_from([KIDNEYS, ("Lt Lung", "Rt Lung")]))
def test_a_pair_that_lies_the_wrong_way_round_is_no_pass_whatever_rows_ask(
    first: float, second: float, names: tuple[str, str]
) -> None:
    assume(abs(first - second) > 1e-6)
    plan = falling_plan(**dict(zip(names, (first, second), strict=True)), PTV=-60.0)
    report = report_on(table(row("Mean[Gy]", "below", 60.0, "PTV")), compute_dvhs(plan))
    swapped = [reason for reason in report.reasons if reason.code is ReviewCode.CONTOURS]
    organs = ("Kidney_L", "Kidney_R") if names == KIDNEYS else ("Lung_L", "Lung_R")
    text = f"{organs[0]} lies to the right of {organs[1]}: names or coordinates are mixed up"
    assert [reason.text for reason in swapped] == ([text] if first < second else [])
    assert report.verdict is (Verdict.REVIEW if first < second else Verdict.PASS)


@pytest.mark.parametrize("name", ["zPTV2", "PTV_old", "Met_2"])
def test_what_may_be_a_target_on_the_other_side_leaves_the_side_open(name: str) -> None:
    plan = falling_plan(Kidney_L=40, Kidney_R=-50, PTV=42, **{name: -45})
    ipsilateral = {one.organ: one.verdict for one in outcomes_on(plan, mean_row(RowSide.IPSILATERAL))}
    assert ipsilateral == {"Kidney_L": Verdict.PASS, "Kidney_R": Verdict.FAIL}
    (other,) = outcomes_on(plan, mean_row(RowSide.CONTRALATERAL))
    assert other.reason is Reason.SIDE_UNKNOWN
    assert f"{name} may be a target too, and lies right of" in other.detail
    (said,) = outcomes_on(plan, mean_row(RowSide.IPSILATERAL), laterality=Side.LEFT)
    assert said.organ == "Kidney_L"


def test_rings_and_helpers_on_the_targets_side_leave_the_side_known() -> None:
    plan = falling_plan(Kidney_L=40, Kidney_R=-50, PTV=42, PTV_ring=-45, PTV_opt=44)
    (one,) = outcomes_on(plan, mean_row(RowSide.IPSILATERAL))
    assert one.organ == "Kidney_L"


@pytest.mark.parametrize("side", RowSide)
def test_a_pair_that_is_expected_and_not_there_is_missed(side: RowSide) -> None:
    rows = (mean_row(side), row("Mean[Gy]", "below", 60.0, "Liver", id="liver"))
    report = report_on(table(*rows), compute_dvhs(falling_plan(Liver=0, PTV=-45)), site="liver")
    assert report.verdict is Verdict.REVIEW
    assert any("Kidney_L or Kidney_R: 1 row not evaluated" in reason.text for reason in report.reasons)


def test_the_side_that_the_user_gives_wins() -> None:
    plan = falling_plan(Kidney_L=40, Kidney_R=-50, PTV=-8)
    (other,) = outcomes_on(plan, mean_row(RowSide.CONTRALATERAL), laterality=Side.LEFT)
    assert other.organ == "Kidney_R"
    report = report_on(table(mean_row(RowSide.CONTRALATERAL)), compute_dvhs(plan), laterality=Side.LEFT)
    assert report.to_dict()["laterality"] == "left"


def test_the_side_that_is_given_against_all_contours_is_none() -> None:
    plan = falling_plan(Kidney_L=40, Kidney_R=-50, PTV=-45)
    (other,) = outcomes_on(plan, mean_row(RowSide.CONTRALATERAL), laterality=Side.LEFT)
    assert other.reason is Reason.SIDE_UNKNOWN
    assert "the laterality given is left, and by its contours PTV lies right of" in other.detail
    both = outcomes_on(plan, mean_row(RowSide.IPSILATERAL), laterality=Side.LEFT)
    assert [one.organ for one in both] == [*KIDNEYS]


def test_of_targets_on_both_sides_the_user_may_say_which_is_treated() -> None:
    plan = falling_plan(Kidney_L=40, Kidney_R=-50, PTV=-45, GTV=42)
    (other,) = outcomes_on(plan, mean_row(RowSide.CONTRALATERAL), laterality=Side.RIGHT)
    assert other.organ == "Kidney_L"
    text = "target right, as given; by its contours GTV, PTV lie left and right of the middle"
    assert any(text in finding.text for finding in other.findings)


def test_a_plan_with_neither_of_the_two_lacks_the_organ_and_no_side() -> None:
    (other,) = outcomes_on(falling_plan(PTV=-45), mean_row(RowSide.CONTRALATERAL))
    assert other.reason is Reason.STRUCTURE_MISSING


def test_a_plan_with_the_organ_on_the_other_side_alone_was_not_checked() -> None:
    plan = falling_plan(BrachialPlex_L=40, SpinalCord=-5, PTV=-45)
    plexus = row("Max[Gy]", "below", 32.0, "BrachialPlex_L", "BrachialPlex_R", side=RowSide.IPSILATERAL)
    report = report_on(table(plexus), compute_dvhs(plan), site="lung")
    (outcome,) = report.outcomes
    assert (outcome.organ, outcome.reason, outcome.applies) == ("BrachialPlex_R", Reason.STRUCTURE_MISSING, True)
    assert any(reason.structure == "BrachialPlex_R" for reason in report.reasons)


def test_an_unknown_side_is_a_review_of_a_row_that_counts() -> None:
    plan = falling_plan(Kidney_L=40, Kidney_R=-50, PTV=-8)
    report = report_on(table(mean_row(RowSide.CONTRALATERAL, 60.0)), compute_dvhs(plan))
    assert report.verdict is Verdict.REVIEW
    assert ReviewCode.NOT_EVALUATED in {reason.code for reason in report.reasons}


def test_stored_dvhs_have_no_sides_and_the_user_may_say_it() -> None:
    dvhs = dvh_set(uniform_dvh("Kidney_L", dose_gy=5.0), uniform_dvh("Kidney_R", dose_gy=40.0))
    (unknown,) = report_on(table(mean_row(RowSide.CONTRALATERAL)), dvhs).outcomes
    assert unknown.reason is Reason.SIDE_UNKNOWN
    (said,) = report_on(table(mean_row(RowSide.CONTRALATERAL)), dvhs, laterality=Side.RIGHT).outcomes
    assert (said.organ, said.verdict) == ("Kidney_L", Verdict.PASS)


def test_every_shipped_row_that_is_printed_for_one_side_says_so() -> None:
    said = 0
    for shipped in bundled_tables():
        for one in shipped.rows:
            for side in RowSide:
                if side in one.organ.lower() and sides_of(one.structures) is not None:
                    assert one.side is side, f"{shipped.id}/{one.id}"
                    said += 1
    assert said == 8


# -------------------------------------------------------------------------------- priority


@given(dose_gy=st.floats(1, 60), limit=st.floats(1, 60))
def test_an_optimal_limit_never_fails_and_passes_as_any_other_does(dose_gy: float, limit: float) -> None:
    dvhs = dvh_set(uniform_dvh(dose_gy=dose_gy))
    (mandatory,) = report_on(table(row("Mean[Gy]", "below", limit, priority=Priority.MANDATORY)), dvhs).outcomes
    (plain,) = report_on(table(row("Mean[Gy]", "below", limit)), dvhs).outcomes
    report = report_on(table(row("Mean[Gy]", "below", limit, priority=Priority.OPTIMAL)), dvhs, site="lung")
    assert mandatory.verdict is plain.verdict
    expected = {Verdict.PASS: Verdict.PASS, Verdict.FAIL: Verdict.VARIATION}[plain.verdict]
    assert report.outcomes[0].verdict is expected
    assert report.verdict is not Verdict.FAIL
    if expected is Verdict.VARIATION:
        assert report.verdict is not Verdict.PASS


def test_an_optimal_limit_that_does_not_count_leaves_no_pass_either() -> None:
    optimal = row("Mean[Gy]", "below", 10.0, id="optimal", priority=Priority.OPTIMAL, confirmed_by=("one",))
    asked = table(row("Max[Gy]", "below", 60.0), optimal)
    report = report_on(asked, dvh_set(uniform_dvh(dose_gy=20.0), uniform_dvh("PTV")), site="spine")
    assert report.verdict is Verdict.VARIATION
    ((verdict, line),) = headline_lines(report)
    assert verdict is Verdict.VARIATION
    assert line == "SpinalCord Mean[Gy] 20.00, limit < 10 (optimal) (200 % of the limit): does not count (unconfirmed)"
    kept = report_on(asked, dvh_set(uniform_dvh(dose_gy=9.0), uniform_dvh("PTV")), site="spine")
    assert kept.verdict is Verdict.PASS


# -------------------------------------------------------------------------------- sex

FOR_MEN = row("DC1500cc[Gy]", "below", 12.5, "Lungs", id="men", sex=Sex.MALE)
FOR_WOMEN = row("DC950cc[Gy]", "below", 12.5, "Lungs", id="women", sex=Sex.FEMALE)
LUNGS = dvh_set(uniform_dvh("Lungs", volume_cc=3000.0, dose_gy=5.0))


@pytest.mark.parametrize(("sex", "judged"), [(Sex.MALE, "men"), (Sex.FEMALE, "women")])
def test_only_the_row_for_the_patients_sex_is_there(sex: Sex, judged: str) -> None:
    for report in (
        report_on(table(FOR_MEN, FOR_WOMEN), LUNGS, sex=sex),
        report_on(table(FOR_MEN, FOR_WOMEN), replace(LUNGS, sex=sex)),
    ):
        assert [(one.constraint.id, one.verdict) for one in report.outcomes] == [(judged, Verdict.PASS)]
        assert report.to_dict()["sex"] == sex


def test_neither_row_is_judged_for_a_patient_of_unknown_sex() -> None:
    report = report_on(table(FOR_MEN, FOR_WOMEN), LUNGS)
    assert {one.reason for one in report.outcomes} == {Reason.SEX_UNKNOWN}
    assert report.verdict is Verdict.REVIEW
    assert all("--sex" in one.detail for one in report.outcomes)


def test_the_sex_that_is_given_wins_over_that_of_the_files() -> None:
    report = report_on(table(FOR_MEN, FOR_WOMEN), replace(LUNGS, sex=Sex.MALE), sex=Sex.FEMALE)
    assert [one.constraint.id for one in report.outcomes] == ["women"]
    assert "the sex given is female, and the plan's files say male" in [one.text for one in report.findings]
    plain = report_on(table(row("Mean[Gy]", "below", 20.0, "Lungs")), replace(LUNGS, sex=Sex.MALE), sex=Sex.FEMALE)
    assert not any("sex" in one.text for one in plain.findings)


OWN_TABLE = """\
id: own
version: "1.0.0"
title: A clinic's own table
site: lung
fractions: [5]
sources: [{key: own, citation: A clinic, where: here}]
rows:
  - {id: men, organ: Cord, structure: SpinalCord, metric: "Volume[cc]", below: 140, sex: male,
     source: {cite: own, where: here}, confirmed_by: [one, two]}
  - {id: women, organ: Cord, structure: SpinalCord, metric: "Volume[cc]", below: 130, sex: female,
     source: {cite: own, where: here}, confirmed_by: [one, two]}
"""


def check(folder: Path, *args: str) -> dict[str, Any]:
    (folder / "own.yaml").write_text(OWN_TABLE, encoding="utf-8")
    options = ("--table", str(folder / "own.yaml"), "--accept-dose", "--rx", "50Gy/5", "--format", "json", *args)
    done = CliRunner().invoke(cli.main, ["check", str(folder / "plan"), *options])
    assert done.exit_code in (0, 1, 3), done.output
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("of_plan", "of_structures", "args", "rows"),
    [
        ("F", "F", (), ["women"]),
        ("M", "", (), ["men"]),
        ("", "F", (), ["women"]),
        ("M", "F", (), ["men", "women"]),
        ("O", "O", (), ["men", "women"]),
        ("M\\F", "", (), ["men", "women"]),
        ("O", "O", ("--sex", "female"), ["women"]),
        ("M", "M", ("--sex", "female"), ["women"]),
    ],
)
def test_the_sex_is_that_of_the_files_unless_it_is_given(
    tmp_path: Path, of_plan: str, of_structures: str, args: tuple[str, ...], rows: list[str]
) -> None:
    files = changes.small_plan()
    for dataset, sex in ((files.plan, of_plan), (files.structures, of_structures), (files.dose, "")):
        dataset.PatientSex = sex
    files.save(tmp_path / "plan")
    report = check(tmp_path, *args)
    assert [one["row"] for one in report["outcomes"]] == rows
    reasons = {one["reason"] for one in report["outcomes"]}
    assert (Reason.SEX_UNKNOWN in reasons) == (len(rows) == 2)


def test_a_batch_is_given_the_sex_of_all_its_patients(tmp_path: Path) -> None:
    files = changes.small_plan()
    files.save(tmp_path / "plan")
    (tmp_path / "own.yaml").write_text(OWN_TABLE, encoding="utf-8")
    options = ("--table", str(tmp_path / "own.yaml"), "--accept-dose", "--jobs", "1", "--quiet", "--sex", "female")
    done = CliRunner().invoke(cli.main, ["batch", str(tmp_path / "plan"), *options, "--out", str(tmp_path / "all.csv")])
    assert done.exit_code == 0, done.output
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        assert [line["row_id"] for line in csv.DictReader(file)] == ["women"]


# -------------------------------------------------------------------------------- the first of several

AIRWAYS = (
    Choice(structures=("ProxBronchTree", "Trachea"), optional=("Trachea",)),
    Choice(structures=("Trachea", "Bronchus_Main")),
)


def airway_row(limit: float = 18.0) -> Constraint:
    names = ("ProxBronchTree", "Trachea", "Bronchus_Main")
    return row("Max[Gy]", "below", limit, *names, select=Select.FIRST, choices=AIRWAYS)


def airways(plan: Plan) -> Report:
    return report_on(table(airway_row()), compute_dvhs(plan))


def test_the_first_choice_is_used_without_the_parts_of_the_others() -> None:
    (outcome,) = airways(falling_plan(ProxBronchTree=60, Bronchus_Main=-60, PTV=0)).outcomes
    assert (outcome.contour, outcome.verdict, outcome.lacking) == ("ProxBronchTree", Verdict.PASS, ())


def test_an_optional_part_of_a_choice_is_judged_where_it_is_contoured() -> None:
    (outcome,) = airways(falling_plan(ProxBronchTree=60, Trachea=-70, PTV=0)).outcomes
    assert (outcome.contour, outcome.verdict) == ("ProxBronchTree + Trachea", Verdict.FAIL)


def test_a_union_stands_in_for_what_the_plan_does_not_have_and_says_so() -> None:
    (outcome,) = airways(falling_plan(Trachea=60, Bronchus_Main=-60, PTV=0)).outcomes
    assert (outcome.organ, outcome.contour) == ("Trachea + Bronchus_Main", "Trachea + Bronchus_Main")
    assert outcome.verdict is Verdict.FAIL
    texts = [one.text for one in outcome.findings if one.code is FindingCode.NAME_MATCH]
    assert texts == ["the plan has no ProxBronchTree: Trachea + Bronchus_Main was used"]


def test_a_part_of_the_union_alone_does_not_pass() -> None:
    (outcome,) = airways(falling_plan(Trachea=60, PTV=0)).outcomes
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.PART_MISSING)
    (hot,) = airways(falling_plan(Trachea=-60, PTV=0)).outcomes
    assert hot.verdict is Verdict.FAIL  # more of the organ could only get more dose


def test_a_plan_without_any_lacks_all_of_them() -> None:
    (outcome,) = airways(falling_plan(PTV=0)).outcomes
    assert (outcome.organ, outcome.reason) == ("ProxBronchTree or Trachea + Bronchus_Main", Reason.STRUCTURE_MISSING)


@given(x=st.tuples(*[st.none() | st.floats(-70, 60) for _ in range(3)]))
@settings(max_examples=examples(40))
def test_a_choice_comes_to_what_the_chosen_comes_to_by_itself(x: tuple[float | None, ...]) -> None:
    names = ("ProxBronchTree", "Trachea", "Bronchus_Main")
    plan = falling_plan(PTV=0, **{name: at for name, at in zip(names, x, strict=True) if at is not None})
    (chosen,) = airways(plan).outcomes
    choice = AIRWAYS[0] if x[0] is not None else AIRWAYS[1]
    union = row("Max[Gy]", "below", 18.0, *choice.structures, select=Select.UNION, optional=choice.optional)
    (alone,) = report_on(table(union), compute_dvhs(plan)).outcomes
    assert (chosen.verdict, chosen.measurement) == (alone.verdict, alone.measurement)


def test_points_of_a_table_lie_on_the_union_that_stands_in() -> None:
    plan = falling_plan(Trachea=60, Bronchus_Main=-60, PTV=0)
    points, not_drawn = table(airway_row()).points(compute_dvhs(plan))
    assert [point.structure for point in points] == ["Trachea + Bronchus_Main"]
    assert not not_drawn
    assert isinstance(compute_dvhs(plan)["Trachea"], DVH)


@pytest.mark.parametrize(
    ("fields", "options"), [({"site": "liver"}, {"site": "lung"}), ({"sex": Sex.MALE}, {"sex": Sex.FEMALE})]
)
@pytest.mark.parametrize("others", [0, 1])
def test_a_table_of_which_no_limit_is_for_the_plan_makes_a_review(
    fields: dict[str, Any], options: dict[str, Any], others: int
) -> None:
    """Nothing of it would be seen in the report; a table of statements limits nothing, and is not missed."""
    dvhs = dvh_set(uniform_dvh("SpinalCord"), uniform_dvh("PTV", dose_gy=55.0))
    elsewhere = table(row("Max[Gy]", "below", 10, id="other", **fields), id="elsewhere", site="multi")
    stated = table(row("Max[Gy]", "below", 10, id="said", kind=Kind.ADVISORY, **fields), id="stated", site="multi")
    used = table(row("Max[Gy]", "below", 30), site="lung")
    report = report_on([used, *[elsewhere] * others, stated], dvhs, **options)
    assert report.verdict is (Verdict.REVIEW if others else Verdict.PASS)
    assert [reason.text.split(":")[0] for reason in report.reasons] == ["elsewhere"] * others


@pytest.mark.parametrize(("given", "said"), [("SpinalCord", True), ("vagus 7", False), ("Heart", False)])
def test_a_structure_that_is_given_for_another_organ_than_it_is_named_after_is_said_beside_the_row(
    given: str, said: bool
) -> None:
    """What the user gives wins; but a heart measured on the cord is seen as that, not found in a column."""
    dvhs = dvh_set(*map(uniform_dvh, ("SpinalCord", "Heart", "vagus 7")))
    (outcome,) = report_on(table(row("Max[Gy]", "below", 30, "Heart")), dvhs, names={"Heart": given}).outcomes
    assert outcome.contour == given
    texts = [finding.text for finding in outcome.findings if finding.code is FindingCode.NAME_MATCH]
    assert texts == ["'SpinalCord' was given, which is a name of SpinalCord"] * said

"""Which structure is taken for which organ, before anything is measured; and a names file to settle it."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import plan_of, row, table
from folders import ROOT
from sbrtcheck import api, cli, given_plans
from sbrtcheck.dicom import NotStored
from sbrtcheck.judge.naming import belied_by_its_name, plan_names
from sbrtcheck.render.names import names_json, names_template, names_text
from sbrtcheck.structure_names import Ambiguous, Match, NoMatch, Recipe, RoiName, Rule, SeparateTargets
from sbrtcheck.structure_names.plan_names import OrganName, PlanNames
from sbrtcheck.tables import ConstraintTable, LimitByTargetVolume, Select, Step, bundled_tables, load_names, load_table
from sbrtcheck.tables.values import Choice

PLANS = ROOT / "examples" / "plans"
LUNG, LIVER = PLANS / "lung-50gy-5fx", PLANS / "liver-45gy-3fx"


def rois(*names: str) -> list[RoiName]:
    return [RoiName(name=name, number=number) for number, name in enumerate(names, 1)]


def asking(*organs: str, select: Select = Select.EACH) -> ConstraintTable:
    return table(row("Mean[Gy]", "below", 5, *organs, select=select), id="asking")


def one(names: PlanNames, organ: str) -> OrganName:
    (found,) = (found for found in names.organs if found.organ == organ)
    return found


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.main, ["names", *map(str, words)])


# -------------------------------------------------------------------------------- what is taken


def test_a_row_shows_the_structure_taken_its_rule_and_its_rows() -> None:
    heart = one(plan_names([asking("Heart")], rois("HEART", "Spleen")), "Heart")
    assert heart.match == Match(organ="Heart", roi=RoiName(name="HEART", number=1), rule=Rule.ALIAS)
    assert heart.rows == (f"asking/{asking('Heart').rows[0].id}",)


def test_a_close_name_is_shown_and_not_taken() -> None:
    assert one(plan_names([asking("Bladder")], rois("Urinary bladder")), "Bladder").match == NoMatch(
        organ="Bladder", suggested=("Urinary bladder",), probable=("Urinary bladder",)
    )


def test_a_pair_that_nobody_drew_is_shown_with_its_parts_which_count_as_used() -> None:
    left, right, spleen = rois("Lung_L", "Lung_R", "Spleen")
    names = plan_names([asking("Lungs")], [left, right, spleen])
    assert one(names, "Lungs").match == Recipe(organ="Lungs", plus=(left, right))
    assert names.unused == (spleen,)


def test_structures_that_fit_equally_well_are_not_listed_as_unused() -> None:
    names = plan_names([asking("Lung_L")], rois("Lung L", "Left Lung", "Heart"))
    assert isinstance(one(names, "Lung_L").match, Ambiguous)
    assert [roi.name for roi in names.unused] == ["Heart"]


def test_two_structures_of_one_name_are_both_in_use_where_they_are_ambiguous() -> None:
    assert plan_names([asking("Heart")], rois("Heart", "Heart")).unused == ()


def test_separate_targets_are_shown_together_and_none_is_unused() -> None:
    first, second, body = rois("PTV_1", "PTV_2", "Body")
    names = plan_names([asking("PTV")], [first, second, body], separate={"PTV": (first, second)})
    assert one(names, "PTV").match == SeparateTargets(organ="PTV", rois=(first, second))
    assert names.unused == (body,)
    assert "PTV_1, PTV_2" in names_text(names)
    assert 'PTV: ""  # separate targets, each on its own: "PTV_1", "PTV_2"' in names_template(names)


def test_a_row_whose_limit_goes_by_the_volume_of_the_target_asks_for_the_target_too() -> None:
    steps = (Step(volume_cc=1, limit=5), Step(volume_cc=9, limit=6))
    by_volume = table(row("Mean[Gy]", "below", LimitByTargetVolume(steps=steps), "Heart"), id="by-volume")
    names = plan_names([by_volume], rois("Heart", "PTV"))
    assert [found.organ for found in names.organs] == ["Heart", "PTV"]
    assert names.unused == ()


def test_of_several_to_choose_from_those_after_the_first_are_not_needed() -> None:
    names = plan_names([asking("Liver-GTV", "Liver", "Spleen", select=Select.FIRST)], rois("Liver", "Spleen"))
    assert {found.organ: found.needed for found in names.organs} == {
        "Liver-GTV": False,
        "Liver": True,
        "Spleen": False,
    }
    assert [roi.name for roi in names.unused] == ["Spleen"]


def test_where_none_of_several_is_there_all_are_needed() -> None:
    names = plan_names([asking("Liver-GTV", "Liver", select=Select.FIRST)], rois("Spleen"))
    assert all(found.needed for found in names.organs)


# -------------------------------------------------------------------------------- what the user gave


def test_a_name_given_for_an_organ_of_the_other_side_is_remarked_on() -> None:
    names = plan_names([asking("Lung_L")], rois("Lung L", "Lung R"), {"Lung_L": "Lung R"})
    assert names.remarks == ("Lung_L: 'Lung R' was given, which is a name of Lung_R",)


def test_a_name_given_that_the_plan_lacks_is_remarked_on() -> None:
    names = plan_names([asking("Heart")], rois("Heart"), {"heart": "Herz"})
    assert isinstance(one(names, "Heart").match, NoMatch)
    assert names.remarks == ("Heart: 'Herz' was given, and the plan has no structure of that name",)


def test_a_name_given_for_an_organ_that_no_row_asks_for_is_remarked_on() -> None:
    names = plan_names([asking("Heart")], rois("Heart"), {"Hart": "Heart"})
    assert names.remarks == ("Hart: a name was given, and no row asks for it",)


def test_a_name_given_as_it_should_be_is_not_remarked_on() -> None:
    names = plan_names([asking("Heart")], rois("Pumpe"), {"Heart": "Pumpe"})
    assert one(names, "Heart").given == "Pumpe"
    assert names.remarks == ()


def test_a_name_given_that_nobody_asks_for_and_the_plan_lacks_is_told_as_missing_too() -> None:
    names = plan_names([asking("Heart")], rois("Heart", "Leber_alt"), {"Liver": "Leber alt"})
    assert names.remarks == (
        "Liver: a name was given, and no row asks for it",
        "Liver: 'Leber alt' was given, and the plan has no structure of that name; close: 'Leber_alt'",
    )
    assert [roi.name for roi in names.unused] == ["Leber_alt"]


def test_a_name_given_that_two_structures_have_is_remarked_on_with_what_settles_it() -> None:
    found = rois("x", "Pump", "Pump")
    names = plan_names([asking("Heart")], found, {"Heart": "Pump"})
    assert names.remarks == (
        f"Heart: 'Pump' was given, which 2 structures are; {Ambiguous(organ='Heart', rois=()).hint}",
    )
    settled = plan_names([asking("Heart")], found, {"Heart": "ROI 3"})
    assert one(settled, "Heart").match == Match(organ="Heart", roi=found[2], rule=Rule.GIVEN)
    assert settled.remarks == ()


def test_what_was_passed_over_for_it_has_no_contours_is_shown() -> None:
    cord = RoiName(name="SpinalCord", number=2, contoured=False)
    names = plan_names([asking("SpinalCord")], [*rois("Cord"), cord])
    (line,) = (line for line in names_text(names).splitlines() if line.startswith("SpinalCord"))
    assert " ".join(line.split()) == "SpinalCord 1 Cord listed alias SpinalCord (no contours)"
    assert names.remarks == ("SpinalCord: matched to 'Cord'; 'SpinalCord', without contours, not used",)
    matched = 'SpinalCord: ""  # matched to: "Cord" (listed alias); without contours: "SpinalCord"'
    assert matched in names_template(names)
    (shown,) = json.loads(names_json(names))["organs"]
    assert (shown["contour"]["contoured"], shown["passed_over"]) == (True, ["SpinalCord"])


def test_an_organ_without_contours_is_shown_with_what_is_probably_it() -> None:
    cord = RoiName(name="SpinalCord", number=2, contoured=False)
    names = plan_names([asking("SpinalCord")], [*rois("SpinalCord_1"), cord])
    assert names.remarks == ("SpinalCord: 'SpinalCord' has no contours; probably 'SpinalCord_1'",)
    assert "TG-263 name, no contours" in names_text(names)
    assert "SpinalCord_1 (probably)" in names_text(names)
    assert '# matched to: "SpinalCord" (TG-263 name, no contours); probably: "SpinalCord_1"' in names_template(names)


def test_an_organ_without_contours_beside_which_nothing_is_probable_is_shown_so() -> None:
    cord = RoiName(name="SpinalCord", number=2, contoured=False)
    names = plan_names([asking("SpinalCord")], [*rois("Heart"), cord])
    assert names.remarks == ("SpinalCord: 'SpinalCord' has no contours",)


def test_a_namesake_without_contours_is_told_apart_by_its_number() -> None:
    cord, other = (RoiName(name=name, number=n, contoured=False) for n, name in ((7, "Cord"), (8, "SpinalCord")))
    names = plan_names([asking("SpinalCord")], [*rois("Cord"), cord, other])
    assert names.remarks == (
        "SpinalCord: matched to 'Cord (ROI 1)'; 'Cord (ROI 7)', 'SpinalCord', without contours, not used",
    )


def test_an_organ_to_choose_whose_name_was_given_is_needed_though_the_plan_lacks_it() -> None:
    asked = [asking("Liver-GTV", "Liver", select=Select.FIRST)]
    names = plan_names(asked, rois("Liver"), {"Liver-GTV": "Leber"})
    assert [(organ.organ, organ.needed) for organ in names.organs] == [("Liver-GTV", True), ("Liver", False)]
    without = plan_names(asked, rois("Liver"))
    assert [(organ.organ, organ.needed) for organ in without.organs] == [("Liver-GTV", False), ("Liver", True)]


@pytest.mark.parametrize(
    ("there", "needed"),
    [
        (("Trachea", "Carina", "Bronchus_Main"), ("Trachea", "Carina", "Aorta")),
        (("Trachea",), ("Trachea", "Carina", "Aorta")),
        (("Aorta",), ("Trachea", "Carina", "Aorta")),  # one part of what it needs is there
        (("Carina", "Bronchus_Main"), ("Bronchus_Main",)),  # which it can do without
        ((), ("Trachea", "Carina", "Aorta", "Bronchus_Main")),
    ],
)
def test_of_choices_the_first_that_the_plan_has_is_needed_with_all_its_parts(
    there: tuple[str, ...], needed: tuple[str, ...]
) -> None:
    parts = Choice(structures=("Trachea", "Carina", "Aorta"), optional=("Carina",))
    choices = (parts, Choice(structures=("Bronchus_Main",)))
    asked = row("Mean[Gy]", "below", 5, *parts.structures, "Bronchus_Main", select=Select.FIRST, choices=choices)
    names = plan_names([table(asked)], rois(*there))
    assert tuple(organ.organ for organ in names.organs if organ.needed) == needed


@pytest.mark.parametrize(
    ("name", "rule", "text"),
    [
        ("Liver", Rule.GIVEN, "'Liver' was given, which is a name of Liver"),
        ("Leber", Rule.GIVEN, "'Leber' was given, which is a name of Liver"),
        ("Liver", Rule.ALIAS, ""),
        ("HEART", Rule.GIVEN, ""),
        ("Pump", Rule.GIVEN, ""),
    ],
)
def test_only_a_name_that_was_given_can_be_that_of_another_organ(name: str, rule: Rule, text: str) -> None:
    assert belied_by_its_name(Match(organ="Heart", roi=RoiName(name=name, number=1), rule=rule)) == text


def test_remarks_are_on_given_names_first_then_on_doubts() -> None:
    given_names = {"Hart": "Heart", "Liver": "Leber"}
    names = plan_names([asking("Bronchus_Main", "Heart", "Liver")], rois("PBT", "Heart"), given_names)
    assert [remark.partition(":")[0] for remark in names.remarks] == ["Hart", "Liver", "Bronchus_Main"]


def test_a_probable_name_is_shown_as_such_and_not_taken() -> None:
    names = plan_names([asking("Bronchus_Main")], rois("PBT", "Heart"))
    assert names.remarks == ("Bronchus_Main: probably 'PBT', and not matched; a names file can match one",)
    assert "PBT (probably)" in names_text(names)
    (shown,) = json.loads(names_json(names))["organs"]
    assert (shown["contour"], shown["near"], shown["probable"]) == (None, ["PBT"], ["PBT"])


def test_a_name_given_that_the_plan_lacks_is_shown_in_every_form() -> None:
    names = plan_names([asking("Heart")], rois("Heart", "Pumpe"), {"Heart": "Pump"})
    assert "'Pump' was given, not in the plan" in names_text(names)
    assert 'Heart: "Pump"  # not in the plan; close, not matched: "Pumpe"' in names_template(names)
    (shown,) = json.loads(names_json(names))["organs"]
    assert (shown["given"], shown["given_is_missing"], shown["contour"]) == ("Pump", True, None)


# -------------------------------------------------------------------------------- laws

drawn = st.lists(
    st.builds(
        RoiName,
        name=st.sampled_from(["Heart", "Lung_L", "Lt Lung", "Lung R", "Liver", "GTV", "PTV_1", "PTV", "Hart", "x"]),
        number=st.integers(1, 30),
        kind=st.sampled_from(["", "ORGAN", "PTV"]),
        contoured=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda roi: roi.number,
)


@pytest.mark.slow
@given(drawn, st.randoms(use_true_random=False))
def test_the_order_of_the_structures_does_not_matter(found: list[RoiName], chance: random.Random) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert plan_names(bundled_tables(), shuffled) == plan_names(bundled_tables(), found)


@given(drawn)
def test_every_structure_is_either_used_or_listed_as_unused(found: list[RoiName]) -> None:
    names = plan_names([asking("Heart", "Lungs", "PTV", "Liver-GTV")], found)
    used = set()
    for organ in names.organs:
        match organ.match:
            case Match(roi=roi):
                used.add(roi)
            case Recipe(plus=plus, minus=minus):
                used |= {*plus, *minus}
            case Ambiguous(candidates=candidates):
                used |= {roi for roi in found if {roi.name, f"{roi.name} (ROI {roi.number})"} & {*candidates}}
    assert used | set(names.unused) == set(found)
    assert not used & set(names.unused)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plan", "table_id", "given_names"),
    [
        (LUNG, "rtog-0813", {}),
        (LUNG, "rtog-0813", {"PTV": "ITV", "Heart": "no such"}),
        (LIVER, "tg101-3fx", {}),
        (LIVER, "liver-critical-volume-3fx", {"Liver": "Spleen"}),
    ],
)
def test_a_check_takes_the_structures_that_were_shown(plan: Path, table_id: str, given_names: dict[str, str]) -> None:
    names = api.names(plan, table_id, names=given_names)
    report = api.check(plan, table_id, names=given_names)
    shown = {found.organ: found for found in names.organs}
    compared = [outcome for outcome in report.outcomes if outcome.organ in shown]
    assert compared
    for outcome in compared:
        taken = shown[outcome.organ].match
        match taken:
            case Match(roi=roi, rule=rule):
                assert (outcome.contour, outcome.rule) == (roi.name, rule)
            case Recipe(organ=organ):
                assert (outcome.contour, outcome.rule) == (organ, Rule.DERIVED)
            case _:
                assert outcome.contour == ""


def test_a_check_takes_each_of_the_separate_targets_that_were_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "load_plan", lambda *_, **__: plan_of(PTV_1=0.0, PTV_2=60.0, Heart=120.0))
    monkeypatch.setattr(given_plans, "load_plan_and_dvhs", lambda *_, **__: (api.load_plan(), NotStored(reason="none")))
    taken = one(api.names("plan", asking("PTV", "Heart")), "PTV").match
    assert isinstance(taken, SeparateTargets)
    report = api.check("plan", asking("PTV", "Heart"))
    assert [roi.name for roi in taken.rois] == [o.contour for o in report.outcomes if o.organ == "PTV"]


# -------------------------------------------------------------------------------- the command


def test_the_list_shows_type_rule_derived_organs_and_what_no_row_uses() -> None:
    done = run(LUNG, "--table", "rtog-0813")
    assert (done.exit_code, done.stderr) == (0, "")
    # a line that begins with a blank goes on with the organ above it
    lines = re.sub(r"\n +", " ", done.stdout).splitlines()
    shown = {line.split()[0]: " ".join(line.split()) for line in lines if line.strip()}
    rows = sum("PTV" in row.structures for row in load_table("rtog-0813").rows)
    assert shown["PTV"] == f"PTV {rows} PTV TG-263 name PTV"
    assert shown["Lungs-ITV"].endswith("Lung_L + Lung_R without derived ITV")
    assert shown["Used"] == "Used by no row: Body (EXTERNAL), GTV (GTV), Liver (ORGAN), Rib (ORGAN)"


def test_codes_of_a_structure_are_shown() -> None:
    coded = RoiName(name="OAR 3", number=1, kind="ORGAN", codes=("Left lung",))
    other = RoiName(name="OAR 4", number=2, codes=("Urinary bladder",))
    text = names_text(plan_names([asking("Lung_L")], [coded, other]))
    assert " ".join(text.splitlines()[2].split()) == "Lung_L 1 OAR 3 RT ROI identification code ORGAN Left lung"
    assert "Used by no row: OAR 4 (Urinary bladder)" in text


def test_the_list_for_programs_has_the_same() -> None:
    done = run(LUNG, "--table", "rtog-0813", "--format", "json")
    as_dict: dict[str, Any] = json.loads(done.stdout)
    by_organ = {found["organ"]: found for found in as_dict["organs"]}
    assert as_dict["schema"] == "sbrtcheck-names/1"
    assert by_organ["PTV"]["contour"]["name"] == "PTV"
    assert by_organ["PTV"]["contour"]["type"] == "PTV"
    assert by_organ["PTV"]["rule"] == "TG-263 name"
    assert [part["name"] for part in by_organ["Lungs-ITV"]["plus"]] == ["Lung_L", "Lung_R"]
    assert [part["name"] for part in by_organ["Lungs-ITV"]["minus"]] == ["ITV"]
    assert {roi["name"] for roi in as_dict["unused"]} >= {"Body", "Rib"}


def test_names_given_are_shown_as_given(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    file.write_text("PTV: ITV\n", encoding="utf-8")
    done = run(LUNG, "--table", "rtog-0813", "--names", file)
    assert " ITV given by the user " in " ".join(done.stdout.split())
    assert "PTV: 'ITV' was given, which is a name of ITV" in done.stdout


def test_several_tables_are_shown_together() -> None:
    text = run(LUNG, "--table", "rtog-0813", "--table", "tg101-5fx", "--format", "json").stdout
    (heart,) = (found for found in json.loads(text)["organs"] if found["organ"] == "Heart")
    assert {name.split("/")[0] for name in heart["rows"]} == {"rtog-0813", "tg101-5fx"}


def test_without_a_table_there_is_nothing_to_show() -> None:
    assert run(LUNG).exit_code == 2


def test_a_folder_without_a_plan_is_an_input_error(tmp_path: Path) -> None:
    done = run(tmp_path, "--table", "rtog-0813")
    assert (done.exit_code, done.stdout) == (2, "")


# -------------------------------------------------------------------------------- the template


def test_a_template_as_it_is_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    done = run(LIVER, "--table", "tg101-3fx", "--template", file)
    assert load_names(file) == {}
    assert run(LIVER, "--table", "tg101-3fx", "--names", file).stdout == done.stdout


def test_a_template_that_was_filled_in_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    run(LIVER, "--table", "tg101-3fx", "--template", file)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('GreatVes: ""', 'GreatVes: "Spleen"'), encoding="utf-8")
    assert load_names(file) == {"GreatVes": "Spleen"}
    shown = json.loads(run(LIVER, "--table", "tg101-3fx", "--names", file, "--format", "json").stdout)
    (vessels,) = (found for found in shown["organs"] if found["organ"] == "GreatVes")
    assert (vessels["contour"]["name"], vessels["rule"]) == ("Spleen", "given by the user")


def test_a_template_on_the_screen_has_a_line_for_every_organ_with_what_is_known(tmp_path: Path) -> None:
    names = plan_names(
        [asking("Heart", "Bladder", "Lung_L", "Lungs", "Clinic's own")],
        rois("Heart", "Urinary bladder", "Lung L", "Left Lung", "Lung R"),
        {"Clinic's own": "Spleen"},
    )
    assert names_template(names).splitlines()[3:] == [
        'Heart: ""  # matched to: "Heart" (TG-263 name)',
        'Bladder: ""  # probably: "Urinary bladder"',
        'Lung_L: ""  # fit equally well: "Left Lung", "Lung L"',
        'Lungs: ""  # probably: "Left Lung", "Lung L", "Lung R"',
        '"Clinic\'s own": "Spleen"  # not in the plan',
        "",
        "# Structures of the plan that no row uses:",
        '#   "Lung R"',
        '#   "Urinary bladder"',
    ]
    file = tmp_path / "names.yaml"
    file.write_text(names_template(names), encoding="utf-8")
    assert load_names(file) == {"Clinic's own": "Spleen"}
    assert run(LUNG, "--table", "rtog-0813", "--template", "-").stdout.startswith("# What the structures of a plan")


@given(st.lists(st.text(max_size=12), max_size=4), st.text(max_size=12))
def test_a_template_of_any_names_is_a_names_file(odd: list[str], given_name: str) -> None:
    names = plan_names([asking("Heart", "Liver")], rois(*odd, "Heart"), {"Liver": given_name})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "names.yaml"
        file.write_text(names_template(names), encoding="utf-8")
        assert set(load_names(file)) <= {"Liver"}


def test_a_names_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    file.write_text("Heart: Herz\n", encoding="utf-8")
    done = run(LUNG, "--table", "rtog-0813", "--template", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is such a file already; give another name" in done.stderr
    assert file.read_text(encoding="utf-8") == "Heart: Herz\n"

"""All matches of a plan: found once, the same as each alone, and enough to know which DVHs to compute."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import dvh_set, plan_of, row, table, uniform_dvh
from folders import ROOT
from sbrtcheck import check
from sbrtcheck.dvh import DVHSet, compute_dvhs
from sbrtcheck.judge import match_plan
from sbrtcheck.judge.dose_check import check_dose
from sbrtcheck.judge.judged_plan import JudgedPlan, judged_plan
from sbrtcheck.judge.naming import plan_names
from sbrtcheck.judge.run import evaluate_with
from sbrtcheck.judge.structures import plan_structures
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import SEX_NOT_STATED
from sbrtcheck.results.plan_site import UNKNOWN_SITE
from sbrtcheck.structure_names import (
    Match,
    NoMatch,
    Recipe,
    RoiName,
    SeparateTargets,
    all_targets,
    derivable,
    match,
    match_structures,
    targets_among,
)
from sbrtcheck.tables import Constraint, Select

ORGANS = ("Heart", "SpinalCord", "Lungs", "Lung_L", "Lungs-GTV", "PTV", "GTV")
NAMES = ("Heart", "HEART", "Cord", "SpinalCord_1", "Lt Lung", "Lung R", "GTV", "PTV_1", "PTV_2", "ring", "Herz 2")
structures = st.lists(st.sampled_from(NAMES), max_size=8).map(
    lambda names: [RoiName(name=name, number=number) for number, name in enumerate(names, start=1)]
)


@pytest.mark.slow
@given(structures)
def test_what_an_organ_is_matched_to_does_not_depend_on_which_others_were_asked_for(rois: list[RoiName]) -> None:
    together = match_structures(ORGANS, rois)
    recipes = {recipe.organ: recipe for recipe in derivable(rois)}
    for organ in ORGANS:
        alone = match(organ, rois)
        assert together.by_organ[organ] == alone
        assert together.of(organ) == (recipes.get(organ, alone) if isinstance(alone, NoMatch) else alone)


@given(structures)
def test_the_order_of_structures_changes_no_match(rois: list[RoiName]) -> None:
    there, back = match_structures(ORGANS, rois), match_structures(ORGANS, rois[::-1])
    assert (there.by_organ, there.recipes, there.targets) == (back.by_organ, back.recipes, back.targets)


@given(structures)
def test_every_organ_needs_what_it_was_matched_to(rois: list[RoiName]) -> None:
    matches = match_structures(ORGANS, rois)
    for organ in ORGANS:
        needed = matches.needed([organ])
        match matches.of(organ):
            case Match(roi=roi):
                assert needed == {roi.name}
            case Recipe():
                assert needed == {organ}
            case _:
                assert needed == frozenset()


def test_separate_targets_are_all_needed_and_go_before_what_names_alone_say() -> None:
    rois = [RoiName(name=name, number=number) for number, name in enumerate(("PTV_1", "PTV_2", "Heart"))]
    matches = match_structures(("PTV", "Heart"), rois, separate={"PTV": rois[:2], "GTV": ()})
    assert matches.of("PTV") == SeparateTargets(organ="PTV", rois=(rois[0], rois[1]))
    assert matches.needed(["PTV"]) == {"PTV_1", "PTV_2"}
    assert set(matches.separate) == {"PTV"}


def test_a_name_given_to_what_is_derived_needs_the_derived_one() -> None:
    rois = [RoiName(name=name, number=number) for number, name in enumerate(("Kidney_L", "Kidney_R"))]
    assert match_structures(["Kidney_Cortex"], rois, {"Kidney_Cortex": "Kidneys"}).needed(["Kidney_Cortex"]) == {
        "Kidneys"
    }


def test_an_organ_that_nobody_asked_for_was_not_matched() -> None:
    with pytest.raises(KeyError):
        match_structures(["Heart"], []).of("Liver")


def test_kinds_of_targets_among_organs() -> None:
    assert targets_among(["Heart", "PTV", "GTV", "PTV"]) == ("GTV", "PTV")


def judged(dvhs: DVHSet, *rows: Constraint) -> JudgedPlan:
    matches = match_plan(dvhs, [organ for one in rows for organ in one.structures])
    dose = check_dose(dvhs, matches.targets, accepted=True)
    return judged_plan(plan_structures(dvhs, matches), rows, site=UNKNOWN_SITE, dose=dose, sex=SEX_NOT_STATED)


def test_rows_on_the_same_structures_together_share_one_dvh_of_them() -> None:
    rows = [
        row(metric, "below", 30, "Trachea", "BronchialTree", select=Select.UNION) for metric in ("Max[Gy]", "Mean[Gy]")
    ]
    plan = judged(compute_dvhs(plan_of(Trachea=0.0, BronchialTree=5.0)), *rows)
    (first,), (second,) = (plan.select(one) for one in rows)
    assert first.dvh is second.dvh
    assert first.key == second.key == (("Trachea", 1), ("BronchialTree", 2))


def test_structures_of_one_name_have_keys_of_their_own() -> None:
    rows = [row("Max[Gy]", "below", 30, organ) for organ in ("Kidney_L", "Kidney_R")]
    matches = match_plan(
        dvhs := dvh_set(uniform_dvh("Niere", dose_gy=10.0), uniform_dvh("Niere", dose_gy=20.0)),
        ["Kidney_L", "Kidney_R"],
        {"Kidney_L": "ROI 1", "Kidney_R": "ROI 2"},
    )
    dose = check_dose(dvhs, matches.targets, accepted=True)
    plan = judged_plan(plan_structures(dvhs, matches), rows, site=UNKNOWN_SITE, dose=dose, sex=SEX_NOT_STATED)
    assert [matched.key for one in rows for matched in plan.select(one)] == [(("Niere", 1),), (("Niere", 2),)]


def test_matches_of_more_organs_than_the_tables_ask_for_change_no_outcome() -> None:
    asked = table(row("Max[Gy]", "below", 30, "SpinalCord"), row("Mean[Gy]", "below", 9, "Heart", id="heart"))
    dvhs = compute_dvhs(plan_of(SpinalCord=0.0, Heart=20.0, Liver=40.0))
    options = CheckOptions(accept_dose=True)
    matches = match_plan(dvhs, ["Liver", "PTV", "SpinalCord", "Heart"])
    by_itself, by_matches = evaluate_with([asked], dvhs, options), evaluate_with([asked], dvhs, options, matches)
    assert by_matches.to_dict() == by_itself.to_dict()
    assert by_matches.names == by_itself.names


def test_the_old_name_of_a_match_warns_and_gives_it() -> None:
    (organ,) = plan_names([table(row("Max[Gy]", "below", 30, "Heart"))], [RoiName(name="HEART", number=1)]).organs
    with pytest.warns(DeprecationWarning, match=r"OrganName\.match"):
        assert organ.taken == organ.match


def test_a_check_matches_each_organ_once_and_asks_once_what_can_be_derived() -> None:
    asked: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code in (match.__code__, derivable.__code__, all_targets.__code__):
            asked[str(frame.f_locals.get("organ", frame.f_code.co_name))] += 1

    sys.setprofile(count)
    try:
        report = check(ROOT / "examples" / "plans" / "lung-50gy-5fx", "rtog-0813")
    finally:
        sys.setprofile(None)
    assert asked == dict.fromkeys((*report.matches.by_organ, "derivable", "all_targets"), 1)

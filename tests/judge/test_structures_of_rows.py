"""Which structures a row is judged on: named, ambiguous, without contours, derived, several targets, one of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dvh_builders import box, dvh_set, plan_of, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Reason, compute_dvhs
from sbrtcheck.errors import InputError
from sbrtcheck.judge import match_plan
from sbrtcheck.judge.naming import organs_of
from sbrtcheck.judge.plan_dvhs import dvhs_for_matches, dvhs_for_organs, dvhs_of_structures, names_of_plan
from sbrtcheck.judge.profile import with_choice
from sbrtcheck.judge.selection import _combine_targets, select
from sbrtcheck.judge.structures import MatchedDvh, _rule_of_target, dvh_of, plan_structures
from sbrtcheck.metric import Measurement, NotMeasured, TargetCount
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Contours, DoseGrid, Finding, FindingCode, Plan, Prescription, Structure
from sbrtcheck.reference_data import load_profiles
from sbrtcheck.results import MatchedStructure, Outcome, Report, Verdict
from sbrtcheck.structure_names import Rule
from sbrtcheck.tables import Choice, Constraint, LimitByTargetVolume, RowSide, Select, Side, Step
from sbrtcheck.tables.choice import TableChoice, TableLeftOut, WhyLeftOut

MEAN = ("Mean[Gy]", "below", 30.0)


def outcomes(constraint: Constraint, dvhs: DVHSet, **options: Any) -> tuple[Outcome, ...]:
    return report_on(table(constraint), dvhs, **options).outcomes


def judged(constraint: Constraint, dvhs: DVHSet, **options: Any) -> Outcome:
    (outcome,) = outcomes(constraint, dvhs, **options)
    return outcome


def chosen(constraint: Constraint, dvhs: DVHSet, names: Mapping[str, str] | None = None, **of: Any) -> MatchedDvh:
    """What the row is judged on, without judging it."""
    matches = match_plan(dvhs, organs_of([table(constraint)]), names)
    (matched,) = select(constraint, plan_structures(dvhs, matches, **of))
    return matched


def said(outcome: Outcome, code: FindingCode) -> list[tuple[str, str]]:
    return [(finding.text, finding.subject) for finding in outcome.findings if finding.code is code]


# -------------------------------------------------------------------------------- one organ


def test_a_name_that_the_plan_lacks_is_told_with_those_that_are_close() -> None:
    dvhs = dvh_set(uniform_dvh("Herz"), uniform_dvh("Leber"))
    outcome = judged(row(*MEAN, "Heart"), dvhs, names={"Heart": "Hertz"})
    assert outcome.reason is Reason.GIVEN_NAME_MISSING
    assert "'Hertz'" in outcome.detail
    assert "close names: Herz" in outcome.detail
    far = judged(row(*MEAN, "Heart"), dvhs, names={"Heart": "zzz"})
    assert "close" not in far.detail


def test_of_names_that_are_alike_the_candidates_are_told_with_what_settles_it() -> None:
    outcome = judged(row(*MEAN, "Heart"), dvh_set(uniform_dvh("heart"), uniform_dvh("HEART")))
    assert outcome.reason is Reason.STRUCTURE_AMBIGUOUS
    assert outcome.structure is None
    assert all(word in outcome.detail for word in ("heart", "HEART", "Heart: 'ROI 6'"))


def test_a_structure_without_contours_of_the_same_name_is_passed_over_and_said() -> None:
    empty = NoDVH(name="HEART", number=9, reason=Reason.STRUCTURE_EMPTY, detail="")
    outcome = judged(row(*MEAN, "Heart"), dvh_set(uniform_dvh("Heart"), without=(empty,)))
    assert outcome.verdict is Verdict.PASS
    ((text, subject),) = said(outcome, FindingCode.NAME_MATCH)
    assert text == "matched to Heart; HEART is Heart by name too, and has no contours"
    assert subject == "Heart"


def test_several_structures_without_contours_of_the_same_name_are_said_as_several() -> None:
    names = ("HEART", "heart")
    empty = tuple(NoDVH(name=name, number=9, reason=Reason.STRUCTURE_EMPTY, detail="") for name in names)
    (finding,) = chosen(row(*MEAN, "Heart"), dvh_set(uniform_dvh("Heart"), without=empty)).findings
    assert finding.text == "matched to Heart; HEART, heart are Heart by name too, and have no contours"


def test_what_a_weaker_rule_would_have_matched_is_said() -> None:
    targets = dvh_set(uniform_dvh("PTV", dose_gy=20.0), uniform_dvh("PTV_boost", dose_gy=20.0))
    outcome = judged(row(*MEAN, "PTV"), targets)
    texts = [text for text, subject in said(outcome, FindingCode.SEVERAL_TARGETS) if subject == "PTV"]
    assert any("PTV_boost might be PTV as well" in text for text in texts)


def test_a_copy_is_said_by_its_name() -> None:
    outcome = judged(row(*MEAN, "Heart"), dvh_set(uniform_dvh("Heart"), uniform_dvh("Heart 2", dose_gy=1.0)))
    assert said(outcome, FindingCode.NAME_MATCH) == [
        ("Heart 2 may be a copy or a part of it by name, and was not used", "Heart")
    ]
    assert outcome.verdict is Verdict.PASS


def test_a_derived_organ_has_the_copies_of_its_parts() -> None:
    plan = plan_of(**{"Lung_L": -15.0, "Lung_R": 5.0, "Lung_R 2": 30.0})
    outcome = judged(row(*MEAN, "Lungs"), compute_dvhs(plan))
    assert (outcome.contour, outcome.rule) == ("Lungs", Rule.DERIVED)
    assert said(outcome, FindingCode.NAME_MATCH) == [
        ("Lung_R 2 may be a copy or a part of it by name, and was not used", "Lungs")
    ]
    tight = judged(row("Volume[cc]", "below", 2.5, "Lungs"), compute_dvhs(plan))
    assert tight.reason is Reason.STRUCTURE_AMBIGUOUS  # 2 cc, and 3 cc with it


def test_where_the_user_named_the_structure_no_copy_of_it_is_looked_for_and_another_organs_name_is_said() -> None:
    dvhs = dvh_set(uniform_dvh("Heart"), uniform_dvh("Heart 2"), uniform_dvh("Liver"))
    asked = row(*MEAN, "Heart")
    assert [roi.name for roi in chosen(asked, dvhs).copies] == ["Heart 2"]
    of_user = chosen(asked, dvhs, {"Heart": "Heart"})
    assert (of_user.copies, of_user.findings) == ((), ())
    (finding,) = chosen(asked, dvhs, {"Heart": "Liver"}).findings
    assert finding == Finding(
        code=FindingCode.NAME_MATCH, text="'Liver' was given, which is a name of Liver", subject="Heart"
    )


def test_an_organ_that_might_be_another_structure_is_no_matter_of_several_targets() -> None:
    finding, _ = chosen(row(*MEAN, "Heart"), dvh_set(uniform_dvh("Heart"), uniform_dvh("Herz"))).findings
    text = "matched to Heart; Herz might be Heart as well, and was not evaluated as such"
    assert (finding.code, finding.text) == (FindingCode.NAME_MATCH, text)


def test_an_organ_of_no_given_name_is_missing_with_the_names_that_are_close() -> None:
    near, far = (chosen(row(*MEAN, "Heart"), dvh_set(uniform_dvh(name))).dvh for name in ("Haert", "Xyz"))
    assert near == NotMeasured(reason=Reason.STRUCTURE_MISSING, detail="close names, not matched: Haert")
    assert far == NotMeasured(reason=Reason.STRUCTURE_MISSING, detail="")


def test_a_derived_organ_is_its_own_part_where_it_could_be_computed() -> None:
    made = uniform_dvh("Lungs", number=-1)
    lost = NoDVH(name="Lungs", number=-1, reason=Reason.STRUCTURE_DAMAGED, detail="contour 1")
    asked, left = row(*MEAN, "Lungs"), uniform_dvh("Lung_L")
    computed = chosen(asked, dvh_set(left, made))
    assert (computed.contour, computed.parts, computed.dvh) == ("Lungs", (computed.dvh,), made)
    without = chosen(asked, dvh_set(left, without=(lost,)))
    assert (without.contour, without.parts, without.copies) == ("Lungs", (), ())
    assert without.dvh == NotMeasured(reason=Reason.STRUCTURE_DAMAGED, detail="contour 1")


def test_a_name_may_be_given_to_what_is_derived() -> None:
    plan = plan_of(Kidney_L=-15.0, Kidney_R=5.0)
    outcome = judged(row(*MEAN, "Kidney_Cortex"), compute_dvhs(plan), names={"Kidney_Cortex": "Kidneys"})
    assert (outcome.contour, outcome.verdict) == ("Kidneys", Verdict.PASS)
    assert judged(row(*MEAN, "Kidney_Cortex"), compute_dvhs(plan)).reason is Reason.STRUCTURE_MISSING


@pytest.mark.parametrize(
    ("name", "number", "reason"),
    [
        ("Heart", 1, None),
        ("Heart", 7, None),  # the only one of its name
        ("Niere", 2, None),
        ("Niere", 9, Reason.STRUCTURE_AMBIGUOUS),
        ("Lungs", -1, Reason.UNDEFINED_FOR_STORED_DVH),
        ("Liver", 4, Reason.STRUCTURE_NOT_COMPUTED),
    ],
)
def test_the_dvh_of_another_set_is_found_by_name_and_number(name: str, number: int, reason: Reason | None) -> None:
    other = dvh_set(uniform_dvh("Heart"), uniform_dvh("Niere", dose_gy=7.0), uniform_dvh("Niere", dose_gy=8.0))
    found = dvh_of(name, number, other)
    assert found.name == name
    if reason is None:
        assert isinstance(found, DVH)
        assert name != "Niere" or found.mean_gy.value == 7.0
    else:
        assert isinstance(found, NoDVH)
        assert (found.reason, found.number) == (reason, number)
        assert "2 DVHs" in found.detail or reason is not Reason.STRUCTURE_AMBIGUOUS


def test_structures_keep_their_matches_on_the_dvhs_of_another_set() -> None:
    ours = dvh_set(uniform_dvh("Heart", dose_gy=10.0), uniform_dvh("Lungs", number=-1))
    matches = match_plan(ours, ["Heart", "Liver"])
    structures = plan_structures(ours, matches, Side.LEFT)
    theirs = structures.with_dvhs_of(dvh_set(uniform_dvh("Heart", dose_gy=12.0)))
    assert (theirs.laterality, theirs.matches, theirs.plan) == (Side.LEFT, matches, structures.plan)
    of_heart = theirs.by_organ["Heart"].dvh
    assert isinstance(of_heart, DVH)
    assert of_heart.mean_gy.value == 12.0
    assert isinstance(theirs.derived["Lungs"], NoDVH)
    assert theirs.by_organ["Liver"].is_missing
    assert not theirs.by_organ["Heart"].is_missing


# -------------------------------------------------------------------------------- several targets


def targets_plan(**boxes_mm: float) -> Plan:
    """Boxes of 1 cc by the x where they begin, in a dose that rises by 0.2 Gy a mm from 10 Gy at x = -60 mm."""
    x_mm = np.arange(-60.0, 91.0, 2.0)
    dose = DoseGrid.axial(
        np.broadcast_to(10.0 + 0.2 * (x_mm + 60.0), (20, 24, len(x_mm))),
        origin_mm=(-60.0, -15.0, -20.0),
        spacing_mm=(2.0, 2.0, 3.0),
    )
    structures = [
        Structure(name=name, number=n, kind="PTV" if "PTV" in name else "ORGAN", contours=box(x))
        for n, (name, x) in enumerate(boxes_mm.items(), start=1)
    ]
    return Plan(dose=dose, structures=tuple(structures), prescription=Prescription(dose_gy=20.0, fractions=5))


def test_separate_targets_are_each_judged_and_combined_for_what_is_of_the_plan() -> None:
    plan = targets_plan(PTV_1=-40.0, PTV_2=0.0, PTV_3=40.0)
    dvhs = compute_dvhs(plan)
    each = outcomes(row("Mean[Gy]", "at_least", 20.0, "PTV"), dvhs)
    assert [(one.contour, one.verdict) for one in each] == [
        ("PTV_1", Verdict.FAIL),
        ("PTV_2", Verdict.PASS),
        ("PTV_3", Verdict.PASS),
    ]
    text = "3 separate targets (PTV_1, PTV_2, PTV_3), each evaluated on its own"
    assert all(said(one, FindingCode.SEVERAL_TARGETS) == [(text, "PTV")] for one in each)
    assert all(one.structure is not None and len(one.structure.names) == 1 for one in each)
    count = judged(row(TargetCount(), "at_most", 2.0, "PTV"), dvhs)
    assert isinstance(count.measurement, Measurement)
    assert (count.measurement.value, count.verdict, count.contour) == (3.0, Verdict.FAIL, "PTV_1 + PTV_2 + PTV_3")
    ratio = judged(row("R50%[ratio]", "below", 99.0, "PTV"), dvhs)
    assert ratio.contour == "PTV_1 + PTV_2 + PTV_3"
    assert said(ratio, FindingCode.SEVERAL_TARGETS) == [
        ("3 separate targets (PTV_1, PTV_2, PTV_3), combined for R50%[ratio]", "PTV")
    ]
    assert isinstance(ratio.structure, MatchedStructure)
    assert len(ratio.structure.rules) == 1
    of_rx = judged(row("Rx[Gy]", "at_most", 30.0, "PTV"), dvhs)
    assert (of_rx.verdict, of_rx.contour) == (Verdict.PASS, "PTV_1 + PTV_2 + PTV_3")


def test_limits_by_the_volume_of_the_target_go_by_all_of_them_together() -> None:
    steps = LimitByTargetVolume(steps=(Step(volume_cc=1.5, limit=15.0), Step(volume_cc=2.5, limit=25.0)))
    plan = targets_plan(PTV_1=-40.0, PTV_2=0.0, Heart=60.0)
    outcome = judged(row("Mean[Gy]", "below", steps, "Heart"), compute_dvhs(plan))
    assert outcome.limit_used == pytest.approx(20.0)
    assert "PTV of 2 cc" in outcome.detail


def test_targets_of_several_levels_may_have_prescriptions_of_their_own() -> None:
    for names, is_said in (
        (("PTV_5000", "PTV_4000"), True),
        (("PTV_5000", "PTV2_5000"), False),
        (("PTV_1", "PTV_2"), False),
    ):
        dvhs = compute_dvhs(targets_plan(**{names[0]: -40.0, names[1]: 0.0}))
        for metric, of_prescription in (("D95%[%Rx]", True), ("D95%[Gy]", False), ("R50%[ratio]", True)):
            for one in outcomes(row(metric, "at_least", 1.0, "PTV"), dvhs):
                found = said(one, FindingCode.SEVERAL_PRESCRIPTIONS)
                assert [subject for _, subject in found] == (["PTV"] if is_said and of_prescription else [])
    stated = Finding(code=FindingCode.SEVERAL_PRESCRIPTIONS, text="two")
    dvhs = replace(compute_dvhs(targets_plan(PTV_1=-40.0, PTV_2=0.0)), findings=(stated,))
    for one in outcomes(row("V100%Rx[%]", "at_least", 1.0, "PTV"), dvhs):
        assert len(said(one, FindingCode.SEVERAL_PRESCRIPTIONS)) == 1
    single = replace(compute_dvhs(targets_plan(PTV=-40.0)), findings=(stated,))
    assert said(judged(row("V100%Rx[%]", "at_least", 1.0, "PTV"), single), FindingCode.SEVERAL_PRESCRIPTIONS) == []
    organ = judged(
        row("V100%Rx[%]", "below", 1.0, "Heart"), compute_dvhs(targets_plan(PTV_4000=-40.0, PTV_5000=0.0, Heart=60.0))
    )
    assert said(organ, FindingCode.SEVERAL_PRESCRIPTIONS) == []


def test_parts_of_one_target_that_do_not_touch_may_be_several() -> None:
    plan = targets_plan(PTV=-40.0)
    loops = [[[x, 0, z], [x + 10, 0, z], [x + 10, 10, z], [x, 10, z]] for x in (-40, 20) for z in (0, 2, 4, 6, 8)]
    both = replace(plan.structures[0], contours=Contours.of(*loops))
    for structure, parts in ((plan.structures[0], 1.0), (both, 2.0)):
        dvhs = compute_dvhs(replace(plan, structures=(structure,)))
        outcome = judged(row(TargetCount(), "at_most", 1.0, "PTV"), dvhs)
        assert isinstance(outcome.measurement, Measurement)
        assert (outcome.measurement.value, outcome.measurement.high) == (1.0, parts)
        assert outcome.borderline is (parts == 2.0)
        found = said(outcome, FindingCode.SEVERAL_TARGETS)
        assert [subject for _, subject in found] == (["PTV"] if parts == 2.0 else [])
        assert all("PTV has 2 parts" in text for text, _ in found)


def test_targets_that_are_not_clearly_apart_are_not_counted() -> None:
    dvhs = dvh_set(uniform_dvh("PTV"), uniform_dvh("PTV_boost"))
    outcome = judged(row(TargetCount(), "at_most", 2.0, "PTV"), dvhs)
    assert outcome.reason is Reason.STRUCTURE_AMBIGUOUS
    assert "PTV, PTV_boost" in outcome.detail
    assert judged(row(TargetCount(), "at_most", 2.0, "PTV"), dvh_set(uniform_dvh("PTV"))).verdict is Verdict.PASS


def test_a_separate_target_without_a_dvh_leaves_all_together_without_one() -> None:
    plan = targets_plan(PTV_1=-40.0, PTV_2=0.0)
    dvhs = compute_dvhs(plan)
    damaged = NoDVH(name="PTV_2", number=2, reason=Reason.STRUCTURE_DAMAGED, detail="contour 1")
    lost = replace(dvhs, dvhs=dvhs.dvhs[:1], without=(damaged,))
    ratio = judged(row("R50%[ratio]", "below", 99.0, "PTV"), lost)
    assert (ratio.reason, ratio.contour) == (Reason.STRUCTURE_DAMAGED, "PTV_1 + PTV_2")
    first, second = outcomes(row("Mean[Gy]", "at_least", 1.0, "PTV"), lost)
    assert (first.verdict, second.reason) == (Verdict.PASS, Reason.STRUCTURE_DAMAGED)


def test_of_separate_targets_one_without_a_dvh_leaves_none_to_be_combined() -> None:
    def target(name: str, dvh: DVH | NotMeasured) -> MatchedDvh:
        structure = MatchedStructure(names=(name,), rules=(Rule.KIND,))
        return MatchedDvh(organ="PTV", structure=structure, dvh=dvh, parts=(dvh,) if isinstance(dvh, DVH) else ())

    one, two = (target(name, uniform_dvh(name, number=n)) for n, name in enumerate(("PTV_1", "PTV_2")))
    together = _combine_targets("PTV", [one, two])
    assert (together.dvh, together.parts, together.target_count) == (one.dvh, (one.dvh, two.dvh), 2)
    lost = NotMeasured(reason=Reason.STRUCTURE_DAMAGED, detail="contour 1")
    without = _combine_targets("PTV", [one, two, target("PTV_3", lost)])
    assert (without.dvh, without.parts, without.target_count) == (lost, (), 3)
    assert without.contour == "PTV_1 + PTV_2 + PTV_3"


def test_a_target_that_its_name_does_not_make_one_is_one_by_its_kind() -> None:
    matches = match_plan(dvh_set(uniform_dvh("PTV"), uniform_dvh("Heart")), ["PTV"])
    rules = {roi.name: _rule_of_target("PTV", roi, matches) for roi in matches.structures}
    assert rules == {"PTV": Rule.EXACT, "Heart": Rule.KIND}


def test_a_row_on_one_side_is_on_the_organ_of_that_side() -> None:
    dvhs = dvh_set(uniform_dvh("Kidney_L"), uniform_dvh("Kidney_R"))
    for side, name in ((RowSide.IPSILATERAL, "Kidney_L"), (RowSide.CONTRALATERAL, "Kidney_R")):
        asked = row(*MEAN, "Kidney_L", "Kidney_R", side=side)
        assert chosen(asked, dvhs, laterality=Side.LEFT).structure_names == (name,)


# -------------------------------------------------------------------------------- unions, and the first of several


def test_a_union_names_its_parts_rules_and_what_it_lacks() -> None:
    of = ("Trachea", "Bronchus_Main", "Carina")
    without = NoDVH(name="Carina", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="")
    dvhs = dvh_set(uniform_dvh("Trachea", dose_gy=40.0), uniform_dvh("Bronchi"), without=(without,))
    outcome = judged(row("Max[Gy]", "below", 30.0, *of, select=Select.UNION), dvhs)
    assert outcome.organ == "Trachea + Bronchus_Main + Carina"
    assert (outcome.contour, outcome.verdict) == ("Trachea", Verdict.FAIL)
    assert outcome.lacking == ("Bronchus_Main (is Bronchi it?)", "Carina (structure damaged)")
    assert outcome.probable == ("Bronchi",)
    ((text, subject),) = said(outcome, FindingCode.DERIVED_STRUCTURE)
    assert "was evaluated without Bronchus_Main (is Bronchi it?), Carina (structure damaged)" in text
    assert subject == "Trachea"


def test_a_part_that_the_plan_does_not_have_lacks_by_its_name_alone() -> None:
    asked = row("Max[Gy]", "below", 30.0, "Trachea", "Carina", select=Select.UNION)
    union = chosen(asked, dvh_set(uniform_dvh("Trachea")))
    assert union.lacking == ("Carina",)
    assert union.findings[0].text == "Trachea + Carina was evaluated without Carina"


def test_an_optional_part_may_lack_only_where_the_plan_has_nothing_of_it() -> None:
    of = {"select": Select.UNION, "optional": ("Carina",)}
    asked = row("Max[Gy]", "below", 30.0, "Trachea", "Carina", **of)
    trachea = uniform_dvh("Trachea", dose_gy=10.0)
    empty = NoDVH(name="Carina", number=9, reason=Reason.STRUCTURE_EMPTY, detail="")
    damaged = replace(empty, reason=Reason.STRUCTURE_DAMAGED)
    assert judged(asked, dvh_set(trachea)).lacking == ()
    assert judged(asked, dvh_set(trachea, without=(empty,))).lacking == ()  # nobody contoured it
    assert judged(asked, dvh_set(trachea, without=(damaged,))).lacking == ("Carina (structure damaged)",)
    assert judged(asked, dvh_set(trachea, uniform_dvh("Carina_PRV"))).lacking == ("Carina (is Carina_PRV it?)",)


def test_a_union_of_which_no_part_was_measured_says_why_of_one_that_is_there() -> None:
    damaged = NoDVH(name="Bronchus_Main", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="contour 2")
    asked = row("Max[Gy]", "below", 30.0, "Trachea", "Bronchus_Main", select=Select.UNION)
    outcome = judged(asked, dvh_set(uniform_dvh("Heart"), without=(damaged,)))
    assert (outcome.reason, outcome.detail) == (Reason.STRUCTURE_DAMAGED, "contour 2")
    assert (outcome.organ, outcome.contour) == ("Trachea + Bronchus_Main", "Bronchus_Main")


def test_two_parts_that_are_one_structure_are_one() -> None:
    plan = plan_of(Airway=0.0)
    asked = row("Volume[cc]", "below", 30.0, "Trachea", "Bronchus_Main", select=Select.UNION)
    outcome = judged(asked, compute_dvhs(plan), names={"Trachea": "Airway", "Bronchus_Main": "Airway"})
    assert (outcome.contour, outcome.lacking) == ("Airway", ())
    assert isinstance(outcome.measurement, Measurement)
    assert outcome.measurement.value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("there", "contour", "instead"),
    [
        (("Liver-GTV", "Liver"), "Liver-GTV", None),
        (("Liver",), "Liver", "the plan has no Liver-GTV: Liver was used"),
        (("Liver-GTV_old", "Liver"), "", None),  # which probably is it: the question stays
        (("liver-gtv", "LIVER-GTV", "Liver"), "", None),
    ],
)
def test_the_first_of_several_is_passed_over_only_where_the_plan_has_none(
    there: tuple[str, ...], contour: str, instead: str | None
) -> None:
    asked = row(*MEAN, "Liver-GTV", "Liver", select=Select.FIRST)
    outcome = judged(asked, dvh_set(*map(uniform_dvh, there)))
    assert outcome.contour == contour
    texts = [text for text, _ in said(outcome, FindingCode.NAME_MATCH)]
    assert texts == ([instead] if instead else [])
    assert outcome.verdict is (Verdict.PASS if contour else Verdict.NOT_EVALUATED)


def test_what_was_used_instead_is_told_by_its_name_in_the_plan_or_as_the_organ_where_it_is_ambiguous() -> None:
    asked = row(*MEAN, "Liver-GTV", "Liver", select=Select.FIRST)
    for names, used in ((("Leber",), "Leber"), (("liver", "LIVER"), "Liver")):
        matched = chosen(asked, dvh_set(*map(uniform_dvh, names)))
        assert matched.findings[0].text == f"the plan has no Liver-GTV: {used} was used"


def test_of_choices_that_are_all_missing_each_is_named() -> None:
    choices = (Choice(structures=("Trachea", "Carina"), optional=("Carina",)), Choice(structures=("Bronchus_Main",)))
    asked = row(*MEAN, "Trachea", "Carina", "Bronchus_Main", select=Select.FIRST, choices=choices)
    outcome = judged(asked, dvh_set(uniform_dvh("Heart")))
    assert (outcome.organ, outcome.reason) == ("Trachea or Bronchus_Main", Reason.STRUCTURE_MISSING)
    only_optional = judged(asked, dvh_set(uniform_dvh("Carina"), uniform_dvh("Bronchus_Main")))
    assert only_optional.contour == "Bronchus_Main"
    both = compute_dvhs(plan_of(Trachea=0.0, Carina=5.0))
    assert judged(asked, both).contour == "Trachea + Carina"


# -------------------------------------------------------------------------------- which DVHs are needed

THREE = plan_of(PTV=-15.0, Heart=5.0, Liver=20.0)
OPTIONS = CheckOptions()


def test_what_organs_need_is_computed_and_targets_where_a_check_asks() -> None:
    matches = match_plan(THREE, ["Heart", "Stomach"])
    assert [dvh.name for dvh in dvhs_for_organs(THREE, matches, OPTIONS)] == ["Heart"]
    assert [dvh.name for dvh in dvhs_for_matches(THREE, matches, OPTIONS)] == ["PTV", "Heart"]
    stored = dvh_set(uniform_dvh("Liver"))
    assert dvhs_for_matches(stored, matches, OPTIONS) is stored


def test_structures_are_chosen_by_their_names_or_all_and_derived_ones_too() -> None:
    assert [dvh.name for dvh in dvhs_of_structures(THREE, ["Liver"], OPTIONS)] == ["Liver"]
    assert {dvh.name for dvh in dvhs_of_structures(THREE, None, OPTIONS)} == {"PTV", "Heart", "Liver"}
    lungs = plan_of(Lung_L=-15.0, Lung_R=5.0)
    assert [dvh.name for dvh in dvhs_of_structures(lungs, ["Lungs"], OPTIONS)] == ["Lungs"]
    with pytest.raises(InputError, match="the plan has no structure Hart, Livr") as refused:
        dvhs_of_structures(THREE, ["Livr", "Hart", "Heart"], OPTIONS)
    assert "Heart" in refused.value.hint


def test_dvhs_that_were_read_are_chosen_by_their_names() -> None:
    without = tuple(NoDVH(name=name, number=9, reason=Reason.STRUCTURE_EMPTY, detail="") for name in ("Ring", "Skin"))
    stored = dvh_set(uniform_dvh("Heart"), uniform_dvh("Liver"), without=without)
    chosen = dvhs_of_structures(stored, ["Liver", "Skin"], OPTIONS)
    assert ([one.name for one in chosen.dvhs], [one.name for one in chosen.without]) == (["Liver"], ["Skin"])
    every = dvhs_of_structures(stored, None, OPTIONS)
    assert (len(every.dvhs), len(every.without)) == (2, 2)
    with pytest.raises(InputError, match="no structure Lungs"):
        dvhs_of_structures(stored, ["Lungs"], OPTIONS)


def test_the_names_of_a_plan_are_those_that_a_check_uses() -> None:
    tables = [table(row(*MEAN, "Heart"), row(*MEAN, "Stomach", id="stomach"))]
    shown = names_of_plan(tables, THREE, {"Stomach": "Liver"})
    assert [(one.organ, one.rows, one.given_name) for one in shown.organs] == [
        ("Heart", ("test-table/row",), None),
        ("Stomach", ("test-table/stomach",), "Liver"),
    ]
    assert [roi.name for roi in shown.unused] == ["PTV"]
    report = report_on(tables, compute_dvhs(THREE), names={"Stomach": "Liver"})
    assert report.names == shown


def test_organs_of_tables_are_those_of_their_rows_and_the_target_of_their_limits() -> None:
    steps = LimitByTargetVolume(steps=(Step(volume_cc=1.0, limit=1.0),))
    first = table(row(*MEAN, "Heart", "Liver"), row(*MEAN, "Heart"))
    second = table(row("Mean[Gy]", "below", steps, "Skin"), row("Mean[Gy]", "below", steps, "PTV"))
    assert organs_of([first]) == ("Heart", "Liver")
    assert organs_of([first, second]) == ("Heart", "Liver", "Skin", "PTV")


# -------------------------------------------------------------------------------- what was chosen


def report_for(rx: Prescription) -> Report:
    return report_on(table(row(*MEAN)), dvh_set(uniform_dvh(), rx=rx))


def test_a_choice_changes_no_verdict_and_another_schedule_is_said_first() -> None:
    profile = next(one for one in load_profiles().profiles if one.fractions == 5)
    left_out = (TableLeftOut(id="other", site="lung", fractions=(3,), why=WhyLeftOut.FRACTIONS),)
    choice = TableChoice(tables=(), left_out=left_out)
    rx = Prescription(dose_gy=profile.dose_gy, fractions=5)
    other = replace(rx, dose_gy=profile.dose_gy + 1.0)
    for of, given, texts in ((rx, profile, 0), (rx, None, 0), (other, None, 0), (other, profile, 1)):
        report = report_for(of)
        chosen = with_choice(report, choice, given)
        assert (chosen.left_out, chosen.profile, chosen.verdict) == (left_out, given, report.verdict)
        assert chosen.findings[texts:] == report.findings
        assert [one.code for one in chosen.findings[:texts]] == [FindingCode.OTHER_SCHEDULE] * texts
    assert f"{profile.dose_gy + 1.0:g} Gy in 5 fractions" in chosen.findings[0].text
    assert profile.schedule in chosen.findings[0].text


# -------------------------------------------------------------------------------- organs that a source prints together


PERICARDIUM = [
    ("Heart/pericardium", "Pericardium", {}, Verdict.REVIEW),
    ("Heart and pericardium", "PERICARDIUM", {}, Verdict.REVIEW),
    ("Heart & Pericardium", "Pericardium", {}, Verdict.REVIEW),
    ("Heart + esophagus", "Oesophagus", {}, Verdict.REVIEW),
    ("Heart", "Pericardium", {}, Verdict.PASS),  # another organ, which the row is not on
    ("", "Pericardium", {}, Verdict.PASS),
    ("Heart/pericardium", "Esophagus", {}, Verdict.PASS),
    ("Heart/pericardium", "Pericardium_ring", {}, Verdict.PASS),
    ("Heart, not the pericardium", "Pericardium", {}, Verdict.PASS),
    ("Lungs/pericardium", "Pericardium", {}, Verdict.PASS),  # a text that is on none of the row's organs
    ("Heart/pericardium", "Pericardium", {"Heart": "Heart"}, Verdict.PASS),  # the user chose
]


@pytest.mark.parametrize(("printed", "name", "names", "expected"), PERICARDIUM)
def test_an_organ_printed_together_with_that_of_the_row_may_be_meant_too(
    printed: str, name: str, names: dict[str, str], expected: Verdict
) -> None:
    limits = table(row("D1cc[Gy]", "below", 30.0, "Heart", organ=printed))
    dvhs = dvh_set(uniform_dvh("Heart", dose_gy=10.0), uniform_dvh(name, dose_gy=54.0))
    assert report_on(limits, dvhs, names=names).verdict is expected
    cooler = dvh_set(uniform_dvh("Heart", dose_gy=10.0), uniform_dvh(name, dose_gy=9.0))
    report = report_on(limits, cooler, names=names)
    assert report.verdict is Verdict.PASS
    texts = [text for text, _ in said(report.outcomes[0], FindingCode.NAME_MATCH)]
    is_told = expected is Verdict.REVIEW
    assert texts == ([f"the table prints '{printed}', and is judged on Heart without {name}"] if is_told else [])


def test_what_is_printed_together_is_looked_for_among_contoured_structures_and_joins_the_copies() -> None:
    empty = NoDVH(name="PERICARDIUM", number=9, reason=Reason.STRUCTURE_EMPTY, detail="")
    names = ("Heart", "Pericardium", "Liver", "Esophagus")
    dvhs = dvh_set(*map(uniform_dvh, names), without=(empty,))

    def beside(printed: str, **given: str) -> MatchedDvh:
        return chosen(row(*MEAN, "Heart", organ=printed), dvhs, given)

    together = beside("Heart/pericardium")
    assert [roi.name for roi in together.copies] == ["Pericardium"]
    text = "the table prints 'Heart/pericardium', and is judged on Heart without Pericardium"
    assert [(one.code, one.text, one.subject) for one in together.findings] == [
        (FindingCode.NAME_MATCH, text, "Heart"),
    ]
    both = beside("Pericardium/heart/esophagus")
    assert [roi.name for roi in both.copies] == ["Esophagus", "Pericardium"]
    assert both.findings[0].text.endswith("without Esophagus, Pericardium")
    of_others, is_given = beside("Liver/pericardium"), beside("Heart/pericardium", Heart="Heart")
    assert (of_others.copies, of_others.findings) == (is_given.copies, is_given.findings) == ((), ())


def test_what_lies_inside_the_organ_of_the_row_is_no_other_organ_printed_together() -> None:
    limits = row("D1cc[Gy]", "below", 30.0, "Bowel", organ="Bowel/ileum")
    dvhs = dvh_set(uniform_dvh("Bowel", dose_gy=10.0), uniform_dvh("Ileum", dose_gy=9.0))
    assert said(judged(limits, dvhs), FindingCode.NAME_MATCH) == []

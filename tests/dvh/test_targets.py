"""Several targets: each its own coverage, one union for the plan; and never one of them by a guess."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phantom
from dicom_files import contour, dose, set_raw, square, structure_set, write_plan
from dicom_files import plan as files_plan
from dvh_builders import report_on, row, table
from sbrtcheck import check
from sbrtcheck.dicom import load_plan
from sbrtcheck.dvh import DVH, Reason, compute_dvhs, roi_name_of, roi_names, roi_names_of, separate_targets
from sbrtcheck.metric import Measurement
from sbrtcheck.metric.plan_indices import measure_index
from sbrtcheck.plan import Finding, FindingCode, Plan, Prescription, Structure
from sbrtcheck.results import Outcome, Verdict
from sbrtcheck.structure_names import Rule, is_whole_target
from sbrtcheck.tables import Constraint, LimitByTargetVolume, Select, Step
from solids import grid, plan, ring, structure


def ball(name: str, x: float, *, z: float = 0.0, radius: float = 6.0, kind: str = "PTV", number: int = 1) -> Structure:
    loops = [ring(float(np.sqrt(radius**2 - h**2)), z + h, centre=(x, 0.0)) for h in np.arange(-4.0, 5.0, 2.0)]
    return structure(name, *loops, kind=kind, number=number)


def several(*structures: Structure, left_gy: float = 40.0, right_gy: float = 40.0) -> Plan:
    """A peak of dose at x = -25 and one at x = 25 mm."""

    def dose(x, y, z):  # type: ignore[no-untyped-def]
        across = y**2 + z**2
        left, right = (np.exp(-((x - at) ** 2 + across) / (2 * 12.0**2)) for at in (-25.0, 25.0))
        return left_gy * left + right_gy * right

    numbered = tuple(replace(s, number=n) for n, s in enumerate(structures, start=1))
    return plan(grid(dose, half_mm=57.0, spacing_mm=3.0), *numbered, dose_gy=30.0)


LEFT, RIGHT = ball("PTV1", -25.0), ball("PTV2", 25.0)
TWO = several(LEFT, RIGHT)


def judged(of: Plan, *rows: Constraint, names: dict[str, str] | None = None) -> list[Outcome]:
    return list(report_on(table(*rows), compute_dvhs(of, names=names), names=names).outcomes)


def coverage(*structures: str, **fields: object) -> Constraint:
    return row("V100%Rx[%]", "at_least", 95, *(structures or ("PTV",)), **fields)


# -------------------------------------------------------------------------------- which are separate


def names_of(of: Plan, kind: str = "PTV", names: dict[str, str] | None = None) -> list[str]:
    return [roi.name for roi in separate_targets(of, kind, names)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("PTV1", "PTV2"), ("PTV_5000", "PTV_4500"), ("PTV", "PTV 2"), ("PTV upper lobe", "PTV lower lobe")],
)
def test_targets_apart_from_one_another_are_separate_by_name_or_type(one: str, other: str) -> None:
    assert sorted(names_of(several(ball(one, -25.0), ball(other, 25.0)))) == sorted([one, other])


@pytest.mark.parametrize("other", ["PTV_eval", "PTV_opt", "PTV-Lung", "PTV_ring", "PTV sub", "PTV+GTV", "PTV-5mm"])
def test_a_part_a_helper_or_a_boolean_is_never_one_of_several_targets(other: str) -> None:
    assert names_of(several(LEFT, ball(other, 25.0))) == []


@pytest.mark.parametrize("x", [-25.0, -16.0, -9.0])
def test_targets_inside_or_beside_one_another_are_not_clearly_separate(x: float) -> None:
    assert names_of(several(LEFT, ball("PTV2", x))) == []


def test_a_helper_far_away_changes_nothing_and_what_may_be_a_target_leaves_all_untold() -> None:
    far = {"x": 0.0, "z": 40.0}
    assert names_of(several(LEFT, RIGHT, ball("PTV_eval", **far))) == ["PTV1", "PTV2"]
    assert names_of(several(LEFT, RIGHT, ball("PTV final", **far, kind=""))) == []


def test_one_of_three_too_near_to_another_leaves_all_untold() -> None:
    assert names_of(several(LEFT, RIGHT, ball("PTV3", 30.0))) == []


def test_targets_above_one_another_are_separate_once_their_slabs_cannot_touch() -> None:
    assert len(names_of(several(LEFT, ball("PTV2", -25.0, z=14.0)))) == 2  # contours from 4 to 10 mm
    assert names_of(several(LEFT, ball("PTV2", -25.0, z=11.0))) == []


def test_a_target_without_contours_is_nowhere_and_so_not_separate() -> None:
    assert names_of(several(LEFT, structure("PTV2", kind="PTV"))) == []


def test_a_target_without_contours_does_not_keep_two_others_from_being_separate() -> None:
    assert names_of(several(LEFT, RIGHT, structure("PTV", kind="PTV"))) == ["PTV1", "PTV2"]


def test_matching_is_told_which_structures_have_contours_in_memory_and_in_files(tmp_path: Path) -> None:
    of = several(LEFT, structure("PTV2", kind="PTV"))
    assert [roi.contoured for roi in roi_names_of(of)] == [True, False]
    assert roi_names_of(of) == tuple(map(roi_name_of, of.structures)) == roi_names(compute_dvhs(of))
    damaged = square(-24.0)
    set_raw(damaged, "ContourData", "1\\2\\nought")
    rois = [
        (1, "Heart", "ORGAN", [square(-24.0), square(-21.0)]),
        (2, "Liver", "ORGAN", []),
        (3, "Cord", "ORGAN", [contour([(0, 0, -24)], "POINT")]),
        (4, "Spleen", "ORGAN", [damaged]),
    ]
    loaded = load_plan(write_plan(tmp_path, dose(), files_plan(), structure_set(rois=rois)))
    assert {roi.name: roi.contoured for roi in roi_names_of(loaded)} == {
        "Heart": True,
        "Liver": False,
        "Cord": False,
        "Spleen": True,
    }


def test_two_structures_of_one_name_are_judged_on_the_contoured_one() -> None:
    cord, other = ring(6.0, 0.0, centre=(0.0, 0.0)), ring(6.0, 3.0, centre=(0.0, 0.0))
    of = several(structure("SpinalCord"), LEFT, structure("SpinalCord", cord, other))
    (outcome,) = judged(of, row("Mean[Gy]", "below", 50, "SpinalCord"))
    assert (outcome.contour, outcome.verdict) == ("SpinalCord", Verdict.PASS)


def test_a_stored_dvh_set_tells_which_structures_are_empty() -> None:
    full = compute_dvhs(several(LEFT, structure("PTV2", kind="PTV")))
    assert [(roi.name, roi.contoured) for roi in roi_names(replace(full, plan=None))] == [
        ("PTV1", True),
        ("PTV2", False),
    ]


def test_one_target_or_one_that_the_user_named_is_not_several() -> None:
    assert names_of(several(LEFT)) == []
    assert names_of(TWO, names={"PTV": "PTV2"}) == []


def test_targets_of_another_kind_do_not_count() -> None:
    of = several(LEFT, ball("GTV_a", -25.0, radius=4.2, kind="GTV"), RIGHT, ball("GTV_b", 25.0, radius=4.2, kind="GTV"))
    assert names_of(of) == ["PTV1", "PTV2"]
    assert names_of(of, "GTV") == ["GTV_a", "GTV_b"]


def test_the_order_of_structures_does_not_matter() -> None:
    three = (LEFT, RIGHT, ball("PTV3", 0.0, z=30.0))
    assert {tuple(names_of(several(*order))) for order in permutations(three)} == {("PTV1", "PTV2", "PTV3")}


@given(st.text(max_size=12))
def test_a_name_with_an_operator_behind_it_is_no_whole_target(rest: str) -> None:
    assert not is_whole_target(f"PTV-{rest}")
    assert not is_whole_target(f"PTV {rest}^GTV")


# -------------------------------------------------------------------------------- rows


def test_each_target_has_its_own_coverage_row() -> None:
    one, two = judged(several(LEFT, RIGHT, right_gy=31.0), coverage())
    assert [(o.organ, o.contour, o.rule) for o in (one, two)] == [
        ("PTV", "PTV1", Rule.KIND),
        ("PTV", "PTV2", Rule.KIND),
    ]
    assert (one.verdict, two.verdict) == (Verdict.PASS, Verdict.FAIL)
    texts = {f.text for o in (one, two) for f in o.findings if f.code is FindingCode.SEVERAL_TARGETS}
    assert texts == {"2 separate targets (PTV1, PTV2), each evaluated on its own"}


def test_a_target_named_exactly_does_not_hide_the_other_one() -> None:
    outcomes = judged(several(ball("PTV", -25.0), RIGHT, right_gy=20.0), coverage())
    assert [(o.contour, o.verdict) for o in outcomes] == [("PTV", Verdict.PASS), ("PTV2", Verdict.FAIL)]


def test_the_whole_plan_is_judged_on_the_union_of_all_targets() -> None:
    (outcome,) = judged(TWO, row("R50%[ratio]", "below", 99, "PTV"))
    dvhs = compute_dvhs(TWO)
    both = dvhs.union([dvhs["PTV1"], dvhs["PTV2"]])
    assert isinstance(both, DVH)
    assert outcome.measurement == measure_index("R50%[ratio]", dvhs, both)
    assert outcome.contour == "PTV1 + PTV2"
    assert {"PTV: 2 separate targets (PTV1, PTV2), combined for R50%[ratio]"} <= {
        f"{f.subject}: {f.text}" for f in outcome.findings
    }


def test_no_place_within_2_cm_of_any_target_counts_for_the_dose_2_cm_away() -> None:
    (outcome,) = judged(TWO, row("D2cm[Gy]", "below", 99, "PTV"))
    assert isinstance(outcome.measurement, Measurement)
    alone = measure_index("D2cm[Gy]", compute_dvhs(TWO), "PTV1")
    assert isinstance(alone, Measurement)
    assert alone.value == pytest.approx(40.0, rel=0.02)  # the other peak
    assert outcome.measurement.value < 10.0


def test_limits_by_target_volume_go_by_all_targets_together() -> None:
    steps = (Step(volume_cc=0.1, limit=10), Step(volume_cc=50, limit=10))
    organ = ball("Heart", 0.0, z=30.0, kind="ORGAN")
    (outcome,) = judged(
        several(LEFT, RIGHT, organ), row("Mean[Gy]", "below", LimitByTargetVolume(steps=steps), "Heart")
    )
    whole = sum(compute_dvhs(TWO)[name].volume for name in ("PTV1", "PTV2"))
    assert outcome.detail == f"limit for a PTV of {whole:.4g} cc (PTV1 + PTV2)"


def test_limits_by_target_volume_go_by_the_target_of_the_exact_name_where_others_are_like_it() -> None:
    steps = (Step(volume_cc=0.1, limit=10), Step(volume_cc=50, limit=10))
    of = several(ball("PTV", -25.0), ball("PTV_eval", -25.0, radius=5.0), ball("Heart", 0.0, z=30.0, kind="ORGAN"))
    (outcome,) = judged(of, row("Mean[Gy]", "below", LimitByTargetVolume(steps=steps), "Heart"))
    assert outcome.detail.endswith("cc (PTV)")


def test_targets_that_are_not_clearly_separate_stay_ambiguous() -> None:
    (outcome,) = judged(several(LEFT, ball("PTV2", -20.0)), coverage())
    assert outcome.verdict is Verdict.NOT_EVALUATED
    assert outcome.reason is Reason.STRUCTURE_AMBIGUOUS
    assert (
        outcome.detail
        == "candidates: PTV1, PTV2; say which in a names file, by its name or its number, like PTV: 'ROI 6'"
    )


def test_a_target_taken_by_its_exact_name_names_the_others_of_its_kind() -> None:
    (outcome,) = judged(several(ball("PTV", -25.0), ball("PTV_final", -25.0, radius=5.0)), coverage())
    assert outcome.contour == "PTV"
    (said,) = (f for f in outcome.findings if f.code is FindingCode.SEVERAL_TARGETS)
    assert said.text == "matched to PTV; PTV_final might be PTV as well, and was not evaluated as such"


def test_the_user_names_one_of_several_targets() -> None:
    (outcome,) = judged(TWO, coverage(), names={"PTV": "PTV2"})
    assert (outcome.contour, outcome.rule) == ("PTV2", Rule.GIVEN)


def test_of_the_first_kind_of_target_the_plan_has_each_is_judged() -> None:
    of = several(ball("GTV 1", -25.0, kind="GTV"), ball("GTV 2", 25.0, kind="GTV"))
    outcomes = judged(of, coverage("ITV", "GTV", "CTV", select=Select.FIRST))
    assert [(o.organ, o.contour) for o in outcomes] == [("GTV", "GTV 1"), ("GTV", "GTV 2")]
    assert all(f"the plan has no ITV: {o.contour} was used" in {f.text for f in o.findings} for o in outcomes)


def test_when_no_kind_of_target_is_there_all_are_named() -> None:
    (outcome,) = judged(several(ball("Heart", 0.0, kind="ORGAN")), coverage("ITV", "GTV", select=Select.FIRST))
    assert outcome.organ == "ITV or GTV"
    assert outcome.reason is Reason.STRUCTURE_MISSING


# -------------------------------------------------------------------------------- prescriptions


@pytest.mark.parametrize(
    ("names", "said"), [(("PTV_3000", "PTV_2500"), True), (("PTV_3000", "PTV2_3000"), False), (("PTV1", "PTV2"), False)]
)
def test_targets_whose_names_state_other_doses_share_one_prescription_and_the_report_says_so(
    names: tuple[str, str], *, said: bool
) -> None:
    rows = coverage(), row("Mean[Gy]", "above", 5, "PTV")
    outcomes = judged(several(*(ball(name, x) for name, x in zip(names, (-25.0, 25.0), strict=True))), *rows)
    told = [FindingCode.SEVERAL_PRESCRIPTIONS in {f.code for f in o.findings} for o in outcomes]
    assert told == [said, said, False, False]  # not on rows in Gy


def test_several_prescriptions_of_the_plan_are_said_again_on_each_row_in_percent_of_one() -> None:
    several_stated = Finding(code=FindingCode.SEVERAL_PRESCRIPTIONS, text="the RTPLAN prescribes 30 Gy, 25 Gy")
    outcomes = judged(replace(TWO, findings=(several_stated,)), coverage())
    assert all(FindingCode.SEVERAL_PRESCRIPTIONS in {f.code for f in o.findings} for o in outcomes)


# -------------------------------------------------------------------------------- counting


def count(of: Plan, limit: float = 3) -> Outcome:
    (outcome,) = judged(of, row("Targets[count]", "at_most", limit, "PTV"))
    return outcome


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 5))
def test_separate_targets_are_counted(number: int) -> None:
    balls = [ball(f"PTV{n}", -40.0 + 20 * n, radius=5.0) for n in range(number)]
    outcome = count(several(*balls))
    assert outcome.measurement == Measurement(
        value=number, low=number, high=number, unit=outcome.constraint.metric.unit
    )
    assert outcome.verdict is (Verdict.PASS if number <= 3 else Verdict.FAIL)
    assert not outcome.conventions


def test_targets_that_are_not_clearly_separate_are_not_counted() -> None:
    for pair in ((LEFT, ball("PTV2", -20.0)), (ball("PTV", -25.0), ball("PTV_final", -25.0))):
        outcome = count(several(*pair))
        assert outcome.reason is Reason.STRUCTURE_AMBIGUOUS
        assert pair[1].name in outcome.detail


def test_one_structure_of_several_parts_may_be_as_many_targets() -> None:
    parts = [loop for x in (-30.0, 0.0, 30.0) for loop in (ring(4.0, z, centre=(x, 0.0)) for z in (0.0, 2.0, 4.0))]
    outcome = count(several(structure("PTV", *parts, kind="PTV")), limit=2)
    assert isinstance(outcome.measurement, Measurement)
    assert (outcome.measurement.value, outcome.measurement.high) == (1, 3)
    assert outcome.borderline
    assert "PTV has 3 parts that do not touch: each could be a target of its own" in {f.text for f in outcome.findings}


def test_no_target_is_missing_and_not_zero() -> None:
    assert count(several(ball("Heart", 0.0, kind="ORGAN"))).reason is Reason.STRUCTURE_MISSING


def test_the_prescription_of_several_targets_is_judged_once() -> None:
    (outcome,) = judged(TWO, row("RxBED10[Gy]", "above", 100, "PTV"))
    assert outcome.contour == "PTV1 + PTV2"
    assert outcome.measurement == Measurement(value=48.0, low=48.0, high=48.0, unit=outcome.constraint.metric.unit)
    assert TWO.prescription == Prescription(dose_gy=30.0, fractions=5)


# -------------------------------------------------------------------------------- from files


def test_every_separate_target_of_a_plan_on_disk_is_computed_and_checked(tmp_path: Path) -> None:
    structures = [
        phantom.PhantomStructure(name=name, kind="PTV", contours_mm=phantom.sphere((x, 0.0, 0.0), 8.0))
        for name, x in (("PTV_3000", -30.0), ("PTV_2500", 30.0), ("PTV_c", 0.0))
    ]
    structures[2] = replace(structures[2], contours_mm=phantom.sphere((0.0, 40.0, 0.0), 8.0))
    dose = phantom.dose_around(structures, phantom.uniform_dose(31.0), margin_mm=30.0)
    rx = phantom.PhantomPrescription(dose_gy=30.0, fractions=5)
    folder = phantom.write_plan(tmp_path / "plan", structures=structures, dose=dose, prescription=rx)
    rows = coverage(), row("D2cm[Gy]", "below", 40, "PTV"), row("Targets[count]", "at_most", 3, "PTV")
    report = check(folder, table(*(replace(r, id=f"row-{n}") for n, r in enumerate(rows))))
    assert [(o.contour, o.verdict) for o in report.outcomes] == [
        ("PTV_2500", Verdict.PASS),
        ("PTV_3000", Verdict.PASS),
        ("PTV_c", Verdict.PASS),
        ("PTV_2500 + PTV_3000 + PTV_c", Verdict.PASS),
        ("PTV_2500 + PTV_3000 + PTV_c", Verdict.PASS),
    ]

"""Parts with a name of their own: none has more than its organ, or the organ's contour does not hold it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dvh_builders import dvh_set, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import DVHSet, NoDVH, Origin, Reason, compute_dvhs
from sbrtcheck.judge.naming import match_plan
from sbrtcheck.judge.structures import plan_structures
from sbrtcheck.plan import Contours, DoseGrid, FindingCode, Plan, Prescription, Structure
from sbrtcheck.results import Outcome, Report, ReviewCode, Verdict
from sbrtcheck.tables import Constraint, Kind, Priority, Select

PAIRS = [
    *(("Rib07_L", "Rib"), ("Bronchus_Main_L", "Bronchus_Main"), ("A_Aorta", "GreatVes"), ("Aorta", "GreatVes")),
    *(
        ("Lung_LUL", "Lungs"),
        ("Kidney_R", "Kidneys"),
        ("Esophagus_S", "Esophagus"),
        ("R Main Bronchus", "Bronchus_Main"),
    ),
]


def judged(constraint: Constraint, dvhs: DVHSet, **options: Any) -> Outcome:
    (outcome,) = report_on(table(constraint), dvhs, **options).outcomes
    return outcome


def texts(outcome: Outcome) -> list[str]:
    return [finding.text for finding in outcome.findings if finding.code is FindingCode.PART_WITH_MORE]


def is_withdrawn(outcome: Outcome) -> bool:
    return (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.CONTOURS_INCOMPLETE)


# ------------------------------------------------------------------------------------------------- DVH against DVH


@pytest.mark.parametrize(("part", "whole"), PAIRS)
def test_a_part_that_breaks_the_limit_which_its_organ_keeps_is_a_review(part: str, whole: str) -> None:
    dvhs = dvh_set(uniform_dvh(whole, dose_gy=10.0), uniform_dvh(part, dose_gy=54.0))
    report: Report = report_on(table(row("D1cc[Gy]", "below", 43.0, whole)), dvhs)
    (outcome,) = report.outcomes
    assert (report.verdict, outcome.measurement.value) == (Verdict.REVIEW, 10.0)  # type: ignore[union-attr]
    assert is_withdrawn(outcome)
    assert outcome.detail == (
        f"its contour does not hold {part}, by name a part of it and with more than the whole:"
        " PASS without, FAIL with it"
    )
    assert texts(outcome) == [
        f"D1cc[Gy]: {part}, by its name a part of it, has 54.00 Gy, more than the whole: is the contour complete?"
    ]
    (reason,) = (reason for reason in report.reasons if reason.structure == whole)
    assert (reason.code, reason.rows) == (ReviewCode.CONTOURS, (outcome.row_id,))


@given(
    st.sampled_from(["Max[Gy]", "D1cc[Gy]", "V20Gy[cc]"]),
    st.sampled_from([10.0, 20.0, 25.0, 30.0]),
    st.sampled_from([10.0, 20.0, 25.0, 30.0, 40.0]),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.sampled_from([6.0, 22.0, 27.0, 60.0]),
)
@example(metric="Max[Gy]", own_gy=20.0, part_gy=25.0, own_half=3.0, part_half=3.0, limit=22.0)  # bounds overlap
@example(metric="Max[Gy]", own_gy=20.0, part_gy=25.0, own_half=1.0, part_half=3.0, limit=22.0)  # these do not
def test_only_more_than_both_bounds_allow_is_told_and_only_beyond_the_limit_decides(
    metric: str, own_gy: float, part_gy: float, own_half: float, part_half: float, limit: float
) -> None:
    """Ramps from 0 Gy in 10 cc: Max is the top, D1cc nine tenths of it, V20 the share of the ramp above."""

    def value(top_gy: float) -> float:
        return {"Max[Gy]": top_gy, "D1cc[Gy]": 0.9 * top_gy}.get(
            metric, 10.0 * max(1.0 - 20.0 / max(top_gy, 20.0), 0.0)
        )

    def bounds(top_gy: float, half: float) -> tuple[float, float]:
        if metric == "Max[Gy]":
            return top_gy - half, top_gy + half
        if metric == "D1cc[Gy]":  # the upper curve is moved, the lower one begins at 0 Gy
            return 0.9 * (top_gy - half), 0.9 * top_gy + half
        upper = (top_gy + half - 20.0) / top_gy if top_gy + half > 20.0 else 0.0
        return value(top_gy - half), 10.0 * min(upper, 1.0)

    stored = {"origin": Origin.STORED, "model": None}
    dvhs = dvh_set(
        ramp_dvh("Rib", high_gy=own_gy, half_width_gy=own_half, **stored),
        ramp_dvh("Rib07_L", high_gy=part_gy, half_width_gy=part_half, **stored),
    )
    outcome = judged(row(metric, "below", limit, "Rib"), dvhs)
    own_high, part_low = bounds(own_gy, own_half)[1], bounds(part_gy, part_half)[0]
    passes, part_passes = value(own_gy) < limit, value(part_gy) < limit
    has_more = passes and part_low > own_high + 1e-3
    assert is_withdrawn(outcome) == (has_more and not part_passes)
    assert is_withdrawn(outcome) or outcome.verdict is (Verdict.PASS if passes else Verdict.FAIL)
    is_shown = has_more and (not part_passes or part_low - own_high > 0.02 * value(part_gy))
    assert len(texts(outcome)) == is_shown


@pytest.mark.parametrize(
    ("metric", "sense", "limit"),
    [
        ("D5%[Gy]", "below", 20.0),  # of a share a part may have more than the whole
        ("V20Gy[%]", "below", 20.0),
        ("Mean[Gy]", "below", 20.0),
        ("gEUD(a=8)[Gy]", "below", 20.0),
        ("DC1cc[Gy]", "below", 20.0),  # the coldest cc of a part is no colder than that of the whole
        ("Min[Gy]", "below", 20.0),
        ("Max[Gy]", "at_least", 5.0),
        ("V5Gy[cc]", "at_least", 5.0),
    ],
)
def test_what_a_part_may_have_more_of_says_nothing(metric: str, sense: str, limit: float) -> None:
    dvhs = dvh_set(uniform_dvh("Rib", dose_gy=10.0), uniform_dvh("Rib07_L", dose_gy=54.0))
    outcome = judged(row(metric, sense, limit, "Rib"), dvhs)
    assert (outcome.verdict, texts(outcome)) == (Verdict.PASS, [])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(
            ("Chestwall", "ORGAN"),
            ("Heart", "ORGAN"),
            ("Ribs", "ORGAN"),
            ("Rib-PTV", "ORGAN"),
            ("Rib07_L-PTV", "ORGAN"),
        ),
        *(("Rib07_L", "PTV"), ("Rib07_L", "GTV")),  # a target that is named after where it lies
    ],
)
def test_what_is_no_part_by_its_name_or_a_target_is_not_looked_at(name: str, kind: str) -> None:
    dvhs = dvh_set(uniform_dvh("Rib", dose_gy=10.0), uniform_dvh(name, dose_gy=54.0, kind=kind))
    assert texts(judged(row("D1cc[Gy]", "below", 20.0, "Rib"), dvhs)) == []


def test_what_may_be_larger_than_the_organ_is_no_part() -> None:
    for name, organ in (("Spc_Bowel", "Bowel"), ("Bronchus_L", "Bronchus_Main"), ("Kidney_Pelvis_L", "Kidney_L")):
        dvhs = dvh_set(uniform_dvh(organ, dose_gy=10.0), uniform_dvh(name, dose_gy=54.0))
        outcome = judged(row("D1cc[Gy]", "below", 20.0, organ), dvhs)
        assert (outcome.verdict, texts(outcome)) == (Verdict.PASS, [])


def test_a_part_decides_on_variations_and_statements_and_stands_beside_a_risk_point() -> None:
    dvhs = dvh_set(uniform_dvh("Rib", dose_gy=10.0), uniform_dvh("Rib07_L", dose_gy=25.0))
    for own_limit, acceptable, expected in (
        (20.0, 30.0, "PASS without, VARIATION"),
        (5.0, 20.0, "VARIATION without, FAIL"),
    ):
        outcome = judged(row("Max[Gy]", "below", own_limit, "Rib", acceptable=acceptable), dvhs)
        assert is_withdrawn(outcome)
        assert outcome.detail.endswith(f"{expected} with it")
    assert judged(row("Max[Gy]", "below", 5.0, "Rib", acceptable=30.0), dvhs).verdict is Verdict.VARIATION
    assert is_withdrawn(judged(row("Max[Gy]", "below", 20.0, "Rib", kind=Kind.ADVISORY), dvhs))
    assert is_withdrawn(judged(row("Max[Gy]", "below", 20.0, "Rib", priority=Priority.OPTIMAL), dvhs))
    risk = judged(row("Max[Gy]", "below", 20.0, "Rib", kind=Kind.RISK), dvhs)
    assert (risk.verdict, len(texts(risk))) == (Verdict.RISK, 1)
    fails = judged(row("Max[Gy]", "below", 5.0, "Rib"), dvhs)
    assert (fails.verdict, texts(fails)) == (Verdict.FAIL, [])


def test_the_worst_of_several_parts_is_shown_and_all_that_decide_are_named() -> None:
    ribs = [uniform_dvh(f"Rib0{n}_L", dose_gy=gy) for n, gy in ((2, 32.0), (3, 36.0), (4, 14.0))]
    outcome = judged(row("Max[Gy]", "below", 20.0, "Rib"), dvh_set(uniform_dvh("Rib", dose_gy=10.0), *ribs))
    (text,) = texts(outcome)
    assert text.startswith("Max[Gy]: Rib03_L, by its name a part of it, has 36.00 Gy")
    assert outcome.detail.startswith("its contour does not hold Rib03_L, Rib02_L, by name a part")


def test_one_contour_written_twice_is_no_part_with_more() -> None:
    dvhs = dvh_set(uniform_dvh("Rib", dose_gy=20.0), uniform_dvh("Rib07_L", dose_gy=20.0 * (1.0 + 1e-9)))
    assert judged(row("Max[Gy]", "at_most", 20.0, "Rib"), dvhs).verdict is Verdict.PASS


def test_a_part_without_a_dvh_or_too_small_for_the_metric_says_nothing() -> None:
    damaged = NoDVH(name="Rib07_L", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="")
    asked = row("D5cc[Gy]", "below", 20.0, "Rib")
    assert judged(asked, dvh_set(uniform_dvh("Rib", dose_gy=10.0), without=(damaged,))).verdict is Verdict.PASS
    small = uniform_dvh("Rib07_L", dose_gy=54.0, volume_cc=2.0)
    assert judged(asked, dvh_set(uniform_dvh("Rib", dose_gy=10.0), small)).verdict is Verdict.PASS


def test_an_organ_that_is_met_by_its_small_volume_alone_is_not_met_beside_a_larger_part() -> None:
    asked = row("D5cc[Gy]", "below", 20.0, "Rib", volume_threshold=True)
    own = uniform_dvh("Rib", dose_gy=10.0, volume_cc=2.0)
    assert judged(asked, dvh_set(own)).verdict is Verdict.PASS
    assert is_withdrawn(judged(asked, dvh_set(own, uniform_dvh("Rib07_L", dose_gy=54.0))))
    assert judged(asked, dvh_set(own, uniform_dvh("Rib07_L", dose_gy=15.0))).verdict is Verdict.PASS


def test_who_names_a_structure_has_chosen() -> None:
    dvhs = dvh_set(uniform_dvh("Rib", dose_gy=10.0), uniform_dvh("Rib07_L", dose_gy=54.0))
    asked = row("Max[Gy]", "below", 20.0, "Rib")
    assert judged(asked, dvhs, names={"Rib": "Rib"}).verdict is Verdict.PASS
    assert judged(asked, dvhs, names={"Rib": "Rib07_L"}).verdict is Verdict.FAIL


def test_the_clinics_dictionary_tells_parts_too() -> None:
    dvhs = dvh_set(uniform_dvh("GreatVes", dose_gy=10.0), uniform_dvh("XY7", dose_gy=54.0))
    asked = row("Max[Gy]", "below", 20.0, "GreatVes")
    assert judged(asked, dvhs).verdict is Verdict.PASS
    assert is_withdrawn(judged(asked, dvhs, dictionary={"A_Aorta": ["XY7"]}))


def test_a_union_is_looked_at_with_the_parts_of_all_that_it_is_made_of() -> None:
    asked = row("Max[Gy]", "below", 20.0, "Trachea", "Bronchus_Main", select=Select.UNION)
    for hot, expected in (("Bronchus_Main_L", True), ("Trachea_NAdj", True), ("Carina", True), ("Heart", False)):
        plan = bars({"Trachea": -40.0, "Bronchus_Main": -30.0, hot: 10.0})
        assert is_withdrawn(judged(asked, compute_dvhs(plan))) == expected


def test_what_an_organ_was_built_from_is_no_part_of_it_to_compute() -> None:
    plan = bars({"Lung_L": -40.0, "Lung_R": -30.0, "Lung_LUL": 10.0})
    outcome = judged(row("Max[Gy]", "below", 20.0, "Lungs"), compute_dvhs(plan))
    assert outcome.detail.startswith("its contour does not hold Lung_LUL,")
    dvhs = compute_dvhs(plan)
    inside = plan_structures(dvhs, match_plan(dvhs, ["Lungs"])).by_organ["Lungs"].inside
    assert [roi.name for roi in inside] == ["Lung_LUL"]


# ------------------------------------------------------------------------------------------------- contours and dose


GY_PER_MM, PLANES = 0.5, 10


def bar(name: str, number: int, bottom_mm: float, *, planes: int = PLANES, inset_mm: float = 0.0) -> Structure:
    """A bar of 10 x 10 mm, or that much less at each face, with a plane every 2 mm."""
    half_mm = 5.0 - inset_mm
    corners = half_mm * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float)
    loops = [np.column_stack([corners, np.full(4, bottom_mm + 2.0 * at)]) for at in range(planes)]
    return Structure(name=name, number=number, kind="ORGAN", contours=Contours.of(*loops))


def plan_of(*structures: Structure) -> Plan:
    """A dose of 25 Gy at z = 0 that rises by 0.5 Gy a mm towards the head, and by 0.1 Gy a mm along x."""
    x_mm, z_mm = np.arange(-20.0, 20.1, 2.0), np.arange(-50.0, 50.1, 2.0)
    stored = 25.0 + GY_PER_MM * z_mm[:, None, None] + 0.1 * x_mm[None, None, :] + np.zeros((1, 21, 1))
    dose = DoseGrid.axial(stored, origin_mm=(-20.0, -20.0, -50.0), spacing_mm=(2.0, 2.0, 2.0))
    return Plan(dose=dose, structures=structures, prescription=Prescription(dose_gy=45.0, fractions=5))


def bars(bottoms_mm: dict[str, float]) -> Plan:
    return plan_of(*(bar(name, n, z_mm, planes=4) for n, (name, z_mm) in enumerate(bottoms_mm.items(), start=1)))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, PLANES - 2), st.integers(2, PLANES), st.sampled_from([0.0, 0.7, 2.0]), st.integers(-15, 0))
def test_a_part_inside_its_organ_stays_silent(first: int, planes: int, inset_mm: float, bottom: int) -> None:
    """However close the limit is: rows are met by what the whole has, to the last bound."""
    bottom_mm = 2.0 * bottom
    planes = min(planes, PLANES - first)
    whole = bar("Rib", 1, bottom_mm)
    part = bar("Rib07_L", 2, bottom_mm + 2.0 * first, planes=planes, inset_mm=inset_mm)
    alone, both = compute_dvhs(plan_of(whole)), compute_dvhs(plan_of(whole, part))
    for metric in ("Max[Gy]", "D0.1cc[Gy]", "V20Gy[cc]"):
        (own,) = report_on(table(row(metric, "below", 60.0, "Rib")), alone).outcomes
        limit = own.measurement.high + 1e-4  # type: ignore[union-attr]
        outcome = judged(row(metric, "below", limit, "Rib"), both, allow_lint_errors=True)
        assert texts(outcome) == []
        assert outcome.verdict is judged(row(metric, "below", limit, "Rib"), alone, allow_lint_errors=True).verdict


@pytest.mark.parametrize("asked_for", [None, ["Rib"]])
def test_a_part_that_leaves_its_organ_is_computed_and_told(asked_for: list[str] | None) -> None:
    plan = plan_of(bar("Rib", 1, -20.0), bar("Rib07_L", 2, 0.0))
    dvhs = compute_dvhs(plan, structures=asked_for)
    decided = judged(row("Max[Gy]", "below", 30.0, "Rib"), dvhs)
    assert is_withdrawn(decided)
    within = judged(row("Max[Gy]", "below", 40.0, "Rib"), dvhs)
    assert within.verdict is Verdict.PASS
    for outcome in (decided, within):  # the head end of the part, half a plane above its last one
        (text,) = texts(outcome)
        value = float(text.removeprefix("Max[Gy]: Rib07_L, by its name a part of it, has ").split()[0])
        assert value == pytest.approx(25.0 + 0.5 * 19.0 + 0.5, abs=0.05)


def test_a_part_that_leaves_its_organ_by_a_hair_is_told_only_where_it_decides() -> None:
    plan = plan_of(bar("Rib", 1, -20.0), bar("Rib07_L", 2, -19.5))  # 0.25 Gy more
    dvhs = compute_dvhs(plan)
    own_gy = 25.0 - 0.5 + 0.5
    within = judged(row("Max[Gy]", "below", own_gy + 2.0, "Rib"), dvhs)
    assert (within.verdict, texts(within)) == (Verdict.PASS, [])
    assert is_withdrawn(judged(row("Max[Gy]", "below", own_gy + 0.1, "Rib"), dvhs))


def test_bounds_that_leave_open_whether_a_part_has_more_are_refined() -> None:
    """D0.1cc of the two is 0.06 Gy apart: within the bounds by the first elements, beyond those by smaller ones."""
    plan = plan_of(bar("Rib", 1, -20.0), bar("Rib07_L", 2, -19.875))
    dvhs = compute_dvhs(plan)
    own, part = (dvhs[name].dose_at_volume(0.1) for name in ("Rib", "Rib07_L"))
    assert part.low < own.value < part.value  # else there is nothing to refine
    assert is_withdrawn(judged(row("D0.1cc[Gy]", "below", (own.value + part.value) / 2, "Rib"), dvhs))

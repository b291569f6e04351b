"""Near copies of an organ, contours that end in dose, and grids that cannot be: shown beside what was judged."""

from __future__ import annotations

import csv
import pkgutil
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvh_builders import dvh_set, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import compute_dvhs
from sbrtcheck.judge import evaluate
from sbrtcheck.judge.dose_check import with_dose_doubts
from sbrtcheck.metric import DoseAtVolume
from sbrtcheck.plan import Contours, DoseGrid, Finding, FindingCode, Plan, Prescription, Structure
from sbrtcheck.results import Outcome, ReviewCode, Verdict
from sbrtcheck.tables import Constraint, Select, load_table

RX = Prescription(dose_gy=50.0, fractions=5)
STEP_MM = 2.0
GY_PER_MM = 0.5  # the dose rises towards the head: 25 Gy at z = 0


def at_gy(dose_gy: float) -> float:
    """Where the dose is that, z in mm."""
    return (dose_gy - 25.0) / GY_PER_MM


def grid(spacing_mm: tuple[float, float, float] = (STEP_MM, STEP_MM, STEP_MM), lowest_gy: float = 0.0) -> DoseGrid:
    """25 Gy and 0.5 Gy a mm along z, from -50 to 50 mm; ``lowest_gy`` at one corner."""
    z_mm = np.arange(-50.0, 50.1, spacing_mm[2])
    stored = np.repeat((25.0 + GY_PER_MM * z_mm)[:, None, None], 21, axis=1).repeat(21, axis=2)
    stored[0, 0, 0] = lowest_gy
    return DoseGrid(
        stored=stored,
        gy_per_unit=1.0,
        origin_mm=np.array([-10.0 * spacing_mm[0], -10.0 * spacing_mm[1], -50.0]),
        axes=np.eye(3),
        spacing_mm=spacing_mm[:2],
        offsets_mm=z_mm + 50.0,
    )


def bar(name: str, bottom_mm: float, planes: int, *, number: int = 1) -> Structure:
    """A bar of 10 x 10 mm with a plane every 2 mm: 0.2 cc a plane."""
    corners = np.array([[-5, -5], [5, -5], [5, 5], [-5, 5]], dtype=float)
    loops = [np.column_stack([corners, np.full(4, bottom_mm + STEP_MM * at)]) for at in range(planes)]
    return Structure(name=name, number=number, kind="ORGAN", contours=Contours.of(*loops))


def plan_of(*structures: Structure, dose: DoseGrid | None = None) -> Plan:
    target = bar("PTV", at_gy(46.0), 2, number=90)
    return Plan(dose=dose or grid(), structures=(*structures, target), prescription=RX)


def judged(plan: Plan, *rows: Constraint) -> tuple[Outcome, ...]:
    return evaluate(table(*rows), compute_dvhs(plan)).outcomes


def found(outcome: Outcome, code: FindingCode) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.code is code]


# ------------------------------------------------------------------------------------- contours that end in dose


@settings(max_examples=20, deadline=None)
@given(st.integers(-12, 8), st.integers(4, 14), st.sampled_from([10.0, 20.0, 25.0, 32.0]))
def test_an_end_is_named_where_it_lies_above_the_dose_of_a_limit_that_is_met(
    bottom: int, planes: int, limit_gy: float
) -> None:
    """Along a dose that rises evenly, a bar meets "below 20 Gy to 1.5 cc" with its upper 7 planes or fewer above it."""
    bottom_mm = STEP_MM * bottom + 0.5
    top_mm = bottom_mm + STEP_MM * (planes - 1)
    plan = plan_of(bar("SpinalCord", bottom_mm, planes))
    (outcome,) = judged(plan, row("D1.5cc[Gy]", "below", limit_gy))
    above_cc = 0.1 * np.clip(top_mm + STEP_MM / 2 - max(at_gy(limit_gy), bottom_mm - STEP_MM / 2), 0.0, None)
    if outcome.verdict is not Verdict.PASS:
        assert above_cc > 1.45 or 0.2 * planes < 1.55
        assert not found(outcome, FindingCode.CONTOUR_ENDS_IN_DOSE)
        return
    ends = [f"z = {z_mm:.1f} mm" for z_mm in (bottom_mm, top_mm) if z_mm + STEP_MM / 2 > at_gy(limit_gy)]
    texts = [finding.text for finding in found(outcome, FindingCode.CONTOUR_ENDS_IN_DOSE)]
    assert len(texts) == len(ends)
    assert all(end in text for end, text in zip(ends, texts, strict=True))


def test_the_end_is_described_by_its_side_and_its_dose() -> None:
    (outcome,) = judged(plan_of(bar("SpinalCord", -20.0, 12)), row("D1cc[Gy]", "below", 26.0))
    assert outcome.verdict is Verdict.PASS
    (finding,) = found(outcome, FindingCode.CONTOUR_ENDS_IN_DOSE)
    assert finding.text == (
        "D1cc[Gy]: the contour ends towards the head (z = 2.0 mm) in a plane with up to 26.5 Gy, above the 26 Gy of the"
        " limit: if the organ goes on there, the value is too low"
    )
    assert finding.subject == "SpinalCord"


@pytest.mark.parametrize(
    ("metric", "sense", "limit"),
    [
        ("D1cc[Gy]", "below", 21.0),  # not met: the plan fails it anyhow
        ("D0.035cc[Gy]", "below", 30.0),  # nothing of the contour receives that much
        ("V26Gy[%]", "below", 20.0),  # more tissue may lower a percentage
        ("Mean[Gy]", "below", 30.0),
        ("DC1cc[Gy]", "below", 26.0),  # of the coldest part, more tissue is colder
        ("D1cc[Gy]", "at_least", 10.0),
    ],
)
def test_other_rows_do_not_ask_for_the_end(metric: str, sense: str, limit: float) -> None:
    (outcome,) = judged(plan_of(bar("SpinalCord", -20.0, 12)), row(metric, sense, limit))
    assert not found(outcome, FindingCode.CONTOUR_ENDS_IN_DOSE)


def test_where_two_parts_of_an_organ_meet_is_no_end() -> None:
    """The trachea ends where the bronchus goes on: together they end further on, below the dose of the limit."""
    trachea, bronchus = bar("Trachea", -20.0, 11), bar("Bronchus_Main", -40.0, 10, number=2)
    of_both = row("D3cc[Gy]", "below", 20.0, "Trachea", "Bronchus_Main", select=Select.UNION)
    (outcome,) = judged(plan_of(trachea, bronchus), of_both)
    assert outcome.verdict is Verdict.PASS
    (finding,) = found(outcome, FindingCode.CONTOUR_ENDS_IN_DOSE)
    assert "towards the head (z = 0.0 mm)" in finding.text


@pytest.mark.parametrize("end_caps", ["half-slice", "none", "capped"])
@pytest.mark.parametrize("side", ["head", "feet"])
def test_an_end_is_named_whatever_end_caps_are_asked_for(end_caps: str, side: str) -> None:
    dose = grid()
    if side == "feet":
        dose = replace(dose, stored=dose.stored[::-1])
    plan = plan_of(bar("SpinalCord", -20.0 if side == "head" else -2.0, 12), dose=dose)
    report = evaluate(table(row("D1cc[Gy]", "below", 25.5)), compute_dvhs(plan, end_caps=end_caps), accept_dose=True)
    (outcome,) = report.outcomes
    assert outcome.verdict is Verdict.PASS
    (finding,) = found(outcome, FindingCode.CONTOUR_ENDS_IN_DOSE)
    assert f"towards the {side}" in finding.text


def test_a_gap_in_dose_keeps_an_organ_from_a_pass() -> None:
    """What is left out between two parts of an organ is no end, and more than a note."""
    low, high = (bar("", bottom_mm, planes).contours.read() for bottom_mm, planes in ((-30.0, 8), (6.0, 4)))
    loops = [*low.points_mm.reshape(-1, 4, 3), *high.points_mm.reshape(-1, 4, 3)]
    cord = Structure(name="SpinalCord", number=1, kind="ORGAN", contours=Contours.of(*loops))
    report = evaluate(table(row("D1cc[Gy]", "below", 45.0)), compute_dvhs(plan_of(cord)))
    assert report.verdict is Verdict.REVIEW
    assert {reason.code for reason in report.reasons} == {ReviewCode.CONTOURS}


def test_targets_end_in_dose_by_intent() -> None:
    (outcome,) = judged(plan_of(), row("V46Gy[cc]", "below", 5.0, "PTV"))
    assert outcome.verdict is Verdict.PASS
    assert not found(outcome, FindingCode.CONTOUR_ENDS_IN_DOSE)


# ------------------------------------------------------------------------------------------------------ near copies


COPIES = [
    *("Esophagus_2", "Esophagus_old", "Esophagus_1", "Esophagus copy", "Esophagus-kopie", "Esophagus(1)"),
    *("Esophagus^new", "zEsophagus", "Esophagus_MM", "Esophagus-MM", "Esophagus-1", "Esophagus_20240131"),
]


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(COPIES),
    st.integers(-15, 0),
    st.integers(-15, 0),
    st.sampled_from([("D0.1cc[Gy]", "below", 49.0), ("Min[Gy]", "above", 1.0)]),
)
def test_of_two_near_copies_the_worse_value_is_shown_beside(
    name: str, own: int, other: int, asked: tuple[str, str, float]
) -> None:
    plan = plan_of(bar("Esophagus", STEP_MM * own, 8), bar(name, STEP_MM * other, 8, number=2))
    (outcome,) = judged(plan, row(*asked, "Esophagus"))
    is_worse = other > own if asked[1] == "below" else other < own
    shown = found(outcome, FindingCode.NEAR_COPY)
    assert len(shown) == is_worse
    if is_worse:
        alone = plan_of(bar("Esophagus", STEP_MM * other, 8))
        (of_copy,) = judged(alone, row(*asked, "Esophagus"))
        value = of_copy.measurement.value  # type: ignore[union-attr]
        assert shown[0].text == f"{asked[0]}: {name}, by its name a copy or a part of it, has {value:.2f} Gy"


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_that_would_fail_takes_the_verdict_and_shows_its_value(name: str) -> None:
    plan = plan_of(bar("Esophagus", -30.0, 8), bar(name, 0.0, 8, number=2))
    report = evaluate(table(row("D0.1cc[Gy]", "below", 25.0, "Esophagus")), compute_dvhs(plan))
    (outcome,) = report.outcomes
    assert report.verdict is Verdict.REVIEW
    assert outcome.verdict is Verdict.NOT_EVALUATED
    assert len(found(outcome, FindingCode.NEAR_COPY)) == 1


@pytest.mark.parametrize("name", ["Esophagus-PTV", "Esophagus^PRV5", "Esophagus_PRV05", "Esophagus+5mm", "Heart-1"])
def test_what_is_another_structure_by_its_name_is_no_copy(name: str) -> None:
    plan = plan_of(bar("Esophagus", -30.0, 8), bar(name, 0.0, 8, number=2))
    (outcome,) = judged(plan, row("D0.1cc[Gy]", "below", 25.0, "Esophagus"))
    assert outcome.verdict is Verdict.PASS
    assert not found(outcome, FindingCode.NEAR_COPY)


# ------------------------------------------------------------------------------------------- grids that cannot be


@pytest.mark.parametrize(
    ("spacing_mm", "is_said"),
    [
        ((2.0, 2.0, 2.0), False),
        ((1.0, 1.0, 1.0), False),
        ((5.0, 5.0, 5.0), False),
        ((0.5, 0.5, 1.0), False),
        ((2.0, 2.0, 9.9), False),
        ((2.0, 2.0, 10.0), True),
        ((0.25, 0.25, 3.0), True),
        ((25.0, 2.0, 2.0), True),
    ],
)
def test_a_spacing_of_another_unit_is_in_doubt(spacing_mm: tuple[float, float, float], is_said: bool) -> None:
    plan = plan_of(dose=grid(spacing_mm))
    codes = [finding.code for finding in with_dose_doubts(compute_dvhs(plan)).findings]
    assert (FindingCode.DOSE_SPACING in codes) == is_said


@pytest.mark.parametrize("points", [1, 200])
@pytest.mark.parametrize("way", ["float", "16 bit", "relative"])
@pytest.mark.parametrize(
    ("lowest_gy", "is_review"),
    [(0.0, False), (-1e-6, False), (-1e-3, False), (-0.04, False), (-0.06, True), (-5.0, True), (-20.0, True)],
)
def test_a_negative_dose_is_said_and_in_doubt_where_it_is_no_rounding(
    lowest_gy: float, is_review: bool, way: str, points: int
) -> None:
    """Of 50 Gy at most: up to 0.05 Gy below 0 is said; more is a reason."""
    dose = grid(lowest_gy=lowest_gy)
    dose.stored[0].flat[:points] = lowest_gy
    if way == "16 bit":
        dose = replace(dose, stored=np.rint(dose.stored / 0.002).astype(np.int16), gy_per_unit=0.002)
    if way == "relative":
        dose = replace(dose, stored=dose.stored * 2.0, gy_per_unit=0.5)
    is_negative = bool(np.min(dose.stored) < 0)  # 1e-6 Gy is no number of 16 bits
    plan = plan_of(bar("SpinalCord", -20.0, 8), dose=dose)
    report = evaluate(table(row("D0.1cc[Gy]", "below", 45.0)), compute_dvhs(plan))
    number = "1 point" if points == 1 else f"{points} points"
    said = f"the dose is negative at {number} of its grid, down to "
    reasons = [reason.text for reason in report.reasons if reason.code is ReviewCode.DOSE]
    assert [text.startswith(said) for text in reasons] == [True] * is_review
    notes = [finding.text for finding in report.findings if finding.code is FindingCode.NEGATIVE_DOSE]
    assert [text.startswith(said) for text in notes] == [True] * (is_negative and not is_review)
    assert report.verdict is (Verdict.REVIEW if is_review else Verdict.PASS)
    of_dvhs = [finding for finding in with_dose_doubts(compute_dvhs(plan)).findings if said in finding.text]
    assert len(of_dvhs) == is_negative


@pytest.mark.parametrize(("highest_gy", "is_said"), [(60.0, False), (249.0, False), (251.0, True), (4e6, True)])
def test_a_dose_hotter_than_any_plan_is_in_doubt(highest_gy: float, is_said: bool) -> None:
    """A negative number read as one without a sign is far above 500 % of the prescription of 50 Gy."""
    plan = plan_of(bar("SpinalCord", -20.0, 8), dose=grid(lowest_gy=highest_gy))
    report = evaluate(table(row("D0.1cc[Gy]", "below", 45.0)), compute_dvhs(plan))
    reasons = [reason.text for reason in report.reasons if reason.code is ReviewCode.DOSE]
    assert [text.startswith("the largest dose of the grid is") for text in reasons] == [True] * is_said


# ------------------------------------------------------------------------------------------------------ small organs


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["Liver", "Lungs", "Liver-GTV", "Kidneys", "Spleen"]), st.floats(5.0, 400.0))
def test_an_organ_smaller_than_what_is_to_be_spared_of_it_is_said(organ: str, volume_cc: float) -> None:
    """Whatever the row asks, but a critical volume, which is infeasible; an organ without such a volume never is."""
    dvh = uniform_dvh(organ, volume_cc=volume_cc, dose_gy=5.0)
    least_cc = {"Liver": 700.0, "Lungs": 1000.0, "Liver-GTV": 700.0, "Kidneys": 200.0, "Spleen": 0.0}[organ]
    mean, cold = row("Mean[Gy]", "below", 20.0, organ), row("DC700cc[Gy]", "below", 15.0, organ)
    of_mean, of_cold = report_on(table(mean, cold), dvh_set(dvh)).outcomes
    assert len(found(of_mean, FindingCode.SMALL_FOR_THE_ORGAN)) == (volume_cc < least_cc)
    assert not found(of_cold, FindingCode.SMALL_FOR_THE_ORGAN)
    assert of_mean.verdict is Verdict.PASS


def test_the_question_on_a_small_organ_has_its_source() -> None:
    (outcome,) = report_on(table(row("Mean[Gy]", "below", 20.0, "Liver")), dvh_set(uniform_dvh("Liver"))).outcomes
    (finding,) = found(outcome, FindingCode.SMALL_FOR_THE_ORGAN)
    assert finding.text == (
        "10 cc, smaller than the 700 cc that are to be spared of it (TG-101 (Benedict 2010, Table III)): is the contour"
        " complete?"
    )
    assert finding.subject == "Liver"


def test_every_critical_volume_is_that_of_a_confirmed_row() -> None:
    """The smallest of the rows that count, of the organ, or of what lies within it; the source is the row's."""
    content = pkgutil.get_data("sbrtcheck.judge", "critical_volumes.csv")
    assert content is not None
    for line in csv.DictReader(content.decode().splitlines()):
        of_table = load_table(line["table"])
        (of_row,) = [one for one in of_table.rows if one.id == line["row"]]
        organ = "Kidney_Cortex" if line["organ"] == "Kidneys" else line["organ"]
        metric = of_row.metric
        assert organ in of_row.structures
        assert of_row.counts(include_unconfirmed=False)
        assert isinstance(metric, DoseAtVolume)
        assert (metric.cold, metric.volume) == (True, float(line["volume_cc"]))
        who, year = line["source"].replace("TG-101 (", "").split(",")[0].rsplit(" ", 1)
        assert who in of_row.source.citation
        assert year in of_row.source.citation


def dose_doubts(stored: npt.ArrayLike) -> list[str]:
    """What is said of 50 Gy and more at a target, stored as these numbers of 0.001 Gy."""
    dose = replace(grid(), stored=np.asarray(stored), gy_per_unit=0.001)
    return [finding.text for finding in with_dose_doubts(compute_dvhs(plan_of(dose=dose))).findings]


def rising(highest_gy: float = 55.0, *, dtype: str = "u2") -> npt.NDArray[np.generic]:
    """From 1 Gy at the lowest plane, in numbers of 0.001 Gy."""
    along = np.linspace(1000.0, 1000.0 * highest_gy, 51)[:, None, None] * np.linspace(1.0, 0.99, 21)[:, None]
    return np.rint(along * np.linspace(1.0, 0.99, 21)).astype(dtype)


@pytest.mark.parametrize(("planes", "is_said"), [(1, False), (4, False), (6, True), (20, True)])
@pytest.mark.parametrize("step", [1, -1])
def test_planes_without_dose_beside_one_with_much_are_in_doubt(planes: int, is_said: bool, step: int) -> None:
    """As where a dose was put into a larger grid: what it did not reach is nothing there. 5 planes end at 10 %."""
    stored = rising()
    stored[:planes] = 0
    said = [text for text in dose_doubts(stored[::step]) if "was dose calculated there?" in text]
    assert len(said) == is_said

"""Limits that go by the target's or an effective volume, rows on the prescription, and isodoses that leave the grid."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dvh_builders import dvh_set, percent_dvh, ramp_dvh, report_on, row, table
from sbrtcheck.dvh import Between, DVHSet, EndCaps, Interpolation, Model, Reason, compute_dvhs
from sbrtcheck.geometry import GridFrame
from sbrtcheck.geometry.isodose_volume import IsodoseVolume, isodose_volume
from sbrtcheck.metric import Measurement, plan_indices
from sbrtcheck.metric.plan_indices import measure_index
from sbrtcheck.plan import FindingCode, Plan, Prescription, Structure, UnknownPrescription
from sbrtcheck.render import FORMATS
from sbrtcheck.results import Outcome, Report, ReviewCode, Verdict
from sbrtcheck.tables import Constraint, LimitByEffectiveVolume, LimitByTargetVolume, Step, VeffStep, load_table
from solids import Array, grid, plan, rectangle, ring, structure, uniform

CONFORMITY = load_table("rtog-conformity")


def brick(volume_cc: float, name: str = "PTV", *, slices: int = 5, centre: float = 0.0, number: int = 1) -> Structure:
    """A box of that volume under half-slice end caps, 20 mm deep."""
    return structure(name, *brick_loops(volume_cc, slices=slices, centre=centre), kind="PTV", number=number)


def brick_loops(volume_cc: float, *, slices: int = 5, centre: float = 0.0) -> list[Array]:
    side = np.sqrt(volume_cc * 1000 / 20)
    planes = (np.arange(slices) - (slices - 1) / 2) * 20 / slices
    return [rectangle(centre - side / 2, centre + side / 2, -side / 2, side / 2, z) for z in planes]


def peaked(*structures: Structure, dose_gy: float = 50.0, sigma: float = 20.0, half: float = 60.0) -> Plan:
    dose = grid(lambda x, y, z: 60 * np.exp(-(x**2 + y**2 + z**2) / (2 * sigma**2)), half_mm=half, spacing_mm=3.0)
    return plan(dose, *structures, dose_gy=dose_gy)


def judged(rows: Constraint | tuple[Constraint, ...], of: Plan | DVHSet) -> list[Outcome]:
    dvhs = compute_dvhs(of) if isinstance(of, Plan) else of
    return list(report_on(table(*(rows if isinstance(rows, tuple) else (rows,))), dvhs).outcomes)


# -------------------------------------------------------------------------------- by target volume


@pytest.mark.parametrize(
    ("volume_cc", "r50", "d2cm"),
    [(10.0, (4.9207, 5.9103), (50.0, 58.0)), (28.0, (4.4, 5.4), (56.0, 65.5)), (1.8, (5.9, 7.5), (50.0, 57.0))],
)
def test_conformity_limits_are_linear_between_the_printed_volumes(
    volume_cc: float, r50: tuple[float, float], d2cm: tuple[float, float]
) -> None:
    report = report_on(CONFORMITY, compute_dvhs(peaked(brick(volume_cc))))
    by_metric = {str(o.constraint.metric): o for o in report.outcomes}
    for metric, limits in (("R50%[ratio]", r50), ("D2cm[%Rx]", d2cm), ("R100%[ratio]", (1.2, 1.5))):
        used = by_metric[metric].limit_used, by_metric[metric].acceptable_used
        assert used == pytest.approx(limits, abs=1e-4)
        assert isinstance(by_metric[metric].measurement, Measurement)


@pytest.mark.parametrize("volume_cc", [1.7, 163.5])
def test_outside_the_printed_volumes_there_is_no_rule_and_the_value_stays_in_sight(volume_cc: float) -> None:
    report = report_on(CONFORMITY, compute_dvhs(peaked(brick(volume_cc))))
    for outcome in (o for o in report.outcomes if o.organ == "PTV"):
        assert outcome.verdict is Verdict.NOT_EVALUATED
        assert outcome.reason is Reason.TARGET_VOLUME_OUTSIDE_RANGE
        assert f"not {volume_cc:g} cc" in outcome.detail
        assert outcome.limit_used is None
        assert outcome.margin is None
        assert isinstance(outcome.measurement, Measurement)
    assert all(record["limit"] is None for record in report.to_records() if record["organ"] == "PTV")


BY_VOLUME = (Step(volume_cc=5, limit=10, acceptable=12), Step(volume_cc=15, limit=20, acceptable=24))


def by_volume(metric: str, *structures: str) -> Constraint:
    return row(metric, "below", LimitByTargetVolume(steps=BY_VOLUME), *structures)


@pytest.mark.parametrize(
    ("dose", "verdict"), [(14.9, "PASS"), (15.0, "VARIATION"), (17.9, "VARIATION"), (18.0, "FAIL")]
)
def test_margin_and_verdict_go_by_the_limit_used(dose: float, verdict: str) -> None:
    of = plan(grid(uniform(dose)), brick(10.0), structure("Heart", *[ring(5, z) for z in (0, 2, 4)], number=2))
    for outcome in judged((by_volume("Mean[Gy]", "PTV"), by_volume("Mean[Gy]", "Heart")), of):
        assert outcome.limit_used == pytest.approx(15.0)
        assert outcome.acceptable_used == pytest.approx(18.0)
        assert outcome.margin == pytest.approx(15.0 - dose, abs=1e-6)
        assert outcome.verdict == verdict
        assert outcome.detail == "limit for a PTV of 10 cc (PTV)"


def test_every_format_shows_the_limit_that_was_used() -> None:
    dvhs = compute_dvhs(plan(grid(uniform(1.0)), brick(10.0)))
    report = report_on(table(by_volume("Mean[Gy]", "PTV")), dvhs)
    assert report.to_records()[0]["limit"] == 15.0
    assert json.loads(FORMATS["json"](report))["outcomes"][0]["acceptable"] == 18.0
    for name in ("text", "markdown"):
        shown = FORMATS[name](report).replace("\\", "")
        assert "< 15 (variation < 18)" in shown
        assert "limit for a PTV of 10 cc" in shown
    assert ",15.0,18.0," in FORMATS["csv"](report)


def test_another_end_cap_convention_has_its_own_target_volume_and_limit() -> None:
    """10 cc with half-slice caps, 8 cc without: limits 15 and 13, and a dose of 14 between them."""
    (outcome,) = judged(by_volume("Mean[Gy]", "PTV"), plan(grid(uniform(14.0)), brick(10.0)))
    assert {c.end_caps: c.verdict for c in outcome.conventions}[EndCaps.NONE] is Verdict.VARIATION
    assert outcome.verdict is Verdict.PASS
    assert outcome.convention_sensitive


def test_a_row_on_an_organ_goes_by_the_target_under_the_same_convention() -> None:
    heart = structure("Heart", *[ring(5, z) for z in (0, 2, 4)], number=2)
    (outcome,) = judged(by_volume("Mean[Gy]", "Heart"), plan(grid(uniform(14.0)), brick(10.0), heart))
    assert {c.end_caps: c.verdict for c in outcome.conventions}[EndCaps.NONE] is Verdict.VARIATION


def test_without_a_target_a_limit_that_goes_by_it_is_not_evaluated() -> None:
    heart = structure("Heart", *[ring(5, z) for z in (0, 2, 4)])
    (outcome,) = judged(by_volume("Mean[Gy]", "Heart"), plan(grid(uniform(1.0)), heart))
    assert outcome.reason is Reason.STRUCTURE_MISSING
    assert outcome.detail == "the limit depends on the volume of the PTV: structure missing"
    assert outcome.limit_used is None


def test_a_target_stored_in_percent_has_no_volume_to_go_by() -> None:
    (outcome,) = judged(by_volume("Mean[Gy]", "PTV"), dvh_set(percent_dvh("PTV")))
    assert outcome.reason is Reason.UNDEFINED_FOR_STORED_DVH


def test_a_stored_target_in_cc_has() -> None:
    (outcome,) = judged(by_volume("Mean[Gy]", "PTV"), dvh_set(ramp_dvh("PTV", volume_cc=10.0)))
    assert outcome.limit_used == pytest.approx(15.0)


RISING, FALLING = ((1.0, 1.0), (100.0, 100.0)), ((1.0, 100.0), (100.0, 1.0))
"""A limit that grows with the target by 1 Gy a cc, and one that falls so."""


def cord_by_target(steps: tuple[tuple[float, float], ...], limit_at_cc: float, *targets: Structure) -> Report:
    """The cord, its dose between the limits for a target somewhat smaller and somewhat larger than a volume."""
    limit = LimitByTargetVolume(steps=tuple(Step(volume_cc=cc, limit=gy) for cc, gy in steps))
    dose_gy = float(np.interp(limit_at_cc, *zip(*steps, strict=True)))
    made = plan(grid(uniform(dose_gy)), *targets, structure("SpinalCord", *brick_loops(1.0), number=9))
    return report_on(table(row("Mean[Gy]", "below", limit, "SpinalCord")), compute_dvhs(made))


@pytest.mark.parametrize("steps", [RISING, FALLING])
def test_a_limit_for_a_target_that_can_be_read_in_two_ways_decides_nothing(
    steps: tuple[tuple[float, float], ...],
) -> None:
    """Two boxes of 10 cc overlap by half: 15 cc are in one of them, 10 cc in just one; the cord has the limit at 12."""
    side = float(np.sqrt(10.0 * 1000 / 20))
    two = structure("PTV", *brick_loops(10.0), *brick_loops(10.0, centre=side / 2), kind="PTV")
    report = cord_by_target(steps, 12.0, two)
    (outcome,) = report.outcomes
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.CONTOURS_CONTRADICTORY)
    assert report.verdict is Verdict.REVIEW


def test_a_limit_for_a_target_in_doubt_that_decides_all_the_same_is_no_clean_pass() -> None:
    """The target's contours are those of no row, and are said."""
    two = structure("PTV", *brick_loops(10.0), *brick_loops(10.0, centre=11.0), kind="PTV")
    report = cord_by_target(RISING, 2.0, two)
    assert [one.verdict for one in report.outcomes] == [Verdict.PASS]
    assert [(reason.code, reason.structure) for reason in report.reasons] == [(ReviewCode.CONTOURS, "PTV")]


@pytest.mark.parametrize(
    ("steps", "limit_at_cc", "verdict"),
    [(FALLING, 20.0, Verdict.NOT_EVALUATED), (RISING, 5.0, Verdict.PASS), (RISING, 20.0, Verdict.FAIL)],
)
def test_a_limit_for_a_target_beside_which_another_may_be_meant_passes_nothing_that_the_other_fails(
    steps: tuple[tuple[float, float], ...], limit_at_cc: float, verdict: Verdict
) -> None:
    """PTV has 10 cc, and PTV_1 about it 30 cc."""
    report = cord_by_target(steps, limit_at_cc, brick(10.0), brick(30.0, "PTV_1", number=2))
    assert [one.verdict for one in report.outcomes] == [verdict]
    assert cord_by_target(steps, limit_at_cc, brick(10.0)).verdict is (
        Verdict.FAIL if verdict is Verdict.FAIL else Verdict.PASS
    )


def test_ordinary_rows_use_the_printed_limit() -> None:
    outcomes = judged(
        (row("Max[Gy]", "below", 18, acceptable=21.0), row("Max[Gy]", "below", 18, "Heart")), dvh_set(ramp_dvh())
    )
    assert [(o.limit_used, o.acceptable_used) for o in outcomes] == [(18, 21.0), (18, None)]


# -------------------------------------------------------------------------------- by effective volume

VEFF = tuple(VeffStep(veff_percent=v, limit=g) for v, g in ((25, 50), (29, 45), (64, 27.5)))


def by_veff() -> Constraint:
    return row("Rx[Gy]", "at_most", LimitByEffectiveVolume(steps=VEFF), "Liver")


@pytest.mark.parametrize(
    ("mean", "rx", "limit", "verdict"),
    [(12.5, 50.0, 50, "PASS"), (12.6, 50.0, 45, "FAIL"), (12.6, 45.0, 45, "PASS"), (20.0, 40.0, 27.5, "FAIL")],
)
def test_the_prescription_is_judged_by_the_step_its_effective_volume_falls_on(
    mean: float, rx: float, limit: float, verdict: str
) -> None:
    given = Prescription(dose_gy=rx, fractions=5)
    liver = ramp_dvh("Liver", low_gy=mean, high_gy=mean, volume_cc=1500.0)
    (outcome,) = judged(by_veff(), dvh_set(liver, rx=given))
    assert outcome.verdict == verdict
    assert outcome.limit_used == limit
    assert f"effective volume of {100 * mean / rx:.4g} %" in outcome.detail


def test_an_effective_volume_whose_band_straddles_a_step_leaves_the_verdict_borderline() -> None:
    given = Prescription(dose_gy=50.0, fractions=5)
    liver = ramp_dvh("Liver", low_gy=12.4, high_gy=12.4, half_width_gy=0.2)
    (outcome,) = judged(by_veff(), dvh_set(liver, rx=given))
    assert outcome.verdict is Verdict.PASS
    assert outcome.borderline


def test_an_effective_volume_beyond_the_last_step_has_no_rule() -> None:
    (outcome,) = judged(by_veff(), dvh_set(ramp_dvh("Liver", low_gy=40.0, high_gy=40.0)))
    assert outcome.verdict is Verdict.NOT_EVALUATED
    assert outcome.reason is Reason.TARGET_VOLUME_OUTSIDE_RANGE


def test_a_row_on_the_prescription_needs_no_structure() -> None:
    of = dvh_set(ramp_dvh("Heart"), rx=Prescription(dose_gy=54.0, fractions=3))
    rows = (row("RxBED10[Gy]", "above", 100, "PTV"), row("Rx[Gy]", "at_most", 50, "PTV"))
    outcomes = report_on(table(*rows, fractions=(3,)), of).outcomes
    assert [o.verdict for o in outcomes] == [Verdict.PASS, Verdict.FAIL]
    assert outcomes[0].measurement.value == pytest.approx(54 * (1 + 18 / 10))  # type: ignore[union-attr]


def test_a_row_on_an_unknown_prescription_is_not_evaluated() -> None:
    of = dvh_set(ramp_dvh("PTV"), rx=UnknownPrescription(reason="no RT Plan", fractions=5))
    (outcome,) = judged(row("RxBED10[Gy]", "above", 100, "PTV"), of)
    assert outcome.reason is Reason.PRESCRIPTION_UNKNOWN


def test_a_row_on_the_prescription_of_a_table_for_other_fractions_is_not_evaluated() -> None:
    of = dvh_set(ramp_dvh("PTV"), rx=Prescription(dose_gy=54.0, fractions=3))
    (outcome,) = judged(row("Rx[Gy]", "at_most", 60, "PTV"), of)
    assert outcome.reason is Reason.FRACTIONS_DO_NOT_MATCH


# -------------------------------------------------------------------------------- of the whole plan


def test_rows_on_the_whole_plan_are_judged_under_every_convention_and_say_what_was_taken_away() -> None:
    rows = tuple(
        row(metric, "below", limit, "PTV")
        for metric, limit in [("R50%[ratio]", 50), ("D2cm[%Rx]", 80), ("V105%Rx_outside_PTV[%PTV]", 90)]
    )
    outcomes = judged(rows, peaked(brick(10.0)))
    assert [o.verdict for o in outcomes] == [Verdict.PASS] * 3
    assert all(len(o.conventions) == 2 for o in outcomes)
    texts = {f.text for o in outcomes for f in o.findings if f.code is FindingCode.DERIVED_STRUCTURE}
    assert texts == {
        "D2cm[%Rx]: the whole dose grid without PTV and all within 2 cm of it",
        "V105%Rx_outside_PTV[%PTV]: the whole dose grid without PTV",
    }


def test_rows_on_the_same_isodoses_share_them_and_rows_that_are_not_judged_find_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of = compute_dvhs(peaked(brick(10.0)))
    found: list[float] = []

    def noted(frame: GridFrame, dose_gy: float, narrow_share: float) -> IsodoseVolume:
        found.append(round(dose_gy, 3))
        return isodose_volume(frame, dose_gy, narrow_share)

    metrics = ("R50%[ratio]", "GI[ratio]", "CI_RTOG[ratio]", "CI_Paddick[ratio]", "D2cm[%Rx]")
    alone = [measure_index(metric, of, "PTV") for metric in metrics]
    monkeypatch.setattr(plan_indices, "isodose_volume", noted)
    rows = tuple(row(metric, "below", 999, "PTV", id=metric) for metric in metrics)
    assert [outcome.measurement for outcome in judged(rows, of)] == alone
    rx = of.prescription
    assert isinstance(rx, Prescription)
    assert sorted(found) == pytest.approx([rx.dose_gy / 2, rx.dose_gy], abs=0.01)
    found.clear()
    other_fractions = table(*rows, fractions=(8,))
    assert {outcome.reason for outcome in report_on(other_fractions, of).outcomes} == {Reason.FRACTIONS_DO_NOT_MATCH}
    assert found == []


def test_an_index_near_its_limit_is_made_certain() -> None:
    of = compute_dvhs(peaked(brick(10.0)))
    (first,) = judged(row("R50%[ratio]", "below", 99, "PTV"), of)
    assert isinstance(first.measurement, Measurement)
    coarse = first.measurement
    limit = coarse.value + 0.7 * (coarse.high - coarse.value)
    (outcome,) = judged(row("R50%[ratio]", "below", limit, "PTV"), of)
    assert isinstance(outcome.measurement, Measurement)
    assert coarse.low < limit < coarse.high
    assert outcome.measurement.high - outcome.measurement.low < 0.5 * (coarse.high - coarse.low)
    assert not outcome.borderline


@pytest.mark.parametrize(
    ("sense", "limit", "verdict"),
    [
        ("below", 99.0, "NOT_EVALUATED"),
        ("below", 0.5, "FAIL"),
        ("above", 0.5, "PASS"),
        ("above", 99.0, "NOT_EVALUATED"),
    ],
)
def test_where_an_isodose_leaves_the_grid_only_what_more_volume_cannot_turn_is_decided(
    sense: str, limit: float, verdict: str
) -> None:
    report = report_on(table(row("R50%[ratio]", sense, limit, "PTV")), compute_dvhs(peaked(brick(10.0), half=18.0)))
    (outcome,) = report.outcomes
    assert outcome.verdict == verdict
    assert (outcome.reason is Reason.ISODOSE_LEAVES_GRID) == (verdict == "NOT_EVALUATED")
    assert FindingCode.ISODOSE_LEAVES_GRID in {f.code for f in outcome.findings}
    assert report.to_records()[0]["high"] is None
    assert " or more" in FORMATS["text"](report)
    codes = {reason.code for reason in report.reasons}
    assert (ReviewCode.OUTSIDE_GRID in codes) == (verdict == "NOT_EVALUATED")
    assert ReviewCode.NOT_EVALUATED not in codes


def test_indices_stay_trilinear_where_dvhs_are_cubic_and_say_so() -> None:
    of = compute_dvhs(peaked(brick(2.0, slices=9)), dose="cubic")
    assert of.model == Model(end_caps=EndCaps.HALF_SLICE, between=Between.SLAB, dose=Interpolation.CUBIC)
    (outcome,) = judged(row("R50%[ratio]", "below", 99, "PTV"), of)
    assert FindingCode.DOSE_NOT_CUBIC in {f.code for f in outcome.findings}


def test_rows_on_the_whole_plan_are_not_evaluated_on_stored_dvhs() -> None:
    (outcome,) = judged(row("R50%[ratio]", "below", 5, "PTV"), dvh_set(ramp_dvh("PTV")))
    assert outcome.reason is Reason.UNDEFINED_FOR_STORED_DVH

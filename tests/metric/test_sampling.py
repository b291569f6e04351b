"""The sampling uncertainty: laws over generated solids, and solids in an evenly rising dose, whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phantom
from dvh_builders import dvh_set, uniform_dvh
from sbrtcheck.dvh import compute_dvhs
from sbrtcheck.dvh import sampled_otherwise as otherwise
from sbrtcheck.metric import NotMeasured, measure
from sbrtcheck.metric.sampling import (
    NoSamplingEstimate,
    SamplingEstimate,
    WhyNoEstimate,
    sampling_uncertainty,
)
from sbrtcheck.plan import DoseGrid, Plan

METRICS = ("Mean[Gy]", "D0.035cc[Gy]", "D95%[Gy]", "D50%[Gy]", "V20Gy[cc]", "Volume[cc]")


def ball(
    radius_mm: float = 10.0, *, planes_mm: float = 3.0, grid_mm: float = 3.0, shift_mm: float = 0.3, slope: float = 1.0
) -> Plan:
    """A ball about 0 in a dose that rises evenly along z, 20 Gy in its middle."""
    first = math.floor(-radius_mm / planes_mm) * planes_mm + shift_mm
    loops = phantom.stack(
        [z for z in np.arange(first, radius_mm, planes_mm) if abs(z) < radius_mm - 0.05],
        lambda z: [phantom.circle((0.0, 0.0), math.sqrt(radius_mm**2 - z**2), points=180)],
    )
    around = radius_mm + 4 * max(grid_mm, planes_mm)
    dose = phantom.sample_dose(
        lambda x, y, z: np.maximum(20.0 + slope * z, 0.0) + 0.0 * (x + y),
        first_mm=(-around + 0.4,) * 3,
        last_mm=(around + grid_mm,) * 3,
        spacing_mm=(grid_mm,) * 3,
    )
    structure = phantom.PhantomStructure(name="Ball", contours_mm=loops)
    return phantom.in_memory([structure], dose, phantom.PhantomPrescription(dose_gy=50.0, fractions=5))


def estimated(plan: Plan, metric: str, **options: str) -> SamplingEstimate:
    dvhs = compute_dvhs(plan, **options)
    found = sampling_uncertainty(metric, dvhs, dvhs["Ball"])
    assert isinstance(found, SamplingEstimate)
    return found


def scaled(plan: Plan, factor: float) -> Plan:
    return replace(plan, dose=replace(plan.dose, gy_per_unit=plan.dose.gy_per_unit * factor))


sizes = st.floats(6.0, 20.0)
planes = st.sampled_from((1.0, 2.0, 3.0))


# -------------------------------------------------------------------------------- laws


@settings(deadline=None, max_examples=25)
@given(radius=sizes, spacing=planes, shift=st.floats(0.0, 1.0), metric=st.sampled_from(METRICS))
def test_it_is_a_finite_number_of_at_least_nothing(radius: float, spacing: float, shift: float, metric: str) -> None:
    found = estimated(ball(radius, planes_mm=spacing, shift_mm=shift), metric)
    assert 0.0 <= found.half_width < math.inf


@settings(deadline=None, max_examples=8)  # each is six structures computed three times
@given(radius=sizes, spacing=planes, factor=st.sampled_from((0.25, 0.5, 2.0, 4.0)))
def test_doses_times_a_number_have_estimates_times_that_number(radius: float, spacing: float, factor: float) -> None:
    plan = ball(radius, planes_mm=spacing)
    for metric in ("Mean[Gy]", "D0.035cc[Gy]", "D50%[Gy]"):
        once, scaled_once = estimated(plan, metric), estimated(scaled(plan, factor), metric)
        # a dose is answered to 0.1 mGy, and the estimate is a sum of three differences of such answers
        assert scaled_once.half_width == pytest.approx(factor * once.half_width, abs=3e-4 * max(factor, 1.0) + 3e-4)


def test_a_volume_does_not_depend_on_the_dose() -> None:
    plan = ball()
    once, doubled = estimated(plan, "Volume[cc]"), estimated(scaled(plan, 2.0), "Volume[cc]")
    assert doubled.half_width == pytest.approx(once.half_width, rel=1e-6)


@pytest.mark.parametrize("metric", ["Volume[cc]", "D0.035cc[Gy]", "D95%[Gy]", "V20Gy[cc]"])
def test_closer_planes_and_a_finer_grid_make_it_smaller_on_average(metric: str) -> None:
    def mean(spacing_mm: float) -> float:
        plans = (
            ball(radius, planes_mm=spacing_mm, grid_mm=spacing_mm, shift_mm=shift)
            for radius in (9.0, 12.5)
            for shift in (0.1, 0.4, 0.8)
        )
        return float(np.mean([estimated(plan, metric).half_width for plan in plans]))

    assert mean(1.0) < mean(2.0) < mean(4.0)


# -------------------------------------------------------------------------------- closed forms


def truth_of_ball(metric: str, radius_mm: float, slope: float) -> float:
    """A ball in a dose that rises along z: the volume above a height u is pi (R - u)^2 (2 R + u) / 3."""

    def beyond(u: float) -> float:
        return math.pi * (radius_mm - u) ** 2 * (2 * radius_mm + u) / 3000.0

    whole = beyond(-radius_mm)
    if metric == "Volume[cc]":
        return whole
    if metric == "Mean[Gy]":
        return 20.0
    if metric == "V20Gy[cc]":
        return whole / 2.0
    amount = metric.removeprefix("D").removesuffix("[Gy]")
    wanted = float(amount[:-2]) if amount.endswith("cc") else float(amount[:-1]) / 100.0 * whole
    low, high = -radius_mm, radius_mm
    for _ in range(60):
        u = (low + high) / 2.0
        low, high = (u, high) if beyond(u) >= wanted else (low, u)
    return 20.0 + slope * low


@pytest.mark.slow
def test_the_truth_of_a_ball_lies_inside_in_19_of_20_cases() -> None:
    inside, cases = 0, 0
    for radius in (5.0, 8.0, 12.0, 20.0):
        for spacing in (1.0, 2.0, 3.0):
            for shift in (0.05, 0.35, 0.7):
                plan = ball(radius, planes_mm=spacing, grid_mm=2.0, shift_mm=shift, slope=0.7)
                dvhs = compute_dvhs(plan)
                for metric in METRICS:
                    value, found = measure(metric, dvhs["Ball"]), sampling_uncertainty(metric, dvhs, dvhs["Ball"])
                    assert isinstance(found, SamplingEstimate)
                    assert not isinstance(value, NotMeasured)
                    truth = truth_of_ball(metric, radius, 0.7)
                    # contours of 180 corners are smaller than their circles by 0.02 %
                    inside += abs(value.value - truth) <= found.half_width + 5e-4 * truth
                    cases += 1
    assert inside >= 0.95 * cases


def test_one_end_alone_is_half_of_both_in_volume_and_moves_the_mean_of_a_column() -> None:
    """A column of 30 mm on planes 3 mm apart in 1 Gy/mm along it: half a slice at one end moves the mean by 0.75 Gy."""
    loops = phantom.stack(phantom.planes(-13.5, 13.5, 3.0), lambda _: [phantom.rectangle((0.0, 0.0), (12.0, 12.0))])
    dose = phantom.sample_dose(
        lambda x, y, z: 40.0 + z + 0.0 * (x + y),
        first_mm=(-30.0,) * 3,
        last_mm=(30.0,) * 3,
        spacing_mm=(2.0,) * 3,
    )
    plan = phantom.in_memory(
        [phantom.PhantomStructure(name="Column", contours_mm=loops)],
        dose,
        phantom.PhantomPrescription(dose_gy=50.0, fractions=5),
    )
    dvh = compute_dvhs(plan)["Column"]
    without_hot, without_cold = otherwise.with_one_end(dvh)
    for part in (without_hot, without_cold):
        assert part.volume == pytest.approx(12.0 * 12.0 * 28.5 / 1000.0, rel=1e-3)
    assert without_hot.mean_gy.value == pytest.approx(40.0 - 0.75, abs=0.02)
    assert without_cold.mean_gy.value == pytest.approx(40.0 + 0.75, abs=0.02)
    (none,) = [other for other in dvh.alternatives if other.end_caps == "none"]
    assert none.mean_gy.value == pytest.approx(40.0, abs=0.01)  # both ends at once tell nothing


def test_points_corrected_for_curvature_give_a_parabola_its_mean_in_each_cell() -> None:
    """Of x^2 from a to a + h the mean is a^2 + a h + h^2 / 3; a straight line makes it h^2 / 6 more."""
    x = np.arange(9.0) * 2.0
    grid = DoseGrid.axial(np.broadcast_to(x**2, (5, 5, 9)), origin_mm=(0.0, 0.0, 0.0), spacing_mm=(2.0, 2.0, 2.0))
    found = otherwise.corrected(grid).values_gy[2, 2]
    inner = (found[1:-2] + found[2:-1]) / 2.0
    assert inner == pytest.approx(x[1:-2] ** 2 + 2.0 * x[1:-2] + 4.0 / 3.0, rel=1e-6)


def test_the_box_keeps_points_where_they_are() -> None:
    plan = ball()
    points = np.array([[30.0, 33.0], [30.0, 33.0], [30.0, 33.0]])
    box = otherwise._box(plan.dose, points)
    shift = np.round((box.origin_mm - plan.dose.origin_mm) / 3.0).astype(int)
    i, j, k = shift
    kept = plan.dose.stored[k : k + box.stored.shape[0], j : j + box.stored.shape[1], i : i + box.stored.shape[2]]
    assert np.array_equal(box.stored, kept)


# -------------------------------------------------------------------------------- no estimate


def test_a_dvh_that_was_not_computed_here_has_none_and_says_so() -> None:
    dvh = uniform_dvh("Heart")
    found = sampling_uncertainty("Mean[Gy]", dvh_set(dvh), dvh)
    assert isinstance(found, NoSamplingEstimate)
    assert found.why is WhyNoEstimate.NOT_COMPUTED_HERE


def test_on_two_planes_nothing_is_known() -> None:
    dvhs = compute_dvhs(ball(4.0, planes_mm=3.0, shift_mm=1.5))
    found = sampling_uncertainty("Mean[Gy]", dvhs, dvhs["Ball"])
    assert isinstance(found, NoSamplingEstimate)
    assert found.why is WhyNoEstimate.TOO_FEW_PLANES
    assert "it has 2" in found.detail


def test_a_volume_that_the_structure_may_not_have_has_none() -> None:
    dvhs = compute_dvhs(ball())
    volume = dvhs["Ball"].volume
    found = sampling_uncertainty(f"D{volume - 1e-3:.4f}cc[Gy]", dvhs, dvhs["Ball"])
    assert isinstance(found, NoSamplingEstimate)
    assert found.why is WhyNoEstimate.NO_OTHER_VALUE


def test_a_metric_of_the_whole_plan_has_none() -> None:
    dvhs = compute_dvhs(ball())
    found = sampling_uncertainty("R50%[ratio]", dvhs, dvhs["Ball"])
    assert isinstance(found, NoSamplingEstimate)
    assert found.why is WhyNoEstimate.WHOLE_PLAN


# -------------------------------------------------------------------------------- other models, large structures


@pytest.mark.parametrize("options", [{"between": "interpolated"}, {"dose": "cubic"}, {"end_caps": "none"}])
def test_other_models_are_compared_with_what_they_were_to_improve(options: dict[str, str]) -> None:
    assert estimated(ball(), "D0.035cc[Gy]", **options).half_width > 0.0


def test_a_large_structure_is_taken_on_half_its_samples_and_its_estimate_is_no_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = ball(20.0, planes_mm=2.0, grid_mm=2.0)
    usual = estimated(plan, "D0.035cc[Gy]")
    monkeypatch.setattr(otherwise, "MAX_CELLS", 100)
    assert estimated(plan, "D0.035cc[Gy]").half_width >= usual.half_width

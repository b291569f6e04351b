"""gEUD, and means of EQD2 and BED: bounds of a set of DVHs hold, and are as close as what is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvh_builders import report_on
from exact import slabs
from lines import power_by_lines
from random_phantoms import one_row
from sbrtcheck.dvh import DVH, OF_DOSE, DVHSet, EndCaps, MeanSought, compute_dvhs, isoeffect
from sbrtcheck.judge import ntcp, risks
from sbrtcheck.metric import Measurement, measure
from sbrtcheck.plan import DoseGrid
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Verdict
from sbrtcheck.tables import Sense
from shapes import KINDS
from solids import Array, along_x, grid, plan, rectangle, structure

POWERS = (-10.0, -1.0, 0.5, 1.0, 2.0, 3.5, 8.0, 20.0)
EFFECTS = (None, 3.0)
"""The dose itself, and EQD2 for an alpha/beta in Gy over five fractions."""

FRACTIONS = 5


def eqd2(dose_gy: Array, ratio: float) -> Array:
    return dose_gy * (dose_gy / FRACTIONS + ratio) / (2.0 + ratio)


def of_dose(power: float, ratio: float | None) -> Callable[[Array], Array]:
    return lambda dose_gy: (dose_gy if ratio is None else eqd2(dose_gy, ratio)) ** power


def sought(power: float, ratio: float | None, close_gy: float) -> MeanSought:
    effect = OF_DOSE if ratio is None else isoeffect(Quantity.EQD2, fractions=FRACTIONS, alpha_beta_gy=ratio)
    return MeanSought(power=power, effect=effect, close_gy=close_gy)


def bounds_of(dvh: DVH, power: float, ratio: float | None) -> tuple[float, float]:
    """As a user gets them."""
    found = (dvh if ratio is None else dvh.to_eqd2(alpha_beta_gy=ratio, fractions=FRACTIONS)).geud(power)
    assert found.low <= found.value <= found.high
    return found.low, found.high


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(KINDS)))
@settings(max_examples=8, deadline=None)
def test_in_a_noisy_dose_bounds_hold_what_a_slow_kernel_finds(seed: int, kind: str) -> None:
    """Under every end-cap convention; dose changes from point to point, so that no term of it is small."""
    rng = np.random.default_rng(seed)
    planes = [(float(z), [loop * 0.5 for loop in KINDS[kind](rng)]) for z in (-3.0, 0.0, 3.0)]
    values = rng.uniform(*rng.choice([(1.0, 70.0), (30.0, 60.0), (0.1, 2.0)]), (8, 11, 11))
    dose = DoseGrid.axial(values, origin_mm=(-15.0, -15.0, -10.5), spacing_mm=(3.0, 3.0, 3.0))
    drawn = [np.column_stack([loop, np.full(len(loop), z)]) for z, plane in planes for loop in plane]
    dvhs = compute_dvhs(plan(dose, structure("S", *drawn, exclusive_or=True)))
    power, ratio = float(rng.choice(POWERS)), rng.choice(EFFECTS)
    (narrow,) = dvhs.narrowed(dvhs["S"], (sought(power, ratio, 0.02),))
    for dvh in (narrow, *narrow.alternatives):
        assert dvh.end_caps is not None
        stack = slabs(planes, dvh.end_caps)
        rough, near = (
            power_by_lines(dose, stack, of_dose(power, ratio), least) / power_by_lines(dose, stack, np.ones_like, least)
            for least in (1, 2)
        )
        truth, other = near ** (1 / power), rough ** (1 / power)
        low, high = bounds_of(dvh, power, ratio)
        slack = 3 * abs(truth - other) + 1e-5 * truth + 1e-4
        assert low - slack <= truth <= high + slack


@given(st.sampled_from(POWERS), st.sampled_from(EFFECTS), st.floats(0.05, 2.0), st.floats(5.0, 60.0))
@settings(max_examples=15, deadline=None)
def test_in_a_box_where_dose_rises_evenly_bounds_hold_the_closed_form_and_are_close(
    power: float, ratio: float | None, gradient: float, least: float
) -> None:
    box = structure("S", *[rectangle(-7.3, 8.1, -5.2, 5.2, z) for z in (-2.0, 0.0, 2.0)])
    middle = least + 7.3 * gradient
    dvhs = compute_dvhs(plan(grid(along_x(gradient, middle)), box))
    # the mean of a function over an interval, by Gauss points in many parts of it
    nodes, weights = np.polynomial.legendre.leggauss(12)
    ends = np.linspace(middle - 7.3 * gradient, middle + 8.1 * gradient, 41)
    at = ends[:-1, None] + np.diff(ends)[:, None] * (nodes + 1) / 2
    truth = float(np.mean(of_dose(power, ratio)(at) @ weights / 2)) ** (1 / power)
    close_gy = max(0.02, 1e-3 * truth)
    (narrow,) = dvhs.narrowed(dvhs["S"], (sought(power, ratio, close_gy),))
    low, high = bounds_of(narrow, power, ratio)
    assert low - 2e-4 <= truth <= high + 2e-4
    if power != 0.5 or ratio is None:  # else a power that bends both ways
        assert high - low <= 2 * close_gy + 4e-4


PLAN = plan(grid(along_x(2.0, 30.0)), structure("SpinalCord", *[rectangle(-9, 8, -5, 6, z) for z in (-3.0, 0.0, 3.0)]))


def geud(a: float, dvhs: DVHSet) -> Measurement:
    (answer,) = dvhs.measure(f"gEUD({a:g})[Gy]").values()
    assert isinstance(answer, Measurement)
    return answer


@pytest.mark.parametrize("a", [-5.0, 0.3, 2.0, 12.0])
def test_of_a_set_geud_is_close_and_of_a_dvh_alone_it_is_that_of_the_curve(a: float) -> None:
    dvhs = compute_dvhs(PLAN)
    close, wide = geud(a, dvhs), measure(f"gEUD({a:g})[Gy]", dvhs["SpinalCord"])
    assert wide.low <= close.low <= close.value <= close.high <= wide.high
    assert close.high - close.low <= 2 * max(0.02, 1e-3 * close.value)
    assert wide.high - wide.low > 4 * (close.high - close.low)


@pytest.mark.parametrize("metric", ["Mean[Gy]", "gEUD(4)[Gy]"])
def test_a_row_in_eqd2_has_close_bounds_under_every_end_cap_convention(metric: str) -> None:
    table = one_row(metric, Sense.BELOW, 500.0, quantity=Quantity.EQD2, alpha_beta_gy=3.0)
    (outcome,) = report_on(table, compute_dvhs(PLAN)).outcomes
    found = outcome.measurement
    assert found.high - found.low <= 2 * max(0.02, 1e-3 * found.value)
    x = np.linspace(-9, 8, 100_001)
    effect = eqd2(30 + 2 * x, 3.0)
    truth = float(np.mean(effect if metric == "Mean[Gy]" else effect**4)) ** (1 if metric == "Mean[Gy]" else 0.25)
    assert found.low - 1e-3 <= truth <= found.high + 1e-3


@pytest.mark.parametrize("off", [-0.015, 0.015])
def test_a_verdict_that_close_bounds_leave_open_is_decided(off: float) -> None:
    dvhs = compute_dvhs(plan(grid(along_x(3.0, 70.0)), *PLAN.structures))
    ends = np.array([43.0, 94.0])
    truth = float(np.diff(ends**31)[0] / (31 * np.diff(ends)[0])) ** (1 / 30)
    close = geud(30.0, dvhs)
    assert close.low < truth + off < close.high
    (outcome,) = report_on(one_row("gEUD(30)[Gy]", Sense.BELOW, truth + off), dvhs).outcomes
    assert not outcome.borderline
    assert outcome.verdict is (Verdict.PASS if off > 0 else Verdict.FAIL)


def test_no_dose_at_all_has_a_geud_of_0() -> None:
    dose = PLAN.dose
    nothing = compute_dvhs(replace(PLAN, dose=replace(dose, stored=np.zeros_like(dose.stored))))
    for a in (-5.0, 0.5, 4.0):
        assert (geud(a, nothing).low, geud(a, nothing).value) == (0.0, 0.0)
        assert geud(a, nothing).high <= 1e-3


def test_a_cold_spot_of_no_dose_leaves_nothing_of_a_negative_power() -> None:
    cold = plan(grid(lambda x, y, z: np.maximum(x, 0.0) * 5 + 0 * (y + z)), *PLAN.structures)
    assert geud(-3.0, compute_dvhs(cold)).low == 0.0


def test_of_a_structure_that_leaves_the_grid_bounds_stay_those_of_its_curve() -> None:
    leaves = plan(grid(along_x(0.5, 30.0), half_mm=6.0), *PLAN.structures)
    dvhs = compute_dvhs(leaves)
    dvh = dvhs["SpinalCord"]
    assert dvh.uncovered_cc > 0
    assert geud(4.0, dvhs) == measure("gEUD(4)[Gy]", dvh)
    assert dvhs.narrowed(dvh, (sought(4.0, None, 0.02),)) == (dvh,)


def test_a_risk_of_a_plan_has_the_close_bounds_of_its_geud() -> None:
    names = ("Lungs", "Liver-GTV")
    organs = [
        structure(name, *[rectangle(-9, 8, -5, 6, z) for z in (-3.0, 0.0, 3.0)], number=i)
        for i, name in enumerate(names, start=1)
    ]
    dvhs = compute_dvhs(plan(grid(along_x(2.0, 30.0)), *organs))
    found = [risk for site in ("lung", "liver") for risk in risks(dvhs, site=site) if getattr(risk, "contour", "")]
    assert found
    for risk in found:
        alone = ntcp(risk.model.id, dvhs[risk.contour])
        assert alone.dose.low <= risk.dose.low <= risk.dose.value <= risk.dose.high <= alone.dose.high
        assert risk.dose.high - risk.dose.low <= 2.0 * max(0.02, 2e-3 * risk.dose.value)
        assert risk.probability.low <= risk.probability.value <= risk.probability.high


def test_what_is_known_under_one_question_stays_under_another() -> None:
    dvhs = compute_dvhs(PLAN)
    dvh = dvhs["SpinalCord"]
    first, second = sought(4.0, None, 0.02), sought(1.0, 3.0, 0.02)
    (both,) = dvhs.narrowed(dvh, (first, second))
    (alone,) = dvhs.narrowed(dvh, (first,))
    (later,) = dvhs.narrowed(dvh, (second,), known=(alone,))
    for one in (both, later):
        for bounds in (one.geud(4.0), one.to_eqd2(alpha_beta_gy=3.0).mean_gy):
            assert bounds.high - bounds.low <= 0.04 + 4e-4
    assert {other.end_caps for other in both.alternatives} == set(EndCaps) - {both.end_caps}
    assert all(len(other.power_means) == 2 for other in (*both.alternatives, *later.alternatives))


@pytest.mark.parametrize("a", [-60.0, -400.0, -3000.0])
def test_geud_of_a_very_negative_exponent_is_near_the_minimum_and_not_nothing(a: float) -> None:
    """Powers of the largest doses over the least pass every number a computer has."""
    dvhs = compute_dvhs(plan(grid(along_x(2.0, 20.0), half_mm=12.0), *PLAN.structures))
    # evenly from 2 to 36 Gy over 17 mm: the mean of (D / 2) ** a is 1 / 17 of the integral from 1 to 18
    truth = 2.0 * ((18.0 ** (a + 1) - 1.0) / (a + 1) / 17.0) ** (1 / a)
    for found in (measure(f"gEUD({a:g})[Gy]", dvhs["SpinalCord"]), geud(a, dvhs)):
        assert isinstance(found, Measurement)
        assert found.low - 1e-3 <= truth <= found.high + 1e-3
        assert found.high - found.low <= 1.5

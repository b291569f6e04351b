"""Models around the linear-quadratic one: published values, laws, and two published mistakes that are not ours."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.plan import FindingCode
from sbrtcheck.radiobiology import (
    SurvivalModel,
    bed,
    bed_of_eqd2,
    bed_with_incomplete_repair,
    bed_with_repopulation,
    eqd2,
    eqd2_of_bed,
    eqd2_with_proliferation,
    findings_for,
    fractions_for_bed,
    incomplete_repair_factor,
    isoeffective_dose,
    lql_bed,
    lql_total_dose_for_bed,
    total_dose_for_bed,
    total_dose_for_bed_with_incomplete_repair,
    total_dose_for_bed_with_repopulation,
    total_dose_for_eqd2,
    usc_alpha_beta_gy,
    usc_bed,
    usc_total_dose_for_bed,
    usc_transition_gy,
)

doses_gy = st.floats(0.01, 200.0)
fractions = st.integers(1, 40)
alpha_betas_gy = st.floats(0.5, 20.0)
transitions_gy = st.floats(0.5, 30.0)

LUNG_CANCER = {"alpha_per_gy": 0.33, "d0_gy": 1.25, "dq_gy": 1.8}  # Park 2008


# -------------------------------------------------------------------------------- inverses


@given(doses_gy, fractions, alpha_betas_gy)
def test_the_dose_for_an_eqd2_has_that_eqd2(total_gy: float, n: int, alpha_beta_gy: float) -> None:
    equivalent = eqd2(total_gy, fractions=n, alpha_beta_gy=alpha_beta_gy)
    assert total_dose_for_eqd2(equivalent, fractions=n, alpha_beta_gy=alpha_beta_gy) == pytest.approx(total_gy)


@given(doses_gy, fractions, alpha_betas_gy)
def test_bed_and_eqd2_turn_into_each_other(total_gy: float, n: int, alpha_beta_gy: float) -> None:
    of_course = {"fractions": n, "alpha_beta_gy": alpha_beta_gy}
    effect, equivalent = bed(total_gy, **of_course), eqd2(total_gy, **of_course)
    assert eqd2_of_bed(effect, alpha_beta_gy=alpha_beta_gy) == pytest.approx(equivalent)
    assert bed_of_eqd2(equivalent, alpha_beta_gy=alpha_beta_gy) == pytest.approx(effect)


@given(doses_gy, fractions, fractions, alpha_betas_gy)
def test_an_isoeffective_dose_has_the_same_bed_and_leads_back(total_gy: float, n: int, m: int, ratio: float) -> None:
    other = isoeffective_dose(total_gy, fractions=n, new_fractions=m, alpha_beta_gy=ratio)
    effect = total_gy * (1 + total_gy / n / ratio)
    assert other * (1 + other / m / ratio) == pytest.approx(effect)
    back = isoeffective_dose(other, fractions=m, new_fractions=n, alpha_beta_gy=ratio)
    assert back == pytest.approx(total_gy)


@given(st.floats(0.1, 30.0), fractions, alpha_betas_gy)
def test_the_fractions_for_a_bed_are_those_it_came_from(dose_gy: float, n: int, ratio: float) -> None:
    effect = bed(n * dose_gy, fractions=n, alpha_beta_gy=ratio)
    assert fractions_for_bed(effect, dose_per_fraction_gy=dose_gy, alpha_beta_gy=ratio) == pytest.approx(n)


# BED10 for 90 % control of liver metastases that the review quotes: dose in 3 and in 5 fractions, clinical evidence
@pytest.mark.parametrize(("effect", "n", "total_gy"), [(209, 3, 65.6), (286, 3, 78.8), (209, 5, 80.2), (286, 5, 97.2)])
def test_the_dose_that_a_bed_of_the_review_needs(effect: float, n: int, total_gy: float) -> None:
    assert total_dose_for_bed(effect, fractions=n, alpha_beta_gy=10.0) == pytest.approx(total_gy, abs=0.05)


# -------------------------------------------------------------------------------- LQ-L


def test_34_gy_at_once_are_130_gy_by_lq_l_and_149p6_by_lq() -> None:
    course = {"fractions": 1, "alpha_beta_gy": 10.0}
    assert lql_bed(34.0, transition_gy=20.0, **course) == pytest.approx(130.0)
    assert bed(34.0, **course) == pytest.approx(149.6)


def test_the_linear_term_does_not_come_on_top_of_the_whole_curve() -> None:
    # a published implementation adds it to the full LQ term
    published = 34.0 * (1 + 34.0 / 10.0) + (1 + 2 * 20.0 / 10.0) * (34.0 - 20.0)
    assert published == pytest.approx(219.6)
    assert published - lql_bed(34.0, fractions=1, alpha_beta_gy=10.0, transition_gy=20.0) == pytest.approx(89.6)


@given(st.floats(0.0, 1.0), fractions, alpha_betas_gy, transitions_gy)
def test_lq_l_is_lq_below_its_transition(share: float, n: int, ratio: float, transition: float) -> None:
    total_gy = share * transition * n
    by_lq = total_gy * (1 + total_gy / n / ratio)
    assert lql_bed(total_gy, fractions=n, alpha_beta_gy=ratio, transition_gy=transition) == pytest.approx(by_lq)


@given(fractions, alpha_betas_gy, transitions_gy)
def test_lq_l_is_continuous_and_smooth_at_its_transition(n: int, ratio: float, transition: float) -> None:
    step = 1e-4 * transition
    doses = n * (transition + step * np.array([-1.0, 0.0, 1.0]))
    below, at, above = np.asarray(lql_bed(doses, fractions=n, alpha_beta_gy=ratio, transition_gy=transition))
    # the second difference of a kink would be of the order of the step, here it is of its square
    assert above - at == pytest.approx(at - below, rel=2e-4)


@given(doses_gy, fractions, alpha_betas_gy, transitions_gy)
def test_lq_l_never_exceeds_lq(total_gy: float, n: int, ratio: float, transition: float) -> None:
    straight = lql_bed(total_gy, fractions=n, alpha_beta_gy=ratio, transition_gy=transition)
    assert total_gy * (1 - 1e-12) <= straight <= bed(total_gy, fractions=n, alpha_beta_gy=ratio) * (1 + 1e-12)


@given(doses_gy, fractions, alpha_betas_gy, transitions_gy)
def test_the_dose_for_a_bed_by_lq_l_has_that_bed(total_gy: float, n: int, ratio: float, transition: float) -> None:
    curve = {"fractions": n, "alpha_beta_gy": ratio, "transition_gy": transition}
    assert lql_total_dose_for_bed(lql_bed(total_gy, **curve), **curve) == pytest.approx(total_gy)


# -------------------------------------------------------------------------------- universal survival curve


def test_the_lung_cancer_curve_of_park_is_consistent_with_itself() -> None:
    beta = (1 - 0.33 * 1.25) ** 2 / (4 * 1.25 * 1.8)
    assert beta == pytest.approx(0.03835, abs=5e-6)
    assert usc_alpha_beta_gy(**LUNG_CANCER) == pytest.approx(0.33 / beta)
    assert usc_alpha_beta_gy(**LUNG_CANCER) == pytest.approx(8.605, abs=5e-4)
    assert usc_transition_gy(**LUNG_CANCER) == pytest.approx(6.13, abs=5e-3)


@pytest.mark.parametrize(("total_gy", "n", "published"), [(60.0, 3, 132.4), (50.0, 5, 99.4)])
def test_bed_by_the_universal_survival_curve(total_gy: float, n: int, published: float) -> None:
    assert usc_bed(total_gy, fractions=n, **LUNG_CANCER) == pytest.approx(published, abs=0.05)


@given(st.floats(6.2, 40.0), fractions)
def test_beyond_the_transition_it_is_the_multi_target_line(dose_gy: float, n: int) -> None:
    line = (n * dose_gy - n * 1.8) / (0.33 * 1.25)
    assert usc_bed(n * dose_gy, fractions=n, **LUNG_CANCER) == pytest.approx(line)


@given(doses_gy, fractions)
def test_the_dose_for_a_bed_by_the_universal_survival_curve_has_that_bed(total_gy: float, n: int) -> None:
    effect = usc_bed(total_gy, fractions=n, **LUNG_CANCER)
    assert usc_total_dose_for_bed(effect, fractions=n, **LUNG_CANCER) == pytest.approx(total_gy)


def test_a_line_that_is_no_tangent_is_refused() -> None:
    with pytest.raises(ValueError, match="no tangent"):
        usc_bed(60.0, fractions=3, alpha_per_gy=1.0, d0_gy=1.0, dq_gy=1.8)


# -------------------------------------------------------------------------------- incomplete repair


# Thames's factor: two fractions 6 h apart with a half-time of 1.5 h, three 4 h apart with 4 h
@pytest.mark.parametrize(("m", "interval_h", "half_time_h", "factor"), [(2, 6.0, 1.5, 0.0625), (3, 4.0, 4.0, 0.8333)])
def test_the_factor_of_incomplete_repair(m: int, interval_h: float, half_time_h: float, factor: float) -> None:
    found = incomplete_repair_factor(fractions_per_day=m, interval_h=interval_h, half_time_h=half_time_h)
    assert found == pytest.approx(factor, abs=5e-5)


@given(st.integers(1, 6), st.floats(0.1, 48.0), st.floats(0.2, 10.0))
def test_the_factor_counts_each_earlier_fraction_by_what_is_left_of_it(m: int, hours: float, half: float) -> None:
    left = 0.5 ** (hours / half)
    pairs = sum(left ** (later - earlier) for later in range(m) for earlier in range(later))
    found = incomplete_repair_factor(fractions_per_day=m, interval_h=hours, half_time_h=half)
    assert found == pytest.approx(2 / m * pairs, abs=1e-9)


@given(doses_gy, fractions, alpha_betas_gy, st.integers(1, 4))
def test_incomplete_repair_is_lq_at_long_intervals(total_gy: float, n: int, ratio: float, m: int) -> None:
    course: dict[str, Any] = {"fractions": n, "alpha_beta_gy": ratio}
    far = bed_with_incomplete_repair(total_gy, fractions_per_day=m, interval_h=500.0, half_time_h=2.0, **course)
    assert far == pytest.approx(bed(total_gy, **course))


@given(doses_gy, fractions, alpha_betas_gy, st.floats(1.0, 20.0))
def test_less_time_for_repair_has_more_effect(total_gy: float, n: int, ratio: float, hours: float) -> None:
    course: dict[str, Any] = {"fractions": n, "alpha_beta_gy": ratio, "fractions_per_day": 2, "half_time_h": 3.0}
    near = bed_with_incomplete_repair(total_gy, interval_h=hours, **course)
    assert near > bed_with_incomplete_repair(total_gy, interval_h=2 * hours, **course)


def test_doses_at_once_count_as_one_fraction() -> None:
    both = bed_with_incomplete_repair(
        20.0, fractions=2, alpha_beta_gy=3.0, fractions_per_day=2, interval_h=1e-9, half_time_h=3.0
    )
    assert both == pytest.approx(bed(20.0, fractions=1, alpha_beta_gy=3.0))


@given(doses_gy, fractions, alpha_betas_gy, st.integers(1, 4), st.floats(0.1, 48.0))
def test_a_dose_is_found_again_from_its_bed_with_incomplete_repair(
    total_gy: float, n: int, ratio: float, m: int, hours: float
) -> None:
    course: dict[str, Any] = {"fractions": n, "alpha_beta_gy": ratio}
    course |= {"fractions_per_day": m, "interval_h": hours, "half_time_h": 4.0}
    effect = bed_with_incomplete_repair(total_gy, **course)
    assert total_dose_for_bed_with_incomplete_repair(effect, **course) == pytest.approx(total_gy, rel=1e-9)


def test_doses_at_once_need_the_dose_of_one_fraction() -> None:
    # 20 Gy at once, α/β 3 Gy: BED 20 (1 + 20 / 3)
    dose = total_dose_for_bed_with_incomplete_repair(
        20.0 * (1 + 20 / 3), fractions=2, alpha_beta_gy=3.0, fractions_per_day=2, interval_h=1e-9, half_time_h=3.0
    )
    assert dose == pytest.approx(20.0)


# -------------------------------------------------------------------------------- repopulation

GROWTH = {"kick_off_days": 28.0, "alpha_per_gy": 0.3, "doubling_days": 3.0}


@given(doses_gy, st.floats(0.0, 28.0))
def test_nothing_grows_before_the_kick_off(total_gy: float, days: float) -> None:
    grown = bed_with_repopulation(total_gy, fractions=5, alpha_beta_gy=10.0, days=days, **GROWTH)
    assert grown == pytest.approx(bed(total_gy, fractions=5, alpha_beta_gy=10.0))


@given(doses_gy, st.floats(28.0, 100.0), st.floats(0.1, 30.0))
def test_each_day_beyond_the_kick_off_costs_the_same(total_gy: float, days: float, more: float) -> None:
    def effect(overall: float) -> float:
        return float(bed_with_repopulation(total_gy, fractions=5, alpha_beta_gy=10.0, days=overall, **GROWTH))

    assert effect(days) - effect(days + more) == pytest.approx(math.log(2) * more / (0.3 * 3.0))


@given(st.floats(0.0, 300.0), fractions, st.floats(0.0, 100.0))
def test_the_dose_for_a_bed_makes_up_for_growth(bed_gy: float, n: int, days: float) -> None:
    course: dict[str, Any] = {"fractions": n, "alpha_beta_gy": 10.0, "days": days} | GROWTH
    total_gy = total_dose_for_bed_with_repopulation(bed_gy, **course)
    assert bed_with_repopulation(total_gy, **course) == pytest.approx(bed_gy, abs=1e-9)


def test_the_dose_for_a_bed_by_hand() -> None:
    # 60 Gy in 30: BED 72, less ln 2 * 11 d / (0.3 / Gy * 3 d)
    left_gy = 72.0 - math.log(2) * 11 / 0.9
    found = total_dose_for_bed_with_repopulation(left_gy, fractions=30, alpha_beta_gy=10.0, days=39.0, **GROWTH)
    assert found == pytest.approx(60.0)


# lung cancer 0.45 Gy a day, pneumonitis 0.54 Gy a day: the clinical evidence
@pytest.mark.parametrize("gy_per_day", [0.45, 0.54])
def test_the_dose_form_takes_a_dose_a_day(gy_per_day: float) -> None:
    grown = eqd2_with_proliferation(60.0, days=[20, 28, 38], kick_off_days=28, gy_per_day=gy_per_day)
    assert np.asarray(grown) == pytest.approx([60.0, 60.0, 60.0 - 10 * gy_per_day])


# -------------------------------------------------------------------------------- arguments

COURSE = {"fractions": [3, 5], "alpha_beta_gy": 10.0}
VECTORISED: list[Callable[[Any], Any]] = [
    lambda d: total_dose_for_eqd2(d, **COURSE),
    lambda d: isoeffective_dose(d, new_fractions=8, **COURSE),
    lambda d: fractions_for_bed(d, dose_per_fraction_gy=[8.0, 10.0], alpha_beta_gy=10.0),
    lambda d: lql_bed(d, transition_gy=12.0, **COURSE),
    lambda d: lql_total_dose_for_bed(d, transition_gy=12.0, **COURSE),
    lambda d: usc_bed(d, fractions=[3, 5], **LUNG_CANCER),
    lambda d: bed_with_incomplete_repair(d, fractions_per_day=2, interval_h=6, half_time_h=3, **COURSE),
    lambda d: bed_with_repopulation(d, days=40, **GROWTH, **COURSE),
    lambda d: total_dose_for_bed_with_incomplete_repair(d, fractions_per_day=2, interval_h=6, half_time_h=3, **COURSE),
    lambda d: total_dose_for_bed_with_repopulation(d, days=40, **GROWTH, **COURSE),
]


@pytest.mark.parametrize("function", VECTORISED)
def test_every_function_broadcasts_and_refuses_a_negative_dose(function: Callable[[Any], Any]) -> None:
    table = function([[30.0], [48.0], [54.0]])
    assert table.shape == (3, 2)
    assert table[1] == pytest.approx(function(48.0))
    with pytest.raises(ValueError, match=r"_gy: -1 is not a dose in Gy, 0 or more"):
        function([[30.0], [-1.0]])


@pytest.mark.parametrize("wrong", [0.0, -2.0, math.nan, math.inf])
def test_a_parameter_that_means_nothing_is_refused_by_its_name(wrong: float) -> None:
    course: dict[str, Any] = {"fractions": 5, "alpha_beta_gy": 10.0}
    with pytest.raises(ValueError, match=r"^transition_gy: "):
        lql_bed(50.0, transition_gy=wrong, **course)
    with pytest.raises(ValueError, match=r"^doubling_days: "):
        bed_with_repopulation(50.0, days=40, **(GROWTH | {"doubling_days": wrong}), **course)
    with pytest.raises(ValueError, match=r"^half_time_h: "):
        incomplete_repair_factor(fractions_per_day=2, interval_h=6, half_time_h=wrong)


# -------------------------------------------------------------------------------- range of validity


@given(st.floats(0.0, 10.0), fractions)
def test_up_to_10_gy_a_fraction_nothing_is_said(dose_gy: float, n: int) -> None:
    assert findings_for(math.floor(dose_gy * n * 1e6) / 1e6, fractions=n) == ()


@pytest.mark.parametrize(("total_gy", "n", "beyond_both"), [(54.0, 3, False), (34.0, 1, True)])
def test_beyond_10_gy_a_fraction_a_finding_says_how_far_the_model_reaches(
    total_gy: float, n: int, beyond_both: bool
) -> None:
    (finding,) = findings_for([0.0, total_gy, 1.0], fractions=n, subject="SpinalCord")
    assert finding.code is FindingCode.BEYOND_MODEL
    assert finding.subject == "SpinalCord"
    assert f"up to {total_gy / n:g} Gy a fraction" in finding.text
    assert ("beyond both" in finding.text) == beyond_both


@pytest.mark.parametrize("model", [SurvivalModel.LQ_L, SurvivalModel.USC])
def test_the_models_for_large_doses_have_no_stated_end(model: SurvivalModel) -> None:
    assert findings_for(34.0, fractions=1, model=model) == ()


def test_the_model_is_used_all_the_same_beyond_its_range() -> None:
    assert bed(34.0, fractions=1, alpha_beta_gy=10.0) == pytest.approx(34.0 * 4.4)

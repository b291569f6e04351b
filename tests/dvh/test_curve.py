"""A cumulative curve as mathematics: what is read off it, and its means, by closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dvh_builders import curve, exact, ramp_dvh, uniform_dvh
from sbrtcheck.dvh import Bounds, Curve
from sbrtcheck.dvh.curve import closer, dose_bounds, joined_curve, ordered_bounds
from sbrtcheck.dvh.curve_distance import curve_distance

exponents = st.floats(-20.0, 20.0).filter(lambda a: abs(a) > 0.1 and abs(a + 1) > 1e-6)
lows_gy = st.floats(0.1, 40.0)
widths_gy = st.floats(0.5, 40.0)


def at(found: Curve, dose_gy: float) -> float:
    return float(found.volume_at(np.array([dose_gy]))[0])


def of(found: Curve, volume: float) -> float:
    return float(found.dose_at(np.array([volume]))[0])


# -------------------------------------------------------------------------------- reading off


def test_of_a_ramp_a_step_and_a_level_part_every_place_is_known() -> None:
    """10 cc; 4 of them at just 5 Gy, 2 spread from 5 to 10 Gy, none from 10 to 15 Gy, 4 spread from there to 20 Gy."""
    drawn = curve([0.0, 5.0, 5.0, 10.0, 15.0, 20.0], [10.0, 10.0, 6.0, 4.0, 4.0, 0.0])
    for dose_gy, volume in ((0.0, 10.0), (5.0, 10.0), (7.5, 5.0), (10.0, 4.0), (12.0, 4.0), (17.5, 2.0), (20.0, 0.0)):
        assert at(drawn, dose_gy) == pytest.approx(volume)
    assert at(drawn, np.nextafter(5.0, 6.0)) == pytest.approx(6.0)
    assert (at(drawn, -1.0), at(drawn, 21.0)) == (10.0, 0.0)
    for volume, dose_gy in ((10.0, 5.0), (8.0, 5.0), (6.0, 5.0), (5.0, 7.5), (4.0, 15.0), (2.0, 17.5), (0.0, 20.0)):
        assert of(drawn, volume) == pytest.approx(dose_gy)
    assert of(drawn, 11.0) == 0.0  # more than all: the first dose


def test_the_first_part_of_a_curve_is_read_as_every_other() -> None:
    """10 cc; 4 of them spread from 1 to 9 Gy, 6 from there to 12 Gy."""
    drawn = curve([1.0, 9.0, 12.0], [10.0, 6.0, 0.0])
    for dose_gy, volume in ((1.0, 10.0), (3.0, 9.0), (7.0, 7.0), (9.0, 6.0), (11.0, 2.0), (12.0, 0.0)):
        assert (at(drawn, dose_gy), of(drawn, volume)) == pytest.approx((volume, dose_gy))


def test_the_dose_of_no_volume_is_the_last_one_wherever_the_curve_reaches_0() -> None:
    drawn = curve([0.0, 10.0, 20.0], [10.0, 0.0, 0.0])
    assert (of(drawn, 0.0), of(drawn, 1e-12)) == pytest.approx((20.0, 10.0))


def test_a_curve_of_one_point_is_a_step_there() -> None:
    drawn = curve([5.0], [10.0])
    assert (at(drawn, 4.0), at(drawn, 5.0), at(drawn, 6.0)) == (10.0, 10.0, 0.0)
    assert (of(drawn, 0.0), of(drawn, 10.0)) == (5.0, 5.0)


@given(lows_gy, widths_gy, st.floats(0.0, 1.0))
def test_dose_and_volume_of_a_slope_are_inverse_to_each_other(low_gy: float, width_gy: float, share: float) -> None:
    drawn = curve([low_gy, low_gy + width_gy], [7.0, 0.0])
    assert of(drawn, 7.0 * share) == pytest.approx(low_gy + (1.0 - share) * width_gy)
    assert at(drawn, low_gy + share * width_gy) == pytest.approx(7.0 * (1.0 - share), abs=1e-9)


# -------------------------------------------------------------------------------- means


def power_mean_of_a_ramp(low_gy: float, high_gy: float, a: float) -> float:
    """``(mean of d**a) ** (1/a)``, ``d`` spread evenly from low to high; by logarithms, for no power to overflow."""
    d = np.linspace(low_gy, high_gy, 20_001)
    logs = a * np.log((d[1:] + d[:-1]) / 2)  # the rule of midpoints
    top = float(logs.max())
    return math.exp((top + math.log(float(np.mean(np.exp(logs - top))))) / a)


@given(lows_gy, widths_gy, exponents)
def test_geud_of_a_ramp_is_its_integral_whatever_the_sign_of_the_exponent(low: float, width: float, a: float) -> None:
    """The first part of the curve, from 0 to the least dose, holds no volume: nothing of it is cold."""
    drawn = curve([0.0, low, low + width], [10.0, 10.0, 0.0])
    assert drawn.geud(a) == pytest.approx(power_mean_of_a_ramp(low, low + width, a), rel=2e-3)


@pytest.mark.parametrize(
    ("a", "expected"), [(1.0, 12.5), (2.0, 175.0**0.5), (-2.0, 10.0), (-1.0, 15.0 / math.log(4.0))]
)
def test_geud_of_5_to_20_gy_by_hand(a: float, expected: float) -> None:
    """Of 5 to 20 Gy the mean of d² is (20³ - 5³) / 45 = 175, that of d⁻² is 1 / (5 · 20), that of 1/d is ln 4 / 15."""
    assert curve([0.0, 5.0, 20.0], [3.0, 3.0, 0.0]).geud(a) == pytest.approx(expected)
    assert ramp_dvh(volume_cc=3.0, low_gy=5.0, high_gy=20.0).geud(a).value == pytest.approx(expected, abs=1e-4)


def test_geud_of_two_slopes_by_hand() -> None:
    """Half of 5 to 10 Gy and half of 10 to 20 Gy: the mean of 1/d is (ln 2 / 5 + ln 2 / 10) / 2."""
    assert curve([5.0, 10.0, 20.0], [4.0, 2.0, 0.0]).geud(-1.0) == pytest.approx(1.0 / (0.15 * math.log(2.0)))
    for a in (-3.0, -1.0, 2.0):  # of a curve that ends before 0, what it tells of
        assert curve([5.0, 20.0], [5.0, 2.0]).geud(a) == pytest.approx(curve([5.0, 20.0], [3.0, 0.0]).geud(a))


@given(lows_gy, lows_gy, st.floats(0.05, 0.95), exponents)
def test_geud_of_two_steps_is_the_power_mean_of_two_doses(one: float, other: float, share: float, a: float) -> None:
    low, high = sorted((one, other))
    assume(high > low * (1 + 1e-6))
    drawn = curve([0.0, low, low, high, high], [1.0, 1.0, 1.0 - share, 1.0 - share, 0.0])
    logs = [math.log(weight) + a * math.log(dose) for weight, dose in ((share, low), (1.0 - share, high))]
    top = max(logs)
    assert drawn.geud(a) == pytest.approx(math.exp((top + math.log(sum(math.exp(x - top) for x in logs))) / a))
    assert drawn.mean() == pytest.approx(share * low + (1.0 - share) * high)


@given(lows_gy, exponents)
def test_of_one_dose_every_mean_is_that_dose(dose_gy: float, a: float) -> None:
    for found in (uniform_dvh(dose_gy=dose_gy).curve, curve([dose_gy, dose_gy], [2.0, 0.0])):
        assert found.geud(a) == pytest.approx(dose_gy)
        assert found.mean() == pytest.approx(dose_gy)


@pytest.mark.parametrize("a", [-0.5, -1.0, -8.0])
def test_a_part_that_gets_nothing_leaves_nothing_of_a_negative_mean(a: float) -> None:
    assert curve([0.0, 20.0], [10.0, 0.0]).geud(a) == 0.0  # a ramp that begins at 0
    assert curve([0.0, 0.0, 20.0, 20.0], [10.0, 9.0, 9.0, 0.0]).geud(a) == 0.0  # a tenth at just 0
    assert curve([0.0, 5.0, 20.0], [10.0, 10.0, 0.0]).geud(a) > 5.0  # none at 0


@pytest.mark.parametrize("a", [0.25, 0.5, 1.0, 3.0])
def test_a_part_that_gets_nothing_leaves_the_rest_of_a_positive_mean(a: float) -> None:
    """From 0 to 20 Gy the mean of d**a is 20**a / (a + 1); of a half at 20 Gy and a half at 0 it is 20**a / 2."""
    assert curve([0.0, 20.0], [10.0, 0.0]).geud(a) == pytest.approx(20.0 * (a + 1.0) ** (-1.0 / a))
    assert curve([0.0, 0.0, 20.0, 20.0], [10.0, 5.0, 5.0, 0.0]).geud(a) == pytest.approx(20.0 * 0.5 ** (1.0 / a))


def test_of_no_dose_every_mean_is_0() -> None:
    assert curve([0.0, 0.0], [10.0, 0.0]).geud(3.0) == curve([0.0, 0.0], [10.0, 0.0]).geud(-3.0) == 0.0


@given(lows_gy, widths_gy, exponents, st.floats(0.01, 100.0))
def test_the_unit_of_dose_and_that_of_volume_change_no_mean(low: float, width: float, a: float, factor: float) -> None:
    drawn = curve([0.0, low, low + width], [10.0, 10.0, 0.0])
    other = curve([0.0, factor * low, factor * (low + width)], [1000.0, 1000.0, 0.0])
    assert other.geud(a) == pytest.approx(factor * drawn.geud(a))
    assert other.mean() == pytest.approx(factor * drawn.mean())


def test_a_mean_is_the_first_dose_and_the_area_over_the_volume() -> None:
    assert curve([4.0, 4.0, 8.0], [5.0, 2.5, 0.0]).mean() == 5.0  # half at 4 Gy, half from 4 to 8 Gy


# -------------------------------------------------------------------------------- bounds


def test_bounds_hold_their_value_and_come_in_order() -> None:
    assert ordered_bounds(2.0, 1.0, 3.0) == Bounds(value=2.0, low=1.0, high=3.0)
    assert ordered_bounds(2.0, 3.0, 1.0) == Bounds(value=2.0, low=1.0, high=3.0)
    assert ordered_bounds(4.0, 1.0, 3.0) == Bounds(value=3.0, low=1.0, high=3.0)
    assert ordered_bounds(0.0, 1.0, 3.0) == Bounds(value=1.0, low=1.0, high=3.0)


def test_a_dose_is_rounded_to_a_tenth_of_a_milligray_and_stays_in_its_bounds() -> None:
    found = dose_bounds(1.23456, 1.2, 1.3)
    assert found == Bounds(value=1.2346, low=1.2, high=1.3)
    found = dose_bounds(1.23456, 1.23456, 1.23456)
    assert (found.value, found.low, found.high) == (1.2346, 1.23456, 1.2346)
    found = dose_bounds(1.23454, 1.23454, 1.23454)
    assert (found.value, found.low, found.high) == (1.2345, 1.2345, 1.23454)


def test_what_else_is_known_narrows_bounds_and_moves_a_value_that_it_excludes_to_their_middle() -> None:
    wide = Bounds(value=2.0, low=1.0, high=5.0)
    assert closer(wide, 1.5, 4.0) == Bounds(value=2.0, low=1.5, high=4.0)
    assert closer(wide, 3.0, 4.0) == Bounds(value=3.5, low=3.0, high=4.0)
    assert closer(wide, 0.0, 9.0) == wide
    assert closer(wide, 5.5, 6.0) == wide  # contradicts it, by rounding: of no use
    assert closer(wide, 2.0, 2.0) == exact(2.0)


def test_pieces_make_one_curve_that_nobody_changes() -> None:
    whole = joined_curve([[0.0], np.array([5.0, 20.0])], [[10.0], np.array([10.0, 0.0])])
    assert whole == curve([0.0, 5.0, 20.0], [10.0, 10.0, 0.0])
    for array in (whole.dose_gy, whole.volume):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_a_curve_is_shown_by_its_ends() -> None:
    assert repr(curve([0.0, 5.0, 20.0], [10.0, 10.0, 0.0])) == "<Curve of 3 points, from 10.00 down, to 20.00 Gy>"
    assert repr(curve([], [])) == "<Curve without points>"


# -------------------------------------------------------------------------------- two curves


@given(st.floats(1.0, 5.0), st.floats(0.1, 4.0), st.floats(0.1, 100.0), st.floats(0.1, 100.0))
def test_two_equal_ramps_lie_as_far_apart_as_one_is_moved(
    low: float, moved: float, one_cc: float, two_cc: float
) -> None:
    """Whatever their volumes: both are looked at in percent of their own."""
    first = ramp_dvh(volume_cc=one_cc, low_gy=low + moved, high_gy=low + moved + 10.0)
    second = ramp_dvh(volume_cc=two_cc, low_gy=low, high_gy=low + 10.0)
    apart, back = curve_distance(first, second), curve_distance(second, first)
    assert apart.dose_gy == pytest.approx(moved)
    assert apart.volume_percent == pytest.approx(moved / 10.0 * 100.0)
    assert low + moved - 1e-6 <= apart.at_gy <= low + 10.0 + 1e-6
    assert 2.0 <= apart.at_percent <= 98.0
    assert (back.dose_gy, back.volume_percent) == pytest.approx((-apart.dose_gy, -apart.volume_percent))


def test_between_two_steps_lies_all_of_the_volume() -> None:
    apart = curve_distance(uniform_dvh(dose_gy=12.0), uniform_dvh(dose_gy=10.0))
    assert (apart.volume_percent, apart.dose_gy) == (100.0, 2.0)
    assert 10.0 < apart.at_gy <= 12.0


def test_the_hottest_and_the_coldest_2_percent_are_left_out_of_the_distance_in_dose() -> None:
    same = [0.0, 10.0, 20.0]
    first, second = (ramp_dvh(curve=curve([*same, end], [100.0, 100.0, 2.0, 0.0])) for end in (20.0, 60.0))
    apart = curve_distance(second, first)
    assert apart.dose_gy == pytest.approx(0.0, abs=1e-9)
    assert apart.volume_percent == pytest.approx(2.0)  # 2 % have more than 20 Gy in one, none in the other

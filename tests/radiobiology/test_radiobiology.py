"""BED and EQD2: values that studies print, and the laws of the linear-quadratic model."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sbrtcheck.radiobiology import bed, eqd2, total_dose_for_bed

doses_gy = st.floats(0.0, 200.0)
positive_doses_gy = st.floats(0.01, 200.0)
fractions = st.integers(1, 40)
alpha_betas_gy = st.floats(0.5, 20.0)
FUNCTIONS = [bed, eqd2, total_dose_for_bed]


# total dose, fractions, BED for α/β 10 Gy: printed by the study itself
@pytest.mark.parametrize(
    ("total_gy", "n", "printed"),
    [
        pytest.param(35.0, 5, 59.5, id="mediastinal and hilar nodes, IJROBP 2021;109:764, median"),
        pytest.param(30.0, 5, 48.0, id="mediastinal and hilar nodes, IJROBP 2021;109:764, lowest"),
        pytest.param(50.0, 5, 100.0, id="mediastinal and hilar nodes, IJROBP 2021;109:764, highest"),
    ],
)
def test_bed_is_what_the_study_prints(total_gy: float, n: int, printed: float) -> None:
    assert bed(total_gy, fractions=n, alpha_beta_gy=10.0) == pytest.approx(printed, abs=1e-9)


# studies that print a rounded BED: 86 (Loi 2018, in the review) and 90 (KROG 14-11)
@pytest.mark.parametrize(("total_gy", "n", "printed"), [(48.0, 6, 86), (39.0, 3, 90)])
def test_bed_rounds_to_what_the_study_prints(total_gy: float, n: int, printed: int) -> None:
    assert round(bed(total_gy, fractions=n, alpha_beta_gy=10.0)) == printed


# regimens of the literature: total Gy, fractions, BED10, EQD2 (α/β 10), BED3, EQD2 (α/β 3), two decimals
REGIMENS = [
    (40.0, 5, 72.00, 60.00, 146.67, 88.00),
    (60.0, 3, 180.00, 150.00, 460.00, 276.00),
    (56.0, 7, 100.80, 84.00, 205.33, 123.20),
    (64.0, 8, 115.20, 96.00, 234.67, 140.80),
    (48.0, 6, 86.40, 72.00, 176.00, 105.60),
    (54.0, 3, 151.20, 126.00, 378.00, 226.80),
    (45.0, 3, 112.50, 93.75, 270.00, 162.00),
    (33.0, 3, 69.30, 57.75, 154.00, 92.40),
    (39.0, 3, 89.70, 74.75, 208.00, 124.80),
    (24.0, 1, 81.60, 68.00, 216.00, 129.60),
    (8.0, 1, 14.40, 12.00, 29.33, 17.60),
    (30.0, 10, 39.00, 32.50, 60.00, 36.00),
    (37.5, 3, 84.38, 70.31, 193.75, 116.25),
    (60.0, 30, 72.00, 60.00, 100.00, 60.00),
]


@pytest.mark.parametrize(("total_gy", "n", "bed10", "eqd2_10", "bed3", "eqd2_3"), REGIMENS)
def test_regimens_of_the_literature(
    total_gy: float, n: int, bed10: float, eqd2_10: float, bed3: float, eqd2_3: float
) -> None:
    half_a_digit = 0.005 + 1e-9
    assert bed(total_gy, fractions=n, alpha_beta_gy=10.0) == pytest.approx(bed10, abs=half_a_digit)
    assert eqd2(total_gy, fractions=n, alpha_beta_gy=10.0) == pytest.approx(eqd2_10, abs=half_a_digit)
    assert bed(total_gy, fractions=n, alpha_beta_gy=3.0) == pytest.approx(bed3, abs=half_a_digit)
    assert eqd2(total_gy, fractions=n, alpha_beta_gy=3.0) == pytest.approx(eqd2_3, abs=half_a_digit)


@given(fractions, alpha_betas_gy)
def test_eqd2_of_two_gray_fractions_is_the_dose_itself(n: int, alpha_beta_gy: float) -> None:
    assert eqd2(2.0 * n, fractions=n, alpha_beta_gy=alpha_beta_gy) == pytest.approx(2.0 * n)


@given(doses_gy, fractions, alpha_betas_gy)
def test_eqd2_in_two_gray_fractions_has_the_bed_of_the_course(total_gy: float, n: int, alpha_beta_gy: float) -> None:
    equivalent = eqd2(total_gy, fractions=n, alpha_beta_gy=alpha_beta_gy)
    in_two_gray_fractions = equivalent + equivalent * 2.0 / alpha_beta_gy
    assert bed(total_gy, fractions=n, alpha_beta_gy=alpha_beta_gy) == pytest.approx(in_two_gray_fractions)


@given(positive_doses_gy, st.floats(0.01, 50.0), fractions, alpha_betas_gy)
def test_more_dose_has_more_effect(total_gy: float, more_gy: float, n: int, alpha_beta_gy: float) -> None:
    for effect in (bed, eqd2):
        less = effect(total_gy, fractions=n, alpha_beta_gy=alpha_beta_gy)
        assert effect(total_gy + more_gy, fractions=n, alpha_beta_gy=alpha_beta_gy) > less


@given(positive_doses_gy, fractions, alpha_betas_gy)
def test_one_more_fraction_at_the_same_total_dose_has_less_effect(
    total_gy: float, n: int, alpha_beta_gy: float
) -> None:
    for effect in (bed, eqd2):
        fewer = effect(total_gy, fractions=n, alpha_beta_gy=alpha_beta_gy)
        assert effect(total_gy, fractions=n + 1, alpha_beta_gy=alpha_beta_gy) < fewer


@given(doses_gy, fractions, alpha_betas_gy)
def test_bed_is_never_below_the_physical_dose(total_gy: float, n: int, alpha_beta_gy: float) -> None:
    assert bed(total_gy, fractions=n, alpha_beta_gy=alpha_beta_gy) >= total_gy


@given(doses_gy, fractions, alpha_betas_gy)
def test_the_dose_for_a_bed_has_that_bed(total_gy: float, n: int, alpha_beta_gy: float) -> None:
    effect = bed(total_gy, fractions=n, alpha_beta_gy=alpha_beta_gy)
    assert total_dose_for_bed(effect, fractions=n, alpha_beta_gy=alpha_beta_gy) == pytest.approx(total_gy)


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, min_side=0), elements=doses_gy), fractions, alpha_betas_gy)
def test_an_array_gives_what_its_elements_give(total_gy: np.ndarray, n: int, alpha_beta_gy: float) -> None:
    for function in FUNCTIONS:
        together = np.asarray(function(total_gy, fractions=n, alpha_beta_gy=alpha_beta_gy))
        assert together.shape == total_gy.shape
        for whole, part in zip(together.flat, total_gy.flat, strict=True):
            assert whole == function(float(part), fractions=n, alpha_beta_gy=alpha_beta_gy)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_fractions_and_alpha_beta_broadcast_with_the_dose(function) -> None:
    table = function([[30.0], [48.0], [54.0]], fractions=[3, 5], alpha_beta_gy=np.array([10.0, 3.0]))
    assert table.shape == (3, 2)
    assert table[1, 1] == function(48.0, fractions=5, alpha_beta_gy=3.0)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_numbers_in_give_a_plain_float(function) -> None:
    assert type(function(48, fractions=6, alpha_beta_gy=10)) is float


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_dose_has_no_effect(function) -> None:
    assert function(0.0, fractions=1, alpha_beta_gy=10.0) == 0.0


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dose_gy", [-1.0, math.nan, math.inf, [50.0, -1.0], [50.0, math.nan]])
def test_a_dose_that_is_none_is_refused_by_name(function, dose_gy) -> None:
    with pytest.raises(ValueError, match=r"^(total|bed)_gy: \S+ is not a dose in Gy, 0 or more$"):
        function(dose_gy, fractions=5, alpha_beta_gy=10.0)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("n", [0, -5, 2.5, math.nan, math.inf, [5, 0]])
def test_a_fraction_number_that_is_none_is_refused_by_name(function, n) -> None:
    with pytest.raises(ValueError, match=r"^fractions: \S+ is not a whole number of fractions, at least 1$"):
        function(50.0, fractions=n, alpha_beta_gy=10.0)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("alpha_beta_gy", [0.0, -3.0, math.nan, math.inf, [10.0, 0.0]])
def test_an_alpha_beta_that_is_none_is_refused_by_name(function, alpha_beta_gy) -> None:
    with pytest.raises(ValueError, match=r"^alpha_beta_gy: \S+ is not an α/β in Gy, above 0$"):
        function(50.0, fractions=5, alpha_beta_gy=alpha_beta_gy)


@pytest.mark.parametrize("wrong", [-0.001, -1.0, math.inf, math.nan])
def test_the_first_dose_that_is_none_is_named_and_no_small_one_before_it(wrong: float) -> None:
    with pytest.raises(ValueError, match=re.escape(f"total_gy: {wrong:g} is not a dose in Gy, 0 or more")):
        bed([0.0, 0.5, 30.0, wrong, -7.0], fractions=5, alpha_beta_gy=3.0)


@pytest.mark.parametrize("dose_gy", [0.0, 0.02, 0.5, 0.999])
def test_a_dose_below_1_gy_is_a_dose(dose_gy: float) -> None:
    assert bed(dose_gy, fractions=1, alpha_beta_gy=3.0) == pytest.approx(dose_gy * (1.0 + dose_gy / 3.0))

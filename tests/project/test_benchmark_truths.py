"""The truths that benchmarks compare bounds with, against one another; and that bounds which are off are noticed."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

from exact import Exact, LinearDose, slabs
from folders import TESTS
from sbrtcheck.dvh import EndCaps
from sbrtcheck.metric import Measurement, Unit


@pytest.fixture(scope="module")
def truths() -> ModuleType:
    return _benchmark("exact_phantoms")


def _benchmark(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "benchmarks"))
        __import__(name)
    return sys.modules[name]


def close_everywhere(one: object, other: Exact, rel: float) -> None:
    """The same volume, mean and extremes, and volumes at doses between."""
    assert one.volume_cc == pytest.approx(other.volume_cc, rel=1e-9)
    assert one.mean_gy == pytest.approx(other.mean_gy, rel=1e-9)
    assert one.extremes_gy == pytest.approx(other.extremes_gy, rel=1e-9)
    for dose_gy in np.linspace(*other.extremes_gy, 12):
        assert one.volume_at(dose_gy) == pytest.approx(other.volume_at(dose_gy), abs=rel * other.volume_cc)


@pytest.mark.parametrize("seed", range(8))
def test_in_a_linear_dose_the_slow_kernel_and_layers_are_the_closed_form(truths: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)
    slope = tuple(rng.uniform(-1.0, 1.0, 3).tolist())
    linear = LinearDose(at_0=40.0, slope=slope)
    there = slabs([(z, [truths._convex(rng)]) for z in (-3.0, 0.0, 3.0)], EndCaps.HALF_SLICE)
    closed_form = Exact(slabs=there, dose=linear)
    coefficients = np.zeros((2, 2, 2))
    coefficients[0, 0, 0], coefficients[1, 0, 0], coefficients[0, 1, 0], coefficients[0, 0, 1] = 40.0, *slope
    close_everywhere(truths.Saddles(slabs=there, dose=truths.TrilinearDose(c=coefficients)), closed_form, 1e-4)
    cuts = [-5.0, -1.7, 0.3, 5.0]
    parts = [Exact(slabs=there, dose=linear, z_range=pair) for pair in pairwise(cuts)]
    close_everywhere(truths.Layers(parts=parts), closed_form, 1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_the_slow_kernel_agrees_with_points_thrown_at_random(truths: ModuleType, seed: int) -> None:
    """Points in a triangle, by its corners: no line, no panel."""
    rng = np.random.default_rng(seed)
    triangle = rng.uniform(-9.0, 9.0, (3, 2))
    dose = truths.TrilinearDose(
        c=rng.uniform(-1.0, 1.0, (2, 2, 2)) * np.array([[[30, 1], [1, 0.1]], [[1, 0.1], [0.1, 0.02]]])
    )
    truth = truths.Saddles(slabs=slabs([(z, [triangle]) for z in (0.0, 2.0)], EndCaps.HALF_SLICE), dose=dose)
    count = 200_000
    weights = rng.dirichlet(np.ones(3), count)
    x, y = (weights @ triangle).T
    found = dose(x, y, rng.uniform(-1.0, 3.0, count))
    least, most = truth.extremes_gy
    assert least - 1e-9 <= found.min()
    assert found.max() <= most + 1e-9
    assert truth.mean_gy == pytest.approx(float(found.mean()), abs=5 * float(found.std()) / count**0.5)
    for dose_gy in np.linspace(least, most, 9)[1:-1]:
        share = float(np.mean(found >= dose_gy))
        assert truth.volume_at(dose_gy) / truth.volume_cc == pytest.approx(share, abs=5 * 0.5 / count**0.5)


@pytest.mark.parametrize("generator", ["shapes", "layers", "saddles"])
def test_bounds_that_miss_the_truth_are_told_from_those_that_hold_it(truths: ModuleType, generator: str) -> None:
    """Bounds about the true value hold it; moved by a hundredth of what there is, they do not."""
    compare = _benchmark("bounds_and_truth")._compared
    rng = np.random.default_rng(5)
    for _ in range(4):
        made = truths.GENERATORS[generator](rng)
        least, most = made.truth.extremes_gy
        if most - least < 1.0:  # nothing to be off by
            continue
        dose_gy = round((least + most) / 2, 3)
        for text, exact, whole in (
            ("Mean[Gy]", made.truth.mean_gy, most - least),
            ("Max[Gy]", most, most - least),
            (f"V{dose_gy:.3f}Gy[cc]", made.truth.volume_at(dose_gy), made.truth.volume_cc),
        ):
            unit = Unit.CC if text.startswith("V") else Unit.GY
            right = Measurement(value=exact, low=exact - 1e-3, high=exact + 1e-3, unit=unit)
            assert compare(text, right, made, 1e-3)[0]
            off = 0.02 * whole + 2e-3
            for sign in (-1.0, 1.0):
                moved = replace(right, low=right.low + sign * off, high=right.high + sign * off)
                inside, *_, outside = compare(text, moved, made, 1e-3)
                assert not inside
                assert 0.0 < outside < off
        level = made.truth.volume_at(dose_gy) / made.truth.volume_cc * 100.0
        wrong = Measurement(value=most, low=most - 1e-3, high=most, unit=Unit.GY)
        if 1.0 < level < 99.0:
            assert not compare(f"D{level:.6f}%[Gy]", wrong, made, 1e-3)[0]
            right = Measurement(value=dose_gy, low=dose_gy - 1e-3, high=dose_gy + 1e-3, unit=Unit.GY)
            assert compare(f"D{level:.6f}%[Gy]", right, made, 1e-3)[0]

"""The reasons that cross-checks try are what they are called: each on a body whose answer is plain."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from folders import TESTS


@pytest.fixture(scope="module")
def modules() -> tuple[ModuleType, ModuleType]:
    """`explain` and `sampler`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "cross_checks"))
        __import__("explain")
    return sys.modules["explain"], sys.modules["sampler"]


def square(half_mm: float, z: float) -> np.ndarray:
    return np.array([[x * half_mm, y * half_mm, z] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))], dtype=float)


def grid(sampler: ModuleType, last_z: float = 20.0) -> object:
    """Points 2 mm apart; dose rises by 1 Gy/mm along x, from 30 Gy in the middle."""
    x, z = np.arange(-20.0, 21.0, 2.0), np.arange(-20.0, last_z + 1.0, 2.0)
    return sampler.Grid(values_gy=np.broadcast_to(30.0 + x, (len(z), len(x), len(x))).copy(), x=x, y=x, z=z)


def volume_cc(samples: object) -> float:
    return float(samples.volumes_cc.sum()) + samples.outside_cc


def test_points_between_outlines_count_and_those_on_one_by_choice(modules: tuple[ModuleType, ModuleType]) -> None:
    _, sampler = modules
    planes = [square(9.0, z) for z in (-2.0, 0.0, 2.0)]
    assert volume_cc(sampler.sampled(planes, grid(sampler), sampler.Way())) == pytest.approx(18.0**2 * 6 / 1000)
    on_points = [square(8.0, z) for z in (-2.0, 0.0, 2.0)]
    inside = sampler.sampled(on_points, grid(sampler), sampler.Way(outline_inside=True))
    assert volume_cc(inside) == pytest.approx(9 * 9 * 3 * 8 / 1000)
    finer = sampler.sampled(on_points, grid(sampler), sampler.Way(parts=4))
    assert volume_cc(finer) == pytest.approx(16.0**2 * 6 / 1000)


def test_a_hole_is_left_out_or_filled(modules: tuple[ModuleType, ModuleType]) -> None:
    _, sampler = modules
    ring = [square(half, z) for z in (-2.0, 0.0, 2.0) for half in (9.0, 3.0)]
    left = volume_cc(sampler.sampled(ring, grid(sampler), sampler.Way()))
    filled = volume_cc(sampler.sampled(ring, grid(sampler), sampler.Way(fill_holes=True)))
    assert (left, filled) == (pytest.approx((18.0**2 - 6.0**2) * 6 / 1000), pytest.approx(18.0**2 * 6 / 1000))


def test_planes_are_as_high_as_they_are_apart_or_all_alike(modules: tuple[ModuleType, ModuleType]) -> None:
    _, sampler = modules
    uneven = [square(9.0, z) for z in (-4.0, 0.0, 2.0)]
    own = volume_cc(sampler.sampled(uneven, grid(sampler), sampler.Way()))
    alike = volume_cc(sampler.sampled(uneven, grid(sampler), sampler.Way(all_alike=True)))
    assert (own, alike) == (pytest.approx(18.0**2 * (4 + 3 + 2) / 1000), pytest.approx(18.0**2 * 6 / 1000))


def test_every_plane_may_have_a_height_of_its_own(modules: tuple[ModuleType, ModuleType]) -> None:
    _, sampler = modules
    uneven = [square(9.0, z) for z in (-4.0, 0.0, 2.0)]
    assert volume_cc(sampler.sampled(uneven, grid(sampler), sampler.Way(height_mm=1.0))) == pytest.approx(0.972)


def test_what_is_outside_of_the_grid_counts_at_no_dose_or_is_left_out_or_scaled(
    modules: tuple[ModuleType, ModuleType],
) -> None:
    explain, sampler = modules
    column = [square(9.0, float(z)) for z in range(-8, 9, 2)]
    samples = sampler.sampled(column, grid(sampler, last_z=0.0), sampler.Way())
    whole = 18.0**2 * 18 / 1000
    assert (volume_cc(samples), samples.outside_cc) == (pytest.approx(whole), pytest.approx(whole * 4 / 9))
    made = dict(explain._with_outside((), samples))
    left_out, scaled = made[(explain.OUTSIDE,)], made[(explain.OUTSIDE, explain.SCALED)]
    assert made[()]["Mean[Gy]"] == pytest.approx(30.0 * 5 / 9)
    assert (left_out["Mean[Gy]"], scaled["Mean[Gy]"]) == (pytest.approx(30.0), pytest.approx(30.0))
    assert [one["Volume[cc]"] for one in made.values()] == pytest.approx([whole] * 3)
    assert (left_out["V20Gy[cc]"], scaled["V20Gy[cc]"]) == (pytest.approx(whole * 5 / 9), pytest.approx(whole))


def test_a_reason_must_explain_all_values_of_a_structure(modules: tuple[ModuleType, ModuleType]) -> None:
    explain, _ = modules
    theirs = {"Volume[cc]": 10.0, "Mean[Gy]": 20.0}
    tried = [(("one",), {"Volume[cc]": 10.0, "Mean[Gy]": 25.0}), (("two",), {"Volume[cc]": 10.05, "Mean[Gy]": 20.1})]
    assert explain.explained(theirs, tried).reasons == ("two",)
    assert explain.explained(theirs, tried[:1]).left == ("Mean[Gy]",)
    assert explain.explained(theirs, [(("none",), {"Volume[cc]": 10.0})]).left == ("Mean[Gy]",)


def test_a_difference_counts_from_its_stated_size_on_and_what_is_no_number_differs(
    modules: tuple[ModuleType, ModuleType],
) -> None:
    explain, _ = modules
    assert not explain.apart("Mean[Gy]", 5.0, 5.09, 10.0)
    assert explain.apart("Mean[Gy]", 5.0, 5.11, 10.0)
    assert not explain.apart("V20Gy[cc]", 1.0, 1.09, 10.0)
    assert explain.apart("V20Gy[cc]", 1.0, 1.11, 10.0)
    assert explain.apart("Mean[Gy]", 5.0, float("nan"), 10.0)

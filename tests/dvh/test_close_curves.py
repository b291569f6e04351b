"""Bounding curves that lie close together all along: they hold at every dose, and are close where dose is smooth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exact import Exact, LinearDose, slabs
from lines import volumes_by_lines
from random_phantoms import STEEP, random_phantom
from sbrtcheck.dvh import DVH, EndCaps, compute_dvhs
from sbrtcheck.dvh.close_curves import BINS, _spread_out
from sbrtcheck.metric import Measurement
from sbrtcheck.plan import DoseGrid
from shapes import KINDS
from solids import Array, along_x, grid, plan, rectangle, structure


def width_gy(dvh: DVH) -> float:
    """How far the bounding curves are apart, on the average over the volume."""
    return dvh.upper.mean() - dvh.lower.mean()


def holds(dvh: DVH, doses_gy: Array, volumes_cc: Array, slack_cc: Array | float, same_gy: float = 1e-3) -> None:
    """Whether volumes at doses lie between the curves, doses ``same_gy`` apart being one."""
    assert np.all(dvh.lower.volume_at(doses_gy + same_gy) <= volumes_cc + slack_cc)
    assert np.all(dvh.upper.volume_at(doses_gy - same_gy) >= volumes_cc - slack_cc)


boxes = st.tuples(st.integers(-50, 300), *[st.integers(1, 90)] * 3)


@given(st.lists(boxes, min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_a_cell_is_spread_over_all_sums_of_three_numbers(cells: list[tuple[int, int, int, int]]) -> None:
    place, *spans = np.array(cells).T
    counted, lost = _spread_out(place, np.array(spans))
    expected = np.zeros(BINS)
    for first, *sides in cells:
        sums = np.ones(1)
        for side in sides:
            sums = np.convolve(sums, np.full(side, 1.0 / side))
        np.add.at(expected, np.maximum(first + np.arange(len(sums)), 0), sums)
    assert counted.sum() + lost.sum() == pytest.approx(len(cells), abs=1e-12)
    assert np.all(lost >= 0.0)
    assert np.all(lost <= 1e-4)
    assert np.max(counted - expected) <= 1e-12
    assert np.max(expected - counted) <= 1e-4


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(KINDS)))
@settings(max_examples=6, deadline=None)
def test_in_a_noisy_dose_curves_hold_what_a_slow_kernel_finds(seed: int, kind: str) -> None:
    """Under every end-cap convention; planes of contours and dose lie apart, so that dose bends inside of slices."""
    rng = np.random.default_rng(seed)
    planes = [(float(z), [loop * 0.6 for loop in KINDS[kind](rng)]) for z in (-3.0, 0.0, 3.0)]
    values = rng.uniform(0, 70, (8, 11, 11)) if seed % 2 else 30 + np.cumsum(rng.uniform(0, 4, (8, 11, 11)), axis=2)
    dose = DoseGrid.axial(values, origin_mm=(-15.0, -15.0, -10.2), spacing_mm=(3.0, 3.0, 3.0))
    drawn = [np.column_stack([loop, np.full(len(loop), z)]) for z, plane in planes for loop in plane]
    for caps in EndCaps:
        dvhs = compute_dvhs(plan(dose, structure("S", *drawn, exclusive_or=True)), end_caps=caps)
        dvh = dvhs.with_close_curves()["S"]
        assert width_gy(dvh) < width_gy(dvhs["S"])
        doses_gy = rng.uniform(dvh.min_gy.low, dvh.max_gy.high, 8)
        rough, truth = (volumes_by_lines(dose, slabs(planes, caps), doses_gy, least) for least in (1, 3))
        holds(dvh, doses_gy, truth, 3 * np.abs(truth - rough) + 1e-4 * dvh.volume)


@pytest.mark.parametrize("batch", range(2))
def test_contours_of_every_kind_in_a_linear_dose_have_their_closed_form_between_the_curves(batch: int) -> None:
    rng = np.random.default_rng(70 + batch)
    for kind in list(KINDS.values())[batch::2]:
        made = random_phantom(rng, kind)
        (dvh,) = made.dvhs.with_close_curves().dvhs
        inside = made.exact(dvh.end_caps)
        if inside.volume_cc < 1e-4 or dvh.uncovered_cc > 0:
            continue
        doses_gy = np.linspace(*inside.extremes_gy, 40)
        truth = np.array([inside.volume_at(dose_gy) for dose_gy in doses_gy])
        holds(dvh, doses_gy, truth, 1e-7 + 1e-6 * dvh.volume)


def test_in_a_linear_dose_the_curves_of_a_box_meet_but_for_its_boundary() -> None:
    loops = [(z, [rectangle(-12, 12, -12, 12, z)]) for z in (-6.0, 0.0, 6.0)]
    dose = LinearDose(at_0=40.0, slope=(0.7, -0.4, 0.9))
    dvhs = compute_dvhs(plan(grid(dose, half_mm=24, spacing_mm=3.0), structure("S", *[loop for _, (loop,) in loops])))
    wide, close = dvhs["S"], dvhs.with_close_curves()["S"]
    # cells at its walls are boundary cells, 2 of 32 along x and y, and counted at their extremes
    assert width_gy(close) < 0.2 * width_gy(wide)
    truth = Exact(slabs=slabs([(z, loop) for z, loop in loops], EndCaps.HALF_SLICE), dose=dose)
    doses_gy = np.linspace(*truth.extremes_gy, 60)
    holds(close, doses_gy, np.array([truth.volume_at(dose_gy) for dose_gy in doses_gy]), 1e-7)


def test_what_is_read_off_a_dvh_with_close_curves_has_close_bounds_and_can_be_narrowed_further() -> None:
    dvhs = compute_dvhs(STEEP)
    close = dvhs.with_close_curves()
    (wide,) = dvhs.dvhs
    (narrow,) = close.dvhs
    for bounds, before in (
        (narrow.volume_at_dose(78.0), wide.volume_at_dose(78.0)),
        (narrow.dose_at_volume(0.3 * wide.volume), wide.dose_at_volume(0.3 * wide.volume)),
        (narrow.geud(6.0), wide.geud(6.0)),
    ):
        assert before.low <= bounds.low <= bounds.value <= bounds.high <= before.high
        assert before.high - before.low > 2 * (bounds.high - bounds.low)
    for text in ("V78Gy[cc]", "D30%[Gy]", "gEUD(6)[Gy]"):
        one, other = dvhs.measure(text)["SpinalCord"], close.measure(text)["SpinalCord"]
        assert isinstance(one, Measurement)
        assert isinstance(other, Measurement)
        assert max(one.low, other.low) <= min(one.high, other.high)
        assert other.high - other.low <= max(1.01 * (one.high - one.low), 2e-3 * other.value)


def test_what_has_close_curves_or_can_have_none_stays_as_it_is() -> None:
    leaves = compute_dvhs(plan(grid(along_x(0.5, 30.0), half_mm=6.0), *STEEP.structures))
    assert leaves.with_close_curves().dvhs == leaves.dvhs
    once = compute_dvhs(STEEP).with_close_curves()
    again = once.with_close_curves()["SpinalCord"]
    assert width_gy(again) <= width_gy(once["SpinalCord"]) * (1 + 1e-9)


def test_where_all_of_some_slices_gets_the_largest_dose_the_upper_curve_has_them() -> None:
    """Slices of another thickness than the rest are spread out by themselves: all above the last bin."""
    below, above = np.arange(-8, 0) * 3.0, np.arange(0, 9) * 2.0
    heights = np.concatenate([below, above])
    values = np.minimum(60.0, 60.0 + 2.0 * heights)[:, None, None] * np.ones((17, 9, 9))
    even = DoseGrid.axial(values, origin_mm=(-12.0, -12.0, -24.0), spacing_mm=(3.0, 3.0, 3.0))
    dose = replace(even, offsets_mm=heights + 24.0)
    planes = np.concatenate([np.arange(-13.5, 0.0, 3.0), np.arange(1.0, 14.0, 2.0)])
    dvhs = compute_dvhs(plan(dose, structure("S", *[rectangle(-9, 9, -9, 9, z) for z in planes])))
    close = dvhs.with_close_curves()["S"]
    assert close.has_close_curves
    # 14 mm of 18 mm by 18 mm lie on the plateau, and 2 mm below for each 4 Gy less
    doses_gy = np.array([59.999, 56.0, 50.0])
    holds(close, doses_gy, 0.324 * (14.0 + (60.0 - doses_gy) / 2.0), 1e-6)


@given(st.integers(BINS - 4, BINS + 3), st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_cells_above_the_last_bin_are_counted_in_it(first: int, span: int) -> None:
    counted, lost = _spread_out(np.array([first]), np.full((3, 1), span))
    assert counted[:BINS].sum() + lost.sum() == pytest.approx(1.0, abs=1e-9)
    assert not np.any(counted[: first if first < BINS else BINS - 1])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=3, deadline=None)
def test_what_is_read_off_close_curves_never_rises(seed: int) -> None:
    """Where the curve of the elements leaves its bounds, too: in a noisy dose it does, by a little."""
    values = np.random.default_rng(seed).uniform(0, 70, (6, 8, 8))
    dose = DoseGrid.axial(values, origin_mm=(-10.5, -10.5, -7.5), spacing_mm=(3.0, 3.0, 3.0))
    dvhs = compute_dvhs(plan(dose, structure("S", *[rectangle(-8, 7, -6, 8, z) for z in (-3.0, 0.0, 3.0)])))
    close = dvhs.with_close_curves()["S"]
    volumes = [bounds.value for bounds in close.volume_at_doses(np.linspace(0.0, 70.0, 3000))]
    doses = [bounds.value for bounds in close.dose_at_volumes(np.linspace(0.0, close.volume, 3000))]
    rounding = 1e-14 * close.volume  # of interpolation between two points of one volume
    assert np.all(np.diff(volumes) <= rounding)
    assert np.all(np.diff(doses) <= 0.0)

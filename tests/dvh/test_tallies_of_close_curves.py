"""Tallies of close curves by hand: where cells are counted, what is made of it, and which DVHs get such curves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dvh_builders import curve, ramp_dvh, uniform_dvh
from sbrtcheck import compute_dvhs
from sbrtcheck.dvh import DVH, EndCaps, Interpolation
from sbrtcheck.dvh.close_curves import (
    BINS,
    _add,
    _are_close,
    _at_extremes,
    _between,
    _groups,
    _high_spread,
    _low_spread,
    _Spread,
    _spread_out,
    with_close_curves,
)
from sbrtcheck.dvh.compute import CONVENTION_OF
from sbrtcheck.geometry import BoundaryCells, InteriorCells, LinearPart
from sbrtcheck.plan import Contours, Structure
from sbrtcheck.radiobiology import Quantity
from solids import along_x, grid, plan, rectangle, structure

RAMP = ramp_dvh("Cord", low_gy=10.0, high_gy=20.0, half_width_gy=1.0)
"""10 to 20 Gy, known to 1 Gy."""


def test_an_extreme_is_in_the_bin_that_it_may_round_to_and_in_none_outside_of_all() -> None:
    """Single precision knows a dose to 4e-6 of the largest: 0.13 of 32768 bins."""
    doses = np.array([-5.0, 0.1, 2.9, 3.05, 3.5, BINS - 0.05, BINS + 7.0], dtype=np.float32)
    low, high = _at_extremes(doses, doses)
    assert low.tolist() == [0, 0, 2, 2, 3, BINS - 1, BINS - 1]
    assert high.tolist() == [0, 0, 3, 3, 3, BINS - 1, BINS - 1]
    assert low.dtype == high.dtype == np.int64


def linear(lowest: list[float], least: float, most: float, *spans: list[float]) -> LinearPart:
    of = [np.array(numbers, dtype=np.float32) for numbers in (lowest, [least] * len(lowest), [most] * len(lowest))]
    return LinearPart(lowest=of[0], spans=np.array(spans, dtype=np.float32), least_rest=of[1], most_rest=of[2])


def test_cells_are_spread_over_whole_bins_from_the_first_that_their_doses_may_be_in() -> None:
    part = linear([10.5, 10.25, 10.75], -0.2, 0.2, [0.4, 2.7, 3.0], [1.0, 1.5, 0.0], [5.2, 1.0, 2.0])
    place, spans = _low_spread(part)
    assert place.tolist() == [10, 9, 10]  # from 10.3, 10.05 and 10.55, by 0.13 down
    assert spans.tolist() == [[1, 2, 3], [1, 1, 1], [5, 1, 2]]
    place, spans = _high_spread(part)
    assert place.tolist() == [13, 13, 14]  # from 10.7, 10.45 and 10.95, by 0.13 up, and three for three edges
    assert spans.tolist() == [[1, 3, 3], [1, 2, 1], [6, 1, 2]]


def by_bin(tally: np.ndarray[Any, Any]) -> dict[int, float]:
    return {int(at): pytest.approx(tally[at]) for at in np.flatnonzero(tally)}


def cells(kind: type, low: list[float], high: list[float], **fields: Any) -> Any:
    """Five cells in three spans: those of label 1 belong to both parts, those of label 0 to the first."""
    numbers = [np.array(one, dtype=np.float32) for one in (low, high)]
    return kind(
        mean=(numbers[0] + numbers[1]) / 2,
        low=numbers[0],
        high=numbers[1],
        variance12=np.zeros(5, dtype=np.float32),
        begin=np.array([0, 2, 4]),
        label=np.array([0, 1, 0]),
        owners=[(0,), (0, 1)],
        **fields,
    )


LOWS, HIGHS = [5.5, 6.5, 7.5, 8.5, 9.5], [15.5, 16.5, 17.5, 18.5, 19.5]


def test_cells_whose_dose_is_known_by_its_extremes_are_counted_there_for_each_of_their_owners() -> None:
    first, second = spreads = [_Spread(), _Spread()]
    _add(spreads, cells(InteriorCells, LOWS, HIGHS, cell_cc=np.array([0.5, 0.25])))
    assert by_bin(first.at_least) == {5: 0.5, 6: 0.5, 7: 0.25, 8: 0.25, 9: 0.5}
    assert by_bin(first.at_most) == {15: 0.5, 16: 0.5, 17: 0.25, 18: 0.25, 19: 0.5}
    assert by_bin(second.at_least) == {7: 0.25, 8: 0.25}
    assert by_bin(second.at_most) == {17: 0.25, 18: 0.25}
    no_mean_error = np.zeros(5, dtype=np.float32)
    parts_cc = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    _add(spreads, cells(BoundaryCells, LOWS, HIGHS, volume_cc=parts_cc, mean_error=no_mean_error))
    assert by_bin(first.at_least) == {5: 0.6, 6: 0.7, 7: 0.55, 8: 0.65, 9: 1.0}  # beside what was there
    assert by_bin(second.at_most) == {17: 0.55, 18: 0.65}


def test_cells_whose_dose_is_nearly_linear_are_spread_out_and_what_is_lost_is_at_their_extremes() -> None:
    ones = [1.0] * 5
    part = linear([5.5, 6.5, 7.5, 8.5, 9.5], 0.0, 0.25, [3.0, 1.0, 1.0, 1.0, 1.0], ones, ones)
    first, second = spreads = [_Spread(), _Spread()]
    _add(spreads, cells(InteriorCells, LOWS, HIGHS, cell_cc=np.array([0.75, 0.25]), linear=part))
    assert by_bin(second.at_least) == {7: 0.25, 8: 0.25}
    assert by_bin(second.at_most) == {10: 0.25, 11: 0.25}
    # a cell over three bins, and one in the second of them, of 0.75 cc each
    assert first.at_least[[5, 6, 7, 8, 9]] == pytest.approx([0.25, 1.0, 0.5, 0.25, 0.75])
    assert first.at_most[[8, 9, 10, 11, 12]] == pytest.approx([0.25, 1.0, 0.5, 0.25, 0.75])
    for tally in (first.at_least, first.at_most):
        assert tally.sum() == pytest.approx(3 * 0.75 + 2 * 0.25, abs=1e-12)
        assert tally.min() >= 0.0


def test_tallies_narrow_the_curves_that_are_known_by_the_parts_that_exist() -> None:
    """10 to 20 Gy known to 1 Gy; by the tallies all has 12 Gy at least and 18 Gy at most."""
    unit_gy = 1e-3
    spread, of_other_caps = _Spread(), _Spread()
    spread.at_least[12_000] = spread.at_most[18_000] = 10.0
    of_other_caps.at_least[30_000] = of_other_caps.at_most[30_000] = 5.0
    parts = [(CONVENTION_OF[EndCaps.CAPPED], of_other_caps), (CONVENTION_OF[EndCaps.HALF_SLICE], spread)]
    found = _between(RAMP, parts, unit_gy)
    doses_gy = np.array([0.0, 11.99, 12.01, 15.0, 18.99, 19.01, 32.0])
    # what was known: 19 - d at least, and the volume of a bin is that at its upper edge
    expected = np.array([10.0, 10.0, 6.99, 4.0, 0.01, 0.0, 0.0])
    assert found.lower.volume_at(doses_gy) == pytest.approx(expected, abs=2 * unit_gy)
    assert np.all(found.lower.volume_at(doses_gy) <= expected + 1e-9)
    doses_gy = np.array([0.0, 10.99, 11.01, 15.0, 17.99, 18.01, 32.0])
    expected = np.array([10.0, 10.0, 9.99, 6.0, 3.01, 0.0, 0.0])
    assert found.upper.volume_at(doses_gy) == pytest.approx(expected, abs=2 * unit_gy)
    assert np.all(found.upper.volume_at(doses_gy) >= expected - 1e-9)
    both = _between(RAMP, [(CONVENTION_OF[EndCaps.HALF_SLICE], spread), parts[0], parts[1]], unit_gy)
    assert both.upper == found.upper  # twice as much as there is tells no more
    assert both.lower.volume[0] == 10.0
    assert replace(found, lower=RAMP.lower, upper=RAMP.upper, has_close_curves=False) == RAMP


def test_what_reaches_the_last_bin_may_have_all_of_its_dose() -> None:
    spread = _Spread()
    spread.at_least[0], spread.at_most[BINS - 1] = 10.0, 10.0
    at_32_gy = ramp_dvh(low_gy=32.0, high_gy=32.0, half_width_gy=1.0)
    found = _between(at_32_gy, [(CONVENTION_OF[EndCaps.HALF_SLICE], spread)], 1e-3)
    assert found.upper.volume_at(np.array([32.767, 32.768])).tolist() == [10.0, 10.0]
    assert found.upper.dose_gy[-1] <= 32.768 + 1e-3 + 1e-9
    assert found.lower.volume_at(np.array([30.99, 31.01])).tolist() == [10.0, 0.0]


def test_cells_are_spread_alike_however_many_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    place = np.array([5, -4, 40, BINS - 3, 7, 5, 1000])
    spans = np.array([[3, 2, 1, 4, 5, 6, 7], [1, 1, 2, 3, 4, 9, 2], [2, 3, 1, 1, 1, 5, 11]])
    at_once = _spread_out(place, spans)
    assert at_once[0].sum() + at_once[1].sum() == pytest.approx(len(place), abs=1e-12)
    for cells_at_once in (1, 2, 3, 7):
        monkeypatch.setattr("sbrtcheck.dvh.close_curves.CELLS_AT_ONCE", cells_at_once)
        counted, lost = _spread_out(place, spans)
        assert np.max(np.abs(counted - at_once[0])) <= 1e-15
        assert lost.tolist() == at_once[1].tolist()


def test_curves_a_hair_further_apart_than_is_close_are_not_close() -> None:
    """Two hundredths of a Gy to either side."""
    for half_width_gy, close in ((0.0199, True), (0.0201, False), (1.0, False)):
        assert _are_close(uniform_dvh(dose_gy=32.0, half_width_gy=half_width_gy)) is close
    at_the_limit = ramp_dvh(lower=curve([0.0, 0.0], [1.0, 0.0]), upper=curve([0.04, 0.04], [1.0, 0.0]))
    assert _are_close(at_the_limit) is True


def test_only_what_was_computed_here_in_gy_and_inside_the_grid_gets_close_curves_whatever_stands_beside_it() -> None:
    walls = [rectangle(-9, 9, -9, 9, z) for z in (-3.0, 0.0, 3.0)]
    of_plan = plan(grid(along_x(2.0, middle=60.0), half_mm=18.0, spacing_mm=3.0), structure("S", *walls))
    (usual,), (without_ends,) = (compute_dvhs(of_plan, end_caps=caps).dvhs for caps in ("half-slice", "none"))
    as_they_are = [
        replace(usual, model=None),
        replace(usual, sampling=None),
        replace(usual, quantity=Quantity.EQD2),
        replace(usual, uncovered_cc=1e-3),
        replace(usual, lower=usual.upper),  # close already
    ]
    asked = [*as_they_are, usual, *as_they_are, without_ends]
    found = with_close_curves(of_plan, asked)
    changed = {len(as_they_are): usual, len(asked) - 1: without_ends}
    for place, (before, after) in enumerate(zip(asked, found, strict=True)):
        if place not in changed:
            assert after is before
            continue
        assert after.has_close_curves
        assert replace(after, lower=before.lower, upper=before.upper, has_close_curves=False) == before
        wide, close = (one.upper.mean() - one.lower.mean() for one in (before, after))
        assert close < 0.5 * wide
        assert (after.lower.volume[0], after.upper.volume[0]) == (before.volume, before.volume)
    assert with_close_curves(None, asked) == asked
    assert with_close_curves(of_plan, []) == []


def test_structures_have_the_close_curves_together_that_they_have_alone() -> None:
    """Of two sizes, which are divided each in its own way; those of one size share a pass over the dose."""
    parts = [
        structure(name, *[rectangle(x - half, x + half, -half, half, z) for z in (-3.0, 0.0, 3.0)], number=number)
        for number, (name, x, half) in enumerate(
            (("Small", 0.0, 2.5), ("Large", 0.0, 12.0), ("Other", 9.0, 2.5)), start=1
        )
    ]
    of_plan = plan(grid(along_x(2.0, middle=60.0), half_mm=18.0, spacing_mm=3.0), *parts)
    dvhs = compute_dvhs(of_plan).dvhs
    small, large, other = (dvh.refinement for dvh in dvhs)
    assert small == other != large
    together = with_close_curves(of_plan, dvhs)
    assert all(dvh.has_close_curves for dvh in together)
    assert together == [one for dvh in dvhs for one in with_close_curves(of_plan, [dvh])]


def test_only_what_is_divided_and_interpolated_alike_shares_a_pass_over_the_dose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two alike and one that was contoured on sagittal planes; cubic doses are computed for each structure alone."""
    parts = [
        structure(name, *[rectangle(x - 2.5, x + 2.5, -2.5, 2.5, z) for z in (-3.0, 0.0, 3.0)], number=number)
        for number, (name, x) in enumerate((("One", -6.0), ("Other", 5.0)), start=1)
    ]
    sagittal = [[[x, -2.5, -4.5], [x, 2.5, -4.5], [x, 2.5, 4.5], [x, -2.5, 4.5]] for x in (-3.0, 0.0, 3.0)]
    of_plan = plan(
        grid(along_x(2.0, middle=60.0), half_mm=18.0, spacing_mm=3.0),
        *parts,
        Structure(name="Sagittal", number=3, contours=Contours.of(*sagittal)),
    )
    one, other, across = compute_dvhs(of_plan).dvhs
    # nobody looks at the dose
    monkeypatch.setattr("sbrtcheck.geometry.cubic_dose.with_cubic_dose", lambda stack, frame, _: (stack, frame))

    def coarse(dvh: DVH, *, wider: float = 1.0, **of_model: Any) -> DVH:
        assert dvh.model is not None
        assert dvh.sampling is not None
        sampling = replace(dvh.sampling, refinement=2, bin_gy=wider * dvh.sampling.bin_gy)
        return replace(dvh, sampling=sampling, model=replace(dvh.model, **of_model))

    cubic = {"dose": Interpolation.CUBIC}
    asked = [
        *map(coarse, (one, other, across)),
        coarse(other, wider=1.5),
        *(coarse(dvh, **cubic) for dvh in (one, other)),
        coarse(one, end_caps=EndCaps.NONE),
    ]
    groups = [[each.place for each in group] for group in _groups(of_plan, asked)]
    assert groups == [[0, 1], [2], [3], [4], [5], [6]]


def test_what_lies_in_the_rim_of_the_grid_keeps_its_curves() -> None:
    """The outermost points are at 18 mm: half a spacing beyond them the dose is not known as it is between points."""
    walls = [rectangle(-19.0, -12.0, -2.5, 2.5, z) for z in (-3.0, 0.0, 3.0)]
    inside = [rectangle(-2.5, 2.5, -2.5, 2.5, z) for z in (-3.0, 0.0, 3.0)]
    of_plan = plan(
        grid(along_x(2.0, middle=60.0), half_mm=18.0, spacing_mm=3.0),
        structure("S", *walls),
        structure("Inside", *inside, number=2),
    )
    in_the_rim, other = compute_dvhs(of_plan).dvhs
    assert in_the_rim.uncovered_cc == 0.0
    assert not _are_close(in_the_rim)
    first, second = with_close_curves(of_plan, [in_the_rim, other])
    assert first is in_the_rim
    assert second.has_close_curves

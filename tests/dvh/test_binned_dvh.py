"""Histograms as planning systems write them: what they leave open is in the bounds, by hand and for any histogram."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import percent_dvh, ramp_dvh
from sbrtcheck.dvh import DVH, Bounds, Curve, NoDVH, Reason, VolumeUnit
from sbrtcheck.dvh.binned_dvh import (
    BinnedDvh,
    StatedStatistics,
    Unusable,
    cumulative_volumes,
    curves_of,
    falling_volumes,
    findings_of,
    in_cc,
    last_filled_bin,
    refuse_all_hundred,
    refuse_other_than_percent,
    statistics_of,
)
from sbrtcheck.plan import Finding, FindingCode


def histogram(*volumes: float, width_gy: float = 1.0, **fields: object) -> BinnedDvh:
    """Volumes over bins of one width from 0."""
    told = {"unit": VolumeUnit.CC} | fields
    edges_gy = width_gy * np.arange(len(volumes) + 1.0)
    return BinnedDvh(edges_gy=edges_gy, volume=np.array(volumes), **told)  # type: ignore[arg-type]


def points(found: Curve) -> list[tuple[float, float]]:
    return list(zip(found.dose_gy.tolist(), found.volume.tolist(), strict=True))


# -------------------------------------------------------------------------------- curves


def test_curves_by_hand_where_the_bins_edge_is_known() -> None:
    """10 cc; 4 of them at 0 to 1 Gy, 4 at 1 to 2 Gy, 2 at 2 to 3 Gy."""
    found = curves_of(histogram(10.0, 6.0, 2.0, late=0))
    assert points(found.curve) == [(0.0, 10.0), (1.0, 6.0), (2.0, 2.0), (3.0, 0.0)]
    assert points(found.lower) == [(0.0, 10.0), (0.0, 6.0), (1.0, 6.0), (1.0, 2.0), (2.0, 2.0), (2.0, 0.0)]
    assert points(found.upper) == [
        *((0.0, 10.0), (1.0, 10.0), (1.0, 6.0), (2.0, 6.0), (2.0, 2.0), (3.0, 2.0), (3.0, 0.0))
    ]


def test_another_edge_moves_a_bound_by_a_bin_and_printed_digits_by_half_of_the_last() -> None:
    found = curves_of(histogram(10.0, 6.0, 2.0, early=1, late=1, rounding_gy=0.25))
    assert found.lower.dose_gy.tolist() == [0.0, 0.0, 0.0, 0.0, 0.75, 0.75]
    assert found.upper.dose_gy.tolist() == [0.0, 2.25, 2.25, 3.25, 3.25, 4.25, 4.25]
    only_last = curves_of(histogram(10.0, 6.0, 2.0, late=0, last_rounding_gy=0.5))
    assert only_last.upper.dose_gy.tolist() == [0.0, 1.0, 1.0, 2.0, 2.0, 3.5, 3.5]


def test_printed_volumes_are_known_to_half_of_their_last_digit_but_the_whole_is_the_whole() -> None:
    found = curves_of(histogram(10.0, 9.8, 2.0, late=0, rounding=0.5))
    assert found.lower.volume.tolist() == [10.0, 9.3, 9.3, 1.5, 1.5, 0.0]
    assert found.upper.volume.tolist() == [10.0, 10.0, 10.0, 10.0, 2.5, 2.5, 0.0]


def test_volumes_that_print_as_0_are_followed_to_where_they_may_still_be() -> None:
    found = curves_of(histogram(10.0, 2.0, 0.0, 0.0, late=0, rounding=np.array([0.5, 0.5, 0.5, 0.0])))
    assert points(found.curve)[-1] == (2.0, 0.0)
    assert found.lower.dose_gy[-1] == 1.0
    assert points(found.upper)[-2:] == [(3.0, 0.5), (3.0, 0.0)]
    assert curves_of(histogram(10.0, 2.0, 0.0, 0.0, late=0)).upper.dose_gy[-1] == 2.0


def test_noise_behind_the_end_is_no_volume() -> None:
    assert last_filled_bin(np.array([10.0, 6.0, 1e-9])) == 1
    assert last_filled_bin(np.array([10.0, 6.0, 2e-8])) == 2
    assert points(curves_of(histogram(10.0, 6.0, 1e-9, late=0)).curve) == [(0.0, 10.0), (1.0, 6.0), (2.0, 0.0)]


def test_volumes_in_percent_become_those_of_100() -> None:
    found = curves_of(histogram(99.8, 49.9, late=0, unit=VolumeUnit.PERCENT))
    for one in (found.curve, found.lower, found.upper):
        assert one.volume[0] == pytest.approx(100.0)
    assert found.curve.volume.tolist() == pytest.approx([100.0, 50.0, 0.0])
    in_volume = in_cc(found, 30.0)
    for relative, absolute in zip(
        (found.curve, found.lower, found.upper), (in_volume.curve, in_volume.lower, in_volume.upper), strict=True
    ):
        assert absolute.volume == pytest.approx(0.3 * relative.volume)
        assert absolute.dose_gy.tolist() == relative.dose_gy.tolist()


falls = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12).filter(lambda parts: sum(parts) > 0.01)


@given(falls, st.integers(0, 2), st.integers(0, 2), st.floats(0.0, 0.05), st.floats(0.0, 0.3), st.data())
def test_whatever_the_source_left_open_lies_between_the_curves(
    parts: list[float], early: int, late: int, rounding: float, rounding_gy: float, data: st.DataObject
) -> None:
    """Any shift that is left open, of doses spread anyhow in their bins and volumes within their digits."""
    volume = np.cumsum(np.array(parts)[::-1])[::-1]
    printed = histogram(*volume, early=early, late=late, rounding=rounding, rounding_gy=rounding_gy)
    found = curves_of(printed)
    shift = data.draw(st.floats(-early - rounding_gy, late + rounding_gy), label="bins")
    doses = np.linspace(0.0, len(parts) + late + 1.0, 97)
    for inside in (0.0, 1.0):  # all that a bin loses is lost at its lower edge, or at its upper one
        edges = np.maximum(np.arange(len(parts)) + inside + shift, 0.0)
        true = np.append(volume, 0.0)[np.searchsorted(edges, doses, side="left")]
        true = np.where(doses > 0.0, true, volume[0])
        assert np.all(found.lower.volume_at(doses) <= true + 1e-9)
        assert np.all(found.upper.volume_at(doses) >= true - 1e-9)


@given(falls)
def test_cumulative_volumes_sum_up_from_the_top_and_falling_ones_stay(parts: list[float]) -> None:
    cumulative = cumulative_volumes(np.array(parts))
    assert cumulative.tolist() == pytest.approx([sum(parts[at:]) for at in range(len(parts))])
    assert falling_volumes(cumulative).tolist() == cumulative.tolist()


def test_noise_is_taken_out_and_a_rise_is_refused() -> None:
    assert falling_volumes(np.array([10.0, 6.0, 6.009, 2.0, -0.001])).tolist() == [10.0, 6.0, 6.0, 2.0, 0.0]
    assert falling_volumes(np.array([10.0, 6.0, 6.01])).tolist() == [10.0, 6.0, 6.0]  # a thousandth of the whole
    with pytest.raises(Unusable) as error:
        falling_volumes(np.array([10.0, 6.0, 6.011]))
    assert error.value.reason is Reason.STRUCTURE_NOT_COMPUTED
    assert error.value.detail == "its cumulative volumes rise (by 0.011): is it a differential DVH?"
    assert cumulative_volumes(np.array([4.0, -1.0, 2.0])).tolist() == [6.0, 2.0, 2.0]


@pytest.mark.parametrize("read", [falling_volumes, cumulative_volumes])
def test_no_volume_is_refused(read: object) -> None:
    for volumes in ([0.0, 0.0], [-1.0, -2.0], [float("nan"), 0.0]):
        with pytest.raises(Unusable) as error:
            read(np.array(volumes))  # type: ignore[operator]
        assert (error.value.reason, error.value.detail) == (Reason.STRUCTURE_EMPTY, "its DVH has no volume")


def test_relative_volumes_begin_at_100_up_to_rounding() -> None:
    for first in (99.5, 100.0, 100.5):
        refuse_other_than_percent(first)
    for first in (99.4, 100.6, 1.0):
        with pytest.raises(Unusable) as error:
            refuse_other_than_percent(first)
        assert error.value.reason is Reason.UNIT_UNKNOWN
        assert error.value.detail == f"relative volumes begin at {first:g}, not at 100 %"


def test_what_is_just_at_a_limit_is_still_noise() -> None:
    assert falling_volumes(np.array([1000.0, 500.0, 501.0])).tolist() == [1000.0, 500.0, 500.0]  # a thousandth
    assert last_filled_bin(np.array([10.0, 6.0, 1e-9 * 10.0])) == 1
    for rounding, end_gy in ((1e-6, 2.0), (1.1e-6, 3.0)):  # of volumes that print as 0
        printed = histogram(1.0, 0.5, 0.0, late=0, rounding=np.array([0.0, 0.0, rounding]))
        assert curves_of(printed).upper.dose_gy[-1] == end_gy


# -------------------------------------------------------------------------------- mean, minimum and maximum

# 10 cc at 10 Gy and more, 5 of them in 10 to 11 Gy, 5 in 11 to 12 Gy: a mean of 11 Gy, half a Gy to either side
TEN_TO_TWELVE = histogram(*[10.0] * 11, 5.0, late=0)


def stated(mean: float, minimum: float, maximum: float, **fields: float | None) -> object:
    own = StatedStatistics(mean=mean, minimum=minimum, maximum=maximum)
    return statistics_of(TEN_TO_TWELVE, curves_of(TEN_TO_TWELVE), own, percent_of_gy=fields.get("percent_of_gy"))


OF_CURVE = {
    "mean_gy": Bounds(value=11.0, low=10.5, high=11.5),
    "min_gy": Bounds(value=10.0, low=10.0, high=11.0),
    "max_gy": Bounds(value=12.0, low=11.0, high=12.0),
}


def fields_of(found: object) -> dict[str, Bounds]:
    return {name: getattr(found, name) for name in OF_CURVE}


def test_without_stated_numbers_those_of_the_curve_are_used() -> None:
    found = statistics_of(TEN_TO_TWELVE, curves_of(TEN_TO_TWELVE), None, percent_of_gy=50.0)
    assert fields_of(found) == OF_CURVE
    assert found.notes == []


def test_stated_numbers_that_the_curve_confirms_are_kept_between_its_bounds() -> None:
    found = stated(11.2, 9.5, 12.4)
    assert found.notes == []  # type: ignore[attr-defined]
    assert fields_of(found) == {
        "mean_gy": Bounds(value=11.2, low=10.5, high=11.5),
        "min_gy": Bounds(value=9.5, low=9.5, high=11.0),  # a single point: the curve ends where it rounds away
        "max_gy": Bounds(value=12.4, low=11.0, high=12.4),
    }
    assert fields_of(stated(12.0, 10.0, 12.0))["mean_gy"] == Bounds(value=11.5, low=10.5, high=11.5)
    assert fields_of(stated(9.9, 10.0, 12.0))["mean_gy"] == Bounds(value=10.5, low=10.5, high=11.5)


def test_a_stated_extreme_far_from_the_curve_is_the_nearest_that_it_can_be() -> None:
    # two bins and 2 % of 10 Gy are 2.2 Gy
    assert fields_of(stated(11.0, 7.85, 12.0))["min_gy"] == Bounds(value=7.85, low=7.85, high=11.0)
    assert fields_of(stated(11.0, 7.75, 12.0))["min_gy"] == OF_CURVE["min_gy"]
    assert fields_of(stated(11.0, 13.0, 12.0))["min_gy"] == Bounds(value=11.0, low=10.0, high=11.0)


def test_a_stated_minimum_just_as_far_from_the_curve_as_agrees_is_kept() -> None:
    # of 50 Gy, 2 % and two bins of 1 Gy
    long = histogram(*[10.0] * 51, 5.0, late=0)
    for minimum_gy, value_gy in ((47.0, 47.0), (46.99, 50.0)):
        own = StatedStatistics(mean=51.0, minimum=minimum_gy, maximum=52.0)
        found = statistics_of(long, curves_of(long), own, percent_of_gy=None)
        assert found.min_gy == Bounds(value=value_gy, low=value_gy, high=51.0)


def test_the_minimum_is_where_the_last_whole_volume_is_but_for_noise() -> None:
    for share, minimum_gy in ((1.0 - 1e-9, 1.0), (1.0 - 1e-8, 0.0)):
        printed = histogram(10.0, 10.0 * share, 2.0, late=0)
        found = statistics_of(printed, curves_of(printed), None, percent_of_gy=None)
        assert found.min_gy == Bounds(value=minimum_gy, low=minimum_gy, high=minimum_gy + 1.0)


@pytest.mark.parametrize(
    ("factor", "percent_of_gy", "code", "said"),
    [
        (100.0, None, FindingCode.STORED_DVH_UNITS, "minimum, maximum and mean are cGy though labelled Gy"),
        (2.0, 50.0, FindingCode.STORED_DVH_UNITS, "minimum, maximum and mean are percent of 50 Gy though labelled Gy"),
        (
            2.0,
            None,
            FindingCode.STORED_DVH_CONTRADICTORY,
            "its stated mean 22 or maximum contradicts its curve (mean 11 Gy)",
        ),
    ],
)
def test_stated_numbers_in_another_unit_are_told_and_not_used(
    factor: float, percent_of_gy: float | None, code: FindingCode, said: str
) -> None:
    found = stated(11.0 * factor, 10.0 * factor, 12.0 * factor, percent_of_gy=percent_of_gy)
    assert fields_of(found) == OF_CURVE
    assert found.notes == [(code, f"{said}; those of its curve are used")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", [(22.0, 12.0), (11.0, 24.0)])
def test_mean_and_maximum_have_both_to_agree(wrong: tuple[float, float]) -> None:
    mean, maximum = wrong
    found = stated(mean, 10.0, maximum)
    assert [code for code, _ in found.notes] == [FindingCode.STORED_DVH_CONTRADICTORY]  # type: ignore[attr-defined]


def test_the_minimum_may_lie_where_rounded_volumes_are_still_the_whole() -> None:
    printed = histogram(10.0, 10.0, 9.9, 2.0, late=0, rounding=0.2)
    found = statistics_of(printed, curves_of(printed), None, percent_of_gy=None)
    assert found.min_gy == Bounds(value=1.0, low=1.0, high=3.0)


def test_the_widest_bin_is_that_of_all() -> None:
    uneven = BinnedDvh(edges_gy=np.array([0.0, 1.0, 4.0, 5.0]), volume=np.array([3.0, 2.0, 1.0]), unit=VolumeUnit.CC)
    assert uneven.bin_gy == 3.0


# -------------------------------------------------------------------------------- volumes of 100, and findings


def volumes_of(found: list[DVH | NoDVH]) -> list[float | tuple[str, int, str, Reason, str]]:
    return [
        one.volume if isinstance(one, DVH) else (one.name, one.number, one.kind, one.reason, one.detail)
        for one in found
    ]


def test_volumes_in_cc_that_are_all_100_are_refused_and_one_alone_is_not() -> None:
    hundred, other = ramp_dvh("A", volume_cc=100.0, kind="ORGAN"), ramp_dvh("B", volume_cc=100.0, number=2)
    relative, lacking = percent_dvh("C"), NoDVH(name="D", number=4, reason=Reason.STRUCTURE_EMPTY)
    said = "all stored volumes are 100 cc: they look like percent"
    refused = [("A", 1, "ORGAN", Reason.UNIT_UNKNOWN, said), ("B", 2, "", Reason.UNIT_UNKNOWN, said)]
    assert volumes_of(refuse_all_hundred([hundred, other], "stored")) == refused
    assert volumes_of(refuse_all_hundred([hundred, other, relative], "stored")) == [*refused, 100.0]
    assert refuse_all_hundred([hundred, other, lacking], "stored")[-1] is lacking
    for kept in ([hundred], [hundred, lacking], [hundred, ramp_dvh("B", volume_cc=100.001)], []):
        assert refuse_all_hundred(kept, "stored") == kept


def test_notes_become_findings_that_say_whose() -> None:
    notes = [(FindingCode.STORED_DVH_UNITS, "is odd")]
    expected = (Finding(code=FindingCode.STORED_DVH_UNITS, text="stored DVH: is odd", subject="Cord"),)
    assert findings_of(notes, "stored", "Cord") == expected

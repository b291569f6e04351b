"""Every field of what measuring comes to, metric by metric, and of the estimates and records that are made of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dvh_builders import FIFTY_IN_FIVE, NOT_KNOWN, band, dvh_set, percent_dvh, plan_of, ramp_dvh, uniform_dvh
from sbrtcheck import compute_dvhs
from sbrtcheck.dvh import DVH, DoseSought, EndCaps, Origin, Reason, VolumeSought
from sbrtcheck.errors import ArgumentError, MetricError
from sbrtcheck.geometry import GridFrame, PrismStack, dose_at_distance
from sbrtcheck.geometry.dose_at_distance import MaxDoseAtDistance as FarDose
from sbrtcheck.installation import install_command
from sbrtcheck.metric import Measurement, NotMeasured, OfPlan, Unit, measure, parse, plan_indices
from sbrtcheck.metric.close_bounds import question_for_close_bounds
from sbrtcheck.metric.measurement import several_metrics
from sbrtcheck.metric.on_curve import hot_volume_share
from sbrtcheck.metric.plan_indices import (
    FarDoses,
    index_from_isodoses,
    isodose_volumes,
    measure_index,
    parts_of_target,
)
from sbrtcheck.metric.sampling import (
    NoSamplingEstimate,
    Otherwise,
    SamplingEstimate,
    WhyNoEstimate,
    estimate,
    filled_otherwise,
    sampling_uncertainty,
)
from sbrtcheck.plan import Contours, Plan
from solids import grid, plan, rectangle, structure

# 10 cc of 20 Gy, known to 1 Gy, of 50 Gy
KNOWN_TO_1_GY = uniform_dvh(dose_gy=20.0, half_width_gy=1.0)
# 10 cc of 20 to 30 Gy, of which just 10 cc have 20 Gy
TWENTY_TO_THIRTY = ramp_dvh(low_gy=20.0, high_gy=30.0, half_width_gy=1.0)


def measurement(value: float, low: float, high: float, unit: Unit) -> Measurement:
    return Measurement(value=value, low=low, high=high, unit=unit)


# -------------------------------------------------------------------------------- on one DVH


@pytest.mark.parametrize(
    ("text", "value", "low", "high", "unit"),
    [
        ("D5cc[Gy]", 20.0, 19.0, 21.0, Unit.GY),
        ("D5cc[%Rx]", 40.0, 38.0, 42.0, Unit.PERCENT_RX),
        ("D5cc[cGy]", 2000.0, 1900.0, 2100.0, Unit.CGY),
        ("DC50%[Gy]", 20.0, 19.0, 21.0, Unit.GY),
        ("DC50%[%]", 40.0, 38.0, 42.0, Unit.PERCENT_RX),
        ("V20Gy[cc]", 10.0, 0.0, 10.0, Unit.CC),
        ("V20Gy[%]", 100.0, 0.0, 100.0, Unit.PERCENT),
        ("CV20Gy[cc]", 0.0, 0.0, 10.0, Unit.CC),
        ("CV20Gy[%]", 0.0, 0.0, 100.0, Unit.PERCENT),
        ("V44%Rx[cc]", 0.0, 0.0, 0.0, Unit.CC),  # 22 Gy
        ("V36%Rx[%]", 100.0, 100.0, 100.0, Unit.PERCENT),  # 18 Gy
        ("Mean[Gy]", 20.0, 19.0, 21.0, Unit.GY),
        ("Median[%Rx]", 40.0, 38.0, 42.0, Unit.PERCENT_RX),
        ("Max[Gy]", 20.0, 19.0, 21.0, Unit.GY),
        ("Min[cGy]", 2000.0, 1900.0, 2100.0, Unit.CGY),
        ("gEUD(3)[Gy]", 20.0, 19.0, 21.0, Unit.GY),
        ("gEUD(3)[%Rx]", 40.0, 38.0, 42.0, Unit.PERCENT_RX),
        ("Volume[cc]", 10.0, 10.0, 10.0, Unit.CC),
        ("Veff[%]", 40.0, 38.0, 42.0, Unit.PERCENT),
        ("Rx[Gy]", 50.0, 50.0, 50.0, Unit.GY),
        ("Rx[cGy]", 5000.0, 5000.0, 5000.0, Unit.CGY),
        ("RxBED10[Gy]", 100.0, 100.0, 100.0, Unit.GY),  # 50 (1 + 10 / 10)
    ],
)
def test_of_one_dose_each_metric_has_its_value_bounds_and_unit(
    text: str, value: float, low: float, high: float, unit: Unit
) -> None:
    found = measure(text, KNOWN_TO_1_GY)
    assert found == measurement(pytest.approx(value), pytest.approx(low), pytest.approx(high), unit)  # type: ignore[arg-type]
    if unit is Unit.CGY:
        asked = measure(parse(text), KNOWN_TO_1_GY)
        assert isinstance(asked, Measurement)
        assert asked.unit is Unit.GY


@pytest.mark.parametrize(
    ("text", "value", "low", "high"),
    [
        ("Max[Gy]", 30.0, 29.0, 31.0),
        ("Min[Gy]", 20.0, 19.0, 21.0),
        ("Mean[Gy]", 25.0, 24.0, 26.0),
        ("Median[Gy]", 25.0, 24.0, 26.0),
        ("D10cc[Gy]", 20.0, 19.0, 21.0),
        ("DC10cc[Gy]", 30.0, 29.0, 31.0),
        ("D100%[Gy]", 20.0, 19.0, 21.0),
        ("DC100%[Gy]", 30.0, 29.0, 31.0),
        ("D2cc[Gy]", 28.0, 27.0, 29.0),
        ("DC20%[Gy]", 22.0, 21.0, 23.0),
        ("V22Gy[cc]", 8.0, 7.0, 9.0),
        ("CV22Gy[cc]", 2.0, 1.0, 3.0),
        ("CV29Gy[cc]", 9.0, 8.0, 10.0),
    ],
)
def test_of_a_ramp_known_to_1_gy_each_metric_has_its_place(text: str, value: float, low: float, high: float) -> None:
    found = measure(text, TWENTY_TO_THIRTY)
    assert isinstance(found, Measurement)
    assert (found.value, found.low, found.high) == pytest.approx(
        (value, low, high), abs=4e-4
    )  # of a dose within 0.3 mGy
    assert found.open_above is False


def test_a_product_of_decimal_numbers_is_no_rounding_error_more() -> None:
    """In binary 0.07 Gy times 100 is 7.000000000000001, and 23.1 of 22 more than 105 %."""
    assert measure("Mean[cGy]", uniform_dvh(mean_gy=band(0.07, 0.0))) == measurement(7.0, 7.0, 7.0, Unit.CGY)
    rx = replace(FIFTY_IN_FIVE, dose_gy=22.0)
    found = measure("Mean[%Rx]", uniform_dvh(mean_gy=band(23.1, 0.0), prescription=rx))
    assert found == measurement(105.0, 105.0, 105.0, Unit.PERCENT_RX)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("D10.01cc[Gy]", "the structure has 10 cc, less than 10.01 cc"),
        ("DC12345cc[%Rx]", "the structure has 10 cc, less than 12345 cc"),
    ],
)
def test_more_volume_than_there_is_is_not_measured_on_the_first_hair_too_much(text: str, detail: str) -> None:
    assert measure(text, KNOWN_TO_1_GY) == NotMeasured(reason=Reason.VOLUME_TOO_SMALL, detail=detail)
    whole_and_rounding = 10.0 * (1 + 0.5e-9)
    assert isinstance(measure(f"D{whole_and_rounding:.12f}cc[Gy]", KNOWN_TO_1_GY), Measurement)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Max[Gy]", 0.0),
        ("Median[Gy]", 0.5),
        ("Min[Gy]", 1.0),
        ("Mean[Gy]", None),
        ("D100%[Gy]", 1.0),
        ("DC100%[Gy]", 0.0),
        ("D10cc[Gy]", 1.0),
        ("DC10cc[Gy]", 0.0),
        ("D2cc[Gy]", 0.2),
        ("DC2cc[Gy]", 0.8),
        ("D2%[Gy]", 0.02),
        ("D10.1cc[Gy]", None),
    ],
)
def test_of_which_share_of_the_volume_a_dose_is_the_least(text: str, share: float | None) -> None:
    found = hot_volume_share(parse(text), KNOWN_TO_1_GY)  # type: ignore[arg-type]
    assert found == (None if share is None else pytest.approx(share))
    if "%" in text:
        assert hot_volume_share(parse(text), percent_dvh()) == found  # type: ignore[arg-type]
    if "cc" in text:
        assert hot_volume_share(parse(text), percent_dvh()) is None  # type: ignore[arg-type]


def test_the_ends_of_all_of_the_volume_are_asked_for_as_minimum_and_maximum() -> None:
    for text, percent, near_gy in (("D100%[Gy]", 100.0, 20.0), ("D10cc[Gy]", 100.0, 20.0), ("DC100%[Gy]", 0.0, 30.0)):
        expected = DoseSought(
            volume_percent=percent, near_gy=near_gy, close_gy=pytest.approx(max(0.02, near_gy / 1000))
        )
        assert question_for_close_bounds(parse(text), TWENTY_TO_THIRTY) == (expected,)


def test_just_so_much_outside_the_grid_as_is_close_to_all_is_still_asked_about() -> None:
    at_the_limit = replace(TWENTY_TO_THIRTY, uncovered_cc=1e-4 * 10.0)
    for text in ("D30%[Gy]", "V25Gy[cc]"):
        expected = question_for_close_bounds(parse(text), TWENTY_TO_THIRTY)
        assert question_for_close_bounds(parse(text), at_the_limit) == expected != ()


def test_bounds_that_are_just_as_far_apart_as_is_close_are_close() -> None:
    """Of 500 Gy half a Gy to either side, which is exact in binary."""
    at_the_limit, beyond = (uniform_dvh(dose_gy=500.0, max_gy=band(500.0, off)) for off in (0.5, 0.500001))
    assert question_for_close_bounds(parse("Max[Gy]"), at_the_limit) == ()
    assert question_for_close_bounds(parse("Max[Gy]"), beyond) == (
        DoseSought(volume_percent=0.0, near_gy=500.0, close_gy=0.5),
    )


def test_the_width_that_is_asked_for_is_twice_what_is_close_in_percent_of_the_volume() -> None:
    # 8 of 10 cc have 22 Gy, and the rest is known to a thousandth of 2 cc
    (sought,) = question_for_close_bounds(parse("V22Gy[cc]"), TWENTY_TO_THIRTY)
    rest_cc = 10.0 - TWENTY_TO_THIRTY.volume_at_dose(22.0).value
    assert sought == VolumeSought(dose_gy=22.0, width_percent=pytest.approx(2 * 1e-3 * rest_cc / 10.0 * 100.0))


# -------------------------------------------------------------------------------- arguments


def test_what_to_give_is_said_where_a_dvh_or_a_metric_is_none() -> None:
    with pytest.raises(ArgumentError) as error:
        measure("Mean[Gy]", "SpinalCord")  # type: ignore[call-overload]
    assert error.value.what == "what is measured cannot be of the type str"
    assert error.value.hint == "give dvhs['SpinalCord'], or all dvhs"
    for wrong in (5, [None]):
        with pytest.raises(MetricError) as refused:
            several_metrics(wrong)
        kind = "int" if wrong == 5 else "NoneType"
        assert refused.value.what == f"a metric cannot be of the type {kind}"
        assert refused.value.hint == "write it like 'D0.035cc[Gy]', or make it with sbrtcheck.metric.parse"
    with pytest.raises(MetricError) as no_index:
        measure_index("D95%[Gy]", dvh_set(ramp_dvh("PTV")), "PTV")
    assert no_index.value.what == "metric 'D95%[Gy]': no plan index"
    assert no_index.value.hint == "a DVH answers it: use measure"


@pytest.mark.parametrize("text", ["D95%", "V20Gy", "so much"])
def test_of_several_metrics_a_text_that_is_none_is_refused_whatever_it_is_measured_on(text: str) -> None:
    for several in ([text], ["Mean[Gy]", text]):
        with pytest.raises(MetricError) as refused:
            several_metrics(several)
        assert text in refused.value.what
        with pytest.raises(MetricError):
            dvh_set().to_records(several)  # which has no DVH that anything could be measured on


def test_several_metrics_are_kept_as_they_were_given() -> None:
    mean = parse("Mean[Gy]")
    assert several_metrics(["Dmax[cGy]", mean, "Dmax[cGy]"]) == ["Dmax[cGy]", mean, "Dmax[cGy]"]
    assert several_metrics([]) == []


# -------------------------------------------------------------------------------- records


def test_a_record_of_relative_volumes_has_no_volume_in_cc_and_the_origin_of_its_dvh() -> None:
    (record,) = dvh_set(percent_dvh("Cord", kind="ORGAN")).to_records("D5cc[Gy]")
    said = f"{Reason.UNDEFINED_FOR_STORED_DVH}: the stored DVH has volumes in percent only, not in cc"
    assert record == {
        "structure": "Cord",
        "kind": "ORGAN",
        "origin": "stored",
        "volume_cc": None,
        "reason": None,
        "D5cc[Gy]": None,
        "D5cc[Gy] low": None,
        "D5cc[Gy] high": None,
        "D5cc[Gy] reason": said,
    }


def test_a_record_has_the_bounds_in_the_unit_that_was_asked_for() -> None:
    (record,) = dvh_set(KNOWN_TO_1_GY).to_records([parse("Mean[Gy]"), "Mean[cGy]"])
    assert [record[f"Mean[Gy]{end}"] for end in ("", " low", " high", " reason")] == [20.0, 19.0, 21.0, None]
    assert [record[f"Mean[cGy]{end}"] for end in ("", " low", " high", " reason")] == [2000.0, 1900.0, 2100.0, None]


def test_without_pandas_a_frame_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError) as error:
        dvh_set(ramp_dvh()).to_dataframe("Mean[Gy]")
    assert str(error.value) == f"DVHSet.to_dataframe needs pandas: {install_command('pandas')}"
    assert isinstance(error.value.__cause__, ImportError)


# -------------------------------------------------------------------------------- the estimate of what sampling does

# by name: what the metric is on the structure filled in otherwise
OTHER_VALUES = {"between": 20.5, "capped": 19.0, "none": 22.0, "same": 20.0}


def on(dvh: DVH) -> Measurement | NotMeasured:
    if dvh.name == "lacking":
        return NotMeasured(reason=Reason.VOLUME_TOO_SMALL, detail="too small otherwise")
    value = OTHER_VALUES[dvh.name]
    return measurement(value, value - 5.0, value + 5.0, Unit.GY)


def otherwise(between: str, *ends: str) -> Otherwise:
    return Otherwise(between=ramp_dvh(between), other_ends=tuple(map(ramp_dvh, ends)))


@pytest.mark.parametrize(
    ("between", "ends", "half_width"),
    [
        ("between", ("capped", "none"), 2 * 0.5 + 2.0),  # the larger of 1 and 2 Gy
        ("between", ("none", "capped"), 2 * 0.5 + 2.0),
        ("between", ("capped",), 2 * 0.5 + 1.0),
        ("between", (), 2 * 0.5),
        ("same", ("none",), 2.0),
        ("capped", ("same",), 2 * 1.0),
        ("same", (), 0.0),
    ],
)
def test_the_half_width_is_twice_what_is_between_and_once_the_most_of_the_ends(
    between: str, ends: tuple[str, ...], half_width: float
) -> None:
    value = measurement(20.0, 10.0, 30.0, Unit.PERCENT_RX)
    found = estimate(value, otherwise(between, *ends), on)
    assert found == SamplingEstimate(half_width=pytest.approx(half_width), unit=Unit.PERCENT_RX)


def test_why_there_is_no_estimate_is_told_in_this_order() -> None:
    value, no_value = measurement(20.0, 20.0, 20.0, Unit.GY), NotMeasured(reason=Reason.STRUCTURE_EMPTY)
    too_few = NoSamplingEstimate(why=WhyNoEstimate.TOO_FEW_PLANES, detail="it has 1")
    assert estimate(no_value, too_few, on) == NoSamplingEstimate(why=WhyNoEstimate.NO_VALUE)
    assert estimate(value, too_few, on) is too_few
    lacking = NoSamplingEstimate(why=WhyNoEstimate.NO_OTHER_VALUE, detail="too small otherwise")
    for parts in (
        otherwise("lacking"),
        otherwise("between", "capped", "lacking"),
        otherwise("same", "lacking", "none"),
    ):
        assert estimate(value, parts, on) == lacking


def test_a_structure_filled_in_otherwise_has_its_other_end_caps_and_one_end_alone() -> None:
    dvhs = compute_dvhs(plan_of(SpinalCord=0.0))
    dvh = dvhs["SpinalCord"]
    found = filled_otherwise(dvhs, dvh)
    assert isinstance(found, Otherwise)
    # 1 cc on five planes: with half a slice at both ends, with caps, without ends, and two with one end
    assert found.other_ends[: len(dvh.alternatives)] == dvh.alternatives
    assert len(found.other_ends) == len(dvh.alternatives) + 2
    assert found.between.mean_gy.value == pytest.approx(10.0, abs=1e-3)


@pytest.mark.parametrize("origin", [Origin.STORED, Origin.IMPORTED])
def test_of_a_dvh_from_elsewhere_its_origin_is_told(origin: Origin) -> None:
    dvh = ramp_dvh(origin=origin, model=None)
    expected = NoSamplingEstimate(why=WhyNoEstimate.NOT_COMPUTED_HERE, detail=f"its DVH is {origin}")
    assert filled_otherwise(dvh_set(dvh), dvh) == sampling_uncertainty("Mean[Gy]", dvh_set(dvh), dvh) == expected


def test_a_structure_on_two_planes_is_told_with_their_number() -> None:
    walls = [rectangle(-8, 8, -8, 8, z) for z in (0.0, 2.0)]
    dvhs = compute_dvhs(plan(grid(lambda x, y, z: 20.0 + 0.1 * x + 0 * y + 0 * z), structure("PTV", *walls)))
    said = "it has 2: nothing tells its shape between and beyond them"
    expected = NoSamplingEstimate(why=WhyNoEstimate.TOO_FEW_PLANES, detail=said)
    assert sampling_uncertainty(parse("Mean[Gy]"), dvhs, dvhs["PTV"]) == expected
    on_three = structure("PTV", *walls, rectangle(-8, 8, -8, 8, 4.0))
    dvhs = compute_dvhs(plan(grid(lambda x, y, z: 20.0 + 0.1 * x + 0 * y + 0 * z), on_three))
    found = sampling_uncertainty("Volume[cc]", dvhs, dvhs["PTV"])
    # half a slice of 2 mm at both ends, of 16 mm by 16 mm
    assert found == SamplingEstimate(half_width=pytest.approx(0.512, rel=1e-3), unit=Unit.CC)


def test_a_structure_that_vanishes_otherwise_has_no_other_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbrtcheck.metric.sampling.sampled_otherwise", lambda _dvh, _contours: None)
    dvhs = compute_dvhs(plan_of(SpinalCord=0.0))
    found = filled_otherwise(dvhs, dvhs["SpinalCord"])
    assert found == NoSamplingEstimate(why=WhyNoEstimate.NO_OTHER_VALUE)


def test_a_value_that_is_none_is_told_before_the_planes_and_an_index_before_that() -> None:
    dvhs = compute_dvhs(plan_of(SpinalCord=0.0))
    for text, why in (("D5cc[Gy]", WhyNoEstimate.NO_VALUE), ("GI[ratio]", WhyNoEstimate.WHOLE_PLAN)):
        assert sampling_uncertainty(text, dvhs, dvhs["SpinalCord"]) == NoSamplingEstimate(why=why)


# -------------------------------------------------------------------------------- the dose 2 cm away

TEN_GY = compute_dvhs(plan_of(PTV=0.0))  # everywhere, so on the faces of the grid


def dose_2_cm_away(
    text: str, found: FarDose | NotMeasured, of: Callable[[Plan], Plan] = lambda whole: whole
) -> Measurement | NotMeasured:
    metric = parse(text)
    assert isinstance(metric, OfPlan)
    assert TEN_GY.plan is not None
    dvhs = replace(TEN_GY, plan=of(TEN_GY.plan))
    far: Any = SimpleNamespace(of=lambda target: found if target is dvhs["PTV"] else None)
    return index_from_isodoses(metric, dvhs, dvhs["PTV"], {}, far)


def test_the_dose_2_cm_away_is_the_one_found_and_may_be_the_one_on_the_faces_of_the_grid() -> None:
    below, above = FarDose(low_gy=4.0, high_gy=5.0), FarDose(low_gy=14.0, high_gy=15.0)
    assert dose_2_cm_away("D2cm[Gy]", below) == measurement(4.0, 4.0, 10.0, Unit.GY)
    assert dose_2_cm_away("D2cm[%Rx]", below) == measurement(8.0, 8.0, 20.0, Unit.PERCENT_RX)
    assert dose_2_cm_away("D2cm[Gy]", above) == measurement(14.0, 14.0, 15.0, Unit.GY)
    assert dose_2_cm_away("D2cm[%Rx]", above) == measurement(28.0, 28.0, 30.0, Unit.PERCENT_RX)


def test_without_a_prescription_the_dose_2_cm_away_is_known_in_gy_alone() -> None:
    far, unknown = FarDose(low_gy=4.0, high_gy=5.0), lambda whole: replace(whole, prescription=NOT_KNOWN)
    assert dose_2_cm_away("D2cm[Gy]", far, unknown) == measurement(4.0, 4.0, 10.0, Unit.GY)
    expected = NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail="no RT Plan")
    assert dose_2_cm_away("D2cm[%Rx]", far, unknown) == expected
    why = NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail="nowhere")
    assert dose_2_cm_away("D2cm[Gy]", why) == dose_2_cm_away("D2cm[%Rx]", why) == why


def test_in_a_grid_that_ends_within_2_cm_it_is_said_of_which_target() -> None:
    small = compute_dvhs(
        plan(
            grid(lambda x, y, z: 20.0 + 0 * x * y * z, half_mm=10.0),
            structure("PTV", *[rectangle(-6, 6, -6, 6, z) for z in (-2.0, 0.0, 2.0)]),
        )
    )
    expected = NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail="no place of the dose grid is 2 cm from PTV")
    assert measure_index("D2cm[Gy]", small, "PTV") == expected


def test_on_tilted_planes_it_is_said_of_which_target() -> None:
    tilted: Any = SimpleNamespace(resampled=object())
    said = "the contour planes of PTV are tilted against the dose grid"
    found = plan_indices._far_dose("PTV", None, tilted, [])  # type: ignore[arg-type]
    assert found == NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail=said)


def test_a_far_dose_is_looked_for_once_and_from_what_is_known_of_a_larger_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is far enough from a target is so from a smaller one: the search begins with the dose found there."""
    calls: list[tuple[float, float]] = []

    def looked_for(stack: object, frame: object, distance_mm: float, reached_gy: float) -> FarDose | None:
        calls.append((distance_mm, reached_gy))
        assert isinstance(stack, PrismStack)
        assert isinstance(frame, GridFrame)
        return FarDose(low_gy=float(len(calls)), high_gy=10.0 + len(calls))

    monkeypatch.setattr(dose_at_distance, "max_dose_at_distance", looked_for)
    of_plan = plan_of(PTV=0.0, Other=14.0)
    by_caps = {caps: compute_dvhs(of_plan, end_caps=caps) for caps in EndCaps}
    far = FarDoses(of_plan)
    widest = far.of(by_caps[EndCaps.HALF_SLICE]["PTV"])
    assert widest == FarDose(low_gy=1.0, high_gy=11.0)
    assert far.of(by_caps[EndCaps.HALF_SLICE]["PTV"]) is widest
    assert far.of(by_caps[EndCaps.CAPPED]["PTV"]) == FarDose(low_gy=2.0, high_gy=12.0)
    assert far.of(by_caps[EndCaps.NONE]["PTV"]) == FarDose(low_gy=3.0, high_gy=13.0)
    assert far.of(by_caps[EndCaps.HALF_SLICE]["Other"]) == FarDose(low_gy=4.0, high_gy=14.0)  # another target
    nowhere = dose_at_distance.NOWHERE_GY
    assert calls == [(20.0, nowhere), (20.0, 1.0), (20.0, 2.0), (20.0, nowhere)]
    assert FarDoses(of_plan).of(by_caps[EndCaps.NONE]["PTV"]) == FarDose(low_gy=5.0, high_gy=15.0)
    assert calls[-1] == (20.0, nowhere)  # each report by itself


def test_where_nothing_was_far_from_a_larger_target_the_search_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([None, FarDose(low_gy=1.0, high_gy=2.0)])
    reached: list[float] = []

    def looked_for(stack: object, frame: object, distance_mm: float, reached_gy: float) -> FarDose | None:
        reached.append(reached_gy)
        return next(answers)

    monkeypatch.setattr(dose_at_distance, "max_dose_at_distance", looked_for)
    of_plan = plan_of(PTV=0.0)
    far = FarDoses(of_plan)
    assert isinstance(far.of(compute_dvhs(of_plan)["PTV"]), NotMeasured)
    assert far.of(compute_dvhs(of_plan, end_caps="none")["PTV"]) == FarDose(low_gy=1.0, high_gy=2.0)
    assert reached == [dose_at_distance.NOWHERE_GY] * 2


@pytest.mark.parametrize("lacking", ["model", "sampling", "contours"])
def test_of_a_target_that_cannot_be_built_again_no_place_is_far_and_its_parts_are_not_counted(lacking: str) -> None:
    of_plan, target = TEN_GY.plan, TEN_GY["PTV"]
    assert of_plan is not None
    if lacking == "contours":
        of_plan = replace(of_plan, structures=(replace(of_plan.structures[0], contours=Contours.of()),))
    else:
        target = replace(target, **{lacking: None})
    expected = NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail="PTV was not computed here")
    assert FarDoses(of_plan).of(target) == FarDoses(None).of(target) == expected
    assert parts_of_target(replace(TEN_GY, plan=of_plan), target) == 1


# -------------------------------------------------------------------------------- volumes of isodoses


def isodoses(text: str, of_plan: Plan, **options: float) -> Any:
    (found,) = isodose_volumes([parse(text)], of_plan, **options).values()  # type: ignore[list-item]
    return found


def test_doses_that_are_one_dose_within_rounding_have_one_isodose() -> None:
    """10 Gy everywhere: of 10 Gy and 0.05 mGy it is all of the grid, of 10 Gy and 0.2 mGy nothing."""
    of_plan = plan_of(PTV=0.0)  # of 50 Gy
    whole_cc = 12 * 24 * 32 * 2.0 * 2.0 * 3.0 / 1000.0
    for percent, volume_cc in (("20", whole_cc), ("20.0001", whole_cc), ("20.0004", 0.0)):
        found = isodoses(f"R{percent}%[ratio]", of_plan)
        assert (found.low_cc, found.value_cc, found.high_cc) == pytest.approx([volume_cc] * 3)
        assert found.closed is (volume_cc == 0.0)


def test_isodose_volumes_are_as_close_as_was_asked() -> None:
    peak = grid(lambda x, y, z: 60.0 * np.exp(-(x**2 + y**2 + z**2) / 200.0), half_mm=24.0, spacing_mm=4.0)
    of_plan = plan(peak, structure("PTV", *[rectangle(-6, 6, -6, 6, z) for z in (-2.0, 0.0, 2.0)]))
    wide, usual, close = (isodoses("R50%[ratio]", of_plan, bounds_share=share) for share in (0.2, 1e-3, 1e-4))
    for found, share in ((wide, 0.2), (usual, 1e-3), (close, 1e-4)):
        assert found.high_cc - found.low_cc <= share * found.value_cc
    assert wide.high_cc - wide.low_cc > usual.high_cc - usual.low_cc > close.high_cc - close.low_cc
    assert isodoses("R50%[ratio]", of_plan) == usual


def test_a_grid_of_one_plane_has_no_isodose_and_says_why() -> None:
    of_plan = plan_of(PTV=0.0)
    flat = replace(of_plan, dose=replace(of_plan.dose, stored=of_plan.dose.stored[:1], offsets_mm=np.zeros(1)))
    found = isodoses("R50%[ratio]", flat)
    assert isinstance(found, NotMeasured)
    assert found.reason is Reason.STRUCTURE_NOT_COMPUTED
    assert "the dose grid has one plane only: no dose between planes" in found.detail
    assert isodose_volumes([parse("R50%[ratio]")], replace(of_plan, prescription=NOT_KNOWN)) == {}  # type: ignore[list-item]

"""Bounds of metrics by closed forms: of printed volumes that were rounded, of what is left of a whole, at both ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import percent_dvh, ramp_dvh
from sbrtcheck.dvh import DVH, Reason
from sbrtcheck.errors import MetricError
from sbrtcheck.metric import DoseAtVolume, Measurement, NotMeasured, Unit, measure, parse

ROUNDED_GY = 1e-4
"""Doses are answered to so much."""

volumes_cc = st.floats(1.0, 3000.0)
shares = st.floats(0.001, 0.9)
lows_gy = st.floats(0.0, 40.0)
widths_gy = st.floats(1.0, 40.0)
roundings = st.floats(0.001, 0.1)
errors_gy = st.floats(0.0, 1.0)


def measured(metric: str, dvh: DVH) -> Measurement:
    found = measure(metric, dvh)
    assert isinstance(found, Measurement), found
    return found


# -------------------------------------------------------------------------------- volumes that were rounded in print


@given(volumes_cc, shares, lows_gy, widths_gy, roundings)
def test_a_dose_at_a_volume_in_cc_holds_for_every_volume_that_would_have_been_printed_so(
    printed_cc: float, share: float, low_gy: float, width_gy: float, rounding: float
) -> None:
    """The relative curve is known: ``v`` cc are the share ``v / V`` of it for each ``V`` that is printed so."""
    half_digit_cc = rounding * printed_cc
    dvh = ramp_dvh(volume_cc=printed_cc, low_gy=low_gy, high_gy=low_gy + width_gy, volume_rounding_cc=half_digit_cc)
    asked_cc = share * (printed_cc - half_digit_cc)
    for cold in (False, True):
        found = measure(DoseAtVolume(volume=asked_cc, volume_unit=Unit.CC, unit=Unit.GY, cold=cold), dvh)
        assert isinstance(found, Measurement)
        doses_gy = sorted(
            low_gy + width_gy * (asked_cc / volume_cc if cold else 1.0 - asked_cc / volume_cc)
            for volume_cc in (printed_cc - half_digit_cc, printed_cc, printed_cc + half_digit_cc)
        )
        assert (found.low, found.value, found.high) == pytest.approx(doses_gy, abs=ROUNDED_GY)


@given(volumes_cc, st.floats(0.0, 1.0), roundings, errors_gy)
def test_a_volume_in_cc_is_wider_by_what_was_rounded_and_one_in_percent_is_not(
    printed_cc: float, share: float, rounding: float, error_gy: float
) -> None:
    exact = ramp_dvh(volume_cc=printed_cc, high_gy=20.0, half_width_gy=error_gy)
    rounded = ramp_dvh(
        volume_cc=printed_cc, high_gy=20.0, half_width_gy=error_gy, volume_rounding_cc=rounding * printed_cc
    )
    for letter in ("V", "CV"):
        text = f"{letter}{20.0 * share:.6f}Gy"
        whole, wide = measured(f"{text}[cc]", exact), measured(f"{text}[cc]", rounded)
        assert wide.value == whole.value
        assert wide.low == pytest.approx(whole.low * (1.0 - rounding))
        assert wide.high == pytest.approx(whole.high * (1.0 + rounding))
        assert measured(f"{text}[%]", rounded) == measured(f"{text}[%]", exact)
    for text in ("D30%[Gy]", "DC30%[Gy]", "Mean[Gy]", "Median[Gy]"):
        assert measured(text, rounded) == measured(text, exact)


def test_a_volume_that_was_printed_as_10_cc_may_be_of_9p5_to_10p5() -> None:
    dvh = ramp_dvh(volume_cc=10.0, high_gy=20.0, volume_rounding_cc=0.5)
    assert measured("Volume[cc]", dvh) == Measurement(value=10.0, low=9.5, high=10.5, unit=Unit.CC)
    # 5 cc are 50 % of 10 cc, 10/19 of 9.5 cc and 10/21 of 10.5 cc
    found = measured("D5cc[Gy]", dvh)
    assert (found.low, found.value, found.high) == pytest.approx((180 / 19, 10.0, 220 / 21), abs=ROUNDED_GY)


def test_of_the_whole_printed_volume_no_more_is_asked_for_than_there_is() -> None:
    # 10 cc of 10 cc: the least dose; of 10.5 cc not all, and so up to 20 / 21 Gy; more than 9.5 cc there would not be
    found = measured("D10cc[Gy]", ramp_dvh(volume_cc=10.0, high_gy=20.0, volume_rounding_cc=0.5))
    assert (found.low, found.value, found.high) == pytest.approx((0.0, 0.0, 20 / 21), abs=ROUNDED_GY)


def test_a_volume_that_rounded_to_nothing_but_its_rounding_bounds_nothing() -> None:
    # printed as 1 cc where whole ccs are printed by tens: any part of it may be all of it
    found = measured("D0.5cc[Gy]", ramp_dvh(volume_cc=1.0, low_gy=4.0, high_gy=20.0, volume_rounding_cc=1.0))
    assert (found.low, found.value) == pytest.approx((4.0, 12.0), abs=ROUNDED_GY)
    assert found.high == pytest.approx(16.0, abs=ROUNDED_GY)  # half a cc of 2 cc


# -------------------------------------------------------------------------------- what is left of a whole


@given(volumes_cc, st.floats(0.0, 1.1), lows_gy, errors_gy, st.sampled_from(["cc", "%"]))
def test_the_band_of_a_spared_volume_is_what_the_irradiated_one_leaves(
    volume_cc: float, share: float, low_gy: float, error_gy: float, unit: str
) -> None:
    dvh = ramp_dvh(volume_cc=volume_cc, low_gy=low_gy, high_gy=low_gy + 20.0, half_width_gy=error_gy)
    text = f"{share * (low_gy + 20.0):.6f}Gy[{unit}]"
    hot, cold = measured(f"V{text}", dvh), measured(f"CV{text}", dvh)
    whole = volume_cc if unit == "cc" else 100.0
    assert (cold.low, cold.value, cold.high) == pytest.approx(
        (whole - hot.high, whole - hot.value, whole - hot.low), abs=1e-8 * whole
    )


def test_where_all_receives_a_dose_nothing_is_spared_and_below_none_all_is() -> None:
    dvh = ramp_dvh(volume_cc=0.2, low_gy=5.0, high_gy=20.0)
    for text, expected in (("CV2Gy[cc]", 0.0), ("CV25Gy[cc]", 0.2), ("V25Gy[cc]", 0.0), ("V2Gy[cc]", 0.2)):
        found = measured(text, dvh)
        assert (found.low, found.value, found.high) == (expected, expected, expected)


def test_the_band_of_a_spared_volume_by_hand() -> None:
    # 10 cc, 0 to 20 Gy, known to 1 Gy: 15 Gy lie at 16 Gy at least, at 14 Gy at most
    found = measured("CV15Gy[cc]", ramp_dvh(volume_cc=10.0, high_gy=20.0, half_width_gy=1.0))
    assert found.value == pytest.approx(7.5, abs=1e-3)
    assert found.low == pytest.approx(7.0, abs=1e-3)
    assert found.high == pytest.approx(10.0 * 15.0 / 19.0, abs=1e-2)  # the lower curve ends at 19 Gy


# -------------------------------------------------------------------------------- ends


@given(volumes_cc, lows_gy, widths_gy)
def test_100_percent_of_the_volume_is_the_least_dose(volume_cc: float, low_gy: float, width_gy: float) -> None:
    dvh = ramp_dvh(volume_cc=volume_cc, low_gy=low_gy, high_gy=low_gy + width_gy)
    assert measured("D100%[Gy]", dvh).value == pytest.approx(measured("Min[Gy]", dvh).value, abs=ROUNDED_GY)
    assert measured("DC100%[Gy]", dvh) == measured("Max[Gy]", dvh)


def test_100_percent_of_a_volume_is_a_share_and_a_little_more_is_none() -> None:
    assert parse("D100%[Gy]") == DoseAtVolume(volume=100.0, volume_unit=Unit.PERCENT, unit=Unit.GY)
    with pytest.raises(MetricError) as error:
        parse("D100")
    assert error.value.hint == "try 'D100%[Gy]' or 'D100cc[Gy]'"
    with pytest.raises(MetricError, match="more than 100%") as error:
        parse("D100.001%[Gy]")
    assert error.value.hint == "try 'D100.001cc[Gy]'"


@pytest.mark.parametrize("text", ["RxBED0.5[Gy]", "RxBED1[Gy]", "RxBED0.01[Gy]"])
def test_an_alpha_beta_between_0_and_1_is_one(text: str) -> None:
    metric = parse(text)
    assert str(metric) == text
    ratio_gy = float(text.removeprefix("RxBED").removesuffix("[Gy]"))
    found = measure(metric, ramp_dvh())  # of 50 Gy in 5
    assert isinstance(found, Measurement)
    assert (found.low, found.value, found.high) == pytest.approx([50.0 * (1.0 + 10.0 / ratio_gy)] * 3)


@pytest.mark.parametrize("text", ["V0Gy[%]", "CV0Gy[cc]"])
def test_a_dose_of_0_is_asked_at(text: str) -> None:
    assert str(parse(text)) == text
    found = measured(text, ramp_dvh(low_gy=1.0))
    assert found.value == (100.0 if text == "V0Gy[%]" else 0.0)


@pytest.mark.parametrize(
    "text",
    ["D1e5cc[Gy]", f"gEUD(a={'9' * 400})[Gy]", f"V{'9' * 400}Gy[%]", f"RxBED{'9' * 400}[Gy]", f"R{'9' * 400}%[ratio]"],
)
def test_a_number_that_is_none_is_refused_with_the_text_it_is_in(text: str) -> None:
    with pytest.raises(MetricError) as error:
        parse(text)
    assert str(error.value).startswith(f"metric {text!r}: ")


def test_an_error_without_a_way_out_gives_no_hint() -> None:
    for text in ("V-5Gy[%]", "gEUD(a=0)[Gy]", "RxBED0[Gy]", "V0%Rx_outside_PTV[cc]", f"D{'9' * 400}cc[Gy]"):
        with pytest.raises(MetricError) as error:
            parse(text)
        assert error.value.hint == ""
        assert str(error.value).startswith(f"metric {text!r}: ")


# -------------------------------------------------------------------------------- why there is none


@pytest.mark.parametrize("metric", ["D5cc[Gy]", "DC5cc[Gy]", "V20Gy[cc]", "CV20Gy[cc]", "Volume[cc]"])
def test_where_volumes_are_in_percent_alone_it_is_said(metric: str) -> None:
    expected = "the stored DVH has volumes in percent only, not in cc"
    assert measure(metric, percent_dvh()) == NotMeasured(reason=Reason.UNDEFINED_FOR_STORED_DVH, detail=expected)


@pytest.mark.parametrize("metric", ["R50%[ratio]", "D2cm[Gy]", "Targets[count]"])
def test_what_is_of_the_whole_plan_is_named(metric: str) -> None:
    expected = f"{metric} is not read off the DVH of one structure"
    assert measure(metric, ramp_dvh()) == NotMeasured(reason=Reason.NEEDS_WHOLE_PLAN, detail=expected)

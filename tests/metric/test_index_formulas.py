"""Plan indices from volumes of isodoses that are given: each by its formula, bounds and all, and why there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import FIFTY_IN_FIVE, band, curve, dvh_set, plan_of, ramp_dvh
from sbrtcheck import compute_dvhs
from sbrtcheck.dvh import OF_DOSE, DoseSought, DVHSet, MeanSought, Reason, VolumeSought, VolumeUnit
from sbrtcheck.geometry.isodose_volume import IsodoseVolume
from sbrtcheck.metric import DoseStatistic, Measurement, NotMeasured, Stat, Unit, parse
from sbrtcheck.metric.close_bounds import closely, question_for_close_bounds
from sbrtcheck.metric.plan_indices import FarDoses, index_from_isodoses, isodose_volumes, measure_index, parts_of_target
from sbrtcheck.plan import UnknownPrescription
from sbrtcheck.radiobiology import Quantity

DVHS = compute_dvhs(plan_of(PTV=0.0))
RX_GY = FIFTY_IN_FIVE.dose_gy
SAME = 1e-3
"""Doses within 1e-5 of the largest are one dose: 0.6 mGy of the target below, in which 0.3 mm³ of it lie."""


def isodose(low_cc: float, high_cc: float, *, closed: bool = True) -> IsodoseVolume:
    return IsodoseVolume(value_cc=(low_cc + high_cc) / 2, low_cc=low_cc, high_cc=high_cc, closed=closed)


def index(
    text: str, isodoses: dict[float, IsodoseVolume | NotMeasured], **of_target: object
) -> Measurement | NotMeasured:
    """Of a target of 10 cc whose dose falls evenly from 60 Gy to 40 Gy: half of it has 50 Gy, a quarter 55 Gy."""
    target = ramp_dvh("PTV", **({"volume_cc": 10.0, "low_gy": 40.0, "high_gy": 60.0} | of_target))
    metric = parse(text)
    return index_from_isodoses(metric, DVHS, target, isodoses, FarDoses(None))  # type: ignore[arg-type]


def numbers(found: Measurement | NotMeasured) -> tuple[float, float, float, Unit, bool]:
    assert isinstance(found, Measurement), found
    return found.low, found.value, found.high, found.unit, found.open_above


def approx(low: float, value: float, high: float, unit: Unit, *, open_above: bool = False) -> tuple[object, ...]:
    return (*(pytest.approx(one, rel=SAME, abs=SAME) for one in (low, value, high)), unit, open_above)


# -------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize("closed", [True, False])
def test_ratios_are_volumes_over_that_of_the_target(closed: bool) -> None:
    expected = approx(1.1, 1.2, 1.3, Unit.RATIO, open_above=not closed)
    assert numbers(index("CI_RTOG[ratio]", {RX_GY: isodose(11.0, 13.0, closed=closed)})) == expected
    assert numbers(index("R50%[ratio]", {RX_GY / 2: isodose(11.0, 13.0, closed=closed)})) == expected
    assert numbers(index("R80%[ratio]", {0.8 * RX_GY: isodose(11.0, 13.0, closed=closed)})) == expected


@pytest.mark.parametrize("closed", [True, False])
def test_the_gradient_is_least_with_the_least_half_and_the_most_of_the_full_isodose(closed: bool) -> None:
    isodoses = {RX_GY / 2: isodose(38.0, 42.0, closed=closed), RX_GY: isodose(9.5, 10.5)}
    assert numbers(index("GI[ratio]", isodoses)) == approx(38 / 10.5, 4.0, 42 / 9.5, Unit.RATIO, open_above=not closed)


def test_paddicks_index_is_the_square_of_what_is_covered_over_target_and_isodose() -> None:
    # 5 of 10 cc covered, isodose of 8 cc: 25 / 80
    assert numbers(index("CI_Paddick[ratio]", {RX_GY: isodose(8.0, 8.0)})) == approx(*[25 / 80] * 3, Unit.RATIO)
    # known to 1 Gy: 4.5 to 5.5 cc covered; of 7 to 9 cc
    found = index("CI_Paddick[ratio]", {RX_GY: isodose(7.0, 9.0)}, half_width_gy=1.0)
    assert numbers(found) == approx(4.5**2 / 90, 25 / 80, 5.5**2 / 70, Unit.RATIO)


def test_no_more_of_an_isodose_lies_in_the_target_than_there_is_of_either() -> None:
    # the whole target covered, and nothing else: bounds of two sums would pass 1
    found = index("CI_Paddick[ratio]", {RX_GY: isodose(9.9, 10.3)}, low_gy=51.0)
    assert numbers(found) == approx(10.0 / 10.3, 10.0 / 10.1, 1.0, Unit.RATIO)
    # half of it covered: not more than that half, though the least isodose is as small as 4 cc
    found = index("CI_Paddick[ratio]", {RX_GY: isodose(4.0, 10.0)})
    assert numbers(found) == approx(0.25, 25 / 70, 0.5, Unit.RATIO)


@pytest.mark.parametrize("closed", [True, False])
def test_what_lies_outside_is_the_isodose_less_what_the_target_has_of_it(closed: bool) -> None:
    isodoses = {1.1 * RX_GY: isodose(3.0, 4.0, closed=closed)}  # of the target a quarter, 2.5 cc
    found = index("V110%Rx_outside_PTV[cc]", isodoses)
    assert numbers(found) == approx(0.5, 1.0, 1.5, Unit.CC, open_above=not closed)
    found = index("V110%Rx_outside_PTV[%PTV]", isodoses)
    assert numbers(found) == approx(5.0, 10.0, 15.0, Unit.PERCENT_PTV, open_above=not closed)
    # known to 1 Gy: 2 to 3 cc of the target
    found = index("V110%Rx_outside_PTV[cc]", isodoses, half_width_gy=1.0)
    assert numbers(found) == approx(0.0, 1.0, 2.0, Unit.CC, open_above=not closed)
    found = index("V110%Rx_outside_PTV[cc]", {1.1 * RX_GY: isodose(2.0, 2.5)})
    assert numbers(found) == approx(0.0, 0.0, 0.0, Unit.CC)


@given(st.floats(0.1, 10.0), st.floats(1.0, 1.2), st.floats(10.0, 100.0), st.floats(1.0, 1.2))
def test_the_gradient_of_any_volumes_within_their_bounds_lies_within_its_own(
    full: float, full_factor: float, half: float, half_factor: float
) -> None:
    low, value, high, *_ = numbers(
        index("GI[ratio]", {RX_GY / 2: isodose(half, half * half_factor), RX_GY: isodose(full, full * full_factor)})
    )
    assert low == pytest.approx(half / (full * full_factor))
    assert high == pytest.approx(half * half_factor / full)
    assert low <= value <= high


@pytest.mark.parametrize(
    ("text", "value", "unit", "open_above"),
    [
        ("R19%[ratio]", 110.592, Unit.RATIO, True),  # of 1 cc
        ("R100%[ratio]", 0.0, Unit.RATIO, False),
        ("CI_RTOG[ratio]", 0.0, Unit.RATIO, False),
        ("V19%Rx_outside_PTV[cc]", 109.592, Unit.CC, True),
        ("V19%Rx_outside_PTV[%PTV]", 10959.2, Unit.PERCENT_PTV, True),
        ("V105%Rx_outside_PTV[cc]", 0.0, Unit.CC, False),
    ],
)
def test_indices_of_a_plan_with_one_dose_everywhere(text: str, value: float, unit: Unit, open_above: bool) -> None:
    """10 Gy, a fifth of the prescription of 50 Gy, in all of a grid of 110.592 cc, and a target of 1 cc."""
    about = pytest.approx(value, rel=1e-6, abs=1e-9)
    expected = Measurement(value=about, low=about, high=about, unit=unit, open_above=open_above)  # type: ignore[arg-type]
    for metric in (text, parse(text)):
        for target in ("PTV", DVHS["PTV"]):
            assert measure_index(metric, DVHS, target) == expected  # type: ignore[arg-type]


# -------------------------------------------------------------------------------- why there is none


@pytest.mark.parametrize(("text", "name"), [("GI[ratio]", "GI"), ("CI_Paddick[ratio]", "CI_Paddick")])
def test_what_an_isodose_beyond_the_grid_could_make_smaller_is_not_measured(text: str, name: str) -> None:
    found = index(text, {RX_GY / 2: isodose(40.0, 40.0), RX_GY: isodose(10.0, 10.0, closed=False)})
    expected = f"the 100 % isodose leaves the dose grid, and {name} is smaller the more of it lies outside"
    assert found == NotMeasured(reason=Reason.ISODOSE_LEAVES_GRID, detail=expected)


@pytest.mark.parametrize("text", ["GI[ratio]", "CI_Paddick[ratio]"])
@pytest.mark.parametrize("high_cc", [0.0, 0.5])
def test_where_no_place_surely_gets_the_prescription_nothing_is_divided_by_it(text: str, high_cc: float) -> None:
    found = index(text, {RX_GY / 2: isodose(1.0, 1.0), RX_GY: isodose(0.0, high_cc)})
    assert found == NotMeasured(reason=Reason.VOLUME_TOO_SMALL, detail="no place receives the prescribed dose")


def test_why_an_isodose_has_no_volume_is_why_an_index_has_none() -> None:
    why = NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail="one plane only")
    assert index("GI[ratio]", {RX_GY / 2: isodose(1.0, 1.0), RX_GY: why}) == why
    assert index("CI_RTOG[ratio]", {RX_GY: why}) == why


def test_a_target_without_volume_or_with_volumes_in_percent_has_no_index() -> None:
    assert index("CI_RTOG[ratio]", {}, volume_cc=0.0) == NotMeasured(reason=Reason.STRUCTURE_EMPTY)
    stored = dvh_set(ramp_dvh("PTV"))
    detail = "it needs the whole dose grid, not what a planning system stored"
    assert measure_index("CI_RTOG[ratio]", stored, "PTV") == NotMeasured(
        reason=Reason.UNDEFINED_FOR_STORED_DVH, detail=detail
    )


def test_of_a_target_that_was_not_computed_here_no_place_is_2_cm_away() -> None:
    found = index("D2cm[Gy]", {})
    assert found == NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail="PTV was not computed here")
    assert parts_of_target(dvh_set(ramp_dvh("PTV")), ramp_dvh("PTV")) == 1  # not known


def test_two_boxes_that_do_not_touch_are_two_parts() -> None:
    dvhs = compute_dvhs(plan_of(A=0.0, B=14.0))
    both = dvhs.union(dvhs.dvhs)
    assert parts_of_target(dvhs, both) == 2  # type: ignore[arg-type]
    assert parts_of_target(dvhs, dvhs["A"]) == 1


def test_isodoses_are_those_that_the_indices_ask_for_each_once() -> None:
    metrics = [
        parse(text) for text in ("GI[ratio]", "R50%[ratio]", "CI_RTOG[ratio]", "V105%Rx_outside_PTV[cc]", "D2cm[Gy]")
    ]
    found = isodose_volumes(metrics, plan_of(PTV=0.0))  # type: ignore[arg-type]  # 10 Gy everywhere, of 50 Gy
    assert list(found) == pytest.approx([25.0, 50.0, 52.5])
    assert set(found.values()) == {isodose(0.0, 0.0)}
    assert isodose_volumes(metrics, None) == {}  # type: ignore[arg-type]


# -------------------------------------------------------------------------------- what is asked for close bounds


def asked(text: str, **fields: object) -> tuple[object, ...]:
    """Of 10 cc from 0 to 20 Gy, known to 1 Gy, of a prescription of 50 Gy."""
    return question_for_close_bounds(parse(text), ramp_dvh(**({"half_width_gy": 1.0} | fields)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "percent", "near_gy"),
    [
        ("D30%[Gy]", 30.0, 14.0),
        ("D3cc[Gy]", 30.0, 14.0),
        ("DC3cc[Gy]", 70.0, 6.0),
        ("DC3cc[%Rx]", 70.0, 6.0),
        ("Median[Gy]", 50.0, 10.0),
        ("Max[Gy]", 0.0, 20.0),
        ("Min[Gy]", 100.0, 0.0),
    ],
)
def test_a_dose_is_asked_for_at_its_share_of_the_volume(text: str, percent: float, near_gy: float) -> None:
    (sought,) = asked(text)
    assert isinstance(sought, DoseSought)
    assert (sought.volume_percent, sought.near_gy) == (pytest.approx(percent), pytest.approx(near_gy))
    assert sought.close_gy == 0.02


def test_in_percent_of_a_volume_a_dose_is_asked_for_whatever_the_unit_of_volumes_and_in_cc_only_of_cc() -> None:
    stored = {"volume_cc": 100.0, "volume_unit": VolumeUnit.PERCENT}
    (sought,) = asked("D30%[Gy]", **stored)
    assert sought == DoseSought(volume_percent=30.0, near_gy=14.0, close_gy=0.02)
    assert asked("D30cc[Gy]", **stored) == ()


def test_large_doses_are_asked_for_to_a_thousandth() -> None:
    (sought,) = asked("D30%[Gy]", low_gy=40.0, high_gy=60.0)
    assert sought == DoseSought(volume_percent=30.0, near_gy=54.0, close_gy=pytest.approx(0.054))


@pytest.mark.parametrize(
    ("text", "close_cc"),
    [
        ("V15Gy[cc]", 2.5e-3),  # a thousandth of 2.5 cc
        ("CV15Gy[%]", 2.5e-3),  # what is left of it asks the same
        ("V30%Rx[cc]", 2.5e-3),
        ("V4Gy[cc]", 2e-3),  # a thousandth of the 2 cc that are left
        ("V0.1Gy[cc]", 1e-3),  # next to all: a ten thousandth of the whole
        ("V19.99Gy[cc]", 1e-4),  # next to none: a hundred thousandth of it
    ],
)
def test_a_volume_is_asked_for_as_closely_as_it_and_its_rest_are_printed(text: str, close_cc: float) -> None:
    (sought,) = asked(text)
    assert isinstance(sought, VolumeSought)
    assert sought.width_percent == pytest.approx(2 * close_cc / 10.0 * 100.0, rel=2e-3)
    of = text.removeprefix("C").removeprefix("V").partition("[")[0]
    assert sought.dose_gy == pytest.approx(15.0 if "%" in of else float(of.removesuffix("Gy")))


@pytest.mark.parametrize(("text", "dose_gy"), [("V105%Rx_outside_PTV[cc]", 52.5), ("CI_Paddick[ratio]", 50.0)])
def test_of_a_target_its_part_in_the_isodose_is_asked_for(text: str, dose_gy: float) -> None:
    fields = {"low_gy": 40.0, "high_gy": 60.0}
    assert asked(text, **fields) == (VolumeSought(dose_gy=pytest.approx(dose_gy), width_percent=pytest.approx(0.02)),)
    assert asked(text, **fields, prescription=UnknownPrescription(reason="none")) == ()
    assert asked(text, **fields, half_width_gy=0.0) == ()


def test_means_of_powers_are_asked_for_where_they_can_be_told() -> None:
    (sought,) = asked("gEUD(a=4)[Gy]")
    assert sought == MeanSought(power=4.0, effect=OF_DOSE, close_gy=0.02)
    mean = DoseStatistic(stat=Stat.MEAN, unit=Unit.GY)
    assert question_for_close_bounds(mean, ramp_dvh(half_width_gy=1.0)) == ()  # of physical dose it is close
    (sought,) = question_for_close_bounds(mean, ramp_dvh(half_width_gy=1.0, quantity=Quantity.BED))
    assert sought == MeanSought(power=1.0, effect=OF_DOSE, close_gy=0.02)


@pytest.mark.parametrize(
    "text", ["Mean[Gy]", "CI_RTOG[ratio]", "GI[ratio]", "R50%[ratio]", "D2cm[Gy]", "Volume[cc]", "D50cc[Gy]"]
)
def test_what_no_question_tells_asks_nothing(text: str) -> None:
    assert asked(text, low_gy=40.0, high_gy=60.0) == ()


@pytest.mark.parametrize("text", ["D30%[Gy]", "V15Gy[cc]", "gEUD(a=4)[Gy]", "Max[Gy]"])
def test_bounds_that_are_close_ask_nothing_nor_what_lies_outside_the_grid(text: str) -> None:
    assert asked(text, half_width_gy=0.0) == ()
    assert asked(text, uncovered_cc=1.1e-3) == ()
    assert asked(text, uncovered_cc=0.9e-3) == asked(text) != ()


def test_close_is_a_fiftieth_of_a_gy_to_either_side() -> None:
    assert asked("Max[Gy]", max_gy=band(20.0, 0.0199)) == ()
    assert asked("Max[Gy]", max_gy=band(20.0, 0.0201)) != ()
    assert asked("Max[Gy]", high_gy=60.0, max_gy=band(60.0, 0.0599), curve=curve([0.0, 60.0], [10.0, 0.0])) == ()


def test_a_share_of_the_prescription_asks_nothing_where_that_is_unknown_or_volumes_are_in_percent() -> None:
    assert asked("V30%Rx[cc]", prescription=UnknownPrescription(reason="none")) == ()


def test_without_a_plan_nothing_is_refined() -> None:
    dvh = ramp_dvh(half_width_gy=1.0)
    assert closely([parse("D30%[Gy]")], dvh, dvh_set(dvh)) == {}


def test_a_volume_and_its_rest_are_refined_together_and_what_is_close_is_not() -> None:
    dvhs: DVHSet = compute_dvhs(plan_of(SpinalCord=0.0))
    refined = closely([parse(text) for text in ("Mean[Gy]", "Volume[cc]")], dvhs["SpinalCord"], dvhs)
    assert refined == {}

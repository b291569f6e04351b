"""What is said of each text that is no metric: what is wrong, and what to write; and numbers at the ends of what is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.errors import MetricError
from sbrtcheck.metric import (
    DoseAtVolume,
    EquivalentUniformDose,
    IsodoseRatio,
    Metric,
    PrescriptionMetric,
    Unit,
    VolumeAtDose,
    VolumeOutside,
    parse,
    parse_written,
)
from sbrtcheck.metric.metrics import format_number

NO_UNIT = "output unit missing"
NO_VOLUME_UNIT = "unit of the volume missing"
NO_DOSE_UNIT = "unit of the dose missing"
MAXIMUM = "'Max[Gy]' is the largest dose"
PTV_ONLY = "the volume outside the PTV is the only one computed"
OF_RX = "the dose must be in percent of the prescription"
GENERAL = "write it like 'D0.035cc[Gy]', 'V20Gy[%]', 'CV15Gy[cc]' or 'Mean[Gy]'"
BOTH_OUTSIDE = "try 'V105%Rx_outside_PTV[%PTV]' or 'V105%Rx_outside_PTV[cc]'"

REFUSED = [
    # a dose at a volume
    ("D95", NO_VOLUME_UNIT, "try 'D95%[Gy]' or 'D95cc[Gy]'"),
    ("DC100[Gy]", NO_VOLUME_UNIT, "try 'DC100%[Gy]' or 'DC100cc[Gy]'"),
    ("D100.5", NO_VOLUME_UNIT, "try 'D100.5cc[Gy]'"),
    ("D5Gy[Gy]", "a volume cannot be in Gy", "try 'D5cc[Gy]'"),
    ("DC5cGy[Gy]", "a volume cannot be in cGy", "try 'DC5cc[Gy]'"),
    ("D5%Rx[Gy]", "a volume cannot be in %Rx", "try 'D5cc[Gy]'"),
    ("D0cc[Gy]", "the volume must be above 0", MAXIMUM),
    ("D0%[Gy]", "the volume must be above 0", MAXIMUM),
    ("DC-0.5cc[Gy]", "the volume must be above 0", MAXIMUM),
    ("D100.5%[Gy]", "more than 100% of the volume", "try 'D100.5cc[Gy]'"),
    ("DC101%[Gy]", "more than 100% of the volume", "try 'DC101cc[Gy]'"),
    ("D5cc", NO_UNIT, "try 'D5cc[Gy]'"),
    ("dc5%", NO_UNIT, "try 'DC5%[Gy]'"),
    ("D5cc[ml]", "the answer is a dose, it cannot be in cc", "try 'D5cc[Gy]' or 'D5cc[%Rx]'"),
    ("DC5%[count]", "the answer is a dose, it cannot be in count", "try 'DC5%[Gy]' or 'DC5%[%Rx]'"),
    # a volume at a dose
    ("V20", NO_DOSE_UNIT, "try 'V20Gy[%]' or 'V20%Rx[%]'"),
    ("CV20", NO_DOSE_UNIT, "try 'CV20Gy[%]' or 'CV20%Rx[%]'"),
    ("VS20[cc]", NO_DOSE_UNIT, "try 'CV20Gy[%]' or 'CV20%Rx[%]'"),
    ("V<20", NO_DOSE_UNIT, "try 'CV20Gy[%]' or 'CV20%Rx[%]'"),
    ("V20cc[%]", "a dose cannot be in cc", "try 'V20Gy[cc]'"),
    ("cv20ml[cc]", "a dose cannot be in ml", "try 'CV20Gy[cc]'"),
    ("V-0.5Gy[%]", "the dose must not be negative", ""),
    ("V2000cGy", NO_UNIT, "try 'V20Gy[%]' or 'V20Gy[cc]'"),
    ("V95%", NO_UNIT, "try 'V95%Rx[%]' or 'V95%Rx[cc]'"),
    ("CV95%Rx", NO_UNIT, "try 'CV95%Rx[%]' or 'CV95%Rx[cc]'"),
    ("V20Gy[cGy]", "the answer is a volume, it cannot be in Gy", "try 'V20Gy[%]' or 'V20Gy[cc]'"),
    ("CV20Gy[%Rx]", "the answer is a volume, it cannot be in %Rx", "try 'CV20Gy[%]' or 'CV20Gy[cc]'"),
    # numbers of a distribution
    ("Dmax", NO_UNIT, "try 'Max[Gy]'"),
    ("Mean Dose", NO_UNIT, "try 'Mean[Gy]'"),
    ("median[%PTV]", "the answer is a dose, it cannot be in %PTV", "try 'Median[Gy]' or 'Median[%Rx]'"),
    ("min[cc]", "the answer is a dose, it cannot be in cc", "try 'Min[Gy]' or 'Min[%Rx]'"),
    ("gEUD(a=0)[Gy]", "the exponent of gEUD must not be 0", ""),
    ("EUD(-0.5)", NO_UNIT, "try 'gEUD(a=-0.5)[Gy]'"),
    ("gEUD(2)[cc]", "the answer is a dose, it cannot be in cc", "try 'gEUD(a=2)[Gy]' or 'gEUD(a=2)[%Rx]'"),
    ("Volume", NO_UNIT, "try 'Volume[cc]'"),
    ("Volume[%]", "a volume of % says nothing", "try 'Volume[cc]'"),
    ("Volume[Gy]", "a volume of Gy says nothing", "try 'Volume[cc]'"),
    # of the whole plan
    ("R0%[ratio]", "the isodose must be above 0", "try 'R50%[ratio]'"),
    ("R-1%[ratio]", "the isodose must be above 0", "try 'R50%[ratio]'"),
    ("R80", NO_UNIT, "try 'R80%[ratio]'"),
    ("R80%[%]", "the answer cannot be in %", "try 'R80%[ratio]'"),
    ("GI50%", NO_UNIT, "try 'GI[ratio]'"),
    ("GI[cc]", "the answer cannot be in cc", "try 'GI[ratio]'"),
    ("CI RTOG", NO_UNIT, "try 'CI_RTOG[ratio]'"),
    ("ci_paddick[%]", "the answer cannot be in %", "try 'CI_Paddick[ratio]'"),
    ("D3cm[Gy]", "a distance of 2 cm from the target is the only one computed", "try 'D2cm[%Rx]'"),
    ("D2cm", NO_UNIT, "try 'D2cm[%Rx]' or 'D2cm[Gy]'"),
    ("D2cm[cc]", "the answer is a dose, it cannot be in cc", "try 'D2cm[Gy]' or 'D2cm[%Rx]'"),
    ("V105%Rx_outside_GTV[cc]", PTV_ONLY, "try 'V105%Rx_outside_PTV[%PTV]'"),
    ("V105%outside[cc]", PTV_ONLY, "try 'V105%Rx_outside_PTV[%PTV]'"),
    ("V105Gy_outside_PTV[cc]", OF_RX, "try 'V105%Rx_outside_PTV[%PTV]'"),
    ("V105_outside_PTV[cc]", OF_RX, "try 'V105%Rx_outside_PTV[%PTV]'"),
    ("V0%_outside_PTV[cc]", "the dose must be above 0", ""),
    ("V105% outside ptv", NO_UNIT, BOTH_OUTSIDE),
    ("V105%Rx_outside_PTV[Gy]", "the answer cannot be in Gy", BOTH_OUTSIDE),
    ("Veff", NO_UNIT, "try 'Veff[%]'"),
    ("Veff[cc]", "the answer cannot be in cc", "try 'Veff[%]'"),
    ("Rx", NO_UNIT, "try 'Rx[Gy]'"),
    ("Rx[%]", "the answer cannot be in %", "try 'Rx[Gy]'"),
    ("RxBED[Gy]", "alpha/beta missing", "try 'RxBED10[Gy]'"),
    ("RxBED0[Gy]", "alpha/beta must be above 0", ""),
    ("RxBED-3[Gy]", "alpha/beta must be above 0", ""),
    ("RxBED2.5", NO_UNIT, "try 'RxBED2.5[Gy]'"),
    ("RxBED3[cc]", "the answer cannot be in cc", "try 'RxBED3[Gy]'"),
    ("Targets", NO_UNIT, "try 'Targets[count]'"),
    ("Targets[cc]", "the answer cannot be in cc", "try 'Targets[count]'"),
    # names of more than one number, or of one that is not computed
    ("CI", "CI has several definitions, so its name must be written", "try 'CI_RTOG[ratio]' or 'CI_Paddick[ratio]'"),
    ("pci[ratio]", "not a metric", "try 'CI_Paddick[ratio]'"),
    ("CN", "not a metric", "try 'CI_Paddick[ratio]'"),
    (
        "nCI 50",
        "nCI, the inverse of Paddick's index, is not computed by this version",
        "try 'CI_Paddick[ratio]'",
    ),
    ("PITV[ratio]", "not a metric", "try 'CI_RTOG[ratio]'"),
    ("MGI", "MGI is not computed by this version", "try 'GI[ratio]' or 'R50%[ratio]'"),
    ("hi", "HI has several definitions, and is not computed by this version", "try 'D2%[%Rx]' or 'D98%[%Rx]'"),
    ("dose", "not a metric", GENERAL),
    ("", "not a metric", GENERAL),
    *(
        (text.format("9" * 400), "the number is too large", "")
        for text in ("D{}cc[Gy]", "V{}Gy[cc]", "gEUD(a={})[Gy]", "R{}%[ratio]", "D{}cm[Gy]", "RxBED{}[Gy]")
    ),
]


@pytest.mark.parametrize(("text", "problem", "hint"), REFUSED, ids=[text[:30] for text, _, _ in REFUSED])
def test_what_is_wrong_is_said_with_the_text_and_what_to_write(text: str, problem: str, hint: str) -> None:
    with pytest.raises(MetricError) as error:
        parse(text)
    assert (error.value.what, error.value.place, error.value.hint) == (f"metric {text!r}: {problem}", "", hint)


def test_a_name_of_several_numbers_is_told_in_small_letters_too() -> None:
    with pytest.raises(MetricError, match="HI has several definitions"):
        parse_written("hi")


@pytest.mark.parametrize("hint", sorted({hint for _, _, hint in REFUSED if hint.startswith("try ")}))
def test_what_is_to_be_tried_is_a_metric(hint: str) -> None:
    for text in hint.removeprefix("try ").split(" or "):
        assert str(parse(text.strip("'"))) == text.strip("'")


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("D100%[Gy]", DoseAtVolume(volume=100.0, volume_unit=Unit.PERCENT, unit=Unit.GY)),
        ("DC0.5%[%]", DoseAtVolume(volume=0.5, volume_unit=Unit.PERCENT, unit=Unit.PERCENT_RX, cold=True)),
        ("D100.5cc[cGy]", DoseAtVolume(volume=100.5, volume_unit=Unit.CC, unit=Unit.GY)),
        ("D1cc[%Rx]", DoseAtVolume(volume=1.0, volume_unit=Unit.CC, unit=Unit.PERCENT_RX)),
        ("V0Gy[ml]", VolumeAtDose(dose=0.0, dose_unit=Unit.GY, unit=Unit.CC)),
        ("VS0.5%[%]", VolumeAtDose(dose=0.5, dose_unit=Unit.PERCENT_RX, unit=Unit.PERCENT, cold=True)),
        ("CV150cGy[cc]", VolumeAtDose(dose=1.5, dose_unit=Unit.GY, unit=Unit.CC, cold=True)),
        ("gEUD(1)[%]", EquivalentUniformDose(a=1.0, unit=Unit.PERCENT_RX)),
        ("gEUD(+0.5)[Gy]", EquivalentUniformDose(a=0.5, unit=Unit.GY)),
        ("R1%[ratio]", IsodoseRatio(percent=1.0)),
        ("R0.5[ratio]", IsodoseRatio(percent=0.5)),
        ("V1% outside PTV[cm3]", VolumeOutside(dose=1.0, unit=Unit.CC)),
        ("V0.5%Rx outside PTV_%PTV", VolumeOutside(dose=0.5, unit=Unit.PERCENT_PTV)),
        ("RxBED1[Gy]", PrescriptionMetric(alpha_beta_gy=1.0)),
        ("Rx_BED 0.5 (Gy)", PrescriptionMetric(alpha_beta_gy=0.5)),
        ("Rx[Gy]", PrescriptionMetric()),
    ],
)
def test_numbers_at_the_ends_of_what_can_be_asked_are_asked(text: str, metric: Metric) -> None:
    assert parse(text) == metric


@pytest.mark.parametrize(
    ("text", "dose", "answer"),
    [
        ("V2000cGy[cc]", True, False),
        ("CV2000 CGY[%]", True, False),
        ("V20Gy[cc]", False, False),
        ("V95%[cc]", False, False),
        ("D5cc[cGy]", False, True),
        ("D5cc(cGy)", False, True),
        ("D5cc_cgy", False, True),
        ("D5cc[Gy]", False, False),
        ("D5%[%Rx]", False, False),
        ("Mean[cGy]", False, True),
        ("gEUD(2)[CGY]", False, True),
        ("D2cm[cGy]", False, True),
        ("Rx[cGy]", False, True),
        ("RxBED10[Gy]", False, False),
        ("Volume[cc]", False, False),
    ],
)
def test_which_units_were_written_in_cgy_is_told(text: str, dose: bool, answer: bool) -> None:
    written = parse_written(text)
    assert written.metric == parse(text)
    assert (written.dose_in_cgy, written.answer_in_cgy) == (dose, answer)


# -------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5, "5"),
        (100.0, "100"),
        (0.035, "0.035"),
        (2.50, "2.5"),
        (0.0, "0"),
        (-0.5, "-0.5"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (1200, "1200"),
    ],
)
def test_a_number_is_written_as_short_as_can_be_and_never_with_an_exponent(number: float, text: str) -> None:
    assert format_number(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_it_was_and_has_no_digit_too_many(number: float) -> None:
    text = format_number(number)
    assert float(text) == number
    assert set(text) <= set("-.0123456789")
    assert Decimal(text) == Decimal(repr(number))
    assert not text.endswith(".")
    assert "." not in text or not text.endswith("0")

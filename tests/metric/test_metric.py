"""Metric text reads back as written, ambiguous text is refused, and measuring keeps the laws of DVHs."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dvh_builders import NOT_KNOWN, percent_dvh, ramp_dvh, uniform_dvh
from sbrtcheck.dvh import Reason
from sbrtcheck.errors import MetricError
from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    EffectiveVolume,
    EquivalentUniformDose,
    Index,
    IsodoseRatio,
    MaxDoseAtDistance,
    Measurement,
    Metric,
    NotMeasured,
    OfOneDvh,
    PlanIndex,
    PrescriptionMetric,
    Stat,
    StructureVolume,
    TargetCount,
    Unit,
    VolumeAtDose,
    VolumeOutside,
    measure,
    parse,
)
from sbrtcheck.plan import Prescription

positive = st.floats(min_value=0, max_value=1e6, exclude_min=True, allow_subnormal=False)
dose_units = st.sampled_from([Unit.GY, Unit.PERCENT_RX])
volume_units = st.sampled_from([Unit.CC, Unit.PERCENT])
dvh_metrics: st.SearchStrategy[OfOneDvh] = st.one_of(
    st.builds(DoseAtVolume, volume=positive, volume_unit=st.just(Unit.CC), unit=dose_units, cold=st.booleans()),
    st.builds(
        DoseAtVolume,
        volume=st.floats(min_value=0, max_value=100, exclude_min=True),
        volume_unit=st.just(Unit.PERCENT),
        unit=dose_units,
        cold=st.booleans(),
    ),
    st.builds(VolumeAtDose, dose=positive, dose_unit=dose_units, unit=volume_units, cold=st.booleans()),
    st.builds(DoseStatistic, stat=st.sampled_from(Stat), unit=dose_units),
    st.builds(EquivalentUniformDose, a=st.one_of(positive, positive.map(lambda a: -a)), unit=dose_units),
    st.builds(StructureVolume),
    st.builds(EffectiveVolume),
)
plan_metrics: st.SearchStrategy[Metric] = st.one_of(
    st.builds(IsodoseRatio, percent=positive),
    st.builds(PlanIndex, index=st.sampled_from(Index)),
    st.builds(MaxDoseAtDistance, unit=dose_units),
    st.builds(VolumeOutside, dose=positive, unit=st.sampled_from([Unit.PERCENT_PTV, Unit.CC])),
    st.builds(TargetCount),
)
prescription_metrics: st.SearchStrategy[PrescriptionMetric] = st.builds(
    PrescriptionMetric, alpha_beta_gy=st.none() | positive
)
metrics: st.SearchStrategy[Metric] = st.one_of(dvh_metrics, plan_metrics, prescription_metrics)
ramps = st.builds(
    lambda volume, low, width, error: ramp_dvh(volume_cc=volume, low_gy=low, high_gy=low + width, half_width_gy=error),
    st.floats(min_value=0.01, max_value=3000),
    st.floats(min_value=0, max_value=50),
    st.floats(min_value=0.01, max_value=50),
    st.floats(min_value=0, max_value=1),
)


def value(metric: str, dvh: object) -> float:
    found = measure(metric, dvh)  # type: ignore[arg-type]
    assert isinstance(found, Measurement), found
    return found.value


# -------------------------------------------------------------------------------- reading and writing


@given(metrics)
def test_the_text_of_a_metric_reads_back_as_the_same_metric(metric: Metric) -> None:
    assert parse(str(metric)) == metric


@pytest.mark.parametrize(
    "text",
    [
        "D0.035cc[Gy]",
        "DC700cc[Gy]",
        "V20Gy[%]",
        "V100%Rx[%]",
        "CV15Gy[cc]",
        "Mean[Gy]",
        "Max[Gy]",
        "gEUD(a=10)[Gy]",
        "gEUD(a=-0.5)[%Rx]",
        "Volume[cc]",
        "D95%[%Rx]",
        "R50%[ratio]",
        "R100%[ratio]",
        "GI[ratio]",
        "CI_RTOG[ratio]",
        "CI_Paddick[ratio]",
        "D2cm[%Rx]",
        "D2cm[Gy]",
        "V105%Rx_outside_PTV[%PTV]",
        "V105%Rx_outside_PTV[cc]",
        "Veff[%]",
        "Rx[Gy]",
        "RxBED10[Gy]",
        "Targets[count]",
    ],
)
def test_canonical_text_stays_as_it_is(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" d 0,035 CC [gy] ", "D0.035cc[Gy]"),
        ("D_0.1_cc [Gy]", "D0.1cc[Gy]"),
        ("D5 cm3 [Gy]", "D5cc[Gy]"),
        ("D5cm³[Gy]", "D5cc[Gy]"),
        ("D5ml(Gy)", "D5cc[Gy]"),
        ("D2cm3[Gy]", "D2cc[Gy]"),
        ("D95%[%]", "D95%[%Rx]"),
        ("V20GY_CC", "V20Gy[cc]"),
        ("V1920cGy[cc]", "V19.2Gy[cc]"),
        ("V>=20Gy[%]", "V20Gy[%]"),
        ("V95%[%]", "V95%Rx[%]"),
        ("VS15Gy[cc]", "CV15Gy[cc]"),
        ("V<15Gy[cc]", "CV15Gy[cc]"),
        ("D0.1cc[cGy]", "D0.1cc[Gy]"),
        ("Dmax[Gy]", "Max[Gy]"),
        ("MaxDose[Gy]", "Max[Gy]"),
        ("DMin[Gy]", "Min[Gy]"),
        ("DMEAN_%", "Mean[%Rx]"),
        ("mean dose [Gy]", "Mean[Gy]"),
        ("EUD(-10)[Gy]", "gEUD(a=-10)[Gy]"),
        ("r 50 (ratio)", "R50%[ratio]"),
        ("GI 50% [ratio]", "GI[ratio]"),
        ("ci rtog [ratio]", "CI_RTOG[ratio]"),
        ("ci_paddick(ratio)", "CI_Paddick[ratio]"),
        ("D 2 cm [%]", "D2cm[%Rx]"),
        ("D2cm_Gy", "D2cm[Gy]"),
        ("v105% outside ptv [% PTV]", "V105%Rx_outside_PTV[%PTV]"),
        ("rx bed 3 [Gy]", "RxBED3[Gy]"),
    ],
)
def test_dialects_become_canonical(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("D95", "try 'D95%[Gy]' or 'D95cc[Gy]'"),
        ("D700", "try 'D700cc[Gy]'"),
        ("D95[Gy]", "try 'D95%[Gy]' or 'D95cc[Gy]'"),
        ("V20", "try 'V20Gy[%]' or 'V20%Rx[%]'"),
        ("V20[%]", "try 'V20Gy[%]' or 'V20%Rx[%]'"),
        ("V20Gy", "try 'V20Gy[%]' or 'V20Gy[cc]'"),
        ("D0.035cc", "try 'D0.035cc[Gy]'"),
        ("DC700cc", "try 'DC700cc[Gy]'"),
        ("D95%", "try 'D95%[Gy]'"),
        ("Mean", "try 'Mean[Gy]'"),
        ("gEUD(a=10)", "try 'gEUD(a=10)[Gy]'"),
        ("Volume", "try 'Volume[cc]'"),
        ("R50", "try 'R50%[ratio]'"),
        ("R100%", "try 'R100%[ratio]'"),
        ("GI", "try 'GI[ratio]'"),
        ("CI_Paddick", "try 'CI_Paddick[ratio]'"),
        ("D2cm", "try 'D2cm[%Rx]' or 'D2cm[Gy]'"),
        ("V105%outside PTV", "try 'V105%Rx_outside_PTV[%PTV]' or 'V105%Rx_outside_PTV[cc]'"),
        ("Veff", "try 'Veff[%]'"),
        ("Rx", "try 'Rx[Gy]'"),
        ("RxBED[Gy]", "try 'RxBED10[Gy]'"),
        ("RxBED10", "try 'RxBED10[Gy]'"),
        ("Targets", "try 'Targets[count]'"),
    ],
)
def test_a_missing_unit_is_refused_and_the_meanings_are_named(text: str, said: str) -> None:
    with pytest.raises(MetricError, match="missing") as error:
        parse(text)
    assert error.value.hint == said
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("D0.035cc[cc]", "the answer is a dose"),
        ("V20Gy[Gy]", "the answer is a volume"),
        ("V20Gy[%Rx]", "the answer is a volume"),
        ("Mean[cc]", "the answer is a dose"),
        ("V20cc[Gy]", "a dose cannot be in cc"),
        ("D20Gy[%]", "a volume cannot be in Gy"),
        ("Volume[%]", "says nothing"),
        ("D101%[Gy]", "more than 100%"),
        ("D0cc[Gy]", "above 0"),
        ("D-5cc[Gy]", "above 0"),
        ("V-5Gy[%]", "negative"),
        ("gEUD(a=0)[Gy]", "must not be 0"),
        (f"D{'9' * 400}cc[Gy]", "too large"),
        ("R50%[%]", "cannot be in %"),
        ("R0%[ratio]", "above 0"),
        ("CI_RTOG[cc]", "cannot be in cc"),
        ("D2cm[cc]", "the answer is a dose"),
        ("D3cm[Gy]", "2 cm from the target is the only one"),
        ("V105Gy_outside_PTV[cc]", "percent of the prescription"),
        ("V105%Rx_outside_GTV[cc]", "outside the PTV is the only one"),
        ("V105%Rx_outside_PTV[%]", "cannot be in %"),
        ("V0%Rx_outside_PTV[cc]", "above 0"),
        ("Rx[%]", "cannot be in %"),
        ("RxBED0[Gy]", "above 0"),
        ("Veff[cc]", "cannot be in cc"),
        ("Mean[ratio]", "the answer is a dose"),
        ("V20Gy[%PTV]", "the answer is a volume"),
        ("Volume[count]", "says nothing"),
    ],
)
def test_units_that_do_not_fit_and_impossible_numbers_are_refused(text: str, said: str) -> None:
    with pytest.raises(MetricError, match=said) as error:
        parse(text)
    assert str(error.value).startswith(f"metric {text!r}: ")
    assert error.value.hint == "" or error.value.hint.startswith(("try '", "'Max[Gy]' is"))


@pytest.mark.parametrize(
    "text", ["", "D", "D5cc[Gy] or so", "D5cc[Gy]]", "D1 0cc[Gy]", "D5cc[Gx]", "Dmaxx[Gy]", "SD[Gy]"]
)
def test_text_with_anything_left_over_is_no_metric(text: str) -> None:
    with pytest.raises(MetricError, match="not a metric"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CI", "CI_RTOG[ratio]' or 'CI_Paddick[ratio]"),
        ("CI[ratio]", "CI_RTOG[ratio]' or 'CI_Paddick[ratio]"),
        ("CI95%", "CI_RTOG[ratio]' or 'CI_Paddick[ratio]"),
        ("CI_ICRU[ratio]", "CI_RTOG[ratio]' or 'CI_Paddick[ratio]"),
        ("PCI", "CI_Paddick[ratio]"),
        ("CN[ratio]", "CI_Paddick[ratio]"),
        ("nCI", "CI_Paddick[ratio]"),
        ("PITV[ratio]", "CI_RTOG[ratio]"),
        ("MGI[ratio]", "R50%[ratio]"),
        ("HI", "D2%[%Rx]"),
    ],
)
def test_an_index_without_the_name_of_its_definition_is_refused_and_the_names_are_given(text: str, said: str) -> None:
    with pytest.raises(MetricError) as error:
        parse(text)
    assert said in error.value.hint


@given(positive)
def test_a_dose_to_a_small_volume_is_never_the_maximum(volume: float) -> None:
    assert not isinstance(parse(str(DoseAtVolume(volume=volume, volume_unit=Unit.CC, unit=Unit.GY))), DoseStatistic)


@given(st.text(max_size=20))
def test_any_text_is_a_metric_or_a_metric_error(text: str) -> None:
    with suppress(MetricError):
        metric = parse(text)
        assert parse(str(metric)) == metric


@given(st.text(max_size=20))
def test_an_error_is_one_line_whatever_the_text(text: str) -> None:
    with pytest.raises(MetricError) as error:
        parse(f"{text} no metric")
    assert len(str(error.value).splitlines()) == 1


# -------------------------------------------------------------------------------- measuring


def test_the_metrics_of_an_even_ramp_are_the_ones_of_its_formula() -> None:
    dvh = ramp_dvh(volume_cc=10.0, low_gy=0.0, high_gy=20.0)  # D at v cc = 20 - 2 v; V at d Gy = 10 - d / 2
    assert value("D2.5cc[Gy]", dvh) == pytest.approx(15.0)
    assert value("D25%[Gy]", dvh) == pytest.approx(15.0)
    assert value("D25%[%Rx]", dvh) == pytest.approx(30.0)  # of 50 Gy
    assert value("DC2.5cc[Gy]", dvh) == pytest.approx(5.0)
    assert value("V15Gy[cc]", dvh) == pytest.approx(2.5, abs=0.001)
    assert value("V15Gy[%]", dvh) == pytest.approx(25.0, abs=0.01)
    assert value("V30%Rx[%]", dvh) == pytest.approx(25.0, abs=0.01)
    assert value("CV15Gy[cc]", dvh) == pytest.approx(7.5, abs=0.001)
    assert value("CV15Gy[%]", dvh) == pytest.approx(75.0, abs=0.01)
    assert value("Mean[Gy]", dvh) == 10.0
    assert value("Median[Gy]", dvh) == pytest.approx(10.0)
    assert value("Max[%Rx]", dvh) == pytest.approx(40.0)
    assert value("Min[Gy]", dvh) == 0.0
    assert value("Volume[cc]", dvh) == 10.0
    assert value("gEUD(a=2)[Gy]", dvh) == pytest.approx((20.0**2 / 3) ** 0.5)
    assert value("Veff[%]", dvh) == pytest.approx(20.0)  # a mean of 10 Gy, of 50 Gy
    assert value("Rx[Gy]", dvh) == 50.0
    assert value("RxBED10[Gy]", dvh) == pytest.approx(50 * (1 + 10 / 10))


@given(ramps, plan_metrics)
def test_an_index_is_not_read_off_one_dvh(dvh, metric: Metric) -> None:  # type: ignore[no-untyped-def]
    found = measure(metric, dvh)
    assert isinstance(found, NotMeasured)
    assert found.reason is Reason.NEEDS_WHOLE_PLAN


@given(ramps)
def test_the_effective_volume_is_the_mean_in_percent_of_the_prescription(dvh) -> None:  # type: ignore[no-untyped-def]
    assert value("Veff[%]", dvh) == value("Mean[%Rx]", dvh)


@given(ramps, dvh_metrics)
def test_every_measurement_lies_in_its_band(dvh, metric: Metric) -> None:  # type: ignore[no-untyped-def]
    assume(not isinstance(metric, EquivalentUniformDose) or 0.01 < abs(metric.a) < 100)  # powers that floats hold
    found = measure(metric, dvh)
    if isinstance(found, Measurement):
        assert found.low <= found.value <= found.high
        assert found.unit is metric.unit
    else:
        assert found.reason is Reason.VOLUME_TOO_SMALL


@given(ramps, st.floats(min_value=0, max_value=100))
def test_spared_and_irradiated_volume_are_the_whole(dvh, dose: float) -> None:  # type: ignore[no-untyped-def]
    text = f"{dose:.6f}"
    whole = value(f"V{text}Gy[cc]", dvh) + value(f"CV{text}Gy[cc]", dvh)
    assert whole == pytest.approx(dvh.volume)


@given(ramps, st.floats(min_value=0.001, max_value=0.999))
def test_the_coldest_volume_ends_where_the_hottest_rest_begins(dvh, share: float) -> None:  # type: ignore[no-untyped-def]
    cold, hot = share * dvh.volume, dvh.volume - share * dvh.volume
    in_cold = measure(DoseAtVolume(volume=cold, volume_unit=Unit.CC, unit=Unit.GY, cold=True), dvh)
    in_hot = measure(DoseAtVolume(volume=hot, volume_unit=Unit.CC, unit=Unit.GY), dvh)
    assert in_cold == in_hot


@given(ramps)
def test_the_coldest_volume_of_all_ends_at_the_maximum(dvh) -> None:  # type: ignore[no-untyped-def]
    whole = DoseAtVolume(volume=dvh.volume, volume_unit=Unit.CC, unit=Unit.GY, cold=True)
    assert measure(whole, dvh) == measure("Max[Gy]", dvh)


@pytest.mark.parametrize("metric", ["D5cc[Gy]", "DC5cc[Gy]"])
def test_a_structure_smaller_than_the_asked_volume_is_not_measured(metric: str) -> None:
    found = measure(metric, uniform_dvh(volume_cc=3.0))
    assert isinstance(found, NotMeasured)
    assert found.reason is Reason.VOLUME_TOO_SMALL
    assert found.detail == "the structure has 3 cc, less than 5 cc"


def test_a_structure_of_exactly_the_asked_volume_is_measured() -> None:
    assert value("D3cc[Gy]", ramp_dvh(volume_cc=3.0, low_gy=4.0)) == pytest.approx(4.0)


@pytest.mark.parametrize("metric", ["D95%[%Rx]", "Mean[%Rx]", "V95%Rx[%]", "gEUD(a=2)[%Rx]", "Veff[%]", "Rx[Gy]"])
def test_percent_of_an_unknown_prescription_is_not_measured(metric: str) -> None:
    found = measure(metric, ramp_dvh(prescription=NOT_KNOWN))
    assert found == NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail="no RT Plan")


@pytest.mark.parametrize("metric", ["D5cc[Gy]", "DC5cc[Gy]", "V20Gy[cc]", "CV20Gy[cc]", "Volume[cc]"])
def test_cc_is_not_measured_where_only_percent_volumes_were_stored(metric: str) -> None:
    found = measure(metric, percent_dvh())
    assert isinstance(found, NotMeasured)
    assert found.reason is Reason.UNDEFINED_FOR_STORED_DVH


def test_percent_metrics_are_measured_where_only_percent_volumes_were_stored() -> None:
    dvh = percent_dvh(low_gy=0.0, high_gy=20.0)
    assert value("D25%[Gy]", dvh) == pytest.approx(15.0)
    assert value("V15Gy[%]", dvh) == pytest.approx(25.0, abs=0.01)
    assert value("Mean[Gy]", dvh) == 10.0


def test_a_structure_without_volume_is_not_measured() -> None:
    assert measure("Mean[Gy]", uniform_dvh(volume_cc=0.0)) == NotMeasured(reason=Reason.STRUCTURE_EMPTY)


def test_text_that_is_no_metric_is_an_error_and_not_a_missing_value() -> None:
    with pytest.raises(MetricError):
        measure("V20", ramp_dvh(prescription=Prescription(dose_gy=50.0, fractions=5)))

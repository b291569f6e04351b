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
    EquivalentUniformDose,
    Measurement,
    Metric,
    NotMeasured,
    Stat,
    StructureVolume,
    Unit,
    VolumeAtDose,
    measure,
    parse,
)
from sbrtcheck.plan import Prescription

positive = st.floats(min_value=0, max_value=1e6, exclude_min=True, allow_subnormal=False)
dose_units = st.sampled_from([Unit.GY, Unit.PERCENT_RX])
volume_units = st.sampled_from([Unit.CC, Unit.PERCENT])
metrics: st.SearchStrategy[Metric] = st.one_of(
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
)
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
    ],
)
def test_a_missing_unit_is_refused_and_the_meanings_are_named(text: str, said: str) -> None:
    with pytest.raises(MetricError, match="missing") as error:
        parse(text)
    assert error.value.mend == said
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
    ],
)
def test_units_that_do_not_fit_and_impossible_numbers_are_refused(text: str, said: str) -> None:
    with pytest.raises(MetricError, match=said):
        parse(text)


@pytest.mark.parametrize(
    "text", ["", "D", "D5cc[Gy] or so", "D5cc[Gy]]", "D1 0cc[Gy]", "D5cc[Gx]", "Dmaxx[Gy]", "SD[Gy]"]
)
def test_text_with_anything_left_over_is_no_metric(text: str) -> None:
    with pytest.raises(MetricError, match="not a metric"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["R50", "R50%", "CI", "GI50%", "HI", "D2cm", "D2cm[%Rx]", "PITV", "Veff[%]", "R50@PTV22cc"]
)
def test_plan_indices_are_said_to_be_not_computed(text: str) -> None:
    with pytest.raises(MetricError, match="plan indices are not computed by this version"):
        parse(text)


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


@given(ramps, metrics)
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


@pytest.mark.parametrize("metric", ["D95%[%Rx]", "Mean[%Rx]", "V95%Rx[%]", "gEUD(a=2)[%Rx]"])
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

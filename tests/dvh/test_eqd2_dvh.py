"""DVHs in EQD2 and BED: doses at volumes commute with the conversion, means do not; rows of a table may ask for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import FIFTY_IN_FIVE, dvh_set, percent_dvh, plan_of, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck import compute_dvhs, load_table, measure
from sbrtcheck.dvh import DVH, Reason
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.plan import DoseGrid, FindingCode, Plan, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.render import FORMATS
from sbrtcheck.results import Verdict

ROUNDED_GY = 2e-4  # doses are answered to 0.1 mGy, before and after the conversion

ramps = st.builds(
    lambda low, width, error: ramp_dvh(low_gy=low, high_gy=low + width, half_width_gy=error),
    st.floats(0.0, 30.0),
    st.floats(0.1, 60.0),
    st.sampled_from([0.0, 0.5]),
)
fractions = st.integers(1, 30)
alpha_betas_gy = st.floats(0.5, 20.0)


def effect(dose_gy: float, quantity: Quantity, n: int, ratio: float) -> float:
    bed = dose_gy * (1 + dose_gy / n / ratio)
    return bed if quantity is Quantity.BED else bed / (1 + 2 / ratio)


def in_quantity(dvh: DVH, quantity: Quantity, n: int, ratio: float) -> DVH:
    convert = dvh.to_bed if quantity is Quantity.BED else dvh.to_eqd2
    return convert(fractions=n, alpha_beta_gy=ratio)


quantities = st.sampled_from([Quantity.EQD2, Quantity.BED])


def value(metric: str, dvh: DVH) -> float:
    found = measure(metric, dvh)
    assert isinstance(found, Measurement)
    assert found.low <= found.value <= found.high
    return found.value


# -------------------------------------------------------------------------------- the distribution


@given(ramps, quantities, fractions, alpha_betas_gy, st.sampled_from(["D0.035cc[Gy]", "D5cc[Gy]", "DC7cc[Gy]"]))
def test_the_dose_at_a_volume_commutes(dvh: DVH, quantity: Quantity, n: int, ratio: float, metric: str) -> None:
    slope = 1 + 2 * 90 / n / ratio  # of the conversion, which magnifies the rounding of doses
    expected = effect(value(metric, dvh), quantity, n, ratio)
    assert value(metric, in_quantity(dvh, quantity, n, ratio)) == pytest.approx(expected, abs=ROUNDED_GY * slope)


@given(ramps, quantities, fractions, alpha_betas_gy)
def test_the_extremes_and_the_median_commute(dvh: DVH, quantity: Quantity, n: int, ratio: float) -> None:
    other = in_quantity(dvh, quantity, n, ratio)
    for metric in ("Max[Gy]", "Min[Gy]", "Median[Gy]"):
        slope = 1 + 2 * 90 / n / ratio
        expected = effect(value(metric, dvh), quantity, n, ratio)
        assert value(metric, other) == pytest.approx(expected, abs=ROUNDED_GY * slope)


@given(ramps, quantities, fractions, alpha_betas_gy, st.floats(1.0, 80.0))
def test_the_volume_at_a_dose_is_that_at_the_converted_dose(
    dvh: DVH, quantity: Quantity, n: int, ratio: float, dose_gy: float
) -> None:
    there = in_quantity(dvh, quantity, n, ratio).volume_at_dose(effect(dose_gy, quantity, n, ratio)).value
    # V is read a hundred-thousandth of the largest dose lower, so that V20Gy of a uniform 20 Gy is everything
    assert there == pytest.approx(dvh.volume_at_dose(dose_gy).value, abs=0.02)


@given(ramps, quantities, fractions, alpha_betas_gy)
def test_the_mean_of_the_effect_is_more_than_the_effect_of_the_mean(
    dvh: DVH, quantity: Quantity, n: int, ratio: float
) -> None:
    low, high = value("Min[Gy]", dvh), value("Max[Gy]", dvh)
    mean, of_squares = (low + high) / 2, (low * low + low * high + high * high) / 3
    bed = mean + of_squares / n / ratio  # dose is spread evenly
    expected = bed if quantity is Quantity.BED else bed / (1 + 2 / ratio)
    found = value("Mean[Gy]", in_quantity(dvh, quantity, n, ratio))
    assert found == pytest.approx(expected, rel=1e-4, abs=ROUNDED_GY)
    spread = (high - low) ** 2 / 12 / n / ratio / (1 if quantity is Quantity.BED else 1 + 2 / ratio)
    assert found - effect(mean, quantity, n, ratio) == pytest.approx(spread, rel=1e-3, abs=5e-3)


def test_a_mean_of_10_gy_is_not_the_eqd2_of_10_gy() -> None:
    half = ramp_dvh(low_gy=0.0, high_gy=20.0).to_eqd2(fractions=5, alpha_beta_gy=3.0)
    # mean of D (D/5 + 3) / 5 over 0 to 20 Gy: (400/3/5 + 30) / 5; of the mean: 10 (2 + 3) / 5
    assert value("Mean[Gy]", half) == pytest.approx(11.3333, abs=1e-3)
    assert effect(10.0, Quantity.EQD2, 5, 3.0) == pytest.approx(10.0)


@given(ramps, fractions, alpha_betas_gy)
def test_the_mean_is_geud_with_exponent_1(dvh: DVH, n: int, ratio: float) -> None:
    other = dvh.to_eqd2(fractions=n, alpha_beta_gy=ratio)
    assert other.geud(1.0).value == pytest.approx(other.mean_gy.value, rel=1e-5, abs=ROUNDED_GY)


@given(st.floats(0.0, 60.0), quantities, fractions, alpha_betas_gy)
def test_a_uniform_dose_has_one_effect_everywhere(dose_gy: float, quantity: Quantity, n: int, ratio: float) -> None:
    other = in_quantity(uniform_dvh(dose_gy=dose_gy), quantity, n, ratio)
    expected = pytest.approx(effect(dose_gy, quantity, n, ratio), abs=1e-4)
    assert all(value(m, other) == expected for m in ("Mean[Gy]", "Max[Gy]", "Min[Gy]", "D5cc[Gy]"))
    assert other.mean_gy.high - other.mean_gy.low <= 1e-4


@given(fractions, alpha_betas_gy)
def test_eqd2_of_2_gy_fractions_is_the_same_dvh(n: int, ratio: float) -> None:
    dvh = uniform_dvh(dose_gy=2.0 * n)
    assert value("Mean[Gy]", dvh.to_eqd2(fractions=n, alpha_beta_gy=ratio)) == pytest.approx(2.0 * n, abs=1e-4)


@given(ramps, quantities, fractions, alpha_betas_gy, st.floats(0.01, 0.99))
def test_bounds_stay_bounds(dvh: DVH, quantity: Quantity, n: int, ratio: float, share: float) -> None:
    volume = share * dvh.volume
    exact = [float(c.dose_at(np.array([volume]))[0]) for c in (dvh.lower, dvh.curve, dvh.upper)]
    band = in_quantity(dvh, quantity, n, ratio).dose_at_volume(volume)
    low, middle, high = (effect(dose, quantity, n, ratio) for dose in exact)
    slack = 1e-7 * (1 + high)  # volumes that differ by a billionth of the whole are one volume
    assert band.low <= low + slack
    assert band.low <= middle + slack
    assert band.high >= high - slack
    assert band.high >= middle - slack
    assert low - band.low <= 2e-4
    assert band.high - high <= 2e-4


def test_a_computed_dvh_is_converted_with_its_alternatives() -> None:
    dvh = compute_dvhs(plan_of(SpinalCord=0.0))["SpinalCord"]
    other = dvh.to_eqd2(alpha_beta_gy=2.0)  # 10 Gy in 5 fractions of 2 Gy
    assert value("Mean[Gy]", other) == pytest.approx(10.0, abs=1e-3)
    assert [one.quantity for one in (other, *other.alternatives)] == [Quantity.EQD2] * 3
    assert [one.volume for one in other.alternatives] == [one.volume for one in dvh.alternatives]


def test_a_dvh_in_percent_of_volume_is_converted_too() -> None:
    other = percent_dvh(high_gy=20.0).to_bed(alpha_beta_gy=10.0)
    assert value("Max[Gy]", other) == pytest.approx(20 * (1 + 4 / 10))


def test_a_percentage_of_the_prescription_means_nothing_after_it() -> None:
    found = measure("V95%Rx[%]", ramp_dvh().to_eqd2(alpha_beta_gy=3.0))
    assert isinstance(found, NotMeasured)
    assert found.reason is Reason.PRESCRIPTION_UNKNOWN


def test_doses_are_converted_once() -> None:
    with pytest.raises(ValueError, match="EQD2 already"):
        ramp_dvh().to_eqd2(alpha_beta_gy=3.0).to_bed(alpha_beta_gy=3.0)


def test_without_a_number_of_fractions_nothing_is_converted() -> None:
    dvh = ramp_dvh(prescription=UnknownPrescription(reason="no RTPLAN"))
    with pytest.raises(ValueError, match="number of fractions is unknown"):
        dvh.to_eqd2(alpha_beta_gy=3.0)
    assert dvh.to_eqd2(fractions=5, alpha_beta_gy=3.0).quantity is Quantity.EQD2


@pytest.mark.parametrize("wrong", [{"fractions": 0}, {"fractions": 2.5}, {"alpha_beta_gy": 0.0}])
def test_arguments_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(fractions|alpha_beta_gy): "):
        ramp_dvh().to_eqd2(**({"fractions": 5, "alpha_beta_gy": 3.0} | wrong))


def test_large_doses_a_fraction_are_converted_and_the_models_range_is_said() -> None:
    other = ramp_dvh(high_gy=54.0).to_bed(fractions=3, alpha_beta_gy=10.0)
    assert [finding.code for finding in other.findings] == [FindingCode.BEYOND_MODEL]


# -------------------------------------------------------------------------------- rows that ask for it


def judged(rule: Any, dvh: DVH, rx: Any = FIFTY_IN_FIVE) -> Any:
    (outcome,) = report_on(table(rule, fractions=(3, 5)), dvh_set(dvh, rx=rx)).outcomes
    return outcome


IN_EQD2 = {"quantity": Quantity.EQD2, "alpha_beta_gy": 3.0}


def test_a_row_in_eqd2_is_judged_in_eqd2() -> None:
    dvh = uniform_dvh(dose_gy=25.0)  # 25 (5 + 3) / 5 = 40 Gy
    assert judged(row("Mean[Gy]", "below", 41.0, **IN_EQD2), dvh).verdict is Verdict.PASS
    fail = judged(row("Mean[Gy]", "below", 39.0, **IN_EQD2), dvh)
    assert fail.verdict is Verdict.FAIL
    assert fail.margin == pytest.approx(-1.0, abs=1e-3)


def test_the_plans_own_number_of_fractions_converts() -> None:
    found = judged(
        row("Max[Gy]", "below", 90.0, **IN_EQD2), uniform_dvh(dose_gy=24.0), Prescription(dose_gy=54.0, fractions=3)
    )
    assert found.measurement.value == pytest.approx(24 * (8 + 3) / 5)


def test_one_table_may_mix_alpha_betas_and_physical_dose() -> None:
    rows = [
        row("Max[Gy]", "below", 100.0, id="physical"),
        row("Max[Gy]", "below", 100.0, id="cord", quantity=Quantity.EQD2, alpha_beta_gy=2.0),
        row("Max[Gy]", "below", 100.0, id="late", quantity=Quantity.BED, alpha_beta_gy=3.0),
    ]
    report = report_on(table(*rows), dvh_set(uniform_dvh(dose_gy=25.0)))
    values = [outcome.measurement.value for outcome in report.outcomes if isinstance(outcome.measurement, Measurement)]
    assert values == pytest.approx([25.0, 25 * 7 / 4, 25 * (1 + 5 / 3)])


def test_without_fractions_a_row_in_eqd2_is_not_evaluated() -> None:
    found = judged(row("Max[Gy]", "below", 90.0, **IN_EQD2), uniform_dvh(), UnknownPrescription(reason="no RTPLAN"))
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, Reason.PRESCRIPTION_UNKNOWN)


@pytest.mark.parametrize("metric", ["D2cm[Gy]", "Rx[Gy]"])
def test_what_is_of_the_whole_plan_is_not_measured_in_eqd2(metric: str) -> None:
    found = judged(row(metric, "below", 90.0, **IN_EQD2), uniform_dvh())
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, Reason.UNIT_UNKNOWN)


def test_the_other_conventions_are_judged_in_eqd2_too() -> None:
    dvh = uniform_dvh(dose_gy=25.0)
    dvh = replace(dvh, alternatives=(uniform_dvh(dose_gy=20.0),))
    (other,) = judged(row("Max[Gy]", "below", 39.0, **IN_EQD2), dvh).conventions
    assert other.measurement.value == pytest.approx(20 * (4 + 3) / 5)


def test_the_row_says_where_the_model_is_beyond_its_range() -> None:
    found = judged(
        row("Max[Gy]", "below", 900.0, **IN_EQD2), uniform_dvh(dose_gy=54.0), Prescription(dose_gy=54.0, fractions=3)
    )
    assert [finding.code for finding in found.findings] == [FindingCode.BEYOND_MODEL]


def slope_plan() -> Plan:
    """A dose that rises 1 Gy/mm along x."""
    plan = plan_of(SpinalCord=0.0)
    x = -20.0 + 2.0 * np.arange(32)
    values = np.broadcast_to(np.maximum(x + 22.0, 0.0), (12, 24, 32))
    dose = DoseGrid.axial(values, origin_mm=(-20.0, -15.0, -10.0), spacing_mm=(2.0, 2.0, 3.0))
    return replace(plan, dose=dose)


def test_a_borderline_row_in_eqd2_is_decided_with_finer_elements() -> None:
    dvhs = compute_dvhs(slope_plan())
    coarse = dvhs["SpinalCord"].to_eqd2(alpha_beta_gy=3.0)
    metric = "D0.5cc[Gy]"
    found = measure(metric, coarse)
    assert isinstance(found, Measurement)
    limit = found.value + 0.45 * (found.high - found.value)
    outcome = report_on(table(row(metric, "below", limit, **IN_EQD2)), dvhs).outcomes[0]
    assert isinstance(outcome.measurement, Measurement)
    assert outcome.measurement.high - outcome.measurement.low < found.high - found.low


def test_reports_name_the_quantity_and_the_alpha_beta() -> None:
    report = report_on(table(row("Max[Gy]", "below", 41.0, **IN_EQD2)), dvh_set(uniform_dvh(dose_gy=25.0)))
    assert "Max[Gy] EQD2(a/b 3)" in FORMATS["text"](report)
    assert "EQD2(a/b 3)" in FORMATS["markdown"](report)
    (record,) = report.to_records()
    assert (record["quantity"], record["alpha_beta_gy"]) == ("EQD2", 3.0)


OWN = """\
id: own
version: "1.0.0"
title: A clinic's own
site: lung
fractions: [5]
sources:
  - {key: paper, citation: A paper, where: Table 1}
rows:
  - id: cord
    organ: Cord
    structure: SpinalCord
    metric: D0.035cc[Gy]
    quantity: EQD2
    alpha_beta: 2
    at_most: 50
    source: {cite: paper, where: Table 1}
  - id: cord-physical
    organ: Cord
    structure: SpinalCord
    metric: D0.035cc[Gy]
    at_most: 30
    source: {cite: paper, where: Table 1}
"""


def test_a_table_file_may_ask_for_eqd2(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    rows = load_table(path).rows
    assert [(one.quantity, one.alpha_beta_gy) for one in rows] == [(Quantity.EQD2, 2.0), (Quantity.PHYSICAL, None)]

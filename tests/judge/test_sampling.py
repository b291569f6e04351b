"""The sampling uncertainty of rows: where it is shown, that no verdict depends on it, what ``strict`` makes of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import phantom
import sbrtcheck
from dvh_builders import dvh_set, ramp_dvh, report_on, row, table
from sbrtcheck.dvh import DVHSet, compute_dvhs
from sbrtcheck.judge.row import RowResult
from sbrtcheck.judge.sampling import is_sensitive
from sbrtcheck.metric import Measurement, Unit
from sbrtcheck.metric.sampling import NoSamplingEstimate, SamplingEstimate, WhyNoEstimate
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Outcome, Report, Verdict, labels, value_texts
from sbrtcheck.tables import Sense

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def cord(height_mm: float, *, planes_mm: float = 3.0) -> DVHSet:
    """A column of 20 mm by 20 mm in a dose that rises by 1 Gy/mm along it, to 30 Gy where its last slab ends."""
    loops = phantom.stack(
        phantom.slab_planes(0.0, height_mm, planes_mm), lambda _: [phantom.rectangle((0.0, 0.0), (20.0, 20.0))]
    )
    dose = phantom.sample_dose(
        lambda x, y, z: np.maximum(30.0 - height_mm + z, 0.0) + 0.0 * (x + y),
        first_mm=(-40.0, -40.0, -40.0),
        last_mm=(40.0, 40.0, height_mm + 40.0),
        spacing_mm=(2.0, 2.0, 2.0),
    )
    structure = phantom.PhantomStructure(name="SpinalCord", contours_mm=loops)
    target = phantom.PhantomStructure(
        name="PTV", kind="PTV", contours_mm=phantom.sphere((0.0, 0.0, height_mm + 25.0), 8.0)
    )
    rx = phantom.PhantomPrescription(dose_gy=50.0, fractions=5)
    return compute_dvhs(phantom.in_memory([structure, target], dose, rx))


def outcome_of(report: Report) -> Outcome:
    (found,) = report.outcomes
    return found


def report_of(limit: float, dvhs: DVHSet, **options: bool) -> Report:
    return report_on(table(row("D0.035cc[Gy]", Sense.BELOW, limit, "SpinalCord")), dvhs, **options)


def test_it_reaches_the_limit_and_the_verdict_stays() -> None:
    # half a slice is 1.5 mm: without end caps the column ends 1.5 Gy lower
    far, near = (outcome_of(report_of(limit, cord(30.0))) for limit in (40.0, 30.3))
    assert far.verdict is near.verdict is Verdict.PASS
    assert isinstance(far.sampling_uncertainty, SamplingEstimate)
    assert far.sampling_uncertainty == near.sampling_uncertainty
    assert far.sampling_uncertainty.half_width == pytest.approx(1.5, abs=0.1)
    assert near.sampling_decides
    assert not far.sampling_decides
    # 1.5 of 30 Gy are more than 2 %
    assert far.sampling_sensitive
    assert near.sampling_sensitive
    assert "±1.5" in value_texts.result_text(far)
    assert "sampling sensitive" in labels.flags(far)


def test_strict_counts_what_could_turn_and_nothing_else() -> None:
    reports = {limit: report_of(limit, cord(30.0), strict=True) for limit in (30.3, 40.0)}
    assert reports[30.3].verdict is Verdict.REVIEW
    assert any("within the sampling uncertainty" in reason.text for reason in reports[30.3].reasons)
    assert not any("sampling" in reason.text for reason in reports[40.0].reasons)
    assert report_of(30.3, cord(30.0)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("value", "half_width", "shown"),
    [(20.0, 0.39, False), (20.0, 0.41, True), (0.1, 0.0049, False), (0.1, 0.0051, True), (0.0, 0.0, False)],
)
def test_it_is_shown_from_2_percent_and_two_decimals_on(value: float, half_width: float, *, shown: bool) -> None:
    measured = Measurement(value=value, low=value, high=value, unit=Unit.GY)
    result = RowResult(measurement=measured, limits=None, verdict=Verdict.PASS)
    assert is_sensitive(result, SamplingEstimate(half_width=half_width, unit=Unit.GY)) is shown


def test_on_two_planes_it_is_not_known_and_the_row_says_so() -> None:
    outcome = outcome_of(report_of(40.0, cord(6.0)))
    assert isinstance(outcome.sampling_uncertainty, NoSamplingEstimate)
    assert outcome.sampling_uncertainty.why is WhyNoEstimate.TOO_FEW_PLANES
    assert outcome.sampling_sensitive
    assert value_texts.result_text(outcome).endswith("±?")


def test_of_a_dvh_without_its_plan_it_is_not_known_and_no_row_is_flagged() -> None:
    outcome = outcome_of(report_of(40.0, dvh_set(ramp_dvh())))
    assert isinstance(outcome.sampling_uncertainty, NoSamplingEstimate)
    assert outcome.sampling_uncertainty.why is WhyNoEstimate.NOT_COMPUTED_HERE
    assert not outcome.sampling_sensitive


def test_json_has_it_in_every_row_or_says_why_not() -> None:
    known, unknown = (
        report.to_dict()["outcomes"][0]
        for report in (report_of(40.0, cord(30.0)), report_of(40.0, dvh_set(ramp_dvh())))
    )
    assert known["sampling_uncertainty"] == pytest.approx(1.5, abs=0.1)
    assert known["sampling_not_known"] == ""
    assert unknown["sampling_uncertainty"] is None
    assert unknown["sampling_not_known"] == "DVH not computed here"


def test_a_row_in_eqd2_has_its_estimate_in_eqd2() -> None:
    physical = row("Mean[Gy]", Sense.BELOW, 60.0, "SpinalCord", id="a")
    in_eqd2 = replace(physical, id="b", quantity=Quantity.EQD2, alpha_beta_gy=2.0)
    first, second = report_on(table(physical, in_eqd2), cord(30.0)).outcomes
    assert isinstance(first.sampling_uncertainty, SamplingEstimate)
    assert isinstance(second.sampling_uncertainty, SamplingEstimate)
    # d(EQD2)/dD = (2 D / n + a/b) / (2 + a/b) is 2 at 15 Gy in 5 fractions, and more where the dose is higher
    ratio = second.sampling_uncertainty.half_width / first.sampling_uncertainty.half_width
    assert 2.0 < ratio < 3.5


def test_the_bundled_plan_has_an_estimate_for_every_structure() -> None:
    report = sbrtcheck.check(EXAMPLES / "plans" / "lung-50gy-5fx", table="rtog-0813")
    for outcome in report.outcomes:
        uncertainty = outcome.sampling_uncertainty
        if isinstance(uncertainty, NoSamplingEstimate):
            assert uncertainty.why is WhyNoEstimate.WHOLE_PLAN
        else:
            assert 0.0 <= uncertainty.half_width < math.inf

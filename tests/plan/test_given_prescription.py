"""A prescription that the user gives: what is said of it where the files state another, and which leaves no pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sbrtcheck
from dvh_builders import plan_of, row, table
from sbrtcheck.plan import FindingCode, Prescription, UnknownPrescription
from sbrtcheck.plan.given_prescription import differences_from_stated

DOSES_GY = st.integers(100, 10_000).map(lambda cgy: cgy / 100)
FRACTIONS = st.integers(1, 40)
STATED = st.builds(Prescription, dose_gy=DOSES_GY, fractions=FRACTIONS) | st.builds(
    UnknownPrescription, reason=st.just("no dose"), fractions=st.none() | FRACTIONS
)


@given(given_dose_gy=DOSES_GY, given_fractions=FRACTIONS, stated=STATED)
def test_another_number_of_fractions_is_told_from_another_dose(
    given_dose_gy: float, given_fractions: int, stated: Prescription | UnknownPrescription
) -> None:
    rx = Prescription(dose_gy=given_dose_gy, fractions=given_fractions)
    found = differences_from_stated(rx, stated, "the RTPLAN")
    if stated.fractions not in (None, given_fractions):
        assert [one.code for one in found] == [FindingCode.OTHER_FRACTIONS]
        assert f" {stated.fractions}" in found[0].text.split("; ", 1)[1]
    elif isinstance(stated, Prescription) and stated.dose_gy == given_dose_gy:
        assert found == ()
    else:
        assert [one.code for one in found] == [FindingCode.PRESCRIPTION_SOURCE]


@pytest.mark.parametrize(("off_gy", "is_said"), [(0.0049, False), (-0.0049, False), (0.0051, True), (-0.0051, True)])
def test_a_dose_that_was_rounded_is_no_other_dose(off_gy: float, is_said: bool) -> None:
    rx = Prescription(dose_gy=50.0, fractions=5)
    found = differences_from_stated(rx, replace(rx, dose_gy=50.0 + off_gy), "the export")
    assert [one.text.split("; ")[0] for one in found] == (
        ["the prescription of 50 Gy in 5 was given by the user"] if is_said else []
    )


def test_what_states_the_fractions_is_named() -> None:
    rx = Prescription(dose_gy=50.0, fractions=5)
    dose, fractions = (
        differences_from_stated(rx, stated, "the export")[0].text
        for stated in (Prescription(dose_gy=48.0, fractions=4), UnknownPrescription(reason="no dose", fractions=4))
    )
    assert dose.endswith("; the export states 48 Gy in 4")
    assert fractions.endswith("; from the files it is unknown: no dose; the export states 4 fractions")


@pytest.mark.parametrize(
    ("stated", "verdict"),
    [
        (Prescription(dose_gy=50.0, fractions=5), "PASS"),
        (Prescription(dose_gy=52.0, fractions=5), "PASS"),
        (UnknownPrescription(reason="no dose"), "PASS"),
        (Prescription(dose_gy=50.0, fractions=1), "REVIEW"),
        (UnknownPrescription(reason="no dose", fractions=1), "REVIEW"),
    ],
)
def test_limits_for_other_fractions_than_the_files_state_pass_no_plan(
    stated: Prescription | UnknownPrescription, verdict: str
) -> None:
    plan = replace(plan_of(PTV=0.0, Heart=0.0), prescription=stated)
    limits = table(row("Mean[Gy]", "below", 60.0, "Heart"))
    plan = replace(plan, dose=replace(plan.dose, stored=plan.dose.stored * 5))  # 50 Gy everywhere
    report = sbrtcheck.check(plan, table=limits, prescription="50Gy/5")
    assert report.verdict.name == verdict
    accepted = sbrtcheck.check(plan, table=limits, prescription="50Gy/5", accept_dose=True)
    assert accepted.verdict.name == "PASS"
    said = [one.text for one in accepted.findings if one.code is FindingCode.DOSE_ACCEPTED]
    assert [" 1" in text.split("; ", 1)[1] for text in said] == [True] * (verdict == "REVIEW")

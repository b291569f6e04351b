"""The prescription that a user gives, against what the files state."""

from __future__ import annotations

from sbrtcheck.plan.values import Finding, FindingCode, Prescription, UnknownPrescription

ROUNDING_GY = 5e-3
"""Doses closer than this are one dose, written with another rounding."""


def differences_from_stated(
    given: Prescription,
    stated: Prescription | UnknownPrescription,
    where: str,
    *,
    by: str = "was given by the user",
) -> tuple[Finding, ...]:
    """A finding when the prescription given is not the one stated; ``where`` says what states that: "the RTPLAN".

    Limits are for a number of fractions: by another one than is stated, a plan keeps limits that are not its own. So
    that is a finding that leaves no pass (`FindingCode.OTHER_FRACTIONS`). Another dose alone is not, for the dose of
    the targets is compared with what is given.
    """
    has_other_fractions = stated.fractions is not None and stated.fractions != given.fractions
    if isinstance(stated, Prescription):
        if not has_other_fractions and abs(stated.dose_gy - given.dose_gy) < ROUNDING_GY:
            return ()
        other = f"{where} states {stated.dose_gy:g} Gy in {stated.fractions}"
    else:
        other = f"from the files it is unknown: {stated.reason}"
        other += f"; {where} states {stated.fractions} fractions" if has_other_fractions else ""
    text = f"the prescription of {given.dose_gy:g} Gy in {given.fractions} {by}; {other}"
    code = FindingCode.OTHER_FRACTIONS if has_other_fractions else FindingCode.PRESCRIPTION_SOURCE
    return (Finding(code=code, text=text),)

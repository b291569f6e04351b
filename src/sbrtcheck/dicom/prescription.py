"""RTPLAN in, prescription out: a stated target dose and one fraction group, or the reason why it is unknown.

The rules, in this order:

1. A prescription that the caller gives wins; a finding says what the RTPLAN states when that differs.
2. Fractions: Number Of Fractions Planned of the one fraction group. With several fraction groups the prescription is
   unknown, for no single dose and fraction number describes the sum.
3. Dose: Target Prescription Dose of the dose references of type TARGET. Several different doses: those prescribed to a
   site or volume go before those of points and coordinates, then the largest; a finding lists all of them.
4. Beam doses and dose limits are no prescription: without a target prescription dose it is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.dicom.tags import AnyElements, integer, items, number, word
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription

# Doses closer than this are one prescription, written with another rounding.
_SAME_DOSE_GY = 1e-4
# Beams come after the fraction groups, are most of an RTPLAN, and say nothing about the prescription.
LAST_TAG_OF_PRESCRIPTION = 0x300A0070
_OF_A_REGION = ("SITE", "VOLUME")


@dataclass(frozen=True, slots=True)
class _TargetDose:
    dose_gy: float
    structure_type: str

    @property
    def rank(self) -> tuple[bool, float]:
        return self.structure_type in _OF_A_REGION, self.dose_gy

    def __str__(self) -> str:
        return f"{self.dose_gy:g} Gy ({self.structure_type or 'no type'})"


Read = tuple[Prescription | UnknownPrescription, tuple[Finding, ...]]


def prescription_of(plan: AnyElements | None, given: Prescription | None, missing: str = "") -> Read:
    """The prescription of an RTPLAN by the rules above, with its findings.

    Parameters
    ----------
    plan
        The RTPLAN, or None when there is none.
    given
        The caller's prescription, which wins.
    missing
        Why there is no RTPLAN.
    """
    stated, findings = _stated(plan) if plan is not None else (UnknownPrescription(reason=missing), ())
    if given is None:
        return stated, findings
    return given, (*_difference(given, stated), *findings)


def _difference(given: Prescription, stated: Prescription | UnknownPrescription) -> tuple[Finding, ...]:
    if isinstance(stated, UnknownPrescription):
        other = f"from the files it is unknown: {stated.reason}"
    elif stated.fractions == given.fractions and abs(stated.dose_gy - given.dose_gy) < _SAME_DOSE_GY:
        return ()
    else:
        other = f"the RTPLAN states {stated.dose_gy:g} Gy in {stated.fractions}"
    text = f"the prescription of {given.dose_gy:g} Gy in {given.fractions} was given by the user; {other}"
    return (Finding(code=FindingCode.PRESCRIPTION_SOURCE, text=text),)


def _stated(plan: AnyElements) -> Read:
    doses = _target_doses(plan)
    findings = _several(doses)
    groups = items(plan, 0x300A0070)
    if len(groups) > 1:
        numbers = ", ".join(str(integer(group, 0x300A0078) or "?") for group in groups)
        reason = f"the RTPLAN has {len(groups)} fraction groups ({numbers} fractions)"
        return UnknownPrescription(reason=reason), findings
    fractions = _fractions(groups)
    if not doses:
        reason = "the RTPLAN states no target prescription dose"
        return UnknownPrescription(reason=reason, fractions=fractions), findings
    chosen = max(doses, key=lambda dose: dose.rank)
    if fractions is None:
        reason = f"the RTPLAN states {chosen.dose_gy:g} Gy and no number of fractions"
        return UnknownPrescription(reason=reason), findings
    source = f"RTPLAN: Target Prescription Dose ({chosen.structure_type or 'no type'}), Number Of Fractions Planned"
    return Prescription(dose_gy=chosen.dose_gy, fractions=fractions, source=source), findings


def _fractions(groups: list[AnyElements]) -> int | None:
    planned = integer(groups[0], 0x300A0078) if groups else None
    return planned if planned is not None and planned > 0 else None


def _target_doses(plan: AnyElements) -> list[_TargetDose]:
    references = [item for item in items(plan, 0x300A0010) if word(item, 0x300A0020).upper() == "TARGET"]
    doses = [(number(item, 0x300A0026), word(item, 0x300A0014).upper()) for item in references]
    return [_TargetDose(dose_gy, kind) for dose_gy, kind in doses if dose_gy is not None and dose_gy > 0.0]


def _several(doses: list[_TargetDose]) -> tuple[Finding, ...]:
    if not doses or max(d.dose_gy for d in doses) - min(d.dose_gy for d in doses) < _SAME_DOSE_GY:
        return ()
    listed = ", ".join(map(str, sorted(doses, key=lambda dose: dose.rank, reverse=True)))
    return (Finding(code=FindingCode.SEVERAL_PRESCRIPTIONS, text=f"the RTPLAN prescribes {listed}"),)

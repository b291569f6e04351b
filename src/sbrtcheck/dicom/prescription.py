"""RTPLAN -> prescription, from a stated target dose and one fraction group; or the reason why it is unknown.

The rules, in this order:

1. A prescription that the caller gives wins; when the RTPLAN states another, a finding tells it, and another number of
   fractions leaves no pass.
2. Fractions: Number Of Fractions Planned of the one fraction group. With several fraction groups the prescription is
   unknown, for no single dose and fraction number describes the sum.
3. Dose: Target Prescription Dose of the dose references of type TARGET. One that states none has the Target
   Prescription Dose that the fraction group's Referenced Dose Reference Sequence gives for its number (PS3.3
   C.8.8.13). Where both state one, that of the dose reference holds, for the RT Prescription Module is about the plan
   as a whole; a finding lists both when they differ.
4. Several different doses: a value that was calculated in planning (Dose Value Interpretation ACTUAL, PS3.3
   C.8.8.10.3) comes last, for it is no prescription; of the others, those prescribed to a site or volume go before
   those of points and coordinates, those called NOMINAL before those that are not, those for tracking before those for
   quality assurance alone (Dose Value Purpose), then the largest. A finding lists all of them. Where one of them is
   a dose that no course has, the prescription is unknown.
5. Beam doses and dose limits are no prescription: without a target prescription dose it is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.coded_words import coded_word, coded_words
from sbrtcheck.dicom.elements import Elements
from sbrtcheck.dicom.tags import integer, numbers
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.plan.given_prescription import ROUNDING_GY, differences_from_stated
from sbrtcheck.plan.prescription_text import why_no_course

# Beams come after the fraction groups, are most of an RTPLAN, and have nothing of the prescription.
LAST_TAG_OF_PRESCRIPTION = Tag.FRACTION_GROUP_SEQUENCE
_OF_A_REGION = ("SITE", "VOLUME")


@dataclass(frozen=True, slots=True, kw_only=True)
class _TargetDose:
    """A target prescription dose with what the RTPLAN has of it; ``by_group`` when the fraction group states it."""

    dose_gy: float
    structure_type: str = ""
    interpretation: str = ""
    purposes: tuple[str, ...] = ()
    by_group: bool = False

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, bool, float, str]:
        """What makes one dose go before another, the weightiest first; at last its text, so that order never counts."""
        return (
            self.interpretation != "ACTUAL",
            self.structure_type in _OF_A_REGION,
            self.interpretation == "NOMINAL",
            not self.purposes or "TRACKING" in self.purposes,
            not self.by_group,
            self.dose_gy,
            self._kind,
        )

    @property
    def source(self) -> str:
        """Where the RTPLAN has it, for the report."""
        place = "Target Prescription Dose in the Fraction Group" if self.by_group else "Target Prescription Dose"
        return f"{place} ({self._kind})"

    @property
    def _kind(self) -> str:
        return ", ".join([self.structure_type or "no type", *filter(None, [self.interpretation]), *self.purposes])

    def __str__(self) -> str:
        return f"{self.dose_gy:g} Gy ({self._kind}{', in the Fraction Group' if self.by_group else ''})"


Read = tuple[Prescription | UnknownPrescription, tuple[Finding, ...]]


def prescription_of(plan: Elements | None, given: Prescription | None, missing: str | None = None) -> Read:
    """The prescription of an RTPLAN by the rules above, with its findings.

    Parameters
    ----------
    plan
        The RTPLAN, or None when there is none.
    given
        The caller's prescription, which wins.
    missing
        Why there is no RTPLAN, where there is none.
    """
    stated, findings = (
        _stated_prescription(plan) if plan is not None else (UnknownPrescription(reason=missing or ""), ())
    )
    if given is None:
        return stated, findings
    return given, (*differences_from_stated(given, stated, "the RTPLAN"), *findings)


def _stated_prescription(plan: Elements) -> Read:
    groups = plan.items(Tag.FRACTION_GROUP_SEQUENCE)
    doses, unused = _target_doses(plan, groups)
    findings = _several_doses_findings([*doses, *unused])
    if len(groups) > 1:
        # limits are for one number of fractions: doses of several groups have none
        numbers = ", ".join(str(integer(group, Tag.NUMBER_OF_FRACTIONS_PLANNED) or "?") for group in groups)
        reason = f"the RTPLAN has {len(groups)} fraction groups ({numbers} fractions)"
        return UnknownPrescription(reason=reason), findings
    fractions = _fractions(groups)
    if not doses:
        reason = "the RTPLAN states no target prescription dose"
        if groups and any(_doses_of_group(groups[0]).values()):
            reason += "; its fraction group has one, for a dose reference that is not there, or not of one target"
        return UnknownPrescription(reason=reason, fractions=fractions), findings
    if why := next(filter(None, (why_no_course(dose.dose_gy, fractions or 1) for dose in doses)), ""):
        return UnknownPrescription(reason=f"the prescription of the RTPLAN cannot be right: {why}"), findings
    chosen = max(doses, key=lambda dose: dose.rank)
    findings = (*findings, *_actual_dose_findings(chosen))
    if fractions is None:
        reason = f"the RTPLAN states {chosen.dose_gy:g} Gy and no number of fractions"
        return UnknownPrescription(reason=reason), findings
    source = f"RTPLAN: {chosen.source}, Number Of Fractions Planned"
    return Prescription(dose_gy=chosen.dose_gy, fractions=fractions, source=source), findings


def _fractions(groups: Sequence[Elements]) -> int | None:
    planned = integer(groups[0], Tag.NUMBER_OF_FRACTIONS_PLANNED) if groups else None
    return planned if planned is not None and planned > 0 else None


def _target_doses(plan: Elements, groups: Sequence[Elements]) -> tuple[list[_TargetDose], list[_TargetDose]]:
    """The doses to choose from, and those of the fraction group that a dose reference's own dose replaces."""
    by_number = _doses_of_group(groups[0]) if len(groups) == 1 else {}
    references = plan.items(Tag.DOSE_REFERENCE_SEQUENCE)
    times = Counter(integer(item, Tag.DOSE_REFERENCE_NUMBER) for item in references)
    doses: list[_TargetDose] = []
    unused: list[_TargetDose] = []
    for item in references:
        if coded_word(item, Tag.DOSE_REFERENCE_TYPE) != "TARGET":
            continue
        number_of_item = integer(item, Tag.DOSE_REFERENCE_NUMBER)
        # a number that several dose references share identifies none of them
        in_group = by_number.get(number_of_item, []) if times[number_of_item] == 1 else []
        described = _TargetDose(
            dose_gy=0.0,
            structure_type=coded_word(item, Tag.DOSE_REFERENCE_STRUCTURE_TYPE),
            interpretation=coded_word(item, Tag.DOSE_VALUE_INTERPRETATION),
            purposes=tuple(coded_words(item, Tag.DOSE_VALUE_PURPOSE)),
        )
        by_group = [replace(described, dose_gy=dose_gy, by_group=True) for dose_gy in in_group]
        own = [replace(described, dose_gy=dose_gy) for dose_gy in _doses_gy(item)]
        doses += own or by_group
        unused += by_group if own else []
    return doses, unused


def _doses_of_group(group: Elements) -> dict[int | None, list[float]]:
    """Target prescription doses in a fraction group, by the number of the dose reference that they are for."""
    by_number: dict[int | None, list[float]] = {}
    for item in group.items(Tag.REFERENCED_DOSE_REFERENCE_SEQUENCE):
        reference = integer(item, Tag.REFERENCED_DOSE_REFERENCE_NUMBER)
        if reference is not None:
            by_number.setdefault(reference, []).extend(_doses_gy(item))
    return by_number


def _doses_gy(item: Elements) -> list[float]:
    """The doses that it states: one by the standard, and each where there are more, for nothing says which holds."""
    return [float(dose_gy) for dose_gy in numbers(item, Tag.TARGET_PRESCRIPTION_DOSE) if dose_gy > 0.0]


def _several_doses_findings(doses: list[_TargetDose]) -> tuple[Finding, ...]:
    if not doses or max(d.dose_gy for d in doses) - min(d.dose_gy for d in doses) < ROUNDING_GY:
        return ()
    listed = ", ".join(map(str, sorted(doses, key=lambda dose: dose.rank, reverse=True)))
    return (Finding(code=FindingCode.SEVERAL_PRESCRIPTIONS, text=f"the RTPLAN prescribes {listed}"),)


def _actual_dose_findings(chosen: _TargetDose) -> tuple[Finding, ...]:
    if chosen.interpretation != "ACTUAL":
        return ()
    text = f"the RTPLAN calls its {chosen.dose_gy:g} Gy ACTUAL, calculated in planning, and states no nominal dose"
    return (Finding(code=FindingCode.PRESCRIPTION_SOURCE, text=text),)

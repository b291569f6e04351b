"""Doses of one plan -> its whole dose, by their Dose Summation Type (PS3.3 C.8.8.3); or why they do not sum to it.

A dose of the whole plan stands alone. Doses of its parts are summed only where there is none, and refused where the
files say that one is missing, or counted twice. What a dose does not say of itself is a finding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sbrtcheck.dicom.files import NO_NUMBER, RtFile
from sbrtcheck.dicom.found_plans import FoundPlan, Obstacle, with_findings
from sbrtcheck.plan import Finding, FindingCode

_Parts = Sequence[tuple[int, ...]]
"""Numbers of fraction groups, or of (fraction group, beam) pairs."""

_NAMES = {"FRACTION": "fraction groups", "BEAM": "beams"}
"""Dose Summation Type of parts -> what the parts are, the larger first."""


def by_summation(group: FoundPlan) -> list[FoundPlan]:
    """Whole doses each stand alone; without one, doses of fraction groups or else of beams are summed.

    Parameters
    ----------
    group
        A plan with all of its doses, of whatever type.
    """
    return [with_findings(found, *_several_plans_findings(found)) for found in _by_summation(group)]


def _by_summation(group: FoundPlan) -> list[FoundPlan]:
    whole = [dose for dose in group.doses if dose.summation in {"PLAN", "MULTI_PLAN"}]
    if whole:
        return _whole_doses(group, whole)
    for summation in _NAMES:
        parts = tuple(dose for dose in group.doses if dose.summation == summation)
        if parts:
            return [_summed_doses(replace(group, doses=parts), summation)]
    unstated = [dose for dose in group.doses if dose.summation is None]
    if unstated:
        return [_dose_of_unstated_type(group, dose) for dose in unstated]
    kinds = ", ".join(sorted({dose.summation for dose in group.doses if dose.summation is not None}))
    return [replace(group, problem=Obstacle(what=f"Dose Summation Type {kinds} is not the dose of a plan"))]


def parts_of(file: RtFile, summation: str) -> list[tuple[int, ...]]:
    """Fraction groups, or (fraction group, beam) pairs, that a plan delivers or a dose is of."""
    if summation == "FRACTION":
        return [(group,) for group, _ in file.parts]
    return [(group, beam) for group, beams in file.parts for beam in beams]


# -------------------------------------------------------------------------------- doses that are used as the whole one


def _whole_doses(group: FoundPlan, whole: list[RtFile]) -> list[FoundPlan]:
    aside = _left_aside_findings(group, whole)
    parts = tuple(dose for dose in group.doses if dose.summation in _NAMES and not dose.damage)
    with_parts = replace(group, beside=parts)
    return [_with_part_findings(with_findings(replace(with_parts, doses=(dose,)), *aside)) for dose in whole]


def _left_aside_findings(group: FoundPlan, whole: list[RtFile]) -> tuple[Finding, ...]:
    aside = Counter(dose.summation or "untyped" for dose in group.doses if dose not in whole)
    if not aside:
        return ()
    listed = ", ".join(f"{count} {summation}" for summation, count in sorted(aside.items()))
    return (Finding(code=FindingCode.OTHER, text=f"the plan's whole dose was used; not used: {listed} doses"),)


def _several_plans_findings(group: FoundPlan) -> tuple[Finding, ...]:
    """That a dose is of several plans by its type, or by the RTPLANs that it names; such doses are not grouped."""
    dose = group.doses[0]
    named, is_by_type = len(dose.plan_refs), dose.summation == "MULTI_PLAN"
    if named < 2 and not is_by_type:
        return ()
    if not is_by_type:
        text = f"{dose.display_name} names {named} RTPLANs: is it the sum of several plans?"
    else:
        text = f"{dose.display_name} is the sum of several plans (MULTI_PLAN)"
        if named > 1:
            text += f", of {named} RTPLANs"
        elif group.plan is not None:
            text += "; the RTPLAN used, and its prescription, is of one of them"
    return (Finding(code=FindingCode.DOSE_OF_SEVERAL_PLANS, text=text),)


def _dose_of_unstated_type(group: FoundPlan, dose: RtFile) -> FoundPlan:
    text = f"{dose.display_name} states no Dose Summation Type; it was used as the plan's whole dose"
    finding = Finding(code=FindingCode.OTHER, text=text)
    return _with_part_findings(with_findings(replace(group, doses=(dose,)), finding))


def _with_part_findings(group: FoundPlan) -> FoundPlan:
    """The same, with a finding where a dose that is used as the whole one refers to some parts of its plan alone.

    A dose of all beams need not list them; one that lists beams is of these (PS3.3 C.8.8.3), whatever its type says.
    """
    dose, plan = group.doses[0], group.plan
    if plan is None or dose.summation == "MULTI_PLAN":
        return group
    for summation, names in _NAMES.items():
        have, planned = parts_of(dose, summation), parts_of(plan, summation)
        numbers = {part[-1] for part in have}
        if not have or NO_NUMBER in numbers:
            continue
        missing = [part for part in planned if part[-1] not in numbers]
        if missing:
            refers = f"{dose.display_name} refers to {names} {_part_numbers(have)} of its RTPLAN, and not to"
            text = f"{refers} {_part_numbers(missing)}: is it the dose of a part of the plan?"
            return with_findings(group, Finding(code=FindingCode.DOSE_OF_PARTS, text=text))
    return group


# -------------------------------------------------------------------------------- doses of parts that are summed


def _summed_doses(group: FoundPlan, summation: str) -> FoundPlan:
    names = _NAMES[summation]
    have = sorted(part for dose in group.doses for part in parts_of(dose, summation))
    planned = sorted(parts_of(group.plan, summation)) if group.plan is not None else []
    count = f"{len(group.doses)} {summation} doses were summed" if len(group.doses) > 1 else f"one {summation} dose"
    code, cover = _finding_on_sum(have, planned, names)
    summed = with_findings(group, Finding(code=code, text=f"{count} ({names} {_part_numbers(have)}); {cover}"))
    bad_sum = _why_no_sum(group, have, planned, names)
    return replace(summed, problem=Obstacle(what=bad_sum) if bad_sum is not None else None)


def _finding_on_sum(have: _Parts, planned: _Parts, names: str) -> tuple[FindingCode, str]:
    """Code and text of the finding on a sum that is not refused: both files name the parts, or one does not."""
    if have and planned:
        return FindingCode.SUMMED_DOSES, f"these are all {names} of the RTPLAN"
    return FindingCode.DOSE_OF_PARTS, f"whether these are all {names} of the plan cannot be told"


def _why_no_sum(group: FoundPlan, have: _Parts, planned: _Parts, names: str) -> str | None:
    """Why a sum would be wrong: other frames of reference, a part twice, a part missing, fewer doses than parts."""
    if len({dose.frames for dose in group.doses}) > 1:
        return "the doses to be summed are in different frames of reference"
    twice = [part for part, times in Counter(have).items() if times > 1]
    if twice:
        return f"several doses are of {names} {_part_numbers(twice)}: their sum would count them twice"
    missing = [part for part in planned if have and part not in have]
    if missing:
        return f"doses of {names} {_part_numbers(missing)} are missing: the sum would be too low"
    if not have and planned and len(group.doses) != len(planned):
        return f"{len(group.doses)} doses for {len(planned)} {names} of the RTPLAN: the sum may be wrong"
    return None


def _part_numbers(parts: _Parts) -> str:
    return ", ".join(str(part[-1]) for part in parts) if parts else "not stated"

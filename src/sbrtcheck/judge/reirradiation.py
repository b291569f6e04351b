"""A rule for re-irradiation, and DVHs in EQD2 of the new course and of all courses, in; the rule's verdicts out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sbrtcheck.dvh import DVH, Bounds, DVHSet, Reason
from sbrtcheck.judge.naming import match_plan
from sbrtcheck.judge.row import lies_outside
from sbrtcheck.judge.structures import MatchedDvh, first_in_plan, plan_structures
from sbrtcheck.metric import Measurement, NotMeasured, Unit, measure
from sbrtcheck.plan import DOUBTFUL_CONTOURS, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data.reirradiation import Part, PartLimit, ReirradiationRule
from sbrtcheck.results.outcome import ReviewCode, ReviewReason, Verdict
from sbrtcheck.results.reirradiation import PartOutcome, PartValue, RuleReport


def judge_reirradiation(
    rule: ReirradiationRule,
    *,
    course: DVHSet,
    cumulative: DVHSet,
    interval_months: float | None = None,
    names: Mapping[str, str] | None = None,
) -> RuleReport:
    """Judge a course that follows another one.

    Parameters
    ----------
    rule
        What has to hold.
    course, cumulative
        DVHs in EQD2 for the rule's α/β, by `sbrtcheck.dose_accumulation.accumulate`: of the course looked at alone,
        and of all.
    interval_months
        Since the end of the last course; not evaluated when None, for no file says it.
    names
        TG-263 name -> structure name of this plan; wins over every other matching rule.

    Returns
    -------
    RuleReport
        Not evaluated as a whole when any of its limits is not, unless one fails.
    """
    blocked = _not_applicable(rule, cumulative.prescription)
    matches = match_plan(cumulative, rule.structures, names)  # both are of the structures of one plan
    matched = first_in_plan(rule.structures, plan_structures(cumulative, matches))
    cumulative_value = blocked or _measure(rule, matched)
    course_value = blocked or _measure(rule, first_in_plan(rule.structures, plan_structures(course, matches)))
    by_part: dict[Part, PartValue] = {
        Part.CUMULATIVE: cumulative_value,
        Part.COURSE: course_value,
        Part.RATIO: _ratio(course_value, cumulative_value),
        Part.INTERVAL: blocked or _interval(interval_months),
    }
    uncovered = isinstance(matched.dvh, DVH) and matched.dvh.uncovered_cc > 0.0
    outcomes = tuple(_outcome(limit, by_part[limit.of], uncovered=uncovered) for limit in rule.limits)
    return RuleReport(
        rule=rule,
        structure=matched.structure,
        outcomes=outcomes,
        verdict=_overall(outcomes),
        findings=(*matched.findings, *(matched.dvh.findings if isinstance(matched.dvh, DVH) else ())),
        reasons=tuple(_reasons(rule, matched)),
    )


def _reasons(rule: ReirradiationRule, matched: MatchedDvh) -> Iterator[ReviewReason]:
    """Reasons for a review: doubtful contours, or another structure that may be the organ or a part of it."""
    dvh_findings = matched.dvh.findings if isinstance(matched.dvh, DVH) else ()
    for finding in dvh_findings:
        if finding.code in DOUBTFUL_CONTOURS or finding.code is FindingCode.PLANE_GAP:
            text = f"{rule.id}: {finding.subject}: {finding.text}"
            yield ReviewReason(code=ReviewCode.CONTOURS, text=text, structure=finding.subject)
    if matched.copies:
        names = ", ".join(copy.name for copy in matched.copies)
        text = f"{rule.id}: {names} may be a part of {matched.contour}, or be what is meant"
        yield ReviewReason(code=ReviewCode.NOT_EVALUATED, text=text, structure=matched.contour)


def _not_applicable(rule: ReirradiationRule, rx: Prescription | UnknownPrescription) -> NotMeasured | None:
    if rx.fractions in rule.fractions:
        return None
    numbers = ", ".join(map(str, rule.fractions))
    detail = f"the rule holds for {numbers} fractions, the course has {rx.fractions or 'an unknown number'}"
    return NotMeasured(reason=Reason.FRACTIONS_DO_NOT_MATCH, detail=detail)


def _measure(rule: ReirradiationRule, matched: MatchedDvh) -> PartValue:
    dvh = matched.dvh
    if isinstance(dvh, NotMeasured):
        return dvh
    if dvh.quantity is not Quantity.EQD2 or dvh.alpha_beta_gy != rule.alpha_beta_gy:
        ratio = f"EQD2 for an alpha/beta of {rule.alpha_beta_gy:g} Gy"
        return NotMeasured(reason=Reason.NOT_GIVEN, detail=f"the rule needs {ratio} of {matched.contour}")
    if lies_outside(dvh):
        detail = f"{matched.contour} lies outside the dose grid of a course"
        return NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail=detail)
    measured = measure(rule.metric, dvh)
    return measured if isinstance(measured, NotMeasured) else _bounds(measured)


def _bounds(measured: Measurement) -> Bounds:
    if measured.unit is not Unit.GY:
        raise ValueError(f"a rule for re-irradiation measures doses, not {measured.unit}")
    return Bounds(value=measured.value, low=measured.low, high=measured.high)


def _ratio(course: PartValue, cumulative: PartValue) -> PartValue:
    if isinstance(course, NotMeasured):
        return course
    if isinstance(cumulative, NotMeasured):
        return cumulative
    if cumulative.low <= 0.0:
        return NotMeasured(reason=Reason.STRUCTURE_EMPTY, detail="no dose at all: there is no ratio")
    # the course is a part of the whole, so no ratio is above 1
    low, high = course.low / cumulative.high, min(course.high / cumulative.low, 1.0)
    value = min(course.value / cumulative.value, 1.0)
    return Bounds(value=value, low=min(low, value), high=max(high, value))


def _interval(months: float | None) -> PartValue:
    if months is None:
        return NotMeasured(reason=Reason.NOT_GIVEN, detail="the months since the last course were not given")
    return Bounds(value=months, low=months, high=months)


def _outcome(limit: PartLimit, measured: PartValue, *, uncovered: bool) -> PartOutcome:
    """Judge one limit; dose that a grid does not cover may decide, and then nothing is decided."""
    if isinstance(measured, NotMeasured):
        return PartOutcome(limit=limit, found=measured, verdict=Verdict.NOT_EVALUATED)
    verdicts = [_verdict(limit, dose) for dose in (measured.value, measured.low, measured.high)]
    # what a grid does not cover counts at 0 Gy: a pass may be due to that alone
    if uncovered and verdicts[0] is Verdict.PASS and len(set(verdicts)) > 1:
        detail = f"from {measured.low:.2f} to {measured.high:.2f}: what lies outside the dose grid of a course decides"
        undecided = NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail=detail)
        return PartOutcome(limit=limit, found=undecided, verdict=Verdict.NOT_EVALUATED)
    return PartOutcome(limit=limit, found=measured, verdict=verdicts[0], borderline=len(set(verdicts)) > 1)


def _verdict(limit: PartLimit, value: float) -> Verdict:
    return Verdict.PASS if limit.sense.is_met(value, limit.limit) else Verdict.FAIL


def _overall(outcomes: tuple[PartOutcome, ...]) -> Verdict:
    verdicts = {outcome.verdict for outcome in outcomes}
    for verdict in (Verdict.FAIL, Verdict.NOT_EVALUATED):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS

"""A rule for re-irradiation, and DVHs in EQD2 of the new course and of all courses, in; the rule's verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sbrtcheck.dvh import DVH, Bounds, DVHSet, Reason
from sbrtcheck.judge.naming import match_plan
from sbrtcheck.judge.row import lies_outside
from sbrtcheck.judge.structures import MatchedDvh, first_in_plan, plan_structures
from sbrtcheck.metric import Measurement, NotMeasured, Unit, measure
from sbrtcheck.plan import DOUBTFUL_CONTOURS, Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data.reirradiation import Part, PartLimit, ReirradiationRule
from sbrtcheck.results.outcome import ReviewCode, ReviewReason, Verdict
from sbrtcheck.results.reirradiation import (
    CourseValue,
    CumulativeReading,
    PartOutcome,
    PartValue,
    ReadingOutcome,
    RuleReport,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierCourse:
    """DVHs in EQD2 of an earlier course alone, less what has recovered.

    Of the structures of its own plan; or of those of the first plan, on its dose, where ``of_first_plan``.
    """

    dvhs: DVHSet
    of_first_plan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A value with what may make it too low: a structure that a dose grid does not cover."""

    found: PartValue
    uncovered: bool


def judge_reirradiation(
    rule: ReirradiationRule,
    *,
    course: DVHSet,
    cumulative: DVHSet | NotMeasured,
    earlier: Sequence[EarlierCourse] | None = None,
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
        and of all, or why the doses could not be accumulated.
    earlier
        Each earlier course alone; none where there was none. None: not given, so that the courses cannot be added one
        by one, and nothing on the cumulative dose is passed.
    interval_months
        Since the end of the last course; not evaluated when None, for no file says it.
    names
        TG-263 name -> structure name of this plan; wins over every other matching rule.

    Returns
    -------
    RuleReport
        Not evaluated as a whole when any of its limits is not, unless one fails.

    Notes
    -----
    The cumulative dose is read in two ways, for the rule's source does not say which is meant: measured in the dose
    accumulated point by point, and measured in each course alone and added. The worse decides.
    """
    blocked = _not_applicable(rule, course.prescription)
    matched = _matched(rule, course, names)
    course_value = blocked or _measure(rule, matched)
    alone = [_matched(rule, one.dvhs, names if one.of_first_plan else None) for one in earlier or ()]
    values = (
        _course_value(1, course_value, matched),
        *(
            _course_value(number, _measure(rule, its), its, of_first_plan=one.of_first_plan)
            for number, (one, its) in enumerate(zip(earlier or (), alone, strict=True), start=2)
        ),
    )
    accumulated = cumulative if isinstance(cumulative, NotMeasured) else _matched(rule, cumulative, names)
    totals = {
        CumulativeReading.ACCUMULATED: _accumulated(rule, accumulated, blocked),
        CumulativeReading.SUM_OF_COURSES: _Measured(
            found=blocked or _sum(values, is_complete=earlier is not None),
            uncovered=any(_is_uncovered(its) for its in (matched, *alone)),
        ),
    }
    single = {
        Part.COURSE: _Measured(found=course_value, uncovered=_is_uncovered(matched)),
        Part.INTERVAL: _Measured(found=blocked or _interval(interval_months), uncovered=False),
    }
    outcomes = tuple(
        _single_outcome(limit, single[limit.of])
        if limit.of in single
        else _cumulative_outcome(limit, totals, values[0])
        for limit in rule.limits
    )
    shown = matched if isinstance(accumulated, NotMeasured) else accumulated  # both are of the structures of one plan
    return RuleReport(
        rule=rule,
        structure=shown.structure,
        outcomes=outcomes,
        verdict=_worst(outcome.verdict for outcome in outcomes),
        findings=tuple(dict.fromkeys(chain.from_iterable(map(_findings, (shown, *alone))))),
        reasons=(
            *_reasons(rule, shown),
            *chain.from_iterable(_reasons(rule, its, f"course {n}: ") for n, its in enumerate(alone, start=2)),
        ),
        courses=values,
    )


def _matched(rule: ReirradiationRule, dvhs: DVHSet, names: Mapping[str, str] | None) -> MatchedDvh:
    return first_in_plan(rule.structures, plan_structures(dvhs, match_plan(dvhs, rule.structures, names)))


def _course_value(number: int, found: PartValue, matched: MatchedDvh, *, of_first_plan: bool = False) -> CourseValue:
    return CourseValue(number=number, found=found, contour=matched.contour, of_first_plan=of_first_plan)


def _is_uncovered(matched: MatchedDvh) -> bool:
    return isinstance(matched.dvh, DVH) and matched.dvh.uncovered_cc > 0.0


def _findings(matched: MatchedDvh) -> tuple[Finding, ...]:
    return (*matched.findings, *(matched.dvh.findings if isinstance(matched.dvh, DVH) else ()))


def _reasons(rule: ReirradiationRule, matched: MatchedDvh, course: str = "") -> Iterator[ReviewReason]:
    """Reasons for a review: doubtful contours, or another structure that may be the organ or a part of it."""
    subject = f"{rule.id}: {course}"
    dvh_findings = matched.dvh.findings if isinstance(matched.dvh, DVH) else ()
    for finding in dvh_findings:
        if finding.code in DOUBTFUL_CONTOURS or finding.code is FindingCode.PLANE_GAP:
            text = f"{subject}{finding.subject}: {finding.text}"
            yield ReviewReason(code=ReviewCode.CONTOURS, text=text, structure=finding.subject)
    if matched.copies:
        names = ", ".join(copy.name for copy in matched.copies)
        text = f"{subject}{names} may be a part of {matched.contour}, or be what is meant"
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


def _accumulated(
    rule: ReirradiationRule, accumulated: MatchedDvh | NotMeasured, blocked: NotMeasured | None
) -> _Measured:
    if isinstance(accumulated, NotMeasured):
        return _Measured(found=blocked or accumulated, uncovered=False)
    return _Measured(found=blocked or _measure(rule, accumulated), uncovered=_is_uncovered(accumulated))


def _sum(values: Sequence[CourseValue], *, is_complete: bool) -> PartValue:
    """Values of the courses, added; not measured where that of one of them is not."""
    if not is_complete:
        return NotMeasured(reason=Reason.NOT_GIVEN, detail="the earlier courses were not given one by one")
    for value in values:
        if isinstance(value.found, NotMeasured):
            course = "in this course" if value.number == 1 else f"in course {value.number}"
            detail = f"{course}: {value.found.detail}" if value.found.detail else course
            return NotMeasured(reason=value.found.reason, detail=detail)
    return added([value.found for value in values if isinstance(value.found, Bounds)])


def added(several: Sequence[Bounds]) -> Bounds:
    """Values and their bounds, added."""
    value, low, high = (sum(getattr(bounds, end) for bounds in several) for end in ("value", "low", "high"))
    return Bounds(value=value, low=low, high=high)


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


def _single_outcome(limit: PartLimit, measured: _Measured) -> PartOutcome:
    found, verdict, borderline = _judged(limit, measured)
    return PartOutcome(limit=limit, found=found, verdict=verdict, borderline=borderline)


def _cumulative_outcome(
    limit: PartLimit, totals: Mapping[CumulativeReading, _Measured], course: CourseValue
) -> PartOutcome:
    """Judge a limit on the cumulative dose, or on the ratio to it, by both readings; the worse is the outcome."""
    readings = []
    for reading, total in totals.items():
        found = _ratio(course.found, total.found) if limit.of is Part.RATIO else total.found
        judged = _judged(limit, _Measured(found=found, uncovered=total.uncovered))
        readings.append(ReadingOutcome(reading=reading, found=judged[0], verdict=judged[1], borderline=judged[2]))
    verdict = _worst(reading.verdict for reading in readings)
    worst = max((one for one in readings if one.verdict is verdict), key=lambda one: _how_bad(limit, one.found))
    return PartOutcome(
        limit=limit, found=worst.found, verdict=verdict, borderline=worst.borderline, readings=tuple(readings)
    )


def _how_bad(limit: PartLimit, found: PartValue) -> float:
    """Larger for the worse of two values of one verdict."""
    if isinstance(found, NotMeasured):
        return 0.0
    return found.value if limit.sense.is_upper else -found.value


def _judged(limit: PartLimit, measured: _Measured) -> tuple[PartValue, Verdict, bool]:
    """Judge one value, and whether it is borderline; dose that a grid does not cover may decide: then nothing is."""
    found = measured.found
    if isinstance(found, NotMeasured):
        return found, Verdict.NOT_EVALUATED, False
    verdicts = [_verdict(limit, dose) for dose in (found.value, found.low, found.high)]
    borderline = len(set(verdicts)) > 1
    # what a grid does not cover counts at 0 Gy: a pass may be due to that alone
    if measured.uncovered and verdicts[0] is Verdict.PASS and borderline:
        detail = f"from {found.low:.2f} to {found.high:.2f}: what lies outside the dose grid of a course decides"
        return NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail=detail), Verdict.NOT_EVALUATED, False
    return found, verdicts[0], borderline


def _verdict(limit: PartLimit, value: float) -> Verdict:
    return Verdict.PASS if limit.sense.is_met(value, limit.limit) else Verdict.FAIL


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    several = set(verdicts)
    for verdict in (Verdict.FAIL, Verdict.NOT_EVALUATED):
        if verdict in several:
            return verdict
    return Verdict.PASS

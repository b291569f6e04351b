"""One row and one DVH of its organ in; what was measured, and the verdict by that value, out.

The value alone decides here. Whether it can be relied on (parts of the organ missing, two readings of its contours) is
looked at afterwards, in `withdraw`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, Reason, VolumeUnit
from sbrtcheck.judge.judged_plan import JudgedPlan
from sbrtcheck.judge.limits import Limits, limits_for, printed_limits
from sbrtcheck.judge.structures import MatchedDvh
from sbrtcheck.metric import (
    DoseAtVolume,
    Index,
    IsodoseRatio,
    IsodoseVolumes,
    MaxDoseAtDistance,
    Measurement,
    Metric,
    NotMeasured,
    OfPlan,
    PlanIndex,
    PrescriptionMetric,
    StructureVolume,
    TargetCount,
    Unit,
    VolumeAtDose,
    has_volume,
    index_from_isodoses,
    isodose_volumes,
    measure,
    measure_prescription,
    parts_of_target,
)
from sbrtcheck.plan import DOUBTFUL_CONTOURS, Finding, FindingCode
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results.outcome import Verdict
from sbrtcheck.tables import Constraint, ConstraintTable, FixedLimit, Kind, Priority

OUTSIDE_SHARE = 0.999
"""A structure of which this share lies outside the dose grid was not measured."""


DOUBTFUL_VOLUME = DOUBTFUL_CONTOURS | {FindingCode.PLANE_GAP, FindingCode.TOO_FEW_PLANES}
"""Findings with which a small volume alone meets no limit: contours may be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row and what its organ was matched to.

    ``blocked`` is why the row may not be used for this plan at all. ``isodoses`` has what a metric of the whole plan is
    made of, see `with_isodoses`.
    """

    table: ConstraintTable
    row: Constraint
    matched: MatchedDvh
    plan: JudgedPlan
    blocked: NotMeasured | None
    isodoses: IsodoseVolumes

    @property
    def dvh(self) -> DVH | NotMeasured:
        """What the row is judged on."""
        return self.matched.dvh


def with_isodoses(cases: Sequence[Case], bounds_share: float) -> list[Case]:
    """The cases with the isodose volumes of their metrics, each found once for all of them.

    Nothing is found for rows that are not judged. Their bounds are ``bounds_share`` of the volume apart, or less.
    """
    metrics_by_place = {
        place: case.row.metric
        for place, case in enumerate(cases)
        if isinstance(case.row.metric, OfPlan) and isinstance(case.dvh, DVH) and case.blocked is None
    }
    if not metrics_by_place:
        return list(cases)
    isodoses = isodose_volumes(metrics_by_place.values(), cases[0].plan.dvhs.plan, bounds_share)
    return [replace(case, isodoses=isodoses) if place in metrics_by_place else case for place, case in enumerate(cases)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """The value of one row on one DVH, and its verdict; ``limits`` None where the row has none for this plan."""

    measurement: Measurement | NotMeasured
    limits: Limits | None
    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    volume_decides: bool = False  # the structure's volume alone decides, no dose does
    findings: tuple[Finding, ...] = ()


def judge_on(case: Case, dvh: DVH | NotMeasured) -> RowResult:
    """Measure and judge a row on one DVH, that of its organ or another reading of it."""
    printed = printed_limits(case.row)
    if case.blocked is not None:
        return _not_evaluated(case.blocked, case.blocked, printed)
    converted = in_quantity(case, dvh)
    if isinstance(converted, NotMeasured) and isinstance(dvh, DVH):
        return _not_evaluated(converted, converted, printed)
    result = _judge_doses(case, converted, printed)
    return replace(result, findings=(*result.findings, *conversion_findings(dvh, converted)))


def conversion_findings(dvh: DVH | NotMeasured, converted: DVH | NotMeasured) -> tuple[Finding, ...]:
    """Findings that a converted DVH has and the physical one does not."""
    if isinstance(converted, NotMeasured) or isinstance(dvh, NotMeasured):
        return ()
    return tuple(finding for finding in converted.findings if finding not in dvh.findings)


def in_quantity(case: Case, dvh: DVH | NotMeasured) -> DVH | NotMeasured:
    """The DVH in the row's EQD2 or BED, by the plan's number of fractions."""
    row = case.row
    if isinstance(dvh, NotMeasured) or (row.quantity is dvh.quantity and row.alpha_beta_gy == dvh.alpha_beta_gy):
        return dvh
    if dvh.quantity is not Quantity.PHYSICAL:
        return _not_in(row, dvh)
    if row.alpha_beta_gy is None or isinstance(row.metric, OfPlan | PrescriptionMetric):
        why = "without an alpha/beta" if row.alpha_beta_gy is None else f"of {row.metric}, which is in physical dose"
        return NotMeasured(reason=Reason.UNIT_UNKNOWN, detail=f"the row asks for {row.quantity} {why}")
    if dvh.prescription.fractions is None:
        return NotMeasured(
            reason=Reason.PRESCRIPTION_UNKNOWN, detail=f"{row.quantity} needs the plan's number of fractions"
        )
    alone = replace(dvh, alternatives=())  # they are judged, and converted, on their own
    convert = alone.to_eqd2 if row.quantity is Quantity.EQD2 else alone.to_bed
    return convert(alpha_beta_gy=row.alpha_beta_gy)


def _not_in(row: Constraint, dvh: DVH) -> NotMeasured:
    """Why a sum of courses, which is in one EQD2 and has no physical dose, says nothing to a row."""
    stated = f"the doses are {dvh.quantity} for an alpha/beta of {dvh.alpha_beta_gy:g} Gy"
    if row.quantity is Quantity.PHYSICAL:
        detail = f"{stated}, the row is for physical dose in its own number of fractions"
        return NotMeasured(reason=Reason.FRACTIONS_DO_NOT_MATCH, detail=detail)
    return NotMeasured(
        reason=Reason.NOT_GIVEN, detail=f"{stated}, the row asks for {row.quantity} for {row.alpha_beta_gy:g}"
    )


def _judge_doses(case: Case, dvh: DVH | NotMeasured, printed: Limits | None) -> RowResult:
    """Judge a row on doses that are what it asks for."""
    measured = _measured(case, dvh)
    if isinstance(dvh, NotMeasured) and isinstance(measured, NotMeasured):
        return _not_evaluated(measured, measured, printed)
    limits = limits_for(case.row, case.matched.organ, dvh, case.plan.limit_target_dvh)
    if isinstance(limits, NotMeasured):
        return _not_evaluated(measured, measured if isinstance(measured, NotMeasured) else limits, printed)
    result = _judge_volume(limits, dvh, measured) if isinstance(dvh, DVH) else None
    return result or _judge_value(limits, measured)


def measured_on(case: Case, dvh: DVH) -> Measurement | NotMeasured:
    """What the metric of a row is on a DVH of its structure, in the row's EQD2 or BED."""
    return _measured(case, in_quantity(case, dvh))


def _measured(case: Case, dvh: DVH | NotMeasured) -> Measurement | NotMeasured:
    metric = case.row.metric
    if isinstance(metric, PrescriptionMetric):
        sum_dvh = next((other for other in case.plan.dvhs if other.quantity is not Quantity.PHYSICAL), None)
        return _not_in(case.row, sum_dvh) if sum_dvh else measure_prescription(metric, case.plan.dvhs.prescription)
    if isinstance(dvh, NotMeasured):
        return dvh
    if lies_outside(dvh) and is_of_elements(metric) and not isinstance(metric, StructureVolume):
        return NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail="it lies outside the dose grid")
    if isinstance(metric, TargetCount):
        number, parts = case.matched.target_count, parts_of_target(case.plan.dvhs, dvh)
        return Measurement(value=float(number), low=float(number), high=float(max(number, parts)), unit=metric.unit)
    if isinstance(metric, OfPlan):
        return index_from_isodoses(metric, case.plan.dvhs, dvh, case.isodoses, case.plan.far_doses)
    return measure(metric, dvh)


def _judge_volume(limits: Limits, dvh: DVH, measured: Measurement | NotMeasured) -> RowResult | None:
    """The result that the structure's volume alone decides; None where the dose has to."""
    row = limits.row
    if infeasible := _infeasible(row, limits.limit, dvh):
        verdict, reason = _verdict_for_kind(row, Verdict.FAIL), Reason.VOLUME_TOO_SMALL
        return RowResult(
            measurement=measured, limits=limits, verdict=verdict, reason=reason, detail=infeasible, volume_decides=True
        )
    if _is_smaller_than_threshold(row, dvh):
        small_finding = _smallness_finding(row, dvh)
        if any(finding.code in DOUBTFUL_VOLUME for finding in dvh.findings):
            why = NotMeasured(
                reason=Reason.CONTOURS_INCOMPLETE, detail=f"{small_finding.text} It cannot be met by that here"
            )
            return _not_evaluated(measured, why, limits)
        verdict, findings = _verdict_for_kind(row, Verdict.PASS), (small_finding,)
        return RowResult(
            measurement=measured,
            limits=limits,
            verdict=verdict,
            detail=small_finding.text,
            volume_decides=True,
            findings=findings,
        )
    return None


def _judge_value(limits: Limits, measured: Measurement | NotMeasured) -> RowResult:
    if isinstance(measured, NotMeasured):
        return _not_evaluated(measured, measured, limits)
    verdict = verdict_of(limits.row, limits.limit, measured.value)
    if measured.open_above and verdict_of(limits.row, limits.limit, math.inf) is not verdict:
        detail = (
            "the isodose leaves the dose grid: the value is a lower bound, and a larger value would change the verdict"
        )
        why = NotMeasured(reason=Reason.ISODOSE_LEAVES_GRID, detail=detail)
        return _not_evaluated(measured, why, limits)
    return RowResult(measurement=measured, limits=limits, verdict=verdict, detail=limits.detail)


def _not_evaluated(measured: Measurement | NotMeasured, why: NotMeasured, limits: Limits | None) -> RowResult:
    verdict = Verdict.NOT_EVALUATED
    return RowResult(measurement=measured, limits=limits, verdict=verdict, reason=why.reason, detail=why.detail)


def verdict_of(row: Constraint, limit: FixedLimit, value: float) -> Verdict:
    """The verdict of a value compared with the limit that a row has for the plan."""
    if row.sense.is_met(value, limit.limit):
        return _verdict_for_kind(row, Verdict.PASS)
    if limit.acceptable is not None and row.sense.is_met(value, limit.acceptable):
        return _verdict_for_kind(row, Verdict.VARIATION)
    # an optimal limit is to be kept where it can be: the source does not call a plan wrong that cannot
    return _verdict_for_kind(row, Verdict.VARIATION if row.priority is Priority.OPTIMAL else Verdict.FAIL)


def _verdict_for_kind(row: Constraint, verdict: Verdict) -> Verdict:
    """Pass or fail a limit only: a risk point is reported, a statement is met or not."""
    match row.kind:
        case Kind.LIMIT:
            return verdict
        case Kind.RISK:
            return Verdict.RISK
        case Kind.ADVISORY:
            return Verdict.MET if verdict in (Verdict.PASS, Verdict.VARIATION) else Verdict.NOT_MET


def is_of_elements(metric: Metric) -> bool:
    """Whether the bounds of a metric come from the elements of its structure."""
    if isinstance(metric, PlanIndex):
        return metric.index is Index.CI_PADDICK
    return not isinstance(metric, IsodoseRatio | MaxDoseAtDistance | TargetCount)


def lies_outside(dvh: DVH) -> bool:
    """Whether the dose grid has nothing to say of a structure."""
    return dvh.volume_unit is VolumeUnit.CC and dvh.uncovered_cc >= OUTSIDE_SHARE * dvh.volume


def _infeasible(row: Constraint, limit: FixedLimit, dvh: DVH) -> str | None:
    """Why an organ with too little volume cannot meet a critical-volume row; None when it has enough."""
    metric = row.metric
    if dvh.volume_unit is not VolumeUnit.CC:
        return None
    match metric:
        case DoseAtVolume(cold=True, volume_unit=Unit.CC) if row.is_upper_limit:
            enough = has_volume(dvh, metric.volume)
        case VolumeAtDose(cold=True, unit=Unit.CC) if not row.is_upper_limit:
            enough = row.sense.is_met(dvh.volume, limit.limit)
        case _:
            enough = True
    return None if enough else f"infeasible: the organ has only {dvh.volume:.4g} cc"


def _is_smaller_than_threshold(row: Constraint, dvh: DVH) -> bool:
    """Whether "no more than v cc above d" holds just because the structure is smaller than v cc."""
    metric = row.metric
    if not row.volume_threshold or dvh.volume_unit is not VolumeUnit.CC or not row.is_upper_limit:
        return False
    if not isinstance(metric, DoseAtVolume) or metric.cold or metric.volume_unit is not Unit.CC:
        return False
    return not has_volume(dvh, metric.volume)


def _smallness_finding(row: Constraint, dvh: DVH) -> Finding:
    threshold = f"{row.metric.volume:g} cc" if isinstance(row.metric, DoseAtVolume) else str(row.metric)
    text = f"{dvh.volume:.4g} cc, smaller than {threshold}: is the contour complete?"
    return Finding(code=FindingCode.SMALLER_THAN_LIMIT_VOLUME, text=text, subject=dvh.name)


def margin_of(result: RowResult) -> float | None:
    """How far inside the limit the value lies, in the metric's unit; None without a value or a limit."""
    measured = result.measurement
    if isinstance(measured, NotMeasured) or result.limits is None:
        return None
    limit = result.limits.limit.limit
    return limit - measured.value if result.limits.row.is_upper_limit else measured.value - limit


def is_borderline(result: RowResult) -> bool:
    """Whether another value within its bounds, or another limit within those of its volume, gives another verdict."""
    measured, limits = result.measurement, result.limits
    if (
        isinstance(measured, NotMeasured)
        or limits is None
        or result.volume_decides
        or result.verdict is Verdict.NOT_EVALUATED
    ):
        return False
    possible_limits, ends = (limits.limit, *limits.limits_at_bounds), (measured.low, measured.high)
    return any(verdict_of(limits.row, limit, end) is not result.verdict for limit in possible_limits for end in ends)


def depends_on_value_within(result: RowResult, low: float, high: float) -> bool:
    """Whether a value between two others, against the limit of the row, gives another verdict."""
    limits = result.limits
    if limits is None or result.volume_decides or result.verdict is Verdict.NOT_EVALUATED:
        return False
    return any(verdict_of(limits.row, limits.limit, end) is not result.verdict for end in (low, high))

"""A row and the structure taken for its organ in, the outcome out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, Reason, VolumeUnit
from sbrtcheck.dvh.points import CurvePoint
from sbrtcheck.dvh.types import SAME_DOSE
from sbrtcheck.evaluate.limits import Limits, limits_for
from sbrtcheck.evaluate.remarks import of_metric
from sbrtcheck.evaluate.structures import Organs, Taken, select
from sbrtcheck.evaluate.values import Outcome, UnderConvention, Verdict
from sbrtcheck.metric import (
    DoseAtVolume,
    DoseBeyond,
    Index,
    IsodoseRatio,
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
    measure_prescription,
)
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity, total_dose_for_bed, total_dose_for_eqd2
from sbrtcheck.table import Constraint, ConstraintTable, Kind, Sense, Status
from sbrtcheck.table.points import curve_point

NARROW = {
    Unit.GY: 0.01,
    Unit.PERCENT: 0.1,
    Unit.PERCENT_RX: 0.1,
    Unit.PERCENT_PTV: 0.1,
    Unit.RATIO: 0.001,
    Unit.COUNT: 0.0,
}
"""Bands this wide, in the metric's unit, are not narrowed further."""

NARROW_CC_SHARE = 1e-3
"""The same for volumes in cc: a thousandth of the structure."""


OUTSIDE_SHARE = 0.999
"""A structure of which this share lies outside the dose grid was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One row and what was taken for its organ; ``blocked`` is why the row may not be used for this plan at all."""

    table: ConstraintTable
    row: Constraint
    taken: Taken
    plan: Organs
    blocked: NotMeasured | None


def outcomes_of(tables: Sequence[ConstraintTable], plan: Organs, *, include_unconfirmed: bool) -> tuple[Outcome, ...]:
    """Judge every row of the tables, in their order: an outcome for every structure that it asks for."""
    cases = _sharpened([case for table in tables for row in table.rows for case in _cases(table, row, plan)])
    return tuple(
        replace(
            _unless_incomplete(_outcome(case), case.taken),
            counts=_counts(case.row, include_unconfirmed=include_unconfirmed),
        )
        for case in cases
    )


def _cases(table: ConstraintTable, row: Constraint, plan: Organs) -> list[_Case]:
    blocked = _not_applicable(table, plan.dvhs.prescription)
    return [_Case(table=table, row=row, taken=taken, plan=plan, blocked=blocked) for taken in select(row, plan)]


def _unless_incomplete(outcome: Outcome, taken: Taken) -> Outcome:
    """A mandatory row must not pass on the parts of an organ that happen to be drawn; it may well fail on them."""
    if not taken.lacking or not outcome.constraint.mandatory or outcome.verdict is Verdict.FAIL:
        return outcome
    detail = f"{', '.join(taken.lacking)} is missing; the rest would come to {outcome.verdict}"
    return replace(outcome, verdict=Verdict.NOT_EVALUATED, reason=Reason.STRUCTURE_MISSING, detail=detail)


# -------------------------------------------------------------------------------- bounds that leave a verdict open


def _sharpened(cases: list[_Case]) -> list[_Case]:
    """The cases on narrower bounds, where theirs leave the verdict open and narrower ones can close it.

    Limits that are a point beside a curve are decided along their isodoses, those on one DVH together: what its
    elements are is found out once. Other limits need finer elements everywhere.
    """
    questions: dict[int, list[tuple[int, DVH, tuple[CurvePoint, ...]]]] = {}
    made = [_on_sharper_isodoses(case) for case in cases]
    for at, case in enumerate(made):
        dvh = case.taken.dvh
        if not isinstance(dvh, DVH) or not _is_open(case, dvh):
            continue
        if points := _points(case, dvh):
            questions.setdefault(id(dvh), []).append((at, dvh, points))
        else:
            made[at] = _on_finer_elements(case, dvh)
    for asked in questions.values():
        narrower = cases[0].plan.dvhs.narrowed(asked[0][1], *(points for _, _, points in asked))
        for (at, _, _), dvh in zip(asked, narrower, strict=False):  # none of a DVH that was not computed here
            made[at] = _on(made[at], dvh)
    return made


def _on_sharper_isodoses(case: _Case) -> _Case:
    """The case with narrower bounds of isodose volumes, where the verdict hangs on them."""
    dvh = case.taken.dvh
    if isinstance(dvh, DVH) and isinstance(case.row.metric, OfPlan) and _is_borderline(_judge(case, dvh)):
        return replace(case, plan=case.plan.sharp())
    return case


def _on(case: _Case, dvh: DVH) -> _Case:
    return replace(case, taken=replace(case.taken, dvh=dvh))


def _is_open(case: _Case, dvh: DVH) -> bool:
    """Whether the verdict hangs on where in its band a value lies, and the band is not as narrow as can be asked."""
    judged = _judge(case, dvh)
    return case.blocked is None and _is_borderline(judged) and not _is_narrow(judged.measurement, dvh)


def _points(case: _Case, dvh: DVH) -> tuple[CurvePoint, ...]:
    """The limits of a row as points beside the curve of physical dose; none where they are no such points."""
    asked, limits = _in_quantity(case, dvh), _judge(case, dvh).limits
    if isinstance(asked, NotMeasured) or limits is None:
        return ()
    found = [
        curve_point(row, asked, limit=limit, counts=True)
        for row in (limits.row, *limits.or_else)
        for limit in (row.limit, row.acceptable)
        if limit is not None
    ]
    return tuple(_in_physical_dose(one, case.row.metric, asked) for one in found if isinstance(one, CurvePoint))


def _in_physical_dose(point: CurvePoint, metric: Metric, dvh: DVH) -> CurvePoint:
    """A point beside a DVH in EQD2 or BED, with the dose over the plan's fractions that it stands for.

    A volume is read off at a dose that is less by `SAME_DOSE`, which may be more in physical dose.
    """
    ratio, fractions = dvh.alpha_beta_gy, dvh.prescription.fractions
    if ratio is None or fractions is None:
        return point
    physical = total_dose_for_eqd2 if dvh.quantity is Quantity.EQD2 else total_dose_for_bed
    dose_gy = point.dose_gy
    if isinstance(metric, VolumeAtDose):
        dose_gy = max(dose_gy - SAME_DOSE * float(dvh.curve.dose_gy[-1]), 0.0)
    return replace(point, dose_gy=physical(dose_gy, fractions=fractions, alpha_beta_gy=ratio))


def _on_finer_elements(case: _Case, dvh: DVH) -> _Case:
    """The case on elements halved as long as its verdict is open."""
    while _is_of_elements(case.row.metric) and _is_open(case, dvh):
        finer = case.plan.finer(dvh)
        if finer is None:
            break
        dvh = finer
    return _on(case, dvh)


def _is_of_elements(metric: Metric) -> bool:
    """Whether the bounds of a metric come from the elements of its structure."""
    if isinstance(metric, PlanIndex):
        return metric.index is Index.CI_PADDICK
    return not isinstance(metric, IsodoseRatio | DoseBeyond | TargetCount)


def _is_narrow(found: Measurement | NotMeasured, dvh: DVH) -> bool:
    """Whether a band is as narrow as anybody needs it."""
    if isinstance(found, NotMeasured):
        return True
    enough = NARROW_CC_SHARE * dvh.volume if found.unit is Unit.CC else NARROW[found.unit]
    return found.high - found.low <= enough


def _not_applicable(table: ConstraintTable, rx: Prescription | UnknownPrescription) -> NotMeasured | None:
    """Why no row of the table may be used for this prescription; None when the fraction number fits."""
    if table.holds_for(rx.fractions):
        return None
    if isinstance(rx, UnknownPrescription) and rx.fractions is None:
        return NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail=rx.reason)
    return NotMeasured(
        reason=Reason.FRACTIONS_DO_NOT_MATCH,
        detail=f"the table holds for {table.fractions_text()}, the plan has {rx.fractions}",
    )


def _counts(row: Constraint, *, include_unconfirmed: bool) -> bool:
    return row.kind is Kind.LIMIT and row.status is Status.OK and (include_unconfirmed or row.confirmed)


def _outcome(case: _Case) -> Outcome:
    row, taken = case.row, case.taken
    judged = _judge(case, taken.dvh)
    conventions = _under_other_conventions(case)
    of_dvh = taken.dvh.findings if isinstance(taken.dvh, DVH) and case.blocked is None else ()
    of_metric_ = of_metric(row.metric, taken, judged.measurement, case.plan)
    return Outcome(
        table_id=case.table.id,
        constraint=row,
        organ=taken.organ,
        contour=taken.contour,
        rule=taken.rule,
        measurement=judged.measurement,
        verdict=judged.verdict,
        reason=judged.reason,
        detail=judged.detail,
        margin=_margin(judged),
        limit_used=judged.limits.row.limit if judged.limits else None,
        acceptable_used=judged.limits.row.acceptable if judged.limits else None,
        borderline=_is_borderline(judged),
        convention_sensitive=any(other.verdict is not judged.verdict for other in conventions),
        conventions=conventions,
        findings=(*taken.findings, *of_dvh, *of_metric_, *judged.findings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What one row came to on one DVH; ``limits`` None where the row has none for this plan."""

    measurement: Measurement | NotMeasured
    limits: Limits | None
    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    by_logic: bool = False  # the structure's volume alone decides, no dose does
    findings: tuple[Finding, ...] = ()


def _judge(case: _Case, dvh: DVH | NotMeasured) -> _Judged:
    printed = None if case.row.steps or case.row.veff_steps else Limits(row=case.row)
    if case.blocked is not None:
        return _not_evaluated(case.blocked, case.blocked, printed)
    asked = _in_quantity(case, dvh)
    if isinstance(asked, NotMeasured) and isinstance(dvh, DVH):
        return _not_evaluated(asked, asked, printed)
    judged = _judge_doses(case, asked, printed)
    return replace(judged, findings=(*judged.findings, *_said_by_converting(asked, dvh)))


def _said_by_converting(asked: DVH | NotMeasured, dvh: DVH | NotMeasured) -> tuple[Finding, ...]:
    """Findings that a converted DVH has and the physical one does not."""
    if isinstance(asked, NotMeasured) or isinstance(dvh, NotMeasured):
        return ()
    return asked.findings[len(dvh.findings) :]


def _in_quantity(case: _Case, dvh: DVH | NotMeasured) -> DVH | NotMeasured:
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
    have = f"the doses are {dvh.quantity} for an alpha/beta of {dvh.alpha_beta_gy:g} Gy"
    if row.quantity is Quantity.PHYSICAL:
        detail = f"{have}, the row is for physical dose in its own number of fractions"
        return NotMeasured(reason=Reason.FRACTIONS_DO_NOT_MATCH, detail=detail)
    return NotMeasured(
        reason=Reason.NOT_GIVEN, detail=f"{have}, the row asks for {row.quantity} for {row.alpha_beta_gy:g}"
    )


def _judge_doses(case: _Case, dvh: DVH | NotMeasured, printed: Limits | None) -> _Judged:
    """Judge a row on doses that are what it asks for."""
    found = _measured(case, dvh)
    if isinstance(dvh, NotMeasured) and isinstance(found, NotMeasured):
        return _not_evaluated(found, found, printed)
    limits = limits_for(case.row, case.taken.organ, dvh, case.plan)
    if isinstance(limits, NotMeasured):
        return _not_evaluated(found, found if isinstance(found, NotMeasured) else limits, printed)
    judged = _by_volume(limits, dvh, found) if isinstance(dvh, DVH) else None
    return judged or _by_value(limits, found)


def _measured(case: _Case, dvh: DVH | NotMeasured) -> Measurement | NotMeasured:
    metric = case.row.metric
    if isinstance(metric, PrescriptionMetric):
        summed = next((one for one in case.plan.dvhs if one.quantity is not Quantity.PHYSICAL), None)
        return _not_in(case.row, summed) if summed else measure_prescription(metric, case.plan.dvhs.prescription)
    if isinstance(dvh, NotMeasured):
        return dvh
    if lies_outside(dvh) and _is_of_elements(metric) and not isinstance(metric, StructureVolume):
        return NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail="it lies outside the dose grid")
    if isinstance(metric, TargetCount):
        number, parts = case.taken.targets, case.plan.whole.parts(dvh)
        return Measurement(value=float(number), low=float(number), high=float(max(number, parts)), unit=metric.unit)
    return case.plan.measure(metric, dvh)


def _by_volume(limits: Limits, dvh: DVH, found: Measurement | NotMeasured) -> _Judged | None:
    """What the structure's volume alone decides; None where the dose has to."""
    row = limits.row
    if infeasible := _infeasible(row, dvh):
        verdict, reason = _of_kind(row, Verdict.FAIL), Reason.VOLUME_TOO_SMALL
        return _Judged(
            measurement=found, limits=limits, verdict=verdict, reason=reason, detail=infeasible, by_logic=True
        )
    if small := _met_by_smallness(row, dvh):
        verdict, findings = _of_kind(row, Verdict.PASS), (small,)
        return _Judged(
            measurement=found, limits=limits, verdict=verdict, detail=small.text, by_logic=True, findings=findings
        )
    return None


def _by_value(limits: Limits, found: Measurement | NotMeasured) -> _Judged:
    if isinstance(found, NotMeasured):
        return _not_evaluated(found, found, limits)
    verdict = _verdict(limits.row, found.value)
    if found.open_above and _verdict(limits.row, math.inf) is not verdict:
        detail = "the isodose leaves the dose grid: the value is the least it can be, and more would decide otherwise"
        why = NotMeasured(reason=Reason.ISODOSE_LEAVES_GRID, detail=detail)
        return _not_evaluated(found, why, limits)
    return _Judged(measurement=found, limits=limits, verdict=verdict, detail=limits.detail)


def _not_evaluated(found: Measurement | NotMeasured, why: NotMeasured, limits: Limits | None) -> _Judged:
    verdict = Verdict.NOT_EVALUATED
    return _Judged(measurement=found, limits=limits, verdict=verdict, reason=why.reason, detail=why.detail)


def _verdict(row: Constraint, value: float) -> Verdict:
    if _meets(row.sense, value, row.limit):
        return _of_kind(row, Verdict.PASS)
    if row.acceptable is not None and _meets(row.sense, value, row.acceptable):
        return _of_kind(row, Verdict.VARIATION)
    return _of_kind(row, Verdict.FAIL)


def _of_kind(row: Constraint, verdict: Verdict) -> Verdict:
    """Never pass or fail a risk point."""
    return Verdict.RISK if row.kind is Kind.RISK else verdict


def _meets(sense: Sense, value: float, limit: float) -> bool:
    match sense:
        case Sense.BELOW:
            return value < limit
        case Sense.AT_MOST:
            return value <= limit
        case Sense.ABOVE:
            return value > limit
        case Sense.AT_LEAST:
            return value >= limit


def _is_upper(sense: Sense) -> bool:
    return sense in (Sense.BELOW, Sense.AT_MOST)


def lies_outside(dvh: DVH) -> bool:
    """Whether the dose grid has nothing to say of a structure."""
    return dvh.volume_unit is VolumeUnit.CC and dvh.uncovered_cc >= OUTSIDE_SHARE * dvh.volume


def _infeasible(row: Constraint, dvh: DVH) -> str:
    """Why an organ with too little volume cannot meet a critical-volume row; "" when it has enough."""
    metric = row.metric
    if dvh.volume_unit is not VolumeUnit.CC:
        return ""
    match metric:
        case DoseAtVolume(cold=True, volume_unit=Unit.CC) if _is_upper(row.sense):
            enough = has_volume(dvh, metric.volume)
        case VolumeAtDose(cold=True, unit=Unit.CC) if not _is_upper(row.sense):
            enough = _meets(row.sense, dvh.volume, row.limit)
        case _:
            enough = True
    return "" if enough else f"infeasible: the organ has only {dvh.volume:.4g} cc"


def _met_by_smallness(row: Constraint, dvh: DVH) -> Finding | None:
    """Find whether "no more than v cc above d" holds just because the structure is smaller than v cc."""
    metric = row.metric
    if not row.volume_threshold or dvh.volume_unit is not VolumeUnit.CC or not _is_upper(row.sense):
        return None
    if not isinstance(metric, DoseAtVolume) or metric.cold or metric.volume_unit is not Unit.CC:
        return None
    if has_volume(dvh, metric.volume) or _has_gaps(dvh):
        return None
    text = f"{dvh.volume:.4g} cc, smaller than {metric.volume:g} cc: is the contour complete?"
    return Finding(code=FindingCode.SMALLER_THAN_LIMIT_VOLUME, text=text, subject=dvh.name)


def _has_gaps(dvh: DVH) -> bool:
    """Whether contours may be missing, so that the volume itself is in doubt."""
    return any(finding.code is FindingCode.PLANE_GAP for finding in dvh.findings)


def _margin(judged: _Judged) -> float | None:
    found = judged.measurement
    if isinstance(found, NotMeasured) or judged.limits is None:
        return None
    row = judged.limits.row
    return row.limit - found.value if _is_upper(row.sense) else found.value - row.limit


def _is_borderline(judged: _Judged) -> bool:
    """Whether an end of a band, the value's or the limit's, gives another verdict: a limit that decides lies inside."""
    found, limits = judged.measurement, judged.limits
    if isinstance(found, NotMeasured) or limits is None or judged.by_logic or judged.verdict is Verdict.NOT_EVALUATED:
        return False
    rows = (limits.row, *limits.or_else)
    return any(_verdict(row, end) is not judged.verdict for row in rows for end in (found.low, found.high))


def _under_other_conventions(case: _Case) -> tuple[UnderConvention, ...]:
    dvh = case.taken.dvh
    if isinstance(dvh, NotMeasured) or case.blocked is not None or isinstance(case.row.metric, TargetCount):
        return ()
    judged = [(other.end_caps or "", _judge(case, other)) for other in dvh.alternatives]
    return tuple(
        UnderConvention(end_caps=caps, measurement=one.measurement, verdict=one.verdict) for caps, one in judged
    )

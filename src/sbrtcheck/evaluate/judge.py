"""A row and the structure taken for its organ in, the outcome out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, Reason, VolumeUnit
from sbrtcheck.evaluate.structures import Organs, Taken, select
from sbrtcheck.evaluate.values import Outcome, UnderConvention, Verdict
from sbrtcheck.metric import (
    DoseAtVolume,
    Measurement,
    NotMeasured,
    StructureVolume,
    Unit,
    VolumeAtDose,
    has_volume,
    measure,
)
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.table import Constraint, ConstraintTable, Kind, Sense, Status

NARROW = {Unit.GY: 0.01, Unit.PERCENT: 0.1, Unit.PERCENT_RX: 0.1}
"""Bands this wide, in the metric's unit, are not narrowed further."""

NARROW_CC_SHARE = 1e-3
"""The same for volumes in cc: a thousandth of the structure."""


OUTSIDE_SHARE = 0.999
"""A structure of which this share lies outside the dose grid was not measured."""


def outcomes_of(table: ConstraintTable, row: Constraint, plan: Organs, *, include_unconfirmed: bool) -> list[Outcome]:
    """Judge one row: an outcome for every structure it asks for."""
    blocked = _not_applicable(table, plan.dvhs.prescription)
    counts = _counts(row, include_unconfirmed=include_unconfirmed)
    outcomes = []
    for taken in select(row, plan):
        dvh = blocked or _sharpened(row, taken.dvh, plan)
        outcome = _outcome(table, row, replace(taken, dvh=dvh))
        outcomes.append(replace(_unless_incomplete(outcome, taken), counts=counts))
    return outcomes


def _unless_incomplete(outcome: Outcome, taken: Taken) -> Outcome:
    """A mandatory row must not pass on the parts of an organ that happen to be drawn; it may well fail on them."""
    if not taken.lacking or not outcome.constraint.mandatory or outcome.verdict is Verdict.FAIL:
        return outcome
    detail = f"{', '.join(taken.lacking)} is missing; the rest would come to {outcome.verdict}"
    return replace(outcome, verdict=Verdict.NOT_EVALUATED, reason=Reason.STRUCTURE_MISSING, detail=detail)


def _sharpened(row: Constraint, dvh: DVH | NotMeasured, plan: Organs) -> DVH | NotMeasured:
    """The DVH from finer elements, as long as its bounds leave the verdict open and finer ones can close them."""
    while isinstance(dvh, DVH):
        judged = _judge(row, dvh)
        if not _is_borderline(row, judged) or _is_narrow(judged.measurement, dvh):
            break
        finer = plan.finer(dvh)
        if finer is None:
            break
        dvh = finer
    return dvh


def _is_narrow(found: Measurement | NotMeasured, dvh: DVH) -> bool:
    """Whether a band is as narrow as anybody needs it."""
    if isinstance(found, NotMeasured):
        return True
    enough = NARROW_CC_SHARE * dvh.volume if found.unit is Unit.CC else NARROW[found.unit]
    return found.high - found.low <= enough


def _not_applicable(table: ConstraintTable, rx: Prescription | UnknownPrescription) -> NotMeasured | None:
    """Why no row of the table may be used for this prescription; None when the fraction number fits."""
    if isinstance(rx, UnknownPrescription) and rx.fractions is None:
        return NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail=rx.reason)
    if rx.fractions in table.fractions:
        return None
    holds = ", ".join(map(str, table.fractions))
    return NotMeasured(
        reason=Reason.FRACTIONS_DO_NOT_MATCH,
        detail=f"the table holds for {holds} fractions, the plan has {rx.fractions}",
    )


def _counts(row: Constraint, *, include_unconfirmed: bool) -> bool:
    return row.kind is Kind.LIMIT and row.status is Status.OK and (include_unconfirmed or row.confirmed)


def _outcome(table: ConstraintTable, row: Constraint, taken: Taken) -> Outcome:
    judged = _judge(row, taken.dvh)
    conventions = _under_other_conventions(row, taken.dvh)
    of_dvh = taken.dvh.findings if isinstance(taken.dvh, DVH) else ()
    return Outcome(
        table_id=table.id,
        constraint=row,
        organ=taken.organ,
        contour=taken.contour,
        rule=taken.rule,
        measurement=judged.measurement,
        verdict=judged.verdict,
        reason=judged.reason,
        detail=judged.detail,
        margin=_margin(row, judged.measurement),
        borderline=_is_borderline(row, judged),
        convention_sensitive=any(other.verdict is not judged.verdict for other in conventions),
        conventions=conventions,
        findings=(*taken.findings, *of_dvh, *judged.findings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What one row came to on one DVH."""

    measurement: Measurement | NotMeasured
    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    by_logic: bool = False  # the structure's volume alone decides, no dose does
    findings: tuple[Finding, ...] = ()


def _judge(row: Constraint, dvh: DVH | NotMeasured) -> _Judged:
    if isinstance(dvh, NotMeasured):
        return _not_evaluated(dvh)
    if row.quantity is dvh.quantity and row.alpha_beta_gy == dvh.alpha_beta_gy:
        return _judge_doses(row, dvh)
    converted = _in_quantity(row, dvh)
    if isinstance(converted, NotMeasured):
        return _not_evaluated(converted)
    judged = _judge_doses(row, converted)
    return replace(judged, findings=(*judged.findings, *converted.findings[len(dvh.findings) :]))


def _in_quantity(row: Constraint, dvh: DVH) -> DVH | NotMeasured:
    """The DVH in the row's EQD2 or BED, by the plan's number of fractions."""
    if dvh.quantity is not Quantity.PHYSICAL:
        return _not_in(row, dvh)
    alone = replace(dvh, alternatives=())  # they are judged, and converted, on their own
    if dvh.prescription.fractions is None:
        return NotMeasured(
            reason=Reason.PRESCRIPTION_UNKNOWN, detail=f"{row.quantity} needs the plan's number of fractions"
        )
    if row.alpha_beta_gy is None:
        return NotMeasured(reason=Reason.UNIT_UNKNOWN, detail=f"the row asks for {row.quantity} without an alpha/beta")
    if row.quantity is Quantity.EQD2:
        return alone.to_eqd2(alpha_beta_gy=row.alpha_beta_gy)
    return alone.to_bed(alpha_beta_gy=row.alpha_beta_gy)


def _not_in(row: Constraint, dvh: DVH) -> NotMeasured:
    """Why a sum of courses, which is in one EQD2 and has no physical dose, says nothing to a row."""
    have = f"the doses are {dvh.quantity} for an alpha/beta of {dvh.alpha_beta_gy:g} Gy"
    if row.quantity is Quantity.PHYSICAL:
        detail = f"{have}, the row is for physical dose in its own number of fractions"
        return NotMeasured(reason=Reason.FRACTIONS_DO_NOT_MATCH, detail=detail)
    return NotMeasured(
        reason=Reason.NOT_GIVEN, detail=f"{have}, the row asks for {row.quantity} for {row.alpha_beta_gy:g}"
    )


def _judge_doses(row: Constraint, dvh: DVH) -> _Judged:
    """Judge a row on doses that are what it asks for."""
    found = measure(row.metric, dvh)
    if lies_outside(dvh) and not isinstance(row.metric, StructureVolume):
        return _not_evaluated(NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail="it lies outside the dose grid"))
    if infeasible := _infeasible(row, dvh):
        verdict, reason = _of_kind(row, Verdict.FAIL), Reason.VOLUME_TOO_SMALL
        return _Judged(measurement=found, verdict=verdict, reason=reason, detail=infeasible, by_logic=True)
    if small := _met_by_smallness(row, dvh):
        verdict = _of_kind(row, Verdict.PASS)
        return _Judged(measurement=found, verdict=verdict, detail=small.text, by_logic=True, findings=(small,))
    if isinstance(found, NotMeasured):
        return _not_evaluated(found)
    return _Judged(measurement=found, verdict=_verdict(row, found.value))


def _not_evaluated(why: NotMeasured) -> _Judged:
    return _Judged(measurement=why, verdict=Verdict.NOT_EVALUATED, reason=why.reason, detail=why.detail)


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


def _margin(row: Constraint, found: Measurement | NotMeasured) -> float | None:
    if isinstance(found, NotMeasured):
        return None
    return row.limit - found.value if _is_upper(row.sense) else found.value - row.limit


def _is_borderline(row: Constraint, judged: _Judged) -> bool:
    """Whether an end of the band gives another verdict: it then straddles a limit that decides."""
    found = judged.measurement
    if isinstance(found, NotMeasured) or judged.by_logic:
        return False
    return any(_verdict(row, end) is not judged.verdict for end in (found.low, found.high))


def _under_other_conventions(row: Constraint, dvh: DVH | NotMeasured) -> tuple[UnderConvention, ...]:
    if isinstance(dvh, NotMeasured):
        return ()
    judged = [(other.end_caps or "", _judge(row, other)) for other in dvh.alternatives]
    return tuple(
        UnderConvention(end_caps=caps, measurement=one.measurement, verdict=one.verdict) for caps, one in judged
    )

"""A row and the structure taken for its organ in, the outcome out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np

from sbrtcheck.dvh import DVH, Band, Curve, Reason, VolumeUnit, largest_dose_on_faces
from sbrtcheck.dvh.points import CurvePoint
from sbrtcheck.dvh.types import SAME_DOSE
from sbrtcheck.evaluate.limits import Limits, limits_for
from sbrtcheck.evaluate.remarks import of_metric
from sbrtcheck.evaluate.site import rows_for
from sbrtcheck.evaluate.structures import Organs, Taken, select
from sbrtcheck.evaluate.values import Outcome, UnderConvention, Verdict
from sbrtcheck.metric import (
    DoseAtVolume,
    DoseBeyond,
    DoseStatistic,
    Index,
    IsodoseRatio,
    Measurement,
    Metric,
    NotMeasured,
    OfPlan,
    PlanIndex,
    PrescriptionMetric,
    Stat,
    StructureVolume,
    TargetCount,
    Unit,
    VolumeAtDose,
    has_volume,
    measure_prescription,
)
from sbrtcheck.plan import DOUBTFUL_CONTOURS, Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity, total_dose_for_bed, total_dose_for_eqd2
from sbrtcheck.table import Constraint, ConstraintTable, Kind, Select, Sense, Status
from sbrtcheck.table.points import curve_point
from sbrtcheck.tg263 import RoiName

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

ANY_DOSE_GY = 1000.0
"""Where nothing bounds the dose: more than any course has, and still a number that metrics can be computed with."""

UNSURE_OF_VOLUME = DOUBTFUL_CONTOURS | {FindingCode.PLANE_GAP, FindingCode.TOO_FEW_PLANES}
"""Findings with which the volume of a structure meets no limit by itself: contours may be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One row and what was taken for its organ; ``blocked`` is why the row may not be used for this plan at all."""

    table: ConstraintTable
    row: Constraint
    taken: Taken
    plan: Organs
    blocked: NotMeasured | None

    @property
    def dvh(self) -> DVH | NotMeasured:
        """What the row is judged on."""
        return self.taken.dvh


def outcomes_of(tables: Sequence[ConstraintTable], plan: Organs, *, include_unconfirmed: bool) -> tuple[Outcome, ...]:
    """Judge every row of the tables that holds at the plan's site, in their order.

    There is an outcome for every structure that a row asks for.
    """
    cases = [case for table in tables for row in rows_for(table, plan.site) for case in _cases(table, row, plan)]
    return tuple(
        replace(_outcome(case), counts=_counts(case.row, include_unconfirmed=include_unconfirmed))
        for case in _sharpened(cases)
    )


def _cases(table: ConstraintTable, row: Constraint, plan: Organs) -> list[_Case]:
    blocked = _not_applicable(table, plan.dvhs.prescription) or _not_on_this_dose(plan)
    return [_Case(table=table, row=row, taken=taken, plan=plan, blocked=blocked) for taken in select(row, plan)]


def _not_on_this_dose(plan: Organs) -> NotMeasured | None:
    """Why no row may be judged on the dose; None when it can be that of the prescription, or the user accepts it."""
    doubt = plan.dose.blocking if plan.dose else None
    if doubt is None:
        return None
    return NotMeasured(reason=Reason.DOSE_NOT_OF_PLAN, detail=doubt.text)


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
    as_measured = _judge(case, taken.dvh)
    judged = as_measured
    for doubted in (_unless_in_part, _unless_copied, _unless_contradicted, _unless_outside):
        judged = doubted(judged, case)
    decided = judged is as_measured
    conventions = _under_other_conventions(case) if decided else ()  # a verdict that is withdrawn is so under all
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
        applies=_applies(case),
        probable=taken.probable,
        outside_percent=_outside_percent(taken.dvh),
        lacking=taken.lacking,
        findings=(*taken.findings, *of_dvh, *of_metric_, *judged.findings),
    )


def _applies(case: _Case) -> bool:
    """Whether a plan in which the row cannot be judged was not wholly checked.

    Not so where the organ is neither in the plan, nor nearly so named, nor expected of a plan of this site.
    """
    taken = case.taken
    absent = isinstance(taken.dvh, NotMeasured) and taken.dvh.reason is Reason.STRUCTURE_MISSING
    asked = (taken.organ,) if case.row.select is Select.EACH else case.row.structures
    return not absent or case.row.mandatory or bool(taken.probable) or case.plan.site.expects_one_of(asked)


def _outside_percent(dvh: DVH | NotMeasured) -> float:
    return 100.0 * dvh.uncovered_cc / dvh.volume if isinstance(dvh, DVH) and dvh.uncovered_cc > 0.0 else 0.0


# ------------------------------------------------------------------------ what a measured value cannot say by itself


def _unless_in_part(judged: _Judged, case: _Case) -> _Judged:
    """No verdict on the parts of an organ that happen to be contoured, but one that the missing part cannot turn.

    With more tissue, the volume at a dose and the volume below a dose only grow, and so does the dose of the hottest
    cc; the dose of the coldest cc only falls. So an upper limit on what grows that fails on a part fails on the whole
    organ, and a lower limit on it that is met on a part is met; of what falls the reverse. A mean, or a percentage, may
    go either way: an upper limit beyond which the part lies is still reported as failed, and nothing passes.
    """
    if not case.taken.lacking or judged.verdict in (Verdict.NOT_EVALUATED, Verdict.RISK):
        return judged
    failed = judged.verdict in (Verdict.FAIL, Verdict.NOT_MET)
    match _with_more_tissue(case.row.metric):
        case _Trend.EITHER:
            certain = failed and case.row.is_upper
        case trend:
            certain = failed == ((trend is _Trend.GROWS) == case.row.is_upper)
    if certain:
        return judged
    detail = f"{', '.join(case.taken.lacking)} is missing; the rest would come to {judged.verdict}"
    return _not_judged(judged, Reason.PART_MISSING, detail)


class _Trend(Enum):
    """Which way the value of a metric can go when the structure gets larger."""

    GROWS = auto()
    FALLS = auto()
    EITHER = auto()


def _with_more_tissue(metric: Metric) -> _Trend:
    """Absolute volumes, and doses at them, go one way; what is a share of the structure may go either way."""
    match metric:
        case DoseAtVolume(volume_unit=Unit.CC, cold=cold):
            return _Trend.FALLS if cold else _Trend.GROWS
        case VolumeAtDose(unit=Unit.CC) | StructureVolume():
            return _Trend.GROWS
        case DoseStatistic(stat=Stat.MAX):
            return _Trend.GROWS
        case DoseStatistic(stat=Stat.MIN):
            return _Trend.FALLS
        case _:
            return _Trend.EITHER


def _unless_copied(judged: _Judged, case: _Case) -> _Judged:
    """No pass on a structure beside which there is another of its name, but for a number, that would not pass with it.

    Such a structure may be an older version, a copy, or the other half of the organ. One that lies inside, or is as far
    within the limit, changes nothing.
    """
    dvh, copies = case.dvh, case.taken.copies
    if not copies or not isinstance(dvh, DVH) or judged.verdict in (Verdict.NOT_EVALUATED, Verdict.FAIL):
        return judged
    verdicts = _verdicts_with(copies, dvh, case) - {judged.verdict}
    if not verdicts:
        return judged
    names = ", ".join(copy.name for copy in copies)
    detail = (
        f"{names} may be a part of it, or be what is meant: {judged.verdict} without, {', '.join(sorted(verdicts))}"
    )
    return _not_judged(judged, Reason.STRUCTURE_AMBIGUOUS, f"{detail} with it")


def _verdicts_with(copies: Sequence[RoiName], dvh: DVH, case: _Case) -> set[Verdict]:
    """What a row comes to on the structure and its copies together; or, where they cannot be joined, on each copy."""
    others = [case.plan.of_roi(copy) for copy in copies]
    measured = [one for one in others if isinstance(one, DVH)]
    lacking = {Verdict.NOT_EVALUATED} if len(measured) < len(others) else set()
    if not dvh.made_of:
        alone = {_judge(case, one).verdict for one in measured}
        return lacking | alone - {Verdict.NOT_EVALUATED}  # it may be too small for the metric by itself
    together = case.plan.union((dvh, *measured))
    return lacking | (_verdicts_on(together, case) if isinstance(together, DVH) else {Verdict.NOT_EVALUATED})


def _verdicts_on(dvh: DVH, case: _Case) -> set[Verdict]:
    """What the row comes to on another DVH of the structure, whatever dose there is beyond the dose grid."""
    found = {_judge(case, dvh).verdict}
    if dvh.uncovered_cc > 0.0 and _is_of_elements(case.row.metric):
        found.add(_judge(case, _with_outside_at(dvh, _dose_outside_gy(case))).verdict)
    return found


def _unless_contradicted(judged: _Judged, case: _Case) -> _Judged:
    """No verdict where another reading of contours that contradict each other comes to another one."""
    dvh = case.dvh
    if not isinstance(dvh, DVH) or judged.verdict is Verdict.NOT_EVALUATED:
        return judged
    others = {verdict for reading in dvh.readings for verdict in _verdicts_on(reading, case)} - {judged.verdict}
    if not others:
        return judged
    detail = f"contours overlap in part: {judged.verdict} with what they enclose together, {', '.join(sorted(others))}"
    return _not_judged(judged, Reason.CONTOURS_CONTRADICTORY, f"{detail} where what two of them enclose is outside")


def _unless_outside(judged: _Judged, case: _Case) -> _Judged:
    """No verdict where dose beyond the dose grid, of which nothing is known, could come to another one."""
    dvh = case.dvh
    if not isinstance(dvh, DVH) or judged.verdict is Verdict.NOT_EVALUATED:
        return judged
    if isinstance(case.row.metric, DoseBeyond):
        return _unless_beyond_the_grid(judged, case)
    if dvh.uncovered_cc <= 0.0 or not _is_of_elements(case.row.metric):
        return judged
    at_gy = _dose_outside_gy(case)
    if _judge(case, _with_outside_at(dvh, at_gy)).verdict is judged.verdict:
        return judged
    bound = "any dose, for a target lies outside too" if at_gy == ANY_DOSE_GY else f"{at_gy:.4g} Gy"
    detail = f"{_outside_percent(dvh):.3g} % of it lies outside the dose grid, where it may receive {bound}"
    return _not_judged(judged, Reason.PARTLY_OUTSIDE_GRID, detail)


def _unless_beyond_the_grid(judged: _Judged, case: _Case) -> _Judged:
    """The same for the largest dose at a distance from the target: the grid may end before the distance is reached.

    Where it does not, its faces are at the distance themselves, and their dose is not more than what was found.
    """
    found, limits, plan, dvh = judged.measurement, judged.limits, case.plan.dvhs.plan, case.dvh
    if isinstance(found, NotMeasured) or limits is None or plan is None or isinstance(dvh, NotMeasured):
        return judged
    rx = plan.prescription
    of_a_gy = 100.0 / rx.dose_gy if found.unit is Unit.PERCENT_RX and isinstance(rx, Prescription) else 1.0
    at_gy = ANY_DOSE_GY if dvh.uncovered_cc > 0.0 else largest_dose_on_faces(plan)
    if _verdict(limits.row, max(found.value, at_gy * of_a_gy)) is judged.verdict:
        return judged
    detail = f"{case.row.metric}: the dose grid ends too near to {case.taken.contour}, and beyond it there may be more"
    return _not_judged(judged, Reason.PARTLY_OUTSIDE_GRID, detail)


def _dose_outside_gy(case: _Case) -> float:
    """The dose that what lies outside the dose grid may receive, Gy.

    It falls off with the distance from the targets, so it is no larger than on the faces of a grid that holds them all.
    """
    plan, dose = case.plan.dvhs.plan, case.plan.dose
    if plan is None or dose is None or dose.targets.partly_outside or case.plan.has_target_outside():
        return ANY_DOSE_GY
    return largest_dose_on_faces(plan)


def _with_outside_at(dvh: DVH, at_gy: float) -> DVH:
    """The DVH as it were if all that lies outside the dose grid, which counts at 0 Gy, received a dose.

    ``V'(d) = V(d) + outside`` for every ``d`` from just above 0 to that dose, and ``V(d)`` beyond it.
    """
    outside, curve = dvh.uncovered_cc, dvh.curve
    upto = int(np.searchsorted(curve.dose_gy, at_gy, side="right"))
    there = curve.volume_at(np.array([at_gy]))
    raised = np.minimum(np.concatenate([curve.volume[:upto], there]) + outside, dvh.volume)
    hot = Curve(
        dose_gy=np.concatenate([curve.dose_gy[:upto], [at_gy, at_gy], curve.dose_gy[upto:]]),
        volume=np.concatenate([raised, there, curve.volume[upto:]]),
    )
    share = outside / dvh.volume
    mean, least = dvh.mean_gy.value + share * at_gy, min(dvh.min_gy.high, at_gy)
    return replace(
        dvh,
        curve=hot,
        lower=hot,
        upper=hot,
        mean_gy=Band(value=mean, low=mean, high=mean),
        min_gy=Band(value=least, low=least, high=least),
        max_gy=Band(value=max(dvh.max_gy.value, at_gy), low=dvh.max_gy.low, high=max(dvh.max_gy.high, at_gy)),
        uncovered_cc=0.0,
        alternatives=(),
        readings=(),
    )


def _not_judged(judged: _Judged, reason: Reason, detail: str) -> _Judged:
    """A row whose value stays, and whose verdict is withdrawn."""
    return replace(judged, verdict=Verdict.NOT_EVALUATED, reason=reason, detail=detail)


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
    if _is_smaller_than_threshold(row, dvh):
        small = _smallness(row, dvh)
        if any(finding.code in UNSURE_OF_VOLUME for finding in dvh.findings):
            why = NotMeasured(reason=Reason.CONTOURS_INCOMPLETE, detail=f"{small.text} It cannot be met by that here")
            return _not_evaluated(found, why, limits)
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
    """Pass or fail a limit only: a risk point is reported, a statement is met or not."""
    match row.kind:
        case Kind.LIMIT:
            return verdict
        case Kind.RISK:
            return Verdict.RISK
        case Kind.ADVISORY:
            return Verdict.MET if verdict in (Verdict.PASS, Verdict.VARIATION) else Verdict.NOT_MET


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


def lies_outside(dvh: DVH) -> bool:
    """Whether the dose grid has nothing to say of a structure."""
    return dvh.volume_unit is VolumeUnit.CC and dvh.uncovered_cc >= OUTSIDE_SHARE * dvh.volume


def _infeasible(row: Constraint, dvh: DVH) -> str:
    """Why an organ with too little volume cannot meet a critical-volume row; "" when it has enough."""
    metric = row.metric
    if dvh.volume_unit is not VolumeUnit.CC:
        return ""
    match metric:
        case DoseAtVolume(cold=True, volume_unit=Unit.CC) if row.is_upper:
            enough = has_volume(dvh, metric.volume)
        case VolumeAtDose(cold=True, unit=Unit.CC) if not row.is_upper:
            enough = _meets(row.sense, dvh.volume, row.limit)
        case _:
            enough = True
    return "" if enough else f"infeasible: the organ has only {dvh.volume:.4g} cc"


def _is_smaller_than_threshold(row: Constraint, dvh: DVH) -> bool:
    """Whether "no more than v cc above d" holds just because the structure is smaller than v cc."""
    metric = row.metric
    if not row.volume_threshold or dvh.volume_unit is not VolumeUnit.CC or not row.is_upper:
        return False
    if not isinstance(metric, DoseAtVolume) or metric.cold or metric.volume_unit is not Unit.CC:
        return False
    return not has_volume(dvh, metric.volume)


def _smallness(row: Constraint, dvh: DVH) -> Finding:
    asked = f"{row.metric.volume:g} cc" if isinstance(row.metric, DoseAtVolume) else str(row.metric)
    text = f"{dvh.volume:.4g} cc, smaller than {asked}: is the contour complete?"
    return Finding(code=FindingCode.SMALLER_THAN_LIMIT_VOLUME, text=text, subject=dvh.name)


def _margin(judged: _Judged) -> float | None:
    found = judged.measurement
    if isinstance(found, NotMeasured) or judged.limits is None:
        return None
    row = judged.limits.row
    return row.limit - found.value if row.is_upper else found.value - row.limit


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

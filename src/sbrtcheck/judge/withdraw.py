"""The result of a row by its value in; the same out, or without its verdict and with the reason for that.

A value may be right and yet say nothing of the organ: a part of the organ is missing, another structure may be it as
well, its contours can be read in two ways, or a part of it lies where there is no dose. Each of these questions is
asked in the same way: does the row get the same verdict whatever the answer is? If not, it gets none, for a verdict
that rests on a guess looks to a reader like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np

from sbrtcheck.dvh import DVH, Bounds, Curve, NoDVH, Reason, compute_dvhs, largest_dose_on_faces
from sbrtcheck.formatting import number_text
from sbrtcheck.judge.judged_plan import JudgedPlan
from sbrtcheck.judge.limits import depends_on_target
from sbrtcheck.judge.row import Case, RowResult, is_of_elements, judge_on, verdict_of
from sbrtcheck.judge.structures import MatchedDvh, PlanStructures, StructureKey, dvh_of
from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    MaxDoseAtDistance,
    Measurement,
    Metric,
    NotMeasured,
    Stat,
    StructureVolume,
    Unit,
    VolumeAtDose,
)
from sbrtcheck.plan import Finding, FindingCode, Prescription
from sbrtcheck.results.outcome import Verdict
from sbrtcheck.structure_names import RoiName, is_of_target

ANY_DOSE_GY = 1000.0
"""Where nothing bounds the dose: more than any course has, and still a number that metrics can be computed with."""

CopiesKey = tuple[tuple[StructureKey, ...], tuple[RoiName, ...]]
"""The structures that a row is judged on, and those that may be copies or parts of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDvhs:
    """The DVHs of what may be a copy or a part of a structure.

    ``together`` is that of the structure and all its copies as one; None where they cannot be joined.
    """

    alone: tuple[DVH, ...]
    are_all_measured: bool
    together: DVH | NoDVH | None


NO_COPIES = CopyDvhs(alone=(), are_all_measured=True, together=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDvhs:
    """Other DVHs that a verdict has to hold on as well, besides the one that it was given on.

    ``copies_of_target`` are of the target that limits depend on; ``outside_gy`` is the largest dose, Gy, that a volume
    outside the dose grid may receive.
    """

    copies: Mapping[CopiesKey, CopyDvhs]
    copies_of_target: CopyDvhs
    outside_gy: float


def compute_other_dvhs(cases: Sequence[Case], results: Sequence[RowResult], plan: JudgedPlan) -> OtherDvhs:
    """Compute the other DVHs that the verdicts of some cases have to hold on, each once for all of them."""
    pairs = zip(cases, results, strict=True)
    case_by_copies = {
        _copies_key(case): case
        for case, result in pairs
        if _must_judge_copies(_withdraw_if_part_missing(result, case), case)
    }
    target = plan.limit_target if any(depends_on_target(case.row, case.matched.organ) for case in cases) else None
    matches = [*(case.matched for case in case_by_copies.values()), *([target] if target else [])]
    dvh_by_key = dvhs_of_structures((copy for matched in matches for copy in matched.copies), plan.structures)
    copies = {key: _copy_dvhs(case.matched, dvh_by_key, plan) for key, case in case_by_copies.items()}
    judged_dvhs = [
        *(dvh for case in cases if isinstance(case.dvh, DVH) for dvh in (case.dvh, *case.dvh.readings)),
        *(copy_dvhs.together for copy_dvhs in copies.values() if isinstance(copy_dvhs.together, DVH)),
    ]
    is_needed = any(dvh.uncovered_cc > 0.0 for dvh in judged_dvhs)
    return OtherDvhs(
        copies=copies,
        copies_of_target=_copy_dvhs(target, dvh_by_key, plan) if target else NO_COPIES,
        outside_gy=_dose_outside_gy(plan) if is_needed else ANY_DOSE_GY,
    )


def withdraw_where_doubtful(result: RowResult, case: Case, other_dvhs: OtherDvhs) -> RowResult:
    """The result, without its verdict where one of the doubts could change it; the first such doubt is the reason."""
    # a missing part first: it needs no other DVH, and DVHs of copies are computed only for verdicts left by it
    result = _withdraw_if_part_missing(result, case)
    result = _withdraw_if_copies_differ(result, case, other_dvhs)
    result = _withdraw_if_readings_differ(result, case, other_dvhs)
    result = _withdraw_if_limits_differ(result, case, other_dvhs)
    return _withdraw_if_outside_decides(result, case, other_dvhs)


# A part of the organ is missing


def _withdraw_if_part_missing(result: RowResult, case: Case) -> RowResult:
    """No verdict on the parts of an organ that happen to be contoured, but one that the missing part cannot change.

    With more tissue, the volume at a dose and the volume below a dose only grow, and so does the dose of the hottest
    cc; the dose of the coldest cc only falls. So an upper limit on what grows that fails on a part fails on the whole
    organ, and a lower limit on it that is met on a part is met; of what falls the reverse. A mean, or a percentage, may
    go either way: a part that exceeds an upper limit is still reported as failed, and nothing passes.
    """
    if not case.matched.lacking or result.verdict in (Verdict.NOT_EVALUATED, Verdict.RISK):
        return result
    has_failed = result.verdict in (Verdict.FAIL, Verdict.NOT_MET)
    match with_more_tissue(case.row.metric):
        case Trend.EITHER:
            is_certain = has_failed and case.row.is_upper_limit
        case trend:
            is_certain = has_failed == ((trend is Trend.GROWS) == case.row.is_upper_limit)
    if is_certain:
        return result
    detail = f"{', '.join(case.matched.lacking)} is missing; the rest would come to {result.verdict}"
    return without_verdict(result, Reason.PART_MISSING, detail)


class Trend(Enum):
    """Which way the value of a metric can go when the structure gets larger."""

    GROWS = auto()
    FALLS = auto()
    EITHER = auto()


def with_more_tissue(metric: Metric) -> Trend:
    """Absolute volumes, and doses at them, go one way; what is a share of the structure may go either way."""
    match metric:
        case DoseAtVolume(volume_unit=Unit.CC, cold=cold):
            return Trend.FALLS if cold else Trend.GROWS
        case VolumeAtDose(unit=Unit.CC) | StructureVolume():
            return Trend.GROWS
        case DoseStatistic(stat=Stat.MAX):
            return Trend.GROWS
        case DoseStatistic(stat=Stat.MIN):
            return Trend.FALLS
        case _:
            return Trend.EITHER


# Another structure may be the organ as well, or a part of it


def _withdraw_if_copies_differ(result: RowResult, case: Case, other_dvhs: OtherDvhs) -> RowResult:
    """No pass on a structure beside which there is another of its name, but for a number, that would not pass with it.

    Such a structure may be an older version, a copy, or the other half of the organ, and no name tells which is meant.
    One that lies inside, or is as far within the limit, changes nothing.
    """
    if not _must_judge_copies(result, case):
        return result
    verdicts = _verdicts_with(other_dvhs.copies[_copies_key(case)], case, other_dvhs) - {result.verdict}
    if not verdicts:
        return result
    names = ", ".join(copy.name for copy in case.matched.copies)
    detail = (
        f"{names} may be a part of it, or be what is meant: {result.verdict} without, {', '.join(sorted(verdicts))}"
    )
    return without_verdict(result, Reason.STRUCTURE_AMBIGUOUS, f"{detail} with it")


def copy_findings(case: Case, result: RowResult, other_dvhs: OtherDvhs) -> tuple[Finding, ...]:
    """What the worst of the copies comes to, where it is further from meeting the limit than what is judged."""
    copies = other_dvhs.copies.get(_copies_key(case))
    if copies is None or isinstance(result.measurement, NotMeasured):
        return ()
    sign = 1.0 if case.row.is_upper_limit else -1.0
    measured = [(dvh.name, judge_on(case, dvh).measurement) for dvh in copies.alone]
    worst = max(
        ((name, value) for name, value in measured if isinstance(value, Measurement)),
        key=lambda pair: sign * pair[1].value,
        default=None,
    )
    if worst is None or sign * worst[1].value <= sign * result.measurement.value:
        return ()
    name, value = worst
    shown = f"{number_text(value.value)} {value.unit}"
    text = f"{case.row.metric_text}: {name}, by its name a copy or a part of it, has {shown}"
    return (Finding(code=FindingCode.NEAR_COPY, text=text, subject=case.matched.contour),)


def _must_judge_copies(result: RowResult, case: Case) -> bool:
    """Whether there are copies, and a verdict that they may change; a FAIL stays, whichever structure is the organ."""
    may_change = result.verdict not in (Verdict.NOT_EVALUATED, Verdict.FAIL)
    return bool(case.matched.copies) and isinstance(case.dvh, DVH) and may_change


def _copies_key(case: Case) -> CopiesKey:
    return case.matched.key, case.matched.copies


def _copy_dvhs(matched: MatchedDvh, dvh_by_key: Mapping[StructureKey, DVH | NoDVH], plan: JudgedPlan) -> CopyDvhs:
    if not matched.copies:
        return NO_COPIES
    dvhs_or_reasons = [dvh_by_key.get((copy.name, copy.number)) for copy in matched.copies]
    alone = tuple(dvh for dvh in dvhs_or_reasons if isinstance(dvh, DVH))
    can_be_joined = isinstance(matched.dvh, DVH) and bool(matched.dvh.made_of)
    together = plan.dvhs.union((matched.dvh, *alone)) if can_be_joined and isinstance(matched.dvh, DVH) else None
    return CopyDvhs(alone=alone, are_all_measured=len(alone) == len(dvhs_or_reasons), together=together)


def dvhs_of_structures(rois: Iterable[RoiName], structures: PlanStructures) -> dict[StructureKey, DVH | NoDVH]:
    """The DVHs of structures; those that nobody asked for yet are computed where the contours are known."""
    rois, dvhs = tuple(dict.fromkeys(rois)), structures.dvhs
    dvh_by_key = {key: structures.by_key[key] for roi in rois if (key := (roi.name, roi.number)) in structures.by_key}
    uncomputed = [roi for roi in rois if (roi.name, roi.number) not in dvh_by_key]
    if not uncomputed or dvhs.plan is None:
        return dvh_by_key
    computed = compute_dvhs(
        dvhs.plan,
        structures=frozenset(roi.name for roi in uncomputed),
        end_caps=dvhs.model.end_caps,
        between=dvhs.model.between,
        dose=dvhs.model.dose,
    )
    return dvh_by_key | {(roi.name, roi.number): dvh_of(roi.name, roi.number, computed) for roi in uncomputed}


def _verdicts_with(copies: CopyDvhs, case: Case, other_dvhs: OtherDvhs) -> set[Verdict]:
    """Verdicts of a row on the structure and its copies together; or, where they cannot be joined, on each copy."""
    of_unmeasured = set() if copies.are_all_measured else {Verdict.NOT_EVALUATED}
    match copies.together:
        case None:
            alone = {judge_on(case, dvh).verdict for dvh in copies.alone}
            return of_unmeasured | alone - {Verdict.NOT_EVALUATED}  # it may be too small for the metric by itself
        case DVH() as together:
            return of_unmeasured | _verdicts_on(together, case, other_dvhs)
        case NoDVH():
            return of_unmeasured | {Verdict.NOT_EVALUATED}


def _verdicts_on(dvh: DVH, case: Case, other_dvhs: OtherDvhs) -> set[Verdict]:
    """Verdicts of the row on another DVH of the structure, with no dose outside the dose grid and with the largest."""
    verdicts = {judge_on(case, dvh).verdict}
    if dvh.uncovered_cc > 0.0 and is_of_elements(case.row.metric):
        verdicts.add(judge_on(case, _with_outside_dose(dvh, other_dvhs.outside_gy)).verdict)
    return verdicts


# Contours can be read in two ways


def _withdraw_if_readings_differ(result: RowResult, case: Case, other_dvhs: OtherDvhs) -> RowResult:
    """No verdict where another reading of contours that contradict each other gives another one."""
    dvh = case.dvh
    if not isinstance(dvh, DVH) or result.verdict is Verdict.NOT_EVALUATED:
        return result
    verdicts = {verdict for reading in dvh.readings for verdict in _verdicts_on(reading, case, other_dvhs)}
    differing = sorted(verdicts - {result.verdict})
    if not differing:
        return result
    detail = f"contours overlap in part: {result.verdict} with what they enclose together, {', '.join(differing)}"
    return without_verdict(result, Reason.CONTOURS_CONTRADICTORY, f"{detail} where what two of them enclose is outside")


# The target that the limit depends on can be read in two ways, or another structure may be it


def _withdraw_if_limits_differ(result: RowResult, case: Case, other_dvhs: OtherDvhs) -> RowResult:
    """No verdict by a limit for the volume of a target that may have another volume, where that gives another one."""
    target = case.plan.limit_target
    if target is None or not depends_on_target(case.row, case.matched.organ):
        return result
    if result.verdict is Verdict.NOT_EVALUATED or not isinstance(target.dvh, DVH):
        return result

    def verdicts_by(targets: Iterable[DVH]) -> set[Verdict]:
        plans = (replace(case.plan, limit_target=replace(target, dvh=other)) for other in targets)
        return {judge_on(replace(case, plan=plan), case.dvh).verdict for plan in plans} - {result.verdict}

    limit_text = f"the limit depends on the volume of {target.contour}"
    if by_readings := verdicts_by(target.dvh.readings):
        detail = f"{limit_text}, whose contours overlap in part: {', '.join(sorted(by_readings))} by another reading"
        return without_verdict(result, Reason.CONTOURS_CONTRADICTORY, detail)
    if result.verdict is Verdict.FAIL:
        return result
    copies = other_dvhs.copies_of_target
    together = (copies.together,) if isinstance(copies.together, DVH) else ()
    by_copies = verdicts_by((*copies.alone, *together))
    if not copies.are_all_measured or isinstance(copies.together, NoDVH):
        by_copies.add(Verdict.NOT_EVALUATED)
    if not by_copies:
        return result
    names = ", ".join(copy.name for copy in target.copies)
    detail = f"{limit_text}, of which {names} may be a part, or be what is meant: {', '.join(sorted(by_copies))} by it"
    return without_verdict(result, Reason.STRUCTURE_AMBIGUOUS, detail)


# A part of the structure lies where there is no dose


def _withdraw_if_outside_decides(result: RowResult, case: Case, other_dvhs: OtherDvhs) -> RowResult:
    """No verdict where dose outside the dose grid, of which nothing is known, could change it."""
    dvh = case.dvh
    if not isinstance(dvh, DVH) or result.verdict is Verdict.NOT_EVALUATED:
        return result
    if isinstance(case.row.metric, MaxDoseAtDistance):
        return _withdraw_if_grid_ends_early(result, case)
    if dvh.uncovered_cc <= 0.0 or not is_of_elements(case.row.metric):
        return result
    at_gy = other_dvhs.outside_gy
    if judge_on(case, _with_outside_dose(dvh, at_gy)).verdict is result.verdict:
        return result
    bound = "any dose, for a target lies outside too" if at_gy == ANY_DOSE_GY else f"{at_gy:.4g} Gy"
    detail = f"{outside_percent(dvh):.3g} % of it lies outside the dose grid, where it may receive {bound}"
    return without_verdict(result, Reason.PARTLY_OUTSIDE_GRID, detail)


def _withdraw_if_grid_ends_early(result: RowResult, case: Case) -> RowResult:
    """The same for the largest dose at a distance from the target: the grid may end before the distance is reached.

    Where it does not, the faces of the grid are at the distance themselves, and have no more dose than was measured.
    """
    measured, limits, plan, dvh = result.measurement, result.limits, case.plan.dvhs.plan, case.dvh
    if isinstance(measured, NotMeasured) or limits is None or plan is None or isinstance(dvh, NotMeasured):
        return result
    rx = plan.prescription
    units_per_gy = 100.0 / rx.dose_gy if measured.unit is Unit.PERCENT_RX and isinstance(rx, Prescription) else 1.0
    at_gy = ANY_DOSE_GY if dvh.uncovered_cc > 0.0 else largest_dose_on_faces(plan)
    if verdict_of(limits.row, limits.limit, max(measured.value, at_gy * units_per_gy)) is result.verdict:
        return result
    detail = (
        f"{case.row.metric}: the dose grid ends too near to {case.matched.contour}, and beyond it there may be more"
    )
    return without_verdict(result, Reason.PARTLY_OUTSIDE_GRID, detail)


def _dose_outside_gy(plan: JudgedPlan) -> float:
    """The largest dose, Gy, that a volume outside the dose grid may receive.

    It falls off with the distance from the targets, so it is no larger than on the faces of a grid that holds them all.
    """
    source_plan = plan.dvhs.plan
    if source_plan is None or plan.dose.targets.partly_outside or _has_target_outside(plan.structures):
        return ANY_DOSE_GY
    return largest_dose_on_faces(source_plan)


def _has_target_outside(structures: PlanStructures) -> bool:
    """Whether anything that may be a target, a planner's helper too, lies outside the dose grid at least in part."""
    possible_targets = [roi for roi in structures.matches.structures if roi.contoured and is_of_target(roi)]
    dvhs = dvhs_of_structures(possible_targets, structures)
    return any(not isinstance(dvh, DVH) or dvh.uncovered_cc > 0.0 for dvh in dvhs.values())


def _with_outside_dose(dvh: DVH, at_gy: float) -> DVH:
    """The DVH as it were if all that lies outside the dose grid, which counts at 0 Gy, received a dose.

    ``V'(d) = V(d) + outside`` for every ``d`` from just above 0 to that dose, and ``V(d)`` above it.
    """
    outside, curve = dvh.uncovered_cc, dvh.curve
    # "left": at a step of just that dose all of its points come after, for they are of what is above it as well
    count = int(np.searchsorted(curve.dose_gy, at_gy, side="left"))
    volume_at_dose = curve.volume_at(np.array([at_gy]))
    raised_volume = np.minimum(np.concatenate([curve.volume[:count], volume_at_dose]) + outside, dvh.volume)
    raised_curve = Curve(
        dose_gy=np.concatenate([curve.dose_gy[:count], [at_gy, at_gy], curve.dose_gy[count:]]),
        volume=np.concatenate([raised_volume, volume_at_dose, curve.volume[count:]]),
    )
    share = outside / dvh.volume
    mean_gy, min_gy = dvh.mean_gy.value + share * at_gy, min(dvh.min_gy.high, at_gy)
    return replace(
        dvh,
        curve=raised_curve,
        lower=raised_curve,
        upper=raised_curve,
        mean_gy=Bounds(value=mean_gy, low=mean_gy, high=mean_gy),
        min_gy=Bounds(value=min_gy, low=min_gy, high=min_gy),
        max_gy=Bounds(value=max(dvh.max_gy.value, at_gy), low=dvh.max_gy.low, high=max(dvh.max_gy.high, at_gy)),
        uncovered_cc=0.0,
        alternatives=(),
        readings=(),
    )


def without_verdict(result: RowResult, reason: Reason, detail: str) -> RowResult:
    """The result with its value, and with a reason in place of its verdict."""
    return replace(result, verdict=Verdict.NOT_EVALUATED, reason=reason, detail=detail)


def outside_percent(dvh: DVH | NotMeasured) -> float:
    """Share of a structure that lies outside the dose grid, in percent of its volume."""
    return 100.0 * dvh.uncovered_cc / dvh.volume if isinstance(dvh, DVH) and dvh.uncovered_cc > 0.0 else 0.0

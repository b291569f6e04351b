"""What a row came to by its value in; the same out, or its verdict withdrawn, with the reason.

A value may be right and yet say nothing of the organ: a part of the organ is missing, another structure may be it as
well, its contours can be read in two ways, or a part of it lies where there is no dose. Each of these is asked in the
same way: does the row come to the same whatever the answer is? If not, it has no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np

from sbrtcheck.dvh import DVH, Bounds, Curve, NoDVH, Reason, compute_dvhs, largest_dose_on_faces
from sbrtcheck.judge.judged_plan import JudgedPlan
from sbrtcheck.judge.row import Case, Judged, is_of_elements, judge_on, verdict_of
from sbrtcheck.judge.structures import PlanStructures, StructureKey, dvh_of
from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    MaxDoseAtDistance,
    Metric,
    NotMeasured,
    Stat,
    StructureVolume,
    Unit,
    VolumeAtDose,
)
from sbrtcheck.plan import Prescription
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDvhs:
    """What verdicts are tried on besides the DVHs that they stand on.

    ``outside_gy`` is the dose that what lies outside the dose grid may receive, Gy.
    """

    copies: Mapping[CopiesKey, CopyDvhs]
    outside_gy: float


def other_dvhs(cases: Sequence[Case], judged: Sequence[Judged], plan: JudgedPlan) -> OtherDvhs:
    """Compute what the verdicts of some cases have to be tried on, each once for all of them."""
    pairs = zip(cases, judged, strict=True)
    tried = {
        _copies_key(case): case for case, by_value in pairs if _has_to_try_copies(_unless_in_part(by_value, case), case)
    }
    measured = _dvhs_of((copy for case in tried.values() for copy in case.matched.copies), plan.structures)
    copies = {key: _copy_dvhs(case, measured, plan) for key, case in tried.items()}
    reach_outside = [
        *(dvh for case in cases if isinstance(case.dvh, DVH) for dvh in (case.dvh, *case.dvh.readings)),
        *(one.together for one in copies.values() if isinstance(one.together, DVH)),
    ]
    is_asked = any(dvh.uncovered_cc > 0.0 for dvh in reach_outside)
    return OtherDvhs(copies=copies, outside_gy=_dose_outside_gy(plan) if is_asked else ANY_DOSE_GY)


def unless_withdrawn(judged: Judged, case: Case, others: OtherDvhs) -> Judged:
    """What is left of a verdict when every doubt has been looked at."""
    judged = _unless_in_part(judged, case)
    judged = _unless_copied(judged, case, others)
    judged = _unless_contradicted(judged, case, others)
    return _unless_outside(judged, case, others)


# A part of the organ is missing


def _unless_in_part(judged: Judged, case: Case) -> Judged:
    """No verdict on the parts of an organ that happen to be contoured, but one that the missing part cannot turn.

    With more tissue, the volume at a dose and the volume below a dose only grow, and so does the dose of the hottest
    cc; the dose of the coldest cc only falls. So an upper limit on what grows that fails on a part fails on the whole
    organ, and a lower limit on it that is met on a part is met; of what falls the reverse. A mean, or a percentage, may
    go either way: an upper limit beyond which the part lies is still reported as failed, and nothing passes.
    """
    if not case.matched.lacking or judged.verdict in (Verdict.NOT_EVALUATED, Verdict.RISK):
        return judged
    failed = judged.verdict in (Verdict.FAIL, Verdict.NOT_MET)
    match _with_more_tissue(case.row.metric):
        case _Trend.EITHER:
            certain = failed and case.row.is_upper_limit
        case trend:
            certain = failed == ((trend is _Trend.GROWS) == case.row.is_upper_limit)
    if certain:
        return judged
    detail = f"{', '.join(case.matched.lacking)} is missing; the rest would come to {judged.verdict}"
    return withdrawn(judged, Reason.PART_MISSING, detail)


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


# Another structure may be the organ as well, or a part of it


def _unless_copied(judged: Judged, case: Case, others: OtherDvhs) -> Judged:
    """No pass on a structure beside which there is another of its name, but for a number, that would not pass with it.

    Such a structure may be an older version, a copy, or the other half of the organ. One that lies inside, or is as far
    within the limit, changes nothing.
    """
    if not _has_to_try_copies(judged, case):
        return judged
    verdicts = _verdicts_with(others.copies[_copies_key(case)], case, others) - {judged.verdict}
    if not verdicts:
        return judged
    names = ", ".join(copy.name for copy in case.matched.copies)
    detail = (
        f"{names} may be a part of it, or be what is meant: {judged.verdict} without, {', '.join(sorted(verdicts))}"
    )
    return withdrawn(judged, Reason.STRUCTURE_AMBIGUOUS, f"{detail} with it")


def _has_to_try_copies(judged: Judged, case: Case) -> bool:
    """Whether there are copies, and a verdict that they may turn; a FAIL stands, whatever else is the organ."""
    may_turn = judged.verdict not in (Verdict.NOT_EVALUATED, Verdict.FAIL)
    return bool(case.matched.copies) and isinstance(case.dvh, DVH) and may_turn


def _copies_key(case: Case) -> CopiesKey:
    return case.matched.key, case.matched.copies


def _copy_dvhs(case: Case, measured: Mapping[StructureKey, DVH | NoDVH], plan: JudgedPlan) -> CopyDvhs:
    of_copies = [measured.get((copy.name, copy.number)) for copy in case.matched.copies]
    alone = tuple(dvh for dvh in of_copies if isinstance(dvh, DVH))
    can_be_joined = isinstance(case.dvh, DVH) and bool(case.dvh.made_of)
    together = plan.dvhs.union((case.dvh, *alone)) if can_be_joined and isinstance(case.dvh, DVH) else None
    return CopyDvhs(alone=alone, are_all_measured=len(alone) == len(of_copies), together=together)


def _dvhs_of(rois: Iterable[RoiName], structures: PlanStructures) -> dict[StructureKey, DVH | NoDVH]:
    """The DVHs of structures; computed where nobody asked for them yet and that can be done."""
    rois, dvhs = tuple(dict.fromkeys(rois)), structures.dvhs
    known = {key: structures.by_key[key] for roi in rois if (key := (roi.name, roi.number)) in structures.by_key}
    lacking = [roi for roi in rois if (roi.name, roi.number) not in known]
    if not lacking or dvhs.plan is None:
        return known
    computed = compute_dvhs(
        dvhs.plan,
        structures=frozenset(roi.name for roi in lacking),
        end_caps=dvhs.model.end_caps,
        between=dvhs.model.between,
        dose=dvhs.model.dose,
    )
    return known | {(roi.name, roi.number): dvh_of(roi.name, roi.number, computed) for roi in lacking}


def _verdicts_with(copies: CopyDvhs, case: Case, others: OtherDvhs) -> set[Verdict]:
    """What a row comes to on the structure and its copies together; or, where they cannot be joined, on each copy."""
    lacking = set() if copies.are_all_measured else {Verdict.NOT_EVALUATED}
    match copies.together:
        case None:
            alone = {judge_on(case, dvh).verdict for dvh in copies.alone}
            return lacking | alone - {Verdict.NOT_EVALUATED}  # it may be too small for the metric by itself
        case DVH() as together:
            return lacking | _verdicts_on(together, case, others)
        case NoDVH():
            return lacking | {Verdict.NOT_EVALUATED}


def _verdicts_on(dvh: DVH, case: Case, others: OtherDvhs) -> set[Verdict]:
    """What the row comes to on another DVH of the structure, whatever dose there is beyond the dose grid."""
    verdicts = {judge_on(case, dvh).verdict}
    if dvh.uncovered_cc > 0.0 and is_of_elements(case.row.metric):
        verdicts.add(judge_on(case, _with_outside_at(dvh, others.outside_gy)).verdict)
    return verdicts


# Contours can be read in two ways


def _unless_contradicted(judged: Judged, case: Case, others: OtherDvhs) -> Judged:
    """No verdict where another reading of contours that contradict each other comes to another one."""
    dvh = case.dvh
    if not isinstance(dvh, DVH) or judged.verdict is Verdict.NOT_EVALUATED:
        return judged
    verdicts = {verdict for reading in dvh.readings for verdict in _verdicts_on(reading, case, others)}
    differing = sorted(verdicts - {judged.verdict})
    if not differing:
        return judged
    detail = f"contours overlap in part: {judged.verdict} with what they enclose together, {', '.join(differing)}"
    return withdrawn(judged, Reason.CONTOURS_CONTRADICTORY, f"{detail} where what two of them enclose is outside")


# A part of the structure lies where there is no dose


def _unless_outside(judged: Judged, case: Case, others: OtherDvhs) -> Judged:
    """No verdict where dose beyond the dose grid, of which nothing is known, could come to another one."""
    dvh = case.dvh
    if not isinstance(dvh, DVH) or judged.verdict is Verdict.NOT_EVALUATED:
        return judged
    if isinstance(case.row.metric, MaxDoseAtDistance):
        return _unless_beyond_the_grid(judged, case)
    if dvh.uncovered_cc <= 0.0 or not is_of_elements(case.row.metric):
        return judged
    at_gy = others.outside_gy
    if judge_on(case, _with_outside_at(dvh, at_gy)).verdict is judged.verdict:
        return judged
    bound = "any dose, for a target lies outside too" if at_gy == ANY_DOSE_GY else f"{at_gy:.4g} Gy"
    detail = f"{outside_percent(dvh):.3g} % of it lies outside the dose grid, where it may receive {bound}"
    return withdrawn(judged, Reason.PARTLY_OUTSIDE_GRID, detail)


def _unless_beyond_the_grid(judged: Judged, case: Case) -> Judged:
    """The same for the largest dose at a distance from the target: the grid may end before the distance is reached.

    Where it does not, its faces are at the distance themselves, and their dose is not more than what was found.
    """
    measured, limits, plan, dvh = judged.measurement, judged.limits, case.plan.dvhs.plan, case.dvh
    if isinstance(measured, NotMeasured) or limits is None or plan is None or isinstance(dvh, NotMeasured):
        return judged
    rx = plan.prescription
    of_a_gy = 100.0 / rx.dose_gy if measured.unit is Unit.PERCENT_RX and isinstance(rx, Prescription) else 1.0
    at_gy = ANY_DOSE_GY if dvh.uncovered_cc > 0.0 else largest_dose_on_faces(plan)
    if verdict_of(limits.row, limits.limit, max(measured.value, at_gy * of_a_gy)) is judged.verdict:
        return judged
    detail = (
        f"{case.row.metric}: the dose grid ends too near to {case.matched.contour}, and beyond it there may be more"
    )
    return withdrawn(judged, Reason.PARTLY_OUTSIDE_GRID, detail)


def _dose_outside_gy(plan: JudgedPlan) -> float:
    """The dose that what lies outside the dose grid may receive, Gy.

    It falls off with the distance from the targets, so it is no larger than on the faces of a grid that holds them all.
    """
    with_dose = plan.dvhs.plan
    if with_dose is None or plan.dose.targets.partly_outside or _has_target_outside(plan.structures):
        return ANY_DOSE_GY
    return largest_dose_on_faces(with_dose)


def _has_target_outside(structures: PlanStructures) -> bool:
    """Whether anything that may be a target, a planner's helper too, lies beyond the dose grid at least in part."""
    may_be = [roi for roi in structures.matches.structures if roi.contoured and is_of_target(roi)]
    dvhs = _dvhs_of(may_be, structures)
    return any(not isinstance(dvh, DVH) or dvh.uncovered_cc > 0.0 for dvh in dvhs.values())


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
        mean_gy=Bounds(value=mean, low=mean, high=mean),
        min_gy=Bounds(value=least, low=least, high=least),
        max_gy=Bounds(value=max(dvh.max_gy.value, at_gy), low=dvh.max_gy.low, high=max(dvh.max_gy.high, at_gy)),
        uncovered_cc=0.0,
        alternatives=(),
        readings=(),
    )


def withdrawn(judged: Judged, reason: Reason, detail: str) -> Judged:
    """A row whose value stays, and whose verdict is withdrawn."""
    return replace(judged, verdict=Verdict.NOT_EVALUATED, reason=reason, detail=detail)


def outside_percent(dvh: DVH | NotMeasured) -> float:
    """Share of a structure that lies outside the dose grid, in percent of its volume."""
    return 100.0 * dvh.uncovered_cc / dvh.volume if isinstance(dvh, DVH) and dvh.uncovered_cc > 0.0 else 0.0

"""What a row came to on the structure taken in; the same out, or its verdict withdrawn, with the reason.

A value may be right and yet say nothing of the organ: a part of the organ is missing, another structure may be it as
well, its contours can be read in two ways, or a part of it lies where there is no dose. Each of these is asked in the
same way: does the row come to the same whatever the answer is? If not, it has no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

import numpy as np

from sbrtcheck.dvh import DVH, Bounds, Curve, Reason, largest_dose_on_faces
from sbrtcheck.judge.row import Case, Judged, is_of_elements, judge_on, verdict_of
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
from sbrtcheck.structure_names import RoiName

ANY_DOSE_GY = 1000.0
"""Where nothing bounds the dose: more than any course has, and still a number that metrics can be computed with."""


def _unless_in_part(judged: Judged, case: Case) -> Judged:
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
            certain = failed and case.row.is_upper_limit
        case trend:
            certain = failed == ((trend is _Trend.GROWS) == case.row.is_upper_limit)
    if certain:
        return judged
    detail = f"{', '.join(case.taken.lacking)} is missing; the rest would come to {judged.verdict}"
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


def _unless_copied(judged: Judged, case: Case) -> Judged:
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
    return withdrawn(judged, Reason.STRUCTURE_AMBIGUOUS, f"{detail} with it")


def _verdicts_with(copies: Sequence[RoiName], dvh: DVH, case: Case) -> set[Verdict]:
    """What a row comes to on the structure and its copies together; or, where they cannot be joined, on each copy."""
    others = [case.plan.of_roi(copy) for copy in copies]
    measured = [one for one in others if isinstance(one, DVH)]
    lacking = {Verdict.NOT_EVALUATED} if len(measured) < len(others) else set()
    if not dvh.made_of:
        alone = {judge_on(case, one).verdict for one in measured}
        return lacking | alone - {Verdict.NOT_EVALUATED}  # it may be too small for the metric by itself
    together = case.plan.union((dvh, *measured))
    return lacking | (_verdicts_on(together, case) if isinstance(together, DVH) else {Verdict.NOT_EVALUATED})


def _verdicts_on(dvh: DVH, case: Case) -> set[Verdict]:
    """What the row comes to on another DVH of the structure, whatever dose there is beyond the dose grid."""
    found = {judge_on(case, dvh).verdict}
    if dvh.uncovered_cc > 0.0 and is_of_elements(case.row.metric):
        found.add(judge_on(case, _with_outside_at(dvh, _dose_outside_gy(case))).verdict)
    return found


def _unless_contradicted(judged: Judged, case: Case) -> Judged:
    """No verdict where another reading of contours that contradict each other comes to another one."""
    dvh = case.dvh
    if not isinstance(dvh, DVH) or judged.verdict is Verdict.NOT_EVALUATED:
        return judged
    others = {verdict for reading in dvh.readings for verdict in _verdicts_on(reading, case)} - {judged.verdict}
    if not others:
        return judged
    detail = f"contours overlap in part: {judged.verdict} with what they enclose together, {', '.join(sorted(others))}"
    return withdrawn(judged, Reason.CONTOURS_CONTRADICTORY, f"{detail} where what two of them enclose is outside")


def _unless_outside(judged: Judged, case: Case) -> Judged:
    """No verdict where dose beyond the dose grid, of which nothing is known, could come to another one."""
    dvh = case.dvh
    if not isinstance(dvh, DVH) or judged.verdict is Verdict.NOT_EVALUATED:
        return judged
    if isinstance(case.row.metric, MaxDoseAtDistance):
        return _unless_beyond_the_grid(judged, case)
    if dvh.uncovered_cc <= 0.0 or not is_of_elements(case.row.metric):
        return judged
    at_gy = _dose_outside_gy(case)
    if judge_on(case, _with_outside_at(dvh, at_gy)).verdict is judged.verdict:
        return judged
    bound = "any dose, for a target lies outside too" if at_gy == ANY_DOSE_GY else f"{at_gy:.4g} Gy"
    detail = f"{outside_percent(dvh):.3g} % of it lies outside the dose grid, where it may receive {bound}"
    return withdrawn(judged, Reason.PARTLY_OUTSIDE_GRID, detail)


def _unless_beyond_the_grid(judged: Judged, case: Case) -> Judged:
    """The same for the largest dose at a distance from the target: the grid may end before the distance is reached.

    Where it does not, its faces are at the distance themselves, and their dose is not more than what was found.
    """
    found, limits, plan, dvh = judged.measurement, judged.limits, case.plan.dvhs.plan, case.dvh
    if isinstance(found, NotMeasured) or limits is None or plan is None or isinstance(dvh, NotMeasured):
        return judged
    rx = plan.prescription
    of_a_gy = 100.0 / rx.dose_gy if found.unit is Unit.PERCENT_RX and isinstance(rx, Prescription) else 1.0
    at_gy = ANY_DOSE_GY if dvh.uncovered_cc > 0.0 else largest_dose_on_faces(plan)
    if verdict_of(limits.row, limits.limit, max(found.value, at_gy * of_a_gy)) is judged.verdict:
        return judged
    detail = f"{case.row.metric}: the dose grid ends too near to {case.taken.contour}, and beyond it there may be more"
    return withdrawn(judged, Reason.PARTLY_OUTSIDE_GRID, detail)


def _dose_outside_gy(case: Case) -> float:
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


def settled(judged: Judged, case: Case) -> Judged:
    """What is left of a verdict when every doubt has been asked."""
    for doubted in (_unless_in_part, _unless_copied, _unless_contradicted, _unless_outside):
        judged = doubted(judged, case)
    return judged

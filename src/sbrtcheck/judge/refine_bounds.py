"""Rows in; the same rows on bounds refined as closely as their values are printed, and to decide them, out.

Bounds are refined only where a row needs it, and only as far. The cheapest way comes first, for the last one costs
eight times the work at each step:

1. A metric of the whole plan: isodose volumes with refined bounds, found once for all rows that use them.
2. A metric that is a point on the curve of a structure (a dose at a volume, a volume at a dose): the elements that the
   isodose of its value crosses, until the bounds are close to the value (`metric.close_bounds`).
3. The same where that leaves the verdict undecided: the elements that the isodose of the limit crosses.
4. A gEUD, or a mean of EQD2 or BED: a pass over all elements, halved where that is not close or leaves the verdict
   undecided (`dvh.power_means`).
5. Any other metric of a structure (a mean) that leaves a verdict undecided: all elements, halved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sbrtcheck.chart.points import CurvePoint
from sbrtcheck.dvh import (
    DVH,
    OF_DOSE,
    SAME_DOSE,
    DoseSought,
    DVHSet,
    Isoeffect,
    MeanSought,
    Question,
    VolumeSought,
    isoeffect,
)
from sbrtcheck.judge.row import Case, in_quantity, is_borderline, is_of_elements, judge_on, with_isodoses
from sbrtcheck.judge.structures import StructureKey
from sbrtcheck.metric import Measurement, Metric, NotMeasured, OfPlan, Unit, VolumeAtDose, question_for_close_bounds
from sbrtcheck.radiobiology import Quantity, total_dose_for_bed, total_dose_for_eqd2
from sbrtcheck.tables.points import curve_point

REFINED_SHARE = 1e-4
"""Width of refined bounds of isodose volumes, as a share of the volume: for rows that wider ones leave undecided."""

CLOSE_BOUNDS = {
    Unit.GY: 0.01,
    Unit.PERCENT: 0.1,
    Unit.PERCENT_RX: 0.1,
    Unit.PERCENT_PTV: 0.1,
    Unit.RATIO: 0.001,
    Unit.COUNT: 0.0,
}
"""Bounds this close together, in the metric's unit, are not refined further."""

CLOSE_BOUNDS_CC_SHARE = 1e-3
"""The same for volumes in cc: a thousandth of the structure."""


def refine_cases(cases: Sequence[Case]) -> list[Case]:
    """The cases on bounds that are close to their values; closer where a verdict is undecided and they can decide it.

    Rows that are on the same structures are refined together, for their elements need to be found only once.
    """
    refined_cases = _refine_isodose_volumes(cases)
    places_of: dict[tuple[StructureKey, ...], list[int]] = {}
    for place, case in enumerate(refined_cases):
        if isinstance(case.dvh, DVH) and _is_measured(case, case.dvh):
            places_of.setdefault(case.matched.key, []).append(place)
    for places in places_of.values():
        refined_together = _refine_together([refined_cases[place] for place in places])
        for place, case in zip(places, refined_together, strict=True):
            refined_cases[place] = case
    return refined_cases


def _is_measured(case: Case, dvh: DVH) -> bool:
    """Whether a value of a DVH that was computed here is printed."""
    return case.blocked is None and dvh.sampling is not None


def _refine_together(cases: Sequence[Case]) -> list[Case]:
    """Measured cases on the DVH of one structure: their values first, then what is undecided still."""
    dvh, dvhs = cases[0].dvh, cases[0].plan.dvhs
    if isinstance(dvh, NotMeasured):
        return list(cases)
    refined_cases = _refine_values(cases, dvh, dvhs)
    undecided = [place for place, case in enumerate(refined_cases) if _is_undecided(case)]
    if undecided:
        decided = _refine_verdicts([refined_cases[place] for place in undecided], dvh, dvhs)
        for place, case in zip(undecided, decided, strict=True):
            refined_cases[place] = case
    return refined_cases


def _refine_values(cases: Sequence[Case], dvh: DVH, dvhs: DVHSet) -> list[Case]:
    """Cases on one DVH, each with bounds that are close to its value."""
    questions = {place: question for place, case in enumerate(cases) if (question := _question(case, dvh))}
    # rows of several tables often ask the same
    different = list(dict.fromkeys(questions.values()))
    refined = dict(zip(different, dvhs.narrowed(dvh, *different) or [dvh] * len(different), strict=True))
    return [
        _with_dvh(case, refined[questions[place]]) if place in questions else case for place, case in enumerate(cases)
    ]


def _question(case: Case, dvh: DVH) -> Question:
    """What to ask of the physical dose of a DVH so that the value of a row gets close bounds."""
    converted = in_quantity(case, dvh)
    if isinstance(converted, NotMeasured):
        return ()
    question = question_for_close_bounds(case.row.metric, converted)
    return tuple(_sought_in_physical_dose(sought, case.row.metric, converted) for sought in question)


def _sought_in_physical_dose(
    sought: DoseSought | VolumeSought | MeanSought, metric: Metric, dvh: DVH
) -> DoseSought | VolumeSought | MeanSought:
    """What is sought of a DVH in EQD2 or BED, as it is sought of the physical dose."""
    if isinstance(sought, MeanSought):
        return replace(sought, effect=_effect(dvh))
    to_physical_gy = _to_physical_gy(metric, dvh)
    if isinstance(sought, VolumeSought):
        return replace(sought, dose_gy=to_physical_gy(sought.dose_gy))
    near_gy = to_physical_gy(sought.near_gy)
    # effect rises faster than dose: what is close above is closer in physical dose than what is close below
    close_gy = to_physical_gy(sought.near_gy + sought.close_gy) - near_gy
    return replace(sought, near_gy=near_gy, close_gy=close_gy)


def _effect(dvh: DVH) -> Isoeffect:
    """What a DVH in EQD2 or BED has of the physical dose."""
    if dvh.alpha_beta_gy is None or dvh.prescription.fractions is None:
        return OF_DOSE
    return isoeffect(dvh.quantity, fractions=dvh.prescription.fractions, alpha_beta_gy=dvh.alpha_beta_gy)


def _refine_isodose_volumes(cases: Sequence[Case]) -> list[Case]:
    """The cases, with refined isodose volumes where the verdict depends on their bounds."""
    places = [
        place
        for place, case in enumerate(cases)
        if isinstance(case.row.metric, OfPlan) and is_borderline(judge_on(case, case.dvh))
    ]
    refined = with_isodoses([cases[place] for place in places], REFINED_SHARE)
    refined_by_place = dict(zip(places, refined, strict=True))
    return [refined_by_place.get(place, case) for place, case in enumerate(cases)]


def _refine_verdicts(cases: Sequence[Case], dvh: DVH, dvhs: DVHSet) -> list[Case]:
    """Undecided cases on one DVH: refined along the isodoses of their limits, else everywhere.

    The bounds of ``dvh`` are those of its elements; a case that has closer ones keeps these.
    """
    questions: dict[int, Question] = {
        place: question
        for place, case in enumerate(cases)
        if (question := _limit_points(case, dvh) or _mean_that_decides(case, dvh))
    }
    known = [of_case for place in questions if isinstance(of_case := cases[place].dvh, DVH)]
    # all limits in one call: one pass over the elements finds the cells of several isodoses
    refined_dvhs = dvhs.narrowed(dvh, *questions.values(), known=known) or known  # stored DVHs stay as they are
    on_questions = {
        place: _with_dvh(cases[place], refined_dvh) for place, refined_dvh in zip(questions, refined_dvhs, strict=True)
    }
    others = [place for place in range(len(cases)) if place not in questions]
    on_elements = dict(zip(others, _refine_elements([cases[place] for place in others], dvh, dvhs), strict=True))
    return [{**on_questions, **on_elements}[place] for place in range(len(cases))]


def _with_dvh(case: Case, dvh: DVH) -> Case:
    return replace(case, matched=replace(case.matched, dvh=dvh))


def _is_undecided(case: Case) -> bool:
    """Whether the verdict depends on where within its bounds a value lies, and refined bounds may tell."""
    result, dvh = judge_on(case, case.dvh), case.dvh
    return isinstance(dvh, DVH) and is_borderline(result) and not _are_bounds_close(result.measurement, dvh)


def _limit_points(case: Case, dvh: DVH) -> tuple[CurvePoint, ...]:
    """The limits of a row as points beside the curve of physical dose; none where they are no such points."""
    converted, limits = in_quantity(case, dvh), judge_on(case, dvh).limits
    if isinstance(converted, NotMeasured) or limits is None:
        return ()
    points = [
        curve_point(limits.row, converted, limit=limit, counts=True)
        for allowed in (limits.limit, *limits.limits_at_bounds)
        for limit in (allowed.limit, allowed.acceptable)
        if limit is not None
    ]
    to_physical_gy = _to_physical_gy(case.row.metric, converted)
    return tuple(
        replace(point, dose_gy=to_physical_gy(point.dose_gy)) for point in points if isinstance(point, CurvePoint)
    )


def _mean_that_decides(case: Case, dvh: DVH) -> Question:
    """What to ask of a row on a mean of powers, such as gEUD, that close bounds leave undecided."""
    means = [sought for sought in _question(case, dvh) if isinstance(sought, MeanSought)]
    return tuple(replace(sought, close_gy=min(sought.close_gy, CLOSE_BOUNDS[Unit.GY] / 2)) for sought in means)


def _to_physical_gy(metric: Metric, dvh: DVH) -> Callable[[float], float]:
    """Turns a dose of a DVH in EQD2 or BED into the physical dose over the plan's fractions that has this effect.

    Elements are of physical dose, so the isodose has to be too. A volume is read off at a dose that is less by
    `SAME_DOSE`, and that difference in EQD2 may be a larger one in physical dose.
    """
    ratio, fractions = dvh.alpha_beta_gy, dvh.prescription.fractions
    if ratio is None or fractions is None:
        return lambda dose_gy: dose_gy
    to_physical_dose = total_dose_for_eqd2 if dvh.quantity is Quantity.EQD2 else total_dose_for_bed
    less_gy = SAME_DOSE * float(dvh.curve.dose_gy[-1]) if isinstance(metric, VolumeAtDose) else 0.0
    return lambda dose_gy: to_physical_dose(max(dose_gy - less_gy, 0.0), fractions=fractions, alpha_beta_gy=ratio)


def _refine_elements(cases: Sequence[Case], dvh: DVH, dvhs: DVHSet) -> list[Case]:
    """Cases on one DVH, its elements halved while a verdict is undecided; a case whose verdict is decided stays."""
    refined_cases = list(cases)
    undecided = [place for place, case in enumerate(cases) if is_of_elements(case.row.metric)]
    while undecided:
        refined_dvh = dvhs.finer(dvh)
        if refined_dvh is None:
            break
        dvh = refined_dvh
        for place in undecided:
            refined_cases[place] = _with_dvh(refined_cases[place], dvh)
        undecided = [place for place in undecided if _is_undecided(refined_cases[place])]
    return refined_cases


def _are_bounds_close(measured: Measurement | NotMeasured, dvh: DVH) -> bool:
    """Whether bounds are close enough together: a limit between them is undecided for any practical purpose."""
    if isinstance(measured, NotMeasured):
        return True
    max_width = CLOSE_BOUNDS_CC_SHARE * dvh.volume if measured.unit is Unit.CC else CLOSE_BOUNDS[measured.unit]
    return measured.high - measured.low <= max_width

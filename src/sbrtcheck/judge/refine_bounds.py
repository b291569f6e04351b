"""Rows whose numerical bounds leave their verdict undecided in; the same rows on bounds narrow enough to decide it out.

Bounds are narrowed only where a verdict depends on it, and only as far as it does: along the isodose of a limit where
that is a point beside a curve, else by finer elements of the whole structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sbrtcheck.chart.points import CurvePoint
from sbrtcheck.dvh import DVH, SAME_DOSE, DVHSet
from sbrtcheck.judge.row import Case, in_quantity, is_borderline, is_of_elements, judge_on
from sbrtcheck.judge.structures import StructureKey
from sbrtcheck.metric import Measurement, Metric, NotMeasured, OfPlan, Unit, VolumeAtDose
from sbrtcheck.radiobiology import Quantity, total_dose_for_bed, total_dose_for_eqd2
from sbrtcheck.tables.points import curve_point

NARROW = {
    Unit.GY: 0.01,
    Unit.PERCENT: 0.1,
    Unit.PERCENT_RX: 0.1,
    Unit.PERCENT_PTV: 0.1,
    Unit.RATIO: 0.001,
    Unit.COUNT: 0.0,
}
"""Bounds this far apart, in the metric's unit, are not narrowed further."""

NARROW_CC_SHARE = 1e-3
"""The same for volumes in cc: a thousandth of the structure."""


def refined(cases: Sequence[Case]) -> list[Case]:
    """The cases on narrower bounds, where theirs leave the verdict undecided and narrower ones can decide it.

    Rows that are on the same structures are refined together: what their elements are is found out once.
    """
    refined_cases = [_with_refined_isodoses(case) for case in cases]
    places_of: dict[tuple[StructureKey, ...], list[int]] = {}
    for place, case in enumerate(refined_cases):
        if isinstance(case.dvh, DVH) and _is_undecided(case, case.dvh):
            places_of.setdefault(case.matched.key, []).append(place)
    for places in places_of.values():
        together = _refined_together([refined_cases[place] for place in places])
        for place, case in zip(places, together, strict=True):
            refined_cases[place] = case
    return refined_cases


def _with_refined_isodoses(case: Case) -> Case:
    """The case with narrower bounds of isodose volumes, where the verdict depends on them."""
    dvh = case.dvh
    if isinstance(dvh, DVH) and isinstance(case.row.metric, OfPlan) and is_borderline(judge_on(case, dvh)):
        return replace(case, plan=case.plan.with_refined_isodoses())
    return case


def _refined_together(cases: Sequence[Case]) -> list[Case]:
    """Undecided cases on the DVH of one structure: along the isodoses of their limits, else on finer elements."""
    dvh, dvhs = cases[0].dvh, cases[0].plan.dvhs
    if isinstance(dvh, NotMeasured):
        return list(cases)
    points = {place: beside for place, case in enumerate(cases) if (beside := _points(case, dvh))}
    narrowed = dvhs.narrowed(dvh, *points.values()) or [dvh] * len(points)  # none of a DVH that was not computed here
    on_points = {place: _on(cases[place], finer) for place, finer in zip(points, narrowed, strict=True)}
    left = [place for place in range(len(cases)) if place not in points]
    on_elements = dict(zip(left, _on_finer_elements([cases[place] for place in left], dvh, dvhs), strict=True))
    return [{**on_points, **on_elements}[place] for place in range(len(cases))]


def _on(case: Case, dvh: DVH) -> Case:
    return replace(case, matched=replace(case.matched, dvh=dvh))


def _is_undecided(case: Case, dvh: DVH) -> bool:
    """Whether the verdict depends on where within its bounds a value lies, and narrower bounds can be asked for."""
    judged = judge_on(case, dvh)
    return case.blocked is None and is_borderline(judged) and not _is_narrow(judged.measurement, dvh)


def _points(case: Case, dvh: DVH) -> tuple[CurvePoint, ...]:
    """The limits of a row as points beside the curve of physical dose; none where they are no such points."""
    asked, limits = in_quantity(case, dvh), judge_on(case, dvh).limits
    if isinstance(asked, NotMeasured) or limits is None:
        return ()
    points = [
        curve_point(limits.row, asked, limit=limit, counts=True)
        for possible in (limits.limit, *limits.or_else)
        for limit in (possible.limit, possible.acceptable)
        if limit is not None
    ]
    return tuple(_in_physical_dose(point, case.row.metric, asked) for point in points if isinstance(point, CurvePoint))


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


def _on_finer_elements(cases: Sequence[Case], dvh: DVH, dvhs: DVHSet) -> list[Case]:
    """Cases on one DVH, its elements halved as long as a verdict is undecided; each stops where its own is decided."""
    refined_cases = list(cases)
    undecided = [place for place, case in enumerate(cases) if is_of_elements(case.row.metric)]
    while undecided:
        finer = dvhs.finer(dvh)
        if finer is None:
            break
        dvh = finer
        for place in undecided:
            refined_cases[place] = _on(refined_cases[place], dvh)
        undecided = [place for place in undecided if _is_undecided(refined_cases[place], dvh)]
    return refined_cases


def _is_narrow(measured: Measurement | NotMeasured, dvh: DVH) -> bool:
    """Whether bounds are as narrow as anybody needs them."""
    if isinstance(measured, NotMeasured):
        return True
    enough = NARROW_CC_SHARE * dvh.volume if measured.unit is Unit.CC else NARROW[measured.unit]
    return measured.high - measured.low <= enough

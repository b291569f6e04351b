"""Rows whose bounds leave their verdict open in; the same rows on bounds narrow enough to close it out."""

from __future__ import annotations

from dataclasses import replace

from sbrtcheck.chart.points import CurvePoint
from sbrtcheck.dvh import DVH, SAME_DOSE
from sbrtcheck.judge.row import Case, in_quantity, is_borderline, is_of_elements, judge_on
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
"""Bands this wide, in the metric's unit, are not narrowed further."""


NARROW_CC_SHARE = 1e-3
"""The same for volumes in cc: a thousandth of the structure."""


def decided(cases: list[Case]) -> list[Case]:
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


def _on_sharper_isodoses(case: Case) -> Case:
    """The case with narrower bounds of isodose volumes, where the verdict hangs on them."""
    dvh = case.taken.dvh
    if isinstance(dvh, DVH) and isinstance(case.row.metric, OfPlan) and is_borderline(judge_on(case, dvh)):
        return replace(case, plan=case.plan.sharp())
    return case


def _on(case: Case, dvh: DVH) -> Case:
    return replace(case, taken=replace(case.taken, dvh=dvh))


def _is_open(case: Case, dvh: DVH) -> bool:
    """Whether the verdict hangs on where in its band a value lies, and the band is not as narrow as can be asked."""
    judged = judge_on(case, dvh)
    return case.blocked is None and is_borderline(judged) and not _is_narrow(judged.measurement, dvh)


def _points(case: Case, dvh: DVH) -> tuple[CurvePoint, ...]:
    """The limits of a row as points beside the curve of physical dose; none where they are no such points."""
    asked, limits = in_quantity(case, dvh), judge_on(case, dvh).limits
    if isinstance(asked, NotMeasured) or limits is None:
        return ()
    found = [
        curve_point(limits.row, asked, limit=limit, counts=True)
        for possible in (limits.limit, *limits.or_else)
        for limit in (possible.limit, possible.acceptable)
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


def _on_finer_elements(case: Case, dvh: DVH) -> Case:
    """The case on elements halved as long as its verdict is open."""
    while is_of_elements(case.row.metric) and _is_open(case, dvh):
        finer = case.plan.finer(dvh)
        if finer is None:
            break
        dvh = finer
    return _on(case, dvh)


def _is_narrow(found: Measurement | NotMeasured, dvh: DVH) -> bool:
    """Whether a band is as narrow as anybody needs it."""
    if isinstance(found, NotMeasured):
        return True
    enough = NARROW_CC_SHARE * dvh.volume if found.unit is Unit.CC else NARROW[found.unit]
    return found.high - found.low <= enough

"""Rows that are met, and structures that may belong to their organs by name, in; those that break the limit out.

``Bronchus_L`` beside ``Bronchus_Main`` may be a part of it, or more than it; who names an organ's structure said
nothing of its parts. No verdict depends on such a structure, but whoever reads a row that is met should know that it
would not be if the structure were of the organ. That follows from its value alone where more tissue can only add to
the metric: the organ has no less than its part. A percentage or a mean of it says nothing, and the two together are
judged as one: so is, for these, what lies inside the organ by its name. What another row of the table is judged on is
left out: that table tells the two apart, and its own row shows what it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, NoDVH
from sbrtcheck.formatting import number_text
from sbrtcheck.judge.refine_bounds import refine_cases
from sbrtcheck.judge.row import Case, RowResult, judge_on, measured_on, verdict_of
from sbrtcheck.judge.structures import StructureKey
from sbrtcheck.judge.withdraw import Trend, dvhs_of_structures, with_more_tissue
from sbrtcheck.metric import Measurement, NotMeasured, OfPlan, PrescriptionMetric, TargetCount
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.results.outcome import Verdict
from sbrtcheck.structure_names import RoiName
from sbrtcheck.tables import FixedLimit

_ROUNDING = 1e-6  # one contour, written twice, comes to the same but for the rounding of its corners
_MET = frozenset({Verdict.PASS, Verdict.VARIATION, Verdict.MET})


@dataclass(frozen=True, slots=True, kw_only=True)
class PerhapsPart:
    """What may belong to an organ, and would break ``limit``, which the organ keeps, if it did.

    ``measurement`` is its own, or, where ``is_together``, that of the organ with it.
    """

    name: str
    measurement: Measurement
    limit: float
    is_together: bool


_Together = dict[tuple[tuple[StructureKey, ...], StructureKey], DVH | NoDVH]


def perhaps_parts(cases: Sequence[Case], results: Sequence[RowResult]) -> list[tuple[PerhapsPart, ...]]:
    """What may belong to the organ of each case and would break its limit, in the order of cases, the worst first."""
    judged = {(case.table.id, *key) for case in cases for key in case.matched.key}
    asked = [
        tuple(roi for roi in _in_question(case, result) if (case.table.id, roi.name, roi.number) not in judged)
        for case, result in zip(cases, results, strict=True)
    ]
    rois = [roi for of_case in asked for roi in of_case]
    dvh_by_key = dvhs_of_structures(rois, cases[0].plan.structures) if rois else {}
    together: _Together = {}
    return [
        tuple(
            sorted(
                _breaking(case, result, of_case, dvh_by_key, together),
                key=lambda part: (-part.measurement.value, part.name),
            )
        )
        for case, result, of_case in zip(cases, results, asked, strict=True)
    ]


def _in_question(case: Case, result: RowResult) -> tuple[RoiName, ...]:
    """What may belong to the organ of a row that is met, and could break it."""
    row, matched = case.row, case.matched
    if result.verdict not in _MET or not row.is_upper_limit or result.limits is None:
        return ()
    match with_more_tissue(row.metric):
        case Trend.GROWS:
            return matched.perhaps
        case Trend.EITHER if not isinstance(row.metric, OfPlan | PrescriptionMetric | TargetCount):
            return tuple(dict.fromkeys((*matched.perhaps, *matched.inside)))
        case _:
            return ()


def _breaking(
    case: Case,
    result: RowResult,
    rois: Sequence[RoiName],
    dvh_by_key: Mapping[StructureKey, DVH | NoDVH],
    together: _Together,
) -> Iterator[PerhapsPart]:
    for roi in rois:
        dvh = dvh_by_key.get((roi.name, roi.number))
        if not isinstance(dvh, DVH):  # what is damaged has no value
            continue
        if with_more_tissue(case.row.metric) is Trend.GROWS:
            broken = _by_itself(case, result, dvh)
        else:
            broken = _with_the_organ(case, result, dvh, together)
        if broken is not None:
            yield broken


def _by_itself(case: Case, result: RowResult, dvh: DVH) -> PerhapsPart | None:
    own, limits, measured = result.measurement, result.limits, measured_on(case, dvh)
    # an organ that is met by being smaller than the volume of its limit has nothing at it
    own_value = 0.0 if isinstance(own, NotMeasured) else own.value * (1.0 + _ROUNDING)
    if limits is None or isinstance(measured, NotMeasured) or measured.value <= own_value:
        return None
    if verdict_of(limits.row, limits.limit, measured.value) is result.verdict:
        return None
    return PerhapsPart(
        name=dvh.name, measurement=measured, limit=_broken_limit(limits.limit, result.verdict), is_together=False
    )


def _with_the_organ(case: Case, result: RowResult, dvh: DVH, together: _Together) -> PerhapsPart | None:
    """The organ and the structure as one, beyond the bounds of both values, for the two are sampled anew."""
    own = result.measurement
    if not isinstance(case.dvh, DVH) or isinstance(own, NotMeasured):
        return None
    key = (case.matched.key, (dvh.name, dvh.number))
    if key not in together:
        together[key] = case.plan.dvhs.union((*case.matched.parts, dvh))
    joined = together[key]
    if not isinstance(joined, DVH):
        return None
    own_high = own.high * (1.0 + _ROUNDING)
    of_both = judge_on(case, joined)
    if isinstance(of_both.measurement, Measurement) and of_both.measurement.low <= own_high < of_both.measurement.value:
        (refined,) = refine_cases([replace(case, matched=replace(case.matched, dvh=joined, parts=(joined,)))])
        of_both = judge_on(case, refined.dvh)
    measured = of_both.measurement
    if isinstance(measured, NotMeasured) or measured.low <= own_high or of_both.limits is None:
        return None
    if of_both.verdict in (result.verdict, Verdict.NOT_EVALUATED):
        return None
    limit = _broken_limit(of_both.limits.limit, result.verdict)
    return PerhapsPart(name=dvh.name, measurement=measured, limit=limit, is_together=True)


def _broken_limit(fixed: FixedLimit, kept: Verdict) -> float:
    """The limit that the organ keeps: the acceptable one where it does not keep the other."""
    return fixed.acceptable if kept is Verdict.VARIATION and fixed.acceptable is not None else fixed.limit


def perhaps_findings(case: Case, result: RowResult, parts: Sequence[PerhapsPart]) -> Iterator[Finding]:
    """One finding, where the row is met still; the worst comes first."""
    if not parts or result.verdict not in _MET:
        return
    worst, unit = parts[0], parts[0].measurement.unit
    values = [(part.name, f"{number_text(part.measurement.value, part.limit)} {unit}") for part in parts]
    limit = f"the limit of {number_text(worst.limit)} {unit}"
    by_name, were = ("by its name", "was") if len(parts) == 1 else ("by their names", "were")
    if worst.is_together:
        comes_to = ", ".join(f"{value} with {name}" for name, value in values)
        names = ", ".join(name for name, _ in values)
        text = f"it would come to {comes_to}, beyond {limit}; {names} may belong to it {by_name}"
    else:
        names = ", ".join(f"{name} ({value})" for name, value in values)
        text = f"{names} may belong to it {by_name}, would break {limit}"
    text = f"{case.row.metric_text}: {text}, and {were} not judged by this row"
    yield Finding(code=FindingCode.PERHAPS_PART, text=text, subject=case.matched.contour)

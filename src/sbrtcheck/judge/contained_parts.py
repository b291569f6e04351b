"""Rows that are met, and structures that lie inside their organs by name, in; parts that have more than the whole out.

The hottest cc of an organ, and what of it receives a dose, only grow with more tissue. So a part that is contoured
under a name of its own, such as one rib, has no more than its organ has. Where it has, beyond the bounds of both
values, the organ's contour does not hold it. Where the part's value breaks the limit that the organ keeps, the row gets
no verdict; else the value stands beside it. Of percentages and means nothing follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, Reason
from sbrtcheck.formatting import number_text
from sbrtcheck.judge.refine_bounds import refine_cases
from sbrtcheck.judge.row import Case, RowResult, measured_on, verdict_of
from sbrtcheck.judge.sampling import SHOWN_SHARE, SMALLEST_SHOWN
from sbrtcheck.judge.withdraw import Trend, dvhs_of_structures, with_more_tissue, without_verdict
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.results.outcome import Verdict
from sbrtcheck.structure_names import RoiName

_ROUNDING = 1e-6  # one contour, written twice, comes to the same but for the rounding of its corners


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWithMore:
    """A part of an organ that has more than the whole; ``verdict`` is that of the row by the part's value."""

    name: str
    measurement: Measurement
    verdict: Verdict


def parts_with_more(cases: Sequence[Case], results: Sequence[RowResult]) -> list[tuple[PartWithMore, ...]]:
    """The parts of each case that have more than the whole, in the order of cases, the worst first.

    They are looked for where they may stand against a verdict; a part whose contours are damaged has no value.
    """
    asked = [_parts_in_question(case, result) for case, result in zip(cases, results, strict=True)]
    rois = [roi for of_case in asked for roi in of_case]
    dvh_by_key = dvhs_of_structures(rois, cases[0].plan.structures) if rois else {}
    found = []
    for case, result, of_case in zip(cases, results, asked, strict=True):
        dvhs = (dvh_by_key.get((roi.name, roi.number)) for roi in of_case)
        parts = [part for dvh in dvhs if isinstance(dvh, DVH) and (part := _part_with_more(case, result, dvh))]
        found.append(tuple(sorted(parts, key=lambda part: (-part.measurement.value, part.name))))
    return found


def _parts_in_question(case: Case, result: RowResult) -> tuple[RoiName, ...]:
    """What lies inside the organ of a row that is an upper limit on what only grows, and does not fail anyhow."""
    is_kept = result.verdict not in (Verdict.NOT_EVALUATED, Verdict.FAIL, Verdict.NOT_MET)
    if not is_kept or not case.row.is_upper_limit or with_more_tissue(case.row.metric) is not Trend.GROWS:
        return ()
    return case.matched.inside


def _part_with_more(case: Case, result: RowResult, dvh: DVH) -> PartWithMore | None:
    """The part, where its value lies beyond the bounds of both; these are refined where they leave it open."""
    own, limits = result.measurement, result.limits
    # an organ that is met by being smaller than the volume of its limit has nothing at it
    own_high = 0.0 if isinstance(own, NotMeasured) else own.high * (1.0 + _ROUNDING)
    measured = measured_on(case, dvh)
    if limits is None or isinstance(measured, NotMeasured) or measured.value <= own_high:
        return None
    if measured.low <= own_high:
        (on_part,) = refine_cases([replace(case, matched=replace(case.matched, dvh=dvh, parts=(dvh,)))])
        measured = measured_on(case, on_part.dvh) if isinstance(on_part.dvh, DVH) else measured
    if isinstance(measured, NotMeasured) or measured.low <= own_high:
        return None
    verdict = verdict_of(limits.row, limits.limit, measured.value)
    # a part that somebody drew by itself leaves the organ by a hair; what planes may put off too is not worth a line
    is_shown = measured.low - own_high > max(SHOWN_SHARE * measured.value, SMALLEST_SHOWN)
    is_needed = is_shown or verdict is not result.verdict
    return PartWithMore(name=dvh.name, measurement=measured, verdict=verdict) if is_needed else None


def withdraw_if_part_decides(result: RowResult, parts: Sequence[PartWithMore]) -> RowResult:
    """The result, without its verdict where a part that its contour does not hold has another one."""
    deciding = [part for part in parts if part.verdict is not result.verdict]
    if result.verdict is Verdict.NOT_EVALUATED or not deciding:
        return result
    names, verdicts = ", ".join(part.name for part in deciding), ", ".join(sorted({part.verdict for part in deciding}))
    detail = f"its contour does not hold {names}, by name a part of it and with more than the whole"
    return without_verdict(
        result, Reason.CONTOURS_INCOMPLETE, f"{detail}: {result.verdict} without, {verdicts} with it"
    )


def part_findings(case: Case, parts: Sequence[PartWithMore]) -> Iterator[Finding]:
    """What the worst of the parts with more than the whole comes to."""
    for part in parts[:1]:
        shown = f"{number_text(part.measurement.value)} {part.measurement.unit}"
        text = (
            f"{case.row.metric_text}: {part.name}, by its name a part of it, has {shown}, more than the whole: is the"
            " contour complete?"
        )
        yield Finding(code=FindingCode.PART_WITH_MORE, text=text, subject=case.matched.contour)

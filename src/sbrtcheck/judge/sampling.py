"""Judged rows in; how far contour planes, ends and dose grid may put the value of each off, as an estimate, out.

Each structure is filled in otherwise once for all rows on it. The estimate changes no verdict: `is_sensitive` says
where a reader has to see it, `decides` where another value within it would give another verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sbrtcheck.judge.row import Case, RowResult, depends_on_value_within, measured_on
from sbrtcheck.judge.structures import StructureKey
from sbrtcheck.metric import NotMeasured, OfPlan, PrescriptionMetric, TargetCount
from sbrtcheck.metric.sampling import (
    NoSamplingEstimate,
    Otherwise,
    SamplingEstimate,
    WhyNoEstimate,
    estimate,
    filled_otherwise,
)

SHOWN_SHARE = 0.02
"""An estimate of more than this share of the value is shown beside it."""

SMALLEST_SHOWN = 0.005
"""Less than this is nothing in the two decimals that values are printed with, of whatever unit."""

Uncertainty = SamplingEstimate | NoSamplingEstimate


def sampling_of(cases: Sequence[Case], results: Sequence[RowResult]) -> list[Uncertainty]:
    """The estimate for each case, or why there is none."""
    filled: dict[tuple[StructureKey, ...], Otherwise | NoSamplingEstimate] = {}
    return [_of_case(case, result, filled) for case, result in zip(cases, results, strict=True)]


def _of_case(
    case: Case, result: RowResult, filled: dict[tuple[StructureKey, ...], Otherwise | NoSamplingEstimate]
) -> Uncertainty:
    if isinstance(result.measurement, NotMeasured) or isinstance(case.dvh, NotMeasured):
        return NoSamplingEstimate(why=WhyNoEstimate.NO_VALUE)
    if isinstance(case.row.metric, OfPlan | PrescriptionMetric | TargetCount):
        return NoSamplingEstimate(why=WhyNoEstimate.WHOLE_PLAN, detail=f"{case.row.metric} is not of one structure")
    key = case.matched.key
    if key not in filled:
        filled[key] = filled_otherwise(case.plan.dvhs, case.dvh)
    return estimate(result.measurement, filled[key], partial(measured_on, case))


def is_sensitive(result: RowResult, uncertainty: Uncertainty) -> bool:
    """Whether the value may be off by more than a reader would think, or nobody knows by how much.

    The estimate exceeds `SHOWN_SHARE` of the value or reaches a limit, or the structure is on so few planes that there
    is none.
    """
    if isinstance(result.measurement, NotMeasured):
        return False
    if isinstance(uncertainty, NoSamplingEstimate):
        return uncertainty.why is WhyNoEstimate.TOO_FEW_PLANES
    half_width = uncertainty.half_width
    is_large = half_width > max(SHOWN_SHARE * abs(result.measurement.value), SMALLEST_SHOWN)
    return is_large or decides(result, uncertainty)


def decides(result: RowResult, uncertainty: Uncertainty) -> bool:
    """Whether another value within the estimate gives another verdict."""
    if isinstance(result.measurement, NotMeasured) or isinstance(uncertainty, NoSamplingEstimate):
        return False
    value, half_width = result.measurement.value, uncertainty.half_width
    return depends_on_value_within(result, value - half_width, value + half_width)

"""Comparisons of DVHs -> plain values, JSON-ready."""

from __future__ import annotations

from typing import Any

from sbrtcheck.dvh import CurveDistance
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.results.comparison import (
    Comparison,
    MetricDifference,
    NoComparison,
    NotCompared,
    StructureDifference,
    Unanswered,
    VerdictDifference,
)
from sbrtcheck.results.rounding import rounded


def compared_dict(found: Comparison | NoComparison) -> dict[str, Any]:
    """Give a comparison as values that JSON knows; ``with`` is None and ``reason`` says why where there is none."""
    if isinstance(found, NoComparison):
        return {"with": None, "reason": found.reason}
    return {
        "with": found.other,
        "reason": None,
        "structures": [structure_dict(one) for one in found.structures],
        "without": [not_compared_dict(one) for one in found.without],
        "verdicts": [_verdict_dict(one) for one in found.verdicts],
        "unanswered": [_unanswered_dict(one) for one in found.unanswered],
        "same_verdicts": found.same_verdicts,
        "not_asked": list(found.not_asked),
        "remarks": list(found.remarks),
    }


def structure_dict(one: StructureDifference) -> dict[str, Any]:
    """Give the differences of one structure; ``ours`` is the first of the two."""
    return {
        "name": one.name,
        "metrics": [metric_dict(metric) for metric in one.metrics],
        "curves": _curves_dict(one.curves),
        "conventions": [{"end_caps": c.end_caps, "volume_cc": rounded(c.volume_cc)} for c in one.conventions],
        "agrees_best": list(one.agrees_best),
    }


def metric_dict(one: MetricDifference) -> dict[str, Any]:
    """Give one metric, measured twice."""
    missing = next((side for side in (one.ours, one.theirs) if isinstance(side, NotMeasured)), None)
    return {
        "metric": str(one.metric),
        "quantity": str(one.quantity),
        "alpha_beta_gy": rounded(one.alpha_beta_gy),
        "unit": str(one.metric.unit),
        "ours": measured_dict(one.ours),
        "theirs": measured_dict(one.theirs),
        "difference": _number(one.difference),
        "percent": _number(one.percent),
        "within_bands": one.within_bands,
        "reason": str(missing.reason) if missing else None,
    }


def measured_dict(found: Measurement | NotMeasured) -> dict[str, float | None] | None:
    """Give a value with its band; None where there is none, no ``high`` where nothing bounds it."""
    if isinstance(found, NotMeasured):
        return None
    high = None if found.open_above else rounded(float(found.high))
    return {"value": rounded(float(found.value)), "low": rounded(float(found.low)), "high": high}


def not_compared_dict(one: NotCompared) -> dict[str, str]:
    """Give a structure that was not compared, and why."""
    return {"name": one.name, "reason": str(one.reason), "detail": one.detail}


def _number(found: float | NotMeasured) -> float | None:
    return None if isinstance(found, NotMeasured) else rounded(float(found))


def _curves_dict(found: CurveDistance) -> dict[str, float | None]:
    return {
        "volume_percent": rounded(found.volume_percent),
        "at_gy": rounded(found.at_gy),
        "dose_gy": rounded(found.dose_gy),
        "at_percent": rounded(found.at_percent),
    }


def _verdict_dict(one: VerdictDifference) -> dict[str, Any]:
    return {
        "table": one.table_id,
        "row": one.row_id,
        "organ": one.organ,
        "contour": one.contour,
        "sense": one.sense,
        "limit": rounded(one.limit),
        "verdict_ours": str(one.ours),
        "verdict_theirs": str(one.theirs),
        "under": one.under,
        **metric_dict(one.measured),
    }


def _unanswered_dict(one: Unanswered) -> dict[str, Any]:
    return {
        "table": one.table_id,
        "row": one.row_id,
        "organ": one.organ,
        "contour": one.contour,
        "metric": str(one.metric),
        "reason": str(one.reason) if one.reason else None,
        "detail": one.detail,
    }

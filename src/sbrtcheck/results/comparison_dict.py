"""Comparisons of DVHs -> JSON-ready dictionaries; as `sbrtcheck.results.to_dict`."""

from __future__ import annotations

from typing import Any

from sbrtcheck.dvh import CurveDistance
from sbrtcheck.metric import NotMeasured
from sbrtcheck.results.dvh_comparison import (
    Comparison,
    MetricDifference,
    NoComparison,
    NotCompared,
    StructureDifference,
    Unanswered,
    VerdictDifference,
)
from sbrtcheck.results.to_dict import measured_dict, rounded


def comparison_dict(comparison: Comparison | NoComparison) -> dict[str, Any]:
    """Give a comparison as values that JSON knows; ``with`` is None and ``reason`` says why where there is none."""
    if isinstance(comparison, NoComparison):
        return {"with": None, "reason": comparison.reason}
    return {
        "with": comparison.other,
        "reason": None,
        "structures": [structure_dict(item) for item in comparison.structures],
        "without": [not_compared_dict(item) for item in comparison.without],
        "verdicts": [_verdict_dict(item) for item in comparison.verdicts],
        "unanswered": [_unanswered_dict(item) for item in comparison.unanswered],
        "same_verdicts": comparison.same_verdicts,
        "not_asked": list(comparison.not_asked),
        "remarks": list(comparison.remarks),
    }


def structure_dict(structure: StructureDifference) -> dict[str, Any]:
    """Give the differences of one structure; ``ours`` is the first of the two."""
    return {
        "name": structure.name,
        "metrics": [_metric_dict(metric) for metric in structure.metrics],
        "curves": _curves_dict(structure.curves),
        "conventions": [{"end_caps": c.end_caps, "volume_cc": rounded(c.volume_cc)} for c in structure.conventions],
        "agrees_best": list(structure.agrees_best),
    }


def _metric_dict(metric: MetricDifference) -> dict[str, Any]:
    missing = next((side for side in (metric.ours, metric.theirs) if isinstance(side, NotMeasured)), None)
    return {
        "metric": str(metric.metric),
        "quantity": str(metric.quantity),
        "alpha_beta_gy": rounded(metric.alpha_beta_gy),
        "unit": str(metric.metric.unit),
        "ours": measured_dict(metric.ours),
        "theirs": measured_dict(metric.theirs),
        "difference": _number(metric.difference),
        "percent": _number(metric.percent),
        "within_bands": metric.within_bands,
        "reason": str(missing.reason) if missing else None,
    }


def not_compared_dict(structure: NotCompared) -> dict[str, str]:
    """Give a structure that was not compared, and why."""
    return {"name": structure.name, "reason": str(structure.reason), "detail": structure.detail}


def _number(difference: float | NotMeasured) -> float | None:
    return None if isinstance(difference, NotMeasured) else rounded(float(difference))


def _curves_dict(distance: CurveDistance) -> dict[str, float | None]:
    return {
        "volume_percent": rounded(distance.volume_percent),
        "at_gy": rounded(distance.at_gy),
        "dose_gy": rounded(distance.dose_gy),
        "at_percent": rounded(distance.at_percent),
    }


def _verdict_dict(row: VerdictDifference) -> dict[str, Any]:
    return {
        "table": row.table_id,
        "row": row.row_id,
        "organ": row.organ,
        "contour": row.contour,
        "sense": row.sense,
        "limit": rounded(row.limit),
        "verdict_ours": str(row.ours),
        "verdict_theirs": str(row.theirs),
        "under": row.under or "",
        **_metric_dict(row.measured),
    }


def _unanswered_dict(row: Unanswered) -> dict[str, Any]:
    return {
        "table": row.table_id,
        "row": row.row_id,
        "organ": row.organ,
        "contour": row.contour,
        "metric": str(row.metric),
        "reason": str(row.reason) if row.reason else None,
        "detail": row.detail,
    }

"""A metric, the structure it was measured on and its value in; findings that a reader needs besides the value out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sbrtcheck.dvh import Interpolation
from sbrtcheck.judge.judged_plan import JudgedPlan
from sbrtcheck.judge.structures import MatchedDvh
from sbrtcheck.metric import (
    EffectiveVolume,
    MaxDoseAtDistance,
    Measurement,
    Metric,
    NotMeasured,
    OfPlan,
    PrescriptionMetric,
    TargetCount,
    Unit,
    VolumeOutside,
)
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.structure_names import TARGETS

_LEVEL = re.compile(r"[0-9]{3,}")  # of a dose in cGy, as in PTV_5000


def metric_findings(
    metric: Metric, matched: MatchedDvh, measured: Measurement | NotMeasured, plan: JudgedPlan
) -> Iterator[Finding]:
    """What was built for a metric, what of it the dose grid does not show, and what the metric assumes."""
    if isinstance(metric, OfPlan):
        yield from _whole_grid_findings(metric, matched, measured, plan)
    # one structure in several parts is counted as one target, as it was contoured; a reader may count otherwise
    if isinstance(metric, TargetCount) and isinstance(measured, Measurement) and measured.high > measured.value:
        text = f"{matched.contour} has {measured.high:g} parts that do not touch: each could be a target of its own"
        yield Finding(code=FindingCode.SEVERAL_TARGETS, text=text, subject=matched.organ)
    if matched.organ in TARGETS and _is_of_prescription(metric):
        yield from _prescription_findings(matched, plan)


def _whole_grid_findings(
    metric: OfPlan, matched: MatchedDvh, measured: Measurement | NotMeasured, plan: JudgedPlan
) -> Iterator[Finding]:
    if isinstance(measured, NotMeasured):
        return
    if measured.open_above:
        text = f"{metric}: the isodose leaves the dose grid, so the value is a lower bound"
        yield Finding(code=FindingCode.ISODOSE_LEAVES_GRID, text=text, subject=matched.contour)
    if isinstance(metric, MaxDoseAtDistance):
        text = f"{metric}: the whole dose grid without {matched.contour} and all within 2 cm of it"
        yield Finding(code=FindingCode.DERIVED_STRUCTURE, text=text, subject=matched.contour)
    if isinstance(metric, VolumeOutside):
        text = f"{metric}: the whole dose grid without {matched.contour}"
        yield Finding(code=FindingCode.DERIVED_STRUCTURE, text=text, subject=matched.contour)
    if plan.dvhs.model.dose is Interpolation.CUBIC:
        text = f"{metric}: in the whole dose grid the dose is trilinear between grid points"
        yield Finding(code=FindingCode.DOSE_NOT_CUBIC, text=text, subject=matched.contour)


def _is_of_prescription(metric: Metric) -> bool:
    if isinstance(metric, MaxDoseAtDistance):
        return metric.unit is Unit.PERCENT_RX
    return isinstance(metric, OfPlan | EffectiveVolume | PrescriptionMetric) or "%Rx" in str(metric)


def _prescription_findings(matched: MatchedDvh, plan: JudgedPlan) -> Iterator[Finding]:
    """Whether several targets may have prescriptions of their own."""
    separate_targets = plan.structures.matches.separate.get(matched.organ, ())
    levels = {tuple(_LEVEL.findall(roi.name)) for roi in separate_targets}
    stated = any(finding.code is FindingCode.SEVERAL_PRESCRIPTIONS for finding in plan.dvhs.findings)
    if separate_targets and (stated or len(levels) > 1):
        text = "targets may have prescriptions of their own: percent is of the plan's one prescription for all of them"
        yield Finding(code=FindingCode.SEVERAL_PRESCRIPTIONS, text=text, subject=matched.organ)

"""What a reader should know of a metric on a plan, beyond its value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sbrtcheck.dvh import Interpolation
from sbrtcheck.judge.structures import Organs, Taken
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


def of_metric(metric: Metric, taken: Taken, found: Measurement | NotMeasured, plan: Organs) -> Iterator[Finding]:
    """Give what was built for a metric, what of it was not seen, and what it takes for granted."""
    if isinstance(metric, OfPlan):
        yield from _of_the_grid(metric, taken, found, plan)
    if isinstance(metric, TargetCount) and isinstance(found, Measurement) and found.high > found.value:
        text = f"{taken.contour} has {found.high:g} parts that do not touch: each could be a target of its own"
        yield Finding(code=FindingCode.SEVERAL_TARGETS, text=text, subject=taken.organ)
    if taken.organ in TARGETS and _is_of_prescription(metric):
        yield from _of_prescriptions(taken, plan)


def _of_the_grid(metric: OfPlan, taken: Taken, found: Measurement | NotMeasured, plan: Organs) -> Iterator[Finding]:
    if isinstance(found, NotMeasured):
        return
    if found.open_above:
        text = f"{metric}: the isodose leaves the dose grid, so the value is the least it can be"
        yield Finding(code=FindingCode.ISODOSE_LEAVES_GRID, text=text, subject=taken.contour)
    if isinstance(metric, MaxDoseAtDistance):
        text = f"{metric}: the whole dose grid without {taken.contour} and all within 2 cm of it"
        yield Finding(code=FindingCode.DERIVED_STRUCTURE, text=text, subject=taken.contour)
    if isinstance(metric, VolumeOutside):
        text = f"{metric}: the whole dose grid without {taken.contour}"
        yield Finding(code=FindingCode.DERIVED_STRUCTURE, text=text, subject=taken.contour)
    if plan.dvhs.model.dose is Interpolation.CUBIC:
        text = f"{metric}: in the whole dose grid the dose is trilinear between grid points"
        yield Finding(code=FindingCode.DOSE_NOT_CUBIC, text=text, subject=taken.contour)


def _is_of_prescription(metric: Metric) -> bool:
    if isinstance(metric, MaxDoseAtDistance):
        return metric.unit is Unit.PERCENT_RX
    return isinstance(metric, OfPlan | EffectiveVolume | PrescriptionMetric) or "%Rx" in str(metric)


def _of_prescriptions(taken: Taken, plan: Organs) -> Iterator[Finding]:
    """Whether several targets may have prescriptions of their own."""
    several = plan.targets(taken.organ)
    levels = {tuple(_LEVEL.findall(roi.name)) for roi in several}
    stated = any(finding.code is FindingCode.SEVERAL_PRESCRIPTIONS for finding in plan.dvhs.findings)
    if several and (stated or len(levels) > 1):
        text = "targets may have prescriptions of their own: percent is of the plan's one prescription for all of them"
        yield Finding(code=FindingCode.SEVERAL_PRESCRIPTIONS, text=text, subject=taken.organ)

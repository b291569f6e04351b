"""Metric text -> Metric; and what a metric measures on a DVH, or on a whole plan.

`metrics` has the metrics as values, `grammar` reads them from text, `measurement` measures those of one DVH, and
`plan_indices` those that need the whole dose grid and a target.

To add a metric:

1. in `metrics`, its class with ``__str__`` (the canonical text), and its name in the union `OfOneDvh` or `OfPlan`;
2. in `grammar`, its pattern and a function that builds it, as one more entry of ``_RULES``;
3. in `measurement`, a ``case`` of ``_measure_one_dvh``, or in `plan_indices`, one of ``WholePlan.measure``: the type
   checker names the place as soon as the class is in the union;
4. its line in the grammar's docstring, which is the reference that users read.

What a text means is tested for all kinds at once in ``tests/metric/test_metric.py``: add the class to its strategies.
"""

from sbrtcheck.metric.grammar import WrittenMetric, parse, parse_written
from sbrtcheck.metric.measurement import Measurement, NotMeasured, has_volume, measure, measure_prescription
from sbrtcheck.metric.metrics import (
    DoseAtVolume,
    DoseStatistic,
    EffectiveVolume,
    EquivalentUniformDose,
    Index,
    IsodoseRatio,
    MaxDoseAtDistance,
    Metric,
    OfOneDvh,
    OfPlan,
    PlanIndex,
    PrescriptionMetric,
    Stat,
    StructureVolume,
    TargetCount,
    Unit,
    VolumeAtDose,
    VolumeOutside,
)
from sbrtcheck.metric.plan_indices import WholePlan

__all__ = [
    "DoseAtVolume",
    "DoseStatistic",
    "EffectiveVolume",
    "EquivalentUniformDose",
    "Index",
    "IsodoseRatio",
    "MaxDoseAtDistance",
    "Measurement",
    "Metric",
    "NotMeasured",
    "OfOneDvh",
    "OfPlan",
    "PlanIndex",
    "PrescriptionMetric",
    "Stat",
    "StructureVolume",
    "TargetCount",
    "Unit",
    "VolumeAtDose",
    "VolumeOutside",
    "WholePlan",
    "WrittenMetric",
    "has_volume",
    "measure",
    "measure_prescription",
    "parse",
    "parse_written",
]

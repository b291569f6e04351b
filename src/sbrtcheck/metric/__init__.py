"""Metric text -> Metric; and what a metric measures on a DVH, or on a whole plan.

`metrics` has the metrics as values, `grammar` reads them from text, `on_curve` reads those of one DVH off it, and
`plan_indices` measures those that need the whole dose grid and a target. `close_bounds` says what to refine so that
bounds get close to values; `measurement` is what a user calls.

How to add a metric is said in ``CONTRIBUTING.md``.
"""

from sbrtcheck.metric.close_bounds import question_for_close_bounds, question_for_power_mean
from sbrtcheck.metric.dvh_records import dvh_dataframe, dvh_records
from sbrtcheck.metric.grammar import WrittenMetric, parse, parse_written
from sbrtcheck.metric.measurement import measure
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
from sbrtcheck.metric.on_curve import Measurement, NotMeasured, has_volume, measure_prescription
from sbrtcheck.metric.plan_indices import (
    FarDoses,
    IsodoseVolumes,
    index_from_isodoses,
    isodose_volumes,
    parts_of_target,
)
from sbrtcheck.metric.sampling import NoSamplingEstimate, SamplingEstimate, WhyNoEstimate, sampling_uncertainty

__all__ = [
    "DoseAtVolume",
    "DoseStatistic",
    "EffectiveVolume",
    "EquivalentUniformDose",
    "FarDoses",
    "Index",
    "IsodoseRatio",
    "IsodoseVolumes",
    "MaxDoseAtDistance",
    "Measurement",
    "Metric",
    "NoSamplingEstimate",
    "NotMeasured",
    "OfOneDvh",
    "OfPlan",
    "PlanIndex",
    "PrescriptionMetric",
    "SamplingEstimate",
    "Stat",
    "StructureVolume",
    "TargetCount",
    "Unit",
    "VolumeAtDose",
    "VolumeOutside",
    "WhyNoEstimate",
    "WrittenMetric",
    "dvh_dataframe",
    "dvh_records",
    "has_volume",
    "index_from_isodoses",
    "isodose_volumes",
    "measure",
    "measure_prescription",
    "parse",
    "parse_written",
    "parts_of_target",
    "question_for_close_bounds",
    "question_for_power_mean",
    "sampling_uncertainty",
]

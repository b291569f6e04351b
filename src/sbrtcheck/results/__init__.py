"""The results of a check, a comparison, a risk model or a sum of courses: frozen values, and dictionaries of them.

`outcome` is the result of one row, `report_values` that of a whole check, and `report` the same with its ways to be
displayed. `dvh_comparison` and `plan_comparison` are the differences of two sets of DVHs, and of two plans;
`reirradiation` is about several courses of one patient, `risk` about complication and control models, `course` about a
prescription, `plan_site` about the organs that a plan should have. `to_dict` and `comparison_dict` turn their parts
into values of JSON, `labels` into text, `points` into limits on the curves of a chart, and `notebook` into HTML.
`notes` are what people wrote on a report, and `noted` puts them on their rows.

Nothing here judges, reads a file or draws: a renderer needs no more than these values.
"""

from sbrtcheck.results.course import CourseNote, ThresholdSide, UnknownCourse
from sbrtcheck.results.dvh_comparison import (
    NO_OTHER_DVHS,
    Comparison,
    ConventionVolume,
    MetricDifference,
    NoComparison,
    NotCompared,
    StructureDifference,
    Unanswered,
    VerdictDifference,
)
from sbrtcheck.results.outcome import (
    NOTICE,
    MatchedStructure,
    Outcome,
    ReviewCode,
    ReviewReason,
    UnderConvention,
    Verdict,
)
from sbrtcheck.results.plan_comparison import (
    Better,
    NoOutcome,
    PlanComparison,
    PlansCompared,
    RowComparison,
    RowOfPlans,
    Standing,
)
from sbrtcheck.results.plan_site import PlanSite, SiteOrigin
from sbrtcheck.results.reirradiation import PartOutcome, RuleReport, SumReport
from sbrtcheck.results.report import Report
from sbrtcheck.results.risk import NoRisk, Risk
from sbrtcheck.results.to_dict import RECORD_KEYS, rounded

__all__ = [
    "NOTICE",
    "NO_OTHER_DVHS",
    "RECORD_KEYS",
    "Better",
    "Comparison",
    "ConventionVolume",
    "CourseNote",
    "MatchedStructure",
    "MetricDifference",
    "NoComparison",
    "NoOutcome",
    "NoRisk",
    "NotCompared",
    "Outcome",
    "PartOutcome",
    "PlanComparison",
    "PlanSite",
    "PlansCompared",
    "Report",
    "ReviewCode",
    "ReviewReason",
    "Risk",
    "RowComparison",
    "RowOfPlans",
    "RuleReport",
    "SiteOrigin",
    "Standing",
    "StructureDifference",
    "SumReport",
    "ThresholdSide",
    "Unanswered",
    "UnderConvention",
    "UnknownCourse",
    "Verdict",
    "VerdictDifference",
    "rounded",
]

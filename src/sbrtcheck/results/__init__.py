"""What a check found, as frozen values."""

from sbrtcheck.results.comparison import (
    Comparison,
    ConventionVolume,
    MetricDifference,
    NoComparison,
    NotCompared,
    StructureDifference,
    Unanswered,
    VerdictDifference,
)
from sbrtcheck.results.plan_site import PlanSite, SiteOrigin
from sbrtcheck.results.report import Outcome, Report, ReviewCode, ReviewReason, UnderConvention, Verdict
from sbrtcheck.results.rounding import rounded
from sbrtcheck.results.to_dict import NOTICE, RECORD_KEYS

__all__ = [
    "NOTICE",
    "RECORD_KEYS",
    "Comparison",
    "ConventionVolume",
    "MetricDifference",
    "NoComparison",
    "NotCompared",
    "Outcome",
    "PlanSite",
    "Report",
    "ReviewCode",
    "ReviewReason",
    "SiteOrigin",
    "StructureDifference",
    "Unanswered",
    "UnderConvention",
    "Verdict",
    "VerdictDifference",
    "rounded",
]

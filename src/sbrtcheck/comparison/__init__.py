"""What two sets of DVHs, or two plans, say differently."""

from sbrtcheck.comparison.other_dvhs import with_export, with_stored
from sbrtcheck.comparison.plans import Better, NoOutcome, PlanComparison, RowComparison, compare_plans
from sbrtcheck.comparison.stored import compare_with

__all__ = [
    "Better",
    "NoOutcome",
    "PlanComparison",
    "RowComparison",
    "compare_plans",
    "compare_with",
    "with_export",
    "with_stored",
]

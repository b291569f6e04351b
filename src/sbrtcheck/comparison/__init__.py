"""Two sets of DVHs of one plan, or the reports of two plans, in; their differences (values of `results`) out.

`with_other_dvhs` compares a report with DVHs that somebody else has of the same plan, `in_report` puts that into the
report, `two_plans` compares the reports of two plans, `several_plans` those of more.
"""

from sbrtcheck.comparison.in_report import with_export, with_stored
from sbrtcheck.comparison.several_plans import compare_several
from sbrtcheck.comparison.two_plans import compare_plans
from sbrtcheck.comparison.with_other_dvhs import compare_with
from sbrtcheck.results.plan_comparison import (
    Better,
    NoOutcome,
    PlanComparison,
    PlansCompared,
    RowComparison,
    RowOfPlans,
    Standing,
)

__all__ = [
    "Better",
    "NoOutcome",
    "PlanComparison",
    "PlansCompared",
    "RowComparison",
    "RowOfPlans",
    "Standing",
    "compare_plans",
    "compare_several",
    "compare_with",
    "with_export",
    "with_stored",
]

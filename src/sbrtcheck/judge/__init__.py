"""Tables of constraints and the DVHs of a plan in; a report with a verdict for each row and one for the plan out.

What a verdict means:

- A report never looks better than what was checked.
- The value decides; ``borderline`` says that another value inside its numerical bounds would decide otherwise, and
  ``convention_sensitive`` that another end-cap convention would.
- A table holds for its own fraction numbers only. Nothing is ever rescaled.
- What could not be checked is ``NOT_EVALUATED`` with a reason, never a pass.
- Overall: ``FAIL`` when a row that counts fails; ``REVIEW`` when there is any other reason not to call it a pass, each
  reason a value of its own; else the worst of the rows that count.

`run` puts the steps in a row. Before any row is judged: `naming` matches the plan's structures to the organs of the
tables, `structures` finds the DVH of each organ, `selection` the structures that a row is judged on (`sides`: the one
on the side of the target, or the other), `site` which organs a plan should have, `dose_check` whether its dose can be
that of its prescription; `judged_plan` is all of that as one value. Then `limits` finds what a row allows for this
plan, `row` judges it on one DVH, `refine_bounds` refines bounds that leave a verdict undecided, `withdraw` withdraws
verdicts that a value alone cannot give, `metric_findings` says what a metric assumes, and `outcomes` does that for
all rows. `overall` gives the verdict of the plan, and the reasons why it is no pass.

`course` looks a prescription up, `risk` applies complication and control models; neither gives verdicts.
`reirradiation` judges a course that follows another one. What all of them give are values of `sbrtcheck.results`.
"""

from sbrtcheck.judge.dose_check import dose_check
from sbrtcheck.judge.naming import TARGET, match_plan
from sbrtcheck.judge.overall import with_comparison, with_reasons
from sbrtcheck.judge.reirradiation import EarlierCourse, judge_reirradiation
from sbrtcheck.judge.risk import ntcp, risks, tcp
from sbrtcheck.judge.run import evaluate
from sbrtcheck.judge.site import site_of
from sbrtcheck.results.reirradiation import PartOutcome, RuleReport, SumReport
from sbrtcheck.results.risk import NoRisk, Risk

__all__ = [
    "TARGET",
    "EarlierCourse",
    "NoRisk",
    "PartOutcome",
    "Risk",
    "RuleReport",
    "SumReport",
    "dose_check",
    "evaluate",
    "judge_reirradiation",
    "match_plan",
    "ntcp",
    "risks",
    "site_of",
    "tcp",
    "with_comparison",
    "with_reasons",
]

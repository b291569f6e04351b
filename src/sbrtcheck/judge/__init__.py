"""ConstraintTable x DVHSet -> Report: outcomes, verdicts, margins.

What a verdict means:

- A report never looks better than what was checked.
- The value decides; ``borderline`` says that another value inside the numerical band would decide otherwise, and
  ``convention_sensitive`` that another end-cap convention would.
- A table holds for its own fraction numbers only. Nothing is ever rescaled.
- What could not be checked is ``NOT_EVALUATED`` with a reason, never a pass.
- Overall: ``FAIL`` when a row that counts fails; ``REVIEW`` when anything else stands against calling it a pass, each
  reason a value of its own; else the worst of the rows that count.

``values`` are what a report is, ``structures`` takes a structure for an organ, ``limits`` finds what a row allows for
this plan, ``row`` judges a row on one DVH, ``doubts`` withdraws verdicts that a value alone cannot give, ``decide``
narrows bounds that leave a verdict open, ``judge`` does all that for every row of the tables, ``remarks`` says what a
metric takes for granted, ``site`` knows what a plan should have, ``dose_check`` whether its dose can be that of its
prescription, ``overall`` gives the verdict and what stands against a pass, ``run`` puts them in a row, ``plain``
gives a report as plain values. ``course`` knows what a prescription is, ``risk`` applies complication and control
models; neither gives verdicts. ``reirradiation`` judges a course that follows another one. ``compared`` is what two
sets of DVHs say differently, ``compare`` finds it; ``plans`` holds two plans side by side.
"""

from sbrtcheck.judge.dose_check import dose_check
from sbrtcheck.judge.naming import TARGET, match_plan
from sbrtcheck.judge.overall import with_comparison
from sbrtcheck.judge.reirradiation import judge_reirradiation
from sbrtcheck.judge.risk import ntcp, risks, tcp
from sbrtcheck.judge.run import evaluate
from sbrtcheck.judge.site import site_of
from sbrtcheck.results.reirradiation import PartOutcome, RuleReport, SumReport
from sbrtcheck.results.risk import NoRisk, Risk

__all__ = [
    "TARGET",
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
]

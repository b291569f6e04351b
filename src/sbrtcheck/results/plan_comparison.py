"""The differences of two or more plans of one patient, row by row and structure by structure: frozen values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.dvh import Reason
from sbrtcheck.formatting import one_screen
from sbrtcheck.metric import NotMeasured
from sbrtcheck.results import labels
from sbrtcheck.results.dvh_comparison import NotCompared, StructureDifference
from sbrtcheck.results.outcome import Outcome
from sbrtcheck.results.report import Report
from sbrtcheck.tables import Constraint


class Better(StrEnum):
    """Which of two plans is better on one row."""

    FIRST = "first"
    SECOND = "second"
    SAME = "same"  # the same verdict, and margins whose numerical bounds overlap
    NOT_COMPARED = "not compared"


_BETTER_TEXTS = {
    Better.FIRST: "better in the first",
    Better.SECOND: "better in the second",
    Better.SAME: "same within numerical bounds",
    Better.NOT_COMPARED: "not compared",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOutcome:
    """A row has no outcome in one of the plans that the other's could be compared with, and why."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowComparison:
    """One row in both plans.

    The verdict decides first (PASS, VARIATION, FAIL), then the margin. ``within_bands``: the numerical bounds of the
    margins overlap, so that the plans may not differ. ``why`` says why a row was not compared.
    """

    table_id: str
    constraint: Constraint
    organ: str
    first: Outcome | NoOutcome
    second: Outcome | NoOutcome
    better: Better
    within_bands: bool = False
    why: str = ""

    @property
    def counts(self) -> bool:
        """Whether the row counts for overall verdicts."""
        return any(isinstance(outcome, Outcome) and outcome.counts for outcome in (self.first, self.second))

    @property
    def margin_difference(self) -> float | NotMeasured:
        """How much further inside its limit the first plan is, in the metric's unit."""
        if isinstance(self.first, NoOutcome) or isinstance(self.second, NoOutcome):
            return NotMeasured(reason=Reason.NOT_GIVEN, detail=self.why)
        if self.first.margin is None or self.second.margin is None:
            return NotMeasured(reason=Reason.NOT_GIVEN, detail=self.why)
        return self.first.margin - self.second.margin


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanComparison:
    """Two plans, each with its own report: rows, then structures; differences are the first minus the second."""

    first: Report
    second: Report
    rows: tuple[RowComparison, ...]
    structures: tuple[StructureDifference, ...]
    without: tuple[NotCompared, ...] = ()
    remarks: tuple[str, ...] = ()

    def tally(self) -> dict[Better, int]:
        """How many of the rows that count came to each, in the order of `Better`."""
        counted = Counter(row.better for row in self.rows if row.counts)
        return {better: counted[better] for better in Better}

    def tally_text(self) -> str:
        """``3 better in the first, 0 better in the second, ...``, and how many rows do not count."""
        counts = ", ".join(f"{number} {_BETTER_TEXTS[better]}" for better, number in self.tally().items())
        aside = sum(not row.counts for row in self.rows)
        return counts + (f"; {aside} more shown but not counted" if aside else "")

    def __repr__(self) -> str:
        """Both verdicts with their reasons, and how many rows are better in which: one screen."""
        plans = {"first": self.first, "second": self.second}
        verdicts = [line for name, report in plans.items() for line in _verdict_lines(name, report)]
        reasons = [
            f"{name}: {verdict} {text}"
            for name, report in plans.items()
            for verdict, text in labels.headline_lines(report)
        ]
        lines = [*verdicts, *labels.choices(self.first), *self.remarks, *self.tally_text().split(", "), *reasons]
        return one_screen("PlanComparison", lines)


def _verdict_lines(name: str, report: Report) -> tuple[str, str]:
    """A plan, and its verdict."""
    return (
        f"{name}: plan {labels.plan_text(report)}, {labels.prescription_text(report)}",
        f"  {labels.overall_text(report)}: {labels.summary_text(report)}",
    )


# -------------------------------------------------------------------------------- more than two

LETTERS = 26


def letter(place: int) -> str:
    """``A``, ``B``, ... ``Z``, ``27``: what a plan is called in a comparison of several, by its place from 0."""
    return chr(ord("A") + place) if place < LETTERS else str(place + 1)


class Standing(StrEnum):
    """How one plan stands beside the others on one row."""

    BEST = "best"  # no other plan is better on it, and this one is better than some
    NOT_BEST = "not best"
    SAME = "same"  # no plan is better than another
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOfPlans:
    """One row in all plans, in their order.

    Every two plans are compared as in `RowComparison`; a plan is best where none is better. Several may be. ``why``
    says why nothing was compared, or, of a row that was, why some plans were not.
    """

    table_id: str
    constraint: Constraint
    organ: str
    outcomes: tuple[Outcome | NoOutcome, ...]
    standings: tuple[Standing, ...]
    why: str = ""

    @property
    def counts(self) -> bool:
        """Whether the row counts for overall verdicts."""
        return any(isinstance(outcome, Outcome) and outcome.counts for outcome in self.outcomes)

    @property
    def is_compared(self) -> bool:
        """Whether at least two plans could be compared on it."""
        return any(standing is not Standing.NOT_COMPARED for standing in self.standings)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansCompared:
    """More than two plans, each with its own report; ``to_first`` are the comparisons of the first with each other."""

    reports: tuple[Report, ...]
    rows: tuple[RowOfPlans, ...]
    to_first: tuple[PlanComparison, ...]

    def tally(self, place: int) -> dict[Standing, int]:
        """How many of the rows that count the plan at that place stands how on, in the order of `Standing`."""
        counted = Counter(row.standings[place] for row in self.rows if row.counts)
        return {standing: counted[standing] for standing in Standing}

    def tally_text(self, place: int) -> str:
        """``3 best, 1 not best, ...``: the same for people."""
        return ", ".join(f"{number} {standing}" for standing, number in self.tally(place).items())

    def __repr__(self) -> str:
        """The verdict of each plan, and on how many rows it is best: one screen."""
        lines = []
        for place, report in enumerate(self.reports):
            lines += [*_verdict_lines(letter(place), report), f"  rows that count: {self.tally_text(place)}"]
        return one_screen(f"PlansCompared: {len(self.reports)} plans", lines)

"""The differences of two plans of one patient, row by row and structure by structure: frozen values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.dvh import Reason
from sbrtcheck.metric import NotMeasured
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

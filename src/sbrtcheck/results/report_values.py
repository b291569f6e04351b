"""All values that one check found, below everything that renders them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sbrtcheck.by_value import ByValue
from sbrtcheck.dvh import DVHSet
from sbrtcheck.options import NEAR_PERCENT
from sbrtcheck.plan import SEX_NOT_STATED, Finding, Prescription, Sex, UnknownPrescription, UnknownSex
from sbrtcheck.reference_data import Profile
from sbrtcheck.results.course import CourseNote, UnknownCourse
from sbrtcheck.results.dvh_comparison import Comparison, NoComparison
from sbrtcheck.results.notes import NO_NOTES, ReportNotes
from sbrtcheck.results.outcome import Outcome, ReviewReason, Verdict
from sbrtcheck.results.plan_site import UNKNOWN_SITE, PlanSite
from sbrtcheck.structure_names import StructureMatches
from sbrtcheck.structure_names.plan_names import PlanNames
from sbrtcheck.tables import ConstraintTable, Side
from sbrtcheck.tables.choice import TableLeftOut


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportValues(ByValue):
    """The values of a `Report`, and what follows from them: all that texts and charts are made of."""

    tables: tuple[ConstraintTable, ...]
    outcomes: tuple[Outcome, ...]
    verdict: Verdict
    prescription: Prescription | UnknownPrescription
    dvh_origin: str
    end_caps: str
    provenance: Mapping[str, str | tuple[str, ...]]
    findings: tuple[Finding, ...]
    software: str  # "sbrtcheck 0.1.0"
    dvhs: DVHSet
    compared: Comparison | NoComparison
    names: PlanNames
    matches: StructureMatches
    course: CourseNote | UnknownCourse
    reasons: tuple[ReviewReason, ...] = ()
    site: PlanSite = UNKNOWN_SITE
    between: str = "slab"
    dose: str = "trilinear"
    strict: bool = False
    include_unconfirmed: bool = False
    accept_dose: bool = False
    allow_lint_errors: bool = False
    laterality: Side | None = None
    sex: Sex | UnknownSex = SEX_NOT_STATED
    left_out: tuple[TableLeftOut, ...] = ()
    profile: Profile | None = None
    near_percent: float = NEAR_PERCENT
    notes: ReportNotes = NO_NOTES

    @property
    def label(self) -> str:
        """RT Plan Label; empty where the files have none."""
        label = self.provenance.get("plan_label", "")
        return label if isinstance(label, str) else ""

    @property
    def failing(self) -> tuple[Outcome, ...]:
        """Rows that fail, whether they count or not, those that count first."""
        failing = [outcome for outcome in self.outcomes if outcome.verdict is Verdict.FAIL]
        return tuple(sorted(failing, key=lambda outcome: not outcome.counts))

    def tally(self) -> dict[Verdict, int]:
        """How many of the rows that count and apply came to each verdict, in the order of `Verdict`."""
        counted = Counter(outcome.verdict for outcome in self.outcomes if outcome.counts and outcome.applies)
        return {verdict: counted[verdict] for verdict in Verdict if counted[verdict]}

    @property
    def depends_on_sex(self) -> bool:
        """Whether a row of the tables holds for men or for women alone."""
        return any(row.sex is not None for table in self.tables for row in table.rows)

    def not_expected(self) -> tuple[Outcome, ...]:
        """Rows that do not apply: their organs are neither in the plan nor expected at its site."""
        return tuple(outcome for outcome in self.outcomes if not outcome.applies)

    def counting_rows(self, table: ConstraintTable) -> int:
        """How many rows of a table count for the verdict."""
        counting = {o.constraint.id for o in self.outcomes if o.counts and o.table_id == table.id}
        return len(counting)

    def all_findings(self) -> tuple[Finding, ...]:
        """Gather the findings of the plan and of every row, each once, in the order they come up."""
        of_rows = (finding for outcome in self.outcomes for finding in outcome.findings)
        return tuple(dict.fromkeys((*self.findings, *of_rows)))

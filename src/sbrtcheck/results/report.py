"""What one check found, as one frozen value: outcomes, verdict, and what both stand on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sbrtcheck.dvh import DVHSet
from sbrtcheck.plan import Finding, Prescription, UnknownPrescription
from sbrtcheck.results.comparison_dict import comparison_dict
from sbrtcheck.results.course import CourseNote, UnknownCourse
from sbrtcheck.results.dvh_comparison import Comparison, NoComparison
from sbrtcheck.results.outcome import NOTICE, Outcome, ReviewReason, Verdict
from sbrtcheck.results.plan_site import UNKNOWN_SITE, PlanSite
from sbrtcheck.results.to_dict import (
    RECORD_KEYS,
    SCHEMA,
    course_dict,
    failing_dict,
    finding_dict,
    outcome_dict,
    outcome_record,
    prescription_dict,
    provenance_dict,
    reason_dict,
    site_dict,
    table_dict,
)
from sbrtcheck.structure_names import StructureMatches
from sbrtcheck.structure_names.plan_names import PlanNames
from sbrtcheck.tables import ConstraintTable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sbrtcheck.chart.points import CurvePoint, NotDrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one check found.

    ``verdict`` is the overall one: FAIL, REVIEW, VARIATION or PASS; ``reasons`` is what stands against a pass, whatever
    the verdict. ``site`` says which organs are expected. ``strict``, ``include_unconfirmed`` and ``accept_dose`` are
    the choices it was made under; ``end_caps``, ``between`` and ``dose`` the model behind the numbers. ``dvhs`` are
    those it was judged on; ``compared`` compares them with others of the plan. ``names`` says which structure was
    matched to which organ, and which ones no row used; ``matches`` are the matches that all of it was judged by.
    ``course`` is what is known of the prescription by itself.
    """

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

    def not_expected(self) -> tuple[Outcome, ...]:
        """Rows that do not apply: their organs are neither in the plan nor expected at its site."""
        return tuple(outcome for outcome in self.outcomes if not outcome.applies)

    def all_findings(self) -> tuple[Finding, ...]:
        """Gather the findings of the plan and of every row, each once, in the order they come up."""
        of_rows = (finding for outcome in self.outcomes for finding in outcome.findings)
        return tuple(dict.fromkeys((*self.findings, *of_rows)))

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-ready values, numbers to 6 significant digits; ``schema`` names its version."""
        computed = {
            "end_caps": self.end_caps,
            "between": str(self.between),
            "dose": str(self.dose),
        }
        return {
            "schema": SCHEMA,
            "software": self.software,
            "plan_label": self.label,
            "verdict": str(self.verdict),
            "reasons": [reason_dict(reason) for reason in self.reasons],
            "failing": [failing_dict(outcome) for outcome in self.failing],
            "site": site_dict(self.site),
            "summary": {str(verdict): number for verdict, number in self.tally().items()},
            "rows_not_expected": len(self.not_expected()),
            "strict": self.strict,
            "include_unconfirmed": self.include_unconfirmed,
            "accept_dose": self.accept_dose,
            "prescription": prescription_dict(self.prescription),
            "regimen": course_dict(self.course),
            "dvh": {"origin": str(self.dvh_origin), **(computed if self.dvh_origin == "computed" else {})},
            "provenance": provenance_dict(self.provenance),
            "tables": [table_dict(table) for table in self.tables],
            "outcomes": [outcome_dict(outcome) for outcome in self.outcomes],
            "findings": [finding_dict(finding) for finding in self.findings],
            "compared": comparison_dict(self.compared),
            "notice": NOTICE,
        }

    def to_records(self) -> list[dict[str, Any]]:
        """One flat record a row of the report, all with the same keys."""
        return [outcome_record(outcome) for outcome in self.outcomes]

    def to_dataframe(self) -> pd.DataFrame:
        """One line a row of the report; needs pandas.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("Report.to_dataframe needs pandas: pip install pandas") from error
        return pd.DataFrame(self.to_records(), columns=list(RECORD_KEYS))

    def points(
        self,
        dvhs: DVHSet,
        names: Mapping[str, str] | None = None,  # noqa: ARG002 - of the protocol; the report knows its contours
    ) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
        """Give the rows as points on the curves of these DVHs, with the limits used; see `DVHSet.plot`.

        The contours are those that the report was made on, whatever ``names`` say.
        """
        from sbrtcheck.judge.points import points_of

        return points_of(self, dvhs)

    def plot(self, *, structures: Collection[str] | None = None, ax: Axes | None = None, relative: bool = True) -> Axes:
        """Draw the DVHs of the report, and its rows as points; as `DVHSet.plot`."""
        from sbrtcheck.judge.points import given_targets

        names = given_targets(self)
        return self.dvhs.plot(constraints=self, structures=structures, ax=ax, relative=relative, names=names)

    def _repr_html_(self) -> str:
        """Show the report in a notebook: the rows that need attention first, everything in it escaped, no script."""
        from sbrtcheck.render.notebook import report_html

        return report_html(self)

"""What a report is: frozen values, one outcome a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sbrtcheck.dvh import DVHSet, Reason
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.plan import Finding, Prescription, UnknownPrescription
from sbrtcheck.results import to_dict as plain
from sbrtcheck.results.comparison import Comparison, NoComparison
from sbrtcheck.results.plan_site import UNKNOWN_SITE, PlanSite
from sbrtcheck.results.to_dict import NOTICE
from sbrtcheck.structure_names.plan_names import PlanNames
from sbrtcheck.tables import Constraint, ConstraintTable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sbrtcheck.chart.points import CurvePoint, NotDrawn

__all__ = [
    "NOTICE",
    "Outcome",
    "Report",
    "ReviewCode",
    "ReviewReason",
    "UnderConvention",
    "Verdict",
]


class Verdict(StrEnum):
    """What a row, or a whole report, came to."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    VARIATION = "VARIATION"
    FAIL = "FAIL"
    REVIEW = "REVIEW"  # of a report: nothing that counts fails, and something stands against calling it a pass
    NOT_EVALUATED = "NOT_EVALUATED"  # of a row
    RISK = "RISK"  # a risk point: reported, no verdict
    MET = "MET"  # a statement that is no constraint
    NOT_MET = "NOT_MET"


class ReviewCode(StrEnum):
    """What keeps a report from being a pass though no row that counts fails; stable, for programs."""

    DOSE = "dose in doubt"
    GIVEN_NAME = "given name not in the plan"
    FAILS_WITHOUT_COUNTING = "a row that does not count fails"
    NOT_EVALUATED = "not evaluated"
    PART_OF_ORGAN = "a part of the organ is missing"
    CONTOURS = "contours incomplete or contradictory"
    OUTSIDE_GRID = "outside the dose grid"
    OTHER_DVH = "the planning system's DVH fails"
    NOTHING_EVALUATED = "nothing that counts was evaluated"
    STRICT = "borderline or convention sensitive"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReason:
    """One reason for a `Verdict.REVIEW`, as one line of text.

    ``rows`` are the rows it is about, each as ``table/row``; ``structure`` is the structure or organ it is about. Both
    are empty where it is about the whole plan.
    """

    code: ReviewCode
    text: str
    structure: str = ""
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderConvention:
    """The same row under another end-cap convention."""

    end_caps: str
    measurement: Measurement | NotMeasured
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row of the report.

    ``contour`` names the structure(s) measured, ``rule`` why they were taken for the organ. ``margin`` is how far
    inside the limit the value lies, in the metric's unit (negative: beyond). ``limit_used`` and ``acceptable_used`` are
    what the row allows for this plan: where its limits go by a volume, those at that volume, and None where the source
    prints nothing for it (or the volume is not known); else as printed. ``counts``: the row takes part in the
    overall verdict (confirmed, a limit, not disputed). ``applies``: its organ is expected at the plan's site, or is in
    the plan, or the row is mandatory; only of a row that does not apply may nothing be known. ``reason`` says why there
    is no measurement or why the row cannot be met; a row that is met by logic alone has a verdict, no measurement and a
    finding. ``probable`` are structures whose names make them this organ or a part of it, none of which was taken.
    ``outside_percent`` is the share of the structure that lies outside the dose grid. ``lacking`` are parts of the
    organ that were not measured with the rest.
    """

    table_id: str
    constraint: Constraint
    organ: str
    contour: str
    rule: str
    measurement: Measurement | NotMeasured
    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    margin: float | None = None
    limit_used: float | None = None
    acceptable_used: float | None = None
    borderline: bool = False
    convention_sensitive: bool = False
    conventions: tuple[UnderConvention, ...] = ()
    counts: bool = True
    applies: bool = True
    probable: tuple[str, ...] = ()
    outside_percent: float = 0.0
    lacking: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def row_id(self) -> str:
        """Table and row: ``rtog-0813/heart-max``."""
        return f"{self.table_id}/{self.constraint.id}"

    @property
    def percent_of_limit(self) -> float | NotMeasured:
        """The value in percent of the limit: 100 is the limit itself."""
        if isinstance(self.measurement, NotMeasured):
            return self.measurement
        if not self.limit_used:
            return NotMeasured(reason=Reason.TARGET_VOLUME_OUTSIDE_RANGE, detail="no limit for this volume")
        return 100.0 * self.measurement.value / self.limit_used


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one check found.

    ``verdict`` is the overall one: FAIL, REVIEW, VARIATION or PASS; ``reasons`` is what stands against a pass, whatever
    the verdict. ``site`` says which organs are expected. ``strict``, ``include_unconfirmed`` and ``accept_dose`` are
    the choices it was made under; ``end_caps``, ``between`` and ``dose`` the model behind the numbers. ``dvhs`` are
    those it was judged on; ``compared`` holds them against others of the plan; ``names`` says which structure was taken
    for which organ, and which ones no row used.
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
        return plain.report_dict(self)

    def to_records(self) -> list[dict[str, Any]]:
        """One flat record a row of the report, all with the same keys."""
        return [plain.record(outcome) for outcome in self.outcomes]

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
        return pd.DataFrame(self.to_records(), columns=list(plain.RECORD_KEYS))

    def points(
        self,
        dvhs: DVHSet,
        names: Mapping[str, str] | None = None,  # noqa: ARG002 - of the protocol; the report knows its contours
    ) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
        """Give the rows as points on the curves of these DVHs, with the limits used; see `DVHSet.plot`.

        The contours are those that the report took, whatever ``names`` say.
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

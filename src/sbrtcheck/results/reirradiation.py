"""The results for several courses of one patient together: rules, tables and doubts, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sbrtcheck.dvh import Bounds, DVHSet
from sbrtcheck.formatting import fields_on_screen, one_screen
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Finding
from sbrtcheck.reference_data.reirradiation import PartLimit, ReirradiationRule, ReirradiationStatements
from sbrtcheck.results import labels
from sbrtcheck.results.outcome import MatchedStructure, ReviewReason, Verdict, contour_or_empty, rule_or_empty
from sbrtcheck.results.report import Report

PartValue = Bounds | NotMeasured


class CumulativeReading(StrEnum):
    """What the cumulative dose of several courses may mean, where a source says no more."""

    ACCUMULATED = "accumulated"  # of the dose accumulated point by point
    SUM_OF_COURSES = "sum of courses"  # of each course alone, added: the places may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOutcome:
    """One limit of a rule by one reading of what the cumulative dose is."""

    reading: CumulativeReading
    found: PartValue
    verdict: Verdict
    borderline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOutcome:
    """One limit of a rule: the value found (Gy in EQD2, a ratio, or months), and its verdict.

    ``readings`` are both readings of the cumulative dose, where the limit is on that; then value and verdict are those
    of the worse one.
    """

    limit: PartLimit
    found: PartValue
    verdict: Verdict
    borderline: bool = False
    readings: tuple[ReadingOutcome, ...] = ()

    @property
    def readings_differ(self) -> bool:
        """Whether the two readings have different verdicts."""
        return len({reading.verdict for reading in self.readings}) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseValue:
    """What is measured in one course alone: Gy in EQD2, less what has recovered; the course looked at is number 1.

    ``contour`` is measured, empty where nothing was; ``of_first_plan``: an earlier course has no contour of its own,
    and the structure of the first plan was measured on its dose.
    """

    number: int
    found: PartValue
    contour: str = ""
    of_first_plan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """A rule on the courses of one patient; ``verdict`` is the worst of its limits, for they hold together.

    ``structure`` is what was matched to the rule's organ, None where nothing was. ``reasons`` say why it is no pass
    although no limit fails. ``courses`` are the values of each course alone, which one reading of the cumulative dose
    adds.
    """

    rule: ReirradiationRule
    structure: MatchedStructure | None
    outcomes: tuple[PartOutcome, ...]
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    reasons: tuple[ReviewReason, ...] = ()
    courses: tuple[CourseValue, ...] = ()

    @property
    def contour(self) -> str:
        """Name of the structure(s) measured; to print, empty where nothing was matched."""
        return contour_or_empty(self.structure)

    @property
    def match_rule(self) -> str:
        """Why they were matched to the organ; to print, empty where nothing was matched."""
        return rule_or_empty(self.structure)

    def __repr__(self) -> str:
        return fields_on_screen(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStatements:
    """What was stated of courses at one site; ``contours`` of the plan are why it is shown, none where it was named."""

    statements: ReirradiationStatements
    contours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SumReport:
    """Several courses of one patient together: DVHs in EQD2 of the course looked at and of all, rules, and tables.

    ``verdict`` is the worst of rules and tables: FAIL, REVIEW, VARIATION or PASS; not evaluated where none was asked
    for. ``reasons`` are doubts about the doses of the courses; with any of them there is no pass. ``accept_dose``: the
    user accepted these doses as they are. ``sums_of_maxima`` has, by structure, the maxima of the courses added up.
    ``statements`` give no verdict.
    """

    course: DVHSet
    cumulative: DVHSet
    rules: tuple[RuleReport, ...] = ()
    report: Report | None = None
    reasons: tuple[ReviewReason, ...] = ()
    accept_dose: bool = False
    sums_of_maxima: Mapping[str, PartValue] = field(default_factory=dict, hash=False)
    statements: tuple[ShownStatements, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of rules and tables."""
        verdicts = {rule_report.verdict for rule_report in self.rules} | (
            {self.report.verdict} if self.report else set()
        )
        if not verdicts:
            # what was named gives no verdict, so that nothing was checked
            named = any(not shown.contours for shown in self.statements)
            return Verdict.REVIEW if named else Verdict.NOT_EVALUATED
        if Verdict.NOT_EVALUATED in verdicts or self.reasons:
            verdicts.add(Verdict.REVIEW)
        return next(
            verdict
            for verdict in (Verdict.FAIL, Verdict.REVIEW, Verdict.VARIATION, Verdict.PASS)
            if verdict in verdicts
        )

    def __repr__(self) -> str:
        """The verdict and what stands against a pass, rules and tables, then the accumulated DVHs: one screen."""
        reasons = [reason.text for reason in (*self.reasons, *(one for rule in self.rules for one in rule.reasons))]
        accepted = ["doses accepted as they are"] if self.accept_dose else []
        rules = [f"{rule.verdict.replace('_', ' ')} {rule.rule.organ} ({rule.rule.id})" for rule in self.rules]
        tables = [] if self.report is None else [f"tables: {labels.overall_text(self.report)}"]
        lines = [*accepted, *reasons, *rules, *tables, *repr(self.cumulative).splitlines()]
        return one_screen(f"SumReport: {self.verdict.replace('_', ' ')}", lines)

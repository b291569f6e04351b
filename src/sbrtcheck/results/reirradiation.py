"""The results for several courses of one patient together: rules, tables and doubts, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.dvh import Bounds, DVHSet
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Finding
from sbrtcheck.reference_data.reirradiation import PartLimit, ReirradiationRule
from sbrtcheck.results.outcome import MatchedStructure, ReviewReason, Verdict, contour_or_empty, rule_or_empty
from sbrtcheck.results.report import Report

PartValue = Bounds | NotMeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOutcome:
    """One limit of a rule: the value found (Gy in EQD2, a ratio, or months), and its verdict."""

    limit: PartLimit
    found: PartValue
    verdict: Verdict
    borderline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """A rule on the courses of one patient; ``verdict`` is the worst of its limits, for they hold together.

    ``structure`` is what was matched to the rule's organ, None where nothing was. ``reasons`` say why it is no pass
    although no limit fails.
    """

    rule: ReirradiationRule
    structure: MatchedStructure | None
    outcomes: tuple[PartOutcome, ...]
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    reasons: tuple[ReviewReason, ...] = ()

    @property
    def contour(self) -> str:
        """Name of the structure(s) measured; to print, empty where nothing was matched."""
        return contour_or_empty(self.structure)

    @property
    def match_rule(self) -> str:
        """Why they were matched to the organ; to print, empty where nothing was matched."""
        return rule_or_empty(self.structure)


@dataclass(frozen=True, slots=True, kw_only=True)
class SumReport:
    """Several courses of one patient together: DVHs in EQD2 of the course looked at and of all, rules, and tables.

    ``verdict`` is the worst of rules and tables: FAIL, REVIEW, VARIATION or PASS; not evaluated where none was asked
    for. ``reasons`` are doubts about the doses of the courses; with any of them there is no pass. ``accept_dose``: the
    user accepted these doses as they are.
    """

    course: DVHSet
    cumulative: DVHSet
    rules: tuple[RuleReport, ...] = ()
    report: Report | None = None
    reasons: tuple[ReviewReason, ...] = ()
    accept_dose: bool = False

    @property
    def verdict(self) -> Verdict:
        """The worst of rules and tables."""
        verdicts = {rule_report.verdict for rule_report in self.rules} | (
            {self.report.verdict} if self.report else set()
        )
        if not verdicts:
            return Verdict.NOT_EVALUATED
        if Verdict.NOT_EVALUATED in verdicts or self.reasons:
            verdicts.add(Verdict.REVIEW)
        return next(
            verdict
            for verdict in (Verdict.FAIL, Verdict.REVIEW, Verdict.VARIATION, Verdict.PASS)
            if verdict in verdicts
        )

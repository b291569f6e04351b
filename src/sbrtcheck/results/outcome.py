"""The outcome of one row, and why a report is no pass: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.dvh import Reason
from sbrtcheck.formatting import clean, escaped, html_table, number_text, shortened
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.metric.sampling import NoSamplingEstimate, SamplingEstimate, WhyNoEstimate
from sbrtcheck.plan import Finding
from sbrtcheck.structure_names import Rule
from sbrtcheck.tables import Constraint

NOTICE = "A second check, not a replacement for review by a physicist and a physician."


NOT_ESTIMATED = NoSamplingEstimate(why=WhyNoEstimate.NO_VALUE)
"""Of a row that nothing was measured of."""


class Verdict(StrEnum):
    """The verdict of a row, or of a whole report."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    VARIATION = "VARIATION"
    FAIL = "FAIL"
    REVIEW = "REVIEW"  # of a report: nothing that counts fails, and there is a reason not to call it a pass
    NOT_EVALUATED = "NOT_EVALUATED"  # of a row
    RISK = "RISK"  # a risk point: reported, no verdict
    MET = "MET"  # a statement that is no constraint
    NOT_MET = "NOT_MET"


class ReviewCode(StrEnum):
    """What keeps a report from being a pass though no row that counts fails; stable, for programs."""

    DOSE = "dose in doubt"
    FILES = "files in doubt"
    TABLE = "errors in a table"
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

    def __repr__(self) -> str:
        return f"<ReviewReason {self.code}: {shortened(self.text)}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderConvention:
    """The same row under another end-cap convention."""

    end_caps: str
    measurement: Measurement | NotMeasured
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedStructure:
    """The structure, or several together, that an organ was matched to: their names, and the rules that matched them.

    A structure may have an empty name in its file, and is matched all the same.
    """

    names: tuple[str, ...]
    rules: tuple[Rule, ...]

    @property
    def contour(self) -> str:
        """The names in one text."""
        return " + ".join(self.names)

    @property
    def rule(self) -> str:
        """The rules in one text."""
        return ", ".join(self.rules)


def contour_or_empty(structure: MatchedStructure | None) -> str:
    """What is printed as the contour of an organ: nothing where no structure was matched to it."""
    return "" if structure is None else structure.contour


def rule_or_empty(structure: MatchedStructure | None) -> str:
    """What is printed as the rule of a match: nothing where no structure was matched."""
    return "" if structure is None else structure.rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row of the report.

    ``structure`` is what was matched to the organ, None where nothing was. ``margin`` is how far
    inside the limit the value lies, in the metric's unit (negative: beyond). ``limit_used`` and ``acceptable_used`` are
    what the row allows for this plan: where its limits depend on a volume, those at that volume, and None where the
    source prints nothing for it (or the volume is not known); else as printed. ``counts``: the row takes part in the
    overall verdict (confirmed, a limit, not disputed). ``applies``: its organ is expected at the plan's site, or is in
    the plan, or the row is mandatory; only of a row that does not apply may nothing be known. ``reason`` says why there
    is no measurement or why the row cannot be met; a row that is met by logic alone has a verdict, no measurement and a
    finding. ``probable`` are structures whose names make them this organ or a part of it, none of which was matched to
    it. ``near_limit``: the value is close to the limit that the verdict turns on (`is_near_limit`), and no verdict
    depends on that. ``sampling_uncertainty``: an estimate, no bound, of how far contour planes, ends and dose grid may
    put the value off, or why there is none; ``sampling_sensitive`` where it exceeds 2 % of the value or reaches a
    limit, or contour planes are too few for one; ``sampling_decides`` where another value within it gives another
    verdict. No verdict depends on these three. ``outside_percent`` is the share of the structure that lies outside the
    dose grid. ``lacking`` are parts of the organ that were not measured with the rest.
    """

    table_id: str
    constraint: Constraint
    organ: str
    structure: MatchedStructure | None
    measurement: Measurement | NotMeasured
    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    margin: float | None = None
    limit_used: float | None = None
    acceptable_used: float | None = None
    borderline: bool = False
    near_limit: bool = False
    convention_sensitive: bool = False
    conventions: tuple[UnderConvention, ...] = ()
    sampling_uncertainty: SamplingEstimate | NoSamplingEstimate = NOT_ESTIMATED
    sampling_sensitive: bool = False
    sampling_decides: bool = False
    counts: bool = True
    applies: bool = True
    probable: tuple[str, ...] = ()
    outside_percent: float = 0.0
    lacking: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def contour(self) -> str:
        """Name of the structure(s) measured; to print, empty where nothing was matched."""
        return contour_or_empty(self.structure)

    @property
    def rule(self) -> str:
        """Why they were matched to the organ; to print, empty where nothing was matched."""
        return rule_or_empty(self.structure)

    @property
    def limit(self) -> float | None:
        """``limit_used`` by the word of every format: the limit that holds for this plan, None where there is none."""
        return self.limit_used

    @property
    def acceptable(self) -> float | None:
        """``acceptable_used`` by the word of every format: the looser limit of an acceptable variation."""
        return self.acceptable_used

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

    def _parts(self) -> tuple[str, str, str]:
        """For people: what is asked of what, what came of it, and what both come to."""
        row, measured, percent = self.constraint, self.measurement, self.percent_of_limit
        limit = "by volume" if self.limit_used is None else f"{self.limit_used:.6g}"
        asked = f"{self.organ} {row.metric_text} {row.sense.replace('_', ' ')} {limit}"
        if isinstance(measured, NotMeasured):
            return asked, f"no value, {self.reason or 'met by volume alone'}", ""
        value = number_text(measured.value, self.limit_used, self.acceptable_used)
        text = f"{value} or more" if measured.open_above else f"{value} {measured.unit}"
        return asked, text, "" if isinstance(percent, NotMeasured) else f"{percent:.4g} % of the limit"

    def __repr__(self) -> str:
        asked, value, percent = self._parts()
        counts = "" if self.counts else ", does not count"
        text = f"{self.row_id}: {self.verdict}, {asked}, {value}{f', {percent}' if percent else ''}{counts}"
        return f"<Outcome {clean(text)}>"

    def _repr_html_(self) -> str:
        """Show the row in a notebook; everything in it escaped, no script."""
        asked, value, percent = self._parts()
        row = self.constraint
        facts = {
            "Row": self.row_id,
            "Verdict": self.verdict.replace("_", " ") + ("" if self.counts else ", does not count"),
            "Asked": asked,
            "Value": value,
            "% of limit": percent.removesuffix(" % of the limit"),
            "Contour": f"{self.contour} ({self.rule})" if self.structure else "none",
            "Why": self.detail,
            "Source": f"{row.source.citation}, {row.source.where}",
        }
        return html_table(("", ""), [(escaped(name), escaped(fact)) for name, fact in facts.items() if fact])


def is_near_limit(outcome: Outcome, percent: float) -> bool:
    """Whether the value lies within ``percent`` of the limit beyond which the verdict would be a worse one.

    That is the limit of a row that is met, and the acceptable one of a variation; a row that fails is beyond both.
    """
    limits = {
        Verdict.PASS: outcome.limit_used,
        Verdict.MET: outcome.limit_used,
        Verdict.VARIATION: outcome.acceptable_used,
    }
    limit, measured = limits.get(outcome.verdict), outcome.measurement
    if limit is None or isinstance(measured, NotMeasured):
        return False
    return abs(limit - measured.value) <= percent / 100.0 * abs(limit)

"""ConstraintTable x DVHSet -> Report: outcomes, verdicts, margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.dvh import DVHSet, Reason
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.plan import Finding, Prescription, UnknownPrescription
from sbrtcheck.table import Constraint, ConstraintTable


class Verdict(StrEnum):
    """What a row came to."""

    PASS = "PASS"
    VARIATION = "VARIATION"
    FAIL = "FAIL"
    NOT_EVALUATED = "NOT_EVALUATED"
    RISK = "RISK"  # a risk point: reported, no verdict


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
    inside the limit the value lies, in the metric's unit (negative: beyond). ``counts``: the row takes part in the
    overall verdict (confirmed, a limit, not disputed).
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
    borderline: bool = False
    convention_sensitive: bool = False
    conventions: tuple[UnderConvention, ...] = ()
    counts: bool = True
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one check found."""

    tables: tuple[ConstraintTable, ...]
    outcomes: tuple[Outcome, ...]
    verdict: Verdict  # overall: PASS | VARIATION | FAIL | NOT_EVALUATED
    prescription: Prescription | UnknownPrescription
    dvh_origin: str
    end_caps: str
    provenance: Mapping[str, str | tuple[str, ...]]
    findings: tuple[Finding, ...]
    software: str  # "sbrtcheck 0.1.0"


def evaluate(
    table: ConstraintTable | Sequence[ConstraintTable],
    dvhs: DVHSet,
    *,
    names: Mapping[str, str] | None = None,
    strict: bool = False,
    include_unconfirmed: bool = False,
) -> Report:
    """Check every row of the table(s) on the DVHs."""
    raise NotImplementedError

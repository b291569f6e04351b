"""Outcome and Report -> the words and numbers that every format for people shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sbrtcheck.dvh import Reason
from sbrtcheck.evaluate import NOTICE, NoComparison, Outcome, Report
from sbrtcheck.evaluate.words import (
    FLAGS,
    SIGNS,
    SourceList,
    contour_text,
    failing_lines,
    finding_text,
    findings,
    flags,
    is_just_missing,
    limit_text,
    limit_used_text,
    margin_text,
    metric_text,
    organ_text,
    overall_text,
    percent_text,
    reason_lines,
    remark,
    result_text,
    site_text,
    source_text,
    summary_text,
    value_text,
    verdict_text,
)
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Prescription
from sbrtcheck.shown import clean, number_text
from sbrtcheck.table import ConstraintTable

__all__ = [
    "FLAGS",
    "FOR_CLINICIAN",
    "HEADINGS",
    "NOTICE",
    "SHA_SHOWN",
    "SIGNS",
    "SourceList",
    "clean",
    "contour_text",
    "dvh_text",
    "escaped",
    "failing_lines",
    "finding_text",
    "findings",
    "flags",
    "for_clinician",
    "is_just_missing",
    "legend",
    "limit_text",
    "limit_used_text",
    "made_from",
    "margin_text",
    "metric_text",
    "number_text",
    "organ_counts",
    "organ_line",
    "organ_text",
    "outcomes_of",
    "overall_text",
    "percent_text",
    "prescription_text",
    "reason_lines",
    "remark",
    "remarks",
    "result_text",
    "row_name",
    "site_text",
    "summary_text",
    "table_text",
    "value_text",
    "verdict_text",
]

HEADINGS = ("Verdict", "Organ", "Contour", "Metric", "Limit", "Value [band]", "Margin", "Source")
FOR_CLINICIAN = "For the clinician: no plan can answer these"
SHA_SHOWN = 12  # enough of a SHA-256 to tell tables apart by eye; JSON has all of it


def escaped(text: str) -> str:
    """Text for Markdown: nothing that a file says may turn into markup."""
    for char in "\\`*_{}[]<>|#~":
        text = text.replace(char, f"\\{char}")
    return text


# -------------------------------------------------------------------------------- words of one row


def share_of_limit(outcome: Outcome) -> float | None:
    """Value over limit, to compare rows of different units; None without a value, or with a limit of 0."""
    found = outcome.measurement
    if isinstance(found, NotMeasured) or not outcome.limit_used:
        return None
    return found.value / outcome.limit_used


def organ_counts(outcomes: Sequence[Outcome]) -> list[str]:
    """Name the organs in one line, each with its number of rows; no line when there is none."""
    counted = Counter(outcome.organ for outcome in outcomes)
    named = [organ if number == 1 else f"{organ} ({number} rows)" for organ, number in counted.items()]
    return [", ".join(named)] if named else []


def organ_line(outcome: Outcome) -> str:
    """Name organ and contour in one line."""
    contour = f"contour {contour_text(outcome)}" if outcome.contour else "no contour"
    return f"{organ_text(outcome)} -> {contour}"


def row_name(outcome: Outcome) -> str:
    """Name a row where it stands outside its table; all rows of a missing organ are named alike."""
    if outcome.reason is Reason.STRUCTURE_MISSING:
        return outcome.organ
    return f"{outcome.organ} {metric_text(outcome.constraint)}"


# -------------------------------------------------------------------------------- words of the report


def outcomes_of(report: Report, table: ConstraintTable) -> list[Outcome]:
    """Rows of one table, in its order."""
    return [outcome for outcome in report.outcomes if outcome.table_id == table.id]


def prescription_text(report: Report) -> str:
    """``50 Gy in 5 fractions``, and which rule found it."""
    rx = report.prescription
    if isinstance(rx, Prescription):
        return f"{rx.dose_gy:.6g} Gy in {rx.fractions} fractions ({clean(rx.source)})"
    known = f"; {rx.fractions} fractions" if rx.fractions is not None else ""
    return f"unknown: {clean(rx.reason)}{known}"


def table_text(table: ConstraintTable) -> str:
    """Title, id and version of a table."""
    return f"{table.title} ({table.id}, version {table.version}, for {table.fractions_text()})"


def dvh_text(report: Report) -> str:
    """How the DVHs were made."""
    if report.dvh_origin != "computed":
        return f"{report.dvh_origin}, not computed here: their own convention holds"
    if not report.end_caps:
        return "none: the plan has no structure that was asked for"
    shape = "contours as slabs" if report.between == "slab" else "outlines interpolated between contours"
    return f"computed here: {shape}, end caps {report.end_caps}; dose {report.dose} between grid points"


def for_clinician(report: Report) -> list[str]:
    """List what the sources say that no plan can answer, each with its place."""
    items = (item for table in report.tables for item in table.for_clinician if report.site.holds(item.site))
    return list(dict.fromkeys(clean(f"{item.text} ({source_text(item.source)})") for item in items))


def legend(report: Report) -> list[str]:
    """Explain the flags that the report has."""
    used = {flag for outcome in report.outcomes for flag in flags(outcome)}
    return [f"{flag}: {meaning}" for flag, meaning in FLAGS.items() if flag in used]


def remarks(report: Report) -> list[str]:
    """One line for every row that needs explaining."""
    explained = ((row_name(outcome), remark(outcome)) for outcome in report.outcomes)
    return list(dict.fromkeys(f"{name}: {text}" for name, text in explained if text))


def made_from(report: Report) -> Iterator[str]:
    """Say what the report stands on: tables, files, DVH convention, choices, software, notice."""
    for table in report.tables:
        yield f"Table {table.id}, version {table.version}, sha256 {table.sha256[:SHA_SHOWN] or 'unknown'}"
        if table.note:
            yield f"Table {table.id}: {clean(table.note)}"
    for key, value in report.provenance.items():
        yield clean(f"{key}: {value if isinstance(value, str) else ', '.join(value)}")
    yield f"DVHs {dvh_text(report)}"
    if isinstance(report.compared, NoComparison) and report.compared != NoComparison():
        yield f"No DVHs of the planning system to compare with: {clean(report.compared.reason)}"
    if report.strict:
        yield "Strict: borderline and convention-sensitive rows stand against a pass"
    if report.accept_dose:
        yield "The dose was accepted by the user, whatever speaks against it"
    if report.include_unconfirmed:
        yield "Rows with a single reading of their source count"
    yield f"{report.software}. {NOTICE}"

"""Outcome and Report -> the words and numbers that every format for people shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sbrtcheck.dvh import Reason
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.results import NOTICE, NoComparison, Outcome, Report
from sbrtcheck.results.labels import (
    FLAGS,
    SIGNS,
    SourceList,
    choices,
    contour_text,
    finding_text,
    findings,
    flags,
    headline_lines,
    headline_of,
    is_just_missing,
    is_of_target,
    is_of_whole_plan,
    limit_text,
    limit_used_text,
    margin_text,
    metric_text,
    organ_text,
    overall_text,
    percent_text,
    plan_text,
    prescription_text,
    reason_lines,
    remark,
    result_text,
    site_text,
    source_text,
    summary_text,
    targets_first,
    value_text,
    verdict_text,
    why_not_counted,
)
from sbrtcheck.results.plan_site import SHA_SHOWN
from sbrtcheck.tables import ClinicianItem, ConstraintTable

__all__ = [
    "FLAGS",
    "FOR_CLINICIAN",
    "HEADINGS",
    "NOTICE",
    "SHA_SHOWN",
    "SIGNS",
    "SourceList",
    "absent_organs",
    "asked_of_clinician",
    "choices",
    "clean",
    "contour_text",
    "dvh_text",
    "escaped",
    "finding_text",
    "findings",
    "flags",
    "for_clinician",
    "headline_lines",
    "headline_of",
    "is_just_missing",
    "is_of_target",
    "is_of_whole_plan",
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
    "plan_text",
    "prescription_text",
    "reason_lines",
    "remark",
    "remarks",
    "result_text",
    "row_name",
    "site_text",
    "summary_text",
    "table_text",
    "targets_first",
    "value_text",
    "verdict_text",
    "why_not_counted",
]

HEADINGS = ("Verdict", "Organ", "Contour", "Metric", "Limit", "Value [band]", "Margin", "Source")
FOR_CLINICIAN = "For the clinician: no plan can answer these"


def escaped(text: str) -> str:
    """Text for Markdown: nothing that a file says may turn into markup."""
    for char in "\\`*_{}[]<>|#~":
        text = text.replace(char, f"\\{char}")
    return text


# -------------------------------------------------------------------------------- words of one row


def absent_organs(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """Organs of rows of which nothing is known but that the plan has no such structure: what they are, and which."""
    missing = [one for one in outcomes if is_just_missing(one)]
    parts = (
        ("Not evaluated, expected and not in the plan", [one for one in missing if one.applies]),
        ("Not in the plan, and not expected at this site", [one for one in missing if not one.applies]),
    )
    return [(what, organ_counts(rows)) for what, rows in parts if rows]


def organ_counts(outcomes: Sequence[Outcome]) -> str:
    """Name the organs in one line, each with its number of rows."""
    counted = Counter(outcome.organ for outcome in outcomes)
    return ", ".join(organ if number == 1 else f"{organ} ({number} rows)" for organ, number in counted.items())


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
    """Rows of one table, those on targets first, else in its order."""
    return targets_first(outcome for outcome in report.outcomes if outcome.table_id == table.id)


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
    items = (item for table in report.tables for item in asked_of_clinician(report, table))
    return list(dict.fromkeys(clean(f"{item.text} ({source_text(item.source)})") for item in items))


def asked_of_clinician(report: Report, table: ConstraintTable) -> list[ClinicianItem]:
    """Statements of a table that hold at the site of the plan."""
    return [item for item in table.for_clinician if report.site.holds(item.site)]


def legend(report: Report) -> list[str]:
    """Explain the flags that the report has."""
    used = {flag for outcome in report.outcomes for flag in flags(outcome)}
    return [f"{flag}: {meaning}" for flag, meaning in FLAGS.items() if flag in used]


def remarks(report: Report) -> list[str]:
    """One line for every row that needs explaining."""
    explained = ((row_name(outcome), remark(outcome)) for outcome in report.outcomes)
    return list(dict.fromkeys(f"{name}: {text}" for name, text in explained if text))


def made_from(report: Report) -> Iterator[str]:
    """Say what the report stands on: tables, files, DVH convention, software, notice."""
    for table in report.tables:
        yield f"Table {table.id}, version {table.version}, sha256 {table.sha256[:SHA_SHOWN] or 'unknown'}"
        if table.note:
            yield f"Table {table.id}: {clean(table.note)}"
    yield from (f"Organs expected at the site: {clean(one)}" for one in report.site.lists)
    for key, value in report.provenance.items():
        yield clean(f"{key}: {value if isinstance(value, str) else ', '.join(value)}")
    yield f"DVHs {dvh_text(report)}"
    if isinstance(report.compared, NoComparison) and report.compared.expected:
        yield f"No DVHs of the planning system to compare with: {clean(report.compared.reason)}"
    yield f"{report.software}. {NOTICE}"

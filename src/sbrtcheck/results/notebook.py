"""The values of a report -> HTML for a notebook: no script, no style sheet, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence

from sbrtcheck.formatting import SMALL, escaped, html_details, html_lines, html_table
from sbrtcheck.results import labels, value_texts
from sbrtcheck.results.outcome import NOTICE, Outcome, Verdict
from sbrtcheck.results.report_values import ReportValues

_HEADINGS = (
    "Verdict",
    "Organ, contour",
    "Metric",
    "Limit",
    "Value",
    "Margin",
    value_texts.PERCENT_OF_LIMIT,
    "Source",
)
STYLES = {  # text on ground of its own: read in light and dark notebooks alike
    Verdict.PASS: "background:#d1e7dd;color:#0a3622",
    Verdict.VARIATION: "background:#fff3cd;color:#664d03",
    Verdict.FAIL: "background:#f8d7da;color:#58151c",
    Verdict.NOT_EVALUATED: "background:#e2e3e5;color:#2b2f32",
    Verdict.RISK: "background:#cfe2ff;color:#052c65",
    Verdict.REVIEW: "background:#e9d5ff;color:#3b0764",
    Verdict.MET: "background:#ccf0ec;color:#06403b",
    Verdict.NOT_MET: "background:#f1dfd5;color:#55301c",
}
_PILL = "padding:.1em .5em;border-radius:.3em;font-weight:600;white-space:nowrap"


def report_html(report: ReportValues) -> str:
    """The plan, its verdict and the reasons; a row for each outcome, those on targets first; missing organs folded.

    Among the rows on targets, and those on organs, those that need attention come first.
    """
    sources = labels.SourceList.of(report.outcomes)
    present = sorted((outcome for outcome in report.outcomes if not labels.is_just_missing(outcome)), key=_urgency)
    return (
        "<div>"
        + _head(report)
        + html_table(_HEADINGS, [_row(outcome, sources) for outcome in labels.targets_first(present)])
        + _lacking(report, sources)
        + html_details("Findings", html_lines(labels.findings(report)))
        + html_lines(sources.lines())
        + html_lines([f"{report.software}. {NOTICE}"])
        + "</div>"
    )


def _head(report: ReportValues) -> str:
    """Which plan, its verdict, and a line for each row and reason behind it."""
    lines = [f"Plan: {labels.plan_text(report)}", f"Prescription: {labels.prescription_text(report)}"]
    lines += [f"Site: {labels.site_text(report)}", *(f"{choice}." for choice in labels.choices(report))]
    overall = f"{_pill(report.verdict, labels.overall_text(report))} {escaped(labels.summary_text(report))}"
    reasons = [f"{_pill(verdict)} {escaped(line)}" for verdict, line in labels.headline_lines(report)]
    reason_divs = "".join(f'<div style="margin:.15em 0">{reason}</div>' for reason in reasons)
    return f'<p>{"<br>".join(map(escaped, lines))}</p><p style="font-size:1.15em">{overall}</p>{reason_divs}'


def _lacking(report: ReportValues, sources: labels.SourceList) -> str:
    """Rows on structures that the plan does not have, folded: those that it should have, then the others."""
    lacking = [outcome for outcome in report.outcomes if labels.is_just_missing(outcome)]
    parts = (
        ("expected and not in the plan", [outcome for outcome in lacking if outcome.applies]),
        ("not in the plan, and not expected at this site", [outcome for outcome in lacking if not outcome.applies]),
    )
    return "".join(
        html_details(
            f"{_rows(len(rows))}: {heading}", html_table(_HEADINGS, [_row(outcome, sources) for outcome in rows])
        )
        for heading, rows in parts
        if rows
    )


def _urgency(outcome: Outcome) -> int:
    """0 for what decides against the plan, rising to what needs nobody; equals stay in the order of the tables."""
    flagged = outcome.borderline or outcome.convention_sensitive or outcome.sampling_decides
    order = {
        Verdict.FAIL: 0,
        Verdict.NOT_EVALUATED: 1 if outcome.constraint.mandatory else 4,
        Verdict.VARIATION: 2,
        Verdict.PASS: 3 if flagged else 5,
        Verdict.NOT_MET: 6,
        Verdict.MET: 7,
        Verdict.RISK: 8,
    }
    return order[outcome.verdict] + (0 if outcome.counts else 10)


def _row(outcome: Outcome, sources: labels.SourceList) -> Sequence[str]:
    flags = ", ".join((*labels.flags(outcome), *(() if outcome.counts else ("does not count",))))
    return (
        _pill(outcome.verdict) + _note(flags),
        f"{escaped(labels.organ_text(outcome))}{_note(labels.contour_text(outcome))}",
        escaped(labels.metric_text(outcome.constraint)),
        _unbroken(labels.limit_used_text(outcome)),
        f"{_unbroken(value_texts.result_text(outcome))}{_note(labels.remark(outcome))}",
        escaped(value_texts.margin_text(outcome)),
        _unbroken(value_texts.percent_cell(outcome)),
        escaped(f"[{sources.number(outcome.constraint.source)}]"),
    )


def _pill(verdict: Verdict, text: str = "") -> str:
    return f'<span style="{_PILL};{STYLES[verdict]}">{escaped(text) or verdict.replace("_", " ")}</span>'


def _unbroken(text: str) -> str:
    """Text in one line; what is in brackets after a limit may have a line of its own."""
    return " (".join(f'<span style="white-space:nowrap">{escaped(part)}</span>' for part in text.split(" ("))


def _note(text: str) -> str:
    return f'<div style="{SMALL}">{escaped(text)}</div>' if text else ""


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"

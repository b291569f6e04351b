"""The values of a report -> HTML for a notebook: no script, no style sheet, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence

from sbrtcheck.formatting import SMALL, escaped, html_details, html_lines, html_table
from sbrtcheck.results import labels
from sbrtcheck.results.outcome import NOTICE, Outcome, Verdict
from sbrtcheck.results.report_values import ReportValues

_HEADINGS = ("Verdict", "Organ, contour", "Metric", "Limit", "Value [bounds]", "Margin", "Of limit", "Source")
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
    """Which plan, its verdict and what is behind it; a row an outcome, those on targets first; what lacks is folded.

    Among the rows on targets, and those on organs, what needs attention comes first.
    """
    sources = labels.SourceList.of(report.outcomes)
    there = sorted((one for one in report.outcomes if not labels.is_just_missing(one)), key=_urgency)
    return (
        "<div>"
        + _head(report)
        + html_table(_HEADINGS, [_row(one, sources) for one in labels.targets_first(there)])
        + _lacking(report, sources)
        + html_details("Findings", html_lines(labels.findings(report)))
        + html_lines(sources.lines())
        + html_lines([f"{report.software}. {NOTICE}"])
        + "</div>"
    )


def _head(report: ReportValues) -> str:
    """Which plan, its verdict, and a line for each row and reason behind it."""
    known = [f"Plan: {labels.plan_text(report)}", f"Prescription: {labels.prescription_text(report)}"]
    known += [f"Site: {labels.site_text(report)}", *(f"{choice}." for choice in labels.choices(report))]
    overall = f"{_pill(report.verdict, labels.overall_text(report))} {escaped(labels.summary_text(report))}"
    reasons = [f"{_pill(verdict)} {escaped(line)}" for verdict, line in labels.headline_lines(report)]
    listed = "".join(f'<div style="margin:.15em 0">{reason}</div>' for reason in reasons)
    return f'<p>{"<br>".join(map(escaped, known))}</p><p style="font-size:1.15em">{overall}</p>{listed}'


def _lacking(report: ReportValues, sources: labels.SourceList) -> str:
    """Rows on structures that the plan does not have, folded: those that it should have, then the others."""
    lacking = [one for one in report.outcomes if labels.is_just_missing(one)]
    parts = (
        ("expected and not in the plan", [one for one in lacking if one.applies]),
        ("not in the plan, and not expected at this site", [one for one in lacking if not one.applies]),
    )
    return "".join(
        html_details(f"{_rows(len(rows))}: {what}", html_table(_HEADINGS, [_row(one, sources) for one in rows]))
        for what, rows in parts
        if rows
    )


def _urgency(outcome: Outcome) -> int:
    """0 for what decides against the plan, rising to what needs nobody; equals stay in the order of the tables."""
    flagged = outcome.borderline or outcome.convention_sensitive
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
        _whole(labels.limit_used_text(outcome)),
        f"{_whole(labels.result_text(outcome))}{_note(labels.remark(outcome))}",
        escaped(labels.margin_text(outcome)),
        _whole(labels.percent_text(outcome).removesuffix(" of the limit")),
        escaped(f"[{sources.number(outcome.constraint.source)}]"),
    )


def _pill(verdict: Verdict, text: str = "") -> str:
    return f'<span style="{_PILL};{STYLES[verdict]}">{escaped(text) or verdict.replace("_", " ")}</span>'


def _whole(text: str) -> str:
    """Text in one line; what stands in brackets behind a limit may have a line of its own."""
    return " (".join(f'<span style="white-space:nowrap">{escaped(part)}</span>' for part in text.split(" ("))


def _note(text: str) -> str:
    return f'<div style="{SMALL}">{escaped(text)}</div>' if text else ""


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"

"""Report -> Markdown text, for notes and issue threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sbrtcheck.render import words
from sbrtcheck.render.comparison import compared_lines, compared_title
from sbrtcheck.render.course import course_lines
from sbrtcheck.results import Outcome, Report
from sbrtcheck.tables import ConstraintTable


def markdown_report(report: Report) -> str:
    """Write the report as GitHub-flavoured Markdown."""
    sources = words.SourceList.of(report.outcomes)
    lines = list(_head(report))
    for table in report.tables:
        lines += ["", f"## {words.escaped(words.table_text(table))}", "", *_table(report, table, sources)]
    lines += _section("Flags", words.legend(report))
    lines += _section("Remarks", words.remarks(report))
    lines += _section("Findings", words.findings(report))
    lines += _section(compared_title(report), compared_lines(report))
    lines += _section(words.FOR_CLINICIAN, words.for_clinician(report))
    lines += _section("Sources", sources.lines())
    lines += _section("Regimen", course_lines(report))
    lines += _section("Made from", words.made_from(report))
    return "\n".join(lines) + "\n"


def _head(report: Report) -> Iterator[str]:
    """Which plan, its verdict, and a line for each row and reason behind it."""
    yield f"# Plan {words.escaped(words.plan_text(report))}"
    yield ""
    yield f"Prescription: {words.escaped(words.prescription_text(report))}."
    yield f"Site: {words.escaped(words.site_text(report))}."
    yield from (f"{choice}." for choice in words.choices(report))
    yield from ("", f"## {words.escaped(words.overall_text(report))}", "", f"{words.summary_text(report)}.")
    lines = words.headline_lines(report)
    yield from [""] if lines else []
    yield from (f"- **{verdict}** {words.escaped(line)}" for verdict, line in lines)


def _table(report: Report, table: ConstraintTable, sources: words.SourceList) -> Iterator[str]:
    yield _line(words.HEADINGS)
    yield "|" + " --- |" * len(words.HEADINGS)
    outcomes = words.outcomes_of(report, table)
    for outcome in outcomes:
        if not words.is_just_missing(outcome):
            yield _line(map(words.escaped, _cells(outcome, sources)))
    for what, organs in words.absent_organs(outcomes):
        yield from ("", f"{what}: {words.escaped(organs)}.")


def _cells(outcome: Outcome, sources: words.SourceList) -> tuple[str, ...]:
    return (
        " ".join((words.verdict_text(outcome), *(f"({flag})" for flag in words.flags(outcome)))),
        words.organ_text(outcome),
        words.contour_text(outcome),
        words.metric_text(outcome.constraint),
        words.limit_used_text(outcome),
        words.result_text(outcome),
        words.margin_text(outcome),
        f"[{sources.number(outcome.constraint.source)}]",
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    items = [f"- {words.escaped(line)}" for line in lines]
    return ["", f"## {title}", "", *items] if items else []

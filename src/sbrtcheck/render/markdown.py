"""Report -> Markdown text, for notes and issue threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sbrtcheck.render import by_organ, grouping
from sbrtcheck.render.course import course_lines
from sbrtcheck.render.dvh_comparison import comparison_lines, comparison_title
from sbrtcheck.results import Outcome, Report, labels, noted, value_texts

HEADINGS = (
    "Verdict",
    "Organ",
    "Contour",
    "Metric",
    "Limit",
    "Value [bounds]",
    "Margin",
    value_texts.PERCENT_OF_LIMIT,
    "Source",
)


def markdown_report(report: Report, group: str = grouping.ORGAN) -> str:
    """Write the report as GitHub-flavoured Markdown; rows of several tables together by organ, or by table."""
    sources = labels.SourceList.of(report.outcomes)
    lines = list(_head(report))
    for rows in grouping.row_groups(report, group):
        notes = [part for note in rows.notes for part in (escaped(note), "")]
        lines += ["", f"## {escaped(rows.title)}", "", *notes, *_table(report, rows, sources)]
    lines += _section(noted.NOTES, noted.note_lines(report))
    lines += _section(noted.SIGN_OFF, noted.signature_lines(report))
    lines += _by_organ(report)
    lines += _section(labels.LEFT_OUT, labels.left_out_lines(report))
    lines += _section("Flags", labels.legend(report))
    lines += _section("Remarks", labels.remarks(report))
    lines += _section("Findings", labels.findings(report))
    lines += _section(comparison_title(report), comparison_lines(report))
    lines += _section(labels.FOR_CLINICIAN, labels.for_clinician(report))
    lines += _section("Sources", sources.lines())
    lines += _section("Regimen", course_lines(report))
    lines += _section("Provenance", labels.provenance_lines(report))
    return "\n".join(lines) + "\n"


def _head(report: Report) -> Iterator[str]:
    """Which plan, its verdict, and a line for each row and reason for it."""
    yield f"# Plan {escaped(labels.plan_text(report))}"
    yield ""
    yield f"Prescription: {escaped(labels.prescription_text(report))}."
    yield f"Site: {escaped(labels.site_text(report))}."
    yield from (f"{choice}." for choice in labels.choices(report))
    yield from ("", f"## {escaped(labels.overall_text(report))}", "", f"{labels.summary_text(report)}.")
    lines = labels.headline_lines(report)
    yield from [""] if lines else []
    yield from (f"- **{verdict}** {escaped(line)}" for verdict, line in lines)


def _table(report: Report, rows: grouping.RowGroup, sources: labels.SourceList) -> Iterator[str]:
    headings = ("Table", *HEADINGS) if rows.of_tables else HEADINGS
    yield _line(headings)
    yield "|" + " --- |" * len(headings)
    for outcome in rows.outcomes:
        if not labels.is_just_missing(outcome):
            table = [grouping.table_number(report, outcome.table_id)] if rows.of_tables else []
            yield _line(map(escaped, (*table, *_cells(outcome, sources))))
    for heading, organs in labels.absent_organs(rows.outcomes):
        yield from ("", f"{heading}: {escaped(organs)}.")


def _cells(outcome: Outcome, sources: labels.SourceList) -> tuple[str, ...]:
    return (
        " ".join((labels.verdict_text(outcome), *(f"({flag})" for flag in labels.flags(outcome)))),
        labels.organ_text(outcome),
        labels.contour_text(outcome),
        labels.metric_text(outcome.constraint),
        labels.limit_used_text(outcome),
        value_texts.result_text(outcome, with_bounds=True),
        value_texts.margin_text(outcome, with_bounds=True),
        value_texts.percent_cell(outcome),
        f"[{sources.number(outcome.constraint.source)}]",
    )


def _by_organ(report: Report) -> Iterator[str]:
    """All limits side by side, where a profile chose the tables."""
    if report.profile is not None:
        grid = by_organ.report_grid(report)
        yield from ("", f"## {by_organ.TITLE}", "", _line(grid.headings), "|" + " --- |" * len(grid.headings))
        yield from (_line(map(escaped, cells)) for cells in grid.lines)
        yield ""
        yield from (f"- {escaped(line)}" for line in by_organ.report_lines(report))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    items = [f"- {escaped(line)}" for line in lines]
    return ["", f"## {title}", "", *items] if items else []


def escaped(text: str) -> str:
    """Text for Markdown: no text of a file may turn into markup."""
    for char in "\\`*_{}[]<>|#~":
        text = text.replace(char, f"\\{char}")
    return text

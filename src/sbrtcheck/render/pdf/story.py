"""Report -> content of its PDF, in order: the verdict and the reasons for it, every row, the chart, its sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, LongTable, Paragraph, Spacer, TableStyle

from sbrtcheck.formatting import clean
from sbrtcheck.render.course import course_lines
from sbrtcheck.render.dvh_comparison import comparison_lines, comparison_title
from sbrtcheck.render.pdf.chart import NOTE, dvh_chart
from sbrtcheck.render.pdf.page import WIDTH
from sbrtcheck.render.pdf.style import COLOURS, PLAIN, RULE, cell_markup, markup, styles
from sbrtcheck.results import Outcome, Report, Verdict, labels, noted, value_texts
from sbrtcheck.results.dvh_comparison import Comparison, NoComparison
from sbrtcheck.tables import ConstraintTable

_HEADINGS = (
    "Verdict",
    "Organ, contour",
    "Metric",
    "Limit",
    "Value [bounds]",
    "Margin",
    value_texts.PERCENT_OF_LIMIT,
    "Ref",
)
_WIDTHS = tuple(part * mm for part in (25, 42, 28, 25, 28, 12, 12, 8))
_WITH_HEADING = 75.0  # points that have to be left below a heading, for a table's own headings and its first row
_TINT = HexColor("#f2f2f2")


def story(report: Report) -> list[Flowable]:
    """Everything the PDF shows."""
    return [flowable for part in _parts(report) for flowable in part]


def _parts(report: Report) -> Iterator[list[Flowable]]:
    sources = labels.SourceList.of(report.outcomes)
    yield _top(report)
    for table in report.tables:
        yield _table(report, table, sources)
    yield _list(noted.NOTES, noted.note_lines(report))
    yield _list(noted.SIGN_OFF, noted.signature_lines(report))
    yield _list(labels.LEFT_OUT, labels.left_out_lines(report))
    yield _chart(report)
    yield _list("Flags", labels.legend(report))
    yield _list("Remarks", labels.remarks(report))
    yield _names(report)
    yield _comparison(report)
    yield _list("Findings", labels.findings(report))
    yield _list(labels.FOR_CLINICIAN, labels.for_clinician(report))
    yield _list("Sources", sources.lines())
    yield _list("Regimen", course_lines(report))
    yield _list("Provenance", labels.provenance_lines(report))


# ------------------------------------------------------------------------------------- building blocks


def _heading(text: str) -> list[Flowable]:
    """A heading that stays with what follows: on the next page where little room is left."""
    return [CondPageBreak(_WITH_HEADING), Paragraph(markup(text), styles()["heading"])]


def _text(text: str) -> Paragraph:
    return Paragraph(markup(text), styles()["text"])


def _list(title: str, lines: Iterable[str]) -> list[Flowable]:
    """A heading and its lines; nothing when there are no lines."""
    items: list[Flowable] = [Paragraph(markup(line), styles()["item"], bulletText="-") for line in lines]
    return [*_heading(title), *items] if items else []


def _cell(text: str, style: str = "cell") -> Paragraph:
    return Paragraph(cell_markup(text), styles()[style])


def _grid(headings: Sequence[str], widths: Sequence[float], rows: Iterable[list[Any]]) -> LongTable:
    """A table whose headings stand on every page it goes over."""
    head = [_cell(heading, "head") for heading in headings]
    style: list[Any] = [
        ("FONTNAME", (0, 0), (-1, -1), PLAIN),  # else a font that is not embedded is named, though nothing is set in it
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, HexColor("#444444")),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, RULE),
        ("BACKGROUND", (0, 0), (-1, 0), _TINT),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
    return LongTable([head, *rows], colWidths=list(widths), repeatRows=1, style=TableStyle(style), hAlign="LEFT")


# ------------------------------------------------------------------------------------- parts


def _top(report: Report) -> list[Flowable]:
    """Which plan, its verdict, and a line for each row and reason for it."""
    overall = f'<font color="{_hex(report.verdict)}">OVERALL: {markup(labels.overall_text(report))}</font>'
    return [
        _text(f"Plan: {labels.plan_text(report)}."),
        _text(f"Prescription: {labels.prescription_text(report)}."),
        _text(f"Site: {labels.site_text(report)}."),
        *(_text(f"{choice}.") for choice in labels.choices(report)),
        Paragraph(overall, styles()["title"]),
        _text(f"{labels.summary_text(report)}."),
        *(_reason(verdict, line) for verdict, line in labels.headline_lines(report)),
    ]


def _reason(verdict: Verdict, line: str) -> Paragraph:
    """A line under the verdict."""
    mark = f'<font color="{_hex(verdict)}"><b>{markup(verdict)}</b></font>'
    return Paragraph(f"{mark}  {markup(line)}", styles()["reason"])


def _table(report: Report, table: ConstraintTable, sources: labels.SourceList) -> list[Flowable]:
    outcomes = labels.outcomes_of(report, table)
    rows = [outcome for outcome in outcomes if not labels.is_just_missing(outcome)]
    flowables = [*_heading(labels.table_text(table)), *map(_text, labels.table_notes(report, table))]
    if rows:
        flowables += [_grid(_HEADINGS, _WIDTHS, [_row(outcome, sources) for outcome in rows])]
    else:
        flowables += [_text("The plan has no structure that this table asks for.")]
    for heading, organs in labels.absent_organs(outcomes):
        flowables += [Spacer(0, 3), _text(f"{heading}: {organs}")]
    return flowables


def _row(outcome: Outcome, sources: labels.SourceList) -> list[Any]:
    flags: list[Flowable] = [_cell(f"({flag})") for flag in labels.flags(outcome)]
    verdict = f'<font color="{_hex(outcome.verdict)}"><b>{markup(labels.verdict_text(outcome))}</b></font>'
    return [
        [Paragraph(verdict, styles()["cell"]), *flags],
        [_cell(labels.organ_text(outcome)), _cell(f"-> {labels.contour_text(outcome)}")],
        _cell(labels.metric_text(outcome.constraint)),
        _cell(labels.limit_used_text(outcome)),
        _cell(value_texts.result_text(outcome, with_bounds=True)),
        _cell(value_texts.margin_text(outcome, with_bounds=True), "right"),
        _cell(value_texts.percent_cell(outcome), "right"),
        _cell(f"[{sources.number(outcome.constraint.source)}]"),
    ]


def _hex(verdict: Verdict) -> str:
    return f"#{COLOURS[verdict].hexval()[2:]}"


def _chart(report: Report) -> list[Flowable]:
    drawing = dvh_chart(report, WIDTH)
    if drawing is None:
        return []
    return [KeepTogether([*_heading("Dose-volume histograms"), drawing, Spacer(0, 4), _text(NOTE)])]


def _names(report: Report) -> list[Flowable]:
    """Which contour was matched to which organ, and by which rule; every organ once."""
    matches = dict.fromkeys((o.organ, o.contour, o.rule) for o in report.outcomes if o.structure is not None)
    if not matches:
        return []
    rows = [[_cell(clean(part)) for part in parts] for parts in matches]
    return [*_heading("Matched structures"), _grid(("Organ", "Contour", "Why"), (50 * mm, 70 * mm, 60 * mm), rows)]


def _comparison(report: Report) -> list[Flowable]:
    match report.compared:
        case NoComparison(reason=reason):
            return [*_heading("Compared with other DVHs"), _text(f"Not compared: {reason}.")]
        case Comparison():
            return _list(comparison_title(report), comparison_lines(report))

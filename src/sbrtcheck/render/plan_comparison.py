"""Comparison of two plans -> text, Markdown or JSON; and the parts that one of more plans has too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import NotMeasured
from sbrtcheck.render.markdown import escaped
from sbrtcheck.render.text import ruled_table, terminal_text
from sbrtcheck.results import (
    NOTICE,
    MetricDifference,
    NotCompared,
    Outcome,
    Report,
    StructureDifference,
    labels,
    noted,
    rounded,
)
from sbrtcheck.results.comparison_dict import not_compared_dict, structure_dict
from sbrtcheck.results.dvh_comparison import GENERAL, VOLUME
from sbrtcheck.results.notes import row_note_dict
from sbrtcheck.results.plan_comparison import Better, NoOutcome, PlanComparison, RowComparison, RowOfPlans
from sbrtcheck.results.plan_site import SHA_SHOWN
from sbrtcheck.results.to_dict import left_out_dict, measured_dict
from sbrtcheck.tables import ConstraintTable

ROWS = ("Better", "Organ", "Metric", "Limit", "First", "Second", "Margin by")
DIFFERENCES = ("Structure", VOLUME, *GENERAL, "Curves, % (Gy)", "Curves, Gy (%)")
NO_WINNER = "Rows are counted, and no plan is called the better one: how they weigh against each other is yours to say."
SAME = "~: numerical bounds overlap, so it may be no difference"
NEAR = "!"
LEGEND = ("same: the same verdict, within numerical bounds", SAME, "*: shown, but not counted")
DVHS = "DVHs, first minus second"


# -------------------------------------------------------------------------------- for people


def plans_text(comparison: PlanComparison) -> str:
    """Write the comparison for reading in a terminal."""
    return terminal_text(_text_parts(comparison))


def _text_parts(comparison: PlanComparison) -> Iterator[RenderableType]:
    yield from map(Text, _head(comparison))
    yield from text_lines("Remarks", _remarks(comparison))
    for table in comparison.first.tables:
        yield Text(f"\n{labels.table_text(table)}")
        yield from map(Text, labels.table_notes(comparison.first, table))
        compared, aside = _rows_and_reasons(comparison, table)
        if compared:
            yield text_grid(ROWS, map(_row_cells, compared))
        yield from text_lines("Not compared", aside)
    yield from text_lines(labels.LEFT_OUT, labels.left_out_lines(comparison.first, comparison.second))
    yield from text_lines("Marks", _legend(comparison))
    for title, lines in note_sections(_named(comparison)):
        yield from text_lines(title, lines)
    if comparison.structures:
        yield Text(f"\n{DVHS}")
        yield text_grid(DIFFERENCES, map(difference_cells, comparison.structures))
    yield from text_lines("Structures not compared", _structures_without_dvh(comparison.without))
    yield from text_lines("Provenance", _provenance_lines(comparison))


def text_grid(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> RenderableType:
    """Rows of text under headings."""
    grid = ruled_table(*headings)
    for cells in rows:
        grid.add_row(*map(Text, cells))
    return grid


def text_lines(title: str, lines: Sequence[str]) -> Iterator[RenderableType]:
    """Lines below their title; nothing where there are none."""
    if lines:
        yield Text(f"\n{title}")
        yield from (Padding(Text(clean(line)), (0, 0, 0, 2)) for line in lines)


def plans_markdown(comparison: PlanComparison) -> str:
    """Write the comparison as GitHub-flavoured Markdown."""
    lines = ["# Two plans compared", "", *(f"- {escaped(line.strip())}" for line in _head(comparison))]
    lines += markdown_list("## Remarks", _remarks(comparison))
    for table in comparison.first.tables:
        compared, aside = _rows_and_reasons(comparison, table)
        lines += ["", f"## {escaped(labels.table_text(table))}"]
        lines += [part for note in labels.table_notes(comparison.first, table) for part in ("", escaped(note))]
        lines += markdown_table(ROWS, map(_row_cells, compared)) if compared else []
        lines += markdown_list("### Not compared", aside)
    lines += markdown_list(f"## {labels.LEFT_OUT}", labels.left_out_lines(comparison.first, comparison.second))
    lines += markdown_list("## Marks", _legend(comparison))
    for title, listed in note_sections(_named(comparison)):
        lines += markdown_list(f"## {title}", listed)
    if comparison.structures:
        lines += ["", f"## {DVHS}", *markdown_table(DIFFERENCES, map(difference_cells, comparison.structures))]
    lines += markdown_list("## Structures not compared", _structures_without_dvh(comparison.without))
    lines += markdown_list("## Provenance", _provenance_lines(comparison))
    return "\n".join(lines) + "\n"


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    cells = [headings, *rows]
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in cells]
    return ["", lines[0], "|" + " --- |" * len(headings), *lines[1:]]


def markdown_list(title: str, lines: Sequence[str]) -> list[str]:
    """Lines of a list below its title; nothing where there are none."""
    return ["", title, "", *(f"- {escaped(clean(line))}" for line in lines)] if lines else []


def _head(comparison: PlanComparison) -> Iterator[str]:
    for name, report in (("First", comparison.first), ("Second", comparison.second)):
        yield f"{name}: plan {labels.plan_text(report)}, {labels.prescription_text(report)}"
        yield f"  overall {labels.overall_text(report)}: {labels.summary_text(report)}"
        yield from (f"    {verdict} {line}" for verdict, line in labels.headline_lines(report))
    yield f"Site: {labels.site_text(comparison.first)}"
    yield from (f"{choice}." for choice in labels.choices(comparison.first))
    yield f"Rows that count: {comparison.tally_text()}"
    yield NO_WINNER


def _rows_and_reasons(comparison: PlanComparison, table: ConstraintTable) -> tuple[list[RowComparison], list[str]]:
    """Rows compared, those on targets first, and one line for each reason why others were not."""
    rows = [row for row in comparison.rows if row.table_id == table.id]
    rows.sort(key=lambda row: not labels.is_of_target(row.constraint))
    compared = [row for row in rows if row.better is not Better.NOT_COMPARED]
    aside: dict[str, Counter[str]] = {}
    for row in rows:
        if row.better is Better.NOT_COMPARED:
            aside.setdefault(row.why, Counter())[row.organ] += 1
    return compared, [f"{why}: {organs_text(organs)}" for why, organs in aside.items()]


def organs_text(organs: Counter[str]) -> str:
    """Organs in one line, each with its number of rows."""
    return ", ".join(organ if number == 1 else f"{organ} ({number} rows)" for organ, number in organs.items())


def _row_cells(row: RowComparison) -> tuple[str, ...]:
    return (
        f"{row.better} ~" if row.within_bands and row.better is not Better.SAME else str(row.better),
        *row_head(row, (row.first, row.second)),
        outcome_text(row.first),
        outcome_text(row.second),
        _signed(row.margin_difference, overlap=row.within_bands),
    )


def row_head(row: RowComparison | RowOfPlans, outcomes: Iterable[Outcome | NoOutcome]) -> tuple[str, str, str]:
    """Organ, metric, and the limits of the plans, each once."""
    limits = [labels.limit_used_text(outcome) for outcome in outcomes if isinstance(outcome, Outcome)]
    return (
        row.organ if row.counts else f"{row.organ} *",
        labels.metric_text(row.constraint),
        " / ".join(dict.fromkeys(limits)),
    )


def outcome_text(outcome: Outcome | NoOutcome) -> str:
    """Verdict and value; ``-`` where a plan does not have the row."""
    if isinstance(outcome, NoOutcome):
        return "-"
    if isinstance(outcome.measurement, NotMeasured):
        return labels.verdict_text(outcome)
    text = number_text(outcome.measurement.value, outcome.limit_used, outcome.acceptable_used)
    or_more = " or more" if outcome.measurement.open_above else ""
    return f"{labels.verdict_text(outcome)} {text}{or_more}{f' {NEAR}' if outcome.near_limit else ''}"


def difference_cells(structure: StructureDifference) -> tuple[str, ...]:
    """The differences of two DVHs, in the columns of `DIFFERENCES`."""
    general = {str(metric.metric): metric for metric in structure.metrics if metric.alpha_beta_gy is None}
    cells = (_metric_cell(general[name]) for name in (VOLUME, *GENERAL))
    curves = structure.curves
    return (
        clean(structure.name),
        *cells,
        f"{curves.volume_percent:+.1f} ({curves.at_gy:.2f})",
        f"{_signed(curves.dose_gy)} ({curves.at_percent:.3g})",
    )


def _metric_cell(metric: MetricDifference) -> str:
    return _signed(metric.difference, overlap=metric.within_bands and str(metric.metric) != VOLUME)


def _signed(value: float | NotMeasured, *, overlap: bool = False) -> str:
    if isinstance(value, NotMeasured):
        return "-"
    text = f"{value:+.2f}"
    number = "0.00" if float(text) == 0 else text
    return f"{number} ~" if overlap and value != 0 else number


def _structures_without_dvh(without: Iterable[NotCompared]) -> list[str]:
    return [f"{structure.name}: {structure.detail}" for structure in without]


def _legend(comparison: PlanComparison) -> Sequence[str]:
    """The marks, where there is anything that may have one."""
    compared = any(row.better is not Better.NOT_COMPARED for row in comparison.rows)
    return [*LEGEND, *near_legend(comparison.first, comparison.second)] if comparison.structures or compared else []


def near_legend(*reports: Report) -> list[str]:
    """What the mark of a value near its limit means, where there is one."""
    near = any(outcome.near_limit for report in reports for outcome in report.outcomes)
    return [f"{NEAR}: within {reports[0].near_percent:g} % of the limit that its verdict turns on"] if near else []


def _named(comparison: PlanComparison) -> dict[str, Report]:
    return {"first": comparison.first, "second": comparison.second}


def note_sections(reports: Mapping[str, Report]) -> Iterator[tuple[str, list[str]]]:
    """Title and lines of the notes, then of the sign-offs, each line with the name of its plan."""
    for title, lines_of in ((noted.NOTES, noted.note_lines), (noted.SIGN_OFF, noted.signature_lines)):
        yield title, [f"{name}: {line}" for name, report in reports.items() for line in lines_of(report)]


def _remarks(comparison: PlanComparison) -> list[str]:
    """What makes the comparison doubtful, then what was found in each plan as a whole."""
    of_plans = [
        f"{name}: {labels.finding_text(finding)}"
        for name, report in (("first", comparison.first), ("second", comparison.second))
        for finding in report.findings
    ]
    return [*comparison.remarks, *of_plans]


def _provenance_lines(comparison: PlanComparison) -> list[str]:
    lines = [f"Table {t.id}, version {t.version}, sha256 {t.sha256[:SHA_SHOWN]}" for t in comparison.first.tables]
    for name, report in (("first", comparison.first), ("second", comparison.second)):
        lines += [
            f"{name}: {key} {value if isinstance(value, str) else ', '.join(value)}"
            for key, value in report.provenance.items()
        ]
    return [*lines, f"DVHs {labels.dvh_text(comparison.first)}", f"{comparison.first.software}. {NOTICE}"]


# -------------------------------------------------------------------------------- for programs


def plans_json(comparison: PlanComparison) -> str:
    """Write the comparison for programs, numbers to 6 significant digits; rows name those of both reports."""
    listed = {
        "schema": "sbrtcheck-compare/2",
        "software": comparison.first.software,
        "first": plan_dict(comparison.first),
        "second": plan_dict(comparison.second),
        "tables": [{"id": t.id, "version": t.version, "sha256": t.sha256} for t in comparison.first.tables],
        "left_out": [left_out_dict(table) for table in comparison.first.left_out],
        "tally": {str(better): number for better, number in comparison.tally().items()},
        "rows": [_row_dict(row) for row in comparison.rows],
        "structures": [pair_structure_dict(structure) for structure in comparison.structures],
        "without": [not_compared_dict(structure) for structure in comparison.without],
        "remarks": list(comparison.remarks),
        "notice": NOTICE,
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def plan_dict(report: Report) -> dict[str, Any]:
    """What a comparison has of each report; its outcomes stand in the rows."""
    whole = report.to_dict()
    on_rows = [row_note_dict(one) for one in report.notes.rows if one.place is not None]
    return {key: whole[key] for key in _OF_PLAN if key in whole} | {"notes": on_rows}


_OF_PLAN = (
    "plan_label",
    "verdict",
    "reasons",
    "failing",
    "site",
    "summary",
    "rows_not_expected",
    "accept_dose",
    "allow_lint_errors",
    "prescription",
    "dvh",
    "provenance",
    "findings",
    "near_percent",
    "lost_notes",
    "sign_offs",
)
"""What the comparison has of each report; its outcomes stand in the rows."""


def pair_structure_dict(structure: StructureDifference) -> dict[str, Any]:
    """As in a report, with the names of the plans; conventions are of no use here."""
    as_dict = structure_dict(structure)
    metrics = [
        {_PLANS.get(key, key): value for key, value in metric.items()}  # ours, theirs: first, second
        for metric in as_dict["metrics"]
    ]
    return {"name": as_dict["name"], "metrics": metrics, "curves": as_dict["curves"]}


_PLANS = {"ours": "first", "theirs": "second"}


def _row_dict(row: RowComparison) -> dict[str, Any]:
    margin = row.margin_difference
    return {
        "table": row.table_id,
        "row": row.constraint.id,
        "organ": row.organ,
        "metric": str(row.constraint.metric),
        "unit": str(row.constraint.metric.unit),
        "sense": str(row.constraint.sense),
        "counts": row.counts,
        "better": str(row.better),
        "within_bands": row.within_bands,
        "why": row.why,
        "margin_difference": None if isinstance(margin, NotMeasured) else rounded(margin),
        "first": outcome_dict(row.first),
        "second": outcome_dict(row.second),
    }


def outcome_dict(outcome: Outcome | NoOutcome) -> dict[str, Any] | None:
    """What one plan comes to on a row; None where it does not have the row."""
    if isinstance(outcome, NoOutcome):
        return None
    return {
        "contour": outcome.contour,
        "verdict": str(outcome.verdict),
        "limit": rounded(outcome.limit_used),
        "acceptable": rounded(outcome.acceptable_used),
        "measured": measured_dict(outcome.measurement),
        "margin": rounded(outcome.margin),
        "borderline": outcome.borderline,
        "convention_sensitive": outcome.convention_sensitive,
        "near_limit": outcome.near_limit,
        "reason": str(outcome.reason) if outcome.reason else None,
        "detail": outcome.detail,
    }


PLAN_FORMATS: Mapping[str, Callable[[PlanComparison], str]] = MappingProxyType(
    {"text": plans_text, "json": plans_json, "markdown": plans_markdown}
)

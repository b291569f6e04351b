"""Comparison of more than two plans -> text, Markdown or JSON: a column a plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from sbrtcheck.render.markdown import escaped
from sbrtcheck.render.plan_comparison import (
    DIFFERENCES,
    NO_WINNER,
    difference_cells,
    markdown_list,
    markdown_table,
    near_legend,
    note_sections,
    organs_text,
    outcome_dict,
    outcome_text,
    pair_structure_dict,
    plan_dict,
    row_head,
    text_grid,
    text_lines,
)
from sbrtcheck.render.text import terminal_text
from sbrtcheck.results import NOTICE, Report, labels
from sbrtcheck.results.comparison_dict import not_compared_dict
from sbrtcheck.results.plan_comparison import PlanComparison, PlansCompared, RowOfPlans, Standing, letter
from sbrtcheck.results.plan_site import SHA_SHOWN
from sbrtcheck.results.to_dict import left_out_dict
from sbrtcheck.tables import ConstraintTable

SCHEMA = "sbrtcheck-compare/3"
BEST = "<- best"
LEGEND = (
    "<- best: no other plan is better on the row; several may be, where their numerical bounds overlap",
    "same: no plan is better than another, within numerical bounds",
    "~: numerical bounds overlap, so it may be no difference",
    "*: shown, but not counted",
)


# -------------------------------------------------------------------------------- for people


def several_text(compared: PlansCompared) -> str:
    """Write the comparison for reading in a terminal."""
    return terminal_text(_text_parts(compared))


def _text_parts(compared: PlansCompared) -> Iterator[RenderableType]:
    yield from map(Text, _head(compared))
    yield from text_lines("Remarks", _remarks(compared))
    for table in compared.reports[0].tables:
        yield Text(f"\n{labels.table_text(table)}")
        yield from map(Text, labels.table_notes(compared.reports[0], table))
        rows, aside = _rows_and_reasons(compared, table)
        if rows:
            yield text_grid(_headings(compared), (_cells(row, between="\n") for row in rows))
        yield from text_lines("Not compared", aside)
    yield from text_lines(labels.LEFT_OUT, labels.left_out_lines(*compared.reports))
    yield from text_lines("Marks", [*LEGEND, *near_legend(*compared.reports)])
    for title, lines in note_sections(_named(compared)):
        yield from text_lines(title, lines)
    for place, pair in enumerate(compared.to_first, start=1):
        if pair.structures:
            yield Text(f"\n{_differences_title(place)}")
            yield text_grid(DIFFERENCES, map(difference_cells, pair.structures))
    yield from text_lines("Structures not compared", _without(compared))
    yield from text_lines("Provenance", _provenance_lines(compared))


def several_markdown(compared: PlansCompared) -> str:
    """Write the comparison as GitHub-flavoured Markdown."""
    count = len(compared.reports)
    lines = [f"# {count} plans compared", "", *(f"- {escaped(line.strip())}" for line in _head(compared))]
    lines += markdown_list("## Remarks", _remarks(compared))
    for table in compared.reports[0].tables:
        rows, aside = _rows_and_reasons(compared, table)
        lines += ["", f"## {escaped(labels.table_text(table))}"]
        lines += [part for note in labels.table_notes(compared.reports[0], table) for part in ("", escaped(note))]
        lines += markdown_table(_headings(compared), (_cells(row, between=" ") for row in rows)) if rows else []
        lines += markdown_list("### Not compared", aside)
    lines += markdown_list(f"## {labels.LEFT_OUT}", labels.left_out_lines(*compared.reports))
    lines += markdown_list("## Marks", [*LEGEND, *near_legend(*compared.reports)])
    for title, listed in note_sections(_named(compared)):
        lines += markdown_list(f"## {title}", listed)
    for place, pair in enumerate(compared.to_first, start=1):
        if pair.structures:
            lines += ["", f"## {_differences_title(place)}"]
            lines += markdown_table(DIFFERENCES, map(difference_cells, pair.structures))
    lines += markdown_list("## Structures not compared", _without(compared))
    lines += markdown_list("## Provenance", _provenance_lines(compared))
    return "\n".join(lines) + "\n"


def _head(compared: PlansCompared) -> Iterator[str]:
    for place, report in enumerate(compared.reports):
        yield f"{letter(place)}: plan {labels.plan_text(report)}, {labels.prescription_text(report)}"
        yield f"  overall {labels.overall_text(report)}: {labels.summary_text(report)}"
        yield from (f"    {verdict} {line}" for verdict, line in labels.headline_lines(report))
    first = compared.reports[0]
    yield f"Site: {labels.site_text(first)}"
    yield from (f"{choice}." for choice in labels.choices(first))
    for place in range(len(compared.reports)):
        yield f"Rows that count, {letter(place)}: {compared.tally_text(place)}"
    if aside := sum(not row.counts for row in compared.rows):
        yield f"{aside} more shown but not counted"
    yield NO_WINNER


def _headings(compared: PlansCompared) -> tuple[str, ...]:
    return "Best", "Organ", "Metric", "Limit", *map(letter, range(len(compared.reports)))


def _rows_and_reasons(compared: PlansCompared, table: ConstraintTable) -> tuple[list[RowOfPlans], list[str]]:
    """Rows on which at least two plans were compared, those on targets first; and why plans were not."""
    rows = [row for row in compared.rows if row.table_id == table.id]
    rows.sort(key=lambda row: not labels.is_of_target(row.constraint))
    aside: dict[str, Counter[str]] = {}
    for row in rows:
        if row.why:
            aside.setdefault(row.why, Counter())[row.organ] += 1
    lines = [f"{why}: {organs_text(organs)}" for why, organs in aside.items()]
    return [row for row in rows if row.is_compared], lines


def _cells(row: RowOfPlans, *, between: str) -> tuple[str, ...]:
    best = [letter(place) for place, standing in enumerate(row.standings) if standing is Standing.BEST]
    plans = [
        f"{outcome_text(outcome)}{between}{BEST}" if standing is Standing.BEST else outcome_text(outcome)
        for outcome, standing in zip(row.outcomes, row.standings, strict=True)
    ]
    return ", ".join(best) or "same", *row_head(row, row.outcomes), *plans


def _differences_title(place: int) -> str:
    return f"DVHs, A minus {letter(place)}"


def _without(compared: PlansCompared) -> list[str]:
    names = {"first": "A"}
    return [
        f"{structure.name}: no DVH in {names.get(_which(pair, structure.name), letter(place))} that stands for it"
        for place, pair in enumerate(compared.to_first, start=1)
        for structure in pair.without
    ]


def _which(pair: PlanComparison, name: str) -> str:
    """The plan of a pair that lacks a structure."""
    return "first" if any(dvh.name == name for dvh in pair.second.dvhs.dvhs) else "second"


def _remarks(compared: PlansCompared) -> list[str]:
    """What makes the comparison doubtful, then what was found in each plan as a whole."""
    doubts = [
        f"A and {letter(n)}: {text}" for n, pair in enumerate(compared.to_first, start=1) for text in pair.remarks
    ]
    findings = [
        f"{letter(place)}: {labels.finding_text(finding)}"
        for place, report in enumerate(compared.reports)
        for finding in report.findings
    ]
    return [*doubts, *findings]


def _named(compared: PlansCompared) -> dict[str, Report]:
    return {letter(place): report for place, report in enumerate(compared.reports)}


def _provenance_lines(compared: PlansCompared) -> list[str]:
    first = compared.reports[0]
    lines = [f"Table {t.id}, version {t.version}, sha256 {t.sha256[:SHA_SHOWN]}" for t in first.tables]
    for place, report in enumerate(compared.reports):
        lines += [
            f"{letter(place)}: {key} {value if isinstance(value, str) else ', '.join(value)}"
            for key, value in report.provenance.items()
        ]
    return [*lines, f"DVHs {labels.dvh_text(first)}", f"{first.software}. {NOTICE}"]


# -------------------------------------------------------------------------------- for programs


def several_json(compared: PlansCompared) -> str:
    """Write the comparison for programs, numbers to 6 significant digits; plans are a list, in the order given."""
    first = compared.reports[0]
    listed = {
        "schema": SCHEMA,
        "software": first.software,
        "plans": [
            {"letter": letter(place), **plan_dict(report), "tally": _tally(compared, place)}
            for place, report in enumerate(compared.reports)
        ],
        "tables": [{"id": t.id, "version": t.version, "sha256": t.sha256} for t in first.tables],
        "left_out": [left_out_dict(table) for table in first.left_out],
        "rows": [_row_dict(row) for row in compared.rows],
        "to_first": [
            {
                "plan": letter(place),
                "structures": [pair_structure_dict(structure) for structure in pair.structures],
                "without": [not_compared_dict(structure) for structure in pair.without],
                "remarks": list(pair.remarks),
            }
            for place, pair in enumerate(compared.to_first, start=1)
        ],
        "notice": NOTICE,
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _tally(compared: PlansCompared, place: int) -> dict[str, int]:
    return {str(standing): number for standing, number in compared.tally(place).items()}


def _row_dict(row: RowOfPlans) -> dict[str, Any]:
    return {
        "table": row.table_id,
        "row": row.constraint.id,
        "organ": row.organ,
        "metric": str(row.constraint.metric),
        "unit": str(row.constraint.metric.unit),
        "sense": str(row.constraint.sense),
        "counts": row.counts,
        "why": row.why,
        "plans": [
            {"letter": letter(place), "standing": str(standing), "outcome": outcome_dict(outcome)}
            for place, (standing, outcome) in enumerate(zip(row.standings, row.outcomes, strict=True))
        ],
    }


SEVERAL_FORMATS: Mapping[str, Callable[[PlansCompared], str]] = MappingProxyType(
    {"text": several_text, "json": several_json, "markdown": several_markdown}
)

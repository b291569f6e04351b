"""Two plans held against each other -> text, Markdown or JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from sbrtcheck.metric import NotMeasured
from sbrtcheck.render import words
from sbrtcheck.render.text import plain_table, printed
from sbrtcheck.results import NOTICE, MetricDifference, NotCompared, Outcome, Report, StructureDifference, rounded
from sbrtcheck.results.comparison_dict import not_compared_dict, structure_dict
from sbrtcheck.results.dvh_comparison import GENERAL, VOLUME
from sbrtcheck.results.plan_comparison import Better, NoOutcome, PlanComparison, RowComparison
from sbrtcheck.results.to_dict import measured_dict
from sbrtcheck.tables import ConstraintTable

ROWS = ("Better", "Organ", "Metric", "Limit", "First", "Second", "Margin by")
DIFFERENCES = ("Structure", VOLUME, *GENERAL, "Curves, % (Gy)", "Curves, Gy (%)")
NO_WINNER = "Rows are counted, and no plan is called the better one: how they weigh against each other is yours to say."
SAME = "~: numerical bands overlap, so it may be no difference"
LEGEND = ("same: the same verdict, within numerical bands", SAME, "*: shown, but not counted")
DVHS = "DVHs, first minus second"
_TALLY = {
    Better.FIRST: "better in the first",
    Better.SECOND: "better in the second",
    Better.SAME: "same within numerical bands",
    Better.NOT_COMPARED: "not compared",
}


# -------------------------------------------------------------------------------- for people


def plans_text(found: PlanComparison) -> str:
    """Write the comparison for reading in a terminal."""
    return printed(_text_parts(found))


def _text_parts(found: PlanComparison) -> Iterator[RenderableType]:
    yield from map(Text, _head(found))
    yield from _lines("Remarks", _remarks(found))
    for table in found.first.tables:
        yield Text(f"\n{words.table_text(table)}")
        compared, aside = _of_table(found, table)
        if compared:
            yield _grid(ROWS, map(_row_cells, compared))
        yield from _lines("Not compared", aside)
    yield from _lines("Marks", _legend(found))
    if found.structures:
        yield Text(f"\n{DVHS}")
        yield _grid(DIFFERENCES, map(_difference_cells, found.structures))
    yield from _lines("Structures not compared", _without(found.without))
    yield from _lines("Made from", _made_from(found))


def _grid(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> RenderableType:
    grid = plain_table(*headings)
    for cells in rows:
        grid.add_row(*map(Text, cells))
    return grid


def _lines(title: str, lines: Sequence[str]) -> Iterator[RenderableType]:
    if lines:
        yield Text(f"\n{title}")
        yield from (Padding(Text(words.clean(line)), (0, 0, 0, 2)) for line in lines)


def plans_markdown(found: PlanComparison) -> str:
    """Write the comparison as GitHub-flavoured Markdown."""
    lines = ["# Two plans compared", "", *(f"- {words.escaped(line.strip())}" for line in _head(found))]
    lines += _markdown_list("## Remarks", _remarks(found))
    for table in found.first.tables:
        compared, aside = _of_table(found, table)
        lines += ["", f"## {words.escaped(words.table_text(table))}"]
        lines += _markdown_table(ROWS, map(_row_cells, compared)) if compared else []
        lines += _markdown_list("### Not compared", aside)
    lines += _markdown_list("## Marks", _legend(found))
    if found.structures:
        lines += ["", f"## {DVHS}", *_markdown_table(DIFFERENCES, map(_difference_cells, found.structures))]
    lines += _markdown_list("## Structures not compared", _without(found.without))
    lines += _markdown_list("## Made from", _made_from(found))
    return "\n".join(lines) + "\n"


def _markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [headings, *rows]
    lines = [f"| {' | '.join(map(words.escaped, row))} |" for row in cells]
    return ["", lines[0], "|" + " --- |" * len(headings), *lines[1:]]


def _markdown_list(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, "", *(f"- {words.escaped(words.clean(line))}" for line in lines)] if lines else []


def _head(found: PlanComparison) -> Iterator[str]:
    for name, report in (("First", found.first), ("Second", found.second)):
        yield f"{name}: plan {words.plan_text(report)}, {words.prescription_text(report)}"
        yield f"  overall {words.overall_text(report)}: {words.summary_text(report)}"
        yield from (f"    {verdict} {line}" for verdict, line in words.headline_lines(report))
    yield f"Site: {words.site_text(found.first)}"
    yield from (f"{choice}." for choice in words.choices(found.first))
    tally = found.tally()
    said = ", ".join(f"{number} {_TALLY[better]}" for better, number in tally.items())
    aside = sum(not row.counts for row in found.rows)
    yield f"Rows that count: {said}" + (f"; {aside} more shown but not counted" if aside else "")
    yield NO_WINNER


def _of_table(found: PlanComparison, table: ConstraintTable) -> tuple[list[RowComparison], list[str]]:
    """Rows compared, those on targets first, and one line for each reason why others were not."""
    rows = [row for row in found.rows if row.table_id == table.id]
    rows.sort(key=lambda row: not words.is_of_target(row.constraint))
    compared = [row for row in rows if row.better is not Better.NOT_COMPARED]
    aside: dict[str, Counter[str]] = {}
    for row in rows:
        if row.better is Better.NOT_COMPARED:
            aside.setdefault(row.why, Counter())[row.organ] += 1
    return compared, [f"{why}: {_counted(organs)}" for why, organs in aside.items()]


def _counted(organs: Counter[str]) -> str:
    return ", ".join(organ if number == 1 else f"{organ} ({number} rows)" for organ, number in organs.items())


def _row_cells(row: RowComparison) -> tuple[str, ...]:
    return (
        f"{row.better} ~" if row.within_bands and row.better is not Better.SAME else str(row.better),
        row.organ if row.counts else f"{row.organ} *",
        words.metric_text(row.constraint),
        _limits_text(row),
        _outcome_text(row.first),
        _outcome_text(row.second),
        _signed(row.margin_difference, overlap=row.within_bands),
    )


def _limits_text(row: RowComparison) -> str:
    limits = [words.limit_used_text(one) for one in (row.first, row.second) if isinstance(one, Outcome)]
    return " / ".join(dict.fromkeys(limits))


def _outcome_text(one: Outcome | NoOutcome) -> str:
    if isinstance(one, NoOutcome):
        return "-"
    if isinstance(one.measurement, NotMeasured):
        return words.verdict_text(one)
    text = words.number_text(one.measurement.value, one.limit_used, one.acceptable_used)
    return f"{words.verdict_text(one)} {text}{' or more' if one.measurement.open_above else ''}"


def _difference_cells(one: StructureDifference) -> tuple[str, ...]:
    general = {str(metric.metric): metric for metric in one.metrics if metric.alpha_beta_gy is None}
    cells = (_metric_cell(general[name]) for name in (VOLUME, *GENERAL))
    curves = one.curves
    return (
        words.clean(one.name),
        *cells,
        f"{curves.volume_percent:+.1f} ({curves.at_gy:.2f})",
        f"{_signed(curves.dose_gy)} ({curves.at_percent:.3g})",
    )


def _metric_cell(one: MetricDifference) -> str:
    return _signed(one.difference, overlap=one.within_bands and str(one.metric) != VOLUME)


def _signed(found: float | NotMeasured, *, overlap: bool = False) -> str:
    if isinstance(found, NotMeasured):
        return "-"
    text = f"{found:+.2f}"
    shown = "0.00" if float(text) == 0 else text
    return f"{shown} ~" if overlap and found != 0 else shown


def _without(without: Iterable[NotCompared]) -> list[str]:
    return [f"{one.name}: {one.detail}" for one in without]


def _legend(found: PlanComparison) -> Sequence[str]:
    """The marks, where there is anything that may have one."""
    return LEGEND if found.structures or any(row.better is not Better.NOT_COMPARED for row in found.rows) else ()


def _remarks(found: PlanComparison) -> list[str]:
    """What makes the comparison doubtful, then what was found in each plan as a whole."""
    of_plans = [
        f"{name}: {words.finding_text(finding)}"
        for name, report in (("first", found.first), ("second", found.second))
        for finding in report.findings
    ]
    return [*found.remarks, *of_plans]


def _made_from(found: PlanComparison) -> list[str]:
    lines = [f"Table {t.id}, version {t.version}, sha256 {t.sha256[: words.SHA_SHOWN]}" for t in found.first.tables]
    for name, report in (("first", found.first), ("second", found.second)):
        lines += [
            f"{name}: {key} {value if isinstance(value, str) else ', '.join(value)}"
            for key, value in report.provenance.items()
        ]
    return [*lines, f"DVHs {words.dvh_text(found.first)}", f"{found.first.software}. {NOTICE}"]


# -------------------------------------------------------------------------------- for programs


def plans_json(found: PlanComparison) -> str:
    """Write the comparison for programs, numbers to 6 significant digits; rows name those of both reports."""
    listed = {
        "schema": "sbrtcheck-compare/2",
        "software": found.first.software,
        "first": _plan_dict(found.first),
        "second": _plan_dict(found.second),
        "tables": [{"id": t.id, "version": t.version, "sha256": t.sha256} for t in found.first.tables],
        "tally": {str(better): number for better, number in found.tally().items()},
        "rows": [_row_dict(row) for row in found.rows],
        "structures": [_structure_dict(one) for one in found.structures],
        "without": [not_compared_dict(one) for one in found.without],
        "remarks": list(found.remarks),
        "notice": NOTICE,
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _plan_dict(report: Report) -> dict[str, Any]:
    whole = report.to_dict()
    return {key: whole[key] for key in _OF_PLAN}


_OF_PLAN = (
    "plan_label",
    "verdict",
    "reasons",
    "failing",
    "site",
    "summary",
    "rows_not_expected",
    "accept_dose",
    "prescription",
    "dvh",
    "provenance",
    "findings",
)
"""What the comparison has of each report; its outcomes stand in the rows."""


def _structure_dict(one: StructureDifference) -> dict[str, Any]:
    """As in a report, with the names of the plans; conventions are of no use here."""
    found = structure_dict(one)
    metrics = [
        {_PLANS.get(key, key): value for key, value in metric.items()}  # ours, theirs: first, second
        for metric in found["metrics"]
    ]
    return {"name": found["name"], "metrics": metrics, "curves": found["curves"]}


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
        "first": _outcome_dict(row.first),
        "second": _outcome_dict(row.second),
    }


def _outcome_dict(one: Outcome | NoOutcome) -> dict[str, Any] | None:
    if isinstance(one, NoOutcome):
        return None
    return {
        "contour": one.contour,
        "verdict": str(one.verdict),
        "limit": rounded(one.limit_used),
        "acceptable": rounded(one.acceptable_used),
        "measured": measured_dict(one.measurement),
        "margin": rounded(one.margin),
        "borderline": one.borderline,
        "convention_sensitive": one.convention_sensitive,
        "reason": str(one.reason) if one.reason else None,
        "detail": one.detail,
    }


PLAN_FORMATS: Mapping[str, Callable[[PlanComparison], str]] = MappingProxyType(
    {"text": plans_text, "json": plans_json, "markdown": plans_markdown}
)

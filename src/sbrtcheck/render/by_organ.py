"""Limits organ by organ -> the cells that show them, a column for each table of constraints; in every format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import NotMeasured
from sbrtcheck.reference_data import Profile
from sbrtcheck.results import Outcome, Report, labels, value_texts
from sbrtcheck.results.by_organ import MeasuredLine, measured_lines
from sbrtcheck.tables import Constraint, ConstraintTable, ExpectedOrgan, Kind, LimitByVolume, Priority, Status
from sbrtcheck.tables.by_organ import OrganLine, TableLimit, lines_by_organ, rows_at, without_limit

TITLE = "Limits organ by organ"
LEGEND = (
    "* the strictest of the limits on one line that count; the margin is to it",
    "( ) does not count: u unconfirmed, d disputed, r risk, a advisory; margin none: no limit of the line counts",
    "by vol.: the limit depends on the volume of the target, or on the effective volume",
    "Limits of different volumes, such as D0.03cc and D0.035cc, are different metrics and are not compared",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitGrid:
    """Headings and lines of cells, and which organs are left out because the plan neither has nor needs them."""

    headings: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    aside: str = ""


def limit_cell(line: OrganLine, table_id: str) -> str:
    """``<18 *``: what one table says on a line; several limits with ``;`` between."""
    return "; ".join(map(_limit_text, line.of_table(table_id)))


def _metric_text(row: Constraint) -> str:
    """The metric; limits that a source calls optimal have lines of their own."""
    text = labels.metric_text(row)
    return f"{text} (optimal)" if row.priority is Priority.OPTIMAL else text


def _limit_text(limit: TableLimit) -> str:
    row = limit.row
    sign = labels.SIGNS[row.sense]
    if isinstance(row.limit, LimitByVolume):
        text = f"{sign} by vol."
    else:
        acceptable = "" if row.acceptable is None else f" ({sign}{row.acceptable:.6g})"
        text = f"{sign}{row.limit:.6g}{acceptable}"
    if limit.strictest:
        return f"{text} *"
    return text if limit.counts else f"({text}) {_mark(row)}"


def _mark(row: Constraint) -> str:
    """Why a row does not count, in one letter: the first one of its word."""
    if row.kind is not Kind.LIMIT:
        return str(row.kind)[0]
    return "d" if row.status is Status.DISPUTED else "u"


def profile_grid(profile: Profile, tables: Sequence[ConstraintTable], expected: Sequence[ExpectedOrgan]) -> LimitGrid:
    """The limits of a profile's tables."""
    lines = lines_by_organ(tables, sites=(profile.site,), expected=expected)
    columns = _with_lines(tables, lines)
    return LimitGrid(
        headings=("Organ", "Metric", *(table.id for table in columns)),
        lines=tuple(
            (line.organ, _metric_text(line.row), *(limit_cell(line, table.id) for table in columns)) for line in lines
        ),
    )


def report_grid(report: Report) -> LimitGrid:
    """The limits of a report by a profile, with the plan's values, and their margins to the strictest limit."""
    lines = measured_lines(report)
    shown = [measured for measured in lines if not measured.is_aside]
    tables = _with_lines(report.tables, [measured.line for measured in shown])
    aside = ", ".join(dict.fromkeys(measured.line.organ for measured in lines if measured.is_aside))
    return LimitGrid(
        headings=("Organ", "Metric", "Value", "Margin", *(table.id for table in tables)),
        lines=tuple(
            (
                measured.line.organ,
                _metric_text(measured.line.row),
                _value_text(measured),
                _margin_text(measured),
                *(limit_cell(measured.line, table.id) for table in tables),
            )
            for measured in shown
        ),
        aside=f"Not in the plan, and not expected at this site: {aside}" if aside else "",
    )


def _value_text(measured: MeasuredLine) -> str:
    """The plan's value; of several contours that of the worst, and those without any."""
    worst = measured.worst
    shown = [outcome for outcome in measured.relevant if outcome is worst or outcome.margin is None]
    named = len(measured.relevant) > 1
    texts = (f"{clean(o.contour) or o.organ} {_outcome_text(o)}" if named else _outcome_text(o) for o in shown)
    return "; ".join(texts)


def _outcome_text(outcome: Outcome) -> str:
    if isinstance(outcome.measurement, NotMeasured):
        return value_texts.result_text(outcome)
    return number_text(outcome.measurement.value, outcome.limit_used) + (
        " or more" if outcome.measurement.open_above else ""
    )


def _margin_text(measured: MeasuredLine) -> str:
    if measured.margin is not None:
        text = number_text(measured.margin, 0.0)
        return text if text.startswith("-") else f"+{text}"
    if not any(limit.counts for limit in measured.line.limits):
        return "none"
    return "by vol." if measured.line.undecided else ""


def _with_lines(tables: Iterable[ConstraintTable], lines: Sequence[OrganLine]) -> list[ConstraintTable]:
    """Tables that have a limit on one of the lines."""
    return [table for table in tables if any(line.of_table(table.id) for line in lines)]


def lacking_text(tables: Iterable[ConstraintTable], site: str, expected: Sequence[ExpectedOrgan]) -> str:
    """Name the organs expected at a site on which no row of the tables counts."""
    rows = [row for table in tables for row in rows_at(table, (site,))]
    lacking = ", ".join(organ.organ for organ in without_limit(rows, expected))
    return f"Expected at site {site}, and without a limit that counts: {lacking or 'none'}"


def report_lines(report: Report) -> list[str]:
    """What stands below the limits of a report by a profile: organs that are not shown, organs without limit, marks."""
    profile = report.profile
    lacking = [] if profile is None else [lacking_text(report.tables, profile.site, report.site.expects)]
    return [*filter(None, (report_grid(report).aside,)), *lacking, *LEGEND]

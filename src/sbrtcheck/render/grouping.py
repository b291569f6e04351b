"""Report -> its rows in the order that a reader wants them: organ by organ over all tables, or table by table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sbrtcheck.formatting import clean
from sbrtcheck.results import Outcome, Report, labels

ORGAN, TABLE = "organ", "table"
BY_ORGAN = "Verdicts organ by organ"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """Rows under one title; ``notes`` stand above them. ``of_tables``: the rows are of several tables."""

    title: str
    notes: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    of_tables: bool = False


def row_groups(report: Report, group: str = ORGAN) -> Iterator[RowGroup]:
    """The groups of a report's rows: all of them organ by organ where there are several tables, else each table's."""
    if group == ORGAN and len(report.tables) > 1:
        titles = [f"{table_number(report, table.id)}: {labels.table_text(table)}" for table in report.tables]
        notes = [
            f"{table_number(report, table.id)}: {note}"
            for table in report.tables
            for note in labels.table_notes(report, table)
        ]
        outcomes = organ_by_organ(report.outcomes)
        yield RowGroup(title=BY_ORGAN, notes=(*titles, *notes), outcomes=outcomes, of_tables=True)
        return
    for table in report.tables:
        yield RowGroup(
            title=labels.table_text(table),
            notes=tuple(labels.table_notes(report, table)),
            outcomes=tuple(labels.outcomes_of(report, table)),
        )


def row_order(report: Report, group: str = ORGAN) -> list[int]:
    """Places of the outcomes of a report in the order of `row_groups`."""
    places = {id(outcome): place for place, outcome in enumerate(report.outcomes)}
    return [places[id(outcome)] for rows in row_groups(report, group) for outcome in rows.outcomes]


def organ_by_organ(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """Rows on targets first; those of one organ and contour together, in the order in which they come up."""
    organs = {organ: n for n, organ in enumerate(dict.fromkeys(outcome.organ for outcome in outcomes))}
    contours = {contour: n for n, contour in enumerate(dict.fromkeys(map(organ_and_contour, outcomes)))}

    def order(outcome: Outcome) -> tuple[bool, int, int]:
        is_of_organ = not labels.is_of_target(outcome.constraint)
        return is_of_organ, organs[outcome.organ], contours[organ_and_contour(outcome)]

    return tuple(sorted(outcomes, key=order))


def organ_and_contour(outcome: Outcome) -> tuple[str, str]:
    """What rows that stand together are on."""
    return outcome.organ, labels.contour_text(outcome)


def printed_names(report: Report, outcomes: Sequence[Outcome]) -> str:
    """``as printed: T4 Spinal cord; T6 D10%[Gy] cord subvolume``: what the sources call one organ, where they differ.

    The metric is there where one table has several names.
    """
    by_table: dict[str, dict[str, list[str]]] = {}
    for outcome in outcomes:
        names = by_table.setdefault(table_number(report, outcome.table_id), {})
        names.setdefault(outcome.constraint.organ or outcome.organ, []).append(labels.metric_text(outcome.constraint))
    tables: dict[str, list[str]] = {}
    for number, names in by_table.items():
        for printed, metrics in names.items():
            if printed != outcomes[0].organ:
                rows = f"{', '.join(metrics)} " if len(names) > 1 else ""
                tables.setdefault(clean(f"{rows}{printed}"), []).append(number)
    parts = [f"{', '.join(numbers)} {text}" for text, numbers in tables.items()]
    return f"as printed: {'; '.join(parts)}" if parts else ""


def table_number(report: Report, table_id: str) -> str:
    """``T2``: the second table of the report, where ids would be too long."""
    return f"T{[table.id for table in report.tables].index(table_id) + 1}"

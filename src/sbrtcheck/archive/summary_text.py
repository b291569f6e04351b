"""The summary of an archive's results as text, and the words that its page shares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sbrtcheck.archive.margins import Margins
from sbrtcheck.archive.page import share_text, word
from sbrtcheck.archive.results_summary import ResultsSummary, RowSummary, TableSummary
from sbrtcheck.archive.rows import State
from sbrtcheck.formatting import clean, count, number_text
from sbrtcheck.results import Verdict, labels
from sbrtcheck.tables import Sense


def summary_json(summary: ResultsSummary) -> str:
    """As JSON."""
    return json.dumps(summary.to_dict(), indent=1, ensure_ascii=False) + "\n"


def summary_text(summary: ResultsSummary) -> str:
    """As lines of text: what was not checked first, then plans, tables and rows."""
    return "\n".join(map(clean, _lines(summary))) + "\n"


def _lines(summary: ResultsSummary) -> Iterator[str]:
    yield f"{count(summary.plans, 'plan')} in results of {', '.join(summary.software)}"
    yield ""
    yield not_checked_text(summary)
    yield from _counted(summary.not_checked)
    if summary.loose_files:
        yield loose_text(summary)
    if summary.unread:
        yield unread_text(summary)
    verdicts = {word(verdict): number for verdict, number in summary.verdicts.items()}
    yield from _section("Verdicts of the plans, of all", verdicts, summary.plans)
    yield from _section("Against a pass: plans that have it, whatever their verdict", summary.review, summary.plans)
    if summary.tables:
        yield from ("", "Tables: outcomes of their rows")
        for table in summary.tables:
            yield f"  {table.table_id} {table.table_version}, {table_plans_text(table, summary)}"
            yield f"    rows that count: {tally_text(table.counted) or 'none'}"
            if table.uncounted:
                yield f"    rows that do not: {tally_text(table.uncounted)}"
    for counts, heading in ((True, "Rows that count"), (False, "Rows that do not count in a verdict")):
        rows = [row for row in summary.rows if row.counts is counts]
        if rows:
            yield from ("", f"{heading}: outcomes, then margins (below 0: beyond the limit)")
            for row in rows:
                yield from _row(row)


def _section(heading: str, counted: Mapping[str, int], of_all: int) -> Iterator[str]:
    if counted:
        yield from ("", heading)
        yield from (f"  {number:6}  {share_text(number, of_all):>8}  {text}" for text, number in counted.items())


def _counted(counted: Mapping[str, int]) -> Iterator[str]:
    yield from (f"  {number:6}  {text}" for text, number in counted.items())


def _row(row: RowSummary) -> Iterator[str]:
    yield f"  {row_title(row)}  ({row.table_id}/{row.row_id})"
    yield f"      {row_tally_text(row)}"
    if row.margins is not None:
        yield f"      {margins_text(row.margins, row.unit)}"


def not_checked_text(summary: ResultsSummary) -> str:
    """``Not checked: 25 of 500 plans``."""
    number = summary.states.get(State.NOT_CHECKED, 0)
    return f"Not checked: {number} of {count(summary.plans, 'plan')}"


def loose_text(summary: ResultsSummary) -> str:
    """RT files beside the plans."""
    return f"Part of no plan: {count(summary.loose_files, 'file')}"


def unread_text(summary: ResultsSummary) -> str:
    """What may hold plans that nobody counted."""
    return f"Not looked into: {count(summary.unread, 'row')} of folders or files; plans in them are in no number here"


def table_plans_text(table: TableSummary, summary: ResultsSummary) -> str:
    """How many plans the table was asked for."""
    return f"asked for {table.plans} of {count(summary.plans, 'plan')}"


def row_title(row: RowSummary) -> str:
    """``Heart D15cc[Gy] < 32 Gy``; both ends where the limit is not the same in all plans."""
    sign = labels.SIGNS[Sense(row.sense)] if row.sense in tuple(Sense) else row.sense
    if row.limits is None:
        return f"{row.organ} {row.metric}"
    ends = " to ".join(f"{limit:.6g}" for limit in dict.fromkeys(row.limits))
    return f"{row.organ} {row.metric} {sign} {ends} {row.unit}"


def tally_text(verdicts: Mapping[Verdict, int]) -> str:
    """``12 PASS, 3 FAIL``."""
    return ", ".join(f"{number} {word(verdict)}" for verdict, number in verdicts.items())


def row_tally_text(row: RowSummary) -> str:
    """Every outcome of the row, what was not evaluated and why, and the plans without an outcome; shares are of all."""
    parts = [
        f"{number} {word(verdict)} ({share_text(number, row.of_all)}{_not_expected(row, verdict)})"
        for verdict, number in row.verdicts.items()
    ]
    if row.not_asked:
        parts.append(f"not asked in {count(row.not_asked, 'plan')} ({share_text(row.not_asked, row.of_all)})")
    return ", ".join(parts)


def _not_expected(row: RowSummary, verdict: Verdict) -> str:
    return f", {row.not_expected} not expected" if verdict is Verdict.NOT_EVALUATED and row.not_expected else ""


def margins_text(margins: Margins, unit: str) -> str:
    """``margin 3.10 Gy, quartiles 1.20 to 5.00, from -2.00 to 9.10; 40 values``."""
    median, lower, upper, smallest, largest = (
        number_text(one, 0.0)
        for one in (
            margins.median,
            margins.lower_quartile,
            margins.upper_quartile,
            margins.smallest,
            margins.largest,
        )
    )
    several = f", quartiles {lower} and {upper}, from {smallest} to {largest}" if margins.number > 1 else ""
    return f"median margin {median} {unit}{several}; {count(margins.number, 'value')}"

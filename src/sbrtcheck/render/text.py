"""Report -> text for a terminal: the verdict and what keeps it from a pass, the rows, then their sources."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from rich.box import Box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sbrtcheck.render import by_organ, grouping
from sbrtcheck.render.course import course_lines
from sbrtcheck.render.dvh_comparison import comparison_lines, comparison_title
from sbrtcheck.results import Outcome, Report, Verdict, labels, noted, value_texts

PIPED_WIDTH = 120  # columns; fixed, so that the same report gives the same bytes in every pipe and file
_COLOURS = {
    Verdict.PASS: "green",
    Verdict.VARIATION: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.NOT_EVALUATED: "magenta",
    Verdict.RISK: "cyan",
    Verdict.REVIEW: "bold magenta",
    Verdict.MET: "blue",
    Verdict.NOT_MET: "bold blue",
}
_NEAR = "yellow"
_PERCENT = "\n".join(value_texts.PERCENT_OF_LIMIT.rsplit(maxsplit=1))  # in two lines: its cells are narrower than it
_HEADINGS = ("Verdict", "Metric", "Limit", "Value", "Margin", _PERCENT, "Ref", "Flags")
NARROWEST = 104  # columns that the flags of a row need; on a smaller screen lines are broken, nothing is lost
_HEADING_WIDTH = 11  # columns that the id of a table gets at the head of its limits
_CELL_WIDTH = 15  # of its limits, and of a plan's value
WIDEST = 26  # of a column; a longer reason wraps
_FOLDED = (slice(1, 3), slice(3, 4))  # metric and limit, then values, are broken into lines; words of flags are not
_GAP = 2  # columns between two of a row
_WIDEST_FOLDED = 12  # of them, below which none is made narrower
_WIDEST_OF_TABLES = 20  # the same beside a column for the table: the flags need the rest
# a rule under the headings, in ASCII: the same on every console
_RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def text_report(
    report: Report,
    group: str = grouping.ORGAN,
    *,
    with_bounds: bool = False,
    width: int = PIPED_WIDTH,
    colour: bool = False,
) -> str:
    """Write the report for reading in a terminal.

    Parameters
    ----------
    report
        What to show.
    group
        What rows of several tables stand together by: ``organ`` or ``table``.
    with_bounds
        Numerical bounds beside every value, not only beside those that a verdict depends on.
    width
        Columns to use, at least `NARROWEST`.
    colour
        Mark verdicts by colour too; they are always there as text.
    """
    width = max(width, NARROWEST)
    return terminal_text(_parts(report, group, width, with_bounds=with_bounds), width=width, colour=colour)


def terminal_text(parts: Iterable[RenderableType], *, width: int = PIPED_WIDTH, colour: bool = False) -> str:
    """Lay out what rich can show as text, without blanks at the ends of lines."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text) and part.no_wrap is True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def ruled_table(*headings: str) -> Table:
    """Start a table with a rule under its headings."""
    grid = Table(box=_RULED, pad_edge=False, padding=(0, 1), show_edge=False)
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    return grid


def _parts(report: Report, group: str, width: int, *, with_bounds: bool) -> Iterator[RenderableType]:
    sources = labels.SourceList.of(report.outcomes)
    yield from _head(report)
    for rows in grouping.row_groups(report, group):
        yield Text(f"\n{rows.title}", style="bold")
        yield from map(Text, rows.notes)
        shown = [outcome for outcome in rows.outcomes if not labels.is_just_missing(outcome)]
        yield from _rows(shown, _Columns(report, sources, of_tables=rows.of_tables, with_bounds=with_bounds), width)
        for heading, organs in labels.absent_organs(rows.outcomes):
            yield from _section(heading, [organs], style="")
    yield from _section(noted.NOTES, noted.note_lines(report))
    yield from _section(noted.SIGN_OFF, noted.signature_lines(report))
    yield from _by_organ(report)
    yield from _section(labels.LEFT_OUT, labels.left_out_lines(report))
    yield from _section("Flags", labels.legend(report))
    yield from _section("Remarks", labels.remarks(report))
    yield from _section("Findings", labels.findings(report))
    yield from _section(comparison_title(report), comparison_lines(report))
    yield from _section(labels.FOR_CLINICIAN, labels.for_clinician(report))
    yield from _section("Sources", sources.lines())
    yield from _section("Regimen", course_lines(report))
    yield from _section("Provenance", labels.provenance_lines(report))


def _head(report: Report) -> Iterator[Text | Padding]:
    """Which plan, its verdict, and a line for each row and reason for it."""
    yield Text(f"Plan: {labels.plan_text(report)}")
    yield Text(f"Prescription: {labels.prescription_text(report)}")
    yield Text(f"Site: {labels.site_text(report)}")
    yield from (Text(f"{choice}.") for choice in labels.choices(report))
    overall = (f"OVERALL: {labels.overall_text(report)}", _COLOURS[report.verdict])
    yield Text.assemble(overall, f"   {labels.summary_text(report)}")
    yield from headline(report)


def headline(report: Report) -> Iterator[Padding]:
    """Lines under the verdict, each with that which it is the reason of."""
    lines = labels.headline_lines(report)
    width = max((len(verdict) for verdict, _ in lines), default=0)
    for verdict, line in lines:
        yield Padding(Text.assemble((f"{verdict:{width}} ", _COLOURS[verdict]), line), (0, 0, 0, 2))


def _section(title: str, lines: Iterable[str], *, style: str = "bold") -> Iterator[Text | Padding]:
    if below := indented(lines):
        yield Text(f"\n{title}", style=style)
        yield from below


def indented(lines: Iterable[str]) -> list[Padding]:
    """Lines below what they belong to."""
    return [Padding(Text(line), (0, 0, 0, 2)) for line in lines]


def _by_organ(report: Report) -> Iterator[RenderableType]:
    """All limits side by side, where a profile chose the tables."""
    if report.profile is not None:
        yield Text(f"\n{by_organ.TITLE}", style="bold")
        yield from limit_grid(by_organ.report_grid(report))
        yield Text("")
        yield from indented(by_organ.report_lines(report))


def limit_grid(grid: by_organ.LimitGrid) -> Iterator[Text | Table]:
    """Limits under a line with their organ; the ids of tables are broken into several lines."""
    headings = ["\n".join(textwrap.wrap(heading, _HEADING_WIDTH)) for heading in grid.headings[1:]]
    rows = [headings, *(cells[1:] for cells in grid.lines)]
    widest = [max(len(line) for row in rows for line in row[n].split("\n")) for n in range(len(headings))]
    widths = _fitting([min(width, _CELL_WIDTH) for width in widest])
    yield _limits(widths, [headings])
    for organ, lines in groupby(grid.lines, key=lambda cells: cells[0]):
        yield Text(organ)
        yield _limits(widths, [cells[1:] for cells in lines])


def _fitting(widths: list[int]) -> list[int]:
    """The widths, the widest of the tables' columns made narrower until all fit; cells are broken into lines."""
    while sum(widths) + len(widths) + 1 > PIPED_WIDTH and max(widths[1:]) > 1:
        widths[widths.index(max(widths[1:]), 1)] -= 1
    return widths


def _limits(widths: Sequence[int], rows: Iterable[Sequence[str]]) -> Table:
    shown = Table.grid(padding=(0, 1, 0, 0), pad_edge=True)
    shown.add_column("", width=1)  # it indents the rows
    for width in widths:
        shown.add_column("", width=width, overflow="fold", vertical="top")
    for cells in rows:
        shown.add_row("", *map(Text, cells))
    return shown


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of the rows, and the cells in them; rows ``of_tables`` have the number of their table too."""

    report: Report
    sources: labels.SourceList
    of_tables: bool = field(kw_only=True)
    with_bounds: bool = field(kw_only=True)

    @property
    def headings(self) -> tuple[str, ...]:
        value = "Value [bounds]" if self.with_bounds else "Value"
        headings = tuple(value if heading == "Value" else heading for heading in _HEADINGS)
        return (*headings[:-1], "T", headings[-1]) if self.of_tables else headings

    def cells(self, outcome: Outcome) -> tuple[str, ...]:
        table = [grouping.table_number(self.report, outcome.table_id)] if self.of_tables else []
        return (
            labels.verdict_text(outcome),
            labels.metric_text(outcome.constraint),
            labels.limit_used_text(outcome),
            value_texts.result_text(outcome, with_bounds=self.with_bounds),
            value_texts.margin_text(outcome, with_bounds=self.with_bounds),
            value_texts.percent_cell(outcome),
            f"[{self.sources.number(outcome.constraint.source)}]",
            *table,
            "\n".join(labels.flags(outcome)),
        )

    def printed_names(self, outcomes: Sequence[Outcome]) -> str:
        """What sources of several tables call the organ; of one table it stands in `organ_line`."""
        return grouping.printed_names(self.report, outcomes) if self.of_tables else ""

    def organ_line(self, outcome: Outcome) -> str:
        """Organ and contour; as the source prints the organ where all rows are of one table."""
        return " -> ".join(grouping.organ_and_contour(outcome)) if self.of_tables else labels.organ_line(outcome)


def _rows(outcomes: Sequence[Outcome], columns: _Columns, width: int) -> Iterator[Text | Table | Padding]:
    """Rows under a line with their organ and contour, all in the same columns."""
    if not outcomes:
        return
    cells = [columns.cells(outcome) for outcome in outcomes]
    headings = columns.headings
    *before, last = zip(headings, *cells, strict=True)
    widest = _WIDEST_OF_TABLES if columns.of_tables else WIDEST
    widths = [min(max(len(line) for cell in column for line in cell.split("\n")), widest) for column in before]
    widths = _beside_flags(widths, max(len(word) for cell in last for word in cell.split()), width)
    grid = _grid(headings, widths)
    grid.add_row("", *headings)
    yield grid
    for organ, rows in groupby(zip(outcomes, cells, strict=True), key=lambda row: columns.organ_line(row[0])):
        yield Text(organ)
        grid, of_organ = _grid(headings, widths), list(rows)
        for outcome, row in of_organ:
            flags = Text(row[-1], style=_NEAR if outcome.near_limit else "")
            grid.add_row("", Text(row[0], style=_COLOURS[outcome.verdict]), *map(Text, row[1:-1]), flags)
        yield grid
        printed = columns.printed_names([outcome for outcome, _ in of_organ])
        yield from indented([printed] if printed else [])


def _beside_flags(widths: list[int], word: int, width: int) -> list[int]:
    """The widths, those that may be broken made narrower until the longest word of the flags fits beside them."""
    room = width - word - _GAP * (len(widths) + 2)  # one before the first, one behind the flags
    for columns in _FOLDED:
        while sum(widths) > room and (widest := max(widths[columns])) > _WIDEST_FOLDED:
            widths[widths.index(widest, columns.start)] -= 1
    return widths


def _grid(headings: Sequence[str], widths: Sequence[int]) -> Table:
    """Columns of these widths, and one more for the width that is left; they shrink where the screen is too narrow."""
    grid = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=True)
    grid.add_column("", width=0)  # its padding indents the rows
    for heading, width in zip(headings, widths, strict=False):
        justify: Literal["left", "right"] = "right" if heading in ("Margin", _PERCENT) else "left"
        grid.add_column(heading, width=width, justify=justify, overflow="fold")
    grid.add_column(headings[-1], overflow="fold")
    return grid

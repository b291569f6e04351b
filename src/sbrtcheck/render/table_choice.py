"""Tables that hold for a site and a number of fractions -> the lists that show them, and what does not hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from sbrtcheck.formatting import clean
from sbrtcheck.render.text import ruled_table, terminal_text
from sbrtcheck.results.to_dict import left_out_dict
from sbrtcheck.tables import Constraint, ConstraintTable, Sites
from sbrtcheck.tables.by_organ import organs_that_count, rows_at, without_limit
from sbrtcheck.tables.choice import NOT_CONVERTED, TableChoice, WhyLeftOut, nearest_text
from sbrtcheck.tables.table import fractions_text
from sbrtcheck.tables.values import MULTI

_MANY_SITES = "multi (many sites)"


def choice_text(choice: TableChoice, sites: Sites, site: str | None, fractions: int | None) -> str:
    """Show for people which tables hold and what counts in them, then which do not hold, and why."""
    parts: list[Any] = [Text(f"Tables for {_asked(site, fractions)}")]
    if choice.tables:
        parts += [Text(""), _grid(choice.tables, site)]
    lines = [*_remarks(choice, sites, site, fractions), *_left_out_lines(choice, fractions)]
    return terminal_text([*parts, Text(""), *map(Text, lines)])


def _asked(site: str | None, fractions: int | None) -> str:
    asked = (f"site {site}" if site else "", fractions_text((fractions,)) if fractions else "")
    return " and ".join(filter(None, asked))


def _grid(tables: Sequence[ConstraintTable], site: str | None) -> Any:
    grid = ruled_table("Id", "Site", "Fractions", "Rows", "Count", "Organs with a limit that counts")
    for table in tables:
        rows = rows_at(table, _sites(site))
        organs = "; ".join(organs_that_count(rows))
        grid.add_row(
            *map(Text, (table.id, _MANY_SITES if table.site == MULTI else table.site, _numbers(table))),
            *map(Text, (str(len(rows)), str(_counting(rows)), clean(organs) or "none: no row counts")),
        )
    return grid


def _sites(site: str | None) -> tuple[str, ...]:
    return () if site is None else (site,)


def _numbers(table: ConstraintTable) -> str:
    return ", ".join(map(str, table.fractions)) or "any"


def _counting(rows: Sequence[Constraint]) -> int:
    return sum(row.counts(include_unconfirmed=False) for row in rows)


def _remarks(choice: TableChoice, sites: Sites, site: str | None, fractions: int | None) -> list[str]:
    """What a reader of the tables that hold must not overlook."""
    lines = []
    if fractions is not None and not any(table.fractions for table in choice.tables):
        of_site = [table for table in choice.left_out if table.why is WhyLeftOut.FRACTIONS]
        lines.append(f"No table holds for {fractions} fractions; {nearest_text(of_site, fractions)}.")
        lines.append(f"{NOT_CONVERTED[0].upper()}{NOT_CONVERTED[1:]}.")
    elif site not in (None, MULTI) and not any(table.site == site for table in choice.tables):
        lines.append(f"Site {site} has no table of its own here: all that hold are for many sites.")
    if site in sites.ids:
        rows = [row for table in choice.tables for row in rows_at(table, _sites(site))]
        lacking = ", ".join(organ.organ for organ in without_limit(rows, sites.site(site or "").expects))
        lines.append(f"Expected at site {site}, and without a limit that counts: {lacking or 'none'}.")
    return lines


def _left_out_lines(choice: TableChoice, fractions: int | None) -> list[str]:
    why = {
        WhyLeftOut.FRACTIONS: f"Not for {fractions} {'fraction' if fractions == 1 else 'fractions'}",
        WhyLeftOut.SITE: "Of other sites",
    }
    listed = {
        reason: ", ".join(
            f"{table.id} ({fractions_text(table.fractions) if reason is WhyLeftOut.FRACTIONS else table.site})"
            for table in choice.left_out
            if table.why is reason
        )
        for reason in why
    }
    return [f"{why[reason]}: {tables}." for reason, tables in listed.items() if tables]


def choice_json(choice: TableChoice, sites: Sites, site: str | None, fractions: int | None) -> str:
    """Show for programs which tables hold, and which do not."""
    rows = [row for table in choice.tables for row in rows_at(table, _sites(site))]
    expected = sites.site(site).expects if site is not None and site in sites.ids else ()
    listed = {
        "schema": "sbrtcheck-table-choice/1",
        "site": site,
        "fractions": fractions,
        "tables": [_table_dict(table, site) for table in choice.tables],
        "organs_without_limit": [organ.organ for organ in without_limit(rows, expected)],
        "left_out": [left_out_dict(table) for table in choice.left_out],
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _table_dict(table: ConstraintTable, site: str | None) -> dict[str, Any]:
    rows = rows_at(table, _sites(site))
    return {
        "id": table.id,
        "version": table.version,
        "site": table.site,
        "fractions": list(table.fractions),
        "rows": len(rows),
        "rows_counting": _counting(rows),
        "organs_counting": list(organs_that_count(rows)),
    }

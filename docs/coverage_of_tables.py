"""The bundled tables -> what of them counts: by site and number of fractions, and organ by organ for common schedules.

``python docs/coverage_of_tables.py`` prints it for whichever version of the package is found first: with ``PYTHONPATH``
set to the ``src`` of an older checkout, for that one. So this uses `bundled_tables` and fields of rows that have been
there for long, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sbrtcheck.tables import bundled_tables

SCHEDULES = (("lung", 1), ("lung", 3), ("lung", 4), ("lung", 5), ("lung", 8), ("liver", 3), ("liver", 5), ("liver", 6))
"""Sites and numbers of fractions that are in use, whether tables are for them or not."""

_BOTH_SITES = {
    "Spinal cord": ("SpinalCord", "SpinalCanal", "ThecalSac"),
    "Esophagus": ("Esophagus",),
    "Heart": ("Heart",),
    "Chest wall, ribs": ("Chestwall", "Rib"),
}
ORGANS = {
    "lung": {
        "Lungs": ("Lungs", "Lungs-GTV", "Lungs-ITV", "Lungs-CTV", "Lung_L", "Lung_R"),
        "Airway": ("Trachea", "Bronchus_Main", "Bronchus", "ProxBronchTree", "Carina"),
        "Brachial plexus": ("BrachialPlex_L", "BrachialPlex_R", "BrachialPlexus", "BrachialPlexs"),
        **_BOTH_SITES,
    },
    "liver": {
        "Liver": ("Liver", "Liver-GTV", "Liver-ITV", "Liver-CTV"),
        "Stomach": ("Stomach",),
        "Duodenum": ("Duodenum",),
        "Bowel": (
            *("Bowel", "Bag_Bowel", "Bowel_Small", "Bowel_Large", "SmallBowel", "Jejunum_Ileum", "Jejunum", "Ileum"),
            "Colon",
        ),
        "Kidneys": ("Kidneys", "Kidney_L", "Kidney_R", "Kidney_Cortex", "Kidney_Cortex_L", "Kidney_Cortex_R"),
        **_BOTH_SITES,
    },
}
"""For each site what a reader asks after, and the names that it has in tables."""

_SIGNS = {"below": "<", "at_most": "<=", "above": ">", "at_least": ">="}
_MULTI = "multi"


def coverage() -> str:
    """All of it, as Markdown."""
    return f"{_by_fractions()}\n\n" + "\n\n".join(_schedule(site, fractions) for site, fractions in SCHEDULES)


# -------------------------------------------------------------------------------- by site and number of fractions


def _by_fractions() -> str:
    tables = bundled_tables()
    groups = sorted({(table.site, table.fractions) for table in tables})
    lines = [
        _counts(site, ", ".join(map(str, numbers)) or "any", _like(tables, site, numbers)) for site, numbers in groups
    ]
    lines.append(_counts("all", "", tables))
    return _table(("Site", "Fractions", "Tables", "Rows", "Confirmed", "Count"), lines)


def _like(tables: Iterable[Any], site: str, fractions: tuple[int, ...]) -> list[Any]:
    return [table for table in tables if (table.site, table.fractions) == (site, fractions)]


def _counts(site: str, fractions: str, tables: Sequence[Any]) -> tuple[str, ...]:
    rows = [row for table in tables for row in table.rows]
    numbers = (len(tables), len(rows), sum(row.confirmed for row in rows), sum(map(_counts_for_verdict, rows)))
    return site, fractions, *map(str, numbers)


def _counts_for_verdict(row: Any) -> bool:
    """A limit that two readings agree on, and that nobody disputes."""
    return bool(row.confirmed) and str(row.kind) == "limit" and str(row.status) == "ok"


# -------------------------------------------------------------------------------- a schedule, organ by organ


def _schedule(site: str, fractions: int) -> str:
    tables = [
        table
        for table in bundled_tables()
        if table.site in (site, _MULTI) and (not table.fractions or fractions in table.fractions)
    ]
    lines = ((organ, _limits(tables, names, site)) for organ, names in ORGANS[site].items())
    number = "1 fraction" if fractions == 1 else f"{fractions} fractions"
    return f"### {site.capitalize()}, {number}\n\n{_table(('Organ', 'Limits that count'), lines)}"


def _limits(tables: Sequence[Any], names: Sequence[str], site: str) -> str:
    """The limits that count, table by table; with the structures, where not all are on the same."""
    counting = [
        (table, [row for row in table.rows if _is_on(row, names, site) and _counts_for_verdict(row)])
        for table in tables
    ]
    several = len({_names(row) for _, rows in counting for row in rows}) > 1
    texts = [f"{_by_structures(rows, named=several)} ({table.id})" for table, rows in counting if rows]
    return "; ".join(texts) or "none"


def _by_structures(rows: Iterable[Any], *, named: bool) -> str:
    limits: dict[str, list[str]] = {}
    for row in rows:
        limits.setdefault(_names(row) if named else "", []).append(_limit(row))
    return "; ".join(f"{names} {', '.join(texts)}".strip() for names, texts in limits.items())


def _names(row: Any) -> str:
    return " / ".join(name for name in row.structures if name not in row.optional)


def _is_on(row: Any, names: Sequence[str], site: str) -> bool:
    return row.site in ("", site) and not set(names).isdisjoint(row.structures)


def _limit(row: Any) -> str:
    sign = _SIGNS[str(row.sense)]
    by_volume = row.steps or row.veff_steps
    acceptable = "" if row.acceptable is None else f" (variation {sign} {row.acceptable:g})"
    return f"{row.metric} {sign} " + ("by volume" if by_volume else f"{row.limit:g}{acceptable}")


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [[*headings]]
    cells += [["---"] * len(cells[0]), *([cell.replace("<", "\\<") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


if __name__ == "__main__":
    print(coverage())  # noqa: T201 - this is what it is run for

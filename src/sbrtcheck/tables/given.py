"""Limits that a user gives in a script -> a table, by the same checks as a file: for `ConstraintTable.from_rows`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sbrtcheck.errors import Fault, TableError
from sbrtcheck.tables.limits import Sense
from sbrtcheck.tables.load import load_table
from sbrtcheck.tables.table import ConstraintTable

SENSES = {"<": Sense.BELOW, "<=": Sense.AT_MOST, ">": Sense.ABOVE, ">=": Sense.AT_LEAST}
GIVEN = "given by the user"
_KEY = "given"
_PARTS = ("structure", "metric", "sense", "limit")
_ROW_HINT = "write ('SpinalCord', 'D0.035cc[Gy]', '<', 30), or a dictionary with the keys of a table's row"


def table_of_rows(rows: object, *, fractions: object, id_: str, title: str, site: str) -> ConstraintTable:
    """A table of the rows; each is given what it lacks of a row of a file, and nothing else is changed."""
    if not isinstance(rows, Iterable) or isinstance(rows, str | bytes | Mapping):
        raise TableError("the rows are no list", hint=_ROW_HINT)
    given = list(rows)
    faults = [Fault(place=f"row {n}", what=why, hint=_ROW_HINT) for n, row in enumerate(given, 1) if (why := _why(row))]
    if faults:
        raise TableError(faults[0].what, faults[0].place, faults[0].hint, faults=tuple(faults))
    sources = _Sources()
    entries = [_entry(row, n, sources) for n, row in enumerate(given, 1)]
    return load_table(
        {
            "id": id_,
            "version": "0.0.0",
            "title": title,
            "site": site,
            "fractions": [fractions] if isinstance(fractions, int) and not isinstance(fractions, bool) else fractions,
            "sources": sources.entries(),
            "rows": entries,
        }
    )


def where_of(citation: str) -> str:
    """Where in it: nowhere, for a limit that the user has made; a text that cites has its place in it."""
    return "no publication" if citation == GIVEN else "as cited"


class _Sources:
    """The sources that rows name as texts, each once; lives no longer than `table_of_rows`."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def key(self, citation: str) -> str:
        return self._keys.setdefault(citation, f"{_KEY}-{len(self._keys) + 1}")

    def entries(self) -> list[dict[str, str]]:
        return [{"key": key, "citation": citation, "where": where_of(citation)} for citation, key in self._keys.items()]


def _why(row: object) -> str:
    """Why it is no row; empty where it may be one."""
    if isinstance(row, Mapping):
        senses = [key for key in row if key in SENSES or key in tuple(Sense)]
        return f"more than one limit: {' and '.join(senses)}" if len(senses) > 1 else ""
    if not isinstance(row, Sequence) or isinstance(row, str | bytes):
        return f"{type(row).__name__} is no row"
    if len(row) != len(_PARTS):
        return f"{len(row)} parts, where a row has {len(_PARTS)}: {', '.join(_PARTS)}"
    if not isinstance(row[2], str) or (row[2] not in SENSES and row[2] not in tuple(Sense)):
        return f"the sense cannot be {row[2]!r}: it is one of {', '.join((*SENSES, *Sense))}"
    return ""


def _entry(row: Any, number: int, sources: _Sources) -> dict[str, Any]:
    """The row with the keys of a file."""
    if isinstance(row, Mapping):
        entry = {str(SENSES.get(key, key)): value for key, value in row.items()}
    else:
        structure, metric, sense, limit = row
        entry = {"structure": structure, "metric": metric, str(SENSES.get(sense, sense)): limit}
    source = entry.get("source", GIVEN)
    if isinstance(source, str):
        entry["source"] = {"cite": sources.key(source or GIVEN), "where": where_of(source or GIVEN)}
    structure = entry.get("structure")
    organ = structure if isinstance(structure, str) else f"row {number}"
    return {"id": f"{_id_text(organ)}-{number}", "organ": organ, "confirmed_by": [GIVEN]} | entry


def _id_text(organ: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", organ.lower()).strip("-") or "row"

"""One table -> its rows, and what was read of each of their numbers, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sbrtcheck.formatting import clean
from sbrtcheck.render.text import ruled_table, terminal_text
from sbrtcheck.results import labels
from sbrtcheck.tables import Constraint, ConstraintTable, Kind, Reading, Select, Status

_JOINED = {Select.EACH: ", ", Select.UNION: " + ", Select.FIRST: " or "}


def table_text(table: ConstraintTable, *, evidence: bool = False) -> str:
    """Write a table for people: its rows, or, with ``evidence``, what was read of each of their numbers."""
    return terminal_text([*_head(table), *(_evidence_parts(table) if evidence else [_row_grid(table)])])


def table_json(table: ConstraintTable, *, evidence: bool = False) -> str:
    """Write a table for programs; ``readings`` of rows and statements are there with ``evidence``."""
    rows = [_row_dict(row, evidence=evidence) for row in table.rows]
    statements = [
        {"text": item.text, **({"readings": [*map(_reading_dict, item.readings)]} if evidence else {})}
        for item in table.for_clinician
    ]
    as_dict = {
        "schema": "sbrtcheck-table/1",
        "id": table.id,
        "version": table.version,
        "title": table.title,
        "site": table.site,
        "fractions": list(table.fractions),
        "note": table.note,
        "sources": [{"citation": s.citation, "doi": s.doi, "where": s.where} for s in table.sources],
        "sha256": table.sha256,
        "rows": rows,
        "for_clinician": statements,
    }
    return json.dumps(as_dict, indent=2, allow_nan=False) + "\n"


# -------------------------------------------------------------------------------- text


def _head(table: ConstraintTable) -> Iterator[Text | Padding]:
    yield Text(f"{table.id} {table.version}: {clean(table.title)}", style="bold")
    yield Text(f"Site {table.site}, {table.fractions_text()}")
    if table.note:
        yield Text(clean(table.note))
    for source in table.sources:
        yield Text(f"Source: {clean(labels.source_text(source))}")
    yield Text("")


def _row_grid(table: ConstraintTable) -> Table:
    grid = ruled_table("Row", "Structure", "Metric and limit", "Standing", "Note")
    grid.columns[0].no_wrap = True  # people copy ids
    for row in table.rows:
        cells = (row.id, structures_text(row), _limit_text(row), "\n".join(standing(row)), clean(row.note))
        grid.add_row(*map(Text, cells))
    return grid


def structures_text(row: Constraint) -> str:
    """``Trachea + Bronchus_Main``: the structures of a row, and how they are taken."""
    choices = [" + ".join(choice.structures) for choice in row.choices]
    return clean(_JOINED[row.select].join(choices or row.structures))


def _limit_text(row: Constraint) -> str:
    return f"{labels.metric_text(row)} {labels.limit_text(row)}"


def standing(row: Constraint) -> tuple[str, ...]:
    """Say whether a row is confirmed, and whatever else decides if it counts."""
    return (
        "confirmed" if row.confirmed else "not confirmed",
        *(["disputed"] if row.status is Status.DISPUTED else []),
        *(["a value is mandatory"] if row.mandatory else []),
        *([str(row.kind)] if row.kind is not Kind.LIMIT else []),
        *(str(word) for word in (row.priority, row.side, row.sex) if word is not None),
    )


def _evidence_parts(table: ConstraintTable) -> Iterator[Text | Padding]:
    for row in table.rows:
        title = f"{row.id}: {structures_text(row)}, {_limit_text(row)}: {', '.join(standing(row))}"
        yield Text(title, style="bold")
        for number, value in row.numbers.items():
            yield _indented(f"{number} {value:g} {row.metric.unit}", 2)
            yield from _reading_parts(reading for reading in row.readings if reading.number == number)
        if not row.readings:
            yield _indented(f"read by {', '.join(row.confirmed_by) or 'nobody'}", 4)
        yield from (_indented(f"not confirmed: {doubt}", 2) for doubt in row.doubts)
        yield Text("")
    for item in table.for_clinician:
        if item.readings:
            yield Text(f"For the clinician: {clean(item.text)}", style="bold")
            yield from _reading_parts(item.readings)
            yield Text("")


def _indented(line: str, left: int) -> Padding:
    return Padding(Text(clean(line)), (0, 0, 0, left))


def _reading_parts(readings: Iterable[Reading]) -> Iterator[Text | Padding]:
    for reading in readings:
        document = reading.document
        yield _indented(f"{reading.says}: {printed_text(reading)} in {document.title}, {reading.place}", 4)
        yield _indented(f"read on {reading.read_on}; made by {document.reader}", 6)
        yield Text(f"      {clean(document.address)}", no_wrap=True)  # people copy it: never broken
        if reading.note:
            yield _indented(reading.note, 6)


def printed_text(reading: Reading) -> str:
    """``< 26 Gy``, or ``26 Gy`` where no sense is printed or none was noted."""
    sign = f"{labels.SIGNS[reading.sense]} " if reading.sense else ""
    return f"{sign}{reading.value:g} {reading.unit}"


# -------------------------------------------------------------------------------- JSON


def _row_dict(row: Constraint, *, evidence: bool) -> dict[str, Any]:
    as_dict: dict[str, Any] = {
        "id": row.id,
        "organ": row.organ,
        "structures": list(row.structures),
        "select": str(row.select),
        "choices": [{"structures": list(one.structures), "optional": list(one.optional)} for one in row.choices],
        "metric": str(row.metric),
        "sense": str(row.sense),
        "unit": str(row.metric.unit),
        "numbers": row.numbers,
        "quantity": str(row.quantity),
        "alpha_beta_gy": row.alpha_beta_gy,
        "kind": str(row.kind),
        "status": str(row.status),
        "mandatory": row.mandatory,
        "site": row.site or None,
        "side": str(row.side) if row.side else None,
        "sex": str(row.sex) if row.sex else None,
        "priority": str(row.priority) if row.priority else None,
        "endpoint": row.endpoint,
        "source": {"citation": row.source.citation, "doi": row.source.doi, "where": row.source.where},
        "confirmed": row.confirmed,
        "why_not_confirmed": list(row.doubts),
        "confirmed_by": list(row.confirmed_by),
        "note": row.note,
    }
    if evidence:
        as_dict["readings"] = [*map(_reading_dict, row.readings)]
    return as_dict


def _reading_dict(reading: Reading) -> dict[str, Any]:
    document = reading.document
    return {
        "number": reading.number,
        "value": reading.value,
        "unit": reading.unit,
        "sense": str(reading.sense) if reading.sense else None,
        "says": str(reading.says),
        "document": {
            "key": document.key,
            "title": document.title,
            "address": document.address,
            "transcribes": document.transcribes,
            "reader": document.reader,
            "note": document.note,
        },
        "place": reading.place,
        "read_on": reading.read_on.isoformat(),
        "note": reading.note,
    }

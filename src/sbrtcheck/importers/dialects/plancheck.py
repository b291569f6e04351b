"""PlanCheck and ClearPlan: a CSV file with one metric a line, its goal and its variation."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from sbrtcheck.errors import InputError
from sbrtcheck.importers.files import text_of
from sbrtcheck.importers.template import (
    LeftOut,
    Remark,
    Row,
    Template,
    entry,
    field_remark,
    metric_of,
    number,
    one_line,
    organ,
    sense_and_value,
    with_variation,
)
from sbrtcheck.structure_names import normalise, organ_named

# Columns by their two spellings, without case and blanks.
_COLUMNS = {
    "structureids": "organ",
    "templateid": "organ",
    "structurecodes": "codes",
    "templatecodes": "codes",
    "idaliases": "aliases",
    "templatealiases": "aliases",
    "codealiases": "code aliases",
    "templatetypes": "types",
    "dvhobjective": "metric",
    "evaluationpoint": "goal",
    "goal": "goal",
    "variation": "variation",
    "priority": "priority",
    "source": "reference",
    "notes": "note",
}
_NEEDED = ("organ", "metric", "goal")
_KEPT = {
    "codes": "structure codes are kept as comments: tables identify structures by name",
    "code aliases": "structure codes are kept as comments: tables identify structures by name",
    "types": "DICOM types are kept as comments: tables identify structures by name",
    "priority": "priorities are kept as comments: tables have none",
}


def read(raw: bytes) -> Template:
    """Read a CSV file with PlanCheck's or ClearPlan's columns; separated by commas or semicolons."""
    text = text_of(raw)
    first = text.partition("\n")[0]
    lines = csv.reader(text.splitlines(keepends=True), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        columns = _columns(next(lines, []))
        entries = [_entry(lines.line_num, columns, cells) for cells in lines if any(map(str.strip, cells))]
    except csv.Error as error:
        raise InputError(f"not CSV: {error}", f"line {lines.line_num}") from error
    return Template(entries=tuple(entries))


def _columns(header: list[str]) -> list[str]:
    columns = [_COLUMNS.get("".join(cell.lower().split()), "") for cell in header]
    for name in filter(None, dict.fromkeys(columns)):
        if columns.count(name) > 1:
            same = ", ".join(cell.strip() for cell, column in zip(header, columns, strict=True) if column == name)
            what = f"several columns for {name}: {same}"
            raise InputError(one_line(what), "line 1", "leave one of them in the file")
    if lacking := [name for name in _NEEDED if name not in columns]:
        raise InputError(
            f"no column for {' and '.join(lacking)}",
            "line 1",
            "name the columns as PlanCheck (Structure IDs, DVH Objective, Evaluation Point) or ClearPlan does",
        )
    return columns


def _entry(line: int, columns: list[str], cells: list[str]) -> Row | LeftOut:
    values = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}
    row = (values.get("organ", ""), values.get("metric", ""), values.get("goal", ""))
    variation = values.get("variation", "")
    printed = " ".join(filter(None, row)) + (f", variation {variation}" if variation else "")
    if any(map(str.strip, cells[len(columns) :])):
        why = f"{len(cells)} cells, and the first line has {len(columns)}: put a cell with a comma in quotes"
        return LeftOut(where=f"line {line}", printed=printed, why=why)
    return entry(f"line {line}", printed, None, lambda: _row(values))


def _row(values: Mapping[str, str]) -> Row:
    name = organ(values.get("organ", ""))
    metric, factor = metric_of(values.get("metric", ""))
    sense, goal = sense_and_value(values.get("goal", ""))
    row = Row(
        where="",
        printed="",
        organ=name,
        metric=metric,
        sense=sense,
        limit=number(goal) * factor,
        reference=values.get("reference", ""),
        note=values.get("note", ""),
        remarks=(*_aliases(name, values.get("aliases", "")), *_remarks_on_other_fields(values)),
    )
    variation = values.get("variation", "")
    if not variation:
        return row
    its_sense, value = sense_and_value(variation) if variation[0] in "<>≤≥" else (None, variation)
    return with_variation(row, number(value) * factor, its_sense)


def _aliases(name: str, text: str) -> tuple[Remark, ...]:
    """Other names of the structure that sbrtcheck would not match to it by itself."""
    organ_ = organ_named(name)
    others = [
        alias
        for alias in map(str.strip, text.split("|"))
        if alias and normalise(alias) != normalise(name) and (organ_ is None or organ_named(alias) != organ_)
    ]
    return field_remark(
        "also called", ", ".join(others), "aliases are kept as comments: say with --names which one it is"
    )


def _remarks_on_other_fields(values: Mapping[str, str]) -> tuple[Remark, ...]:
    return tuple(remark for key, warning in _KEPT.items() for remark in field_remark(key, values.get(key, ""), warning))

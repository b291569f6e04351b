"""DVHmetrics (R): a text table with columns ``patID``, ``structure`` and ``constraint``, such as ``D10CC < 20Gy``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sbrtcheck.errors import InputError
from sbrtcheck.importers.files import text_of
from sbrtcheck.importers.template import (
    LeftOut,
    NoMeaningError,
    Row,
    Template,
    entry,
    metric_of,
    number,
    organ,
    sense_and_value,
)

_CELL = re.compile(r"\"([^\"]*)\"|'([^']*)'|#.*|([^\s\"'#]+)")  # as R's read.table splits a line
_METRIC = re.compile(r"([DV])([0-9.]+|MIN|MAX|MEAN|MEDIAN|RX|SD|EUD|NTCP|TCP|HI)(%|GY|CGY|CC)?(?:_(%|GY|CGY|CC))?")
_VALUE = re.compile(r"([0-9.]+)(%|GY|CGY|CC)")
_STATISTICS = {"MIN": "Min", "MAX": "Max", "MEAN": "Mean", "MEDIAN": "Median"}
_UNITS = {"GY": "Gy", "CGY": "cGy", "CC": "cc", "%": "%"}
_EVERYONE = "*"


def read(raw: bytes) -> Template:
    """Read a table as R's ``read.table`` with a header does."""
    lines = [(n, _cells(line)) for n, line in enumerate(text_of(raw).splitlines(), 1)]
    lines = [(n, cells) for n, cells in lines if cells]
    if not lines:
        raise InputError("the file is empty")
    header = [cell.lower() for cell in lines[0][1]]
    if "constraint" not in header:
        raise InputError(
            "no column 'constraint'",
            f"line {lines[0][0]}",
            "the first line names the columns patID, structure and constraint, separated by blanks",
        )
    return Template(entries=tuple(_entry(n, header, cells) for n, cells in lines[1:]))


def _cells(line: str) -> list[str]:
    return [
        cell[1] if cell[1] is not None else cell[2] if cell[2] is not None else cell[3]
        for cell in _CELL.finditer(line)
        if not cell[0].startswith("#")
    ]


def _entry(line: int, header: list[str], cells: list[str]) -> Row | LeftOut:
    where = f"line {line}"
    if len(cells) == len(header) + 1:
        cells = cells[1:]  # R reads a column without a heading as names of the rows
    if len(cells) != len(header):
        why = f"{len(cells)} values where the first line has {len(header)} names; put a constraint in quotes"
        return LeftOut(where=where, printed="a line of another length", why=why)
    values = dict(zip(header, cells, strict=True))
    if values.get("patid", _EVERYONE) != _EVERYONE:  # whose it is must not get into a table, nor on a screen
        return LeftOut(where=where, printed="a row for one patient", why="tables hold for every patient")
    printed = f"{values.get('structure', _EVERYONE)} {values['constraint']}"
    return entry(where, printed, None, lambda: _row(values))


def _row(values: Mapping[str, str]) -> Row:
    name = organ(values.get("structure", _EVERYONE))
    text = "".join(values["constraint"].upper().split())
    sign = re.search(r"[<>≤≥]", text)
    if not sign:
        raise NoMeaningError("no comparison with <, <=, > or >=")
    sense, value = sense_and_value(text[sign.start() :])
    limit = _VALUE.fullmatch(value)
    if not limit:
        raise NoMeaningError(f"'{value}' is not a number with a unit, Gy, cGy, cc or %")
    metric, factor = metric_of(_metric_text(text[: sign.start()], limit[2]))
    return Row(where="", printed="", organ=name, metric=metric, sense=sense, limit=number(limit[1]) * factor)


def _metric_text(text: str, unit: str) -> str:
    """TG-263 text of a metric whose result is compared in ``unit``."""
    parts = _METRIC.fullmatch(text)
    if not parts:
        raise NoMeaningError(f"'{text}' is not a metric")
    letter, at, its_unit, out = parts[1], parts[2], parts[3] or "", parts[4] or unit
    if out != unit:
        raise NoMeaningError(f"the metric answers in {_UNITS[out]} and is compared in {_UNITS[unit]}")
    if at in _STATISTICS and letter == "D" and not its_unit:
        return f"{_STATISTICS[at]}[{_UNITS[out]}]"
    if at.isalpha():
        raise NoMeaningError(f"'{text}' is not a metric that tables have")
    return f"{letter}{at}{_UNITS.get(its_unit, '')}[{_UNITS[out]}]"

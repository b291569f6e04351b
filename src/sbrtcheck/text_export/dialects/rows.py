"""CSV with a row a point: structure, dose, volume, as data frames have it (DVHmetrics) and ``sbrtcheck dvh`` writes it.

Units stand in the headings (``dose_gy``, ``Volume [cc]``) or in columns of their own (``doseUnit``, ``volumeUnit``).
Columns that say whose or which plan's a row is (``patID``, ``course``, ``plan``) are looked at, all others left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from sbrtcheck.formatting import of_csv_text
from sbrtcheck.text_export.cells import Row, heading_of, names_column, normalized, refuse_several_patients, sheet_of
from sbrtcheck.text_export.export import (
    EMPTY,
    Dialect,
    Export,
    ExportedPlan,
    ExportedStructure,
    NoTable,
    Table,
    dose_unit,
    gy_per,
    table_of,
    volume_unit,
)
from sbrtcheck.text_export.lines import Lines
from sbrtcheck.text_export.numbers import column_of, is_number, refuse_two_decimal_marks

_HEADING = re.compile(r"(?P<of>dose|volume)[\s_]*(?:[(\[]?(?P<unit>c?gy|%|percent|rel|cc|ccm|cm3|cm³|ml)[)\]]?)?")
_OF_UNITS = {"dose": "doseunit", "volume": "volumeunit"}
_PERCENT = {"percent": "%", "rel": "%"}
_NOISE_GY = 1e-9
_PATIENTS = ("patid", "patientid", "patient", "patientname", "mrn")
_COURSES = ("course", "courseid", "coursename")
_PLANS = ("plan", "planid", "planname", "planlabel", "dosename", "scenario")


def is_rows(lines: Lines) -> bool:
    """Whether the first line heads columns of structures, doses and volumes."""
    heading = [normalized(text) for text in heading_of(lines)]
    return names_column(heading) is not None and {"dose", "volume"} <= {
        quantity for quantity, _, _ in _columns_of_curves(heading)
    }


def read_rows(lines: Lines) -> Export:
    """Read a CSV file with a row a point.

    Raises
    ------
    InputError
        It has several patients.
    """
    sheet = sheet_of(lines)
    refuse_two_decimal_marks(cell for row in sheet.rows for cell in row.cells)
    heading = [normalized(text) for text in sheet.heading]
    names = names_column(heading) or 0
    patients, courses, plans = (_places_of(heading, known) for known in (_PATIENTS, _COURSES, _PLANS))
    refuse_several_patients(_cells_at(row, patients) for row in sheet.rows)
    labels: dict[str, str] = {}
    rows_of: dict[tuple[str, str], list[Row]] = {}
    for row in sheet.rows:
        label = _joined(row, plans)
        key = _joined(row, [*courses, *plans])
        labels.setdefault(key, label or key)
        rows_of.setdefault((key, of_csv_text(_cell(row, names))), []).append(row)
    return Export(
        system="not stated",
        kind="CSV with a row a point, cumulative",
        plans={key: ExportedPlan(label=label) for key, label in labels.items()},
        structures=tuple(
            ExportedStructure(name=name, plan=key, table=_table(rows, heading)) for (key, name), rows in rows_of.items()
        ),
    )


def _places_of(heading: Sequence[str], known: Sequence[str]) -> list[int]:
    return [place for place, text in enumerate(heading) if text in known]


def _cells_at(row: Row, places: Sequence[int]) -> tuple[str, ...]:
    return tuple(_cell(row, place) for place in places)


def _joined(row: Row, places: Sequence[int]) -> str:
    return "/".join(filter(None, _cells_at(row, places)))


def _cell(row: Row, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""


def _columns_of_curves(heading: Sequence[str]) -> list[tuple[str, str, int]]:
    """Columns of doses and volumes: which, unit in the heading (empty where it has none), place."""
    columns = []
    for place, text in enumerate(heading):
        if matched := _HEADING.fullmatch(text):
            unit = matched["unit"] or ""
            columns.append((matched["of"], _PERCENT.get(unit, unit), place))
    return columns


def _table(rows: Sequence[Row], heading: Sequence[str]) -> Table | NoTable:
    dose, volume = _column_in_use(rows, heading, "dose"), _column_in_use(rows, heading, "volume")
    if dose is None or volume is None:
        return EMPTY
    for row in rows:
        if not all(is_number(_cell(row, place)) for _, place in (dose, volume)):
            return NoTable(why=f"line {row.line} has no numbers for dose and volume")
    if _do_doses_contradict(rows, heading):
        return NoTable(why="its columns of doses contradict each other")
    doses, volumes = ([_cell(row, place) for row in rows] for _, place in (dose, volume))
    return table_of(doses, volumes, dose_unit(dose[0]), volume_unit(volume[0]), place="its rows have")


def _column_in_use(rows: Sequence[Row], heading: Sequence[str], quantity: str) -> tuple[str, int] | None:
    """Unit and place of the column that is not empty: the absolute one where there are two."""
    return min(_filled_columns(rows, heading, quantity), key=lambda column: column[0] == "%", default=None)


def _filled_columns(rows: Sequence[Row], heading: Sequence[str], quantity: str) -> list[tuple[str, int]]:
    """Unit and place of every column of doses or volumes that is not empty."""
    return [
        (unit or _unit_beside(rows, heading, quantity), place)
        for column_quantity, unit, place in _columns_of_curves(heading)
        if column_quantity == quantity and any(_cell(row, place) for row in rows)
    ]


def _do_doses_contradict(rows: Sequence[Row], heading: Sequence[str]) -> bool:
    """Whether columns of absolute doses beside each other (Gy, cGy) are not the same doses."""
    columns = [
        column.times(factor)
        for unit, place in _filled_columns(rows, heading, "dose")
        if (factor := gy_per(dose_unit(unit))) and (column := column_of([_cell(row, place) for row in rows]))
    ]
    return any(
        bool(np.any(np.abs(other.values - columns[0].values) > other.halves + columns[0].halves + _NOISE_GY))
        for other in columns[1:]
    )


def _unit_beside(rows: Sequence[Row], heading: Sequence[str], quantity: str) -> str:
    """The one unit in the column of units; empty where there is none, or there are several."""
    if _OF_UNITS[quantity] not in heading:
        return ""
    units = {_cell(row, heading.index(_OF_UNITS[quantity])) for row in rows}
    unit = units.pop() if len(units) == 1 else ""
    return "%" if unit.lower() == "percent" else unit


ROWS = Dialect(
    name="CSV with a row a point",
    told_by="a first line with columns for structure, dose and volume, like 'structure, dose_gy, volume_cc'",
    is_it=is_rows,
    read=read_rows,
)

"""Lines of a CSV file -> cells; the delimiter is told from the first line."""

from __future__ import annotations

import csv
import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from sbrtcheck.text_export.export import (
    EMPTY,
    NoTable,
    StatedDoseUnit,
    StatedVolumeUnit,
    Table,
    table_of,
)
from sbrtcheck.text_export.lines import Line, Lines, fault
from sbrtcheck.text_export.numbers import is_number

_DELIMITERS = ",;\t"
_NAMES = ("structure", "roi", "roiname", "structurename", "organ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Cells of one line, blanks at their ends removed."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Heading and rows."""

    heading: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, place: int) -> list[tuple[int, str]]:
        """Line and text of every cell of a column, empty ones too."""
        return [(row.line, row.cells[place] if place < len(row.cells) else "") for row in self.rows]


Cell = tuple[int, str]
"""Line and text."""


def table_of_cells(
    cells: Sequence[tuple[Cell, Cell]], dose_unit: StatedDoseUnit, volume_unit: StatedVolumeUnit
) -> Table | NoTable:
    """The DVH of two columns side by side, or why they are none."""
    if not cells:
        return EMPTY
    for (line, dose), (_, volume) in cells:
        if not (is_number(dose) and is_number(volume)):
            return NoTable(why=f"line {line} has no numbers in its columns")
    doses, volumes = [dose for (_, dose), _ in cells], [volume for _, (_, volume) in cells]
    return table_of(doses, volumes, dose_unit, volume_unit, place="its columns have")


def heading_of(lines: Lines) -> tuple[str, ...]:
    """Cells of the first line; of one cell where it has no delimiter."""
    filled = lines.filled
    return _cells(filled[0], _delimiter(filled[0])) if filled else ()


def normalized(text: str) -> str:
    """A heading in small letters, without blanks, points and underscores."""
    return re.sub(r"[\s_.]+", "", text.lower())


def names_column(heading: Sequence[str]) -> int | None:
    """Place of the column of structure names; None where there is none."""
    return next((place for place, text in enumerate(heading) if normalized(text) in _NAMES), None)


def sheet_of(lines: Lines) -> Sheet:
    """Cells of all lines that are not blank.

    Raises
    ------
    InputError
        A line has cells that the first line has no heading for: its numbers would be taken for those of other columns.
    """
    filled = lines.filled
    delimiter = _delimiter(filled[0])
    heading = _cells(filled[0], delimiter)
    rows = tuple(Row(line=line.number, cells=_cells(line, delimiter)) for line in filled[1:])
    for row in rows:
        if any(row.cells[len(heading) :]):
            _refuse_longer(row, heading, delimiter)
    return Sheet(heading=heading, rows=rows)


def refuse_several_patients(patients: Iterable[Hashable]) -> None:
    """Refuse rows of several patients: nothing of a patient is kept, so their structures could not be told apart."""
    if len({*patients}) > 1:
        raise fault("the export has structures of several patients", hint="export each patient alone")


def _refuse_longer(row: Row, heading: Sequence[str], delimiter: str) -> None:
    decimal_comma = ", or is the comma its decimal mark too?" if delimiter == "," else ""
    what = f"it has {len(row.cells)} cells, the first line has {len(heading)}: which of them belong to which heading"
    raise fault(
        f"{what}{decimal_comma}", row.line, "export it again with decimal points, or with semicolons between cells"
    )


def _delimiter(first: Line) -> str:
    return max(_DELIMITERS, key=first.text.count)


def _cells(line: Line, delimiter: str) -> tuple[str, ...]:
    try:
        cells: Sequence[str] = next(csv.reader([line.text], delimiter=delimiter), [])
    except csv.Error:  # a cell larger than any number or name
        return (line.text,)
    return tuple(cell.strip() for cell in cells)

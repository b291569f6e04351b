"""TomoTherapy (HiArt, Accuray): CSV with three columns a structure: its name, which has no cells below, dose, volume.

``PTV(STANDARD),Dose (Gy),Relative Volume (%)``. Dose and volume are each absolute or relative, and the heading tells
which twice: in a word and in the unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sbrtcheck.text_export.cells import Sheet, heading_of, sheet_of, table_of_cells
from sbrtcheck.text_export.export import (
    Dialect,
    Export,
    ExportedStructure,
    NoTable,
    StatedDoseUnit,
    StatedVolumeUnit,
    Table,
    UnknownUnit,
    dose_unit,
    export_of_one_plan,
    volume_unit,
)
from sbrtcheck.text_export.lines import Lines
from sbrtcheck.text_export.numbers import refuse_two_decimal_marks

# The text in brackets after the name is the kind of structure, in capitals.
_NAME = re.compile(r"(?P<name>.*\S)\s*\([A-Z][A-Z _-]*\)")
_HEADING = r"(?:(?P<word>Absolute|Relative)\s+)?{of}\s*\((?P<unit>[^()]*)\)"
_DOSE = re.compile(_HEADING.format(of="Dose"), re.IGNORECASE)
_VOLUME = re.compile(_HEADING.format(of="Volume"), re.IGNORECASE)
_COLUMNS = 3


def is_hiart(lines: Lines) -> bool:
    """Whether the first line heads nothing but such threes."""
    heading = _heading(heading_of(lines))
    return bool(heading) and all(
        _NAME.fullmatch(name) and _DOSE.fullmatch(dose) and _VOLUME.fullmatch(volume)
        for name, dose, volume in _threes(heading)
    )


def read_hiart(lines: Lines) -> Export:
    """Read an export of TomoTherapy."""
    sheet = sheet_of(lines)
    refuse_two_decimal_marks(cell for row in sheet.rows for cell in row.cells)
    threes = enumerate(_threes(_heading(sheet.heading)))
    structures = [_structure(three, place * _COLUMNS, sheet) for place, three in threes]
    return export_of_one_plan("TomoTherapy", "", structures)


def _heading(cells: Sequence[str]) -> list[str]:
    """The heading without the empty cells that delimiters at its end make."""
    filled = list(cells)
    while filled and not filled[-1]:
        filled.pop()
    return filled


def _threes(heading: Sequence[str]) -> list[tuple[str, str, str]]:
    """Headings of each structure; of one with too few columns, empty ones."""
    padded = [*heading, *[""] * (-len(heading) % _COLUMNS)]
    return list(zip(padded[::_COLUMNS], padded[1::_COLUMNS], padded[2::_COLUMNS], strict=True))


def _structure(three: tuple[str, str, str], place: int, sheet: Sheet) -> ExportedStructure:
    name = _NAME.fullmatch(three[0])
    return ExportedStructure(name=name["name"] if name else three[0], table=_table(three, place, sheet))


def _table(three: tuple[str, str, str], place: int, sheet: Sheet) -> Table | NoTable:
    below_name = next((line for line, text in sheet.column(place) if text), None)
    if below_name is not None:
        return NoTable(why=f"line {below_name} has something below its name, where nothing belongs")
    cells = list(zip(sheet.column(place + 1), sheet.column(place + 2), strict=True))
    while cells and not (cells[-1][0][1] or cells[-1][1][1]):  # columns of several lengths
        cells.pop()
    return table_of_cells(cells, *_units(three))


def _units(three: tuple[str, str, str]) -> tuple[StatedDoseUnit, StatedVolumeUnit]:
    """The units, where the word before them does not contradict them."""
    dose, volume = _DOSE.fullmatch(three[1]), _VOLUME.fullmatch(three[2])
    of_dose = dose_unit(dose["unit"]) if dose and _agree(dose) else UnknownUnit(text=three[1])
    of_volume = volume_unit(volume["unit"]) if volume and _agree(volume) else UnknownUnit(text=three[2])
    return of_dose, of_volume


def _agree(heading: re.Match[str]) -> bool:
    word = (heading["word"] or "").lower()
    return not word or (word == "relative") == (heading["unit"].strip() == "%")


HIART = Dialect(
    name="TomoTherapy",
    told_by="a first line of threes like 'PTV(STANDARD), Dose (Gy), Relative Volume (%)'",
    is_it=is_hiart,
    read=read_hiart,
)

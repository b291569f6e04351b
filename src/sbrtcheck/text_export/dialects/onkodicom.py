"""OnkoDICOM: CSV with a row a structure, and the volume in percent that receives at least each dose of the heading.

``Patient ID,ROI,Volume (mL),0cGy,10cGy,20cGy``. That the volumes are percent is not printed; it is what the program
writes, and they begin at 100. Since September 2023 it writes doses below percentages instead, without a unit and read
off between the points of the curve: that layout is not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sbrtcheck.text_export.cells import Row, heading_of, refuse_several_patients, sheet_of
from sbrtcheck.text_export.export import (
    Dialect,
    DoseUnit,
    Export,
    ExportedStructure,
    NoTable,
    Table,
    export_of_one_plan,
    table_of,
    volume_unit,
)
from sbrtcheck.text_export.lines import Lines
from sbrtcheck.text_export.numbers import is_number, number_of, refuse_two_decimal_marks

_BEFORE = ("Patient ID", "ROI", "Volume (mL)")
_DOSE = re.compile(r"(\d+)cGy")


def is_onkodicom(lines: Lines) -> bool:
    """Whether the first line heads patient, structure, its volume, and nothing but doses behind them."""
    heading = heading_of(lines)
    doses = heading[len(_BEFORE) :]
    return heading[: len(_BEFORE)] == _BEFORE and bool(doses) and all(map(_DOSE.fullmatch, doses))


def read_onkodicom(lines: Lines) -> Export:
    """Read an export of OnkoDICOM.

    Raises
    ------
    InputError
        It has several patients.
    """
    sheet = sheet_of(lines)
    refuse_two_decimal_marks(cell for row in sheet.rows for cell in row.cells[len(_BEFORE) - 1 :])
    refuse_several_patients(row.cells[0] for row in sheet.rows)
    doses = [dose[1] for text in sheet.heading if (dose := _DOSE.fullmatch(text))]
    return export_of_one_plan("OnkoDICOM", "", [_structure(row, doses) for row in sheet.rows])


def _structure(row: Row, doses: Sequence[str]) -> ExportedStructure:
    _, name, volume = (*row.cells, "", "", "")[: len(_BEFORE)]
    return ExportedStructure(name=name, table=_table(row, doses), volume_cc=number_of(volume))


def _table(row: Row, doses: Sequence[str]) -> Table | NoTable:
    volumes = row.cells[len(_BEFORE) :]
    if len(volumes) != len(doses) or not all(map(is_number, volumes)):
        return NoTable(why=f"line {row.line} has no number for each dose of the heading")
    return table_of(doses, volumes, DoseUnit.CGY, volume_unit("%"), place="its row has")


ONKODICOM = Dialect(
    name="OnkoDICOM",
    told_by="a first line 'Patient ID, ROI, Volume (mL), 0cGy, 10cGy, ...'",
    is_it=is_onkodicom,
    read=read_onkodicom,
)

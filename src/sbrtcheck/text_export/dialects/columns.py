"""CSV with columns for each structure, as ProKnow and SlicerRT write it.

``Dose (Gy), Liver (%), Heart (%)`` or a column of doses a structure: ``Liver Dose (Gy), Liver (%)``. Volumes are in
percent or cc; ``Liver Value (% of 1432.1 cc)`` has the volume too. They may be padded with zeros to the plan's maximum.
A heading that is anything else makes another layout, whose columns are not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sbrtcheck.text_export.cells import Sheet, heading_of, names_column, sheet_of, table_of_cells
from sbrtcheck.text_export.export import (
    Dialect,
    Export,
    ExportedPlan,
    ExportedStructure,
    NoTable,
    Table,
    dose_unit,
    volume_unit,
)
from sbrtcheck.text_export.lines import Lines
from sbrtcheck.text_export.numbers import Number, number_of, refuse_two_decimal_marks

_DOSE = re.compile(r"(?:(?P<name>.*\S)\s+)?Dose(?:\s*[(\[](?P<unit>[^)\]]*)[)\]])?", re.IGNORECASE)
_VOLUME = re.compile(r"(?P<name>.*\S)\s*[(\[](?P<unit>[^)\]]*)[)\]]")
_WORD = re.compile(r"(?:_DvhArray)?(?:\s+(?:Value|Volume))?$")
# A heading of these words alone is that of a volume, and names no structure.
_NO_NAME = re.compile(
    r"(?:absolute|cumulative|differential|dvh|normali[sz]ed|of|percent|ratio|relative|structure|total|value|vol|volume"
    r"|volumen|[\W_])*",
    re.IGNORECASE,
)
_OF = re.compile(r"%\s+of\s+(?P<volume>\S+)\s+(?P<unit>\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Places of a structure's two columns, and the units in their headings."""

    name: str
    dose: int
    volume: int
    dose_unit: str
    volume_unit: str


def is_columns(lines: Lines) -> bool:
    """Whether the first line heads columns of doses, and of volumes of structures that it names, and nothing else."""
    heading = heading_of(lines)
    pairs = list(_pairs(heading))
    paired = {place for pair in pairs for place in (pair.dose, pair.volume)}
    filled = {place for place, text in enumerate(heading) if text}
    named = not any(_NO_NAME.fullmatch(pair.name) for pair in pairs)
    return names_column(heading) is None and bool(pairs) and named and filled <= paired


def read_columns(lines: Lines) -> Export:
    """Read a CSV file with columns for each structure."""
    sheet = sheet_of(lines)
    pairs = list(_pairs(sheet.heading))
    whole_volumes = [volume_of["volume"] for pair in pairs if (volume_of := _OF.fullmatch(pair.volume_unit))]
    refuse_two_decimal_marks([*whole_volumes, *(cell for row in sheet.rows for cell in row.cells)])
    return Export(
        system="not stated; columns as SlicerRT writes them"
        if whole_volumes
        else "not stated; columns as ProKnow writes them",
        kind="CSV with columns for each structure, cumulative",
        plans={"": ExportedPlan()},
        structures=tuple(_structure(pair, sheet) for pair in pairs),
    )


def _pairs(headings: tuple[str, ...]) -> Iterator[_Pair]:
    """Each column of volumes, with the column of doses before it: its own, or one for all."""
    dose: tuple[int, str, str] | None = None
    for place, text in enumerate(headings):
        if heading := _DOSE.fullmatch(text):
            dose = place, heading["unit"] or "", _name(heading["name"] or "")
        elif dose and (heading := _VOLUME.fullmatch(text)):
            name = _name(heading["name"])
            if dose[2] in ("", name):
                yield _Pair(
                    name=name, dose=dose[0], volume=place, dose_unit=dose[1], volume_unit=heading["unit"].strip()
                )


def _name(text: str) -> str:
    return _WORD.sub("", text)


def _structure(pair: _Pair, sheet: Sheet) -> ExportedStructure:
    volume_of = _OF.fullmatch(pair.volume_unit)
    volume_cc: Number | None = None
    if volume_of and volume_unit(volume_of["unit"]) is volume_unit("cc"):
        volume_cc = number_of(volume_of["volume"])
    return ExportedStructure(
        name=pair.name, table=_table(pair, "%" if volume_of else pair.volume_unit, sheet), volume_cc=volume_cc
    )


def _table(pair: _Pair, of_volume: str, sheet: Sheet) -> Table | NoTable:
    cells = list(zip(sheet.column(pair.dose), sheet.column(pair.volume), strict=True))
    while cells and not cells[-1][1][1]:  # columns of several lengths
        cells.pop()
    return table_of_cells(cells, dose_unit(pair.dose_unit), volume_unit(of_volume))


COLUMNS = Dialect(
    name="CSV with columns for each structure",
    told_by="a first line like 'Dose (Gy), Liver (%)' or 'Liver Dose (Gy), Liver (%)'",
    is_it=is_columns,
    read=read_columns,
)

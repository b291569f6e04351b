"""Monaco (Elekta): one line ``Key: value | Key: value``, then a row ``structure dose volume`` a point of every curve.

The first field holds the patient's name and id and is not looked at. The second line names a locale, the third may head
the columns; a blank line and a date may follow the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sbrtcheck.text_export.export import (
    Dialect,
    Export,
    ExportedStructure,
    NoTable,
    StatedDoseUnit,
    StatedVolumeUnit,
    Table,
    dose_unit,
    export_of_one_plan,
    table_of,
    volume_unit,
)
from sbrtcheck.text_export.lines import Line, Lines, fault
from sbrtcheck.text_export.numbers import NUMBER, refuse_two_decimal_marks

_ROW = re.compile(rf"(?P<name>.*\S)\s+(?P<dose>{NUMBER})\s+(?P<volume>{NUMBER})")
_HEADS = 2  # lines between the first and the rows: locale, columns
_TAILS = 2  # lines after the rows: date, and what else a version may add


def is_monaco(lines: Lines) -> bool:
    """Whether the first line has fields parted by ``|``, the units among them."""
    first = lines.filled[0].text if lines.filled else ""
    return "|" in first and re.search(r"\bDose Units?\s*:", first, re.IGNORECASE) is not None


def read_monaco(lines: Lines) -> Export:
    """Read an export of Monaco."""
    first, *rest = lines.filled
    fields = _fields(first)
    units = dose_unit(fields.get("dose units", "")), volume_unit(fields.get("volume units", ""))
    rows = _rows(rest)
    refuse_two_decimal_marks(row[key] for row in rows for key in ("dose", "volume"))
    label = fields.get("plan name", "")
    names = dict.fromkeys(row["name"] for row in rows)
    by_name: dict[str, list[re.Match[str]]] = {name: [] for name in names}
    for row in rows:
        by_name[row["name"]].append(row)
    structures = [
        ExportedStructure(name=name, plan=label, table=_table(points, *units)) for name, points in by_name.items()
    ]
    return export_of_one_plan("Monaco", label, structures)


def _fields(first: Line) -> dict[str, str]:
    fields: dict[str, str] = {}
    for text in first.text.split("|")[1:]:
        key, _, value = text.partition(":")
        name = " ".join(key.lower().split())
        if fields.setdefault(name, value.strip()) != value.strip():
            raise fault("the same field stands twice, with another value", first.number, "export it again")
    return fields


def _rows(lines: Sequence[Line]) -> list[re.Match[str]]:
    """The rows; before and after them stand a few lines of other things, among them none."""
    matched = [(line, _ROW.fullmatch(line.text)) for line in lines]
    places = [place for place, (_, row) in enumerate(matched) if row]
    if not places:
        raise fault("the export has no rows of structure, dose and volume", hint="export it with the DVHs")
    rows = [row for _, row in matched if row]
    names = tuple(f"{row['name']} " for row in {row["name"]: row for row in rows}.values())
    before, after = places[0], len(matched) - places[-1] - 1
    for place, (line, row) in enumerate(matched):
        among = places[0] < place < places[-1]
        if row is None and (among or before > _HEADS or after > _TAILS or f"{line.text} ".startswith(names)):
            raise fault("no row of structure, dose and volume", line.number, "export it again")
    return rows


def _table(points: Sequence[re.Match[str]], dose: StatedDoseUnit, volume: StatedVolumeUnit) -> Table | NoTable:
    return table_of([point["dose"] for point in points], [point["volume"] for point in points], dose, volume)


MONACO = Dialect(
    name="Monaco", told_by="a first line 'Patient ID: ... | ... | Dose Units: ...'", is_it=is_monaco, read=read_monaco
)

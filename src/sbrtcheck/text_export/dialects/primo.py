"""PRIMO (Monte Carlo simulation): everything but the numbers stands behind ``#``; a block a structure, with its table.

::

    # Structure: PTV
    # Volume [cm³]: 40.00
    # Ave. Dose [Gy]: 52.50 (0.10)
    # Dose [Gy] <tab> Volume [%]
    # ..........
    0.00 <tab> 100.00
    # ..........

Lines of points stand around the numbers; what is in brackets behind a dose is not looked at. Known from how DVHmetrics
reads it, no export was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from sbrtcheck.dvh import VolumeUnit
from sbrtcheck.text_export.export import (
    EMPTY,
    Dialect,
    Export,
    ExportedStructure,
    NoTable,
    StatedDose,
    Table,
    dose_unit,
    export_of_one_plan,
    table_of,
    volume_unit,
)
from sbrtcheck.text_export.lines import Line, Lines, blocks, fault
from sbrtcheck.text_export.numbers import Number, is_number, number_of, refuse_two_decimal_marks

_STRUCTURE = re.compile(r"#\s*Structure\s*:\s*(?P<name>.*)", re.IGNORECASE)
_TYPE = re.compile(r"#\s*Type\s*:\s*(?P<type>Cumulative|Differential)\b.*", re.IGNORECASE)
_PROJECT = re.compile(r"#\s*Project\s*:\s*(?P<name>.*)", re.IGNORECASE)
_STATED = re.compile(r"#\s*(?P<key>[^:\[\]]+?)\s*\[(?P<unit>[^\]]*)\]\s*:\s*(?P<value>\S+).*")
_HEADED = re.compile(r"(?P<label>Rel\. dose|Dose|Volume)\s*\[(?P<unit>[^\]]*)\]", re.IGNORECASE)
_POINTS = re.compile(r"#\s*\.{2,}")

Stated = Mapping[str, tuple[str, str]]
"""Unit and value by their key in small letters."""


def is_primo(lines: Lines) -> bool:
    """Whether there are a structure and a type, both behind ``#``."""
    texts = [line.text for line in lines]
    return any(map(_TYPE.fullmatch, texts)) and any(map(_STRUCTURE.match, texts))


def read_primo(lines: Lines) -> Export:
    """Read an export of PRIMO.

    Raises
    ------
    InputError
        It is differential: what its volumes are per is not known.
    """
    filled = lines.filled
    starts = [place for place, line in enumerate(filled) if _STRUCTURE.match(line.text)]
    for line in filled:
        kind = _TYPE.fullmatch(line.text)
        if kind and kind["type"].lower() == "differential":
            what = "the export is differential, and does not say what its volumes are per"
            raise fault(what, line.number, "export the cumulative DVH")
    label = next((project["name"] for line in filled if (project := _PROJECT.match(line.text))), "")
    of_structures = blocks(filled, starts)
    refuse_two_decimal_marks(_numbers(line for block in of_structures for line in block))
    return export_of_one_plan("PRIMO", label, [_structure(block, label) for block in of_structures])


def _numbers(lines: Iterable[Line]) -> Iterable[str]:
    """Everything that may be a number."""
    for line in lines:
        if stated := _STATED.fullmatch(line.text):
            yield stated["value"]
        elif not line.text.startswith("#"):
            yield from line.text.split()


def _structure(block: Sequence[Line], plan: str) -> ExportedStructure:
    first = _STRUCTURE.match(block[0].text)
    matches = (_STATED.fullmatch(line.text) for line in block)
    stated = {one["key"].lower(): (one["unit"], one["value"]) for one in matches if one}
    return ExportedStructure(
        name=first["name"].strip() if first else "",
        plan=plan,
        table=_table(block),
        volume_cc=_volume_cc(stated),
        mean=_dose(stated, "ave. dose"),
        minimum=_dose(stated, "min. dose"),
        maximum=_dose(stated, "max. dose"),
    )


def _volume_cc(stated: Stated) -> Number | None:
    unit, value = stated.get("volume", ("", ""))
    return number_of(value) if volume_unit(unit) is VolumeUnit.CC else None


def _dose(stated: Stated, key: str) -> StatedDose | None:
    unit, value = stated.get(key, ("", ""))
    number = number_of(value)
    return None if number is None else StatedDose(number=number, unit=dose_unit(unit))


def _table(block: Sequence[Line]) -> Table | NoTable:
    points = [place for place, line in enumerate(block) if _POINTS.fullmatch(line.text)]
    if not points or not points[0]:
        return NoTable(why="the export has no table for it", empty=True)
    heading = block[points[0] - 1]
    cells = [cell.strip() for cell in heading.text.removeprefix("#").split("\t")]
    headed = [_HEADED.fullmatch(cell) for cell in cells]
    units = {one["label"].lower(): one["unit"] for one in headed if one}
    if len(units) != len(cells) or "volume" not in units or not {"dose", "rel. dose"} & set(units):
        return NoTable(why=f"line {heading.number} heads columns that are not known")
    return _of_rows([line for line in block[points[0] + 1 :] if not line.text.startswith("#")], units)


def _of_rows(rows: Sequence[Line], units: Mapping[str, str]) -> Table | NoTable:
    """The table of rows whose columns stand in the order of ``units``."""
    if not rows:
        return EMPTY
    cells = [line.text.split() for line in rows]
    for line, row in zip(rows, cells, strict=True):
        if len(row) != len(units) or not all(map(is_number, row)):
            return NoTable(why=f"line {line.number} is no row of {len(units)} numbers")
    columns = dict(zip(units, zip(*cells, strict=True), strict=True))
    dose = "dose" if "dose" in units else "rel. dose"
    return table_of(columns[dose], columns["volume"], dose_unit(units[dose]), volume_unit(units["volume"]))


PRIMO = Dialect(
    name="PRIMO", told_by="lines '# Type: Cumulative' and '# Structure: ...'", is_it=is_primo, read=read_primo
)

"""ProSoma (MedCom): a header with the mode, one block a structure: keys with their units in brackets, then its table.

::

    Cumulative DVH
    Name: PTV
    Volume [cm³]: 40.00
    Min [Gy]: 50.00
    Max [Gy]: 55.00
    Average [Gy]: 52.50
    Dose [Gy] <tab> Volume
    0.00 <tab> 100.00

Where the heading names no unit of volume, it is told by the table itself: a cumulative DVH begins with the whole
volume, which is 100 in percent, or the volume that is stated above it. Known from how DVHmetrics reads it, no export
was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sbrtcheck.text_export.export import (
    Dialect,
    Export,
    ExportedStructure,
    NoTable,
    Stated,
    Table,
    export_of_one_plan,
    stated_dose,
    stated_volume_cc,
    table_of_rows,
)
from sbrtcheck.text_export.lines import Line, Lines, blocks, fault
from sbrtcheck.text_export.numbers import number_of, refuse_two_decimal_marks

_NAME = re.compile(r"Name:\s*(?P<name>\S.*)")
_MODE = re.compile(r"(?P<mode>Cumulative|Differential) DVH\b.*", re.IGNORECASE)
_STATED = re.compile(r"(?P<key>[^:\[\]]+)\[(?P<unit>[^\]]*)\]\s*:\s*(?P<value>.*)")
_AVERAGE = re.compile(r"Average\s*\[[^\]]*\]\s*:.*", re.IGNORECASE)
_HEADED = re.compile(r"(?P<label>Dose|Volume)(?:\s*\[(?P<unit>[^\]]*)\])?", re.IGNORECASE)
_SAME_VOLUME = 0.02  # as close as a table and the volume stated above it have to be


def is_prosoma(lines: Lines) -> bool:
    """Whether there are a mode, a name and an average with its unit."""
    texts = [line.text for line in lines]
    return all(any(map(known.fullmatch, texts)) for known in (_MODE, _NAME, _AVERAGE))


def read_prosoma(lines: Lines) -> Export:
    """Read an export of ProSoma.

    Raises
    ------
    InputError
        It is differential: what its volumes are per is not known.
    """
    filled = lines.filled
    mode = next(line for line in filled if _MODE.fullmatch(line.text))
    if mode.text.lower().startswith("differential"):
        what = "the export is differential, and does not say what its volumes are per"
        raise fault(what, mode.number, "export the cumulative DVH")
    starts = [place for place, line in enumerate(filled) if _NAME.fullmatch(line.text)]
    of_structures = blocks(filled, starts)
    refuse_two_decimal_marks(_numbers(line for block in of_structures for line in block))
    return export_of_one_plan("ProSoma", "", [_structure(block) for block in of_structures])


def _numbers(lines: Iterable[Line]) -> Iterable[str]:
    """Everything that may be a number."""
    for line in lines:
        stated = _STATED.fullmatch(line.text)
        yield from [stated["value"].strip()] if stated else line.text.split()


def _structure(block: Sequence[Line]) -> ExportedStructure:
    first = _NAME.fullmatch(block[0].text)
    matches = (_STATED.fullmatch(line.text) for line in block)
    stated = {one["key"].strip().lower(): (one["unit"], one["value"].strip()) for one in matches if one}
    return ExportedStructure(
        name=first["name"].strip() if first else "",
        table=_table(block, stated),
        volume_cc=stated_volume_cc(stated),
        mean=stated_dose(stated, "average"),
        minimum=stated_dose(stated, "min"),
        maximum=stated_dose(stated, "max"),
    )


def _table(block: Sequence[Line], stated: Stated) -> Table | NoTable:
    heading = next((place for place, line in enumerate(block) if line.text.lower().startswith("dose [")), None)
    if heading is None:
        return NoTable(why="the export has no table for it", empty=True)
    cells = [cell.strip() for cell in block[heading].text.split("\t") if cell.strip()]
    headed = [_HEADED.fullmatch(cell) for cell in cells]
    units = {one["label"].lower(): one["unit"] for one in headed if one}
    if len(units) != len(cells) or {*units} != {"dose", "volume"}:
        return NoTable(why=f"line {block[heading].number} heads columns that are not known")
    rows = block[heading + 1 :]
    if units["volume"] is None and rows:
        units["volume"] = _unit_of_volumes(rows[0], [*units].index("volume"), stated)
    return table_of_rows(rows, units, "dose")


def _unit_of_volumes(first: Line, place: int, stated: Stated) -> str:
    """The unit of the volumes that begin with the whole volume in the first row; ``""`` where it is neither."""
    cells = first.text.split()
    begins, whole_cc = number_of(cells[place]) if place < len(cells) else None, stated_volume_cc(stated)
    if begins is None:
        return ""
    if abs(begins.value - 100.0) <= begins.half:
        return "%"
    is_whole = whole_cc is not None and abs(begins.value - whole_cc.value) <= _SAME_VOLUME * whole_cc.value
    return "cc" if is_whole else ""


PROSOMA = Dialect(
    name="ProSoma",
    told_by="a line 'Cumulative DVH' and lines 'Name: ...' and 'Average [...]: ...'",
    is_it=is_prosoma,
    read=read_prosoma,
)

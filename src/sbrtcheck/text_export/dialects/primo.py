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
from collections.abc import Iterable, Sequence

from sbrtcheck.text_export.export import (
    Dialect,
    Export,
    ExportedStructure,
    NoTable,
    Table,
    export_of_one_plan,
    stated_dose,
    stated_volume_cc,
    table_of_rows,
)
from sbrtcheck.text_export.lines import Line, Lines, blocks, fault
from sbrtcheck.text_export.numbers import refuse_two_decimal_marks

_STRUCTURE = re.compile(r"#\s*Structure\s*:\s*(?P<name>.*)", re.IGNORECASE)
_TYPE = re.compile(r"#\s*Type\s*:\s*(?P<type>Cumulative|Differential)\b.*", re.IGNORECASE)
_PROJECT = re.compile(r"#\s*Project\s*:\s*(?P<name>.*)", re.IGNORECASE)
_STATED = re.compile(r"#(?P<key>[^:\[\]]+)\[(?P<unit>[^\]]*)\]\s*:\s*(?P<value>\S+).*")
_HEADED = re.compile(r"(?P<label>Rel\. dose|Dose|Volume)\s*\[(?P<unit>[^\]]*)\]", re.IGNORECASE)
_POINTS = re.compile(r"#\s*\.{2,}")


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
    stated = {one["key"].strip().lower(): (one["unit"], one["value"]) for one in matches if one}
    return ExportedStructure(
        name=first["name"].strip() if first else "",
        plan=plan,
        table=_table(block),
        volume_cc=stated_volume_cc(stated),
        mean=stated_dose(stated, "ave. dose"),
        minimum=stated_dose(stated, "min. dose"),
        maximum=stated_dose(stated, "max. dose"),
    )


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
    return table_of_rows([line for line in block[points[0] + 1 :] if not line.text.startswith("#")], units, "rel. dose")


PRIMO = Dialect(
    name="PRIMO", told_by="lines '# Type: Cumulative' and '# Structure: ...'", is_it=is_primo, read=read_primo
)

"""CadPlan (Varian): a header with the mode, one block a structure: keys with their units in brackets, then its table.

::

    Cumulative Dose Volume Histogram
    Histogram         : PTV
    Prescr. dose (Gy) : 50.0
    % for dose        : 100.0
    Volume (CC)       : 40.0
    Dose mean (Gy)    : 52.5
    Dose (Gy)   Volume (cm3)
    0.0   40.0

Known from how DVHmetrics reads it, no export was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sbrtcheck.text_export.export import (
    Dialect,
    Export,
    ExportedPlan,
    ExportedStructure,
    NoTable,
    Stated,
    Table,
    dose_unit,
    gy_per,
    stated_dose,
    stated_volume_cc,
    table_of_rows,
)
from sbrtcheck.text_export.lines import Line, Lines, blocks, fault
from sbrtcheck.text_export.numbers import number_of, refuse_two_decimal_marks

_STRUCTURE = re.compile(r"Histogram\s*:\s*(?P<name>.*)", re.IGNORECASE)
_MODE = re.compile(r"(?P<mode>Cumulative|Differential)\s+(?:Dose Volume\b.*|DVH\b.*)", re.IGNORECASE)
_PLAN = re.compile(r"PLAN\s+(?P<label>[^:]+)", re.IGNORECASE)
_STATED = re.compile(r"(?P<key>[^:()]+)(?:\((?P<unit>[^)]*)\)\s*)?:(?P<value>.*)")
_COLUMN = re.compile(r"(?P<label>(?:relative\s+)?dose|volume)\s*\((?P<unit>[^)]*)\)\s*", re.IGNORECASE)
_HEADING = re.compile(r"(?:(?:(?:relative\s+)?dose|volume)\s*\([^)]*\)\s*){2,}", re.IGNORECASE)


def is_cadplan(lines: Lines) -> bool:
    """Whether there are a mode and a histogram."""
    texts = [line.text for line in lines]
    return any(map(_MODE.fullmatch, texts)) and any(map(_STRUCTURE.fullmatch, texts))


def read_cadplan(lines: Lines) -> Export:
    """Read an export of CadPlan.

    Raises
    ------
    InputError
        It is differential: what its volumes are per is not known.
    """
    filled = lines.filled
    starts = [place for place, line in enumerate(filled) if _STRUCTURE.fullmatch(line.text)]
    header = filled[: starts[0]]
    mode = next(line for line in filled if _MODE.fullmatch(line.text))
    if mode.text.lower().startswith("differential"):
        what = "the export is differential, and does not say what its volumes are per"
        raise fault(what, mode.number, "export the cumulative DVH")
    of_structures = blocks(filled, starts)
    refuse_two_decimal_marks(_numbers(line for block in of_structures for line in block))
    label = next((plan["label"].strip() for line in header if (plan := _PLAN.fullmatch(line.text))), "")
    return Export(
        system="CadPlan",
        kind="DVH text export, cumulative",
        plans={label: _plan(label, [_stated(block) for block in of_structures])},
        structures=tuple(_structure(block, label) for block in of_structures),
    )


def _numbers(lines: Iterable[Line]) -> Iterable[str]:
    """Everything that may be a number."""
    for line in lines:
        stated = _STATED.fullmatch(line.text)
        yield from [stated["value"].strip()] if stated else line.text.split()


def _stated(block: Sequence[Line]) -> dict[str, tuple[str, str]]:
    matches = (_STATED.fullmatch(line.text) for line in block)
    return {" ".join(one["key"].lower().split()): (one["unit"] or "", one["value"].strip()) for one in matches if one}


def _plan(label: str, structures: Sequence[Stated]) -> ExportedPlan:
    """The plan, its dose stated with every structure; nothing where they do not say the same, or ``not defined``."""
    doses = {stated.get("prescr. dose", ("", "")) for stated in structures}
    percents = {stated.get("% for dose", ("", ""))[1] for stated in structures}
    (unit, value), *other_doses = doses
    number, factor = number_of(value), gy_per(dose_unit(unit))
    if other_doses or number is None or factor is None or number.value <= 0.0:
        return ExportedPlan(label=label)
    prescribed_gy = number.value * factor
    percent = number_of(next(iter(percents))) if len(percents) == 1 else None
    known = percent is not None and percent.value > 0.0
    return ExportedPlan(
        label=label,
        prescribed_gy=prescribed_gy,
        hundred_percent_gy=prescribed_gy * 100.0 / percent.value if percent is not None and known else None,
    )


def _structure(block: Sequence[Line], plan: str) -> ExportedStructure:
    first = _STRUCTURE.fullmatch(block[0].text)
    stated = _stated(block)
    return ExportedStructure(
        name=first["name"].strip() if first else "",
        plan=plan,
        table=_table(block),
        volume_cc=stated_volume_cc(stated),
        mean=stated_dose(stated, "dose mean"),
        minimum=stated_dose(stated, "dose minimum"),
        maximum=stated_dose(stated, "dose maximum"),
    )


def _table(block: Sequence[Line]) -> Table | NoTable:
    heading = next((place for place, line in enumerate(block) if _HEADING.fullmatch(line.text)), None)
    if heading is None:
        return NoTable(why="the export has no table for it", empty=True)
    columns = [(" ".join(one["label"].lower().split()), one["unit"]) for one in _COLUMN.finditer(block[heading].text)]
    units = dict(columns)
    if len(units) != len(columns) or "volume" not in units or len(units) == 1:
        return NoTable(why=f"line {block[heading].number} heads columns that are not known")
    return table_of_rows(block[heading + 1 :], units, "relative dose")


CADPLAN = Dialect(
    name="CadPlan",
    told_by="a line 'Cumulative Dose Volume Histogram' and lines 'Histogram : ...'",
    is_it=is_cadplan,
    read=read_cadplan,
)

"""Oncentra (MasterPlan): mode and units in the header, then a block a ROI: ``Dose:``, ``ROI:``, rows of three numbers.

The case in the header is the patient's, and is not looked at. A ROI without contours has a block without rows. Lines of
nothing but asterisks part what belongs together, as under the name of a ROI.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from sbrtcheck.text_export.export import (
    EMPTY,
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
from sbrtcheck.text_export.lines import Line, Lines, blocks, fault
from sbrtcheck.text_export.numbers import is_number, refuse_two_decimal_marks

_ROI = re.compile(r"ROI\s*:\s*(?P<name>.*)", re.IGNORECASE)
_DOSE = re.compile(r"Dose\s*:\s*(?P<name>.*)", re.IGNORECASE)
_PLAN = re.compile(r"Plan\s*:\s*(?P<name>.*)", re.IGNORECASE)
_MODE = re.compile(r"(?P<mode>Cumulative|Differential)\s+mode\b.*", re.IGNORECASE)
_OF = re.compile(r"(?:Absolute|Relative)\s+(?P<of>dose|volume)\b.*\[(?P<unit>[^\]]*)\].*", re.IGNORECASE)
_HEADING = re.compile(r"(?:bin\w*\s+)?dose\b.*\bvolume\b.*", re.IGNORECASE)
_RULE = re.compile(r"([*=_#~-])\1{2,}")
_COLUMNS = 3


def is_oncentra(lines: Lines) -> bool:
    """Whether there are a mode and a ROI."""
    texts = [line.text for line in lines]
    return any(map(_MODE.fullmatch, texts)) and any(map(_ROI.match, texts))


def read_oncentra(lines: Lines) -> Export:
    """Read an export of Oncentra.

    Raises
    ------
    InputError
        It is differential: what its volumes are per is not in it.
    """
    filled = lines.filled
    starts = [place for place, line in enumerate(filled) if _ROI.match(line.text)]
    header = filled[: starts[0]]
    mode = next(line for line in filled if _MODE.fullmatch(line.text))
    if "differential" in mode.text.lower():
        what = "the export is differential, and does not say what its volumes are per"
        raise fault(what, mode.number, "export the cumulative DVH")
    dose, volume = _units(header)
    refuse_two_decimal_marks(cell for line in filled for cell in line.text.split())
    label = next((plan["name"] for line in header if (plan := _PLAN.match(line.text))), "")
    structures = [_structure(block, label, dose, volume) for block in blocks(filled, starts)]
    return export_of_one_plan("Oncentra", label, structures)


def _units(header: Sequence[Line]) -> tuple[StatedDoseUnit, StatedVolumeUnit]:
    units = {match["of"].lower(): match["unit"] for line in header if (match := _OF.fullmatch(line.text))}
    return dose_unit(units.get("dose", "")), volume_unit(units.get("volume", ""))


def _structure(block: Sequence[Line], plan: str, dose: StatedDoseUnit, volume: StatedVolumeUnit) -> ExportedStructure:
    first = _ROI.match(block[0].text)
    name = first["name"].strip() if first else ""
    rows = [line for line in block[1:] if not (_DOSE.match(line.text) or _HEADING.fullmatch(line.text))]
    rows = [line for line in rows if not _RULE.fullmatch(line.text)]
    return ExportedStructure(name=name, plan=plan, table=_table(rows, dose, volume))


def _table(rows: Sequence[Line], dose: StatedDoseUnit, volume: StatedVolumeUnit) -> Table | NoTable:
    if not rows:
        return EMPTY
    cells = [line.text.split() for line in rows]
    for line, row in zip(rows, cells, strict=True):
        if len(row) != _COLUMNS or not all(map(is_number, row)):
            return NoTable(why=f"line {line.number} is no row of bin, dose and volume")
    bins, doses, volumes = zip(*cells, strict=True)
    if not _do_count_up(bins):  # these are the doses, then, and what stands beside them is something else
        return NoTable(why=f"the bins below line {rows[0].number} do not count up")
    return table_of(doses, volumes, dose, volume)


def _do_count_up(bins: Sequence[str]) -> bool:
    """Whether these are whole numbers, each larger than the one before."""
    return all(map(str.isdecimal, bins)) and all(int(one) < int(other) for one, other in pairwise(bins))


ONCENTRA = Dialect(
    name="Oncentra", told_by="a line 'Cumulative mode' and lines 'ROI: ...'", is_it=is_oncentra, read=read_oncentra
)

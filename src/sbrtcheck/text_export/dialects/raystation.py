"""RayStation (RaySearch): lines ``#Key: value``, each ROI's followed by rows of dose and volume.

The volumes are in percent: of other units only ``#Volume unit`` tells, which scripts add to the export. The dose unit
stands in ``#Dose unit`` or ``#Unit``. A file may have several doses, each ``#Dosename`` before its ROIs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sbrtcheck.dvh import VolumeUnit
from sbrtcheck.plan import FindingCode
from sbrtcheck.text_export.export import (
    EMPTY,
    Dialect,
    DoseUnit,
    Export,
    ExportedPlan,
    ExportedStructure,
    NoTable,
    StatedDose,
    StatedDoseUnit,
    Table,
    UnknownUnit,
    dose_unit,
    gy_per,
    table_of,
    volume_unit,
)
from sbrtcheck.text_export.lines import Line, Lines
from sbrtcheck.text_export.numbers import Number, is_number, number_of, refuse_two_decimal_marks

_PAIR = re.compile(r"#(?P<key>[^:#]+):(?P<value>.*)")
_DOSE = re.compile(r"(?P<number>\S+?)\s*(?P<unit>c?Gy)\b.*", re.IGNORECASE)
_UNIT = re.compile(r"(?P<unit>\S+)\s*(?P<rest>.*)")
_WEIGHTED = ("RBE", "EQD2", "BED")
_ROI, _DOSE_NAME, _RX_DOSE = "roiname", "dosename", "rxdose"
_VOLUMES, _OUTSIDE = ("roivolume", "volume"), "roivolumefractionoutsidegrid"
_MEAN, _MINIMUM, _MAXIMUM = "meandose", "mindose", "maxdose"
_STATED_NUMBERS = (*_VOLUMES, _OUTSIDE, _MEAN, _MINIMUM, _MAXIMUM)

Texts = Mapping[str, str]


def is_raystation(lines: Lines) -> bool:
    """Whether there is a line ``#RoiName:``."""
    return any(_key(line) == _ROI for line in lines)


def read_raystation(lines: Lines) -> Export:
    """Read an export of RayStation."""
    header: dict[str, str] = {}
    plans: dict[str, ExportedPlan] = {}
    structures: list[tuple[str, dict[str, str], list[Line]]] = []
    dose_name = ""
    for line in lines.filled:
        pair = _PAIR.fullmatch(line.text)
        if pair is None:
            if structures:
                structures[-1][2].append(line)
            continue
        key, value = _small(pair["key"]), pair["value"].strip()
        if key == _DOSE_NAME:
            dose_name = value
        elif key == _ROI:
            structures.append((dose_name, {_ROI: value}, []))
        else:
            (structures[-1][1] if structures else header).setdefault(key, value)
    for name, _, _ in structures:
        plans.setdefault(name, _plan(name, header))
    refuse_two_decimal_marks(_numbers(header, structures))
    return Export(
        system="RayStation",
        kind="DVH text export, cumulative",
        plans=plans,
        structures=tuple(_structure(name, header, texts, rows) for name, texts, rows in structures),
    )


def _numbers(header: Texts, structures: Iterable[tuple[str, Texts, Sequence[Line]]]) -> Iterator[str]:
    """Everything that is read as a number: the prescribed dose, what structures state, the rows."""
    if prescribed := _DOSE.fullmatch(header.get(_RX_DOSE, "")):
        yield prescribed["number"]
    for _, texts, rows in structures:
        for key in _STATED_NUMBERS:
            yield from texts.get(key, "").split()
        for line in rows:
            yield from line.text.split()


def _key(line: Line) -> str:
    pair = _PAIR.fullmatch(line.text)
    return _small(pair["key"]) if pair else ""


def _small(key: str) -> str:
    return "".join(key.lower().split())


def _plan(label: str, header: Texts) -> ExportedPlan:
    stated = _DOSE.fullmatch(header.get(_RX_DOSE, ""))
    number = number_of(stated["number"]) if stated else None
    factor = gy_per(dose_unit(stated["unit"])) if stated else None
    prescribed_gy = number.value * factor if number and factor and number.value > 0.0 else None
    return ExportedPlan(label=label, prescribed_gy=prescribed_gy, hundred_percent_gy=prescribed_gy)


def _structure(plan: str, header: Texts, texts: Texts, rows: Sequence[Line]) -> ExportedStructure:
    # units may stand once for all; a volume or a dose before the first structure is of none
    units = {**header, **texts}
    unit, unit_text = _dose_unit(units)
    notes = [(FindingCode.DOSE_TYPE, f"its dose unit is {unit_text}")] if unit_text else []
    outside = number_of(texts.get(_OUTSIDE, "").rstrip("% \t"))
    volume_cc = _volume_cc(texts)
    if volume_cc is not None:
        notes.append((FindingCode.STORED_DVH_UNITS, "the export prints no unit of its volume; RayStation's are cc"))
    return ExportedStructure(
        name=texts[_ROI],
        plan=plan,
        table=_table(unit, units, rows),
        volume_cc=volume_cc,
        mean=_stated(texts, _MEAN, unit),
        minimum=_stated(texts, _MINIMUM, unit),
        maximum=_stated(texts, _MAXIMUM, unit),
        outside_percent=outside.value if outside is not None else 0.0,
        notes=tuple(notes),
    )


def _dose_unit(texts: Texts) -> tuple[StatedDoseUnit, str]:
    """The unit, and what is said of it where the text has more, as ``cGy (RBE)``; no other word is quoted."""
    text = next((texts[key] for key in ("doseunit", "unit", "doseunits") if key in texts), "")
    unit = _UNIT.fullmatch(text)
    if unit is None:
        return UnknownUnit(text=""), ""
    stated, rest = dose_unit(unit["unit"]), unit["rest"]
    if not rest:
        return stated, ""
    is_known = isinstance(stated, DoseUnit) and rest.strip("()[] ").upper() in _WEIGHTED
    return stated, repr(text) if is_known else "followed by more words"


def _volume_cc(texts: Texts) -> Number | None:
    """Volume as later versions and scripts state it; where it has no unit, it is in cc."""
    text = next((texts[key] for key in _VOLUMES if key in texts), "")
    volume = re.fullmatch(r"(?P<number>\S+)\s*(?P<unit>.*)", text)
    if volume is None or (volume["unit"] and volume_unit(volume["unit"]) is not VolumeUnit.CC):
        return None
    return number_of(volume["number"])


def _stated(texts: Texts, key: str, unit: StatedDoseUnit) -> StatedDose | None:
    number = number_of(texts.get(key, ""))
    return StatedDose(number=number, unit=unit) if number is not None else None


def _table(unit: StatedDoseUnit, texts: Texts, rows: Sequence[Line]) -> Table | NoTable:
    if not rows:
        return EMPTY
    cells = [line.text.split() for line in rows]
    for line, row in zip(rows, cells, strict=True):
        if len(row) != 2 or not all(map(is_number, row)):
            return NoTable(why=f"line {line.number} is no row of 2 numbers")
    doses, volumes = zip(*cells, strict=True)
    of_volume = volume_unit(texts["volumeunit"]) if "volumeunit" in texts else VolumeUnit.PERCENT
    return table_of(doses, volumes, unit, of_volume)


RAYSTATION = Dialect(name="RayStation", told_by="lines '#RoiName: ...'", is_it=is_raystation, read=read_raystation)

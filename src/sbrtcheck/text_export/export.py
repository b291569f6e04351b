"""What every dialect is read into: structures with their tables as printed, units as stated, plans and notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from sbrtcheck.dvh import VolumeUnit
from sbrtcheck.plan import FindingCode
from sbrtcheck.text_export.lines import Line, Lines
from sbrtcheck.text_export.numbers import Column, Number, column_of, is_number, number_of


class DoseUnit(StrEnum):
    """Unit of doses as an export states it."""

    GY = "Gy"
    CGY = "cGy"
    PERCENT = "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownUnit:
    """No unit, or one that is not known; ``text`` as printed."""

    text: str

    @property
    def shown(self) -> str:
        """What it is, for messages: a word that is no unit may be a patient's name, and is not quoted."""
        return repr(self.text) if self.text.lower() in _OTHER_UNITS else "none that is known"


StatedDoseUnit: TypeAlias = DoseUnit | UnknownUnit
StatedVolumeUnit: TypeAlias = VolumeUnit | UnknownUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDose:
    """A printed dose and its unit."""

    number: Number
    unit: StatedDoseUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The printed DVH of one structure.

    Parameters
    ----------
    dose, dose_unit
        Shape ``(n,)``.
    volume, volume_unit
        Shape ``(n,)``: what receives at least each dose; of a differential DVH, volume a unit of dose.
    per_dose
        Unit of dose that differential volumes are for; None for a cumulative DVH.
    percent
        The same doses in percent, where the table has both.
    """

    dose: Column
    dose_unit: StatedDoseUnit
    volume: Column
    volume_unit: StatedVolumeUnit
    per_dose: StatedDoseUnit | None = None
    percent: Column | None = None

    @property
    def known_dose(self) -> bool:
        """Whether the unit of its doses is known."""
        return isinstance(self.dose_unit, DoseUnit)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTable:
    """Why a structure of the export has no table that can be used."""

    why: str
    empty: bool = False


EMPTY = NoTable(why="its table is empty", empty=True)
"""A structure without rows: nobody drew it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedStructure:
    """One structure of an export.

    Parameters
    ----------
    name, plan
        As printed; ``plan`` is a key of `Export.plans`.
    table
        Its DVH; or why there is none.
    volume_cc
        As stated beside the table; None where it is not.
    mean, minimum, maximum
        Dose as stated.
    outside_percent
        Part of its volume that has no dose by the export.
    notes
        What a reader of the report should know.
    """

    name: str
    plan: str = ""
    table: Table | NoTable
    volume_cc: Number | None = None
    mean: StatedDose | None = None
    minimum: StatedDose | None = None
    maximum: StatedDose | None = None
    outside_percent: float = 0.0
    notes: tuple[tuple[FindingCode, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPlan:
    """One plan of an export.

    Parameters
    ----------
    label
        Name of the plan or dose, ``""`` where there is none.
    is_sum
        A sum of plans, which has no prescription.
    prescribed_gy, fractions
        As stated; None where not.
    hundred_percent_gy
        Dose that percentages of dose are of; None where the export does not state it.
    """

    label: str = ""
    is_sum: bool = False
    prescribed_gy: float | None = None
    fractions: int | None = None
    hundred_percent_gy: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A whole export.

    ``says_at_least`` is whether the file itself states that each volume receives at least the dose beside it; where it
    does not, the dose may be that of either edge of a bin.
    """

    system: str
    kind: str
    plans: dict[str, ExportedPlan]
    structures: tuple[ExportedStructure, ...]
    says_at_least: bool = False
    notes: tuple[tuple[FindingCode, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One format: what it is called, what tells it from others, and its reader."""

    name: str
    told_by: str
    is_it: Callable[[Lines], bool]
    read: Callable[[Lines], Export]


def table_of(
    doses: Sequence[str],
    volumes: Sequence[str],
    dose_unit: StatedDoseUnit,
    volume_unit: StatedVolumeUnit,
    *,
    place: str = "its table has",
) -> Table | NoTable:
    """The cumulative DVH of two printed columns; ``place`` is where their numbers are, for messages."""
    dose, volume = column_of(doses), column_of(volumes)
    if dose is None or volume is None:
        return NoTable(why=f"{place} numbers that are out of range")
    return Table(dose=dose, dose_unit=dose_unit, volume=volume, volume_unit=volume_unit)


def export_of_one_plan(
    system: str, label: str, structures: Sequence[ExportedStructure], *, kind: str = "DVH text export, cumulative"
) -> Export:
    """An export of one plan of which no more than its label is stated, ``""`` where not even that is."""
    plans = {label: ExportedPlan(label=label)}
    return Export(system=system, kind=kind, plans=plans, structures=tuple(structures))


_OTHER_UNITS = frozenset(
    {"rad", "rads", "mgy", "gyrbe", "gy(rbe)", "cge", "cgyrbe", "cgy(rbe)", "sv", "j/kg", "ev/g", "mev/g"}
    | {"l", "dl", "liter", "litre", "mm3", "mm³", "mm^3", "dm3", "dm³", "dm^3", "m3", "voxel", "voxels"}
)
_DOSE_UNITS = {"gy": DoseUnit.GY, "cgy": DoseUnit.CGY, "%": DoseUnit.PERCENT}
_VOLUME_UNITS = dict.fromkeys(("cc", "ccm", "cm3", "cm³", "cm^3", "ml"), VolumeUnit.CC) | {"%": VolumeUnit.PERCENT}


def dose_unit(text: str) -> StatedDoseUnit:
    """The dose unit that the text is, whatever its capitals."""
    return _DOSE_UNITS.get(text.strip().lower(), UnknownUnit(text=text.strip()[:20]))


def volume_unit(text: str) -> StatedVolumeUnit:
    """The volume unit that the text is: ``cc``, ``ccm``, ``cm3``, ``cm³``, ``ml`` are one."""
    cleaned = re.sub(r"^cm[?\ufffd]$", "cm³", text.strip().lower())  # a system whose character set has no such sign
    return _VOLUME_UNITS.get(cleaned, UnknownUnit(text=text.strip()[:20]))


def gy_per(unit: StatedDoseUnit) -> float | None:
    """Gy of one unit of absolute dose; None of another."""
    match unit:
        case DoseUnit.GY:
            return 1.0
        case DoseUnit.CGY:
            return 0.01
        case _:
            return None


Stated = Mapping[str, tuple[str, str]]
"""What the lines of a structure state: key in small letters -> unit and value as printed."""


def stated_volume_cc(stated: Stated) -> Number | None:
    """The volume that is stated in cc; None where it is stated in another unit, or not."""
    unit, value = stated.get("volume", ("", ""))
    return number_of(value) if volume_unit(unit) is VolumeUnit.CC else None


def stated_dose(stated: Stated, key: str) -> StatedDose | None:
    """The dose that is stated under a key, in its printed unit; None where none is."""
    unit, value = stated.get(key, ("", ""))
    number = number_of(value)
    return None if number is None else StatedDose(number=number, unit=dose_unit(unit))


def table_of_rows(rows: Sequence[Line], units: Mapping[str, str], relative_dose: str) -> Table | NoTable:
    """The table of rows of numbers between blanks, whose columns stand in the order of ``units``.

    Parameters
    ----------
    units
        Heading of each column, in small letters, and its unit as printed: ``volume``, and ``dose`` or the relative one.
    relative_dose
        The heading of a dose in percent, used where there is no ``dose``.
    """
    if not rows:
        return EMPTY
    cells = [line.text.split() for line in rows]
    for line, row in zip(rows, cells, strict=True):
        if len(row) != len(units) or not all(map(is_number, row)):
            return NoTable(why=f"line {line.number} is no row of {len(units)} numbers")
    columns = dict(zip(units, zip(*cells, strict=True), strict=True))
    dose = "dose" if "dose" in units else relative_dose
    return table_of(columns[dose], columns["volume"], dose_unit(units[dose]), volume_unit(units["volume"]))

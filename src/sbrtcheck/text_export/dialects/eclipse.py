"""Eclipse (Varian): a header, one block a plan or plan sum, one block a structure with its table.

Keys and values stand on lines of their own (``Volume [cm³]: 492.1``), units in brackets. What differs between versions,
and is read from the file: ``Prescribed dose`` or ``Total dose``; cGy or Gy; absolute dose, relative dose or both, in
either order; relative or absolute volume; a differential DVH has ``dVolume / dDose``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from sbrtcheck.dvh import VolumeUnit
from sbrtcheck.plan import FindingCode
from sbrtcheck.text_export.export import (
    EMPTY,
    Dialect,
    Export,
    ExportedPlan,
    ExportedStructure,
    NoTable,
    StatedDose,
    Table,
    UnknownUnit,
    dose_unit,
    gy_per,
    volume_unit,
)
from sbrtcheck.text_export.lines import Line, Lines, blocks, fault
from sbrtcheck.text_export.numbers import Column, Number, column_of, is_number, number_of, refuse_two_decimal_marks

_STRUCTURE = re.compile(r"Structure\s*:\s*(?P<name>.*)", re.IGNORECASE)
_PLAN = re.compile(r"Plan\s*(?P<sum>sum)?\s*:\s*(?P<label>.*)", re.IGNORECASE)
_PAIR = re.compile(r"(?P<key>[^:]*):(?P<value>.*)")
_HEADING = re.compile(r"(?:Relative\s+)?Dose\s*\[[^\]]*\].*\]", re.IGNORECASE)
_HEADED = re.compile(r"(?:^|(?<=\]))(?P<label>[^\[\]]+)\[(?P<unit>[^\]]*)\]")
_KEY_UNIT = re.compile(r"(?P<key>.*)[\[(](?P<unit>[^\[\]()]*)[\])]")

_PRESCRIBED, _PERCENT = ("prescribed dose", "total dose"), "% for dose"

# Cover below this means that part of the structure was not sampled, or lies outside the dose matrix.
_WHOLE_COVER = 99.5

Texts = Mapping[str, tuple[str, str, int]]
"""Values of a block by their key in small letters: unit, value, number of the line."""


def is_eclipse(lines: Lines) -> bool:
    """Whether there are a structure and the heading of a table as Eclipse writes them."""
    texts = [line.text for line in lines]
    return any(map(_STRUCTURE.match, texts)) and any(map(_HEADING.fullmatch, texts))


def read_eclipse(lines: Lines) -> Export:
    """Read an export of Eclipse."""
    filled = lines.filled
    starts = [place for place, line in enumerate(filled) if _STRUCTURE.match(line.text)]
    header = filled[: starts[0]]
    differential = _is_differential(header)
    plans = _plans(header)
    structure_blocks = [_Block(block) for block in blocks(filled, starts)]
    of_structures = (text for block in structure_blocks for text in block.numbers())
    refuse_two_decimal_marks([*_numbers_of_plans(header), *of_structures])
    structures = tuple(_structure(block, plans, differential=differential) for block in structure_blocks)
    kind = "differential" if any(_is_per_dose(structure) for structure in structures) else "cumulative"
    says_at_least = any("equal to or greater than" in line.text.lower() for line in header)
    return Export(
        system="Eclipse",
        kind=f"DVH text export, {kind}",
        plans=plans,
        structures=structures,
        says_at_least=says_at_least and kind == "cumulative",
    )


def _is_per_dose(structure: ExportedStructure) -> bool:
    return isinstance(structure.table, Table) and structure.table.per_dose is not None


def _is_differential(header: Sequence[Line]) -> bool:
    return any(re.match(r"Type\s*:.*differential", line.text, re.IGNORECASE) for line in header)


# Plans


def _plans(header: Sequence[Line]) -> dict[str, ExportedPlan]:
    plans = [_plan(block) for block in _blocks_of_plans(header)]
    return dict(plans) if plans else {"": ExportedPlan()}


def _blocks_of_plans(header: Sequence[Line]) -> list[Sequence[Line]]:
    return blocks(header, [place for place, line in enumerate(header) if _PLAN.match(line.text)])


def _numbers_of_plans(header: Sequence[Line]) -> Iterable[str]:
    """What plans state and percentages of dose hang on."""
    for block in _blocks_of_plans(header):
        texts = _texts(block)
        yield from (texts[key][1] for key in (*_PRESCRIBED, _PERCENT) if key in texts)


def _plan(block: Sequence[Line]) -> tuple[str, ExportedPlan]:
    first = _PLAN.match(block[0].text)
    assert first  # noqa: S101 - `_plans` looked for it
    texts = _texts(block)
    prescribed_gy = _prescribed_gy(texts)
    percent = number_of(texts[_PERCENT][1]) if _PERCENT in texts else None
    known = prescribed_gy is not None and percent is not None and percent.value > 0.0
    plan = ExportedPlan(
        label=first["label"].strip(),
        is_sum=bool(first["sum"]),
        prescribed_gy=prescribed_gy,
        hundred_percent_gy=prescribed_gy * 100.0 / percent.value if known and prescribed_gy and percent else None,
    )
    return _key(plan.label, texts), plan


def _key(label: str, texts: Texts) -> str:
    """Label and course, which together are unique."""
    course = texts["course"][1] if "course" in texts else ""
    return f"{course}/{label}" if course else label


def _prescribed_gy(texts: Texts) -> float | None:
    """The dose of the plan; None where it is ``not defined``, or its unit is unknown."""
    for key in _PRESCRIBED:
        if key in texts:
            unit, value, _ = texts[key]
            number = number_of(value)
            factor = gy_per(dose_unit(unit))
            if number is not None and factor is not None and number.value > 0.0:
                return number.value * factor
    return None


# Structures


class _Block:
    """Lines of one structure: those before the heading of its table, the heading, those after it."""

    def __init__(self, lines: Sequence[Line]) -> None:
        heading = next((place for place, line in enumerate(lines) if _HEADING.fullmatch(line.text)), len(lines))
        first = _STRUCTURE.match(lines[0].text)
        self.name = first["name"].strip() if first else ""
        self.line = lines[0].number
        self.texts = _texts(lines[1:heading])
        self.heading = lines[heading].text if heading < len(lines) else ""
        self.rows = [(line.number, line.text.split()) for line in lines[heading + 1 :]]

    def numbers(self) -> Iterable[str]:
        """Everything in it that may be a number."""
        yield from (value for _, value, _ in self.texts.values())
        for _, cells in self.rows:
            yield from cells


def _texts(lines: Iterable[Line]) -> dict[str, tuple[str, str, int]]:
    """Keys with a unit are known by the text before it; the first of several equal keys counts."""
    texts: dict[str, tuple[str, str, int]] = {}
    for line in lines:
        pair = _PAIR.fullmatch(line.text)
        if pair is None:
            continue
        with_unit = _KEY_UNIT.fullmatch(pair["key"])
        key, unit = (with_unit["key"], with_unit["unit"]) if with_unit else (pair["key"], "")
        texts.setdefault(" ".join(key.lower().split()), (unit.strip(), pair["value"].strip(), line.number))
    return texts


def _structure(block: _Block, plans: Mapping[str, ExportedPlan], *, differential: bool) -> ExportedStructure:
    texts = block.texts
    return ExportedStructure(
        name=block.name,
        plan=_plan_of(block, plans),
        table=_table(block, differential=differential),
        volume_cc=_volume_cc(texts),
        mean=_dose(texts, "mean dose"),
        minimum=_dose(texts, "min dose"),
        maximum=_dose(texts, "max dose"),
        outside_percent=100.0 - _cover(texts, "dose cover."),
        notes=tuple(_notes(texts)),
    )


def _plan_of(block: _Block, plans: Mapping[str, ExportedPlan]) -> str:
    """Key of the plan that the block names; that of the only plan where it names none."""
    if "plan" in block.texts:
        key = _key(block.texts["plan"][1], block.texts)
        same_label = [other for other, plan in plans.items() if plan.label == block.texts["plan"][1]]
        if key in plans or len(same_label) != 1:
            return key
        return same_label[0]
    if len(plans) == 1:
        return next(iter(plans))
    raise fault(f"structure {block.name!r} does not say which of the plans it is of", block.line, "export one plan")


def _volume_cc(texts: Texts) -> Number | None:
    if "volume" not in texts or volume_unit(texts["volume"][0]) is not VolumeUnit.CC:
        return None
    return number_of(texts["volume"][1])


def _dose(texts: Texts, key: str) -> StatedDose | None:
    if key not in texts:
        return None
    unit, value, _ = texts[key]
    number = number_of(value)
    return StatedDose(number=number, unit=dose_unit(unit)) if number is not None else None


def _cover(texts: Texts, key: str) -> float:
    """Cover in percent; 100 where it is not stated."""
    cover = number_of(texts[key][1]) if key in texts else None
    return cover.value if cover is not None and cover.value < _WHOLE_COVER else 100.0


def _notes(texts: Texts) -> Iterable[tuple[FindingCode, str]]:
    if (cover := _cover(texts, "sampling cover.")) < _WHOLE_COVER:
        yield FindingCode.CONTOURS_INCOMPLETE, f"{cover:g} % of the structure is sampled, so the export says"


# Tables


def _table(block: _Block, *, differential: bool) -> Table | NoTable:
    if not block.heading:
        return NoTable(why="the export has no table for it", empty=True)
    headed = [
        (" ".join(heading["label"].lower().split()), heading["unit"]) for heading in _HEADED.finditer(block.heading)
    ]
    rows = [(number, cells) for number, cells in block.rows if cells]
    if not rows:
        return EMPTY
    for number, cells in rows:
        if len(cells) != len(headed) or not all(map(is_number, cells)):
            return NoTable(why=f"line {number} is no row of {len(headed)} numbers")
    columns = [column_of(texts) for texts in zip(*(cells for _, cells in rows), strict=True)]
    if any(column is None for column in columns):
        return NoTable(why="its table has numbers that are out of range")
    by_label = {label: (unit, column) for (label, unit), column in zip(headed, columns, strict=True) if column}
    return _of_columns(by_label, differential=differential)


def _of_columns(columns: Mapping[str, tuple[str, Column]], *, differential: bool) -> Table | NoTable:
    dose = next((columns[label] for label in ("dose", "relative dose") if label in columns), None)
    if dose is None:
        return NoTable(why="its table has no column of doses that is known")
    unit, doses = dose
    percent = columns["relative dose"][1] if {"dose", "relative dose"} <= set(columns) else None
    for label, (volume_text, volumes) in columns.items():
        if label == "dvolume / ddose":
            return _per_dose(unit, doses, volume_text, volumes)
    volume = next((columns[label] for label in ("structure volume", _RATIO) if label in columns), None)
    if volume is None:
        return NoTable(why="its table has no column of volumes that is known")
    if differential:
        return NoTable(why="the export says that it is differential, and its table is cumulative")
    return Table(
        dose=doses,
        dose_unit=dose_unit(unit),
        volume=volume[1],
        volume_unit=volume_unit(volume[0]),
        percent=percent,
    )


_RATIO = "ratio of total structure volume"


def _per_dose(unit: str, doses: Column, volume_text: str, volumes: Column) -> Table:
    volume, _, dose = volume_text.partition("/")
    return Table(
        dose=doses,
        dose_unit=dose_unit(unit),
        volume=volumes,
        volume_unit=volume_unit(volume),
        per_dose=dose_unit(dose) if dose else UnknownUnit(text=""),
    )


ECLIPSE = Dialect(
    name="Eclipse",
    told_by="lines 'Structure: ...' and a heading like 'Dose [cGy] ... Volume [%]'",
    is_it=is_eclipse,
    read=read_eclipse,
)

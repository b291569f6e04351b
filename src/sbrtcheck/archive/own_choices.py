"""A CSV file with a row a plan -> what is to hold for that plan alone: prescription, names, sites and the like.

The first line names the columns: ``plan``, and any of `COLUMNS_OF_PLANS`. A cell that is empty leaves what holds for
the whole archive. Files are searched from the folder of the CSV file. Everything is read, and every fault of the file
told, before the first plan is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from sbrtcheck.arguments import path_of
from sbrtcheck.errors import Fault, InputError, PlansFileError, SbrtcheckError
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Prescription
from sbrtcheck.plan.prescription_text import parse_prescription
from sbrtcheck.structure_names import UserNames
from sbrtcheck.tables import ConstraintTable, load_dictionary, load_names, load_sites

_PLAN = "plan"
_BETWEEN_SITES = ";"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnChoices:
    """What holds for one plan: all its choices, and its prescription where that is given."""

    choices: CheckOptions
    prescription: Prescription | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A row of the file: its line, what it calls the plan, and what is to hold for it."""

    line: int
    plan: str
    own: OwnChoices


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansFile:
    """All rows of one file."""

    file: str
    rows: tuple[PlanRow, ...]

    def error(self, faults: Sequence[tuple[int, str]]) -> PlansFileError:
        """An error that lists faults by line."""
        return _error(self.file, faults)


def read_plans_file(
    file: str | PathLike[str], choices: CheckOptions, tables: Sequence[ConstraintTable] = ()
) -> PlansFile:
    """Read the file.

    Parameters
    ----------
    file
        A CSV file in UTF-8.
    choices
        What holds where a cell is empty.
    tables
        Those that the plans are checked against: their organs may have names.

    Raises
    ------
    PlansFileError
        The file cannot be used; all its faults are listed.
    InputError
        There is no such file, or it is not text.
    """
    file = path_of(file, "the file of choices plan by plan")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError("cannot be read", str(file), "check the path") from error
    except UnicodeDecodeError:
        raise InputError("is not text in UTF-8", str(file), "save it as CSV in UTF-8") from None
    except ValueError as error:  # a path with a NUL character
        raise InputError("cannot be read", str(file), "check the path") from error
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        return _read_rows(reader, file, choices, tables)
    except csv.Error as error:
        raise _error(str(file), [(reader.line_num + 1, f"it is no CSV from here on: {error}")]) from error


def _read_rows(reader: Any, file: Path, choices: CheckOptions, tables: Sequence[ConstraintTable]) -> PlansFile:
    header = [cell.strip().lower() for cell in next(reader, [])]
    if faults := list(_faults_of_header(header)):
        raise _error(str(file), faults)
    rows: list[PlanRow] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        row = _row(header, cells, reader.line_num, _Reading(file.parent, choices, tables))
        if isinstance(row, PlanRow):
            rows.append(row)
        else:
            faults += row
    if faults:
        raise _error(str(file), faults)
    return PlansFile(file=str(file), rows=tuple(rows))


def _error(file: str, faults: Sequence[tuple[int, str]]) -> PlansFileError:
    listed = tuple(Fault(place=f"{file}:{line}", what=what) for line, what in faults)
    return PlansFileError(f"{len(listed)} faults", file, faults=listed)


def _faults_of_header(header: Sequence[str]) -> Iterator[tuple[int, str]]:
    known = ", ".join((_PLAN, *COLUMNS_OF_PLANS))
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        yield 1, "the columns are not separated by commas: save it as CSV with commas"
        return
    if _PLAN not in header:
        yield 1, f"there is no column '{_PLAN}'; columns may be {known}"
    for name in dict.fromkeys(header):
        if name not in COLUMNS_OF_PLANS and name != _PLAN:
            yield 1, f"there is no such column as '{name}'; columns may be {known}"
        if header.count(name) > 1:
            yield 1, f"the column '{name}' is there {header.count(name)} times"


@dataclass(frozen=True, slots=True)
class _Reading:
    folder: Path
    choices: CheckOptions
    tables: Sequence[ConstraintTable]

    def path(self, cell: str) -> Path:
        return self.folder / cell


def _row(header: Sequence[str], cells: Sequence[str], line: int, reading: _Reading) -> PlanRow | list[tuple[int, str]]:
    """The row, or its faults."""
    if len(cells) > len(header):
        return [(line, f"{len(cells)} cells, and {len(header)} columns")]
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()}
    plan = values.pop(_PLAN, "")
    faults = [] if plan else [(line, "the plan is not named")]
    changes: dict[str, Any] = {}
    for name, cell in values.items():
        try:
            changes.update(COLUMNS_OF_PLANS[name](cell, reading))
        except SbrtcheckError as error:
            faults.append((line, f"{name}: {_one_line(error)}"))
    if faults:
        return faults
    prescription = changes.pop("prescription", None)
    try:
        choices = _changed(reading.choices, changes)
        choices.refuse_unknown(reading.tables)
    except SbrtcheckError as error:
        return [(line, _one_line(error))]
    return PlanRow(line=line, plan=plan, own=OwnChoices(choices=choices, prescription=prescription))


def _one_line(error: SbrtcheckError) -> str:
    return "; ".join(str(error).splitlines())


def _changed(choices: CheckOptions, changes: dict[str, Any]) -> CheckOptions:
    if "dictionary" in changes and "names" not in changes:  # names that were given bring the earlier one along
        changes["names"] = dict(choices.names) if isinstance(choices.names, UserNames) else choices.names
    return replace(choices, **changes)


Change = Callable[[str, _Reading], Mapping[str, Any]]


def _names(cell: str, reading: _Reading) -> Mapping[str, Any]:
    path = reading.path(cell)
    return {"names": load_names(path), "names_file": str(path)}


def _site(cell: str, _reading: _Reading) -> Mapping[str, Any]:
    return {"site": tuple(site.strip() for site in cell.split(_BETWEEN_SITES) if site.strip())}


COLUMNS_OF_PLANS: Mapping[str, Change] = {
    "rx": lambda cell, _: {"prescription": parse_prescription(cell)},
    "names": _names,
    "dictionary": lambda cell, reading: {"dictionary": load_dictionary(reading.path(cell), reading.tables)},
    "site": _site,
    "sites": lambda cell, reading: {"sites": load_sites(reading.path(cell))},
    "laterality": lambda cell, _: {"laterality": cell},
    "sex": lambda cell, _: {"sex": cell},
}
"""Columns beside ``plan``, as the options of `sbrtcheck batch` and `sbrtcheck check` of the same names."""

"""Folder with ``readings.csv`` and ``documents.csv`` -> the readings of tables, and what is wrong with them.

The folder ``evidence`` lies beside the folders of the sites. A table that has a reading there is confirmed by its
readings and by nothing else; a table without one says itself, in ``confirmed_by``, who read its numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources.abc import Traversable

from sbrtcheck.bundled import EVIDENCE, shipped_root
from sbrtcheck.errors import Fault
from sbrtcheck.suggest import suggest
from sbrtcheck.tables.limits import Sense
from sbrtcheck.tables.readings import EvidenceDocument, Reading, Says, one_per_reader
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint

READINGS_FILE, DOCUMENTS_FILE = "readings.csv", "documents.csv"
FOR_CLINICIAN = "for_clinician"  # the row of a reading of the table's statements: "for_clinician 2"

_READING_KEYS = (*("table", "row", "number", "value", "unit", "sense", "document", "place", "read_on", "says", "note"),)
_DOCUMENT_KEYS = ("key", "title", "address", "transcribes", "reader", "note")
_MAY_BE_EMPTY = frozenset({"sense", "note"})
_TABLE_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_NUMBER_IN_TEXT = re.compile(r"(?<![A-Za-z0-9.])[0-9]+(?:\.[0-9]+)?")

Line = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The readings of a folder.

    Parameters
    ----------
    root, folder
        The folder that has the folders of the sites, and the evidence beside them; and its name in messages.
    documents
        By their keys.
    lines_of_documents
        Key of a document to its line in its file.
    faults
        What keeps the files from being read as meant; no table can use them then.
    """

    root: Traversable
    folder: str
    documents: Mapping[str, EvidenceDocument]
    lines_of_documents: Mapping[str, int]
    readings: Mapping[str, tuple[Reading, ...]]
    faults: tuple[Fault, ...]

    @property
    def place(self) -> str:
        """Name of the folder with the files of the evidence, for messages."""
        return _place(self.folder)

    def decides(self, table_id: str) -> bool:
        """Whether the readings say if rows of the table are confirmed: it has one at least."""
        return table_id in self.readings

    def fault(self, line: int, what: str, hint: str = "", file: str = READINGS_FILE) -> Fault:
        """A fault on a line of one of the files."""
        return _fault(self.place, file, line, what, hint)


def _place(folder: str) -> str:
    return EVIDENCE if folder == "." else f"{folder}/{EVIDENCE}"


def _fault(place: str, file: str, line: int, what: str, hint: str = "") -> Fault:
    return Fault(place=f"{place}/{file}:{line}", what=what, hint=hint)


@cache
def bundled_evidence() -> Evidence:
    """Read the evidence of the shipped tables, once."""
    return read_evidence(shipped_root(), "constraints")


def read_evidence(root: Traversable, folder: str) -> Evidence:
    """Read the evidence below ``root``, which messages call ``folder``; never raises for what is in its files."""
    place = _place(folder)
    document_lines, faults = _lines_of(root, place, DOCUMENTS_FILE, _DOCUMENT_KEYS)
    documents: dict[str, EvidenceDocument] = {}
    lines: dict[str, int] = {}
    for number, cells in document_lines:
        if cells["key"] in documents:
            what = f"document '{cells['key']}' is repeated; first on line {lines[cells['key']]}"
            faults.append(_fault(place, DOCUMENTS_FILE, number, what, "give it another key, or take one out"))
            continue
        documents[cells["key"]] = EvidenceDocument(**cells)
        lines[cells["key"]] = number
    reading_lines, more = _lines_of(root, place, READINGS_FILE, _READING_KEYS)
    readings: dict[str, list[Reading]] = {}
    first_lines: dict[tuple[str, ...], int] = {}
    faults += more
    for number, cells in reading_lines:
        wrong = [*_cell_faults(cells, documents), *_repetition(cells, number, first_lines)]
        faults += [_fault(place, READINGS_FILE, number, what, hint) for what, hint in wrong]
        if not wrong:
            readings.setdefault(cells["table"], []).append(_reading(cells, documents[cells["document"]], number))
    return Evidence(
        root=root,
        folder=folder,
        documents=documents,
        lines_of_documents=lines,
        readings={table: tuple(of_table) for table, of_table in readings.items()},
        faults=tuple(faults),
    )


def _lines_of(
    root: Traversable, place: str, name: str, keys: tuple[str, ...]
) -> tuple[list[tuple[int, dict[str, str]]], list[Fault]]:
    """Give the lines of a file with their numbers, as key to cell; and what is wrong with the file as such."""
    try:
        text = root.joinpath(EVIDENCE, name).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [_fault(place, name, 1, "the file is not UTF-8 text", "save it as UTF-8")]
    except OSError:
        return [], [_fault(place, name, 1, "no such file", f"it begins with {','.join(keys)}")]
    lines: list[tuple[int, dict[str, str]]] = []
    faults: list[Fault] = []
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        head = next(rows, [])
        if tuple(head) != keys:
            return [], [_fault(place, name, 1, f"the first line is not {','.join(keys)}", "name the columns so")]
        start = rows.line_num + 1
        for cells in rows:
            wrong = _line_fault(cells, keys)
            if wrong:
                faults.append(_fault(place, name, start, *wrong))
            elif cells:
                lines.append((start, dict(zip(keys, cells, strict=True))))
            start = rows.line_num + 1
    except csv.Error as error:
        faults.append(_fault(place, name, start, f"not CSV: {error}", "look at the quotes on this line"))
    return lines, faults


def _line_fault(cells: list[str], keys: tuple[str, ...]) -> tuple[str, str] | None:
    """What keeps a line from being one entry, and a hint; None where nothing does. An empty line is no entry."""
    if cells and len(cells) != len(keys):
        return f"{len(cells)} cells, where the first line has {len(keys)}", "a text with a comma stands in quotes"
    empty = [key for key, cell in zip(keys, cells, strict=False) if key not in _MAY_BE_EMPTY and not cell.strip()]
    if empty:
        return f"nothing is written in {', '.join(empty)}", "only sense and note may be empty"
    return None


def _cell_faults(cells: Line, documents: Mapping[str, EvidenceDocument]) -> Iterator[tuple[str, str]]:
    """What is wrong with cells by themselves, each with a hint."""
    if not _TABLE_ID.fullmatch(cells["table"]):  # else the reading would be of no table, and not be heard
        yield f"table: '{cells['table']}' is no id of a table", "ids have small letters, digits, '-' and '.'"
    if not _NUMBER.fullmatch(cells["value"]):
        yield f"value: {cells['value']} is not a plain decimal number", "write it like 0.5, its unit in the next column"
    if cells["sense"] and cells["sense"] not in [*Sense]:
        yield f"sense: '{cells['sense']}' is not known", f"it is one of {', '.join(Sense)}, or empty: not printed"
    if cells["says"] not in [*Says]:
        yield f"says: '{cells['says']}' is not known", f"it is one of {', '.join(Says)}"
    if _day(cells["read_on"]) is None:
        yield f"read_on: '{cells['read_on']}' is not a day", "write it like 2026-11-28"
    if cells["document"] not in documents:
        hint = suggest(cells["document"], documents) or f"add it to {DOCUMENTS_FILE}"
        yield f"document: '{cells['document']}' is not in {DOCUMENTS_FILE}", hint
    if cells["says"] == Says.SET_ASIDE and not cells["note"].strip():
        yield "a reading is set aside without a note", "say in note what shows that the document is wrong there"


def _repetition(cells: Line, number: int, first_lines: dict[tuple[str, ...], int]) -> Iterator[tuple[str, str]]:
    """The same place of a document read twice for one number."""
    key = tuple(cells[name] for name in ("table", "row", "number", "value", "document", "place"))
    first = first_lines.setdefault(key, number)
    if first != number:
        yield f"the same reading as on line {first}", "take one of them out"


@cache  # hundreds of readings are of one day
def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _reading(cells: Line, document: EvidenceDocument, line: int) -> Reading:
    return Reading(
        table=cells["table"],
        row=cells["row"],
        number=cells["number"],
        value=float(cells["value"]),
        unit=cells["unit"],
        sense=Sense(cells["sense"]) if cells["sense"] else None,
        document=document,
        place=cells["place"],
        read_on=date.fromisoformat(cells["read_on"]),
        says=Says(cells["says"]),
        note=cells["note"],
        line=line,
    )


# -------------------------------------------------------------------------------- one table


def with_readings(table: ConstraintTable, evidence: Evidence) -> ConstraintTable:
    """Give the table with the readings of its rows and statements, which alone say whether a row is confirmed."""
    by_row: dict[str, list[Reading]] = {}
    for reading in evidence.readings.get(table.id, ()):
        by_row.setdefault(reading.row, []).append(reading)
    rows = (_row_with_readings(row, tuple(by_row.get(row.id, ()))) for row in table.rows)
    statements = (
        replace(item, readings=tuple(by_row.get(f"{FOR_CLINICIAN} {n}", ())))
        for n, item in enumerate(table.for_clinician, start=1)
    )
    return replace(table, rows=tuple(rows), for_clinician=tuple(statements))


def _row_with_readings(row: Constraint, readings: tuple[Reading, ...]) -> Constraint:
    agreeing = one_per_reader(reading for reading in readings if reading.says is Says.AGREES)
    return replace(row, readings=readings, confirmed_by=tuple(document.title for document in agreeing))


def reading_faults(table: ConstraintTable, evidence: Evidence) -> Iterator[Fault]:
    """What is wrong with the readings of a table: of no row or number of it, or saying what they do not show."""
    rows = {row.id: row for row in table.rows}
    statements = {f"{FOR_CLINICIAN} {n}": item.text for n, item in enumerate(table.for_clinician, start=1)}
    for reading in evidence.readings.get(table.id, ()):
        if reading.row in rows:
            wrong = _row_faults(reading, rows[reading.row])
        elif reading.row in statements:
            wrong = _statement_faults(reading, statements[reading.row])
        else:
            hint = suggest(reading.row, [*rows, *statements])
            wrong = iter([(f"table {table.id} has no row '{reading.row}'", hint)])
        yield from (evidence.fault(reading.line, what, hint) for what, hint in wrong)


def _row_faults(reading: Reading, row: Constraint) -> Iterator[tuple[str, str]]:
    numbers = row.numbers
    if reading.number not in numbers:
        known = [*numbers]
        hint = suggest(reading.number, known) or f"it has: {', '.join(known)}"
        yield f"row {row.id} has no number '{reading.number}'", hint
        return
    value, unit = numbers[reading.number], str(row.metric.unit)
    is_same = reading.value == value and reading.unit == unit
    same_way = reading.sense is None or reading.sense.is_upper == row.sense.is_upper
    ours, theirs = f"{row.sense} {value:g} {unit}", f"{reading.sense or ''} {reading.value:g} {reading.unit}".strip()
    if reading.says in (Says.AGREES, Says.SUPPORTS):
        if not is_same or not same_way:
            yield f"it {reading.says} and has {theirs}, where the row has {ours}", "it contradicts, or one is a slip"
        elif reading.sense not in (None, row.sense) and not reading.note.strip():
            yield f"it has {theirs}, where the row has {ours}", "say so in note"
    elif is_same and reading.sense in (None, row.sense):
        what = "is set aside" if reading.says is Says.SET_ASIDE else "contradicts"
        yield f"it {what} and has {theirs}, as the row has", "it agrees, or one is a slip"


def _statement_faults(reading: Reading, text: str) -> Iterator[tuple[str, str]]:
    """A number of a statement is named by itself: ``for_clinician 1``, ``70``."""
    in_text = numbers_in_text(text)
    if reading.number not in in_text:
        yield f"the statement has no number '{reading.number}'", f"it has: {', '.join(in_text) or 'none'}"
    elif (reading.value == float(reading.number)) != (reading.says in (Says.AGREES, Says.SUPPORTS)):
        yield f"it {reading.says} and has {reading.value:g}, where the statement has {reading.number}", "one is a slip"


def numbers_in_text(text: str) -> tuple[str, ...]:
    """Give the numbers of a text, each once; those of names such as EQD2 are none.

    Examples
    --------
    >>> numbers_in_text("30 to 50 Gy in EQD2, and 30 Gy or 27.5 Gy.")
    ('30', '50', '27.5')
    """
    return tuple(dict.fromkeys(_NUMBER_IN_TEXT.findall(text)))


# -------------------------------------------------------------------------------- a whole folder


def folder_faults(evidence: Evidence, table_ids: Iterable[str]) -> Iterator[Fault]:
    """What is wrong with the files as a whole: readings of no table, documents that nobody cites."""
    ids = sorted(table_ids)
    cited = {reading.document.key for readings in evidence.readings.values() for reading in readings}
    for key, line in evidence.lines_of_documents.items():
        if key not in cited:
            hint = "take it out, or add what it prints"
            yield evidence.fault(line, f"no reading cites document '{key}'", hint, file=DOCUMENTS_FILE)
    for table, readings in evidence.readings.items():
        if table not in ids:
            hint = suggest(table, ids) or "the folders beside have no such table"
            yield evidence.fault(readings[0].line, f"there is no table '{table}'", hint)

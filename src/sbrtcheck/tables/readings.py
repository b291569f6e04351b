"""Readings of one number of a row -> whether the number is confirmed, and why it is not.

A reading is what one document prints for one number. Documents that one person or institution made are one reader: who
misread once may have copied the slip into the next file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sbrtcheck.tables.limits import Sense

READINGS_NEEDED = 2  # independent readings of the source that make a row confirmed: one reader may misread


class Says(StrEnum):
    """What a document says of a number of a row."""

    AGREES = "agrees"
    SUPPORTS = "supports"  # the same dose for another small volume, or without a reference: confirms nothing
    CONTRADICTS = "contradicts"
    SET_ASIDE = "set aside"  # prints another number, and that is shown to be its own slip


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceDocument:
    """A document that was opened and read.

    Parameters
    ----------
    key
        Short name that readings cite it by.
    address
        Where it was opened: a web address, or repository, commit and file.
    transcribes
        The publication whose numbers it repeats.
    reader
        Who made it; all documents of one reader are one reading.
    """

    key: str
    title: str
    address: str
    transcribes: str
    reader: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one document prints for one number of a row.

    Parameters
    ----------
    table, row, number
        Ids of the table and of its row, and which of the row's numbers, as `Constraint.numbers` names them.
    value, unit, sense
        As printed there; ``sense`` is None where the document prints none.
    place
        Where in the document: sheet, table, line.
    read_on
        The day on which it was read.
    line
        Of the reading in its file, counted from 1.
    """

    table: str
    row: str
    number: str
    value: float
    unit: str
    sense: Sense | None
    document: EvidenceDocument
    place: str
    read_on: date
    says: Says
    note: str = ""
    line: int = 0


def doubts(numbers: Mapping[str, float], readings: Iterable[Reading]) -> tuple[str, ...]:
    """Say why the numbers of a row are not confirmed, one line each; nothing when they are.

    Each number needs two readings that agree, by different readers, and none that contradicts. A reading that was
    recorded for another value than the row has now confirms nothing.
    """
    by_number: dict[str, list[Reading]] = {name: [] for name in numbers}
    for reading in readings:
        by_number.setdefault(reading.number, []).append(reading)
    return tuple(line for name, value in numbers.items() for line in _doubts_of_number(name, value, by_number[name]))


def _doubts_of_number(name: str, value: float, readings: Sequence[Reading]) -> Iterator[str]:
    agree = (reading for reading in readings if reading.says is Says.AGREES and reading.value == value)
    readers = one_per_reader(agree)
    if len(readers) < READINGS_NEEDED:
        found = f"only {readers[0].title} agrees" if readers else "no reading agrees"
        yield f"{name} {value:g}: {found}, and two readers are needed"
    for reading in readings:
        if reading.says is Says.CONTRADICTS:
            yield f"{name} {value:g}: {reading.document.title} prints {reading.value:g} {reading.unit}"


def one_per_reader(readings: Iterable[Reading]) -> tuple[EvidenceDocument, ...]:
    """Give the documents of the readings, the first of each reader."""
    documents: dict[str, EvidenceDocument] = {}
    for reading in readings:
        documents.setdefault(reader_key(reading.document.reader), reading.document)
    return tuple(documents.values())


def reader_key(reader: str) -> str:
    """The reader in one spelling: case and blanks make no second reader.

    Examples
    --------
    >>> reader_key("A  Clinic ") == reader_key("a clinic")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", reader).casefold().split())

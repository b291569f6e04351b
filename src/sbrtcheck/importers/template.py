"""What a reader of a dialect returns: rows that a table can have, and what it cannot have with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from sbrtcheck.errors import MetricError
from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    EquivalentUniformDose,
    Metric,
    StructureVolume,
    VolumeAtDose,
    parse_written,
)
from sbrtcheck.structure_names import organ_named
from sbrtcheck.tables import Sense

SENSES = {
    "<": Sense.BELOW,
    "<=": Sense.AT_MOST,
    "≤": Sense.AT_MOST,
    ">": Sense.ABOVE,
    ">=": Sense.AT_LEAST,
    "≥": Sense.AT_LEAST,
}

_GY_IN_CGY = Decimal("0.01")
_NUMBER = re.compile(r"[+-]?([0-9]{1,30}([.,][0-9]{0,30})?|[.,][0-9]{1,30})")
_THOUSANDS = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2},[0-9]{3}(?![0-9])")
_COMPARED = re.compile(r"\s*(<=|>=|≤|≥|<|>)(.+)")
_INDEX = re.compile(r"\s*(CN|CI|PCI|GI|HI|MGI|R)\s*[0-9.,]*\s*(%|c?Gy)?\s*(\[.*\])?\s*", re.IGNORECASE)
_WITHOUT_DEFINITION = "a plan index; the file has its name, not its definition"


class NoMeaningError(Exception):
    """A row means something that a table cannot express; the text is why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that a row of a table has no place for: a comment beside it, and a warning shared by all such rows."""

    comment: str
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row that a table can have, its limits in the metric's unit.

    ``where`` is its place in the file and ``printed`` its text there; ``reference`` is the source that the file
    itself names; ``fractions`` is None where the row does not state them.
    """

    where: str
    printed: str
    organ: str
    metric: Metric
    sense: Sense
    limit: Decimal
    acceptable: Decimal | None = None
    fractions: int | None = None
    reference: str = ""
    endpoint: str = ""
    note: str = ""
    remarks: tuple[Remark, ...] = ()

    @property
    def structure(self) -> str:
        """TG-263 name of the organ, or its printed name where that is no spelling of one."""
        return organ_named(self.organ) or self.organ


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An entry of the file that a table cannot have, and why."""

    where: str
    printed: str
    why: str
    fractions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Content of a file; ``fractions`` is None where the file as a whole does not state them."""

    entries: tuple[Row | LeftOut, ...]
    title: str = ""
    fractions: int | None = None
    remarks: tuple[Remark, ...] = ()


def entry(where: str, printed: str, fractions: int | None, build: Callable[[], Row]) -> Row | LeftOut:
    """The row that ``build`` makes, or why it cannot be one."""
    try:
        row = build()
        return replace(
            row,
            where=where,
            printed=printed,
            fractions=fractions,
            reference=one_line(row.reference),
            endpoint=one_line(row.endpoint),
            note=one_line(row.note),
        )
    except NoMeaningError as error:
        return LeftOut(where=where, printed=printed, why=str(error), fractions=fractions)


def one_line(text: str) -> str:
    """Text from a file in one line that can be printed."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _refuse_thousands(text: str) -> None:
    if mark := _THOUSANDS.search(text):
        whole = mark[0].replace(",", "")
        raise NoMeaningError(f"'{mark[0]}' may be {whole} or {mark[0].replace(',', '.')}; write it without the comma")


def number(text: str) -> Decimal:
    """Read a plain decimal number, with a point or a comma; a comma that may part thousands has no meaning."""
    _refuse_thousands(text)
    if not _NUMBER.fullmatch(text.strip()):
        raise NoMeaningError(f"'{text.strip()}' is not a number")
    return Decimal(text.strip().replace(",", "."))


def sense_and_value(text: str) -> tuple[Sense, str]:
    """Split ``<= 20`` into its sense and the rest."""
    match = _COMPARED.fullmatch(text)
    if not match:
        raise NoMeaningError(f"'{text.strip()}' is not a comparison with <, <=, > or >=")
    return SENSES[match[1]], match[2].strip()


@cache
def metric_of(text: str) -> tuple[Metric, Decimal]:
    """Read a metric text; with what its limit has to be multiplied to be in the metric's unit (cGy is read as Gy)."""
    _refuse_thousands(text)
    if _INDEX.fullmatch(text):
        raise NoMeaningError(_WITHOUT_DEFINITION)
    try:
        written = parse_written(text)
    except MetricError as error:
        raise NoMeaningError(error.what) from error
    metric = written.metric
    if not isinstance(metric, DoseAtVolume | VolumeAtDose | DoseStatistic | EquivalentUniformDose | StructureVolume):
        raise NoMeaningError(_WITHOUT_DEFINITION)
    return metric, _GY_IN_CGY if written.answer_in_cgy else Decimal(1)


def organ(text: str) -> str:
    """The one structure that a row is about."""
    name = one_line(text)
    if not name:
        raise NoMeaningError("no structure is named")
    if "|" in name:
        raise NoMeaningError("several structures in one row; how they are combined is not stated")
    if "*" in name or "?" in name:
        raise NoMeaningError("a pattern stands for no one structure; write a row for each")
    return name


def with_variation(row: Row, variation: Decimal, sense: Sense | None = None) -> Row:
    """The row with an acceptable variation, where that lies on the looser side and has the same sense."""
    looser = variation > row.limit if row.sense.is_upper else variation < row.limit
    if looser and sense in (None, row.sense):
        return replace(row, acceptable=variation)
    why = "not the looser side of the limit" if not looser else f"printed as '{sense}', the limit as '{row.sense}'"
    remark = Remark(
        comment=f"the variation {plain_number(variation)} was left out: {why}",
        warning="variations that are not their limit loosened were left out",
    )
    return replace(row, remarks=(*row.remarks, remark))


def plain_number(value: Decimal) -> str:
    """Shortest text of a number, never with an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def field_remark(field: str, text: str, warning: str) -> tuple[Remark, ...]:
    """A remark that keeps a field of the file which tables do not have; none where the field is empty."""
    value = one_line(text)
    return (Remark(comment=f"{field}: {value}", warning=warning),) if value else ()

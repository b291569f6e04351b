"""A table's id or path -> ConstraintTable; where the shipped tables are; the user's names file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrtcheck.bundled import shipped_files, shipped_root
from sbrtcheck.errors import Fault, NamesError, TableError, UnknownTableError
from sbrtcheck.structure_names import normalise
from sbrtcheck.suggest import suggest
from sbrtcheck.tables.document import Document, Trouble, read_document
from sbrtcheck.tables.rows import cite_troubles, expected_troubles, head_troubles, row_troubles, site_troubles
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import (
    Constraint,
    Source,
)
from sbrtcheck.tables.wording import shape_trouble

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sbrtcheck.tables.shape import TableFile

_SUFFIXES = (".yaml", ".yml")


def load_table(table: str | os.PathLike[str]) -> ConstraintTable:
    """Load a bundled table by its id, or a YAML file by its path.

    Parameters
    ----------
    table
        A path when it ends in ``.yaml`` or ``.yml``, has a path separator, or is no bundled id and there is such a
        file; otherwise the id of a bundled table.

    Raises
    ------
    UnknownTableError
        No bundled table has that id; the nearest ids are named.
    TableError
        The file cannot be read, or has faults: all of them, with their lines.
    """
    place, path, raw = read_file(table)
    return _faultless(_examined(raw, place=place, path=path))


def _faultless(examined: Examined) -> ConstraintTable:
    if examined.faults:
        count = "1 fault" if len(examined.faults) == 1 else f"{len(examined.faults)} faults"
        raise TableError(f"the table has {count}", examined.place, faults=examined.faults)
    return examined.table


def read_file(table: str | os.PathLike[str]) -> tuple[str, str, bytes]:
    """Place for messages, path for the table, and bytes of a table; ``table`` is as for `load_table`."""
    given = os.fspath(table)
    if not _is_path(given):
        bundled = _bundled()
        if given in bundled:
            place, file = bundled[given]
            return place, "bundled", file.read_bytes()
        if not Path(given).is_file():
            raise _unknown(given, sorted(bundled))
    return given, given, _bytes(given)


def read_table(raw: bytes, *, place: str) -> ConstraintTable:
    """Read a table from the bytes of its YAML; ``place`` names them in faults and in `ConstraintTable.path`.

    Raises
    ------
    TableError
        The table has faults: all of them, with their lines.
    """
    return _faultless(examine_bytes(raw, place=place))


@cache  # a batch asks for every plan, and reading YAML takes as long as a small plan
def bundled_tables() -> tuple[ConstraintTable, ...]:
    """Load all shipped tables, by id."""
    return tuple(load_table(key) for key in sorted(_bundled()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A table file as far as it can be read: its faults, and the rows that have none."""

    place: str
    faults: tuple[Fault, ...]
    table: ConstraintTable


def examine_bytes(raw: bytes, *, place: str) -> Examined:
    """Read the bytes of a table that may have faults; ``place`` names them."""
    return _examined(raw, place=place, path=place)


def load_names(path: str | os.PathLike[str]) -> dict[str, str]:
    """Load the user's structure names: a YAML mapping of TG-263 name -> ROI name in the plan.

    An empty text in quotes, as in a template that was not filled in yet, counts as not written. ``'ROI 6'`` names a
    structure by its ROI number, where the plan has none that is called so.

    Raises
    ------
    NamesError
        The file cannot be read, is no mapping, repeats an organ in whatever spelling, or has a value that is not text.
    """
    place = os.fspath(path)
    try:
        document = read_document(Path(place).read_bytes())
    except OSError as error:
        raise NamesError(f"cannot be read: {error.strerror}", place, "check the path") from error
    troubles = sorted({*document.troubles, *_names_troubles(document)})
    if troubles:
        first, more = troubles[0], len(troubles) - 1
        what = first.what + (f" (and {more} more)" if more else "")
        raise NamesError(what, f"{place}:{first.line}", first.hint)
    found = document.data if isinstance(document.data, dict) else {}
    return {str(organ): str(name) for organ, name in found.items() if name}


def json_schema() -> dict[str, Any]:
    """JSON Schema of a table file, as published in ``constraints/schema.json``."""
    from sbrtcheck.tables.shape import TableFile, schema_of

    return schema_of(TableFile)


def _is_path(given: str) -> bool:
    return given.lower().endswith(_SUFFIXES) or "/" in given or "\\" in given


def _bundled() -> dict[str, tuple[str, Traversable]]:
    """Id -> place and file of every shipped table."""
    found = shipped_files(shipped_root())
    return {key: (f"constraints/{site}/{file.name}", file) for key, (site, file) in found.items()}


def _unknown(given: str, ids: Sequence[str]) -> UnknownTableError:
    if Path(given).is_dir():
        return UnknownTableError("is a folder, not a table", given, "give a YAML file, or the id of a bundled table")
    hint = suggest(given, ids) or "sbrtcheck tables lists them"
    return UnknownTableError(f"no table has the id {given!r}", hint=hint, table=given)


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        what = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        fault = Fault(place=path, what=what, hint="check the path, or give the id of a bundled table")
        raise TableError(fault.what, fault.place, fault.hint, faults=(fault,)) from error


def _examined(raw: bytes, *, place: str, path: str) -> Examined:
    document = read_document(raw)
    file, shape_troubles = _shaped(document)
    troubles = sorted({*document.troubles, *shape_troubles, *_row_troubles(document)})
    if not troubles and file is not None:
        table = file.value(line_of=lambda n: document.line(("rows", n)), path=path, sha256=hash_of(raw))
        return Examined(place=place, faults=(), table=table)
    faults = tuple(Fault(place=f"{place}:{t.line}", what=t.what, hint=t.hint) for t in troubles)
    return Examined(place=place, faults=faults, table=_what_stands(document, path))


def hash_of(raw: bytes) -> str:
    """SHA-256 of a file's bytes with LF line ends."""
    return hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()


def _what_stands(document: Document, path: str) -> ConstraintTable:
    """The rows without faults of a table that has some: enough to look for what else is wrong."""
    data = document.data if isinstance(document.data, dict) else {}
    rows, fractions = data.get("rows"), data.get("fractions")
    standing = (_standing_row(document, n, row) for n, row in enumerate(rows if isinstance(rows, list) else []))
    return ConstraintTable(
        id=str(data.get("id", "")),
        version="",
        title="",
        site=str(data.get("site", "")),
        fractions=tuple(f for f in fractions if isinstance(f, int)) if isinstance(fractions, list) else (),
        sources=(),
        rows=tuple(row for row in standing if row is not None),
        path=path,
    )


def _standing_row(document: Document, position: int, row: object) -> Constraint | None:
    from pydantic import ValidationError

    from sbrtcheck.tables.shape import RowFile

    try:
        file = RowFile.model_validate(row)
    except ValidationError:
        return None
    at, cite = ("rows", position), file.source.cite
    misread = any(told[: len(at)] == at for told in document.told)
    if not isinstance(row, dict) or misread or any(row_troubles(document, at, row, [cite])):
        return None
    return file.value({cite: Source(citation=cite, where="")}, document.line(at))


def _shaped(document: Document) -> tuple[TableFile | None, list[Trouble]]:
    from pydantic import ValidationError

    from sbrtcheck.tables.shape import TableFile

    if document.data is None:
        return None, []
    if not isinstance(document.data, dict):
        return None, [document.trouble((), "a table file has keys at its top", "start with id: and version:")]
    try:
        return TableFile.model_validate(document.data), []
    except ValidationError as error:
        found = (shape_trouble(document, e, _keys(e["loc"])) for e in error.errors(include_url=False))
        return None, [trouble for trouble in found if trouble is not None]


def _keys(loc: Sequence[int | str]) -> tuple[str, ...]:
    """Keys allowed beside the last step of a place."""
    from sbrtcheck.tables.shape import CiteFile, ClinicianFile, ExpectedFile, RowFile, SourceFile, TableFile

    shape: type[BaseModel]
    match loc:
        case ("rows", int(), str(), "<by-target-volume>" | "<by-veff>", *_):
            return ("by_target_volume", "by_veff")
        case ("rows" | "for_clinician" | "expects", int(), "source", *_):
            shape = CiteFile
        case ("for_clinician", int(), *_):
            shape = ClinicianFile
        case ("expects", int(), *_):
            shape = ExpectedFile
        case ("rows", int(), *_):
            shape = RowFile
        case ("sources", int(), *_):
            shape = SourceFile
        case _:
            shape = TableFile
    return tuple(shape.model_fields)


def _row_troubles(document: Document) -> Iterator[Trouble]:
    data = document.data
    if not isinstance(data, dict):
        return
    yield from head_troubles(document, data)
    rows, items, cited = data.get("rows"), data.get("for_clinician"), cited_keys(data)
    for position, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict):
            yield from row_troubles(document, ("rows", position), row, cited)
            yield from site_troubles(document, ("rows", position), row, data.get("site"))
    for position, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield from cite_troubles(document, ("for_clinician", position), item, cited)
            yield from site_troubles(document, ("for_clinician", position), item, data.get("site"))
    yield from expected_troubles(document, ("expects",), data.get("expects"), cited)


def cited_keys(data: Mapping[str, Any]) -> list[str]:
    """Keys of the sources of a file, which entries may cite."""
    sources = data.get("sources")
    listed = sources if isinstance(sources, list) else []
    return [one["key"] for one in listed if isinstance(one, dict) and isinstance(one.get("key"), str)]


def _names_troubles(document: Document) -> Iterator[Trouble]:
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        yield document.trouble((), "not a mapping of names", "write one 'TG-263 name: ROI name' a line")
        return
    for key, value in document.data.items():
        if document.is_told((key,)) or (isinstance(value, str) and (value.strip() or not value)):
            continue
        what = f"the ROI name of '{key}' is not text"
        yield document.trouble((key,), what, _hint_of_value(key, value, document.texts.get((key,), "")))
    yield from _repeated_organs(document, document.data)


def _hint_of_value(key: str, value: object, text: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"for the structure of that number write {key}: 'ROI {text}', for one of that name {key}: \"{text}\""
    return f'put it in quotes: {key}: "{text}"' if text else f"write {key}: and the ROI's name"


def _repeated_organs(document: Document, data: Mapping[str, object]) -> Iterator[Trouble]:
    """Two names for one organ, in two spellings of it: one of them would not be used."""
    first: dict[str, str] = {}
    for key, value in data.items():
        if value and first.setdefault(normalise(key), key) != key:
            other = first[normalise(key)]
            what = f"'{key}' is the same organ as '{other}' on line {document.line((other,))}"
            yield document.trouble((key,), what, "remove one of them")

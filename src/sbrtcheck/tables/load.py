"""The id, path, text, bytes or values of a table -> ConstraintTable, or all faults of the file with their lines."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrtcheck.bundled import EVIDENCE, shipped_files, shipped_root
from sbrtcheck.errors import Fault, TableError, UnknownTableError
from sbrtcheck.suggest import suggest
from sbrtcheck.tables.checks import row_faults, table_faults
from sbrtcheck.tables.document import Document, LineFault, document_bytes, document_of, hash_of, read_document
from sbrtcheck.tables.evidence import (
    READINGS_FILE,
    Evidence,
    bundled_evidence,
    read_evidence,
    reading_faults,
    with_readings,
)
from sbrtcheck.tables.shape_faults import content_and_faults
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import (
    Constraint,
    Source,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sbrtcheck.tables.shape import TableFile

_SUFFIXES = (".yaml", ".yml")
_FRACTIONS = re.compile(rb"^fractions: *(any|\[ *([0-9]+(?: *, *[0-9]+)*) *\]) *(?:#.*)?\r?$", re.MULTILINE)
_TAKE_OUT = f"take it out: {EVIDENCE}/{READINGS_FILE} has who read what"


_SHIPPED = "bundled"  # in place of the path of a shipped table
GIVEN_TEXT, GIVEN_VALUES = "the given text", "the given table"
"""What a table is called in faults, and in `ConstraintTable.path`, that is of no file."""

TableInput = str | os.PathLike[str] | bytes | Mapping[str, Any] | ConstraintTable
"""A table, or its id, path, YAML or values."""


def load_table(table: TableInput) -> ConstraintTable:
    """Load a bundled table by its id, a YAML file by its path, or a table from YAML text or from a dictionary.

    Parameters
    ----------
    table
        A path when it ends in ``.yaml`` or ``.yml``, has a path separator, or is no bundled id and there is such a
        file; YAML when it has several lines, or is bytes; otherwise the id of a bundled table. A dictionary has the
        keys of a file. A table that is loaded already is given back.

    Raises
    ------
    UnknownTableError
        No bundled table has that id; the nearest ids are named.
    TableError
        The file cannot be read, or has faults: all of them, with their lines; of a dictionary with the number of the
        row.
    """
    _refuse_other(table)
    match table:
        case ConstraintTable():
            return table
        case bytes():
            return read_table(table, place=GIVEN_TEXT)
        case str() if "\n" in table:
            # what cannot be encoded cannot be decoded either, and that is the fault to report
            return read_table(table.encode(errors="surrogatepass"), place=GIVEN_TEXT)
        case Mapping():
            return _table_of_values(table)
        case str() if not _is_path(table) and table in _bundled_files():
            return bundled_table(table)
        case _:
            return _table_without_faults(examine_file(read_file(table)))


def _refuse_other(table: object) -> None:
    if not isinstance(table, str | os.PathLike | bytes | Mapping | ConstraintTable):
        what = f"a table cannot be of the type {type(table).__name__}"
        raise TableError(what, hint="give its id, its file, YAML text, a dictionary or a ConstraintTable")


def _table_without_faults(examined: Examined) -> ConstraintTable:
    if examined.faults:
        raise _refused(examined.place, examined.faults)
    return examined.table


def _refused(place: str, faults: tuple[Fault, ...]) -> TableError:
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return TableError(f"the table has {count}", place, faults=faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A table file as it was found.

    ``place`` names it in messages, ``path`` is as of a `ConstraintTable`; ``evidence`` is what the folder beside that
    of the table has, None: there is no such folder.
    """

    place: str
    path: str
    raw: bytes
    evidence: Evidence | None


def read_file(table: str | os.PathLike[str]) -> RawTable:
    """Read the bytes of a table, and the evidence beside it; ``table`` is as for `load_table`."""
    given = os.fspath(table)
    if not _is_path(given):
        bundled = _bundled_files()
        if given in bundled:
            place, file = bundled[given]
            return RawTable(place=place, path=_SHIPPED, raw=file.read_bytes(), evidence=bundled_evidence())
        if not _is_there(given, Path.is_file):
            raise _unknown_table(given, sorted(bundled))
    return RawTable(place=given, path=given, raw=_file_bytes(given), evidence=_evidence_beside(Path(given)))


def _evidence_beside(file: Path) -> Evidence | None:
    """The evidence of the folder that has this file's own folder: as in a clone, where tables lie in those of sites."""
    root = Path(os.path.normpath(file / ".." / ".."))
    return read_evidence(root, root.as_posix()) if (root / EVIDENCE / READINGS_FILE).is_file() else None


def evidence_of(file: str) -> Evidence:
    """Read the evidence that ``readings.csv`` or ``documents.csv`` is a part of."""
    _file_bytes(file)
    root = Path(os.path.normpath(Path(file) / ".." / ".."))
    return read_evidence(root, root.as_posix())


def tables_beside(evidence: Evidence) -> tuple[Examined, ...]:
    """Read the tables in the folders beside the evidence, which may have faults."""
    folder = "" if evidence.folder == "." else f"{evidence.folder}/"
    found = (
        RawTable(place=f"{folder}{site}/{file.name}", path="", raw=file.read_bytes(), evidence=evidence)
        for _, (site, file) in sorted(shipped_files(evidence.root).items())
    )
    return tuple(map(examine_file, found))


def read_table(raw: bytes, *, place: str) -> ConstraintTable:
    """Read a table from the bytes of its YAML; ``place`` names them in faults and in `ConstraintTable.path`.

    Raises
    ------
    TableError
        The table has faults: all of them, with their lines.
    """
    return _table_without_faults(examine_bytes(raw, place=place))


_loaded: dict[str, ConstraintTable] = {}  # a batch asks for every plan, and reading YAML takes as long as a small plan


def bundled_table(id_: str) -> ConstraintTable:
    """Load a shipped table by its id; it does not change while the program runs."""
    if id_ not in _loaded:
        _loaded[id_] = _table_without_faults(examine_file(read_file(id_)))
    return _loaded[id_]


def is_as_shipped(table: ConstraintTable) -> bool:
    """Whether it is a shipped table as `bundled_table` gives it; not one that was made from it."""
    return _loaded.get(table.id) is table


def is_copy_of_shipped(table: ConstraintTable) -> bool:
    """Whether it says all that a shipped table does: another process that checks plans is given such a copy."""
    says_so = table.path == _SHIPPED and table.id in shipped_files(shipped_root())
    return says_so and bundled_table(table.id) == table


def bundled_tables() -> tuple[ConstraintTable, ...]:
    """Load all shipped tables, by id."""
    return tuple(bundled_table(head.id) for head in bundled_heads())


@dataclass(frozen=True, slots=True, kw_only=True)
class TableHead:
    """What chooses a shipped table for a plan: its id, its site, and its numbers of fractions (none: any)."""

    id: str
    site: str
    fractions: tuple[int, ...]

    def holds_for(self, fractions: int) -> bool:
        """Whether the table may be used for a plan of so many fractions."""
        return not self.fractions or fractions in self.fractions


@cache
def bundled_heads() -> tuple[TableHead, ...]:
    """The heads of all shipped tables, by id; of most tables, a plan needs no more than that.

    Reading a whole table takes some hundred times as long.
    """
    shipped = sorted(shipped_files(shipped_root()).items())
    return tuple(TableHead(id=id_, site=site, fractions=_fractions(id_, file)) for id_, (site, file) in shipped)


def _fractions(id_: str, file: Traversable) -> tuple[int, ...]:
    """The numbers of fractions of a shipped table, from their line; a table with another kind of line is loaded."""
    line = _FRACTIONS.search(file.read_bytes())
    if line is None:
        return bundled_table(id_).fractions
    return () if line[1] == b"any" else tuple(map(int, line[2].split(b",")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A table file as far as it can be read: its faults, the rows that have none, and the evidence beside it."""

    place: str
    faults: tuple[Fault, ...]
    table: ConstraintTable
    evidence: Evidence | None = None


def examine_bytes(raw: bytes, *, place: str) -> Examined:
    """Read the bytes of a table that may have faults; ``place`` names them."""
    return examine_file(RawTable(place=place, path=place, raw=raw, evidence=None))


def json_schema() -> dict[str, Any]:
    """JSON Schema of a table file, as published in ``constraints/schema.json``."""
    from sbrtcheck.tables.shape import TableFile, schema_of

    return schema_of(TableFile)


def _is_there(given: str, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(Path(given))
    except (OSError, ValueError):  # too long, or with characters that no name has
        return False


def _is_path(given: str) -> bool:
    return given.lower().endswith(_SUFFIXES) or "/" in given or "\\" in given


def _bundled_files() -> dict[str, tuple[str, Traversable]]:
    """Id -> place and file of every shipped table."""
    files = shipped_files(shipped_root())
    return {key: (f"constraints/{site}/{file.name}", file) for key, (site, file) in files.items()}


def _unknown_table(given: str, ids: Sequence[str]) -> UnknownTableError:
    if _is_there(given, Path.is_dir):
        return UnknownTableError("is a folder, not a table", given, "give a YAML file, or the id of a bundled table")
    hint = suggest(given, ids) or "sbrtcheck tables lists them"
    return UnknownTableError(f"no table has the id {given!r}", hint=hint, table=given)


def _file_bytes(path: str) -> bytes:
    try:
        return document_bytes(Path(path))
    except (OSError, ValueError) as error:
        why_unread = error.strerror if isinstance(error, OSError) and not isinstance(error, FileNotFoundError) else ""
        what = f"cannot be read: {why_unread}" if why_unread else "no such file"  # ValueError: no file has that name
        fault = Fault(place=path, what=what, hint="check the path, or give the id of a bundled table")
        raise TableError(fault.what, fault.place, fault.hint, faults=(fault,)) from error


def _table_of_values(values: Mapping[str, Any]) -> ConstraintTable:
    """The table of a dictionary without faults: the same checks as of a file, with rows in place of lines."""
    document = document_of(values)
    file, shape_faults = _validate(document)
    faults = sorted({*document.faults, *shape_faults, *table_faults(document)})
    if faults or file is None:
        raise _refused(GIVEN_VALUES, tuple(map(_in_row, faults)))
    sha256 = hash_of(json.dumps(document.data).encode())
    return file.value(line_of=lambda n: document.line(("rows", n)), path=GIVEN_VALUES, sha256=sha256)


def _in_row(fault: LineFault) -> Fault:
    place = f"{GIVEN_VALUES}, row {fault.line}" if fault.line else GIVEN_VALUES
    return Fault(place=place, what=fault.what, hint=fault.hint)


def examine_file(found: RawTable) -> Examined:
    """Read a table that may have faults, with its readings where the evidence beside it has some."""
    document = read_document(found.raw)
    file, shape_faults = _validate(document)
    faults = sorted({*document.faults, *shape_faults, *table_faults(document)})
    if faults or file is None:
        in_file = tuple(fault.in_file(found.place) for fault in faults)
        table = _table_of_valid_rows(document, found.path)
        if found.evidence is not None and found.evidence.decides(table.id):
            table = with_readings(table, found.evidence)
        return Examined(place=found.place, faults=in_file, table=table, evidence=found.evidence)
    sha256 = hash_of(found.raw)
    table = file.value(line_of=lambda n: document.line(("rows", n)), path=found.path, sha256=sha256)
    if found.evidence is None:
        return Examined(place=found.place, faults=(), table=table)
    return _examined_with(found.evidence, document, Examined(place=found.place, faults=(), table=table))


def _examined_with(evidence: Evidence, document: Document, examined: Examined) -> Examined:
    """Give a table without faults its readings, and the faults that the readings have."""
    table = examined.table
    if not evidence.decides(table.id):
        return replace(examined, faults=evidence.faults, evidence=evidence)
    typed = (
        document.fault(("rows", n, "confirmed_by"), "confirmed_by is typed, where the readings decide", _TAKE_OUT)
        for n, row in enumerate(table.rows)
        if row.confirmed_by
    )
    in_file = (fault.in_file(examined.place) for fault in typed)
    faults = (*in_file, *evidence.faults, *reading_faults(table, evidence))
    return replace(examined, faults=faults, table=with_readings(table, evidence), evidence=evidence)


def _table_of_valid_rows(document: Document, path: str) -> ConstraintTable:
    """The rows without faults of a table that has some: enough to look for what else is wrong."""
    data = document.data if isinstance(document.data, dict) else {}
    rows, fractions = data.get("rows"), data.get("fractions")
    valid = (_valid_row(document, n, row) for n, row in enumerate(rows if isinstance(rows, list) else []))
    return ConstraintTable(
        id=str(data.get("id", "")),
        version="",
        title="",
        site=str(data.get("site", "")),
        fractions=tuple(f for f in fractions if isinstance(f, int)) if isinstance(fractions, list) else (),
        sources=(),
        rows=tuple(row for row in valid if row is not None),
        path=path,
    )


def _valid_row(document: Document, position: int, row: object) -> Constraint | None:
    from pydantic import ValidationError

    from sbrtcheck.tables.shape import RowFile

    try:
        file = RowFile.model_validate(row)
    except ValidationError:
        return None
    at, cite = ("rows", position), file.source.cite
    misread = any(place[: len(at)] == at for place in document.unreadable)
    if not isinstance(row, dict) or misread or any(row_faults(document, at, row, [cite])):
        return None
    return file.value({cite: Source(citation=cite, where="")}, document.line(at))


def _validate(document: Document) -> tuple[TableFile | None, list[LineFault]]:
    from sbrtcheck.tables.shape import TableFile

    if document.data is None:
        return None, []
    if not isinstance(document.data, dict):
        return None, [document.fault((), "a table file has keys at its top", "start with id: and version:")]
    return content_and_faults(document, TableFile.model_validate, _keys)


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

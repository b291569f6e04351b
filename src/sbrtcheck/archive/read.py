"""A table of results, CSV or Parquet -> its rows, a few thousand at a time; only the columns asked for are read."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sbrtcheck.archive.columns import IDENTITY, METRIC_ENDS, PATH, Table, columns_of, types_of
from sbrtcheck.archive.read_parquet import ROWS_AT_ONCE, Cells, cells_of, names_of, said_of_parquet
from sbrtcheck.errors import InputError
from sbrtcheck.formatting import of_csv_text

HINT = "give a table that sbrtcheck batch of this version wrote"
_MORE = {*types_of(IDENTITY), *types_of(PATH)}
_TRUE = {"true": True, "false": False}


def rows_of(path: Path, table: Table, columns: Sequence[str]) -> Iterator[list[Cells]]:
    """Rows of a table, each a tuple of the cells of these columns; a missing value is None.

    Raises
    ------
    InputError
        The file cannot be read, has other columns than this version writes, or a value that is none.
    """
    reader = _of_parquet if is_parquet(path) else _of_csv
    with _reading(path):
        yield from reader(path, table, columns)


def is_parquet(path: Path) -> bool:
    """Whether the file is Parquet; else it is CSV. `InputError` where it is neither by its name."""
    ending = path.suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise InputError("the format cannot be told", str(path), "give a file that ends in .csv or .parquet")
    return ending == ".parquet"


def said_of(path: Path) -> dict[str, str]:
    """The metadata of a Parquet file; of a CSV file, which has none, nothing."""
    if not is_parquet(path):
        return {}
    with _reading(path):
        said = said_of_parquet(path, HINT)
    return {key: value for key, value in said.items() if key.startswith("sbrtcheck.")}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = f"cannot be read: {error.strerror or type(error).__name__}"
        raise InputError(why, str(path), "check the path") from error


def _of_parquet(path: Path, table: Table, columns: Sequence[str]) -> Iterator[list[Cells]]:
    _refuse_columns(names_of(path, HINT), table, path)
    types = columns_of(table)
    return cells_of(path, {name: types[name] for name in columns}, HINT)


def _of_csv(path: Path, table: Table, columns: Sequence[str]) -> Iterator[list[Cells]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        try:
            names = next(reader, [])
            _refuse_columns(names, table, path)
            lines = _lines(reader, len(names), path)
            types = columns_of(table)
            places = [(names.index(name), name, _CELLS[types[name]]) for name in columns]
            while some := list(islice(lines, ROWS_AT_ONCE)):
                yield [_cells(line, places, f"{path}:{number}") for number, line in some]
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError("is no CSV file", f"{path}:{reader.line_num + 1}", HINT) from error


def _lines(reader: Any, width: int, path: Path) -> Iterator[tuple[int, list[str]]]:
    for line in reader:
        if len(line) != width:
            what = "the line has not as many fields as there are columns"
            raise InputError(what, f"{path}:{reader.line_num}", HINT)
        yield reader.line_num, line


def _cells(line: Sequence[str], places: Iterable[tuple[int, str, Callable[[str], Any]]], place: str) -> Cells:
    cells = []
    for at, name, read in places:
        try:
            cells.append(read(line[at]) if line[at] else None)
        except (ValueError, KeyError) as error:
            raise InputError(f"{name} cannot be {line[at]!r}", place, HINT) from error
    return tuple(cells)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_CELLS: dict[type, Callable[[str], Any]] = {str: of_csv_text, float: _finite, int: int, bool: _TRUE.__getitem__}


def _refuse_columns(names: Iterable[str], table: Table, path: Path) -> None:
    """`InputError` unless the columns are those of the table."""
    found, wanted = set(names), columns_of(table)
    lacking = [column for column in wanted if column not in found]
    more = found - {*wanted} - _MORE
    unknown = sorted(one for one in more if table is not Table.STRUCTURES or not one.endswith(tuple(METRIC_ENDS)))
    if lacking and len(lacking) < len(wanted):
        what = f"has no column {', '.join(lacking)}"
        raise InputError(what, str(path), "an older sbrtcheck wrote it, or another program: run sbrtcheck batch again")
    if lacking:
        raise InputError(f"is no table of {table} of sbrtcheck batch", str(path), HINT)
    if unknown:
        raise InputError(f"has columns that nobody knows: {', '.join(unknown)}", str(path), f"take them out; {HINT}")

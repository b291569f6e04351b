"""A table of results in Parquet -> its cells, a few thousand rows at a time; what `batch` does not write is refused.

A few bytes of Parquet can state any number of rows, or a long text for each of them. So rows and unpacked bytes are
bounded by what the file states, against its size; and a text that many rows have is in memory once.
"""

from __future__ import annotations

import importlib.util
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sbrtcheck.errors import InputError
from sbrtcheck.installation import install_command

ROWS_AT_ONCE = 5_000
MAX_ROWS = 1_000_000
"""Of a file that has fewer bytes; of others a row a byte, for each has the key of its plan at least."""

MAX_UNPACKED_BYTES = 256 << 20
"""Of a file that is smaller than a hundredth of it; of others a hundred times their bytes."""

TIMES = 100

Cells = tuple[Any, ...]


def names_of(path: Path, hint: str) -> list[str]:
    """The columns of the file, each there once; `InputError` where it is none, or states more than it can hold."""
    file = _opened(path, hint)
    _refuse_bombs(file, path, hint)
    names: list[str] = file.schema_arrow.names
    if twice := sorted(name for name, number in Counter(names).items() if number > 1):
        raise InputError(f"has several columns {', '.join(twice)}", str(path), hint)
    return names


def said_of_parquet(path: Path, hint: str) -> dict[str, str]:
    """What is said of the whole file."""
    found = _opened(path, hint).metadata.metadata or {}
    return {key.decode("utf-8", "replace"): value.decode("utf-8", "replace") for key, value in found.items()}


def cells_of(path: Path, kinds: Mapping[str, type], hint: str) -> Iterator[list[Cells]]:
    """The rows, each a tuple of the cells of these columns; ``kinds`` has the type of each, a missing value is None."""
    import pyarrow as pa

    _refuse_types(_opened(path, hint).schema_arrow, kinds, path, hint)
    file = _opened(path, hint, texts=[name for name, kind in kinds.items() if kind is str])
    batches, row = file.iter_batches(ROWS_AT_ONCE, columns=list(kinds)), 1
    while True:
        try:
            batch = next(batches, None)
            columns = [] if batch is None else [_cells(batch.column(name)) for name in kinds]
        except (pa.ArrowException, ValueError) as error:  # ValueError: of texts that are none
            raise InputError("is damaged", str(path), hint) from error
        if batch is None:
            return
        for name, cells in zip(kinds, columns, strict=True):
            _refuse_not_finite(name, cells, path, row, hint)
        yield list(zip(*columns, strict=True))
        row += batch.num_rows


def _opened(path: Path, hint: str, texts: Sequence[str] = ()) -> Any:
    """The file; of the columns ``texts`` each text is read once, whatever number of rows has it."""
    if importlib.util.find_spec("pyarrow") is None:
        raise InputError("a .parquet file needs pyarrow", str(path), f"{install_command('batch')}, or give a .csv file")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, read_dictionary=list(texts))
    except (pa.ArrowException, ValueError) as error:  # ValueError: of names that are no text
        raise InputError("is no Parquet file", str(path), hint) from error


def _refuse_bombs(file: Any, path: Path, hint: str) -> None:
    stated, size = file.metadata, path.stat().st_size
    groups = [stated.row_group(at) for at in range(stated.num_row_groups)]
    rows = max(stated.num_rows, sum(group.num_rows for group in groups))
    unpacked = sum(max(group.total_byte_size, 0) for group in groups)
    if rows > max(MAX_ROWS, size):
        raise InputError(f"states {rows} rows in {size} bytes", str(path), hint)
    if unpacked > max(MAX_UNPACKED_BYTES, TIMES * size):
        raise InputError(f"would be {unpacked >> 20} MB from {size} bytes", str(path), hint)


def _refuse_types(schema: Any, kinds: Mapping[str, type], path: Path, hint: str) -> None:
    from pyarrow import types

    tests = {
        str: (types.is_string, types.is_large_string),
        float: (types.is_floating,),
        int: (types.is_integer,),
        bool: (types.is_boolean,),
    }
    for name, kind in kinds.items():
        found = schema.field(name).type
        found = found.value_type if types.is_dictionary(found) else found
        if not types.is_null(found) and not any(test(found) for test in tests[kind]):
            raise InputError(f"the column {name} is of the type {found}", str(path), hint)


def _cells(column: Any) -> list[Any]:
    from pyarrow import types

    if not types.is_dictionary(column.type):
        return list(column.to_pylist())
    column.validate(full=True)  # of a damaged file a place may be none of the texts, or count them from the end
    words = column.dictionary.to_pylist()
    return [None if at is None else words[at] for at in column.indices.to_pylist()]


def _refuse_not_finite(name: str, cells: Sequence[Any], path: Path, first: int, hint: str) -> None:
    for row, cell in enumerate(cells, start=first):
        if isinstance(cell, float) and not math.isfinite(cell):
            raise InputError(f"{name} cannot be {cell}", f"{path}, row {row}", hint)

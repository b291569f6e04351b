"""Rows -> a CSV or Parquet file that is there whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from sbrtcheck.archive.rows import Row
from sbrtcheck.errors import OutputError
from sbrtcheck.files import whole_file, writing
from sbrtcheck.formatting import csv_text
from sbrtcheck.installation import install_command

Columns = Mapping[str, type]

# Parquet compresses and reads best in large groups of rows; this many need a few ten MB while they wait.
_ROWS_IN_A_GROUP = 20_000


@contextmanager
def open_rows(out: Path, columns: Columns) -> Iterator[Callable[[Iterable[Row]], None]]:
    """Give a function that writes rows; the file is there when the block ends well.

    Until then they go to a draft in the same folder (a device or a pipe is written to at once). What cannot work is
    found out here, before anything is checked.

    Raises
    ------
    OutputError
        The ending is unknown, pyarrow is missing, or the file cannot be written.
    """
    kind = _file_kind(out)
    with whole_file(out) as path:
        with writing(out):
            file = kind(path, columns)
        try:
            yield lambda rows: _write_rows(file, rows, out)
            with writing(out):
                file.finish()
        finally:
            file.close()


class _OnlyAskedError(Exception):
    """Ends a block in which nothing was to be written."""


def refuse_output(out: Path, columns: Columns) -> None:
    """Raise `OutputError` where `open_rows` would; a device or pipe is not tried, for that would be seen."""
    if out.exists() and not out.is_file() and not out.is_dir():
        _file_kind(out)
        return
    with suppress(_OnlyAskedError), open_rows(out, columns):
        raise _OnlyAskedError


class _RowFile(Protocol):
    def write(self, rows: Iterable[Row]) -> None:
        """Add some rows."""

    def finish(self) -> None:
        """Write what still waits, and close."""

    def close(self) -> None:
        """Let go of the file, whatever its state."""


def _write_rows(file: _RowFile, rows: Iterable[Row], out: Path) -> None:
    with writing(out):
        file.write(rows)


class _Csv:
    def __init__(self, path: Path, columns: Columns) -> None:
        self._stream = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._stream, columns, lineterminator="\n")
        self._writer.writeheader()

    def write(self, rows: Iterable[Row]) -> None:
        self._writer.writerows({key: _field(value) for key, value in row.items()} for row in rows)

    def finish(self) -> None:
        self._stream.close()

    def close(self) -> None:
        with suppress(OSError):
            self._stream.close()


def _field(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return csv_text(value) if isinstance(value, str) else value


class _Parquet:
    def __init__(self, path: Path, columns: Columns) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._table: Any = pa.Table
        self._writer = pq.ParquetWriter(path, self._schema)
        self._waiting: list[Row] = []

    def write(self, rows: Iterable[Row]) -> None:
        self._waiting.extend(rows)
        if len(self._waiting) >= _ROWS_IN_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(self._table.from_pylist(self._waiting, schema=self._schema))
        self._waiting.clear()

    def finish(self) -> None:
        self._flush()
        self._writer.close()

    def close(self) -> None:
        with suppress(OSError):
            self._writer.close()


_FILE_KINDS: Mapping[str, Callable[[Path, Columns], _RowFile]] = MappingProxyType({".csv": _Csv, ".parquet": _Parquet})


def _file_kind(out: Path) -> Callable[[Path, Columns], _RowFile]:
    kind = _FILE_KINDS.get(out.suffix.lower())
    if kind is None:
        raise OutputError("the format cannot be told", str(out), f"end the name in {' or '.join(_FILE_KINDS)}")
    if kind is _Parquet:
        try:
            import pyarrow.parquet  # noqa: F401 - only to see that it is there
        except ImportError as error:
            hint = f"{install_command('batch')}, or write a .csv file"
            raise OutputError("a .parquet file needs pyarrow", str(out), hint) from error
    return kind

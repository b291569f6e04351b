"""Rows -> a CSV or Parquet file that is there whole or not at all."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from sbrtcheck._version import __version__
from sbrtcheck.archive.columns import Columns, Row, Table
from sbrtcheck.archive.rows import Checked
from sbrtcheck.archive.run_options import Options
from sbrtcheck.errors import OutputError
from sbrtcheck.files import whole_file, writing
from sbrtcheck.formatting import csv_text
from sbrtcheck.installation import install_command

RUN, TABLE, SOFTWARE = "sbrtcheck.run", "sbrtcheck.table", "sbrtcheck.software"
"""Metadata of every Parquet file of a run: a digest of all its rows, alike in all of its tables; which table it is."""
_RUN_DIGITS = 32

# Parquet compresses and reads best in large groups of rows; a few of them wait as they come, the others as columns.
_ROWS_IN_A_GROUP = 20_000
_ROWS_TO_PACK = 1_000
_OF_LISTS = 10  # rows with lists of numbers are that much longer


class _OnlyAskedError(Exception):
    """Ends a block in which nothing was to be written."""


def refuse_output(out: Path, options: Options, inputs: Iterable[str | PathLike[str] | None] = ()) -> None:
    """Raise `OutputError` where `open_results` would, or where an input would be overwritten.

    A device or pipe is not tried, for that would be seen.
    """
    _refuse_inputs(out, options, [Path(file) for file in inputs if file is not None])
    with writing(out):  # a name that no file can have
        is_device = out.exists() and not out.is_file() and not out.is_dir()
    if is_device:
        _tables_for(out, options)
        return
    with suppress(_OnlyAskedError), open_results(out, options):
        raise _OnlyAskedError


def _refuse_inputs(out: Path, options: Options, inputs: Sequence[Path]) -> None:
    _file_kind(out)
    for path in (path_of_table(out, table) for table in options.contents.tables):
        with writing(path):
            if any(file.exists() and path.exists() and path.samefile(file) for file in inputs):
                what = "would be overwritten, and is an input"
                raise OutputError(what, str(path), "give the results another name")


@contextmanager
def open_results(out: Path, options: Options) -> Iterator[Callable[[Checked], None]]:
    """Give a function that writes what one plan came to into the tables of a run; all are there if the block ends well.

    The outcomes go to ``out``, the others beside it (`path_of_table`); into a device or a pipe, outcomes alone. A table
    that an earlier run left there and this one does not have is removed: what stands side by side is of one run.
    Parquet files say of which, in their metadata.

    Raises
    ------
    OutputError
        As for `open_rows`; or ``out`` cannot hold what is asked for.
    """
    tables = _tables_for(out, options)
    digest = hashlib.sha256()
    with ExitStack() as opened:  # published in turn, the outcomes last
        files = {
            table: opened.enter_context(_table_file(path_of_table(out, table), table, options)) for table in tables
        }

        def write(checked: Checked) -> None:
            for table, file in files.items():
                rows = checked.of(table)
                for row in rows:
                    digest.update(repr((*row.values(),)).encode())
                with writing(out):
                    file.write(rows)

        yield write
        for table, file in files.items():
            with writing(out):
                file.finish(
                    {RUN: digest.hexdigest()[:_RUN_DIGITS], TABLE: str(table), SOFTWARE: f"sbrtcheck {__version__}"}
                )
        if len(tables) > 1:
            _remove_tables(out, [table for table in Table if table not in tables])


def path_of_table(out: Path, table: Table) -> Path:
    """Where a table stands: the outcomes in ``results.parquet``, the plans beside it in ``results.plans.parquet``."""
    return out if table is Table.OUTCOMES else out.parent / f"{out.stem}.{table}{out.suffix}"


def _tables_for(out: Path, options: Options) -> tuple[Table, ...]:
    """The tables that are written; `OutputError` for what cannot be."""
    wanted = options.contents.tables
    _file_kind(out)
    if out.exists() and not out.is_file() and not out.is_dir():
        if wanted[2:]:
            raise OutputError("is a device or a pipe, which holds outcomes alone", str(out), "give the name of a file")
        return wanted[:1]
    if Table.CURVES in wanted and _file_kind(out) is _Csv:
        raise OutputError("a .csv file cannot hold curves", str(out), "end the name in .parquet")
    for table in wanted[1:]:
        beside = path_of_table(out, table)
        if beside.exists() and not _is_table(beside):
            what = f"would be overwritten by the {table}, and is no table of sbrtcheck batch"
            raise OutputError(what, str(beside), "give the results another name")
    return wanted


@contextmanager
def _table_file(path: Path, table: Table, options: Options) -> Iterator[_RowFile]:
    kind = _file_kind(path)
    with whole_file(path) as draft:
        with writing(path):
            file = kind(draft, options.columns_of(table))
        try:
            yield file
        finally:
            file.close()


def _remove_tables(out: Path, tables: Iterable[Table]) -> None:
    for path in (path_of_table(out, table) for table in tables):
        if path.is_file() and _is_table(path):
            with writing(path):
                path.unlink()


def _is_table(path: Path) -> bool:
    """Whether a file beside results is of a run: both kinds have the plan's key as the first column."""
    try:
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8", errors="replace", newline="") as stream:
                return stream.readline().startswith("plan_key,")
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return TABLE.encode() in (pq.read_metadata(path).metadata or {})
        except pa.ArrowException:
            return False
    except OSError:
        return False


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
                file.finish({})
        finally:
            file.close()


class _RowFile(Protocol):
    def write(self, rows: Iterable[Row]) -> None:
        """Add some rows."""

    def finish(self, said: Mapping[str, str]) -> None:
        """Write what still waits, and what is said of the whole file where it has room for that; and close."""

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

    def finish(self, said: Mapping[str, str]) -> None:  # noqa: ARG002 - a CSV file has rows alone
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

        types = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_(), list: pa.list_(pa.float32())}
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._pa: Any = pa
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[Row] = []
        self._packed: list[Any] = []
        share = _OF_LISTS if list in columns.values() else 1
        self._rows_to_pack, self._rows_in_a_group = _ROWS_TO_PACK // share, _ROWS_IN_A_GROUP // share

    def write(self, rows: Iterable[Row]) -> None:
        self._waiting.extend(rows)
        if len(self._waiting) >= self._rows_to_pack:
            self._pack()
        if sum(map(len, self._packed)) >= self._rows_in_a_group:
            self._flush()

    def _pack(self) -> None:
        """Rows as columns: a tenth of the memory."""
        self._packed.append(self._pa.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting.clear()

    def _flush(self) -> None:
        self._writer.write_table(self._pa.concat_tables(self._packed))
        self._packed.clear()

    def finish(self, said: Mapping[str, str]) -> None:
        self._pack()
        self._flush()
        if said:
            self._writer.add_key_value_metadata(said)
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

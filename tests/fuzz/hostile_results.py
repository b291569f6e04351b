"""Changes of what a batch leaves behind: the SQLite file beside its results, and results as Parquet."""

from __future__ import annotations

import io
import json
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing
from hashlib import blake2b
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hostile_bytes import LARGEST, NUMBERS, TEXTS, Case, changed_bytes
from hostile_values import ODD, changed_values

_WORDS = (
    *("passing", "failing", "not checked", "PASS", "REVIEW", "outcomes", "plans", "plan_key", "dose", "2.25.1"),
    *("sbrtcheck.run", "../.."),
)
_CELLS: tuple[Any, ...] = (None, 0, -1, 2**62, 0.5, float("inf"), "", "a", b"", b"\xff\xfe", b"x" * 300, *NUMBERS[:9])


def changed_database(rng: Random, case: Case, others: Sequence[Case]) -> Case:
    """Bytes anywhere in the file; or cells, rows, columns and tables, in a file that SQLite has nothing against."""
    (content,) = case
    if rng.random() < 0.6:
        try:
            return (_changed_tables(rng, content),)
        except (sqlite3.Error, UnicodeError, OverflowError, ValueError):  # of a case that was damaged before
            pass
    return (changed_bytes(rng, content, [other[0] for other in others]),)


def _changed_tables(rng: Random, content: bytes) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(content)
        for _ in range(1 + min(rng.randrange(4), rng.randrange(4))):
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            _change_table(rng, connection, rng.choice(names))
        if rng.random() < 0.7:
            _sign_entries(connection)
        return connection.serialize()


def _change_table(rng: Random, connection: sqlite3.Connection, table: str) -> None:
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column = rng.choice(columns)
    rows = connection.execute(f'SELECT rowid, "{column}" FROM "{table}" ORDER BY rowid').fetchall()  # noqa: S608
    row = rng.choice(rows) if rows else None
    match rng.randrange(12):
        case 0:
            connection.execute(f'DROP TABLE "{table}"')
        case 1:
            connection.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{rng.choice(_WORDS)}"')
        case 2:
            connection.execute(f"PRAGMA {rng.choice(('user_version', 'application_id'))} = {rng.randrange(4)}")
        case 3 if row is not None:
            connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', row[:1])  # noqa: S608
        case _ if row is not None:
            value = _changed_cell(rng, row[1])
            connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (value, row[0]))  # noqa: S608


def _changed_cell(rng: Random, value: Any) -> Any:
    """A value inside of the JSON that a cell holds, packed or not; or another cell altogether."""
    text = None
    if rng.random() < 0.8 and isinstance(value, str | bytes):
        packed = isinstance(value, bytes)
        try:
            text = json.dumps(changed_values(rng, json.loads(zlib.decompress(value) if packed else value), [], _WORDS))
        except (ValueError, zlib.error):
            return rng.choice((*_CELLS, *_WORDS))
        return zlib.compress(text.encode()) if packed else text
    return rng.choice((*_CELLS, *_WORDS))


def _sign_entries(connection: sqlite3.Connection) -> None:
    """The digest that the index keeps of its entries, of what they are now: else no changed one would be read."""
    (known,) = connection.execute("SELECT value FROM index_about WHERE key = 'entries'").fetchone() or ("",)
    made = blake2b(digest_size=16)
    for n, text in connection.execute("SELECT n, entry FROM index_entries ORDER BY n"):
        made.update(f"{n} {text}".encode())
    value = f"{str(known).rpartition(' ')[0]} {made.hexdigest()}"
    connection.execute("UPDATE index_about SET value = ? WHERE key = 'entries'", (value,))


def changed_parquet(rng: Random, case: Case, others: Sequence[Case]) -> Case:
    """One of the files: bytes anywhere in it, or values, types, columns and metadata of a table that is well formed."""
    at = rng.randrange(len(case))
    content = case[at]
    made = None
    if rng.random() < 0.6:
        try:
            made = _changed_table(rng, _table(content))
        except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError):
            made = None  # of a case that was damaged before, or a change that Parquet has no room for
    if made is None:
        made = changed_bytes(rng, content, [other[at] for other in others if len(other) > at])
    return (*case[:at], made[: max(LARGEST, len(content))], *case[at + 1 :])


def _table(content: bytes) -> pa.Table:
    """With what is said of the whole file."""
    file = pq.ParquetFile(io.BytesIO(content))
    said = {key: value for key, value in (file.metadata.metadata or {}).items() if key != b"ARROW:schema"}
    return file.read().replace_schema_metadata(said)


def _changed_table(rng: Random, table: pa.Table) -> bytes:
    for _ in range(1 + min(rng.randrange(4), rng.randrange(4))):
        table = _changed_columns(rng, table)
    file = io.BytesIO()
    compression = rng.choice(("none", "snappy", "zstd", "gzip"))
    coded, rows = rng.random() < 0.5, 1 + rng.randrange(20)
    pq.write_table(table, file, compression=compression, use_dictionary=coded, row_group_size=rows)
    return file.getvalue()


def _changed_columns(rng: Random, table: pa.Table) -> pa.Table:  # noqa: PLR0911 - one way a case
    at = rng.randrange(table.num_columns)
    name = table.column_names[at]
    match rng.randrange(9):
        case 0 if table.num_columns > 1:
            return table.remove_column(at)
        case 1:
            names = [*table.column_names[:at], rng.choice((*_WORDS, *TEXTS[:20])), *table.column_names[at + 1 :]]
            return table.rename_columns(names)
        case 2:
            return table.append_column(rng.choice((*_WORDS, name)), table.column(at))
        case 3:
            said = dict(table.schema.metadata or {})
            said[rng.choice((b"sbrtcheck.table", b"\xff", *said))] = rng.choice((b"", b"\xff\xfe", b"outcomes", b"1"))
            return table.replace_schema_metadata(said)
        case 4:
            return pa.concat_tables([table] * rng.choice((2, 3, 40))) if table.num_rows < 400 else table.slice(0, 0)
        case 5:
            values = [rng.choice((None, *ODD[:11], *TEXTS[:20], *_WORDS))] * table.num_rows
            return table.set_column(at, name, pa.array(values))
        case _:
            values = table.column(at).to_pylist()
            if values:
                row = rng.randrange(len(values))
                odd = rng.choice((None, float("nan"), float("inf"), -1e308, 2**62, "", *TEXTS[:24], *_WORDS, *NUMBERS))
                values[row] = odd
            return table.set_column(at, name, _array_of(values, table.schema.field(at).type))


def _array_of(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Of the type that the column had, of that of the values, or of texts."""
    for of in ({"type": kind}, {}):
        try:
            return pa.array(values, **of)
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            continue
    return pa.array([None if value is None else str(value) for value in values])

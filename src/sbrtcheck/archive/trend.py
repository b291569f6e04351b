"""A table that `batch` wrote -> the margins of each row over the plans, by their dates."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from sbrtcheck.archive.columns import IDENTITY, PATH, Table, columns_of, types_of
from sbrtcheck.archive.read_parquet import cells_of, names_of
from sbrtcheck.errors import InputError
from sbrtcheck.formatting import of_csv_text
from sbrtcheck.results import Verdict

_COLUMNS = columns_of(Table.OUTCOMES)
_MORE = {**types_of(IDENTITY), **types_of(PATH)}
_BATCH = "trend reads what sbrtcheck batch of this version wrote"
_TRUE = {"true": True, "false": False}
_OF_PLAN = ("plan_key", "path", "plan_date", "plan_verdict", "review_reasons")
"""What all rows of one plan have alike. The key is not enough: rows of several runs may stand in one file."""
_OF_ROW = ("table_id", "table_version", "row_id", "organ", "contour")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOnRow:
    """One outcome of one plan on a row.

    ``date`` is the plan's, None where its file has none; ``number`` is the place of the plan in the results, from 1.
    ``value``, ``limit`` and ``margin`` are None where there is none: ``reason`` says why.
    """

    plan_key: str
    number: int
    date: dt.date | None
    contour: str
    value: float | None
    limit: float | None
    margin: float | None
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTrend:
    """One row of one table over all plans that it was judged in, in the order of their dates."""

    table_id: str
    row_id: str
    organ: str
    metric: str
    sense: str
    unit: str
    counts: bool
    plans: tuple[PlanOnRow, ...]

    def tally(self) -> dict[Verdict, int]:
        """How many plans came to each verdict, in the order of `Verdict`."""
        counted = Counter(plan.verdict for plan in self.plans)
        return {verdict: counted[verdict] for verdict in Verdict if counted[verdict]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """Every row of the results, those that fail most often first; and what is in none of them.

    ``not_checked`` has, by reason, the number of plans, and of files of no plan, without any row; ``plan_verdicts`` the
    number of the other plans by their own verdicts.
    """

    rows: tuple[RowTrend, ...]
    plan_count: int
    undated: int
    plan_verdicts: Mapping[str, int]
    not_checked: Mapping[str, int]


def load_trends(path: str | PathLike[str]) -> Trends:
    """Read the results of `batch`, CSV or Parquet.

    Raises
    ------
    InputError
        The file cannot be read, has other columns than this version writes, or a value that is none.
    """
    file = Path(path)
    readers: dict[str, Callable[[Path], list[_Record]]] = {".csv": _csv_records, ".parquet": _parquet_records}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise InputError("the format cannot be told", str(file), f"give a file that ends in {' or '.join(readers)}")
    try:
        records = reader(file)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror or type(error).__name__}", str(file), "check the path"
        ) from error
    return _trends(records)


# -------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class _Record:
    """One row of the table, with the place of it for messages; values by column, None where missing."""

    place: str
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        return str(self.values[column] or "")

    def texts(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Those of several columns; of one that the table may lack, such as ``path``, the empty text."""
        return tuple(str(self.values.get(column) or "") for column in columns)

    def number(self, column: str) -> float | None:
        value = self.values[column]
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"{column} is no number: {value!r}", self.place, _BATCH)
        return number

    def truth(self, column: str) -> bool:
        value = self.values[column]
        found = value if isinstance(value, bool) else _TRUE.get(str(value))
        if found is None:
            raise InputError(f"{column} is neither true nor false: {value!r}", self.place, _BATCH)
        return found

    def verdict(self) -> Verdict:
        value = self.text("verdict")
        if value not in tuple(Verdict):
            raise InputError(f"the verdict {value!r} is none", self.place, _BATCH)
        return Verdict(value)

    def date(self) -> dt.date | None:
        value = self.text("plan_date")
        try:
            return dt.date.fromisoformat(value) if value else None
        except ValueError as error:
            raise InputError(f"the date {value!r} is none", self.place, _BATCH) from error


def _csv_records(file: Path) -> list[_Record]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        try:
            _refuse_columns(reader.fieldnames or (), file)
            return [_record_of_csv(line, f"{file}:{reader.line_num}") for line in reader]
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError("is no CSV file", f"{file}:{reader.line_num + 1}", _BATCH) from error


def _record_of_csv(line: Mapping[str | None, Any], place: str) -> _Record:
    if None in line or None in line.values():
        raise InputError("the line has not as many fields as there are columns", place, _BATCH)
    return _Record(place, {str(key): of_csv_text(value) if value else None for key, value in line.items()})


def _parquet_records(file: Path) -> list[_Record]:
    names = names_of(file, _BATCH)
    _refuse_columns(names, file)
    kinds = {name: kind for name, kind in {**_COLUMNS, **_MORE}.items() if name in names}
    rows = (dict(zip(kinds, cells, strict=True)) for some in cells_of(file, kinds, _BATCH) for cells in some)
    return [_Record(f"{file}, row {number}", values) for number, values in enumerate(rows, start=1)]


def _refuse_columns(names: Iterable[str], file: Path) -> None:
    """`InputError` unless the columns are those of `batch`."""
    found = set(names)
    lacking = [column for column in _COLUMNS if column not in found]
    unknown = sorted(found - {*_COLUMNS, *_MORE})
    if lacking and found & {*_COLUMNS}:
        what = f"has no column {', '.join(lacking)}"
        raise InputError(what, str(file), "an older sbrtcheck wrote it, or another program: run sbrtcheck batch again")
    if lacking:
        raise InputError("is no table of sbrtcheck batch", str(file), _BATCH)
    if unknown:
        raise InputError(f"has columns that nobody knows: {', '.join(unknown)}", str(file), f"take them out; {_BATCH}")


# -------------------------------------------------------------------------------- rows over plans


def _trends(records: Sequence[_Record]) -> Trends:
    numbers: dict[tuple[tuple[str, ...], int], int] = {}
    times: Counter[tuple[str, ...]] = Counter()
    dates: dict[int, dt.date | None] = {}
    verdicts: dict[int, str] = {}
    by_row: dict[tuple[str, str, str], list[tuple[_Record, PlanOnRow]]] = {}
    not_checked: Counter[str] = Counter()
    for record in records:
        if not record.text("table_id"):
            not_checked[record.text("reason")] += 1
            continue
        of_plan = record.texts(_OF_PLAN)
        # what comes again is of another plan, or of the same one checked again: no verdict is lost under another
        again = (*of_plan, *record.texts(_OF_ROW))
        number = numbers.setdefault((of_plan, times[again]), len(numbers) + 1)
        times[again] += 1
        plan = _plan_on_row(record, number)
        dates[number], verdicts[number] = plan.date, record.text("plan_verdict")
        key = (record.text("table_id"), record.text("row_id"), record.text("organ"))
        by_row.setdefault(key, []).append((record, plan))
    return Trends(
        rows=tuple(sorted((_row_trend(found) for found in by_row.values()), key=_worst_first)),
        plan_count=len(numbers),
        undated=sum(date is None for date in dates.values()),
        plan_verdicts=dict(sorted(Counter(verdicts.values()).items())),
        not_checked=dict(not_checked),
    )


def _plan_on_row(record: _Record, number: int) -> PlanOnRow:
    return PlanOnRow(
        plan_key=record.text("plan_key"),
        number=number,
        date=record.date(),
        contour=record.text("contour"),
        value=record.number("value"),
        limit=record.number("limit"),
        margin=record.number("margin"),
        verdict=record.verdict(),
        reason=record.text("reason"),
    )


def _row_trend(found: Sequence[tuple[_Record, PlanOnRow]]) -> RowTrend:
    last = found[-1][0]
    plans = sorted((plan for _, plan in found), key=lambda plan: (plan.date or dt.date.max, plan.number))
    return RowTrend(
        table_id=last.text("table_id"),
        row_id=last.text("row_id"),
        organ=last.text("organ"),
        metric=last.text("metric"),
        sense=last.text("sense"),
        unit=last.text("unit"),
        counts=any(record.truth("counts") for record, _ in found),
        plans=tuple(plans),
    )


def _worst_first(row: RowTrend) -> tuple[int, int, int, float]:
    """Rows that count and fail most often, then others that fail, then variations, then by the smallest margin."""
    tally = row.tally()
    shares = [plan.margin / abs(plan.limit) for plan in row.plans if plan.margin is not None and plan.limit]
    fails = tally.get(Verdict.FAIL, 0)
    return -fails if row.counts else 0, -fails, -tally.get(Verdict.VARIATION, 0), min(shares, default=math.inf)

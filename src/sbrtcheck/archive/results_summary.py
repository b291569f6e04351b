"""The results of a run, read once and never held -> how many plans and rows came to what, and how far from the limits.

Nothing is counted away: the number that shares are of is that of all plans, checked or not, and what was not checked
stands first. Rows that count and rows that do not are kept apart.
"""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sbrtcheck.archive.columns import Table
from sbrtcheck.archive.margins import Margins, margins_dict, margins_of
from sbrtcheck.archive.read import is_parquet, rows_of, said_of
from sbrtcheck.archive.read_parquet import Cells
from sbrtcheck.archive.rows import NotChecked, State
from sbrtcheck.archive.write import RUN, path_of_table
from sbrtcheck.arguments import path_of
from sbrtcheck.by_value import ByValue
from sbrtcheck.errors import InputError
from sbrtcheck.formatting import one_screen
from sbrtcheck.results import ReviewCode, Verdict, rounded

SCHEMA = "sbrtcheck-summary/1"
_MIXED = "run sbrtcheck batch again, and give its files as it wrote them"
_OF_PLANS = (
    *("plan_key", "state", "reason", "plan_verdict", "review_reasons", "software"),
    *("outcomes", "passes", "variations", "fails", "not_evaluated", "other"),
)
_OF_OUTCOMES = (
    *("plan_key", "table_id", "table_version", "row_id", "organ", "metric", "sense", "unit", "counts"),
    *("verdict", "limit", "margin", "reason", "applies"),
)
_OF_A_PLAN = (Verdict.FAIL, Verdict.REVIEW, Verdict.VARIATION, Verdict.PASS)
_STATES_OF = {
    Verdict.FAIL: (State.FAILING,),
    Verdict.REVIEW: (State.TO_REVIEW, State.NOT_CHECKED),
    Verdict.VARIATION: (State.PASSING,),
    Verdict.PASS: (State.PASSING,),
}
_COUNTED = (Verdict.PASS, Verdict.VARIATION, Verdict.FAIL, Verdict.NOT_EVALUATED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSummary(ByValue):
    """One row of one table over all plans.

    Parameters
    ----------
    table_id, table_version, row_id, organ, metric, sense, unit
        Which row it is.
    counts
        Whether it counts in a plan's verdict.
    verdicts
        Number of outcomes by verdict; a plan with several targets may have several of one row.
    not_asked
        Plans that have no outcome of the row: not checked, or against other tables.
    not_expected
        Of those not evaluated, how many are of an organ that is neither in the plan nor expected.
    reasons
        Why outcomes were not evaluated.
    limits
        Smallest and largest limit; None where no outcome has one.
    margins
        Of the outcomes that were evaluated; None where none of them has one.
    """

    table_id: str
    table_version: str
    row_id: str
    organ: str
    metric: str
    sense: str
    unit: str
    counts: bool
    verdicts: Mapping[Verdict, int]
    not_asked: int
    not_expected: int
    reasons: Mapping[str, int]
    limits: tuple[float, float] | None
    margins: Margins | None

    @property
    def of_all(self) -> int:
        """What shares are of: all outcomes, evaluated or not, and the plans without one."""
        return sum(self.verdicts.values()) + self.not_asked

    @property
    def evaluated(self) -> int:
        """Outcomes with a verdict other than NOT_EVALUATED."""
        return sum(number for verdict, number in self.verdicts.items() if verdict is not Verdict.NOT_EVALUATED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableSummary(ByValue):
    """One table of constraints over all plans: outcomes of its rows by verdict, those that count and the others."""

    table_id: str
    table_version: str
    plans: int
    counted: Mapping[Verdict, int]
    uncounted: Mapping[Verdict, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultsSummary(ByValue):
    """What the plans of an archive came to.

    Parameters
    ----------
    plans
        All of them, checked or not.
    states, verdicts
        Number of plans by state, and by verdict.
    not_checked
        Reason -> number of plans of which not one row was evaluated.
    loose_files
        RT files that are part of no plan.
    unread
        Rows of folders and files that could not be looked into: of what is in them nothing is known.
    review
        What stands against a pass -> number of plans that have it, whatever their verdict.
    tables, rows
        Each table and each row; rows that count first, those that fail most often before the others.
    software
        Program and version that made the results.
    """

    plans: int
    states: Mapping[State, int]
    verdicts: Mapping[Verdict, int]
    not_checked: Mapping[str, int]
    loose_files: int
    unread: int
    review: Mapping[str, int]
    tables: tuple[TableSummary, ...]
    rows: tuple[RowSummary, ...]
    software: tuple[str, ...]

    @property
    def checked(self) -> int:
        """Plans of which at least one row was evaluated."""
        return self.plans - self.states.get(State.NOT_CHECKED, 0)

    def __repr__(self) -> str:
        """Plans and their verdicts, then each row with its own: one screen."""
        verdicts = ", ".join(f"{number} {verdict}" for verdict, number in self.verdicts.items())
        heading = f"ResultsSummary of {self.plans} plans, {self.checked} checked: {verdicts}"
        return one_screen(heading, list(map(_line, self.rows)))

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready values, numbers to 6 significant digits."""
        return {
            "schema": SCHEMA,
            "software": list(self.software),
            "plans": self.plans,
            "checked": self.checked,
            "not_checked": dict(self.not_checked),
            "loose_files": self.loose_files,
            "unread": self.unread,
            "states": _by_word(self.states),
            "verdicts": _by_word(self.verdicts),
            "review": dict(self.review),
            "tables": [_table_dict(table) for table in self.tables],
            "rows": [_row_dict(row) for row in self.rows],
        }


def _line(row: RowSummary) -> str:
    outcomes = ", ".join(f"{number} {verdict}" for verdict, number in row.verdicts.items())
    return f"{row.organ} {row.metric} ({row.table_id}/{row.row_id}): {outcomes}; not asked {row.not_asked}"


def summary(path: str | PathLike[str]) -> ResultsSummary:
    """Sum up what `batch` wrote; of any number of rows, a few thousand are in memory at a time.

    Parameters
    ----------
    path
        The outcomes, CSV or Parquet; the plans stand beside them, as `batch` wrote both.

    Raises
    ------
    InputError
        A file cannot be read or is none of `batch`, or outcomes and plans are not of one run.
    """
    file = path_of(path, "the results of batch")
    _refuse_other_run(file)
    plans = _Plans()
    for cells in rows_of(path_of_table(file, Table.PLANS), Table.PLANS, _OF_PLANS):
        plans.add(cells, file)
    rows: dict[tuple[Any, ...], _Row] = {}
    seen = np.zeros((len(plans.number), 1 + len(_COUNTED)), dtype=np.int64)
    for cells in rows_of(file, Table.OUTCOMES, _OF_OUTCOMES):
        _add_outcomes(cells, rows, plans, seen, file)
    if not np.array_equal(seen, np.array(plans.expected, dtype=np.int64).reshape(seen.shape)):
        what = "has not the outcomes that the table of plans beside it says: they are not of one run, or not whole"
        raise InputError(what, str(file), _MIXED)
    return _summary(plans, rows)


def _refuse_other_run(file: Path) -> None:
    """`InputError` where the tables that stand side by side say that they are of different runs."""
    is_parquet(file)
    runs = {table: said_of(path) for table in Table if os.path.exists(path := path_of_table(file, table))}  # noqa: PTH110 - Path.exists raises on names that no file can have
    if len({said.get(RUN) for said in runs.values()}) > 1:
        raise InputError(f"{' and '.join(runs)} beside each other are of different runs", str(file), _MIXED)
    if Table.PLANS not in runs and Table.OUTCOMES in runs:
        what = f"the table of plans, {path_of_table(file, Table.PLANS).name}, is not beside it"
        raise InputError(what, str(file), "give both files as sbrtcheck batch wrote them")


class _Plans:
    """What the table of plans says, by and by."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.expected: list[tuple[int, ...]] = []
        self.states: Counter[State] = Counter()
        self.verdicts: Counter[Verdict] = Counter()
        self.not_checked: Counter[str] = Counter()
        self.review: Counter[str] = Counter()
        self.software: set[str] = set()

    def add(self, cells: Iterable[Cells], file: Path) -> None:
        for key, state, reason, verdict, reasons, software, *numbers in cells:
            if self.number.setdefault(key, len(self.number)) < len(self.expected):
                raise InputError(f"the plan {key} is in the table of plans twice", str(file), _MIXED)
            if None in (key, *numbers):
                raise InputError(f"a cell of the plan {key} is empty that never is", str(file), _MIXED)
            self.expected.append((numbers[0], *numbers[1:5]))
            self.software.add(software or "an unknown program")
            if state not in tuple(State):
                raise InputError(f"the state {state!r} of a plan is none", str(file), _MIXED)
            self.states[State(state)] += 1
            if not State(state).is_of_plan:
                continue
            self.verdicts[_verdict(verdict, file, _OF_A_PLAN)] += 1
            if State(state) not in _STATES_OF[verdict]:
                raise InputError(f"the plan {key} is {state}, and its verdict {verdict}", str(file), _MIXED)
            if state == State.NOT_CHECKED:
                self.not_checked[reason or NotChecked.NOTHING_EVALUATED] += 1
            self.review.update(_review_codes(reasons or ""))


def _review_codes(reasons: str) -> set[str]:
    """What stands against a pass, each once a plan: the words that reasons begin with."""
    return {code for code in ReviewCode if f" | {reasons}".find(f" | {code}: ") >= 0}


def _verdict(word: str, file: Path, known: Collection[Verdict] = tuple(Verdict)) -> Verdict:
    if word not in known:
        raise InputError(f"the verdict {word!r} is none", str(file), _MIXED)
    return _VERDICTS[word]


_VERDICTS: Mapping[str, Verdict] = {str(verdict): verdict for verdict in Verdict}
_NUMBERS = {verdict: at for at, verdict in enumerate(_COUNTED, start=1)}


@dataclass(slots=True)
class _Row:
    """One row of a table, while outcomes come in."""

    has_plan: bytearray  # by number of the plan, 1 where it has an outcome of the row
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    not_expected: int = 0
    limits: tuple[float, float] | None = None
    margins: array[float] = field(default_factory=lambda: array("d"))

    def add(self, plan: int, verdict: Verdict, rest: Sequence[Any]) -> None:
        limit, margin, reason, applies = rest
        self.has_plan[plan] = 1
        self.verdicts[verdict] += 1
        if verdict is Verdict.NOT_EVALUATED:
            self.reasons[reason or ""] += 1
            self.not_expected += not applies
        elif margin is not None:  # no verdict rests on a value that was not evaluated, as of a part in the dose grid
            self.margins.append(margin)
        if limit is not None:
            low, high = self.limits or (limit, limit)
            self.limits = min(low, limit), max(high, limit)


def _add_outcomes(
    cells: Iterable[Cells], rows: dict[tuple[Any, ...], _Row], plans: _Plans, seen: np.ndarray[Any, Any], file: Path
) -> None:
    at: list[int] = []
    verdicts: list[int] = []
    for one in cells:
        plan = plans.number.get(one[0])
        if plan is None:
            what = f"the plan {one[0]} of an outcome is not in the table of plans: they are not of one run"
            raise InputError(what, str(file), _MIXED)
        verdict = _VERDICTS.get(one[9]) or _verdict(one[9], file)
        at.append(plan)
        verdicts.append(_NUMBERS.get(verdict, 0))
        if one[1] is not None:  # else of a plan that was not checked
            key = one[1:9]
            row = rows.get(key)
            if row is None:
                if None in (*key[:5], key[7]):
                    raise InputError(f"a cell of the plan {one[0]} is empty that never is", str(file), _MIXED)
                row = rows[key] = _Row(bytearray(len(plans.number)))
            row.add(plan, verdict, one[10:])
    np.add.at(seen, (at, 0), 1)
    of_kind = np.array(verdicts)
    np.add.at(seen, (np.array(at)[of_kind > 0], of_kind[of_kind > 0]), 1)


# -------------------------------------------------------------------------------- sums


def _summary(plans: _Plans, rows: Mapping[tuple[Any, ...], _Row]) -> ResultsSummary:
    number = sum(plans.verdicts.values())
    summed = sorted((_row_summary(key, row, number) for key, row in rows.items()), key=_worst_first)
    return ResultsSummary(
        plans=number,
        states={state: plans.states[state] for state in State if state.is_of_plan and plans.states[state]},
        verdicts={verdict: plans.verdicts[verdict] for verdict in _OF_A_PLAN if plans.verdicts[verdict]},
        not_checked=_most_first(plans.not_checked),
        loose_files=plans.states[State.NO_PLAN],
        unread=plans.states[State.UNREAD],
        review=_most_first(plans.review),
        tables=_tables(summed, rows),
        rows=tuple(summed),
        software=tuple(sorted(plans.software)),
    )


def _most_first(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _row_summary(key: tuple[Any, ...], row: _Row, plans: int) -> RowSummary:
    table_id, version, row_id, organ, metric, sense, unit, counts = key
    return RowSummary(
        table_id=table_id,
        table_version=version,
        row_id=row_id,
        organ=organ,
        metric=metric,
        sense=sense,
        unit=unit,
        counts=bool(counts),
        verdicts=_in_order(row.verdicts),
        not_asked=plans - sum(row.has_plan),
        not_expected=row.not_expected,
        reasons=_most_first(row.reasons),
        limits=row.limits,
        margins=margins_of(row.margins) if len(row.margins) else None,
    )


def _in_order(verdicts: Counter[Verdict]) -> dict[Verdict, int]:
    return {verdict: verdicts[verdict] for verdict in Verdict if verdicts[verdict]}


def _worst_first(row: RowSummary) -> tuple[Any, ...]:
    """Rows that count before others; by fails, then by variations, then by the table."""
    fails, variations = (row.verdicts.get(verdict, 0) for verdict in (Verdict.FAIL, Verdict.VARIATION))
    return not row.counts, -fails, -variations, row.table_id, row.row_id, row.organ, row.metric


def _tables(summed: Sequence[RowSummary], rows: Mapping[tuple[Any, ...], _Row]) -> tuple[TableSummary, ...]:
    plans: dict[tuple[str, str], np.ndarray[Any, Any]] = {}
    for key, row in rows.items():
        has_plan = np.frombuffer(row.has_plan, dtype=np.uint8)
        plans[key[:2]] = plans.get(key[:2], 0) | has_plan
    counted: dict[tuple[str, str], dict[bool, Counter[Verdict]]] = {}
    for one in summed:
        table = counted.setdefault((one.table_id, one.table_version), {True: Counter(), False: Counter()})
        table[one.counts].update(one.verdicts)
    return tuple(
        TableSummary(
            table_id=key[0],
            table_version=key[1],
            plans=int(plans[key].sum()),
            counted=_in_order(found[True]),
            uncounted=_in_order(found[False]),
        )
        for key, found in sorted(counted.items())
    )


# -------------------------------------------------------------------------------- as a dictionary


def _by_word(counted: Mapping[Any, int]) -> dict[str, int]:
    return {str(word): number for word, number in counted.items()}


def _table_dict(table: TableSummary) -> dict[str, Any]:
    return {
        "table_id": table.table_id,
        "table_version": table.table_version,
        "plans": table.plans,
        "counted": _by_word(table.counted),
        "uncounted": _by_word(table.uncounted),
    }


def _row_dict(row: RowSummary) -> dict[str, Any]:
    margins = row.margins
    return {
        "table_id": row.table_id,
        "table_version": row.table_version,
        "row_id": row.row_id,
        "organ": row.organ,
        "metric": row.metric,
        "sense": row.sense,
        "unit": row.unit,
        "counts": row.counts,
        "of_all": row.of_all,
        "evaluated": row.evaluated,
        "verdicts": _by_word(row.verdicts),
        "not_asked": row.not_asked,
        "not_expected": row.not_expected,
        "reasons": dict(row.reasons),
        "limits": None if row.limits is None else list(map(rounded, row.limits)),
        "margins": None if margins is None else margins_dict(margins),
    }

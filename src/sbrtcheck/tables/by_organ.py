"""Tables -> their limits organ by organ, one line an organ and metric, and which limit of a line is the strictest.

A line has what may be compared by its numbers alone: limits on the same organ (`organ_of`), the same metric, the same
kind of dose, to the same side; those that a source calls optimal by themselves. The dose in the hottest 0.03 cc is
another metric than that in the hottest 0.035 cc: two lines, one below the other. A limit in percent of the prescription
has a line of its own, and so has a critical volume.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sbrtcheck.structure_names import is_target_name
from sbrtcheck.tables.limits import LimitByVolume, Sense
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint, ExpectedOrgan, Priority, Select, holds_at

RowKey = tuple[str, str]
"""Id of a table, and of a row of it."""

_LESS_TARGET = re.compile(r"-(GTV|ITV|CTV|PTV)\w*$")
_METRIC = re.compile(r"(\D+)([\d.]*)([^\[]*)(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLimit:
    """A row as a limit of a line: of which table, whether it counts, and whether it is the strictest that counts."""

    table_id: str
    row: Constraint
    counts: bool
    strictest: bool = False

    @property
    def key(self) -> RowKey:
        """Which row of which table it is."""
        return self.table_id, self.row.id


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganLine:
    """Limits of several tables that may be compared: of one organ and one metric.

    ``undecided``: none is marked as the strictest, for that depends on a volume of the plan.
    """

    organ: str
    limits: tuple[TableLimit, ...]
    undecided: bool = False

    @property
    def row(self) -> Constraint:
        """A row with the metric of all."""
        return self.limits[0].row

    @property
    def strictest(self) -> tuple[TableLimit, ...]:
        """The strictest limit that counts; several that are the same, or none."""
        return tuple(limit for limit in self.limits if limit.strictest)

    def of_table(self, table_id: str) -> tuple[TableLimit, ...]:
        """What one table has to say."""
        return tuple(limit for limit in self.limits if limit.table_id == table_id)


def organ_of(row: Constraint) -> str:
    """What a row is about, as a text that is the same for rows whose limits may be compared.

    Names of an organ without its target, such as ``Lungs-GTV`` and ``Lungs-ITV``, are one organ, for a plan has one of
    them; the whole organ is another. Parts that may be missing (``optional``) do not make another organ. The two sides
    of an organ judged one by one are not the two together, and a row for one side or one sex is not one for both. Of
    organs to choose from, one that is put together from parts names all.

    Examples
    --------
    >>> from sbrtcheck.tables import load_table
    >>> [row] = [row for row in load_table("rtog-0813").rows if row.id == "lungs-dc1500cc"]
    >>> row.structures, organ_of(row)
    (('Lungs-ITV', 'Lungs-GTV'), 'Lungs less target')
    """
    return ", ".join(filter(None, (_structures_of(row), row.side, row.sex)))


def _structures_of(row: Constraint) -> str:
    if row.select is not Select.FIRST:
        names = [name for name in row.structures if name not in row.optional]
        return _joined(names, " + " if row.select is Select.UNION else ", ")
    # parts that are the organ together name it; what stands beside them is the organ contoured as one
    put_together = [choice for choice in row.choices if len(choice.required) > 1]
    return " or ".join(dict.fromkeys(_joined(choice.required, " + ") for choice in put_together or row.choices))


def _joined(names: Iterable[str], between: str) -> str:
    return between.join(dict.fromkeys(_LESS_TARGET.sub(" less target", name) for name in names))


def lines_by_organ(
    tables: Sequence[ConstraintTable],
    *,
    sites: Sequence[str] = (),
    expected: Sequence[ExpectedOrgan] = (),
    include_unconfirmed: bool = False,
    limits_used: Mapping[RowKey, float | None] | None = None,
) -> tuple[OrganLine, ...]:
    """Set the limits of several tables side by side.

    Parameters
    ----------
    tables
        In the order that limits of a line are given in.
    sites
        Rows for another site are left out; none: all rows are taken.
    expected
        Organs that come first, after targets, in this order.
    include_unconfirmed
        Rows that are not confirmed by two readings count as well.
    limits_used
        The limit of a row that depends on a volume, as it is for one plan; None where it has none for that plan.

    Returns
    -------
    tuple of OrganLine
        Targets first; the lines of an organ by metric, then by its number.
    """
    grouped: dict[tuple[object, ...], list[TableLimit]] = {}
    for table in tables:
        for row in rows_at(table, sites):
            counts = row.counts(include_unconfirmed=include_unconfirmed)
            grouped.setdefault(_comparable(row), []).append(TableLimit(table_id=table.id, row=row, counts=counts))
    lines = [_line(limits, limits_used or {}) for limits in grouped.values()]
    order = {organ: n for n, organ in enumerate(dict.fromkeys(line.organ for line in lines))}
    return tuple(sorted(lines, key=lambda line: (*_group(line.row, expected), order[line.organ], *_by_metric(line))))


def _comparable(row: Constraint) -> tuple[object, ...]:
    """The same for rows whose limits may be compared by their numbers."""
    is_optimal = row.priority is Priority.OPTIMAL  # to be kept where it can be: no limit that must be is as strict
    return organ_of(row), str(row.metric), row.quantity, row.alpha_beta_gy, row.is_upper_limit, is_optimal


def _group(row: Constraint, expected: Sequence[ExpectedOrgan]) -> tuple[int, int]:
    """Targets, then expected organs, then all others."""
    if all(map(is_target_name, row.structures)):
        return 0, 0
    places = (n for n, organ in enumerate(expected) if organ.is_any_of(row.structures))
    place = next(places, None)
    return (2, 0) if place is None else (1, place)


def _by_metric(line: OrganLine) -> tuple[str, str, float, str]:
    """By kind of metric and its unit, then by its number: D0.03cc, D0.035cc, D5cc; a Max goes before a Mean."""
    match = _METRIC.fullmatch(str(line.row.metric))
    if match is None:
        return str(line.row.metric), "", 0.0, ""
    kind, number, unit, answer = match.groups()
    return kind, unit, float(number) if number.strip(".") else -math.inf, answer


# -------------------------------------------------------------------------------- the strictest


def _line(limits: Sequence[TableLimit], limits_used: Mapping[RowKey, float | None]) -> OrganLine:
    ranges = {limit.key: _range(limit, limits_used) for limit in limits if limit.counts}
    known = {key: ends for key, ends in ranges.items() if ends is not None}
    strictest = {key for key in known if all(_is_as_strict(known[key], other) for other in known.values())}
    marked = tuple(
        TableLimit(table_id=limit.table_id, row=limit.row, counts=limit.counts, strictest=limit.key in strictest)
        for limit in limits
    )
    return OrganLine(organ=organ_of(limits[0].row), limits=marked, undecided=bool(known) and not strictest)


Strictness = tuple[float, bool]
"""How strict a limit is: the smaller, the stricter; of two equal numbers the one that may not be reached."""


def _range(limit: TableLimit, limits_used: Mapping[RowKey, float | None]) -> tuple[Strictness, Strictness] | None:
    """The strictest and the loosest that a limit may be; None where there is none for the plan."""
    row = limit.row
    used = limits_used.get(limit.key, row.limit)
    if used is None:
        return None
    numbers = [step.limit for step in used.steps] if isinstance(used, LimitByVolume) else [used]
    sign = 1.0 if row.is_upper_limit else -1.0
    may_be_reached = row.sense in (Sense.AT_MOST, Sense.AT_LEAST)
    strictness = sorted((sign * number, may_be_reached) for number in numbers)
    return strictness[0], strictness[-1]


def _is_as_strict(one: tuple[Strictness, Strictness], other: tuple[Strictness, Strictness]) -> bool:
    """Whether a limit is at least as strict as another, whatever the volumes; a limit is as strict as itself."""
    return one is other or one[1] <= other[0]


# -------------------------------------------------------------------------------- what counts


def rows_at(table: ConstraintTable, sites: Sequence[str]) -> tuple[Constraint, ...]:
    """The rows of a table that hold at one of these sites; at any where none is named."""
    return tuple(row for row in table.rows if any(holds_at(row.site, site) for site in sites or ("",)))


def organs_that_count(rows: Iterable[Constraint]) -> tuple[str, ...]:
    """Organs with a limit that counts, each once, in the order of the rows."""
    return tuple(dict.fromkeys(organ_of(row) for row in rows if row.counts(include_unconfirmed=False)))


def without_limit(rows: Iterable[Constraint], expected: Iterable[ExpectedOrgan]) -> tuple[ExpectedOrgan, ...]:
    """Those of the expected organs on which no row counts."""
    counting = [row for row in rows if row.counts(include_unconfirmed=False)]
    return tuple(organ for organ in expected if not any(organ.is_any_of(row.structures) for row in counting))

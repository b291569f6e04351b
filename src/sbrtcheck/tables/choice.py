"""Tables and sites that a user names, and a plan's prescription -> the tables that the plan is checked against.

What is not used is a part of the answer: which tables of the site, and why.

Beside that, what is refused before a plan is read: a site without a list of organs, a name for an unknown organ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from os import PathLike
from typing import Any

from sbrtcheck.errors import NamesError, TableError, UnknownTableError
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.progress import log_step
from sbrtcheck.structure_names import known_names, normalise, similar_organs
from sbrtcheck.tables.load import TableHead, bundled_heads, bundled_table, bundled_tables, load_table
from sbrtcheck.tables.table import ConstraintTable, fractions_text
from sbrtcheck.tables.values import MULTI, Sites

TableName = str | PathLike[str] | ConstraintTable | Mapping[str, Any]
"""A table, or its id, its path, its YAML text or its values; see `load_table`."""


def load_tables(table: TableName | Sequence[TableName] | None) -> tuple[ConstraintTable, ...]:
    """Load one table or several, by id, path, or as they are; errors as for `load_table`."""
    if table is None:
        return ()
    is_one = isinstance(table, str | PathLike | ConstraintTable | Mapping | bytes) or not isinstance(table, Iterable)
    several: Iterable[TableName] = (table,) if is_one else table  # type: ignore[assignment]
    with log_step("tables") as set_summary:
        loaded = tuple(given if isinstance(given, ConstraintTable) else load_table(given) for given in several)
        set_summary(_versions(loaded))
    return loaded


def bundled_of(ids: Sequence[str]) -> tuple[ConstraintTable, ...]:
    """The bundled tables of these ids, in this order; read once, for a batch asks for every plan."""
    return load_tables(list(map(bundled_table, ids)))


def distinct(tables: Iterable[ConstraintTable]) -> tuple[ConstraintTable, ...]:
    """The same tables; `TableError` where two have one id, so that a report could not tell them apart."""
    tables = tuple(tables)
    for id_, number in Counter(table.id for table in tables).items():
        if number > 1:
            raise TableError(f"{number} tables have the id {id_!r}", hint="give each table once, with an id of its own")
    return tables


def _versions(tables: Sequence[ConstraintTable]) -> str:
    return ", ".join(f"{table.id} {table.version} ({len(table.rows)} rows)" for table in tables) or "none"


# -------------------------------------------------------------------------------- tables that hold


class WhyLeftOut(StrEnum):
    """Why a plan is not checked against a bundled table; stable, for programs."""

    FRACTIONS = "other number of fractions"
    SITE = "other site"
    PROFILE = "not in the profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLeftOut:
    """A bundled table that is not used, for which numbers of fractions it is (none: for every number), and why not."""

    id: str
    site: str
    fractions: tuple[int, ...]
    why: WhyLeftOut

    def holds_for(self, fractions: int | None) -> bool:
        """Whether it may be used for a plan of so many fractions; None: the number is not known."""
        return not self.fractions or fractions in self.fractions


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChoice:
    """The tables that a plan is checked against; and the others of its site, where nobody named the tables."""

    tables: tuple[ConstraintTable, ...]
    left_out: tuple[TableLeftOut, ...] = ()


def tables_that_hold(sites: Sequence[str] | None, fractions: Collection[int] | None) -> TableChoice:
    """Divide the bundled tables: those that hold for one of these sites and numbers of fractions; and all others.

    Parameters
    ----------
    sites
        Tables of site ``multi`` hold for each of them; None: for any.
    fractions
        Numbers of fractions; None: any.
    """
    holding, left_out = _heads_that_hold(sites, fractions)
    return TableChoice(tables=tuple(bundled_table(head.id) for head in holding), left_out=left_out)


def _heads_that_hold(
    sites: Sequence[str] | None, fractions: Collection[int] | None
) -> tuple[tuple[TableHead, ...], tuple[TableLeftOut, ...]]:
    """The same, by their heads: a table that is not used need not be read."""
    why = {head.id: _why_left_out(head, sites, fractions) for head in bundled_heads()}
    return (
        tuple(head for head in bundled_heads() if why[head.id] is None),
        tuple(_left_out(head, reason) for head in bundled_heads() if (reason := why[head.id])),
    )


def _why_left_out(
    table: TableHead, sites: Sequence[str] | None, fractions: Collection[int] | None
) -> WhyLeftOut | None:
    if sites is not None and table.site not in (*sites, MULTI):
        return WhyLeftOut.SITE
    if fractions is not None and not any(map(table.holds_for, fractions)):
        return WhyLeftOut.FRACTIONS
    return None


def _left_out(table: TableHead, why: WhyLeftOut) -> TableLeftOut:
    return TableLeftOut(id=table.id, site=table.site, fractions=table.fractions, why=why)


def tables_of_sites(sites: Sequence[str], *prescriptions: Prescription | UnknownPrescription) -> TableChoice:
    """Choose the bundled tables of the sites that hold for the fraction number of one of the prescriptions at least.

    Raises
    ------
    UnknownTableError
        No number of fractions is known, or no table holds for one of them.
    """
    numbers = known_fractions(prescriptions)
    asked = " or ".join(map(repr, sites))
    if not numbers:
        raise UnknownTableError(
            f"the plan's number of fractions is unknown, so no table of site {asked} can be chosen",
            hint="give the prescription like '50Gy/5', or name the tables",
        )
    with log_step("tables of the site") as set_summary:
        chosen = tables_that_hold(sites, numbers)
        choice = replace(chosen, left_out=_of_sites(chosen.left_out))
        if not any(table.fractions for table in choice.tables):  # one for any number limits no dose: not enough
            what = f"no bundled table of site {asked} holds for {' or '.join(map(str, numbers))} fractions"
            raise UnknownTableError(what, hint=f"{nearest_text(choice.left_out, numbers[0])}; {NOT_CONVERTED}")
        set_summary(_versions(choice.tables))
    return choice


def tables_of_profile(tables: Sequence[ConstraintTable], site: str, fractions: Collection[int]) -> TableChoice:
    """Use these tables, those of a profile and any named beside it, and say which others of its site there are.

    Parameters
    ----------
    tables
        What the plan is checked against.
    site
        Of the profile.
    fractions
        Of the plan, or of several plans.
    """
    used = {table.id for table in tables}
    holding, others = _heads_that_hold((site,), fractions)
    beside = (_left_out(table, WhyLeftOut.PROFILE) for table in holding)
    left_out = (table for table in (*beside, *_of_sites(others)) if table.id not in used)
    return TableChoice(tables=tuple(tables), left_out=tuple(sorted(left_out, key=lambda table: table.id)))


def known_fractions(prescriptions: Iterable[Prescription | UnknownPrescription]) -> tuple[int, ...]:
    """The numbers of fractions that are known, each once."""
    return tuple(dict.fromkeys(rx.fractions for rx in prescriptions if rx.fractions is not None))


def _of_sites(left_out: Iterable[TableLeftOut]) -> tuple[TableLeftOut, ...]:
    """Without the tables of other sites, which nobody would look for."""
    return tuple(table for table in left_out if table.why is not WhyLeftOut.SITE)


NOT_CONVERTED = (
    "no limit is converted to another number of fractions: that takes an alpha/beta for each organ, which the tables' "
    "sources do not print, and the linear-quadratic model is not validated for it (docs/explanation/limits.md)"
)
"""Why a plan with a number of fractions of its own is not checked against tables for others."""


def nearest_text(tables: Sequence[TableLeftOut], fractions: int) -> str:
    """Name the nearest numbers of fractions, below and above, that these tables are for, and the tables.

    Examples
    --------
    >>> table = TableLeftOut(id="mine", site="lung", fractions=(3, 5), why=WhyLeftOut.FRACTIONS)
    >>> nearest_text([table], 4)
    'the nearest are for 3 fractions (mine) and 5 fractions (mine)'
    >>> nearest_text([table], 10)
    'the nearest are for 5 fractions (mine), and none for more'
    """
    numbers = {number for table in tables for number in table.fractions}
    below = max((number for number in numbers if number < fractions), default=None)
    above = min((number for number in numbers if number > fractions), default=None)
    if below is None and above is None:
        return "there is none for any number of fractions"
    texts = [_for_number(tables, number) for number in (below, above) if number is not None]
    missing = ", and none for more" if above is None else ", and none for fewer" if below is None else ""
    return f"the nearest are for {' and '.join(texts)}{missing}"


def _for_number(tables: Sequence[TableLeftOut], number: int) -> str:
    named = ", ".join(
        f"{table.id}{' for many sites' if table.site == MULTI else ''}" for table in tables if number in table.fractions
    )
    return f"{fractions_text((number,))} ({named})"


# -------------------------------------------------------------------------------- what is refused


def check_sites(asked: Sequence[str], sites: Sites, tables: Sequence[ConstraintTable] = ()) -> None:
    """Refuse a site for which neither the lists nor a table have expected organs, with `UnknownTableError`."""
    sites_of_tables = {table.site for table in tables if table.expects}
    for site in asked:
        if site not in sites_of_tables:
            sites.site(site)


def check_names(names: Mapping[str, str], tables: Sequence[ConstraintTable], *, file: str | None = None) -> None:
    """Refuse a name for an organ that nobody asks for: neither known of TG-263, nor of a table given or bundled.

    Raises
    ------
    NamesError
        With the organs that may have been meant; or for a name that is no text. Its place is ``file``, if there is one.
    """
    place = "" if file is None else file
    for organ, name in names.items():
        if not isinstance(name, str):
            raise NamesError(f"the name of {organ!r} is no text", place, "write a ROI's number like 'ROI 6'")
    organs = known_names() | organs_of_tables(tables)
    if _names_without_organ(names, organs):  # the bundled tables are read only when they are needed
        organs |= organs_of_tables(bundled_tables())
    unknown = _names_without_organ(names, organs)
    if not unknown:
        return
    similar = similar_organs(unknown[0], organs)
    hint = (
        f"did you mean {' or '.join(map(repr, similar))}?"
        if similar
        else "give the organ's TG-263 name, or the table's"
    )
    raise NamesError(f"no table has an organ {unknown[0]!r}, nor is it a TG-263 name known here", place, hint)


def organs_of_tables(tables: Sequence[ConstraintTable]) -> set[str]:
    """Every organ that a row of the tables is on."""
    return {organ for table in tables for row in table.rows for organ in row.structures}


def _names_without_organ(names: Iterable[str], organs: Iterable[str]) -> list[str]:
    normalised = {normalise(organ) for organ in organs}
    return sorted(name for name in names if normalise(name) not in normalised)

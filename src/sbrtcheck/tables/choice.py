"""Tables and sites that a user names, and a plan's prescription -> the tables that the plan is checked against.

Beside that, what is refused before a plan is read: a site without a list of organs, a name for an unknown organ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath

from sbrtcheck.errors import NamesError, TableError, UnknownTableError
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.progress import log_step
from sbrtcheck.structure_names import known_names, normalise, similar_organs
from sbrtcheck.tables.load import bundled_tables, load_table
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import MULTI, Sites

TableName = str | PathLike[str] | ConstraintTable
"""A table, or its id, or its path."""


def load_tables(table: TableName | Sequence[TableName] | None) -> tuple[ConstraintTable, ...]:
    """Load one table or several, by id, path, or as they are; errors as for `load_table`."""
    if table is None:
        return ()
    several = (table,) if isinstance(table, str | PathLike | ConstraintTable) else table
    with log_step("tables") as set_summary:
        loaded = tuple(given if isinstance(given, ConstraintTable) else load_table(fspath(given)) for given in several)
        set_summary(_versions(loaded))
    return loaded


def distinct(tables: Iterable[ConstraintTable]) -> tuple[ConstraintTable, ...]:
    """The same tables; `TableError` where two have one id, so that a report could not tell them apart."""
    tables = tuple(tables)
    for id_, number in Counter(table.id for table in tables).items():
        if number > 1:
            raise TableError(f"{number} tables have the id {id_!r}", hint="give each table once, with an id of its own")
    return tables


def _versions(tables: Sequence[ConstraintTable]) -> str:
    return ", ".join(f"{table.id} {table.version} ({len(table.rows)} rows)" for table in tables) or "none"


def tables_of_sites(
    sites: Sequence[str], *prescriptions: Prescription | UnknownPrescription
) -> tuple[ConstraintTable, ...]:
    """Bundled tables of the sites that hold for the fraction number of one of the prescriptions at least.

    Raises
    ------
    UnknownTableError
        The number of fractions is unknown, or no table holds for it; of several prescriptions, for any.
    """
    by_id: dict[str, ConstraintTable] = {}
    errors: list[UnknownTableError] = []
    for rx in prescriptions:
        try:
            by_id |= {table.id: table for table in _tables_for_prescription(sites, rx)}
        except UnknownTableError as error:
            errors.append(error)
    if errors and len(errors) == len(prescriptions):
        raise errors[0]
    return tuple(by_id.values())


def _tables_for_prescription(
    sites: Sequence[str], rx: Prescription | UnknownPrescription
) -> tuple[ConstraintTable, ...]:
    with log_step("tables of the site") as set_summary:
        fitting = _tables_for_fractions(sites, rx)
        set_summary(_versions(fitting))
    return fitting


def _tables_for_fractions(sites: Sequence[str], rx: Prescription | UnknownPrescription) -> tuple[ConstraintTable, ...]:
    asked = " or ".join(map(repr, sites))
    if rx.fractions is None:
        raise UnknownTableError(
            f"the plan's number of fractions is unknown, so no table of site {asked} can be chosen",
            hint="give the prescription like '50Gy/5', or name the tables",
        )
    of_site = [table for table in bundled_tables() if table.site in (*sites, MULTI)]
    fitting = tuple(table for table in of_site if table.holds_for(rx.fractions))
    if not any(table.fractions for table in fitting):  # one for any number limits no dose: not enough to check a plan
        raise UnknownTableError(
            f"no bundled table of site {asked} holds for {rx.fractions} fractions", hint=f"there are: {_ids(of_site)}"
        )
    return fitting


def _ids(tables: Sequence[ConstraintTable]) -> str:
    return ", ".join(f"{table.id} ({table.fractions_text('/')})" for table in tables)


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

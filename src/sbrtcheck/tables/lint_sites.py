"""Sites, and tables with sites -> remarks on what loads and cannot be meant: unknown sites, organs without a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sbrtcheck.structure_names import known_names
from sbrtcheck.suggest import suggest
from sbrtcheck.tables.document import read_document
from sbrtcheck.tables.shape_faults import nearest
from sbrtcheck.tables.slips import Level, Slip
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import MULTI, ExpectedOrgan, Sites


def is_sites(raw: bytes) -> bool:
    """Whether the bytes are of a file of sites: ``sites`` is a key at its top, and a table's ``rows`` is not.

    Examples
    --------
    >>> is_sites(b"{id: own, sites: []}"), is_sites(b"{id: own, rows: []}"), is_sites(b"note: of all sites")
    (True, False, False)
    """
    if b"sites" not in raw:
        return False
    data = read_document(raw).data
    return isinstance(data, dict) and "sites" in data and "rows" not in data


def site_slips(sites: Sites, tables: Sequence[ConstraintTable]) -> Iterator[tuple[int, int, Slip]]:
    """What seems wrong with each site's organs, with the positions of site and organ."""
    named = {name for table in tables for row in table.rows for name in row.structures}
    for n, site in enumerate(sites.sites):
        site_tables = [table for table in tables if table.site in (site.id, MULTI)]
        for m, organ in enumerate(site.expects):
            slips = (
                *_unknown_names(organ, named),
                *_without_row(organ, site_tables, f"no table of site '{site.id}' has a row for"),
            )
            yield from ((n, m, slip) for slip in slips)


def table_slips(table: ConstraintTable, sites: Iterable[str]) -> Iterator[Slip]:
    """What seems wrong with the sites and expected organs of a table; ``sites`` are the ids that are known."""
    site_ids = {*sites, MULTI}
    if table.site not in site_ids and not table.expects:
        hint = "list the organs that a plan must have in expects, or the site in a file of sites"
        yield _warning(f"site '{table.site}' has no list of expected organs", _suggestion(table.site, site_ids, hint))
    named = {name for row in table.rows for name in row.structures}
    for organ in table.expects:
        yield from _unknown_names(organ, named)
        yield from _without_row(organ, [table], "no row of the table is of")


def row_site_slips(only_site: str | None, table: ConstraintTable, sites: Iterable[str]) -> Iterator[Slip]:
    """A row or a statement that holds for a site which no plan will be given."""
    site_ids = {*sites, *((table.site,) if table.site != MULTI else ())}
    if only_site is not None and only_site not in site_ids:
        hint = _suggestion(only_site, site_ids, "no plan will be of that site")
        yield _warning(f"site '{only_site}' is in no file of sites", hint)


def _suggestion(site: str, known: Iterable[str], otherwise: str) -> str:
    return suggest(site, known) or otherwise


def _unknown_names(organ: ExpectedOrgan, named: Iterable[str]) -> Iterator[Slip]:
    all_names = known_names() | {*named}
    for name in organ.structures:
        if name not in all_names:
            suggestion = nearest(name, sorted(all_names))
            hint = f"did you mean '{suggestion}'?" if suggestion else "the organ is looked for under exactly this name"
            yield _warning(f"'{name}' is no TG-263 name, and no table has it", hint)


def _without_row(organ: ExpectedOrgan, tables: Iterable[ConstraintTable], nobody: str) -> Iterator[Slip]:
    """An organ that must be contoured, and of which nothing is then checked."""
    rows = (row for table in tables for row in table.rows)
    if all(set(organ.structures).isdisjoint(row.structures) for row in rows):
        yield _warning(f"{nobody} {organ.organ}", "it is asked for, and its dose is not checked")


def _warning(what: str, hint: str) -> Slip:
    return Slip(level=Level.WARNING, what=what, hint=hint)

"""Tables and what the caller says of the treatment site in; the site, and the organs expected there, out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from sbrtcheck.results.plan_site import SHA_SHOWN, UNKNOWN_SITE, PlanSite, SiteOrigin
from sbrtcheck.tables import Constraint, ConstraintTable, Sites, load_sites
from sbrtcheck.tables.values import MULTI


def site_of(tables: Sequence[ConstraintTable], given: Sequence[str], sites: Sites | None = None) -> PlanSite:
    """The site that the caller gives; else that of the tables, if they agree on one.

    Parameters
    ----------
    tables
        A table's own list of expected organs takes the place of that of its site; tables of site ``multi`` say nothing.
    given
        Sites that the caller names; none to take that of the tables.
    sites
        The organs expected at each site; the shipped ones when None.

    Raises
    ------
    UnknownTableError
        No such site is known.
    """
    known = load_sites() if sites is None else sites
    of_tables = {table.site for table in tables} - {MULTI}
    ids = tuple(dict.fromkeys(given)) or (tuple(of_tables) if len(of_tables) == 1 else ())
    origin = SiteOrigin.GIVEN if given else SiteOrigin.TABLE
    mine = [table for table in tables if table.site in ids]
    own = [table for table in mine if table.expects]
    # the list of a site holds, too, where one of its tables has none of its own
    listed = [one for one in ids if not any(table.site == one for table in own) or len(own) < len(mine)]
    of_lists = [known.site(one) for one in listed if given or one in known.ids]
    if not ids or (not of_lists and not own):
        return UNKNOWN_SITE
    return PlanSite(
        ids=ids,
        origin=origin,
        expects=tuple(chain.from_iterable([one.expects for one in of_lists] + [one.expects for one in own])),
        lists=(*([_file_text(known)] if of_lists else []), *map(_table_text, own)),
        known=known.ids,
    )


def _file_text(sites: Sites) -> str:
    return f"{sites.id}, version {sites.version}, sha256 {sites.sha256[:SHA_SHOWN] or 'unknown'}"


def _table_text(table: ConstraintTable) -> str:
    return f"table {table.id}, version {table.version}"


def rows_for(table: ConstraintTable, site: PlanSite) -> tuple[Constraint, ...]:
    """The rows of a table that hold at the site."""
    return tuple(row for row in table.rows if site.holds(row.site))

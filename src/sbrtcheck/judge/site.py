"""Tables and what the caller says of the treatment site in; the site, and the organs expected there, out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from sbrtcheck.plan import Finding, FindingCode, Sex, UnknownSex
from sbrtcheck.results.plan_site import SHA_SHOWN, UNKNOWN_SITE, PlanSite, SiteOrigin
from sbrtcheck.tables import Constraint, ConstraintTable, Sites, load_sites
from sbrtcheck.tables.values import MULTI


def site_of(tables: Sequence[ConstraintTable], named_ids: Sequence[str], sites: Sites | None = None) -> PlanSite:
    """The site that the caller gives; else that of the tables, if they agree on one.

    Parameters
    ----------
    tables
        A table's own list of expected organs replaces that of its site; tables of site ``multi`` say nothing.
    named_ids
        Sites that the caller names; none to use that of the tables.
    sites
        The organs expected at each site; the shipped ones when None.

    Raises
    ------
    UnknownTableError
        No such site is known.
    """
    all_sites = load_sites() if sites is None else sites
    table_ids = {table.site for table in tables} - {MULTI}
    # tables of two sites leave open which of them the plan is of: then no site is known
    ids = tuple(dict.fromkeys(named_ids)) or (tuple(table_ids) if len(table_ids) == 1 else ())
    origin = SiteOrigin.GIVEN if named_ids else SiteOrigin.TABLE
    site_tables = [table for table in tables if table.site in ids]
    listing_tables = [table for table in site_tables if table.expects]
    # a table's own list replaces that of its site, unless another table of the site has no list and relies on it
    listed_ids = [
        id_
        for id_ in ids
        if not any(table.site == id_ for table in listing_tables) or len(listing_tables) < len(site_tables)
    ]
    site_lists = [all_sites.site(id_) for id_ in listed_ids if named_ids or id_ in all_sites.ids]
    if not ids or (not site_lists and not listing_tables):
        return UNKNOWN_SITE
    return PlanSite(
        ids=ids,
        origin=origin,
        expects=tuple(
            chain.from_iterable([site.expects for site in site_lists] + [table.expects for table in listing_tables])
        ),
        lists=(*([_file_text(all_sites)] if site_lists else []), *map(_table_text, listing_tables)),
        known=all_sites.ids,
    )


def _file_text(sites: Sites) -> str:
    return f"{sites.id}, version {sites.version}, sha256 {sites.sha256[:SHA_SHOWN] or 'unknown'}"


def _table_text(table: ConstraintTable) -> str:
    return f"table {table.id}, version {table.version}"


def rows_for(table: ConstraintTable, site: PlanSite, sex: Sex | UnknownSex) -> tuple[Constraint, ...]:
    """The rows of a table that hold at the site, and for a patient of that sex: all of them where it is not known."""
    return tuple(row for row in table.rows if site.holds(row.only_site) and _holds_for_sex(row, sex))


def _holds_for_sex(row: Constraint, sex: Sex | UnknownSex) -> bool:
    return row.sex is None or isinstance(sex, UnknownSex) or row.sex is sex


def unasked_findings(rows: Iterable[Constraint], site: PlanSite) -> tuple[Finding, ...]:
    """Organs of the site that the user states, which no row of the tables is about: nothing was checked of them."""
    if site.origin is not SiteOrigin.GIVEN:  # a table that states its own site has the organs that its authors mean
        return ()
    asked = {name for row in rows for name in row.structures}
    organs = [organ.organ for organ in site.expects if not organ.is_any_of(asked)]
    if not organs:
        return ()
    text = f"no row of these tables is on what is expected at {site}: {', '.join(dict.fromkeys(organs))}"
    return (Finding(code=FindingCode.OTHER, text=text),)

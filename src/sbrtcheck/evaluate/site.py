"""Tables and what the caller says of the treatment site in; the site, and the organs expected there, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from sbrtcheck.table import MULTI, Constraint, ConstraintTable, ExpectedOrgan, Sites, holds_at, load_sites
from sbrtcheck.tg263 import TARGETS

SHA_SHOWN = 12  # enough of a SHA-256 to tell files apart by eye


class SiteOrigin(StrEnum):
    """Where the treatment site of a report comes from."""

    GIVEN = "given"
    TABLE = "table"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSite:
    """The treatment site that a plan is judged for, and the organs that a plan of it is expected to have.

    ``ids`` has one site, several where the caller named several, and none where it is not known: then every organ of
    every row is expected. ``lists`` says where the organs are listed: a file of sites with its version, or a table;
    ``known`` are all sites that are listed there.
    """

    ids: tuple[str, ...] = ()
    origin: SiteOrigin = SiteOrigin.UNKNOWN
    expects: tuple[ExpectedOrgan, ...] = ()
    lists: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    def holds(self, site: str) -> bool:
        """Whether what is for one site only is for this one; what names none is for all.

        A site that nobody knows, a slip of the pen perhaps, leaves nothing out.
        """
        return not self.ids or site not in self.known or any(holds_at(site, mine) for mine in self.ids)

    def expects_one_of(self, structures: Sequence[str]) -> bool:
        """Whether one of these structures is of an organ that every plan of the site is expected to have.

        A plan is made for its PTV, wherever that is.
        """
        if not self.ids or "PTV" in structures:
            return True
        expected = {name for organ in self.expects for name in organ.structures}
        return any(name in expected for name in structures if name not in TARGETS)

    def __str__(self) -> str:
        return ", ".join(self.ids) or "unknown"


UNKNOWN_SITE = PlanSite()


def site_of(tables: Sequence[ConstraintTable], given: Sequence[str], sites: Sites | None = None) -> PlanSite:
    """The site that the caller gives; else that of the tables, if they agree on one.

    Parameters
    ----------
    tables
        A table's own list of expected organs goes before that of its site; tables of site ``multi`` say nothing.
    given
        Sites that the caller names; none to take that of the tables.
    sites
        The organs expected at each site; the shipped ones when None.

    Raises
    ------
    UnknownTableError
        No such site is known.
    """
    own = [table for table in tables if table.expects]
    if given:
        known = load_sites() if sites is None else sites
        of_lists = [known.site(site) for site in dict.fromkeys(given) if site not in {table.site for table in own}]
        of_own = [table for table in own if table.site in given]
        return PlanSite(
            ids=tuple(dict.fromkeys(given)),
            origin=SiteOrigin.GIVEN,
            expects=tuple(chain.from_iterable([one.expects for one in of_lists] + [one.expects for one in of_own])),
            lists=(*([_file_text(known)] if of_lists else []), *map(_table_text, of_own)),
            known=known.ids,
        )
    of_tables = {table.site for table in tables} - {MULTI}
    if len(of_tables) != 1:
        return UNKNOWN_SITE
    (site,) = of_tables
    known = load_sites() if sites is None else sites
    if not own and site not in known.ids:
        return UNKNOWN_SITE
    expects = tuple(organ for table in own for organ in table.expects) or known.site(site).expects
    lists = tuple(map(_table_text, own)) or (_file_text(known),)
    return PlanSite(ids=(site,), origin=SiteOrigin.TABLE, expects=expects, lists=lists, known=known.ids)


def _file_text(sites: Sites) -> str:
    return f"{sites.id}, version {sites.version}, sha256 {sites.sha256[:SHA_SHOWN] or 'unknown'}"


def _table_text(table: ConstraintTable) -> str:
    return f"table {table.id}, version {table.version}"


def rows_for(table: ConstraintTable, site: PlanSite) -> tuple[Constraint, ...]:
    """The rows of a table that hold at the site."""
    return tuple(row for row in table.rows if site.holds(row.site))

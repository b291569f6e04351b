"""Tables and what the caller says of the treatment site in; the site, and the organs expected there, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.table import MULTI, Constraint, ConstraintTable, ExpectedOrgan, Sites, holds_at, load_sites
from sbrtcheck.tg263 import TARGETS


class SiteOrigin(StrEnum):
    """Where the treatment site of a report comes from."""

    GIVEN = "given"
    TABLE = "table"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSite:
    """The treatment site that a plan is judged for, and the organs that a plan of it is expected to have.

    ``ids`` has one site, several where the caller named several, and none where it is not known: then every organ of
    every row is expected.
    """

    ids: tuple[str, ...] = ()
    origin: SiteOrigin = SiteOrigin.UNKNOWN
    expects: tuple[ExpectedOrgan, ...] = ()

    def holds(self, site: str) -> bool:
        """Whether what is for one site only is for this one; what names none is for all."""
        return not self.ids or any(holds_at(site, mine) for mine in self.ids)

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
        listed = {site: known.site(site).expects for site in given if site not in {table.site for table in own}}
        expects = (*(organ for organs in listed.values() for organ in organs), *_own(own, given))
        return PlanSite(ids=tuple(dict.fromkeys(given)), origin=SiteOrigin.GIVEN, expects=expects)
    of_tables = {table.site for table in tables} - {MULTI}
    if len(of_tables) != 1:
        return UNKNOWN_SITE
    (site,) = of_tables
    known = load_sites() if sites is None else sites
    if not own and site not in known.ids:
        return UNKNOWN_SITE
    expects = _own(own, (site,)) or known.site(site).expects
    return PlanSite(ids=(site,), origin=SiteOrigin.TABLE, expects=expects)


def _own(tables: Sequence[ConstraintTable], sites: Sequence[str]) -> tuple[ExpectedOrgan, ...]:
    """What tables of these sites list themselves."""
    return tuple(organ for table in tables if table.site in sites for organ in table.expects)


def rows_for(table: ConstraintTable, site: PlanSite) -> tuple[Constraint, ...]:
    """The rows of a table that hold at the site."""
    return tuple(row for row in table.rows if site.holds(row.site))

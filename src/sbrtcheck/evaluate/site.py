"""Tables and what the caller says of the treatment site in; the site, and the organs expected there, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from sbrtcheck.table import Constraint, ConstraintTable, ExpectedOrgan, Sites, holds_at, load_sites
from sbrtcheck.table.values import MULTI
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
        organs = set(structures).difference(TARGETS)
        return any(organ.is_any_of(organs) for organ in self.expects)

    def __str__(self) -> str:
        return ", ".join(self.ids) or "unknown"


UNKNOWN_SITE = PlanSite()


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

"""The treatment site that a plan is judged for, and the organs expected there: frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.formatting import one_screen
from sbrtcheck.structure_names import TARGETS
from sbrtcheck.tables import ExpectedOrgan

SHA_SHOWN = 12
"""So many characters of a SHA-256 are enough to tell files apart by eye."""


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

    def holds(self, only_site: str | None) -> bool:
        """Whether what is for one site only is for this one; None: it is for all.

        A site that nobody knows, a slip of the pen perhaps, leaves nothing out.
        """
        return not self.ids or only_site is None or only_site not in self.known or only_site in self.ids

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

    def __repr__(self) -> str:
        organs = ", ".join(organ.organ for organ in self.expects) if self.ids else "every organ"
        return one_screen(f"PlanSite: {self}, {self.origin}", [f"expects: {organs}"])


UNKNOWN_SITE = PlanSite()

"""Which structures of a plan were matched to the organs of tables: frozen values."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from sbrtcheck.formatting import one_screen
from sbrtcheck.structure_names.matches import StructureMatch, match_words
from sbrtcheck.structure_names.roi_name import RoiName


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganName:
    """One organ of the tables.

    ``rows`` are ids of table and row, ``rtog-0813/heart-max``; ``needed`` is False where all its rows name several
    organs to choose from and the plan has one that goes before it; ``given_name`` is the name that the user gave,
    None where there is none.
    """

    organ: str
    rows: tuple[str, ...]
    match: StructureMatch
    needed: bool
    given_name: str | None = None

    @property
    def given(self) -> str:
        """``given_name`` as text, empty for none."""
        return "" if self.given_name is None else self.given_name

    @property
    def taken(self) -> StructureMatch:
        """The old name of ``match``."""
        text = "OrganName.taken is now OrganName.match; the old name goes with version 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.match


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNames:
    """All organs of the tables in the tables' order, the structures that no row uses, and what is worth a look."""

    organs: tuple[OrganName, ...]
    unused: tuple[RoiName, ...]
    remarks: tuple[str, ...]

    def __repr__(self) -> str:
        """Each organ with its structure, then what no row uses: one screen."""
        organs = [
            f"{one.organ}: {match_words(one.match)}{'' if one.needed else ' (not needed)'}" for one in self.organs
        ]
        unused = ", ".join(roi.name for roi in self.unused)
        heading = f"PlanNames: {len(self.organs)} organs; structures that no row uses: {unused or 'none'}"
        return one_screen(heading, [*self.remarks, *organs])

"""Which structures of a plan were matched to the organs of tables: frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.structure_names.matching import Ambiguous, Match, NoMatch, Recipe, RoiName


@dataclass(frozen=True, slots=True, kw_only=True)
class Separate:
    """Several targets apart from one another, each of them the organ."""

    organ: str
    rois: tuple[RoiName, ...]


Taken = Match | Separate | Recipe | NoMatch | Ambiguous


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganName:
    """One organ of the tables.

    ``rows`` are ids of table and row, ``rtog-0813/heart-max``; ``needed`` is False where all its rows name several
    organs to choose from and the plan has one that goes before it; ``given`` is the name that the user gave.
    """

    organ: str
    rows: tuple[str, ...]
    taken: Taken
    needed: bool
    given: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNames:
    """All organs of the tables in the tables' order, the structures that no row uses, and what is worth a look."""

    organs: tuple[OrganName, ...]
    unused: tuple[RoiName, ...]
    remarks: tuple[str, ...]

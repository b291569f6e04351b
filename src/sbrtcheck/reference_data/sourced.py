"""What every rule and parameter set has: where it is printed, who read it, and what a reader should know."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.tables.readings import READINGS_NEEDED
from sbrtcheck.tables.shipped import Entry
from sbrtcheck.tables.values import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced(Entry):
    """Base of rules and parameter sets; ``confirmed_by`` are the independent readings of the source."""

    id: str
    endpoint: str
    citation: str
    where: str
    confirmed_by: tuple[str, ...]
    note: str

    @property
    def source(self) -> Source:
        """Where it is printed."""
        return Source(citation=self.citation, where=self.where)

    @property
    def confirmed(self) -> bool:
        """Whether two independent readings agree."""
        return len(self.confirmed_by) >= READINGS_NEEDED

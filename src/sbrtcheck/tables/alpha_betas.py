"""What was read of the α/β of tissues and tumours: ``constraints/alpha-beta.yaml`` as values, for lint alone."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.tables.shipped import Entry, read_shipped

_FILE = "alpha-beta.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueRatio(Entry):
    """The ends of all values of α/β, and of their 95 % intervals, that were read for a tissue, in Gy.

    ``late_only``: intervals of measured values stand behind it, all of late harm, so that more cannot be meant.
    """

    tissue: str
    structures: tuple[str, ...]
    lowest_gy: float
    highest_gy: float
    source: str
    late_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TumourRatio(Entry):
    """The same for all tumours together; ``highest_value_gy`` is without the ends of intervals."""

    lowest_gy: float
    highest_value_gy: float
    highest_gy: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaBetas(Entry):
    """All of the file."""

    id: str
    version: str
    title: str
    tissues: tuple[TissueRatio, ...]
    tumours: TumourRatio


def read_alpha_betas() -> AlphaBetas:
    """Read the shipped file."""
    return read_shipped(_FILE, AlphaBetas)

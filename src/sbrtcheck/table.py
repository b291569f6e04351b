"""YAML -> ConstraintTable: every row with its source, all faults of a file at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.metric import Metric


class Sense(StrEnum):
    """The word a limit is written with; strict and not strict are kept apart as printed."""

    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"


class Kind(StrEnum):
    """What a row is for: only limits give verdicts that count."""

    LIMIT = "limit"
    RISK = "risk"  # a risk point or observational threshold: reported, never pass or fail
    ADVISORY = "advisory"


class Status(StrEnum):
    """Whether a row may be relied on."""

    OK = "ok"
    DISPUTED = "disputed"  # shipped, shown, never counts; the note says why


class Select(StrEnum):
    """How the structures of a row are taken."""

    EACH = "each"  # one outcome for every structure named
    UNION = "union"  # the structures together are one organ
    FIRST = "first"  # the first that the plan has, in this order


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a number is printed."""

    citation: str
    doi: str = ""
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One row of a table.

    ``limit`` and ``acceptable`` are in the metric's unit; ``acceptable`` (None: no variation allowed) is the looser
    limit of a protocol's acceptable variation, same ``sense``. ``if_smaller`` holds where a printed "no more than v cc
    above d" makes a structure smaller than v cc satisfy the row by logic. ``confirmed_by`` names the two independent
    readings; empty means a single reading: the row is advisory.
    """

    id: str
    structures: tuple[str, ...]
    select: Select
    organ: str  # as the source prints it
    metric: Metric
    sense: Sense
    limit: float
    acceptable: float | None = None
    kind: Kind = Kind.LIMIT
    status: Status = Status.OK
    mandatory: bool = False
    volume_threshold: bool = False  # printed as "no more than v cc above d Gy": smaller than v cc satisfies it by logic
    endpoint: str = ""
    source: Source
    confirmed_by: tuple[str, ...] = ()
    note: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintTable:
    """One published table.

    ``fractions`` are the fraction numbers it holds for; ``sha256`` is of the file's bytes with LF line ends.
    """

    id: str
    version: str
    title: str
    site: str
    fractions: tuple[int, ...]
    sources: tuple[Source, ...]
    rows: tuple[Constraint, ...]
    note: str = ""
    sha256: str = ""
    path: str = ""  # as given by the user; "bundled" for the shipped ones


def load_table(table: str) -> ConstraintTable:
    """A bundled table by id, or a YAML file by path."""
    raise NotImplementedError


def bundled_tables() -> tuple[ConstraintTable, ...]:
    """All shipped tables, by id."""
    raise NotImplementedError

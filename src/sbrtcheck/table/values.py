"""What a constraint table is: frozen values, nothing of how it was written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.metric import Metric
from sbrtcheck.radiobiology import Quantity

READINGS_NEEDED = 2  # independent readings of the source that make a row confirmed: one reader may misread


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

    Parameters
    ----------
    id
        Unique in the table.
    structures, select
        TG-263 names (or the clinic's own), and how they are taken.
    organ
        As the source prints it.
    metric, sense, limit
        ``limit`` is in the metric's unit.
    acceptable
        Looser limit of a protocol's acceptable variation, same sense and unit; None: no variation is allowed.
    mandatory
        A plan without a value for this row has not been checked.
    volume_threshold
        Printed as "no more than v cc above d Gy": a structure smaller than v cc satisfies it by logic.
    endpoint
        What the limit protects from.
    confirmed_by
        The independent readings of the source.
    line
        Of the row in its file, counted from 1.
    quantity, alpha_beta_gy
        What the doses of metric and limit are; EQD2 and BED are for an α/β, Gy, and the plan's number of fractions.
    """

    id: str
    structures: tuple[str, ...]
    select: Select
    organ: str
    metric: Metric
    sense: Sense
    limit: float
    acceptable: float | None = None
    kind: Kind = Kind.LIMIT
    status: Status = Status.OK
    mandatory: bool = False
    volume_threshold: bool = False
    endpoint: str = ""
    source: Source
    confirmed_by: tuple[str, ...] = ()
    note: str = ""
    line: int = 0
    quantity: Quantity = Quantity.PHYSICAL
    alpha_beta_gy: float | None = None

    @property
    def confirmed(self) -> bool:
        """Whether two independent readings of the source agree; otherwise the row is advisory."""
        return len(self.confirmed_by) >= READINGS_NEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintTable:
    """One published table.

    ``fractions`` are the fraction numbers it holds for; ``sha256`` is of the file's bytes with LF line ends; ``path``
    is as given by the user, ``"bundled"`` for the shipped ones.
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
    path: str = ""

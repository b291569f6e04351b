"""What lint says of a row or a table, before its place is put to it; and what its rules ask rows for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.structure_names import TARGETS
from sbrtcheck.tables.limits import LimitByVolume
from sbrtcheck.tables.values import Constraint

# What gives a slip away, to several rules; neither is a dose limit.
MAX_GY = 150.0  # far more than any course of SBRT: the number is in cGy
MAX_FRACTION = 2.0  # a percentage this small is a fraction: 0.95 for 95 %


class Level(StrEnum):
    """How sure a remark is."""

    ERROR = "error"  # the row cannot be meant as written: no plan is checked against it
    WARNING = "warning"  # it may, and a reader should be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A remark on a row, before its place is put to it."""

    level: Level
    what: str
    hint: str


def error(what: str, hint: str) -> Slip:
    """What cannot be meant."""
    return Slip(level=Level.ERROR, what=what, hint=hint)


def warning(what: str, hint: str) -> Slip:
    """What may be meant, and looks like a slip."""
    return Slip(level=Level.WARNING, what=what, hint=hint)


def is_target(row: Constraint) -> bool:
    """Whether the row is of a target: more dose is better there."""
    return all(name.upper().startswith(TARGETS) for name in row.structures)


def first_limit(row: Constraint) -> float:
    """The limit as typed, to look for slips; of a limit by volume the first, which shows them as well as any."""
    return row.limit.steps[0].limit if isinstance(row.limit, LimitByVolume) else row.limit


def same_doses(first: Constraint, second: Constraint) -> bool:
    """Whether the doses of two rows are the same quantity, so that their numbers can be compared."""
    return (first.quantity, first.alpha_beta_gy) == (second.quantity, second.alpha_beta_gy)


def summary(row: Constraint) -> str:
    """Metric, sense and limit, as typed."""
    return f"'{row.metric}' {row.sense} {first_limit(row):g}"


def printed(row: Constraint) -> str:
    """The words of the row that say what it is on: its organ as printed, and its id."""
    return f"{row.organ} {row.id.replace('-', ' ')}"

"""Shipped YAML -> rules for a course that follows another one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from sbrtcheck.metric import Metric, parse
from sbrtcheck.tables.shipped import read_shipped
from sbrtcheck.tables.values import READINGS_NEEDED, Sense, Source

if TYPE_CHECKING:
    from sbrtcheck.reference_data.reirradiation_shape import LimitFile, RuleFile

FILE = "reirradiation.yaml"


class Part(StrEnum):
    """What a limit of a rule is on."""

    CUMULATIVE = "cumulative"  # all courses together
    COURSE = "course"  # the course looked at, alone
    RATIO = "ratio"  # of the course to all together
    INTERVAL = "interval_months"  # since the last course


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLimit:
    """One limit of a rule."""

    id: str
    of: Part
    sense: Sense
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReirradiationRule:
    """Limits that hold together, in EQD2 for one α/β, for courses of the fraction numbers named.

    ``structures`` are TG-263 names, the first that the plan has is taken.
    """

    id: str
    title: str
    organ: str
    structures: tuple[str, ...]
    metric: Metric
    alpha_beta_gy: float
    fractions: tuple[int, ...]
    endpoint: str
    limits: tuple[PartLimit, ...]
    source: Source
    confirmed_by: tuple[str, ...]
    note: str

    @property
    def confirmed(self) -> bool:
        """Whether two independent readings agree."""
        return len(self.confirmed_by) >= READINGS_NEEDED


@cache
def load_reirradiation_rules() -> tuple[ReirradiationRule, ...]:
    """Load the shipped rules."""
    from sbrtcheck.reference_data.reirradiation_shape import ReirradiationFile

    return tuple(map(_rule, read_shipped(FILE, ReirradiationFile).rules))


def _rule(one: RuleFile) -> ReirradiationRule:
    return ReirradiationRule(
        id=one.id,
        title=one.title,
        organ=one.organ,
        structures=tuple(one.structures),
        metric=parse(one.metric),
        alpha_beta_gy=one.alpha_beta,
        fractions=tuple(one.fractions),
        endpoint=one.endpoint,
        limits=tuple(map(_limit, one.limits)),
        source=Source(citation=one.citation, where=one.where),
        confirmed_by=tuple(one.confirmed_by),
        note=one.note,
    )


def _limit(one: LimitFile) -> PartLimit:
    sense = Sense.AT_MOST if one.at_most is not None else Sense.AT_LEAST
    return PartLimit(id=one.id, of=Part(one.of), sense=sense, limit=one.at_most or one.at_least or 0.0)

"""``reirradiation.yaml`` -> rules for a course that follows another one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from sbrtcheck.metric import Metric, parse
from sbrtcheck.reference_data.sourced import Sourced
from sbrtcheck.tables.limits import Sense
from sbrtcheck.tables.shipped import Entry, read_shipped

FILE = "reirradiation.yaml"


class Part(StrEnum):
    """What a limit of a rule is on."""

    CUMULATIVE = "cumulative"  # all courses together
    COURSE = "course"  # the course looked at, alone
    RATIO = "ratio"  # of the course to all together
    INTERVAL = "interval_months"  # since the last course


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLimit(Entry):
    """One limit of a rule."""

    id: str
    of: Part
    sense: Sense
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReirradiationRule(Sourced):
    """Limits that hold together, in EQD2 for one α/β, for courses of the fraction numbers named.

    ``structures`` are TG-263 names, the first that the plan has is used. ``metric_text`` is the metric in TG-263 text.
    """

    title: str
    organ: str
    structures: tuple[str, ...]
    metric_text: str
    alpha_beta_gy: float
    fractions: tuple[int, ...]
    limits: tuple[PartLimit, ...]

    @property
    def metric(self) -> Metric:
        """What is asked of the structure's dose."""
        return parse(self.metric_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File(Entry):
    id: str
    version: str
    rules: tuple[ReirradiationRule, ...]


@cache
def load_reirradiation_rules() -> tuple[ReirradiationRule, ...]:
    """Load the shipped rules."""
    return read_shipped(FILE, _File).rules

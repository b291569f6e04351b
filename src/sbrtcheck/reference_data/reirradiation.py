"""``reirradiation.yaml`` -> rules for a course that follows another one, and what was stated of such courses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from sbrtcheck.formatting import fields_on_screen
from sbrtcheck.metric import Metric, parse
from sbrtcheck.radiobiology import Quantity, eqd2_of_bed
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
class StatedDose(Entry):
    """A cumulative dose, Gy, and the organ that the source says it is of; ``""``: the source does not say."""

    of: str = ""
    dose_gy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated(Sourced):
    """Cumulative doses that a source states or observed, none of them a limit.

    ``quantity`` and ``alpha_beta_gy`` say what the doses are, None where the source does not; ``not_said`` is what else
    a reader would have to know.
    """

    statement: str
    doses: tuple[StatedDose, ...]
    quantity: Quantity | None = None
    alpha_beta_gy: float | None = None
    patients: str
    not_said: str

    @property
    def eqd2s_gy(self) -> tuple[float, ...]:
        """The doses in EQD2, by formula, where the source says that they are BED and for which α/β; else none."""
        if self.quantity is not Quantity.BED or self.alpha_beta_gy is None:
            return ()
        return tuple(eqd2_of_bed(dose.dose_gy, alpha_beta_gy=self.alpha_beta_gy) for dose in self.doses)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReirradiationStatements(Entry):
    """What was stated of courses that follow another one at one site, where nothing read is a limit: no verdicts.

    A plan with one of ``structures`` (TG-263 names) contoured is of the site.
    """

    id: str
    title: str
    site: str
    structures: tuple[str, ...]
    note: str
    stated: tuple[Stated, ...]

    def __repr__(self) -> str:
        return fields_on_screen(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File(Entry):
    id: str
    version: str
    rules: tuple[ReirradiationRule, ...]
    statements: tuple[ReirradiationStatements, ...]


@cache
def load_reirradiation_rules() -> tuple[ReirradiationRule, ...]:
    """Load the shipped rules."""
    return read_shipped(FILE, _File).rules


@cache
def load_reirradiation_statements() -> tuple[ReirradiationStatements, ...]:
    """Load what was stated of courses that follow another one, and is no limit."""
    return read_shipped(FILE, _File).statements

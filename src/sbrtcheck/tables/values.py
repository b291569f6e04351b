"""What a constraint table is: frozen values, nothing of how it was written."""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sbrtcheck.metric import Metric
from sbrtcheck.radiobiology import Quantity

if TYPE_CHECKING:
    from sbrtcheck.chart.points import CurvePoint, NotDrawn
    from sbrtcheck.dvh import DVHSet

READINGS_NEEDED = 2  # independent readings of the source that make a row confirmed: one reader may misread
MULTI = "multi"  # the site of tables whose rows span the body; no site of a plan


class Sense(StrEnum):
    """The word a limit is written with; strict and not strict are kept apart as printed."""

    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"

    @property
    def is_upper(self) -> bool:
        """Whether a value has to stay below a limit that is written with this word."""
        return self in (Sense.BELOW, Sense.AT_MOST)


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
class Step:
    """What a row allows at one volume of the target, in cc; between two printed steps it is interpolated."""

    volume_cc: float
    limit: float
    acceptable: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VeffStep:
    """What a row allows up to an effective volume of its organ, in percent; nothing is interpolated."""

    veff_percent: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRule:
    """The source prints nothing for this volume, and why."""

    detail: str


def holds_at(own: str, site: str) -> bool:
    """Whether what holds for one site (``""``: for every one) is about a plan of this site (``""``: unknown).

    Of a plan whose site is unknown nothing is left out.

    Examples
    --------
    >>> holds_at("liver", "lung"), holds_at("liver", "liver"), holds_at("", "lung"), holds_at("liver", "")
    (False, True, True, True)
    """
    return not own or not site or own == site


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicianItem:
    """A statement of a source that no plan can answer: for a person to check; ``site`` as of a `Constraint`."""

    text: str
    source: Source
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedOrgan:
    """An organ without which a plan has not been checked, and what asks for it: a source, or a choice with its reason.

    Parameters
    ----------
    organ
        For people.
    structures
        TG-263 names (or the clinic's own) that the organ has in plans and tables.
    together
        Those of ``structures`` that are the organ only together, such as the left and the right lung.
    source, choice
        Exactly one of them: what asks for the organ; or why it is expected although no source does.
    """

    organ: str
    structures: tuple[str, ...]
    together: tuple[str, ...] = ()
    source: Source | None = None
    choice: str = ""

    def is_any_of(self, structures: Collection[str]) -> bool:
        """Whether one of these structures, such as a row's, is a name of the organ."""
        return not set(self.structures).isdisjoint(structures)

    def is_contoured(self, contoured: Collection[str]) -> bool:
        """Whether the organ is among the contoured structures: under one of its names, or with all parts of it.

        Examples
        --------
        >>> sides = ("Lung_L", "Lung_R")
        >>> lungs = ExpectedOrgan(organ="Lungs", structures=("Lungs", *sides), together=sides)
        >>> lungs.is_contoured({"Lungs"}), lungs.is_contoured({"Lung_L", "Lung_R"}), lungs.is_contoured({"Lung_L"})
        (True, True, False)
        """
        whole = any(name in contoured for name in self.structures if name not in self.together)
        return whole or (bool(self.together) and all(name in contoured for name in self.together))


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
    optional
        Those of the ``structures`` of a union that may be missing: the organ is whole without them.
    site
        The one treatment site that the row holds for; ``""``: every site.
    endpoint
        What the limit protects from.
    confirmed_by
        The independent readings of the source.
    steps
        The limits by the volume of the target, volumes rising; ``limit`` and ``acceptable`` are then those of the
        first, and hold for no plan.
    veff_steps
        The limits by the effective volume of the organ, volumes rising; ``limit`` is then that of the first.
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
    optional: tuple[str, ...] = ()
    site: str = ""
    endpoint: str = ""
    source: Source
    confirmed_by: tuple[str, ...] = ()
    note: str = ""
    steps: tuple[Step, ...] = ()
    veff_steps: tuple[VeffStep, ...] = ()
    line: int = 0
    quantity: Quantity = Quantity.PHYSICAL
    alpha_beta_gy: float | None = None

    def at_target_volume(self, volume_cc: float) -> Step | NoRule:
        """Give what the row allows for a target of this volume, in cc: linear between the printed steps.

        Outside the printed volumes there is no rule. A row without steps allows the same for every volume.
        """
        if not self.steps:
            return Step(volume_cc=volume_cc, limit=self.limit, acceptable=self.acceptable)
        first, last = self.steps[0].volume_cc, self.steps[-1].volume_cc
        if not first <= volume_cc <= last:
            return NoRule(detail=f"the rule is printed for targets of {first:g} to {last:g} cc, not {volume_cc:.4g} cc")
        above = bisect_left(self.steps, volume_cc, key=lambda step: step.volume_cc)
        return _between(self.steps[max(above - 1, 0)], self.steps[above], volume_cc)

    def at_effective_volume(self, veff_percent: float) -> VeffStep | NoRule:
        """Give the step that an effective volume, in percent, falls on: the first that reaches it."""
        reaching = (step for step in self.veff_steps if veff_percent <= step.veff_percent)
        last = self.veff_steps[-1].veff_percent if self.veff_steps else 0.0
        return next(reaching, NoRule(detail=f"the rule ends at {last:g} %, and this is {veff_percent:.4g} %"))

    @property
    def is_upper_limit(self) -> bool:
        """Whether the value has to stay below the limit."""
        return self.sense.is_upper

    @property
    def is_upper(self) -> bool:
        """The old name of `is_upper_limit`."""
        text = "Constraint.is_upper is now is_upper_limit; the old name goes with version 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.is_upper_limit

    def counts(self, *, include_unconfirmed: bool) -> bool:
        """Whether the row may decide the verdict of a plan: a limit, not disputed, and confirmed.

        Parameters
        ----------
        include_unconfirmed
            Rows that are not confirmed by two readings count as well.
        """
        standing = self.kind is Kind.LIMIT and self.status is Status.OK
        return standing and (include_unconfirmed or self.confirmed)

    @property
    def confirmed(self) -> bool:
        """Whether two independent readings of the source agree; otherwise the row is advisory."""
        return len(self.confirmed_by) >= READINGS_NEEDED


def _between(below: Step, above: Step, volume_cc: float) -> Step:
    """Interpolate linearly; exact on the steps themselves."""
    width = above.volume_cc - below.volume_cc
    share = (volume_cc - below.volume_cc) / width if width else 0.0
    limit = _mixed(below.limit, above.limit, share)
    if below.acceptable is None or above.acceptable is None:
        return Step(volume_cc=volume_cc, limit=limit)
    return Step(volume_cc=volume_cc, limit=limit, acceptable=_mixed(below.acceptable, above.acceptable, share))


def _mixed(first: float, second: float, share: float) -> float:
    return first * (1 - share) + second * share


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintTable:
    """One published table.

    ``fractions`` are the fraction numbers it holds for, none: for every number; ``for_clinician`` are statements of
    the sources that no plan can answer; ``expects`` are the organs that a plan must have contoured, none: those of the
    ``site``, as `load_sites` gives them; ``sha256`` is of the file's bytes with LF line ends; ``path``
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
    for_clinician: tuple[ClinicianItem, ...] = ()
    expects: tuple[ExpectedOrgan, ...] = ()
    sha256: str = ""
    path: str = ""

    def holds_for(self, fractions: int | None) -> bool:
        """Whether the table may be used for a plan of so many fractions; None: the number is not known."""
        return not self.fractions or fractions in self.fractions

    def points(
        self, dvhs: DVHSet, names: Mapping[str, str] | None = None
    ) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
        """Give the rows as points on the curves of these DVHs, and those that are none; see `DVHSet.plot`."""
        from sbrtcheck.chart.points import NotDrawn
        from sbrtcheck.tables.points import row_points

        if not self.holds_for(dvhs.prescription.fractions):
            reason = f"{self.id} is for {self.fractions_text()}"
            return (), tuple(NotDrawn(label=str(row.metric), reason=reason) for row in self.rows)
        return row_points(self.rows, dvhs, names)

    def fractions_text(self, between: str = ", ") -> str:
        """``"3, 4, 5 fractions"``, ``"1 fraction"`` or ``"any number of fractions"``."""
        if not self.fractions:
            return "any number of fractions"
        return f"{between.join(map(str, self.fractions))} {'fraction' if self.fractions == (1,) else 'fractions'}"

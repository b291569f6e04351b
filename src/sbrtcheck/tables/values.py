"""Rows of a table, their sources, treatment sites and the organs that a plan of them must have: frozen values."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.errors import UnknownTableError
from sbrtcheck.formatting import clean, fields_on_screen, one_screen
from sbrtcheck.metric import Metric
from sbrtcheck.plan import Sex
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.suggest import suggest
from sbrtcheck.tables.limits import (
    FixedLimit,
    Limit,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    LimitByVolume,
    NoRule,
    Sense,
    Step,
    VeffStep,
)
from sbrtcheck.tables.readings import READINGS_NEEDED, Reading, doubts, reader_key

MULTI = "multi"  # the site of tables whose rows span the body; no site of a plan


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
    """How the structures of a row are combined."""

    EACH = "each"  # one outcome for every structure named
    UNION = "union"  # the structures together are one organ
    FIRST = "first"  # the first that the plan has, in this order


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the organs that a row takes the first of: a structure, or several that are the organ together.

    ``optional`` are those of them that are a part of the organ where the plan has them, and need not be there.
    """

    structures: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """The structures that make the organ."""
        return tuple(name for name in self.structures if name not in self.optional)

    def __str__(self) -> str:
        return " + ".join(self.required)


class Priority(StrEnum):
    """How the source wants a limit to be kept."""

    MANDATORY = "mandatory"  # as every limit of a source that knows no priorities
    OPTIMAL = "optimal"  # to be kept where it can be: a plan that does not is a variation, not a fail


class Side(StrEnum):
    """A side of the patient."""

    LEFT = "left"
    RIGHT = "right"


_SIDE_SUFFIX = {Side.LEFT: "_L", Side.RIGHT: "_R"}  # of TG-263


def sides_of(structures: Sequence[str]) -> Mapping[Side, str] | None:
    """The left and the right of two structures by their TG-263 names; None where they are no such pair.

    Examples
    --------
    >>> sides_of(["Kidney_R", "Kidney_L"])[Side.LEFT], sides_of(["Kidney_L", "Lung_R"])
    ('Kidney_L', None)
    """
    by_side = {
        side: name for side, suffix in _SIDE_SUFFIX.items() for name in structures if name.upper().endswith(suffix)
    }
    organs = {name[:-2] for name in by_side.values()}
    return by_side if len(structures) == len(by_side) == len(Side) and len(organs) == 1 else None


class RowSide(StrEnum):
    """Which of a pair of organs a row is on, as seen from the target."""

    IPSILATERAL = "ipsilateral"
    CONTRALATERAL = "contralateral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a number is printed."""

    citation: str
    doi: str = ""
    where: str


class ForSite:
    """Base of the dataclasses that hold for one treatment site or for every one, which their ``site`` says as text."""

    __slots__ = ()
    site: str

    @property
    def only_site(self) -> str | None:
        """The one site that it holds for; None: every site."""
        return self.site or None


def holds_at(limited_to: str, site: str) -> bool:
    """Whether what holds for one site (``""``: for every one) is about a plan of this site (``""``: unknown).

    Of a plan whose site is unknown nothing is left out.

    Examples
    --------
    >>> holds_at("liver", "lung"), holds_at("liver", "liver"), holds_at("", "lung"), holds_at("liver", "")
    (False, True, True, True)
    """
    return not limited_to or not site or limited_to == site


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicianItem(ForSite):
    """A statement of a source that no plan can answer: for a person to check.

    ``site`` and ``readings``, of the numbers in the ``text``, are as of a `Constraint`.
    """

    text: str
    source: Source
    site: str = ""
    readings: tuple[Reading, ...] = ()

    def __repr__(self) -> str:
        return fields_on_screen(self)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A treatment site; without its expected organs a plan of it has not been checked. ``note``: what is left out."""

    id: str
    title: str
    expects: tuple[ExpectedOrgan, ...]
    note: str = ""

    def __repr__(self) -> str:
        """The expected organs, one a line: one screen."""
        organs = [f"{organ.organ}: {', '.join(organ.structures)}" for organ in self.expects]
        return one_screen(f"Site {self.id}: {self.title}", organs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """All of a file; ``sha256`` is of its bytes with LF line ends, ``path`` as given, ``"bundled"`` if shipped."""

    id: str
    version: str
    title: str
    sites: tuple[Site, ...]
    note: str = ""
    sha256: str = ""
    path: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the sites, in the order of the file."""
        return tuple(site.id for site in self.sites)

    def __repr__(self) -> str:
        """The sites, one a line: one screen."""
        sites = [f"{site.id}: {site.title}, {len(site.expects)} organs expected" for site in self.sites]
        return one_screen(f"Sites {self.id} {self.version}: {self.title}", sites)

    def site(self, id_: str) -> Site:
        """The site of that id; `UnknownTableError` with the nearest ids when there is none."""
        for site in self.sites:
            if site.id == id_:
                return site
        hint = f"{suggest(id_, self.ids)} the sites are {', '.join(self.ids)}".strip()
        raise UnknownTableError(f"no site has the id {id_!r}", "" if self.path == "bundled" else self.path, hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint(ForSite):
    """One row of a table.

    Parameters
    ----------
    id
        Unique in the table.
    structures, select
        TG-263 names (or the clinic's own), and how they are combined.
    choices
        Of `Select.FIRST`: what to choose from, in this order; made of ``structures`` one by one where not given.
    organ
        As the source prints it.
    metric, sense, limit
        ``limit`` is a number in the metric's unit, or, where it depends on the volume of the target or on the effective
        volume of the organ, the values of it by volume: no number of theirs holds for every plan.
    acceptable
        Looser limit of a protocol's acceptable variation, same sense and unit; None: no variation is allowed. A limit
        by volume has its own in its steps, and none here.
    mandatory
        A plan without a value for this row has not been checked.
    volume_threshold
        Printed as "no more than v cc above d Gy": a structure smaller than v cc satisfies it by logic.
    optional
        Those of the ``structures`` of a union that may be missing: the organ is whole without them.
    site
        The one treatment site that the row holds for; ``""``: every site.
    side
        Of a left and a right structure: the one on the side of the target, or the other; None: both.
    sex
        The patients whom the row holds for; None: all.
    priority
        How the source wants the limit to be kept; None where it knows no priorities.
    endpoint
        What the limit protects from.
    confirmed_by
        Who read the numbers: the documents of `readings` that agree, one of each reader; or the names that the row of
        a table without evidence gives itself.
    readings
        What documents print for the numbers of the row, whether they agree or not; empty: the table has no evidence.
    line
        Of the row in its file, counted from 1.
    quantity, alpha_beta_gy
        What the doses of metric and limit are; EQD2 and BED are for an α/β, Gy, and the plan's number of fractions.
    """

    id: str
    structures: tuple[str, ...]
    select: Select
    choices: tuple[Choice, ...] = ()
    organ: str
    metric: Metric
    sense: Sense
    limit: Limit
    acceptable: float | None = None
    kind: Kind = Kind.LIMIT
    status: Status = Status.OK
    mandatory: bool = False
    volume_threshold: bool = False
    optional: tuple[str, ...] = ()
    site: str = ""
    side: RowSide | None = None
    sex: Sex | None = None
    priority: Priority | None = None
    endpoint: str = ""
    source: Source
    confirmed_by: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    note: str = ""
    line: int = 0
    quantity: Quantity = Quantity.PHYSICAL
    alpha_beta_gy: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.limit, LimitByVolume) and self.acceptable is not None:
            raise ValueError("the acceptable variation of a limit by volume belongs into its steps")
        if self.select is Select.FIRST and not self.choices:
            object.__setattr__(self, "choices", tuple(Choice(structures=(name,)) for name in self.structures))

    def __repr__(self) -> str:
        return f"<Constraint {clean(f'{self.id}: {self.text}')}>"

    @property
    def metric_text(self) -> str:
        """``D0.035cc[Gy]``, or ``Mean[Gy] EQD2(a/b 3)`` where the doses are not physical ones."""
        if self.alpha_beta_gy is None:
            return str(self.metric)
        return f"{self.metric} {self.quantity}(a/b {self.alpha_beta_gy:.4g})"

    @property
    def text(self) -> str:
        """``SpinalCord D0.035cc[Gy] below 26`` in one line, with ``(unconfirmed)`` and the like before it.

        What makes a row worth less comes first: a long line may be cut off.
        """
        standing = {
            "unconfirmed": not self.confirmed,
            str(self.status): self.status is not Status.OK,
            str(self.kind): self.kind is not Kind.LIMIT,
        }
        said = ", ".join(word for word, holds in standing.items() if holds)
        joint = {Select.EACH: ", ", Select.UNION: " + ", Select.FIRST: " or "}[self.select]
        names = joint.join(map(str, self.choices) if self.choices else self.structures)
        limit = "by volume" if isinstance(self.limit, LimitByVolume) else f"{self.limit:.6g}"
        also = [
            *([] if self.acceptable is None else [f"acceptable {self.acceptable:.6g}"]),
            *(str(word) for word in (self.priority, self.side, self.sex) if word is not None),
            *([f"site {self.site}"] if self.site else []),
        ]
        asked = f"{names} {self.metric_text} {self.sense.replace('_', ' ')} {limit}"
        asked += f" ({', '.join(also)})" if also else ""
        return f"({said}) {asked}" if said else asked

    @property
    def steps(self) -> tuple[Step, ...]:
        """The limits by the volume of the target, volumes rising; empty where the limit does not depend on it."""
        return self.limit.steps if isinstance(self.limit, LimitByTargetVolume) else ()

    @property
    def veff_steps(self) -> tuple[VeffStep, ...]:
        """The limits by the effective volume of the organ, volumes rising; empty where the limit does not."""
        return self.limit.steps if isinstance(self.limit, LimitByEffectiveVolume) else ()

    def at_target_volume(self, volume_cc: float) -> Step | NoRule:
        """Give what the row allows for a target of this volume, in cc: linear between the printed steps.

        Outside the printed volumes there is no rule. A row whose limit is a number allows the same for every volume.
        """
        match self.limit:
            case LimitByTargetVolume() as limit:
                return limit.at(volume_cc)
            case LimitByEffectiveVolume():
                return NoRule(detail="the limit depends on the effective volume, not on that of the target")
            case limit:
                return Step(volume_cc=volume_cc, limit=limit, acceptable=self.acceptable)

    def at_effective_volume(self, veff_percent: float) -> VeffStep | NoRule:
        """Give the step that an effective volume, in percent, falls on: the first that reaches it."""
        if isinstance(self.limit, LimitByEffectiveVolume):
            return self.limit.at(veff_percent)
        return NoRule(detail="the limit does not depend on the effective volume")

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
    def numbers(self) -> dict[str, float]:
        """The numbers that the row has from its source, by the names that readings give them.

        They are ``limit`` and ``acceptable``; by the volume of the target ``limit at 22 cc`` and ``acceptable at
        22 cc``; by the effective volume ``limit at Veff 25 %``.
        """
        match self.limit:
            case LimitByTargetVolume(steps=steps):
                named = [(f"{name} at {step.volume_cc:g} cc", number) for step in steps for name, number in _both(step)]
            case LimitByEffectiveVolume(steps=veff_steps):
                named = [(f"limit at Veff {step.veff_percent:g} %", step.limit) for step in veff_steps]
            case limit:
                named = _both(FixedLimit(limit=limit, acceptable=self.acceptable))
        return dict(named)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the row is not confirmed, one line each; empty when it is."""
        if self.readings:
            return doubts(self.numbers, self.readings)
        if len({reader_key(reader) for reader in self.confirmed_by}) >= READINGS_NEEDED:
            return ()
        return (f"read by {self.confirmed_by[0] if self.confirmed_by else 'nobody'}, and two readers are needed",)

    @property
    def confirmed(self) -> bool:
        """Whether two independent readings of each number agree and none contradicts; otherwise the row is advisory."""
        return not self.doubts


def _both(step: Step | FixedLimit) -> list[tuple[str, float]]:
    numbers = (("limit", step.limit), ("acceptable", step.acceptable))
    return [(name, number) for name, number in numbers if number is not None]

"""Limit of a row, and the volume that it depends on -> the limit and acceptable variation that hold.

A limit is one number, or it depends on the volume of the target or on the effective volume of the organ. Each kind is a
type of its own, so that the limit of one volume cannot be used for another.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum


class Sense(StrEnum):
    """The key a limit is written with; strict and not strict are kept apart as printed."""

    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"

    @property
    def is_upper(self) -> bool:
        """Whether a value has to stay below a limit that is written with this key."""
        return self in (Sense.BELOW, Sense.AT_MOST)

    def is_met(self, value: float, limit: float) -> bool:
        """Whether a value keeps a limit that is written with this word."""
        match self:
            case Sense.BELOW:
                return value < limit
            case Sense.AT_MOST:
                return value <= limit
            case Sense.ABOVE:
                return value > limit
            case Sense.AT_LEAST:
                return value >= limit


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedLimit:
    """The limit that holds, and the looser one of an acceptable variation; None: no variation is allowed."""

    limit: float
    acceptable: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitByTargetVolume:
    """A limit that depends on the volume of the target; the volumes of the ``steps`` rise."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a limit by volume has at least one step")

    def at(self, volume_cc: float) -> Step | NoRule:
        """Give the limit for a target of this volume, in cc: linear between the printed steps, no rule outside them."""
        first, last = self.steps[0].volume_cc, self.steps[-1].volume_cc
        if not first <= volume_cc <= last:
            return NoRule(detail=f"the rule is printed for targets of {first:g} to {last:g} cc, not {volume_cc:.4g} cc")
        above = bisect_left(self.steps, volume_cc, key=lambda step: step.volume_cc)
        return _between(self.steps[max(above - 1, 0)], self.steps[above], volume_cc)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitByEffectiveVolume:
    """A limit that depends on the effective volume of the organ; the volumes of the ``steps`` rise."""

    steps: tuple[VeffStep, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a limit by volume has at least one step")

    def at(self, veff_percent: float) -> VeffStep | NoRule:
        """Give the step that an effective volume, in percent, falls on: the first that reaches it."""
        last = self.steps[-1].veff_percent
        reaching = (step for step in self.steps if veff_percent <= step.veff_percent)
        return next(reaching, NoRule(detail=f"the rule ends at {last:g} %, and this is {veff_percent:.4g} %"))


LimitByVolume = LimitByTargetVolume | LimitByEffectiveVolume
Limit = float | LimitByVolume


def _between(below: Step, above: Step, volume_cc: float) -> Step:
    """Interpolate linearly; exact on the steps themselves."""
    width = above.volume_cc - below.volume_cc
    share = (volume_cc - below.volume_cc) / width if width else 0.0
    limit = _interpolate(below.limit, above.limit, share)
    if below.acceptable is None or above.acceptable is None:
        return Step(volume_cc=volume_cc, limit=limit)
    return Step(volume_cc=volume_cc, limit=limit, acceptable=_interpolate(below.acceptable, above.acceptable, share))


def _interpolate(first: float, second: float, share: float) -> float:
    return first * (1 - share) + second * share

"""What bounds of a DVH can be refined for: points beside its curve, doses and volumes on it, and means.

Each is one number that is asked for, and costs less than a curve that is known as closely everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sbrtcheck.dvh.isoeffect import Isoeffect


class DosePoint(Protocol):
    """A dose and a share of the volume: where a limit lies in the plane of a curve."""

    @property
    def dose_gy(self) -> float:
        """Dose, Gy."""
        ...

    @property
    def volume_percent(self) -> float:
        """Volume in percent of the structure's."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseSought:
    """The dose at a volume, in percent of the structure's, that is to be known to ``close_gy`` on either side.

    ``near_gy`` is about where it is, Gy; 0 and 100 percent are the maximum and the minimum.
    """

    volume_percent: float
    near_gy: float
    close_gy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeSought:
    """The volume at a dose, Gy, that is to be known to within so many percent of the structure's volume."""

    dose_gy: float
    width_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSought:
    """The dose whose effect to a power is the mean of all, to be known to ``close_gy`` on either side.

    ``(mean of effect(D) ** power) ** (1 / power)`` over the volume, as in `PowerMean`: gEUD with ``a = power``, and
    with a power of 1 the mean of EQD2 or BED.
    """

    power: float
    effect: Isoeffect
    close_gy: float

    @property
    def can_be_told(self) -> bool:
        """Whether the power of the effect bends one way, by which it is bounded (`sbrtcheck.dvh.power_means`)."""
        return self.power < 0.0 or self.power >= 1.0 or self.effect.quadratic == 0.0


Question = tuple[DosePoint | DoseSought | VolumeSought | MeanSought, ...]
"""What bounds are refined for: to tell on which side of points a curve passes, or to know doses, volumes and means."""

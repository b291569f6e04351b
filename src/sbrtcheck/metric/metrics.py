"""The metrics that can be asked for, as frozen values; ``str()`` of one is its canonical TG-263 text.

A metric says what is asked at, and in which unit the answer is wanted. The names follow the nomenclature of TG-263
(Mayo et al. 2018, Int J Radiat Oncol Biol Phys 100:1057). Those of one structure are points on its cumulative DVH::

    volume                           hot: from the right end       cold: from the left end
       V  |----._                    D5cc   dose_at(5 cc)          DC5cc   dose_at(V - 5 cc)
    V-5cc |. . . `x DC5cc            V20Gy  volume_at(20 Gy)       CV20Gy  V - volume_at(20 Gy)
          |        `.
      5cc |. . . . . `x D5cc
        0 +------------`-- dose

Metrics of a whole plan compare a target with isodoses anywhere in the dose grid, and no DVH answers them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


def format_number(number: float) -> str:
    """Shortest decimal text that reads back as the same number, never with an exponent."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Unit(StrEnum):
    """Units a metric is asked at or reported in."""

    GY = "Gy"
    CGY = "cGy"  # of a measurement that was asked for in cGy; metrics, tables and records are in Gy
    CC = "cc"
    PERCENT = "%"
    PERCENT_RX = "%Rx"
    PERCENT_PTV = "%PTV"
    RATIO = "ratio"
    COUNT = "count"


class Stat(StrEnum):
    """Single numbers of a dose distribution."""

    MEAN = "Mean"
    MEDIAN = "Median"
    MAX = "Max"
    MIN = "Min"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseAtVolume:
    """``D5cc[Gy]``, ``D95%[%Rx]``; ``cold``: ``DC700cc[Gy]``, the highest dose in the coldest volume."""

    volume: float
    volume_unit: Unit  # CC | PERCENT
    unit: Unit  # GY | PERCENT_RX
    cold: bool = False

    def __str__(self) -> str:
        return f"{'DC' if self.cold else 'D'}{format_number(self.volume)}{self.volume_unit}[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeAtDose:
    """``V20Gy[%]``, ``V100%Rx[%]``; ``cold``: ``CV15Gy[cc]``, the volume that receives less."""

    dose: float
    dose_unit: Unit  # GY | PERCENT_RX
    unit: Unit  # CC | PERCENT
    cold: bool = False

    def __str__(self) -> str:
        return f"{'CV' if self.cold else 'V'}{format_number(self.dose)}{self.dose_unit}[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseStatistic:
    """``Mean[Gy]``, ``Max[Gy]``, ``Min[%Rx]``, ``Median[Gy]``."""

    stat: Stat
    unit: Unit  # GY | PERCENT_RX

    def __str__(self) -> str:
        return f"{self.stat}[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentUniformDose:
    """``gEUD(a=10)[Gy]``: generalised equivalent uniform dose with exponent ``a``."""

    a: float
    unit: Unit  # GY | PERCENT_RX

    def __str__(self) -> str:
        return f"gEUD(a={format_number(self.a)})[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureVolume:
    """``Volume[cc]``."""

    unit: Unit = Unit.CC

    def __str__(self) -> str:
        return f"Volume[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class IsodoseRatio:
    """``R50%[ratio]``: volume inside the isodose of that percent of the prescription, anywhere, per target volume."""

    percent: float
    unit: Unit = Unit.RATIO

    def __str__(self) -> str:
        return f"R{format_number(self.percent)}%[{self.unit}]"


class Index(StrEnum):
    """Plan indices that compare isodose volumes with the target; each name is one definition."""

    GI = "GI"
    CI_RTOG = "CI_RTOG"
    CI_PADDICK = "CI_Paddick"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanIndex:
    """``GI[ratio]``, ``CI_RTOG[ratio]``, ``CI_Paddick[ratio]``.

    With V50 and V100 the volumes inside the 50 % and the 100 % isodose of the prescription, T the target's volume and
    T100 the part of it inside the 100 % isodose: GI = V50 / V100 (Paddick and Lippitz 2006, J Neurosurg 105 Suppl:194),
    CI_RTOG = V100 / T (Shaw 1993, Int J Radiat Oncol Biol Phys 27:1231), CI_Paddick = T100**2 / (T V100)
    (Paddick 2000, J Neurosurg 93 Suppl 3:219).
    """

    index: Index
    unit: Unit = Unit.RATIO

    def __str__(self) -> str:
        return f"{self.index}[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxDoseAtDistance:
    """``D2cm[%Rx]``, ``D2cm[Gy]``: largest dose at any point 2 cm or more from the target."""

    unit: Unit  # GY | PERCENT_RX

    def __str__(self) -> str:
        return f"D2cm[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeOutside:
    """``V105%Rx_outside_PTV[%PTV]``: volume outside the target that receives it, in cc or percent of the target's."""

    dose: float  # percent of the prescription
    unit: Unit  # PERCENT_PTV | CC

    def __str__(self) -> str:
        return f"V{format_number(self.dose)}%Rx_outside_PTV[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveVolume:
    """``Veff[%]``: the share of the organ that, at the prescribed dose, would have the organ's mean dose.

    ``sum of v_i D_i / D_ref`` over volume shares ``v_i`` with ``D_ref`` the prescribed dose: the effective volume of
    Kutcher and Burman (1989, Int J Radiat Oncol Biol Phys 16:1623) with exponent n = 1.
    """

    unit: Unit = Unit.PERCENT

    def __str__(self) -> str:
        return f"Veff[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescriptionMetric:
    """``Rx[Gy]``, the prescribed dose; ``RxBED10[Gy]``, its biologically effective dose at alpha/beta 10 Gy."""

    alpha_beta_gy: float | None = None
    unit: Unit = Unit.GY

    def __str__(self) -> str:
        bed = "" if self.alpha_beta_gy is None else f"BED{format_number(self.alpha_beta_gy)}"
        return f"Rx{bed}[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCount:
    """``Targets[count]``: how many separate targets the plan has of the row's structure."""

    unit: Unit = Unit.COUNT

    def __str__(self) -> str:
        return f"Targets[{self.unit}]"


OfOneDvh = (
    DoseAtVolume  # one a line
    | VolumeAtDose
    | DoseStatistic
    | EquivalentUniformDose
    | StructureVolume
    | EffectiveVolume
)
"""Metrics that the DVH of one structure answers."""

OfPlan = IsodoseRatio | PlanIndex | MaxDoseAtDistance | VolumeOutside
"""Metrics that need the whole dose grid and a target."""

Metric = OfOneDvh | OfPlan | PrescriptionMetric | TargetCount

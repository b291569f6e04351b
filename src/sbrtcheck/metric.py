"""TG-263 metric text <-> Metric; and what a metric measures on a DVH."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.dvh import DVH, Reason


class Unit(StrEnum):
    """Units a metric is asked at or reported in."""

    GY = "Gy"
    CC = "cc"
    PERCENT = "%"
    PERCENT_RX = "%Rx"
    RATIO = "ratio"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeAtDose:
    """``V20Gy[%]``, ``V100%Rx[%]``; ``cold``: ``CV15Gy[cc]``, the volume that gets less."""

    dose: float
    dose_unit: Unit  # GY | PERCENT_RX
    unit: Unit  # CC | PERCENT
    cold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseStatistic:
    """``Mean[Gy]``, ``Max[Gy]``, ``Min[%Rx]``, ``Median[Gy]``."""

    stat: Stat
    unit: Unit  # GY | PERCENT_RX


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentUniformDose:
    """``gEUD(a=10)[Gy]``: generalised equivalent uniform dose with exponent ``a``."""

    a: float
    unit: Unit  # GY | PERCENT_RX


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureVolume:
    """``Volume[cc]``."""

    unit: Unit = Unit.CC


Metric = DoseAtVolume | VolumeAtDose | DoseStatistic | EquivalentUniformDose | StructureVolume
# every Metric has str(metric) = its canonical TG-263 text


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A measured value and the interval that bounds its numerical error."""

    value: float
    low: float
    high: float
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """A metric that could not be measured, and why."""

    reason: Reason
    detail: str = ""


def parse(text: str) -> Metric:
    """Parse metric text; raises `MetricError` naming what is missing or ambiguous and the mend."""
    raise NotImplementedError


def measure(metric: Metric | str, dvh: DVH) -> Measurement | NotMeasured:
    """Measure a metric on a DVH."""
    raise NotImplementedError

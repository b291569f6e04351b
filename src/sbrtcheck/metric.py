"""TG-263 metric text <-> Metric; and what a metric measures on a DVH.

Grammar (blanks and underscores between tokens are free, upper and lower case are the same, a decimal comma is read as
a point)::

    metric      = dose_at_vol | vol_at_dose | stat | geud | volume
    dose_at_vol = ("D" | "DC") number ("%" | "cc") out              DC: coldest volume
    vol_at_dose = ("V" | "CV" | "VS" | "V<") number ("Gy" | "cGy" | "%" | "%Rx") out
    stat        = ["D"] ("Mean" | "Median" | "Max" | "Min") ["Dose"] out
    geud        = ["g"] "EUD" "(" ["a="] number ")" out
    volume      = "Volume" out
    out         = "[" unit "]" | "(" unit ")" | "_" unit

``cm3``, ``cm³`` and ``ml`` are ``cc``. Percent of a dose is percent of the prescription: ``V95%[%]`` is
``V95%Rx[%]``. Every unit must be written: a bare ``D95`` or ``V20`` has two meanings and is refused with both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sbrtcheck.dvh import DVH, Band, Reason, VolumeUnit
from sbrtcheck.dvh.types import SAME_VOLUME
from sbrtcheck.errors import MetricError
from sbrtcheck.plan import UnknownPrescription

PERCENT_DECIMALS = 9
"""What is beyond is rounding of floating point numbers, and must not turn a verdict."""


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

    def __str__(self) -> str:
        return f"{'DC' if self.cold else 'D'}{_plain(self.volume)}{self.volume_unit}[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeAtDose:
    """``V20Gy[%]``, ``V100%Rx[%]``; ``cold``: ``CV15Gy[cc]``, the volume that gets less."""

    dose: float
    dose_unit: Unit  # GY | PERCENT_RX
    unit: Unit  # CC | PERCENT
    cold: bool = False

    def __str__(self) -> str:
        return f"{'CV' if self.cold else 'V'}{_plain(self.dose)}{self.dose_unit}[{self.unit}]"


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
        return f"gEUD(a={_plain(self.a)})[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureVolume:
    """``Volume[cc]``."""

    unit: Unit = Unit.CC

    def __str__(self) -> str:
        return f"Volume[{self.unit}]"


Metric = DoseAtVolume | VolumeAtDose | DoseStatistic | EquivalentUniformDose | StructureVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A measured value and the interval that bounds its numerical error: ``low <= value <= high``."""

    value: float
    low: float
    high: float
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """A metric that could not be measured, and why."""

    reason: Reason
    detail: str = ""


def _plain(number: float) -> str:
    """Shortest decimal text that reads back as the same number, never with an exponent."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# -------------------------------------------------------------------------------- text -> Metric

_GAP = r"[\s_]*"
_NUMBER = r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)"
_UNIT = r"(?:%\s*Rx|%|cGy|Gy|cc|cm3|cm³|ml)"
_OUT = rf"(?:{_GAP}(?:\[\s*(?P<out_b>{_UNIT})\s*\]|\(\s*(?P<out_p>{_UNIT})\s*\))|\s*_[\s_]*(?P<out_u>{_UNIT}))?\s*"


def _grammar(body: str) -> re.Pattern[str]:
    return re.compile(rf"\s*{body}{_OUT}", re.IGNORECASE)


_DOSE_AT_VOLUME = _grammar(rf"(?P<kind>DC|D){_GAP}(?P<number>{_NUMBER}){_GAP}(?P<at>{_UNIT})?")
_VOLUME_AT_DOSE = _grammar(
    rf"(?P<kind>CV|VS|V\s*<|V){_GAP}(?:>=|≥|>)?{_GAP}(?P<number>{_NUMBER}){_GAP}(?P<at>{_UNIT})?"
)
_STATISTIC = _grammar(rf"(?:D{_GAP})?(?P<stat>Mean|Median|Max|Min){_GAP}(?:Dose)?")
_GEUD = _grammar(rf"g?EUD{_GAP}\(\s*(?:a\s*=\s*)?(?P<number>{_NUMBER})\s*\)")
_VOLUME = _grammar("Volume")

# Plan indices and distances need more than one structure's DVH.
_INDEX = re.compile(
    r"\s*(?:(?:PCI|PITV|MGI|HI|CI|CN|GI|R)[\s_]*[0-9.,]*[\s_]*(?:%|Gy)?|D[\s_]*[0-9.,]+[\s_]*(?:cm(?![3³])|mm).*|Veff)"
    r"(?:\s*[\[(@].*)?\s*",
    re.IGNORECASE,
)

_UNITS = {
    "gy": Unit.GY,
    "cgy": Unit.GY,
    "cc": Unit.CC,
    "cm3": Unit.CC,
    "cm³": Unit.CC,
    "ml": Unit.CC,
    "%": Unit.PERCENT,
    "%rx": Unit.PERCENT_RX,
}


def parse(text: str) -> Metric:
    """Read one metric.

    Parameters
    ----------
    text
        TG-263 metric text with all its units, such as ``D0.035cc[Gy]``. A result asked in cGy is given in Gy.

    Returns
    -------
    Metric
        ``str()`` of it is the canonical text, and parses back to an equal metric.

    Raises
    ------
    MetricError
        The text is not exactly one metric; the error names what is missing or has two meanings, and the mend.

    Examples
    --------
    >>> str(parse("dc 700 cm3 [cGy]"))
    'DC700cc[Gy]'
    >>> parse("V20Gy")
    Traceback (most recent call last):
    sbrtcheck.errors.MetricError: metric 'V20Gy': output unit missing; try 'V20Gy[%]' or 'V20Gy[cc]'
    """
    if _INDEX.fullmatch(text):
        raise _error(text, "plan indices are not computed by this version", "take the row out of the table")
    for pattern, build in _RULES:
        if found := pattern.fullmatch(text):
            return build(text, found)
    raise _error(text, "not a metric", "write it like 'D0.035cc[Gy]', 'V20Gy[%]', 'CV15Gy[cc]' or 'Mean[Gy]'")


def _dose_at_volume(text: str, found: re.Match[str]) -> Metric:
    number, cold = _number(text, found), found["kind"].lower() == "dc"
    kind = "DC" if cold else "D"
    at = _unit(found["at"])
    if at is None:
        choices = [f"{kind}{_plain(number)}{unit}[Gy]" for unit in ("%", "cc") if unit == "cc" or number <= 100]
        raise _error(text, "unit of the volume missing", _try(choices))
    if at not in (Unit.CC, Unit.PERCENT):
        raise _error(text, f"a volume cannot be in {found['at']}", _try([f"{kind}{_plain(number)}cc[Gy]"]))
    if number <= 0:
        raise _error(text, "the volume must be above 0", "'Max[Gy]' is the largest dose")
    if at is Unit.PERCENT and number > 100:
        raise _error(text, "more than 100% of the volume", _try([f"{kind}{_plain(number)}cc[Gy]"]))
    unit = _dose_unit(text, found, f"{kind}{_plain(number)}{at}")
    return DoseAtVolume(volume=number, volume_unit=at, unit=unit, cold=cold)


def _volume_at_dose(text: str, found: re.Match[str]) -> Metric:
    number, cold = _number(text, found), found["kind"].lower() != "v"
    kind = "CV" if cold else "V"
    at = _unit(found["at"])
    if at is None:
        raise _error(text, "unit of the dose missing", _try([f"{kind}{_plain(number)}{u}[%]" for u in ("Gy", "%Rx")]))
    if at is Unit.CC:
        raise _error(text, f"a dose cannot be in {found['at']}", _try([f"{kind}{_plain(number)}Gy[cc]"]))
    if number < 0:
        raise _error(text, "the dose must not be negative", "")
    dose = number / 100 if found["at"].lower() == "cgy" else number
    dose_unit = Unit.GY if at is Unit.GY else Unit.PERCENT_RX
    unit = _volume_unit(text, found, f"{kind}{_plain(dose)}{dose_unit}")
    return VolumeAtDose(dose=dose, dose_unit=dose_unit, unit=unit, cold=cold)


def _statistic(text: str, found: re.Match[str]) -> Metric:
    stat = Stat(found["stat"].capitalize())
    return DoseStatistic(stat=stat, unit=_dose_unit(text, found, stat))


def _geud(text: str, found: re.Match[str]) -> Metric:
    a = _number(text, found)
    if a == 0:
        raise _error(text, "the exponent of gEUD must not be 0", "")
    return EquivalentUniformDose(a=a, unit=_dose_unit(text, found, f"gEUD(a={_plain(a)})"))


def _volume(text: str, found: re.Match[str]) -> Metric:
    unit = _out(found)
    if unit is not Unit.CC:
        raise _error(
            text, "output unit missing" if unit is None else f"a volume of {unit} says nothing", _try(["Volume[cc]"])
        )
    return StructureVolume()


_RULES: tuple[tuple[re.Pattern[str], Callable[[str, re.Match[str]], Metric]], ...] = (
    (_DOSE_AT_VOLUME, _dose_at_volume),
    (_VOLUME_AT_DOSE, _volume_at_dose),
    (_STATISTIC, _statistic),
    (_GEUD, _geud),
    (_VOLUME, _volume),
)


def _dose_unit(text: str, found: re.Match[str], stem: str) -> Unit:
    """Read the output unit of a metric that answers with a dose."""
    unit = _out(found)
    if unit is None:
        raise _error(text, "output unit missing", _try([f"{stem}[Gy]"]))
    if unit is Unit.CC:
        raise _error(text, "the answer is a dose, it cannot be in cc", _try([f"{stem}[Gy]", f"{stem}[%Rx]"]))
    return Unit.GY if unit is Unit.GY else Unit.PERCENT_RX


def _volume_unit(text: str, found: re.Match[str], stem: str) -> Unit:
    """Read the output unit of a metric that answers with a volume."""
    unit = _out(found)
    choices = _try([f"{stem}[%]", f"{stem}[cc]"])
    if unit is None:
        raise _error(text, "output unit missing", choices)
    if unit not in (Unit.CC, Unit.PERCENT):
        raise _error(text, f"the answer is a volume, it cannot be in {unit}", choices)
    return unit


def _out(found: re.Match[str]) -> Unit | None:
    return _unit(found["out_b"] or found["out_p"] or found["out_u"])


def _unit(text: str | None) -> Unit | None:
    return None if text is None else _UNITS["".join(text.lower().split())]


def _number(text: str, found: re.Match[str]) -> float:
    number = float(found["number"].replace(",", "."))
    if not math.isfinite(number):
        raise _error(text, "the number is too large", "")
    return number


def _try(choices: list[str]) -> str:
    return "try " + " or ".join(f"'{choice}'" for choice in choices)


def _error(text: str, what: str, mend: str) -> MetricError:
    return MetricError(f"metric {text!r}: {what}", mend=mend)


# -------------------------------------------------------------------------------- Metric x DVH -> value


def measure(metric: Metric | str, dvh: DVH) -> Measurement | NotMeasured:
    """Measure a metric on a DVH.

    Parameters
    ----------
    metric
        A metric, or the text of one.
    dvh
        Of one structure.

    Returns
    -------
    Measurement | NotMeasured
        The value with its bounds in the metric's unit, or why there is none: a ``D`` metric asks for more volume than
        the structure has, ``%Rx`` needs a prescription, ``cc`` needs absolute volumes.

    Raises
    ------
    MetricError
        ``metric`` is text that is not a metric.

    Notes
    -----
    ``CV_d = V_total - V_d`` and ``DC_v = D_(V_total - v)``: the cold metrics are the hot ones seen from the other end.
    ``DC`` of the whole volume is the largest dose.
    """
    asked = parse(metric) if isinstance(metric, str) else metric
    if dvh.volume <= 0:
        return NotMeasured(reason=Reason.STRUCTURE_EMPTY)
    match asked:
        case DoseAtVolume():
            return _measure_dose_at_volume(asked, dvh)
        case VolumeAtDose():
            return _measure_volume_at_dose(asked, dvh)
        case DoseStatistic():
            return _as_dose(_statistic_band(asked.stat, dvh), asked.unit, dvh)
        case EquivalentUniformDose():
            return _as_dose(dvh.geud(asked.a), asked.unit, dvh)
        case StructureVolume():
            return _as_volume(Band(value=dvh.volume, low=dvh.volume, high=dvh.volume), Unit.CC, dvh)


def has_volume(dvh: DVH, volume: float) -> bool:
    """Whether the structure has a volume, in the DVH's unit; a difference of rounding only is none."""
    return volume <= dvh.volume * (1 + SAME_VOLUME)


def _measure_dose_at_volume(metric: DoseAtVolume, dvh: DVH) -> Measurement | NotMeasured:
    if metric.volume_unit is Unit.CC and dvh.volume_unit is not VolumeUnit.CC:
        return _needs_absolute_volume()
    volume = metric.volume if metric.volume_unit is Unit.CC else metric.volume / 100 * dvh.volume
    if not has_volume(dvh, volume):
        return NotMeasured(
            reason=Reason.VOLUME_TOO_SMALL,
            detail=f"the structure has {dvh.volume:.4g} cc, less than {_plain(metric.volume)} cc",
        )
    hot_volume = dvh.volume - volume if metric.cold else volume
    band = dvh.dose_at_volume(hot_volume) if hot_volume > 0 else dvh.max_gy
    return _as_dose(band, metric.unit, dvh)


def _measure_volume_at_dose(metric: VolumeAtDose, dvh: DVH) -> Measurement | NotMeasured:
    if metric.dose_unit is Unit.GY:
        dose_gy = metric.dose
    elif isinstance(dvh.prescription, UnknownPrescription):
        return _needs_prescription(dvh.prescription)
    else:
        dose_gy = metric.dose / 100 * dvh.prescription.dose_gy
    band = dvh.volume_at_dose(dose_gy)
    return _as_volume(_rest(band, dvh.volume) if metric.cold else band, metric.unit, dvh)


def _statistic_band(stat: Stat, dvh: DVH) -> Band:
    match stat:
        case Stat.MEAN:
            return dvh.mean_gy
        case Stat.MEDIAN:
            return dvh.dose_at_volume(dvh.volume / 2)
        case Stat.MAX:
            return dvh.max_gy
        case Stat.MIN:
            return dvh.min_gy


def _rest(band: Band, whole: float) -> Band:
    """Subtract from the whole volume; the bounds change places."""
    return Band(value=max(whole - band.value, 0.0), low=max(whole - band.high, 0.0), high=max(whole - band.low, 0.0))


def _as_dose(band_gy: Band, unit: Unit, dvh: DVH) -> Measurement | NotMeasured:
    if unit is Unit.GY:
        return _as_it_is(band_gy, unit)
    if isinstance(dvh.prescription, UnknownPrescription):
        return _needs_prescription(dvh.prescription)
    return _percent_of(dvh.prescription.dose_gy, band_gy, unit)


def _as_volume(band: Band, unit: Unit, dvh: DVH) -> Measurement | NotMeasured:
    """``band`` is in the DVH's own volume unit."""
    if unit is Unit.PERCENT:
        return _percent_of(dvh.volume, band, unit)
    if dvh.volume_unit is not VolumeUnit.CC:
        return _needs_absolute_volume()
    return _as_it_is(band, unit)


def _as_it_is(band: Band, unit: Unit) -> Measurement:
    return Measurement(value=band.value, low=band.low, high=band.high, unit=unit)


def _percent_of(whole: float, band: Band, unit: Unit) -> Measurement:
    """``band`` in percent; rounded, so that 23.1 of 22 is 105 % and not a rounding error more."""
    value, low, high = (round(number / whole * 100, PERCENT_DECIMALS) for number in (band.value, band.low, band.high))
    return Measurement(value=value, low=low, high=high, unit=unit)


def _needs_prescription(unknown: UnknownPrescription) -> NotMeasured:
    return NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail=unknown.reason)


def _needs_absolute_volume() -> NotMeasured:
    return NotMeasured(
        reason=Reason.UNDEFINED_FOR_STORED_DVH, detail="the stored DVH has volumes in percent only, not in cc"
    )

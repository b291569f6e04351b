"""TG-263 metric text <-> Metric; and what a metric measures on a DVH.

Grammar (blanks and underscores between tokens are free, upper and lower case are the same, a decimal comma is read as
a point)::

    metric      = dose_at_vol | vol_at_dose | stat | geud | volume | of_plan
    dose_at_vol = ("D" | "DC") number ("%" | "cc") out              DC: coldest volume
    vol_at_dose = ("V" | "CV" | "VS" | "V<") number ("Gy" | "cGy" | "%" | "%Rx") out
    stat        = ["D"] ("Mean" | "Median" | "Max" | "Min") ["Dose"] out
    geud        = ["g"] "EUD" "(" ["a="] number ")" out
    volume      = "Volume" out
    of_plan     = "R" number "%" out                                isodose volume / target volume
                | ("GI" | "CI_RTOG" | "CI_Paddick") out             gradient and conformity indices
                | "D2cm" out                                        largest dose 2 cm or more from the target
                | "V" number "%Rx" "outside_PTV" out
                | "Veff" out | "Rx" out | "RxBED" number out | "Targets" out
    out         = "[" unit "]" | "(" unit ")" | "_" unit

``cm3``, ``cm³`` and ``ml`` are ``cc``. Percent of a dose is percent of the prescription: ``V95%[%]`` is
``V95%Rx[%]``. Every unit must be written: a bare ``D95`` or ``V20`` has two meanings and is refused with both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import cache

from sbrtcheck.dvh import DVH, SAME_VOLUME, Bounds, Reason, VolumeUnit
from sbrtcheck.errors import MetricError
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.radiobiology import bed

PERCENT_DECIMALS = 9
"""What is beyond is rounding of floating point numbers, and must not turn a verdict."""


class Unit(StrEnum):
    """Units a metric is asked at or reported in."""

    GY = "Gy"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class IsodoseRatio:
    """``R50%[ratio]``: volume inside the isodose of that percent of the prescription, anywhere, per target volume."""

    percent: float
    unit: Unit = Unit.RATIO

    def __str__(self) -> str:
        return f"R{_plain(self.percent)}%[{self.unit}]"


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
    """``V105%Rx_outside_PTV[%PTV]``: volume outside the target that gets the dose, in cc or percent of the target."""

    dose: float  # percent of the prescription
    unit: Unit  # PERCENT_PTV | CC

    def __str__(self) -> str:
        return f"V{_plain(self.dose)}%Rx_outside_PTV[{self.unit}]"


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
        bed = "" if self.alpha_beta_gy is None else f"BED{_plain(self.alpha_beta_gy)}"
        return f"Rx{bed}[{self.unit}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCount:
    """``Targets[count]``: how many separate targets the plan has of the row's structure."""

    unit: Unit = Unit.COUNT

    def __str__(self) -> str:
        return f"Targets[{self.unit}]"


OfOneDvh = DoseAtVolume | VolumeAtDose | DoseStatistic | EquivalentUniformDose | StructureVolume | EffectiveVolume
"""Metrics that the DVH of one structure answers."""

OfPlan = IsodoseRatio | PlanIndex | MaxDoseAtDistance | VolumeOutside
"""Metrics that need the whole dose grid and a target."""

Metric = OfOneDvh | OfPlan | PrescriptionMetric | TargetCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A measured value and the interval that bounds its numerical error: ``low <= value <= high``.

    ``open_above``: a part that could only add to the value was not seen, so that ``high`` does not bound it.
    """

    value: float
    low: float
    high: float
    unit: Unit
    open_above: bool = False


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
_ANSWER = rf"(?:%\s*PTV|ratio|count|{_UNIT})"
_OUT = (
    rf"(?:{_GAP}(?:\[\s*(?P<out_b>{_ANSWER})\s*\]|\(\s*(?P<out_p>{_ANSWER})\s*\))"
    rf"|\s*_[\s_]*(?P<out_u>{_ANSWER}))?\s*"
)


@cache
def _grammar(body: str) -> re.Pattern[str]:
    """The pattern of one kind of metric; made when a text is tried on it, for all of them together take 5 ms."""
    return re.compile(rf"\s*{body}{_OUT}", re.IGNORECASE)


_DOSE_AT_VOLUME = rf"(?P<kind>DC|D){_GAP}(?P<number>{_NUMBER}){_GAP}(?P<at>{_UNIT})?"
_VOLUME_AT_DOSE = rf"(?P<kind>CV|VS|V\s*<|V){_GAP}(?:>=|≥|>)?{_GAP}(?P<number>{_NUMBER}){_GAP}(?P<at>{_UNIT})?"
_STATISTIC = rf"(?:D{_GAP})?(?P<stat>Mean|Median|Max|Min){_GAP}(?:Dose)?"
_GEUD = rf"g?EUD{_GAP}\(\s*(?:a\s*=\s*)?(?P<number>{_NUMBER})\s*\)"
_VOLUME = "Volume"

_ISODOSE_RATIO = rf"R{_GAP}(?P<number>{_NUMBER}){_GAP}%?"
_INDEX = rf"(?P<index>GI(?:{_GAP}50{_GAP}%?)?|CI{_GAP}RTOG|CI{_GAP}Paddick)"
_BEYOND = rf"D{_GAP}(?P<number>{_NUMBER}){_GAP}cm(?![3³])"
_OUTSIDE = rf"V{_GAP}(?P<number>{_NUMBER}){_GAP}(?P<at>{_UNIT})?{_GAP}outside{_GAP}(?P<target>PTV|CTV|GTV|ITV)?"
_EFFECTIVE_VOLUME = "Veff"
_PRESCRIPTION = rf"Rx(?:{_GAP}(?P<bed>BED){_GAP}(?P<number>{_NUMBER})?)?"
_TARGETS = "Targets"

# Names that papers use for more than one number, or for one that is not computed.
_SEVERAL_MEANINGS = r"\s*(?P<name>PCI|PITV|MGI|HI|CI|CN|nCI)(?![a-z])[\s_]*[0-9.,]*.*"
_MEANT = {
    "ci": ("CI has several definitions, so its name must be written", ["CI_RTOG[ratio]", "CI_Paddick[ratio]"]),
    "pci": ("not a metric", ["CI_Paddick[ratio]"]),
    "cn": ("not a metric", ["CI_Paddick[ratio]"]),
    "nci": ("nCI, the inverse of Paddick's index, is not computed by this version", ["CI_Paddick[ratio]"]),
    "pitv": ("not a metric", ["CI_RTOG[ratio]"]),
    "mgi": ("MGI is not computed by this version", ["GI[ratio]", "R50%[ratio]"]),
    "hi": ("HI has several definitions, and is not computed by this version", ["D2%[%Rx]", "D98%[%Rx]"]),
}

_UNITS = {
    "gy": Unit.GY,
    "cgy": Unit.GY,
    "cc": Unit.CC,
    "cm3": Unit.CC,
    "cm³": Unit.CC,
    "ml": Unit.CC,
    "%": Unit.PERCENT,
    "%rx": Unit.PERCENT_RX,
    "%ptv": Unit.PERCENT_PTV,
    "ratio": Unit.RATIO,
    "count": Unit.COUNT,
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
        The text is not exactly one metric; the error names what is missing or has two meanings, and the hint.

    Examples
    --------
    >>> str(parse("dc 700 cm3 [cGy]"))
    'DC700cc[Gy]'
    >>> parse("V20Gy")
    Traceback (most recent call last):
    sbrtcheck.errors.MetricError: metric 'V20Gy': output unit missing; try 'V20Gy[%]' or 'V20Gy[cc]'
    """
    for body, build in _RULES:
        if found := _grammar(body).fullmatch(text):
            return build(text, found)
    if several := re.fullmatch(_SEVERAL_MEANINGS, text, re.IGNORECASE):
        what, choices = _MEANT[several["name"].lower()]
        raise _error(text, what, _try(choices))
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


def _isodose_ratio(text: str, found: re.Match[str]) -> Metric:
    percent = _number(text, found)
    if percent <= 0:
        raise _error(text, "the isodose must be above 0", _try(["R50%[ratio]"]))
    _answer(text, found, f"R{_plain(percent)}%", Unit.RATIO)
    return IsodoseRatio(percent=percent)


def _index(text: str, found: re.Match[str]) -> Metric:
    name = re.sub(r"[\s_]+|50%?", "", found["index"]).lower()
    index = next(one for one in Index if one.replace("_", "").lower() == name)
    _answer(text, found, index, Unit.RATIO)
    return PlanIndex(index=index)


def _beyond(text: str, found: re.Match[str]) -> Metric:
    if _number(text, found) != 2:
        raise _error(text, "a distance of 2 cm from the target is the only one computed", _try(["D2cm[%Rx]"]))
    if _out(found) is None:
        raise _error(text, "output unit missing", _try(["D2cm[%Rx]", "D2cm[Gy]"]))
    return MaxDoseAtDistance(unit=_dose_unit(text, found, "D2cm"))


def _outside(text: str, found: re.Match[str]) -> Metric:
    dose, at = _number(text, found), _unit(found["at"])
    stem = f"V{_plain(dose)}%Rx_outside_PTV"
    if found["target"] is None or found["target"].upper() != "PTV":
        raise _error(text, "the volume outside the PTV is the only one computed", _try([f"{stem}[%PTV]"]))
    if at not in (Unit.PERCENT, Unit.PERCENT_RX):
        raise _error(text, "the dose must be in percent of the prescription", _try([f"{stem}[%PTV]"]))
    if dose <= 0:
        raise _error(text, "the dose must be above 0", "")
    return VolumeOutside(dose=dose, unit=_answer(text, found, stem, Unit.PERCENT_PTV, Unit.CC))


def _effective_volume(text: str, found: re.Match[str]) -> Metric:
    _answer(text, found, "Veff", Unit.PERCENT)
    return EffectiveVolume()


def _prescription(text: str, found: re.Match[str]) -> Metric:
    if not found["bed"]:
        _answer(text, found, "Rx", Unit.GY)
        return PrescriptionMetric()
    if found["number"] is None:
        raise _error(text, "alpha/beta missing", _try(["RxBED10[Gy]"]))
    alpha_beta_gy = _number(text, found)
    if alpha_beta_gy <= 0:
        raise _error(text, "alpha/beta must be above 0", "")
    _answer(text, found, f"RxBED{_plain(alpha_beta_gy)}", Unit.GY)
    return PrescriptionMetric(alpha_beta_gy=alpha_beta_gy)


def _targets(text: str, found: re.Match[str]) -> Metric:
    _answer(text, found, "Targets", Unit.COUNT)
    return TargetCount()


_RULES: tuple[tuple[str, Callable[[str, re.Match[str]], Metric]], ...] = (
    (_DOSE_AT_VOLUME, _dose_at_volume),
    (_VOLUME_AT_DOSE, _volume_at_dose),
    (_STATISTIC, _statistic),
    (_GEUD, _geud),
    (_VOLUME, _volume),
    (_ISODOSE_RATIO, _isodose_ratio),
    (_INDEX, _index),
    (_BEYOND, _beyond),
    (_OUTSIDE, _outside),
    (_EFFECTIVE_VOLUME, _effective_volume),
    (_PRESCRIPTION, _prescription),
    (_TARGETS, _targets),
)


def _dose_unit(text: str, found: re.Match[str], stem: str) -> Unit:
    """Read the output unit of a metric that answers with a dose."""
    unit = _out(found)
    if unit is None:
        raise _error(text, "output unit missing", _try([f"{stem}[Gy]"]))
    if unit not in (Unit.GY, Unit.PERCENT, Unit.PERCENT_RX):
        raise _error(text, f"the answer is a dose, it cannot be in {unit}", _try([f"{stem}[Gy]", f"{stem}[%Rx]"]))
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


def _answer(text: str, found: re.Match[str], stem: str, *units: Unit) -> Unit:
    """Read the output unit of a metric that knows few."""
    unit, choices = _out(found), _try([f"{stem}[{one}]" for one in units])
    if unit is None:
        raise _error(text, "output unit missing", choices)
    if unit not in units:
        raise _error(text, f"the answer cannot be in {unit}", choices)
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


def _error(text: str, what: str, hint: str) -> MetricError:
    return MetricError(f"metric {text!r}: {what}", hint=hint)


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
        the structure has, ``%Rx`` needs a prescription, ``cc`` needs absolute volumes, an index needs the whole plan
        (`sbrtcheck.metric.plan_indices.measure_index`).

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
    if isinstance(asked, PrescriptionMetric):
        return measure_prescription(asked, dvh.prescription)
    if isinstance(asked, OfPlan | TargetCount):
        return NotMeasured(reason=Reason.NEEDS_WHOLE_PLAN, detail=f"{asked} is not read off the DVH of one structure")
    return _measured(asked, dvh) if dvh.volume > 0 else NotMeasured(reason=Reason.STRUCTURE_EMPTY)


def measure_prescription(
    metric: PrescriptionMetric, rx: Prescription | UnknownPrescription
) -> Measurement | NotMeasured:
    """Measure a prescription: its dose, or the biologically effective one at the metric's alpha/beta."""
    if isinstance(rx, UnknownPrescription):
        return _needs_prescription(rx)
    dose_gy = rx.dose_gy
    if metric.alpha_beta_gy is not None:
        dose_gy = float(bed(rx.dose_gy, fractions=rx.fractions, alpha_beta_gy=metric.alpha_beta_gy))
    return Measurement(value=dose_gy, low=dose_gy, high=dose_gy, unit=Unit.GY)


def has_volume(dvh: DVH, volume: float) -> bool:
    """Whether the structure has a volume, in the DVH's unit; a difference of rounding only is none."""
    return volume <= dvh.volume * (1 + SAME_VOLUME)


def _measured(metric: OfOneDvh, dvh: DVH) -> Measurement | NotMeasured:
    match metric:
        case DoseAtVolume():
            return _measure_dose_at_volume(metric, dvh)
        case VolumeAtDose():
            return _measure_volume_at_dose(metric, dvh)
        case DoseStatistic():
            return _as_dose(_statistic_band(metric.stat, dvh), metric.unit, dvh)
        case EquivalentUniformDose():
            return _as_dose(dvh.geud(metric.a), metric.unit, dvh)
        case StructureVolume():
            return _as_volume(Bounds(value=dvh.volume, low=dvh.volume, high=dvh.volume), Unit.CC, dvh)
        case EffectiveVolume():
            mean = _as_dose(dvh.mean_gy, Unit.PERCENT_RX, dvh)
            return mean if isinstance(mean, NotMeasured) else replace(mean, unit=Unit.PERCENT)


def _measure_dose_at_volume(metric: DoseAtVolume, dvh: DVH) -> Measurement | NotMeasured:
    if metric.volume_unit is Unit.CC and dvh.volume_unit is not VolumeUnit.CC:
        return _needs_absolute_volume()
    volume = metric.volume if metric.volume_unit is Unit.CC else metric.volume / 100 * dvh.volume
    if not has_volume(dvh, volume):
        return NotMeasured(
            reason=Reason.VOLUME_TOO_SMALL,
            detail=f"the structure has {dvh.volume:.4g} cc, less than {_plain(metric.volume)} cc",
        )
    share = dvh.volume_rounding_cc / dvh.volume if metric.volume_unit is Unit.CC else 0.0
    bands = [_dose_at(dvh, min(volume * factor, dvh.volume), cold=metric.cold) for factor in _factors(share)]
    band = Bounds(value=bands[0].value, low=min(b.low for b in bands), high=max(b.high for b in bands))
    return _as_dose(band, metric.unit, dvh)


def _dose_at(dvh: DVH, volume: float, *, cold: bool) -> Bounds:
    hot_volume = dvh.volume - volume if cold else volume
    return dvh.dose_at_volume(hot_volume) if hot_volume > 0 else dvh.max_gy


def _factors(share: float) -> tuple[float, ...]:
    """By what a volume in cc may be another part of a structure whose volume is known to within a share of it."""
    return (1.0, 1.0 / (1.0 + share), 1.0 / max(1.0 - share, SAME_VOLUME)) if share > 0.0 else (1.0,)


def _measure_volume_at_dose(metric: VolumeAtDose, dvh: DVH) -> Measurement | NotMeasured:
    if metric.dose_unit is Unit.GY:
        dose_gy = metric.dose
    elif isinstance(dvh.prescription, UnknownPrescription):
        return _needs_prescription(dvh.prescription)
    else:
        dose_gy = metric.dose / 100 * dvh.prescription.dose_gy
    band = dvh.volume_at_dose(dose_gy)
    return _as_volume(_rest(band, dvh.volume) if metric.cold else band, metric.unit, dvh)


def _statistic_band(stat: Stat, dvh: DVH) -> Bounds:
    match stat:
        case Stat.MEAN:
            return dvh.mean_gy
        case Stat.MEDIAN:
            return dvh.dose_at_volume(dvh.volume / 2)
        case Stat.MAX:
            return dvh.max_gy
        case Stat.MIN:
            return dvh.min_gy


def _rest(band: Bounds, whole: float) -> Bounds:
    """Subtract from the whole volume; the bounds change places."""
    return Bounds(value=max(whole - band.value, 0.0), low=max(whole - band.high, 0.0), high=max(whole - band.low, 0.0))


def _as_dose(band_gy: Bounds, unit: Unit, dvh: DVH) -> Measurement | NotMeasured:
    if unit is Unit.GY:
        return _as_it_is(band_gy, unit)
    if isinstance(dvh.prescription, UnknownPrescription):
        return _needs_prescription(dvh.prescription)
    return _percent_of(dvh.prescription.dose_gy, band_gy, unit)


def _as_volume(band: Bounds, unit: Unit, dvh: DVH) -> Measurement | NotMeasured:
    """``band`` is in the DVH's own volume unit."""
    if unit is Unit.PERCENT:
        return _percent_of(dvh.volume, band, unit)
    if dvh.volume_unit is not VolumeUnit.CC:
        return _needs_absolute_volume()
    share = dvh.volume_rounding_cc / dvh.volume
    return _as_it_is(Bounds(value=band.value, low=band.low * (1.0 - share), high=band.high * (1.0 + share)), unit)


def _as_it_is(band: Bounds, unit: Unit) -> Measurement:
    return Measurement(value=band.value, low=band.low, high=band.high, unit=unit)


def _percent_of(whole: float, band: Bounds, unit: Unit) -> Measurement:
    """``band`` in percent; rounded, so that 23.1 of 22 is 105 % and not a rounding error more."""
    value, low, high = (round(number / whole * 100, PERCENT_DECIMALS) for number in (band.value, band.low, band.high))
    return Measurement(value=value, low=low, high=high, unit=unit)


def _needs_prescription(unknown: UnknownPrescription) -> NotMeasured:
    return NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail=unknown.reason)


def _needs_absolute_volume() -> NotMeasured:
    return NotMeasured(
        reason=Reason.UNDEFINED_FOR_STORED_DVH, detail="the stored DVH has volumes in percent only, not in cc"
    )

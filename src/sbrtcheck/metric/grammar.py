"""TG-263 metric text -> Metric; what is not exactly one metric is refused, with what is missing.

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
from dataclasses import dataclass
from functools import cache

from sbrtcheck.errors import MetricError
from sbrtcheck.metric.metrics import (
    DoseAtVolume,
    DoseStatistic,
    EffectiveVolume,
    EquivalentUniformDose,
    Index,
    IsodoseRatio,
    MaxDoseAtDistance,
    Metric,
    PlanIndex,
    PrescriptionMetric,
    Stat,
    StructureVolume,
    TargetCount,
    Unit,
    VolumeAtDose,
    VolumeOutside,
    format_number,
)

_GAP = r"[\s_]*"
_NUMBER = r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)"
_UNIT = r"(?:%\s*Rx|%|cGy|Gy|cc|cm3|cm³|ml)"
_ANSWER = rf"(?:%\s*PTV|ratio|count|{_UNIT})"
_OUT = (
    rf"(?:{_GAP}(?:\[\s*(?P<out_b>{_ANSWER})\s*\]|\(\s*(?P<out_p>{_ANSWER})\s*\))"
    rf"|\s*_[\s_]*(?P<out_u>{_ANSWER}))?\s*"
)

_OUT_GROUPS = ("out_b", "out_p", "out_u")  # in brackets, in parentheses, after an underscore


@cache
def _grammar(body: str) -> re.Pattern[str]:
    """The pattern of one kind of metric; made when a text is tried on it, for all of them together need 5 ms."""
    return re.compile(rf"\s*{body}{_OUT}", re.IGNORECASE)


_DOSE_AT_VOLUME = rf"(?P<letters>DC|D){_GAP}(?P<number>{_NUMBER}){_GAP}(?P<at>{_UNIT})?"
_VOLUME_AT_DOSE = rf"(?P<letters>CV|VS|V\s*<|V){_GAP}(?:>=|≥|>)?{_GAP}(?P<number>{_NUMBER}){_GAP}(?P<at>{_UNIT})?"
_STATISTIC = rf"(?:D{_GAP})?(?P<stat>Mean|Median|Max|Min){_GAP}(?:Dose)?"
_GEUD = rf"g?EUD{_GAP}\(\s*(?:a\s*=\s*)?(?P<number>{_NUMBER})\s*\)"
_VOLUME = "Volume"

_ISODOSE_RATIO = rf"R{_GAP}(?P<number>{_NUMBER}){_GAP}%?"
_INDEX = rf"(?P<index>GI(?:{_GAP}50{_GAP}%?)?|CI{_GAP}RTOG|CI{_GAP}Paddick)"
_AT_DISTANCE = rf"D{_GAP}(?P<number>{_NUMBER}){_GAP}cm(?![3³])"
_OUTSIDE = rf"V{_GAP}(?P<number>{_NUMBER}){_GAP}(?P<at>{_UNIT})?{_GAP}outside{_GAP}(?P<target>PTV|CTV|GTV|ITV)?"
_EFFECTIVE_VOLUME = "Veff"
_PRESCRIPTION = rf"Rx(?:{_GAP}(?P<bed>BED){_GAP}(?P<number>{_NUMBER})?)?"
_TARGETS = "Targets"

# Names that papers use for more than one number, or for one that is not computed.
_SEVERAL_MEANINGS = r"\s*(?P<name>PCI|PITV|MGI|HI|CI|CN|nCI)(?![a-z])[\s_]*[0-9.,]*.*"
_MEANINGS = {
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

CGY_PER_GY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMetric:
    """A metric, and which of its units were written as cGy: a metric itself is always in Gy.

    ``dose_in_cgy``: the dose it asks at; ``answer_in_cgy``: the unit of its answer, in which a limit beside the text
    may be too.
    """

    metric: Metric
    dose_in_cgy: bool
    answer_in_cgy: bool


def parse(text: str) -> Metric:
    """Read one metric.

    Parameters
    ----------
    text
        TG-263 metric text with all its units, such as ``D0.035cc[Gy]``. A metric itself is in Gy; it is
        `measure` that answers in the cGy of a text.

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
    return parse_written(text).metric


def parse_written(text: str) -> WrittenMetric:
    """Read one metric as `parse` does, and how its units were written."""
    for body, build in _RULES:
        if match := _grammar(body).fullmatch(text):
            groups = match.groupdict()
            metric = build(text, match)
            return WrittenMetric(
                metric=metric,
                dose_in_cgy=_is_cgy(groups.get("at")),
                answer_in_cgy=any(_is_cgy(groups[group]) for group in _OUT_GROUPS),
            )
    if ambiguous := re.fullmatch(_SEVERAL_MEANINGS, text, re.IGNORECASE):
        problem, choices = _MEANINGS[ambiguous["name"].lower()]
        raise _error(text, problem, _try(choices))
    raise _error(text, "not a metric", "write it like 'D0.035cc[Gy]', 'V20Gy[%]', 'CV15Gy[cc]' or 'Mean[Gy]'")


def _dose_at_volume(text: str, match: re.Match[str]) -> Metric:
    number, cold = _number(text, match), match["letters"].lower() == "dc"
    letters = "DC" if cold else "D"
    at = _unit(match["at"])
    if at is None:
        choices = [
            f"{letters}{format_number(number)}{unit}[Gy]" for unit in ("%", "cc") if unit == "cc" or number <= 100
        ]
        raise _error(text, "unit of the volume missing", _try(choices))
    if at not in (Unit.CC, Unit.PERCENT):
        raise _error(text, f"a volume cannot be in {match['at']}", _try([f"{letters}{format_number(number)}cc[Gy]"]))
    if number <= 0:
        raise _error(text, "the volume must be above 0", "'Max[Gy]' is the largest dose")
    if at is Unit.PERCENT and number > 100:
        raise _error(text, "more than 100% of the volume", _try([f"{letters}{format_number(number)}cc[Gy]"]))
    unit = _dose_unit(text, match, f"{letters}{format_number(number)}{at}")
    return DoseAtVolume(volume=number, volume_unit=at, unit=unit, cold=cold)


def _volume_at_dose(text: str, match: re.Match[str]) -> Metric:
    number, cold = _number(text, match), match["letters"].lower() != "v"
    letters = "CV" if cold else "V"
    at = _unit(match["at"])
    if at is None:
        raise _error(
            text, "unit of the dose missing", _try([f"{letters}{format_number(number)}{u}[%]" for u in ("Gy", "%Rx")])
        )
    if at is Unit.CC:
        raise _error(text, f"a dose cannot be in {match['at']}", _try([f"{letters}{format_number(number)}Gy[cc]"]))
    if number < 0:
        raise _error(text, "the dose must not be negative", "")
    dose = number / CGY_PER_GY if _is_cgy(match["at"]) else number
    dose_unit = Unit.GY if at is Unit.GY else Unit.PERCENT_RX
    unit = _volume_unit(text, match, f"{letters}{format_number(dose)}{dose_unit}")
    return VolumeAtDose(dose=dose, dose_unit=dose_unit, unit=unit, cold=cold)


def _statistic(text: str, match: re.Match[str]) -> Metric:
    stat = Stat(match["stat"].capitalize())
    return DoseStatistic(stat=stat, unit=_dose_unit(text, match, stat))


def _geud(text: str, match: re.Match[str]) -> Metric:
    a = _number(text, match)
    if a == 0:
        raise _error(text, "the exponent of gEUD must not be 0", "")
    return EquivalentUniformDose(a=a, unit=_dose_unit(text, match, f"gEUD(a={format_number(a)})"))


def _volume(text: str, match: re.Match[str]) -> Metric:
    unit = _out(match)
    if unit is not Unit.CC:
        raise _error(
            text, "output unit missing" if unit is None else f"a volume of {unit} says nothing", _try(["Volume[cc]"])
        )
    return StructureVolume()


def _isodose_ratio(text: str, match: re.Match[str]) -> Metric:
    percent = _number(text, match)
    if percent <= 0:
        raise _error(text, "the isodose must be above 0", _try(["R50%[ratio]"]))
    _answer(text, match, f"R{format_number(percent)}%", Unit.RATIO)
    return IsodoseRatio(percent=percent)


def _index(text: str, match: re.Match[str]) -> Metric:
    name = re.sub(r"[\s_]+|50%?", "", match["index"]).lower()
    index = next(index for index in Index if index.replace("_", "").lower() == name)
    _answer(text, match, index, Unit.RATIO)
    return PlanIndex(index=index)


def _max_dose_at_distance(text: str, match: re.Match[str]) -> Metric:
    if _number(text, match) != 2:
        raise _error(text, "a distance of 2 cm from the target is the only one computed", _try(["D2cm[%Rx]"]))
    if _out(match) is None:
        raise _error(text, "output unit missing", _try(["D2cm[%Rx]", "D2cm[Gy]"]))
    return MaxDoseAtDistance(unit=_dose_unit(text, match, "D2cm"))


def _outside(text: str, match: re.Match[str]) -> Metric:
    dose, at = _number(text, match), _unit(match["at"])
    stem = f"V{format_number(dose)}%Rx_outside_PTV"
    if match["target"] is None or match["target"].upper() != "PTV":
        raise _error(text, "the volume outside the PTV is the only one computed", _try([f"{stem}[%PTV]"]))
    if at not in (Unit.PERCENT, Unit.PERCENT_RX):
        raise _error(text, "the dose must be in percent of the prescription", _try([f"{stem}[%PTV]"]))
    if dose <= 0:
        raise _error(text, "the dose must be above 0", "")
    return VolumeOutside(dose=dose, unit=_answer(text, match, stem, Unit.PERCENT_PTV, Unit.CC))


def _effective_volume(text: str, match: re.Match[str]) -> Metric:
    _answer(text, match, "Veff", Unit.PERCENT)
    return EffectiveVolume()


def _prescription(text: str, match: re.Match[str]) -> Metric:
    if not match["bed"]:
        _answer(text, match, "Rx", Unit.GY)
        return PrescriptionMetric()
    if match["number"] is None:
        raise _error(text, "alpha/beta missing", _try(["RxBED10[Gy]"]))
    alpha_beta_gy = _number(text, match)
    if alpha_beta_gy <= 0:
        raise _error(text, "alpha/beta must be above 0", "")
    _answer(text, match, f"RxBED{format_number(alpha_beta_gy)}", Unit.GY)
    return PrescriptionMetric(alpha_beta_gy=alpha_beta_gy)


def _targets(text: str, match: re.Match[str]) -> Metric:
    _answer(text, match, "Targets", Unit.COUNT)
    return TargetCount()


_RULES: tuple[tuple[str, Callable[[str, re.Match[str]], Metric]], ...] = (
    (_DOSE_AT_VOLUME, _dose_at_volume),
    (_VOLUME_AT_DOSE, _volume_at_dose),
    (_STATISTIC, _statistic),
    (_GEUD, _geud),
    (_VOLUME, _volume),
    (_ISODOSE_RATIO, _isodose_ratio),
    (_INDEX, _index),
    (_AT_DISTANCE, _max_dose_at_distance),
    (_OUTSIDE, _outside),
    (_EFFECTIVE_VOLUME, _effective_volume),
    (_PRESCRIPTION, _prescription),
    (_TARGETS, _targets),
)


def _dose_unit(text: str, match: re.Match[str], stem: str) -> Unit:
    """Read the output unit of a metric that answers with a dose."""
    unit = _out(match)
    if unit is None:
        raise _error(text, "output unit missing", _try([f"{stem}[Gy]"]))
    if unit not in (Unit.GY, Unit.PERCENT, Unit.PERCENT_RX):
        raise _error(text, f"the answer is a dose, it cannot be in {unit}", _try([f"{stem}[Gy]", f"{stem}[%Rx]"]))
    return Unit.GY if unit is Unit.GY else Unit.PERCENT_RX


def _volume_unit(text: str, match: re.Match[str], stem: str) -> Unit:
    """Read the output unit of a metric that answers with a volume."""
    unit = _out(match)
    choices = _try([f"{stem}[%]", f"{stem}[cc]"])
    if unit is None:
        raise _error(text, "output unit missing", choices)
    if unit not in (Unit.CC, Unit.PERCENT):
        raise _error(text, f"the answer is a volume, it cannot be in {unit}", choices)
    return unit


def _answer(text: str, match: re.Match[str], stem: str, *units: Unit) -> Unit:
    """Read the output unit of a metric that knows few."""
    unit, choices = _out(match), _try([f"{stem}[{possible}]" for possible in units])
    if unit is None:
        raise _error(text, "output unit missing", choices)
    if unit not in units:
        raise _error(text, f"the answer cannot be in {unit}", choices)
    return unit


def _out(match: re.Match[str]) -> Unit | None:
    return _unit(next((match[group] for group in _OUT_GROUPS if match[group]), None))


def _is_cgy(unit: str | None) -> bool:
    return unit is not None and unit.lower() == "cgy"


def _unit(text: str | None) -> Unit | None:
    return None if text is None else _UNITS["".join(text.lower().split())]


def _number(text: str, match: re.Match[str]) -> float:
    number = float(match["number"].replace(",", "."))
    if not math.isfinite(number):
        raise _error(text, "the number is too large", "")
    return number


def _try(choices: list[str]) -> str:
    return "try " + " or ".join(f"'{choice}'" for choice in choices)


def _error(text: str, problem: str, hint: str) -> MetricError:
    return MetricError(f"metric {text!r}: {problem}", hint=hint)

"""ProKnow: a scorecard as JSON, ``computed`` metrics with ranges of values ("bands" below) from low to high."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any

from sbrtcheck.errors import InputError
from sbrtcheck.importers.files import json_of, list_at, number_at, text_at
from sbrtcheck.importers.template import (
    LeftOut,
    NoMeaningError,
    Remark,
    Row,
    Template,
    entry,
    metric_of,
    organ,
    plain_number,
    with_variation,
)
from sbrtcheck.tables import Sense

_METRICS = {
    "DOSE_VOLUME_PERCENT_ROI": "D{}%[Gy]",
    "DOSE_VOLUME_CC_ROI": "D{}cc[Gy]",
    "DOSE_VOLUME_MINUS_CC_ROI": "DC{}cc[Gy]",  # dose to all but so much of the volume: of the coldest so much
    "VOLUME_PERCENT_DOSE_ROI": "V{}Gy[%]",
    "VOLUME_CC_DOSE_ROI": "V{}Gy[cc]",
}
_RANGES = {"VOLUME_PERCENT_DOSE_RANGE_ROI": "CV{}Gy[%]", "VOLUME_CC_DOSE_RANGE_ROI": "CV{}Gy[cc]"}
_PLAIN = {"MIN_DOSE_ROI": "Min[Gy]", "MAX_DOSE_ROI": "Max[Gy]", "MEAN_DOSE_ROI": "Mean[Gy]", "VOLUME": "Volume[cc]"}


class Grade(IntEnum):
    """What a band means."""

    PASS = 0
    ACCEPTABLE = 1
    FAIL = 2


_GRADES = {
    "pass": Grade.PASS,
    "ideal": Grade.PASS,
    "good": Grade.PASS,
    "met": Grade.PASS,
    "per protocol": Grade.PASS,
    "acceptable": Grade.ACCEPTABLE,
    "variation": Grade.ACCEPTABLE,
    "variation acceptable": Grade.ACCEPTABLE,
    "acceptable variation": Grade.ACCEPTABLE,
    "marginal": Grade.FAIL,  # worse than acceptable: the stricter of two readings, and with a remark
    "fail": Grade.FAIL,
    "not met": Grade.FAIL,
    "unacceptable": Grade.FAIL,
    "variation unacceptable": Grade.FAIL,
    "deviation unacceptable": Grade.FAIL,
}
_MARGINAL = Remark(
    comment="the range MARGINAL counts as a fail: it lies beyond ACCEPTABLE",
    warning="ranges called MARGINAL count as fails: they lie beyond ACCEPTABLE",
)


def read(raw: bytes) -> Template:
    """Read a scorecard template, as ProKnow exports it."""
    data = json_of(raw)
    computed = list_at(data, "computed")
    if not computed:
        hint = "this looks like a PlanScoreCard file: --from planscorecard" if "ScoreTemplates" in data else ""
        raise InputError("no list of metrics under 'computed'", hint=hint)
    custom_metrics = list_at(data, "custom")
    left_out = f"custom metrics ({len(custom_metrics)}) were left out: their values are not in a plan"
    remark = Remark(comment=left_out, warning=left_out)
    return Template(
        entries=tuple(_entry(n, metric) for n, metric in enumerate(computed, 1)),
        title=text_at(data, "name"),
        remarks=(remark,) if custom_metrics else (),
    )


def _entry(position: int, metric: object) -> Row | LeftOut:
    where = f"computed {position}"
    if not isinstance(metric, dict):
        return LeftOut(where=where, printed="an entry that is no JSON object", why="it has no metric")
    arguments = [plain_number(v) for v in (metric.get("arg_1"), metric.get("arg_2")) if isinstance(v, Decimal)]
    bands = "; ".join(map(_band_text, list_at(metric, "objectives")))
    printed = " ".join(filter(None, (text_at(metric, "roi_name"), text_at(metric, "type"), *arguments)))
    return entry(where, f"{printed}: {bands}" if bands else printed, None, lambda: _row(metric))


def _band_text(band: Any) -> str:
    edges = [f"{key} {plain_number(band[key])}" for key in ("min", "max") if _has(band, key)]
    return " ".join((text_at(band, "label") or "no label", *edges))


def _has(band: object, key: str) -> bool:
    return isinstance(band, dict) and isinstance(band.get(key), Decimal)


def _row(metric: dict[str, Any]) -> Row:
    name = organ(text_at(metric, "roi_name"))
    asked_for, _ = metric_of(_metric_text(metric))
    bands = list_at(metric, "objectives")
    grades = [_grade(band) for band in bands]
    best = min(grades, default=Grade.PASS)
    sense, limit = _edge(bands, grades, best)
    marginal = any(_label(band) == "marginal" for band in bands)
    row = Row(
        where="",
        printed="",
        organ=name,
        metric=asked_for,
        sense=sense,
        limit=limit,
        remarks=(_MARGINAL,) if marginal else (),
    )
    if best is Grade.PASS and Grade.ACCEPTABLE in grades:
        its_sense, variation = _edge(bands, grades, Grade.ACCEPTABLE)
        return with_variation(row, variation, its_sense)
    return row


def _metric_text(metric: dict[str, Any]) -> str:
    type_ = text_at(metric, "type")
    if type_ in _PLAIN:
        return _PLAIN[type_]
    if type_ in _METRICS:
        return _METRICS[type_].format(plain_number(number_at(metric, "arg_1")))
    if type_ in _RANGES:
        if number_at(metric, "arg_1") != 0:
            raise NoMeaningError("a range of doses that does not begin at 0")
        return _RANGES[type_].format(plain_number(number_at(metric, "arg_2")))
    raise NoMeaningError(f"'{type_}' is not a metric that tables have")


def _label(band: object) -> str:
    return re.sub(r"\[.*?\]", "", text_at(band, "label")).strip().lower()  # a score may stand in brackets


def _grade(band: object) -> Grade:
    label = _label(band)
    if label not in _GRADES:
        raise NoMeaningError(f"the label '{text_at(band, 'label')}' does not say whether a plan passes")
    return _GRADES[label]


def _edge(bands: Sequence[Any], grades: Sequence[Grade], worst: Grade) -> tuple[Sense, Decimal]:
    """Where bands up to a grade end and worse ones begin."""
    if Grade.FAIL not in grades or len(set(grades)) == 1:
        raise NoMeaningError("no value is a fail, or every value is; there is no limit" if bands else "no objectives")
    good = [grade <= worst for grade in grades]
    if list(grades) == sorted(grades):
        below = good.index(False) - 1  # the last good band
        value, is_of_lower = _boundary(bands[below], bands[below + 1])
        return (Sense.AT_MOST if is_of_lower else Sense.BELOW), value
    if list(grades) == sorted(grades, reverse=True):
        below = good.index(True) - 1  # the last bad band
        value, is_of_lower = _boundary(bands[below], bands[below + 1])
        return (Sense.ABOVE if is_of_lower else Sense.AT_LEAST), value
    raise NoMeaningError("good values have worse ones on both sides; a row has one limit")


def _boundary(lower: object, upper: object) -> tuple[Decimal, bool]:
    """Value between two bands, and whether it belongs to the lower one."""
    if isinstance(lower, dict) and isinstance(upper, dict) and _has(lower, "max") != _has(upper, "min"):
        return (number_at(lower, "max"), True) if _has(lower, "max") else (number_at(upper, "min"), False)
    raise NoMeaningError("two ranges do not state where one ends and the other begins")

"""PlanScoreCard: JSON with scores over the value of a metric; one point may be flagged as the acceptable variation."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
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
    field_remark,
    metric_of,
    organ,
    plain_number,
)
from sbrtcheck.tables import Sense

_UNITS = {"cc": "cc", "cm3": "cc", "cm³": "cc", "%": "%", "gy": "Gy", "cgy": "cGy"}
_AT = {"DoseAtVolume": "D", "VolumeAtDose": "V"}
_PLAIN = {"MinDose": "Min", "MaxDose": "Max", "MeanDose": "Mean", "Volume": "Volume"}
_FLAGGED = Remark(
    comment="the limit is the point flagged as variation; scores have no place in a table",
    warning="limits are the points flagged as variation; scores are kept as comments",
)
_LEVELS = ("AcceptableLevel", "VariationLevel", "FailLevel")


def read(raw: bytes) -> Template:
    """Read a scorecard, as PlanScoreCard saves it."""
    data = json_of(raw)
    templates = list_at(data, "ScoreTemplates")
    if not templates:
        hint = "this looks like a ProKnow file: --from proknow" if "computed" in data else ""
        raise InputError("no list of metrics under 'ScoreTemplates'", hint=hint)
    return Template(
        entries=tuple(_entry(n, template) for n, template in enumerate(templates, 1)),
        title=text_at(data, "TemplateName"),
        fractions=_fractions(data.get("NumberOfFractions")),
        remarks=(
            *field_remark("site", text_at(data, "Site"), "the site is kept as a comment: the table is for every site"),
            *field_remark(
                "dose per fraction", _dose(data), "the dose per fraction is kept as a comment: tables have none"
            ),
        ),
    )


def _fractions(value: object) -> int | None:
    """A number of fractions; 0 means none."""
    return int(value) if isinstance(value, Decimal) and value >= 1 and value == int(value) else None


def _dose(data: dict[str, Any]) -> str:
    value = data.get("DosePerFraction")
    return plain_number(value) if isinstance(value, Decimal) and value else ""


def _entry(position: int, template: object) -> Row | LeftOut:
    where = f"ScoreTemplates {position}"
    if not isinstance(template, dict):
        return LeftOut(where=where, printed="an entry that is no JSON object", why="it has no metric")
    points = "; ".join(map(_point_text, list_at(template, "ScorePoints")))
    value = template.get("InputValue")
    at = f"{plain_number(value)}{text_at(template, 'InputUnit')}" if isinstance(value, Decimal) and value else ""
    metric_parts = (_name(template), text_at(template, "MetricType"), at, f"[{text_at(template, 'OutputUnit')}]")
    return entry(where, f"{' '.join(filter(None, metric_parts))}: {points}", None, lambda: _row(template))


def _point_text(point: Any) -> str:
    if not isinstance(point, dict):
        return "no point"
    x, score = (plain_number(v) if isinstance(v, Decimal) else "?" for v in (point.get("PointX"), point.get("Score")))
    return f"{x} scores {score}" + (" (variation)" if point.get("Variation") is True else "")


def _name(template: dict[str, Any]) -> str:
    structure = template.get("Structure")
    return text_at(structure, "TemplateStructureId") or text_at(structure, "StructureId")


def _row(template: dict[str, Any]) -> Row:
    name = organ(_name(template))
    metric, factor = metric_of(_metric_text(template))
    sense, limit = _limit(list_at(template, "ScorePoints"))
    return Row(
        where="",
        printed="",
        organ=name,
        metric=metric,
        sense=sense,
        limit=limit * factor,
        note=text_at(template, "MetricComment"),
        remarks=(_FLAGGED, *_about_structure(name, template.get("Structure")), *_levels(template)),
    )


def _metric_text(template: dict[str, Any]) -> str:
    type_ = text_at(template, "MetricType")
    if type_ in _PLAIN:
        return f"{_PLAIN[type_]}[{_unit(template, 'OutputUnit')}]"
    if type_ in _AT:
        at = f"{plain_number(number_at(template, 'InputValue'))}{_unit(template, 'InputUnit')}"
        return f"{_AT[type_]}{at}[{_unit(template, 'OutputUnit')}]"
    raise NoMeaningError(f"'{type_}' is not a metric that tables have")


def _unit(template: dict[str, Any], key: str) -> str:
    unit = text_at(template, key)
    if unit.lower() not in _UNITS:
        raise NoMeaningError(f"'{key}' is '{unit}', not one of Gy, cGy, % and CC")
    return _UNITS[unit.lower()]


def _limit(points: Sequence[Any]) -> tuple[Sense, Decimal]:
    """The flagged point, on the side where scores are lower."""
    flagged = [point for point in points if isinstance(point, dict) and point.get("Variation") is True]
    if len(flagged) != 1:
        why = "no score point is" if not flagged else "several score points are"
        raise NoMeaningError(f"{why} flagged as variation, and scores alone are no limit")
    ordered = sorted((number_at(p, "PointX"), number_at(p, "Score")) for p in points if isinstance(p, dict))
    steps = [after[1] - before[1] for before, after in pairwise(ordered)]
    if not any(steps):
        raise NoMeaningError("all scores are the same; on which side of the limit a plan passes is not stated")
    if all(step <= 0 for step in steps):
        return Sense.AT_MOST, number_at(flagged[0], "PointX")
    if all(step >= 0 for step in steps):
        return Sense.AT_LEAST, number_at(flagged[0], "PointX")
    raise NoMeaningError("scores rise and fall; a row has one limit")


def _about_structure(name: str, structure: object) -> tuple[Remark, ...]:
    its_id = text_at(structure, "StructureId")
    built = isinstance(structure, dict) and structure.get("AutoGenerated") is True
    return (
        *field_remark("also called", its_id if its_id != name else "", "other names are kept as comments"),
        *field_remark(
            "structure code",
            text_at(structure, "StructureCode"),
            "structure codes are kept as comments: tables identify structures by name",
        ),
        *field_remark(
            "built by PlanScoreCard from" if built else "comment on the structure",
            text_at(structure, "StructureComment"),
            "how PlanScoreCard builds a structure is kept as a comment: the plan must have it contoured",
        ),
    )


def _levels(template: dict[str, Any]) -> tuple[Remark, ...]:
    levels = ", ".join(
        f"{key} {plain_number(template[key])}" for key in _LEVELS if isinstance(template.get(key), Decimal)
    )
    return field_remark("levels", levels, "levels beside the score points are kept as comments")

"""ray_scripts (RayStation): XML with one ``<roi>`` a goal, in ``<goals>`` or in a ``<set>`` of goals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sbrtcheck.errors import InputError
from sbrtcheck.importers.files import Element, xml_of
from sbrtcheck.importers.template import (
    LeftOut,
    NoMeaningError,
    Remark,
    Row,
    Template,
    entry,
    field_remark,
    metric_of,
    number,
    organ,
    plain_number,
)
from sbrtcheck.tables import Sense

_HOLDERS = ("goals", "goal", "set")
_DIRECTIONS = {"le": Sense.AT_MOST, "lt": Sense.BELOW, "ge": Sense.AT_LEAST, "gt": Sense.ABOVE}
_NO_DIRECTION = Remark(
    comment="no direction is printed; RayStation reads it as at most (for Min: at least)",
    warning="rows without a direction are read as RayStation reads them: at most, and Min as at least",
)
_DOSE_UNITS = {"Gy": "Gy", "cGy": "cGy", "%": "%Rx"}
_VOLUME_UNITS = ("cc", "%")


def read(raw: bytes) -> Template:
    """Read a protocol or a set of goals."""
    top = xml_of(raw)
    holders = [element for element in top.walk() if element.tag in _HOLDERS]
    entries = tuple(_entry(roi, of_order) for holder, of_order in _with_order(top) for roi in _rois(holder))
    if not entries:
        raise InputError("no <roi> in <goals> or <set>")
    sets = [element.child_text("name") for holder in holders for element in holder.children if element.tag == "goalset"]
    names = [top.child_text("name"), *(element.child_text("name") for element in holders if element.tag == "set")]
    return Template(
        entries=entries,
        title=next(filter(None, names), ""),
        remarks=field_remark(
            "goal sets that the file names and does not hold", ", ".join(sets), "goal sets are left out"
        ),
    )


def _with_order(top: Element) -> Iterator[tuple[Element, int | None]]:
    """Every holder of goals, with the number of fractions of the order that it is in, in the order of the file."""
    waiting: list[tuple[Element, int | None]] = [(top, None)]
    while waiting:
        element, fractions = waiting.pop()
        if element.tag in _HOLDERS:
            yield element, fractions
        if element.tag == "order":
            fractions = _fractions_of_order(element)
        waiting.extend((child, fractions) for child in reversed(element.children))


def _fractions_of_order(order: Element) -> int | None:
    """The number of fractions of its prescriptions, where they have one alone."""
    numbers = {child.child_text("fractions") for child in order.children if child.tag == "prescription"} - {""}
    return _fractions(numbers.pop()) if len(numbers) == 1 else None


def _rois(holder: Element) -> Iterator[Element]:
    return (child for child in holder.children if child.tag == "roi")


def _fractions(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) >= 1 else None


def _entry(roi: Element, of_order: int | None) -> Row | LeftOut:
    stated = roi.child_text("fractions")
    where, printed = f"line {roi.line}", _printed(roi)
    if stated and _fractions(stated) is None:
        return LeftOut(where=where, printed=printed, why=f"'{stated}' is not a number of fractions")
    return entry(where, printed, _fractions(stated) or of_order, lambda: _row(roi))


def _printed(roi: Element) -> str:
    parts = []
    for tag in ("name", "type", "volume", "dose", "index"):
        if child := roi.find(tag):
            attributes = "".join(f" {key}={value}" for key, value in child.attributes.items())
            parts.append(f"{child.text}{attributes}" if tag == "name" else f"{tag} {child.text}{attributes}")
    return ", ".join(parts)


def _row(roi: Element) -> Row:
    name = organ(roi.child_text("name"))
    type_ = roi.find("type")
    if type_ is None:
        raise NoMeaningError("no <type>")
    if know := type_.attributes.get("know"):
        raise NoMeaningError(f"its limit comes from a rule that is not in the file, '{know}'")
    metric_text, limit = _metric_and_limit(roi, type_.text)
    metric, factor = metric_of(metric_text)
    sense, remarks = _sense(type_)
    return Row(
        where="",
        printed="",
        organ=name,
        metric=metric,
        sense=sense,
        limit=limit * factor,
        reference=roi.child_text("ref"),
        endpoint=roi.child_text("description"),
        remarks=(*remarks, *_relative(roi), *_priority(roi)),
    )


def _sense(type_: Element) -> tuple[Sense, tuple[Remark, ...]]:
    is_minimum = type_.text == "Min"
    direction = type_.attributes.get("dir", "")
    if not direction:
        return (Sense.AT_LEAST if is_minimum else Sense.AT_MOST), (_NO_DIRECTION,)
    if direction not in _DIRECTIONS:
        raise NoMeaningError(f"the direction '{direction}' is not one of le, lt, ge and gt")
    sense = _DIRECTIONS[direction]
    if type_.text in ("Min", "Max") and sense.is_upper == is_minimum:
        raise NoMeaningError(f"{type_.text} with the direction '{direction}': RayStation has the opposite direction")
    return sense, ()


def _metric_and_limit(roi: Element, type_: str) -> tuple[str, Decimal]:
    """TG-263 text of the metric, and the printed limit."""
    if type_ == "VX":
        volume, unit = _volume(roi)
        if _is_residual(roi):
            raise NoMeaningError("a residual volume with VX: what it means is not established")
        dose, dose_unit = _dose(roi)
        return f"V{dose}{dose_unit}[{unit}]", number(volume)
    if type_ not in ("DX", "Max", "Min", "Mean"):
        raise NoMeaningError(f"'{type_}' is not a metric that tables have")
    dose, unit = _dose(roi)
    has_volume = roi.find("volume") is not None
    if type_ == "Mean" or (type_ in ("Max", "Min") and not has_volume):
        return f"{type_}[{unit}]", number(dose)
    volume, volume_unit = _volume(roi)
    cold = _is_residual(roi) != (type_ == "Min")  # Min leaves so much out, like a residual volume
    return f"{'DC' if cold else 'D'}{volume}{volume_unit}[{unit}]", number(dose)


def _dose(roi: Element) -> tuple[str, str]:
    dose = roi.find("dose")
    if dose is None:
        raise NoMeaningError("no <dose>")
    if "alphabeta" in dose.attributes:
        raise NoMeaningError("a biological dose")
    unit = dose.attributes.get("units", "")
    if unit not in _DOSE_UNITS:
        raise NoMeaningError(f"the unit of the dose is '{unit}', not one of Gy, cGy and %")
    return plain_number(number(dose.text)), _DOSE_UNITS[unit]


def _volume(roi: Element) -> tuple[str, str]:
    volume = roi.find("volume")
    if volume is None:
        raise NoMeaningError("no <volume>")
    unit = volume.attributes.get("units", "")
    if unit not in _VOLUME_UNITS:
        raise NoMeaningError(f"the unit of the volume is '{unit}', not one of cc and %")
    return plain_number(number(volume.text)), unit


def _is_residual(roi: Element) -> bool:
    volume = roi.find("volume")
    return volume is not None and volume.attributes.get("type") == "residual"


def _relative(roi: Element) -> tuple[Remark, ...]:
    dose = roi.find("dose")
    reference_roi = dose.attributes.get("roi", "") if dose and dose.attributes.get("units") == "%" else ""
    return field_remark(
        "percent of the dose prescribed to",
        reference_roi,
        "percents of a target's dose are read as percents of the prescription",
    )


def _priority(roi: Element) -> tuple[Remark, ...]:
    return field_remark("priority", roi.child_text("priority"), "priorities are kept as comments: tables have none")

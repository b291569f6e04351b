"""Content of a table or a list of sites, of the right shape or not -> faults that no shape can tell, with their lines.

A limit that does not fit its metric, a row id used twice, a source that is not among the sources. The checks look at
the plain values of the file, not at its models: all faults of a file are reported at once, those of its shape among
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from sbrtcheck.errors import MetricError
from sbrtcheck.metric import (
    DoseAtVolume,
    Metric,
    OfPlan,
    PrescriptionMetric,
    StructureVolume,
    TargetCount,
    Unit,
    VolumeAtDose,
    parse_written,
)
from sbrtcheck.structure_names import TARGETS
from sbrtcheck.tables.document import At, Document, LineFault
from sbrtcheck.tables.limits import Sense
from sbrtcheck.tables.readings import reader_key
from sbrtcheck.tables.shape_faults import LIMIT_KEYS, LIMIT_WITH_UNIT, nearest
from sbrtcheck.tables.values import MULTI, Side, sides_of

_STEP_LENGTHS = (2, 3)  # volume and limit, and perhaps an acceptable variation

Row = Mapping[str, Any]


def table_faults(document: Document) -> Iterator[LineFault]:
    """All that is certainly wrong with a table besides its shape: rows against their metrics, and each other."""
    data = document.data
    if not isinstance(data, dict):
        return
    yield from _head_faults(document, data)
    rows, items, cited = data.get("rows"), data.get("for_clinician"), _cited_keys(data)
    for position, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict):
            yield from row_faults(document, ("rows", position), row, cited)
            yield from _site_faults(document, ("rows", position), row, data.get("site"))
    for position, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield from _cite_faults(document, ("for_clinician", position), item, cited)
            yield from _site_faults(document, ("for_clinician", position), item, data.get("site"))
    yield from _expected_faults(document, ("expects",), data.get("expects"), cited)


def sites_faults(document: Document) -> Iterator[LineFault]:
    """Ids, keys and organs used twice, organs without a reason to be expected, sources that are not there."""
    data = document.data
    if not isinstance(data, dict):
        return
    sites = data.get("sites")
    yield from _source_faults(document, data)
    yield from _repetition_faults(document, sites, ("sites",), "id", "site")
    for position, site in enumerate(sites if isinstance(sites, list) else []):
        if not isinstance(site, dict):
            continue
        at = ("sites", position)
        if site.get("id") == MULTI:
            what = f"'{MULTI}' is no site: tables whose rows span the body have it"
            yield document.fault((*at, "id"), what, "name one site, such as lung")
        yield from _expected_faults(document, (*at, "expects"), site.get("expects"), _cited_keys(data))


def _head_faults(document: Document, data: Mapping[str, Any]) -> Iterator[LineFault]:
    """Ids and keys used twice, over the whole file."""
    yield from _repetition_faults(document, data.get("rows"), ("rows",), "id", "row id")
    yield from _source_faults(document, data)
    fractions = data.get("fractions")
    if isinstance(fractions, list) and len(set(map(str, fractions))) < len(fractions):
        yield document.fault(("fractions",), "a fraction number is repeated", "name each once")


def _source_faults(document: Document, data: Mapping[str, Any]) -> Iterator[LineFault]:
    """Keys of sources used twice."""
    yield from _repetition_faults(document, data.get("sources"), ("sources",), "key", "source key")


def row_faults(document: Document, at: At, row: Row, cited: Sequence[str]) -> Iterator[LineFault]:
    """All that is certainly wrong with one row, whatever else is."""
    metric = _metric(row)
    if isinstance(metric, MetricError):
        yield document.fault((*at, "metric"), metric.what, metric.hint)
        metric = None
    yield from _sense_faults(document, at, row)
    yield from _limit_faults(document, at, row, metric)
    yield from _quantity_faults(document, at, row, metric)
    yield from _status_faults(document, at, row)
    yield from _structure_faults(document, at, row)
    yield from _optional_faults(document, at, row)
    yield from _side_faults(document, at, row)
    yield from _priority_faults(document, at, row)
    yield from _cite_faults(document, at, row, cited)


def _cited_keys(data: Mapping[str, Any]) -> list[str]:
    """Keys of the sources of a file, which entries may cite."""
    sources = data.get("sources")
    listed = sources if isinstance(sources, list) else []
    return [source["key"] for source in listed if isinstance(source, dict) and isinstance(source.get("key"), str)]


def _cite_faults(document: Document, at: At, item: Row, cited: Sequence[str]) -> Iterator[LineFault]:
    """Whether what a row or a statement cites is there."""
    source = item.get("source")
    key = source.get("cite") if isinstance(source, dict) else None
    if isinstance(key, str) and key not in cited:
        suggestion = nearest(key, cited)
        hint = f"did you mean '{suggestion}'?" if suggestion else "add it to sources"
        yield document.fault((*at, "source", "cite"), f"'{key}' is not a key of sources", hint)


def _site_faults(document: Document, at: At, item: Row, table_site: object) -> Iterator[LineFault]:
    """Whether the site of a row or a statement is one that its table is for."""
    site = item.get("site")
    if not isinstance(site, str) or not isinstance(table_site, str):
        return
    site_at = (*at, "site")
    if site == MULTI:
        yield document.fault(site_at, f"'{MULTI}' is no site of a plan", "take site out: it holds for every site")
    elif table_site not in (MULTI, site):
        what = f"site '{site}' in a table of site '{table_site}'"
        yield document.fault(site_at, what, "take it out, or move it to a table of its site")


def _expected_faults(document: Document, at: At, items: object, cited: Sequence[str]) -> Iterator[LineFault]:
    """All that is certainly wrong with a list of expected organs."""
    yield from _repetition_faults(document, items, at, "organ", "organ")
    for position, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            item_at = (*at, position)
            yield from _reason_faults(document, item_at, item)
            yield from _together_faults(document, item_at, item)
            yield from _cite_faults(document, item_at, item, cited)


def _reason_faults(document: Document, at: At, item: Row) -> Iterator[LineFault]:
    """An organ is expected by a source or by choice: one of them, so that a reader knows whose demand it is."""
    # with both, nobody could tell whether the organ is demanded in print
    if "source" in item and "choice" in item:
        yield document.fault((*at, "choice"), "both a source and a choice", "keep source; the choice is its own")
    elif "source" not in item and "choice" not in item:
        hint = "name the source that asks for the organ, or say why in choice"
        yield document.fault(at, "neither source nor choice", hint)


def _together_faults(document: Document, at: At, item: Row) -> Iterator[LineFault]:
    structures, together = item.get("structures"), item.get("together")
    for key, names in (("structures", structures), ("together", together)):
        if _is_repeated(names):
            yield document.fault((*at, key), "a structure is named twice", "name each once")
    if not isinstance(structures, list) or not isinstance(together, list):
        return
    together_at = (*at, "together")
    for name in together:
        if name not in structures:
            yield document.fault(together_at, f"'{name}' is not among structures", "add it there")
    if len(together) == 1:
        yield document.fault(together_at, "one structure alone is not together", "name the others, or take it out")


def _repetition_faults(document: Document, items: object, at: At, key: str, name: str) -> Iterator[LineFault]:
    """Items of a list that have the same text under a key; ``name`` is what the text is, for people."""
    first_lines: dict[str, int] = {}
    for position, item in enumerate(items if isinstance(items, list) else []):
        value = item.get(key) if isinstance(item, dict) else None
        if not isinstance(value, str):
            continue
        item_at = (*at, position, key)
        if value in first_lines:
            what = f"{name} '{value}' is repeated; first on line {first_lines[value]}"
            yield document.fault(item_at, what, "give each its own")
        first_lines.setdefault(value, document.line(item_at))


def _metric(row: Row) -> Metric | MetricError | None:
    text = row.get("metric")
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        written = parse_written(text)
    except MetricError as error:
        return error
    if written.dose_in_cgy or written.answer_in_cgy:  # the metric is in Gy, the limit would stay in cGy
        return MetricError(f"metric {text!r}: tables are in Gy", hint=f"write '{written.metric}' and the limit in Gy")
    return written.metric


def _sense_faults(document: Document, at: At, row: Row) -> Iterator[LineFault]:
    senses = [sense for sense in Sense if sense in row]
    if not senses:
        yield document.fault(at, "no limit", "add one of below, at_most, above, at_least")
    # which of two limits decides cannot be told
    if len(senses) > 1:
        place = (*at, str(senses[1]))
        yield document.fault(place, f"more than one limit: {' and '.join(senses)}", "keep one; two limits are two rows")


def _limit_faults(document: Document, at: At, row: Row, metric: Metric | None) -> Iterator[LineFault]:
    for key in LIMIT_KEYS:
        yield from _unit_faults(document, (*at, key), row.get(key), metric)
    senses = [sense for sense in Sense if sense in row]
    if len(senses) != 1:
        return
    sense, limit, acceptable = senses[0], row[senses[0]], row.get("acceptable")
    if metric is not None:
        yield from _direction_faults(document, at, row, metric, sense)
        # more than the whole volume: every plan would pass, or fail
        if _in_percent_of_volume(metric) and _is_number(limit) and limit > 100:
            yield document.fault((*at, str(sense)), f"a limit of {limit:g} % of the volume", "at most 100 %")
        if isinstance(limit, dict) and "by_veff" in limit and not isinstance(metric, PrescriptionMetric):
            what = f"'{metric}' by effective volume: only a prescription depends on it"
            yield document.fault((*at, str(sense)), what, "write metric: Rx[Gy]")
    if isinstance(limit, dict):
        yield from _step_faults(document, (*at, str(sense)), limit, sense)
        if "acceptable" in row:
            hint = "make it the last number of each step"
            yield document.fault((*at, "acceptable"), "'acceptable' beside limits that depend on a volume", hint)
    yield from _acceptable_faults(document, (*at, "acceptable"), limit, acceptable, sense)


def _acceptable_faults(
    document: Document, at: At, limit: object, acceptable: object, sense: Sense
) -> Iterator[LineFault]:
    if not _is_number(limit) or not _is_number(acceptable):
        return
    looser = acceptable > limit if sense.is_upper else acceptable < limit
    # as strict as the limit or stricter, no value would ever be a variation
    if not looser:
        what = f"acceptable {acceptable:g} is not looser than {sense} {limit:g}"
        hint = f"an acceptable variation lies {'above' if sense.is_upper else 'below'} the limit"
        yield document.fault(at, what, hint)


def _step_faults(document: Document, at: At, limit: Row, sense: Sense) -> Iterator[LineFault]:
    """Limits by a volume: volumes rise, and every step has the same numbers."""
    for key, steps in limit.items():
        before, length = 0.0, 0
        for position, step in enumerate(steps if isinstance(steps, list) else []):
            step_at = (*at, key, position)
            if not isinstance(step, list) or len(step) not in _STEP_LENGTHS or not all(map(_is_number, step)):
                continue
            # limits between two steps are interpolated, and a volume finds its steps by their order
            if step[0] <= before:
                yield document.fault(step_at, f"volume {step[0]:g} does not rise", "sort the steps by volume")
            if length and len(step) != length and key != "by_veff":
                what = f"{len(step)} numbers where the step before has {length}"
                yield document.fault(step_at, what, "give every step an acceptable variation, or none")
            before, length = step[0], len(step)
            if len(step) == max(_STEP_LENGTHS) and key != "by_veff":
                yield from _acceptable_faults(document, step_at, step[1], step[2], sense)


def _unit_faults(document: Document, at: At, limit: object, metric: Metric | None) -> Iterator[LineFault]:
    written = LIMIT_WITH_UNIT.fullmatch(limit) if isinstance(limit, str) else None
    if not written:
        return
    number, unit = written[1], "".join(written[2].split())
    metric_unit = str(metric.unit) if metric is not None else unit
    if unit == metric_unit:
        yield document.fault(at, f"'{at[-1]}' has a unit; the metric says it", f"write {at[-1]}: {number}")
    else:
        what = f"'{at[-1]}' is in {unit}, and the metric in {metric_unit}"
        yield document.fault(at, what, f"give the number in {metric_unit}, without the unit")


def _direction_faults(document: Document, at: At, row: Row, metric: Metric, sense: Sense) -> Iterator[LineFault]:
    """Hot and cold mixed up, where no reading makes sense; what is only unusual is for lint."""
    sense_at = (*at, str(sense))
    match metric:
        case DoseAtVolume(cold=True) if not sense.is_upper:
            what = f"'{metric}' {sense}: a critical volume has to stay below a dose"
            yield document.fault(sense_at, what, "write below or at_most")
        case VolumeAtDose(cold=True) if sense.is_upper:
            what = f"'{metric}' {sense}: a spared volume has to be at least so large"
            covers = f"write '{replace(metric, cold=False)}' at_least, with the percent that is covered"
            yield document.fault(sense_at, what, covers if _is_of_a_target(row) else "write at_least or above")
    if row.get("volume_threshold") is True and not _is_hot_cc(metric, sense):
        what = f"volume_threshold does not fit '{metric}' {sense}"
        yield document.fault(
            (*at, "volume_threshold"), what, "it is for 'no more than v cc above d Gy': D5cc[Gy] below d"
        )


def _is_of_a_target(row: Row) -> bool:
    structure = row.get("structure")
    return isinstance(structure, str) and structure.upper().startswith(TARGETS)


def _quantity_faults(document: Document, at: At, row: Row, metric: Metric | None) -> Iterator[LineFault]:
    quantity = row.get("quantity", "physical")
    if quantity == "physical":
        if "alpha_beta" in row:
            what = "alpha_beta without a quantity: physical dose has none"
            yield document.fault((*at, "alpha_beta"), what, "add quantity: EQD2 or quantity: BED, as the source says")
        return
    quantity_at = (*at, "quantity")
    # EQD2 and BED are not defined without it, and a default would be a guess
    if "alpha_beta" not in row:
        what = f"{quantity} without alpha_beta"
        yield document.fault(quantity_at, what, "add the α/β that the source uses, such as alpha_beta: 3")
    if isinstance(metric, StructureVolume | TargetCount):
        yield document.fault(quantity_at, f"'{metric}' has no dose", "take quantity out")
    elif isinstance(metric, OfPlan | PrescriptionMetric):
        yield document.fault(quantity_at, f"'{metric}' is of the plan, in physical dose", "take quantity out")
    elif metric is not None and _in_percent_of_prescription(metric):
        what = f"'{metric}': a percentage of the prescription means two things in EQD2 and BED"
        yield document.fault(quantity_at, what, "give dose and limit in Gy")


def _status_faults(document: Document, at: At, row: Row) -> Iterator[LineFault]:
    disputed = row.get("status") == "disputed"
    # a disputed number is shown and never counts: readers have to be told why
    if disputed and not row.get("note"):
        yield document.fault((*at, "status"), "a disputed row without a note", "say in note what is disputed")
    if row.get("mandatory") is True and (disputed or row.get("kind", "limit") != "limit"):
        what = "a row that never counts cannot be mandatory"
        yield document.fault((*at, "mandatory"), what, "take mandatory out, or make it kind: limit, status: ok")
    readings = row.get("confirmed_by")
    # the same reader twice is one reading: the row would count as confirmed without being so
    if isinstance(readings, list) and len({reader_key(str(one)) for one in readings}) < len(readings):
        yield document.fault((*at, "confirmed_by"), "the same reading twice", "two independent readings confirm a row")


def _structure_faults(document: Document, at: At, row: Row) -> Iterator[LineFault]:
    structure = row.get("structure")
    for select, names in structure.items() if isinstance(structure, dict) else ():
        if _is_repeated(names):
            yield document.fault((*at, "structure", select), "a structure is named twice", "name each once")
        for place, choice in enumerate(names if isinstance(names, list) else []):
            if isinstance(choice, dict):
                choice_at = (*at, "structure", select, place)
                if _is_repeated(choice.get("union")):
                    yield document.fault((*choice_at, "union"), "a structure is named twice", "name each once")
                yield from _optional_part_faults(document, (*choice_at, "optional"), choice)


def _side_faults(document: Document, at: At, row: Row) -> Iterator[LineFault]:
    """Only of a left and a right structure one may be on the side of the target."""
    if "side" not in row:
        return
    structure = row.get("structure")
    names = structure.get("each") if isinstance(structure, dict) else None
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    if len(texts) != len(Side) or sides_of(texts) is None:
        hint = "write structure: {each: [Kidney_L, Kidney_R]}, or take side out"
        yield document.fault((*at, "side"), "'side' without a left and a right structure to choose from", hint)


def _priority_faults(document: Document, at: At, row: Row) -> Iterator[LineFault]:
    if "priority" not in row:
        return
    if row.get("kind", "limit") != "limit":
        what, hint = "'priority' of what is no limit", "take priority out, or make it kind: limit"
        yield document.fault((*at, "priority"), what, hint)
    if row.get("priority") == "optimal" and "acceptable" in row:
        # whatever misses an optimal limit is a variation: a second limit for it would never be used
        what, hint = "'acceptable' of an optimal limit", "make the looser limit a row of its own, priority: mandatory"
        yield document.fault((*at, "acceptable"), what, hint)


def _optional_faults(document: Document, at: At, row: Row) -> Iterator[LineFault]:
    """Only a part of a union may be missing, and never all of it."""
    optional = row.get("optional")
    if not isinstance(optional, list) or not optional:
        return
    optional_at, structure = (*at, "optional"), row.get("structure")
    parts = structure.get("union") if isinstance(structure, dict) else None
    if not isinstance(parts, list):
        hint = "write structure: {union: [...]}, or take it out"
        yield document.fault(optional_at, "optional parts of what is no union", hint)
        return
    yield from _optional_part_faults(document, optional_at, {"union": parts, "optional": optional})


def _optional_part_faults(document: Document, optional_at: At, union: Mapping[str, Any]) -> Iterator[LineFault]:
    """Only parts of the union may be missing, each named once, and never all of them."""
    parts, optional = union.get("union"), union.get("optional")
    if not isinstance(parts, list) or not isinstance(optional, list) or not optional:
        return
    if _is_repeated(optional):
        yield document.fault(optional_at, "a structure is named twice", "name each once")
    for name in optional:
        if name not in parts:
            suggestion = nearest(str(name), [part for part in parts if isinstance(part, str)])
            hint = f"did you mean '{suggestion}'?" if suggestion else "name parts of the union only"
            yield document.fault(optional_at, f"'{name}' is not a part of the union", hint)
    # a plan with none of the parts would have the organ without any structure
    if all(part in optional for part in parts):
        yield document.fault(optional_at, "every part is optional", "keep the parts that make the organ")


def _is_repeated(names: object) -> bool:
    return isinstance(names, list) and len(set(map(str, names))) < len(names)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_percent_of_volume(metric: Metric) -> bool:
    return isinstance(metric, VolumeAtDose) and metric.unit is Unit.PERCENT


def _in_percent_of_prescription(metric: Metric) -> bool:
    return Unit.PERCENT_RX in (metric.unit, getattr(metric, "dose_unit", None))


def _is_hot_cc(metric: Metric, sense: Sense) -> bool:
    return isinstance(metric, DoseAtVolume) and not metric.cold and metric.volume_unit is Unit.CC and sense.is_upper

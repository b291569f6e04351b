"""Report -> the texts that its page shows, row by row; the template only lays them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sbrtcheck.dvh import DVH, Bounds, NoDVH
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import Measurement, NotMeasured, OfOneDvh, measure
from sbrtcheck.plan import Finding
from sbrtcheck.render import by_organ
from sbrtcheck.render.course import course_lines
from sbrtcheck.render.dvh_comparison import lines_beside_structures, metric_name
from sbrtcheck.render.grouping import row_order
from sbrtcheck.render.names import match_cells, roi_text
from sbrtcheck.results import NOTICE, Outcome, Report, ReviewCode, UnderConvention, Verdict, labels, value_texts
from sbrtcheck.results.dvh_comparison import MetricDifference, NoComparison, StructureDifference
from sbrtcheck.structure_names import NoMatch
from sbrtcheck.structure_names.plan_names import OrganName
from sbrtcheck.tables import Constraint

ICONS = {
    Verdict.PASS: "pass",
    Verdict.VARIATION: "variation",
    Verdict.FAIL: "fail",
    Verdict.NOT_EVALUATED: "none",
    Verdict.RISK: "risk",
    Verdict.REVIEW: "review",
    Verdict.MET: "met",
    Verdict.NOT_MET: "unmet",
}
"""Verdict -> its shape and colour: class name and id of a symbol."""

_WORST_FIRST = (
    Verdict.FAIL,
    Verdict.NOT_EVALUATED,
    Verdict.VARIATION,
    Verdict.NOT_MET,
    Verdict.RISK,
    Verdict.PASS,
    Verdict.MET,
)

FILTERS = {
    "fail": "Fail",
    "review": "Reason for review",
    "variation": "Variation",
    "none": "Not evaluated",
    "near": "Near limit",
    "borderline": "Borderline",
    "convention": "Convention sensitive",
    "sampling": "Sampling sensitive",
    "unconfirmed": "Unconfirmed",
}
"""What needs attention: key of a filter -> its button."""

MAX_REASONS = 12
"""Reasons for a review that are listed one below the other; more are folded, those of one code together."""

MAX_NAMES = 8
"""Structures that the line of folded reasons names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A term and its text; several lines for a list."""

    term: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the verdict table, and what it opens to; ``facts`` are groups with a heading each."""

    number: int
    table: str
    verdict: str
    icon: str
    rank: int
    flags: tuple[str, ...]
    organ: str
    contour: str
    rule: str
    metric: str
    limit: str
    value: str
    measured: bool
    margin: str
    share: str
    source: int
    filters: tuple[str, ...]
    missing: bool
    counts: bool
    sort: dict[str, float | None]
    groups: tuple[tuple[str, tuple[Fact, ...]], ...]
    on_chart: bool

    @property
    def attention(self) -> bool:
        """Whether somebody should look at it; a structure that the plan just does not have is listed elsewhere."""
        return bool(set(self.filters) - {"near"}) and not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A line under the verdict, and the number of the row it is about; None where it is about none or several."""

    icon: str
    verdict: str
    text: str
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Reasons for a review of one code: a line with their number and code, and the reasons."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """One line of the legend of the chart."""

    name: str
    kind: str
    volume: str
    doses: tuple[str, str, str]


def page(report: Report, drawn_rows: frozenset[int], group: str) -> dict[str, Any]:
    """Everything the template shows, but chart and notes; ``drawn_rows`` are numbers of rows that the chart has."""
    sources = labels.SourceList.of(report.outcomes)
    course, _, source = labels.prescription_text(report).partition(" (")
    rows = [
        _row(number, report.outcomes[number], report, sources, on_chart=number in drawn_rows)
        for number in row_order(report, group)
    ]
    return {
        "plan": labels.plan_text(report),
        "verdict": labels.overall_text(report),
        "icon_name": ICONS[report.verdict],
        "summary": labels.summary_text(report),
        "course_short": course,
        "course_from": source,
        "site": labels.site_text(report),
        "headlines": list(_headlines(report)),
        "folded": list(_folded_reasons(report)),
        "course": list(course_lines(report)),
        "notice": NOTICE,
        "tables": [
            clean(". ".join((labels.table_text(table), *labels.table_notes(report, table)))) for table in report.tables
        ],
        "left_out": labels.left_out_lines(report),
        "by_organ": by_organ.report_grid(report) if report.profile is not None else None,
        "by_organ_lines": by_organ.report_lines(report) if report.profile is not None else [],
        "several_tables": len(report.tables) > 1,
        "rows": rows,
        "attention": sum(row.attention for row in rows),
        "filters": [(key, text, sum(key in row.filters for row in rows)) for key, text in FILTERS.items()],
        "missing": labels.absent_organs(report.outcomes),
        "indices": [row for row in rows if labels.is_of_whole_plan(report.outcomes[row.number].constraint)],
        "legend": labels.legend(report),
        "organs": [_name_cells(organ) for organ in report.names.organs if not _is_absent(organ)],
        "nowhere": [clean(organ.organ) for organ in report.names.organs if _is_absent(organ)],
        "unused": [clean(roi_text(roi)) for roi in report.names.unused],
        "name_remarks": list(map(clean, report.names.remarks)),
        "compared": _comparison_dict(report),
        "findings": labels.findings(report),
        "for_clinician": labels.for_clinician(report),
        "sources": [line.partition("] ")[2] for line in sources.lines()],
        "provenance": list(_provenance_facts(report)),
        "choices": labels.choices(report),
        "without": [_why_no_dvh(no_dvh) for no_dvh in report.dvhs.without],
        "software": report.software,
    }


# -------------------------------------------------------------------------------- lines under the verdict


def _headlines(report: Report) -> Iterator[Headline]:
    """Rows that fail or vary; then the reasons for a review, where they are few."""
    for outcome in labels.headline_rows(report):
        icon, row = ICONS[outcome.verdict], report.outcomes.index(outcome)
        yield Headline(icon=icon, verdict=outcome.verdict, text=labels.headline_of(outcome), row=row)
    if not _are_many(report):
        for line in labels.reason_lines(report):
            yield Headline(icon=ICONS[Verdict.REVIEW], verdict=Verdict.REVIEW, text=line)


def _are_many(report: Report) -> bool:
    return len(labels.reason_lines(report)) > MAX_REASONS


def _folded_reasons(report: Report) -> Iterator[Folded]:
    """The reasons for a review, where they are many: those of one code together."""
    by_code: dict[ReviewCode, dict[str, str]] = {}
    for reason in labels.reasons_beside_rows(report) if _are_many(report) else ():
        by_code.setdefault(reason.code, {})[clean(reason.text)] = clean(reason.structure)
    for code, structures_by_text in by_code.items():
        names = list(dict.fromkeys(filter(None, structures_by_text.values())))
        listed = ", ".join([*names[:MAX_NAMES], *(["..."] if len(names) > MAX_NAMES else [])])
        yield Folded(
            title=f"{len(structures_by_text)} × {code}{f': {listed}' if listed else ''}",
            lines=tuple(structures_by_text),
        )


# -------------------------------------------------------------------------------- rows of the verdict table


def _row(number: int, outcome: Outcome, report: Report, sources: labels.SourceList, *, on_chart: bool) -> Row:
    row = outcome.constraint
    measurement = outcome.measurement
    percent = outcome.percent_of_limit
    share = None if isinstance(percent, NotMeasured) else percent
    return Row(
        number=number,
        table=outcome.table_id,
        verdict=labels.verdict_text(outcome),
        icon=ICONS[outcome.verdict],
        rank=_WORST_FIRST.index(outcome.verdict),
        flags=labels.flags(outcome),
        organ=clean(labels.organ_text(outcome)),
        contour=clean(outcome.contour),
        rule=outcome.rule,
        metric=labels.metric_text(row),
        limit=labels.limit_used_text(outcome),
        value=value_texts.result_text(outcome),
        measured=isinstance(measurement, Measurement),
        margin=value_texts.margin_text(outcome),
        share=value_texts.percent_cell(outcome),
        source=sources.number(row.source),
        filters=tuple(_filters(outcome, report)),
        missing=labels.is_just_missing(outcome),
        counts=outcome.counts,
        sort={
            "limit": outcome.limit_used,
            "value": measurement.value if isinstance(measurement, Measurement) else None,
            "margin": outcome.margin,
            "share": share,
        },
        groups=tuple((heading, tuple(facts)) for heading, facts in _fact_groups(outcome, report) if facts),
        on_chart=on_chart,
    )


def _filters(outcome: Outcome, report: Report) -> Iterator[str]:
    if outcome.verdict in (Verdict.FAIL, Verdict.VARIATION, Verdict.NOT_EVALUATED):
        yield ICONS[outcome.verdict]
    if any(outcome.row_id in reason.rows for reason in report.reasons):
        yield "review"
    if outcome.near_limit:
        yield "near"
    if outcome.borderline:
        yield "borderline"
    if outcome.convention_sensitive:
        yield "convention"
    if outcome.sampling_sensitive:
        yield "sampling"
    if not outcome.constraint.confirmed:
        yield "unconfirmed"


def _fact_groups(outcome: Outcome, report: Report) -> Iterator[tuple[str, list[Fact]]]:
    yield "Source", list(_source_facts(outcome))
    yield "Contour", list(_contour_facts(outcome, report))
    yield "Numbers", [*_number_facts(outcome), *_other_reading_facts(outcome, report)]
    yield "Remarks", list(_remark_facts(outcome))


def _fact_if_any(term: str, *lines: str) -> Iterator[Fact]:
    """One fact, unless it has no text."""
    texts = tuple(clean(line) for line in lines if line)
    if texts:
        yield Fact(term=term, lines=texts)


def _source_facts(outcome: Outcome) -> Iterator[Fact]:
    row, source = outcome.constraint, outcome.constraint.source
    yield from _fact_if_any("Citation", source.citation)
    yield from _fact_if_any("DOI", f"https://doi.org/{source.doi}" if source.doi else "")
    yield from _fact_if_any("Printed", source.where)
    yield from _fact_if_any("As printed", row.organ)
    yield from _fact_if_any("Protects from", row.endpoint)
    read = ", ".join(row.confirmed_by) or "nobody"
    yield from _fact_if_any("Read by", read)
    yield from _fact_if_any("Not confirmed", *row.doubts)
    yield from _fact_if_any("Row", f"{row.id} of table {outcome.table_id}")
    yield from _fact_if_any("Only for", row.site)


def _contour_facts(outcome: Outcome, report: Report) -> Iterator[Fact]:
    yield from _fact_if_any("Organ", outcome.organ)
    yield from _fact_if_any("Contour", "none" if outcome.structure is None else outcome.contour)
    yield from _fact_if_any("Matched by", outcome.rule)
    yield from _fact_if_any("Lacking", *outcome.lacking)
    yield from _fact_if_any("Optional", *outcome.constraint.optional)
    yield from _fact_if_any("Possible match", *outcome.probable)
    dvh = _dvh_of(outcome, report)
    if dvh is not None:
        yield from _fact_if_any("Volume", _volume_text(dvh))
        yield from _fact_if_any("Type", dvh.kind)
        yield from _fact_if_any("Outside grid", _outside_text(outcome, dvh))


def _number_facts(outcome: Outcome) -> Iterator[Fact]:
    row, measurement, unit = outcome.constraint, outcome.measurement, outcome.constraint.metric.unit
    if isinstance(measurement, Measurement):
        yield from _fact_if_any("Value", f"{number_text(measurement.value, outcome.limit_used)} {unit}")
        yield from _fact_if_any("Bounds", _bounds_text(measurement, outcome))
        yield from _fact_if_any("Sampling", value_texts.sampling_detail(outcome))
    else:
        yield from _fact_if_any(
            "Value", f"none: {measurement.reason}", measurement.detail if measurement.detail != outcome.detail else ""
        )
    yield from _fact_if_any("Limit", _with_unit(_limit_line(outcome.limit_used, row), unit))
    yield from _fact_if_any("Acceptable", _with_unit(_limit_line(outcome.acceptable_used, row), unit))
    yield from _fact_if_any("Margin", _with_unit(value_texts.margin_text(outcome), unit))
    yield from _fact_if_any(value_texts.PERCENT_OF_LIMIT, value_texts.percent_cell(outcome))
    for other in outcome.conventions:
        yield from _fact_if_any(f"End caps {other.end_caps}", _convention_text(other, outcome))
    yield from _fact_if_any("By volume", *_steps(row))
    yield from _fact_if_any(
        "Dose scale", f"{row.quantity}, alpha/beta {row.alpha_beta_gy:g} Gy" if row.alpha_beta_gy else ""
    )


def _other_reading_facts(outcome: Outcome, report: Report) -> Iterator[Fact]:
    """The value under each other reading of contours that contradict each other."""
    dvh, row = _dvh_of(outcome, report), outcome.constraint
    if dvh is None or not isinstance(row.metric, OfOneDvh) or row.quantity is not dvh.quantity:
        return
    for other in dvh.readings:
        measurement = measure(row.metric, other)
        known = value_texts.value_text(measurement, outcome, with_bounds=True)
        text = str(measurement.reason) if isinstance(measurement, NotMeasured) else known
        yield from _fact_if_any("Read otherwise", f"{text} {row.metric.unit}, of {_volume_text(other)}")


def _dvh_of(outcome: Outcome, report: Report) -> DVH | None:
    return next((dvh for dvh in report.dvhs.dvhs if dvh.name == outcome.contour), None)


def _outside_text(outcome: Outcome, dvh: DVH) -> str:
    """How much of a structure the dose grid does not cover."""
    if not dvh.uncovered_cc:
        return ""
    return f"{number_text(dvh.uncovered_cc)} cc, {outcome.outside_percent:.2g} % of it, counted at 0 Gy"


def _bounds_text(measurement: Measurement, outcome: Outcome) -> str:
    limits = outcome.limit_used, outcome.acceptable_used
    low, high = (number_text(end, *limits) for end in (measurement.low, measurement.high))
    if measurement.open_above:
        return f"{low} or more"
    return f"{low} to {high} {measurement.unit}" if low != high else "narrower than the digits shown"


def _limit_line(limit: float | None, row: Constraint) -> str:
    return "" if limit is None else f"{labels.SIGNS[row.sense]} {limit:.6g}"


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if text else ""


def _steps(row: Constraint) -> Iterator[str]:
    for step in row.steps:
        acceptable = "" if step.acceptable is None else f" (variation {step.acceptable:g})"
        yield f"at {step.volume_cc:g} cc: {labels.SIGNS[row.sense]} {step.limit:g}{acceptable}"
    for up_to in row.veff_steps:
        yield f"up to {up_to.veff_percent:g} %: {labels.SIGNS[row.sense]} {up_to.limit:g}"


def _remark_facts(outcome: Outcome) -> Iterator[Fact]:
    row = outcome.constraint
    yield from _fact_if_any("Why", str(outcome.reason or ""), outcome.detail)
    yield from _fact_if_any("Counts", _counts_text(outcome))
    yield from _fact_if_any(
        "Applies", "" if outcome.applies else "no: its organ is neither in the plan nor expected at its site"
    )
    yield from _fact_if_any("Flags", *(f"{flag}: {labels.FLAGS[flag]}" for flag in labels.flags(outcome)))
    yield from _fact_if_any("Findings", *map(_finding_text, outcome.findings))
    yield from _fact_if_any("Note", row.note)


def _finding_text(finding: Finding) -> str:
    return f"{labels.finding_text(finding)} [{finding.code}]"


def _counts_text(outcome: Outcome) -> str:
    """Whether a row counts in the overall verdict, and why not."""
    if outcome.counts:
        return "yes, mandatory" if outcome.constraint.mandatory else "yes"
    return f"no: {labels.why_not_counted(outcome)}"


def _convention_text(other: UnderConvention, outcome: Outcome) -> str:
    """Value and verdict under another end-cap convention."""
    measurement = other.measurement
    value = (
        str(measurement.reason)
        if isinstance(measurement, NotMeasured)
        else value_texts.value_text(measurement, outcome, with_bounds=True)
    )
    return f"{value}, {other.verdict.replace('_', ' ')}"


# -------------------------------------------------------------------------------- other sections


def structures(dvhs: Sequence[DVH]) -> list[Structure]:
    """Legend of the chart."""
    return [
        Structure(
            name=clean(dvh.name),
            kind=clean(dvh.kind),
            volume=_volume_text(dvh),
            doses=(_gy_text(dvh.min_gy), _gy_text(dvh.mean_gy), _gy_text(dvh.max_gy)),
        )
        for dvh in dvhs
    ]


def _volume_text(dvh: DVH) -> str:
    return f"{dvh.volume:.2f} cc" if dvh.volume_unit == "cc" else "only relative"


def _gy_text(bounds: Bounds) -> str:
    return f"{bounds.value:.2f}"


def _name_cells(organ: OrganName) -> tuple[str | int, ...]:
    """Organ, number of its rows, contour, rule, type, codes, other possible matches."""
    return clean(organ.organ), len(organ.rows), *map(clean, match_cells(organ))


def _is_absent(organ: OrganName) -> bool:
    """Whether the plan has no structure of an organ's name, nor a close one, and the user gave none."""
    return isinstance(organ.match, NoMatch) and not organ.match.suggested and organ.given_name is None


def _comparison_dict(report: Report) -> dict[str, Any]:
    """Whose DVHs these were compared with, and the lines of each structure; or why there are none."""
    compared = report.compared
    if isinstance(compared, NoComparison):
        return {"reason": clean(compared.reason)}
    return {
        "other": clean(compared.other),
        "structures": list(map(_structure_dict, compared.structures)),
        "remarks": list(lines_beside_structures(compared, report.end_caps)),
    }


def _structure_dict(structure: StructureDifference) -> dict[str, Any]:
    apart = structure.curves
    return {
        "name": clean(structure.name),
        "metrics": list(map(_metric_cells, structure.metrics)),
        "apart": f"curves at most {apart.volume_percent:+.2f} % of the volume apart, at {apart.at_gy:.2f} Gy; "
        f"{apart.dose_gy:+.2f} Gy, at {apart.at_percent:.4g} %",
    }


def _metric_cells(metric: MetricDifference) -> tuple[str, str, str, str, str, str]:
    """Metric, ours, theirs, the difference, that in percent of theirs, and whether the bounds overlap."""
    difference, percent = metric.difference, metric.percent
    measured = not isinstance(difference, NotMeasured)
    return (
        metric_name(metric),
        _measurement_text(metric.ours),
        _measurement_text(metric.theirs),
        f"{difference:+.2f}" if not isinstance(difference, NotMeasured) else "",
        f"{percent:+.1f} %" if not isinstance(percent, NotMeasured) else "",
        ("overlap" if metric.within_bands else "apart") if measured else "",
    )


def _measurement_text(measurement: Measurement | NotMeasured) -> str:
    if isinstance(measurement, NotMeasured):
        return str(measurement.reason)
    text = number_text(measurement.value)
    return f"{text} or more" if measurement.open_above else text


def _provenance_facts(report: Report) -> Iterator[Fact]:
    for table in report.tables:
        yield from _fact_if_any(
            f"Table {table.id}", f"version {table.version}", f"sha256 {table.sha256 or 'unknown'}", table.note
        )
    for key, value in report.provenance.items():
        yield from _fact_if_any(key.replace("_", " "), *((value,) if isinstance(value, str) else value))
    yield from _fact_if_any("DVHs", labels.dvh_text(report))
    yield from _fact_if_any("Software", report.software)


def _why_no_dvh(no_dvh: NoDVH) -> str:
    detail = f" ({no_dvh.detail})" if no_dvh.detail else ""
    return clean(f"{no_dvh.name}: {no_dvh.reason}{detail}")

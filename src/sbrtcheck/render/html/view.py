"""Report -> the texts that its page shows, row by row; the template only lays them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sbrtcheck.dvh import DVH, Bounds, NoDVH
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.render import by_organ
from sbrtcheck.render.course import course_lines
from sbrtcheck.render.dvh_comparison import lines_beside_structures, metric_name
from sbrtcheck.render.grouping import row_order
from sbrtcheck.render.html.facts import Fact, fact_groups, provenance_facts, volume_text
from sbrtcheck.render.names import match_cells, roi_text
from sbrtcheck.results import NOTICE, Outcome, Report, ReviewCode, Verdict, labels, value_texts
from sbrtcheck.results.dvh_comparison import MetricDifference, NoComparison, StructureDifference
from sbrtcheck.structure_names import NoMatch
from sbrtcheck.structure_names.plan_names import OrganName

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
        "provenance": list(provenance_facts(report)),
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
        groups=fact_groups(outcome, report),
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


# -------------------------------------------------------------------------------- other sections


def structures(dvhs: Sequence[DVH]) -> list[Structure]:
    """Legend of the chart."""
    return [
        Structure(
            name=clean(dvh.name),
            kind=clean(dvh.kind),
            volume=volume_text(dvh),
            doses=(_gy_text(dvh.min_gy), _gy_text(dvh.mean_gy), _gy_text(dvh.max_gy)),
        )
        for dvh in dvhs
    ]


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


def _why_no_dvh(no_dvh: NoDVH) -> str:
    detail = f" ({no_dvh.detail})" if no_dvh.detail else ""
    return clean(f"{no_dvh.name}: {no_dvh.reason}{detail}")

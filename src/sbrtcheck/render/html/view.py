"""Report -> the texts that its page shows, row by row; the template only lays them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sbrtcheck.dvh import DVH, Bounds, NoDVH
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import Measurement, NotMeasured, OfOneDvh, measure
from sbrtcheck.plan import Finding
from sbrtcheck.render.course import course_lines
from sbrtcheck.render.dvh_comparison import lines_beside_structures, metric_name
from sbrtcheck.render.names import roi_text, taken_cells
from sbrtcheck.results import NOTICE, Outcome, Report, ReviewCode, UnderConvention, Verdict, labels
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
    "borderline": "Borderline",
    "convention": "Convention sensitive",
    "unconfirmed": "Unconfirmed",
}
"""What needs attention: key of a filter -> its button."""

MAX_REASONS = 12
"""Reasons for a review that are listed one below the other; more are folded, those of one code together."""

MAX_NAMES = 8
"""Structures that the line of folded reasons names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A term and what is said of it; several lines for a list."""

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
    drawn: bool

    @property
    def attention(self) -> bool:
        """Whether somebody should look at it; a structure that the plan just does not have is said elsewhere."""
        return bool(self.filters) and not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A line under the verdict, and the number of the row it is about; None where it is about none or several."""

    icon: str
    verdict: str
    text: str
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Reasons for a review of one code: a line that says how many of what, and the reasons."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """One line of the legend of the chart."""

    name: str
    kind: str
    volume: str
    doses: tuple[str, str, str]


def page(report: Report, drawn_rows: frozenset[int]) -> dict[str, Any]:
    """Everything the template shows, but the chart; ``drawn_rows`` are numbers of rows that the chart has."""
    sources = labels.SourceList.of(report.outcomes)
    course, _, source = labels.prescription_text(report).partition(" (")
    numbered = sorted(enumerate(report.outcomes), key=lambda one: not labels.is_of_target(one[1].constraint))
    rows = [_row(number, outcome, report, sources, drawn=number in drawn_rows) for number, outcome in numbered]
    return {
        "plan": labels.plan_text(report),
        "verdict": labels.overall_text(report),
        "icon_name": ICONS[report.verdict],
        "summary": labels.summary_text(report),
        "course_short": course,
        "course_from": source,
        "site": labels.site_text(report),
        "headlines": list(_headlines(report)),
        "folded": list(_folded(report)),
        "course": list(course_lines(report)),
        "notice": NOTICE,
        "tables": [clean(labels.table_text(table)) for table in report.tables],
        "several_tables": len(report.tables) > 1,
        "rows": rows,
        "attention": sum(row.attention for row in rows),
        "filters": [(key, text, sum(key in row.filters for row in rows)) for key, text in FILTERS.items()],
        "missing": labels.absent_organs(report.outcomes),
        "indices": [row for row in rows if labels.is_of_whole_plan(report.outcomes[row.number].constraint)],
        "legend": labels.legend(report),
        "organs": [_name(one) for one in report.names.organs if not _is_nowhere(one)],
        "nowhere": [clean(one.organ) for one in report.names.organs if _is_nowhere(one)],
        "unused": [clean(roi_text(roi)) for roi in report.names.unused],
        "name_remarks": list(map(clean, report.names.remarks)),
        "compared": _compared(report),
        "findings": labels.findings(report),
        "for_clinician": labels.for_clinician(report),
        "sources": [line.partition("] ")[2] for line in sources.lines()],
        "provenance": list(_provenance(report)),
        "choices": labels.choices(report),
        "without": [_why_no_dvh(one) for one in report.dvhs.without],
        "software": report.software,
    }


# -------------------------------------------------------------------------------- what stands under the verdict


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


def _folded(report: Report) -> Iterator[Folded]:
    """The reasons for a review, where they are many: those of one code together."""
    by_code: dict[ReviewCode, dict[str, str]] = {}
    for reason in labels.reasons_beside_rows(report) if _are_many(report) else ():
        by_code.setdefault(reason.code, {})[clean(reason.text)] = clean(reason.structure)
    for code, said in by_code.items():
        names = list(dict.fromkeys(filter(None, said.values())))
        listed = ", ".join([*names[:MAX_NAMES], *(["..."] if len(names) > MAX_NAMES else [])])
        yield Folded(title=f"{len(said)} × {code}{f': {listed}' if listed else ''}", lines=tuple(said))


# -------------------------------------------------------------------------------- rows of the verdict table


def _row(number: int, outcome: Outcome, report: Report, sources: labels.SourceList, *, drawn: bool) -> Row:
    row = outcome.constraint
    found = outcome.measurement
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
        value=labels.result_text(outcome),
        measured=isinstance(found, Measurement),
        margin=labels.margin_text(outcome),
        share=labels.percent_text(outcome).removesuffix(" of the limit"),
        source=sources.number(row.source),
        filters=tuple(_filters(outcome, report)),
        missing=labels.is_just_missing(outcome),
        counts=outcome.counts,
        sort={
            "limit": outcome.limit_used,
            "value": found.value if isinstance(found, Measurement) else None,
            "margin": outcome.margin,
            "share": share,
        },
        groups=tuple((heading, tuple(facts)) for heading, facts in _groups(outcome, report) if facts),
        drawn=drawn,
    )


def _filters(outcome: Outcome, report: Report) -> Iterator[str]:
    if outcome.verdict in (Verdict.FAIL, Verdict.VARIATION, Verdict.NOT_EVALUATED):
        yield ICONS[outcome.verdict]
    if any(outcome.row_id in reason.rows for reason in report.reasons):
        yield "review"
    if outcome.borderline:
        yield "borderline"
    if outcome.convention_sensitive:
        yield "convention"
    if not outcome.constraint.confirmed:
        yield "unconfirmed"


def _groups(outcome: Outcome, report: Report) -> Iterator[tuple[str, list[Fact]]]:
    yield "Source", list(_of_source(outcome))
    yield "Contour", list(_of_contour(outcome, report))
    yield "Numbers", [*_of_numbers(outcome), *_of_other_readings(outcome, report)]
    yield "Remarks", list(_of_remarks(outcome))


def _fact(term: str, *lines: str) -> Iterator[Fact]:
    """One fact, unless there is nothing to say."""
    said = tuple(clean(line) for line in lines if line)
    if said:
        yield Fact(term=term, lines=said)


def _of_source(outcome: Outcome) -> Iterator[Fact]:
    row, source = outcome.constraint, outcome.constraint.source
    yield from _fact("Citation", source.citation)
    yield from _fact("DOI", f"https://doi.org/{source.doi}" if source.doi else "")
    yield from _fact("Printed", source.where)
    yield from _fact("As printed", row.organ)
    yield from _fact("Protects from", row.endpoint)
    read = ", ".join(row.confirmed_by) or "nobody"
    yield from _fact("Read by", read if row.confirmed else f"{read}: not confirmed by two independent readings")
    yield from _fact("Row", f"{row.id} of table {outcome.table_id}")
    yield from _fact("Only for", row.site)


def _of_contour(outcome: Outcome, report: Report) -> Iterator[Fact]:
    yield from _fact("Organ", outcome.organ)
    yield from _fact("Contour", outcome.contour or "none")
    yield from _fact("Matched by", outcome.rule)
    yield from _fact("Lacking", *outcome.lacking)
    yield from _fact("Optional", *outcome.constraint.optional)
    yield from _fact("Possible match", *outcome.probable)
    dvh = _dvh_of(outcome, report)
    if dvh is not None:
        yield from _fact("Volume", _volume_text(dvh))
        yield from _fact("Type", dvh.kind)
        yield from _fact("Outside grid", _outside_text(outcome, dvh))


def _of_numbers(outcome: Outcome) -> Iterator[Fact]:
    row, found, unit = outcome.constraint, outcome.measurement, outcome.constraint.metric.unit
    if isinstance(found, Measurement):
        yield from _fact("Value", f"{number_text(found.value, outcome.limit_used)} {unit}")
        yield from _fact("Bounds", _band_text(found, outcome))
    else:
        yield from _fact("Value", f"none: {found.reason}", found.detail if found.detail != outcome.detail else "")
    yield from _fact("Limit", _with_unit(_limit_line(outcome.limit_used, row), unit))
    yield from _fact("Acceptable", _with_unit(_limit_line(outcome.acceptable_used, row), unit))
    yield from _fact("Margin", _with_unit(labels.margin_text(outcome), unit))
    yield from _fact("Of limit", labels.percent_text(outcome).removesuffix(" of the limit"))
    for other in outcome.conventions:
        yield from _fact(f"End caps {other.end_caps}", _convention(other, outcome))
    yield from _fact("By volume", *_steps(row))
    yield from _fact("Dose scale", f"{row.quantity}, alpha/beta {row.alpha_beta_gy:g} Gy" if row.alpha_beta_gy else "")


def _of_other_readings(outcome: Outcome, report: Report) -> Iterator[Fact]:
    """The value under each other reading of contours that contradict each other."""
    dvh, row = _dvh_of(outcome, report), outcome.constraint
    if dvh is None or not isinstance(row.metric, OfOneDvh) or row.quantity is not dvh.quantity:
        return
    for other in dvh.readings:
        found = measure(row.metric, other)
        text = str(found.reason) if isinstance(found, NotMeasured) else labels.value_text(found, outcome)
        yield from _fact("Read otherwise", f"{text} {row.metric.unit}, of {_volume_text(other)}")


def _dvh_of(outcome: Outcome, report: Report) -> DVH | None:
    return next((dvh for dvh in report.dvhs.dvhs if dvh.name == outcome.contour), None)


def _outside_text(outcome: Outcome, dvh: DVH) -> str:
    """How much of a structure the dose grid does not cover."""
    if not dvh.uncovered_cc:
        return ""
    return f"{number_text(dvh.uncovered_cc)} cc, {outcome.outside_percent:.2g} % of it, counted at 0 Gy"


def _band_text(found: Measurement, outcome: Outcome) -> str:
    limits = outcome.limit_used, outcome.acceptable_used
    low, high = (number_text(one, *limits) for one in (found.low, found.high))
    if found.open_above:
        return f"{low} or more"
    return f"{low} to {high} {found.unit}" if low != high else "narrower than the digits shown"


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


def _of_remarks(outcome: Outcome) -> Iterator[Fact]:
    row = outcome.constraint
    yield from _fact("Why", str(outcome.reason or ""), outcome.detail)
    yield from _fact("Counts", _counts(outcome))
    yield from _fact(
        "Applies", "" if outcome.applies else "no: its organ is neither in the plan nor expected at its site"
    )
    yield from _fact("Flags", *(f"{flag}: {labels.FLAGS[flag]}" for flag in labels.flags(outcome)))
    yield from _fact("Findings", *map(_finding_text, outcome.findings))
    yield from _fact("Note", row.note)


def _finding_text(finding: Finding) -> str:
    return f"{labels.finding_text(finding)} [{finding.code}]"


def _counts(outcome: Outcome) -> str:
    """Whether a row takes part in the overall verdict, and why not."""
    if outcome.counts:
        return "yes, mandatory" if outcome.constraint.mandatory else "yes"
    return f"no: {labels.why_not_counted(outcome)}"


def _convention(other: UnderConvention, outcome: Outcome) -> str:
    """Value and verdict under another end-cap convention."""
    found = other.measurement
    value = str(found.reason) if isinstance(found, NotMeasured) else labels.value_text(found, outcome)
    return f"{value}, {other.verdict.replace('_', ' ')}"


# -------------------------------------------------------------------------------- other sections


def structures(dvhs: Sequence[DVH]) -> list[Structure]:
    """Legend of the chart."""
    return [
        Structure(
            name=clean(dvh.name),
            kind=clean(dvh.kind),
            volume=_volume_text(dvh),
            doses=(_band_value(dvh.min_gy), _band_value(dvh.mean_gy), _band_value(dvh.max_gy)),
        )
        for dvh in dvhs
    ]


def _volume_text(dvh: DVH) -> str:
    return f"{dvh.volume:.2f} cc" if dvh.volume_unit == "cc" else "only relative"


def _band_value(band: Bounds) -> str:
    return f"{band.value:.2f}"


def _name(one: OrganName) -> tuple[str | int, ...]:
    """Organ, number of its rows, contour, rule, type, codes, what was not taken."""
    return clean(one.organ), len(one.rows), *map(clean, taken_cells(one))


def _is_nowhere(one: OrganName) -> bool:
    """Whether there is nothing to say of an organ but that the plan has no structure of that name, nor a close one."""
    return isinstance(one.match, NoMatch) and not one.match.suggested and not one.given


def _compared(report: Report) -> dict[str, Any]:
    """Whose DVHs these were held against, and the lines of each structure; or why there are none."""
    compared = report.compared
    if isinstance(compared, NoComparison):
        return {"reason": clean(compared.reason)}
    return {
        "other": clean(compared.other),
        "structures": list(map(_compared_structure, compared.structures)),
        "said": list(lines_beside_structures(compared, report.end_caps)),
    }


def _compared_structure(one: StructureDifference) -> dict[str, Any]:
    apart = one.curves
    return {
        "name": clean(one.name),
        "metrics": list(map(_compared_metric, one.metrics)),
        "apart": f"curves at most {apart.volume_percent:+.2f} % of the volume apart, at {apart.at_gy:.2f} Gy; "
        f"{apart.dose_gy:+.2f} Gy, at {apart.at_percent:.4g} %",
    }


def _compared_metric(one: MetricDifference) -> tuple[str, str, str, str, str, str]:
    """Metric, ours, theirs, the difference, that in percent of theirs, and whether the bands overlap."""
    difference, percent = one.difference, one.percent
    measured = not isinstance(difference, NotMeasured)
    return (
        metric_name(one),
        _found(one.ours),
        _found(one.theirs),
        f"{difference:+.2f}" if not isinstance(difference, NotMeasured) else "",
        f"{percent:+.1f} %" if not isinstance(percent, NotMeasured) else "",
        ("overlap" if one.within_bands else "apart") if measured else "",
    )


def _found(found: Measurement | NotMeasured) -> str:
    if isinstance(found, NotMeasured):
        return str(found.reason)
    text = number_text(found.value)
    return f"{text} or more" if found.open_above else text


def _provenance(report: Report) -> Iterator[Fact]:
    for table in report.tables:
        yield from _fact(
            f"Table {table.id}", f"version {table.version}", f"sha256 {table.sha256 or 'unknown'}", table.note
        )
    for key, value in report.provenance.items():
        yield from _fact(key.replace("_", " "), *((value,) if isinstance(value, str) else value))
    yield from _fact("DVHs", labels.dvh_text(report))
    yield from _fact("Software", report.software)


def _why_no_dvh(one: NoDVH) -> str:
    detail = f" ({one.detail})" if one.detail else ""
    return clean(f"{one.name}: {one.reason}{detail}")

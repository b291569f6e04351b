"""Terms and texts that a page shows: of a row, all that it opens to; of a report, where its numbers are from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sbrtcheck.dvh import DVH
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import Measurement, NotMeasured, OfOneDvh, measure
from sbrtcheck.plan import Finding
from sbrtcheck.results import Outcome, Report, UnderConvention, labels, value_texts
from sbrtcheck.tables import Constraint


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A term and its text; several lines for a list."""

    term: str
    lines: tuple[str, ...]


def fact_groups(outcome: Outcome, report: Report) -> tuple[tuple[str, tuple[Fact, ...]], ...]:
    """What a row opens to: headings, each with its facts; one without facts is left out."""
    groups = (
        ("Source", tuple(_source_facts(outcome))),
        ("Contour", tuple(_contour_facts(outcome, report))),
        ("Numbers", (*_number_facts(outcome), *_other_reading_facts(outcome, report))),
        ("Remarks", tuple(_remark_facts(outcome))),
    )
    return tuple((heading, facts) for heading, facts in groups if facts)


def provenance_facts(report: Report) -> Iterator[Fact]:
    """Tables, files, DVHs and software that a report was made with."""
    for table in report.tables:
        yield from _fact_if_any(
            f"Table {table.id}", f"version {table.version}", f"sha256 {table.sha256 or 'unknown'}", table.note
        )
    for key, value in report.provenance.items():
        yield from _fact_if_any(key.replace("_", " "), *((value,) if isinstance(value, str) else value))
    yield from _fact_if_any("DVHs", labels.dvh_text(report))
    yield from _fact_if_any("Software", report.software)


def volume_text(dvh: DVH) -> str:
    """Volume of a structure in cc; a DVH in percent does not know it."""
    return f"{dvh.volume:.2f} cc" if dvh.volume_unit == "cc" else "only relative"


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
        yield from _fact_if_any("Volume", volume_text(dvh))
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
        value = _value_or_reason(measure(row.metric, other), outcome)
        yield from _fact_if_any("Read otherwise", f"{value} {row.metric.unit}, of {volume_text(other)}")


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


def _fact_if_any(term: str, *lines: str) -> Iterator[Fact]:
    """One fact, unless it has no text."""
    texts = tuple(clean(line) for line in lines if line)
    if texts:
        yield Fact(term=term, lines=texts)


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


def _finding_text(finding: Finding) -> str:
    return f"{labels.finding_text(finding)} [{finding.code}]"


def _counts_text(outcome: Outcome) -> str:
    """Whether a row counts in the overall verdict, and why not."""
    if outcome.counts:
        return "yes, mandatory" if outcome.constraint.mandatory else "yes"
    return f"no: {labels.why_not_counted(outcome)}"


def _convention_text(other: UnderConvention, outcome: Outcome) -> str:
    """Value and verdict under another end-cap convention."""
    return f"{_value_or_reason(other.measurement, outcome)}, {other.verdict.replace('_', ' ')}"


def _value_or_reason(measured: Measurement | NotMeasured, outcome: Outcome) -> str:
    if isinstance(measured, NotMeasured):
        return str(measured.reason)
    return value_texts.value_text(measured, outcome, with_bounds=True)

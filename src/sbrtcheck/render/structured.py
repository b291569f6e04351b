"""Report -> what a DICOM Structured Report says of it; `sbrtcheck.dicom.structured_report` makes the object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sbrtcheck.dicom.structured_report import ReportContent, ReportedOrgan, ReportedRow, Said
from sbrtcheck.metric import Measurement
from sbrtcheck.render.course import course_lines
from sbrtcheck.render.dvh_comparison import comparison_lines, comparison_title
from sbrtcheck.results import Outcome, Report, labels, noted, value_texts


def report_content(report: Report) -> ReportContent:
    """All rows by organ, targets first; the verdict, what keeps the report from a pass, and what it was made from."""
    by_organ: dict[tuple[str, str], list[ReportedRow]] = {}
    for outcome in labels.targets_first(report.outcomes):
        by_organ.setdefault((outcome.organ, outcome.contour), []).append(_row(report, outcome))
    return ReportContent(
        verdict=str(report.verdict),
        said=tuple(_of_report(report)),
        organs=tuple(
            ReportedOrgan(organ=organ, contour=contour, rows=tuple(rows)) for (organ, contour), rows in by_organ.items()
        ),
    )


def _row(report: Report, outcome: Outcome) -> ReportedRow:
    row = outcome.constraint
    notes = report.notes.on(report.outcomes.index(outcome))
    return ReportedRow(
        row=outcome.row_id,
        metric=labels.metric_text(row),
        measured=outcome.measurement,
        verdict=labels.verdict_text(outcome),
        numbers=_numbers_of_limit(outcome),
        said=(*_of_row(outcome), *(Said(heading="note", text=noted.note_text(note)) for note in notes)),
    )


def _numbers_of_limit(outcome: Outcome) -> Mapping[str, float]:
    numbers = {"limit": outcome.limit_used, "limit of the acceptable variation": outcome.acceptable_used}
    return {name: number for name, number in numbers.items() if number is not None}


def _of_row(outcome: Outcome) -> Iterator[Said]:
    """What stands beside the value in the other formats; a reason wherever there is no value."""
    source = labels.source_text(outcome.constraint.source)
    if not isinstance(outcome.measurement, Measurement):
        yield Said(heading="why there is no value", text=value_texts.result_text(outcome))
    elif outcome.reason is not None:
        yield Said(heading="reason", text=str(outcome.reason))
    yield Said(heading="limit", text=f"{labels.limit_used_text(outcome)} {outcome.constraint.metric.unit}")
    yield Said(heading=value_texts.PERCENT_OF_LIMIT, text=value_texts.percent_cell(outcome))
    yield Said(heading="matched by rule", text=outcome.rule)
    yield Said(heading="does not count", text=labels.why_not_counted(outcome))
    if not outcome.applies:
        yield Said(heading="does not apply", text="the organ is not expected at this site")
    yield from (Said(heading="flag", text=f"{flag}: {labels.FLAGS[flag]}") for flag in labels.flags(outcome))
    yield Said(heading="remark", text=labels.remark(outcome))
    yield Said(heading="source", text=source)


def _of_report(report: Report) -> Iterator[Said]:
    yield Said(heading="headline", text=f"{labels.overall_text(report)}: {labels.summary_text(report)}")
    yield from (Said(heading=str(verdict), text=line) for verdict, line in labels.headline_lines(report))
    yield Said(heading="plan", text=labels.plan_text(report))
    yield Said(heading="prescription", text=labels.prescription_text(report))
    yield Said(heading="site", text=labels.site_text(report))
    yield from (Said(heading="sign-off", text=line) for line in noted.signature_lines(report))
    yield from (Said(heading="note", text=line) for line in noted.lost_note_lines(report.notes))
    yield from (Said(heading="choice of the user", text=line) for line in labels.choices(report))
    for table in report.tables:
        notes = " ".join(labels.table_notes(report, table))
        yield Said(heading="table", text=f"{labels.table_text(table)}. {notes}")
    yield from (Said(heading="tables left out", text=line) for line in labels.left_out_lines(report))
    yield from (Said(heading="finding", text=line) for line in labels.findings(report))
    yield from (Said(heading=comparison_title(report), text=line) for line in comparison_lines(report))
    yield from (Said(heading="for the clinician", text=line) for line in labels.for_clinician(report))
    yield from (Said(heading="regimen", text=line) for line in course_lines(report))
    yield from (Said(heading="provenance", text=line) for line in labels.provenance_lines(report))

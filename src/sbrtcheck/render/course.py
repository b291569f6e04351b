"""The prescription of a report -> lines on what is known of it; regimens -> their texts."""

from __future__ import annotations

from collections.abc import Iterator

from sbrtcheck.reference_data import Regimen, Statement, Threshold
from sbrtcheck.results import Report, labels
from sbrtcheck.results.course import ThresholdSide, UnknownCourse
from sbrtcheck.tables import Sense


def course_lines(report: Report) -> Iterator[str]:
    """What is known of the prescription by its dose and fraction number; for orientation, never a verdict."""
    note = report.course
    if isinstance(note, UnknownCourse):
        return
    yield f"BED {note.bed10_gy:.2f} Gy, EQD2 {note.eqd2_gy:.2f} Gy (a/b 10). For orientation, no verdict."
    yield from (finding.text for finding in note.findings)
    if not note.known:
        where = f" for {report.site}" if report.site.ids else ""
        yield f"No known regimen{where} has this dose and number of fractions."
    for regimen in note.known:
        yield f"{regimen.site_printed}: {reported_text(regimen)}"
    yield from dict.fromkeys(
        f"Here the review and its source differ. {difference_text(o.differs)}" for o in note.known if o.differs
    )
    yield from map(_side_text, note.sides)


def reported_text(regimen: Regimen) -> str:
    """Where a regimen is named, and what was reported for it."""
    reported = f" {regimen.reported} (read in: {regimen.reported_by})" if regimen.reported else ""
    assumed = " The number of fractions is assumed." if regimen.fractions_assumed else ""
    return f"{regimen.where}.{assumed}{reported}"


def difference_text(statement: Statement) -> str:
    """The statement of the review, and that of its source."""
    return f"Review: {statement.review} Source: {statement.source} ({statement.citation})"


def _side_text(side: ThresholdSide) -> str:
    threshold = side.threshold
    by_review = f"BED {threshold_text(threshold, threshold.sense)} by the review: {_met(met=side.met)}"
    if threshold.source_sense is not threshold.sense:
        by_review += (
            f"; {threshold_text(threshold, threshold.source_sense)} by its source: {_met(met=side.met_by_source)}"
        )
    return f"{threshold.statement}: {by_review} ({threshold.source}{'' if threshold.read else ', not read'})"


def threshold_text(threshold: Threshold, sense: Sense) -> str:
    """``>= 209 +/- 67 Gy``."""
    spread = f" +/- {threshold.spread_gy:g}" if threshold.spread_gy else ""
    return f"{labels.SIGNS[sense]} {threshold.bed_gy:g}{spread} Gy"


def _met(*, met: bool) -> str:
    return "reached" if met else "not reached"

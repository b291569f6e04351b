"""The prescription of a report -> lines on what is known of it; regimens -> the words for them."""

from __future__ import annotations

from collections.abc import Iterator

from sbrtcheck.reference_data import Regimen, Statement, Threshold
from sbrtcheck.render import words
from sbrtcheck.results import Report
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
    for one in note.known:
        yield f"{one.site_printed}: {said(one)}"
    yield from dict.fromkeys(
        f"Here the review and its source differ. {differs(o.differs)}" for o in note.known if o.differs
    )
    yield from map(_side_text, note.sides)


def said(one: Regimen) -> str:
    """Where a regimen is named, and what was reported for it."""
    reported = f" {one.reported} (read in: {one.reported_by})" if one.reported else ""
    assumed = " The number of fractions is assumed." if one.fractions_assumed else ""
    return f"{one.where}.{assumed}{reported}"


def differs(statement: Statement) -> str:
    """What the review says, and what its source says."""
    return f"Review: {statement.review} Source: {statement.source} ({statement.citation})"


def _side_text(side: ThresholdSide) -> str:
    one = side.threshold
    by_review = f"BED {limit(one, one.sense)} by the review: {_met(met=side.met)}"
    if one.source_sense is not one.sense:
        by_review += f"; {limit(one, one.source_sense)} by its source: {_met(met=side.met_by_source)}"
    return f"{one.statement}: {by_review} ({one.source}{'' if one.read else ', not read'})"


def limit(one: Threshold, sense: Sense) -> str:
    """``>= 209 +/- 67 Gy``."""
    spread = f" +/- {one.spread_gy:g}" if one.spread_gy else ""
    return f"{words.SIGNS[sense]} {one.bed_gy:g}{spread} Gy"


def _met(*, met: bool) -> str:
    return "reached" if met else "not reached"

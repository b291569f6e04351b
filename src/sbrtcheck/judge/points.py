"""Report -> the curves to draw, and points that they have to pass on one side."""

from __future__ import annotations

from sbrtcheck.chart.points import CurvePoint, NotDrawn
from sbrtcheck.dvh import DVH, DVHSet, NoDVH
from sbrtcheck.dvh.targets import targets_first
from sbrtcheck.metric import NotMeasured
from sbrtcheck.results.outcome import Outcome, Verdict
from sbrtcheck.results.report import Report
from sbrtcheck.structure_names import TARGETS
from sbrtcheck.tables.points import curve_point

_TOGETHER = " + "  # between the names of contours that were taken as one organ


def curves_of(report: Report) -> list[tuple[DVH, bool]]:
    """The DVHs of a report that can be drawn, those of targets first, each with whether it is one of a target."""
    return targets_first((dvh for dvh in report.dvhs if dvh.volume > 0), report.dvhs, given_targets(report))


def given_targets(report: Report) -> dict[str, str]:
    """The structures that the user named for targets."""
    return {one.organ: one.given for one in report.names.organs if one.organ in TARGETS and one.given}


def points_of(report: Report, dvhs: DVHSet) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
    """What of a report can be drawn on these DVHs, and what cannot."""
    found = [_point(outcome, dvhs) for outcome in report.outcomes]
    return (
        tuple(one for one in found if isinstance(one, CurvePoint)),
        tuple(one for one in found if isinstance(one, NotDrawn)),
    )


def _point(outcome: Outcome, dvhs: DVHSet) -> CurvePoint | NotDrawn:
    label = str(outcome.constraint.metric)
    if outcome.reason and (isinstance(outcome.measurement, NotMeasured) or outcome.verdict is Verdict.NOT_EVALUATED):
        return NotDrawn(label=label, reason=str(outcome.reason))
    if outcome.limit_used is None:
        return NotDrawn(label=label, reason="no limit for this volume")
    dvh = _dvh_of(outcome.contour, dvhs)
    if dvh is None:
        return NotDrawn(label=label, reason="no DVH of its contour")
    return curve_point(outcome.constraint, dvh, limit=outcome.limit_used, counts=outcome.counts)


def _dvh_of(contour: str, dvhs: DVHSet) -> DVH | None:
    """The DVH of a contour, or of several as one organ; None where it is not clear."""
    named = [dvh for dvh in dvhs.dvhs if dvh.name == contour]
    if named:
        return named[0] if len(named) == 1 else None
    parts = [[dvh for dvh in dvhs.dvhs if dvh.name == name] for name in contour.split(_TOGETHER)]
    if len(parts) < 2 or any(len(part) != 1 for part in parts):
        return None
    whole = dvhs.union([part[0] for part in parts])
    return None if isinstance(whole, NoDVH) else whole

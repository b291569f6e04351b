"""Outcomes and DVHs -> the limits of the rows as points that curves have to pass on one side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sbrtcheck.chart.line_styles import LineStyle
from sbrtcheck.chart.points import CurvePoint, NotDrawn
from sbrtcheck.chart.values import ChartLimit
from sbrtcheck.dvh import DVH, DVHSet, NoDVH
from sbrtcheck.formatting import clean
from sbrtcheck.metric import NotMeasured
from sbrtcheck.results.labels import limit_used_text, metric_text, verdict_text
from sbrtcheck.results.outcome import Outcome, Verdict
from sbrtcheck.results.value_texts import result_text
from sbrtcheck.structure_names import TARGETS, Match, Rule
from sbrtcheck.structure_names.plan_names import PlanNames
from sbrtcheck.tables import Kind
from sbrtcheck.tables.points import axis_point, curve_point

_TOGETHER = " + "  # between the names of contours that were measured as one organ


def given_targets(names: PlanNames) -> dict[str, str]:
    """The structures that the user named for targets, in a names file or in the clinic's dictionary."""
    targets = [organ for organ in names.organs if organ.organ in TARGETS]
    given = {organ.organ: organ.given_name for organ in targets if organ.given_name is not None}
    by_dictionary = {
        organ.organ: organ.match.roi.name
        for organ in targets
        if isinstance(organ.match, Match) and organ.match.rule is Rule.DICTIONARY
    }
    return by_dictionary | given


def outcome_points(outcomes: Sequence[Outcome], dvhs: DVHSet) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
    """The rows that are points on these DVHs, and those that are none."""
    points = [_outcome_point(outcome, dvhs) for outcome in outcomes]
    return (
        tuple(point for point in points if isinstance(point, CurvePoint)),
        tuple(point for point in points if isinstance(point, NotDrawn)),
    )


def _outcome_point(outcome: Outcome, dvhs: DVHSet) -> CurvePoint | NotDrawn:
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
    same_name = [dvh for dvh in dvhs.dvhs if dvh.name == contour]
    if same_name:
        return same_name[0] if len(same_name) == 1 else None
    parts = [[dvh for dvh in dvhs.dvhs if dvh.name == name] for name in contour.split(_TOGETHER)]
    if len(parts) < 2 or any(len(part) != 1 for part in parts):
        return None
    union = dvhs.union([part[0] for part in parts])
    return None if isinstance(union, NoDVH) else union


def chart_limits(outcomes: Sequence[Outcome], styled: Sequence[tuple[DVH, LineStyle]]) -> Iterator[ChartLimit]:
    """The limits that a chart of these curves can show: of each row on one of them, and its acceptable variation."""
    name_counts = Counter(dvh.name for dvh, _ in styled)
    curves = {dvh.name: (dvh, style) for dvh, style in styled if name_counts[dvh.name] == 1}
    for number, outcome in enumerate(outcomes):
        if outcome.contour in curves and outcome.verdict is not Verdict.NOT_EVALUATED:
            yield from _limits_of(outcome, number, *curves[outcome.contour])


def _limits_of(outcome: Outcome, number: int, dvh: DVH, style: LineStyle) -> Iterator[ChartLimit]:
    row = outcome.constraint
    limit_text = f"{outcome.contour}: {metric_text(row)} {limit_used_text(outcome)}"
    text = clean(f"{limit_text}; {result_text(outcome)}, {verdict_text(outcome)}")
    is_exceeded = outcome.margin is not None and outcome.margin < 0
    for limit, is_variation in ((outcome.limit_used, False), (outcome.acceptable_used, True)):
        if limit is None:
            continue
        on_curve = curve_point(row, dvh, limit=limit, counts=outcome.counts)
        on_axis = axis_point(row, dvh, limit=limit, counts=outcome.counts)
        point = on_curve if isinstance(on_curve, CurvePoint) else on_axis
        if isinstance(point, NotDrawn):
            continue
        yield ChartLimit(
            point=point,
            style=style,
            row=number,
            verdict=str(outcome.verdict),
            text=text,
            is_broken=outcome.verdict in (Verdict.FAIL, Verdict.VARIATION) or is_exceeded,
            is_variation=is_variation,
            is_firm=outcome.counts and row.kind is Kind.LIMIT and limit == outcome.limit_used,
            on_curve=isinstance(on_curve, CurvePoint),
            on_axis=isinstance(on_axis, CurvePoint),
        )

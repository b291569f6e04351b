"""A report -> the limits of its tables organ by organ, with what the plan has there: for reports by a profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.results.labels import is_just_missing
from sbrtcheck.results.outcome import Outcome
from sbrtcheck.results.report_values import ReportValues
from sbrtcheck.results.to_dict import limits_dict, rounded
from sbrtcheck.tables.by_organ import OrganLine, RowKey, lines_by_organ


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLine:
    """Limits that may be compared, and the plan's value for the strictest of them that counts.

    ``outcomes`` are those of the strictest limit, one for each contour; where no limit counts or none is the strictest,
    those of the first. ``all_outcomes`` are of every limit of the line.
    """

    line: OrganLine
    outcomes: tuple[Outcome, ...]
    all_outcomes: tuple[Outcome, ...]

    @property
    def relevant(self) -> tuple[Outcome, ...]:
        """The outcomes, but for contours that the plan neither has nor needs, unless there are no others."""
        outcomes = tuple(outcome for outcome in self.outcomes if not _is_aside(outcome))
        return outcomes or self.outcomes

    @property
    def worst(self) -> Outcome | None:
        """The outcome with the smallest margin; None where no contour has a margin."""
        with_margin = [outcome for outcome in self.relevant if outcome.margin is not None]
        return min(with_margin, key=lambda outcome: outcome.margin or 0.0, default=None)

    @property
    def margin(self) -> float | None:
        """How far inside the strictest limit the worst contour lies; None where that is not known.

        It is not known where no limit is the strictest, or one of several contours has no value.
        """
        is_known = self.line.strictest and all(outcome.margin is not None for outcome in self.relevant)
        return self.worst.margin if is_known and self.worst is not None else None

    @property
    def is_aside(self) -> bool:
        """Whether there is nothing to say but that the plan does not have the organ, which is not expected either."""
        return all(map(_is_aside, self.all_outcomes))


def _is_aside(outcome: Outcome) -> bool:
    return is_just_missing(outcome) and not outcome.applies


def measured_lines(report: ReportValues) -> tuple[MeasuredLine, ...]:
    """The limits of the report's tables, in lines, each with the plan's value."""
    by_row: dict[RowKey, list[Outcome]] = {}
    for outcome in report.outcomes:
        by_row.setdefault((outcome.table_id, outcome.constraint.id), []).append(outcome)
    # rows that are not for this plan, but for another site, have no outcome
    judged = [
        replace(table, rows=tuple(row for row in table.rows if (table.id, row.id) in by_row)) for table in report.tables
    ]
    lines = lines_by_organ(
        judged,
        expected=report.site.expects,
        include_unconfirmed=report.include_unconfirmed,
        limits_used=_limits_used(by_row.items()),
    )
    return tuple(_measured(line, {limit.key: by_row[limit.key] for limit in line.limits}) for line in lines)


def _limits_used(rows: Iterable[tuple[RowKey, Sequence[Outcome]]]) -> dict[RowKey, float | None]:
    """The limit of each row for this plan, but where targets of several volumes have limits of their own."""
    used = {key: {outcome.limit_used for outcome in outcomes} for key, outcomes in rows}
    return {key: next(iter(limits)) for key, limits in used.items() if len(limits) == 1}


def _measured(line: OrganLine, by_row: dict[RowKey, list[Outcome]]) -> MeasuredLine:
    shown = line.strictest or line.limits[:1]
    outcomes = {
        (outcome.contour, outcome.measurement, outcome.reason): outcome
        for limit in reversed(shown)  # of several that are the same, the first one's
        for outcome in reversed(by_row[limit.key])
    }
    return MeasuredLine(
        line=line,
        outcomes=tuple(reversed(outcomes.values())),
        all_outcomes=tuple(outcome for outcomes_ in by_row.values() for outcome in outcomes_),
    )


def measured_dict(measured: MeasuredLine) -> dict[str, Any]:
    """One line as JSON-ready values: the plan's values on each contour, then the limits."""
    values = [
        {
            "row": outcome.row_id,
            "contour": outcome.contour,
            "value": _value(outcome.measurement),
            "limit": rounded(outcome.limit_used),
            "margin": rounded(outcome.margin),
            "verdict": str(outcome.verdict),
            "reason": str(outcome.reason) if outcome.reason else None,
        }
        for outcome in measured.relevant
    ]
    return {**limits_dict(measured.line), "values": values, "margin": rounded(measured.margin)}


def _value(measurement: Measurement | NotMeasured) -> float | None:
    """The value, None where nothing was measured."""
    return None if isinstance(measurement, NotMeasured) else rounded(float(measurement.value))

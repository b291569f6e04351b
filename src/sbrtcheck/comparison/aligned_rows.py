"""The reports of several plans in; which outcome of one plan stands beside which of the others, row by row, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sbrtcheck.dvh import Reason
from sbrtcheck.results.outcome import Outcome
from sbrtcheck.results.plan_comparison import NoOutcome
from sbrtcheck.results.report import Report
from sbrtcheck.tables import Select

Aligned = tuple[Outcome | NoOutcome, ...]
"""One row in all plans, in their order; at least one of them has an outcome."""

_Key = tuple[str, str, str]


def aligned_rows(reports: Sequence[Report]) -> Iterator[Aligned]:
    """Rows of reports by the same tables, in the order of the first report that has them.

    The one outcome of a row stands beside the one; of several separate targets those of one name; of a row for one side
    those of one organ.
    """
    by_plan = [_by_row(report) for report in reports]
    for key in dict.fromkeys(key for rows in by_plan for key in rows):
        outcomes = [rows.get(key, []) for rows in by_plan]
        yield from _by_organ_of_side(outcomes) if _has_side(outcomes) else _by_contour(outcomes)


def outcome_of(aligned: Aligned) -> Outcome:
    """The outcome of the first plan that has one; of a row for one side, one on an organ of which the side is known."""
    outcomes = [outcome for outcome in aligned if isinstance(outcome, Outcome)]
    known = [outcome for outcome in outcomes if outcome.organ in outcome.constraint.structures]
    return (known if known and outcomes[0].constraint.side is not None else outcomes)[0]


def _by_row(report: Report) -> dict[_Key, list[Outcome]]:
    """Outcomes by table, row, and organ where the row asks for each of several."""
    outcomes: dict[_Key, list[Outcome]] = {}
    for outcome in report.outcomes:
        row = outcome.constraint
        organ = outcome.organ if row.select is Select.EACH and row.side is None else ""
        outcomes.setdefault((outcome.table_id, row.id, organ), []).append(outcome)
    return outcomes


def _has_side(outcomes: Sequence[Sequence[Outcome]]) -> bool:
    return any(outcome.constraint.side is not None for of_plan in outcomes for outcome in of_plan)


def _by_contour(outcomes: Sequence[Sequence[Outcome]]) -> Iterator[Aligned]:
    """The one outcome of each plan; where a plan has several, those of one name."""
    if all(len(of_plan) <= 1 for of_plan in outcomes):
        lacking = _no_counterpart(next(of_plan[0] for of_plan in outcomes if of_plan))
        yield tuple(of_plan[0] if of_plan else lacking for of_plan in outcomes)
        return
    by_contour = [_numbered(of_plan) for of_plan in outcomes]
    for key in dict.fromkeys(key for of_plan in by_contour for key in of_plan):
        found = [of_plan.get(key) for of_plan in by_contour]
        lacking = _no_counterpart(next(outcome for outcome in found if outcome is not None))
        yield tuple(outcome or lacking for outcome in found)


def _numbered(outcomes: Sequence[Outcome]) -> dict[tuple[str, int], Outcome]:
    """Outcomes by the name of their contour, those of one name numbered."""
    times: Counter[str] = Counter()
    numbered = {}
    for outcome in outcomes:
        numbered[outcome.contour, times[outcome.contour]] = outcome
        times[outcome.contour] += 1
    return numbered


def _no_counterpart(outcome: Outcome) -> NoOutcome:
    """What another plan has for a target that only this one has."""
    name = outcome.organ if outcome.structure is None else outcome.contour
    return NoOutcome(detail=f"it has no {name} of its own")


def _by_organ_of_side(outcomes: Sequence[Sequence[Outcome]]) -> Iterator[Aligned]:
    """A row for the organ on one side: where the side of the target is known in some plans only, organ by organ.

    A plan that neither of the two organs could be told for has one outcome on "the one or the other", which stands
    beside each of them.
    """
    organs = [{outcome.organ: outcome for outcome in of_plan} for of_plan in outcomes]
    either = [_on_either(of_plan) for of_plan in outcomes]
    known = dict.fromkeys(
        organ for of_plan, open_ in zip(organs, either, strict=True) if open_ is None for organ in of_plan
    )
    for organ in known or dict.fromkeys(organ for of_plan in organs for organ in of_plan):
        yield tuple(
            of_plan.get(organ) or open_ or _of_other_fractions(of_plan) or _judged_elsewhere(of_plan)
            for of_plan, open_ in zip(organs, either, strict=True)
        )


def _on_either(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The outcome of a plan in which the row is on neither organ: the side is not known, or neither is there."""
    if len(outcomes) != 1:
        return None
    (only,) = outcomes
    is_open = only.reason in (Reason.SIDE_UNKNOWN, Reason.STRUCTURE_MISSING) and only.structure is None
    return only if is_open and only.organ not in only.constraint.structures else None


def _of_other_fractions(organs: dict[str, Outcome]) -> Outcome | None:
    """The outcome of a plan that the table is not for: that says more than on which side its target is."""
    return next((one for one in organs.values() if one.reason is Reason.FRACTIONS_DO_NOT_MATCH), None)


def _judged_elsewhere(organs: dict[str, Outcome]) -> NoOutcome:
    """What a plan has for the organ on the side that its row is not for."""
    if not organs:
        return NoOutcome(detail="it has no such row")
    return NoOutcome(detail=f"by the side of its target, the row is for {' and '.join(organs)} alone")

"""The reports of more than two plans of one patient in; row by row which plans no other is better than, out.

Every two plans are compared as two plans are: so what is said of a plan does not depend on the order of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from sbrtcheck.comparison.aligned_rows import Aligned, aligned_rows, outcome_of
from sbrtcheck.comparison.two_plans import compare_plans, compare_rows, why_not_evaluated
from sbrtcheck.results.plan_comparison import Better, PlansCompared, RowComparison, RowOfPlans, Standing, letter
from sbrtcheck.results.report import Report

_Pair = tuple[int, int]


def compare_several(reports: Sequence[Report]) -> PlansCompared:
    """Compare reports that were made with the same tables on plans of one patient.

    Parameters
    ----------
    reports
        At least two; each plan keeps its own prescription.

    Returns
    -------
    PlansCompared
        The rows of all plans; DVHs are compared with those of the first plan only.
    """
    rows = list(aligned_rows(reports))
    pairs: dict[_Pair, list[RowComparison]] = {
        (one, other): compare_rows(
            [(outcome_of(row), row[one], row[other]) for row in rows], reports[one], reports[other]
        )
        for one, other in combinations(range(len(reports)), 2)
    }
    return PlansCompared(
        reports=tuple(reports),
        rows=tuple(
            _row_of_plans(row, {pair: compared[place] for pair, compared in pairs.items()})
            for place, row in enumerate(rows)
        ),
        to_first=tuple(compare_plans(reports[0], other) for other in reports[1:]),
    )


def _row_of_plans(row: Aligned, pairs: Mapping[_Pair, RowComparison]) -> RowOfPlans:
    outcome = outcome_of(row)
    standings = _standings(len(row), {pair: one.better for pair, one in pairs.items()})
    return RowOfPlans(
        table_id=outcome.table_id,
        constraint=outcome.constraint,
        organ=outcome.organ,
        outcomes=row,
        standings=standings,
        why=_why(row, standings, pairs),
    )


def _standings(count: int, better: Mapping[_Pair, Better]) -> tuple[Standing, ...]:
    """How each plan stands, by which of every two is better."""
    compared = {place for pair, one in better.items() if one is not Better.NOT_COMPARED for place in pair}
    beaten = {pair[1] for pair, one in better.items() if one is Better.FIRST}
    beaten |= {pair[0] for pair, one in better.items() if one is Better.SECOND}

    def standing(place: int) -> Standing:
        if place not in compared:
            return Standing.NOT_COMPARED
        if not beaten:
            return Standing.SAME
        return Standing.NOT_BEST if place in beaten else Standing.BEST

    return tuple(standing(place) for place in range(count))


def _why(row: Aligned, standings: Sequence[Standing], pairs: Mapping[_Pair, RowComparison]) -> str:
    """Why plans were not compared on a row, each called by its letter; "" where all were."""
    left_out = [place for place, standing in enumerate(standings) if standing is Standing.NOT_COMPARED]
    reasons = {place: why_not_evaluated(row[place]) for place in left_out}
    stated = {place: reason for place, reason in reasons.items() if reason is not None}
    if len(stated) == len(row) and len(set(stated.values())) == 1:
        return f"in none: {next(iter(stated.values()))}"
    if left_out and not stated:
        return next(one.why for one in pairs.values() if one.why)
    by_reason: dict[str, list[str]] = {}
    for place, reason in stated.items():
        by_reason.setdefault(reason, []).append(letter(place))
    return "; ".join(f"not in {', '.join(letters)}: {reason}" for reason, letters in by_reason.items())

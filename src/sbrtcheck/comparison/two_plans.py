"""Two reports on plans of one patient in; row by row which plan is better, and how their DVHs differ, out.

No plan is called the better one as a whole: how rows weigh against each other is not for a program to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sbrtcheck.comparison.with_other_dvhs import structure_difference
from sbrtcheck.dvh import DVH, NoDVH, Reason
from sbrtcheck.judge.structures import dvh_of
from sbrtcheck.metric import NotMeasured, OfOneDvh, measure
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results.dvh_comparison import NotCompared, StructureDifference
from sbrtcheck.results.outcome import Outcome, Verdict
from sbrtcheck.results.plan_comparison import Better, NoOutcome, PlanComparison, RowComparison
from sbrtcheck.results.report import Report
from sbrtcheck.tables import Select

_RANK = {
    Verdict.PASS: 0,
    Verdict.MET: 0,
    Verdict.VARIATION: 1,
    Verdict.NOT_MET: 2,
    Verdict.FAIL: 2,
}

MAX_HALVINGS = 2
"""Elements of rows whose bands overlap are made narrower this often: 64 times as many of them."""


def compare_plans(first: Report, second: Report) -> PlanComparison:
    """Hold two reports, made with the same tables on plans of one patient, against each other.

    Parameters
    ----------
    first, second
        The reports; each plan keeps its own prescription.

    Returns
    -------
    PlanComparison
        Mirrored when the plans change places.
    """
    told_apart = _Finer(first=first, second=second).told_apart
    rows = tuple(told_apart(row) if row.better is Better.SAME else row for row in _rows(first, second))
    held = [(dvh, _partner(dvh, rows, second)) for dvh in first.dvhs.dvhs]
    taken = {other.name for _, other in held if isinstance(other, DVH)}
    return PlanComparison(
        first=first,
        second=second,
        rows=rows,
        structures=tuple(_structure(dvh, other, rows) for dvh, other in held if isinstance(other, DVH)),
        without=(
            *(_not_in(dvh.name, "second", other) for dvh, other in held if isinstance(other, NoDVH)),
            *(
                _not_in(dvh.name, "first", dvh_of(dvh.name, dvh.number, first.dvhs))
                for dvh in second.dvhs.dvhs
                if dvh.name not in taken
            ),
        ),
        remarks=tuple(_remarks(first, second)),
    )


# Rows


def _rows(first: Report, second: Report) -> Iterator[RowComparison]:
    ours, theirs = _by_row(first), _by_row(second)
    for key in dict.fromkeys((*ours, *theirs)):
        yield from _compared(ours.get(key, []), theirs.get(key, []))


def _by_row(report: Report) -> dict[tuple[str, str, str], list[Outcome]]:
    """Outcomes by table, row, and organ where the row asks for each of several."""
    found: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in report.outcomes:
        row = outcome.constraint
        organ = outcome.organ if row.select is Select.EACH else ""
        found.setdefault((outcome.table_id, row.id, organ), []).append(outcome)
    return found


def _compared(ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> Iterator[RowComparison]:
    """The one outcome of a row with the one; of several separate targets those of one name."""
    if len(ours) == len(theirs) == 1:
        yield _row(ours[0], ours[0], theirs[0])
        return
    names = {outcome.contour: outcome for outcome in theirs}
    for one in ours:
        yield _row(one, one, names.pop(one.contour, _alone(one)))
    for other in names.values():
        yield _row(other, _alone(other), other)


def _alone(outcome: Outcome) -> NoOutcome:
    """What the other plan has for a target that only this one has."""
    return NoOutcome(detail=f"it has no {outcome.contour or outcome.organ} of its own")


def _row(known: Outcome, first: Outcome | NoOutcome, second: Outcome | NoOutcome) -> RowComparison:
    """The row of the outcome ``known``, one of the two."""
    better, within_bands, why = _better(first, second)
    return RowComparison(
        table_id=known.table_id,
        constraint=known.constraint,
        organ=known.organ,
        first=first,
        second=second,
        better=better,
        within_bands=within_bands,
        why=why,
    )


def _better(first: Outcome | NoOutcome, second: Outcome | NoOutcome) -> tuple[Better, bool, str]:
    """Which is better, whether the bands overlap, and why nothing was compared."""
    why = _not_evaluated(first, second)
    if why or isinstance(first, NoOutcome) or isinstance(second, NoOutcome):
        return Better.NOT_COMPARED, False, why
    return _better_of_evaluated(first, second)


def _better_of_evaluated(first: Outcome, second: Outcome) -> tuple[Better, bool, str]:
    one, other = _margins(first), _margins(second)
    overlap = one is not None and other is not None and one[0] <= other[1] and other[0] <= one[1]
    ranks = _RANK.get(first.verdict, 0), _RANK.get(second.verdict, 0)  # a risk point has no better verdict
    if ranks[0] != ranks[1]:
        return (Better.FIRST if ranks[0] < ranks[1] else Better.SECOND), overlap, ""
    if first.margin is None or second.margin is None:
        why = f"{first.verdict} in both, decided without a value: there are no margins to compare"
        return Better.NOT_COMPARED, False, why
    if overlap:
        return Better.SAME, True, ""
    return (Better.FIRST if first.margin > second.margin else Better.SECOND), False, ""


def _not_evaluated(first: Outcome | NoOutcome, second: Outcome | NoOutcome) -> str:
    """Why a row was not evaluated in one of the plans, or in both; "" when it was in both."""
    one, other = _why(first), _why(second)
    if one and one == other:
        return f"in neither: {one}"
    if one and other:
        return f"in neither: first, {one}; second, {other}"
    if one:
        return f"not in the first: {one}"
    return f"not in the second: {other}" if other else ""


def _why(one: Outcome | NoOutcome) -> str:
    if isinstance(one, NoOutcome):
        return one.detail
    if one.verdict is not Verdict.NOT_EVALUATED:
        return ""
    detail = f" ({one.detail})" if one.detail else ""
    return f"{one.reason or 'not evaluated'}{detail}"


def _margins(outcome: Outcome) -> tuple[float, float] | None:
    """The band of the margin; None where there is none."""
    found, limit = outcome.measurement, outcome.limit_used
    if isinstance(found, NotMeasured) or outcome.margin is None or limit is None:
        return None
    high = math.inf if found.open_above else found.high
    return (limit - high, limit - found.low) if outcome.constraint.is_upper_limit else (found.low - limit, high - limit)


# Rows whose bands overlap, on finer elements


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finer:
    """Two reports, and the DVHs from finer elements that were made of theirs."""

    first: Report
    second: Report
    made: dict[tuple[bool, str, int, int], DVH | None] = field(default_factory=dict, repr=False)

    def told_apart(self, row: RowComparison) -> RowComparison:
        """The row with narrower bands where these tell the plans apart, else as it is.

        The verdicts stay: no band of a row that is not borderline reaches over a limit, so no narrower one does.
        """
        first, second = row.first, row.second
        if not isinstance(first, Outcome) or not isinstance(second, Outcome) or not _may_be_finer(first, second):
            return row
        pair = self._dvh(first, is_first=True), self._dvh(second, is_first=False)
        for _ in range(MAX_HALVINGS):
            one, other = (self._half(dvh, is_first=at == 0) for at, dvh in enumerate(pair))
            if one is None or other is None:
                return row
            pair = one, other
            finer = _row(first, _measured_on(first, one), _measured_on(second, other))
            if finer.better is not Better.SAME:
                return finer
        return row

    def _dvh(self, outcome: Outcome, *, is_first: bool) -> DVH | None:
        dvhs = (self.first if is_first else self.second).dvhs
        named = [dvh for dvh in dvhs if dvh.name == outcome.contour]
        return named[0] if len(named) == 1 else None

    def _half(self, dvh: DVH | None, *, is_first: bool) -> DVH | None:
        if dvh is None:
            return None
        key = (is_first, dvh.name, dvh.number, dvh.refinement)
        if key not in self.made:
            self.made[key] = (self.first if is_first else self.second).dvhs.finer(dvh)
        return self.made[key]


def _may_be_finer(first: Outcome, second: Outcome) -> bool:
    """Whether finer elements may tell whether the values differ; borderline rows are on them already."""
    row = first.constraint
    same = first.margin == second.margin or first.borderline or second.borderline
    return not same and isinstance(row.metric, OfOneDvh) and row.quantity is Quantity.PHYSICAL


def _measured_on(outcome: Outcome, dvh: DVH) -> Outcome:
    """The outcome with the value and the margin that finer elements give."""
    found, limit = measure(outcome.constraint.metric, dvh), outcome.limit_used
    if isinstance(found, NotMeasured) or limit is None:
        return outcome
    margin = limit - found.value if outcome.constraint.is_upper_limit else found.value - limit
    return replace(outcome, measurement=found, margin=margin)


# Structures


def _partner(dvh: DVH, rows: Sequence[RowComparison], second: Report) -> DVH | NoDVH:
    """What the second plan has for a structure of the first: that taken for the same rows, else that of its name."""
    for row in rows:
        if isinstance(row.first, Outcome) and isinstance(row.second, Outcome) and row.first.contour == dvh.name:
            found = dvh_of(row.second.contour, dvh.number, second.dvhs) if row.second.contour else None
            if isinstance(found, DVH):
                return found
    return dvh_of(dvh.name, dvh.number, second.dvhs)


def _structure(first: DVH, second: DVH, rows: Sequence[RowComparison]) -> StructureDifference:
    name = first.name if first.name == second.name else f"{first.name} / {second.name}"
    of_rows = [
        (row.first, row.second)
        for row in rows
        if isinstance(row.first, Outcome) and isinstance(row.second, Outcome) and row.first.contour == first.name
    ]
    return replace(structure_difference(name, first, second, of_rows), conventions=())


def _not_in(name: str, which: str, found: DVH | NoDVH) -> NotCompared:
    reason = found.reason if isinstance(found, NoDVH) else Reason.STRUCTURE_AMBIGUOUS
    return NotCompared(name=name, reason=reason, detail=f"no DVH in the {which} plan that stands for it")


def _remarks(first: Report, second: Report) -> Iterator[str]:
    """What makes it doubtful that the plans can be compared."""
    ours, theirs = first.provenance, second.provenance
    if set(ours.get("doses", ())) & set(theirs.get("doses", ())):
        yield "both plans have the same dose"
    for key, text in (
        ("frame_of_reference", "the plans lie in different frames of reference: are they of one patient?"),
        ("structure_set", "the plans have different structure sets: their contours may differ too"),
    ):
        if ours.get(key) and theirs.get(key) and ours[key] != theirs[key]:
            yield text

"""Two reports on plans of one patient in; row by row which plan is better, and how their DVHs differ, out.

No plan is called the better one as a whole: how rows weigh against each other is not for a program to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sbrtcheck.comparison.aligned_rows import aligned_rows, outcome_of
from sbrtcheck.comparison.with_other_dvhs import structure_difference
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Reason
from sbrtcheck.judge.structures import dvh_of
from sbrtcheck.metric import NotMeasured, OfOneDvh, measure
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results.dvh_comparison import NotCompared, StructureDifference
from sbrtcheck.results.outcome import Outcome, Verdict
from sbrtcheck.results.plan_comparison import Better, NoOutcome, PlanComparison, RowComparison
from sbrtcheck.results.report import Report

_RANK = {
    Verdict.PASS: 0,
    Verdict.MET: 0,
    Verdict.VARIATION: 1,
    Verdict.NOT_MET: 2,
    Verdict.FAIL: 2,
}

SAME_DOSE = "both plans have the same dose"

_SAME_VOLUME = 1e-4
"""Volumes of the same contours, computed alike, are closer, whatever the dose grid."""

MAX_HALVINGS = 2
"""Elements of rows whose bounds overlap are halved this often: 64 times as many of them."""


def compare_plans(first: Report, second: Report) -> PlanComparison:
    """Compare two reports that were made with the same tables on plans of one patient.

    Parameters
    ----------
    first, second
        The reports; each plan keeps its own prescription.

    Returns
    -------
    PlanComparison
        Mirrored when the plans change places.
    """
    aligned = aligned_rows((first, second))
    rows = tuple(compare_rows([(outcome_of(row), row[0], row[1]) for row in aligned], first, second))
    pairs = [(dvh, _partner(dvh, rows, second)) for dvh in first.dvhs.dvhs]
    partners = {other.name for _, other in pairs if isinstance(other, DVH)}
    return PlanComparison(
        first=first,
        second=second,
        rows=rows,
        structures=tuple(_structure(dvh, other, rows) for dvh, other in pairs if isinstance(other, DVH)),
        without=(
            *(_not_in(dvh.name, "second", other) for dvh, other in pairs if isinstance(other, NoDVH)),
            *(
                _not_in(dvh.name, "first", dvh_of(dvh.name, dvh.number, first.dvhs))
                for dvh in second.dvhs.dvhs
                if dvh.name not in partners
            ),
        ),
        remarks=tuple(_remarks(first, second)),
    )


# Rows


def compare_rows(
    rows: Sequence[tuple[Outcome, Outcome | NoOutcome, Outcome | NoOutcome]], first: Report, second: Report
) -> list[RowComparison]:
    """Compare two plans on rows; bounds are refined where these tell the plans apart.

    Parameters
    ----------
    rows
        The outcome of any plan that has the row, that of the first plan, and that of the second.
    first, second
        The reports that the outcomes are from.
    """
    return _refine_overlapping_rows([_row_comparison(*row) for row in rows], first, second)


def _name_in_row(outcome: Outcome) -> str:
    """What tells the outcomes of one row apart: the target, or the organ of one side."""
    return outcome.contour if outcome.constraint.side is None else outcome.organ


def _row_comparison(outcome: Outcome, first: Outcome | NoOutcome, second: Outcome | NoOutcome) -> RowComparison:
    """The row of an outcome, in both plans; ``outcome`` is that of one of them."""
    better, within_bands, why = _better(first, second)
    return RowComparison(
        table_id=outcome.table_id,
        constraint=outcome.constraint,
        organ=outcome.organ,
        first=first,
        second=second,
        better=better,
        within_bands=within_bands,
        why=why,
    )


def _better(first: Outcome | NoOutcome, second: Outcome | NoOutcome) -> tuple[Better, bool, str]:
    """Which is better, whether the bounds overlap, and why nothing was compared."""
    why = _not_evaluated(first, second)
    if why is not None or isinstance(first, NoOutcome) or isinstance(second, NoOutcome):
        return Better.NOT_COMPARED, False, why or ""
    return _better_of_evaluated(first, second)


def _better_of_evaluated(first: Outcome, second: Outcome) -> tuple[Better, bool, str]:
    margin, other_margin = _margins(first), _margins(second)
    overlap = (
        margin is not None
        and other_margin is not None
        and margin[0] <= other_margin[1]
        and other_margin[0] <= margin[1]
    )
    ranks = _RANK.get(first.verdict, 0), _RANK.get(second.verdict, 0)  # a risk point has no better verdict
    if ranks[0] != ranks[1]:
        return (Better.FIRST if ranks[0] < ranks[1] else Better.SECOND), overlap, ""
    if first.margin is None or second.margin is None:
        why = f"{first.verdict} in both, decided without a value: there are no margins to compare"
        return Better.NOT_COMPARED, False, why
    if overlap:
        return Better.SAME, True, ""
    return (Better.FIRST if first.margin > second.margin else Better.SECOND), False, ""


def _not_evaluated(first: Outcome | NoOutcome, second: Outcome | NoOutcome) -> str | None:
    """Why a row was not evaluated in one of the plans, or in both; None when it was in both."""
    of_first, of_second = why_not_evaluated(first), why_not_evaluated(second)
    if of_first is not None and of_first == of_second:
        return f"in neither: {of_first}"
    if of_first is not None and of_second is not None:
        return f"in neither: first, {of_first}; second, {of_second}"
    if of_first is not None:
        return f"not in the first: {of_first}"
    return None if of_second is None else f"not in the second: {of_second}"


def why_not_evaluated(outcome: Outcome | NoOutcome) -> str | None:
    """Why there is nothing to compare; None where there is."""
    if isinstance(outcome, NoOutcome):
        return outcome.detail
    if outcome.verdict is not Verdict.NOT_EVALUATED:
        return None
    detail = f" ({outcome.detail})" if outcome.detail else ""
    return f"{outcome.reason or 'not evaluated'}{detail}"


def _margins(outcome: Outcome) -> tuple[float, float] | None:
    """The bounds of the margin; None where there is none."""
    measured, limit = outcome.measurement, outcome.limit_used
    if isinstance(measured, NotMeasured) or outcome.margin is None or limit is None:
        return None
    high = math.inf if measured.open_above else measured.high
    return (
        (limit - high, limit - measured.low)
        if outcome.constraint.is_upper_limit
        else (measured.low - limit, high - limit)
    )


# Rows whose bounds overlap: refined


def _refine_overlapping_rows(rows: Sequence[RowComparison], first: Report, second: Report) -> list[RowComparison]:
    """The rows with refined bounds where these tell the plans apart, else as they are.

    Rows on the same pair of structures are refined together, so that no DVH is computed twice. The verdicts stay: no
    bounds of a row that is not borderline contain a limit, so no refined ones do.
    """
    refined_rows = list(rows)
    places_by_contours: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(rows):
        if row.better is Better.SAME and (contours := _contours_to_refine(row)):
            places_by_contours.setdefault(contours, []).append(place)
    for (contour, other_contour), places in places_by_contours.items():
        pair = _dvh_of_name(contour, first.dvhs), _dvh_of_name(other_contour, second.dvhs)
        refined = _refine_pair([rows[place] for place in places], pair, (first.dvhs, second.dvhs))
        for place, row in zip(places, refined, strict=True):
            refined_rows[place] = row
    return refined_rows


def _refine_pair(
    rows: Sequence[RowComparison], pair: tuple[DVH | None, DVH | None], dvhs: tuple[DVHSet, DVHSet]
) -> list[RowComparison]:
    """Rows on one pair of structures, whose elements are halved until the row tells the plans apart."""
    refined, undecided = list(rows), list(range(len(rows)))
    for _ in range(MAX_HALVINGS):
        pair = _refine_dvh(pair[0], dvhs[0]), _refine_dvh(pair[1], dvhs[1])
        if not undecided or pair[0] is None or pair[1] is None:
            break
        refined_rows = {place: _with_dvhs(rows[place], pair[0], pair[1]) for place in undecided}
        rows_apart = {place: row for place, row in refined_rows.items() if row.better is not Better.SAME}
        refined = [rows_apart.get(place, row) for place, row in enumerate(refined)]
        undecided = [place for place in undecided if place not in rows_apart]
    return refined


def _with_dvhs(row: RowComparison, first: DVH, second: DVH) -> RowComparison:
    """The row measured on other DVHs of its structures."""
    if not isinstance(row.first, Outcome) or not isinstance(row.second, Outcome):
        return row
    return _row_comparison(row.first, _measured_on(row.first, first), _measured_on(row.second, second))


def _dvh_of_name(contour: str, dvhs: DVHSet) -> DVH | None:
    """The one DVH of a structure's name; None where there is none, or several."""
    same_name = [dvh for dvh in dvhs if dvh.name == contour]
    return same_name[0] if len(same_name) == 1 else None


def _refine_dvh(dvh: DVH | None, dvhs: DVHSet) -> DVH | None:
    return dvhs.finer(dvh) if dvh else None


def _contours_to_refine(row: RowComparison) -> tuple[str, str] | None:
    """The structures whose refined DVHs may tell whether the values differ; borderline rows are on these already."""
    first, second, constraint = row.first, row.second, row.constraint
    if not isinstance(first, Outcome) or not isinstance(second, Outcome):
        return None
    same = first.margin == second.margin or first.borderline or second.borderline
    if same or not isinstance(constraint.metric, OfOneDvh) or constraint.quantity is not Quantity.PHYSICAL:
        return None
    return first.contour, second.contour


def _measured_on(outcome: Outcome, dvh: DVH) -> Outcome:
    """The outcome with the value and the margin on a refined DVH."""
    measured, limit = measure(outcome.constraint.metric, dvh), outcome.limit_used
    if isinstance(measured, NotMeasured) or limit is None:
        return outcome
    margin = limit - measured.value if outcome.constraint.is_upper_limit else measured.value - limit
    return replace(outcome, measurement=measured, margin=margin)


# Structures


def _partner(dvh: DVH, rows: Sequence[RowComparison], second: Report) -> DVH | NoDVH:
    """What the second plan has for a structure of the first: that of the same rows, else that of its name."""
    for row in rows:
        if isinstance(row.first, Outcome) and isinstance(row.second, Outcome) and row.first.contour == dvh.name:
            is_matched = row.second.structure is not None
            partner = dvh_of(row.second.contour, dvh.number, second.dvhs) if is_matched else None
            if isinstance(partner, DVH):
                return partner
    return dvh_of(dvh.name, dvh.number, second.dvhs)


def _structure(first: DVH, second: DVH, rows: Sequence[RowComparison]) -> StructureDifference:
    name = first.name if first.name == second.name else f"{first.name} / {second.name}"
    of_rows = [
        (row.first, row.second)
        for row in rows
        if isinstance(row.first, Outcome) and isinstance(row.second, Outcome) and row.first.contour == first.name
    ]
    return replace(structure_difference(name, first, second, of_rows), conventions=())


def _not_in(name: str, which: str, partner: DVH | NoDVH) -> NotCompared:
    reason = partner.reason if isinstance(partner, NoDVH) else Reason.STRUCTURE_AMBIGUOUS
    return NotCompared(name=name, reason=reason, detail=f"no DVH in the {which} plan that stands for it")


def _dose_remark(first: Report, second: Report) -> str:
    """Whether the doses are one: by what is in them, where they are at hand, for a UID may stand on two of them."""
    share_uid = bool(set(filter(None, first.provenance.get("doses", ()))) & set(second.provenance.get("doses", ())))
    plans = [report.dvhs.plan for report in (first, second)]
    if plans[0] is None or plans[1] is None:
        return SAME_DOSE if share_uid else ""
    if plans[0].dose == plans[1].dose:
        return SAME_DOSE
    return "the doses of both plans have the same UID, and are not the same" if share_uid else ""


def _set_remark(first: Report, second: Report) -> str:
    """Whether structure sets of one UID differ in names or volumes: edited, or of patients with the same UIDs."""
    uid, plans = first.provenance.get("structure_set"), (first.dvhs.plan, second.dvhs.plan)
    if not uid or uid != second.provenance.get("structure_set") or plans[0] is None or plans[1] is None:
        return ""
    named, other_named = ({(one.number, one.name) for one in plan.structures} for plan in plans if plan is not None)
    volumes_cc = {(dvh.number, dvh.name): dvh.volume for dvh in first.dvhs.dvhs if dvh.number >= 0}
    apart = sorted(name for _, name in named ^ other_named)
    apart += [
        f"{dvh.name} ({volume_cc:.6g} and {dvh.volume:.6g} cc)"
        for dvh in second.dvhs.dvhs
        if (volume_cc := volumes_cc.get((dvh.number, dvh.name))) is not None
        and not math.isclose(volume_cc, dvh.volume, rel_tol=_SAME_VOLUME)
    ]
    if not apart:
        return ""
    what = "the structure sets of both plans have the same UID, and are not the same"
    return f"{what}: {', '.join(dict.fromkeys(apart))}"


def _remarks(first: Report, second: Report) -> Iterator[str]:
    """What makes it doubtful that the plans can be compared."""
    ours, theirs = first.provenance, second.provenance
    dose_remark = _dose_remark(first, second)
    if dose_remark:
        yield dose_remark
    set_remark = _set_remark(first, second)
    if set_remark:
        yield set_remark
    for key, text in (
        ("frame_of_reference", "the plans lie in different frames of reference: are they of one patient?"),
        ("structure_set", "the plans have different structure sets: their contours may differ too"),
    ):
        if ours.get(key) and theirs.get(key) and ours[key] != theirs[key]:
            yield text

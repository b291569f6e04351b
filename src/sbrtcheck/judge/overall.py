"""Outcomes of rows in; the verdict of the whole report, and the reasons why it is no pass, out.

The rules, worst first:

1. `FAIL` when a row that counts fails.
2. `REVIEW` when there is any `ReviewReason`: nothing that counts fails, but something keeps a reader from saying that
   the patient's organs are within their limits.
3. `VARIATION` when a row is one, whether it counts or not: no pass hides it.
4. `PASS`.

Only limits speak here: risk points are reported, statements are met or not, and neither changes a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from sbrtcheck.dvh import Reason
from sbrtcheck.judge.judged_plan import JudgedPlan
from sbrtcheck.judge.sides import swapped_pairs
from sbrtcheck.metric import Measurement
from sbrtcheck.plan import DOUBTFUL_CONTOURS, DOUBTFUL_FILES, Finding, FindingCode
from sbrtcheck.results.dvh_comparison import Comparison, NoComparison, VerdictDifference
from sbrtcheck.results.labels import against_limit_text, is_just_missing, uncounted_fail_text
from sbrtcheck.results.outcome import Outcome, ReviewCode, ReviewReason, Verdict
from sbrtcheck.results.plan_site import PlanSite
from sbrtcheck.results.report import Report
from sbrtcheck.structure_names import TARGETS
from sbrtcheck.tables import ConstraintTable, Kind, Side
from sbrtcheck.tables.fitness import LintRemark, lint_errors

_Key = TypeVar("_Key", bound=Hashable)

_REPORTED_ONCE = frozenset({Reason.FRACTIONS_DO_NOT_MATCH, Reason.DOSE_NOT_OF_PLAN, Reason.GIVEN_NAME_MISSING})
"""Why rows were not evaluated, where another reason says so of the whole table, the plan or the name."""

_CODE_OF = {
    Reason.PART_MISSING: ReviewCode.PART_OF_ORGAN,
    Reason.PARTLY_OUTSIDE_GRID: ReviewCode.OUTSIDE_GRID,
    Reason.DOSE_GRID_MISSING: ReviewCode.OUTSIDE_GRID,
    Reason.ISODOSE_LEAVES_GRID: ReviewCode.OUTSIDE_GRID,
    Reason.CONTOURS_CONTRADICTORY: ReviewCode.CONTOURS,
    Reason.CONTOURS_INCOMPLETE: ReviewCode.CONTOURS,
}


def overall(outcomes: Sequence[Outcome], reasons: Sequence[ReviewReason]) -> Verdict:
    """The verdict of a report."""
    if any(outcome.counts and outcome.verdict is Verdict.FAIL for outcome in outcomes):
        return Verdict.FAIL
    if reasons:
        return Verdict.REVIEW
    is_variation = any(outcome.verdict is Verdict.VARIATION for outcome in outcomes)
    return Verdict.VARIATION if is_variation else Verdict.PASS


def review_reasons(
    outcomes: Sequence[Outcome], plan: JudgedPlan, of_tables: Sequence[ReviewReason] = (), *, strict: bool
) -> tuple[ReviewReason, ...]:
    """All reasons not to call the report a pass; in an order that the order of rows does not change.

    Parameters
    ----------
    outcomes
        Of all tables.
    plan
        What they were judged on.
    of_tables
        Reasons by the tables alone, as `reasons_of_tables` finds them.
    strict
        Rows that bounds, other end caps or the sampling uncertainty could turn are reasons too.
    """
    limit_rows = [outcome for outcome in outcomes if outcome.constraint.kind is Kind.LIMIT]
    # one cause may leave hundreds of rows without a value: it is one reason, and these rows are not listed again
    reported_once = [
        *_dose_reasons(limit_rows, plan),
        *_given_name_reasons(limit_rows, plan),
        *_table_reasons(limit_rows, plan),
    ]
    rows_reported = {row for reason in reported_once for row in reason.rows}
    other_rows = [row for row in limit_rows if row.reason not in _REPORTED_ONCE or row.row_id not in rows_reported]
    reasons = [
        *of_tables,
        *reported_once,
        *_file_reasons(plan),
        *_uncounted_fail_reasons(limit_rows),
        *_not_evaluated_reasons(other_rows, plan.site),
        *_contour_reasons(limit_rows),
        *_side_reasons(limit_rows, plan),
        *(_flagged_row_reasons(limit_rows) if strict else ()),
    ]
    return _in_order(reasons)


def with_comparison(report: Report, compared: Comparison | NoComparison) -> Report:
    """The report with what other DVHs of the plan say; where these fail a row that passes here, it is no pass."""
    differing = compared.verdicts if isinstance(compared, Comparison) else ()
    by_other_dvhs = [
        _other_dvh_reason(difference)
        for difference in differing
        if difference.theirs is Verdict.FAIL is not difference.ours
    ]
    return replace(with_reasons(report, by_other_dvhs), compared=compared)


def with_reasons(report: Report, more: Iterable[ReviewReason]) -> Report:
    """The report with more reasons not to call it a pass, from what is known beside the plan's files."""
    reasons = _in_order((*report.reasons, *more))
    return replace(report, reasons=reasons, verdict=overall(report.outcomes, reasons))


def _other_dvh_reason(difference: VerdictDifference) -> ReviewReason:
    metric, theirs = difference.measured.metric, difference.measured.theirs
    value = f"{theirs.value:.4g}" if isinstance(theirs, Measurement) else "no value"
    text = f"{difference.organ} {metric}: {difference.ours} here, and FAIL by the planning system's own DVH ({value})"
    rows = (f"{difference.table_id}/{difference.row_id}",)
    return ReviewReason(code=ReviewCode.OTHER_DVH, text=text, structure=difference.organ, rows=rows)


def _in_order(reasons: Iterable[ReviewReason]) -> tuple[ReviewReason, ...]:
    """By what they are about, so that the order of rows does not matter."""
    order = list(ReviewCode)
    return tuple(
        sorted(reasons, key=lambda reason: (order.index(reason.code), reason.structure, reason.text, reason.rows))
    )


def reasons_of_tables(
    tables: Sequence[ConstraintTable], tables_for_plan: Sequence[ConstraintTable]
) -> tuple[ReviewReason, ...]:
    """What cannot be meant in the tables, which the user allowed; and tables none of whose limits is for the plan.

    ``tables_for_plan`` are the same tables with the rows alone that hold at its site and for its patient. A table that
    was asked for and of which nothing is left would not be seen in the report at all.
    """
    pairs = zip(tables, tables_for_plan, strict=True)
    unused = [table for table, for_plan in pairs if _has_limits(table) and not _has_limits(for_plan)]
    return (*map(_lint_reason, lint_errors(tables)), *map(_unused_reason, unused))


def _has_limits(table: ConstraintTable) -> bool:
    return any(row.kind is Kind.LIMIT for row in table.rows)


def _unused_reason(table: ConstraintTable) -> ReviewReason:
    number = _rows_text(sum(row.kind is Kind.LIMIT for row in table.rows))
    text = f"{table.id}: nothing evaluated: none of {number} holds for this site and this patient"
    return ReviewReason(code=ReviewCode.NOTHING_EVALUATED, text=text)


def _lint_reason(error: LintRemark) -> ReviewReason:
    rows = (f"{error.table_id}/{error.row_id}",) if error.row_id else ()
    return ReviewReason(code=ReviewCode.TABLE, text=str(error), rows=rows)


def _dose_reasons(outcomes: Sequence[Outcome], plan: JudgedPlan) -> Iterator[ReviewReason]:
    if plan.dose.accepted:
        return
    blocked = _row_ids(outcome for outcome in outcomes if outcome.reason is Reason.DOSE_NOT_OF_PLAN)
    for doubt in plan.dose.doubts:
        yield ReviewReason(code=ReviewCode.DOSE, text=doubt.text, rows=blocked if doubt.blocks else ())


def _file_reasons(plan: JudgedPlan) -> Iterator[ReviewReason]:
    """Files that may not be those of one plan, or not of one that a patient will be treated with."""
    for finding in plan.dvhs.findings:
        if finding.code in DOUBTFUL_FILES:
            yield ReviewReason(code=ReviewCode.FILES, text=finding.text)


def _given_name_reasons(outcomes: Sequence[Outcome], plan: JudgedPlan) -> Iterator[ReviewReason]:
    """A name that the user gave and the plan does not have, whether a row asks for its organ or not."""
    structures = plan.structures
    derived = {*structures.derived, *(recipe.organ for recipe in structures.matches.recipes)}
    for missing in structures.matches.missing:
        if missing.given in derived:
            continue
        suggested = f"; close names: {', '.join(missing.suggested)}" if missing.suggested else ""
        problem = f"the names given say {missing.given!r}, and the plan has no such structure{suggested}"
        yield ReviewReason(
            code=ReviewCode.GIVEN_NAME,
            text=f"{missing.organ}: {problem}",
            structure=missing.organ,
            rows=_row_ids(outcome for outcome in outcomes if missing.organ in outcome.constraint.structures),
        )


def _uncounted_fail_reasons(outcomes: Sequence[Outcome]) -> Iterator[ReviewReason]:
    for outcome in outcomes:
        if outcome.verdict is Verdict.FAIL and not outcome.counts:
            code, text = ReviewCode.FAILS_WITHOUT_COUNTING, uncounted_fail_text(outcome)
            yield ReviewReason(code=code, text=text, structure=outcome.organ, rows=_row_ids([outcome]))


def _not_evaluated_reasons(outcomes: Sequence[Outcome], site: PlanSite) -> Iterator[ReviewReason]:
    """An organ that is in the plan, or should be, and rows on it that could not be judged."""
    not_evaluated = [outcome for outcome in outcomes if outcome.applies and outcome.verdict is Verdict.NOT_EVALUATED]
    if not site.ids:  # nobody knows which organs to expect: one reason for all absent ones, not one for each
        absent = [outcome for outcome in not_evaluated if is_just_missing(outcome)]
        yield from _absent_organ_reasons(absent)
        not_evaluated = [outcome for outcome in not_evaluated if not is_just_missing(outcome)]
    for (organ, reason), rows in _grouped(not_evaluated, lambda outcome: (outcome.organ, outcome.reason)).items():
        if reason is None:
            continue
        details = sorted({outcome.detail for outcome in rows if outcome.detail})
        detail = f" ({details[0]}{'; ...' if len(details) > 1 else ''})" if details else ""
        text = f"{organ}: {_rows_text(len(rows))} not evaluated: {reason}{detail}"
        code = _CODE_OF.get(reason, ReviewCode.NOT_EVALUATED)
        yield ReviewReason(code=code, text=text, structure=organ, rows=_row_ids(rows))


def _absent_organ_reasons(rows: Sequence[Outcome]) -> Iterator[ReviewReason]:
    """One reason for all organs that the plan lacks, where nobody says which of them it should have."""
    organs = sorted({outcome.organ for outcome in rows})
    if organs:
        count = "1 organ" if len(organs) == 1 else f"{len(organs)} organs"
        problem = f"{count} of the tables not in the plan ({_rows_text(len(rows))}): {', '.join(organs)}"
        text = f"{problem}. The site of the plan, which says which are expected, is unknown: give it with --site"
        yield ReviewReason(code=ReviewCode.NOT_EVALUATED, text=text, rows=_row_ids(rows))


def _contour_reasons(outcomes: Sequence[Outcome]) -> Iterator[ReviewReason]:
    """Structures that were judged although it is doubtful what their contours enclose."""
    pairs = [
        (finding, outcome) for outcome in outcomes for finding in outcome.findings if _is_doubtful(finding, outcome)
    ]
    rows_by_finding: dict[Finding, list[Outcome]] = {}
    for finding, outcome in pairs:
        rows_by_finding.setdefault(finding, []).append(outcome)
    for finding, rows in rows_by_finding.items():
        subject = finding.subject or rows[0].contour
        text = f"{subject}: {finding.text}"
        yield ReviewReason(code=ReviewCode.CONTOURS, text=text, structure=subject, rows=_row_ids(rows))


def _side_reasons(outcomes: Sequence[Outcome], plan: JudgedPlan) -> Iterator[ReviewReason]:
    """Organs whose names the contours belie; a row on either of them, and on both together, may be on the other."""
    for swapped in swapped_pairs(plan.structures):
        organs = {*swapped.pair.values()}
        yield ReviewReason(
            code=ReviewCode.CONTOURS,
            text=swapped.text,
            structure=swapped.pair[Side.LEFT],
            rows=_row_ids(outcome for outcome in outcomes if organs & {*outcome.constraint.structures}),
        )


def _is_doubtful(finding: Finding, outcome: Outcome) -> bool:
    """Whether contours may be missing, or be read in two ways; targets may well be in several parts, organs are one."""
    in_parts = finding.code is FindingCode.PLANE_GAP and outcome.organ not in TARGETS
    return in_parts or finding.code in DOUBTFUL_CONTOURS


def _table_reasons(outcomes: Sequence[Outcome], plan: JudgedPlan) -> Iterator[ReviewReason]:
    """Tables that were asked for and say nothing: they are for other fractions, or no row that counts was evaluated."""
    on_this_dose = plan.dose.blocking is None  # else the dose is why no row was evaluated
    if on_this_dose and not any(outcome.counts for outcome in outcomes):
        yield ReviewReason(code=ReviewCode.NOTHING_EVALUATED, text="no row of the tables counts")
    for table_id, rows in _grouped(outcomes, lambda outcome: outcome.table_id).items():
        counting = [outcome for outcome in rows if outcome.counts]
        is_for_other_fractions = all(outcome.reason is Reason.FRACTIONS_DO_NOT_MATCH for outcome in rows)
        is_all_not_evaluated = (
            on_this_dose and counting and all(outcome.verdict is Verdict.NOT_EVALUATED for outcome in counting)
        )
        if is_for_other_fractions or is_all_not_evaluated:
            number = _rows_text(len(rows if is_for_other_fractions else counting)) + (
                "" if is_for_other_fractions else " that count"
            )
            details = sorted(
                {
                    outcome.detail
                    for outcome in rows
                    if outcome.reason is Reason.FRACTIONS_DO_NOT_MATCH and outcome.detail
                }
            )
            text = f"{table_id}: not evaluated, none of {number}" + (f": {details[0]}" if details else "")
            yield ReviewReason(
                code=ReviewCode.NOTHING_EVALUATED,
                text=text,
                rows=_row_ids(rows if is_for_other_fractions else counting),
            )


def _flagged_row_reasons(outcomes: Sequence[Outcome]) -> Iterator[ReviewReason]:
    for outcome in outcomes:
        flags = [
            *(["borderline"] if outcome.borderline else []),
            *(["convention sensitive"] if outcome.convention_sensitive else []),
            *(["another verdict within the sampling uncertainty"] if outcome.sampling_decides else []),
        ]
        if outcome.counts and flags:
            text = f"{against_limit_text(outcome)}: {' and '.join(flags)}, and --strict was asked for"
            yield ReviewReason(code=ReviewCode.STRICT, text=text, structure=outcome.organ, rows=_row_ids([outcome]))


def _grouped(outcomes: Iterable[Outcome], key: Callable[[Outcome], _Key]) -> dict[_Key, list[Outcome]]:
    groups: dict[_Key, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(key(outcome), []).append(outcome)
    return groups


def _row_ids(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    return tuple(sorted({outcome.row_id for outcome in outcomes}))


def _rows_text(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"

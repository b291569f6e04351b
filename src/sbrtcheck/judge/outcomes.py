"""Tables and a plan in, the outcome of every row out.

The steps, each on all rows before the next: select the structures of a row, refine bounds that leave its verdict
undecided, judge its value, and withdraw the verdict where the value alone cannot give one. All rows go through a step
together because rows on the same structures share what is expensive: refined DVHs, and the DVHs of copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sbrtcheck.dvh import DVH, Reason
from sbrtcheck.geometry.isodose_volume import NARROW_SHARE
from sbrtcheck.judge.contained_parts import PartWithMore, part_findings, parts_with_more, withdraw_if_part_decides
from sbrtcheck.judge.contour_ends import end_findings
from sbrtcheck.judge.judged_plan import JudgedPlan
from sbrtcheck.judge.limits import depends_on_target
from sbrtcheck.judge.metric_findings import metric_findings
from sbrtcheck.judge.perhaps_parts import PerhapsPart, perhaps_findings, perhaps_parts
from sbrtcheck.judge.refine_bounds import refine_cases
from sbrtcheck.judge.row import Case, RowResult, is_borderline, judge_on, margin_of, with_isodoses
from sbrtcheck.judge.sampling import Uncertainty, decides, is_sensitive, sampling_of
from sbrtcheck.judge.small_organs import small_organ_findings
from sbrtcheck.judge.structures import MatchedDvh
from sbrtcheck.judge.withdraw import (
    OtherDvhs,
    compute_other_dvhs,
    copy_findings,
    outside_percent,
    withdraw_where_doubtful,
)
from sbrtcheck.metric import NotMeasured, PrescriptionMetric, TargetCount
from sbrtcheck.plan import DOUBTFUL_CONTOURS, Finding, Prescription, Sex, UnknownPrescription, UnknownSex
from sbrtcheck.results.outcome import Outcome, UnderConvention
from sbrtcheck.structure_names import is_part, lies_inside, organ_by_name, organ_named, without_margin
from sbrtcheck.tables import Constraint, ConstraintTable, Select


def outcomes_of(
    tables: Sequence[ConstraintTable], plan: JudgedPlan, *, include_unconfirmed: bool
) -> tuple[Outcome, ...]:
    """Judge every row of the tables, of which those are left out that do not hold for the plan, in their order.

    There is an outcome for every structure that a row asks for.
    """
    selected = [case for table in tables for row in table.rows for case in _cases(table, row, plan)]
    cases = refine_cases(with_isodoses(selected, NARROW_SHARE))
    results = [judge_on(case, case.dvh) for case in cases]
    other_dvhs = compute_other_dvhs(cases, results, plan)
    uncertainties = sampling_of(cases, results)
    of_ends, of_parts = end_findings(cases, results), parts_with_more(cases, results)
    of_perhaps = perhaps_parts(cases, results)
    return tuple(
        replace(
            _outcome(case, result, other_dvhs, parts, perhaps, uncertainty, at_ends),
            counts=case.row.counts(include_unconfirmed=include_unconfirmed),
        )
        for case, result, parts, perhaps, uncertainty, at_ends in zip(
            cases, results, of_parts, of_perhaps, uncertainties, of_ends, strict=True
        )
    )


def _cases(table: ConstraintTable, row: Constraint, plan: JudgedPlan) -> list[Case]:
    for_other_fractions = _not_applicable(table, plan.dvhs.prescription)
    for_unknown_sex, not_on_this_dose = _not_for_unknown_sex(row, plan.sex), _not_on_this_dose(plan)

    def blocked(matched: MatchedDvh) -> NotMeasured | None:
        # an organ without a DVH keeps that reason: it tells the reader more than a doubtful dose does
        has_no_dvh = isinstance(matched.dvh, NotMeasured) and not isinstance(row.metric, PrescriptionMetric)
        return for_other_fractions or (None if has_no_dvh else for_unknown_sex or not_on_this_dose)

    return [
        Case(table=table, row=row, matched=matched, plan=plan, blocked=blocked(matched), isodoses={})
        for matched in plan.select(row)
    ]


def _not_for_unknown_sex(row: Constraint, sex: Sex | UnknownSex) -> NotMeasured | None:
    """Why a row for men, or one for women, may not be judged; None where it holds for the patient."""
    if row.sex is None or not isinstance(sex, UnknownSex):
        return None
    return NotMeasured(reason=Reason.SEX_UNKNOWN, detail=f"for a {row.sex} patient; {sex.reason}; --sex says it")


def _not_on_this_dose(plan: JudgedPlan) -> NotMeasured | None:
    """Why no row may be judged on the dose; None when it can be that of the prescription, or the user accepts it."""
    doubt = plan.dose.blocking
    if doubt is None:
        return None
    return NotMeasured(reason=Reason.DOSE_NOT_OF_PLAN, detail=doubt.text)


def _not_applicable(table: ConstraintTable, rx: Prescription | UnknownPrescription) -> NotMeasured | None:
    """Why no row of the table may be used for this prescription; None when the fraction number fits."""
    if table.holds_for(rx.fractions):
        return None
    if isinstance(rx, UnknownPrescription) and rx.fractions is None:
        return NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail=rx.reason)
    return NotMeasured(
        reason=Reason.FRACTIONS_DO_NOT_MATCH,
        detail=f"the table holds for {table.fractions_text()}, the plan has {rx.fractions}",
    )


def _outcome(
    case: Case,
    result_by_value: RowResult,
    other_dvhs: OtherDvhs,
    parts: Sequence[PartWithMore],
    perhaps: Sequence[PerhapsPart],
    uncertainty: Uncertainty,
    findings_at_ends: tuple[Finding, ...],
) -> Outcome:
    row, matched = case.row, case.matched
    result = withdraw_if_part_decides(withdraw_where_doubtful(result_by_value, case, other_dvhs), parts)
    is_withdrawn = result is not result_by_value
    # a verdict that the contours or the names cannot support is supported under no end-cap convention
    conventions = () if is_withdrawn else _under_other_conventions(case)
    findings_of_dvh = matched.dvh.findings if isinstance(matched.dvh, DVH) and case.blocked is None else ()
    findings_of_metric = metric_findings(row.metric, matched, result.measurement, case.plan)
    findings_of_contours = (
        *small_organ_findings(case),
        *copy_findings(case, result, other_dvhs),
        *part_findings(case, parts),
        *perhaps_findings(case, result, perhaps),
        *(() if is_withdrawn else findings_at_ends),
    )
    return Outcome(
        table_id=case.table.id,
        constraint=row,
        organ=matched.organ,
        structure=matched.structure,
        measurement=result.measurement,
        verdict=result.verdict,
        reason=result.reason,
        detail=result.detail,
        margin=margin_of(result),
        limit_used=result.limits.limit.limit if result.limits else None,
        acceptable_used=result.limits.limit.acceptable if result.limits else None,
        borderline=is_borderline(result),
        convention_sensitive=any(convention.verdict is not result.verdict for convention in conventions),
        conventions=conventions,
        sampling_uncertainty=uncertainty,
        sampling_sensitive=is_sensitive(result, uncertainty),
        sampling_decides=decides(result, uncertainty),
        applies=_applies(case),
        probable=matched.probable,
        outside_percent=outside_percent(matched.dvh),
        lacking=matched.lacking,
        findings=(
            *matched.findings,
            *findings_of_dvh,
            *_findings_of_limit(case),
            *findings_of_metric,
            *findings_of_contours,
            *result.findings,
        ),
    )


def _findings_of_limit(case: Case) -> tuple[Finding, ...]:
    """What leaves open how large the target is that the limit depends on."""
    target = case.plan.limit_target_dvh
    if case.blocked is not None or not isinstance(target, DVH) or not depends_on_target(case.row, case.matched.organ):
        return ()
    return tuple(
        replace(finding, subject=finding.subject or target.name)
        for finding in target.findings
        if finding.code in DOUBTFUL_CONTOURS
    )


def _applies(case: Case) -> bool:
    """Whether a plan in which the row cannot be judged was not wholly checked.

    Not so where the organ is neither in the plan, nor nearly so named, nor expected of a plan of this site.
    """
    matched = case.matched
    absent = isinstance(matched.dvh, NotMeasured) and matched.dvh.reason is Reason.STRUCTURE_MISSING
    # of a left and a right organ that are both missing, neither is the one of the outcome
    is_one = case.row.select is Select.EACH and matched.organ in case.row.structures
    organs = (matched.organ,) if is_one else case.row.structures
    expected = case.row.mandatory or case.plan.site.expects_one_of(organs)
    return not absent or expected or _is_probably_contoured(case) or _has_other_side(case)


def _is_probably_contoured(case: Case) -> bool:
    """Whether a structure is probably the organ, and is no other one that a row of the same table is judged on.

    A table that has rows on both tells them apart: the proximal bronchial tree, or a margin around it, is not the
    smaller bronchi. A part of the organ has a name of its own too, and shows that the organ is in the plan.
    """
    structures = case.plan.structures
    asked_for = {organ for row in case.table.rows for organ in row.structures}.difference(case.row.structures)
    others = {organ for organ in asked_for if structures.by_organ[organ].structure is not None}
    used_names = {name for organ in others for name in structures.by_organ[organ].structure_names}
    dictionary = structures.matches.given.dictionary
    not_others = {
        name
        for name in case.matched.probable
        if name not in used_names and organ_by_name(without_margin(name), dictionary) not in others
    }
    parts = (name for name in case.matched.probable if _is_part_of_one(name, case.row.structures))
    return bool(not_others) or any(parts)


def _is_part_of_one(name: str, organs: Sequence[str]) -> bool:
    named = organ_named(name)
    return named is not None and any(is_part(named, organ) or lies_inside(named, organ) for organ in organs)


def _has_other_side(case: Case) -> bool:
    """Whether the organ on the other side of the target is contoured: then the one that the row is on should be."""
    by_organ = case.plan.structures.by_organ
    return case.row.side is not None and any(not by_organ[organ].is_missing for organ in case.row.structures)


def _under_other_conventions(case: Case) -> tuple[UnderConvention, ...]:
    dvh = case.matched.dvh
    if isinstance(dvh, NotMeasured) or case.blocked is not None or isinstance(case.row.metric, TargetCount):
        return ()
    results_by_caps = [(alternative.end_caps or "", judge_on(case, alternative)) for alternative in dvh.alternatives]
    return tuple(
        UnderConvention(end_caps=caps, measurement=result.measurement, verdict=result.verdict)
        for caps, result in results_by_caps
    )

"""Tables and a plan in, the outcome of every row out.

The steps, each on all rows before the next: select the structures of a row, refine bounds that leave its verdict
undecided, judge its value, and withdraw the verdict where the value alone cannot give one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sbrtcheck.dvh import DVH, Reason
from sbrtcheck.judge.judged_plan import JudgedPlan
from sbrtcheck.judge.metric_findings import metric_findings
from sbrtcheck.judge.refine_bounds import refined
from sbrtcheck.judge.row import Case, Judged, is_borderline, judge_on, margin_of
from sbrtcheck.judge.site import rows_for
from sbrtcheck.judge.structures import MatchedDvh
from sbrtcheck.judge.withdraw import OtherDvhs, other_dvhs, outside_percent, unless_withdrawn
from sbrtcheck.metric import NotMeasured, PrescriptionMetric, TargetCount
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.results.outcome import Outcome, UnderConvention
from sbrtcheck.tables import Constraint, ConstraintTable, Select


def outcomes_of(
    tables: Sequence[ConstraintTable], plan: JudgedPlan, *, include_unconfirmed: bool
) -> tuple[Outcome, ...]:
    """Judge every row of the tables that holds at the plan's site, in their order.

    There is an outcome for every structure that a row asks for.
    """
    cases = refined(
        [case for table in tables for row in rows_for(table, plan.site) for case in _cases(table, row, plan)]
    )
    judged = [judge_on(case, case.dvh) for case in cases]
    others = other_dvhs(cases, judged, plan)
    return tuple(
        replace(_outcome(case, by_value, others), counts=case.row.counts(include_unconfirmed=include_unconfirmed))
        for case, by_value in zip(cases, judged, strict=True)
    )


def _cases(table: ConstraintTable, row: Constraint, plan: JudgedPlan) -> list[Case]:
    not_applicable, not_on_this_dose = _not_applicable(table, plan.dvhs.prescription), _not_on_this_dose(plan)

    def blocked(matched: MatchedDvh) -> NotMeasured | None:
        # An organ that has no DVH says so itself, whatever the dose.
        has_no_dvh = isinstance(matched.dvh, NotMeasured) and not isinstance(row.metric, PrescriptionMetric)
        return not_applicable or (None if has_no_dvh else not_on_this_dose)

    return [
        Case(table=table, row=row, matched=matched, plan=plan, blocked=blocked(matched)) for matched in plan.select(row)
    ]


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


def _outcome(case: Case, by_value: Judged, others: OtherDvhs) -> Outcome:
    row, matched = case.row, case.matched
    judged = unless_withdrawn(by_value, case, others)
    is_withdrawn = judged is not by_value
    conventions = () if is_withdrawn else _under_other_conventions(case)  # what is withdrawn is so under all of them
    of_dvh = matched.dvh.findings if isinstance(matched.dvh, DVH) and case.blocked is None else ()
    of_metric = metric_findings(row.metric, matched, judged.measurement, case.plan)
    return Outcome(
        table_id=case.table.id,
        constraint=row,
        organ=matched.organ,
        contour=matched.contour,
        rule=matched.rule,
        measurement=judged.measurement,
        verdict=judged.verdict,
        reason=judged.reason,
        detail=judged.detail,
        margin=margin_of(judged),
        limit_used=judged.limits.limit.limit if judged.limits else None,
        acceptable_used=judged.limits.limit.acceptable if judged.limits else None,
        borderline=is_borderline(judged),
        convention_sensitive=any(other.verdict is not judged.verdict for other in conventions),
        conventions=conventions,
        applies=_applies(case),
        probable=matched.probable,
        outside_percent=outside_percent(matched.dvh),
        lacking=matched.lacking,
        findings=(*matched.findings, *of_dvh, *of_metric, *judged.findings),
    )


def _applies(case: Case) -> bool:
    """Whether a plan in which the row cannot be judged was not wholly checked.

    Not so where the organ is neither in the plan, nor nearly so named, nor expected of a plan of this site.
    """
    matched = case.matched
    absent = isinstance(matched.dvh, NotMeasured) and matched.dvh.reason is Reason.STRUCTURE_MISSING
    asked = (matched.organ,) if case.row.select is Select.EACH else case.row.structures
    return not absent or case.row.mandatory or bool(matched.probable) or case.plan.site.expects_one_of(asked)


def _under_other_conventions(case: Case) -> tuple[UnderConvention, ...]:
    dvh = case.matched.dvh
    if isinstance(dvh, NotMeasured) or case.blocked is not None or isinstance(case.row.metric, TargetCount):
        return ()
    judged = [(other.end_caps or "", judge_on(case, other)) for other in dvh.alternatives]
    return tuple(
        UnderConvention(end_caps=caps, measurement=under.measurement, verdict=under.verdict) for caps, under in judged
    )

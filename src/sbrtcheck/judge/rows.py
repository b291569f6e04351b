"""Tables and the structures of a plan in, the outcome of every row out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sbrtcheck.dvh import DVH, Reason
from sbrtcheck.judge.decide import decided
from sbrtcheck.judge.doubts import outside_percent, settled
from sbrtcheck.judge.remarks import of_metric
from sbrtcheck.judge.row import Case, is_borderline, judge_on, margin_of
from sbrtcheck.judge.site import rows_for
from sbrtcheck.judge.structures import Organs, Taken, select
from sbrtcheck.metric import NotMeasured, PrescriptionMetric, TargetCount
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.results.outcome import Outcome, UnderConvention
from sbrtcheck.tables import Constraint, ConstraintTable, Select


def outcomes_of(tables: Sequence[ConstraintTable], plan: Organs, *, include_unconfirmed: bool) -> tuple[Outcome, ...]:
    """Judge every row of the tables that holds at the plan's site, in their order.

    There is an outcome for every structure that a row asks for.
    """
    cases = [case for table in tables for row in rows_for(table, plan.site) for case in _cases(table, row, plan)]
    return tuple(
        replace(_outcome(case), counts=case.row.counts(include_unconfirmed=include_unconfirmed))
        for case in decided(cases)
    )


def _cases(table: ConstraintTable, row: Constraint, plan: Organs) -> list[Case]:
    not_applicable, not_on_this_dose = _not_applicable(table, plan.dvhs.prescription), _not_on_this_dose(plan)

    def blocked(taken: Taken) -> NotMeasured | None:
        # An organ that has no DVH says so itself, whatever the dose.
        has_no_dvh = isinstance(taken.dvh, NotMeasured) and not isinstance(row.metric, PrescriptionMetric)
        return not_applicable or (None if has_no_dvh else not_on_this_dose)

    return [Case(table=table, row=row, taken=taken, plan=plan, blocked=blocked(taken)) for taken in select(row, plan)]


def _not_on_this_dose(plan: Organs) -> NotMeasured | None:
    """Why no row may be judged on the dose; None when it can be that of the prescription, or the user accepts it."""
    doubt = plan.dose.blocking if plan.dose else None
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


def _outcome(case: Case) -> Outcome:
    row, taken = case.row, case.taken
    as_measured = judge_on(case, taken.dvh)
    judged = settled(as_measured, case)
    decided = judged is as_measured
    conventions = _under_other_conventions(case) if decided else ()  # a verdict that is withdrawn is so under all
    of_dvh = taken.dvh.findings if isinstance(taken.dvh, DVH) and case.blocked is None else ()
    of_metric_ = of_metric(row.metric, taken, judged.measurement, case.plan)
    return Outcome(
        table_id=case.table.id,
        constraint=row,
        organ=taken.organ,
        contour=taken.contour,
        rule=taken.rule,
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
        probable=taken.probable,
        outside_percent=outside_percent(taken.dvh),
        lacking=taken.lacking,
        findings=(*taken.findings, *of_dvh, *of_metric_, *judged.findings),
    )


def _applies(case: Case) -> bool:
    """Whether a plan in which the row cannot be judged was not wholly checked.

    Not so where the organ is neither in the plan, nor nearly so named, nor expected of a plan of this site.
    """
    taken = case.taken
    absent = isinstance(taken.dvh, NotMeasured) and taken.dvh.reason is Reason.STRUCTURE_MISSING
    asked = (taken.organ,) if case.row.select is Select.EACH else case.row.structures
    return not absent or case.row.mandatory or bool(taken.probable) or case.plan.site.expects_one_of(asked)


def _under_other_conventions(case: Case) -> tuple[UnderConvention, ...]:
    dvh = case.taken.dvh
    if isinstance(dvh, NotMeasured) or case.blocked is not None or isinstance(case.row.metric, TargetCount):
        return ()
    judged = [(other.end_caps or "", judge_on(case, other)) for other in dvh.alternatives]
    return tuple(
        UnderConvention(end_caps=caps, measurement=one.measurement, verdict=one.verdict) for caps, one in judged
    )

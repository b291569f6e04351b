"""Courses of one patient, and rules and tables for them, in; their doses summed in EQD2, and verdicts on that, out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sbrtcheck.bundled import shipped_files
from sbrtcheck.dose_accumulation import Course, accumulate
from sbrtcheck.dvh import DVHSet, compute_dvhs, roi_names_of
from sbrtcheck.errors import InputError, UnknownTableError
from sbrtcheck.judge.dose_check import dose_check
from sbrtcheck.judge.naming import match_plan, organs_of
from sbrtcheck.judge.reirradiation import judge_reirradiation
from sbrtcheck.judge.run import evaluate_with
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Finding, FindingCode, Plan, Registration
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data import ReirradiationRule, load_reirradiation_rules
from sbrtcheck.results import ReviewCode, ReviewReason
from sbrtcheck.results.reirradiation import RuleReport, SumReport
from sbrtcheck.structure_names import StructureMatches, UserNames, all_targets, dictionary_of
from sbrtcheck.suggest import suggest, suggest_of_all
from sbrtcheck.tables import ConstraintTable, load_table

Ratios = dict[str, float]
"""Structure of the first plan -> its α/β, Gy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Courses:
    """Courses of one patient, the one looked at first, and how they are summed.

    Parameters
    ----------
    plans
        One or more.
    recovery
        Share of the earlier courses' EQD2 that the tissue has got over, from 0 to less than 1.
    frames_agree
        The user states that the plans lie in one frame of reference.
    registrations
        How frames of reference lie to each other.
    options
        Names are of the first plan's structures; of the rest, ``accept_dose`` and ``progress`` are used.
    """

    plans: tuple[Plan, ...]
    recovery: float = 0.0
    frames_agree: bool = False
    registrations: tuple[Registration, ...] = ()
    options: CheckOptions

    def course_dvhs(self, ratios: Mapping[str, float]) -> DVHSet:
        """DVHs in EQD2 of the course looked at, alone."""
        return self._accumulate(self.plans[:1], ratios)

    def cumulative_dvhs(self, ratios: Mapping[str, float]) -> DVHSet:
        """DVHs in EQD2 of all courses."""
        return self._accumulate(self.plans, ratios)

    def _accumulate(self, plans: Sequence[Plan], ratios: Mapping[str, float]) -> DVHSet:
        return accumulate(
            [Course(plan=plan, recovery=self.recovery if number else 0.0) for number, plan in enumerate(plans)],
            ratios,
            frames_agree=self.frames_agree,
            registrations=self.registrations,
            names=self.options.names,
            progress=self.options.progress,
        )


def judge_courses(
    courses: Courses,
    alpha_betas_gy: Mapping[str, float],
    rules: Sequence[ReirradiationRule],
    tables: Sequence[ConstraintTable],
    *,
    interval_months: float | None = None,
) -> SumReport:
    """Sum courses in EQD2 and judge the sum by rules for re-irradiation and by the rows of tables that are in EQD2.

    Parameters
    ----------
    courses
        What is summed, and how.
    alpha_betas_gy
        α/β in Gy by organ, or by structure of the first plan; it wins over what the tables' rows say.
    rules, tables
        What the sum is compared with.
    interval_months
        Since the last course, for rules that ask for it.

    Raises
    ------
    SbrtcheckError
        The courses cannot be summed; an α/β is none, or of an organ that the first plan does not have.
    """
    plan, user_names, accept_dose = courses.plans[0], courses.options.names, courses.options.accept_dose
    rule_organs = [organ for rule in rules for organ in rule.structures]
    matches = match_plan(plan, [*rule_organs, *organs_of(tables), *alpha_betas_gy], user_names)
    ratios = {**_ratios_of_rows(tables, matches), **_user_ratios(alpha_betas_gy, matches)}
    # each rule has an α/β of its own, so the courses are summed anew for each
    rule_reports = tuple(_judge_rule(rule, courses, matches, interval_months) for rule in rules)
    cumulative = courses.cumulative_dvhs(ratios)
    doubts = _doubts_of_doses(courses.plans, user_names)
    if accept_dose:
        cumulative = replace(cumulative, findings=(*cumulative.findings, *map(_acceptance_finding, doubts)))
    return SumReport(
        course=courses.course_dvhs(ratios),
        cumulative=cumulative,
        rules=rule_reports,
        report=evaluate_with(tables, cumulative, CheckOptions(names=user_names)) if tables else None,
        reasons=(*(() if accept_dose else doubts), *(reason for rule in rule_reports for reason in rule.reasons)),
        accept_dose=accept_dose,
    )


def _judge_rule(
    rule: ReirradiationRule, courses: Courses, matches: StructureMatches, interval_months: float | None
) -> RuleReport:
    ratios = _ratios_of_organs(rule.structures, rule.alpha_beta_gy, matches)
    return judge_reirradiation(
        rule,
        course=courses.course_dvhs(ratios),
        cumulative=courses.cumulative_dvhs(ratios),
        interval_months=interval_months,
        names=courses.options.names,
    )


def _acceptance_finding(doubt: ReviewReason) -> Finding:
    return Finding(code=FindingCode.DOSE_ACCEPTED, text=f"accepted by the user: {doubt.text}")


def _doubts_of_doses(plans: Sequence[Plan], names: Mapping[str, str] | None) -> tuple[ReviewReason, ...]:
    """Why the dose of a course cannot be that of its prescription, or is not known to be; names are of the first."""
    reasons = []
    for number, plan in enumerate(plans, start=1):
        # the user names structures of the first plan only; the dictionary is for every plan
        plan_names = names if number == 1 else UserNames({}, dictionary_of(names))
        targets = frozenset(roi.name for roi in all_targets(roi_names_of(plan), plan_names))
        doubts = dose_check(compute_dvhs(plan, structures=targets), plan_names).doubts
        reasons += [ReviewReason(code=ReviewCode.DOSE, text=f"course {number}: {doubt.text}") for doubt in doubts]
    return tuple(reasons)


# -------------------------------------------------------------------------------- rules and tables by name


def rules_and_tables(names: Sequence[str]) -> tuple[tuple[ReirradiationRule, ...], tuple[ConstraintTable, ...]]:
    """Load the rules for re-irradiation among the names, and the tables that the other names are.

    Raises
    ------
    UnknownTableError
        A name is of neither; the nearest of both are named.
    TableError
        A table has faults.
    """
    rules = {rule.id: rule for rule in load_reirradiation_rules()}
    table_names = [name for name in names if name not in rules]
    try:
        return tuple(rules[name] for name in names if name in rules), tuple(map(load_table, table_names))
    except UnknownTableError as error:
        suggestion = suggest(error.table, {*rules, *shipped_files()}) if error.table else ""
        raise UnknownTableError(error.what, error.place, suggestion or error.hint, table=error.table) from error


# -------------------------------------------------------------------------------- α/β by structure


def _ratios_of_rows(tables: Sequence[ConstraintTable], matches: StructureMatches) -> Ratios:
    """As the rows in EQD2 say; the first row's where they differ."""
    ratios: Ratios = {}
    for row in (row for table in tables for row in table.rows):
        if row.quantity is Quantity.EQD2 and row.alpha_beta_gy is not None:
            ratios = {**_ratios_of_organs(row.structures, row.alpha_beta_gy, matches), **ratios}
    return ratios


def _ratios_of_organs(organs: Collection[str], ratio_gy: float, matches: StructureMatches) -> Ratios:
    return dict.fromkeys(sorted(matches.needed(organs)), ratio_gy)


def _user_ratios(alpha_betas_gy: Mapping[str, float], matches: StructureMatches) -> Ratios:
    """As the user says, by organ or by the structure's own name."""
    structure_names = {structure.name for structure in matches.structures}
    ratios: Ratios = {}
    for organ, ratio_gy in alpha_betas_gy.items():
        if not 0 < ratio_gy < math.inf:
            raise InputError(
                f"an alpha/beta of {organ} of {ratio_gy:g} Gy is impossible", hint="give it in Gy, above 0"
            )
        structures = {organ} if organ in structure_names else matches.needed([organ])
        if not structures:
            raise InputError(f"the plan has no structure for {organ}", hint=suggest_of_all(organ, structure_names))
        ratios |= dict.fromkeys(structures, ratio_gy)
    return ratios

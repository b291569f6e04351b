"""Courses of one patient, and rules and tables for them, in; their doses summed in EQD2, and verdicts on that, out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sbrtcheck.bundled import shipped_files
from sbrtcheck.dose_accumulation import Course, accumulate, earlier_on_first
from sbrtcheck.dvh import DVH, Bounds, DVHSet, Reason, compute_dvhs, roi_names_of
from sbrtcheck.errors import FramesError, InputError, UnknownTableError
from sbrtcheck.judge.dose_check import dose_check
from sbrtcheck.judge.naming import match_plan, organs_of
from sbrtcheck.judge.reirradiation import EarlierCourse, added, judge_reirradiation
from sbrtcheck.judge.row import lies_outside
from sbrtcheck.judge.run import evaluate_with
from sbrtcheck.metric import NotMeasured
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import DOUBTFUL_FILES, Finding, FindingCode, Plan, Registration
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data import (
    ReirradiationRule,
    ReirradiationStatements,
    load_reirradiation_rules,
    load_reirradiation_statements,
)
from sbrtcheck.results import ReviewCode, ReviewReason
from sbrtcheck.results.reirradiation import PartValue, RuleReport, ShownStatements, SumReport
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
        Names are of the first plan's structures; of the rest, ``accept_dose``, ``allow_lint_errors`` and ``progress``
        are used.
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

    def earlier_alone(self, plan: Plan, ratios: Mapping[str, float]) -> DVHSet:
        """DVHs in EQD2 of an earlier course alone, of its own structures: that needs no registration."""
        own = {name: ratio for name, ratio in ratios.items() if name in {own.name for own in plan.structures}}
        return accumulate([Course(plan=plan, recovery=self.recovery)], own)

    def earlier_on_first(self, plan: Plan, ratios: Mapping[str, float]) -> DVHSet:
        """The same of the structures of the first plan; `FramesError` where nothing says where they lie."""
        return earlier_on_first(
            self.plans[0],
            Course(plan=plan, recovery=self.recovery),
            ratios,
            frames_agree=self.frames_agree,
            registrations=self.registrations,
            names=self.options.names,
        )

    def _accumulate(self, plans: Sequence[Plan], ratios: Mapping[str, float]) -> DVHSet:
        return accumulate(
            [Course(plan=plan, recovery=self.recovery if number else 0.0) for number, plan in enumerate(plans)],
            ratios,
            frames_agree=self.frames_agree,
            registrations=self.registrations,
            names=self.options.names,
            progress=self.options.progress,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBy:
    """What a sum of courses is compared with; ``statements`` give no verdict."""

    rules: tuple[ReirradiationRule, ...] = ()
    statements: tuple[ReirradiationStatements, ...] = ()
    tables: tuple[ConstraintTable, ...] = ()


def judge_courses(
    courses: Courses,
    alpha_betas_gy: Mapping[str, float],
    judged_by: JudgedBy,
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
    judged_by
        What the sum is compared with. Rules alone are judged, as far as they can be, where nothing says how the frames
        of reference of the plans lie to each other.
    interval_months
        Since the last course, for rules that ask for it.

    Raises
    ------
    SbrtcheckError
        The courses cannot be summed; an α/β is none, or of an organ that the first plan does not have; the interval is
        no number of months.
    """
    _check_interval(interval_months)
    rules, tables = judged_by.rules, judged_by.tables
    plan, user_names, accept_dose = courses.plans[0], courses.options.names, courses.options.accept_dose
    rule_organs = [organ for rule in rules for organ in rule.structures]
    matches = match_plan(plan, [*rule_organs, *organs_of(tables), *alpha_betas_gy], user_names)
    ratios = {**_ratios_of_rows(tables, matches), **_user_ratios(alpha_betas_gy, matches)}
    # each rule has an α/β of its own, so the courses are summed anew for each
    rule_reports = tuple(_judge_rule(rule, courses, matches, interval_months) for rule in rules)
    cumulative = _cumulative(courses, ratios, rules_alone=bool(rules) and not tables and not alpha_betas_gy)
    doubts = _doubts_of_doses(courses.plans, user_names)
    if accept_dose:
        cumulative = replace(cumulative, findings=(*cumulative.findings, *map(_acceptance_finding, doubts)))
    course = courses.course_dvhs(ratios)
    options = CheckOptions(names=user_names, allow_lint_errors=courses.options.allow_lint_errors)
    return SumReport(
        course=course,
        cumulative=cumulative,
        rules=rule_reports,
        report=evaluate_with(tables, cumulative, options) if tables else None,
        reasons=(
            *(() if accept_dose else doubts),
            *_doubts_of_files(courses.plans),
            *(reason for rule in rule_reports for reason in rule.reasons),
        ),
        accept_dose=accept_dose,
        sums_of_maxima=_sums_of_maxima(courses, course, ratios),
        statements=tuple(_shown_statements(courses.plans, user_names, judged_by.statements)),
    )


def _check_interval(months: float | None) -> None:
    if months is not None and not 0.0 <= months < math.inf:
        problem = f"an interval of {months:g} months is impossible"
        raise InputError(problem, hint="give the months since the last course, or leave them out")


def _cumulative(courses: Courses, ratios: Ratios, *, rules_alone: bool) -> DVHSet:
    """DVHs of all courses; without any, and with the reason, where only rules ask for them and frames are unknown."""
    try:
        return courses.cumulative_dvhs(ratios)
    except FramesError as error:
        if not rules_alone:
            raise
        return _not_accumulated(courses, error)


def _not_accumulated(courses: Courses, error: FramesError) -> DVHSet:
    """No DVHs, and what is to be known of courses that were added one by one only."""
    text = f"not accumulated point by point, and added one by one, which needs no registration: {error.what}"
    several = [accumulate([Course(plan=plan)], {}) for plan in courses.plans]
    findings = [one for dvhs in several for one in dvhs.findings if one.code is not FindingCode.SUMMED_DOSES]
    plans = tuple(plan.uids.plan for plan in courses.plans)
    doses = tuple(uid for plan in courses.plans for uid in plan.uids.doses)
    return replace(
        several[0],
        findings=(Finding(code=FindingCode.SUMMED_DOSES, text=text), *findings),
        provenance={**several[0].provenance, "doses": doses, "summed_plans": plans},
    )


def _judge_rule(
    rule: ReirradiationRule, courses: Courses, matches: StructureMatches, interval_months: float | None
) -> RuleReport:
    ratios = _ratios_of_organs(rule.structures, rule.alpha_beta_gy, matches)
    cumulative: DVHSet | NotMeasured
    try:
        cumulative = courses.cumulative_dvhs(ratios)
    except FramesError as error:
        cumulative = NotMeasured(reason=Reason.NOT_GIVEN, detail=f"frames of reference differ; {error.hint}")
    return judge_reirradiation(
        rule,
        course=courses.course_dvhs(ratios),
        cumulative=cumulative,
        earlier=[_earlier_course(rule, plan, courses, ratios) for plan in courses.plans[1:]],
        interval_months=interval_months,
        names=courses.options.names,
    )


def _earlier_course(rule: ReirradiationRule, plan: Plan, courses: Courses, ratios: Ratios) -> EarlierCourse:
    """The course by its own contour of the rule's organ; by that of the first plan where it has none."""
    own_ratios = _ratios_of_organs(rule.structures, rule.alpha_beta_gy, match_plan(plan, rule.structures))
    own = courses.earlier_alone(plan, own_ratios)
    if own.dvhs:
        return EarlierCourse(dvhs=own)
    try:
        return EarlierCourse(dvhs=courses.earlier_on_first(plan, ratios), of_first_plan=True)
    except FramesError:
        return EarlierCourse(dvhs=own)


def _sums_of_maxima(courses: Courses, course: DVHSet, ratios: Ratios) -> dict[str, PartValue]:
    """The maxima of the courses added up, by structure: of the earlier ones' own of that name, else of the first's."""
    maxima: dict[str, list[PartValue]] = {dvh.name: [_maximum(dvh, 1)] for dvh in course.dvhs}
    for number, plan in enumerate(courses.plans[1:], start=2):
        own = {dvh.name: dvh for dvh in courses.earlier_alone(plan, ratios).dvhs}
        others = {name: ratio for name, ratio in ratios.items() if name not in own}
        on_first = {dvh.name: dvh for dvh in courses.earlier_on_first(plan, others).dvhs} if others else {}
        for name, dvh in {**on_first, **own}.items():
            maxima[name].append(_maximum(dvh, number))
    return {name: _added_or_reason(several) for name, several in maxima.items()}


def _maximum(dvh: DVH, number: int) -> PartValue:
    if lies_outside(dvh):
        return NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail=f"outside the dose grid of course {number}")
    return dvh.max_gy


def _added_or_reason(several: Sequence[PartValue]) -> PartValue:
    missing = [one for one in several if isinstance(one, NotMeasured)]
    return missing[0] if missing else added([one for one in several if isinstance(one, Bounds)])


def _shown_statements(
    plans: Sequence[Plan], names: Mapping[str, str] | None, named: Sequence[ReirradiationStatements]
) -> Iterator[ShownStatements]:
    """Statements that were named, and for several courses those of a site of which the first has an organ contoured."""
    plan = plans[0]
    for statements in load_reirradiation_statements():
        if statements in named:
            yield ShownStatements(statements=statements)
        if statements in named or len(plans) == 1:
            continue
        contoured = {roi.name for roi in roi_names_of(plan) if roi.contoured}
        contours = match_plan(plan, statements.structures, names).needed(statements.structures) & contoured
        if contours:
            yield ShownStatements(statements=statements, contours=tuple(sorted(contours)))


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


def _doubts_of_files(plans: Sequence[Plan]) -> Iterator[ReviewReason]:
    """Why the files of a course may not be those of one plan that the patient was, or will be, treated with."""
    for number, plan in enumerate(plans, start=1):
        for finding in plan.findings:
            if finding.code in DOUBTFUL_FILES:
                yield ReviewReason(code=ReviewCode.FILES, text=f"course {number}: {finding.text}")


# -------------------------------------------------------------------------------- rules, statements and tables by name


def load_judged_by(names: Sequence[str]) -> JudgedBy:
    """Load the rules and statements for re-irradiation among the names, and the tables that the other names are.

    Raises
    ------
    UnknownTableError
        A name is of none of them; the nearest of all are named.
    TableError
        A table has faults.
    """
    rules = {rule.id: rule for rule in load_reirradiation_rules()}
    statements = {listed.id: listed for listed in load_reirradiation_statements()}
    known = {*rules, *statements}
    try:
        return JudgedBy(
            rules=tuple(rules[name] for name in names if name in rules),
            statements=tuple(statements[name] for name in names if name in statements),
            tables=tuple(load_table(name) for name in names if name not in known),
        )
    except UnknownTableError as error:
        suggestion = suggest(error.table, {*known, *shipped_files()}) if error.table else ""
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

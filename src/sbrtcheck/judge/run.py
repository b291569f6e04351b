"""Tables and the DVHs of a plan in, the report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import PurePath

from sbrtcheck.arguments import require_type, texts_of
from sbrtcheck.dvh import DVHSet
from sbrtcheck.dvh.sound import refuse_other_prescription, refuse_unsound
from sbrtcheck.judge.course import course_note
from sbrtcheck.judge.dose_check import check_dose
from sbrtcheck.judge.judged_plan import judged_plan
from sbrtcheck.judge.naming import match_plan, names_of_matches, organs_of
from sbrtcheck.judge.outcomes import outcomes_of
from sbrtcheck.judge.overall import overall, reasons_of_tables, review_reasons
from sbrtcheck.judge.site import rows_for, site_of, unasked_findings
from sbrtcheck.judge.structures import plan_structures
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Finding, FindingCode, Sex, UnknownSex
from sbrtcheck.progress import log_step
from sbrtcheck.results.dvh_comparison import NO_OTHER_DVHS
from sbrtcheck.results.outcome import Outcome, is_near_limit
from sbrtcheck.results.report import Report
from sbrtcheck.structure_names import StructureMatches
from sbrtcheck.tables import ConstraintTable, Side, Sites, load_dictionary
from sbrtcheck.tables.choice import TableName, check_names, distinct, load_tables
from sbrtcheck.tables.dictionary import DictionaryInput
from sbrtcheck.tables.fitness import LintRemark, lint_warnings, refuse_unfit


def evaluate(  # noqa: PLR0913 - one argument an option
    table: TableName | Sequence[TableName],
    dvhs: DVHSet,
    *,
    names: Mapping[str, str] | None = None,
    dictionary: DictionaryInput | None = None,
    site: str | Sequence[str] | None = None,
    sites: Sites | None = None,
    accept_dose: bool = False,
    allow_lint_errors: bool = False,
    strict: bool = False,
    include_unconfirmed: bool = False,
    laterality: Side | None = None,
    sex: Sex | None = None,
) -> Report:
    """Check every row of the table(s) on the DVHs.

    Parameters
    ----------
    table
        One table, or several that are reported together; or what `load_table` loads them by.
    dvhs
        Of one plan, computed or stored.
    names
        TG-263 name -> structure name of this plan; wins over every other matching rule.
    dictionary
        TG-263 name -> the clinic's spellings of it, or a file with that; goes before the listed aliases.
    site
        Treatment site (or several) that the plan is judged for: it says which organs a plan must have. That of the
        tables when None; where they do not agree on one, every organ of every row is expected.
    sites
        Which organs are expected at each site, by `load_sites`; the shipped lists when None.
    accept_dose
        Judge the rows, and let the verdict stand, although the dose cannot be that of the prescription, or the
        prescription is not known.
    allow_lint_errors
        Use tables in which lint finds errors; each of them is a reason for a REVIEW.
    strict
        A row that counts and is borderline, convention sensitive, or could have another verdict within its sampling
        uncertainty makes the report a REVIEW; the row keeps its own verdict and its flags.
    include_unconfirmed
        Rows that two readers do not confirm count too.
    laterality
        The side of the target, for rows on the organ on its side or on the other; told by the contours when None.
    sex
        The patient's, for rows that hold for men or for women; as the files of the plan say when None.

    Returns
    -------
    Report
        One outcome for every row and structure asked for, in the order of the tables.

    Raises
    ------
    TableError
        Two tables have the same id, lint finds errors in one, or no such site is known.
    NamesError
        The dictionary has faults, or a name is for an organ that nobody asks for: no TG-263 name, and of no table.
    ArgumentError
        A DVH made by hand cannot be that of a structure: a number of it is none, a dose is below 0, a volume rises. Or
        one has another prescription than the plan.
    """
    require_type(dvhs, DVHSet, "what rows are judged on", "give what compute_dvhs or load_dvhs gave")
    refuse_unsound(dvhs)
    refuse_other_prescription(dvhs, dvhs.prescription)
    tables = load_tables(table)
    options = CheckOptions(
        names=names,
        dictionary=load_dictionary(dictionary, tables),
        site=texts_of(site, "a site"),
        sites=sites,
        accept_dose=accept_dose,
        allow_lint_errors=allow_lint_errors,
        strict=strict,
        include_unconfirmed=include_unconfirmed,
        laterality=laterality,
        sex=sex,
    )
    check_names(options.names or {}, tables)
    return evaluate_with(tables, dvhs, options)


def evaluate_with(
    tables: Sequence[ConstraintTable],
    dvhs: DVHSet,
    options: CheckOptions,
    matches: StructureMatches | None = None,
) -> Report:
    """Check every row of the tables on the DVHs; errors and what is given back as for `evaluate`.

    ``matches`` are those that the DVHs were computed by, of the organs of the tables at least; found here when None.
    """
    tables = distinct(tables)
    refuse_unfit(tables, allowed=options.allow_lint_errors)
    site = site_of(tables, options.site, options.sites)
    sex = options.sex or dvhs.sex
    tables_at_site = [replace(table, rows=rows_for(table, site, sex)) for table in tables]
    if matches is None:
        matches = match_plan(dvhs, organs_of(tables_at_site), options.names)
    dose = check_dose(dvhs, matches.targets, accepted=options.accept_dose)
    rows = [row for table in tables_at_site for row in table.rows]
    plan = judged_plan(plan_structures(dvhs, matches, options.laterality), rows, site=site, dose=dose, sex=sex)
    with log_step("evaluation") as log:
        outcomes = outcomes_of(tables_at_site, plan, include_unconfirmed=options.include_unconfirmed)
        outcomes = tuple(_with_near_limit(outcome, options.near_percent) for outcome in outcomes)
        reasons = review_reasons(outcomes, plan, reasons_of_tables(tables, tables_at_site), strict=options.strict)
        verdict = overall(outcomes, reasons)
        log(f"{len(outcomes)} rows, {sum(outcome.counts for outcome in outcomes)} of them count: {verdict}")
    return Report(
        tables=tables,
        outcomes=outcomes,
        verdict=verdict,
        prescription=dvhs.prescription,
        dvh_origin=dvhs.origin,
        end_caps=", ".join(sorted({dvh.end_caps for dvh in dvhs.dvhs if dvh.end_caps})),
        provenance=dvhs.provenance,
        findings=(
            *dvhs.findings,
            *dose.notes,
            *dose.accepted_doubts,
            *_sex_findings(tables, options.sex, dvhs.sex),
            *map(_lint_finding, lint_warnings(tables)),
            *unasked_findings(rows, site),
        ),
        software=_software(),
        dvhs=dvhs,
        compared=NO_OTHER_DVHS,
        names=names_of_matches(tables_at_site, matches),
        matches=matches,
        course=course_note(dvhs.prescription, site),
        reasons=reasons,
        site=site,
        between=dvhs.model.between,
        dose=dvhs.model.dose,
        strict=options.strict,
        include_unconfirmed=options.include_unconfirmed,
        accept_dose=options.accept_dose,
        allow_lint_errors=options.allow_lint_errors,
        laterality=options.laterality,
        sex=sex,
        near_percent=options.near_percent,
    )


def _lint_finding(warning: LintRemark) -> Finding:
    """A warning of lint, with the file's name alone: the folder that it is in says nothing of the plan."""
    has_place = warning.fault.place != warning.subject  # a table made by a program has no lines
    place = f"{PurePath(warning.fault.place).name}: " if has_place else ""
    text = f"{place}{warning.fault.what}; {warning.fault.hint}"
    return Finding(code=FindingCode.TABLE_WARNING, text=text, subject=warning.subject)


def _with_near_limit(outcome: Outcome, percent: float) -> Outcome:
    return replace(outcome, near_limit=True) if is_near_limit(outcome, percent) else outcome


def _sex_findings(
    tables: Sequence[ConstraintTable], given: Sex | None, stated: Sex | UnknownSex
) -> tuple[Finding, ...]:
    """Say that the user gave another sex than the files, where a row depends on it."""
    depends = any(row.sex is not None for table in tables for row in table.rows)
    if not depends or given is None or isinstance(stated, UnknownSex) or given is stated:
        return ()
    text = f"the sex given is {given}, and the plan's files say {stated}"
    return (Finding(code=FindingCode.OTHER, text=text),)


@cache
def _software() -> str:
    return f"sbrtcheck {metadata.version('sbrtcheck')}"

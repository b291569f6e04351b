"""check(): the steps in a row, no logic of its own."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike, fspath
from typing import TypeVar

from sbrtcheck.bundled import shipped_files
from sbrtcheck.comparison import PlanComparison, compare_plans, compare_with
from sbrtcheck.dicom import NotStored, load_dvhs, load_plan, load_plan_and_dvhs, load_registration
from sbrtcheck.dose_accumulation import Course, accumulate
from sbrtcheck.dvh import (
    Between,
    DVHSet,
    EndCaps,
    Interpolation,
    Model,
    Origin,
    compute_dvhs,
    roi_names_of,
    separate_targets,
)
from sbrtcheck.errors import AmbiguousPlanError, InputError, NamesError, UnknownTableError
from sbrtcheck.judge import (
    TARGET,
    NoRisk,
    Risk,
    SumReport,
    dose_check,
    evaluate,
    judge_reirradiation,
    risks,
    with_comparison,
)
from sbrtcheck.judge.naming import plan_names
from sbrtcheck.plan import Finding, FindingCode, Plan, Prescription, UnknownPrescription
from sbrtcheck.progress import Progress, log_step, no_progress
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data import ReirradiationRule, load_reirradiation_rules, load_risk_models
from sbrtcheck.render import pdf_report
from sbrtcheck.results import Comparison, NoComparison, Report, ReviewCode, ReviewReason
from sbrtcheck.results.labels import overall_text
from sbrtcheck.structure_names import (
    TARGETS,
    Match,
    all_targets,
    derivable,
    given_name,
    known_names,
    match,
    near_organs,
    normalise,
)
from sbrtcheck.structure_names.plan_names import PlanNames
from sbrtcheck.suggest import suggest
from sbrtcheck.tables import ConstraintTable, Sites, bundled_tables, load_names, load_sites, load_table
from sbrtcheck.tables.values import MULTI
from sbrtcheck.text_export import load_dvh_export

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")

# Far beyond any course: a larger number is a slip, or would not be finite in what is computed from it.
MAX_RX_GY = 1000.0
MAX_FRACTIONS = 1000
_RX_HINT = "write dose and fractions like '50Gy/5'"
_SHOWN = 40  # characters of a text that cannot be read

_PRESCRIPTION = re.compile(
    r"\s*(?P<dose>[0-9]+(?:[.,][0-9]+)?)\s*(?P<unit>c?Gy)\s*/\s*(?P<fractions>[0-9]+)\s*", re.IGNORECASE
)


def check(  # noqa: PLR0913 - the front door has every option
    path: str | PathLike[str] | list[str | PathLike[str]],
    table: str | PathLike[str] | ConstraintTable | Sequence[str | PathLike[str] | ConstraintTable] | None = None,
    *,
    site: str | Sequence[str] | None = None,
    plan: str | None = None,
    prescription: Prescription | str | None = None,
    names: str | PathLike[str] | Mapping[str, str] | None = None,
    dvhs: str = "computed",
    end_caps: str = "half-slice",
    between: str = "slab",
    dose: str = "trilinear",
    against: str | PathLike[str] | None = None,
    sites: str | PathLike[str] | Sites | None = None,
    accept_dose: bool = False,
    strict: bool = False,
    include_unconfirmed: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Check one plan against one or several tables.

    Parameters
    ----------
    path
        Folder with the RTSTRUCT, RTDOSE and RTPLAN of one plan; or the files. Where ``dvhs`` is ``"imported"``, the
        text file that a planning system exported its DVHs to.
    table
        Id of a bundled table, path of a YAML file, or a table; or several of these.
    site
        Treatment site of the plan (or several): it says which organs are expected. Without a table, every bundled
        table of the site, and of site ``multi``, is taken that holds for the plan's fraction number.
    plan
        UID of the plan to take, when there are several; its name where ``dvhs`` is ``"imported"``.
    prescription
        Wins over what the files say; ``"50Gy/5"`` is 50 Gy in 5 fractions.
    names
        TG-263 name -> structure name of this plan, or a file with that.
    dvhs
        ``"computed"`` from contours and dose, ``"stored"`` by the planning system in the RTDOSE, or ``"imported"`` from
        its text export.
    end_caps
        Convention of computed DVHs: ``"half-slice"``, ``"none"`` or ``"capped"``.
    between
        What computed structures look like between contour planes: ``"slab"`` or ``"interpolated"``.
    dose
        What the dose is between grid points: ``"trilinear"`` or ``"cubic"``.
    against
        Text file of DVHs that a planning system exported, to compare with in place of those stored in the RTDOSE.
    sites
        File with the organs that are expected at each site, in place of the shipped one; or its content.
    accept_dose
        Judge the plan although its dose cannot be that of its prescription, or the prescription is not known.
    strict
        Borderline and convention-sensitive rows stand against a pass.
    include_unconfirmed
        Rows with a single reading of their source count.
    progress
        Called with the number of structures computed and of all.

    Returns
    -------
    Report
        Every row with its verdict; the DVHs of the targets are in it whether a row asks for them or not.

    Raises
    ------
    SbrtcheckError
        The input, a table or an option cannot be used; nothing was checked.
    """
    named = _named_tables(table)
    asked = (site,) if isinstance(site, str) else tuple(site or ())
    if not named and not asked:
        raise UnknownTableError("no table to check against", hint="name one that sbrtcheck tables lists, or a site")
    lists = _sites(sites)
    check_sites(asked, lists, named)
    _check_choice("DVHs", dvhs, *Origin)
    model = _model(end_caps, between, dose)
    rx = _prescription(prescription)
    mapping = load_names(fspath(names)) if isinstance(names, str | PathLike) else names
    check_names(mapping or {}, named, place=fspath(names) if isinstance(names, str | PathLike) else "")
    if dvhs != Origin.COMPUTED:
        found = _not_computed(path, dvhs, plan=plan, prescription=rx)
        others: DVHSet | NotStored = NotStored(reason=f"the {dvhs} DVHs were judged, and none were computed")
        tables = named or _site_tables(asked, found.prescription)
    else:
        loaded, others = load_plan_and_dvhs(path, plan=plan, prescription=rx)
        tables = named or _site_tables(asked, loaded.prescription)
        found = _computed(loaded, tables, mapping, model, progress)
    report = evaluate(
        tables,
        found,
        names=mapping,
        site=asked,
        sites=lists,
        accept_dose=accept_dose,
        strict=strict,
        include_unconfirmed=include_unconfirmed,
    )
    if against is not None:
        exported = _exported(against, found)
        whose = f"in a text export ({exported.provenance['system']})"
        return with_comparison(report, compare_with(report, exported, other=whose))
    return with_comparison(report, _compared(report, others))


def compare(  # noqa: PLR0913 - one argument an option
    first: str | PathLike[str],
    second: str | PathLike[str],
    table: str | PathLike[str] | ConstraintTable | Sequence[str | PathLike[str] | ConstraintTable] | None = None,
    *,
    site: str | Sequence[str] | None = None,
    plans: Sequence[str | None] = (),
    prescriptions: Sequence[Prescription | str | None] = (),
    names: str | PathLike[str] | Mapping[str, str] | None = None,
    end_caps: str = "half-slice",
    between: str = "slab",
    dose: str = "trilinear",
    sites: str | PathLike[str] | Sites | None = None,
    accept_dose: bool = False,
    include_unconfirmed: bool = False,
    progress: Progress = no_progress,
) -> PlanComparison:
    """Compare two plans of one patient: row by row which is better, and how their DVHs differ.

    Parameters
    ----------
    first, second
        Folders with the RTSTRUCT, RTDOSE and RTPLAN of the plans; may be one folder when ``plans`` tells them apart.
    table
        As in `check`.
    site
        As in `check`; without a table, every bundled table that holds for the fraction number of either plan.
    plans
        UIDs of the plans to take, that of the first, then of the second; None or nothing where there is one.
    prescriptions
        Of the first plan, then of the second; None or nothing takes what the files say.
    names
        TG-263 name -> structure name, of both plans, or a file with that.
    end_caps, between, dose, sites, accept_dose, include_unconfirmed, progress
        As in `check`.

    Returns
    -------
    PlanComparison
        Both reports, each row in both, each structure in both.

    Raises
    ------
    SbrtcheckError
        An input, a table or an option cannot be used; nothing was compared.
    """
    named = _named_tables(table)
    asked = (site,) if isinstance(site, str) else tuple(site or ())
    if not named and not asked:
        raise UnknownTableError("no table to compare by", hint="name one that sbrtcheck tables lists, or a site")
    lists = _sites(sites)
    check_sites(asked, lists, named)
    model = _model(end_caps, between, dose)
    given = [_prescription(rx) for rx in _two(prescriptions, "prescriptions")]
    mapping = load_names(fspath(names)) if isinstance(names, str | PathLike) else names
    check_names(mapping or {}, named, place=fspath(names) if isinstance(names, str | PathLike) else "")
    chosen = zip((first, second), _two(plans, "plans"), given, strict=True)
    loaded = [load_plan(path, plan=uid, prescription=rx) for path, uid, rx in chosen]
    tables = named or _tables_of_either(asked, [plan.prescription for plan in loaded])
    reports = [
        evaluate(
            tables,
            _computed(plan, tables, mapping, model, progress),
            names=mapping,
            site=asked,
            sites=lists,
            accept_dose=accept_dose,
            include_unconfirmed=include_unconfirmed,
        )
        for plan in loaded
    ]
    return compare_plans(*reports)


def _two(given: Sequence[_T], what: str) -> list[_T | None]:
    if len(given) > 2:
        raise InputError(f"{len(given)} {what} for two plans", hint="give one a plan, in order")
    return [*given, *[None] * (2 - len(given))]


def _tables_of_either(
    sites: Sequence[str], prescriptions: Sequence[Prescription | UnknownPrescription]
) -> tuple[ConstraintTable, ...]:
    """Bundled tables of the sites that hold for one of the plans at least."""
    found: dict[str, ConstraintTable] = {}
    none: list[UnknownTableError] = []
    for rx in prescriptions:
        try:
            found |= {table.id: table for table in _site_tables(sites, rx)}
        except UnknownTableError as error:
            none.append(error)
    if none and len(none) == len(prescriptions):
        raise none[0]
    return tuple(found.values())


def _compared(report: Report, stored: DVHSet | NotStored) -> Comparison | NoComparison:
    """The report's DVHs against the stored ones, which the check does not depend on, whatever is wrong with them."""
    if isinstance(stored, NotStored):
        return NoComparison(reason=stored.reason)
    try:
        return compare_with(report, stored, other="stored in the RTDOSE")
    except Exception as error:  # the report stands without it
        _LOG.info("stored DVHs could not be compared", exc_info=True)
        return NoComparison(reason=f"an error of sbrtcheck itself ({type(error).__name__}); -v shows more")


def _exported(path: str | PathLike[str], found: DVHSet) -> DVHSet:
    """The DVHs of a text export; of one with several plans, those of the plan with the label of ours.

    Read for our prescription, so that its findings say where the export states another, or doses in another unit.
    """
    rx = found.prescription if isinstance(found.prescription, Prescription) else None
    try:
        return load_dvh_export(path, prescription=rx)
    except AmbiguousPlanError:
        label = found.provenance.get("plan_label")
        if not isinstance(label, str) or not label:
            raise
    return load_dvh_export(path, plan=label, prescription=rx)


def dvhs_of(  # noqa: PLR0913 - one argument an option
    path: str | PathLike[str] | list[str | PathLike[str]],
    *,
    structures: Collection[str] | None = None,
    plan: str | None = None,
    prescription: Prescription | str | None = None,
    dvhs: str = "computed",
    end_caps: str = "half-slice",
    between: str = "slab",
    dose: str = "trilinear",
    progress: Progress = no_progress,
) -> DVHSet:
    """Compute or read the DVHs of one plan; options as in `check`.

    Raises
    ------
    SbrtcheckError
        The input or an option cannot be used, or the plan has no structure of a name asked for.
    """
    _check_choice("DVHs", dvhs, *Origin)
    model = _model(end_caps, between, dose)
    rx = _prescription(prescription)
    if dvhs != Origin.COMPUTED:
        stored = _with_doubts(_not_computed(path, dvhs, plan=plan, prescription=rx), None)
        return _only(stored, structures)
    loaded = load_plan(path, plan=plan, prescription=rx)
    derived = {recipe.organ for recipe in derivable(roi_names_of(loaded))}
    _check_known(structures, {structure.name for structure in loaded.structures} | derived)
    computed = compute_dvhs(
        loaded,
        structures=structures,
        end_caps=model.end_caps,
        between=model.between,
        dose=model.dose,
        progress=progress,
    )
    return _with_doubts(computed, None)


def _with_doubts(dvhs: DVHSet, names: Mapping[str, str] | None) -> DVHSet:
    """The DVHs with a finding for each doubt about their dose, for what gives no verdict."""
    known = {finding.text for finding in dvhs.findings}
    doubts = (doubt.text for doubt in dose_check(dvhs, names).doubts if doubt.text not in known)
    return replace(dvhs, findings=(*dvhs.findings, *(Finding(code=FindingCode.OTHER, text=text) for text in doubts)))


def _not_computed(
    path: str | PathLike[str] | list[str | PathLike[str]],
    dvhs: str,
    *,
    plan: str | None,
    prescription: Prescription | None,
) -> DVHSet:
    """The DVHs that a planning system stored or exported."""
    if dvhs == Origin.STORED:
        return load_dvhs(path, plan=plan, prescription=prescription)
    if not isinstance(path, str | PathLike):
        raise InputError("a list of files is no DVH export", hint="give the one file that the system exported")
    return load_dvh_export(path, plan=plan, prescription=prescription)


def names_of(
    path: str | PathLike[str] | list[str | PathLike[str]],
    table: str | PathLike[str] | ConstraintTable | Sequence[str | PathLike[str] | ConstraintTable],
    *,
    plan: str | None = None,
    names: str | PathLike[str] | Mapping[str, str] | None = None,
) -> PlanNames:
    """Which structures of one plan `check` would take for the organs of the tables; options as there.

    Raises
    ------
    SbrtcheckError
        The input, a table or the names cannot be used.
    """
    tables = _named_tables(table)
    mapping = load_names(fspath(names)) if isinstance(names, str | PathLike) else names
    loaded = load_plan(path, plan=plan)
    separate = {kind: separate_targets(loaded, kind, mapping) for kind in sorted(_organs(tables).intersection(TARGETS))}
    return plan_names(tables, roi_names_of(loaded), mapping, separate)


def risks_of(
    path: str | PathLike[str] | list[str | PathLike[str]],
    *,
    site: str = "",
    plan: str | None = None,
    prescription: Prescription | str | None = None,
    names: str | PathLike[str] | Mapping[str, str] | None = None,
    diameter_cm: float | None = None,
    progress: Progress = no_progress,
) -> tuple[Risk | NoRisk, ...]:
    """Apply the shipped complication and control models to one plan; options as in `check`.

    Parameters
    ----------
    site
        Of the plan: models that are for one site are applied when it is named, and not else.
    diameter_cm
        Of the tumour, for the control models that ask for it.
    progress
        As for `check`.

    Raises
    ------
    SbrtcheckError
        The input or an option cannot be used.
    """
    if diameter_cm is not None and not diameter_cm > 0:
        raise InputError(f"a tumour's diameter cannot be {diameter_cm:g} cm", hint="give it in cm, above 0")
    check_sites([site] if site else [], load_sites())
    mapping = load_names(fspath(names)) if isinstance(names, str | PathLike) else names
    loaded = load_plan(path, plan=plan, prescription=_prescription(prescription))
    organs = {organ for model in load_risk_models().ntcp for organ in model.structures}
    found = compute_dvhs(loaded, structures=_needed(loaded, organs, mapping), names=mapping, progress=progress)
    return risks(_with_doubts(found, mapping), site=site, names=mapping, diameter_cm=diameter_cm)


def sum_of(  # noqa: PLR0913 - one argument an option
    paths: Sequence[str | PathLike[str]],
    alpha_betas_gy: Mapping[str, float] | None = None,
    table: str | Sequence[str] = (),
    *,
    recovery: float = 0.0,
    interval_months: float | None = None,
    frames_agree: bool = False,
    registrations: Sequence[str | PathLike[str]] = (),
    prescriptions: Sequence[str | None] = (),
    names: str | PathLike[str] | Mapping[str, str] | None = None,
    accept_dose: bool = False,
    progress: Progress = no_progress,
) -> SumReport:
    """Sum several courses of one patient in EQD2, and hold the sum against rules and tables.

    Parameters
    ----------
    paths
        Folders of the plans: the course looked at first, then the earlier ones.
    alpha_betas_gy
        α/β in Gy by organ (TG-263 name, or name of a structure of the first plan). Organs of the tables' rows in EQD2
        are added with their rows' α/β.
    table
        Ids of bundled tables or rules, or YAML files. Only rows in EQD2 can be evaluated.
    recovery
        Share of the earlier courses' EQD2 that the tissue has got over, from 0 to less than 1.
    interval_months
        Since the last course, for rules that ask for it.
    frames_agree
        States that the plans lie in one frame of reference although their files say otherwise, or nothing.
    registrations
        Spatial Registration files.
    prescriptions
        By plan, in order; None or nothing takes what the files say.
    names
        TG-263 name -> structure name of the first plan, or a file with that.
    accept_dose
        Take the doses as they are, though one cannot be that of its course's prescription.
    progress
        As for `check`; starts anew for each sum and α/β.

    Returns
    -------
    SumReport
        DVHs in EQD2, and what rules and tables come to.

    Raises
    ------
    SbrtcheckError
        The input or an option cannot be used; nothing was summed.
    """
    mapping = load_names(fspath(names)) if isinstance(names, str | PathLike) else names
    rules, tables = _rules_and_tables((table,) if isinstance(table, str) else tuple(table))
    plans = _plans(paths, prescriptions)
    courses = [Course(plan=one, recovery=recovery if place else 0.0) for place, one in enumerate(plans)]
    together = partial(
        accumulate,
        frames_agree=frames_agree,
        registrations=[load_registration(path) for path in registrations],
        names=mapping,
        progress=progress,
    )
    wanted = {**_ratios_of(tables, plans[0], mapping), **_structures_of(alpha_betas_gy or {}, plans[0], mapping)}
    judged = []
    for rule in rules:
        own = _ratios_for(rule.structures, rule.alpha_beta_gy, plans[0], mapping)
        alone, all_ = together(courses[:1], own), together(courses, own)
        judged.append(
            judge_reirradiation(rule, course=alone, cumulative=all_, interval_months=interval_months, names=mapping)
        )
    cumulative = together(courses, wanted)
    doubts = _doubts_of_courses(plans, mapping)
    if accept_dose:
        accepted = [Finding(code=FindingCode.DOSE_ACCEPTED, text=f"accepted by the user: {one.text}") for one in doubts]
        cumulative = replace(cumulative, findings=(*cumulative.findings, *accepted))
    return SumReport(
        course=together(courses[:1], wanted),
        cumulative=cumulative,
        rules=tuple(judged),
        report=evaluate(tables, cumulative, names=mapping) if tables else None,
        reasons=(
            *(() if accept_dose else doubts),
            *(reason for rule in judged for reason in rule.reasons),
        ),
        accept_dose=accept_dose,
    )


def _doubts_of_courses(plans: Sequence[Plan], names: Mapping[str, str] | None) -> tuple[ReviewReason, ...]:
    """Why the dose of a course cannot be that of its prescription, or is not known to be; names are of the first."""
    found = []
    for number, plan in enumerate(plans, start=1):
        of_plan = names if number == 1 else None
        targets = frozenset(roi.name for roi in all_targets(roi_names_of(plan), of_plan))
        doubts = dose_check(compute_dvhs(plan, structures=targets), of_plan).doubts
        found += [ReviewReason(code=ReviewCode.DOSE, text=f"course {number}: {doubt.text}") for doubt in doubts]
    return tuple(found)


def _plans(paths: Sequence[str | PathLike[str]], prescriptions: Sequence[str | None]) -> list[Plan]:
    if not paths:
        raise InputError("there is no plan to sum", hint="name the folders of the plans")
    if len(prescriptions) > len(paths):
        raise InputError(f"{len(prescriptions)} prescriptions for {len(paths)} plans", hint="give one a plan, in order")
    given = [*prescriptions, *[None] * (len(paths) - len(prescriptions))]
    plans = [load_plan(path, prescription=_prescription(rx)) for path, rx in zip(paths, given, strict=True)]
    doses = [uid for plan in plans for uid in plan.uids.doses]
    if len(set(doses)) < len(doses):
        raise InputError("two of the plans have the same dose", hint="give every course once")
    return plans


def _rules_and_tables(given: Sequence[str]) -> tuple[tuple[ReirradiationRule, ...], tuple[ConstraintTable, ...]]:
    rules = {rule.id: rule for rule in load_reirradiation_rules()}
    others = [one for one in given if one not in rules]
    try:
        return tuple(rules[one] for one in given if one in rules), tuple(map(load_table, others))
    except UnknownTableError as error:
        strange = next((one for one in others if repr(one) in error.what), "")
        meant = suggest(strange, {*rules, *shipped_files()})
        raise UnknownTableError(error.what, error.place, meant or error.hint) from error


def _ratios_of(tables: Sequence[ConstraintTable], plan: Plan, names: Mapping[str, str] | None) -> dict[str, float]:
    """α/β by structure, as the rows in EQD2 say; the first row's where they differ."""
    found: dict[str, float] = {}
    for row in (row for table in tables for row in table.rows):
        if row.quantity is Quantity.EQD2 and row.alpha_beta_gy is not None:
            found = {**_ratios_for(row.structures, row.alpha_beta_gy, plan, names), **found}
    return found


def _ratios_for(organs: Sequence[str], ratio: float, plan: Plan, names: Mapping[str, str] | None) -> dict[str, float]:
    return dict.fromkeys(sorted(_needed(plan, set(organs), names)), ratio)


def _structures_of(
    alpha_betas_gy: Mapping[str, float], plan: Plan, names: Mapping[str, str] | None
) -> dict[str, float]:
    """α/β by structure, as the user says by organ or by the structure's own name."""
    own = {structure.name for structure in plan.structures}
    found: dict[str, float] = {}
    for organ, ratio in alpha_betas_gy.items():
        if not 0 < ratio < math.inf:
            raise InputError(f"an alpha/beta of {organ} of {ratio:g} Gy is none", hint="give it in Gy, above 0")
        taken = {organ} if organ in own else _needed(plan, {organ}, names)
        if not taken:
            raise InputError(f"the plan has no structure for {organ}", hint=_or_these(organ, own))
        found |= dict.fromkeys(taken, ratio)
    return found


def report_as_dicom(report: Report, path: str | PathLike[str] | list[str | PathLike[str]]) -> bytes:
    """The report's PDF as a DICOM object for the record of the plan's patient.

    Parameters
    ----------
    report
        What `check` gave.
    path
        As given to `check`: patient and study are taken from the files there.

    Returns
    -------
    bytes
        A DICOM file: Encapsulated PDF Storage.

    Raises
    ------
    SbrtcheckError
        The plan's files are not there or name different patients, or what draws the PDF is not installed.
    """
    from sbrtcheck.dicom.encapsulated import encapsulated_pdf

    title = f"{report.software}: dose constraints, {overall_text(report)}"
    return encapsulated_pdf(pdf_report(report), path, report.provenance, title=title)


def dvhs_as_dicom(dvhs: DVHSet, path: str | PathLike[str] | list[str | PathLike[str]]) -> bytes:
    """Computed DVHs as a DICOM object for the record of the plan's patient: an RTDOSE with a DVH Sequence, no grid.

    Parameters
    ----------
    dvhs
        What `dvhs_of` or `compute_dvhs` gave. Structures that the structure set does not have are left out.
    path
        The files they were computed from: patient and study are taken from there.

    Returns
    -------
    bytes
        A DICOM file: RT Dose Storage.

    Raises
    ------
    SbrtcheckError
        There is nothing to write, or the plan's files are not there or name different patients.
    """
    from sbrtcheck.dicom.dvh_dose import dvh_rtdose

    return dvh_rtdose(dvhs, path)


def _only(dvhs: DVHSet, structures: Collection[str] | None) -> DVHSet:
    _check_known(structures, {dvh.name for dvh in dvhs.dvhs} | {one.name for one in dvhs.without})
    return replace(
        dvhs,
        dvhs=tuple(dvh for dvh in dvhs.dvhs if structures is None or dvh.name in structures),
        without=tuple(one for one in dvhs.without if structures is None or one.name in structures),
    )


def _check_known(structures: Collection[str] | None, there: set[str]) -> None:
    if lacking := sorted(set(structures or ()) - there):
        raise InputError(f"the plan has no structure {_listed(lacking)}", hint=_or_these(lacking[0], there))


def _or_these(given: str, there: Collection[str]) -> str:
    """Give what may have been meant, and all there is."""
    return f"{suggest(given, there)} it has: {_listed(there) or 'none'}".strip()


def _model(end_caps: str, between: str, dose: str) -> Model:
    _check_choice("end caps", end_caps, *EndCaps)
    _check_choice("the shape between planes", between, *Between)
    _check_choice("the dose between grid points", dose, *Interpolation)
    return Model(end_caps=EndCaps(end_caps), between=Between(between), dose=Interpolation(dose))


def _check_choice(option: str, given: str, *choices: str) -> None:
    if given not in choices:
        raise InputError(f"{option} cannot be {given!r}", hint=f"choose one of: {', '.join(choices)}")


def _prescription(given: Prescription | str | None) -> Prescription | None:
    if isinstance(given, str):
        return parse_prescription(given)
    return given if given is None else _possible(given, f"{given.dose_gy:g} Gy in {given.fractions}")


def parse_prescription(text: str) -> Prescription:
    """Read ``50Gy/5``, ``50 Gy / 5`` or ``5000cGy/5``: dose of the whole course, and fractions.

    Raises
    ------
    InputError
        The text is something else, the unit is not written, or no course has such a dose or so many fractions.

    Examples
    --------
    >>> parse_prescription("5000 cGy / 5")
    Prescription(dose_gy=50.0, fractions=5, source='given')
    """
    found = _PRESCRIPTION.fullmatch(text)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    if not found:
        raise InputError(f"prescription {shown!r} cannot be read", hint=_RX_HINT)
    dose = float(found["dose"].replace(",", "."))  # infinite for very many digits
    digits = found["fractions"].lstrip("0")
    fractions = int(digits or 0) if len(digits) <= len(str(MAX_FRACTIONS)) else MAX_FRACTIONS + 1
    dose_gy = dose / 100 if found["unit"].lower() == "cgy" else dose
    return _possible(Prescription(dose_gy=dose_gy, fractions=fractions), shown)


def _possible(rx: Prescription, shown: str) -> Prescription:
    """The prescription, if there may be such a course."""
    if not 0 < rx.dose_gy <= MAX_RX_GY:
        raise InputError(
            f"prescription {shown!r} cannot be right: its dose is not in 0 to {MAX_RX_GY:g} Gy", hint=_RX_HINT
        )
    if not 1 <= rx.fractions <= MAX_FRACTIONS:
        raise InputError(
            f"prescription {shown!r} cannot be right: its number of fractions is not in 1 to {MAX_FRACTIONS}",
            hint=_RX_HINT,
        )
    return rx


def _named_tables(
    table: str | PathLike[str] | ConstraintTable | Sequence[str | PathLike[str] | ConstraintTable] | None,
) -> tuple[ConstraintTable, ...]:
    if table is None:
        return ()
    several = (table,) if isinstance(table, str | PathLike | ConstraintTable) else table
    with log_step("tables") as say:
        found = tuple(one if isinstance(one, ConstraintTable) else load_table(fspath(one)) for one in several)
        say(_versions(found))
    return found


def _versions(tables: Sequence[ConstraintTable]) -> str:
    return ", ".join(f"{table.id} {table.version} ({len(table.rows)} rows)" for table in tables) or "none"


def _site_tables(sites: Sequence[str], rx: Prescription | UnknownPrescription) -> tuple[ConstraintTable, ...]:
    """Bundled tables of the sites that hold for the fraction number."""
    with log_step("tables of the site") as say:
        fitting = _fitting(sites, rx)
        say(_versions(fitting))
    return fitting


def _fitting(sites: Sequence[str], rx: Prescription | UnknownPrescription) -> tuple[ConstraintTable, ...]:
    shown = " or ".join(map(repr, sites))
    if rx.fractions is None:
        raise UnknownTableError(
            f"the plan's number of fractions is unknown, so no table of site {shown} can be chosen",
            hint="give the prescription like '50Gy/5', or name the tables",
        )
    of_site = [table for table in bundled_tables() if table.site in (*sites, MULTI)]
    fitting = tuple(table for table in of_site if table.holds_for(rx.fractions))
    if not any(table.fractions for table in fitting):  # one for any number limits no dose: not enough to check a plan
        raise UnknownTableError(
            f"no bundled table of site {shown} holds for {rx.fractions} fractions", hint=f"there are: {_ids(of_site)}"
        )
    return fitting


def _sites(given: str | PathLike[str] | Sites | None) -> Sites:
    return given if isinstance(given, Sites) else load_sites(given)


def check_sites(asked: Sequence[str], sites: Sites, tables: Sequence[ConstraintTable] = ()) -> None:
    """Refuse a site of which neither the lists nor a table say what organs are expected, with `UnknownTableError`."""
    own = {table.site for table in tables if table.expects}
    for site in asked:
        if site not in own:
            sites.site(site)


def check_names(names: Mapping[str, str], tables: Sequence[ConstraintTable], *, place: str = "") -> None:
    """Refuse a name for an organ that nobody asks for: neither known of TG-263, nor of a table given or bundled.

    Raises
    ------
    NamesError
        With the organs that may have been meant; or for a name that is no text.
    """
    for organ, name in names.items():
        if not isinstance(name, str):
            raise NamesError(f"the name of {organ!r} is no text", place, "write a ROI's number like 'ROI 6'")
    organs = known_names() | _organs(tables)
    if _not_among(names, organs):  # the bundled tables are read only when they are needed
        organs |= _organs(bundled_tables())
    unknown = _not_among(names, organs)
    if not unknown:
        return
    near = near_organs(unknown[0], organs)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "give the organ's TG-263 name, or the table's"
    raise NamesError(f"no table has an organ {unknown[0]!r}, nor is it a TG-263 name known here", place, hint)


def _not_among(names: Iterable[str], organs: Iterable[str]) -> list[str]:
    known = {normalise(organ) for organ in organs}
    return sorted(name for name in names if normalise(name) not in known)


def _ids(tables: Sequence[ConstraintTable]) -> str:
    return ", ".join(f"{table.id} ({table.fractions_text('/')})" for table in tables)


def _listed(words: Collection[str]) -> str:
    return ", ".join(sorted(words))


def _computed(
    plan: Plan,
    tables: Sequence[ConstraintTable],
    names: Mapping[str, str] | None,
    model: Model,
    progress: Progress,
) -> DVHSet:
    return compute_dvhs(
        plan,
        # targets tell whether the dose can be the plan's, and a reader looks for them first
        structures=_needed(plan, _organs(tables), names) | {roi.name for roi in all_targets(roi_names_of(plan), names)},
        end_caps=model.end_caps,
        between=model.between,
        dose=model.dose,
        names=names,
        progress=progress,
    )


def _organs(tables: Sequence[ConstraintTable]) -> set[str]:
    """Organs that rows are on, and the target whose volume limits go by."""
    rows = [row for table in tables for row in table.rows]
    target = {TARGET} if any(row.steps for row in rows) else set()
    return target | {organ for row in rows for organ in row.structures}


def _needed(plan: Plan, organs: set[str], names: Mapping[str, str] | None) -> frozenset[str]:
    """Names of the plan's structures, and of derived ones, that the organs are taken from."""
    rois = roi_names_of(plan)
    matched = (match(organ, rois, names) for organ in sorted(organs))
    drawn = {found.roi.name for found in matched if isinstance(found, Match)}
    separate = {roi.name for kind in organs.intersection(TARGETS) for roi in separate_targets(plan, kind, names)}
    given = {given_name(organ, names or {}) for organ in organs}  # which may name what is derived
    derived = {recipe.organ for recipe in derivable(rois, names) if recipe.organ in organs | given}
    return frozenset(drawn | separate | derived)

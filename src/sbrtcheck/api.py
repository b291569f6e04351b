"""A plan's files -> what people ask of it: a check, DVHs, names, risks; of several, a comparison.

Each function is the steps in a row; what a step does is in the packages below. `check` and `check_with` are one check:
the first is given choices as people write them, the second as one value. Sums of courses are in `sums`, objects for the
record of the patient in `patient_record`; both are called from here.

What a check of a plan needs is imported here; what only text exports or dictionaries need, where they are used, so that
no check waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING

from sbrtcheck._old_names import old_function, old_keywords
from sbrtcheck.arguments import path_of, require_type, texts_of
from sbrtcheck.comparison import PlanComparison, PlansCompared, compare_plans, compare_several, with_export, with_stored
from sbrtcheck.dicom import PlanInput, load_plan
from sbrtcheck.dvh import DVHSet, Origin, roi_names_of
from sbrtcheck.given_plans import (
    dvhs_of_system,
    one_each,
    plan_or_dvhs,
    plans_to_compare,
    read_dictionary,
    with_patients_compared,
)
from sbrtcheck.judge import NoRisk, Risk
from sbrtcheck.judge.dose_check import with_dose_doubts
from sbrtcheck.judge.naming import match_plan, organs_of
from sbrtcheck.judge.plan_dvhs import dvhs_for_matches, dvhs_for_organs, dvhs_of_structures, names_of_plan
from sbrtcheck.judge.profile import with_choice
from sbrtcheck.judge.risk import refuse_diameter, risks_on
from sbrtcheck.judge.run import evaluate_with
from sbrtcheck.options import NEAR_PERCENT, CheckOptions, Names
from sbrtcheck.patient_record import dvhs_as_dicom, report_as_dicom, report_as_sr
from sbrtcheck.plan.prescription_text import GivenPrescription, parse_prescription, read_prescription
from sbrtcheck.progress import Progress, no_progress
from sbrtcheck.reference_data import Profile, load_risk_models
from sbrtcheck.results import Report
from sbrtcheck.results.noted import with_notes, with_notes_on_each
from sbrtcheck.structure_names import UserNames
from sbrtcheck.structure_names.plan_names import PlanNames
from sbrtcheck.sums import accumulate
from sbrtcheck.tables import Sites, load_dictionary, load_names
from sbrtcheck.tables.choice import TableName, check_names, load_tables
from sbrtcheck.tables.dictionary import DictionaryInput
from sbrtcheck.tables.notes import NotesInput, load_notes, load_notes_by_plan

if TYPE_CHECKING:
    from sbrtcheck.tables.learn import Learned

__all__ = [
    "accumulate",
    "check",
    "check_with",
    "compare",
    "dvhs",
    "dvhs_as_dicom",
    "dvhs_of",
    "learn_names",
    "names",
    "names_of",
    "parse_prescription",
    "report_as_dicom",
    "report_as_sr",
    "risks",
    "risks_of",
    "sum_of",
]


@old_keywords(between="slice_interpolation", dose="dose_interpolation")
def check(  # noqa: PLR0913 - the front door has every option
    path: PlanInput,
    table: TableName | Sequence[TableName] | None = None,
    *,
    site: str | Sequence[str] | None = None,
    profile: str | Profile | None = None,
    plan: str | None = None,
    prescription: GivenPrescription | None = None,
    names: Names | None = None,
    dictionary: DictionaryInput | None = None,
    dvhs: str = "computed",
    end_caps: str = "half-slice",
    slice_interpolation: str = "slab",
    dose_interpolation: str = "trilinear",
    against: str | PathLike[str] | None = None,
    sites: str | PathLike[str] | Sites | None = None,
    accept_dose: bool = False,
    allow_lint_errors: bool = False,
    strict: bool = False,
    include_unconfirmed: bool = False,
    laterality: str | None = None,
    sex: str | None = None,
    near_percent: float = NEAR_PERCENT,
    notes: NotesInput | Sequence[NotesInput] = (),
    progress: Progress = no_progress,
) -> Report:
    """Check one plan against one or several tables.

    Parameters
    ----------
    path
        Folder with the RTSTRUCT, RTDOSE and RTPLAN of one plan; or the files, as paths, pydicom Datasets or files open
        for reading bytes, in a list of any order (`sbrtcheck.dicom.PlanInput`); or a `Plan`. Where ``dvhs`` is
        ``"imported"``, the text file that a planning system exported its DVHs to.
    table
        Id of a bundled table, path of a YAML file, or a table; or several of these.
    site
        Treatment site of the plan (or several): it says which organs are expected. Without a table, every bundled
        table of it, and of site ``multi``, is used that holds for the fraction number; ``left_out`` has the others.
    profile
        Id of a ready profile, such as ``"lung-48gy-4fx"``: site and tables of a schedule; those of ``table`` are added.
        The plan must have its number of fractions; another dose is a finding.
    plan
        UID of the plan, when there are several; its name where ``dvhs`` is ``"imported"``.
    prescription
        Wins over what the files say; ``"50Gy/5"``, ``"5x10Gy"`` and ``(50, 5)`` are 50 Gy in 5 fractions.
    names
        TG-263 name -> structure name of this plan, or a file with that.
    dictionary
        TG-263 name -> the clinic's spellings of it, or a file with that; goes before the listed aliases, for any plan.
    dvhs
        ``"computed"`` from contours and dose, ``"stored"`` by the planning system in the RTDOSE, or ``"imported"`` from
        its text export.
    end_caps
        Convention of computed DVHs: ``"half-slice"``, ``"none"`` or ``"capped"``.
    slice_interpolation
        What computed structures look like between contour planes: ``"slab"`` or ``"interpolated"``.
    dose_interpolation
        What the dose is between grid points: ``"trilinear"`` or ``"cubic"``.
    against
        Text file of DVHs that a planning system exported, to compare with in place of those stored in the RTDOSE.
    sites
        File with the organs that are expected at each site, in place of the shipped one; or its content.
    accept_dose
        Judge the plan although its dose cannot be that of its prescription, or the prescription is not known.
    allow_lint_errors
        Use tables in which `sbrtcheck lint` finds errors; the report is then at most a REVIEW, which says each of them.
    strict
        Borderline and convention-sensitive rows stand against a pass.
    include_unconfirmed
        Rows that two readers do not confirm count too.
    laterality
        Side of the target, ``"left"`` or ``"right"``, for limits on the organ on its side or on the other; told by the
        contours when None.
    sex
        Of the patient, ``"female"`` or ``"male"``, for limits that differ by it; as the plan's files say when None.
    near_percent
        Values within this many percent of a limit are flagged as near it; no verdict depends on it.
    notes
        Files of notes and sign-offs on the plan, to be shown on their rows; no verdict depends on them.
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
    options = CheckOptions.read(
        site=site,
        profile=profile,
        names=names,
        dictionary=read_dictionary(dictionary, table),
        dvhs=dvhs,
        end_caps=end_caps,
        slice_interpolation=slice_interpolation,
        dose_interpolation=dose_interpolation,
        sites=sites,
        accept_dose=accept_dose,
        allow_lint_errors=allow_lint_errors,
        strict=strict,
        include_unconfirmed=include_unconfirmed,
        laterality=laterality,
        sex=sex,
        near_percent=near_percent,
        progress=progress,
    )
    return check_with(path, table, options, plan=plan, prescription=prescription, against=against, notes=notes)


def check_with(
    path: PlanInput,
    table: TableName | Sequence[TableName] | None,
    options: CheckOptions,
    *,
    plan: str | None = None,
    prescription: GivenPrescription | None = None,
    against: str | PathLike[str] | None = None,
    notes: NotesInput | Sequence[NotesInput] = (),
) -> Report:
    """Check one plan, its choices given as one value; the rest as for `check`."""
    require_type(options, CheckOptions, "the options", "give CheckOptions.read(...)")
    loaded_notes = load_notes(notes)
    named_tables = options.named_tables(table, purpose="to check against")
    source, stored = plan_or_dvhs(path, options.dvhs, plan=plan, prescription=prescription)
    chosen = options.choose_tables(named_tables, source.prescription)
    matches = match_plan(source, organs_of(chosen.tables), options.names)
    dvhs = dvhs_for_matches(source, matches, options)
    report = with_choice(evaluate_with(chosen.tables, dvhs, options, matches), chosen, options.profile)
    report = with_notes(report, loaded_notes)
    if against is not None:
        from sbrtcheck.text_export import load_export_of

        return with_export(report, load_export_of(against, dvhs))
    return with_stored(report, stored)


@old_keywords(between="slice_interpolation", dose="dose_interpolation")
def compare(  # noqa: PLR0913 - one argument an option
    first: PlanInput | Sequence[PlanInput],
    second: PlanInput | None = None,
    table: TableName | Sequence[TableName] | None = None,
    *,
    site: str | Sequence[str] | None = None,
    profile: str | Profile | None = None,
    plans: Sequence[str | None] = (),
    prescriptions: Sequence[GivenPrescription | None] = (),
    names: Names | None = None,
    dictionary: DictionaryInput | None = None,
    end_caps: str = "half-slice",
    slice_interpolation: str = "slab",
    dose_interpolation: str = "trilinear",
    sites: str | PathLike[str] | Sites | None = None,
    accept_dose: bool = False,
    allow_lint_errors: bool = False,
    include_unconfirmed: bool = False,
    laterality: str | None = None,
    sex: str | None = None,
    near_percent: float = NEAR_PERCENT,
    notes: NotesInput | Sequence[NotesInput] = (),
    progress: Progress = no_progress,
) -> PlanComparison | PlansCompared:
    """Compare two or more plans of one patient: row by row which is better, and how their DVHs differ.

    Parameters
    ----------
    first, second
        The plans, each as ``path`` in `check`; may be one folder when ``plans`` tells them apart. Or all of them as one
        list, and no second.
    table
        As in `check`.
    site
        As in `check`; without a table, every bundled table that holds for the fraction number of one of the plans.
    profile
        As in `check`; one of the plans must have its number of fractions.
    plans
        UIDs of the plans, in order; None or nothing where there is one.
    prescriptions
        Of the plans, in order; None or nothing for what the files say.
    names
        TG-263 name -> structure name, of all plans, or a file with that.
    dictionary, end_caps, slice_interpolation, dose_interpolation, sites
        As in `check`.
    accept_dose, allow_lint_errors, include_unconfirmed, laterality, sex, near_percent, progress
        As in `check`.
    notes
        Files of notes and sign-offs on any of the plans.

    Returns
    -------
    PlanComparison
        Both reports, each row in both, each structure in both; of more than two plans `PlansCompared`.

    Raises
    ------
    SbrtcheckError
        An input, a table or an option cannot be used; nothing was compared.
    """
    options = CheckOptions.read(
        site=site,
        profile=profile,
        names=names,
        dictionary=read_dictionary(dictionary, table),
        end_caps=end_caps,
        slice_interpolation=slice_interpolation,
        dose_interpolation=dose_interpolation,
        sites=sites,
        accept_dose=accept_dose,
        allow_lint_errors=allow_lint_errors,
        include_unconfirmed=include_unconfirmed,
        laterality=laterality,
        sex=sex,
        near_percent=near_percent,
        progress=progress,
    )
    loaded_notes = load_notes_by_plan(notes)
    named_tables = options.named_tables(table, purpose="to compare by")
    paths = plans_to_compare(first, second)
    count = "two plans" if len(paths) == 2 else f"{len(paths)} plans"
    rxs = [read_prescription(rx) for rx in one_each(prescriptions, len(paths), "prescriptions", count)]
    files = zip(paths, one_each(plans, len(paths), "plans", count), rxs, strict=True)
    loaded = [load_plan(path, plan=uid, prescription=rx) for path, uid, rx in files]
    chosen = options.choose_tables(named_tables, *(plan.prescription for plan in loaded))
    matched = [(plan, match_plan(plan, organs_of(chosen.tables), options.names)) for plan in loaded]
    reports = [
        evaluate_with(chosen.tables, dvhs_for_matches(plan, matches, options), options, matches)
        for plan, matches in matched
    ]
    chosen_reports = [with_choice(report, chosen, options.profile) for report in reports]
    chosen_reports = with_notes_on_each(chosen_reports, loaded_notes)
    compared = compare_plans(*chosen_reports) if len(paths) == 2 else compare_several(chosen_reports)
    return with_patients_compared(compared, paths)


@old_keywords(between="slice_interpolation", dose="dose_interpolation")
def dvhs(  # noqa: PLR0913 - one argument an option
    path: PlanInput,
    *,
    structures: Collection[str] | None = None,
    plan: str | None = None,
    prescription: GivenPrescription | None = None,
    dvhs: str = "computed",
    end_caps: str = "half-slice",
    slice_interpolation: str = "slab",
    dose_interpolation: str = "trilinear",
    progress: Progress = no_progress,
) -> DVHSet:
    """Compute or read the DVHs of one plan; options as in `check`.

    Raises
    ------
    SbrtcheckError
        The input or an option cannot be used, or the plan has no structure of a name asked for.
    """
    options = CheckOptions.read(
        dvhs=dvhs,
        end_caps=end_caps,
        slice_interpolation=slice_interpolation,
        dose_interpolation=dose_interpolation,
        progress=progress,
    )
    structures = None if structures is None else texts_of(structures, "a structure's name")
    if options.dvhs is Origin.COMPUTED:
        loaded = load_plan(path, plan=plan, prescription=prescription)
        return with_dose_doubts(dvhs_of_structures(loaded, structures, options))
    dvh_set = with_dose_doubts(dvhs_of_system(path, options.dvhs, plan=plan, prescription=prescription))
    return dvhs_of_structures(dvh_set, structures, options)


def names(
    path: PlanInput,
    table: TableName | Sequence[TableName],
    *,
    plan: str | None = None,
    names: Names | None = None,
    dictionary: DictionaryInput | None = None,
) -> PlanNames:
    """Which structures of one plan `check` would match to the organs of the tables; options as there.

    Raises
    ------
    SbrtcheckError
        The input, a table, the names or the dictionary cannot be used.
    """
    tables = load_tables(table)
    given = UserNames(load_names(names), load_dictionary(dictionary, tables))
    return names_of_plan(tables, load_plan(path, plan=plan), given)


def learn_names(
    path: PlanInput,
    names: Names,
    dictionary: str | PathLike[str],
    table: TableName | Sequence[TableName] = (),
    *,
    plan: str | None = None,
) -> Learned:
    """Extend the file of a clinic's dictionary by the names that were confirmed for one plan.

    Parameters
    ----------
    path, plan
        As for `check`.
    names
        TG-263 name -> structure name of this plan, or a file with that.
    dictionary
        The file; it is made where there is none.
    table
        A clinic's own tables, whose organs may stand in the dictionary.

    Returns
    -------
    Learned
        What was added, and which names were left out, and why.

    Raises
    ------
    SbrtcheckError
        The input, the names or the dictionary cannot be used, or they contradict each other; nothing was written.
    """
    tables = load_tables(table)
    given = load_names(names)
    check_names(given, tables, file=fspath(names) if isinstance(names, str | PathLike) else None)
    from sbrtcheck.tables.learn import learn_names as learn

    file = path_of(dictionary, "the file of a dictionary")
    return learn(given, roi_names_of(load_plan(path, plan=plan)), file, tables)


def risks(  # noqa: PLR0913 - one argument an option
    path: PlanInput,
    *,
    site: str | Sequence[str] = "",
    tumour: str = "",
    plan: str | None = None,
    prescription: GivenPrescription | None = None,
    names: Names | None = None,
    dictionary: DictionaryInput | None = None,
    diameter_cm: float | None = None,
    progress: Progress = no_progress,
) -> tuple[Risk | NoRisk, ...]:
    """Apply the shipped complication and control models that are asked for to one plan; options as in `check`.

    Parameters
    ----------
    site
        Of the plan, one or several: models of the organs there are applied.
    tumour
        The tumour treated, such as ``"nsclc"``: its models are applied too. Without it no model of a tumour is, and
        without a site either only models that are true of any plan are.
    diameter_cm
        Of the tumour, for the control models that ask for it.
    progress
        As for `check`.

    Raises
    ------
    SbrtcheckError
        The input or an option cannot be used.
    """
    refuse_diameter(diameter_cm)
    require_type(tumour, str, "a tumour", "give its id, such as 'nsclc'")
    sites = tuple(filter(None, texts_of(site, "a site")))
    options = CheckOptions.read(site=sites, names=names, dictionary=dictionary, progress=progress)
    options.refuse_unknown(())
    models = load_risk_models().chosen(options.site, tumour)
    loaded = load_plan(path, plan=plan, prescription=prescription)
    matches = match_plan(loaded, models.organs, options.names)
    organ_dvhs = with_dose_doubts(dvhs_for_organs(loaded, matches, options), options.names)
    return risks_on(organ_dvhs, matches, models, diameter_cm=diameter_cm)


# -------------------------------------------------------------------------------- names of version 0.1

dvhs_of = old_function(f"{__name__}.dvhs_of", dvhs)
names_of = old_function(f"{__name__}.names_of", names)
risks_of = old_function(f"{__name__}.risks_of", risks)
sum_of = old_function(f"{__name__}.sum_of", accumulate)

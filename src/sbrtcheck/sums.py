"""Several courses of one patient -> their sum in EQD2, and what rules and tables come to in it.

What sums alone need is imported where it is used, for this module is loaded for every check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from sbrtcheck.arguments import require_number, require_type, texts_of
from sbrtcheck.dicom import DicomInputs, PlanInput, load_plan, load_registration
from sbrtcheck.dicom.inputs import listed, plan_inputs
from sbrtcheck.errors import InputError
from sbrtcheck.given_plans import one_each
from sbrtcheck.judge import SumReport
from sbrtcheck.options import CheckOptions, Names
from sbrtcheck.plan import Finding, FindingCode, Plan
from sbrtcheck.plan.prescription_text import GivenPrescription
from sbrtcheck.progress import Progress, no_progress
from sbrtcheck.tables import load_dictionary
from sbrtcheck.tables.dictionary import DictionaryInput
from sbrtcheck.tables.fitness import refuse_unfit


def accumulate(  # noqa: PLR0913 - one argument an option
    paths: PlanInput | Iterable[PlanInput],
    alpha_betas_gy: Mapping[str, float] | None = None,
    table: str | Sequence[str] = (),
    *,
    recovery: float = 0.0,
    interval_months: float | None = None,
    frames_agree: bool = False,
    registrations: DicomInputs = (),
    prescriptions: Sequence[GivenPrescription | None] = (),
    names: Names | None = None,
    dictionary: DictionaryInput | None = None,
    accept_dose: bool = False,
    allow_lint_errors: bool = False,
    progress: Progress = no_progress,
) -> SumReport:
    """Sum several courses of one patient in EQD2, and compare the sum with rules and tables.

    Parameters
    ----------
    paths
        Folders of the plans: the course looked at first, then the earlier ones; or of one course by itself. In place
        of a folder, a `Plan` or a list of files as in `check`: one item is one course.
    alpha_betas_gy
        α/β in Gy by organ (TG-263 name, or name of a structure of the first plan). Organs of the tables' rows in EQD2
        are added with their rows' α/β.
    table
        Ids of bundled tables, rules or statements for re-irradiation, or YAML files. Only rows in EQD2 can be
        evaluated, and statements are shown.
    recovery
        Share of the earlier courses' EQD2 that the tissue has got over, from 0 to less than 1.
    interval_months
        Since the last course, for rules that ask for it.
    frames_agree
        States that the plans lie in one frame of reference although their files say otherwise, or nothing.
    registrations
        Spatial Registration files; or Datasets, or files open for reading bytes.
    prescriptions
        By plan, in order; None or nothing for what the files say.
    names
        TG-263 name -> structure name of the first plan, or a file with that.
    dictionary
        TG-263 name -> the clinic's spellings of it, or a file with that, for every plan.
    accept_dose
        Accept the doses as they are, though one cannot be that of its course's prescription.
    allow_lint_errors
        As in `check`.
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
    from sbrtcheck.judge.courses import Courses, judge_courses, load_judged_by

    judged_by = load_judged_by(texts_of(table, "a table"))
    _require_numbers(alpha_betas_gy, recovery, interval_months)
    require_type(frames_agree, bool, "frames_agree", "give True or False")  # a text such as "no" would be true
    options = CheckOptions.read(
        names=names,
        dictionary=load_dictionary(dictionary, judged_by.tables),
        accept_dose=accept_dose,
        allow_lint_errors=allow_lint_errors,
        progress=progress,
    )
    options.refuse_unknown(judged_by.tables)
    refuse_unfit(judged_by.tables, allowed=options.allow_lint_errors)
    courses = Courses(
        plans=_different_plans(plan_inputs(paths), prescriptions),
        recovery=recovery,
        frames_agree=frames_agree,
        registrations=tuple(map(load_registration, listed(registrations))),
        options=options,
    )
    return judge_courses(courses, alpha_betas_gy or {}, judged_by, interval_months=interval_months)


def _require_numbers(
    alpha_betas_gy: Mapping[str, float] | None, recovery: float, interval_months: float | None
) -> None:
    """Raise `InputError` where one of them is no number, or an organ is no text."""
    hint = "give {'SpinalCord': 2.0}, in Gy by organ"
    require_type(alpha_betas_gy, (Mapping, type(None)), "alpha_betas_gy", hint)
    ratios_gy = alpha_betas_gy or {}
    for organ in ratios_gy:
        require_type(organ, str, "an organ in alpha_betas_gy", hint)
    for number in (recovery, *ratios_gy.values(), *([] if interval_months is None else [interval_months])):
        require_number(number, "what is given of courses and organs")


def _different_plans(paths: Sequence[PlanInput], prescriptions: Sequence[GivenPrescription | None]) -> tuple[Plan, ...]:
    """The plans of several courses; `InputError` where there is none, or two have one dose."""
    if not paths:
        raise InputError("there is no plan to sum", hint="name the folders of the plans")
    rxs = one_each(prescriptions, len(paths), "prescriptions", f"{len(paths)} plans")
    pairs = zip(paths, rxs, strict=True)
    plans = tuple(load_plan(path, prescription=rx) for path, rx in pairs)
    doses = [uid for plan in plans for uid in plan.uids.doses if uid]
    # a Plan of arrays, and a file without a UID, are known by their dose alone
    if len(set(doses)) < len(doses) or any(one.dose == other.dose for one, other in combinations(plans, 2)):
        raise InputError("two of the plans have the same dose", hint="give every course once")
    return (plans[0], *(_asked_for_patient(*one, plans[0], paths[0]) for one in zip(plans[1:], paths[1:], strict=True)))


def _asked_for_patient(plan: Plan, path: PlanInput, first: Plan, first_path: PlanInput) -> Plan:
    """An earlier course, with a finding where its files and those of the first say that they are of two patients."""
    if isinstance(path, Plan) or isinstance(first_path, Plan):  # which does not know whose it is
        return plan
    from sbrtcheck.dicom.patients import name_different_patients

    given = ((first_path, _uids(first)), (path, _uids(plan)))
    if not name_different_patients(given):
        return plan
    text = "its files and those of the first course contradict each other on whose they are: are they of one patient?"
    return replace(plan, findings=(*plan.findings, Finding(code=FindingCode.PATIENTS_DIFFER, text=text)))


def _uids(plan: Plan) -> dict[str, str | tuple[str, ...]]:
    return {"plan": plan.uids.plan, "structure_set": plan.uids.structure_set, "doses": plan.uids.doses}

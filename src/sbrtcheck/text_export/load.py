"""A text export of DVHs -> a DVHSet of one plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from os import PathLike

from sbrtcheck.arguments import path_of, require_text_or_none
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Origin, Reason
from sbrtcheck.dvh.binned_dvh import refuse_all_hundred
from sbrtcheck.errors import AmbiguousPlanError, NoPlanError
from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.plan.given_prescription import ROUNDING_GY, differences_from_stated
from sbrtcheck.plan.prescription_text import GivenPrescription, read_prescription, why_no_course
from sbrtcheck.text_export.dialects import dialect_of
from sbrtcheck.text_export.export import Export, ExportedPlan, ExportedStructure, Table
from sbrtcheck.text_export.lines import DISPLAY_NAME, fault, lines_of
from sbrtcheck.text_export.structures import WHOSE, dvh_of

_NAMELESS = "unnamed"


def load_dvh_export(
    path: str | PathLike[str], *, plan: str | None = None, prescription: GivenPrescription | None = None
) -> DVHSet:
    """Read the DVHs of one plan from a planning system's text export.

    Parameters
    ----------
    path
        A text file as Eclipse, RayStation, Monaco, Oncentra, PRIMO, CadPlan or ProSoma export it, or a CSV file
        (TomoTherapy, OnkoDICOM, ProKnow, SlicerRT, or a row a point). Which of them it is, is told by what is in it.
    plan
        Name of the plan (or dose, or plan sum) wanted, where the file has several.
    prescription
        Wins over what the file states; needed for most, for they state no number of fractions. ``"50Gy/5"``,
        ``"5x10Gy"`` and ``(50, 5)`` are 50 Gy in 5 fractions.

    Returns
    -------
    DVHSet
        Doses in Gy, volumes in cc where the file has what is needed for that, else in percent; bounds hold for the
        width of the bins, for the last printed digit, and for every reading of a bin's edge that the file leaves open.
        Structures whose DVH cannot be used are in ``without``, each with the reason. Nothing of the patient is kept.

    Raises
    ------
    InputError
        The file cannot be read, is in no format that is known, or has no structures; or the prescription cannot be one.
    AmbiguousPlanError
        It has several plans and ``plan`` does not say which.
    NoPlanError
        It has no plan of that name.
    """
    require_text_or_none(plan, "the name of a plan")
    given = read_prescription(prescription)
    lines = lines_of(path_of(path, "a DVH export"))
    export = dialect_of(lines).read(lines)
    if not export.structures:
        raise fault("the export has no structures", hint="export it with the DVHs of the structures")
    key = _key_of_plan(export, plan)
    of_plan = export.plans.get(key, ExportedPlan(label=key))
    rx, findings = _prescription(of_plan, given)
    read = _read(export, key, of_plan, rx)
    dvhs = tuple(dvh for dvh in read if isinstance(dvh, DVH))
    _refuse_hundredths(dvhs, rx)
    return DVHSet(
        dvhs=dvhs,
        without=tuple(dvh for dvh in read if isinstance(dvh, NoDVH)),
        prescription=rx,
        origin=Origin.IMPORTED,
        provenance={
            "system": export.system,
            "file_kind": export.kind,
            "file_sha256": lines.sha256,
            "plan_label": of_plan.label,
        },
        findings=(*findings, *_sum_findings(of_plan), *_file_findings(export)),
    )


def _read(export: Export, key: str, plan: ExportedPlan, rx: Prescription | UnknownPrescription) -> list[DVH | NoDVH]:
    """DVHs in the order of the file; numbers from 1, for names may repeat."""
    of_plan = [
        replace(exported, name=exported.name or _NAMELESS) for exported in export.structures if exported.plan == key
    ]
    _refuse_several_dose_units(of_plan)
    times = Counter(exported.name for exported in of_plan)
    dvhs: list[DVH | NoDVH] = []
    for number, exported in enumerate(of_plan, start=1):
        if times[exported.name] == 1:
            dvhs.append(dvh_of(exported, number, plan, rx, exact=export.says_at_least))
        elif all(other.name != exported.name for other in dvhs):
            detail = f"the export has {times[exported.name]} DVHs of this name"
            dvhs.append(NoDVH(name=exported.name, number=number, reason=Reason.STRUCTURE_AMBIGUOUS, detail=detail))
    return refuse_all_hundred(dvhs, WHOSE)


def _refuse_several_dose_units(structures: Sequence[ExportedStructure]) -> None:
    """No system changes its unit within a file: one that differs is a slip, and which of them cannot be told."""
    units = {
        str(exported.table.dose_unit)
        for exported in structures
        if isinstance(exported.table, Table) and exported.table.known_dose
    }
    if len(units) > 1:
        raise fault(
            f"its tables are in several units of dose: {', '.join(sorted(units))}", hint="export it in one unit"
        )


# Which plan


def _key_of_plan(export: Export, wanted: str | None) -> str:
    """Key of the plan: of those that have structures, the only one or the one wanted."""
    keys = list(dict.fromkeys(exported.plan for exported in export.structures))
    if wanted is not None:
        keys = [key for key in keys if wanted in (key, _label(export, key))]
        if not keys:
            raise NoPlanError(f"it has no plan {wanted!r}", DISPLAY_NAME, f"it has: {_plans_text(export)}")
    if len(keys) > 1:
        what = f"it has {len(keys)} plans: {_plans_text(export)}"
        raise AmbiguousPlanError(what, DISPLAY_NAME, "choose one by its name (plan=NAME, --plan NAME)")
    return keys[0]


def _label(export: Export, key: str) -> str:
    return export.plans[key].label if key in export.plans else key


def _plans_text(export: Export) -> str:
    return ", ".join(dict.fromkeys(exported.plan or "(no name)" for exported in export.structures))


# Its prescription


def _prescription(
    plan: ExportedPlan, given: Prescription | None
) -> tuple[Prescription | UnknownPrescription, tuple[Finding, ...]]:
    stated = _stated_prescription(plan)
    if given is None:
        return stated, ()
    stated_gy = plan.prescribed_gy
    if stated_gy is not None and plan.fractions is None and abs(stated_gy - given.dose_gy) >= ROUNDING_GY:
        stated = UnknownPrescription(reason=f"the export states {stated_gy:g} Gy, another dose")
    # by the user, or by the RTPLAN of a plan that is compared with the export
    return given, differences_from_stated(given, stated, "the export", by="is not from the export")


def _stated_prescription(plan: ExportedPlan) -> Prescription | UnknownPrescription:
    if plan.prescribed_gy is not None and (why := why_no_course(plan.prescribed_gy, plan.fractions or 1)):
        return UnknownPrescription(reason=f"the prescription of the export cannot be right: {why}")
    if plan.prescribed_gy is not None and plan.fractions is not None:
        return Prescription(dose_gy=plan.prescribed_gy, fractions=plan.fractions, source="DVH export")
    if plan.is_sum:
        return UnknownPrescription(reason="the export is of a plan sum, which has no prescription")
    if plan.prescribed_gy is None:
        return UnknownPrescription(reason="the export states no prescribed dose", fractions=plan.fractions)
    reason = f"the export states {plan.prescribed_gy:g} Gy and no number of fractions"
    return UnknownPrescription(reason=reason)


# What a reader should know


def _sum_findings(plan: ExportedPlan) -> Iterator[Finding]:
    """That doses are of several plans: limits are for the fractions of one."""
    if plan.is_sum:
        text = f"the {WHOSE} DVHs are of a plan sum: their doses are of several plans, and the prescription is of one"
        yield Finding(code=FindingCode.DOSE_OF_SEVERAL_PLANS, text=text)


def _file_findings(export: Export) -> tuple[Finding, ...]:
    return tuple(Finding(code=code, text=f"{WHOSE} DVHs: {text}") for code, text in export.notes)


def _refuse_hundredths(dvhs: tuple[DVH, ...], rx: Prescription | UnknownPrescription) -> None:
    """Gy that are labelled cGy would keep every limit of every organ."""
    if isinstance(rx, UnknownPrescription) or not dvhs:
        return
    maximum = max(dvh.max_gy.value for dvh in dvhs)
    if rx.is_hundredfold_of(maximum):
        what = f"its largest dose is {maximum:.4g} Gy, about a hundredth of the prescription, {rx.dose_gy:g} Gy"
        raise fault(f"{what}: are its numbers Gy, labelled cGy?", hint="export it with the target, in the right unit")

"""What a call is given as plans -> the plans, or the DVHs that a planning system stored or exported of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TypeVar

from sbrtcheck.arguments import require_type
from sbrtcheck.dicom import PlanInput, load_dvhs, load_plan_and_dvhs
from sbrtcheck.dicom.inputs import plan_inputs
from sbrtcheck.dvh import DVHSet, Origin
from sbrtcheck.errors import InputError
from sbrtcheck.plan import Plan
from sbrtcheck.plan.prescription_text import GivenPrescription
from sbrtcheck.results import NoComparison
from sbrtcheck.results.plan_comparison import PlanComparison, PlansCompared
from sbrtcheck.tables import load_dictionary
from sbrtcheck.tables.choice import TableName, load_tables
from sbrtcheck.tables.dictionary import DictionaryInput

_T = TypeVar("_T")

OTHER_PATIENT = "the files of the plans contradict each other on whose they are: are they of one patient?"


def read_dictionary(
    dictionary: DictionaryInput | None, table: TableName | Sequence[TableName] | None
) -> DictionaryInput | None:
    """The dictionary, read with the organs of the tables in mind; these are loaded for that alone."""
    return None if dictionary is None else load_dictionary(dictionary, load_tables(table))


def plan_or_dvhs(
    path: PlanInput, origin: Origin, *, plan: str | None, prescription: GivenPrescription | None
) -> tuple[Plan | DVHSet, DVHSet | NoComparison]:
    """What is checked, and the DVHs that the planning system stored beside it; or why there are none."""
    if origin is not Origin.COMPUTED:
        why = NoComparison(reason=f"the {origin} DVHs were judged, and none were computed")
        return dvhs_of_system(path, origin, plan=plan, prescription=prescription), why
    loaded, stored = load_plan_and_dvhs(path, plan=plan, prescription=prescription)
    return loaded, stored if isinstance(stored, DVHSet) else NoComparison(reason=stored.reason)


def dvhs_of_system(
    path: PlanInput, origin: Origin, *, plan: str | None, prescription: GivenPrescription | None
) -> DVHSet:
    """The DVHs that a planning system stored or exported."""
    if isinstance(path, Plan):
        raise InputError(f"a Plan has no {origin} DVHs", hint="give the files that have them, or leave dvhs='computed'")
    if origin is Origin.STORED:
        return load_dvhs(path, plan=plan, prescription=prescription)
    if not isinstance(path, str | PathLike):
        what = f"a DVH export is one text file, and the input is of type {type(path).__name__}"
        raise InputError(what, hint="give the path of the one file that the system exported")
    # some 20 ms that a check of DICOM files does without
    from sbrtcheck.text_export import load_dvh_export

    return load_dvh_export(path, plan=plan, prescription=prescription)


def plans_to_compare(first: PlanInput | Sequence[PlanInput], second: PlanInput | None) -> list[PlanInput]:
    """Two plans, or a list of at least two."""
    if second is not None:
        return [first, second]  # type: ignore[list-item]  # with a second, the first is one plan
    plans = plan_inputs(first)
    if len(plans) < 2:
        raise InputError("there are no two plans to compare", hint="name the folders of two or more plans")
    return plans


def with_patients_compared(
    compared: PlanComparison | PlansCompared, paths: Sequence[PlanInput]
) -> PlanComparison | PlansCompared:
    """With a remark where the files of two plans say that they are of different patients; a `Plan` does not know it."""
    if isinstance(compared, PlanComparison):
        return _with_patients_compared(compared, paths[0], paths[1])
    pairs = zip(compared.to_first, paths[1:], strict=True)
    return replace(compared, to_first=tuple(_with_patients_compared(pair, paths[0], path) for pair, path in pairs))


def _with_patients_compared(pair: PlanComparison, path: PlanInput, other: PlanInput) -> PlanComparison:
    if isinstance(path, Plan) or isinstance(other, Plan):
        return pair
    from sbrtcheck.dicom.patients import name_different_patients  # with pydicom, which a check does without

    given = ((path, pair.first.provenance), (other, pair.second.provenance))
    return replace(pair, remarks=(OTHER_PATIENT, *pair.remarks)) if name_different_patients(given) else pair


def one_each(values: Sequence[_T], number: int, noun: str, plans: str) -> list[_T | None]:
    """One a plan, in order; None for those that nothing was given for."""
    require_type(values, Sequence, noun, "give a list, one a plan")
    if len(values) > number:
        raise InputError(f"{len(values)} {noun} for {plans}", hint="give one a plan, in order")
    return [*values, *[None] * (number - len(values))]

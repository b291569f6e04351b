"""A parameter set and a DVH, or a course, in; a risk with its endpoint out, or why there is none. Never a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sbrtcheck.arguments import require_number
from sbrtcheck.dvh import DVH, OF_DOSE, Bounds, DVHSet, Reason, isoeffect
from sbrtcheck.errors import InputError
from sbrtcheck.judge.naming import match_plan
from sbrtcheck.judge.row import conversion_findings, lies_outside
from sbrtcheck.judge.structures import PlanStructures, first_in_plan, plan_structures
from sbrtcheck.metric import NotMeasured, question_for_power_mean
from sbrtcheck.plan import Finding, Prescription
from sbrtcheck.radiobiology import Quantity, bed, findings_for, logistic_tcp, lyman_ntcp
from sbrtcheck.reference_data.risk_models import (
    Bed50,
    Bed50PerCm,
    ChosenModels,
    FractionScale,
    NtcpModel,
    TcpModel,
    load_risk_models,
)
from sbrtcheck.results.risk import NoRisk, Risk
from sbrtcheck.structure_names import StructureMatches

REFERENCE_GY = 2.0  # of EQD2, which every other fraction size is reached by


def ntcp(model: NtcpModel | str, dvh: DVH) -> Risk | NoRisk:
    """Probability of a complication by Lyman, Kutcher and Burman.

    Parameters
    ----------
    model
        A parameter set, or the id of a shipped one.
    dvh
        Of the model's organ, in physical dose; it is converted to the model's dose scale with the fraction number of
        its prescription.

    Returns
    -------
    Risk | NoRisk
        The probability at the gEUD with ``a = 1/n``; or why the dose cannot be put on the model's scale: the fraction
        number is unknown, or not one the model holds for, or the DVH is not of physical dose.

    Raises
    ------
    UnknownTableError
        No shipped model has that id.
    """
    chosen = load_risk_models().ntcp_model(model) if isinstance(model, str) else model
    no_risk = _not_applicable(chosen, dvh)
    if no_risk:
        return no_risk
    dose, findings = _on_scale(chosen, dvh)
    low, value, high = (lyman_ntcp(gy, td50_gy=chosen.td50_gy, m=chosen.m) for gy in (dose.low, dose.value, dose.high))
    return Risk(
        model=chosen,
        probability=Bounds(value=value, low=low, high=high),
        dose=dose,
        scale=str(chosen.scale),
        contour=dvh.name,
        findings=findings,
    )


def _not_applicable(model: NtcpModel, dvh: DVH) -> NoRisk | None:
    if dvh.volume <= 0:
        return NoRisk(model=model, reason=Reason.STRUCTURE_EMPTY)
    if lies_outside(dvh):
        return NoRisk(model=model, reason=Reason.DOSE_GRID_MISSING, detail="it lies outside the dose grid")
    if dvh.quantity is not Quantity.PHYSICAL:
        detail = f"its doses are {dvh.quantity}; the model converts physical dose by its own scale: {model.scale}"
        return NoRisk(model=model, reason=Reason.UNIT_UNKNOWN, detail=detail)
    number = dvh.prescription.fractions
    if number is None:
        detail = f"the model is for {model.scale}, which needs the number of fractions"
        return NoRisk(model=model, reason=Reason.PRESCRIPTION_UNKNOWN, detail=detail)
    if not isinstance(model.scale, FractionScale) and number not in model.scale.fractions:
        detail = f"the model is for {model.scale}, the plan has {number}: no conversion is known"
        return NoRisk(model=model, reason=Reason.FRACTIONS_DO_NOT_MATCH, detail=detail)
    return None


def _on_scale(model: NtcpModel, dvh: DVH) -> tuple[Bounds, tuple[Finding, ...]]:
    """GEUD on the model's dose scale: fractions of another size differ from 2 Gy ones by a factor, which gEUD keeps."""
    if not isinstance(model.scale, FractionScale):
        return _geud(dvh, model.n), ()
    ratio = model.scale.alpha_beta_gy
    converted = dvh.to_eqd2(alpha_beta_gy=ratio)
    factor = (REFERENCE_GY + ratio) / (model.scale.fraction_gy + ratio)
    geud = _geud(converted, model.n)
    on_scale = Bounds(value=geud.value * factor, low=geud.low * factor, high=geud.high * factor)
    return on_scale, conversion_findings(dvh, converted)


def _geud(dvh: DVH, n: float) -> Bounds:
    return dvh.mean_gy if n == 1.0 else dvh.geud(1.0 / n)


def tcp(model: TcpModel | str, *, dose_gy: float, fractions: int, diameter_cm: float | None = None) -> Risk | NoRisk:
    """Probability of tumour control by a logistic curve over BED.

    Parameters
    ----------
    model
        A parameter set, or the id of a shipped one.
    dose_gy, fractions
        The course.
    diameter_cm
        Of the tumour, above 0, for models that ask for it.

    Returns
    -------
    Risk | NoRisk
        The probability; or why the course is outside the model's range, or that the diameter is missing.

    Raises
    ------
    UnknownTableError
        No shipped model has that id.
    ValueError
        A course or a diameter that is none.
    """
    chosen = load_risk_models().tcp_model(model) if isinstance(model, str) else model
    bed_gy = bed(dose_gy, fractions=fractions, alpha_beta_gy=chosen.alpha_beta_gy)
    if outside := _outside(chosen, dose_gy / fractions, fractions):
        return NoRisk(model=chosen, reason=Reason.FRACTIONS_DO_NOT_MATCH, detail=outside)
    if isinstance(chosen.middle, Bed50PerCm) and diameter_cm is None:
        return NoRisk(model=chosen, reason=Reason.NOT_GIVEN, detail="the model needs the tumour's diameter in cm")
    if diameter_cm is not None and not diameter_cm > 0:
        raise ValueError(f"diameter_cm: {diameter_cm:g} is not a diameter in cm, above 0")
    bed50_gy = _bed50_gy(chosen.middle, diameter_cm or 0.0)
    probability = logistic_tcp(bed_gy, bed50_gy=bed50_gy, scale_gy=chosen.scale_gy)
    return Risk(
        model=chosen,
        probability=Bounds(value=probability, low=probability, high=probability),
        dose=Bounds(value=bed_gy, low=bed_gy, high=bed_gy),
        scale=f"BED, a/b {chosen.alpha_beta_gy:g} Gy",
        findings=findings_for(dose_gy, fractions=fractions),
    )


def _bed50_gy(middle: Bed50 | Bed50PerCm, diameter_cm: float) -> float:
    return middle.bed50_gy if isinstance(middle, Bed50) else middle.bed50_per_cm_gy * diameter_cm


def _outside(model: TcpModel, dose_per_fraction_gy: float, fractions: int) -> str:
    if fractions < model.least_fractions:
        return f"the model is for {model.least_fractions} fractions or more, the course has {fractions}"
    if dose_per_fraction_gy < model.least_dose_per_fraction_gy * (1 - 1e-9):
        minimum_gy = model.least_dose_per_fraction_gy
        return f"the model is for {minimum_gy:g} Gy a fraction or more, the course has {dose_per_fraction_gy:.4g} Gy"
    return ""


def refuse_diameter(diameter_cm: float | None) -> None:
    """Raise `InputError` for a tumour's diameter that is none."""
    if diameter_cm is None:
        return
    require_number(diameter_cm, "a tumour's diameter")
    if not diameter_cm > 0:
        raise InputError(f"a tumour's diameter cannot be {diameter_cm:g} cm", hint="give it in cm, above 0")


def risks(
    dvhs: DVHSet,
    *,
    site: str | Sequence[str] = "",
    tumour: str = "",
    names: Mapping[str, str] | None = None,
    diameter_cm: float | None = None,
) -> tuple[Risk | NoRisk, ...]:
    """Apply the shipped models that are asked for to a plan: complications on its organs, control on its prescription.

    Parameters
    ----------
    dvhs
        Of one plan.
    site
        Treatment site of the plan, or several: models of the organs there are applied.
    tumour
        Id of the tumour treated: its models are applied too, and those of no other. Where no site is given, its own is
        that of the plan.
    names
        TG-263 name -> structure name of this plan; wins over every other matching rule.
    diameter_cm
        Of the tumour, for control models that ask for it.

    Returns
    -------
    tuple of Risk and NoRisk
        One for each model applied, in the order of the file. Without site and tumour only models that are true of any
        plan are; ``load_risk_models().chosen(...)`` says which are left out.

    Raises
    ------
    UnknownTableError
        No model is for that tumour.
    InputError
        The tumour is of another site.
    """
    models = load_risk_models().chosen((site,) if isinstance(site, str) and site else tuple(site), tumour)
    return risks_on(dvhs, match_plan(dvhs, models.organs, names), models, diameter_cm=diameter_cm)


def risks_on(
    dvhs: DVHSet, matches: StructureMatches, models: ChosenModels, *, diameter_cm: float | None
) -> tuple[Risk | NoRisk, ...]:
    """The same where it is known which models are asked for, and which structures are the organs of them."""
    structures = plan_structures(dvhs, matches)
    complications = tuple(_of_structures(model, structures) for model in models.ntcp)
    return tuple(
        # of the plan as a whole: a dose or files in doubt leave every probability in doubt
        replace(risk, findings=(*dvhs.findings, *risk.findings)) if isinstance(risk, Risk) else risk
        for risk in (*complications, *(_of_course(model, dvhs, diameter_cm) for model in models.tcp))
    )


def _of_structures(model: NtcpModel, structures: PlanStructures) -> Risk | NoRisk:
    matched = first_in_plan(model.structures, structures)
    if isinstance(matched.dvh, NotMeasured):
        return NoRisk(model=model, reason=matched.dvh.reason, detail=matched.dvh.detail)
    risk = ntcp(model, _with_close_dose(model, matched.dvh, structures.dvhs))
    # what leaves open whose dose it is: gaps, contours in two readings, parts outside the dose grid
    findings = (*matched.findings, *matched.dvh.findings)
    return replace(risk, findings=(*findings, *risk.findings)) if isinstance(risk, Risk) else risk


def _with_close_dose(model: NtcpModel, dvh: DVH, dvhs: DVHSet) -> DVH:
    """The DVH of a set with close bounds of the dose that a model asks for."""
    if _not_applicable(model, dvh):
        return dvh
    dose, effect = _on_scale(model, dvh)[0], OF_DOSE
    if isinstance(model.scale, FractionScale) and dvh.prescription.fractions is not None:
        ratio = model.scale.alpha_beta_gy
        effect = isoeffect(Quantity.EQD2, fractions=dvh.prescription.fractions, alpha_beta_gy=ratio)
    elif model.n == 1.0:
        return dvh  # a mean of physical dose, which is close
    question = question_for_power_mean(1.0 / model.n, dose, effect)
    return next(iter(dvhs.narrowed(dvh, question)), dvh) if question else dvh


def _of_course(model: TcpModel, dvhs: DVHSet, diameter_cm: float | None) -> Risk | NoRisk:
    rx = dvhs.prescription
    if not isinstance(rx, Prescription):
        return NoRisk(model=model, reason=Reason.PRESCRIPTION_UNKNOWN, detail=rx.reason)
    return tcp(model, dose_gy=rx.dose_gy, fractions=rx.fractions, diameter_cm=diameter_cm)

"""DVHs of a plan in; why their dose cannot be that of the prescription out, or nothing.

A dose of one fraction, of one beam, or a placeholder of zeros lies under every upper limit, and would pass. The target
shows it: a plan is made so that at least half of a target receives about the prescription. So the median dose of the
target that receives most is compared with it; in a plan without targets, the largest dose is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh import DVH, DVHSet, compute_dvhs, roi_names
from sbrtcheck.plan import (
    MAX_SHARE_OF_PRESCRIPTION,
    MAXIMUM_PERCENT,
    MIN_SHARE_OF_PRESCRIPTION,
    DoseGrid,
    Finding,
    FindingCode,
    IntArray,
    Prescription,
    UnknownPrescription,
    prescription_words,
)
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data import load_regimens
from sbrtcheck.reference_data.regimens import SAME_DOSE_GY
from sbrtcheck.structure_names import RoiName, all_targets

MOST_ABOVE_REGIMENS = 1.5
"""A schedule may give more a fraction than those of the sources do; beyond so many times as much, it is a course's."""

OTHER_DOSE = frozenset(
    {
        FindingCode.DOSE_TYPE,
        FindingCode.DOSE_CHANGED,
        FindingCode.DOSE_OF_PARTS,
        FindingCode.DOSE_OF_SEVERAL_PLANS,
        FindingCode.OTHER_FRACTIONS,
        FindingCode.BRACHYTHERAPY,
        FindingCode.FRAME_UNKNOWN,
        FindingCode.OTHER_FRAME,
        FindingCode.RELATIVE_DOSE_SCALED,
        FindingCode.NO_HETEROGENEITY_CORRECTION,
        FindingCode.PARTS_DO_NOT_SUM,
    }
)
"""Findings of a plan by which its dose may be another than the physical dose of the whole plan at its place, or may be
given in another number of fractions than limits are for."""

MISSING_PLANE = 1.8
"""Dose planes this much further apart than is usual in the grid: one plane at least is missing between them."""

PLAUSIBLE_SPACING_MM = 0.5, 10.0
"""Between these, in mm: dose is calculated at points 1 to 5 mm apart, and what is a tenth or ten times as much is in
another unit, or so coarse (a cubic centimetre each at 10 mm) that it says nothing of the dose to a small volume."""

LEAST_SHARE_BESIDE_NOTHING = 0.1
"""From plane to plane dose falls to scatter, or the grid ends. Where planes without any dose follow one with more than
this share of the largest, a smaller grid was put into a larger one, and dose that it does not reach counts as 0."""

MAX_NEGATIVE_SHARE = 1e-3
"""Negative doses up to this share of the largest dose are what resampling leaves; larger ones are no rounding."""


MAX_STEP_SHARE = 0.01
"""Doses are stored as whole numbers of a step, ten-thousandths of the largest dose or less in all published plans that
were looked at. Where the step is more than this share of it, rounding alone moves doses by half a percent of the
largest, which the bounds of values, made for the grid's spacing, do not contain."""

CUT_OFF_SHARE = 0.05
"""Dose falls through all values. Where none lies between 0 and this share of the largest, low doses were cut off: in
nearly all published plans that were looked at, the smallest dose that is not 0 is below a thousandth of the largest."""

_MAX_NAMED = 3
_THREE_DIGITS_BELOW = 999.5
_AROUND_THE_PATIENT = frozenset({"EXTERNAL", "SUPPORT", "BOLUS", "FIXATION"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseDoubt:
    """Why the dose cannot be, or is not known to be, that of the prescription.

    ``blocks``: no row may be judged on it. ``code`` is that of the finding it becomes where no verdict is given.
    """

    text: str
    blocks: bool = False
    code: FindingCode = FindingCode.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDoses:
    """What the targets of a plan receive; ``unmeasured`` are targets without a DVH in cc or percent."""

    dvhs: tuple[DVH, ...]
    unmeasured: tuple[str, ...]

    @property
    def partly_outside(self) -> bool:
        """Whether a part of a target lies outside the dose grid, so that the dose there may be that of a target."""
        return bool(self.unmeasured) or any(dvh.uncovered_cc > 0.0 for dvh in self.dvhs)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseCheck:
    """The doubts about the dose of a plan as a whole; ``accepted``: the user accepts it as it is.

    ``notes`` are what a reader should know of the dose, and no doubt.
    """

    targets: TargetDoses
    doubts: tuple[DoseDoubt, ...]
    notes: tuple[Finding, ...] = ()
    accepted: bool = False

    @property
    def blocking(self) -> DoseDoubt | None:
        """Why no row may be judged on the dose; None when rows may."""
        return next((doubt for doubt in self.doubts if doubt.blocks and not self.accepted), None)

    @property
    def accepted_doubts(self) -> tuple[Finding, ...]:
        """What the user accepts, for the record."""
        doubts = self.doubts if self.accepted else ()
        return tuple(Finding(code=FindingCode.DOSE_ACCEPTED, text=doubt.text) for doubt in doubts)


def dose_check(dvhs: DVHSet, names: Mapping[str, str] | None, *, accepted: bool = False) -> DoseCheck:
    """Compare the dose of a plan with its prescription: that of its targets or, without any, the largest."""
    return check_dose(dvhs, all_targets(roi_names(dvhs), names), accepted=accepted)


def check_dose(dvhs: DVHSet, targets_of_plan: Sequence[RoiName], *, accepted: bool = False) -> DoseCheck:
    """The same where it is known which structures are targets."""
    targets = _target_doses(dvhs, targets_of_plan)
    prescription_doubt = _prescription_doubt(dvhs, targets)
    doubts = (
        *([prescription_doubt] if prescription_doubt else []),
        *_schedule_doubts(dvhs),
        *_stated_doubts(dvhs),
        *_grid_doubts(dvhs),
    )
    return DoseCheck(targets=targets, doubts=doubts, notes=tuple(_negative_notes(dvhs)), accepted=accepted)


def with_dose_doubts(dvhs: DVHSet, names: Mapping[str, str] | None = None) -> DVHSet:
    """The DVHs with a finding for each doubt about their dose, for what gives no verdict."""
    stated_texts = {finding.text for finding in dvhs.findings}
    checked = dose_check(dvhs, names)
    doubts = (doubt for doubt in checked.doubts if doubt.text not in stated_texts)
    findings = (Finding(code=doubt.code, text=doubt.text) for doubt in doubts)
    return replace(dvhs, findings=(*dvhs.findings, *findings, *checked.notes))


def _target_doses(dvhs: DVHSet, targets: Sequence[RoiName]) -> TargetDoses:
    """The DVHs of all targets of a plan; those that nobody asked for yet are computed where the contours are known."""
    dvh_by_roi = {(dvh.name, dvh.number): dvh for dvh in dvhs.dvhs}
    without = {(no_dvh.name, no_dvh.number) for no_dvh in dvhs.without}
    uncomputed = [
        roi for roi in targets if (roi.name, roi.number) not in dvh_by_roi and (roi.name, roi.number) not in without
    ]
    if uncomputed and dvhs.plan is not None:
        model = dvhs.model
        computed = compute_dvhs(
            dvhs.plan,
            structures=frozenset(roi.name for roi in uncomputed),
            end_caps=model.end_caps,
            between=model.between,
            dose=model.dose,
        )
        dvh_by_roi |= {(dvh.name, dvh.number): dvh for dvh in computed.dvhs}
    keys = [(roi.name, roi.number) for roi in targets]
    return TargetDoses(
        dvhs=tuple(dvh_by_roi[key] for key in keys if key in dvh_by_roi),
        unmeasured=tuple(roi.name for roi, key in zip(targets, keys, strict=True) if key not in dvh_by_roi),
    )


def _schedule_doubts(dvhs: DVHSet) -> Iterator[DoseDoubt]:
    """A prescription below all regimens that would be none too high for one fraction: of one, the dose agrees too."""
    rx = dvhs.prescription
    if isinstance(rx, UnknownPrescription) or any(dvh.quantity is not Quantity.PHYSICAL for dvh in dvhs.dvhs):
        return
    extremes = load_regimens().extremes_a_fraction(rx.fractions)
    if extremes is None or rx.fractions == 1:
        return
    lowest, highest = extremes
    is_low = rx.dose_gy / rx.fractions < (lowest.dose_gy - SAME_DOSE_GY) / lowest.fractions
    if not is_low or rx.dose_gy > MOST_ABOVE_REGIMENS * highest.dose_gy / highest.fractions:
        return
    regimen = f"{lowest.id}, {lowest.dose_gy:g} Gy in {lowest.fractions}"
    text = (
        f"the prescription of {prescription_words(rx)} is {rx.dose_gy / rx.fractions:.3g} Gy a fraction, less than any"
        f" regimen of the sources in as many fractions or fewer (lowest: {regimen}): is it the dose of one fraction?"
    )
    yield DoseDoubt(text=text)


def _stated_doubts(dvhs: DVHSet) -> Iterator[DoseDoubt]:
    """What the files say of their dose that makes it another than the physical dose of the whole plan."""
    plan_texts = [finding.text for finding in dvhs.findings if finding.code in OTHER_DOSE]
    dvh_texts = [finding.text for dvh in dvhs.dvhs for finding in dvh.findings if finding.code is FindingCode.DOSE_TYPE]
    for text in dict.fromkeys([*plan_texts, *dvh_texts]):
        yield DoseDoubt(text=text)


def _grid_doubts(dvhs: DVHSet) -> Iterator[DoseDoubt]:
    """Doubts by the dose grid alone, whatever it was read from."""
    if dvhs.plan is None:
        return
    yield from _plane_doubts(dvhs.plan.dose)
    yield from _spacing_doubts(dvhs.plan.dose)
    yield from _step_doubts(dvhs.plan.dose)
    yield from _negative_doubts(dvhs.plan.dose)
    yield from _cut_off_doubts(dvhs.plan.dose, dvhs)
    if all(dvh.quantity is Quantity.PHYSICAL for dvh in dvhs.dvhs):
        yield from _largest_doubts(dvhs.plan.dose, dvhs.prescription)


def _plane_doubts(dose: DoseGrid) -> Iterator[DoseDoubt]:
    """Doubts by planes without any dose between others, and by planes that are missing."""
    planes_with_dose = np.flatnonzero(dose.stored.reshape(len(dose.stored), -1).any(axis=1))
    if len(planes_with_dose) and len(planes_with_dose) <= planes_with_dose[-1] - planes_with_dose[0]:
        empty_planes = int(planes_with_dose[-1] - planes_with_dose[0]) + 1 - len(planes_with_dose)
        yield DoseDoubt(text=f"{empty_planes} dose plane(s) between others have no dose at all")
    if len(planes_with_dose):
        yield from _end_doubts(dose, planes_with_dose)
    steps_mm = np.sort(np.diff(dose.offsets_mm))
    usual_mm = float(steps_mm[len(steps_mm) // 2])
    if steps_mm[-1] > MISSING_PLANE * usual_mm:
        text = f"dose planes are up to {steps_mm[-1]:.4g} mm apart, where {usual_mm:.4g} mm is usual: are some missing?"
        yield DoseDoubt(text=text)


def _end_doubts(dose: DoseGrid, planes_with_dose: IntArray) -> Iterator[DoseDoubt]:
    """Doubts by planes that have no dose, beside one that has much."""
    first, last = int(planes_with_dose[0]), int(planes_with_dose[-1])
    ends = ([first] if first > 0 else []) + ([last] if last < len(dose.stored) - 1 else [])
    end_gy = max((float(np.max(dose.stored[end])) * dose.gy_per_unit for end in ends), default=0.0)
    if end_gy > LEAST_SHARE_BESIDE_NOTHING * dose.max_gy:
        text = f"dose planes without any dose follow one with {end_gy:.4g} Gy: was dose calculated there?"
        yield DoseDoubt(text=text)


def _spacing_doubts(dose: DoseGrid) -> Iterator[DoseDoubt]:
    spacing_mm = (*dose.spacing_mm, float(np.median(np.diff(dose.offsets_mm))))
    least_mm, most_mm = PLAUSIBLE_SPACING_MM
    if min(spacing_mm) < least_mm or max(spacing_mm) >= most_mm:
        listed = " x ".join(f"{step_mm:.4g}" for step_mm in spacing_mm)
        text = (
            f"the points of the dose grid are {listed} mm apart: is that in mm, and can small volumes be read from it?"
        )
        yield DoseDoubt(text=text, code=FindingCode.DOSE_SPACING)


def _step_doubts(dose: DoseGrid) -> Iterator[DoseDoubt]:
    """Doses that were rounded to few numbers; those that are no whole numbers, such as sums, have no step."""
    is_whole = np.issubdtype(dose.stored.dtype, np.integer)
    if not is_whole or dose.max_gy <= 0.0 or dose.gy_per_unit <= MAX_STEP_SHARE * dose.max_gy:
        return
    text = (
        f"the dose is stored in steps of {dose.gy_per_unit:.4g} Gy, with {dose.max_gy:.4g} Gy as the largest: each dose"
        f" may be {dose.gy_per_unit / 2:.4g} Gy off, which no bounds of values contain"
    )
    yield DoseDoubt(text=text, code=FindingCode.DOSE_STEP)


def _cut_off_doubts(dose: DoseGrid, dvhs: DVHSet) -> Iterator[DoseDoubt]:
    """Organs with parts at 0 Gy, on a grid where nothing lies between 0 and doses that are no scatter."""
    without_dose = [
        dvh.name
        for dvh in dvhs.dvhs
        if dvh.min_gy.value <= 0.0 and dvh.uncovered_cc <= 0.0 and dvh.kind not in _AROUND_THE_PATIENT
    ]
    if not without_dose:
        return
    stored, largest = dose.stored, float(np.max(dose.stored))
    smallest = float(np.min(stored, where=np.greater(stored, 0), initial=largest))
    if smallest > CUT_OFF_SHARE * largest:
        named = ", ".join(without_dose[:_MAX_NAMED]) + (" and others" if len(without_dose) > _MAX_NAMED else "")
        text = (
            f"no dose of the grid lies between 0 and {smallest * dose.gy_per_unit:.4g} Gy, and parts of {named} have 0:"
            " were low doses cut off?"
        )
        yield DoseDoubt(text=text, code=FindingCode.LOW_DOSES_MISSING)


def _negative_doubts(dose: DoseGrid) -> Iterator[DoseDoubt]:
    text = _negative_text(dose)
    if text and not _is_rounding(dose):
        yield DoseDoubt(text=text, code=FindingCode.NEGATIVE_DOSE)


def _negative_notes(dvhs: DVHSet) -> Iterator[Finding]:
    """Negative doses that are no more than resampling or noise leaves: said, and no doubt."""
    if dvhs.plan is None:
        return
    text = _negative_text(dvhs.plan.dose)
    if text and _is_rounding(dvhs.plan.dose):
        yield Finding(code=FindingCode.NEGATIVE_DOSE, text=text)


def _is_rounding(dose: DoseGrid) -> bool:
    """Whether the lowest dose is so little below 0 that resampling may have left it."""
    return -float(np.min(dose.stored)) <= MAX_NEGATIVE_SHARE * float(np.max(dose.stored))


def _negative_text(dose: DoseGrid) -> str:
    """How many doses are below 0, and how far; empty where none is."""
    stored = dose.stored
    if np.issubdtype(stored.dtype, np.unsignedinteger) or float(np.min(stored)) >= 0.0:
        return ""
    number = int(np.count_nonzero(np.asarray(stored, dtype=np.float64) < 0.0))
    points = "1 point" if number == 1 else f"{number} points"
    lowest_gy = float(np.min(stored)) * dose.gy_per_unit
    return f"the dose is negative at {points} of its grid, down to {lowest_gy:.4g} Gy"


def _largest_doubts(dose: DoseGrid, rx: Prescription | UnknownPrescription) -> Iterator[DoseDoubt]:
    """A point hotter than any plan's: a number that was read with another sign or size, or a damaged one."""
    if isinstance(rx, UnknownPrescription) or dose.max_gy <= MAXIMUM_PERCENT[1] / 100.0 * rx.dose_gy:
        return
    text = (
        f"the largest dose of the grid is {dose.max_gy:.4g} Gy, more than {MAXIMUM_PERCENT[1]:g} % of the prescription"
        f" of {rx.dose_gy:g} Gy: is a number of it damaged, or read with a wrong sign?"
    )
    yield DoseDoubt(text=text)


def _prescription_doubt(dvhs: DVHSet, targets: TargetDoses) -> DoseDoubt | None:
    """Compare the dose with the prescription; a sum of courses is not compared with that of one of them."""
    if any(dvh.quantity is not Quantity.PHYSICAL for dvh in dvhs.dvhs):
        return None
    rx = dvhs.prescription
    if isinstance(rx, UnknownPrescription):
        return DoseDoubt(text=f"the prescribed dose is unknown, so the dose cannot be compared with it: {rx.reason}")
    if targets.dvhs:
        return _target_doubt(targets.dvhs, rx) or _ptv_doubt(targets.dvhs, rx)
    largest_gy = _largest_dose_gy(dvhs)
    if largest_gy is None:
        return DoseDoubt(text="no structure has a dose that could be compared with the prescription", blocks=True)
    doubt = _compare_with_prescription("the largest dose", largest_gy, largest_gy, rx)
    if doubt is None and targets.unmeasured:
        names = ", ".join(targets.unmeasured)
        return DoseDoubt(
            text=f"no target could be measured ({names}): the dose cannot be compared with the prescription"
        )
    return doubt


def _target_doubt(targets: Sequence[DVH], rx: Prescription) -> DoseDoubt | None:
    """By the target with the largest median dose; what lies outside the dose grid may receive nothing, or any dose."""
    # a dose is too low only if it is with all uncovered volume hot, and too high only if it is with all of it cold
    low_medians_gy = [dvh.dose_at_volume(dvh.volume / 2).value for dvh in targets]
    high_medians_gy = [_largest_median_gy(dvh) for dvh in targets]
    hottest = max(range(len(targets)), key=lambda i: (high_medians_gy[i], low_medians_gy[i]))
    doubt = _compare_with_prescription(
        f"the median dose of {targets[hottest].name}", high_medians_gy[hottest], min(low_medians_gy), rx
    )
    if doubt is None and max(low_medians_gy) < MIN_SHARE_OF_PRESCRIPTION * rx.dose_gy:
        percent = 100.0 * targets[hottest].uncovered_cc / targets[hottest].volume
        outside_text = f"{percent:.3g} % of {targets[hottest].name} lies outside the dose grid"
        return DoseDoubt(
            text=f"{outside_text}: whether it receives the prescription of {rx.dose_gy:g} Gy cannot be told"
        )
    return doubt


def _ptv_doubt(targets: Sequence[DVH], rx: Prescription) -> DoseDoubt | None:
    """Whether the structure that is the PTV by its name receives the prescription, where another target does."""
    # the target that receives most may be a small boost, and hide that the dose is of a part of the plan
    for dvh in targets:
        percent = 100.0 * _largest_median_gy(dvh) / rx.dose_gy
        if dvh.name == "PTV" and percent < 100.0 * MIN_SHARE_OF_PRESCRIPTION:
            text = f"the median dose of {dvh.name} is {percent:.3g} % of the prescription of {rx.dose_gy:g} Gy"
            return DoseDoubt(text=f"{text}, which another target receives: is the dose that of the whole plan?")
    return None


def _largest_median_gy(dvh: DVH) -> float:
    """The median dose, were all that lies outside the dose grid hotter than that."""
    half = dvh.volume / 2 - dvh.uncovered_cc
    return dvh.dose_at_volume(half).value if half > 0.0 else math.inf


def _compare_with_prescription(subject: str, high_gy: float, low_gy: float, rx: Prescription) -> DoseDoubt | None:
    percent_text = _whole_or_three_digits(100.0 * high_gy / rx.dose_gy)
    dose_text = (
        f"{subject} is {high_gy:.4g} Gy, {percent_text} % of the prescription of {rx.dose_gy:g} Gy in {rx.fractions}"
    )
    if high_gy < MIN_SHARE_OF_PRESCRIPTION * rx.dose_gy:
        return DoseDoubt(text=f"{dose_text}: is it of one fraction, of one beam, or of another plan?", blocks=True)
    if low_gy > MAX_SHARE_OF_PRESCRIPTION * rx.dose_gy:
        return DoseDoubt(text=f"{dose_text}: is it a sum of plans, or in another unit?")
    return None


def _whole_or_three_digits(percent: float) -> str:
    """A percentage without an exponent, however many times the whole it is."""
    return f"{percent:.3g}" if percent < _THREE_DIGITS_BELOW else f"{percent:.0f}"


def _largest_dose_gy(dvhs: DVHSet) -> float | None:
    if dvhs.plan is not None:
        return dvhs.plan.dose.max_gy
    return max((dvh.max_gy.value for dvh in dvhs.dvhs), default=None)

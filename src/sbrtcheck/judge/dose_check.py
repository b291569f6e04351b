"""DVHs of a plan in; why their dose cannot be that of the prescription out, or nothing.

A dose of one fraction, of one beam, or a placeholder of zeros lies under every upper limit. What tells it is the
target: a plan is made so that at least half of a target receives about the prescription. So the median dose of the
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
    MIN_SHARE_OF_PRESCRIPTION,
    Finding,
    FindingCode,
    Prescription,
    UnknownPrescription,
)
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import RoiName, all_targets

OTHER_DOSE = frozenset(
    {
        FindingCode.DOSE_TYPE,
        FindingCode.DOSE_OF_PARTS,
        FindingCode.FRAME_UNKNOWN,
        FindingCode.RELATIVE_DOSE_SCALED,
    }
)
"""Findings of a plan by which its dose may be another than the physical dose of the whole plan at its place."""

MISSING_PLANE = 1.8
"""Dose planes this much further apart than is usual in the grid: one plane at least is missing between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseDoubt:
    """Why the dose cannot be, or is not known to be, that of the prescription.

    ``blocks``: no row may be judged on it.
    """

    text: str
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDoses:
    """What the targets of a plan receive; ``unmeasured`` are targets without a DVH in cc or percent."""

    dvhs: tuple[DVH, ...]
    unmeasured: tuple[str, ...]

    @property
    def partly_outside(self) -> bool:
        """Whether a target lies beyond the dose grid, so that the dose there may be as high as in a target."""
        return bool(self.unmeasured) or any(dvh.uncovered_cc > 0.0 for dvh in self.dvhs)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseCheck:
    """What is known of the dose of a plan as a whole; ``accepted``: the user takes it as it is."""

    targets: TargetDoses
    doubts: tuple[DoseDoubt, ...]
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
    against_rx = _against_prescription(dvhs, targets)
    doubts = (*([against_rx] if against_rx else []), *_as_stated(dvhs), *_of_the_grid(dvhs))
    return DoseCheck(targets=targets, doubts=doubts, accepted=accepted)


def with_dose_doubts(dvhs: DVHSet, names: Mapping[str, str] | None = None) -> DVHSet:
    """The DVHs with a finding for each doubt about their dose, for what gives no verdict."""
    known = {finding.text for finding in dvhs.findings}
    doubts = (doubt.text for doubt in dose_check(dvhs, names).doubts if doubt.text not in known)
    return replace(dvhs, findings=(*dvhs.findings, *(Finding(code=FindingCode.OTHER, text=text) for text in doubts)))


def _target_doses(dvhs: DVHSet, targets: Sequence[RoiName]) -> TargetDoses:
    """The DVHs of all targets of a plan; those that nobody asked for yet are computed where that can be done."""
    there = {(dvh.name, dvh.number): dvh for dvh in dvhs.dvhs}
    without = {(one.name, one.number) for one in dvhs.without}
    lacking = [roi for roi in targets if (roi.name, roi.number) not in there and (roi.name, roi.number) not in without]
    if lacking and dvhs.plan is not None:
        model = dvhs.model
        computed = compute_dvhs(
            dvhs.plan,
            structures=frozenset(roi.name for roi in lacking),
            end_caps=model.end_caps,
            between=model.between,
            dose=model.dose,
        )
        there |= {(dvh.name, dvh.number): dvh for dvh in computed.dvhs}
    keys = [(roi.name, roi.number) for roi in targets]
    return TargetDoses(
        dvhs=tuple(there[key] for key in keys if key in there),
        unmeasured=tuple(roi.name for roi, key in zip(targets, keys, strict=True) if key not in there),
    )


def _as_stated(dvhs: DVHSet) -> Iterator[DoseDoubt]:
    """What the files say of their dose that makes it another than the physical dose of the whole plan."""
    of_plan = [finding.text for finding in dvhs.findings if finding.code in OTHER_DOSE]
    of_dvhs = [finding.text for dvh in dvhs.dvhs for finding in dvh.findings if finding.code is FindingCode.DOSE_TYPE]
    for text in dict.fromkeys([*of_plan, *of_dvhs]):
        yield DoseDoubt(text=text)


def _of_the_grid(dvhs: DVHSet) -> Iterator[DoseDoubt]:
    """What planes without dose, or missing ones, leave in doubt."""
    if dvhs.plan is None:
        return
    some = np.flatnonzero(dvhs.plan.dose.stored.reshape(len(dvhs.plan.dose.stored), -1).any(axis=1))
    if len(some) and len(some) <= some[-1] - some[0]:
        number = int(some[-1] - some[0]) + 1 - len(some)
        yield DoseDoubt(text=f"{number} dose plane(s) between others have no dose at all")
    steps_mm = np.sort(np.diff(dvhs.plan.dose.offsets_mm))
    usual_mm = float(steps_mm[len(steps_mm) // 2])
    if steps_mm[-1] > MISSING_PLANE * usual_mm:
        text = f"dose planes are up to {steps_mm[-1]:.4g} mm apart, where {usual_mm:.4g} mm is usual: are some missing?"
        yield DoseDoubt(text=text)


def _against_prescription(dvhs: DVHSet, targets: TargetDoses) -> DoseDoubt | None:
    """Compare the dose with the prescription; a sum of courses is not compared with that of one of them."""
    if any(dvh.quantity is not Quantity.PHYSICAL for dvh in dvhs.dvhs):
        return None
    rx = dvhs.prescription
    if isinstance(rx, UnknownPrescription):
        return DoseDoubt(text=f"the prescribed dose is unknown, so the dose cannot be compared with it: {rx.reason}")
    if targets.dvhs:
        return _of_targets(targets.dvhs, rx) or _of_the_ptv(targets.dvhs, rx)
    largest = _largest_dose_gy(dvhs)
    if largest is None:
        return DoseDoubt(text="no structure has a dose that could be compared with the prescription", blocks=True)
    doubt = _compared("the largest dose", largest, largest, rx)
    if doubt is None and targets.unmeasured:
        listed = ", ".join(targets.unmeasured)
        return DoseDoubt(
            text=f"no target could be measured ({listed}): the dose cannot be compared with the prescription"
        )
    return doubt


def _of_targets(targets: Sequence[DVH], rx: Prescription) -> DoseDoubt | None:
    """By the target with the largest median dose; what lies outside the dose grid may receive nothing, or any dose."""
    least_gy = [dvh.dose_at_volume(dvh.volume / 2).value for dvh in targets]
    most_gy = [_largest_median_gy(dvh) for dvh in targets]
    at = max(range(len(targets)), key=lambda i: (most_gy[i], least_gy[i]))
    doubt = _compared(f"the median dose of {targets[at].name}", most_gy[at], min(least_gy), rx)
    if doubt is None and max(least_gy) < MIN_SHARE_OF_PRESCRIPTION * rx.dose_gy:
        percent = 100.0 * targets[at].uncovered_cc / targets[at].volume
        where = f"{percent:.3g} % of {targets[at].name} lies outside the dose grid"
        return DoseDoubt(text=f"{where}: whether it receives the prescription of {rx.dose_gy:g} Gy cannot be told")
    return doubt


def _of_the_ptv(targets: Sequence[DVH], rx: Prescription) -> DoseDoubt | None:
    """Whether the structure that is the PTV by its name receives the prescription, where another target does."""
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


def _compared(what: str, most_gy: float, least_gy: float, rx: Prescription) -> DoseDoubt | None:
    percent = 100.0 * most_gy / rx.dose_gy
    stated = f"{what} is {most_gy:.4g} Gy, {percent:.3g} % of the prescription of {rx.dose_gy:g} Gy in {rx.fractions}"
    if most_gy < MIN_SHARE_OF_PRESCRIPTION * rx.dose_gy:
        return DoseDoubt(text=f"{stated}: is it of one fraction, of one beam, or of another plan?", blocks=True)
    if least_gy > MAX_SHARE_OF_PRESCRIPTION * rx.dose_gy:
        return DoseDoubt(text=f"{stated}: is it a sum of plans, or in another unit?")
    return None


def _largest_dose_gy(dvhs: DVHSet) -> float | None:
    if dvhs.plan is not None:
        return dvhs.plan.dose.max_gy
    return max((dvh.max_gy.value for dvh in dvhs.dvhs), default=None)

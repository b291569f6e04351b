"""DVHs that somebody made by hand -> those that can be the DVH of a structure; the others are refused by name.

What is computed here, or read from a file, is sound by how it is made. A number that is none compares with no limit,
and an organ without a volume would be smaller than every threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from sbrtcheck.dvh.curve import Bounds, Curve
from sbrtcheck.dvh.dvh import DVH
from sbrtcheck.errors import ArgumentError
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity

_SAME = 1e-6
"""A share of the volume that a curve may begin beside it: rounding of sums."""


def refuse_unsound(dvhs: Iterable[DVH]) -> None:
    """Raise `ArgumentError` with everything that is wrong with DVHs that were not computed here."""
    faults = [f"{dvh.name}: {fault}" for dvh in dvhs if dvh.sampling is None for fault in _faults(dvh)]
    if faults:
        raise ArgumentError(f"no DVH of a structure: {'; '.join(faults)}", hint="give doses in Gy, and volumes")


def refuse_other_prescription(dvhs: Iterable[DVH], prescription: Prescription | UnknownPrescription) -> None:
    """Raise `ArgumentError` where DVHs of physical dose have not the prescription that their plan is said to have.

    Percent of the prescription, EQD2 and BED go by that of each DVH, and which tables hold by that of the plan.
    """
    physical = [dvh for dvh in dvhs if dvh.quantity is Quantity.PHYSICAL]
    others = [dvh.name for dvh in physical if _numbers(dvh.prescription) != _numbers(prescription)]
    if others:
        what = f"the prescription of the DVHs of {', '.join(others)} is not that of the plan"
        raise ArgumentError(what, hint="give it where the plan is loaded: load_plan(..., prescription='50Gy/5')")


def _numbers(rx: Prescription | UnknownPrescription) -> tuple[float | None, int | None]:
    """Dose, Gy, and fractions; whatever they were found by."""
    return (rx.dose_gy if isinstance(rx, Prescription) else None), rx.fractions


def _faults(dvh: DVH) -> Iterator[str]:
    """What keeps one DVH from being that of a structure; its readings and alternatives too."""
    for name in ("volume", "uncovered_cc", "volume_rounding_cc"):
        if not 0.0 <= getattr(dvh, name) < np.inf:
            yield f"{name} is {getattr(dvh, name):g}"
    for name in ("curve", "lower", "upper"):
        yield from (f"{name} {fault}" for fault in _faults_of_curve(getattr(dvh, name)))
    for name in ("mean_gy", "min_gy", "max_gy"):
        if not _are_bounds(getattr(dvh, name)):
            yield f"{name} is no value of 0 or more between its bounds"
    if dvh.curve.volume.size and abs(float(dvh.curve.volume[0]) - dvh.volume) > _SAME * dvh.volume:
        yield f"curve begins with {float(dvh.curve.volume[0]):g}, and the volume is {dvh.volume:g}"
    for other in (*dvh.alternatives, *dvh.readings):
        yield from _faults(other)


def _faults_of_curve(curve: Curve) -> Iterator[str]:
    dose_gy, volume = curve.dose_gy, curve.volume
    if not dose_gy.size or dose_gy.shape != volume.shape:
        yield "has not as many doses as volumes, or none"
        return
    if not (np.all(np.isfinite(dose_gy)) and np.all(np.isfinite(volume))):
        yield "has a number that is not finite"
        return
    if dose_gy[0] < 0.0 or np.any(np.diff(dose_gy) < 0.0):
        yield "has doses that are below 0, or do not rise"
    if volume[-1] < 0.0 or np.any(np.diff(volume) > _SAME * max(float(volume[0]), 0.0)):
        yield "has volumes that are below 0, or rise"


def _are_bounds(bounds: Bounds) -> bool:
    return 0.0 <= bounds.low <= bounds.value <= bounds.high < np.inf

"""The dose of a plan, and doses of its beams or fraction groups beside it -> a finding where these make another dose.

The dose of the plan is the one that is used. What lies beside it is of the same plan, and by PS3.3 C.8.8.3 is the dose
of whole beams, or fraction groups, over all fractions: together they make that of the plan. Where they do not, one of
the files is of another calculation, and nothing tells which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from sbrtcheck.dicom.dose import dose_grid, same_points
from sbrtcheck.dicom.dose_summation import parts_of
from sbrtcheck.dicom.files import RtFile
from sbrtcheck.dicom.reader import read_dose
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import DoseGrid, Finding, FindingCode, Prescription, UnknownPrescription

# Share of the largest dose. Stored as 16 bits, a dose and the sum of its parts differ by ten-thousandths of it.
_SAME_DOSE = 0.01

_SummedGy = npt.NDArray[np.float32]


def findings_on_parts(
    beside: Sequence[RtFile], plan: RtFile | None, whole: DoseGrid, prescription: Prescription | UnknownPrescription
) -> Iterator[Finding]:
    """Where doses of parts do not sum to the dose of the plan; nothing where they do, or where that cannot be told.

    Parameters
    ----------
    beside
        Doses of parts of the plan, which are not used.
    plan
        The RTPLAN, which says what parts there are; None where none is here, or the whole dose is of several: then the
        parts can be too much, and never too little.
    whole
        The dose of the plan.
    prescription
        Of the plan.
    """
    for summation, noun in (("BEAM", "beam"), ("FRACTION", "fraction group")):
        doses = [dose for dose in beside if dose.summation == summation]
        parts = [part for dose in doses for part in parts_of(dose, summation)]
        # without numbers, or with one twice, nobody knows what a sum would be of
        if not doses or len(set(parts)) < len(parts) or any(not parts_of(dose, summation) for dose in doses):
            continue
        summed = _sum(doses, whole, prescription)
        if summed is None:
            continue
        subject = f"the {noun} dose" if len(doses) == 1 else f"the sum of the {len(doses)} {noun} doses"
        if plan is not None and sorted(parts) == sorted(parts_of(plan, summation)):
            yield from _findings_on_all(summed, whole, subject, prescription.fractions)
        else:
            yield from _findings_on_some(summed, whole, subject)


def _sum(
    doses: Sequence[RtFile], whole: DoseGrid, prescription: Prescription | UnknownPrescription
) -> _SummedGy | None:
    """Of doses on the grid of the whole one, in Gy; None where they lie on another, or cannot be read.

    One dose after the other, and plane by plane: ten beams of 40 MB each take 40 MB for their sum, and one dose.
    """
    total = np.zeros(whole.stored.shape, dtype=np.float32)  # seven digits, where 1 % is asked for
    return total if all(_is_added(total, dose, whole, prescription) for dose in doses) else None


def _is_added(
    total: _SummedGy, dose: RtFile, whole: DoseGrid, prescription: Prescription | UnknownPrescription
) -> bool:
    """Add a dose to the sum; False where it cannot be read, or lies on another grid."""
    try:
        grid, _ = dose_grid(read_dose(dose.source, dose.display_name), prescription)
    except DicomError:
        return False
    if not same_points(grid, whole):
        return False
    for at, plane in enumerate(_planes_gy(grid)):
        total[at] += plane
    return True


def _planes_gy(grid: DoseGrid) -> Iterator[_SummedGy]:
    for plane in grid.stored:
        yield np.multiply(plane, grid.gy_per_unit, dtype=np.float32, casting="unsafe")


def _furthest_apart_gy(summed: _SummedGy, whole: DoseGrid, times: int = 1) -> float:
    """Largest difference of the sum, so many times, from the whole dose, either way."""
    pairs = zip(summed, _planes_gy(whole), strict=True)
    return max(float(np.max(np.abs(np.float32(times) * plane - of_whole))) for plane, of_whole in pairs)


def _findings_on_all(summed: _SummedGy, whole: DoseGrid, subject: str, fractions: int | None) -> Iterator[Finding]:
    slack_gy = _SAME_DOSE * whole.max_gy
    apart_gy = _furthest_apart_gy(summed, whole)
    if apart_gy <= slack_gy:
        return
    if fractions and _furthest_apart_gy(summed, whole, fractions) <= slack_gy:
        text = f"{subject} beside the plan's dose is that of one of its {fractions} fractions"
        yield Finding(code=FindingCode.OTHER, text=text)
    else:
        yield _finding(f"{subject} beside the plan's dose is another dose", apart_gy, whole)


def _findings_on_some(summed: _SummedGy, whole: DoseGrid, subject: str) -> Iterator[Finding]:
    """Of some of the parts no more is known than that they cannot be more than all of them."""
    pairs = zip(summed, _planes_gy(whole), strict=True)
    excess_gy = max(float(np.max(plane - of_whole)) for plane, of_whole in pairs)
    if excess_gy > _SAME_DOSE * whole.max_gy:
        yield _finding(f"{subject} beside the plan's dose is more than all of it", excess_gy, whole)


def _finding(what: str, apart_gy: float, whole: DoseGrid) -> Finding:
    text = f"{what}: up to {apart_gy:.4g} Gy apart, where the plan's dose is {whole.max_gy:.4g} Gy at most"
    return Finding(code=FindingCode.PARTS_DO_NOT_SUM, text=text)

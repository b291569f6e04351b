"""Rows that are met, and their organs' contours, in; where a contour ends in dose above the limit, a finding out.

A limit on so many cc counts what was contoured. An organ that is contoured on a part of its length, as far as somebody
thought it would matter, may end where the dose does not: what was left out would add to the volume above the limit.
Whether the organ ends there no file tells, so this is a question to the reader, and no verdict depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.chart.points import CurvePoint
from sbrtcheck.dvh import DVH, DVHSet, compute_dvhs
from sbrtcheck.errors import DicomError
from sbrtcheck.judge.row import Case, RowResult
from sbrtcheck.judge.structures import StructureKey
from sbrtcheck.metric import DoseAtVolume, Metric, Unit, VolumeAtDose
from sbrtcheck.plan import Contours, Finding, FindingCode, FloatArray, Plan, Structure
from sbrtcheck.results.outcome import Verdict
from sbrtcheck.structure_names import TARGETS
from sbrtcheck.tables.points import curve_point

_ONE_PLANE_MM = 0.05  # contours that are no further apart lie in one plane, written from floats
_MET = frozenset({Verdict.PASS, Verdict.VARIATION, Verdict.MET})


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The first or last contour plane of what a row is on: its z, where it looks, and its dose."""

    z_mm: float
    towards: str
    dvh: DVH


_Key = tuple[StructureKey, ...]


def end_findings(cases: Sequence[Case], results: Sequence[RowResult]) -> list[tuple[Finding, ...]]:
    """The findings of each case, in their order; the ends of each structure are looked at once for all rows."""
    doses_gy = [_dose_of_limit(case, result) for case, result in zip(cases, results, strict=True)]
    keys = {case.matched.key for case, dose_gy in zip(cases, doses_gy, strict=True) if dose_gy is not None}
    ends: Mapping[_Key, tuple[_End, ...]] = {}
    if keys and cases[0].plan.dvhs.plan is not None:
        ends = {key: tuple(_ends(key, cases[0].plan.dvhs.plan, cases[0].plan.dvhs)) for key in keys}
    return [
        () if dose_gy is None else tuple(_findings(case, dose_gy, ends.get(case.matched.key, ())))
        for case, dose_gy in zip(cases, doses_gy, strict=True)
    ]


def _dose_of_limit(case: Case, result: RowResult) -> float | None:
    """The dose, Gy, that no more than so many cc may receive; None where more of the organ could not add to them.

    That is so where the row is no such limit, is not met, or where nothing of the organ receives that dose.
    """
    dvh, row, limits = case.dvh, case.row, result.limits
    is_asked = result.verdict in _MET and row.is_upper_limit and _is_of_hot_cc(row.metric)
    if not is_asked or case.matched.organ in TARGETS or not isinstance(dvh, DVH) or limits is None:
        return None
    point = curve_point(row, dvh, limit=limits.limit.limit, counts=True)
    if not isinstance(point, CurvePoint) or dvh.volume_at_dose(point.dose_gy).value <= 0.0:
        return None
    return point.dose_gy


def _is_of_hot_cc(metric: Metric) -> bool:
    match metric:
        case DoseAtVolume(volume_unit=Unit.CC, cold=False) | VolumeAtDose(unit=Unit.CC, cold=False):
            return True
        case _:
            return False


def _findings(case: Case, dose_gy: float, ends: Sequence[_End]) -> Iterator[Finding]:
    for end in ends:
        if end.dvh.volume_at_dose(dose_gy).low > 0.0:
            text = (
                f"{case.row.metric_text}: the contour ends towards the {end.towards} (z = {end.z_mm:.1f} mm) in a plane"
                f" with up to {end.dvh.max_gy.value:.4g} Gy, above the {dose_gy:.4g} Gy of the limit: if the organ goes"
                " on there, the value is too low"
            )
            yield Finding(code=FindingCode.CONTOUR_ENDS_IN_DOSE, text=text, subject=case.matched.contour)


# The planes


def _ends(key: _Key, plan: Plan, dvhs: DVHSet) -> Iterator[_End]:
    """The two ends of structures together; none where their contours do not lie in transverse planes."""
    by_key = {(structure.name, structure.number): structure for structure in plan.structures}
    structures = [by_key[one] for one in key if one in by_key]
    try:
        parts = [(structure, _loops(structure)) for structure in structures]
    except DicomError:
        return
    heights_mm = [float(loop[0, 2]) for _, loops in parts for loop in loops]
    if not heights_mm or any(np.ptp(loop[:, 2]) > _ONE_PLANE_MM for _, loops in parts for loop in loops):
        return
    for z_mm, towards in ((min(heights_mm), "feet"), (max(heights_mm), "head")):
        at_end = [
            replace(structure, number=at, contours=Contours.of(*in_plane))
            for at, (structure, loops) in enumerate(parts)
            if (in_plane := [loop for loop in loops if abs(float(loop[0, 2]) - z_mm) <= _ONE_PLANE_MM])
        ]
        model = dvhs.model
        of_plane = compute_dvhs(replace(plan, structures=tuple(at_end)), between=model.between, dose=model.dose)
        yield from (_End(z_mm=z_mm, towards=towards, dvh=dvh) for dvh in of_plane.dvhs)


def _loops(structure: Structure) -> list[FloatArray]:
    contours = structure.contours.read()
    loops = np.split(contours.points_mm, contours.starts[1:-1])
    return [loop for loop in loops if len(loop) >= 3]

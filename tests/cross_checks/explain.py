"""Why another program has another number: reasons that are tried by computing with them.

A reason explains a structure only if, computed with it, every metric of that structure comes to what the other program
says, within the same size from which on a difference counts as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pydicom
from sampler import FloatArray, Grid, Samples, Way, sampled

from sbrtcheck.dvh import DVH

METRICS = ("Volume[cc]", "Mean[Gy]", "D98%[Gy]", "D95%[Gy]", "D50%[Gy]", "D2%[Gy]", "D1cc[Gy]", "V20Gy[cc]")
ABSOLUTE = {"cc": 0.02, "Gy": 0.1}
SHARE = 0.01
"""A difference counts from 0.02 cc or 0.1 Gy on, and from 1 %: of the structure's volume, or of the dose."""

FINE_CC = 500.0
"""Structures above it are not tried with more points than the dose grid has."""

NO_ENDS = "no end caps"
OUTSIDE = "what lies outside the dose grid is left out of doses"
SCALED = "the volume inside the grid is scaled to the whole"
POINTS = "points of the dose grid stand for voxels"
FINER = "{} x {} points in a voxel of the dose grid stand for it"
OUTLINE = "points on an outline are inside"
FILLED = "holes are filled"
EVEN_ODD = "what overlaps is left out"
ONE_PLANE = "a structure on one plane has no height"
HALF = "every contour plane is half a step of the dose grid high"
ALIKE = "all planes are as thick as the closest two are apart"

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The reasons that come closest, what is computed with them, and the metrics that stay apart all the same."""

    reasons: tuple[str, ...]
    values: Values
    left: tuple[str, ...]


def apart(metric: str, one: float, other: float, whole_cc: float) -> bool:
    """Whether a difference counts."""
    unit = metric.rpartition("[")[2].rstrip("]")
    of = whole_cc if unit == "cc" else abs(one)
    return not abs(one - other) <= max(ABSOLUTE[unit], SHARE * of)


def different(made: Values, theirs: Values) -> tuple[str, ...]:
    """Metrics whose difference counts; what was not made differs."""
    nothing = float("nan")
    return tuple(m for m in theirs if apart(m, made.get(m, nothing), theirs[m], made["Volume[cc]"]))


def explained(theirs: Values, tried: Sequence[tuple[tuple[str, ...], Values]]) -> Explained:
    """The first of what was tried that leaves no difference, else the one that leaves the fewest."""
    found = [Explained(reasons=why, values=values, left=different(values, theirs)) for why, values in tried]
    return min(found, key=lambda one: (len(one.left), len(one.reasons)))


def all_ways(dvh: DVH, loops: list[FloatArray], grid: Grid) -> list[tuple[tuple[str, ...], Values]]:
    """Everything that is tried for a structure, with what it comes to; fewer reasons first."""
    found = [*_of_dvh(dvh), *_of_samples(loops, grid, dvh)]
    return sorted(found, key=lambda one: len(one[0]))


def of_dvh(dvh: DVH) -> Values:
    """The metrics as sbrtcheck has them."""
    return _of_part(dvh, covered=False, scale=1.0)


def _of_dvh(dvh: DVH) -> Iterator[tuple[tuple[str, ...], Values]]:
    others = [other for other in dvh.alternatives if str(other.end_caps) == "none"]
    for why, one in [((), dvh), *(((NO_ENDS,), other) for other in others)]:
        yield why, of_dvh(one)
        if 0.0 < one.uncovered_cc < one.volume:
            yield (*why, OUTSIDE), _of_part(one, covered=True, scale=1.0)
            yield (
                (*why, OUTSIDE, SCALED),
                _of_part(one, covered=True, scale=one.volume / (one.volume - one.uncovered_cc)),
            )


def _of_part(dvh: DVH, *, covered: bool, scale: float) -> Values:
    """Of the whole, or of what the dose grid covers: the rest is what has no dose, and so the coldest part."""
    part_cc = dvh.volume - dvh.uncovered_cc if covered else dvh.volume
    found = {"Volume[cc]": dvh.volume, "Mean[Gy]": dvh.mean_gy.value * dvh.volume / part_cc}
    found |= {f"D{p}%[Gy]": dvh.dose_at_volume(p / 100.0 * part_cc).value for p in (98, 95, 50, 2)}
    if part_cc * scale >= 1.0:
        found["D1cc[Gy]"] = dvh.dose_at_volume(1.0 / scale).value
    return {**found, "V20Gy[cc]": dvh.volume_at_dose(20.0).value * scale}


def _of_samples(loops: list[FloatArray], grid: Grid, dvh: DVH) -> Iterator[tuple[tuple[str, ...], Values]]:
    whole_cc, overlaps = dvh.volume, bool(dvh.readings)  # strokes that overlap in part have two readings
    half_mm = float(np.diff(grid.z).min()) / 2.0
    heights = (("", {}), (ALIKE, {"all_alike": True}), (HALF, {"height_mm": half_mm}))
    for parts, outline, filled, (word, height) in product((1, 2, 4), (False, True), (False, True), heights):
        if parts > 1 and (whole_cc > FINE_CC or outline):
            continue
        way = Way(parts=parts, outline_inside=outline, fill_holes=filled, **height)
        of_points = POINTS if parts == 1 else FINER.format(parts, parts)
        left_out = EVEN_ODD * (overlaps and not filled)
        words = (of_points, OUTLINE * outline, FILLED * filled, left_out, word)
        yield from _with_outside(tuple(filter(None, words)), sampled(loops, grid, way))
    if len({round(float(loop[0, 2]), 3) for loop in loops}) == 1:
        yield (ONE_PLANE,), dict.fromkeys(METRICS, 0.0)


def _with_outside(why: tuple[str, ...], samples: Samples) -> Iterator[tuple[tuple[str, ...], Values]]:
    """Counted at no dose, as sbrtcheck does; left out; and left out with volumes scaled."""
    zeros = replace(
        samples,
        doses_gy=np.append(samples.doses_gy, 0.0),
        volumes_cc=np.append(samples.volumes_cc, samples.outside_cc),
    )
    yield why, _values(zeros, 1.0, whole_cc=float(zeros.volumes_cc.sum()))
    inside = float(samples.volumes_cc.sum())
    if samples.outside_cc > 0.0 and inside > 0.0:
        whole = inside + samples.outside_cc
        yield (*why, OUTSIDE), _values(samples, 1.0, whole_cc=whole)
        yield (*why, OUTSIDE, SCALED), _values(samples, whole / inside, whole_cc=whole)


def _values(samples: Samples, scale: float, *, whole_cc: float) -> Values:
    order = np.argsort(-samples.doses_gy, kind="stable")
    doses, volumes = samples.doses_gy[order], samples.volumes_cc[order] * scale
    total = float(volumes.sum())
    if total <= 0.0:
        return {"Volume[cc]": whole_cc}
    beyond = np.cumsum(volumes)

    def dose_at(cc: float) -> float:
        return float(doses[min(int(np.searchsorted(beyond, cc - 1e-9)), len(doses) - 1)])

    found = {f"D{percent}%[Gy]": dose_at(percent / 100.0 * total) for percent in (98, 95, 50, 2)}
    if total >= 1.0:
        found["D1cc[Gy]"] = dose_at(1.0)
    mean = float(doses @ volumes) / total
    return {"Volume[cc]": whole_cc, "Mean[Gy]": mean, **found, "V20Gy[cc]": float(volumes[doses >= 20.0].sum())}


def read(folder: Path) -> tuple[dict[str, list[FloatArray]], Grid]:
    """Loops of each structure, and the dose, by pydicom alone; for grids along the axes of the patient."""
    dose = pydicom.dcmread(folder / "rtdose.dcm")
    x0, y0, z0 = map(float, dose.ImagePositionPatient)
    rows, columns = map(float, dose.PixelSpacing)
    grid = Grid(
        values_gy=dose.pixel_array * float(dose.DoseGridScaling),
        x=x0 + columns * np.arange(dose.Columns),
        y=y0 + rows * np.arange(dose.Rows),
        z=z0 + np.array(dose.GridFrameOffsetVector, dtype=float),
    )
    plan = pydicom.dcmread(folder / "rtstruct.dcm")
    names = {int(roi.ROINumber): str(roi.ROIName) for roi in plan.StructureSetROISequence}
    loops = {
        names[int(roi.ReferencedROINumber)]: [
            np.array(contour.ContourData, dtype=float).reshape(-1, 3) for contour in roi.get("ContourSequence", [])
        ]
        for roi in plan.ROIContourSequence
    }
    return loops, grid

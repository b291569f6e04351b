"""Why another program has another number: reasons that are tried by computing with them.

Of each program it is known in what it computes otherwise than sbrtcheck: from its source (dicompyler-core 0.5.6,
plastimatch 1.9), or from its manual and from what it says of bodies whose answer is plain (pydcm 0.5.0, which comes
compiled). Each of these is a reason; all of them together are the program's way. A structure is explained only if,
computed in that way by points, every metric comes to what the program says, within the same size from which on a
difference counts as one. Then reasons are given up one by one as long as it stays so: those that are left are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from readings import Values, values
from sampler import FloatArray, Grid, Heights, Outline, Outside, Overlap, Reading, Samples, Structures, Way, sampled

from sbrtcheck.dvh import DVH

ABSOLUTE = {"cc": 0.02, "Gy": 0.1}
SHARE = 0.01
"""A difference counts from 0.02 cc or 0.1 Gy on, and from 1 %: of the structure's volume, or of the dose."""

Reasons = Mapping[str, Mapping[str, Any]]
"""Reason -> what it changes in how points are laid and read."""

ON_PLANES: Reasons = {"the dose on a plane of contours stands for the whole height": {"layers": 1}}
CLOSEST: Reasons = {"all planes are as thick as the closest two are apart": {"heights": Heights.CLOSEST}}
EVEN_ODD: Reasons = {"inside is what an odd number of contours enclose": {"overlap": Overlap.EVEN_ODD}}
UNITED: Reasons = {"contours within others are no holes": {"overlap": Overlap.UNITED}}
SCALED: Reasons = {
    "what lies above or below the dose grid is left out of doses, and the rest is scaled to the whole volume": {
        "outside": Outside.SCALED
    }
}
STACK: Reasons = {
    "all structures have one stack of planes, as far apart as the first two of any; between its own planes a structure"
    " has nothing, and the last plane of the stack is lost": {"stack": True}
}

REASONS: Mapping[str, Reasons] = {
    "dicompyler-core": {
        "points of the dose grid stand for voxels": {"parts": 1},
        **CLOSEST,
        **SCALED,
        **ON_PLANES,
        **EVEN_ODD,
        "a dose is read at the bin of 0.01 Gy whose volume is nearest, which may be the first": {
            "reading": Reading.NEAREST_BIN
        },
        "points on an outline count by the direction in which it is drawn": {"outline": Outline.DIRECTION},
        "a plane of the dose grid within 0.5 mm is taken as it is": {"nearest_plane_mm": 0.5},
        "what lies beside the dose grid is not counted": {"beside_is_nothing": True},
    },
    "plastimatch": {
        **STACK,
        **ON_PLANES,
        **EVEN_ODD,
        "bins of 0.05 Gy, read on a line between their edges": {"reading": Reading.LINE},
        "points of a raster of 512 x 512 over all structures stand for voxels": {"raster": True},
    },
    "pydcm": {
        "4 x 4 points in a voxel of the dose grid say how much of it is inside": {"parts": 4},
        "a voxel has the dose in its middle": {"voxel_dose": True},
        **CLOSEST,
        **ON_PLANES,
        "what lies outside the dose grid is left out of doses": {"outside": Outside.LEFT_OUT},
        **UNITED,
        "points on an outline are inside": {"outline": Outline.ALL},
        "a dose is read at the lower edge of a bin of 0.01 Gy": {"reading": Reading.LAST_BIN},
    },
}
"""Of each program; those that are given up first stand last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A structure as its files have it, with all others of its plan."""

    loops: Sequence[FloatArray]
    grid: Grid
    structures: Structures
    _known: dict[Way, Samples] = field(default_factory=dict)

    def by(self, way: Way) -> Values:
        """Its metrics by points; ways that differ in what is made of the points alone share them."""
        laid = replace(way, outside=Outside.ZERO, reading=Reading.SORTED)
        if laid not in self._known:
            self._known[laid] = sampled(self.loops, self.grid, laid, self.structures)
        return values(self._known[laid], way)


def way_of(program: str, reasons: Sequence[str] | None = None) -> Way:
    """With all reasons of a program, or some."""
    known = REASONS[program]
    changes = [known[reason] for reason in (known if reasons is None else reasons)]
    return replace(Way(), **{name: value for change in changes for name, value in change.items()})


def explained(program: str, body: Body, theirs: Values) -> tuple[str, ...]:
    """The reasons that it takes, given up one by one from the last; of a structure that all together explain."""
    left = list(REASONS[program])
    for reason in reversed(REASONS[program]):
        fewer = [one for one in left if one != reason]
        if fewer and not different(body.by(way_of(program, fewer)), theirs):
            left = fewer
    return tuple(left)


def apart(metric: str, one: float, other: float, whole_cc: float) -> bool:
    """Whether a difference counts."""
    unit = metric.rpartition("[")[2].rstrip("]")
    of = whole_cc if unit == "cc" else abs(one)
    return not abs(one - other) <= max(ABSOLUTE[unit], SHARE * of)


def different(made: Values, theirs: Values) -> tuple[str, ...]:
    """Metrics whose difference counts; what was not made differs."""
    nothing = float("nan")
    return tuple(m for m in theirs if apart(m, made.get(m, nothing), theirs[m], made["Volume[cc]"]))


def of_dvh(dvh: DVH) -> Values:
    """The metrics as sbrtcheck has them."""
    found = {"Volume[cc]": dvh.volume, "Mean[Gy]": dvh.mean_gy.value}
    found |= {f"D{p}%[Gy]": dvh.dose_at_volume(p / 100.0 * dvh.volume).value for p in (98, 95, 50, 2)}
    if dvh.volume >= 1.0:
        found["D1cc[Gy]"] = dvh.dose_at_volume(1.0).value
    return {**found, "V20Gy[cc]": dvh.volume_at_dose(20.0).value}


def read(folder: Path) -> tuple[dict[str, list[FloatArray]], Grid]:
    """Loops of each structure, and the dose, by pydicom alone; for grids along the axes of the patient."""
    dose = pydicom.dcmread(folder / "rtdose.dcm")
    plan = pydicom.dcmread(folder / "rtstruct.dcm")
    return loops_of(plan), grid_of(dose)


def grid_of(dose: pydicom.Dataset) -> Grid:
    """The dose of a file."""
    x0, y0, z0 = map(float, dose.ImagePositionPatient)
    rows, columns = map(float, dose.PixelSpacing)
    return Grid(
        values_gy=dose.pixel_array * float(dose.DoseGridScaling),
        x=x0 + columns * np.arange(dose.Columns),
        y=y0 + rows * np.arange(dose.Rows),
        z=z0 + np.array(dose.GridFrameOffsetVector, dtype=float),
    )


def loops_of(plan: pydicom.Dataset) -> dict[str, list[FloatArray]]:
    """The loops of each structure, by name; of a structure without contours none."""
    names = {int(roi.ROINumber): str(roi.ROIName) for roi in plan.StructureSetROISequence}
    return {
        names[int(roi.ReferencedROINumber)]: [
            np.array(contour.ContourData, dtype=float).reshape(-1, 3) for contour in roi.get("ContourSequence", [])
        ]
        for roi in plan.ROIContourSequence
    }

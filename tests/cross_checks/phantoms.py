"""A generated plan of what programs differ in: ends, holes, overlaps, small structures, the end of the grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from case_files import write_case
from closed_forms import HALF, contours

import phantom

SPACING_MM = 2.5


def structures() -> list[phantom.PhantomStructure]:
    """Structures within 60 mm of the middle of the dose grid, and one that leaves it."""
    planes = phantom.slab_planes(-HALF, HALF, SPACING_MM)
    ring = phantom.stack(planes, lambda _: [phantom.circle((0, 0), 18.3), phantom.circle((0, 0), 9.1)])
    keyhole = phantom.stack(
        planes, lambda _: [phantom.keyhole(phantom.circle((0, 0), 18.3), phantom.circle((0, 0), 9.1))]
    )
    nested = phantom.stack(
        planes, lambda _: [phantom.circle((0, 0), 20.2), phantom.circle((0, 0), 14.1), phantom.circle((0, 0), 7.3)]
    )
    strokes = phantom.stack(planes, lambda _: [phantom.circle((-5, 0), 11.3), phantom.circle((5, 0), 11.3)])
    uneven = phantom.stack((-12.0, -9.5, -7.0, -2.0, 3.0, 8.0), lambda _: [phantom.circle((3, -4), 12.7)])
    made = {
        **{
            shape.title().replace(" ", ""): contours(shape, planes)
            for shape in ("sphere", "lying cylinder", "lying cone")
        },
        "Ring": ring,
        "Keyhole": keyhole,
        "Nested": nested,
        "Strokes": strokes,
        "UnevenPlanes": uneven,
        "Small": phantom.sphere((4.0, 3.0, 2.0), 3.1, spacing_mm=1.0),
        "TwoPlanes": phantom.stack((0.0, 3.0), lambda _: [phantom.circle((1, 2), 10.4)]),
        "OnePlane": phantom.stack((0.0,), lambda _: [phantom.circle((1, 2), 10.4)]),
        "OnTheRaster": phantom.stack(planes, lambda _: [phantom.rectangle((0, 0), (20.0, 15.0))]),
        "LeavesGrid": phantom.cylinder((10.0, 0.0, 50.0), 9.7, 40.0, spacing_mm=SPACING_MM),
    }
    return [phantom.PhantomStructure(name=name, kind="ORGAN", contours_mm=loops) for name, loops in made.items()]


def dose() -> phantom.PhantomDose:
    """A dose that falls off from a place beside the middle."""

    def value(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.asarray(60.0 * np.exp(-((x - 4.0) ** 2 + (y + 3.0) ** 2 + z**2) / (2.0 * 18.0**2)))

    return phantom.sample_dose(value, first_mm=(-60.0,) * 3, last_mm=(60.0,) * 3, spacing_mm=(SPACING_MM,) * 3)


def write(folder: Path) -> Path:
    """Its three files."""
    return write_case(folder, "CROSSCHECK", structures=structures(), dose=dose())

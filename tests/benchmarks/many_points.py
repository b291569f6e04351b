"""Write a plan of very many contour points: ``many_points.py FOLDER STRUCTURES POINTS``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from case_files import write_case

import phantom

PLANES = 100
POINTS_A_CONTOUR = 2500


def loop(x: float, y: float, z: float, radius: float) -> phantom.Loop:
    """A wavy loop."""
    angle = np.arange(POINTS_A_CONTOUR) * 2 * np.pi / POINTS_A_CONTOUR
    wavy = radius * (1.0 + 0.02 * np.sin(40 * angle))
    return np.stack([x + wavy * np.cos(angle), y + radius * np.sin(angle), np.full(POINTS_A_CONTOUR, z)], axis=1)


def contours(count: int) -> tuple[phantom.Loop, ...]:
    """So many loops on each plane, side by side."""
    side = int(np.ceil(np.sqrt(count)))
    middles = [(-90 + 180 * (i % side + 0.5) / side, -90 + 180 * (i // side + 0.5) / side) for i in range(count)]
    return tuple(loop(x, y, z, 70 / side) for z in np.linspace(-100, 100, PLANES) for x, y in middles)


if __name__ == "__main__":
    folder, structures, points = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    loops = max(points // (structures * PLANES * POINTS_A_CONTOUR), 1)
    made = contours(loops)
    parts = [
        phantom.PhantomStructure(name=f"Organ{number}", kind="ORGAN", contours_mm=made) for number in range(structures)
    ]
    dose = phantom.sample_dose(
        lambda x, y, z: 30 + 0.1 * x + 0.05 * y + 0.02 * z,
        first_mm=(-120.0,) * 3,
        last_mm=(120.0,) * 3,
        spacing_mm=(2.0,) * 3,
    )
    write_case(folder, "Many points", structures=parts, dose=dose)

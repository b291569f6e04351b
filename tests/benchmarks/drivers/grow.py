"""Time as one thing grows: ``grow.py OUT_JSON WHAT SIZE,SIZE...``; processor seconds for each size as JSON.

What is timed is that a plan in memory gets the DVHs of all its structures and is checked against one table: the least
of a few repetitions, for whatever else the machine does only adds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from sbrtcheck import check, compute_dvhs
from sbrtcheck.plan import Contours, DoseGrid, Plan, Prescription, Structure

TABLE = "rtog-0813"
REPEATS = 3


def ring(radius_mm: float, at_mm: tuple[float, float, float], points: int) -> np.ndarray:
    """A circle about a point."""
    angle = np.arange(points) * 2.0 * np.pi / points
    around = radius_mm * np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1)
    return around + np.asarray(at_mm)


def lattice(count: int) -> Iterator[tuple[float, float]]:
    """So many places side by side in a square of 160 mm."""
    side = int(np.ceil(count**0.5))
    for place in range(count):
        yield tuple(160.0 * (cell + 0.5) / side - 80.0 for cell in divmod(place, side))


def loops(count: int) -> list[list[np.ndarray]]:
    """One structure in so many pieces on each of ten planes."""
    return [[ring(3.0, (x, y, z), 24) for z in np.arange(-10.0, 10.0, 2.0) for x, y in lattice(count)]]


def nested(count: int) -> list[list[np.ndarray]]:
    """One structure of so many rings in one another on each of ten planes: holes and islands in turn."""
    radii_mm = 5.0 + 80.0 * np.arange(1, count + 1) / count
    return [[ring(radius, (0.0, 0.0, z), 48) for z in np.arange(-10.0, 10.0, 2.0) for radius in radii_mm.tolist()]]


def structures(count: int) -> list[list[np.ndarray]]:
    """So many small structures."""
    return [[ring(5.0, (x, y, z), 40) for z in np.arange(-10.0, 10.0, 2.0)] for x, y in lattice(count)]


def planes(count: int) -> list[list[np.ndarray]]:
    """One structure of 160 mm on so many planes."""
    return [[ring(30.0, (0.0, 0.0, z), 200) for z in np.linspace(-80.0, 80.0, count)]]


def points(count: int) -> list[list[np.ndarray]]:
    """One structure, so many points on each of its 40 planes."""
    return [[ring(60.0, (0.0, 0.0, z), count) for z in np.arange(-40.0, 40.0, 2.0)]]


MAKERS: dict[str, Callable[[int], list[list[np.ndarray]]]] = {
    "loops a plane": loops,
    "loops in one another a plane": nested,
    "structures": structures,
    "planes": planes,
    "points a contour": points,
}


def plan_of(made: list[list[np.ndarray]]) -> Plan:
    """The structures in a dose that falls off from the middle, on a grid of 2.5 mm."""
    axis = np.arange(-100.0, 101.0, 2.5)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    values = 60.0 * np.exp(-(x**2 + y**2 + z**2) / 40.0**2)
    return Plan(
        dose=DoseGrid.axial(values, origin_mm=(-100.0,) * 3, spacing_mm=(2.5,) * 3),
        structures=tuple(
            Structure(name="PTV" if number == 1 else f"Organ {number}", number=number, contours=Contours.of(*contours))
            for number, contours in enumerate(made, start=1)
        ),
        prescription=Prescription(dose_gy=50.0, fractions=5),
    )


def seconds(plan: Plan) -> float:
    """Of the processor, for DVHs and a check."""
    started = time.process_time()
    compute_dvhs(plan)
    check(plan, TABLE)
    return time.process_time() - started


if __name__ == "__main__":
    out, what, sizes = sys.argv[1:]
    seconds(plan_of(MAKERS[what](5)))  # imports
    found = [min(seconds(plan_of(MAKERS[what](int(size)))) for _ in range(REPEATS)) for size in sizes.split(",")]
    Path(out).write_text(json.dumps(found), encoding="utf-8")

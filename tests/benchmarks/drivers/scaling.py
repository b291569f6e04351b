"""How time grows: ``scaling.py OUT_JSON SERIES SIZE ROUNDS``; processor seconds of one step at one size, each round.

A series is named in `SERIES`: what is made for a size, and what is timed on it. Structures are made in memory: what
grows with text is timed by the benchmarks of whole files.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np

from sbrtcheck import compute_dvhs
from sbrtcheck.plan import Contours, DoseGrid, Plan, Prescription, Structure
from sbrtcheck.structure_names import RoiName, match_structures

ORGANS = ("PTV", "GTV", "Heart", "Lungs", "Lungs-GTV", "SpinalCord", "Esophagus", "Liver", "Rib", "Skin", "Trachea")
NAMES = (
    "Heart",
    "Lung_L",
    "Cord PRV",
    "zRing",
    "PTV_5000",
    "Dose 20 Gy",
    "Oesophagus",
    "Rippe",
    "Stomach old",
    "Plexus",
)

ROUND = count()

Loop = np.ndarray


def ring(x: float, y: float, z: float, radius: float, points: int) -> Loop:
    """A loop that is wavy, so that it is not seen to be simple at once."""
    angle = np.arange(points) * 2 * np.pi / points
    wavy = radius * (1.0 + 0.05 * np.sin(9 * angle))
    return np.stack([x + wavy * np.cos(angle), y + wavy * np.sin(angle), np.full(points, z)], axis=1)


def places(number: int) -> list[tuple[float, float]]:
    """Middles of so many loops on a square lattice of 100 mm."""
    side = int(np.ceil(np.sqrt(number)))
    return [(-50 + 100 * (i % side + 0.5) / side, -50 + 100 * (i // side + 0.5) / side) for i in range(number)]


def plan_of(*structures: list[Loop]) -> Plan:
    axis = np.arange(-60.0, 60.1, 4.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    made = (
        Structure(name=f"Organ{number}", number=number, kind="ORGAN", contours=Contours.of(*loops))
        for number, loops in enumerate(structures)
    )
    dose = DoseGrid.axial(30 + 0.2 * x + 0.1 * y + 0.05 * z, origin_mm=(-60.0,) * 3, spacing_mm=(4.0,) * 3)
    return Plan(dose=dose, structures=tuple(made), prescription=Prescription(dose_gy=50.0, fractions=5))


def heights(planes: int) -> list[float]:
    return list(np.linspace(-50, 50, planes))


def apart(loops: int) -> Plan:
    """Loops side by side on each of four planes."""
    radius = 40.0 / np.sqrt(loops)
    return plan_of([ring(x, y, z, radius, 40) for z in heights(4) for x, y in places(loops)])


def holes(loops: int) -> Plan:
    """The same as holes of one large loop."""
    radius = 40.0 / np.sqrt(loops)
    return plan_of(
        [
            loop
            for z in heights(4)
            for loop in (ring(0, 0, z, 90, 400), *(ring(*p, z, radius, 40) for p in places(loops)))
        ]
    )


def touching(loops: int) -> Plan:
    """Loops that each cross their neighbours."""
    radius = 60.0 / np.sqrt(loops)
    return plan_of([ring(x, y, z, radius, 40) for z in heights(4) for x, y in places(loops)])


def structures(number: int) -> Plan:
    return plan_of(*([ring(k % 7, 0, z, 15, 60) for z in heights(20)] for k in range(number)))


def planes(number: int) -> Plan:
    return plan_of([ring(0, 0, z, 30, 60) for z in heights(number)])


def points(number: int) -> Plan:
    return plan_of([ring(0, 0, z, 40, number) for z in heights(20)])


def dvhs(plan: Plan) -> object:
    return compute_dvhs(plan)


def names(number: int) -> list[RoiName]:
    """Structures of ordinary names with a number behind them, others each time: what a name says is remembered."""
    first = next(ROUND) * number
    return [RoiName(name=f"{NAMES[k % len(NAMES)]}_{first + k}", number=k, kind="ORGAN") for k in range(number)]


def long_names(letters: int) -> list[RoiName]:
    """One name of so many letters."""
    return [RoiName(name=f"{next(ROUND)}{'Heart old ' * letters}"[:letters], number=1)]


def matches(rois: list[RoiName]) -> object:
    return match_structures(ORGANS, rois)


SERIES: dict[str, tuple[Callable[[int], object], Callable[..., object]]] = {
    "loops apart": (apart, dvhs),
    "loops as holes": (holes, dvhs),
    "loops that cross": (touching, dvhs),
    "structures": (structures, dvhs),
    "planes": (planes, dvhs),
    "points": (points, dvhs),
    "names": (names, matches),
    "letters of a name": (long_names, matches),
}


if __name__ == "__main__":
    out, series, size, rounds = sys.argv[1:]
    make, step = SERIES[series]
    step(make(2))  # imports and first calls do not count
    seconds = []
    for _ in range(int(rounds)):
        made = make(int(size))
        started = time.process_time()
        step(made)
        seconds.append(time.process_time() - started)
    Path(out).write_text(json.dumps(seconds), encoding="utf-8")

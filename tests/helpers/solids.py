"""Small plans in memory: polygons on planes and analytic doses, and slow reference computations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from sbrtcheck.plan import Contours, DoseGrid, Plan, Prescription, Structure

Array = npt.NDArray[np.float64]
Dose = Callable[[Array, Array, Array], Array]


def ring(radius: float, z: float, *, centre: tuple[float, float] = (0.0, 0.0), points: int = 90) -> Array:
    angle = np.arange(points) * 2 * np.pi / points
    x, y = centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)
    return np.stack([x, y, np.full(points, z)], axis=1)


def rectangle(x0: float, x1: float, y0: float, y1: float, z: float) -> Array:
    return np.array([[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]])


def star(angles: Sequence[float], radii: Sequence[float], z: float, centre: tuple[float, float]) -> Array:
    """A polygon around its centre, one corner a sector: it never crosses itself."""
    a = (np.arange(len(angles)) + np.asarray(angles)) * 2 * np.pi / len(angles)
    r = np.asarray(radii)[: len(a)]
    return np.stack([centre[0] + r * np.cos(a), centre[1] + r * np.sin(a), np.full(len(a), z)], axis=1)


def grid(dose: Dose, *, half_mm: float = 30.0, spacing_mm: float = 2.0, shift_mm: float = 0.0) -> DoseGrid:
    axis = np.arange(-half_mm, half_mm + spacing_mm / 2, spacing_mm) + shift_mm
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return DoseGrid.axial(dose(x, y, z), origin_mm=(axis[0],) * 3, spacing_mm=(spacing_mm,) * 3)


def structure(
    name: str, *contours: npt.ArrayLike, number: int = 1, kind: str = "ORGAN", exclusive_or: bool = False
) -> Structure:
    made = Contours.of(*contours)
    return Structure(name=name, number=number, kind=kind, contours=made, exclusive_or=exclusive_or)


def plan(dose: DoseGrid, *structures: Structure, dose_gy: float = 50.0, fractions: int = 5) -> Plan:
    return Plan(dose=dose, structures=structures, prescription=Prescription(dose_gy=dose_gy, fractions=fractions))


def along_x(gradient: float = 1.0, middle: float = 20.0) -> Dose:
    return lambda x, y, z: middle + gradient * x + 0 * y + 0 * z


def uniform(dose_gy: float) -> Dose:
    return lambda x, y, z: np.full(np.broadcast_shapes(x.shape, y.shape, z.shape), dose_gy)


def shoelace_mm2(polygon: Array) -> float:
    x, y = polygon[:, 0], polygon[:, 1]
    return abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))) / 2


def odd_inside(x: Array, y: Array, polygons: Sequence[Array]) -> npt.NDArray[np.bool_]:
    """Even-odd rule, an edge at a time."""
    inside = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=bool)
    for polygon in polygons:
        for (x0, y0, *_), (x1, y1, *_) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if y0 != y1:
                spans = (y0 > y) != (y1 > y)
                inside ^= spans & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return inside


def trilinear(dose: DoseGrid, x: Array, y: Array, z: Array) -> Array:
    """Trilinear dose of an axial grid at points between its grid points: eight corners, eight weights."""
    steps = (*dose.spacing_mm, float(dose.offsets_mm[1]))
    place = [(p - o) / s for p, o, s in zip((x, y, z), dose.origin_mm, steps, strict=True)]
    values = dose.values_gy
    cell = [np.clip(np.floor(p).astype(int), 0, n - 2) for p, n in zip(place, values.shape[::-1], strict=True)]
    share = [p - c for p, c in zip(place, cell, strict=True)]
    total = np.zeros(x.shape)
    for corner in np.ndindex(2, 2, 2):
        weight = np.ones(x.shape)
        for axis in range(3):
            weight = weight * (share[axis] if corner[axis] else 1 - share[axis])
        total += weight * values[cell[2] + corner[2], cell[1] + corner[1], cell[0] + corner[0]]
    return total


def sampled_doses(dose: DoseGrid, slabs: Sequence[tuple[float, float, Sequence[Array]]], step_mm: float) -> Array:
    """Doses at the points of a fine lattice that lie in the slabs ``(bottom, top, polygons)``."""
    found = []
    for bottom, top, polygons in slabs:
        low = np.min([p[:, :2].min(axis=0) for p in polygons], axis=0)
        high = np.max([p[:, :2].max(axis=0) for p in polygons], axis=0)
        layers = max(round((top - bottom) / step_mm), 1)
        z = bottom + (np.arange(layers) + 0.5) * (top - bottom) / layers
        x = np.arange(low[0] + step_mm / 2, high[0], step_mm)
        y = np.arange(low[1] + step_mm / 2, high[1], step_mm)
        zz, yy, xx = np.meshgrid(z, y, x, indexing="ij")
        inside = odd_inside(xx[0], yy[0], polygons)
        keep = np.broadcast_to(inside, xx.shape)
        found.append(trilinear(dose, xx[keep], yy[keep], zz[keep]))
    return np.concatenate(found)


angles = st.lists(st.floats(0.05, 0.95), min_size=5, max_size=12)
radii = st.lists(st.floats(3.0, 12.0), min_size=12, max_size=12)
centres = st.tuples(st.floats(-6, 6), st.floats(-6, 6))


@st.composite
def star_structures(draw: st.DrawFn, *, name: str = "Organ") -> Structure:
    """Two to five star polygons on planes 2.5 mm apart."""
    count = draw(st.integers(2, 5))
    centre = draw(centres)
    planes = [star(draw(angles), draw(radii), 2.5 * i - 5.0, centre) for i in range(count)]
    return structure(name, *planes)

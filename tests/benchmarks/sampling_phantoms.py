"""Random solids in random doses, known everywhere, and what a plan keeps of them: contours on planes and a dose grid.

Spheres, ellipsoids, cylinders and cones of 3 to 60 mm, turned at random or upright; planes 1 to 5 mm and dose grids 1
to 3 mm apart, at random places; dose that rises evenly, peaks, or falls off as a penumbra. The *truth* of a metric is
that of the solid in the formula of the dose: the mean over some hundred thousand points spread evenly in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shop  # noqa: F401 - puts the examples, with the phantom writer, on the path

import phantom
from sbrtcheck.plan import Plan

FloatArray = phantom.FloatArray

SHAPES = ("sphere", "ellipsoid", "cylinder", "cone")
DOSES = ("linear", "peak", "penumbra")
PLANES_MM = (1.0, 2.0, 3.0, 5.0)
GRIDS_MM = (1.0, 2.0, 3.0)
SIZES_MM = (3.0, 60.0)
POINTS = 150_000
"""At which the truth is averaged; half as many move no metric by more than a tenth of what is estimated."""
RAYS = 240
"""Corners of a contour."""
TOP_GY = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingPhantom:
    """One solid, one dose, and how both are sampled.

    ``inside`` and ``dose`` take points, shape ``(n, 3)``, mm; the solid lies in a box of ``reach_mm`` about 0.
    """

    shape: str
    kind: str
    size_mm: float
    planes_mm: float
    grid_mm: float
    inside: Callable[[FloatArray], FloatArray]
    dose: Callable[[FloatArray], FloatArray]
    reach_mm: float
    heights_mm: tuple[float, ...]
    offset_mm: FloatArray
    seed: int

    def plan(self) -> Plan | None:
        """What a planning system would export: the contours as drawn, the dose at the grid's points.

        None where no plane meets the solid.
        """
        loops = tuple(loop for z in self.heights_mm if (loop := self._contour(z)) is not None)
        if not loops:
            return None
        around = self.reach_mm + 4.0 * self.grid_mm
        first = -around + self.offset_mm
        dose = phantom.sample_dose(
            lambda x, y, z: self.dose(np.stack(np.broadcast_arrays(x, y, z), axis=-1)),
            first_mm=tuple(first),
            last_mm=(around + self.grid_mm,) * 3,
            spacing_mm=(self.grid_mm,) * 3,
        )
        # a second structure on all planes says how far apart they are, as a body does
        frame = phantom.rectangle((0.0, 0.0), (2.0 * self.reach_mm, 2.0 * self.reach_mm))
        more = (self.heights_mm[0] - self.planes_mm, *self.heights_mm, self.heights_mm[-1] + self.planes_mm)
        structures = [
            phantom.PhantomStructure(name="Solid", contours_mm=loops),
            phantom.PhantomStructure(name="Body", contours_mm=phantom.stack(more, lambda _: [frame])),
        ]
        return phantom.in_memory(structures, dose, phantom.PhantomPrescription(dose_gy=TOP_GY, fractions=5))

    def _contour(self, z: float) -> FloatArray | None:
        """The outline at a height: rays from the middle of what lies inside, halved until they end at the surface."""
        side = np.linspace(-self.reach_mm, self.reach_mm, 121)
        x, y = (a.ravel() for a in np.meshgrid(side, side))
        found = self.inside(np.column_stack([x, y, np.full(len(x), z)]))
        if found.sum() < 6:
            return None
        middle = np.array([x[found].mean(), y[found].mean()])
        angle = np.arange(RAYS) * (2.0 * np.pi / RAYS)
        along = np.column_stack([np.cos(angle), np.sin(angle)])
        low, high = np.zeros(RAYS), np.full(RAYS, 3.0 * self.reach_mm)
        for _ in range(40):
            half = (low + high) / 2.0
            at = np.column_stack([middle + along * half[:, None], np.full(RAYS, z)])
            within = self.inside(at)
            low, high = np.where(within, half, low), np.where(within, high, half)
        return np.column_stack([middle + along * low[:, None], np.full(RAYS, z)])

    def truth(self) -> Truth:
        """The solid's own DVH."""
        # an additive recurrence fills a box more evenly than random points do (Roberts 2018, on Kronecker sequences)
        g = 1.22074408460575947536
        whole = (2.0 * self.reach_mm) ** 3
        share = max(float(self.inside(self._spread(20_000, g)).mean()), 0.02)
        points = self._spread(int(POINTS / share), g)
        within = points[self.inside(points)]
        return Truth(volume_cc=whole * len(within) / len(points) / 1000.0, doses_gy=np.sort(self.dose(within))[::-1])

    def _spread(self, number: int, g: float) -> FloatArray:
        n = np.arange(1, number + 1)[:, None]
        unit = (0.5 + n * np.array([1.0 / g, 1.0 / g**2, 1.0 / g**3])) % 1.0
        return (2.0 * unit - 1.0) * self.reach_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A DVH as doses of equal volumes, the hottest first."""

    volume_cc: float
    doses_gy: FloatArray

    def dose_at(self, volume_cc: float) -> float:
        place = volume_cc / self.volume_cc * len(self.doses_gy) - 0.5
        return float(np.interp(place, np.arange(len(self.doses_gy)), self.doses_gy))

    def volume_at(self, dose_gy: float) -> float:
        return self.volume_cc * float(np.mean(self.doses_gy >= dose_gy))

    @property
    def mean_gy(self) -> float:
        return float(self.doses_gy.mean())


def random_phantom(seed: int) -> SamplingPhantom:
    """One phantom; the same for the same number."""
    rng = np.random.default_rng(seed)
    shape, kind = str(rng.choice(SHAPES)), str(rng.choice(DOSES))
    size = float(np.exp(rng.uniform(*np.log(SIZES_MM))))
    spacing, grid = float(rng.choice(PLANES_MM)), float(rng.choice(GRIDS_MM))
    inside, reach = _solid(shape, size, rng)
    first = -reach - rng.uniform(0.0, spacing)
    heights = tuple(float(z) for z in np.arange(first, reach + spacing, spacing))
    return SamplingPhantom(
        shape=shape,
        kind=kind,
        size_mm=size,
        planes_mm=spacing,
        grid_mm=grid,
        inside=inside,
        dose=_dose(kind, size, rng),
        reach_mm=reach,
        heights_mm=heights,
        offset_mm=rng.uniform(0.0, grid, 3),
        seed=seed,
    )


def _solid(shape: str, size: float, rng: np.random.Generator) -> tuple[Callable[[FloatArray], FloatArray], float]:
    """Whether points lie inside, and half the side of a box that holds the solid."""
    half = size / 2.0
    turn = _turned(rng) if shape == "ellipsoid" or rng.random() < 0.5 else np.eye(3)
    semi = half * np.array([1.0, *rng.uniform(0.5, 1.0, 2)])
    tall = half * rng.uniform(0.6, 1.5)

    def inside(points: FloatArray) -> FloatArray:
        at = points @ turn
        across = np.hypot(at[:, 0], at[:, 1])
        if shape in ("sphere", "ellipsoid"):
            return np.sum((at / (semi if shape == "ellipsoid" else half)) ** 2, axis=1) <= 1.0
        upright = np.abs(at[:, 2]) <= tall
        if shape == "cylinder":
            return upright & (across <= half)
        return upright & (across <= half * (tall - at[:, 2]) / (2.0 * tall))

    return inside, float(np.hypot(half, tall) if shape in ("cylinder", "cone") else half)


def _turned(rng: np.random.Generator) -> FloatArray:
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q


def _dose(kind: str, size: float, rng: np.random.Generator) -> Callable[[FloatArray], FloatArray]:
    """A dose that is known everywhere, Gy at points in mm."""
    along = _turned(rng)[0]
    if kind == "linear":
        slope = float(np.exp(rng.uniform(np.log(0.1), np.log(3.0))))
        middle = rng.uniform(10.0, TOP_GY)
        return lambda p: np.maximum(middle + slope * (p @ along), 0.0)
    place = along * rng.uniform(0.0, 0.75) * size
    if kind == "peak":
        width = max(rng.uniform(0.3, 1.5) * size, 4.0)
        return lambda p: TOP_GY * np.exp(-np.sum((p - place) ** 2, axis=-1) / (2.0 * width**2))
    # a target of some radius, around it a fall-off from 80 to 20 % over 3 to 12 mm
    from scipy.special import erfc

    radius, sigma = rng.uniform(5.0, 20.0), rng.uniform(3.0, 12.0) / 1.68
    centre = along * (radius + rng.uniform(-0.75, 0.75) * size)
    low = rng.uniform(0.0, 0.1)

    def penumbra(p: FloatArray) -> FloatArray:
        away = np.linalg.norm(p - centre, axis=-1) - radius
        return TOP_GY * (low + (1.0 - low) * erfc(away / (sigma * np.sqrt(2.0))) / 2.0)

    return penumbra

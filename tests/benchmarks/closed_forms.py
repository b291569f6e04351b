"""Five solids of 24 mm in a dose that rises evenly: what any DVH of them should say, as formulas.

After the test set of Nelms et al. 2015 (doi:10.1118/1.4923175): a sphere, a cylinder and a cone that stand along z, and
the two that lie along y. ``beyond(u)`` is the volume in mm3 with a coordinate along the gradient of at least u mm from
the middle; with R the radius, H the height, h = H / 2 and q = sqrt(R**2 - u**2)::

    sphere             pi (R - u)**2 (2 R + u) / 3
    cylinder, along    pi R**2 (h - u)
    cylinder, across   H (R**2 acos(u / R) - u q)
    cone, along        pi R**2 (h - u)**3 / (3 H**2), its tip up the gradient
    cone, across       H / R (R**3 acos(u / R) - 2 u R q + u**3 log((R + q) / u)) / 3 for u > 0, mirrored below

Each is an integral of the area cut at a height: of discs, of segments of a circle, of segments of discs that grow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import acos, log, pi, sqrt

import numpy as np
import shop  # noqa: F401 - puts the examples, with the phantom writer, on the path

import phantom

R, H = 12.0, 24.0
HALF = H / 2.0
FULL_CC = {"sphere": 4 * pi * R**3 / 3000, "cylinder": pi * R**2 * H / 1000, "cone": pi * R**2 * H / 3000}

SHAPES = ("sphere", "standing cylinder", "lying cylinder", "standing cone", "lying cone")
GRADIENTS = ("SI", "AP")
ENDPOINTS = ("Volume", "Mean", "D99%", "D95%", "D50%", "D5%", "D1%", "D0.03cc")

Beyond = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A DVH as a formula: dose is ``middle_gy + u`` with u from ``low_mm`` to ``high_mm``, 1 Gy/mm."""

    beyond: Beyond
    low_mm: float
    high_mm: float
    middle_gy: float

    @property
    def volume_cc(self) -> float:
        return self.beyond(self.low_mm) / 1000.0

    def volume_at(self, dose_gy: float) -> float:
        """Volume in cc with at least that dose."""
        return self.beyond(min(max(dose_gy - self.middle_gy, self.low_mm), self.high_mm)) / 1000.0

    def dose_at(self, volume_cc: float) -> float:
        """Dose in Gy that a volume gets at least, by bisection."""
        low, high = self.low_mm, self.high_mm
        for _ in range(60):
            u = (low + high) / 2.0
            low, high = (u, high) if self.beyond(u) >= 1000.0 * volume_cc else (low, u)
        return self.middle_gy + low

    def mean_gy(self, steps: int = 4000) -> float:
        """Mean dose: the smallest, and the area under the cumulative curve over the volume."""
        edges = np.linspace(self.low_mm, self.high_mm, steps + 1)
        under = np.trapezoid([self.beyond(float(u)) for u in edges], edges)
        return self.middle_gy + self.low_mm + float(under) / (1000.0 * self.volume_cc)

    def endpoints(self) -> dict[str, float]:
        """Volume in cc and the doses in Gy of `ENDPOINTS`."""
        values = {"Volume": self.volume_cc, "Mean": self.mean_gy()}
        return values | {name: self.dose_at(volume_of(name, self.volume_cc)) for name in ENDPOINTS[2:]}


def volume_of(endpoint: str, whole_cc: float) -> float:
    """The volume in cc of ``D95%`` or ``D0.03cc``."""
    text = endpoint.removeprefix("D")
    return float(text[:-1]) / 100.0 * whole_cc if text.endswith("%") else float(text[:-2])


def ideal(shape: str, gradient: str, *, middle_gy: float, cap_mm: float = 0.0) -> Truth:
    """The solid itself; ``cap_mm`` lengthens flat ends along z by so much each."""
    kind = shape.rsplit(maxsplit=1)[-1]
    along = shape.startswith("standing") == (gradient == "SI") and kind != "sphere"
    cap = cap_mm if shape.startswith("standing") else 0.0
    beyond = {
        ("sphere", False): lambda u: pi * (R - u) ** 2 * (2 * R + u) / 3,
        ("cylinder", True): lambda u: pi * R**2 * (HALF + cap - u),
        ("cylinder", False): lambda u: (H + 2 * cap) * _segment(u),
        ("cone", True): _cone_along,
        ("cone", False): lambda u: _cone_across(u) + cap * _segment(u),
    }[kind, along]
    grows = cap if along else 0.0
    high = HALF + (grows if kind == "cylinder" else 0.0)
    return Truth(beyond=beyond, low_mm=-HALF - grows, high_mm=high, middle_gy=middle_gy)


def _segment(u: float) -> float:
    """Area of a disc beyond a chord at u."""
    return R**2 * acos(min(max(u / R, -1.0), 1.0)) - u * sqrt(max(R**2 - u**2, 0.0))


def _cone_along(u: float) -> float:
    """A cone with its tip up the gradient; below its base, a cap of the base's size."""
    return pi * R**2 * ((HALF - max(u, -HALF)) ** 3 / (3 * H**2) + max(-HALF - u, 0.0))


def _cone_across(u: float) -> float:
    if u <= 0.0:
        return pi * R**2 * H / 3 - (_cone_across(-u) if u < 0.0 else pi * R**2 * H / 6)
    q = sqrt(max(R**2 - u**2, 0.0))
    return H / R * (R**3 * acos(min(u / R, 1.0)) - 2 * u * R * q + u**3 * log((R + q) / u)) / 3


# The same solids as contours


def contours(shape: str, planes_mm: Sequence[float], *, points: int = 720) -> tuple[phantom.Loop, ...]:
    """Contours of a solid on planes; none where it has no area."""
    return phantom.stack(planes_mm, lambda z: _outline(shape, z, points))


def _outline(shape: str, z: float, points: int) -> list[phantom.Outline]:
    if abs(z) > HALF + 1e-9 or (shape != "standing cylinder" and _closed_at(shape, z)):
        return []
    if shape == "lying cylinder":
        return [phantom.rectangle((0.0, 0.0), (2.0 * sqrt(R**2 - z**2), H))]
    if shape == "lying cone":
        return [_hyperbola(abs(z), points)]
    radius = {"sphere": sqrt(max(R**2 - z**2, 0.0)), "standing cylinder": R, "standing cone": R * (HALF - z) / H}
    return [phantom.circle((0.0, 0.0), radius[shape], points=points)]


def _closed_at(shape: str, z: float) -> bool:
    """Whether a solid has narrowed to nothing at a height."""
    return HALF - z < 1e-9 if shape == "standing cone" else HALF - abs(z) < 1e-9


def _hyperbola(z: float, points: int) -> phantom.Outline:
    """A plane at a height over the axis of a cone along y, its tip at the back: ``x**2 + z**2 = radius(y)**2``."""
    x_end = sqrt(R**2 - z**2)
    end = np.arcsinh(x_end / z) if z > 0.0 else 0.0
    x = z * np.sinh(np.linspace(-end, end, points)) if z > 0.0 else np.array([-x_end, 0.0, x_end])
    return np.stack([x, HALF - np.sqrt(x**2 + z**2) * H / R], axis=1)


# What the contours themselves say, taken as slabs


def slabs(loops: Sequence[phantom.Loop], spacing_mm: float, gradient: str, *, middle_gy: float) -> Truth:
    """The DVH of prisms as thick as the plane spacing, exact for these polygons: no loop lies in another."""
    heights = np.array([loop[0, 2] for loop in loops])
    areas = np.array([phantom.area_mm2(loop[:, :2]) for loop in loops])

    def beyond_si(u: float) -> float:
        return float(np.sum(areas * np.clip(heights + spacing_mm / 2.0 - u, 0.0, spacing_mm)))

    def beyond_ap(u: float) -> float:
        return spacing_mm * sum(area_beyond(loop[:, :2], u) for loop in loops)

    if gradient == "SI":
        low, high = float(heights.min()) - spacing_mm / 2.0, float(heights.max()) + spacing_mm / 2.0
        return Truth(beyond=beyond_si, low_mm=low, high_mm=high, middle_gy=middle_gy)
    low, high = (float(f([f(loop[:, 1]) for loop in loops])) for f in (min, max))
    return Truth(beyond=beyond_ap, low_mm=low, high_mm=high, middle_gy=middle_gy)


def area_beyond(outline: phantom.Outline, y: float) -> float:
    """Area of a polygon at and above y: cut by the line, whatever its shape; the pieces along the line enclose none."""
    inside = outline[:, 1] >= y
    after = np.roll(outline, -1, axis=0)
    crosses = inside != np.roll(inside, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = ((y - outline[:, 1]) / (after[:, 1] - outline[:, 1]))[:, None]
        cut = outline + share * (after - outline)
    both = np.stack([outline, cut], axis=1)[np.stack([inside, crosses], axis=1)]
    return phantom.area_mm2(both) if len(both) > 2 else 0.0

"""A mask of voxels and contours of the same body: DVHs that agree within their bounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sqrt

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import sbrtcheck
from sbrtcheck import DVH, Plan
from sbrtcheck.dvh import Bounds

POINTS = 240  # of a circle
HALF_MM = 33.0  # of the dose grid
PEAK_GY, WIDTH_MM = 60.0, 18.0

millimetres = st.floats(1.0, 3.0)
offsets = st.floats(-1.5, 1.5)


@dataclass(frozen=True)
class Ball:
    """A ball, and voxels on which it is a mask."""

    radius_mm: float
    middle_mm: tuple[float, float, float]
    spacing_mm: tuple[float, float, float]

    @property
    def half_diagonal_mm(self) -> float:
        return sqrt(sum(mm**2 for mm in self.spacing_mm)) / 2

    @property
    def places(self) -> list[np.ndarray]:
        """Middles of the voxels along x, y and z."""
        counts = [int((self.radius_mm + 2.0) / mm) + 2 for mm in self.spacing_mm]
        return [mm * np.arange(-n, n + 1) for mm, n in zip(self.spacing_mm, counts, strict=True)]

    @property
    def mask(self) -> np.ndarray:
        x, y, z = self.places
        a, b, c = self.middle_mm
        distance = (z[:, None, None] - c) ** 2 + (y[:, None] - b) ** 2 + (x - a) ** 2
        return np.asarray(distance < self.radius_mm**2)

    def circles(self, radius_mm: float) -> list[np.ndarray]:
        """Contours of a ball of that radius, on the planes of the mask's layers."""
        a, b, c = self.middle_mm
        angle = 2 * pi * np.arange(POINTS) / POINTS
        rings = [(z, sqrt(max(radius_mm**2 - (z - c) ** 2, 0.0))) for z in self.places[2]]
        return [
            np.column_stack([a + r * np.cos(angle), b + r * np.sin(angle), np.full(POINTS, z)])
            for z, r in rings
            if r > 0
        ]

    def edges_of_voxels(self) -> list[np.ndarray]:
        """Contours around the mask, traced row by row: of a ball every row is one run, and runs of rows overlap."""
        x, y, z = self.places
        half_x, half_y = self.spacing_mm[0] / 2, self.spacing_mm[1] / 2
        loops = []
        for layer, height in zip(self.mask, z, strict=True):
            left, right = [], []
            for row, at in zip(layer, y, strict=True):
                inside = x[row]
                if len(inside):
                    left += [(inside[0] - half_x, at - half_y, height), (inside[0] - half_x, at + half_y, height)]
                    right += [(inside[-1] + half_x, at - half_y, height), (inside[-1] + half_x, at + half_y, height)]
            if left:
                loops.append(np.array(left + right[::-1]))
        return loops


balls = st.builds(
    Ball,
    radius_mm=st.floats(6.0, 14.0),
    middle_mm=st.tuples(offsets, offsets, offsets),
    spacing_mm=st.tuples(millimetres, millimetres, millimetres),
)


def dose_gy(ball: Ball, spacing_mm: float) -> tuple[np.ndarray, float]:
    """A dose that falls in all directions from the middle of the ball, and where its grid begins."""
    count = int(HALF_MM / spacing_mm)
    at = spacing_mm * np.arange(-count, count + 1)
    a, b, c = ball.middle_mm
    squared = (at[:, None, None] - c) ** 2 + (at[:, None] - b) ** 2 + (at - a) ** 2
    return PEAK_GY * np.exp(-squared / WIDTH_MM**2), -spacing_mm * count


def of_mask(ball: Ball, grid_mm: float) -> DVH:
    dose, begin = dose_gy(ball, grid_mm)
    x, y, z = ball.places
    affine = np.diag([-ball.spacing_mm[0], -ball.spacing_mm[1], ball.spacing_mm[2], 1.0])  # RAS+, so x and y turn round
    affine[:3, 3] = -x[0], -y[0], z[0]
    dose_affine = np.diag([-grid_mm, -grid_mm, grid_mm, 1.0])
    dose_affine[:3, 3] = -begin, -begin, begin
    made = Plan.from_masks(dose.T, {"Ball": ball.mask.T}, affine=affine, dose_affine=dose_affine, prescription=(50, 5))
    return sbrtcheck.compute_dvhs(made)["Ball"]


def of_contours(ball: Ball, grid_mm: float, loops: list[np.ndarray]) -> DVH:
    dose, begin = dose_gy(ball, grid_mm)
    made = Plan.from_arrays(
        dose, spacing_mm=(grid_mm,) * 3, origin_mm=(begin,) * 3, contours={"Ball": loops}, prescription=(50, 5)
    )
    return sbrtcheck.compute_dvhs(made)["Ball"]


def overlap(one: Bounds, other: Bounds, *, slack: float = 1e-9) -> bool:
    return one.low <= other.high + slack and other.low <= one.high + slack


@settings(deadline=None, max_examples=25)
@given(balls, st.floats(2.0, 3.0))
def test_a_mask_and_the_contours_of_its_edges_are_one_body(ball: Ball, grid_mm: float) -> None:
    mask, contours = of_mask(ball, grid_mm), of_contours(ball, grid_mm, ball.edges_of_voxels())
    voxels_cc = ball.mask.sum() * np.prod(ball.spacing_mm) / 1000
    assert abs(mask.volume - voxels_cc) <= 1e-9 * voxels_cc
    assert abs(contours.volume - voxels_cc) <= 1e-9 * voxels_cc
    assert overlap(mask.mean_gy, contours.mean_gy)
    assert overlap(mask.max_gy, contours.max_gy)
    assert overlap(mask.min_gy, contours.min_gy)
    for gy in np.linspace(5.0, 60.0, 12):
        assert overlap(mask.volume_at_dose(gy), contours.volume_at_dose(gy))
    for share in (0.02, 0.1, 0.5, 0.9, 0.98):
        cc = share * voxels_cc
        assert overlap(mask.dose_at_volume(cc), contours.dose_at_volume(cc))


@settings(deadline=None, max_examples=25)
@given(balls, st.floats(2.0, 3.0))
def test_a_mask_of_a_ball_and_its_circles_agree_but_for_the_shell_that_voxels_cannot_tell(
    ball: Ball, grid_mm: float
) -> None:
    """Voxels and slabs are at most half a diagonal off the ball; what lies deeper is in both of them."""
    chord_mm = ball.radius_mm * (1 - cos(pi / POINTS))
    off_mm = ball.half_diagonal_mm + chord_mm + 1e-6
    assume(ball.radius_mm > 2 * off_mm + 1.0)
    mask, contours = of_mask(ball, grid_mm), of_contours(ball, grid_mm, ball.circles(ball.radius_mm))
    smaller = of_contours(ball, grid_mm, ball.circles(ball.radius_mm - 2 * off_mm))
    larger = of_contours(ball, grid_mm, ball.circles(ball.radius_mm + 2 * off_mm))
    # a trilinear dose is off by at most h^2/8 of each axis' second derivative, of which 2 / width^2 is the largest
    slack_gy = 3 * grid_mm**2 / 8 * 2 / WIDTH_MM**2 * PEAK_GY
    at_depth = PEAK_GY * np.exp(-((ball.radius_mm - off_mm) ** 2) / WIDTH_MM**2) + slack_gy
    for gy in np.linspace(5.0, 60.0, 12):
        found = mask.volume_at_dose(gy)
        if gy > at_depth:  # all that receives so much lies deeper than the shell
            assert overlap(found, contours.volume_at_dose(gy))
        assert smaller.volume_at_dose(gy).low <= found.high + 1e-9
        assert found.low <= larger.volume_at_dose(gy).high + 1e-9
    assert smaller.volume < mask.volume < larger.volume
    assert overlap(mask.max_gy, contours.max_gy)

"""Bounds on the share of a box, and of its part in an outline, above a dose: against lines through it, one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrtcheck.geometry.isodose_shares import SHARE_ROUNDING, parts_above, shares_above
from sbrtcheck.geometry.polygons import Edges
from solids import Array

LINES = 100, 1200
"""Along w, and along v, where outlines have corners."""

SLACK = 1e-6
"""Doses so near each other are one."""

seeds = st.integers(0, 2**32 - 1)
steepness = st.sampled_from([0.0, 1e-4, -0.01, 0.3, -1.0, 2.5])
bends = st.sampled_from([0.0, 0.003, 0.05, 0.2, 1.0])


def a_box(rng: np.random.Generator, slopes: tuple[float, float, float], bend: float) -> Array:
    """Corner doses that rise along w, v and u, and are bent."""
    w, v, u = np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0], indexing="ij")
    bent = bend * rng.uniform(-1.0, 1.0, (2, 2, 2))
    return (30.0 + slopes[0] * w + slopes[1] * v + slopes[2] * u + bent).astype(np.float32)


def share_by_lines(corners: Array, dose: float, outline: Array | None = None) -> float:
    """Share of a box within a convex outline, corners (u, v), that gets the dose: exact along many lines along u."""
    w, v = (x.reshape(-1) for x in np.meshgrid(*((np.arange(n) + 0.5) / n for n in LINES), indexing="ij"))
    at_ends = [
        sum(corners[i, j, k] * (w if i else 1 - w) * (v if j else 1 - v) for i in (0, 1) for j in (0, 1))
        for k in (0, 1)
    ]
    first, rise = at_ends[0], at_ends[1] - at_ends[0]
    passes = np.where(
        rise != 0.0, (dose - first) / np.where(rise != 0.0, rise, 1.0), np.where(first >= dose, -9.0, 9.0)
    )
    begin, end = np.where(rise < 0.0, -9.0, passes), np.where(rise < 0.0, passes, 9.0)
    left, right = np.zeros_like(v), np.ones_like(v)
    if outline is not None:
        left, right = np.full_like(v, 9.0), np.full_like(v, -9.0)
        for (u0, v0), (u1, v1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
            crosses = (np.minimum(v0, v1) <= v) & (v < np.maximum(v0, v1))
            u = u0 + (v - v0) / (v1 - v0) * (u1 - u0) if v1 != v0 else np.full_like(v, 9.0)
            left, right = np.where(crosses, np.minimum(left, u), left), np.where(crosses, np.maximum(right, u), right)
    return float(np.mean(np.maximum(np.minimum(right, end) - np.maximum(left, begin), 0.0)))


def rounding_of_lines(across: tuple[float, float], along: float, bend: float) -> float:
    """How far the share by lines may be from the truth.

    From no part to all of a line inside, it rises by across / along from line to line, with a corner at both ends: the
    midpoint rule is off by an eighth of the jump in slope there, times the square of the distance of the lines.
    """
    if bend >= abs(along) / 4:  # many lines nearly lie in the isodose
        return 5e-3
    jumps = [(abs(slope) + 2 * bend) / (abs(along) - 2 * bend) / n**2 for slope, n in zip(across, LINES, strict=True)]
    return 1e-5 + 2 * sum(jumps) / 8


def convex_outline(rng: np.random.Generator) -> Array:
    """Corners on an ellipse in the unit square, clockwise, so that a rising edge has the inside on its right."""
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, int(rng.integers(3, 8))))[::-1]
    middle = rng.uniform(0.3, 0.7, 2)
    reach = rng.uniform(0.05, np.minimum(middle, 1.0 - middle))
    return middle + reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def area(outline: Array) -> float:
    (u, v), (u1, v1) = outline.T, np.roll(outline, -1, axis=0).T
    return float(np.sum(u1 * v - u * v1)) / 2.0


def part_above(corners: Array, dose: float, outline: Array) -> tuple[float, float]:
    (u0, v0), (u1, v1) = outline.T, np.roll(outline, -1, axis=0).T
    edges = Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=np.zeros(len(u0), dtype=np.int64))
    least, most = parts_above(
        corners[..., None],
        np.array([dose]),
        SLACK,
        inside=np.array([area(outline)]),
        outline=np.zeros(1, dtype=np.int64),
        edges=edges,
    )
    return float(least[0]), float(most[0])


@settings(max_examples=80)
@given(seeds, st.tuples(steepness, steepness), st.sampled_from([0.05, 0.7, -1.5]), bends)
def test_the_share_of_a_box_above_a_dose_lies_in_its_bounds(
    seed: int, across: tuple[float, float], along: float, bend: float
) -> None:
    rng = np.random.default_rng(seed)
    corners = a_box(rng, (*across, along), bend)
    dose = float(rng.uniform(corners.min(), corners.max()))
    truth = share_by_lines(corners, dose)
    least, most = shares_above(corners[..., None], np.array([dose]), SLACK)
    rounding = rounding_of_lines(across, along, bend)
    assert least[0] - rounding <= truth <= most[0] + rounding
    # whichever axis is which, and whichever end of it
    turned = np.flip(corners.transpose(rng.permutation(3)), axis=int(rng.integers(3)))
    again = shares_above(turned[..., None], np.array([dose]), SLACK)
    assert np.allclose(np.concatenate(again), np.concatenate([least, most]), atol=1e-6)
    if bend == 0.0:  # but for the floats of the corners, and slopes of nothing
        assert most[0] - least[0] < 1e-4


@settings(max_examples=80)
@given(seeds, st.tuples(steepness, steepness), st.sampled_from([0.05, 0.7, -1.5]), bends)
def test_the_share_of_a_part_of_a_box_above_a_dose_lies_in_its_bounds(
    seed: int, across: tuple[float, float], along: float, bend: float
) -> None:
    rng = np.random.default_rng(seed)
    outline, corners = convex_outline(rng), a_box(rng, (*across, along), bend)
    dose = float(rng.uniform(corners.min(), corners.max()))
    truth, inside = share_by_lines(corners, dose, outline), area(outline)
    least, most = part_above(corners, dose, outline)
    rounding = 1e-4 + rounding_of_lines(across, along, bend)  # ends of lines at the corners of outlines
    assert 0.0 <= least <= most + 2 * SHARE_ROUNDING
    assert most <= inside
    assert least - rounding <= truth <= most + rounding
    if bend == 0.0:
        # a flat dose first meets the floor of its two flat slopes, 1e-3 of the steepest each; and a convex outline is
        # nowhere wider than twice its mean, its area over its length; then doses that are one, and floats of corners
        same = 2 * (SLACK + float(np.spacing(np.float32(30.0)))) / (abs(along) * float(np.ptp(outline[:, 0])))
        assert most - least < 2 * (2 * 1e-3 + same) * inside + 2 * SHARE_ROUNDING


def test_the_share_of_an_upright_half_of_a_box_is_that_of_a_triangle() -> None:
    # dose rises along u by 1 from 30; the part is the triangle below the diagonal, u from v to 1
    corners = a_box(np.random.default_rng(0), (0.0, 0.0, 1.0), 0.0)
    triangle = np.array([(0.0, 0.0), (1.0, 1.0), (1.0, 0.0)])
    for u in (0.25, 0.5, 0.9):
        least, most = part_above(corners, 30.0 + u, triangle)
        assert least <= (1 - u * u) / 2 <= most
        assert most - least < 2e-3


def widths(bend: float, outline: Array | None) -> float:
    """Mean width of the bounds of many boxes that are bent by so much."""
    rng = np.random.default_rng(7)
    total = 0.0
    for _ in range(200):
        corners = a_box(rng, tuple(rng.uniform(-1.0, 1.0, 3)), 0.0)
        corners = corners + bend * rng.uniform(-1.0, 1.0, corners.shape).astype(np.float32)
        dose = 30.0 + float(rng.uniform(-0.5, 0.5)) + float(corners.mean()) - 30.0
        if outline is None:
            least, most = (float(x[0]) for x in shares_above(corners[..., None], np.array([dose]), SLACK))
        else:
            least, most = part_above(corners, dose, outline)
        total += most - least
    return total / 200


def test_bounds_of_boxes_half_as_bent_are_a_quarter_as_wide_and_those_of_parts_half() -> None:
    triangle = np.array([(0.1, 0.2), (0.3, 0.9), (0.8, 0.4)])
    assert widths(0.01, None) < 0.35 * widths(0.02, None) < 0.1 * 0.02
    assert widths(0.01, triangle) < 0.6 * widths(0.02, triangle) < 0.2 * 0.02


def test_a_part_all_on_one_side_of_a_dose_is_told_exactly() -> None:
    corners = a_box(np.random.default_rng(1), (0.3, 0.2, 1.0), 0.01)
    triangle = np.array([(0.1, 0.2), (0.3, 0.9), (0.8, 0.4)])
    assert part_above(corners, 29.0, triangle) == (area(triangle), area(triangle))
    assert part_above(corners, 32.0, triangle) == (0.0, 0.0)
    # the box passes 31 in its far corner, and the triangle is nowhere near it
    assert corners.max() > 31.45
    assert part_above(corners, 31.4, triangle) == (0.0, 0.0)
    # one dose everywhere, at the level or not
    flat = np.full((2, 2, 2), 30.0, dtype=np.float32)
    assert part_above(flat, 30.1, triangle)[1] == 0.0
    assert part_above(flat, 29.9, triangle)[0] == area(triangle)

"""Exact cover of grid cells, slabs and Booleans, against slow references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sbrtcheck.geometry import grid_frame, in_grid, minus, prism_stack, slab_axis_of, union
from sbrtcheck.geometry.contour_planes import Conventions
from sbrtcheck.geometry.coverage import Box, Coverage, clip_to, coverage
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.prisms import PrismStack
from sbrtcheck.plan import Contours, DoseGrid, FindingCode
from solids import angles, centres, odd_inside, radii, rectangle, ring, shoelace_mm2, star

GRID = DoseGrid.axial(np.zeros((41, 41, 41)), origin_mm=(-40.0, -40.0, -40.0), spacing_mm=(2.0, 2.0, 2.0))


def stack_of(*contours: np.ndarray, dose: DoseGrid = GRID, exclusive_or: bool = False) -> PrismStack:
    made = Contours.of(*contours)
    local = in_grid(made, dose)
    frame = grid_frame(dose, slab_axis_of(local, made.starts))
    return prism_stack("S", local, made.starts, frame, exclusive_or=exclusive_or)[0]


def axis_of(*contours: np.ndarray) -> int | None:
    made = Contours.of(*contours)
    return slab_axis_of(in_grid(made, GRID), made.starts)


def cells_of(covered: Coverage) -> np.ndarray:
    cells = covered.full.astype(float)
    cells.ravel()[covered.cell] += covered.fraction
    return cells


def volume_cc(stack: PrismStack, convention: Conventions = Conventions.HALF_SLICE) -> float:
    exists = (stack.conventions & convention) != 0
    cells = stack.edges.area(stack.layers)[stack.layer[exists]]
    return float(np.sum(cells * 4.0 * (stack.high_mm - stack.low_mm)[exists])) / 1000


@given(angles, radii, centres)
def test_covered_cells_add_up_to_the_polygons_area(angle: list[float], radius: list[float], centre) -> None:
    polygon = star(angle, radius, 0.0, centre)
    covered = coverage(stack_of(polygon).edges, 1, Box(row=0, column=0, rows=42, columns=42))
    assert cells_of(covered).sum() * 4.0 == pytest.approx(shoelace_mm2(polygon), abs=1e-9)
    assert covered.fraction.min() >= 0.0
    assert covered.fraction.max() <= 1.0


places = st.integers(-12, 12).map(float) | st.integers(-12000, 12000).map(lambda mm: mm / 1000)
points = st.tuples(places, places)
tangles = st.lists(
    st.lists(points, min_size=3, max_size=7).map(lambda p: np.array([(*q, 0.0) for q in p])), min_size=1, max_size=2
)


@settings(max_examples=40)
@given(tangles)
def test_by_exclusive_or_loops_that_cross_themselves_and_each_other_cover_by_the_even_odd_rule(
    loops: list[np.ndarray],
) -> None:
    assume(len({tuple(sorted(map(tuple, loop))) for loop in loops}) == len(loops))  # one drawn twice counts once
    covered = coverage(stack_of(*loops, exclusive_or=True).edges, 1, Box(row=0, column=0, rows=42, columns=42))
    fine = 12
    place = -20 + 2 * (np.arange(20 * fine) + 0.5) / fine + 0.0137
    inside = odd_inside(place[None, :], place[:, None], loops).reshape(20, fine, 20, fine)
    assert np.abs(inside.mean(axis=(1, 3)) - cells_of(covered)[0, 10:30, 10:30]).max() < 0.2
    assert inside.sum() / fine**2 == pytest.approx(cells_of(covered).sum(), abs=1.0)


@settings(max_examples=25)
@given(angles, radii, centres)
def test_fraction_and_centroid_of_each_cell_are_those_of_fine_sampling(angle, radius, centre) -> None:
    polygon = star(angle, radius, 0.0, centre)
    covered = coverage(stack_of(polygon).edges, 1, Box(row=0, column=0, rows=42, columns=42))
    fine = 24
    place = -20 + 2 * (np.arange(20 * fine) + 0.5) / fine
    inside = odd_inside(place[None, :], place[:, None], [polygon]).reshape(20, fine, 20, fine)
    share = inside.mean(axis=(1, 3))
    assert np.abs(share - cells_of(covered)[0, 10:30, 10:30]).max() < 0.04
    across = ((np.arange(fine) + 0.5) / fine)[None, None, None, :]
    upward = ((np.arange(fine) + 0.5) / fine)[None, :, None, None]
    row, column = np.divmod(covered.cell[covered.fraction > 0.2], 42)
    wide = (row - 10) * 20 + column - 10
    for axis, mine in ((across, covered.u), (upward, covered.v)):
        centre_of = (inside * axis).mean(axis=(1, 3)).ravel()[wide] / share.ravel()[wide]
        assert np.abs(centre_of - mine[covered.fraction > 0.2]).max(initial=0) < 0.06


def test_a_keyhole_a_hole_and_two_loops_in_any_direction_cover_the_same() -> None:
    outer, inner = rectangle(-10.3, 10.1, -9.7, 9.9, 0), rectangle(-3.2, 2.8, -4.1, 3.3, 0)
    keyhole = np.array([outer[0], inner[0], inner[3], inner[2], inner[1], inner[0], outer[0], *outer[1:]])
    box = Box(row=0, column=0, rows=42, columns=42)
    expected = shoelace_mm2(outer) - shoelace_mm2(inner)
    for loops in ((outer, inner), (outer[::-1], inner), (inner[::-1], outer), (keyhole,)):
        cells = cells_of(coverage(stack_of(*loops).edges, 1, box))
        assert cells.sum() * 4 == pytest.approx(expected, abs=1e-9)
        assert np.abs(cells - cells_of(coverage(stack_of(outer, inner).edges, 1, box))).max() < 1e-12


def test_an_island_in_a_hole_counts() -> None:
    loops = [ring(r, 0.0) for r in (20.0, 15.0, 5.0)]
    areas = [shoelace_mm2(loop) for loop in loops]
    assert volume_cc(stack_of(*loops)) == pytest.approx((areas[0] - areas[1] + areas[2]) * 2.0 / 1000)


@given(angles, radii, centres, st.floats(-9, 0), st.floats(1, 9))
def test_clipping_keeps_what_lies_in_the_rectangle(angle, radius, centre, low: float, high: float) -> None:
    edges = stack_of(star(angle, radius, 0.0, centre)).edges
    box = Box(row=0, column=0, rows=42, columns=42)
    corners = (20.0 + np.floor(low), 20.0 + np.floor(low)), (20.0 + np.ceil(high), 20.0 + np.ceil(high))
    whole = cells_of(coverage(edges, 1, box))[0]
    part = cells_of(coverage(clip_to(edges, *corners), 1, box))[0]
    inside = slice(int(corners[0][0]), int(corners[1][0]))
    assert np.abs(part[inside, inside] - whole[inside, inside]).max() < 1e-9
    part[inside, inside] = 0
    assert np.abs(part).max() < 1e-9


def test_slabs_reach_half_way_and_end_caps_follow_the_convention() -> None:
    stack = stack_of(*[rectangle(-5, 5, -5, 5, z) for z in (0.0, 4.0, 8.0)])
    area = 100.0
    assert volume_cc(stack) == pytest.approx(area * 12 / 1000)
    assert volume_cc(stack, Conventions.CAPPED) == pytest.approx(area * 11 / 1000)
    assert volume_cc(stack, Conventions.NONE) == pytest.approx(area * 8 / 1000)


@pytest.mark.parametrize("aside_mm", [0.0, 4.0, 20.0])
def test_a_gap_is_not_bridged_and_is_reported(aside_mm: float) -> None:
    below = [rectangle(-5, 5, -5, 5, z) for z in (0.0, 2.0, 4.0)]
    stack = stack_of(*below, *[rectangle(-5 + aside_mm, 5 + aside_mm, -5, 5, z) for z in (14.0, 16.0)])
    assert volume_cc(stack) == pytest.approx(100 * (6 + 4) / 1000)
    parts = [FindingCode.PLANE_GAP]  # at another place they are parts; at the same one, planes are missing
    assert [f.code for f in stack.findings] == parts + [FindingCode.CONTOURS_INCOMPLETE] * (aside_mm < 5.0)


def test_one_plane_is_as_thick_as_the_dose_planes_are_apart_and_is_reported() -> None:
    stack = stack_of(rectangle(-5, 5, -5, 5, 1.0))
    assert volume_cc(stack) == pytest.approx(100 * 2 / 1000)
    assert [f.code for f in stack.findings] == [FindingCode.TOO_FEW_PLANES]


def test_contours_across_the_frames_are_stacked_along_their_own_normal() -> None:
    sagittal = [rectangle(-5, 5, -5, 5, x)[:, [2, 0, 1]] for x in (0.0, 2.0)]
    assert axis_of(*sagittal) == 0
    assert volume_cc(stack_of(*sagittal)) == pytest.approx(100 * 4 / 1000)


def test_tilted_contours_lie_across_no_axis() -> None:
    tilted = rectangle(-5, 5, -5, 5, 0.0)
    tilted[:, 2] = 0.3 * tilted[:, 0] + 0.2 * tilted[:, 1]
    tilted[:, 0] += 0.1 * tilted[:, 1]
    assert axis_of(tilted) is None


@st.composite
def _two(draw: st.DrawFn) -> tuple[list[np.ndarray], list[np.ndarray]]:
    a = [star(draw(angles), draw(radii), z, draw(centres)) for z in (-3.0, 0.0, 3.0)]
    b = [star(draw(angles), draw(radii), z, draw(centres)) for z in (-2.5, -0.5, 1.5)]
    return a, b


@pytest.mark.slow
@given(_two())
def test_union_and_difference_share_out_the_volume(pair) -> None:
    a, b = (stack_of(*loops) for loops in pair)
    for convention in (Conventions.HALF_SLICE, Conventions.CAPPED, Conventions.NONE):
        whole, first, second = (volume_cc(s, convention) for s in (union(a, b), a, b))
        assert whole == pytest.approx(first + volume_cc(minus(b, a), convention), abs=1e-8)
        assert whole == pytest.approx(second + volume_cc(minus(a, b), convention), abs=1e-8)
        assert max(first, second) <= whole + 1e-8


@settings(max_examples=25)
@given(angles, radii, angles, radii)
def test_a_boolean_region_is_where_the_even_odd_rule_says(angle_a, radius_a, angle_b, radius_b) -> None:
    a, b = star(angle_a, radius_a, 0.0, (1.0, 0.5)), star(angle_b, radius_b, 0.0, (-2.0, 1.5))
    x, y = np.meshgrid(np.linspace(-15, 15, 61) + 0.0123, np.linspace(-15, 15, 61) + 0.0071)
    in_a, in_b = odd_inside(x, y, [a]), odd_inside(x, y, [b])
    for made, expected in ((union, in_a | in_b), (minus, in_a & ~in_b)):
        edges: Edges = made(stack_of(a), stack_of(b)).edges
        loops = np.stack([edges.u0, edges.v0, edges.u1, edges.v1], axis=1) * 2 - 40
        crossings = np.zeros(x.shape, dtype=int)
        for x0, y0, x1, y1 in loops[loops[:, 1] != loops[:, 3]]:
            crossings += ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        assert np.count_nonzero((crossings % 2 == 1) != expected) == 0

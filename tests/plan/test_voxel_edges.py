"""Loops around masks: exactly their area, layer by layer, closed, along voxel edges, voxels always on one side."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sbrtcheck.plan.voxel_edges import voxel_loops

masks = arrays(bool, array_shapes(min_dims=3, max_dims=3, max_side=7))


def loops_of(mask: np.ndarray) -> list[np.ndarray]:
    points, starts = voxel_loops(mask)
    return [points[a:b] for a, b in pairwise(starts)]


def signed_area(loop: np.ndarray) -> float:
    x, y = loop[:, 0], loop[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


@given(masks)
def test_loops_wind_once_around_every_voxel_and_around_nothing_else(mask: np.ndarray) -> None:
    winding = np.zeros(mask.shape)
    for loop in loops_of(mask):
        for (x, y, k), (x1, y1, _) in zip(loop, np.roll(loop, -1, axis=0), strict=True):
            assert (x == x1) != (y == y1)  # along one axis only, and not of no length
            rows = slice(int(min(y, y1) + 0.5), int(max(y, y1) + 0.5))
            # a ray to the right from each voxel left of the edge crosses it
            winding[int(k), rows, : int(x + 0.5)] += np.sign(y1 - y)
    assert np.array_equal(winding, mask)


@given(masks)
def test_areas_of_outer_loops_less_those_of_holes_are_the_number_of_voxels(mask: np.ndarray) -> None:
    area = np.zeros(len(mask))
    for loop in loops_of(mask):
        area[int(loop[0, 2])] += signed_area(loop)
    assert np.array_equal(area, mask.sum(axis=(1, 2)))


@given(masks)
def test_no_corner_is_on_a_straight_line_and_none_is_there_twice_in_a_loop_beside_touching_voxels(
    mask: np.ndarray,
) -> None:
    for loop in loops_of(mask):
        step = np.diff(loop[:, :2], axis=0, append=loop[:1, :2])
        assert np.all((step[:, 0] == 0) != (np.roll(step[:, 0], -1) == 0))


def test_voxels_that_meet_at_a_corner_are_two_loops() -> None:
    assert [len(loop) for loop in loops_of(np.array([[[1, 0], [0, 1]]], dtype=bool))] == [4, 4]
    assert [len(loop) for loop in loops_of(np.array([[[0, 1], [1, 0]]], dtype=bool))] == [4, 4]


def test_holes_that_meet_at_a_corner_are_one_way_around() -> None:
    mask = np.ones((1, 4, 4), dtype=bool)
    mask[0, 1, 1] = mask[0, 2, 2] = False
    # voxels are joined by edges only, so the two holes touch at a corner and are drawn as one
    assert sorted(signed_area(loop) for loop in loops_of(mask)) == [-2.0, 16.0]


def test_a_torus_has_an_outer_loop_and_a_hole() -> None:
    mask = np.ones((1, 5, 5), dtype=bool)
    mask[0, 1:4, 1:4] = False
    assert sorted(signed_area(loop) for loop in loops_of(mask)) == [-9.0, 25.0]


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 4)])
def test_a_full_array_is_one_rectangle_a_layer(shape: tuple[int, int, int]) -> None:
    loops = loops_of(np.ones(shape, dtype=bool))
    assert len(loops) == shape[0]
    assert {tuple(p) for p in loops[0][:, :2].tolist()} == {
        (x, y) for x in (-0.5, shape[2] - 0.5) for y in (-0.5, shape[1] - 0.5)
    }


def test_an_empty_mask_has_no_loops() -> None:
    assert loops_of(np.zeros((2, 3, 4), dtype=bool)) == []


@given(st.integers(1, 400))
def test_a_long_spiral_is_one_loop(turns: int) -> None:
    mask = np.zeros((1, 3, 2 * turns + 1), dtype=bool)  # a comb: a loop of 4 corners a tooth
    mask[0, 0] = True
    mask[0, :, ::2] = True
    (loop,) = loops_of(mask)
    assert len(loop) == 4 * (turns + 1)

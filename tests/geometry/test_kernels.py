"""Each fast kernel against its clear, slow version over generated input.

Cover of cells, centroids, clipping and Booleans have theirs in ``test_geometry.py``, contour text in
``test_dicom_decimals.py``; here are the dose in an element, the volume below a linear dose, the histogram,
outlines between planes, and cubic dose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from exact import Exact, LinearDose, Slab
from sbrtcheck.dvh import compute_dvhs
from sbrtcheck.dvh.histogram import BINS, Histogram, add, bound_curves, bounds_of_statistics, dvh_curve, merged
from sbrtcheck.geometry import (
    BoundaryCells,
    Elements,
    GridFrame,
    grid_frame,
    in_grid,
    prism_cc,
    prism_stack,
    slices_of,
    volume_elements,
)
from sbrtcheck.geometry.arrays import distinct, is_among, median, numbered
from sbrtcheck.geometry.cubic_dose import with_cubic_dose
from sbrtcheck.geometry.trilinear import share_below, steepened
from sbrtcheck.plan import Contours, DoseGrid
from solids import Array, plan, structure

seeds = st.integers(0, 2**32 - 1)


# -------------------------------------------------------------------------------- dose in an element


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Mean, extremes and twelve times the variance of the linear part of the dose, in one part of a grid cell."""

    mean: float
    low: float
    high: float
    variance12: float


def dose_at(frame: GridFrame, w: float, v: float, u: float) -> float:
    """Trilinear dose: eight corners, a loop each; ``w`` in mm, ``v`` and ``u`` in grid cells."""
    k = int(np.clip(np.searchsorted(frame.nodes_mm, w, side="right") - 1, 0, len(frame.nodes_mm) - 2))
    share_w = (w - frame.nodes_mm[k]) / (frame.nodes_mm[k + 1] - frame.nodes_mm[k])
    total = 0.0
    for a, b, c in product((0, 1), repeat=3):
        j, i = min(int(v), frame.stored.shape[1] - 2), min(int(u), frame.stored.shape[2] - 2)
        weight = (share_w if a else 1 - share_w) * (v - j if b else 1 - (v - j)) * (u - i if c else 1 - (u - i))
        total += weight * float(frame.stored[k + a, j + b, i + c]) * frame.gy_per_unit
    return total


def slow_cell(frame: GridFrame, low: float, high: float, v: tuple[float, float], u: tuple[float, float]) -> Cell:
    """By its definition: the dose is linear along each axis between the heights where a dose plane lies."""
    heights = [low, *(float(w) for w in frame.nodes_mm if low < w < high), high]
    middle_v, middle_u = sum(v) / 2, sum(u) / 2
    parts = [((b - a) / (high - low), dose_at(frame, (a + b) / 2, middle_v, middle_u)) for a, b in pairwise(heights)]
    corners = [dose_at(frame, w, y, x) for w in heights for y in v for x in u]

    def rise(axis: int, end: int) -> float:
        """Mean over one of the two faces across an axis."""
        if axis == 0:
            return dose_at(frame, (low, high)[end], middle_v, middle_u)
        at = (v[end], middle_u) if axis == 1 else (middle_v, u[end])
        return sum((b - a) / (high - low) * dose_at(frame, (a + b) / 2, *at) for a, b in pairwise(heights))

    slopes = [rise(axis, 1) - rise(axis, 0) for axis in range(3)]
    mean = sum(share * dose for share, dose in parts)
    return Cell(mean=mean, low=min(corners), high=max(corners), variance12=sum(s * s for s in slopes))


@pytest.mark.slow
@settings(max_examples=60)
@given(seeds, st.integers(1, 4))
def test_the_dose_of_elements_is_that_of_their_parts_of_the_grid(seed: int, refinement: int) -> None:
    rng = np.random.default_rng(seed)
    count = rng.integers(4, 8, 3)
    nodes = np.cumsum(rng.uniform(0.5, 4.0, count[0]))
    spacing = rng.uniform(1.0, 3.0, 2)
    doses = DoseGrid(
        stored=rng.uniform(5.0, 60.0, count),
        origin_mm=np.zeros(3),
        axes=np.eye(3),
        spacing_mm=(float(spacing[0]), float(spacing[1])),
        offsets_mm=nodes - nodes[0],
    )
    frame = grid_frame(doses, 2)
    # a block of whole refined cells inside the grid points, on two planes close together
    column, row = (int(rng.integers(0, (n - 1) * refinement - 1)) for n in (count[2], count[1]))
    columns, rows = (
        int(rng.integers(1, n)) for n in ((count[2] - 1) * refinement - column, (count[1] - 1) * refinement - row)
    )
    u, v = (np.array(p) / refinement for p in ((column, column + columns), (row, row + rows)))
    middle = rng.uniform(0.3, 0.7) * frame.nodes_mm[-1]
    height = min(middle, frame.nodes_mm[-1] - middle, rng.uniform(0.1, 6.0))
    square = np.array([[u[0], v[0]], [u[1], v[0]], [u[1], v[1]], [u[0], v[1]]]) * spacing
    planes = [np.column_stack([square, np.full(4, z)]) for z in (middle - height / 4, middle + height / 4)]
    contours = Contours.of(*planes)
    stack, _ = prism_stack("S", in_grid(contours, doses), contours.starts, frame)
    every = slices_of(stack, prism_cc(stack, frame), frame, refinement)
    unit_gy = 0.01
    found = _one_by_one(volume_elements(every, frame, unit_gy))
    expected = [
        slow_cell(frame, low, high, (j / refinement, (j + 1) / refinement), (i / refinement, (i + 1) / refinement))
        for slices in every
        for low, high in zip(slices.low_mm, slices.high_mm, strict=True)
        for j in range(row, row + rows)
        for i in range(column, column + columns)
    ]
    assert len(found) == len(expected)
    mine, true = (
        np.array([(c.mean, c.low, c.high, np.sqrt(c.variance12)) for c in cells]) for cells in (found, expected)
    )
    apart = np.abs(mine[:, None] * unit_gy - true).max(axis=2)  # elements come in any order
    assert apart.min(axis=0).max() < 1e-3
    assert apart.min(axis=1).max() < 1e-3


def _one_by_one(blocks: Iterator[Elements]) -> list[Cell]:
    return [
        Cell(mean=float(m), low=float(a), high=float(b), variance12=float(s))
        for block in blocks
        for m, a, b, s in zip(block.mean, block.low, block.high, block.variance12, strict=True)
    ]


# -------------------------------------------------------------------------------- volume below a linear dose


def share_by_lines(rise: float, slopes: Array) -> float:
    """Share of a unit box where ``slopes @ x`` is below ``rise``: exact along the steepest axis, lines across it."""
    a, b, c = np.sort(slopes)
    at = (np.arange(400) + 0.5) / 400
    y, x = np.meshgrid(at, at, indexing="ij")
    return float(np.mean(np.clip((rise - a * x - b * y) / c, 0.0, 1.0)))


slopes_of_a_box = st.lists(st.sampled_from([0.0, 1e-6, 0.01, 0.3, 1.0, 2.5]), min_size=3, max_size=3).filter(any)


@settings(max_examples=60)
@given(slopes_of_a_box, st.floats(-0.2, 1.2), st.sampled_from([1e-3, 1e-4]))
def test_a_share_below_a_linear_dose_is_enclosed_and_nearly_that_of_many_lines(
    slopes: list[float], place: float, floor: float
) -> None:
    rise = place * sum(slopes)
    spans, moved = steepened(np.array(slopes)[:, None], floor)
    from_corner = rise + (spans.sum(axis=0) - sum(slopes)) / 2  # the middle keeps its dose
    low, value, high = (float(share_below(from_corner + off, spans)[0]) for off in (-moved, 0.0, moved))
    truth = share_by_lines(rise, np.array(slopes))
    assert low - 1e-5 <= truth <= high + 1e-5
    assert value == pytest.approx(truth, abs=2 * floor + 1e-5)


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.floats(0.0, 1.0))
def test_a_corner_below_a_linear_dose_is_a_tetrahedron_and_what_is_left_is_the_same_from_the_other_corner(
    a: float, b: float, c: float, place: float
) -> None:
    spans = np.array([[a], [b], [c]])
    height = place * min(a, b, c)  # the plane meets the edges at the least corner only
    assert float(share_below(np.array([height]), spans)[0]) == pytest.approx(height**3 / (6 * a * b * c), abs=1e-9)
    rise = np.array([place * (a + b + c)])
    assert float((share_below(rise, spans) + share_below(a + b + c - rise, spans))[0]) == pytest.approx(1.0, abs=1e-9)


@given(seeds, st.sampled_from([(1e-3, 1e-9), (1e-4, 1e-7)]))
def test_a_share_below_a_linear_dose_is_rounded_by_no_more_than_its_floor_allows(
    seed: int, floor_and_rounding: tuple[float, float]
) -> None:
    """Against the same sum in exact arithmetic, where two of the slopes are as flat as they may be."""
    floor, rounding = floor_and_rounding
    spans = np.array([1.0, floor, floor])
    rise = float(np.random.default_rng(seed).uniform(0.0, spans.sum()))
    exact = Fraction(0)
    for corner in product((0, 1), repeat=3):
        past = Fraction(rise) - sum(Fraction(s) for s, c in zip(spans.tolist(), corner, strict=True) if c)
        exact += (-1) ** sum(corner) * max(past, Fraction(0)) ** 3
    exact /= 6 * Fraction(spans[0]) * Fraction(spans[1]) * Fraction(spans[2])
    assert abs(float(share_below(np.array([rise]), spans[:, None])[0]) - float(exact)) < rounding


def test_a_box_of_one_dose_lies_below_every_rise_and_not_below_none() -> None:
    flat = np.zeros((3, 3))
    assert share_below(np.array([-1.0, 0.0, 1e-9]), flat).tolist() == [0.0, 0.0, 1.0]
    spans, moved = steepened(flat, 1e-3, least=0.1)
    assert spans.min() == 0.1
    assert moved == pytest.approx(0.15)


# -------------------------------------------------------------------------------- the histogram


@dataclass(frozen=True, kw_only=True)
class Part:
    """One element, doses in bins."""

    mean: float
    low: float
    high: float
    variance: float
    mean_error: float
    volume: float


def volume_at(parts: list[Part], dose: float) -> float:
    """Each bin's elements spread evenly about their mean, as wide as their variance, not beyond what any may have."""
    rounding = 4e-6 * BINS  # doses closer than that are one dose
    if dose <= min(p.low for p in parts) - rounding:
        return sum(p.volume for p in parts)
    if dose > max(p.high for p in parts) + rounding:
        return 0.0
    total = 0.0
    for bin_ in {int(part.mean) for part in parts}:
        mine = [part for part in parts if int(part.mean) == bin_]
        volume = sum(p.volume for p in mine)
        middle = sum(p.volume * p.mean for p in mine) / volume
        variance = sum(p.volume * (p.variance + (p.mean - middle) ** 2) for p in mine) / volume
        half = min(max(np.sqrt(3 * variance), 1e-4), middle)
        total += volume * float(np.clip((middle + half - dose) / (2 * half), 0.0, 1.0))
    return total


@st.composite
def parts_of_a_structure(draw: st.DrawFn) -> list[Part]:
    rng = np.random.default_rng(draw(seeds))
    made = []
    for _ in range(draw(st.integers(1, 20))):
        reach = draw(st.sampled_from([(1, 40), (1, 8000), (4000, 4003)]))
        low, high = np.sort(rng.uniform(*reach, 2)).astype(np.float32)
        mean = np.float32(rng.uniform(low, high))
        variance = rng.uniform(0, 1) * (high - low) ** 2 / 12
        error = np.float32(rng.uniform(0, 1) * (high - low))
        made.append(
            Part(mean=mean, low=low, high=high, variance=variance, mean_error=error, volume=rng.uniform(0.001, 1.0))
        )
    return made


def blocks_of(parts: list[Part], size: int) -> Iterator[Elements]:
    for start in range(0, len(parts), size):
        some = parts[start : start + size]
        mean, low, high = (np.array([getattr(p, n) for p in some], dtype=np.float32) for n in ("mean", "low", "high"))
        yield BoundaryCells(
            mean=mean,
            low=low,
            high=high,
            variance12=np.array([12 * p.variance for p in some], dtype=np.float32),
            begin=np.array([0]),
            label=np.array([0]),
            owners=[(0,)],
            volume_cc=np.array([p.volume for p in some]),
            mean_error=np.array([p.mean_error for p in some], dtype=np.float32),
        )


@settings(max_examples=30)
@given(parts_of_a_structure(), st.integers(1, 30), st.integers(0, 3))
def test_the_histogram_says_what_a_loop_over_its_elements_says(parts: list[Part], size: int, several: int) -> None:
    bin_gy = 0.01
    halves = [Histogram(bin_gy) for _ in range(several + 1)]
    for i, block in enumerate(blocks_of(parts, size)):
        add([halves[i % len(halves)]], block)
    histogram = merged(halves, bin_gy)
    curve, (lower, upper) = dvh_curve(histogram), bound_curves(histogram)
    for dose in {d + off for p in parts for d in (p.low, p.mean, p.high) for off in (-1.5, 0.0, 0.37, 1.5)} | {
        0.0,
        1.0,
    }:
        at = np.array([max(dose, 0.0) * bin_gy])
        # rounding to seven digits moves a dose by less than a thousandth of a bin
        below, above = (volume_at(parts, max(dose, 0.0) + off) for off in (2e-3, -2e-3))
        assert below - 1e-6 <= float(curve.volume_at(at)[0]) <= above + 1e-6
        surely, maybe = (sum(p.volume for p in parts if getattr(p, n) >= dose) for n in ("low", "high"))
        assert float(lower.volume_at(at + 1e-9)[0]) <= surely + 1e-9
        assert float(upper.volume_at(at - 1e-9)[0]) >= maybe - 1e-9
        # and they are not further off than two bins
        assert float(lower.volume_at(at)[0]) >= sum(p.volume for p in parts if p.low >= dose + 2) - 1e-9
        assert float(upper.volume_at(at)[0]) <= sum(p.volume for p in parts if p.high >= dose - 2) + 1e-9
    whole = sum(p.volume for p in parts)
    mean, least, most = bounds_of_statistics(histogram, curve)
    least_means = [max(p.low, p.mean - p.mean_error) for p in parts]
    most_means = [min(p.high, p.mean + p.mean_error) for p in parts]
    expected = [
        sum(p.volume * m for p, m in zip(parts, means, strict=True)) / whole * bin_gy
        for means in (least_means, [p.mean for p in parts], most_means)
    ]
    rounding = 4e-6 * BINS * bin_gy + 1e-4
    assert [mean.low, mean.value, mean.high] == pytest.approx(expected, abs=rounding)
    assert least.low == pytest.approx(min(p.low for p in parts) * bin_gy, abs=rounding)
    assert most.high == pytest.approx(max(p.high for p in parts) * bin_gy, abs=rounding)


# -------------------------------------------------------------------------------- outlines between planes


def moments(polygon: Array) -> tuple[float, Array, Array]:
    """Area, centroid and second central moments of a polygon: a fan of triangles about its first corner."""
    area, first, second = 0.0, np.zeros(2), np.zeros(2)
    a = polygon[0]
    for b, c in pairwise(polygon[1:]):
        (bx, by), (cx, cy) = b - a, c - a
        part = (bx * cy - by * cx) / 2
        area += part
        first += part * (a + b + c) / 3
        second += part * (a * a + b * b + c * c + a * b + b * c + a * c) / 6
    centroid = first / area
    return area, centroid, second / area - centroid**2


def outline_at(heights: list[float], polygons: list[Array], k: int, z: float) -> Array:
    """The contour of plane k moved and stretched so that its moments lie on the parabola through three planes."""
    triple = range(min(max(k - 1, 0), len(heights) - 3), min(max(k - 1, 0), len(heights) - 3) + 3)
    three = [heights[i] for i in triple]
    wanted = []
    for which in (1, 2):
        values = np.array([moments(polygons[i])[which] for i in triple])
        wanted.append(np.array([np.polyval(np.polyfit(three, values[:, axis], 2), z) for axis in (0, 1)]))
    _, centroid, spread = moments(polygons[k])
    return wanted[0] + (polygons[k] - centroid) * np.sqrt(wanted[1] / spread)


@settings(max_examples=8)
@given(seeds)
@example(1721106354)
def test_outlines_between_planes_are_those_stretched_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners, count, spacing = int(rng.integers(5, 12)), int(rng.integers(3, 6)), rng.uniform(1.0, 4.0)
    angle = (np.arange(corners) + rng.uniform(0.1, 0.9, corners)) * 2 * np.pi / corners
    shape = rng.uniform(5.0, 11.0, corners)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    heights = [spacing * k - 4.0 for k in range(count)]
    # sizes that change slowly, so that no end closes
    polygons = [shape * rng.uniform(0.96, 1.04, 2) + rng.uniform(-1, 1, 2) for _ in heights]
    fine = []
    for k, z in enumerate(heights):
        for a, b in pairwise(np.linspace(z - spacing / 2, z + spacing / 2, 201)):  # coarser, its tips are 0.08 Gy off
            fine.append(Slab(loops=(outline_at(heights, polygons, k, (a + b) / 2),), low_mm=float(a), high_mm=float(b)))
    dose = LinearDose(at_0=70.0, slope=(0.6, -0.5, 0.8))
    truth = Exact(slabs=fine, dose=dose)
    axis = np.arange(-24.0, 25, 2)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    doses = DoseGrid.axial(dose(x, y, z), origin_mm=(-24.0,) * 3, spacing_mm=(2.0,) * 3)
    loops = [np.column_stack([p, np.full(corners, z)]) for p, z in zip(polygons, heights, strict=True)]
    dvh = compute_dvhs(plan(doses, structure("S", *loops)), between="interpolated")["S"]
    assert dvh.findings == ()
    assert dvh.volume == pytest.approx(truth.volume_cc, rel=1e-4)
    assert dvh.mean_gy.value == pytest.approx(truth.mean_gy, abs=2e-3)
    least, most = truth.extremes_gy
    for share in (0.03, 0.3, 0.7, 0.97):  # at the tips, which few elements hold, the value is less sharp
        dose_gy = least + share * (most - least)
        band = dvh.dose_at_volume(truth.volume_at(dose_gy) / truth.volume_cc * dvh.volume)
        assert band.low - 0.01 <= dose_gy <= band.high + 0.01
        assert band.value == pytest.approx(dose_gy, abs=0.15 if share in (0.3, 0.7) else 0.3)


# -------------------------------------------------------------------------------- cubic dose


@pytest.mark.slow
@settings(max_examples=15)
@given(seeds)
def test_cubic_dose_is_a_spline_along_each_axis_in_turn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = rng.integers(5, 9, 3)
    heights = np.concatenate([[0.0], np.cumsum(rng.uniform(0.8, 1.6, count[0] - 1))])
    doses = DoseGrid(
        stored=rng.uniform(20.0, 60.0, count),
        origin_mm=np.zeros(3),
        axes=np.eye(3),
        spacing_mm=(1.0, 1.3),
        offsets_mm=heights,
    )
    frame = grid_frame(doses, 2)
    middle = np.array([1.0, 1.3]) * (count[[2, 1]] - 1) / 2
    square = middle + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.7
    contours = Contours.of(*(np.column_stack([square, np.full(4, z)]) for z in heights[-1] / 2 + np.array([-0.2, 0.2])))
    stack, _ = prism_stack("S", in_grid(contours, doses), contours.starts, frame)
    moved, finer = with_cubic_dose(stack, frame, "S")
    assert moved.findings == ()
    shape = np.array(finer.stored.shape)
    assert np.all(shape > count)
    places = [finer.nodes_mm, *(np.arange(n) * s for n, s in zip(shape[1:], finer.spacing_mm[::-1], strict=True))]
    known = [heights, np.arange(count[1]) * 1.3, np.arange(count[2]) * 1.0]
    assert [p[-1] for p in places] == pytest.approx([k[-1] for k in known])  # no more than four points around it
    for _ in range(20):
        k, j, i = (int(rng.integers(n)) for n in shape)
        row = [
            [float(CubicSpline(known[0], doses.values_gy[:, b, a])(places[0][k])) for a in range(count[2])]
            for b in range(count[1])
        ]
        column = [
            float(CubicSpline(known[1], [row[b][a] for b in range(count[1])])(places[1][j])) for a in range(count[2])
        ]
        expected = max(float(CubicSpline(known[2], column)(places[2][i])), 0.0)
        assert float(finer.stored[k, j, i]) * finer.gy_per_unit == pytest.approx(expected, rel=1e-5, abs=1e-4)


def test_the_slow_dose_of_an_element_is_the_mean_of_many_points() -> None:
    rng = np.random.default_rng(8)
    doses = DoseGrid.axial(rng.uniform(0, 60, (4, 4, 4)), origin_mm=(0.0,) * 3, spacing_mm=(1.0, 1.0, 1.0))
    frame = replace(grid_frame(doses, 2), nodes_mm=np.array([0.0, 1.0, 3.0, 3.5]))
    cell = slow_cell(frame, 0.4, 3.2, (1.0, 1.5), (0.5, 1.0))
    w, v, u = rng.uniform(0.4, 3.2, 4000), rng.uniform(1.0, 1.5, 4000), rng.uniform(0.5, 1.0, 4000)
    sampled = [dose_at(frame, *at) for at in zip(w, v, u, strict=True)]
    assert cell.mean == pytest.approx(np.mean(sampled), abs=1.0)
    assert cell.low <= min(sampled)
    assert cell.high >= max(sampled)


# -------------------------------------------------------------------------------- what numpy has, and imports more for

few_numbers = st.lists(st.one_of(st.sampled_from([0.0, -1.5, 2.0]), st.floats(-1e9, 1e9)), max_size=30)


@given(few_numbers)
def test_distinct_numbers_are_those_of_numpy(values: list[float]) -> None:
    assert distinct(np.array(values)).tolist() == np.unique(np.array(values)).tolist()


@given(few_numbers)
def test_numbers_are_numbered_as_by_numpy(values: list[float]) -> None:
    expected = np.unique(np.array(values), return_index=True, return_inverse=True)
    assert [x.tolist() for x in numbered(np.array(values))] == [x.tolist() for x in expected]


@given(*[st.lists(st.integers(-5, 5), max_size=12)] * 2)
def test_numbers_among_others_are_those_of_numpy(values: list[int], others: list[int]) -> None:
    made = np.array(values, dtype=np.int64), np.array(others, dtype=np.int64)
    assert is_among(*made).tolist() == np.isin(*made).tolist()


@given(few_numbers.filter(len))
def test_the_median_is_that_of_numpy(values: list[float]) -> None:
    assert median(np.array(values)) == np.median(np.array(values))

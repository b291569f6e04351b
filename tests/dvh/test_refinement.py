"""Bounds narrowed at a limit hold, tell on which side of it the truth lies, and cost what the isodose crosses."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from dvh_builders import report_on
from effort import examples
from exact import Exact, LinearDose, slabs
from random_phantoms import STEEP, check_against_closed_form, one_row, random_phantom
from sbrtcheck.chart.points import CurvePoint, Side
from sbrtcheck.dvh import DVH, DVHSet, EndCaps, compute_dvhs
from sbrtcheck.geometry import grid_frame, prism_cc, prism_stack, slices_of
from sbrtcheck.geometry.isodose_cells import WHOLE, Cells, Isodoses
from sbrtcheck.geometry.isodose_refinement import Effort, cut_by_isodoses
from sbrtcheck.metric import measure
from sbrtcheck.plan import DoseGrid
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Verdict
from sbrtcheck.tables import Sense
from shapes import KINDS
from solids import Array, along_x, grid, odd_inside, plan, rectangle, ring, structure

PHANTOMS = examples(280)
BATCHES = 8


def point(dvh: DVH, dose_gy: float, volume_cc: float) -> CurvePoint:
    return CurvePoint(
        structure=dvh.name,
        label="",
        dose_gy=dose_gy,
        volume_percent=100 * volume_cc / dvh.volume,
        volume_cc=volume_cc,
        side=Side.UNDER,
    )


def all_of(dvh: DVH) -> tuple[DVH, ...]:
    return (dvh, *dvh.alternatives)


# -------------------------------------------------------------------------------- closed forms


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_narrowed_bounds_hold_and_tell_on_which_side_of_a_point_the_truth_lies(batch: int) -> None:
    """Contours of every kind in a linear dose; the point lies anywhere in the first bounds of the volume."""
    rng = np.random.default_rng(700 + batch)
    asked = 0
    for i in range(PHANTOMS // BATCHES):
        made = random_phantom(rng, list(KINDS.values())[i % len(KINDS)])
        inside = made.exact(made.dvh.end_caps)
        if made.leaves or inside.volume_cc < 1e-3 or not any(made.dose.slope):
            continue  # where all dose is one there is no side
        doses = rng.uniform(*inside.extremes_gy, 2)
        bands = [made.dvh.volume_at_dose(dose_gy) for dose_gy in doses]
        points = [point(made.dvh, d, rng.uniform(b.low, b.high)) for d, b in zip(doses, bands, strict=True)]
        (narrow,) = made.dvhs.narrowed(made.dvh, points)
        for dvh in all_of(narrow):
            check_against_closed_form(rng, made, dvh)
        for at, first in zip(points, bands, strict=True):
            band = narrow.volume_at_dose(at.dose_gy)
            assert first.low - 1e-9 <= band.low <= band.high <= first.high + 1e-9
            truth = inside.volume_at(at.dose_gy)
            off_cc = abs(truth - at.volume_cc)
            if off_cc > max(0.06 * (first.high - first.low), 1e-3 * made.dvh.volume):  # nearer, it is on the curve
                asked += 1
                assert band.high < at.volume_cc or band.low > at.volume_cc
            assert not (band.low > at.volume_cc and truth < at.volume_cc - 1e-9)
            assert not (band.high < at.volume_cc and truth > at.volume_cc + 1e-9)
    assert asked > PHANTOMS // BATCHES // 2


def twisted(rng: np.random.Generator) -> DoseGrid:
    """Dose between whose points nothing is a plane."""
    return DoseGrid.axial(rng.uniform(10, 60, (9, 9, 9)), origin_mm=(-20.0, -20.0, -20.0), spacing_mm=(5.0, 5.0, 5.0))


def trilinear(dose: DoseGrid, x: Array, y: Array, z: Array) -> Array:
    """By the eight points around each, one after the other."""
    at = np.stack([(z + 20) / 5, (y + 20) / 5, (x + 20) / 5])
    low = np.clip(np.floor(at).astype(int), 0, 7)
    share = at - low
    total = np.zeros(len(x))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod([s if c else 1 - s for c, s in zip(corner, share, strict=True)], axis=0)
        total += weight * dose.values_gy[tuple(low[a] + corner[a] for a in range(3))]
    return total


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_in_a_dose_that_is_nowhere_linear_points_thrown_at_random_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    loops = [rng.uniform(-14, 14, (6, 2)), rng.uniform(-14, 14, (5, 2))]
    dose, heights = twisted(rng), np.arange(-9.0, 10.0, 3.0)
    drawn = [np.column_stack([loop, np.full(len(loop), z)]) for z in heights for loop in loops]
    dvhs = compute_dvhs(plan(dose, structure("S", *drawn, exclusive_or=True)))
    dvh, n = dvhs["S"], 300_000
    x, y, z = rng.uniform(-14, 14, n), rng.uniform(-14, 14, n), rng.uniform(-10.5, 10.5, n)
    inside = odd_inside(x, y, loops)
    each_cc = 28 * 28 * 21 / 1000 / n
    doses = trilinear(dose, x, y, z)
    for dose_gy in (20.0, 35.0, 50.0):
        hit = float(np.sum(inside & (doses >= dose_gy)))
        truth, error = hit * each_cc, 5 * np.sqrt(hit + 1) * each_cc
        first = dvh.volume_at_dose(dose_gy)
        (narrow,) = dvhs.narrowed(dvh, [point(dvh, dose_gy, first.value)])
        band = narrow.volume_at_dose(dose_gy)
        assert band.low - error <= truth <= band.high + error
        assert band.high - band.low < 0.25 * (first.high - first.low)


def mean_in_twisted(dose: DoseGrid, loops: list[Array], low_mm: float, high_mm: float) -> float:
    """Mean over a prism, line by line: along a line dose is straight between columns, so its integral is exact."""
    columns = rows = planes = np.arange(-20.0, 21.0, 5.0)
    values = dose.values_gy
    ends = [(a, b) for loop in loops for a, b in zip(loop, np.roll(loop, -1, axis=0), strict=True)]
    breaks = np.unique(np.concatenate([rows, *(loop[:, 1] for loop in loops)]))
    heights = np.unique(np.clip(np.concatenate([planes, [low_mm, high_mm]]), low_mm, high_mm))
    nodes, weights = np.polynomial.legendre.leggauss(60)
    total = area = 0.0
    for z0, z1 in pairwise(heights):
        k = min(int(((z0 + z1) / 2 + 20) // 5), 7)
        share = ((z0 + z1) / 2 - planes[k]) / 5
        at_z = values[k] * (1 - share) + values[k + 1] * share  # linear in z: the middle is the mean
        for y0, y1 in pairwise(breaks):
            j = min(int(((y0 + y1) / 2 + 20) // 5), 7)
            for node, weight in zip(nodes, weights, strict=True):
                y = (y0 + y1) / 2 + node * (y1 - y0) / 2
                line = at_z[j] + (at_z[j + 1] - at_z[j]) * (y - rows[j]) / 5
                upto = np.concatenate([[0.0], np.cumsum((line[1:] + line[:-1]) / 2 * 5)])
                hit = sorted(
                    a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) for a, b in ends if (a[1] > y) != (b[1] > y)
                )
                for x0, x1 in zip(hit[::2], hit[1::2], strict=True):
                    i0, i1 = (min(int((x + 20) // 5), 7) for x in (x0, x1))
                    f0, f1 = (np.interp(x, columns, line) for x in (x0, x1))
                    from_0 = upto[i0] + (x0 - columns[i0]) * (line[i0] + f0) / 2
                    to_1 = upto[i1] + (x1 - columns[i1]) * (line[i1] + f1) / 2
                    step = weight * (y1 - y0) / 2 * (z1 - z0)
                    total += (to_1 - from_0) * step
                    area += (x1 - x0) * step
    return total / area


@pytest.mark.parametrize("seed", range(8))
def test_the_mean_of_a_dose_that_is_nowhere_linear_lies_in_its_narrow_bounds(seed: int) -> None:
    rng = np.random.default_rng(40 + seed)
    loops = [rng.uniform(-14, 14, (5, 2)), rng.uniform(-14, 14, (4, 2))]
    dose = twisted(rng)
    drawn = [np.column_stack([loop, np.full(len(loop), z)]) for z in (-1.0, 2.0) for loop in loops]
    band = compute_dvhs(plan(dose, structure("S", *drawn, exclusive_or=True)))["S"].mean_gy
    truth = mean_in_twisted(dose, loops, -2.5, 3.5)
    assert band.low - 2e-4 <= truth <= band.high + 2e-4
    assert band.high - band.low < 0.1


# -------------------------------------------------------------------------------- how much of a cell gets a dose


def share_by_points(corners: Array, dose: float, from_u: float, from_v: float) -> float:
    """Share of a cell that is inside and gets the dose, at 64 points along each edge, between eight corners by hand."""
    at = (np.arange(64) + 0.5) / 64
    w, v, u = np.meshgrid(at, at, at, indexing="ij")
    value = np.zeros_like(w)
    for (i, j, k), corner in np.ndenumerate(corners):
        value += corner * (w if i else 1 - w) * (v if j else 1 - v) * (u if k else 1 - u)
    return float(np.mean((value >= dose) & (u >= from_u) & (v >= from_v)))


@pytest.mark.slow
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.01, 0.3, 3.0]),
    st.sampled_from([(0.0, 0.0), (0.5, 0.0), (0.0, 0.75), (0.5, 0.25)]),
)
@settings(max_examples=60)
def test_what_is_known_of_a_cell_holds_for_points_in_it(seed: int, bent: float, begin: tuple[float, float]) -> None:
    """Dose rises along any direction, and is bent; the structure fills the cell, or the part of it beyond a corner."""
    rng = np.random.default_rng(seed)
    slopes = rng.uniform(-1, 1, 3) * rng.integers(0, 2, 3)
    w, v, u = np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij")
    corners = (30 + slopes[0] * w + slopes[1] * v + slopes[2] * u + bent * rng.uniform(-1, 1, (2, 2, 2))).astype(
        np.float32
    )
    dose = float(rng.uniform(corners.min(), corners.max()))
    share = (1 - begin[0]) * (1 - begin[1])
    isodoses = Isodoses(dose=np.array([dose]), over=1e-4, under=1e-4, least=np.array([0.0]), most=np.array([99.0]))
    cells = Cells.of(corners[..., None], np.array([2.0]), np.array([share]), np.array([WHOLE]), np.array([0]), isodoses)
    above, below = float(cells.above_cc[0]) / 2, float(cells.below_cc[0]) / 2
    least, most = (share_by_points(corners, dose + off, *begin) for off in (0.02, -0.02))
    assert above <= most + 2e-3
    assert share - below >= least - 2e-3
    if bent == 0.0 and share == 1.0 and np.abs(slopes).max() > 0.1:  # then nothing is left to know
        assert float(cells.undecided_cc[0]) < 0.02


# -------------------------------------------------------------------------------- laws


AT_35_GY = Isodoses(dose=np.array([35.0]), over=1e-3, under=1e-3, least=np.array([34.0]), most=np.array([36.0]))


def test_halving_moves_volume_to_one_side_or_the_other_and_loses_none() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        dose = twisted(rng)
        local = np.vstack([rng.uniform(6, 34, (2, 21)), np.repeat([17.0, 20.0, 23.0], 7)])
        frame = grid_frame(dose, 2)
        stack, _ = prism_stack("S", local, np.array([0, 7, 14, 21]), frame)
        slices = slices_of(stack, prism_cc(stack, frame), frame, 2)[0]
        known = cut_by_isodoses(slices, frame, AT_35_GY, 1.0, Effort(elements=1 << 20, cells=1 << 20))
        whole = volume(known)
        for _ in range(4):
            before, known = known, known.halved()
            assert volume(known) == pytest.approx(whole, rel=1e-7)
            assert known.above_cc[0] >= before.above_cc[0]
            assert known.below_cc[0] >= before.below_cc[0]
            corners = known.cells.corners.astype(np.float64)
            low, high = corners.min(axis=(0, 1, 2)), corners.max(axis=(0, 1, 2))
            assert np.all((low < 35.001) & (high >= 34.999))


def test_the_outline_of_a_cell_has_no_more_edges_for_the_teeth_beside_it() -> None:
    teeth = 200
    x, y = np.linspace(-14, 14, 2 * teeth), np.where(np.arange(2 * teeth) % 2, -14.0, 13.0)
    comb = np.vstack([np.column_stack([x, y]), [(14.0, -15.0), (-14.0, -15.0)]]) + 20.0
    frame = grid_frame(twisted(np.random.default_rng(4)), 2)
    local = np.vstack([np.vstack([comb, comb]).T, np.repeat([18.0, 22.0], len(comb))])
    stack, _ = prism_stack("S", local, np.array([0, len(comb), 2 * len(comb)]), frame)
    slices = slices_of(stack, prism_cc(stack, frame), frame, 1)[0]
    known = cut_by_isodoses(slices, frame, AT_35_GY, 1.0, Effort(elements=1 << 20, cells=1 << 20))
    whole = volume(known)
    for _ in range(3):
        mine, cells = np.bincount(known.edges.layer), int(known.cells.outline.max()) + 1
        assert mine.mean() < 8 * teeth / 5 + 8  # of the teeth, some seventy are in a cell of 5 mm
        assert len(mine) == cells
        assert np.all(np.diff(known.edges.layer) >= 0)
        assert volume(known) == pytest.approx(whole, rel=1e-9)
        known, teeth = known.halved(), teeth / 2


def volume(known: object) -> float:
    """Of all that is told apart and all that is left, each outline's area by the shoelace formula."""
    edges, cells = known.edges, known.cells.cc
    beside = (edges.v1 - edges.v0) * (1 - (edges.u0 + edges.u1) / 2)
    area = np.bincount(edges.layer, weights=beside, minlength=int(known.cells.outline.max(initial=0)) + 1)
    share = np.where(known.cells.outline < 0, 1.0, np.abs(area)[known.cells.outline])
    return float(known.above_cc[0] + known.below_cc[0] + cells @ share)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("radius", "options"), [(15, {"between": "interpolated"}), (10, {"dose": "cubic"}), (15, {"end_caps": "none"})]
)
def test_under_every_option_they_fit_those_of_finer_elements(radius: float, options: dict[str, str]) -> None:
    rng = np.random.default_rng(2)
    ball = [ring(float(np.sqrt(radius**2 - z * z)), z) for z in np.arange(2.0 - radius, radius, 3.0)]
    dvhs = compute_dvhs(plan(twisted(rng), structure("S", *ball)), **options)
    dvh = dvhs["S"]
    for dose_gy in (25.0, 35.0, 45.0):
        first = dvh.volume_at_dose(dose_gy)
        (narrow,) = dvhs.narrowed(dvh, [point(dvh, dose_gy, first.value)])
        finer = dvhs.finer(dvh)
        for one, other, before in zip(all_of(narrow), all_of(finer), all_of(dvh), strict=True):
            mine, theirs, was = (x.volume_at_dose(dose_gy) for x in (one, other, before))
            assert max(mine.low, theirs.low) <= min(mine.high, theirs.high) + 1e-6
            assert mine.high - mine.low < 0.25 * (was.high - was.low)


@pytest.mark.parametrize("dose_gy", [0.0, 1e-6, 1e-3, 0.01, 0.03])
def test_next_to_no_dose_as_well(dose_gy: float) -> None:
    """No dose to the left of the middle, and 2 Gy a mm to its right."""
    box = structure("SpinalCord", *[rectangle(-6, 6, -5, 5, z) for z in (-2.0, 0.0, 2.0)])
    dvhs = compute_dvhs(plan(grid(lambda x, y, z: np.maximum(2 * x, 0.0) + 0 * (y + z), spacing_mm=2.0), box))
    dvh = dvhs["SpinalCord"]
    (narrow,) = dvhs.narrowed(dvh, [point(dvh, dose_gy, 0.5)])
    band = narrow.volume_at_dose(dose_gy)
    truth = 0.72 if dose_gy < 1e-4 else (6 - dose_gy / 2) * 0.06  # doses nearer to nothing are none
    assert band.low - 1e-3 <= truth <= band.high + 1e-9
    for dose in (0.5, 1.0, 5.0, 11.0):
        assert narrow.volume_at_dose(dose).low <= (6 - dose / 2) * 0.06 <= narrow.volume_at_dose(dose).high


def test_where_too_many_cells_are_in_doubt_their_corners_tell_what_they_can(monkeypatch: pytest.MonkeyPatch) -> None:
    dvhs = compute_dvhs(STEEP)
    dvh = dvhs["SpinalCord"]
    first = dvh.volume_at_dose(77.3)
    (known,) = dvhs.narrowed(dvh, [point(dvh, 77.3, first.value)])
    module = import_module("sbrtcheck.dvh.refine")
    monkeypatch.setattr(module, "LEAST_ELEMENTS_OF_LIMITS", 300)
    monkeypatch.setattr(module, "ELEMENTS", 1)
    (hardly,) = dvhs.narrowed(dvh, [point(dvh, 77.3, first.value)])
    best, some = known.volume_at_dose(77.3), hardly.volume_at_dose(77.3)
    assert first.low < some.low <= best.low <= best.high <= some.high < first.high


def test_a_question_is_answered_alike_alone_and_among_others() -> None:
    dvhs = compute_dvhs(STEEP)
    dvh = dvhs["SpinalCord"]
    points = [point(dvh, dose_gy, dvh.volume_at_dose(dose_gy).value * 1.01) for dose_gy in (75.0, 80.0, 83.0)]
    together = dvhs.narrowed(dvh, *([one] for one in points))
    for one, made in zip(points, together, strict=True):
        (alone,) = dvhs.narrowed(dvh, [one])
        assert np.array_equal(alone.lower.volume, made.lower.volume)
        assert np.array_equal(alone.upper.dose_gy, made.upper.dose_gy)
        assert alone.curve is dvh.curve


@pytest.mark.slow
def test_what_was_narrowed_can_be_narrowed_again() -> None:
    """At doses near one another, where the steps of the first points and the elements of the second ones overlap."""
    dvhs = compute_dvhs(STEEP)
    dvh = dvhs["SpinalCord"]
    for dose_gy in np.linspace(71.3, 88.7, 9):
        (once,) = dvhs.narrowed(dvh, [point(dvh, dose_gy, dvh.volume_at_dose(dose_gy).value * 1.0001)])
        for near_gy in (dose_gy - 0.1, dose_gy + 0.1):
            at = point(dvh, near_gy, dvh.volume_at_dose(near_gy).value * 1.0001)
            (twice,), (alone,) = dvhs.narrowed(once, [at]), dvhs.narrowed(dvh, [at])
            for both, first, second in zip(all_of(twice), all_of(once), all_of(alone), strict=True):
                for dose in (dose_gy, near_gy):
                    bands = [one.volume_at_dose(dose) for one in (first, second)]
                    band = both.volume_at_dose(dose)
                    assert band.low == pytest.approx(max(x.low for x in bands), abs=1e-9)
                    assert band.high == pytest.approx(min(x.high for x in bands), abs=1e-9)
            (other,) = dvhs.narrowed(once.alternatives[0], [at])
            assert other.end_caps is once.alternatives[0].end_caps


# -------------------------------------------------------------------------------- verdicts

LINEAR = LinearDose(at_0=60.0, slope=(1.5, -1.0, 0.7))
METRICS = ("D0.35cc[Gy]", "D20%[Gy]", "DC1cc[Gy]", "Median[Gy]", "V82.3Gy[cc]", "V78.3Gy[%]", "CV82.3Gy[cc]")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("above", [False, True])
@pytest.mark.parametrize("sense", [Sense.BELOW, Sense.AT_LEAST])
def test_every_limit_that_is_a_point_beside_the_curve_is_decided(metric: str, above: bool, sense: Sense) -> None:
    dvhs = compute_dvhs(STEEP)
    first = measure(metric, dvhs["SpinalCord"])
    limit = first.value + 0.1 * (first.high - first.low) * (1 if above else -1)
    outcome = report_on(one_row(metric, sense, limit), dvhs).outcomes[0]
    assert not outcome.borderline
    assert outcome.verdict is (Verdict.PASS if above == (sense is Sense.BELOW) else Verdict.FAIL)


@pytest.mark.parametrize(
    ("metric", "limit", "meets"),
    [
        ("Max[Gy]", 90.01, True),
        ("Max[Gy]", 89.9, False),
        ("Max[Gy]", 89.5, False),
        ("Min[Gy]", 70.1, True),
        ("Min[Gy]", 69.98, False),
    ],
)
def test_limits_of_the_extremes_are_decided_by_the_corners_of_the_contour(
    metric: str, limit: float, meets: bool
) -> None:
    """Dose rises along x, 2 Gy a mm, from 70 to 90 Gy at the corners of a contour that reach furthest."""
    outcome = report_on(one_row(metric, Sense.BELOW, limit), compute_dvhs(STEEP)).outcomes[0]
    assert not outcome.borderline
    assert outcome.verdict is (Verdict.PASS if meets else Verdict.FAIL)


TIP = np.array([(-90, -90), (90, -90), (90, -0.05), (100, 0), (90, 0.05), (90, 90), (-90, 90)])
"""A contour with a tip that reaches 10 mm out of it: of a large structure, next to no volume."""


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("off_gy", [-8.0, -1.0, -0.1, 0.1])
def test_limits_of_the_extremes_are_not_met_by_leaving_out_the_tip_of_a_large_structure(
    side: int, off_gy: float
) -> None:
    """Dose is 60 Gy at the end of the tip, and changes by 4 Gy a mm along it; elsewhere it is far from that."""
    heights = np.arange(-90.0, 91, 2.5)
    drawn = [np.column_stack([TIP if z == 0 else np.clip(TIP, -90, 90), np.full(len(TIP), z)]) for z in heights]
    dose = grid(lambda x, y, z: 60 + side * 4 * np.maximum(x - 100, -12.0) + 0 * (y + z), half_mm=110, spacing_mm=2.0)
    dvhs = compute_dvhs(plan(dose, structure("SpinalCord", *drawn)))
    metric, sense = ("Max[Gy]", Sense.BELOW) if side == 1 else ("Min[Gy]", Sense.ABOVE)
    outcome = report_on(one_row(metric, sense, 60 + side * off_gy), dvhs).outcomes[0]
    assert not outcome.borderline
    assert outcome.verdict is (Verdict.PASS if off_gy > 0 else Verdict.FAIL)
    assert outcome.measurement.low <= 60 <= outcome.measurement.high


@pytest.mark.parametrize("quantity", [Quantity.EQD2, Quantity.BED])
def test_a_limit_in_another_quantity_is_decided_at_the_dose_it_stands_for(quantity: Quantity) -> None:
    dvhs = compute_dvhs(STEEP)
    fields = {"quantity": quantity, "alpha_beta_gy": 2.0}
    converted = dvhs["SpinalCord"].to_eqd2 if quantity is Quantity.EQD2 else dvhs["SpinalCord"].to_bed
    first = measure("D0.35cc[Gy]", converted(alpha_beta_gy=2.0))
    limit = first.value + 0.3 * (first.high - first.value)
    outcome = report_on(one_row("D0.35cc[Gy]", Sense.BELOW, limit, **fields), dvhs).outcomes[0]
    assert outcome.verdict is Verdict.PASS
    assert not outcome.borderline
    assert outcome.measurement.high < limit
    assert outcome.measurement.high - outcome.measurement.low < 0.1 * (first.high - first.low)


@pytest.mark.parametrize("dose_gy", [9.0, 20.0, 110.0])
@pytest.mark.parametrize("off", [-0.2, 0.2])
def test_a_volume_at_a_dose_in_another_quantity_is_decided_far_below_the_largest_dose(
    dose_gy: float, off: float
) -> None:
    """Where 24 Gy a fraction are given too, doses that are one in EQD2 are far apart in the physical dose of 9 Gy."""
    wide = structure("SpinalCord", *[ring(28.0, z) for z in np.arange(-20.0, 21, 2)])
    dvhs = compute_dvhs(plan(grid(along_x(2.0, middle=64.0)), wide))
    fields = {"quantity": Quantity.EQD2, "alpha_beta_gy": 2.0}
    first = measure(f"V{dose_gy:g}Gy[cc]", dvhs["SpinalCord"].to_eqd2(alpha_beta_gy=2.0))
    limit = first.value + off * (first.high - first.low)
    outcome = report_on(one_row(f"V{dose_gy:g}Gy[cc]", Sense.BELOW, limit, **fields), dvhs).outcomes[0]
    assert not outcome.borderline
    assert outcome.verdict is (Verdict.PASS if off > 0 else Verdict.FAIL)


@pytest.mark.parametrize("share", [0.001, 0.996])
def test_a_limit_between_the_first_value_and_the_truth_is_decided_for_the_truth(share: float) -> None:
    """The curve of few elements is off by more than the doubt along the isodose."""
    corners = np.array([(-9.0, -7.0), (3.0, -8.5), (8.0, 1.0), (-2.0, 9.0)])
    planes = [(z, [corners]) for z in (0.0, 5.0)]
    made, linear = structure("SpinalCord", *[np.column_stack([corners, np.full(4, z)]) for z, _ in planes]), LINEAR
    dvhs = compute_dvhs(plan(grid(linear, half_mm=24, spacing_mm=12.0), made))
    truth = Exact(slabs=slabs(planes, EndCaps.HALF_SLICE), dose=linear)
    dvh = dvhs["SpinalCord"]
    true_gy = brentq(lambda d: truth.volume_at(d) - share * dvh.volume, *truth.extremes_gy)
    value = dvh.dose_at_volume(share * dvh.volume).value
    limit = 0.8 * value + 0.2 * true_gy
    outcome = report_on(one_row(f"D{100 * share:g}%[Gy]", Sense.BELOW, limit), dvhs).outcomes[0]
    assert not outcome.borderline
    assert outcome.verdict is (Verdict.PASS if true_gy < limit else Verdict.FAIL)


def test_only_what_a_value_or_its_verdict_hangs_on_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that is a point on the curve never has the structure halved."""
    asked: list[int] = []

    def counted(dvhs: DVHSet, dvh: DVH, *questions: object, known: tuple[DVH, ...] = ()) -> tuple[DVH, ...]:
        asked.append(len(questions))
        return narrowed(dvhs, dvh, *questions, known=known)

    narrowed = DVHSet.narrowed
    monkeypatch.setattr(DVHSet, "narrowed", counted)
    monkeypatch.setattr(DVHSet, "finer", lambda *_: pytest.fail("the whole structure was halved"))
    dvhs = compute_dvhs(STEEP)
    value = measure("D0.35cc[Gy]", dvhs["SpinalCord"]).value
    report_on(one_row("D0.35cc[Gy]", Sense.BELOW, value + 20), dvhs)
    assert asked == [1]  # for bounds that are close to the value
    asked.clear()
    report_on([one_row("D0.35cc[Gy]", Sense.BELOW, value + 0.2)], dvhs)
    report_on(
        [one_row("D0.35cc[Gy]", Sense.BELOW, value + 0.2), replace(one_row("D20%[Gy]", Sense.BELOW, 86.0), id="u")],
        dvhs,
    )
    assert asked == [1, 2]  # close bounds decide as well; rows on one structure are asked together


def test_a_large_structure_is_decided_too() -> None:
    """Halved as a whole it would have more elements than anybody waits for."""
    body = structure("SpinalCord", *[rectangle(-190, 190, -190, 190, z) for z in np.arange(-190.0, 191, 5)])
    dvhs = compute_dvhs(plan(grid(along_x(0.1, middle=40.0), half_mm=200, spacing_mm=5.0), body))
    dvh = dvhs["SpinalCord"]
    first = measure("D1000cc[Gy]", dvh)
    limit = first.value + 0.1 * (first.high - first.value)
    outcome = report_on(one_row("D1000cc[Gy]", Sense.BELOW, limit), dvhs).outcomes[0]
    assert not outcome.borderline
    assert outcome.verdict is Verdict.PASS

"""Attempts to break the DVH: legal and nasty contours and doses, against closed forms or a slow computation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exact import Exact, LinearDose, slabs, strips
from sbrtcheck.dvh import DVH, EndCaps, compute_dvhs
from sbrtcheck.plan import DoseGrid, FindingCode
from shapes import KINDS, Plane
from solids import Array, grid, plan, rectangle, ring, sampled_doses, star, structure, uniform

RISING = LinearDose(at_0=60.0, slope=(0.7, -0.4, 0.5))
ALONG_Z = LinearDose(at_0=60.0, slope=(0.0, 0.0, 1.0))


def grid_of(
    dose: LinearDose,
    spacing_mm: tuple[float, float, float] = (2.0, 2.0, 2.0),
    first_mm: tuple[float, float, float] = (-30.0, -30.0, -30.0),
    last_mm: float = 30.0,
) -> DoseGrid:
    x, y, z = (np.arange(a, last_mm + s / 2, s) for a, s in zip(first_mm, spacing_mm, strict=True))
    zz, yy, xx = np.meshgrid(z, y, x, indexing="ij")
    return DoseGrid.axial(dose(xx, yy, zz), origin_mm=first_mm, spacing_mm=spacing_mm)


def at_height(loop: Array, z: float) -> Array:
    return np.column_stack([loop, np.full(len(loop), z)])


def dvh_of(planes: list[tuple[float, Plane]], doses: DoseGrid, *, exclusive_or: bool = False) -> DVH:
    loops = [at_height(loop, z) for z, plane in planes for loop in plane]
    made = compute_dvhs(plan(doses, structure("S", *loops, exclusive_or=exclusive_or)))
    assert not made.without
    return made["S"]


def agrees(
    planes: list[tuple[float, Plane]], doses: DoseGrid, dose: LinearDose = RISING, *, exclusive_or: bool = False
) -> DVH:
    """The DVH, after a comparison of volume, mean, extremes, D and V with the closed form, under each convention."""
    made = dvh_of(planes, doses, exclusive_or=exclusive_or)
    for dvh in (made, *made.alternatives):
        assert dvh.end_caps is not None
        truth = Exact(slabs=slabs(planes, dvh.end_caps), dose=dose)
        assert dvh.volume == pytest.approx(truth.volume_cc, rel=1e-6)
        least, most = truth.extremes_gy
        for band, expected in ((dvh.mean_gy, truth.mean_gy), (dvh.min_gy, least), (dvh.max_gy, most)):
            assert band.low - 2e-4 <= expected <= band.high + 2e-4
        assert dvh.mean_gy.value == pytest.approx(truth.mean_gy, abs=2e-3)
        same_gy = 1e-5 * doses.max_gy + 1e-4
        for share in (0.01, 0.2, 0.5, 0.8, 0.99):
            dose_gy = least + share * (most - least)
            fewer, volume_cc, more = (truth.volume_at(dose_gy + d) for d in (same_gy, 0.0, -same_gy))
            at = dvh.volume_at_dose(dose_gy)
            assert at.low - 1e-9 <= more
            assert at.high + 1e-9 >= fewer
            if min(more - volume_cc, volume_cc - fewer) > 1e-6 * dvh.volume:  # no plateau: one dose has the volume
                band = dvh.dose_at_volume(volume_cc)
                assert band.low - 2e-4 <= dose_gy <= band.high + 2e-4
                assert band.value == pytest.approx(dose_gy, abs=max(0.05, 0.05 * (most - least)))
    return made


def prism(*loops: Array, heights: tuple[float, ...] = (-2.0, 0.0, 2.0, 4.0)) -> list[tuple[float, Plane]]:
    return [(z, [np.asarray(loop, dtype=np.float64)[:, :2] for loop in loops]) for z in heights]


def square(half: float, centre: tuple[float, float] = (0.0, 0.0)) -> Array:
    x, y = centre
    return rectangle(x - half, x + half, y - half, y + half, 0.0)


# -------------------------------------------------------------------------------- where contours lie


@pytest.mark.parametrize("width_mm", [1.0, 0.1, 0.01, 0.001])
@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 4, np.pi / 2])
def test_slivers(width_mm: float, angle: float) -> None:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    agrees(prism(rectangle(-17.0, 18.0, 0.3, 0.3 + width_mm, 0.0)[:, :2] @ turn), grid_of(RISING))


@pytest.mark.parametrize("half_mm", [2.0, 4.0, 5.0, 10.0])  # nodes are at even, cell borders of voxels at odd numbers
@pytest.mark.parametrize("middle_mm", [0.0, 1.0])
def test_edges_on_grid_nodes_and_on_voxel_borders(half_mm: float, middle_mm: float) -> None:
    agrees(prism(square(half_mm, (middle_mm, middle_mm))), grid_of(RISING))


def test_corners_on_grid_nodes_and_edges_through_many_of_them() -> None:
    agrees(prism(np.array([[-8.0, -8.0], [8.0, -8.0], [8.0, 8.0]])), grid_of(RISING))  # the diagonal meets nodes only
    agrees(prism(np.array([[0.0, -8.0], [8.0, 0.0], [0.0, 8.0], [-8.0, 0.0]])), grid_of(RISING))


@pytest.mark.parametrize("offset_mm", [0.0, 1.0, 0.5, 1e-7])
def test_contour_planes_on_dose_planes_and_half_way_between(offset_mm: float) -> None:
    heights = tuple(np.arange(-6.0, 7.0, 2.0) + offset_mm)
    agrees(prism(square(7.3), heights=heights), grid_of(ALONG_Z), ALONG_Z)


@pytest.mark.parametrize("side_mm", [2.0, 1.0, 0.3])  # 0.001 cc is a cube of 1 mm
def test_tiny_structures(side_mm: float) -> None:
    heights = tuple(0.37 + side_mm * (np.arange(3) - 1) / 3)
    half = side_mm / 2
    dvh = agrees(prism(square(half, (0.61, -0.43)), heights=heights), grid_of(RISING, (3.0, 3.0, 3.0)))
    assert dvh.volume == pytest.approx(side_mm**3 / 1000, rel=1e-9)


def test_a_structure_that_touches_the_faces_of_the_grid_is_inside() -> None:
    doses = grid_of(RISING, last_mm=30.0)
    x = rectangle(-30.0, 30.0, -30.0, 30.0, 0.0)
    dvh = agrees(prism(x, heights=(-29.0, -27.0, -25.0)), doses)  # half a slice down: the outermost points
    assert dvh.uncovered_cc == 0.0
    assert dvh.findings == ()
    voxels = dvh_of(prism(rectangle(-31.0, 31.0, -31.0, 31.0, 0.0), heights=(-30.0, -28.0)), doses)
    assert voxels.uncovered_cc == 0.0  # a point stands for its voxel
    beyond = dvh_of(prism(rectangle(-31.1, 31.0, -31.0, 31.0, 0.0), heights=(-30.0, -28.0)), doses)
    assert beyond.uncovered_cc == pytest.approx(0.1 * 62 * 4 / 1000)
    assert [f.code for f in beyond.findings] == [FindingCode.OUTSIDE_DOSE_GRID, FindingCode.OUTERMOST_DOSE_PLANES]


@settings(max_examples=25)
@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 2**20),
    st.sampled_from([(1.0, 1.0, 10.0), (10.0, 1.0, 1.0), (1.0, 7.0, 2.0), (0.5, 6.0, 6.0)]),
)
def test_very_anisotropic_grids(kind: str, seed: int, spacing_mm: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(seed)
    planes = [(float(z), KINDS[kind](rng)) for z in (-3.0, 0.0, 3.0)]
    agrees(planes, grid_of(RISING, spacing_mm), exclusive_or=kind == "pieces")


@settings(max_examples=25)
@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 2**20),
    st.lists(st.floats(0.4, 9.0), min_size=4, max_size=12).filter(lambda steps: sum(steps) > 30),
    st.booleans(),
)
def test_frames_at_uneven_distances_rising_or_falling(kind: str, seed: int, steps: list[float], falling: bool) -> None:
    rng = np.random.default_rng(seed)
    planes = [(float(z), KINDS[kind](rng)) for z in (-3.0, 0.0, 3.0)]
    heights = np.concatenate([[0.0], np.cumsum(steps)]) - sum(steps) / 2
    z, y, x = np.meshgrid(heights, np.arange(-30.0, 31, 3), np.arange(-30.0, 31, 3), indexing="ij")
    values = RISING(x, y, z)
    made = DoseGrid(
        stored=values[::-1] if falling else values,
        origin_mm=np.array([-30.0, -30.0, heights[-1] if falling else heights[0]]),
        axes=np.diag([1.0, 1.0, -1.0 if falling else 1.0]),
        spacing_mm=(3.0, 3.0),
        offsets_mm=(heights[-1] - heights)[::-1] if falling else heights - heights[0],
    )
    agrees(planes, made, exclusive_or=kind == "pieces")


# -------------------------------------------------------------------------------- how contours are drawn


@settings(max_examples=40)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**20))
def test_contours_of_every_kind_on_the_raster_of_the_grid(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # corners on whole millimetres: on nodes, on cell borders, on top of one another, in line
    planes = [(float(z), [np.rint(loop) for loop in KINDS[kind](rng)]) for z in (-3.0, 0.0, 3.0)]
    assume(not any(_repeats(loops) or strips(loops).area < 1e-6 for _, loops in planes))
    agrees(planes, grid_of(RISING, (1.0, 1.0, 1.0)), exclusive_or=True)


def _repeats(loops: Plane) -> bool:
    return len({tuple(sorted(map(tuple, loop))) for loop in loops}) < len(loops)


def test_points_in_line_points_drawn_twice_and_edges_of_no_length() -> None:
    loop = star([0.3, 0.7, 0.2, 0.9, 0.5], [7, 9, 4, 11, 8], 0.0, (1.0, 2.0))[:, :2]
    on_edges = np.concatenate([np.linspace(a, b, 6)[:-1] for a, b in zip(loop, np.roll(loop, -1, axis=0), strict=True)])
    closed = np.concatenate([np.repeat(on_edges, 3, axis=0), on_edges[:1]])  # and the first point once more at the end
    plain, noisy = (agrees(prism(p), grid_of(RISING)) for p in (loop, closed))
    assert noisy.volume == pytest.approx(plain.volume, rel=1e-9)
    assert noisy.findings == plain.findings == ()


@pytest.mark.parametrize("tip", [(15.0, 3.0), (0.0, 0.0), (-15.0, 0.0), (6.0, 17.0)])
def test_a_line_out_and_back_encloses_nothing(tip: tuple[float, float]) -> None:
    loop = square(6.0)[:, :2]
    spiked = np.concatenate([loop[:2], [[6.0, 0.0], tip, [6.0, 0.0]], loop[2:]])
    plain, odd = (agrees(prism(p), grid_of(RISING)) for p in (loop, spiked))
    assert odd.volume == pytest.approx(plain.volume, rel=1e-9)
    assert odd.max_gy.value == pytest.approx(plain.max_gy.value, abs=0.05)


@pytest.mark.parametrize("turned", [(), (0,), (1, 3), (0, 1, 2, 3)])
def test_four_loops_one_in_another_in_any_direction(turned: tuple[int, ...]) -> None:
    loops = [square(half)[:, :2] for half in (16.0, 12.0, 8.0, 4.0)]
    mixed = [loop[::-1] if i in turned else loop for i, loop in enumerate(loops)]
    dvh = agrees(prism(*mixed[::-1]), grid_of(RISING))
    assert dvh.volume == pytest.approx(4 * (16**2 - 12**2 + 8**2 - 4**2) * 8 / 1000)


def test_a_figure_of_eight_is_two_lobes() -> None:
    dvh = agrees(prism(np.array([[-9.0, -5.0], [9.0, 5.0], [9.0, -5.0], [-9.0, 5.0]])), grid_of(RISING))
    assert dvh.volume == pytest.approx(2 * (9 * 10 / 2) * 8 / 1000)


def test_loops_that_share_an_edge_or_a_corner_are_both_there() -> None:
    side_by_side = prism(rectangle(-8, 0, -4, 4, 0), rectangle(0, 8, -4, 4, 0)[::-1])
    assert agrees(side_by_side, grid_of(RISING)).volume == pytest.approx(16 * 8 * 8 / 1000)
    corner = prism(rectangle(-8, 0, -8, 0, 0), rectangle(0, 8, 0, 8, 0))
    assert agrees(corner, grid_of(RISING)).volume == pytest.approx(2 * 64 * 8 / 1000)
    hole_at_the_wall = prism(rectangle(-8, 8, -8, 8, 0), rectangle(-8, 0, -4, 4, 0))
    assert agrees(hole_at_the_wall, grid_of(RISING)).volume == pytest.approx((256 - 64) * 8 / 1000)


def test_a_contour_drawn_twice_on_every_plane_in_both_directions_counts_once() -> None:
    once, again = square(6.3), square(6.3)[::-1]
    plain = agrees(prism(once), grid_of(RISING))
    twice = dvh_of(prism(once, np.roll(again, 2, axis=0)), grid_of(RISING))
    assert twice.volume == pytest.approx(plain.volume, rel=1e-9)
    assert [f.code for f in twice.findings] == [FindingCode.OVERLAPPING_CONTOURS]


def test_a_hundred_thousand_points_a_contour() -> None:
    radius, count = 11.3, 100_000
    circle = ring(radius, 0.0, points=count)
    planes = [(z, [circle[:, :2]]) for z in (-2.0, 0.0, 2.0)]
    dvh = dvh_of(planes, grid_of(RISING))
    area = count / 2 * radius**2 * np.sin(2 * np.pi / count)
    assert dvh.volume == pytest.approx(area * 6 / 1000, rel=1e-9)
    coarse = dvh_of([(z, [ring(radius, 0.0, points=2000)[:, :2]]) for z in (-2.0, 0.0, 2.0)], grid_of(RISING))
    for share in (0.01, 0.5, 0.99):
        one, other = (d.dose_at_volume(share * d.volume).value for d in (dvh, coarse))
        assert one == pytest.approx(other, abs=2e-3)


# -------------------------------------------------------------------------------- nasty doses


@pytest.mark.parametrize("dose_gy", [1e-3, 0.1, 7.3, 50.0, 123.456])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_everything_gets_exactly_the_dose_that_is_everywhere(kind: str, dose_gy: float) -> None:
    rng = np.random.default_rng(3)
    dvh = dvh_of([(float(z), KINDS[kind](rng)) for z in (-3.0, 0.0, 3.0)], grid(uniform(dose_gy)))
    for one in (dvh, *dvh.alternatives):
        assert one.volume_at_dose(dose_gy).value == pytest.approx(one.volume, rel=1e-9)
        assert one.volume_at_dose(1.001 * dose_gy).high == 0.0
        assert one.volume_at_dose(0.995 * dose_gy).low == pytest.approx(one.volume, rel=1e-9)
        for band in (one.mean_gy, one.min_gy, one.max_gy, one.dose_at_volume(0.5 * one.volume)):
            assert band.low <= dose_gy <= band.high or band.value == pytest.approx(dose_gy, abs=1e-4)


def test_steps_between_plateaus_of_dose_keep_the_volumes_of_the_plateaus() -> None:
    def steps(x, y, z):  # 10, 30 and 50 Gy, each over 20 mm; between them 2 mm of slope
        return 10.0 + 20.0 * np.clip((x + 10) / 2, 0, 1) + 20.0 * np.clip((x - 12) / 2, 0, 1) + 0 * y * z

    box = structure("S", *[rectangle(-20.0, 24.0, -5.0, 5.0, z) for z in (-2.0, 0.0, 2.0)])
    dvh = compute_dvhs(plan(grid(steps), box))["S"]
    plane = 10 * 6 / 1000
    for dose_gy, length_mm in ((10.0, 44.0), (10.5, 34 - 0.05), (30.0, 32.0), (31.0, 12 - 0.1), (50.0, 10.0)):
        at = dvh.volume_at_dose(dose_gy)
        assert at.low - 1e-6 <= length_mm * plane <= at.high + 1e-6
        assert at.value == pytest.approx(length_mm * plane, abs=0.3 * plane)
    assert dvh.volume_at_dose(50.01).value == 0.0
    assert dvh.dose_at_volume(5 * plane).value == pytest.approx(50.0, abs=1e-3)
    assert dvh.dose_at_volume(20 * plane).value == pytest.approx(30.0, abs=1e-3)
    assert dvh.dose_at_volume(40 * plane).value == pytest.approx(10.0, abs=1e-3)


@pytest.mark.parametrize("hot_gy", [20.5, 60.0, 500.0])
def test_one_hot_point_of_the_grid(hot_gy: float) -> None:
    spacing, bath = 2.0, 20.0
    values = np.full((21, 21, 21), bath)
    values[10, 10, 10] = hot_gy
    doses = DoseGrid.axial(values, origin_mm=(-20.0,) * 3, spacing_mm=(spacing,) * 3)
    dvh = compute_dvhs(plan(doses, structure("S", *[rectangle(-8, 8, -8, 8, z) for z in np.arange(-6.0, 7, 2)])))["S"]
    assert dvh.max_gy.low - 1e-3 <= hot_gy <= dvh.max_gy.high + 1e-3
    added = (hot_gy - bath) * spacing**3  # the integral of a trilinear peak
    assert dvh.mean_gy.value == pytest.approx(bath + added / (dvh.volume * 1000), rel=1e-5)
    for share in (0.9, 0.5, 0.1):
        # (1 - a)(1 - b)(1 - c) > share in eight corners: 8 times the volume under a product of uniform numbers
        log = np.log(1 / share)
        truth_cc = 8 * spacing**3 * (1 - share * (1 + log + log**2 / 2)) / 1000
        at = dvh.volume_at_dose(bath + share * (hot_gy - bath))
        assert at.low - 1e-6 <= truth_cc <= at.high + 1e-6
        assert at.value == pytest.approx(truth_cc, rel=0.15, abs=1e-4)


@settings(max_examples=15)
@given(st.integers(0, 2**20), st.sampled_from(["simple", "nested", "crossing", "spiked"]))
def test_dose_without_any_order_lies_in_the_bounds(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    doses = DoseGrid.axial(rng.uniform(0, 60, (13, 13, 13)), origin_mm=(-24.0,) * 3, spacing_mm=(4.0,) * 3)
    planes = [(float(z), KINDS[kind](rng)) for z in (-4.0, -1.0, 2.0)]
    dvh = dvh_of(planes, doses)
    cut = [
        (slab.low_mm, slab.high_mm, [at_height(loop, 0.0) for loop in slab.loops])
        for slab in slabs(planes, EndCaps.HALF_SLICE)
    ]
    sampled = np.sort(sampled_doses(doses, cut, 0.2))
    assert dvh.min_gy.low <= sampled[0] + 1e-3
    assert dvh.max_gy.high >= sampled[-1] - 1e-3
    for dose_gy in (15.0, 30.0, 45.0):
        at = dvh.volume_at_dose(dose_gy)
        share = float(np.mean(sampled >= dose_gy))
        # the lattice itself misses the boundary by part of its step
        assert at.low / dvh.volume - 0.02 <= share <= at.high / dvh.volume + 0.02
        assert at.value / dvh.volume == pytest.approx(share, abs=0.03)
    assert dvh.mean_gy.value == pytest.approx(sampled.mean(), abs=0.5)


def test_a_dose_stored_in_sixteen_bits_has_the_doses_of_its_steps() -> None:
    doses = grid_of(RISING)
    stored = np.rint(doses.values_gy / 2e-3).astype(np.uint16)
    planes = prism(square(7.7, (1.3, 0.2)))
    fine, coarse = dvh_of(planes, doses), dvh_of(planes, replace(doses, stored=stored, gy_per_unit=2e-3))
    for share in (0.02, 0.5, 0.98):
        one, other = (d.dose_at_volume(share * d.volume).value for d in (fine, coarse))
        assert one == pytest.approx(other, abs=2e-3)

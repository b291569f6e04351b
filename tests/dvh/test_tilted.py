"""Contours on planes tilted against the dose grid: the same solid, and a DVH whose bounds hold the one sampled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sbrtcheck import compute_dvhs
from sbrtcheck.dvh import DVH, NoDVH
from sbrtcheck.geometry import TILT_TOLERANCE_MM
from sbrtcheck.metric import MaxDoseAtDistance, NotMeasured, Unit
from sbrtcheck.metric.plan_indices import measure_index
from sbrtcheck.plan import DoseGrid, FindingCode, Plan, Structure
from solids import Array, Dose, grid, plan, ring, sampled_doses, structure, trilinear

STEP_MM = 2.0
HEIGHTS = np.arange(-7.0, 7.1, STEP_MM)
LOOPS = [ring(float(np.sqrt(81.0 - z * z)), float(z), centre=(2.0, -3.0), points=40) for z in HEIGHTS]

angles = st.tuples(st.floats(-40, 40), st.floats(-40, 40), st.floats(-180, 180))


def turn(degrees: tuple[float, float, float]) -> Array:
    """A rotation about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def turned_plan(dose: DoseGrid, rotation: Array) -> Plan:
    return plan(dose, structure("Organ", *[loop @ rotation.T for loop in LOOPS]))


def the_dvh(made: Plan) -> DVH:
    dvhs = compute_dvhs(made)
    assert len(dvhs) == 1, dvhs.without
    return dvhs["Organ"]


def peak(x: Array, y: Array, z: Array) -> Array:
    return 50 * np.exp(-((x - 3) ** 2 + 1.4 * y**2 + 0.7 * z**2) / 150)


def linear(x: Array, y: Array, z: Array) -> Array:
    return 40 + 0.3 * x - 0.2 * y + 0.4 * z


def doses_in_solid(dose: DoseGrid, rotation: Array) -> Array:
    """Doses at points of a lattice that fills the slabs, turned with them: each read off the dose grid itself."""
    found = []
    for z, loop in zip(HEIGHTS, LOOPS, strict=True):
        # the lattice of the helper, with coordinates in place of doses
        inside = [
            sampled_doses(ramp, [(z - STEP_MM / 2, z + STEP_MM / 2, [loop])], 0.25)
            for ramp in (grid(lambda x, y, z, a=axis: (x, y, z)[a] + 0 * (x + y + z)) for axis in range(3))
        ]
        found.append(np.stack(inside, axis=1))
    points = np.concatenate(found) @ rotation.T
    return np.sort(trilinear(dose, *points.T))[::-1]


@settings(deadline=None, max_examples=12)
@given(angles, st.sampled_from([2.0, 3.0]))
def test_the_bounds_hold_the_dvh_of_points_in_the_solid(degrees: tuple[float, float, float], spacing: float) -> None:
    rotation = turn(degrees)
    dose = grid(peak, spacing_mm=spacing)
    dvh, doses = the_dvh(turned_plan(dose, rotation)), doses_in_solid(dose, rotation)
    slack = 0.08  # of the lattice of points, which is off by as much where nothing is tilted
    for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98):
        sampled = doses[int(share * len(doses))]
        found = dvh.dose_at_volume(share * dvh.volume)
        assert found.low - slack <= sampled <= found.high + slack
        assert found.value == pytest.approx(sampled, abs=0.1)
    assert dvh.mean_gy.low - 0.03 <= doses.mean() <= dvh.mean_gy.high + 0.03
    assert dvh.mean_gy.value == pytest.approx(doses.mean(), abs=0.04)
    assert dvh.min_gy.low <= doses[-1]
    assert dvh.max_gy.high >= doses[0]


@settings(deadline=None, max_examples=12)
@given(angles)
def test_a_linear_dose_is_read_without_any_loss(degrees: tuple[float, float, float]) -> None:
    rotation = turn(degrees)
    tilted = the_dvh(turned_plan(grid(linear), rotation))
    # the same solid, with the dose turned back to it
    gradient = np.array([0.3, -0.2, 0.4]) @ rotation
    dose: Dose = lambda x, y, z: 40 + gradient[0] * x + gradient[1] * y + gradient[2] * z  # noqa: E731
    straight = the_dvh(turned_plan(grid(dose), np.eye(3)))
    # planes that are tilted by no more than the tolerance are taken as straight, and lose the cosine of it
    is_flat = all(np.ptp(loop @ rotation.T, axis=0).min() <= TILT_TOLERANCE_MM for loop in LOOPS)
    assert tilted.volume == pytest.approx(straight.volume, rel=1e-4 if is_flat else 1e-9)
    assert tilted.mean_gy.value == pytest.approx(straight.mean_gy.value, abs=2e-3)
    assert tilted.mean_gy.high - tilted.mean_gy.low < 0.01
    for share in (0.05, 0.5, 0.95):
        one, other = (dvh.dose_at_volume(share * dvh.volume) for dvh in (tilted, straight))
        assert one.value == pytest.approx(other.value, abs=0.03)
        assert one.low <= other.high
        assert other.low <= one.high


@pytest.mark.parametrize("degrees", [(12.0, -20.0, 8.0), (35.0, 5.0, 0.0)])
def test_dose_grid_and_contours_turned_together_are_not_tilted_and_give_the_same(
    degrees: tuple[float, float, float],
) -> None:
    rotation, dose = turn(degrees), grid(peak)
    together = replace(dose, origin_mm=rotation @ dose.origin_mm, axes=(rotation @ dose.axes.T).T)
    one, other = the_dvh(turned_plan(together, rotation)), the_dvh(turned_plan(dose, np.eye(3)))
    assert FindingCode.TILTED_PLANES not in {finding.code for finding in one.findings}
    assert one.mean_gy.value == pytest.approx(other.mean_gy.value, abs=1e-3)
    # and the solid tilted in a finely sampled dose that is turned with it: within the bounds of both
    fine = grid(lambda x, y, z: peak(*(np.stack([x, y, z], axis=-1) @ rotation).transpose(3, 0, 1, 2)), spacing_mm=1.0)
    tilted = the_dvh(turned_plan(fine, rotation))
    assert FindingCode.TILTED_PLANES in {finding.code for finding in tilted.findings}
    finely = the_dvh(turned_plan(grid(peak, spacing_mm=1.0), np.eye(3)))
    for share in (0.05, 0.5, 0.95):
        a, b = (dvh.dose_at_volume(share * dvh.volume) for dvh in (tilted, finely))
        assert a.value == pytest.approx(b.value, abs=0.15)  # the dose grids differ by their own interpolation
        assert a.low - 0.1 <= b.high
        assert b.low - 0.1 <= a.high


def test_frames_may_be_uneven() -> None:
    dose = grid(peak)
    offsets = dose.offsets_mm.copy()
    offsets[1::2] += 0.5
    z, y, x = np.meshgrid(offsets - 30, *[np.arange(-30, 30.5, 2.0)] * 2, indexing="ij")
    uneven = replace(dose, stored=linear(x, y, z), offsets_mm=offsets)
    rotation = turn((15, 10, 0))
    mean = the_dvh(turned_plan(uneven, rotation)).mean_gy
    assert mean.value == pytest.approx(the_dvh(turned_plan(grid(linear), rotation)).mean_gy.value, abs=2e-3)


@settings(deadline=None, max_examples=15)
@example((0.0, 0.5, 1.0), 2)
@given(angles, st.integers(0, 2**32 - 1))
def test_masks_may_be_tilted_too(degrees: tuple[float, float, float], seed: int) -> None:
    mask = np.random.default_rng(seed).random((4, 5, 6)) < 0.5
    axes = turn(degrees).T
    made = Plan.from_masks(grid(linear), {"Organ": mask}, spacing_mm=(1.5, 2, 3), origin_mm=(-3, -4, -5), axes=axes)
    dvh = the_dvh(made)
    # planes tilted by less than the tolerance count as parallel to those of the grid, with areas as seen along its
    # axis; they are flattened, by half of their height at most, which a dose that rises along the axis feels
    is_tilted = any(one.code is FindingCode.TILTED_PLANES for one in dvh.findings)
    assert dvh.volume == pytest.approx(mask.sum() * 9 / 1000, rel=1e-9 if is_tilted else 1e-3)
    k, j, i = (at.mean() for at in np.nonzero(mask))
    middle = np.array([-3, -4, -5]) + np.array([1.5 * i, 2 * j, 3 * k]) @ axes
    corners = np.array([[0, 2 * j, 3 * i] for j in (0, 4) for i in (0, 5)]) @ axes
    flattened_mm = 0.0 if is_tilted else float(np.ptp(corners[:, 2])) / 2
    assert dvh.mean_gy.value == pytest.approx(linear(*middle), abs=2e-3 + 0.4 * flattened_mm)


def without(made: Plan) -> NoDVH:
    (none,) = compute_dvhs(made).without
    return none


def test_what_reaches_beyond_the_dose_points_is_refused() -> None:
    small = grid(peak, half_mm=8.0)
    assert "beyond its outermost points" in without(turned_plan(small, turn((20, 10, 0)))).detail


def test_contours_on_planes_that_are_not_parallel_are_refused() -> None:
    loops = [LOOPS[3], LOOPS[4] @ turn((25, 0, 0)).T]
    assert "parallel planes" in without(plan(grid(peak), structure("Organ", *loops))).detail


def test_what_needs_the_dose_grid_itself_is_not_measured_and_bounds_are_not_refined_along_isodoses() -> None:
    made = turned_plan(grid(peak), turn((20, 10, 0)))
    target = replace(made.structures[0], name="PTV", kind="PTV")
    dvhs = compute_dvhs(replace(made, structures=(target,)))
    distance = measure_index(MaxDoseAtDistance(unit=Unit.GY), dvhs, dvhs["PTV"])
    assert isinstance(distance, NotMeasured)
    assert "tilted" in distance.detail
    assert dvhs.narrowed(dvhs["PTV"], []) == ()


def test_a_union_of_tilted_structures_is_not_computed() -> None:
    rotation = turn((20, 10, 0))
    lungs: list[Structure] = [
        structure(name, *[(loop + np.array([aside, 0, 0])) @ rotation.T for loop in LOOPS], number=number)
        for number, (name, aside) in enumerate([("Lung_L", 11.0), ("Lung_R", -11.0)], start=1)
    ]
    dvhs = compute_dvhs(plan(grid(peak, half_mm=40), *lungs))
    assert {dvh.name for dvh in dvhs} == {"Lung_L", "Lung_R"}
    assert any(none.name == "Lungs" and "tilted" in none.detail for none in dvhs.without)

"""Plan indices are the ones of closed forms, keep the laws of their definitions, and hold their bounds."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbrtcheck.dvh import DVH, DVHSet, Origin, Reason, VolumeSought, compute_dvhs
from sbrtcheck.errors import MetricError
from sbrtcheck.geometry import grid_frame
from sbrtcheck.geometry.isodose_volume import isodose_volume
from sbrtcheck.metric import Measurement, NotMeasured, measure
from sbrtcheck.metric.plan_indices import measure_index
from sbrtcheck.plan import DoseGrid, Plan, UnknownPrescription
from solids import Array, Dose, grid, plan, rectangle, ring, structure, trilinear, uniform

RATIOS = ["R100%[ratio]", "R50%[ratio]", "GI[ratio]", "CI_RTOG[ratio]", "CI_Paddick[ratio]"]
ALL = [*RATIOS, "D2cm[%Rx]", "V105%Rx_outside_PTV[%PTV]"]
percents = st.floats(min_value=8, max_value=118)


def gaussian(top_gy: float, sigma_mm: float, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Dose:
    def dose(x: Array, y: Array, z: Array) -> Array:
        r2 = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2
        return top_gy * np.exp(-r2 / (2 * sigma_mm**2))

    return dose


def ball(radius: float, *, slice_mm: float = 1.0, name: str = "PTV"):  # type: ignore[no-untyped-def]
    """Slabs that fill a sphere, each with the area of the sphere's slab; 120 corners with the circle's area."""
    planes = np.arange(-radius + slice_mm / 2, radius, slice_mm)
    areas = np.pi * (radius**2 - planes**2 - slice_mm**2 / 12)
    corners = 120
    radii = np.sqrt(areas / (corners / 2 * np.sin(2 * np.pi / corners)))
    loops = [ring(r, z, points=corners) for r, z in zip(radii, planes, strict=True)]
    return structure(name, *loops, kind="PTV")


def brick(half: Array, name: str = "PTV", number: int = 1):  # type: ignore[no-untyped-def]
    """A box around the origin: two slabs that meet in the middle."""
    planes = (-half[2] / 2, half[2] / 2)
    loops = [rectangle(-half[0], half[0], -half[1], half[1], z) for z in planes]
    return structure(name, *loops, kind="PTV", number=number)


@lru_cache(maxsize=64)  # what is moved or scaled is compared with the same plan each time
def found(metric: str, of: Plan | DVHSet, target: str | DVH = "PTV") -> Measurement:
    dvhs = compute_dvhs(of) if isinstance(of, Plan) else of
    measured = measure_index(metric, dvhs, target)
    assert isinstance(measured, Measurement), measured
    return measured


def ball_cc(radius_mm: float) -> float:
    return 4 / 3 * np.pi * radius_mm**3 / 1000


def radius_of(dose_gy: float, top_gy: float, sigma_mm: float) -> float:
    return float(sigma_mm * np.sqrt(2 * np.log(top_gy / dose_gy)))


# -------------------------------------------------------------------------------- closed forms


@pytest.mark.slow
@pytest.mark.parametrize(
    ("radius", "rx"),
    [(12.0, 50.0), (15.0, 40.0), (10.0, 40.0)],  # the prescribed isodose, 11.3, 16.9 and 16.9 mm, inside and outside
)
def test_a_ball_in_a_dose_of_ball_shape_has_the_indices_of_its_formulas(radius: float, rx: float) -> None:
    top, sigma = 60.0, 18.7
    of = compute_dvhs(
        plan(grid(gaussian(top, sigma), half_mm=60.0, spacing_mm=1.5, shift_mm=0.3), ball(radius), dose_gy=rx)
    )
    target = ball_cc(radius)
    whole, half = (ball_cc(radius_of(dose, top, sigma)) for dose in (rx, rx / 2))
    assert found("R100%[ratio]", of).value == pytest.approx(whole / target, rel=0.015)
    assert found("R50%[ratio]", of).value == pytest.approx(half / target, rel=0.005)
    assert found("CI_RTOG[ratio]", of).value == pytest.approx(whole / target, rel=0.015)
    assert found("GI[ratio]", of).value == pytest.approx(half / whole, rel=0.015)
    assert found("CI_Paddick[ratio]", of).value == pytest.approx(min(whole, target) ** 2 / (target * whole), rel=0.015)
    beyond = top * np.exp(-((radius + 20) ** 2) / (2 * sigma**2))
    assert found("D2cm[Gy]", of).value == pytest.approx(beyond, abs=0.15)  # a slab's corner lies further out
    hot = ball_cc(radius_of(1.05 * rx, top, sigma))
    outside = max(hot - target, 0.0)
    assert found("V105%Rx_outside_PTV[cc]", of).value == pytest.approx(outside, abs=0.01 * hot + 0.01 * target)
    assert found("V105%Rx_outside_PTV[%PTV]", of).value == pytest.approx(100 * outside / target, abs=1 + hot / target)


def test_the_dose_2_cm_away_lies_straight_above_a_flat_end_too() -> None:
    """Dose falls along z alone: the largest dose at 2 cm is on a plane 20 mm above the end, a face away from walls."""
    brick_ = brick(np.array([25.0, 25.0, 6.0]))
    of = plan(grid(lambda x, y, z: 60 - np.abs(z) + 0 * x + 0 * y, half_mm=50.0), brick_)
    # beside the brick, at z = 0, there is the full dose
    assert found("D2cm[Gy]", of).value == pytest.approx(60.0, abs=0.1)
    wide = brick(np.array([80.0, 80.0, 6.0]))
    of = plan(grid(lambda x, y, z: 60 - np.abs(z) + 0 * x + 0 * y, half_mm=50.0), wide)
    measured = found("D2cm[Gy]", of)
    assert measured.value == pytest.approx(34.0, abs=0.02)
    assert measured.low <= 34.0


def test_the_inside_of_a_large_target_is_not_2_cm_away_from_it() -> None:
    of = plan(grid(gaussian(60.0, 30.0), half_mm=70.0, spacing_mm=2.5), brick(np.array([40.0, 40.0, 40.0])))
    assert found("D2cm[Gy]", of).value == pytest.approx(60 * np.exp(-(60**2) / (2 * 30**2)), rel=0.03)


# -------------------------------------------------------------------------------- bounds


def clamped(dose: DoseGrid, x: Array, y: Array, z: Array) -> Array:
    """Trilinear between the points, the nearest place between them in the half voxel beyond."""
    last = [o + (n - 1) * s for o, n, s in zip(dose.origin_mm, dose.stored.shape[::-1], spacings(dose), strict=True)]
    inside = [np.clip(p, o, e) for p, o, e in zip((x, y, z), dose.origin_mm, last, strict=True)]
    return trilinear(dose, *inside)


def spacings(dose: DoseGrid) -> tuple[float, float, float]:
    return (*dose.spacing_mm, float(dose.offsets_mm[1]))


def lattice(dose: DoseGrid, points: int) -> tuple[list[Array], float]:
    """The middles of equal boxes that fill the grid to half a voxel beyond its points, and the volume of one, cc."""
    sizes = [n * s for n, s in zip(dose.stored.shape[::-1], spacings(dose), strict=True)]
    axes = [
        o - s / 2 + (np.arange(points) + 0.5) * size / points
        for o, s, size in zip(dose.origin_mm, spacings(dose), sizes, strict=True)
    ]
    return list(np.meshgrid(*axes, indexing="ij")), float(np.prod(sizes)) / points**3 / 1000


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(5.0, 45.0))
def test_the_volume_inside_an_isodose_lies_in_its_bounds_whatever_the_dose(seed: int, dose_gy: float) -> None:
    values = np.random.default_rng(seed).uniform(0, 50, (3, 3, 4))
    dose = DoseGrid.axial(values, origin_mm=(3.0, -4.0, 5.0), spacing_mm=(2.0, 3.0, 2.5))
    points, cell_cc = lattice(dose, 48)
    sampled_cc = float(np.count_nonzero(clamped(dose, *points) >= dose_gy)) * cell_cc
    bounds = isodose_volume(grid_frame(dose, 2), dose_gy, 1e-3)
    whole_cc = cell_cc * 48**3
    assert bounds.low_cc <= bounds.value_cc <= bounds.high_cc
    assert bounds.low_cc - 0.01 * whole_cc <= sampled_cc <= bounds.high_cc + 0.01 * whole_cc
    assert bounds.high_cc - bounds.low_cc <= 0.01 * whole_cc


def test_the_whole_grid_drawn_as_a_structure_has_the_volumes_of_the_isodoses() -> None:
    dose = grid(gaussian(60.0, 12.0, (1.0, 2.0, 0.5)), half_mm=24.0, spacing_mm=3.0)
    planes = dose.origin_mm[2] + dose.offsets_mm
    walls = [rectangle(-25.5, 25.5, -25.5, 25.5, z) for z in planes]
    dvh = compute_dvhs(plan(dose, structure("Body", *walls)))["Body"]
    for dose_gy in (3.0, 10.0, 25.0, 40.0, 55.0):
        by_elements, by_isodose = dvh.volume_at_dose(dose_gy), isodose_volume(grid_frame(dose, 2), dose_gy)
        assert by_elements.low <= by_isodose.high_cc
        assert by_isodose.low_cc <= by_elements.high
        assert by_isodose.value_cc == pytest.approx(by_elements.value, rel=0.01)


@pytest.mark.parametrize("kind", [np.uint16, np.uint32, np.float64])
@pytest.mark.parametrize("dose_gy", [-1.0, 0.0, 1e-9, 39.999, 40.0, 40.001, 1e9])
def test_a_uniform_dose_is_everywhere_up_to_itself_however_it_is_stored(kind: type, dose_gy: float) -> None:
    stored = np.full((4, 5, 6), 40_000).astype(kind)
    dose = replace(DoseGrid.axial(stored, origin_mm=(0.0, 0.0, 0.0), spacing_mm=(2.0, 2.0, 2.0)), gy_per_unit=0.001)
    volume = isodose_volume(grid_frame(dose, 2), dose_gy)
    assert volume.value_cc == pytest.approx(4 * 5 * 6 * 8 / 1000 if dose_gy <= 40.0 else 0.0)
    assert volume.closed == (dose_gy > 40.0)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_dose_2_cm_away_lies_in_its_bounds_whatever_the_target_and_the_dose(seed: int) -> None:
    rng = np.random.default_rng(seed)
    half, centre, sigma = rng.uniform(3, 26, 3), rng.uniform(-8, 8, 3), rng.uniform(12, 22, 3)
    spacing = rng.uniform(2.0, 4.0)
    dose = grid(
        lambda x, y, z: (
            60
            * np.exp(
                -(
                    ((x - centre[0]) / sigma[0]) ** 2
                    + ((y - centre[1]) / sigma[1]) ** 2
                    + ((z - centre[2]) / sigma[2]) ** 2
                )
                / 2
            )
        ),
        half_mm=56.0,
        spacing_mm=spacing,
    )
    bounds = found("D2cm[Gy]", plan(dose, brick(half)))
    axis = np.arange(-52.0, 52.1, 1.6)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    away = np.sqrt(sum(np.maximum(np.abs(p) - h, 0.0) ** 2 for p, h in zip((x, y, z), half, strict=True)))
    best = float(trilinear(dose, x[away >= 20], y[away >= 20], z[away >= 20]).max())
    steepest = 60 / float(sigma.min()) * np.exp(-0.5)
    assert best <= bounds.high + 1e-9
    assert bounds.low <= best + steepest * 1.6 * np.sqrt(3)
    assert bounds.high - bounds.low <= 0.05


# -------------------------------------------------------------------------------- laws

BALL = ball(12.0, slice_mm=3.0)
DOSE = grid(gaussian(60.0, 17.0, (2.0, -1.0, 1.0)), half_mm=56.0, spacing_mm=4.0)
CASE = plan(DOSE, BALL, dose_gy=48.0)
DVHS = compute_dvhs(CASE)


@settings(max_examples=30, deadline=None)
@given(percents, percents)
def test_a_lower_isodose_never_has_less_volume(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert found(f"R{low:.4f}%[ratio]", DVHS).high >= found(f"R{high:.4f}%[ratio]", DVHS).low


@settings(max_examples=5, deadline=None)
@given(st.floats(min_value=0.1, max_value=8))
def test_scaling_dose_and_prescription_together_changes_nothing(factor: float) -> None:
    scaled = compute_dvhs(plan(replace(DOSE, gy_per_unit=factor), BALL, dose_gy=48.0 * factor))
    for metric in ALL:
        one, other = found(metric, DVHS), found(metric, scaled)
        assert other.value == pytest.approx(one.value, rel=5e-3, abs=0.03)
        assert max(one.low, other.low) <= min(one.high, other.high) + 1e-6


@settings(max_examples=5, deadline=None)
@given(st.tuples(*[st.floats(-300, 300)] * 3))
def test_moving_the_whole_plan_changes_nothing(by: tuple[float, float, float]) -> None:
    points = replace(BALL.contours.read(), points_mm=BALL.contours.read().points_mm + by)
    moved = compute_dvhs(
        plan(replace(DOSE, origin_mm=DOSE.origin_mm + by), replace(BALL, contours=points), dose_gy=48.0)
    )
    for metric in ALL:
        one, other = found(metric, DVHS), found(metric, moved)
        assert max(one.low, other.low) <= min(one.high, other.high) + 1e-6
        assert other.value == pytest.approx(one.value, rel=5e-3, abs=0.03)


def test_the_definitions_hang_together() -> None:
    r50, r100 = found("R50%[ratio]", DVHS), found("R100%[ratio]", DVHS)
    assert r50.value > r100.value
    assert found("GI[ratio]", DVHS).value == pytest.approx(r50.value / r100.value)
    assert found("CI_RTOG[ratio]", DVHS) == r100
    assert found("D2cm[%Rx]", DVHS).value == pytest.approx(found("D2cm[Gy]", DVHS).value / 48 * 100)
    # each metric asks for its own on an isodose; on a target of which enough is known, all read off the same
    closely = [VolumeSought(dose_gy=percent / 100 * 48, width_percent=1e-2) for percent in (100, 90)]
    (target,) = DVHS.narrowed(DVHS["PTV"], tuple(closely))
    covered, at_90 = measure("V100%Rx[%]", target), measure("V90%Rx[cc]", target)
    assert isinstance(covered, Measurement)
    assert isinstance(at_90, Measurement)
    paddick = found("CI_Paddick[ratio]", DVHS, target)
    assert paddick.value == pytest.approx((covered.value / 100) ** 2 / r100.value, rel=1e-6)
    cc, percent = (found(f"V90%Rx_outside_PTV[{unit}]", DVHS, target) for unit in ("cc", "%PTV"))
    assert cc.value == pytest.approx(percent.value / 100 * target.volume)
    r90 = found("R90%[ratio]", DVHS)
    assert cc.value == pytest.approx(r90.value * target.volume - at_90.value, rel=1e-6)
    # and what each finds for itself does not contradict that
    for text, there in (("CI_Paddick[ratio]", paddick), ("V90%Rx_outside_PTV[cc]", cc)):
        alone = found(text, DVHS)
        assert max(alone.low, there.low) <= min(alone.high, there.high)


@pytest.mark.parametrize("metric", ALL)
def test_every_index_lies_in_its_bounds(metric: str) -> None:
    measured = found(metric, DVHS)
    assert measured.low <= measured.value <= measured.high
    assert not measured.open_above


def test_the_union_of_two_targets_is_a_target() -> None:
    left, right = (
        structure(name, *[ring(6.0, z, centre=(x, 0.0)) for z in (-4.0, 0.0, 4.0)], number=n)
        for n, (name, x) in enumerate([("PTV1", -20.0), ("PTV2", 20.0)], start=1)
    )
    dvhs = compute_dvhs(plan(grid(gaussian(60.0, 20.0), half_mm=60.0, spacing_mm=4.0), left, right, dose_gy=30.0))
    both = dvhs.union([dvhs["PTV1"], dvhs["PTV2"]])
    one, two = found("R100%[ratio]", dvhs, "PTV1"), measure_index("R100%[ratio]", dvhs, both)  # type: ignore[arg-type]
    assert isinstance(two, Measurement)
    assert two.value == pytest.approx(one.value / 2, rel=1e-3)


def test_end_caps_change_the_target_and_so_its_indices() -> None:
    without = compute_dvhs(CASE, end_caps="none")
    assert found("R50%[ratio]", without).value == pytest.approx(
        found("R50%[ratio]", DVHS).value * DVHS["PTV"].volume / without["PTV"].volume
    )
    assert found("D2cm[Gy]", without).value > found("D2cm[Gy]", DVHS).value - 0.02


# -------------------------------------------------------------------------------- what cannot be told


def test_an_isodose_that_leaves_the_grid_gives_the_least_the_value_can_be() -> None:
    of = compute_dvhs(plan(grid(gaussian(60.0, 18.0), half_mm=18.0, spacing_mm=2.0), ball(8.0), dose_gy=50.0))
    closed, leaving = found("R100%[ratio]", of), found("R50%[ratio]", of)
    assert not closed.open_above
    assert leaving.open_above
    assert leaving.value < ball_cc(radius_of(25.0, 60.0, 18.0)) / ball_cc(8.0)
    assert found("GI[ratio]", of).open_above


@pytest.mark.parametrize("metric", ["GI[ratio]", "CI_Paddick[ratio]"])
def test_what_dose_outside_the_grid_could_make_smaller_is_not_measured(metric: str) -> None:
    of = compute_dvhs(plan(grid(uniform(60.0)), ball(8.0), dose_gy=50.0))
    measured = measure_index(metric, of, "PTV")
    assert isinstance(measured, NotMeasured)
    assert measured.reason is Reason.ISODOSE_LEAVES_GRID


@pytest.mark.parametrize("metric", ["GI[ratio]", "CI_Paddick[ratio]"])
def test_where_no_place_gets_the_prescription_a_ratio_to_it_is_not_measured(metric: str) -> None:
    measured = measure_index(metric, compute_dvhs(plan(DOSE, BALL, dose_gy=90.0)), "PTV")
    assert isinstance(measured, NotMeasured)
    assert measured.detail == "no place receives the prescribed dose"


def test_a_grid_that_ends_within_2_cm_has_no_dose_there() -> None:
    of = compute_dvhs(plan(grid(gaussian(60.0, 18.0), half_mm=14.0), ball(8.0)))
    measured = measure_index("D2cm[Gy]", of, "PTV")
    assert isinstance(measured, NotMeasured)
    assert measured.reason is Reason.DOSE_GRID_MISSING


def test_dose_on_the_faces_of_the_grid_is_the_upper_bound_of_the_dose_2_cm_away() -> None:
    of = compute_dvhs(plan(grid(gaussian(60.0, 18.0, (22.0, 0.0, 0.0)), half_mm=30.0), ball(8.0)))
    assert found("D2cm[Gy]", of).high >= 60 * np.exp(-(8.0**2) / (2 * 18.0**2)) - 0.5


@pytest.mark.parametrize("metric", [*RATIOS, "D2cm[%Rx]", "V105%Rx_outside_PTV[cc]"])
def test_an_unknown_prescription_leaves_its_percents_not_measured(metric: str) -> None:
    unknown = UnknownPrescription(reason="no RT Plan")
    dvhs = compute_dvhs(replace(CASE, prescription=unknown))
    assert measure_index(metric, dvhs, "PTV") == NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail="no RT Plan")
    assert isinstance(measure_index("D2cm[Gy]", dvhs, "PTV"), Measurement)


@pytest.mark.parametrize("metric", ALL)
def test_stored_dvhs_do_not_hold_an_index(metric: str) -> None:
    stored = replace(DVHS, plan=None, origin=Origin.STORED)
    measured = measure_index(metric, stored, "PTV")
    assert isinstance(measured, NotMeasured)
    assert measured.reason is Reason.UNDEFINED_FOR_STORED_DVH


def test_a_metric_of_one_structure_is_no_index() -> None:
    with pytest.raises(MetricError, match="no plan index"):
        measure_index("D95%[Gy]", DVHS, "PTV")

"""What a DVH answers: laws over generated plans, closed forms, and a slow lattice as reference."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from sbrtcheck.dvh import DVH, DVHSet, Origin, Reason, VolumeUnit, compute_dvhs
from sbrtcheck.errors import GeometryError
from sbrtcheck.installation import install_command
from sbrtcheck.metric import Measurement, Unit, measure
from sbrtcheck.plan import Contours, DoseGrid, FindingCode, Plan, Structure
from solids import (
    along_x,
    angles,
    grid,
    plan,
    radii,
    rectangle,
    ring,
    sampled_doses,
    shoelace_mm2,
    star,
    star_structures,
    structure,
    uniform,
)

RADIUS_MM = 12.0


def curved(x, y, z):  # a fall-off as of a small target, and a bath
    return 5.0 + 40.0 * np.exp(-(x**2 + y**2 + (z - 1) ** 2) / (2 * 9.0**2)) + 0.1 * y


CURVED = grid(curved)


def sphere(spacing_mm: float, *, radius: float = RADIUS_MM) -> Structure:
    planes = np.arange(-radius + spacing_mm / 2, radius, spacing_mm)
    return structure("Sphere", *[ring(np.sqrt(radius**2 - z**2), z, points=200) for z in planes])


def dvh_of(shape: Structure, doses: DoseGrid = CURVED, /, **options: str) -> DVH:
    return compute_dvhs(plan(doses, shape), **options).dvhs[0]


@settings(max_examples=30)
@given(star_structures(), st.floats(0, 60), st.floats(0, 60))
def test_more_dose_never_covers_more_volume(shape: Structure, a: float, b: float) -> None:
    dvh = dvh_of(shape)
    low, high = sorted((a, b))
    assert dvh.volume_at_dose(low).value >= dvh.volume_at_dose(high).value


@settings(max_examples=30)
@given(star_structures(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_volume_never_gets_more_dose(shape: Structure, a: float, b: float) -> None:
    dvh = dvh_of(shape)
    small, large = sorted((a, b))
    assert dvh.dose_at_volume(small * dvh.volume).value >= dvh.dose_at_volume(large * dvh.volume).value


@settings(max_examples=30)
@given(star_structures(), st.floats(0.01, 0.99))
def test_the_volume_at_the_dose_of_a_volume_is_that_volume(shape: Structure, share: float) -> None:
    dvh = dvh_of(shape)
    dose = dvh.dose_at_volume(share * dvh.volume).value
    assert dvh.volume_at_dose(dose - 1e-3).value >= share * dvh.volume - 1e-9
    assert dvh.volume_at_dose(dose + 1e-3).value <= share * dvh.volume + 1e-9


@settings(max_examples=30)
@given(star_structures(), st.floats(0.001, 0.999), st.floats(-8, 8).filter(lambda a: abs(a) > 0.1))
def test_every_answer_lies_between_its_bounds(shape: Structure, share: float, a: float) -> None:
    dvh = dvh_of(shape)
    answers = [dvh.dose_at_volume(share * dvh.volume), dvh.volume_at_dose(share * 50), dvh.geud(a)]
    for band in (*answers, dvh.mean_gy, dvh.min_gy, dvh.max_gy):
        assert band.low <= band.value <= band.high
    assert dvh.min_gy.value <= dvh.mean_gy.value <= dvh.max_gy.value


@settings(max_examples=10)
@given(star_structures())
def test_the_trilinear_dose_of_a_fine_lattice_lies_between_the_bounds(shape: Structure) -> None:
    dvh = dvh_of(shape)
    contours = shape.contours.read()
    planes = [contours.points_mm[a:b] for a, b in zip(contours.starts, contours.starts[1:], strict=False)]
    slabs = [(float(p[0, 2]) - 1.25, float(p[0, 2]) + 1.25, [p]) for p in planes]
    doses = np.sort(sampled_doses(CURVED, slabs, 0.25))[::-1]
    for share in (0.02, 0.5, 0.95):
        band = dvh.dose_at_volume(share * dvh.volume)
        # the lattice is off by some of its step at the boundary, where dose falls by up to 3 Gy a mm
        sampled = doses[int(share * len(doses))]
        assert band.low - 0.4 <= sampled <= band.high + 0.4
        assert band.value == pytest.approx(sampled, abs=0.4)
    assert dvh.mean_gy.value == pytest.approx(doses.mean(), abs=0.2)


@settings(max_examples=20)
@given(star_structures(), st.randoms(use_true_random=False))
def test_order_and_direction_of_contours_change_nothing(shape: Structure, random) -> None:
    contours = shape.contours.read()
    loops = [contours.points_mm[a:b] for a, b in zip(contours.starts, contours.starts[1:], strict=False)]
    random.shuffle(loops)
    turned = [np.roll(loop[:: random.choice((1, -1))], random.randrange(len(loop)), axis=0) for loop in loops]
    same, other = dvh_of(shape), dvh_of(replace(shape, contours=Contours.of(*turned)))
    assert other.volume == pytest.approx(same.volume, rel=1e-9)
    assert other.mean_gy.value == pytest.approx(same.mean_gy.value, abs=2e-4)
    for share in (0.02, 0.5, 0.95):
        here, there = (d.dose_at_volume(share * d.volume).value for d in (same, other))
        assert there == pytest.approx(here, abs=1e-3)


@settings(max_examples=20)
@given(star_structures())
def test_corners_drawn_twice_and_points_on_edges_change_nothing(shape: Structure) -> None:
    contours = shape.contours.read()
    loops = [contours.points_mm[a:b] for a, b in zip(contours.starts, contours.starts[1:], strict=False)]
    denser = [np.stack([p, p, (p + np.roll(p, -1, axis=0)) / 2], axis=1).reshape(-1, 3) for p in loops]
    same, other = dvh_of(shape), dvh_of(replace(shape, contours=Contours.of(*denser)))
    assert other.volume == pytest.approx(same.volume, rel=1e-9)
    assert other.dose_at_volume(0.5 * other.volume).value == pytest.approx(
        same.dose_at_volume(0.5 * same.volume).value, abs=1e-3
    )


@settings(max_examples=20)
@given(angles, radii, st.permutations(range(3)), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_a_plan_turned_in_the_patient_frame_has_the_same_dvh(angle, radius, order, signs) -> None:
    loops = [star(angle, radius, z, (2.0, -1.0)) for z in (-2.0, 0.0, 2.0)]
    turn = np.eye(3)[list(order)] * np.array(signs)[:, None]
    turned_dose = replace(CURVED, origin_mm=CURVED.origin_mm @ turn, axes=CURVED.axes @ turn)
    here = dvh_of(structure("Organ", *loops))
    there = dvh_of(structure("Organ", *[loop @ turn for loop in loops]), turned_dose)
    assert there.volume == pytest.approx(here.volume, rel=1e-9)
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        assert there.dose_at_volume(share * there.volume).value == pytest.approx(
            here.dose_at_volume(share * here.volume).value, abs=1e-3
        )


@settings(max_examples=20)
@given(star_structures(), st.floats(-1, 1))
def test_a_grid_shifted_by_part_of_a_voxel_agrees_within_the_bounds(shape: Structure, shift_mm: float) -> None:
    gradient = along_x(1.3, middle=60.0)  # linear, so that both grids hold the same dose
    here, there = (dvh_of(shape, grid(gradient, shift_mm=shift)) for shift in (0.0, shift_mm))
    for share in (0.03, 0.5, 0.97):
        one, other = (d.dose_at_volume(share * d.volume) for d in (here, there))
        assert max(one.low, other.low) <= min(one.high, other.high) + 1e-4
        assert one.value == pytest.approx(other.value, abs=0.1)
    assert here.mean_gy.value == pytest.approx(there.mean_gy.value, abs=1e-3)


@settings(max_examples=20)
@given(angles, radii, st.integers(1, 4))
def test_a_structure_split_in_two_and_merged_is_the_structure(angle, radius, below: int) -> None:
    loops = [star(angle, radius, 2.5 * i, (1.0, -2.0)) for i in range(6)]
    whole = dvh_of(structure("Organ", *loops))
    lower, upper = structure("A", *loops[: below + 1], number=1), structure("B", *loops[below:], number=2)
    made = compute_dvhs(plan(CURVED, lower, upper))
    merged = made.union([made["A"], made["B"]])
    assert isinstance(merged, DVH)
    assert merged.volume == pytest.approx(whole.volume, rel=1e-9)
    for share in (0.05, 0.5, 0.95):
        assert merged.dose_at_volume(share * merged.volume).value == pytest.approx(
            whole.dose_at_volume(share * whole.volume).value, abs=0.05
        )


@settings(max_examples=15)
@given(star_structures(), st.floats(0.2, 3.0))
def test_scaled_dose_scales_every_answer(shape: Structure, factor: float) -> None:
    scaled = replace(CURVED, gy_per_unit=factor)
    here, there = dvh_of(shape), dvh_of(shape, scaled)
    assert there.mean_gy.value == pytest.approx(factor * here.mean_gy.value, abs=2e-3)
    assert there.dose_at_volume(0.1 * there.volume).value == pytest.approx(
        factor * here.dose_at_volume(0.1 * here.volume).value, abs=2e-3
    )


@settings(max_examples=20)
@given(star_structures(), st.floats(0.02, 0.98), st.floats(2.0, 44.0))
def test_metrics_in_cgy_are_a_hundred_times_those_in_gy(shape: Structure, share: float, dose_gy: float) -> None:
    dvh = dvh_of(shape)
    volume = f"{share * dvh.volume:.6f}cc"
    for text in (f"D{volume}[{{}}]", f"DC{volume}[{{}}]", "Mean[{}]", "Max[{}]", "Min[{}]", "gEUD(a=8)[{}]"):
        gy, cgy = (measure(text.format(unit), dvh) for unit in ("Gy", "cGy"))
        assert isinstance(gy, Measurement)
        assert isinstance(cgy, Measurement)
        assert (gy.unit, cgy.unit) == (Unit.GY, Unit.CGY)  # answered in the unit of the text
        for in_gy, in_cgy in ((gy.value, cgy.value), (gy.low, cgy.low), (gy.high, cgy.high)):
            assert in_cgy == pytest.approx(100.0 * in_gy, rel=1e-12, abs=1e-9)
    for text in ("V{}[cc]", "CV{}[%]"):
        gy, cgy = measure(text.format(f"{dose_gy:.4f}Gy"), dvh), measure(text.format(f"{100 * dose_gy:.2f}cGy"), dvh)
        assert isinstance(gy, Measurement)
        assert isinstance(cgy, Measurement)
        assert gy.value == pytest.approx(cgy.value, abs=1e-3 * dvh.volume)


@settings(max_examples=15)
@given(star_structures(), st.floats(0.05, 0.95))
def test_half_the_grid_spacing_narrows_the_bounds_and_both_hold_the_truth(shape: Structure, share: float) -> None:
    gradient = along_x(1.3, middle=60.0)
    coarse, fine = (dvh_of(shape, grid(gradient, spacing_mm=spacing)) for spacing in (12.0, 6.0))
    wide, narrow = (d.dose_at_volume(share * d.volume) for d in (coarse, fine))
    assert max(wide.low, narrow.low) <= min(wide.high, narrow.high) + 1e-4
    # a small structure is divided until it has elements enough, hence up to a division's rounding
    assert narrow.high - narrow.low <= 1.1 * (wide.high - wide.low) + 1e-3
    made = compute_dvhs(plan(grid(gradient, spacing_mm=6.0), shape))
    finer = made.finer(made.dvhs[0])
    if finer is not None:  # the least structures are divided as finely as any from the first
        halved = finer.dose_at_volume(share * finer.volume)
        assert halved.high - halved.low <= 0.7 * (narrow.high - narrow.low) + 0.01
        assert max(halved.low, narrow.low) <= min(halved.high, narrow.high) + 1e-4


def test_dose_stored_as_integers_with_a_scaling_is_the_same_dose() -> None:
    stored = np.rint(CURVED.values_gy / 1e-4).astype(np.uint32)
    here, there = dvh_of(sphere(2.0)), dvh_of(sphere(2.0), replace(CURVED, stored=stored, gy_per_unit=1e-4))
    assert there.dose_at_volume(1.0).value == pytest.approx(here.dose_at_volume(1.0).value, abs=1e-3)


@pytest.mark.parametrize("dose_gy", [20.0, 13.7, 0.1, 54.321])
def test_a_uniform_dose_is_given_to_everything_and_no_more_to_anything(dose_gy: float) -> None:
    dvh = dvh_of(sphere(2.0), grid(uniform(dose_gy)))
    assert dvh.volume_at_dose(dose_gy).value == pytest.approx(dvh.volume)
    assert dvh.volume_at_dose(dose_gy * 1.001).value == 0.0
    for share in (0.0, 0.5, 0.95, 1.0):
        assert dvh.dose_at_volume(share * dvh.volume).value == pytest.approx(dose_gy, abs=1e-4)
    assert dvh.mean_gy.value == dvh.max_gy.value == dvh.min_gy.value == pytest.approx(dose_gy, abs=1e-4)
    assert dvh.geud(8).value == pytest.approx(dose_gy, abs=1e-4)


def test_no_dose_at_all_is_a_dvh_of_zero() -> None:
    dvh = dvh_of(sphere(2.0), grid(uniform(0.0)))
    assert dvh.dose_at_volume(0.03).value == 0.0
    assert dvh.volume_at_dose(0.0).value == pytest.approx(dvh.volume)
    assert dvh.volume_at_dose(0.01).value == 0.0


@pytest.mark.parametrize(("spacing_mm", "tolerance_gy"), [(1.0, 0.02), (2.0, 0.04), (3.0, 0.06)])
@pytest.mark.parametrize("shift", [0.0, 0.37])
def test_a_sphere_in_a_linear_gradient_has_its_closed_form(
    spacing_mm: float, tolerance_gy: float, shift: float
) -> None:
    dose = grid(along_x(), spacing_mm=spacing_mm, shift_mm=shift * spacing_mm)
    dvh = dvh_of(sphere(spacing_mm), dose)

    def beyond_cc(t: float) -> float:  # volume of the sphere with x > t
        return np.pi * (RADIUS_MM - t) ** 2 * (2 * RADIUS_MM + t) / 3 / 1000

    whole = beyond_cc(-RADIUS_MM)
    for share in (0.99, 0.95, 0.5, 0.05, 0.01):
        truth = 20 + brentq(lambda t, s=share: beyond_cc(t) - s * whole, -RADIUS_MM, RADIUS_MM)
        band = dvh.dose_at_volume(share * dvh.volume)
        assert band.value == pytest.approx(truth, abs=tolerance_gy)
    assert dvh.mean_gy.value == pytest.approx(20.0, abs=0.002)


def test_a_box_in_a_linear_gradient_is_exact() -> None:
    box = structure("Box", *[rectangle(-7.3, 8.9, -5.1, 4.7, z) for z in (-4.0, -2.0, 0.0, 2.0)])
    dvh = dvh_of(box, grid(along_x(0.7)))
    assert dvh.volume == pytest.approx(16.2 * 9.8 * 8 / 1000)
    assert dvh.mean_gy.value == pytest.approx(20 + 0.7 * 0.8, abs=1e-4)
    for share in (0.1, 0.5, 0.9):
        truth = 20 + 0.7 * (8.9 - 16.2 * share)
        assert dvh.dose_at_volume(share * dvh.volume).value == pytest.approx(truth, abs=0.01)


def test_half_the_grid_spacing_about_halves_the_bounds_of_a_large_structure() -> None:
    box = structure("Box", *[rectangle(-30, 30, -30, 30, z) for z in np.arange(-30.0, 31, 2)])
    widths = []
    for spacing in (2.0, 1.0):
        band = dvh_of(box, grid(along_x(middle=60), half_mm=40, spacing_mm=spacing)).dose_at_volume(2.0)
        widths.append(band.high - band.low)
    assert widths[1] < 0.6 * widths[0]


def test_a_grid_with_a_value_that_is_not_a_number_is_refused() -> None:
    values = CURVED.values_gy
    values[3, 4, 5] = np.nan
    with pytest.raises(GeometryError, match="not a number"):
        dvh_of(sphere(2.0), replace(CURVED, stored=values))


def test_a_structure_in_negative_dose_has_no_dvh_but_a_reason() -> None:
    made = compute_dvhs(plan(grid(along_x(middle=5.0)), sphere(2.0)))
    assert len(made) == 0
    assert made.without[0].reason is Reason.STRUCTURE_NOT_COMPUTED
    assert "which is no dose" in made.without[0].detail


@pytest.fixture
def all_at_grid_resolution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbrtcheck.dvh.compute.ELEMENTS_WANTED", 1)


def several(count: int, seed: int) -> list[Structure]:
    """Cylinders here and there, on planes of their own or on common ones, some beyond the grid of `CURVED`."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        spacing, middle = rng.choice([2.0, 2.5, 3.0]), tuple(rng.uniform(-15, 15, 2))
        planes = rng.choice([0.0, 0.7]) + spacing * np.arange(rng.integers(-12, -2), rng.integers(1, 12))
        loops = [ring(rng.uniform(3.0, 20.0), z, centre=middle) for z in planes]
        made.append(structure(f"S{number}", *loops, number=number))
    return made


@pytest.mark.usefixtures("all_at_grid_resolution")
@pytest.mark.parametrize(("count", "seed", "edges"), [(2, 1, 1 << 20), (5, 2, 1 << 20), (25, 3, 1 << 20), (9, 4, 3000)])
def test_structures_have_the_dvhs_together_that_they_have_alone(
    count: int, seed: int, edges: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sbrtcheck.dvh.compute.MAX_EDGES", edges)
    shapes = several(count, seed)
    together = compute_dvhs(plan(CURVED, *shapes))
    assert [dvh.name for dvh in together] == [shape.name for shape in shapes]
    for shape, dvh in zip(shapes, together, strict=True):
        alone = dvh_of(shape)
        for mine, other in zip((dvh, *dvh.alternatives), (alone, *alone.alternatives), strict=True):
            assert mine.volume == pytest.approx(other.volume, rel=1e-9)
            for name in ("mean_gy", "min_gy", "max_gy"):
                mine_gy, other_gy = getattr(mine, name), getattr(other, name)
                assert (mine_gy.low, mine_gy.value, mine_gy.high) == pytest.approx(
                    (other_gy.low, other_gy.value, other_gy.high), abs=1e-5
                )
            for name in ("curve", "lower", "upper"):
                doses = np.arange(0.0, 50.0, 0.37)
                found, expected = (getattr(one, name).volume_at(doses) for one in (mine, other))
                assert found == pytest.approx(expected, abs=1e-6 * mine.volume)


@pytest.mark.usefixtures("all_at_grid_resolution")
def test_negative_dose_in_one_structure_leaves_the_others_their_dvhs() -> None:
    low, high = (structure(n, *[rectangle(x, x + 8, -5, 5, z) for z in (0.0, 2.0)]) for n, x in (("A", -20), ("B", 8)))
    doses = grid(along_x(middle=5.0))
    made = compute_dvhs(plan(doses, low, high))
    assert [one.name for one in made.without] == ["A"]
    assert made["B"].mean_gy.value == pytest.approx(dvh_of(high, doses).mean_gy.value)


def test_end_caps_are_stated_and_the_other_conventions_come_along() -> None:
    box = structure("Box", *[rectangle(-5, 5, -5, 5, z) for z in (0.0, 4.0, 8.0)])
    dvh = dvh_of(box)
    volumes = {d.end_caps: d.volume for d in (dvh, *dvh.alternatives)}
    assert volumes == pytest.approx({"half-slice": 1.2, "capped": 1.1, "none": 0.8})
    assert dvh.end_caps == "half-slice"
    bare = dvh_of(box, end_caps="none")
    assert bare.volume == pytest.approx(0.8)
    assert {d.end_caps for d in bare.alternatives} == {"half-slice", "capped"}
    with pytest.raises(ValueError, match="rounded"):
        dvh_of(box, end_caps="rounded")


def test_volume_outside_the_grid_counts_at_no_dose_and_bounds_say_how_much_it_could_get() -> None:
    box = structure("Box", *[rectangle(20, 40, -5, 5, z) for z in (-2.0, 0.0, 2.0)])
    dvh = dvh_of(box, grid(uniform(20.0)))  # the grid's voxels end at x = 31
    assert dvh.volume == pytest.approx(20 * 10 * 6 / 1000)
    assert dvh.uncovered_cc == pytest.approx(9 * 10 * 6 / 1000)
    assert dvh.volume_at_dose(20.0).value == pytest.approx(11 * 10 * 6 / 1000)
    assert dvh.volume_at_dose(20.0).high == pytest.approx(dvh.volume)
    assert dvh.min_gy.value == 0.0
    assert [f.code for f in dvh.findings] == [FindingCode.OUTSIDE_DOSE_GRID, FindingCode.OUTERMOST_DOSE_PLANES]
    covered = dvh_of(structure("Box", *[rectangle(20, 30.9, -5, 5, z) for z in (-2.0, 0.0)]), grid(uniform(20.0)))
    assert covered.uncovered_cc == 0.0


def test_a_structure_beyond_the_grid_has_no_dose_but_a_volume() -> None:
    far = structure("Far", *[rectangle(120, 130, -5, 5, z) for z in (0.0, 2.0)])
    dvh = dvh_of(far, grid(uniform(20.0)))
    assert dvh.uncovered_cc == pytest.approx(dvh.volume) == pytest.approx(0.4)
    assert dvh.max_gy.value == 0.0
    assert dvh.max_gy.high == pytest.approx(20.0, abs=1e-3)
    assert [f.text.partition(" lie ")[0] for f in dvh.findings] == ["0.4 cc of 0.4 cc (100 %)"]


def test_structures_without_area_have_no_dvh_but_a_reason() -> None:
    line = structure("Line", [[0, 0, 0], [1, 1, 0]])
    made = compute_dvhs(plan(CURVED, structure("Nothing", number=2), line))
    assert [(d.name, d.reason) for d in made.without] == [
        ("Nothing", Reason.STRUCTURE_EMPTY),
        ("Line", Reason.STRUCTURE_EMPTY),
    ]
    assert len(made) == 0


def test_contours_that_lie_in_no_plane_are_not_computed_and_the_others_are() -> None:
    bent = rectangle(-5, 5, -5, 5, 0.0)
    bent[:, 2] = [0, 3, 0, 3]
    made = compute_dvhs(plan(CURVED, structure("Bent", bent), sphere(2.0)))
    assert [d.name for d in made] == ["Sphere"]
    assert made.without[0].reason is Reason.STRUCTURE_NOT_COMPUTED
    assert "parallel planes" in made.without[0].detail


def lungs_and_target() -> Plan:
    left = structure("Lung_L", *[ring(8, z, centre=(-12, 0)) for z in (-4.0, -2.0, 0.0, 2.0)], number=1)
    right = structure("Lung_R", *[ring(9, z, centre=(12, 0)) for z in (-4.0, -2.0, 0.0, 2.0)], number=2)
    target = structure("GTV", *[ring(4, z, centre=(20, 0)) for z in (-2.0, 0.0)], number=3, kind="GTV")
    return plan(CURVED, left, right, target)


def test_lungs_and_lungs_without_target_are_derived_from_their_parts() -> None:
    made = compute_dvhs(lungs_and_target())
    both = made["Lung_L"].volume + made["Lung_R"].volume
    assert made["Lungs"].volume == pytest.approx(both)
    assert made["Lungs"].findings[0].code is FindingCode.DERIVED_STRUCTURE
    assert made["Lungs"].findings[0].text == "built from Lung_L + Lung_R"
    assert made["Lungs"].number == -1
    spared = made["Lungs-GTV"]
    target = made["GTV"].volume
    assert both - target < spared.volume < both  # the target sticks out of the lung
    assert spared.mean_gy.value == pytest.approx(made["Lungs"].mean_gy.value, rel=0.1)


def test_the_dose_of_a_difference_is_the_dose_of_what_is_left() -> None:
    shell = [
        structure(n, *[ring(r, z) for z in (-2.0, 0.0, 2.0)], number=i)
        for i, (n, r) in enumerate([("Liver", 15), ("GTV", 6)])
    ]
    made = compute_dvhs(plan(CURVED, *shell))
    liver, gtv, spared = made["Liver"], made["GTV"], made["Liver-GTV"]
    assert spared.volume == pytest.approx(liver.volume - gtv.volume)
    for dose in (10.0, 20.0, 30.0, 40.0):
        rest = liver.volume_at_dose(dose).value - gtv.volume_at_dose(dose).value
        assert spared.volume_at_dose(dose).value == pytest.approx(rest, abs=0.02)


def test_a_union_counts_what_two_structures_share_once() -> None:
    a = structure("A", *[rectangle(-6, 2, -4, 4, z) for z in (0.0, 2.0)], number=1)
    b = structure("B", *[rectangle(-2, 6, -4, 4, z) for z in (0.0, 2.0)], number=2)
    made = compute_dvhs(plan(CURVED, a, b))
    joined = made.union([made["A"], made["B"]])
    assert isinstance(joined, DVH)
    assert joined.volume == pytest.approx(12 * 8 * 4 / 1000)
    stored = replace(made, plan=None, origin=Origin.STORED)
    assert stored.union([made["A"], made["B"]]).reason is Reason.UNDEFINED_FOR_STORED_DVH
    assert stored.union([made["A"]]) is made["A"]


def test_only_the_structures_asked_for_are_computed_and_unknown_ones_are_named() -> None:
    whole = lungs_and_target()
    assert [d.name for d in compute_dvhs(whole, ["GTV", "Lungs-GTV"])] == ["GTV", "Lungs-GTV"]
    with pytest.raises(ValueError, match="no structure 'Heart'"):
        compute_dvhs(whole, ["Heart"])


def test_a_dvh_is_found_by_its_name_and_a_name_that_several_have_is_not_guessed() -> None:
    twice = compute_dvhs(plan(CURVED, sphere(2.0), sphere(3.0)))
    with pytest.raises(KeyError, match="2 DVHs are named 'Sphere'"):
        twice["Sphere"]
    with pytest.raises(KeyError, match="there are: Sphere"):
        twice["Heart"]


@settings(max_examples=20)
@given(star_structures(), st.lists(st.floats(0, 1), min_size=1, max_size=5), st.lists(st.floats(0, 60), min_size=1))
def test_many_questions_at_once_have_the_answers_of_each(shape: Structure, shares: list[float], doses) -> None:
    dvh = dvh_of(shape)
    volumes = [share * dvh.volume for share in shares]
    assert dvh.dose_at_volumes(np.array(volumes)) == [dvh.dose_at_volume(v) for v in volumes]
    assert dvh.volume_at_doses(np.array(doses)) == [dvh.volume_at_dose(d) for d in doses]


def test_a_volume_the_structure_does_not_have_is_an_error_not_zero() -> None:
    dvh = dvh_of(sphere(2.0))
    with pytest.raises(ValueError, match="outside 0 to"):
        dvh.dose_at_volume(dvh.volume * 1.01)
    with pytest.raises(ValueError, match="outside 0 to"):
        dvh.dose_at_volume(-0.1)


@given(st.floats(-20, 20).filter(lambda a: abs(a) > 0.05))
@settings(max_examples=30)
def test_geud_lies_between_least_and_most_and_is_the_mean_for_one(a: float) -> None:
    dvh = dvh_of(sphere(3.0))
    assert dvh.min_gy.low <= dvh.geud(a).value <= dvh.max_gy.high
    assert dvh.geud(1).value == pytest.approx(dvh.mean_gy.value, abs=0.01)
    assert dvh.geud(a).value <= dvh.geud(a + 1 if abs(a + 1) > 0.05 else a + 1.2).value + 1e-6
    with pytest.raises(ValueError, match="exponent"):
        dvh.geud(0)


def test_a_dvh_goes_to_dicompyler_core_and_comes_back() -> None:
    dvh = dvh_of(sphere(2.0))
    core = dvh.to_dicompyler()
    assert core.volume == pytest.approx(dvh.volume)
    assert core.mean == pytest.approx(dvh.mean_gy.value, abs=0.01)
    assert float(core.D95.value) == pytest.approx(dvh.dose_at_volume(0.95 * dvh.volume).value, abs=0.02)
    back = DVH.from_dicompyler(core, fractions=5)
    assert back.origin is Origin.IMPORTED
    assert back.prescription == replace(dvh.prescription, source="dicompyler-core DVH")
    for share in (0.02, 0.5, 0.95):
        there = back.dose_at_volume(share * back.volume)
        assert there.low <= dvh.dose_at_volume(share * dvh.volume).value + 1e-9
        assert there.high >= dvh.dose_at_volume(share * dvh.volume).value - 1e-9
    relative = DVH.from_dicompyler(core.relative_volume)
    assert relative.volume_unit is VolumeUnit.PERCENT
    assert relative.volume == pytest.approx(100)
    with pytest.raises(ValueError, match="no absolute volume"):
        relative.volume_cc  # noqa: B018


def test_what_is_computed_carries_where_it_comes_from() -> None:
    made = compute_dvhs(plan(CURVED, sphere(2.0)))
    assert isinstance(made, DVHSet)
    assert made.origin is Origin.COMPUTED
    assert set(made.provenance) == {"plan", "structure_set", "doses", "frame_of_reference", "plan_label"}
    assert made["Sphere"].curve.dose_gy.flags.writeable is False


def test_the_area_of_a_polygon_is_its_volume_over_its_slab() -> None:
    polygon = star([0.3, 0.7, 0.2, 0.9, 0.5], [7, 9, 4, 11, 8], 0.0, (1.0, 2.0))
    above = polygon + np.array([0, 0, 2.0])
    assert dvh_of(structure("S", polygon, above)).volume == pytest.approx(shoelace_mm2(polygon) * 4 / 1000, rel=1e-12)


@pytest.mark.parametrize("spacing_mm", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("lying", [False, True])
def test_outlines_between_planes_give_spheres_and_cylinders_their_volume(spacing_mm: float, lying: bool) -> None:
    planes = np.arange(-RADIUS_MM + spacing_mm / 2, RADIUS_MM, spacing_mm)
    widths = [float(np.sqrt(RADIUS_MM**2 - z**2)) for z in planes]
    if lying:
        loops = [rectangle(-RADIUS_MM, RADIUS_MM, -w, w, z) for w, z in zip(widths, planes, strict=True)]
        truth = 2 * np.pi * RADIUS_MM**3 / 1000
    else:
        loops = [ring(w, z, points=400) for w, z in zip(widths, planes, strict=True)]
        truth = 4 / 3 * np.pi * RADIUS_MM**3 / 1000
    slab, shaped = (dvh_of(structure("S", *loops), between=b) for b in ("slab", "interpolated"))
    assert shaped.volume == pytest.approx(truth, rel=1.5e-3)
    assert abs(shaped.volume - truth) <= abs(slab.volume - truth)
    assert not shaped.findings


def test_a_flat_end_keeps_its_half_slice_when_outlines_are_followed() -> None:
    loops = [ring(6.0, z) for z in (0.0, 3.0, 6.0, 9.0)]
    slab, shaped = (dvh_of(structure("S", *loops), between=b) for b in ("slab", "interpolated"))
    assert shaped.volume == pytest.approx(slab.volume, rel=1e-9)
    bare = {d.end_caps: d.volume for d in (shaped, *shaped.alternatives)}
    assert bare["none"] == pytest.approx(slab.volume * 9 / 12, rel=1e-9)


def test_planes_of_several_loops_keep_straight_walls_and_it_is_said() -> None:
    loops = [ring(3.0, z, centre=(x, 0)) for z in (0.0, 2.0, 4.0) for x in (-8, 8)]
    slab, shaped = (dvh_of(structure("S", *loops), between=b) for b in ("slab", "interpolated"))
    assert shaped.volume == pytest.approx(slab.volume, rel=1e-12)
    assert [f.code for f in shaped.findings] == [FindingCode.STRAIGHT_BETWEEN_PLANES]


def test_a_plane_that_is_drawn_twice_with_more_points_keeps_the_walls_beside_it() -> None:
    """By one of its readings it has no area, so its shape has no width to go by; the others are followed past it."""
    loops = [rectangle(-6, 6, -6, 6, 3.0 * k) for k in range(7)]
    again = np.stack([loops[2], (loops[2] + np.roll(loops[2], -1, axis=0)) / 2], axis=1).reshape(-1, 3)
    slab, shaped = (dvh_of(structure("S", *loops, again), between=b) for b in ("slab", "interpolated"))
    assert shaped.volume == pytest.approx(slab.volume, rel=1e-9)
    assert shaped.volume == pytest.approx(1.2 * 1.2 * 2.1, rel=1e-9)
    assert FindingCode.STRAIGHT_BETWEEN_PLANES in {finding.code for finding in shaped.findings}


@pytest.mark.parametrize("diameter_mm", [3.0, 5.0, 7.0])
def test_cubic_dose_keeps_the_peak_that_trilinear_dose_cuts_off(diameter_mm: float) -> None:
    sigma = diameter_mm / 2
    peak = grid(lambda x, y, z: 40 * np.exp(-(x**2 + y**2 + z**2) / (2 * sigma**2)), spacing_mm=1.0, shift_mm=0.31)
    around = structure(
        "GTV", *[rectangle(-diameter_mm, diameter_mm, -diameter_mm, diameter_mm, z) for z in range(-7, 8)]
    )
    radius = diameter_mm / 2
    truth_cc = 4 / 3 * np.pi * radius**3 / 1000  # the isodose exp(-1/2) is the sphere of one sigma
    linear, cubic = (
        dvh_of(around, peak, dose=d).volume_at_dose(40 * np.exp(-0.5)).value / truth_cc - 1
        for d in ("trilinear", "cubic")
    )
    assert linear < -0.02
    assert abs(cubic) < 0.2 * abs(linear)


def test_cubic_dose_is_the_dose_where_the_dose_is_linear() -> None:
    linear, cubic = (dvh_of(sphere(2.0), grid(along_x(middle=60)), dose=d) for d in ("trilinear", "cubic"))
    for share in (0.02, 0.5, 0.98):
        assert cubic.dose_at_volume(share * cubic.volume).value == pytest.approx(
            linear.dose_at_volume(share * linear.volume).value, abs=0.02
        )


def test_a_structure_that_leaves_the_grid_keeps_trilinear_dose_and_it_is_said() -> None:
    out = structure("Box", *[rectangle(20, 40, -5, 5, z) for z in (-2.0, 0.0, 2.0)])
    dvh = dvh_of(out, dose="cubic")
    assert FindingCode.DOSE_NOT_CUBIC in [f.code for f in dvh.findings]
    assert dvh.mean_gy == dvh_of(out).mean_gy


def test_a_union_of_derived_structures_has_all_their_parts() -> None:
    whole = lungs_and_target()
    made = compute_dvhs(whole)
    joined = made.union([made["Lungs"], made["GTV"]])
    assert isinstance(joined, DVH)
    assert joined.volume == pytest.approx(made["Lungs-GTV"].volume + made["GTV"].volume)
    assert made.finer(joined) is not None


def test_a_contour_that_is_there_twice_counts_once_and_is_reported() -> None:
    loops = [ring(6.0, z) for z in (0.0, 2.0, 4.0)]
    once = dvh_of(structure("Cord", *loops))
    again = [loops[1], np.roll(loops[1][::-1], 7, axis=0), loops[1] + np.array([0, 1e-4, 0])]
    twice = dvh_of(structure("Cord", loops[0], *again, loops[2]))
    assert twice.volume == pytest.approx(once.volume, rel=1e-4)
    assert [f.code for f in twice.findings] == [FindingCode.OVERLAPPING_CONTOURS]


def test_contours_that_overlap_are_reported() -> None:
    loops = [ring(6.0, z, centre=(x, 0)) for z in (0.0, 2.0) for x in (-3, 3)]
    assert [f.code for f in dvh_of(structure("Lobes", *loops)).findings] == [FindingCode.CONTOURS_CONTRADICTORY]
    by_type = dvh_of(structure("Lobes", *loops, exclusive_or=True))
    assert [f.code for f in by_type.findings] == [FindingCode.OVERLAPPING_CONTOURS]
    assert by_type.readings == ()
    apart = [ring(6.0, z, centre=(x, 0)) for z in (0.0, 2.0) for x in (-8, 8)]
    assert dvh_of(structure("Lobes", *apart)).findings == ()


def test_contours_written_at_slightly_different_heights_are_one_plane() -> None:
    neat = [ring(5.0, z, centre=(x, 0)) for z in np.arange(-9.0, 10, 3) for x in (0, 20)]
    slipped = [loop + np.array([0, 0, 0.02 if i % 2 else 0.0]) for i, loop in enumerate(neat)]
    one, other = dvh_of(structure("S", *neat)), dvh_of(structure("S", *slipped))
    assert other.volume == pytest.approx(one.volume, rel=1e-3)
    assert [f.code for f in other.findings] == [FindingCode.PLANES_MERGED]


def test_a_structure_drawn_finely_in_one_part_and_coarsely_in_another_is_whole() -> None:
    heights = [*np.arange(-12.0, 0, 3), *np.arange(0.0, 12.1, 1)]
    dvh = dvh_of(structure("S", *[rectangle(-5, 5, -5, 5, z) for z in heights]))
    assert dvh.volume == pytest.approx(100 * (24 + 1.5 + 0.5) / 1000)
    assert dvh.findings == ()


def test_planes_far_apart_are_bridged_and_reported() -> None:
    dvh = dvh_of(structure("S", *[rectangle(-5, 5, -5, 5, z) for z in (-12.0, 12.0)]))
    assert dvh.volume == pytest.approx(100 * 48 / 1000)
    assert [f.code for f in dvh.findings] == [FindingCode.TOO_FEW_PLANES]


def test_a_contour_that_crosses_itself_without_end_is_refused() -> None:
    rng = np.random.default_rng(3)
    scribble = [np.column_stack([rng.uniform(-20, 20, (3000, 2)), np.full(3000, z)]) for z in (0.0, 2.0)]
    made = compute_dvhs(plan(CURVED, structure("Scribble", *scribble)))
    assert made.without[0].reason is Reason.STRUCTURE_NOT_COMPUTED
    assert "cross themselves" in made.without[0].detail


@pytest.mark.parametrize("name", ["bin_gy", "reading"])
def test_how_a_dvh_was_sampled_has_its_old_name_for_one_version(name: str) -> None:
    dvh = dvh_of(sphere(2.0))
    with pytest.warns(DeprecationWarning, match=name):
        assert getattr(dvh, name) == getattr(dvh.sampling, name)


def test_without_dicompyler_core_the_exchange_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dicompylercore", None)
    with pytest.raises(ImportError, match=re.escape(install_command("dicompyler"))):
        dvh_of(sphere(2.0)).to_dicompyler()

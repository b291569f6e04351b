"""Contours that contradict each other, come twice, or miss planes: laws over generated structures, and closed forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from effort import examples
from sbrtcheck.chart.points import CurvePoint, Side
from sbrtcheck.dvh import DVH, DVHSet, compute_dvhs
from sbrtcheck.plan import DoseGrid, FindingCode, Structure
from solids import Array, grid, plan, rectangle, ring, shoelace_mm2, structure, uniform


def hot(x: Array, y: Array, z: Array) -> Array:  # a fall-off of some 4 Gy a millimetre, and a bath
    return 10.0 + 50.0 * np.exp(-(x**2 + y**2 + z**2) / (2 * 8.0**2))


HOT = grid(hot)
SMALL_CC = 0.035


def codes(dvh: DVH) -> list[FindingCode]:
    return [finding.code for finding in dvh.findings]


def dvh_of(*contours: Array, doses: DoseGrid = HOT, others: Sequence[Structure] = (), **options: object) -> DVH:
    made = structure("S", *contours)
    return compute_dvhs(plan(doses, replace(made, **options), *others))["S"]


def same_doses(one: DVH, other: DVH, within_gy: float) -> None:
    for share in (0.02, 0.2, 0.5, 0.9):
        doses = [dvh.dose_at_volume(share * dvh.volume).value for dvh in (one, other)]
        assert doses[0] == pytest.approx(doses[1], abs=within_gy)


# -------------------------------------------------------------------------------- loops that overlap in part


def half_of(loop: Array, x: float, side: int) -> Array:
    """The part of a convex loop left (-1) or right (1) of a line along y, cut corner by corner."""
    kept = []
    for a, b in zip(loop, np.roll(loop, -1, axis=0), strict=True):
        if side * (a[0] - x) >= 0:
            kept.append(a)
        if (a[0] - x) * (b[0] - x) < 0:
            kept.append(a + (x - a[0]) / (b[0] - a[0]) * (b - a))
    return np.array(kept)


HEIGHTS = (-3.0, 0.0, 3.0, 6.0)


@settings(max_examples=30)
@example(at_mm=5.875, overlap_mm=8.0, points=12, random=Random(0))  # all but a small tip of one inside the other
@given(st.floats(-6, 6), st.floats(1.0, 8.0), st.integers(12, 60), st.randoms(use_true_random=False))
def test_a_contour_drawn_in_two_strokes_is_their_union_and_even_odd_the_other_reading(
    at_mm: float, overlap_mm: float, points: int, random
) -> None:
    whole = [ring(11.0, z, points=points) for z in HEIGHTS]
    parts = [
        half_of(loop, at_mm - side * overlap_mm / 2, side)[:: random.choice([1, -1])]
        for loop in whole
        for side in (-1, 1)
    ]
    random.shuffle(parts)
    once, strokes = dvh_of(*whole), dvh_of(*parts)
    assert strokes.volume == pytest.approx(once.volume, rel=1e-9)
    same_doses(strokes, once, 1e-2)
    assert codes(strokes) == [FindingCode.CONTOURS_CONTRADICTORY]
    (other,) = strokes.readings
    twice = half_of(half_of(whole[0], at_mm - overlap_mm / 2, 1), at_mm + overlap_mm / 2, -1)
    assert other.volume == pytest.approx(once.volume - shoelace_mm2(twice) * 12 / 1000, rel=1e-6)
    assert other.readings == ()
    for dvh in strokes.alternatives:
        assert dvh.volume == pytest.approx(once.volume * {"none": 9, "capped": 12}[dvh.end_caps] / 12, rel=1e-6)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(-12, 4), st.floats(3, 9), st.floats(-12, 4), st.floats(3, 9)), min_size=2, max_size=4),
    st.randoms(use_true_random=False),
)
def test_order_direction_and_first_corner_of_contours_change_nothing(boxes, random) -> None:
    loops = [rectangle(x, x + w, y, y + d, z) for x, w, y, d in boxes for z in (0.0, 2.0)]
    mixed = [np.roll(loop[:: random.choice([1, -1])], random.randrange(4), axis=0) for loop in loops]
    random.shuffle(mixed)
    one, other = dvh_of(*loops), dvh_of(*mixed)
    assert other.volume == pytest.approx(one.volume, rel=1e-9)
    assert codes(other) == codes(one)
    assert [dvh.volume for dvh in other.readings] == pytest.approx([dvh.volume for dvh in one.readings], rel=1e-9)


def test_the_hot_spot_in_the_overlap_is_in_the_dvh_and_not_in_the_other_reading() -> None:
    loops = [rectangle(-20, 6, -6, 6, z) for z in HEIGHTS] + [rectangle(-6, 20, -6.5, 6.5, z) for z in HEIGHTS]
    dvh = dvh_of(*loops)
    (other,) = dvh.readings
    assert dvh.max_gy.value > 59.0
    assert other.max_gy.value < 50.0
    eqd2 = dvh.to_eqd2(alpha_beta_gy=3.0)
    alone = other.to_eqd2(alpha_beta_gy=3.0)
    assert [dvh.max_gy for dvh in eqd2.readings] == [alone.max_gy]
    assert eqd2.readings[0].quantity is eqd2.quantity


def refined(made: DVHSet, dvh: DVH, dose_gy: float) -> tuple[DVH, DVH]:
    point = CurvePoint(
        structure="",
        label="",
        dose_gy=dose_gy,
        volume_percent=100 * dvh.volume_at_dose(dose_gy).value / dvh.volume,
        volume_cc=dvh.volume_at_dose(dose_gy).value,
        side=Side.UNDER,
    )
    finer = made.finer(dvh)
    assert finer is not None
    (narrow,) = made.narrowed(dvh, [point])
    return finer, narrow


def test_a_reading_is_refined_as_the_reading_that_it_is() -> None:
    loops = [rectangle(-12, 4, -6, 6, z) for z in HEIGHTS] + [rectangle(-4, 12, -6.5, 6.5, z) for z in HEIGHTS]
    made = compute_dvhs(plan(HOT, structure("S", *loops)))
    dvh = made["S"]
    (other,) = dvh.readings
    for one in (dvh, other):
        for sharper in refined(made, one, 30.0):
            assert sharper.volume == pytest.approx(one.volume, rel=1e-9)
            bands = [d.volume_at_dose(30.0) for d in (one, sharper)]
            assert bands[0].low - 1e-9 <= bands[1].low <= bands[1].high <= bands[0].high + 1e-9
            assert [reading.volume for reading in sharper.readings] == pytest.approx(
                [reading.volume for reading in one.readings], rel=1e-9
            )


@pytest.mark.parametrize("options", [{"dose": "cubic"}, {"between": "interpolated"}, {"end_caps": "none"}])
def test_under_every_option_the_readings_come_along(options: dict[str, str]) -> None:
    loops = [rectangle(-12, 4, -6, 6, z) for z in HEIGHTS] + [rectangle(-4, 12, -6.5, 6.5, z) for z in HEIGHTS]
    dvh = compute_dvhs(plan(HOT, structure("S", *loops)), **options)["S"]
    (other,) = dvh.readings
    plain = dvh_of(*loops).readings[0]
    assert other.volume == pytest.approx(plain.volume * (9 / 12 if "end_caps" in options else 1.0), rel=1e-6)
    assert other.max_gy.value == pytest.approx(plain.max_gy.value, abs=1.0)


def test_derived_structures_have_the_readings_of_their_parts() -> None:
    lungs = [
        structure(name, *[ring(10, z, centre=(x, 0)) for z in HEIGHTS], number=i)
        for i, (name, x) in enumerate([("Lung_L", -12), ("Lung_R", 12)], start=1)
    ]
    strokes = [rectangle(8, 14, -3, 3, z) for z in HEIGHTS[1:3]] + [
        rectangle(12, 16, -3.5, 3.5, z) for z in HEIGHTS[1:3]
    ]
    made = compute_dvhs(plan(HOT, *lungs, structure("GTV", *strokes, number=3, kind="GTV")))
    whole, target = made["Lungs"], made["GTV"]
    spared = made["Lungs-GTV"]
    assert whole.readings == ()
    assert spared.volume == pytest.approx(whole.volume - target.volume, rel=1e-9)
    assert [dvh.volume for dvh in spared.readings] == pytest.approx(
        [whole.volume - target.readings[0].volume], rel=1e-9
    )
    joined = made.union([made["Lung_L"], target])
    assert isinstance(joined, DVH)
    apart_cc = made["Lung_L"].volume
    assert [dvh.volume for dvh in joined.readings] == pytest.approx([apart_cc + target.readings[0].volume], rel=1e-9)


# -------------------------------------------------------------------------------- holes and islands


@pytest.mark.parametrize("over_mm", [-4.0, 0.0, 0.05, 0.2])
def test_a_hole_drawn_a_hair_across_the_border_is_a_hole(over_mm: float) -> None:
    loops = [rectangle(-12, 12, -12, 12, z) for z in HEIGHTS]
    holes = [rectangle(4 + over_mm, 12 + over_mm, -4, 4, z) for z in HEIGHTS]
    dvh = dvh_of(*loops, *holes)
    inside = 64 - 8 * max(over_mm, 0.0)
    assert dvh.volume == pytest.approx((24 * 24 - inside) * 12 / 1000, rel=1e-9)
    assert codes(dvh) == []
    assert dvh.readings == ()


def test_a_loop_far_across_the_border_may_be_a_hole_or_a_stroke() -> None:
    loops = [rectangle(-12, 12, -12, 12, z) for z in HEIGHTS]
    dvh = dvh_of(*loops, *[rectangle(8, 16, -4, 4, z) for z in HEIGHTS])
    assert dvh.volume == pytest.approx((24 * 24 + 32) * 12 / 1000)
    assert [other.volume for other in dvh.readings] == pytest.approx([24 * 24 * 12 / 1000])
    assert codes(dvh) == [FindingCode.CONTOURS_CONTRADICTORY]


def test_a_hole_in_two_strokes_is_a_hole_and_an_island_in_it_solid() -> None:
    strokes = [rectangle(-14, 9, -12, 12, z) for z in HEIGHTS] + [rectangle(-9, 14, -11, 13, z) for z in HEIGHTS]
    inner = [rectangle(-h, h, -h, h, z) for z in HEIGHTS for h in (6, 2)]
    dvh = dvh_of(*strokes, *inner)
    whole = 23 * 24 * 2 - 18 * 23
    assert dvh.volume == pytest.approx((whole - 12**2 + 4**2) * 12 / 1000)


def test_a_corner_that_two_strokes_share_and_no_other_limit_of_theirs_is_in_doubt() -> None:
    """An overlap of less than a thousandth of the plane, but of more than the volume that limits are set on."""
    loops = [rectangle(-30, 0, -30, 0, z) for z in HEIGHTS] + [rectangle(-1.5, 28, -1.5, 28, z) for z in HEIGHTS]
    dvh = dvh_of(*loops)
    assert codes(dvh) == [FindingCode.CONTOURS_CONTRADICTORY]
    assert dvh.readings[0].volume == pytest.approx(dvh.volume - 2.25 * 12 / 1000, rel=1e-6)


def test_a_loop_that_goes_around_twice_may_mean_what_it_goes_around() -> None:
    outer, inner = rectangle(-9, 9, -9, 9, 0.0)[:, :2], rectangle(-4, 4, -4, 4, 0.0)[:, :2]
    spiral = np.concatenate([outer, outer[:1], inner, inner[:1]])  # the hole the same way round as the border
    keyhole = np.concatenate([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]])
    spun, cut = (
        dvh_of(*[np.column_stack([loop, np.full(len(loop), z)]) for z in HEIGHTS]) for loop in (spiral, keyhole)
    )
    assert spun.volume == pytest.approx(cut.volume) == pytest.approx((18**2 - 8**2) * 12 / 1000)
    assert cut.readings == ()
    assert [dvh.volume for dvh in spun.readings] == pytest.approx([18**2 * 12 / 1000])
    assert FindingCode.CONTOURS_CONTRADICTORY in codes(spun)


# -------------------------------------------------------------------------------- one contour twice


def again(loop: Array, how: str, shift_mm: float, random) -> Array:
    """The same contour as another program would write it."""
    if how == "resampled":  # other points on the same outline
        corners = np.concatenate([loop, loop[:1]])
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners[:, :2], axis=0).T))])
        at = (np.arange(3 * len(loop) + 1)[:-1] + 0.37) / (3 * len(loop)) * along[-1]
        loop = np.stack([np.interp(at, along, corners[:, i]) for i in range(3)], axis=1)
    elif how == "coarser":
        loop = loop[::2]
    elif how == "rounded":
        loop = np.column_stack([np.round(loop[:, :2], 1), loop[:, 2]])
    elif how == "smaller":  # by a hair, all inside the first
        loop = np.column_stack([loop[:, :2] * 0.998, loop[:, 2]])
    turned = np.roll(loop[:: random.choice([1, -1])], random.randrange(len(loop)), axis=0)
    return turned + np.array([shift_mm, -0.6 * shift_mm, 0.0])


@pytest.mark.parametrize("slip_mm", [0.0, 1e-6])
def test_a_thousand_copies_count_once(slip_mm: float) -> None:
    loop, rng = ring(9.0, 0.0, points=24), np.random.default_rng(4)
    others = [ring(9.0, z, points=24) for z in (-3.0, 3.0)]
    copies = [loop + slip_mm * rng.random((24, 1)) * np.array([1.0, 1.0, 0.0]) for _ in range(1000)]
    once, often = dvh_of(loop, *others), dvh_of(loop, *others, *copies)
    assert often.volume == pytest.approx(once.volume, rel=1e-6)
    assert often.findings[0].text.startswith("1000 contour(s)")


HOWS = ["as it is", "resampled", "coarser", "rounded", "smaller"]


@pytest.mark.slow
@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(HOWS), min_size=1, max_size=2),
    st.floats(-0.02, 0.02),
    st.sets(st.integers(0, 4), min_size=1),
    st.floats(3.0, 14.0),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_contours_that_are_there_twice_or_thrice_count_once(hows, shift_mm, which, radius, hole, random) -> None:
    loops = [ring(radius + 0.3 * i, z, points=72) for i, z in enumerate(np.arange(-6.0, 7.0, 3.0))]
    if hole:
        loops += [ring(0.5 * radius, z, points=40) for z in np.arange(-6.0, 7.0, 3.0)]
    copies = [again(loops[i], how, shift_mm, random) for how in hows for i in which]
    if hole:
        copies += [again(loops[i + 5], how, shift_mm, random) for how in hows for i in which]
    mixed = [*loops, *copies]
    random.shuffle(mixed)
    once, twice = dvh_of(*loops), dvh_of(*mixed)
    # the outline of two copies is at most that far out: the shift, and a rounding to 0.1 mm
    assert twice.volume == pytest.approx(once.volume, rel=2 * 0.11 / (0.5 * radius if hole else radius))
    assert twice.dose_at_volume(SMALL_CC).value == pytest.approx(once.dose_at_volume(SMALL_CC).value, abs=0.5)
    assert codes(twice) == [FindingCode.OVERLAPPING_CONTOURS]
    assert twice.findings[0].text.startswith(f"{len(copies)} contour(s)")
    assert twice.readings == ()


def test_a_copy_two_millimetres_aside_is_no_copy() -> None:
    loops = [ring(10.0, z) for z in HEIGHTS]
    aside = [loop + np.array([2.0, 0, 0]) for loop in loops]
    dvh = dvh_of(*loops, *aside)
    assert codes(dvh) == [FindingCode.CONTOURS_CONTRADICTORY]
    assert dvh.volume > dvh_of(*loops).volume * 1.1
    assert dvh.readings[0].volume < dvh.volume / 2


@pytest.mark.parametrize("wall_mm", [1.0, 3.0])
def test_a_thin_wall_is_no_copy(wall_mm: float) -> None:
    loops = [ring(r, z, points=180) for z in HEIGHTS for r in (20.0, 20.0 - wall_mm)]
    dvh = dvh_of(*loops)
    assert dvh.volume == pytest.approx((shoelace_mm2(loops[0]) - shoelace_mm2(loops[1])) * 12 / 1000, rel=1e-9)
    assert dvh.findings == ()


def test_by_exclusive_or_a_copy_still_counts_once() -> None:
    loops = [ring(6.0, z) for z in HEIGHTS]
    dvh = dvh_of(*loops, *[loop + np.array([0.02, 0, 0]) for loop in loops], exclusive_or=True)
    assert dvh.volume == pytest.approx(dvh_of(*loops).volume, rel=1e-2)


@pytest.mark.parametrize("planes", [1, 2, 3, 8])
def test_copies_on_planes_a_hair_apart_count_once(planes: int) -> None:
    loops = [ring(6.0, 3.0 * i) for i in range(planes)]
    copies = [loop + np.array([0.01, 0, 0.02]) for loop in loops]
    once, twice = dvh_of(*loops), dvh_of(*loops, *copies)
    assert twice.volume == pytest.approx(once.volume, rel=1e-2)
    assert {FindingCode.PLANES_MERGED, FindingCode.OVERLAPPING_CONTOURS} <= set(codes(twice))


# -------------------------------------------------------------------------------- planes


def ball(heights: Sequence[float], radius: float = 14.0) -> list[Array]:
    return [ring(float(np.sqrt(radius**2 - z * z)), z) for z in heights]


def body(heights: Sequence[float]) -> Structure:
    return structure("Body", *[rectangle(-25, 25, -25, 25, z) for z in heights], number=9, kind="EXTERNAL")


REGULAR = np.arange(-12.0, 12.1, 3.0)


@settings(max_examples=30)
@given(st.sets(st.integers(1, len(REGULAR) - 2), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_missing_planes_one_at_a_time_are_bridged_and_said(missing: set[int], cylinder: bool, alone: bool) -> None:
    assume(all(i + 1 not in missing for i in missing))
    there = [z for i, z in enumerate(REGULAR) if i not in missing]
    assume(np.sum(np.diff(there) < 4.0) >= np.sum(np.diff(there) > 4.0))  # else that is the spacing
    loops = [ring(8.0, z) for z in there] if cylinder else ball(there)
    dvh = dvh_of(*loops, others=() if alone else [body(REGULAR)])
    area = {z: shoelace_mm2(loop) for z, loop in zip(there, loops, strict=True)}
    # half of the missing plane's slab goes to either neighbour
    expected = sum(area.values()) * 3.0 + sum((area[REGULAR[i - 1]] + area[REGULAR[i + 1]]) / 2 * 3.0 for i in missing)
    assert dvh.volume == pytest.approx(expected / 1000, rel=1e-9)
    assert codes(dvh) == [FindingCode.PLANE_BRIDGED]


@settings(max_examples=40)
@given(st.integers(4, 9), st.integers(2, 6), st.integers(1, 6), st.booleans(), st.sampled_from([1.0, 2.0, 3.0]))
def test_two_missing_planes_in_a_row_are_an_incomplete_organ(
    count: int, missing: int, first: int, alone: bool, spacing_mm: float
) -> None:
    assume(first + missing < count)
    heights = spacing_mm * (np.arange(count) - (count - 1) / 2)
    there = [z for i, z in enumerate(heights) if not first <= i < first + missing]
    assume(not alone or len(there) > 2)  # two planes alone do not tell how far apart they should be
    dvh = dvh_of(*ball(there), others=() if alone else [body(heights)], doses=grid(hot, spacing_mm=1.0, half_mm=20.0))
    assert FindingCode.CONTOURS_INCOMPLETE in codes(dvh)


def test_parts_at_different_places_are_no_incomplete_organ() -> None:
    heights = np.arange(0.0, 10.0, 3.0)
    parts = [ring(5.0, z, centre=(-12, 0)) for z in heights] + [ring(5.0, z + 24, centre=(12, 0)) for z in heights]
    dvh = dvh_of(*parts, others=[body(np.arange(-9.0, 40.0, 3.0))])
    assert codes(dvh)[0] is FindingCode.PLANE_GAP
    assert FindingCode.CONTOURS_INCOMPLETE not in codes(dvh)


STEPS = np.cumsum([0.0, 3, 3, 9, 3, 3, 3, 9, 3, 3]) - 18.0


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([0.5, 1.0, 2.0, 3.0, 5.0]),
    st.lists(st.integers(3, 8), min_size=2, max_size=3),
    st.floats(4.0, 200.0),
)
def test_parts_have_their_own_volumes_however_far_apart_they_are(
    step_mm: float, planes: list[int], apart_mm: float
) -> None:
    """A gap longer than all that is contoured is no spacing, by which planes of a part would be one plane."""
    loops: list[Array] = []
    bottom_mm = 0.0
    for at, count in enumerate(planes):
        loops += [ring(8.0, bottom_mm + step_mm * k, centre=(25.0 * at, 0.0)) for k in range(count)]
        bottom_mm += step_mm * (count + 2.5) + apart_mm
    dvh = dvh_of(*loops, doses=replace(HOT, origin_mm=np.array([-500.0, -500.0, -500.0])))
    assert dvh.volume == pytest.approx(shoelace_mm2(loops[0]) * step_mm * sum(planes) / 1000, rel=1e-9)
    assert FindingCode.PLANES_MERGED not in codes(dvh)


def test_a_step_on_which_no_structure_has_a_plane_is_one_of_the_images() -> None:
    loops = [ring(8.0, z) for z in STEPS]
    dvh = dvh_of(*loops, others=[body(STEPS)])
    assert dvh.volume == pytest.approx(shoelace_mm2(loops[0]) * (STEPS[-1] - STEPS[0] + 3.0) / 1000)
    assert codes(dvh) == [FindingCode.PLANE_BRIDGED]
    missing = dvh_of(*loops, others=[body(np.arange(-18.0, 22.0, 3.0))])
    assert codes(missing) == [FindingCode.PLANE_GAP, FindingCode.CONTOURS_INCOMPLETE]
    assert codes(dvh_of(*loops)) == [FindingCode.PLANE_GAP, FindingCode.CONTOURS_INCOMPLETE]


def test_planes_of_two_series_a_third_apart_look_as_if_some_were_missing() -> None:
    both = np.sort(np.concatenate([3.0 * np.arange(6), 3.0 * np.arange(6) + 1.0])) - 9.0
    loops = [ring(8.0, z) for z in both]
    dvh = dvh_of(*loops)
    assert dvh.volume == pytest.approx(shoelace_mm2(loops[0]) * (both[-1] - both[0] + 1.0) / 1000, rel=1e-9)
    assert codes(dvh) == [FindingCode.PLANE_BRIDGED]


@pytest.mark.parametrize("offset_mm", [0.4, 0.5, 0.7, 2.5])
@pytest.mark.parametrize("count", [3, 4, 8])
def test_planes_of_two_series_are_one_organ(offset_mm: float, count: int) -> None:
    both = np.sort(np.concatenate([3.0 * np.arange(count), 3.0 * np.arange(count) + offset_mm])) - 9.0
    loops = [ring(8.0, z) for z in both]
    dvh = dvh_of(*loops)
    assert dvh.volume == pytest.approx(shoelace_mm2(loops[0]) * (both[-1] - both[0] + 3.0) / 1000, rel=1e-9)
    assert codes(dvh) == [FindingCode.PLANES_MERGED]


def test_planes_of_two_series_with_spacings_of_their_own_are_one_organ() -> None:
    both = np.sort(np.concatenate([np.arange(-15.0, 16.0, 3.0), np.arange(-14.6, 15.0, 2.5)]))
    loops = [ring(8.0, z) for z in both]
    dvh = dvh_of(*loops)
    assert dvh.volume == pytest.approx(shoelace_mm2(loops[0]) * 30.0 / 1000, rel=0.05)
    assert FindingCode.PLANE_GAP not in codes(dvh)


# -------------------------------------------------------------------------------- thickness


def test_a_single_plane_is_as_thick_as_the_file_says_else_as_its_other_planes_are_apart() -> None:
    loop = rectangle(-5, 5, -5, 5, 0.0)
    stated = dvh_of(loop, slab_mm=1.0, others=[body(REGULAR)])
    assert stated.volume == pytest.approx(0.1)
    incomplete = [FindingCode.TOO_FEW_PLANES, FindingCode.CONTOURS_INCOMPLETE]
    assert codes(stated) == [FindingCode.SLAB_THICKNESS, *incomplete]
    others = dvh_of(loop, others=[body(REGULAR)])
    assert others.volume == pytest.approx(0.3)
    assert codes(others) == incomplete
    alone = dvh_of(loop)
    assert alone.volume == pytest.approx(0.2)  # the dose planes
    assert codes(alone) == [FindingCode.TOO_FEW_PLANES]
    assert codes(dvh_of(loop, others=[structure("T", loop, number=2)])) == [FindingCode.TOO_FEW_PLANES]


@pytest.mark.parametrize("stated_mm", [1.0, 3.0, 5.0])
def test_planes_apart_tell_their_own_thickness_and_what_the_file_says_is_compared(stated_mm: float) -> None:
    loops = [rectangle(-5, 5, -5, 5, z) for z in REGULAR]
    dvh = dvh_of(*loops, slab_mm=stated_mm)
    assert dvh.volume == pytest.approx(100 * 27 / 1000)
    assert codes(dvh) == [FindingCode.SLAB_THICKNESS] * (stated_mm != 3.0)


# -------------------------------------------------------------------------------- the rim of the dose grid


@pytest.mark.slow
@settings(max_examples=examples(10))
@given(st.integers(0, 2), st.booleans(), st.floats(0.05, 0.95), st.integers(0, 2**20))
def test_beyond_the_outermost_points_the_upper_bound_is_the_largest_dose_of_the_faces(
    axis: int, low: bool, reach_mm: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    doses = DoseGrid.axial(rng.uniform(5, 60, (9, 9, 9)), origin_mm=(-8.0, -8.0, -8.0), spacing_mm=(2.0, 2.0, 2.0))
    first, last = np.full(3, -4.0), np.full(3, 4.0)
    first[axis], last[axis] = (-8.0 - reach_mm, 0.0) if low else (0.0, 8.0 + reach_mm)
    x, y, z = zip(first, last, strict=True)
    count = 5
    step = (z[1] - z[0]) / count
    loops = [rectangle(*x, *y, z[0] + (i + 0.5) * step) for i in range(count)]
    made = compute_dvhs(plan(doses, structure("S", *loops)))
    dvh = made["S"]
    rim_cc = reach_mm * 64 / 1000
    assert codes(dvh) == [FindingCode.OUTERMOST_DOSE_PLANES]
    assert dvh.findings[0].text.startswith(f"{rim_cc:.3g} cc of {dvh.volume:.4g} cc")
    d = doses.values_gy
    faces_gy = max(float(np.take(d, end, axis=a).max()) for a in range(3) for end in (0, -1))
    first[axis], last[axis] = np.clip([first[axis], last[axis]], -8.0, 8.0)
    x, y, z = zip(first, last, strict=True)
    step = (z[1] - z[0]) / count
    inner = compute_dvhs(
        plan(doses, structure("S", *[rectangle(*x, *y, z[0] + (i + 0.5) * step) for i in range(count)]))
    )
    for dose_gy in (15.0, 30.0, 45.0):
        core, whole = inner["S"].volume_at_dose(dose_gy), dvh.volume_at_dose(dose_gy)
        assert whole.low - 1e-6 <= core.high + rim_cc
        assert whole.high >= core.low + rim_cc * (faces_gy > dose_gy) - 1e-6
        assert whole.high <= core.high + rim_cc + 1e-6 + 0.3 * dvh.volume
        _, narrow = refined(made, dvh, dose_gy)
        assert narrow.volume_at_dose(dose_gy).high >= core.low + rim_cc * (faces_gy > dose_gy) - 1e-6
        assert narrow.volume_at_dose(dose_gy).low <= core.high + rim_cc + 1e-6
    assert dvh.mean_gy.high >= (inner["S"].mean_gy.low * inner["S"].volume + faces_gy * rim_cc) / dvh.volume - 1e-3
    assert dvh.max_gy.high >= faces_gy - 1e-3


def test_in_a_uniform_dose_the_rim_changes_no_bound() -> None:
    dvh = dvh_of(*[rectangle(26, 30.9, -5, 5, z) for z in (-2.0, 0.0, 2.0)], doses=grid(uniform(20.0)))
    assert codes(dvh) == [FindingCode.OUTERMOST_DOSE_PLANES]
    for band in (dvh.mean_gy, dvh.min_gy, dvh.max_gy):
        assert band.low == pytest.approx(20.0, abs=1e-2)
        assert band.high == pytest.approx(20.0, abs=1e-2)

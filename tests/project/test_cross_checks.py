"""The reasons that cross-checks try are what they are called: each on a body whose answer is plain."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from folders import TESTS


@pytest.fixture(scope="module")
def used() -> SimpleNamespace:
    """`explain`, `readings` and `sampler`."""
    names = ("explain", "readings", "sampler")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "cross_checks"))
        for name in names:
            __import__(name)
    return SimpleNamespace(**{name: sys.modules[name] for name in names})


def square(half_mm: float, z: float, x: float = 0.0) -> np.ndarray:
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([[x + i * half_mm, j * half_mm, z] for i, j in corners], dtype=float)


def grid(sampler: ModuleType, last_z: float = 20.0) -> object:
    """Points 2 mm apart; dose rises by 1 Gy/mm along x, from 30 Gy in the middle."""
    x, z = np.arange(-20.0, 21.0, 2.0), np.arange(-20.0, last_z + 1.0, 2.0)
    return sampler.Grid(values_gy=np.broadcast_to(30.0 + x, (len(z), len(x), len(x))).copy(), x=x, y=x, z=z)


def volume_cc(used: SimpleNamespace, loops: list[np.ndarray], **way: object) -> float:
    return float(used.sampler.sampled(loops, grid(used.sampler), used.sampler.Way(**way)).whole_cc)


PLANES = (-2.0, 0.0, 2.0)


def test_points_between_outlines_count_and_those_on_one_by_choice(used: SimpleNamespace) -> None:
    outline = used.sampler.Outline
    between, on_points = [square(9.0, z) for z in PLANES], [square(8.0, z) for z in PLANES]
    assert volume_cc(used, between, parts=1) == pytest.approx(18.0**2 * 6 / 1000)
    assert volume_cc(used, on_points) == pytest.approx(16.0**2 * 6 / 1000)  # by default as sbrtcheck does: the area
    assert volume_cc(used, on_points, parts=1) == pytest.approx(8 * 8 * 3 * 8 / 1000)
    assert volume_cc(used, on_points, parts=1, outline=outline.ALL) == pytest.approx(9 * 9 * 3 * 8 / 1000)


def test_points_left_and_right_count_together_by_the_direction_of_the_outline(used: SimpleNamespace) -> None:
    """As matplotlib has it, which dicompyler-core asks: the columns of points are 9 or 7, the rows always 8."""
    way = {"parts": 1, "outline": used.sampler.Outline.DIRECTION}
    one = [square(8.0, z) for z in PLANES]
    other = [loop[::-1] for loop in one]
    found = {round(volume_cc(used, loops, **way) / (3 * 8 / 1000)) for loops in (one, other)}
    assert found == {9 * 8, 7 * 8}


def test_a_hole_is_left_out_or_filled(used: SimpleNamespace) -> None:
    overlap = used.sampler.Overlap
    ring = [square(half, z) for z in PLANES for half in (9.0, 3.0)]
    for kind in (overlap.NESTED, overlap.EVEN_ODD):
        assert volume_cc(used, ring, overlap=kind) == pytest.approx((18.0**2 - 6.0**2) * 6 / 1000)
    assert volume_cc(used, ring, overlap=overlap.UNITED) == pytest.approx(18.0**2 * 6 / 1000)


def test_what_two_strokes_share_counts_or_is_left_out(used: SimpleNamespace) -> None:
    overlap = used.sampler.Overlap
    strokes = [square(5.0, z, x) for z in PLANES for x in (-3.0, 3.0)]
    assert volume_cc(used, strokes) == pytest.approx(16.0 * 10.0 * 6 / 1000)
    assert volume_cc(used, strokes, overlap=overlap.EVEN_ODD) == pytest.approx(12.0 * 10.0 * 6 / 1000)


def test_planes_are_as_high_as_they_are_apart_or_all_alike(used: SimpleNamespace) -> None:
    heights = used.sampler.Heights
    uneven = [square(9.0, z) for z in (-4.0, 0.0, 2.0)]
    found = [volume_cc(used, uneven, heights=kind) for kind in (heights.SLABS, heights.NO_ENDS, heights.CLOSEST)]
    assert found == pytest.approx([18.0**2 * height / 1000 for height in (9, 6, 6)])
    assert volume_cc(used, [square(9.0, 0.0)]) == pytest.approx(18.0**2 * 2 / 1000)
    assert volume_cc(used, [square(9.0, 0.0)], heights=heights.CLOSEST) == 0.0


def test_a_stack_of_all_structures_leaves_gaps_and_loses_its_last_plane(used: SimpleNamespace) -> None:
    """Planes of the structure are 2 mm apart, those of all 1 mm: half of it is there, on the planes of the stack."""
    sampler = used.sampler
    mine, other = [square(9.0, z) for z in (0.0, 2.0, 4.0)], [square(3.0, z) for z in (0.0, 1.0, 2.0, 3.0, 4.0)]
    structures = sampler.together({"mine": mine, "other": other})
    found = sampler.sampled(mine, grid(sampler), sampler.Way(stack=True), structures)
    assert found.whole_cc == pytest.approx(18.0**2 * 2 / 1000)


def test_a_raster_lies_over_all_structures(used: SimpleNamespace) -> None:
    sampler = used.sampler
    mine, other = [square(4.0, z) for z in PLANES], [square(19.0, z) for z in PLANES]
    structures = sampler.together({"mine": mine, "other": other})
    way = sampler.Way(raster=True, layers=1)
    found = sampler.sampled(mine, grid(sampler), way, structures)
    step = 38.0 * 1.05 / 512
    assert len(found.volumes_cc) == 3 * round(8.0 / step) ** 2
    assert found.volumes_cc == pytest.approx(step**2 * 2 / 1000)


def test_doses_are_those_of_points_or_of_the_middle_of_their_voxel(used: SimpleNamespace) -> None:
    sampler = used.sampler
    loops = [square(0.5, z, x=0.2) for z in PLANES]
    by_point = sampler.sampled(loops, grid(sampler), sampler.Way(parts=16))
    by_voxel = sampler.sampled(loops, grid(sampler), sampler.Way(parts=16, voxel_dose=True))
    assert float(by_point.doses_gy.mean()) == pytest.approx(30.2, abs=0.0625)  # half a step
    assert set(by_voxel.doses_gy.tolist()) == {30.0}


def test_a_near_plane_of_dose_is_taken_as_it_is(used: SimpleNamespace) -> None:
    sampler = used.sampler
    z = np.arange(-20.0, 21.0, 2.0)
    flat = sampler.Grid(values_gy=np.broadcast_to(30.0 + z[:, None, None], (21, 21, 21)).copy(), x=z, y=z, z=z)
    loops = [square(4.0, at) for at in (0.4, 2.4)]
    for reach, dose in ((0.0, 30.4), (0.5, 30.0)):
        way = sampler.Way(layers=1, nearest_plane_mm=reach)
        assert float(sampler.sampled(loops, flat, way).doses_gy.min()) == pytest.approx(dose)


def test_what_is_outside_of_the_grid_counts_at_no_dose_or_is_left_out_or_scaled(used: SimpleNamespace) -> None:
    sampler, outside = used.sampler, used.sampler.Outside
    column = [square(9.0, float(z)) for z in range(-8, 9, 2)]
    way = sampler.Way(layers=1)
    samples = sampler.sampled(column, grid(sampler, last_z=0.0), way)
    whole = 18.0**2 * 18 / 1000
    assert (samples.whole_cc, samples.outside_cc) == (pytest.approx(whole), pytest.approx(whole * 4 / 9))
    made = {kind: used.readings.values(samples, sampler.Way(outside=kind)) for kind in outside}
    assert made[outside.ZERO]["Mean[Gy]"] == pytest.approx(30.0 * 5 / 9)
    assert [made[kind]["Mean[Gy]"] for kind in (outside.LEFT_OUT, outside.SCALED)] == pytest.approx([30.0] * 2)
    assert [one["Volume[cc]"] for one in made.values()] == pytest.approx([whole] * 3)
    assert made[outside.LEFT_OUT]["V20Gy[cc]"] == pytest.approx(whole * 5 / 9)
    assert made[outside.SCALED]["V20Gy[cc]"] == pytest.approx(whole)


def test_what_lies_beside_the_grid_counts_or_not(used: SimpleNamespace) -> None:
    sampler = used.sampler
    loops = [square(9.0, z, x=20.0) for z in PLANES]
    for nothing, share in ((False, 1.0), (True, 0.5)):
        way = sampler.Way(parts=1, beside_is_nothing=nothing)
        found = sampler.sampled(loops, grid(sampler), way).whole_cc
        assert found == pytest.approx(share * 18.0**2 * 6 / 1000, rel=0.15)  # a column of points is on the edge


def test_doses_are_read_off_points_bins_or_a_line(used: SimpleNamespace) -> None:
    """Ten voxels of 1 cc with doses of 1.004, 2.004, ... 10.004 Gy."""
    sampler, reading = used.sampler, used.sampler.Reading
    samples = sampler.Samples(doses_gy=np.arange(1.0, 11.0) + 0.004, volumes_cc=np.ones(10), outside_cc=0.0)
    made = {kind: used.readings.values(samples, sampler.Way(reading=kind)) for kind in reading}
    assert made[reading.SORTED]["D98%[Gy]"] == pytest.approx(1.004)  # of 9.8 cc all ten have at least that
    assert made[reading.LAST_BIN]["D98%[Gy]"] == pytest.approx(1.0)
    assert made[reading.NEAREST_BIN]["D98%[Gy]"] == 0.0  # nearest is the whole volume, and its first bin
    assert made[reading.NEAREST_BIN]["D2%[Gy]"] == pytest.approx(9.01)  # nearest is 1 cc: the first bin with that
    assert made[reading.LINE]["D50%[Gy]"] == pytest.approx(5.025)  # 5 cc at the upper edge of the bin around 5 Gy
    assert [one["D1cc[Gy]"] for one in made.values()] == pytest.approx([10.004, 9.01, 10.0, 9.025])


def test_all_reasons_are_needed_or_given_up(used: SimpleNamespace) -> None:
    """Planes 4 and 2 mm apart, a hole, one dose, and a program that fills holes, as pydcm: two reasons are left."""
    sampler, explain = used.sampler, used.explain
    loops = [square(half, z) for z in (-4.0, 0.0, 2.0) for half in (9.0, 3.0)]
    alike = replace(grid(sampler), values_gy=np.full((21, 21, 21), 30.0))
    body = explain.Body(loops=loops, grid=alike, structures=sampler.together({"": loops}))
    theirs = body.by(sampler.Way(heights=sampler.Heights.CLOSEST, overlap=sampler.Overlap.UNITED))
    assert not explain.different(body.by(explain.way_of("pydcm")), theirs)
    assert set(explain.explained("pydcm", body, theirs)) == {*explain.CLOSEST, *explain.UNITED}


def test_a_way_must_give_all_values_of_a_structure(used: SimpleNamespace) -> None:
    theirs = {"Volume[cc]": 10.0, "Mean[Gy]": 20.0}
    assert used.explain.different({"Volume[cc]": 10.05, "Mean[Gy]": 20.1}, theirs) == ()
    assert used.explain.different({"Volume[cc]": 10.0, "Mean[Gy]": 25.0}, theirs) == ("Mean[Gy]",)
    assert used.explain.different({"Volume[cc]": 10.0}, theirs) == ("Mean[Gy]",)


def test_a_difference_counts_from_its_stated_size_on_and_what_is_no_number_differs(used: SimpleNamespace) -> None:
    apart = used.explain.apart
    assert not apart("Mean[Gy]", 5.0, 5.09, 10.0)
    assert apart("Mean[Gy]", 5.0, 5.11, 10.0)
    assert not apart("V20Gy[cc]", 1.0, 1.09, 10.0)
    assert apart("V20Gy[cc]", 1.0, 1.11, 10.0)
    assert apart("Mean[Gy]", 5.0, float("nan"), 10.0)

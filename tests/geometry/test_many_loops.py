"""Many loops on one plane: the fast search for pairs and nesting against plain ones, and laws that many loops obey."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sbrtcheck.dvh import compute_dvhs
from sbrtcheck.errors import GeometryError
from sbrtcheck.geometry import contour_crossings, contour_nests, contour_regions, polygon_booleans, slabs
from sbrtcheck.geometry.arrays import meeting_boxes
from sbrtcheck.geometry.contour_overlaps import CombinationRule, Millimetres
from sbrtcheck.geometry.contour_regions import Regions, loops_by_plane, region_edges
from sbrtcheck.geometry.contour_rings import clearly_inside
from solids import Array, grid, odd_inside, plan, ring, shoelace_mm2, structure


def regions(*loops: Array, exclusive_or: bool = False) -> Regions:
    """The region of loops of one plane, a grid cell being a millimetre."""
    points = np.concatenate(loops)
    starts = np.cumsum([0, *map(len, loops)])
    rule = CombinationRule(mm=Millimetres(1.0, 1.0), exclusive_or=exclusive_or)
    numbers = np.arange(len(loops))
    return region_edges("S", points[:, 0], points[:, 1], starts, numbers, np.zeros_like(numbers), rule)


def polygon(x: float, y: float, radius: float, corners: int, turn: float = 0.1) -> Array:
    angle = np.arange(corners) * 2 * np.pi / corners + turn
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def square(x: float, y: float, side: float) -> Array:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]])


# -------------------------------------------------------------------------------- pairs of boxes

whole_numbers = st.integers(0, 12).map(float)
lengths = st.sampled_from([0.0, 0.0, 1.0, 2.0, 9.0, 40.0]) | st.floats(0.0, 3.0)
boxes = st.lists(st.tuples(st.integers(0, 2), whole_numbers, whole_numbers, lengths, lengths), max_size=40)


@given(boxes)
def test_boxes_that_meet_are_found_once_each_and_no_others(made) -> None:
    group = np.array([b[0] for b in made], dtype=np.int64)
    u, v, wide, high = (np.array([b[i] for b in made], dtype=float) for i in range(1, 5))
    sides = u, u + wide, v, v + high
    pairs = [np.sort(np.stack(pair, axis=1), axis=1) for pair in meeting_boxes(group, *sides)]
    found = [tuple(pair) for some in pairs for pair in some.tolist()]
    expected = [
        (i, j)
        for i, j in combinations(range(len(made)), 2)
        if group[i] == group[j]
        and max(sides[0][i], sides[0][j]) <= min(sides[1][i], sides[1][j])
        and max(sides[2][i], sides[2][j]) <= min(sides[3][i], sides[3][j])
    ]
    assert sorted(found) == expected


@pytest.mark.parametrize("layout", ["row", "column", "square"])
def test_of_boxes_apart_next_to_none_are_compared(layout: str, monkeypatch) -> None:
    from sbrtcheck.geometry import arrays

    compared = []
    pairs = arrays.runs_of_pairs
    monkeypatch.setattr(
        arrays, "runs_of_pairs", lambda first, count: compared.append(count.sum()) or pairs(first, count)
    )
    number = np.arange(2500)
    u, v = {"row": (number, 0 * number), "column": (0 * number, number), "square": (number % 50, number // 50)}[layout]
    assert not [pair for pair in meeting_boxes(0 * number, u, u + 0.5, v, v + 0.5) if len(pair[0])]
    assert compared[0] < 10 * len(number)


# -------------------------------------------------------------------------------- rings


def star(x: float, y: float, radii: Sequence[float], turn: float = 0.0, *, backwards: bool = False) -> Array:
    """Corners at even angles about a point, each at a radius of its own."""
    angle = np.arange(len(radii)) * 2 * np.pi / len(radii) + turn
    corners = np.stack([x + radii * np.cos(angle), y + radii * np.sin(angle)], axis=1)
    return corners[::-1] if backwards else corners


def edges_meet(a: Array, b: Array) -> bool:
    """Whether any edge of one loop has a point in common with any of another, by the signs of areas."""

    def side(p: Array, q: Array, r: Array) -> Array:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    p, q = a[:, None], np.roll(a, -1, axis=0)[:, None]
    r, s = b[None], np.roll(b, -1, axis=0)[None]
    return bool(np.any((side(p, q, r) * side(p, q, s) <= 0) & (side(r, s, p) * side(r, s, q) <= 0)))


def told_inside(*pairs: tuple[Array, Array]) -> list[bool]:
    """What is told at once of pairs of loops of one plane, the inner one first."""
    made = [loop for pair in pairs for loop in pair]
    points, numbers = np.concatenate(made), np.arange(len(made))
    loops = loops_by_plane(points[:, 0], points[:, 1], np.cumsum([0, *map(len, made)]), numbers, 0 * numbers)
    return clearly_inside(loops, numbers[::2], numbers[1::2]).tolist()


radii = st.lists(st.floats(4.0, 11.0), min_size=3, max_size=60)
stars = st.builds(star, st.floats(-6, 6), st.floats(-6, 6), radii, st.floats(0, 6), backwards=st.booleans())
smooth = st.builds(
    lambda x, y, radius, corners, turn: star(x, y, [radius] * corners, turn),
    *(st.floats(-3, 3), st.floats(-3, 3), st.floats(4.0, 11.0), st.integers(6, 80), st.floats(0, 6)),
)


@settings(max_examples=200)
@given(st.lists(st.tuples(stars | smooth, stars | smooth), min_size=1, max_size=4))
def test_a_loop_told_inside_another_at_once_lies_inside_and_meets_it_nowhere(pairs) -> None:
    for (inner, outer), told in zip(pairs, told_inside(*pairs), strict=True):
        if told:
            assert not edges_meet(inner, outer)
            assert odd_inside(inner[:, 0], inner[:, 1], [outer]).all()


@given(st.integers(30, 300), st.floats(10.0, 100.0), st.floats(0.1, 0.9), st.floats(0, 6))
def test_a_ring_of_even_width_is_told_at_once(corners: int, radius: float, width: float, turn: float) -> None:
    # the middle of an edge lies radius (1 - cos(pi / corners)) nearer than its ends
    room = width * radius + radius * (np.pi / corners) ** 2
    inner, outer = star(3, 4, [radius] * corners), star(3, 4, [radius + room] * (corners + 7), turn)
    assert told_inside((inner, outer), (outer, inner)) == [True, False]


# -------------------------------------------------------------------------------- nesting


corner = st.integers(0, 8).map(float)


def figure_of_eight(x: float, y: float, radius: float) -> Array:
    corners = [(-1, -1), (1, 1), (1, -1), (-1, 1)]
    return np.array([[x + radius * i, y + radius * j] for i, j in corners])


shapes = st.one_of(
    st.builds(square, corner, corner, st.integers(1, 5).map(float)),
    st.builds(polygon, st.floats(1, 9), st.floats(1, 9), st.floats(0.5, 5), st.integers(3, 12)),
    st.builds(figure_of_eight, corner, corner, st.integers(1, 5).map(float)),
)
groups = st.lists(shapes, min_size=1, max_size=6)


@st.composite
def nests(draw: st.DrawFn) -> list[Array]:
    """Loops apart or in one another at some places, none of which meet, in any order and direction."""
    loops = []
    for k in range(draw(st.integers(1, 9))):
        x, y = 30.0 * (k % 3), 30.0 * (k // 3)
        for radius in draw(st.lists(st.integers(2, 14), unique=True, max_size=6)):
            corners, turn = draw(st.integers(14, 30)), draw(st.floats(0, 1))
            loops += [polygon(x, y, radius, corners, turn)]
    if draw(st.booleans()) or not loops:
        loops.append(polygon(30.0, 30.0, 70.0, 60))
    loops = [loop[:: draw(st.sampled_from([1, -1]))] for loop in loops]
    return draw(st.permutations(loops))


@settings(max_examples=60)
@given(nests(), st.integers(0, 2**32 - 1))
def test_loops_in_one_another_are_holes_and_islands_in_turn(loops: list[Array], seed: int) -> None:
    made = regions(*loops)
    x, y = np.random.default_rng(seed).uniform(-45, 105, (2, 400))
    edges = made.edges
    outlines = [np.array([[a, b], [c, d]]) for a, b, c, d in zip(edges.u0, edges.v0, edges.u1, edges.v1, strict=True)]
    assert len(outlines) == sum(map(len, loops))
    wound = np.zeros(len(x))  # times that the directed edges wind around each point
    for (x0, y0), (x1, y1) in outlines:
        if y0 != y1:
            spans = (y0 > y) != (y1 > y)
            wound += np.where(spans & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)), np.sign(y0 - y1), 0)
    assert set(np.unique(wound)) <= {0.0, 1.0}
    assert np.array_equal(wound == 1, odd_inside(x, y, loops))
    depth = [
        sum(bool(odd_inside(*loop[0][:, None], [other])[0]) for other in loops if other is not loop) for loop in loops
    ]
    area = sum((-1) ** deep * shoelace_mm2(loop) for deep, loop in zip(depth, loops, strict=True))
    assert made.area_cells[0] == pytest.approx(area, rel=1e-9)
    assert (made.readings, made.findings, made.loops.tolist()) == ((), (), [len(loops)])


def readings(made: Regions) -> list[float]:
    """Area of each reading of the plane."""
    return [abs(float(edges.area(1)[0])) for edges, _ in made.readings]


def by_nests(few: int, *loops: Array, exclusive_or: bool = False) -> Regions:
    """The region where all pairs of so few loops a plane are compared, those of more by nests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contour_nests, "FEW_LOOPS", few)
        return regions(*loops, exclusive_or=exclusive_or)


@settings(max_examples=60)
@given(st.data(), st.booleans())
def test_loops_compared_with_the_next_one_only_are_as_if_all_pairs_were(
    data: st.DataObject, exclusive_or: bool
) -> None:
    loops = data.draw(nests())
    some = data.draw(groups)
    x, y = data.draw(st.sampled_from([(0.0, 0.0), (25.0, 30.0), (-60.0, 0.0)]))
    loops = data.draw(st.permutations([*loops, *(loop + np.array([x, y]) for loop in some)]))
    nested, paired = (by_nests(few, *loops, exclusive_or=exclusive_or) for few in (0, 1000))
    assert nested.area_cells == pytest.approx(paired.area_cells, rel=1e-12)
    assert np.array_equal(nested.loops, paired.loops)
    assert nested.findings == paired.findings
    assert readings(nested) == pytest.approx(readings(paired), rel=1e-12)
    for name in ("u0", "v0", "u1", "v1"):
        assert np.array_equal(*(np.sort(getattr(made.edges, name)) for made in (nested, paired)))


def bowls(count: int) -> list[Array]:
    """C-shaped loops in one another: no point sees all of one."""
    made = []
    for k in range(count):
        opening = 0.6 - 0.002 * k
        angle = np.linspace(opening, 2 * np.pi - opening, 30)
        arc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        made.append(np.concatenate([(2.5 * count + 2.0 * k + 2.0) * arc, (2.5 * count - 2.0 * k - 2.0) * arc[::-1]]))
    return made


@pytest.mark.parametrize("layout", ["rings", "bowls", "a ring a place"])
def test_of_many_loops_in_one_another_next_to_no_pairs_are_compared(layout: str, monkeypatch) -> None:
    count = 120
    loops = {
        "rings": [polygon(0.0, 0.0, 1.0 + k, 24) for k in range(count)],
        "bowls": bowls(count),
        "a ring a place": [polygon(60.0 * (k % 4), 0.0, 1.0 + k // 4, 24) for k in range(count)],
    }[layout]
    compared = []
    meeting = contour_nests._lie_inside
    monkeypatch.setattr(contour_nests, "_lie_inside", lambda made, i, j: compared.append(len(i)) or meeting(made, i, j))
    monkeypatch.setattr("sbrtcheck.geometry.contour_nesting._of_all_pairs", None)
    made = regions(*loops)
    assert compared == [count - (4 if layout == "a ring a place" else 1)]
    depth = np.arange(count) // (4 if layout == "a ring a place" else 1)
    area = sum((-1) ** (depth[-1] - deep) * shoelace_mm2(loop) for deep, loop in zip(depth, loops, strict=True))
    assert made.area_cells[0] == pytest.approx(area, rel=1e-9)


def test_hundreds_of_rings_each_drawn_twice_count_once_each() -> None:
    # 0.2 mm apart: a slip of the pen; the next pair 2 mm further in is a hole, or an island in it
    outer = [polygon(0.0, 0.0, 10.0 + 2.0 * k, 40) for k in range(300)]
    inner = [polygon(0.0, 0.0, 9.8 + 2.0 * k, 40) for k in range(300)]
    made = regions(*outer, *inner)
    assert made.area_cells[0] == pytest.approx(sum((-1) ** (k + 1) * shoelace_mm2(outer[k]) for k in range(300)))
    assert made.loops[0] == 300
    assert "300 contour(s) are in the file twice" in made.findings[0].text


def test_where_too_much_crosses_the_message_says_how_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polygon_booleans, "MAX_PIECES", 10)
    with pytest.raises(GeometryError, match="pieces with 2 crossings; at most 10"):
        regions(polygon(0.0, 0.0, 5.0, 4, turn=0.0), polygon(4.0, 1.0, 5.0, 4, turn=0.0))


@pytest.mark.parametrize(("count", "is_refused"), [(4, False), (5, True), (60, True)])
def test_more_loops_that_all_cross_than_can_be_resolved_are_refused(
    monkeypatch: pytest.MonkeyPatch, count: int, is_refused: bool
) -> None:
    monkeypatch.setattr(contour_regions, "MAX_MEETING_PAIRS", 6)
    loops = [polygon(0.1 * k, 0.03 * k, 5.0, 4, turn=0.0) for k in range(count)]
    pairs = count * (count - 1) // 2
    refused = pytest.raises(GeometryError, match=f"overlap or touch in {pairs:,} pairs; at most 6")
    with refused if is_refused else nullcontext():
        regions(*loops)


def test_loops_that_cross_themselves_alone_are_in_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contour_regions, "MAX_MEETING_PAIRS", 0)
    eight = np.array([[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]])
    assert regions(eight).area_cells[0] == pytest.approx(8.0)


# -------------------------------------------------------------------------------- loops that meet


@settings(max_examples=80)
@given(groups, st.booleans(), st.integers(2, 6), st.randoms(use_true_random=False))
def test_a_group_of_loops_again_and_again_is_so_many_times_the_group(
    group: list[Array], exclusive_or: bool, times: int, random
) -> None:
    once = regions(*group, exclusive_or=exclusive_or)
    assume(once.loops[0] == len(group))  # which of two equal copies counts is left to rounding
    loops = [loop + np.array([40.0 * (k % 3), 40.0 * (k // 3)]) for k in range(times) for loop in group]
    random.shuffle(loops)
    many = regions(*loops, exclusive_or=exclusive_or)
    assert many.area_cells[0] == pytest.approx(times * once.area_cells[0], rel=1e-9, abs=1e-9)
    assert many.loops[0] == times * once.loops[0]
    assert [finding.code for finding in many.findings] == [finding.code for finding in once.findings]
    assert readings(many) == pytest.approx([times * area for area in readings(once)], rel=1e-9, abs=1e-9)


@settings(max_examples=80)
@given(groups, st.booleans(), st.integers(1, 4))
def test_a_group_of_loops_in_others_is_cut_out_of_them_and_filled_in_turn(
    group: list[Array], exclusive_or: bool, around: int
) -> None:
    alone = regions(*group, exclusive_or=exclusive_or)
    assume(alone.loops[0] == len(group))
    rings = [polygon(5.0, 5.0, 60.0 + 20.0 * k, 40) for k in range(around)]
    made = regions(*rings, *group, exclusive_or=exclusive_or)
    rings_mm2 = sum((-1) ** (around - 1 - k) * shoelace_mm2(ring) for k, ring in enumerate(rings))
    sign = -1 if around % 2 else 1
    # the outermost ring fills; what lies in an odd number of rings is a hole in the innermost
    expected = abs(rings_mm2) + sign * alone.area_cells[0]
    assert made.area_cells[0] == pytest.approx(expected, rel=1e-9)
    even_odd = [abs(rings_mm2) + sign * area for area in readings(alone)]
    assert readings(made) == pytest.approx(even_odd, rel=1e-9)
    assert made.loops[0] == alone.loops[0] + around


@pytest.mark.parametrize("side", [2, 7, 20])
def test_squares_that_share_their_sides_fill_the_plane(side: int) -> None:
    squares: Sequence[Array] = [square(3.0 * k, 3.0 * j, 3.0) for k in range(side) for j in range(side)]
    made = regions(*squares)
    assert made.area_cells[0] == pytest.approx(9.0 * side**2, rel=1e-12)
    assert made.readings == ()


# -------------------------------------------------------------------------------- some planes at a time


@settings(max_examples=30)
@given(st.lists(groups, min_size=1, max_size=5), st.integers(1, 40))
def test_however_many_planes_are_searched_together_the_regions_are_the_same(
    planes: list[list[Array]], few: int
) -> None:
    def of_planes() -> Regions:
        loops = [loop for plane in planes for loop in plane]
        layer = np.repeat(np.arange(len(planes)), list(map(len, planes)))
        points, starts = np.concatenate(loops), np.cumsum([0, *map(len, loops)])
        rule = CombinationRule(mm=Millimetres(1.0, 1.0))
        return region_edges("S", points[:, 0], points[:, 1], starts, np.arange(len(loops)), layer, rule)

    together = of_planes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contour_crossings, "EDGES_AT_ONCE", few)
        apart = of_planes()
    assert np.array_equal(apart.area_cells, together.area_cells)
    assert np.array_equal(apart.edges.u0, together.edges.u0)
    assert apart.findings == together.findings


def test_however_many_edges_a_block_has_the_dvh_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    dose = grid(lambda x, y, z: 20.0 + 0.3 * x + 0.2 * y * z / 30.0 + 0.0 * z)
    made = plan(dose, structure("S", *(ring(12.0, z, points=60) for z in np.arange(-9.0, 10.0, 3.0))))
    whole = compute_dvhs(made)["S"]
    monkeypatch.setattr(slabs, "BLOCK_EDGES", 1)
    by_slab = compute_dvhs(made)["S"]
    assert by_slab.volume == pytest.approx(whole.volume, rel=1e-12)
    share = np.linspace(0.0, whole.volume, 40)
    for curve, same in ((by_slab.curve, whole.curve), (by_slab.lower, whole.lower), (by_slab.upper, whole.upper)):
        assert curve.dose_at(share) == pytest.approx(same.dose_at(share), rel=1e-9)

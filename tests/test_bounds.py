"""The bounds hold: closed forms of random phantoms lie inside, and verdicts near a limit are made certain."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import brentq

from exact import EVERYWHERE, Exact, LinearDose, slabs
from sbrtcheck.dvh import DVH, Bounds, DVHSet, EndCaps, compute_dvhs
from sbrtcheck.judge import evaluate
from sbrtcheck.metric import Measurement, NotMeasured, measure, parse
from sbrtcheck.plan import DoseGrid
from sbrtcheck.results import Outcome, Verdict
from sbrtcheck.tables import Constraint, ConstraintTable, Select, Sense, Source
from shapes import KINDS, Draw, Plane
from solids import Array, along_x, grid, odd_inside, plan, rectangle, ring, structure, uniform

SOURCE = Source(citation="Nobody 2020", where="nowhere")
PHANTOMS = 2000
BOXES = 400
BATCHES = 8


def share_above(level: float, lowest: float, spans: Array) -> float:
    """The share of a box that gets more than ``level`` when dose is linear in it.

    ``lowest`` is its smallest dose, ``spans`` by how much dose rises along each of its edges. The sum of independent
    uniform numbers, by inclusion and exclusion over the box's corners; equal spans of zero are left out.
    """
    spans = spans[spans > 1e-9]
    n = len(spans)
    if n == 0:
        return float(lowest > level)
    below = 0.0
    for corner in itertools.product((0, 1), repeat=n):
        left = max(level - lowest - float(np.dot(corner, spans)), 0.0)
        below += (-1) ** sum(corner) * left**n
    return 1.0 - below / (math.factorial(n) * float(np.prod(spans)))


def dose_of_share(share: float, lowest: float, spans: Array) -> float:
    """The dose that this share of the box gets at least."""
    top = lowest + float(spans.sum())
    return float(brentq(lambda d: share_above(d, lowest, spans) - share, lowest - 1e-6, top + 1e-6))


def random_box(rng: np.random.Generator) -> tuple[DVH, float, Array, float]:
    """A box turned about the z axis in a linear dose: its DVH, lowest dose, dose spans and volume in cc."""
    half = rng.uniform(1.5, 12.0, 2)
    planes, spacing = int(rng.integers(2, 8)), rng.uniform(1.0, 4.0)
    centre, turn = rng.uniform(-8, 8, 3), rng.uniform(0, np.pi / 2)
    across = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half @ across + centre[:2]
    heights = centre[2] + (np.arange(planes) - (planes - 1) / 2) * spacing
    loops = [np.column_stack([corners, np.full(4, z)]) for z in heights]
    slope = rng.uniform(-1.5, 1.5, 3) * rng.integers(0, 2, 3)
    middle = rng.uniform(60, 80)
    dose = grid(
        lambda x, y, z: middle + slope[0] * x + slope[1] * y + slope[2] * z,
        half_mm=24,
        spacing_mm=rng.uniform(1.5, 5.0),
        shift_mm=rng.uniform(-1, 1),
    )
    sizes = np.array([2 * half[0], 2 * half[1], planes * spacing])
    spans = np.abs(np.array([across[0] @ slope[:2], across[1] @ slope[:2], slope[2]])) * sizes
    lowest = middle + float(slope @ centre) - float(spans.sum()) / 2
    return compute_dvhs(plan(dose, structure("Box", *loops))).dvhs[0], lowest, spans, float(np.prod(sizes)) / 1000


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_closed_form_lies_in_the_bounds_of_every_random_box(batch: int) -> None:
    rng = np.random.default_rng(batch)
    for _ in range(BOXES // BATCHES):
        dvh, lowest, spans, volume_cc = random_box(rng)
        assert dvh.volume == pytest.approx(volume_cc, rel=1e-9)
        top = lowest + float(spans.sum())
        for share in rng.uniform(0.001, 0.999, 3):
            truth = dose_of_share(share, lowest, spans)
            band = dvh.dose_at_volume(share * dvh.volume)
            assert band.low - 1e-4 <= truth <= band.high + 1e-4
            at = dvh.volume_at_dose(truth)
            assert at.low - 1e-9 <= share_above(truth - 1e-3, lowest, spans) * volume_cc
            assert at.high + 1e-9 >= share_above(truth + 1e-3, lowest, spans) * volume_cc
        assert dvh.mean_gy.low - 1e-4 <= lowest + spans.sum() / 2 <= dvh.mean_gy.high + 1e-4
        assert dvh.min_gy.low - 1e-4 <= lowest <= dvh.min_gy.high + 1e-4
        assert dvh.max_gy.low - 1e-4 <= top <= dvh.max_gy.high + 1e-4


# -------------------------------------------------------------------------------- contours of every kind


@dataclass(frozen=True, kw_only=True)
class Phantom:
    """Contours of some kind in a linear dose, maybe leaving the grid, and its DVHs."""

    planes: list[tuple[float, Plane]]
    dose: LinearDose
    grid: DoseGrid
    leaves: str
    dvh: DVH
    dvhs: DVHSet

    def exact(self, caps: EndCaps, *, whole: bool = False) -> Exact:
        """The closed form under a convention: of what the grid covers, or of the whole structure."""
        there = slabs(self.planes, caps)
        if whole or not self.leaves:
            return Exact(slabs=there, dose=self.dose)
        dx, _ = self.grid.spacing_mm
        dz = float(self.grid.offsets_mm[1])
        x, z = self.grid.origin_mm[0] - dx / 2, self.grid.origin_mm[2] - dz / 2
        reach = (x, x + dx * self.grid.stored.shape[2]) if self.leaves == "x" else EVERYWHERE
        range_mm = (z, z + dz * self.grid.stored.shape[0]) if self.leaves == "z" else EVERYWHERE
        return Exact(slabs=there, dose=self.dose, window=reach, z_range=range_mm)


def random_phantom(rng: np.random.Generator, draw: Draw) -> Phantom:
    """Two to six planes of a kind; one in four leaves the grid along an axis on which dose does not change."""
    leaves = str(rng.choice(["", "", "", "", "", "", "x", "z"]))
    spacing = rng.uniform(1.0, 4.0)
    steps = spacing * rng.uniform(0.85, 1.15, int(rng.integers(2, 7)))  # uneven, but no gap
    heights = np.cumsum(steps) - steps.sum() / 2 + rng.uniform(-4, 4)
    centre = rng.uniform(-6, 6, 2)
    slope = rng.uniform(-1.0, 1.0, 3) * rng.integers(0, 2, 3)
    half = np.array([30.0, 30.0, 24.0])
    first = np.array([-30.0, -30.0, -24.0]) + rng.uniform(-1, 1, 3)
    if leaves:
        axis = "xyz".index(leaves)
        slope[axis], half[axis], first[axis] = 0.0, 6.0, rng.uniform(-9.0, 0.0)
    step = rng.uniform(1.5, 6.0, 3)
    count = np.ceil(2 * half / step).astype(int) + 1
    planes = [(float(z), [loop + centre for loop in draw(rng)]) for z in heights]
    dose = LinearDose(at_0=float(rng.uniform(75, 90)), slope=tuple(slope.tolist()))
    z, y, x = np.meshgrid(*(first[a] + step[a] * np.arange(count[a]) for a in (2, 1, 0)), indexing="ij")
    doses = DoseGrid.axial(dose(x, y, z), origin_mm=tuple(first.tolist()), spacing_mm=tuple(step.tolist()))
    loops = [np.column_stack([loop, np.full(len(loop), z)]) for z, plane in planes for loop in plane]
    rng.shuffle(loops)
    made = compute_dvhs(plan(doses, structure("S", *loops, exclusive_or=True)))  # as the closed form combines them
    return Phantom(planes=planes, dose=dose, grid=doses, leaves=leaves, dvh=made["S"], dvhs=made)


def holds(band: Bounds | Measurement | NotMeasured, truth: float, slack: float) -> None:
    assert not isinstance(band, NotMeasured)
    assert band.low - slack <= truth <= band.high + slack
    assert band.low <= band.value <= band.high


@pytest.mark.parametrize("batch", range(BATCHES))
def test_contours_of_every_kind_have_their_closed_form_in_the_bounds_under_every_convention(batch: int) -> None:
    rng = np.random.default_rng(100 + batch)
    for i in range(PHANTOMS // BATCHES):
        made = random_phantom(rng, list(KINDS.values())[i % len(KINDS)])
        for dvh in (made.dvh, *made.dvh.alternatives):
            check_against_closed_form(rng, made, dvh)


def check_against_closed_form(rng: np.random.Generator, made: Phantom, dvh: DVH) -> None:
    assert dvh.end_caps is not None
    inside = made.exact(dvh.end_caps)
    whole = made.exact(dvh.end_caps, whole=True) if made.leaves else inside
    outside_cc = max(whole.volume_cc - inside.volume_cc, 0.0)
    assert dvh.volume == pytest.approx(whole.volume_cc, rel=1e-7)
    assert dvh.uncovered_cc == pytest.approx(outside_cc, rel=1e-6, abs=1e-8)
    if inside.volume_cc < 1e-6:
        return
    faces_gy = largest_dose_on_faces(made.grid) if outside_cc else 0.0
    least, most = inside.extremes_gy
    same_gy = 1.1e-5 * float(made.grid.max_gy) + 1e-4  # doses closer than this are one dose to a DVH
    for dose_gy in rng.uniform(least, most, 3):
        covered_cc = inside.volume_at(dose_gy)
        near = [inside.volume_at(dose_gy + off_gy) for off_gy in (-1e-4, 1e-4)]
        plateau = near[0] - near[1] < 1e-6 * dvh.volume  # pieces far apart: the volume has more than one dose
        # what lies outside has no dose, or as much as the faces: both are in the bounds
        for volume_cc in {covered_cc, covered_cc + outside_cc * (faces_gy >= dose_gy)}:
            cold_cc = dvh.volume - volume_cc
            if volume_cc > 1e-5 and cold_cc > 1e-5 and not plateau:
                holds(measure(f"D{volume_cc:.12f}cc[Gy]", dvh), dose_gy, 2e-4)
                holds(measure(f"DC{cold_cc:.12f}cc[Gy]", dvh), dose_gy, 2e-4)
        fewer, more = inside.volume_at(dose_gy + same_gy), inside.volume_at(dose_gy - same_gy)
        at, cold = (measure(f"{v}{dose_gy:.9f}Gy[cc]", dvh) for v in ("V", "CV"))
        assert at.low - 1e-8 <= more + outside_cc * (faces_gy >= dose_gy - same_gy)
        assert at.high + 1e-8 >= fewer + outside_cc * (faces_gy >= dose_gy + same_gy)
        assert at.low - 1e-8 <= more
        assert at.high + 1e-8 >= fewer
        assert cold.low - 1e-8 <= dvh.volume - fewer
        assert cold.high + 1e-8 >= dvh.volume - more
    share = inside.volume_cc / whole.volume_cc
    holds(measure("Mean[Gy]", dvh), inside.mean_gy * share, 2e-4)
    holds(measure("Max[Gy]", dvh), most, 2e-4)
    holds(measure("Min[Gy]", dvh), 0.0 if dvh.uncovered_cc else least, 2e-4)
    holds(measure("Mean[Gy]", dvh), inside.mean_gy * share + faces_gy * (1 - share), 2e-4)


def largest_dose_on_faces(doses: DoseGrid) -> float:
    d = doses.values_gy
    return float(max(face.max() for face in (d[0], d[-1], d[:, 0], d[:, -1], d[:, :, 0], d[:, :, -1])))


def test_the_closed_form_of_any_contours_is_what_points_thrown_at_random_say() -> None:
    rng = np.random.default_rng(5)
    loops = [rng.uniform(-10, 10, (7, 2)), rng.uniform(-10, 10, (5, 2))]
    dose = LinearDose(at_0=70.0, slope=(0.0, 0.8, -0.5))
    stack = slabs([(0.0, loops), (3.0, loops[:1]), (5.0, loops)], EndCaps.CAPPED)
    truth = Exact(slabs=stack, dose=dose, window=(-6.0, 5.0))
    n = 400_000
    x, y, z = rng.uniform(-6, 5, n), rng.uniform(-10, 10, n), rng.uniform(-3, 8, n)
    hit = np.zeros(n, dtype=bool)
    for slab in stack:
        mine = (z > slab.low_mm) & (z <= slab.high_mm)
        hit[mine] = odd_inside(x[mine], y[mine], slab.loops)
    doses, each_cc = dose(x, y, z)[hit], 11 * 20 * 11 / 1000 / n
    assert truth.volume_cc == pytest.approx(hit.sum() * each_cc, abs=0.006)  # five standard errors
    assert truth.mean_gy == pytest.approx(doses.mean(), abs=0.08)
    for dose_gy in (62.0, 66.0, 70.0, 74.0):
        assert truth.volume_at(dose_gy) == pytest.approx(np.sum(doses >= dose_gy) * each_cc, abs=0.006)
    assert truth.extremes_gy[0] <= doses.min() <= truth.extremes_gy[0] + 1
    assert truth.extremes_gy[1] - 1 <= doses.max() <= truth.extremes_gy[1]


# -------------------------------------------------------------------------------- verdicts near a limit


def one_row(metric: str, sense: Sense, limit: float, **fields: object) -> ConstraintTable:
    row = Constraint(
        id="row",
        structures=("SpinalCord",),
        select=Select.EACH,
        organ="Spinal cord",
        metric=parse(metric),
        sense=sense,
        limit=limit,
        source=SOURCE,
        confirmed_by=("one", "another"),
        **fields,
    )
    return ConstraintTable(id="t", version="1", title="T", site="lung", fractions=(5,), sources=(SOURCE,), rows=(row,))


def judged(dvhs, metric: str, sense: Sense, limit: float) -> Outcome:
    return evaluate(one_row(metric, sense, limit), dvhs, accept_dose=True).outcomes[0]


CORD = structure("SpinalCord", *[ring(5.0, z) for z in np.arange(-20.0, 21, 2)])
STEEP = plan(grid(along_x(2.0, middle=80.0)), CORD)


@pytest.mark.parametrize("off_gy", [-0.25, 0.25])
@pytest.mark.parametrize("sense", list(Sense))
def test_a_verdict_near_its_limit_is_made_certain_by_finer_elements(off_gy: float, sense: Sense) -> None:
    dvhs = compute_dvhs(STEEP)
    coarse = dvhs["SpinalCord"].dose_at_volume(0.35)
    limit = coarse.value - off_gy
    assert coarse.low < limit < coarse.high  # the first bounds leave it open
    outcome = judged(dvhs, "D0.35cc[Gy]", sense, limit)
    assert not outcome.borderline
    meets = (off_gy < 0) == (sense in (Sense.BELOW, Sense.AT_MOST))
    assert outcome.verdict is (Verdict.PASS if meets else Verdict.FAIL)
    assert outcome.measurement.high - outcome.measurement.low < coarse.high - coarse.low


def test_finer_elements_narrow_the_bounds_about_by_half_and_keep_the_truth_inside() -> None:
    dvhs = compute_dvhs(STEEP)
    coarse = dvhs["SpinalCord"]
    fine = dvhs.finer(coarse)
    assert fine is not None
    assert fine.refinement == 2 * coarse.refinement
    for share in (0.01, 0.3, 0.7, 0.99):
        wide, narrow = (d.dose_at_volume(share * d.volume) for d in (coarse, fine))
        assert narrow.high - narrow.low < 0.65 * (wide.high - wide.low)
        assert wide.low - 1e-3 <= narrow.value <= wide.high + 1e-3
    assert fine.volume == pytest.approx(coarse.volume, rel=1e-9)


def test_refinement_ends_where_there_is_nothing_to_gain() -> None:
    box = structure("SpinalCord", *[rectangle(-5, 5, -5, 5, z) for z in (0.0, 2.0)])
    dvhs = compute_dvhs(plan(grid(uniform(20.0)), box))
    assert judged(dvhs, "D0.35cc[Gy]", Sense.BELOW, 20.0).borderline
    dvh = dvhs.dvhs[0]
    steps = 0
    while (finer := dvhs.finer(dvh)) is not None:
        dvh, steps = finer, steps + 1
    assert 0 < steps < 6
    assert dvh.volume == pytest.approx(0.4)

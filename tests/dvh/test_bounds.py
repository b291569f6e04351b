"""The bounds hold: closed forms of random phantoms lie inside, and verdicts near a limit are made certain."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import brentq

from effort import examples
from exact import Exact, LinearDose, slabs
from random_phantoms import STEEP, check_against_closed_form, one_row, random_phantom
from sbrtcheck.dvh import DVH, EndCaps, compute_dvhs
from sbrtcheck.judge import evaluate
from sbrtcheck.results import Outcome, Verdict
from sbrtcheck.tables import Sense
from shapes import KINDS
from solids import Array, grid, odd_inside, plan, rectangle, structure, uniform

PHANTOMS = examples(600)
BOXES = examples(200)
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_contours_of_every_kind_have_their_closed_form_in_the_bounds_under_every_convention(batch: int) -> None:
    rng = np.random.default_rng(100 + batch)
    for i in range(PHANTOMS // BATCHES):
        made = random_phantom(rng, list(KINDS.values())[i % len(KINDS)])
        for dvh in (made.dvh, *made.dvh.alternatives):
            check_against_closed_form(rng, made, dvh)


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


def judged(dvhs, metric: str, sense: Sense, limit: float) -> Outcome:
    return evaluate(one_row(metric, sense, limit), dvhs, accept_dose=True).outcomes[0]


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

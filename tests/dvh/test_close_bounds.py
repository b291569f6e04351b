"""Values of a set of DVHs have bounds that hold, and that are as close as their digits; no work is without an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from dvh_builders import report_on
from effort import examples
from exact import Exact, LinearDose, slabs
from lines import volumes_by_lines
from random_phantoms import STEEP, check_against_closed_form, holds, one_row, random_phantom
from sbrtcheck.chart.points import CurvePoint, Side
from sbrtcheck.dvh import DVH, DVHSet, EndCaps, VolumeSought, compute_dvhs
from sbrtcheck.geometry.cell_outlines import cell_outlines, cover_of, in_order
from sbrtcheck.geometry.coverage import Box, covered_by, pieces_of
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.metric import Measurement, measure
from sbrtcheck.plan import DoseGrid
from sbrtcheck.results import Verdict
from sbrtcheck.tables import Sense
from shapes import KINDS
from solids import Array, grid, odd_inside, plan, rectangle, star_structures, structure, uniform

SHARES = (0.001, 0.02, 0.3, 0.5, 0.95, 0.999)


def close_gy(value: float) -> float:
    """As close as the manual promises a dose: 0.02 Gy or a thousandth, to either side."""
    return max(0.02, 1e-3 * value)


def close_cc(value: float, whole: float) -> float:
    """As close as a volume: a thousandth of it and of the rest; but 1e-5 of the whole are enough, of the rest 1e-4."""
    return max(min(1e-3 * value, max(1e-3 * (whole - value), 1e-4 * whole)), 1e-5 * whole)


def dose_of_volume(truth: Exact, volume_cc: float) -> float:
    """The dose that so much volume receives, by bisection."""
    least, most = truth.extremes_gy
    return float(brentq(lambda dose_gy: truth.volume_at(dose_gy) - volume_cc, least - 1e-6, most + 1e-6))


def measured(dvhs: DVHSet, *metrics: str) -> dict[str, Measurement]:
    (answers,) = dvhs.measure(metrics).values()
    assert all(isinstance(answer, Measurement) for answer in answers.values())
    return answers


# -------------------------------------------------------------------------------- laws


slopes = st.tuples(*[st.integers(-30, 30).map(lambda i: i / 20)] * 3)  # next to no slope is hard on the closed form


@given(star_structures(), slopes, st.floats(0.03, 0.97))
@settings(max_examples=20, deadline=None)
def test_of_any_stars_in_a_linear_dose_bounds_hold_the_closed_form_and_are_close(
    made: object, slope: tuple[float, float, float], share: float
) -> None:
    contours = made.contours.read()
    loops = np.split(contours.points_mm, contours.starts[1:-1])
    dose = LinearDose(at_0=60.0, slope=slope)
    truth = Exact(slabs=slabs([(float(loop[0, 2]), [loop[:, :2]]) for loop in loops], EndCaps.HALF_SLICE), dose=dose)
    least, most = truth.extremes_gy
    dvhs = compute_dvhs(plan(grid(dose, half_mm=24, spacing_mm=3.0), made))
    dvh = dvhs.dvhs[0]
    at_gy = least + share * (most - least)
    texts = [f"D{100 * s:g}%[Gy]" for s in SHARES]
    v, cv = f"V{at_gy:.9f}Gy[cc]", f"CV{at_gy:.9f}Gy[cc]"
    answers = measured(dvhs, *texts, v, cv, "Max[Gy]", "Min[Gy]")
    holds(answers["Max[Gy]"], most, 2e-4)
    holds(answers["Min[Gy]"], least, 2e-4)
    same_gy = 1e-3  # doses within 1e-5 of the largest are one dose
    for s, text in zip(SHARES, texts, strict=True):
        answer = answers[text]
        assert truth.volume_at(answer.low - same_gy) >= s * dvh.volume - 1e-7
        assert truth.volume_at(answer.high + same_gy) <= s * dvh.volume + 1e-7
        assert answer.low <= answer.value <= answer.high
        assert answer.high - answer.low <= 2.02 * close_gy(answer.value) + same_gy
    fewer, more = truth.volume_at(at_gy + same_gy), truth.volume_at(at_gy - same_gy)
    assert answers[v].low <= more + 1e-7
    assert answers[v].high >= fewer - 1e-7
    if more - fewer < 1e-6 * dvh.volume + close_cc(fewer, dvh.volume):  # else much has one dose
        assert answers[v].high - answers[v].low <= 2.02 * close_cc(answers[v].value, dvh.volume) + 2 * (more - fewer)
    assert answers[cv].low == pytest.approx(dvh.volume - answers[v].high, abs=1e-9)
    assert answers[cv].high == pytest.approx(dvh.volume - answers[v].low, abs=1e-9)
    for text, answer in answers.items():
        wide = measure(text, dvh)
        assert wide.low - 2e-4 <= answer.low <= answer.high <= wide.high + 2e-4


noise = st.integers(0, 2**32 - 1)
efforts = st.sampled_from([(0, 1), (300, 1), (3000, 50), (1 << 19, 1 << 13)])


@given(noise, efforts, st.sampled_from(sorted(KINDS)))
@settings(max_examples=examples(4), deadline=None)
def test_in_a_noisy_dose_bounds_hold_however_little_is_done(seed: int, effort: tuple[int, int], kind: str) -> None:
    rng = np.random.default_rng(seed)
    planes = [(float(z), [loop * 0.7 for loop in KINDS[kind](rng)]) for z in (-3.0, 0.0, 3.0)]
    values = rng.uniform(0, 70, (8, 11, 11)) if seed % 2 else rng.choice([10.0, 20.0, 50.0], (8, 11, 11))
    dose = DoseGrid.axial(values, origin_mm=(-15.0, -15.0, -10.5), spacing_mm=(3.0, 3.0, 3.0))
    drawn = [np.column_stack([loop, np.full(len(loop), z)]) for z, plane in planes for loop in plane]
    dvhs = compute_dvhs(plan(dose, structure("S", *drawn, exclusive_or=True)))
    dvh = dvhs["S"]
    stack, levels = slabs(planes, EndCaps.HALF_SLICE), [9.0, 20.0, 33.3, 50.0]
    with pytest.MonkeyPatch.context() as patched:
        module = import_module("sbrtcheck.dvh.refine")
        for name, value in zip(("ELEMENTS", "CELLS"), effort, strict=True):
            patched.setattr(module, name, value)
        patched.setattr(module, "LEAST_ELEMENTS", effort[0])
        patched.setattr(module, "LEAST_CELLS", effort[1])
        answers = measured(dvhs, *(f"V{level}Gy[cc]" for level in levels), "D30%[Gy]", "Median[Gy]")
    asked = [*(level + off for level in levels for off in (2e-3, -2e-3))]
    asked += [end for text in ("D30%[Gy]", "Median[Gy]") for end in (answers[text].low, answers[text].high)]
    rough, truth = (volumes_by_lines(dose, stack, asked, least) for least in (2, 5))
    slack = 3 * np.abs(truth - rough) + 1e-4 * dvh.volume
    for i, level in enumerate(levels):
        assert answers[f"V{level}Gy[cc]"].low <= truth[2 * i + 1] + slack[2 * i + 1]
        assert answers[f"V{level}Gy[cc]"].high >= truth[2 * i] - slack[2 * i]
    for i, share in enumerate((0.3, 0.5), start=len(levels)):
        assert truth[2 * i] + slack[2 * i] >= share * dvh.volume
        # some doses have much volume: those above the upper bound have less than the share
        above = volumes_by_lines(dose, stack, [asked[2 * i + 1] + 2e-3], 5)[0]
        assert above <= share * dvh.volume + slack[2 * i + 1]


corners = st.tuples(st.integers(0, 12), st.integers(0, 8))


@given(
    st.lists(st.lists(corners, min_size=3, max_size=9), min_size=1, max_size=3),
    st.sampled_from([0.0, 0.25, 0.5]),
    noise,
)
@settings(max_examples=150, deadline=None)
def test_the_outline_of_each_cell_is_what_the_loops_enclose_of_it(
    loops: Sequence[Sequence[tuple[int, int]]], off: float, seed: int
) -> None:
    """Any loops at all, crossing or not, corners and edges on borders of cells; a second layer that is the same."""
    points = [np.array(loop, dtype=np.float64) / 2 + off for loop in loops]
    ends = np.concatenate([np.hstack([loop, np.roll(loop, -1, axis=0)]) for loop in points])
    u0, v0, u1, v1 = (np.tile(column, 2) for column in ends.T)
    box = Box(row=0, column=0, rows=6, columns=8)
    edges = Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=np.repeat([0, 1], len(ends)))
    pieces = pieces_of(edges, box)
    cover = cover_of(covered_by(pieces, 2, box))
    cells = np.flatnonzero(cover.is_cut)
    outline, outlines = cell_outlines(in_order(pieces), cover, cells, box)
    u, v = np.random.default_rng(seed).uniform(0.001, 0.999, (2, 12))
    for cell, number in zip(cells.tolist(), outline.tolist(), strict=True):
        row, column = divmod(cell % (box.rows * box.columns), box.columns)
        mine = outlines.layer == number
        a0, b0, a1, b1 = (x[mine] for x in (outlines.u0, outlines.v0, outlines.u1, outlines.v1))
        assert np.all((a0 >= 0) & (a0 <= 1) & (b0 >= 0) & (b0 <= 1))
        passes = (b0 > v[:, None]) != (b1 > v[:, None])
        left = a0 + (v[:, None] - b0) / np.where(b1 == b0, 1.0, b1 - b0) * (a1 - a0) < u[:, None]
        odd = np.sum(passes & left, axis=1) % 2 == 1
        assert np.array_equal(odd, odd_inside(u + column, v + row, points))
        turns = np.where(passes, np.sign(b1 - b0), 0).sum(axis=1)
        assert np.all(turns == 0)  # closed: nothing of it goes on in the cells beside it


# -------------------------------------------------------------------------------- closed forms


def point(dvh: DVH, dose_gy: float, volume_cc: float) -> CurvePoint:
    percent = 100 * volume_cc / dvh.volume
    return CurvePoint(
        structure="", label="", dose_gy=dose_gy, volume_percent=percent, volume_cc=volume_cc, side=Side.UNDER
    )


@pytest.mark.parametrize("dose_gy", [0.0, 20.0])
def test_one_dose_everywhere_is_known_on_either_side_of_it(dose_gy: float) -> None:
    box = structure("S", *[rectangle(-6, 6, -5, 5, z) for z in (-2.0, 0.0, 2.0)])
    dose = grid(uniform(dose_gy))
    dose = replace(dose, stored=dose.stored.copy())
    dose.stored[0, 0, 0] = 40.0  # far away
    answers = measured(compute_dvhs(plan(dose, box)), "V19.9Gy[cc]", "V20Gy[cc]", "V20.1Gy[cc]", "D50%[Gy]", "Max[Gy]")
    for text, gets in (("V19.9Gy[cc]", 0.72), ("V20Gy[cc]", 0.72), ("V20.1Gy[cc]", 0.0)):
        assert answers[text].value == pytest.approx(gets if dose_gy else 0.0, abs=1e-9)
    for text in ("D50%[Gy]", "Max[Gy]"):
        assert answers[text].value == pytest.approx(dose_gy, abs=1e-3)
        assert answers[text].high - answers[text].low <= 0.04


def test_between_two_plateaus_the_volumes_of_a_step_are_close() -> None:
    """20 Gy to the left of the middle, 40 Gy to the right; between the columns at 0 and 2 mm it rises evenly."""
    box = structure("S", *[rectangle(-7, 7, -5, 5, z) for z in (-2.0, 0.0, 2.0)])
    dvhs = compute_dvhs(plan(grid(lambda x, y, z: np.where(x > 1.0, 40.0, 20.0) + 0 * (y + z)), box))
    texts = [f"V{dose_gy}Gy[cc]" for dose_gy in (20, 25, 30, 39, 40)]
    answers = measured(dvhs, *texts, "D20%[Gy]", "D80%[Gy]", "Median[Gy]")
    for text, x_mm in zip(texts, (-7.0, 0.5, 1.0, 1.9, 2.0), strict=True):
        truth = (7 - x_mm) * 0.06
        holds(answers[text], truth, 1e-4)
        if text not in ("V20Gy[cc]", "V40Gy[cc]"):  # of a plateau at just this dose, rounding cannot tell
            assert answers[text].high - answers[text].low <= 2.02 * close_cc(truth, 0.84) + 1e-4
    for text, truth in (("D20%[Gy]", 40.0), ("D80%[Gy]", 20.0), ("Median[Gy]", 20.0)):
        holds(answers[text], truth, 2e-3)


def test_a_comb_of_hundreds_of_teeth_is_measured_like_the_sum_of_them() -> None:
    """Teeth from 0 to 10 mm along y, pointed, over a back of 1 mm; dose rises along y."""
    teeth = 150
    x = np.linspace(-15, 15, 2 * teeth + 1)
    comb = np.vstack([np.column_stack([x, np.where(np.arange(2 * teeth + 1) % 2, 10.0, 0.0)]), [(15, -1), (-15, -1)]])
    linear = LinearDose(at_0=60.0, slope=(0.0, 2.0, 0.0))
    for lying in (False, True):
        loop = comb[:, ::-1] if lying else comb
        dose = LinearDose(at_0=60.0, slope=(2.0, 0.0, 0.0)) if lying else linear
        drawn = [np.column_stack([loop, np.full(len(loop), z)]) for z in (-2.0, 0.0, 2.0)]
        answers = measured(
            compute_dvhs(plan(grid(dose, half_mm=24, spacing_mm=3.0), structure("S", *drawn))),
            "V70Gy[cc]",
            "V62Gy[cc]",
            "Max[Gy]",
        )
        # at y, a share 1 - y / 10 of the width of 30 mm is left: beyond it lies 30 (10 - y)^2 / 20
        holds(answers["V70Gy[cc]"], 30 * (10 - 5) ** 2 / 20 * 6 / 1000, 1e-6)
        holds(answers["V62Gy[cc]"], 30 * (10 - 1) ** 2 / 20 * 6 / 1000, 1e-6)
        holds(answers["Max[Gy]"], 80.0, 2e-4)
        for text in ("V70Gy[cc]", "V62Gy[cc]"):
            assert answers[text].high - answers[text].low < 0.01 * answers[text].value


# -------------------------------------------------------------------------------- what was known is not lost


@pytest.mark.parametrize("metric", ["D0.35cc[Gy]", "D20%[Gy]", "V75Gy[cc]", "Median[Gy]", "Max[Gy]", "DC1cc[Gy]"])
@pytest.mark.parametrize("off", [-0.3, 0.0, 0.3])
def test_a_row_near_its_limit_keeps_the_close_bounds_of_its_value(metric: str, off: float) -> None:
    """Beside a row on the same structure whose limit is open as well."""
    dvhs = compute_dvhs(STEEP)
    close = measured(dvhs, metric)[metric]
    limit = close.value + off * (close.high - close.low)
    table = one_row(metric, Sense.BELOW, limit)
    beside = measured(dvhs, "D50%[Gy]")["D50%[Gy]"]
    other = replace(one_row("D50%[Gy]", Sense.BELOW, beside.value).rows[0], id="beside")
    for rows in ((table.rows[0], other), (other, table.rows[0])):
        outcomes = {outcome.constraint.id: outcome for outcome in report_on(replace(table, rows=rows), dvhs).outcomes}
        found = outcomes["row"].measurement
        assert close.low - 1e-9 <= found.low <= found.value <= found.high <= close.high + 1e-9
        if not outcomes["row"].borderline:
            assert (found.high < limit) == (outcomes["row"].verdict is Verdict.PASS)


def test_bounds_that_were_narrowed_for_one_question_are_narrowed_further_for_another() -> None:
    dvhs = compute_dvhs(STEEP)
    dvh = dvhs["SpinalCord"]
    volume = VolumeSought(dose_gy=75.0, width_percent=0.1)
    at = point(dvh, 83.0, dvh.volume_at_dose(83.0).value * 1.02)
    (first,), (second,) = dvhs.narrowed(dvh, (volume,)), dvhs.narrowed(dvh, (at,))
    (both,) = dvhs.narrowed(dvh, (at,), known=(first,))
    for dose_gy, alone in ((75.0, first), (83.0, second)):
        for one, other in zip((both, *both.alternatives), (alone, *alone.alternatives), strict=True):
            mine, theirs = one.volume_at_dose(dose_gy), other.volume_at_dose(dose_gy)
            assert theirs.low - 1e-9 <= mine.low <= mine.high <= theirs.high + 1e-9
    assert both.narrowed_at_gy == (75.0, 83.0)


# -------------------------------------------------------------------------------- many phantoms


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(4))
def test_contours_of_every_kind_have_their_closed_form_in_close_bounds(batch: int) -> None:
    """Under every end-cap convention, also where they leave the grid."""
    rng = np.random.default_rng(900 + batch)
    for i in range(examples(20)):
        made = random_phantom(rng, list(KINDS.values())[i % len(KINDS)])
        inside = made.exact(made.dvh.end_caps)
        if inside.volume_cc < 1e-4:
            continue
        doses = rng.uniform(*inside.extremes_gy, 2)
        volumes: Array = rng.uniform(0.01, 0.99, 2)
        asked = [VolumeSought(dose_gy=float(dose_gy), width_percent=0.05) for dose_gy in doses]
        (narrow,) = made.dvhs.narrowed(made.dvh, tuple(asked))
        for dvh in (narrow, *narrow.alternatives):
            check_against_closed_form(rng, made, dvh)
        if made.leaves or not any(made.dose.slope):
            continue
        answers = measured(made.dvhs, *(f"D{100 * share:.6f}%[Gy]" for share in volumes))
        for share, answer in zip(volumes, answers.values(), strict=True):
            wanted = share * made.dvh.volume
            truth = dose_of_volume(inside, wanted)
            near = inside.volume_at(truth - 2e-3) - inside.volume_at(truth + 2e-3)
            if near > 1e-9 * made.dvh.volume:  # else the volume has more than one dose
                holds(answer, truth, 1e-3)

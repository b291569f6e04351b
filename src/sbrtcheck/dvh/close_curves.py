r"""Computed DVHs in; the same with bounding curves that lie close together all along out.

The bounds of an element's dose are as far apart as its extremes, and so are bounding curves made of them. But it is
known how the dose of an interior cell is spread between its extremes: it is a linear dose and a rest. The linear one
rises by ``s1, s2, s3`` along three edges, and so is its coldest dose and the sum of three numbers that are spread
evenly over 0 to ``s1``, to ``s2`` and to ``s3``. The rest moves all of that by its least and its largest at most. The
curves are apart by the difference of these two, which is as small as the square of the cell.

**All cells at once.** In whole bins, what is spread evenly over ``s`` bins is a running sum of +1 at the first and -1
behind the last. Three running sums, one of the other, spread a cell over the sums of three such numbers, once eight
signed numbers of the size ``1 / (s1 s2 s3)`` have been put down at the corners of its box, here for two edges::

      put down           +     -     -     +
      bins               0    s1    s2   s1+s2
      summed up once     ######      ------          a box, and its end taken away
      and again          .-"######"-.                the trapezoid that two boxes make

and one pass over bins serves all cells that were put down. Running sums would carry each rounding on through all bins
behind it: so sizes are whole numbers, multiples of ``1 / ONE``, of which sums are exact. What a cell loses by that is
counted at its extremes, as are boundary cells. And whatever was known before is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from sbrtcheck.dvh.compute import CONVENTION_OF, SlicedSolid, slice_solid
from sbrtcheck.dvh.dvh import DVH, NoDVH
from sbrtcheck.dvh.histogram import BINS as COARSE_BINS
from sbrtcheck.dvh.histogram import ROUNDING, trimmed_curve
from sbrtcheck.dvh.model import Interpolation, Model
from sbrtcheck.dvh.solids import SolidBuilder
from sbrtcheck.geometry import BoundaryCells, Elements, Float32, InteriorCells, LinearPart, volume_elements
from sbrtcheck.geometry.arrays import distinct
from sbrtcheck.plan import FloatArray, IntArray, Plan
from sbrtcheck.radiobiology import Quantity

BINS = 1 << 15
"""Bins up to the largest dose of the plan: 2 mGy for 64 Gy. Bounds are wider by four."""

ONE = 1 << 36
"""The volume of a cell in whole numbers: a hundred million cells are still less than 64 bits hold."""

CLOSE_GY = 0.02
"""Curves that are so far apart to either side are close."""

CELLS_AT_ONCE = 1 << 16
"""Sums of the sizes of so many cells are whole numbers of less than 53 bits: exact as floating point numbers."""


def with_close_curves(plan: Plan | None, dvhs: Sequence[DVH]) -> list[DVH]:
    """The DVHs with close bounding curves; as they were, where these are, or where the dose grid does not tell.

    Those that are divided alike share a pass over the dose. Alternatives, which nobody draws, keep theirs.
    """
    close = list(dvhs)
    if plan is None:
        return close
    for group in _groups(plan, dvhs):
        first = group[0].sliced
        unit_gy = first.bin_gy * (COARSE_BINS - 1) / (BINS - 2)
        pieces = [piece for each in group for piece in each.sliced.pieces]
        spreads = [_Spread() for _ in pieces]
        for block in volume_elements(pieces, first.solid.frame, unit_gy, with_linear_part=True):
            if len(block.mean):
                _add(spreads, block)
        left = iter(zip(pieces, spreads, strict=True))
        for each in group:
            parts = [(piece.conventions, spread) for piece, spread in islice(left, len(each.sliced.pieces))]
            close[each.place] = _between(dvhs[each.place], parts, unit_gy)
    return close


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A DVH, by its place among others, and its structure, cut as it was for it."""

    place: int
    sliced: SlicedSolid


def _are_close(dvh: DVH) -> bool:
    """Whether the bounding curves are no further apart than is close enough for a dose, on the average over volume."""
    return dvh.upper.mean() - dvh.lower.mean() <= 2.0 * CLOSE_GY


def _groups(plan: Plan, dvhs: Sequence[DVH]) -> Iterable[list[_Asked]]:
    """What can go through one pass: structures in one frame of the dose grid that are divided alike."""
    builders: dict[Model, SolidBuilder] = {}
    groups: dict[object, list[_Asked]] = {}
    for place, dvh in enumerate(dvhs):
        model, sampling = dvh.model, dvh.sampling
        if model is None or sampling is None or dvh.quantity is not Quantity.PHYSICAL:
            continue
        if dvh.uncovered_cc > 0.0 or _are_close(dvh):
            continue
        if model not in builders:
            recipes = [recipe for other in dvhs for recipe in other.made_of]
            builders[model] = SolidBuilder(plan, model, recipes)
        solid = builders[model].solid(sampling.recipes, sampling.reading)
        top_gy = sampling.bin_gy * (COARSE_BINS - 1)
        sliced = slice_solid(solid, sampling.recipes, model, top_gy, sampling.refinement)
        if isinstance(sliced, NoDVH) or any(piece.rim and len(piece.layer) for piece in sliced.pieces):
            continue
        frame = sliced.solid.frame
        has_own_dose = model.dose is Interpolation.CUBIC or frame.resampled is not None
        key = (model, sliced.refinement, frame.axes, sliced.bin_gy, place if has_own_dose else None)
        groups.setdefault(key, []).append(_Asked(place=place, sliced=sliced))
    return groups.values()


@dataclass(slots=True)
class _Spread:
    """A tally: volume in cc by the bin of a dose that it receives at least, and by that of one it has at most."""

    at_least: FloatArray = field(default_factory=lambda: np.zeros(BINS))
    at_most: FloatArray = field(default_factory=lambda: np.zeros(BINS))


def _add(spreads: Sequence[_Spread], block: Elements) -> None:
    """Add the elements of a block to the tallies of all parts that own them."""
    label_of = np.repeat(block.label, np.diff(block.begin, append=len(block.mean)))
    for label in distinct(block.label).tolist():
        mine = np.flatnonzero(label_of == label)
        low_bin, high_bin = _at_extremes(block.low[mine], block.high[mine])
        if isinstance(block, InteriorCells) and block.linear is not None:
            linear, cell_cc = block.linear[mine], float(block.cell_cc[label])
            counted = [
                _counted(_spread_out(*_low_spread(linear)), low_bin, cell_cc),
                _counted(_spread_out(*_high_spread(linear)), high_bin, cell_cc),
            ]
        else:
            volume_cc = _volumes_cc(block, mine, label)
            counted = [_by_bin(at, volume_cc) for at in (low_bin, high_bin)]
        for part in block.owners[label]:
            spreads[part].at_least += counted[0]
            spreads[part].at_most += counted[1]


def _by_bin(at: IntArray, volume: FloatArray) -> FloatArray:
    return np.bincount(at, weights=volume, minlength=BINS).astype(np.float64)


def _volumes_cc(block: Elements, mine: IntArray, label: int) -> FloatArray:
    if isinstance(block, BoundaryCells):
        return block.volume_cc[mine]
    return np.full(len(mine), block.cell_cc[label])


def _at_extremes(low: Float32, high: Float32) -> tuple[IntArray, IntArray]:
    """The bins of the extremes of elements."""
    slack = ROUNDING * BINS
    at_low, at_high = np.floor(low - slack), np.floor(high + slack)
    return np.clip(at_low, 0, BINS - 1).astype(np.int64), np.clip(at_high, 0, BINS - 1).astype(np.int64)


def _low_spread(linear: LinearPart) -> tuple[IntArray, IntArray]:
    """First bin, and whole bins along three edges, of doses that cells receive at least."""
    place = np.floor(linear.lowest + linear.least_rest - ROUNDING * BINS)
    # what is spread over s and rounded down to bins is at least what is spread over the whole bins of s
    return place.astype(np.int64), np.maximum(np.floor(linear.spans), 1.0).astype(np.int64)


def _high_spread(linear: LinearPart) -> tuple[IntArray, IntArray]:
    """The same of doses that they have at most: within a bin of it, for each edge."""
    place = np.floor(linear.lowest + linear.most_rest + ROUNDING * BINS) + 3
    return place.astype(np.int64), np.maximum(np.ceil(linear.spans), 1.0).astype(np.int64)


def _spread_out(place: IntArray, spans: IntArray) -> tuple[FloatArray, FloatArray]:
    """Cells by bin, in cells, each spread over its box; and what each lost by rounding, as a share of it."""
    counted = np.zeros(BINS)
    lost = np.empty(len(place))
    for start in range(0, len(place), CELLS_AT_ONCE):
        some = slice(start, start + CELLS_AT_ONCE)
        product = spans[:, some].prod(axis=0)
        size = ONE // product
        lost[some] = 1.0 - (size * product) / ONE
        first = int(place[some].min())
        cells = _spread_exactly(place[some] - first, spans[:, some], size.astype(np.float64))
        # what lies below the first bin or above the last is counted there; that may be all of them
        begin, end = (min(max(bin_ - first, 0), len(cells)) for bin_ in (0, BINS))
        counted[first + begin : first + end] += cells[begin:end]
        counted[0] += cells[:begin].sum()
        counted[-1] += cells[end:].sum()
    return counted, lost


def _spread_exactly(place: IntArray, spans: IntArray, size: FloatArray) -> FloatArray:
    """Cells by bin, from the first place on: running sums along three edges of what is put down at eight corners."""
    bins = int((place + spans.sum(axis=0)).max()) + 1
    corners = [(place, 1.0)]
    for span in spans:
        corners += [(corner + span, -sign) for corner, sign in corners]
    steps = np.zeros(bins)
    for corner, sign in corners:
        steps += sign * np.bincount(corner, weights=size, minlength=bins)
    whole = steps.astype(np.int64)
    for _ in spans:
        np.cumsum(whole, out=whole)
    return whole / ONE


def _counted(spread: tuple[FloatArray, FloatArray], extreme: IntArray, cell_cc: float) -> FloatArray:
    """Volume by bin: cells spread out, and what they lost at their extremes."""
    counted, lost = spread
    volume: FloatArray = (counted + _by_bin(extreme, lost)) * cell_cc
    return volume


def _between(dvh: DVH, parts: Sequence[tuple[int, _Spread]], unit_gy: float) -> DVH:
    """The DVH between the curves of the parts that exist under its convention, and between those it has."""
    exist = [spread for conventions, spread in parts if dvh.end_caps and conventions & CONVENTION_OF[dvh.end_caps]]
    edges = np.arange(BINS + 1) * np.float64(unit_gy)
    # what is counted in a bin has at least the dose of its lower edge, or at most that of its upper one
    least, most = (
        np.append(np.cumsum(np.sum(by_bin, axis=0)[::-1])[::-1], 0.0)
        for by_bin in zip(*((spread.at_least, spread.at_most) for spread in exist), strict=True)
    )
    whole = dvh.volume
    least = np.minimum(np.maximum(least, dvh.lower.volume_at(edges)), whole)
    most = np.minimum(most, dvh.upper.volume_at(edges))
    # between two edges, the volume is at least that at the upper one, and at most that at the lower one
    lower = trimmed_curve(np.append(0.0, edges), np.concatenate([[whole], least[1:], [0.0]]))
    upper = trimmed_curve(
        np.append(edges, edges[-1] + unit_gy),
        np.concatenate(
            [
                [whole],
                most[:-1],
                [
                    most[-1],
                ],
            ]
        ),
    )
    return replace(dvh, lower=lower, upper=upper, has_close_curves=True)

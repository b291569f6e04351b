"""Slices x dose grid -> volume elements: the volume of each, its mean dose and the bounds that its dose cannot leave.

An element is the part of a cell of the grid that lies inside a structure, one slice thick::

      . . . . . . . .          i  interior cell: wholly inside; its mean dose is exact, its bounds are reached.
      . b b b b . . .             Cells of a row come in spans, and those that several structures own are
      . b i i b b . .             counted once for all of them.
      . b i i i b . .          b  boundary cell: the outline passes; volume and centroid by `coverage`, dose at the
      . b b b b b . .             centroid, and a bound on how far this is from the mean of the part.

Bound on the mean. In a cell, the dose averaged over the slice is ``a + b u + c v + t u v``. The first three terms have
the same mean over any part of the cell as at its centroid. For the last, mean(u v) - mean(u) mean(v) is the covariance
of u and v over the part; its size is at most the product of their standard deviations (Cauchy-Schwarz), and for a
number between 0 and 1 with mean m the variance is at most m (1 - m) [1]_. So

    |mean dose - dose at centroid|  <=  |t| sqrt(u (1 - u) v (1 - v)),    u, v the centroid.

References
----------
.. [1] R. Bhatia, C. Davis, A Better Bound on the Variance, The American Mathematical Monthly 107 (2000) 353-357.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import Float32, numbered, ranges
from sbrtcheck.geometry.cell_dose import DoseField, LinearPart, dose_field, linear_part
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.slabs import SampledSlices, Slabs
from sbrtcheck.geometry.slices import Slices
from sbrtcheck.plan import FloatArray, IntArray

PARTS_AT_ONCE = 16
"""Parts whose cells are told apart by one number, a bit each: the number is also an index into an array."""

SAME_THICKNESS = 1e-9
"""Slices whose thickness differs by no more than this share are equally thick."""

MIN_FRACTION = 1e-9
"""Cells covered by less are rounding noise of the area sums."""

MIN_CENTROID = 1e-6
"""Of cells covered by less, the centroid is not known well enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """The dose of some cells of several parts, in the unit the caller asked for.

    Parameters
    ----------
    mean, low, high
        Shape ``(n,)``: mean dose of each cell, and bounds that its trilinear dose cannot leave.
    variance12
        Shape ``(n,)``: twelve times the variance of the dose in each.
    begin, label
        Shape ``(spans,)``: cells come in spans, the i-th from ``begin[i]`` on, all labelled ``label[i]``.
    owners
        For each label, the parts that own its cells.
    """

    mean: Float32
    low: Float32
    high: Float32
    variance12: Float32
    begin: IntArray
    label: IntArray
    owners: Sequence[tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InteriorCells(_Cells):
    """Cells wholly inside their owners: means are exact, bounds are reached. ``cell_cc``: one cell's, by label.

    ``off``: how far the dose may be from its mean and its bounds; None where it is not. ``linear``: the linear part of
    the dose, where that was asked for.
    """

    cell_cc: FloatArray
    off: Float32 | None = None
    linear: LinearPart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryCells(_Cells):
    """Parts of cells that a boundary passes, or cells whose dose is known within bounds only.

    ``volume_cc``; ``mean_error``: how far a mean may be off; ``off``: how far a dose may be that is said to be reached.
    """

    volume_cc: FloatArray
    mean_error: Float32
    off: Float32 | None = None


Elements = InteriorCells | BoundaryCells
"""Some volume elements."""


def volume_elements(
    parts: Sequence[Slices], frame: GridFrame, unit_gy: float, *, with_linear_part: bool = False
) -> Iterator[Elements]:
    """The volume elements of parts that are all refined alike, block by block, doses in units of ``unit_gy``.

    The dose of a slab is worked out once for all parts that have a slice there. The linear part of the dose is that of
    interior cells in the dose grid itself.
    """
    slabs = Slabs.of(parts)
    cell_cc_per_mm = frame.spacing_mm[0] * frame.spacing_mm[1] / parts[0].refinement ** 2 / 1000.0
    for block in slabs.blocks():
        sampled = slabs.sampled(block)
        low_mm, high_mm = slabs.low_mm[block], slabs.high_mm[block]
        field = dose_field(low_mm, high_mm, frame, sampled.box, parts[0].refinement, unit_gy)
        linear = None
        if with_linear_part and frame.resampled is None:
            linear = linear_part(low_mm, high_mm, frame, sampled.box, parts[0].refinement, unit_gy)
        slab_cc = (high_mm - low_mm) * cell_cc_per_mm
        yield _boundary_cells(sampled, field, slab_cc)
        for interior in _interior_cells(sampled, field, slab_cc, linear):
            yield interior if interior.off is None else _within_bounds(interior, interior.off)


def _interior_cells(
    sampled: SampledSlices, field: DoseField, slab_cc: FloatArray, linear: LinearPart | None
) -> Iterator[InteriorCells]:
    """Cells wholly inside, each once for all parts that own it, labelled by these parts and the thickness of its slab.

    Where a span of an owner begins, its bit is added, and where it ends, taken away; running sums are then the set of
    owners of every cell, in one pass however many owners there are::

        lung     |--------------|
        GTV            |----|
        owners   1111111333311111 0 0     bit 0: lung, bit 1: GTV
    """
    begin, end, slice_of = _interior_spans(sampled)
    # two slabs that are equally thick but for rounding have cells of one volume
    rounded = np.round(slab_cc / slab_cc[0] / SAME_THICKNESS)
    _, some_slab, thickness = numbered(rounded)
    cells = sampled.covered.shape[1] * sampled.covered.shape[2]
    for first in range(0, len(sampled.parts), PARTS_AT_ONCE):
        parts = sampled.parts[first : first + PARTS_AT_ONCE]
        spans = slice(*np.searchsorted(sampled.owner[slice_of], [first, first + PARTS_AT_ONCE]))
        bit = np.left_shift(1, sampled.owner[slice_of[spans]] - first, dtype=np.int32)
        change = np.zeros(len(slab_cc) * cells, dtype=np.int32)
        np.add.at(change, begin[spans], bit)  # .at: two spans may begin at one cell
        np.subtract.at(change, end[spans], bit)
        border = np.flatnonzero(change != 0)
        bits = np.cumsum(change[border])  # of the cells from one border to the next
        owned = bits != 0
        count = np.diff(border, prepend=0, append=len(change))
        pick = np.repeat(np.concatenate([[False], owned]), count)[: len(field.mean)]
        length = count[1:][owned]
        # the set of owners in the low bits, the number of the thickness above them
        labels, label = _numbered(
            bits[owned] + (thickness[border[owned] // cells] << len(parts)), len(some_slab) << len(parts)
        )
        if len(labels):
            yield InteriorCells(
                mean=field.mean[pick],
                low=field.low[pick],
                high=field.high[pick],
                variance12=field.variance12[pick],
                begin=np.cumsum(length) - length,
                label=label,
                owners=[tuple(parts[code >> np.arange(len(parts)) & 1 == 1].tolist()) for code in labels],
                cell_cc=slab_cc[some_slab[labels >> len(parts)]],
                off=None if field.off is None else field.off[pick],
                linear=None if linear is None else linear[pick],
            )


def _within_bounds(cells: InteriorCells, off: Float32) -> BoundaryCells:
    """Interior cells whose dose was read from another grid: neither are means exact, nor bounds reached."""
    count = np.diff(cells.begin, append=len(cells.mean))
    return BoundaryCells(
        mean=cells.mean,
        low=cells.low,
        high=cells.high,
        variance12=cells.variance12,
        begin=cells.begin,
        label=cells.label,
        owners=cells.owners,
        volume_cc=np.repeat(cells.cell_cc[cells.label], count),
        mean_error=off,
        off=off,
    )


def _interior_spans(sampled: SampledSlices) -> tuple[IntArray, IntArray, IntArray]:
    """Where in a block each span of cells wholly inside begins, where it ends, and the slice that it belongs to."""
    covered = sampled.covered
    layers, cells = covered.shape[0], covered.shape[1] * covered.shape[2]
    before = np.flatnonzero(covered.before_full[:-1])
    begin, end = covered.cell[before] + 1, covered.cell[before + 1]
    some = np.flatnonzero(end > begin)
    # coverage is by layer, and a layer may lie in several slabs: its spans are repeated for each of its slices
    first = np.searchsorted(begin[some], np.arange(layers + 1) * cells)
    count = np.diff(first)[sampled.place]
    pick = some[ranges(first[sampled.place], count)]
    slice_of = np.repeat(np.arange(len(sampled.place)), count)
    moved = ((sampled.slab - sampled.place) * cells)[slice_of]  # from the cells of its layer to those of its slab
    return begin[pick] + moved, end[pick] + moved, slice_of


def _numbered(code: IntArray, codes: int) -> tuple[IntArray, IntArray]:
    """The different codes, all below ``codes``, rising, and the place of each entry among them; no sorting needed."""
    occurs = np.zeros(codes, dtype=bool)
    occurs[code] = True
    place = np.cumsum(occurs) - 1
    return np.flatnonzero(occurs), place[code]


def _boundary_cells(sampled: SampledSlices, field: DoseField, slab_cc: FloatArray) -> BoundaryCells:
    """Cells that the boundary touches: dose at the centroid of the covered part, the mean where dose is linear."""
    covered, place = sampled.covered, sampled.place
    layers, cells = covered.shape[0], covered.shape[1] * covered.shape[2]
    some = np.flatnonzero(covered.fraction > MIN_FRACTION)
    begin = np.searchsorted(covered.cell[some], np.arange(layers + 1) * cells)
    count = np.diff(begin)[place]
    pick = some[ranges(begin[place], count)]
    slice_of = np.repeat(np.arange(len(place)), count)
    at = covered.cell[pick] + ((sampled.slab - place) * cells)[slice_of]
    fraction, u, v = covered.fraction[pick], covered.u[pick].astype(np.float32), covered.v[pick].astype(np.float32)
    # owners rise from slice to slice: each begins with the first of its slices that has such cells
    has_cells = count > 0
    owner, of_slice = sampled.owner[has_cells], (np.cumsum(count) - count)[has_cells]
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    # bilinear between the corners: first along u on both sides of the cell, then along v
    first, second, third, fourth = (corner[at] for corner in field.corners)
    rise, rise_beyond = second - first, fourth - third
    near, far = first + rise * u, third + rise_beyond * u
    low, high = field.low[at], field.high[at]
    off = _off_the_centroid(rise_beyond - rise, u, v)
    if field.off is not None:
        off = off + field.off[at]
    return BoundaryCells(
        mean=near + (far - near) * v,
        low=low,
        high=high,
        # a part of a cell is narrower than the cell: its variance shrinks about as its share does
        variance12=field.variance12[at] * fraction.astype(np.float32),
        mean_error=np.where(fraction > MIN_CENTROID, off, high - low),
        begin=of_slice[begins],
        label=owner[begins],
        owners=[(part,) for part in sampled.parts.tolist()],
        volume_cc=slab_cc[sampled.slab][slice_of] * fraction,
        off=None if field.off is None else off,
    )


def _off_the_centroid(twist: Float32, u: Float32, v: Float32) -> Float32:
    """How far the mean dose of a part of a cell may be from the dose at its centroid ``(u, v)``: see the module's head.

    ``twist`` is the coefficient of ``u v`` in the dose of the cell.
    """
    off: Float32 = np.abs(twist) * np.sqrt(u * (1 - u) * v * (1 - v))
    return off

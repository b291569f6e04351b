"""Cells that isodoses may cut, and how much of each is guaranteed to receive at least the dose of its isodose.

Two things are known of a cell: the share of it inside the structure, and bounds on the share of it that receives at
least the dose. Where exactly either lies in the cell is not known, so what both have in common is bounded as for two
sets in a box of volume 1: at least ``inside + above - 1``, and never more than either::

     inside = 0.7                 above >= 0.6                 both >= 0.7 + 0.6 - 1 = 0.3
     [##############......]       [........############]       [........######......]

The bounds on the share above the dose come from `trilinear`: trilinear dose less the linear dose of the same mean and
slopes is trilinear again, so its extremes are at the corners, and the linear dose moved by them bounds it on both
sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, Float32
from sbrtcheck.geometry.trilinear import AT_ONCE, share_below, steepened
from sbrtcheck.plan import FloatArray, IntArray

WHOLE = -1
"""Outline of an interior cell: as an index, the last of the layers that cells are covered by, which is always full."""

FLATNESS_FLOOR = 1e-3
"""Floor of slopes, see `trilinear.steepened`. Larger than that of isodose volumes: these bounds decide a verdict, so
that rounding of the shares, 1e-10 with this floor, has to stay well inside `SHARE_ROUNDING`."""

SHARE_ROUNDING = 1e-8
"""Shares of a cell are rounded by less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isodoses:
    """Some doses, in the unit of the elements, and which elements are undecided.

    A cell receives at least ``dose[i]`` that has at least ``dose[i] + slack`` everywhere, and does not where it has
    less than ``dose[i] - slack``. Undecided are elements whose lower bound is less than ``most[i]`` and whose upper one
    is at least ``least[i]``. All of shape ``(n,)``.
    """

    dose: FloatArray
    slack: float
    least: FloatArray
    most: FloatArray

    def __len__(self) -> int:
        return len(self.dose)

    def sides(self, low: Float32, high: Float32, isodose: IntArray) -> tuple[BoolArray, BoolArray]:
        """Which cells receive at least the dose of their ``isodose`` everywhere, and which nowhere, by extremes."""
        dose = self.dose[isodose]
        return low >= dose + self.slack, high < dose - self.slack


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Cells of a structure, some of them cut by its outline.

    Parameters
    ----------
    corners
        Shape ``(2, 2, 2, n)``: dose at the lower and upper end along w, v and u of each cell; trilinear inside.
    cc
        Shape ``(n,)``, volume of each cell, be it inside the structure or not.
    inside
        Shape ``(n,)``, share of each cell that is.
    above_cc, below_cc
        Shape ``(n,)``: volume in each cell that is guaranteed to receive at least the dose, and not to.
    outline
        Shape ``(n,)``: the layer of some edges that is its outline, or `WHOLE`.
    isodose
        Shape ``(n,)``: which of some isodoses each is looked at for.
    """

    corners: Float32
    cc: FloatArray
    inside: FloatArray
    above_cc: FloatArray
    below_cc: FloatArray
    outline: IntArray
    isodose: IntArray

    def __len__(self) -> int:
        return len(self.cc)

    @property
    def undecided_cc(self) -> FloatArray:
        """Shape ``(n,)``: volume in each cell of which it is undecided whether it receives at least the dose."""
        return np.maximum(self.inside * self.cc - self.above_cc - self.below_cc, 0.0)

    def where(self, keep: BoolArray) -> Cells:
        """Some of the cells."""
        return Cells(**{each.name: getattr(self, each.name)[..., keep] for each in fields(self)})

    @classmethod
    def of(
        cls,
        corners: Float32,
        cc: FloatArray,
        inside: FloatArray,
        outline: IntArray,
        isodose: IntArray,
        isodoses: Isodoses,
    ) -> Cells:
        """Cells, and what is known of them.

        What of a cell receives at least the dose is known well where dose is nearly linear. Where the structure fills a
        share of it, the two may miss each other as far as there is room.
        """
        least, most = _shares_above(corners, isodoses.dose[isodose], isodoses.slack)
        # two sets in a box of volume 1 share at least the sum of their volumes less 1; so do their complements
        above, below = np.maximum(least + inside - 1.0, 0.0), np.maximum(inside - most, 0.0)
        return cls(
            corners=corners,
            cc=cc,
            inside=inside,
            above_cc=above * cc,
            below_cc=below * cc,
            outline=outline,
            isodose=isodose,
        )

    @classmethod
    def joined(cls, parts: Sequence[Cells], first_outlines: Sequence[int]) -> Cells:
        """All cells of one or more parts; the outlines of each part are counted from its ``first_outlines`` on."""
        columns = {
            each.name: np.concatenate([getattr(part, each.name) for part in parts], axis=-1) for each in fields(cls)
        }
        shift = np.repeat(first_outlines, [len(part) for part in parts])
        columns["outline"] = np.where(columns["outline"] == WHOLE, WHOLE, columns["outline"] + shift)
        return cls(**columns)

    @classmethod
    def none(cls) -> Cells:
        """No cells."""
        nothing = np.zeros(0)
        return cls(
            corners=np.zeros((2, 2, 2, 0), dtype=np.float32),
            cc=nothing,
            inside=nothing,
            above_cc=nothing,
            below_cc=nothing,
            outline=np.zeros(0, dtype=np.int64),
            isodose=np.zeros(0, dtype=np.int64),
        )


def _shares_above(corners: Float32, dose_at: FloatArray, slack: float) -> tuple[FloatArray, FloatArray]:
    """The least and the largest share of each cell that can receive at least the dose of its isodose, ``dose_at``.

    Trilinear dose less the linear dose with its mean and slopes is trilinear again, so that its extremes are at the
    corners: moved by these, the linear dose is a bound on either side.
    """
    least, most = np.empty(len(dose_at)), np.empty(len(dose_at))
    for start in range(0, len(dose_at), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        least[some], most[some] = _some_shares_above(corners[..., some], dose_at[some], slack)
    return least, most


def _some_shares_above(corners: Float32, dose_at: FloatArray, slack: float) -> tuple[FloatArray, FloatArray]:
    dose = corners.astype(np.float64)  # differences of nearly equal doses follow
    # least squares fit of a linear dose to the corners: mean dose, and mean rise along the four edges of each axis
    mean = dose.mean(axis=(0, 1, 2))
    slopes = np.stack([(np.take(dose, 1, axis) - np.take(dose, 0, axis)).mean(axis=(0, 1)) for axis in range(3)])
    ends = np.array([-0.5, 0.5])
    across = (slopes[0] * ends[:, None, None, None], slopes[1] * ends[:, None, None], slopes[2] * ends[:, None])
    rest = dose - (mean + across[0] + across[1] + across[2])
    spans, moved = steepened(slopes, FLATNESS_FLOOR, slack)
    lowest = mean - spans.sum(axis=0) / 2
    # where the linear dose is at least the dose less the least rest, the trilinear dose is at least the dose
    low = dose_at + slack - rest.min(axis=(0, 1, 2)) + moved - lowest
    high = dose_at - slack - rest.max(axis=(0, 1, 2)) - moved - lowest
    return (
        np.maximum(1.0 - share_below(low, spans) - SHARE_ROUNDING, 0.0),
        np.minimum(1.0 - share_below(high, spans) + SHARE_ROUNDING, 1.0),
    )

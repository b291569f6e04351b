"""Cells that isodoses may cut, and how much of each is guaranteed to receive at least the dose of its isodose.

Two things are known of a cell: the share of it inside the structure, and bounds on the share of it that receives at
least the dose. Where exactly either lies in the cell is not known from them, so what both have in common is bounded as
for two sets in a box of volume 1: at least ``inside + above - 1``, and never more than either::

     inside = 0.7                 above >= 0.6                 both >= 0.7 + 0.6 - 1 = 0.3
     [##############......]       [........############]       [........######......]

Once a cell carries its outline along, bounds of the part inside it are closer (`isodose_shares`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, Float32
from sbrtcheck.geometry.isodose_shares import parts_above, shares_above
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.plan import FloatArray, IntArray

WHOLE = -1
"""Outline of an interior cell: as an index, the last of the layers that cells are covered by, which is always full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isodoses:
    """Some doses, in the unit of the elements, and which elements are undecided.

    A cell receives at least ``dose[i]`` that has at least ``dose[i] + over`` everywhere, and does not where it has less
    than ``dose[i] - under``. Undecided are elements whose lower bound is less than ``most[i]`` and whose upper one
    is at least ``least[i]``. All of shape ``(n,)``.
    """

    dose: FloatArray
    over: float
    under: float
    least: FloatArray
    most: FloatArray

    def __len__(self) -> int:
        return len(self.dose)

    def sides(self, low: Float32, high: Float32, isodose: IntArray) -> tuple[BoolArray, BoolArray]:
        """Which cells receive at least the dose of their ``isodose`` everywhere, and which nowhere, by extremes."""
        dose = self.dose[isodose]
        return low >= dose + self.over, high < dose - self.under

    def between(self, isodose: IntArray) -> tuple[FloatArray, float]:
        """The middle of what is on neither side of each ``isodose``, and half the width of it."""
        return self.dose[isodose] + (self.over - self.under) / 2, (self.over + self.under) / 2


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
        # many times as fast as [..., keep]
        return Cells(**{each.name: getattr(self, each.name).compress(keep, axis=-1) for each in fields(self)})

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
        least, most = shares_above(corners, *isodoses.between(isodose))
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

    def within(self, edges: Edges, isodoses: Isodoses) -> Cells:
        """The cells, more closely known where an outline, a layer of the edges, says what of them is inside."""
        some = np.flatnonzero(self.outline != WHOLE)
        if len(some) == 0:
            return self
        inside, cc = self.inside[some], self.cc[some]
        least, most = parts_above(
            self.corners.take(some, axis=-1),
            *isodoses.between(self.isodose[some]),
            inside=inside,
            outline=self.outline[some],
            edges=edges,
        )
        above_cc, below_cc = self.above_cc.copy(), self.below_cc.copy()
        above_cc[some] = np.maximum(above_cc[some], least * cc)
        below_cc[some] = np.maximum(below_cc[some], (inside - most) * cc)
        return replace(self, above_cc=above_cc, below_cc=below_cc)

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

r"""A computed DVH in; the same with close bounds of means of powers of its dose out: of gEUD, and of mean EQD2 or BED.

The bounds of a curve do not know that an element has doses on both sides of its mean, so that a mean read off them is
off by half of the range of an element. All that such a mean asks of an element is the mean of ``f(D)``, and f, a power
of the dose or of its effect, bends one way. Of an element with doses from ``l`` to ``h``, and ``m`` their mean::

      f |                  h        f(m)  <=  mean of f(D)  <=  height of the chord over m
        |              . '/
        |          . '  ,           The tangent at m lies below f, and at m it is as high (Jensen 1906 [1]_). The chord
        |      . '   ,'             from l to h lies above it (Madansky 1959 [2]_). And the mean height of a straight
        |  l '   _ -                line is its height over the mean dose.
        |   '- '
        +-------- m -------- D

The two are about ``f'' (m - l) (h - m) / 2`` apart, the square of the range of doses and not the range. Where f bends
down, they change sides. The mean of a boundary element is known to within an error, by which f is taken to either side.

Elements half as wide have a quarter of the distance: where bounds are not close yet, the elements are divided as finely
as that asks for.

References
----------
.. [1] J. L. W. V. Jensen, Sur les fonctions convexes et les inegalites entre les valeurs moyennes, Acta Mathematica 30
   (1906) 175-193.
.. [2] A. Madansky, Bounds on the expectation of a convex function of a multivariate random variable, The Annals of
   Mathematical Statistics 30 (1959) 743-746.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh.compute import CONVENTION_OF, SlicedSolid, slice_solid
from sbrtcheck.dvh.dvh import DVH, Sampling
from sbrtcheck.dvh.histogram import BINS, ROUNDING
from sbrtcheck.dvh.isoeffect import PowerMean
from sbrtcheck.dvh.model import Model
from sbrtcheck.dvh.questions import MeanSought
from sbrtcheck.dvh.solids import Solid, SolidBuilder
from sbrtcheck.geometry import MAX_REFINEMENT, Elements, InteriorCells, Slices, cell_cc, volume_elements
from sbrtcheck.plan import FloatArray, Plan

MAX_ELEMENTS = 1_500_000
"""Means are found with no more elements than this: some tenths of a second."""

MAX_PASSES = 2
"""Over the elements as they are, and over finer ones."""

ROUNDING_OF_SUMS = 1e-9
"""Sums of powers are off by less than this share: a million numbers of sixteen digits each."""


def with_power_means(plan: Plan, dvh: DVH, wanted: Sequence[MeanSought]) -> DVH:
    """The DVH and its alternatives with bounds of means that are as close as wanted, or as near to that as is worth it.

    Nothing is found of a structure that leaves the dose grid, or lies in its rim: no element tells the dose there.
    """
    wanted = [mean for mean in dict.fromkeys(wanted) if mean.can_be_told]
    if not wanted or dvh.model is None or dvh.sampling is None or dvh.uncovered_cc > 0.0:
        return dvh
    solid = SolidBuilder(plan, dvh.model).solid(dvh.sampling.recipes, dvh.sampling.reading)
    if not isinstance(solid, Solid):
        return dvh
    refinement = dvh.sampling.refinement
    found = _Moments.of(solid, dvh.model, dvh.sampling, refinement, wanted, dvh.max_gy.high)
    for _ in range(MAX_PASSES - 1):
        finer = _finer(found, dvh, cell_cc(solid.frame), refinement) if found else refinement
        if finer <= refinement:
            break
        found = _Moments.of(solid, dvh.model, dvh.sampling, finer, wanted, dvh.max_gy.high)
    if found is None:
        return dvh
    return replace(_with(found, dvh), alternatives=tuple(_with(found, other) for other in dvh.alternatives))


def _with(found: _Moments, dvh: DVH) -> DVH:
    return replace(dvh, power_means=(*dvh.power_means, *found.power_means(dvh)))


def _finer(found: _Moments, dvh: DVH, cell_cc: float, refinement: int) -> int:
    """How finely a grid cell has to be divided for all means to be as close as wanted; or may be."""
    times = max(
        (known.high_gy - known.low_gy) / (2.0 * mean.close_gy)
        for mean, known in zip(found.wanted, found.power_means(dvh), strict=True)
    )
    most = (MAX_ELEMENTS / (dvh.volume / cell_cc)) ** (1 / 3)
    return int(min(np.ceil(refinement * np.sqrt(times)), most, MAX_REFINEMENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moments:
    """The least and the largest sum of powers of the effect over parts of a structure, as shares of that of ``top_gy``.

    ``sums`` has the shape ``(parts, means, 2)``, ``volume_cc`` and ``conventions`` the shape ``(parts,)``.
    """

    wanted: Sequence[MeanSought]
    top_gy: float
    sums: FloatArray
    volume_cc: FloatArray
    conventions: Sequence[int]

    @classmethod
    def of(
        cls,
        solid: Solid,
        model: Model,
        sampling: Sampling,
        refinement: int,
        wanted: Sequence[MeanSought],
        top_gy: float,
    ) -> _Moments | None:
        """From a pass over the elements of a structure; None where these do not tell all of its dose."""
        sliced = slice_solid(solid, sampling.recipes, model, sampling.bin_gy * (BINS - 1), refinement)
        if not isinstance(sliced, SlicedSolid) or any(piece.rim and len(piece.layer) for piece in sliced.pieces):
            return None
        sums = np.zeros((len(sliced.pieces), len(wanted), 2))
        volume_cc = np.zeros(len(sliced.pieces))
        for place, piece in enumerate(sliced.pieces):
            for doses in _doses_of(piece, sliced):
                volume_cc[place] += doses.volume_cc.sum()
                sums[place] += [doses.power_sums(mean, top_gy) for mean in wanted]
        return cls(
            wanted=wanted,
            top_gy=top_gy,
            sums=sums,
            volume_cc=volume_cc,
            conventions=[piece.conventions for piece in sliced.pieces],
        )

    def power_means(self, dvh: DVH) -> list[PowerMean]:
        """The means of what exists under a DVH's convention, as they were wanted."""
        exists = [dvh.end_caps is not None and bool(mask & CONVENTION_OF[dvh.end_caps]) for mask in self.conventions]
        sums = self.sums[exists].sum(axis=0)
        # a sum too large for a number is at least the largest of them; divided by a volume it is a number again
        sums[:, 0] = np.minimum(sums[:, 0], np.finfo(np.float64).max)
        with np.errstate(over="ignore"):
            moments = sums / self.volume_cc[exists].sum()
        return [self._power_mean(mean, *both) for mean, both in zip(self.wanted, moments, strict=True)]

    def _power_mean(self, mean: MeanSought, least: float, most: float) -> PowerMean:
        least = min(least, np.finfo(np.float64).max) * (1.0 - ROUNDING_OF_SUMS)
        most = most * (1.0 + ROUNDING_OF_SUMS)
        with np.errstate(divide="ignore"):
            roots = np.array([least, most]) ** (1.0 / mean.power)
        low, high = np.sort(roots) * mean.effect.of_dose(np.array(self.top_gy))
        return PowerMean(power=mean.power, effect=mean.effect, low_gy=float(low), high_gy=float(high))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doses:
    """Volume of some elements; two doses between which all of each lies, and two between which its mean lies, Gy."""

    volume_cc: FloatArray
    low: FloatArray
    high: FloatArray
    least_mean: FloatArray
    most_mean: FloatArray

    def power_sums(self, mean: MeanSought, top_gy: float) -> tuple[float, float]:
        """The least and the largest that volume times the mean power can come to, over all elements."""
        top = float(mean.effect.of_dose(np.array(top_gy))) or 1.0

        def power_of(dose_gy: FloatArray) -> FloatArray:
            power: FloatArray = (mean.effect.of_dose(dose_gy) / top) ** mean.power
            return power

        falls, bends_up = mean.power < 0.0, mean.power < 0.0 or mean.power >= 1.0
        for_least, for_most = self.least_mean, self.most_mean
        if falls:
            for_least, for_most = for_most, for_least
        with np.errstate(divide="ignore", over="ignore"):  # no dose to a negative power: an infinite sum, a mean of 0
            # a power that bends up is least where all of an element has its mean, else where it has both extremes
            inner = power_of(for_least if bends_up else for_most)
            at_ends = power_of(self.low), power_of(self.high)
        width = self.high - self.low
        at = for_most if bends_up else for_least
        share = np.where(width > 0.0, (at - self.low) / np.where(width > 0.0, width, 1.0), 0.5)
        outer = at_ends[0] * (1.0 - share) + at_ends[1] * share
        sums = float(self.volume_cc @ inner), float(self.volume_cc @ outer)
        return sums if bends_up else sums[::-1]


def _doses_of(piece: Slices, sliced: SlicedSolid) -> Iterator[_Doses]:
    """The doses of a part's elements, widened by the rounding of single precision."""
    for block in volume_elements([piece], sliced.solid.frame, 1.0):
        if not len(block.mean):
            continue
        mean, low, high = (dose.astype(np.float64) for dose in (block.mean, block.low, block.high))
        rounding, error = ROUNDING * high, _mean_error(block)
        low, high = np.maximum(low - rounding, 0.0), high + rounding
        yield _Doses(
            volume_cc=_volumes_cc(block),
            low=low,
            high=high,
            least_mean=np.clip(mean - error - rounding, low, high),
            most_mean=np.clip(mean + error + rounding, low, high),
        )


def _mean_error(block: Elements) -> FloatArray:
    if isinstance(block, InteriorCells):
        return np.zeros(1)
    return block.mean_error.astype(np.float64)


def _volumes_cc(block: Elements) -> FloatArray:
    if isinstance(block, InteriorCells):
        return np.repeat(block.cell_cc[block.label], np.diff(block.begin, append=len(block.mean)))
    return block.volume_cc

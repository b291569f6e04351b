"""A computed DVH in; the same DVH with refined bounds out, everywhere or just at the doses of some limits.

Bounds are apart because an element has one dose in the sums and a range of doses in truth. Two ways bring them
together. Elements half as wide have about half the range (`refine_everywhere`), at eight times the work. A limit asks
for less: on which side of one point, a dose and a volume, does the curve pass? For that only the elements matter whose
range of doses reaches over the dose of the point (`refine_at`), some thousands along one isodose::

      elements by their range of doses              bounds after it: a step at the dose of the point

       |--|        guaranteed below                 volume
         |---|                                       |----.___
            |--:--|  )                               |     `. `--.
              |:---|  ) undecided: halve these       |      `|   |    x  the point: the curve
           |---:|    )                               |       `---`.      guaranteed to pass left of it
               : |---|  guaranteed above             |          `. `-.
              dose of the point                      +-----------:------ dose

The volume that receives at least the dose lies between what is guaranteed above, and that plus what is undecided. When
the volume of the point is outside these two, the question is answered, and halving stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh.compute import (
    CONVENTION_OF,
    dvh_with_readings,
    largest_dose,
    sampled_again,
    slice_solid,
)
from sbrtcheck.dvh.curve import SAME_DOSE, SAME_VOLUME, Bounds, Curve, DosePoint, joined_curve
from sbrtcheck.dvh.dvh import DVH, NoDVH
from sbrtcheck.dvh.histogram import BINS
from sbrtcheck.dvh.solids import SolidBuilder
from sbrtcheck.geometry import MAX_REFINEMENT, cell_cc
from sbrtcheck.geometry.isodose_cells import Isodose
from sbrtcheck.geometry.isodose_refinement import IsodoseCut, cut_by_isodoses
from sbrtcheck.plan import Plan
from sbrtcheck.radiobiology import Quantity

MAX_ELEMENTS = 4_000_000
"""Bounds are refined with no more elements than this: a few seconds, and a hundredth of a voxel."""

MAX_CELLS = 1 << 15
"""More cells along an isodose are not halved: a few tenths of a second.

More of them rarely help: a dose is known to `SLACK_BINS` only, 2e-5 of the largest dose, and cells within that are
never decided. 32 times as many, which take some 30 times as long, bring the bounds of the lung example 1.3 to 5 times
closer together; most of what is left then is that slack.
"""

AT_ONCE = 4
"""Isodoses found in one pass over the elements: in a noisy dose, the cells of each need a tenth of a gigabyte."""

SLACK_BINS = 2 * SAME_DOSE * BINS
"""A dose within so many bins is on neither side: rounding of float32, and of a dose that is asked for."""

ROUNDING_BINS = 0.01
"""An element with a bound this close to a border of a bin, in bins, may have been counted on either side of it."""


def refine_everywhere(plan: Plan | None, dvh: DVH) -> DVH | None:
    """The DVH from elements half as wide; None where they would be too many, or it was not computed from a plan."""
    if plan is None or dvh.quantity is not Quantity.PHYSICAL:
        return None
    if dvh.model is None or dvh.sampling is None:  # stored or imported
        return None
    solid = SolidBuilder(plan, dvh.model).solid(dvh.sampling.recipes, dvh.sampling.reading)
    if isinstance(solid, NoDVH):
        return None
    refinement = 2 * dvh.sampling.refinement
    if refinement > MAX_REFINEMENT or dvh.volume / cell_cc(solid.frame) * refinement**3 > MAX_ELEMENTS:
        return None
    sliced = slice_solid(solid, dvh.sampling.recipes, dvh.model, largest_dose(plan), refinement)
    refined = sliced if isinstance(sliced, NoDVH) else dvh_with_readings(sliced, plan, dvh.model)
    return refined if isinstance(refined, DVH) else None


def refine_at(plan: Plan | None, dvh: DVH, questions: Sequence[Sequence[DosePoint]]) -> tuple[DVH, ...]:
    """For each question the DVH, its bounds refined at the doses of the question's points; see `DVHSet.narrowed`.

    Elements that the isodose of a point does not cross are in the DVH's bounds already, each as a whole; the volume
    found in the others is added, and the bounds get a step at the dose. A DVH that was refined before keeps its steps.
    """
    if plan is None or dvh.quantity is not Quantity.PHYSICAL:
        return ()
    sampled = sampled_again(plan, dvh)
    if sampled is None:
        return ()
    refined, bin_gy = [dvh] * len(questions), sampled.bin_gy
    numbered_points = [(number, point) for number, points in enumerate(questions) for point in points]
    for start in range(0, len(numbered_points), AT_ONCE):
        batch = numbered_points[start : start + AT_ONCE]
        isodoses = [_isodose(point.dose_gy / bin_gy) for _, point in batch]
        # in the rim outside the outermost dose points, the bounds stay those of a dose that is not known
        slices_inside = [slices for slices in sampled.slices if not slices.rim]
        by_slices = {
            slices.conventions: cut_by_isodoses(slices, sampled.frame, isodoses, bin_gy) for slices in slices_inside
        }
        for i, (number, point) in enumerate(batch):
            search = _Search(bin_gy=bin_gy, parts={mask: parts[i] for mask, parts in by_slices.items()})
            refined[number] = search.until_decided(sampled.dvh, point).put_into(refined[number], sampled.dvh)
    return tuple(refined)


def _isodose(dose_bins: float) -> Isodose:
    return Isodose(
        dose=dose_bins,
        slack=SLACK_BINS,
        least=np.floor(dose_bins - SLACK_BINS) + ROUNDING_BINS,
        most=np.floor(dose_bins + SLACK_BINS) + 1 - ROUNDING_BINS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What one isodose crosses, by the end-cap conventions under which it exists."""

    bin_gy: float
    parts: Mapping[int, IsodoseCut]

    def until_decided(self, dvh: DVH, point: DosePoint) -> _Search:
        """Halve until the DVH is known to pass on one side of the point, or never will be."""
        search = self
        while not search._is_decided(dvh, point):
            search = search._without_negligible_cells(dvh, point)
            if not 0 < sum(map(len, search.parts.values())) <= MAX_CELLS:
                break
            halved = {mask: part.halved() for mask, part in search.parts.items()}
            search = replace(search, parts=halved)
        return search

    def _without_negligible_cells(self, dvh: DVH, point: DosePoint) -> _Search:
        """Without cells so small that the point would be decided even if all cells were undecided by no more than they.

        Halving these costs as much as halving any other, and cannot decide the point.
        """
        low_cc, high_cc = self._volume_cc(dvh)
        volume_cc, slack_cc = _volume_cc(point, dvh), SAME_VOLUME * dvh.volume
        if not slack_cc < volume_cc < dvh.volume - slack_cc:
            return self  # minimum or maximum: the smallest part of a cell may decide
        off_cc = abs((low_cc + high_cc) / 2 - volume_cc)
        enough_cc = off_cc / 4 / max(sum(map(len, self._parts_of_convention(dvh))), 1)
        return replace(
            self, parts={mask: part.without(part.cells.undecided_cc <= enough_cc) for mask, part in self.parts.items()}
        )

    def put_into(self, refined: DVH, dvh: DVH) -> DVH:
        """``refined``, which comes from ``dvh``, with what is known of this dose, under each convention."""
        pairs = zip(refined.alternatives, dvh.alternatives, strict=True)
        others = tuple(self._with_step(other, unrefined) for other, unrefined in pairs)
        return replace(self._with_step(refined, dvh), alternatives=others)

    def _is_decided(self, dvh: DVH, point: DosePoint) -> bool:
        low_cc, high_cc = self._volume_cc(dvh)
        slack_cc = SAME_VOLUME * dvh.volume
        volume_cc = _volume_cc(point, dvh)
        if volume_cc <= slack_cc:
            return low_cc > 0.0 or self._guaranteed_nowhere(dvh, high_cc)
        if volume_cc >= dvh.volume - slack_cc:
            return self._guaranteed_not_everywhere(dvh, high_cc) or self._guaranteed_everywhere(dvh, low_cc)
        return low_cc > volume_cc + slack_cc or high_cc < volume_cc - slack_cc

    def _guaranteed_nowhere(self, dvh: DVH, high_cc: float) -> bool:
        """Whether nothing receives the dose: sums cannot tell the tip of a large structure from their rounding.

        The elements that are not undecided and receive it have means that the bounds of the maximum know of.
        """
        whole_elements = dvh.max_gy.low <= self._first_part.isodose.dose * self.bin_gy
        cells = all(part.guaranteed_nowhere for part in self._parts_of_convention(dvh))
        return whole_elements and cells and high_cc <= SAME_VOLUME * dvh.volume

    def _guaranteed_not_everywhere(self, dvh: DVH, high_cc: float) -> bool:
        """Whether something does not receive it; needs no such care, for what is guaranteed is a sum without noise."""
        cells = any(part.guaranteed_below_cc > 0.0 for part in self._parts_of_convention(dvh))
        return cells or high_cc < (1.0 - SAME_VOLUME) * dvh.volume

    def _guaranteed_everywhere(self, dvh: DVH, low_cc: float) -> bool:
        """Whether everything receives the dose; see `_guaranteed_nowhere`."""
        whole_elements = dvh.min_gy.high >= self._first_part.isodose.dose * self.bin_gy
        cells = all(part.guaranteed_everywhere for part in self._parts_of_convention(dvh))
        return whole_elements and cells and low_cc >= (1.0 - SAME_VOLUME) * dvh.volume

    def _volume_cc(self, dvh: DVH) -> tuple[float, float]:
        """The least and the largest volume that can receive the dose, from decided elements and parts of the others."""
        isodose = self._first_part.isodose
        # past the lower edge of a bin, the lower curve has what is guaranteed in the bins above; the upper one has, at
        # that edge, what may be in the bin before and all above
        top_gy, bottom_gy = np.floor(isodose.most) * self.bin_gy, (np.floor(isodose.least) + 1.0) * self.bin_gy
        above_cc = float(dvh.lower.volume_at(np.nextafter([top_gy], np.inf))[0])
        below_cc = dvh.volume - float(dvh.upper.volume_at(np.array([bottom_gy]))[0])
        for part in self._parts_of_convention(dvh):
            above_cc += part.guaranteed_above_cc
            below_cc += part.guaranteed_below_cc
        return above_cc, dvh.volume - below_cc

    def _with_step(self, refined: DVH, dvh: DVH) -> DVH:
        """``refined`` with a step of each bounding curve at the dose, and the extremes moved to where they can be."""
        isodose = self._first_part.isodose
        low_cc, high_cc = self._volume_cc(dvh)
        slack_cc = SAME_VOLUME * dvh.volume
        over_gy, under_gy = (x * self.bin_gy for x in (isodose.dose + isodose.slack, isodose.dose - isodose.slack))
        min_gy, max_gy = refined.min_gy, refined.max_gy
        if low_cc > 0.0:
            max_gy = _within(max_gy, over_gy, np.inf)
        if self._guaranteed_everywhere(dvh, low_cc):
            min_gy = _within(min_gy, over_gy, np.inf)
        if self._guaranteed_not_everywhere(dvh, high_cc):
            min_gy = _within(min_gy, 0.0, under_gy)
        nowhere = self._guaranteed_nowhere(dvh, high_cc)
        if nowhere:
            max_gy = _within(max_gy, 0.0, under_gy)
        return replace(
            refined,
            lower=_at_least(refined.lower, over_gy, low_cc),
            upper=_at_most(refined.upper, under_gy, 0.0 if nowhere else max(high_cc, slack_cc)),
            min_gy=min_gy,
            max_gy=max_gy,
            narrowed_at_gy=(*refined.narrowed_at_gy, isodose.dose * self.bin_gy),
        )

    @property
    def _first_part(self) -> IsodoseCut:
        return next(iter(self.parts.values()))

    def _parts_of_convention(self, dvh: DVH) -> Iterable[IsodoseCut]:
        """The parts that exist under a DVH's convention."""
        exist = CONVENTION_OF[dvh.end_caps] if dvh.end_caps else 0
        return (part for mask, part in self.parts.items() if mask & exist)


def _volume_cc(point: DosePoint, dvh: DVH) -> float:
    return point.volume_percent / 100.0 * dvh.volume


def _within(bounds: Bounds, low_gy: float, high_gy: float) -> Bounds:
    """The bounds without what lies outside; a value that was outside is moved to their end."""
    low, high = max(bounds.low, low_gy), min(bounds.high, high_gy)
    return Bounds(value=min(max(bounds.value, low), high), low=low, high=high) if low <= high else bounds


def _at_least(lower: Curve, dose_gy: float, volume: float) -> Curve:
    """A lower bound, knowing that so much volume receives the dose."""
    if volume <= float(lower.volume_at(np.array([dose_gy]))[0]):
        return lower
    level = float(lower.dose_at(np.array([volume]))[0]) if volume <= lower.volume[0] else 0.0
    before, after = (lower.dose_gy <= level) & (lower.volume >= volume), lower.dose_gy > dose_gy
    volume_above = float(lower.volume_at(np.array([np.nextafter(dose_gy, np.inf)]))[0])
    return joined_curve(
        [lower.dose_gy[before], [level, dose_gy, dose_gy], lower.dose_gy[after]],
        [lower.volume[before], [volume, volume, volume_above], lower.volume[after]],
    )


def _at_most(upper: Curve, dose_gy: float, volume: float) -> Curve:
    """An upper bound, knowing that no more volume receives the dose."""
    volume_here = float(upper.volume_at(np.array([dose_gy]))[0])
    if volume >= volume_here:
        return upper
    level = float(upper.dose_at(np.array([volume]))[0]) if volume > 0.0 else dose_gy
    before, after = upper.dose_gy < dose_gy, (upper.dose_gy >= level) & (upper.volume <= volume) & (volume > 0.0)
    return joined_curve(
        [upper.dose_gy[before], [dose_gy, dose_gy, level], upper.dose_gy[after]],
        [upper.volume[before], [volume_here, volume, volume], upper.volume[after]],
    )

"""Some isodoses through a computed structure -> the least and the largest volume that receives each; as DVH bounds.

How much of a structure receives a dose is undecided only in the elements whose range of doses reaches over it, some
thousands along one isodose. These are halved until there is an answer: on which side of a point, a dose and a volume,
the curve passes; or how much the volume is, closely enough::

      elements by their range of doses              bounds after it: a step at the dose of the point

       |--|        guaranteed below                 volume
         |---|                                       |----.___
            |--:--|  )                               |     `. `--.
              |:---|  ) undecided: halve these       |      `|   |    x  the point: the curve
           |---:|    )                               |       `---`.      guaranteed to pass left of it
               : |---|  guaranteed above             |          `. `-.
              dose of the point                      +-----------:------ dose

The volume that receives at least the dose lies between what is guaranteed above, and that plus what is undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh.compute import CONVENTION_OF, SampledStructure
from sbrtcheck.dvh.curve import SAME_DOSE, SAME_VOLUME, Bounds, Curve, joined_curve
from sbrtcheck.dvh.dvh import DVH
from sbrtcheck.dvh.histogram import BINS
from sbrtcheck.geometry.arrays import BoolArray
from sbrtcheck.geometry.isodose_cells import Isodoses
from sbrtcheck.geometry.isodose_refinement import IsodoseCut, cut_by_isodoses
from sbrtcheck.plan import FloatArray

MAX_CELLS = 1 << 13
"""More cells along an isodose are not halved at once, but those that hold most of what is undecided."""

MAY_STAY = 0.1
"""Of what may be undecided in the end, this share may be in cells that are given up in favour of others."""

FEW_CELLS = 1 << 10
"""So few cells along an isodose are all halved."""

MAX_HALVINGS = 12
"""By then a cell of 2 mm is one of half a micrometre: only tips of contours are halved so often."""

SLACK_BINS = 2 * SAME_DOSE * BINS
"""A dose within so many bins is on neither side: rounding of float32, and of a dose that is asked for."""

ROUNDING_BINS = 0.01
"""An element with a bound this close to a border of a bin, in bins, may have been counted on either side of it."""


def is_extreme(volume_cc: float | FloatArray, dvh: DVH) -> BoolArray:
    """Whether volumes are none of a structure or all of it, so that their doses are its maximum or its minimum."""
    slack_cc = SAME_VOLUME * dvh.volume
    return np.asarray((volume_cc <= slack_cc) | (volume_cc >= dvh.volume - slack_cc), dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class IsodosePoint:
    """What is asked at an isodose: on which side of ``volume_cc`` the DVH passes, or how much volume receives it.

    The latter where ``width_cc`` is given: how far apart the bounds of the volume may be.
    """

    dose_gy: float
    volume_cc: float = 0.0
    width_cc: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IsodoseSearch:
    """What some isodoses cross, by the end-cap conventions under which it exists.

    ``dvh`` has the bounds of the elements. The rest has shape ``(isodoses,)``: what is asked, as in `IsodosePoint`,
    with ``is_sought`` where it is the volume.
    """

    dvh: DVH
    bin_gy: float
    isodoses: Isodoses
    volume_cc: FloatArray
    width_cc: FloatArray
    is_sought: BoolArray
    parts: Mapping[int, IsodoseCut]

    @classmethod
    def of(cls, sampled: SampledStructure, points: Sequence[IsodosePoint]) -> IsodoseSearch:
        """Look along the isodoses of some points until each has its answer, or the rest would cost too much."""
        bin_gy = sampled.bin_gy
        isodoses = _isodoses([point.dose_gy / bin_gy for point in points])
        # in the rim outside the outermost dose points, the bounds stay those of a dose that is not known
        slices_inside = [slices for slices in sampled.slices if not slices.rim]
        search = cls(
            dvh=sampled.dvh,
            bin_gy=bin_gy,
            isodoses=isodoses,
            volume_cc=np.array([point.volume_cc for point in points]),
            width_cc=np.array([point.width_cc or 0.0 for point in points]),
            is_sought=np.array([point.width_cc is not None for point in points], dtype=bool),
            parts={
                slices.conventions: cut_by_isodoses(slices, sampled.frame, isodoses, bin_gy) for slices in slices_inside
            },
        )
        for _ in range(MAX_HALVINGS):
            search = search._without_settled()
            if not any(map(len, search.parts.values())):
                break
            search = replace(search, parts={mask: part.halved() for mask, part in search.parts.items()})
        return search

    def middle_cc(self, place: int) -> float:
        """The middle between the least and the largest volume that can receive the dose of an isodose."""
        low_cc, high_cc = self._volume_cc(self.dvh)
        return float(low_cc[place] + high_cc[place]) / 2

    def _without_settled(self) -> IsodoseSearch:
        """Without the cells that are not halved further: they hold too little, or others of their isodose hold more."""
        may_stay = self._share_that_may_stay_undecided()
        parts = {}
        for mask, part in self.parts.items():
            held_cc, largest = part.sums(part.cells.undecided_cc), part.largest(MAX_CELLS)
            # where the largest hold less than all others, halving them would change little
            is_futile = part.sums(part.cells.undecided_cc * largest) < held_cc / 2
            parts[mask] = part.without(part.smallest(may_stay * held_cc) | ~largest | is_futile[part.cells.isodose])
        return replace(self, parts=parts)

    def _share_that_may_stay_undecided(self) -> FloatArray:
        """For each isodose, what share of what its cells hold may stay undecided; all, where there is an answer.

        An answer needs what is undecided to be less than a width. Where cells are many, some of it may stay in those
        that hold least, in favour of the others: what is known of the width is too little for more.
        """
        low_cc, high_cc = self._volume_cc(self.dvh)
        parts = list(self._parts_of_convention(self.dvh))
        nothing = np.zeros(len(self.isodoses))
        count = sum((part.count for part in parts), nothing)
        settled_cc = sum((part.undecided_cc for part in parts), nothing)
        held_cc = np.maximum(high_cc - low_cc - settled_cc, SAME_VOLUME * self.dvh.volume)
        width_cc = np.where(self.is_sought, self.width_cc, 2 * np.abs((low_cc + high_cc) / 2 - self.volume_cc))
        share = MAY_STAY * np.maximum(width_cc - settled_cc, 0.0) / held_cc
        # minimum or maximum: the smallest part of a cell may decide
        every = (count <= FEW_CELLS) | is_extreme(self.volume_cc, self.dvh) & ~self.is_sought
        share = np.where(every, -1.0, share)
        # what was given up is too much for an answer, and the rest is not worth its while
        is_futile = (settled_cc > width_cc) & (held_cc < settled_cc)
        return np.where(self._are_answered() | is_futile, 2.0, share)

    def put_into(self, refined: DVH, place: int) -> DVH:
        """A DVH of the same elements with what is known at one isodose, under each convention."""
        pairs = zip(refined.alternatives, self.dvh.alternatives, strict=True)
        others = tuple(self._with_step(other, unrefined, place) for other, unrefined in pairs)
        return replace(self._with_step(refined, self.dvh, place), alternatives=others)

    def _are_answered(self) -> BoolArray:
        dvh = self.dvh
        low_cc, high_cc = self._volume_cc(dvh)
        slack_cc = SAME_VOLUME * dvh.volume
        at_maximum = (low_cc > 0.0) | self._guaranteed_nowhere(dvh, high_cc)
        at_minimum = self._guaranteed_not_everywhere(dvh, high_cc) | self._guaranteed_everywhere(dvh, low_cc)
        between = (low_cc > self.volume_cc + slack_cc) | (high_cc < self.volume_cc - slack_cc)
        at_extreme = np.where(self.volume_cc > dvh.volume / 2, at_minimum, at_maximum)
        decided = np.where(is_extreme(self.volume_cc, dvh), at_extreme, between)
        answered: BoolArray = np.where(self.is_sought, high_cc - low_cc <= self.width_cc, decided)
        return answered

    def _guaranteed_nowhere(self, dvh: DVH, high_cc: FloatArray) -> BoolArray:
        """Whether nothing receives the dose: sums cannot tell the tip of a large structure from their rounding.

        The elements that are not undecided and receive it have means that the bounds of the maximum know of.
        """
        whole_elements = dvh.max_gy.low <= self.isodoses.dose * self.bin_gy
        cells = self._in_all_parts(dvh, "guaranteed_nowhere")
        nowhere: BoolArray = whole_elements & cells & (high_cc <= SAME_VOLUME * dvh.volume)
        return nowhere

    def _guaranteed_not_everywhere(self, dvh: DVH, high_cc: FloatArray) -> BoolArray:
        """Whether something does not receive it; needs no such care, for what is guaranteed is a sum without noise."""
        below_cc = self._sum_of_parts(dvh, "guaranteed_below_cc")
        some: BoolArray = (below_cc > 0.0) | (high_cc < (1.0 - SAME_VOLUME) * dvh.volume)
        return some

    def _guaranteed_everywhere(self, dvh: DVH, low_cc: FloatArray) -> BoolArray:
        """Whether everything receives the dose; see `_guaranteed_nowhere`."""
        whole_elements = dvh.min_gy.high >= self.isodoses.dose * self.bin_gy
        cells = self._in_all_parts(dvh, "guaranteed_everywhere")
        everywhere: BoolArray = whole_elements & cells & (low_cc >= (1.0 - SAME_VOLUME) * dvh.volume)
        return everywhere

    def _volume_cc(self, dvh: DVH) -> tuple[FloatArray, FloatArray]:
        """The least and the largest volume that can receive each dose, from decided elements and parts of the others.

        Shape ``(isodoses,)``.
        """
        # past the lower edge of a bin, the lower curve has what is guaranteed in the bins above; the upper one has, at
        # that edge, what may be in the bin before and all above
        top_gy = np.floor(self.isodoses.most) * self.bin_gy
        bottom_gy = (np.floor(self.isodoses.least) + 1.0) * self.bin_gy
        above_cc = dvh.lower.volume_at(np.nextafter(top_gy, np.inf))
        below_cc = dvh.volume - dvh.upper.volume_at(bottom_gy)
        return (
            above_cc + self._sum_of_parts(dvh, "guaranteed_above_cc"),
            dvh.volume - below_cc - self._sum_of_parts(dvh, "guaranteed_below_cc"),
        )

    def _with_step(self, refined: DVH, dvh: DVH, place: int) -> DVH:
        """``refined`` with a step of each bounding curve at a dose, and the extremes moved to where they can be."""
        low_ccs, high_ccs = self._volume_cc(dvh)
        nowhere = bool(self._guaranteed_nowhere(dvh, high_ccs)[place])
        everywhere = bool(self._guaranteed_everywhere(dvh, low_ccs)[place])
        not_everywhere = bool(self._guaranteed_not_everywhere(dvh, high_ccs)[place])
        low_cc, high_cc, dose = float(low_ccs[place]), float(high_ccs[place]), float(self.isodoses.dose[place])
        slack_cc = SAME_VOLUME * dvh.volume
        over_gy, under_gy = (x * self.bin_gy for x in (dose + self.isodoses.slack, dose - self.isodoses.slack))
        min_gy, max_gy = refined.min_gy, refined.max_gy
        if low_cc > 0.0:
            max_gy = _within(max_gy, over_gy, np.inf)
        if everywhere:
            min_gy = _within(min_gy, over_gy, np.inf)
        if not_everywhere:
            min_gy = _within(min_gy, 0.0, under_gy)
        if nowhere:
            max_gy = _within(max_gy, 0.0, under_gy)
        return replace(
            refined,
            lower=_at_least(refined.lower, over_gy, low_cc),
            upper=_at_most(refined.upper, under_gy, 0.0 if nowhere else max(high_cc, slack_cc)),
            min_gy=min_gy,
            max_gy=max_gy,
            narrowed_at_gy=(*refined.narrowed_at_gy, dose * self.bin_gy),
        )

    def _parts_of_convention(self, dvh: DVH) -> Iterable[IsodoseCut]:
        """The parts that exist under a DVH's convention."""
        exist = CONVENTION_OF[dvh.end_caps] if dvh.end_caps else 0
        return (part for mask, part in self.parts.items() if mask & exist)

    def _sum_of_parts(self, dvh: DVH, name: str) -> FloatArray:
        return sum((getattr(part, name) for part in self._parts_of_convention(dvh)), np.zeros(len(self.isodoses)))

    def _in_all_parts(self, dvh: DVH, name: str) -> BoolArray:
        parts = [getattr(part, name) for part in self._parts_of_convention(dvh)]
        return np.all(parts, axis=0) if parts else np.ones(len(self.isodoses), dtype=bool)


def _isodoses(dose_bins: Sequence[float]) -> Isodoses:
    dose = np.array(dose_bins)
    return Isodoses(
        dose=dose,
        slack=SLACK_BINS,
        least=np.floor(dose - SLACK_BINS) + ROUNDING_BINS,
        most=np.floor(dose + SLACK_BINS) + 1 - ROUNDING_BINS,
    )


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

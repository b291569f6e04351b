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
from sbrtcheck.geometry.isodose_refinement import Effort, IsodoseCut, cut_by_isodoses
from sbrtcheck.plan import FloatArray

MAY_STAY = 0.1
"""Of what may be undecided in the end, this share may be in cells that are given up in favour of others."""

AIM = 0.8
"""What is halved is to leave no more than this share of what may be undecided."""

HALVING_DECIDES = 0.75
"""Of what cells hold undecided, this share is decided when they are halved, at least about: their rest is a quarter."""

FEW_CELLS = 1 << 10
"""So few cells along an isodose are all halved."""

MAX_HALVINGS = 12
"""By then a cell of 2 mm is one of half a micrometre: only tips of contours are halved so often."""

OVER_BINS = 0.01
"""A dose that is over another by less, in bins, may not be: some roundings of float32."""

UNDER_BINS = OVER_BINS + SAME_DOSE * BINS
"""A dose that is under another by less may not be either, for volumes are read off a little below a dose."""

ROUNDING_BINS = 0.001
"""An element with a bound this close to a border of a bin, in bins, may have been counted on either side of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsodosePoint:
    """What is asked at an isodose: on which side of ``volume_cc`` the DVH passes, or how much volume receives it.

    The latter where ``width_cc`` is given: how far apart the bounds of the volume may be. ``is_between``: there are
    points beside it in rising order of dose, and where both their neighbours have an answer it needs none.
    """

    dose_gy: float
    volume_cc: float = 0.0
    width_cc: float | None = None
    is_between: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _WholeElements:
    """A DVH with the bounds of its elements, and what is guaranteed at some isodoses apart from the undecided ones.

    ``above_cc``, ``below_cc``: shape ``(isodoses,)``, volume that receives at least each dose, and volume that does
    not. ``is_nowhere``, ``is_everywhere``: shape ``(isodoses,)``, whether none of it does, and whether all does.
    ``mask``: of the DVH's end-cap convention.
    """

    dvh: DVH
    above_cc: FloatArray
    below_cc: FloatArray
    is_nowhere: BoolArray
    is_everywhere: BoolArray
    mask: int

    @classmethod
    def of(cls, dvh: DVH, isodoses: Isodoses, bin_gy: float) -> _WholeElements:
        """What the bounding curves of a DVH tell of the elements that isodoses do not cross."""
        # past the lower edge of a bin, the lower curve has what is guaranteed in the bins above; the upper one has, at
        # that edge, what may be in the bin before and all above
        top_gy = np.floor(isodoses.most) * bin_gy
        bottom_gy = (np.floor(isodoses.least) + 1.0) * bin_gy
        return cls(
            dvh=dvh,
            above_cc=dvh.lower.volume_at(np.nextafter(top_gy, np.inf)),
            below_cc=dvh.volume - dvh.upper.volume_at(bottom_gy),
            # sums cannot tell the tip of a large structure from their rounding; the means of elements can
            is_nowhere=dvh.max_gy.low <= isodoses.dose * bin_gy,
            is_everywhere=dvh.min_gy.high >= isodoses.dose * bin_gy,
            mask=int(CONVENTION_OF[dvh.end_caps]) if dvh.end_caps else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known at each isodose of a DVH, shape ``(isodoses,)``.

    The least and the largest volume that can receive the dose; and whether it is guaranteed that none of the structure
    receives it, that all of it does, and that some of it does not.
    """

    low_cc: FloatArray
    high_cc: FloatArray
    is_nowhere: BoolArray
    is_everywhere: BoolArray
    is_not_everywhere: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class IsodoseSearch:
    """What some isodoses cross, by the end-cap conventions under which it exists.

    ``elements`` are those of the DVH, and of its alternatives. The rest has shape ``(isodoses,)``: what is asked, as in
    `IsodosePoint`, with ``is_sought`` where it is the volume, and ``is_between``.
    """

    elements: tuple[_WholeElements, ...]
    bin_gy: float
    isodoses: Isodoses
    volume_cc: FloatArray
    width_cc: FloatArray
    is_sought: BoolArray
    is_between: BoolArray
    parts: Mapping[int, IsodoseCut]

    @classmethod
    def of(cls, sampled: SampledStructure, points: Sequence[IsodosePoint], effort: Effort) -> FoundAtIsodoses:
        """Look along the isodoses of some points until each has its answer, or the rest would cost too much."""
        bin_gy = sampled.bin_gy
        isodoses = _isodoses([point.dose_gy / bin_gy for point in points])
        # in the rim outside the outermost dose points, the bounds stay those of a dose that is not known
        slices_inside = [slices for slices in sampled.slices if not slices.rim]
        dvhs = (sampled.dvh, *sampled.dvh.alternatives)
        search = cls(
            elements=tuple(_WholeElements.of(dvh, isodoses, bin_gy) for dvh in dvhs),
            bin_gy=bin_gy,
            isodoses=isodoses,
            volume_cc=np.array([point.volume_cc for point in points]),
            width_cc=np.array([point.width_cc or 0.0 for point in points]),
            is_sought=np.array([point.width_cc is not None for point in points], dtype=bool),
            is_between=np.array([point.is_between for point in points], dtype=bool),
            parts={
                slices.conventions: cut_by_isodoses(slices, sampled.frame, isodoses, bin_gy, effort)
                for slices in slices_inside
            },
        )
        for _ in range(MAX_HALVINGS):
            search = search._without_settled(effort.cells)
            if not any(map(len, search.parts.values())):
                break
            enough = search.share_that_is_enough()
            search = replace(
                search,
                parts={
                    mask: part.halved_where(part.that_hold(enough * part.sums(part.cells.undecided_cc)))
                    for mask, part in search.parts.items()
                },
            )
        return FoundAtIsodoses(
            known=tuple(map(search.known_of, search.elements)),
            doses_gy=isodoses.dose * bin_gy,
            over_gy=isodoses.over * bin_gy,
            under_gy=isodoses.under * bin_gy,
            same_cc=SAME_VOLUME * sampled.dvh.volume,
        )

    def _without_settled(self, max_cells: int) -> IsodoseSearch:
        """Without the cells that are not halved further: they hold too little, or others of their isodose hold more."""
        may_stay = self._share_that_may_stay_undecided()
        parts = {}
        for mask, part in self.parts.items():
            held_cc, largest = part.sums(part.cells.undecided_cc), part.largest(max_cells)
            # where the largest hold less than all others, halving them would change little
            is_futile = part.sums(part.cells.undecided_cc * largest) < held_cc / 2
            parts[mask] = part.without(part.smallest(may_stay * held_cc) | ~largest | is_futile[part.cells.isodose])
        return replace(self, parts=parts)

    def _share_that_may_stay_undecided(self) -> FloatArray:
        """For each isodose, what share of what its cells hold may stay undecided; all, where there is an answer.

        An answer needs what is undecided to be less than a width. Where cells are many, some of it may stay in those
        that hold least, in favour of the others: what is known of the width is too little for more.
        """
        whole = self.elements[0]
        known, volume_cc = self.known_of(whole), whole.dvh.volume
        parts = list(self._parts_of(whole))
        nothing = np.zeros(len(self.isodoses))
        count = sum((part.count for part in parts), nothing)
        settled_cc = sum((part.undecided_cc for part in parts), nothing)
        held_cc = np.maximum(known.high_cc - known.low_cc - settled_cc, SAME_VOLUME * volume_cc)
        width_cc = self._wanted_cc(known)
        share = MAY_STAY * np.maximum(width_cc - settled_cc, 0.0) / held_cc
        # minimum or maximum: the smallest part of a cell may decide
        every = (count <= FEW_CELLS) | self._are_extremes(whole.dvh)
        share = np.where(every, -1.0, share)
        # what was given up is too much for an answer, and the rest is not worth its while
        is_futile = (settled_cc > width_cc) & (held_cc < settled_cc)
        return np.where(self._are_answered(known, whole.dvh) | is_futile, 2.0, share)

    def share_that_is_enough(self) -> FloatArray:
        """For each isodose, what share of what its cells hold has to be in those that are halved, for an answer."""
        whole = self.elements[0]
        known = self.known_of(whole)
        parts = list(self._parts_of(whole))
        nothing = np.zeros(len(self.isodoses))
        count = sum((part.count for part in parts), nothing)
        held_cc = sum((part.sums(part.cells.undecided_cc) for part in parts), nothing)
        surplus_cc = known.high_cc - known.low_cc - AIM * self._wanted_cc(known)
        share = np.clip(surplus_cc / HALVING_DECIDES / np.where(held_cc > 0.0, held_cc, 1.0), 0.0, 1.0)
        return np.where((count <= FEW_CELLS) | self._are_extremes(whole.dvh), 1.0, share)

    def _wanted_cc(self, known: _Known) -> FloatArray:
        """How little may be undecided of the volume at each isodose for an answer."""
        off_cc = np.abs((known.low_cc + known.high_cc) / 2 - self.volume_cc)
        return np.where(self.is_sought, self.width_cc, 2 * off_cc)

    def _are_extremes(self, dvh: DVH) -> BoolArray:
        """Whether points are about the maximum or the minimum."""
        return np.array([dvh.is_extreme(cc) for cc in self.volume_cc.tolist()], dtype=bool) & ~self.is_sought

    def _are_answered(self, known: _Known, dvh: DVH) -> BoolArray:
        slack_cc = SAME_VOLUME * dvh.volume
        at_maximum = (known.low_cc > 0.0) | known.is_nowhere
        at_minimum = known.is_not_everywhere | known.is_everywhere
        between = (known.low_cc > self.volume_cc + slack_cc) | (known.high_cc < self.volume_cc - slack_cc)
        at_extreme = np.where(self.volume_cc > dvh.volume / 2, at_minimum, at_maximum)
        decided = np.where(self._are_extremes(dvh), at_extreme, between)
        answered: BoolArray = np.where(self.is_sought, known.high_cc - known.low_cc <= self.width_cc, decided)
        before, after = np.append(True, answered[:-1]), np.append(answered[1:], True)
        unneeded: BoolArray = self.is_between & before & after
        return answered | unneeded

    def known_of(self, whole: _WholeElements) -> _Known:
        """What whole elements and parts of the others tell together."""
        parts, dvh = list(self._parts_of(whole)), whole.dvh
        nothing, everything = np.zeros(len(self.isodoses)), np.ones(len(self.isodoses), dtype=bool)
        low_cc = whole.above_cc + sum((part.guaranteed_above_cc for part in parts), nothing)
        # a sum without noise: what is guaranteed not to receive the dose is 0 where nothing is
        below_cc = sum((part.guaranteed_below_cc for part in parts), nothing)
        high_cc = dvh.volume - whole.below_cc - below_cc
        slack_cc = SAME_VOLUME * dvh.volume
        nowhere = np.all([everything, *(part.guaranteed_nowhere for part in parts)], axis=0)
        everywhere = np.all([everything, *(part.guaranteed_everywhere for part in parts)], axis=0)
        return _Known(
            low_cc=low_cc,
            high_cc=high_cc,
            is_nowhere=whole.is_nowhere & nowhere & (high_cc <= slack_cc),
            is_everywhere=whole.is_everywhere & everywhere & (low_cc >= dvh.volume - slack_cc),
            is_not_everywhere=(below_cc > 0.0) | (high_cc < dvh.volume - slack_cc),
        )

    def _parts_of(self, whole: _WholeElements) -> Iterable[IsodoseCut]:
        """The parts that exist under a DVH's convention."""
        return (part for mask, part in self.parts.items() if mask & whole.mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAtIsodoses:
    """What was found at some isodoses, of a DVH and of its alternatives: steps for their bounds.

    Volumes of ``same_cc`` or less are rounding of sums; doses up to ``over_gy`` above another and ``under_gy`` below it
    are one dose.
    """

    known: tuple[_Known, ...]
    doses_gy: FloatArray
    over_gy: float
    under_gy: float
    same_cc: float

    def width_cc(self, place: int) -> float:
        """How far the least and the largest volume are apart that can receive the dose of an isodose."""
        return float(self.known[0].high_cc[place] - self.known[0].low_cc[place])

    def middle_cc(self, place: int) -> float:
        """The middle between the least and the largest volume that can receive the dose of an isodose."""
        return float(self.known[0].low_cc[place] + self.known[0].high_cc[place]) / 2

    def put_into(self, refined: DVH, place: int) -> DVH:
        """A DVH of the same elements with what is known at one isodose, under each convention."""
        main, *others = (
            self._with_step(dvh, known, place)
            for dvh, known in zip((refined, *refined.alternatives), self.known, strict=True)
        )
        return replace(main, alternatives=tuple(others))

    def _with_step(self, refined: DVH, known: _Known, place: int) -> DVH:
        """``refined`` with a step of each bounding curve at a dose, and the extremes moved to where they can be."""
        low_cc, high_cc, dose_gy = (float(x[place]) for x in (known.low_cc, known.high_cc, self.doses_gy))
        over_gy, under_gy = dose_gy + self.over_gy, dose_gy - self.under_gy
        min_gy, max_gy = refined.min_gy, refined.max_gy
        if low_cc > 0.0:
            max_gy = _within(max_gy, over_gy, np.inf)
        if known.is_everywhere[place]:
            min_gy = _within(min_gy, over_gy, np.inf)
        if known.is_not_everywhere[place]:
            min_gy = _within(min_gy, 0.0, under_gy)
        if known.is_nowhere[place]:
            max_gy = _within(max_gy, 0.0, under_gy)
        most_cc = 0.0 if known.is_nowhere[place] else max(high_cc, self.same_cc)
        return replace(
            refined,
            lower=_at_least(refined.lower, over_gy, low_cc),
            upper=_at_most(refined.upper, under_gy, most_cc),
            min_gy=min_gy,
            max_gy=max_gy,
            narrowed_at_gy=(*refined.narrowed_at_gy, dose_gy),
        )


def _isodoses(dose_bins: Sequence[float]) -> Isodoses:
    dose = np.array(dose_bins)
    return Isodoses(
        dose=dose,
        over=OVER_BINS,
        under=UNDER_BINS,
        least=np.floor(dose - UNDER_BINS) + ROUNDING_BINS,
        most=np.floor(dose + OVER_BINS) + 1 - ROUNDING_BINS,
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

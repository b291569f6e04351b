"""A DVH and points in; the same DVH, with bounds that tell on which side of each point it passes, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.chart.points import CurvePoint
from sbrtcheck.dvh.compute import CONVENTION_OF, laid
from sbrtcheck.dvh.histogram import BINS
from sbrtcheck.dvh.types import DVH, SAME_DOSE, SAME_VOLUME, Bounds, Curve
from sbrtcheck.geometry.isodose_cells import Isodose
from sbrtcheck.geometry.isodose_refinement import IsodoseCut, cut_by_isodoses
from sbrtcheck.plan import FloatArray, Plan

MAX_CELLS = 1 << 15
"""More cells along an isodose are not halved: a few tenths of a second, and narrower than anybody needs."""

AT_ONCE = 4
"""Isodoses found in one pass over the elements: in a noisy dose, the cells of each take a tenth of a gigabyte."""

SLACK_BINS = 2 * SAME_DOSE * BINS
"""A dose within so many bins is on neither side: rounding of float32, and of a dose that is asked for."""

ROUNDING_BINS = 0.01
"""An element with a bound this close to a border of a bin, in bins, may have been counted on either side of it."""


def narrowed(plan: Plan, dvh: DVH, questions: Sequence[Sequence[CurvePoint]]) -> tuple[DVH, ...]:
    """For each question the DVH, its bounds narrowed at the doses of the question's points; see `DVHSet.narrowed`.

    Elements that the isodose of a point does not cross are in the DVH's bounds already, each as a whole; what is found
    in the others is added, and the bounds get a step at the dose. A DVH that has been narrowed keeps the steps it has.
    """
    found = laid(plan, dvh)
    if found is None:
        return ()
    made, bin_gy = [dvh] * len(questions), found.dvh.bin_gy
    asked = [(of, point) for of, points in enumerate(questions) for point in points]
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        isodoses = [_isodose(point.dose_gy / bin_gy) for _, point in some]
        # in the rim beyond the outermost dose points, the bounds stay those of a dose that is not known
        sure = [one for one in found.slices if not one.rim]
        by_slices = {one.conventions: cut_by_isodoses(one, found.frame, isodoses, bin_gy) for one in sure}
        for i, (of, point) in enumerate(some):
            search = _Search(unit_gy=bin_gy, parts={mask: parts[i] for mask, parts in by_slices.items()})
            made[of] = search.until_known(found.dvh, point).put_into(made[of], found.dvh)
    return tuple(made)


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

    unit_gy: float
    parts: Mapping[int, IsodoseCut]

    def until_known(self, dvh: DVH, point: CurvePoint) -> _Search:
        """Halve until the DVH is known to pass on one side of the point."""
        search = self
        while not search._knows(dvh, point):
            search = search._without_cells_that_do_not_matter(dvh, point)
            if not 0 < sum(map(len, search.parts.values())) <= MAX_CELLS:
                break
            halved = {mask: part.halved() for mask, part in search.parts.items()}
            search = replace(search, parts=halved)
        return search

    def _without_cells_that_do_not_matter(self, dvh: DVH, point: CurvePoint) -> _Search:
        """Without those whose doubt, if all cells had as little, would leave none about the point."""
        least_cc, most_cc = self._volume_cc(dvh)
        volume_cc, slack_cc = _volume_cc(point, dvh), SAME_VOLUME * dvh.volume
        if not slack_cc < volume_cc < dvh.volume - slack_cc:
            return self  # an extreme: the smallest part of a cell has a say
        off_cc = abs((least_cc + most_cc) / 2 - volume_cc)
        enough_cc = off_cc / 4 / max(sum(map(len, self._under(dvh))), 1)
        return replace(
            self, parts={mask: part.without(part.cells.undecided_cc <= enough_cc) for mask, part in self.parts.items()}
        )

    def put_into(self, made: DVH, dvh: DVH) -> DVH:
        """``made``, which comes from ``dvh``, with what is known of this dose, under each convention."""
        pairs = zip(made.alternatives, dvh.alternatives, strict=True)
        others = tuple(self._stepped(one, of) for one, of in pairs)
        return replace(self._stepped(made, dvh), alternatives=others)

    def _knows(self, dvh: DVH, point: CurvePoint) -> bool:
        least_cc, most_cc = self._volume_cc(dvh)
        slack_cc = SAME_VOLUME * dvh.volume
        volume_cc = _volume_cc(point, dvh)
        if volume_cc <= slack_cc:
            return least_cc > 0.0 or self._surely_nowhere(dvh, most_cc)
        if volume_cc >= dvh.volume - slack_cc:
            return self._surely_not_everywhere(dvh, most_cc) or self._surely_everywhere(dvh, least_cc)
        return least_cc > volume_cc + slack_cc or most_cc < volume_cc - slack_cc

    def _surely_nowhere(self, dvh: DVH, most_cc: float) -> bool:
        """Whether nothing gets the dose: sums cannot tell the tip of a large structure from their rounding.

        The elements out of doubt that get it have means that the maximum's band knows of.
        """
        out_of_doubt = dvh.max_gy.low <= self._any.isodose.dose * self.unit_gy
        in_doubt = all(part.guaranteed_nowhere for part in self._under(dvh))
        return out_of_doubt and in_doubt and most_cc <= SAME_VOLUME * dvh.volume

    def _surely_not_everywhere(self, dvh: DVH, most_cc: float) -> bool:
        """Whether something does not get the dose; what surely gets it needs no such care, it is a sum of no noise."""
        in_doubt = any(part.guaranteed_below_cc > 0.0 for part in self._under(dvh))
        return in_doubt or most_cc < (1.0 - SAME_VOLUME) * dvh.volume

    def _surely_everywhere(self, dvh: DVH, least_cc: float) -> bool:
        """Whether everything gets the dose; see `_surely_nowhere`."""
        out_of_doubt = dvh.min_gy.high >= self._any.isodose.dose * self.unit_gy
        in_doubt = all(part.guaranteed_everywhere for part in self._under(dvh))
        return out_of_doubt and in_doubt and least_cc >= (1.0 - SAME_VOLUME) * dvh.volume

    def _volume_cc(self, dvh: DVH) -> tuple[float, float]:
        """The least and the largest volume that can get the dose: elements out of doubt, and what of the others is."""
        isodose = self._any.isodose
        # past the lower edge of a bin, the lower curve has what is surely in the bins above; the upper one has, at it,
        # what may be in the bin before and all above
        top_gy, bottom_gy = np.floor(isodose.most) * self.unit_gy, (np.floor(isodose.least) + 1.0) * self.unit_gy
        above_cc = float(dvh.lower.volume_at(np.nextafter([top_gy], np.inf))[0])
        below_cc = dvh.volume - float(dvh.upper.volume_at(np.array([bottom_gy]))[0])
        for part in self._under(dvh):
            above_cc += part.guaranteed_above_cc
            below_cc += part.guaranteed_below_cc
        return above_cc, dvh.volume - below_cc

    def _stepped(self, made: DVH, dvh: DVH) -> DVH:
        isodose = self._any.isodose
        least_cc, most_cc = self._volume_cc(dvh)
        slack_cc = SAME_VOLUME * dvh.volume
        over_gy, under_gy = (x * self.unit_gy for x in (isodose.dose + isodose.slack, isodose.dose - isodose.slack))
        least, most = made.min_gy, made.max_gy
        if least_cc > 0.0:
            most = _within(most, over_gy, np.inf)
        if self._surely_everywhere(dvh, least_cc):
            least = _within(least, over_gy, np.inf)
        if self._surely_not_everywhere(dvh, most_cc):
            least = _within(least, 0.0, under_gy)
        nowhere = self._surely_nowhere(dvh, most_cc)
        if nowhere:
            most = _within(most, 0.0, under_gy)
        return replace(
            made,
            lower=_at_least(made.lower, over_gy, least_cc),
            upper=_at_most(made.upper, under_gy, 0.0 if nowhere else max(most_cc, slack_cc)),
            min_gy=least,
            max_gy=most,
            narrowed_at_gy=(*made.narrowed_at_gy, isodose.dose * self.unit_gy),
        )

    @property
    def _any(self) -> IsodoseCut:
        return next(iter(self.parts.values()))

    def _under(self, dvh: DVH) -> Iterable[IsodoseCut]:
        """The parts that exist under a DVH's convention."""
        exist = CONVENTION_OF[dvh.end_caps] if dvh.end_caps else 0
        return (part for mask, part in self.parts.items() if mask & exist)


def _volume_cc(point: CurvePoint, dvh: DVH) -> float:
    return point.volume_percent / 100.0 * dvh.volume


def _within(band: Bounds, low_gy: float, high_gy: float) -> Bounds:
    """The band without what lies outside; its value is moved to its end where it lay there."""
    low, high = max(band.low, low_gy), min(band.high, high_gy)
    return Bounds(value=min(max(band.value, low), high), low=low, high=high) if low <= high else band


def _at_least(lower: Curve, dose_gy: float, volume: float) -> Curve:
    """A lower bound, knowing that so much volume gets the dose."""
    if volume <= float(lower.volume_at(np.array([dose_gy]))[0]):
        return lower
    level = float(lower.dose_at(np.array([volume]))[0]) if volume <= lower.volume[0] else 0.0
    before, after = (lower.dose_gy <= level) & (lower.volume >= volume), lower.dose_gy > dose_gy
    then = float(lower.volume_at(np.array([np.nextafter(dose_gy, np.inf)]))[0])
    return _frozen(
        [lower.dose_gy[before], [level, dose_gy, dose_gy], lower.dose_gy[after]],
        [lower.volume[before], [volume, volume, then], lower.volume[after]],
    )


def _at_most(upper: Curve, dose_gy: float, volume: float) -> Curve:
    """An upper bound, knowing that no more volume gets the dose."""
    now = float(upper.volume_at(np.array([dose_gy]))[0])
    if volume >= now:
        return upper
    level = float(upper.dose_at(np.array([volume]))[0]) if volume > 0.0 else dose_gy
    before, after = upper.dose_gy < dose_gy, (upper.dose_gy >= level) & (upper.volume <= volume) & (volume > 0.0)
    return _frozen(
        [upper.dose_gy[before], [dose_gy, dose_gy, level], upper.dose_gy[after]],
        [upper.volume[before], [now, volume, volume], upper.volume[after]],
    )


def _frozen(dose_gy: list[FloatArray | list[float]], volume: list[FloatArray | list[float]]) -> Curve:
    columns = [np.concatenate(column) for column in (dose_gy, volume)]
    for column in columns:
        column.setflags(write=False)
    return Curve(dose_gy=columns[0], volume=columns[1])

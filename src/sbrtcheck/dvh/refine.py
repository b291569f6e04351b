"""A computed DVH in; the same DVH with refined bounds out, everywhere or just at some doses.

Bounds are apart because an element has one dose in the sums and a range of doses in truth. Two ways bring them
together. Elements half as wide have about half the range (`refine_everywhere`), at eight times the work. A number that
is one point of the curve asks for less (`refine_at`): for the elements whose range of doses reaches over its dose, some
thousands along one isodose (`isodose_search`); and a mean asks for no isodose at all (`power_means`).

A volume at a dose is sought along the isodose of that dose. A dose at a volume ``v`` is sought along two isodoses, one
little below where it should be and one little above: where the curve passes right of one point and left of the other,
the dose lies between them. Where it does not, the volumes at both say where to look next::

    volume
        |  ---.___
      v |- - - x-|-x        x: two points, `close_gy` to either side of where the dose should be
        |        `-.___
        +--------------- dose
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from sbrtcheck.dvh.compute import dvh_with_readings, largest_dose, sampled_again, slice_solid
from sbrtcheck.dvh.dvh import DVH, NoDVH
from sbrtcheck.dvh.isodose_search import FoundAtIsodoses, IsodosePoint, IsodoseSearch
from sbrtcheck.dvh.power_means import with_power_means
from sbrtcheck.dvh.questions import DosePoint, DoseSought, MeanSought, Question, VolumeSought
from sbrtcheck.dvh.solids import SolidBuilder
from sbrtcheck.geometry import MAX_REFINEMENT, cell_cc
from sbrtcheck.geometry.isodose_refinement import Effort
from sbrtcheck.plan import Plan
from sbrtcheck.radiobiology import Quantity

MAX_ELEMENTS = 4_000_000
"""Bounds are refined with no more elements than this: a few seconds, and a hundredth of a voxel."""

AT_ONCE = 16
"""About so many isodoses are found in one pass over the elements: more would take more memory, and no less time."""

ELEMENTS = 1 << 21
"""So many elements are looked at along all isodoses of a structure together, a few seconds: in a noisy dose, hundreds
of thousands are undecided along each. Most structures have a hundredth of that."""

LEAST_ELEMENTS, LEAST_ELEMENTS_OF_LIMITS = 1 << 14, 1 << 19
"""But so many along each, however many isodoses there are; and so many where verdicts hang on them."""

CELLS = 1 << 18
"""So many cells are halved at once along all isodoses of a structure together."""

LEAST_CELLS, MOST_CELLS = 1 << 11, 1 << 14
"""But so many along each, however many isodoses there are, or few."""

MAX_ROUNDS = 3
"""A dose that is not where it should be is looked for elsewhere, and then once more."""

POINTS_AT_EXTREMES = 7
"""Maximum and minimum are sought at so many doses between their bounds: few cells are as hot, or as cold."""

WIDER = 2.0
"""Where too much is undecided to know a dose as closely as was asked, it is asked for at least so many times less
closely."""


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


def refine_at(plan: Plan | None, dvh: DVH, questions: Sequence[Question], known: Sequence[DVH] = ()) -> tuple[DVH, ...]:
    """For each question the DVH, its bounds refined at the doses of the question's points; see `DVHSet.narrowed`.

    Elements that the isodose of a point does not cross are in the DVH's bounds already, each as a whole; the volume
    found in the others is added, and the bounds get a step at the dose. A DVH that was refined before keeps its steps;
    where it is one of ``known``, the elements need not be summed up again to have their bounds.
    """
    if plan is None or dvh.quantity is not Quantity.PHYSICAL or dvh.sampling is None:
        return ()
    refined = list(known) or [dvh] * len(questions)
    means = [sought for question in questions for sought in question if isinstance(sought, MeanSought)]
    if means:
        found_means = with_power_means(plan, dvh, means)
        refined = [
            _with_means_of(found_means, each) if any(sought in means for sought in question) else each
            for each, question in zip(refined, questions, strict=True)
        ]
    unanswered = [
        (number, sought)
        for number, question in enumerate(questions)
        for sought in question
        if not isinstance(sought, MeanSought)
    ]
    sampled = sampled_again(plan, dvh) if unanswered else None
    if sampled is None:
        return tuple(refined) if means else ()
    isodoses = sum(2 if isinstance(sought, DoseSought) else 1 for _, sought in unanswered) or 1
    are_limits = not all(isinstance(sought, DoseSought | VolumeSought) for _, sought in unanswered)
    least_elements = LEAST_ELEMENTS_OF_LIMITS if are_limits else LEAST_ELEMENTS
    effort = Effort(
        elements=max(ELEMENTS // isodoses, least_elements), cells=min(max(CELLS // isodoses, LEAST_CELLS), MOST_CELLS)
    )
    for _ in range(MAX_ROUNDS):
        asked_again: list[tuple[int, _Sought]] = []
        for batch in _batches([(number, sought, _points_of(sought, refined[number])) for number, sought in unanswered]):
            found = IsodoseSearch.of(sampled, [point for *_, points in batch for point in points], effort)
            first = 0
            for number, sought, points in batch:
                places = range(first, first + len(points))
                first += len(points)
                for place in places:
                    refined[number] = found.put_into(refined[number], place)
                elsewhere = _elsewhere(sought, points, found, places, refined[number])
                asked_again += [(number, elsewhere)] if elsewhere else []
        unanswered = asked_again
    return tuple(refined)


def _with_means_of(found: DVH, refined: DVH) -> DVH:
    """A DVH of the same elements with the means that were found, too, under each convention."""
    pairs = zip((refined, *refined.alternatives), (found, *found.alternatives), strict=True)
    main, *others = (replace(one, power_means=(*one.power_means, *its.power_means)) for one, its in pairs)
    return replace(main, alternatives=tuple(others))


_Sought = DosePoint | DoseSought | VolumeSought
_Asked = tuple[int, _Sought, list[IsodosePoint]]


def _batches(asked: Iterable[_Asked]) -> Iterator[list[_Asked]]:
    """What is asked, about `AT_ONCE` isodoses at a time."""
    batch: list[_Asked] = []
    count = 0
    for each in asked:
        batch.append(each)
        count += len(each[-1])
        if count >= AT_ONCE:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


def _points_of(sought: _Sought, dvh: DVH) -> list[IsodosePoint]:
    """What has to be known along isodoses to answer a part of a question."""
    cc_per_percent = dvh.volume / 100.0
    match sought:
        case VolumeSought():
            return [IsodosePoint(dose_gy=sought.dose_gy, width_cc=sought.width_percent * cc_per_percent)]
        case DoseSought():
            volume_cc = sought.volume_percent * cc_per_percent
            is_extreme = dvh.is_extreme(volume_cc)
            if is_extreme:  # anywhere between its bounds
                bounds = dvh.dose_of_hottest(volume_cc)
                doses_gy = np.linspace(bounds.low, bounds.high, POINTS_AT_EXTREMES + 2)[1:-1].tolist()
            else:
                doses_gy = [max(sought.near_gy - sought.close_gy, 0.0), sought.near_gy + sought.close_gy]
            return [IsodosePoint(dose_gy=dose_gy, volume_cc=volume_cc, is_between=is_extreme) for dose_gy in doses_gy]
        case _:
            return [IsodosePoint(dose_gy=sought.dose_gy, volume_cc=sought.volume_percent * cc_per_percent)]


def _elsewhere(
    sought: _Sought, points: Sequence[IsodosePoint], found: FoundAtIsodoses, places: Sequence[int], dvh: DVH
) -> DoseSought | None:
    """Where to look next for a dose that was not found between two points; None where it was.

    ``dvh`` has the bounds with what was found at the points, the isodoses ``places``.
    """
    if not isinstance(sought, DoseSought):
        return None
    volume_cc = sought.volume_percent / 100.0 * dvh.volume
    bounds = dvh.dose_of_hottest(volume_cc)
    under, over = points[0], points[-1]
    gap_gy = over.dose_gy - under.dose_gy
    if bounds.high - bounds.low <= 2 * sought.close_gy:
        return None
    if dvh.is_extreme(volume_cc):
        return sought
    falls_by_cc = found.middle_cc(places[0]) - found.middle_cc(places[-1])
    if under.dose_gy < bounds.high and bounds.low < over.dose_gy:  # too much is undecided along one isodose at least
        undecided_cc = max(map(found.width_cc, places))
        # so far away, the curve has fallen by as much as is undecided
        wide_gy = undecided_cc / falls_by_cc * gap_gy if falls_by_cc > 0.0 else 0.0
        return replace(sought, close_gy=min(max(wide_gy, WIDER * sought.close_gy), bounds.high - bounds.low))
    if falls_by_cc > 0.0:
        near_gy = under.dose_gy + (found.middle_cc(places[0]) - volume_cc) / falls_by_cc * gap_gy
    else:
        near_gy = under.dose_gy - gap_gy if bounds.high <= under.dose_gy else over.dose_gy + gap_gy
    return replace(sought, near_gy=min(max(near_gy, bounds.low), bounds.high))

"""A plan and a target in, its plan indices with bounds out: what isodoses anywhere in the dose grid say of a target.

Dose outside every structure counts, so indices are computed on the whole grid: with the dose of the DVHs, trilinear
between grid points, and with the target's own prisms. With ``V_p`` the volume inside the isodose of ``p`` percent of
the prescription, ``T`` the volume of the target and ``T_p`` the part of it inside that isodose::

      .-----------------.   50 % isodose        R50%       = V_50 / T
     |    .---------.    |                      GI         = V_50 / V_100
     |   | +-------+ |   |                      CI_RTOG    = V_100 / T
     |   | |target | |   |  100 % isodose       CI_Paddick = (T_100 / T) (T_100 / V_100)
     |    `|-------|'    |                      V105%Rx_outside_PTV = V_105 - T_105
     |     +-------+     |                      D2cm       = largest dose 2 cm or more from the target
      `-----------------'

**Where an isodose leaves the dose grid**, only what lies inside is seen, so ``V_p`` can only be larger. An index that
rises with it keeps its value, open above. One that would fall (GI by ``V_100``, CI_Paddick) is not measured.

**Bounds.** A quotient is least with the least numerator and the largest denominator. Where the same places are in both
(CI_Paddick, the volume outside the target), the two are treated as independent: the bounds are wider than they had to
be, and hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sbrtcheck.dvh import (
    DVH,
    SAME_DOSE,
    Bounds,
    DVHSet,
    EndCaps,
    Model,
    Reason,
    VolumeUnit,
    largest_dose_on_faces,
    prisms_of,
)
from sbrtcheck.errors import GeometryError, MetricError
from sbrtcheck.geometry import GridFrame, PrismStack, grid_frame
from sbrtcheck.geometry.isodose_volume import NARROW_SHARE, IsodoseVolume, isodose_volume
from sbrtcheck.metric.close_bounds import closely
from sbrtcheck.metric.grammar import parse
from sbrtcheck.metric.metrics import (
    Index,
    IsodoseRatio,
    MaxDoseAtDistance,
    OfPlan,
    PlanIndex,
    Unit,
    VolumeOutside,
)
from sbrtcheck.metric.on_curve import Measurement, NotMeasured, needs_prescription
from sbrtcheck.plan import DoseGrid, Plan, UnknownPrescription
from sbrtcheck.structure_names import Recipe

if TYPE_CHECKING:
    from sbrtcheck.geometry.dose_at_distance import MaxDoseAtDistance as MaxDoseFarAway

DISTANCE_MM = 20.0
"""The distance of D2cm."""

_NOTHING_PRESCRIBED = NotMeasured(reason=Reason.VOLUME_TOO_SMALL, detail="no place receives the prescribed dose")


def measure_index(metric: OfPlan | str, dvhs: DVHSet, target: DVH | str) -> Measurement | NotMeasured:
    """Measure a plan index.

    Parameters
    ----------
    metric
        ``R50%[ratio]``, ``GI[ratio]``, ``CI_RTOG[ratio]``, ``CI_Paddick[ratio]``, ``D2cm[%Rx]`` or
        ``V105%Rx_outside_PTV[%PTV]``, parsed or not; other percents of the prescription likewise.
    dvhs
        Computed from a plan.
    target
        DVH of the target, or its name in ``dvhs``; `DVHSet.union` makes one of several targets.

    Returns
    -------
    Measurement | NotMeasured
        The value with its bounds. Where an isodose leaves the dose grid, only what lies inside is counted: the value
        is then the least it can be, and ``open_above`` is set. Not measured are stored DVHs, plans without a
        prescription, and what an isodose that leaves the grid could make smaller.

    Raises
    ------
    MetricError
        ``metric`` is text that is no plan index.
    KeyError
        ``dvhs`` has no DVH of that name.
    """
    parsed = parse(metric) if isinstance(metric, str) else metric
    if not isinstance(parsed, OfPlan):
        raise MetricError(f"metric {str(parsed)!r}: no plan index", hint="a DVH answers it: use measure")
    dvh = dvhs[target] if isinstance(target, str) else target
    refined = closely([parsed], dvh, dvhs).get(parsed, dvh)
    return index_from_isodoses(parsed, dvhs, refined, isodose_volumes([parsed], dvhs.plan), FarDoses(dvhs.plan))


IsodoseVolumes = Mapping[float, IsodoseVolume | NotMeasured]
"""Dose, Gy -> the volume anywhere in the dose grid that receives it, or why there is none."""


def isodose_volumes(metrics: Iterable[OfPlan], plan: Plan | None, bounds_share: float = NARROW_SHARE) -> IsodoseVolumes:
    """Find the isodose volumes that plan indices are made of: each once, for they do not depend on the target.

    Parameters
    ----------
    metrics
        The indices to be measured.
    plan
        Without a plan, or without a prescription, there are no isodoses of the prescription, and the result is empty.
    bounds_share
        How close together the bounds of the volumes are to be, as a share of the volume.
    """
    if plan is None or isinstance(plan.prescription, UnknownPrescription):
        return {}
    rx_gy = plan.prescription.dose_gy
    doses_gy = dict.fromkeys(dose_gy for metric in metrics for dose_gy in _isodoses_gy(metric, rx_gy))
    return {dose_gy: _isodose_volume(plan.dose, dose_gy, bounds_share) for dose_gy in doses_gy}


class FarDoses:
    """The largest doses at `DISTANCE_MM` and more from targets of a plan, each looked for once.

    No value but a tool for one report: several rows and steps ask for the same dose, and it takes as long to find as a
    DVH of the target.
    """

    def __init__(self, plan: Plan | None) -> None:
        self._plan = plan
        self._found: dict[_Shape, dict[EndCaps, MaxDoseFarAway | NotMeasured]] = {}

    def of(self, target: DVH) -> MaxDoseFarAway | NotMeasured:
        """The largest dose that far from a target, as its DVH was computed; or why it is not known."""
        solid = prisms_of(self._plan, target) if self._plan else None
        if solid is None or target.model is None or target.sampling is None:
            return NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail=f"{target.name} was not computed here")
        shape = target.sampling.recipes, target.sampling.reading, replace(target.model, end_caps=EndCaps.HALF_SLICE)
        found, caps = self._found.setdefault(shape, {}), target.model.end_caps
        if caps not in found:
            # what is far enough from a target is so from a smaller one too
            known = [found[wider] for wider in _WIDER_CAPS[caps] if wider in found]
            found[caps] = _far_dose(target.name, *solid, [far for far in known if not isinstance(far, NotMeasured)])
        return found[caps]


_Shape = tuple[tuple[Recipe, ...], int, Model]
"""What a target is but for its end caps: recipes, which reading of its contours, and the model."""

_WIDER_CAPS: Mapping[EndCaps, tuple[EndCaps, ...]] = {
    EndCaps.HALF_SLICE: (),
    EndCaps.CAPPED: (EndCaps.HALF_SLICE,),
    EndCaps.NONE: (EndCaps.HALF_SLICE, EndCaps.CAPPED),
}


def _far_dose(
    name: str, stack: PrismStack, frame: GridFrame, known: Sequence[MaxDoseFarAway]
) -> MaxDoseFarAway | NotMeasured:
    """The largest dose far from the prisms of a target; ``known`` are those far from larger ones."""
    if frame.resampled is not None:
        detail = f"the contour planes of {name} are tilted against the dose grid"
        return NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail=detail)
    from sbrtcheck.geometry.dose_at_distance import NOWHERE_GY, max_dose_at_distance

    reached_gy = max((far.low_gy for far in known), default=NOWHERE_GY)
    largest = max_dose_at_distance(stack, frame, DISTANCE_MM, reached_gy)
    if largest is None:
        detail = f"no place of the dose grid is {DISTANCE_MM / 10:g} cm from {name}"
        return NotMeasured(reason=Reason.DOSE_GRID_MISSING, detail=detail)
    return largest


def index_from_isodoses(
    metric: OfPlan, dvhs: DVHSet, target: DVH, isodoses: IsodoseVolumes, far_doses: FarDoses
) -> Measurement | NotMeasured:
    """Measure one index; as `measure_index`, from what was found for this and maybe other indices."""
    plan = dvhs.plan
    if plan is None or target.volume_unit is not VolumeUnit.CC:
        detail = "it needs the whole dose grid, not what a planning system stored"
        return NotMeasured(reason=Reason.UNDEFINED_FOR_STORED_DVH, detail=detail)
    if target.volume <= 0:
        return NotMeasured(reason=Reason.STRUCTURE_EMPTY)
    if isinstance(metric, MaxDoseAtDistance):
        return _max_dose_at_distance(metric, plan, far_doses.of(target))
    rx = plan.prescription
    if isinstance(rx, UnknownPrescription):
        return needs_prescription(rx)
    volumes = []
    for dose_gy in _isodoses_gy(metric, rx.dose_gy):
        volume = isodoses[dose_gy]
        if isinstance(volume, NotMeasured):
            return volume
        volumes.append(volume)
    return _from_volumes(metric, volumes, target, rx.dose_gy)


def parts_of_target(dvhs: DVHSet, target: DVH) -> int:
    """How many parts that do not touch a target has; 1 where that is not known."""
    from sbrtcheck.geometry.prism_lattice import parts_of

    plan = dvhs.plan
    solid = prisms_of(plan, target) if plan else None
    return parts_of(*solid) if solid else 1


def _isodoses_gy(metric: OfPlan, rx_gy: float) -> tuple[float, ...]:
    """The isodoses whose volumes an index is made of."""
    match metric:
        case MaxDoseAtDistance():
            return ()
        case IsodoseRatio(percent=percent) | VolumeOutside(dose=percent):
            return (percent / 100 * rx_gy,)
        case PlanIndex(index=Index.GI):
            return (rx_gy / 2, rx_gy)
        case PlanIndex():
            return (rx_gy,)


def _isodose_volume(grid: DoseGrid, dose_gy: float, bounds_share: float) -> IsodoseVolume | NotMeasured:
    """The volume that receives at least a dose; doses are one dose within the same rounding as in a DVH."""
    try:
        return isodose_volume(grid_frame(grid, 2), dose_gy - SAME_DOSE * grid.max_gy, bounds_share)
    except GeometryError as error:
        return NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail=str(error))


def _from_volumes(
    metric: IsodoseRatio | PlanIndex | VolumeOutside, volumes: Sequence[IsodoseVolume], target: DVH, rx_gy: float
) -> _Result:
    """An index from the volumes of its isodoses, in the order of `_isodoses_gy`."""
    match metric:
        case IsodoseRatio():
            return _ratio(volumes[0], target.volume)
        case VolumeOutside():
            covered = target.volume_at_dose(metric.dose / 100 * rx_gy)
            return _outside(metric, volumes[0], covered, target.volume)
        case PlanIndex():
            return _from_volumes_of_index(metric.index, volumes, target, rx_gy)


def _from_volumes_of_index(index: Index, volumes: Sequence[IsodoseVolume], target: DVH, rx_gy: float) -> _Result:
    match index:
        case Index.CI_RTOG:
            return _ratio(volumes[0], target.volume)
        case Index.CI_PADDICK:
            return _paddick(volumes[0], target.volume_at_dose(rx_gy), target.volume)
        case Index.GI:
            half, full = volumes
            return _gradient(half, full)


_Result = Measurement | NotMeasured


def _max_dose_at_distance(metric: MaxDoseAtDistance, plan: Plan, largest: MaxDoseFarAway | NotMeasured) -> _Result:
    rx = plan.prescription
    if metric.unit is Unit.GY:
        factor = 1.0
    elif isinstance(rx, UnknownPrescription):
        return needs_prescription(rx)
    else:
        factor = 100 / rx.dose_gy
    if isinstance(largest, NotMeasured):
        return largest
    high_gy = max(largest.high_gy, largest_dose_on_faces(plan))
    low = largest.low_gy * factor
    return Measurement(value=low, low=low, high=high_gy * factor, unit=metric.unit)


def _ratio(isodose: IsodoseVolume, target_cc: float) -> _Result:
    return Measurement(
        value=isodose.value_cc / target_cc,
        low=isodose.low_cc / target_cc,
        high=isodose.high_cc / target_cc,
        unit=Unit.RATIO,
        open_above=not isodose.closed,
    )


def _gradient(half: IsodoseVolume, full: IsodoseVolume) -> _Result:
    """GI: the 50 % isodose's volume for each of the 100 % isodose's."""
    if not full.closed:
        return _leaves_grid(Index.GI)
    if full.low_cc <= 0:
        return _NOTHING_PRESCRIBED
    return Measurement(
        value=half.value_cc / full.value_cc,
        low=half.low_cc / full.high_cc,
        high=half.high_cc / full.low_cc,
        unit=Unit.RATIO,
        open_above=not half.closed,
    )


def _paddick(isodose: IsodoseVolume, covered: Bounds, target_cc: float) -> _Result:
    """CI_Paddick: the covered share of the target times the share of the isodose that lies in the target."""
    if not isodose.closed:
        return _leaves_grid(Index.CI_PADDICK)
    if isodose.low_cc <= 0:
        return _NOTHING_PRESCRIBED
    low = covered.low**2 / (target_cc * isodose.high_cc)
    # no more of the isodose can lie in the target than there is of either
    high = min(covered.high**2 / (target_cc * isodose.low_cc), covered.high / target_cc, 1.0)
    value = covered.value**2 / (target_cc * isodose.value_cc)
    return Measurement(value=min(max(value, low), high), low=low, high=high, unit=Unit.RATIO)


def _outside(metric: VolumeOutside, isodose: IsodoseVolume, covered: Bounds, target_cc: float) -> _Result:
    """All that receives the dose, less what of the target does: volumes of a whole and its part subtract exactly."""
    factor = 1.0 if metric.unit is Unit.CC else 100 / target_cc
    low, value, high = (
        max(cc, 0.0) * factor
        for cc in (
            isodose.low_cc - covered.high,
            isodose.value_cc - covered.value,
            isodose.high_cc - covered.low,
        )
    )
    return Measurement(value=value, low=low, high=high, unit=metric.unit, open_above=not isodose.closed)


def _leaves_grid(index: Index) -> NotMeasured:
    detail = f"the 100 % isodose leaves the dose grid, and {index} is smaller the more of it lies outside"
    return NotMeasured(reason=Reason.ISODOSE_LEAVES_GRID, detail=detail)

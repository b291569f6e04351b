"""One exported structure -> its DVH with bounds, in Gy and cc; or why it has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrtcheck.dvh import DVH, NoDVH, Origin, Reason, VolumeUnit
from sbrtcheck.dvh.binned_dvh import (
    BinnedDvh,
    Curves,
    Notes,
    StatedStatistics,
    Unusable,
    cumulative_volumes,
    curves_of,
    falling_volumes,
    findings_of,
    in_cc,
    last_filled_bin,
    refuse_other_than_percent,
    statistics_of,
)
from sbrtcheck.plan import FindingCode, FloatArray, Prescription, UnknownPrescription
from sbrtcheck.text_export.export import (
    DoseUnit,
    ExportedPlan,
    ExportedStructure,
    NoTable,
    StatedDose,
    StatedDoseUnit,
    Table,
    UnknownUnit,
)
from sbrtcheck.text_export.numbers import Column, Number

WHOSE = "exported"
"""How findings call these DVHs."""

# Steps of dose that differ by less than this share are equal, and equal steps were printed without rounding.
_EQUAL_STEPS = 1e-6
# Doses and volumes outside these are of no patient: their unit is another than the one stated.
_MAX_GY, _MIN_GY = 1000.0, 1e-6
_MAX_CC, _MIN_CC = 1e6, 1e-6
# Doses in Gy and in percent in one table agree within this share of the largest.
_SAME_DOSE = 2e-3
# A table that leaves off with more than this share of the volume was cut off.
_LEFT_OVER = 1e-2
# A stated volume and that of the table, or of a differential DVH's sum, agree within this share.
_SAME_VOLUME = 0.02
# A table may begin at the upper edge of its first bin; a later beginning leaves the whole volume out.
_FIRST_BINS = 2.0


def dvh_of(
    exported: ExportedStructure, number: int, plan: ExportedPlan, rx: Prescription | UnknownPrescription, *, exact: bool
) -> DVH | NoDVH:
    """The DVH of a structure.

    Parameters
    ----------
    number
        Its place in the file, from 1.
    plan, rx
        Its plan as stated, and the prescription that holds.
    exact
        Whether the file states that each volume receives at least the dose beside it.
    """
    try:
        return _dvh(exported, number, plan, rx, exact=exact)
    except Unusable as why:
        return NoDVH(name=exported.name, number=number, reason=why.reason, detail=why.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Points:
    """Doses in Gy and the volume that receives at least each, shape ``(n,)``, with half of their last digits."""

    dose_gy: FloatArray
    rounding_gy: float
    volume: FloatArray
    rounding: FloatArray
    unit: VolumeUnit
    notes: Notes


def _dvh(
    exported: ExportedStructure, number: int, plan: ExportedPlan, rx: Prescription | UnknownPrescription, *, exact: bool
) -> DVH:
    max_gy = _gy(exported.maximum, plan)
    points = _points(exported, plan, max_gy)
    histogram = _histogram(points, max_gy, exact=exact and not _is_differential(exported))
    _refuse_cut_off(histogram, max_gy)
    curves = curves_of(histogram)
    statistics = statistics_of(histogram, curves, _stated(exported, plan), percent_of_gy=_percent_of_gy(plan, rx))
    if statistics.notes:  # nothing else in the file tells which of the two is right
        raise Unusable(Reason.UNIT_UNKNOWN, statistics.notes[0][1].partition(";")[0])
    sized = _curves_in_unit(curves, histogram, exported)
    outside = min(max(exported.outside_percent, 0.0), 100.0)
    return DVH(
        name=exported.name,
        number=number,
        origin=Origin.IMPORTED,
        volume=sized.volume,
        volume_unit=sized.unit,
        curve=sized.curves.curve,
        lower=sized.curves.lower,
        upper=sized.curves.upper,
        mean_gy=statistics.mean_gy,
        min_gy=statistics.min_gy,
        max_gy=statistics.max_gy,
        prescription=rx,
        volume_rounding_cc=sized.rounding_cc,
        uncovered_cc=outside / 100.0 * sized.volume if sized.unit is VolumeUnit.CC else 0.0,
        findings=findings_of(
            [*exported.notes, *points.notes, *sized.notes, *_outside_notes(outside)], WHOSE, exported.name
        ),
    )


def _outside_notes(percent: float) -> Notes:
    if percent <= 0.0:
        return []
    text = f"{percent:.3g} % of the structure has no dose, so the export says; how it counts that part, it does not"
    return [(FindingCode.OUTSIDE_DOSE_GRID, text)]


# Doses and volumes


def _points(exported: ExportedStructure, plan: ExportedPlan, max_gy: Number | None) -> _Points:
    table = exported.table
    if isinstance(table, NoTable):
        has_volume = exported.volume_cc is not None and exported.volume_cc.value > 0.0
        reason = Reason.STRUCTURE_EMPTY if table.empty and not has_volume else Reason.STRUCTURE_NOT_COMPUTED
        raise Unusable(reason, table.why)
    factor, notes = _gy_per_unit(table.dose_unit, plan)
    dose = table.dose.times(factor)
    _refuse_doses(dose, table.percent, plan, max_gy)
    if isinstance(table.volume_unit, UnknownUnit):
        raise _unknown_unit(table.volume_unit, "volume")
    volume = table.volume
    if bool(np.any(volume.values < -volume.halves)):
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, "its table has volumes below 0")
    if table.per_dose is not None:
        volume = _cumulative(table, table.per_dose, dose, plan, exported.volume_cc)
    values, rounding = falling_volumes(volume.values), volume.halves
    if table.volume_unit is VolumeUnit.PERCENT:
        refuse_other_than_percent(float(values[0]))
    else:
        _refuse_other_volume(float(values[0]), exported.volume_cc)
    rounding_gy = 0.0 if _has_equal_steps(dose.values) else float(np.max(dose.halves))
    return _Points(
        dose_gy=dose.values,
        rounding_gy=rounding_gy,
        volume=values,
        rounding=rounding,
        unit=table.volume_unit,
        notes=notes,
    )


def _is_differential(exported: ExportedStructure) -> bool:
    return isinstance(exported.table, Table) and exported.table.per_dose is not None


def _gy_per_unit(unit: StatedDoseUnit, plan: ExportedPlan) -> tuple[float, Notes]:
    match unit:
        case UnknownUnit():
            raise _unknown_unit(unit, "dose")
        case DoseUnit.GY:
            return 1.0, []
        case DoseUnit.CGY:
            return 0.01, []
        case DoseUnit.PERCENT:
            if plan.hundred_percent_gy is None:
                detail = "its doses are relative, and the export does not state the dose of 100 %"
                raise Unusable(Reason.PRESCRIPTION_UNKNOWN, detail)
            if plan.hundred_percent_gy > _MAX_GY:
                detail = f"its doses are percent of {plan.hundred_percent_gy:.4g} Gy: is that the unit of that dose?"
                raise Unusable(Reason.UNIT_UNKNOWN, detail)
            text = f"relative doses were read as percent of {plan.hundred_percent_gy:g} Gy"
            return plan.hundred_percent_gy / 100.0, [(FindingCode.RELATIVE_DOSE_SCALED, text)]


def _unknown_unit(unit: UnknownUnit, quantity: str) -> Unusable:
    return Unusable(
        Reason.UNIT_UNKNOWN, f"the unit of its {quantity} is {unit.shown}" if unit.text else f"no {quantity} unit"
    )


def _refuse_doses(dose: Column, percent: Column | None, plan: ExportedPlan, max_gy: Number | None) -> None:
    """Refuse doses that fall, that no patient receives, or that are not those in percent beside them."""
    gy, steps = dose.values, np.diff(dose.values)
    if gy[0] < 0.0:
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, "its table has doses below 0")
    if bool(np.any(steps < 0.0)):
        at = int(np.argmax(steps < 0.0))
        detail = f"the doses of its table fall, from {gy[at]:.4g} to {gy[at + 1]:.4g} Gy"
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, detail)
    if gy[-1] < _MIN_GY and max_gy is None:
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, "its table ends at 0 Gy, and no maximum is stated")
    if gy[-1] > _MAX_GY:
        raise Unusable(Reason.UNIT_UNKNOWN, f"its doses reach {gy[-1]:.4g} Gy: is that their unit?")
    if percent is None or plan.hundred_percent_gy is None:
        return
    as_gy = percent.times(plan.hundred_percent_gy / 100.0)
    if bool(np.any(np.abs(as_gy.values - gy) > as_gy.halves + dose.halves + _SAME_DOSE * gy[-1])):
        raise Unusable(Reason.UNIT_UNKNOWN, "its doses and its relative doses contradict each other")


def _has_equal_steps(dose_gy: FloatArray) -> bool:
    """Whether all steps are equal but for the first, which may be half of a bin."""
    steps = np.diff(dose_gy)[1:]
    return len(steps) > 1 and bool(np.max(steps) - np.min(steps) <= _EQUAL_STEPS * dose_gy[-1])


def _cumulative(
    table: Table, per: StatedDoseUnit, dose: Column, plan: ExportedPlan, volume_cc: Number | None
) -> Column:
    """Volumes of a differential DVH, summed from the top; they must come to the whole volume that is stated."""
    if len(dose) < 2:
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, "its differential table has one row, so no width of a bin")
    widths = np.append(np.diff(dose.values), dose.values[-1] - dose.values[-2]) / _gy_per_unit(per, plan)[0]
    sums = cumulative_volumes(table.volume.values * widths)
    whole = 100.0 if table.volume_unit is VolumeUnit.PERCENT else volume_cc.value if volume_cc else 0.0
    if abs(sums[0] - whole) > _SAME_VOLUME * whole + (volume_cc.half if volume_cc else 0.0):
        wanted = f"{whole:.4g}" if whole else "a stated volume"
        detail = f"its differential volumes come to {sums[0]:.4g}, not to {wanted}; export the cumulative DVH"
        raise Unusable(Reason.UNIT_UNKNOWN, detail)
    scale = whole / sums[0]
    return Column(values=sums * scale, halves=np.cumsum((table.volume.halves * widths)[::-1])[::-1] * scale)


def _refuse_other_volume(table_cc: float, stated: Number | None) -> None:
    if not _MIN_CC <= table_cc <= _MAX_CC:
        raise Unusable(Reason.UNIT_UNKNOWN, f"its volume is {table_cc:.4g} cc: is that its unit?")
    if stated is None or abs(table_cc - stated.value) <= _SAME_VOLUME * stated.value + stated.half:
        return
    detail = f"its table begins at {table_cc:.4g} cc, and its volume is stated as {stated.value:.4g} cc"
    raise Unusable(Reason.UNIT_UNKNOWN, detail)


# Bins


def _histogram(points: _Points, max_gy: Number | None, *, exact: bool) -> BinnedDvh:
    """The points as bins: each dose begins one; the last ends at the stated maximum, or is as wide as that before."""
    dose, volume, rounding = points.dose_gy, points.volume, points.rounding
    if dose[0] > 0.0:
        later = dose[dose > dose[0]]
        if len(later) and dose[0] > _FIRST_BINS * (later[0] - dose[0]) and volume[0] < _whole_volume(points):
            detail = f"its table begins at {dose[0]:.4g} Gy, so its whole volume is not in it"
            raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, detail)
        dose, volume = np.insert(dose, 0, 0.0), np.insert(volume, 0, volume[0])
        rounding = np.insert(rounding, 0, rounding[0])
    edges = _edges(dose, last_filled_bin(volume), max_gy)
    if not _MIN_GY <= edges[-1] <= _MAX_GY:
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, "its table ends before the stated maximum")
    bins = 0 if exact else 1
    return BinnedDvh(
        edges_gy=edges,
        volume=volume,
        unit=points.unit,
        early=bins,
        late=bins,
        rounding_gy=points.rounding_gy,
        rounding=rounding,
        last_rounding_gy=max_gy.half if max_gy is not None else 0.0,
    )


def _edges(dose_gy: FloatArray, last: int, max_gy: Number | None) -> FloatArray:
    """The doses and one more: the last bin with volume, number ``last``, ends at the stated maximum, if it may."""
    steps = np.diff(dose_gy)
    rising = steps[steps > 0.0]
    edges: FloatArray = np.append(dose_gy, dose_gy[-1] + rising[-1] if len(rising) else np.inf)
    if max_gy is None:
        return edges
    if last == len(dose_gy) - 1 and edges[last] < max_gy.value <= edges[-1]:
        edges[-1] = max_gy.value
    elif len(rising) and edges[last + 1] < max_gy.value <= edges[last + 1] + rising[-1]:
        # what lies above the last row prints as nothing
        edges[last + 1 :] = np.maximum(edges[last + 1 :], max_gy.value + max_gy.half)
    return edges


def _whole_volume(points: _Points) -> float:
    return 100.0 if points.unit is VolumeUnit.PERCENT else np.inf


def _refuse_cut_off(histogram: BinnedDvh, max_gy: Number | None) -> None:
    """Refuse a table that ends before the stated maximum, or without one while there is volume left."""
    end_gy, remaining = float(histogram.edges_gy[-2]), float(histogram.volume[-1] / histogram.volume[0])
    if max_gy is None:
        cut_off = remaining > _LEFT_OVER
    else:
        cut_off = remaining > 0.0 and max_gy.value > histogram.edges_gy[-1] + histogram.bin_gy + max_gy.half
    if cut_off:
        text = f"its table ends at {end_gy:.4g} Gy with {100.0 * remaining:.3g} % of the volume left: was it cut off?"
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, text)


# What is stated beside the table


def _gy(stated: StatedDose | None, plan: ExportedPlan) -> Number | None:
    """A stated dose in Gy; None where there is none, or its unit cannot be told. One below 0 is no dose."""
    if stated is None or isinstance(stated.unit, UnknownUnit):
        return None
    if stated.unit is DoseUnit.PERCENT and plan.hundred_percent_gy is None:
        return None
    factor, _ = _gy_per_unit(stated.unit, plan)
    if stated.number.value < 0.0:
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, f"it states a dose of {stated.number.value * factor:.4g} Gy")
    return Number(value=stated.number.value * factor, half=stated.number.half * factor)


def _stated(exported: ExportedStructure, plan: ExportedPlan) -> StatedStatistics | None:
    mean, minimum, maximum = (_gy(stated, plan) for stated in (exported.mean, exported.minimum, exported.maximum))
    if mean is None or minimum is None or maximum is None:
        return None
    return StatedStatistics(mean=mean.value, minimum=minimum.value, maximum=maximum.value)


def _percent_of_gy(plan: ExportedPlan, rx: Prescription | UnknownPrescription) -> float | None:
    if plan.hundred_percent_gy is not None:
        return plan.hundred_percent_gy
    return rx.dose_gy if isinstance(rx, Prescription) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _CurvesInUnit:
    """Curves in ``unit``, the whole volume in it, and half of the last digit of a stated volume that they hang on."""

    curves: Curves
    volume: float
    unit: VolumeUnit
    rounding_cc: float = 0.0
    notes: Notes


def _curves_in_unit(curves: Curves, histogram: BinnedDvh, exported: ExportedStructure) -> _CurvesInUnit:
    """Curves in cc where the volume is known, else in percent as they are."""
    stated = exported.volume_cc
    if histogram.unit is VolumeUnit.CC:
        volume = float(histogram.volume[0])
        summed_to = stated.half if stated is not None and _is_differential(exported) else 0.0
        return _CurvesInUnit(
            curves=curves, volume=volume, unit=VolumeUnit.CC, rounding_cc=min(summed_to, volume), notes=[]
        )
    if stated is None or not _MIN_CC <= stated.value <= _MAX_CC:
        text = "volumes are relative; metrics in cc cannot be measured"
        if stated is not None:
            text = f"its volume is stated as {stated.value:g} cc, so {text}"
        notes = [(FindingCode.STORED_DVH_UNITS, text)]
        return _CurvesInUnit(curves=curves, volume=100.0, unit=VolumeUnit.PERCENT, notes=notes)
    return _CurvesInUnit(
        curves=in_cc(curves, stated.value),
        volume=stated.value,
        unit=VolumeUnit.CC,
        rounding_cc=min(stated.half, stated.value),
        notes=[],
    )

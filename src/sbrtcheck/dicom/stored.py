"""DVH Sequence of an RTDOSE in, DVHs out; what cannot be trusted in it is refused or reported, never guessed.

DVH Data are pairs of bin width and volume. The volume of a cumulative histogram is read as that which gets at least the
dose at the lower edge of its bin, so that the first one is the whole volume. Some systems mean the upper edge. The
bounds hold for both: the true curve may fall right after each lower edge, or as late as one bin after each upper edge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from sbrtcheck.dicom.tags import decimals, integer, items, number, word
from sbrtcheck.dvh import DVH, Band, Curve, DVHSet, NoDVH, Origin, Reason, VolumeUnit
from sbrtcheck.errors import DicomError, InputError
from sbrtcheck.plan import Finding, FindingCode, FloatArray, Prescription, UnknownPrescription

STORED_MEND = "use computed DVHs (dvhs='computed', --dvhs computed)"

# Share of the whole volume below which a bin holds only rounding noise of the system that wrote it.
_NOISE = 1e-9
# Volumes that rise by more than this share of the whole are no cumulative histogram with noise.
_RISE = 1e-3
# Stated minimum, maximum and mean agree with the curve within this share and two bins.
_AGREEMENT = 0.02
# A stored DVH may come from a finer grid than the RTDOSE's; beyond this factor its doses are in another unit.
_ABOVE_GRID = 1.2
# Relative volumes start at 100, up to rounding.
_WHOLE_PERCENT = 0.5

Names = Mapping[int, tuple[str, str]]


class _Unusable(Exception):  # noqa: N818 - never leaves this module
    """One stored DVH that cannot be used."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What all DVHs of one RTDOSE share; ``maximum_gy`` is of the grid, None when it has none to compare with."""

    shown: str
    names: Names
    prescription: Prescription | UnknownPrescription
    normalization_gy: float | None
    maximum_gy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Histogram:
    """Edges shape ``(n + 1,)`` from 0, Gy; volume with at least each lower edge's dose, shape ``(n,)``."""

    edges_gy: FloatArray
    volume: FloatArray
    unit: VolumeUnit
    findings: tuple[str, ...]


def stored_dvhs(
    dose: Dataset,
    shown: str,
    *,
    names: Names,
    maximum_gy: float | None,
    prescription: Prescription | UnknownPrescription,
    provenance: Mapping[str, str | tuple[str, ...]],
    findings: tuple[Finding, ...],
) -> DVHSet:
    """All DVHs of an RTDOSE.

    Parameters
    ----------
    dose, shown
        The RTDOSE, and how messages name it.
    names
        ROI number -> name and interpreted type, from the structure set; empty without one.
    maximum_gy
        Largest dose of the grid, to recognise other units; None when there is none to compare with.
    prescription
        For relative doses, and to recognise percentages.
    provenance, findings
        Handed through.

    Raises
    ------
    InputError
        When there is no DVH Sequence.
    """
    sequence = items(dose, 0x30040050, shown)
    if not sequence:
        raise InputError("the RTDOSE stores no DVHs", shown, STORED_MEND)
    context = _Context(
        shown=shown,
        names=names,
        prescription=prescription,
        normalization_gy=number(dose, 0x30040042),
        maximum_gy=maximum_gy,
    )
    read = _one_for_each_roi([_dvh(item, context) for item in sequence])
    read = _unless_all_hundred(read)
    dvhs = tuple(one for one in read if isinstance(one, DVH))
    without = tuple(one for one in read if isinstance(one, NoDVH))
    return DVHSet(
        dvhs=dvhs,
        without=(*without, *_not_stored(read, names)),
        prescription=prescription,
        origin=Origin.STORED,
        provenance=provenance,
        findings=findings,
    )


def _not_stored(read: list[DVH | NoDVH], names: Names) -> tuple[NoDVH, ...]:
    stored = {one.number for one in read}
    return tuple(
        NoDVH(
            name=name,
            number=roi,
            kind=kind,
            reason=Reason.STRUCTURE_NOT_COMPUTED,
            detail="the RTDOSE stores no DVH for it",
        )
        for roi, (name, kind) in names.items()
        if roi not in stored
    )


# Which structure


def _dvh(item: Dataset, context: _Context) -> DVH | NoDVH:
    roi, roi_notes, trouble = _roi(item, context.shown)
    name, kind = context.names.get(roi, (f"ROI {roi}", "")) if roi >= 0 else (_several_names(item, context), "")
    if trouble:
        return NoDVH(name=name, number=roi, kind=kind, reason=Reason.STRUCTURE_NOT_COMPUTED, detail=trouble)
    try:
        histogram = _histogram(item, context)
    except _Unusable as why:
        return NoDVH(name=name, number=roi, kind=kind, reason=why.reason, detail=why.detail)
    return _named(item, context, histogram, name, roi, kind, roi_notes)


def _roi(item: Dataset, shown: str) -> tuple[int, tuple[str, ...], str]:
    """Number of the one ROI, notes, and why there is none (number -1)."""
    parts = [(word(one, 0x30040062).upper(), integer(one, 0x30060084)) for one in items(item, 0x30040060, shown)]
    if not parts:
        return -1, (), "the stored DVH names no ROI"
    if len(parts) > 1 or parts[0][0] == "EXCLUDED":
        return -1, (), "the stored DVH is of a combination of ROIs"
    contribution, roi = parts[0]
    if roi is None:
        return -1, (), "the stored DVH names no usable ROI number"
    if contribution not in {"INCLUDED", ""}:
        return -1, (), f"the stored DVH has the unknown contribution {contribution!r}"
    return roi, () if contribution else ("states no contribution of its only ROI; INCLUDED was assumed",), ""


def _several_names(item: Dataset, context: _Context) -> str:
    """Readable name of a combination: ``Liver - GTV``."""
    text = ""
    for one in items(item, 0x30040060, context.shown):
        roi = integer(one, 0x30060084)
        roi_name = context.names.get(roi, (f"ROI {roi}", ""))[0] if roi is not None else "ROI ?"
        sign = "-" if word(one, 0x30040062).upper() == "EXCLUDED" else "+"
        text = f"{text} {sign} {roi_name}" if text or sign == "-" else roi_name
    return text.strip() or "unnamed"


def _one_for_each_roi(read: list[DVH | NoDVH]) -> list[DVH | NoDVH]:
    """Several usable DVHs of one ROI: that in cc when it is the only such one, else none."""
    usable = Counter(one.number for one in read if isinstance(one, DVH))
    absolute = Counter(one.number for one in read if isinstance(one, DVH) and one.volume_unit is VolumeUnit.CC)
    kept: list[DVH | NoDVH] = []
    for one in read:
        times = usable[one.number]
        if times < 2 or (isinstance(one, DVH) and one.volume_unit is VolumeUnit.CC and absolute[one.number] == 1):
            kept.append(one)
        elif absolute[one.number] != 1 and all(other.number != one.number for other in kept):
            detail = f"the RTDOSE stores {times} DVHs for it"
            reason = Reason.STRUCTURE_AMBIGUOUS
            kept.append(NoDVH(name=one.name, number=one.number, kind=one.kind, reason=reason, detail=detail))
    return kept


def _unless_all_hundred(read: list[DVH | NoDVH]) -> list[DVH | NoDVH]:
    """Refuse volumes labelled CM3 that are all exactly 100: they are percentages, of volumes that nobody stated."""
    cc = [one for one in read if isinstance(one, DVH) and one.volume_unit is VolumeUnit.CC]
    if len(cc) < 2 or any(abs(one.volume - 100.0) > 1e-6 for one in cc):
        return read
    detail = "all stored volumes are 100 cc: they look like percent"
    return [
        NoDVH(name=one.name, number=one.number, kind=one.kind, reason=Reason.UNIT_UNKNOWN, detail=detail)
        if one in cc
        else one
        for one in read
    ]


# Its histogram


def _histogram(item: Dataset, context: _Context) -> _Histogram:
    widths, volumes, notes = _pairs(item, context.shown)
    widths_gy = widths * _gy_per_dose_unit(item, context)
    unit = _volume_unit(item)
    cumulative, more = _cumulative(item, volumes)
    if unit is VolumeUnit.PERCENT and abs(cumulative[0] - 100.0) > _WHOLE_PERCENT:
        detail = f"relative volumes begin at {cumulative[0]:g}, not at 100 %"
        raise _Unusable(Reason.UNIT_UNKNOWN, detail)
    edges_gy = np.concatenate([[0.0], np.cumsum(widths_gy)])
    last = int(np.flatnonzero(cumulative > _NOISE * cumulative[0])[-1])
    _refuse_above_grid(widths, float(edges_gy[last]), context)
    return _Histogram(edges_gy=edges_gy[: last + 2], volume=cumulative[: last + 1], unit=unit, findings=(*notes, *more))


def _pairs(item: Dataset, shown: str) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Widths and volumes, each shape ``(n,)``."""
    data = _data(item, shown)
    if len(data) < 2 or len(data) % 2:
        raise _Unusable(Reason.STRUCTURE_NOT_COMPUTED, f"DVH Data has {len(data)} numbers, no pairs")
    pairs = data.reshape(-1, 2)
    if np.any(pairs[:, 0] <= 0.0):
        raise _Unusable(Reason.UNIT_UNKNOWN, "DVH Data has bin widths that are not above 0")
    stated = integer(item, 0x30040056)
    if stated == len(pairs):
        return pairs[:, 0], pairs[:, 1], ()
    return pairs[:, 0], pairs[:, 1], (f"states {stated} bins and has {len(pairs)}; all of them were used",)


def _data(item: Dataset, shown: str) -> FloatArray:
    try:
        return decimals(item, 0x30040058, shown)
    except DicomError as error:
        raise _Unusable(Reason.STRUCTURE_NOT_COMPUTED, error.what) from error


def _gy_per_dose_unit(item: Dataset, context: _Context) -> float:
    scaling = number(item, 0x30040052) if 0x30040052 in item else 1.0
    if scaling is None or scaling <= 0.0:
        raise _Unusable(Reason.UNIT_UNKNOWN, "DVH Dose Scaling is not above 0")
    units = word(item, 0x30040002).upper()
    if units == "GY":
        return scaling
    if units != "RELATIVE":
        raise _Unusable(Reason.UNIT_UNKNOWN, f"dose units are {units or 'missing'!r}")
    if context.normalization_gy is not None and context.normalization_gy > 0.0:
        return scaling * context.normalization_gy / 100.0
    if isinstance(context.prescription, Prescription):
        return scaling * context.prescription.dose_gy / 100.0
    raise _Unusable(Reason.PRESCRIPTION_UNKNOWN, "its doses are relative to an unknown dose")


def _volume_unit(item: Dataset) -> VolumeUnit:
    match word(item, 0x30040054).upper():
        case "CM3":
            return VolumeUnit.CC
        case "PERCENT":
            return VolumeUnit.PERCENT
        case other:
            raise _Unusable(Reason.UNIT_UNKNOWN, f"volume units are {other or 'missing'!r}")


def _cumulative(item: Dataset, volumes: FloatArray) -> tuple[FloatArray, tuple[str, ...]]:
    """Volume with at least the dose of each lower edge: never rising, never below 0."""
    kind = word(item, 0x30040001).upper()
    if kind == "DIFFERENTIAL":
        summed = np.cumsum(np.maximum(volumes, 0.0)[::-1])[::-1]
        return _with_volume(summed), ()
    if kind != "CUMULATIVE":
        raise _Unusable(Reason.STRUCTURE_NOT_COMPUTED, f"DVH Type is {kind or 'missing'!r}")
    falling = _with_volume(np.maximum(np.minimum.accumulate(volumes), 0.0))
    rise = float(np.max(volumes - falling))
    if rise > _RISE * falling[0]:
        detail = f"labelled CUMULATIVE, but its volumes rise (by {rise:.3g})"
        raise _Unusable(Reason.STRUCTURE_NOT_COMPUTED, detail)
    return falling, ()


def _with_volume(cumulative: FloatArray) -> FloatArray:
    if not cumulative[0] > 0.0:
        raise _Unusable(Reason.STRUCTURE_EMPTY, "the stored DVH has no volume")
    return cumulative


def _refuse_above_grid(widths: FloatArray, top_gy: float, context: _Context) -> None:
    if context.maximum_gy is None or top_gy <= _ABOVE_GRID * context.maximum_gy:
        return
    rising = len(widths) > 2 and bool(np.all(np.diff(widths) > 0.0))
    guess = "doses instead of bin widths" if rising else "another unit than the one stated"
    detail = f"it reaches {top_gy:.4g} Gy where the dose grid has at most {context.maximum_gy:.4g} Gy: {guess}?"
    raise _Unusable(Reason.UNIT_UNKNOWN, detail)


# Its numbers


def _named(
    item: Dataset, context: _Context, histogram: _Histogram, name: str, roi: int, kind: str, notes: tuple[str, ...]
) -> DVH:
    curve, lower, upper = _curves(histogram)
    mean, least, most, findings = _statistics(item, context, histogram, (curve, lower, upper))
    texts = [(FindingCode.STORED_DVH_INCOMPLETE, text) for text in (*notes, *histogram.findings)] + findings
    texts += _volume_notes(histogram) + _type_notes(item, context)
    return DVH(
        name=name,
        number=roi,
        kind=kind,
        origin=Origin.STORED,
        volume=100.0 if histogram.unit is VolumeUnit.PERCENT else float(histogram.volume[0]),
        volume_unit=histogram.unit,
        curve=curve,
        lower=lower,
        upper=upper,
        mean_gy=mean,
        min_gy=least,
        max_gy=most,
        prescription=context.prescription,
        findings=tuple(Finding(code=code, text=f"stored DVH: {text}", subject=name) for code, text in texts),
    )


def _curves(histogram: _Histogram) -> tuple[Curve, Curve, Curve]:
    """Linear between the edges; falling at once after each edge; falling a whole bin after the next."""
    edges = histogram.edges_gy
    volume = np.append(histogram.volume, 0.0)
    if histogram.unit is VolumeUnit.PERCENT:
        volume = volume * (100.0 / volume[0])
    latest = _latest_edges(edges)
    early = Curve(dose_gy=np.repeat(edges[:-1], 2), volume=np.repeat(volume, 2)[1:-1])
    late = Curve(
        dose_gy=np.concatenate([[0.0], np.repeat(latest, 2)]), volume=np.append(np.repeat(volume[:-1], 2), 0.0)
    )
    return Curve(dose_gy=edges, volume=volume), early, late


def _latest_edges(edges_gy: FloatArray) -> FloatArray:
    """Where the volume of each bin is gone at the latest, shape ``(n,)``: one bin after its upper edge."""
    return np.append(edges_gy[2:], 2.0 * edges_gy[-1] - edges_gy[-2])


def _statistics(
    item: Dataset, context: _Context, histogram: _Histogram, curves: tuple[Curve, Curve, Curve]
) -> tuple[Band, Band, Band, list[tuple[FindingCode, str]]]:
    """Mean, minimum and maximum with bounds: the stated ones where they agree with the curve, else the curve's."""
    curve, lower, upper = curves
    bin_gy = float(np.max(np.diff(histogram.edges_gy)))
    mean = Band(value=_mean(curve), low=_mean(lower), high=_mean(upper))
    least = _minimum(histogram)
    most = Band(value=float(curve.dose_gy[-1]), low=float(lower.dose_gy[-1]), high=float(upper.dose_gy[-1]))
    stated = [number(item, tag) for tag in (0x30040074, 0x30040070, 0x30040072)]
    if any(value is None for value in stated):
        return mean, least, most, [(FindingCode.STORED_DVH_INCOMPLETE, "minimum, maximum or mean is not stated")]
    stated_mean, stated_least, stated_most = (value for value in stated if value is not None)
    unit, factor = _unit_of(((stated_mean, mean.value), (stated_most, most.value)), bin_gy, context)
    if unit != "GY":
        return mean, least, most, [(FindingCode.STORED_DVH_UNITS, _unit_note(unit, factor, stated_mean, mean.value))]
    return _nearest(stated_mean, mean), _nearest(stated_least, least), _nearest(stated_most, most), []


def _nearest(stated: float, band: Band) -> Band:
    return Band(value=min(max(stated, band.low), band.high), low=band.low, high=band.high)


def _mean(curve: Curve) -> float:
    return float(np.trapezoid(curve.volume, curve.dose_gy)) / float(curve.volume[0])


def _minimum(histogram: _Histogram) -> Band:
    whole = np.flatnonzero(histogram.volume >= histogram.volume[0] * (1.0 - _NOISE))[-1]
    low = float(histogram.edges_gy[whole])
    return Band(value=low, low=low, high=float(_latest_edges(histogram.edges_gy)[whole]))


def _unit_of(pairs: tuple[tuple[float, float], ...], bin_gy: float, context: _Context) -> tuple[str, float]:
    """The unit in which stated numbers agree with the curve: ``GY``, ``PERCENT``, ``CGY``, or ``""`` for none."""
    units = {"GY": 1.0, "CGY": 0.01}
    if isinstance(context.prescription, Prescription):
        units["PERCENT"] = context.prescription.dose_gy / 100.0
    for unit, factor in units.items():
        if all(abs(stated * factor - own) <= _AGREEMENT * own + 2.0 * bin_gy for stated, own in pairs):
            return unit, factor
    return "", 1.0


def _unit_note(unit: str, factor: float, stated_mean: float, mean_gy: float) -> str:
    used = "those of its curve are used"
    match unit:
        case "PERCENT":
            return f"minimum, maximum and mean are percent of {100.0 * factor:g} Gy though labelled Gy; {used}"
        case "CGY":
            return f"minimum, maximum and mean are cGy though labelled Gy; {used}"
        case _:
            return f"its stated mean {stated_mean:.4g} or maximum contradicts its curve (mean {mean_gy:.4g} Gy); {used}"


def _volume_notes(histogram: _Histogram) -> list[tuple[FindingCode, str]]:
    if histogram.unit is VolumeUnit.CC:
        return []
    return [(FindingCode.STORED_DVH_UNITS, "volumes are relative; metrics in cc cannot be measured")]


def _type_notes(item: Dataset, context: _Context) -> list[tuple[FindingCode, str]]:
    notes = []
    kind = word(item, 0x30040004).upper()
    if kind not in {"PHYSICAL", ""}:
        notes.append((FindingCode.DOSE_TYPE, f"Dose Type is {kind}, not physical dose"))
    if word(item, 0x30040002).upper() == "RELATIVE":
        of = 100.0 * _gy_per_dose_unit(item, context) / (number(item, 0x30040052) or 1.0)
        notes.append((FindingCode.RELATIVE_DOSE_SCALED, f"relative doses were taken as percent of {of:g} Gy"))
    return notes

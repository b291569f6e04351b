"""DVH Sequence of an RTDOSE -> DVHs; what cannot be trusted in it is refused or reported, never guessed.

DVH Data are pairs of bin width and volume. The volume of a cumulative histogram is read as that which receives at least
the dose at the lower edge of its bin, so that the first one is the whole volume. Some systems mean the upper edge. The
bounds hold for both: the true curve may fall right after each lower edge, or as late as one bin after each upper edge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.coded_words import coded_word
from sbrtcheck.dicom.elements import Elements
from sbrtcheck.dicom.tags import decimals, integer, number
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Origin, Reason, VolumeUnit
from sbrtcheck.dvh.binned_dvh import (
    BinnedDvh,
    StatedStatistics,
    Unusable,
    cumulative_volumes,
    curves_of,
    falling_volumes,
    findings_of,
    last_filled_bin,
    refuse_all_hundred,
    refuse_other_than_percent,
    statistics_of,
)
from sbrtcheck.errors import DicomError, InputError
from sbrtcheck.plan import Finding, FindingCode, FloatArray, Prescription, UnknownPrescription

STORED_HINT = "use computed DVHs (dvhs='computed', --dvhs computed)"

_MAX_SIZE = 1e12  # a larger number is no dose or volume, and would not stay finite in what follows
# A stored DVH may come from a finer grid than the RTDOSE's; if it differs by more than this factor, its doses are in
# another unit.
_ABOVE_GRID = 1.2

# A cumulative curve whose last bin still holds more than this share of the volume does not show where it ends.
_LEFT_OVER = 1e-2

_NO_ROI_NUMBER = -1  # of what is not the DVH of one ROI; ROIs are numbered from 0 or 1

Names = Mapping[int, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What all DVHs of one RTDOSE share; ``maximum_gy`` is of the grid, None when it has none to compare with.

    ``dose_type`` is that of the RTDOSE, for DVHs that state none.
    """

    display_name: str
    names: Names
    prescription: Prescription | UnknownPrescription
    normalization_gy: float | None
    maximum_gy: float | None
    dose_type: str


def has_dvhs(dose: Elements) -> bool:
    """Whether an RTDOSE has a DVH Sequence (PS3.3 C.8.8.4)."""
    return Tag.DVH_SEQUENCE in dose


def stored_dvhs(
    dose: Elements,
    display_name: str,
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
    dose, display_name
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
    sequence = dose.items(Tag.DVH_SEQUENCE, display_name)
    if not sequence:
        raise InputError("the RTDOSE stores no DVHs", display_name, STORED_HINT)
    context = _Context(
        display_name=display_name,
        names=names,
        prescription=prescription,
        normalization_gy=number(dose, Tag.DVH_NORMALIZATION_DOSE_VALUE),
        maximum_gy=maximum_gy,
        dose_type=coded_word(dose, Tag.DOSE_TYPE),
    )
    all_dvhs = _one_for_each_roi([_dvh(item, context) for item in sequence])
    all_dvhs = refuse_all_hundred(all_dvhs, "stored")
    dvhs = tuple(dvh for dvh in all_dvhs if isinstance(dvh, DVH))
    without = tuple(dvh for dvh in all_dvhs if isinstance(dvh, NoDVH))
    return DVHSet(
        dvhs=dvhs,
        without=(*without, *_structures_without_dvh(all_dvhs, names)),
        prescription=prescription,
        origin=Origin.STORED,
        provenance=provenance,
        findings=findings,
    )


def _structures_without_dvh(dvhs: list[DVH | NoDVH], names: Names) -> tuple[NoDVH, ...]:
    stored = {dvh.number for dvh in dvhs}
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


def _dvh(item: Elements, context: _Context) -> DVH | NoDVH:
    roi = _roi(item, context.display_name)
    if isinstance(roi, _NoRoi):
        name, reason = _several_names(item, context), Reason.STRUCTURE_NOT_COMPUTED
        return NoDVH(name=name, number=_NO_ROI_NUMBER, kind="", reason=reason, detail=roi.why)
    number = roi.number
    if number >= 0:
        name, kind = context.names.get(number, (f"ROI {number}", ""))
    else:
        name, kind = _several_names(item, context), ""
    try:
        histogram = _histogram(item, context)
    except Unusable as why:
        return NoDVH(name=name, number=number, kind=kind, reason=why.reason, detail=why.detail)
    return _dvh_of(item, context, histogram, name=name, roi=number, kind=kind, notes=roi.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roi:
    """The one ROI that a stored DVH is of."""

    number: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _NoRoi:
    """Why a stored DVH is not of one ROI."""

    why: str


def _roi(item: Elements, display_name: str) -> _Roi | _NoRoi:
    """The DVH Referenced ROI Sequence (PS3.3 C.8.8.4): one ROI, included."""
    parts = [
        (coded_word(part, Tag.DVH_ROI_CONTRIBUTION_TYPE), integer(part, Tag.REFERENCED_ROI_NUMBER))
        for part in item.items(Tag.DVH_REFERENCED_ROI_SEQUENCE, display_name)
    ]
    if not parts:
        return _NoRoi(why="the stored DVH names no ROI")
    if len(parts) > 1 or parts[0][0] == "EXCLUDED":
        return _NoRoi(why="the stored DVH is of a combination of ROIs")
    contribution, roi = parts[0]
    if roi is None:
        return _NoRoi(why="the stored DVH names no usable ROI number")
    if contribution not in {"INCLUDED", ""}:
        return _NoRoi(why=f"the stored DVH has the unknown contribution {contribution}")
    if contribution:
        return _Roi(number=roi)
    return _Roi(number=roi, notes=("states no contribution of its only ROI; INCLUDED was assumed",))


def _several_names(item: Elements, context: _Context) -> str:
    """Readable name of a combination: ``Liver - GTV``."""
    text = ""
    for part in item.items(Tag.DVH_REFERENCED_ROI_SEQUENCE, context.display_name):
        roi = integer(part, Tag.REFERENCED_ROI_NUMBER)
        roi_name = context.names.get(roi, (f"ROI {roi}", ""))[0] if roi is not None else "ROI ?"
        sign = "-" if coded_word(part, Tag.DVH_ROI_CONTRIBUTION_TYPE) == "EXCLUDED" else "+"
        text = f"{text} {sign} {roi_name}" if text or sign == "-" else roi_name
    return text.strip() or "unnamed"


def _one_for_each_roi(dvhs: list[DVH | NoDVH]) -> list[DVH | NoDVH]:
    """Several usable DVHs of one ROI: that in cc when it is the only such one, else none."""
    usable = Counter(dvh.number for dvh in dvhs if isinstance(dvh, DVH))
    absolute = Counter(dvh.number for dvh in dvhs if isinstance(dvh, DVH) and dvh.volume_unit is VolumeUnit.CC)
    kept: list[DVH | NoDVH] = []
    for dvh in dvhs:
        times = usable[dvh.number]
        if times < 2 or (isinstance(dvh, DVH) and dvh.volume_unit is VolumeUnit.CC and absolute[dvh.number] == 1):
            kept.append(dvh)
        elif absolute[dvh.number] != 1 and all(other.number != dvh.number for other in kept):
            detail = f"the RTDOSE stores {times} DVHs for it"
            reason = Reason.STRUCTURE_AMBIGUOUS
            kept.append(NoDVH(name=dvh.name, number=dvh.number, kind=dvh.kind, reason=reason, detail=detail))
    return kept


# Its histogram


def _histogram(item: Elements, context: _Context) -> tuple[BinnedDvh, tuple[str, ...]]:
    """The histogram without empty bins at its end, and notes on it."""
    if _dose_type(item, context) == "ERROR":
        detail = "its Dose Type is ERROR: the difference of two doses is no dose"
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, detail)
    widths, volumes, notes = _pairs(item, context.display_name)
    widths_gy = widths * _gy_per_dose_unit(item, context)
    unit = _volume_unit(item)
    cumulative = _cumulative(item, volumes)
    if unit is VolumeUnit.PERCENT:
        refuse_other_than_percent(float(cumulative[0]))
    edges_gy = np.concatenate([[0.0], np.cumsum(widths_gy)])
    last = last_filled_bin(cumulative)
    _refuse_no_size(edges_gy[last + 1])
    _refuse_above_grid(widths, float(edges_gy[last]), context)
    return BinnedDvh(edges_gy=edges_gy[: last + 2], volume=cumulative[: last + 1], unit=unit), notes


def _pairs(item: Elements, display_name: str) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Widths and volumes, each shape ``(n,)``."""
    data = _data(item, display_name)
    if len(data) < 2 or len(data) % 2:
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, f"DVH Data has {len(data)} numbers, no pairs")
    _refuse_no_size(np.abs(data).max())
    pairs = data.reshape(-1, 2)
    if np.any(pairs[:, 0] <= 0.0):
        raise Unusable(Reason.UNIT_UNKNOWN, "DVH Data has bin widths that are not above 0")
    stated = integer(item, Tag.DVH_NUMBER_OF_BINS)
    if stated == len(pairs):
        return pairs[:, 0], pairs[:, 1], ()
    return pairs[:, 0], pairs[:, 1], (f"states {stated} bins and has {len(pairs)}; all of them were used",)


def _refuse_no_size(largest: float) -> None:
    if not largest <= _MAX_SIZE:
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, "DVH Data has numbers that are no dose or volume")


def _data(item: Elements, display_name: str) -> FloatArray:
    try:
        return decimals(item, Tag.DVH_DATA, display_name)
    except DicomError as error:
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, error.what) from error


def _gy_per_dose_unit(item: Elements, context: _Context) -> float:
    scaling = number(item, Tag.DVH_DOSE_SCALING) if Tag.DVH_DOSE_SCALING in item else 1.0
    if scaling is None or scaling <= 0.0:
        raise Unusable(Reason.UNIT_UNKNOWN, "DVH Dose Scaling is not above 0")
    units = coded_word(item, Tag.DOSE_UNITS)
    if units == "GY":
        return scaling
    if units != "RELATIVE":
        raise Unusable(Reason.UNIT_UNKNOWN, f"dose units are {units or 'missing'}")
    if context.normalization_gy is not None and context.normalization_gy > 0.0:
        # in percent of the reference dose that the file gives (PS3.3 C.8.8.4)
        return scaling * context.normalization_gy / 100.0
    if isinstance(context.prescription, Prescription):
        return scaling * context.prescription.dose_gy / 100.0
    raise Unusable(Reason.PRESCRIPTION_UNKNOWN, "its doses are relative to an unknown dose")


def _volume_unit(item: Elements) -> VolumeUnit:
    match coded_word(item, Tag.DVH_VOLUME_UNITS):
        case "CM3":
            return VolumeUnit.CC
        case "PERCENT":
            return VolumeUnit.PERCENT
        case other:
            raise Unusable(Reason.UNIT_UNKNOWN, f"volume units are {other or 'missing'}")


def _cumulative(item: Elements, volumes: FloatArray) -> FloatArray:
    """Volume with at least the dose of each lower edge: never rising, never below 0."""
    match coded_word(item, Tag.DVH_TYPE):
        case "DIFFERENTIAL":
            return cumulative_volumes(volumes)
        case "CUMULATIVE":
            return falling_volumes(volumes)
        case kind:
            raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, f"DVH Type is {kind or 'missing'}")


def _refuse_above_grid(widths: FloatArray, top_gy: float, context: _Context) -> None:
    if context.maximum_gy is None or top_gy <= _ABOVE_GRID * context.maximum_gy:
        return
    # widths that rise all along are likely the doses of the bins, written in place of their widths
    rising = len(widths) > 2 and bool(np.all(np.diff(widths) > 0.0))
    guess = "doses instead of bin widths" if rising else "another unit than the one stated"
    detail = f"it reaches {top_gy:.4g} Gy where the dose grid has at most {context.maximum_gy:.4g} Gy: {guess}?"
    raise Unusable(Reason.UNIT_UNKNOWN, detail)


# Its numbers


def _dvh_of(
    item: Elements,
    context: _Context,
    histogram_and_notes: tuple[BinnedDvh, tuple[str, ...]],
    *,
    name: str,
    roi: int,
    kind: str,
    notes: tuple[str, ...],
) -> DVH:
    histogram, more = histogram_and_notes
    curves = curves_of(histogram)
    rx = context.prescription
    stated = _stated_statistics(item)
    statistics = statistics_of(
        histogram, curves, stated, percent_of_gy=rx.dose_gy if isinstance(rx, Prescription) else None
    )
    noticed = [(FindingCode.STORED_DVH_INCOMPLETE, text) for text in (*notes, *more)]
    if stated is None:
        noticed.append((FindingCode.STORED_DVH_INCOMPLETE, "minimum, maximum or mean is not stated"))
        noticed += _end_notes(item, histogram)
    noticed += [*statistics.notes, *_volume_notes(histogram), *_type_notes(item, context)]
    return DVH(
        name=name,
        number=roi,
        kind=kind,
        origin=Origin.STORED,
        volume=100.0 if histogram.unit is VolumeUnit.PERCENT else float(histogram.volume[0]),
        volume_unit=histogram.unit,
        curve=curves.curve,
        lower=curves.lower,
        upper=curves.upper,
        mean_gy=statistics.mean_gy,
        min_gy=statistics.min_gy,
        max_gy=statistics.max_gy,
        prescription=rx,
        findings=findings_of(noticed, "stored", name),
    )


def _stated_statistics(item: Elements) -> StatedStatistics | None:
    mean, minimum, maximum = (
        number(item, tag) for tag in (Tag.DVH_MEAN_DOSE, Tag.DVH_MINIMUM_DOSE, Tag.DVH_MAXIMUM_DOSE)
    )
    if mean is None or minimum is None or maximum is None:
        return None
    return StatedStatistics(mean=mean, minimum=minimum, maximum=maximum)


def _end_notes(item: Elements, histogram: BinnedDvh) -> list[tuple[FindingCode, str]]:
    """That a cumulative curve may have been cut off: it has no empty bin at its end, and volume left there."""
    bins, remaining = len(histogram.volume), float(histogram.volume[-1] / histogram.volume[0])
    has_empty_bin = 2 * bins < len(decimals(item, Tag.DVH_DATA, ""))
    if has_empty_bin or remaining <= _LEFT_OVER or coded_word(item, Tag.DVH_TYPE) != "CUMULATIVE":
        return []
    end = f"it ends at {histogram.edges_gy[-1]:.4g} Gy, with {100.0 * remaining:.3g} % of the volume in its last bin"
    return [(FindingCode.STORED_DVH_CONTRADICTORY, f"{end}, and states no maximum: was it cut off?")]


def _volume_notes(histogram: BinnedDvh) -> list[tuple[FindingCode, str]]:
    if histogram.unit is VolumeUnit.CC:
        return []
    return [(FindingCode.STORED_DVH_UNITS, "volumes are relative; metrics in cc cannot be measured")]


def _type_notes(item: Elements, context: _Context) -> list[tuple[FindingCode, str]]:
    notes = []
    kind = _dose_type(item, context)
    if kind not in {"PHYSICAL", ""}:
        notes.append((FindingCode.DOSE_TYPE, f"Dose Type is {kind}, not physical dose"))
    if coded_word(item, Tag.DOSE_UNITS) == "RELATIVE":
        expected = 100.0 * _gy_per_dose_unit(item, context) / (number(item, Tag.DVH_DOSE_SCALING) or 1.0)
        notes.append((FindingCode.RELATIVE_DOSE_SCALED, f"relative doses were read as percent of {expected:g} Gy"))
    return notes


def _dose_type(item: Elements, context: _Context) -> str:
    return coded_word(item, Tag.DOSE_TYPE) or context.dose_type

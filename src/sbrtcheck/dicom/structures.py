"""RTSTRUCT -> structures; their contours stay bytes of the file until they are read.

A ROI without a number of its own, or whose contours cannot be read, is damaged: it stays in the list, and reading its
contours says why. The others are not concerned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.coded_words import coded_word
from sbrtcheck.dicom.contours import ContourTexts, roi_contours, unreadable
from sbrtcheck.dicom.elements import Elements
from sbrtcheck.dicom.tags import integer, name, uid_text
from sbrtcheck.dvh import DERIVED_NUMBER
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import Finding, FindingCode, Structure


@dataclass(frozen=True, slots=True)
class _Observation:
    kind: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """A number that no other ROI of the file has; the file's own unless it has a ``fault``."""

    number: int
    stated: int | None
    fault: str | None = None


@dataclass(slots=True, kw_only=True)
class _RoiItems:
    """Everything that the ROI Contour items of one ROI hold; gathered item by item."""

    contours: list[Elements] = field(default_factory=list)
    planes: list[Elements] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What all ROIs of a structure set share; ``lost`` names the contours that belong to none of them."""

    display_name: str
    frame: str
    contours: dict[int, _RoiItems]
    observations: dict[int, list[_Observation]]
    lost: tuple[str, ...]


def structures_of(
    dataset: Elements, display_name: str, frame: str
) -> tuple[tuple[Structure, ...], tuple[Finding, ...]]:
    """All ROIs of a structure set in the order of the file, and what concerns none of them alone.

    Those without usable contours are empty, with a finding; reading those of a damaged one raises `DicomError`. A ROI
    whose own number is unusable is given one below `DERIVED_NUMBER` that no other has.

    Parameters
    ----------
    dataset
        The RTSTRUCT.
    display_name
        How messages name the file.
    frame
        Frame of Reference UID of the dose: contours of a ROI in another one are not used. ``""`` when unknown.

    Raises
    ------
    DicomError
        When one of the ROI sequences is missing or cannot be read.
    """
    rois = dataset.items(Tag.STRUCTURE_SET_ROI_SEQUENCE, display_name)
    if not rois:
        raise DicomError("the structure set has no structures", display_name, "export it again")
    if Tag.ROI_CONTOUR_SEQUENCE not in dataset:
        raise DicomError("the structure set has no ROI Contour Sequence (3006,0039)", display_name, "export it again")
    identities = _identities(rois)
    contours = _contours_of_rois(dataset, display_name)
    lost = _contours_of_no_roi(contours, identities, display_name)
    numbered = {number: items for number, items in contours.items() if number is not None}
    context = _Context(
        display_name=display_name,
        frame=frame,
        contours=numbered,
        observations=_observations(dataset, display_name),
        lost=tuple(lost),
    )
    structures = tuple(_structure(roi, identity, context) for roi, identity in zip(rois, identities, strict=True))
    texts = [f"the structure set has {text}: whose are they?" for text in lost]
    return structures, tuple(Finding(code=FindingCode.OTHER, text=text) for text in texts)


def names_and_kinds(dataset: Elements, display_name: str) -> dict[int, tuple[str, str]]:
    """Name and interpreted type of each ROI number as `structures_of` gives them: what stored DVHs need of a file."""
    observations = _observations(dataset, display_name)
    rois = dataset.items(Tag.STRUCTURE_SET_ROI_SEQUENCE, display_name)
    return {
        identity.number: (name(roi, Tag.ROI_NAME), _observation(identity, observations).kind)
        for roi, identity in zip(rois, _identities(rois), strict=True)
    }


# Which ROI


def _identities(rois: Sequence[Elements]) -> list[_Identity]:
    """The ROIs' numbers; those that are unusable in an order that the file's does not change."""
    stated = [integer(roi, Tag.ROI_NUMBER) for roi in rois]
    times = Counter(stated)
    unusable = [at for at, number in enumerate(stated) if number in {None, DERIVED_NUMBER} or times[number] > 1]
    unusable.sort(key=lambda at: (name(rois[at], Tag.ROI_NAME), stated[at] or 0))
    free = (number for number in count(DERIVED_NUMBER - 1, -1) if number not in times)
    instead = dict(zip(unusable, free, strict=False))
    return [
        _Identity(number=instead.get(at, number or 0), stated=number, fault=_number_fault(number, times[number]))
        for at, number in enumerate(stated)
    ]


def _number_fault(number: int | None, times: int) -> str | None:
    if number is None:
        return "the ROI has no usable number (3006,0022) by which its contours could be told"
    if times > 1:
        # numbers must be unique in a structure set (PS3.3 C.8.8.5), for contours refer to them alone
        return f"ROI number {number} belongs to {times} ROIs, and the contours with it to any of them"
    return None


def _contours_of_rois(dataset: Elements, display_name: str) -> dict[int | None, _RoiItems]:
    """Contour items of each ROI number; of None where an item has no usable one."""
    by_number: dict[int | None, _RoiItems] = {}
    for roi in dataset.items(Tag.ROI_CONTOUR_SEQUENCE, display_name):
        of_roi = by_number.setdefault(integer(roi, Tag.REFERENCED_ROI_NUMBER), _RoiItems())
        try:
            of_roi.contours.extend(roi.items(Tag.CONTOUR_SEQUENCE, display_name))
        except DicomError as error:
            of_roi.faults.append(error.what)
        if Tag.SOURCE_PIXEL_PLANES_CHARACTERISTICS_SEQUENCE in roi:
            of_roi.planes.extend(_planes(roi))
    return by_number


def _planes(roi: Elements) -> Sequence[Elements]:
    """Items of the Source Pixel Planes Characteristics Sequence; what is optional and damaged is not there."""
    try:
        return roi.items(Tag.SOURCE_PIXEL_PLANES_CHARACTERISTICS_SEQUENCE)
    except DicomError:
        return []


def _contours_of_no_roi(
    contours: dict[int | None, _RoiItems], identities: Sequence[_Identity], display_name: str
) -> list[str]:
    """Contours with an area that belong to no ROI of the file."""
    numbers = {identity.stated for identity in identities} - {None}
    texts = []
    for number, of_roi in contours.items():
        if number in numbers:
            continue
        if of_roi.faults or roi_contours(of_roi.contours, (), display_name, "").source.is_contoured:
            unnumbered = "contours without a usable Referenced ROI Number"
            texts.append(unnumbered if number is None else f"contours of ROI number {number}, which no ROI has")
    return sorted(texts)


def _observations(dataset: Elements, display_name: str) -> dict[int, list[_Observation]]:
    by_number: dict[int, list[_Observation]] = {}
    for item in dataset.items(Tag.RT_ROI_OBSERVATIONS_SEQUENCE, display_name):
        number = integer(item, Tag.REFERENCED_ROI_NUMBER)
        if number is not None:
            by_number.setdefault(number, []).append(
                _Observation(coded_word(item, Tag.RT_ROI_INTERPRETED_TYPE), _codes(item))
            )
    return by_number


def _observation(identity: _Identity, observations: dict[int, list[_Observation]]) -> _Observation:
    """What was observed of a ROI: the first that has its number; where several ROIs have it, what holds for all."""
    same_number = observations.get(identity.stated, []) if identity.stated is not None else []
    if identity.fault is not None:
        return same_number[0] if len(set(same_number)) == 1 else _Observation()
    return same_number[0] if same_number else _Observation()


def _codes(observation: Elements) -> tuple[str, ...]:
    """Meanings, then values, of the identification codes."""
    codes = observation.items(Tag.RT_ROI_IDENTIFICATION_CODE_SEQUENCE)
    texts = [name(code, Tag.CODE_MEANING) for code in codes] + [name(code, Tag.CODE_VALUE) for code in codes]
    return tuple(dict.fromkeys(text for text in texts if text))


# Its structure


def _structure(roi: Elements, identity: _Identity, context: _Context) -> Structure:
    roi_name = name(roi, Tag.ROI_NAME)
    place = f"{context.display_name}: ROI {identity.number} {roi_name!r}"
    of_roi = context.contours.get(identity.stated, _RoiItems()) if identity.stated is not None else _RoiItems()
    observed = _observation(identity, context.observations)
    fault = _fault(identity, of_roi, context)
    if fault is not None:
        source = unreadable(place, fault)
        return Structure(
            name=roi_name, number=identity.number, kind=observed.kind, codes=observed.codes, contours=source
        )
    contours = roi_contours(of_roi.contours, of_roi.planes, place, roi_name)
    source, findings = contours.source, contours.findings
    own_frame = uid_text(roi, Tag.REFERENCED_FRAME_OF_REFERENCE_UID)
    if context.frame and own_frame and own_frame != context.frame and source.is_contoured:
        text = f"its contours are in frame of reference {own_frame}, the dose is in {context.frame}: they are not used"
        source = ContourTexts(place=place, is_contoured=True)
        findings = (Finding(code=FindingCode.NOT_COMPUTED, text=text, subject=roi_name),)
    return Structure(
        name=roi_name,
        number=identity.number,
        kind=observed.kind,
        codes=observed.codes,
        contours=source,
        exclusive_or=contours.exclusive_or,
        slab_mm=contours.slab_mm,
        findings=findings,
    )


def _fault(identity: _Identity, of_roi: _RoiItems, context: _Context) -> str | None:
    """Why it cannot be told which contours a ROI has; None where it can."""
    if identity.fault is not None:
        return identity.fault
    if of_roi.faults:
        return of_roi.faults[0]
    if context.lost and not of_roi.contours:
        return f"it has no contours, and the file has {', '.join(context.lost)}: are they its own?"
    return None

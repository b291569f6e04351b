"""RTSTRUCT in, structures out; their contours stay bytes of the file until somebody reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sbrtcheck.dicom.decimals import BadDecimalError, parse_joined_decimals
from sbrtcheck.dicom.plain import CONTOUR_DATA
from sbrtcheck.dicom.tags import (
    MAXIMUM_MM,
    AnyElements,
    decimals,
    integer,
    items,
    name,
    raw_text,
    view_of_text,
    word,
)
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import Contours, Finding, FindingCode, FloatArray, IntArray, Structure

# An absent type is taken as closed, the only kind that volumes are made of.
_CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR", ""})
_POINTS_OF_AN_AREA = 3
# So many characters hold the numbers of an area, blanks between them apart: DICOM decimals have 16.
_TEXT_OF_AN_AREA = 3 * _POINTS_OF_AN_AREA * 17
# Of a damaged number, messages quote no more than this.
_QUOTED = 12
_EXPORT = "export the structure set again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContourTexts:
    """Contours of one structure as the text of the file, decoded by `read`.

    Parameters
    ----------
    place
        File and structure, for messages.
    text
        Contour Data of all contours with an area, joined by backslashes.
    lengths
        How many characters the text of each one has.
    numbers
        Which contour of the structure each one is, from 1.
    stated
        How many points the file says each one has, in digits; empty where it does not say, or it does not matter.
    fault
        What is contradictory in one of them, known before decoding; ``""`` when nothing is. Those that have a number of
        points in ``stated`` come before it.
    """

    place: str
    text: bytes = field(repr=False)
    lengths: tuple[int, ...] = field(repr=False)
    numbers: tuple[int, ...] = field(repr=False)
    stated: tuple[bytes, ...] = field(repr=False)
    fault: str = ""

    def read(self) -> Contours:
        """The polygons; `DicomError` when a coordinate is no number, a point is incomplete, or points are missing."""
        try:
            values, counts = parse_joined_decimals(self.text, self.lengths)
        except BadDecimalError as error:
            counts = self._counts()
            self._refuse_incomplete_points(counts)
            contour = self.numbers[int(np.searchsorted(np.cumsum(counts), error.index, side="right"))]
            raise DicomError(f"contour {contour}: {error.token!r} is not a number", self.place) from error
        self._refuse_incomplete_points(counts)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._refuse_far_points(values, starts)
        self._refuse_contradictions(counts)
        points_mm, starts = values.reshape(-1, 3), starts // 3
        points_mm.setflags(write=False)
        starts.setflags(write=False)
        return Contours(points_mm=points_mm, starts=starts)

    def _counts(self) -> IntArray:
        """How many coordinates each contour has, when not all of them are numbers."""
        stops = np.cumsum(np.asarray(self.lengths) + 1)
        texts = (self.text[stop - 1 - length : stop - 1] for stop, length in zip(stops, self.lengths, strict=True))
        return np.array([_count_of_numbers(text) for text in texts])

    def _refuse_incomplete_points(self, counts: IntArray) -> None:
        odd = np.flatnonzero(counts % 3)
        if len(odd):
            contour, count = self.numbers[odd[0]], counts[odd[0]]
            raise DicomError(f"contour {contour} has {count} numbers, no multiple of 3", self.place)

    def _refuse_far_points(self, values: FloatArray, starts: IntArray) -> None:
        if not len(values) or max(values.max(), -values.min()) <= MAXIMUM_MM:
            return
        first = int(np.argmax(np.abs(values) > MAXIMUM_MM))
        contour = self.numbers[int(np.searchsorted(starts, first, side="right")) - 1]
        what = f"contour {contour} has a coordinate of {values[first]:g} mm, which is no place in a patient"
        raise DicomError(what, self.place)

    def _refuse_contradictions(self, counts: IntArray) -> None:
        points = (counts // 3).tolist()
        for number, stated, found in zip(self.numbers, self.stated, points, strict=True):
            if stated and int(stated) != found:
                raise DicomError(_other_points(number, found, stated), self.place, _EXPORT)
        if self.fault:
            raise DicomError(self.fault, self.place, _EXPORT)


@dataclass(frozen=True, slots=True)
class _Observation:
    kind: str = ""
    codes: tuple[str, ...] = ()


def structures_of(dataset: AnyElements, shown: str, frame: str) -> tuple[Structure, ...]:
    """All ROIs of a structure set in the order of the file; those without usable contours are empty and say so.

    Parameters
    ----------
    dataset
        The RTSTRUCT.
    shown
        How messages name the file.
    frame
        Frame of Reference UID of the dose: contours of a ROI in another one are not used. ``""`` when unknown.

    Raises
    ------
    DicomError
        When the ROI sequences are missing or contradict each other.
    """
    rois = items(dataset, 0x30060020, shown)
    if not rois:
        raise DicomError("the structure set has no structures", shown, "export it again")
    if 0x30060039 not in dataset:
        raise DicomError("the structure set has no ROI Contour Sequence (3006,0039)", shown, "export it again")
    numbers = [_roi_number(roi, 0x30060022, shown) for roi in rois]
    _refuse_repeated(numbers, shown)
    contours = _contours_of_rois(dataset, shown)
    observations = _observations(dataset, shown)
    return tuple(
        _structure(roi, number, contours.get(number, []), observations.get(number, _Observation()), shown, frame)
        for roi, number in zip(rois, numbers, strict=True)
    )


def names_and_kinds(dataset: AnyElements, shown: str) -> dict[int, tuple[str, str]]:
    """Name and interpreted type of each ROI number: what stored DVHs need of a structure set."""
    observations = _observations(dataset, shown)
    numbers = [(roi, integer(roi, 0x30060022)) for roi in items(dataset, 0x30060020, shown)]
    return {
        number: (name(roi, 0x30060026), observations.get(number, _Observation()).kind)
        for roi, number in numbers
        if number is not None
    }


def _roi_number(item: AnyElements, tag: int, shown: str) -> int:
    number = integer(item, tag)
    if number is None:
        raise DicomError("a ROI has no usable number", shown, _EXPORT)
    return number


def _refuse_repeated(numbers: Iterable[int], shown: str) -> None:
    repeated = [number for number, times in Counter(numbers).items() if times > 1]
    if repeated:
        raise DicomError(f"ROI number {repeated[0]} belongs to several ROIs", shown, _EXPORT)


def _contours_of_rois(dataset: AnyElements, shown: str) -> dict[int, list[AnyElements]]:
    """Contour items of each ROI number."""
    found: dict[int, list[AnyElements]] = {}
    for roi in items(dataset, 0x30060039, shown):
        number = _roi_number(roi, 0x30060084, shown)
        found.setdefault(number, []).extend(items(roi, 0x30060040, shown))
    return found


def _observations(dataset: AnyElements, shown: str) -> dict[int, _Observation]:
    found: dict[int, _Observation] = {}
    for item in items(dataset, 0x30060080, shown):
        number = integer(item, 0x30060084)
        if number is not None and number not in found:
            found[number] = _Observation(word(item, 0x300600A4).upper(), _codes(item))
    return found


def _codes(observation: AnyElements) -> tuple[str, ...]:
    """Meanings, then values, of the identification codes."""
    codes = items(observation, 0x30060086)
    texts = [name(code, 0x00080104) for code in codes] + [name(code, 0x00080100) for code in codes]
    return tuple(dict.fromkeys(text for text in texts if text))


def _structure(
    roi: AnyElements, number: int, contours: list[AnyElements], seen: _Observation, shown: str, frame: str
) -> Structure:
    roi_name = name(roi, 0x30060026)
    own_frame = word(roi, 0x30060024)
    if frame and own_frame and own_frame != frame:
        text = f"its contours are in frame of reference {own_frame}, the dose is in {frame}: they are not used"
        elsewhere = Finding(code=FindingCode.NOT_COMPUTED, text=text, subject=roi_name)
        return Structure(name=roi_name, number=number, kind=seen.kind, codes=seen.codes, findings=(elsewhere,))
    usable, fault, findings = _usable(contours, roi_name)
    source = ContourTexts(
        place=f"{shown}: ROI {number} {roi_name!r}",
        text=b"\\".join([contour.text for contour in usable]),
        lengths=tuple(len(contour.text) for contour in usable),
        numbers=tuple(contour.number for contour in usable),
        stated=tuple(contour.stated for contour in usable),
        fault=fault,
    )
    return Structure(name=roi_name, number=number, kind=seen.kind, codes=seen.codes, contours=source, findings=findings)


class _Contour(NamedTuple):
    number: int
    text: memoryview
    stated: bytes


Usable = tuple[list[_Contour], str, tuple[Finding, ...]]


def _usable(contours: list[AnyElements], roi_name: str) -> Usable:
    """Closed contours of at least three points, with their numbers, and the first fault in any closed one.

    The others are counted in findings. The points of an ordinary contour are counted when it is decoded, and compared
    with what the file says then.
    """
    usable: list[_Contour] = []
    other_types: Counter[str] = Counter()
    without_area, fault = 0, ""
    for at, contour in enumerate(contours, start=1):
        kind = _type_of(contour)
        if kind not in _CLOSED:
            other_types[kind] += 1
            continue
        text = view_of_text(contour, CONTOUR_DATA)
        stated = raw_text(contour, 0x30060046)
        fault = fault or _offset(contour, at)
        if not fault and _has_area(text) and _is_usual(stated):
            usable.append(_Contour(at, text, stated))
            continue
        count = _count_of_numbers(text.tobytes())
        fault = fault or _miscount(contour, at, stated, count)
        if count < 3 * _POINTS_OF_AN_AREA and not count % 3:
            without_area += 1
        else:
            usable.append(_Contour(at, text, b""))
    return usable, fault, (*_ignored(other_types, roi_name), *_too_short(without_area, len(contours), roi_name))


def _type_of(contour: AnyElements) -> str:
    """Contour Geometric Type, the commonest without the cost of any."""
    text = raw_text(contour, 0x30060042)
    return "CLOSED_PLANAR" if text == b"CLOSED_PLANAR" else word(contour, 0x30060042).upper()


def _has_area(text: memoryview) -> bool:
    """Whether the start of a contour's text has the numbers of three points already."""
    return text[:_TEXT_OF_AN_AREA].tobytes().count(b"\\") >= 3 * _POINTS_OF_AN_AREA - 1


def _is_usual(stated: bytes) -> bool:
    return not stated or (len(stated) < _QUOTED and stated.isdigit())


def _offset(contour: AnyElements, at: int) -> str:
    if 0x30060045 in contour and not _is_zero(contour, 0x30060045):
        return f"contour {at} has a Contour Offset Vector (3006,0045), which is not supported"
    return ""


def _miscount(contour: AnyElements, at: int, stated: bytes, count_of_numbers: int) -> str:
    """How a contour contradicts itself: its points are not as many as it says."""
    points, rest = divmod(count_of_numbers, 3)
    if not stated or rest or integer(contour, 0x30060046) == points:
        return ""
    return _other_points(at, points, stated)


def _other_points(number: int, points: int, stated: bytes) -> str:
    said = stated[:_QUOTED].decode("ascii", errors="replace")
    return f"contour {number} has {points} points where Number Of Contour Points (3006,0046) says {said!r}"


def _is_zero(dataset: AnyElements, tag: int) -> bool:
    try:
        return not np.any(decimals(dataset, tag, ""))
    except DicomError:
        return False


def _count_of_numbers(text: bytes) -> int:
    return text.count(b"\\") + 1 if text else 0


def _ignored(types: Counter[str], roi_name: str) -> tuple[Finding, ...]:
    if not types:
        return ()
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(types.items()))
    text = f"contours that enclose nothing were ignored: {listed}"
    return (Finding(code=FindingCode.OPEN_CONTOURS_IGNORED, text=text, subject=roi_name),)


def _too_short(count: int, total: int, roi_name: str) -> tuple[Finding, ...]:
    if not count:
        return ()
    text = f"{count} of {total} contours have fewer than three points and no area; they were left out"
    return (Finding(code=FindingCode.CONTOURS_WITHOUT_AREA, text=text, subject=roi_name),)

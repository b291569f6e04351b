"""Contour items of one ROI -> the contours that enclose an area, as text of the file that is decoded when it is read.

A contour that cannot be read costs its own structure: `ContourTexts.read` raises what is wrong with it, and where. What
is left out is counted by its type; where it may be a part of the organ, the structure is incomplete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.coded_words import is_known, known_words
from sbrtcheck.dicom.decimals import BadDecimalError, parse_decimals, parse_joined_decimals, quoted_number
from sbrtcheck.dicom.elements import Elements
from sbrtcheck.dicom.tags import MAX_MM, ascii_text, decimals, integer, tag_name
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import Contours, Finding, FindingCode, FloatArray, IntArray

_EXPORT = "export the structure set again"
_DECIMAL_COMMA = "it is written with a decimal comma: export the structure set again, with decimal points"

_CLOSED, _EXCLUSIVE_OR = "CLOSED_PLANAR", "CLOSEDPLANAR_XOR"
# What closed types are, by their letters alone: the standard's spelling is not everybody's. Some programs give outlines
# that they interpolated a type of their own; an absent type counts as closed, the only kind that volumes are made of.
_CLOSED_TYPES = {
    "CLOSEDPLANAR": _CLOSED,
    "INTERPOLATEDPLANAR": _CLOSED,
    "": _CLOSED,
    "CLOSEDPLANARXOR": _EXCLUSIVE_OR,
}
_POINTS_OF_AN_AREA = 3
# So many characters hold the numbers of an area, blanks between them apart: DICOM decimals have 16.
_TEXT_OF_AN_AREA = 3 * _POINTS_OF_AN_AREA * 17
# Of a damaged number, messages quote no more than this; of a type, DICOM's code strings have 16 characters.
_QUOTED, _QUOTED_TYPE = 12, 20

# Thicknesses that are one: DICOM text often has two decimals.
_SAME_MM = 0.01
# No image of a patient has thinner or thicker slices.
_THINNEST_MM, _THICKEST_MM = 0.1, 50.0
# Contours closer than this, or this share of the usual spacing, are in one plane.
_SAME_PLANE_MM, _SAME_PLANE_SHARE = 0.01, 0.1
# A corner is astray where both edges at it lead out and back, their far ends closer than this share of them, and are
# longer than this and so many times the usual edge of the contour, or longer than any scanner is wide.
_BACK, _STRAY_MM, _STRAY_EDGES, _SCANNER_MM = 0.5, 20.0, 10.0, 1000.0
# A contour so many usual spacings outside an end plane no longer belongs to the structure.
_NEXT_PLANE = 1.5


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
        What is contradictory in one of them, known before decoding; None when nothing is. Those that have a number of
        points in ``stated`` come before it.
    is_contoured
        Whether the file has any contour of the structure that may enclose an area, usable or not.
    """

    place: str = field(compare=False)  # the same contours in another folder are the same
    text: bytes = field(default=b"", repr=False)
    lengths: tuple[int, ...] = field(default=(), repr=False)
    numbers: tuple[int, ...] = field(default=(), repr=False)
    stated: tuple[bytes, ...] = field(default=(), repr=False)
    fault: str | None = None
    is_contoured: bool

    def read(self) -> Contours:
        """The polygons; `DicomError` when a coordinate is no number, a point is incomplete, or points are missing."""
        try:
            values, counts = parse_joined_decimals(self.text, self.lengths)
        except BadDecimalError as error:
            counts = self._counts()
            self._refuse_incomplete_points(counts)
            contour = self.numbers[int(np.searchsorted(np.cumsum(counts), error.index, side="right"))]
            hint = _DECIMAL_COMMA if "," in error.token else _EXPORT
            raise DicomError(f"contour {contour}: {error.token} is not a number", self.place, hint) from error
        self._refuse_incomplete_points(counts)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._refuse_far_points(values, starts)
        self._refuse_contradictions(counts)
        points_mm, starts = values.reshape(-1, 3), starts // 3
        self._refuse_stray_points(points_mm, starts)
        points_mm.setflags(write=False)
        starts.setflags(write=False)
        return Contours(points_mm=points_mm, starts=starts)

    def first_points(self) -> FloatArray:
        """The first point of each contour, shape ``(contours, 3)``, mm; `DicomError` when one of them is damaged."""
        firsts: list[list[bytes]] = []
        at = 0
        for length in self.lengths:
            firsts.append(self.text[at : at + length].split(b"\\", 3)[:3])
            at += length + 1
        if all(len(first) == 3 for first in firsts):
            with suppress(BadDecimalError):
                points_mm = parse_decimals(b"\\".join(number for first in firsts for number in first)).reshape(-1, 3)
                if np.all(np.abs(points_mm) <= MAX_MM):
                    return points_mm
        return self.read().first_points()  # which says what is damaged, and where

    def _counts(self) -> IntArray:
        """How many coordinates each contour has, when not all of them are numbers."""
        stops = np.cumsum(np.asarray(self.lengths) + 1)
        texts = (self.text[stop - 1 - length : stop - 1] for stop, length in zip(stops, self.lengths, strict=True))
        return np.array([_count_of_numbers(text) for text in texts])

    def _refuse_incomplete_points(self, counts: IntArray) -> None:
        odd = np.flatnonzero(counts % 3)
        if len(odd):
            contour, count = self.numbers[odd[0]], counts[odd[0]]
            raise DicomError(f"contour {contour} has {count} numbers, no multiple of 3", self.place, _EXPORT)

    def _refuse_far_points(self, values: FloatArray, starts: IntArray) -> None:
        if not len(values) or max(values.max(), -values.min()) <= MAX_MM:
            return
        first = int(np.argmax(np.abs(values) > MAX_MM))
        contour = self.numbers[int(np.searchsorted(starts, first, side="right")) - 1]
        what = f"contour {contour} has a coordinate of {values[first]:g} mm, which is no place in a patient"
        raise DicomError(what, self.place, _EXPORT)

    def _refuse_stray_points(self, points_mm: FloatArray, starts: IntArray) -> None:
        """Refuse a corner far from all others, as one coordinate that is another number puts it."""
        edges_mm = np.diff(points_mm, axis=0)
        is_long = np.einsum("ij,ij->i", edges_mm, edges_mm) > _STRAY_MM**2
        is_long[starts[1:-1] - 1] = False  # from one contour to the next
        # neither np.unique nor np.median: they import numpy.ma, which takes as long as to read a small plan
        for contour in sorted({*(np.searchsorted(starts, np.flatnonzero(is_long), side="right") - 1).tolist()}):
            point, mm = _stray_point(points_mm[starts[contour] : starts[contour + 1]])
            if mm > 0.0:
                what = (
                    f"contour {self.numbers[contour]}: its point {point + 1} lies {mm:.4g} mm from the points around it"
                )
                raise DicomError(f"{what}, and no other does", self.place, _EXPORT)

    def _refuse_contradictions(self, counts: IntArray) -> None:
        points = (counts // 3).tolist()
        for number, stated, count in zip(self.numbers, self.stated, points, strict=True):
            if stated and int(stated) != count:
                raise DicomError(_other_points(number, count, stated), self.place, _EXPORT)
        if self.fault is not None:
            raise DicomError(self.fault, self.place, _EXPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiContours:
    """The contour items of one ROI together; the fields are those of `sbrtcheck.plan.Structure`."""

    source: ContourTexts
    exclusive_or: bool = False
    slab_mm: float | None = None
    findings: tuple[Finding, ...] = ()


def unreadable(place: str, fault: str) -> ContourTexts:
    """Contours of which nothing can be used, for a reason that reading them gives."""
    return ContourTexts(place=place, fault=fault, is_contoured=True)


def roi_contours(contours: Sequence[Elements], planes: Sequence[Elements], place: str, roi: str) -> RoiContours:
    """Closed contours of at least three points, and findings on the others.

    The points of an ordinary contour are counted when it is decoded, and compared then with the number in the file.

    Parameters
    ----------
    contours
        Items of the Contour Sequence.
    planes
        Items of the Source Pixel Planes Characteristics Sequence.
    place
        File and structure, for messages.
    roi
        The structure's name, for findings.
    """
    sorter = _ContourSorter()
    for at, contour in enumerate(contours, start=1):
        sorter.add(at, contour)
    source = ContourTexts(
        place=place,
        text=b"\\".join(sorter.texts),
        lengths=tuple(map(len, sorter.texts)),
        numbers=tuple(sorter.numbers),
        stated=tuple(sorter.stated),
        fault=sorter.fault,
        is_contoured=bool(sorter.texts or sorter.fault is not None or sorter.outlines),
    )
    if not sorter.texts:
        return RoiContours(source=source, findings=_findings(roi, sorter.why_empty()))
    slab_mm, unused = _slab_mm(sorter.thicknesses, {plane.raw_text(Tag.SPACING_BETWEEN_SLICES) for plane in planes})
    notes = [*sorter.notes(len(contours)), *_lost_planes(sorter.short, source), *unused]
    return RoiContours(
        source=source,
        exclusive_or=sorter.exclusive == len(sorter.texts),
        slab_mm=slab_mm,
        findings=_findings(roi, notes),
    )


_Note = tuple[FindingCode, str]


def _findings(roi: str, notes: Iterable[_Note]) -> tuple[Finding, ...]:
    return tuple(Finding(code=code, text=text, subject=roi) for code, text in notes)


# Which contours count


class _Short(NamedTuple):
    """A closed contour of two points or fewer, shape ``(points, 3)``."""

    number: int
    points_mm: FloatArray


@dataclass(slots=True)
class _ContourSorter:
    """The contours of a ROI by what can be made of them, the first fault in any closed one among them.

    The usable ones have a place in each of ``texts``, ``numbers`` and ``stated``, as in `ContourTexts`.
    """

    texts: list[memoryview] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    stated: list[bytes] = field(default_factory=list)
    exclusive: int = 0
    short: list[_Short] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    outlines: Counter[str] = field(default_factory=Counter)
    read_as: Counter[tuple[str, str]] = field(default_factory=Counter)
    thicknesses: set[bytes] = field(default_factory=set)
    fault: str | None = None

    def add(self, at: int, contour: Elements) -> None:
        """Sort one contour, number ``at`` of the ROI."""
        kind = (
            _CLOSED if contour.raw_text(Tag.CONTOUR_GEOMETRIC_TYPE) == b"CLOSED_PLANAR" else self._closed_type(contour)
        )
        if kind is None:
            return
        text = contour.text_view(Tag.CONTOUR_DATA)
        stated = contour.raw_text(Tag.NUMBER_OF_CONTOUR_POINTS)
        if Tag.CONTOUR_OFFSET_VECTOR in contour:
            self.fault = self.fault or _offset_fault(contour, at)
        if self.fault is not None or not _has_area(text) or not _is_usual(stated):
            count = _count_of_numbers(text.tobytes())
            self.fault = self.fault or _miscount(contour, at, stated, count)
            points_mm = _points(text.tobytes()) if count < 3 * _POINTS_OF_AN_AREA and not count % 3 else None
            if points_mm is not None:
                self.short.append(_Short(at, points_mm))
                return
            stated = b""
        self.texts.append(text)
        self.numbers.append(at)
        self.stated.append(stated)
        self.exclusive += kind == _EXCLUSIVE_OR
        if Tag.CONTOUR_SLAB_THICKNESS in contour:
            self.thicknesses.add(contour.raw_text(Tag.CONTOUR_SLAB_THICKNESS))

    def _closed_type(self, contour: Elements) -> str | None:
        """Which closed type a contour has by its letters, with a note where it is misspelt; None of any other."""
        written = ascii_text(contour, Tag.CONTOUR_GEOMETRIC_TYPE)
        letters = "".join(filter(str.isalnum, written)).upper()
        kind = _CLOSED_TYPES.get(letters)
        if kind is None:
            shown = _shown_type(written)
            self.ignored[shown] += 1
            points = _count_of_numbers(contour.text_view(Tag.CONTOUR_DATA).tobytes()) // 3
            if points >= _POINTS_OF_AN_AREA:  # whatever it is called, it may be a part of the outline
                self.outlines[shown] += 1
        elif written not in {kind, ""}:  # the letters are a code's, and the rest is punctuation
            self.read_as[written[:_QUOTED_TYPE], kind] += 1
        return kind

    def why_empty(self) -> list[_Note]:
        """What there is instead of contours with an area."""
        text = _counts_of_types(self.ignored)
        if self.short:
            text = ", ".join(filter(None, (f"{len(self.short)} closed of fewer than three points", text)))
        if not text:
            return []
        code = FindingCode.OPEN_CONTOURS_IGNORED if self.ignored else FindingCode.CONTOURS_WITHOUT_AREA
        return [(code, f"no closed contour with an area: {text}")]

    def notes(self, total: int) -> list[_Note]:
        """Notes on the contours that do not count, and on unusual ones that do."""
        notes = [
            (FindingCode.OTHER, f"{count} contours of the type {written!r} were read as {kind}")
            for (written, kind), count in sorted(self.read_as.items())
        ]
        if self.ignored:
            text = f"contours that enclose nothing were ignored: {_counts_of_types(self.ignored)}"
            notes.append((FindingCode.OPEN_CONTOURS_IGNORED, text))
        if self.outlines:
            text = (
                f"{_counts_of_types(self.outlines)} of three or more points left out: are they a part of its outline?"
            )
            notes.append((FindingCode.CONTOURS_INCOMPLETE, text))
        if self.short:
            text = f"{len(self.short)} of {total} contours have fewer than three points and no area; they were left out"
            notes.append((FindingCode.CONTOURS_WITHOUT_AREA, text))
        return notes


def _counts_of_types(types: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(types.items()))


def _stray_point(loop_mm: FloatArray) -> tuple[int, float]:
    """The corner of a contour that is farthest astray, and how far from its neighbours; 0 mm where none is."""
    before, after = np.roll(loop_mm, 1, axis=0), np.roll(loop_mm, -1, axis=0)
    edges_mm = np.linalg.norm(loop_mm - before, axis=1)
    shorter_mm = np.minimum(edges_mm, np.roll(edges_mm, -1))
    usual_mm = float(np.sort(edges_mm)[len(edges_mm) // 2])
    far = (shorter_mm > max(_STRAY_MM, _STRAY_EDGES * usual_mm)) | (shorter_mm > _SCANNER_MM)
    astray_mm = np.where(far & (np.linalg.norm(after - before, axis=1) < _BACK * shorter_mm), shorter_mm, 0.0)
    at = int(np.argmax(astray_mm))
    return at, float(astray_mm[at])


def _has_area(text: memoryview) -> bool:
    """Whether the start of a contour's text has the numbers of three points already."""
    return text[:_TEXT_OF_AN_AREA].tobytes().count(b"\\") >= 3 * _POINTS_OF_AN_AREA - 1


def _is_usual(stated: bytes) -> bool:
    return not stated or (len(stated) < _QUOTED and stated.isdigit())


def _offset_fault(contour: Elements, at: int) -> str | None:
    # it moves the plane of the contour (PS3.3 C.8.8.6.2): without it, the structure would be in another place
    if _is_zero(contour, Tag.CONTOUR_OFFSET_VECTOR):
        return None
    return f"contour {at} has a Contour Offset Vector (3006,0045), which is not supported"


def _miscount(contour: Elements, at: int, stated: bytes, count_of_numbers: int) -> str | None:
    """How a contour contradicts itself: its points are not as many as it states (PS3.3 C.8.8.6)."""
    points, rest = divmod(count_of_numbers, 3)
    if not stated or rest or integer(contour, Tag.NUMBER_OF_CONTOUR_POINTS) == points:
        return None
    return _other_points(at, points, stated)


def _shown_type(written: str) -> str:
    if is_known(written, known_words(Tag.CONTOUR_GEOMETRIC_TYPE)):
        return written[:_QUOTED_TYPE].upper()
    return f"of a type that DICOM does not define ({len(written)} characters)"


def _other_points(number: int, points: int, stated: bytes) -> str:
    says = f"Number Of Contour Points (3006,0046) says {quoted_number(stated)}"
    return f"contour {number} has {points} points where {says}"


def _is_zero(dataset: Elements, tag: int) -> bool:
    try:
        return not np.any(decimals(dataset, tag, ""))
    except DicomError:
        return False


def _count_of_numbers(text: bytes) -> int:
    return text.count(b"\\") + 1 if text else 0


def _points(text: bytes) -> FloatArray | None:
    """Points of a short contour; None when one is nowhere."""
    try:
        values = parse_decimals(text)
    except BadDecimalError:
        return None
    return values.reshape(-1, 3) if len(values) == 0 or np.abs(values).max() <= MAX_MM else None


# Whether short contours stand for planes that were lost


def _lost_planes(short: Sequence[_Short], source: ContourTexts) -> list[_Note]:
    """A plane of the structure on which nothing encloses an area, but something was contoured."""
    if not short:
        return []
    try:
        planes_mm, normal = _planes(source.read())
    except DicomError:  # reported when it is read
        return []
    gaps_mm = np.diff(planes_mm)
    apart_mm = gaps_mm[gaps_mm > _SAME_PLANE_MM]
    usual_mm = float(np.median(apart_mm)) if len(apart_mm) else np.inf
    same_mm = max(_SAME_PLANE_MM, _SAME_PLANE_SHARE * usual_mm) if len(apart_mm) else _SAME_PLANE_MM
    unclosed = []
    for contour in short:
        if len(contour.points_mm) == 0:  # of its plane nothing is left at all
            unclosed.append(contour.number)
            continue
        height_mm = float(np.mean(contour.points_mm @ normal))
        beyond_mm = max(planes_mm[0] - height_mm, height_mm - planes_mm[-1])
        if np.abs(planes_mm - height_mm).min() > same_mm and beyond_mm <= _NEXT_PLANE * usual_mm:
            unclosed.append(contour.number)
    if not unclosed:
        return []
    which = (
        f"contour {unclosed[0]} has"
        if len(unclosed) == 1
        else f"contour {unclosed[0]} and {len(unclosed) - 1} more have"
    )
    text = f"{which} fewer than three points and nothing else on the plane: a part of the structure is missing"
    return [(FindingCode.CONTOURS_INCOMPLETE, text)]


def _planes(contours: Contours) -> tuple[FloatArray, FloatArray]:
    """Heights of the contours, rising, and the direction that they rise in: the one in which no contour extends.

    It is the eigenvector of the least eigenvalue of the sum of all contours' scatter matrices, whatever way the planes
    lie in the patient.
    """
    starts, counts = contours.starts[:-1], np.diff(contours.starts)
    middles_mm = np.add.reduceat(contours.points_mm, starts) / counts[:, None]
    around_mm = contours.points_mm - np.repeat(middles_mm, counts, axis=0)
    normal: FloatArray = np.linalg.eigh(around_mm.T @ around_mm)[1][:, 0]
    return np.sort(middles_mm @ normal), normal


# How thick a contour is


def _slab_mm(of_contours: set[bytes], of_planes: set[bytes]) -> tuple[float | None, list[_Note]]:
    """The thickness that the contours state, or else the spacing of their images; None if neither."""
    unused: list[_Note] = []
    for tag, texts in ((Tag.CONTOUR_SLAB_THICKNESS, of_contours), (Tag.SPACING_BETWEEN_SLICES, of_planes)):
        written = sorted(texts - {b""})
        if not written:
            continue
        thickness_mm = [_thickness_mm(text) for text in written]
        known_mm = [value_mm for value_mm in thickness_mm if value_mm is not None]
        if len(known_mm) < len(written):
            bad = quoted_number(written[thickness_mm.index(None)])
            unused.append((FindingCode.SLAB_THICKNESS, f"{tag_name(tag)} {bad} is no thickness: not used"))
        elif max(known_mm) - min(known_mm) > _SAME_MM:
            text = f"{tag_name(tag)} differs, {min(known_mm):g} to {max(known_mm):g} mm: not used"
            unused.append((FindingCode.SLAB_THICKNESS, text))
        else:
            return min(known_mm), unused
    return None, unused


def _thickness_mm(text: bytes) -> float | None:
    """The one number of a text when it may be the thickness of an image; None otherwise."""
    try:
        values = parse_decimals(text)
    except BadDecimalError:
        return None
    return float(values[0]) if len(values) == 1 and _THINNEST_MM <= values[0] <= _THICKEST_MM else None

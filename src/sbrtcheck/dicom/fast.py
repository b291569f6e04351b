"""Ordinary DICOM file -> its elements as bytes; None for any other file, which pydicom reads then.

Importing pydicom and reading with it takes a third of the time from the files of a plan to its contours
(``docs/decisions/0018``). Nearly every RT file needs none of its repairs: preamble and file meta information, or
neither; explicit or implicit VR little endian; tags that rise, each element, sequence and item inside of what holds it,
and nothing left over (PS3.5 7 and PS3.10 7.1). Such a file can be read in one way only, by two loops. Nothing
is repaired or guessed here: a file with the slightest oddity is pydicom's, with its errors, and the tests compare the
two readers on files of every kind.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import BinaryIO, Final

import numpy as np

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.elements import ANY_TAG, PADDING, PAYLOAD_TAGS, UNDEFINED_LENGTH
from sbrtcheck.dicom.source import size_of
from sbrtcheck.dicom.tags import tag_name
from sbrtcheck.errors import DicomError

_CHARACTER_SET = 0x00080005
# Defined terms of Specific Character Set (PS3.3 C.12.1.1.2). Of another one pydicom makes what it can, or nothing.
_KNOWN_SETS = re.compile(rb"((ISO_IR|ISO 2022 IR) \d{1,3} *|GB18030|GBK|\\)*[ \0]?")
# Character sets in which the bytes of ASCII mean the characters of ASCII, all of them.
_WITH_ASCII = frozenset(
    [b"", b"GB18030", b"GBK", *(b"ISO_IR " + n for n in b"6 100 101 109 110 126 127 138 144 148 166 192".split())]
)
# File meta information comes after a preamble of 128 bytes and the prefix DICM (PS3.10 7.1).
_META_AT = 132
# Headers of doses and structure sets are shorter than this, and all files are read up to here.
_START_BYTES = 1 << 16
_MAX_DEPTH = 16
_IMPLICIT, _EXPLICIT = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1"

# Sequences that are read.
_SEQUENCES = frozenset(
    {
        Tag.REGISTRATION_SEQUENCE,
        Tag.MATRIX_REGISTRATION_SEQUENCE,
        Tag.MATRIX_SEQUENCE,
        Tag.DVH_SEQUENCE,
        Tag.DVH_REFERENCED_ROI_SEQUENCE,
        Tag.REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
        Tag.STRUCTURE_SET_ROI_SEQUENCE,
        Tag.ROI_CONTOUR_SEQUENCE,
        Tag.CONTOUR_SEQUENCE,
        Tag.SOURCE_PIXEL_PLANES_CHARACTERISTICS_SEQUENCE,
        Tag.RT_ROI_OBSERVATIONS_SEQUENCE,
        Tag.RT_ROI_IDENTIFICATION_CODE_SEQUENCE,
        Tag.DOSE_REFERENCE_SEQUENCE,
        Tag.FRACTION_GROUP_SEQUENCE,
        Tag.REFERENCED_RT_PLAN_SEQUENCE,
        Tag.REFERENCED_BEAM_SEQUENCE,
        Tag.REFERENCED_FRACTION_GROUP_SEQUENCE,
        Tag.REFERENCED_DOSE_REFERENCE_SEQUENCE,
        Tag.REFERENCED_STRUCTURE_SET_SEQUENCE,
    }
)
# Sequences that are passed by, the commonest: knowing them saves asking pydicom's dictionary, for which it is imported.
_OTHER_SEQUENCES = frozenset(
    {
        0x00081110,  # Referenced Study
        0x00081140,  # Referenced Image
        0x30060012,  # RT Referenced Study
        0x30060014,  # RT Referenced Series
        0x30060016,  # Contour Image
        0x30020050,  # Primary Fluence Mode
        0x300A0040,  # Tolerance Table
        0x300A0048,  # Beam Limiting Device Tolerance
        0x300A00B0,  # Beam
        0x300A00B6,  # Beam Limiting Device
        0x300A00D1,  # Wedge
        0x300A00E3,  # Compensator
        0x300A00F4,  # Block
        0x300A0107,  # Applicator
        0x300A0111,  # Control Point
        0x300A0116,  # Wedge Position
        0x300A011A,  # Beam Limiting Device Position
        0x300A0180,  # Patient Setup
        0x300A0190,  # Fixation Device
        0x300A01B4,  # Setup Device
    }
)
# Elements of which more than the bytes is wanted, with the VRs whose bytes are enough.
_EXPECTED = {
    **dict.fromkeys(_SEQUENCES, (b"SQ",)),
    **dict.fromkeys((Tag.ROWS, Tag.COLUMNS, Tag.BITS_ALLOCATED, Tag.PIXEL_REPRESENTATION), (b"US",)),
    **dict.fromkeys(
        (Tag.CODE_VALUE, Tag.CODE_MEANING, Tag.STRUCTURE_SET_LABEL, Tag.ROI_NAME, Tag.RT_PLAN_LABEL, Tag.RT_PLAN_NAME),
        (b"LO", b"SH"),
    ),
}
# VRs whose length has four bytes in explicit VR, after two that are reserved; and those where it has two (PS3.5 7.1.2).
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())

_unpack_implicit = struct.Struct("<HHL").unpack_from
_unpack_explicit = struct.Struct("<HH2sH").unpack_from
_unpack_length = struct.Struct("<L").unpack_from


class FastElements:
    """Elements of an ordinary file or of an item in it: bytes, or items of a sequence, by tag; private ones left out.

    Contour Data, which are nearly all of a structure set, are a view of the file's bytes and keep all of these.
    """

    __slots__ = ("character_set", "values")

    def __init__(self, values: dict[int, Value], character_set: bytes) -> None:
        self.values: Final = values
        self.character_set: Final = character_set

    def __contains__(self, tag: int) -> bool:
        return tag in self.values

    def only(self, tags: Iterable[int]) -> FastElements:
        """The same with no other elements than these."""
        return FastElements({tag: self.values[tag] for tag in tags if tag in self.values}, self.character_set)

    def raw(self, tag: int) -> bytes:
        """Bytes of an element, padding included; empty when absent, and of a sequence."""
        value = self.values.get(tag, b"")
        if isinstance(value, bytes):
            return value
        return value.tobytes() if isinstance(value, memoryview) else b""

    def raw_text(self, tag: int) -> bytes:
        """The text of an element as written, without its padding; empty when absent."""
        return self.raw(tag).strip(PADDING)

    def text_view(self, tag: int) -> memoryview:
        """What `raw_text` gives, Contour Data not copied."""
        value = self.values.get(tag, b"")
        view = value if isinstance(value, memoryview) else memoryview(self.raw(tag))
        start, stop = 0, len(view)
        while start < stop and view[stop - 1] in PADDING:
            stop -= 1
        while start < stop and view[start] in PADDING:
            start += 1
        return view[start:stop]

    def decoded(self, tag: int) -> str:
        """A text in the dataset's own character set; what is not simply ASCII is left to pydicom."""
        text = self.raw(tag)
        single = text.rstrip(PADDING)
        if single.isascii() and b"\\" not in single and self.character_set.strip(PADDING) in _WITH_ASCII:
            ascii_text = single.decode("ascii")
            if ascii_text.isprintable():
                return ascii_text
        from sbrtcheck.dicom.general import decode_text

        return decode_text(text, self.character_set)

    def unsigned(self, tag: int, display_name: str) -> int:
        """Value of a US element; `DicomError` when absent."""
        if tag not in self.values:
            raise DicomError(f"{tag_name(tag)} is missing or damaged", display_name)
        return int.from_bytes(self.raw(tag), "little")

    def items(self, tag: int, _display_name: str = "") -> list[FastElements]:
        """Items of one of the sequences that are read; none when it is absent."""
        if tag not in _SEQUENCES:
            raise LookupError(f"sequence ({tag >> 16:04X},{tag & 0xFFFF:04X}) is not among those that are read")
        value = self.values.get(tag, [])
        assert isinstance(value, list)  # noqa: S101 - the walk makes it one
        return value


Value = bytes | memoryview | list[FastElements]


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelPlace:
    """Where in a file its pixel data begin, and how many bytes they have."""

    at: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FastFile:
    """Elements of a file, and where its pixel data are if reading stopped before them."""

    elements: FastElements
    pixels: PixelPlace | None = None


class _OddFileError(Exception):
    """The file has something that can be read in several ways, or in none."""


class _TooShortError(Exception):
    """More of the file is needed."""


def read_fast(file: BinaryIO, last: int = ANY_TAG) -> FastFile | None:
    """Elements of an open file up to the tag ``last``, never pixel data; None when the file is no ordinary one.

    No more is read than needed: the start of the file, or else all of it.
    """
    try:
        size = size_of(file)
        file.seek(0)
        start = memoryview(file.read(_START_BYTES))
        try:
            return _Walk(start, size).file(last)
        except _TooShortError:
            content = _all_of(file, size)
            return _Walk(content, size).file(last) if content is not None else None
    except (_OddFileError, _TooShortError, OSError):
        return None


def _all_of(file: BinaryIO, size: int) -> memoryview | None:
    """The bytes of a file; None when it has another size by now.

    They are an array's, for which numpy asks the system for large pages: 21 MB take 6 ms, and 13 ms as a bytes object.
    Those of a file in memory are not copied.
    """
    if isinstance(file, BytesIO):
        return memoryview(file.getvalue())
    file.seek(0)
    content = np.fromfile(file, dtype=np.uint8, count=size)
    return content.data if len(content) == size and not file.read(1) else None


class _Walk:
    """One pass through the bytes of a file, of which ``content`` is the beginning or all."""

    def __init__(self, content: memoryview, size: int) -> None:
        self.content = content
        self.size = size
        self.explicit = True
        self.last = ANY_TAG
        self.pixels: PixelPlace | None = None

    def file(self, last: int) -> FastFile:
        at = self._after_meta() if self._bytes(_META_AT - 4, _META_AT) == b"DICM" else self._bare()
        self._refuse_other_encoding(at)
        self.last = last
        elements, _ = self._dataset(at, self.size, b"", 0)
        return FastFile(elements=elements, pixels=self.pixels)

    def _after_meta(self) -> int:
        """Where the dataset begins, its encoding noted."""
        at, syntax = _META_AT, b""
        while self._has(at, 12) and self._bytes(at, at + 2) == b"\x02\x00":
            tag, at, length, _ = self._header(at, self.size)
            self._refuse_beyond(at + length, self.size)
            if tag == Tag.TRANSFER_SYNTAX_UID:
                syntax = self._bytes(at, at + length).rstrip(b" \0")
            at += length
        if syntax not in {_IMPLICIT, _EXPLICIT}:
            raise _OddFileError
        self.explicit = syntax == _EXPLICIT
        return at

    def _bare(self) -> int:
        """Where the dataset of a file of nothing else begins; Monaco writes such, of implicit VR."""
        if self._bytes(0, 2) != b"\x08\x00":
            raise _OddFileError
        self.explicit = False
        return 0

    def _refuse_other_encoding(self, at: int) -> None:
        """Refuse a dataset that is empty, begins with a command, or seems explicit where it should be implicit VR."""
        self._refuse_beyond(at + 8, self.size)
        first = self._bytes(at, at + 8)
        looks_explicit = all(0x41 <= letter <= 0x5A for letter in first[4:6])
        if first[:2] == b"\0\0" or looks_explicit != self.explicit:
            raise _OddFileError

    def _bytes(self, at: int, stop: int) -> bytes:
        return self.content[at:stop].tobytes()

    def _has(self, at: int, count: int) -> bool:
        """Whether so many bytes follow in the file; if they must be read first, `_TooShortError`."""
        if at + count > len(self.content) < self.size:
            raise _TooShortError
        return at + count <= len(self.content)

    def _refuse_beyond(self, stop: int, end: int) -> None:
        if stop > end:
            raise _OddFileError
        if stop > len(self.content):
            raise _TooShortError

    def _header(self, at: int, end: int) -> tuple[int, int, int, bytes]:
        """Tag, place of the value, its length and VR; b"" for the VR of implicit files.

        Contours make thousands of headers, so that it pays to ask for what may be missing at the end alone.
        """
        if at + 12 > min(end, len(self.content)):
            self._refuse_beyond(at + 8, end)
            self._has(at, 12)
        if not self.explicit:
            group, element, length = _unpack_implicit(self.content, at)
            return group << 16 | element, at + 8, length, b""
        group, element, vr, length = _unpack_explicit(self.content, at)
        if vr in _SHORT:
            return group << 16 | element, at + 8, length, vr
        if vr not in _LONG or not self._has(at, 12):
            raise _OddFileError
        return group << 16 | element, at + 12, _unpack_length(self.content, at + 8)[0], vr

    def _dataset(
        self, at: int, end: int, character_set: bytes, depth: int, *, delimited: bool = False
    ) -> tuple[FastElements, int]:
        """Elements from a place to the end, or to the item delimitation; and the place after them."""
        values: dict[int, Value] = {}
        previous = -1
        while at < end:
            if delimited and at + 8 <= end and self._bytes(at, at + 8) == b"\xfe\xff\x0d\xe0\0\0\0\0":
                return FastElements(values, character_set), at + 8
            tag, at, length, vr = self._header(at, end)
            if tag <= previous or tag >> 16 == 0xFFFE or (vr and tag in _EXPECTED and vr not in _EXPECTED[tag]):
                raise _OddFileError
            previous = tag
            if depth == 0 and self._stops(tag, at, length, end):
                return FastElements(values, character_set), at
            if length == UNDEFINED_LENGTH or tag in _SEQUENCES:
                values[tag], at = self._sequence(tag, vr, at, length, end, character_set, depth)
            else:
                values[tag] = self._value(tag, at, at + length, end)
                at += length
            if tag == _CHARACTER_SET:
                character_set = _known_set(values[tag])
            if tag >> 16 & 1:
                del values[tag]
        if delimited:
            raise _OddFileError
        return FastElements(values, character_set), at

    def _stops(self, tag: int, at: int, length: int, end: int) -> bool:
        """Whether no more is to be read; where pixel data begin is noted."""
        if tag <= self.last and tag not in PAYLOAD_TAGS:
            return False
        if length != UNDEFINED_LENGTH and at + length > end:
            raise _OddFileError
        if tag == Tag.PIXEL_DATA and length != UNDEFINED_LENGTH:
            self.pixels = PixelPlace(at=at, size=length)
        return True

    def _sequence(
        self, tag: int, vr: bytes, at: int, length: int, end: int, character_set: bytes, depth: int
    ) -> tuple[list[FastElements], int]:
        if length == UNDEFINED_LENGTH:
            if vr != b"SQ" and (vr or not _is_sequence(tag)):
                raise _OddFileError
            return self._items(at, end, character_set, depth, delimited=True)
        self._refuse_beyond(at + length, end)
        return self._items(at, at + length, character_set, depth)

    def _value(self, tag: int, at: int, stop: int, end: int) -> bytes | memoryview:
        if stop > end or stop > len(self.content):
            self._refuse_beyond(stop, end)
        if tag in _EXPECTED and _EXPECTED[tag] == (b"US",) and stop != at + 2:
            raise _OddFileError
        value = self.content[at:stop]
        return value if tag == Tag.CONTOUR_DATA else value.tobytes()

    def _items(
        self, at: int, end: int, character_set: bytes, depth: int, *, delimited: bool = False
    ) -> tuple[list[FastElements], int]:
        """Items from a place to the end, or to the sequence delimitation; and the place after them."""
        items: list[FastElements] = []
        while at < end:
            self._refuse_beyond(at + 8, end)
            group, element, length = _unpack_implicit(self.content, at)
            at += 8
            if delimited and (group, element, length) == (0xFFFE, 0xE0DD, 0):
                return items, at
            if (group, element) != (0xFFFE, 0xE000) or depth == _MAX_DEPTH:
                raise _OddFileError
            if length == UNDEFINED_LENGTH:
                item, at = self._dataset(at, end, character_set, depth + 1, delimited=True)
            else:
                self._refuse_beyond(at + length, end)
                item, at = self._dataset(at, at + length, character_set, depth + 1)
            items.append(item)
        if delimited:
            raise _OddFileError
        return items, at


def _known_set(value: Value) -> bytes:
    if not isinstance(value, bytes) or not _KNOWN_SETS.fullmatch(value):
        raise _OddFileError
    return value


@cache
def _is_sequence(tag: int) -> bool:
    """Whether an element of implicit VR is a sequence, as far as the dictionary tells."""
    if tag in _SEQUENCES or tag in _OTHER_SEQUENCES:
        return True
    from pydicom.datadict import dictionary_has_tag, dictionary_VR

    return dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"

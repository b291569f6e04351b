"""Plain DICOM file in, its elements as bytes out; None for whatever is not plain, which pydicom reads then.

Reading by pydicom takes longer than computing the DVHs of a small plan, and so does importing it. Nearly every RT file
is plain, though: preamble and file meta information, or neither; explicit or implicit VR little endian; tags that rise,
each element, sequence and item inside of what holds it, and nothing left over. Such a file can be read in one way only,
which takes two loops. Nothing is repaired or guessed here: a file with the slightest oddity is pydicom's, with its
errors, and the tests compare the two on files of every kind.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO, Final

import numpy as np

UNDEFINED_LENGTH = 0xFFFFFFFF
ANY_TAG = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
PAYLOAD_TAGS = frozenset({PIXEL_DATA, 0x7FE00008, 0x7FE00009})
CONTOUR_DATA = 0x30060050

_CHARACTER_SET = 0x00080005
# Of another character set pydicom makes what it can, or nothing.
_KNOWN_SETS = re.compile(rb"((ISO_IR|ISO 2022 IR) \d{1,3} *|GB18030|GBK|\\)*[ \0]?")
# Preamble, prefix.
_META_AT = 132
# Headers of doses and structure sets are shorter than this, and all files are read up to here.
_START_BYTES = 1 << 16
_DEEPEST = 16
_IMPLICIT, _EXPLICIT = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1"

# Sequences that are read.
_SEQUENCES = frozenset(
    {
        0x00700308,  # Registration
        0x00700309,  # Matrix Registration
        0x0070030A,  # Matrix
        0x30040050,  # DVH
        0x30040060,  # DVH Referenced ROI
        0x30060010,  # Referenced Frame of Reference
        0x30060020,  # Structure Set ROI
        0x30060039,  # ROI Contour
        0x30060040,  # Contour
        0x3006004A,  # Source Pixel Planes Characteristics
        0x30060080,  # RT ROI Observations
        0x30060086,  # RT ROI Identification Code
        0x300A0010,  # Dose Reference
        0x300A0070,  # Fraction Group
        0x300C0002,  # Referenced RT Plan
        0x300C0004,  # Referenced Beam
        0x300C0020,  # Referenced Fraction Group
        0x300C0050,  # Referenced Dose Reference
        0x300C0060,  # Referenced Structure Set
    }
)
# Sequences that are passed by, the commonest: knowing them saves asking pydicom's dictionary.
_OTHER_SEQUENCES = frozenset(
    {
        0x00081110,  # Referenced Study
        0x00081140,  # Referenced Image
        0x30060012,  # RT Referenced Study
        0x30060014,  # RT Referenced Series
        0x30060016,  # Contour Image
        0x300A0040,  # Tolerance Table
        0x300A00B0,  # Beam
        0x300A00B6,  # Beam Limiting Device
        0x300A0111,  # Control Point
        0x300A011A,  # Beam Limiting Device Position
        0x300A0180,  # Patient Setup
    }
)
# Elements of which more than the bytes is wanted, with the VRs whose bytes say all.
_EXPECTED = {
    **dict.fromkeys(_SEQUENCES, (b"SQ",)),
    **dict.fromkeys((0x00280010, 0x00280011, 0x00280100, 0x00280103), (b"US",)),
    **dict.fromkeys((0x00080100, 0x00080104, 0x30060002, 0x30060026, 0x300A0002, 0x300A0003), (b"LO", b"SH")),
}
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())

_unpack_implicit = struct.Struct("<HHL").unpack_from
_unpack_explicit = struct.Struct("<HH2sH").unpack_from
_unpack_length = struct.Struct("<L").unpack_from


class Elements:
    """Elements of a plain file or of an item in it: bytes, or items of a sequence, by tag; private ones left out.

    Contour Data, which are nearly all of a structure set, are a view of the file's bytes and keep all of these.
    """

    __slots__ = ("character_set", "values")

    def __init__(self, values: dict[int, Value], character_set: bytes) -> None:
        self.values: Final = values
        self.character_set: Final = character_set

    def __contains__(self, tag: int) -> bool:
        return tag in self.values

    def only(self, tags: Iterable[int]) -> Elements:
        """The same with no other elements than these."""
        return Elements({tag: self.values[tag] for tag in tags if tag in self.values}, self.character_set)

    def raw(self, tag: int) -> bytes:
        """Bytes of an element; empty when absent, and of a sequence."""
        value = self.values.get(tag, b"")
        if isinstance(value, bytes):
            return value
        return value.tobytes() if isinstance(value, memoryview) else b""

    def view(self, tag: int) -> memoryview:
        """Bytes of an element as `raw` gives them, Contour Data not copied."""
        value = self.values.get(tag, b"")
        return value if isinstance(value, memoryview) else memoryview(self.raw(tag))

    def items(self, tag: int) -> list[Elements]:
        """Items of one of the sequences that are read; empty when absent."""
        if tag not in _SEQUENCES:
            raise LookupError(f"sequence ({tag >> 16:04X},{tag & 0xFFFF:04X}) is not among those that are read")
        value = self.values.get(tag, [])
        assert isinstance(value, list)  # noqa: S101 - the walk makes it one
        return value


Value = bytes | memoryview | list[Elements]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainFile:
    """Elements of a file, and the place and length of the pixel data where reading stopped before them; 0 otherwise."""

    elements: Elements
    pixels_at: int = 0
    pixels_bytes: int = 0


class _NotPlainError(Exception):
    """The file has something that can be read in several ways, or in none."""


class _TooShortError(Exception):
    """More of the file is needed."""


def plain_file(file: BinaryIO, last: int = ANY_TAG) -> PlainFile | None:
    """Elements of an open file up to the tag ``last``, never pixel data; None when it is not plain.

    No more is read than needed: the start of the file, or else all of it.
    """
    try:
        size = os.fstat(file.fileno()).st_size
        file.seek(0)
        start = memoryview(file.read(_START_BYTES))
        try:
            return _Walk(start, size).file(last)
        except _TooShortError:
            content = _all_of(file, size)
            return _Walk(content, size).file(last) if content is not None else None
    except (_NotPlainError, _TooShortError, OSError):
        return None


def _all_of(file: BinaryIO, size: int) -> memoryview | None:
    """The bytes of a file; None when it has another size by now.

    They are an array's, for which numpy asks the system for large pages: 21 MB take 6 ms, and 13 ms as a bytes object.
    """
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
        self.stopped_at: tuple[int, int, int] | None = None

    def file(self, last: int) -> PlainFile:
        at = self._after_meta() if self._bytes(_META_AT - 4, _META_AT) == b"DICM" else self._bare()
        self._refuse_other_encoding(at)
        self.last = last
        elements, _ = self._dataset(at, self.size, b"", 0)
        tag, pixels_at, length = self.stopped_at or (0, 0, 0)
        if tag != PIXEL_DATA or length == UNDEFINED_LENGTH:
            return PlainFile(elements=elements)
        return PlainFile(elements=elements, pixels_at=pixels_at, pixels_bytes=length)

    def _after_meta(self) -> int:
        """Where the dataset begins, its encoding noted."""
        at, syntax = _META_AT, b""
        while self._has(at, 12) and self._bytes(at, at + 2) == b"\x02\x00":
            tag, at, length, _ = self._header(at, self.size)
            self._refuse_beyond(at + length, self.size)
            if tag == 0x00020010:
                syntax = self._bytes(at, at + length).rstrip(b" \0")
            at += length
        if syntax not in {_IMPLICIT, _EXPLICIT}:
            raise _NotPlainError
        self.explicit = syntax == _EXPLICIT
        return at

    def _bare(self) -> int:
        """Where the dataset of a file of nothing else begins; Monaco writes such, of implicit VR."""
        if self._bytes(0, 2) != b"\x08\x00":
            raise _NotPlainError
        self.explicit = False
        return 0

    def _refuse_other_encoding(self, at: int) -> None:
        """Refuse a dataset that is empty, begins with a command, or looks explicit where it should be implicit."""
        self._refuse_beyond(at + 8, self.size)
        first = self._bytes(at, at + 8)
        looks_explicit = all(0x41 <= letter <= 0x5A for letter in first[4:6])
        if first[:2] == b"\0\0" or looks_explicit != self.explicit:
            raise _NotPlainError

    def _bytes(self, at: int, stop: int) -> bytes:
        return self.content[at:stop].tobytes()

    def _has(self, at: int, count: int) -> bool:
        """Whether so many bytes follow in the file; if they must be read first, `_TooShortError`."""
        if at + count > len(self.content) < self.size:
            raise _TooShortError
        return at + count <= len(self.content)

    def _refuse_beyond(self, stop: int, end: int) -> None:
        if stop > end:
            raise _NotPlainError
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
            raise _NotPlainError
        return group << 16 | element, at + 12, _unpack_length(self.content, at + 8)[0], vr

    def _dataset(
        self, at: int, end: int, character_set: bytes, depth: int, *, delimited: bool = False
    ) -> tuple[Elements, int]:
        """Elements from a place to the end, or to the item delimitation; and the place after them."""
        values: dict[int, Value] = {}
        previous = -1
        while at < end:
            if delimited and at + 8 <= end and self._bytes(at, at + 8) == b"\xfe\xff\x0d\xe0\0\0\0\0":
                return Elements(values, character_set), at + 8
            tag, at, length, vr = self._header(at, end)
            if tag <= previous or tag >> 16 == 0xFFFE or (vr and tag in _EXPECTED and vr not in _EXPECTED[tag]):
                raise _NotPlainError
            previous = tag
            if depth == 0 and self._stops(tag, at, length, end):
                return Elements(values, character_set), at
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
            raise _NotPlainError
        return Elements(values, character_set), at

    def _stops(self, tag: int, at: int, length: int, end: int) -> bool:
        """Whether no more is to be read; where that was is noted."""
        if tag <= self.last and tag not in PAYLOAD_TAGS:
            return False
        if length != UNDEFINED_LENGTH and at + length > end:
            raise _NotPlainError
        self.stopped_at = tag, at, length
        return True

    def _sequence(
        self, tag: int, vr: bytes, at: int, length: int, end: int, character_set: bytes, depth: int
    ) -> tuple[list[Elements], int]:
        if length == UNDEFINED_LENGTH:
            if vr != b"SQ" and (vr or not _is_sequence(tag)):
                raise _NotPlainError
            return self._items(at, end, character_set, depth, delimited=True)
        self._refuse_beyond(at + length, end)
        return self._items(at, at + length, character_set, depth)

    def _value(self, tag: int, at: int, stop: int, end: int) -> bytes | memoryview:
        if stop > end or stop > len(self.content):
            self._refuse_beyond(stop, end)
        if tag in _EXPECTED and _EXPECTED[tag] == (b"US",) and stop != at + 2:
            raise _NotPlainError
        value = self.content[at:stop]
        return value if tag == CONTOUR_DATA else value.tobytes()

    def _items(
        self, at: int, end: int, character_set: bytes, depth: int, *, delimited: bool = False
    ) -> tuple[list[Elements], int]:
        """Items from a place to the end, or to the sequence delimitation; and the place after them."""
        items: list[Elements] = []
        while at < end:
            self._refuse_beyond(at + 8, end)
            group, element, length = _unpack_implicit(self.content, at)
            at += 8
            if delimited and (group, element, length) == (0xFFFE, 0xE0DD, 0):
                return items, at
            if (group, element) != (0xFFFE, 0xE000) or depth == _DEEPEST:
                raise _NotPlainError
            if length == UNDEFINED_LENGTH:
                item, at = self._dataset(at, end, character_set, depth + 1, delimited=True)
            else:
                self._refuse_beyond(at + length, end)
                item, at = self._dataset(at, at + length, character_set, depth + 1)
            items.append(item)
        if delimited:
            raise _NotPlainError
        return items, at


def _known_set(value: Value) -> bytes:
    if not isinstance(value, bytes) or not _KNOWN_SETS.fullmatch(value):
        raise _NotPlainError
    return value


@cache
def _is_sequence(tag: int) -> bool:
    """Whether an element of implicit VR is a sequence, as far as the dictionary tells."""
    if tag in _SEQUENCES or tag in _OTHER_SEQUENCES:
        return True
    from pydicom.datadict import dictionary_has_tag, dictionary_VR

    return dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"

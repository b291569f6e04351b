"""What every reader of DICOM files returns: the elements of a file or an item by tag, and the pixels of a dose.

Two readers give them: `sbrtcheck.dicom.fast` of nearly every RT file, `sbrtcheck.dicom.general` (pydicom) of any other.
`sbrtcheck.dicom.reader` asks the one after the other; nothing above it can tell which of them read a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.source import Source

ANY_TAG = 0xFFFFFFFF
UNDEFINED_LENGTH = 0xFFFFFFFF  # PS3.5 7.1.1: the value ends at a delimiter
# Pixel Data, and what an image may have in their place.
PAYLOAD_TAGS = frozenset({Tag.PIXEL_DATA, Tag.FLOAT_PIXEL_DATA, Tag.DOUBLE_FLOAT_PIXEL_DATA})
# Values of text are padded to an even length with a blank, UIDs with a NUL (PS3.5 6.2).
PADDING = b" \0"

StoredValues = npt.NDArray[np.number[Any]]


class Elements(Protocol):
    """Elements of a file or of an item, by tag (group and element number as one integer)."""

    def __contains__(self, tag: int, /) -> bool:
        """Whether the element is there."""

    def raw_text(self, tag: int, /) -> bytes:
        """The text of an element as written, without its padding; empty when absent."""

    def text_view(self, tag: int, /) -> memoryview:
        """What `raw_text` gives; Contour Data, which are nearly all of a structure set, not copied where possible."""

    def decoded(self, tag: int, /) -> str:
        """A text in the dataset's own character set; empty when absent or unreadable."""

    def unsigned(self, tag: int, display_name: str, /) -> int:
        """Value of a US element; `DicomError` when absent or damaged."""

    def items(self, tag: int, display_name: str = "", /) -> Sequence[Elements]:
        """Items of a sequence, none when it is absent; `DicomError` when it is damaged."""


# Pixels of a dose: where they are, and in which state


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelsInFile:
    """Uncompressed little-endian values that were not read: their place in the file, and their stated length."""

    source: Source
    at: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelsInMemory:
    """Uncompressed little-endian values."""

    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BigEndianPixels:
    """Uncompressed big-endian values; ``decode`` gives those in so many first bytes, or raises `DicomError`."""

    content: bytes
    decode: Callable[[int], StoredValues]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedPixels:
    """Values of undefined length; ``decode`` gives them, or raises `DicomError`."""

    decode: Callable[[], StoredValues]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPixels:
    """An RTDOSE without pixel data, which may hold DVHs alone."""


Pixels: TypeAlias = PixelsInFile | PixelsInMemory | BigEndianPixels | CompressedPixels | NoPixels


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseFile:
    """An RTDOSE: all elements but its pixels, and these; ``display_name`` is how messages name it."""

    elements: Elements
    pixels: Pixels
    display_name: str


# Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Why the content of a file cannot be trusted, and what the user can do where something is known."""

    what: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderTags:
    """What is wanted of a file: these elements, none of them after the tag ``last``."""

    last: int
    tags: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first elements of a file.

    Parameters
    ----------
    sop_class, modality, uid
        SOP Class UID and Modality, which tell what the file is; SOP Instance UID. Empty when absent.
    elements
        Those wanted; None where they cannot be read.
    cut_off
        That an element runs past the end of the file; None when none does.
    unread_syntax
        That its transfer syntax is not read: what its elements seem to be may be nonsense. None when it is.
    """

    sop_class: str
    modality: str
    uid: str
    elements: Elements | None
    cut_off: Damage | None = None
    unread_syntax: Damage | None = None


NotRead = Literal["other", "not DICOM"]
"""What a file is that no header is wanted of."""

Wanted = Callable[[str, str], HeaderTags | None]
"""SOP Class UID and Modality of a file -> what is wanted of it; None: nothing."""

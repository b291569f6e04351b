"""Element of a DICOM dataset in, text or number out, whatever its encoding; `DicomError` where it is damaged."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sbrtcheck.dicom.decimals import BadDecimalError, parse_decimals
from sbrtcheck.dicom.plain import ANY_TAG, Elements, plain_file
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import FloatArray

if TYPE_CHECKING:
    from pydicom import Dataset

AnyElements: TypeAlias = "Elements | Dataset"

# Largest value of an IS element; larger numbers are damage.
_MAX_INTEGER = 2**31 - 1
_PADDING = b" \0"
# Far beyond any couch, and far below where squares of numbers overflow.
MAXIMUM_MM = 1e5
# Character sets in which the bytes of ASCII mean the characters of ASCII, all of them.
_WITH_ASCII = frozenset(
    [b"", b"GB18030", b"GBK", *(b"ISO_IR " + n for n in b"6 100 101 109 110 126 127 138 144 148 166 192".split())]
)


def read_errors() -> tuple[type[Exception], ...]:
    """What pydicom raises on bytes that are no DICOM; asked for, and pydicom imported, when something was raised."""
    from sbrtcheck.dicom.general import READ_ERRORS

    return READ_ERRORS


@contextmanager
def quiet() -> Iterator[None]:
    """Without pydicom's warnings: what matters in them is raised or reported as a finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_dataset(path: Path, shown: str, last: int = ANY_TAG) -> AnyElements:
    """The elements of a file up to the tag ``last``, its values still raw; the file is closed again.

    ``shown`` is how messages name the file.
    """
    plain = _plain(path, last)
    if plain is not None:
        return plain
    from sbrtcheck.dicom.general import dataset_of

    return dataset_of(path, shown, last)


def _plain(path: Path, last: int) -> Elements | None:
    try:
        with path.open("rb") as file:
            plain = plain_file(file, last)
    except OSError:
        return None
    # what comes before the pixel data is not all of the file
    return plain.elements if plain is not None and not plain.pixels_at else None


def tag_name(tag: int) -> str:
    """Keyword and number of a tag, as in ``RTPlanLabel (300A,0002)``."""
    from pydicom.datadict import keyword_for_tag

    return f"{keyword_for_tag(tag) or 'private element'} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def raw_text(dataset: AnyElements, tag: int) -> bytes:
    """The text of an element as written; empty when absent."""
    if isinstance(dataset, Elements):
        return dataset.raw(tag).strip(_PADDING)
    from sbrtcheck.dicom import general

    return general.raw_text(dataset, tag)


def view_of_text(dataset: AnyElements, tag: int) -> memoryview:
    """What `raw_text` gives, Contour Data not copied."""
    if not isinstance(dataset, Elements):
        return memoryview(raw_text(dataset, tag))
    view = dataset.view(tag)
    start, stop = 0, len(view)
    while start < stop and view[stop - 1] in _PADDING:
        stop -= 1
    while start < stop and view[start] in _PADDING:
        start += 1
    return view[start:stop]


def words(dataset: AnyElements, tag: int) -> list[str]:
    """Values of an ASCII text element (UI, CS, IS, DS); empty when absent."""
    text = raw_text(dataset, tag).decode("latin-1")
    return [_printable(word.strip(" \0")) for word in text.split("\\")] if text else []


def _printable(text: str) -> str:
    """Damaged text must not break a message into lines, or a terminal."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


def word(dataset: AnyElements, tag: int) -> str:
    """First value of an ASCII text element; empty when absent."""
    return next(iter(words(dataset, tag)), "")


def name(dataset: AnyElements, tag: int) -> str:
    """A text in the dataset's own character set, in one line; empty when absent."""
    return _printable(" ".join(_decoded(dataset, tag).split()))


def _decoded(dataset: AnyElements, tag: int) -> str:
    if isinstance(dataset, Elements):
        text, character_set = dataset.raw(tag), dataset.character_set
        single = text.rstrip(b" \0")
        if single.isascii() and b"\\" not in single and character_set.strip(b" \0") in _WITH_ASCII:
            ascii_text = single.decode("ascii")
            if ascii_text.isprintable():
                return ascii_text
        from sbrtcheck.dicom.general import decoded_alone

        return decoded_alone(text, character_set)
    from sbrtcheck.dicom.general import decoded

    return decoded(dataset, tag)


def decimals(dataset: AnyElements, tag: int, shown: str) -> FloatArray:
    """All numbers of a DS or IS element, shape ``(n,)``; empty when absent."""
    try:
        return parse_decimals(raw_text(dataset, tag))
    except BadDecimalError as error:
        raise DicomError(f"{tag_name(tag)}: {error.token!r} is not a number", shown) from error


def millimetres(dataset: AnyElements, tag: int, shown: str) -> FloatArray:
    """All numbers of a DS element that are places or distances in a patient; `DicomError` when they cannot be."""
    values = decimals(dataset, tag, shown)
    if len(values) and np.abs(values).max() > MAXIMUM_MM:
        raise DicomError(f"{tag_name(tag)} is {np.abs(values).max():g} mm, which is no place in a patient", shown)
    return values


def number(dataset: AnyElements, tag: int) -> float | None:
    """First number of a DS or IS element; None when absent or not a number."""
    try:
        return float(parse_decimals(raw_text(dataset, tag))[0])
    except (BadDecimalError, IndexError):
        return None


def integer(dataset: AnyElements, tag: int) -> int | None:
    """First number of an IS element when it is whole (``7`` and ``7.0``) and of its range; None otherwise."""
    value = number(dataset, tag)
    usable = value is not None and value == np.floor(value) and abs(value) <= _MAX_INTEGER
    return int(value) if value is not None and usable else None


def binary_integer(dataset: AnyElements, tag: int, shown: str) -> int:
    """Value of a US element (Rows, Bits Allocated ...); `DicomError` when absent or damaged."""
    if isinstance(dataset, Elements):
        if tag not in dataset:
            raise DicomError(f"{tag_name(tag)} is missing or damaged", shown)
        return int.from_bytes(dataset.raw(tag), "little")
    from sbrtcheck.dicom.general import unsigned

    return unsigned(dataset, tag, shown)


def items(dataset: AnyElements, tag: int, shown: str = "") -> list[AnyElements]:
    """Items of a sequence; empty when absent."""
    if isinstance(dataset, Elements):
        return [*dataset.items(tag)]
    from sbrtcheck.dicom.general import items_of

    return [*items_of(dataset, tag, shown)]

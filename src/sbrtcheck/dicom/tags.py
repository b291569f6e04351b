"""Element of a DICOM dataset in, text or number out, whatever its encoding; `DicomError` where it is damaged."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.sequence import Sequence

from sbrtcheck.dicom.decimals import BadDecimalError, parse_decimals
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import FloatArray

# What pydicom raises on bytes that are no DICOM, or end too early.
READ_ERRORS = (
    InvalidDicomError,
    BytesLengthException,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
    MemoryError,
    NotImplementedError,
    struct.error,
    zlib.error,
)

# Largest value of an IS element; larger numbers are damage.
_GREATEST_INTEGER = 2**31 - 1
UNDEFINED_LENGTH = 0xFFFFFFFF
# Far beyond any couch, and far below where squares of numbers overflow.
MAXIMUM_MM = 1e5
PIXEL_DATA = 0x7FE00010
PAYLOAD_TAGS = frozenset({PIXEL_DATA, 0x7FE00008, 0x7FE00009})


@contextmanager
def quiet() -> Iterator[None]:
    """Without pydicom's warnings: what matters in them is raised or reported as a finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_dataset(path: Path, shown: str, last: int = 0xFFFFFFFF) -> Dataset:
    """The dataset of a file up to the tag ``last``, its values still raw; the file is closed again.

    ``shown`` is how messages name the file.
    """
    try:
        with path.open("rb") as file:
            dataset = read_partial(file, lambda tag, _vr, _length: tag > last, force=True)
    except READ_ERRORS as error:
        raise DicomError("the file is damaged or truncated", shown, "export it again") from error
    _refuse_truncated(dataset, shown)
    return dataset


def _refuse_truncated(dataset: Dataset, shown: str) -> None:
    for tag in dataset.keys():  # noqa: SIM118 - iterating a Dataset itself would decode every value
        element = raw_element(dataset, tag)
        value, length = getattr(element, "value", None), getattr(element, "length", UNDEFINED_LENGTH)
        if isinstance(value, bytes) and length != UNDEFINED_LENGTH and len(value) < length:
            what = f"the file is truncated: {tag_name(tag)} should have {length} bytes and has {len(value)}"
            raise DicomError(what, shown, "export it again")


def raw_element(dataset: Dataset, tag: int) -> RawDataElement | DataElement | None:
    """An element as it was read, not converted; None when absent or unreadable (an unknown VR with nothing in it)."""
    try:
        return dataset.get_item(tag) if tag in dataset else None
    except READ_ERRORS:
        return None


def tag_name(tag: int) -> str:
    """Keyword and number of a tag, as in ``RTPlanLabel (300A,0002)``."""
    return f"{keyword_for_tag(tag) or 'private element'} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def raw_text(dataset: Dataset, tag: int) -> bytes:
    """The text of an element as written; empty when absent."""
    value = getattr(raw_element(dataset, tag), "value", None)
    if isinstance(value, bytes):
        return value.strip(b" \0")
    if value is None or isinstance(value, Sequence):
        return b""
    parts = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    return "\\".join(map(str, parts)).encode()


def words(dataset: Dataset, tag: int) -> list[str]:
    """Values of an ASCII text element (UI, CS, IS, DS); empty when absent."""
    text = raw_text(dataset, tag).decode("latin-1")
    return [_printable(word.strip(" \0")) for word in text.split("\\")] if text else []


def _printable(text: str) -> str:
    """Damaged text must not break a message into lines, or a terminal."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


def word(dataset: Dataset, tag: int) -> str:
    """First value of an ASCII text element; empty when absent."""
    return next(iter(words(dataset, tag)), "")


def name(dataset: Dataset, tag: int) -> str:
    """A text in the dataset's own character set, in one line; empty when absent."""
    if tag not in dataset:
        return ""
    try:
        value = dataset[tag].value
    except READ_ERRORS:
        return ""
    return _printable(" ".join(str(value).split())) if value is not None else ""


def decimals(dataset: Dataset, tag: int, shown: str) -> FloatArray:
    """All numbers of a DS or IS element, shape ``(n,)``; empty when absent."""
    try:
        return parse_decimals(raw_text(dataset, tag))
    except BadDecimalError as error:
        raise DicomError(f"{tag_name(tag)}: {error.token!r} is not a number", shown) from error


def millimetres(dataset: Dataset, tag: int, shown: str) -> FloatArray:
    """All numbers of a DS element that are places or distances in a patient; `DicomError` when they cannot be."""
    values = decimals(dataset, tag, shown)
    if len(values) and np.abs(values).max() > MAXIMUM_MM:
        raise DicomError(f"{tag_name(tag)} is {np.abs(values).max():g} mm, which is no place in a patient", shown)
    return values


def number(dataset: Dataset, tag: int) -> float | None:
    """First number of a DS or IS element; None when absent or not a number."""
    try:
        return float(parse_decimals(raw_text(dataset, tag))[0])
    except (BadDecimalError, IndexError):
        return None


def integer(dataset: Dataset, tag: int) -> int | None:
    """First number of an IS element when it is whole (``7`` and ``7.0``) and of its range; None otherwise."""
    value = number(dataset, tag)
    usable = value is not None and value == np.floor(value) and abs(value) <= _GREATEST_INTEGER
    return int(value) if value is not None and usable else None


def binary_integer(dataset: Dataset, tag: int, shown: str) -> int:
    """Value of a US element (Rows, Bits Allocated ...); `DicomError` when absent or damaged."""
    try:
        return int(dataset[tag].value)
    except READ_ERRORS as error:
        raise DicomError(f"{tag_name(tag)} is missing or damaged", shown) from error


def items(dataset: Dataset, tag: int, shown: str = "") -> list[Dataset]:
    """Items of a sequence; empty when absent."""
    if tag not in dataset:
        return []
    try:
        value = dataset[tag].value
        return list(value) if isinstance(value, Sequence) else []
    except READ_ERRORS as error:
        raise DicomError(f"{tag_name(tag)} is damaged or truncated", shown, "export the file again") from error

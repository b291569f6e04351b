"""Any DICOM file in, pydicom's dataset out; what its elements hold. The way for all that `plain` does not read.

The only module that needs pydicom when it is imported: the others import it when they have such a file.
"""

from __future__ import annotations

import os
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset, FileDataset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_file_meta_info, read_partial, read_sequence
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import (
    HTJ2K,
    UID,
    DeflatedExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLETransferSyntaxes,
    UncompressedTransferSyntaxes,
)

from sbrtcheck.dicom.plain import PAYLOAD_TAGS, PIXEL_DATA, UNDEFINED_LENGTH
from sbrtcheck.dicom.tags import tag_name
from sbrtcheck.errors import DicomError

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

# Of other ones, private ones above all, the encoding is not known: a file that looks little endian may have big-endian
# pixel data. Compressed ones have a dataset of explicit VR little endian (PS3.5 A.4).
_READ_SYNTAXES = frozenset(
    {
        *UncompressedTransferSyntaxes,
        *JPEGTransferSyntaxes,
        *JPEGLSTransferSyntaxes,
        *JPEG2000TransferSyntaxes,
        *(HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K),
        *RLETransferSyntaxes,
    }
)
EXPORT_PLAINLY = "export it as implicit or explicit VR little endian"

_BEAMS = frozenset({0x300A00B0, 0x300A03A2})  # of photons and electrons, of ions
_REFERENCED_SETS = 0x300C0060
_LONGEST_UID = 64
_SHORT_BYTES = 2
_RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


# Transfer syntaxes


def file_meta(path: Path) -> FileMetaDataset:
    """File meta information; empty where a file has none."""
    try:
        return read_file_meta_info(path)
    except READ_ERRORS:
        return FileMetaDataset()


def unread_syntax(meta: Dataset) -> str:
    """Why a file of this meta information cannot be read, its transfer syntax named; ``""`` where it can be.

    A file that does not name its transfer syntax is read as what it looks like.
    """
    syntax = raw_text(meta, 0x00020010).decode("latin-1")
    if not syntax or syntax in _READ_SYNTAXES:
        return ""
    shown = "".join(one if one.isprintable() else "?" for one in syntax[:_LONGEST_UID])
    known = UID(syntax).name
    named = f"{shown} ({known})" if known != syntax else f"{shown}, a private one"
    return f"its transfer syntax is {named}, which is not read: how its numbers are encoded is not known"


def _refuse_unread_syntax(path: Path, shown: str) -> None:
    if why := unread_syntax(file_meta(path)):
        raise DicomError(why, shown, EXPORT_PLAINLY)


# Whole files


def dataset_of(path: Path, shown: str, last: int) -> Dataset:
    """The dataset of a file up to the tag ``last``, its values still raw; the file is closed again."""
    _refuse_unread_syntax(path, shown)
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


class _PixelWatch:
    """Stops before pixel data of a known length and notes where they are, and how many bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.at = 0
        self.length = 0

    def __call__(self, tag: BaseTag, _vr: str | None, length: int) -> bool:
        if tag == PIXEL_DATA and length not in {0, UNDEFINED_LENGTH}:
            self.at, self.length = self.file.tell(), length
        return self.at > 0


def dose_dataset(path: Path, shown: str) -> tuple[Dataset, int, int]:
    """An RTDOSE, with the place and length of its pixel data where they are plain and were not read; else zeros."""
    _refuse_unread_syntax(path, shown)
    try:
        with path.open("rb") as file:
            watch = _PixelWatch(file)
            dataset = read_partial(file, watch, force=True)
    except READ_ERRORS as error:
        raise DicomError("the file is damaged or truncated", shown, "export it again") from error
    deflated = dataset.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
    if not watch.at or not dataset.original_encoding[1] or deflated:
        return dataset_of(path, shown, 0xFFFFFFFF), 0, 0
    return dataset, watch.at, watch.length


# Headers


class _EndWatch:
    """Stops before the bulk of a file, and notes whether an element runs past the file's end.

    Stops, the first time, at beams of undefined length too: they can only be passed by parsing all of them.
    """

    def __init__(self, file: BinaryIO, last: int) -> None:
        self.file = file
        self.last = last
        self.size = os.fstat(file.fileno()).st_size
        self.too_long = ""
        self.open_beams = False

    def __call__(self, tag: BaseTag, _vr: str | None, length: int) -> bool:
        if length not in {0, UNDEFINED_LENGTH} and self.file.tell() + length > self.size:
            self.too_long = f"element ({tag >> 16:04X},{tag & 0xFFFF:04X}) runs past the end of the file"
        if tag in _BEAMS and length == UNDEFINED_LENGTH and not self.open_beams:
            self.open_beams = True
            return True
        return tag in PAYLOAD_TAGS or tag > self.last


def start_of(file: BinaryIO, last: int) -> FileDataset:
    """The first elements of a file; one of `READ_ERRORS` when it cannot be read."""
    file.seek(0)
    return read_partial(file, lambda tag, _vr, _length: tag > last, force=True)


def header_of(file: BinaryIO, last: int, wanted: list[BaseTag | int]) -> tuple[Dataset, str]:
    """The wanted elements of a file up to the tag ``last``, and which runs past its end, ``""`` when none does."""
    watch = _EndWatch(file, last)
    header = _watched(file, watch, wanted)
    deflated = header.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
    # a deflated file is watched through its decompressed bytes, not this file
    return header, "" if deflated else watch.too_long


def _watched(file: BinaryIO, watch: _EndWatch, wanted: list[BaseTag | int]) -> FileDataset:
    file.seek(0)
    header = read_partial(file, watch, force=True, specific_tags=wanted)
    if watch.open_beams:
        references = _references_after_beams(file, header)
        if references is None:
            file.seek(0)
            return read_partial(file, watch, force=True, specific_tags=wanted)
        header.update(references)
    return header


def _references_after_beams(file: BinaryIO, header: FileDataset) -> Dataset | None:
    """The reference to the structure set, looked for from the end of the file; None when that is not certain."""
    implicit, little = header.original_encoding
    file.seek(0)
    content = file.read()
    at = content.rfind(b"\x0c\x30\x60\x00" + (b"" if implicit else b"SQ"))
    if at < 0 or not little or implicit is None:
        return None
    try:
        found = read_dataset(BytesIO(content[at:]), implicit, little, specific_tags=[_REFERENCED_SETS])
        classes = [raw_text(item, 0x00081150).decode("latin-1") for item in items_of(found, _REFERENCED_SETS, "")]
    except (*READ_ERRORS, DicomError):
        return None
    return found if classes == [_RT_STRUCTURE_SET] else None


# Elements


def raw_element(dataset: Dataset, tag: int) -> RawDataElement | DataElement | None:
    """An element as it was read, not converted; None when absent or unreadable (an unknown VR with nothing in it)."""
    try:
        return dataset.get_item(tag) if tag in dataset else None
    except READ_ERRORS:
        return None


def raw_text(dataset: Dataset, tag: int) -> bytes:
    """The text of an element as written, without blanks and NULs around it; empty when absent."""
    value = getattr(raw_element(dataset, tag), "value", None)
    if isinstance(value, bytes):
        return value.strip(b" \0")
    if value is None or isinstance(value, Sequence):
        return b""
    parts = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    return "\\".join(map(str, parts)).encode()


def decoded(dataset: Dataset, tag: int) -> str:
    """A text in the dataset's own character set; empty when absent or unreadable."""
    if tag not in dataset:
        return ""
    try:
        value = dataset[tag].value
    except READ_ERRORS:
        return ""
    return str(value) if value is not None else ""


def decoded_alone(text: bytes, character_set: bytes) -> str:
    """A text (LO, SH) in a character set, as pydicom reads it from a file."""
    elements = b"".join(
        struct.pack("<HH2sH", 0x0008, element, vr, len(value)) + value
        for element, vr, value in ((0x0005, b"CS", character_set), (0x103E, b"LO", text))
    )
    return decoded(read_dataset(BytesIO(elements), is_implicit_VR=False, is_little_endian=True), 0x0008103E)


def unsigned(dataset: Dataset, tag: int, shown: str) -> int:
    """Value of a US element; `DicomError` when absent or damaged."""
    unknown = _unknown(dataset, tag)
    try:
        return int.from_bytes(unknown, "little") if len(unknown) == _SHORT_BYTES else int(dataset[tag].value)
    except READ_ERRORS as error:
        raise DicomError(f"{tag_name(tag)} is missing or damaged", shown) from error


def items_of(dataset: Dataset, tag: int, shown: str) -> list[Dataset]:
    """Items of a sequence; empty when absent."""
    if tag not in dataset:
        return []
    try:
        unknown = _unknown(dataset, tag)
        if unknown:
            return list(_items_of_unknown(unknown, dataset))
        value = dataset[tag].value
        return list(value) if isinstance(value, Sequence) else []
    except READ_ERRORS as error:
        raise DicomError(f"{tag_name(tag)} is damaged or truncated", shown, "export the file again") from error


def _unknown(dataset: Dataset, tag: int) -> bytes:
    """Bytes of an element whose VR is given as UN though the dictionary knows it; empty for any other element.

    Such a value is of implicit VR little endian, whatever the file is (PS3.5 6.2.2). pydicom takes short ones for what
    they are, in the encoding of the file, and leaves those of 64 kB and more as bytes.
    """
    element = raw_element(dataset, tag)
    value = getattr(element, "value", None)
    return value if getattr(element, "VR", None) == "UN" and isinstance(value, bytes) else b""


def _items_of_unknown(value: bytes, dataset: Dataset) -> Sequence:
    """Items of a sequence of VR UN; of explicit VR inside where they look so, for some files have them."""
    encoding = dataset.original_character_set or "iso8859"
    with BytesIO(value) as file:
        return read_sequence(
            file, is_implicit_VR=False, is_little_endian=True, bytelength=len(value), encoding=encoding
        )

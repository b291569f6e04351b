"""Any DICOM file -> its elements as pydicom reads them, for the files that `sbrtcheck.dicom.fast` does not read.

The only reading module that needs pydicom when it is imported: it is imported when there is such a file.
"""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import BinaryIO, cast

import numpy as np
from pydicom import Dataset, FileDataset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_partial, read_sequence
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import (
    HTJ2K,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLETransferSyntaxes,
    UncompressedTransferSyntaxes,
)

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.deflated import EXPORT_UNCOMPRESSED, BoundedFile
from sbrtcheck.dicom.elements import (
    ANY_TAG,
    PADDING,
    PAYLOAD_TAGS,
    UNDEFINED_LENGTH,
    BigEndianPixels,
    CompressedPixels,
    Damage,
    DoseFile,
    Header,
    HeaderTags,
    NoPixels,
    NotRead,
    Pixels,
    PixelsInFile,
    PixelsInMemory,
    StoredValues,
    Wanted,
)
from sbrtcheck.dicom.source import Source, opened, size_of
from sbrtcheck.dicom.tags import ascii_text, tag_name, uid_text
from sbrtcheck.errors import DicomError

# What pydicom raises on bytes that are no DICOM, or end too early.
READ_ERRORS = (
    InvalidDicomError,
    BytesLengthException,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
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

# Of other ones, private ones above all, the encoding is not known: a file that seems to be little endian may have
# big-endian pixel data. Compressed ones have a dataset of explicit VR little endian (PS3.5 A.4).
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

_BEAMS = frozenset({Tag.BEAM_SEQUENCE, Tag.ION_BEAM_SEQUENCE})  # of photons and electrons, of ions
_REFERENCED_SETS = Tag.REFERENCED_STRUCTURE_SET_SEQUENCE
_AFTER_BEAMS: list[BaseTag | int] = [_REFERENCED_SETS, Tag.APPROVAL_STATUS]
_MAX_UID = 64
_UID_TEXT = re.compile(r"[0-9.]+")
_SHORT_BYTES = 2
_RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


class PydicomElements:
    """Elements of a dataset of pydicom; nothing in it is decoded before it is asked for."""

    __slots__ = ("dataset",)

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __contains__(self, tag: int) -> bool:
        return tag in self.dataset

    def raw_text(self, tag: int) -> bytes:
        """The text of an element as written, without its padding; empty when absent."""
        value = getattr(_raw_element(self.dataset, tag), "value", None)
        if isinstance(value, bytes):
            return value.strip(PADDING)
        if value is None or isinstance(value, Sequence):
            return b""
        parts = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
        return "\\".join(map(str, parts)).encode()

    def text_view(self, tag: int) -> memoryview:
        """What `raw_text` gives."""
        return memoryview(self.raw_text(tag))

    def decoded(self, tag: int) -> str:
        """A text in the dataset's own character set; empty when absent or unreadable."""
        if tag not in self.dataset:
            return ""
        try:
            value = self.dataset[tag].value
            if isinstance(value, MultiValue):  # a backslash parts values, and somebody typed one into a name
                return "\\".join(map(str, value))
            # a sequence is no text; pydicom would read all in it, in time that doubles with each level of its nesting
            return "" if value is None or isinstance(value, Sequence) else str(value)
        except READ_ERRORS:
            return ""

    def unsigned(self, tag: int, display_name: str) -> int:
        """Value of a US element; `DicomError` when absent or damaged."""
        unknown = _unknown(self.dataset, tag)
        try:
            is_short = len(unknown) == _SHORT_BYTES
            return int.from_bytes(unknown, "little") if is_short else int(self.dataset[tag].value)
        except READ_ERRORS as error:
            raise DicomError(f"{tag_name(tag)} is missing or damaged", display_name) from error

    def items(self, tag: int, display_name: str = "") -> list[PydicomElements]:
        """Items of a sequence, none when it is absent; `DicomError` when it is damaged."""
        if tag not in self.dataset:
            return []
        try:
            unknown = _unknown(self.dataset, tag)
            if unknown:
                return [PydicomElements(item) for item in _items_of_unknown(unknown, self.dataset)]
            value = self.dataset[tag].value
            return [PydicomElements(item) for item in value] if isinstance(value, Sequence) else []
        except READ_ERRORS as error:
            what = f"{tag_name(tag)} is damaged or truncated"
            raise DicomError(what, display_name, "export the file again") from error


def _raw_element(dataset: Dataset, tag: int) -> RawDataElement | DataElement | None:
    """An element as it was read, not converted; None when absent or unreadable (an unknown VR with nothing in it)."""
    try:
        return dataset.get_item(tag) if tag in dataset else None
    except READ_ERRORS:
        return None


def _unknown(dataset: Dataset, tag: int) -> bytes:
    """Bytes of an element whose VR is given as UN though the dictionary knows it; empty for any other element.

    Such a value is of implicit VR little endian, whatever the file is (PS3.5 6.2.2). pydicom reads short ones as what
    they are, in the encoding of the file, and leaves those of 64 kB and more as bytes.
    """
    element = _raw_element(dataset, tag)
    value = getattr(element, "value", None)
    return value if getattr(element, "VR", None) == "UN" and isinstance(value, bytes) else b""


def _items_of_unknown(value: bytes, dataset: Dataset) -> Sequence:
    """Items of a sequence of VR UN; of explicit VR inside where they look so, for some files have them."""
    encoding = dataset.original_character_set or "iso8859"
    with BytesIO(value) as file:
        return read_sequence(
            file, is_implicit_VR=False, is_little_endian=True, bytelength=len(value), encoding=encoding
        )


def decode_text(text: bytes, character_set: bytes) -> str:
    """A text (LO, SH) in a character set, as pydicom reads it from a file."""
    elements = b"".join(
        struct.pack("<HH2sH", 0x0008, element, vr, len(value)) + value
        for element, vr, value in ((0x0005, b"CS", character_set), (0x103E, b"LO", text))
    )
    dataset = read_dataset(BytesIO(elements), is_implicit_VR=False, is_little_endian=True)
    return PydicomElements(dataset).decoded(Tag.SERIES_DESCRIPTION)


# Transfer syntaxes


def _file_meta(file: BinaryIO) -> tuple[PydicomElements, Damage | None]:
    """File meta information, empty where a file has none; and why the file is not to be unpacked, where it is deflated.

    pydicom unpacks a deflated file to read even this.
    """
    bounded = BoundedFile(file)
    try:
        file.seek(0)
        read = read_partial(cast("BinaryIO", bounded), lambda _tag, _vr, _length: True, force=True)
    except READ_ERRORS:
        return PydicomElements(FileMetaDataset()), bounded.damage
    return PydicomElements(FileMetaDataset() if read.preamble is None else read.file_meta), bounded.damage


def _unread_syntax(meta: PydicomElements) -> Damage | None:
    """Why a file of this meta information cannot be read, its transfer syntax named; None where it can be.

    A file that does not name its transfer syntax is read by what its first bytes suggest.
    """
    syntax = meta.raw_text(Tag.TRANSFER_SYNTAX_UID).decode("latin-1")
    if not syntax or syntax in _READ_SYNTAXES:
        return None
    name = UID(syntax).name
    text = f"{syntax[:_MAX_UID]} ({name})" if name != syntax else f"{syntax[:_MAX_UID]}, a private one"
    if not _UID_TEXT.fullmatch(syntax):  # of a damaged file, it may be any text, a name too: it is not quoted
        text = "no UID"
    what = f"its transfer syntax is {text}, which is not read: how its numbers are encoded is not known"
    return Damage(what=what, hint=EXPORT_UNCOMPRESSED)


def _refuse_unread_syntax(file: BinaryIO, display_name: str) -> None:
    meta, too_large = _file_meta(file)
    if damage := too_large or _unread_syntax(meta):
        raise DicomError(damage.what, display_name, damage.hint or "")


# Whole files


def read_general(source: Source, display_name: str, last: int) -> PydicomElements:
    """The elements of a file up to the tag ``last``, their values still raw; the file is closed again."""
    return PydicomElements(_dataset_of(source, display_name, last))


def _dataset_of(source: Source, display_name: str, last: int) -> Dataset:
    try:
        with opened(source) as file:
            _refuse_unread_syntax(file, display_name)
            file.seek(0)
            dataset = read_partial(file, lambda tag, _vr, _length: tag > last, force=True)
    except READ_ERRORS as error:
        raise DicomError("the file is damaged or truncated", display_name, "export it again") from error
    _refuse_truncated(dataset, display_name)
    return dataset


def _refuse_truncated(dataset: Dataset, display_name: str) -> None:
    for tag in dataset.keys():  # noqa: SIM118 - iterating a Dataset itself would decode every value
        element = _raw_element(dataset, tag)
        value, length = getattr(element, "value", None), getattr(element, "length", UNDEFINED_LENGTH)
        if isinstance(value, bytes) and length != UNDEFINED_LENGTH and len(value) < length:
            what = f"the file is truncated: {tag_name(tag)} should have {length} bytes and has {len(value)}"
            raise DicomError(what, display_name, "export it again")


# Doses


class _PixelWatch:
    """Stops before pixel data of a known length and notes where they are, and how many bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.at = 0
        self.length = 0

    def __call__(self, tag: BaseTag, _vr: str | None, length: int) -> bool:
        if tag == Tag.PIXEL_DATA and length not in {0, UNDEFINED_LENGTH}:
            self.at, self.length = self.file.tell(), length
        return self.at > 0


def read_general_dose(source: Source, display_name: str) -> DoseFile:
    """An RTDOSE, its pixel data still in the file where they are uncompressed, little endian and not deflated."""
    try:
        with opened(source) as file:
            _refuse_unread_syntax(file, display_name)
            file.seek(0)
            watch = _PixelWatch(file)
            dataset = read_partial(file, watch, force=True)
    except READ_ERRORS as error:
        raise DicomError("the file is damaged or truncated", display_name, "export it again") from error
    deflated = dataset.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
    if watch.at and dataset.original_encoding[1] and not deflated:
        pixels = PixelsInFile(source=source, at=watch.at, size=watch.length)
        return DoseFile(elements=PydicomElements(dataset), pixels=pixels, display_name=display_name)
    whole = _dataset_of(source, display_name, ANY_TAG)
    return DoseFile(elements=PydicomElements(whole), pixels=_pixels_of(whole, display_name), display_name=display_name)


def _pixels_of(dataset: Dataset, display_name: str) -> Pixels:
    element = _raw_element(dataset, Tag.PIXEL_DATA)
    raw = getattr(element, "value", None)
    if not raw:
        return NoPixels()
    if getattr(element, "length", 0) == UNDEFINED_LENGTH or not isinstance(raw, bytes):
        return CompressedPixels(decode=partial(_decompress, dataset, display_name))
    if getattr(element, "is_little_endian", False):
        return PixelsInMemory(content=raw)
    return BigEndianPixels(content=raw, decode=partial(_big_endian, dataset, display_name))


def _decompress(dataset: Dataset, display_name: str) -> StoredValues:
    return _decoded_pixels(dataset, display_name, compressed=True)


def _big_endian(dataset: Dataset, display_name: str, size: int) -> StoredValues:
    element = _raw_element(dataset, Tag.PIXEL_DATA)
    # a value of VR UN is kept as bytes, and may be of either byte order
    if getattr(element, "VR", "") == "UN":
        what = "pixel data of unknown VR in a big-endian file: their byte order is not known"
        raise DicomError(what, display_name)
    content = getattr(element, "value", b"")
    if size < len(content):
        dataset[Tag.PIXEL_DATA].value = content[:size]
    return _decoded_pixels(dataset, display_name, compressed=False)


def _decoded_pixels(dataset: Dataset, display_name: str, *, compressed: bool) -> StoredValues:
    """Pixel values in native byte order; where pydicom would drop some and warn, they are refused."""
    try:
        _ensure_transfer_syntax(dataset)
        if compressed and not dataset.file_meta.TransferSyntaxUID.is_compressed:
            raise DicomError("uncompressed pixel data of undefined length", display_name, "export it again")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            values = np.asarray(dataset.pixel_array)
    except (*READ_ERRORS, RuntimeError, Warning) as error:
        raise DicomError("pixel data cannot be decoded", display_name, "export it uncompressed") from error
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _ensure_transfer_syntax(dataset: Dataset) -> None:
    """Files without meta information that are not little endian can only be explicit big endian."""
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian


# Headers


class _EndWatch:
    """Stops before the bulk of a file, and notes whether an element runs past the file's end.

    Stops, the first time, at beams of undefined length too: they can only be passed by parsing all of them.
    """

    def __init__(self, file: BinaryIO, last: int) -> None:
        self.file = file
        self.last = last
        self.size = size_of(file)
        self.cut_off: Damage | None = None
        self.open_beams = False

    def __call__(self, tag: BaseTag, _vr: str | None, length: int) -> bool:
        if length not in {0, UNDEFINED_LENGTH} and self.file.tell() + length > self.size:
            element = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
            self.cut_off = Damage(what=f"the file is truncated: element {element} runs past the end of the file")
        if tag in _BEAMS and length == UNDEFINED_LENGTH and not self.open_beams:
            self.open_beams = True
            return True
        return tag in PAYLOAD_TAGS or tag > self.last


def read_general_header(file: BinaryIO, wanted: Wanted) -> Header | NotRead:
    """The header of a file that starts as DICOM files do; what its dataset lacks comes from its meta information."""
    meta, too_large = _file_meta(file)
    unread_syntax = too_large or _unread_syntax(meta)
    header: Header | NotRead = "other" if too_large else _header(file, meta, wanted)
    if unread_syntax is None:
        return header
    uid = uid_text(meta, Tag.MEDIA_STORAGE_SOP_INSTANCE_UID)
    if isinstance(header, Header):
        return replace(header, uid=header.uid or uid, unread_syntax=unread_syntax)
    sop_class = ascii_text(meta, Tag.MEDIA_STORAGE_SOP_CLASS_UID)
    if wanted(sop_class, "") is None:
        return header
    return Header(sop_class=sop_class, modality="", uid=uid, elements=None, unread_syntax=unread_syntax)


def _header(file: BinaryIO, meta: PydicomElements, wanted: Wanted) -> Header | NotRead:
    try:
        start = PydicomElements(_start_of(file))
        sop_class = ascii_text(start, Tag.SOP_CLASS_UID) or ascii_text(meta, Tag.MEDIA_STORAGE_SOP_CLASS_UID)
        header = Header(
            sop_class=sop_class,
            modality=ascii_text(start, Tag.MODALITY),
            uid=uid_text(start, Tag.SOP_INSTANCE_UID),
            elements=None,
        )
        tags = wanted(sop_class, header.modality)
    except READ_ERRORS:
        return "not DICOM"
    if tags is None:
        return "other"
    try:
        dataset, cut_off = _header_dataset(file, tags)
    except (*READ_ERRORS, DicomError):
        return header
    return replace(header, elements=PydicomElements(dataset), cut_off=cut_off)


def _start_of(file: BinaryIO) -> FileDataset:
    file.seek(0)
    return read_partial(file, lambda tag, _vr, _length: tag > Tag.MODALITY, force=True)


def _header_dataset(file: BinaryIO, tags: HeaderTags) -> tuple[Dataset, Damage | None]:
    """The wanted elements, and that an element runs past the end of the file."""
    watch = _EndWatch(file, tags.last)
    dataset = _read_with_watch(file, watch, [*tags.tags])
    deflated = dataset.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
    # a deflated file is watched through its decompressed bytes, not this file
    return dataset, None if deflated else watch.cut_off


def _read_with_watch(file: BinaryIO, watch: _EndWatch, wanted: list[BaseTag | int]) -> FileDataset:
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
    """Structure set and approval, which come after the beams, looked for from the end; None when not certain."""
    implicit, little = header.original_encoding
    file.seek(0)
    content = file.read()
    at = content.rfind(b"\x0c\x30\x60\x00" + (b"" if implicit else b"SQ"))
    if at < 0 or not little or implicit is None:
        return None
    try:
        dataset = read_dataset(BytesIO(content[at:]), implicit, little, specific_tags=_AFTER_BEAMS)
        references = PydicomElements(dataset).items(_REFERENCED_SETS, "")
        classes = [item.raw_text(Tag.REFERENCED_SOP_CLASS_UID).decode("latin-1") for item in references]
    except (*READ_ERRORS, DicomError):
        return None
    return dataset if classes == [_RT_STRUCTURE_SET] else None

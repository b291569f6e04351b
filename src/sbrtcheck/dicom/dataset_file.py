"""A pydicom Dataset in memory -> the bytes of a file that is read as any other; the Dataset is not changed.

What pydicom has not decoded yet is written as it was read, so that a Dataset of a file and the file are read alike.
Private elements are left out, for nothing reads them; of images, the pixels too, but not of a SEG.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from copy import copy
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, config, dcmread
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_deferred_data_element
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import UID, ImplicitVRLittleEndian

from sbrtcheck.dicom.attributes import SEGMENTATION_STORAGES, Tag
from sbrtcheck.dicom.elements import PAYLOAD_TAGS, UNDEFINED_LENGTH
from sbrtcheck.dicom.general import READ_ERRORS, PydicomElements
from sbrtcheck.dicom.source import MemoryFile, Source, opened
from sbrtcheck.dicom.tags import ascii_text, quiet
from sbrtcheck.errors import InputError

_RT_CLASS = "1.2.840.10008.5.1.4.1.1.481."
_DEFLATED = "1.2.840.10008.1.2.1.99"
_EXPLICIT = "1.2.840.10008.1.2.1"
_START = bytes(128) + b"DICM"
_ITEM_STARTS = b"\xfe\xff\x00\xe0"  # of encapsulated pixel data
_META_TAGS = (Tag.MEDIA_STORAGE_SOP_CLASS_UID, Tag.MEDIA_STORAGE_SOP_INSTANCE_UID, Tag.TRANSFER_SYNTAX_UID)
_GROUP_LENGTH, _FILE_META_GROUP = 0, 0x0002
_WRITE_ERRORS = (*READ_ERRORS, ArithmeticError, LookupError)
_HINT = "give the file itself, or a Dataset that pydicom can write"


def dataset_file(dataset: Dataset, place: str) -> MemoryFile:
    """The file of a Dataset; ``place`` is how messages name it.

    Raises
    ------
    InputError
        It cannot be written, or its pixels are in another byte order than its transfer syntax says.
    """
    with quiet():
        try:
            return _file(dataset, place)
        except _WRITE_ERRORS as error:  # whose text may quote what is in the Dataset
            what = f"the Dataset cannot be written as a DICOM file ({type(error).__name__})"
            raise InputError(what, place, _HINT) from None


def _file(dataset: Dataset, place: str) -> MemoryFile:
    given_meta = PydicomElements(getattr(dataset, "file_meta", None) or Dataset())
    meta = {tag: ascii_text(given_meta, tag) for tag in _META_TAGS}
    implicit, little = _encoding(dataset, meta[Tag.TRANSFER_SYNTAX_UID])
    cut_off: list[BaseTag] = []
    own = _copy(dataset, cut_off)
    _drop_pixels_of_images(own, meta)
    _refuse_other_byte_order(own, place, little=little)
    if meta[Tag.TRANSFER_SYNTAX_UID] not in {"", _DEFLATED}:
        _mark_encapsulated(own)
    else:
        meta[Tag.TRANSFER_SYNTAX_UID] = _syntax(implicit=implicit, little=little)
    return MemoryFile(
        content=b"".join([_START, _encoded_meta(meta), _encoded(own, implicit=implicit, little=little)]),
        of_dataset=True,
        cut_off=_cut_off_text(cut_off),
    )


def _cut_off_text(tags: list[BaseTag]) -> str:
    if not tags:
        return ""
    return f"the file is truncated: element ({tags[0].group:04X},{tags[0].element:04X}) runs past the end of the file"


def _encoding(dataset: Dataset, syntax: str) -> tuple[bool, bool]:
    """Whether of implicit VR, and whether little endian: as the transfer syntax says, else as it was read.

    Without either any encoding will do, and that of implicit VR holds values of any length.
    """
    uid = UID(syntax)
    if syntax and not uid.is_private and uid.is_transfer_syntax:
        return uid.is_implicit_VR, uid.is_little_endian
    stated = getattr(dataset, "is_implicit_VR", None), getattr(dataset, "is_little_endian", None)
    implicit, little = dataset.original_encoding if None not in dataset.original_encoding else stated
    return (True, True) if implicit is None or little is None else (implicit, little)


def _syntax(*, implicit: bool, little: bool) -> str:
    if not little:
        return "1.2.840.10008.1.2.2"
    return str(ImplicitVRLittleEndian) if implicit else _EXPLICIT


# A copy of what is written: pydicom decodes and mends elements in place when it writes them


def _copy(dataset: Dataset, cut_off: list[BaseTag]) -> Dataset:
    elements = {
        tag: _copied(dataset, tag, cut_off)
        for tag in dataset.keys()  # noqa: SIM118 - iterating a Dataset itself would decode every value
        if not tag.is_private and tag.element != _GROUP_LENGTH and tag.group > _FILE_META_GROUP
    }
    own = Dataset(elements, parent_encoding=dataset.original_character_set)
    implicit, little = dataset.original_encoding
    own.set_original_encoding(implicit, little, dataset.original_character_set)
    return own


def _copied(dataset: Dataset, tag: BaseTag, cut_off: list[BaseTag]) -> DataElement | RawDataElement:
    element: DataElement | RawDataElement = dataset.get_item(tag, keep_deferred=True)
    if isinstance(element, RawDataElement):
        if element.value is None and element.length:
            element = _deferred(dataset, element)
        value, length = element.value, element.length
        if isinstance(value, bytes) and length != UNDEFINED_LENGTH and len(value) < length:
            cut_off.append(tag)
        return element
    if element.VR == "SQ":
        items = Sequence([_copy(item, cut_off) for item in element.value])
        undefined = element.is_undefined_length
        return DataElement(tag, "SQ", items, is_undefined_length=undefined, already_converted=True)
    return copy(element)


def _deferred(dataset: Dataset, element: RawDataElement) -> RawDataElement:
    """An element that was left in the file when the Dataset was read."""
    path, buffer = getattr(dataset, "filename", None), getattr(dataset, "buffer", None)
    timestamp, kind = getattr(dataset, "timestamp", None), getattr(dataset, "fileobj_type", None)
    if path is None or (buffer is not None and not getattr(buffer, "closed", False)):
        if buffer is None:
            raise OSError
        at = buffer.tell()
        try:
            return read_deferred_data_element(kind, buffer, None, element)
        finally:
            buffer.seek(at)
    if timestamp is not None and Path(path).stat().st_mtime != timestamp:
        raise OSError
    return read_deferred_data_element(kind, path, timestamp, element)


def _drop_pixels_of_images(own: Dataset, meta: dict[int, str]) -> None:
    sop_class = ascii_text(PydicomElements(own), Tag.SOP_CLASS_UID) or meta[Tag.MEDIA_STORAGE_SOP_CLASS_UID]
    if sop_class and not sop_class.startswith(_RT_CLASS) and sop_class not in SEGMENTATION_STORAGES:
        for tag in PAYLOAD_TAGS & set(own.keys()):
            del own[tag]


def _refuse_other_byte_order(own: Dataset, place: str, *, little: bool) -> None:
    """Pixels are bytes, which nothing turns round when a Dataset gets another transfer syntax."""
    if own.original_encoding[1] not in {None, little} and PAYLOAD_TAGS & set(own.keys()):
        what = "the Dataset's transfer syntax says another byte order than the one its pixel data were read in"
        raise InputError(what, place, _HINT)


def _mark_encapsulated(own: Dataset) -> None:
    element = own.get_item(Tag.PIXEL_DATA) if Tag.PIXEL_DATA in own else None
    if isinstance(element, DataElement) and isinstance(element.value, bytes):
        element.is_undefined_length |= element.value.startswith(_ITEM_STARTS)


# Bytes


def _encoded_meta(meta: dict[int, str]) -> bytes:
    dataset = FileMetaDataset()
    for tag, uid in meta.items():
        if uid:
            dataset.add(DataElement(tag, "UI", uid, validation_mode=config.IGNORE))
    return _encoded(dataset, implicit=False, little=True)


def _encoded(dataset: Dataset, *, implicit: bool, little: bool) -> bytes:
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = implicit, little
    write_dataset(file, dataset)
    return file.getvalue()


# The same content in other bytes


def content_hash(source: Source) -> str:
    """A hash of the elements that are read, the same for a file and for the Dataset of it; of its bytes if damaged."""
    digest = hashlib.sha256()
    with quiet(), opened(source) as file:
        content = file.read()
    try:
        with quiet():
            for part in _parts(dcmread(BytesIO(content), force=True)):
                digest.update(b"%d " % len(part) + part)
    except READ_ERRORS:
        return hashlib.sha256(content).hexdigest()
    return digest.hexdigest()


def _parts(dataset: Dataset) -> Iterator[bytes]:
    for element in dataset:
        if element.tag.is_private or element.tag.element == _GROUP_LENGTH:
            continue
        yield b"%d" % element.tag
        if element.VR == "SQ":
            for item in element.value:
                yield b"item"
                yield from _parts(item)
            yield b"end"
        else:
            yield element.value if isinstance(element.value, bytes) else str(element.value).encode()

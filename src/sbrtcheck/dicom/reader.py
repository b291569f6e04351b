"""DICOM file -> its elements, by the fast reader where possible, else by pydicom; callers see no difference.

The two readers give the same elements and errors, which the tests compare; why there are two, and what the fast one
saves, is in ``docs/decisions/0018-two-readers-of-dicom-files.md``.
"""

from __future__ import annotations

from typing import BinaryIO

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.elements import ANY_TAG, DoseFile, Elements, Header, NotRead, PixelsInFile, Wanted
from sbrtcheck.dicom.fast import FastFile, read_fast
from sbrtcheck.dicom.source import Source, opened
from sbrtcheck.dicom.tags import ascii_text, uid_text
from sbrtcheck.errors import DicomError


def read_elements(source: Source, display_name: str, last: int = ANY_TAG) -> Elements:
    """The elements of a file up to the tag ``last``, their values still raw; the file is closed again.

    Raises
    ------
    DicomError
        The file is damaged, cannot be opened, or has a transfer syntax that is not read. ``display_name`` is how
        messages name it.
    """
    fast = _fast(source, last)
    # what comes before the pixel data is not all of the file
    if fast is not None and fast.pixels is None:
        return fast.elements
    from sbrtcheck.dicom.general import read_general

    return read_general(source, display_name, last)


def read_dose(source: Source, display_name: str) -> DoseFile:
    """An RTDOSE without its pixels where these can be read on their own, else all of it; the file is closed again.

    Raises
    ------
    DicomError
        As for `read_elements`.
    """
    try:
        with opened(source) as file:
            fast = read_fast(file)
    except OSError as error:
        raise DicomError("the file is damaged or truncated", display_name, "export it again") from error
    if fast is not None and fast.pixels is not None and fast.pixels.size:
        pixels = PixelsInFile(source=source, at=fast.pixels.at, size=fast.pixels.size)
        return DoseFile(elements=fast.elements, pixels=pixels, display_name=display_name)
    from sbrtcheck.dicom.general import read_general_dose

    return read_general_dose(source, display_name)


def read_header(file: BinaryIO, wanted: Wanted) -> Header | NotRead:
    """What is wanted of an open file, by the SOP class and modality with which it begins; or why nothing is."""
    start = read_fast(file, Tag.MODALITY)
    sop_class = ascii_text(start.elements, Tag.SOP_CLASS_UID) if start is not None else ""
    if start is not None and sop_class:
        tags = wanted(sop_class, "")
        if tags is None:
            return "other"
        fast = read_fast(file, tags.last)
        if fast is not None:
            modality, uid = ascii_text(start.elements, Tag.MODALITY), uid_text(start.elements, Tag.SOP_INSTANCE_UID)
            elements = fast.elements.only(tags.tags)
            return Header(sop_class=sop_class, modality=modality, uid=uid, elements=elements)
    from sbrtcheck.dicom.general import read_general_header

    return read_general_header(file, wanted)


def _fast(source: Source, last: int) -> FastFile | None:
    try:
        with opened(source) as file:
            return read_fast(file, last)
    except OSError:
        return None


def read_errors() -> tuple[type[Exception], ...]:
    """What pydicom raises on bytes that are no DICOM; asked for, and pydicom imported, when something was raised."""
    from sbrtcheck.dicom.general import READ_ERRORS

    return READ_ERRORS

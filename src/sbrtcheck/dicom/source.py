"""Where the bytes of a DICOM file are: on disk, or in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from sbrtcheck.dicom.remote import RemoteFile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MemoryFile:
    """A DICOM file that is in memory; two of them are never the same, whatever they hold.

    Parameters
    ----------
    content
        The bytes of the file.
    of_dataset
        That they were written from a pydicom Dataset: the file it was read from may have other bytes for the same.
    cut_off
        That an element of that Dataset has fewer bytes than it states; ``""`` when none has.
    """

    content: bytes = field(repr=False)
    of_dataset: bool = False
    cut_off: str = ""

    def __str__(self) -> str:
        return "a file in memory"

    def read(self) -> bytes:
        """All of its bytes."""
        return self.content


Source: TypeAlias = Path | MemoryFile | RemoteFile


def opened(source: Source) -> BufferedReader | BytesIO:
    """The file, open for reading; one in memory is not copied."""
    if isinstance(source, RemoteFile):
        return source.open()
    return source.open("rb") if isinstance(source, Path) else BytesIO(source.content)


def size_of(file: BinaryIO) -> int:
    """Number of bytes of an open file."""
    return file.seek(0, os.SEEK_END)

"""Where the bytes of a DICOM file are: on disk, or in memory."""

from __future__ import annotations

import errno
import os
import zlib
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipMember:
    """A DICOM file in a zip file, which is read where it lies.

    Parameters
    ----------
    archive
        The zip file.
    name
        The file's name in it.
    """

    archive: Path
    name: str

    def __str__(self) -> str:
        return f"{self.archive}/{self.name}"

    def read(self) -> bytes:
        """All of its bytes; `OSError` where they cannot be read."""
        import zipfile  # few files lie in one, and every check would pay for it

        try:
            with zipfile.ZipFile(self.archive) as packed:
                return packed.read(self.name)
        except ZIP_ERRORS as error:
            raise OSError(errno.EIO, f"cannot be unpacked ({type(error).__name__})") from error
        except zipfile.BadZipFile as error:
            raise OSError(errno.EIO, "the zip file is damaged") from error


ZIP_ERRORS = (RuntimeError, NotImplementedError, KeyError, ValueError, EOFError, zlib.error)
"""What zipfile raises beside `BadZipFile`: of a member with a password, an unknown compression, damage."""

Source: TypeAlias = Path | MemoryFile | ZipMember | RemoteFile


def opened(source: Source) -> BufferedReader | BytesIO:
    """The file, open for reading; one in memory is not copied."""
    if isinstance(source, RemoteFile):
        return source.open()
    return source.open("rb") if isinstance(source, Path) else BytesIO(source.read())


def on_disk(source: Path | ZipMember) -> Path:
    """The file that the bytes are in."""
    return source.archive if isinstance(source, ZipMember) else source


def size_of(file: BinaryIO) -> int:
    """Number of bytes of an open file."""
    return file.seek(0, os.SEEK_END)

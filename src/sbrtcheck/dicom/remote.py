"""A DICOM file in storage that is reached by a URL, such as ``s3://archive/patient/dose.dcm``; by fsspec.

Who reads it opens the URL: what travels between processes is the URL, not the bytes. Credentials are not in it; fsspec
takes them from where its storage does, such as the environment. What a storage says when something goes wrong may quote
them, so that errors say its kind and no more.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from sbrtcheck.errors import InputError
from sbrtcheck.installation import install_command

_START_BYTES = 1 << 17  # enough for the header of an image or a dose
_TIMES = ("mtime", "LastModified", "last_modified", "created", "ETag", "etag")  # what storages call it


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file by its URL, with its size in bytes and whatever tells when it was changed, as its storage lists them."""

    url: str = field(repr=False)
    size: int
    changed: str

    def __str__(self) -> str:
        return shown_url(self.url)

    def open(self) -> BytesIO:
        """The file for reading; no more is fetched than its start, or else all of it."""
        return _Remote(self)

    def read(self, stop: int | None = None) -> bytes:
        """Its bytes, up to ``stop``; `OSError` where they cannot be fetched."""
        try:
            system, path = _storage(self.url)
            content: bytes = system.cat_file(path, start=0, end=stop)
        except Exception as error:
            raise OSError(errno.EIO, f"cannot be fetched ({type(error).__name__})") from None
        return content


class _Remote(BytesIO):
    """The start of a file, until more of it is asked for."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        start = file.read(min(_START_BYTES, file.size))
        super().__init__(start)
        self._is_whole = len(start) >= file.size
        self._start_bytes = len(start)
        self._is_at_end = False

    def _fetch(self) -> None:
        if not self._is_whole:
            at = self.tell()
            super().__init__(self._file.read())
            self._is_whole = True
            super().seek(at)

    def tell(self) -> int:
        return self._file.size if self._is_at_end else super().tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_END and not offset and not self._is_whole:
            self._is_at_end = True  # who asks for the size goes back
            return self._file.size
        if whence != os.SEEK_SET:
            self._fetch()
        self._is_at_end = False
        return super().seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or self.tell() + size > self._start_bytes:
            self._fetch()
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        self._fetch()
        return super().readinto(buffer)

    def getvalue(self) -> bytes:
        self._fetch()
        return super().getvalue()

    def getbuffer(self) -> memoryview:
        self._fetch()
        return super().getbuffer()


def is_url(given: object) -> bool:
    """Whether something is the URL of a storage; a letter before the colon is a drive of Windows."""
    return isinstance(given, str) and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", given) is not None


def shown_url(url: str) -> str:
    """The URL without user and password, and without a query, which may have a key."""
    return re.sub(r"(?<=://)[^/@]*@", "", url).split("?")[0]


def remote_files(url: str) -> Iterator[RemoteFile]:
    """Every file below a URL, in order of its name.

    Raises
    ------
    InputError
        fsspec, or what it needs for this kind of storage, is not installed; or the storage cannot be listed.
    """
    system, path = _reached(url)
    try:
        found: dict[str, dict[str, Any]] = system.find(path, detail=True)
    except Exception as error:
        raise _unreachable(url, error) from None
    if not found:
        raise InputError("there is no file", shown_url(url), "give the URL that the plans are below")
    base = url.split("?", maxsplit=1)[0].rstrip("/")
    for name, about in sorted(found.items()):
        changed = next((str(about[key]) for key in _TIMES if about.get(key)), "")
        yield RemoteFile(url=f"{base}/{_below(name, path)}", size=int(about["size"]), changed=changed)


def upload(content: str | os.PathLike[str], url: str) -> None:
    """Put a file under a URL, in place of what is there.

    Raises
    ------
    InputError
        As for `remote_files`.
    """
    system, path = _reached(url)
    try:
        system.put_file(os.fspath(content), path)
    except Exception as error:
        raise _unreachable(url, error) from None


def _below(name: str, path: str) -> str:
    return name.strip("/").removeprefix(path.strip("/")).strip("/")


def _reached(url: str) -> tuple[Any, str]:
    try:
        return _storage(url)
    except ImportError as error:
        hint = f"{install_command('remote')}; and what fsspec needs for it, such as s3fs, gcsfs or paramiko"
        raise InputError("storage of this kind needs more to be installed", shown_url(url), hint) from error
    except Exception as error:
        raise _unreachable(url, error) from None


def _storage(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    system, path = url_to_fs(url)
    return system, str(path)


def _unreachable(url: str, error: Exception) -> InputError:
    hint = "check the URL, and the credentials where the storage looks for them, such as the environment"
    return InputError(f"the storage cannot be used ({type(error).__name__})", shown_url(url), hint)

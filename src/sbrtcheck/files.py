"""A path that a result shall go to -> a file that is there whole or not at all, and never one of the input's."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sbrtcheck.errors import OutputError

_PREAMBLE_BYTES = 128
_DICOM_STARTS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")  # of files without preamble: the first group's number


@contextmanager
def whole_file(out: Path, *, inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """Give the path to write to: a draft that replaces ``out`` when the block ends well.

    A link is followed, and what it leads to is replaced. A device or a pipe cannot be replaced: its own path is given.
    What cannot be written is found out before the block is entered.

    Parameters
    ----------
    out
        File that shall be there in the end.
    inputs
        Files that must not be replaced; a DICOM file never is.

    Raises
    ------
    OutputError
        ``out`` is a folder or an input, or cannot be written.
    """
    with writing(out):
        target = Path(os.path.realpath(out))
        _refuse_output(out, target, inputs)
        in_place = out.exists() and not target.is_file()
        draft = out if in_place else target.with_name(f".sbrtcheck-{secrets.token_hex(6)}.tmp")
        if not in_place:
            draft.open("xb").close()
    try:
        yield draft
        if not in_place:
            with writing(out):
                _publish(draft, target)
    finally:
        if not in_place:
            draft.unlink(missing_ok=True)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn errors of the operating system in writing to ``out`` into an `OutputError`."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        why = getattr(error, "strerror", None) or type(error).__name__
        raise OutputError(f"cannot be written ({why})", str(out), "give a file in a folder you may write to") from error


def _refuse_output(out: Path, target: Path, inputs: Iterable[Path]) -> None:
    if out.is_dir():
        raise OutputError("cannot be written (it is a folder)", str(out), "give the name of a file")
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if not out.exists():
        return
    if not os.access(out, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if any(file.exists() and file.samefile(out) for file in inputs):
        raise OutputError("would be overwritten, and is an input", str(out), "give the result a file of its own")
    if target.is_file() and _is_dicom(target):
        what = "is a DICOM file already, and none is ever overwritten"
        raise OutputError(what, str(out), "give the result a file of its own, or remove that one")


def _is_dicom(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            head = stream.read(_PREAMBLE_BYTES + 4)
    except OSError:  # may be written and not read: it was not read as an input either
        return False
    return head.startswith(_DICOM_STARTS) or head[_PREAMBLE_BYTES:] == b"DICM"


def _publish(draft: Path, target: Path) -> None:
    with suppress(OSError):  # of a file that is not there, or whose rights the file system does not keep
        shutil.copymode(target, draft)
    draft.replace(target)

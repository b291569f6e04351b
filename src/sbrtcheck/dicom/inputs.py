"""What a plan may be given as -> where the bytes of its files are; anything else is refused in one way.

`PlanInput` is what every public function takes that reads a plan. Nothing in memory is written to disk, and nothing
that is given is changed: a Dataset stays as it is, an open file gets its position back.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias, TypeGuard

from sbrtcheck.dicom.remote import RemoteFile
from sbrtcheck.dicom.source import MemoryFile, Source, ZipMember
from sbrtcheck.dicom.walk import walk
from sbrtcheck.errors import InputError
from sbrtcheck.plan import Plan

if TYPE_CHECKING:
    from pydicom import Dataset

DicomInput: TypeAlias = "str | PathLike[str] | Dataset | IO[bytes] | MemoryFile | ZipMember | RemoteFile"
"""A folder (any depth, any file names, with or without images), a file, a pydicom Dataset, or a file open for reading
bytes, such as `io.BytesIO`; a `MemoryFile` is what `find_plans` lists the last two as, a `ZipMember` a file in a zip
file, a `RemoteFile` one that has a URL."""

_FILES = (MemoryFile, ZipMember, RemoteFile)

DicomInputs: TypeAlias = "DicomInput | Iterable[DicomInput]"
"""One of these, or a list of them, mixed as they come."""

PlanInput: TypeAlias = "DicomInputs | Plan"
"""What a plan is read from; or a plan that was read or made already, which is used as it is."""

_ACCEPTED = (
    "give the path of a folder or file, a pydicom Dataset, a file open for reading bytes (such as io.BytesIO), or a"
    " list of these; where one plan is meant, a Plan too"
)
_INPUT = "the input"
_OPEN_AGAIN = "open it with open(file, 'rb'), or give its path or io.BytesIO of its bytes"


def sources(given: DicomInputs) -> Iterator[Source]:
    """Every file of what is given, each once: those on disk in order of path, then those in memory.

    Folders are searched to any depth; links to folders are followed, each folder once. What is in memory is read one
    after the other.

    Raises
    ------
    InputError
        Something is of a type that is not accepted or cannot be read; or a path does not exist.
    """
    items = _items(given)
    paths = [Path(item) for item, _ in items if isinstance(item, str | PathLike)]
    yield from sorted(_files(paths))
    seen: set[int] = set()
    for item, place in items:
        if not isinstance(item, str | PathLike) and id(item) not in seen:
            seen.add(id(item))
            yield _in_memory(item, place)


def one_file(given: DicomInput, hint: str) -> Source:
    """A single file, on disk or in memory; ``hint`` is for a path where there is none.

    Raises
    ------
    InputError
        It is of a type that is not accepted or cannot be read, or there is no such file.
    """
    if not _is_one(given):
        raise _not_accepted(given, _INPUT)
    if isinstance(given, str | PathLike):
        path = _path(given, _INPUT)
        if not _exists(path) or not path.is_file():
            raise InputError("no such file", str(given), hint)
        return path
    return _in_memory(given, _INPUT)


def listed(given: DicomInputs) -> list[DicomInput]:
    """What is given, one by one.

    Raises
    ------
    InputError
        Something is of a type that is not accepted.
    """
    return [item for item, _ in _items(given)]


def plan_inputs(given: PlanInput | Iterable[PlanInput]) -> list[PlanInput]:
    """Several plans as they were given, or the only one.

    Raises
    ------
    InputError
        One of them is of a type that is not accepted, or none is given.
    """
    if isinstance(given, Plan) or _is_one(given):
        return [given]
    if not _is_list(given):
        raise _not_accepted(given, _INPUT)
    plans = list(given)
    for at, plan in enumerate(plans, start=1):
        if not (isinstance(plan, Plan) or _is_one(plan) or _is_list(plan)):
            raise _not_accepted(plan, f"item {at} of the list")
    return plans


# What is accepted


def _items(given: object) -> list[tuple[DicomInput, str]]:
    """What is given, one by one, with what messages call it; all types are looked at before anything is read."""
    if _is_one(given):
        pairs = [(given, _INPUT)]
    elif _is_list(given):
        pairs = [(item, f"item {at} of the list") for at, item in enumerate(given, start=1)]
    else:
        raise _not_accepted(given, _INPUT)
    for item, place in pairs:
        if not _is_one(item):
            raise _not_accepted(item, place)
        if isinstance(item, str | PathLike):
            _path(item, place)
    return pairs


def _is_one(given: object) -> TypeGuard[DicomInput]:
    if isinstance(given, type):
        return False
    return isinstance(given, (str, PathLike, *_FILES)) or _is_dataset(given) or _is_open_file(given)


def _is_dataset(given: object) -> TypeGuard[Dataset]:
    """Whether it is a Dataset; where pydicom was not imported yet, nothing is."""
    pydicom = sys.modules.get("pydicom.dataset")
    return pydicom is not None and isinstance(given, pydicom.Dataset)


def _is_open_file(given: object) -> TypeGuard[IO[bytes]]:
    return not isinstance(given, type) and all(
        callable(getattr(given, name, None)) for name in ("read", "seek", "tell")
    )


def _is_list(given: object) -> TypeGuard[Iterable[Any]]:
    """A sequence, a set, the values of a dictionary, or what gives one thing after the other."""
    return isinstance(given, Sequence | AbstractSet | ValuesView | Iterator) and not isinstance(
        given, str | bytes | bytearray | memoryview
    )


def _not_accepted(given: object, place: str) -> InputError:
    if isinstance(given, Plan):
        return InputError(f"{place} is a Plan, and files are needed here", hint=_ACCEPTED)
    return InputError(f"{place} is of type {type(given).__name__}", hint=_ACCEPTED)


# On disk


def _path(given: str | PathLike[str], place: str) -> Path:
    try:
        return Path(given)
    except TypeError:
        raise InputError(f"{place} is a path of bytes", hint="give it as str or pathlib.Path") from None


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises on names that no file can have


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    seen: set[str] = set()
    for given in paths:
        if not _exists(given):
            raise InputError("no such file or folder", str(given), "check the path")
        for file in _below(given):
            key = os.path.realpath(file)
            if key not in seen:
                seen.add(key)
                yield file


def _below(given: Path) -> Iterator[Path]:
    """Files in a folder, and in folders that links lead to; what cannot be opened comes as it is."""
    if not given.is_dir():
        yield given
        return
    for folder in walk(str(given)):
        names = (*(name for name, _, _ in folder.files), *(name for name, _ in folder.unread))
        yield from (Path(folder.path, name) for name in names)


# In memory


def _in_memory(
    given: Dataset | IO[bytes] | MemoryFile | ZipMember | RemoteFile, place: str
) -> MemoryFile | ZipMember | RemoteFile:
    if isinstance(given, _FILES):
        return given
    if _is_dataset(given):
        from sbrtcheck.dicom.dataset_file import dataset_file

        return dataset_file(given, place)
    assert _is_open_file(given)  # noqa: S101 - what is none of these was refused
    return MemoryFile(content=_content(given, place))


def _content(file: Any, place: str) -> bytes:
    """All bytes of an open file, wherever it stands; it stands there afterwards."""
    if isinstance(file, io.TextIOBase):
        raise InputError("the file is open for text, not for bytes", place, _OPEN_AGAIN)
    if getattr(file, "closed", False) is True:
        raise InputError("the file is closed", place, _OPEN_AGAIN)
    try:
        content = file.getvalue() if type(file) is io.BytesIO else _read(file)  # bytes of a BytesIO are not copied
    except Exception as error:  # the file may be anything that has these methods; what it says may quote a name
        what = f"the file cannot be read from its beginning ({type(error).__name__})"
        raise InputError(what, place, _OPEN_AGAIN) from None
    if isinstance(content, str):
        raise InputError("the file is open for text, not for bytes", place, _OPEN_AGAIN)
    if not isinstance(content, bytes | bytearray | memoryview):
        raise InputError(f"reading the file gives no bytes but {type(content).__name__}", place, _OPEN_AGAIN)
    return bytes(content)


def _read(file: Any) -> object:
    at = file.tell()
    try:
        file.seek(0)
        return file.read()
    finally:
        file.seek(at)

"""Folder or files in, the headers of the RT files among them out; nothing but headers is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from sbrtcheck.dicom.plain import ANY_TAG, plain_file
from sbrtcheck.dicom.tags import AnyElements, items, name, number, word
from sbrtcheck.errors import DicomError, InputError

if TYPE_CHECKING:
    from pydicom.tag import BaseTag

OnePath = str | PathLike[str]
AnyPath = OnePath | Sequence[OnePath]


class Kind(StrEnum):
    """The three files that make a plan."""

    DOSE = "RTDOSE"
    PLAN = "RTPLAN"
    STRUCTURE_SET = "RTSTRUCT"


_RT_CLASS = "1.2.840.10008.5.1.4.1.1.481."
_KIND_OF_CLASS = {
    _RT_CLASS + "2": Kind.DOSE,
    _RT_CLASS + "3": Kind.STRUCTURE_SET,
    _RT_CLASS + "5": Kind.PLAN,
    _RT_CLASS + "8": Kind.PLAN,  # ion plan
}
_STORAGE = b"1.2.840.10008.5.1.4.1.1."
_START_BYTES = 512  # holds the media storage class, which is the second or third element of a file
_MODALITY = 0x00080060
_REFERENCED_SETS = 0x300C0060
# Up to here a structure set names its frames of reference; contours come after.
_STRUCTURE_SET_ROIS = 0x30060020
_WANTED: dict[Kind, list[BaseTag | int]] = {
    Kind.DOSE: [0x00080018, 0x00200052, 0x3004000A, 0x300C0002, 0x300C0060],
    Kind.PLAN: [0x00080018, 0x00200052, 0x300A0002, 0x300A0003, 0x300A0070, _REFERENCED_SETS],
    Kind.STRUCTURE_SET: [0x00080018, 0x00200052, 0x30060002, 0x30060010, _STRUCTURE_SET_ROIS],
}

Parts = tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RtFile:
    """The header of one RTDOSE, RTPLAN or RTSTRUCT.

    Parameters
    ----------
    path, shown
        Where it is; how messages name it: by kind and end of the UID, for file names may hold a patient's name.
    uid, label
        SOP Instance UID; plan or structure set label.
    frames
        Frame of Reference UIDs that it is in, sorted.
    plan_refs, structure_set_refs
        SOP Instance UIDs it refers to.
    summation
        Dose Summation Type, ``""`` when absent.
    parts
        Fraction groups with their beams: those a plan delivers, or those a dose is of.
    damage, hint
        Why its content cannot be trusted, and what the user can do; ``""`` when nothing was noticed.
    apart
        Files are linked with those of the same number alone: above 0 where folders tell files of one UID apart.
    """

    path: Path
    shown: str
    kind: Kind
    uid: str
    label: str = ""
    frames: tuple[str, ...] = ()
    plan_refs: tuple[str, ...] = ()
    structure_set_refs: tuple[str, ...] = ()
    summation: str = ""
    parts: Parts = ()
    damage: str = ""
    hint: str = ""
    apart: int = 0


def all_files(path: AnyPath) -> Iterator[Path]:
    """Every file of a folder (any depth), a file, or a list of both, each once; `InputError` when one does not exist.

    Links to folders are followed, each folder once.
    """
    paths = [path] if isinstance(path, str | PathLike) else list(path)
    seen: set[Path] = set()
    for given in map(Path, paths):
        if not given.exists():
            raise InputError("no such file or folder", str(given), "check the path")
        for file in _below(given):
            key = file.resolve()
            if key not in seen:
                seen.add(key)
                yield file


def _below(given: Path) -> Iterator[Path]:
    """Files in a folder and its links to folders, each folder once; folders that cannot be opened come as they are."""
    if not given.is_dir():
        yield given
        return
    closed: list[OSError] = []
    walked: set[str] = set()
    for folder, folders, names in os.walk(given, followlinks=True, onerror=closed.append):
        true_path = os.path.realpath(folder)
        if true_path in walked:  # a second way to it, or a loop
            folders.clear()
            continue
        walked.add(true_path)
        yield from (Path(folder, file) for file in names)
    yield from (Path(error.filename) for error in closed)


def read_header(path: Path) -> RtFile | Literal["other", "not DICOM"]:
    """The header of an RT file, or what else the file is; what cannot be opened counts as not DICOM.

    Only regular files are opened: opening a named pipe would wait for ever.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where the folder is not ours to read
        return "not DICOM"
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
            if not _looks_like_dicom(start):
                return "not DICOM"
            return "other" if _is_other_storage(start) else _header_of_dicom(file, path)
    except OSError:
        return "not DICOM"


def is_dicom(path: Path) -> bool:
    """Whether a file starts as DICOM files do; `OSError` when it cannot be read."""
    with path.open("rb") as file:
        return _looks_like_dicom(file.read(_START_BYTES))


def _header_of_dicom(file: BinaryIO, path: Path) -> RtFile | Literal["other", "not DICOM"]:
    start = plain_file(file, _MODALITY)
    if start is None or not word(start.elements, 0x00080016):
        return _general_header(file, path)
    kind = _KIND_OF_CLASS.get(word(start.elements, 0x00080016))
    if kind is None:
        return "other"
    header = plain_file(file, _last_tag(kind))
    if header is None:
        return _general_header(file, path)
    return _described(_blank(path, kind, start.elements), header.elements.only(_WANTED[kind]))


def _general_header(file: BinaryIO, path: Path) -> RtFile | Literal["other", "not DICOM"]:
    from sbrtcheck.dicom import general

    meta = general.file_meta(path)
    unread = general.unread_syntax(meta)
    header = _header_by_pydicom(file, path, meta)
    if not unread:
        return header
    if isinstance(header, str):
        kind = _KIND_OF_CLASS.get(word(meta, 0x00020002))
        if kind is None:
            return header
        header = RtFile(path=path, shown=str(kind), kind=kind, uid="")
    # what else its elements seem to be may be nonsense
    return replace(header, uid=header.uid or word(meta, 0x00020003), damage=unread, hint=general.EXPORT_PLAINLY)


def _header_by_pydicom(file: BinaryIO, path: Path, meta: AnyElements) -> RtFile | Literal["other", "not DICOM"]:
    from sbrtcheck.dicom import general

    try:
        start = general.start_of(file, _MODALITY)
        sop_class = word(start, 0x00080016) or word(meta, 0x00020002)
        kind = _kind(sop_class, word(start, _MODALITY))
        if kind is None:
            return "other"
        blank = _blank(path, kind, start)
    except general.READ_ERRORS:
        return "not DICOM"
    try:
        header, too_long = general.header_of(file, _last_tag(kind), _WANTED[kind])
        described = _described(blank, header)
    except (*general.READ_ERRORS, DicomError):
        # it is still found by its UID
        return replace(blank, damage="the file is damaged or truncated")
    return replace(described, damage=f"the file is truncated: {too_long}") if too_long else described


def _kind(sop_class: str, modality: str) -> Kind | None:
    if sop_class:
        return _KIND_OF_CLASS.get(sop_class)
    return Kind(modality) if modality in set(Kind) else None


def _last_tag(kind: Kind) -> int:
    return _STRUCTURE_SET_ROIS if kind is Kind.STRUCTURE_SET else ANY_TAG


def _blank(path: Path, kind: Kind, start: AnyElements) -> RtFile:
    return RtFile(path=path, shown=str(kind), kind=kind, uid=word(start, 0x00080018))


def _looks_like_dicom(start: bytes) -> bool:
    """Preamble and prefix; or, without, a first element of group 0002 or 0008 in either byte order."""
    if start[128:132] == b"DICM":
        return True
    first = start[:8]
    little, big = first[:2] in {b"\x02\x00", b"\x08\x00"}, first[:2] in {b"\x00\x02", b"\x00\x08"}
    explicit = first[4:6].isalpha() and first[4:6].isupper()
    short = len(first) == 8 and first[6:8] == b"\0\0"  # implicit VR: first elements are short
    return (little and (explicit or short)) or (big and explicit)


def _is_other_storage(start: bytes) -> bool:
    """Whether the file meta information says image or the like: thousands of CT files need no further look."""
    at = start.find(b"\x02\x00\x02\x00UI", 132)  # Media Storage SOP Class UID; this group is always explicit
    storage_class = start[at + 8 : at + 8 + int.from_bytes(start[at + 6 : at + 8], "little")] if at > 0 else b""
    return storage_class.startswith(_STORAGE) and not storage_class.startswith(_RT_CLASS.encode())


def _described(blank: RtFile, header: AnyElements) -> RtFile:
    plans = items(header, 0x300C0002)
    return replace(
        blank,
        label=name(header, 0x300A0002) or name(header, 0x300A0003) or name(header, 0x30060002),
        frames=_frames(header),
        plan_refs=_referenced(plans) if blank.kind is Kind.DOSE else (),
        structure_set_refs=_referenced(items(header, 0x300C0060)),
        summation=word(header, 0x3004000A).upper(),
        parts=_planned_parts(header) if blank.kind is Kind.PLAN else _dose_parts(plans),
    )


def _frames(header: AnyElements) -> tuple[str, ...]:
    found = {word(header, 0x00200052)}
    found |= {word(item, 0x00200052) for item in items(header, 0x30060010)}
    found |= {word(item, 0x30060024) for item in items(header, _STRUCTURE_SET_ROIS)}
    return tuple(sorted(found - {""}))


def _referenced(sequence: list[AnyElements]) -> tuple[str, ...]:
    uids = [word(item, 0x00081155) for item in sequence]
    return tuple(dict.fromkeys(uid for uid in uids if uid))


def _planned_parts(plan: AnyElements) -> Parts:
    """Fraction groups of a plan with the beams that deliver something (setup beams have no meterset)."""
    return tuple((_number(group, 0x300A0071), _beams(group)) for group in items(plan, 0x300A0070))


def _beams(group: AnyElements) -> tuple[int, ...]:
    beams = items(group, 0x300C0004)
    treating = [beam for beam in beams if (number(beam, 0x300A0086) or 0.0) > 0.0]
    return tuple(sorted(_number(beam, 0x300C0006) for beam in treating or beams))


def _dose_parts(plans: list[AnyElements]) -> Parts:
    groups = [group for plan in plans for group in items(plan, 0x300C0020)]
    return tuple(
        (_number(group, 0x300C0022), tuple(sorted(_number(beam, 0x300C0006) for beam in items(group, 0x300C0004))))
        for group in groups
    )


def _number(item: AnyElements, tag: int) -> int:
    """A reference number; -1, which no file uses, when it is missing."""
    value = number(item, tag)
    return -1 if value is None else int(value)

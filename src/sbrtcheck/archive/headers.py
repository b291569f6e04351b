"""One file of an archive -> the headers of the RT files in it, or why it could not be looked into.

Of a CT slice the first few hundred bytes are read. Zip files are read where they lie; of other packed files it is said
that nothing in them was looked at.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sbrtcheck.dicom import Kind, RtFile, ZipMember
from sbrtcheck.dicom.elements import Damage
from sbrtcheck.dicom.files import START_BYTES, header_of, told_by_start
from sbrtcheck.dicom.source import ZIP_ERRORS, Source
from sbrtcheck.dicom.walk import why

NOT_KNOWN = "what is in it is not known"
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_PACKED_STARTS = {
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_TAR_AT, _TAR = 257, b"ustar"
_PASSWORD_FLAG = 0x1
MAX_UNPACKED_BYTES = 1 << 29
"""Of one file in a zip file: more is no RT file, and might fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file is, or a member of a zip file.

    Parameters
    ----------
    member
        Its name in the zip file; ``""`` for a file by itself.
    header
        Of an RT file; None where it could not be looked into.
    problem
        Why not.
    again
        That it may be read another time, as it is: rights, or a network, kept it from being read.
    """

    member: str = ""
    header: RtFile | None = None
    problem: str = ""
    again: bool = False


def look_into(path: str) -> Iterator[Found]:
    """The RT files that a file is or holds, and what of it cannot be told; nothing for any other file."""
    try:
        with open(path, "rb", buffering=0) as file:
            start = file.read(START_BYTES)
        kind = told_by_start(start)
        if kind == "not DICOM":
            yield from _other_file(path, start)
        elif kind is None:
            header = header_of(Path(path))
            if isinstance(header, RtFile):
                yield Found(header=header)
    except OSError as error:
        yield Found(problem=f"a file cannot be read ({why(error)}): {NOT_KNOWN}", again=True)


def _other_file(path: str, start: bytes) -> Iterator[Found]:
    if start.startswith(_ZIP_STARTS):
        yield from _zip(path)
    elif (packing := _packing(start)) is not None:
        yield Found(problem=f"a packed file ({packing}) was not looked into: unpack it")


def _packing(start: bytes) -> str | None:
    if start[_TAR_AT:].startswith(_TAR):
        return "tar"
    return next((packing for begin, packing in _PACKED_STARTS.items() if start.startswith(begin)), None)


# Zip files


def _zip(path: str) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(path) as packed:
            members = [info for info in packed.infolist() if not info.is_dir()]
            times = Counter(info.filename for info in members)
            for info in members:
                if times[info.filename] == 1:  # they are read by their names
                    yield from _member(Path(path), packed, info)
            for name in (name for name, number in times.items() if number > 1):
                yield Found(member=name, problem="files in a zip file have one name: what is in them is not known")
    except (zipfile.BadZipFile, *ZIP_ERRORS):
        yield Found(problem=f"a zip file is damaged: {NOT_KNOWN}")


def _member(path: Path, packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Found]:
    if info.flag_bits & _PASSWORD_FLAG:
        yield Found(member=info.filename, problem=f"a file in a zip file needs a password: {NOT_KNOWN}")
        return
    try:
        with packed.open(info) as file:
            start = file.read(START_BYTES)
        if start.startswith(_ZIP_STARTS) or _packing(start) is not None:
            yield Found(member=info.filename, problem="a packed file in a zip file was not looked into: unpack it")
        elif told_by_start(start) is None:
            yield from _unpacked(ZipMember(archive=path, name=info.filename), info)
    except (OSError, zipfile.BadZipFile, *ZIP_ERRORS):
        yield Found(member=info.filename, problem=f"a file in a zip file cannot be unpacked: {NOT_KNOWN}")


def _unpacked(member: ZipMember, info: zipfile.ZipInfo) -> Iterator[Found]:
    if info.file_size > MAX_UNPACKED_BYTES:
        yield Found(member=member.name, problem=f"a file in a zip file is too large to be unpacked: {NOT_KNOWN}")
        return
    header = header_of(member)
    if isinstance(header, RtFile):
        yield Found(member=member.name, header=header)


def source_of(path: str, member: str) -> Source:
    """Where the bytes of what was found are."""
    return ZipMember(archive=Path(path), name=member) if member else Path(path)


# What is kept of a header: nothing that says who the patient is


def packed_header(header: RtFile) -> str:
    """What linking needs of a header, as text; labels, which people write, and the patient's sex are left out."""
    damage = None if header.damage is None else [header.damage.what, header.damage.hint]
    return json.dumps(
        [
            header.frames,
            header.plan_refs,
            header.structure_set_refs,
            header.summation,
            header.parts,
            header.date,
            damage,
        ]
    )


def unpacked_header(text: str, kind: str, uid: str, source: Source) -> RtFile:
    """The header that was packed; ValueError or TypeError where it was none."""
    frames, plan_refs, set_refs, summation, parts, date, damage = _values(text)
    return RtFile(
        source=source,
        display_name=kind,
        kind=Kind(kind),
        uid=uid,
        frames=tuple(frames),
        plan_refs=tuple(plan_refs),
        structure_set_refs=tuple(set_refs),
        summation=summation,
        parts=tuple((group, tuple(beams)) for group, beams in parts),
        date=date,
        damage=None if damage is None else Damage(what=damage[0], hint=damage[1]),
    )


def ties_of(text: str) -> tuple[list[str], list[str]]:
    """Frames of reference of a packed header, and the UIDs that it refers to; errors as above."""
    frames, plan_refs, set_refs, *_ = _values(text)
    return frames, [*plan_refs, *set_refs]


def _values(text: str) -> list[Any]:
    values: list[Any] = json.loads(text)
    match values:
        case [[*frames], [*plan_refs], [*set_refs], str() | None, [*parts], str(), None | [str(), str() | None]]:
            texts = (*frames, *plan_refs, *set_refs)
            if all(isinstance(one, str) for one in texts) and all(map(_is_part, parts)):
                return values
        case _:
            pass
    raise TypeError("a value of the header is lacking, or of another type")


def _is_part(part: object) -> bool:
    match part:
        case [group, [*beams]]:
            return all(type(number) is int for number in (group, *beams))
        case _:
            return False


def folder_of(path: str, member: str) -> str:
    """The folder that a file lies in, those in a zip file too."""
    return os.path.dirname(os.path.join(path, member) if member else path)

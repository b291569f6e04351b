"""One file -> its header, if it is an RT file; nothing but the header is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sbrtcheck.dicom.attributes import SEGMENTATION_STORAGES, Tag
from sbrtcheck.dicom.coded_words import coded_word
from sbrtcheck.dicom.elements import ANY_TAG, PADDING, Damage, Elements, Header, HeaderTags, NotRead
from sbrtcheck.dicom.reader import read_header
from sbrtcheck.dicom.source import MemoryFile, Source, opened
from sbrtcheck.dicom.tags import ascii_text, ascii_texts, name, number, uid_text
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import Finding


class Kind(StrEnum):
    """The files that make a plan; a segmentation has structures, as a structure set."""

    DOSE = "RTDOSE"
    PLAN = "RTPLAN"
    STRUCTURE_SET = "RTSTRUCT"
    SEGMENTATION = "SEG"


_RT_CLASS = "1.2.840.10008.5.1.4.1.1.481."
_KIND_OF_CLASS = {
    _RT_CLASS + "2": Kind.DOSE,
    _RT_CLASS + "3": Kind.STRUCTURE_SET,
    _RT_CLASS + "5": Kind.PLAN,
    _RT_CLASS + "8": Kind.PLAN,  # ion plan
    **dict.fromkeys(SEGMENTATION_STORAGES, Kind.SEGMENTATION),
}
_SEGMENTATION_CLASSES = frozenset(uid.encode() for uid in SEGMENTATION_STORAGES)
_STORAGE = b"1.2.840.10008.5.1.4.1.1."
_UNREADABLE = Damage(what="the file is damaged or truncated")
START_BYTES = 512  # holds the media storage class, which is the second or third element of a file
# Up to here a structure set names its frames of reference; contours come after.
_STRUCTURE_SET_ROIS = Tag.STRUCTURE_SET_ROI_SEQUENCE
_WANTED_TAGS = {
    Kind.DOSE: [
        Tag.SOP_INSTANCE_UID,
        Tag.PATIENT_SEX,
        Tag.FRAME_OF_REFERENCE_UID,
        Tag.DOSE_SUMMATION_TYPE,
        Tag.REFERENCED_RT_PLAN_SEQUENCE,
        Tag.REFERENCED_STRUCTURE_SET_SEQUENCE,
    ],
    Kind.PLAN: [
        Tag.SOP_INSTANCE_UID,
        Tag.PATIENT_SEX,
        Tag.FRAME_OF_REFERENCE_UID,
        Tag.RT_PLAN_LABEL,
        Tag.RT_PLAN_NAME,
        Tag.RT_PLAN_DATE,
        Tag.FRACTION_GROUP_SEQUENCE,
        Tag.REFERENCED_STRUCTURE_SET_SEQUENCE,
        Tag.APPROVAL_STATUS,
    ],
    Kind.STRUCTURE_SET: [
        Tag.SOP_INSTANCE_UID,
        Tag.PATIENT_SEX,
        Tag.FRAME_OF_REFERENCE_UID,
        Tag.STRUCTURE_SET_LABEL,
        Tag.REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
        _STRUCTURE_SET_ROIS,
    ],
    Kind.SEGMENTATION: [Tag.SOP_INSTANCE_UID, Tag.PATIENT_SEX, Tag.FRAME_OF_REFERENCE_UID],
}
# The last tag that is read of a header: what comes after may be long.
_LAST_TAG = {Kind.STRUCTURE_SET: _STRUCTURE_SET_ROIS, Kind.SEGMENTATION: Tag.FRAME_OF_REFERENCE_UID}

Parts = tuple[tuple[int, tuple[int, ...]], ...]

NO_NUMBER = -1
"""Stands for the number of a fraction group or beam that the file does not state; no file uses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RtFile:
    """The header of one RTDOSE, RTPLAN, RTSTRUCT or SEG.

    Parameters
    ----------
    source, display_name
        Where it is; how messages name it: by kind and end of the UID, for file names may hold a patient's name.
    uid, label
        SOP Instance UID; plan or structure set label.
    frames
        Frame of Reference UIDs that it is in, sorted.
    plan_refs, structure_set_refs
        SOP Instance UIDs it refers to.
    summation
        Dose Summation Type (PS3.3 C.8.8.3), None when absent.
    parts
        Fraction groups with their beams: those a plan delivers, or those a dose is of.
    sex
        Patient's Sex as the file has it, ``""`` when absent.
    date
        RT Plan Date, ``""`` when absent.
    approval
        Approval Status of an RTPLAN, ``""`` when absent; of other files it comes after what is read of a header.
    damage
        Why its content cannot be trusted; None when nothing was noticed.
    apart
        Files are linked with those of the same number alone: above 0 where folders tell files of one UID apart.
    put_together
        Of which kind of file a reference was replaced on request (`sbrtcheck.dicom.relink`), and what is said of it.
    """

    source: Source
    display_name: str
    kind: Kind
    uid: str
    label: str = ""
    frames: tuple[str, ...] = ()
    plan_refs: tuple[str, ...] = ()
    structure_set_refs: tuple[str, ...] = ()
    summation: str | None = None
    parts: Parts = ()
    sex: str = ""
    date: str = ""
    approval: str = ""
    damage: Damage | None = None
    apart: int = 0
    put_together: tuple[tuple[Kind, Finding], ...] = ()


def read_rt_header(source: Source) -> RtFile | NotRead:
    """The header of an RT file, or what else the file is; what cannot be opened counts as not DICOM.

    Only regular files are opened: opening a named pipe would wait for ever.
    """
    if isinstance(source, Path) and not os.path.isfile(source):  # noqa: PTH113 - Path.is_file raises where the folder is not ours to read
        return "not DICOM"
    try:
        return header_of(source)
    except OSError:
        return "not DICOM"


def header_of(source: Source) -> RtFile | NotRead:
    """The same of a regular file; `OSError` where it cannot be opened or read."""
    with opened(source) as file:
        what = told_by_start(file.read(START_BYTES))
        if what is not None:
            return what
        header = read_header(file, _wanted)
        return _rt_file(source, header) if isinstance(header, Header) else header


def told_by_start(start: bytes) -> NotRead | None:
    """What a file is whose first `START_BYTES` are these; None where more of it is to be read."""
    if not _looks_like_dicom(start):
        return "not DICOM"
    return "other" if _is_other_storage(start) else None


def is_dicom(source: Source) -> bool:
    """Whether a file starts as DICOM files do; `OSError` when it cannot be read."""
    with opened(source) as file:
        return _looks_like_dicom(file.read(START_BYTES))


def _wanted(sop_class: str, modality: str) -> HeaderTags | None:
    kind = _kind(sop_class, modality)
    if kind is None:
        return None
    return HeaderTags(last=_LAST_TAG.get(kind, ANY_TAG), tags=_WANTED_TAGS[kind])


def _kind(sop_class: str, modality: str) -> Kind | None:
    if sop_class:
        return _KIND_OF_CLASS.get(sop_class)
    return Kind(modality) if modality in set(Kind) else None


def _rt_file(source: Source, header: Header) -> RtFile:
    """The file as its header describes it; one whose header is damaged is still found by its UID."""
    kind = _kind(header.sop_class, header.modality)
    assert kind is not None  # noqa: S101 - of a file of no kind nothing was wanted
    file = RtFile(source=source, display_name=str(kind), kind=kind, uid=header.uid)
    try:
        damage = (header.cut_off or _cut_off(source)) if header.elements is not None else _UNREADABLE
        file = _with_description(file, header.elements) if header.elements is not None else file
    except DicomError:
        damage = _UNREADABLE
    # of another transfer syntax, what else its elements seem to be may be nonsense
    return replace(file, damage=header.unread_syntax or damage)


def _cut_off(source: Source) -> Damage | None:
    return Damage(what=source.cut_off) if isinstance(source, MemoryFile) and source.cut_off else None


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
    """Whether the file meta information names another storage class: of thousands of CT files no more is read."""
    at = start.find(b"\x02\x00\x02\x00UI", 132)  # Media Storage SOP Class UID; this group is always explicit
    storage_class = start[at + 8 : at + 8 + int.from_bytes(start[at + 6 : at + 8], "little")] if at > 0 else b""
    return (
        storage_class.startswith(_STORAGE)
        and not storage_class.startswith(_RT_CLASS.encode())
        and storage_class.rstrip(PADDING) not in _SEGMENTATION_CLASSES
    )


def _with_description(file: RtFile, elements: Elements) -> RtFile:
    plans = elements.items(Tag.REFERENCED_RT_PLAN_SEQUENCE)
    return replace(
        file,
        label=name(elements, Tag.RT_PLAN_LABEL)
        or name(elements, Tag.RT_PLAN_NAME)
        or name(elements, Tag.STRUCTURE_SET_LABEL),
        frames=_frames(elements),
        plan_refs=_references(plans) if file.kind is Kind.DOSE else (),
        structure_set_refs=_references(elements.items(Tag.REFERENCED_STRUCTURE_SET_SEQUENCE)),
        summation=coded_word(elements, Tag.DOSE_SUMMATION_TYPE) or None,
        parts=_parts_of_plan(elements) if file.kind is Kind.PLAN else _parts_of_dose(plans),
        date=ascii_text(elements, Tag.RT_PLAN_DATE),
        approval=coded_word(elements, Tag.APPROVAL_STATUS),
        sex="\\".join(ascii_texts(elements, Tag.PATIENT_SEX)).upper(),  # two values are none that is known
    )


def _frames(elements: Elements) -> tuple[str, ...]:
    uids = {uid_text(elements, Tag.FRAME_OF_REFERENCE_UID)}
    uids |= {
        uid_text(item, Tag.FRAME_OF_REFERENCE_UID)
        for item in elements.items(Tag.REFERENCED_FRAME_OF_REFERENCE_SEQUENCE)
    }
    uids |= {uid_text(item, Tag.REFERENCED_FRAME_OF_REFERENCE_UID) for item in elements.items(_STRUCTURE_SET_ROIS)}
    return tuple(sorted(uids - {""}))


def _references(sequence: Sequence[Elements]) -> tuple[str, ...]:
    uids = [uid_text(item, Tag.REFERENCED_SOP_INSTANCE_UID) for item in sequence]
    return tuple(dict.fromkeys(uid for uid in uids if uid))


def _parts_of_plan(plan: Elements) -> Parts:
    """Fraction groups of a plan with the beams that deliver something (setup beams have no meterset)."""
    return tuple(
        (_number(group, Tag.FRACTION_GROUP_NUMBER), _beams(group)) for group in plan.items(Tag.FRACTION_GROUP_SEQUENCE)
    )


def _beams(group: Elements) -> tuple[int, ...]:
    beams = group.items(Tag.REFERENCED_BEAM_SEQUENCE)
    treating = [beam for beam in beams if (number(beam, Tag.BEAM_METERSET) or 0.0) > 0.0]
    return tuple(sorted(_number(beam, Tag.REFERENCED_BEAM_NUMBER) for beam in treating or beams))


def _parts_of_dose(plans: Sequence[Elements]) -> Parts:
    groups = [group for plan in plans for group in plan.items(Tag.REFERENCED_FRACTION_GROUP_SEQUENCE)]
    return tuple(
        (
            _number(group, Tag.REFERENCED_FRACTION_GROUP_NUMBER),
            tuple(
                sorted(_number(beam, Tag.REFERENCED_BEAM_NUMBER) for beam in group.items(Tag.REFERENCED_BEAM_SEQUENCE))
            ),
        )
        for group in groups
    )


def _number(item: Elements, tag: int) -> int:
    value = number(item, tag)
    return NO_NUMBER if value is None else int(value)

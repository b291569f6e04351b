"""UIDs of a plan's files -> patient, study and references that an object made from these files has to repeat.

This is the one place where a patient's identity is kept, and only to be written into an object that is asked for so
that it lands in that patient's record, or into the results of an archive whose user asks for it. It goes into no
message, log or file name. (`sbrtcheck.dicom.belonging` compares it between files, and forgets it.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydicom import Dataset, config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.elements import Elements
from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.general import READ_ERRORS, PydicomElements, read_general
from sbrtcheck.dicom.inputs import DicomInputs
from sbrtcheck.dicom.reader import read_elements
from sbrtcheck.dicom.scan import scan
from sbrtcheck.dicom.source import Source
from sbrtcheck.dicom.tags import ascii_text, name, quiet, uid_text
from sbrtcheck.errors import DicomError, InputError

# Of the modules Patient, General Study and Patient Study (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2). What is in `_PRESENT`
# has to be there, empty where it is not known.
_PRESENT = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
)
_WHERE_KNOWN = (
    "IssuerOfPatientID",
    "PatientBirthTime",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyInstanceUID",
    "StudyDescription",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
)
_ONE_PATIENT = "export plan, structure set and dose again, all of one patient"
_LAST_TAG = {
    Kind.DOSE: 0x300CFFFF,
    Kind.PLAN: 0x0020FFFF,
    Kind.STRUCTURE_SET: 0x0020FFFF,
    Kind.SEGMENTATION: 0x0020FFFF,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The files that an object is made from.

    Parameters
    ----------
    subject
        Patient and study, in Unicode.
    references
        By kind, an item (class and UID) for each file that is there.
    doses
        Headers of the doses.
    headers
        Headers of all files.
    """

    subject: Dataset
    references: Mapping[Kind, tuple[Dataset, ...]]
    doses: tuple[Elements, ...]
    headers: tuple[Elements, ...]


def origin_of(path: DicomInputs, provenance: Mapping[str, str | tuple[str, ...]]) -> Origin:
    """Find the files again that DVHs were made from, by the UIDs in their ``provenance``.

    Raises
    ------
    InputError
        They are not there, they name different patients, or they are of no study.
    """
    with quiet():
        files = files_of(path, provenance)
        headers = [read_general(file.source, file.display_name, _LAST_TAG[file.kind]) for file in files]
        _refuse_several_patients(headers)
        of_kind = {kind: [h for f, h in zip(files, headers, strict=True) if f.kind is kind] for kind in Kind}
        first = next(h for kind in (Kind.PLAN, Kind.DOSE) for h in of_kind[kind])
        return Origin(
            subject=_subject(first),
            references={kind: tuple(map(reference_to, same_kind)) for kind, same_kind in of_kind.items()},
            doses=tuple(of_kind[Kind.DOSE]),
            headers=tuple(headers),
        )


def patient_pseudonym(file: RtFile) -> str:
    """Tells patients apart whose files have the same UIDs; which patient it is cannot be read from it.

    Raises
    ------
    DicomError
        The file is damaged.
    """
    header = read_elements(file.source, file.display_name, Tag.PATIENT_ID)
    identity = "\0".join((name(header, Tag.PATIENT_ID), name(header, Tag.PATIENT_NAME)))
    return hashlib.sha256(identity.encode()).hexdigest()


def by_series(origin: Origin) -> Mapping[str, Mapping[str, list[Dataset]]]:
    """Study Instance UID -> Series Instance UID -> references to the files there.

    Raises
    ------
    DicomError
        A file is of no study or of no series.
    """
    studies: dict[str, dict[str, list[Dataset]]] = {}
    for header in origin.headers:
        study, series = (ascii_text(header, tag) for tag in (Tag.STUDY_INSTANCE_UID, Tag.SERIES_INSTANCE_UID))
        if not (study and series):
            raise DicomError("one of the plan's files has no Study or Series Instance UID to refer to it by")
        studies.setdefault(study, {}).setdefault(series, []).append(reference_to(header))
    return studies


def patient_ids(sources: Iterable[Source]) -> tuple[str, ...]:
    """The Patient IDs of some files, each once; of one that cannot be read, none."""
    found = []
    with quiet():
        for source in sources:
            with suppress(DicomError, OSError):
                found.append(name(read_general(source, "a file", Tag.PATIENT_ID), Tag.PATIENT_ID))
    return tuple(dict.fromkeys(filter(None, found)))


def reference_to(header: Elements) -> Dataset:
    """Class and UID of an instance, as items of references have them."""
    sop_class = ascii_text(header, Tag.SOP_CLASS_UID)
    if not sop_class:
        raise DicomError("one of the plan's files has no SOP Class UID to refer to it by", hint="export it again")
    return _reference(sop_class, uid_text(header, Tag.SOP_INSTANCE_UID))


def files_of(path: DicomInputs, provenance: Mapping[str, str | tuple[str, ...]]) -> Sequence[RtFile]:
    """The plan's files in a fixed order; at least one dose, else `InputError`."""
    doses = provenance.get("doses", ())
    wanted = {provenance.get("plan"), provenance.get("structure_set"), *([doses] if isinstance(doses, str) else doses)}
    files = [file for file in scan(path).files if file.uid and file.uid in wanted]
    if not any(file.kind is Kind.DOSE for file in files):
        raise InputError(
            "the dose that the DVHs were computed from is not here", hint="give the folder they were read from"
        )
    if len({file.apart for file in files}) > 1:
        what = "files of several plans have the UIDs of this one"
        raise InputError(what, hint="give the folder of the plan, or its files")
    return files


def _refuse_several_patients(headers: Sequence[Elements]) -> None:
    if len({name(header, Tag.PATIENT_ID) for header in headers}) > 1:
        raise InputError(
            "the plan's files have different Patient IDs, so there is no record that the object would be for",
            hint=_ONE_PATIENT,
        )
    if (
        not any(name(header, Tag.PATIENT_ID) for header in headers)
        and len({name(h, Tag.PATIENT_NAME) for h in headers}) > 1
    ):
        what = "the plan's files have no Patient ID and different names, so it cannot be told whose record it is for"
        raise InputError(what, hint=_ONE_PATIENT)


def _subject(header: PydicomElements) -> Dataset:
    subject = Dataset()
    subject.SpecificCharacterSet = "ISO_IR 192"
    for element in _identity_elements(header.dataset):
        subject.add(element)
    if not ascii_text(PydicomElements(subject), Tag.STUDY_INSTANCE_UID):
        raise DicomError("the file has no Study Instance UID", hint="export it again")
    return subject


def _identity_elements(header: Dataset) -> Iterator[DataElement]:
    """Elements as they are, also where a value breaks the rules of its kind: they must match the record."""
    for keyword in (*_PRESENT, *_WHERE_KNOWN):
        tag = tag_for_keyword(keyword) or 0
        value, vr = _value(header, tag)
        if value or keyword in _PRESENT:
            yield DataElement(tag, vr, value, validation_mode=config.IGNORE)


def _value(header: Dataset, tag: int) -> tuple[str, str]:
    """Value as text, several joined as in a file; and its kind."""
    vr = dictionary_VR(tag)
    if tag not in header:
        return "", vr
    try:
        value = header[tag].value
    except READ_ERRORS as error:
        raise DicomError("patient or study cannot be read", hint="export the plan again") from error
    several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return "\\".join("" if item is None else str(item) for item in several), vr


def plan_references(origin: Origin) -> tuple[Dataset, ...]:
    """References to the plans that the doses are of: as the doses have them, else to the RTPLAN that is there."""
    stated = [item for dose in origin.doses for item in dose.items(Tag.REFERENCED_RT_PLAN_SEQUENCE)]
    unique = {
        uid: ascii_text(item, Tag.REFERENCED_SOP_CLASS_UID)
        for item in stated
        if (uid := uid_text(item, Tag.REFERENCED_SOP_INSTANCE_UID))
    }
    return tuple(_reference(sop_class, uid) for uid, sop_class in unique.items()) or origin.references[Kind.PLAN]


def _reference(sop_class: str, uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class
    item.ReferencedSOPInstanceUID = uid
    return item

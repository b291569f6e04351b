"""Files of several plans -> whether they say that they are of different patients; who these are is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.belonging import PlanFile, patients_differ
from sbrtcheck.dicom.inputs import DicomInputs
from sbrtcheck.dicom.origin import files_of
from sbrtcheck.dicom.reader import read_elements
from sbrtcheck.dicom.tags import quiet
from sbrtcheck.errors import InputError


def name_different_patients(plans: Iterable[tuple[DicomInputs, Mapping[str, str | tuple[str, ...]]]]) -> bool:
    """Whether files of several plans contradict each other on whose they are, by the rules for those of one plan.

    Parameters
    ----------
    plans
        The files that each was read from, and the UIDs in its provenance. False where these are not found again.
    """
    try:
        with quiet():
            files = [file for path, provenance in plans for file in files_of(path, provenance)]
            read = [read_elements(file.source, file.display_name, Tag.PATIENT_SEX) for file in files]
            return patients_differ([PlanFile(kind=f.kind, elements=e) for f, e in zip(files, read, strict=True)])
    except (InputError, OSError):
        return False

"""Spatial Registration object -> rigid registration of frames of reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.coded_words import coded_word
from sbrtcheck.dicom.elements import Elements
from sbrtcheck.dicom.files import is_dicom
from sbrtcheck.dicom.inputs import DicomInput, one_file
from sbrtcheck.dicom.reader import read_elements
from sbrtcheck.dicom.tags import ascii_text, decimals, quiet, uid_text
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import FloatArray, Registration

_SPATIAL_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"
_HINT = "give the rigid registration, a REG file"
_RIGID = 1e-4  # cosines are written with six digits and more


def load_registration(path: DicomInput) -> Registration:
    """Read a Spatial Registration (REG) object whose matrices are all rigid.

    Parameters
    ----------
    path
        The file, a pydicom Dataset of it, or a file open for reading bytes.

    Returns
    -------
    Registration
        Matrix of each frame of reference to the one that the object registers them to (DICOM PS3.3 C.20.2).

    Raises
    ------
    InputError
        There is no such file, or it is none of these.
    DicomError
        It is no Spatial Registration, is damaged, or has a matrix that is not rigid: doses cannot be summed by one
        that stretches or shears.
    """
    file = one_file(path, _HINT)
    display_name = file.name if isinstance(file, Path) else "the registration"
    with quiet():
        if not is_dicom(file):
            raise DicomError("not a DICOM file", display_name, _HINT)
        dataset = read_elements(file, display_name)
        if ascii_text(dataset, Tag.SOP_CLASS_UID) != _SPATIAL_REGISTRATION:
            raise DicomError("not a Spatial Registration object", display_name, _HINT)
        to_shared = dict(
            _frame_and_matrix(item, display_name) for item in dataset.items(Tag.REGISTRATION_SEQUENCE, display_name)
        )
        shared = uid_text(dataset, Tag.FRAME_OF_REFERENCE_UID)
    if not to_shared or "" in to_shared:
        raise DicomError("the registration does not say which frames of reference it registers", display_name)
    if shared:
        to_shared.setdefault(shared, np.eye(4))
    return Registration(to_shared=to_shared)


def _frame_and_matrix(item: Elements, display_name: str) -> tuple[str, FloatArray]:
    """A frame of reference, and its matrices applied one after the other."""
    matrix = np.eye(4)
    for step in item.items(Tag.MATRIX_REGISTRATION_SEQUENCE, display_name):
        for part in step.items(Tag.MATRIX_SEQUENCE, display_name):
            matrix = _matrix(part, display_name) @ matrix
    return uid_text(item, Tag.FRAME_OF_REFERENCE_UID), matrix


def _matrix(part: Elements, display_name: str) -> FloatArray:
    kind, values = (
        coded_word(part, Tag.FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE),
        decimals(part, Tag.FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, display_name),
    )
    if kind != "RIGID":
        raise DicomError(
            f"a matrix of the registration is {kind or 'of no stated type'}, not RIGID",
            display_name,
            "give a rigid one",
        )
    if len(values) != 16:
        raise DicomError(f"a matrix of the registration has {len(values)} values instead of 16", display_name)
    matrix = values.reshape(4, 4)
    turn = matrix[:3, :3]
    turned = float(np.abs(turn @ turn.T - np.eye(3)).max())
    if turned > _RIGID or np.linalg.det(turn) < 0.0 or np.abs(matrix[3] - [0, 0, 0, 1]).max() > _RIGID:
        raise DicomError(
            "a matrix of the registration has the type RIGID and is not rigid", display_name, "export it again"
        )
    return matrix

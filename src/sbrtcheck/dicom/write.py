"""Dataset written by sbrtcheck -> the bytes of a DICOM file, with UIDs from its content and the equipment that made it.

No date or time is written: the same input gives the same bytes. A PACS notes when it received an object.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from io import BytesIO

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, generate_uid

SOFTWARE = "sbrtcheck"
IMPLEMENTATION = UID("2.25.15533960512102275391439213110560991189")  # of this writer; stays when it changes
_PREAMBLE = bytes(128)


@cache
def version() -> str:
    """Version of the sbrtcheck that writes the file."""
    return metadata.version(SOFTWARE)


def file_bytes(dataset: Dataset, syntax: UID) -> bytes:
    """The file of a dataset that has everything but its UIDs.

    Parameters
    ----------
    dataset
        With its SOP Class UID; SOP and Series Instance UID are made from its content and set.
    syntax
        Transfer syntax: one of the two uncompressed little-endian ones.
    """
    content = hashlib.sha256(_encoded(dataset, syntax)).hexdigest()
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[SOFTWARE, "instance", content])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[SOFTWARE, "series", content])
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = IMPLEMENTATION
    meta.ImplementationVersionName = f"SBRTCHECK_{version()}"[:16]
    whole = Dataset(dataset)
    whole.file_meta = meta
    whole.preamble = _PREAMBLE
    out = BytesIO()
    dcmwrite(out, whole, enforce_file_format=True)
    return out.getvalue()


def _encoded(dataset: Dataset, syntax: UID) -> bytes:
    out = BytesIO()
    dcmwrite(out, dataset, implicit_vr=syntax.is_implicit_VR, little_endian=True)
    return out.getvalue()


def set_equipment(dataset: Dataset) -> None:
    """Name sbrtcheck as the equipment that made it (General Equipment, PS3.3 C.7.5.1)."""
    dataset.Manufacturer = SOFTWARE
    dataset.ManufacturerModelName = SOFTWARE
    dataset.SoftwareVersions = version()

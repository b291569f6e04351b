"""A report as PDF + the plan's files -> DICOM Encapsulated PDF of that patient (PS3.3 A.45.1)."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from sbrtcheck.dicom.files import Kind
from sbrtcheck.dicom.origin import Origin
from sbrtcheck.dicom.tags import quiet
from sbrtcheck.dicom.write import SOFTWARE, file_bytes, set_equipment


def encapsulated_pdf(pdf: bytes, origin: Origin, *, title: str) -> bytes:
    """Wrap a PDF for the record of the patient whose plan it is about.

    Parameters
    ----------
    pdf
        The document; it needs no patient identity, for the object has it.
    origin
        Patient and study, and the files that the document is about.
    title
        Document Title.

    Returns
    -------
    bytes
        A DICOM file, explicit VR little endian; the same input gives the same bytes, UIDs included.
    """
    with quiet():
        dataset = Dataset(origin.subject)
        dataset.SOPClassUID = EncapsulatedPDFStorage
        dataset.Modality = "DOC"
        dataset.SeriesNumber = 1
        dataset.SeriesDescription = f"{SOFTWARE} report"
        dataset.ConversionType = "WSD"  # SC Equipment: made on a workstation
        set_equipment(dataset)
        _set_document(dataset, pdf, title, origin)
        return file_bytes(dataset, ExplicitVRLittleEndian)


def _set_document(dataset: Dataset, pdf: bytes, title: str, origin: Origin) -> None:
    """Encapsulated Document (C.24.2). No code of the standard names such a report, so its concept name is empty."""
    dataset.InstanceNumber = 1
    dataset.ContentDate = dataset.ContentTime = dataset.AcquisitionDateTime = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.SourceInstanceSequence = Sequence([reference for kind in Kind for reference in origin.references[kind]])
    dataset.DocumentTitle = title
    dataset.ConceptNameCodeSequence = Sequence([])
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)

"""A report, or DVHs -> DICOM objects for the record of the patient whose plan it is."""

from __future__ import annotations

from datetime import datetime

from sbrtcheck.arguments import require_type
from sbrtcheck.dicom import DicomInputs
from sbrtcheck.dvh import DVHSet
from sbrtcheck.render import pdf_report
from sbrtcheck.results import Report
from sbrtcheck.results.labels import overall_text


def report_as_dicom(report: Report, path: DicomInputs) -> bytes:
    """The report's PDF as a DICOM object for the record of the plan's patient.

    Parameters
    ----------
    report
        What `check` gave.
    path
        The files, as given to `check`: patient and study are those of them. A `Plan` does not know them.

    Returns
    -------
    bytes
        A DICOM file: Encapsulated PDF Storage.

    Raises
    ------
    SbrtcheckError
        The plan's files are not there or name different patients, or what draws the PDF is not installed.
    """
    from sbrtcheck.dicom.encapsulated import encapsulated_pdf
    from sbrtcheck.dicom.origin import origin_of

    _require_report(report)
    origin = origin_of(path, report.provenance)  # files that are wrong are told before anything is drawn
    title = f"{report.software}: dose constraints, {overall_text(report)}"
    return encapsulated_pdf(pdf_report(report), origin, title=title)


def report_as_sr(report: Report, path: DicomInputs, *, made_at: datetime | None = None) -> bytes:
    """The report as a DICOM Structured Report (TID 1500) for the record of the plan's patient.

    Parameters
    ----------
    report
        What `check` gave.
    path
        As given to `check`: patient and study are those of the files there.
    made_at
        Content Date and Time of the object; None for now. The same report and time give the same bytes.

    Returns
    -------
    bytes
        A DICOM file: Comprehensive SR Storage.

    Raises
    ------
    SbrtcheckError
        The plan's files are not there or name different patients, or highdicom is not installed.
    """
    from sbrtcheck.dicom.structured_report import structured_report
    from sbrtcheck.render.structured import report_content

    _require_report(report)
    require_type(made_at, (datetime, type(None)), "the time of a report", "give a datetime")
    return structured_report(report_content(report), path, report.provenance, made_at=made_at or datetime.now())


def dvhs_as_dicom(dvhs: DVHSet, path: DicomInputs) -> bytes:
    """Computed DVHs as a DICOM object for the record of the plan's patient: an RTDOSE with a DVH Sequence, no grid.

    Parameters
    ----------
    dvhs
        What `dvhs` or `compute_dvhs` gave. Structures that the structure set does not have are left out.
    path
        The files they were computed from, as given to `check`: patient and study are those of these files.

    Returns
    -------
    bytes
        A DICOM file: RT Dose Storage.

    Raises
    ------
    SbrtcheckError
        There is nothing to write, or the plan's files are not there or name different patients.
    """
    from sbrtcheck.dicom.dvh_dose import dvh_rtdose

    require_type(dvhs, DVHSet, "what is written as DICOM", "give what compute_dvhs gave")
    return dvh_rtdose(dvhs, path)


def _require_report(report: object) -> None:
    require_type(report, Report, "what is written as DICOM", "give what check gave")

"""RTSTRUCT, RTDOSE and RTPLAN -> Plan; or an RTDOSE with stored DVHs -> DVHSet.

From the top, each importing from below alone::

    load          folder, files or Datasets -> Plan, stored DVHs, or the list of all plans
    link          headers -> which dose belongs to which plan and structure set
    dose_summation  doses of one plan -> its whole dose, by their Dose Summation Type
    structure_sets  a dose and its plan -> its structure set, and the one that names its stored DVHs
    file_index    headers -> the same by what others refer to them with
    found_plans   what linked files come to
    relink        headers whose references are lost -> those of one folder put together, on request
    scan          headers -> each file once, those of one UID told apart or marked
    files         one file -> its header, if it is an RT file
    inputs        what is given -> files, on disk or in memory; anything else refused
    registration  Spatial Registration -> how frames of reference are placed to each other
    prescription  RTPLAN -> prescription, or why it is unknown (the rules are in its docstring)
    dose          RTDOSE -> dose grid
    structures    RTSTRUCT -> structures, contours still as bytes
    stored        DVH Sequence of the RTDOSE -> DVHs
    contours      contour items of one ROI -> those with an area, and findings about the others
    reader        file -> elements, by one of two readers; nothing above knows by which
    fast          ordinary file -> elements, without pydicom
    dataset_file  Dataset in memory -> a file in memory
    general       any other file -> elements, by pydicom
    tags          one element -> text or number
    decimals      decimal text -> numbers
    elements      what both readers give
    source        where the bytes of a file are
    walk          folder -> the files below it, each once
    attributes    tags by their keywords, with the part of the standard that defines them

and back, for the record of the patient whose plan it is (these need pydicom, and are imported from where they are)::

    encapsulated  a report as PDF -> Encapsulated PDF
    structured_report  a report -> Structured Report, with highdicom
    dvh_dose      computed DVHs -> RTDOSE with a DVH Sequence
    origin        UIDs of a plan's files -> patient, study, and what to refer to
    write         dataset -> bytes of a file, UIDs from its content
"""

from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.found_plans import FoundPlan, Orphan, PlanFiles
from sbrtcheck.dicom.inputs import DicomInput, DicomInputs, PlanInput
from sbrtcheck.dicom.load import NotStored, find_plans, load_dvhs, load_plan, load_plan_and_dvhs
from sbrtcheck.dicom.registration import load_registration
from sbrtcheck.dicom.relink import Link
from sbrtcheck.dicom.remote import RemoteFile, is_url, remote_files, upload
from sbrtcheck.dicom.source import MemoryFile, Source, ZipMember

__all__ = [
    "DicomInput",
    "DicomInputs",
    "FoundPlan",
    "Kind",
    "Link",
    "MemoryFile",
    "NotStored",
    "Orphan",
    "PlanFiles",
    "PlanInput",
    "RemoteFile",
    "RtFile",
    "Source",
    "ZipMember",
    "find_plans",
    "is_url",
    "load_dvhs",
    "load_plan",
    "load_plan_and_dvhs",
    "load_registration",
    "remote_files",
    "upload",
]

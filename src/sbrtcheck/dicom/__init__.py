"""RTSTRUCT, RTDOSE, RTPLAN -> Plan; or the DVHs that the planning system stored -> DVHSet.

::

    files         folder -> headers of the RT files in it
    scan          headers -> each file once, those of one UID told apart or marked
    link          headers -> which dose belongs to which plan and structure set
    prescription  RTPLAN -> prescription, or why it is unknown (the rules are in its docstring)
    dose          RTDOSE -> dose grid
    structures    RTSTRUCT -> structures, contours still as bytes
    contours      contour items of one ROI -> those with an area, and what is said of the others
    decimals      decimal text -> numbers
    stored        DVH Sequence of the RTDOSE -> DVHs
    registration  Spatial Registration -> how frames of reference lie to each other
    tags          one element -> text or number
    plain         plain file -> elements, without pydicom
    general       any other file -> pydicom's dataset

and back, for the record of the patient whose plan it is (these need pydicom, and are imported from where they are)::

    origin        UIDs of a plan's files -> patient, study, and what to refer to
    encapsulated  a report as PDF -> Encapsulated PDF
    dvh_dose      computed DVHs -> RTDOSE with a DVH Sequence
    write         dataset -> bytes of a file, UIDs from its content
"""

from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.link import FoundPlan, Orphan, PlanFiles
from sbrtcheck.dicom.load import NotStored, find_plans, load_dvhs, load_plan, load_plan_and_dvhs
from sbrtcheck.dicom.registration import load_registration

__all__ = [
    "FoundPlan",
    "Kind",
    "NotStored",
    "Orphan",
    "PlanFiles",
    "RtFile",
    "find_plans",
    "load_dvhs",
    "load_plan",
    "load_plan_and_dvhs",
    "load_registration",
]

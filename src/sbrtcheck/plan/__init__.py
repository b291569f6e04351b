"""A treatment plan as frozen values: dose grid, structures, prescription, findings.

This is all that is kept of a plan, whatever it was read from. Lengths are in mm, in the patient coordinates of DICOM
(x to the left, y to the back, z to the head; PS3.3 C.7.6.2.1.1), doses in Gy. Contours stay polygons and the dose stays
on its own grid; nothing is resampled::

    Plan
      dose: DoseGrid            points (k, j, i) along three axes at right angles, in any orientation
      structures: Structure*    each a source of closed planar polygons, decoded when asked for
      prescription              dose and fractions, or why they could not be told
      uids, label               of the files; no identity of the patient
      findings                  what reading it turned up

A plan comes from files (`sbrtcheck.load_plan`), or from arrays: `Plan.from_arrays`, `Plan.from_masks`.
"""

from sbrtcheck.plan.plan import Plan
from sbrtcheck.plan.values import (
    DOUBTFUL_CONTOURS,
    DOUBTFUL_FILES,
    HUNDREDFOLD_SHARES,
    MAX_SHARE_OF_PRESCRIPTION,
    MAXIMUM_PERCENT,
    MIN_SHARE_OF_PRESCRIPTION,
    SEX_NOT_STATED,
    Contours,
    ContourSource,
    DoseGrid,
    Finding,
    FindingCode,
    FloatArray,
    IntArray,
    PlanUids,
    Prescription,
    Registration,
    Sex,
    Structure,
    UnknownPrescription,
    UnknownSex,
    may_be_maximum,
    prescription_words,
)

__all__ = [
    "DOUBTFUL_CONTOURS",
    "DOUBTFUL_FILES",
    "HUNDREDFOLD_SHARES",
    "MAXIMUM_PERCENT",
    "MAX_SHARE_OF_PRESCRIPTION",
    "MIN_SHARE_OF_PRESCRIPTION",
    "SEX_NOT_STATED",
    "ContourSource",
    "Contours",
    "DoseGrid",
    "Finding",
    "FindingCode",
    "FloatArray",
    "IntArray",
    "Plan",
    "PlanUids",
    "Prescription",
    "Registration",
    "Sex",
    "Structure",
    "UnknownPrescription",
    "UnknownSex",
    "may_be_maximum",
    "prescription_words",
]

"""A plan in, its dose-volume histograms with bounds out."""

from sbrtcheck.dvh.accumulate import Course, accumulate, summed_eqd2
from sbrtcheck.dvh.compute import compute_dvhs, compute_union, largest_dose_on_faces, prisms_of
from sbrtcheck.dvh.distance import CurveDistance, curve_distance
from sbrtcheck.dvh.targets import roi_names, separate_targets
from sbrtcheck.dvh.types import (
    DERIVED_NUMBER,
    DVH,
    Band,
    Between,
    Curve,
    DVHSet,
    EndCaps,
    Interpolation,
    Model,
    NoDVH,
    Origin,
    Reason,
    VolumeUnit,
)

__all__ = [
    "DERIVED_NUMBER",
    "DVH",
    "Band",
    "Between",
    "Course",
    "Curve",
    "CurveDistance",
    "DVHSet",
    "EndCaps",
    "Interpolation",
    "Model",
    "NoDVH",
    "Origin",
    "Reason",
    "VolumeUnit",
    "accumulate",
    "compute_dvhs",
    "compute_union",
    "curve_distance",
    "largest_dose_on_faces",
    "prisms_of",
    "roi_names",
    "separate_targets",
    "summed_eqd2",
]

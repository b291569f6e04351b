"""A plan in, its dose-volume histograms with bounds out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sbrtcheck.dvh.compute import compute_dvhs, compute_union, largest_dose_on_faces, prisms_of
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
from sbrtcheck.lazy import when_first_used

if TYPE_CHECKING:
    from sbrtcheck.dvh.courses import Course, accumulate, summed_eqd2
    from sbrtcheck.dvh.distance import CurveDistance, curve_distance
    from sbrtcheck.dvh.targets import roi_name_of, roi_names, roi_names_of, separate_targets

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
    "roi_name_of",
    "roi_names",
    "roi_names_of",
    "separate_targets",
    "summed_eqd2",
]

# Loaded when first used: what the DVHs of one plan do not need.
_HOME = {
    "Course": "courses",
    "CurveDistance": "distance",
    "accumulate": "courses",
    "curve_distance": "distance",
    "roi_name_of": "targets",
    "roi_names": "targets",
    "roi_names_of": "targets",
    "separate_targets": "targets",
    "summed_eqd2": "courses",
}

__getattr__, __dir__ = when_first_used(__name__, _HOME)

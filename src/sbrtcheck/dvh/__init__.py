"""A plan in, its dose-volume histograms with bounds out."""

from __future__ import annotations

from typing import Any

from sbrtcheck._old_modules import old_name
from sbrtcheck.dvh.compute import compute_dvhs, compute_union, largest_dose_on_faces, prisms_of
from sbrtcheck.dvh.curve_distance import CurveDistance, curve_distance
from sbrtcheck.dvh.targets import roi_name_of, roi_names, roi_names_of, separate_targets
from sbrtcheck.dvh.types import (
    DERIVED_NUMBER,
    DVH,
    Between,
    Bounds,
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
    "Between",
    "Bounds",
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
    "compute_dvhs",
    "compute_union",
    "curve_distance",
    "largest_dose_on_faces",
    "prisms_of",
    "roi_name_of",
    "roi_names",
    "roi_names_of",
    "separate_targets",
]


def __getattr__(name: str) -> Any:
    return old_name(__name__, name)

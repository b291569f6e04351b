"""A plan in, its dose-volume histograms with bounds out."""

from sbrtcheck.dvh.compute import compute_dvhs, compute_union, largest_dose_on_faces, prisms_of
from sbrtcheck.dvh.targets import separate_targets
from sbrtcheck.dvh.types import (
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
    "DVH",
    "Band",
    "Between",
    "Curve",
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
    "largest_dose_on_faces",
    "prisms_of",
    "separate_targets",
]

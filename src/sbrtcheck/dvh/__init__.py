"""A plan in, its dose-volume histograms with bounds out."""

from sbrtcheck.dvh.compute import compute_dvhs, compute_union
from sbrtcheck.dvh.types import (
    DVH,
    Band,
    Curve,
    DVHSet,
    EndCaps,
    NoDVH,
    Origin,
    Reason,
    VolumeUnit,
)

__all__ = [
    "DVH",
    "Band",
    "Curve",
    "DVHSet",
    "EndCaps",
    "NoDVH",
    "Origin",
    "Reason",
    "VolumeUnit",
    "compute_dvhs",
    "compute_union",
]

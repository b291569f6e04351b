"""A plan in, its dose-volume histograms with bounds out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from sbrtcheck.dvh.courses import Course, accumulate, summed_eqd2
    from sbrtcheck.dvh.distance import CurveDistance, curve_distance
    from sbrtcheck.dvh.targets import roi_names, separate_targets

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

# Loaded when first used: what the DVHs of one plan do not need.
_HOME = {
    "Course": "courses",
    "CurveDistance": "distance",
    "accumulate": "courses",
    "curve_distance": "distance",
    "roi_names": "targets",
    "separate_targets": "targets",
    "summed_eqd2": "courses",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sbrtcheck.dvh' has no attribute {name!r}")
    value = getattr(import_module(f"sbrtcheck.dvh.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

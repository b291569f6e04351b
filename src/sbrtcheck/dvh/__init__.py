"""A plan in, its dose-volume histograms with bounds out."""

from __future__ import annotations

from typing import Any

from sbrtcheck._old_modules import old_name
from sbrtcheck.dvh.compute import largest_dose_on_faces, prisms_of
from sbrtcheck.dvh.curve import SAME_DOSE, SAME_VOLUME, Bounds, Curve, VolumeUnit
from sbrtcheck.dvh.curve_distance import CurveDistance, curve_distance
from sbrtcheck.dvh.dvh import DERIVED_NUMBER, DVH, NoDVH, Origin, Sampling
from sbrtcheck.dvh.dvh_set import DVHSet, roi_names
from sbrtcheck.dvh.from_plan import compute_dvhs
from sbrtcheck.dvh.isoeffect import OF_DOSE, Isoeffect, isoeffect
from sbrtcheck.dvh.model import Between, EndCaps, Interpolation, Model
from sbrtcheck.dvh.questions import DoseSought, MeanSought, Question, VolumeSought
from sbrtcheck.dvh.reason import Reason
from sbrtcheck.dvh.roi_names import roi_name_of, roi_names_of
from sbrtcheck.dvh.targets import extent_x_mm, separate_targets

__all__ = [
    "DERIVED_NUMBER",
    "DVH",
    "OF_DOSE",
    "SAME_DOSE",
    "SAME_VOLUME",
    "Between",
    "Bounds",
    "Curve",
    "CurveDistance",
    "DVHSet",
    "DoseSought",
    "EndCaps",
    "Interpolation",
    "Isoeffect",
    "MeanSought",
    "Model",
    "NoDVH",
    "Origin",
    "Question",
    "Reason",
    "Sampling",
    "VolumeSought",
    "VolumeUnit",
    "compute_dvhs",
    "curve_distance",
    "extent_x_mm",
    "isoeffect",
    "largest_dose_on_faces",
    "prisms_of",
    "roi_name_of",
    "roi_names",
    "roi_names_of",
    "separate_targets",
]


def __getattr__(name: str) -> Any:
    return old_name(__name__, name)

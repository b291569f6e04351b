"""The structures of a plan -> what matching may look at of them; which of them are separate targets of one kind."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from sbrtcheck.dvh.types import DERIVED_NUMBER, DVH, DVHSet, NoDVH, Reason
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import FloatArray, Plan, Structure
from sbrtcheck.structure_names import RoiName, is_whole_target, targets

SEPARATE_MM = 5.0
"""Boxes around separate targets lie at least so far apart along an axis: further than contour planes usually do."""


def separate_targets(plan: Plan, kind: str, names: Mapping[str, str] | None = None) -> tuple[RoiName, ...]:
    """The targets of a kind (``PTV``, ``GTV`` ...), two or more, where all of them are clearly separate ones.

    Clearly means: each is a target of that kind by its RT ROI Interpreted Type or its name, no name speaks of a part,
    of planning helpers or of a Boolean, and the boxes around any two lie `SEPARATE_MM` or more apart along an axis.
    Targets inside or beside one another (a boost, dose levels, an evaluation structure) are not told apart from
    separate ones by that, and give nothing: which one is meant is the user's to say.

    Parameters
    ----------
    plan
        The plan.
    kind
        ``PTV``, ``CTV``, ``GTV`` or ``ITV``.
    names
        Organ to structure name; a kind that the user named one structure for has no others.
    """
    rois = {(s.name, s.number): s for s in plan.structures}
    found = targets(kind, roi_names_of(plan), names)
    if len(found) < 2 or not all(is_whole_target(roi.name) for roi in found):
        return ()
    boxes = [_box(rois[roi.name, roi.number]) for roi in found]
    apart = (np.any(_gap(a, b) >= SEPARATE_MM) for a, b in combinations(boxes, 2))
    return found if all(apart) else ()


def roi_name_of(structure: Structure) -> RoiName:
    """What matching may look at of a structure of a plan."""
    return RoiName(
        name=structure.name,
        number=structure.number,
        kind=structure.kind,
        codes=structure.codes,
        contoured=structure.is_contoured,
    )


def roi_names_of(plan: Plan) -> tuple[RoiName, ...]:
    """What matching may look at of all structures of a plan."""
    return tuple(map(roi_name_of, plan.structures))


def roi_names(dvhs: DVHSet) -> tuple[RoiName, ...]:
    """All structures of the plan, also those without a DVH: a name is ambiguous whether it was computed or not."""
    if dvhs.plan is not None:
        return roi_names_of(dvhs.plan)
    everything: tuple[DVH | NoDVH, ...] = (*dvhs.dvhs, *dvhs.without)
    return tuple(_roi_name_of_dvh(one) for one in everything if one.number != DERIVED_NUMBER)


def _roi_name_of_dvh(dvh: DVH | NoDVH) -> RoiName:
    empty = isinstance(dvh, NoDVH) and dvh.reason is Reason.STRUCTURE_EMPTY
    return RoiName(name=dvh.name, number=dvh.number, kind=dvh.kind, contoured=not empty)


def _box(structure: Structure) -> tuple[FloatArray, FloatArray]:
    try:
        points = structure.contours.read().points_mm
    except DicomError:
        points = np.zeros((0, 3))
    if len(points) == 0:  # nowhere, or damaged: not clearly apart from anything
        return np.full(3, np.nan), np.full(3, np.nan)
    return points.min(axis=0), points.max(axis=0)


def _gap(a: tuple[FloatArray, FloatArray], b: tuple[FloatArray, FloatArray]) -> FloatArray:
    """How far two boxes are apart along each axis; negative where they overlap."""
    return np.maximum(a[0] - b[1], b[0] - a[1])

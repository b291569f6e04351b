"""The structures of a plan -> which of them are targets, and whether those of one kind lie apart.

Two targets are apart where a plane along an axis keeps their boxes apart, with some room::

      +----+                  +----+
      |PTV1|  +----+          |PTV1|
      +----+  |PTV2|          |  +----+   boxes that overlap may be a boost in its PTV,
              +----+          +--|PTV2|   dose levels, or an evaluation structure: which
      |    |<>|    |             +----+   one is meant is for the user to say
            5 mm
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from sbrtcheck.dvh.roi_names import roi_names_of
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
    structures = {(s.name, s.number): s for s in plan.structures}
    candidates = targets(kind, roi_names_of(plan), names)
    if len(candidates) < 2 or not all(is_whole_target(roi.name) for roi in candidates):
        return ()
    boxes = [_box(structures[roi.name, roi.number]) for roi in candidates]
    apart = (np.any(_gap(a, b) >= SEPARATE_MM) for a, b in combinations(boxes, 2))
    return candidates if all(apart) else ()


def extent_x_mm(structure: Structure) -> tuple[float, float] | None:
    """Where a structure begins and ends along x (to the patient's left), mm; None without contours that can be read."""
    low, high = _box(structure)
    return None if np.isnan(low[0]) else (float(low[0]), float(high[0]))


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

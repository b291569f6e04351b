"""The contour planes of a structure and those of its plan's other structures in; what is odd about their distance, out.

Contours on every second image, or heights in another unit than mm, make a structure that is evenly thicker or thinner
than the organ, so that its own planes do not tell. Those of the others do: they were drawn on the same images::

      others      structure        others      structure
     --------                     --------
     --------     ========        --------     ========   a tenth of the distance: heights in cm, and an organ as flat
     --------                     --------     ========
     --------     ========        --------
       3 mm         6 mm            3 mm        0.3 mm
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.geometry.arrays import median
from sbrtcheck.geometry.contour_planes import PLANE_TOLERANCE_SHARE, SLIP_MM, STEADY_RUN, usual_gap
from sbrtcheck.plan import Finding, FindingCode, FloatArray

OTHER_SPACING = 1.8
"""Planes so many times further apart than the others', or closer, are on other images or leave images out.

To leave out every second image makes it 2, and heights that are written with few digits make of this a tenth
(`PLANE_TOLERANCE_SHARE`) more or less. Two parts of one scan, 3 and 5 mm apart, stay below.
"""

FINER_IMAGES = 5.5
"""Planes so many times closer than the others' are on no images.

Images 1 mm apart beside those of 5 mm make a fifth, and a little for what the heights were rounded by; heights in cm
make a tenth.
"""

_FEWEST_PLANES = 3
"""A structure of fewer planes has one gap, which may be between two parts of it, and no spacing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSpacing:
    """The distance between planes that most structures of a plan have; ``heights_mm`` are the planes of these."""

    mm: float
    heights_mm: tuple[FloatArray, ...]

    @classmethod
    def of_heights(cls, heights_mm: Sequence[FloatArray]) -> CommonSpacing | None:
        """From the heights of each structure's planes, rising; None where no spacing is that of more than half."""
        steady = [heights for heights in heights_mm if len(heights) >= _FEWEST_PLANES]
        if not steady:
            return None
        spacings = np.array([median(np.diff(heights)) for heights in steady])
        alike = np.abs(spacings - spacings[:, None]) <= PLANE_TOLERANCE_SHARE * spacings[:, None]
        best = alike[np.argmax(alike.sum(axis=1))]
        if 2 * best.sum() <= len(steady):
            return None
        same = tuple(heights for heights, is_alike in zip(steady, best.tolist(), strict=True) if is_alike)
        return cls(mm=median(spacings[best]), heights_mm=same)


def spacing_findings(name: str, planes_mm: FloatArray, common: CommonSpacing | None) -> tuple[Finding, ...]:
    """At most one, on a structure whose planes, rising, are much further apart than is common, or much closer.

    Planes that are closer because the images are finer lie on the others' planes too; where they do not, or are closer
    than images are, heights may be wrong, and with them the volume of the structure: it is doubtful then.
    """
    gaps_mm = np.diff(planes_mm)
    if common is None or len(gaps_mm) == 0:
        return ()
    # the lower median for wide ones: a few gaps between parts are no spacing; by length for close ones: a few slips
    wide_mm, close_mm = float(np.sort(gaps_mm)[(len(gaps_mm) - 1) // 2]), usual_gap(gaps_mm)
    if len(gaps_mm) >= STEADY_RUN and wide_mm >= OTHER_SPACING * common.mm:
        text = f"{_beside(wide_mm, common)}: was it contoured on some images only?"
        return (Finding(code=FindingCode.PLANE_SPACING, text=text, subject=name),)
    if OTHER_SPACING * close_mm > common.mm:
        return ()
    if FINER_IMAGES * close_mm >= common.mm and _has_planes_of_others(planes_mm, close_mm, common):
        text = f"{_beside(close_mm, common)}: on finer images, by where they lie"
        return (Finding(code=FindingCode.PLANE_SPACING, text=text, subject=name),)
    text = f"{_beside(close_mm, common)}: are its heights in mm? If not, its volume is too small"
    return (Finding(code=FindingCode.PLANES_TOO_CLOSE, text=text, subject=name),)


def _beside(mm: float, common: CommonSpacing) -> str:
    return f"contour planes {mm:.3g} mm apart, where those of most structures are {common.mm:.3g} mm apart"


def _has_planes_of_others(planes_mm: FloatArray, close_mm: float, common: CommonSpacing) -> bool:
    """Whether each plane of the others between the first and the last one is one of the structure's too."""
    slip_mm = max(SLIP_MM, PLANE_TOLERANCE_SHARE * close_mm)
    theirs = np.concatenate(common.heights_mm)
    within = theirs[(theirs >= planes_mm[0] - slip_mm) & (theirs <= planes_mm[-1] + slip_mm)]
    if len(within) == 0:
        return False
    above = np.minimum(np.searchsorted(planes_mm, within), len(planes_mm) - 1)
    below = np.maximum(above - 1, 0)
    nearest_mm = np.minimum(np.abs(planes_mm[above] - within), np.abs(planes_mm[below] - within))
    return bool(np.all(nearest_mm <= slip_mm))

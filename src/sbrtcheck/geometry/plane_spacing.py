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

import numpy as np

from sbrtcheck.geometry.arrays import median
from sbrtcheck.geometry.contour_planes import PLANE_TOLERANCE_SHARE, STEADY_RUN, usual_gap
from sbrtcheck.plan import Finding, FindingCode, FloatArray

OTHER_SPACING = 1.8
"""Planes so many times further apart than the others', or closer, are on other images or leave images out.

To leave out every second image makes it 2, and heights that are written with few digits make of this a tenth
(`PLANE_TOLERANCE_SHARE`) more or less. Two parts of one scan, 3 and 5 mm apart, stay below.
"""

FINER_IMAGES = 5.5
"""Planes so many times closer than the others' are on no images, and their heights may be in another unit.

Images 1 mm apart beside those of 5 mm make a fifth, and a little for what the heights were rounded by; heights in cm
make a tenth.
"""

_FEWEST_PLANES = 3
"""A structure of fewer planes has one gap, which may be between two parts of it, and no spacing."""


def common_spacing_mm(heights_mm: Sequence[FloatArray]) -> float | None:
    """The distance between planes that most structures have, from the heights of each one's planes, rising.

    None where no distance is that of more than half.
    """
    steady = [heights for heights in heights_mm if len(heights) >= _FEWEST_PLANES]
    if not steady:
        return None
    rising = np.sort([median(np.diff(heights)) for heights in steady])
    slip = PLANE_TOLERANCE_SHARE * rising
    first = np.searchsorted(rising, rising - slip, side="left")
    after = np.searchsorted(rising, rising + slip, side="right")
    best = int(np.argmax(after - first))
    alike = rising[first[best] : after[best]]
    return median(alike) if 2 * len(alike) > len(steady) else None


def spacing_findings(name: str, planes_mm: FloatArray, common_mm: float | None) -> tuple[Finding, ...]:
    """At most one, on a structure whose planes, rising, are much further apart than is common, or much closer.

    Closer than images are, the heights may be wrong, and with them the volume of the structure: it is doubtful then.
    """
    gaps_mm = np.diff(planes_mm)
    if common_mm is None or len(gaps_mm) == 0:
        return ()
    # the lower median for wide ones: a few gaps between parts are no spacing; by length for close ones: a few slips
    wide_mm, close_mm = float(np.sort(gaps_mm)[(len(gaps_mm) - 1) // 2]), usual_gap(gaps_mm)
    code = FindingCode.PLANE_SPACING
    if len(gaps_mm) >= STEADY_RUN and wide_mm >= OTHER_SPACING * common_mm:
        text = f"{_beside(wide_mm, common_mm)}: was it contoured on some images only?"
    elif OTHER_SPACING * close_mm > common_mm:
        return ()
    elif FINER_IMAGES * close_mm >= common_mm:
        text = f"{_beside(close_mm, common_mm)}: was it contoured on other images?"
    else:
        code = FindingCode.PLANES_TOO_CLOSE
        text = f"{_beside(close_mm, common_mm)}: are its heights in mm? If not, its volume is too small"
    return (Finding(code=code, text=text, subject=name),)


def _beside(mm: float, common_mm: float) -> str:
    return f"contour planes {mm:.3g} mm apart, where those of most structures are {common_mm:.3g} mm apart"

"""Prisms -> how many parts they are that do not touch."""

from __future__ import annotations

import numpy as np

from sbrtcheck.geometry.boolean import SAME_HEIGHT_MM
from sbrtcheck.geometry.prisms import GridFrame, PrismStack
from sbrtcheck.geometry.surface import lattice


def parts_of(stack: PrismStack, frame: GridFrame) -> int:
    """The number of parts, seen on a lattice of half a millimetre: gaps and necks finer than that are not told.

    The prisms must not overlap.
    """
    # scipy.ndimage takes longer to import than most plans take to check
    from scipy.ndimage import label

    inside, _, _ = lattice(stack, frame)
    order = np.argsort(stack.low_mm, kind="stable")
    apart = np.abs(stack.low_mm[order][1:] - stack.high_mm[order][:-1]) > SAME_HEIGHT_MM
    planes = np.insert(inside[stack.layer[order]], np.flatnonzero(apart) + 1, values=False, axis=0)
    _, count = label(planes, structure=np.ones((3, 3, 3)))
    return int(count)

"""Two stacks of prisms -> their union or difference, as exact as the polygons are.

The faces of both stacks together cut space into slabs in which neither stack changes with height. So in each slab the
Boolean of the solids is the Boolean of two plane regions (`polygon_booleans`)::

      a      b             faces      slab        region
    .---.                  ------
    |   |  .---.           ------     1           a
    |   |  |   |                      2           a or b
    '---'  |   |           ------     3           b
           '---'           ------

Slabs with the same pair of layers share one region, and each end-cap convention is a solid of its own.
"""

from __future__ import annotations

import numpy as np

from sbrtcheck.geometry.arrays import distinct, ranges
from sbrtcheck.geometry.contour_planes import Conventions
from sbrtcheck.geometry.polygon_booleans import BooleanRule, combined
from sbrtcheck.geometry.polygons import Edges, Outline, joined
from sbrtcheck.geometry.prisms import SAME_HEIGHT_MM, PrismStack
from sbrtcheck.plan import FloatArray, IntArray

NO_LAYER = -1
"""In place of a layer: the stack has nothing there. No edge lies in it, so its outline is empty."""


def union(a: PrismStack, b: PrismStack) -> PrismStack:
    """What lies in one or both of two stacks, under each end-cap convention."""
    return _combined(a, b, np.logical_or)


def minus(a: PrismStack, b: PrismStack) -> PrismStack:
    """What lies in ``a`` but not in ``b``, under each end-cap convention."""
    return _combined(a, b, lambda in_a, in_b: in_a & ~in_b)


def _combined(a: PrismStack, b: PrismStack, rule: BooleanRule) -> PrismStack:
    faces = distinct(np.concatenate([a.low_mm, a.high_mm, b.low_mm, b.high_mm]))
    faces = faces[np.concatenate([[True], np.diff(faces) > SAME_HEIGHT_MM])]
    # (slab, layer of a, layer of b) -> the conventions under which these layers meet there
    pairs: dict[tuple[int, int, int], int] = {}
    for convention in (Conventions.HALF_SLICE, Conventions.CAPPED, Conventions.NONE):
        # prisms of one convention do not overlap: at most one layer of each stack in a slab
        layer_a, layer_b = (_layer_between(faces, stack, convention) for stack in (a, b))
        for slab in np.flatnonzero((layer_a != NO_LAYER) | (layer_b != NO_LAYER)):
            key = (int(slab), int(layer_a[slab]), int(layer_b[slab]))
            pairs[key] = pairs.get(key, 0) | int(convention)
    regions: dict[tuple[int, int], Outline] = {}
    for _, la, lb in pairs:
        if (la, lb) not in regions:
            regions[la, lb] = _region(a.edges.outline(la), b.edges.outline(lb), rule)
    # layers of the result: the regions that are not empty, each once
    kept = {key: place for place, key in enumerate(key for key, outline in regions.items() if len(outline.u0))}
    rows = [
        (kept[la, lb], faces[slab], faces[slab + 1], mask) for (slab, la, lb), mask in pairs.items() if (la, lb) in kept
    ]
    outlines = [regions[key] for key in kept]
    layer, low, high, mask = (np.array([row[i] for row in rows]) for i in range(4))
    return PrismStack(
        edges=Edges.of(outlines),
        layers=len(outlines),
        layer=layer.astype(np.int64),
        low_mm=low.astype(np.float64),
        high_mm=high.astype(np.float64),
        conventions=mask.astype(np.int64),
        findings=a.findings + b.findings,
    )


def _region(a: Outline, b: Outline, rule: BooleanRule) -> Outline:
    """The combined region; outlines that are apart, or one that is empty, need no cutting up."""
    if not a.is_apart_from(b):
        return combined(a, b, rule)
    # where only one of them is, the rule says whether it stays
    yes, no = np.array([True]), np.array([False])
    kept = [outline for outline, of_a in ((a, yes), (b, no)) if bool(rule(of_a, ~of_a)[0]) and len(outline.u0)]
    return joined(kept)


def _layer_between(faces: FloatArray, stack: PrismStack, convention: Conventions) -> IntArray:
    """The layer of the stack that fills each interval between faces under a convention, or `NO_LAYER`."""
    layer = np.full(len(faces) - 1, NO_LAYER)
    exists = (stack.conventions & int(convention)) != 0
    first = np.searchsorted(faces, stack.low_mm[exists] - SAME_HEIGHT_MM)
    last = np.searchsorted(faces, stack.high_mm[exists] - SAME_HEIGHT_MM)
    count = np.maximum(last - first, 0)
    layer[ranges(first, count)] = np.repeat(stack.layer[exists], count)
    return layer

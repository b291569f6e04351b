"""Two prism stacks -> their union or difference, exact where polygons are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sbrtcheck.geometry.prisms import Conventions, Edges, PrismStack, _ranges
from sbrtcheck.plan import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]
Rule = Callable[[BoolArray, BoolArray], BoolArray]

SAME_HEIGHT_MM = 1e-6
"""Prism faces closer than this are one face."""

THINNEST_STRIP = 1e-9
"""Strips between polygon corners thinner than this, in grid rows, enclose nothing."""


def union(a: PrismStack, b: PrismStack) -> PrismStack:
    """What lies in one or both of two stacks, under each end-cap convention."""
    return _combined(a, b, np.logical_or)


def minus(a: PrismStack, b: PrismStack) -> PrismStack:
    """What lies in ``a`` but not in ``b``, under each end-cap convention."""
    return _combined(a, b, lambda in_a, in_b: in_a & ~in_b)


def _combined(a: PrismStack, b: PrismStack, rule: Rule) -> PrismStack:
    faces = np.unique(np.concatenate([a.low_mm, a.high_mm, b.low_mm, b.high_mm]))
    faces = faces[np.concatenate([[True], np.diff(faces) > SAME_HEIGHT_MM])]
    pairs: dict[tuple[int, int, int], int] = {}
    for convention in (Conventions.HALF_SLICE, Conventions.CAPPED, Conventions.NONE):
        layer_a, layer_b = (_layer_between(faces, stack, convention) for stack in (a, b))
        for slab in np.flatnonzero(layer_a + layer_b > -2):
            key = (int(slab), int(layer_a[slab]), int(layer_b[slab]))
            pairs[key] = pairs.get(key, 0) | int(convention)
    regions: dict[tuple[int, int], _Outline] = {}
    for _, la, lb in pairs:
        if (la, lb) not in regions:
            regions[la, lb] = _region(_outline(a.edges, la), _outline(b.edges, lb), rule)
    kept = {key: place for place, key in enumerate(key for key, outline in regions.items() if len(outline.u0))}
    rows = [
        (kept[la, lb], faces[slab], faces[slab + 1], mask) for (slab, la, lb), mask in pairs.items() if (la, lb) in kept
    ]
    outlines = [regions[key] for key in kept]
    layer, low, high, mask = (np.array([row[i] for row in rows]) for i in range(4))
    return PrismStack(
        edges=_stacked(outlines),
        layers=len(outlines),
        layer=layer.astype(np.int64),
        low_mm=low.astype(np.float64),
        high_mm=high.astype(np.float64),
        conventions=mask.astype(np.int64),
        findings=a.findings + b.findings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outline:
    """The edges of one region."""

    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray


def _outline(edges: Edges, layer: int) -> _Outline:
    first, last = np.searchsorted(edges.layer, [layer, layer + 1])
    pick = slice(first, last)
    return _Outline(u0=edges.u0[pick], v0=edges.v0[pick], u1=edges.u1[pick], v1=edges.v1[pick])


def _stacked(outlines: list[_Outline]) -> Edges:
    def joined(parts: list[FloatArray]) -> FloatArray:
        return np.concatenate(parts) if parts else np.zeros(0)

    return Edges(
        u0=joined([o.u0 for o in outlines]),
        v0=joined([o.v0 for o in outlines]),
        u1=joined([o.u1 for o in outlines]),
        v1=joined([o.v1 for o in outlines]),
        layer=np.repeat(np.arange(len(outlines)), [len(o.u0) for o in outlines]),
    )


def _layer_between(faces: FloatArray, stack: PrismStack, convention: Conventions) -> IntArray:
    """The layer of the stack that fills each interval between faces under a convention, or -1."""
    layer = np.full(len(faces) - 1, -1)
    exists = (stack.conventions & int(convention)) != 0
    first = np.searchsorted(faces, stack.low_mm[exists] - SAME_HEIGHT_MM)
    last = np.searchsorted(faces, stack.high_mm[exists] - SAME_HEIGHT_MM)
    count = np.maximum(last - first, 0)
    layer[_ranges(first, count)] = np.repeat(stack.layer[exists], count)
    return layer


def _region(a: _Outline, b: _Outline, rule: Rule) -> _Outline:
    """The even-odd regions of two outlines combined.

    The plane is cut into horizontal strips at every corner and every crossing, so that inside a strip edges do not
    cross and each is entered in order from left to right; an edge is kept where the answer changes.
    """
    u0, v0, u1, v1 = (np.concatenate(pair) for pair in ((a.u0, b.u0), (a.v0, b.v0), (a.u1, b.u1), (a.v1, b.v1)))
    of_a = np.arange(len(u0)) < len(a.u0)
    sloped = v0 != v1
    down = (v0 > v1)[sloped]
    u0, v0, u1, v1, of_a = u0[sloped], v0[sloped], u1[sloped], v1[sloped], of_a[sloped]
    u0, u1 = np.where(down, u1, u0), np.where(down, u0, u1)
    v0, v1 = np.where(down, v1, v0), np.where(down, v0, v1)
    if len(u0) == 0:
        return _Outline(u0=u0, v0=v0, u1=u1, v1=v1)
    levels = np.unique(np.concatenate([v0, v1, _crossings(u0, v0, u1, v1)]))
    levels = levels[np.concatenate([[True], np.diff(levels) > THINNEST_STRIP])]
    first, last = np.searchsorted(levels, v0 - THINNEST_STRIP), np.searchsorted(levels, v1 - THINNEST_STRIP)
    count = np.maximum(last - first, 0)
    strip, edge = _ranges(first, count), np.repeat(np.arange(len(u0)), count)
    slope = ((u1 - u0) / (v1 - v0))[edge]
    bottom, top = levels[strip], levels[strip + 1]
    ub, ut = u0[edge] + (bottom - v0[edge]) * slope, u0[edge] + (top - v0[edge]) * slope
    order = np.lexsort((ub + ut, strip))
    before_a, after_a = _parity(of_a[edge][order], strip[order])
    before_b, after_b = _parity(~of_a[edge][order], strip[order])
    before, after = rule(before_a, before_b), rule(after_a, after_b)
    change = order[before != after]
    enters = after[before != after]
    return _Outline(
        u0=np.where(enters, ub[change], ut[change]),
        v0=np.where(enters, bottom[change], top[change]),
        u1=np.where(enters, ut[change], ub[change]),
        v1=np.where(enters, top[change], bottom[change]),
    )


def _parity(mine: BoolArray, strip: IntArray) -> tuple[BoolArray, BoolArray]:
    """Whether an odd number of one's own edges lie left of each edge of a strip: without it, and with it."""
    upto: IntArray = np.cumsum(mine)
    begins = np.concatenate([[True], np.diff(strip) > 0])
    at_begin: IntArray = (upto - mine)[begins]
    within: IntArray = upto - np.repeat(at_begin, np.diff(np.concatenate([np.flatnonzero(begins), [len(strip)]])))
    odd_before, odd_after = (within - mine) % 2 == 1, within % 2 == 1
    return np.asarray(odd_before), np.asarray(odd_after)


def _crossings(u0: FloatArray, v0: FloatArray, u1: FloatArray, v1: FloatArray) -> FloatArray:
    """Heights at which two of the edges (each directed upwards) cross."""
    left, right = np.minimum(u0, u1), np.maximum(u0, u1)
    near = (v0[:, None] < v1) & (v0 < v1[:, None]) & (left[:, None] <= right) & (left <= right[:, None])
    i, j = np.nonzero(np.triu(near, 1))
    run_i, run_j = (u1 - u0)[i] / (v1 - v0)[i], (u1 - u0)[j] / (v1 - v0)[j]
    apart = run_i - run_j
    meets = apart != 0
    i, j, run_i, run_j, apart = i[meets], j[meets], run_i[meets], run_j[meets], apart[meets]
    height = ((u0[j] - run_j * v0[j]) - (u0[i] - run_i * v0[i])) / apart
    inside = (height > np.maximum(v0[i], v0[j])) & (height < np.minimum(v1[i], v1[j]))
    found: FloatArray = height[inside]
    return found

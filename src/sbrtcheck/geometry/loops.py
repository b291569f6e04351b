"""Contours in planes -> directed edges that wind once around the even-odd region of each plane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sbrtcheck.geometry.outline import BoolArray, Loops, Outline, crossed_layers, even_odd, joined, ranges
from sbrtcheck.plan import Finding, FindingCode, FloatArray, IntArray

PROBES = 9
"""Corners of a loop that are asked whether they lie inside another."""

SAME_CELLS = 1e-3
"""Loops whose corners are nowhere further apart than this, in grid cells, are one loop drawn twice."""

LOST_SHARE = 1e-3
"""Area lost or won where loops overlap is worth a finding from this share of the plane's area on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Directed polygon edges, in units of grid columns (u) and rows (v) from the grid's first point.

    ``layer`` says which plane an edge lies in and never falls. In a layer, the region is where the edges wind around
    an odd number of times; outer boundaries are directed so that they count positive.
    """

    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray
    layer: IntArray

    def of_layers(self, layers: IntArray) -> Edges:
        """The edges of some layers, renumbered 0, 1, 2 ... in the order asked for."""
        if len(layers) and layers[-1] - layers[0] == len(layers) - 1 and bool(np.all(np.diff(layers) == 1)):
            run = slice(*np.searchsorted(self.layer, [layers[0], layers[-1] + 1]))
            of = self.layer[run] - layers[0]
            return Edges(u0=self.u0[run], v0=self.v0[run], u1=self.u1[run], v1=self.v1[run], layer=of)
        first = np.searchsorted(self.layer, layers, side="left")
        count = np.searchsorted(self.layer, layers, side="right") - first
        pick = ranges(first, count)
        return Edges(
            u0=self.u0[pick],
            v0=self.v0[pick],
            u1=self.u1[pick],
            v1=self.v1[pick],
            layer=np.repeat(np.arange(len(layers)), count),
        )

    @classmethod
    def of(cls, outlines: Sequence[Outline]) -> Edges:
        """The outlines as layers 0, 1, 2 ..."""
        made = joined(outlines)
        layer = np.repeat(np.arange(len(outlines)), [len(o.u0) for o in outlines])
        return cls(u0=made.u0, v0=made.v0, u1=made.u1, v1=made.v1, layer=layer)

    def outline(self, layer: int) -> Outline:
        """The edges of one layer."""
        first, last = np.searchsorted(self.layer, [layer, layer + 1])
        pick = slice(first, last)
        return Outline(u0=self.u0[pick], v0=self.v0[pick], u1=self.u1[pick], v1=self.v1[pick])

    def area(self, layers: int) -> FloatArray:
        """Signed area of each layer in grid cells; the region's area where no edges cross."""
        sums = np.bincount(self.layer, weights=(self.v1 - self.v0) * (-0.5) * (self.u0 + self.u1), minlength=layers)
        return sums.astype(np.float64, copy=False)

    def __len__(self) -> int:
        return len(self.layer)


def region_edges(
    name: str, u: FloatArray, v: FloatArray, starts: IntArray, order: IntArray, layer_of_contour: IntArray
) -> tuple[Edges, tuple[Finding, ...]]:
    """Edges of the contours in plane order; those of a plane wind once around its even-odd region.

    ``u`` and ``v`` are the contours' points in grid cells, contour ``c`` begins at ``starts[c]``; ``order`` are the
    contours by rising plane, ``layer_of_contour`` the plane of each in that order. A loop that is there twice counts
    once. What lies in two overlapping loops counts as outside, and a finding says how much that is.
    """
    loops, again = _without_twins(_in_order(u, v, starts, order, layer_of_contour))
    enclosed, near = _nesting(loops)
    area = np.add.reduceat((loops.v1 - loops.v0) * (-0.5) * (loops.u0 + loops.u1), loops.begin[:-1])
    edges = _directed(loops, (area < 0) != enclosed)
    crossed = crossed_layers(loops, near)
    findings = []
    if again:
        text = f"{again} contour(s) are in the file twice on their plane; each counts once"
        findings.append(Finding(code=FindingCode.OVERLAPPING_CONTOURS, text=text, subject=name))
    if len(crossed):
        drawn = np.abs(edges.area(int(crossed[-1]) + 1)[crossed])
        edges = _disentangled(edges, crossed)
        left = edges.area(int(crossed[-1]) + 1)[crossed]
        changed = np.abs(left - drawn) > LOST_SHARE * np.maximum(left, drawn)
        if changed.any():
            text = f"contours cross themselves or each other on {int(changed.sum())} plane(s)"
            text += ": what an even number of them enclose counts as outside"
            findings.append(Finding(code=FindingCode.OVERLAPPING_CONTOURS, text=text, subject=name))
    return edges, tuple(findings)


def _in_order(u: FloatArray, v: FloatArray, starts: IntArray, order: IntArray, layer: IntArray) -> Loops:
    """The contours as loops, by rising plane."""
    counts = np.diff(starts)[order]
    if np.any(order[1:] < order[:-1]):
        pick = ranges(starts[:-1][order], counts)
        u, v = u[pick], v[pick]
    begin = np.concatenate([[0], np.cumsum(counts)])
    u1, v1 = np.roll(u, -1), np.roll(v, -1)
    u1[begin[1:] - 1], v1[begin[1:] - 1] = u[begin[:-1]], v[begin[:-1]]
    return Loops(u0=u, v0=v, u1=u1, v1=v1, begin=begin, layer=layer)


def _without_twins(loops: Loops) -> tuple[Loops, int]:
    """The loops without those that repeat another of their plane, and how many those were."""
    keep = np.ones(len(loops.layer), dtype=bool)
    counts = np.diff(loops.begin)
    for i, j in _neighbours(loops.layer):
        if counts[i] == counts[j] and keep[i] and _same(loops, i, j):
            keep[j] = False
    if keep.all():
        return loops, 0
    pick = ranges(loops.begin[:-1][keep], counts[keep])
    begin = np.concatenate([[0], np.cumsum(counts[keep])])
    u0, v0, u1, v1 = loops.u0[pick], loops.v0[pick], loops.u1[pick], loops.v1[pick]
    return Loops(u0=u0, v0=v0, u1=u1, v1=v1, begin=begin, layer=loops.layer[keep]), int(np.sum(~keep))


def _same(loops: Loops, i: int, j: int) -> bool:
    """Whether two loops of equally many corners have the same ones, wherever they begin and whichever way they go."""
    u_i, u_j, v_i, v_j = (x[loops.begin[loop] : loops.begin[loop + 1]] for x in (loops.u0, loops.v0) for loop in (i, j))
    for a, b in ((u_i, u_j), (v_i, v_j)):  # what is quickly told apart, as nearly all loops are, needs no sorting
        if abs(a.min() - b.min()) > SAME_CELLS or abs(a.sum() - b.sum()) > SAME_CELLS * len(a):
            return False
    order_i, order_j = (
        np.lexsort((np.round(v / SAME_CELLS), np.round(u / SAME_CELLS))) for u, v in ((u_i, v_i), (u_j, v_j))
    )
    apart = max(np.abs(u_i[order_i] - u_j[order_j]).max(), np.abs(v_i[order_i] - v_j[order_j]).max())
    return bool(apart <= SAME_CELLS)


def _directed(loops: Loops, turn: BoolArray) -> Edges:
    """The loops' edges, those of loops to be turned in the other direction."""
    counts = np.diff(loops.begin)
    layer = np.repeat(loops.layer, counts)
    u0, v0, u1, v1 = loops.u0, loops.v0, loops.u1, loops.v1
    if turn.all():
        return Edges(u0=u1, v0=v1, u1=u0, v1=v0, layer=layer)
    if turn.any():
        flip = np.repeat(turn, counts)
        u0, u1 = np.where(flip, u1, u0), np.where(flip, u0, u1)
        v0, v1 = np.where(flip, v1, v0), np.where(flip, v0, v1)
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer)


def _disentangled(edges: Edges, crossed: IntArray) -> Edges:
    """The edges with those of the crossed layers replaced by the outline of their even-odd region."""
    keep = ~np.isin(edges.layer, crossed)
    made = Edges.of([even_odd(edges.outline(int(layer))) for layer in crossed])
    layer = np.concatenate([edges.layer[keep], crossed[made.layer]])
    order = np.argsort(layer, kind="stable")
    u0, v0, u1, v1 = (
        np.concatenate([old[keep], new])[order]
        for old, new in ((edges.u0, made.u0), (edges.v0, made.v0), (edges.u1, made.u1), (edges.v1, made.v1))
    )
    return Edges(u0=u0, v0=v0, u1=u1, v1=v1, layer=layer[order])


def _nesting(loops: Loops) -> tuple[BoolArray, BoolArray]:
    """For each loop, whether an odd number of others of its plane enclose it, and whether any is near it at all."""
    enclosed, near = np.zeros((2, len(loops.layer)), dtype=bool)
    box = [f.reduceat(x, loops.begin[:-1]).tolist() for x in (loops.u0, loops.v0) for f in (np.minimum, np.maximum)]
    u_low, u_high, v_low, v_high = box
    for i, j in _neighbours(loops.layer):
        if u_low[i] > u_high[j] or u_low[j] > u_high[i] or v_low[i] > v_high[j] or v_low[j] > v_high[i]:
            continue
        near[i] = near[j] = True
        for inner, outer in ((i, j), (j, i)):
            if u_low[outer] <= u_low[inner] and u_high[inner] <= u_high[outer]:
                enclosed[inner] ^= _share_inside(loops, inner, outer) > 0.5
    return enclosed, near


def _neighbours(layer: IntArray) -> Iterator[tuple[int, int]]:
    """Pairs of loops of one plane; ``layer`` never falls."""
    first = np.flatnonzero(np.concatenate([[True], np.diff(layer) > 0])).tolist()
    for start, stop in zip(first, [*first[1:], len(layer)], strict=True):
        yield from combinations(range(start, stop), 2)


def _share_inside(loops: Loops, inner: int, outer: int) -> float:
    """The share of some of one loop's corners that lie inside another loop: loops may touch, so one can mislead."""
    corners = int(loops.begin[inner + 1] - loops.begin[inner])
    probes = min(corners, PROBES)
    probe = loops.begin[inner] + np.arange(probes) * (corners - 1) // (probes - 1)
    other = slice(loops.begin[outer], loops.begin[outer + 1])
    u0, v0, u1, v1 = loops.u0[other], loops.v0[other], loops.u1[other], loops.v1[other]
    height = loops.v0[probe, None]
    of, edge = np.nonzero((v0 > height) != (v1 > height))
    u, v = loops.u0[probe[of]], loops.v0[probe[of]]
    left = u0[edge] + (v - v0[edge]) / (v1[edge] - v0[edge]) * (u1[edge] - u0[edge]) < u
    return float(np.mean(np.bincount(of[left], minlength=probes) % 2 == 1))

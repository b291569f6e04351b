r"""A stack of slabs -> thinner prisms whose outlines follow the structure's shape between its contour planes.

The outline of a plane is moved and stretched, along u and along v, so that two of its moments change smoothly with
height: its centroid and its second central moment. Each follows the parabola through its values in three neighbouring
planes::

     second moment of a sphere's cross-section: r(w)^2 / 4 = (R^2 - w^2) / 4, a parabola in w

        slabs   .--.           interpolated    .--.
              .-'  '-.                        /    \
              |      |                       |      |
              '-.  .-'                        \    /
                '--'                           '--'

The moments of spheres, of upright cones and of upright or lying cylinders are polynomials of degree two or less in w,
so that these solids get their exact cross-section at every height. Moments of a region are sums over its edges, by
Green's theorem: with ``c = (u1 v0 - u0 v1) / 2``, the signed area of the triangle of an edge and the origin,

    area = sum c,   area * mean(u) = sum c (u0 + u1) / 3,   area * mean(u^2) = sum c (u0^2 + u0 u1 + u1^2) / 6

The parabola is in Newton's form (divided differences), its mean over a thin prism by Simpson's rule, which is exact for
polynomials up to the third degree [1]_.

References
----------
.. [1] P. J. Davis, P. Rabinowitz, Methods of Numerical Integration, 2nd edition, 1984.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, ranges
from sbrtcheck.geometry.contour_planes import Conventions, Planes
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.prisms import PrismStack
from sbrtcheck.plan import Finding, FindingCode, FloatArray, IntArray

THICKEST_MM = 0.5
"""Prisms no thicker than this follow the shape between planes."""

NO_PARABOLA = -1
"""In place of the index of a plane: no three neighbouring planes that the outline could follow."""

BROAD = 1e-6
"""Second moments smaller than this share of their plane's are a structure that has closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Centroid (``u``, ``v``) and second central moments (``uu``, ``vv``) of the outline in each plane, in cells."""

    u: FloatArray
    v: FloatArray
    uu: FloatArray
    vv: FloatArray


def interpolated(stack: PrismStack, planes: Planes, name: str, *, in_thirds: bool = False) -> PrismStack:
    """The stack with every slab that can be made to follow its neighbours replaced by thin prisms.

    Beyond an end plane the parabola of the last three planes is followed to
    where it closes, if that is within one spacing; a flat end keeps its end cap.

    Planes with several loops, with a neighbour of several, or with fewer than two neighbours in their part, stay
    slabs; a finding says how many.

    Parameters
    ----------
    stack
        Slabs with end caps, one layer a plane.
    planes
        The planes of its layers.
    name
        Of the structure, for the finding.
    in_thirds
        Prisms as thick as a third of the thickest slab are thin enough: for an estimate.
    """
    planes_mm = planes.height_mm
    shape = _shapes(stack.edges, stack.layers)
    base = _neighbour_triples(stack, planes, shape)
    follows = base != NO_PARABOLA
    findings = stack.findings
    if not follows.all():
        text = (
            f"{int(np.sum(~follows))} of {len(follows)} planes kept straight walls: their shape has no single outline"
        )
        findings = (
            *findings,
            Finding(code=FindingCode.STRAIGHT_BETWEEN_PLANES, text=f"{text} to follow", subject=name),
        )
    if not follows.any():
        return replace(stack, findings=findings)
    stack = _closed_ends(stack, planes_mm, base, shape)
    layer, low, high, source = _thinned(stack, follows, in_thirds=in_thirds)
    moves = follows[layer]
    at_u, at_v, at_uu, at_vv = (
        _mean_of_parabola(planes_mm, values, base[layer], low, high)
        for values in (shape.u, shape.v, shape.uu, shape.vv)
    )
    scale_u, scale_v = _scale(at_uu, shape.uu[layer], moves), _scale(at_vv, shape.vv[layer], moves)
    centre_u, centre_v = np.where(moves, at_u, shape.u[layer]), np.where(moves, at_v, shape.v[layer])
    edges = stack.edges.of_layers(layer)
    of = edges.layer

    def moved(x: FloatArray, old: FloatArray, scale: FloatArray, new: FloatArray) -> FloatArray:
        return (x - old[layer][of]) * scale[of] + new[of]

    # stretched about the old centroid, and moved to the new one: edges stay edges, and loops closed
    return PrismStack(
        edges=Edges(
            u0=moved(edges.u0, shape.u, scale_u, centre_u),
            v0=moved(edges.v0, shape.v, scale_v, centre_v),
            u1=moved(edges.u1, shape.u, scale_u, centre_u),
            v1=moved(edges.v1, shape.v, scale_v, centre_v),
            layer=of,
        ),
        layers=len(layer),
        layer=np.arange(len(layer)),
        low_mm=low,
        high_mm=high,
        conventions=stack.conventions[source],
        findings=findings,
    )


def _scale(moment: FloatArray, old: FloatArray, moves: BoolArray) -> FloatArray:
    """Ratio of widths, which second moments go with the square of; 1 for what stays, and may have no area."""
    return np.sqrt(np.divide(np.maximum(moment, 0.0), old, out=np.ones_like(old), where=moves))


def _shapes(edges: Edges, layers: int) -> _Shape:
    """Area moments of each layer's region by Green's theorem."""

    def summed(values: FloatArray) -> FloatArray:
        return np.bincount(edges.layer, weights=values, minlength=layers).astype(np.float64, copy=False)

    # about a point in the layer, so that the moments do not cancel
    count = np.maximum(np.bincount(edges.layer, minlength=layers), 1)
    about_u, about_v = summed(edges.u0) / count, summed(edges.v0) / count
    u0, u1 = edges.u0 - about_u[edges.layer], edges.u1 - about_u[edges.layer]
    v0, v1 = edges.v0 - about_v[edges.layer], edges.v1 - about_v[edges.layer]
    # signed area of the triangle of each edge and the point, by which its moments are weighted
    cross = (u1 * v0 - u0 * v1) / 2
    area = summed(cross)
    safe = np.where(area > 0, area, 1.0)
    u = summed(cross * (u0 + u1)) / 3 / safe
    v = summed(cross * (v0 + v1)) / 3 / safe
    uu = summed(cross * (u0 * u0 + u0 * u1 + u1 * u1)) / 6 / safe - u * u
    vv = summed(cross * (v0 * v0 + v0 * v1 + v1 * v1)) / 6 / safe - v * v
    return _Shape(u=u + about_u, v=v + about_v, uu=np.where(area > 0, uu, 0.0), vv=np.where(area > 0, vv, 0.0))


def _neighbour_triples(stack: PrismStack, planes: Planes, shape: _Shape) -> IntArray:
    """For each plane the first of the three neighbouring planes whose parabola it follows, or `NO_PARABOLA`."""
    count = len(planes.height_mm)
    # slabs of neighbouring planes touch, unless there is a break between them
    body = stack.conventions == Conventions.ALL
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    low[stack.layer[body]], high[stack.layer[body]] = stack.low_mm[body], stack.high_mm[body]
    joined = np.isclose(high[:-1], low[1:], atol=1e-9)  # no break between a plane and the next
    single = (planes.loops == 1) & (shape.uu > 0) & (shape.vv > 0)
    fits = np.zeros(count, dtype=bool)  # planes k, k + 1, k + 2 make a parabola
    if count >= 3:
        fits[:-2] = joined[:-1] & joined[1:] & single[:-2] & single[1:-1] & single[2:]
    place = np.arange(count)
    answer = np.full(count, NO_PARABOLA)
    for offset in (-2, 0, -1):  # the middle of three planes is best, an end of them will do: the last one wins
        first = place + offset
        usable = (first >= 0) & fits[np.clip(first, 0, count - 1)]
        answer[usable] = first[usable]
    return answer


def _closed_ends(stack: PrismStack, planes_mm: FloatArray, base: IntArray, shape: _Shape) -> PrismStack:
    """End caps of tapering ends moved to where the parabola closes."""
    low, high = stack.low_mm.copy(), stack.high_mm.copy()
    keep = np.ones(len(low), dtype=bool)
    for p in np.flatnonzero((stack.conventions != Conventions.ALL) & (base[stack.layer] != NO_PARABOLA)):
        k = int(stack.layer[p])
        up = bool(stack.low_mm[p] >= planes_mm[k])
        spacing = abs(planes_mm[k] - planes_mm[k - 1 if up else k + 1])
        tip = _tip_mm(planes_mm, shape, int(base[k]), planes_mm[k], spacing if up else -spacing)
        if tip is None:
            continue
        # under the conventions that have a second piece beyond this one, only that one reaches to the tip
        outermost = stack.conventions[p] == Conventions.HALF_SLICE or not np.any(
            (stack.layer == k) & (stack.conventions == Conventions.HALF_SLICE) & ((stack.low_mm >= planes_mm[k]) == up)
        )
        if up:
            low[p], high[p] = min(low[p], tip), (tip if outermost else min(high[p], tip))
        else:
            low[p], high[p] = (tip if outermost else max(low[p], tip)), max(high[p], tip)
        keep[p] = high[p] > low[p]
    return replace(stack, low_mm=low, high_mm=high).select(keep)


def _tip_mm(planes_mm: FloatArray, shape: _Shape, base: int, plane_mm: float, reach_mm: float) -> float | None:
    """Where the structure closes beyond an end plane, if it does within ``reach_mm`` (signed)."""
    # the first of 256 places ahead at which one of the second moments has shrunk to nothing
    ahead = plane_mm + np.linspace(0.0, 1.0, 257)[1:] * reach_mm
    triple = np.full(len(ahead), base)
    for values in (shape.uu, shape.vv):
        narrow = _parabola(planes_mm, values, triple, ahead) <= BROAD * values[base : base + 3].max()
        if narrow.any():
            ahead = ahead[: int(np.argmax(narrow)) + 1]
            triple = triple[: len(ahead)]
            closed = True
            break
    else:
        closed = False
    return float(ahead[-1]) if closed else None


def _thinned(
    stack: PrismStack, follows: BoolArray, *, in_thirds: bool
) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
    """Prisms cut into thin ones where they follow a parabola: layer, bottom, top, and the prism cut."""
    thick = stack.high_mm - stack.low_mm
    thickest_mm = max(THICKEST_MM, float(thick.max()) / 3.0) if in_thirds else THICKEST_MM
    count = np.where(follows[stack.layer], np.ceil(thick / thickest_mm - 1e-9), 1).astype(np.int64)
    count = np.maximum(count, 1)
    source = np.repeat(np.arange(len(count)), count)
    part = ranges(np.zeros(len(count), dtype=np.int64), count)
    low = stack.low_mm[source] + part * (thick / count)[source]
    high = stack.low_mm[source] + (part + 1) * (thick / count)[source]
    return stack.layer[source], low, high, source


def _nodes(planes_mm: FloatArray, base: IntArray) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """The first of three planes, and the heights of all three; of any three where there is no parabola."""
    first = np.maximum(base, 0)
    return first, planes_mm[first], planes_mm[first + 1], planes_mm[first + 2]


def _parabola(planes_mm: FloatArray, values: FloatArray, base: IntArray, at_mm: FloatArray) -> FloatArray:
    """The parabola through three neighbouring planes' values, Newton's form."""
    first, z0, z1, z2 = _nodes(planes_mm, base)
    slope = (values[first + 1] - values[first]) / (z1 - z0)
    bend = ((values[first + 2] - values[first + 1]) / (z2 - z1) - slope) / (z2 - z0)
    value: FloatArray = values[first] + (at_mm - z0) * (slope + (at_mm - z1) * bend)
    return value


def _mean_of_parabola(
    planes_mm: FloatArray, values: FloatArray, base: IntArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """The parabola's mean from ``low`` to ``high``: Simpson's rule, exact for parabolas."""
    if len(planes_mm) < 3:  # no parabola at all, and nothing that follows one
        return np.zeros(len(low))
    # the mean, not the value in the middle: the volume of a thin prism is that of the shape it stands for
    ends = _parabola(planes_mm, values, base, low) + _parabola(planes_mm, values, base, high)
    return (ends + 4 * _parabola(planes_mm, values, base, (low + high) / 2)) / 6

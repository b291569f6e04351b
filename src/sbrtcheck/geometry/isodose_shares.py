r"""Corner doses of boxes and a dose -> bounds on the share of each box, or of its part in an outline, that receives it.

**A whole box: to second order.** Let w be the axis along which the dose of a box rises most, by c from face to face,
and take c as the unit of dose. From the middle, with u, v, w from -1/2 to 1/2, the dose less its mean is

    a u + b v + w  +  r,     r = d u v + e u w + g v w + k u v w,     beta = e u + g v + k u v

(signs of u and v so that a, b >= 0; the axes so that a >= b). Along w the dose is straight, so where ``|beta| < 1``
every column (u, v) passes a level t once, at ``w* = wl + q``: there ``wl = t - a u - b v`` is where the linear part
passes it, and ``q = -r(u, v, wl) / (1 + beta)``, exactly. The share above is the mean over columns of ``1/2 - w*``,
kept between 0 and 1::

      w   1/2 +-------------+      In columns where wl is inside the box, w* differs from it by q. Its mean is known
              | wl `.       |      but for little: r (1 - beta) is a polynomial, whose integral over a polygon in (u, v)
              |  w* `. `.   |      is a sum over few points (Gauss), and what is left of the series is at most
              |      `.  `. |      R beta^2 / (1 - beta), with R the largest |r|.
         -1/2 +-------`---`-+      Only near the two ends, where wl or w* leaves through a face, is more unknown.
              u, v

With ``Q = R / (1 - beta)``, the largest q: a column whose wl is x away from the upper face may receive up to ``Q - x``
more, and one near the lower face as much less. ``a u + b v`` takes no value more densely than ``1 / a``, so all of this
is at most ``1/a`` times the integral of ``Q - |x|`` over those x that occur. These bounds are as wide as ``Q^2``; those
by the extremes of r, the linear dose moved up and down by them, are as wide as Q. They serve where beta is not small.

**A part of a box: to first order.** A part of a box within an outline, one and the same along w, is bounded by linear
doses; the share above is the sum over its edges, by Green's theorem. A column along w receives
``F(x) = (max(x + c, 0) - max(x, 0)) / c`` of it, where x is by how much the dose at its cold end passes the level. With
``F = dG/du / a``, where G is the same with ``max(., 0)^2 / 2``, the integral of F over the outline is minus the sum
over edges of ``(v1 - v0)`` times the mean of G along the edge, over a. That of ``max(y, 0)^2`` along an edge, where y
runs from n to p, is

    (p^2 + p n + n^2) / 3    for 0 <= n <= p,        p^3 / (3 (p - n))    for n < 0 < p,        0 for p <= 0.

(`coverage` counts what is right of an edge that rises as covered: hence minus.)
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, Float32, ranges
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.trilinear import share_below, steepened
from sbrtcheck.plan import FloatArray, IntArray

FLATNESS_FLOOR = 1e-3
"""Floor of slopes, see `trilinear.steepened`. These bounds decide a verdict, so that rounding of the shares, 1e-10 with
this floor, has to stay well inside `SHARE_ROUNDING`."""

SHARE_ROUNDING = 1e-8
"""Shares of a cell are rounded by less."""

MOST_BEND = 0.25
"""Boxes whose isodose may leave that of the linear part by more of the box's height are bounded to first order."""

FLATTEST = 1e-6
"""Slopes along u and v are at least this share of that along w; what that changes is in the bounds."""

LEAST_SLACKS = 4.0
"""So many times the slack, at least, has to be the rise of a box that is bounded to second order."""

MOST_EDGES = 1 << 8
"""Parts with outlines of more edges than that, teeth of a comb, are not worth their while."""

EDGES_AT_ONCE = 1 << 13
"""Edges of parts whose sums are worked out at once, about."""

SAME_SHARE = 1e-7
"""Where edges tell another share, by more, an outline crosses itself: how often they count is not known."""

LEAST_WIDTH = 1e-6
"""A part is taken to be at least so wide along u and v, as a share of its box."""

COLUMNS_AT_ONCE = 1 << 10
"""Boxes to second order worked out at once, some 20 numbers of each: all of it stays in a processor's cache."""

_NODES, _WEIGHTS = (x / 2 for x in np.polynomial.legendre.leggauss(4))
"""Of Gauss's rule over an interval from -1/2 to 1/2, exact for polynomials of degree 7; here it is 6 along v."""

_NODES_U, _WEIGHTS_U = (x / 2 for x in np.polynomial.legendre.leggauss(2))
"""The same along u: exact for degree 3, as r (1 - beta) has."""

Shares = tuple[FloatArray, FloatArray]
"""The least and the largest share of each of some boxes."""


def shares_above(corners: Float32 | FloatArray, dose_at: FloatArray, slack: float) -> Shares:
    """The least and the largest share of each box that can receive at least ``dose_at``, give or take ``slack``.

    ``corners`` has shape ``(2, 2, 2, n)``: dose at the lower and upper end along w, v and u of each; trilinear inside.
    """
    least, most = np.empty(len(dose_at)), np.empty(len(dose_at))
    for start in range(0, len(dose_at), COLUMNS_AT_ONCE):
        bent = _Bent.of(corners[..., start : start + COLUMNS_AT_ONCE])
        nearly_linear = (bent.rise > LEAST_SLACKS * slack) & (bent.rise > 0.0) & (bent.leaves_by < MOST_BEND)
        near, far = start + np.flatnonzero(nearly_linear), start + np.flatnonzero(~nearly_linear)
        if len(near):
            least[near], most[near] = bent.where(nearly_linear).shares_above(dose_at[near], slack)
        if len(far):
            least[far], most[far] = _to_first_order(corners.take(far, axis=-1), dose_at[far], slack)
    return np.maximum(least - SHARE_ROUNDING, 0.0), np.minimum(most + SHARE_ROUNDING, 1.0)


def _to_first_order(corners: Float32 | FloatArray, dose_at: FloatArray, slack: float) -> Shares:
    """The linear dose moved by the extremes of what is left of the dose: trilinear again, so they are at corners."""
    mean, slopes, rest = _fitted(corners.astype(np.float64))
    spans, moved = steepened(slopes, FLATNESS_FLOOR, slack)
    lowest = mean - spans.sum(axis=0) / 2
    # where the linear dose is at least the dose less the least rest, the trilinear dose is at least the dose
    low = dose_at + slack - rest[0] + moved - lowest
    high = dose_at - slack - rest[1] - moved - lowest
    return 1.0 - share_below(low, spans), 1.0 - share_below(high, spans)


def _fitted(dose: FloatArray) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray]]:
    """Mean of each box, its mean rise along each axis, and the extremes of what is left of the dose."""
    signed = _signed_sums(dose)
    mean, slopes = signed[0] / 8, signed[[0b100, 0b010, 0b001]] / 4
    ends = np.array([-0.5, 0.5])
    across = (slopes[0] * ends[:, None, None, None], slopes[1] * ends[:, None, None], slopes[2] * ends[:, None])
    rest = dose - (mean + across[0] + across[1] + across[2])
    return mean, slopes, (rest.min(axis=(0, 1, 2)), rest.max(axis=(0, 1, 2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bent:
    """Boxes as in the module's head, each number of shape ``(n,)``.

    ``mean`` and ``rise``: mean dose, and rise along the steepest axis, which is the unit of dose of all others: the
    slopes ``a, b``, the twists ``d, e, g, k``, the largest ``beta`` and the largest rest.
    """

    mean: FloatArray
    rise: FloatArray
    a: FloatArray
    b: FloatArray
    d: FloatArray
    e: FloatArray
    g: FloatArray
    k: FloatArray
    beta: FloatArray
    rest: FloatArray

    @classmethod
    def of(cls, corners: Float32 | FloatArray) -> _Bent:
        signed = _signed_sums(corners)
        slopes, twists, bent = signed[[0b100, 0b010, 0b001]] / 4, signed[[0b011, 0b101, 0b110]] / 2, signed[0b111]
        sign = np.where(slopes < 0.0, -1.0, 1.0)
        all_signs = sign[0] * sign[1] * sign[2]
        spans = np.abs(slopes)
        # the first of the largest and the last of the smallest are two axes, and what is left is the third
        steepest, flattest = spans.argmax(axis=0), 2 - spans[::-1].argmin(axis=0)
        boxes = np.arange(spans.shape[1])
        order = [axis * len(boxes) + boxes for axis in (steepest, 3 - steepest - flattest, flattest)]
        rise, a, b = (spans.reshape(-1)[place] for place in order)
        unit = np.where(rise > 0.0, rise, 1.0)
        # a twist belongs to the two axes other than its own
        twists *= sign * (all_signs / unit)
        d, g, e = (twists.reshape(-1)[place] for place in order)
        k = bent * all_signs / unit
        across = np.abs(e) + np.abs(g)
        return cls(
            mean=signed[0] / 8,
            rise=rise,
            a=np.maximum(a / unit, FLATTEST),
            b=np.maximum(b / unit, FLATTEST),
            d=d,
            e=e,
            g=g,
            k=k,
            beta=across / 2 + np.abs(k) / 4,
            rest=(np.abs(d) + across) / 4 + np.abs(k) / 8 + FLATTEST,
        )

    @property
    def leaves_by(self) -> FloatArray:
        """How far an isodose may leave that of the linear part, Q; infinite where beta is not small."""
        return np.where(self.beta < 0.5, self.rest / np.maximum(1.0 - self.beta, 0.5), np.inf)

    def where(self, keep: BoolArray) -> _Bent:
        """Some of the boxes."""
        if keep.all():
            return self
        return _Bent(**{each.name: getattr(self, each.name).compress(keep) for each in fields(self)})

    def shares_above(self, dose_at: FloatArray, slack: float) -> Shares:
        """Least and largest share above a level."""
        t = (dose_at - self.mean) / self.rise
        share = self._share_above(t)
        off = (self.rest * self.beta**2 + slack / self.rise + FLATTEST) / (1.0 - self.beta)
        over, under = (self._near_a_face(t + end) for end in (-0.5, 0.5))
        return np.clip(share - under - off, 0.0, 1.0), np.clip(share + over + off, 0.0, 1.0)

    def _near_a_face(self, s: FloatArray) -> FloatArray:
        """How much of a box may be unknown near the face where ``a u + b v`` is ``s``."""
        half, bend = (self.a + self.b) / 2, self.leaves_by
        low, high = (np.clip(end - s, -bend, bend) for end in (-half, half))
        # the integral of bend - |x| from low to high
        spread = bend * (high - low) - (high * np.abs(high) - low * np.abs(low)) / 2
        return np.minimum(spread / self.a, bend)

    def _share_above(self, t: FloatArray) -> FloatArray:
        """The mean over columns of ``1/2 - wl + r (1 - beta)`` where wl is in the box; 1 where it is below, 0 above."""
        # wl enters or leaves the box along u = -1/2 and u = 1/2 at four v in rising order, since a <= 1. Before the
        # first it is above the box, behind the last below; between them, limits along u are linear. Most boxes have one
        # or two such pieces
        ends = np.stack([(t + w + u * self.a) / self.b for w, u in _CROSSINGS])
        np.minimum(np.maximum(ends, -0.5, out=ends), 0.5, out=ends)
        lengths = np.diff(ends, axis=0)
        piece, box = np.nonzero(lengths > 0.0)
        length = lengths[piece, box]
        t, a, b = t[box], self.a[box], self.b[box]
        d, e, g, k = self.d[box], self.e[box], self.g[box], self.k[box]
        v = ends[piece, box] + length * (_NODES + 0.5)[:, None]
        at_v = t - b * v
        first, last = ((at_v + end) / a for end in (-0.5, 0.5))
        np.minimum(np.maximum(first, -0.5, out=first), 0.5, out=first)
        np.minimum(np.maximum(last, -0.5, out=last), 0.5, out=last)
        inside, middle = last - first, (first + last) / 2
        sums = np.zeros(v.shape)
        twist_u, twist_uv, twist_v = e + k * v, d * v, g * v
        for node, weight in zip(_NODES_U.tolist(), _WEIGHTS_U.tolist(), strict=True):
            u = inside * node
            u += middle
            w = at_v - a * u
            beta = u * twist_u
            beta += twist_v
            bent = u * twist_uv
            bent += beta * w
            bent *= 1.0 - beta
            bent -= w
            bent *= weight
            sums += bent
        sums += 0.5
        sums *= inside
        sums += 0.5
        sums -= last
        share: FloatArray = 0.5 - ends[3]
        share += np.bincount(box, weights=length * (_WEIGHTS @ sums), minlength=len(share))
        return share


def _signed_sums(corners: Float32 | FloatArray) -> FloatArray:
    """Sums of corner doses, shape ``(8, n)``: in binary, a 1 for each of w, v and u that a sum is signed like."""
    sums: FloatArray = _SIGNS @ corners.reshape(8, -1).astype(np.float64)
    return sums


_OF_TWO = np.array([[1.0, 1.0], [-1.0, 1.0]])

_SIGNS = np.kron(np.kron(_OF_TWO, _OF_TWO), _OF_TWO)
"""Of the corners of a box in each of its signed sums: along each axis the sum of two, or their difference."""

_CROSSINGS = ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5))
"""Faces along w, and then along u, where they meet the isodose of the linear part, in rising order along v."""


def parts_above(
    corners: Float32, dose_at: FloatArray, slack: float, *, inside: FloatArray, outline: IntArray, edges: Edges
) -> Shares:
    """The same of the part of each box that is within an outline, as shares of the box.

    Parameters
    ----------
    corners, dose_at, slack
        As for `shares_above`.
    inside
        Shape ``(n,)``: the share of each box that is within.
    outline, edges
        The layer of the edges that is the outline of each, 0 to 1 across the box, in rising order. Closed but for what
        runs along v = 0 and v = 1.
    """
    least, most = np.zeros(len(dose_at)), inside.copy()
    outlines = _Outlines.of(edges)
    count = outlines.count[outline]
    simple = (count > 0) & (np.abs(np.abs(outlines.area[outline]) - inside) <= SAME_SHARE)
    simple &= count <= MOST_EDGES
    some = np.flatnonzero(simple)
    for part in np.split(some, np.flatnonzero(np.diff(np.cumsum(count[some]) // EDGES_AT_ONCE)) + 1):
        if len(part):
            some_of = _parts_above(corners.take(part, axis=-1), dose_at[part], slack, outline[part], outlines)
            least[part] = np.where(some_of.all_is, inside[part], np.maximum(some_of.least - SHARE_ROUNDING, 0.0))
            most[part] = np.where(some_of.none_is, 0.0, np.minimum(some_of.most + SHARE_ROUNDING, inside[part]))
    return least, most


@dataclass(frozen=True, slots=True, kw_only=True)
class _Above:
    """Least and largest share above a level; and whether all of a part surely is, and whether none of it is."""

    least: FloatArray
    most: FloatArray
    all_is: BoolArray
    none_is: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outlines:
    """Edges by outline: of each the first and how many there are, the area that they go around, and a box around them.

    ``low`` and ``width``, shape ``(2, outlines)``: where the box begins along v and u, and how wide it is.
    """

    edges: Edges
    first: IntArray
    count: IntArray
    area: FloatArray
    low: FloatArray
    width: FloatArray

    @classmethod
    def of(cls, edges: Edges) -> _Outlines:
        layers = int(edges.layer.max(initial=-1)) + 1
        first, last = (np.searchsorted(edges.layer, np.arange(layers), side=side) for side in ("left", "right"))
        rise, right = edges.v1 - edges.v0, 1.0 - (edges.u0 + edges.u1) / 2
        low, high = np.full((2, layers), 0.0), np.full((2, layers), 1.0)
        has = np.flatnonzero(last > first)
        if len(has):
            for axis, (begin, end) in enumerate(((edges.v0, edges.v1), (edges.u0, edges.u1))):
                low[axis, has] = np.minimum.reduceat(np.minimum(begin, end), first[has])
                high[axis, has] = np.maximum.reduceat(np.maximum(begin, end), first[has])
        low = np.clip(low, 0.0, 1.0 - LEAST_WIDTH)
        return cls(
            edges=edges,
            first=first,
            count=last - first,
            area=np.asarray(np.bincount(edges.layer, weights=rise * right, minlength=layers), dtype=np.float64),
            low=low,
            width=np.maximum(high - low, LEAST_WIDTH),
        )


def _parts_above(corners: Float32, dose_at: FloatArray, slack: float, outline: IntArray, outlines: _Outlines) -> _Above:
    low, width = outlines.low[:, outline], outlines.width[:, outline]
    # the box shrunk around its part: what is not linear of the dose shrinks with its square
    mean, slopes, rest = _fitted(_shrunk(corners.astype(np.float64), low, width))
    spans, moved = steepened(slopes, FLATNESS_FLOOR, slack)
    rise_v, rise_u = (np.where(slopes[axis] < 0.0, -1.0, 1.0) * spans[axis] for axis in (1, 2))
    count = outlines.count[outline]
    part = np.repeat(np.arange(len(outline)), count)
    at = ranges(outlines.first[outline], count)
    v = [(end[at] - low[0][part]) / width[0][part] - 0.5 for end in (outlines.edges.v0, outlines.edges.v1)]
    u = [(end[at] - low[1][part]) / width[1][part] - 0.5 for end in (outlines.edges.u0, outlines.edges.u1)]
    # by how much the dose at the cold end along w passes the mean there, at both ends of each edge
    ends = [rise_u[part] * u_end + rise_v[part] * v_end for u_end, v_end in zip(u, v, strict=True)]
    least, most = np.minimum(*ends), np.maximum(*ends)
    weight = (v[0] - v[1]) / rise_u[part] / (2.0 * spans[0][part])
    cold = mean - spans[0] / 2
    levels = dose_at + slack - rest[0] + moved, dose_at - slack - rest[1] - moved
    # all corners of an outline are ends of edges: a linear dose is nowhere less or more than at one of them
    coldest = np.minimum.reduceat(least, np.cumsum(count) - count) + cold - levels[0]
    hottest = np.maximum.reduceat(most, np.cumsum(count) - count) + cold + spans[0] - levels[1]
    shares = []
    for level in levels:
        passed, height = (cold - level)[part], spans[0][part]
        mean_of_squares = _mean_square(least + (passed + height), most + (passed + height))
        mean_of_squares -= _mean_square(least + passed, most + passed)
        shares.append(np.bincount(part, weights=weight * mean_of_squares, minlength=len(outline)))
    around = np.where(outlines.area[outline] < 0.0, -1.0, 1.0) * width[0] * width[1]
    return _Above(least=around * shares[0], most=around * shares[1], all_is=coldest >= 0.0, none_is=hottest < 0.0)


def _shrunk(dose: FloatArray, low: FloatArray, width: FloatArray) -> FloatArray:
    """Corner doses of a part of each box, of which ``low`` and ``width`` tell the place along v and u."""
    for axis, begin, wide in zip((1, 2), low, width, strict=True):
        first, last = (np.take(dose, [end], axis=axis) for end in (0, 1))
        rise = last - first
        dose = np.concatenate([first + begin * rise, first + (begin + wide) * rise], axis=axis)
    return dose


def _mean_square(least: FloatArray, most: FloatArray) -> FloatArray:
    """The mean of ``max(y, 0)^2`` where y runs evenly from ``least`` to ``most``."""
    wide = most - least
    low, high = np.maximum(least, 0.0), np.maximum(most, 0.0)
    above = np.where(wide > 0.0, (high - low) / np.where(wide > 0.0, wide, 1.0), 1.0)
    square: FloatArray = (high * high + high * low + low * low) / 3.0 * above
    return square

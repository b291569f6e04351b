r"""Corner doses of boxes -> dose at a place, in eighths, as a linear part and a rest; volume below a linear dose.

**Linear part and rest.** From the middle, with u, v, w from -1/2 to 1/2, a trilinear dose is

    mean + a u + b v + c w   +   d u v + e u w + f v w + g u v w
    `------ linear part ----'     `--------- rest, at most (|d| + |e| + |f|) / 4 + |g| / 8 ---'

**Volume below a level of a linear dose.** The dose rises by ``s1, s2, s3`` (all >= 0) along the edges of a unit box,
from its least corner. The part of the box that lies less than ``r`` above that corner's dose is cut off by a plane.
Without the box it would be a tetrahedron of volume ``r^3 / (6 s1 s2 s3)``; what of it sticks out beyond a far corner is
again such a tetrahedron, and so on in turn, added and taken away::

     share(r) = sum over corners c of (-1)^|c| max(r - c.s, 0)^3  /  (6 s1 s2 s3),    c in {0, 1}^3

      r |\            the part of a rectangle s1 x s2 below the line x + y = r, its edges in units of dose:
        | \
     s2 |--\--+           r^2 / 2               the whole triangle
        |   \ |         - (r - s1)^2 / 2        its tip right of the rectangle
        |    \|         - (r - s2)^2 / 2        its tip above
        |     |\        + (r - s1 - s2)^2 / 2   what both tips share, where they meet
        +-----+-\       all over s1 s2
             s1  r

It is the distribution function of a sum of three independent uniform numbers, a divided difference of ``max(r, 0)^3``;
the history of the formula goes back to Polya's thesis of 1912 [1]_. A slope near zero makes it a difference of large,
nearly equal numbers over a small one: slopes are kept above a share of the steepest (`steepened`), which costs a little
in the bounds and keeps rounding small: about ``1e-16 / share^2``.

References
----------
.. [1] J.-L. Marichal, M. J. Mossinghoff, Slices, Slabs, and Sections of the Unit Hypercube, Online Journal of Analytic
   Combinatorics 3 (2008).
"""

from __future__ import annotations

import numpy as np

from sbrtcheck.plan import FloatArray

CORNERS: FloatArray = np.array([[w, v, u] for w in (-0.5, 0.5) for v in (-0.5, 0.5) for u in (-0.5, 0.5)])
"""Places of a unit box's corners from its middle, in the order of its 8 doses: w slowest, u fastest."""

AT_ONCE = 1 << 13
"""Boxes whose shares are worked out at once, so that all of it stays in a processor's cache."""


def dose_at(dose: FloatArray, place: FloatArray) -> FloatArray:
    """Dose at a place of each box, given from -0.5 to 0.5 across it: shapes ``(8, n)`` and ``(n, 3)``."""
    # along each axis the weight of an end falls from 1 there to 0 at the other end; (+-0.5) (place) 2 + 0.5 is that
    weights = np.prod(0.5 + 2 * CORNERS[:, None, :] * place[None, :, :], axis=-1)
    dose_there: FloatArray = np.sum(weights * dose, axis=0)
    return dose_there


def halved(dose: FloatArray) -> FloatArray:
    """Corner doses of the 8 parts of each box, halved along every axis.

    From shape ``(8, n)`` to ``(8, 8 n)``: first all parts at the first corner, then all at the second, and so on.
    """
    # doses where the parts' corners are, three along each axis: the ends and half way between them
    places: FloatArray = dose.reshape(2, 2, 2, -1)
    for axis in range(3):
        low, high = np.split(places, 2, axis=axis)
        places = np.concatenate([low, (low + high) / 2, high], axis=axis)
    corners = [places[w : w + 2, v : v + 2, u : u + 2] for w, v, u in np.ndindex(2, 2, 2)]
    return np.stack(corners).reshape(8, -1)


def linear_part(dose: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The linear part of each box's dose, and how far the dose may lie from it.

    Returns
    -------
    tuple
        Dose in the middle, shape ``(n,)``; by how much it rises along each edge, shape ``(3, n)``; and the largest
        rest, shape ``(n,)``, which the terms of higher order cannot pass anywhere in the box.
    """
    # sums of corner doses signed like u, like u v, like u v w and so on pick out the coefficients of these terms; all
    # come from sums and differences along one axis after the other
    signed: FloatArray = dose.reshape(2, 2, 2, -1)
    for axis in range(3):
        low, high = np.split(signed, 2, axis=axis)
        signed = np.concatenate([low + high, high - low], axis=axis)
    signed = signed.reshape(8, -1)  # in binary, a 1 for each of w, v and u that a sum is signed like
    return (
        signed[0] / 8,
        signed[[0b100, 0b010, 0b001]] / 4,
        np.abs(signed[[0b110, 0b101, 0b011, 0b111]]).sum(axis=0) / 8,
    )


def steepened(slopes: FloatArray, floor: float, least: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Slopes made positive and not too flat for `share_below`, and how far this can move the dose anywhere in the box.

    Parameters
    ----------
    slopes
        Rise of a linear dose along each edge, from face to face: shape ``(3, n)``.
    floor
        Each becomes at least this share of the steepest of its box. It decides between two errors: `share_below` is
        rounded by about ``1e-16 / floor**2``, and bounds widen by up to ``floor`` times the steepest slope.
    least
        And at least this much, so that a box of one dose has slopes at all.

    Returns
    -------
    tuple
        Rises from the least corner, shape ``(3, n)``; and the largest change of the dose, shape ``(n,)``: half of the
        change of each slope, since the middle stays as it is.
    """
    spans = np.abs(slopes)
    flattest = np.maximum(floor * spans.max(axis=0), least)
    change = flattest - spans
    np.maximum(change, 0.0, out=change)
    np.maximum(spans, flattest, out=spans)
    return spans, change.sum(axis=0) / 2


def share_below(rise: FloatArray, spans: FloatArray) -> FloatArray:
    """Share of a box where a linear dose lies less than ``rise`` above its least corner; see the module's head.

    Parameters
    ----------
    rise
        Shape ``(n,)``, in the unit of dose; negative is below the box, more than the sum of ``spans`` above it.
    spans
        Shape ``(3, n)``: by how much dose rises along each edge, above 0, by `steepened`. All 0 where the box has one
        dose, which then lies below where ``rise`` is above 0.

    Examples
    --------
    >>> share_below(np.array([-1.0, 1.0, 1.5, 9.0]), np.full((3, 4), 1.0)).round(3)
    array([0.   , 0.167, 0.5  , 1.   ])
    """
    share = np.empty(len(rise))
    for start in range(0, len(rise), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        share[some] = _share_below(rise[some], spans[:, some])
    return share


def _share_below(rise: FloatArray, spans: FloatArray) -> FloatArray:
    """`share_below` of boxes that fit into a processor's cache together."""
    total = spans.sum(axis=0)
    # by how much the level passes each corner: those of u = v = 0, then with the rise along v, along u and along both
    past = np.empty((2, 2, 2, len(rise)))
    past[0, 0, 0] = rise
    np.subtract(past[0, 0, 0], spans[0], out=past[1, 0, 0])
    np.subtract(past[:, 0, 0], spans[1], out=past[:, 1, 0])
    np.subtract(past[:, :, 0], spans[2], out=past[:, :, 1])
    np.maximum(past, 0.0, out=past)
    cubes = past * past
    cubes *= past
    cubes = cubes[..., 0, :] - cubes[..., 1, :]
    cubes = cubes[:, 0] - cubes[:, 1]
    share: FloatArray = cubes[0] - cubes[1]
    share /= np.where(total > 0.0, 6.0 * spans.prod(axis=0), 1.0)
    np.clip(share, 0.0, 1.0, out=share)
    # beyond its ends, where the sum of cubes is nothing or rounding, the share is known
    share[rise >= total] = 1.0
    share[rise <= 0.0] = 0.0
    return share

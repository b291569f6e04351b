"""Trilinear dose in boxes: corners, halving, values at places."""

from __future__ import annotations

import numpy as np

from sbrtcheck.plan import FloatArray

CORNERS: FloatArray = np.array([[w, v, u] for w in (-0.5, 0.5) for v in (-0.5, 0.5) for u in (-0.5, 0.5)])
"""Places of a unit box's corners from its middle, in the order of its 8 doses: w slowest, u fastest."""

_SIGNS: FloatArray = np.sign(CORNERS).T


def at(dose: FloatArray, place: FloatArray) -> FloatArray:
    """Dose at a place of each box, given from -0.5 to 0.5 across it: shapes ``(8, n)`` and ``(n, 3)``."""
    weights = np.prod(0.5 + 2 * CORNERS[:, None, :] * place[None, :, :], axis=-1)
    found: FloatArray = np.sum(weights * dose, axis=0)
    return found


def halved(dose: FloatArray) -> FloatArray:
    """Corner doses of the 8 parts of each box, halved along every axis.

    From shape ``(8, n)`` to ``(8, 8 n)``: first all parts at the first corner, then all at the second, and so on.
    """
    parts: FloatArray = np.tensordot(_EIGHTHS, dose, axes=1).transpose(1, 0, 2).reshape(8, -1)
    return parts


def linear_part(dose: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The linear part of each box's dose, and how far the dose may lie from it.

    Returns
    -------
    tuple
        Dose in the middle, shape ``(n,)``; by how much it rises along each edge, shape ``(3, n)``; and the largest
        rest, shape ``(n,)``, which the terms of higher order cannot pass anywhere in the box.
    """
    bends = np.stack([_SIGNS[0] * _SIGNS[1], _SIGNS[0] * _SIGNS[2], _SIGNS[1] * _SIGNS[2], np.prod(_SIGNS, axis=0)])
    return dose.mean(axis=0), _SIGNS @ dose / 4, np.abs(bends @ dose).sum(axis=0) / 8


def _eighths() -> FloatArray:
    """Weights of a box's corner doses in those of its 8 parts: shape ``(parts, corners, corners of the whole)``."""
    places = CORNERS[:, None] / 2 + CORNERS / 2
    product: FloatArray = np.prod(0.5 + 2 * CORNERS * places[:, :, None], axis=-1)
    return product


_EIGHTHS = _eighths()

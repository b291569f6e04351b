"""A slow, independent DVH of polygons on planes: exact along x by even-odd, fine midpoints in y, z and x.

It shares no code and no idea with sbrtcheck's: lines are cut with every edge, and trilinear dose is taken corner by
corner. The error falls with the square of the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import shop  # noqa: F401 - puts the examples, with the phantom writer, on the path

import phantom

FloatArray = npt.NDArray[np.float64]


def samples(
    loops: Sequence[phantom.Loop], dose: phantom.PhantomDose, *, spacing_mm: float, step_mm: float
) -> tuple[FloatArray, FloatArray]:
    """Doses in Gy and the volumes in cc that get them, for slabs as thick as the plane spacing."""
    found = []
    for z, on_plane in groupby(sorted(loops, key=lambda loop: loop[0, 2]), key=lambda loop: loop[0, 2]):
        x, y, width, height = _spans([loop[:, :2] for loop in on_plane], step_mm, longest_mm=step_mm)
        layers = max(round(spacing_mm / step_mm), 1)
        thickness = spacing_mm / layers
        for layer in range(layers):
            at = np.full_like(x, z - spacing_mm / 2.0 + (layer + 0.5) * thickness)
            found.append((trilinear(dose, x, y, at), width * height * thickness / 1000.0))
    return np.concatenate([d for d, _ in found]), np.concatenate([v for _, v in found])


def _spans(
    polygons: Sequence[FloatArray], step_mm: float, *, longest_mm: float
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Middles in x and y, widths and the common height of little boxes that fill the polygons by even-odd."""
    edges = np.concatenate([np.hstack([p, np.roll(p, -1, axis=0)]) for p in polygons])
    low, high = float(edges[:, 1].min()), float(edges[:, 1].max())
    rows = max(int(np.ceil((high - low) / step_mm)), 1)
    height = (high - low) / rows
    boxes = [_row(edges, low + (row + 0.5) * height, longest_mm) for row in range(rows)]
    x, y, width = (np.concatenate(parts) for parts in zip(*boxes, strict=True))
    return x, y, width, height


def volume_cc(loops: Sequence[phantom.Loop], *, spacing_mm: float, step_mm: float = 0.005) -> float:
    """Volume alone, by finer lines than the doses could afford."""
    area = 0.0
    for _, on_plane in groupby(sorted(loops, key=lambda loop: loop[0, 2]), key=lambda loop: loop[0, 2]):
        _, _, width, height = _spans([loop[:, :2] for loop in on_plane], step_mm, longest_mm=np.inf)
        area += float(width.sum()) * height
    return area * spacing_mm / 1000.0


def _row(edges: FloatArray, y: float, longest_mm: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    x0, y0, x1, y1 = edges[(edges[:, 1] > y) != (edges[:, 3] > y)].T
    crossings = np.sort(x0 + (y - y0) / (y1 - y0) * (x1 - x0)).reshape(-1, 2)
    pieces = np.maximum(np.ceil((crossings[:, 1] - crossings[:, 0]) / longest_mm), 1).astype(int)
    width = np.repeat((crossings[:, 1] - crossings[:, 0]) / pieces, pieces)
    number = np.concatenate([np.arange(n) for n in pieces]) if len(pieces) else np.zeros(0)
    return np.repeat(crossings[:, 0], pieces) + (number + 0.5) * width, np.full(len(width), y), width


def trilinear(dose: phantom.PhantomDose, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Dose between grid points: eight corners, each with its share."""
    steps = zip((x, y, z), dose.origin_mm, dose.spacing_mm, dose.values_gy.shape[::-1], strict=True)
    place = [(p - first) / step for p, first, step, _ in steps]
    cell = [np.clip(p.astype(int), 0, n - 2) for p, n in zip(place, dose.values_gy.shape[::-1], strict=True)]
    share = [p - c for p, c in zip(place, cell, strict=True)]
    total = np.zeros_like(x)
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod([s if up else 1.0 - s for s, up in zip(share, corner, strict=True)], axis=0)
        i, j, k = (c + up for c, up in zip(cell, corner, strict=True))
        total += weight * dose.values_gy[k, j, i]
    return total


def dose_at(doses: FloatArray, volumes: FloatArray, volume_cc: float) -> float:
    """Dose in Gy that a volume gets at least."""
    hottest = np.argsort(-doses)
    return float(np.interp(volume_cc, np.cumsum(volumes[hottest]), doses[hottest]))

"""A coarse dose grid around one structure -> a finer one, by cubic splines through the grid's points.

Linear interpolation between points a distance h apart is off by up to ``h^2 / 8`` times the second derivative of the
dose, always inwards at a peak: it cuts the top off. A cubic spline through the same points is off by the fourth power
of h [1]_. The spline is evaluated on a grid of a quarter of a millimetre, one axis after the other (a tensor product),
and everything after that is trilinear again, with its bounds.

References
----------
.. [1] C. de Boor, A Practical Guide to Splines, 1978.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.prisms import PrismStack
from sbrtcheck.plan import Finding, FindingCode, FloatArray

FINE_MM = 0.25
"""The finer grid's spacing: trilinear dose between its points then misses a sixteenth of what it did at 1 mm."""

MAX_POINTS = 1 << 22
"""Largest finer grid: the option is for small targets, and large organs need no such grid."""

MARGIN = 4
"""Grid points around the structure that the splines are fitted to as well."""


def with_cubic_dose(stack: PrismStack, frame: GridFrame, name: str) -> tuple[PrismStack, GridFrame]:
    """The stack in a finer grid, whose points lie on cubic splines through the grid's points along each axis.

    Dose is then trilinear on the finer grid. A peak narrower than a few grid points keeps its height, which trilinear
    dose cuts off. Doses that the splines put below 0 are 0.

    Where the structure leaves the grid's points, the finer grid would be too large, or fewer than four points lie along
    an axis, the dose stays trilinear, and a finding says so.
    """
    low, high = _extent(stack, frame)
    count = np.array(frame.stored.shape)
    first = np.maximum(np.floor(low).astype(int) - MARGIN, 0)
    last = np.minimum(np.ceil(high).astype(int) + MARGIN, count - 1)
    spacing = np.array([float(np.median(np.diff(frame.nodes_mm))), frame.spacing_mm[1], frame.spacing_mm[0]])
    factor = np.maximum(np.ceil(spacing / FINE_MM - 1e-9).astype(int), 1)
    points = (last - first) * factor + 1
    reason = None
    if bool(np.any(low < 0) or np.any(high > count - 1)):
        reason = "it leaves the points of the dose grid"
    elif bool(np.any(last - first < 3)):
        reason = "the dose grid has too few points around it"
    elif int(np.prod(points)) > MAX_POINTS:
        reason = "it is too large for a finer grid"
    if reason is not None:
        text = f"dose stays trilinear between grid points: {reason}"
        finding = Finding(code=FindingCode.DOSE_NOT_CUBIC, text=text, subject=name)
        return replace(stack, findings=(*stack.findings, finding)), frame
    box = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    nodes = frame.nodes_mm[box[0]]
    heights = np.concatenate([np.linspace(a, b, factor[0], endpoint=False) for a, b in itertools.pairwise(nodes)])
    dose = np.asarray(frame.stored[box], dtype=np.float64) * frame.gy_per_unit
    # a tensor product of splines: along one axis after the other, in any order
    dose = _splined(dose, 0, nodes, np.append(heights, nodes[-1]))
    for axis in (1, 2):
        known = np.arange(first[axis], last[axis] + 1, dtype=np.float64)
        dose = _splined(dose, axis, known, np.linspace(known[0], known[-1], points[axis]))
    finer = replace(
        frame,
        stored=np.maximum(dose, 0.0).astype(np.float32),
        gy_per_unit=1.0,
        nodes_mm=np.append(heights, nodes[-1]) - nodes[0],
        spacing_mm=(frame.spacing_mm[0] / factor[2], frame.spacing_mm[1] / factor[1]),
    )
    # the same outlines and heights, from the first point of the finer grid and in its cells
    e = stack.edges
    edges = Edges(
        u0=(e.u0 - first[2]) * factor[2],
        v0=(e.v0 - first[1]) * factor[1],
        u1=(e.u1 - first[2]) * factor[2],
        v1=(e.v1 - first[1]) * factor[1],
        layer=e.layer,
    )
    shift = float(nodes[0])
    return replace(stack, edges=edges, low_mm=stack.low_mm - shift, high_mm=stack.high_mm - shift), finer


def _extent(stack: PrismStack, frame: GridFrame) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest place of the stack along w, v and u, in grid points."""
    e = stack.edges
    w = np.interp(
        [stack.low_mm.min(), stack.high_mm.max()],
        frame.nodes_mm,
        np.arange(len(frame.nodes_mm)),
        left=-1.0,
        right=float(len(frame.nodes_mm)),
    )
    return np.array([w[0], e.v0.min(), e.u0.min()]), np.array([w[1], e.v0.max(), e.u0.max()])


def _splined(dose: FloatArray, axis: int, known: FloatArray, wanted: FloatArray) -> FloatArray:
    """The cubic spline through dose at known places along an axis, at the wanted places."""
    # scipy.interpolate takes longer to import than most plans take to check
    from scipy.interpolate import make_interp_spline

    at_wanted: FloatArray = make_interp_spline(known, dose, k=3, axis=axis)(wanted)
    return at_wanted

"""Contours of one structure -> a stack of right prisms in the frame of a dose grid.

A prism is a region (the edges of one layer) times a range of heights. The structure between and beyond its contour
planes is the pile of these prisms: a staircase, as in most planning systems::

         side view            one prism a plane, and one more for each end cap
        .---------.
        |         |           volume = sum over prisms of  area(layer) x (high - low)
      .-'---------'-.
      |             |         area by the shoelace formula (`polygons`), heights by `contour_planes`:
      '-.---------.-'         nothing is sampled, so the volume of the model is exact
        '---------'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, median, ranges
from sbrtcheck.geometry.contour_overlaps import CombinationRule, Millimetres
from sbrtcheck.geometry.contour_planes import (
    NOTHING_KNOWN,
    Planes,
    Surroundings,
    merged_planes,
    slabs_around,
    with_end_caps,
)
from sbrtcheck.geometry.contour_regions import Regions, region_edges, shared_area
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.plan import Contours, Finding, FindingCode, FloatArray, IntArray

SAME_HEIGHT_MM = 1e-6
"""Prism faces closer than this are one face."""

MIN_CONTRADICTION_CC = 0.01
"""Readings of contours that differ by this volume contradict each other: limits are set on volumes little larger."""

MIN_CONTRADICTION_SHARE = 1e-3
"""In a small structure, readings contradict each other from this share of its volume on."""

SUDDEN = 20.0
"""No outline shrinks, or grows, by such a factor from one plane to the next in the middle of an organ."""

NO_AREA_MM2 = 1e-3
"""The contours of a plane that enclose no more than this enclose nothing: they are a line, a point, or cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrismStack:
    """A structure as right prisms: ``p`` is the region of layer ``layer[p]`` from ``low_mm[p]`` to ``high_mm[p]``.

    ``conventions[p]`` are the `Conventions` under which the prism exists. Prisms of one convention do not overlap.
    ``readings`` are the edges of the layers as contours that contradict each other may be read as well.
    """

    edges: Edges
    layers: int
    layer: IntArray
    low_mm: FloatArray
    high_mm: FloatArray
    conventions: IntArray
    findings: tuple[Finding, ...] = ()
    readings: tuple[Edges, ...] = ()

    def read_otherwise(self) -> tuple[PrismStack, ...]:
        """The stack under each of its other readings."""
        return tuple(replace(self, edges=edges, readings=()) for edges in self.readings)

    def select(self, keep: BoolArray) -> PrismStack:
        """The prisms where ``keep`` is true."""
        return replace(
            self,
            layer=self.layer[keep],
            low_mm=self.low_mm[keep],
            high_mm=self.high_mm[keep],
            conventions=self.conventions[keep],
        )


def with_area(contours: Contours) -> Contours:
    """The contours of at least three points; fewer enclose no area."""
    counts = np.diff(contours.starts)
    if len(counts) == 0 or counts.min() >= 3:
        return contours
    keep = counts >= 3
    pick = ranges(contours.starts[:-1][keep], counts[keep])
    starts = np.concatenate([[0], np.cumsum(counts[keep])])
    return Contours(points_mm=contours.points_mm[pick], starts=starts)


def prism_stack(
    name: str,
    local_mm: Sequence[FloatArray],
    starts: IntArray,
    frame: GridFrame,
    *,
    exclusive_or: bool = False,
    around: Surroundings = NOTHING_KNOWN,
) -> tuple[PrismStack, Planes]:
    """The structure as slabs reaching half way to the neighbouring planes, with their end caps.

    The points of the contours, at least one contour and each of at least three points, are ``local_mm`` as by
    `in_grid`, which is overwritten; contour ``c`` begins at ``starts[c]``.
    ``exclusive_or``: how contours of a plane combine that overlap in
    part; ``around``: what else the file says of its planes.
    """
    u, v, w = frame.axes
    height_mm = np.add.reduceat(local_mm[w], starts[:-1]) / np.diff(starts)  # mean of each contour's points
    # from here on, in cells of the grid: borders of cells are whole numbers
    columns, rows = local_mm[u], local_mm[v]
    columns /= frame.spacing_mm[0]
    rows /= frame.spacing_mm[1]
    contours = _InCells(columns=columns, rows=rows, height_mm=height_mm, starts=starts)
    return _prism_stack(name, contours, frame, exclusive_or=exclusive_or, around=around)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InCells:
    """Contours by column and row of each point in the grid, and the height of each contour."""

    columns: FloatArray
    rows: FloatArray
    height_mm: FloatArray
    starts: IntArray

    def only(self, kept: IntArray) -> _InCells:
        """Some of the contours."""
        counts = np.diff(self.starts)[kept]
        pick = ranges(self.starts[:-1][kept], counts)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return _InCells(columns=self.columns[pick], rows=self.rows[pick], height_mm=self.height_mm[kept], starts=starts)


def _prism_stack(
    name: str, contours: _InCells, frame: GridFrame, *, exclusive_or: bool, around: Surroundings
) -> tuple[PrismStack, Planes]:
    """The same of contours in grid cells."""
    order, layer_of_contour, planes_mm, merged = merged_planes(name, contours.height_mm)
    rule = CombinationRule(mm=Millimetres(*frame.spacing_mm), exclusive_or=exclusive_or)
    regions = region_edges(name, contours.columns, contours.rows, contours.starts, order, layer_of_contour, rule)
    edges = regions.edges
    area_mm2 = np.abs(regions.area_cells) * rule.mm.u * rule.mm.v
    empty = area_mm2 < NO_AREA_MM2
    if empty.any() and not empty.all():
        kept = np.sort(order[~empty[layer_of_contour]])
        stack, planes = _prism_stack(name, contours.only(kept), frame, exclusive_or=exclusive_or, around=around)
        return replace(stack, findings=(*stack.findings, _nothing_enclosed(name, len(order) - len(kept)))), planes
    spacing_mm = median(np.diff(frame.nodes_mm)) if len(frame.nodes_mm) > 1 else 1.0
    slab, gaps = slabs_around(name, planes_mm, spacing_mm, around, lambda k: shared_area(edges, k))
    layer, bottom, top, conventions = with_end_caps(planes_mm, slab)
    readings, contradictory = _readings(name, regions, slab.high_mm - slab.low_mm, rule)
    stack = PrismStack(
        edges=edges,
        layers=len(planes_mm),
        layer=layer,
        low_mm=bottom,
        high_mm=top,
        conventions=conventions,
        findings=(*merged, *regions.findings, *contradictory, *gaps, *shrunken(name, area_mm2)),
        readings=readings,
    )
    return stack, Planes(height_mm=planes_mm, loops=regions.loops)


def shrunken(name: str, area_mm2: FloatArray) -> tuple[Finding, ...]:
    """Whether the outline shrinks to nearly nothing from one plane to the next, and as suddenly is there again.

    Where one part of a structure ends and another begins it tapers; a contour that was cut off does not.
    """
    # area of each plane over that of the plane before
    ratio = area_mm2[1:] / np.maximum(area_mm2[:-1], NO_AREA_MM2)
    drop, rise = np.flatnonzero(ratio < 1.0 / SUDDEN), np.flatnonzero(ratio > SUDDEN)
    if len(drop) == 0 or len(rise) == 0 or rise[-1] <= drop[0]:
        return ()
    planes = int(rise[rise > drop[0]][0] - drop[0])
    text = f"on {planes} plane(s) the outline is less than a {SUDDEN:g}th of that beside them: was it cut off?"
    return (Finding(code=FindingCode.CONTOURS_INCOMPLETE, text=text, subject=name),)


def _nothing_enclosed(name: str, contours: int) -> Finding:
    """What is said of contours of planes that were left out, as if they were missing."""
    text = f"{contours} contour(s) enclose nothing on their plane: are they damaged?"
    return Finding(code=FindingCode.CONTOURS_INCOMPLETE, text=text, subject=name)


def _readings(
    name: str, regions: Regions, thick_mm: FloatArray, rule: CombinationRule
) -> tuple[tuple[Edges, ...], tuple[Finding, ...]]:
    """The readings that are further from the regions than rounding, and how far the furthest is."""
    if not regions.readings:
        return (), ()
    # how much it would change the volume, with each plane as thick as its slab
    whole_cc = float(np.abs(regions.area_cells) @ thick_mm) * rule.mm.u * rule.mm.v / 1000.0
    differ_cc = [float(differ_mm2 @ thick_mm) / 1000.0 for _, differ_mm2 in regions.readings]
    enough_cc = min(MIN_CONTRADICTION_CC, MIN_CONTRADICTION_SHARE * whole_cc)
    apart = [i for i, cc in enumerate(differ_cc) if cc > enough_cc]
    if not apart:
        return (), ()
    worst = max(apart, key=lambda i: differ_cc[i])
    planes = int(np.count_nonzero(regions.readings[worst][1]))
    share = 100.0 * differ_cc[worst] / max(whole_cc, differ_cc[worst])
    text = f"contours contradict each other on {planes} plane(s): {differ_cc[worst]:.3g} cc ({share:.2g} %) "
    text += "are inside by one reading and outside by another"
    finding = Finding(code=FindingCode.CONTOURS_CONTRADICTORY, text=text, subject=name)
    return tuple(regions.readings[i][0] for i in apart), (finding,)

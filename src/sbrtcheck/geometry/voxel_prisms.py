"""Contours that are the edges of voxels -> a stack of right prisms, as thick as the voxels: nothing is left to guess.

Contours that people draw are samples: a plane may be missing, loops may be there twice or contradict each other, and a
slab reaches half way to a neighbour that may be far. A mask of voxels is none of this. Each layer of voxels is a slab,
its loops wind around the voxels once (`sbrtcheck.plan.voxel_edges`), and a layer without voxels is empty::

      w      mask      contours drawn there       voxels
      |       ##          =====                   [####]
      |       ##          =====  bridged          [####]
      |                     :
      |       ##          =====                   [####]

The volume is the number of voxels times the volume of one, but for rounding. The end caps are cut off as those of other
structures: where half a voxel decides, it should be seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray
from sbrtcheck.geometry.contour_planes import Planes, PlaneSlabs, Surroundings, with_end_caps
from sbrtcheck.geometry.contour_regions import loops_by_plane, shared_area
from sbrtcheck.geometry.grid import GridFrame
from sbrtcheck.geometry.polygons import Edges
from sbrtcheck.geometry.prisms import PrismStack, shrunken
from sbrtcheck.plan import Finding, FindingCode, FloatArray, IntArray

SAME_PLACE = 0.5
"""Outlines on both sides of empty layers that share this of the smaller one's area belong to one part of an organ."""


def voxel_stack(
    name: str, local_mm: Sequence[FloatArray], starts: IntArray, frame: GridFrame, around: Surroundings
) -> tuple[PrismStack, Planes]:
    """The structure as the slabs of its voxels, ``around.slab_mm`` thick; points as of `prism_stack`."""
    thick_mm = around.slab_mm or 0.0
    u, v, w = frame.axes
    height = np.add.reduceat(local_mm[w], starts[:-1]) / np.diff(starts)
    order = np.argsort(height, kind="stable")
    rising = height[order]
    layer_of_loop = np.cumsum((np.diff(rising, prepend=rising[0]) > thick_mm / 2).astype(np.int64))
    planes_mm = np.bincount(layer_of_loop, weights=rising) / np.bincount(layer_of_loop)
    loops = loops_by_plane(
        local_mm[u] / frame.spacing_mm[0], local_mm[v] / frame.spacing_mm[1], starts, order, layer_of_loop
    )
    layer_of_edge = np.repeat(loops.layer, np.diff(loops.begin))
    edges = Edges(u0=loops.u0, v0=loops.v0, u1=loops.u1, v1=loops.v1, layer=layer_of_edge)
    area_cells = edges.area(len(planes_mm))
    if area_cells.sum() < 0.0:  # seen in a mirror: holes go clockwise, all else the other way
        edges = Edges(u0=edges.u1, v0=edges.v1, u1=edges.u0, v1=edges.v0, layer=layer_of_edge)
    empty = np.diff(planes_mm) > 1.5 * thick_mm
    ends = np.concatenate([[True], empty]), np.concatenate([empty, [True]])
    slab = PlaneSlabs(
        low_mm=planes_mm - thick_mm / 2, high_mm=planes_mm + thick_mm / 2, low_end=ends[0], high_end=ends[1]
    )
    layer, bottom, top, conventions = with_end_caps(planes_mm, slab)
    area_mm2 = np.abs(area_cells) * frame.spacing_mm[0] * frame.spacing_mm[1]
    stack = PrismStack(
        edges=edges,
        layers=len(planes_mm),
        layer=layer,
        low_mm=bottom,
        high_mm=top,
        conventions=conventions,
        findings=(*_incomplete(name, edges, empty, around), *shrunken(name, area_mm2)),
    )
    return stack, Planes(height_mm=planes_mm, loops=np.bincount(loops.layer))


def _incomplete(name: str, edges: Edges, empty: BoolArray, around: Surroundings) -> tuple[Finding, ...]:
    """Whether somebody may have forgotten layers: a mask with one only, or with none between two alike."""
    if len(empty) == 0 and any(len(heights) > 1 for heights in around.others()):
        text = "one layer of voxels only, where other structures have several in a row: is it complete?"
    elif alike := sum(shared_area(edges, k) >= SAME_PLACE for k in np.flatnonzero(empty).tolist()):
        text = f"on both sides of {alike} gap(s) in the mask the outline is at one place: are layers missing?"
    else:
        return ()
    return (Finding(code=FindingCode.CONTOURS_INCOMPLETE, text=text, subject=name),)

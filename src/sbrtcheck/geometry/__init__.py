"""Structure x dose grid -> volume elements: exact volumes, dose, and bounds on both.

The modules in the order in which a contour passes them. Volumes are sums over edges all the way, never counts of
points::

    contour points                    o--o--o   on planes, mm
          |
          |  grid, contour_planes               the planes, and which heights each of them stands for
          |  plane_spacing                      whether other structures have planes as far apart
          |  contour_rings, contour_crossings,
          |  contour_overlaps,
          |  contour_regions                    the region of each plane, as directed edges
          v
    regions of planes                 [####]    polygons, polygon_booleans
          |  prisms, voxel_prisms               a region times a range of heights; end caps by convention
          v
    stack of prisms                   [####]    prism_booleans: union, minus
          |                           [####]    prism_interpolation: outlines that follow the shape between planes
          |  slices, slabs                      cut as thin as grid cells; equal heights share their dose
          v
    slices in slabs                   [_|_|_]
          |  coverage                           exact share and centroid of every cell
          |  cell_dose                          mean and extremes of the trilinear dose in every cell
          v
    elements                          cc, Gy    volume, mean dose, and bounds the dose cannot leave: `elements`

Beside the pipeline, imported from their modules by those who need them:

========================  ==========================================================================
`isodose_refinement`      how much of a structure receives at least a dose, as narrowly as asked for
`cell_outlines`           for it, the outline of the structure in each single cell
`isodose_volume`          how much of the whole grid does
`dose_at_distance`        the largest dose at least some distance from a structure (D2cm)
`cubic_dose`              a finer dose grid by splines, for small targets
`tilted`                  a grid of their own for contours that are tilted against the dose grid
`prism_lattice`           distances from a structure, and the number of its separate parts
========================  ==========================================================================

`arrays` and `trilinear` (dose in a box, volume above a linear dose) serve several of these.
"""

from sbrtcheck.geometry.arrays import Float32
from sbrtcheck.geometry.cell_dose import LinearPart
from sbrtcheck.geometry.contour_planes import Conventions, Planes, Surroundings, heights_of
from sbrtcheck.geometry.elements import BoundaryCells, Elements, InteriorCells, volume_elements
from sbrtcheck.geometry.grid import TILT_TOLERANCE_MM, GridFrame, grid_frame, in_grid, slab_axis_of
from sbrtcheck.geometry.plane_spacing import common_spacing_mm, spacing_findings
from sbrtcheck.geometry.prism_booleans import minus, union
from sbrtcheck.geometry.prisms import PrismStack, prism_stack, with_area
from sbrtcheck.geometry.slices import MAX_REFINEMENT, Slices, cell_cc, prism_cc, refinement_for, slices_of
from sbrtcheck.geometry.tilted import TiltedPlanes
from sbrtcheck.geometry.voxel_prisms import voxel_stack

__all__ = [
    "MAX_REFINEMENT",
    "TILT_TOLERANCE_MM",
    "BoundaryCells",
    "Conventions",
    "Elements",
    "Float32",
    "GridFrame",
    "InteriorCells",
    "LinearPart",
    "Planes",
    "PrismStack",
    "Slices",
    "Surroundings",
    "TiltedPlanes",
    "cell_cc",
    "common_spacing_mm",
    "grid_frame",
    "heights_of",
    "in_grid",
    "minus",
    "prism_cc",
    "prism_stack",
    "refinement_for",
    "slab_axis_of",
    "slices_of",
    "spacing_findings",
    "union",
    "volume_elements",
    "voxel_stack",
    "with_area",
]

"""Structure x dose grid -> volume elements: exact volumes, dose, and bounds on both."""

from sbrtcheck.geometry.between import interpolated
from sbrtcheck.geometry.beyond import MaxDoseAtDistance, max_dose_at_distance
from sbrtcheck.geometry.boolean import minus, union
from sbrtcheck.geometry.cells import Isodose
from sbrtcheck.geometry.crossing import Crossed, crossed
from sbrtcheck.geometry.cubic import with_cubic_dose
from sbrtcheck.geometry.elements import (
    MAX_REFINEMENT,
    Elements,
    Float32,
    cell_cc,
    elements,
    prism_cc,
    refinement_for,
    slices_of,
)
from sbrtcheck.geometry.isodose import NARROW_SHARE, IsodoseVolume, isodose_volume
from sbrtcheck.geometry.parts import parts_of
from sbrtcheck.geometry.planes import Conventions, Surroundings, heights_of
from sbrtcheck.geometry.prisms import GridFrame, PrismStack, grid_frame, in_grid, prism_stack, slab_axis_of, with_area
from sbrtcheck.geometry.slabs import Slices

__all__ = [
    "MAX_REFINEMENT",
    "NARROW_SHARE",
    "Conventions",
    "Crossed",
    "Elements",
    "Float32",
    "GridFrame",
    "Isodose",
    "IsodoseVolume",
    "MaxDoseAtDistance",
    "PrismStack",
    "Slices",
    "Surroundings",
    "cell_cc",
    "crossed",
    "elements",
    "grid_frame",
    "heights_of",
    "in_grid",
    "interpolated",
    "isodose_volume",
    "max_dose_at_distance",
    "minus",
    "parts_of",
    "prism_cc",
    "prism_stack",
    "refinement_for",
    "slab_axis_of",
    "slices_of",
    "union",
    "with_area",
    "with_cubic_dose",
]

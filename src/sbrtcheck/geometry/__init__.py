"""Structure x dose grid -> volume elements: exact volumes, dose, and bounds on both."""

from sbrtcheck.geometry.between import interpolated
from sbrtcheck.geometry.boolean import minus, union
from sbrtcheck.geometry.cubic import with_cubic_dose
from sbrtcheck.geometry.elements import MAX_REFINEMENT, Elements, cell_cc, elements, refinement_for, slices_of
from sbrtcheck.geometry.planes import Conventions
from sbrtcheck.geometry.prisms import (
    GridFrame,
    PrismStack,
    grid_frame,
    in_grid,
    prism_stack,
    slab_axis_of,
    with_area,
)

__all__ = [
    "MAX_REFINEMENT",
    "Conventions",
    "Elements",
    "GridFrame",
    "PrismStack",
    "cell_cc",
    "elements",
    "grid_frame",
    "in_grid",
    "interpolated",
    "minus",
    "prism_stack",
    "refinement_for",
    "slab_axis_of",
    "slices_of",
    "union",
    "with_area",
    "with_cubic_dose",
]

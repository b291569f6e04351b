"""Structure x dose grid -> volume elements: exact volumes, dose, and bounds on both."""

from sbrtcheck.geometry.boolean import minus, union
from sbrtcheck.geometry.elements import Elements, elements, refinement_for, slices_of
from sbrtcheck.geometry.prisms import (
    Conventions,
    GridFrame,
    PrismStack,
    grid_frame,
    prism_stack,
    slab_axis_of,
    with_area,
)

__all__ = [
    "Conventions",
    "Elements",
    "GridFrame",
    "PrismStack",
    "elements",
    "grid_frame",
    "minus",
    "prism_stack",
    "refinement_for",
    "slab_axis_of",
    "slices_of",
    "union",
    "with_area",
]

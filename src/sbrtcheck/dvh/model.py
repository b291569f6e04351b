"""How contours and dose grid are interpreted: the conventions that a computed DVH holds for.

Contours are curves on planes, and a dose grid is a set of points; a volume and the dose in it need three conventions
more. Planning systems differ in them, and the difference is part of what a DVH is uncertain by (Drzymala et al. 1991,
Int J Radiat Oncol Biol Phys 21:71, on contours, voxels and bins of a DVH)::

       side view of one structure, contours at planes 1 to 3

       end caps           half-slice       capped           none
                           _____            _____
       plane 3  -----     |_____| half     |_____| 1.5 mm   _____
                          |     | a slice  |     | at most |     |
       plane 2  -----     |     |          |     |         |     |
                          |     |          |     |         |     |
       plane 1  -----     |_____| half     |_____| 1.5 mm  |_____|
                          |_____|          |_____|

Between the planes, `Between.SLAB` makes each contour a prism to half way to its neighbours, and `Between.INTERPOLATED`
makes a shape that changes from one contour to the next. Between grid points, dose is trilinear, or runs along cubic
splines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EndCaps(StrEnum):
    """What lies outside the first and last contour plane of a part."""

    HALF_SLICE = "half-slice"
    NONE = "none"
    CAPPED = "capped"


class Between(StrEnum):
    """What a structure looks like between its contour planes."""

    SLAB = "slab"
    INTERPOLATED = "interpolated"


class Interpolation(StrEnum):
    """What the dose is between grid points."""

    TRILINEAR = "trilinear"
    CUBIC = "cubic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """How contours and dose grid are interpreted."""

    end_caps: EndCaps = EndCaps.HALF_SLICE
    between: Between = Between.SLAB
    dose: Interpolation = Interpolation.TRILINEAR

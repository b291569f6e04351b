"""How curves are told apart when drawn: colours that colour-blind people can tell apart, dashes, and thick targets."""

from __future__ import annotations

from dataclasses import dataclass

# Paul Tol, "Colour schemes" (SRON/EPS/TN/09-002), the scheme "bright": seven, readable on light and dark ground.
_COLOURS = ("#4477AA", "#EE6677", "#228833", "#AA3377", "#CCBB44", "#66CCEE", "#BBBBBB")
# Lengths drawn and left out, in widths of the line. Seven and four have no common divisor: 28 looks before one repeats.
_DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (2, 2), (6, 2, 1, 2))

THICKER = 1.75
"""Times the width of other lines: the width of a target's, in every chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colour (``#RRGGBB``) and dashes (lengths drawn and left out, in widths; none: a whole line) of one curve.

    ``thickness`` is the width in widths of other lines: that of a target is drawn thicker.
    """

    colour: str
    dashes: tuple[float, ...]
    thickness: float = 1.0


def look(number: int, *, is_target: bool = False) -> Look:
    """The look of a curve, by its place counted from 0."""
    return Look(
        colour=_COLOURS[number % len(_COLOURS)],
        dashes=_DASHES[number % len(_DASHES)],
        thickness=THICKER if is_target else 1.0,
    )

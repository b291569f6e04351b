"""How curves are told apart when drawn: colours that colour-blind people can tell apart, and dashes."""

from __future__ import annotations

from dataclasses import dataclass

# Paul Tol, "Colour schemes" (SRON/EPS/TN/09-002), the scheme "bright": seven, readable on light and dark ground.
_COLOURS = ("#4477AA", "#EE6677", "#228833", "#AA3377", "#CCBB44", "#66CCEE", "#BBBBBB")
# Lengths drawn and left out, in widths of the line. Seven and four have no common divisor: 28 looks before one repeats.
_DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (2, 2), (6, 2, 1, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colour (``#RRGGBB``) and dashes (lengths drawn and left out, in widths; none: a whole line) of one curve."""

    colour: str
    dashes: tuple[float, ...]


def look(number: int) -> Look:
    """The look of a curve, by its place counted from 0."""
    return Look(colour=_COLOURS[number % len(_COLOURS)], dashes=_DASHES[number % len(_DASHES)])

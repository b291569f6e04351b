"""Place of a structure in its plan -> colour, dashes and marker of its curve, the same in every chart.

The place is that in the whole plan, whatever part of it a chart shows: a structure looks the same on the page, on
paper, in a notebook and in a plot.
"""

from __future__ import annotations

from dataclasses import dataclass

COLOURS = ("#005aff", "#d20f0f", "#ff4ba5", "#c3873c", "#a53cb4", "#1e785a", "#5a96e1")
"""Seven of middle lightness: one set that can be seen on white paper and on the dark ground of a screen alike.

Each has a contrast of 3 or more with white and with #1e1e1e (WCAG 2.2, criterion 1.4.11, for graphics). Among those
that have, they were chosen to be as far apart as seven can be (in OKLab) for normal sight and under full protanopia,
deuteranopia and tritanopia, as Machado et al. 2009 (IEEE TVCG 15:1291) simulate them.
"""

DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (2, 2), (6, 2, 1, 2))
"""Lengths drawn and left out, in widths of the line; none: a line without gaps."""

MARKERS = 5
"""Shapes along a curve, where a chart has them. Seven, four and five have no common divisor: 140 styles in all."""

THICKER = 1.75
"""Width of a target's line, in widths of other lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStyle:
    """What the curve of one structure looks like.

    Parameters
    ----------
    colour
        ``#rrggbb``.
    dashes
        Lengths drawn and left out, in widths of the line; none: a line without gaps.
    marker
        Number of the shape along the curve, from 0.
    is_target
        Whether it is the curve of a target, which is drawn thicker.
    """

    colour: str
    dashes: tuple[float, ...]
    marker: int
    is_target: bool

    def width(self, normal: float) -> float:
        """Width of the line, where other lines are ``normal`` wide."""
        return normal * THICKER if self.is_target else normal

    def dash_lengths(self, normal: float) -> list[float]:
        """Lengths drawn and left out, in the unit of ``normal``, the width of other lines."""
        return [self.width(normal) * length for length in self.dashes]


def line_style(place: int, *, is_target: bool = False) -> LineStyle:
    """The style of the structure at a place of its plan, counted from 0."""
    return LineStyle(
        colour=COLOURS[place % len(COLOURS)],
        dashes=DASHES[place % len(DASHES)],
        marker=place % MARKERS,
        is_target=is_target,
    )

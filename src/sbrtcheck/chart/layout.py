"""Doses and volumes of a chart -> places on a drawing; round numbers at its axes; as few points as a line needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sbrtcheck.chart.values import Chart, Line
from sbrtcheck.plan import FloatArray

TICKS = 10
"""Numbers at an axis, beside 0."""

TOLERANCE = 0.1
"""Of a pixel, or of a printer's point: a line may leave out points that lie closer to it than that."""


def ticks(top: float) -> list[float]:
    """Round numbers from 0 to ``top``, at most `TICKS` of them beside 0."""
    if not top > 0:
        return [0.0]
    power = 10.0 ** math.floor(math.log10(top / TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if top / (power * factor) <= TICKS)
    return [n * step for n in range(int(top / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where the axes of a chart are on a drawing, whichever way its y goes.

    ``left``, ``right``, ``top`` and ``bottom`` are the ends of the axes, in pixels or printer's points.
    """

    left: float
    right: float
    top: float
    bottom: float
    top_gy: float
    top_volume: float

    def x(self, dose_gy: float) -> float:
        """Where a dose is."""
        return self.left + dose_gy / self.top_gy * (self.right - self.left)

    def y(self, volume: float) -> float:
        """Where a volume is."""
        return self.bottom + volume / self.top_volume * (self.top - self.bottom)

    def places(self, line: Line) -> FloatArray:
        """Where the corners of a line are, without those that it does not need; shape ``(n, 2)``."""
        x = self.left + line.dose_gy / self.top_gy * (self.right - self.left)
        y = self.bottom + line.volume / self.top_volume * (self.top - self.bottom)
        return thinned(np.column_stack([x, y]))


def frame_of(chart: Chart, *, left: float, right: float, top: float, bottom: float) -> Frame:
    """The frame of a chart between these ends of its axes."""
    return Frame(left=left, right=right, top=top, bottom=bottom, top_gy=chart.top_gy, top_volume=chart.top_volume)


def thinned(points: FloatArray) -> FloatArray:
    """The points that a line through them needs, by the algorithm of Ramer, Douglas and Peucker."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    pieces = [(0, len(points) - 1)]
    while pieces:
        first, last = pieces.pop()
        if last - first < 2:
            continue
        along = points[last] - points[first]
        away = points[first + 1 : last] - points[first]
        off = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / max(float(np.hypot(*along)), 1e-9)
        furthest = int(np.argmax(off))
        if off[furthest] > TOLERANCE:
            middle = first + 1 + furthest
            keep[middle] = True
            pieces += [(first, middle), (middle, last)]
    return points[keep]

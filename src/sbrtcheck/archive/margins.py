"""How far the values of a row lie inside its limit, over all plans: a few numbers and a histogram."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np

from sbrtcheck.plan import FloatArray
from sbrtcheck.results import rounded

BINS = 24
"""Bins of a histogram of margins, at most."""

_ALIKE, _TINY = 1e-9, 1e-200
"""Margins whose difference is such a share of them, or so small, stand in one bin: numbers in a table have 6 digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """How far inside the limit the values of a row lie, in its unit; below 0 is beyond.

    ``edges`` and ``numbers`` are a histogram: ``numbers[i]`` of the margins lie from ``edges[i]`` on and below the next
    edge, the largest in the last bin. Where margins lie on both sides, 0 is an edge.
    """

    number: int
    smallest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    largest: float
    edges: tuple[float, ...]
    numbers: tuple[int, ...]


def margins_of(margins: array[float]) -> Margins:
    """Of at least one margin."""
    values = np.frombuffer(margins, dtype=np.float64)
    smallest, lower, median, upper, largest = np.percentile(values, (0, 25, 50, 75, 100)).tolist()
    edges = _edges(smallest, largest)
    numbers, _ = np.histogram(values, edges)
    return Margins(
        number=len(values),
        smallest=smallest,
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        largest=largest,
        edges=tuple(edges.tolist()),
        numbers=tuple(numbers.tolist()),
    )


def _edges(smallest: float, largest: float) -> FloatArray:
    """Edges of even bins of a round width, from below the smallest to above the largest; 0 is one where it is between.

    The width is 1, 2 or 5 times a power of ten.
    """
    span, scale = largest - smallest, max(abs(smallest), abs(largest))
    if span <= _ALIKE * scale or span < _TINY:
        end = max(largest, smallest + max(scale, 1.0) * 1e-6)
        return np.array([smallest, 0.0, end] if smallest < 0.0 < largest else [smallest, end])
    power = 10.0 ** np.floor(np.log10(span / BINS))
    width = next(power * step for step in (1, 2, 5, 10, 20) if np.ceil(span / (power * step)) + 1 <= BINS)
    first, last = np.floor(smallest / width), np.floor(largest / width) + 1
    edges: FloatArray = np.arange(first, last + 1) * width
    edges[[0, -1]] = min(edges[0], smallest), max(edges[-1], largest)  # whatever the rounding of the others
    return edges


def margins_dict(margins: Margins) -> dict[str, Any]:
    """As JSON-ready values, numbers to 6 significant digits."""
    return {
        "number": margins.number,
        "smallest": rounded(margins.smallest),
        "lower_quartile": rounded(margins.lower_quartile),
        "median": rounded(margins.median),
        "upper_quartile": rounded(margins.upper_quartile),
        "largest": rounded(margins.largest),
        "edges": list(map(rounded, margins.edges)),
        "numbers": list(margins.numbers),
    }

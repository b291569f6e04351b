"""Points with names in -> error against time as SVG out, the same bytes for the same numbers.

A point is on the front when no other is both faster and closer; a line joins those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from math import ceil, floor, log10

WIDTH, LEFT, TOP, PANEL = 760, 64, 34, 360
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#a05020", "#000000")
"""Told apart also by people who see few colours (after Okabe and Ito)."""

SHAPES = (
    "M-4,-4h8v8h-8z",
    "M0,-5L5,4L-5,4z",
    "M0,-5L5,0L0,5L-5,0z",
    "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0z",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A method in a group (a panel of the picture): how long it takes, and how far off it is; both above 0."""

    group: str
    name: str
    time: float
    error: float


def front(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats in both, fastest first."""
    rest = sorted(points, key=lambda p: (p.time, p.error))
    return [p for i, p in enumerate(rest) if all(p.error < q.error for q in rest[:i])]


def svg(points: Sequence[Point], *, title: str, x_label: str, y_label: str) -> str:
    """A panel for each group, side by side with the same axes, and one legend below."""
    groups = {group: list(of) for group, of in groupby(points, key=lambda p: p.group)}
    names = list(dict.fromkeys(p.name for p in points))
    x_range, y_range = (_decades([getattr(p, what) for p in points]) for what in ("time", "error"))
    across = (WIDTH - 2 * LEFT) // len(groups)
    high = TOP + PANEL + 60 + 18 * ceil(len(names) / 2)
    frame = f'viewBox="0 0 {WIDTH} {high}" role="img" font-family="sans-serif" font-size="11"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {frame}><title>{escape(title)}</title>']
    parts.append(f'<rect width="{WIDTH}" height="{high}" fill="#fff"/>')
    for number, (group, mine) in enumerate(groups.items()):
        box = _Box(left=LEFT + number * (across + 16), width=across - 16, x=x_range, y=y_range)
        parts += box.frame(group, labels=number == 0)
        line = " ".join(f"{box.at(p)[0]:.1f},{box.at(p)[1]:.1f}" for p in front(mine))
        parts.append(f'<polyline points="{line}" fill="none" stroke="#999" stroke-dasharray="4 3"/>')
        parts += [_mark(*box.at(p), names.index(p.name), f"{p.name}: {p.time:.3g} ms, {p.error:.3g}") for p in mine]
    parts.append(f'<text x="{WIDTH / 2}" y="{TOP + PANEL + 36}" text-anchor="middle">{escape(x_label)}</text>')
    middle = TOP + PANEL / 2
    parts.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>')
    for i, name in enumerate(names):
        x, y = LEFT + (i % 2) * (WIDTH - LEFT) / 2, TOP + PANEL + 62 + 18 * (i // 2)
        parts.append(_mark(x, y - 4, i, "") + f'<text x="{x + 12:.1f}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def _mark(x: float, y: float, number: int, title: str) -> str:
    colour, shape = COLOURS[number % len(COLOURS)], SHAPES[number % len(SHAPES)]
    said = f"<title>{escape(title)}</title>" if title else ""
    return f'<path transform="translate({x:.1f} {y:.1f})" d="{shape}" fill="{colour}" fill-opacity="0.85">{said}</path>'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """Where a panel lies, and the decades along its axes."""

    left: float
    width: float
    x: tuple[int, int]
    y: tuple[int, int]

    def at(self, point: Point) -> tuple[float, float]:
        return self._x(log10(point.time)), self._y(log10(point.error))

    def _x(self, decade: float) -> float:
        return self.left + (decade - self.x[0]) / (self.x[1] - self.x[0]) * self.width

    def _y(self, decade: float) -> float:
        return TOP + PANEL - (decade - self.y[0]) / (self.y[1] - self.y[0]) * PANEL

    def frame(self, group: str, *, labels: bool) -> list[str]:
        """Border, a line a decade, and what they are."""
        made = [
            f'<text x="{self.left + self.width / 2:.1f}" y="{TOP - 10}" text-anchor="middle">{escape(group)}</text>'
        ]
        grid = 'stroke="#ddd"'
        for decade in range(self.x[0], self.x[1] + 1):
            x = self._x(decade)
            made.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{TOP + PANEL}" {grid}/>')
            made.append(f'<text x="{x:.1f}" y="{TOP + PANEL + 16}" text-anchor="middle">{10.0**decade:g}</text>')
        for decade in range(self.y[0], self.y[1] + 1):
            y = self._y(decade)
            made.append(
                f'<line x1="{self.left:.1f}" y1="{y:.1f}" x2="{self.left + self.width:.1f}" y2="{y:.1f}" {grid}/>'
            )
            if labels:
                made.append(f'<text x="{self.left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**decade:g}</text>')
        return made

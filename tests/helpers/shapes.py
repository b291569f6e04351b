"""Contours of every awkward kind, drawn at random: what `exact` and the code under test are both given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from solids import Array

Plane = list[Array]
"""The contours of one plane, ``(n, 2)`` each."""

Draw = Callable[[np.random.Generator], Plane]


def outline(rng: np.random.Generator, *, reach: float = 11.0, turns: int = 1) -> Array:
    """A star polygon about its middle; with two turns it crosses itself."""
    corners = int(rng.integers(5, 14))
    angle = (np.arange(corners) + rng.uniform(0.05, 0.95, corners)) * (2 * np.pi * turns / corners)
    radius = rng.uniform(0.3, 1.0, corners) * reach
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def turned(rng: np.random.Generator, loop: Array) -> Array:
    """The same loop from another corner on, and maybe the other way round."""
    return np.roll(loop[:: rng.choice([1, -1])], int(rng.integers(len(loop))), axis=0)


def simple(rng: np.random.Generator) -> Plane:
    return [outline(rng)]


def nested(rng: np.random.Generator) -> Plane:
    """Two to four loops, each inside the one before: hole, island, hole in the island."""
    outer = outline(rng)
    return [turned(rng, outer * share) for share in (1.0, 0.75, 0.5, 0.2)[: int(rng.integers(2, 5))]]


def keyhole(rng: np.random.Generator) -> Plane:
    """A ring drawn as one curve: in over a bridge, round, and back over it."""
    outer = outline(rng)
    inner = 0.4 * outer
    return [turned(rng, np.concatenate([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]]))]


def touching(rng: np.random.Generator) -> Plane:
    """One curve of two lobes that meet in a corner which it passes twice."""
    one, other = outline(rng, reach=5.0), outline(rng, reach=5.0)
    here, there = int(np.argmax(one[:, 0])), int(np.argmin(other[:, 0]))
    one, other = np.roll(one - one[here], -here, axis=0), np.roll(other - other[there], -there, axis=0)
    return [turned(rng, np.concatenate([one, other[:: rng.choice([1, -1])] if len(other) % 2 else other]))]


def pieces(rng: np.random.Generator) -> Plane:
    """Two or three loops anywhere: apart, one in another, or overlapping."""
    return [outline(rng, reach=6.0) + rng.uniform(-6, 6, 2) for _ in range(int(rng.integers(2, 4)))]


def crossing(rng: np.random.Generator) -> Plane:
    return [outline(rng, turns=2)]


def spiked(rng: np.random.Generator) -> Plane:
    """A loop with lines that go out and back, points on its edges, and points drawn twice."""
    corners = []
    for a, b in zip(loop := outline(rng, reach=8.0), np.roll(loop, -1, axis=0), strict=True):
        corners.append(a)
        corners += {0: [a * 1.5, a], 1: [a], 2: [(a + b) / 2], 3: [(a + b) / 2, (a + b) / 2]}[int(rng.integers(4))]
    return [np.array(corners)]


KINDS: dict[str, Draw] = {f.__name__: f for f in (simple, nested, keyhole, touching, pieces, crossing, spiked)}

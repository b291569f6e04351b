"""Number -> the number as it is written for programs."""

from __future__ import annotations


def rounded(number: float | None) -> float | None:
    """6 significant digits: more than any dose calculation has, few enough to be the same on every machine."""
    return None if number is None else float(f"{number:.6g}") + 0.0  # + 0.0 turns -0.0 into 0.0

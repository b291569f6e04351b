"""What matching may look at of one structure: its name above all, which may be that of another one too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_BY_NUMBER = re.compile(r"roi +0*(\d{1,9})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiName:
    """What matching may look at of one structure."""

    name: str
    number: int
    kind: str = ""
    codes: tuple[str, ...] = ()
    contoured: bool = True  # it has a contour, damaged or not, that could enclose something

    @classmethod
    def named(cls, name: str) -> RoiName:
        """A structure of which nothing but its name is known."""
        return cls(name=name, number=0)


def structures_named(given: str, rois: Sequence[RoiName]) -> list[RoiName]:
    """Structures that the user's text names: those called so, else the one of the number in ``ROI 6``."""
    same_name = [r for r in rois if r.name == given]
    number = _BY_NUMBER.fullmatch(given.strip())
    return same_name if same_name or not number else [r for r in rois if r.number == int(number[1])]


def labels(rois: Iterable[RoiName], among: Iterable[RoiName]) -> tuple[str, ...]:
    """Names, with the ROI number where a name alone would not tell them apart from others."""
    ordered = sorted(rois, key=roi_order)
    if not ordered:
        return ()
    count = Counter(r.name for r in among)
    return tuple(r.name if count[r.name] == 1 else f"{r.name} (ROI {r.number})" for r in ordered)


def roi_order(roi: RoiName) -> tuple[str, int]:
    """By name, then by number: what structures are sorted by, so that the order in a file does not matter."""
    return roi.name, roi.number

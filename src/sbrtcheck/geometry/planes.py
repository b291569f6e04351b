"""Heights of contours -> planes, slabs around them, end caps under each convention."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from sbrtcheck.geometry.outline import BoolArray, median
from sbrtcheck.plan import Finding, FindingCode, FloatArray, IntArray

PLANE_TOLERANCE_MM = 0.01
"""Contours closer than this along the slab axis lie in one plane: DICOM text often has three decimals."""

PLANE_TOLERANCE_SHARE = 0.1
"""Planes closer than this share of the spacing are one plane, whose contours were not written at the same height."""

BREAK_FACTOR = 1.5
"""A gap larger than this times the usual plane spacing separates two parts of a structure."""

SPARSE_MM = 10.0
"""Planes usually further apart than this make a reader ask whether contours are missing."""

STEADY_RUN = 3
"""So many equal gaps in a row are a spacing of their own, as where every third slice was drawn, and no breaks."""

CAP_LIMIT_MM = 1.5
"""Thickest end cap under the ``capped`` convention."""


class Conventions(IntFlag):
    """The end-cap conventions under which a piece of a structure exists."""

    HALF_SLICE = 1
    CAPPED = 2
    NONE = 4
    ALL = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Planes:
    """The contour planes of a structure, rising: height from the grid's first point, and number of loops in each."""

    height_mm: FloatArray
    loops: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Slabs:
    """Bottom and top of the slab around each plane, and whether each is an end of the structure or of a part of it."""

    low_mm: FloatArray
    high_mm: FloatArray
    low_end: BoolArray
    high_end: BoolArray


def clustered(name: str, height_mm: FloatArray) -> tuple[IntArray, IntArray, FloatArray, tuple[Finding, ...]]:
    """Contours in rising order, the plane of each, the planes' heights, and what was noticed."""
    order = np.argsort(height_mm, kind="stable")
    rising = height_mm[order]
    gaps = np.diff(rising)
    apart = gaps[gaps > PLANE_TOLERANCE_MM]
    tolerance = max(PLANE_TOLERANCE_MM, PLANE_TOLERANCE_SHARE * _usual(apart)) if len(apart) else PLANE_TOLERANCE_MM
    new_plane = np.concatenate([[True], gaps > tolerance])
    layer = np.cumsum(new_plane) - 1
    planes = np.bincount(layer, weights=rising) / np.bincount(layer)
    merged = gaps[(gaps > PLANE_TOLERANCE_MM) & (gaps <= tolerance)]
    if len(merged) == 0:
        return order, layer, planes, ()
    text = f"contours up to {merged.max():.2g} mm apart were taken as one plane, {len(merged)} time(s)"
    return order, layer, planes, (Finding(code=FindingCode.PLANES_MERGED, text=text, subject=name),)


def _usual(gaps_mm: FloatArray) -> float:
    """The gap that half of the structure's length has at most: small slips between contours do not count for much."""
    rising = np.sort(gaps_mm)
    along = np.cumsum(rising)
    return float(rising[np.searchsorted(along, along[-1] / 2)])


def slabs(name: str, planes_mm: FloatArray, dose_spacing_mm: float) -> tuple[Slabs, tuple[Finding, ...]]:
    """Slabs reaching half way to the neighbouring planes, half a gap beyond an end, not across a break."""
    gaps = np.diff(planes_mm)
    findings: list[Finding] = []
    broken = _breaks(gaps)
    whole = gaps[~broken]
    usual = median(whole) if len(whole) else dose_spacing_mm
    if len(whole) == 0:
        text = f"single contour plane(s) only: each taken as {usual:g} mm thick, the spacing of the dose planes"
        findings.append(Finding(code=FindingCode.TOO_FEW_PLANES, text=text, subject=name))
    elif usual > SPARSE_MM:
        text = f"{len(planes_mm)} contour planes, {usual:.1f} mm apart, were bridged: are contours missing?"
        findings.append(Finding(code=FindingCode.TOO_FEW_PLANES, text=text, subject=name))
    if broken.any():
        widest = f"up to {gaps.max():.1f} mm where {usual:.1f} mm is usual"
        text = f"{int(broken.sum())} gap(s) between contour planes, {widest}: not bridged"
        findings.append(Finding(code=FindingCode.PLANE_GAP, text=text, subject=name))
    end = np.array([True])
    low_end, high_end = np.concatenate([end, broken]), np.concatenate([broken, end])
    half_below = np.concatenate([[np.nan], gaps / 2])
    half_above = np.concatenate([gaps / 2, [np.nan]])
    half_below[low_end] = np.where(high_end, usual / 2, half_above)[low_end]
    half_above[high_end] = np.where(low_end, usual / 2, half_below)[high_end]
    made = Slabs(low_mm=planes_mm - half_below, high_mm=planes_mm + half_above, low_end=low_end, high_end=high_end)
    return made, tuple(findings)


def _breaks(gaps: FloatArray) -> BoolArray:
    """Which gaps separate parts: much larger than usual, and not one of a steady run of such."""
    if len(gaps) == 0:
        return np.zeros(0, dtype=bool)
    wide = gaps > BREAK_FACTOR * median(gaps) + PLANE_TOLERANCE_MM
    change = np.abs(np.diff(gaps)) > PLANE_TOLERANCE_SHARE * np.minimum(gaps[1:], gaps[:-1])
    run = np.concatenate([[0], np.cumsum(change)])
    steady = np.bincount(run)[run] >= STEADY_RUN
    return np.asarray(wide & ~steady)


def with_caps(planes_mm: FloatArray, slab: Slabs) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
    """Slabs cut at end planes, so that each piece belongs to whole conventions: layer, bottom, top, conventions."""
    layer = np.arange(len(planes_mm))
    low, high, low_end, high_end = slab.low_mm, slab.high_mm, slab.low_end, slab.high_end
    cap_low = np.maximum(low, planes_mm - CAP_LIMIT_MM)
    cap_high = np.minimum(high, planes_mm + CAP_LIMIT_MM)
    both = Conventions.HALF_SLICE | Conventions.CAPPED
    pieces = [
        (layer, np.where(low_end, planes_mm, low), np.where(high_end, planes_mm, high), Conventions.ALL),
        (layer[low_end], cap_low[low_end], planes_mm[low_end], both),
        (layer[high_end], planes_mm[high_end], cap_high[high_end], both),
        (layer[low_end], low[low_end], cap_low[low_end], Conventions.HALF_SLICE),
        (layer[high_end], cap_high[high_end], high[high_end], Conventions.HALF_SLICE),
    ]
    layers, bottoms, tops = (np.concatenate([piece[i] for piece in pieces]) for i in range(3))
    flags = np.concatenate([np.full(len(piece[0]), int(piece[3])) for piece in pieces])
    real = tops > bottoms
    return layers[real], bottoms[real], tops[real], flags[real]

"""Heights of contours -> the planes of a structure, the slab around each plane, and the end caps by each convention.

Each plane stands for a slab that reaches half way to its neighbours. What lies beyond an end plane is a convention, so
the slab of an end plane is cut at the plane, and each piece knows under which conventions it exists::

      w                          half-slice   capped   none
      |   .............             .           .         .     half the usual spacing beyond the plane
      |   .           .             x           .         .
      |   .-----------.  1.5 mm     x           .         .     thickest end cap of "capped"
      |   .           .             x           x         .
      |   =============  end plane  x           x         x
      |   |           |             x           x         x
      |   |-----------|  half way   x           x         x
      |   |           |             x           x         x
      |   =============  plane      x           x         x

So a structure needs to be sampled once for all three conventions: a DVH under one is the sum of the pieces that exist
under it.

A wide gap between planes is bridged or makes two ends. That rests on what the gaps of a structure look like, and where
this does not decide, on the other structures: a gap with planes of others at both its ends and none between is a step
of the images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from sbrtcheck.geometry.arrays import BoolArray, median
from sbrtcheck.plan import Finding, FindingCode, FloatArray, IntArray

PLANE_TOLERANCE_MM = 0.01
"""Heights closer than this are one height: DICOM text often has three decimals."""

SLIP_MM = 0.05
"""Contours closer than this along the slab axis lie in one plane, even where there are no others: no images are."""

PLANE_TOLERANCE_SHARE = 0.1
"""Planes closer than this share of the spacing are one plane, whose contours were not written at the same height."""

MOST_SLIP_MM = 0.45
"""But not where they are further apart than this: no images of a body are closer, whatever lies between two parts."""

BREAK_FACTOR = 1.5
"""A gap larger than this times the usual plane spacing is a wide one: planes are missing, or two parts end there."""

ONE_MISSING = 2.2
"""A gap up to this times the usual spacing has one plane missing, and is bridged."""

EXPLAINED_FACTOR = 3.3
"""A gap up to this times the usual spacing, or up to `SPARSE_MM`, may be a step of the images, if the file says so."""

SAME_PLACE = 0.5
"""Outlines on both sides of a gap that share this of the smaller one's area belong to one part of an organ."""

SPARSE_MM = 10.0
"""Planes usually further apart than this make a reader ask whether contours are missing."""

STEADY_RUN = 3
"""So many equal gaps in a row are a spacing of their own, as where every third slice was contoured, and no breaks."""

STEADY_FACTOR = 4.0
"""But not where they are more than so many times the usual one: then planes are missing, however evenly."""

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
class PlaneSlabs:
    """Bottom and top of the slab around each plane, and whether each is an end of the structure or of a part of it."""

    low_mm: FloatArray
    high_mm: FloatArray
    low_end: BoolArray
    high_end: BoolArray


def heights_of(height_mm: FloatArray) -> FloatArray:
    """The heights at which there are contours, rising; those of one plane as one."""
    rising = np.sort(height_mm)
    return rising[np.diff(rising, prepend=-np.inf) > SLIP_MM]


def merged_planes(name: str, height_mm: FloatArray) -> tuple[IntArray, IntArray, FloatArray, tuple[Finding, ...]]:
    """Contours in rising order, the plane of each, the planes' heights, and what was noticed."""
    order = np.argsort(height_mm, kind="stable")
    rising = height_mm[order]
    gaps = np.diff(rising)
    apart = gaps[gaps > PLANE_TOLERANCE_MM]
    # two parts far apart have a gap that is longer than both, and no spacing
    slip = min(PLANE_TOLERANCE_SHARE * usual_gap(apart), MOST_SLIP_MM) if len(apart) else SLIP_MM
    tolerance = max(SLIP_MM, slip)
    new_plane = np.concatenate([[True], gaps > tolerance])
    layer = np.cumsum(new_plane) - 1
    planes = np.bincount(layer, weights=rising) / np.bincount(layer)
    merged = gaps[(gaps > PLANE_TOLERANCE_MM) & (gaps <= tolerance)]
    if len(merged) == 0:
        return order, layer, planes, ()
    text = f"contours up to {merged.max():.2g} mm apart were merged into one plane, {len(merged)} time(s)"
    return order, layer, planes, (Finding(code=FindingCode.PLANES_MERGED, text=text, subject=name),)


def usual_gap(gaps_mm: FloatArray) -> float:
    """The gap that half of the structure's length has at most: small slips between contours do not count for much."""
    rising = np.sort(gaps_mm)
    along = np.cumsum(rising)  # median by length, not by number
    return float(rising[np.searchsorted(along, along[-1] / 2)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a file says of a structure's planes besides the planes.

    ``slab_mm``: thickness that it states for a contour. ``others``: the heights of the planes of each other structure,
    rising, in the frame of this one; asked for only where they decide something, for all contours have to be read.
    """

    slab_mm: float | None = None
    others: Callable[[], Sequence[FloatArray]] = tuple


NOTHING_KNOWN = Surroundings()
"""Of a structure alone."""


def slabs_around(
    name: str,
    planes_mm: FloatArray,
    dose_spacing_mm: float,
    around: Surroundings,
    shared: Callable[[int], float],
) -> tuple[PlaneSlabs, tuple[Finding, ...]]:
    """Slabs reaching half way to the neighbouring planes, half a gap beyond an end, not across a break.

    ``shared(k)`` is the area that the outlines of planes ``k`` and ``k + 1`` share, as a share of the smaller one.
    """
    gaps = np.diff(planes_mm)
    # step: the spacing that each gap stands for, which is not the gap where a plane is missing in it
    broken, step, findings = _breaks(name, planes_mm, dose_spacing_mm, around, shared)
    whole = gaps[~broken]
    if len(whole):
        usual = median(whole)
        findings += _spacing_findings(name, len(planes_mm), usual, around.slab_mm)
    else:
        usual, of_single = _single(name, dose_spacing_mm, around)
        findings += of_single
    end = np.array([True])
    low_end, high_end = np.concatenate([end, broken]), np.concatenate([broken, end])
    half_below = np.concatenate([[np.nan], gaps / 2])
    half_above = np.concatenate([gaps / 2, [np.nan]])
    next_step = np.concatenate([step, [np.nan]]) / 2, np.concatenate([[np.nan], step]) / 2
    # an end cap is as thick as the half gap on the other side of its plane; a plane that is both ends, as is usual
    half_below[low_end] = np.where(high_end, usual / 2, next_step[0])[low_end]
    half_above[high_end] = np.where(low_end, usual / 2, next_step[1])[high_end]
    around_planes = PlaneSlabs(
        low_mm=planes_mm - half_below, high_mm=planes_mm + half_above, low_end=low_end, high_end=high_end
    )
    return around_planes, tuple(findings)


def _spacing_findings(name: str, planes: int, usual_mm: float, slab_mm: float | None) -> list[Finding]:
    """What is odd about the spacing of a structure's planes."""
    findings = []
    if usual_mm > SPARSE_MM:
        text = f"{planes} contour planes, {usual_mm:.1f} mm apart, were bridged: are contours missing?"
        findings.append(Finding(code=FindingCode.TOO_FEW_PLANES, text=text, subject=name))
    if slab_mm is not None and abs(slab_mm - usual_mm) > PLANE_TOLERANCE_SHARE * usual_mm:
        text = (
            f"the file states contours {slab_mm:g} mm thick; its planes are {usual_mm:g} mm apart: the spacing was used"
        )
        findings.append(Finding(code=FindingCode.SLAB_THICKNESS, text=text, subject=name))
    return findings


def _single(name: str, dose_spacing_mm: float, around: Surroundings) -> tuple[float, list[Finding]]:
    """How thick planes are that have no neighbours, and what is to be said of them."""
    others = [heights for heights in around.others() if len(heights) > 1]
    thick_mm, source, findings = dose_spacing_mm, "the spacing of the dose planes", []
    if around.slab_mm is not None:
        thick_mm, source = around.slab_mm, "as the file states"
        text = f"contours treated as {thick_mm:g} mm thick, {source}"
        findings.append(Finding(code=FindingCode.SLAB_THICKNESS, text=text, subject=name))
    elif others:
        thick_mm, source = _commonest(np.concatenate([np.diff(heights) for heights in others])), "as most others are"
    text = f"single contour plane(s) only: each treated as {thick_mm:g} mm thick, {source}"
    findings.append(Finding(code=FindingCode.TOO_FEW_PLANES, text=text, subject=name))
    if others:
        text = "contours on single planes only, where other structures have several in a row: is it complete?"
        findings.append(Finding(code=FindingCode.CONTOURS_INCOMPLETE, text=text, subject=name))
    return thick_mm, findings


def _commonest(gaps_mm: FloatArray) -> float:
    """The commonest of some distances; the smallest, where several are."""
    rounded = np.rint(np.sort(gaps_mm) / PLANE_TOLERANCE_MM)
    first = np.flatnonzero(np.concatenate([[True], np.diff(rounded) > 0]))
    count = np.diff(np.append(first, len(rounded)))
    return float(rounded[first[np.argmax(count)]] * PLANE_TOLERANCE_MM)


def _breaks(
    name: str, planes_mm: FloatArray, dose_spacing_mm: float, around: Surroundings, shared: Callable[[int], float]
) -> tuple[BoolArray, FloatArray, list[Finding]]:
    """Which gaps separate parts: much larger than usual, not one of a steady run of such, and not explained.

    With them the distance between planes that each gap stands for, half of which is an end cap beside it.
    """
    gaps = np.diff(planes_mm)
    if len(gaps) == 0:
        return np.zeros(0, dtype=bool), gaps, []
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2])  # lower median: of two gaps the smaller one is usual
    steady = _steady(gaps) & (gaps <= STEADY_FACTOR * usual + PLANE_TOLERANCE_MM)
    wide = (gaps > BREAK_FACTOR * usual + PLANE_TOLERANCE_MM) & ~steady
    doubled = _doubled(gaps)
    if not wide.any() and not doubled.any():
        return wide, gaps, _few_planes_findings(name, planes_mm, dose_spacing_mm, around, shared)
    one_missing = wide & (gaps <= ONE_MISSING * usual + PLANE_TOLERANCE_MM)
    wider = np.flatnonzero(wide & ~one_missing)
    same = [k for k in wider.tolist() if shared(k) >= SAME_PLACE]  # asks for the others only where it has to
    others = around.others() if same else ()
    bridged = np.zeros(len(gaps), dtype=bool)
    for k in same:
        of_two_series = doubled[k] and not _within(planes_mm, k, others).any()
        bridged[k] = of_two_series or _explained(planes_mm, k, usual, others)
    missing = (one_missing | bridged) & ~doubled
    broken = wide & ~one_missing & ~bridged
    findings = []
    if doubled.any():
        text = f"planes of two series, as little as {gaps.min():.2g} mm apart: each stands for half way to the next"
        findings.append(Finding(code=FindingCode.PLANES_MERGED, text=text, subject=name))
    if missing.any():
        text = f"{int(missing.sum())} gap(s) of up to {gaps[missing].max():.1f} mm between contour planes, "
        text += f"where {usual:.1f} mm is usual, were bridged"
        findings.append(Finding(code=FindingCode.PLANE_BRIDGED, text=text, subject=name))
    if broken.any():
        widest = f"up to {gaps[broken].max():.1f} mm where {usual:.1f} mm is usual"
        text = f"{int(broken.sum())} gap(s) between contour planes, {widest}: not bridged"
        findings.append(Finding(code=FindingCode.PLANE_GAP, text=text, subject=name))
    cut = sum(bool(broken[k]) for k in same)
    if cut:
        text = f"on both sides of {cut} gap(s) between contour planes the outline is at one place: are planes missing?"
        findings.append(Finding(code=FindingCode.CONTOURS_INCOMPLETE, text=text, subject=name))
    step = np.where(missing, usual, gaps)
    step[doubled] = _pairs(gaps)[doubled]
    return broken, step, findings


def _pairs(gaps: FloatArray) -> FloatArray:
    """Each gap with the neighbour that it is uneven with: of the planes of two series, the spacing of one."""
    return gaps + np.append(gaps[1:], gaps[-2:-1])


def _steady(gaps: FloatArray) -> BoolArray:
    """Which gaps are of a run of equal ones: a spacing of its own, as where every third slice was contoured."""
    change = np.abs(np.diff(gaps)) > PLANE_TOLERANCE_SHARE * np.minimum(gaps[1:], gaps[:-1])
    run = np.concatenate([[0], np.cumsum(change)])
    return np.asarray(np.bincount(run)[run] >= STEADY_RUN)


def _doubled(gaps: FloatArray) -> BoolArray:
    """Which gaps are of a run that goes up and down between two sizes: the planes of two series, one into the other.

    Such a run has two gaps of each size, and the two together are no further than images are apart. Where one is twice
    the other, it rather is a plane that is missing.
    """
    doubled = np.zeros(len(gaps), dtype=bool)
    if len(gaps) < 4:
        return doubled
    pair = gaps[1:] + gaps[:-1]
    short, long = np.minimum(gaps[1:], gaps[:-1]), np.maximum(gaps[1:], gaps[:-1])
    uneven = long > BREAK_FACTOR * short + PLANE_TOLERANCE_MM
    again = np.abs(gaps[2:] - gaps[:-2]) <= PLANE_TOLERANCE_SHARE * pair[:-1]
    twice = np.abs(long - 2.0 * short) <= PLANE_TOLERANCE_SHARE * pair
    fits = again & uneven[:-1] & uneven[1:] & (pair[:-1] <= SPARSE_MM) & ~twice[:-1]
    four = np.flatnonzero(fits[:-1] & fits[1:])  # gaps k .. k + 3 are short, long, short, long or the other way round
    for offset in range(4):
        doubled[four + offset] = True
    return doubled


def _within(planes_mm: FloatArray, gap: int, others: Sequence[FloatArray]) -> IntArray:
    """How many planes each other structure has inside a gap."""
    low, high = planes_mm[gap : gap + 2]
    slack = PLANE_TOLERANCE_SHARE * (high - low)
    return np.array(
        [np.diff(np.searchsorted(heights, [low + slack, high - slack]))[0] for heights in others], dtype=np.int64
    )


def _explained(planes_mm: FloatArray, gap: int, usual_mm: float, others: Sequence[FloatArray]) -> bool:
    """Whether a gap is a step of the images: others have planes at both its ends too, and none has one between."""
    low, high = planes_mm[gap : gap + 2]
    if high - low > max(SPARSE_MM, EXPLAINED_FACTOR * usual_mm) or _within(planes_mm, gap, others).any():
        return False
    slip = max(SLIP_MM, PLANE_TOLERANCE_SHARE * usual_mm)
    ends = np.array([low, high])[:, None]
    return any(bool(np.all(np.abs(heights - ends).min(axis=1) <= slip)) for heights in others if len(heights))


def _few_planes_findings(
    name: str, planes_mm: FloatArray, dose_spacing_mm: float, around: Surroundings, shared: Callable[[int], float]
) -> list[Finding]:
    """Two or three planes do not tell how far apart planes should be; where they are far apart, the others do."""
    gaps = np.diff(planes_mm)
    if len(gaps) >= STEADY_RUN or gaps.max() <= BREAK_FACTOR * dose_spacing_mm + PLANE_TOLERANCE_MM:
        return []
    others = around.others()
    missing = [int(_within(planes_mm, k, others).max(initial=0)) for k in range(len(gaps))]
    if not any(missing):
        return []
    text = f"{len(planes_mm)} contour planes {gaps.max():.1f} mm apart, between which others have more, were bridged"
    findings = [Finding(code=FindingCode.PLANE_BRIDGED, text=text, subject=name)]
    if any(planes > 1 and shared(k) >= SAME_PLACE for k, planes in enumerate(missing)):
        text = f"up to {max(missing)} planes in a row on which other structures have contours are missing"
        findings.append(Finding(code=FindingCode.CONTOURS_INCOMPLETE, text=text, subject=name))
    return findings


def with_end_caps(planes_mm: FloatArray, slab: PlaneSlabs) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
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

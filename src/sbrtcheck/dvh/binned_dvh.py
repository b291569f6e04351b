"""A cumulative histogram as a planning system wrote it -> curve, curves it lies between, mean, minimum and maximum.

The volume of a bin is read as that which receives at least the dose at its lower edge. Where a system means another
edge, the true curve falls some bins earlier or later: the bounds hold for every reading that the source leaves open
(``early`` and ``late``, in bins), and for the digits that it printed::

    volume |------+-------+
           |      |`.     |        upper: all that a bin loses, `late` bins after its lower edge
           |      |  `.   +----
           |      |    `.          curve: linear between the edges
           +------+      `.
              lower: all that a bin loses, `early` bins before its lower edge

What the source states of its own (mean, minimum, maximum) is kept where the curve confirms it, for it was computed from
more than the histogram has. Where it does not, its unit is tried for what systems are known to mix up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from sbrtcheck.dvh.curve import Bounds, Curve, VolumeUnit
from sbrtcheck.dvh.dvh import DVH, NoDVH
from sbrtcheck.dvh.reason import Reason
from sbrtcheck.plan import Finding, FindingCode, FloatArray

NOISE = 1e-9
"""Share of the whole volume below which a bin holds only rounding noise of the system that wrote it."""

# Volumes that rise by more than this share of the whole are no cumulative histogram with noise.
_RISE = 1e-3
# Stated minimum, maximum and mean agree with the curve within this share and two bins.
_AGREEMENT = 0.02
# Volumes that print as 0 are followed to where they may still be, unless they are below this share of the whole.
_ROUNDED_AWAY = 1e-6
# Relative volumes start at 100, up to rounding.
_WHOLE_PERCENT = 0.5

Notes = list[tuple[FindingCode, str]]


class _StatedUnit(StrEnum):
    """Units in which stated numbers are found, whatever their label says."""

    GY = "GY"
    PERCENT = "PERCENT"
    CGY = "CGY"


class Unusable(Exception):  # noqa: N818 - never leaves the readers
    """One histogram that cannot be used, and why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class BinnedDvh:
    """Volumes over bins of dose, and what the source leaves open.

    Parameters
    ----------
    edges_gy
        Shape ``(n + 1,)``, Gy, never falling, the first 0.
    volume
        Shape ``(n,)``, in ``unit``: what receives at least the dose at each bin's lower edge; never rising, the first
        is the whole.
    early, late
        Bins by which the true curve may fall before a bin's lower edge, and after its upper one.
    rounding_gy, rounding
        Half of the last digit that edges and volumes (shape ``(n,)``) were printed with; 0 where they are exact.
    last_rounding_gy
        The same of the last edge, where that is a stated maximum.
    """

    edges_gy: FloatArray
    volume: FloatArray
    unit: VolumeUnit
    early: int = 0
    late: int = 1
    rounding_gy: float = 0.0
    rounding: FloatArray | float = 0.0
    last_rounding_gy: float = 0.0

    @property
    def bin_gy(self) -> float:
        """Width of the widest bin, Gy."""
        return float(np.max(np.diff(self.edges_gy)))

    @property
    def earliest_gy(self) -> FloatArray:
        """Where the volume of each bin may begin to fall, shape ``(n,)``."""
        before = np.zeros(self.early)
        return np.maximum(np.concatenate([before, self.edges_gy])[: len(self.volume)] - self.rounding_gy, 0.0)

    @property
    def latest_gy(self) -> FloatArray:
        """Where the volume of each bin is gone at the latest, shape ``(n,)``."""
        last, width = self.edges_gy[-1] + self.last_rounding_gy, self.edges_gy[-1] - self.edges_gy[-2]
        after = last + width * np.arange(self.late + 1)
        return np.concatenate([self.edges_gy[:-1], after])[1 + self.late :] + self.rounding_gy


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """A DVH, and curves that it lies between."""

    curve: Curve
    lower: Curve
    upper: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Mean, minimum and maximum, Gy with bounds, and what was noticed on the way."""

    mean_gy: Bounds
    min_gy: Bounds
    max_gy: Bounds
    notes: Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedStatistics:
    """What the source itself states, in the unit it says: mean, minimum and maximum."""

    mean: float
    minimum: float
    maximum: float


def falling_volumes(volumes: FloatArray) -> FloatArray:
    """Cumulative volumes without noise: never rising, never below 0, shape ``(n,)``.

    Raises
    ------
    Unusable
        They rise by more than noise, or there is no volume.
    """
    fallen = _refuse_empty(np.maximum(np.minimum.accumulate(volumes), 0.0))
    rise = float(np.max(volumes - fallen))
    if rise > _RISE * fallen[0]:
        detail = f"its cumulative volumes rise (by {rise:.3g}): is it a differential DVH?"
        raise Unusable(Reason.STRUCTURE_NOT_COMPUTED, detail)
    return fallen


def cumulative_volumes(volumes: FloatArray) -> FloatArray:
    """Cumulative volumes of differential ones, shape ``(n,)``."""
    return _refuse_empty(np.cumsum(np.maximum(volumes, 0.0)[::-1])[::-1])


def _refuse_empty(cumulative: FloatArray) -> FloatArray:
    """The same volumes, refused when there are none."""
    if not cumulative[0] > 0.0:
        raise Unusable(Reason.STRUCTURE_EMPTY, "its DVH has no volume")
    return cumulative


def refuse_other_than_percent(first: float) -> None:
    """Refuse relative volumes that do not begin at 100 %."""
    if abs(first - 100.0) > _WHOLE_PERCENT:
        raise Unusable(Reason.UNIT_UNKNOWN, f"relative volumes begin at {first:g}, not at 100 %")


def last_filled_bin(cumulative: FloatArray) -> int:
    """Index of the last bin that holds more than noise."""
    return int(np.flatnonzero(cumulative > NOISE * cumulative[0])[-1])


def curves_of(histogram: BinnedDvh) -> Curves:
    """Linear between the edges; falling as early as may be; falling as late as may be."""
    last = last_filled_bin(histogram.volume)
    total = float(histogram.volume[0])
    low_volume = np.maximum(histogram.volume - histogram.rounding, 0.0)
    low_volume = np.maximum.accumulate(low_volume[::-1])[::-1]
    low_volume[0] = total
    high_volume = np.minimum.accumulate(np.minimum(histogram.volume + histogram.rounding, total))
    end = int(np.flatnonzero(high_volume > _ROUNDED_AWAY * total)[-1])
    latest = max(last, end)
    scale = 100.0 / total if histogram.unit is VolumeUnit.PERCENT else 1.0
    return Curves(
        curve=Curve(
            dose_gy=histogram.edges_gy[: last + 2], volume=np.append(histogram.volume[: last + 1], 0.0) * scale
        ),
        lower=Curve(
            dose_gy=np.repeat(histogram.earliest_gy[: last + 1], 2),
            volume=np.repeat(np.append(low_volume[: last + 1], 0.0), 2)[1:-1] * scale,
        ),
        upper=Curve(
            dose_gy=np.concatenate([[0.0], np.repeat(histogram.latest_gy[: latest + 1], 2)]),
            volume=np.append(np.repeat(high_volume[: latest + 1], 2), 0.0) * scale,
        ),
    )


def statistics_of(
    histogram: BinnedDvh, curves: Curves, stated: StatedStatistics | None, *, percent_of_gy: float | None
) -> Statistics:
    """Mean, minimum and maximum: the stated ones where they agree with the curve, else the curve's.

    Parameters
    ----------
    stated
        In Gy by its label; None when one of them is missing.
    percent_of_gy
        Dose that percentages would be of, to recognise them; None when there is none.
    """
    curve, lower, upper = curves.curve, curves.lower, curves.upper
    mean = _ordered(curve.mean(), lower.mean(), upper.mean())
    minimum = _minimum(histogram)
    maximum = _ordered(float(curve.dose_gy[-1]), float(lower.dose_gy[-1]), float(upper.dose_gy[-1]))
    if stated is None:
        return Statistics(mean_gy=mean, min_gy=minimum, max_gy=maximum, notes=[])
    pairs = ((stated.mean, mean.value), (stated.maximum, maximum.value))
    unit, factor = _unit_of(pairs, histogram.bin_gy, percent_of_gy)
    if unit is not _StatedUnit.GY:
        code = FindingCode.STORED_DVH_UNITS if unit is not None else FindingCode.STORED_DVH_CONTRADICTORY
        notes = [(code, _unit_note(unit, factor, stated.mean, mean.value))]
        return Statistics(mean_gy=mean, min_gy=minimum, max_gy=maximum, notes=notes)
    return Statistics(
        mean_gy=_nearest(stated.mean, mean),
        min_gy=_of_a_point(stated.minimum, minimum, histogram.bin_gy),
        max_gy=_of_a_point(stated.maximum, maximum, histogram.bin_gy),
        notes=[],
    )


def refuse_all_hundred(dvhs: Sequence[DVH | NoDVH], whose: str) -> list[DVH | NoDVH]:
    """Refuse volumes labelled cc that are all exactly 100: they are percentages, of volumes that nobody stated.

    A single DVH of 100 cc may be one.
    """
    usable = [dvh for dvh in dvhs if isinstance(dvh, DVH)]
    if len(usable) < 2 or any(_is_in_cc(dvh) and abs(dvh.volume - 100.0) > 1e-6 for dvh in usable):
        return list(dvhs)
    detail = f"all {whose} volumes are 100 cc: they look like percent"
    return [
        NoDVH(name=dvh.name, number=dvh.number, kind=dvh.kind, reason=Reason.UNIT_UNKNOWN, detail=detail)
        if isinstance(dvh, DVH) and _is_in_cc(dvh)
        else dvh
        for dvh in dvhs
    ]


def _is_in_cc(dvh: DVH) -> bool:
    return dvh.volume_unit is VolumeUnit.CC


def findings_of(notes: Notes, whose: str, name: str) -> tuple[Finding, ...]:
    """Notes on one structure, as findings that say whose DVH it is."""
    return tuple(Finding(code=code, text=f"{whose} DVH: {text}", subject=name) for code, text in notes)


def in_cc(curves: Curves, volume_cc: float) -> Curves:
    """Curves in percent as curves in cc."""
    cc_per_percent = volume_cc / 100.0
    curve, lower, upper = (
        replace(relative, volume=relative.volume * cc_per_percent)
        for relative in (curves.curve, curves.lower, curves.upper)
    )
    return Curves(curve=curve, lower=lower, upper=upper)


def _ordered(value: float, low: float, high: float) -> Bounds:
    return Bounds(value=value, low=min(low, value), high=max(high, value))


def _nearest(stated: float, bounds: Bounds) -> Bounds:
    return Bounds(value=min(max(stated, bounds.low), bounds.high), low=bounds.low, high=bounds.high)


def _of_a_point(stated: float, bounds: Bounds, bin_gy: float) -> Bounds:
    """A stated extreme, which may lie outside the curve: that ends where its last volume rounds away."""
    if not _agree(stated, bounds.value, bin_gy):
        return _nearest(stated, bounds)
    return _ordered(stated, bounds.low, bounds.high)


def _agree(stated: float, own: float, bin_gy: float) -> bool:
    return abs(stated - own) <= _AGREEMENT * own + 2.0 * bin_gy


def _minimum(histogram: BinnedDvh) -> Bounds:
    low_volume = histogram.volume[0] * (1.0 - NOISE) - histogram.rounding
    last_whole = np.flatnonzero(histogram.volume >= histogram.volume[0] * (1.0 - NOISE))[-1]
    latest = np.flatnonzero(histogram.volume >= low_volume)[-1]
    low = float(histogram.edges_gy[last_whole])
    return _ordered(low, float(histogram.earliest_gy[last_whole]), float(histogram.latest_gy[max(last_whole, latest)]))


def _unit_of(
    pairs: tuple[tuple[float, float], ...], bin_gy: float, percent_of_gy: float | None
) -> tuple[_StatedUnit | None, float]:
    """The unit in which stated numbers agree with the curve, None for none, and Gy in one of it."""
    units = {_StatedUnit.GY: 1.0, _StatedUnit.CGY: 0.01}
    if percent_of_gy is not None:
        units[_StatedUnit.PERCENT] = percent_of_gy / 100.0
    for unit, factor in units.items():
        if all(_agree(stated * factor, own, bin_gy) for stated, own in pairs):
            return unit, factor
    return None, 1.0


def _unit_note(unit: _StatedUnit | None, factor: float, stated_mean: float, mean_gy: float) -> str:
    used = "those of its curve are used"
    match unit:
        case _StatedUnit.PERCENT:
            return f"minimum, maximum and mean are percent of {100.0 * factor:g} Gy though labelled Gy; {used}"
        case _StatedUnit.CGY:
            return f"minimum, maximum and mean are cGy though labelled Gy; {used}"
        case _:
            return f"its stated mean {stated_mean:.4g} or maximum contradicts its curve (mean {mean_gy:.4g} Gy); {used}"

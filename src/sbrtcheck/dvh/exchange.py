"""DVH <-> the DVH class of dicompyler-core, the field's exchange type."""

from __future__ import annotations

from typing import Any

import numpy as np

from sbrtcheck.dvh.types import DVH, Bounds, Curve, Origin, VolumeUnit
from sbrtcheck.plan import Prescription, UnknownPrescription

BIN_GY = 0.01
"""Bin width that dicompyler-core works with."""


def to_dicompyler(dvh: DVH) -> Any:
    """The DVH as a `dicompylercore.dvh.DVH`: cumulative, bins of 0.01 Gy, volumes in cm3 (or percent)."""
    from dicompylercore import dvh as core

    bins = np.arange(0.0, float(dvh.curve.dose_gy[-1]) + 2 * BIN_GY, BIN_GY)
    rx = dvh.prescription.dose_gy if isinstance(dvh.prescription, Prescription) else None
    return core.DVH(
        counts=np.array([band.value for band in dvh.volume_at_doses(bins[:-1])]),
        bins=bins,
        dvh_type="cumulative",
        dose_units="Gy",
        volume_units="cm3" if dvh.volume_unit is VolumeUnit.CC else "%",
        rx_dose=rx,
        name=dvh.name,
    )


def from_dicompyler(core: Any, *, fractions: int | None = None) -> DVH:
    """A `dicompylercore.dvh.DVH` as a DVH of ours, its bounds one bin wide.

    Parameters
    ----------
    core
        Absolute or relative dose (relative needs its ``rx_dose``), cumulative or differential.
    fractions
        Of the plan it belongs to; with ``rx_dose`` it makes the prescription.

    Raises
    ------
    ValueError
        When the DVH is empty, or its dose is relative and it has no prescription.
    """
    cumulative = core.cumulative
    if cumulative.dose_units == "%":
        if not core.rx_dose:
            raise ValueError("the DVH's doses are relative and it has no rx_dose")
        cumulative = cumulative.absolute_dose(core.rx_dose)
    volume = np.append(np.asarray(cumulative.counts, dtype=np.float64), 0.0)
    dose = np.asarray(cumulative.bins, dtype=np.float64)[: len(volume)]
    if len(volume) < 2 or volume[0] <= 0:
        raise ValueError("the DVH is empty")
    unit = VolumeUnit.PERCENT if cumulative.volume_units == "%" else VolumeUnit.CC
    curve = Curve(dose_gy=dose, volume=volume)
    lower = Curve(dose_gy=np.repeat(dose, 2)[:-1], volume=np.repeat(volume, 2)[1:])
    upper = Curve(dose_gy=np.repeat(dose, 2)[1:], volume=np.repeat(volume, 2)[:-1])
    steps = -np.diff(volume) / volume[0]
    low, high = float(steps @ dose[:-1]), float(steps @ dose[1:])
    some = np.flatnonzero(steps > 0)
    first, last = some[0], some[-1]
    known = core.rx_dose and fractions
    return DVH(
        name=core.name or "",
        number=-1,
        origin=Origin.IMPORTED,
        volume=float(volume[0]),
        volume_unit=unit,
        curve=curve,
        lower=lower,
        upper=upper,
        mean_gy=Bounds(value=(low + high) / 2, low=low, high=high),
        min_gy=_between(dose[first], dose[first + 1]),
        max_gy=_between(dose[last], dose[last + 1]),
        prescription=Prescription(dose_gy=float(core.rx_dose), fractions=fractions, source="dicompyler-core DVH")
        if known and fractions
        else UnknownPrescription(reason="the imported DVH has none", fractions=fractions),
    )


def _between(low: float, high: float) -> Bounds:
    return Bounds(value=float(low + high) / 2, low=float(low), high=float(high))

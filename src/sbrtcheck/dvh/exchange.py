"""Curves <-> the DVH class of dicompyler-core, the field's exchange type for Python.

Its DVHs are histograms: volumes over bins of dose, without bounds. The dose of a volume that comes from it is
somewhere in its bin. Of one bin, from edge to edge::

    volume  +----------+  upper: all that the bin loses, at its end
            | `.       |
            |    `.    |  curve: linear between the edges
            |       `. |
            +----------+  lower: all of it at the beginning
           edge      edge -- dose
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sbrtcheck.arguments import require_type
from sbrtcheck.dvh.curve import Bounds, Curve, VolumeUnit
from sbrtcheck.errors import ArgumentError
from sbrtcheck.installation import install_command
from sbrtcheck.plan import FloatArray, Prescription, UnknownPrescription

BIN_GY = 0.01
"""Bin width that dicompyler-core works with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangedDvh:
    """What another program's DVH says; the fields are those of `DVH`."""

    name: str
    volume: float
    volume_unit: VolumeUnit
    curve: Curve
    lower: Curve
    upper: Curve
    mean_gy: Bounds
    min_gy: Bounds
    max_gy: Bounds
    prescription: Prescription | UnknownPrescription


def bin_edges_gy(curve: Curve) -> FloatArray:
    """Edges of dicompyler-core's bins, from 0 to past the end of the curve, Gy, shape ``(bins + 1,)``."""
    return np.arange(0.0, float(curve.dose_gy[-1]) + 2 * BIN_GY, BIN_GY)


def to_dicompyler(
    name: str,
    edges_gy: FloatArray,
    volumes: Sequence[float],
    unit: VolumeUnit,
    prescription: Prescription | UnknownPrescription,
) -> Any:
    """A `dicompylercore.dvh.DVH` of the cumulative volume at the lower edge of each bin, in cm3 (or percent)."""
    try:
        from dicompylercore import dvh as core
    except ImportError as error:
        raise ImportError(f"this DVH class needs dicompyler-core: {install_command('dicompyler')}") from error
    return core.DVH(
        counts=np.array(volumes),
        bins=edges_gy,
        dvh_type="cumulative",
        dose_units="Gy",
        volume_units="cm3" if unit is VolumeUnit.CC else "%",
        rx_dose=prescription.dose_gy if isinstance(prescription, Prescription) else None,
        name=name,
    )


def from_dicompyler(core: Any, *, fractions: int | None = None) -> ExchangedDvh:
    """What a `dicompylercore.dvh.DVH` says, its bounds one bin wide.

    Parameters
    ----------
    core
        Absolute or relative dose (relative needs its ``rx_dose``), cumulative or differential.
    fractions
        Of the plan it belongs to; with ``rx_dose`` it makes the prescription.

    Raises
    ------
    ArgumentError
        When the DVH is empty, or its dose is relative and it has no prescription.
    """
    if isinstance(core, type) or not all(hasattr(core, name) for name in ("cumulative", "rx_dose", "name")):
        raise ArgumentError(f"a DVH cannot be of the type {type(core).__name__}", hint="give one of dicompyler-core")
    require_type(fractions, (int, type(None)), "the number of fractions", "give a whole number")
    cumulative = core.cumulative
    if cumulative.dose_units == "%":
        if not core.rx_dose:
            raise ArgumentError("the DVH's doses are relative and it has no rx_dose")
        cumulative = cumulative.absolute_dose(core.rx_dose)
    volume = np.append(cumulative.counts, 0.0)
    dose = np.asarray(cumulative.bins, dtype=np.float64)[: len(volume)]
    if len(volume) < 2 or volume[0] <= 0:
        raise ArgumentError("the DVH is empty")
    loss = -np.diff(volume) / volume[0]  # share of the volume whose dose lies in each bin
    filled = np.flatnonzero(loss > 0)
    first, last = filled[0], filled[-1]
    low, high = float(loss @ dose[:-1]), float(loss @ dose[1:])
    return ExchangedDvh(
        name=core.name or "",
        volume=float(volume[0]),
        volume_unit=VolumeUnit.PERCENT if cumulative.volume_units == "%" else VolumeUnit.CC,
        curve=Curve(dose_gy=dose, volume=volume),
        lower=Curve(dose_gy=np.repeat(dose, 2)[:-1], volume=np.repeat(volume, 2)[1:]),
        upper=Curve(dose_gy=np.repeat(dose, 2)[1:], volume=np.repeat(volume, 2)[:-1]),
        mean_gy=Bounds(value=(low + high) / 2, low=low, high=high),
        min_gy=_middle(dose[first], dose[first + 1]),
        max_gy=_middle(dose[last], dose[last + 1]),
        prescription=_prescription(core.rx_dose, fractions),
    )


def _prescription(dose_gy: float | None, fractions: int | None) -> Prescription | UnknownPrescription:
    if dose_gy and fractions:
        return Prescription(dose_gy=float(dose_gy), fractions=fractions, source="dicompyler-core DVH")
    return UnknownPrescription(reason="the imported DVH has none", fractions=fractions)


def _middle(low: float, high: float) -> Bounds:
    return Bounds(value=float(low + high) / 2, low=float(low), high=float(high))

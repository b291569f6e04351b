"""The dose-volume histogram of one structure, or why there is none, as frozen values.

A `DVH` is a curve between two bounding curves (`sbrtcheck.dvh.curve`), its mean, minimum and maximum, and what a reader
of these numbers has to know: where they come from, under which conventions they hold, and what was noticed on the way.
The questions of a plan check are points on the curve::

    volume
     whole |---._          min_gy      where the curve leaves the whole volume
           |     `-.       D95%[Gy]    dose_at_volume(0.95 * volume): to the right until the curve
      95 % |-------->x     V20Gy[cc]   volume_at_dose(20): up until the curve
           |         ^`.   D5cc[Gy]    dose_at_volume(5)
         0 +---------|--`  max_gy      where the curve ends
                   20 Gy
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from sbrtcheck.dvh import exchange
from sbrtcheck.dvh.curve import SAME_DOSE, SAME_VOLUME, Bounds, Curve, VolumeUnit, dose_bounds, ordered_bounds
from sbrtcheck.dvh.isoeffect import (
    PowerMean,
    converted_bounds,
    converted_curve,
    converted_lower_curve,
    converted_mean,
    converted_power_means,
    isoeffect,
    known_power_mean,
)
from sbrtcheck.dvh.model import EndCaps, Model
from sbrtcheck.dvh.reason import Reason
from sbrtcheck.formatting import number_text, one_line
from sbrtcheck.plan import Finding, FloatArray, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity, findings_for
from sbrtcheck.structure_names import Recipe

DERIVED_NUMBER = -1
"""ROI number of a structure that no file holds."""


class Origin(StrEnum):
    """Where a DVH comes from."""

    COMPUTED = "computed"
    STORED = "stored"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a DVH was computed here: with its plan and model, enough to compute it again.

    Parameters
    ----------
    recipes
        The structures of the plan it was computed from; one recipe, or several for a union.
    reading
        Which other reading of contradictory contours it is of, counted from 1; 0 for the reading that is used.
    refinement
        Divisions of a grid cell along each axis that its elements have.
    bin_gy
        Width of the bins in which its elements were summed up, Gy.
    """

    recipes: tuple[Recipe, ...]
    reading: int
    refinement: int
    bin_gy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DVH:
    """The dose-volume histogram of one structure.

    Parameters
    ----------
    name, number, kind
        Of the structure it belongs to; ``number`` is -1 for a derived structure.
    origin
        Computed here, stored by a planning system, or imported.
    volume
        Whole volume, in ``volume_unit`` (100 where only relative volumes were stored).
    volume_rounding_cc
        Half of the last digit of a volume that was printed, and that relative volumes were turned into cc with: the
        bounds of metrics in cc hold for it, those in percent do not need it.
    curve, lower, upper
        The DVH, and curves that it provably lies between.
    mean_gy, min_gy, max_gy
        Gy, each with its bounds.
    prescription
        Of the plan, for metrics in percent of it.
    model
        What these numbers hold for; None when the DVH was not computed here.
    narrowed_at_gy
        Doses at which its bounds were refined, Gy; there they have steps.
    has_close_curves
        Whether its bounding curves were narrowed all along.
    power_means
        Means of powers of its dose, or of an effect, that are known more closely than the curves tell.
    sampling
        How it was computed; None when it was not computed here.
    alternatives
        The same structure under the other end-cap conventions (their own ``alternatives`` are empty).
    readings
        The same structure under other readings of its contours, where these contradict each other (their own
        ``readings`` are empty): a verdict that differs under one of them is none.
    uncovered_cc
        Volume outside the dose grid, counted at 0 Gy.
    findings
        What a reader should know of this DVH.
    quantity, alpha_beta_gy
        What its doses are; EQD2 and BED are for an α/β, Gy.
    """

    name: str
    number: int
    kind: str = ""
    origin: Origin
    volume: float
    volume_unit: VolumeUnit = VolumeUnit.CC
    curve: Curve
    lower: Curve
    upper: Curve
    mean_gy: Bounds
    min_gy: Bounds
    max_gy: Bounds
    prescription: Prescription | UnknownPrescription
    model: Model | None = None
    sampling: Sampling | None = None
    narrowed_at_gy: tuple[float, ...] = ()
    has_close_curves: bool = False
    power_means: tuple[PowerMean, ...] = ()
    alternatives: tuple[DVH, ...] = ()
    readings: tuple[DVH, ...] = ()
    uncovered_cc: float = 0.0
    volume_rounding_cc: float = 0.0
    findings: tuple[Finding, ...] = ()
    quantity: Quantity = Quantity.PHYSICAL
    alpha_beta_gy: float | None = None

    def dose_at_volume(self, volume: float) -> Bounds:
        """Lowest dose in the hottest ``volume``, Gy with bounds.

        Parameters
        ----------
        volume
            In ``volume_unit``, from 0 (the maximum) to the whole volume (the minimum).

        Raises
        ------
        ValueError
            When the structure is smaller than ``volume``, or ``volume`` is negative.
        """
        return self.dose_at_volumes(np.array([volume], dtype=np.float64))[0]

    def dose_at_volumes(self, volumes: FloatArray) -> list[Bounds]:
        """`dose_at_volume` for many volumes at once, shape ``(n,)``."""
        slack = SAME_VOLUME * self.volume
        if not bool(np.all((volumes >= 0.0) & (volumes <= self.volume + slack))):
            wrong = float(volumes[~((volumes >= 0.0) & (volumes <= self.volume + slack))][0])
            raise ValueError(f"volume {wrong:g} {self.volume_unit} is outside 0 to {self.volume:g} {self.volume_unit}")
        inside = np.maximum(volumes - slack, 0.0)
        doses_gy = [curve.dose_at(inside).tolist() for curve in (self.curve, self.lower, self.upper)]
        return [
            dose_bounds(self._between(value, low, high), low, high) for value, low, high in zip(*doses_gy, strict=True)
        ]

    def dose_of_hottest(self, volume: float) -> Bounds:
        """`dose_at_volume`, Gy; but of none of the volume the maximum, of all of it the minimum, with their bounds."""
        if self.is_extreme(volume):
            return self.min_gy if volume > self.volume / 2 else self.max_gy
        return self.dose_at_volume(volume)

    def is_extreme(self, volume: float) -> bool:
        """Whether a volume is none of the structure or all of it, so that its dose is the maximum or the minimum."""
        slack = SAME_VOLUME * self.volume
        return volume <= slack or volume >= self.volume - slack

    def volume_at_dose(self, dose_gy: float) -> Bounds:
        """Volume with at least ``dose_gy``, in ``volume_unit``, with bounds."""
        return self.volume_at_doses(np.array([dose_gy], dtype=np.float64))[0]

    def volume_at_doses(self, doses_gy: FloatArray) -> list[Bounds]:
        """`volume_at_dose` for many doses at once, shape ``(n,)``."""
        doses = doses_gy - SAME_DOSE * float(self.curve.dose_gy[-1])
        volumes = [curve.volume_at(doses).tolist() for curve in (self.curve, self.lower, self.upper)]
        return [
            ordered_bounds(self._between(value, low, high), low, high)
            for value, low, high in zip(*volumes, strict=True)
        ]

    def _between(self, value: float, low: float, high: float) -> float:
        """A value of the curve, or where that passes outside its bounds the nearest of them.

        Where these were refined the curve of the elements tells no more than they do, and the value is their middle.
        It is not where they are close all along: a value now of the curve, now of the middle, would rise with the dose.
        """
        if low <= value <= high or not self.narrowed_at_gy:
            return min(max(value, low), high)
        return (low + high) / 2

    def geud(self, a: float) -> Bounds:
        """Generalised equivalent uniform dose with exponent ``a`` (not 0), Gy with bounds.

        ``(sum of v_i D_i**a) ** (1 / a)`` over volume fractions ``v_i`` (Niemierko 1997, Med Phys 24:103).
        """
        if a == 0 or not np.isfinite(a):
            raise ValueError("gEUD needs an exponent that is a number other than 0")
        of_curves = dose_bounds(*(curve.geud(a) for curve in (self.curve, self.lower, self.upper)))
        return known_power_mean(of_curves, a, self.power_means)

    def to_eqd2(self, *, alpha_beta_gy: float, fractions: int | None = None) -> DVH:
        """This DVH in EQD2: each element's dose converted with its own dose a fraction, ``d = D / n``.

        Parameters
        ----------
        alpha_beta_gy
            Of the tissue, Gy, above 0.
        fractions
            Of the course; that of the prescription when None.

        Returns
        -------
        DVH
            Doses at volumes are the EQD2 of the physical ones, and so are minimum and maximum; the mean is the mean of
            the elements' EQD2, which is more than the EQD2 of the mean. Bounds, alternatives and readings are
            converted too; the prescription is unknown, for a percentage of it would have two meanings.

        Raises
        ------
        ValueError
            The doses are converted already, or an argument is missing or means nothing.

        Notes
        -----
        The linear-quadratic model, as `sbrtcheck.eqd2`; a finding says where it is used outside its range.
        """
        return _converted(self, Quantity.EQD2, fractions=fractions, alpha_beta_gy=alpha_beta_gy)

    def to_bed(self, *, alpha_beta_gy: float, fractions: int | None = None) -> DVH:
        """This DVH in BED, as `to_eqd2`."""
        return _converted(self, Quantity.BED, fractions=fractions, alpha_beta_gy=alpha_beta_gy)

    def to_dicompyler(self) -> Any:
        """This DVH as a `dicompylercore.dvh.DVH`: cumulative, bins of 0.01 Gy; needs dicompyler-core.

        Raises
        ------
        ImportError
            dicompyler-core is not installed.
        """
        edges_gy = exchange.bin_edges_gy(self.curve)
        volumes = [bounds.value for bounds in self.volume_at_doses(edges_gy[:-1])]
        return exchange.to_dicompyler(self.name, edges_gy, volumes, self.volume_unit, self.prescription)

    @staticmethod
    def from_dicompyler(core: Any, *, fractions: int | None = None) -> DVH:
        """A `dicompylercore.dvh.DVH` as a DVH of ours; ``fractions`` completes its prescription."""
        exchanged = exchange.from_dicompyler(core, fractions=fractions)
        return DVH(
            name=exchanged.name,
            number=DERIVED_NUMBER,
            origin=Origin.IMPORTED,
            volume=exchanged.volume,
            volume_unit=exchanged.volume_unit,
            curve=exchanged.curve,
            lower=exchanged.lower,
            upper=exchanged.upper,
            mean_gy=exchanged.mean_gy,
            min_gy=exchanged.min_gy,
            max_gy=exchanged.max_gy,
            prescription=exchanged.prescription,
        )

    def __repr__(self) -> str:
        kind = f" ({self.kind})" if self.kind else ""
        doses = f"mean {number_text(self.mean_gy.value)}, max {number_text(self.max_gy.value)} Gy"
        quantity = "" if self.quantity is Quantity.PHYSICAL else f" in {self.quantity}"
        volume = f"{number_text(self.volume)} {self.volume_unit}"
        return one_line(f"<DVH {self.name!r}{kind}, {self.origin}: {volume}, {doses}{quantity}>")

    @property
    def end_caps(self) -> EndCaps | None:
        """The end-cap convention of a computed DVH."""
        return self.model.end_caps if self.model else None

    @property
    def made_of(self) -> tuple[Recipe, ...]:
        """The structures of the plan it was computed from; none when it was not computed here."""
        return self.sampling.recipes if self.sampling else ()

    @property
    def refinement(self) -> int:
        """Divisions of a grid cell along each axis that its elements have; 0 when it was not computed here."""
        return self.sampling.refinement if self.sampling else 0

    @property
    def bin_gy(self) -> float:
        """The old name of ``sampling.bin_gy``; 0 when it was not computed here."""
        _warn_of_old_name("bin_gy")
        return self.sampling.bin_gy if self.sampling else 0.0

    @property
    def reading(self) -> int:
        """The old name of ``sampling.reading``; 0 when it was not computed here."""
        _warn_of_old_name("reading")
        return self.sampling.reading if self.sampling else 0

    @property
    def volume_cc(self) -> float:
        """Whole volume in cc; ValueError where only relative volumes are known."""
        if self.volume_unit is not VolumeUnit.CC:
            raise ValueError(f"{self.name}: the planning system stored no absolute volume")
        return self.volume


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDVH:
    """A structure of the plan for which there is no DVH, and why."""

    name: str
    number: int
    kind: str = ""
    reason: Reason
    detail: str = ""


def _warn_of_old_name(name: str) -> None:
    text = f"DVH.{name} is now DVH.sampling.{name}; the old name goes with version 0.3"
    warnings.warn(text, DeprecationWarning, stacklevel=3)


def _converted(dvh: DVH, quantity: Quantity, *, fractions: int | None, alpha_beta_gy: float) -> DVH:
    """The DVH in another quantity; ValueError for what `DVH.to_eqd2` names."""
    if dvh.quantity is not Quantity.PHYSICAL:
        raise ValueError(f"{dvh.name}: its doses are {dvh.quantity} already")
    number = fractions if fractions is not None else dvh.prescription.fractions
    if number is None:
        raise ValueError(f"{dvh.name}: the number of fractions is unknown; give fractions=")
    effect = isoeffect(quantity, fractions=number, alpha_beta_gy=alpha_beta_gy)
    others, readings = (
        tuple(_converted(other, quantity, fractions=number, alpha_beta_gy=alpha_beta_gy) for other in several)
        for several in (dvh.alternatives, dvh.readings)
    )
    power_means = converted_power_means(dvh.power_means, effect)
    mean_gy = converted_mean(dvh.curve, dvh.lower, dvh.upper, dvh.mean_gy, effect)
    return replace(
        dvh,
        curve=converted_curve(dvh.curve, effect),
        lower=converted_lower_curve(dvh.lower, effect),
        upper=converted_curve(dvh.upper, effect),
        mean_gy=known_power_mean(mean_gy, 1.0, power_means),
        min_gy=converted_bounds(dvh.min_gy, effect),
        max_gy=converted_bounds(dvh.max_gy, effect),
        power_means=power_means,
        quantity=quantity,
        alpha_beta_gy=float(alpha_beta_gy),
        prescription=UnknownPrescription(reason=f"a percentage of it means nothing in {quantity}", fractions=number),
        alternatives=others,
        readings=readings,
        findings=(*dvh.findings, *findings_for(dvh.max_gy.value, fractions=number, subject=dvh.name)),
    )

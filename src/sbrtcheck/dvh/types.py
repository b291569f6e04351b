"""Dose-volume histograms as frozen values, and the questions they answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from sbrtcheck.plan import Finding, FloatArray, Plan, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import Recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sbrtcheck.chart.points import CurvePoint, HasPoints

SAME_VOLUME = 1e-9
"""Volumes closer than this share of the whole are one volume: rounding of sums."""

DOSE_DECIMALS = 4
"""Doses are answered to 0.1 mGy: what is beyond is rounding noise, and must not turn a verdict."""

SAME_DOSE = 1e-5
"""Doses closer than this share of the largest dose are one dose, so that V20Gy of a uniform 20 Gy is everything."""


DERIVED_NUMBER = -1
"""ROI number of a structure that no file holds."""


class EndCaps(StrEnum):
    """What lies beyond the first and last contour plane of a part."""

    HALF_SLICE = "half-slice"
    NONE = "none"
    CAPPED = "capped"


class Between(StrEnum):
    """What a structure looks like between its contour planes."""

    SLAB = "slab"
    INTERPOLATED = "interpolated"


class Interpolation(StrEnum):
    """What the dose is between grid points."""

    TRILINEAR = "trilinear"
    CUBIC = "cubic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What contours and dose grid are taken to mean."""

    end_caps: EndCaps = EndCaps.HALF_SLICE
    between: Between = Between.SLAB
    dose: Interpolation = Interpolation.TRILINEAR


class Origin(StrEnum):
    """Where a DVH comes from."""

    COMPUTED = "computed"
    STORED = "stored"
    IMPORTED = "imported"


class VolumeUnit(StrEnum):
    """Unit of the volumes of a DVH; percent only where a planning system stored no absolute volume."""

    CC = "cc"
    PERCENT = "%"


class Reason(StrEnum):
    """Why something could not be measured or evaluated; stable, for programs."""

    STRUCTURE_MISSING = "structure missing"
    STRUCTURE_AMBIGUOUS = "structure ambiguous"
    STRUCTURE_EMPTY = "structure empty"
    STRUCTURE_NOT_COMPUTED = "structure not computed"
    STRUCTURE_DAMAGED = "structure damaged"
    GIVEN_NAME_MISSING = "given name not in the plan"
    PART_MISSING = "part of the organ missing"
    CONTOURS_CONTRADICTORY = "contours contradict each other"
    CONTOURS_INCOMPLETE = "contours incomplete"
    PARTLY_OUTSIDE_GRID = "partly outside the dose grid"
    DOSE_NOT_OF_PLAN = "dose is not that of the prescription"
    VOLUME_TOO_SMALL = "volume too small"
    DOSE_GRID_MISSING = "dose grid missing"
    PRESCRIPTION_UNKNOWN = "prescription unknown"
    FRACTIONS_DO_NOT_MATCH = "fractions do not match"
    TARGET_VOLUME_OUTSIDE_RANGE = "target volume outside the rule's range"
    UNDEFINED_FOR_STORED_DVH = "metric undefined for stored DVHs"
    UNIT_UNKNOWN = "unit unknown"
    ISODOSE_LEAVES_GRID = "isodose leaves the dose grid"
    NEEDS_WHOLE_PLAN = "needs the whole plan"
    NOT_GIVEN = "something needed was not given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A number and the interval its numerical error is bounded by: ``low <= value <= high``."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A cumulative DVH: the volume that gets at least each dose, linear between the points.

    ``dose_gy`` shape ``(n,)``, rising (equal neighbours make a step); ``volume`` shape ``(n,)``, never rising, in the
    DVH's volume unit.
    """

    dose_gy: FloatArray
    volume: FloatArray

    def volume_at(self, dose_gy: FloatArray) -> FloatArray:
        """Volume that gets at least each dose."""
        after = np.searchsorted(self.dose_gy, dose_gy, side="left")
        right = np.minimum(np.maximum(after, 1), max(len(self.dose_gy) - 1, 1)) % len(self.dose_gy)
        d0, d1 = self.dose_gy[right - 1], self.dose_gy[right]
        v0, v1 = self.volume[right - 1], self.volume[right]
        inside = np.minimum(np.maximum(dose_gy, d0), d1)  # for few numbers in half the time of np.clip
        between = v0 + (inside - d0) / np.where(d1 > d0, d1 - d0, 1.0) * (v1 - v0)
        return np.where(after == 0, self.volume[0], np.where(after == len(self.dose_gy), 0.0, between))

    def dose_at(self, volume: FloatArray) -> FloatArray:
        """Highest dose, Gy, that at least each volume gets; the largest dose for a volume of 0."""
        last = np.searchsorted(-self.volume, -volume, side="right") - 1
        left = np.minimum(np.maximum(last, 0), max(len(self.volume) - 2, 0))
        right = np.minimum(left + 1, len(self.volume) - 1)
        v0, v1 = self.volume[left], self.volume[right]
        d0, d1 = self.dose_gy[left], self.dose_gy[right]
        between = d0 + (v0 - np.minimum(np.maximum(volume, v1), v0)) / np.where(v0 > v1, v0 - v1, 1.0) * (d1 - d0)
        ends = np.where(last < 0, self.dose_gy[0], self.dose_gy[-1])
        found: FloatArray = np.where((last < 0) | (last == len(self.volume) - 1), ends, between)
        return found

    def geud(self, a: float) -> float:
        """Generalised equivalent uniform dose, Gy: ``(mean of dose**a) ** (1 / a)`` over the volume.

        Exact on the curve, in which dose is uniform between neighbouring points.
        """
        share = -np.diff(self.volume) / (self.volume[0] - self.volume[-1])
        top = float(self.dose_gy[-1])
        if top == 0.0:
            return 0.0
        d0, d1 = self.dose_gy[:-1] / top, self.dose_gy[1:] / top
        if a < 0 and bool(np.any((d0 == 0) & (share > 0))):
            return 0.0  # a cold spot of no dose leaves nothing of a negative power mean
        width = d1 - d0
        narrow = width < 1e-9
        safe = np.where(narrow, 1.0, width)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # a dose of next to nothing: gEUD of 0
            power = np.log(d1 / d0) if a == -1 else (d1 ** (a + 1) - d0 ** (a + 1)) / (a + 1)
            moment = np.where(share > 0, np.where(narrow, d0**a, power / safe), 0.0)
        return float(np.sum(share * moment) ** (1 / a)) * top


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
        Doses at which its bounds were narrowed, Gy; there they have steps.
    made_of
        The structures of the plan it was computed from; one recipe, or several for a union.
    refinement
        Divisions of a grid cell along each axis that its elements have; 0 when it was not computed here.
    bin_gy
        Width of the bins in which its elements were summed up, Gy; 0 when it was not computed here.
    alternatives
        The same structure under the other end-cap conventions (their own ``alternatives`` are empty).
    readings
        The same structure under other readings of its contours, where these contradict each other (their own
        ``readings`` are empty): a verdict that differs under one of them is none.
    reading
        Which of the readings this is, counted from 1; 0 for the structure as it is taken.
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
    refinement: int = 0
    bin_gy: float = 0.0
    narrowed_at_gy: tuple[float, ...] = ()
    made_of: tuple[Recipe, ...] = ()
    alternatives: tuple[DVH, ...] = ()
    readings: tuple[DVH, ...] = ()
    reading: int = 0
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
        found = [curve.dose_at(inside).tolist() for curve in (self.curve, self.lower, self.upper)]
        # where bounds were narrowed at a limit, the curve itself may pass on the other side of it
        return [dose_bounds(min(max(value, low), high), low, high) for value, low, high in zip(*found, strict=True)]

    def volume_at_dose(self, dose_gy: float) -> Bounds:
        """Volume with at least ``dose_gy``, in ``volume_unit``, with bounds."""
        return self.volume_at_doses(np.array([dose_gy], dtype=np.float64))[0]

    def volume_at_doses(self, doses_gy: FloatArray) -> list[Bounds]:
        """`volume_at_dose` for many doses at once, shape ``(n,)``."""
        doses = doses_gy - SAME_DOSE * float(self.curve.dose_gy[-1])
        found = [curve.volume_at(doses).tolist() for curve in (self.curve, self.lower, self.upper)]
        return [_band(*band) for band in zip(*found, strict=True)]

    def geud(self, a: float) -> Bounds:
        """Generalised equivalent uniform dose with exponent ``a`` (not 0), Gy with bounds.

        ``(sum of v_i D_i**a) ** (1 / a)`` over volume fractions ``v_i`` (Niemierko 1997, Med Phys 24:103).
        """
        if a == 0 or not np.isfinite(a):
            raise ValueError("gEUD needs an exponent that is a number other than 0")
        return dose_bounds(*(curve.geud(a) for curve in (self.curve, self.lower, self.upper)))

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
        The linear-quadratic model, as `sbrtcheck.eqd2`; a finding says where it is used beyond its range.
        """
        from sbrtcheck.dvh.equivalent import converted

        return converted(self, Quantity.EQD2, fractions=fractions, alpha_beta_gy=alpha_beta_gy)

    def to_bed(self, *, alpha_beta_gy: float, fractions: int | None = None) -> DVH:
        """This DVH in BED, as `to_eqd2`."""
        from sbrtcheck.dvh.equivalent import converted

        return converted(self, Quantity.BED, fractions=fractions, alpha_beta_gy=alpha_beta_gy)

    def to_dicompyler(self) -> Any:
        """This DVH as a `dicompylercore.dvh.DVH`: cumulative, bins of 0.01 Gy."""
        from sbrtcheck.dvh.exchange import to_dicompyler

        return to_dicompyler(self)

    @staticmethod
    def from_dicompyler(core: Any, *, fractions: int | None = None) -> DVH:
        """A `dicompylercore.dvh.DVH` as a DVH of ours; ``fractions`` completes its prescription."""
        from sbrtcheck.dvh.exchange import from_dicompyler

        return from_dicompyler(core, fractions=fractions)

    @property
    def end_caps(self) -> EndCaps | None:
        """The end-cap convention of a computed DVH."""
        return self.model.end_caps if self.model else None

    @property
    def volume_cc(self) -> float:
        """Whole volume in cc; ValueError where only relative volumes are known."""
        if self.volume_unit is not VolumeUnit.CC:
            raise ValueError(f"{self.name}: the planning system stored no absolute volume")
        return self.volume


def _band(value: float, low: float, high: float) -> Bounds:
    """A band that holds its value: the curves it is read off may cross by rounding only."""
    low, high = min(low, high), max(low, high)
    return Bounds(value=min(max(value, low), high), low=low, high=high)


def dose_bounds(value_gy: float, low_gy: float, high_gy: float) -> Bounds:
    """A dose rounded to `DOSE_DECIMALS`, with bounds that hold it."""
    value = round(value_gy, DOSE_DECIMALS)
    return _band(value, min(low_gy, value_gy, value), max(high_gy, value_gy, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDVH:
    """A structure of the plan for which there is no DVH, and why."""

    name: str
    number: int
    kind: str = ""
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DVHSet:
    """All DVHs of one plan: before it nothing knows constraints, after it nothing knows DICOM.

    ``provenance`` has the UIDs of the files and the plan label; ``plan`` and ``model`` are what the DVHs were computed
    from, ``plan`` None for stored ones.
    """

    dvhs: tuple[DVH, ...]
    without: tuple[NoDVH, ...] = ()
    prescription: Prescription | UnknownPrescription
    origin: Origin
    provenance: Mapping[str, str | tuple[str, ...]]
    findings: tuple[Finding, ...] = ()

    plan: Plan | None = None
    model: Model = Model()

    def __getitem__(self, name: str) -> DVH:
        """The one DVH of that exact structure name; KeyError when there is none or several."""
        found = [dvh for dvh in self.dvhs if dvh.name == name]
        if len(found) != 1:
            known = ", ".join(sorted({dvh.name for dvh in self.dvhs})) or "none"
            raise KeyError(f"{len(found)} DVHs are named {name!r}; there are: {known}")
        return found[0]

    def union(self, parts: Sequence[DVH]) -> DVH | NoDVH:
        """The DVH of several structures as one organ; what lies in two of them counts once.

        Stored DVHs cannot be joined: how much two structures overlap is not in them.
        """
        if len(parts) == 1:
            return parts[0]
        if self.plan is None or not all(part.made_of for part in parts):
            name = " + ".join(part.name for part in parts)
            detail = f"{name} cannot be added: where they overlap is not in their DVHs"
            return NoDVH(name=name, number=-1, reason=Reason.UNDEFINED_FOR_STORED_DVH, detail=detail)
        from sbrtcheck.dvh.compute import compute_union

        return compute_union(self.plan, parts, self.model)

    def finer(self, dvh: DVH) -> DVH | None:
        """The same DVH from elements half as wide: bounds about half as far apart. None where that is not to be had."""
        if self.plan is None or dvh.model is None or dvh.quantity is not Quantity.PHYSICAL:
            return None
        from sbrtcheck.dvh.compute import finer

        return finer(self.plan, dvh)

    def narrowed(self, dvh: DVH, *questions: Sequence[CurvePoint]) -> tuple[DVH, ...]:
        """For each question the same DVH, with bounds that tell on which side of each of its points it passes.

        Only cells that the isodose of a point crosses are halved, and only until it is known; where the curve passes
        through a point, that is never. No DVHs where this one was not computed here.
        """
        if self.plan is None or dvh.model is None or dvh.quantity is not Quantity.PHYSICAL:
            return ()
        from sbrtcheck.dvh.narrow import narrowed

        return narrowed(self.plan, dvh, questions)

    def plot(
        self,
        *,
        constraints: HasPoints[DVHSet] | Iterable[HasPoints[DVHSet]] = (),
        structures: Collection[str] | None = None,
        ax: Axes | None = None,
        relative: bool = True,
        names: Mapping[str, str] | None = None,
    ) -> Axes:
        """Draw the cumulative curves, their bounds shaded, and constraints as points; needs matplotlib.

        Targets come first, with thicker lines.

        Parameters
        ----------
        constraints
            A `ConstraintTable` or a `Report`, or several. A triangle that points down (up) says that the curve has to
            pass below or left (above or right) of it; a hollow one counts for no verdict. What is no point on a curve
            is counted in the title.
        structures
            Names of the structures to draw; all when None.
        ax
            Axes to draw on; new ones when None.
        relative
            Volumes in percent of each structure's; else in cc.
        names
            TG-263 name -> structure name, to find the structures of a table's organs, and targets of any name.

        Returns
        -------
        matplotlib.axes.Axes
            Dose in Gy to the right, volume upwards.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ValueError
            There is no DVH of a name in ``structures``, or no absolute volume to draw.
        """
        from sbrtcheck.chart.axes import draw
        from sbrtcheck.dvh.charts import dvh_chart, styled_dvhs
        from sbrtcheck.dvh.targets import roi_names

        several = constraints if isinstance(constraints, Iterable) else (constraints,)
        found = [one.points(self, names) for one in several]
        chart = dvh_chart(
            styled_dvhs(self.dvhs, roi_names(self), names),
            points=[point for points, _ in found for point in points],
            left_out=[constraint for _, left_out in found for constraint in left_out],
            structures=structures,
            relative=relative,
        )
        return draw(chart, ax)

    def _repr_html_(self) -> str:
        """Show curves and a summary in a notebook; everything in it escaped, no script."""
        from sbrtcheck.dvh.charts import styled_dvhs
        from sbrtcheck.dvh.notebook import dvhs_html
        from sbrtcheck.dvh.targets import roi_names

        styled = styled_dvhs(self.dvhs, roi_names(self))
        return dvhs_html(styled, without=self.without, findings=self.findings, origin=self.origin, model=self.model)

    def __iter__(self) -> Iterator[DVH]:
        return iter(self.dvhs)

    def __len__(self) -> int:
        return len(self.dvhs)

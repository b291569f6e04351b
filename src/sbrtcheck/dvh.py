"""Structures and dose of a plan in, dose-volume histograms with bounds out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.plan import Finding, FloatArray, Plan, Prescription, UnknownPrescription


class EndCaps(StrEnum):
    """What lies beyond the first and last contour plane of a part."""

    HALF_SLICE = "half-slice"
    NONE = "none"
    CAPPED = "capped"


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
    VOLUME_TOO_SMALL = "volume too small"
    DOSE_GRID_MISSING = "dose grid missing"
    PRESCRIPTION_UNKNOWN = "prescription unknown"
    FRACTIONS_DO_NOT_MATCH = "fractions do not match"
    TARGET_VOLUME_OUTSIDE_RANGE = "target volume outside the rule's range"
    UNDEFINED_FOR_STORED_DVH = "metric undefined for stored DVHs"
    UNIT_UNKNOWN = "unit unknown"
    NOT_IMPLEMENTED = "metric not computed by this version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
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
    curve, lower, upper
        The DVH, and curves that it provably lies between.
    mean_gy, min_gy, max_gy
        Gy, each with its bounds.
    prescription
        Of the plan, for metrics in percent of it.
    end_caps
        The convention these numbers hold under; ``""`` when the DVH was not computed here.
    alternatives
        The same structure under the other end-cap conventions (their own ``alternatives`` are empty).
    uncovered_cc
        Volume outside the dose grid, counted at 0 Gy.
    findings
        What a reader should know of this DVH.
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
    mean_gy: Band
    min_gy: Band
    max_gy: Band
    prescription: Prescription | UnknownPrescription
    end_caps: EndCaps | None = None
    alternatives: tuple[DVH, ...] = ()
    uncovered_cc: float = 0.0
    findings: tuple[Finding, ...] = ()

    def dose_at_volume(self, volume: float) -> Band:
        """Lowest dose in the hottest ``volume`` (in ``volume_unit``, at most the whole volume), Gy with bounds."""
        raise NotImplementedError

    def volume_at_dose(self, dose_gy: float) -> Band:
        """Volume with at least ``dose_gy``, in ``volume_unit``, with bounds."""
        raise NotImplementedError

    # to_dicompyler() / from_dicompyler() come here


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
    """All DVHs of one plan: before it nothing knows constraints, after it nothing knows DICOM."""

    dvhs: tuple[DVH, ...]
    without: tuple[NoDVH, ...] = ()
    prescription: Prescription | UnknownPrescription
    origin: Origin
    # free-form provenance, for reports: plan, structure set, dose UIDs, frame of reference, plan label
    provenance: Mapping[str, str | tuple[str, ...]]
    findings: tuple[Finding, ...] = ()

    def __getitem__(self, name: str) -> DVH:
        """The one DVH of that exact structure name; KeyError otherwise."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[DVH]:
        return iter(self.dvhs)

    def __len__(self) -> int:
        return len(self.dvhs)


def compute_dvhs(
    plan: Plan,
    structures: Collection[str] | None = None,
    *,
    end_caps: str = "half-slice",
    names: Mapping[str, str] | None = None,
) -> DVHSet:
    """DVHs of the named structures (all when None) and of the derived ones their names allow (Lungs, Liver-GTV ...)."""
    raise NotImplementedError

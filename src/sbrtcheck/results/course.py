"""What is known of a prescription by its dose and number of fractions alone: frozen values, never a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.formatting import fields_on_screen
from sbrtcheck.plan import Finding
from sbrtcheck.reference_data import Regimen, Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSide:
    """Which side of a threshold a course lies on: by the review, and by the review's source where they differ."""

    threshold: Threshold
    bed_gy: float
    met: bool
    met_by_source: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseNote:
    """BED and EQD2 of a course for an α/β of 10 Gy, known regimens of its dose and fractions, thresholds, findings."""

    bed10_gy: float
    eqd2_gy: float
    known: tuple[Regimen, ...]
    sides: tuple[ThresholdSide, ...]
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return fields_on_screen(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCourse:
    """Nothing can be looked up, for the prescription is not known, and why."""

    reason: str

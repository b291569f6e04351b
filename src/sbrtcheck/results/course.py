"""A prescription and a site in; BED, known regimens, and the side of known thresholds out: never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sbrtcheck.plan import Finding, Prescription, UnknownPrescription
from sbrtcheck.radiobiology import bed, eqd2, findings_for
from sbrtcheck.reference_data.regimens import TUMOUR_GY, Regimen, Threshold, load_regimens, side_of
from sbrtcheck.results.plan_site import UNKNOWN_SITE, PlanSite
from sbrtcheck.tables.sites import load_sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Which side of a threshold a course lies on: by the review, and by the review's source where they differ."""

    threshold: Threshold
    bed_gy: float
    met: bool
    met_by_source: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseNote:
    """What is known of a course by its dose and number of fractions alone; BED and EQD2 for an α/β of 10 Gy."""

    bed10_gy: float
    eqd2_gy: float
    known: tuple[Regimen, ...]
    sides: tuple[Side, ...]
    findings: tuple[Finding, ...]


def course_note(rx: Prescription, site: PlanSite = UNKNOWN_SITE) -> CourseNote:
    """Look a prescription up in the shipped regimens and thresholds, but those for another site of plans.

    Regimens are for places too that are no such site, like lymph nodes; these are looked up at every site.
    """
    shipped = load_regimens()
    others = [one.id for one in load_sites().sites if not site.holds(one.id)]
    return CourseNote(
        bed10_gy=bed(rx.dose_gy, fractions=rx.fractions, alpha_beta_gy=TUMOUR_GY),
        eqd2_gy=eqd2(rx.dose_gy, fractions=rx.fractions, alpha_beta_gy=TUMOUR_GY),
        known=tuple(
            one for one in shipped.of_prescription(rx.dose_gy, rx.fractions) if not set(one.sites).issubset(others)
        ),
        sides=tuple(_side(one, rx) for one in shipped.thresholds if one.site not in others),
        findings=findings_for(rx.dose_gy, fractions=rx.fractions),
    )


def _side(threshold: Threshold, rx: Prescription) -> Side:
    bed_gy = bed(rx.dose_gy, fractions=rx.fractions, alpha_beta_gy=threshold.alpha_beta_gy)
    return Side(
        threshold=threshold,
        bed_gy=bed_gy,
        met=side_of(bed_gy, threshold.bed_gy, threshold.sense),
        met_by_source=side_of(bed_gy, threshold.bed_gy, threshold.source_sense),
    )


def course_dict(rx: Prescription | UnknownPrescription, site: PlanSite) -> dict[str, Any]:
    """Give the note as values that JSON knows; nothing is known of an unknown prescription."""
    if isinstance(rx, UnknownPrescription):
        return {"bed10_gy": None, "eqd2_gy": None, "known": [], "thresholds": []}
    note = course_note(rx, site)
    return {
        "bed10_gy": float(f"{note.bed10_gy:.6g}"),
        "eqd2_gy": float(f"{note.eqd2_gy:.6g}"),
        "known": [_known_dict(one) for one in note.known],
        "thresholds": [_side_dict(side) for side in note.sides],
    }


def _known_dict(one: Regimen) -> dict[str, str]:
    return {
        "id": one.id,
        "site": one.site_printed,
        "where": one.where,
        "reported": one.reported,
        "reported_by": str(one.reported_by),
        "review_says": one.differs.review if one.differs else "",
        "source_says": one.differs.source if one.differs else "",
    }


def _side_dict(side: Side) -> dict[str, Any]:
    return {
        "id": side.threshold.id,
        "bed_gy": side.threshold.bed_gy,
        "spread_gy": side.threshold.spread_gy,
        "met": side.met,
        "met_by_source": side.met_by_source,
    }

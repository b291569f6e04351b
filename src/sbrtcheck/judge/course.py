"""A prescription and a site in; BED, known regimens, and the side of known thresholds out: never a verdict."""

from __future__ import annotations

from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.radiobiology import bed, eqd2, findings_for
from sbrtcheck.reference_data import Threshold, load_regimens
from sbrtcheck.reference_data.regimens import TUMOUR_GY, side_of
from sbrtcheck.results.course import CourseNote, ThresholdSide, UnknownCourse
from sbrtcheck.results.plan_site import UNKNOWN_SITE, PlanSite
from sbrtcheck.tables.sites import load_sites


def course_note(rx: Prescription | UnknownPrescription, site: PlanSite = UNKNOWN_SITE) -> CourseNote | UnknownCourse:
    """Look a prescription up in the shipped regimens and thresholds, but those for another site of plans.

    Regimens are for places too that are no such site, like the bone; these are looked up at every site.
    """
    if isinstance(rx, UnknownPrescription):
        return UnknownCourse(reason=rx.reason)
    regimens = load_regimens()
    other_sites = [known.id for known in load_sites().sites if not site.holds(known.id)]
    return CourseNote(
        bed10_gy=bed(rx.dose_gy, fractions=rx.fractions, alpha_beta_gy=TUMOUR_GY),
        eqd2_gy=eqd2(rx.dose_gy, fractions=rx.fractions, alpha_beta_gy=TUMOUR_GY),
        known=tuple(
            regimen
            for regimen in regimens.of_prescription(rx.dose_gy, rx.fractions)
            if not set(regimen.sites).issubset(other_sites)
        ),
        sides=tuple(
            _side(threshold, rx) for threshold in regimens.thresholds if threshold.only_site not in other_sites
        ),
        findings=findings_for(rx.dose_gy, fractions=rx.fractions),
    )


def _side(threshold: Threshold, rx: Prescription) -> ThresholdSide:
    bed_gy = bed(rx.dose_gy, fractions=rx.fractions, alpha_beta_gy=threshold.alpha_beta_gy)
    return ThresholdSide(
        threshold=threshold,
        bed_gy=bed_gy,
        met=side_of(bed_gy, threshold.bed_gy, threshold.sense),
        met_by_source=side_of(bed_gy, threshold.bed_gy, threshold.source_sense),
    )

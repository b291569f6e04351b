"""A text export, and the DVHs of a plan -> the export's DVHs of that plan."""

from __future__ import annotations

from os import PathLike

from sbrtcheck.dvh import DVHSet
from sbrtcheck.errors import AmbiguousPlanError
from sbrtcheck.plan import Prescription
from sbrtcheck.text_export.load import load_dvh_export


def load_export_of(path: str | PathLike[str], dvhs: DVHSet) -> DVHSet:
    """The DVHs of a text export; of one with several plans, those of the plan with the label of ours.

    Read for our prescription, so that its findings tell where the export states another, or doses in another unit.
    Errors as for `load_dvh_export`.
    """
    rx = dvhs.prescription if isinstance(dvhs.prescription, Prescription) else None
    try:
        return load_dvh_export(path, prescription=rx)
    except AmbiguousPlanError:
        label = dvhs.provenance.get("plan_label")
        if not isinstance(label, str) or not label:
            raise
    return load_dvh_export(path, plan=label, prescription=rx)

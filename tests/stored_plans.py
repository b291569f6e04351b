"""The bundled lung plan with DVHs stored in it, as a planning system would."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom

import dicom_files as files
import sbrtcheck
from dicom_files import stored_dvh
from sbrtcheck.dvh import DVH

LUNG = Path(__file__).resolve().parent.parent / "examples/plans/lung-50gy-5fx"


def lung_with_stored_dvhs(folder: Path, *, end_caps: str = "half-slice", **factors: float) -> Path:
    """The bundled plan, its DVHs stored in bins of 0.02 Gy, doses of some structures multiplied."""
    shutil.copytree(LUNG, folder)
    computed = sbrtcheck.compute_dvhs(sbrtcheck.load_plan(LUNG), end_caps=end_caps)
    dose = pydicom.dcmread(folder / "rtdose.dcm")
    dose.DVHSequence = files.items(
        *(_as_stored(dvh, factors.get(dvh.name, 1.0)) for dvh in computed if dvh.number >= 0)
    )
    dose.save_as(folder / "rtdose.dcm")
    return folder


def _as_stored(dvh: DVH, factor: float) -> pydicom.Dataset:
    edges = np.arange(0.0, dvh.curve.dose_gy[-1] + 0.04, 0.02)
    volumes = dvh.curve.volume_at(edges).round(5)
    return stored_dvh(np.column_stack([np.full(len(edges), 0.02 * factor), volumes]), rois=((dvh.number, "INCLUDED"),))

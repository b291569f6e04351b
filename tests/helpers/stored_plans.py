"""The bundled lung plan with DVHs stored in it, as a planning system would."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom

import dicom_files as files
import sbrtcheck
from dicom_files import stored_dvh
from folders import ROOT
from sbrtcheck.dvh import DVH

LUNG = ROOT / "examples/plans/lung-50gy-5fx"


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


def lung_export(path: Path, *, plans: tuple[str, ...] = ("LUNG",), **factors: float) -> Path:
    """The DVHs of the bundled plan as Eclipse exports them, doses of some structures multiplied."""
    computed = sbrtcheck.compute_dvhs(sbrtcheck.load_plan(LUNG))
    head = [f"Plan: {plan}\nPrescribed dose [Gy]: 50.0\n% for dose (%): 100.0\n" for plan in plans]
    blocks = [
        _as_exported(dvh, plan, factors.get(dvh.name, 1.0)) for plan in plans for dvh in computed if dvh.number >= 0
    ]
    path.write_text("Type : Cumulative Dose Volume Histogram\n\n" + "\n".join([*head, *blocks]), encoding="utf-8")
    return path


def _as_exported(dvh: DVH, plan: str, factor: float) -> str:
    doses = np.arange(0.0, dvh.curve.dose_gy[-1] + 0.1, 0.05)
    rows = (f"{d * factor:10.4f}  {v:12.5f}" for d, v in zip(doses, dvh.curve.volume_at(doses), strict=True))
    least, most, mean = (band.value * factor for band in (dvh.min_gy, dvh.max_gy, dvh.mean_gy))
    return (
        f"Structure: {dvh.name}\nPlan: {plan}\nVolume [cm³]: {dvh.volume:.5f}\n"
        f"Min Dose [Gy]: {least:.3f}\nMax Dose [Gy]: {most:.3f}\nMean Dose [Gy]: {mean:.3f}\n\n"
        "Dose [Gy]  Structure Volume [cm³]\n" + "\n".join(rows) + "\n"
    )

"""Published plans: our DVHs against those of the planning system, under its end-cap convention.

Collected only where the plans are (``SBRTCHECK_RTDATA``, else ``../shared/rtdata``). Bands: those the data set states.
"""

from __future__ import annotations

import csv
import os
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from folders import ROOT
from sbrtcheck.dicom import load_dvhs, load_plan
from sbrtcheck.dvh import DVH, Curve, DVHSet, compute_dvhs

DATA = Path(os.environ.get("SBRTCHECK_RTDATA", ROOT.parent / "shared" / "rtdata"))
PROSTATE, BREAST = DATA / "eclipse81_prostate", DATA / "eclipse2009_breast"
TABLE = PROSTATE / "dvh_tables" / "EclipseProstate_DvhTable_Eclipse.csv"

# ROIs of the breast plan whose stored DVH is known to differ from its contours: BODY, of which planes are left out, and
# ROIs of less than 1 cc or two planes, whose outlines Eclipse 2009 blends (`tests/validation/planning_systems.py`)
LEFT_OUT = {"BODY", "Borders", "Nodes", "Scar"}


def within(ours: float, theirs: float, gy: float, share: float) -> bool:
    return abs(ours - theirs) <= max(gy, share * theirs)


def tabulated() -> dict[str, tuple[float, Curve]]:
    """Volume in cc and cumulative curve in percent, by the letters of the structure's name."""
    with TABLE.open(encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    columns = np.array(
        [[float(cell) if cell else np.nan for cell in (*row, *[""] * len(head))][: len(head)] for row in rows]
    )
    found = {}
    for i in range(0, len(head) - 1, 2):
        known = ~np.isnan(columns[:, i])
        volume = re.search(r"of ([\d.]+) cc", head[i + 1])
        assert volume
        curve = Curve(dose_gy=columns[known, i], volume=columns[known, i + 1])
        found[letters(head[i].partition("_")[0])] = (float(volume[1]), curve)
    return found


def letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


@cache
def without_caps(folder: Path) -> DVHSet:
    return compute_dvhs(load_plan(folder), end_caps="none")


def dose_gy(dvh: DVH, percent: float) -> float:
    return dvh.dose_at_volume(percent / 100 * dvh.volume).value


if TABLE.is_file():

    @pytest.mark.parametrize("name", sorted(tabulated()))
    def test_eclipse_8_without_end_caps_agrees(name: str) -> None:
        volume_cc, curve = tabulated()[name]
        ours = next(dvh for dvh in without_caps(PROSTATE) if letters(dvh.name) == name)
        assert within(ours.volume, volume_cc, 0.0, 0.015)
        for percent, gy, share in ((95, 0.2, 0.005), (50, 0.1, 0.003), (2, 0.2, 0.005)):
            theirs = float(curve.dose_at(np.array([float(percent)]))[0])
            assert within(dose_gy(ours, percent), theirs, gy, share)
        steps = -np.diff(curve.volume) / curve.volume[0]
        mean = float(steps @ (curve.dose_gy[1:] + curve.dose_gy[:-1]) / 2)
        assert within(ours.mean_gy.value, mean, 0.1, 0.003)


if (BREAST / "rtdose.dcm").is_file():

    @pytest.mark.parametrize("name", [dvh.name for dvh in load_dvhs(BREAST) if dvh.name not in LEFT_OUT])
    def test_eclipse_2009_without_end_caps_agrees(name: str) -> None:
        theirs, ours = load_dvhs(BREAST)[name], without_caps(BREAST)[name]
        assert within(ours.volume, theirs.volume, 0.0, 0.015)
        assert within(ours.mean_gy.value, theirs.mean_gy.value, 0.1, 0.003)
        for percent, gy, share in ((95, 0.2, 0.005), (50, 0.1, 0.003), (2, 0.2, 0.005)):
            assert within(dose_gy(ours, percent), dose_gy(theirs, percent), gy, share)


if (DATA / "raystation14_water").is_dir():

    @pytest.mark.parametrize(("name", "bare_cc", "capped_cc"), [("Cube101010", 1000.0, 1050.0), ("PMMA", 200.0, 205.0)])
    def test_boxes_of_known_size_have_it(name: str, bare_cc: float, capped_cc: float) -> None:
        dvh = without_caps(DATA / "raystation14_water")[name]
        volumes = {other.end_caps: other.volume for other in (dvh, *dvh.alternatives)}
        assert volumes["none"] == pytest.approx(bare_cc, rel=1e-6)
        assert volumes["half-slice"] == pytest.approx(capped_cc, rel=1e-6)

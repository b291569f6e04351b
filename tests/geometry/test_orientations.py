"""Files of a patient lying in any way -> the same DVH: head or feet first, on the back, on the face, on a side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dicom_files as files
from exact import Exact, LinearDose, slabs
from sbrtcheck import compute_dvhs, load_plan
from sbrtcheck.dvh import EndCaps
from shapes import nested

# along a row and down a column of the image, in patient axes (left, back, head)
ORIENTATIONS = {
    "head first, on the back": (1, 0, 0, 0, 1, 0),
    "head first, on the face": (-1, 0, 0, 0, -1, 0),
    "head first, on the right side": (0, -1, 0, 1, 0, 0),
    "head first, on the left side": (0, 1, 0, -1, 0, 0),
    "feet first, on the back": (-1, 0, 0, 0, 1, 0),
    "feet first, on the face": (1, 0, 0, 0, -1, 0),
    "feet first, on the right side": (0, -1, 0, -1, 0, 0),
    "feet first, on the left side": (0, 1, 0, 1, 0, 0),
    "frames from front to back": (1, 0, 0, 0, 0, -1),
    "frames from left to right": (0, 1, 0, 0, 0, -1),
}
DOSE = LinearDose(at_0=60.0, slope=(0.9, -0.5, 0.7))
PLANES = [(z, [0.8 * loop for loop in nested(np.random.default_rng(7))]) for z in (-4.0, -1.0, 2.0, 5.0)]


@pytest.mark.parametrize("offsets", ["rising", "falling"])
@pytest.mark.parametrize("name", sorted(ORIENTATIONS))
def test_the_dvh_is_the_closed_form_however_the_patient_lies(tmp_path: Path, name: str, offsets: str) -> None:
    row, column = np.array(ORIENTATIONS[name][:3]), np.array(ORIENTATIONS[name][3:])
    normal = np.cross(row, column)
    frames, rows, columns = 15, 17, 21
    along = 3.0 * np.arange(frames) * (1 if offsets == "rising" else -1)
    first = -(along.mean() * normal + 2.5 * (rows - 1) / 2 * column + 2.0 * (columns - 1) / 2 * row)
    k, j, i = np.meshgrid(along, 2.5 * np.arange(rows), 2.0 * np.arange(columns), indexing="ij")
    places = first + k[..., None] * normal + j[..., None] * column + i[..., None] * row
    stored = np.rint(DOSE(*np.moveaxis(places, -1, 0)) / 1e-6).astype(np.uint32)
    dose = files.dose(
        stored=stored, scaling=1e-6, orientation=ORIENTATIONS[name], position=first.tolist(), offsets=along.tolist()
    )
    contours = [files.contour(np.column_stack([loop, np.full(len(loop), z)])) for z, plane in PLANES for loop in plane]
    folder = files.write_plan(tmp_path, dose, files.structure_set(rois=[(1, "S", "ORGAN", contours)]), files.plan())
    made = compute_dvhs(load_plan(folder))["S"]
    assert made.uncovered_cc == 0.0
    for dvh in (made, *made.alternatives):
        truth = Exact(slabs=slabs(PLANES, dvh.end_caps or EndCaps.NONE), dose=DOSE)
        assert dvh.volume == pytest.approx(truth.volume_cc, rel=1e-4)  # contours are written to a thousandth of a mm
        assert dvh.mean_gy.value == pytest.approx(truth.mean_gy, abs=2e-3)
        least, most = truth.extremes_gy
        for share in (0.05, 0.3, 0.7, 0.95):
            dose_gy = least + share * (most - least)
            band = dvh.dose_at_volume(truth.volume_at(dose_gy) / truth.volume_cc * dvh.volume)
            assert band.low - 2e-3 <= dose_gy <= band.high + 2e-3
            assert band.value == pytest.approx(dose_gy, abs=0.05)

"""Contour numbers by pydicom as it comes, against ours: ``contour_text.py OUT_JSON FOLDER``; seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pydicom

from sbrtcheck import load_plan


def by_pydicom(path: Path) -> int:
    """Every number of every contour as an object of pydicom's; their count."""
    dataset = pydicom.dcmread(path)
    return sum(len(contour.ContourData) for roi in dataset.ROIContourSequence for contour in roi.ContourSequence)


def by_us(folder: str) -> int:
    """The same numbers as arrays; their count."""
    return sum(structure.contours.read().points_mm.size for structure in load_plan(folder).structures)


if __name__ == "__main__":
    out, case = sys.argv[1:]
    by_us(case)  # imports
    marks = [time.perf_counter()]
    count = by_us(case)
    marks.append(time.perf_counter())
    if by_pydicom(Path(case, "rtstruct.dcm")) != count:
        raise SystemExit("the two readers count different numbers")
    marks.append(time.perf_counter())
    result = {"numbers": count, "sbrtcheck": marks[1] - marks[0], "pydicom": marks[2] - marks[1]}
    Path(out).write_text(json.dumps(result), encoding="utf-8")

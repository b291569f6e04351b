"""The same with plastimatch: ``run_plastimatch.py OUT_JSON METRICS STRUCTURES FOLDER``; it always does all structures.

Its histogram (0.05 Gy bins, counts of voxels) is read and the metrics are interpolated on it; the standard library is
enough for that. ``Curve`` among the metrics is the histogram, ``Seconds`` the time that the program took.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

BIN_GY = 0.05
BINS = 1400


def histogram(folder: str) -> tuple[list[float], dict[str, list[float]], float]:
    """Doses, the cumulative volume in cc of each structure at them, and seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "dvh.csv")
        options = f"--bin-width {BIN_GY} --num-bins {BINS} --normalization vox --output-csv".split()
        started = time.perf_counter()
        said = subprocess.run(
            ["plastimatch", "dvh", "--input", folder, *options, str(path)], check=True, capture_output=True, text=True
        )
        seconds = time.perf_counter() - started
        with path.open(newline="", encoding="utf-8") as file:
            heads, *rows = csv.reader(file)
    size = re.search(r"checking voxel size\.*\s+(\S+) (\S+) (\S+)", said.stdout)
    voxel_cc = float(size[1]) * float(size[2]) * float(size[3]) / 1000.0
    columns = list(zip(*rows, strict=True))
    volumes = {name: [float(v) * voxel_cc for v in c] for name, c in zip(heads[1:], columns[1:], strict=True)}
    return [float(d) for d in columns[0]], volumes, seconds


def value(metric: str, doses: list[float], volumes: list[float], seconds: float) -> float | list[list[float]]:
    """A metric in our notation on a histogram, linear between its points; bin centres are multiples of the width."""
    whole = volumes[0]
    if metric == "Seconds":
        return seconds
    if metric == "Curve":
        return [[dose - BIN_GY / 2.0 for dose in doses], volumes]
    if metric == "Volume[cc]":
        return whole
    if metric == "Mean[Gy]":
        return sum(volumes[1:]) * BIN_GY / whole if whole else 0.0
    edges = [dose - BIN_GY / 2.0 for dose in doses]
    number = float(re.search(r"[\d.]+", metric)[0])
    if metric.startswith("V"):
        return at(number, edges, volumes)
    return -at(-(number if "cc" in metric else number / 100.0 * whole), [-v for v in volumes], [-e for e in edges])


def at(x: float, xs: list[float], ys: list[float]) -> float:
    """The value at x of a line through points with rising xs."""
    steps = zip(pairwise(xs), pairwise(ys), strict=True)
    return next((y0 + (x - x0) / (x1 - x0) * (y1 - y0) for (x0, x1), (y0, y1) in steps if x <= x1 != x0), ys[-1])


if __name__ == "__main__":
    out, metric_list, structure_list, case = sys.argv[1:]
    names = [name for name in structure_list.split(",") if name]
    all_doses, by_name, taken = histogram(case)
    found = {
        name: {metric: value(metric, all_doses, volumes, taken) for metric in metric_list.split(",")}
        for name, volumes in by_name.items()
        if not names or name in names
    }
    Path(out).write_text(json.dumps({case: found}), encoding="utf-8")

"""The same with pydcm: ``run_pydcm.py OUT_JSON METRICS STRUCTURES FOLDER... [--faults]``; as `run_dicompyler_core.py`.

Its function is given the two files and the number of a structure, and reads both anew for each; all else is as it
comes. With ``--faults`` a structure that it refuses has its words in place of metrics, and does not end the run.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pydcm


def statistic(dvh: object, metric: str) -> float | list[list[float]]:
    """What a metric in our notation is on a DVH of pydcm; volumes stand at the lower edges of its bins."""
    if metric == "Curve":
        return [[float(dose) for dose in dvh.bins[: len(dvh.cumulative)]], [float(v) for v in dvh.cumulative]]
    if metric in {"Volume[cc]", "Mean[Gy]"}:
        return float(dvh.volume if metric == "Volume[cc]" else dvh.mean)
    return float(dvh.statistic(re.sub(r"%?\[.*", "", metric)).value)


def measured(folder: str, metrics: list[str], wanted: list[str], *, faults: bool) -> dict[str, object]:
    """The metrics of each structure of the plan in a folder."""
    structures, dose = Path(folder, "rtstruct.dcm"), Path(folder, "rtdose.dcm")
    found = {}
    for roi in pydcm.read_rtstruct(structures).rois:
        if not wanted or roi.name in wanted:
            started = time.perf_counter()
            try:
                dvh = pydcm.dvhcalc(structures, dose, roi.number)
            except RuntimeError as fault:
                if not faults:
                    raise
                found[roi.name] = str(fault)
                continue
            seconds = time.perf_counter() - started
            found[roi.name] = {m: seconds if m == "Seconds" else statistic(dvh, m) for m in metrics}
    return found


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--faults"]
    out, metric_list, structure_list, *folders = words
    names = [name for name in structure_list.split(",") if name]
    may_fail = "--faults" in sys.argv
    results = {folder: measured(folder, metric_list.split(","), names, faults=may_fail) for folder in folders}
    Path(out).write_text(json.dumps(results), encoding="utf-8")

"""The same with dicompyler-core: ``run_dicompyler_core.py OUT_JSON METRICS STRUCTURES FOLDER... [--extents]``.

Both files are read once and given to ``get_dvh`` as data sets; everything else is as it comes. ``Curve`` among the
metrics is the cumulative curve as doses in Gy and volumes in cc, ``Seconds`` the time that ``get_dvh`` took.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
from dicompylercore import dicomparser, dvhcalc


def statistic(dvh: object, metric: str) -> float | list[list[float]]:
    """What a metric in our notation is on a DVH of dicompyler-core."""
    if metric == "Curve":
        return [[0.01 * i for i in range(len(dvh.counts))], [float(v) for v in dvh.counts]]
    if metric in {"Volume[cc]", "Mean[Gy]"}:
        return float(dvh.volume if metric == "Volume[cc]" else dvh.mean)
    name = re.sub(r"%?\[.*", "", metric)
    value = dvh.statistic(name)
    return float(value.value)


def measured(folder: str, metrics: list[str], wanted: list[str], *, extents: bool) -> dict[str, dict[str, object]]:
    """The metrics of each structure of the plan in a folder."""
    structures = pydicom.dcmread(Path(folder, "rtstruct.dcm"))
    dose = pydicom.dcmread(Path(folder, "rtdose.dcm"))
    rois = dicomparser.DicomParser(structures).GetStructures()
    found = {}
    for number, roi in rois.items():
        if not wanted or roi["name"] in wanted:
            started = time.perf_counter()
            dvh = dvhcalc.get_dvh(structures, dose, number, use_structure_extents=extents)
            seconds = time.perf_counter() - started
            found[roi["name"]] = {m: seconds if m == "Seconds" else statistic(dvh, m) for m in metrics}
    return found


if __name__ == "__main__":
    np.seterr(all="ignore")
    words = [word for word in sys.argv[1:] if word != "--extents"]
    out, metric_list, structure_list, *folders = words
    names = [name for name in structure_list.split(",") if name]
    only_extents = "--extents" in sys.argv
    results = {f: measured(f, metric_list.split(","), names, extents=only_extents) for f in folders}
    Path(out).write_text(json.dumps(results), encoding="utf-8")

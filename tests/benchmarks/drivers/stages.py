"""Where the time goes in sbrtcheck: ``stages.py OUT_JSON METRICS STRUCTURES FOLDER``; milliseconds by stage as JSON.

The stages run one after the other in one process: the contours are decoded before the DVHs are computed.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

clock = time.perf_counter
times = {"start": clock()}

import numpy  # noqa: E402, ICN001, F401

times["import numpy"] = clock()

from sbrtcheck import compute_dvhs, load_plan, measure  # noqa: E402

times["import sbrtcheck"] = clock()


if __name__ == "__main__":
    out, metric_list, structure_list, folder = sys.argv[1:]
    names = [name for name in structure_list.split(",") if name]
    plan = load_plan(folder)
    wanted = tuple(s for s in plan.structures if not names or s.name in names)
    times["open the files"] = clock()
    read = tuple(replace(s, contours=s.contours.read()) for s in wanted)
    times["contour text to numbers"] = clock()
    dvhs = compute_dvhs(replace(plan, structures=read), [s.name for s in read])
    times["DVHs"] = clock()
    values = [measure(metric, dvh).value for dvh in dvhs for metric in metric_list.split(",")]
    times["metrics"] = clock()
    stamps = list(times.items())
    spent = {name: 1000.0 * (now - stamps[i][1]) for i, (name, now) in enumerate(stamps[1:])}
    Path(out).write_text(json.dumps(spent), encoding="utf-8")

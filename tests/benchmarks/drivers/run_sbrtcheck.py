"""Files to metrics with sbrtcheck: ``run_sbrtcheck.py OUT_JSON METRICS STRUCTURES FOLDER...``; lists with commas.

An empty list of structures means all of the plan. The JSON has, a folder, the metrics of each structure.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sbrtcheck import compute_dvhs, load_plan, measure


def measured(folder: str, metrics: list[str], wanted: list[str]) -> dict[str, dict[str, float]]:
    """The metrics of each structure of the plan in a folder."""
    plan = load_plan(folder)
    dvhs = compute_dvhs(plan, wanted or [s.name for s in plan.structures])
    return {dvh.name: {metric: measure(metric, dvh).value for metric in metrics} for dvh in dvhs}


if __name__ == "__main__":
    out, metric_list, structure_list, *folders = sys.argv[1:]
    names = [name for name in structure_list.split(",") if name]
    results = {folder: measured(folder, metric_list.split(","), names) for folder in folders}
    Path(out).write_text(json.dumps(results), encoding="utf-8")

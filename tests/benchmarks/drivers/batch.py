"""Plans a second: ``batch.py OUT_JSON METRICS STRUCTURES FOLDER PROCESSES PLANS``; every plan is read anew.

Processes are spawned; each does one plan before the clock starts, so that start-up is not in the rate.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path


def one_plan(_: int, folder: str, metrics: list[str], names: list[str]) -> int:
    """Files to metrics; the number of values."""
    from sbrtcheck import compute_dvhs, load_plan, measure

    dvhs = compute_dvhs(load_plan(folder), names)
    return sum(measure(metric, dvh).value >= 0.0 for dvh in dvhs for metric in metrics)


if __name__ == "__main__":
    out, metric_list, structure_list, case, processes, plans = sys.argv[1:]
    work = partial(one_plan, folder=case, metrics=metric_list.split(","), names=structure_list.split(","))
    with ProcessPoolExecutor(int(processes), mp_context=get_context("spawn")) as pool:
        list(pool.map(work, range(2 * int(processes))))
        started = time.perf_counter()
        list(pool.map(work, range(int(plans))))
        seconds = time.perf_counter() - started
    Path(out).write_text(json.dumps({"plans_per_second": int(plans) / seconds}), encoding="utf-8")

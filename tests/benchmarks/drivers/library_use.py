"""One check after the other in a running process: ``library_use.py OUT_JSON PLAN TABLE TIMES``.

Seconds of every check, of the clock and of the processor, each with all that `sbrtcheck.check` does: the plan read anew
from its files, its DVHs, every row with its verdict.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from sbrtcheck import check

if __name__ == "__main__":
    out, plan, table, times = sys.argv[1:]
    rows = []
    for _ in range(int(times)):
        marks = time.perf_counter(), time.process_time()
        report = check(plan, table)
        rows.append((time.perf_counter() - marks[0], time.process_time() - marks[1]))
        assert report.outcomes
    Path(out).write_text(json.dumps(rows), encoding="utf-8")

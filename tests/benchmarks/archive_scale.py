"""Memory and time of everything but the checks, for archives of any size: ``python tests/benchmarks/archive_scale.py``.

The plans are stand-ins: entries as `sbrtcheck.archive.find` makes them, and for each the rows of the bundled lung plan
for ``--site lung``. Looking for plans and checking them is left out; what the process that hands out plans does is
handing out, keeping, and writing the table. Each size is a process of its own, without and then with all plans kept.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

PLANS = Path(__file__).parents[2] / "examples" / "plans"
SIZES = (100, 10_000, 100_000)


def stand_in() -> bytes:
    """The entry of the lung plan, and what it comes to."""
    from sbrtcheck.archive import Options, find, work
    from sbrtcheck.archive.packed import check_task

    (lung,) = [entry for entry in find(PLANS) if "lung" in entry.folder]
    (task,) = work.tasks_of([lung], Options.read(sites=["lung"]))
    return pickle.dumps((lung, check_task(task)))


class _EnoughError(Exception):
    """All plans are kept, and no table is wanted."""


def measured(number: int, out: Path, *, with_table: bool) -> dict[str, Any]:
    """A batch of so many stand-ins in this process; ``rows`` are those written."""
    import resource

    from sbrtcheck.archive import Options, batch, engine, work

    lung, packed = pickle.loads((out.parent / "stand-in").read_bytes())
    options = Options.read(sites=["lung"])
    work.find = lambda *_: _StandIns(lung, number)  # type: ignore[assignment]
    engine.check_task = lambda _task: packed
    began, last, seen = (perf_counter(), process_time()), [(0.0, 0.0)], {"taken_over": 0, "rows": 0}

    def progress(done: int, of_all: int) -> None:
        if done == of_all:
            last.append((perf_counter(), process_time()))
            if not with_table:
                raise _EnoughError

    with ThreadPoolExecutor(1) as pool, suppress(_EnoughError):
        summary = batch(PLANS, out, options, executor=pool, progress=progress)
        seen = {"taken_over": summary.taken_over, "rows": summary.rows}
    ended = (perf_counter(), process_time())
    return {
        "plans": number,
        **seen,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "keeping_s": last[-1][0] - began[0],
        "keeping_cpu_s": last[-1][1] - began[1],
        "writing_s": ended[0] - last[-1][0],
        "writing_cpu_s": ended[1] - last[-1][1],
        "table_mb": out.stat().st_size / 1e6 if out.exists() else 0.0,
        "database_mb": out.with_name(f"{out.name}.sqlite").stat().st_size / 1e6,
    }


class _StandIns:
    """Entries of so many plans, made when they are asked for."""

    def __init__(self, entry: Any, number: int) -> None:
        self.entry, self.number = entry, number

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, position: int) -> Any:
        from dataclasses import replace

        if position >= self.number:
            raise IndexError
        return replace(self.entry, plan_uid=f"2.25.{position}", folder=f"patient {position}")


def main() -> None:
    """Print one line a size."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--ending", default="csv", choices=["csv", "parquet"])
    arguments.add_argument("--no-table", action="store_true", help="leave out writing the table")
    arguments.add_argument("--one", help=argparse.SUPPRESS)
    arguments.add_argument("--stand-in", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.stand_in:
        (Path(given.one).parent / "stand-in").write_bytes(stand_in())
    elif given.one:
        print(json.dumps(measured(given.sizes[0], Path(given.one), with_table=not given.no_table)))
    for number in given.sizes if not given.one else ():
        with TemporaryDirectory() as folder:
            for _ in range(2):
                out = Path(folder, f"out.{given.ending}")
                command = [sys.executable, __file__, "--sizes", str(number), "--one", str(out)]
                command += ["--no-table"] if given.no_table else []
                # a process counts as its own the memory of the one it was made by: that is to be small
                subprocess.run([*command, "--stand-in"], check=True)
                seen = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                print({name: round(value, 2) for name, value in seen.items()}, flush=True)


if __name__ == "__main__":
    main()

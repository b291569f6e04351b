"""Memory and time of everything but the checks, for archives of any size: ``python tests/benchmarks/archive_scale.py``.

The plans are stand-ins. Their files are made up while the index asks for them, each with UIDs of its own: the headers
of the bundled lung plan, three files in a folder, and none is on a disk. For each plan there are the rows of that plan
against one table. So the index is made, files are linked, plans are handed out and kept, and the tables are written;
only reading and checking are left out. Each size is a process of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import shop

PLANS = shop.ROOT / "examples" / "plans" / "lung-50gy-5fx"
TABLE = "rtog-0813"
SIZES = (100, 10_000, 100_000)
MEMORY_AIM_MB = 50.0


# In the process that is measured


def measured(number: int, out: Path) -> dict[str, float]:
    """A batch of so many stand-ins in this process: seconds of the clock and of processors by stage, and sizes."""
    from sbrtcheck.archive import Options, batch, engine, find, work
    from sbrtcheck.archive.packed import check_task

    options = Options.read(tables=TABLE)
    (lung,) = find(PLANS)
    packed = check_task(next(work.tasks_of([lung], options)))
    engine.check_task = lambda _task: packed
    clocks = {"beginning": (perf_counter(), process_time())}

    def progress(done: int, of_all: int) -> None:
        clocks.setdefault("found", (perf_counter(), process_time()))
        if done == of_all:
            clocks["kept"] = (perf_counter(), process_time())

    with _stand_in_files(number), ThreadPoolExecutor(1) as pool:
        summary = batch(out.parent, out, options, executor=pool, progress=progress)
    clocks["written"] = (perf_counter(), process_time())
    stages = list(clocks.items())
    seconds = {
        f"{name} {unit}": now[at] - before[at]
        for (_, before), (name, now) in pairwise(stages)
        for at, unit in enumerate(("clock", "processor"))
    }
    plans, rows = summary.plans, summary.rows
    size = sum(path.stat().st_size for path in out.parent.glob("out*.parquet")) / 1e6
    database = out.with_name(f"{out.name}.sqlite").stat().st_size / 1e6
    return {"plans": plans, "rows": rows, "tables_mb": size, "database_mb": database, **seconds}


@contextmanager
def _stand_in_files(number: int) -> Iterator[None]:
    """The index is told of folders that are not there, and of the headers in them."""
    from sbrtcheck.archive import index
    from sbrtcheck.archive.headers import Found, look_into
    from sbrtcheck.dicom.walk import Folder

    headers = [found.header for path in sorted(PLANS.glob("*.dcm")) for found in look_into(str(path))]
    names = [f"{at}.dcm" for at in range(len(headers))]
    before = index.walk, index.look_into

    def walk(root: str) -> Iterator[Folder]:
        for at in range(number):
            files = tuple((name, 1_000_000, 1_700_000_000_000_000_000) for name in names)
            yield Folder(path=f"{root}{os.sep}patient {at:07d}", by_link=False, files=files, unread=())

    def look(path: str) -> Iterator[Found]:
        folder, name = os.path.split(path)
        header, at = headers[names.index(name)], folder[-7:]
        assert header is not None
        yield Found(
            header=replace(
                header,
                uid=_of_number(header.uid, at),
                frames=tuple(_of_number(uid, at) for uid in header.frames),
                plan_refs=tuple(_of_number(uid, at) for uid in header.plan_refs),
                structure_set_refs=tuple(_of_number(uid, at) for uid in header.structure_set_refs),
            )
        )

    index.walk, index.look_into = walk, look  # type: ignore[assignment]
    try:
        yield
    finally:
        index.walk, index.look_into = before  # type: ignore[assignment]


def _of_number(uid: str, number: str) -> str:
    return uid[: -len(number)] + number


# Sections


def section(sizes: tuple[int, ...] = SIZES) -> shop.Section:
    """One row a size."""
    found: dict[int, tuple[dict[str, Any], float]] = {}
    for number in sizes:
        with TemporaryDirectory() as folder:
            used = shop.start([sys.executable, __file__, "--one", number, "--out", Path(folder, "out.parquet")])
            found[number] = shop.read_json(Path(folder, "result.json")), used.peak_mb or 0.0
    stages = ("found", "kept", "written")
    rows = [
        [
            f"{number:,}",
            *(f"{seen[f'{stage} processor']:.1f}" for stage in stages),
            f"{1000 * sum(seen[f'{stage} processor'] for stage in stages) / number:.2f}",
            f"{peak_mb:.0f}",
            f"{seen['database_mb']:.0f}",
            f"{seen['tables_mb']:.0f}",
        ]
        for number, (seen, peak_mb) in found.items()
    ]
    heads = [
        *("plans", "found, s", "kept, s", "written, s", "all, ms a plan"),
        *("peak memory, MB", "database, MB", "tables, MB"),
    ]
    few, many, last = sizes[0], sizes[1], sizes[-1]
    more = found[many][1] - found[few][1]
    per_million = 1_000_000 / last
    seen, peak_mb = found[last]
    hours = per_million * sum(seen[f"{stage} processor"] for stage in stages) / 3600
    memory_mb = peak_mb + (1_000_000 - last) * (peak_mb - found[many][1]) / (last - many)
    return shop.Section(
        heading="Everything but the checks, at any size",
        text=(
            "Stand-ins: the index is told of folders with three headers each, files are linked, plans handed out and"
            f" kept, and the tables of outcomes and plans ({seen['rows'] / seen['plans']:.0f} rows a plan) written as"
            " Parquet; no file is read and no plan checked. Seconds are of the processor; finding is the index and"
            " linking, without the system's own time for files. Memory is that of the largest process. If all grows as"
            f" it did up to here, a million plans take {per_million * seen['database_mb'] / 1000:.0f} GB of database,"
            f" which holds every row until the tables are written, {hours:.1f} hours of the one process that hands out"
            f" and writes, and {memory_mb:.0f} MB of its memory. So the disk and that process limit it, after the"
            " checks themselves, which other processes and machines share."
        ),
        table=shop.table(heads, rows),
        goals=(
            shop.Goal(
                what=f"parent's peak memory, {few:,} to {many:,} plans",
                aim=f"grows by less than {MEMORY_AIM_MB:.0f} MB",
                measured=f"{more:.0f} MB",
                met=more < MEMORY_AIM_MB,
            ),
        ),
    )


def main() -> None:
    """Print one row a size."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.one:
        shop.write_json(given.out.with_name("result.json"), measured(given.one, given.out))
    else:
        shop.print_all([section(tuple(given.sizes))])


if __name__ == "__main__":
    main()

"""What an archive costs beside its checks: ``python tests/benchmarks/archive_workers.py [--copies 10]``.

Of copies of the bundled plans: one process, two, and a Dask cluster of two workers on this machine. Printed are seconds
of the clock, and of processors, which say the same on a machine that does other things too; and, of one plan inside of
a running batch, what it costs to send it, to look up its options and tables, and to bring back its rows.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import psutil
from archive_kill import copies

from sbrtcheck.archive import Options, batch, check_entry, find
from sbrtcheck.archive.cluster import dask_executor
from sbrtcheck.archive.packed import check_task, unpack
from sbrtcheck.archive.work import tasks_of

SITE = Options.read(sites=["lung", "liver"])


def cpu_s() -> float:
    """Processor seconds of this process and all that it started, those that have ended too."""
    own = psutil.Process()
    times = [own.cpu_times(), *(child.cpu_times() for child in own.children(recursive=True))]
    return sum(one.user + one.system for one in times) + times[0].children_user + times[0].children_system


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock, and of processors."""
    began, began_cpu = perf_counter(), cpu_s()
    work()
    return perf_counter() - began, cpu_s() - began_cpu


def overhead(archive: Path) -> None:
    """Print what one plan costs beside its check, in a process that has checked another one before."""
    entry = next(entry for entry in find(archive) if "lung" in entry.folder)
    (task,) = tasks_of([entry], SITE)
    check_task(task)
    began = process_time()
    checked = check_entry(entry, SITE)
    alone = process_time() - began
    times = []
    for _ in range(20):
        began = process_time()
        packed = _with_entry_checked(pickle.loads(pickle.dumps(task)), checked)
        unpack(pickle.loads(pickle.dumps(packed)))
        times.append(process_time() - began)
    print(f"one plan: {alone:.3f} s; beside its check {min(times):.4f} s, {100 * min(times) / alone:.2f} %")


def _with_entry_checked(task: object, checked: object) -> object:
    """`check_task`, where the check itself costs nothing."""
    from sbrtcheck.archive import packed

    real = packed.check_entry
    packed.check_entry = lambda *_: checked  # type: ignore[assignment, return-value]
    try:
        return check_task(task)  # type: ignore[arg-type]
    finally:
        packed.check_entry = real


def main() -> None:
    """Print a line for each way."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--copies", type=int, default=10, help="of the two bundled plans")
    arguments.add_argument("--rounds", type=int, default=2)
    given = arguments.parse_args()
    from distributed import LocalCluster

    with TemporaryDirectory() as folder:
        archive = copies(Path(folder), given.copies)
        overhead(archive)
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            dask_executor(cluster.scheduler_address) as dask,
        ):
            ways: dict[str, Callable[[Path], object]] = {
                "1 process": lambda out: batch(archive, out, SITE, jobs=1),
                "2 processes": lambda out: batch(archive, out, SITE, jobs=2),
                "Dask, 2 workers": lambda out: batch(archive, out, SITE, executor=dask),
            }
            for number in range(given.rounds):
                for name, way in ways.items():
                    out = Path(folder, f"{number} {name}.csv")
                    seconds, processors_s = timed(lambda way=way, out=out: way(out))  # type: ignore[misc]
                    print(f"{name}: {seconds:.1f} s of the clock, {processors_s:.1f} s of processors", flush=True)


if __name__ == "__main__":
    main()

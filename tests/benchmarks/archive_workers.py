"""An archive of phantom plans in one run: ``python tests/benchmarks/archive_workers.py [--plans 500]``.

The plans are those of ``examples/make_archive.py``, damaged and de-identified ones among them, checked against its
table, with three metrics and the curve of every structure: in one process, in two, and on a Dask cluster of two workers
on this machine. What they come to is compared with the manifest. Where the time goes is measured in the run with one
process, by clocks round the functions of each step; and of one plan inside of a running batch, what it costs to send
it, to look up its options and tables, and to bring back its rows.
"""

from __future__ import annotations

import argparse
import csv
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import psutil
import shop

from sbrtcheck import api, given_plans
from sbrtcheck.archive import Options, Table, batch, check_entry, find, packed, path_of_table, structure_rows, work
from sbrtcheck.archive.cluster import dask_executor
from sbrtcheck.archive.packed import check_task, unpack
from sbrtcheck.archive.work import tasks_of
from sbrtcheck.judge import plan_dvhs, run
from sbrtcheck.metric import dvh_records

METRICS = ("D95%[Gy]", "D2%[Gy]", "Mean[Gy]")
STEPS: Mapping[str, Callable[..., Any]] = {
    "finding plans: the index, and linking": work.find_entries,
    "reading": given_plans.plan_or_dvhs,
    "geometry and DVHs of the structures that rows and targets need": plan_dvhs.dvhs_for_matches,
    "evaluation of the table, with close bounds": run.evaluate_with,
    "geometry and DVHs of the other structures": structure_rows.dvhs_of_all,
    "three metrics of all structures, with close bounds": dvh_records,
    "curves in few points": structure_rows.few_points,
}
REST = "the rest: rows, keeping, writing the tables"
EFFICIENCY_AIM, DASK_AIM, BESIDE_AIM = 0.85, 0.10, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run over the archive: seconds of the clock and of processors."""

    clock_s: float
    processors_s: float


def options_of(archive: Path) -> Options:
    """The table of the archive, metrics and curves; folders, to find plans in the manifest."""
    return Options.read(tables=archive / "table.yaml", metrics=METRICS, curves=True, with_paths=True)


def write_archive(folder: Path, plans: int) -> Path:
    """The archive of so many plans."""
    from make_archive import write_archive as write

    write(folder, range(plans))
    return folder


# Clocks


def cpu_s() -> float:
    """Processor seconds of this process and all that it started, those that have ended too."""
    own = psutil.Process()
    times = [own.cpu_times(), *(child.cpu_times() for child in own.children(recursive=True))]
    return sum(one.user + one.system for one in times) + times[0].children_user + times[0].children_system


def timed(done: Callable[[], object]) -> Ran:
    """What it takes."""
    began, began_cpu = perf_counter(), cpu_s()
    done()
    return Ran(clock_s=perf_counter() - began, processors_s=cpu_s() - began_cpu)


@contextmanager
def clocks() -> Iterator[dict[str, float]]:
    """Processor seconds in the functions of each step, wherever a module has them under a name."""
    spent = dict.fromkeys(STEPS, 0.0)

    def with_clock(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def clocked(*arguments: Any, **named: Any) -> Any:
            began = process_time()
            try:
                return function(*arguments, **named)
            finally:
                spent[step] += process_time() - began

        return clocked

    ours = [module for name, module in sys.modules.items() if name.partition(".")[0] == "sbrtcheck"]
    put_back = []
    for step, function in STEPS.items():
        clocked = with_clock(step, function)
        for module in ours:
            for name in [name for name, value in vars(module).items() if value is function]:
                setattr(module, name, clocked)
                put_back.append((module, name, function))
    try:
        yield spent
    finally:
        for module, name, function in put_back:
            setattr(module, name, function)


# Runs


def ran(archive: Path, folder: Path) -> tuple[dict[str, Ran], dict[str, float]]:
    """Each way over the archive, and the seconds of the steps in one process."""
    from distributed import LocalCluster

    options = options_of(archive)
    runs = {}
    with clocks() as steps:
        runs["1 process"] = timed(lambda: batch(archive, folder / "1.parquet", options, jobs=1))
    runs["2 processes"] = timed(lambda: batch(archive, folder / "2.parquet", options, jobs=2))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        dask_executor(cluster.scheduler_address) as dask,
    ):
        runs["Dask cluster, 2 workers"] = timed(lambda: batch(archive, folder / "d.parquet", options, executor=dask))
    return runs, steps


def same_rows(folder: Path) -> bool:
    """Whether the three runs wrote the same rows in all tables."""
    import pyarrow.parquet as pq

    def tables(name: str) -> list[Any]:
        return [pq.read_table(path_of_table(folder / f"{name}.parquet", table)) for table in Table]

    return all(one.equals(other) for way in ("2", "d") for one, other in zip(tables("1"), tables(way), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class CameTo:
    """Plans of the manifest by kind, what was done to them, the states of their rows, and whether that was expected."""

    plans: Counter[tuple[str, str, str, bool]]
    rows: int

    @property
    def right(self) -> int:
        """How many come to what was expected, and to nothing else."""
        return sum(number for (*_, as_said), number in self.plans.items() if as_said)

    @property
    def by_state(self) -> str:
        """How many came to what, in words."""
        states = Counter[str]()
        for (_, _, state, _), number in self.plans.items():
            states[state] += number
        return ", ".join(f"{number} {state}" for state, number in states.most_common())


def compared(archive: Path, out: Path) -> CameTo:
    """What the plans came to, beside the manifest; a file that nothing ties to its plan any more has a row too."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path_of_table(out, Table.PLANS), columns=["path", "state"]).to_pylist()
    states: dict[str, set[str]] = {}
    for row in rows:
        of_plan = states.setdefault(row["path"], set())
        of_plan |= {row["state"]} - {"part of no plan"}
    with (archive / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        lines = {line["folder"]: line for line in csv.DictReader(stream)}
    found: Counter[tuple[str, str, str, bool]] = Counter()
    for folder in lines.keys() | states.keys():
        line = lines.get(folder, {"kind": "in no manifest", "what": folder, "expected": ""})
        came_to = " and ".join(sorted(states.get(folder, ()))) or "nothing"
        found[line["kind"], line["what"], came_to, came_to == line["expected"]] += 1
    return CameTo(plans=found, rows=len(rows))


def beside_a_check(archive: Path) -> tuple[float, float]:
    """Seconds that one plan takes, and those beside its check, in a process that has checked another one before."""
    options = options_of(archive)
    entry = next(entry for entry in find(archive) if entry.is_plan and entry.problem is None)
    (task,) = tasks_of([entry], options)
    check_task(task)
    began = process_time()
    checked = check_entry(entry, options)
    alone = process_time() - began
    real, times = packed.check_entry, []
    packed.check_entry = lambda *_: checked  # type: ignore[assignment, return-value]
    try:
        for _ in range(20):
            began = process_time()
            unpack(pickle.loads(pickle.dumps(check_task(pickle.loads(pickle.dumps(task))))))
            times.append(process_time() - began)
    finally:
        packed.check_entry = real
    return alone, min(times)


# Sections


def sections(plans: int) -> Iterator[shop.Section]:
    """The run, what it came to, and where the time goes."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        archive = write_archive(folder / "archive", plans)
        files = list(archive.rglob("*.dcm"))
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        api.check(next(iter(sorted(archive.glob("*/*"))), archive), archive / "table.yaml")  # imports, for all ways
        runs, steps = ran(archive, folder)
        same = same_rows(folder)
        yield _of_runs(plans, f"{len(files)} files, {megabytes:.0f} MB", runs, same=same)
        yield _of_states(plans, compared(archive, folder / "1.parquet"))
        yield _of_steps(plans, runs["1 process"], steps, beside_a_check(archive))


def _of_runs(plans: int, size: str, runs: Mapping[str, Ran], *, same: bool) -> shop.Section:
    one, two, dask = runs.values()
    efficiency, more = one.clock_s / (2 * two.clock_s), dask.clock_s / two.clock_s - 1
    rows = [
        [name, f"{ran.clock_s:.1f}", f"{ran.processors_s:.1f}", f"{plans / ran.clock_s:.1f}"]
        for name, ran in runs.items()
    ]
    return shop.Section(
        heading=f"An archive of {plans} plans in one run",
        text=(
            f"Phantom plans of `examples/make_archive.py` ({size}), checked against its table, with"
            f" {', '.join(METRICS)} and the curve of every structure, into Parquet. The Dask cluster runs on this"
            " machine and was started before; its scheduler shares the processors with its workers."
        ),
        table=shop.table(["way", "seconds", "processor seconds", "plans a second"], rows),
        goals=(
            shop.Goal(
                what=f"{plans} plans: efficiency at two processes",
                aim=f"at least {EFFICIENCY_AIM:g}",
                measured=f"{efficiency:.2f}",
                met=efficiency >= EFFICIENCY_AIM,
            ),
            shop.Goal(
                what=f"{plans} plans: a Dask cluster of two workers, against two processes",
                aim=f"at most {100 * DASK_AIM:.0f} % more",
                measured=f"{100 * more:+.1f} %",
                met=more <= DASK_AIM,
            ),
            shop.Goal(what="rows of the three ways", aim="the same", measured="the same" if same else "not", met=same),
        ),
    )


def _of_states(plans: int, found: CameTo) -> shop.Section:
    rows = [
        [kind, what, state, number, "yes" if as_said else "**no**"]
        for (kind, what, state, as_said), number in sorted(found.plans.items())
    ]
    return shop.Section(
        heading="What the plans came to",
        text=(
            f"{found.by_state}. The manifest says what each must come to, from where its structures lie and what was"
            f" done to it. The table of plans has {found.rows - plans} rows more: files that nothing ties to their plan"
            " any more have rows of their own. A plan to be reviewed lacks an organ that the table asks for, or one of"
            " its contours is damaged."
        ),
        table=shop.table(["kind", "what was done", "came to", "plans", "as the manifest says"], rows),
        goals=(
            shop.Goal(
                what=f"{plans} plans come to what the manifest says",
                aim="all",
                measured=f"{found.right} of {plans}",
                met=found.right == plans == sum(found.plans.values()),
            ),
        ),
    )


def _of_steps(plans: int, one: Ran, steps: Mapping[str, float], one_plan: tuple[float, float]) -> shop.Section:
    spent = {**steps, REST: one.processors_s - sum(steps.values())}
    rows = [
        [step, f"{1000 * seconds / plans:.1f}", f"{100 * seconds / one.processors_s:.0f} %"]
        for step, seconds in spent.items()
    ]
    alone, beside = one_plan
    return shop.Section(
        heading="Where the time of the archive goes",
        text=(
            "In the run with one process, processor time by steps. One whole plan inside of a running batch takes"
            f" {1000 * alone:.0f} ms; to send it, to look up its options and tables, which a process reads once, and to"
            f" bring back its rows takes {1000 * beside:.1f} ms."
        ),
        table=shop.table(["step", "milliseconds a plan", "share"], rows),
        goals=(
            shop.Goal(
                what="start-up and table loading of a plan inside a running batch",
                aim=f"less than {100 * BESIDE_AIM:.0f} % of its time",
                measured=f"{100 * beside / alone:.2f} %",
                met=beside < BESIDE_AIM * alone,
            ),
        ),
    )


def main() -> None:
    """Print the sections."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--plans", type=int, default=500)
    given = arguments.parse_args()
    shop.print_all(sections(given.plans))


if __name__ == "__main__":
    main()

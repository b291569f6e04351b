"""Plans a second, against a loop over dicompyler-core: ``archive_speed.py [--plans 50] [--peers-dir DIR]``.

Both have one process and the same plans of ``examples/make_archive.py``, and compute the same metrics of the same
structures. `sbrtcheck batch` also judges a table, and writes its files; its bounds are refined. What is counted are
seconds of the processor, start-up included, which other work on the machine changes little. Then where the seconds of
sbrtcheck go: reading, DVHs, evaluation and metrics.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import peers
import shop

HERE = Path(__file__).parent
METRICS = ("D95%[Gy]", "D2%[Gy]", "Mean[Gy]")
STEPS = {
    "finding plans": ("entries.py", "find"),
    "reading": ("given_plans.py", "plan_or_dvhs"),
    "geometry and DVHs of rows and targets": ("plan_dvhs.py", "dvhs_for_matches"),
    "evaluation of the table": ("run.py", "evaluate_with"),
    "geometry and DVHs of other structures": ("structure_rows.py", "dvhs_of_all"),
    "metrics of all structures": ("dvh_records.py", "dvh_records"),
    "writing": ("write.py", "write"),
}


def main() -> None:
    """Make the plans, run both, print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--plans", type=int, default=50)
    parser.add_argument("--peers-dir", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "archive")
        folders = _archive(folder, asked.plans)
        batch = [sys.executable, "-m", "sbrtcheck", "batch", str(folder), "--jobs", "1", "--quiet"]
        batch += ["--table", str(folder / "table.yaml"), "--out", str(Path(temporary, "results.parquet"))]
        ours, alone = _seconds([*batch, "--metrics", ", ".join(METRICS)]), _seconds(batch)
        print(f"sbrtcheck batch, table and metrics: {ours:.1f} s, {ours / asked.plans * 1000:.0f} ms a plan")
        print(f"sbrtcheck batch, table alone: {alone:.1f} s, {alone / asked.plans * 1000:.0f} ms a plan")
        _print_peer(peers.dicompyler_python(asked.peers_dir), folders, asked.plans, ours, Path(temporary))
        _print_shares(folder, Path(temporary))


def _archive(folder: Path, number: int) -> list[str]:
    """Whole plans alone: what is damaged costs nothing."""
    sys.path.insert(0, str(HERE.parents[1] / "examples"))
    from make_archive import write_archive

    whole = [at for at in range(2 * number) if at % 20 not in (4, 9, 19)][:number]
    return [str(folder / line.folder) for line in write_archive(folder, whole)]


def _seconds(command: Iterable[str]) -> float:
    """Seconds of the processor that a command takes."""
    before = os.times()
    subprocess.run(list(command), check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def _print_peer(python: Path | shop.Missing, folders: list[str], plans: int, ours: float, temporary: Path) -> None:
    if isinstance(python, shop.Missing):
        print(f"dicompyler-core: {python.why}")
        return
    driver = [str(python), str(HERE / "drivers" / "run_dicompyler_core.py"), str(temporary / "peer.json")]
    for extents in ((), ("--extents",)):
        theirs = _seconds([*driver, ",".join(METRICS), "", *folders, *extents])
        way = "use_structure_extents" if extents else "default"
        print(f"dicompyler-core, {way}: {theirs:.1f} s, {theirs / plans * 1000:.0f} ms a plan, {theirs / ours:.1f}x")


def _print_shares(folder: Path, temporary: Path) -> None:
    """Shares of the time in each step, of a profile: the profiler makes small calls seem larger than they are."""
    from sbrtcheck.archive import Options, batch

    options = Options.read(tables=folder / "table.yaml", metrics=METRICS)
    profile = cProfile.Profile()
    profile.runcall(batch, folder, temporary / "profiled.parquet", options, jobs=1)
    stats = pstats.Stats(profile)
    print("shares of a profile:")
    for step, (file, name) in STEPS.items():
        seconds = sum(
            found[3] for (path, _, called), found in stats.stats.items() if called == name and path.endswith(file)
        )
        print(f"  {step}: {100 * seconds / stats.total_tt:.0f} %")


if __name__ == "__main__":
    main()

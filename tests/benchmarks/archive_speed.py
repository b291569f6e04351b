"""Plans a second, against a loop over dicompyler-core: ``archive_speed.py [--plans 50] [--peers-dir DIR]``.

Both have one process and the same plans, and compute the same metrics of the same structures: small phantoms of
``examples/make_archive.py``, and plans of clinical size, the lung case of the other benchmarks with UIDs of their own.
`sbrtcheck batch` also judges a table, and writes its files; its bounds are refined. What is counted are seconds of the
processor, start-up included, which other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import peers
import shop

METRICS = ("D95%[Gy]", "D2%[Gy]", "Mean[Gy]")
AIM = 30.0
OURS, ALONE = "sbrtcheck batch, table and metrics of all structures", "sbrtcheck batch, table alone"
PEER = "dicompyler-core 0.5.6"
EXTENTS = f"{PEER}, use_structure_extents"


def small_plans(folder: Path, number: int) -> list[Path]:
    """Whole plans alone: what is damaged costs nothing."""
    from make_archive import write_archive

    whole = [at for at in range(2 * number) if at % 20 not in (4, 9, 19)][:number]
    return [folder / line.folder for line in write_archive(folder, whole)]


def clinical_plans(folder: Path, number: int) -> list[Path]:
    """The lung case with 22 structures on a grid of 2 mm, several times."""
    from make_archive import TABLE

    folders = [folder / f"plan-{at}" for at in range(number)]
    for at, one in enumerate(folders):
        shop.start([sys.executable, shop.HERE / "lung_case.py", one, "--label", f"LUNGBENCH{at}"])
    (folder / "table.yaml").write_text(TABLE, encoding="utf-8")
    return folders


def seconds_of(
    archive: Path, folders: Sequence[Path], default: int, extent: shop.Extent
) -> dict[str, float | shop.Missing]:
    """Processor seconds a plan of each way; dicompyler-core has the first few plans."""
    scratch = archive.parent
    batch = [sys.executable, "-m", "sbrtcheck", "batch", archive, "--jobs", "1", "--quiet", "--fresh"]
    batch += ["--table", archive / "table.yaml", "--out", scratch / "results.parquet"]
    found: dict[str, float | shop.Missing] = {
        OURS: _seconds([*batch, "--metrics", ", ".join(METRICS)]) / len(folders),
        ALONE: _seconds(batch) / len(folders),
    }
    python = peers.dicompyler_python(extent.peers_dir)
    some = folders[:default]
    for name, words in ((PEER, ()), (EXTENTS, ("--extents",))):
        if isinstance(python, shop.Missing):
            found[name] = python
        elif extent.quick and len(some) < len(folders) and not words:
            found[name] = shop.Missing(why="left out by --quick")
        else:
            driver = [python, shop.DRIVERS / "run_dicompyler_core.py", scratch / "peer.json", ",".join(METRICS), ""]
            found[name] = _seconds([*driver, *some, *words]) / len(some)
    return found


def _seconds(command: Sequence[object]) -> float:
    used = shop.start(command).processor_seconds
    if used is None:
        raise RuntimeError("this system does not tell processor seconds of a process")
    return used


def sections(extent: shop.Extent, *, small: int = 50, clinical: int = 3) -> Iterator[shop.Section]:
    """Both sizes of plans."""
    rows, goals = [], []
    with tempfile.TemporaryDirectory() as name:
        few, large = Path(name, "small"), Path(name, "clinical")
        cases = {
            f"{small} small phantom plans": (few, small_plans(few, small), small),
            f"{clinical} plans of clinical size, 22 structures": (large, clinical_plans(large, clinical), 1),
        }
        for case, (archive, folders, default) in cases.items():
            found = seconds_of(archive, folders, default, extent)
            ours = found[OURS]
            assert isinstance(ours, float)
            for way, seconds in found.items():
                if isinstance(seconds, shop.Missing):
                    rows.append([case, way, "", "", "", seconds.why])
                    met, measured = None, seconds.why
                else:
                    times = seconds / ours
                    rows.append([case, way, f"{1000 * seconds:.0f}", f"{1 / seconds:.2f}", f"{times:.1f}", ""])
                    met, measured = times >= AIM, f"{times:.1f}"
                if way in (PEER, EXTENTS):
                    goals.append(
                        shop.Goal(
                            what=f"{case}: a loop over {way} takes, the same metrics",
                            aim=f"at least {AIM:g} times as long" if way == PEER else "no goal",
                            measured=measured,
                            met=met if way == PEER else None,
                        )
                    )
    yield shop.Section(
        heading="Against a loop over dicompyler-core",
        text=(
            f"{', '.join(METRICS)} of every structure, one process each, processor time, start-up included."
            " dicompyler-core gives values; `batch` gives bounds of each value too, refined until they are within"
            " 0.1 % or 0.02 Gy of it, judges a table and writes its files. Of the large plans, dicompyler-core has one."
            " Small phantoms are about as cheap as plans get, and the goal is out of reach on them: the table alone,"
            " with no metric of all structures, is not that fast. Most of the rest is the search along isodoses, some"
            " hundred operations on small arrays for each structure. All metrics of a structure share one search, and"
            " means and values whose bounds are close already need none; leaving it out would give a batch wider bounds"
            " than a check of the same plan. On plans of clinical size the ratio is another one."
        ),
        table=shop.table(["plans", "way", "ms a plan", "plans a second", "times as long", ""], rows),
        goals=tuple(goal for goal in goals if goal.aim != "no goal"),
    )


def main() -> None:
    """Print the sections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=50)
    parser.add_argument("--clinical", type=int, default=3)
    shop.add_options(parser)
    asked = parser.parse_args()
    shop.print_all(sections(shop.extent_of(asked), small=asked.plans, clinical=asked.clinical))


if __name__ == "__main__":
    main()

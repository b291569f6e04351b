"""How time and memory grow with the size of a plan, and plans a second with several processes."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from math import log
from pathlib import Path

import shop

MOST_OF_LARGE_GRID = 1.3
"""Peak memory of a large dose grid, times the array of its stored numbers."""

SERIES = {
    "loops a plane": (25, 100, 400),
    "loops in one another a plane": (25, 100, 400),
    "structures": (10, 40, 160),
    "planes": (25, 100, 400),
    "points a contour": (200, 800, 3200, 12800),
}
"""What grows -> its sizes, of which the last two tell the exponent; `drivers/grow.py` makes them."""

MOST_EXPONENT = 1.1


def batch(cases: shop.Cases, *, quick: bool) -> shop.Section:
    """Plans a second with one and two processes."""
    rates = {}
    for processes in (1, 2):
        words = (",".join(shop.METRICS), ",".join(shop.OARS), cases.lung(2.0), processes, 4 if quick else 24)
        rates[processes] = shop.run(Path(sys.executable), "batch.py", *words).result["plans_per_second"]
    rows = [[n, f"{rate:.1f}", f"{rate / rates[1]:.2f}"] for n, rate in rates.items()]
    return shop.Section(
        heading="Many plans",
        text="The 12 organs at 2 mm, every plan read anew from its files; processes already started.",
        table=shop.table(["processes", "plans a second", "times one process"], rows),
    )


def growth(cases: shop.Cases, *, rounds: int, quick: bool) -> shop.Section:
    """Time and memory of the 12 organs as the dose grid gets finer, and contours get more points."""
    grids = [(spacing, 200) for spacing in ((4.0, 2.0) if quick else (4.0, 2.0, 1.0))]
    points = [(2.0, n) for n in ((50, 200) if quick else (50, 200, 800))]
    rows, goals = [], []
    for series in (grids, points):
        before = None
        for spacing_mm, count in series:
            words = (",".join(shop.METRICS), ",".join(shop.OARS), cases.growth(spacing_mm, count))
            whole = [shop.run(Path(sys.executable), "run_sbrtcheck.py", *words) for _ in range(rounds)]
            inside = [shop.run(Path(sys.executable), "stages.py", *words).result for _ in range(rounds)]
            text, dvhs = (statistics.median(r[s] for r in inside) for s in ("contour text to numbers", "DVHs"))
            seconds = statistics.median(r.seconds for r in whole)
            now = (seconds, text, dvhs)
            more = [f" ({a / b:.2f})" for a, b in zip(now, before, strict=True)] if before else [""] * 3
            shown = f"{seconds:.2f}{more[0]}", f"{text:.0f}{more[1]}", f"{dvhs:.0f}{more[2]}"
            rows.append([f"{spacing_mm:g}", count, *shown, shop.peak(whole)])
            if before and series is grids:
                what = f"DVHs, dose grid of {spacing_mm:g} mm after {2 * spacing_mm:g} mm"
                goals.append(_growth_goal(what, dvhs / before[2], 2.5))
            if before and series is points:
                what = f"contour text and DVHs, {count} points a contour after {count // 4}"
                goals.append(_growth_goal(what, (text + dvhs) / (before[1] + before[2]), 4.0))
            before = now
    heads = ["dose grid, mm", "points a contour", "whole, s", "contour text, ms", "DVHs, ms", "peak MB"]
    text = (
        "The 12 organs, one box of dose whatever the spacing; in brackets, times the line above. Half the spacing is 8"
        " times the voxels, 4 times the surface in voxels."
    )
    return shop.Section(heading="Growth", text=text, table=shop.table(heads, rows), goals=tuple(goals))


def _growth_goal(what: str, times: float, most: float) -> shop.Goal:
    aim = f"at most {most:g} times the time"
    return shop.Goal(what=what, aim=aim, measured=f"{times:.2f}", met=times <= most)


def exponents(*, rounds: int, quick: bool) -> shop.Section:
    """Processor time of DVHs and a check as one thing at a time grows, and to which power of its size."""
    rows, goals = [], []
    for what, sizes in SERIES.items():
        some = sizes[:-1] if quick else sizes
        said = [shop.run(sys.executable, "grow.py", what, ",".join(map(str, some))).result for _ in range(rounds)]
        seconds = [statistics.median(column) for column in zip(*said, strict=True)]
        power = log(seconds[-1] / seconds[-2]) / log(some[-1] / some[-2])
        shown = ", ".join(f"{size}: {spent:.3f}" for size, spent in zip(some, seconds, strict=True))
        rows.append([what, shown, f"{power:.2f}"])
        goals.append(
            shop.Goal(
                what=f"time against {what}, {some[-2]} to {some[-1]}, exponent",
                aim=f"at most {MOST_EXPONENT:g}",
                measured=f"{power:.2f}",
                met=power <= MOST_EXPONENT,
            )
        )
    return shop.Section(
        heading="Growth of one thing at a time",
        text=(
            "Processor seconds of the DVHs of all structures and a check of a plan in memory, in a running process. The"
            " exponent is that of the last two sizes: 1 is twice the time for twice the size."
        ),
        table=shop.table(["what grows", "seconds by size", "exponent"], rows),
        goals=tuple(goals),
    )


def large_grid(cases: shop.Cases, *, quick: bool) -> shop.Section:
    """Peak memory of the lung case with the dose on 512 x 512 x 400 points, of 32 bits each."""
    what = "22 structures, 512 x 512 x 400 dose points, peak memory"
    aim = f"at most {MOST_OF_LARGE_GRID:g} times the dose array"
    heading = "A large dose grid"
    if quick:
        why = "left out by --quick"
        goal = shop.Goal(what=what, aim=aim, measured=why, met=None)
        return shop.Section(heading=heading, table=f"Not measured: {why}", goals=(goal,))
    folder = cases.large_grid()
    run = shop.run(sys.executable, "run_sbrtcheck.py", ",".join(shop.METRICS), "", folder)
    array_mb = 512 * 512 * 400 * 4 / 1e6
    peak_mb = run.used.peak_mb
    times = None if peak_mb is None else peak_mb / array_mb
    shown = "not known" if times is None else f"{times:.2f} times"
    goal = shop.Goal(what=what, aim=aim, measured=shown, met=None if times is None else times <= MOST_OF_LARGE_GRID)
    heads = ["dose array, MB", "peak MB", "times the array", "seconds", "processor seconds"]
    row = [f"{array_mb:.0f}", shop.peak([run]), shown, f"{run.seconds:.2f}", f"{run.processor_seconds:.2f}"]
    text = "The 22 structures and their metrics with a dose grid of 512 x 512 x 400 points of 32 bits; a whole process."
    return shop.Section(heading=heading, text=text, table=shop.table(heads, [row]), goals=(goal,))


def sections(cases: shop.Cases, extent: shop.Extent) -> Iterator[shop.Section]:
    """All tables, as they get ready."""
    yield batch(cases, quick=extent.quick)
    yield growth(cases, rounds=extent.rounds, quick=extent.quick)
    yield exponents(rounds=extent.rounds, quick=extent.quick)
    yield large_grid(cases, quick=extent.quick)

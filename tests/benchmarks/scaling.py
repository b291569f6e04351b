"""How time and memory grow with loops, structures, planes, points and names: ``python tests/benchmarks/scaling.py``.

Each size is a process of its own. Of a series, the exponent is that of the power law through its last two sizes: 1 is
in proportion, 2 with the square. Processor seconds, so that a busy machine changes little.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import shop

LARGEST_EXPONENT = 1.1
MANY_POINTS_MB = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What grows: the name in ``drivers/scaling.py``, what it is, and the sizes."""

    name: str
    text: str
    sizes: tuple[int, ...]


SERIES = (
    Series(name="loops apart", text="loops a plane, side by side", sizes=(100, 400, 1600, 6400)),
    Series(name="loops as holes", text="loops a plane, holes of one", sizes=(100, 400, 1600, 6400)),
    Series(name="loops that cross", text="loops a plane, each crosses its neighbours", sizes=(25, 100, 400)),
    Series(name="structures", text="structures of 20 planes", sizes=(25, 100, 400)),
    Series(name="planes", text="planes of a structure", sizes=(100, 400, 1600)),
    Series(name="points", text="points a contour, 20 planes", sizes=(1000, 4000, 16000, 64000)),
    Series(name="names", text="structures to be matched to 11 organs", sizes=(1000, 4000, 16000)),
    Series(name="letters of a name", text="letters of one structure's name", sizes=(10_000, 100_000, 1_000_000)),
)


def growth(*, rounds: int, quick: bool) -> shop.Section:
    """Seconds at each size, and the exponent between the last two."""
    rows, goals = [], []
    for series in SERIES:
        sizes = series.sizes[:-1] if quick else series.sizes
        seconds = [_seconds(series.name, size, rounds) for size in sizes]
        exponent = math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])
        shown = ", ".join(f"{size:,}: {spent:.3f}" for size, spent in zip(sizes, seconds, strict=True))
        rows.append([series.text, shown, f"{exponent:.2f}"])
        goals.append(
            shop.Goal(
                what=f"time against {series.text}",
                aim=f"exponent at most {LARGEST_EXPONENT:g}",
                measured=f"{exponent:.2f}",
                met=exponent <= LARGEST_EXPONENT,
            )
        )
    text = (
        "Processor seconds of the DVHs (of the matching, where it is about names), by size; loops lie on each of four"
        " planes. The exponent is that between the last two sizes: 1 is in proportion."
    )
    table = shop.table(["what grows", "seconds by size", "exponent"], rows)
    return shop.Section(heading="How time grows", text=text, table=table, goals=tuple(goals))


def _seconds(series: str, size: int, rounds: int) -> float:
    return statistics.median(shop.run(Path(sys.executable), "scaling.py", series, size, rounds).result)


def many_points(*, quick: bool) -> shop.Section:
    """Peak memory with ten million contour points, in one structure and in twenty."""
    rows, goals = [], []
    million = 1 if quick else 10
    with tempfile.TemporaryDirectory() as scratch:
        for structures in (1, 20):
            folder = Path(scratch, str(structures))
            shop.start([sys.executable, shop.HERE / "many_points.py", folder, structures, million * 1_000_000])
            run = shop.run(Path(sys.executable), "run_sbrtcheck.py", ",".join(shop.METRICS), "", folder)
            peak = "not known" if run.used.peak_mb is None else f"{run.used.peak_mb:.0f}"
            rows.append([structures, f"{million} million", f"{run.seconds:.1f}", peak])
            met = None if run.used.peak_mb is None else run.used.peak_mb <= MANY_POINTS_MB
            aim = f"at most {MANY_POINTS_MB:.0f} MB"
            what = f"{million} million contour points in {structures} structure(s): peak memory"
            goals.append(shop.Goal(what=what, aim=aim, measured=f"{peak} MB", met=met))
    heads = ["structures", "contour points", "seconds, files to metrics", "peak MB"]
    text = "100 planes, contours of 2,500 points; an RTSTRUCT of about 22 MB for each million points."
    return shop.Section(heading="Many points", text=text, table=shop.table(heads, rows), goals=tuple(goals))


def sections(extent: shop.Extent) -> Iterator[shop.Section]:
    """All tables, as they get ready."""
    yield growth(rounds=extent.rounds, quick=extent.quick)
    yield many_points(quick=extent.quick)


if __name__ == "__main__":
    shop.print_sections(sections, "How time and memory grow.")

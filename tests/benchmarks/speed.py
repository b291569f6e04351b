"""Time and memory from files to metrics, as ratios: ``python tests/benchmarks/speed.py [--quick] [--rounds N]``.

Every measurement is a process of its own, from its start to its end. The tools take turns, round after round, and a
ratio compares two of the same round, so that a busy machine slows both; what is shown is the median of the rounds.
Each tool is driven through its public functions with its default settings by a script in ``drivers/``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import peers
import shop

OURS = "sbrtcheck"
DICOMPYLER = "dicompyler-core 0.5.6"
EXTENTS = f"{DICOMPYLER}, use_structure_extents"
PLASTIMATCH = "plastimatch"

CASES = {
    "22 structures, 2 mm": (2.0, ()),
    "12 organs, 2 mm": (2.0, shop.OARS),
    "22 structures, 1.25 mm": (1.25, ()),
}
"""Name of a case -> spacing of its dose grid, structures (none: all)."""

AIMS = {
    ("22 structures, 2 mm", DICOMPYLER): 100.0,
    ("22 structures, 2 mm", EXTENTS): 40.0,
    ("22 structures, 2 mm", PLASTIMATCH): 7.0,
    ("12 organs, 2 mm", DICOMPYLER): 60.0,
    ("12 organs, 2 mm", EXTENTS): 15.0,
    ("22 structures, 1.25 mm", DICOMPYLER): 80.0,
    ("22 structures, 1.25 mm", PLASTIMATCH): 4.5,
}
"""How many times faster sbrtcheck shall be."""

PEAK_AIM_MB = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool and the driver that runs it; further words of the driver's command line."""

    name: str
    python: Path
    driver: str
    words: tuple[str, ...] = ()

    def run(self, folder: Path, structures: Sequence[str]) -> shop.Run:
        return shop.run(self.python, self.driver, ",".join(shop.METRICS), ",".join(structures), folder, *self.words)


US = Tool(name=OURS, python=Path(sys.executable), driver="run_sbrtcheck.py")


def other_tools(peers_dir: Path | None) -> list[Tool]:
    """The other tools that can be run here."""
    found = []
    if peers_dir:
        dicompyler = partial(Tool, python=peers.dicompyler_python(peers_dir), driver="run_dicompyler_core.py")
        found += [dicompyler(name=EXTENTS, words=("--extents",)), dicompyler(name=DICOMPYLER)]
        if peers.has_plastimatch():
            found.append(Tool(name=PLASTIMATCH, python=Path(sys.executable), driver="run_plastimatch.py"))
    return found


class Cases:
    """Folders with the files of cases, written by processes of their own: this one shall stay small."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lung(self, spacing_mm: float) -> Path:
        """The lung case with the dose grid of that spacing."""
        return self._made(f"lung-{spacing_mm:g}", "--spacing", spacing_mm)

    def growth(self, spacing_mm: float, points: int) -> Path:
        """The lung case with a dose grid and a number of points a contour to choose."""
        return self._made(f"growth-{spacing_mm:g}-{points}", "--growth-spacing", spacing_mm, "--points", points)

    def _made(self, name: str, *options: object) -> Path:
        folder = self._folder / name
        if not folder.exists():
            shop.start([sys.executable, shop.HERE / "lung_case.py", folder, *options])
        return folder


# Rounds


def take_turns(
    tools: Sequence[Tool], folder: Path, structures: Sequence[str], rounds: int
) -> dict[str, list[shop.Run]]:
    """Each tool once a round."""
    US.run(folder, structures)  # does not count: it puts the files into the system's cache for all
    runs: dict[str, list[shop.Run]] = {tool.name: [] for tool in tools}
    for _ in range(rounds):
        for tool in tools:
            runs[tool.name].append(tool.run(folder, structures))
    return runs


def ratio(runs: Sequence[shop.Run], ours: Sequence[shop.Run]) -> float:
    """How many times longer, the median of the rounds."""
    return statistics.median(a.seconds / b.seconds for a, b in zip(runs, ours, strict=True))


def peak(runs: Sequence[shop.Run]) -> str:
    """Largest memory, MB, as text."""
    known = [r.peak_mb for r in runs if r.peak_mb is not None]
    return f"{max(known):.0f}" if known else "not known"


def skipped(case: str, tool: Tool, *, quick: bool) -> bool:
    """A quick run leaves out what takes minutes; plastimatch cannot be asked for some of the structures only."""
    slow = tool.name == DICOMPYLER and case != "12 organs, 2 mm"
    return (quick and slow) or (tool.name == PLASTIMATCH and case == "12 organs, 2 mm")


def files_to_metrics(cases: Cases, peers_dir: Path | None, *, rounds: int, quick: bool) -> Iterator[shop.Section]:
    """The three cases with every tool, then how far the tools' results are apart."""
    rows, goals, first = [], [], {}
    for case, (spacing_mm, structures) in CASES.items():
        tools = [US, *(t for t in other_tools(peers_dir) if not skipped(case, t, quick=quick))]
        runs = take_turns(tools, cases.lung(spacing_mm), structures, rounds)
        first.setdefault(case, {name: next(iter(of[0].result.values())) for name, of in runs.items()})
        for name, mine in runs.items():
            seconds = [r.seconds for r in mine]
            times = f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"
            rows.append([case, name, f"{ratio(mine, runs[OURS]):.1f}", times, peak(mine)])
        goals += _speed_goals(case, runs)
    yield shop.Section(
        heading="From files to metrics",
        text=(
            "A synthetic lung plan (22 structures, about 2,250 contours, 909,000 points, RTSTRUCT of 21 MB, 32-bit dose"
            " of 45 MB at 2 mm and 61 MB at 1.25 mm); volume, mean, D99, D95, D50, D5, D1, D0.035cc and V20Gy of each"
            f" structure. Whole processes, {rounds} round(s)."
        ),
        table=shop.table(["case", "tool", "times as long", "seconds, median (range)", "peak MB"], rows),
        goals=tuple(goals),
    )
    results = first["22 structures, 2 mm"]
    if len(results) > 1:
        yield apart(results)


def _speed_goals(case: str, runs: dict[str, list[shop.Run]]) -> Iterator[shop.Goal]:
    for name, mine in runs.items():
        if (case, name) in AIMS:
            times, aim = ratio(mine, runs[OURS]), AIMS[case, name]
            what = f"{case}: {name} takes"
            yield shop.Goal(what=what, aim=f"at least {aim:g} times as long", measured=f"{times:.1f}", met=times >= aim)
    memory = [r.peak_mb for r in runs[OURS] if r.peak_mb is not None]
    if memory and case == "22 structures, 2 mm":
        most = max(memory)
        aim = f"at most {PEAK_AIM_MB:.0f} MB"
        yield shop.Goal(what=f"{case}: peak memory", aim=aim, measured=f"{most:.0f} MB", met=most <= PEAK_AIM_MB)


def apart(results: dict[str, dict[str, dict[str, float]]]) -> shop.Section:
    """How far the other tools are from sbrtcheck, over the structures of a case."""
    ours = results[OURS]
    heads = ["tool", *("Volume %" if m == shop.METRICS[0] else m.replace("[", ", ").rstrip("]") for m in shop.METRICS)]
    rows = [
        [name, *(_off(metric, theirs, ours) for metric in shop.METRICS)]
        for name, theirs in results.items()
        if name != OURS
    ]
    text = (
        "Largest difference from sbrtcheck over the 22 structures at 2 mm, in brackets the median: not an error of"
        " either, but it shows that the same thing is computed."
    )
    return shop.Section(heading="How far apart the tools are", text=text, table=shop.table(heads, rows))


def _off(metric: str, theirs: dict[str, dict[str, float]], ours: dict[str, dict[str, float]]) -> str:
    relative = metric == shop.METRICS[0]
    off = [abs(theirs[n][metric] - ours[n][metric]) / (ours[n][metric] / 100.0 if relative else 1.0) for n in ours]
    return f"{max(off):.2f} ({statistics.median(off):.3f})"


# Where the time goes


def stages(cases: Cases, *, rounds: int) -> shop.Section:
    """Milliseconds by stage inside sbrtcheck."""
    folder = cases.lung(2.0)
    columns = {}
    python = Path(sys.executable)
    for case, structures in (("22 structures", ()), ("12 organs", shop.OARS)):
        words = (",".join(shop.METRICS), ",".join(structures), folder)
        results = [shop.run(python, "stages.py", *words).result for _ in range(rounds)]
        start = statistics.median(shop.run(python, "nothing.py").seconds for _ in range(rounds))
        spent = {stage: statistics.median(r[stage] for r in results) for stage in results[0]}
        columns[case] = {"start Python": 1000.0 * start} | spent
        columns[case]["all"] = sum(columns[case].values())
    rows = [[stage, *(f"{column[stage]:.0f}" for column in columns.values())] for stage in columns["22 structures"]]
    text = "Milliseconds by stage at 2 mm, one after the other in one process."
    return shop.Section(heading="Where the time goes", text=text, table=shop.table(["stage", *columns], rows))


def parts(cases: Cases, *, rounds: int) -> shop.Section:
    """Import and contour text, each against the plain way."""
    python = Path(sys.executable)
    imports = [
        [
            shop.run(python, "nothing.py", *module).seconds
            for module in ((), ("numpy",), ("sbrtcheck",), ("sbrtcheck.dvh",))
        ]
        for _ in range(max(rounds, 3))
    ]
    nothing, numpy, package, dvh = (statistics.median(column) for column in zip(*imports, strict=True))
    texts = [shop.run(python, "contour_text.py", cases.lung(2.0)).result for _ in range(rounds)]
    times = statistics.median(text["pydicom"] / text["sbrtcheck"] for text in texts)
    rows = [
        ["import sbrtcheck, against import numpy", f"{package / numpy:.2f}"],
        ["import sbrtcheck.dvh, against import numpy", f"{dvh / numpy:.2f}"],
        ["start Python alone, against import numpy", f"{nothing / numpy:.2f}"],
        ["all contour numbers by pydicom as it comes, against sbrtcheck", f"{times:.1f}"],
    ]
    goals = (
        shop.Goal(
            what="import of the package, against numpy alone",
            aim="at most 1.5 times as long",
            measured=f"{package / numpy:.2f}",
            met=package <= 1.5 * numpy,
        ),
        shop.Goal(
            what="contour numbers by pydicom as it comes",
            aim="at least 30 times as long",
            measured=f"{times:.1f}",
            met=times >= 30.0,
        ),
    )
    return shop.Section(heading="Parts", table=shop.table(["what", "times as long"], rows), goals=goals)


# Many plans, growth


def batch(cases: Cases, *, quick: bool) -> shop.Section:
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


def growth(cases: Cases, *, rounds: int, quick: bool) -> shop.Section:
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
            rows.append([f"{spacing_mm:g}", count, *shown, peak(whole)])
            if before and series is grids:
                what = f"DVHs, dose grid of {spacing_mm:g} mm after {2 * spacing_mm:g} mm"
                goals.append(_growth_goal(what, dvhs / before[2], 2.5))
            if before and series is points:
                what = f"contour text and DVHs, {count} points a contour after {count // 4}"
                goals.append(_growth_goal(what, (text + dvhs) / (before[1] + before[2]), 4.0))
            before = now
    heads = ["dose grid, mm", "points a contour", "whole, s", "contour text, ms", "DVHs, ms", "peak MB"]
    text = "The 12 organs, one box of dose whatever the spacing; in brackets, times the line above."
    return shop.Section(heading="Growth", text=text, table=shop.table(heads, rows), goals=tuple(goals))


def _growth_goal(what: str, times: float, most: float) -> shop.Goal:
    aim = f"at most {most:g} times the time"
    return shop.Goal(what=what, aim=aim, measured=f"{times:.2f}", met=times <= most)


def sections(*, rounds: int, quick: bool, peers_dir: Path | None) -> Iterator[shop.Section]:
    """All tables, as they get ready."""
    with tempfile.TemporaryDirectory() as scratch:
        cases = Cases(Path(scratch))
        yield from files_to_metrics(cases, peers_dir, rounds=rounds, quick=quick)
        yield stages(cases, rounds=rounds)
        yield parts(cases, rounds=rounds)
        yield batch(cases, quick=quick)
        yield growth(cases, rounds=rounds, quick=quick)


def main() -> None:
    """Print all tables, then the goals."""
    parser = argparse.ArgumentParser(description="Time and memory from files to metrics, as ratios.")
    shop.add_options(parser)
    args = parser.parse_args()
    goals = []
    peers_dir = None if args.skip_peers else args.peers_dir
    for section in sections(rounds=shop.rounds_of(args), quick=args.quick, peers_dir=peers_dir):
        print(section, flush=True)
        goals += section.goals
    print(shop.goals_table(goals))


if __name__ == "__main__":
    main()

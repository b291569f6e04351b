"""Time and memory from files to metrics, as ratios: ``python tests/benchmarks/speed.py [--quick] [--rounds N]``.

Every measurement is a process of its own, from its start to its end. The tools take turns, round after round, and a
ratio compares two of the same round, so that a busy machine slows both; what is shown is the median of the rounds.
Each tool is driven through its public functions with its default settings by a script in ``drivers/``.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import growth
import peers
import shop

OURS = "sbrtcheck"
DICOMPYLER = "dicompyler-core 0.5.6"
EXTENTS = f"{DICOMPYLER}, use_structure_extents"
PLASTIMATCH = "plastimatch"
PYDCM = "pydcm 0.5.0"

CASES = {
    "22 structures, 2 mm": (2.0, ()),
    "12 organs, 2 mm": (2.0, shop.OARS),
    "22 structures, 1.25 mm": (1.25, ()),
}
"""Name of a case -> spacing of its dose grid, structures (none: all)."""

AIMS = {
    ("22 structures, 2 mm", DICOMPYLER): 120.0,
    ("22 structures, 2 mm", EXTENTS): 40.0,
    ("22 structures, 2 mm", PLASTIMATCH): 8.0,
    ("22 structures, 2 mm", PYDCM): 28.0,
    ("12 organs, 2 mm", DICOMPYLER): 60.0,
    ("12 organs, 2 mm", EXTENTS): 15.0,
    ("22 structures, 1.25 mm", DICOMPYLER): 80.0,
    ("22 structures, 1.25 mm", PLASTIMATCH): 4.5,
}
"""How many times as long as sbrtcheck they shall take, in seconds of the processor."""

PEAK_AIM_MB = 150.0

CHECKED = (0, 1, 3)
"""Exit codes of a check that was made, whatever its verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool and the driver that runs it; further words of the driver's command line."""

    name: str
    python: Path
    driver: str
    words: tuple[str, ...] = ()
    once: bool = False  # takes minutes: in the first round only, unless everything is asked for

    def run(self, folder: Path, structures: Sequence[str]) -> shop.Run:
        return shop.run(self.python, self.driver, ",".join(shop.METRICS), ",".join(structures), folder, *self.words)


US = Tool(name=OURS, python=Path(sys.executable), driver="run_sbrtcheck.py")


def other_tools(case: str, extent: shop.Extent) -> dict[str, Tool | shop.Missing]:
    """The other tools, or why they are not measured."""
    python, program = peers.dicompyler_python(extent.peers_dir), peers.plastimatch(extent.peers_dir)
    other_python = peers.pydcm_python(extent.peers_dir)
    few = case == "12 organs, 2 mm"
    found: dict[str, Tool | shop.Missing] = {}
    for name, words in ((EXTENTS, ("--extents",)), (DICOMPYLER, ())):
        slow = not few and name == DICOMPYLER
        if isinstance(python, shop.Missing):
            found[name] = python
        elif slow and extent.quick:
            found[name] = shop.Missing(why="left out by --quick")
        elif name == EXTENTS and case == "22 structures, 1.25 mm" and not extent.full:
            found[name] = shop.Missing(why="only with --full")
        else:
            driver = "run_dicompyler_core.py"
            found[name] = Tool(name=name, python=python, driver=driver, words=words, once=slow and not extent.full)
    if isinstance(other_python, shop.Missing):
        found[PYDCM] = other_python
    elif case == "22 structures, 1.25 mm" and not extent.full:
        found[PYDCM] = shop.Missing(why="only with --full")
    else:
        once = not few and not extent.full
        found[PYDCM] = Tool(name=PYDCM, python=other_python, driver="run_pydcm.py", once=once)
    if isinstance(program, shop.Missing):
        found[PLASTIMATCH] = program
    elif few:
        found[PLASTIMATCH] = shop.Missing(why="cannot be asked for some of the structures only")
    else:
        found[PLASTIMATCH] = Tool(name=PLASTIMATCH, python=Path(sys.executable), driver="run_plastimatch.py")
    return found


# Rounds


def take_turns(
    tools: Sequence[Tool], folder: Path, structures: Sequence[str], rounds: int
) -> dict[str, list[shop.Run]]:
    """Each tool once a round; what takes minutes only in the first."""
    US.run(folder, structures)  # does not count: it puts the files into the system's cache for all
    runs: dict[str, list[shop.Run]] = {tool.name: [] for tool in tools}
    for number in range(rounds):
        for tool in tools:
            if number == 0 or not tool.once:
                runs[tool.name].append(tool.run(folder, structures))
    return runs


def ratio(runs: Sequence[shop.Run], ours: Sequence[shop.Run]) -> float:
    """How many times longer by the clock, the median of the rounds that both were run in."""
    return statistics.median(a.seconds / b.seconds for a, b in zip(runs, ours, strict=False))


def processor_ratio(runs: Sequence[shop.Run], ours: Sequence[shop.Run]) -> float:
    """The same of the processors: what a busy machine changes least, and a tool with several threads does not gain."""
    return statistics.median(a.processor_seconds / b.processor_seconds for a, b in zip(runs, ours, strict=False))


def files_to_metrics(cases: shop.Cases, extent: shop.Extent) -> Iterator[shop.Section]:
    """The three cases with every tool, then how far the tools' results are apart."""
    rows, goals, first = [], [], {}
    for case, (spacing_mm, structures) in CASES.items():
        others = other_tools(case, extent)
        tools = [US, *(tool for tool in others.values() if isinstance(tool, Tool))]
        runs = take_turns(tools, cases.lung(spacing_mm), structures, extent.rounds)
        first.setdefault(case, {name: next(iter(of[0].result.values())) for name, of in runs.items()})
        for name, mine in runs.items():
            seconds = [r.seconds for r in mine]
            times = f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"
            of_processor = f"{statistics.median(r.processor_seconds for r in mine):.2f}"
            longer = f"{ratio(mine, runs[OURS]):.1f}", f"{processor_ratio(mine, runs[OURS]):.1f}"
            rows.append([case, name, *longer, times, of_processor, len(mine), shop.peak(mine)])
        missing = {name: tool.why for name, tool in others.items() if isinstance(tool, shop.Missing)}
        rows += [[case, name, "not measured", "", why, "", 0, ""] for name, why in missing.items()]
        goals += _speed_goals(case, runs, missing)
    yield shop.Section(
        heading="From files to metrics",
        text=(
            "A synthetic lung plan (22 structures, about 2,250 contours, 909,000 points, RTSTRUCT of 21 MB, 32-bit dose"
            " of 45 MB at 2 mm and 61 MB at 1.25 mm); volume, mean, D99, D95, D50, D5, D1, D0.035cc and V20Gy of each"
            " structure. Whole processes from their start to their end, by the clock and in seconds of the processors,"
            " those of several at once added up; the goals are of the latter. A ratio compares two runs of the same"
            " round. Peak memory is the resident set of the largest process."
        ),
        table=shop.table(
            [
                "case",
                "tool",
                "times as long",
                "times as long, processor",
                "seconds, median (range)",
                "processor seconds",
                "runs",
                "peak MB",
            ],
            rows,
        ),
        goals=tuple(goals),
    )
    results = first["22 structures, 2 mm"]
    if len(results) > 1:
        yield apart(results)


def _speed_goals(case: str, runs: dict[str, list[shop.Run]], missing: dict[str, str]) -> Iterator[shop.Goal]:
    for name, why in missing.items():
        if (case, name) in AIMS:
            aim = f"at least {AIMS[case, name]:g} times as long"
            yield shop.Goal(what=f"{case}: {name} takes", aim=aim, measured=why, met=None)
    for name, mine in runs.items():
        if (case, name) in AIMS:
            times, aim = processor_ratio(mine, runs[OURS]), AIMS[case, name]
            what = f"{case}: {name} takes"
            yield shop.Goal(what=what, aim=f"at least {aim:g} times as long", measured=f"{times:.1f}", met=times >= aim)
    memory = [r.used.peak_mb for r in runs[OURS] if r.used.peak_mb is not None]
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
        " either, but it shows that the same thing is computed. pydcm joins a loop within a loop to it, where the other"
        " tools and sbrtcheck cut it out: its skin is the body, and its lungs less the target hold it."
    )
    return shop.Section(heading="How far apart the tools are", text=text, table=shop.table(heads, rows))


def _off(metric: str, theirs: dict[str, dict[str, float]], ours: dict[str, dict[str, float]]) -> str:
    relative = metric == shop.METRICS[0]
    off = [abs(theirs[n][metric] - ours[n][metric]) / (ours[n][metric] / 100.0 if relative else 1.0) for n in ours]
    return f"{max(off):.2f} ({statistics.median(off):.3f})"


# Where the time goes


def stages(cases: shop.Cases, *, rounds: int) -> shop.Section:
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


IMPORTS = {
    "start Python alone": (),
    "import numpy": ("numpy",),
    "import numpy and pydicom": ("numpy", "pydicom"),
    "import sbrtcheck: its names only, what is behind them is loaded when first used": ("sbrtcheck",),
    "import all that reading a plan, its DVHs and metrics need": (
        "sbrtcheck.dicom",
        "sbrtcheck.dvh",
        "sbrtcheck.metric.grammar",
    ),
}
"""What is timed -> the modules imported."""


def parts(cases: shop.Cases, *, rounds: int) -> shop.Section:
    """Imports and contour text, each against the plain way."""
    python = Path(sys.executable)
    times = max(rounds, 5)
    shop.run(python, "nothing.py", "sbrtcheck.dicom", "sbrtcheck.dvh", "sbrtcheck.metric.grammar")  # fills the caches
    turns = [[shop.run(python, "nothing.py", *modules).seconds for modules in IMPORTS.values()] for _ in range(times)]
    seconds = dict(zip(IMPORTS, (statistics.median(column) for column in zip(*turns, strict=True)), strict=True))
    numpy, package = seconds["import numpy"], seconds[next(name for name in IMPORTS if "names only" in name)]
    texts = [shop.run(python, "contour_text.py", cases.lung(2.0)).result for _ in range(rounds)]
    more = statistics.median(text["pydicom"] / text["sbrtcheck"] for text in texts)
    rows = [[f"{name}; against importing numpy", f"{value / numpy:.2f}"] for name, value in seconds.items()]
    rows.append(["all contour numbers by pydicom as it comes; against sbrtcheck", f"{more:.1f}"])
    goals = (
        shop.Goal(
            what="import sbrtcheck (its names only), against numpy",
            aim="at most 1.5 times as long",
            measured=f"{package / numpy:.2f}",
            met=package <= 1.5 * numpy,
        ),
        shop.Goal(
            what="contour numbers by pydicom as it comes",
            aim="at least 30 times as long",
            measured=f"{more:.1f}",
            met=more >= 30.0,
        ),
    )
    text = "Whole processes that do nothing else; a process that computes DVHs needs the last of the imports."
    return shop.Section(heading="Parts", text=text, table=shop.table(["what", "times as long"], rows), goals=goals)


# Library use

BUNDLED = shop.ROOT / "examples" / "plans" / "lung-50gy-5fx"
TABLE = "rtog-0813"


def library_use(*, rounds: int) -> shop.Section:
    """A check in a running process, again and again, beside the command as a whole process."""
    python = Path(sys.executable)
    command = [python, "-m", "sbrtcheck", "check", BUNDLED, "--table", TABLE]
    whole, warm = [], []
    shop.start(command, allowed=CHECKED)  # fills the caches
    for _ in range(max(rounds, 3)):
        started = time.perf_counter()
        used = shop.start(command, allowed=CHECKED)
        seconds = time.perf_counter() - started
        whole.append((seconds, seconds if used.processor_seconds is None else used.processor_seconds))
        checks = shop.run(python, "library_use.py", BUNDLED, TABLE, 6).result[1:]  # the first one imports
        warm.append(tuple(statistics.median(column) for column in zip(*checks, strict=True)))
    shares = [statistics.median(a[which] / b[which] for a, b in zip(warm, whole, strict=True)) for which in (0, 1)]
    rows = [
        [what, *(f"{statistics.median(column):.3f}" for column in zip(*spent, strict=True)), *of_whole]
        for what, spent, of_whole in (
            ("the command, a whole process", whole, ("100 %", "100 %")),
            ("check in a running process, again and again", warm, tuple(f"{100.0 * s:.0f} %" for s in shares)),
        )
    ]
    goal = shop.Goal(
        what="check of the bundled lung plan in a running process, processor time of that of the command",
        aim="at most 40 %",
        measured=f"{100.0 * shares[1]:.0f} %",
        met=shares[1] <= 0.4,
    )
    return shop.Section(
        heading="Library use",
        text=(
            f"One check of the bundled lung plan against `{TABLE}`: the command from start to end, and"
            " `sbrtcheck.check` in a process that has made one before; each reads the plan anew and computes all of it."
        ),
        table=shop.table(["what", "seconds", "processor seconds", "share", "share, processor"], rows),
        goals=(goal,),
    )


# What bounds cost


WITHOUT = "without bounds"
ALONE = "DVHs alone"
THAN = {WITHOUT: "without bounds", ALONE: "the DVHs alone"}


def bounds(cases: shop.Cases, *, rounds: int) -> shop.Section:
    """A report with bounds against one without, on the published table and on one that is all borderline."""
    said = {
        "published": "limits of RTOG 0813",
        "far": "made for this: every limit far from the value",
        "hard": "made for this: every limit half way from the value to the upper bound that its elements give",
    }
    try:
        found = shop.run(Path(sys.executable), "bounds_cost.py", cases.lung(2.0), rounds).result
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1]
        goal = shop.Goal(what="a report with bounds", aim="at most 1.5 times as long", measured=why, met=None)
        return shop.Section(heading="What bounds cost", table=f"Not measured: {why}", goals=(goal,))
    rows, goals = [], []
    for which, what in said.items():
        result = found[which]
        ways = result["seconds"]
        times = {
            name: statistics.median(a / b for a, b in zip(spent, ways[WITHOUT], strict=True))
            for name, spent in ways.items()
        }
        counts = (
            f"{result['rows']} rows, {result['asked']} questions along isodoses, {result['halved']} DVHs halved,"
            f" {result['open']} borderline in the end"
        )
        alone = {
            name: statistics.median(a / b for a, b in zip(spent, ways[ALONE], strict=True))
            for name, spent in ways.items()
        }
        for name, spent in ways.items():
            longer = f"{times[name]:.2f}", f"{alone[name]:.2f}"
            rows.append([what, counts, name, *longer, f"{statistics.median(spent):.2f}"])
        for than, longer_than in ((WITHOUT, times), (ALONE, alone)):
            goals.append(
                shop.Goal(
                    what=f"a report with bounds that are close to the values; {what}",
                    aim=f"at most 1.5 times as long as {THAN[than]}",
                    measured=f"{longer_than['as it comes']:.2f}",
                    met=longer_than["as it comes"] <= 1.5,
                )
            )
    heads = ["limits", "table", "how", *(f"times as long as {than}" for than in THAN.values()), "seconds"]
    return shop.Section(
        heading="What bounds cost",
        text=(
            "One report of the 22 structures at 2 mm in a running process, files to verdicts, processor seconds. *Not"
            " refined*: bounds stay those of the elements, wherever they are wide or leave a verdict undecided."
            " *Without bounds*: besides, the lines that carry bounds from the dose grid to the histogram are taken"
            " out, for that measurement only. *DVHs alone*: files to DVHs with the bounds of the elements, and no"
            " report."
        ),
        table=shop.table(heads, rows),
        goals=tuple(goals),
    )


def sections(extent: shop.Extent) -> Iterator[shop.Section]:
    """All tables, as they get ready."""
    with tempfile.TemporaryDirectory() as scratch:
        cases = shop.Cases(Path(scratch))
        yield from files_to_metrics(cases, extent)
        yield stages(cases, rounds=extent.rounds)
        yield parts(cases, rounds=extent.rounds)
        yield library_use(rounds=extent.rounds)
        yield bounds(cases, rounds=extent.rounds)
        yield from growth.sections(cases, extent)


if __name__ == "__main__":
    shop.print_sections(sections, "Time and memory from files to metrics, as ratios.")

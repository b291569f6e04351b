"""Other programs compute the same plans: ``python tests/cross_checks/run.py [--peers-dir DIR] [--page FILE]``.

The bundled plans and a generated one are given as files to dicompyler-core, plastimatch and pydcm, each as it comes and
in an environment of its own (`tests/benchmarks/peers.py`). Every difference above a stated size is held against reasons
that are tried by computing with them (`explain.py`); what no reason explains is listed. Then the objects of DICOM that
are written here are given to other readers. The page and the section of the validation report are written.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS / "validation")]
import evidence  # noqa: E402
import explain  # noqa: E402
import objects  # noqa: E402
import peers  # noqa: E402
import phantoms  # noqa: E402
import sampler  # noqa: E402
import shop  # noqa: E402
from evidence import ROOT, Part  # noqa: E402
from readings import METRICS, Values  # noqa: E402

from sbrtcheck import compute_dvhs, load_plan  # noqa: E402

PAGE = ROOT / "docs" / "cross-checks.md"
BUNDLED = {ROOT / "examples/plans/lung-50gy-5fx": "rtog-0813", ROOT / "examples/plans/liver-45gy-3fx": "tg101-3fx"}
COMMAND = "python tests/cross_checks/run.py"
POINTS = "points, in the way of sbrtcheck"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One structure of a plan by another program: both values, what differs, and why.

    ``left`` are the metrics that differ also from what is computed in the program's own way.
    """

    plan: str
    structure: str
    ours: Values
    theirs: Values
    differs: tuple[str, ...]
    in_its_way: Values
    left: tuple[str, ...]
    reasons: tuple[str, ...] = ()


Results = Mapping[str, list[Compared | str] | shop.Missing]
"""What each program came to, also the points in our own way; or why it was not run."""

# ------------------------------------------------------------------------------------------------- other programs


def found_at(peers_dir: Path | None) -> dict[str, Path | shop.Missing]:
    """The Python that each program is asked by; its environment is made where it is not there."""
    plastimatch = peers.plastimatch(peers_dir)
    return {
        "dicompyler-core": peers.dicompyler_python(peers_dir),
        "plastimatch": plastimatch if isinstance(plastimatch, shop.Missing) else Path(sys.executable),
        "pydcm": peers.pydcm_python(peers_dir),
    }


def asked(program: str, python: Path, folder: Path) -> dict[str, Any]:
    """Metrics of each structure by another program, or what it says in their place."""
    driver = f"run_{program.replace('-', '_')}.py"
    options = ["--faults"] if program == "pydcm" else []  # it refuses a structure on one plane
    return dict(shop.run(python, driver, ",".join(METRICS), "", folder, *options).result[str(folder)])


def compared(folder: Path, said: Mapping[str, Mapping[str, Any]], pool: Executor) -> dict[str, list[Compared | str]]:
    """Each structure by each program, and by points in our own way; a text for one that a program does not compute."""
    plan = load_plan(folder)
    loops, grid = explain.read(folder)
    structures = sampler.together(loops)
    asking = []
    for dvh in compute_dvhs(plan, [one.name for one in plan.structures]):
        body = explain.Body(loops=loops[dvh.name], grid=grid, structures=structures)
        theirs = {program: values.get(dvh.name, "not computed") for program, values in said.items()}
        asking.append(pool.submit(of_structure, (folder.name, dvh.name), body, explain.of_dvh(dvh), theirs))
    found: dict[str, list[Compared | str]] = {program: [] for program in [*said, POINTS]}
    for one in asking:
        for program, what in one.result().items():
            found[program].append(what)
    return found


def of_structure(
    name: tuple[str, str], body: explain.Body, ours: Values, said: Mapping[str, Any]
) -> dict[str, Compared | str]:
    """One structure by each program, and by points."""
    found: dict[str, Compared | str] = {
        program: f"{', '.join(name)}: {theirs}"
        if isinstance(theirs, str)
        else _compared(program, name, body, ours, theirs)
        for program, theirs in said.items()
    }
    own = body.by(sampler.Way())
    differs = explain.different(own, ours)
    found[POINTS] = Compared(
        plan=name[0], structure=name[1], ours=ours, theirs=ours, differs=differs, in_its_way=own, left=differs
    )
    return found


def _compared(program: str, name: tuple[str, str], body: explain.Body, ours: Values, theirs: Values) -> Compared:
    """Without the dose at 1 cc where it has no 1 cc: programs say 0, nothing, or what is no dose."""
    theirs = {
        metric: value
        for metric, value in theirs.items()
        if metric in ours and (metric != "D1cc[Gy]" or theirs["Volume[cc]"] >= 1.0)
    }
    differs = explain.different(ours, theirs)
    in_its_way = body.by(explain.way_of(program))
    left = explain.different(in_its_way, theirs)
    return Compared(
        plan=name[0],
        structure=name[1],
        ours=ours,
        theirs=theirs,
        differs=differs,
        in_its_way=in_its_way,
        left=left,
        reasons=explain.explained(program, body, theirs) if differs and not left else (),
    )


# ---------------------------------------------------------------------------------------------------------- tables


def sections(results: Results) -> Iterator[shop.Section]:
    """How many differ and why; what each program does; and every difference by itself."""
    yield _overview(results)
    yield _ways()
    yield _each(results)


def _overview(results: Results) -> shop.Section:
    rows = []
    for program, found in results.items():
        if isinstance(found, shop.Missing):
            rows.append([program, f"not run: {found.why}", *[""] * 7])
            continue
        done = [one for one in found if isinstance(one, Compared)]
        differ = [one for one in done if one.differs]
        none = sum(bool(one.left) for one in differ)
        same = sum(not one.left for one in done)
        rows.append(
            [
                program,
                len(done),
                sum(len(one.theirs) for one in done),
                sum(len(one.differs) for one in done),
                len(differ),
                len(differ) - none,
                none,
                f"{same} of {len(done)}",
                _furthest(done),
            ]
        )
    return shop.Section(
        heading="Differences and their reasons",
        text=(
            "A difference counts from 0.02 cc or 0.1 Gy on, and from 1 % of the structure's volume or of the dose. All"
            " that a program is known to do otherwise is its way (below). Every structure is computed in that way too,"
            " by points, with code that shares nothing with sbrtcheck; a difference is explained only where *all*"
            f" values of the structure, up to {len(METRICS)}, then come to the program's own within the same size. The"
            f" last line is no other program: it is sbrtcheck's values against the same points in sbrtcheck's own way."
            " Volumes of plastimatch are its counts times the size of a voxel that it prints; doses at 1 cc of what"
            " has less are not compared."
        ),
        table=shop.table(
            [
                "program",
                "structures",
                "values",
                "that differ",
                "structures with one",
                "explained",
                "**not explained**",
                "structures all of whose values its way gives",
                "furthest of these values",
            ],
            rows,
        ),
    )


def _furthest(found: Sequence[Compared]) -> str:
    """How far values are at most from what is computed in the program's way; volumes in percent of the whole."""
    gy, percent = 0.0, 0.0
    for one in found:
        for metric, value in one.theirs.items():
            apart = abs(value - one.in_its_way.get(metric, float("inf")))
            if metric.endswith("[Gy]"):
                gy = max(gy, apart)
            elif one.theirs["Volume[cc]"] > 0.0:
                percent = max(percent, 100.0 * apart / one.theirs["Volume[cc]"])
    return f"{gy:.3f} Gy, {percent:.2f} %"


def _ways() -> shop.Section:
    rows = [
        (program, f"{i}. {reason}") for program, known in explain.REASONS.items() for i, reason in enumerate(known, 1)
    ]
    return shop.Section(
        heading="What the programs do otherwise",
        text=(
            "Of dicompyler-core and plastimatch from their sources, of pydcm, which comes compiled, from its manual and"
            " from bodies whose answer is plain. sbrtcheck has contours and doses between points as they are (exact"
            " areas, linear dose), slabs half-way to the neighbouring planes, no dose outside the grid as the coldest"
            " part, nested contours as holes."
        ),
        table=shop.table(["program", "what it does"], rows),
    )


def _each(results: Results) -> shop.Section:
    rows = []
    for program, found in results.items():
        for one in [] if isinstance(found, shop.Missing) else found:
            if isinstance(one, str):
                rows.append([program, one.partition(":")[0], "", f"not computed by it: {one.partition(': ')[2]}"])
            elif one.differs:
                rows.append([program, f"{one.plan}, {one.structure}", _values(one, one.differs), _why(one)])
    return shop.Section(
        heading="Every difference",
        text=(
            "Values of sbrtcheck, and those of the other program behind the arrow. Reasons that can be given up without"
            " a value becoming different again are not named."
        ),
        table=shop.table(["program", "structure", "what differs", "reason, tested by computing with it"], rows),
    )


def _values(one: Compared, metrics: Sequence[str]) -> str:
    return "; ".join(f"{m} {one.ours[m]:.3f} → {one.theirs[m]:.3f}" for m in metrics)


def _why(one: Compared) -> str:
    if not one.left:
        return "; ".join(one.reasons)
    left = ", ".join(f"{m} would be {one.in_its_way.get(m, float('nan')):.3f}" for m in one.left)
    return f"**not explained**: computed in its way, {left}"


# ------------------------------------------------------------------------------------------------------------ files


def results_of(folders: Sequence[Path], peers_dir: Path | None) -> Results:
    """Every program on every plan; other programs run beside each other and beside the points."""
    places = found_at(peers_dir)
    there = {program: place for program, place in places.items() if not isinstance(place, shop.Missing)}
    results: dict[str, list[Compared | str] | shop.Missing] = {
        program: place if isinstance(place, shop.Missing) else [] for program, place in places.items()
    }
    results[POINTS] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads, _processes() as pool:
        asking = {
            (program, folder): threads.submit(asked, program, python, folder)
            for folder in folders
            for program, python in there.items()
        }
        for folder in folders:
            said = {program: asking[program, folder].result() for program in there}
            for program, found in compared(folder, said, pool).items():
                known = results[program]
                assert isinstance(known, list)
                known += found
            print(f"{folder.name}: done", file=sys.stderr, flush=True)
    return results


def _processes() -> ProcessPoolExecutor:
    """As many as there are processors; not forked, for threads are running."""
    return ProcessPoolExecutor(mp_context=get_context("spawn"))


def summary(results: Results) -> tuple[str, bool | None]:
    """One sentence, and whether all was run and explained, and our own values are those of the points."""
    own, others = results[POINTS], {program: found for program, found in results.items() if program != POINTS}
    assert isinstance(own, list)
    found = [one for each in others.values() if isinstance(each, list) for one in each]
    done = [one for one in found if isinstance(one, Compared)]
    lost = [program for program, each in others.items() if isinstance(each, shop.Missing)]
    differ = [one for one in done if one.differs]
    left = sum(bool(one.left) for one in differ)
    ours = sum(isinstance(one, Compared) and bool(one.differs) for one in own)
    said = (
        f"{len(done)} structures by {len(others) - len(lost)} other programs: {len(differ)} differ"
        f" by more than the stated size, and {left} of these no tested reason explains (refused by a program:"
        f" {len(found) - len(done)}); by points in our own way: {len(own)}, {ours} differ"
    )
    met = None if lost or not done else left == 0 and ours == 0
    return said + (f"; not run: {', '.join(lost)}" if lost else ""), met


def main() -> None:
    """Compute, explain, read; write the page and the evidence."""
    parser = argparse.ArgumentParser(description="Other programs compute the same plans.")
    parser.add_argument(
        "--peers-dir", type=Path, default=shop.PEERS, help="for the environments of other tools, made there"
    )
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE", help="default: docs/cross-checks.md")
    parser.add_argument(
        "--results", type=Path, default=evidence.FOLDER, metavar="FOLDER", help="default: docs/validation"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        generated = phantoms.write(Path(scratch, "generated"))
        results = results_of([*BUNDLED, generated], args.peers_dir)
        made = [*sections(results), objects.section(BUNDLED, Path(scratch, "objects"), args.peers_dir)]
    said, met = summary(results)
    parts = [Part(heading=one.heading, text=one.text, table=one.table) for one in made]
    found = evidence.found("cross-checks", COMMAND, summary=said, met=met, parts=parts)
    evidence.write(found, args.results)
    made_by = f"By `{COMMAND}`, {found.date}, on {found.surroundings}."
    head = f"# Cross-checks with other programs\n\n{made_by}\n\n{said[0].upper()}{said[1:]}.\n"
    args.page.write_text("\n".join([head, *map(str, made)]), encoding="utf-8", newline="\n")
    print(said)


if __name__ == "__main__":
    main()

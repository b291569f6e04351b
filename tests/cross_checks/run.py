"""Other programs compute the same plans: ``python tests/cross_checks/run.py [--peers-dir DIR] [--page FILE]``.

The bundled plans and a generated one are given as files to dicompyler-core, plastimatch and pydcm, each as it comes and
in an environment of its own (`tests/benchmarks/peers.py`). Every difference above a stated size is held against reasons
that are tried by computing with them (`explain.py`); what no reason explains is listed. Then the objects of DICOM that
are written here are given to other readers. The page and the section of the validation report are written.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS / "validation")]
import evidence  # noqa: E402
import explain  # noqa: E402
import objects  # noqa: E402
import peers  # noqa: E402
import phantoms  # noqa: E402
import shop  # noqa: E402
from evidence import ROOT, Part  # noqa: E402
from explain import METRICS, Values  # noqa: E402

from sbrtcheck import compute_dvhs, load_plan  # noqa: E402

PAGE = ROOT / "docs" / "cross-checks.md"
BUNDLED = {ROOT / "examples/plans/lung-50gy-5fx": "rtog-0813", ROOT / "examples/plans/liver-45gy-3fx": "tg101-3fx"}
COMMAND = "python tests/cross_checks/run.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One structure of a plan by another program: both values, what differs, and all reasons that explain all of it."""

    plan: str
    structure: str
    ours: Values
    theirs: Values
    differs: tuple[str, ...]
    fits: tuple[tuple[str, ...], ...] = ()
    closest: explain.Explained | None = None

    def why(self, usual: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
        """Of the reasons that fit, those that fit most of what this program computes; None where none fits."""
        return next((one for one in usual if one in self.fits), None)


# ------------------------------------------------------------------------------------------------- other programs


def asked(program: str, folder: Path, peers_dir: Path | None) -> dict[str, Any] | shop.Missing:
    """Metrics of each structure by another program; where it fails on all together, one structure at a time."""
    python = {"dicompyler-core": peers.dicompyler_python, "pydcm": peers.pydcm_python}
    if program == "plastimatch":
        found = peers.plastimatch(peers_dir)
        base: Any = Path(sys.executable) if not isinstance(found, shop.Missing) else found
    else:
        base = python[program](peers_dir)
    if isinstance(base, shop.Missing):
        return base
    driver = f"run_{program.replace('-', '_')}.py"
    names = sorted(explain.read(folder)[0])
    try:
        return dict(_run(base, driver, folder, ""))
    except RuntimeError:
        return {name: _one(base, driver, folder, name) for name in names}


def _run(base: Path, driver: str, folder: Path, names: str) -> Mapping[str, Any]:
    return shop.run(base, driver, ",".join(METRICS), names, folder).result[str(folder)]


def _one(base: Path, driver: str, folder: Path, name: str) -> Any:
    """The metrics, or the last line of what the program says in their place; D1cc left out where it has not 1 cc."""
    for metrics in (METRICS, tuple(m for m in METRICS if m != "D1cc[Gy]")):
        try:
            return shop.run(base, driver, ",".join(metrics), name, folder).result[str(folder)].get(name, "not computed")
        except RuntimeError as fault:
            said = str(fault).strip().splitlines()[-1]
    return said


def compared(folder: Path, said: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Compared | str]]:
    """Each structure by each program; a text for one that a program does not compute."""
    plan = load_plan(folder)
    loops, grid = explain.read(folder)
    found: dict[str, list[Compared | str]] = {program: [] for program in said}
    for dvh in compute_dvhs(plan, [one.name for one in plan.structures]):
        ours = explain.of_dvh(dvh)
        tried: list[tuple[tuple[str, ...], Values]] = []
        for program, values in said.items():
            theirs = values.get(dvh.name, "not computed")
            if isinstance(theirs, str):
                found[program].append(f"{folder.name}, {dvh.name}: {theirs}")
                continue
            theirs = {metric: value for metric, value in theirs.items() if metric in ours}  # no D1cc of less than 1 cc
            differs = explain.different(ours, theirs)
            if differs and not tried:
                tried = explain.all_ways(dvh, loops[dvh.name], grid)
            fits = tuple(why for why, made in tried if not explain.different(made, theirs)) if differs else ()
            closest = explain.explained(theirs, tried) if differs else None
            one = Compared(
                plan=folder.name,
                structure=dvh.name,
                ours=ours,
                theirs=theirs,
                differs=differs,
                fits=fits,
                closest=closest,
            )
            found[program].append(one)
    return found


# ---------------------------------------------------------------------------------------------------------- tables


def usual(found: Sequence[Compared]) -> list[tuple[str, ...]]:
    """Reasons in the order of how many structures they explain: a program computes in one way, not in many."""
    counts = Counter(why for one in found for why in one.fits)
    return sorted(counts, key=lambda why: (-counts[why], len(why), why))


def sections(results: Mapping[str, list[Compared | str] | shop.Missing]) -> Iterator[shop.Section]:
    """How many differ and why; and every difference by itself."""
    yield _overview(results)
    yield _each(results)


def _overview(results: Mapping[str, list[Compared | str] | shop.Missing]) -> shop.Section:
    rows = []
    for program, found in results.items():
        if isinstance(found, shop.Missing):
            rows.append([program, f"not run: {found.why}", *[""] * 5])
            continue
        done = [one for one in found if isinstance(one, Compared)]
        order = usual(done)
        values = sum(len(one.theirs) for one in done)
        differ = [one for one in done if one.differs]
        whys = [one.why(order) for one in differ]
        none = sum(why is None for why in whys)
        rows.append(
            [program, len(done), values, sum(len(one.differs) for one in done), len(differ), len(differ) - none, none]
        )
    return shop.Section(
        heading="Differences and their reasons",
        text=(
            "A difference counts from 0.02 cc or 0.1 Gy on, and from 1 % of the structure's volume or of the dose. A"
            f" reason explains a structure where, computed with it, all of its {len(METRICS)} values come to those of"
            " the other program within the same size. Where several do, the one is named that explains most structures"
            " of that program. Volumes of plastimatch are its counts times the size of a voxel that it prints."
        ),
        table=shop.table(
            ["program", "structures", "values", "that differ", "structures with one", "explained", "**not explained**"],
            rows,
        ),
    )


def _each(results: Mapping[str, list[Compared | str] | shop.Missing]) -> shop.Section:
    rows = []
    for program, found in results.items():
        for one in [] if isinstance(found, shop.Missing) else found:
            if isinstance(one, str):
                rows.append([program, one.partition(":")[0], "", f"not computed by it: {one.partition(': ')[2]}"])
            elif one.differs:
                why = one.why(usual([x for x in found if isinstance(x, Compared)]))
                rows.append([program, f"{one.plan}, {one.structure}", _values(one, one.differs), _why(one, why)])
    return shop.Section(
        heading="Every difference",
        text="Values of sbrtcheck, and those of the other program behind the arrow.",
        table=shop.table(["program", "structure", "what differs", "reason, tested by computing with it"], rows),
    )


def _values(one: Compared, metrics: Sequence[str]) -> str:
    return "; ".join(f"{m} {one.ours[m]:.3f} → {one.theirs[m]:.3f}" for m in metrics)


def _why(one: Compared, why: tuple[str, ...] | None) -> str:
    if why is not None:
        return "; ".join(why)
    assert one.closest is not None
    near = "; ".join(one.closest.reasons) or "as sbrtcheck computes"
    left = ", ".join(f"{m} would be {one.closest.values.get(m, float('nan')):.3f}" for m in one.closest.left)
    return f"**not explained**; closest: {near}, where {left}"


# ------------------------------------------------------------------------------------------------------------ files


def results_of(folders: Sequence[Path], peers_dir: Path | None) -> dict[str, list[Compared | str] | shop.Missing]:
    """Every program on every plan."""
    results: dict[str, list[Compared | str] | shop.Missing] = {}
    for folder in folders:
        said = {program: asked(program, folder, peers_dir) for program in ("dicompyler-core", "plastimatch", "pydcm")}
        results |= {program: one for program, one in said.items() if isinstance(one, shop.Missing)}
        there = {program: one for program, one in said.items() if not isinstance(one, shop.Missing)}
        for program, found in compared(folder, there).items():
            before = results.setdefault(program, [])
            assert isinstance(before, list)
            before += found
        print(f"{folder.name}: done", file=sys.stderr, flush=True)
    return results


def summary(results: Mapping[str, list[Compared | str] | shop.Missing]) -> tuple[str, bool | None]:
    """One sentence, and whether all was run and explained."""
    done = [one for found in results.values() if isinstance(found, list) for one in found if isinstance(one, Compared)]
    lost = [program for program, found in results.items() if isinstance(found, shop.Missing)]
    left = sum(bool(one.differs) and not one.fits for one in done)
    differ = sum(bool(one.differs) for one in done)
    said = (
        f"{len(done)} structures by {len(results) - len(lost)} other programs: {differ} differ"
        f" by more than the stated size, and {left} of these no tested reason explains"
    )
    return said + (f"; not run: {', '.join(lost)}" if lost else ""), None if lost or not done else left == 0


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

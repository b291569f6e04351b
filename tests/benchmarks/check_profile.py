"""Where the time of a check goes, and what a site adds to one table: ``python tests/benchmarks/check_profile.py``.

Checks of a bundled plan in one running process, by one table and by its site in turn. Shares are of the time in each
package's own functions, by the profiler of the standard library; it slows small functions down more than numpy's work.
Writes the tables into ``docs/explanation/missed-goals.md`` with ``--write``.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pages
import shop

import sbrtcheck
from sbrtcheck import check
from sbrtcheck.results import Report

PLAN = shop.ROOT / "examples" / "plans" / "lung-50gy-5fx"
WAYS: Mapping[str, Mapping[str, str]] = {"--table rtog-0813": {"table": "rtog-0813"}, "--site lung": {"site": "lung"}}
HOME = Path(sbrtcheck.__file__).parent
PAGE = shop.ROOT / "docs" / "explanation" / "missed-goals.md"
BEGIN, END = "<!-- profile: begin -->", "<!-- profile: end -->"
OTHERS = "numpy, Python and other packages, called by each other"
PACKAGES = 8
"""Packages with the largest shares; the rest is one line."""


def seconds(rounds: int) -> dict[str, list[float]]:
    """Processor seconds of a check by each way, in turn; the first of each imports and is left out."""
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds + 1):
        for way, choice in WAYS.items():
            started = time.process_time()
            check(PLAN, **choice)  # type: ignore[arg-type]
            spent[way].append(time.process_time() - started)
    return {way: of_way[1:] for way, of_way in spent.items()}


def asked(report: Report) -> tuple[int, int, int]:
    """Rows that were measured, what they measure of which contour, and of how many contours."""
    measured = [one for one in report.outcomes if one.contour]
    pairs = {(one.contour, str(one.constraint.metric)) for one in measured}
    return len(measured), len(pairs), len({contour for contour, _ in pairs})


def shares(choice: Mapping[str, str]) -> Counter[str]:
    """Percent of the time of a check in the own functions of each package; other code counts to who called it."""
    profile = cProfile.Profile()
    profile.enable()
    check(PLAN, **choice)  # type: ignore[arg-type]
    profile.disable()
    spent: Counter[str] = Counter()
    functions = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (file, _, _), (_, _, own, _, callers) in functions.items():
        if package := package_of(file):
            spent[package] += own
            continue
        calls = sum(call[2] for call in callers.values()) or 1.0
        for (caller, _, _), call in callers.items():
            spent[package_of(caller) or "numpy, Python and other packages, called by each other"] += (
                own * call[2] / calls
            )
    whole = sum(spent.values())
    return Counter({package: 100.0 * of_package / whole for package, of_package in spent.items()})


def package_of(file: str) -> str:
    """``geometry`` of a file in it, a module's name of one beside the packages; empty for other code."""
    path = Path(file)
    return Path(path.relative_to(HOME).parts[0]).stem if path.is_relative_to(HOME) else ""


def tables(rounds: int) -> str:
    """Both tables, and the ratio of times between them."""
    spent = seconds(rounds)
    table, site = (statistics.median(of_way) for of_way in spent.values())
    lines = [
        [way, *map(str, asked(check(PLAN, **choice))), f"{statistics.median(spent[way]):.2f}"]  # type: ignore[arg-type]
        for way, choice in WAYS.items()
    ]
    by_way = [shares(choice) for choice in WAYS.values()]
    largest = [package for package, _ in sum(by_way, Counter[str]()).most_common(PACKAGES)]
    parts = [[f"`{one}`" if " " not in one else one, *(f"{of_way[one]:.0f} %" for of_way in by_way)] for one in largest]
    rest = [f"{sum(share for one, share in of_way.items() if one not in largest):.0f} %" for of_way in by_way]
    head = ["way", "rows measured", "values measured", "contours", "processor seconds"]
    return "\n\n".join(
        [
            f"Machine: {pages.machine()}. The site takes {site / table:.2f} times as long as the table.",
            shop.table(head, lines).strip(),
            shop.table(["package, with what it calls of numpy", *WAYS], [*parts, ["all others", *rest]]).strip(),
        ]
    )


def main() -> None:
    """Print the tables, or put them between the marks of the page."""
    parser = argparse.ArgumentParser(description="Where the time of a check goes.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.name}")
    args = parser.parse_args()
    made = tables(args.rounds)
    if not args.write:
        print(made)
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    if not rest:
        sys.exit(f"{PAGE.name} has no {BEGIN}")
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{made}\n\n{END}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

"""The page of measurements -> the figures that README and explanation show, so that none of them is typed twice.

``accuracy-and-performance.md`` is written by ``python tests/benchmarks/run.py``, ``sampling-coverage.md`` by
``python tests/benchmarks/sampling.py``; everything here reads their tables. A heading or column that is gone breaks the
build and the tests. ``python docs/figures.py`` writes them into the README.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "accuracy-and-performance.md"
SAMPLING = ROOT / "docs" / "sampling-coverage.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

OURS = "sbrtcheck"
DEFAULT = "sbrtcheck, slab, trilinear"
CLOSEST = "sbrtcheck, interpolated, cubic"
METHODS = {
    DEFAULT: "as it comes",
    "sbrtcheck, interpolated, trilinear": "`--slice-interpolation interpolated`",
    CLOSEST: "`--slice-interpolation interpolated --dose-interpolation cubic`",
}

Row = dict[str, str]


@cache
def section(heading: str, page: Path = PAGE) -> str:
    """What stands under a heading of a page."""
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"{page.name} has no heading {heading!r}: measure again, or correct docs/figures.py")
    return found[1]


@cache
def rows(heading: str, page: Path = PAGE) -> tuple[Row, ...]:
    """The lines of the table under a heading, by column."""
    lines = [
        [cell.strip() for cell in line.strip()[1:-1].split("|")]
        for line in section(heading, page).splitlines()
        if line.startswith("|")
    ]
    heads, _, *cells = lines
    return tuple(dict(zip(heads, line, strict=True)) for line in cells)


def command() -> str:
    """The command that measured everything on the page."""
    found = re.search(r"measured by `([^`]+)`", PAGE.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{PAGE.name} does not say by which command it was measured")
    return found[1]


# -------------------------------------------------------------------------------- README


def readme_block() -> str:
    """Accuracy and speed in two tables, and the command that makes them."""
    accuracy = (
        "**Accuracy**: largest errors on five solids with exact answers, planes and dose grid of 2 mm, dose falling"
    )
    speed = "**Speed**: a lung plan, dose grid of 2 mm; a whole process, from files to metrics."
    parts = (f"{accuracy} 1 Gy/mm.", _accuracy(), _bounds(), speed, _speed(), _measured())
    return "\n\n".join((BEGIN, *parts, END))


def _accuracy() -> str:
    asked = ("Volume %", "Mean, Gy", "D95%, Gy", "D1%, Gy")
    solids = {
        row["method"]: row for row in rows("Five solids, against formulas") if row["planes / grid, mm"] == "2 / 2"
    }
    off = {row["method"]: row["more than 3 % off"] for row in _endpoints()}
    names = {
        (DEFAULT, "sbrtcheck, half-slice, slab"): "sbrtcheck, as it comes",
        ("sbrtcheck, interpolated, trilinear", "sbrtcheck, half-slice, interpolated"): "sbrtcheck, interpolated",
        ("dicompyler-core", "dicompyler-core"): "dicompyler-core",
        ("plastimatch", "plastimatch"): "plastimatch",
        ("pydcm", "pydcm"): "pydcm",
    }
    lines = [
        (name, *(solids[solid][key] for key in asked), off.get(endpoints, ""))
        for (solid, endpoints), name in names.items()
        if solid in solids
    ]
    return _table(("", *asked, "of 240 endpoints more than 3 % off"), lines)


def _endpoints() -> list[Row]:
    return [row for row in rows("240 endpoints: how many are far off") if row["grid offset, voxels"] == "0"]


def _speed() -> str:
    cases = {"22 structures, 2 mm": "22 structures", "12 organs, 2 mm": "12 organs"}
    measured = [row for row in rows("From files to metrics") if row["times as long"] != "not measured"]
    found = [row for row in measured if row["case"] in cases]
    asked = ("tool", "times as long", "seconds, median (range)", "peak MB")
    return _table(("", *asked), [(cases[row["case"]], *(row[key] for key in asked)) for row in found])


def _bounds() -> str:
    counted = [re.match(r"(\d+) of (\d+)", row["exact slab result in bounds"]) for row in rows("Bounds")]
    inside, of = (sum(int(one[n]) for one in counted if one) for n in (1, 2))
    return f"The exact result of the model lay inside the bounds that sbrtcheck gives in {inside} of {of} cases."


def _measured() -> str:
    answers = [row["met"] for row in rows("Goals")]
    kept = f"of {len(answers)} goals {answers.count('yes')} were met and {answers.count('**no**')} missed"
    if open_ := answers.count("not measured"):
        kept += f", {open_} could not be measured"
    return f"Measured by `{command()}` on one machine and synthetic cases;\n{kept}."


def write_readme() -> None:
    """Put the figures of the page between the marks of the README."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(before + readme_block() + after, encoding="utf-8", newline="\n")


# -------------------------------------------------------------------------------- parts of the explanation


def errors_by_spacing() -> str:
    """Largest errors on the five solids, by the distance of planes and grid points."""
    asked = ("Volume %", "Mean, Gy", "D95%, Gy", "D50%, Gy", "D1%, Gy", "D0.03cc, Gy")
    found = [row for row in rows("Five solids, against formulas") if row["method"] in METHODS]
    lines = [(row["planes / grid, mm"], METHODS[row["method"]], *(row[key] for key in asked)) for row in found]
    return _table(("Planes / grid, mm", "How computed", *asked), lines)


def errors_by_size() -> str:
    """Mean, least and largest errors on small spheres, by diameter."""
    volume, dose = "volume %", "V20Gy % in the sphere"
    found = {(row["diameter, mm"], row["method"]): row for row in rows("Small spheres in a peak of dose")}
    columns = [(method, key) for method in (DEFAULT, CLOSEST) for key in (volume, dose)]
    lines = [
        (size, *(found[size, method][key].replace(" [", "<br>[") for method, key in columns))
        for size in dict.fromkeys(size for size, _ in found)
    ]
    return _table(("Diameter, mm", "Volume, %", "V20Gy, %", "Volume, %, closest", "V20Gy, %, closest"), lines)


def far_off() -> str:
    """How many endpoints are far off, by the ends of a structure and what is between its planes."""
    found = _endpoints()
    columns = ("more than 3 % off", "more than 2 % off")
    return _table(
        ("Ends, between planes", *columns),
        ((row["method"].removeprefix(f"{OURS}, "), *(row[key] for key in columns)) for row in found),
    )


def between_tools() -> str:
    """How far other programs are from this one on the same files."""
    if "## How far apart the tools are" not in PAGE.read_text(encoding="utf-8"):
        return "No other program was at hand when this was measured."
    asked = ("tool", "Volume %", "Mean, Gy", "D95%, Gy", "D50%, Gy", "D1%, Gy", "D0.035cc, Gy")
    return _table(asked, ([row[key] for key in asked] for row in rows("How far apart the tools are")))


def sampling_coverage() -> str:
    """How often the truth of phantoms lies within the sampling uncertainty, by the way of computing and by metric."""
    columns = ("cases", "inside", "width")
    parts = (("How it is computed", "way"), ("By metric", "metric"), ("D0.035cc of spheres of 3 to 20 mm", "what"))
    names = {"D0.035cc": "D0.035cc of spheres of 3 to 20 mm"}
    return _table(
        ("phantoms", *columns),
        (
            (names.get(row[first], row[first]), *(row[column] for column in columns))
            for heading, first in parts
            for row in rows(heading, SAMPLING)
        ),
    )


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, ("---",) * len(heads), *lines))


if __name__ == "__main__":
    write_readme()

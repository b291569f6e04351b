"""Measure archives and write ``docs/archives-measured.md``: ``python tests/benchmarks/archives.py [--quick]``.

It takes about ten minutes of a machine that does nothing else; a page made on another is worth little. With ``--quick``
all of it is run at small sizes, and no page is written.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import archive_index
import archive_kill
import archive_scale
import archive_speed
import archive_workers
import pages
import shop

PAGE = shop.ROOT / "docs" / "archives-measured.md"

INTRODUCTION = """\
# Archives, measured

Every number on this page was measured by `{command}`, in one run.
Machine: {machine}.

What a batch of many plans costs beside its checks, and what becomes of it when it is stopped. Times hold for such a
machine only. All plans are phantoms, and their generators are in the repository, so that anyone can measure again. What
the numbers do not show: other machines, network drives, clusters of several machines, and clinical archives. What
one plan costs is measured in [accuracy and performance](accuracy-and-performance.md); how it is used, says
[the guide to batches](how-to/batch.md).
"""


OF_QUICK = """
Sizes are those of `--quick`: it shows that everything runs, and no time or ratio here is one to rely on.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    plans: int = 500
    slices: int = 5000
    indexed_plans: int = 100
    index_rounds: int = 3
    kills: int = 20
    copies: int = 20  # of the two bundled plans, for the kills
    stand_ins: tuple[int, ...] = archive_scale.SIZES
    small: int = 40
    clinical: int = 3


QUICK = Sizes(
    plans=40,
    slices=500,
    indexed_plans=10,
    index_rounds=1,
    kills=2,
    copies=2,
    stand_ins=(20, 200, 500),
    small=6,
    clinical=2,
)


def sections(sizes: Sizes, extent: shop.Extent) -> Iterator[shop.Section]:
    """What starts processes first: they begin with the memory of their parent."""
    yield archive_scale.section(sizes.stand_ins)
    yield from archive_workers.sections(sizes.plans)
    yield archive_index.section(slices=sizes.slices, plans=sizes.indexed_plans, rounds=sizes.index_rounds)
    yield killed(sizes.kills, sizes.copies)
    yield from archive_speed.sections(extent, small=sizes.small, clinical=sizes.clinical)


def killed(kills: int, copies: int) -> shop.Section:
    """A batch that is killed again and again."""
    with TemporaryDirectory() as folder:
        archive = archive_kill.copies(Path(folder), copies)
        options = ["--table", "rtog-0813", "--jobs", "2"]
        seen = archive_kill.killed_and_resumed(archive, Path(folder), options, kills=kills, seed=0)
    met = seen.same_rows and seen.times == {1}
    rows = [
        ["plans", seen.plans],
        ["runs killed before they had ended", f"{seen.killed} of {kills}"],
        ["newly finished plans of each run, the last not killed", ", ".join(map(str, seen.new))],
        ["how often a plan was finished", ", ".join(map(str, sorted(seen.times)))],
        ["table, byte for byte that of an undisturbed run", "yes" if seen.same_rows else "**no**"],
    ]
    return shop.Section(
        heading="Killed, and started again",
        text=(
            "A batch in processes of its own, killed without a chance to tidy up (SIGKILL) at random moments, each time"
            " started again with the same command. The tests do the same with three kills."
        ),
        table=shop.table(["what", "seen"], rows),
        goals=(
            shop.Goal(
                what=f"killed {seen.killed} times, and resumed",
                aim="rows as undisturbed, no finished plan checked again",
                measured="so" if met else "not so",
                met=met,
            ),
        ),
    )


def main() -> None:
    """Print everything; write the page when all was run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shop.add_options(parser)
    parser.add_argument("--out", type=Path, help=f"page to write; default: {PAGE.name} in docs, none with --quick")
    args = parser.parse_args()
    out = args.out or (None if args.quick else PAGE)
    command = "python tests/benchmarks/archives.py" + (" --quick" if args.quick else "")
    introduction = INTRODUCTION.format(command=command, machine=pages.machine()) + (OF_QUICK if args.quick else "")
    pages.make(introduction, sections(QUICK if args.quick else Sizes(), shop.extent_of(args)), out)


if __name__ == "__main__":
    main()

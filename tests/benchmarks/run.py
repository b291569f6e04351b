"""Run every benchmark and write ``docs/accuracy-and-performance.md``: ``python tests/benchmarks/run.py``.

The README takes its figures from that page, and is written too.

It takes about an hour with the other tools; with ``--quick`` a few minutes, and no page is written; with
``--full`` some hours. A page made on a machine that does other things meanwhile is worth little.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pages
import scaling
import shop
import speed

sys.path.insert(0, str(shop.ROOT / "docs"))
import figures

PAGE = shop.ROOT / "docs" / "accuracy-and-performance.md"

INTRODUCTION = """\
# Accuracy and performance

Every number on this page was measured by `{command}`, in one run.
Machine: {machine}.

Times hold for such a machine only; ratios carry over. All cases are synthetic, and their generators are beside the
command, so that anyone can measure again. What the numbers do not show: other machines, real plans, and other tools
with other settings than their defaults. What takes other tools minutes is run once, the rest in every round.
What many plans cost in one run is in [archives, measured](archives-measured.md); where a goal is missed,
[why, and what was tried](explanation/missed-goals.md).

Beside these measurements stand the tests, which time nothing: over 2,000 random structures of seven kinds (nested,
keyhole, touching, crossing, in pieces, with spikes, out of the grid) the closed form of the model lies in the bounds
of every metric under every end-cap convention, and each fast step is compared with a slow one over generated input.
"""


def sections(extent: shop.Extent, picture: Path | None) -> Iterator[shop.Section]:
    """Speed first: what follows makes this process large, and processes start with the memory of their parent."""
    yield from speed.sections(extent)
    yield from scaling.sections(extent)
    import accuracy

    yield from accuracy.sections(extent, picture=picture)
    import bounds_and_truth

    yield from bounds_and_truth.sections(extent)


def main() -> None:
    """Print everything; write the page when all was run, and the picture beside it."""
    parser = argparse.ArgumentParser(description="Run every benchmark and write the page of results.")
    shop.add_options(parser)
    parser.add_argument("--out", type=Path, help=f"page to write; default: {PAGE.name} in docs, none with --quick")
    args = parser.parse_args()
    extent = shop.extent_of(args)
    out = args.out or (None if args.quick else PAGE)
    asked = [f"--{option}" for option in ("quick", "full", "skip-peers") if getattr(args, option.replace("-", "_"))]
    command = " ".join(["python tests/benchmarks/run.py", *asked, "--rounds", str(extent.rounds)])
    picture = out.with_name("error-against-time.svg") if out else None
    pages.make(INTRODUCTION.format(command=command, machine=pages.machine()), sections(extent, picture), out)
    if out == PAGE:
        figures.write_readme()


if __name__ == "__main__":
    main()

"""Run every benchmark and write ``docs/how-right-and-how-fast.md``: ``python tests/benchmarks/run.py``.

It takes about an hour with the other tools, a few minutes with ``--quick``, which writes no page. A page made on a
machine that does other things meanwhile is worth little.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import shop
import speed

PAGE = shop.ROOT / "docs" / "how-right-and-how-fast.md"

INTRODUCTION = """\
# How right and how fast

Every number on this page was measured by `{command}`, in one run.
Machine: {machine}.

Times hold for such a machine only; ratios carry over. All cases are synthetic, and their generators are beside the
command, so that anyone can measure again. What the numbers do not show: other machines, real plans, and other tools
with other settings than their defaults.
"""


def machine() -> str:
    """The machine and the versions that matter."""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pydicom"))
    return f"{system}, Python {platform.python_version()}, {packages}"


def sections(*, rounds: int, quick: bool, peers_dir: Path | None) -> Iterator[shop.Section]:
    """Speed first: what follows makes this process large, and processes start with the memory of their parent."""
    yield from speed.sections(rounds=rounds, quick=quick, peers_dir=peers_dir)
    import accuracy

    yield from accuracy.sections(quick=quick, peers_dir=peers_dir, out_dir=None)


def main() -> None:
    """Print everything; write the page when all was run."""
    parser = argparse.ArgumentParser(description="Run every benchmark and write the page of results.")
    shop.add_options(parser)
    parser.add_argument("--out", type=Path, help=f"page to write; default: {PAGE.name} in docs, none with --quick")
    args = parser.parse_args()
    peers_dir = None if args.skip_peers else args.peers_dir
    command = " ".join(["python tests/benchmarks/run.py", *(f"--{o}" for o in ("quick", "skip-peers") if _on(args, o))])
    page = [INTRODUCTION.format(command=f"{command} --rounds {shop.rounds_of(args)}", machine=machine())]
    goals = []
    print(page[0], flush=True)
    for section in sections(rounds=shop.rounds_of(args), quick=args.quick, peers_dir=peers_dir):
        page.append(str(section))
        goals += section.goals
        print(section, flush=True)
    summary = str(shop.Section(heading="Goals", table=shop.goals_table(goals)))
    print(summary)
    out = args.out or (None if args.quick else PAGE)
    if out:
        out.write_text("\n".join([page[0], summary, *page[1:]]), encoding="utf-8", newline="\n")
        print(f"wrote {out.name}", file=sys.stderr)


def _on(args: argparse.Namespace, option: str) -> bool:
    return bool(getattr(args, option.replace("-", "_")))


if __name__ == "__main__":
    main()

"""A page of results: an introduction, the goals of all sections, then the sections; printed as they get ready."""

from __future__ import annotations

import os
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import shop


def machine() -> str:
    """The machine and the versions that matter."""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pydicom"))
    return f"{system}, Python {platform.python_version()}, {packages}"


def make(introduction: str, sections: Iterable[shop.Section], out: Path | None) -> None:
    """Print all of it; write the page where a file is given."""
    page, goals = [], []
    print(introduction, flush=True)
    for section in sections:
        page.append(str(section))
        goals += section.goals
        print(section, flush=True)
    summary = str(shop.Section(heading="Goals", text=_summed_up(goals), table=shop.goals_table(goals)))
    print(summary)
    if out is not None:
        out.write_text("\n".join([introduction, summary, *page]), encoding="utf-8", newline="\n")
        print(f"wrote {out.name}", file=sys.stderr)


def _summed_up(goals: Sequence[shop.Goal]) -> str:
    answers = Counter(None if goal.met is None else bool(goal.met) for goal in goals)
    met, missed, open_ = (answers[answer] for answer in (True, False, None))
    return f"{met} goals are met, {missed} are missed, and {open_} could not be measured in this run."

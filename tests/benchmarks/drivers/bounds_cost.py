"""What bounds cost: ``bounds_cost.py OUT_JSON FOLDER ROUNDS``; seconds of one report, files to verdicts, each way.

``as it comes``: bounds, refined to be close to the values, and where they leave a verdict undecided. ``not refined``:
the same, but no DVH has a refined one. ``without bounds``: not refined, and the code that carries bounds from the dose
grid to the histogram taken out of the functions below, for this process only. ``DVHs alone``: files to DVHs as they
come, nothing judged. The four take turns. Tables: one that is published, and two made for the purpose, which limit the
same metrics of every structure: far from their values, and inside the bounds that the elements give to them.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import numpy as np

from sbrtcheck import compute_dvhs, evaluate, load_plan, load_table, measure
from sbrtcheck.dvh import DVHSet, histogram
from sbrtcheck.metric import Measurement, parse
from sbrtcheck.tables import Constraint, ConstraintTable, Select, Sense, Source

compute = import_module("sbrtcheck.dvh.compute")
cell_dose = import_module("sbrtcheck.geometry.cell_dose")
elements = import_module("sbrtcheck.geometry.elements")

PUBLISHED = "rtog-0813"
METRICS = ("Mean[Gy]", "D5%[Gy]", "D1cc[Gy]", "D0.035cc[Gy]", "V10Gy[%]")
SOURCE = Source(citation="Nobody, made for this benchmark", where="nowhere")

DVH_NARROWED, DVH_FINER = DVHSet.narrowed, DVHSet.finer

# module, function, and what of its text carries bounds alone -> what stands there without them
BOUNDS: tuple[tuple[ModuleType, str, tuple[tuple[str, str], ...]], ...] = (
    (
        compute,
        "add",
        (
            ("block.low, block), _by", "block.mean, block), _by"),
            ("block.high, block)", "block.mean, block)"),
            ("if isinstance(block, BoundaryCells):", "if False:"),
            ("reached = _reached(block, low, high)", "reached = low, high"),
        ),
    ),
    (
        histogram,
        "_sums",
        (
            ("np.empty((5, bins))", "np.zeros((5, bins))"),
            ("sums[LOW] = np.bincount(_bins(block.low) + start, weights=weight, minlength=bins)", "pass"),
            ("sums[HIGH] = np.bincount(_bins(block.high) + start, weights=weight, minlength=bins)", "pass"),
        ),
    ),
    (
        cell_dose,
        "over_slices",
        (
            ("least, most = np.minimum(bottom, top), np.maximum(bottom, top)", "least = most = mean"),
            ("np.minimum(least, level, out=least)", "pass"),
            ("np.maximum(most, level, out=most)", "pass"),
        ),
    ),
    (
        cell_dose,
        "dose_field",
        (
            ("low=of_four(np.minimum, least.reshape(-1), box.columns)", "low=mean"),
            ("high=of_four(np.maximum, most.reshape(-1), box.columns)", "high=mean"),
        ),
    ),
    (
        elements,
        "_interior_cells",
        (
            ("low=field.low[pick]", "low=(mean := field.mean[pick])"),
            ("high=field.high[pick]", "high=mean"),
        ),
    ),
    (
        elements,
        "_boundary_cells",
        (
            ("low, high = field.low[at], field.high[at]", "low = high = near"),
            ("off = _off_the_centroid(rise_beyond - rise, u, v)", "off = 0.0"),
            ("mean_error=np.where(fraction > MIN_CENTROID, off, high - low)", "mean_error=0.0"),
        ),
    ),
)


def without_bounds() -> list[tuple[Any, str, Any, Any]]:
    """Owner, name, function, and the function without bounds; LookupError when its text is no longer as above."""
    made = []
    for module, path, changes in BOUNDS:
        *of, name = path.split(".")
        owner = getattr(module, of[0]) if of else module
        function = getattr(owner, name)
        text = dedent(inspect.getsource(function))
        for old, new in changes:
            if text.count(old) != 1:
                raise LookupError(f"{path} does not say {old!r} any more")
            text = text.replace(old, new)
        space: dict[str, Any] = {}
        exec(compile(text, path, "exec"), function.__globals__, space)  # noqa: S102 - our own text
        made.append((owner, name, function, space[name]))
    return made


@contextmanager
def put(changes: list[tuple[Any, str, Any, Any]]) -> Iterator[None]:
    """The functions in place of the others for a while."""
    for owner, name, _, new in changes:
        setattr(owner, name, new)
    try:
        yield
    finally:
        for owner, name, old, _ in changes:
            setattr(owner, name, old)


def far(found: Measurement) -> float:
    """A limit that no bounds reach."""
    return 10.0 * found.high


def inside(found: Measurement) -> float:
    """A limit half way from the value to its upper bound."""
    return found.value + (found.high - found.value) / 2


def table_of(dvhs: DVHSet, limit_of: Callable[[Measurement], float]) -> ConstraintTable:
    """Every metric on every structure where elements bound it, with a limit by its bounds."""
    rows = []
    for dvh in dvhs:
        for text in METRICS:
            found = measure(text, dvh)
            if found.high > found.value:
                rows.append((f"r{len(rows)}", dvh.name, text, limit_of(found)))
    return ConstraintTable(
        id=limit_of.__name__,
        version="1",
        title="The same metrics of every structure",
        site="lung",
        fractions=(5,),
        sources=(SOURCE,),
        rows=tuple(
            Constraint(
                id=number,
                structures=(name,),
                select=Select.EACH,
                organ=name,
                metric=parse(text),
                sense=Sense.BELOW,
                limit=limit,
                source=SOURCE,
                confirmed_by=("one", "another"),
            )
            for number, name, text, limit in rows
        ),
    )


def dvhs_alone(folder: str) -> float:
    """Seconds from files to DVHs."""
    started = time.process_time()
    plan = load_plan(folder)
    compute_dvhs(plan, [s.name for s in plan.structures])
    return time.process_time() - started


def report(folder: str, table: ConstraintTable) -> tuple[float, Any, DVHSet]:
    """Seconds from files to verdicts, the report, and the DVHs."""
    started = time.process_time()
    plan = load_plan(folder)
    dvhs = compute_dvhs(plan, [s.name for s in plan.structures])
    made = evaluate(table, dvhs, allow_lint_errors=True)  # limits that no plan misses are what lint is against
    return time.process_time() - started, made, dvhs


@contextmanager
def counting() -> Iterator[dict[str, int]]:
    """How many questions are answered along isodoses, of values and of limits, and how many DVHs halved, meanwhile."""
    counts = {"asked": 0, "halved": 0}

    def narrowed(dvhs: DVHSet, dvh: Any, *questions: Any, **known: Any) -> Any:
        counts["asked"] += len(questions)
        return DVH_NARROWED(dvhs, dvh, *questions, **known)

    def finer(dvhs: DVHSet, dvh: Any) -> Any:
        counts["halved"] += 1
        return DVH_FINER(dvhs, dvh)

    with put([(DVHSet, "narrowed", DVH_NARROWED, narrowed), (DVHSet, "finer", DVH_FINER, finer)]):
        yield counts


if __name__ == "__main__":
    out, case, rounds = sys.argv[1:]
    bare = without_bounds()
    as_they_are = [
        (DVHSet, "narrowed", DVH_NARROWED, lambda *_, **_known: ()),
        (DVHSet, "finer", DVH_FINER, lambda *_: None),
    ]
    ways = {"as it comes": [], "not refined": as_they_are, "without bounds": [*as_they_are, *bare]}
    first = report(case, load_table(PUBLISHED))[2]
    tables = {"published": load_table(PUBLISHED), "far": table_of(first, far), "hard": table_of(first, inside)}
    with put(ways["without bounds"]):  # the same values, or the comparison means nothing
        values = report(case, tables["published"])[2]
    for dvh, same in zip(first, values, strict=True):
        half_cc = np.array([0.5 * dvh.volume])
        if abs(float(dvh.curve.dose_at(half_cc)[0] - same.curve.dose_at(half_cc)[0])) > 1e-6:
            raise SystemExit(f"{dvh.name}: without bounds its DVH is another")
    result: dict[str, Any] = {}
    for which, table in tables.items():
        with counting() as counts:
            outcomes = report(case, table)[1].outcomes
        seconds = {name: [] for name in [*ways, "DVHs alone"]}
        for _ in range(int(rounds)):
            for name, changes in ways.items():
                with put(changes):
                    seconds[name].append(report(case, table)[0])
            seconds["DVHs alone"].append(dvhs_alone(case))
        result[which] = {
            "seconds": seconds,
            "rows": len(outcomes),
            **counts,
            "open": sum(one.borderline for one in outcomes),
        }
    Path(out).write_text(json.dumps(result), encoding="utf-8")

"""Equal plans are computed once, and judged once by equal tables, in modules that ask for it by this fixture's name.

A plan is computed anew where anything in it differs: what is kept is found by the value of all arguments, contours,
doses, prescription, findings, tables and options. So each different plan of those modules is still computed, by the
code under test. That equal plans have equal reports is for others to test: geometry, DVHs, metrics and the laws of
verdicts keep nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from unittest import mock

from sbrtcheck import api
from sbrtcheck.dvh import DVHSet, from_plan
from sbrtcheck.dvh.from_plan import computed_dvhs
from sbrtcheck.dvh.model import Model
from sbrtcheck.judge import courses, plan_dvhs, run
from sbrtcheck.judge.run import evaluate_with
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Plan
from sbrtcheck.progress import Progress, log, no_progress
from sbrtcheck.results import Report
from sbrtcheck.structure_names import Recipe, StructureMatches
from sbrtcheck.tables import ConstraintTable


@contextmanager
def computed_once() -> Iterator[None]:
    """All ways to a report, with what was computed before taken from there."""
    with (
        mock.patch.object(from_plan, "computed_dvhs", _dvhs),
        mock.patch.object(plan_dvhs, "computed_dvhs", _dvhs),
        mock.patch.object(api, "evaluate_with", _report),
        mock.patch.object(courses, "evaluate_with", _report),
        mock.patch.object(run, "evaluate_with", _report),
    ):
        yield


def _dvhs(
    plan: Plan, structures: Collection[str] | None, recipes: Iterable[Recipe], model: Model, progress: Progress
) -> DVHSet:
    found, lines = _kept_dvhs(plan, None if structures is None else frozenset(structures), tuple(recipes), model)
    _log_again(lines)
    count = len(found.dvhs) + len(found.without)
    for done in range(count + 1):
        progress(done, count)
    return replace(found, plan=plan)  # of these files, not of those that it was computed from


@lru_cache(maxsize=32)
def _kept_dvhs(
    plan: Plan, structures: frozenset[str] | None, recipes: tuple[Recipe, ...], model: Model
) -> tuple[DVHSet, list[logging.LogRecord]]:
    with _lines_kept() as lines:
        return computed_dvhs(plan, structures, recipes, model, no_progress), lines


def _report(
    tables: Sequence[ConstraintTable], dvhs: DVHSet, options: CheckOptions, matches: StructureMatches | None = None
) -> Report:
    report, lines = _kept_report(tuple(tables), dvhs, replace(options, progress=no_progress), matches)
    _log_again(lines)
    return replace(report, dvhs=dvhs)


@lru_cache(maxsize=32)
def _kept_report(
    tables: tuple[ConstraintTable, ...], dvhs: DVHSet, options: CheckOptions, matches: StructureMatches | None
) -> tuple[Report, list[logging.LogRecord]]:
    with _lines_kept() as lines:
        return evaluate_with(tables, dvhs, options, matches), lines


@contextmanager
def _lines_kept() -> Iterator[list[logging.LogRecord]]:
    """What is logged meanwhile, at all levels; nobody else gets it."""
    lines: list[logging.LogRecord] = []

    def kept(record: logging.LogRecord) -> bool:
        lines.append(record)
        return False

    level = log.level
    log.setLevel(logging.DEBUG)
    log.addFilter(kept)
    try:
        yield lines
    finally:
        log.removeFilter(kept)
        log.setLevel(level)


def _log_again(lines: Iterable[logging.LogRecord]) -> None:
    for line in lines:
        if log.isEnabledFor(line.levelno):
            log.handle(line)

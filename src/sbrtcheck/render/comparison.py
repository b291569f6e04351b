"""Comparison -> the lines of a report that say what other DVHs of the plan say differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import cast

from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import Measurement, NotMeasured, StructureVolume, Unit
from sbrtcheck.results import (
    Comparison,
    MetricDifference,
    NoComparison,
    NotCompared,
    Report,
    StructureDifference,
    Unanswered,
    VerdictDifference,
    labels,
)
from sbrtcheck.tables import Sense

HERE, THERE = "here", "there"
SHOWN_DIFFERENCE = 0.005
"""Differences that two decimals show, in any unit."""


def compared_title(report: Report) -> str:
    """Head the section; it has no lines where there is nothing to compare with."""
    other = report.compared.other if isinstance(report.compared, Comparison) else "of others"
    return f"DVHs {other}, against those of this report"


def compared_lines(report: Report) -> Iterator[str]:
    """One line a structure, then the verdicts that would differ, then what could not be compared."""
    found = report.compared
    if isinstance(found, NoComparison):
        return
    yield from map(structure_line, found.structures)
    yield from lines_beside_structures(found, report.end_caps)


def lines_beside_structures(found: Comparison, end_caps: str) -> Iterator[str]:
    """All but the lines of the structures; ``end_caps`` is the convention of the report."""
    yield from _convention_lines(found, end_caps)
    yield from map(clean, found.remarks)
    yield from _verdict_lines(found)
    yield from map(not_compared_line, found.without)
    if found.not_asked:
        number = len(found.not_asked)
        yield f"{number} more {'structure' if number == 1 else 'structures'} with a DVH there, asked for by no row"


def structure_line(one: StructureDifference) -> str:
    """Volume, and the metric that differs most."""
    volume, *metrics = one.metrics
    largest = _largest(metrics, volume)
    said = f"{metric_name(largest)} {difference_text(largest)}" if largest else "no metric differs by 0.01"
    return f"{clean(one.name)}: volume {difference_text(volume)}; {said}"


def metric_name(one: MetricDifference) -> str:
    """``D0.03cc[Gy]``, or ``Mean[Gy] EQD2(a/b 3)`` where the doses are not physical ones."""
    return str(one.metric) if one.alpha_beta_gy is None else f"{one.metric} {one.quantity}(a/b {one.alpha_beta_gy:.4g})"


def difference_text(one: MetricDifference) -> str:
    """``+0.19 (17.61 here, 17.42 there)``, or why there is no difference to tell."""
    found, percent = one.difference, one.percent
    if isinstance(found, NotMeasured):
        return f"not compared ({found.reason})"
    is_volume = isinstance(one.metric, StructureVolume)
    if is_volume and abs(found) < SHOWN_DIFFERENCE:
        return f"{_value(one.ours)} cc on both"
    share = f", {percent:+.1f} %" if is_volume and not isinstance(percent, NotMeasured) else ""
    bands = ", bands overlap" if one.within_bands and not is_volume else ""
    unit = " cc" if is_volume else ""
    return f"{found:+.2f}{unit} ({_value(one.ours)} {HERE}, {_value(one.theirs)} {THERE}{share}{bands})"


def _value(found: Measurement | NotMeasured, limit: float | None = None) -> str:
    if isinstance(found, NotMeasured):
        return "-"
    text = number_text(found.value, limit)
    return f"{text} or more" if found.open_above else text


def _largest(metrics: list[MetricDifference], volume: MetricDifference) -> MetricDifference | None:
    """The metric that differs most, doses as a share of the largest dose met, volumes as a share of the whole."""
    doses = [value for one in metrics if one.metric.unit is Unit.GY for value in _values(one)]
    wholes = {Unit.GY: max(doses, default=0.0), Unit.CC: max(_values(volume), default=0.0)}

    def share(one: MetricDifference) -> float:
        found, whole = one.difference, wholes.get(one.metric.unit, 100.0)
        return abs(found) / whole if not isinstance(found, NotMeasured) and whole > 0 else 0.0

    differing = [one for one in metrics if not isinstance(one.difference, NotMeasured)]
    shown = [one for one in differing if abs(cast("float", one.difference)) >= SHOWN_DIFFERENCE]
    return max(shown, key=share, default=None)


def _values(one: MetricDifference) -> list[float]:
    return [side.value for side in (one.ours, one.theirs) if isinstance(side, Measurement)]


def _convention_lines(found: Comparison, used: str) -> Iterator[str]:
    """Under which end-cap conventions volumes agree best, where that can be told."""
    by_best: dict[tuple[str, ...], list[str]] = {}
    for one in found.structures:
        if one.agrees_best:
            by_best.setdefault(one.agrees_best, []).append(clean(one.name))
    for best, names in by_best.items():
        how = "as used here" if used in best else f"not with {used} as used here; --end-caps {best[0]} takes it"
        which = f"{len(names)} of {len(found.structures)} structures" if used in best else ", ".join(names)
        yield f"volume agrees best with end caps {' or '.join(best)}, {how}: {which}"


def _verdict_lines(found: Comparison) -> Iterator[str]:
    rows = f"{found.same_verdicts} {'row has' if found.same_verdicts == 1 else 'rows have'} the same verdict on both"
    if found.verdicts:
        yield f"VERDICTS THAT WOULD DIFFER: {len(found.verdicts)}; {rows}"
    elif found.same_verdicts:
        yield f"no verdict would differ: {rows}"
    yield from map(_verdict_line, found.verdicts)
    counted = Counter(map(_why_unanswered, found.unanswered))
    for why, number in counted.items():
        yield f"{number} {'row' if number == 1 else 'rows'} evaluated here cannot be answered by them: {why}"


def _verdict_line(one: VerdictDifference) -> str:
    ours, theirs = one.ours.replace("_", " "), one.theirs.replace("_", " ")
    under = f"; here with end caps {one.under} {theirs} too" if one.under else ""
    measured = one.measured
    values = f"{_value(measured.ours, one.limit)} {HERE}, {_value(measured.theirs, one.limit)} {THERE}"
    bands = ", bands overlap" if measured.within_bands else ""
    limit = "" if one.limit is None else f" {labels.SIGNS[Sense(one.sense)]} {one.limit:.6g}"
    row = f"{one.table_id} {one.row_id}: {one.organ} {metric_name(measured)}{limit}"
    return clean(f"{row}: {ours} {HERE}, {theirs} {THERE} ({values}{bands}){under}")


def _why_unanswered(one: Unanswered) -> str:
    detail = f" ({one.detail})" if one.detail else ""
    return clean(f"{one.reason or 'no reason known'}{detail}")


def not_compared_line(one: NotCompared) -> str:
    """Say which structure was not compared, and why."""
    detail = f" ({one.detail})" if one.detail else ""
    return clean(f"{one.name}: not compared, {one.reason}{detail}")

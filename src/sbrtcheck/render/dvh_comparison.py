"""Comparison with other DVHs of the plan -> the lines of a report on the differences."""

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
MIN_DIFFERENCE = 0.005
"""Differences that two decimals show, in any unit."""


def comparison_title(report: Report) -> str:
    """Head the section; it has no lines where there is nothing to compare with."""
    other = report.compared.other if isinstance(report.compared, Comparison) else "of others"
    return f"DVHs {other}, compared with those of this report"


def comparison_lines(report: Report) -> Iterator[str]:
    """One line a structure, then the verdicts that would differ, then what could not be compared."""
    comparison = report.compared
    if isinstance(comparison, NoComparison):
        return
    yield from map(structure_line, comparison.structures)
    yield from lines_beside_structures(comparison, report.end_caps)


def lines_beside_structures(comparison: Comparison, end_caps: str) -> Iterator[str]:
    """All but the lines of the structures; ``end_caps`` is the convention of the report."""
    yield from _convention_lines(comparison, end_caps)
    yield from map(clean, comparison.remarks)
    yield from _verdict_lines(comparison)
    yield from map(not_compared_line, comparison.without)
    if comparison.not_asked:
        number = len(comparison.not_asked)
        yield f"{number} more {'structure' if number == 1 else 'structures'} with a DVH there, asked for by no row"


def structure_line(structure: StructureDifference) -> str:
    """Volume, and the metric that differs most."""
    volume, *metrics = structure.metrics
    largest = _largest_difference(metrics, volume)
    difference = f"{metric_name(largest)} {difference_text(largest)}" if largest else "no metric differs by 0.01"
    return f"{clean(structure.name)}: volume {difference_text(volume)}; {difference}"


def metric_name(metric: MetricDifference) -> str:
    """``D0.03cc[Gy]``, or ``Mean[Gy] EQD2(a/b 3)`` where the doses are not physical ones."""
    if metric.alpha_beta_gy is None:
        return str(metric.metric)
    return f"{metric.metric} {metric.quantity}(a/b {metric.alpha_beta_gy:.4g})"


def difference_text(metric: MetricDifference) -> str:
    """``+0.19 (17.61 here, 17.42 there)``, or why there is no difference to tell."""
    difference, percent = metric.difference, metric.percent
    if isinstance(difference, NotMeasured):
        return f"not compared ({difference.reason})"
    is_volume = isinstance(metric.metric, StructureVolume)
    if is_volume and abs(difference) < MIN_DIFFERENCE:
        return f"{_value(metric.ours)} cc on both"
    share = f", {percent:+.1f} %" if is_volume and not isinstance(percent, NotMeasured) else ""
    bands = ", bounds overlap" if metric.within_bands and not is_volume else ""
    unit = " cc" if is_volume else ""
    return f"{difference:+.2f}{unit} ({_value(metric.ours)} {HERE}, {_value(metric.theirs)} {THERE}{share}{bands})"


def _value(measured: Measurement | NotMeasured, limit: float | None = None) -> str:
    if isinstance(measured, NotMeasured):
        return "-"
    text = number_text(measured.value, limit)
    return f"{text} or more" if measured.open_above else text


def _largest_difference(metrics: list[MetricDifference], volume: MetricDifference) -> MetricDifference | None:
    """The metric that differs most, doses as a share of the largest dose met, volumes as a share of the whole."""
    doses = [value for metric in metrics if metric.metric.unit is Unit.GY for value in _values(metric)]
    wholes = {Unit.GY: max(doses, default=0.0), Unit.CC: max(_values(volume), default=0.0)}

    def share(metric: MetricDifference) -> float:
        difference, whole = metric.difference, wholes.get(metric.metric.unit, 100.0)
        return abs(difference) / whole if not isinstance(difference, NotMeasured) and whole > 0 else 0.0

    differing = [metric for metric in metrics if not isinstance(metric.difference, NotMeasured)]
    visible = [metric for metric in differing if abs(cast("float", metric.difference)) >= MIN_DIFFERENCE]
    return max(visible, key=share, default=None)


def _values(metric: MetricDifference) -> list[float]:
    return [side.value for side in (metric.ours, metric.theirs) if isinstance(side, Measurement)]


def _convention_lines(comparison: Comparison, used: str) -> Iterator[str]:
    """Under which end-cap conventions volumes agree best, where that can be told."""
    by_best: dict[tuple[str, ...], list[str]] = {}
    for structure in comparison.structures:
        if structure.agrees_best:
            by_best.setdefault(structure.agrees_best, []).append(clean(structure.name))
    for best, names in by_best.items():
        how = "as used here" if used in best else f"not with {used} as used here; --end-caps {best[0]} selects it"
        which = f"{len(names)} of {len(comparison.structures)} structures" if used in best else ", ".join(names)
        yield f"volume agrees best with end caps {' or '.join(best)}, {how}: {which}"


def _verdict_lines(comparison: Comparison) -> Iterator[str]:
    same = comparison.same_verdicts
    rows = f"{same} {'row has' if same == 1 else 'rows have'} the same verdict on both"
    if comparison.verdicts:
        yield f"VERDICTS THAT WOULD DIFFER: {len(comparison.verdicts)}; {rows}"
    elif same:
        yield f"no verdict would differ: {rows}"
    yield from map(_verdict_line, comparison.verdicts)
    counted = Counter(map(_why_unanswered, comparison.unanswered))
    for why, number in counted.items():
        yield f"{number} {'row' if number == 1 else 'rows'} evaluated here cannot be answered by them: {why}"


def _verdict_line(row: VerdictDifference) -> str:
    ours, theirs = row.ours.replace("_", " "), row.theirs.replace("_", " ")
    under = f"; here with end caps {row.under} {theirs} too" if row.under else ""
    measured = row.measured
    values = f"{_value(measured.ours, row.limit)} {HERE}, {_value(measured.theirs, row.limit)} {THERE}"
    bands = ", bounds overlap" if measured.within_bands else ""
    limit = "" if row.limit is None else f" {labels.SIGNS[Sense(row.sense)]} {row.limit:.6g}"
    row_text = f"{row.table_id} {row.row_id}: {row.organ} {metric_name(measured)}{limit}"
    return clean(f"{row_text}: {ours} {HERE}, {theirs} {THERE} ({values}{bands}){under}")


def _why_unanswered(row: Unanswered) -> str:
    detail = f" ({row.detail})" if row.detail else ""
    return clean(f"{row.reason or 'no reason known'}{detail}")


def not_compared_line(structure: NotCompared) -> str:
    """A structure that was not compared, and why."""
    detail = f" ({structure.detail})" if structure.detail else ""
    return clean(f"{structure.name}: not compared, {structure.reason}{detail}")

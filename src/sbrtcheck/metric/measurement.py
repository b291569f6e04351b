"""Metrics, as values or text, and a DVH or all of a plan in, measurements with bounds out, or why there are none.

On one DVH metrics are read off as they are (`on_curve`). On a set whose plan is at hand, their bounds are refined
first, until they are close to the values (`close_bounds`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from sbrtcheck.arguments import require_type
from sbrtcheck.dvh import DVH, DVHSet, Reason
from sbrtcheck.errors import MetricError
from sbrtcheck.metric.close_bounds import closely
from sbrtcheck.metric.grammar import CGY_PER_GY, parse_written
from sbrtcheck.metric.metrics import Metric, Unit
from sbrtcheck.metric.on_curve import PERCENT_DECIMALS, Answer, Measurement, NotMeasured, read_off

_METRIC_HINT = "write it like 'D0.035cc[Gy]', or make it with sbrtcheck.metric.parse"


@overload
def measure(metric: Metric | str, dvh: DVH) -> Answer: ...  # type: ignore[overload-overlap]  # a str is iterable
@overload
def measure(metric: Iterable[Metric | str], dvh: DVH) -> dict[str, Answer]: ...
@overload
def measure(metric: Metric | str, dvh: DVHSet) -> dict[str, Answer]: ...  # type: ignore[overload-overlap]
@overload
def measure(metric: Iterable[Metric | str], dvh: DVHSet) -> dict[str, dict[str, Answer]]: ...
def measure(
    metric: Metric | str | Iterable[Metric | str], dvh: DVH | DVHSet
) -> Answer | dict[str, Answer] | dict[str, dict[str, Answer]]:
    """Measure a metric, or several, on a DVH, or on each of a set.

    Parameters
    ----------
    metric
        A metric, or the text of one; or several of these.
    dvh
        Of one structure; or a set.

    Returns
    -------
    Measurement | NotMeasured
        The value with its bounds, or why there is none: a ``D`` metric asks for more volume than the structure has,
        ``%Rx`` needs a prescription, ``cc`` needs absolute volumes, an index needs the whole plan
        (`sbrtcheck.metric.plan_indices.measure_index`). Bounds of one DVH are those of its curve; of a set whose plan
        is at hand they are refined until they are close to the value (`sbrtcheck.metric.close_bounds`). It is in the
        unit that the text asks for: ``D2%[cGy]`` is answered in cGy. A metric that is no text is in Gy.

        Of several metrics a dictionary, by the texts that were given; of a set a dictionary by structure, in which
        those without a DVH say why. A name that several structures have is `NotMeasured`, as ``dvhs[name]`` is refused.

    Raises
    ------
    MetricError
        ``metric`` is no metric.
    ArgumentError
        ``dvh`` is neither a DVH nor a set.

    Notes
    -----
    ``CV_d = V_total - V_d`` and ``DC_v = D_(V_total - v)``: the cold metrics are the hot ones seen from the other end.
    ``DC`` of the whole volume is the largest dose.
    """
    require_type(dvh, (DVH, DVHSet), "what is measured", "give dvhs['SpinalCord'], or all dvhs")
    if isinstance(metric, str | Metric):
        asked = _asked(metric)
        if isinstance(dvh, DVH):
            return _measured(asked, dvh)
        return {name: answers[0] for name, answers in _by_structure([asked], dvh).items()}
    several = {text_of(one): _asked(one) for one in several_metrics(metric)}
    if isinstance(dvh, DVH):
        return {text: _measured(asked, dvh) for text, asked in several.items()}
    by_structure = _by_structure(list(several.values()), dvh)
    return {name: dict(zip(several, answers, strict=True)) for name, answers in by_structure.items()}


def text_of(metric: Metric | str) -> str:
    """The text of a metric: as it was given, else the canonical one."""
    return metric if isinstance(metric, str) else str(metric)


def several_metrics(metrics: object) -> list[Metric | str]:
    """Several metrics; `MetricError` for what is none."""
    several: list[Any] = list(metrics) if isinstance(metrics, Iterable) else [metrics]
    for one in several:
        if not isinstance(one, str | Metric):
            raise MetricError(f"a metric cannot be of the type {type(one).__name__}", hint=_METRIC_HINT)
        _asked(one)
    return several


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A metric, and whether its answer is wanted in cGy."""

    metric: Metric
    in_cgy: bool


def _asked(metric: Metric | str) -> _Asked:
    if not isinstance(metric, str):
        return _Asked(metric=metric, in_cgy=False)
    written = parse_written(metric)
    return _Asked(metric=written.metric, in_cgy=written.answer_in_cgy)


def _names(dvhs: DVHSet) -> list[str]:
    """Names of the structures of a set, each once; those without a DVH last."""
    return list(dict.fromkeys((*dvhs.keys(), *(no_dvh.name for no_dvh in dvhs.without))))


def measure_each(metrics: Sequence[Metric | str], dvhs: DVHSet) -> list[dict[str, Answer]]:
    """Several metrics on each DVH of a set, in its order, by their texts; bounds as close as in `measure`."""
    several = {text_of(one): _asked(one) for one in metrics}
    by_dvh = (_measured_closely(list(several.values()), dvh, dvhs) for dvh in dvhs.dvhs)
    return [dict(zip(several, answers, strict=True)) for answers in by_dvh]


def _by_structure(several: Sequence[_Asked], dvhs: DVHSet) -> dict[str, list[Answer]]:
    return {name: _measured_by_name(several, name, dvhs) for name in _names(dvhs)}


def _measured_by_name(several: Sequence[_Asked], name: str, dvhs: DVHSet) -> list[Answer]:
    found = [dvh for dvh in dvhs.dvhs if dvh.name == name]
    if len(found) == 1:
        return _measured_closely(several, found[0], dvhs)
    if found:
        why = NotMeasured(reason=Reason.STRUCTURE_AMBIGUOUS, detail=f"{len(found)} DVHs are named {name!r}")
    else:
        no_dvh = next(no_dvh for no_dvh in dvhs.without if no_dvh.name == name)
        why = NotMeasured(reason=no_dvh.reason, detail=no_dvh.detail)
    return [why] * len(several)


def _measured_closely(several: Sequence[_Asked], dvh: DVH, dvhs: DVHSet) -> list[Answer]:
    """Metrics of one DVH of a set, with bounds that are close to their values where the plan is at hand."""
    refined = closely([asked.metric for asked in several], dvh, dvhs)
    return [_measured(asked, refined.get(asked.metric, dvh)) for asked in several]


def _measured(asked: _Asked, dvh: DVH) -> Answer:
    answer = read_off(asked.metric, dvh)
    return _in_cgy(answer) if asked.in_cgy and isinstance(answer, Measurement) else answer


def _in_cgy(in_gy: Measurement) -> Measurement:
    """The same dose in cGy; a dose is known to 0.1 mGy, so that rounding to 1e-9 takes away rounding errors alone."""
    value, low, high = (round(number * CGY_PER_GY, PERCENT_DECIMALS) for number in (in_gy.value, in_gy.low, in_gy.high))
    return replace(in_gy, value=value, low=low, high=high, unit=Unit.CGY)

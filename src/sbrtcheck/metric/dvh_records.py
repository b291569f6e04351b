"""DVHs and metrics in, one flat record a structure out: what `DVHSet.to_records` and `DVHSet.to_dataframe` give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sbrtcheck.dvh import DVH, DVHSet, NoDVH, VolumeUnit
from sbrtcheck.installation import install_command
from sbrtcheck.metric.measurement import measure_each, several_metrics, text_of
from sbrtcheck.metric.metrics import Metric
from sbrtcheck.metric.on_curve import Answer, Measurement, NotMeasured

if TYPE_CHECKING:
    import pandas as pd

_OF_STRUCTURE = ("structure", "kind", "origin", "volume_cc", "reason")
_OF_METRIC = ("", " low", " high", " reason")

Metrics = Metric | str | Iterable[Metric | str]


def dvh_dataframe(metrics: Metrics, dvhs: DVHSet) -> pd.DataFrame:
    """The records as a data frame, which has its columns without a structure, too."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(f"DVHSet.to_dataframe needs pandas: {install_command('pandas')}") from error
    several = _list(metrics)
    columns = [*_OF_STRUCTURE, *(f"{text_of(metric)}{end}" for metric in several for end in _OF_METRIC)]
    return pd.DataFrame(dvh_records(several, dvhs), columns=columns)


def dvh_records(metrics: Metrics, dvhs: DVHSet) -> list[dict[str, Any]]:
    """One record a structure, those without a DVH last; `DVHSet.to_records` says what is in it."""
    several = _list(metrics)
    return [
        *map(_record, dvhs.dvhs, measure_each(several, dvhs)),
        *(_record(no_dvh, dict.fromkeys(map(text_of, several), _why(no_dvh))) for no_dvh in dvhs.without),
    ]


def _list(metrics: Metrics) -> list[Metric | str]:
    """The metrics, each once by its text; `MetricError` for what is none, though there be no DVH to measure it on."""
    several = several_metrics([metrics] if isinstance(metrics, str | Metric) else metrics)
    return list({text_of(metric): metric for metric in several}.values())


def _why(no_dvh: NoDVH) -> Answer:
    return NotMeasured(reason=no_dvh.reason, detail=no_dvh.detail)


def _record(structure: DVH | NoDVH, answers: dict[str, Answer]) -> dict[str, Any]:
    of_structure: tuple[object, ...]
    if isinstance(structure, DVH):
        volume_cc = structure.volume if structure.volume_unit is VolumeUnit.CC else None
        of_structure = (structure.name, structure.kind, str(structure.origin), volume_cc, None)
    else:
        of_structure = (structure.name, structure.kind, None, None, _text(structure.reason, structure.detail))
    record: dict[str, Any] = dict(zip(_OF_STRUCTURE, of_structure, strict=True))
    for text, answer in answers.items():
        record |= {f"{text}{end}": value for end, value in zip(_OF_METRIC, _values(answer), strict=True)}
    return record


def _values(answer: Answer) -> tuple[float | None, float | None, float | None, str | None]:
    match answer:
        case Measurement():
            return answer.value, answer.low, None if answer.open_above else answer.high, None
        case NotMeasured():
            return None, None, None, _text(answer.reason, answer.detail)


def _text(reason: str, detail: str) -> str:
    return f"{reason}: {detail}" if detail else str(reason)

"""What two sets of DVHs of one plan, or two plans, say differently: frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.dvh import Reason
from sbrtcheck.metric import Measurement, Metric, NotMeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDifference:
    """One metric of one structure, measured here and by the other; each in the metric's unit, or why not."""

    metric: Metric
    ours: Measurement | NotMeasured
    theirs: Measurement | NotMeasured

    @property
    def difference(self) -> float | NotMeasured:
        """Ours minus theirs, in the metric's unit."""
        if isinstance(self.ours, NotMeasured):
            return self.ours
        if isinstance(self.theirs, NotMeasured):
            return self.theirs
        return self.ours.value - self.theirs.value


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictDifference:
    """A row of a table that the other DVHs would judge otherwise; ids as in the report, verdicts as its words."""

    table_id: str
    row_id: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureDifference:
    """One structure in both sets: volume first among the metrics, then those of the tables' rows, then general ones."""

    name: str
    metrics: tuple[MetricDifference, ...]
    verdicts: tuple[VerdictDifference, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """A structure that only one of the two has, or whose DVH could not be used, and why."""

    name: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Our DVHs against those of somebody else; ``other`` says whose: "stored in the RTDOSE", "Eclipse text export"."""

    other: str
    structures: tuple[StructureDifference, ...]
    without: tuple[NotCompared, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoComparison:
    """Nothing to compare with, and why."""

    reason: str = "no other DVHs were given"

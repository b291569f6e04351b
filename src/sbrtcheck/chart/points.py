"""The parts of a chart that are no curves: limits as points, and the protocol of values that have such points.

Constraints are known in packages above. A table, or a report, gives its limits as points that a curve has to pass on
one side, and a chart needs to know no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

_DVHs_contra = TypeVar("_DVHs_contra", contravariant=True)


class Side(StrEnum):
    """Where the cumulative curve has to pass: under the point (less dose, less volume), or over it."""

    UNDER = "under"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A dose and a volume that the curve of a structure has to pass on one side.

    Parameters
    ----------
    structure
        Name of the DVH, or of several as one organ.
    label
        The constraint, as people read it.
    dose_gy, volume_percent, volume_cc
        The point; ``volume_cc`` is None where the DVH has no absolute volume.
    side
        Where the curve has to pass.
    counts
        Whether the constraint counts for a verdict.
    """

    structure: str
    label: str
    dose_gy: float
    volume_percent: float
    volume_cc: float | None
    side: Side
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDrawn:
    """A constraint that is no point on a curve, and why."""

    label: str
    reason: str


class HasPoints(Protocol[_DVHs_contra]):
    """Something that can be drawn on DVHs (those of a `DVHSet`): a table of constraints, a report."""

    def points(
        self, dvhs: _DVHs_contra, names: Mapping[str, str] | None = None
    ) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
        """Points for these DVHs, and what is none; ``names`` is TG-263 name -> structure name."""

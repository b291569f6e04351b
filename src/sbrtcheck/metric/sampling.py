"""What a value is on a DVH, and on the same structure filled in otherwise, in; an estimate of what sampling does out.

A plan keeps of a structure its contours on some planes, and of the dose its values on a grid. The numerical bounds of a
value say nothing of that. The *sampling uncertainty* is an estimate of it, never a bound: half the width of an interval
around the value in which the value of the structure itself, in the dose itself, lay in at least 19 of 20 cases of
phantoms::

    half width = 2 |value - value otherwise|  +  max |value - value with other ends|

*Otherwise* is `sbrtcheck.dvh.sampled_otherwise`: another shape between planes, and dose corrected between grid points;
that is closer to the truth, so that the difference is about the error, and the 2 is for what it misses itself. Of a
large structure, on every second plane, it is farther from the truth, by as much at least. The second part is for ends,
of which contours say least: the truth may lie half a slice in or out, at both ends or at one.

``tests/benchmarks/sampling.py`` measures on phantoms how often the truth lies inside, and
``docs/explanation/how-wrong.md`` has the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.dvh import DVH, DVHSet, Reason
from sbrtcheck.dvh.sampled_otherwise import FEWEST_PLANES, drawn, sampled_otherwise, with_one_end
from sbrtcheck.metric.grammar import parse
from sbrtcheck.metric.metrics import Metric, Unit
from sbrtcheck.metric.on_curve import Measurement, NotMeasured, read_off

OTHERWISE = 2.0
"""Of the difference to the value that is found when shape and dose are filled in otherwise."""

OTHER_ENDS = 1.0
"""Of the largest difference to the value under other end caps, or with one end alone."""


class WhyNoEstimate(StrEnum):
    """Why there is no estimate; stable, for programs."""

    NO_VALUE = "no value"
    NOT_COMPUTED_HERE = "DVH not computed here"
    WHOLE_PLAN = "of the whole plan"
    TOO_FEW_PLANES = "fewer than three contour planes"
    NO_OTHER_VALUE = "no value when sampled otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingEstimate:
    """An estimate of how far contour planes, ends and dose grid may put a value off, to either side, in ``unit``."""

    half_width: float
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSamplingEstimate:
    """There is no estimate, and why."""

    why: WhyNoEstimate
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """A structure as it was computed and as it may be filled in: with other ends, and otherwise between samples."""

    other_ends: tuple[DVH, ...]
    between: DVH


def filled_otherwise(dvhs: DVHSet, dvh: DVH) -> Otherwise | NoSamplingEstimate:
    """A structure of a plan filled in otherwise: once for all metrics of it."""
    contours = drawn(dvhs.plan, dvh)
    if contours is None:
        return NoSamplingEstimate(why=WhyNoEstimate.NOT_COMPUTED_HERE, detail=f"its DVH is {dvh.origin}")
    if contours.planes < FEWEST_PLANES:
        detail = f"it has {contours.planes}: nothing tells its shape between and beyond them"
        return NoSamplingEstimate(why=WhyNoEstimate.TOO_FEW_PLANES, detail=detail)
    between = sampled_otherwise(dvh, contours)
    if between is None:
        return NoSamplingEstimate(why=WhyNoEstimate.NO_OTHER_VALUE)
    return Otherwise(other_ends=(*dvh.alternatives, *with_one_end(dvh)), between=between)


def estimate(
    value: Measurement | NotMeasured,
    otherwise: Otherwise | NoSamplingEstimate,
    measured_on: Callable[[DVH], Measurement | NotMeasured],
) -> SamplingEstimate | NoSamplingEstimate:
    """The estimate for one value.

    Parameters
    ----------
    value
        As measured on the DVH.
    otherwise
        Of its structure.
    measured_on
        What the same metric is on another DVH of the structure.
    """
    if isinstance(value, NotMeasured):
        return NoSamplingEstimate(why=WhyNoEstimate.NO_VALUE)
    if isinstance(otherwise, NoSamplingEstimate):
        return otherwise
    between, *ends = (measured_on(dvh) for dvh in (otherwise.between, *otherwise.other_ends))
    lacking = next((other for other in (between, *ends) if isinstance(other, NotMeasured)), None)
    if lacking is not None:
        return NoSamplingEstimate(why=WhyNoEstimate.NO_OTHER_VALUE, detail=lacking.detail)
    off, *off_at_ends = (abs(value.value - other.value) for other in (between, *ends) if isinstance(other, Measurement))
    half_width = OTHERWISE * off + OTHER_ENDS * max(off_at_ends, default=0.0)
    return SamplingEstimate(half_width=half_width, unit=value.unit)


def sampling_uncertainty(metric: Metric | str, dvhs: DVHSet, dvh: DVH) -> SamplingEstimate | NoSamplingEstimate:
    """Estimate how far planes, ends and dose grid may put a metric of one structure off.

    Parameters
    ----------
    metric
        Of one structure, or the text of one.
    dvhs
        The set that the DVH is of: its plan is computed otherwise.
    dvh
        Of the structure, in physical dose.

    Returns
    -------
    SamplingEstimate | NoSamplingEstimate
        An estimate, not a bound; or why there is none.

    Raises
    ------
    MetricError
        ``metric`` is no metric.
    """
    asked = parse(metric) if isinstance(metric, str) else metric
    value = read_off(asked, dvh)
    if isinstance(value, NotMeasured) and value.reason is Reason.NEEDS_WHOLE_PLAN:
        return NoSamplingEstimate(why=WhyNoEstimate.WHOLE_PLAN)
    return estimate(value, filled_otherwise(dvhs, dvh), lambda other: read_off(asked, other))

"""Outcomes in; the texts of their values out: value, bounds, sampling uncertainty, margin, percent of the limit.

A value is printed with the digits that its bounds certify: the last one may be off by two, no digit before it. Bounds
themselves stand beside it where they are asked for, or where the verdict depends on them.
"""

from __future__ import annotations

import math

from sbrtcheck.formatting import certified_text, number_text
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.metric.sampling import NoSamplingEstimate
from sbrtcheck.results.outcome import Outcome


def value_text(measured: Measurement | NotMeasured, outcome: Outcome, *, with_bounds: bool) -> str:
    """``17.5``, or ``17.52 [17.50, 17.55]`` with bounds; of what only adds to it unseen, ``17.52 or more``.

    Bounds are left out where they round to the value, and there for every value that the verdict depends on.
    """
    if isinstance(measured, NotMeasured):
        return ""
    limits = outcome.limit_used, outcome.acceptable_used
    value, low, high = (number_text(x, *limits) for x in (measured.value, measured.low, measured.high))
    if measured.open_above:
        return f"{low} or more"
    if with_bounds or outcome.borderline:
        return value if low == value == high else f"{value} [{low}, {high}]"
    return certified_value(measured, outcome)


def certified_value(measured: Measurement, outcome: Outcome) -> str:
    """The value with the digits that its bounds certify, and as many more as show on which side of a limit it is."""
    off = max(measured.high - measured.value, measured.value - measured.low)
    return certified_text(measured.value, off, outcome.limit_used, outcome.acceptable_used)


def result_text(outcome: Outcome, *, with_bounds: bool = False) -> str:
    """Give the value, and the sampling uncertainty where it matters; or the reason why there is no value."""
    value = value_text(outcome.measurement, outcome, with_bounds=with_bounds)
    if value:
        return f"{value} {sampling_text(outcome)}" if outcome.sampling_sensitive else value
    return str(outcome.reason) if outcome.reason else "met by volume alone"


def sampling_text(outcome: Outcome) -> str:
    """``±0.86``, the sampling uncertainty to two digits; ``±?`` where it is not known."""
    uncertainty = outcome.sampling_uncertainty
    return "±?" if isinstance(uncertainty, NoSamplingEstimate) else f"±{_two_digits(uncertainty.half_width)}"


def sampling_detail(outcome: Outcome) -> str:
    """``±0.86 Gy, an estimate, not a bound``; or why there is none."""
    uncertainty = outcome.sampling_uncertainty
    if isinstance(uncertainty, NoSamplingEstimate):
        return f"not known: {uncertainty.why}{f'; {uncertainty.detail}' if uncertainty.detail else ''}"
    return f"{sampling_text(outcome)} {uncertainty.unit}, an estimate, not a bound"


def _two_digits(number: float) -> str:
    """Two significant digits, but no more than two decimals."""
    decimals = 1 - math.floor(math.log10(number)) if number > 0.0 else 0
    return f"{number:.{min(max(decimals, 0), 2)}f}"


def margin_text(outcome: Outcome, *, with_bounds: bool = False) -> str:
    """How far inside the limit, with its sign; in the digits of the value."""
    measured = outcome.measurement
    if outcome.margin is None or isinstance(measured, NotMeasured):
        return ""
    off = max(measured.high - measured.value, measured.value - measured.low)
    exact = with_bounds or outcome.borderline
    text = number_text(outcome.margin, 0.0) if exact else certified_text(outcome.margin, off, 0.0)
    return text if text.startswith("-") else f"+{text}"


def percent_text(outcome: Outcome) -> str:
    """``245 % of the limit``; nothing without a value."""
    percent = outcome.percent_of_limit
    return "" if isinstance(percent, NotMeasured) else f"{_percent(percent)} % of the limit"


PERCENT_OF_LIMIT = "% of limit"
"""What a column of values in percent of the limit is headed, in every format for people."""


def percent_cell(outcome: Outcome) -> str:
    """``245 %``, in a column that is headed `PERCENT_OF_LIMIT`; nothing without a value."""
    return percent_text(outcome).removesuffix(" of the limit")


def _percent(percent: float) -> str:
    """Whole percent, or as many decimals as it needs for 100 to be printed of the limit itself only."""
    for decimals in range(6):
        text = f"{percent:.{decimals}f}"
        if percent == 100 or float(text) != 100:
            return text
    return repr(percent)

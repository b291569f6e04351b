"""A report, and other DVHs of its plan, in; the report with the differences out."""

from __future__ import annotations

import logging

from sbrtcheck.comparison.with_other_dvhs import compare_with
from sbrtcheck.dvh import DVHSet
from sbrtcheck.judge import with_comparison
from sbrtcheck.results import Comparison, NoComparison, Report

_LOG = logging.getLogger(__name__)


def with_stored(report: Report, stored: DVHSet | NoComparison) -> Report:
    """Compare with the DVHs in the RTDOSE, which the check does not depend on, whatever is wrong with them."""
    return with_comparison(report, _compared(report, stored) if isinstance(stored, DVHSet) else stored)


def _compared(report: Report, stored: DVHSet) -> Comparison | NoComparison:
    try:
        return compare_with(report, stored, other="stored in the RTDOSE")
    except Exception as error:  # the report is complete without the comparison
        _LOG.info("stored DVHs could not be compared", exc_info=True)
        return NoComparison(reason=f"an error of sbrtcheck itself ({type(error).__name__}); -v shows more")


def with_export(report: Report, exported: DVHSet) -> Report:
    """Compare with the DVHs that a planning system exported as text."""
    other = f"in a text export ({exported.provenance['system']})"
    return with_comparison(report, compare_with(report, exported, other=other))

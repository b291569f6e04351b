"""Report -> JSON text with a versioned schema: the same report gives the same bytes."""

from __future__ import annotations

import json

from sbrtcheck.results import Report


def json_report(report: Report) -> str:
    """Write the whole report in ASCII; keys keep the order of `Report.to_dict`, no number is NaN, nothing is a time."""
    return json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"

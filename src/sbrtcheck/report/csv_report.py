"""Report -> CSV text: one line a row of the report, a header first."""

from __future__ import annotations

import csv
import io

from sbrtcheck.evaluate import RECORD_KEYS, Report
from sbrtcheck.report import words


def csv_report(report: Report) -> str:
    """Write one record a row; truth values as ``true`` and ``false``, what is not known as an empty field."""
    out = io.StringIO()
    writer = csv.DictWriter(out, RECORD_KEYS, lineterminator="\n")
    writer.writeheader()
    for record in report.to_records():
        writer.writerow({key: _field(value) for key, value in record.items()})
    return out.getvalue()


def _field(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return words.clean(value) if isinstance(value, str) else value

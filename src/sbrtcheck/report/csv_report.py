"""Report -> CSV text: one line a row of the report, a header first; at the end what is for the clinician."""

from __future__ import annotations

import csv
import io

from sbrtcheck.evaluate import RECORD_KEYS, Report
from sbrtcheck.shown import csv_text
from sbrtcheck.table import ClinicianItem, ConstraintTable


def csv_report(report: Report) -> str:
    """Write one record a row; truth values as ``true`` and ``false``, what is not known as an empty field.

    A statement that no plan can answer is a record of kind ``for the clinician``, without a verdict.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, RECORD_KEYS, lineterminator="\n")
    writer.writeheader()
    for record in report.to_records():
        writer.writerow({key: _field(value) for key, value in record.items()})
    for table in report.tables:
        for item in table.for_clinician:
            writer.writerow({key: _field(value) for key, value in _statement(table, item).items()})
    return out.getvalue()


def _statement(table: ConstraintTable, item: ClinicianItem) -> dict[str, str | bool]:
    source = item.source
    place = {"citation": source.citation, "doi": source.doi, "where": source.where}
    return {"table": table.id, "kind": "for the clinician", "counts": False, "note": item.text, **place}


def _field(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return csv_text(value) if isinstance(value, str) else value

"""Report -> CSV text: one line a row of the report, a header first; at the end what no row has."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from sbrtcheck.formatting import csv_text
from sbrtcheck.results import RECORD_KEYS, Report, ReviewReason, labels
from sbrtcheck.results.notes import NoteOnRow, Signature
from sbrtcheck.tables import ClinicianItem, ConstraintTable
from sbrtcheck.tables.choice import TableLeftOut
from sbrtcheck.tables.table import fractions_text

REPORT, REVIEW, CLINICIAN, LEFT_OUT = "report", "review", "for the clinician", "table left out"
SIGN_OFF, LOST_NOTE = "sign-off", "note on another row"
"""Kinds of the records that are no rows of a table."""


def csv_report(report: Report) -> str:
    """Write one record a row; truth values as ``true`` and ``false``, what is not known as an empty field.

    What no row has are records of other kinds: ``report`` with the overall verdict, ``review`` for every reason that
    keeps the plan from a pass, ``for the clinician`` for a statement that no plan can answer, ``table left out`` for a
    table of the plan's site that was not used, ``sign-off`` for each of these, ``note on another row`` for a note on
    a row that the report does not have.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, RECORD_KEYS, lineterminator="\n")
    writer.writeheader()
    for record in (*report.to_records(), *_beside_rows(report)):
        writer.writerow({key: _field(value) for key, value in record.items()})
    return out.getvalue()


def excel_csv_report(report: Report) -> bytes:
    """Write the same for Excel: with the byte order mark that it tells UTF-8 by, and its line ends."""
    return csv_report(report).replace("\n", "\r\n").encode("utf-8-sig")


def _beside_rows(report: Report) -> Iterator[Mapping[str, object]]:
    summary = f"{labels.overall_text(report)}: {labels.summary_text(report)}"
    yield {"kind": REPORT, "verdict": str(report.verdict), "counts": False, "detail": summary}
    yield from map(_reason, report.reasons)
    yield from map(_left_out, report.left_out)
    yield from map(_sign_off, report.notes.signatures)
    yield from (_lost_note(one) for one in report.notes.rows if one.place is None)
    yield from (_statement(table, item) for table in report.tables for item in labels.asked_of_clinician(report, table))


def _reason(reason: ReviewReason) -> dict[str, object]:
    rows = " | ".join(reason.rows)
    texts = {"organ": reason.structure, "reason": str(reason.code), "detail": reason.text}
    return {"kind": REVIEW, "row": rows, "counts": False, **texts}


def _sign_off(one: Signature) -> dict[str, object]:
    sign_off = one.sign_off
    texts = {"noted": sign_off.comment, "initials": sign_off.initials, "written_for": one.written_for}
    return {"kind": SIGN_OFF, "counts": False, "detail": sign_off.date, **texts}


def _lost_note(one: NoteOnRow) -> dict[str, object]:
    note = one.note
    texts = {"noted": note.note, "initials": note.initials, "written_for": one.written_for}
    return {"kind": LOST_NOTE, "row": note.row, "organ": note.organ, "counts": False, **texts}


def _left_out(table: TableLeftOut) -> dict[str, object]:
    detail = fractions_text(table.fractions)
    return {"table": table.id, "kind": LEFT_OUT, "counts": False, "reason": str(table.why), "detail": detail}


def _statement(table: ConstraintTable, item: ClinicianItem) -> dict[str, object]:
    source = item.source
    place = {"citation": source.citation, "doi": source.doi, "where": source.where}
    return {"table": table.id, "kind": CLINICIAN, "counts": False, "note": item.text, **place}


def _field(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return csv_text(value) if isinstance(value, str) else value

"""Values and texts -> what stands in a cell: of one line, and without names of files, or UIDs where nobody asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sbrtcheck.archive.columns import Columns, Row, Value
from sbrtcheck.archive.entries import Entry, without_file_names
from sbrtcheck.archive.plan_keys import without_uids
from sbrtcheck.formatting import clean
from sbrtcheck.plan import Finding

BETWEEN = " | "
"""Between several texts in one cell."""


def row_of(values: Mapping[str, Value], columns: Columns, entry: Entry) -> Row:
    """The values of a row's columns; UIDs are in them only where there are columns of them."""
    uids = () if "plan_uid" in columns else (entry.plan_uid, entry.structure_set_uid, *entry.dose_uids)
    return {column: _cell(values.get(column), uids) for column in columns}


def _cell(value: Value, uids: Sequence[str]) -> Value:
    """Text of one line, and no empty text: that is a missing value."""
    if not isinstance(value, str):
        return value
    text = without_uids(value, uids) if uids and "." in value else value
    return clean(text) or None


def findings_text(findings: Sequence[Finding], entry: Entry) -> str:
    """Each once, its file names replaced."""
    texts = (without_file_names(_finding(finding), entry.stand_ins) for finding in findings)
    return BETWEEN.join(dict.fromkeys(texts))


def _finding(finding: Finding) -> str:
    about = f" ({finding.subject})" if finding.subject else ""
    return f"{finding.code}{about}: {finding.text}"

"""Values and texts -> what stands in a cell: of one line, and without names of files, or UIDs where nobody asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sbrtcheck.archive.columns import Columns, Row, Value
from sbrtcheck.archive.entries import Entry, without_file_names
from sbrtcheck.archive.plan_keys import without_uids, without_words
from sbrtcheck.formatting import clean
from sbrtcheck.plan import Finding

BETWEEN = " | "
"""Between several texts in one cell."""


def row_of(values: Mapping[str, Value], columns: Columns, entry: Entry) -> Row:
    """The values of a row's columns; UIDs are in them only where there are columns of them."""
    if "plan_uid" in columns:
        return {column: _cell(values.get(column), str) for column in columns}
    uids, words = (entry.plan_uid, entry.structure_set_uid, *entry.dose_uids), frozenset(entry.unlike_uids)

    def pseudonymous(text: str) -> str:
        text = without_uids(text, uids) if "." in text else text
        return without_words(text, words) if words else text

    return {column: _cell(values.get(column), pseudonymous) for column in columns}


def _cell(value: Value, of_text: Callable[[str], str]) -> Value:
    """Text of one line, and no empty text: that is a missing value."""
    return (clean(of_text(value)) or None) if isinstance(value, str) else value


def findings_text(findings: Sequence[Finding], entry: Entry) -> str:
    """Each once, its file names replaced."""
    texts = (without_file_names(_finding(finding), entry.stand_ins) for finding in findings)
    return BETWEEN.join(dict.fromkeys(texts))


def _finding(finding: Finding) -> str:
    about = f" ({finding.subject})" if finding.subject else ""
    return f"{finding.code}{about}: {finding.text}"

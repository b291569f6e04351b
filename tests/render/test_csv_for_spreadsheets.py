"""CSV in a spreadsheet: numbers stay numbers, names stay names, and nothing becomes a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

import sbrtcheck
from folders import ROOT
from sbrtcheck.render.report_csv import csv_report, excel_csv_report
from sbrtcheck.results import MatchedStructure, Report

BOM = b"\xef\xbb\xbf"
ODD = ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "Öhr_links", "肺", 'α, β; "γ"', "-PTV", "'=1"]


@pytest.fixture(scope="module")
def report() -> Report:
    return sbrtcheck.check(ROOT / "examples" / "plans" / "lung-50gy-5fx", "rtog-0813")


def with_contour(report: Report, name: str) -> Report:
    """The report as if the structure of its first row had another name."""
    first, *others = report.outcomes
    assert first.structure is not None
    renamed = replace(first, structure=MatchedStructure(names=(name,), rules=first.structure.rules))
    return replace(report, outcomes=(renamed, *others))


def imported(content: bytes, folder: Path) -> list[dict[str, object]]:
    """The rows of the sheet that a spreadsheet makes of it: what looks like a number is one, ``=`` begins a formula."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    book = Workbook()
    for line in lines:
        book.active.append([number_or_text(cell) for cell in line])
    book.save(folder / "report.xlsx")
    rows = load_workbook(folder / "report.xlsx").active
    assert not [cell.coordinate for row in rows for cell in row if cell.data_type == "f"]
    heading, *below = [[cell.value for cell in row] for row in rows]
    return [dict(zip(map(str, heading), row, strict=True)) for row in below]


def number_or_text(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def test_it_is_the_csv_with_a_mark_that_excel_needs_and_its_line_ends(report: Report) -> None:
    written = excel_csv_report(report)
    assert written.startswith(BOM)
    assert written.count(BOM) == 1
    assert written.decode("utf-8-sig").replace("\r\n", "\n") == csv_report(report)
    assert b"\n" not in written.replace(b"\r\n", b"")


def test_numbers_come_through_as_numbers(report: Report, tmp_path: Path) -> None:
    sheet = imported(excel_csv_report(report), tmp_path)
    for row, record in zip(sheet, report.to_records(), strict=False):
        for key in ("value", "low", "high", "limit", "margin"):
            assert row[key] == record[key]


@pytest.mark.parametrize("name", ODD)
def test_a_structure_name_is_text_and_never_a_formula(report: Report, tmp_path: Path, name: str) -> None:
    sheet = imported(excel_csv_report(with_contour(report, name)), tmp_path)
    shown = str(sheet[0]["contour"])
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))
    assert shown.strip("' ") == name.strip("'\t ")  # nothing of it is lost


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=12))
def test_no_name_makes_a_cell_that_a_spreadsheet_would_compute(report: Report, name: str) -> None:
    text = excel_csv_report(with_contour(report, name)).decode("utf-8-sig")
    cell = next(csv.DictReader(io.StringIO(text, newline="")))["contour"]
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))

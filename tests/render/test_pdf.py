"""The PDF shows every row and what it stands on, whatever the names in a file, and holds neither time nor identity."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from dvh_builders import dvh_set, ramp_dvh, report_on, row, table
from example_report import report as one_of_every_sort
from folders import ROOT
from sbrtcheck.chart.points import CurvePoint, Side
from sbrtcheck.cli import main, streams
from sbrtcheck.comparison import compare_with
from sbrtcheck.errors import OutputError
from sbrtcheck.formatting import clean
from sbrtcheck.installation import install_command
from sbrtcheck.render import pdf, pdf_report
from sbrtcheck.render.dvh_comparison import comparison_lines
from sbrtcheck.render.pdf.chart import report_chart
from sbrtcheck.render.pdf.style import LONGEST_CELL, in_visual_order, printable
from sbrtcheck.results import NOTICE, Report, Verdict, labels, value_texts
from sbrtcheck.tables import ClinicianItem, Source

PLANS = ROOT / "examples" / "plans"


def reader(made: Report) -> PdfReader:
    return PdfReader(BytesIO(pdf_report(made)))


def pages(made: Report) -> list[str]:
    return [page.extract_text() for page in reader(made).pages]


def squeezed(text: str) -> str:
    """Without blanks and line ends, which a layout puts where it has to."""
    return re.sub(r"\s+", "", text)


def text_of(made: Report) -> str:
    return squeezed(" ".join(pages(made)))


def cord_report(name: str, *rows: Any, high_gy: float = 30.0, **fields: Any) -> Report:
    """Rows on the cord, which has any name."""
    rows = rows or (row("D0.35cc[Gy]", "below", 20.0),)
    return report_on(table(*rows, **fields), dvh_set(ramp_dvh(name, high_gy=high_gy)), names={"SpinalCord": name})


def points_drawn(made: Report) -> list[CurvePoint]:
    return [limit.point for limit in report_chart(made).limits]


def headings(made: Report) -> list[str]:
    found: list[str] = []
    todo = list(reader(made).outline)
    while todo:
        entry = todo.pop(0)
        if isinstance(entry, list):
            todo[:0] = entry
        else:
            found.append(str(entry.title))
    return found


# -------------------------------------------------------------------------------- laws

LIMITS = st.lists(st.floats(1.0, 80.0), min_size=1, max_size=6)
NAMES = st.one_of(
    st.text(max_size=80), st.text(min_size=400, max_size=3000), st.sampled_from(["", " ", "<b>", "&amp;"])
)


@pytest.mark.slow
@settings(max_examples=25)
@given(NAMES, LIMITS, st.floats(0.0, 100.0))
def test_any_name_and_any_dose_give_a_pdf_with_the_verdict_of_every_row(
    name: str, limits: list[float], high_gy: float
) -> None:
    rows = [row("D0.35cc[Gy]", "below", limit, id=f"row{n}") for n, limit in enumerate(limits)]
    made = cord_report(name, *rows, high_gy=high_gy)
    shown = text_of(made)
    missing = [
        outcome for outcome in made.outcomes if labels.is_just_missing(outcome)
    ]  # "" is the name of no structure
    rows_shown = [outcome for outcome in made.outcomes if outcome not in missing]
    for verdict in Verdict:
        wanted = sum(outcome.verdict is verdict for outcome in rows_shown)
        assert shown.count(squeezed(verdict.replace("_", " "))) >= wanted
    assert all(squeezed(labels.limit_used_text(outcome)) in shown for outcome in rows_shown)
    assert all(squeezed(line) in shown for line in labels.organ_counts(missing))


def runs_leftwards(char: str) -> bool:
    return unicodedata.bidirectional(char) in {"R", "AL", "AN"}


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.text(st.characters().filter(lambda char: not runs_leftwards(char)), min_size=1, max_size=60).filter(
        lambda name: bool(squeezed(clean(name)))
    )
)
def test_a_name_stands_there_as_it_is_with_numbers_for_what_has_no_glyph(name: str) -> None:
    made = cord_report(name)
    if any(outcome.contour for outcome in made.outcomes):
        assert squeezed(printable(name)[:LONGEST_CELL]) in text_of(made)


def test_a_character_beyond_16_bits_is_a_number_though_the_font_has_it() -> None:
    assert "PTV[U+1F600]" in text_of(cord_report("PTV😀"))


@pytest.mark.slow
@settings(max_examples=25)
@given(st.text("אבגדהוזחטיכלמנסעפצקרשת", min_size=2, max_size=40), st.text("abcXYZ", max_size=3))
def test_letters_that_run_leftwards_are_drawn_from_the_last_to_the_first(word: str, before: str) -> None:
    """On paper glyphs go from left to right, so a reader of Hebrew finds the first letter at the right end."""
    assert in_visual_order(f"{before}{word}") == f"{before}{word[::-1]}"
    assert word in text_of(cord_report(word))  # a program that takes the text out of a PDF puts it back in order


@given(st.text(max_size=60))
def test_drawing_a_text_moves_its_characters_and_loses_none(text: str) -> None:
    before, after = printable(text), in_visual_order(text)
    assert len(after) == len(before)
    # a bracket that runs leftwards opens the other way
    kept = [Counter(char for char in shown if not unicodedata.mirrored(char)) for shown in (before, after)]
    assert kept[0] == kept[1]


@given(st.floats(0.5, 40.0), st.floats(0.2, 9.8), st.sampled_from(["below", "above"]), st.sampled_from(range(4)))
def test_a_row_passes_where_the_curve_is_on_the_side_of_its_point_that_the_triangle_shows(
    dose_gy: float, volume_cc: float, sense: str, kind: int
) -> None:
    metric, limit = (
        (f"D{volume_cc:.3f}cc[Gy]", dose_gy),
        (f"V{dose_gy:.3f}Gy[cc]", volume_cc),
        (f"DC{volume_cc:.3f}cc[Gy]", dose_gy),
        (f"CV{dose_gy:.3f}Gy[cc]", volume_cc),
    )[kind]
    made = cord_report("SpinalCord", row(metric, sense, limit), high_gy=30.0)
    (outcome,), (point,) = made.outcomes, points_drawn(made)
    if outcome.margin is None or abs(outcome.margin) < 0.01:
        return  # on the limit itself, rounding decides
    curve_percent = 100 * (1 - min(point.dose_gy / 30.0, 1.0))
    assert (outcome.verdict is Verdict.PASS) == ((curve_percent < point.volume_percent) is (point.side is Side.UNDER))


# -------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "place"),
    [
        ("D0.35cc[Gy]", "below", 23.0, (23.0, 3.5, True)),
        ("D95%[%Rx]", "at_least", 100.0, (50.0, 95.0, False)),
        ("V20Gy[%]", "below", 10.0, (20.0, 10.0, True)),
        ("V50%Rx[cc]", "below", 1.0, (25.0, 10.0, True)),
        ("DC7cc[Gy]", "below", 15.0, (15.0, 30.0, True)),
        ("CV15Gy[cc]", "at_least", 7.0, (15.0, 30.0, True)),
        ("Max[Gy]", "below", 30.0, (30.0, 0.0, True)),
        ("Min[Gy]", "at_least", 10.0, (10.0, 100.0, False)),
    ],
)
def test_a_limit_is_a_point_of_the_chart(
    metric: str, sense: str, limit: float, place: tuple[float, float, bool]
) -> None:
    """10 cc, 50 Gy prescribed."""
    (point,) = points_drawn(cord_report("SpinalCord", row(metric, sense, limit)))
    assert (point.dose_gy, point.volume_percent, point.side is Side.UNDER) == pytest.approx(place)


@pytest.mark.parametrize("metric", ["Mean[Gy]", "Volume[cc]", "gEUD(a=10)[Gy]"])
def test_a_limit_on_the_whole_curve_has_no_point(metric: str) -> None:
    assert points_drawn(cord_report("SpinalCord", row(metric, "below", 30.0))) == []


def test_a_limit_in_eqd2_has_no_point_among_physical_doses() -> None:
    from sbrtcheck.radiobiology import Quantity

    eqd2 = row("D0.35cc[Gy]", "below", 30.0, quantity=Quantity.EQD2, alpha_beta_gy=3.0)
    assert points_drawn(cord_report("SpinalCord", eqd2)) == []


# -------------------------------------------------------------------------------- what it shows


def test_each_sort_of_row_shows_its_verdict_organ_metric_limit_value_margin_and_source() -> None:
    made = one_of_every_sort()
    shown = text_of(made)
    for outcome in made.outcomes:
        if not labels.is_just_missing(outcome):
            parts = (labels.organ_text(outcome), labels.limit_used_text(outcome), value_texts.result_text(outcome))
            assert all(squeezed(part) in shown for part in parts)
    assert all(squeezed(line) in shown for line in labels.legend(made))
    assert all(
        squeezed(line) in shown
        for line in [*labels.remarks(made), *labels.findings(made), *labels.provenance_lines(made)]
    )
    assert squeezed("[2] Roe 2021, page 7") in shown


def test_headings_are_bookmarks_in_the_order_of_the_pages() -> None:
    found = headings(one_of_every_sort(strict=True))
    assert found == [
        "OVERALL: FAIL",
        labels.table_text(one_of_every_sort().tables[0]),
        "Dose-volume histograms",
        "Flags",
        "Remarks",
        "Matched structures",
        "Compared with other DVHs",
        "Findings",
        labels.FOR_CLINICIAN,
        "Sources",
        "Regimen",
        "Provenance",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 40, 150])
def test_every_page_has_the_notice_its_number_and_the_verdict_and_a_table_its_headings(rows: int) -> None:
    made = cord_report("SpinalCord", *(row("D0.35cc[Gy]", "below", 40, id=f"row{n}") for n in range(rows)))
    found = pages(made)
    assert (len(found) > 2) == (rows > 1)
    for number, page in enumerate(found, start=1):
        assert NOTICE in page
        assert f"page {number} of {len(found)}" in page
        assert "OVERALL: PASS" in page
        assert page.count("Value [bounds]") == page.count("Organ, contour") == (1 if "D0.35cc" in page else 0)


def test_every_page_says_on_how_many_rows_a_pass_stands() -> None:
    rows = (row("Max[Gy]", "below", 99), row("Max[Gy]", "below", 99, "Liver", id="lacking"))
    made = cord_report("SpinalCord", *rows)
    assert all("OVERALL: PASS on 1 of 1 rows for lung" in page for page in pages(made))
    assert headings(made)[0] == "OVERALL: PASS on 1 of 1 rows for lung"


@pytest.mark.slow
def test_no_heading_is_left_alone_at_the_foot_of_a_page() -> None:
    for rows in range(3, 43, 8):
        asked = tuple(
            ClinicianItem(text=f"question {n}", source=Source(citation="Poe", where="p")) for n in range(rows)
        )
        each = (row("D0.35cc[Gy]", "below", 40, id=f"row{n}") for n in range(rows))
        made = cord_report("SpinalCord", *each, for_clinician=asked)
        titles = set(headings(made))
        for page in pages(made):
            lines = [line.strip() for line in page.splitlines() if line.strip()]
            # head and foot of the page are drawn last
            content = lines[: next(n for n, line in enumerate(lines) if line.startswith("sbrtcheck 0.1.0, plan"))]
            assert content[-1] not in titles, f"{rows} rows"


def test_characters_without_a_glyph_are_replaced_where_all_can_see_it() -> None:
    assert printable("脊髄 α/β ≤ ±² Gehörgang") == "[U+810A][U+9AC4] α/β ≤ ±² Gehörgang"


def test_what_a_file_says_is_no_markup() -> None:
    name = '<font size="99">&lt;b>x</b><a href="http://x.y">'
    made = cord_report(name)
    assert squeezed(name) in text_of(made)
    assert all("/Annots" not in page for page in reader(made).pages)


def test_the_longest_name_that_dicom_allows_is_never_cut() -> None:
    name = "\N{MATHEMATICAL BOLD FRAKTUR CAPITAL A}" * 64
    assert squeezed(printable(name)) in text_of(cord_report(name))


def test_a_name_longer_than_a_cell_is_cut_visibly_there() -> None:
    shown = text_of(cord_report("x" * 5000))
    assert "x" * LONGEST_CELL + "..." in shown


def test_a_report_without_structures_has_no_chart_and_a_pdf_all_the_same() -> None:
    made = report_on(table(row("Max[Gy]", "below", 5)), dvh_set())
    assert "Dose-volume histograms" not in headings(made)
    assert squeezed("Not evaluated, expected and not in the plan: SpinalCord") in text_of(made)


def test_a_comparison_is_shown_with_what_it_would_change() -> None:
    rows = (row("Mean[Gy]", "below", 12, id="mean"), row("Max[Gy]", "below", 99, id="max"))
    made = cord_report("SpinalCord", *rows, high_gy=20.0)
    theirs = dvh_set(ramp_dvh("SpinalCord", high_gy=30.0), ramp_dvh("Heart", high_gy=30.0))
    compared = replace(made, compared=compare_with(made, theirs, other="stored in the RTDOSE"))
    assert "DVHs stored in the RTDOSE, compared with those of this report" in headings(compared)
    lines = list(comparison_lines(compared))
    assert any("FAIL" in line for line in lines)
    assert all(squeezed(line) in text_of(compared) for line in lines)


# -------------------------------------------------------------------------------- the file


def test_its_fonts_are_embedded_and_it_holds_no_time() -> None:
    found = reader(one_of_every_sort())
    fonts = {font for page in found.pages for font in page["/Resources"]["/Font"].values()}
    assert fonts
    for font in (one.get_object() for one in fonts):
        assert "/FontFile2" in font["/FontDescriptor"], font["/BaseFont"]
    assert found.metadata is not None
    assert not {"/CreationDate", "/ModDate"} & set(found.metadata)
    assert found.trailer["/Root"]["/Lang"] == "en"


def test_pages_are_a4() -> None:
    for page in reader(one_of_every_sort()).pages:
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx((595.3, 841.9), abs=0.1)


# -------------------------------------------------------------------------------- the command


def checked(*more: str) -> Any:
    return CliRunner().invoke(main, ["check", str(PLANS / "lung-50gy-5fx"), "--table", "rtog-0813", *more])


@pytest.mark.slow
def test_the_command_writes_a_pdf_to_a_file_and_to_a_pipe(tmp_path: Path) -> None:
    done = checked("--format", "pdf", "--out", str(tmp_path / "report.pdf"))
    assert (done.exit_code, done.output) == (0, "")
    written = (tmp_path / "report.pdf").read_bytes()
    assert written.startswith(b"%PDF-")
    assert checked("--format", "pdf").stdout_bytes == written
    assert b"PHANTOM" not in written


def test_the_day_that_the_environment_names_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    made = one_of_every_sort()
    without = pdf_report(made)
    for day in ("0", "1700000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", day)  # builders of packages set it, and reportlab looks at it
        assert pdf_report(made) == without


def test_a_pdf_is_not_put_on_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "is_screen", lambda: True)
    done = checked("--format", "pdf")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "write to a file with --out" in done.stderr
    assert checked("--format", "csv").exit_code == 0


def test_without_what_draws_it_the_mend_is_told_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda name: None if name == "reportlab" else name)
    done = CliRunner().invoke(
        main, ["check", str(tmp_path), "--table", "rtog-0813", "--format", "pdf", "--out", str(tmp_path / "a.pdf")]
    )
    assert done.exit_code == 2
    assert f"a PDF needs reportlab; {install_command('pdf')}" in done.stderr
    assert not (tmp_path / "a.pdf").exists()
    with pytest.raises(OutputError, match="reportlab"):
        pdf_report(one_of_every_sort())
